//! A rectangle that keeps changing, as H.264 video.
//!
//! One [`VideoEncoder`] and one [`VideoDecoder`] belong to one rectangle for as long as it lasts. Each
//! picture is one access unit (annex B): constrained to what this program's encoder writes, which is
//! baseline profile, one reference picture, and parameter sets only before an IDR.
//!
//! A large one has fewer pixels than its rectangle: see [`Detail`]. Sides that are odd or below 16 are padded by
//! repeating the edge, since the library takes no other.

mod detail;
mod openh264_encoder;
mod parameters;
mod planes;
mod rate;

use std::time::Duration;

use fearless_simd::dispatch;
use openh264::decoder::DecodedYUV;
use openh264::formats::YUVSource as _;

pub(crate) use self::detail::Detail;
use self::detail::{Sizes, SmallPlane};
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
    detail: Detail,
    coded: PixelSize,
    planes: Yuv420,
    small: SmallPlanes,
    rate: RateControl,
    quantiser: i32,
}

/// What is encoded of a video that has fewer pixels than its rectangle.
#[derive(Default)]
struct SmallPlanes {
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
    row: Vec<u16>,
}

impl SmallPlanes {
    /// Shrinks `planes` to a picture of `coded`.
    fn take(&mut self, planes: &Yuv420, detail: Detail, coded: PixelSize) {
        let Self {
            luma,
            blue,
            red,
            row,
        } = self;
        let area = coded.width as usize * coded.height as usize;
        let width = planes.size().width as usize;
        luma.resize(area, 0);
        blue.resize(area / 4, 0);
        red.resize(area / 4, 0);
        let processor = fearless_simd::Level::new();
        for (plane, width, small) in [
            (planes.luma(), width, luma),
            (planes.blue(), width / 2, blue),
            (planes.red(), width / 2, red),
        ] {
            dispatch!(processor, _simd => detail.shrink(plane, width, small, row));
        }
    }
}

impl VideoEncoder {
    /// # Errors
    ///
    /// If the size is empty, or no video can be as large or as small.
    pub(crate) fn new(size: PixelSize, detail: Detail) -> Result<Self, VideoError> {
        let Sizes { padded, coded } = detail.sizes(size)?;
        Ok(Self {
            encoder: None,
            size,
            detail,
            coded,
            planes: Yuv420::new(padded, VideoColours::Screen),
            small: SmallPlanes::default(),
            rate: RateControl::new(coded.area(), detail.finest()),
            quantiser: 0,
        })
    }

    pub(crate) fn detail(&self) -> Detail {
        self.detail
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
            self.encoder.insert(RawEncoder::new(self.coded, quantiser)?)
        };
        self.quantiser = quantiser;
        let source = if self.detail == Detail::Whole {
            Source {
                luma: self.planes.luma(),
                blue: self.planes.blue(),
                red: self.planes.red(),
            }
        } else {
            self.small.take(&self.planes, self.detail, self.coded);
            Source {
                luma: &self.small.luma,
                blue: &self.small.blue,
                red: &self.small.red,
            }
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

/// Decodes what a [`VideoEncoder`] made for a rectangle of the same size, with the same detail.
///
/// The library's decoder cannot be cloned, so nothing that holds one can.
pub(crate) struct VideoDecoder {
    decoder: openh264::decoder::Decoder,
    size: PixelSize,
    detail: Detail,
    coded: PixelSize,
    is_running: bool,
    processor: fearless_simd::Level,
}

impl VideoDecoder {
    /// # Errors
    ///
    /// If the size is empty, or no video can be as large or as small.
    pub(crate) fn new(size: PixelSize, detail: Detail) -> Result<Self, VideoError> {
        Ok(Self {
            coded: detail.sizes(size)?.coded,
            decoder: start_decoder()?,
            size,
            detail,
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
        if parameters::check_access_unit(bytes, self.coded)? {
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
            detail: self.detail,
            decoded,
            processor: self.processor,
        };
        if !picture.is_sound(self.coded) {
            return Err(VideoError::WrongSize);
        }
        self.is_running = true;
        Ok(picture)
    }
}

/// A picture of a video, in the memory of its decoder.
pub(crate) struct DecodedPicture<'a> {
    size: PixelSize,
    detail: Detail,
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

    /// Whether the planes are as large as a picture of `coded` needs them.
    fn is_sound(&self, coded: PixelSize) -> bool {
        let (width, height) = (coded.width as usize, coded.height as usize);
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
        let cells = cells.into_iter().filter_map(|cell| cell.intersect(rect));
        if self.detail == Detail::Whole {
            let planes = self.planes();
            dispatch!(self.processor, _simd => {
                for cell in cells {
                    write_cell(&planes, target, rect, cell);
                }
            });
        } else {
            let mut enlarged = Enlarged::default();
            dispatch!(self.processor, _simd => {
                for cell in cells {
                    self.write_enlarged_cell(&mut enlarged, target, rect, cell);
                }
            });
        }
        Ok(())
    }

    /// As [`write_cell`], but enlarges the planes there, row by row.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "becomes other instructions only within a function that is compiled for them"
    )]
    fn write_enlarged_cell(
        &self,
        enlarged: &mut Enlarged,
        target: &mut Picture,
        rect: Rect,
        cell: Rect,
    ) {
        let Enlarged {
            luma,
            blue,
            red,
            row,
        } = enlarged;
        let (width, height) = self.decoded.dimensions();
        let planes = self.planes();
        let luma_plane = SmallPlane {
            bytes: planes.luma,
            stride: planes.luma_stride,
            width,
            height,
        };
        let chroma_plane = |bytes| SmallPlane {
            bytes,
            stride: planes.chroma_stride,
            width: width / 2,
            height: height / 2,
        };
        let x = (cell.x - rect.x) as usize;
        let columns = self.detail.groups(x, cell.width as usize);
        luma.resize(columns.len(), 0);
        blue.resize(columns.len() / 2, 0);
        red.resize(columns.len() / 2, 0);
        for y in cell.y..cell.bottom() {
            let row_of_rect = (y - rect.y) as usize;
            self.detail
                .enlarge(luma_plane, (columns.start, row_of_rect), luma, row);
            if row_of_rect.is_multiple_of(2) || y == cell.y {
                let place = (columns.start / 2, row_of_rect / 2);
                self.detail
                    .enlarge(chroma_plane(planes.blue), place, blue, row);
                self.detail
                    .enlarge(chroma_plane(planes.red), place, red, row);
            }
            let enlarged = Planes {
                luma,
                blue,
                red,
                luma_stride: 0,
                chroma_stride: 0,
            };
            let mut x = x - columns.start;
            for span in target.span_mut(cell.x, y, cell.width).chunks_mut(SPAN) {
                enlarged.convert(x, 0, span);
                x += SPAN;
            }
        }
    }
}

/// A row of a picture that was enlarged, and what is needed for it.
#[derive(Default)]
struct Enlarged {
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
    row: Vec<u16>,
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
