//! What travels on the streams of a session.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ids::SessionId;

/// The first frame of every unidirectional stream: what the rest of it is.
///
/// A stream whose header does not fit its sender or the session's state is reset, and the sender is
/// told [`crate::RefusalCode::OUT_OF_PLACE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamHeader {
    /// Host to hub to operator: [`ScreenFrame`]s.
    Screen { session: SessionId },
    /// Host to hub to operator: [`PointerUpdate`]s.
    Pointer { session: SessionId },
    /// Operator to hub to host: sealed [`crate::InputEvent`]s, opaque to the hub.
    Input { session: SessionId },
    /// Operator to hub to host: [`ScreenAck`]s.
    Acks { session: SessionId },
}

/// One encoded screen update. The payload is opaque to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenFrame {
    /// Counts the updates of one session from 1.
    pub seq: u64,
    /// When the pixels were captured, in microseconds since the session started (host's clock).
    pub captured_at_micros: u64,
    /// The update stands alone: a viewer can begin here.
    pub is_reset: bool,
    pub payload: Bytes,
}

/// What the viewer says about the screen updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScreenAck {
    /// Everything up to `seq` has been decoded and handed to the screen.
    Shown { seq: u64 },
    /// The viewer starts anew and needs an update that stands alone.
    NeedReset,
}

/// Where the host's pointer is and, when it changed, what it looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointerUpdate {
    /// When, in microseconds since the session started (host's clock).
    pub at_micros: u64,
    /// Pixels of the shared screen; the hot spot.
    pub x: i32,
    pub y: i32,
    pub visible: bool,
    /// The pointer's picture, only when it differs from the last one sent.
    pub shape: Option<PointerShape>,
}

/// A pointer's picture.
///
/// INVARIANT: `rgba.len() == width * height * 4`, sides at most
/// [`crate::limits::MAX_POINTER_SIDE`]; [`PointerShape::is_sound`] tells, and every receiver asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointerShape {
    pub width: u16,
    pub height: u16,
    pub hot_x: u16,
    pub hot_y: u16,
    /// Rows from the top; red, green, blue, alpha, not premultiplied.
    pub rgba: Bytes,
}

impl PointerShape {
    /// Whether sizes and bytes belong together and are within the limits.
    pub fn is_sound(&self) -> bool {
        let max = crate::limits::MAX_POINTER_SIDE;
        self.width <= max
            && self.height <= max
            && self.rgba.len() == usize::from(self.width) * usize::from(self.height) * 4
    }
}
