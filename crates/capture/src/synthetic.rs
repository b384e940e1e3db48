//! A screen that a program paints: for demonstrations, and for tests that need no display.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};

use crate::tiles::TileGrid;
use crate::{CaptureError, CaptureWaker, Changes, Monitor, PointerState, ScreenSource};

/// The screen. It has one monitor until the painter names others, and a pointer once he has placed
/// it.
#[derive(Debug)]
pub struct SyntheticScreen {
    shared: Arc<Shared>,
    everything: bool,
    selected: Option<u32>,
    /// Nothing but the selected monitor is ever shared.
    keeps: bool,
    /// Where the last grab was of.
    grabbed: Rect,
}

/// Paints on the [`SyntheticScreen`] it was made with; clones paint on the same one.
#[derive(Debug, Clone)]
pub struct SyntheticPainter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    canvas: Mutex<Canvas>,
    changed: Condvar,
}

#[derive(Debug)]
struct Canvas {
    picture: Picture,
    monitors: Vec<Monitor>,
    damaged: Vec<Rect>,
    pointer: PointerState,
    changes: Changes,
    /// Set once the painter says that the screen is gone.
    lost: Option<String>,
}

const MONITOR_ID: u32 = 1;

impl SyntheticScreen {
    /// A black screen and what paints it.
    pub fn new(size: PixelSize) -> (Self, SyntheticPainter) {
        let canvas = Canvas {
            picture: Picture::new(size),
            monitors: vec![only_monitor(size)],
            damaged: Vec::new(),
            pointer: PointerState {
                x: 0,
                y: 0,
                visible: false,
                shape: None,
            },
            changes: Changes {
                screen: true,
                ..Changes::default()
            },
            lost: None,
        };
        let shared = Arc::new(Shared {
            canvas: Mutex::new(canvas),
            changed: Condvar::new(),
        });
        (
            Self {
                shared: Arc::clone(&shared),
                everything: true,
                selected: None,
                keeps: false,
                grabbed: size.rect(),
            },
            SyntheticPainter { shared },
        )
    }
}

impl SyntheticPainter {
    /// Fills the part of `rect` that is on the screen with one colour, `0x00RRGGBB`.
    pub fn fill(&self, rect: Rect, colour: u32) {
        self.paint(rect, |_, _| colour);
    }

    /// Paints the part of `rect` that is on the screen; `colour` is given places on the screen and
    /// gives `0x00RRGGBB`.
    pub fn paint(&self, rect: Rect, mut colour: impl FnMut(u32, u32) -> u32) {
        self.change(|canvas| {
            let Some(rect) = rect.intersect(whole(&canvas.picture)) else {
                return;
            };
            for y in rect.y..rect.bottom() {
                let row = canvas.picture.row_mut(y);
                for x in rect.x..rect.right() {
                    row[x as usize] = colour(x, y) & 0x00ff_ffff;
                }
            }
            canvas.damaged.push(rect);
            canvas.changes.screen = true;
        });
    }

    /// Gives the screen another size, and one monitor; it is black again.
    pub fn resize(&self, size: PixelSize) {
        self.change(|canvas| {
            canvas.picture = Picture::new(size);
            canvas.monitors = vec![only_monitor(size)];
            canvas.changes.resized = true;
            canvas.changes.screen = true;
        });
    }

    /// Connects these monitors instead of those before; what of them is not on the screen is cut
    /// off.
    pub fn set_monitors(&self, monitors: Vec<Monitor>) {
        self.change(|canvas| {
            let whole = canvas.picture.size().rect();
            let on_screen = |monitor: Monitor| {
                let area = monitor.area.intersect(whole)?;
                Some(Monitor { area, ..monitor })
            };
            canvas.monitors = monitors.into_iter().filter_map(on_screen).collect();
            canvas.changes.resized = true;
            canvas.changes.screen = true;
        });
    }

    /// Puts the pointer there and shows it.
    pub fn move_pointer(&self, x: i32, y: i32) {
        self.change(|canvas| {
            canvas.pointer = PointerState {
                x,
                y,
                visible: true,
                ..canvas.pointer.clone()
            };
            canvas.changes.pointer_moved = true;
        });
    }

    /// Takes the screen away, as a display server that ends does.
    pub fn lose(&self, reason: &str) {
        self.change(|canvas| canvas.lost = Some(reason.to_owned()));
    }

    /// What is on the screen now.
    pub fn picture(&self) -> Picture {
        self.shared.lock().picture.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Canvas)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }
}

impl Canvas {
    /// # Errors
    ///
    /// Where the source `keeps` to a monitor that is gone.
    fn check(&self, keeps: bool, selected: Option<u32>) -> Result<(), CaptureError> {
        match selected.filter(|_| keeps) {
            Some(id) if !self.monitors.iter().any(|monitor| monitor.id == id) => {
                Err(CaptureError::NoSuchMonitor { id })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn area_of(&self, selected: Option<u32>) -> Rect {
        let is_selected = |monitor: &&Monitor| selected == Some(monitor.id);
        let selected = self.monitors.iter().find(is_selected);
        selected.map_or_else(|| whole(&self.picture), |monitor| monitor.area)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Canvas> {
        // A painter that panicked leaves at worst a half painted picture.
        self.canvas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_alive(&self) -> Result<MutexGuard<'_, Canvas>, CaptureError> {
        let canvas = self.lock();
        match &canvas.lost {
            Some(reason) => Err(CaptureError::Lost {
                reason: reason.clone(),
            }),
            None => Ok(canvas),
        }
    }
}

impl ScreenSource for SyntheticScreen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        let mut monitors = self.shared.lock_alive()?.monitors.clone();
        monitors.sort_by_key(|monitor| !monitor.primary);
        Ok(monitors)
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        let mut canvas = self.shared.lock_alive()?;
        if let Some(id) = monitor
            && !canvas.monitors.iter().any(|monitor| monitor.id == id)
        {
            return Err(CaptureError::NoSuchMonitor { id });
        }
        self.selected = monitor;
        self.everything = true;
        canvas.changes.screen = true;
        canvas.changes.pointer_moved = true;
        Ok(())
    }

    fn keep_to(&mut self, monitor: u32) -> Result<(), CaptureError> {
        self.select(Some(monitor))?;
        self.keeps = true;
        Ok(())
    }

    fn area(&self) -> Rect {
        self.shared.lock().area_of(self.selected)
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<(), CaptureError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut canvas = self.shared.lock_alive()?;
        loop {
            *changes = std::mem::take(&mut canvas.changes);
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if let Some(reason) = &canvas.lost {
                return Err(CaptureError::Lost {
                    reason: reason.clone(),
                });
            }
            if changes.any() || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            let changed = &self.shared.changed;
            canvas = match left {
                Some(left) => {
                    changed
                        .wait_timeout(canvas, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None => changed.wait(canvas).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        let mut canvas = self.shared.lock_alive()?;
        canvas.check(self.keeps, self.selected)?;
        let damaged = std::mem::take(&mut canvas.damaged);
        let area = canvas.area_of(self.selected);
        let is_new = std::mem::replace(&mut self.grabbed, area) != area;
        let size = PixelSize::new(area.width, area.height);
        if picture.size() != size {
            *picture = Picture::new(size);
            self.everything = true;
        }
        let rects = if std::mem::take(&mut self.everything) || is_new {
            vec![size.rect()]
        } else {
            let mut grid = TileGrid::new(size);
            for rect in damaged.iter().filter_map(|rect| rect.intersect(area)) {
                let (x, y) = (rect.x - area.x, rect.y - area.y);
                grid.touch(Rect { x, y, ..rect });
            }
            grid.rects()
        };
        for &rect in &rects {
            let from = (area.x + rect.x) as usize;
            for y in rect.y..rect.bottom() {
                let source = &canvas.picture.row(area.y + y)[from..][..rect.width as usize];
                picture.row_mut(y)[rect.x as usize..][..source.len()].copy_from_slice(source);
            }
        }
        Ok(rects)
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        let canvas = self.shared.lock_alive()?;
        let area = canvas.area_of(self.selected);
        let within =
            |place: i32, start: u32| place.saturating_sub(i32::try_from(start).unwrap_or(i32::MAX));
        let mut pointer = canvas.pointer.clone();
        pointer.x = within(pointer.x, area.x);
        pointer.y = within(pointer.y, area.y);
        Ok(pointer)
    }

    fn waker(&self) -> CaptureWaker {
        let shared = Arc::clone(&self.shared);
        CaptureWaker::new(move || {
            shared.lock().changes.woken = true;
            shared.changed.notify_all();
        })
    }
}

fn only_monitor(size: PixelSize) -> Monitor {
    Monitor {
        id: MONITOR_ID,
        name: "synthetic".to_owned(),
        area: size.rect(),
        primary: true,
    }
}

fn whole(picture: &Picture) -> Rect {
    let size = picture.size();
    Rect {
        x: 0,
        y: 0,
        width: size.width,
        height: size.height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize {
        width: 320,
        height: 200,
    };

    #[test]
    fn the_grabbed_picture_is_what_was_painted() {
        let (mut screen, painter) = SyntheticScreen::new(SIZE);
        let mut picture = Picture::new(SIZE);
        let mut changes = Changes::default();
        screen
            .wait(None, &mut changes)
            .expect("a first picture is there at once");
        assert!(changes.screen);
        assert_eq!(screen.grab(&mut picture).expect("grabs").len(), 1);

        let painted = Rect {
            x: 300,
            y: 10,
            width: 100,
            height: 20,
        };
        painter.paint(painted, |x, y| x * 3 + y);
        screen
            .wait(None, &mut changes)
            .expect("the painting is told");
        assert!(changes.screen);
        let rects = screen.grab(&mut picture).expect("grabs");
        assert_eq!(
            rects,
            [Rect {
                x: 256,
                y: 0,
                width: 64,
                height: 64
            }]
        );
        assert_eq!(picture.pixels(), painter.picture().pixels());
        assert_eq!(screen.grab(&mut picture).expect("grabs"), []);
    }

    #[test]
    fn a_still_screen_ends_a_wait_only_by_time_or_waker() {
        let (mut screen, _painter) = SyntheticScreen::new(SIZE);
        let mut changes = Changes::default();
        screen.wait(None, &mut changes).expect("first picture");
        screen
            .wait(Some(Duration::from_millis(20)), &mut changes)
            .expect("time passes");
        assert!(!changes.any());
        let waker = screen.waker();
        let waking = std::thread::spawn(move || waker.wake());
        screen.wait(None, &mut changes).expect("woken");
        assert!(changes.woken && !changes.screen);
        waking.join().expect("the waking thread ends");
    }

    #[test]
    fn one_monitor_is_the_part_of_the_screen_that_it_shows() {
        let (mut screen, painter) = SyntheticScreen::new(SIZE);
        let area = Rect::new(200, 20, 120, 100);
        let right = Monitor {
            id: 7,
            area,
            ..only_monitor(SIZE)
        };
        painter.set_monitors(vec![right]);
        screen.select(Some(7)).expect("connected");
        assert_eq!(screen.area(), area);
        painter.paint(SIZE.rect(), |x, y| x * 256 + y);
        painter.move_pointer(210, 25);
        let mut picture = Picture::new(PixelSize::new(1, 1));
        screen.grab(&mut picture).expect("grabs");
        assert_eq!(picture.size(), PixelSize::new(120, 100));
        assert_eq!(picture.row(3)[5], 205 * 256 + 23);
        let pointer = screen.pointer().expect("there");
        assert_eq!((pointer.x, pointer.y), (10, 5));

        painter.fill(Rect::new(0, 0, 199, 200), 9);
        assert_eq!(screen.grab(&mut picture).expect("grabs"), []);
        painter.set_monitors(vec![only_monitor(SIZE)]);
        screen.grab(&mut picture).expect("grabs");
        assert_eq!(picture.pixels(), painter.picture().pixels());
    }

    #[test]
    fn a_new_size_gives_everything_and_a_lost_screen_an_error() {
        let (mut screen, painter) = SyntheticScreen::new(SIZE);
        let mut picture = Picture::new(SIZE);
        screen.grab(&mut picture).expect("grabs");
        painter.resize(PixelSize {
            width: 100,
            height: 90,
        });
        let mut changes = Changes::default();
        screen.wait(None, &mut changes).expect("resized");
        assert!(changes.resized && changes.screen);
        screen.grab(&mut picture).expect("grabs");
        assert_eq!(
            picture.size(),
            PixelSize {
                width: 100,
                height: 90
            }
        );
        painter.lose("switched off");
        let lost = CaptureError::Lost {
            reason: "switched off".to_owned(),
        };
        assert_eq!(screen.wait(None, &mut changes), Err(lost));
    }
}
