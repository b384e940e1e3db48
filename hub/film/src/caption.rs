//! The words on a picture that is held because the connection is lost.
//!
//! A font for two words would be a font to carry and to parse: these letters are drawn in dots.

use codec::{PixelSize, Rect};

const LETTER_COLUMNS: u32 = 5;
const LETTER_ROWS: u32 = 7;
/// From one letter to the next.
const ADVANCE: u32 = LETTER_COLUMNS + 1;

/// Rows from the top; the highest of the five bits is the leftmost dot.
type Letter = [u8; LETTER_ROWS as usize];

const C: Letter = [0, 0, 0b01110, 0b10000, 0b10000, 0b10001, 0b01110];
const E: Letter = [0, 0, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110];
const I: Letter = [0b00100, 0, 0b01100, 0b00100, 0b00100, 0b00100, 0b01110];
const L: Letter = [
    0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
];
const N: Letter = [0, 0, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001];
const O: Letter = [0, 0, 0b01110, 0b10001, 0b10001, 0b10001, 0b01110];
const S: Letter = [0, 0, 0b01110, 0b10000, 0b01110, 0b00001, 0b11110];
const T: Letter = [
    0b01000, 0b01000, 0b11100, 0b01000, 0b01000, 0b01001, 0b00110,
];
const SPACE: Letter = [0; LETTER_ROWS as usize];

const LETTERS: u32 = 15;
const CONNECTION_LOST: [Letter; LETTERS as usize] =
    [C, O, N, N, E, C, T, I, O, N, SPACE, L, O, S, T];

/// Where the words stand: in the middle of a picture, about a third as wide as it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caption {
    left: u32,
    top: u32,
    /// Of a dot, in pixels.
    side: u32,
}

impl Caption {
    /// `None` where a picture of `size` has no room for the words.
    pub(crate) fn on(size: PixelSize) -> Option<Self> {
        let columns = LETTERS * ADVANCE;
        let side = (size.width / 3 / columns).min(size.height / 3 / LETTER_ROWS);
        let side = side.max(1);
        Some(Self {
            left: size.width.checked_sub(columns * side)? / 2,
            top: size.height.checked_sub(LETTER_ROWS * side)? / 2,
            side,
        })
    }

    /// What is to be black, so that the words can be read; may reach beyond the picture.
    pub(crate) fn plate(self) -> Rect {
        let Self { left, top, side } = self;
        let margin = 3 * side;
        let (x, y) = (left.saturating_sub(margin), top.saturating_sub(margin));
        Rect {
            x,
            y,
            width: left + LETTERS * ADVANCE * side + margin - x,
            height: top + LETTER_ROWS * side + margin - y,
        }
    }

    /// The squares that are the words.
    pub(crate) fn dots(self) -> impl Iterator<Item = Rect> {
        let Self { left, top, side } = self;
        (0..).zip(CONNECTION_LOST).flat_map(move |(index, letter)| {
            let left = left + index * ADVANCE * side;
            (0..).zip(letter).flat_map(move |(row, bits)| {
                (0..LETTER_COLUMNS)
                    .filter(move |column| bits >> (LETTER_COLUMNS - 1 - column) & 1 == 1)
                    .map(move |column| {
                        Rect::new(left + column * side, top + row * side, side, side)
                    })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_in_the_middle_of_every_picture_that_has_room() {
        for (width, height) in [(90, 7), (320, 200), (1920, 1080), (3840, 16), (2160, 3840)] {
            let size = PixelSize::new(width, height);
            let whole = size.rect();
            let caption = Caption::on(size).expect("there is room");
            let dots: Vec<Rect> = caption.dots().collect();
            assert!(dots.iter().all(|dot| caption.plate().contains(*dot)));
            assert!(dots.iter().all(|dot| whole.contains(*dot)), "{size:?}");
            let left = dots.iter().map(|dot| dot.x).min().expect("dots");
            let right = dots.iter().map(|dot| dot.right()).max().expect("dots");
            let beside = left.abs_diff(width - right);
            assert!(beside <= width / 10, "{beside} of {width}");
        }
        assert!(Caption::on(PixelSize::new(89, 200)).is_none());
        assert!(Caption::on(PixelSize::new(200, 6)).is_none());
    }
}
