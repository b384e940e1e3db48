//! Where a window was, for the next time.

use serde::{Deserialize, Serialize};

/// Size of a window in points, and whether it filled the screen.
///
/// The position is left to the desktop: Wayland gives none, and a screen may be gone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WindowPlace {
    pub width: f32,
    pub height: f32,
    pub maximized: bool,
}

impl WindowPlace {
    /// Largest side that is believed, in points.
    pub const LARGEST: f32 = 16_000.0;

    /// The place with a size that a window can have: what a broken file says becomes the nearest
    /// sound size from `smallest` on.
    pub fn sound(self, smallest: (f32, f32)) -> Self {
        let side = |value: f32, least: f32| {
            if value.is_finite() {
                value.clamp(least, Self::LARGEST.max(least))
            } else {
                least
            }
        };
        Self {
            width: side(self.width, smallest.0),
            height: side(self.height, smallest.1),
            maximized: self.maximized,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonsense_size_becomes_a_window() {
        let place = WindowPlace {
            width: f32::NAN,
            height: -4.0,
            maximized: false,
        };
        let sound = place.sound((440.0, 320.0));
        assert_eq!((sound.width, sound.height), (440.0, 320.0));
        let huge = WindowPlace {
            width: 1e9,
            height: 700.0,
            maximized: true,
        }
        .sound((440.0, 320.0));
        assert_eq!((huge.width, huge.height), (WindowPlace::LARGEST, 700.0));
    }
}
