//! Turns the recording of a session into a film: a standard MP4 that every player shows (D3).
//!
//! A recording holds what the host sent; this crate decodes it, draws the pointer, and encodes the
//! pictures again as H.264. The program `hub-film` around it is a process of its own, so that a
//! hostile recording can at worst end that process.
//!
//! # The film
//!
//! - Its time is the recording's time, so that chat and events keep their places. The first picture
//!   stands from the beginning, the last one until the end.
//! - A frame is written when something changed, at most [`Options::fps_max`] times a second, and
//!   otherwise every [`REPEAT_MILLIS`]; a key picture every [`KEY_MILLIS`], where players seek to.
//! - The canvas is as wide and as high as the widest and the highest screen of the session, but at
//!   most 3840 x 2160 or 2160 x 3840 (what the encoder takes). A smaller screen stands in its
//!   middle, a larger one is scaled down.
//! - What cannot be decoded leaves the last good picture standing until the next update that stands
//!   alone. An unfinished or damaged recording gives a film up to its last good entry; the
//!   [`Summary`] says so.
//!
//! Memory is bounded by the canvas (about 16 bytes a pixel, the encoder's included) and by 12 bytes
//! for each frame of the film.

mod canvas;
mod encoder;
mod export;
mod h264;
mod mp4;
mod pace;
mod scene;

pub use encoder::EncodeError;
pub use export::{ExportError, MAX_FILM_MILLIS, Options, Shortfall, Summary, export};
pub use pace::{KEY_MILLIS, REPEAT_MILLIS};
