//! What the user does with keyboard and buttons, told from what this sink does: the server reports
//! every press to whoever asks for the raw events of `XInput` 2, also while somebody has grabbed the keyboard.
//!
//! Which key it was is forgotten at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use x11::{Alarm, PatientConnection};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xinput::{self, ConnectionExt as _, EventMask, XIEventMask};

use crate::{InjectError, UserActed};

/// Raw events reach their watcher during a grab from this version on.
const XINPUT: (u16, u16) = (2, 1);
const ALL_MASTER_DEVICES: u16 = 1;
/// A press that the server has not reported for so long was none: that key was down already.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);

/// A key or a button of the display, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pressed {
    Key(u8),
    Button(u8),
}

/// The thread that watches, until this is dropped.
pub(super) struct UserWatch {
    shared: Arc<Shared>,
}

struct Shared {
    /// What this sink pressed and the server has not reported yet: how often, and when last.
    ours: Mutex<HashMap<Pressed, (u32, Instant)>>,
    alarm: Alarm,
    ended: AtomicBool,
}

impl UserWatch {
    /// Starts to watch `display`; `acted` is called for each press of the user.
    ///
    /// # Errors
    ///
    /// [`InjectError::Unsuitable`] where the server reports no raw events.
    pub(super) fn start(display: Option<&str>, acted: UserActed) -> Result<Self, InjectError> {
        let (connection, screen) = x11::connect_patiently(display)?;
        ask_for_presses(&connection, screen.root)?;
        let no_thread = |error: std::io::Error| InjectError::Unsuitable {
            reason: error.to_string(),
        };
        let shared = Arc::new(Shared {
            ours: Mutex::default(),
            alarm: Alarm::new().map_err(no_thread)?,
            ended: AtomicBool::new(false),
        });
        let watching = Arc::clone(&shared);
        // nobody waits for its end: it may itself be waiting for the server
        std::thread::Builder::new()
            .name("user-watch".to_owned())
            .spawn(move || {
                if let Err(error) = watching.run(&connection, &acted) {
                    tracing::debug!(%error, "The user's keys are not heard any more");
                }
            })
            .map_err(no_thread)?;
        Ok(Self { shared })
    }

    /// This sink is about to press that.
    pub(super) fn we_press(&self, what: Pressed) {
        let now = Instant::now();
        let mut ours = self.shared.ours();
        let (count, at) = ours.entry(what).or_insert((0, now));
        *count = if at.elapsed() < FORGOTTEN_AFTER {
            *count + 1
        } else {
            1
        };
        *at = now;
    }
}

impl Drop for UserWatch {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.shared.alarm.ring();
    }
}

impl fmt::Debug for UserWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // which keys are pressed belongs in no log
        f.debug_struct("UserWatch").finish_non_exhaustive()
    }
}

impl Shared {
    fn ours(&self) -> MutexGuard<'_, HashMap<Pressed, (u32, Instant)>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this press is one that the sink made; each counts once.
    fn is_ours(&self, what: Pressed) -> bool {
        let mut ours = self.ours();
        let Some((count, at)) = ours.get_mut(&what) else {
            return false;
        };
        let is_ours = *count > 0 && at.elapsed() < FORGOTTEN_AFTER;
        *count = count.saturating_sub(1);
        is_ours
    }

    /// The thread.
    fn run(&self, connection: &PatientConnection, acted: &UserActed) -> Result<(), InjectError> {
        while !self.ended.load(Ordering::Acquire) {
            while let Some(event) = connection.poll_for_event().map_err(|e| super::lost(&e))? {
                if pressed(&event).is_some_and(|what| !self.is_ours(what)) {
                    acted();
                }
            }
            let waited = self.alarm.wait(connection.stream(), None);
            waited.map_err(|error| super::lost(&error))?;
        }
        Ok(())
    }
}

/// What went down, if something did.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the server's hundred events only those that were asked for matter"
)]
fn pressed(event: &Event) -> Option<Pressed> {
    match event {
        Event::XinputRawKeyPress(press) => Some(Pressed::Key(u8::try_from(press.detail).ok()?)),
        Event::XinputRawButtonPress(press) => {
            Some(Pressed::Button(u8::try_from(press.detail).ok()?))
        }
        _ => None,
    }
}

fn ask_for_presses(connection: &PatientConnection, root: u32) -> Result<(), InjectError> {
    let unsuitable = || InjectError::Unsuitable {
        reason: "its display server does not tell the user's keys".to_owned(),
    };
    let names = &[xinput::X11_EXTENSION_NAME];
    let missing = x11::missing_extension(connection, names);
    if missing.map_err(|error| super::lost(&error))?.is_some() {
        return Err(unsuitable());
    }
    let ask = || -> Result<bool, ReplyError> {
        let (major, minor) = XINPUT;
        let has = connection.xinput_xi_query_version(major, minor)?.reply()?;
        let mask = EventMask {
            deviceid: ALL_MASTER_DEVICES,
            mask: vec![XIEventMask::RAW_KEY_PRESS | XIEventMask::RAW_BUTTON_PRESS],
        };
        connection.xinput_xi_select_events(root, &[mask])?.check()?;
        Ok((has.major_version, has.minor_version) >= XINPUT)
    };
    match ask() {
        Ok(true) => Ok(()),
        Ok(false) | Err(ReplyError::X11Error(_)) => Err(unsuitable()),
        Err(error) => Err(super::lost(&error)),
    }
}
