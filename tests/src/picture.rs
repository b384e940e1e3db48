//! Pixels that were on a screen.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context as _;
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

/// A rectangle of a screen, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Region {
    /// The pixel in its middle.
    pub fn middle(self) -> (u32, u32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    /// How many pixels it has.
    pub fn area(self) -> u32 {
        self.width.saturating_mul(self.height)
    }
}

/// An opaque picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture(RgbImage);

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width(), self.height())
    }
}

impl From<RgbImage> for Picture {
    fn from(pixels: RgbImage) -> Self {
        Self(pixels)
    }
}

impl Picture {
    /// A picture from rows of blue, green, red and one unused byte, as X servers give them.
    pub(crate) fn from_bgrx(width: u32, height: u32, pixels: &[u8]) -> Option<Self> {
        let rgb = pixels
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
            .collect();
        RgbImage::from_raw(width, height, rgb).map(Self)
    }

    /// One in a single colour, `0xrrggbb`.
    pub fn of_one_colour(width: u32, height: u32, rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self(RgbImage::from_pixel(
            width,
            height,
            image::Rgb([red, green, blue]),
        ))
    }

    /// The opposite of [`Picture::from_bgrx`].
    pub(crate) fn to_bgrx(&self) -> Vec<u8> {
        let pixels = self.0.pixels();
        pixels
            .flat_map(|pixel| [pixel.0[2], pixel.0[1], pixel.0[0], 0])
            .collect()
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// Red, green and blue at a place.
    pub fn at(&self, x: u32, y: u32) -> [u8; 3] {
        self.0.get_pixel(x, y).0
    }

    /// Red, green and blue of every pixel, row by row.
    pub fn colours(&self) -> impl Iterator<Item = [u8; 3]> {
        self.0.pixels().map(|pixel| pixel.0)
    }

    /// Its first `width` columns.
    ///
    /// # Panics
    ///
    /// If it has fewer.
    pub fn left(&self, width: u32) -> Self {
        self.part(Region {
            x: 0,
            y: 0,
            width,
            height: self.height(),
        })
    }

    /// The part of it that lies in `region`.
    pub fn part(&self, region: Region) -> Self {
        let Region {
            x,
            y,
            width,
            height,
        } = region;
        Self(image::imageops::crop_imm(&self.0, x, y, width, height).to_image())
    }

    /// How many pixels differ; everything counts as different if the sizes differ.
    pub fn differing_pixels(&self, other: &Self) -> usize {
        if self.0.dimensions() != other.0.dimensions() {
            return self.0.pixels().len().max(other.0.pixels().len());
        }
        let pairs = self.0.pixels().zip(other.0.pixels());
        pairs.filter(|(mine, theirs)| mine != theirs).count()
    }

    /// Where `self` stands in `larger`, pixel for pixel, leaving out the pixels in `except` (in
    /// `self`). `None` if it is not there at 1:1.
    pub fn find_in(&self, larger: &Self, except: Option<Region>) -> Option<(u32, u32)> {
        let across = larger.width().checked_sub(self.width())?;
        let down = larger.height().checked_sub(self.height())?;
        let places = (0..=down).flat_map(|y| (0..=across).map(move |x| (x, y)));
        places
            .into_iter()
            .find(|&(x, y)| self.stands_at(larger, x, y, except))
    }

    fn stands_at(&self, larger: &Self, left: u32, top: u32, except: Option<Region>) -> bool {
        let counts = |x, y| {
            except.is_none_or(|hole: Region| {
                x < hole.x || y < hole.y || x >= hole.x + hole.width || y >= hole.y + hole.height
            })
        };
        self.0
            .enumerate_pixels()
            .all(|(x, y, pixel)| !counts(x, y) || larger.0.get_pixel(left + x, top + y) == pixel)
    }

    /// Reads a PNG.
    ///
    /// # Errors
    ///
    /// If the file is none.
    pub fn open_png(path: &Path) -> anyhow::Result<Self> {
        let picture =
            image::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self(picture.to_rgb8()))
    }

    /// Writes it as PNG.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save_png(&self, path: &Path) -> anyhow::Result<()> {
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot make {}", path.display()))?;
        let file = BufWriter::new(file);
        // windows are flat: the hardest compression halves what is kept in the repository
        let encoder =
            PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
        self.0
            .write_with_encoder(encoder)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: u32, height: u32) -> Picture {
        Picture(RgbImage::from_fn(width, height, |x, y| {
            let hash = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761);
            let [red, green, blue, _] = hash.to_le_bytes();
            image::Rgb([red, green, blue])
        }))
    }

    #[test]
    fn a_part_is_found_where_it_was_cut_out() {
        let whole = noise(60, 40);
        let region = Region {
            x: 17,
            y: 5,
            width: 20,
            height: 10,
        };
        assert_eq!(whole.part(region).find_in(&whole, None), Some((17, 5)));
        assert_eq!(noise(61, 1).find_in(&whole, None), None);
    }

    #[test]
    fn every_differing_pixel_is_counted() {
        let before = noise(10, 10);
        let mut after = before.clone();
        after.0.put_pixel(3, 4, image::Rgb([1, 2, 3]));
        assert_eq!(before.differing_pixels(&after), 1);
        assert_eq!(before.differing_pixels(&noise(10, 11)), 110);
    }
}
