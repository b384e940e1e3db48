//! The remote screen with the host's pointer drawn into it.

use codec::{Picture, Rect};
use protocol::{PointerShape, PointerUpdate};
use ui_kit::remote_view::Cut;

/// While the pointer is drawn, a picture of its own, so that it can be taken away again. What is shown as it came is
/// not copied here: a whole large screen takes several milliseconds.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    /// Which part of the whole screen it shows.
    cut: Option<Cut>,
    /// The screen as it is shown, where that is not simply what came.
    shown: Option<Picture>,
    /// What it shows without the pointer, where that is drawn: row by row.
    covered: Option<(Rect, Vec<u32>)>,
    /// In pixels of the whole screen.
    pointer: Option<(i32, i32)>,
    shape: Option<PointerShape>,
    pointer_drawn: bool,
}

impl Canvas {
    /// What is to be shown; `None` where that is the whole picture as it came.
    pub(super) fn picture(&self) -> Option<&Picture> {
        self.shown.as_ref()
    }

    /// Whether that part is shown as it came.
    fn shows_as_it_came(&self, cut: Cut) -> bool {
        !self.pointer_drawn && cut == Cut::all(cut.whole)
    }

    /// Starts anew with `picture`, which is that part.
    pub(super) fn replace(&mut self, picture: Picture, cut: Cut) {
        self.cut = Some(cut);
        self.shown = Some(picture);
        self.covered = None;
        self.draw_pointer();
    }

    /// Takes over what changed in the part of the whole `picture`; returns what is to be shown anew.
    pub(super) fn update(&mut self, picture: &Picture, cut: Cut, changed: &[Rect]) -> Vec<Rect> {
        let is_new = self.cut.replace(cut) != Some(cut);
        let as_it_came = self.shows_as_it_came(cut);
        if as_it_came {
            self.shown = None;
            self.covered = None;
        } else if is_new || self.shown.is_none() {
            self.replace(cut.picture(picture), cut);
            return vec![cut.part.size().rect()];
        }
        if is_new {
            return vec![cut.part.size().rect()];
        }
        let changed: Vec<Rect> = changed
            .iter()
            .filter_map(|rect| rect.intersect(cut.part))
            .collect();
        if as_it_came {
            return changed;
        }
        let mut damage: Vec<Rect> = changed.iter().filter_map(|&r| cut.inside(r)).collect();
        let pointer = self.covered.as_ref().map(|&(rect, _)| rect);
        let pointer = pointer.filter(|&p| damage.iter().any(|rect| rect.intersect(p).is_some()));
        if pointer.is_some() {
            self.take_pointer_away();
        }
        if let Some(shown) = &mut self.shown {
            for &rect in &changed {
                cut.copy(picture, shown, rect);
            }
        }
        if let Some(pointer) = pointer {
            self.draw_pointer();
            damage.push(pointer);
        }
        damage
    }

    /// Takes over where the pointer is; returns what is to be shown anew.
    pub(super) fn move_pointer(&mut self, update: &PointerUpdate) -> Vec<Rect> {
        let before = self.take_pointer_away();
        self.pointer = update.visible.then_some((update.x, update.y));
        if let Some(shape) = update.shape.as_ref().filter(|shape| shape.is_sound()) {
            self.shape = Some(shape.clone());
        }
        self.redraw(before)
    }

    /// Draws the pointer from now on, or does not; returns what is to be shown anew.
    pub(super) fn set_pointer_drawn(&mut self, drawn: bool) -> Vec<Rect> {
        if self.pointer_drawn == drawn {
            return Vec::new();
        }
        let before = self.take_pointer_away();
        self.pointer_drawn = drawn;
        self.redraw(before)
    }

    fn redraw(&mut self, before: Option<Rect>) -> Vec<Rect> {
        self.draw_pointer();
        before.into_iter().chain(self.pointer_rect()).collect()
    }

    /// Where it was, if it was drawn.
    fn take_pointer_away(&mut self) -> Option<Rect> {
        let (rect, pixels) = self.covered.take()?;
        let shown = self.shown.as_mut()?;
        let columns = rect.x as usize..rect.right() as usize;
        for (y, row) in (rect.y..).zip(pixels.chunks_exact(rect.width as usize)) {
            shown.row_mut(y)[columns.clone()].copy_from_slice(row);
        }
        Some(rect)
    }

    /// The part of the screen that the pointer covers, if it is drawn.
    fn pointer_rect(&self) -> Option<Rect> {
        let (left, top) = self.pointer_corner()?;
        let shape = self.shape.as_ref()?;
        let screen = self.shown.as_ref()?.size();
        let span = |start: i64, length: u16, limit: u32| {
            let limit = i64::from(limit);
            let from = start.clamp(0, limit);
            let to = (start + i64::from(length)).clamp(0, limit);
            Some((u32::try_from(from).ok()?, u32::try_from(to - from).ok()?))
        };
        let (x, width) = span(left, shape.width, screen.width)?;
        let (y, height) = span(top, shape.height, screen.height)?;
        let rect = Rect::new(x, y, width, height);
        (!rect.is_empty()).then_some(rect)
    }

    /// Where the pointer's picture begins in the part; may be outside of it.
    fn pointer_corner(&self) -> Option<(i64, i64)> {
        let (x, y) = self.pointer.filter(|_| self.pointer_drawn)?;
        let shape = self.shape.as_ref()?;
        let part = self.cut?.part;
        Some((
            i64::from(x) - i64::from(part.x) - i64::from(shape.hot_x),
            i64::from(y) - i64::from(part.y) - i64::from(shape.hot_y),
        ))
    }

    fn draw_pointer(&mut self) {
        let (Some(rect), Some((left, top))) = (self.pointer_rect(), self.pointer_corner()) else {
            return;
        };
        let (Some(shape), Some(shown)) = (&self.shape, &mut self.shown) else {
            return;
        };
        let mut covered = Vec::new();
        for y in rect.y..rect.bottom() {
            let row = shown.row_mut(y);
            covered.extend_from_slice(&row[rect.x as usize..rect.right() as usize]);
            for x in rect.x..rect.right() {
                let inside = usize::try_from(i64::from(y) - top)
                    .ok()
                    .zip(usize::try_from(i64::from(x) - left).ok());
                let Some((line, column)) = inside else {
                    continue;
                };
                let at = (line * usize::from(shape.width) + column) * 4;
                if let (Some([red, green, blue, alpha]), Some(pixel)) =
                    (shape.rgba.get(at..at + 4), row.get_mut(x as usize))
                {
                    *pixel = blend(*pixel, [*red, *green, *blue], *alpha);
                }
            }
        }
        self.covered = Some((rect, covered));
    }
}

/// `over` with `alpha` of 255 parts over `pixel`.
fn blend(pixel: u32, over: [u8; 3], alpha: u8) -> u32 {
    let [_, red, green, blue] = pixel.to_be_bytes();
    let mix = |under: u8, over: u8| {
        let (under, over, alpha) = (u32::from(under), u32::from(over), u32::from(alpha));
        (over * alpha + under * (255 - alpha) + 127) / 255
    };
    mix(red, over[0]) << 16 | mix(green, over[1]) << 8 | mix(blue, over[2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::PixelSize;

    fn white_pointer(x: i32, y: i32) -> PointerUpdate {
        PointerUpdate {
            seq: 1,
            at_micros: 0,
            x,
            y,
            visible: true,
            shape: Some(PointerShape {
                width: 2,
                height: 2,
                hot_x: 1,
                hot_y: 1,
                rgba: vec![255; 16].into(),
            }),
        }
    }

    fn begin(canvas: &mut Canvas, screen: Picture) {
        let all = Cut::all(screen.size());
        canvas.replace(screen, all);
    }

    fn lit(canvas: &Canvas) -> usize {
        let picture = canvas.picture().expect("a picture");
        picture.pixels().iter().filter(|p| **p != 0).count()
    }

    #[test]
    fn the_pointer_moves_without_a_trace() {
        let mut canvas = Canvas::default();
        begin(&mut canvas, Picture::new(PixelSize::new(8, 8)));
        canvas.set_pointer_drawn(true);
        assert_eq!(canvas.move_pointer(&white_pointer(3, 3)).len(), 1);
        assert_eq!(lit(&canvas), 4);
        assert_eq!(canvas.move_pointer(&white_pointer(6, 6)).len(), 2);
        assert_eq!(lit(&canvas), 4);
        canvas.set_pointer_drawn(false);
        assert_eq!(lit(&canvas), 0);
    }

    #[test]
    fn without_the_pointer_nothing_is_copied() {
        let mut canvas = Canvas::default();
        let mut screen = Picture::new(PixelSize::new(8, 8));
        let all = Cut::all(screen.size());
        let whole = screen.size().rect();
        assert_eq!(canvas.update(&screen, all, &[]), [whole], "the first");
        assert_eq!(canvas.picture(), None);
        let (change, beyond) = (Rect::new(1, 2, 3, 4), Rect::new(6, 6, 9, 9));
        let seen = canvas.update(&screen, all, &[change, beyond]);
        assert_eq!(seen, [change, Rect::new(6, 6, 2, 2)]);
        assert!(canvas.move_pointer(&white_pointer(3, 3)).is_empty());
        assert_eq!(canvas.picture(), None);

        begin(&mut canvas, screen.clone());
        assert_eq!(canvas.set_pointer_drawn(true).len(), 1);
        assert_eq!(lit(&canvas), 4);
        let before = canvas.set_pointer_drawn(false);
        assert_eq!(before, [Rect::new(2, 2, 2, 2)]);
        assert_eq!(canvas.picture(), Some(&screen), "for that place");
        screen.pixels_mut().fill(0x0000_00ff);
        assert_eq!(canvas.update(&screen, all, &[change]), [change]);
        assert_eq!(canvas.picture(), None);
    }

    #[test]
    fn a_pointer_over_the_edge_is_cut() {
        let mut canvas = Canvas::default();
        begin(&mut canvas, Picture::new(PixelSize::new(8, 8)));
        canvas.set_pointer_drawn(true);
        canvas.move_pointer(&white_pointer(0, 0));
        assert_eq!(lit(&canvas), 1);
        canvas.move_pointer(&white_pointer(i32::MAX, i32::MIN));
        assert_eq!(lit(&canvas), 0);
    }

    #[test]
    fn a_pointer_over_two_parts_is_seen_in_both() {
        let screen = Picture::new(PixelSize::new(16, 8));
        let cut = |x| Cut {
            part: Rect::new(x, 0, 8, 8),
            whole: screen.size(),
        };
        let lit_in = |x| {
            let mut canvas = Canvas::default();
            canvas.update(&screen, cut(x), &[]);
            canvas.set_pointer_drawn(true);
            // its picture covers the columns 7 and 8
            canvas.move_pointer(&white_pointer(8, 3));
            lit(&canvas)
        };
        assert_eq!((lit_in(0), lit_in(8)), (2, 2));
    }

    #[test]
    fn what_changes_under_the_pointer_changes_under_the_pointer() {
        let mut canvas = Canvas::default();
        let mut screen = Picture::new(PixelSize::new(8, 8));
        begin(&mut canvas, screen.clone());
        canvas.set_pointer_drawn(true);
        canvas.move_pointer(&white_pointer(3, 3));
        screen.pixels_mut().fill(0x0000_00ff);
        let all = Cut::all(screen.size());
        let damage = canvas.update(&screen, all, &[screen.size().rect()]);
        assert_eq!(damage.len(), 2);
        let white = canvas.picture().expect("a picture").pixels();
        assert_eq!(white.iter().filter(|p| **p == 0x00ff_ffff).count(), 4);
        canvas.set_pointer_drawn(false);
        assert_eq!(canvas.picture(), Some(&screen), "and is there without it");
    }
}
