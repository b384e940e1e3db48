//! Pictures as Windows has them: programs of today put a PNG into the clipboard, all others a bitmap.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbaImage};
use protocol::clipboard::{MAX_CLIPBOARD_PNG_PIXELS, MAX_CLIPBOARD_PNG_SIDE};

/// Most bytes of a bitmap: its pixels, its colours and its head.
pub(super) const MAX_BITMAP_BYTES: u64 = MAX_CLIPBOARD_PNG_PIXELS * 4 + 64 * 1024;

const FILE_HEAD_BYTES: u32 = 14;
const INFO_HEAD_BYTES: u32 = 40;
const V5_HEAD_BYTES: u32 = 124;
const BITFIELDS: u32 = 3;

/// The bytes of a PNG alone: memory may be longer than what somebody put into it.
pub(super) fn png_alone(bytes: &[u8]) -> &[u8] {
    const SIGNATURE_BYTES: usize = 8;
    let mut at = SIGNATURE_BYTES;
    while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let len_bytes = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let next = usize::try_from(len_bytes)
            .ok()
            .and_then(|len| at.checked_add(len + 12));
        let Some(next) = next else { break };
        if &head[4..] == b"IEND" {
            return bytes.get(..next).unwrap_or(bytes);
        }
        at = next;
    }
    bytes
}

/// A bitmap that a program copied, as a PNG; `None` where it is none, or larger than pictures may be.
pub(super) fn png_of_bitmap(bitmap: &[u8]) -> Option<Vec<u8>> {
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend(pixels_at(bitmap)?.to_le_bytes());
    file.extend(bitmap);
    let mut image = decoded(&file, ImageFormat::Bmp)?;
    if let DynamicImage::ImageRgba8(pixels) = &mut image
        && pixels.pixels().all(|pixel| pixel.0[3] == 0)
    {
        // programs that know nothing of transparency leave that part empty
        for pixel in pixels.pixels_mut() {
            pixel.0[3] = u8::MAX;
        }
    }
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive);
    image.write_with_encoder(encoder).ok()?;
    Some(png)
}

/// Where in the file that a bitmap would be its pixels begin.
fn pixels_at(bitmap: &[u8]) -> Option<u32> {
    let number = |at: usize| -> Option<u32> {
        let bytes = bitmap.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let head_bytes = number(0)?;
    if head_bytes < INFO_HEAD_BYTES {
        return None;
    }
    let (depth, compression, colours) = (number(12)? >> 16, number(16)?, number(32)?);
    let masks = if compression == BITFIELDS && head_bytes == INFO_HEAD_BYTES {
        12
    } else {
        0
    };
    let colours = match (depth, colours) {
        (1..=8, 0) => 1 << depth,
        (_, colours) => colours,
    };
    FILE_HEAD_BYTES
        .checked_add(head_bytes)?
        .checked_add(masks)?
        .checked_add(colours.checked_mul(4)?)
}

/// A PNG as a bitmap with transparency, from which the system makes all older kinds.
pub(super) fn bitmap_of_png(png: &[u8]) -> Option<Vec<u8>> {
    const SRGB: u32 = 0x7352_4742;
    const FOR_PICTURES: u32 = 4;
    let image: RgbaImage = decoded(png, ImageFormat::Png)?.into_rgba8();
    let (width, height) = image.dimensions();
    let row_bytes = usize::try_from(width).ok()? * 4;
    let len_bytes = u32::try_from(image.as_raw().len()).ok()?;
    let mut bitmap = Vec::with_capacity(image.as_raw().len() + 124);
    let mut head = |number: u32| bitmap.extend(number.to_le_bytes());
    // one plane of 32 bits
    let planes_and_depth = 1 | 32 << 16;
    for number in [
        V5_HEAD_BYTES,
        width,
        height,
        planes_and_depth,
        BITFIELDS,
        len_bytes,
    ] {
        head(number);
    }
    let (per_metre, colours) = ([0, 0], [0, 0]);
    let masks = [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000];
    for number in per_metre.into_iter().chain(colours).chain(masks) {
        head(number);
    }
    let (points, gamma, profile) = ([0; 9], [0; 3], [0; 3]);
    for number in [SRGB]
        .into_iter()
        .chain(points)
        .chain(gamma)
        .chain([FOR_PICTURES])
        .chain(profile)
    {
        head(number);
    }
    for row in image.as_raw().chunks_exact(row_bytes).rev() {
        for pixel in row.chunks_exact(4) {
            bitmap.extend([pixel[2], pixel[1], pixel[0], pixel[3]]);
        }
    }
    Some(bitmap)
}

/// Unpacks a picture, in bounds.
fn decoded(bytes: &[u8], format: ImageFormat) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_CLIPBOARD_PNG_SIDE);
    limits.max_image_height = Some(MAX_CLIPBOARD_PNG_SIDE);
    // four bytes for each pixel, or twice as many for deep colours
    limits.max_alloc = Some(MAX_CLIPBOARD_PNG_PIXELS * 8);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    match reader.decode() {
        Ok(image) => Some(image),
        Err(error) => {
            tracing::debug!(%error, "No picture");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted() -> RgbaImage {
        RgbaImage::from_fn(5, 3, |x, y| {
            let part = |n: u32| u8::try_from(n * 40 % 256).expect("below 256");
            image::Rgba([part(x), part(y), part(x + y), 255 - part(x)])
        })
    }

    fn png(image: &RgbaImage) -> Vec<u8> {
        let mut png = Vec::new();
        image
            .write_with_encoder(PngEncoder::new(&mut png))
            .expect("written");
        png
    }

    #[test]
    fn a_picture_is_the_same_after_it_was_a_bitmap() {
        let image = painted();
        let bitmap = bitmap_of_png(&png(&image)).expect("a bitmap");
        assert_eq!(bitmap.len(), 124 + 5 * 3 * 4);
        let back = png_of_bitmap(&bitmap).expect("a picture");
        let back = decoded(&back, ImageFormat::Png)
            .expect("a PNG")
            .into_rgba8();
        assert!(back == image);
    }

    #[test]
    fn a_bitmap_whose_transparency_is_empty_can_be_seen() {
        let mut bitmap = bitmap_of_png(&png(&painted())).expect("a bitmap");
        for pixel in bitmap[124..].chunks_exact_mut(4) {
            pixel[3] = 0;
        }
        let back = png_of_bitmap(&bitmap).expect("a picture");
        let back = decoded(&back, ImageFormat::Png)
            .expect("a PNG")
            .into_rgba8();
        assert!(back.pixels().all(|pixel| pixel.0[3] == 255));
    }

    #[test]
    fn bytes_that_are_no_bitmap_or_too_large_a_one_are_refused() {
        let good = bitmap_of_png(&png(&painted())).expect("a bitmap");
        for len in 0..good.len() {
            assert_eq!(png_of_bitmap(&good[..len]), None, "{len}");
        }
        for (at, value) in [
            (4, u32::MAX),
            (4, 60_000),
            (8, 60_000),
            (0, 39),
            (32, u32::MAX),
        ] {
            let mut wrong = good.clone();
            wrong[at..at + 4].copy_from_slice(&value.to_le_bytes());
            assert_eq!(png_of_bitmap(&wrong), None, "{at}: {value}");
        }
    }

    #[test]
    fn what_is_behind_a_png_is_cut_off() {
        let png = png(&painted());
        let longer = [&png[..], &[0; 9]].concat();
        assert_eq!(png_alone(&longer), png);
        for odd in [&b""[..], b"GIF89a", &png[..20]] {
            assert_eq!(png_alone(odd), odd);
        }
    }
}
