//! One picture of a recording, as a PNG.

use std::io::{self, Cursor, Write as _};
use std::path::Path;

use codec::Picture;
use recording::{ReadError, Recording};
use tempfile::NamedTempFile;

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

/// Writes what is to be seen at `at_micros` to `out`, with the pointer in it; before the first picture,
/// that one.
///
/// # Errors
///
/// [`StillError`]; nothing is left under the name `out` then that was not there before.
pub fn still(recording: &Recording, at_micros: u64, out: &Path) -> Result<(), StillError> {
    let mut playback = Playback::new(recording)?;
    playback.seek(at_micros.min(recording.duration_micros()?))?;
    if !playback.has_picture() && !playback.step()? {
        return Err(StillError::Nothing);
    }
    let png = png_of(playback.picture())?;
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
    file.write_all(&png)?;
    file.persist(out).map_err(|error| error.error)?;
    Ok(())
}

fn png_of(picture: &Picture) -> Result<Vec<u8>, StillError> {
    let size = picture.size();
    let bytes = picture.pixels().iter().flat_map(|pixel| {
        let [blue, green, red, _] = pixel.to_le_bytes();
        [red, green, blue]
    });
    let image = image::RgbImage::from_raw(size.width, size.height, bytes.collect());
    let image = image.ok_or(StillError::Nothing)?;
    let mut png = Vec::new();
    image.write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)?;
    Ok(png)
}
