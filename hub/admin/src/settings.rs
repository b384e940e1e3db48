//! What the window remembers from run to run. Passwords are not among it.

use desktop::WindowPlace;
use serde::{Deserialize, Serialize};
use ui_kit::{Lang, ThemeChoice};

/// Settings of the administrator's window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The hub's address as it was typed.
    pub hub: String,
    /// The hub's fingerprint, 64 hexadecimal digits.
    pub fingerprint: String,
    pub user: String,
    /// `None` follows the system.
    pub language: Option<Lang>,
    pub theme: ThemeChoice,
    pub window: Option<WindowPlace>,
}

impl Settings {
    pub fn lang(&self) -> Lang {
        self.language.unwrap_or_else(Lang::from_system)
    }
}
