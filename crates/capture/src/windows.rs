//! The screen of Windows, copied by GDI: what each Windows can do, also in a remote desktop and under Wine.
//!
//! GDI tells of no change. So while somebody waits, the clock of the last input and the pointer are looked at
//! every [`PULSE`], which costs next to nothing, and the pixels are compared [`LOOKS_AT_REST`] times a second,
//! and soon after each input or change.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};

use crate::compared::Compared;
use crate::{
    CaptureError, CaptureWaker, Changes, Monitor, Obstacle, Obstacles, PointerPicture,
    PointerState, ScreenSource,
};

mod api;
mod cursor;

use api::{Canvas, Cursor, Display, FineClock};

/// How often somebody who waits looks whether there was input.
const PULSE: Duration = Duration::from_millis(4);
/// How often the pixels are compared where nothing moves.
const LOOKS_AT_REST: u32 = 15;
/// How long after an input or a change they are compared at each pulse.
const ALERT: Duration = Duration::from_millis(300);
/// How often the monitors are looked at.
const MONITORS_EVERY: Duration = Duration::from_millis(500);

/// The whole desktop or one monitor of it.
pub struct GdiScreen {
    monitors: Vec<Monitor>,
    origin: (i32, i32),
    selected: Option<u32>,
    /// Nothing but the selected monitor is ever shared.
    keeps: bool,
    /// The area changed and nobody was told.
    resized: bool,
    area: Rect,
    canvas: Canvas,
    compared: Compared,
    told: bool,
    pace: Pace,
    monitors_seen: Instant,
    pointer: Option<Cursor>,
    shape: Option<(usize, Arc<PointerPicture>)>,
    shapes: u32,
    wakes: Receiver<()>,
    wake: SyncSender<()>,
    _clock: FineClock,
}

/// When the pixels are compared again.
#[derive(Debug)]
struct Pace {
    looked: Instant,
    stirred: Instant,
    last_input: u32,
}

impl Pace {
    /// Whether to look now.
    fn is_due(&mut self, now: Instant, last_input: u32) -> bool {
        if last_input != self.last_input {
            self.last_input = last_input;
            self.stirred = now;
        }
        let is_alert = now.saturating_duration_since(self.stirred) < ALERT;
        let every = if is_alert {
            Duration::ZERO
        } else {
            Duration::from_secs(1) / LOOKS_AT_REST
        };
        now.saturating_duration_since(self.looked) >= every
    }
}

impl GdiScreen {
    /// Opens the desktop of this program, for this thread.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoDisplay`].
    pub fn open() -> Result<Self, CaptureError> {
        own_window::join_desktop();
        let no_display = |error: io::Error| CaptureError::NoDisplay {
            reason: error.to_string(),
        };
        let (monitors, origin) = ask_monitors().map_err(no_display)?;
        let area = whole(&monitors).ok_or_else(|| CaptureError::NoDisplay {
            reason: "it has no monitor".to_owned(),
        })?;
        let canvas = Canvas::new(size_of(area)).map_err(no_display)?;
        let (wake, wakes) = sync_channel(1);
        let now = Instant::now();
        Ok(Self {
            monitors,
            origin,
            selected: None,
            keeps: false,
            resized: false,
            area,
            canvas,
            compared: Compared::default(),
            told: false,
            pace: Pace {
                looked: now,
                stirred: now,
                last_input: api::last_input(),
            },
            monitors_seen: now,
            pointer: None,
            shape: None,
            shapes: 0,
            wakes,
            wake,
            _clock: FineClock::start(),
        })
    }

    /// Copies the screen. Where one monitor is kept to, it stood where it stands before and after.
    fn look(&mut self) -> Result<(), CaptureError> {
        if self.keeps {
            self.follow_monitors()?;
        }
        loop {
            self.copy()?;
            if !self.keeps || !self.follow_monitors()? {
                return Ok(());
            }
        }
    }

    /// What cannot be seen now, as a question of Windows itself, stays as it was.
    fn copy(&mut self) -> Result<(), CaptureError> {
        if self.canvas.size() != size_of(self.area) {
            self.canvas = Canvas::new(size_of(self.area)).map_err(|error| lost(&error))?;
            self.compared.forget();
        }
        let at = |along: u32, origin: i32| i32::try_from(i64::from(along) + i64::from(origin));
        let from = at(self.area.x, self.origin.0)
            .and_then(|left| Ok((left, at(self.area.y, self.origin.1)?)));
        let from = from.map_err(|error| lost(&io::Error::other(error)))?;
        if let Err(error) = self.canvas.copy_screen(from) {
            tracing::debug!(%error, "The screen cannot be seen now");
        }
        self.pace.looked = Instant::now();
        Ok(())
    }

    /// Whether the monitors are others than before.
    fn follow_monitors(&mut self) -> Result<bool, CaptureError> {
        self.monitors_seen = Instant::now();
        let (monitors, origin) = ask_monitors().map_err(|error| lost(&error))?;
        if self.keeps
            && let Some(id) = self.selected
            && !monitors.iter().any(|monitor| monitor.id == id)
        {
            return Err(CaptureError::NoSuchMonitor { id });
        }
        // between two modes there is none for a moment
        let Some(desktop) = whole(&monitors) else {
            return Ok(false);
        };
        if (&monitors, origin) == (&self.monitors, self.origin) {
            return Ok(false);
        }
        self.monitors = monitors;
        self.origin = origin;
        let still = self.selected.and_then(|id| self.monitor(id));
        let still = still.map(|monitor| (monitor.id, monitor.area));
        self.selected = still.map(|(id, _)| id);
        self.area = still.map_or(desktop, |(_, area)| area);
        self.compared.forget();
        self.told = false;
        self.resized = true;
        Ok(true)
    }

    fn monitor(&self, id: u32) -> Option<&Monitor> {
        self.monitors.iter().find(|monitor| monitor.id == id)
    }

    fn follow_pointer(&mut self, changes: &mut Changes) {
        let Ok(now) = api::cursor() else { return };
        let Some(before) = self.pointer.replace(now) else {
            changes.pointer_moved = true;
            changes.pointer_shape = true;
            return;
        };
        changes.pointer_moved |=
            (before.x, before.y, before.is_shown) != (now.x, now.y, now.is_shown);
        changes.pointer_shape |= before.handle != now.handle;
    }

    /// The picture of the cursor; the one of before where this one has none.
    fn shape_of(&mut self, cursor: &Cursor) -> Option<Arc<PointerPicture>> {
        if let Some((handle, shape)) = &self.shape
            && *handle == cursor.handle
        {
            return Some(Arc::clone(shape));
        }
        let look = api::look(cursor).ok()?;
        let side = |pixels: u32| u16::try_from(pixels).ok();
        let serial = self.shapes.wrapping_add(1);
        let shape = Arc::new(PointerPicture {
            width: side(look.bitmaps.width)?,
            height: side(look.bitmaps.height)?,
            hot_x: side(look.hot.0)?,
            hot_y: side(look.hot.1)?,
            rgba: cursor::rgba(&look.bitmaps)?,
            serial,
        });
        self.shapes = serial;
        self.shape = Some((cursor.handle, Arc::clone(&shape)));
        Some(shape)
    }
}

impl ScreenSource for GdiScreen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        Ok(self.monitors.clone())
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        self.area = match monitor {
            Some(id) => {
                self.monitor(id)
                    .ok_or(CaptureError::NoSuchMonitor { id })?
                    .area
            }
            None => whole(&self.monitors).unwrap_or(self.area),
        };
        self.selected = monitor;
        self.compared.forget();
        self.told = false;
        Ok(())
    }

    fn keep_to(&mut self, monitor: u32) -> Result<(), CaptureError> {
        self.select(Some(monitor))?;
        self.keeps = true;
        Ok(())
    }

    fn area(&self) -> Rect {
        self.area
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<(), CaptureError> {
        *changes = Changes::default();
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let now = Instant::now();
            if now.saturating_duration_since(self.monitors_seen) >= MONITORS_EVERY {
                self.follow_monitors()?;
            }
            changes.resized |= std::mem::take(&mut self.resized);
            self.follow_pointer(changes);
            let is_due = self.pace.is_due(now, api::last_input());
            if !self.told && (is_due || self.compared.is_first()) {
                self.look()?;
                if self.compared.differs(self.canvas.pixels()) {
                    self.pace.stirred = now;
                    changes.screen = true;
                    self.told = true;
                }
            }
            if changes.any() {
                return Ok(());
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            match self.wakes.recv_timeout(left.unwrap_or(PULSE).min(PULSE)) {
                Ok(()) => {
                    changes.woken = true;
                    return Ok(());
                }
                // This source holds a sender itself.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        self.look()?;
        self.told = false;
        let size = size_of(self.area);
        Ok(self.compared.grab(size, self.canvas.pixels(), picture))
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        let unseen = PointerState {
            x: 0,
            y: 0,
            visible: false,
            shape: None,
        };
        let Ok(cursor) = api::cursor() else {
            return Ok(unseen);
        };
        let along = |at: i32, origin: i32, area: u32| {
            let along = i64::from(at) - i64::from(origin) - i64::from(area);
            i32::try_from(along).unwrap_or(-1)
        };
        let x = along(cursor.x, self.origin.0, self.area.x);
        let y = along(cursor.y, self.origin.1, self.area.y);
        let is_inside = |at: i32, size: u32| u32::try_from(at).is_ok_and(|at| at < size);
        Ok(PointerState {
            x,
            y,
            visible: cursor.is_shown
                && is_inside(x, self.area.width)
                && is_inside(y, self.area.height),
            shape: self.shape_of(&cursor),
        })
    }

    fn waker(&self) -> CaptureWaker {
        let wake = self.wake.clone();
        CaptureWaker::new(move || {
            // A full channel wakes already.
            wake.try_send(()).ok();
        })
    }
}

impl fmt::Debug for GdiScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GdiScreen")
            .field("area", &self.area)
            .finish_non_exhaustive()
    }
}

/// Windows' log-in screen and its own questions have a desktop of their own, which nobody else sees.
pub(crate) fn obstacles() -> Obstacles {
    let locked = (!api::has_the_input()).then_some(Obstacle::Locked);
    Obstacles {
        seeing: locked,
        acting: locked,
    }
}

fn lost(error: &io::Error) -> CaptureError {
    let reason = error.to_string();
    CaptureError::Lost { reason }
}

/// The monitors, the main one first, and where the desktop begins.
fn ask_monitors() -> io::Result<(Vec<Monitor>, (i32, i32))> {
    let origin = api::origin();
    let mut displays = api::displays()?;
    displays.sort_by_key(|display| (!display.is_primary, display.name.clone()));
    let monitors = displays.iter().map(|display| Monitor {
        id: id_of(display),
        name: display.name.trim_start_matches(r"\\.\").to_owned(),
        area: api::area_of(display, origin),
        primary: display.is_primary,
    });
    Ok((monitors.collect(), origin))
}

/// Windows numbers its displays, and the numbers stay.
fn id_of(display: &Display) -> u32 {
    let digits = display
        .name
        .trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0)
}

/// What all monitors lie in.
fn whole(monitors: &[Monitor]) -> Option<Rect> {
    let right = monitors.iter().map(|monitor| monitor.area.right()).max()?;
    let bottom = monitors.iter().map(|monitor| monitor.area.bottom()).max()?;
    let whole = Rect {
        x: 0,
        y: 0,
        width: right,
        height: bottom,
    };
    size_of(whole).is_supported().then_some(whole)
}

fn size_of(area: Rect) -> PixelSize {
    PixelSize {
        width: area.width,
        height: area.height,
    }
}
