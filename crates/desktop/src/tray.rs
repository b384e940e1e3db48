//! An icon in the notification area of the desktop, with a menu: a program stays at hand there while its
//! window is closed.
//!
//! Where there is no such area, or it goes, the icon is not shown, which the program can ask. A thread of its
//! own talks to the desktop, so nobody waits.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[path = "tray/status_notifier.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
#[path = "tray/unsupported.rs"]
mod platform;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use std::sync::mpsc::Receiver;
use std::sync::mpsc::{SyncSender, sync_channel};

/// States that may wait to be shown; the newest counts.
const MOST_WAITING: usize = 8;

/// What the icon says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrayState {
    /// The program's name.
    pub title: String,
    /// How things stand, in one line.
    pub tip: String,
    /// A mark on the icon: somebody waits.
    pub attention: bool,
    /// From top to bottom.
    pub items: Vec<TrayItem>,
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayItem {
    pub label: String,
    /// What is chosen with it; nothing can be with a line that only says something.
    pub choice: Option<u32>,
}

/// What somebody did with the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayWish {
    /// Clicked it.
    Clicked,
    /// Chose a line of its menu.
    Chosen(u32),
}

/// An icon. It goes when this is dropped.
#[derive(Debug)]
pub struct Tray {
    states: SyncSender<TrayState>,
    shown: Arc<AtomicBool>,
}

impl Tray {
    /// Has the icon shown. `id` tells the program from others: letters, digits and hyphens only. `wished` is
    /// called from another thread, also when the area comes or goes, then with `None`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        id: &'static str,
        state: TrayState,
        wished: impl Fn(Option<TrayWish>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (states, newer) = sync_channel(MOST_WAITING);
        let shown = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&shown);
        let wished: Wished = Arc::new(wished);
        std::thread::Builder::new()
            .name("tray".to_owned())
            .spawn(move || platform::show(id, state, &newer, &told, &wished))?;
        Ok(Self { states, shown })
    }

    /// Says something else from now on; never waits. Whether it was taken.
    pub fn say(&self, state: TrayState) -> bool {
        self.states.try_send(state).is_ok()
    }

    /// Whether there is an area, with the icon in it.
    pub fn is_shown(&self) -> bool {
        self.shown.load(Ordering::Acquire)
    }
}

/// Whether this desktop has an area for such icons now. Asks the desktop, so this blocks for a moment.
pub fn has_tray() -> bool {
    platform::has_tray()
}

type Wished = Arc<dyn Fn(Option<TrayWish>) + Send + Sync>;

/// The newest of the states that wait, once there is one; `None` when the icon is to go.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn newest(states: &Receiver<TrayState>) -> Option<TrayState> {
    let first = states.recv().ok()?;
    Some(states.try_iter().last().unwrap_or(first))
}

/// The icon at a size in pixels: rows from the top, four bytes for each pixel, alpha first.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn drawn(side: u16, attention: bool) -> Vec<u8> {
    const BLUE: [f32; 3] = [37.0, 99.0, 235.0];
    const RED: [f32; 3] = [220.0, 38.0, 38.0];
    let whole = f32::from(side);
    let mut bytes = Vec::with_capacity(usize::from(side).pow(2) * 4);
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        // in a square from -1 to 1
        let at = |place: u16| (f32::from(place) + 0.5) / whole * 2.0 - 1.0;
        let (x, y) = (at(column), at(row));
        let inside = |distance: f32| (0.5 - distance * whole / 2.0).clamp(0.0, 1.0);
        let from_middle = x.hypot(y);
        // a life buoy: a ring on a square with round corners
        let square = rounded(x, y, 0.96, 0.42);
        let ring = (from_middle - 0.46).abs() - 0.17;
        let mut color = mixed(BLUE, [255.0; 3], inside(ring));
        let mut alpha = inside(square);
        if attention {
            let dot = (x - 0.58).hypot(y + 0.58) - 0.4;
            color = mixed(color, RED, inside(dot));
            alpha = alpha.max(inside(dot));
        }
        bytes.push(byte(alpha * 255.0));
        bytes.extend(color.map(byte));
    }
    bytes
}

/// How far a point is from a square with round corners; negative inside.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn rounded(x: f32, y: f32, half: f32, radius: f32) -> f32 {
    let (x, y) = (x.abs() - half + radius, y.abs() - half + radius);
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - radius
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn mixed(below: [f32; 3], above: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|part| below[part] + (above[part] - below[part]) * share)
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a colour's part between 0 and 255"
)]
fn byte(part: f32) -> u8 {
    part.round().clamp(0.0, 255.0) as u8
}

#[cfg(all(test, any(target_os = "linux", target_os = "freebsd")))]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_blue_with_a_light_ring_and_has_a_red_mark_when_somebody_waits() {
        let pixel = |bytes: &[u8], x: usize, y: usize| {
            let at = (y * 22 + x) * 4;
            [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
        };
        let calm = drawn(22, false);
        assert_eq!(calm.len(), 22 * 22 * 4);
        assert_eq!(pixel(&calm, 0, 0)[0], 0, "the corner is round");
        assert_eq!(pixel(&calm, 11, 11), [255, 37, 99, 235]);
        assert_eq!(pixel(&calm, 11, 6), [255; 4]);
        let marked = drawn(22, true);
        assert_eq!(pixel(&marked, 17, 4), [255, 220, 38, 38]);
        assert_eq!(pixel(&marked, 11, 11), pixel(&calm, 11, 11));
    }

    #[test]
    fn of_the_states_that_wait_the_newest_is_shown() {
        let (states, waiting) = sync_channel(8);
        for tip in ["one", "two", "three"] {
            let tip = tip.to_owned();
            states
                .send(TrayState {
                    tip,
                    ..TrayState::default()
                })
                .expect("room");
        }
        assert_eq!(
            newest(&waiting).map(|state| state.tip),
            Some("three".to_owned())
        );
        drop(states);
        assert_eq!(newest(&waiting), None);
    }
}
