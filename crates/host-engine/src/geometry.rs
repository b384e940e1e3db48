//! Where the picture that the viewer sees lies on the desktop.
//!
//! On the wire every place is one of the picture; keyboard, mouse and screen know the desktop.

use codec::{PixelSize, Rect};

/// Smallest and largest picture, in hundredths of the shared area.
pub(crate) const PERCENTS: std::ops::RangeInclusive<u8> = 10..=100;

/// A shared area and its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// In pixels of the whole desktop.
    pub(crate) area: Rect,
    pub(crate) picture: PixelSize,
    /// Of which display it is: how many there were before.
    pub(crate) display: u64,
}

impl Geometry {
    /// A picture of `percent` hundredths of the area, which is not empty.
    pub(crate) fn new(area: Rect, percent: u8) -> Self {
        let side = |length: u32| {
            let scaled = (u64::from(length) * u64::from(percent) + 50) / 100;
            u32::try_from(scaled)
                .unwrap_or(u32::MAX)
                .clamp(1, length.max(1))
        };
        Self {
            area,
            picture: PixelSize::new(side(area.width), side(area.height)),
            display: 0,
        }
    }

    /// The same on another display.
    pub(crate) fn of_display(self, display: u64) -> Self {
        Self { display, ..self }
    }

    /// The pixel of the picture that shows a place of the shared area; outside stays outside.
    pub(crate) fn in_picture(&self, x: i32, y: i32) -> (i32, i32) {
        let scaled = |position: i32, length: u32, side: u32| {
            let middle = 2 * i64::from(position) + 1;
            let place = middle * i64::from(side);
            clamped_to_i32(place.div_euclid(2 * i64::from(length.max(1))))
        };
        (
            scaled(x, self.area.width, self.picture.width),
            scaled(y, self.area.height, self.picture.height),
        )
    }

    /// The pixel of the desktop under the middle of a pixel of the picture; one outside of the
    /// picture counts as the nearest inside.
    pub(crate) fn on_desktop(&self, x: i32, y: i32) -> (i32, i32) {
        let scaled = |position: i32, start: u32, length: u32, side: u32| {
            let last = i64::from(side) - 1;
            let middle = 2 * i64::from(position).clamp(0, last.max(0)) + 1;
            let place = middle * i64::from(length) / (2 * i64::from(side.max(1)));
            clamped_to_i32(i64::from(start) + place)
        };
        let (area, picture) = (self.area, self.picture);
        (
            scaled(x, area.x, area.width, picture.width),
            scaled(y, area.y, area.height, picture.height),
        )
    }
}

fn clamped_to_i32(place: i64) -> i32 {
    i32::try_from(place.clamp(i32::MIN.into(), i32::MAX.into())).expect("clamped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_full_size_a_place_is_itself() {
        let whole = Geometry::new(Rect::new(100, 50, 640, 480), 100);
        assert_eq!(whole.picture, PixelSize::new(640, 480));
        for x in [0, 1, 320, 639] {
            assert_eq!(whole.on_desktop(x, 7), (x + 100, 57));
            assert_eq!(whole.in_picture(x, 7), (x, 7));
        }
    }

    #[test]
    fn a_place_outside_of_the_picture_is_moved_to_its_edge() {
        let whole = Geometry::new(Rect::new(100, 50, 640, 480), 100);
        assert_eq!(whole.on_desktop(-9, 9_999), (100, 529));
        assert_eq!(whole.on_desktop(i32::MAX, i32::MIN), (739, 50));
        let half = Geometry::new(Rect::new(100, 50, 640, 480), 50);
        assert_eq!(half.on_desktop(i32::MAX, i32::MAX), (739, 529));
    }

    #[test]
    fn there_and_back_is_the_same_pixel_of_the_picture() {
        for percent in [10, 33, 50, 67, 75, 99, 100] {
            let geometry = Geometry::new(Rect::new(1_920, 0, 1_366, 768), percent);
            for x in 0..geometry.picture.width.try_into().expect("small") {
                let (on_desktop, _) = geometry.on_desktop(x, 0);
                assert_eq!(geometry.in_picture(on_desktop - 1_920, 0).0, x, "{percent}");
            }
        }
    }

    #[test]
    fn the_pointer_outside_of_the_area_is_outside_of_the_picture() {
        let half = Geometry::new(Rect::new(0, 0, 640, 480), 50);
        assert_eq!(half.in_picture(-1, -3), (-1, -2));
        assert_eq!(half.in_picture(640, 480), (320, 240));
    }

    #[test]
    fn the_smallest_picture_has_a_pixel() {
        let tiny = Geometry::new(Rect::new(0, 0, 3, 1), 10);
        assert_eq!(tiny.picture, PixelSize::new(1, 1));
        assert_eq!(tiny.on_desktop(0, 0), (1, 0));
    }
}
