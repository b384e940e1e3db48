//! The clipboard of an X server, as the ICCCM has it: selections, which their owner converts for each paste.
//!
//! One thread with a connection of its own has the window that owns and asks. [`reading`] reads what other
//! programs copied, [`giving`] answers those that paste; both keep what they wait for, and wait for nobody.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use protocol::clipboard::ClipboardKind;
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{self, ConnectionExt as _, SelectionEventMask};
use x11rb::protocol::xproto::{
    Atom, ConnectionExt as _, CreateWindowAux, EventMask, Window, WindowClass,
};

use crate::Tell;
use crate::orders::{Order, Orders};
use giving::Giving;
use reading::Reading;

mod giving;
mod reading;

x11rb::atom_manager! {
    pub(crate) Atoms: AtomsCookie {
        CLIPBOARD,
        TARGETS,
        TIMESTAMP,
        INCR,
        UTF8_STRING,
        TEXT,
        PLAIN: b"text/plain",
        PLAIN_UTF8: b"text/plain;charset=utf-8",
        HTML: b"text/html",
        PNG: b"image/png",
        // in the list of targets: a program of ours holds this
        MARK: b"_PURE_HELP_DESK",
        NOW: b"_PURE_HELP_DESK_NOW",
        ANSWER_0: b"_PURE_HELP_DESK_0",
        ANSWER_1: b"_PURE_HELP_DESK_1",
        ANSWER_2: b"_PURE_HELP_DESK_2",
        ANSWER_3: b"_PURE_HELP_DESK_3",
    }
}

/// The server is gone, or no X server as it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no display: {0}")]
    NoDisplay(#[from] ::x11::ConnectError),
    #[error("the display has no XFIXES")]
    NoXfixes,
    #[error("the display is gone: {0}")]
    Lost(#[from] ReplyError),
    #[error("cannot wait: {0}")]
    Wait(#[from] io::Error),
}

impl From<ConnectionError> for Fault {
    fn from(error: ConnectionError) -> Self {
        Self::Lost(error.into())
    }
}

/// Serves the clipboard of a display until nobody needs it any more.
pub(crate) fn serve(
    display: Option<&str>,
    orders: Orders,
    listener: Option<Tell>,
    waiting: &Receiver<Order>,
) -> Result<(), Fault> {
    Served::open(display, orders, listener)?.serve(waiting)
}

/// The connection, and what is the same for all that goes over it.
struct Ground {
    conn: ::x11::PatientConnection,
    /// Owns and asks.
    window: Window,
    atoms: Atoms,
}

impl Ground {
    /// The targets of `kind`, the best first.
    fn targets_of(&self, kind: ClipboardKind) -> impl Iterator<Item = Atom> + use<> {
        let atoms = &self.atoms;
        let text = [
            atoms.UTF8_STRING,
            atoms.PLAIN_UTF8,
            STRING,
            atoms.TEXT,
            atoms.PLAIN,
        ];
        let (text, other) = match kind {
            ClipboardKind::Text => (Some(text), None),
            ClipboardKind::Html => (None, Some(atoms.HTML)),
            ClipboardKind::Png => (None, Some(atoms.PNG)),
        };
        text.into_iter().flatten().chain(other)
    }
}

/// Text in Latin-1; every server has it.
const STRING: Atom = 31;

/// What the thread has.
struct Served {
    ground: Ground,
    orders: Orders,
    giving: Giving,
    reading: Reading,
    is_quitting: bool,
}

impl Served {
    fn open(display: Option<&str>, orders: Orders, listener: Option<Tell>) -> Result<Self, Fault> {
        let (conn, screen) = ::x11::connect_patiently(display)?;
        if ::x11::missing_extension(&conn, &[xfixes::X11_EXTENSION_NAME])?.is_some() {
            return Err(Fault::NoXfixes);
        }
        conn.xfixes_query_version(5, 0)?.reply()?;
        let atoms = Atoms::new(&conn)?.reply()?;
        let window = ::x11::new_id(&conn)?;
        let looks = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let (depth, visual) = (0, 0);
        conn.create_window(
            depth,
            window,
            screen.root,
            -1,
            -1,
            1,
            1,
            0,
            WindowClass::INPUT_ONLY,
            visual,
            &looks,
        )?
        .check()?;
        let owners = SelectionEventMask::SET_SELECTION_OWNER
            | SelectionEventMask::SELECTION_WINDOW_DESTROY
            | SelectionEventMask::SELECTION_CLIENT_CLOSE;
        let mut owner = x11rb::NONE;
        if listener.is_some() {
            conn.xfixes_select_selection_input(window, atoms.CLIPBOARD, owners)?
                .check()?;
            owner = conn.get_selection_owner(atoms.CLIPBOARD)?.reply()?.owner;
        }
        let ground = Ground {
            conn,
            window,
            atoms,
        };
        let mut reading = Reading::new(listener.unwrap_or_else(|| Arc::new(|_| {})));
        if owner != x11rb::NONE {
            reading.owner_is(&ground, owner, x11rb::CURRENT_TIME, true)?;
        }
        Ok(Self {
            ground,
            orders,
            giving: Giving::default(),
            reading,
            is_quitting: false,
        })
    }

    /// Works until nobody needs the clipboard any more and what is being pasted is pasted.
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
                self.giving.release_all(&self.ground)?;
            }
            let now = Instant::now();
            self.giving.give_up_late(&self.ground, now)?;
            self.reading.give_up_late(&self.ground, now)?;
            if self.is_quitting && !self.giving.is_at_it() {
                return self.say_no_more();
            }
            self.ground.conn.flush()?;
            if let Some(event) = self.ground.conn.poll_for_event()? {
                self.hear(event)?;
                continue;
            }
            let until = [self.giving.deadline(), self.reading.deadline()];
            let until = until.into_iter().flatten().min();
            let timeout = until.map(|until| until.saturating_duration_since(now));
            let alarm = self.orders.alarm();
            alarm.wait(self.ground.conn.stream(), timeout)?;
            alarm.rang();
        }
    }

    /// Refuses who asked before the clipboard was let go: nobody else would answer.
    fn say_no_more(&mut self) -> Result<(), Fault> {
        // the server has sent what was asked before it answers this
        self.ground.conn.get_input_focus()?.reply()?;
        while let Some(event) = self.ground.conn.poll_for_event()? {
            self.hear(event)?;
        }
        self.ground.conn.flush()?;
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<(), Fault> {
        let ground = &self.ground;
        match order {
            Order::Fetch {
                number,
                kind,
                reply,
            } => self.reading.fetch(ground, number, kind, reply),
            Order::TakeOver {
                number,
                kinds,
                provide,
                taken,
            } => self.giving.take_over(ground, number, kinds, provide, taken),
            Order::Release { number } => self.giving.release(ground, number),
            Order::Contents {
                number,
                kind,
                contents,
            } => self.giving.provided(ground, number, kind, contents),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a server has many events, and these are ours"
    )]
    fn hear(&mut self, event: Event) -> Result<(), Fault> {
        let ground = &self.ground;
        let clipboard = ground.atoms.CLIPBOARD;
        match event {
            Event::XfixesSelectionNotify(owned) if owned.selection == clipboard => self
                .reading
                .owner_is(ground, owned.owner, owned.selection_timestamp, false),
            Event::SelectionNotify(answer) => self.reading.answered(ground, &answer),
            Event::PropertyNotify(changed) if changed.window == ground.window => {
                self.giving.timed(ground, &changed)?;
                self.reading.property_changed(ground, &changed)
            }
            Event::PropertyNotify(changed) => self.giving.property_changed(ground, &changed),
            Event::SelectionRequest(request) if request.selection == clipboard => {
                self.giving.asked(ground, &request, &self.orders)
            }
            Event::SelectionClear(lost) if lost.selection == clipboard => {
                self.giving.lost(ground, lost.time)
            }
            Event::DestroyNotify(gone) => {
                self.giving.window_is_gone(gone.window);
                Ok(())
            }
            // a program that pasted is gone, and with it its window
            Event::Error(error) => {
                tracing::trace!(?error, "A window is gone");
                self.giving.window_is_gone(error.bad_value);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
