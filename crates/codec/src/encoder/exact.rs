//! What is told exactly: changed cells as pixels.

use std::time::Duration;

use super::{Order, State};
use crate::format::put_rects;
use crate::geometry::Rect;
use crate::grid::{CELL, Cells};
use crate::photo::PhotoWriter;
use crate::picture::Picture;
use crate::range_coder::RangeEncoder;

/// Pixels of one update stop after the row of cells with which they pass this; the rest comes in the
/// next.
const PIXEL_BUDGET_BYTES: usize = 1 << 20;

/// How much of a narrow line one update's pixels may take ...
const LINE_SHARE: Duration = Duration::from_millis(100);
/// ... but never less than this many bytes, or hardly anything would ever be exact.
const LEAST_BUDGET_BYTES: usize = 4 << 10;

/// What a changed cell costs on a desktop, in bytes: text and edges, seldom more.
pub(super) const TYPICAL_CELL_BYTES: usize = 24;

/// Width and height of the blocks in which pixels are told on a narrow line, from where the viewer
/// looks outward.
const BLOCK_WIDTH: u32 = 8 * CELL;
const BLOCK_HEIGHT: u32 = 4 * CELL;

/// Rectangles told as pixels.
pub(super) struct Coded {
    /// The body of a pixels section.
    pub(super) body: Vec<u8>,
    pub(super) rects: Vec<Rect>,
    /// The budget was used up before everything was told.
    pub(super) is_cut: bool,
}

impl State {
    /// Codes the changed cells as pixels. Gives the body of the section, and what was too much.
    pub(super) fn code_changed(&mut self, changed: &Cells, order: Order) -> (Vec<u8>, Cells) {
        let budget = order.line.carries_in(LINE_SHARE, PIXEL_BUDGET_BYTES);
        let budget = budget.max(LEAST_BUDGET_BYTES);
        let mut rects = changed.few_rects();
        let is_much = changed.count() * TYPICAL_CELL_BYTES > budget;
        let touches_lossy = || rects.iter().any(|&rect| self.lossy.any_touched(rect));
        let in_blocks = budget < PIXEL_BUDGET_BYTES && (is_much || touches_lossy());
        if in_blocks {
            rects = blocks(&rects, changed);
        }
        if in_blocks && order.level.is_lossy() {
            rects.sort_by_key(|&block| distance(block, order.looked_at));
        } else {
            rects = in_turn(rects, self.next_row);
        }
        let rects = rects.into_iter().filter_map(|rect| {
            // What is lossy around the change is told too, or the cell would stay lossy.
            if self.lossy.any_touched(rect) {
                Some(rect)
            } else {
                trim(&self.shown, &self.wanted, rect)
            }
        });
        let rects: Vec<Rect> = rects.collect();
        let coded = self.code_pixels(rects, budget);
        let mut left = Cells::none(self.grid);
        if coded.is_cut {
            left = changed.clone();
            let (shown, wanted) = (&self.shown, &self.wanted);
            left.retain(|cell| rect_differs(shown, wanted, cell));
            let end = coded.rects.last().map_or(0, |rect| rect.bottom());
            self.next_row = end / CELL * CELL;
        }
        (coded.body, left)
    }

    /// Codes rectangles as pixels until `budget` bytes are passed. It ends with a row of cells: half a
    /// cell would not be exact, and would be told again.
    pub(super) fn code_pixels(&mut self, rects: Vec<Rect>, budget: usize) -> Coded {
        let mut coder = RangeEncoder::new();
        let mut coded: Vec<Rect> = Vec::new();
        let count = rects.len();
        let mut is_cut = false;
        for (place, rect) in rects.into_iter().enumerate() {
            let mut rows = self.model.begin(rect.width);
            let mut end = rect.y;
            let mut is_full = false;
            while end < rect.bottom() && !is_full {
                rows.row
                    .copy_from_slice(self.wanted.span(rect.x, end, rect.width));
                self.model.code_row(&mut coder, &mut rows);
                end += 1;
                let ends_cells = end.is_multiple_of(CELL) || end == rect.bottom();
                is_full = ends_cells && coder.len() >= budget;
            }
            self.model.end(&rows);
            is_cut = is_full && (end < rect.bottom() || place + 1 < count);
            let rect = Rect {
                height: end - rect.y,
                ..rect
            };
            self.now_exact(rect);
            coded.push(rect);
            if is_full {
                break;
            }
        }
        let mut body = Vec::new();
        if !coded.is_empty() {
            put_rects(&mut body, &coded);
            body.extend(coder.finish());
        }
        Coded {
            body,
            rects: coded,
            is_cut,
        }
    }

    /// Codes rectangles as photos; gives the body of the section.
    pub(super) fn code_photos(&mut self, rects: &[Rect]) -> Vec<u8> {
        let mut writer = PhotoWriter::new();
        for &rect in rects {
            let wanted = &self.wanted;
            let rows = (rect.y..rect.bottom()).map(|y| wanted.span(rect.x, y, rect.width));
            writer.code(rect.width, rows);
            self.now_exact(rect);
        }
        let mut body = Vec::new();
        put_rects(&mut body, rects);
        body.extend(writer.finish());
        body
    }

    /// The viewer is told exactly what `rect` should show.
    fn now_exact(&mut self, rect: Rect) {
        self.shown.copy_rect(&self.wanted, rect);
        self.now_unfilmed(rect);
        self.lossy.clear_covered(rect);
        self.coarse.clear_covered(rect);
    }
}

/// Cuts rectangles into blocks; blocks without a marked cell are left out.
fn blocks(rects: &[Rect], marked: &Cells) -> Vec<Rect> {
    let mut blocks = Vec::new();
    for &rect in rects {
        for y in (rect.y..rect.bottom()).step_by(BLOCK_HEIGHT as usize) {
            for x in (rect.x..rect.right()).step_by(BLOCK_WIDTH as usize) {
                let block = Rect::new(x, y, BLOCK_WIDTH, BLOCK_HEIGHT).intersect(rect);
                blocks.extend(block.filter(|&block| marked.any_touched(block)));
            }
        }
    }
    blocks
}

/// How far a rectangle's middle is from where the viewer looks, squared; where he looks nowhere,
/// from the top.
pub(super) fn distance(rect: Rect, looked_at: Option<(u32, u32)>) -> u64 {
    let (x, y) = (rect.x + rect.width / 2, rect.y + rect.height / 2);
    match looked_at {
        Some((to_x, to_y)) => {
            let (across, down) = (u64::from(x.abs_diff(to_x)), u64::from(y.abs_diff(to_y)));
            across * across + down * down
        }
        None => u64::from(rect.y),
    }
}

/// Lets rectangles from `next_row` on come first, so that what waits is not overtaken for ever by
/// what changes above it.
fn in_turn(rects: Vec<Rect>, next_row: u32) -> Vec<Rect> {
    if next_row == 0 {
        return rects;
    }
    let mut first = Vec::new();
    let mut later = Vec::new();
    for rect in rects {
        if rect.y >= next_row {
            first.push(rect);
        } else if rect.bottom() <= next_row {
            later.push(rect);
        } else {
            let height = next_row - rect.y;
            later.push(Rect { height, ..rect });
            first.push(Rect {
                y: next_row,
                height: rect.height - height,
                ..rect
            });
        }
    }
    first.sort_by_key(|rect| rect.y);
    first.append(&mut later);
    first
}

/// The smallest part of `rect` outside of which both pictures are equal.
fn trim(shown: &Picture, wanted: &Picture, rect: Rect) -> Option<Rect> {
    let differs = |part| rect_differs(shown, wanted, part);
    let row = |y| Rect {
        y,
        height: 1,
        ..rect
    };
    let top = (rect.y..rect.bottom()).find(|&y| differs(row(y)))?;
    let bottom = (top..rect.bottom()).rfind(|&y| differs(row(y)))? + 1;
    let rect = Rect {
        y: top,
        height: bottom - top,
        ..rect
    };
    let column = |x| Rect {
        x,
        width: 1,
        ..rect
    };
    let left = (rect.x..rect.right()).find(|&x| differs(column(x)))?;
    let right = (left..rect.right()).rfind(|&x| differs(column(x)))? + 1;
    Some(Rect {
        x: left,
        width: right - left,
        ..rect
    })
}

pub(super) fn rect_differs(shown: &Picture, wanted: &Picture, rect: Rect) -> bool {
    (rect.y..rect.bottom())
        .any(|y| shown.span(rect.x, y, rect.width) != wanted.span(rect.x, y, rect.width))
}
