//! What travels on the streams of a session.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ids::SessionId;
use crate::wire::DecodeError;

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

impl ScreenFrame {
    /// Parses one body; the payload shares its memory.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] or [`DecodeError::TrailingBytes`].
    pub fn from_body(body: &Bytes) -> Result<Self, DecodeError> {
        /// The same fields in the same order, borrowed.
        #[derive(Deserialize)]
        struct Borrowed<'a> {
            seq: u64,
            captured_at_micros: u64,
            is_reset: bool,
            payload: &'a [u8],
        }
        match postcard::take_from_bytes::<Borrowed<'_>>(body) {
            Ok((frame, [])) => Ok(Self {
                seq: frame.seq,
                captured_at_micros: frame.captured_at_micros,
                is_reset: frame.is_reset,
                payload: body.slice_ref(frame.payload),
            }),
            Ok((_, rest)) => Err(DecodeError::TrailingBytes { extra: rest.len() }),
            // postcard's errors carry nothing beyond "does not parse"
            Err(_no_detail) => Err(DecodeError::Malformed),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{PREFIX_BYTES, decode, encode};

    #[test]
    fn a_frame_parses_in_place_as_it_parses_by_copy() {
        for payload in [&b""[..], b"x", &vec![0xa5; 70_000]] {
            let frame = ScreenFrame {
                seq: 300,
                captured_at_micros: u64::MAX,
                is_reset: true,
                payload: Bytes::copy_from_slice(payload),
            };
            let body = Bytes::from(encode(&frame, 1 << 20).expect("small")).slice(PREFIX_BYTES..);
            let parsed = ScreenFrame::from_body(&body);
            assert_eq!(parsed, Ok(frame));
            assert_eq!(parsed, decode(&body));
            for cut in [1, body.len() / 2, body.len()] {
                let rest = body.slice(..body.len() - cut);
                assert_eq!(ScreenFrame::from_body(&rest), Err(DecodeError::Malformed));
            }
        }
    }
}
