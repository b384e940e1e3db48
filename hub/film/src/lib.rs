//! Turns the recording of a session into a film: a standard MP4 that every player shows (D3).
//!
//! A recording holds what the host sent; this crate decodes it, draws the pointer, and encodes the
//! pictures again as H.264. The program `hub-film` around it is a process of its own, so that a
//! hostile recording can at worst end that process.
//!
//! # The film
//!
//! - Its time is the recording's time, so that chat and events keep their places. The first picture
//!   stands from the beginning, the last one until the end. A cut begins with what was seen then.
//! - A frame is written when something changed, at most [`Options::fps_max`] times a second, and
//!   otherwise every [`REPEAT_MILLIS`]; a key picture every [`KEY_MILLIS`], where players seek to.
//! - The canvas is as wide and as high as the widest and the highest screen of the session, but at
//!   most 3840 x 2160 or 2160 x 3840 (what the encoder takes). A smaller screen stands in its
//!   middle, a larger one is scaled down.
//! - Chat, events and changes of the monitors or their size are chapters (Nero's `chpl`), the first 255 of
//!   them; what an operator marked comes before the rest.
//! - While the line of the host or the hub is lost, the last picture stands, darker, with the words
//!   "connection lost"; while the user has paused, with "paused".
//! - What cannot be decoded leaves the last good picture standing until the next update that stands
//!   alone. An unfinished or damaged recording gives a film up to its last good entry; the
//!   [`Summary`] says so.
//!
//! Memory grows neither with the recording nor with the film. Whatever a host sent, it is at most 9
//! bytes for each pixel of the largest screen, 12 for each pixel of a video in it and 32 MiB, 26 for
//! each pixel of the film, and 72 MiB: 200 MiB for a screen of 1920 x 1080 with a video in all of it,
//! and never more than 1 GiB. (`tests/memory.rs` measures it.)

mod canvas;
mod caption;
mod chapters;
mod encoder;
mod export;
mod h264;
mod mp4;
mod pace;
mod playback;
pub mod sandbox;
mod scene;
mod still;

pub use encoder::EncodeError;
pub use export::{
    ExportError, MAX_FILM_MILLIS, Options, Shortfall, Summary, export, export_opened,
};
pub use pace::{KEY_MILLIS, REPEAT_MILLIS};
pub use playback::Playback;
pub use still::{Limits, StillError, still};
