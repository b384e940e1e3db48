//! The clipboard between this computer and the hosts of its sessions (S7).
//!
//! It goes where the operator works: a host is offered what was copied here when the operator is in its
//! session's window, and what is copied at a host comes here if its window was the last that the operator was
//! in. So no host is shown what is meant for another.

use std::collections::BTreeMap;
use std::sync::Arc;

use clipboard::{Clipboard, Copied, Happening, Place};
use protocol::clipboard::{ClipboardFault, ClipboardKinds};
use protocol::{ChannelId, InputEvent, Rights, SessionId};
use session::console::Running;
use tokio::sync::mpsc;
use transfer::Channel;
use transfer::clipboard::{Share, ShareNews};
use transport::FramedReader;

use crate::desk::Desk;
use crate::event::Event;
use crate::link::Link;

/// News that wait for the engine.
const MAX_WAITING: usize = 64;

/// Which way the clipboard goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipboardWays {
    /// What is copied here can be pasted at hosts.
    pub to_hosts: bool,
    /// What is copied at hosts can be pasted here.
    pub from_hosts: bool,
}

/// What the clipboard and its lanes tell.
pub(crate) enum ClipboardNews {
    Happened(Happening),
    Shared(SessionId, ShareNews),
    /// The host's lane is here.
    Stream(SessionId, ChannelId, FramedReader),
}

pub(crate) struct Clipboards {
    place: Place,
    machine: Option<Arc<dyn Clipboard>>,
    ways: ClipboardWays,
    with: BTreeMap<SessionId, (ChannelId, Share)>,
    /// The window that the operator is in, and was in last.
    here: Option<SessionId>,
    last: Option<SessionId>,
    copied: Option<Copied>,
    pub(crate) told: mpsc::Receiver<ClipboardNews>,
    pub(crate) teller: mpsc::Sender<ClipboardNews>,
}

impl Clipboards {
    pub(crate) fn new(place: Place) -> Self {
        let (teller, told) = mpsc::channel(MAX_WAITING);
        Self {
            place,
            machine: None,
            ways: ClipboardWays {
                to_hosts: true,
                from_hosts: true,
            },
            with: BTreeMap::new(),
            here: None,
            last: None,
            copied: None,
            told,
            teller,
        }
    }

    fn open(&self) -> Option<Arc<dyn Clipboard>> {
        let teller = self.teller.clone();
        let tell = move |happening| {
            // who copies so fast that the engine cannot follow copies again
            if teller.try_send(ClipboardNews::Happened(happening)).is_err() {
                tracing::debug!("A copy was not told");
            }
        };
        let opened = self.place.open(Arc::new(tell));
        if let Err(error) = &opened {
            tracing::info!(%error, "No clipboard");
        }
        opened.ok()
    }

    /// There is a channel to the host of a session.
    fn opened(&mut self, session: SessionId, rights: Rights, channel: &Channel) {
        self.closed(session);
        if !rights.has(Rights::CLIPBOARD) {
            return;
        }
        if self.machine.is_none() {
            self.machine = self.open();
        }
        let Some(machine) = &self.machine else {
            return;
        };
        let teller = self.teller.clone();
        let tell = move |news| {
            if teller
                .try_send(ClipboardNews::Shared(session, news))
                .is_err()
            {
                tracing::debug!("The engine is gone, or busy");
            }
        };
        let share = Share::start(channel, false, machine, Arc::new(tell));
        self.with.insert(session, (channel.keys.channel(), share));
        self.say_what_is_taken();
    }

    /// Nothing of the session's host can be pasted any more.
    pub(crate) fn closed(&mut self, session: SessionId) {
        self.with.remove(&session);
    }

    /// As [`Self::closed`], for good.
    pub(crate) fn ended(&mut self, session: SessionId) {
        self.closed(session);
        self.here.take_if(|here| *here == session);
        self.last.take_if(|last| *last == session);
        if self.with.is_empty() {
            self.machine = None;
            self.copied = None;
        }
    }

    /// Hosts whose copies may come here.
    fn say_what_is_taken(&self) {
        for (session, (_, share)) in &self.with {
            share.take(self.ways.from_hosts && self.last == Some(*session));
        }
    }

    /// What each session's host is to be offered, where that is news.
    fn offers(&self) -> Vec<(SessionId, InputEvent)> {
        let Some(Copied { number, kinds, .. }) = self.copied else {
            return Vec::new();
        };
        let mut offers = Vec::new();
        for (session, (_, share)) in &self.with {
            let kinds = if !self.ways.to_hosts {
                ClipboardKinds::default()
            } else if self.here == Some(*session) {
                kinds
            } else {
                // it keeps what it was offered, if that is still there
                if !share.lags_behind(number) {
                    continue;
                }
                ClipboardKinds::default()
            };
            if share.announce(number, kinds) {
                let offer = number;
                offers.push((*session, InputEvent::ClipboardOffered { offer, kinds }));
            }
        }
        offers
    }
}

impl Desk {
    /// There is a way to the session's host, at first or again.
    pub(crate) fn clipboard_opened(&mut self, link: &Link, running: &Running) {
        let Some(admission) = self.side.admission() else {
            return;
        };
        let channel = Channel {
            connection: link.connection.clone(),
            session: running.session,
            operator: admission.you,
            keys: running.lanes.clone(),
        };
        let clipboards = &mut self.clipboards;
        clipboards.opened(running.session, running.rights, &channel);
        self.offer_clipboard();
    }

    /// The operator is in this window now, or in none.
    pub(crate) fn works_in(&mut self, session: Option<SessionId>) {
        let clipboards = &mut self.clipboards;
        clipboards.here = session;
        clipboards.last = session.or(clipboards.last);
        clipboards.say_what_is_taken();
        self.offer_clipboard();
    }

    pub(crate) fn share_clipboard(&mut self, ways: ClipboardWays) {
        self.clipboards.ways = ways;
        self.clipboards.say_what_is_taken();
        self.offer_clipboard();
    }

    fn offer_clipboard(&self) {
        for (session, offer) in self.clipboards.offers() {
            if let Some(running) = self.running.get(&session) {
                running.input.send(offer);
            }
        }
    }

    pub(crate) async fn clipboard_news(&mut self, link: Option<&Link>, news: ClipboardNews) {
        match news {
            ClipboardNews::Happened(Happening::Copied(copied)) => {
                if self.clipboards.machine.is_some() {
                    self.clipboards.copied = Some(copied);
                    self.offer_clipboard();
                }
            }
            ClipboardNews::Happened(Happening::Lost) => self.clipboards.copied = None,
            ClipboardNews::Shared(session, ShareNews::NotPasted { here, fault }) => {
                self.not_pasted(session, here, fault).await;
            }
            ClipboardNews::Shared(session, ShareNews::Forged) => {
                if self.running.contains_key(&session) {
                    tracing::warn!(%session, "A clipboard that the host did not send");
                    let steps = self.side.forged(session);
                    self.take(link, steps).await;
                }
            }
            ClipboardNews::Stream(session, channel, reader) => {
                let share = self.clipboards.with.get(&session);
                if let Some((_, share)) = share.filter(|(open, _)| *open == channel) {
                    share.take_stream(reader);
                } else {
                    // what drops it stops it
                    tracing::debug!(%session, "A lane of the clipboard does not belong here");
                }
            }
        }
    }

    async fn not_pasted(&self, session: SessionId, here: bool, fault: ClipboardFault) {
        self.tell(Event::NotPasted {
            session,
            here,
            fault,
        })
        .await;
    }
}
