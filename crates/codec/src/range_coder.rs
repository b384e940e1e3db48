//! The adaptive binary range coder under the pixel coder.
//!
//! A carry-propagating coder over 32 bits, the top one of the range always set: after each bit both
//! sides shift by as many places as that takes, without a loop, and move bytes only once in many bits.
//! Encoder and decoder share one trait, [`BitCoder`], so that each model is written once and cannot
//! disagree with itself.

#![expect(
    clippy::inline_always,
    reason = "it is compiled for the instructions that its callers use"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the coder takes numbers apart into bytes"
)]

/// How likely a bit is to be clear, as learned from the bits seen so far.
///
/// The mean of a quick and a slow estimate: the quick one follows changes, the slow one is exact
/// where nothing changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probability {
    quick: u16,
    slow: u16,
}

impl Default for Probability {
    fn default() -> Self {
        Self::NEW
    }
}

impl Probability {
    /// Of a bit that nothing is known about.
    pub(crate) const NEW: Self = Self {
        quick: 1 << 15,
        slow: 1 << 15,
    };

    /// The part of `range` that stands for a clear bit.
    ///
    /// INVARIANT: neither it nor the rest is below 1/1024 of a range that has its top bit set, so no
    /// bit shifts by more than [`MOST_PLACES`]. `learn` leaves `quick` at least 15 and `slow` at least
    /// 127 away from either end, because its shifts round down.
    #[inline(always)]
    fn share_of_clear(self, range: u32) -> u32 {
        // The sum of two estimates of 16 bits.
        const SUM_BITS: u32 = 17;
        let sum = u64::from(self.quick) + u64::from(self.slow);
        ((u64::from(range) * sum) >> SUM_BITS) as u32
    }

    #[inline(always)]
    fn learn(&mut self, bit: bool) {
        if bit {
            self.quick -= self.quick >> 4;
            self.slow -= self.slow >> 7;
        } else {
            self.quick += (u16::MAX - self.quick) >> 4;
            self.slow += (u16::MAX - self.slow) >> 7;
        }
    }
}

/// Codes bits in either direction.
pub(crate) trait BitCoder {
    /// Whether the values handed in are real; a decoder ignores them.
    const ENCODES: bool;

    /// Codes one bit under an estimate, which learns from it. Returns the bit.
    fn bit(&mut self, probability: &mut Probability, bit: bool) -> bool;

    /// Codes one bit that nothing is known about. Returns the bit.
    fn even_bit(&mut self, bit: bool) -> bool;
}

/// Bits of the range.
const RANGE_BITS: u32 = u32::BITS;

/// Most places that one bit shifts by.
const MOST_PLACES: u32 = 10;

/// Most zero bytes that [`RangeEncoder::finish`] leaves away and [`RangeDecoder`] makes up.
const IMPLIED_ZEROS: usize = 4;

/// [`RangeEncoder`] puts out so many bytes at once; the last of all may hold nothing of use.
const WRITTEN_AT_ONCE: usize = 2;
/// [`RangeDecoder`] takes in so many bytes at once.
const READ_AT_ONCE: usize = 4;

/// What is held or ahead must find room in 64 bits beside the range and a carry.
const _: () = assert!(
    1 + 8 * WRITTEN_AT_ONCE as u32 + MOST_PLACES + RANGE_BITS <= u64::BITS
        && 8 * READ_AT_ONCE as u32 + RANGE_BITS <= u64::BITS
);

/// Writes bits into a byte string.
#[derive(Debug)]
pub(crate) struct RangeEncoder {
    /// From the top: zeros, a carry, `held` bits that go out next, [`RANGE_BITS`] that still change.
    low: u64,
    range: u32,
    /// Below [`Self::MOST_HELD`] between bits.
    held: u32,
    bytes: Vec<u8>,
}

impl RangeEncoder {
    /// As soon as so many bits are held, they go out together.
    const MOST_HELD: u32 = 8 * WRITTEN_AT_ONCE as u32;

    pub(crate) fn new() -> Self {
        Self {
            low: 0,
            range: u32::MAX,
            held: 0,
            bytes: Vec::new(),
        }
    }

    /// The bytes written so far; a few more are still held.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the string so that a decoder, which reads on in zeros, finds every bit.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        // The top bit of the range is set, so one bit more than those held tells a number within it.
        const LEAST_RANGE: u64 = 1 << (RANGE_BITS - 1);
        self.low = (self.low + (LEAST_RANGE - 1)) & !(LEAST_RANGE - 1);
        self.low <<= Self::MOST_HELD - self.held;
        self.held = Self::MOST_HELD;
        self.put_held();
        for _ in 0..IMPLIED_ZEROS {
            if self.bytes.last() == Some(&0) {
                self.bytes.pop();
            }
        }
        self.bytes
    }

    /// Shifts until the top bit of `range` is set.
    #[inline(always)]
    fn widen(&mut self) {
        let places = self.range.leading_zeros();
        self.range <<= places;
        self.low <<= places;
        self.held += places;
        if self.held >= Self::MOST_HELD {
            self.put_held();
        }
    }

    /// Puts out the upper [`Self::MOST_HELD`] of the bits held.
    fn put_held(&mut self) {
        let place = RANGE_BITS + self.held - Self::MOST_HELD;
        let top = self.low >> place;
        self.low -= top << place;
        self.held -= Self::MOST_HELD;
        if top >> Self::MOST_HELD != 0 {
            // Nothing carries out of the first byte: the whole string is a number below one.
            for byte in self.bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        self.bytes.extend_from_slice(&(top as u16).to_be_bytes());
    }
}

impl BitCoder for RangeEncoder {
    const ENCODES: bool = true;

    #[inline(always)]
    fn bit(&mut self, probability: &mut Probability, bit: bool) -> bool {
        let bound = probability.share_of_clear(self.range);
        self.low += if bit { u64::from(bound) } else { 0 };
        self.range = if bit { self.range - bound } else { bound };
        probability.learn(bit);
        self.widen();
        bit
    }

    #[inline(always)]
    fn even_bit(&mut self, bit: bool) -> bool {
        self.range >>= 1;
        self.low += if bit { u64::from(self.range) } else { 0 };
        self.widen();
        bit
    }
}

/// Reads bits from a byte string, whatever it holds.
///
/// Past the end it reads zeros; [`Self::is_exhausted`] tells when that cannot be right.
#[derive(Debug)]
pub(crate) struct RangeDecoder<'a> {
    /// From the top: [`RANGE_BITS`] to be compared with `range`, `ahead` that follow them, zeros.
    code: u64,
    range: u32,
    /// INVARIANT: at most `8 * (read - READ_AT_ONCE)`; the first bytes are compared at once.
    ahead: u32,
    bytes: &'a [u8],
    /// How many bytes were taken in, those behind the end as well.
    read: usize,
}

impl<'a> RangeDecoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            code: 0,
            range: u32::MAX,
            ahead: 0,
            bytes,
            read: 0,
        };
        decoder.code = u64::from(decoder.next_bytes()) << RANGE_BITS;
        decoder
    }

    /// Whether more was read than any encoder leaves away: the string is cut off or nonsense.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.used() > self.bytes.len() + IMPLIED_ZEROS
    }

    /// Whether the string was read to its end.
    pub(crate) fn is_at_end(&self) -> bool {
        self.used() + WRITTEN_AT_ONCE >= self.bytes.len()
    }

    /// How many bytes the bits so far took, rounded down.
    fn used(&self) -> usize {
        self.read - READ_AT_ONCE - self.ahead.div_ceil(8) as usize
    }

    /// The next bytes, zeros from the end on.
    fn next_bytes(&mut self) -> u32 {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        let mut next = [0; READ_AT_ONCE];
        if let Some(whole) = rest.first_chunk() {
            next = *whole;
        } else {
            next[..rest.len()].copy_from_slice(rest);
        }
        self.read += READ_AT_ONCE;
        u32::from_be_bytes(next)
    }

    /// Shifts until the top bit of `range` is set.
    #[inline(always)]
    fn widen(&mut self) {
        let places = self.range.leading_zeros();
        self.range <<= places;
        // Nonsense may lose its topmost bit here, what an encoder wrote is below the range.
        self.code <<= places;
        if let Some(ahead) = self.ahead.checked_sub(places) {
            self.ahead = ahead;
        } else {
            let missing = places - self.ahead;
            self.code |= u64::from(self.next_bytes()) << missing;
            self.ahead = 8 * READ_AT_ONCE as u32 - missing;
        }
    }
}

impl BitCoder for RangeDecoder<'_> {
    const ENCODES: bool = false;

    #[inline(always)]
    fn bit(&mut self, probability: &mut Probability, _: bool) -> bool {
        let bound = probability.share_of_clear(self.range);
        let above = u64::from(bound) << RANGE_BITS;
        let bit = self.code >= above;
        self.code -= if bit { above } else { 0 };
        self.range = if bit { self.range - bound } else { bound };
        probability.learn(bit);
        self.widen();
        bit
    }

    #[inline(always)]
    fn even_bit(&mut self, _: bool) -> bool {
        self.range >>= 1;
        let above = u64::from(self.range) << RANGE_BITS;
        let bit = self.code >= above;
        self.code -= if bit { above } else { 0 };
        self.widen();
        bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes `bits`, every third one without an estimate.
    fn code<B: BitCoder>(coder: &mut B, bits: &[bool]) -> Vec<bool> {
        let mut probabilities = [Probability::default(); 3];
        let mut previous = 0;
        bits.iter()
            .enumerate()
            .map(|(index, &bit)| {
                let bit = if index % 3 == 2 {
                    coder.even_bit(bit)
                } else {
                    coder.bit(&mut probabilities[previous], bit)
                };
                previous = usize::from(bit) + usize::from(index % 5 == 0);
                bit
            })
            .collect()
    }

    fn encoded(bits: &[bool]) -> Vec<u8> {
        let mut encoder = RangeEncoder::new();
        code(&mut encoder, bits);
        encoder.finish()
    }

    proptest::proptest! {
        #[test]
        fn every_bit_comes_back(bits in proptest::collection::vec(proptest::bool::weighted(0.1), 0..4000)) {
            let bytes = encoded(&bits);
            let mut decoder = RangeDecoder::new(&bytes);
            proptest::prop_assert_eq!(code(&mut decoder, &bits), bits);
            proptest::prop_assert!(decoder.is_at_end() && !decoder.is_exhausted());
        }
    }

    /// Of three bits one is even and takes a bit of the input.
    const MOST_BITS_OF_A_BYTE: usize = 24;

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_soon_exhausted(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
            ending in proptest::sample::select(vec![0, u8::MAX]),
            repeated in 0_usize..100,
        ) {
            let bytes = [bytes, vec![ending; repeated]].concat();
            let mut decoder = RangeDecoder::new(&bytes);
            let mut probabilities = [Probability::default(); 2];
            let (mut used, mut bits, mut previous) = (0, 0, false);
            while !decoder.is_exhausted() {
                let estimate = &mut probabilities[usize::from(previous)];
                previous = decoder.bit(estimate, false);
                decoder.bit(estimate, false);
                decoder.even_bit(false);
                bits += 3;
                proptest::prop_assert!(decoder.used() >= used);
                used = decoder.used();
            }
            proptest::prop_assert!(decoder.is_at_end());
            proptest::prop_assert!(bits <= MOST_BITS_OF_A_BYTE * (bytes.len() + IMPLIED_ZEROS + 1));
        }
    }

    /// Even a byte string that always has what is expected comes to an end.
    #[test]
    fn zeros_without_end_are_exhausted() {
        const MOST_BITS_OF_AN_EMPTY_STRING: usize = 30_000;
        let mut decoder = RangeDecoder::new(&[]);
        let mut probability = Probability::default();
        let is_exhausted = (0..MOST_BITS_OF_AN_EMPTY_STRING).any(|_| {
            decoder.bit(&mut probability, true);
            decoder.is_exhausted()
        });
        assert!(is_exhausted);
    }

    #[test]
    fn what_is_expected_costs_almost_nothing() {
        let mut encoder = RangeEncoder::new();
        let mut probability = Probability::default();
        for _ in 0..100_000 {
            encoder.bit(&mut probability, false);
        }
        assert!(encoder.finish().len() < 60);
    }

    #[test]
    fn a_decoder_notices_that_its_input_is_cut_off() {
        let bits: Vec<bool> = (0..9_000_u32)
            .map(|i| i.wrapping_mul(0x9e37_79b1) >> 31 == 1)
            .collect();
        let bytes = encoded(&bits);
        let mut decoder = RangeDecoder::new(&bytes[..bytes.len() / 2]);
        code(&mut decoder, &bits);
        assert!(decoder.is_exhausted());
    }
}
