//! What is told nearly: natural pictures, and on a narrow line whatever is too much for it. Later,
//! when a cell rests, it is made exact.

use std::time::Duration;

use super::exact::{TYPICAL_CELL_BYTES, distance};
use super::{Order, State};
use crate::activity::looks_natural;
use crate::format::{QUICK, Tag, put_runs, put_section};
use crate::geometry::Rect;
use crate::grid::{Cells, touched};
use crate::natural::Quality;
use crate::natural::quick::QuickCells;
use crate::picture::Picture;
use crate::range_coder::RangeEncoder;
use crate::version::FormatVersion;

/// A cell that did not change for so long is made exact.
const REST: Duration = Duration::from_millis(250);

/// How long a narrow line may be busy with one step towards exactness.
const SHARPENING_SHARE: Duration = Duration::from_millis(100);

/// Most cells of one such step, so that it takes few milliseconds of a core: whatever changes
/// meanwhile waits for it.
const MOST_SHARPENED_CELLS: usize = 150;
/// The same where a photo is made exact in one.
const MOST_SHARPENED_CELLS_OF_PHOTOS: usize = 800;
const FEWEST_SHARPENED_CELLS: usize = 8;

/// Natural cells of one update stop with the cell with which they pass this.
const NATURAL_BUDGET_BYTES: usize = 1 << 20;

/// On a wide line the natural cells of one update end with the row with which they are so many, so that the
/// viewer decodes the first of a large photo while the next are coded: some 12 ms of a core on either side.
const MOST_NATURAL_CELLS: usize = 2_048;

/// So many cells are worth the bytes of codes of their own.
const FEWEST_QUICK_CELLS: usize = 256;

/// So many are worth another thread, for a millisecond and more.
const FEWEST_CELLS_FOR_TWO: usize = 512;
/// More could pass [`NATURAL_BUDGET_BYTES`]: a cell has at most 6 x 65 symbols.
const MOST_CELLS_FOR_TWO: usize = NATURAL_BUDGET_BYTES / 390;

/// What an exact natural cell costs until it is known better, in bytes.
pub(super) const FIRST_SHARPENING_COST: usize = 250;

/// What a sharpened natural cell costs at [`SHARPENED`], in bytes.
const SHARPENED_CELL_BYTES: usize = 45;

/// From this quality on nobody sees the difference at a glance.
const GOOD: u8 = 70;

/// The first step on a narrow line.
const SHARPENED: u8 = 85;

/// Qualities, what a natural cell costs at each in bytes, and how long the line may take for all
/// cells of an update to get it.
const QUALITIES: [(u8, usize, Duration); 4] = [
    (75, 26, Duration::from_millis(400)),
    (50, 18, Duration::from_millis(500)),
    (35, 13, Duration::from_millis(600)),
    (22, 9, Duration::from_millis(800)),
];

/// What is left where even [`QUALITIES`] are too much.
const WORST: u8 = 12;

/// Natural cells that follow others within this time are part of something that moves: what counts
/// then is the next picture ...
const IN_MOTION: Duration = Duration::from_millis(500);
/// ... and the line may take only this part of the time for them.
const MOTION_SHARE: u32 = 4;

/// Either way to code natural cells.
enum Coder {
    Careful(RangeEncoder),
    Quick(QuickCells),
}

impl Coder {
    fn len(&self) -> usize {
        match self {
            Self::Careful(coder) => coder.len(),
            Self::Quick(cells) => cells.len(),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Careful(coder) => coder.finish(),
            Self::Quick(cells) => cells.finish(),
        }
    }
}

impl State {
    /// Codes cells as natural pictures, `are_drawn` if some are not, as `soft` shows them; gives the
    /// body of the section, and the cells that were too much for one update.
    pub(super) fn code_natural(
        &mut self,
        cells: &Cells,
        soft: &Picture,
        are_drawn: bool,
        order: Order,
    ) -> (Vec<u8>, Cells) {
        let count = cells.count();
        if count == 0 {
            return (Vec::new(), Cells::none(self.grid));
        }
        let before = self.natural_at.replace(order.now);
        let moves = before.is_some_and(|before| order.now.saturating_sub(before) < IN_MOTION);
        let share = if moves { MOTION_SHARE } else { 1 };
        let quality = QUALITIES.iter().find(|&&(quality, bytes, time)| {
            let is_enough = !are_drawn || quality < GOOD;
            is_enough && count * bytes <= order.line.carries_in(time / share, usize::MAX)
        });
        let quality = quality.map_or(WORST, |&(quality, ..)| quality);
        // the viewer is not ready for the second part of a first picture before it has shown the first
        if order.line.is_narrow() || order.is_first || count <= MOST_NATURAL_CELLS {
            return self.code_natural_at(cells, Some(soft), quality, order);
        }
        let now = self.next_natural(cells);
        let mut later = cells.clone();
        later.remove(&now);
        let (body, left) = self.code_natural_at(&now, Some(soft), quality, order);
        later.add(&left);
        (body, later)
    }

    /// The rows of `cells` whose turn it is: those above wait where everything changes all the time.
    fn next_natural(&mut self, cells: &Cells) -> Cells {
        let mut chosen = Cells::none(self.grid);
        let mut count = 0;
        let rows = self.grid.rows();
        let first = self.next_natural_row.min(rows);
        for row in (first..rows).chain(0..first) {
            let marks = cells.row(row);
            chosen.row_mut(row).copy_from_slice(marks);
            count += marks.iter().filter(|mark| **mark).count();
            if count >= MOST_NATURAL_CELLS {
                self.next_natural_row = row + 1;
                break;
            }
        }
        chosen
    }

    /// Codes cells at a quality, as `soft` shows them if it is told.
    fn code_natural_at(
        &mut self,
        cells: &Cells,
        soft: Option<&Picture>,
        quality: u8,
        order: Order,
    ) -> (Vec<u8>, Cells) {
        let mut left = Cells::none(self.grid);
        if !cells.any() {
            return (Vec::new(), left);
        }
        self.natural
            .begin(Quality::new(quality).expect("all are within 1 and 100"));
        let is_quick = order.version >= FormatVersion::V4
            && !order.line.is_narrow()
            && cells.count() >= FEWEST_QUICK_CELLS;
        let mut coder = if is_quick {
            Coder::Quick(QuickCells::new())
        } else {
            Coder::Careful(RangeEncoder::new())
        };
        let mut coded = Cells::none(self.grid);
        let is_enough_for_two =
            (FEWEST_CELLS_FOR_TWO..=MOST_CELLS_FOR_TWO).contains(&cells.count());
        let crew = self
            .crew
            .as_deref()
            .filter(|_| is_quick && is_enough_for_two);
        let are_coded = crew.is_some();
        if let Some(crew) = crew {
            let rect = |(column, row)| self.grid.cells_rect(column..column + 1, row..row + 1);
            let rects: Vec<Rect> = cells.marked().map(rect).collect();
            let from = soft.unwrap_or(&self.wanted);
            coder = Coder::Quick(self.natural.encode_cells_together(crew, from, &rects));
        }
        for (column, row) in cells.marked() {
            if !are_coded && coder.len() >= NATURAL_BUDGET_BYTES {
                left.set(column, row, true);
                continue;
            }
            let cell = self.grid.cells_rect(column..column + 1, row..row + 1);
            let from = soft.unwrap_or(&self.wanted);
            match &mut coder {
                Coder::Quick(_) if are_coded => {}
                Coder::Careful(coder) => self.natural.encode_cell(coder, from, cell),
                Coder::Quick(cells) => self.natural.encode_cell_quickly(cells, from, cell),
            }
            self.lossy.set(column, row, true);
            self.coarse.set(column, row, quality < GOOD);
            coded.set(column, row, true);
        }
        for rect in coded.exact_rects() {
            self.shown.copy_rect(&self.wanted, rect);
            self.now_unfilmed(rect);
        }
        let mut body = vec![if is_quick { quality | QUICK } else { quality }];
        put_runs(&mut body, &coded);
        body.extend(coder.finish());
        (body, left)
    }

    /// When the first lossy cell has rested.
    pub(super) fn sharpens_at(&self) -> Option<Duration> {
        if !self.lossy.any() {
            return None; // nearly always, and asked after every update
        }
        let rests_at = |(column, row)| self.activity.changed_at(column, row) + REST;
        let lossy = self.lossy.marked();
        let lossy = lossy.filter(|&(column, row)| !self.waiting.has(column, row));
        lossy.map(rests_at).min()
    }

    /// Makes some lossy cells better that have rested.
    pub(super) fn sharpen(&mut self, order: Order) -> Option<Vec<u8>> {
        let mut rested = self.lossy.clone();
        rested.remove(&self.waiting);
        rested.keep_where(|column, row| self.activity.changed_at(column, row) + REST <= order.now);
        if !rested.any() {
            return None;
        }
        let mut bytes = vec![0];
        let budget = order.line.carries_in(SHARPENING_SHARE, usize::MAX);
        let most = |count: usize| count.min(MOST_SHARPENED_CELLS);
        if order.line.is_narrow() {
            let mut coarse = rested.clone();
            coarse.keep_where(|column, row| self.coarse.has(column, row));
            let mut drawn = coarse.clone();
            drawn.retain(|cell| !looks_natural(&self.wanted, cell));
            if drawn.any() {
                // text is read, photos are looked at
                let chosen = nearest(&drawn, most(budget / TYPICAL_CELL_BYTES), order.looked_at);
                let coded = self.code_pixels(chosen.exact_rects(), NATURAL_BUDGET_BYTES);
                put_section(&mut bytes, Tag::Pixels, &coded.body);
                return Some(bytes);
            }
            if coarse.any() {
                let chosen = nearest(
                    &coarse,
                    most(budget / SHARPENED_CELL_BYTES),
                    order.looked_at,
                );
                let (body, _) = self.code_natural_at(&chosen, None, SHARPENED, order);
                put_section(&mut bytes, Tag::Natural, &body);
                return Some(bytes);
            }
        }
        // of few colours a pixel often has its neighbour's
        if order.version >= FormatVersion::V4 && order.level.keeps_colours() {
            let mut photos = rested.clone();
            photos.keep_where(|column, row| self.activity.is_natural(column, row));
            if photos.count() >= FEWEST_QUICK_CELLS {
                let count = budget / self.sharpening_cost;
                let count = count.min(MOST_SHARPENED_CELLS_OF_PHOTOS);
                let chosen = nearest(&photos, count, order.looked_at);
                let body = self.code_photos(&chosen.exact_rects());
                self.note_sharpening_cost(body.len(), chosen.count());
                put_section(&mut bytes, Tag::Photos, &body);
                return Some(bytes);
            }
        }
        let count = most(budget / self.sharpening_cost);
        let chosen = nearest(&rested, count, order.looked_at);
        let coded = self.code_pixels(chosen.exact_rects(), NATURAL_BUDGET_BYTES);
        self.note_sharpening_cost(coded.body.len(), chosen.count());
        put_section(&mut bytes, Tag::Pixels, &coded.body);
        Some(bytes)
    }

    fn note_sharpening_cost(&mut self, bytes: usize, cells: usize) {
        let cost = bytes / cells.max(1);
        self.sharpening_cost = self.sharpening_cost.midpoint(cost).max(1);
    }
}

/// About `count` of the marked cells, tile by tile from where the viewer looks outward.
fn nearest(cells: &Cells, count: usize, looked_at: Option<(u32, u32)>) -> Cells {
    let count = count.max(FEWEST_SHARPENED_CELLS);
    let grid = cells.grid();
    let tiles = (0..grid.tiles()).filter_map(|tile| grid.tile_rect(tile));
    let mut tiles: Vec<Rect> = tiles.filter(|&tile| cells.any_touched(tile)).collect();
    tiles.sort_by_key(|&tile| distance(tile, looked_at));
    let mut chosen = Cells::none(grid);
    let mut room = count;
    for tile in tiles {
        let (columns, rows) = touched(tile);
        let places = rows.flat_map(|row| columns.clone().map(move |column| (column, row)));
        for (column, row) in places.filter(|&(column, row)| cells.has(column, row)) {
            if room == 0 {
                return chosen;
            }
            room -= 1;
            chosen.set(column, row, true);
        }
    }
    chosen
}
