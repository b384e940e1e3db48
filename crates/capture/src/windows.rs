//! The screen of Windows: as graphics cards duplicate it, which tell of every change ([`duplicated`]), and where they do
//! not, as in a remote desktop and under Wine, copied by GDI and compared ([`copied`]).

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};

use crate::{
    CaptureError, CaptureWaker, Changes, Monitor, Obstacle, Obstacles, PointerPicture,
    PointerState, ScreenSource,
};

mod api;
mod copied;
mod cursor;
mod duplicated;
mod rights;

use api::{Cursor, Display};
use copied::{Copied, PULSE};
use duplicated::Duplicated;

/// How often the monitors are looked at.
const MONITORS_EVERY: Duration = Duration::from_millis(500);
/// When duplication is tried again after it ended, or could not begin: for a question of Windows itself, a program that
/// fills the screen, another resolution. Twice as long each time up to the last.
const FIRST_TRY: Duration = Duration::from_millis(500);
const LAST_TRY: Duration = Duration::from_secs(30);

/// The whole desktop or one monitor of it.
pub struct WindowsScreen {
    monitors: Vec<Monitor>,
    displays: Vec<Display>,
    origin: (i32, i32),
    selected: Option<u32>,
    /// Nothing but the selected monitor is ever shared.
    keeps: bool,
    /// The area changed and nobody was told.
    resized: bool,
    area: Rect,
    eyes: Eyes,
    tries: Tries,
    told: bool,
    monitors_seen: Instant,
    pointer: Option<Cursor>,
    shape: Option<(usize, Arc<PointerPicture>)>,
    shapes: u32,
    rings: Receiver<()>,
    bell: Bell,
}

/// How the screen is seen now.
enum Eyes {
    Duplicated(Duplicated),
    Copied(Copied),
}

/// Ends a wait from any thread.
#[derive(Debug, Clone)]
struct Bell {
    rings: SyncSender<()>,
    /// By a [`CaptureWaker`].
    is_woken: Arc<AtomicBool>,
}

impl Bell {
    fn ring(&self) {
        // a full channel rings already
        self.rings.try_send(()).ok();
    }
}

/// When duplication is tried again, while the screen is copied.
#[derive(Debug)]
struct Tries {
    /// `None` for as long as there are the same monitors.
    next: Option<Instant>,
    wait: Duration,
    /// When it began to work.
    worked: Option<Instant>,
}

impl Tries {
    fn new() -> Self {
        Self {
            next: Some(Instant::now()),
            wait: FIRST_TRY,
            worked: None,
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|next| now >= next)
    }

    fn failed(&mut self, now: Instant) {
        let worked = self.worked.take();
        if worked.is_some_and(|since| now.saturating_duration_since(since) > LAST_TRY) {
            self.wait = FIRST_TRY;
        }
        self.next = Some(now + self.wait);
        self.wait = (self.wait * 2).min(LAST_TRY);
    }

    fn give_up(&mut self) {
        self.next = None;
    }
}

impl WindowsScreen {
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
        let Seen {
            monitors,
            displays,
            origin,
        } = ask_monitors().map_err(no_display)?;
        let area = whole(&monitors).ok_or_else(|| CaptureError::NoDisplay {
            reason: "it has no monitor".to_owned(),
        })?;
        let (rings, when_rung) = sync_channel(1);
        let mut screen = Self {
            monitors,
            displays,
            origin,
            selected: None,
            keeps: false,
            resized: false,
            area,
            eyes: Eyes::Copied(Copied::new(area).map_err(no_display)?),
            tries: Tries::new(),
            told: false,
            monitors_seen: Instant::now(),
            pointer: None,
            shape: None,
            shapes: 0,
            rings: when_rung,
            bell: Bell {
                rings,
                is_woken: Arc::default(),
            },
        };
        screen.duplicate();
        Ok(screen)
    }

    /// Begins to duplicate the area, if that can be.
    fn duplicate(&mut self) {
        let started = Duplicated::start(&self.displays, self.area, self.origin, &self.bell);
        match started {
            Ok(duplicated) => {
                tracing::debug!("The screen is duplicated");
                self.eyes = Eyes::Duplicated(duplicated);
                self.tries.worked = Some(Instant::now());
            }
            Err(error) => {
                tracing::debug!(%error, "The screen is copied");
                if duplicated::may_pass(&error) {
                    self.tries.failed(Instant::now());
                } else {
                    self.tries.give_up();
                }
            }
        }
    }

    /// Goes back to copying, which works in any case.
    fn copy_instead(&mut self) -> Result<(), CaptureError> {
        let copied = Copied::new(self.area).map_err(|error| lost(&error))?;
        self.eyes = Eyes::Copied(copied);
        self.told = false;
        Ok(())
    }

    /// The area is another one.
    fn look_anew(&mut self) -> Result<(), CaptureError> {
        self.copy_instead()?;
        self.tries = Tries::new();
        Ok(())
    }

    /// Changes between both ways of seeing.
    fn choose_eyes(&mut self, now: Instant) -> Result<(), CaptureError> {
        match &self.eyes {
            Eyes::Duplicated(duplicated) if duplicated.is_lost() => {
                self.copy_instead()?;
                self.tries.failed(now);
            }
            Eyes::Copied(_) if self.tries.is_due(now) => self.duplicate(),
            Eyes::Duplicated(_) | Eyes::Copied(_) => {}
        }
        Ok(())
    }

    /// Sees what is there. Where one monitor is kept to, it stood where it stands before and after.
    fn look(&mut self) -> Result<(), CaptureError> {
        if self.keeps {
            self.follow_monitors()?;
        }
        loop {
            match &mut self.eyes {
                Eyes::Duplicated(duplicated) => duplicated.read(),
                Eyes::Copied(copied) => {
                    let done = copied.copy(self.area, self.origin);
                    done.map_err(|error| lost(&error))?;
                }
            }
            if !self.keeps || !self.follow_monitors()? {
                return Ok(());
            }
        }
    }

    /// Whether a grab would give something.
    fn differs(&mut self, now: Instant) -> Result<bool, CaptureError> {
        match &mut self.eyes {
            Eyes::Duplicated(duplicated) => Ok(duplicated.differs()),
            Eyes::Copied(copied) => {
                if !copied.is_due(now) {
                    return Ok(false);
                }
                self.look()?;
                match &mut self.eyes {
                    Eyes::Copied(copied) => Ok(copied.differs(now)),
                    // another area, of which everything is new
                    Eyes::Duplicated(_) => Ok(true),
                }
            }
        }
    }

    /// How long a wait may be without a look at the pointer and at input.
    fn longest_wait(&self) -> Duration {
        match &self.eyes {
            Eyes::Duplicated(duplicated) if !duplicated.holds_frames() => MONITORS_EVERY,
            Eyes::Duplicated(_) | Eyes::Copied(_) => PULSE,
        }
    }

    /// Whether the monitors are others than before.
    fn follow_monitors(&mut self) -> Result<bool, CaptureError> {
        self.monitors_seen = Instant::now();
        let seen = ask_monitors().map_err(|error| lost(&error))?;
        let Seen {
            monitors, origin, ..
        } = &seen;
        if self.keeps
            && let Some(id) = self.selected
            && !monitors.iter().any(|monitor| monitor.id == id)
        {
            return Err(CaptureError::NoSuchMonitor { id });
        }
        // between two modes there is none for a moment
        let Some(desktop) = whole(monitors) else {
            return Ok(false);
        };
        if (monitors, *origin) == (&self.monitors, self.origin) {
            return Ok(false);
        }
        self.monitors = seen.monitors;
        self.displays = seen.displays;
        self.origin = seen.origin;
        let still = self.selected.and_then(|id| self.monitor(id));
        let still = still.map(|monitor| (monitor.id, monitor.area));
        self.selected = still.map(|(id, _)| id);
        self.area = still.map_or(desktop, |(_, area)| area);
        self.look_anew()?;
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

impl ScreenSource for WindowsScreen {
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
        self.look_anew()
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
            self.choose_eyes(now)?;
            changes.resized |= std::mem::take(&mut self.resized);
            self.follow_pointer(changes);
            if !self.told && self.differs(now)? {
                changes.screen = true;
                self.told = true;
            }
            if changes.any() {
                return Ok(());
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            let longest = self.longest_wait();
            match self
                .rings
                .recv_timeout(left.unwrap_or(longest).min(longest))
            {
                // This source holds a sender itself.
                Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if self.bell.is_woken.swap(false, Ordering::AcqRel) {
                changes.woken = true;
                return Ok(());
            }
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        self.look()?;
        self.told = false;
        Ok(match &mut self.eyes {
            Eyes::Duplicated(duplicated) => duplicated.grab(self.area, picture),
            Eyes::Copied(copied) => copied.grab(picture),
        })
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
        let bell = self.bell.clone();
        CaptureWaker::new(move || {
            bell.is_woken.store(true, Ordering::Release);
            bell.ring();
        })
    }
}

impl fmt::Debug for WindowsScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowsScreen")
            .field("area", &self.area)
            .finish_non_exhaustive()
    }
}

/// Windows' log-in screen and its own questions have a desktop of their own, which nobody else sees.
pub(crate) fn obstacles() -> Obstacles {
    if !api::has_the_input() {
        return Obstacles {
            seeing: Some(Obstacle::Locked),
            acting: Some(Obstacle::Locked),
        };
    }
    Obstacles {
        seeing: None,
        acting: rights::front_is_out_of_reach().then_some(Obstacle::MoreRights),
    }
}

fn lost(error: &io::Error) -> CaptureError {
    let reason = error.to_string();
    CaptureError::Lost { reason }
}

/// The monitors, the main one first, as Windows has them too, and where the desktop begins.
struct Seen {
    monitors: Vec<Monitor>,
    displays: Vec<Display>,
    origin: (i32, i32),
}

fn ask_monitors() -> io::Result<Seen> {
    let origin = api::origin();
    let mut displays = api::displays()?;
    displays.sort_by_key(|display| (!display.is_primary, display.name.clone()));
    let monitors = displays.iter().map(|display| Monitor {
        id: id_of(display),
        name: display.name.trim_start_matches(r"\\.\").to_owned(),
        area: api::area_of(display, origin),
        primary: display.is_primary,
    });
    Ok(Seen {
        monitors: monitors.collect(),
        displays,
        origin,
    })
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
