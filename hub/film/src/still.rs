//! One picture of a recording, as a PNG.

use std::io::{self, Cursor, Write as _};
use std::path::Path;

use codec::Picture;
use image::RgbImage;
use image::imageops::{FilterType, resize};
use recording::{ReadError, Recording};

use crate::export::Partial;
use crate::playback::Playback;

/// There is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StillError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the recording has no picture by then")]
    Nothing,
    #[error("the picture cannot be made into a PNG")]
    Encode(#[from] image::ImageError),
    #[error("the picture cannot be written")]
    Write(#[from] io::Error),
}

/// How large a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wide and high.
    pub pixels: u32,
    /// Of its file.
    pub bytes: usize,
}

/// Writes what is to be seen at `at_micros` to `out`, with the pointer in it; before the first picture,
/// that one.
///
/// # Errors
///
/// [`StillError`]; nothing is left under the name `out` then that was not there before.
pub fn still(
    recording: &Recording,
    at_micros: u64,
    limits: Limits,
    out: &Path,
) -> Result<(), StillError> {
    let mut playback = Playback::new(recording)?;
    playback.seek(at_micros.min(recording.duration_micros()?))?;
    if !playback.has_picture() && !playback.step()? {
        return Err(StillError::Nothing);
    }
    let png = png_within(playback.picture(), limits)?;
    let mut partial = Partial::create(out)?;
    partial.file.write_all(&png)?;
    Ok(partial.complete(out)?)
}

fn png_within(picture: &Picture, limits: Limits) -> Result<Vec<u8>, StillError> {
    let size = picture.size();
    let bytes = picture.pixels().iter().flat_map(|pixel| {
        let [blue, green, red, _] = pixel.to_le_bytes();
        [red, green, blue]
    });
    let image = RgbImage::from_raw(size.width, size.height, bytes.collect());
    let image = image.ok_or(StillError::Nothing)?;
    let mut pixels = limits.pixels;
    loop {
        let longest = size.width.max(size.height);
        let png = if longest > pixels {
            png_of(&smaller(&image, pixels))?
        } else {
            png_of(&image)?
        };
        if png.len() <= limits.bytes {
            return Ok(png);
        }
        // a fifth less of each side
        pixels = pixels.min(longest) / 5 * 4;
        if pixels == 0 {
            return Err(StillError::Nothing);
        }
    }
}

/// `image` with `pixels` along its longer side.
fn smaller(image: &RgbImage, pixels: u32) -> RgbImage {
    let longest = u64::from(image.width().max(image.height()));
    let side = |side: u32| {
        let scaled = u64::from(side) * u64::from(pixels) / longest;
        u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
    };
    let (width, height) = (side(image.width()), side(image.height()));
    resize(image, width, height, FilterType::Triangle)
}

fn png_of(image: &RgbImage) -> Result<Vec<u8>, StillError> {
    let mut png = Vec::new();
    image.write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)?;
    Ok(png)
}
