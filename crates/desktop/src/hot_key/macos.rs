//! macOS gives the key to each program that registers it with its events, without asking the user for anything, and tells
//! that on the main thread alone. So all of it is done there; a program without windows never gets it.
//!
//! Written from Apple's documentation (Carbon Event Manager) and type-checked; not tried on a Mac yet.
#![expect(unsafe_code, reason = "macOS' own functions are foreign ones")]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dispatch2::DispatchQueue;

use super::HotKeyError;

/// `kVK_ANSI_X`
const KEY: u32 = 0x07;
/// Shift, Option and Control, as the Event Manager numbers them.
const MODIFIERS: u32 = 0x0200 | 0x0800 | 0x1000;
/// `phdx`: whose key it is, for programs that have several.
const SIGNATURE: u32 = 0x7068_6478;
/// `keyb`, and that a registered key went down.
static PRESSED: EventTypeSpec = EventTypeSpec {
    class: 0x6b65_7962,
    kind: 5,
};

type Pressed = Box<dyn Fn() + Send>;

/// Whoever watches the key.
#[derive(Debug)]
pub(super) struct Watch(Arc<Shared>);

struct Shared {
    pressed: Mutex<Option<Pressed>>,
    changed: Mutex<Box<dyn Fn() + Send>>,
    is_watched: AtomicBool,
    registered: Mutex<Option<Registered>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("is_watched", &self.is_watched)
            .finish_non_exhaustive()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    #[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
    pub(super) fn start(
        _display: Option<&str>,
        changed: Box<dyn Fn() + Send>,
    ) -> Result<Self, HotKeyError> {
        Ok(Self(Arc::new(Shared {
            pressed: Mutex::new(None),
            changed: Mutex::new(changed),
            is_watched: AtomicBool::new(false),
            registered: Mutex::new(None),
        })))
    }

    pub(super) fn ask(&self, pressed: Option<Pressed>) {
        *lock(&self.0.pressed) = pressed;
        let shared = Arc::clone(&self.0);
        DispatchQueue::main().exec_async(move || shared.follow());
    }

    pub(super) fn is_watched(&self) -> bool {
        self.0.is_watched.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ask(None);
    }
}

impl Shared {
    /// Registers the key or lets it go, as is wished now; on the main thread.
    fn follow(self: &Arc<Self>) {
        let is_wished = lock(&self.pressed).is_some();
        let mut registered = lock(&self.registered);
        if !is_wished {
            *registered = None;
        } else if registered.is_none() {
            match Registered::new(self) {
                Ok(new) => *registered = Some(new),
                Err(status) => {
                    tracing::warn!(status, "The key that ends a session cannot be had");
                }
            }
        }
        let is_watched = registered.is_some();
        drop(registered);
        if self.is_watched.swap(is_watched, Ordering::Relaxed) != is_watched {
            (lock(&self.changed))();
        }
    }

    fn press(&self) {
        if let Some(pressed) = &*lock(&self.pressed) {
            pressed();
        }
    }
}

/// The key is this program's; made and dropped on the main thread.
struct Registered {
    key: *mut c_void,
    handler: *mut c_void,
    /// What the handler knows the address of. What is shared holds this too, until it is let go.
    _shared: Arc<Shared>,
}

// SAFETY: both are numbers to whoever does not use them, and that is the main thread alone.
unsafe impl Send for Registered {}

impl Registered {
    fn new(shared: &Arc<Shared>) -> Result<Self, i32> {
        let kept = Arc::clone(shared);
        let known = Arc::as_ptr(&kept).cast_mut().cast::<c_void>();
        // SAFETY: it takes nothing.
        let target = unsafe { GetApplicationEventTarget() };
        let mut handler = null_mut();
        // SAFETY: the list has one entry, and the address stays good until the handler is removed.
        let status = unsafe {
            InstallEventHandler(
                target,
                on_press,
                1,
                &raw const PRESSED,
                known,
                &raw mut handler,
            )
        };
        if status != 0 {
            return Err(status);
        }
        let id = EventHotKeyId {
            signature: SIGNATURE,
            id: 1,
        };
        let mut key = null_mut();
        // SAFETY: the key's number is written there.
        let status = unsafe { RegisterEventHotKey(KEY, MODIFIERS, id, target, 0, &raw mut key) };
        if status != 0 {
            // SAFETY: it was installed above.
            unsafe { RemoveEventHandler(handler) };
            return Err(status);
        }
        Ok(Self {
            key,
            handler,
            _shared: kept,
        })
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: it was registered once.
        unsafe { UnregisterEventHotKey(self.key) };
        // SAFETY: it was installed once.
        unsafe { RemoveEventHandler(self.handler) };
    }
}

/// The Event Manager's own signature.
extern "C" fn on_press(_next: *mut c_void, _event: *mut c_void, known: *mut c_void) -> i32 {
    const DONE: i32 = 0;
    // SAFETY: the address is that of what is registered, which is dropped on this thread alone, after the handler.
    let shared = unsafe { known.cast::<Shared>().cast_const().as_ref() };
    if let Some(shared) = shared {
        shared.press();
    }
    DONE
}

#[repr(C)]
struct EventTypeSpec {
    class: u32,
    kind: u32,
}

#[repr(C)]
struct EventHotKeyId {
    signature: u32,
    id: u32,
}

type Handler = extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> i32;

#[link(name = "Carbon", kind = "framework")]
unsafe extern "C" {
    fn GetApplicationEventTarget() -> *mut c_void;
    fn InstallEventHandler(
        target: *mut c_void,
        handler: Handler,
        count: usize,
        list: *const EventTypeSpec,
        known: *mut c_void,
        installed: *mut *mut c_void,
    ) -> i32;
    fn RemoveEventHandler(handler: *mut c_void) -> i32;
    fn RegisterEventHotKey(
        code: u32,
        modifiers: u32,
        id: EventHotKeyId,
        target: *mut c_void,
        options: u32,
        registered: *mut *mut c_void,
    ) -> i32;
    fn UnregisterEventHotKey(key: *mut c_void) -> i32;
}
