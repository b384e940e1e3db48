//! The outputs, and one desktop of pixels made of them.
//!
//! A compositor places outputs in units of its own, each of which may be several pixels of one output and
//! fewer of another. What is shared is a desktop of real pixels, so outputs keep their neighbours and their
//! own pixels, whatever their scales.

use codec::{MAX_SIDE, PixelSize, Rect};
use wayland_client::protocol::wl_output::{Transform, WlOutput};
use wayland_protocols::xdg::xdg_output::zv1::client::zxdg_output_v1::ZxdgOutputV1;

use crate::frames::Capture;
use crate::turn::Turn;

/// What the compositor has said of an output.
#[derive(Debug)]
pub(crate) struct KnownOutput {
    pub(crate) id: u32,
    pub(crate) proxy: WlOutput,
    pub(crate) place: Option<ZxdgOutputV1>,
    pub(crate) name: Option<String>,
    /// In the output's own pixels, as it stands.
    pub(crate) mode: PixelSize,
    pub(crate) transform: Transform,
    pub(crate) scale: i32,
    pub(crate) at: (i32, i32),
    pub(crate) size: Option<(i32, i32)>,
    pub(crate) capture: Capture,
}

impl KnownOutput {
    pub(crate) fn new(id: u32, proxy: WlOutput) -> Self {
        Self {
            id,
            proxy,
            place: None,
            name: None,
            mode: PixelSize::new(0, 0),
            transform: Transform::Normal,
            scale: 1,
            at: (0, 0),
            size: None,
            capture: Capture::default(),
        }
    }

    pub(crate) fn turn(&self) -> Turn {
        Turn::of(self.transform)
    }

    /// `None` while it shows nothing.
    pub(crate) fn width_in_units(&self) -> Option<u32> {
        u32::try_from(self.placed()?.size.0).ok()
    }

    /// Where it is; `None` while it shows nothing.
    fn placed(&self) -> Option<Placed> {
        let pixels = self.turn().size(self.mode);
        let scaled = |pixels: u32| i64::from(pixels) / i64::from(self.scale.max(1));
        let size = match self.size {
            Some((width, height)) => (width.into(), height.into()),
            None => (scaled(pixels.width), scaled(pixels.height)),
        };
        let is_there = pixels.is_supported() && size.0 > 0 && size.1 > 0;
        is_there.then_some(Placed {
            at: (self.at.0.into(), self.at.1.into()),
            size,
            pixels,
        })
    }
}

/// An output in the compositor's units, and its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    at: (i64, i64),
    size: (i64, i64),
    pixels: PixelSize,
}

/// One output of the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Stays the same while the output is connected, for every program.
    pub id: u32,
    /// As the compositor calls it, like `eDP-1`.
    pub name: String,
    /// Its place in pixels of the desktop.
    pub area: Rect,
    placed: Placed,
}

/// All outputs that show something, in the compositor's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desk {
    outputs: Vec<Output>,
}

/// Where the pointer is to go, as `zwlr_virtual_pointer_v1.motion_absolute` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PointerPlace {
    pub(crate) at: (u32, u32),
    pub(crate) of: (u32, u32),
}

/// Places are told in such parts of the compositor's unit, as in the rest of the protocol.
const PARTS: i64 = 256;

/// Compositors have scales in such parts. Source: fractional-scale-v1.
const SCALES: i64 = 120;

impl Desk {
    pub(crate) fn of(known: &[KnownOutput]) -> Self {
        let there: Vec<(&KnownOutput, Placed)> = known
            .iter()
            .filter_map(|output| Some((output, output.placed()?)))
            .collect();
        let placed: Vec<Placed> = there.iter().map(|(_, placed)| *placed).collect();
        let outputs = there.iter().zip(areas(&placed));
        let outputs = outputs.map(|((output, placed), area)| Output {
            id: output.id,
            name: output.name.clone().unwrap_or_else(|| "screen".to_owned()),
            area,
            placed: *placed,
        });
        Self {
            outputs: outputs.collect(),
        }
    }

    /// The outputs.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// All of it; empty without outputs.
    pub fn area(&self) -> Rect {
        let areas = self.outputs.iter().map(|output| output.area);
        let all = areas.reduce(Rect::union).unwrap_or_default();
        Rect::new(0, 0, all.right(), all.bottom())
    }

    /// The middle of a pixel of the desktop; where no output is, the nearest that one has.
    pub(crate) fn pointer_place(&self, x: i32, y: i32) -> Option<PointerPlace> {
        let (x, y) = (i64::from(x), i64::from(y));
        let inside = |at: i64, start: u32, length: u32| {
            at.clamp(i64::from(start), i64::from(start + length) - 1)
        };
        let nearest = |output: &Output| {
            let area = output.area;
            (
                inside(x, area.x, area.width),
                inside(y, area.y, area.height),
            )
        };
        let output = self.outputs.iter().min_by_key(|output| {
            let (near_x, near_y) = nearest(output);
            (near_x - x).pow(2) + (near_y - y).pow(2)
        })?;
        let (near_x, near_y) = nearest(output);
        let (left, top) = self.corner();
        let right = self.outputs.iter().map(|o| o.placed.at.0 + o.placed.size.0);
        let bottom = self.outputs.iter().map(|o| o.placed.at.1 + o.placed.size.1);
        let along = |at: i64, start: u32, pixels: u32, placed: i64, size: i64, zero: i64| {
            let middle = 2 * (at - i64::from(start)) + 1;
            let scale = scale(pixels.into(), size);
            let within = (middle * PARTS * SCALES / (2 * scale)).min(size * PARTS - 1);
            u32::try_from((placed - zero) * PARTS + within).ok()
        };
        let (area, placed) = (output.area, output.placed);
        Some(PointerPlace {
            at: (
                along(near_x, area.x, area.width, placed.at.0, placed.size.0, left)?,
                along(near_y, area.y, area.height, placed.at.1, placed.size.1, top)?,
            ),
            of: (
                u32::try_from((right.max()? - left) * PARTS).ok()?,
                u32::try_from((bottom.max()? - top) * PARTS).ok()?,
            ),
        })
    }

    fn corner(&self) -> (i64, i64) {
        let left = self.outputs.iter().map(|output| output.placed.at.0).min();
        let top = self.outputs.iter().map(|output| output.placed.at.1).min();
        (left.unwrap_or(0), top.unwrap_or(0))
    }
}

/// The pixels of an output to a unit, in parts of [`SCALES`]. What the compositor tells of its length in units is
/// a whole number, and often less than it is.
fn scale(pixels: i64, units: i64) -> i64 {
    ((pixels * SCALES + units / 2) / units.max(1)).max(1)
}

/// Where each output is on the desktop of pixels: what does not overlap in the compositor's units does not
/// overlap here either, and neighbours touch.
fn areas(placed: &[Placed]) -> Vec<Rect> {
    let spans = |each: fn(&Placed) -> (i64, i64, i64)| {
        let all: Vec<_> = placed.iter().map(each).collect();
        starts(&all)
    };
    let lefts = spans(|output| (output.at.0, output.size.0, output.pixels.width.into()));
    let tops = spans(|output| (output.at.1, output.size.1, output.pixels.height.into()));
    let starts = lefts.into_iter().zip(tops);
    let pixel = |at: i64| u32::try_from(at).unwrap_or(MAX_SIDE);
    let rects = placed.iter().zip(starts);
    rects
        .map(|(output, (x, y))| {
            let PixelSize { width, height } = output.pixels;
            Rect::new(pixel(x), pixel(y), width, height)
        })
        .collect()
}

/// Where each of these begins in pixels along one axis: start and length in units, length in pixels.
fn starts(spans: &[(i64, i64, i64)]) -> Vec<i64> {
    let zero = spans.iter().map(|(start, ..)| *start).min().unwrap_or(0);
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|index| spans[*index].0);
    let mut begins = vec![0; spans.len()];
    for (done, &index) in order.iter().enumerate() {
        let (start, length, pixels) = spans[index];
        let in_pixels = |units: i64| (units * pixels + length / 2) / length.max(1);
        let before = order[..done].iter().filter_map(|&before| {
            let (other, other_length, other_pixels) = spans[before];
            let gap = start - (other + other_length);
            (gap >= 0).then(|| begins[before] + other_pixels + in_pixels(gap))
        });
        begins[index] = before.max().unwrap_or_else(|| in_pixels(start - zero));
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Corner and size in units, and the pixels.
    type Given = ((i64, i64), (i64, i64), (u32, u32));

    fn desk(outputs: &[Given]) -> Desk {
        let placed: Vec<Placed> = outputs
            .iter()
            .map(|&(at, size, (width, height))| Placed {
                at,
                size,
                pixels: PixelSize::new(width, height),
            })
            .collect();
        let areas = areas(&placed);
        let outputs = (1..).zip(areas).zip(placed);
        let outputs = outputs.map(|((id, area), placed)| Output {
            id,
            name: format!("OUT-{id}"),
            area,
            placed,
        });
        Desk {
            outputs: outputs.collect(),
        }
    }

    fn areas_of(desk: &Desk) -> Vec<Rect> {
        desk.outputs.iter().map(|output| output.area).collect()
    }

    #[test]
    fn outputs_without_scales_are_where_the_compositor_has_them() {
        let desk = desk(&[
            ((0, 0), (1280, 720), (1280, 720)),
            ((1280, 100), (800, 600), (800, 600)),
        ]);
        let [first, second] = areas_of(&desk)[..] else {
            unreachable!("two outputs")
        };
        assert_eq!(first, Rect::new(0, 0, 1280, 720));
        assert_eq!(second, Rect::new(1280, 100, 800, 600));
        assert_eq!(desk.area(), Rect::new(0, 0, 2080, 720));
    }

    #[test]
    fn outputs_of_different_scales_touch_and_do_not_overlap() {
        // the second has two pixels to a unit, and is left of the third
        let desk = desk(&[
            ((-1000, 0), (1000, 800), (1000, 800)),
            ((0, 0), (960, 540), (1920, 1080)),
            ((960, 0), (853, 480), (1280, 720)),
        ]);
        let expected = [
            Rect::new(0, 0, 1000, 800),
            Rect::new(1000, 0, 1920, 1080),
            Rect::new(2920, 0, 1280, 720),
        ];
        assert_eq!(areas_of(&desk), expected);
    }

    #[test]
    fn the_pointer_goes_to_the_middle_of_the_pixel() {
        let one = desk(&[((0, 0), (1280, 720), (1280, 720))]);
        let place = one.pointer_place(10, 719).expect("an output");
        assert_eq!(place.at, (10 * 256 + 128, 719 * 256 + 128));
        assert_eq!(place.of, (1280 * 256, 720 * 256));
        // on the second output, half a unit to a pixel, in units from the corner of all
        let two = desk(&[
            ((-1000, 0), (1000, 800), (1000, 800)),
            ((0, 0), (960, 540), (1920, 1080)),
        ]);
        let place = two.pointer_place(1000 + 11, 0).expect("an output");
        assert_eq!(place.at, (1000 * 256 + 11 * 128 + 64, 64));
        assert_eq!(place.of, (1960 * 256, 800 * 256));
    }

    #[test]
    fn the_pointer_goes_to_the_pixel_whatever_part_of_a_unit_that_is() {
        // the compositor tells 666 units of the 666.67 that 1000 pixels are
        for (scale, pixels, units) in [
            (1.5, (1000, 700), (666, 466)),
            (1.25, (1366, 768), (1092, 614)),
            (1.75, (1920, 1080), (1097, 617)),
            (2.0, (1367, 769), (683, 384)),
        ] {
            let desk = desk(&[((0, 0), units, pixels)]);
            for x in 0..pixels.0 - 2 {
                let place = desk.pointer_place(x.cast_signed(), 0).expect("an output");
                let shown = f64::from(place.at.0) / 256.0 * scale;
                let (at, after) = (f64::from(x), f64::from(x + 1));
                assert!(
                    at <= shown && shown < after,
                    "{scale}: {x} is shown at {shown}"
                );
            }
            let last = desk.pointer_place(i32::MAX, i32::MAX).expect("an output");
            assert!(last.at.0 < last.of.0 && last.at.1 < last.of.1, "{last:?}");
        }
    }

    #[test]
    fn a_place_that_no_output_has_is_the_nearest_that_one_has() {
        let two = desk(&[
            ((0, 0), (100, 100), (100, 100)),
            ((100, 0), (50, 50), (50, 50)),
        ]);
        let inside = two.pointer_place(120, 49);
        assert_eq!(two.pointer_place(120, 60), inside);
        assert_eq!(two.pointer_place(-5, -5), two.pointer_place(0, 0));
        assert_eq!(
            two.pointer_place(i32::MAX, i32::MIN),
            two.pointer_place(149, 0)
        );
        assert_eq!(Desk::default().pointer_place(0, 0), None);
    }

    #[test]
    fn what_does_not_overlap_in_units_does_not_overlap_in_pixels() {
        // rows of two, in every mix of scales
        let scales = [1.0, 1.25, 1.5, 2.0];
        for mix in 0..256_usize {
            let scale =
                |output: usize| scales[mix / 4_usize.pow(u32::try_from(output).expect("4")) % 4];
            let outputs: Vec<_> = (0..4)
                .map(|index| {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "small"
                    )]
                    let pixels = |units: f64| (units * scale(index)).round() as u32;
                    let (column, row) = (
                        i64::try_from(index % 2).expect("2"),
                        i64::try_from(index / 2).expect("2"),
                    );
                    (
                        (column * 640, row * 400 - 37),
                        (640, 400),
                        (pixels(640.0), pixels(400.0)),
                    )
                })
                .collect();
            let areas = areas_of(&desk(&outputs));
            for (index, area) in areas.iter().enumerate() {
                for other in &areas[index + 1..] {
                    assert!(
                        area.intersect(*other).is_none_or(Rect::is_empty),
                        "{areas:?}"
                    );
                }
            }
        }
    }
}
