//! What the system knows of the session that is shown (logind).

use std::collections::HashMap;
use std::time::Duration;

use zbus::zvariant::OwnedValue;

/// How long the system may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the system knows of the session that this program runs in.
#[derive(Debug, Default)]
pub(crate) struct LoginSession {
    pub(crate) wayland: bool,
    pub(crate) locked: bool,
    /// Another session is in front of the screen.
    pub(crate) in_background: bool,
}

impl LoginSession {
    pub(crate) fn ask() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let kind = std::env::var("XDG_SESSION_TYPE").unwrap_or_default();
        let mut desk = Self {
            wayland: is_set("WAYLAND_DISPLAY") || kind == "wayland",
            ..Self::default()
        };
        match session_properties() {
            Ok(known) => {
                let flag = |name| known.get(name).and_then(|value| bool::try_from(value).ok());
                desk.locked = flag("LockedHint") == Some(true);
                desk.in_background = flag("Active") == Some(false);
                let kind = known
                    .get("Type")
                    .and_then(|value| <&str>::try_from(value).ok());
                desk.wayland |= kind == Some("wayland");
            }
            // no logind, or not in a session of it
            Err(error) => tracing::debug!(%error, "The system knows no session"),
        }
        desk
    }
}

/// What logind knows of the session that this program runs in, or that its user has on the screen.
fn session_properties() -> zbus::Result<HashMap<String, OwnedValue>> {
    let system = zbus::blocking::connection::Builder::system()?
        .method_timeout(PATIENCE)
        .build()?;
    let answer = system.call_method(
        Some("org.freedesktop.login1"),
        "/org/freedesktop/login1/session/auto",
        Some("org.freedesktop.DBus.Properties"),
        "GetAll",
        &("org.freedesktop.login1.Session",),
    )?;
    answer.body().deserialize()
}
