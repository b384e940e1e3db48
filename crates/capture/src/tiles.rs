//! Many small rectangles made into few that do not overlap.

use codec::{PixelSize, Rect};

/// The side of a tile in pixels; the codec compares tiles of the same size.
const TILE: u32 = 64;

/// Which tiles of a picture are touched.
pub(crate) struct TileGrid {
    size: PixelSize,
    columns: u32,
    touched: Vec<bool>,
}

impl TileGrid {
    pub(crate) fn new(size: PixelSize) -> Self {
        let columns = size.width.div_ceil(TILE);
        let rows = size.height.div_ceil(TILE);
        Self {
            size,
            columns,
            touched: vec![false; columns as usize * rows as usize],
        }
    }

    /// Touches every tile that `rect` reaches; `rect` must lie inside of the picture.
    pub(crate) fn touch(&mut self, rect: Rect) {
        if rect.is_empty() {
            return;
        }
        for row in rect.y / TILE..=(rect.bottom() - 1) / TILE {
            for column in rect.x / TILE..=(rect.right() - 1) / TILE {
                let index = (row * self.columns + column) as usize;
                self.touched[index] = true;
            }
        }
    }

    /// Touches the tiles whose pixels differ between two pictures of this size.
    pub(crate) fn touch_differences(&mut self, before: &[u32], after: &[u32]) {
        let width = self.size.width as usize;
        for (y, (old, new)) in before
            .chunks_exact(width)
            .zip(after.chunks_exact(width))
            .enumerate()
        {
            let first = y / TILE as usize * self.columns as usize;
            let tiles = old.chunks(TILE as usize).zip(new.chunks(TILE as usize));
            for (touched, (old, new)) in self.touched[first..].iter_mut().zip(tiles) {
                *touched = *touched || old != new;
            }
        }
    }

    /// The touched tiles as rectangles that do not overlap and end at the picture's edge.
    pub(crate) fn rects(&self) -> Vec<Rect> {
        let mut rects: Vec<Rect> = Vec::new();
        let mut grown_to_row_above = 0;
        for (row, tiles) in (0..).zip(self.touched.chunks(self.columns.max(1) as usize)) {
            let row_start = rects.len();
            let y = row * TILE;
            let height = TILE.min(self.size.height - y);
            let mut column = 0;
            while let Some(first) = tiles[column..].iter().position(|&touched| touched) {
                let first = column + first;
                let length = tiles[first..]
                    .iter()
                    .take_while(|&&touched| touched)
                    .count();
                column = first + length;
                // A picture's side fits u32, so its number of tiles does.
                let x = u32::try_from(first).unwrap_or(u32::MAX) * TILE;
                let right = (u32::try_from(column).unwrap_or(u32::MAX) * TILE).min(self.size.width);
                let run = Rect {
                    x,
                    y,
                    width: right - x,
                    height,
                };
                let above = rects[grown_to_row_above..row_start]
                    .iter_mut()
                    .find(|above| {
                        above.x == run.x && above.width == run.width && above.bottom() == run.y
                    });
                match above {
                    Some(above) => above.height += run.height,
                    None => rects.push(run),
                }
            }
            // Only rectangles that reach this row can grow into the next one.
            let reached = y + height;
            grown_to_row_above = rects
                .iter()
                .position(|rect| rect.bottom() == reached)
                .unwrap_or(rects.len());
        }
        rects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_tiles_become_few_rectangles_that_end_at_the_edge() {
        let mut grid = TileGrid::new(PixelSize {
            width: 200,
            height: 130,
        });
        grid.touch(Rect {
            x: 10,
            y: 10,
            width: 60,
            height: 60,
        });
        grid.touch(Rect {
            x: 199,
            y: 129,
            width: 1,
            height: 1,
        });
        assert_eq!(
            grid.rects(),
            [
                Rect {
                    x: 0,
                    y: 0,
                    width: 128,
                    height: 128
                },
                Rect {
                    x: 192,
                    y: 128,
                    width: 8,
                    height: 2
                },
            ]
        );
    }

    #[test]
    fn rectangles_never_overlap_and_cover_every_touched_pixel() {
        let size = PixelSize {
            width: 640,
            height: 480,
        };
        let mut grid = TileGrid::new(size);
        let mut place = 7_u32;
        let mut touched = Vec::new();
        for _ in 0..40 {
            place = place.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((place >> 8) % 600, (place >> 16) % 440);
            let rect = Rect {
                x,
                y,
                width: place % 40 + 1,
                height: (place >> 4) % 40 + 1,
            };
            grid.touch(rect);
            touched.push(rect);
        }
        let mut covered = vec![0_u8; (size.width * size.height) as usize];
        for rect in grid.rects() {
            for y in rect.y..rect.bottom() {
                for x in rect.x..rect.right() {
                    covered[(y * size.width + x) as usize] += 1;
                }
            }
        }
        assert!(covered.iter().all(|&times| times <= 1));
        for rect in touched {
            assert_eq!(covered[(rect.y * size.width + rect.x) as usize], 1);
            let corner = (rect.bottom() - 1) * size.width + rect.right() - 1;
            assert_eq!(covered[corner as usize], 1);
        }
    }
}
