//! Which part of the whole picture each monitor of the host is.

use codec::{PixelSize, Rect};
use protocol::{MonitorPlace, ScreenLayout};
use ui_kit::remote_view::Cut;

/// Whether each of these monitors can have a window of its own: there are several, and the host has said where
/// each of them stands.
pub fn can_part(layout: &ScreenLayout, places: &[MonitorPlace]) -> bool {
    let is_placed = |monitor: &protocol::ScreenMonitor| {
        let mut places = places.iter();
        places.any(|place| {
            (place.id, place.width, place.height) == (monitor.id, monitor.width, monitor.height)
        })
    };
    layout.monitors.len() > 1 && layout.monitors.iter().all(is_placed)
}

/// The part of each monitor in a picture of that size, in the order of the layout; none where the picture is of
/// one monitor. What the host says of places and sizes may be nonsense: a part is inside of the picture and not
/// empty, or there is none at all.
pub fn parts(
    layout: &ScreenLayout,
    places: &[MonitorPlace],
    picture: PixelSize,
) -> Vec<(u32, Cut)> {
    if layout.shared.is_some() || !can_part(layout, places) {
        return Vec::new();
    }
    let part = |monitor: &protocol::ScreenMonitor| {
        let place = places.iter().find(|place| place.id == monitor.id)?;
        let (x, width) = span(place.left, place.width, layout.width, picture.width)?;
        let (y, height) = span(place.top, place.height, layout.height, picture.height)?;
        let cut = Cut {
            part: Rect::new(x, y, width, height),
            whole: picture,
        };
        Some((monitor.id, cut))
    };
    let all: Option<Vec<_>> = layout.monitors.iter().map(part).collect();
    all.unwrap_or_default()
}

/// Where `length` pixels from `start` of a desktop of `whole` pixels are in a picture of `side` pixels.
fn span(start: u32, length: u32, whole: u32, side: u32) -> Option<(u32, u32)> {
    let end = start.checked_add(length).filter(|end| *end <= whole)?;
    let scaled = |place: u32| {
        let place = u64::from(place) * u64::from(side) + u64::from(whole / 2);
        u32::try_from(place / u64::from(whole.max(1))).unwrap_or(side)
    };
    let (from, to) = (scaled(start), scaled(end).min(side));
    let length = to.checked_sub(from).filter(|length| *length > 0)?;
    Some((from, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ScreenMonitor;

    fn layout(percent: u8) -> ScreenLayout {
        let monitor = |id, width, height| ScreenMonitor {
            id,
            name: format!("HDMI-{id}").as_str().into(),
            width,
            height,
        };
        ScreenLayout {
            monitors: vec![monitor(7, 1_280, 1_024), monitor(3, 1_920, 1_080)],
            shared: None,
            width: 3_200,
            height: 1_080,
            percent,
        }
    }

    fn places() -> Vec<MonitorPlace> {
        let place = |id, left, width, height| MonitorPlace {
            id,
            left,
            top: 0,
            width,
            height,
        };
        vec![place(3, 0, 1_920, 1_080), place(7, 1_920, 1_280, 1_024)]
    }

    fn rects(layout: &ScreenLayout, places: &[MonitorPlace], size: (u32, u32)) -> Vec<Rect> {
        let all = parts(layout, places, PixelSize::new(size.0, size.1));
        all.into_iter().map(|(_, cut)| cut.part).collect()
    }

    #[test]
    fn each_monitor_is_its_part_of_the_picture_at_every_size() {
        let whole = rects(&layout(100), &places(), (3_200, 1_080));
        assert_eq!(
            whole,
            [
                Rect::new(1_920, 0, 1_280, 1_024),
                Rect::new(0, 0, 1_920, 1_080)
            ]
        );
        let half = rects(&layout(50), &places(), (1_600, 540));
        assert_eq!(
            half,
            [Rect::new(960, 0, 640, 512), Rect::new(0, 0, 960, 540)]
        );
    }

    #[test]
    fn without_places_that_fit_nothing_is_parted() {
        let size = (3_200, 1_080);
        assert!(rects(&layout(100), &[], size).is_empty());
        assert!(rects(&layout(100), &places()[..1], size).is_empty());
        let mut moved = places();
        moved[1].left = u32::MAX;
        assert!(rects(&layout(100), &moved, size).is_empty(), "outside");
        moved[1].left = 1_921;
        assert!(rects(&layout(100), &moved, size).is_empty(), "one too far");
        let mut other = places();
        other[0].width = 1_919;
        assert!(!can_part(&layout(100), &other), "of another time");
        let mut one = layout(100);
        one.shared = Some(3);
        assert!(rects(&one, &places(), size).is_empty(), "one monitor alone");
        one.shared = None;
        one.monitors.truncate(1);
        assert!(!can_part(&one, &places()));
    }

    #[test]
    fn nonsense_of_a_host_is_no_part() {
        let mut nothing = layout(100);
        (nothing.width, nothing.height) = (0, 0);
        assert!(rects(&nothing, &places(), (3_200, 1_080)).is_empty());
        let mut empty = layout(100);
        empty.monitors[0].width = 0;
        let mut of_it = places();
        of_it[1].width = 0;
        assert!(rects(&empty, &of_it, (3_200, 1_080)).is_empty());
        // a picture of one pixel has no room for two
        assert!(rects(&layout(1), &places(), (1, 1)).len() < 2);
    }
}
