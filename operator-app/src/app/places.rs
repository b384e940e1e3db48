//! Where the windows of a session stand: at first, and when they are left.

use egui::{Ui, vec2};
use ui_kit::remote_view::ViewSize;

use crate::settings::SessionPlace;

/// Size of a window that opens without a picture, in points.
pub(super) const WITHOUT_PICTURE: egui::Vec2 = vec2(1280.0, 800.0);
/// Smallest window, in points: all tools have room.
pub(super) const SMALLEST: egui::Vec2 = vec2(640.0, 320.0);
/// A window that is further than this from where it opened was moved by its operator, in points.
const MOVED: f32 = 8.0;
/// Room that window borders and the desktop's own bars may take, in points.
const DESKTOP_ROOM: egui::Vec2 = vec2(0.0, 40.0);

/// How much further each window of a monitor stands than the one before, in points.
const NEXT: f32 = 32.0;

/// By what points are multiplied to be a monitor's pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pixels_per_point: f32,
    /// The desktop's share; the rest is the operator's text size, which counts for no picture.
    of_desktop: f32,
}

impl Scale {
    pub(super) fn of(ctx: &egui::Context) -> Self {
        let pixels_per_point = ctx.pixels_per_point();
        Self {
            pixels_per_point,
            of_desktop: pixels_per_point / ctx.zoom_factor(),
        }
    }
}

/// The first place of a session window; the same for the same picture each time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Top left of its frame.
    pub(super) at: egui::Pos2,
    pub(super) inner: egui::Vec2,
    pub(super) size: ViewSize,
    pub(super) maximized: bool,
}

impl Place {
    /// The whole picture at its usual size where the monitor has room for it, otherwise fitted. The
    /// usual size is 1:1, and larger by a whole factor where the monitor's pixels are finer: as easily
    /// read, and as sharp.
    ///
    /// Above the picture are tools of `bar` points.
    pub(super) fn choose(
        (width, height): (u32, u32),
        bar: f32,
        scale: Scale,
        monitor: Option<egui::Vec2>,
    ) -> Self {
        let pixels_per_point = scale.pixels_per_point;
        let factor = scale.of_desktop.floor().max(1.0);
        let picture = vec2(width as f32, height as f32) * factor / pixels_per_point;
        let wanted = (picture + vec2(0.0, bar)).max(SMALLEST);
        let room = monitor.map_or(WITHOUT_PICTURE, |monitor| monitor - DESKTOP_ROOM);
        let fits = wanted.x <= room.x && wanted.y <= room.y;
        let inner = if fits {
            // an edge of half a pixel must not make scroll bars
            (wanted * pixels_per_point).ceil() / pixels_per_point
        } else {
            room * 0.9
        };
        Self {
            at: centred(inner, monitor),
            inner,
            size: if fits && factor < 2.0 {
                ViewSize::Actual
            } else {
                ViewSize::Fit
            },
            maximized: !fits,
        }
    }

    /// The same in the desktop's points, which no text size changes.
    pub(super) fn of_desktop(mut self, ctx: &egui::Context) -> Self {
        let enlarged = ctx.zoom_factor();
        self.at *= enlarged;
        self.inner *= enlarged;
        self
    }

    /// Goes where the operator left the window, as far as the monitor reaches now.
    ///
    /// That is kept in the desktop's points, of which each is so many of these.
    pub(super) fn follow(
        &mut self,
        chosen: &SessionPlace,
        enlarged: f32,
        monitor: Option<egui::Vec2>,
    ) {
        /// Of the window's frame this much stays in reach.
        const IN_REACH: f32 = 80.0;
        let room = monitor.map_or(WITHOUT_PICTURE, |monitor| monitor - DESKTOP_ROOM);
        let room = room.max(SMALLEST);
        let inner = (vec2(chosen.width, chosen.height) / enlarged).clamp(SMALLEST, room);
        if inner.x + MOVED < self.inner.x || inner.y + MOVED < self.inner.y {
            self.size = ViewSize::Fit;
        }
        self.inner = inner;
        self.at = egui::pos2(
            (chosen.left / enlarged).clamp(IN_REACH - inner.x, room.x - IN_REACH),
            (chosen.top / enlarged).clamp(0.0, room.y - IN_REACH),
        );
        self.maximized = chosen.maximized;
    }

    /// The same, but so that `before` windows before it are not all under it.
    pub(super) fn beside(mut self, before: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few windows")]
        let by = NEXT * before as f32;
        self.at += vec2(by, by);
        self
    }
}

/// Where a window of that size stands in the middle of the monitor.
pub(super) fn centred(inner: egui::Vec2, monitor: Option<egui::Vec2>) -> egui::Pos2 {
    let free = monitor.map_or(egui::Vec2::ZERO, |monitor| monitor - DESKTOP_ROOM - inner);
    (free / 2.0).floor().max(egui::Vec2::ZERO).to_pos2()
}

/// Where a window stands now, in the desktop's points.
#[derive(Debug, Default)]
pub(super) struct Standing {
    outer: Option<egui::Rect>,
    inner: Option<egui::Rect>,
    maximized: bool,
}

impl Standing {
    /// Looks where the window of this pass stands; one that fills the screen stands nowhere else than before.
    pub(super) fn note(&mut self, ui: &Ui, full_screen: bool) {
        if full_screen {
            return;
        }
        let enlarged = ui.ctx().zoom_factor();
        ui.input(|input| {
            let viewport = input.viewport();
            let of_desktop = |rect: egui::Rect| rect * enlarged;
            self.outer = viewport.outer_rect.map(of_desktop).or(self.outer);
            self.inner = viewport.inner_rect.map(of_desktop).or(self.inner);
            self.maximized = viewport.maximized.unwrap_or(false);
        });
    }

    /// Where it stands, if that is not where it opened: at `opened`, for a picture of that size of `monitor`.
    pub(super) fn moved_from(
        &self,
        opened: &Place,
        picture: (u32, u32),
        monitor: Option<String>,
    ) -> Option<SessionPlace> {
        let (outer, inner) = (self.outer?, self.inner?);
        let far = |one: f32, other: f32| (one - other).abs() > MOVED;
        let moved = if self.maximized || opened.maximized {
            self.maximized != opened.maximized
        } else {
            far(outer.left(), opened.at.x)
                || far(outer.top(), opened.at.y)
                || far(inner.width(), opened.inner.x)
                || far(inner.height(), opened.inner.y)
        };
        // a maximized window says nothing of the place that it goes back to
        let (at, size) = if self.maximized {
            (opened.at, opened.inner)
        } else {
            (outer.min, inner.size())
        };
        moved.then_some(SessionPlace {
            picture,
            monitor,
            left: at.x,
            top: at.y,
            width: size.x,
            height: size.y,
            maximized: self.maximized,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::session::BAR_HEIGHT;

    /// That of a desktop where the text size is the usual one.
    fn plain(scale: f32) -> Scale {
        Scale {
            pixels_per_point: scale,
            of_desktop: scale,
        }
    }

    #[test]
    fn larger_letters_make_no_larger_picture() {
        let monitor = Some(vec2(960.0, 540.0));
        let scale = Scale {
            pixels_per_point: 2.0,
            of_desktop: 1.0,
        };
        let place = Place::choose((1280, 720), BAR_HEIGHT, scale, monitor);
        assert_eq!(place.size, ViewSize::Actual);
        assert_eq!(place.inner, vec2(640.0, 360.0 + BAR_HEIGHT));
    }

    #[test]
    fn s1_the_first_window_shows_every_pixel_where_the_monitor_has_room() {
        let monitor = Some(vec2(2560.0, 1440.0));
        let place = Place::choose((1920, 1080), BAR_HEIGHT, plain(1.0), monitor);
        assert_eq!(place.inner, vec2(1920.0, 1080.0 + BAR_HEIGHT));
        assert_eq!(place.size, ViewSize::Actual);
        assert_eq!(place.at, egui::pos2(320.0, 138.0));
        let place = Place::choose((2560, 1440), BAR_HEIGHT, plain(1.0), monitor);
        assert_eq!((place.size, place.maximized), (ViewSize::Fit, true));
    }

    #[test]
    fn s2_on_finer_pixels_the_first_window_is_as_easily_read() {
        let monitor = Some(vec2(1280.0, 800.0));
        let place = Place::choose((1024, 700), BAR_HEIGHT, plain(2.0), monitor);
        assert_eq!(place.inner, vec2(1024.0, 700.0 + BAR_HEIGHT));
        assert_eq!((place.size, place.maximized), (ViewSize::Fit, false));
        let place = Place::choose((1280, 720), BAR_HEIGHT, plain(2.0), monitor);
        assert_eq!((place.size, place.maximized), (ViewSize::Fit, true));
        let place = Place::choose((1024, 700), BAR_HEIGHT, plain(1.5), monitor);
        assert_eq!(place.size, ViewSize::Actual, "no whole factor");
    }

    #[test]
    fn a_place_that_was_chosen_on_a_larger_monitor_stays_in_reach() {
        let mut place = Place::choose(
            (800, 600),
            BAR_HEIGHT,
            plain(1.0),
            Some(vec2(1280.0, 800.0)),
        );
        let chosen = SessionPlace {
            picture: (800, 600),
            monitor: None,
            left: 3000.0,
            top: -50.0,
            width: 1e9,
            height: 700.0,
            maximized: false,
        };
        place.follow(&chosen, 1.0, Some(vec2(1280.0, 800.0)));
        assert_eq!(place.inner, vec2(1280.0, 700.0));
        assert_eq!(place.at, egui::pos2(1200.0, 0.0));
        assert_eq!(place.size, ViewSize::Actual);
    }
}
