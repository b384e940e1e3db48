//! The clipboard of a Wayland compositor that lets programs without a window have it (ext-data-control or
//! wlr-data-control): contents go through a pipe for each paste.
//!
//! One thread has the connection and all pipes. [`reading`] reads what other programs copied, [`giving`] answers
//! those that paste; both keep what they wait for, and wait for nobody.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use ::wayland::{ConnectError, Lost, Selection, SelectionNews, Session};
use protocol::clipboard::ClipboardKind;
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::Tell;
use crate::orders::{Order, Orders};
use giving::Giving;
use reading::Reading;

mod giving;
mod reading;

/// Among the formats: a program of ours holds this. The same as on X11, as compositors translate between the two.
const MARK: &str = "_PURE_HELP_DESK";
/// Text in Latin-1, of programs of X11.
const LATIN: &str = "STRING";
/// All that can be read, by what [`formats_of`] says, and the mark.
const FORMATS: &[&str] = &[
    MARK,
    "text/plain;charset=utf-8",
    "text/plain;charset=UTF-8",
    "UTF8_STRING",
    "text/plain",
    LATIN,
    "TEXT",
    "text/html",
    "image/png",
];

/// The formats of `kind`, the best first.
fn formats_of(kind: ClipboardKind) -> &'static [&'static str] {
    match kind {
        ClipboardKind::Text => &FORMATS[1..7],
        ClipboardKind::Html => &FORMATS[7..8],
        ClipboardKind::Png => &FORMATS[8..9],
    }
}

/// The compositor is gone, or does not give programs its clipboard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no compositor: {0}")]
    NoCompositor(#[from] ConnectError),
    #[error("the compositor shows its clipboard only to the window that has the focus")]
    NotOffered,
    #[error("{0}")]
    Lost(#[from] Lost),
    #[error("the compositor has no clipboard any more")]
    Over,
}

/// The clipboard of the compositor at a socket, or the one that `WAYLAND_DISPLAY` names.
pub(crate) fn find(socket: Option<&Path>) -> Result<Selection, Fault> {
    let session = Session::connect(socket)?;
    Selection::new(session, FORMATS).ok_or(Fault::NotOffered)
}

/// Serves it until nobody needs it any more and what is being pasted is pasted.
pub(crate) fn serve(
    selection: Selection,
    orders: Orders,
    listener: Option<Tell>,
    waiting: &Receiver<Order>,
) -> Result<(), Fault> {
    let mut served = Served {
        selection,
        orders,
        giving: Giving::default(),
        reading: Reading::new(listener.unwrap_or_else(|| Arc::new(|_| {}))),
        is_quitting: false,
    };
    // what the compositor tells at once was copied before
    served.selection.session().ask()?;
    served.hear(true)?;
    served.serve(waiting)
}

struct Served {
    selection: Selection,
    orders: Orders,
    giving: Giving,
    reading: Reading,
    is_quitting: bool,
}

impl Served {
    fn serve(&mut self, waiting: &Receiver<Order>) -> Result<(), Fault> {
        loop {
            loop {
                match waiting.try_recv() {
                    Ok(order) => self.obey(order)?,
                    Err(TryRecvError::Empty) => break,
                    // cannot be: `self` holds a sender
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
            if !self.is_quitting && self.orders.are_over() {
                self.is_quitting = true;
                self.giving.let_go(&mut self.selection);
            }
            self.hear(false)?;
            let now = Instant::now();
            self.giving.go_on(now);
            self.reading.go_on(&mut self.selection, now)?;
            if self.is_quitting && !self.giving.is_at_it() {
                // who asked before it was let go is told so by the end of their pipe
                self.selection.session().ask()?;
                return Ok(());
            }
            self.wait(now)?;
            self.orders.alarm().rang();
        }
    }

    /// Waits for the compositor, an order, a pipe, or the end of somebody's patience.
    fn wait(&mut self, now: Instant) -> Result<(), Fault> {
        let (giving, reading, orders) = (&self.giving, &self.reading, &self.orders);
        let until = [giving.deadline(), reading.deadline()];
        let until = until.into_iter().flatten().min();
        let timeout = until.map(|until| until.saturating_duration_since(now));
        let waited = self.selection.session().wait(|socket| {
            let to_read = [socket, orders.alarm().as_fd()]
                .into_iter()
                .chain(reading.pipe());
            let to_read = to_read.map(|fd| (fd, PollFlags::IN));
            let to_write = giving.pipes().map(|pipe| (pipe, PollFlags::OUT));
            let fds = to_read.chain(to_write);
            let mut fds: Vec<_> = fds
                .map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags))
                .collect();
            poll(&mut fds, timeout)
        });
        Ok(waited?)
    }

    fn obey(&mut self, order: Order) -> Result<(), Fault> {
        match order {
            Order::Fetch {
                number,
                kind,
                reply,
            } => self.reading.fetch(number, kind, reply),
            Order::TakeOver {
                number,
                kinds,
                provide,
                taken,
            } => {
                self.giving
                    .take_over(&mut self.selection, number, kinds, provide);
                // a paste after this one gets it
                self.selection.session().ask()?;
                if taken.try_send(()).is_err() {
                    tracing::trace!("Nobody waits for it any more");
                }
            }
            Order::Release { number } => self.giving.release(&mut self.selection, number),
            Order::Contents {
                number,
                kind,
                contents,
            } => self.giving.provided(number, kind, contents),
        }
        Ok(())
    }

    fn hear(&mut self, is_old: bool) -> Result<(), Fault> {
        while let Some(news) = self.selection.news() {
            match news {
                SelectionNews::Copied { formats, is_there } => {
                    self.reading.copied(formats, is_there, is_old);
                }
                SelectionNews::Pasted {
                    number,
                    format,
                    into,
                } => self.giving.asked(number, &format, into, &self.orders),
                SelectionNews::Replaced { number } => {
                    self.giving.replaced(&mut self.selection, number);
                }
                SelectionNews::Over => return Err(Fault::Over),
            }
        }
        Ok(())
    }
}

fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    match rustix::event::poll(fds, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Has whoever uses this end of a pipe not wait; the other end is another program's, and stays as it is.
fn never_wait(pipe: impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(&pipe)?;
    rustix::fs::fcntl_setfl(&pipe, flags | rustix::fs::OFlags::NONBLOCK)?;
    Ok(())
}
