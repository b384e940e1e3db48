//! The screen of a Wayland session whose compositor lets programs copy its outputs (wlr-screencopy).
//!
//! Each change is an event of the compositor, and nothing here has a timer, but where an output cannot be
//! copied: then it is tried again some times a second.
//!
//! The protocol does not tell where the pointer is, or what it looks like: it is a part of the picture, and
//! [`ScreenSource::pointer`] knows nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};
use wayland::{ConnectError, Lost, Session};
use x11::Alarm;

use crate::tiles::TileGrid;
use crate::{CaptureError, CaptureWaker, Changes, Monitor, PointerState, ScreenSource};

mod obstacles;

pub(crate) use obstacles::Observer;

/// How often an output is tried again that could not be copied.
const RETRY_EVERY: Duration = Duration::from_millis(100);
/// For so long the first copy of an output is waited for; one that is off gives none.
const FIRST_COPY: Duration = Duration::from_secs(1);

/// The outputs of a compositor.
#[derive(Debug)]
pub struct WaylandScreen {
    session: Session,
    /// The state of the outputs that `area` and `shown` were made of.
    changes_seen: u64,
    selected: Option<u32>,
    /// Nothing but the selected monitor is ever shared.
    keeps: bool,
    area: Rect,
    /// The outputs in it, and where they are on the desktop.
    shown: Vec<(u32, Rect)>,
    /// The next grab copies the whole area.
    everything: bool,
    /// That there is something to grab was told.
    told: bool,
    /// What was found outside of a wait, for the next one to tell.
    untold: Changes,
    wake: Arc<Alarm>,
}

impl WaylandScreen {
    /// Opens the session at a socket, or the one that `WAYLAND_DISPLAY` names. Nothing is copied before the first grab or wait.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoDisplay`] when nothing answers there, [`CaptureError::Unsuitable`] when the
    /// compositor lets programs copy nothing.
    pub fn open(socket: Option<&Path>) -> Result<Self, CaptureError> {
        let session = Session::connect(socket)?;
        if !session.offers().frames {
            let reason = "its compositor does not let programs see it".to_owned();
            return Err(CaptureError::Unsuitable { reason });
        }
        let wake = Alarm::new().map_err(|error| CaptureError::Lost {
            reason: error.to_string(),
        })?;
        let mut opened = Self {
            changes_seen: session.changes(),
            session,
            selected: None,
            keeps: false,
            area: Rect::default(),
            shown: Vec::new(),
            everything: true,
            told: false,
            untold: Changes {
                screen: true,
                pointer_moved: true,
                pointer_shape: true,
                ..Changes::default()
            },
            wake: Arc::new(wake),
        };
        opened.refresh()?;
        Ok(opened)
    }

    /// Finds the selected monitor, and the outputs to watch.
    fn refresh(&mut self) -> Result<(), CaptureError> {
        self.changes_seen = self.session.changes();
        let desk = self.session.desk();
        let mut area = desk.area();
        let mut outputs = desk.outputs().to_vec();
        if let Some(id) = self.selected {
            match desk.outputs().iter().find(|output| output.id == id) {
                Some(output) => {
                    area = output.area;
                    outputs.retain(|output| output.id == id);
                }
                None if self.keeps => return Err(CaptureError::NoSuchMonitor { id }),
                None => self.selected = None,
            }
        }
        if outputs.is_empty() && !self.area.is_empty() {
            // none for a while, as with a closed lid: then there is nothing to see
            area = self.area;
        } else if outputs.is_empty() || !area.size().is_supported() {
            let reason = format!("its size is {} x {} pixels", area.width, area.height);
            return Err(CaptureError::Unsuitable { reason });
        }
        let shown: Vec<_> = outputs
            .iter()
            .map(|output| (output.id, output.area))
            .collect();
        if (area, &shown) != (self.area, &self.shown) {
            self.everything = true;
            self.area = area;
            self.shown = shown;
        }
        Ok(())
    }

    /// Has the outputs copied that are shown, and no others.
    fn watch(&mut self) {
        let ids: Vec<u32> = self.shown.iter().map(|(id, _)| *id).collect();
        self.session.watch(&ids);
    }

    /// Takes notice of what the compositor has said.
    fn follow(&mut self, changes: &mut Changes) -> Result<(), CaptureError> {
        self.session.check_copying()?;
        if self.session.changes() != self.changes_seen {
            let before = (self.area, self.shown.clone());
            self.refresh()?;
            changes.resized |= before != (self.area, self.shown.clone());
            self.watch();
        }
        let has_news =
            self.everything || self.shown.iter().any(|(id, _)| self.session.has_news(*id));
        if has_news && !self.told {
            self.told = true;
            changes.screen = true;
        }
        Ok(())
    }

    /// Waits until every output was copied once, and not for long.
    fn wait_for_copies(&mut self) -> Result<(), CaptureError> {
        let deadline = Instant::now() + FIRST_COPY;
        loop {
            let is_there = self.shown.iter().all(|(id, _)| self.session.has_copy(*id));
            let left = deadline.saturating_duration_since(Instant::now());
            if is_there || left.is_zero() {
                return Ok(());
            }
            self.session.retry();
            let wake = Arc::clone(&self.wake);
            let left = left.min(RETRY_EVERY);
            self.session.wait(|socket| wake.wait(&socket, Some(left)))?;
            self.session.check_copying()?;
        }
    }
}

impl ScreenSource for WaylandScreen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        Ok(monitors_of(&self.session))
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        if let Some(id) = monitor
            && !monitors_of(&self.session).iter().any(|m| m.id == id)
        {
            return Err(CaptureError::NoSuchMonitor { id });
        }
        self.selected = monitor;
        self.everything = true;
        self.told = false;
        let area_before = self.area;
        self.refresh()?;
        self.untold.resized |= self.area != area_before;
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
        *changes = std::mem::take(&mut self.untold);
        self.watch();
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut retried = Instant::now();
        loop {
            self.session.take_events()?;
            self.follow(changes)?;
            changes.woken |= self.wake.rang();
            let now = Instant::now();
            let mut left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            if changes.any() || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            if self.session.has_failed() {
                if now.saturating_duration_since(retried) >= RETRY_EVERY {
                    retried = now;
                    self.session.retry();
                }
                left = Some(left.map_or(RETRY_EVERY, |left| left.min(RETRY_EVERY)));
            }
            let wake = Arc::clone(&self.wake);
            self.session.wait(|socket| wake.wait(&socket, left))?;
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        self.session.take_events()?;
        let mut untold = std::mem::take(&mut self.untold);
        let followed = self.follow(&mut untold);
        untold.screen = false;
        self.untold = untold;
        followed?;
        self.told = false;
        let size = self.area.size();
        let is_new = self.everything || picture.size() != size;
        if is_new {
            self.watch();
            self.wait_for_copies()?;
            // where no output is, nothing is: it must not be what was there before
            *picture = Picture::new(size);
        }
        let mut places = Vec::new();
        for (id, area) in &self.shown {
            let corner = (area.x - self.area.x, area.y - self.area.y);
            let changed = self.session.take_copy(*id, is_new, corner, picture);
            places.extend(changed.iter().map(|place| {
                let (x, y) = (corner.0 + place.x, corner.1 + place.y);
                Rect::new(x, y, place.width, place.height)
            }));
        }
        self.everything = false;
        if is_new {
            return Ok(vec![size.rect()]);
        }
        Ok(apart(places, size))
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        // Visible, as it is in the picture; outside, as nobody knows where. So the viewer's own pointer stays
        // what it is, which never lags.
        Ok(PointerState {
            x: -1,
            y: -1,
            visible: true,
            shape: None,
        })
    }

    fn waker(&self) -> CaptureWaker {
        let wake = Arc::clone(&self.wake);
        CaptureWaker::new(move || wake.ring())
    }
}

/// Places that do not overlap, and cover these.
fn apart(places: Vec<Rect>, size: PixelSize) -> Vec<Rect> {
    let overlap = |index: usize, place: &Rect| {
        let mut others = places[index + 1..].iter();
        others.any(|other| place.intersect(*other).is_some_and(|both| !both.is_empty()))
    };
    if !places
        .iter()
        .enumerate()
        .any(|(index, place)| overlap(index, place))
    {
        return places;
    }
    let mut grid = TileGrid::new(size);
    for place in places {
        grid.touch(place);
    }
    grid.rects()
}

fn monitors_of(session: &Session) -> Vec<Monitor> {
    let desk = session.desk();
    let outputs = desk.outputs().iter().enumerate();
    let monitors = outputs.map(|(index, output)| Monitor {
        id: output.id,
        name: output.name.clone(),
        area: output.area,
        // the compositor has no main one
        primary: index == 0,
    });
    monitors.collect()
}

impl From<ConnectError> for CaptureError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

impl From<Lost> for CaptureError {
    fn from(error: Lost) -> Self {
        Self::Lost {
            reason: error.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_overlap_become_tiles_and_others_stay() {
        let size = PixelSize::new(640, 480);
        let alone = vec![Rect::new(1, 2, 30, 40), Rect::new(100, 2, 3, 4)];
        assert_eq!(apart(alone.clone(), size), alone);
        let both = vec![Rect::new(1, 2, 30, 40), Rect::new(10, 10, 70, 4)];
        assert_eq!(apart(both, size), [Rect::new(0, 0, 128, 64)]);
    }
}
