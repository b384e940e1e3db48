//! Windows gives the key to whoever registered it first, and tells the thread that did.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use windows_sys::Win32::System::Threading::GetCurrentThreadId;
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    MOD_ALT, MOD_CONTROL, MOD_NOREPEAT, MOD_SHIFT, RegisterHotKey, UnregisterHotKey, VK_X,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    GetMessageW, MSG, PM_NOREMOVE, PeekMessageW, PostThreadMessageW, WM_APP, WM_HOTKEY, WM_QUIT,
};

use super::HotKeyError;

/// The only key that this thread registers.
const ID: i32 = 1;
/// There is a new wish.
const WISHED: u32 = WM_APP;

type Pressed = Box<dyn Fn() + Send>;

enum Wish {
    Watch(Pressed),
    LetGo,
}

/// The thread that Windows tells.
#[derive(Debug)]
pub(super) struct Watch {
    thread_id: u32,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The newest that the thread has not seen.
    wish: Mutex<Option<Wish>>,
    is_watched: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("is_watched", &self.is_watched)
            .finish_non_exhaustive()
    }
}

impl Watch {
    pub(super) fn start(
        _display: Option<&str>,
        changed: Box<dyn Fn() + Send>,
    ) -> Result<Self, HotKeyError> {
        let shared = Arc::<Shared>::default();
        let (ready, when_ready) = sync_channel(1);
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("hot key".to_owned())
            .spawn(move || serve(&theirs, &*changed, &ready))?;
        let thread_id = when_ready.recv().map_err(io::Error::other)?;
        Ok(Self {
            thread_id,
            thread: Some(thread),
            shared,
        })
    }

    pub(super) fn ask(&self, pressed: Option<Pressed>) {
        let mut wish = self
            .shared
            .wish
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *wish = Some(pressed.map_or(Wish::LetGo, Wish::Watch));
        drop(wish);
        self.post(WISHED);
    }

    pub(super) fn is_watched(&self) -> bool {
        self.shared.is_watched.load(Ordering::Relaxed)
    }

    fn post(&self, what: u32) {
        // SAFETY: it takes the number of any thread, also of one that has ended.
        let posted = unsafe { PostThreadMessageW(self.thread_id, what, 0, 0) };
        if posted == 0 {
            let error = io::Error::last_os_error();
            tracing::warn!(%error, "The thread of the key is not to be reached");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.post(WM_QUIT);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(shared: &Shared, changed: &dyn Fn(), ready: &SyncSender<u32>) {
    let mut message = MSG::default();
    // the first call of this kind makes the queue, without which nothing can be posted
    // SAFETY: the message is written there; a null means all of this thread.
    unsafe { PeekMessageW(&raw mut message, std::ptr::null_mut(), 0, 0, PM_NOREMOVE) };
    // SAFETY: it takes nothing.
    ready.send(unsafe { GetCurrentThreadId() }).ok();
    let mut pressed: Option<Pressed> = None;
    loop {
        // SAFETY: as above.
        let came = unsafe { GetMessageW(&raw mut message, std::ptr::null_mut(), 0, 0) };
        if came <= 0 {
            break;
        }
        match message.message {
            WISHED => {
                let wish = shared
                    .wish
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                let Some(wish) = wish else { continue };
                let_go(pressed.take().is_some());
                pressed = match wish {
                    Wish::Watch(pressed) => register().then_some(pressed),
                    Wish::LetGo => None,
                };
                let was = shared.is_watched.swap(pressed.is_some(), Ordering::Relaxed);
                if was != pressed.is_some() {
                    changed();
                }
            }
            WM_HOTKEY => {
                if let Some(pressed) = &pressed {
                    pressed();
                }
            }
            _ => {}
        }
    }
    let_go(pressed.is_some());
}

fn register() -> bool {
    let modifiers = MOD_CONTROL | MOD_ALT | MOD_SHIFT | MOD_NOREPEAT;
    // SAFETY: without a window Windows tells this thread.
    let registered =
        unsafe { RegisterHotKey(std::ptr::null_mut(), ID, modifiers, u32::from(VK_X)) };
    if registered == 0 {
        let error = io::Error::last_os_error();
        tracing::warn!(%error, "The key that ends a session cannot be had");
    }
    registered != 0
}

fn let_go(is_registered: bool) {
    if is_registered {
        // SAFETY: this thread registered it.
        unsafe { UnregisterHotKey(std::ptr::null_mut(), ID) };
    }
}
