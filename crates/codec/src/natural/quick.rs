//! Natural cells for lines on which bytes need not be spared: prefix codes in place of adaptive estimates, a
//! third larger, and several times as fast.
//!
//! Symbols are those of JPEG's Huffman coding: the DC of a block is how many bits its distance from what was
//! expected has, and those bits; a coefficient is how many zeros lie before it, how many bits it has, and
//! those. A block ends with a symbol of its own unless its last coefficient is not zero. Which code
//! stands for a symbol depends on the plane, and for luma on how far the coefficients of the neighbours reach.
//! The codes come first, so a decoder reads once and an encoder writes when it has seen all cells.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "levels have at most 13 bits and a sign, codes are few"
)]

use fearless_simd::dispatch;

use super::quantiser::{Levels, SCAN};
use super::samples::{blocks_of_pixels, pixels_of_cell, show};
use super::transform::{Lanes, transform};
use super::{AREA, BLOCKS, LUMA_BLOCKS, Latest, MAX_DC_LEVEL, NaturalModel, SIDE, fill_class};
use crate::crew::Crew;
use crate::geometry::Rect;
use crate::picture::Picture;
use crate::prefix_code::{BitReader, BitWriter, Codes, Counts, NoCode, SYMBOLS, Table};

/// Codes of luma's coefficients, of chroma's, and of either's DC.
const LUMA_CODES: usize = 4;
const CHROMA_CODES: usize = 2;
const DC_OF_LUMA: usize = LUMA_CODES + CHROMA_CODES;
const DC_OF_CHROMA: usize = DC_OF_LUMA + 1;
const CODES: usize = DC_OF_CHROMA + 1;

/// No more coefficients.
const END: u8 = 0;
/// Sixteen zeros.
const ZEROS: u8 = 0xf0;
const MOST_ZEROS: usize = 16;

/// Cells that are coded, before there is a code for them.
pub(crate) struct QuickCells {
    tokens: Vec<Token>,
    counts: Box<[Counts; CODES]>,
}

/// A symbol of a code, and the bits behind it.
#[derive(Clone, Copy)]
struct Token {
    extra: u16,
    symbol: u8,
    code: u8,
}

impl Token {
    fn extra_bits(self) -> u32 {
        u32::from(self.symbol) & 15
    }
}

impl QuickCells {
    pub(crate) fn new() -> Self {
        Self {
            tokens: Vec::new(),
            counts: Box::new([[0; SYMBOLS]; CODES]),
        }
    }

    /// About how many bytes they take; never less than a third of it.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Goes on with what follows.
    fn append(&mut self, others: Self) {
        self.tokens.extend(others.tokens);
        let counts = self.counts.as_flattened_mut().iter_mut();
        for (count, more) in counts.zip(others.counts.as_flattened()) {
            *count += more;
        }
    }

    #[inline]
    fn push(&mut self, code: usize, symbol: u8, extra: u16) {
        self.counts[code & (CODES - 1)][usize::from(symbol)] += 1;
        let code = code as u8;
        self.tokens.push(Token {
            extra,
            symbol,
            code,
        });
    }

    /// A number behind `zeros` zeros.
    #[inline]
    fn push_number(&mut self, code: usize, zeros: usize, number: i32) {
        let bits = bits_of(number);
        // as in JPEG: negative ones are one less, so that their top bit is clear
        let extra = (number + (number >> 31)) & ((1 << bits) - 1);
        self.push(code, (zeros << 4) as u8 | bits as u8, extra as u16);
    }

    /// The codes and the cells.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut writer = BitWriter::default();
        let codes = self.counts.each_ref().map(Codes::of);
        for code in &codes {
            code.write_down(&mut writer);
        }
        for token in self.tokens {
            let code = &codes[usize::from(token.code) & (CODES - 1)];
            code.put(
                &mut writer,
                token.symbol,
                token.extra.into(),
                token.extra_bits(),
            );
        }
        writer.finish()
    }
}

/// How many bits a number has without its sign.
#[inline]
fn bits_of(number: i32) -> u32 {
    u32::BITS - number.unsigned_abs().leading_zeros()
}

/// Reads what [`QuickCells::finish`] wrote.
pub(crate) struct QuickReader<'a> {
    reader: BitReader<'a>,
    codes: [Table; CODES],
}

impl<'a> QuickReader<'a> {
    /// # Errors
    ///
    /// [`NoCode`].
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, NoCode> {
        let mut reader = BitReader::new(bytes);
        let mut read = || Table::read(&mut reader);
        let codes = [
            read()?,
            read()?,
            read()?,
            read()?,
            read()?,
            read()?,
            read()?,
            read()?,
        ];
        Ok(Self { reader, codes })
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.reader.is_exhausted()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.reader.is_at_end()
    }

    #[inline]
    fn symbol(&mut self, code: usize) -> u8 {
        self.codes[code & (CODES - 1)].take(&mut self.reader)
    }

    /// The number whose bits follow.
    #[inline]
    fn number(&mut self, bits: u32) -> i32 {
        let extra = self.reader.take(bits) as i32;
        let is_negative = bits > 0 && extra >> (bits - 1) == 0;
        if is_negative {
            extra + 1 - (1 << bits)
        } else {
            extra
        }
    }
}

impl NaturalModel {
    /// As [`Self::encode_cell`].
    pub(crate) fn encode_cell_quickly(
        &mut self,
        cells: &mut QuickCells,
        picture: &Picture,
        cell: Rect,
    ) {
        let mut latest = self.latest;
        self.encode_after(&mut latest, cells, picture, cell);
        self.latest = latest;
    }

    /// As [`Self::encode_cell_quickly`] for one of `rects` after the other, with the help of `crew`; the bytes are
    /// the same.
    pub(crate) fn encode_cells_together(
        &mut self,
        crew: &dyn Crew,
        picture: &Picture,
        rects: &[Rect],
    ) -> QuickCells {
        let (first, second) = rects.split_at(rects.len() / 2);
        let (mut cells, mut more) = (QuickCells::new(), QuickCells::new());
        let (mut latest, mut later) = (self.latest, self.latest);
        if let Some(&before) = first.last() {
            // what a cell leaves behind does not depend on what was before it
            self.encode_after(&mut later, &mut QuickCells::new(), picture, before);
        }
        let model = &*self;
        let encode = |latest: &mut Latest, cells: &mut QuickCells, rects: &[Rect]| {
            for &rect in rects {
                model.encode_after(latest, cells, picture, rect);
            }
        };
        crew.both(&mut || encode(&mut latest, &mut cells, first), &mut || {
            encode(&mut later, &mut more, second);
        });
        self.latest = later;
        cells.append(more);
        cells
    }

    fn encode_after(
        &self,
        latest: &mut Latest,
        cells: &mut QuickCells,
        picture: &Picture,
        cell: Rect,
    ) {
        dispatch!(self.processor, _simd => {
            let mut blocks = blocks_of_pixels(&pixels_of_cell(picture, cell));
            for (place, block) in blocks.iter_mut().enumerate() {
                transform(block);
                let levels = self.quantiser(place).levels(block);
                latest.encode_block(cells, place, &levels);
            }
        });
    }

    /// As [`Self::decode_cell`].
    pub(crate) fn decode_cell_quickly(
        &mut self,
        reader: &mut QuickReader<'_>,
        picture: &mut Picture,
        cell: Rect,
    ) {
        dispatch!(self.processor, _simd => {
            let mut blocks = [[Lanes([0; SIDE]); SIDE]; BLOCKS];
            for (place, block) in blocks.iter_mut().enumerate() {
                let levels = self.decode_block_quickly(reader, place);
                *block = self.quantiser(place).restored(&levels);
            }
            show(&blocks, picture, cell);
        });
    }

    #[inline(always)]
    fn decode_block_quickly(&mut self, reader: &mut QuickReader<'_>, place: usize) -> Levels {
        let (dc_code, ac_code) = self.latest.codes_of(place);
        let mut levels = Levels::zero();
        let bits = reader.symbol(dc_code) & 15;
        let dc = self.latest.predicted_dc(place) + reader.number(bits.into());
        let dc = dc.clamp(-MAX_DC_LEVEL, MAX_DC_LEVEL);
        levels.by_place[0] = dc;
        let mut step = 0;
        while step < AREA - 1 {
            let symbol = reader.symbol(ac_code);
            if symbol == END {
                break;
            }
            step += usize::from(symbol >> 4) + 1;
            if symbol == ZEROS {
                continue;
            }
            let number = reader.number((symbol & 15).into());
            // an encoder goes no further
            if step < AREA {
                levels.by_place[SCAN[step] & (AREA - 1)] = number;
                levels.ac_count = step;
            }
        }
        self.latest.dc[place] = dc;
        self.latest.ac_count[place] = levels.ac_count;
        levels
    }
}

impl Latest {
    #[inline(always)]
    fn encode_block(&mut self, cells: &mut QuickCells, place: usize, levels: &Levels) {
        let (dc_code, ac_code) = self.codes_of(place);
        let dc = levels.by_place[0];
        cells.push_number(dc_code, 0, dc - self.predicted_dc(place));
        let mut zeros = 0;
        for &at in &SCAN[1..=levels.ac_count] {
            let level = levels.by_place[at];
            if level == 0 {
                zeros += 1;
                continue;
            }
            while zeros >= MOST_ZEROS {
                cells.push(ac_code, ZEROS, 0);
                zeros -= MOST_ZEROS;
            }
            cells.push_number(ac_code, zeros, level);
            zeros = 0;
        }
        if levels.ac_count < AREA - 1 {
            cells.push(ac_code, END, 0);
        }
        self.dc[place] = dc;
        self.ac_count[place] = levels.ac_count;
    }

    /// The codes of a block's DC and of its other coefficients.
    #[inline]
    fn codes_of(self, place: usize) -> (usize, usize) {
        let fill = fill_class(self.expected_ac_count(place));
        if place < LUMA_BLOCKS {
            (DC_OF_LUMA, fill / 2)
        } else {
            (DC_OF_CHROMA, LUMA_CODES + usize::from(fill > 2))
        }
    }
}
