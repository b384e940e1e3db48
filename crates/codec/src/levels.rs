//! How much colour travels (S3).
//!
//! A level below true colour changes the host's pixels before they are compared with what the
//! viewer has. So the decoder knows no levels, and a change of level is only a change of picture.

use crate::geometry::Rect;
use crate::picture::{COLOUR, Picture};

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
    /// As [`Self::True`], in 3 bits of red and green and 2 of blue.
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
    /// Channels are rounded down to their bits and then stretched, so that black and white stay
    /// black and white and a colour of this level stays itself.
    pub fn reduce(self, pixel: u32) -> u32 {
        match self {
            Self::Lossless | Self::True => pixel & COLOUR,
            Self::Bits15 => {
                let kept = pixel & 0x00f8_f8f8;
                let low = (kept >> 5) & 0x0007_0707;
                kept | low
            }
            Self::Bits8 => {
                let red = (pixel >> 21) & 7;
                let (green, blue) = ((pixel >> 13) & 7, (pixel >> 6) & 3);
                (stretch_3_bits(red) << 16) | (stretch_3_bits(green) << 8) | (blue * 85)
            }
            Self::Grey => {
                // Weights of ITU-R BT.601, in 1/256.
                let (red, green, blue) = ((pixel >> 16) & 255, (pixel >> 8) & 255, pixel & 255);
                let luma = (red * 77 + green * 150 + blue * 29) >> 8;
                (luma >> 4) * 0x0011_1111
            }
        }
    }

    /// Puts the colours of this level for `rect` of `from` into `to`, a picture of the same size.
    pub(crate) fn reduce_rect(self, from: &Picture, to: &mut Picture, rect: Rect) {
        for y in rect.y..rect.bottom() {
            let from = from.span(rect.x, y, rect.width);
            for (to, &from) in to.span_mut(rect.x, y, rect.width).iter_mut().zip(from) {
                *to = self.reduce(from);
            }
        }
    }
}

/// 3 bits as 8, so that 7 is 255.
const fn stretch_3_bits(value: u32) -> u32 {
    value << 5 | value << 2 | value >> 1
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
    fn s3_black_on_white_is_black_on_white_at_every_level() {
        for level in Level::ALL {
            assert_eq!(level.reduce(0xff00_0000), 0, "{level:?}");
            assert_eq!(level.reduce(0xffff_ffff), 0x00ff_ffff, "{level:?}");
        }
    }
}
