//! The screen as graphics cards duplicate it (DXGI, Windows 8 and later): they tell what was drawn anew, so nothing is
//! compared, and waiting costs nothing.
//!
//! Each output has a thread that waits for it. A frame stays with the card until somebody grabs; meanwhile the card
//! gathers what comes after it. The pointer is no part of it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use codec::{Picture, Rect};

use super::api::{Canvas, Display};
use super::{Bell, size_of};
use crate::tiles::TileGrid;

mod changes;
mod dxgi;

use changes::Span;
use dxgi::{Duplication, Frame, Next};

/// How often a thread looks whether it is still needed.
const EACH_LOOK: Duration = Duration::from_millis(250);
/// How long a card may take to hand over a frame.
const PATIENCE: Duration = Duration::from_secs(2);
/// Changes that are kept; more are one of everything.
const MOST_CHANGES: usize = 256;

/// Whether it may be otherwise soon: with a question of Windows itself in front, as many programs that duplicate as there
/// may be, or a thread of this one that has not ended yet. Elsewhere, as in a remote desktop, it stays so for as long as there are the same monitors.
pub(super) fn may_pass(error: &io::Error) -> bool {
    /// Of GDI, and of DXGI.
    const ACCESS_DENIED: [u32; 2] = [5, 0x8007_0005];
    /// This process has a duplicate of this output already.
    const INVALID_ARGUMENT: u32 = 0x8007_0057;
    const ACCESS_LOST: u32 = 0x887a_0026;
    const NOT_CURRENTLY_AVAILABLE: u32 = 0x887a_0022;
    const SESSION_DISCONNECTED: u32 = 0x887a_0028;
    let passing = [
        INVALID_ARGUMENT,
        ACCESS_LOST,
        NOT_CURRENTLY_AVAILABLE,
        SESSION_DISCONNECTED,
    ];
    let code = error.raw_os_error().map(i32::cast_unsigned);
    code.is_some_and(|code| passing.contains(&code) || ACCESS_DENIED.contains(&code))
}

/// The outputs in the shared area.
pub(super) struct Duplicated {
    eyes: Vec<Eye>,
    /// The next grab gives everything.
    is_first: bool,
}

/// One output.
struct Eye {
    /// Where it is in the shared area, which it may reach out of.
    left: i64,
    top: i64,
    shared: Arc<Shared>,
    /// Has the thread read its frame. It ends when this goes.
    wanted: SyncSender<()>,
    read: Receiver<()>,
}

/// What the thread of an output shares.
struct Shared {
    width: u32,
    height: u32,
    seen: Mutex<Seen>,
    /// There is a frame to be read.
    has_frame: AtomicBool,
    is_lost: AtomicBool,
}

struct Seen {
    /// Row by row; the top byte of a pixel means nothing.
    pixels: Vec<u32>,
    /// Since they were grabbed last.
    changed: VecDeque<Span>,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Duplicated {
    /// Begins with all of `displays` that reach into `area` of a desktop that begins at `origin`; `bell` rings when
    /// something happens there.
    ///
    /// # Errors
    ///
    /// That one of them cannot be duplicated.
    pub(super) fn start(
        displays: &[Display],
        area: Rect,
        origin: (i32, i32),
        bell: &Bell,
    ) -> io::Result<Self> {
        let along =
            |at: i32, origin: i32, area: u32| i64::from(at) - i64::from(origin) - i64::from(area);
        let reaches =
            |at: i64, size: u32, area: u32| at < i64::from(area) && at + i64::from(size) > 0;
        let mut eyes = Vec::new();
        for display in displays {
            let left = along(display.left, origin.0, area.x);
            let top = along(display.top, origin.1, area.y);
            if reaches(left, display.width, area.width) && reaches(top, display.height, area.height)
            {
                eyes.push(Eye::open(display, (left, top), bell)?);
            }
        }
        if eyes.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self {
            eyes,
            is_first: true,
        })
    }

    /// Whether a grab would give something.
    pub(super) fn differs(&self) -> bool {
        self.is_first || self.holds_frames()
    }

    /// Whether a thread waits for a grab, and tells nothing of the pointer meanwhile.
    pub(super) fn holds_frames(&self) -> bool {
        let mut all = self.eyes.iter();
        all.any(|eye| eye.shared.has_frame.load(Ordering::Acquire))
    }

    /// Whether one can no longer be had.
    pub(super) fn is_lost(&self) -> bool {
        let mut all = self.eyes.iter();
        all.any(|eye| eye.shared.is_lost.load(Ordering::Acquire))
    }

    /// Has what is new read from the cards. Blocks until that is done.
    pub(super) fn read(&self) {
        for eye in &self.eyes {
            eye.read();
        }
    }

    /// Copies what is new into `picture` of the whole area, and tells where that is.
    pub(super) fn grab(&mut self, area: Rect, picture: &mut Picture) -> Vec<Rect> {
        let size = size_of(area);
        let mut grid = TileGrid::new(size);
        let is_first = std::mem::take(&mut self.is_first) || picture.size() != size;
        if is_first {
            // also where no output is
            *picture = Picture::new(size);
            grid.touch(Rect { x: 0, y: 0, ..area });
        }
        for eye in &self.eyes {
            let changed = std::mem::take(&mut eye.shared.seen().changed);
            let places = changed
                .into_iter()
                .filter_map(|span| eye.place_of(span, area));
            places.for_each(|place| grid.touch(place));
        }
        let rects = grid.rects();
        for eye in &self.eyes {
            let seen = eye.shared.seen();
            for rect in &rects {
                eye.show(&seen.pixels, *rect, picture);
            }
        }
        rects
    }
}

impl Eye {
    fn open(display: &Display, (left, top): (i64, i64), bell: &Bell) -> io::Result<Self> {
        let (width, height) = (display.width, display.height);
        let shared = Arc::new(Shared {
            width,
            height,
            seen: Mutex::new(Seen {
                pixels: as_it_is(display)?,
                changed: VecDeque::new(),
            }),
            has_frame: AtomicBool::new(false),
            is_lost: AtomicBool::new(false),
        });
        let (wanted, orders) = sync_channel(1);
        let (done, read) = sync_channel(1);
        let (ready, opened) = sync_channel(1);
        let (theirs, name, bell) = (Arc::clone(&shared), display.name.clone(), bell.clone());
        std::thread::Builder::new()
            .name("duplication".to_owned())
            .spawn(move || {
                own_window::join_desktop();
                let mut duplication = match Duplication::start(&name, width, height) {
                    Ok(duplication) => duplication,
                    Err(error) => return drop(ready.send(Err(io::Error::from(error)))),
                };
                if ready.send(Ok(())).is_err() {
                    return;
                }
                let ended = watch(&mut duplication, &theirs, &bell, &orders, &done);
                if let Err(error) = ended {
                    tracing::debug!(%error, "The screen is no longer duplicated");
                    theirs.is_lost.store(true, Ordering::Release);
                    bell.ring();
                }
            })?;
        opened.recv().map_err(io::Error::other)??;
        Ok(Self {
            left,
            top,
            shared,
            wanted,
            read,
        })
    }

    fn read(&self) {
        if !self.shared.has_frame.load(Ordering::Acquire) {
            return;
        }
        // an answer that came too late for the one before
        while self.read.try_recv().is_ok() {}
        let is_asked = self.wanted.try_send(()).is_ok();
        if !is_asked || self.read.recv_timeout(PATIENCE).is_err() {
            tracing::debug!("The graphics card hands nothing over");
        }
    }

    /// Where a part of this output is in the area.
    fn place_of(&self, span: Span, area: Rect) -> Option<Rect> {
        let along = |at: u32, first: i64, size: u32| {
            let at = (i64::from(at) + first).clamp(0, i64::from(size));
            u32::try_from(at).ok()
        };
        let (left, right) = (
            along(span.left, self.left, area.width)?,
            along(span.right, self.left, area.width)?,
        );
        let (top, bottom) = (
            along(span.top, self.top, area.height)?,
            along(span.bottom, self.top, area.height)?,
        );
        let place = Rect {
            x: left,
            y: top,
            width: right - left,
            height: bottom - top,
        };
        (!place.is_empty()).then_some(place)
    }

    /// Copies what of this output lies in `rect` of the area.
    fn show(&self, pixels: &[u32], rect: Rect, picture: &mut Picture) {
        let all = Span {
            left: 0,
            top: 0,
            right: self.shared.width,
            bottom: self.shared.height,
        };
        let Some(here) = self.place_of(
            all,
            Rect {
                x: 0,
                y: 0,
                width: rect.right(),
                height: rect.bottom(),
            },
        ) else {
            return;
        };
        let (left, right) = (here.x.max(rect.x), here.right().min(rect.right()));
        let (top, bottom) = (here.y.max(rect.y), here.bottom().min(rect.bottom()));
        for y in top..bottom {
            let within = |at: u32, first: i64| usize::try_from(i64::from(at) - first);
            let (Ok(row), Ok(column)) = (within(y, self.top), within(left, self.left)) else {
                return;
            };
            let columns = left as usize..right.max(left) as usize;
            let from = &pixels[row * self.shared.width as usize + column..][..columns.len()];
            let to = &mut picture.row_mut(y)[columns];
            for (to, from) in to.iter_mut().zip(from) {
                *to = from & 0x00ff_ffff;
            }
        }
    }
}

/// What the output shows now: a card tells nothing before something is drawn.
fn as_it_is(display: &Display) -> io::Result<Vec<u32>> {
    let area = Rect {
        x: 0,
        y: 0,
        width: display.width,
        height: display.height,
    };
    let mut canvas = Canvas::new(size_of(area))?;
    canvas.copy_screen((display.left, display.top))?;
    Ok(canvas.pixels().to_vec())
}

/// The thread of an output, until nobody needs it any more.
fn watch(
    duplication: &mut Duplication,
    shared: &Shared,
    bell: &Bell,
    orders: &Receiver<()>,
    done: &SyncSender<()>,
) -> windows::core::Result<()> {
    use std::sync::mpsc::TryRecvError;

    let millis = u32::try_from(EACH_LOOK.as_millis()).unwrap_or(u32::MAX);
    loop {
        match duplication.next(millis)? {
            Next::Nothing => {}
            Next::Pointer => bell.ring(),
            Next::Drawn(frame) => {
                shared.has_frame.store(true, Ordering::Release);
                bell.ring();
                if orders.recv().is_err() {
                    return Ok(());
                }
                let read = read(duplication, &frame, shared);
                shared.has_frame.store(false, Ordering::Release);
                done.try_send(()).ok();
                read?;
            }
        }
        if matches!(orders.try_recv(), Err(TryRecvError::Disconnected)) {
            return Ok(());
        }
    }
}

fn read(
    duplication: &mut Duplication,
    frame: &Frame,
    shared: &Shared,
) -> windows::core::Result<()> {
    let mut seen = shared.seen();
    let new = duplication.read(frame, &mut seen.pixels)?;
    seen.changed.extend(new.places());
    if seen.changed.len() > MOST_CHANGES {
        let all = Span {
            left: 0,
            top: 0,
            right: shared.width,
            bottom: shared.height,
        };
        seen.changed = VecDeque::from([all]);
    }
    Ok(())
}
