//! The screen through the `scrap` crate: a fallback that knows pixels and nothing else.
//!
//! It has no damage, so a still screen costs a comparison [`LOOKS_PER_SECOND`] times a second while
//! somebody waits, and no pointer. It shares one monitor at a time, at first the primary one.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};
use scrap::{Capturer, Display};

use crate::compared::Compared;
use crate::{CaptureError, CaptureWaker, Changes, Monitor, PointerState, ScreenSource};

/// How often a waiting source looks at the screen.
pub const LOOKS_PER_SECOND: u32 = 30;
/// How long a platform may take until its first picture.
const PATIENCE: Duration = Duration::from_secs(5);

/// The screen of one monitor.
pub struct ScrapScreen {
    /// `scrap` binds a capturer to the thread that made it.
    looks: SyncSender<Look>,
    looker: Option<JoinHandle<()>>,
    wakes: Receiver<()>,
    wake: SyncSender<()>,
    monitors: Vec<Monitor>,
    selected: usize,
    compared: Compared,
    /// What the last look found.
    seen: Vec<u32>,
    told: bool,
}

/// Asks the capturing thread for the pixels of a monitor.
struct Look {
    monitor: usize,
    pixels: Vec<u32>,
    answer: SyncSender<io::Result<Vec<u32>>>,
}

impl ScrapScreen {
    /// Opens the platform's screen: on X11 the one that `DISPLAY` names.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoDisplay`].
    pub fn open() -> Result<Self, CaptureError> {
        let no_display = |error: &dyn fmt::Display| {
            let reason = error.to_string();
            CaptureError::NoDisplay { reason }
        };
        let displays = Display::all().map_err(|error| no_display(&error))?;
        let monitors: Vec<Monitor> = (0..)
            .zip(&displays)
            .map(|(id, display)| Monitor {
                id,
                name: format!("monitor {}", id + 1),
                area: Rect {
                    x: 0,
                    y: 0,
                    width: u32::try_from(display.width()).unwrap_or(0),
                    height: u32::try_from(display.height()).unwrap_or(0),
                },
                primary: id == 0,
            })
            .collect();
        if monitors.is_empty() {
            return Err(no_display(&"it has no monitor"));
        }
        let (looks, asked) = sync_channel(1);
        let (wake, wakes) = sync_channel(1);
        let looker = std::thread::Builder::new()
            .name("scrap".to_owned())
            .spawn(move || answer_looks(&asked))
            .map_err(|error| no_display(&error))?;
        let mut screen = Self {
            looks,
            looker: Some(looker),
            wakes,
            wake,
            monitors,
            selected: 0,
            compared: Compared::default(),
            seen: Vec::new(),
            told: false,
        };
        screen.look()?;
        Ok(screen)
    }

    fn size(&self) -> PixelSize {
        let area = self.monitors[self.selected].area;
        PixelSize {
            width: area.width,
            height: area.height,
        }
    }

    /// Fills `seen`.
    fn look(&mut self) -> Result<(), CaptureError> {
        let gone = || CaptureError::Lost {
            reason: "the capturing thread ended".to_owned(),
        };
        let (answer, answered) = sync_channel(1);
        let pixels = std::mem::take(&mut self.seen);
        let look = Look {
            monitor: self.selected,
            pixels,
            answer,
        };
        self.looks.send(look).map_err(|_gone| gone())?;
        self.seen =
            answered
                .recv()
                .map_err(|_gone| gone())?
                .map_err(|error| CaptureError::Lost {
                    reason: error.to_string(),
                })?;
        Ok(())
    }
}

impl ScreenSource for ScrapScreen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        Ok(self.monitors.clone())
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        let id = monitor.unwrap_or(0);
        let index = self.monitors.iter().position(|monitor| monitor.id == id);
        self.selected = index.ok_or(CaptureError::NoSuchMonitor { id })?;
        self.compared.forget();
        self.told = false;
        Ok(())
    }

    fn keep_to(&mut self, monitor: u32) -> Result<(), CaptureError> {
        // its monitors are those that were there when it was opened
        self.select(Some(monitor))
    }

    fn area(&self) -> Rect {
        self.monitors[self.selected].area
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<(), CaptureError> {
        *changes = Changes::default();
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if !self.told {
                self.look()?;
                if self.compared.differs(&self.seen) {
                    changes.screen = true;
                    self.told = true;
                    return Ok(());
                }
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            let look = Duration::from_secs(1) / LOOKS_PER_SECOND;
            match self.wakes.recv_timeout(left.unwrap_or(look).min(look)) {
                Ok(()) => {
                    changes.woken = true;
                    return Ok(());
                }
                // This source holds a sender itself.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        self.look()?;
        self.told = false;
        let size = self.size();
        Ok(self.compared.grab(size, &self.seen, picture))
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        Ok(PointerState {
            x: 0,
            y: 0,
            visible: false,
            shape: None,
        })
    }

    fn waker(&self) -> CaptureWaker {
        let wake = self.wake.clone();
        CaptureWaker::new(move || {
            // A full channel wakes already.
            wake.try_send(()).ok();
        })
    }
}

impl Drop for ScrapScreen {
    fn drop(&mut self) {
        // Taking the only sender away ends the thread.
        let (nobody, _) = sync_channel(0);
        self.looks = nobody;
        if let Some(looker) = self.looker.take() {
            looker.join().ok();
        }
    }
}

impl fmt::Debug for ScrapScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScrapScreen")
            .field("area", &self.area())
            .finish_non_exhaustive()
    }
}

fn answer_looks(asked: &Receiver<Look>) {
    let mut capturer: Option<(usize, Capturer)> = None;
    while let Ok(Look {
        monitor,
        pixels,
        answer,
    }) = asked.recv()
    {
        let result = look_at(&mut capturer, monitor, pixels);
        if result.is_err() {
            // The next look begins anew, with a monitor that may have come back.
            capturer = None;
        }
        // Nobody waits for the answer any more when the screen was dropped.
        answer.send(result).ok();
    }
}

fn look_at(
    capturer: &mut Option<(usize, Capturer)>,
    monitor: usize,
    mut pixels: Vec<u32>,
) -> io::Result<Vec<u32>> {
    if !matches!(capturer, Some((index, _)) if *index == monitor) {
        let display = Display::all()?.into_iter().nth(monitor);
        let display = display.ok_or(io::ErrorKind::NotFound)?;
        *capturer = Some((monitor, Capturer::new(display)?));
    }
    let Some((_, capturer)) = capturer else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let (width, height) = (capturer.width(), capturer.height());
    // Some platforms answer with the picture of the look before: it is thrown away.
    let deadline = Instant::now() + PATIENCE;
    let mut looks_left = 2;
    loop {
        match capturer.frame() {
            Ok(frame) => {
                looks_left -= 1;
                if looks_left > 0 {
                    continue;
                }
                let stride_bytes = frame.len() / height.max(1);
                pixels.clear();
                for row in frame.chunks_exact(stride_bytes.max(1)).take(height) {
                    let (row, _) = row.as_chunks::<4>();
                    let row = row.iter().take(width);
                    pixels.extend(row.map(|&bgrx| u32::from_le_bytes(bgrx) & 0x00ff_ffff));
                }
                if pixels.len() != width * height {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                return Ok(pixels);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if Instant::now() > deadline {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    }
}
