//! The clipboard between this computer and the operator who drives (S7).
//!
//! It is opened when an operator who may have it comes, and closed with the last of them. What the user had
//! copied before stays the user's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use clipboard::{Clipboard, Copied, Happening, Place};
use protocol::clipboard::ClipboardKinds;
use protocol::{PeerId, Rights};
use tokio::sync::mpsc;
use transfer::Channel;
use transfer::clipboard::{Share, ShareNews, Taker};
use transport::FramedReader;

/// News that wait for the network thread.
const MAX_WAITING: usize = 32;

/// What takes this computer's clipboard over for an operator; the injecting thread does it.
pub(crate) type Takers = Arc<Mutex<BTreeMap<PeerId, Taker>>>;

#[derive(Debug, Clone, Copy)]
pub(crate) enum ClipboardNews {
    Copied(Copied),
    Forged,
}

pub(crate) struct Clipboards {
    place: Place,
    machine: Option<Arc<dyn Clipboard>>,
    with: BTreeMap<PeerId, Share>,
    takers: Takers,
    driver: Option<PeerId>,
    teller: mpsc::Sender<ClipboardNews>,
    told: mpsc::Receiver<ClipboardNews>,
}

impl Clipboards {
    pub(crate) fn new(place: Place) -> Self {
        let (teller, told) = mpsc::channel(MAX_WAITING);
        Self {
            place,
            machine: None,
            with: BTreeMap::new(),
            takers: Takers::default(),
            driver: None,
            teller,
            told,
        }
    }

    pub(crate) fn takers(&self) -> Takers {
        Arc::clone(&self.takers)
    }

    /// What is told next. Cancellation safe.
    pub(crate) async fn next(&mut self) -> ClipboardNews {
        match self.told.recv().await {
            Some(told) => told,
            // cannot be: `self` holds a sender
            None => std::future::pending().await,
        }
    }

    /// A channel to an operator with these `rights` is open.
    pub(crate) fn opened(&mut self, rights: Rights, channel: &Channel) {
        self.closed(channel.operator);
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
        let tell = move |news| match news {
            // the operator is told at the other end
            ShareNews::NotPasted { .. } => {}
            ShareNews::Forged => {
                if teller.try_send(ClipboardNews::Forged).is_err() {
                    tracing::debug!("The engine is gone");
                }
            }
        };
        let share = Share::start(channel, true, machine, Arc::new(tell));
        self.lock_takers().insert(channel.operator, share.taker());
        self.with.insert(channel.operator, share);
    }

    fn open(&self) -> Option<Arc<dyn Clipboard>> {
        let teller = self.teller.clone();
        let tell = move |happening| match happening {
            Happening::Copied(copied) => {
                // who copies so fast that the engine cannot follow copies again
                if teller.try_send(ClipboardNews::Copied(copied)).is_err() {
                    tracing::debug!("A copy was not told");
                }
            }
            Happening::Lost => {}
        };
        let opened = self.place.open(Arc::new(tell));
        if let Err(error) = &opened {
            tracing::info!(%error, "No clipboard");
        }
        opened.ok()
    }

    /// Something was copied on this computer: the operator who drives, or the only one, may have it.
    pub(crate) fn copied(&self, copied: Copied) {
        if copied.is_old {
            return;
        }
        let alone = self.with.keys().next().filter(|_| self.with.len() == 1);
        let whom = self.driver.or_else(|| alone.copied());
        for (operator, share) in &self.with {
            if whom == Some(*operator) {
                share.announce(copied.number, copied.kinds);
            } else {
                share.withdraw();
            }
        }
    }

    /// Who has keyboard and pointer now; what others were offered is over. What was copied before is not
    /// offered anew: it would put aside what the new driver has copied since.
    pub(crate) fn driver_is(&mut self, driver: Option<PeerId>) {
        self.driver = driver;
        for (operator, share) in &self.with {
            if driver.is_some_and(|driver| driver != *operator) {
                share.withdraw();
            }
        }
    }

    pub(crate) fn take_stream(&self, operator: PeerId, reader: FramedReader) {
        if let Some(share) = self.with.get(&operator) {
            share.take_stream(reader);
        } else {
            // what drops it stops it
            tracing::debug!(%operator, "A lane of the clipboard does not belong here");
        }
    }

    /// There is no way to an operator any more: nothing of theirs can be pasted.
    pub(crate) fn closed(&mut self, operator: PeerId) {
        self.lock_takers().remove(&operator);
        self.with.remove(&operator);
        self.driver.take_if(|driver| *driver == operator);
    }

    /// Closes the clipboard if nobody is left to share it with.
    pub(crate) fn close_unused(&mut self) {
        if self.with.is_empty() {
            self.end_all();
        }
    }

    /// The session, or the right to the clipboard, is gone.
    pub(crate) fn end_all(&mut self) {
        self.lock_takers().clear();
        self.with.clear();
        self.driver = None;
        self.machine = None;
    }

    fn lock_takers(&self) -> std::sync::MutexGuard<'_, BTreeMap<PeerId, Taker>> {
        self.takers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What operators copied, as the injecting thread knows it: only the driver's is in the clipboard.
pub(crate) struct Offers {
    takers: Takers,
    of: BTreeMap<PeerId, Offer>,
    /// Whose is in the clipboard, or was before the user copied something.
    taken: Option<(PeerId, u64)>,
}

/// The number of an offer, and its kinds.
type Offer = (u64, ClipboardKinds);

impl Offers {
    pub(crate) fn new(takers: Takers) -> Self {
        Self {
            takers,
            of: BTreeMap::new(),
            taken: None,
        }
    }

    /// `operator`, who may control, offers something.
    pub(crate) fn offered(&mut self, operator: PeerId, offer: Offer, driver: Option<PeerId>) {
        let takers = self.takers.lock().unwrap_or_else(PoisonError::into_inner);
        if !takers.contains_key(&operator) {
            return;
        }
        self.of.retain(|operator, _| takers.contains_key(operator));
        drop(takers);
        self.of.insert(operator, offer);
        if driver.is_none_or(|driver| driver == operator) {
            self.take_over(operator);
        }
    }

    /// `operator` has keyboard and pointer from now on.
    pub(crate) fn drives(&mut self, operator: PeerId) {
        self.take_over(operator);
    }

    /// Before the next key is pressed.
    fn take_over(&mut self, operator: PeerId) {
        let Some((offer, kinds)) = self.of.get(&operator).copied() else {
            return;
        };
        let takers = self.takers.lock().unwrap_or_else(PoisonError::into_inner);
        let taker = takers.get(&operator).cloned();
        drop(takers);
        let Some(taker) = taker else { return };
        // what the user copied since is not put aside by what is older
        let again = self.taken.replace((operator, offer)) == Some((operator, offer));
        if !(again && taker.holds(offer)) || kinds.is_empty() {
            taker.take_over_now(offer, kinds);
        }
    }
}
