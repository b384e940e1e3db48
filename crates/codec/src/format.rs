//! How an update is written down.
//!
//! ```text
//! update  := flags:u8 [version:u8 width:varint height:varint] section*
//! section := tag:u8 length:varint body
//! ```
//!
//! Bit 0 of `flags` marks a reset, which alone carries version and size; the other bits are kept for
//! later and must be zero. These are the versions 3 to 5 (see [`FormatVersion`](crate::FormatVersion)); the updates
//! up to the next reset have its version too. Sections come in ascending order of their tags, each at most once; a tag
//! that this version does not know is an error, since a viewer that leaves something out would show
//! a wrong picture. How a video of fewer pixels is enlarged is said in `video/detail.rs`.
//!
//! | section | body |
//! | --- | --- |
//! | stores  | tile number, as the distance from the one before, until the end |
//! | moves   | x, y, width, height of the target, then how far it moved right and down, until the end |
//! | recalls | tile number as in stores, cache slot, until the end |
//! | pixels  | number of rectangles; each x and y as the signed distance from the one before, width, height; then the range coder's bytes |
//! | natural | quality (1 to 100), runs of cells, the range coder's bytes; from version 4 on with the top bit of the quality set, prefix codes and what they code |
//! | video   | 0 if the rectangle is that of before, 1 if it is new; from version 5 on also 2 or 3 if it is new and the video has 3/4 or 1/2 of its pixels along either side; if new its x, y, width, height; runs of cells; one H.264 access unit (annex B) |
//! | photos  | rectangles as in pixels; prefix codes and what they code; from version 4 on |
//!
//! *Runs of cells* are their number, then for each how many cells lie between it and the one before,
//! and how many cells it has; cells count row by row.
//!
//! A moves section has at most one rectangle for each cell of the picture and a pixels section two,
//! and those of either have together no more pixels than the picture; so a decoder's lists are bounded
//! by the picture, not by the update.
//!
//! Numbers are *varints*: seven bits a byte, lowest first, the top bit says that more follow. Signed
//! ones are folded (0, -1, 1, -2, ...).

use std::ops::Range;

use crate::decoder::DecodeError;
use crate::geometry::Rect;
use crate::grid::{Cells, Grid};

/// Largest update, in bytes. An encoder keeps below it by sending what is too much in the next
/// update, a decoder refuses more unread.
///
/// The parts: pixels stop after the row with which they pass 1 MiB (a row is at most 1 MiB in the
/// worst case), and the lists of rectangles, moves and tiles stay below 6 MiB for the largest
/// picture.
pub const MAX_UPDATE_BYTES: usize = 8 << 20;

/// Most rectangles of a pixels section for each cell of the picture. An encoder tells cells once, but
/// may cut them into what goes first and what follows.
pub(crate) const RECTS_OF_CELL: usize = 2;

/// In the byte of a natural section's quality: its cells have prefix codes.
pub(crate) const QUICK: u8 = 0x80;

/// The flag of an update that stands alone.
pub(crate) const FLAG_RESET: u8 = 1;

/// What a section holds. The numbers are the order in which sections are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tag {
    Stores = 1,
    Moves = 2,
    Recalls = 3,
    Pixels = 4,
    Natural = 5,
    Video = 6,
    Photos = 7,
}

impl Tag {
    pub(crate) fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        match byte {
            1 => Ok(Self::Stores),
            2 => Ok(Self::Moves),
            3 => Ok(Self::Recalls),
            4 => Ok(Self::Pixels),
            5 => Ok(Self::Natural),
            6 => Ok(Self::Video),
            7 => Ok(Self::Photos),
            tag => Err(DecodeError::UnknownSection { tag }),
        }
    }
}

/// Appends a section, unless it is empty.
pub(crate) fn put_section(bytes: &mut Vec<u8>, tag: Tag, body: &[u8]) {
    if !body.is_empty() {
        bytes.push(tag as u8);
        put_varint(
            bytes,
            u32::try_from(body.len()).expect("an update is far below 4 GiB"),
        );
        bytes.extend_from_slice(body);
    }
}

pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Writes how many rectangles there are, and which.
pub(crate) fn put_rects(bytes: &mut Vec<u8>, rects: &[Rect]) {
    let count = u32::try_from(rects.len()).expect("fewer rectangles than cells");
    put_varint(bytes, count);
    let (mut x, mut y) = (0, 0);
    for rect in rects {
        put_signed(bytes, rect.x.wrapping_sub(x).cast_signed());
        put_signed(bytes, rect.y.wrapping_sub(y).cast_signed());
        put_varint(bytes, rect.width);
        put_varint(bytes, rect.height);
        (x, y) = (rect.x, rect.y);
    }
}

/// Writes which cells are marked.
pub(crate) fn put_runs(bytes: &mut Vec<u8>, cells: &Cells) {
    let columns = cells.grid().columns();
    let mut runs: Vec<Range<u32>> = Vec::new();
    for (column, row) in cells.marked() {
        let cell = row * columns + column;
        match runs.last_mut() {
            Some(run) if run.end == cell => run.end += 1,
            Some(_) | None => runs.push(cell..cell + 1),
        }
    }
    put_varint(
        bytes,
        u32::try_from(runs.len()).expect("fewer runs than cells"),
    );
    let mut end = 0;
    for run in runs {
        put_varint(bytes, run.start - end);
        put_varint(bytes, run.end - run.start);
        end = run.end;
    }
}

pub(crate) fn put_signed(bytes: &mut Vec<u8>, value: i32) {
    put_varint(bytes, (value << 1 ^ value >> 31).cast_unsigned());
}

/// Takes numbers and sections off the front of an update.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&first, rest) = self.rest.split_first().ok_or(DecodeError::CutOff)?;
        self.rest = rest;
        Ok(first)
    }

    /// A number of at most five bytes; bits beyond the 32nd are an error.
    pub(crate) fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::NumberTooLarge)
    }

    pub(crate) fn signed(&mut self) -> Result<i32, DecodeError> {
        let folded = self.varint()?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    /// Which cells are marked; the runs lie one behind the other, so there cannot be more than cells.
    pub(crate) fn runs(&mut self, grid: Grid) -> Result<Cells, DecodeError> {
        let mut cells = Cells::none(grid);
        let columns = grid.columns();
        let all = columns * grid.rows();
        let mut end = 0_u32;
        for _ in 0..self.varint()? {
            let start = end.saturating_add(self.varint()?);
            let count = self.varint()?;
            end = start.saturating_add(count);
            if count == 0 || end > all {
                return Err(DecodeError::NoSuchCell { cell: end });
            }
            for cell in start..end {
                cells.set(cell % columns, cell / columns, true);
            }
        }
        Ok(cells)
    }

    /// The next section: its tag and a reader over its body.
    pub(crate) fn section(&mut self) -> Result<(Tag, Self), DecodeError> {
        let tag = Tag::from_byte(self.byte()?)?;
        let length = self.varint()? as usize;
        let (body, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::CutOff)?;
        self.rest = rest;
        Ok((tag, Reader::new(body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn numbers_come_back(value: u32, signed: i32) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            put_signed(&mut bytes, signed);
            let mut reader = Reader::new(&bytes);
            proptest::prop_assert_eq!(reader.varint(), Ok(value));
            proptest::prop_assert_eq!(reader.signed(), Ok(signed));
            proptest::prop_assert!(reader.is_empty());
        }
    }

    #[test]
    fn a_number_that_is_too_large_or_cut_off_is_refused() {
        assert_eq!(
            Reader::new(&[0xff; 5]).varint(),
            Err(DecodeError::NumberTooLarge)
        );
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).varint(),
            Err(DecodeError::NumberTooLarge)
        );
        assert_eq!(Reader::new(&[0xff; 4]).varint(), Err(DecodeError::CutOff));
    }

    #[test]
    fn a_section_longer_than_the_update_is_refused() {
        assert!(matches!(
            Reader::new(&[4, 3, 0, 0]).section(),
            Err(DecodeError::CutOff)
        ));
        assert!(matches!(
            Reader::new(&[9, 0]).section(),
            Err(DecodeError::UnknownSection { tag: 9 })
        ));
    }
}
