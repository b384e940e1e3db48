//! What may reach the video decoder: the checks of an access unit before a byte of it is decoded.
//!
//! The decoder is C++ and allocates what a sequence parameter set tells it to. So the set must state
//! exactly the size that was agreed, and everything that is not plain baseline video is refused.

use super::VideoError;
use crate::geometry::PixelSize;

/// Most NAL units in one access unit: parameter sets and a few slices.
const MAX_UNITS: usize = 16;
/// Longest parameter set, in bytes. A usual one has 20.
const MAX_PARAMETER_BYTES: usize = 128;

/// Checks an access unit in annex B form for pictures of `size` (padded).
///
/// Returns whether it begins anew: an IDR picture with its parameter sets.
///
/// # Errors
///
/// Everything but one picture of baseline video of that size, with parameter sets only before an IDR.
pub(super) fn check_access_unit(bytes: &[u8], size: PixelSize) -> Result<bool, VideoError> {
    let (mut units, mut sequence_sets, mut picture_sets, mut slices, mut keys) = (0, 0, 0, 0, 0);
    for unit in Units::new(bytes)? {
        units += 1;
        let (&header, body) = unit
            .split_first()
            .ok_or(VideoError::Malformed("an empty unit"))?;
        if units > MAX_UNITS {
            return Err(VideoError::Malformed("too many units"));
        }
        if header & 0x80 != 0 {
            return Err(VideoError::Malformed("a forbidden bit"));
        }
        let kind = header & 0x1f;
        if matches!(kind, 7 | 8) && (slices > 0 || body.len() > MAX_PARAMETER_BYTES) {
            return Err(VideoError::Malformed("a misplaced parameter set"));
        }
        match kind {
            1 | 5 => {
                slices += 1;
                keys += usize::from(kind == 5);
            }
            7 => {
                sequence_sets += 1;
                check_sequence(body, size)?;
            }
            8 => picture_sets += 1,
            _ => return Err(VideoError::UnexpectedUnit { kind }),
        }
    }
    let begins = keys > 0;
    let sets = usize::from(begins);
    if slices == 0 || (begins && keys != slices) {
        return Err(VideoError::Malformed("not one picture"));
    }
    if sequence_sets != sets || picture_sets != sets {
        return Err(VideoError::Malformed("parameter sets missing or too many"));
    }
    Ok(begins)
}

/// The units of an access unit, without start codes.
struct Units<'a> {
    rest: &'a [u8],
}

impl<'a> Units<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, VideoError> {
        let ([0, 0, 0, 1, rest @ ..] | [0, 0, 1, rest @ ..]) = bytes else {
            return Err(VideoError::Malformed("no start code"));
        };
        Ok(Self { rest })
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.windows(3).position(|three| three == [0, 0, 1]);
        let (mut unit, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 3..]),
            None => (self.rest, &[][..]),
        };
        // zeros before a start code belong to no unit
        while let [head @ .., 0] = unit {
            unit = head;
        }
        self.rest = rest;
        Some(unit)
    }
}

fn check_sequence(body: &[u8], size: PixelSize) -> Result<(), VideoError> {
    let payload = without_escapes(body);
    let mut bits = Bits {
        bytes: &payload,
        position: 0,
    };
    let profile = bits.take(8)?;
    bits.take(16)?; // constraint flags, level
    if profile != 66 {
        return Err(VideoError::Unsupported("a profile other than baseline"));
    }
    if bits.number()? != 0 {
        return Err(VideoError::Unsupported("a second parameter set"));
    }
    if bits.number()? > 12 {
        return Err(VideoError::Malformed("a picture number too long"));
    }
    match bits.number()? {
        0 if bits.number()? <= 12 => {}
        2 => {}
        _ => return Err(VideoError::Unsupported("its order of pictures")),
    }
    if bits.number()? > 1 || bits.take(1)? != 0 {
        return Err(VideoError::Unsupported("more than one reference picture"));
    }
    let (columns, rows) = (bits.number()?, bits.number()?);
    if bits.take(1)? != 1 {
        return Err(VideoError::Unsupported("interlaced pictures"));
    }
    bits.take(1)?; // how direct vectors are derived, which baseline has not
    let mut crop = [0; 4];
    if bits.take(1)? == 1 {
        for side in &mut crop {
            *side = bits.number()?;
        }
    }
    let side = |blocks: u32, before: u32, after: u32| {
        let cropped = (u64::from(before) + u64::from(after)) * 2;
        ((u64::from(blocks) + 1) * 16).checked_sub(cropped)
    };
    let [left, right, top, bottom] = crop;
    let blocks = |pixels: u32| u64::from(pixels.div_ceil(16));
    let is_expected = u64::from(columns) + 1 == blocks(size.width)
        && u64::from(rows) + 1 == blocks(size.height)
        && (left, top) == (0, 0)
        && side(columns, left, right) == Some(u64::from(size.width))
        && side(rows, top, bottom) == Some(u64::from(size.height));
    if is_expected {
        Ok(())
    } else {
        Err(VideoError::WrongSize)
    }
}

/// The unit without the bytes that keep start codes out of it.
fn without_escapes(body: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let mut plain = Vec::with_capacity(body.len());
    for &byte in body {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

/// Reads bits, the highest of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 32.
    fn take(&mut self, count: u32) -> Result<u32, VideoError> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.position / 8);
            let byte = byte.ok_or(VideoError::Malformed("a parameter set cut off"))?;
            value = value << 1 | u32::from(byte >> (7 - self.position % 8) & 1);
            self.position += 1;
        }
        Ok(value)
    }

    /// An Exp-Golomb number below 2^16; no field that is read here may be larger.
    fn number(&mut self) -> Result<u32, VideoError> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > 16 {
                return Err(VideoError::Malformed("a number too large"));
            }
        }
        Ok((1 << zeros) - 1 + self.take(zeros)?)
    }
}
