//! The clipboard of Windows: formats, which their owner may promise and put there when somebody pastes.
//!
//! One thread has the window that owns what is held and hears of copies. [`reading`] reads what other programs
//! copied, [`giving`] answers those that paste.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

use crate::{Clipboard, Happening, Provide, Reply, Tell};
use api::{Alarm, OwnWindow};
use formats::Formats;
use giving::Giving;
use reading::{Read, Reading};

mod api;
mod formats;
mod giving;
mod html;
mod picture;
mod reading;
mod text;

/// Orders that wait for the thread.
const MAX_ORDERS: usize = 64;

/// What the thread is told.
enum Order {
    Fetch {
        number: u64,
        kind: ClipboardKind,
        reply: Reply,
    },
    /// What was fetched is here.
    Read(Read),
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
        asked: u64,
        contents: Result<Bytes, ClipboardFault>,
    },
}

/// The way to the thread.
#[derive(Clone)]
struct Orders {
    sender: SyncSender<Order>,
    alarm: Arc<Alarm>,
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

    /// As [`Self::give`], and waits until there is room.
    fn insist(&self, order: Order) {
        if self.sender.send(order).is_ok() {
            self.alarm.ring();
        }
    }

    fn are_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

struct WindowsClipboard {
    orders: Orders,
    holdings: AtomicU64,
}

pub(crate) fn open(listener: Option<Tell>) -> io::Result<Arc<dyn Clipboard>> {
    let (sender, inbox) = sync_channel(MAX_ORDERS);
    let orders = Orders {
        sender,
        alarm: Arc::new(Alarm::new()?),
        is_over: Arc::default(),
    };
    let for_thread = orders.clone();
    thread::Builder::new()
        .name("clipboard".to_owned())
        .spawn(move || {
            let served = Served::open(for_thread, inbox, listener.clone());
            match served {
                Ok(mut served) => served.serve(),
                Err(error) => {
                    tracing::warn!(%error, "No clipboard");
                    if let Some(tell) = listener {
                        tell(Happening::Lost);
                    }
                }
            }
        })?;
    Ok(Arc::new(WindowsClipboard {
        orders,
        holdings: AtomicU64::new(0),
    }))
}

impl Clipboard for WindowsClipboard {
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

impl Drop for WindowsClipboard {
    fn drop(&mut self) {
        self.orders.is_over.store(true, Ordering::Relaxed);
        self.orders.alarm.ring();
    }
}

/// What the thread has.
struct Served {
    window: OwnWindow,
    orders: Orders,
    giving: Rc<Giving>,
    reading: Reading,
}

impl Served {
    fn open(orders: Orders, inbox: Receiver<Order>, listener: Option<Tell>) -> io::Result<Self> {
        let formats = Formats::ask()?;
        let giving = Rc::new(Giving::new(formats, orders.clone(), inbox));
        let asked = Rc::clone(&giving);
        let window = OwnWindow::new(Box::new(move |format| asked.render(format)))?;
        let is_heard = listener.is_some();
        let tell = listener.unwrap_or_else(|| Arc::new(|_| {}));
        let mut reading = Reading::start(tell, formats, orders.clone())?;
        // also where nobody is told: what another program copies ends what is held
        window.listen()?;
        if is_heard {
            reading.first();
        }
        Ok(Self {
            window,
            orders,
            giving,
            reading,
        })
    }

    /// Works until nobody needs the clipboard any more.
    fn serve(&mut self) {
        loop {
            while let Some(order) = self.giving.next_order() {
                self.obey(order);
            }
            if self.orders.are_over() {
                return self.giving.end(&self.window, &self.orders.alarm);
            }
            self.reading.give_up_late(Instant::now());
            if self.window.hear() {
                if !self.window.is_owner() {
                    self.giving.lost();
                }
                self.reading.changed(&self.window);
            }
            self.giving.go_on(&self.window);
            let deadlines = [self.reading.deadline(), self.giving.deadline()];
            let until = deadlines.into_iter().flatten().min();
            let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
            self.window.wait(&self.orders.alarm, timeout);
        }
    }

    fn obey(&mut self, order: Order) {
        let (window, giving) = (&self.window, &self.giving);
        match order {
            Order::Fetch {
                number,
                kind,
                reply,
            } => self.reading.fetch(number, kind, reply),
            Order::Read(read) => self.reading.finished(read, window),
            Order::TakeOver {
                number,
                kinds,
                provide,
                taken,
            } => giving.take_over(window, number, kinds, provide, taken),
            Order::Release { number } => giving.release(window, number),
            Order::Contents { .. } => tracing::trace!("Nobody waits for these contents any more"),
        }
    }
}
