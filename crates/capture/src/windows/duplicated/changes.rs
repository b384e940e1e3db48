//! Where a frame of an output differs from the one before, as the graphics card tells it: what moved as it was, and what
//! was drawn.

/// A part of an output, inside of it and not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) right: u32,
    pub(super) bottom: u32,
}

impl Span {
    /// What of these sides lies in a picture of that size.
    fn inside([left, top, right, bottom]: [i32; 4], width: u32, height: u32) -> Option<Self> {
        let along = |at: i32, size: u32| u32::try_from(at.max(0)).unwrap_or(0).min(size);
        let span = Self {
            left: along(left, width),
            top: along(top, height),
            right: along(right, width),
            bottom: along(bottom, height),
        };
        (span.left < span.right && span.top < span.bottom).then_some(span)
    }

    fn columns(self) -> std::ops::Range<usize> {
        self.left as usize..self.right as usize
    }
}

/// Pixels that moved, as the card tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: (i32, i32),
    pub(super) to: [i32; 4],
}

/// All that is new in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FrameChanges {
    /// From where, to where. Each was done when the next began.
    moved: Vec<((u32, u32), Span)>,
    /// After all that moved.
    pub(super) drawn: Vec<Span>,
}

impl FrameChanges {
    pub(super) fn whole(width: u32, height: u32) -> Self {
        let all = Span {
            left: 0,
            top: 0,
            right: width,
            bottom: height,
        };
        Self {
            moved: Vec::new(),
            drawn: vec![all],
        }
    }

    /// What the card told, of an output of that size. Where a move leads from or to somewhere else nothing of it is
    /// believed, and everything is taken for drawn.
    pub(super) fn checked(moves: Vec<Move>, drawn: Vec<[i32; 4]>, width: u32, height: u32) -> Self {
        let moved: Option<Vec<_>> = moves
            .into_iter()
            .map(|told| {
                let to = Span::inside(told.to, width, height)?;
                let [left, top, right, bottom] = told.to;
                let (x, y) = told.from;
                let ends = (
                    x.checked_add(right.checked_sub(left)?)?,
                    y.checked_add(bottom.checked_sub(top)?)?,
                );
                let from = Span::inside([x, y, ends.0, ends.1], width, height)?;
                let size = |span: Span| (span.right - span.left, span.bottom - span.top);
                let is_whole = size(from) == size(to)
                    && i64::from(size(to).0) == i64::from(right) - i64::from(left)
                    && i64::from(size(to).1) == i64::from(bottom) - i64::from(top);
                is_whole.then_some(((from.left, from.top), to))
            })
            .collect();
        let Some(moved) = moved else {
            return Self::whole(width, height);
        };
        let drawn = drawn.into_iter();
        Self {
            moved,
            drawn: drawn
                .filter_map(|sides| Span::inside(sides, width, height))
                .collect(),
        }
    }

    /// Every place with new pixels.
    pub(super) fn places(&self) -> impl Iterator<Item = Span> {
        let moved = self.moved.iter().map(|(_, to)| *to);
        moved.chain(self.drawn.iter().copied())
    }

    /// Moves what moved, in a picture of that width.
    pub(super) fn move_pixels(&self, pixels: &mut [u32], width: u32) {
        let width = width as usize;
        for ((x, y), to) in &self.moved {
            let (x, y) = (*x as usize, *y as usize);
            let (top, rows) = (to.top as usize, (to.bottom - to.top) as usize);
            let mut row = |at: usize| {
                let start = (y + at) * width + x;
                let end = start + to.columns().len();
                pixels.copy_within(start..end, (top + at) * width + to.columns().start);
            };
            // no row is written before it was read
            if top > y {
                (0..rows).rev().for_each(&mut row);
            } else {
                (0..rows).for_each(&mut row);
            }
        }
    }

    /// Takes what was drawn from `rows`, each of which begins `pitch` pixels after the one before.
    pub(super) fn take_drawn(&self, pixels: &mut [u32], width: u32, rows: &[u32], pitch: usize) {
        for span in &self.drawn {
            for y in span.top as usize..span.bottom as usize {
                let from = &rows[y * pitch..][span.columns()];
                pixels[y * width as usize..][span.columns()].copy_from_slice(from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: u32 = 8;
    const HEIGHT: u32 = 6;

    fn picture() -> Vec<u32> {
        (0..WIDTH * HEIGHT).collect()
    }

    fn at(pixels: &[u32], x: u32, y: u32) -> u32 {
        pixels[(y * WIDTH + x) as usize]
    }

    #[test]
    fn what_moved_over_itself_arrives_whole_in_each_direction() {
        for (from, to) in [
            ((1, 1), [1, 2, 5, 5]),
            ((1, 2), [1, 1, 5, 4]),
            ((1, 1), [2, 1, 6, 4]),
            ((2, 1), [1, 1, 5, 4]),
            ((3, 2), [1, 1, 5, 4]),
        ] {
            let changes = FrameChanges::checked(vec![Move { from, to }], vec![], WIDTH, HEIGHT);
            let (before, mut after) = (picture(), picture());
            changes.move_pixels(&mut after, WIDTH);
            let number = |n: i32| u32::try_from(n).unwrap();
            for y in to[1]..to[3] {
                for x in to[0]..to[2] {
                    let source = (from.0 + x - to[0], from.1 + y - to[1]);
                    assert_eq!(
                        at(&after, number(x), number(y)),
                        at(&before, number(source.0), number(source.1)),
                        "{from:?} {to:?} {x} {y}"
                    );
                }
            }
            assert_eq!(changes.places().count(), 1);
        }
    }

    #[test]
    fn what_was_drawn_is_taken_from_rows_of_another_pitch_and_nothing_else_is() {
        let pitch = 16;
        let rows = vec![9999; pitch * HEIGHT as usize];
        // one of them reaches over the edge
        let drawn = vec![[2, 1, 4, 2], [7, 5, 40, 40], [3, 3, 3, 5]];
        let changes = FrameChanges::checked(vec![], drawn, WIDTH, HEIGHT);
        assert_eq!(changes.drawn.len(), 2);
        let mut pixels = picture();
        changes.take_drawn(&mut pixels, WIDTH, &rows, pitch);
        let new: Vec<usize> = (0..pixels.len()).filter(|at| pixels[*at] == 9999).collect();
        assert_eq!(new, [10, 11, 47]);
    }

    #[test]
    fn a_move_that_leads_out_of_the_output_is_not_believed() {
        for (from, to) in [
            ((0, 0), [5, 0, 9, 2]),
            ((6, 0), [0, 0, 4, 2]),
            ((-1, 0), [0, 0, 4, 2]),
            ((0, 0), [4, 4, 2, 2]),
            ((i32::MAX, 0), [0, 0, 4, 2]),
            ((0, 0), [i32::MIN, 0, i32::MAX, 2]),
        ] {
            let changes = FrameChanges::checked(vec![Move { from, to }], vec![], WIDTH, HEIGHT);
            assert_eq!(
                changes,
                FrameChanges::whole(WIDTH, HEIGHT),
                "{from:?} {to:?}"
            );
        }
    }
}
