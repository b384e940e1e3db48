//! The host's side: pictures in, updates out.

use std::time::Duration;

use crate::cache::{TileCache, TileIndex, tile_hash};
use crate::format::{FLAG_RESET, FORMAT_VERSION, Tag, put_section, put_signed, put_varint};
use crate::geometry::{PixelSize, Rect};
use crate::grid::{CELL, Cells, Grid};
use crate::moves::{Move, MoveFinder};
use crate::picture::{COLOUR, Picture};
use crate::pixels::PixelModel;
use crate::range_coder::RangeEncoder;

/// How exact the viewer's picture is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Level {
    /// Every pixel arrives exactly, at once.
    #[default]
    Lossless,
    /// Photos and films arrive coarse and are sharpened when there is time; everything else is exact.
    True,
    /// As [`Self::True`], in 5 bits for each channel.
    Bits15,
    /// As [`Self::True`], in 3 bits of red and green and 2 of blue.
    Bits8,
    /// As [`Self::True`], in 16 levels of grey.
    Grey,
}

/// What the way to the viewer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// `None`: so much that bytes need not be spared.
    pub bytes_per_second: Option<u32>,
}

impl Line {
    /// A line on which bytes need not be spared.
    pub const WIDE: Self = Self {
        bytes_per_second: None,
    };
}

/// Where pixels may have changed since the last [`Encoder::encode`]; what lies outside is not
/// looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageHint<'a> {
    Everything,
    /// May overlap, cover too much and reach beyond the picture.
    Rects(&'a [Rect]),
}

/// One update for the viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// At most [`MAX_UPDATE_BYTES`](crate::MAX_UPDATE_BYTES).
    pub bytes: Vec<u8>,
    /// The update stands alone: a viewer can begin here.
    pub is_reset: bool,
}

/// Pixels of one update stop after the row with which they pass this; the rest comes in the next.
const PIXEL_BUDGET_BYTES: usize = 1 << 20;

/// Only a tile that stood this long is worth a place in the cache.
const MIN_TILE_AGE: Duration = Duration::from_millis(300);

/// A tile with fewer changed cells is neither stored nor looked up.
const MIN_CHANGED_CELLS_OF_TILE: usize = 3;

/// Turns pictures into updates for one viewer, or for several that all see every update.
///
/// For a picture of `p` pixels it keeps `8 p` bytes and up to 22 MiB.
pub struct Encoder {
    level: Level,
    state: Option<State>,
}

/// What the viewer has, and what it takes to tell him more.
struct State {
    grid: Grid,
    /// What the viewer shows.
    shown: Picture,
    /// What he should show. Differs from `shown` in no cell but the `waiting` ones.
    wanted: Picture,
    /// Cells that did not fit into the last update.
    waiting: Cells,
    /// The row from which the waiting cells go on.
    next_row: u32,
    cache: TileCache,
    index: TileIndex,
    /// When each tile last changed.
    tile_changed_at: Vec<Duration>,
    mover: MoveFinder,
    model: PixelModel,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("level", &self.level)
            .field("size", &self.state.as_ref().map(|state| state.grid.size()))
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Starts without a viewer's picture: the first update is a reset.
    pub fn new(level: Level) -> Self {
        Self { level, state: None }
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// Changes the level; the next updates bring the viewer's picture there without a reset.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Where the viewer looks: what is near is exact first. In pixels of the picture.
    pub fn look_at(&mut self, x: u32, y: u32) {
        let _ = (x, y);
    }

    /// When [`Self::sharpen`] has something to do; `None` while the viewer's picture is exact.
    pub fn sharpens_at(&self) -> Option<Duration> {
        None
    }

    /// Makes a part of what is not exact yet sharper, as much as `line` carries in about 100 ms.
    /// To be called when nothing changes and there is room on the way.
    pub fn sharpen(&mut self, now: Duration, line: Line) -> Option<Update> {
        let _ = (now, line);
        None
    }

    /// Forgets what the viewer has, so that the next update stands alone.
    pub fn request_reset(&mut self) {
        self.state = None;
    }

    /// Whether the last update could not hold everything: call [`Self::encode`] again, with a new
    /// picture or the same one, as soon as the link has room.
    pub fn has_more(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.waiting.any())
    }

    /// Encodes what the viewer's picture lacks to be `picture`; `None` if that is nothing.
    ///
    /// A picture of another size is a reset. After a reset the hint does not matter. `now` is the
    /// time since the session started and never goes back; it decides what is worth caching.
    /// An update that would be too large covers only a part; [`Self::has_more`] tells.
    pub fn encode(
        &mut self,
        picture: &Picture,
        hint: DamageHint<'_>,
        now: Duration,
        line: Line,
    ) -> Option<Update> {
        let _ = line;
        if self
            .state
            .as_ref()
            .is_some_and(|state| state.grid.size() == picture.size())
        {
            let state = self.state.as_mut()?;
            let changed = state.take_in(picture, hint);
            return changed.any().then(|| {
                let mut bytes = vec![0];
                state.encode(changed, now, &mut bytes);
                Update {
                    bytes,
                    is_reset: false,
                }
            });
        }
        let size = picture.size();
        let state = self.state.insert(State::new(size, now));
        let changed = state.take_in(picture, DamageHint::Everything);
        let mut bytes = vec![FLAG_RESET, FORMAT_VERSION];
        put_varint(&mut bytes, size.width);
        put_varint(&mut bytes, size.height);
        state.encode(changed, now, &mut bytes);
        Some(Update {
            bytes,
            is_reset: true,
        })
    }
}

impl State {
    fn new(size: PixelSize, now: Duration) -> Self {
        let grid = Grid::new(size);
        Self {
            grid,
            shown: Picture::new(size),
            wanted: Picture::new(size),
            waiting: Cells::none(grid),
            next_row: 0,
            cache: TileCache::new(),
            index: TileIndex::new(),
            tile_changed_at: vec![now; grid.tiles() as usize],
            mover: MoveFinder::new(),
            model: PixelModel::new(),
        }
    }

    /// Brings `wanted` up to date and tells in which cells it differs from `shown`.
    fn take_in(&mut self, picture: &Picture, hint: DamageHint<'_>) -> Cells {
        let whole = self.grid.size().rect();
        let mut changed = self.waiting.clone();
        match hint {
            DamageHint::Everything => changed.set_all(true),
            DamageHint::Rects(rects) => {
                for rect in rects.iter().filter_map(|rect| rect.intersect(whole)) {
                    changed.set_touched(rect, true);
                }
            }
        }
        for row in 0..self.grid.rows() {
            for run in changed.runs(row, 0) {
                let rect = self.grid.cells_rect(run.clone(), row..row + 1);
                let run = run.start as usize..run.end as usize;
                let marks = &mut changed.row_mut(row)[run.clone()];
                marks.fill(false);
                for y in rect.y..rect.bottom() {
                    let new = picture.span(rect.x, y, rect.width).chunks(CELL as usize);
                    let shown = self.shown.span(rect.x, y, rect.width).chunks(CELL as usize);
                    for ((mark, new), shown) in marks.iter_mut().zip(new).zip(shown) {
                        *mark = *mark || differ(new, shown);
                    }
                }
                let was_waiting = &self.waiting.row(row)[run];
                for y in rect.y..rect.bottom() {
                    let new = picture.span(rect.x, y, rect.width).chunks(CELL as usize);
                    let wanted = self
                        .wanted
                        .span_mut(rect.x, y, rect.width)
                        .chunks_mut(CELL as usize);
                    let cells = marks.iter().zip(was_waiting).zip(new).zip(wanted);
                    for (((&differs, &waited), new), wanted) in cells {
                        if differs || waited {
                            copy_colours(wanted, new);
                        }
                    }
                }
            }
        }
        self.waiting.set_all(false);
        changed
    }

    /// Appends the sections that turn `shown` into `wanted` in the `changed` cells.
    fn encode(&mut self, mut changed: Cells, now: Duration, bytes: &mut Vec<u8>) {
        let (stores, recalls) = self.use_cache(&mut changed, now);
        put_section(bytes, Tag::Stores, &stores);
        let moves = self.mover.find(&self.shown, &self.wanted, &changed);
        put_section(bytes, Tag::Moves, &self.apply_moves(&moves));
        put_section(bytes, Tag::Recalls, &self.apply_recalls(&recalls));
        if !moves.is_empty() {
            for found in &moves {
                changed.clear_covered(found.target);
            }
            let (shown, wanted) = (&self.shown, &self.wanted);
            changed.retain(|cell| rect_differs(shown, wanted, cell));
        }
        put_section(bytes, Tag::Pixels, &self.code_pixels(changed));
    }

    /// Stores tiles that are about to change, and finds the new ones among those stored.
    ///
    /// Returns the body of the stores section, and the tiles with their slots; their cells count
    /// as changed no more.
    fn use_cache(
        &mut self,
        changed: &mut Cells,
        now: Duration,
    ) -> (Vec<u8>, Vec<(u32, Rect, u16)>) {
        let mut stores = TileList::default();
        let mut candidates = Vec::new();
        for tile in 0..self.grid.tiles() {
            let Some(rect) = self.grid.tile_rect(tile) else {
                break;
            };
            if changed.count_touched(rect) < MIN_CHANGED_CELLS_OF_TILE {
                continue;
            }
            if let Some(slot) = self.index.find(tile_hash(&self.wanted, rect)) {
                candidates.push((tile, rect, slot));
            }
            let changed_at = std::mem::replace(&mut self.tile_changed_at[tile as usize], now);
            if now.saturating_sub(changed_at) >= MIN_TILE_AGE {
                let hash = tile_hash(&self.shown, rect);
                if self.index.find(hash).is_none() {
                    self.index.insert(hash, self.cache.store(&self.shown, rect));
                    stores.put(tile);
                }
            }
        }
        // Stores come first and may have taken a slot away, so each find is looked at.
        candidates.retain(|&(_, rect, slot)| self.cache.matches(slot, &self.wanted, rect));
        for &(_, rect, _) in &candidates {
            changed.set_touched(rect, false);
        }
        (stores.bytes, candidates)
    }

    fn apply_moves(&mut self, moves: &[Move]) -> Vec<u8> {
        let mut body = Vec::new();
        for found in moves {
            let target = found.target;
            for value in [target.x, target.y, target.width, target.height] {
                put_varint(&mut body, value);
            }
            put_signed(&mut body, found.right);
            put_signed(&mut body, found.down);
            self.shown.copy_rect(&self.wanted, target);
        }
        body
    }

    fn apply_recalls(&mut self, recalls: &[(u32, Rect, u16)]) -> Vec<u8> {
        let mut list = TileList::default();
        for &(tile, rect, slot) in recalls {
            list.put(tile);
            put_varint(&mut list.bytes, u32::from(slot));
            self.shown.copy_rect(&self.wanted, rect);
        }
        list.bytes
    }

    /// Codes the changed cells as pixels; what is too much for one update waits for the next.
    fn code_pixels(&mut self, mut changed: Cells) -> Vec<u8> {
        let mut coder = RangeEncoder::new();
        let mut coded: Vec<Rect> = Vec::new();
        let mut is_full = false;
        for rect in in_turn(changed.few_rects(), self.next_row) {
            let Some(rect) = trim(&self.shown, &self.wanted, rect) else {
                continue;
            };
            let mut rows = self.model.begin(rect.width);
            let mut end = rect.y;
            while end < rect.bottom() && !is_full {
                rows.row
                    .copy_from_slice(self.wanted.span(rect.x, end, rect.width));
                self.model.code_row(&mut coder, &mut rows);
                end += 1;
                is_full = coder.len() >= PIXEL_BUDGET_BYTES;
            }
            self.model.end(&rows);
            let rect = Rect {
                height: end - rect.y,
                ..rect
            };
            self.shown.copy_rect(&self.wanted, rect);
            coded.push(rect);
            self.next_row = end;
            if is_full {
                break;
            }
        }
        if is_full {
            let (shown, wanted) = (&self.shown, &self.wanted);
            changed.retain(|cell| rect_differs(shown, wanted, cell));
            self.waiting = changed;
        } else {
            self.next_row = 0;
        }
        if coded.is_empty() {
            return Vec::new();
        }
        let mut body = Vec::new();
        put_varint(
            &mut body,
            u32::try_from(coded.len()).expect("fewer rectangles than cells"),
        );
        let (mut x, mut y) = (0, 0);
        for rect in coded {
            put_signed(&mut body, rect.x.wrapping_sub(x).cast_signed());
            put_signed(&mut body, rect.y.wrapping_sub(y).cast_signed());
            put_varint(&mut body, rect.width);
            put_varint(&mut body, rect.height);
            (x, y) = (rect.x, rect.y);
        }
        body.extend(coder.finish());
        body
    }
}

/// Writes tile numbers, each as the distance from the one that could follow the last.
#[derive(Default)]
struct TileList {
    bytes: Vec<u8>,
    next: u32,
}

impl TileList {
    fn put(&mut self, tile: u32) {
        put_varint(&mut self.bytes, tile - self.next);
        self.next = tile + 1;
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

fn rect_differs(shown: &Picture, wanted: &Picture, rect: Rect) -> bool {
    (rect.y..rect.bottom())
        .any(|y| shown.span(rect.x, y, rect.width) != wanted.span(rect.x, y, rect.width))
}

/// Whether colours differ. A whole cell's row is compared without an early end, many pixels at a
/// time.
fn differ(new: &[u32], shown: &[u32]) -> bool {
    const WHOLE: usize = CELL as usize;
    match (new.as_array::<WHOLE>(), shown.as_array::<WHOLE>()) {
        (Some(new), Some(shown)) => differing_bits(new, shown) != 0,
        _ => differing_bits(new, shown) != 0,
    }
}

#[inline]
fn differing_bits(new: &[u32], shown: &[u32]) -> u32 {
    let bits = new
        .iter()
        .zip(shown)
        .fold(0, |bits, (new, shown)| bits | (new ^ shown));
    bits & COLOUR
}

/// Copies without the top bytes.
fn copy_colours(wanted: &mut [u32], new: &[u32]) {
    for (wanted, new) in wanted.iter_mut().zip(new) {
        *wanted = new & COLOUR;
    }
}
