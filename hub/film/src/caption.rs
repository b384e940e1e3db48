//! The words on a picture that is held: because the connection is lost, or the user has paused.
//!
//! A font for three words would be a font to carry and to parse: these letters are drawn in dots.

use codec::{PixelSize, Rect};

const LETTER_COLUMNS: u32 = 5;
const LETTER_ROWS: u32 = 7;
/// From one letter to the next.
const ADVANCE: u32 = LETTER_COLUMNS + 1;

/// Rows from the top; the highest of the five bits is the leftmost dot.
type Letter = [u8; LETTER_ROWS as usize];

const A: Letter = [0, 0, 0b01110, 0b00001, 0b01111, 0b10001, 0b01111];
const C: Letter = [0, 0, 0b01110, 0b10000, 0b10000, 0b10001, 0b01110];
const D: Letter = [
    0b00001, 0b00001, 0b01101, 0b10011, 0b10001, 0b10001, 0b01111,
];
const E: Letter = [0, 0, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110];
const I: Letter = [0b00100, 0, 0b01100, 0b00100, 0b00100, 0b00100, 0b01110];
const L: Letter = [
    0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
];
const N: Letter = [0, 0, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001];
const O: Letter = [0, 0, 0b01110, 0b10001, 0b10001, 0b10001, 0b01110];
const P: Letter = [0, 0, 0b11110, 0b10001, 0b11110, 0b10000, 0b10000];
const S: Letter = [0, 0, 0b01110, 0b10000, 0b01110, 0b00001, 0b11110];
const T: Letter = [
    0b01000, 0b01000, 0b11100, 0b01000, 0b01000, 0b01001, 0b00110,
];
const U: Letter = [0, 0, 0b10001, 0b10001, 0b10001, 0b10011, 0b01101];
const SPACE: Letter = [0; LETTER_ROWS as usize];

const CONNECTION_LOST: [Letter; 15] = [C, O, N, N, E, C, T, I, O, N, SPACE, L, O, S, T];
const PAUSED: [Letter; 6] = [P, A, U, S, E, D];
/// The letters that a third of a picture has room for.
const LETTERS: u32 = 15;

/// Why a picture is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// The line of the host or the hub is lost.
    Lost,
    /// The user has paused.
    Withheld,
}

impl Held {
    fn letters(self) -> &'static [Letter] {
        match self {
            Self::Lost => &CONNECTION_LOST,
            Self::Withheld => &PAUSED,
        }
    }
}

/// Where the words stand: in the middle of a picture, about a third as wide as it at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caption {
    letters: &'static [Letter],
    columns: u32,
    left: u32,
    top: u32,
    /// Of a dot, in pixels.
    side: u32,
}

impl Caption {
    /// `None` where a picture of `size` has no room for the words.
    pub(crate) fn on(size: PixelSize, held: Held) -> Option<Self> {
        let letters = held.letters();
        let columns = u32::try_from(letters.len()).expect("a few") * ADVANCE;
        let side = (size.width / 3 / (LETTERS * ADVANCE)).min(size.height / 3 / LETTER_ROWS);
        let side = side.max(1);
        Some(Self {
            letters,
            columns,
            left: size.width.checked_sub(columns * side)? / 2,
            top: size.height.checked_sub(LETTER_ROWS * side)? / 2,
            side,
        })
    }

    /// What is to be black, so that the words can be read; may reach beyond the picture.
    pub(crate) fn plate(self) -> Rect {
        let Self {
            columns,
            left,
            top,
            side,
            ..
        } = self;
        let margin = 3 * side;
        let (x, y) = (left.saturating_sub(margin), top.saturating_sub(margin));
        Rect {
            x,
            y,
            width: left + columns * side + margin - x,
            height: top + LETTER_ROWS * side + margin - y,
        }
    }

    /// The squares that are the words.
    pub(crate) fn dots(self) -> impl Iterator<Item = Rect> {
        let Self {
            letters,
            left,
            top,
            side,
            ..
        } = self;
        (0..).zip(letters).flat_map(move |(index, letter)| {
            let left = left + index * ADVANCE * side;
            (0..).zip(*letter).flat_map(move |(row, bits)| {
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
            for held in [Held::Lost, Held::Withheld] {
                let caption = Caption::on(size, held).expect("there is room");
                let dots: Vec<Rect> = caption.dots().collect();
                assert!(dots.iter().all(|dot| caption.plate().contains(*dot)));
                assert!(dots.iter().all(|dot| whole.contains(*dot)), "{size:?}");
                let left = dots.iter().map(|dot| dot.x).min().expect("dots");
                let right = dots.iter().map(|dot| dot.right()).max().expect("dots");
                let beside = left.abs_diff(width - right);
                assert!(beside <= width / 10, "{beside} of {width}");
            }
        }
        assert!(Caption::on(PixelSize::new(89, 200), Held::Lost).is_none());
        assert!(Caption::on(PixelSize::new(200, 6), Held::Lost).is_none());
    }
}
