//! What is known about each cell over time: how often it changes, when it last did, and whether it
//! shows a natural picture (a photo, a film) or something drawn.

use std::time::Duration;

use fearless_simd::dispatch;

use crate::geometry::Rect;
use crate::grid::{Cells, Grid};
use crate::picture::{COLOUR, Picture};

/// Time after which a change counts only 1/e.
const MEMORY: f32 = 0.7;

/// Updates of a narrow line wait for it. However long that took, no more fades between two of them
/// than in this time: what changed at each update changes all the time as far as can be seen.
const LONGEST_WAIT_ON_NARROW_LINE: Duration = Duration::from_millis(250);

/// Pictures in a row that make a video of natural cells ...
const RUNS_OF_VIDEO: u8 = 3;
/// ... and on a narrow line, where another one told whole would take the time of many.
const RUNS_OF_VIDEO_ON_NARROW_LINE: u8 = 2;

/// Changes and content of the cells of one picture.
pub(crate) struct Activity {
    grid: Grid,
    /// What this machine calculates with.
    processor: fearless_simd::Level,
    /// Recent changes of each cell; about 0.7 times its changes per second while they go on.
    scores: Vec<f32>,
    changed_at: Vec<Duration>,
    noted_at: Duration,
    /// Cells that showed a natural picture when they were last looked at.
    natural: Cells,
    /// How often in a row, up to 255 times.
    natural_runs: Vec<u8>,
}

impl Activity {
    pub(crate) fn new(grid: Grid, now: Duration) -> Self {
        let cells = grid.columns() as usize * grid.rows() as usize;
        Self {
            grid,
            processor: fearless_simd::Level::new(),
            scores: vec![0.0; cells],
            changed_at: vec![now; cells],
            noted_at: now,
            natural: Cells::none(grid),
            natural_runs: vec![0; cells],
        }
    }

    /// Notes that cells changed.
    pub(crate) fn note(&mut self, changed: &Cells, now: Duration, line_is_narrow: bool) {
        let mut passed = now.saturating_sub(self.noted_at);
        if line_is_narrow {
            passed = passed.min(LONGEST_WAIT_ON_NARROW_LINE);
        }
        self.noted_at = now;
        let kept = (-passed.as_secs_f32() / MEMORY).exp();
        for score in &mut self.scores {
            *score *= kept;
        }
        for (column, row) in changed.marked() {
            let place = self.place(column, row);
            self.scores[place] += 1.0;
            self.changed_at[place] = now;
        }
    }

    pub(crate) fn score(&self, column: u32, row: u32) -> f32 {
        self.scores[self.place(column, row)]
    }

    pub(crate) fn changed_at(&self, column: u32, row: u32) -> Duration {
        self.changed_at[self.place(column, row)]
    }

    pub(crate) fn is_natural(&self, column: u32, row: u32) -> bool {
        self.natural.has(column, row)
    }

    /// Whether a cell changed from one natural picture to the next for a while. What only comes out
    /// from behind a moving window changes as often, but shows a photo once.
    pub(crate) fn stays_natural(&self, column: u32, row: u32, line_is_narrow: bool) -> bool {
        let needed = if line_is_narrow {
            RUNS_OF_VIDEO_ON_NARROW_LINE
        } else {
            RUNS_OF_VIDEO
        };
        self.natural_runs[self.place(column, row)] >= needed
    }

    /// Notes cells that show what was to be seen before, here or elsewhere: that is no video.
    pub(crate) fn show_known(&mut self, cells: &Cells) {
        for (column, row) in cells.marked() {
            let place = self.place(column, row);
            self.natural_runs[place] = 0;
        }
    }

    fn place(&self, column: u32, row: u32) -> usize {
        row as usize * self.grid.columns() as usize + column as usize
    }

    /// Looks at the marked cells anew. A single odd cell goes with those around it, so that a photo
    /// has no holes and a text no specks.
    pub(crate) fn classify(&mut self, picture: &Picture, cells: &Cells) {
        let grid = self.grid;
        let mut looks = self.natural.clone();
        dispatch!(self.processor, _simd => {
            for (column, row) in cells.marked() {
                let cell = grid.cells_rect(column..column + 1, row..row + 1);
                looks.set(column, row, looks_natural(picture, cell));
            }
        });
        for (column, row) in cells.marked() {
            let around = looks.count_around(column, row);
            let enough = if looks.has(column, row) { 3 } else { 6 };
            let is_natural = around >= enough;
            self.natural.set(column, row, is_natural);
            let place = self.place(column, row);
            let run = &mut self.natural_runs[place];
            *run = if is_natural { run.saturating_add(1) } else { 0 };
        }
    }
}

/// Whether nearly every pixel differs from the one beside it, or many do and mostly by little.
#[inline(always)]
pub(crate) fn looks_natural(picture: &Picture, cell: Rect) -> bool {
    const SMALL_STEP: i32 = 16;
    let (mut differing, mut small) = (0_u32, 0_u32);
    for y in cell.y..cell.bottom() {
        let row = picture.span(cell.x, y, cell.width);
        for (&west, &pixel) in row.iter().zip(&row[1..]) {
            let step = |shift: u32| {
                let channel = |pixel: u32| (pixel >> shift & 0xff).cast_signed();
                (channel(pixel) - channel(west)).abs()
            };
            let differs = u32::from((pixel ^ west) & COLOUR != 0);
            differing += differs;
            small += differs & u32::from((step(0) | step(8) | step(16)) < SMALL_STEP);
        }
    }
    let pairs = (cell.width - 1) * cell.height;
    let most = differing * 4 >= pairs * 3;
    let many_small = differing * 5 >= pairs && small * 10 >= differing * 6;
    pairs > 0 && (most || many_small)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PixelSize;

    fn painted(colour_at: impl Fn(u32, u32) -> u32) -> (Picture, Activity) {
        let size = PixelSize::new(96, 96);
        let mut picture = Picture::new(size);
        for y in 0..size.height {
            for (x, pixel) in (0..).zip(picture.row_mut(y)) {
                *pixel = colour_at(x, y);
            }
        }
        let mut all = Cells::none(Grid::new(size));
        all.set_all(true);
        let mut activity = Activity::new(Grid::new(size), Duration::ZERO);
        activity.classify(&picture, &all);
        (picture, activity)
    }

    #[test]
    fn a_gradient_is_natural_and_text_is_not() {
        let (_, photo) = painted(|x, y| (x + y) * 0x0001_0101);
        assert!((0..6).all(|row| (0..6).all(|column| photo.is_natural(column, row))));
        let (_, text) = painted(|x, y| {
            if (x * 7 + y * 3) % 5 == 0 {
                0x0010_2030
            } else {
                0x00ff_ffff
            }
        });
        assert!((0..6).all(|row| (0..6).all(|column| !text.is_natural(column, row))));
    }

    #[test]
    fn what_changes_often_scores_high_and_cools_down() {
        let (_, mut activity) = painted(|_, _| 0);
        let mut one = Cells::none(activity.grid);
        one.set(2, 3, true);
        for tick in 1..=20 {
            activity.note(&one, Duration::from_millis(100 * tick), false);
        }
        assert!(activity.score(2, 3) > 5.0, "{}", activity.score(2, 3));
        assert!(activity.score(1, 3) < 0.1);
        assert_eq!(activity.changed_at(2, 3), Duration::from_secs(2));
        activity.note(&Cells::none(activity.grid), Duration::from_secs(5), false);
        assert!(activity.score(2, 3) < 0.5);
    }
}
