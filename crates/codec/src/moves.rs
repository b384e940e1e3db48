//! Finds what merely moved: scrolled text, dragged windows.
//!
//! Both pictures are searched for *anchors*, places that their own content picks out (a hash of two
//! neighbouring pixels), so that the same content is picked wherever it lies. Equal anchors (a hash
//! of 24 pixels) vote for the distance between them; the few distances with most votes are checked
//! cell by cell, exactly, and what holds is grown pixel by pixel.

#![expect(
    clippy::cast_possible_truncation,
    reason = "hashes are cut to the size of a table, and columns are below MAX_SIDE"
)]

use fearless_simd::dispatch;
use rustc_hash::FxHashMap;

use crate::decoder::DecodeError;
use crate::format::Reader;
use crate::geometry::Rect;
use crate::grid::{CELL, Cells};
use crate::picture::Picture;

/// A rectangle whose pixels stood elsewhere in the old picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) target: Rect,
    /// How far it moved to the right and down, in pixels.
    pub(crate) right: i32,
    pub(crate) down: i32,
}

impl Move {
    /// As an update has it: where to, and how far it came.
    pub(crate) fn read(body: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let target = Rect::new(
            body.varint()?,
            body.varint()?,
            body.varint()?,
            body.varint()?,
        );
        Ok(Self {
            target,
            right: body.signed()?,
            down: body.signed()?,
        })
    }

    /// Where the pixels stood, if that lies within `picture`.
    pub(crate) fn source(&self, picture: Rect) -> Option<Rect> {
        let x = self
            .target
            .x
            .checked_add_signed(self.right.checked_neg()?)?;
        let y = self.target.y.checked_add_signed(self.down.checked_neg()?)?;
        let source = Rect {
            x,
            y,
            ..self.target
        };
        picture.contains(source).then_some(source)
    }
}

/// Fewer changed cells than this are not searched: pixels are cheap enough.
const MIN_CHANGED_CELLS: usize = 24;
/// Fewer cells than this in all are not worth a distance of their own.
const MIN_MOVED_CELLS: usize = 6;
/// Length of what an anchor compares, in pixels.
const ANCHOR: u32 = 24;
/// Every how many rows anchors of the new picture vote.
const NEW_ROW_STEP: u32 = 3;
const TABLE_BITS: u32 = 15;
/// Anchors after which the table is full enough to stop replacing entries.
const MANY_ANCHORS: usize = 20_000;
const MIN_VOTES: u32 = 5;
/// Where more cells have changed, as on screens that are larger than 1920 x 1080, a part of them votes first ...
const MANY_CELLS: usize = 10_000;
/// ... stripes of so many columns of cells out of so many: what scrolls finds itself in the same one ...
const STRIPE: u32 = 4;
const STRIPES_APART: u32 = 16;
/// ... with as many anchors as are enough for one distance.
const SELECTIVITY_OF_STRIPES: u32 = 7;
const MAX_DISTANCES: usize = 4;

/// Searches pictures for moves; keeps its table to spare the allocation.
pub(crate) struct MoveFinder {
    table: Vec<Anchors>,
    selector: Selector,
}

/// Where the old picture has an anchor: up to three places of one hash.
#[derive(Clone, Copy, Default)]
struct Anchors {
    hash: u64,
    places: [(u16, u16); 3],
    count: u8,
}

impl MoveFinder {
    pub(crate) fn new() -> Self {
        Self {
            table: Vec::new(),
            selector: Selector::new(),
        }
    }

    /// What of the `changed` cells of `new` can be copied from `old`.
    ///
    /// The targets may reach beyond the changed cells, and overlap; each shows exactly what `new`
    /// does. Together they have no more pixels than the picture.
    pub(crate) fn find(&mut self, old: &Picture, new: &Picture, changed: &Cells) -> Vec<Move> {
        if changed.count() < MIN_CHANGED_CELLS || new.size().width <= ANCHOR {
            return Vec::new();
        }
        if changed.count() > MANY_CELLS {
            let mut stripes = changed.clone();
            stripes.keep_where(|column, _| column % STRIPES_APART < STRIPE);
            let distances = self.vote(old, new, &stripes, SELECTIVITY_OF_STRIPES);
            let moves = moves_by(&distances, old, new, changed);
            let area: u64 = moves.iter().map(|found| found.target.area()).sum();
            let cells = usize::try_from(area / u64::from(CELL * CELL)).unwrap_or(usize::MAX);
            if cells >= changed.count() / 2 {
                return moves;
            }
        }
        // The more there is to search, the fewer anchors are enough.
        let selectivity = match changed.count() {
            0..=500 => 3,
            501..=2000 => 4,
            2001..=6000 => 5,
            // whole screens, whose every place would be looked up for nothing where a photo follows another
            6001..=16_000 => 7,
            _ => 8,
        };
        let distances = self.vote(old, new, changed, selectivity);
        moves_by(&distances, old, new, changed)
    }

    /// The distances most anchors agree on, best first; an anchor is about one of `2^selectivity` places in the
    /// `changed` cells.
    fn vote(
        &mut self,
        old: &Picture,
        new: &Picture,
        changed: &Cells,
        selectivity: u32,
    ) -> Vec<(i32, i32)> {
        let slot = |hash: u64| (hash >> (u64::BITS - TABLE_BITS)) as usize;
        self.table.clear();
        self.table.resize(1 << TABLE_BITS, Anchors::default());
        let (table, selector) = (&mut self.table, &mut self.selector);
        let mut seen = 0;
        for_each_anchor(old, changed, 1, selectivity, selector, |x, y, hash| {
            let entry = &mut table[slot(hash)];
            if entry.hash != hash && (entry.count == 0 || seen < MANY_ANCHORS) {
                *entry = Anchors {
                    hash,
                    ..Anchors::default()
                };
            }
            if entry.hash == hash
                && let Some(place) = entry.places.get_mut(usize::from(entry.count))
            {
                *place = (x, y);
                entry.count += 1;
            }
            seen += 1;
        });
        let mut votes: FxHashMap<(i32, i32), u32> = FxHashMap::default();
        let mut voters = 0;
        for_each_anchor(
            new,
            changed,
            NEW_ROW_STEP,
            selectivity,
            selector,
            |x, y, hash| {
                voters += 1;
                let entry = &table[slot(hash)];
                if entry.hash == hash {
                    for &(old_x, old_y) in &entry.places[..usize::from(entry.count)] {
                        let right = i32::from(x) - i32::from(old_x);
                        let down = i32::from(y) - i32::from(old_y);
                        if (right, down) != (0, 0) {
                            *votes.entry((right, down)).or_insert(0) += 1;
                        }
                    }
                }
            },
        );
        let mut distances: Vec<_> = votes
            .into_iter()
            .filter(|&(_, count)| count >= MIN_VOTES && count * 40 >= voters)
            .collect();
        // Sorted in full, so that the same pictures always give the same update.
        distances.sort_unstable_by_key(|&(distance, count)| (std::cmp::Reverse(count), distance));
        distances.truncate(MAX_DISTANCES);
        distances
            .into_iter()
            .map(|(distance, _)| distance)
            .collect()
    }
}

/// What of the `changed` cells of `new` stood at one of the `distances` in `old`.
fn moves_by(distances: &[(i32, i32)], old: &Picture, new: &Picture, changed: &Cells) -> Vec<Move> {
    let mut left = changed.clone();
    let mut moves = Vec::new();
    let mut area = 0;
    for &(right, down) in distances {
        let pair = Pair {
            old,
            new,
            right,
            down,
        };
        let mut matching = left.clone();
        matching.retain(|cell| pair.is_equal(cell));
        if matching.count() < MIN_MOVED_CELLS {
            continue;
        }
        for rect in matching.exact_rects() {
            if rect.area() < u64::from(2 * CELL * CELL) {
                continue;
            }
            let target = pair.grow(rect);
            area += target.area();
            if area > new.size().area() {
                return moves;
            }
            left.set_touched(rect, false);
            moves.push(Move {
                target,
                right,
                down,
            });
        }
    }
    moves
}

/// Calls `found` for every anchor in the marked cells: column, row, hash of the pixels from there.
fn for_each_anchor(
    picture: &Picture,
    cells: &Cells,
    row_step: u32,
    selectivity: u32,
    selector: &mut Selector,
    mut found: impl FnMut(u16, u16, u64),
) {
    let size = picture.size();
    for cell_row in 0..cells.grid().rows() {
        for run in cells.runs(cell_row, 0) {
            let first = (run.start * CELL).saturating_sub(1);
            let end = (run.end * CELL).min(size.width - ANCHOR);
            if end <= first {
                continue;
            }
            let rows = cell_row * CELL..((cell_row + 1) * CELL).min(size.height);
            for y in rows.filter(|y| y % row_step == 0) {
                let row = &picture.row(y)[first as usize..];
                let marks = selector.select(&row[..(end - first) as usize + WINDOW], selectivity);
                // Few are selected, so eight at a time are looked at.
                for (start, eight) in (0..).step_by(8).zip(marks.chunks_exact(8)) {
                    let mut marks = eight
                        .iter()
                        .rev()
                        .fold(0_u64, |all, &mark| all << 8 | u64::from(mark));
                    while marks != 0 {
                        let x = start + marks.trailing_zeros() / 8;
                        let hash = anchor_hash(&row[x as usize..]);
                        found((first + x) as u16, y as u16, hash);
                        marks &= marks - 1;
                    }
                }
            }
        }
    }
}

/// Length of what decides whether a place is an anchor, in pixels.
///
/// Long enough that even text of two colours differs from place to place.
const WINDOW: usize = 8;

/// Finds the places of a row that their own content picks out.
struct Selector {
    /// What this machine calculates with.
    processor: fearless_simd::Level,
    /// Hashes of two and of four neighbouring pixels.
    twos: Vec<u32>,
    fours: Vec<u32>,
    marks: Vec<u8>,
}

impl Selector {
    fn new() -> Self {
        Self {
            processor: fearless_simd::Level::new(),
            twos: Vec::new(),
            fours: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Marks about one of `2^selectivity` places whose pixel differs from the next.
    ///
    /// `row` has [`WINDOW`] pixels more than there are places; the marks come in multiples of 8.
    /// Written as plain passes, so that each does many places at a time.
    fn select(&mut self, row: &[u32], selectivity: u32) -> &[u8] {
        dispatch!(self.processor, _simd => self.select_with_what_there_is(row, selectivity));
        &self.marks
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "becomes other instructions only within a function that is compiled for them"
    )]
    fn select_with_what_there_is(&mut self, row: &[u32], selectivity: u32) {
        let places = row.len() - WINDOW;
        let joined = |left: u32, right: u32, turn: u32| left.wrapping_add(right.rotate_left(turn));
        self.twos.clear();
        let pairs = row.iter().zip(&row[1..]);
        self.twos
            .extend(pairs.map(|(&left, &right)| joined(left, right, 5)));
        self.fours.clear();
        let pairs = self.twos.iter().zip(&self.twos[2..]);
        self.fours
            .extend(pairs.map(|(&left, &right)| joined(left, right, 11)));
        self.marks.clear();
        let windows = self.fours[..places].iter().zip(&self.fours[4..]);
        let steps = row.iter().zip(&row[1..]);
        self.marks
            .extend(windows.zip(steps).map(|((&left, &right), (&here, &next))| {
                // shifts and sums, since older vector units multiply slowly
                let hash = joined(left, right, 17);
                let hash = hash ^ hash << 13;
                let hash = hash.wrapping_add(hash << 7);
                let is_picked = hash >> (u32::BITS - selectivity) == 0;
                u8::from(is_picked) & u8::from(here != next)
            }));
        self.marks.resize(places.next_multiple_of(8), 0);
    }
}

fn anchor_hash(pixels: &[u32]) -> u64 {
    pixels[..ANCHOR as usize]
        .chunks_exact(2)
        .fold(0, |hash: u64, pair| {
            (hash ^ (u64::from(pair[0]) | u64::from(pair[1]) << 32))
                .wrapping_mul(0x9fb2_1c65_1e98_df25)
                .rotate_left(29)
        })
}

/// Two pictures and a distance between them.
struct Pair<'a> {
    old: &'a Picture,
    new: &'a Picture,
    right: i32,
    down: i32,
}

impl Pair<'_> {
    /// Whether `target` in the new picture shows what the old one did at the distance.
    fn is_equal(&self, target: Rect) -> bool {
        let moved = Move {
            target,
            right: self.right,
            down: self.down,
        };
        moved.source(self.old.size().rect()).is_some_and(|source| {
            (target.y..target.bottom())
                .zip(source.y..)
                .all(|(new_y, old_y)| {
                    self.new.span(target.x, new_y, target.width)
                        == self.old.span(source.x, old_y, target.width)
                })
        })
    }

    /// Grows `rect` to each side as long as it holds, by less than a cell.
    fn grow(&self, mut rect: Rect) -> Rect {
        let size = self.new.size();
        for _ in 1..CELL {
            if rect.y == 0
                || !self.is_equal(Rect {
                    y: rect.y - 1,
                    height: 1,
                    ..rect
                })
            {
                break;
            }
            rect.y -= 1;
            rect.height += 1;
        }
        for _ in 1..CELL {
            if rect.bottom() == size.height
                || !self.is_equal(Rect {
                    y: rect.bottom(),
                    height: 1,
                    ..rect
                })
            {
                break;
            }
            rect.height += 1;
        }
        let (left, right) = (self.room_left(rect), self.room_right(rect));
        rect.x -= left;
        rect.width += left + right;
        rect
    }

    /// By how many columns `rect`, which is equal, could grow to the left: row by row, since a column
    /// touches a cache line for each of its pixels.
    fn room_left(&self, rect: Rect) -> u32 {
        let (new_room, old_room) = (rect.x, rect.x.wrapping_add_signed(-self.right));
        let mut room = (CELL - 1).min(new_room).min(old_room);
        for (new_y, old_y) in self.rows(rect) {
            let new = self.new.span(new_room - room, new_y, room);
            let old = self.old.span(old_room - room, old_y, room);
            room = equal_run(new.iter().rev(), old.iter().rev());
            if room == 0 {
                break;
            }
        }
        room
    }

    /// The same to the right.
    fn room_right(&self, rect: Rect) -> u32 {
        let (new_x, old_x) = (rect.right(), rect.right().wrapping_add_signed(-self.right));
        let width = self.new.size().width;
        let mut room = (CELL - 1).min(width - new_x).min(width - old_x);
        for (new_y, old_y) in self.rows(rect) {
            let new = self.new.span(new_x, new_y, room);
            let old = self.old.span(old_x, old_y, room);
            room = equal_run(new.iter(), old.iter());
            if room == 0 {
                break;
            }
        }
        room
    }

    /// The rows of `rect` in the new picture, and those of the old one that they show.
    fn rows(&self, rect: Rect) -> impl Iterator<Item = (u32, u32)> {
        (rect.y..rect.bottom()).zip(rect.y.wrapping_add_signed(-self.down)..)
    }
}

/// How many pixels are the same from the start.
fn equal_run<'a>(one: impl Iterator<Item = &'a u32>, other: impl Iterator<Item = &'a u32>) -> u32 {
    let equal = one.zip(other).take_while(|(one, other)| one == other);
    equal.fold(0, |run, _| run + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PixelSize;
    use crate::grid::Grid;

    const SIZE: PixelSize = PixelSize::new(320, 240);

    /// Something like text: marks of few colours that do not repeat.
    fn page() -> Picture {
        page_of(SIZE)
    }

    fn page_of(size: PixelSize) -> Picture {
        let mut picture = Picture::new(size);
        let mut state = 7_u32;
        for pixel in picture.pixels_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = if state >> 29 == 0 {
                0x0020_2020
            } else {
                0x00f0_f0f0
            };
        }
        picture
    }

    fn all_cells() -> Cells {
        let mut cells = Cells::none(Grid::new(SIZE));
        cells.set_all(true);
        cells
    }

    #[test]
    fn a_scrolled_page_is_found_as_one_move() {
        let (old, mut new) = (page(), page());
        let shift = 37 * SIZE.width as usize;
        new.pixels_mut().copy_within(shift.., 0);
        let moves = MoveFinder::new().find(&old, &new, &all_cells());
        let scrolled = Rect::new(0, 0, SIZE.width, SIZE.height - 37);
        assert_eq!(
            moves,
            [Move {
                target: scrolled,
                right: 0,
                down: -37
            }]
        );
    }

    #[test]
    fn large_screens_are_searched_too_though_less_closely() {
        for size in [PixelSize::new(1920, 1080), PixelSize::new(3840, 2160)] {
            let old = page_of(size);
            let mut new = old.clone();
            // a fifth of the screen, and all of it
            for rows in [size.height / 5, size.height] {
                let pixels = (rows * size.width) as usize;
                let shift = 37 * size.width as usize;
                new.pixels_mut()[..pixels].copy_from_slice(&old.pixels()[..pixels]);
                new.pixels_mut()[..pixels].copy_within(shift.., 0);
                for pixel in &mut new.pixels_mut()[pixels..] {
                    *pixel = pixel.wrapping_mul(3) & 0x00ff_ffff;
                }
                let mut cells = Cells::none(Grid::new(size));
                cells.set_all(true);
                let moves = MoveFinder::new().find(&old, &new, &cells);
                let scrolled = Rect::new(0, 0, size.width, rows - 37);
                assert!(
                    moves
                        .iter()
                        .any(|found| found.down == -37 && found.target.contains(scrolled)),
                    "{size:?}, {rows} rows: {moves:?}"
                );
            }
        }
    }

    #[test]
    fn what_moved_across_the_stripes_of_a_large_screen_is_found() {
        let size = PixelSize::new(3840, 2160);
        let old = page_of(size);
        let mut new = old.clone();
        let (right, down) = (137, 11);
        for y in down..size.height {
            let row = old.span(0, y - down, size.width - right).to_vec();
            new.span_mut(right, y, size.width - right)
                .copy_from_slice(&row);
        }
        let mut cells = Cells::none(Grid::new(size));
        cells.set_all(true);
        let moves = MoveFinder::new().find(&old, &new, &cells);
        let all = Rect::new(right, down, size.width - right, size.height - down);
        let found = moves
            .iter()
            .find(|found| (found.right, found.down) == (137, 11));
        assert!(found.is_some_and(|found| found.target == all), "{moves:?}");
    }

    #[test]
    fn a_dragged_window_is_found_to_the_pixel() {
        let (old, mut new) = (page(), page());
        let (from, to) = (Rect::new(40, 30, 150, 120), Rect::new(53, 41, 150, 120));
        for y in 0..from.height {
            let row = old.span(from.x, from.y + y, from.width).to_vec();
            new.span_mut(to.x, to.y + y, to.width).copy_from_slice(&row);
        }
        let mut changed = all_cells();
        changed.retain(|cell| cell.intersect(to).is_some());
        let moves = MoveFinder::new().find(&old, &new, &changed);
        let dragged = moves
            .iter()
            .find(|found| (found.right, found.down) == (13, 11));
        assert!(dragged.is_some_and(|found| found.target.contains(to)));
    }

    #[test]
    fn a_page_that_did_not_move_has_no_moves() {
        let (old, mut new) = (page(), page());
        for pixel in new.pixels_mut() {
            *pixel = pixel.wrapping_mul(3) & 0x00ff_ffff;
        }
        assert_eq!(MoveFinder::new().find(&old, &new, &all_cells()), []);
    }

    #[test]
    fn a_source_outside_the_picture_is_none() {
        let picture = SIZE.rect();
        let target = Rect::new(10, 10, 20, 20);
        let source = |right, down| {
            Move {
                target,
                right,
                down,
            }
            .source(picture)
        };
        assert_eq!(source(3, -4), Some(Rect::new(7, 14, 20, 20)));
        assert_eq!(source(11, 0), None);
        assert_eq!(source(0, -211), None);
        assert_eq!(source(i32::MIN, i32::MAX), None);
    }
}
