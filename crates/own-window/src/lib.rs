//! Windows' windows that no toolkit draws: to hear of the clipboard, of an icon or a notice, or for pixels alone; and
//! the desktop that they are on.
//! Elsewhere this is empty.
#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DestroyWindow, DispatchMessageW, GWLP_USERDATA, GetMessageW,
    GetWindowLongPtrW, HWND_MESSAGE, MSG, PostMessageW, PostQuitMessage, RegisterClassW,
    SetWindowLongPtrW, WNDCLASSW, WS_CHILD, WS_CLIPSIBLINGS, WS_DISABLED, WS_EX_NOACTIVATE,
    WS_EX_NOPARENTNOTIFY, WS_POPUP,
};

mod desktop;

pub use desktop::{join_desktop, keep_desktop};

/// A text as Windows takes it, with a zero at its end.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody sees it, and it hears only what is sent to it alone.
    Messages,
    /// Nobody sees it, but it hears what all windows are told, such as that there is a new taskbar.
    Hidden,
    /// Pixels in the window with this number, which keeps pointer and keyboard. It is hidden at first.
    Pixels { inside: u64 },
}

/// What a window is told.
#[derive(Debug, Clone, Copy)]
pub struct Message {
    pub message: u32,
    pub what: WPARAM,
    pub more: LPARAM,
}

/// Answers a message; `None` has Windows do what is usual.
type Listener = Box<dyn Fn(Handle, Message) -> Option<LRESULT>>;

/// A window of this thread, which must see to its messages. Dropping it takes it away.
pub struct OwnWindow {
    handle: Handle,
    /// What the window knows the address of.
    _listener: Box<Listener>,
}

impl OwnWindow {
    /// Makes it. `class` tells its kind from others of this program; `listener` is called while this thread sees to
    /// messages.
    ///
    /// # Errors
    ///
    /// That Windows gives no window.
    pub fn new(
        class: &str,
        kind: Kind,
        listener: impl Fn(Handle, Message) -> Option<LRESULT> + 'static,
    ) -> io::Result<Self> {
        join_desktop();
        let name = wide(class);
        // SAFETY: a null stands for this program, which is there.
        let program = unsafe { GetModuleHandleW(null()) };
        let class = WNDCLASSW {
            lpfnWndProc: Some(on_message),
            hInstance: program,
            lpszClassName: name.as_ptr(),
            ..WNDCLASSW::default()
        };
        // the second time it is there already, which the window shows
        // SAFETY: the class and its name live until it returns.
        unsafe { RegisterClassW(&raw const class) };
        let (parent, style, more) = match kind {
            Kind::Messages => (HWND_MESSAGE, 0, 0),
            Kind::Hidden => (null_mut(), WS_POPUP, 0),
            Kind::Pixels { inside } => {
                let inside = usize::try_from(inside).map_err(io::Error::other)?;
                (
                    std::ptr::with_exposed_provenance_mut::<c_void>(inside),
                    // a window that is disabled leaves the pointer to the one around it
                    WS_CHILD | WS_DISABLED | WS_CLIPSIBLINGS,
                    WS_EX_NOACTIVATE | WS_EX_NOPARENTNOTIFY,
                )
            }
        };
        // SAFETY: the name ends with a zero, and Windows looks whether there is such a parent.
        let window = unsafe {
            CreateWindowExW(
                more,
                name.as_ptr(),
                null(),
                style,
                0,
                0,
                1,
                1,
                parent,
                null_mut(),
                program,
                null(),
            )
        };
        if window.is_null() {
            return Err(io::Error::last_os_error());
        }
        let listener: Box<Listener> = Box::new(Box::new(listener));
        let address = (&raw const *listener).expose_provenance().cast_signed();
        // SAFETY: this thread made the window, and the address stays good until it is gone.
        unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, address) };
        Ok(Self {
            handle: Handle(window),
            _listener: listener,
        })
    }

    /// For any thread.
    pub fn handle(&self) -> Handle {
        self.handle
    }

    /// Sees to the messages of this thread until [`quit`] is called in it.
    #[expect(
        clippy::unused_self,
        reason = "for the thread that has the window, while it is there"
    )]
    pub fn serve(&self) {
        let mut message = MSG::default();
        loop {
            // SAFETY: the message is written there; a null means all of this thread.
            let came = unsafe { GetMessageW(&raw mut message, null_mut(), 0, 0) };
            if came <= 0 {
                return;
            }
            // SAFETY: the message came from Windows.
            unsafe { DispatchMessageW(&raw const message) };
        }
    }
}

impl fmt::Debug for OwnWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnWindow").field(&self.handle).finish()
    }
}

impl Drop for OwnWindow {
    fn drop(&mut self) {
        // SAFETY: a window of this thread, or one that is gone, which Windows says.
        unsafe { SetWindowLongPtrW(self.handle.0, GWLP_USERDATA, 0) };
        // SAFETY: the same.
        unsafe { DestroyWindow(self.handle.0) };
    }
}

/// A window, for any thread; it may be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle(HWND);

// SAFETY: a window's number means the same in all threads, and Windows looks whether there is such a window.
unsafe impl Send for Handle {}
// SAFETY: the same.
unsafe impl Sync for Handle {}

impl Handle {
    /// For Windows' own functions.
    pub fn raw(self) -> HWND {
        self.0
    }

    /// Has the window told soon; nobody waits.
    pub fn post(self, message: u32) {
        // SAFETY: Windows looks whether there is such a window.
        unsafe { PostMessageW(self.0, message, 0, 0) };
    }
}

/// Ends [`OwnWindow::serve`] of this thread.
pub fn quit() {
    // SAFETY: it takes any number.
    unsafe { PostQuitMessage(0) };
}

/// Windows' own signature.
unsafe extern "system" fn on_message(
    window: HWND,
    message: u32,
    what: WPARAM,
    more: LPARAM,
) -> LRESULT {
    // SAFETY: Windows names a window that is there.
    let address = unsafe { GetWindowLongPtrW(window, GWLP_USERDATA) };
    let listener = std::ptr::with_exposed_provenance::<Listener>(address.cast_unsigned());
    let told = Message {
        message,
        what,
        more,
    };
    // SAFETY: it is zero, or that of what the window's owner keeps while the window is there.
    let answer = unsafe { listener.as_ref() }.and_then(|listener| listener(Handle(window), told));
    // SAFETY: it takes what Windows gave.
    answer.unwrap_or_else(|| unsafe { DefWindowProcW(window, message, what, more) })
}
