//! Files between this computer and the hosts of its sessions (S6).

use std::path::PathBuf;
use std::sync::Arc;

use protocol::files::FilesWord;
use protocol::{ChannelId, Rights, SessionId};
use session::console::{ConsoleStep, Running};
use tokio::sync::mpsc;
use transfer::{Channel, Happening, Step, Tell, Transfers};
use transport::FramedReader;

use crate::desk::{Desk, tell_hub};
use crate::event::Event;
use crate::link::Link;

/// News that wait for the engine; those who tell more wait too.
pub(crate) const MAX_WAITING: usize = 64;

/// What the threads and streams of files tell.
pub(crate) enum FilesNews {
    Happened(SessionId, Happening),
    /// The host's lane is here.
    Stream(SessionId, ChannelId, FramedReader),
}

/// The transfers of a session that begins.
pub(crate) fn transfers_of(
    session: SessionId,
    rights: Rights,
    folder: Option<PathBuf>,
    news: mpsc::Sender<FilesNews>,
) -> Transfers {
    let tell: Tell = Arc::new(move |happening| {
        let news = news.blocking_send(FilesNews::Happened(session, happening));
        if news.is_err() {
            tracing::trace!("The engine is gone");
        }
    });
    let mut transfers = Transfers::new(false, rights.has(Rights::FILES), tell);
    transfers.receive_into(folder);
    transfers
}

impl Desk {
    pub(crate) async fn files_news(&mut self, link: Option<&Link>, news: FilesNews) {
        match news {
            FilesNews::Happened(session, happening) => {
                let is_sound = self
                    .files(link, session, |transfers| transfers.happened(happening))
                    .await;
                if !is_sound && self.running.contains_key(&session) {
                    tracing::warn!(%session, "Files that the host did not send");
                    let steps = self.side.forged(session);
                    self.take(link, steps).await;
                }
            }
            FilesNews::Stream(session, channel, reader) => {
                let running = self.running.get_mut(&session);
                let running = running.filter(|running| running.channel() == Some(channel));
                if !running.is_some_and(|running| running.transfers.take_stream(reader)) {
                    // what drops it stops it
                    tracing::debug!(%session, "A lane of files does not belong here");
                }
            }
        }
    }

    /// Files of hosts land there from now on.
    pub(crate) fn receive_into(&mut self, folder: Option<PathBuf>) {
        for running in self.running.values_mut() {
            running.transfers.receive_into(folder.clone());
        }
        self.folder = folder;
    }

    /// The host says something of files.
    pub(crate) async fn files_heard(
        &mut self,
        link: Option<&Link>,
        session: SessionId,
        word: FilesWord,
    ) {
        self.files(link, session, |transfers| transfers.heard(word))
            .await;
    }

    /// There is a way to the session's host, at first or again.
    pub(crate) async fn files_opened(&mut self, link: &Link, running: &Running) {
        let Some(admission) = self.side.admission() else {
            return;
        };
        let channel = Channel {
            connection: link.connection.clone(),
            session: running.session,
            operator: admission.you,
            keys: running.lanes.clone(),
        };
        self.files(Some(link), running.session, |transfers| {
            transfers.opened(channel)
        })
        .await;
    }

    /// Lets the transfers of a session do something, and tells and says what follows; whether all that came
    /// for it was the host's.
    pub(crate) async fn files(
        &mut self,
        link: Option<&Link>,
        session: SessionId,
        act: impl FnOnce(&mut Transfers) -> Vec<Step>,
    ) -> bool {
        let Some(running) = self.running.get_mut(&session) else {
            return true;
        };
        let mut is_sound = true;
        for step in act(&mut running.transfers) {
            match step {
                Step::Say(word) => {
                    for step in self.side.say_files(session, word) {
                        if let ConsoleStep::Send(message) = step {
                            tell_hub(link, message);
                        }
                    }
                }
                Step::Changed(transfer) => {
                    self.tell(Event::Transfer { session, transfer }).await;
                }
                Step::Browse(answer) => self.tell(Event::Browse { session, answer }).await,
                Step::Listing { listing, part } => {
                    let told = Event::Listing {
                        session,
                        listing,
                        part,
                    };
                    self.tell(told).await;
                }
                // whoever hears of it ends the session
                Step::Forged => is_sound = false,
                // of a host
                Step::AskUser => {}
            }
        }
        is_sound
    }
}
