//! The screen copied by GDI: what each Windows can do, also in a remote desktop and under Wine.
//!
//! GDI tells of no change. So while somebody waits, the clock of the last input is looked at every [`PULSE`], which
//! costs next to nothing, and the pixels are compared [`LOOKS_AT_REST`] times a second, and soon after each input or
//! change.

use std::io;
use std::time::{Duration, Instant};

use codec::{Picture, Rect};

use super::api::{self, Canvas, FineClock};
use super::size_of;
use crate::compared::Compared;

/// How often somebody who waits looks whether there was input.
pub(super) const PULSE: Duration = Duration::from_millis(4);
/// How often the pixels are compared where nothing moves.
const LOOKS_AT_REST: u32 = 15;
/// How long after an input or a change they are compared at each pulse.
const ALERT: Duration = Duration::from_millis(300);

pub(super) struct Copied {
    canvas: Canvas,
    compared: Compared,
    pace: Pace,
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

impl Copied {
    /// # Errors
    ///
    /// That there is no memory for a picture of that size.
    pub(super) fn new(area: Rect) -> io::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            canvas: Canvas::new(size_of(area))?,
            compared: Compared::default(),
            pace: Pace {
                looked: now,
                stirred: now,
                last_input: api::last_input(),
            },
            _clock: FineClock::start(),
        })
    }

    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.pace.is_due(now, api::last_input()) || self.compared.is_first()
    }

    /// Copies the area, of a desktop that begins at `origin`. What cannot be seen now, as a question of Windows itself,
    /// stays as it was.
    ///
    /// # Errors
    ///
    /// That there is no memory for a picture of that size.
    pub(super) fn copy(&mut self, area: Rect, origin: (i32, i32)) -> io::Result<()> {
        if self.canvas.size() != size_of(area) {
            self.canvas = Canvas::new(size_of(area))?;
            self.compared.forget();
        }
        let at = |along: u32, origin: i32| i32::try_from(i64::from(along) + i64::from(origin));
        let from = at(area.x, origin.0).and_then(|left| Ok((left, at(area.y, origin.1)?)));
        if let Err(error) = self.canvas.copy_screen(from.map_err(io::Error::other)?) {
            tracing::debug!(%error, "The screen cannot be seen now");
        }
        self.pace.looked = Instant::now();
        Ok(())
    }

    /// Whether what was copied differs from what was grabbed last.
    pub(super) fn differs(&mut self, now: Instant) -> bool {
        let differs = self.compared.differs(self.canvas.pixels());
        if differs {
            self.pace.stirred = now;
        }
        differs
    }

    pub(super) fn grab(&mut self, picture: &mut Picture) -> Vec<Rect> {
        let size = self.canvas.size();
        self.compared.grab(size, self.canvas.pixels(), picture)
    }
}
