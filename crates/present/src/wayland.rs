//! Wayland: a subsurface of the window, fed through shared memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use codec::{Picture, PixelSize, Rect, Scaler};
use wayland::windows::{Inset, InsetPlace, WindowError};

use crate::{Placement, PresentError, SCALE_ONE, sheet};

/// Where pixels and the desktop's units meet more seldom than this, a picture cannot be placed exactly.
const COARSEST_PX: u32 = 16;

/// A picture in a subsurface. Drop removes it.
#[derive(Debug)]
pub(crate) struct Presenter(Mutex<State>);

#[derive(Debug)]
struct State {
    inset: Inset,
    placement: Option<Placement>,
    fit: Option<Fit>,
    scaler: Option<Scaler>,
}

/// How a placement is done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fit {
    /// The part of the picture, at the size it is shown, that the compositor gets.
    part: Rect,
    shown: PixelSize,
    /// Of what it gets: the part, and black beyond that rounds it up.
    size: PixelSize,
    place: InsetPlace,
}

impl From<WindowError> for PresentError {
    fn from(error: WindowError) -> Self {
        if let WindowError::Lacks(what) = error {
            Self::Lacks(what)
        } else {
            Self::NoDisplay(error.to_string())
        }
    }
}

impl From<wayland::Lost> for PresentError {
    fn from(error: wayland::Lost) -> Self {
        Self::NoDisplay(error.to_string())
    }
}

impl Presenter {
    pub(crate) fn attach(window: u64) -> Result<Self, PresentError> {
        Ok(Self(Mutex::new(State {
            inset: Inset::new(window)?,
            placement: None,
            fit: None,
            scaler: None,
        })))
    }

    pub(crate) fn place(
        &self,
        placement: Option<Placement>,
        picture: Option<&Picture>,
    ) -> Result<bool, PresentError> {
        let mut state = self.lock();
        if state.placement == placement {
            return Ok(state.fit.is_some());
        }
        state.placement = placement;
        match picture {
            // what moved is seen when it is shown again
            Some(picture) => state.show(picture, &[])?,
            None => state.hide()?,
        }
        Ok(state.fit.is_some())
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.lock().fit.is_some()
    }

    pub(crate) fn present(&self, picture: &Picture, changed: &[Rect]) -> Result<(), PresentError> {
        self.lock().show(picture, changed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn show(&mut self, picture: &Picture, changed: &[Rect]) -> Result<(), PresentError> {
        let fit = self
            .placement
            .and_then(|placement| Fit::of(&placement, picture.size()));
        let Some(fit) = fit else {
            return self.hide();
        };
        let Fit {
            part,
            shown,
            size,
            place,
        } = fit;
        let before = self.fit.replace(fit);
        if before.is_none_or(|before| before.place != place) {
            self.inset.place(place);
        }
        // while it was hidden nobody told what changed
        let is_new = before.is_none_or(|before| before.part != part || before.shown != shown);
        let whole = [picture.size().rect()];
        let changed = if is_new { &whole } else { changed };
        let scaler = &mut self.scaler;
        self.inset.show(size, |pixels| {
            let rows = sheet::Rows {
                pixels,
                stride: size.width as usize,
            };
            let drawn = sheet::draw(scaler, picture, shown, part, rows, changed);
            // from here on by places in what the compositor gets
            let moved = drawn.into_iter().map(|rect| Rect {
                x: rect.x - part.x,
                y: rect.y - part.y,
                ..rect
            });
            moved.collect()
        })?;
        Ok(())
    }

    fn hide(&mut self) -> Result<(), PresentError> {
        if self.fit.take().is_some() {
            self.inset.hide()?;
        }
        Ok(())
    }
}

impl Fit {
    /// `None` where the placement is not exact in units, or nothing of the picture is seen.
    fn of(placement: &Placement, picture: PixelSize) -> Option<Self> {
        let grid = Grid::of(placement.scale)?;
        let part = sheet::part(placement, picture);
        let sight = sheet::sight(placement).intersect(part)?;
        let (x, left) = grid.at(placement.area.x);
        let (y, top) = grid.at(placement.area.y);
        let width = grid.length(
            sight.width.checked_sub(left)?,
            sight.right() == part.right(),
        );
        let height = grid.length(
            sight.height.checked_sub(top)?,
            sight.bottom() == part.bottom(),
        );
        if width == 0 || height == 0 {
            return None;
        }
        let seen = Rect::new(
            sight.x + left - part.x,
            sight.y + top - part.y,
            width,
            height,
        );
        Some(Self {
            part,
            shown: placement.shown,
            size: PixelSize::new(part.width.max(seen.right()), part.height.max(seen.bottom())),
            place: InsetPlace {
                at: (x, y),
                size: (grid.units(width), grid.units(height)),
                part: seen,
            },
        })
    }
}

/// The least number of pixels that are whole units at a scale in parts of [`SCALE_ONE`]; 1 where there is no such
/// number that is small.
pub(crate) fn step_px(scale: u32) -> u32 {
    Grid::of(scale).map_or(1, |grid| grid.px)
}

/// The places where pixels and the desktop's units meet.
#[derive(Debug, Clone, Copy)]
struct Grid {
    px: u32,
    units: u32,
}

impl Grid {
    /// Of a scale in parts of [`SCALE_ONE`].
    fn of(scale: u32) -> Option<Self> {
        let (mut divisor, mut rest) = (scale, SCALE_ONE);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        let px = scale.checked_div(divisor).filter(|px| *px <= COARSEST_PX)?;
        Some(Self {
            px,
            units: SCALE_ONE / divisor,
        })
    }

    /// Where a place is in units, or the next that can be named, and how many pixels are lost by that.
    fn at(self, px: u32) -> (i32, u32) {
        let next = px.next_multiple_of(self.px);
        (self.units(next), next - px)
    }

    /// How many pixels can be shown of as many. At the picture's end black makes up for what is missing, elsewhere
    /// nothing is covered that is not the picture's.
    fn length(self, px: u32, at_end: bool) -> u32 {
        if at_end {
            px.next_multiple_of(self.px)
        } else {
            px - px % self.px
        }
    }

    fn units(self, px: u32) -> i32 {
        i32::try_from(px / self.px * self.units).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(scale_percent: u32, area: Rect, source: (u32, u32), shown: (u32, u32)) -> Option<Fit> {
        let size = PixelSize::new(shown.0, shown.1);
        let placement = Placement {
            area,
            source_x: source.0,
            source_y: source.1,
            shown: size,
            scale: SCALE_ONE * scale_percent / 100,
        };
        Fit::of(&placement, size)
    }

    #[test]
    fn a_pixel_is_a_pixel_where_units_are_pixels() {
        let fit = fit(100, Rect::new(7, 41, 801, 599), (3, 5), (1920, 1080)).expect("exact");
        assert_eq!(fit.place.at, (7, 41));
        assert_eq!(fit.place.size, (801, 599));
        assert_eq!(fit.place.part, Rect::new(3, 5, 801, 599));
        assert_eq!(fit.size, PixelSize::new(1920, 1080));
    }

    #[test]
    fn at_a_fractional_scale_pixels_and_units_meet() {
        // 5 pixels are 4 units
        let fit = fit(125, Rect::new(0, 42, 1001, 700), (0, 0), (1001, 700)).expect("exact");
        assert_eq!(fit.place.at, (0, 36));
        // what is lost at the top is not shown, and what is missing at the end is black
        assert_eq!(fit.place.part, Rect::new(0, 3, 1005, 700));
        assert_eq!(fit.place.size, (804, 560));
        assert_eq!(fit.size, PixelSize::new(1005, 703));
    }

    #[test]
    fn nothing_beside_a_picture_that_goes_on_is_covered() {
        let fit = fit(150, Rect::new(0, 0, 1001, 700), (30, 30), (1920, 1080)).expect("exact");
        assert_eq!(fit.place.part, Rect::new(30, 30, 999, 699));
        assert_eq!(fit.place.size, (666, 466));
    }

    #[test]
    fn a_scale_without_common_places_is_left_to_the_window() {
        assert!(fit(137, Rect::new(0, 0, 100, 100), (0, 0), (100, 100)).is_none());
    }
}
