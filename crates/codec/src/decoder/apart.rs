//! Which updates have nothing to do with certain cells: they neither read nor write one of their pixels.

use super::{DecodeError, TileNumbers};
use crate::format::{RECTS_OF_CELL, Reader, Tag};
use crate::geometry::Rect;
use crate::grid::{Cells, Grid};
use crate::moves::Move;
use crate::version::FormatVersion;

/// Whether an update stays apart from `cells`. One that begins anew, or has a video, does not.
///
/// # Errors
///
/// If the update cannot be read so far.
pub(super) fn is_apart(
    bytes: &[u8],
    version: FormatVersion,
    cells: &Cells,
) -> Result<bool, DecodeError> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? != 0 {
        return Ok(false);
    }
    while !reader.is_empty() {
        let (tag, body) = reader.section()?;
        let is_apart = match tag {
            Tag::Stores => tiles_are_apart(body, cells, |_| Ok(()))?,
            Tag::Recalls => tiles_are_apart(body, cells, |body| body.varint().map(drop))?,
            Tag::Moves => moves_are_apart(body, cells)?,
            Tag::Pixels => rects_are_apart(body, cells)?,
            Tag::Photos => version >= FormatVersion::V4 && rects_are_apart(body, cells)?,
            Tag::Natural => natural_is_apart(body, cells)?,
            Tag::Video => false,
        };
        if !is_apart {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a rectangle is in the picture and touches none of the cells.
fn rect_is_apart(rect: Rect, cells: &Cells) -> bool {
    let is_inside = !rect.is_empty() && cells.grid().size().rect().contains(rect);
    is_inside && !cells.any_touched(rect)
}

fn tiles_are_apart(
    mut body: Reader<'_>,
    cells: &Cells,
    skip: impl Fn(&mut Reader<'_>) -> Result<(), DecodeError>,
) -> Result<bool, DecodeError> {
    let grid: Grid = cells.grid();
    let mut tiles = TileNumbers::default();
    while !body.is_empty() {
        let (_, rect) = tiles.read(&mut body, grid)?;
        skip(&mut body)?;
        if !rect_is_apart(rect, cells) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn moves_are_apart(mut body: Reader<'_>, cells: &Cells) -> Result<bool, DecodeError> {
    let whole = cells.grid().size().rect();
    while !body.is_empty() {
        let found = Move::read(&mut body)?;
        let is_apart = rect_is_apart(found.target, cells)
            && found
                .source(whole)
                .is_some_and(|source| rect_is_apart(source, cells));
        if !is_apart {
            return Ok(false);
        }
    }
    Ok(true)
}

fn rects_are_apart(mut body: Reader<'_>, cells: &Cells) -> Result<bool, DecodeError> {
    let count = body.varint()?;
    if count as usize > RECTS_OF_CELL * cells.grid().cells() {
        return Err(DecodeError::TooManyRects);
    }
    let (mut x, mut y) = (0_u32, 0_u32);
    for _ in 0..count {
        x = x.wrapping_add_signed(body.signed()?);
        y = y.wrapping_add_signed(body.signed()?);
        let rect = Rect::new(x, y, body.varint()?, body.varint()?);
        if !rect_is_apart(rect, cells) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn natural_is_apart(mut body: Reader<'_>, cells: &Cells) -> Result<bool, DecodeError> {
    body.byte()?;
    let coded = body.runs(cells.grid())?;
    let mut coded = coded.marked();
    Ok(coded.all(|(column, row)| !cells.has(column, row)))
}
