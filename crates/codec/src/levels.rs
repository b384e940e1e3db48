//! How much colour travels (S3).
//!
//! A level below true colour changes the host's pixels before they are compared with what the
//! viewer has. So the decoder knows no levels, and a change of level is only a change of picture.
//! What is told only nearly, photos and films, keeps more colours: in few it has edges where there were
//! none, and costs more.

use crate::picture::COLOUR;

/// How exact the viewer's picture is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Level {
    /// Every pixel arrives exactly, at once.
    #[default]
    Lossless,
    /// Photos and films arrive coarse and are sharpened when there is time; everything else is exact.
    True,
    /// As [`Self::True`], in 5 bits for each channel.
    Bits15,
    /// As [`Self::True`], in 256 colours: 16 greys for what has none, and 6 steps of red, 8 of green,
    /// 5 of blue.
    Bits8,
    /// As [`Self::True`], in 16 levels of grey.
    Grey,
}

impl Level {
    /// Every level, the most exact first.
    pub const ALL: [Self; 5] = [
        Self::Lossless,
        Self::True,
        Self::Bits15,
        Self::Bits8,
        Self::Grey,
    ];

    /// Whether anything may arrive coarse.
    pub(crate) fn is_lossy(self) -> bool {
        self != Self::Lossless
    }

    /// Whether every colour travels as it is.
    pub(crate) fn keeps_colours(self) -> bool {
        matches!(self, Self::Lossless | Self::True)
    }

    /// The colour of this level for a pixel; `0x00RRGGBB`.
    ///
    /// Black and white stay black and white, and a colour of this level stays itself.
    pub fn reduce(self, pixel: u32) -> u32 {
        match self {
            Self::Lossless | Self::True => pixel & COLOUR,
            Self::Bits15 => {
                let kept = pixel & 0x00f8_f8f8;
                let low = (kept >> 5) & 0x0007_0707;
                kept | low
            }
            Self::Bits8 => {
                let [_, red, green, blue] = pixel.to_be_bytes();
                let (least, most) = (red.min(green).min(blue), red.max(green).max(blue));
                // without greys of their own, text and windows would be tinted
                if most - least <= MOST_TINT {
                    return grey(pixel);
                }
                let step = |steps: &[u8; 256], channel: u8| u32::from(steps[usize::from(channel)]);
                (step(&STEPS_6, red) << 16) | (step(&STEPS_8, green) << 8) | step(&STEPS_5, blue)
            }
            Self::Grey => grey(pixel),
        }
    }
}

/// The one of 16 greys that is about as light.
fn grey(pixel: u32) -> u32 {
    (luma(pixel) >> 4) * 0x0011_1111
}

/// The grey that is as light, of all there are.
pub(crate) fn without_colour(pixel: u32) -> u32 {
    luma(pixel) * 0x0001_0101
}

/// How light it is, from 0 to 255.
fn luma(pixel: u32) -> u32 {
    // Weights of ITU-R BT.601, in 1/256.
    let (red, green, blue) = ((pixel >> 16) & 255, (pixel >> 8) & 255, pixel & 255);
    (red * 77 + green * 150 + blue * 29) >> 8
}

/// A colour whose channels differ by no more counts as grey among 256 colours. The steps of the
/// channels meet this closely in black and white alone.
const MOST_TINT: u8 = 12;

const STEPS_5: [u8; 256] = nearest_steps(5);
const STEPS_6: [u8; 256] = nearest_steps(6);
const STEPS_8: [u8; 256] = nearest_steps(8);

/// For each value of a channel the nearest of so many that stand evenly between 0 and 255.
#[expect(clippy::cast_possible_truncation, reason = "no step is above 255")]
const fn nearest_steps(count: usize) -> [u8; 256] {
    let last = count - 1;
    let mut nearest = [0; 256];
    let mut value = 0;
    while value < 256 {
        let step = (value * last + 127) / 255;
        nearest[value] = ((step * 255 + last / 2) / last) as u8;
        value += 1;
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn s3_a_colour_of_a_level_stays_itself(pixel: u32) {
            for level in Level::ALL {
                let reduced = level.reduce(pixel);
                proptest::prop_assert_eq!(level.reduce(reduced), reduced);
                proptest::prop_assert_eq!(reduced >> 24, 0);
            }
        }
    }

    #[test]
    fn s3_among_256_colours_greys_have_no_tint() {
        let mut colours = std::collections::BTreeSet::new();
        for pixel in 0..=COLOUR {
            colours.insert(Level::Bits8.reduce(pixel));
        }
        assert!(colours.len() <= 256, "{} colours", colours.len());
        for shade in 0..=255_u32 {
            let reduced = Level::Bits8.reduce(shade * 0x0001_0101);
            assert_eq!(reduced, (reduced & 255) * 0x0001_0101);
            assert!(
                (reduced & 255).abs_diff(shade) < 16,
                "{reduced:#x} for {shade}"
            );
        }
    }

    #[test]
    fn s3_black_on_white_is_black_on_white_at_every_level() {
        for level in Level::ALL {
            assert_eq!(level.reduce(0xff00_0000), 0, "{level:?}");
            assert_eq!(level.reduce(0xffff_ffff), 0x00ff_ffff, "{level:?}");
        }
    }
}
