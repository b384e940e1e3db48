//! What is in sight of a picture, at the size it is shown, in memory that a display reads.

use codec::{Picture, PixelSize, Rect, Scaler};

use crate::Placement;

/// The part that can be seen of a picture, at the size it is shown.
pub(crate) fn sight(placement: &Placement) -> Rect {
    Rect {
        x: placement.source_x,
        y: placement.source_y,
        ..placement.area
    }
}

/// The part of a picture of `size`, at the size it is shown, that is kept for the display: all of one that is
/// shown pixel by pixel, and what is in sight of one that is scaled.
pub(crate) fn part(placement: &Placement, size: PixelSize) -> Rect {
    if placement.shown == size {
        return size.rect();
    }
    sight(placement)
        .intersect(placement.shown.rect())
        .unwrap_or_default()
}

/// Memory that a display reads, a kept part's rows from its top left on.
pub(crate) struct Rows<'a> {
    pub(crate) pixels: &'a mut [u32],
    /// How many pixels further the next row begins.
    pub(crate) stride: usize,
}

/// Writes what `changed` in `picture` into the `rows` of the kept `part`; gives the parts that are new there.
pub(crate) fn draw(
    scaler: &mut Option<Scaler>,
    picture: &Picture,
    shown: PixelSize,
    part: Rect,
    rows: Rows<'_>,
    changed: &[Rect],
) -> Vec<Rect> {
    let size = picture.size();
    let Rows { pixels, stride } = rows;
    let mut put = |new: Rect, y: u32, row: &[u32]| {
        let at = (y - part.y) as usize * stride + (new.x - part.x) as usize;
        pixels[at..at + row.len()].copy_from_slice(row);
    };
    let mut drawn = Vec::with_capacity(changed.len());
    if shown == size {
        for rect in changed
            .iter()
            .filter_map(|rect| rect.intersect(size.rect()))
        {
            let columns = rect.x as usize..rect.right() as usize;
            for y in rect.y..rect.bottom() {
                put(rect, y, &picture.row(y)[columns.clone()]);
            }
            drawn.push(rect);
        }
        return drawn;
    }
    let scaler = match scaler {
        Some(scaler) if scaler.source() == size && scaler.target() == shown => scaler,
        other => other.insert(Scaler::new(size, shown)),
    };
    for rect in changed {
        if let Some(rect) = scaler.touched(*rect).intersect(part) {
            scaler.scale(picture, rect, |y, row| put(rect, y, row));
            drawn.push(rect);
        }
    }
    drawn
}
