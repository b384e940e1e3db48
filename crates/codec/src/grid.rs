//! The picture seen as cells and tiles, and how marked cells become rectangles.
//!
//! Change is tracked in *cells* of 16 x 16 pixels, the cache holds *tiles* of 64 x 64; both are cut
//! at the right and lower edge of the picture.

use std::ops::Range;

use crate::geometry::{PixelSize, Rect};

/// Side of a cell, in pixels.
pub(crate) const CELL: u32 = 16;

/// Side of a tile, in pixels.
pub(crate) const TILE: u32 = 64;

/// Where cells and tiles lie in a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    size: PixelSize,
}

impl Grid {
    pub(crate) fn new(size: PixelSize) -> Self {
        Self { size }
    }

    pub(crate) fn size(self) -> PixelSize {
        self.size
    }

    pub(crate) fn columns(self) -> u32 {
        self.size.width.div_ceil(CELL)
    }

    pub(crate) fn rows(self) -> u32 {
        self.size.height.div_ceil(CELL)
    }

    /// How many cells there are.
    pub(crate) fn cells(self) -> usize {
        self.columns() as usize * self.rows() as usize
    }

    /// The pixels of the cells `columns` x `rows`.
    pub(crate) fn cells_rect(self, columns: Range<u32>, rows: Range<u32>) -> Rect {
        let (x, y) = (columns.start * CELL, rows.start * CELL);
        let right = (columns.end * CELL).min(self.size.width);
        let bottom = (rows.end * CELL).min(self.size.height);
        Rect::new(x, y, right - x, bottom - y)
    }

    /// How many tiles there are; they count row by row.
    pub(crate) fn tiles(self) -> u32 {
        self.size.width.div_ceil(TILE) * self.size.height.div_ceil(TILE)
    }

    /// The pixels of a tile, or `None` if there is no such tile.
    pub(crate) fn tile_rect(self, tile: u32) -> Option<Rect> {
        if tile >= self.tiles() {
            return None;
        }
        let columns = self.size.width.div_ceil(TILE);
        let (x, y) = (tile % columns * TILE, tile / columns * TILE);
        let (width, height) = (self.size.width - x, self.size.height - y);
        Some(Rect::new(x, y, width.min(TILE), height.min(TILE)))
    }
}

/// A mark for each cell of a grid.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    grid: Grid,
    marks: Vec<bool>,
}

impl Cells {
    /// No cell is marked.
    pub(crate) fn none(grid: Grid) -> Self {
        Self {
            grid,
            marks: vec![false; grid.cells()],
        }
    }

    pub(crate) fn grid(&self) -> Grid {
        self.grid
    }

    /// The marks of one row of cells.
    pub(crate) fn row(&self, row: u32) -> &[bool] {
        let columns = self.grid.columns() as usize;
        &self.marks[row as usize * columns..][..columns]
    }

    pub(crate) fn row_mut(&mut self, row: u32) -> &mut [bool] {
        let columns = self.grid.columns() as usize;
        &mut self.marks[row as usize * columns..][..columns]
    }

    pub(crate) fn has(&self, column: u32, row: u32) -> bool {
        self.row(row)[column as usize]
    }

    pub(crate) fn set(&mut self, column: u32, row: u32, mark: bool) {
        self.row_mut(row)[column as usize] = mark;
    }

    /// How many of a cell and its up to eight neighbours are marked.
    pub(crate) fn count_around(&self, column: u32, row: u32) -> usize {
        let columns = column.saturating_sub(1) as usize
            ..(column as usize + 2).min(self.grid.columns() as usize);
        let rows = row.saturating_sub(1)..(row + 2).min(self.grid.rows());
        rows.map(|row| {
            let marks = &self.row(row)[columns.clone()];
            marks.iter().filter(|&&mark| mark).count()
        })
        .sum()
    }

    /// Whether a row has marked cells. Mostly few have, and this is much faster than a look at each.
    fn has_any(&self, row: u32) -> bool {
        self.row(row).contains(&true)
    }

    /// The rows that have marked cells.
    pub(crate) fn marked_rows(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.grid.rows()).filter(|&row| self.has_any(row))
    }

    /// The tiles in those rows of tiles that have marked cells: number and pixels.
    pub(crate) fn tiles_near(&self) -> impl Iterator<Item = (u32, Rect)> + '_ {
        let grid = self.grid;
        let columns = grid.size.width.div_ceil(TILE);
        (0..grid.size.height.div_ceil(TILE))
            .filter(move |row| {
                let first = row * (TILE / CELL);
                let end = (first + TILE / CELL).min(grid.rows());
                (first..end).any(|row| self.has_any(row))
            })
            .flat_map(move |row| row * columns..(row + 1) * columns)
            .filter_map(move |tile| Some((tile, grid.tile_rect(tile)?)))
    }

    /// The marked cells: column and row, row by row.
    pub(crate) fn marked(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.marked_rows().flat_map(|row| {
            let marks = (0..).zip(self.row(row));
            marks.filter_map(move |(column, &mark)| mark.then_some((column, row)))
        })
    }

    /// Keeps the marks of those cells for which `keep` says so; it is given column and row.
    pub(crate) fn keep_where(&mut self, mut keep: impl FnMut(u32, u32) -> bool) {
        for row in 0..self.grid.rows() {
            if self.has_any(row) {
                for (column, mark) in (0..).zip(self.row_mut(row)) {
                    *mark = *mark && keep(column, row);
                }
            }
        }
    }

    /// Marks also what `others` marks.
    pub(crate) fn add(&mut self, others: &Self) {
        for (mark, &other) in self.marks.iter_mut().zip(&others.marks) {
            *mark |= other;
        }
    }

    /// Unmarks what `others` marks.
    pub(crate) fn remove(&mut self, others: &Self) {
        for (mark, &other) in self.marks.iter_mut().zip(&others.marks) {
            *mark &= !other;
        }
    }

    /// Whether a cell that `rect` touches is marked.
    pub(crate) fn any_touched(&self, rect: Rect) -> bool {
        let (columns, rows) = touched(rect);
        rows.into_iter()
            .any(|row| self.row(row)[columns.start as usize..columns.end as usize].contains(&true))
    }

    pub(crate) fn set_all(&mut self, mark: bool) {
        self.marks.fill(mark);
    }

    /// Sets the mark of every cell that `rect` touches.
    pub(crate) fn set_touched(&mut self, rect: Rect, mark: bool) {
        let (columns, rows) = touched(rect);
        for row in rows {
            self.row_mut(row)[columns.start as usize..columns.end as usize].fill(mark);
        }
    }

    /// Clears the mark of every cell that lies within `rect`.
    pub(crate) fn clear_covered(&mut self, rect: Rect) {
        let (columns, rows) = self.covered(rect);
        for row in rows {
            if let Some(marks) = self
                .row_mut(row)
                .get_mut(columns.start as usize..columns.end as usize)
            {
                marks.fill(false);
            }
        }
    }

    /// The cells that lie within `rect`: columns and rows.
    pub(crate) fn covered(&self, rect: Rect) -> (Range<u32>, Range<u32>) {
        let size = self.grid.size;
        // A cell cut by the picture's edge is covered when the rectangle reaches that edge.
        let end = |end: u32, limit: u32| {
            if end == limit {
                end.div_ceil(CELL)
            } else {
                end / CELL
            }
        };
        let columns = rect.x.div_ceil(CELL)..end(rect.right(), size.width);
        let rows = rect.y.div_ceil(CELL)..end(rect.bottom(), size.height);
        (columns, rows)
    }

    /// How many cells that `rect` touches are marked.
    pub(crate) fn count_touched(&self, rect: Rect) -> usize {
        let (columns, rows) = touched(rect);
        rows.map(|row| {
            let marks = &self.row(row)[columns.start as usize..columns.end as usize];
            marks.iter().filter(|&&mark| mark).count()
        })
        .sum()
    }

    pub(crate) fn count(&self) -> usize {
        self.marks.iter().filter(|&&mark| mark).count()
    }

    pub(crate) fn any(&self) -> bool {
        self.marks.contains(&true)
    }

    /// Keeps the mark of those cells for which `keep` says so; it is given the cell's pixels.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Rect) -> bool) {
        let grid = self.grid;
        self.keep_where(|column, row| keep(grid.cells_rect(column..column + 1, row..row + 1)));
    }

    /// The runs of marked cells of one row, bridging up to `gap` unmarked ones.
    pub(crate) fn runs(&self, row: u32, gap: u32) -> Vec<Range<u32>> {
        let mut runs: Vec<Range<u32>> = Vec::new();
        if !self.has_any(row) {
            return runs;
        }
        for (column, &mark) in (0..).zip(self.row(row)) {
            if mark {
                match runs.last_mut() {
                    Some(run) if column - run.end <= gap => run.end = column + 1,
                    Some(_) | None => runs.push(column..column + 1),
                }
            }
        }
        runs
    }

    /// Covers the marked cells and nothing else with rectangles that do not overlap.
    pub(crate) fn exact_rects(&self) -> Vec<Rect> {
        let mut left = self.clone();
        let mut rects = Vec::new();
        for row in 0..self.grid.rows() {
            for run in left.runs(row, 0) {
                let columns = run.start as usize..run.end as usize;
                let mut end = row + 1;
                while end < self.grid.rows()
                    && left.row(end)[columns.clone()].iter().all(|&mark| mark)
                {
                    left.row_mut(end)[columns.clone()].fill(false);
                    end += 1;
                }
                rects.push(self.grid.cells_rect(run, row..end));
            }
        }
        rects
    }

    /// Covers the marked cells with few rectangles, and maybe some unmarked ones: a pixel that did
    /// not change is cheap, a rectangle is not. Some may overlap a little, but together they have
    /// no more pixels than the picture.
    pub(crate) fn few_rects(&self) -> Vec<Rect> {
        let rects = self.near_rects();
        let area: u64 = rects.iter().map(|rect| rect.area()).sum();
        if area <= self.grid.size().area() {
            rects
        } else {
            self.exact_rects()
        }
    }

    fn near_rects(&self) -> Vec<Rect> {
        const GAP: u32 = 3;
        const WASTE: u32 = 2;
        struct Open {
            columns: Range<u32>,
            first_row: u32,
        }
        let mut rects = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for row in 0..=self.grid.rows() {
            let mut runs = if row < self.grid.rows() {
                self.runs(row, GAP)
            } else {
                Vec::new()
            };
            let mut still_open = Vec::new();
            for rect in open {
                let height = row - rect.first_row;
                let (start, end) = (rect.columns.start, rect.columns.end);
                let joined = |run: &Range<u32>| start.min(run.start)..end.max(run.end);
                let fits = |run: &Range<u32>| {
                    let columns = joined(run);
                    let width = columns.end - columns.start;
                    let waste = width - (run.end - run.start) + (width - (end - start)) * height;
                    let allowed = if columns == rect.columns {
                        WASTE + height
                    } else {
                        WASTE
                    };
                    run.start < end && run.end > start && waste <= allowed
                };
                if let Some(place) = runs.iter().position(fits) {
                    let columns = joined(&runs.remove(place));
                    still_open.push(Open {
                        columns,
                        first_row: rect.first_row,
                    });
                } else {
                    rects.push(self.grid.cells_rect(rect.columns, rect.first_row..row));
                }
            }
            still_open.extend(runs.into_iter().map(|columns| Open {
                columns,
                first_row: row,
            }));
            open = still_open;
        }
        rects
    }
}

/// The cells that `rect` touches: columns and rows.
pub(crate) fn touched(rect: Rect) -> (Range<u32>, Range<u32>) {
    if rect.is_empty() {
        return (0..0, 0..0);
    }
    (
        rect.x / CELL..rect.right().div_ceil(CELL),
        rect.y / CELL..rect.bottom().div_ceil(CELL),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(size: PixelSize, cells: &[(u32, u32)]) -> Cells {
        let mut marks = Cells::none(Grid::new(size));
        for &(column, row) in cells {
            marks.row_mut(row)[column as usize] = true;
        }
        marks
    }

    #[test]
    fn edge_tiles_and_cells_are_cut() {
        let grid = Grid::new(PixelSize::new(65, 33));
        assert_eq!((grid.columns(), grid.rows(), grid.tiles()), (5, 3, 2));
        assert_eq!(grid.tile_rect(1), Some(Rect::new(64, 0, 1, 33)));
        assert_eq!(grid.tile_rect(2), None);
        assert_eq!(grid.tile_rect(u32::MAX), None);
        assert_eq!(grid.cells_rect(4..5, 2..3), Rect::new(64, 32, 1, 1));
    }

    #[test]
    fn only_cells_within_a_rectangle_are_cleared() {
        let size = PixelSize::new(60, 40);
        let cleared = |rect| {
            let mut cells = Cells::none(Grid::new(size));
            cells.set_all(true);
            cells.clear_covered(rect);
            12 - cells.count()
        };
        assert_eq!(cleared(Rect::new(0, 0, 32, 32)), 4);
        assert_eq!(cleared(Rect::new(1, 0, 31, 31)), 1);
        assert_eq!(cleared(Rect::new(32, 16, 28, 24)), 4);
        assert_eq!(cleared(Rect::new(33, 17, 26, 20)), 0);
        assert_eq!(cleared(size.rect()), 12);
    }

    #[test]
    fn exact_rectangles_cover_exactly_the_marked_cells() {
        let cells = marked(
            PixelSize::new(64, 64),
            &[(0, 0), (1, 0), (0, 1), (1, 1), (3, 1)],
        );
        assert_eq!(
            cells.exact_rects(),
            [Rect::new(0, 0, 32, 32), Rect::new(48, 16, 16, 16)]
        );
    }

    proptest::proptest! {
        #[test]
        fn few_rectangles_cover_each_marked_cell_within_the_area_of_the_picture(
            marks in proptest::collection::vec(proptest::bool::weighted(0.3), 12 * 9),
        ) {
            let mut cells = Cells::none(Grid::new(PixelSize::new(12 * 16 - 5, 9 * 16 - 3)));
            cells.marks = marks;
            let rects = cells.few_rects();
            let area: u64 = rects.iter().map(|rect| rect.area()).sum();
            proptest::prop_assert!(area <= cells.grid.size().area());
            for rect in rects {
                cells.set_touched(rect, false);
            }
            proptest::prop_assert!(!cells.any());
        }
    }
}
