//! Pixels of smooth areas: shadows, gradients and pictures, where hardly any colour comes back but
//! each is near to what its neighbours let expect.

use super::{NearestPattern, Neighbours, median_prediction};
use crate::range_coder::{BitCoder, Probability};

/// Bits of the largest error that counts as similar.
const ERROR_BITS: usize = 5;
/// A pixel that is further off in any plane is better asked for as a colour.
const MOST_ERROR: u32 = (1 << ERROR_BITS) - 1;

/// Where the neighbours differ by more, nothing is similar to them but by chance.
const MOST_UNREST: u32 = 63;
/// How many magnitudes an unrest can have, from none to that of [`MOST_UNREST`].
const UNRESTS: usize = 1 + MOST_UNREST.ilog2() as usize + 1;

/// How many magnitudes of the error in the plane before are told apart.
const ERRORS_BEFORE: usize = 4;

/// Green, then how far red and blue are from it.
const PLANES: usize = 3;

/// What both sides have learned about smooth areas.
#[derive(Clone, Default)]
pub(super) struct SimilarModel {
    /// By whether something followed these neighbours before, by unrest, by which of them are equal.
    is_similar: [[[Probability; NearestPattern::COUNT]; UNRESTS]; 2],
    /// By unrest of the plane, by the error in the plane before.
    errors: [[[ErrorModel; ERRORS_BEFORE]; UNRESTS]; PLANES],
}

impl SimilarModel {
    /// Codes a pixel of a smooth area; gives `None` where it has to be asked for in another way.
    #[inline]
    pub(super) fn code<B: BitCoder>(
        &mut self,
        coder: &mut B,
        near: Neighbours,
        is_familiar: bool,
        pixel: u32,
    ) -> Option<u32> {
        let pattern = near.nearest_pattern();
        let unrest = smoothness(near, pattern)?;
        let is_similar = &mut self.is_similar[usize::from(is_familiar)][unrest];
        code_similar(
            coder,
            &mut is_similar[pattern.index()],
            &mut self.errors,
            near,
            pixel,
        )
    }
}

/// The magnitude of the unrest around a pixel; `None` where it is drawn rather than smooth.
#[inline]
fn smoothness(near: Neighbours, pattern: NearestPattern) -> Option<usize> {
    // What is drawn has equal neighbours; a gradient is equal in one direction at most.
    if pattern.equal_pairs() > 1 {
        return None;
    }
    let step = |a: u32, b: u32| {
        let channels = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        channels.map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>()
    };
    let unrest = step(near.west, near.north_west)
        + step(near.north, near.north_west)
        + step(near.north, near.north_east);
    (unrest <= MOST_UNREST).then(|| magnitude(unrest))
}

/// Codes whether a pixel is similar to what its neighbours let expect, and if so by how much not.
fn code_similar<B: BitCoder>(
    coder: &mut B,
    is_similar: &mut Probability,
    models: &mut [[[ErrorModel; ERRORS_BEFORE]; UNRESTS]; PLANES],
    near: Neighbours,
    pixel: u32,
) -> Option<u32> {
    let [west, north, north_west, north_east] =
        [near.west, near.north, near.north_west, near.north_east].map(planes);
    let predicted: [i32; PLANES] = std::array::from_fn(|plane| {
        median_prediction(west[plane], north[plane], north_west[plane])
    });
    let mut errors = [0; PLANES];
    if B::ENCODES {
        let wanted = planes(pixel);
        errors = std::array::from_fn(|plane| wanted[plane] - predicted[plane]);
    }
    let is_far = errors.iter().any(|error| error.unsigned_abs() > MOST_ERROR);
    if coder.bit(is_similar, is_far) {
        return None;
    }
    let mut before = 0;
    for (plane, models) in models.iter_mut().enumerate() {
        let unrest = west[plane].abs_diff(north_west[plane])
            + north[plane].abs_diff(north_west[plane])
            + north[plane].abs_diff(north_east[plane]);
        let unrest = magnitude(unrest).min(UNRESTS - 1);
        errors[plane] = models[unrest][before].code(coder, errors[plane]);
        before = magnitude(errors[plane].unsigned_abs()).min(ERRORS_BEFORE - 1);
    }
    Some(colour(std::array::from_fn(|plane| {
        predicted[plane] + errors[plane]
    })))
}

/// Estimates for the errors from -[`MOST_ERROR`] to [`MOST_ERROR`].
#[derive(Clone, Copy, Default)]
struct ErrorModel {
    is_nonzero: Probability,
    is_negative: Probability,
    is_longer: [Probability; ERROR_BITS - 1],
    /// Trees of the bits below the top one; that for so many bits begins where they reach.
    lower_bits: [Probability; 1 << ERROR_BITS],
}

impl ErrorModel {
    /// Codes how many bits follow the top one in unary, then those.
    #[inline]
    fn code<B: BitCoder>(&mut self, coder: &mut B, error: i32) -> i32 {
        if !coder.bit(&mut self.is_nonzero, error != 0) {
            return 0;
        }
        let is_negative = coder.bit(&mut self.is_negative, error < 0);
        let wanted = error.unsigned_abs();
        let mut bits = 0;
        for is_longer in &mut self.is_longer {
            if !coder.bit(is_longer, wanted >> (bits + 1) != 0) {
                break;
            }
            bits += 1;
        }
        let tree = (1 << bits) - 1;
        let mut coded = 1_u32;
        for place in (0..bits).rev() {
            let node = tree + coded as usize - 1;
            let estimate = &mut self.lower_bits[node & ((1 << ERROR_BITS) - 1)];
            let bit = coder.bit(estimate, wanted >> place & 1 != 0);
            coded = coded << 1 | u32::from(bit);
        }
        let coded = coded.cast_signed();
        if is_negative { -coded } else { coded }
    }
}

/// How many bits a number has: 0 for none.
#[inline]
fn magnitude(value: u32) -> usize {
    (u32::BITS - value.leading_zeros()) as usize
}

#[inline]
fn planes(colour: u32) -> [i32; PLANES] {
    let [blue, green, red, _] = colour.to_le_bytes().map(i32::from);
    [green, red - green, blue - green]
}

/// What [`planes`] takes apart; what only nonsense can say wraps around.
#[inline]
fn colour([green, red, blue]: [i32; PLANES]) -> u32 {
    let channel = |value: i32| value.cast_unsigned() & 0xff;
    channel(red + green) << 16 | channel(green) << 8 | channel(blue + green)
}
