//! What a host's desk is equipped with: where its monitors stand, and what its keyboard is (S1, S2).

use serde::{Deserialize, Serialize};

use crate::control::Name;
use crate::screen::few_monitors;

/// One piece of it; each is said for itself, and replaces what was said of it before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Equipment {
    /// Where each monitor stands, at most [`MAX_MONITORS`](crate::limits::MAX_MONITORS). None where the user
    /// shares one monitor alone.
    Monitors(#[serde(deserialize_with = "few_monitors")] Vec<MonitorPlace>),
    Keyboard(HostKeyboard),
}

/// Where a monitor stands on the whole desktop, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorPlace {
    /// As in [`ScreenMonitor`](crate::ScreenMonitor).
    pub id: u32,
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// The keyboard of a computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKeyboard {
    /// The layout that is on now, as the system calls it: `English (US)`. Empty where it does not tell.
    pub layout: Name,
    /// What becomes of a character that is on none of its keys.
    pub unlisted: Unlisted,
}

/// How a host types a character that its layout lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unlisted {
    /// A key that means nothing gets it for a moment. Programs that read keys by their places miss it.
    SpareKey,
    /// As text, without a key.
    Text,
    /// It does not.
    Never,
}
