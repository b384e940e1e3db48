//! The clipboard of macOS: a pasteboard whose owner may promise contents and give them when somebody pastes.
//!
//! macOS tells of no copy, so a thread looks at the count of changes. Another reads what other programs copied, since one
//! that promised contents may take its time. macOS asks for what is held on the main thread, which is that of the
//! windows, and the program that pastes waits: it is answered within [`GIVE_PATIENCE`] or not at all.
//!
//! Written from Apple's documentation (`NSPasteboard`) and type-checked; not tried on a Mac yet.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds, check_contents};

use crate::{Clipboard, Copied, Happening, Provide, Reply, Tell};
use api::{Board, Promised};

mod api;

/// How often the count of changes is looked at.
const EACH_LOOK: Duration = Duration::from_millis(300);
/// How long the windows may stand still for a program that pastes.
const GIVE_PATIENCE: Duration = Duration::from_secs(5);
/// Orders that wait for the thread, and contents that wait to be read.
const MAX_ORDERS: usize = 64;
const MAX_WAITING: usize = 8;

/// What the thread is told.
enum Order {
    Fetch {
        number: u64,
        kind: ClipboardKind,
        reply: Reply,
    },
    TakeOver {
        number: u64,
        kinds: ClipboardKinds,
        provide: Provide,
        taken: SyncSender<()>,
    },
    Release {
        number: u64,
    },
}

struct MacClipboard {
    orders: SyncSender<Order>,
    holdings: AtomicU64,
}

pub(crate) fn open(listener: Option<Tell>) -> io::Result<Arc<dyn Clipboard>> {
    let (orders, inbox) = sync_channel(MAX_ORDERS);
    let (jobs, waiting) = sync_channel(MAX_WAITING);
    thread::Builder::new()
        .name("clipboard reading".to_owned())
        .spawn(move || read_all(&waiting))?;
    thread::Builder::new()
        .name("clipboard".to_owned())
        .spawn(move || Served::new(listener, jobs).serve(&inbox))?;
    Ok(Arc::new(MacClipboard {
        orders,
        holdings: AtomicU64::new(0),
    }))
}

impl MacClipboard {
    fn give(&self, order: Order) {
        match self.orders.try_send(order) {
            Ok(()) => {}
            // what it was to answer is dropped with it
            Err(TrySendError::Full(_)) => tracing::debug!("The clipboard is too slow"),
            Err(TrySendError::Disconnected(_)) => tracing::trace!("The clipboard is gone"),
        }
    }
}

impl Clipboard for MacClipboard {
    fn fetch(&self, number: u64, kind: ClipboardKind, reply: Reply) {
        self.give(Order::Fetch {
            number,
            kind,
            reply,
        });
    }

    fn take_over(&self, kinds: ClipboardKinds, provide: Provide) -> (u64, Receiver<()>) {
        let number = self.holdings.fetch_add(1, Ordering::Relaxed) + 1;
        let (taken, done) = sync_channel(1);
        self.give(Order::TakeOver {
            number,
            kinds,
            provide,
            taken,
        });
        (number, done)
    }

    fn release(&self, number: u64) {
        self.give(Order::Release { number });
    }
}

/// What the clipboard holds, until it is let go or somebody else copies.
struct Holding {
    number: u64,
    /// The count of changes that it made.
    change: isize,
    /// Gives nothing any more when this goes.
    _giving: Arc<Giving>,
}

/// What somebody may paste.
pub(super) struct Giving {
    provide: Provide,
    /// What was pasted once.
    contents: Mutex<BTreeMap<ClipboardKind, Bytes>>,
}

impl Giving {
    /// What is pasted as `kind`; blocks until it is here, but not for long.
    pub(super) fn contents(&self, kind: ClipboardKind) -> Option<Bytes> {
        let known = || self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contents) = known().get(&kind) {
            return Some(contents.clone());
        }
        let (tell, told) = sync_channel(1);
        let reply = move |contents| drop(tell.try_send(contents));
        (self.provide)(kind, Box::new(reply));
        let contents = match told.recv_timeout(GIVE_PATIENCE) {
            Ok(Ok(contents)) => contents,
            // the next paste asks again
            Ok(Err(fault)) => {
                tracing::debug!(?kind, ?fault, "Nothing to paste");
                return None;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        };
        known().insert(kind, contents.clone());
        Some(contents)
    }
}

/// What is to be read, if the clipboard is as it was at that change.
struct Job {
    change: isize,
    kind: ClipboardKind,
    reply: Reply,
}

/// What the thread has.
struct Served {
    tell: Option<Tell>,
    jobs: SyncSender<Job>,
    holding: Option<Holding>,
    /// Of the newest copy.
    number: u64,
    change: isize,
    kinds: ClipboardKinds,
}

impl Served {
    fn new(tell: Option<Tell>, jobs: SyncSender<Job>) -> Self {
        Self {
            tell,
            jobs,
            holding: None,
            number: 0,
            change: 0,
            kinds: ClipboardKinds::default(),
        }
    }

    /// Works until nobody needs the clipboard any more.
    fn serve(&mut self, inbox: &Receiver<Order>) {
        self.look(true);
        loop {
            match inbox.recv_timeout(EACH_LOOK) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.look(false);
        }
        self.let_go();
    }

    /// Tells of a copy, if there was one since the last look.
    fn look(&mut self, is_first: bool) {
        let board = Board::general();
        let change = board.change();
        if change == self.change && !is_first {
            return;
        }
        self.change = change;
        self.holding.take_if(|holding| holding.change != change);
        self.kinds = if board.is_ours() {
            ClipboardKinds::default()
        } else {
            board.kinds()
        };
        if is_first && self.kinds.is_empty() {
            return;
        }
        self.number += 1;
        if let Some(tell) = &self.tell {
            tell(Happening::Copied(Copied {
                number: self.number,
                kinds: self.kinds,
                is_old: is_first,
            }));
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Fetch {
                number,
                kind,
                reply,
            } => self.fetch(number, kind, reply),
            Order::TakeOver {
                number,
                kinds,
                provide,
                taken,
            } => {
                self.take_over(number, kinds, provide);
                if taken.try_send(()).is_err() {
                    tracing::trace!("Nobody waits for it any more");
                }
            }
            Order::Release { number } => {
                let is_it = |holding: &Holding| holding.number == number;
                if self.holding.as_ref().is_some_and(is_it) {
                    self.let_go();
                }
            }
        }
    }

    fn fetch(&mut self, number: u64, kind: ClipboardKind, reply: Reply) {
        // somebody may have copied since the last look
        self.look(false);
        if number != self.number || !self.kinds.has(kind) {
            return reply(Err(ClipboardFault::REPLACED));
        }
        let job = Job {
            change: self.change,
            kind,
            reply,
        };
        // one that cannot wait is dropped, and says so
        if self.jobs.try_send(job).is_err() {
            tracing::debug!("Too much is read at once");
        }
    }

    fn take_over(&mut self, number: u64, kinds: ClipboardKinds, provide: Provide) {
        let giving = Arc::new(Giving {
            provide,
            contents: Mutex::default(),
        });
        let promised = Promised {
            kinds,
            giving: Arc::downgrade(&giving),
        };
        match Board::general().promise(promised) {
            Some(change) => {
                self.holding = Some(Holding {
                    number,
                    change,
                    _giving: giving,
                });
            }
            None => tracing::warn!("The clipboard cannot be had"),
        }
    }

    fn let_go(&mut self) {
        let board = Board::general();
        if let Some(holding) = self.holding.take()
            && holding.change == board.change()
        {
            board.clear();
        }
    }
}

/// The thread that reads, until nobody tells it anything any more.
fn read_all(jobs: &Receiver<Job>) {
    while let Ok(Job {
        change,
        kind,
        reply,
    }) = jobs.recv()
    {
        let board = Board::general();
        let read = if board.change() == change {
            board.read(kind)
        } else {
            Err(ClipboardFault::REPLACED)
        };
        let checked = read.and_then(|bytes| {
            // what was read may be of the next copy already
            if board.change() != change {
                return Err(ClipboardFault::REPLACED);
            }
            check_contents(kind, &bytes)?;
            Ok(Bytes::from(bytes))
        });
        reply(checked);
    }
}
