//! A logo on its way: from a picture file to the PNG that the hub takes, and from that to the screen.
//!
//! Reading and decoding is done on a thread of its own: a disk may be slow, and a picture large.

use std::fs::File;
use std::io::{self, Cursor, Read as _};
use std::path::PathBuf;
use std::sync::mpsc;

use bytes::Bytes;
use egui::ColorImage;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use protocol::admin::settings::MAX_LOGO_BYTES;

use crate::link::Wake;

/// Largest file that is read, in bytes.
const MOST_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Largest side of a picture that is read, in pixels.
const MOST_SIDE: u32 = 8192;
/// Sizes that are tried until the PNG is small enough, in pixels; with the last one any is.
const SIDES: [u32; 4] = [1200, 800, 500, 240];

/// A picture file is no logo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogoError {
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
    #[error("the file has more than {} MB", MOST_FILE_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("this is no PNG or JPEG picture, or a damaged or far too large one")]
    NoPicture,
}

/// A logo as the hub stores it, and as it is shown.
#[derive(Debug)]
pub struct Logo {
    pub png: Bytes,
    pub picture: ColorImage,
    /// Whether the hub is to store it.
    pub is_new: bool,
}

/// Where a logo comes from.
#[derive(Debug)]
pub enum Source {
    File(PathBuf),
    Stored(Bytes),
}

/// Begins to read; what comes of it is in the receiver when `wake` was called.
///
/// # Errors
///
/// If the system gives no thread.
pub fn read(source: Source, wake: Wake) -> io::Result<mpsc::Receiver<Result<Logo, LogoError>>> {
    let (told, made) = mpsc::sync_channel(1);
    let work = move || {
        let made = match source {
            Source::File(path) => from_file(&path),
            Source::Stored(png) => decode(&png).map(|picture| shown(&picture, png, false)),
        };
        if told.send(made).is_ok() {
            wake();
        }
    };
    std::thread::Builder::new()
        .name("logo".to_owned())
        .spawn(work)?;
    Ok(made)
}

fn from_file(path: &std::path::Path) -> Result<Logo, LogoError> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MOST_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        return Err(LogoError::TooLarge);
    }
    let picture = decode(&bytes)?;
    let (png, picture) = small_enough(&picture)?;
    Ok(shown(&picture, png.into(), true))
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, LogoError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    reader.limits(limits);
    reader.decode().map_err(|_why| LogoError::NoPicture)
}

/// As a PNG that the hub takes, with as many pixels as fit.
fn small_enough(picture: &DynamicImage) -> Result<(Vec<u8>, DynamicImage), LogoError> {
    for side in SIDES {
        let small = if picture.width().max(picture.height()) > side {
            picture.resize(side, side, image::imageops::FilterType::Lanczos3)
        } else {
            picture.clone()
        };
        let mut png = Vec::new();
        // written anew: what else the file says of its maker stays here
        small
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .map_err(|_why| LogoError::NoPicture)?;
        if png.len() <= MAX_LOGO_BYTES {
            return Ok((png, small));
        }
    }
    Err(LogoError::NoPicture)
}

fn shown(picture: &DynamicImage, png: Bytes, is_new: bool) -> Logo {
    let pixels = picture.to_rgba8();
    let size = [pixels.width(), pixels.height()].map(|side| side as usize);
    Logo {
        png,
        picture: ColorImage::from_rgba_unmultiplied(size, pixels.as_raw()),
        is_new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(side: u32) -> DynamicImage {
        let mut state = 1_u32;
        let pixels = image::RgbImage::from_fn(side, side, |_, _| {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            };
            image::Rgb([next(), next(), next()])
        });
        pixels.into()
    }

    fn written(picture: &DynamicImage, format: ImageFormat) -> tempfile::TempPath {
        let file = tempfile::NamedTempFile::new().expect("a file");
        picture
            .save_with_format(file.path(), format)
            .expect("written");
        file.into_temp_path()
    }

    #[test]
    fn a_jpeg_becomes_a_png_that_the_hub_takes() {
        let file = written(&noise(64), ImageFormat::Jpeg);
        let logo = from_file(&file).expect("a picture");
        assert!(logo.png.starts_with(b"\x89PNG\r\n\x1a\n") && logo.is_new);
        assert_eq!(logo.picture.size, [64, 64]);
    }

    #[test]
    fn a_picture_that_is_too_large_is_made_smaller() {
        let file = written(&noise(900), ImageFormat::Png);
        let logo = from_file(&file).expect("a picture");
        assert!(logo.png.len() <= MAX_LOGO_BYTES, "{}", logo.png.len());
        assert_eq!(logo.picture.size, [240, 240]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"<svg/>").expect("written");
        let refused = from_file(file.path());
        assert!(matches!(refused, Err(LogoError::NoPicture)));
        let missing = from_file(std::path::Path::new("/nowhere/logo.png"));
        assert!(matches!(missing, Err(LogoError::File(_))));
    }
}
