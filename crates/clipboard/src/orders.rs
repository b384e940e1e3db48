//! The way to the thread that serves a clipboard, the same for X11 and Wayland.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

use crate::{Clipboard, Happening, Provide, Reply, Tell};

/// Orders that wait for the thread.
const MAX_ORDERS: usize = 64;

/// What the thread is told.
pub(crate) enum Order {
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
    /// What a program here pastes of the other end's.
    Contents {
        number: u64,
        kind: ClipboardKind,
        contents: Result<Bytes, ClipboardFault>,
    },
}

/// The way to the thread.
#[derive(Clone)]
pub(crate) struct Orders {
    sender: SyncSender<Order>,
    alarm: Arc<::x11::Alarm>,
    /// Nobody needs the clipboard any more.
    is_over: Arc<AtomicBool>,
}

impl Orders {
    fn give(&self, order: Order) {
        match self.sender.try_send(order) {
            Ok(()) => self.alarm.ring(),
            // what it was to answer is dropped with it
            Err(TrySendError::Full(_)) => tracing::debug!("The clipboard is too slow"),
            Err(TrySendError::Disconnected(_)) => tracing::trace!("The clipboard is gone"),
        }
    }

    /// Rings for each order, and when it is over.
    pub(crate) fn alarm(&self) -> &::x11::Alarm {
        &self.alarm
    }

    pub(crate) fn are_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// What gives contents of what is held under `number` back, as [`Order::Contents`].
    pub(crate) fn reply(&self, number: u64, kind: ClipboardKind) -> Reply {
        let back = Returned {
            orders: self.clone(),
            number,
            kind,
            is_over: false,
        };
        Box::new(move |contents| back.give(contents))
    }
}

/// Opens a clipboard that a thread of its own serves by `serve`.
pub(crate) fn open<E: Error>(
    listener: Option<Tell>,
    serve: impl FnOnce(Orders, Option<Tell>, &Receiver<Order>) -> Result<(), E> + Send + 'static,
) -> io::Result<Arc<dyn Clipboard>> {
    let (sender, waiting) = sync_channel(MAX_ORDERS);
    let orders = Orders {
        sender,
        alarm: Arc::new(::x11::Alarm::new()?),
        is_over: Arc::default(),
    };
    let for_thread = orders.clone();
    thread::Builder::new()
        .name("clipboard".to_owned())
        .spawn(move || {
            if let Err(error) = serve(for_thread, listener.clone(), &waiting) {
                tracing::warn!(%error, "No clipboard");
                if let Some(tell) = listener {
                    tell(Happening::Lost);
                }
            }
        })?;
    Ok(Arc::new(Served {
        orders,
        holdings: AtomicU64::new(0),
    }))
}

struct Served {
    orders: Orders,
    holdings: AtomicU64,
}

impl Clipboard for Served {
    fn fetch(&self, number: u64, kind: ClipboardKind, reply: Reply) {
        self.orders.give(Order::Fetch {
            number,
            kind,
            reply,
        });
    }

    fn take_over(&self, kinds: ClipboardKinds, provide: Provide) -> (u64, Receiver<()>) {
        let number = self.holdings.fetch_add(1, Ordering::Relaxed) + 1;
        let (taken, done) = sync_channel(1);
        self.orders.give(Order::TakeOver {
            number,
            kinds,
            provide,
            taken,
        });
        (number, done)
    }

    fn release(&self, number: u64) {
        self.orders.give(Order::Release { number });
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.orders.is_over.store(true, Ordering::Relaxed);
        self.orders.alarm.ring();
    }
}

/// What was asked for comes back by this; one that is dropped says that nothing comes.
struct Returned {
    orders: Orders,
    number: u64,
    kind: ClipboardKind,
    is_over: bool,
}

impl Returned {
    fn give(mut self, contents: Result<Bytes, ClipboardFault>) {
        self.say(contents);
    }

    fn say(&mut self, contents: Result<Bytes, ClipboardFault>) {
        self.is_over = true;
        self.orders.give(Order::Contents {
            number: self.number,
            kind: self.kind,
            contents,
        });
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if !self.is_over {
            self.say(Err(ClipboardFault::NO_ANSWER));
        }
    }
}
