//! Files between this computer and each operator (S6).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use protocol::files::{FilesWord, TransferId};
use protocol::{PeerId, Rights};
use tokio::sync::mpsc;
use transfer::{Channel, Consent, Happening, Step, Tell, Transfers};
use transport::FramedReader;

/// Happenings that wait for the network thread; those who tell more wait too.
const MAX_WAITING: usize = 64;

pub(crate) struct Files {
    folder: Option<PathBuf>,
    /// The user has paused.
    is_withheld: bool,
    /// Of a session's operators, in no order.
    with: BTreeMap<PeerId, Transfers>,
    teller: mpsc::Sender<(PeerId, Happening)>,
    told: mpsc::Receiver<(PeerId, Happening)>,
}

impl Files {
    pub(crate) fn new() -> Self {
        let (teller, told) = mpsc::channel(MAX_WAITING);
        Self {
            folder: None,
            is_withheld: false,
            with: BTreeMap::new(),
            teller,
            told,
        }
    }

    pub(crate) fn receive_into(&mut self, folder: Option<PathBuf>) {
        for transfers in self.with.values_mut() {
            transfers.receive_into(folder.clone());
        }
        self.folder = folder;
    }

    /// The user has paused, or goes on.
    pub(crate) fn withhold(&mut self, withheld: bool) {
        for transfers in self.with.values_mut() {
            transfers.withhold(withheld);
        }
        self.is_withheld = withheld;
    }

    /// What a thread tells next. Cancellation safe.
    pub(crate) async fn next(&mut self) -> (PeerId, Happening) {
        match self.told.recv().await {
            Some(told) => told,
            // cannot be: `self` holds a sender
            None => std::future::pending().await,
        }
    }

    pub(crate) fn happened(&mut self, operator: PeerId, happening: Happening) -> Vec<Step> {
        self.each(operator, |transfers| transfers.happened(happening))
    }

    pub(crate) fn heard(&mut self, operator: PeerId, word: FilesWord) -> Vec<Step> {
        self.each(operator, |transfers| transfers.heard(word))
    }

    /// Sends to `operator` or, if it is all the same, to the first that may have files.
    pub(crate) fn send(
        &mut self,
        operator: Option<PeerId>,
        chosen: Vec<PathBuf>,
    ) -> (PeerId, Vec<Step>) {
        let able = self.with.iter().find(|(_, transfers)| transfers.may());
        let operator = operator.or_else(|| able.map(|(operator, _)| *operator));
        let operator = operator.unwrap_or(PeerId::NOBODY);
        (
            operator,
            self.each(operator, |transfers| transfers.send(chosen)),
        )
    }

    pub(crate) fn answer_browse(&mut self, operator: PeerId, consent: Consent) -> Vec<Step> {
        self.each(operator, |transfers| transfers.answer_browse(consent))
    }

    pub(crate) fn cancel(&mut self, operator: PeerId, id: TransferId) -> Vec<Step> {
        self.each(operator, |transfers| transfers.cancel(id))
    }

    /// A channel to an operator with these `rights` is open.
    pub(crate) fn opened(&mut self, rights: Rights, channel: Channel) -> Vec<Step> {
        let (operator, may) = (channel.operator, rights.has(Rights::FILES));
        let teller = &self.teller;
        let (folder, is_withheld) = (&self.folder, self.is_withheld);
        let transfers = self.with.entry(operator).or_insert_with(|| {
            let teller = teller.clone();
            let tell: Tell = Arc::new(move |happening| {
                if teller.blocking_send((operator, happening)).is_err() {
                    tracing::trace!("The engine is gone");
                }
            });
            let mut transfers = Transfers::new(true, may, tell);
            transfers.receive_into(folder.clone());
            transfers.withhold(is_withheld);
            transfers
        });
        transfers.opened(channel)
    }

    pub(crate) fn closed(&mut self, operator: PeerId) -> Vec<Step> {
        self.each(operator, Transfers::closed)
    }

    pub(crate) fn take_stream(&mut self, operator: PeerId, reader: FramedReader) {
        let transfers = self.with.get_mut(&operator);
        if !transfers.is_some_and(|transfers| transfers.take_stream(reader)) {
            // what drops it stops it
            tracing::debug!(%operator, "A lane of files does not belong here");
        }
    }

    pub(crate) fn left(&mut self, operator: PeerId) -> Vec<Step> {
        let left = self.with.remove(&operator);
        left.map_or_else(Vec::new, |mut transfers| transfers.end_all())
    }

    /// The right to files is gone, for everybody.
    pub(crate) fn withdraw(&mut self) -> Vec<(PeerId, Vec<Step>)> {
        let with = self.with.iter_mut();
        with.map(|(operator, transfers)| (*operator, transfers.withdraw()))
            .collect()
    }

    /// The session is over.
    pub(crate) fn end_all(&mut self) -> Vec<(PeerId, Vec<Step>)> {
        let with = std::mem::take(&mut self.with).into_iter();
        with.map(|(operator, mut transfers)| (operator, transfers.end_all()))
            .collect()
    }

    fn each(
        &mut self,
        operator: PeerId,
        act: impl FnOnce(&mut Transfers) -> Vec<Step>,
    ) -> Vec<Step> {
        self.with.get_mut(&operator).map_or_else(Vec::new, act)
    }
}
