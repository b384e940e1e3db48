//! How an output stands, and so where the pixels of a copy of it belong.

use codec::{PixelSize, Rect};
use wayland_client::protocol::wl_output::Transform;

/// What leads from a place that the user sees to the place in the output's own buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Columns are rows.
    pub(crate) swapped: bool,
    /// In the buffer, counted from the right.
    pub(crate) flipped_x: bool,
    /// In the buffer, counted from the bottom.
    pub(crate) flipped_y: bool,
}

impl Turn {
    /// What `wl_output` calls it.
    pub(crate) fn of(transform: Transform) -> Self {
        let (swapped, flipped_x, flipped_y) = match transform {
            Transform::_90 => (true, false, true),
            Transform::_180 => (false, true, true),
            Transform::_270 => (true, true, false),
            Transform::Flipped => (false, true, false),
            Transform::Flipped90 => (true, false, false),
            Transform::Flipped180 => (false, false, true),
            Transform::Flipped270 => (true, true, true),
            // and whatever turns newer compositors may know
            Transform::Normal | _ => (false, false, false),
        };
        Self {
            swapped,
            flipped_x,
            flipped_y,
        }
    }

    /// The size that the user sees of a buffer of this size, and the other way round.
    pub(crate) fn size(self, size: PixelSize) -> PixelSize {
        if self.swapped {
            PixelSize::new(size.height, size.width)
        } else {
            size
        }
    }

    /// The pixel of the buffer that the user sees at `x`, `y`, which is inside.
    pub(crate) fn in_buffer(self, x: u32, y: u32, buffer: PixelSize) -> (u32, u32) {
        let (u, v) = if self.swapped { (y, x) } else { (x, y) };
        let u = if self.flipped_x {
            buffer.width - 1 - u
        } else {
            u
        };
        let v = if self.flipped_y {
            buffer.height - 1 - v
        } else {
            v
        };
        (u, v)
    }

    /// What the user sees of this part of the buffer.
    pub(crate) fn seen(self, part: Rect, buffer: PixelSize) -> Rect {
        let x = if self.flipped_x {
            buffer.width - part.right()
        } else {
            part.x
        };
        let y = if self.flipped_y {
            buffer.height - part.bottom()
        } else {
            part.y
        };
        if self.swapped {
            Rect::new(y, x, part.height, part.width)
        } else {
            Rect::new(x, y, part.width, part.height)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Transform; 8] = [
        Transform::Normal,
        Transform::_90,
        Transform::_180,
        Transform::_270,
        Transform::Flipped,
        Transform::Flipped90,
        Transform::Flipped180,
        Transform::Flipped270,
    ];

    #[test]
    fn a_part_is_seen_where_its_pixels_are_seen() {
        let buffer = PixelSize::new(7, 5);
        let part = Rect::new(1, 2, 3, 2);
        for transform in ALL {
            let turn = Turn::of(transform);
            let seen = turn.seen(part, buffer);
            let size = turn.size(buffer);
            for y in 0..size.height {
                for x in 0..size.width {
                    let (u, v) = turn.in_buffer(x, y, buffer);
                    let in_part =
                        (part.x..part.right()).contains(&u) && (part.y..part.bottom()).contains(&v);
                    let in_seen =
                        (seen.x..seen.right()).contains(&x) && (seen.y..seen.bottom()).contains(&y);
                    assert_eq!(in_part, in_seen, "{transform:?} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn every_pixel_of_the_buffer_is_seen_once() {
        let buffer = PixelSize::new(4, 3);
        for transform in ALL {
            let turn = Turn::of(transform);
            let size = turn.size(buffer);
            let mut seen = vec![0; 12];
            for y in 0..size.height {
                for x in 0..size.width {
                    let (u, v) = turn.in_buffer(x, y, buffer);
                    seen[(v * buffer.width + u) as usize] += 1;
                }
            }
            assert_eq!(seen, [1; 12], "{transform:?}");
        }
    }
}
