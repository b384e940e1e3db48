//! The screen of a Wayland desktop that shows it with its user's yes alone (GNOME, KDE): the portal's session, and the
//! program that takes the pictures from PipeWire.
//!
//! The user chooses one monitor in the desktop's dialog, so that one is all that there is. What has changed in it is
//! found by comparing, since not every compositor says so.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};
use wayland::portal::wire::Shape;
use wayland::portal::{self, Answer, Casting, Event, Portal, Refused};
use x11::Alarm;

use crate::compared::Compared;
use crate::{
    CaptureError, CaptureWaker, Changes, Monitor, PointerPicture, PointerState, ScreenSource,
    straight_rgba,
};

/// For so long the first picture is waited for in all, and at a stretch.
const FIRST_PICTURE: Duration = Duration::from_secs(10);
const AT_A_STRETCH: Duration = Duration::from_millis(400);
/// How far apart at least what takes the pictures is started anew.
const REVIVE_EVERY: Duration = Duration::from_secs(5);
/// How soon after its pictures a session may be told to be closed.
const CLOSED_WITHIN: Duration = Duration::from_millis(500);
/// The one monitor.
const MONITOR: u32 = 0;

/// What has no picture yet, from one try to the next, and since when.
static BEGUN: Mutex<Option<(PortalScreen, Instant)>> = Mutex::new(None);

fn begun() -> MutexGuard<'static, Option<(PortalScreen, Instant)>> {
    BEGUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sharing is over: what was begun gets no picture any more.
pub(crate) fn end() {
    let left = begun().take();
    portal::end();
    drop(left);
}

/// Whether the desktop can be asked, and what takes its pictures is there.
pub(crate) fn can_ask() -> bool {
    portal::has_helper() && portal::is_there()
}

/// What the user shares.
#[derive(Debug)]
pub struct PortalScreen {
    portal: Arc<Portal>,
    casting: Casting,
    size: PixelSize,
    /// What was taken last.
    seen: Vec<u32>,
    compared: Compared,
    /// There is a picture that was not taken.
    has_news: bool,
    /// That there is something to grab was told.
    told: bool,
    untold: Changes,
    pointer: (i32, i32, bool),
    shape: Option<Arc<PointerPicture>>,
    wake: Arc<Alarm>,
    /// When what takes the pictures was started anew.
    revived: Option<Instant>,
}

impl PortalScreen {
    /// Has the desktop ask its user, or opens what the user has shared. Waits neither for the user nor for a picture
    /// that is long in coming.
    ///
    /// # Errors
    ///
    /// [`CaptureError::UserAsked`] until there is an answer and a first picture: try again within a second.
    /// [`CaptureError::Refused`] and [`CaptureError::NoAnswer`] where that was no yes,
    /// [`CaptureError::Unsuitable`] where the desktop fails.
    pub fn open() -> Result<Self, CaptureError> {
        let portal = match portal::ask() {
            Answer::Waiting => return Err(CaptureError::UserAsked),
            Answer::Granted(portal) => portal,
            Answer::Refused(Refused::ByUser) => return Err(CaptureError::Refused),
            Answer::Refused(Refused::NoAnswer) => return Err(CaptureError::NoAnswer),
            Answer::Refused(why) => {
                let reason = why.to_string();
                return Err(CaptureError::Unsuitable { reason });
            }
        };
        let of_this = |begun: &(Self, Instant)| Arc::ptr_eq(&begun.0.portal, &portal);
        let before = begun().take().filter(of_this);
        let (mut opened, since) = match before {
            Some(before) => before,
            None => (Self::begin(portal)?, Instant::now()),
        };
        let until = Instant::now() + AT_A_STRETCH;
        loop {
            let mut changes = Changes::default();
            opened.follow(&mut changes)?;
            opened.take()?;
            if !opened.seen.is_empty() {
                return Ok(opened);
            }
            if since.elapsed() >= FIRST_PICTURE {
                let reason = "PipeWire gives no picture".to_owned();
                return Err(CaptureError::Unsuitable { reason });
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                *begun() = Some((opened, since));
                return Err(CaptureError::UserAsked);
            }
            opened.sleep(Some(left))?;
        }
    }

    fn begin(portal: Arc<Portal>) -> Result<Self, CaptureError> {
        let unsuitable = |error: io::Error| CaptureError::Unsuitable {
            reason: error.to_string(),
        };
        let wake = Arc::new(Alarm::new().map_err(unsuitable)?);
        let rung = Arc::clone(&wake);
        portal.when_closed(move || rung.ring());
        Ok(Self {
            casting: Casting::start(&portal).map_err(unsuitable)?,
            portal,
            size: PixelSize::new(1, 1),
            seen: Vec::new(),
            compared: Compared::default(),
            has_news: false,
            told: false,
            untold: Changes {
                screen: true,
                pointer_moved: true,
                pointer_shape: true,
                ..Changes::default()
            },
            pointer: (-1, -1, false),
            shape: None,
            wake,
            revived: None,
        })
    }

    fn sleep(&self, left: Option<Duration>) -> Result<(), CaptureError> {
        let slept = self.wake.wait(self.casting.socket(), left);
        slept.map_err(|error| CaptureError::Lost {
            reason: error.to_string(),
        })
    }

    /// Takes notice of what has happened.
    fn follow(&mut self, changes: &mut Changes) -> Result<(), CaptureError> {
        if self.portal.is_closed() {
            // the pictures may stand still without a word
            return Err(self.why_closed());
        }
        loop {
            let event = match self.casting.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    self.revive(&error)?;
                    continue;
                }
            };
            match event {
                Event::News => self.has_news = true,
                Event::Pointer { x, y, visible } => {
                    self.portal.saw_pointer(x, y);
                    self.pointer = (x, y, visible);
                    changes.pointer_moved = true;
                }
                Event::Shape(shape) => {
                    let serial = self.shape.as_ref().map_or(0, |shape| shape.serial);
                    self.shape = Some(Arc::new(picture_of(&shape, serial.wrapping_add(1))));
                    changes.pointer_shape = true;
                }
            }
        }
        if self.has_news && !self.told {
            self.told = true;
            changes.screen = true;
        }
        Ok(())
    }

    /// Takes the newest picture, if there is one.
    fn take(&mut self) -> Result<(), CaptureError> {
        if !std::mem::take(&mut self.has_news) {
            return Ok(());
        }
        let (width, height) = match self.casting.take(&mut self.seen) {
            Ok(Some(size)) => size,
            Ok(None) => return Ok(()),
            Err(error) => return self.revive(&error),
        };
        let size = PixelSize::new(width, height);
        if size != self.size {
            if !size.is_supported() {
                let reason = format!("its size is {width} x {height} pixels");
                return Err(CaptureError::Unsuitable { reason });
            }
            self.size = size;
            self.portal.shows(width, height);
            self.compared.forget();
            self.untold.resized = true;
        }
        Ok(())
    }

    /// What takes the pictures is gone: another one is started in its place, unless the sharing has ended or that was just done.
    fn revive(&mut self, error: &io::Error) -> Result<(), CaptureError> {
        let why = self.why_lost(error);
        let was_revived = self.revived.is_some_and(|at| at.elapsed() < REVIVE_EVERY);
        if was_revived || !matches!(why, CaptureError::Lost { .. }) {
            return Err(why);
        }
        tracing::warn!(%error, "No more pictures; trying once more");
        self.revived = Some(Instant::now());
        self.casting = Casting::start(&self.portal).map_err(|error| CaptureError::Lost {
            reason: error.to_string(),
        })?;
        self.has_news = false;
        self.told = false;
        self.compared.forget();
        Ok(())
    }

    /// There are no more pictures: the user may have stopped it, in the desktop's own bar.
    fn why_lost(&self, error: &io::Error) -> CaptureError {
        // the two of them go separate ways
        let deadline = Instant::now() + CLOSED_WITHIN;
        while !self.portal.is_closed() {
            if Instant::now() >= deadline {
                let reason = error.to_string();
                return CaptureError::Lost { reason };
            }
            thread::sleep(CLOSED_WITHIN / 20);
        }
        self.why_closed()
    }

    /// Monitors that change end the sharing, too, and then it is asked for once more.
    fn why_closed(&self) -> CaptureError {
        if self.portal.is_closed_by_monitors() {
            tracing::info!("The monitors have changed; asking once more");
            return CaptureError::UserAsked;
        }
        CaptureError::Refused
    }

    fn monitor(&self) -> Monitor {
        Monitor {
            id: MONITOR,
            name: String::new(),
            area: self.area(),
            primary: true,
        }
    }
}

impl ScreenSource for PortalScreen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        Ok(vec![self.monitor()])
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        if let Some(id) = monitor.filter(|id| *id != MONITOR) {
            return Err(CaptureError::NoSuchMonitor { id });
        }
        self.compared.forget();
        self.told = false;
        self.untold.screen = true;
        Ok(())
    }

    fn keep_to(&mut self, monitor: u32) -> Result<(), CaptureError> {
        self.select(Some(monitor))
    }

    fn area(&self) -> Rect {
        self.size.rect()
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<(), CaptureError> {
        *changes = std::mem::take(&mut self.untold);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            self.follow(changes)?;
            changes.woken |= self.wake.rang();
            let now = Instant::now();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            if changes.any() || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            self.sleep(left)?;
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        let mut untold = std::mem::take(&mut self.untold);
        let followed = self.follow(&mut untold);
        untold.screen = false;
        self.untold = untold;
        followed?;
        self.told = false;
        self.take()?;
        let pixels = self.size.width as usize * self.size.height as usize;
        if self.seen.len() != pixels {
            // half of a picture whose program ended; another one follows
            return Ok(Vec::new());
        }
        Ok(self.compared.grab(self.size, &self.seen, picture))
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        let (x, y, visible) = self.pointer;
        let within = x >= 0
            && y >= 0
            && x < i32::try_from(self.size.width).unwrap_or(i32::MAX)
            && y < i32::try_from(self.size.height).unwrap_or(i32::MAX);
        Ok(PointerState {
            x,
            y,
            visible: visible && within,
            shape: self.shape.clone(),
        })
    }

    fn waker(&self) -> CaptureWaker {
        let wake = Arc::clone(&self.wake);
        CaptureWaker::new(move || wake.ring())
    }
}

fn picture_of(shape: &Shape, serial: u32) -> PointerPicture {
    let pixels = shape.rgba.chunks_exact(4).map(|pixel| {
        let [red, green, blue, alpha] = [0, 1, 2, 3].map(|index| pixel[index]);
        straight_rgba(u32::from_be_bytes([alpha, red, green, blue]))
    });
    PointerPicture {
        width: shape.width,
        height: shape.height,
        hot_x: shape.hot_x,
        hot_y: shape.hot_y,
        rgba: pixels.flatten().collect(),
        serial,
    }
}
