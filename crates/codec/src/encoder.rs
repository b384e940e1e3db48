//! The host's side: pictures in, updates out.

mod exact;
mod soft;
mod video_region;

use std::sync::Arc;
use std::time::Duration;

use crate::activity::Activity;
use crate::cache::{TileCache, TileIndex, tile_hash};
use crate::crew::Crew;
use crate::format::{FLAG_RESET, Tag, put_section, put_signed, put_varint};
use crate::geometry::{PixelSize, Rect};
use crate::grid::{CELL, Cells, Grid, touched};
use crate::levels::{Level, without_colour};
use crate::moves::{Move, MoveFinder};
use crate::natural::NaturalModel;
use crate::picture::{COLOUR, Picture};
use crate::pixels::PixelModel;
use crate::version::{FormatVersion, UnsupportedVersion};

use exact::rect_differs;
pub use video_region::{MadeVideo, VideoJob};
use video_region::{Making, VideoRegion};

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

impl Line {
    fn is_narrow(self) -> bool {
        self.bytes_per_second.is_some()
    }

    /// What it carries in `time`, in bytes, but never more than `most`.
    fn carries_in(self, time: Duration, most: usize) -> usize {
        let Some(rate) = self.bytes_per_second else {
            return most;
        };
        let bytes = u128::from(rate) * time.as_micros() / 1_000_000;
        usize::try_from(bytes).map_or(most, |bytes| bytes.min(most))
    }
}

/// Fewer natural cells than this are coded exactly like everything else.
const MIN_NATURAL_CELLS: usize = 16;

/// On a wide line, natural cells of one update up to this many are told exactly at once, which costs
/// fewer bytes than telling them twice: as many as take some 25 ms of a core ...
const MOST_EXACT_NATURAL_CELLS: usize = 600;
/// ... or, in the first picture, which nobody has waited long for yet, some 200 ms.
const MOST_EXACT_NATURAL_CELLS_AT_FIRST: usize = 5_000;

/// Only a tile that stood this long is worth a place in the cache.
const MIN_TILE_AGE: Duration = Duration::from_millis(300);

/// A tile with fewer changed cells is neither stored nor looked up.
const MIN_CHANGED_CELLS_OF_TILE: usize = 3;

/// Where the viewer has a cell from the video, `shown` holds this: no pixel is like it.
const UNKNOWN: u32 = !COLOUR;

/// Turns pictures into updates for one viewer, or for several that all see every update.
///
/// For a picture of `p` pixels it keeps `8 p` bytes (`12 p` at levels of few colours, `16 p` among
/// greys) and up to 23 MiB, and what the video encoder needs while a video plays (about `8` bytes for
/// each of its pixels).
pub struct Encoder {
    version: FormatVersion,
    level: Level,
    /// The level has changed since the last update.
    level_is_new: bool,
    looked_at: Option<(u32, u32)>,
    /// Pictures of a video are made outside.
    defers_video: bool,
    crew: Option<Arc<dyn Crew>>,
    /// The picture in the colours of the level, where that has fewer than the screen.
    reduced: Option<Picture>,
    /// The picture as what is told only nearly shows it, where that is not the screen.
    softened: Option<Picture>,
    state: Option<State>,
}

/// What the viewer has, and what it takes to tell him more.
struct State {
    grid: Grid,
    /// What the viewer was told. He shows exactly this but for the `lossy` cells.
    shown: Picture,
    /// What he should show. Differs from `shown` in no cell but the `waiting`, `late` and `filmed` ones.
    wanted: Picture,
    /// Cells that did not fit into the last update.
    waiting: Cells,
    /// Those of them that show a natural picture, which is known of them then and not looked at again.
    untold: Cells,
    /// Cells that the viewer shows only nearly as `shown`.
    lossy: Cells,
    /// Lossy cells that look bad.
    coarse: Cells,
    /// The row from which the waiting cells go on.
    next_row: u32,
    /// The row of cells from which the untold ones go on.
    next_natural_row: u32,
    cache: TileCache,
    index: TileIndex,
    /// When each tile last changed.
    tile_changed_at: Vec<Duration>,
    mover: MoveFinder,
    model: PixelModel,
    natural: NaturalModel,
    /// When natural cells were told last.
    natural_at: Option<Duration>,
    activity: Activity,
    video: Option<VideoRegion>,
    /// Cells that the viewer has from the video. They are lossy, `shown` is [`UNKNOWN`] there, and they have changed
    /// where `wanted` has.
    filmed: Cells,
    /// Cells that have changed since the picture that is being made was taken, and wait for the next one.
    late: Cells,
    /// The picture of the video that is being made.
    making: Option<Making>,
    /// Helps with large photos.
    crew: Option<Arc<dyn Crew>>,
    /// What a cell cost lately to be made exact, in bytes.
    sharpening_cost: usize,
}

/// How an update is to be made.
#[derive(Clone, Copy)]
struct Order {
    version: FormatVersion,
    level: Level,
    line: Line,
    looked_at: Option<(u32, u32)>,
    now: Duration,
    is_first: bool,
    defers_video: bool,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("version", &self.version)
            .field("level", &self.level)
            .field("size", &self.state.as_ref().map(|state| state.grid.size()))
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Starts without a viewer's picture: the first update is a reset. Writes the newest version of
    /// the format.
    pub fn new(level: Level) -> Self {
        Self::writing(level, FormatVersion::NEWEST)
    }

    /// As [`Self::new`], but writes `version`: what [`newest_common`](crate::newest_common) says for
    /// this side and its viewers. Where they change, a new encoder begins with a reset.
    ///
    /// # Errors
    ///
    /// [`UnsupportedVersion`] if this build does not write it.
    pub fn with_version(level: Level, version: FormatVersion) -> Result<Self, UnsupportedVersion> {
        Ok(Self::writing(level, version.supported()?))
    }

    fn writing(level: Level, version: FormatVersion) -> Self {
        Self {
            version,
            level,
            level_is_new: false,
            looked_at: None,
            defers_video: false,
            crew: None,
            reduced: None,
            softened: None,
            state: None,
        }
    }

    pub fn version(&self) -> FormatVersion {
        self.version
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// Changes the level; the next updates bring the viewer's picture there without a reset.
    pub fn set_level(&mut self, level: Level) {
        self.level_is_new |= level != self.level;
        self.level = level;
    }

    /// Where the viewer looks: what is near is exact first. In pixels of the picture.
    pub fn look_at(&mut self, x: u32, y: u32) {
        self.looked_at = Some((x, y));
    }

    /// From now on the pictures of a video are not made by [`Self::encode`], which they would make last several
    /// times as long: after each call [`Self::begin_video`] gives what is to be made, on any thread, and
    /// [`Self::end_video`] the update that tells it.
    pub fn defer_video(&mut self) {
        self.defers_video = true;
    }

    /// From its next reset on large photos are told with the help of `crew`. The bytes are the same.
    pub fn lend(&mut self, crew: Arc<dyn Crew>) {
        self.crew = Some(crew);
    }

    /// What is to be made of the picture that was given to [`Self::encode`] last, and is given here again, unless it
    /// has no video or the picture before is still being made: then those cells come with the next one.
    pub fn begin_video(&mut self, picture: &Picture) -> Option<VideoJob> {
        let soft = self.softened.as_ref().unwrap_or(picture);
        self.state.as_mut()?.hand_out(soft)
    }

    /// The update that tells a picture of the video; whatever else was told meanwhile stays. `None` if the viewer
    /// needs it no more.
    pub fn end_video(&mut self, made: MadeVideo) -> Option<Update> {
        let body = self.state.as_mut()?.take_back(made);
        let mut bytes = vec![0];
        put_section(&mut bytes, Tag::Video, &body);
        (bytes.len() > 1).then_some(Update {
            bytes,
            is_reset: false,
        })
    }

    /// Forgets what the viewer has, so that the next update stands alone.
    pub fn request_reset(&mut self) {
        self.state = None;
    }

    /// Whether the last update could not hold everything: call [`Self::encode`] again, with a new
    /// picture or the same one, as soon as the link has room. What waits for a picture of a video that is
    /// being made does not count.
    pub fn has_more(&self) -> bool {
        self.state.as_ref().is_some_and(|state| {
            state.waiting.any()
                || state.making.is_none() && state.late.any()
                || !self.level.is_lossy() && state.lossy.any()
        })
    }

    /// Encodes what the viewer's picture lacks to be `picture`; `None` if that is nothing.
    ///
    /// A picture of another size is a reset. After a reset the hint does not matter. `now` is the
    /// time since the session started and never goes back; it decides what is worth caching and
    /// what counts as video. An update that would be too large covers only a part;
    /// [`Self::has_more`] tells. On a narrow `line` an update is made for about 100 ms of it where
    /// it can be, coarse where it must be.
    pub fn encode(
        &mut self,
        picture: &Picture,
        hint: DamageHint<'_>,
        now: Duration,
        line: Line,
    ) -> Option<Update> {
        let size = picture.size();
        let level_is_new = std::mem::take(&mut self.level_is_new);
        let is_reset = self
            .state
            .as_ref()
            .is_none_or(|state| state.grid.size() != size);
        let hint = if is_reset || level_is_new {
            DamageHint::Everything
        } else {
            hint
        };
        let order = Order {
            is_first: is_reset,
            ..self.order(now, line)
        };
        let level = self.level;
        let soft = if level == Level::Grey {
            kept(&mut self.softened, picture, hint, without_colour)
        } else {
            self.softened = None;
            picture
        };
        let picture = if level.keeps_colours() {
            self.reduced = None;
            picture
        } else {
            kept(&mut self.reduced, picture, hint, |pixel| {
                level.reduce(pixel)
            })
        };
        let mut bytes = if is_reset {
            self.state = Some(State::new(size, now, self.crew.clone()));
            let mut bytes = vec![FLAG_RESET, self.version.number()];
            put_varint(&mut bytes, size.width);
            put_varint(&mut bytes, size.height);
            bytes
        } else {
            vec![0]
        };
        let state = self.state.as_mut()?;
        let mut changed = state.take_in(picture, hint);
        if !self.level.is_lossy() {
            changed.add(&state.lossy);
        }
        if !is_reset && !changed.any() {
            return None;
        }
        state.encode(changed, soft, order, &mut bytes);
        // flags alone tell nothing
        (is_reset || bytes.len() > 1).then_some(Update { bytes, is_reset })
    }

    /// When [`Self::sharpen`] has something to do; `None` while the viewer's picture is exact.
    pub fn sharpens_at(&self) -> Option<Duration> {
        self.state.as_ref()?.sharpens_at()
    }

    /// Makes a part of what is not exact yet sharper, as much as `line` carries in about 100 ms.
    /// To be called when nothing changes and there is room on the way.
    pub fn sharpen(&mut self, now: Duration, line: Line) -> Option<Update> {
        let order = self.order(now, line);
        let bytes = self.state.as_mut()?.sharpen(order)?;
        Some(Update {
            bytes,
            is_reset: false,
        })
    }

    /// Whether the viewer shows the cells that `rect` touches exactly as they are.
    pub fn is_exact(&self, rect: Rect) -> bool {
        self.state.as_ref().is_some_and(|state| {
            rect.intersect(state.grid.size().rect()).is_none_or(|rect| {
                let inexact = [&state.lossy, &state.waiting, &state.late];
                !inexact.iter().any(|cells| cells.any_touched(rect))
            })
        })
    }

    fn order(&self, now: Duration, line: Line) -> Order {
        Order {
            version: self.version,
            level: self.level,
            line,
            looked_at: self.looked_at,
            now,
            is_first: false,
            defers_video: self.defers_video,
        }
    }
}

/// The picture in other colours, which stands in `kept` from one update to the next.
fn kept<'a>(
    kept: &'a mut Option<Picture>,
    picture: &Picture,
    hint: DamageHint<'_>,
    colour: impl Fn(u32) -> u32,
) -> &'a Picture {
    let whole = picture.size().rect();
    let is_new = kept
        .as_ref()
        .is_none_or(|kept| kept.size() != picture.size());
    let kept = if is_new {
        kept.insert(Picture::new(picture.size()))
    } else {
        kept.get_or_insert_with(|| Picture::new(picture.size()))
    };
    match hint {
        DamageHint::Rects(rects) if !is_new => {
            // What is compared is whole cells, which hold unchanged pixels too: those are kept.
            for rect in rects.iter().filter_map(|rect| rect.intersect(whole)) {
                recolour(picture, kept, rect, &colour);
            }
        }
        DamageHint::Rects(_) | DamageHint::Everything => recolour(picture, kept, whole, &colour),
    }
    kept
}

/// Puts `rect` of `from` into `to`, a picture of the same size, in other colours.
fn recolour(from: &Picture, to: &mut Picture, rect: Rect, colour: impl Fn(u32) -> u32) {
    // neighbours are often the same
    let (mut last, mut last_coloured) = (0, colour(0));
    for y in rect.y..rect.bottom() {
        let from = from.span(rect.x, y, rect.width);
        for (to, &from) in to.span_mut(rect.x, y, rect.width).iter_mut().zip(from) {
            if from != last {
                (last, last_coloured) = (from, colour(from));
            }
            *to = last_coloured;
        }
    }
}

impl State {
    fn new(size: PixelSize, now: Duration, crew: Option<Arc<dyn Crew>>) -> Self {
        let grid = Grid::new(size);
        Self {
            grid,
            shown: Picture::new(size),
            wanted: Picture::new(size),
            waiting: Cells::none(grid),
            untold: Cells::none(grid),
            lossy: Cells::none(grid),
            coarse: Cells::none(grid),
            next_row: 0,
            next_natural_row: 0,
            cache: TileCache::new(),
            index: TileIndex::new(),
            tile_changed_at: vec![now; grid.tiles() as usize],
            mover: MoveFinder::new(),
            model: PixelModel::new(),
            natural: NaturalModel::new(),
            natural_at: None,
            activity: Activity::new(grid, now),
            video: None,
            filmed: Cells::none(grid),
            late: Cells::none(grid),
            making: None,
            crew,
            sharpening_cost: soft::FIRST_SHARPENING_COST,
        }
    }

    /// Brings `wanted` up to date and tells in which cells it differs from `shown`.
    fn take_in(&mut self, picture: &Picture, hint: DamageHint<'_>) -> Cells {
        let whole = self.grid.size().rect();
        let mut changed = self.waiting.clone();
        // The rest of a large photo, and what a video's next picture tells: known to differ, and taken in already. To
        // take all of it in again with each part of a photo would be a tenth of its time.
        let mut taken_in = self.untold.clone();
        if self.making.is_none() {
            taken_in.add(&self.late);
        }
        changed.remove(&taken_in);
        match hint {
            DamageHint::Everything => changed.set_all(true),
            DamageHint::Rects(rects) => {
                for rect in rects.iter().filter_map(|rect| rect.intersect(whole)) {
                    changed.set_touched(rect, true);
                }
            }
        }
        taken_in.remove(&changed);
        for row in 0..self.grid.rows() {
            for run in changed.runs(row, 0) {
                let rect = self.grid.cells_rect(run.clone(), row..row + 1);
                let run = run.start as usize..run.end as usize;
                let marks = &mut changed.row_mut(row)[run.clone()];
                let filmed = &self.filmed.row(row)[run.clone()];
                let late = &self.late.row(row)[run.clone()];
                let was_waiting = &self.waiting.row(row)[run.clone()];
                for (((mark, filmed), late), waited) in
                    marks.iter_mut().zip(filmed).zip(late).zip(was_waiting)
                {
                    *mark = *filmed && (*late || *waited);
                }
                for y in rect.y..rect.bottom() {
                    if !marks.contains(&false) {
                        break;
                    }
                    let new = picture.span(rect.x, y, rect.width).chunks(CELL as usize);
                    let shown = self.shown.span(rect.x, y, rect.width).chunks(CELL as usize);
                    let wanted = self.wanted.span(rect.x, y, rect.width);
                    let wanted = wanted.chunks(CELL as usize);
                    let cells = marks.iter_mut().zip(filmed).zip(new);
                    for (((mark, &filmed), new), (shown, wanted)) in cells.zip(shown.zip(wanted)) {
                        *mark = *mark || differ(new, if filmed { wanted } else { shown });
                    }
                }
                let untold = &mut self.untold.row_mut(row)[run];
                for y in rect.y..rect.bottom() {
                    let new = picture.span(rect.x, y, rect.width).chunks(CELL as usize);
                    let wanted = self
                        .wanted
                        .span_mut(rect.x, y, rect.width)
                        .chunks_mut(CELL as usize);
                    let waited = was_waiting
                        .iter()
                        .zip(late)
                        .map(|(waited, late)| *waited || *late);
                    let cells = marks.iter().zip(waited).zip(untold.iter_mut());
                    for (((&differs, waited), untold), (new, wanted)) in cells.zip(new.zip(wanted))
                    {
                        if differs || waited {
                            *untold = *untold && differs && !differ(new, wanted);
                            copy_colours(wanted, new);
                        }
                    }
                }
            }
        }
        changed.add(&taken_in);
        self.waiting.set_all(false);
        if self.making.is_none() {
            self.late.set_all(false);
        }
        changed
    }

    /// What lies in `rect` was told otherwise than by the video.
    fn now_unfilmed(&mut self, rect: Rect) {
        self.filmed.clear_covered(rect);
        self.late.clear_covered(rect);
        if let Some(making) = &mut self.making {
            making.leave_out(rect);
        }
    }

    /// Appends the sections that turn `shown` into `wanted` in the `changed` cells; what is told only
    /// nearly is told as `soft` shows it.
    fn encode(&mut self, mut changed: Cells, soft: &Picture, order: Order, bytes: &mut Vec<u8>) {
        let mut untold = std::mem::replace(&mut self.untold, Cells::none(self.grid));
        if order.level.is_lossy() {
            changed.remove(&untold);
        } else {
            untold.set_all(false);
        }
        self.activity
            .note(&changed, order.now, order.line.is_narrow());
        let mut video = if order.level.is_lossy() {
            self.go_on_with_video(&mut changed, soft)
        } else {
            self.video = None;
            None
        };
        let mut known = changed.clone();
        let (stores, recalls) = self.use_cache(&mut changed, order.now);
        put_section(bytes, Tag::Stores, &stores);
        // what is only lossy did not move, and a copy could make exact cells lossy for ever
        let moving = (!order.level.is_lossy() && self.lossy.any()).then(|| {
            let mut moving = changed.clone();
            moving.retain(|cell| rect_differs(&self.shown, &self.wanted, cell));
            moving
        });
        let moving = moving.as_ref().unwrap_or(&changed);
        let moves = self.mover.find(&self.shown, &self.wanted, moving);
        put_section(bytes, Tag::Moves, &self.apply_moves(&moves));
        put_section(bytes, Tag::Recalls, &self.apply_recalls(&recalls));
        if !moves.is_empty() {
            let (shown, wanted) = (&self.shown, &self.wanted);
            for cells in [&mut changed, &mut untold] {
                for found in &moves {
                    cells.clear_covered(found.target);
                }
                cells.retain(|cell| rect_differs(shown, wanted, cell));
            }
            if !order.level.is_lossy() {
                changed.add(&self.lossy);
            }
        }
        known.remove(&changed);
        self.activity.show_known(&known);
        let mut natural = Cells::none(self.grid);
        if order.level.is_lossy() {
            self.activity.classify(soft, &changed);
            natural = changed.clone();
            natural.keep_where(|column, row| self.activity.is_natural(column, row));
            if natural.count() < MIN_NATURAL_CELLS && !untold.any() {
                natural.set_all(false);
            }
            changed.remove(&natural);
            self.start_video(&mut natural, &mut changed, &mut video, order);
            let calm = self.calm_of(&natural, order);
            natural.remove(&calm);
            changed.add(&calm);
            natural.add(&untold);
        }
        let (pixels, left) = self.code_changed(&changed, order);
        put_section(bytes, Tag::Pixels, &pixels);
        self.waiting = left;
        let mut are_drawn = false;
        if order.level.is_lossy()
            && order.line.is_narrow()
            && self.waiting.count() >= MIN_NATURAL_CELLS
        {
            are_drawn = true;
            natural.add(&self.waiting);
            self.waiting.set_all(false);
        }
        let (body, left) = self.code_natural(&natural, soft, are_drawn, order);
        put_section(bytes, Tag::Natural, &body);
        self.waiting.add(&left);
        if !are_drawn {
            self.untold = left;
        }
        if let Some(cells) = video {
            self.begin_picture(cells, order);
        }
        if !order.defers_video
            && let Some(job) = self.hand_out(soft)
        {
            put_section(bytes, Tag::Video, &self.take_back(job.run()));
        }
        if !self.waiting.any() {
            self.next_row = 0;
            self.next_natural_row = 0;
        }
    }

    /// The natural cells that are told exactly at once.
    fn calm_of(&self, natural: &Cells, order: Order) -> Cells {
        let mut calm = natural.clone();
        let most = match order.line.bytes_per_second {
            None if order.is_first => MOST_EXACT_NATURAL_CELLS_AT_FIRST,
            None => MOST_EXACT_NATURAL_CELLS,
            Some(_) => 0,
        };
        let is_narrow = order.line.is_narrow();
        calm.keep_where(|column, row| !self.activity.stays_natural(column, row, is_narrow));
        if calm.count() > most {
            calm.set_all(false);
        }
        calm
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
        for (tile, rect) in changed.tiles_near() {
            if changed.count_touched(rect) < MIN_CHANGED_CELLS_OF_TILE {
                continue;
            }
            if let Some(slot) = self.index.find(tile_hash(&self.wanted, rect)) {
                candidates.push((tile, rect, slot));
            }
            let changed_at = std::mem::replace(&mut self.tile_changed_at[tile as usize], now);
            if now.saturating_sub(changed_at) >= MIN_TILE_AGE && !self.lossy.any_touched(rect) {
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
        }
        if self.lossy.any() {
            self.move_lossiness(moves);
        }
        for found in moves {
            self.shown.copy_rect(&self.wanted, found.target);
            self.now_unfilmed(found.target);
        }
        body
    }

    /// What is copied from a cell that is not exact is not exact either.
    fn move_lossiness(&mut self, moves: &[Move]) {
        let before = self.lossy.clone();
        for found in moves {
            let Some(source) = found.source(self.grid.size().rect()) else {
                continue;
            };
            let target = found.target;
            let (columns, rows) = touched(target);
            for row in rows {
                for column in columns.clone() {
                    let cell = self.grid.cells_rect(column..column + 1, row..row + 1);
                    let Some(part) = cell.intersect(target) else {
                        continue;
                    };
                    let from = Rect {
                        x: part.x - target.x + source.x,
                        y: part.y - target.y + source.y,
                        ..part
                    };
                    let copied = before.any_touched(from);
                    if copied || part == cell {
                        self.lossy.set(column, row, copied);
                        self.coarse.set(column, row, copied);
                    }
                }
            }
        }
    }

    fn apply_recalls(&mut self, recalls: &[(u32, Rect, u16)]) -> Vec<u8> {
        let mut list = TileList::default();
        for &(tile, rect, slot) in recalls {
            list.put(tile);
            put_varint(&mut list.bytes, u32::from(slot));
            self.shown.copy_rect(&self.wanted, rect);
            self.now_unfilmed(rect);
            self.lossy.set_touched(rect, false);
            self.coarse.set_touched(rect, false);
        }
        list.bytes
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
