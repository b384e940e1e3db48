//! The picture in the smaller size that travels (S2): it follows the large one, and only what changed
//! is made anew.

use codec::{Picture, PixelSize, Rect};

/// Makes one picture from another for a pair of sizes, and keeps it.
#[derive(Debug)]
pub(crate) struct Scaler {
    scaler: codec::Scaler,
    picture: Picture,
}

impl Scaler {
    /// From pictures of one size to one of another. All of it is black at first.
    pub(crate) fn new(from: PixelSize, to: PixelSize) -> Self {
        Self {
            scaler: codec::Scaler::new(from, to),
            picture: Picture::new(to),
        }
    }

    /// Whether it is made for these sizes.
    pub(crate) fn fits(&self, from: PixelSize, to: PixelSize) -> bool {
        self.scaler.source() == from && self.scaler.target() == to
    }

    /// The small picture.
    pub(crate) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Takes over what changed in the large picture; gives where the small one changed.
    pub(crate) fn update(&mut self, large: &Picture, damage: &[Rect]) -> Vec<Rect> {
        let (scaler, small) = (&mut self.scaler, &mut self.picture);
        let whole = large.size().rect();
        let damage = damage.iter().filter_map(|rect| rect.intersect(whole));
        let changed: Vec<Rect> = damage.map(|rect| scaler.touched(rect)).collect();
        for &rect in &changed {
            let columns = rect.x as usize..rect.right() as usize;
            scaler.scale(large, rect, |y, row| {
                small.row_mut(y)[columns.clone()].copy_from_slice(row);
            });
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: PixelSize = PixelSize::new(321, 203);

    fn noise(size: PixelSize, mut seed: u32) -> Picture {
        let mut picture = Picture::new(size);
        for pixel in picture.pixels_mut() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = seed >> 8;
        }
        picture
    }

    fn scaled(large: &Picture, to: PixelSize) -> Scaler {
        let mut scaler = Scaler::new(large.size(), to);
        scaler.update(large, &[large.size().rect()]);
        scaler
    }

    #[test]
    fn only_damage_made_anew_gives_the_same_as_everything_made_anew() {
        let mut large = noise(LARGE, 5);
        for to in [(160, 101), (107, 68), (250, 190), (32, 20)] {
            let to = PixelSize::new(to.0, to.1);
            let mut scaler = scaled(&large, to);
            for (number, rect) in [
                Rect::new(0, 0, 1, 1),
                Rect::new(320, 202, 1, 1),
                Rect::new(17, 93, 64, 5),
                Rect::new(300, 0, 99, 203),
            ]
            .into_iter()
            .enumerate()
            {
                let fresh = noise(LARGE, 90 + u32::try_from(number).expect("four"));
                let inside = rect.intersect(LARGE.rect()).expect("inside");
                for y in inside.y..inside.bottom() {
                    let columns = inside.x as usize..inside.right() as usize;
                    large.row_mut(y)[columns.clone()].copy_from_slice(&fresh.row(y)[columns]);
                }
                let changed = scaler.update(&large, &[rect]);
                assert!(changed.iter().all(|&rect| to.rect().contains(rect)));
                assert_eq!(scaler.picture(), scaled(&large, to).picture());
            }
        }
    }
}
