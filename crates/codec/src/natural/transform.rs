//! The integer relative of the cosine transform, eight numbers at a time.

use std::ops::{Add, Shr, Sub};

use super::SIDE;

/// A row of a block, calculated with all at once.
#[derive(Clone, Copy)]
pub(super) struct Lanes(pub(super) [i32; SIDE]);

/// A block of samples row by row, or of coefficients column by column.
pub(super) type Block = [Lanes; SIDE];

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for (lane, other) in self.0.iter_mut().zip(other.0) {
            *lane = lane.wrapping_add(other);
        }
        self
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for (lane, other) in self.0.iter_mut().zip(other.0) {
            *lane = lane.wrapping_sub(other);
        }
        self
    }
}

impl Shr<u32> for Lanes {
    type Output = Self;

    #[inline(always)]
    fn shr(mut self, bits: u32) -> Self {
        for lane in &mut self.0 {
            *lane >>= bits;
        }
        self
    }
}

/// Turns samples into coefficients 64 / (lengths of both basis vectors) times too small.
#[inline(always)]
pub(super) fn transform(block: &mut Block) {
    transform_columns(block);
    transpose(block);
    transform_columns(block);
}

/// Turns coefficients that are too small by as much again into samples.
#[inline(always)]
pub(super) fn transform_back(block: &mut Block) {
    transform_columns_back(block);
    transpose(block);
    transform_columns_back(block);
}

#[inline(always)]
fn transpose(block: &mut Block) {
    let from = *block;
    for (row, lanes) in block.iter_mut().enumerate() {
        for (lane, from) in lanes.0.iter_mut().zip(&from) {
            *lane = from.0[row];
        }
    }
}

#[inline(always)]
fn transform_columns(block: &mut Block) {
    let rows = *block;
    let (s0, s1, s2, s3) = (
        rows[0] + rows[7],
        rows[1] + rows[6],
        rows[2] + rows[5],
        rows[3] + rows[4],
    );
    let (d0, d1, d2, d3) = (
        rows[0] - rows[7],
        rows[1] - rows[6],
        rows[2] - rows[5],
        rows[3] - rows[4],
    );

    let (outer, inner) = (s0 + s3, s1 + s2);
    let (outer_slope, inner_slope) = (s0 - s3, s1 - s2);
    block[0] = outer + inner;
    block[2] = outer_slope + (inner_slope >> 1);
    block[4] = outer - inner;
    block[6] = (outer_slope >> 1) - inner_slope;

    let odd1 = d1 + d2 + d0 + (d0 >> 1);
    let odd3 = d0 - d3 - d2 - (d2 >> 1);
    let odd5 = d0 + d3 - d1 - (d1 >> 1);
    let odd7 = d1 - d2 + d3 + (d3 >> 1);
    block[1] = odd1 + (odd7 >> 2);
    block[3] = odd3 + (odd5 >> 2);
    block[5] = odd5 - (odd3 >> 2);
    block[7] = (odd1 >> 2) - odd7;
}

#[inline(always)]
fn transform_columns_back(block: &mut Block) {
    let rows = *block;
    let (sum, difference) = (rows[0] + rows[4], rows[0] - rows[4]);
    let (outer_slope, inner_slope) = (rows[2] + (rows[6] >> 1), (rows[2] >> 1) - rows[6]);
    let even = [
        sum + outer_slope,
        difference + inner_slope,
        difference - inner_slope,
        sum - outer_slope,
    ];

    let odd1 = rows[5] + rows[3] + rows[1] + (rows[1] >> 1);
    let odd3 = rows[1] + rows[7] - rows[3] - (rows[3] >> 1);
    let odd5 = rows[7] - rows[1] + rows[5] + (rows[5] >> 1);
    let odd7 = rows[5] - rows[3] - rows[7] - (rows[7] >> 1);
    let odd = [
        odd1 - (odd7 >> 2),
        (odd3 >> 2) - odd5,
        odd3 + (odd5 >> 2),
        odd7 + (odd1 >> 2),
    ];
    for (index, (even, odd)) in even.into_iter().zip(odd).enumerate() {
        block[index] = even + odd;
        block[7 - index] = even - odd;
    }
}
