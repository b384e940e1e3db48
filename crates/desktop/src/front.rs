//! A window comes in front of all others, with the keyboard: for what must not be missed (H5).
//!
//! Where a window manager decides that, it is asked by a thread of its own: whoever wants it never
//! waits. Where the program itself may decide there is no [`Front`].

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod x11;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use self::x11 as platform;

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
mod unsupported;

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
use unsupported as platform;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use raw_window_handle::{HasWindowHandle, RawWindowHandle};

use platform::Manager;

/// More wishes than these wait only if the display does not answer.
const WISHES: usize = 8;
/// The connection to the display is kept for the next wish as long as this.
const LINGERING: Duration = Duration::from_secs(1);

/// The way of one window to the front.
#[derive(Debug)]
pub struct Front {
    wishes: SyncSender<Wish>,
    questions: u64,
    news: Arc<Mutex<News>>,
}

/// Where the pointer was when it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointerPlace {
    /// The number of the question; later ones have larger numbers.
    pub question: u64,
    /// In pixels of the whole desktop.
    pub x: i32,
    /// See `x`.
    pub y: i32,
}

/// The wish was not taken: the display answers no earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the display does not answer")]
pub struct FrontBusy;

#[derive(Debug)]
enum Wish {
    Come,
    Pointer { question: u64 },
}

#[derive(Debug, Default)]
struct News {
    was_refused: bool,
    pointer: Option<PointerPlace>,
}

impl Front {
    /// The way of `window`; `None` where no manager of windows decides about it that could be asked.
    ///
    /// `answered` is called, from the thread, when there is something to take.
    pub fn of(window: &impl HasWindowHandle, answered: impl Fn() + Send + 'static) -> Option<Self> {
        let handle = window.window_handle().ok()?.as_raw();
        Self::of_on(None, handle, answered)
    }

    /// As [`Self::of`], on the X11 display of that name instead of `$DISPLAY`.
    pub fn of_on(
        display: Option<&str>,
        window: RawWindowHandle,
        answered: impl Fn() + Send + 'static,
    ) -> Option<Self> {
        let window = platform::window(window)?;
        let (wishes, wished) = sync_channel(WISHES);
        let news = Arc::new(Mutex::default());
        let (display, told) = (display.map(str::to_owned), Arc::clone(&news));
        // it ends when the last wish is done; nobody waits for that
        let thread = std::thread::Builder::new()
            .name("front".to_owned())
            .spawn(move || serve(display.as_deref(), window, &wished, &told, &answered));
        if let Err(error) = thread {
            tracing::warn!(%error, "No thread to ask the window manager");
            return None;
        }
        Some(Self {
            wishes,
            questions: 0,
            news,
        })
    }

    /// Brings the window to the front soon, also if it was minimised, is covered or is on another
    /// desktop, and keeps it above usual windows. Never waits; [`Self::was_refused`] tells of a failure.
    ///
    /// # Errors
    ///
    /// [`FrontBusy`].
    pub fn come(&self) -> Result<(), FrontBusy> {
        self.wishes.try_send(Wish::Come).map_err(|_full| FrontBusy)
    }

    /// Whether the window manager could not be asked to let the window come; said once.
    pub fn was_refused(&self) -> bool {
        std::mem::take(&mut self.lock().was_refused)
    }

    /// Asks where the pointer is; gives the number of the question. Never waits.
    ///
    /// # Errors
    ///
    /// [`FrontBusy`].
    pub fn ask_pointer(&mut self) -> Result<u64, FrontBusy> {
        let question = self.questions + 1;
        let asked = self.wishes.try_send(Wish::Pointer { question });
        asked.map_err(|_full| FrontBusy)?;
        self.questions = question;
        Ok(question)
    }

    /// The newest answer since the last call. None comes where the display is lost.
    pub fn pointer(&self) -> Option<PointerPlace> {
        self.lock().pointer.take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread.
fn serve(
    display: Option<&str>,
    window: platform::Window,
    wished: &Receiver<Wish>,
    news: &Mutex<News>,
    answered: &dyn Fn(),
) {
    while let Ok(first) = wished.recv() {
        let mut manager = None;
        let mut next = Some(first);
        while let Some(wish) = next {
            if let Err(error) = fulfil(display, &mut manager, window, &wish, news) {
                tracing::warn!(%error, "The window manager was not asked");
                news.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .was_refused |= matches!(wish, Wish::Come);
                // what follows may find another
                manager = None;
            }
            answered();
            // A connection that was kept for ever would have to be told of every change of the keyboard.
            next = wished.recv_timeout(LINGERING).ok();
        }
    }
}

fn fulfil(
    display: Option<&str>,
    manager: &mut Option<Manager>,
    window: platform::Window,
    wish: &Wish,
    news: &Mutex<News>,
) -> Result<(), Box<dyn std::error::Error>> {
    let manager = match manager {
        Some(manager) => manager,
        none => none.insert(Manager::connect(display)?),
    };
    match *wish {
        Wish::Come => manager.raise(window)?,
        Wish::Pointer { question } => {
            let (x, y) = manager.pointer()?;
            news.lock().unwrap_or_else(PoisonError::into_inner).pointer =
                Some(PointerPlace { question, x, y });
        }
    }
    Ok(())
}
