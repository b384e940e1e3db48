//! What travels on the streams of a session.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::control::Name;
use crate::limits::MAX_MONITORS;
use crate::wire::{self, DecodeError};

/// One encoded screen update. The payload is opaque to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenFrame {
    /// Counts the updates of one session from 1.
    pub seq: u64,
    /// When the pixels were captured, in microseconds since the session started (host's clock).
    pub captured_at_micros: u64,
    /// What the picture is of. Told with an update that stands alone, and only with one: a viewer
    /// can begin here.
    pub layout: Option<ScreenLayout>,
    pub payload: Bytes,
}

/// The monitors of the host, and which of them is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenLayout {
    /// The primary one first; at most [`MAX_MONITORS`].
    #[serde(deserialize_with = "few_monitors")]
    pub monitors: Vec<ScreenMonitor>,
    /// The id of the shared monitor; `None` is the whole desktop.
    pub shared: Option<u32>,
    /// Size of the shared area on the host, in its pixels. The picture is smaller where the viewer
    /// wished so.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// The size of the picture, in hundredths of the shared area.
    pub percent: u8,
}

/// Reads a list that is refused before it takes more memory than [`MAX_MONITORS`] need.
pub(crate) fn few_monitors<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Few<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX_MONITORS} monitors")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut monitors = Vec::new();
            while let Some(monitor) = list.next_element()? {
                if monitors.len() == MAX_MONITORS {
                    return Err(serde::de::Error::invalid_length(MAX_MONITORS + 1, &self));
                }
                monitors.push(monitor);
            }
            Ok(monitors)
        }
    }

    deserializer.deserialize_seq(Few(PhantomData))
}

/// One monitor of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenMonitor {
    /// Stays the same while the monitor is connected.
    pub id: u32,
    pub name: Name,
    /// Size in pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
}

impl ScreenFrame {
    /// Whether the update stands alone.
    pub fn is_reset(&self) -> bool {
        self.layout.is_some()
    }

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
            layout: Option<ScreenLayout>,
            payload: &'a [u8],
        }
        let frame: Borrowed<'_> = wire::decode_borrowed(body)?;
        Ok(Self {
            seq: frame.seq,
            captured_at_micros: frame.captured_at_micros,
            layout: frame.layout,
            payload: body.slice_ref(frame.payload),
        })
    }
}

/// What the viewer says to the host about the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ViewerMessage {
    /// Everything up to `seq` has been decoded and handed to the screen.
    Shown {
        seq: u64,
        /// How long that took once all of `seq` was here, in microseconds: the host takes what is
        /// left of the round trip for the line's.
        held_micros: u32,
    },
    /// The viewer starts anew and needs an update that stands alone.
    NeedReset,
    /// How the viewer wants to see the screen from now on (S2, S3).
    Wish(ViewWish),
}

/// How a viewer wants to see a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewWish {
    pub depth: ColourDepth,
    /// Size of the picture in hundredths of the shared area, 10 to 100; the host takes the nearest.
    pub percent: u8,
    /// The id of one monitor, or `None` for the whole desktop. A monitor that is gone counts as
    /// `None`.
    pub monitor: Option<u32>,
}

impl Default for ViewWish {
    fn default() -> Self {
        Self {
            depth: ColourDepth::True,
            percent: 100,
            monitor: None,
        }
    }
}

/// How much colour travels (S3). Text arrives exactly at every depth, in the colours that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ColourDepth {
    /// Every pixel exactly, always.
    Lossless,
    /// Photos and films coarse at first, everything exact at rest.
    #[default]
    True,
    /// 5 bits for each channel.
    Bits15,
    /// 256 colours, 16 of them greys.
    Bits8,
    /// 16 levels of grey.
    Grey,
}

/// Where the host's pointer is and, when it changed, what it looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointerUpdate {
    /// Counts the updates of one session from 1.
    pub seq: u64,
    /// When, in microseconds since the session started (host's clock).
    pub at_micros: u64,
    /// Pixels of the picture; the hot spot.
    pub x: i32,
    pub y: i32,
    pub visible: bool,
    /// The pointer's picture, only when it differs from the last one sent.
    pub shape: Option<PointerShape>,
}

impl PointerUpdate {
    /// What a film keeps of one body on the wire: everything but the number, so that films look the
    /// same as before numbers were sent.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] or [`DecodeError::TrailingBytes`], also for an unsound shape.
    pub fn to_film(body: &Bytes) -> Result<Bytes, DecodeError> {
        let update: Self = wire::decode(body)?;
        if update.shape.is_some_and(|shape| !shape.is_sound()) {
            return Err(DecodeError::Malformed);
        }
        let (_seq, kept) =
            postcard::take_from_bytes::<u64>(body).map_err(|_no_detail| DecodeError::Malformed)?;
        Ok(body.slice_ref(kept))
    }

    /// Reads what a film keeps; the number is 0.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] or [`DecodeError::TrailingBytes`].
    pub fn from_film(kept: &[u8]) -> Result<Self, DecodeError> {
        let mut body = Vec::with_capacity(kept.len() + 1);
        body.push(0);
        body.extend_from_slice(kept);
        wire::decode(&body)
    }
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
    use crate::limits::{MAX_NAME_BYTES, MAX_SCREEN_FRAME_BYTES, MAX_SCREEN_UPDATE_BYTES};
    use crate::wire::{PREFIX_BYTES, decode, encode};

    #[test]
    fn more_monitors_than_the_limit_are_refused() {
        let mut layout = layout();
        let one = layout.monitors[0].clone();
        layout.monitors = vec![one; MAX_MONITORS];
        let body = |layout: &ScreenLayout| {
            let frame = encode(layout, 1 << 20).expect("small");
            frame[PREFIX_BYTES..].to_vec()
        };
        assert_eq!(decode(&body(&layout)), Ok(layout.clone()));
        layout.monitors.push(layout.monitors[0].clone());
        let refused = decode::<ScreenLayout>(&body(&layout));
        assert_eq!(refused, Err(DecodeError::Malformed));
    }

    #[test]
    fn films_keep_pointers_without_their_numbers() {
        let update = PointerUpdate {
            seq: 300,
            at_micros: 70_000,
            x: -1,
            y: 9,
            visible: true,
            shape: None,
        };
        let frame = encode(&update, 1024).expect("small");
        let kept = PointerUpdate::to_film(&Bytes::copy_from_slice(&frame[PREFIX_BYTES..]));
        let kept = kept.expect("sound");
        // as films have had it from the first on: time, place, visible, no shape
        assert_eq!(kept[..], [0xf0, 0xa2, 0x04, 0x01, 0x12, 0x01, 0x00]);
        let read = PointerUpdate::from_film(&kept).expect("as it was kept");
        assert_eq!(read, PointerUpdate { seq: 0, ..update });
    }

    #[test]
    fn the_largest_update_fits_into_a_frame_with_the_longest_layout() {
        let monitor = ScreenMonitor {
            id: u32::MAX,
            name: crate::BoundedText::cut("x".repeat(MAX_NAME_BYTES)),
            width: u32::MAX,
            height: u32::MAX,
        };
        let frame = ScreenFrame {
            seq: u64::MAX,
            captured_at_micros: u64::MAX,
            layout: Some(ScreenLayout {
                monitors: vec![monitor; MAX_MONITORS],
                shared: Some(u32::MAX),
                width: u32::MAX,
                height: u32::MAX,
                percent: u8::MAX,
            }),
            payload: vec![0xa5; MAX_SCREEN_UPDATE_BYTES].into(),
        };
        assert!(encode(&frame, MAX_SCREEN_FRAME_BYTES).is_ok());
    }

    fn layout() -> ScreenLayout {
        ScreenLayout {
            monitors: vec![ScreenMonitor {
                id: 3,
                name: "eDP-1".into(),
                width: 1920,
                height: 1080,
            }],
            shared: Some(3),
            width: 1920,
            height: 1080,
            percent: 50,
        }
    }

    #[test]
    fn a_frame_parses_in_place_as_it_parses_by_copy() {
        for payload in [&b""[..], b"x", &vec![0xa5; 70_000]] {
            let frame = ScreenFrame {
                seq: 300,
                captured_at_micros: u64::MAX,
                layout: Some(layout()),
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
