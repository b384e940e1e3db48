//! The adaptive binary range coder under the pixel coder.
//!
//! A carry-propagating coder over 32 bits. Encoder and decoder share one trait, [`BitCoder`], so
//! that each model is written once and cannot disagree with itself.

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
        Self {
            quick: 1 << 15,
            slow: 1 << 15,
        }
    }
}

impl Probability {
    /// The probability of a clear bit in 1/4096.
    ///
    /// INVARIANT: within 4..=4091. `learn` leaves `quick` at least 15 and `slow` at least 127 away
    /// from either end, because its shifts round down.
    #[inline]
    fn of_clear(self) -> u32 {
        (u32::from(self.quick) + u32::from(self.slow)) >> 5
    }

    #[inline]
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

/// Below this the range is widened by a byte.
const MIN_RANGE: u32 = 1 << 24;

/// Most zero bytes that [`RangeEncoder::finish`] leaves away and [`RangeDecoder`] makes up.
const IMPLIED_ZEROS: usize = 4;

/// Writes bits into a byte string.
#[derive(Debug)]
pub(crate) struct RangeEncoder {
    low: u64,
    range: u32,
    /// The last byte, which a carry may still change, and how many 0xff bytes wait behind it.
    last: Option<u8>,
    waiting: usize,
    bytes: Vec<u8>,
}

impl RangeEncoder {
    pub(crate) fn new() -> Self {
        Self {
            low: 0,
            range: u32::MAX,
            last: None,
            waiting: 0,
            bytes: Vec::new(),
        }
    }

    /// The bytes written so far; a few more may still wait for a carry.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.waiting
    }

    /// Ends the string so that a decoder, which reads on in zeros, finds every bit.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.low = (self.low + u64::from(MIN_RANGE - 1)) & !u64::from(MIN_RANGE - 1);
        for _ in 0..5 {
            self.shift_out();
        }
        for _ in 0..IMPLIED_ZEROS {
            if self.bytes.last() == Some(&0) {
                self.bytes.pop();
            }
        }
        self.bytes
    }

    #[inline]
    fn widen(&mut self) {
        while self.range < MIN_RANGE {
            self.range <<= 8;
            self.shift_out();
        }
    }

    /// Moves the top byte of `low` out; it is kept back while a carry can still reach it.
    fn shift_out(&mut self) {
        let (top, carry) = ((self.low >> 24) as u8, (self.low >> 32) as u8);
        if top == u8::MAX && carry == 0 {
            self.waiting += 1;
        } else {
            // Nothing carries out of the first byte: the whole string is a number below one.
            if let Some(last) = self.last {
                self.bytes.push(last.wrapping_add(carry));
            }
            for _ in 0..std::mem::take(&mut self.waiting) {
                self.bytes.push(u8::MAX.wrapping_add(carry));
            }
            self.last = Some(top);
        }
        self.low = (self.low & 0x00ff_ffff) << 8;
    }
}

impl BitCoder for RangeEncoder {
    const ENCODES: bool = true;

    #[inline]
    fn bit(&mut self, probability: &mut Probability, bit: bool) -> bool {
        let bound = (self.range >> 12) * probability.of_clear();
        if bit {
            self.low += u64::from(bound);
            self.range -= bound;
        } else {
            self.range = bound;
        }
        probability.learn(bit);
        self.widen();
        bit
    }

    #[inline]
    fn even_bit(&mut self, bit: bool) -> bool {
        self.range >>= 1;
        if bit {
            self.low += u64::from(self.range);
        }
        self.widen();
        bit
    }
}

/// Reads bits from a byte string, whatever it holds.
///
/// Past the end it reads zeros; [`Self::is_exhausted`] tells when that cannot be right.
#[derive(Debug)]
pub(crate) struct RangeDecoder<'a> {
    code: u32,
    range: u32,
    bytes: &'a [u8],
    read: usize,
}

impl<'a> RangeDecoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            code: 0,
            range: u32::MAX,
            bytes,
            read: 0,
        };
        for _ in 0..4 {
            decoder.shift_in();
        }
        decoder
    }

    /// Whether more was read than any encoder leaves away: the string is cut off or nonsense.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.read > self.bytes.len() + IMPLIED_ZEROS
    }

    /// Whether the string was read to its end.
    pub(crate) fn is_at_end(&self) -> bool {
        self.read >= self.bytes.len()
    }

    #[inline]
    fn shift_in(&mut self) {
        let byte = self.bytes.get(self.read).copied().unwrap_or(0);
        self.read += 1;
        self.code = self.code << 8 | u32::from(byte);
    }

    #[inline]
    fn widen(&mut self) {
        while self.range < MIN_RANGE {
            self.range <<= 8;
            self.shift_in();
        }
    }
}

impl BitCoder for RangeDecoder<'_> {
    const ENCODES: bool = false;

    #[inline]
    fn bit(&mut self, probability: &mut Probability, _: bool) -> bool {
        let bound = (self.range >> 12) * probability.of_clear();
        let bit = self.code >= bound;
        if bit {
            self.code -= bound;
            self.range -= bound;
        } else {
            self.range = bound;
        }
        probability.learn(bit);
        self.widen();
        bit
    }

    #[inline]
    fn even_bit(&mut self, _: bool) -> bool {
        self.range >>= 1;
        let bit = self.code >= self.range;
        if bit {
            self.code -= self.range;
        }
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
