//! The screen of macOS, by `ScreenCaptureKit` (macOS 12.3 and later).
//!
//! The window server sends a picture when something has changed, at most 60 a second. What of it has changed is found by
//! comparing: the areas that it tells of are hints.
//!
//! The pointer is a part of the picture, as on Wayland: macOS does not tell any more what another program's looks like.
//!
//! Type-checked, and not tried on a Mac yet.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};
use macos::{Desktop, Place};

use crate::compared::Compared;
use crate::{
    CaptureError, CaptureWaker, Changes, Monitor, Obstacle, Obstacles, PointerState, ScreenSource,
};

mod api;

use api::Stream;

/// How often the displays are looked at.
const MONITORS_EVERY: Duration = Duration::from_millis(500);
/// For so long the first picture of a display is waited for.
const FIRST_PICTURE: Duration = Duration::from_secs(1);

/// The whole desktop or one monitor of it.
pub struct MacScreen {
    desktop: Desktop,
    selected: Option<u32>,
    /// Nothing but the selected monitor is ever shared.
    keeps: bool,
    area: Rect,
    /// The area changed and nobody was told.
    resized: bool,
    /// The displays in it, and nothing else is captured.
    streams: Vec<(Place, Stream)>,
    /// What they have shown so far.
    seen: Vec<u32>,
    compared: Compared,
    told: bool,
    monitors_seen: Instant,
    news: Receiver<()>,
    tell: SyncSender<()>,
    is_woken: Arc<AtomicBool>,
}

impl MacScreen {
    /// Opens the desktop of this program.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoDisplay`] without one, [`CaptureError::Unsuitable`] where the user has not let this program
    /// see it.
    pub fn open() -> Result<Self, CaptureError> {
        if !macos::may_see() && !macos::ask_to_see() {
            return Err(CaptureError::Unsuitable {
                reason: "macOS does not let this program see the screen; System Settings, Privacy & Security, Screen Recording"
                    .to_owned(),
            });
        }
        let no_display = |reason: String| CaptureError::NoDisplay { reason };
        let desktop = macos::desktop().map_err(|error| no_display(error.to_string()))?;
        let desktop = desktop.ok_or_else(|| no_display("it has no display".to_owned()))?;
        let (tell, news) = sync_channel(1);
        let mut screen = Self {
            area: whole(&desktop),
            desktop,
            selected: None,
            keeps: false,
            resized: false,
            streams: Vec::new(),
            seen: Vec::new(),
            compared: Compared::default(),
            told: false,
            monitors_seen: Instant::now(),
            news,
            tell,
            is_woken: Arc::default(),
        };
        if !size_of(screen.area).is_supported() {
            return Err(no_display("its desktop is too large".to_owned()));
        }
        screen.begin()?;
        Ok(screen)
    }

    /// Captures the displays of the area, and those alone.
    fn begin(&mut self) -> Result<(), CaptureError> {
        self.streams.clear();
        self.compared.forget();
        self.told = false;
        let size = size_of(self.area);
        self.seen = vec![0; size.width as usize * size.height as usize];
        let shown = self.desktop.places().iter();
        let shown = shown.filter(|place| self.selected.is_none_or(|id| id == place.id));
        for place in shown {
            let size = (place.width as usize, place.height as usize);
            let stream = Stream::start(place.id, size, self.tell.clone());
            self.streams
                .push((*place, stream.map_err(|error| lost(&error))?));
        }
        // what was not drawn yet is no picture of the screen
        let end = Instant::now() + FIRST_PICTURE;
        let mut waiting: Vec<u32> = self.streams.iter().map(|(place, _)| place.id).collect();
        while !waiting.is_empty() && Instant::now() < end {
            for id in self.look()? {
                waiting.retain(|waited| *waited != id);
            }
            self.news.recv_timeout(Duration::from_millis(20)).ok();
        }
        Ok(())
    }

    /// Takes what the displays have shown since; which of them have.
    fn look(&mut self) -> Result<Vec<u32>, CaptureError> {
        let width = self.area.width as usize;
        let mut newer = Vec::new();
        for (place, stream) in &self.streams {
            let left = place.left.saturating_sub(self.area.x) as usize;
            let top = place.top.saturating_sub(self.area.y) as usize;
            let seen = &mut self.seen;
            let took = stream.take(|y, row| {
                let start = (top + y) * width + left;
                let room = width.saturating_sub(left).min(place.width as usize);
                let length = row.len().min(room);
                if let Some(to) = seen.get_mut(start..start + length) {
                    for (to, bgra) in to.iter_mut().zip(row) {
                        *to = u32::from_le_bytes(*bgra) & 0x00ff_ffff;
                    }
                }
            });
            if took.map_err(|error| lost(&error))? {
                newer.push(place.id);
            }
        }
        Ok(newer)
    }

    /// As [`Self::look`]; where a display is gone, what is left of the desktop is captured anew.
    fn look_again(&mut self) -> Result<bool, CaptureError> {
        match self.look() {
            Ok(newer) => Ok(!newer.is_empty()),
            Err(error) => {
                if self.follow_monitors()? {
                    Ok(true)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Whether the displays are others than before; they are captured anew then.
    fn follow_monitors(&mut self) -> Result<bool, CaptureError> {
        self.monitors_seen = Instant::now();
        // between two modes there is none for a moment
        let Some(desktop) = macos::desktop().map_err(|error| lost(&error))? else {
            return Ok(false);
        };
        if desktop == self.desktop || !size_of(whole(&desktop)).is_supported() {
            return Ok(false);
        }
        self.desktop = desktop;
        let still = self.selected.and_then(|id| self.place(id).map(area_of));
        if self.keeps
            && still.is_none()
            && let Some(id) = self.selected
        {
            self.streams.clear();
            return Err(CaptureError::NoSuchMonitor { id });
        }
        if still.is_none() {
            self.selected = None;
        }
        self.area = still.unwrap_or_else(|| whole(&self.desktop));
        self.resized = true;
        self.begin()?;
        Ok(true)
    }

    fn place(&self, id: u32) -> Option<&Place> {
        self.desktop.places().iter().find(|place| place.id == id)
    }
}

impl ScreenSource for MacScreen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        Ok(named(&self.desktop))
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        self.area = match monitor {
            Some(id) => {
                let place = self.place(id);
                area_of(place.ok_or(CaptureError::NoSuchMonitor { id })?)
            }
            None => whole(&self.desktop),
        };
        self.selected = monitor;
        self.begin()
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
            if self.monitors_seen.elapsed() >= MONITORS_EVERY {
                self.follow_monitors()?;
            }
            changes.resized |= std::mem::take(&mut self.resized);
            changes.woken |= self.is_woken.swap(false, Ordering::AcqRel);
            if !self.told {
                self.look_again()?;
                if self.compared.differs(&self.seen) {
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
            let most = left.unwrap_or(MONITORS_EVERY).min(MONITORS_EVERY);
            match self.news.recv_timeout(most) {
                // This source holds a sender itself.
                Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        self.look_again()?;
        self.told = false;
        Ok(self.compared.grab(size_of(self.area), &self.seen, picture))
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        Ok(PointerState {
            x: 0,
            y: 0,
            visible: false,
            shape: None,
        })
    }

    fn waker(&self) -> CaptureWaker {
        let (tell, is_woken) = (self.tell.clone(), Arc::clone(&self.is_woken));
        CaptureWaker::new(move || {
            is_woken.store(true, Ordering::Release);
            // A full channel wakes already.
            tell.try_send(()).ok();
        })
    }
}

impl fmt::Debug for MacScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MacScreen")
            .field("area", &self.area)
            .finish_non_exhaustive()
    }
}

/// Finds out what is in the way. The user is asked once for each thing that macOS wants their word for.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    has_asked_to_see: bool,
    has_asked_to_act: bool,
}

impl Observer {
    pub(crate) fn obstacles(&mut self) -> Obstacles {
        let Some(session) = macos::login_session() else {
            return Obstacles {
                seeing: Some(Obstacle::NoDisplay),
                acting: Some(Obstacle::NoDisplay),
            };
        };
        let away = if !session.is_in_front {
            Some(Obstacle::OtherUser)
        } else if session.is_locked {
            Some(Obstacle::Locked)
        } else {
            None
        };
        let not_allowed = |may: fn() -> bool, asked: &mut bool, ask: fn() -> bool| {
            let may = may() || !std::mem::replace(asked, true) && ask();
            (!may).then_some(Obstacle::NotAllowed)
        };
        Obstacles {
            seeing: not_allowed(
                macos::may_see,
                &mut self.has_asked_to_see,
                macos::ask_to_see,
            )
            .or(away),
            acting: not_allowed(
                macos::may_act,
                &mut self.has_asked_to_act,
                macos::ask_to_act,
            )
            .or(away),
        }
    }

    /// See [`crate::Observer::monitors`].
    #[expect(
        clippy::unused_self,
        reason = "on other platforms it holds a connection"
    )]
    pub(crate) fn monitors(&mut self) -> Vec<Monitor> {
        let desktop = macos::desktop().ok().flatten();
        desktop.as_ref().map(named).unwrap_or_default()
    }
}

fn named(desktop: &Desktop) -> Vec<Monitor> {
    let places = (1..).zip(desktop.places());
    let monitors = places.map(|(number, place)| Monitor {
        id: place.id,
        name: format!("Display {number}"),
        area: area_of(place),
        primary: place.is_main,
    });
    monitors.collect()
}

fn area_of(place: &Place) -> Rect {
    Rect {
        x: place.left,
        y: place.top,
        width: place.width,
        height: place.height,
    }
}

/// What all displays lie in.
fn whole(desktop: &Desktop) -> Rect {
    let areas = || desktop.places().iter().map(area_of);
    Rect {
        x: 0,
        y: 0,
        width: areas().map(Rect::right).max().unwrap_or(0),
        height: areas().map(Rect::bottom).max().unwrap_or(0),
    }
}

fn size_of(area: Rect) -> PixelSize {
    PixelSize {
        width: area.width,
        height: area.height,
    }
}

fn lost(error: &io::Error) -> CaptureError {
    let reason = error.to_string();
    CaptureError::Lost { reason }
}
