//! Windows: a child window that GDI paints.
//!
//! It is disabled, so pointer and keyboard go to the window around it, and it lies above what that draws. A
//! thread of its own has it and paints what was uncovered; pictures are painted by whoever brings them.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use codec::{Picture, PixelSize, Rect, Scaler};

use crate::{Placement, PresentError, sheet};
use api::{Bitmap, Child, ChildWindow};

mod api;

/// A picture in a child window. Drop removes the window.
///
/// No call waits for the thread of the window around it.
#[derive(Debug)]
pub struct Presenter {
    shared: Arc<Shared>,
    child: Child,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    placement: Option<Placement>,
    /// The pixels that Windows copies.
    sheet: Option<Sheet>,
    scaler: Option<Scaler>,
}

/// What is in the memory that Windows copies.
#[derive(Debug)]
struct Sheet {
    /// The part of the picture, at the size it is shown, that it holds.
    part: Rect,
    /// The size at which it holds the picture.
    shown: PixelSize,
    bitmap: Bitmap,
}

fn refused(error: &io::Error) -> PresentError {
    PresentError::Refused(error.to_string())
}

impl Presenter {
    /// Makes the child inside the window `parent`, hidden until it is placed.
    ///
    /// # Errors
    ///
    /// [`PresentError`] where Windows gives no window inside that one.
    pub fn attach(parent: u64) -> Result<Self, PresentError> {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let (ready, made) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("present".to_owned())
            .spawn(move || serve(parent, theirs, &ready))
            .map_err(|error| refused(&error))?;
        let child = made
            .recv()
            .map_err(|error| refused(&io::Error::other(error)))?;
        Ok(Self {
            shared,
            child: child.map_err(|error| refused(&error))?,
            thread: Some(thread),
        })
    }

    /// Moves and shows `picture`, or hides it; whether it is shown now. The picture is read where it is shown at
    /// another place or size than before.
    ///
    /// # Errors
    ///
    /// [`PresentError`] when Windows refuses a larger picture.
    pub fn place(
        &self,
        placement: Option<Placement>,
        picture: Option<&Picture>,
    ) -> Result<bool, PresentError> {
        let mut state = self.shared.lock();
        if state.placement == placement {
            return Ok(placement.is_some());
        }
        let was_hidden = std::mem::replace(&mut state.placement, placement).is_none();
        if let (Some(_), Some(picture)) = (placement, picture) {
            // while it was hidden nobody told what changed
            let whole = picture.size().rect();
            let changed = if was_hidden { &[whole][..] } else { &[] };
            state.draw(picture, changed)?;
        }
        let area = placement.map(|placement| placement.area);
        let area = area.filter(|area| !area.is_empty());
        self.child.place(area);
        if area.is_some() {
            // what moved inside an area that stays is not asked for
            state.put_all(self.child);
        } else {
            state.sheet = None;
        }
        Ok(placement.is_some())
    }

    /// Whether a new place counts only from when the window is drawn next.
    #[expect(clippy::unused_self, reason = "the same call on every platform")]
    pub fn waits_for_the_window(&self) -> bool {
        false
    }

    /// Whether the picture is shown.
    pub fn is_shown(&self) -> bool {
        self.shared.lock().placement.is_some()
    }

    /// Shows the `changed` parts of `picture` if it is placed.
    ///
    /// # Errors
    ///
    /// As [`Self::place`].
    pub fn present(&self, picture: &Picture, changed: &[Rect]) -> Result<(), PresentError> {
        let mut state = self.shared.lock();
        let drawn = state.draw(picture, changed)?;
        state.put(self.child, &drawn);
        Ok(())
    }
}

impl Drop for Presenter {
    fn drop(&mut self) {
        // the window's end is what ends the thread
        self.child.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("The presenting thread panicked");
        }
    }
}

/// The thread that has the window.
fn serve(parent: u64, shared: Arc<Shared>, ready: &SyncSender<io::Result<Child>>) {
    let paint = Box::new(move |child: Child| shared.lock().put_all(child));
    let window = match ChildWindow::new(parent, paint) {
        Ok(window) => window,
        Err(error) => {
            ready.send(Err(error)).ok();
            return;
        }
    };
    if ready.send(Ok(window.child())).is_ok() {
        window.serve();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Brings the sheet up to date with what `changed` in `picture`; the parts of the picture, at the
    /// size it is shown, that are new on it.
    fn draw(&mut self, picture: &Picture, changed: &[Rect]) -> Result<Vec<Rect>, PresentError> {
        let Some(placement) = self.placement else {
            // drawn when it is placed
            return Ok(Vec::new());
        };
        let shown = placement.shown;
        let part = sheet::part(&placement, picture.size());
        if part.is_empty() {
            self.sheet = None;
            return Ok(Vec::new());
        }
        let is_it = |sheet: &mut Sheet| sheet.part == part && sheet.shown == shown;
        let old = self.sheet.take_if(is_it);
        let is_new = old.is_none();
        let sheet = match old {
            Some(old) => old,
            None => Sheet {
                part,
                shown,
                bitmap: Bitmap::new(part.width, part.height).map_err(|error| refused(&error))?,
            },
        };
        let sheet = self.sheet.insert(sheet);
        let whole = [picture.size().rect()];
        let changed = if is_new { &whole } else { changed };
        let rows = sheet::Rows {
            pixels: sheet.bitmap.pixels_mut(),
            stride: part.width as usize,
        };
        let scaler = &mut self.scaler;
        Ok(sheet::draw(scaler, picture, shown, part, rows, changed))
    }

    fn put_all(&self, child: Child) {
        if let Some(sheet) = &self.sheet {
            self.put(child, &[sheet.part]);
        }
    }

    /// Has `rects` of the picture, at the size it is shown, copied to the screen as far as they are in sight.
    fn put(&self, child: Child, rects: &[Rect]) {
        let (Some(placement), Some(sheet)) = (self.placement, &self.sheet) else {
            return;
        };
        if sheet.shown != placement.shown {
            return;
        }
        let Some(sight) = sheet::sight(&placement).intersect(sheet.part) else {
            return;
        };
        let parts = rects.iter().filter_map(|rect| rect.intersect(sight));
        child.copy(
            &sheet.bitmap,
            parts.map(|part| api::Copy {
                from: (part.x - sheet.part.x, part.y - sheet.part.y),
                to: (part.x - placement.source_x, part.y - placement.source_y),
                size: (part.width, part.height),
            }),
        );
    }
}
