/// A display that is on, as macOS has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Display {
    pub id: u32,
    /// It has the menu bar.
    pub is_main: bool,
    /// Its place on the desktop, in points: left and top, of which the main display's are 0.
    pub left: f64,
    pub top: f64,
    /// In points.
    pub width: f64,
    pub height: f64,
    /// Its pixels for a point, each way.
    pub scale: f64,
}

/// Where a display is on the desktop, in pixels of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub id: u32,
    pub is_main: bool,
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// All displays, as one picture with the top left at 0.
///
/// macOS places displays in points. A pixel of the desktop is one of its finest display, so that nothing of that is lost
/// and no two displays overlap; a coarser one beside it is shown larger.
#[derive(Debug, Clone, PartialEq)]
pub struct Desktop {
    /// Where the desktop begins, in points.
    origin: (f64, f64),
    /// Pixels for a point.
    scale: f64,
    places: Vec<Place>,
}

impl Desktop {
    /// The desktop of these displays; `None` where there is none.
    pub fn of(displays: &[Display]) -> Option<Self> {
        let least = |of: fn(&Display) -> f64| displays.iter().map(of).reduce(f64::min);
        let origin = (
            least(|display| display.left)?,
            least(|display| display.top)?,
        );
        let scale = displays.iter().map(|display| display.scale);
        let scale = scale.reduce(f64::max)?.clamp(1.0, 8.0);
        let place = |display: &Display| {
            let pixels = |points: f64| pixel(points * scale);
            let (left, top) = (display.left - origin.0, display.top - origin.1);
            Place {
                id: display.id,
                is_main: display.is_main,
                left: pixels(left),
                top: pixels(top),
                // by its edges, so that neighbours meet
                width: pixels(left + display.width) - pixels(left),
                height: pixels(top + display.height) - pixels(top),
            }
        };
        let mut places: Vec<Place> = displays.iter().map(place).collect();
        places.sort_by_key(|place| (!place.is_main, place.id));
        Some(Self {
            origin,
            scale,
            places,
        })
    }

    /// The main display first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The point that the middle of this pixel of the desktop is at; of one beside all displays the nearest that is on one.
    pub fn point(&self, x: i32, y: i32) -> (f64, f64) {
        let along = |at: i32, start: u32, length: u32| {
            let at = i64::from(at);
            let last = i64::from(start) + i64::from(length.max(1)) - 1;
            at.clamp(i64::from(start), last)
        };
        let nearest = self.places.iter().map(|place| {
            let to = (
                along(x, place.left, place.width),
                along(y, place.top, place.height),
            );
            let (dx, dy) = (to.0 - i64::from(x), to.1 - i64::from(y));
            (dx * dx + dy * dy, to)
        });
        let to = nearest
            .min_by_key(|(far, _)| *far)
            .map_or((0, 0), |(_, to)| to);
        #[expect(clippy::cast_precision_loss, reason = "a place on the desktop")]
        let point = |at: i64, origin: f64| (at as f64 + 0.5) / self.scale + origin;
        (point(to.0, self.origin.0), point(to.1, self.origin.1))
    }
}

fn pixel(at: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded to what a desktop can be"
    )]
    let pixel = at.round().clamp(0.0, 1_000_000.0) as u32;
    pixel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(id: u32, at: (f64, f64), size: (f64, f64), scale: f64) -> Display {
        Display {
            id,
            is_main: id == 1,
            left: at.0,
            top: at.1,
            width: size.0,
            height: size.1,
            scale,
        }
    }

    fn placed(desktop: &Desktop) -> Vec<[u32; 5]> {
        let places = desktop.places().iter();
        let of = |it: &Place| [it.id, it.left, it.top, it.width, it.height];
        places.map(of).collect()
    }

    #[test]
    fn displays_left_of_the_main_one_begin_the_desktop() {
        let desktop = Desktop::of(&[
            display(7, (-1920.0, -120.0), (1920.0, 1080.0), 1.0),
            display(1, (0.0, 0.0), (1440.0, 900.0), 1.0),
        ]);
        let desktop = desktop.expect("displays");
        let expected = [[1, 1920, 120, 1440, 900], [7, 0, 0, 1920, 1080]];
        assert_eq!(placed(&desktop), expected);
        assert_eq!(desktop.point(1920, 120), (0.5, 0.5));
        assert_eq!(desktop.point(0, 0), (-1919.5, -119.5));
    }

    #[test]
    fn a_fine_display_keeps_its_pixels_and_a_coarse_one_beside_it_is_larger() {
        let desktop = Desktop::of(&[
            display(1, (0.0, 0.0), (1512.0, 982.0), 2.0),
            display(2, (1512.0, 0.0), (1920.0, 1080.0), 1.0),
        ]);
        let desktop = desktop.expect("displays");
        let expected = [[1, 0, 0, 3024, 1964], [2, 3024, 0, 3840, 2160]];
        assert_eq!(placed(&desktop), expected);
        assert_eq!(desktop.point(3024, 0), (1512.25, 0.25));
        assert_eq!(desktop.point(3023, 1963), (1511.75, 981.75));
    }

    #[test]
    fn a_pixel_beside_all_displays_is_brought_to_the_nearest() {
        let desktop = Desktop::of(&[
            display(1, (0.0, 0.0), (100.0, 100.0), 1.0),
            display(2, (100.0, 50.0), (100.0, 100.0), 1.0),
        ]);
        let desktop = desktop.expect("displays");
        assert_eq!(desktop.point(-5, 105), (0.5, 99.5));
        assert_eq!(desktop.point(150, 0), (150.5, 50.5));
        assert_eq!(desktop.point(i32::MAX, i32::MIN), (199.5, 50.5));
        assert_eq!(Desktop::of(&[]), None);
    }

    #[test]
    fn neighbours_meet_at_any_scale() {
        for scale in [1.0, 1.25, 1.5, 1.75, 2.0, 3.0] {
            let displays = [
                display(1, (0.0, 0.0), (1023.0, 767.0), scale),
                display(2, (1023.0, 0.0), (1279.0, 719.0), 1.0),
            ];
            let desktop = Desktop::of(&displays).expect("displays");
            let [first, second] = [desktop.places()[0], desktop.places()[1]];
            assert_eq!(first.left + first.width, second.left, "{scale}");
        }
    }
}
