//! Pictures of sources that do not tell what changed: each is compared with the one before.

use codec::{Picture, PixelSize, Rect};

use crate::tiles::TileGrid;

/// The picture that was grabbed last.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Empty before the first one.
    grabbed: Vec<u32>,
}

impl Compared {
    /// Has the next grab give everything.
    pub(crate) fn forget(&mut self) {
        self.grabbed.clear();
    }

    /// Whether the next grab gives everything.
    pub(crate) fn is_first(&self) -> bool {
        self.grabbed.is_empty()
    }

    /// Whether a grab of `seen` would give something.
    #[cfg_attr(
        not(any(feature = "scrap", target_os = "macos", windows, test)),
        expect(
            dead_code,
            reason = "for sources that do not tell that something changed"
        )
    )]
    pub(crate) fn differs(&self, seen: &[u32]) -> bool {
        self.is_first() || self.grabbed != seen
    }

    /// Copies into `picture` what of `seen`, a picture of `size`, is not as it was, and tells where that is.
    pub(crate) fn grab(
        &mut self,
        size: PixelSize,
        seen: &[u32],
        picture: &mut Picture,
    ) -> Vec<Rect> {
        let mut grid = TileGrid::new(size);
        if picture.size() == size && self.grabbed.len() == seen.len() {
            grid.touch_differences(&self.grabbed, seen);
        } else {
            *picture = Picture::new(size);
            self.grabbed.resize(seen.len(), 0);
            grid.touch(Rect {
                x: 0,
                y: 0,
                width: size.width,
                height: size.height,
            });
        }
        let rects = grid.rects();
        let width = size.width as usize;
        for rect in &rects {
            let columns = rect.x as usize..rect.right() as usize;
            for y in rect.y..rect.bottom() {
                let start = y as usize * width;
                let row = &seen[start..][columns.clone()];
                self.grabbed[start..][columns.clone()].copy_from_slice(row);
                let to = &mut picture.row_mut(y)[columns.clone()];
                for (to, from) in to.iter_mut().zip(row) {
                    *to = from & 0x00ff_ffff;
                }
            }
        }
        rects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize {
        width: 130,
        height: 70,
    };

    fn whole(picture: &Picture) -> Vec<u32> {
        (0..SIZE.height)
            .flat_map(|y| picture.row(y).to_vec())
            .collect()
    }

    #[test]
    fn what_was_grabbed_is_what_is_seen_and_only_tiles_that_changed_are_told() {
        let mut compared = Compared::default();
        let mut picture = Picture::new(SIZE);
        let mut seen: Vec<u32> = (0..130 * 70).collect();
        let rects = compared.grab(SIZE, &seen, &mut picture);
        assert_eq!((rects.len(), rects[0].width, rects[0].height), (1, 130, 70));
        assert!(whole(&picture) == seen && !compared.differs(&seen));

        assert_eq!(compared.grab(SIZE, &seen, &mut picture), []);
        // the last pixel, with bits above that are no colour
        seen[130 * 70 - 1] = 0xff12_3456;
        assert!(compared.differs(&seen));
        let rects = compared.grab(SIZE, &seen, &mut picture);
        let corner = Rect {
            x: 128,
            y: 64,
            width: 2,
            height: 6,
        };
        assert_eq!(rects, [corner]);
        assert_eq!(whole(&picture).last(), Some(&0x12_3456));

        compared.forget();
        assert_eq!(compared.grab(SIZE, &seen, &mut picture).len(), 1);
        // a picture of another size is no place for a part
        let mut other = Picture::new(PixelSize {
            width: 1,
            height: 1,
        });
        compared.grab(SIZE, &seen, &mut other);
        assert_eq!(other.size(), SIZE);
        assert_eq!(whole(&other), whole(&picture));
    }
}
