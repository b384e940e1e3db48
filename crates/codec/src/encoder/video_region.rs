//! The rectangle that keeps changing and goes as video.
//!
//! One at a time. It begins where enough natural cells change again and again, grows when more do,
//! and ends when they rest or turn out to be drawn. Which of its cells an update takes from the
//! video is said with each: text beside a film stays exact.
//!
//! To encode a picture takes several times as long as all else, so it can be done elsewhere while other updates
//! leave. Cells that those tell are left out of it when it is done.

use std::sync::Arc;
use std::time::Duration;

use super::{Order, State, UNKNOWN};
use crate::format::{put_runs, put_varint};
use crate::geometry::Rect;
use crate::grid::{CELL, Cells, touched};
use crate::picture::Picture;
use crate::version::FormatVersion;
use crate::video::{Detail, VideoEncoder};

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
/// What is drawn within one and changes less than a third as often as the video itself, as letters that somebody types
/// over it do, is told apart, so that it does not wait until the video is made and decoded ...
const SHARE_OF_VIDEO: f32 = 0.3;
/// ... unless it is more cells than this: so many at once are the video's own.
const MOST_CELLS_APART: usize = 512;

/// Cells that a video needs to begin, to grow, and to go on.
const MIN_CELLS: usize = 24;
const MIN_NEW_CELLS: usize = 12;
const MIN_ACTIVE_CELLS: usize = 8;
/// Fewest columns and rows of cells of a video.
const MIN_SIDE_CELLS: u32 = 6;
/// They must fill at least one in so many of the cells around them: the edges of a window that is
/// dragged over a photo change as often, but are thin.
const MOST_CELLS_FOR_ONE: u64 = 4;

/// Most bytes of one picture; what needs more is told in other ways.
const MAX_PICTURE_BYTES: usize = 4 << 20;

/// Every so many pictures it is looked at whether this is a natural picture at all.
const PICTURES_BETWEEN_LOOKS: u32 = 8;

/// A video begins anew, smaller, when it was too large for so many pictures: each costs what its rectangle is large.
const PICTURES_TOO_LARGE: u32 = 8;

/// Share of a narrow line that a video may take, in hundredths.
const LINE_SHARE: u64 = 60;

/// What is being sent as video.
pub(super) struct VideoRegion {
    rect: Rect,
    /// `None` while it makes a picture.
    encoder: Option<VideoEncoder>,
    /// The viewer does not know of it yet.
    is_new: bool,
    pictures: u32,
    /// For how many pictures what moves has filled less than half of it.
    too_large_for: u32,
}

/// A picture of the video on its way from [`State::encode`] to an update.
pub(super) struct Making {
    /// What it is known by: another beginning of the viewer's picture may come first.
    token: Arc<()>,
    rect: Rect,
    is_new: bool,
    /// What the viewer takes from it: nothing else has told these cells since.
    cells: Cells,
    now: Duration,
    bits_per_second: u32,
    is_handed_out: bool,
}

impl Making {
    pub(super) fn leave_out(&mut self, rect: Rect) {
        self.cells.clear_covered(rect);
    }
}

/// A picture of a video that is to be made, on any thread.
#[derive(Debug)]
pub struct VideoJob {
    token: Arc<()>,
    encoder: VideoEncoder,
    now: Duration,
    bits_per_second: u32,
}

impl VideoJob {
    /// Encodes it: some 5 ms of a core for 1920 x 1080 pixels.
    pub fn run(mut self) -> MadeVideo {
        let picture = self.encoder.encode(self.now, self.bits_per_second).ok();
        MadeVideo {
            token: self.token,
            encoder: self.encoder,
            picture,
        }
    }
}

/// A picture of a video that was made, or could not be.
#[derive(Debug)]
pub struct MadeVideo {
    token: Arc<()>,
    encoder: VideoEncoder,
    picture: Option<Vec<u8>>,
}

impl State {
    /// Takes the changed cells that belong to the running video out of `changed`.
    pub(super) fn go_on_with_video(
        &mut self,
        changed: &mut Cells,
        soft: &Picture,
    ) -> Option<Cells> {
        let region = self.video.as_ref()?;
        let (columns, rows) = touched(region.rect);
        let mut cells = Cells::none(self.grid);
        let mut apart = Cells::none(self.grid);
        let seldom = self.pace_of_video(region.rect) * SHARE_OF_VIDEO;
        let region = self.video.as_mut()?;
        let (mut active, mut count) = (0, 0);
        let mut moving: Option<Rect> = None;
        for row in rows {
            for column in columns.clone() {
                let score = self.activity.score(column, row);
                if score > RESTS {
                    active += 1;
                    let cell = Rect::new(column, row, 1, 1);
                    moving = Some(moving.map_or(cell, |cells| cells.union(cell)));
                }
                let natural = self.activity.is_natural(column, row);
                if changed.has(column, row) && (score > STAYS || natural && score > NATURAL_STAYS) {
                    cells.set(column, row, true);
                    count += 1;
                    apart.set(column, row, score < seldom);
                }
            }
        }
        let is_little = (1..=MOST_CELLS_APART).contains(&apart.count());
        if is_little {
            // what they were when the film was seen there says nothing
            self.activity.classify(soft, &apart);
            apart.keep_where(|column, row| !self.activity.is_natural(column, row));
            count -= apart.count();
            cells.remove(&apart);
        }
        if active < MIN_ACTIVE_CELLS {
            self.video = None;
            return None;
        }
        if count == 0 {
            return None;
        }
        if self.making.is_some() {
            changed.remove(&cells);
            self.late.add(&cells);
            return None;
        }
        let moving = moving.unwrap_or_default().area() * u64::from(CELL * CELL);
        region.too_large_for = if moving * 2 < region.rect.area() {
            region.too_large_for + 1
        } else {
            0
        };
        if region.too_large_for > PICTURES_TOO_LARGE {
            self.video = None;
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

    /// The score of what is natural in `rect` and does not rest, in the middle.
    fn pace_of_video(&self, rect: Rect) -> f32 {
        let (columns, rows) = touched(rect);
        let (mut sum, mut count) = (0.0_f32, 0.0_f32);
        for row in rows {
            for column in columns.clone() {
                let score = self.activity.score(column, row);
                if score > RESTS && self.activity.is_natural(column, row) {
                    sum += score;
                    count += 1.0;
                }
            }
        }
        sum / count.max(1.0)
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
        if self.making.is_some() {
            // one after the other: its first picture would be told before the last of this one
            return;
        }
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
        let detail = if order.version >= FormatVersion::V5 {
            Detail::of(rect.size())
        } else {
            Detail::Whole
        };
        let Ok(encoder) = VideoEncoder::new(rect.size(), detail) else {
            return;
        };
        self.video = Some(VideoRegion {
            rect,
            encoder: Some(encoder),
            is_new: true,
            pictures: 0,
            too_large_for: 0,
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

    /// The next picture of the video is to tell `cells`.
    pub(super) fn begin_picture(&mut self, cells: Cells, order: Order) {
        let Some(region) = &mut self.video else {
            self.waiting.add(&cells);
            return;
        };
        let rate = order.line.bytes_per_second.map_or(u32::MAX, |bytes| {
            u32::try_from(u64::from(bytes) * 8 * LINE_SHARE / 100).unwrap_or(u32::MAX)
        });
        let mut new = cells.clone();
        new.remove(&self.filmed);
        for rect in new.exact_rects() {
            for row in self.shown.spans_mut(rect) {
                row.fill(UNKNOWN);
            }
        }
        self.filmed.add(&cells);
        self.lossy.add(&cells);
        self.coarse.add(&cells);
        self.making = Some(Making {
            token: Arc::new(()),
            rect: region.rect,
            is_new: std::mem::take(&mut region.is_new),
            cells,
            now: order.now,
            bits_per_second: rate,
            is_handed_out: false,
        });
    }

    /// What is to be made of `soft`, the picture that the cells were found in.
    pub(super) fn hand_out(&mut self, soft: &Picture) -> Option<VideoJob> {
        let making = self.making.as_mut().filter(|m| !m.is_handed_out)?;
        making.is_handed_out = true;
        let encoder = self.video.as_mut().and_then(|r| r.encoder.take());
        let taken = encoder.and_then(|mut encoder| {
            let taken = encoder.take(soft, making.rect);
            taken.is_ok().then_some(encoder)
        });
        let Some(encoder) = taken else {
            self.give_up_picture();
            return None;
        };
        Some(VideoJob {
            token: Arc::clone(&making.token),
            encoder,
            now: making.now,
            bits_per_second: making.bits_per_second,
        })
    }

    /// The body of a video section that tells what was made; empty if there is nothing to tell. What cannot be told
    /// waits, and is told in other ways.
    pub(super) fn take_back(&mut self, made: MadeVideo) -> Vec<u8> {
        let is_awaited = |making: &Making| Arc::ptr_eq(&making.token, &made.token);
        if !self.making.as_ref().is_some_and(is_awaited) {
            return Vec::new();
        }
        let Some(picture) = made.picture.filter(|p| p.len() <= MAX_PICTURE_BYTES) else {
            self.give_up_picture();
            return Vec::new();
        };
        let Some(making) = self.making.take() else {
            return Vec::new();
        };
        let detail = made.encoder.detail();
        match &mut self.video {
            Some(region) => region.encoder = Some(made.encoder),
            // it has ended meanwhile, and the next one begins anew
            None if !making.cells.any() => return Vec::new(),
            None => {}
        }
        let mut body = vec![if making.is_new { detail.number() } else { 0 }];
        if making.is_new {
            let rect = making.rect;
            for value in [rect.x, rect.y, rect.width, rect.height] {
                put_varint(&mut body, value);
            }
        }
        put_runs(&mut body, &making.cells);
        body.extend(picture);
        body
    }

    /// The picture cannot be made, and the video ends with that.
    fn give_up_picture(&mut self) {
        self.video = None;
        if let Some(making) = self.making.take() {
            self.waiting.add(&making.cells);
        }
    }
}
