//! The rectangle that keeps changing and goes as video.
//!
//! One at a time. It begins where enough natural cells change again and again, grows when more do,
//! and ends when they rest or turn out to be drawn. Which of its cells an update takes from the
//! video is said with each: text beside a film stays exact.

use super::{Order, State};
use crate::format::{put_runs, put_varint};
use crate::geometry::Rect;
use crate::grid::{CELL, Cells, touched};
use crate::picture::Picture;
use crate::video::VideoEncoder;

/// A natural cell that scores more wants to be part of a video ...
const STARTS: f32 = 2.2;
/// ... or this, on a narrow line: two changes that are seen one after the other, however long the
/// line took to carry the first ...
const STARTS_ON_NARROW_LINE: f32 = 1.6;
/// ... and what scores more than this within one is part of it, whatever it shows ...
const STAYS: f32 = 2.0;
/// ... or more than this, if it is natural.
const NATURAL_STAYS: f32 = 1.2;
/// Less than this is at rest.
const RESTS: f32 = 0.9;

/// Cells that a video needs to begin, to grow, and to go on.
const MIN_CELLS: usize = 24;
const MIN_NEW_CELLS: usize = 12;
const MIN_ACTIVE_CELLS: usize = 8;
/// Fewest columns and rows of cells of a video.
const MIN_SIDE_CELLS: u32 = 6;
/// They must fill at least one in so many of the cells around them: the edges of a window that is
/// dragged over a photo change as often, but are thin.
const MOST_CELLS_FOR_ONE: u64 = 4;

/// Most pixels of a video: the most that H.264 knows a level for (5.2).
const MAX_VIDEO_PIXELS: u64 = 36_864 * 256;
/// Most bytes of one picture; what needs more is told in other ways.
const MAX_PICTURE_BYTES: usize = 4 << 20;

/// Every so many pictures it is looked at whether this is a natural picture at all.
const PICTURES_BETWEEN_LOOKS: u32 = 8;

/// Share of a narrow line that a video may take, in hundredths.
const LINE_SHARE: u64 = 60;

/// What is being sent as video.
pub(super) struct VideoRegion {
    rect: Rect,
    encoder: VideoEncoder,
    /// The viewer does not know of it yet.
    is_new: bool,
    pictures: u32,
}

impl State {
    /// Takes the changed cells that belong to the running video out of `changed`.
    pub(super) fn go_on_with_video(
        &mut self,
        changed: &mut Cells,
        soft: &Picture,
    ) -> Option<Cells> {
        let region = self.video.as_mut()?;
        let (columns, rows) = touched(region.rect);
        let mut cells = Cells::none(self.grid);
        let (mut active, mut count) = (0, 0);
        for row in rows {
            for column in columns.clone() {
                let score = self.activity.score(column, row);
                active += usize::from(score > RESTS);
                let natural = self.activity.is_natural(column, row);
                if changed.has(column, row) && (score > STAYS || natural && score > NATURAL_STAYS) {
                    cells.set(column, row, true);
                    count += 1;
                }
            }
        }
        if active < MIN_ACTIVE_CELLS {
            self.video = None;
            return None;
        }
        if count == 0 {
            return None;
        }
        region.pictures += 1;
        if region.pictures.is_multiple_of(PICTURES_BETWEEN_LOOKS) {
            self.activity.classify(soft, &cells);
            let mut natural = cells.clone();
            natural.keep_where(|column, row| self.activity.is_natural(column, row));
            if natural.count() * 5 < count * 2 {
                self.video = None;
                return None;
            }
        }
        changed.remove(&cells);
        Some(cells)
    }

    /// Begins a video, or widens the one there is, where enough natural cells keep changing; moves
    /// the cells to `video`.
    pub(super) fn start_video(
        &mut self,
        natural: &mut Cells,
        drawn: &mut Cells,
        video: &mut Option<Cells>,
        order: Order,
    ) {
        let is_narrow = order.line.is_narrow();
        let starts = if is_narrow {
            STARTS_ON_NARROW_LINE
        } else {
            STARTS
        };
        let mut lively = natural.clone();
        lively.keep_where(|column, row| {
            self.activity.stays_natural(column, row, is_narrow)
                && self.activity.score(column, row) > starts
        });
        let needed = if self.video.is_some() {
            MIN_NEW_CELLS
        } else {
            MIN_CELLS
        };
        let count = lively.count();
        if count < needed {
            return;
        }
        let cell = |(column, row)| self.grid.cells_rect(column..column + 1, row..row + 1);
        let bounds = lively.marked().map(cell).fold(Rect::default(), Rect::union);
        if bounds.width < MIN_SIDE_CELLS * CELL || bounds.height < MIN_SIDE_CELLS * CELL {
            return;
        }
        let around = bounds.area() / u64::from(CELL * CELL);
        if count as u64 * MOST_CELLS_FOR_ONE < around {
            return;
        }
        let changed = natural.count_touched(bounds) + drawn.count_touched(bounds);
        if count * 2 < changed {
            return;
        }
        let rect = match &self.video {
            Some(region) => region.rect.union(bounds),
            None => bounds,
        };
        if rect.area() > MAX_VIDEO_PIXELS {
            return;
        }
        let Ok(encoder) = VideoEncoder::new(rect.size()) else {
            return;
        };
        self.video = Some(VideoRegion {
            rect,
            encoder,
            is_new: true,
            pictures: 0,
        });
        let mut cells = video.take().unwrap_or_else(|| Cells::none(self.grid));
        for place in natural.clone().marked() {
            if bounds.contains(cell(place)) {
                cells.set(place.0, place.1, true);
            }
        }
        for place in drawn.clone().marked() {
            if bounds.contains(cell(place)) && self.activity.score(place.0, place.1) > STAYS {
                cells.set(place.0, place.1, true);
            }
        }
        natural.remove(&cells);
        drawn.remove(&cells);
        *video = Some(cells);
    }

    /// The body of a video section for `cells`, as `soft` shows them. If the video cannot be made they
    /// wait, and are told in other ways.
    pub(super) fn code_video(
        &mut self,
        cells: Option<Cells>,
        soft: &Picture,
        order: Order,
    ) -> Vec<u8> {
        let (Some(cells), Some(region)) = (cells, &mut self.video) else {
            return Vec::new();
        };
        let rate = order.line.bytes_per_second.map_or(u32::MAX, |bytes| {
            u32::try_from(u64::from(bytes) * 8 * LINE_SHARE / 100).unwrap_or(u32::MAX)
        });
        let made = region.encoder.encode(soft, region.rect, order.now, rate);
        let Some(picture) = made
            .ok()
            .filter(|picture| picture.len() <= MAX_PICTURE_BYTES)
        else {
            self.video = None;
            self.waiting.add(&cells);
            return Vec::new();
        };
        let mut body = vec![u8::from(region.is_new)];
        if std::mem::take(&mut region.is_new) {
            let rect = region.rect;
            for value in [rect.x, rect.y, rect.width, rect.height] {
                put_varint(&mut body, value);
            }
        }
        put_runs(&mut body, &cells);
        body.extend(picture);
        for (column, row) in cells.marked() {
            let cell = self.grid.cells_rect(column..column + 1, row..row + 1);
            self.shown.copy_rect(&self.wanted, cell);
        }
        self.lossy.add(&cells);
        self.coarse.add(&cells);
        body
    }
}
