//! The screen codec: turns what changed on a screen into small updates, and back.
//!
//! An [`Encoder`] watches one [`Picture`] change and says what a viewer must be told; a [`Decoder`]
//! turns these updates into the same picture again, exactly. Both keep the same memory: the last
//! picture, a cache of tiles seen before, and the statistics of the pixel coder. So updates must all
//! arrive, and in order; a *reset* update stands alone and starts both sides anew.
//!
//! What an update holds, in the order it is applied (see [`mod@format`]):
//!
//! 1. *stores*: tiles of the old picture that are about to change and go into the cache,
//! 2. *moves*: rectangles copied from elsewhere in the old picture (scrolled text, dragged windows),
//! 3. *recalls*: tiles that come back out of the cache,
//! 4. *pixels*: whatever is left, through a context-modelled range coder,
//! 5. *natural*: photos, coarse at first, and a *video*,
//! 6. *photos*: such cells exactly, when they have rested.
//!
//! A video takes by far the longest to encode and to decode. Both can be done on another thread while updates of all
//! else go on ([`Encoder::defer_video`], [`Decoder::apply_but_video`]); what is told is the same.
//!
//! This crate knows no clock, no file and no network, and starts no thread; who encodes may lend one ([`Crew`]). The
//! decoder takes its input for hostile: memory and time are bounded by the picture's size and the update's length.

mod activity;
mod cache;
mod crew;
mod decoder;
mod encoder;
mod format;
mod geometry;
mod grid;
mod levels;
mod moves;
mod natural;
mod photo;
mod picture;
mod pixels;
mod prefix_code;
mod range_coder;
mod scale;
mod version;
mod video;
mod yuv420;

pub use crew::Crew;
pub use decoder::{Applied, DecodeError, DecodedVideo, Decoder, VideoPicture};
pub use encoder::{DamageHint, Encoder, Line, MadeVideo, Update, VideoJob};
pub use format::MAX_UPDATE_BYTES;
pub use geometry::{MAX_PIXELS, MAX_SIDE, PixelSize, Rect};
pub use levels::Level;
pub use picture::Picture;
pub use scale::Scaler;
pub use version::{FormatVersion, SUPPORTED, UnsupportedVersion, newest_common};
pub use video::VideoError;
pub use yuv420::{VideoColours, Yuv420};
