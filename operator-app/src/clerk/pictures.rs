//! Pictures of remote screens, as files and on the clipboard.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clipboard::{Held, Place};
use codec::{Picture, PixelSize};
use desktop::Folders;
use image::ImageEncoder as _;
use image::codecs::png::PngEncoder;
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

/// How long a clipboard may take until other programs find the picture there.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Pictures {
    folder: PathBuf,
    /// What was copied last.
    copied: Option<Held>,
}

impl Pictures {
    pub(super) fn of(folders: &Folders) -> Self {
        Self {
            folder: folder_of(folders),
            copied: None,
        }
    }

    /// Writes it as a file of that name; gives where.
    pub(super) fn save(&self, file_name: &str, picture: &Picture) -> Result<PathBuf, String> {
        let path = self.folder.join(file_name);
        let written = fs::create_dir_all(&self.folder).map_err(|error| error.to_string());
        written?;
        fs::write(&path, png(picture)?).map_err(|error| error.to_string())?;
        Ok(path)
    }

    /// Puts it on the clipboard of this desktop, until something else is copied or the program ends.
    pub(super) fn copy(&mut self, picture: &Picture) -> Result<(), String> {
        let png = Bytes::from(png(picture)?);
        if png.len() > ClipboardKind::Png.max_bytes() {
            return Err(format!("{} MB", png.len() >> 20));
        }
        let clipboard = Place::of_this_desktop()
            .open_to_give()
            .map_err(|error| error.to_string())?;
        let kinds = ClipboardKinds::default().with(ClipboardKind::Png);
        let provide = move |kind, reply: clipboard::Reply| {
            reply(if kind == ClipboardKind::Png {
                Ok(png.clone())
            } else {
                Err(ClipboardFault::NO_ANSWER)
            });
        };
        let held = clipboard::hold(&clipboard, kinds, Arc::new(provide));
        held.wait(PATIENCE);
        // the one of before goes once this one is there
        self.copied = Some(held);
        Ok(())
    }
}

fn png(picture: &Picture) -> Result<Vec<u8>, String> {
    let rgb = picture.pixels().iter().flat_map(|pixel| {
        let [_, red, green, blue] = pixel.to_be_bytes();
        [red, green, blue]
    });
    let rgb: Vec<u8> = rgb.collect();
    let PixelSize { width, height } = picture.size();
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&rgb, width, height, image::ExtendedColorType::Rgb8)
        .map_err(|error| error.to_string())?;
    Ok(png)
}

/// Beside a portable program, otherwise where the account keeps its pictures.
fn folder_of(folders: &Folders) -> PathBuf {
    let own = || folders.data().join("screenshots");
    if folders.are_portable() {
        return own();
    }
    let pictures = directories::UserDirs::new()
        .and_then(|dirs| dirs.picture_dir().map(Path::to_owned))
        .map(|pictures| pictures.join("Pure Help Desk"));
    pictures.unwrap_or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_a_screenshot_holds_the_pixels_of_the_screen() {
        let folder = tempfile::tempdir().expect("a folder");
        let pictures = Pictures {
            folder: folder.path().join("Pictures"),
            copied: None,
        };
        let mut picture = Picture::new(PixelSize::new(3, 2));
        picture.row_mut(1)[2] = 0x0012_3456;
        let path = pictures.save("shot.png", &picture).expect("saved");
        let saved = image::open(&path).expect("a picture").to_rgb8();
        assert_eq!(saved.dimensions(), (3, 2));
        assert_eq!(saved.get_pixel(2, 1).0, [0x12, 0x34, 0x56]);
    }
}
