//! A picture in memory.

use crate::geometry::{PixelSize, Rect};

/// The bits of a pixel that are colour.
pub(crate) const COLOUR: u32 = 0x00ff_ffff;

/// A picture: one `u32` for each pixel, `0x00RRGGBB`, row by row from the top left.
///
/// The encoder ignores the top byte of what it is given; the decoder's pictures have it zero.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    size: PixelSize,
    pixels: Vec<u32>,
}

impl Picture {
    /// Makes a black picture.
    ///
    /// # Panics
    ///
    /// If the size is not [supported](PixelSize::is_supported); ask before, where it is not your
    /// own.
    pub fn new(size: PixelSize) -> Self {
        assert!(size.is_supported(), "no picture can have the size {size:?}");
        Self {
            size,
            pixels: vec![0; size.width as usize * size.height as usize],
        }
    }

    pub fn size(&self) -> PixelSize {
        self.size
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// All pixels, row by row.
    pub fn pixels_mut(&mut self) -> &mut [u32] {
        &mut self.pixels
    }

    /// The pixels of one row.
    ///
    /// # Panics
    ///
    /// If `y` is not above the height.
    pub fn row(&self, y: u32) -> &[u32] {
        let width = self.size.width as usize;
        &self.pixels[y as usize * width..][..width]
    }

    /// The pixels of one row.
    ///
    /// # Panics
    ///
    /// If `y` is not above the height.
    pub fn row_mut(&mut self, y: u32) -> &mut [u32] {
        let width = self.size.width as usize;
        &mut self.pixels[y as usize * width..][..width]
    }

    /// The part of row `y` from `x` on, `width` pixels long.
    pub(crate) fn span(&self, x: u32, y: u32, width: u32) -> &[u32] {
        &self.row(y)[x as usize..][..width as usize]
    }

    /// The part of row `y` from `x` on, `width` pixels long.
    pub(crate) fn span_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u32] {
        &mut self.row_mut(y)[x as usize..][..width as usize]
    }

    /// The rows of a rectangle that lies within the picture.
    pub(crate) fn spans_mut(&mut self, rect: Rect) -> impl Iterator<Item = &mut [u32]> {
        let (x, width) = (rect.x as usize, rect.width as usize);
        let rows = self.pixels.chunks_exact_mut(self.size.width as usize);
        let rows = rows.skip(rect.y as usize).take(rect.height as usize);
        rows.map(move |row| &mut row[x..][..width])
    }

    /// Copies `source` to `target`, which has the same size and may overlap it.
    pub(crate) fn copy_within(&mut self, source: Rect, target: Rect) {
        let (width, stride) = (target.width as usize, self.size.width as usize);
        let start = |x: u32, y: u32| y as usize * stride + x as usize;
        let mut copy_row = |row: u32| {
            let from = start(source.x, source.y + row);
            self.pixels
                .copy_within(from..from + width, start(target.x, target.y + row));
        };
        // Rows that are read later must not be covered sooner.
        if target.y > source.y {
            (0..target.height).rev().for_each(&mut copy_row);
        } else {
            (0..target.height).for_each(&mut copy_row);
        }
    }

    /// Copies `rect` from `other`, where it lies at the same place.
    pub(crate) fn copy_rect(&mut self, other: &Self, rect: Rect) {
        for y in rect.y..rect.bottom() {
            self.span_mut(rect.x, y, rect.width)
                .copy_from_slice(other.span(rect.x, y, rect.width));
        }
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is on a screen belongs in no log.
        f.debug_struct("Picture")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
