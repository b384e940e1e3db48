//! Updates that a hostile host may send: legal, or wrong only at their end, and as costly to a decoder as
//! they can be made.

use codec::{FormatVersion, PixelSize};

/// Puts a tile into each slot of the cache, in such an order that each first holds a smaller one.
pub(crate) fn fill_the_cache(size: PixelSize) -> impl Iterator<Item = Vec<u8>> {
    let (columns, rows) = (size.width.div_ceil(64), size.height.div_ceil(64));
    let last_of_row = (0..rows).map(|_| columns - 1).collect();
    let orders: [Vec<u32>; 2] = [last_of_row, vec![0; (columns * rows) as usize]];
    orders.into_iter().flat_map(|tiles| {
        let update = delta(&[(1, numbers(&tiles))]);
        std::iter::repeat_n(update, 1024_usize.div_ceil(tiles.len()))
    })
}

/// As many moves as there can be, the two largest of which change places, and as many rectangles of
/// pixels. The coder finds no bytes, but only when all lists are full.
pub(crate) fn fill_the_lists_of_pixels(size: PixelSize) -> Vec<u8> {
    let PixelSize { width, height } = size;
    let count = (2 * cells(size)).min(width * height);
    let mut pixels = vec![count];
    for place in 0..count {
        // one behind the other, row by row
        let step = match place {
            0 => [0, 0],
            _ if place.is_multiple_of(width) => [folded(1 - i64::from(width)), folded(1)],
            _ => [folded(1), 0],
        };
        pixels.extend([step[0], step[1], 1, 1]);
    }
    delta(&[most_moves(size), (4, numbers(&pixels))])
}

/// The same with as many cells as there can be that do not touch.
pub(crate) fn fill_the_lists_of_cells(size: PixelSize) -> Vec<u8> {
    let runs = cells(size).div_ceil(2);
    let mut natural = vec![100, runs, 0, 1];
    natural.extend([1, 1].repeat(runs as usize - 1));
    delta(&[most_moves(size), (5, numbers(&natural))])
}

fn cells(size: PixelSize) -> u32 {
    size.width.div_ceil(16) * size.height.div_ceil(16)
}

fn most_moves(size: PixelSize) -> (u8, Vec<u8>) {
    let PixelSize { width, height } = size;
    // what is left below is for the small ones
    let half = height * 31 / 64;
    let mut moves = Vec::new();
    for (y, down) in [(0, -i64::from(half)), (half, half.into())] {
        moves.extend([0, y, width, half, 0, folded(down)]);
    }
    for _ in 2..cells(size).min((height - 2 * half) * width) {
        moves.extend([0, height - 1, 1, 1, 0, 0]);
    }
    (2, numbers(&moves))
}

/// A video of the upper left `size` of a picture, each access unit of this length at least.
pub(crate) fn play_video(size: PixelSize, length: usize) -> impl Iterator<Item = Vec<u8>> {
    let PixelSize { width, height } = size;
    (0..8).map(move |place| {
        let mut body = match place {
            0 => numbers(&[1, 0, 0, width, height]),
            _ => vec![0],
        };
        body.extend(numbers(&[1, 0, 1]));
        let mut picture = grey_picture(size);
        // behind the last macroblock nobody looks
        picture.resize(picture.len().max(length), 0xff);
        body.extend(picture);
        delta(&[(6, body)])
    })
}

fn folded(number: i64) -> u32 {
    let folded = if number < 0 {
        -2 * number - 1
    } else {
        2 * number
    };
    u32::try_from(folded).expect("a distance within a picture")
}

/// A black picture of this size.
pub(crate) fn reset(size: PixelSize) -> Vec<u8> {
    let mut update = vec![1, FormatVersion::NEWEST.number()];
    update.extend(numbers(&[size.width, size.height]));
    update
}

/// An update of these sections.
pub(crate) fn delta(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut update = vec![0];
    for (tag, body) in sections {
        update.push(*tag);
        update.extend(numbers(&[u32::try_from(body.len()).expect("short")]));
        update.extend(body);
    }
    update
}

/// Numbers as the format writes them.
pub(crate) fn numbers(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &number in numbers {
        let mut rest = number;
        while rest > 0x7f {
            let [low, ..] = rest.to_le_bytes();
            bytes.push(low | 0x80);
            rest >>= 7;
        }
        bytes.extend(&rest.to_le_bytes()[..1]);
    }
    bytes
}

/// The smallest H.264 picture of this size (whole macroblocks), with its parameter sets.
fn grey_picture(size: PixelSize) -> Vec<u8> {
    let (columns, rows) = (size.width / 16, size.height / 16);
    let mut sequence = Bits::default();
    sequence.put(8, 66); // baseline
    sequence.put(16, 0xc0_34); // constrained, level 5.2
    // set 0, numbers of four bits, pictures in their order, one reference without gaps
    for number in [0, 0, 2, 1] {
        sequence.number(number);
    }
    sequence.put(1, 0);
    sequence.number(columns - 1);
    sequence.number(rows - 1);
    // frames only, direct vectors, no crop, nothing else
    sequence.put(4, 0b1100);
    let mut picture = Bits::default();
    // sets 0 and 0, variable lengths, no order, one slice group, one reference either way, no
    // weights, usual quantisers, no options
    picture.put(13, 0b1_1001_1100_0111);
    picture.put(3, 0);
    let mut slice = Bits::default();
    slice.number(0); // from the first macroblock on
    slice.number(7); // intra only
    slice.number(0); // set 0
    slice.put(4, 0); // picture 0
    slice.number(0); // of key picture 0
    slice.put(2, 0); // nothing is kept
    slice.number(0); // the usual quantiser
    for _ in 0..columns * rows {
        // predicted as a whole from what is there, and no difference
        slice.put(8, 0b0010_0111);
    }
    let units = [(0x67, sequence), (0x68, picture), (0x65, slice)];
    units
        .into_iter()
        .flat_map(|(header, bits)| bits.unit(header))
        .collect()
}

/// Writes bits, the highest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, count: u32, value: u32) {
        for place in (0..count).rev() {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::from(value >> place & 1 == 1);
            self.bytes[self.count / 8] |= bit << (7 - self.count % 8);
            self.count += 1;
        }
    }

    /// An Exp-Golomb number.
    fn number(&mut self, value: u32) {
        let bits = (value + 1).ilog2();
        self.put(bits, 0);
        self.put(bits + 1, value + 1);
    }

    /// These bits as a unit of a stream: behind a start code, and without one within.
    fn unit(mut self, header: u8) -> Vec<u8> {
        self.put(1, 1); // the end
        let mut unit = vec![0, 0, 0, 1, header];
        for byte in self.bytes {
            if byte <= 3 && unit.ends_with(&[0, 0]) {
                unit.push(3);
            }
            unit.push(byte);
        }
        unit
    }
}
