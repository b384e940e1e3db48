//! What is in the way on an X11 desktop: what the server lacks, what it is, and what the system knows of
//! the session that it shows.

use std::path::PathBuf;

use codec::PixelSize;
use x11::PatientConnection;
use x11rb::connection::RequestConnection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::dpms::{self, ConnectionExt as _};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::screensaver::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, Screen, Window};
use x11rb::protocol::{xkb, xtest};

use super::pixels::PixelReader;
use crate::login_session::LoginSession;
use crate::{CaptureError, Monitor, Obstacle, Obstacles};

/// Looks again and again. A look over a connection of its own would be a program that comes and goes for
/// everybody who watches the display.
#[derive(Default)]
pub(crate) struct Observer {
    display: Option<(PatientConnection, Screen)>,
    /// Where it is, as [`x11::place`] says.
    place: Option<PathBuf>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl Observer {
    /// What is in the way of the display that `DISPLAY` names.
    pub(crate) fn obstacles(&mut self) -> Obstacles {
        let desk = LoginSession::ask();
        self.connect();
        let Some((conn, screen)) = &self.display else {
            return Obstacles {
                seeing: Some(Obstacle::NoDisplay),
                acting: None,
            };
        };
        match look(conn, screen, &desk) {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "Display not asked to the end");
                self.display = None;
                Obstacles::default()
            }
        }
    }
}

impl Observer {
    /// Connects where it is not connected, or to another display than the one that is meant now.
    fn connect(&mut self) {
        let place = x11::place();
        if self.display.is_none() || self.place != place {
            self.display = x11::connect_patiently(None).ok();
            self.place = place;
        }
    }

    /// The monitors of that display.
    pub(crate) fn monitors(&mut self) -> Vec<Monitor> {
        self.connect();
        let Some((conn, screen)) = &self.display else {
            return Vec::new();
        };
        monitors(conn, screen.root).unwrap_or_else(|error| {
            tracing::debug!(%error, "Monitors not told");
            self.display = None;
            Vec::new()
        })
    }
}

fn monitors(conn: &PatientConnection, root: Window) -> Result<Vec<Monitor>, CaptureError> {
    let lost = |error: ReplyError| super::lost(&error);
    let has_randr = conn.extension_information(randr::X11_EXTENSION_NAME);
    if has_randr.map_err(|error| lost(error.into()))?.is_none() {
        return Ok(Vec::new());
    }
    let geometry = conn
        .get_geometry(root)
        .map_err(|error| lost(error.into()))?;
    let geometry = geometry.reply().map_err(lost)?;
    let desktop = PixelSize {
        width: geometry.width.into(),
        height: geometry.height.into(),
    };
    super::monitors_on(conn, root, desktop)
}

fn look(
    conn: &PatientConnection,
    screen: &Screen,
    desk: &LoginSession,
) -> Result<Obstacles, ReplyError> {
    let lacks = |names: &[&'static str]| x11::missing_extension(conn, names);
    let no_input = lacks(&[xtest::X11_EXTENSION_NAME, xkb::X11_EXTENSION_NAME])?.is_some();
    let is_suitable =
        super::require_extensions(conn).is_ok() && PixelReader::new(conn, screen).is_ok();
    let seeing = if is_xwayland(conn, screen)? {
        Some(Obstacle::Wayland)
    } else if !is_suitable {
        Some(Obstacle::Unsuitable)
    } else if desk.locked {
        Some(Obstacle::Locked)
    } else if desk.in_background || is_of_another_user(conn) {
        Some(Obstacle::OtherUser)
    } else if desk.wayland {
        Some(Obstacle::BesideWayland)
    } else if is_dark(conn, screen)? {
        Some(Obstacle::Blank)
    } else {
        None
    };
    Ok(Obstacles {
        seeing,
        acting: no_input.then_some(Obstacle::NoInput),
    })
}

/// Whether the server is the one that a Wayland desktop keeps: newer ones say so by an extension, all by
/// the names of their monitors.
fn is_xwayland(conn: &PatientConnection, screen: &Screen) -> Result<bool, ReplyError> {
    const NAME: &str = "XWAYLAND";
    if conn.extension_information(NAME)?.is_some() {
        return Ok(true);
    }
    if conn
        .extension_information(randr::X11_EXTENSION_NAME)?
        .is_none()
    {
        return Ok(false);
    }
    let resources = conn
        .randr_get_screen_resources_current(screen.root)?
        .reply()?;
    for output in resources.outputs {
        let info = conn.randr_get_output_info(output, resources.config_timestamp)?;
        if info.reply()?.name.starts_with(NAME.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the monitors are off, or a screen saver shows.
fn is_dark(conn: &PatientConnection, screen: &Screen) -> Result<bool, ReplyError> {
    if conn
        .extension_information(screensaver::X11_EXTENSION_NAME)?
        .is_some()
    {
        let saver = conn.screensaver_query_info(screen.root)?.reply()?;
        if saver.state == u8::from(screensaver::State::ON) {
            return Ok(true);
        }
    }
    if conn
        .extension_information(dpms::X11_EXTENSION_NAME)?
        .is_some()
    {
        let power = conn.dpms_info()?.reply()?;
        return Ok(power.state && power.power_level != dpms::DPMSMode::ON);
    }
    Ok(false)
}

/// Whether the server runs for another user.
fn is_of_another_user(conn: &PatientConnection) -> bool {
    let Some(owner) = conn.stream().server_user() else {
        return false; // on another machine
    };
    let through_sudo = std::env::var("SUDO_UID").ok();
    let through_sudo = through_sudo.and_then(|user| user.parse().ok());
    is_anothers(owner, x11::this_user(), through_sudo)
}

/// What runs for the system may be anybody's, and a service of the system serves anybody.
fn is_anothers(owner: u32, this: u32, through_sudo: Option<u32>) -> bool {
    const SYSTEM: u32 = 0;
    let is_service = this == SYSTEM && through_sudo.is_none();
    owner != SYSTEM && owner != this && Some(owner) != through_sudo && !is_service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_the_system_sees_anybodys_display_and_others_their_own() {
        const ANNA: u32 = 1000;
        const BRUNO: u32 = 1001;
        assert!(is_anothers(ANNA, BRUNO, None));
        assert!(is_anothers(ANNA, 0, Some(BRUNO)), "root for somebody else");
        assert!(!is_anothers(ANNA, 0, None), "a service");
        assert!(!is_anothers(ANNA, 0, Some(ANNA)));
        assert!(!is_anothers(ANNA, ANNA, None));
        assert!(!is_anothers(0, ANNA, None), "a display manager's");
    }
}
