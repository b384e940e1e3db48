//! Prefix codes over small alphabets: each symbol has as many bits as its frequency deserves, and both
//! sides look it up in a table. Ten times as fast as the range coder, and a little larger.
//!
//! A code is written down as the length of each symbol's bits, four bits for each symbol; a zero
//! is followed by how many more symbols without bits there are. The bits themselves follow from the lengths:
//! shorter ones come first, and among equals lower symbols (a *canonical* code, as in RFC 1951, 3.2.2).

#![expect(
    clippy::cast_possible_truncation,
    reason = "bits and lengths are taken apart and put together within known bounds"
)]

/// Longest code of a symbol in bits; a decoder's table has an entry for each number of so many bits.
const MAX_LENGTH: u32 = 11;
const TABLE: usize = 1 << MAX_LENGTH;

/// Symbols of the largest alphabet.
pub(crate) const SYMBOLS: usize = 256;

/// How often each symbol occurs.
pub(crate) type Counts = [u32; SYMBOLS];

/// What an encoder writes for each symbol.
pub(crate) struct Codes {
    lengths: [u8; SYMBOLS],
    bits: [u16; SYMBOLS],
}

impl Codes {
    /// For symbols that occur so often.
    pub(crate) fn of(counts: &Counts) -> Self {
        let lengths = lengths_of(counts);
        let mut bits = [0; SYMBOLS];
        let mut next = 0_u16;
        for length in 1..=MAX_LENGTH {
            for (bits, _) in bits
                .iter_mut()
                .zip(lengths)
                .filter(|(_, of)| u32::from(*of) == length)
            {
                *bits = next;
                next += 1;
            }
            next <<= 1;
        }
        Self { lengths, bits }
    }

    /// Writes `symbol`, and behind it the lowest `extra_bits` bits of `extra`, at most 13.
    #[inline]
    pub(crate) fn put(&self, writer: &mut BitWriter, symbol: u8, extra: u32, extra_bits: u32) {
        let bits = u32::from(self.bits[usize::from(symbol)]);
        let length = u32::from(self.lengths[usize::from(symbol)]);
        writer.put(bits << extra_bits | extra, length + extra_bits);
    }

    pub(crate) fn write_down(&self, writer: &mut BitWriter) {
        let mut rest = &self.lengths[..];
        while let Some((&length, after)) = rest.split_first() {
            writer.put(length.into(), 4);
            rest = after;
            if length == 0 {
                let more = rest
                    .iter()
                    .take(15)
                    .take_while(|length| **length == 0)
                    .count();
                writer.put(more as u32, 4);
                rest = &rest[more..];
            }
        }
    }
}

/// Lengths for which the codes are as short as they can be, but for the limit.
fn lengths_of(counts: &Counts) -> [u8; SYMBOLS] {
    let mut lengths = [0; SYMBOLS];
    let mut weights: Vec<(u32, usize)> = (0..)
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(symbol, &count)| (count, symbol))
        .collect();
    if let [(_, only)] = weights[..] {
        lengths[only] = 1;
    }
    if weights.len() < 2 {
        return lengths;
    }
    weights.sort_unstable();
    loop {
        let depths = depths_of(&weights);
        if depths.iter().all(|&depth| depth <= MAX_LENGTH) {
            for ((_, symbol), depth) in weights.iter().zip(depths) {
                lengths[*symbol] = depth as u8;
            }
            return lengths;
        }
        // rare symbols count for more, until none is too long
        for (weight, _) in &mut weights {
            *weight = *weight / 2 + 1;
        }
    }
}

/// How deep each of at least two weights, smallest first, lies in Huffman's tree.
fn depths_of(weights: &[(u32, usize)]) -> Vec<u32> {
    let count = weights.len();
    // leaves, then inner nodes as they are made; those are made in order of their weight
    let mut weight_of: Vec<u64> = weights
        .iter()
        .map(|(weight, _)| u64::from(*weight))
        .collect();
    let mut parent_of = vec![0; 2 * count - 1];
    let (mut leaf, mut inner) = (0, count);
    for node in count..2 * count - 1 {
        let mut sum = 0;
        for _ in 0..2 {
            let takes_leaf = leaf < count && (inner >= node || weight_of[leaf] <= weight_of[inner]);
            let taken = if takes_leaf { &mut leaf } else { &mut inner };
            sum += weight_of[*taken];
            parent_of[*taken] = node;
            *taken += 1;
        }
        weight_of.push(sum);
    }
    let mut depth_of = vec![0; 2 * count - 1];
    for node in (0..2 * count - 2).rev() {
        depth_of[node] = depth_of[parent_of[node]] + 1;
    }
    depth_of.truncate(count);
    depth_of
}

/// What a decoder looks symbols up in.
pub(crate) struct Table(Box<[Entry; TABLE]>);

#[derive(Clone, Copy)]
struct Entry {
    symbol: u8,
    length: u8,
}

/// Lengths that no code has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoCode;

impl Table {
    /// Reads what [`Codes::write_down`] wrote.
    ///
    /// # Errors
    ///
    /// [`NoCode`] if the lengths name too many codes, or, of more than one symbol, too few.
    pub(crate) fn read(reader: &mut BitReader<'_>) -> Result<Self, NoCode> {
        let mut lengths = [0_u8; SYMBOLS];
        let mut symbol = 0;
        while symbol < SYMBOLS {
            let length = reader.take(4);
            lengths[symbol] = length as u8;
            symbol += 1;
            if length == 0 {
                symbol += reader.take(4) as usize;
            }
        }
        if symbol > SYMBOLS {
            return Err(NoCode);
        }
        Self::of(&lengths)
    }

    fn of(lengths: &[u8; SYMBOLS]) -> Result<Self, NoCode> {
        let mut entries = Box::new(
            [Entry {
                symbol: 0,
                length: 1,
            }; TABLE],
        );
        let mut filled = 0;
        let mut symbols = 0;
        for length in 1..=15 {
            let named = (0..=u8::MAX).zip(lengths).filter(|(_, of)| **of == length);
            for (symbol, &length) in named {
                let share = TABLE.checked_shr(length.into()).unwrap_or(0);
                let places = entries.get_mut(filled..filled + share).ok_or(NoCode)?;
                if share == 0 {
                    return Err(NoCode);
                }
                places.fill(Entry { symbol, length });
                filled += share;
                symbols += 1;
            }
        }
        // one symbol alone has a bit all the same, and none at all is a code that nothing uses
        if filled == TABLE || symbols <= 1 {
            Ok(Self(entries))
        } else {
            Err(NoCode)
        }
    }

    #[inline]
    pub(crate) fn take(&self, reader: &mut BitReader<'_>) -> u8 {
        let entry = self.0[reader.ahead(MAX_LENGTH) as usize & (TABLE - 1)];
        reader.skip(entry.length.into());
        entry.symbol
    }
}

/// Bits, the first one on top of the first byte.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// The lowest `count` bits are not written yet.
    bits: u64,
    count: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits of `bits`, which has no others; at most 32.
    #[inline]
    pub(crate) fn put(&mut self, bits: u32, count: u32) {
        self.bits = self.bits << count | u64::from(bits);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            let whole = (self.bits >> self.count) as u32;
            self.bytes.extend_from_slice(&whole.to_be_bytes());
        }
    }

    /// All bytes; what is left of the last one is clear.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let rest = (self.bits << (32 - self.count)) as u32;
        let bytes = self.count.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&rest.to_be_bytes()[..bytes]);
        self.bytes
    }
}

/// Takes bits off bytes; behind the end there are clear ones.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bytes that were taken into `bits`.
    taken: usize,
    /// What comes next, from the top.
    bits: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let (taken, bits, count) = (0, 0, 0);
        Self {
            bytes,
            taken,
            bits,
            count,
        }
    }

    /// The next `count` bits, of 1 to 32, which stay where they are.
    #[inline]
    pub(crate) fn ahead(&mut self, count: u32) -> u32 {
        if self.count < count {
            self.refill();
        }
        (self.bits >> (64 - count)) as u32
    }

    /// Passes over bits that were seen.
    #[inline]
    pub(crate) fn skip(&mut self, count: u32) {
        self.bits <<= count;
        self.count -= count;
    }

    /// The next `count` bits, of 0 to 32.
    #[inline]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        let taken = self.ahead(count);
        self.skip(count);
        taken
    }

    #[inline]
    fn refill(&mut self) {
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let mut next = [0; 4];
        if let Some(whole) = rest.first_chunk() {
            next = *whole;
        } else {
            next[..rest.len()].copy_from_slice(rest);
        }
        self.taken += next.len();
        self.bits |= u64::from(u32::from_be_bytes(next)) << (32 - self.count);
        self.count += 32;
    }

    /// How many bits were read.
    fn used(&self) -> usize {
        8 * self.taken - self.count as usize
    }

    /// More was read than there is.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.used() > 8 * self.bytes.len()
    }

    /// Everything was read but for what is left of the last byte.
    pub(crate) fn is_at_end(&self) -> bool {
        self.used().div_ceil(8) == self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts_of(symbols: &[u8]) -> Counts {
        let mut counts = [0; SYMBOLS];
        for &symbol in symbols {
            counts[usize::from(symbol)] += 1;
        }
        counts
    }

    proptest::proptest! {
        #[test]
        fn symbols_and_what_follows_them_come_back(
            symbols in proptest::collection::vec(
                proptest::prop_oneof![0_u8..3, 0_u8..40, proptest::num::u8::ANY], 0..1000),
            extra_bits in 0_u32..14,
        ) {
            let codes = Codes::of(&counts_of(&symbols));
            let mut writer = BitWriter::default();
            codes.write_down(&mut writer);
            for (place, &symbol) in (0..).zip(&symbols) {
                codes.put(&mut writer, symbol, place & ((1 << extra_bits) - 1), extra_bits);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            let table = Table::read(&mut reader).expect("a code");
            for (place, &symbol) in (0..).zip(&symbols) {
                proptest::prop_assert_eq!(table.take(&mut reader), symbol);
                proptest::prop_assert_eq!(reader.take(extra_bits), place & ((1 << extra_bits) - 1));
            }
            proptest::prop_assert!(reader.is_at_end() && !reader.is_exhausted());
        }

        #[test]
        fn any_bytes_are_a_code_or_none_and_are_soon_exhausted(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        ) {
            let mut reader = BitReader::new(&bytes);
            if let Ok(table) = Table::read(&mut reader) {
                let mut symbols = 0;
                while !reader.is_exhausted() {
                    table.take(&mut reader);
                    symbols += 1;
                }
                proptest::prop_assert!(symbols <= 8 * bytes.len() + 1);
            }
        }
    }

    /// Each is twice as frequent as the one before: without a limit the rarest has 29 bits.
    #[test]
    fn no_symbol_is_too_long() {
        let mut counts = [0; SYMBOLS];
        for (symbol, count) in counts.iter_mut().take(30).enumerate() {
            *count = 1 << symbol;
        }
        let lengths = lengths_of(&counts);
        assert_eq!(lengths.iter().max(), Some(&(MAX_LENGTH as u8)));
        assert_eq!(lengths[29], 1);
        Table::of(&lengths).expect("a code");
    }

    #[test]
    fn what_is_frequent_is_short() {
        let mut counts = [0; SYMBOLS];
        counts[..5].copy_from_slice(&[1, 1, 2, 4, 8]);
        assert_eq!(lengths_of(&counts)[..6], [4, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn lengths_that_are_no_code_are_refused() {
        let of = |named: &[u8]| {
            let mut lengths = [0; SYMBOLS];
            lengths[..named.len()].copy_from_slice(named);
            Table::of(&lengths).err()
        };
        assert_eq!(of(&[1, 1]), None);
        assert_eq!(of(&[]), None, "nothing uses it");
        assert_eq!(of(&[7]), None, "one alone");
        assert_eq!(of(&[1, 2]), Some(NoCode), "some bits are nothing");
        assert_eq!(of(&[1, 1, 1]), Some(NoCode), "too many");
        assert_eq!(of(&[12, 12]), Some(NoCode), "too long");
        assert_eq!(of(&[1, 2, 12]), Some(NoCode), "too long");
    }
}
