//! A rectangle that keeps changing, as H.264 video.
//!
//! One [`VideoEncoder`] and one [`VideoDecoder`] belong to one rectangle for as long as it lasts. Each
//! picture is one access unit (annex B): constrained to what this program's encoder writes, which is
//! baseline profile, one reference picture, and parameter sets only before an IDR.
//!
//! Sides that are odd or below 16 are padded by repeating the edge, since the library takes no other.

mod openh264_encoder;
mod parameters;
mod planes;
mod rate;

use std::time::Duration;

use fearless_simd::dispatch;
use openh264::decoder::DecodedYUV;
use openh264::formats::YUVSource as _;

use self::openh264_encoder::{RawEncoder, Source};
use self::planes::{Planes, SPAN};
use self::rate::RateControl;
use crate::geometry::{PixelSize, Rect};
use crate::picture::Picture;
use crate::yuv420::{VideoColours, Yuv420};

/// The rate from which on a line counts as unlimited, in bits per second: enough for the finest
/// quality that is sent at all.
const AMPLE_BITS_PER_SECOND: u32 = 100_000_000;
/// Longest access unit that is looked at, in bytes: as long as one that is sent. The library keeps
/// three times the longest.
const MAX_ACCESS_UNIT_BYTES: usize = 4 << 20;

/// A picture could not be encoded or decoded.
///
/// After a failed decoding only an access unit that begins anew is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VideoError {
    #[error("no video can have {width} x {height} pixels")]
    UnsupportedSize { width: u32, height: u32 },
    #[error("the video encoder failed to {what} ({code})")]
    Encoder { what: &'static str, code: i32 },
    #[error("the video encoder left out a picture")]
    LeftOut,
    #[error("the video decoder failed: {0}")]
    Decoder(String),
    #[error("an access unit holds {0}")]
    Malformed(&'static str),
    #[error("an access unit holds a unit of kind {kind}")]
    UnexpectedUnit { kind: u8 },
    #[error("the video asks for {0}")]
    Unsupported(&'static str),
    #[error("the video has another size than its rectangle")]
    WrongSize,
    #[error("the video must begin anew")]
    KeyNeeded,
}

/// The size that is really encoded for a rectangle of `size`.
fn padded(size: PixelSize) -> Result<PixelSize, VideoError> {
    let PixelSize { width, height } = size;
    let side = |pixels: u32| pixels.max(16).next_multiple_of(2);
    // the library's limits
    let (long, short) = (width.max(height), width.min(height));
    if width == 0 || height == 0 || long > 3840 || short > 2160 {
        return Err(VideoError::UnsupportedSize { width, height });
    }
    Ok(PixelSize::new(side(width), side(height)))
}

/// Whether an access unit is short enough to be looked at.
pub(crate) fn check_length(unit: &[u8]) -> Result<(), VideoError> {
    if unit.len() > MAX_ACCESS_UNIT_BYTES {
        return Err(VideoError::Malformed("too many bytes"));
    }
    Ok(())
}

/// Whether `rect` has `size` and lies within `picture`.
fn fits(rect: Rect, size: PixelSize, picture: &Picture) -> bool {
    PixelSize::new(rect.width, rect.height) == size && picture.size().rect().contains(rect)
}

/// Encodes one rectangle of the screen.
pub(crate) struct VideoEncoder {
    /// Starts with the first picture: only then its rate is known.
    encoder: Option<RawEncoder>,
    size: PixelSize,
    padded: PixelSize,
    planes: Yuv420,
    rate: RateControl,
    quantiser: i32,
}

impl VideoEncoder {
    /// # Errors
    ///
    /// If the size is empty or larger than 3840 x 2160 (either way round).
    pub(crate) fn new(size: PixelSize) -> Result<Self, VideoError> {
        let padded = padded(size)?;
        Ok(Self {
            encoder: None,
            size,
            padded,
            planes: Yuv420::new(padded, VideoColours::Screen),
            rate: RateControl::new(padded.area()),
            quantiser: 0,
        })
    }

    /// Makes the next picture an IDR with parameter sets. The first one is without being asked.
    #[cfg(test)]
    pub(crate) fn force_key(&mut self) -> Result<(), VideoError> {
        self.encoder.as_mut().map_or(Ok(()), RawEncoder::force_key)
    }

    /// Takes in what lies in `rect` of `picture`, for [`Self::encode`].
    ///
    /// # Errors
    ///
    /// If `rect` has not the size of this video or is not within the picture.
    pub(crate) fn take(&mut self, picture: &Picture, rect: Rect) -> Result<(), VideoError> {
        if !fits(rect, self.size, picture) {
            return Err(VideoError::WrongSize);
        }
        self.planes.take(picture, rect);
        Ok(())
    }

    /// Encodes what was taken in last: one access unit, never empty.
    ///
    /// `now` is any clock that only goes forward; with it, a picture's share of `bits_per_second` is
    /// known. A picture can exceed its share; a line on which that goes on needs fewer pictures.
    /// From 100 Mbit/s on (so for `u32::MAX`) only the quality decides.
    ///
    /// # Errors
    ///
    /// If the library fails.
    pub(crate) fn encode(
        &mut self,
        now: Duration,
        bits_per_second: u32,
    ) -> Result<Vec<u8>, VideoError> {
        let limit = (bits_per_second < AMPLE_BITS_PER_SECOND).then_some(bits_per_second);
        let quantiser = self.rate.quantiser(now, limit);
        let encoder = if let Some(encoder) = &mut self.encoder {
            if quantiser != self.quantiser {
                encoder.set_quantiser(quantiser)?;
            }
            encoder
        } else {
            self.encoder
                .insert(RawEncoder::new(self.padded, quantiser)?)
        };
        self.quantiser = quantiser;
        let source = Source {
            luma: self.planes.luma(),
            blue: self.planes.blue(),
            red: self.planes.red(),
        };
        let bytes = encoder.encode(source, now)?;
        if bytes.is_empty() {
            return Err(VideoError::LeftOut);
        }
        // a sequence parameter set comes first in a whole picture
        let is_whole = bytes.get(4).is_some_and(|header| header & 0x1f == 7);
        self.rate.sent(bytes.len(), is_whole);
        Ok(bytes)
    }
}

impl std::fmt::Debug for VideoEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoEncoder")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Decodes what a [`VideoEncoder`] made for a rectangle of the same size.
///
/// The library's decoder cannot be cloned, so nothing that holds one can.
pub(crate) struct VideoDecoder {
    decoder: openh264::decoder::Decoder,
    size: PixelSize,
    padded: PixelSize,
    is_running: bool,
    processor: fearless_simd::Level,
}

impl VideoDecoder {
    /// # Errors
    ///
    /// If the size is empty or larger than 3840 x 2160 (either way round).
    pub(crate) fn new(size: PixelSize) -> Result<Self, VideoError> {
        Ok(Self {
            padded: padded(size)?,
            decoder: start_decoder()?,
            size,
            is_running: false,
            processor: fearless_simd::Level::new(),
        })
    }

    /// Decodes one access unit, the very picture it holds.
    ///
    /// # Errors
    ///
    /// If the bytes are not the next picture of this video; only an access unit that begins anew is accepted
    /// from there on.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<DecodedPicture<'_>, VideoError> {
        let was_running = std::mem::take(&mut self.is_running);
        check_length(bytes)?;
        if parameters::check_access_unit(bytes, self.padded)? {
            if !was_running {
                // whatever an earlier failure left behind
                self.decoder = start_decoder()?;
            }
        } else if !was_running {
            return Err(VideoError::KeyNeeded);
        }
        let decoded = self.decoder.decode(bytes);
        let decoded = decoded.map_err(|cause| VideoError::Decoder(cause.to_string()))?;
        let decoded = decoded.ok_or(VideoError::Malformed("no whole picture"))?;
        let picture = DecodedPicture {
            size: self.size,
            decoded,
            processor: self.processor,
        };
        if !picture.is_sound(self.padded) {
            return Err(VideoError::WrongSize);
        }
        self.is_running = true;
        Ok(picture)
    }
}

/// A picture of a video, in the memory of its decoder.
pub(crate) struct DecodedPicture<'a> {
    size: PixelSize,
    decoded: DecodedYUV<'a>,
    processor: fearless_simd::Level,
}

impl DecodedPicture<'_> {
    fn planes(&self) -> Planes<'_> {
        let (luma_stride, chroma_stride, _) = self.decoded.strides();
        Planes {
            luma: self.decoded.y(),
            blue: self.decoded.u(),
            red: self.decoded.v(),
            luma_stride,
            chroma_stride,
        }
    }

    /// Whether the planes are as large as a picture of `padded` needs them.
    fn is_sound(&self, padded: PixelSize) -> bool {
        let (width, height) = (padded.width as usize, padded.height as usize);
        let (_, blue_stride, red_stride) = self.decoded.strides();
        let planes = self.planes();
        let reaches = |plane: &[u8], stride: usize, width: usize, height: usize| {
            stride >= width && plane.len() >= stride * (height - 1) + width
        };
        self.decoded.dimensions() == (width, height)
            && blue_stride == red_stride
            && reaches(planes.luma, planes.luma_stride, width, height)
            && reaches(planes.blue, blue_stride, width / 2, height / 2)
            && reaches(planes.red, blue_stride, width / 2, height / 2)
    }

    /// Writes those pixels into `target` that lie in one of `cells` (in `target`'s coordinates, as `rect` is) and
    /// in `rect`.
    ///
    /// # Errors
    ///
    /// If `rect` has not the size of the video or is not within the picture.
    pub(crate) fn write(
        &self,
        target: &mut Picture,
        rect: Rect,
        cells: impl IntoIterator<Item = Rect>,
    ) -> Result<(), VideoError> {
        if !fits(rect, self.size, target) {
            return Err(VideoError::WrongSize);
        }
        let planes = self.planes();
        dispatch!(self.processor, _simd => {
            for cell in cells {
                if let Some(cell) = cell.intersect(rect) {
                    write_cell(&planes, target, rect, cell);
                }
            }
        });
        Ok(())
    }
}

/// Converts the pixels of `cell`, which lies in `rect`.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "becomes other instructions only within a function that is compiled for them"
)]
fn write_cell(planes: &Planes<'_>, target: &mut Picture, rect: Rect, cell: Rect) {
    let x = (cell.x - rect.x) as usize;
    for y in cell.y..cell.bottom() {
        let mut x = x;
        for span in target.span_mut(cell.x, y, cell.width).chunks_mut(SPAN) {
            planes.convert(x, (y - rect.y) as usize, span);
            x += SPAN;
        }
    }
}

fn start_decoder() -> Result<openh264::decoder::Decoder, VideoError> {
    openh264::decoder::Decoder::new().map_err(|cause| VideoError::Decoder(cause.to_string()))
}

impl std::fmt::Debug for VideoDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoDecoder")
            .field("size", &self.size)
            .field("is_running", &self.is_running)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
