//! What of Windows is asked for, without pointers.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::io;
use std::ptr::{null, null_mut};
use std::slice;
use std::time::{Duration, Instant};

use own_window::{Handle, Kind, Message, wide};
use windows_sys::Win32::Foundation::{CloseHandle, GlobalFree, HANDLE, HGLOBAL, HWND};
use windows_sys::Win32::System::DataExchange::{
    AddClipboardFormatListener, CloseClipboard, CountClipboardFormats, EmptyClipboard,
    EnumClipboardFormats, GetClipboardData, GetClipboardOwner, GetClipboardSequenceNumber,
    IsClipboardFormatAvailable, OpenClipboard, RegisterClipboardFormatW, SetClipboardData,
};
use windows_sys::Win32::System::Memory::{
    GMEM_MOVEABLE, GlobalAlloc, GlobalLock, GlobalSize, GlobalUnlock,
};
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, SetEvent};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    DispatchMessageW, MSG, MWMO_INPUTAVAILABLE, MsgWaitForMultipleObjectsEx, PM_REMOVE,
    PeekMessageW, QS_ALLINPUT, WM_APP, WM_CLIPBOARDUPDATE, WM_RENDERFORMAT,
};

/// Something was copied.
const CHANGED: u32 = WM_APP;

fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Wakes the thread that waits in [`OwnWindow::wait`].
#[derive(Debug)]
pub(super) struct Alarm(HANDLE);

// SAFETY: an event's handle is this process's, and may be used by all threads at once.
unsafe impl Send for Alarm {}
// SAFETY: the same.
unsafe impl Sync for Alarm {}

impl Alarm {
    /// # Errors
    ///
    /// That the system has no more of them.
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: it has neither name nor rights of its own; it goes out by itself.
        let event = unsafe { CreateEventW(null(), 0, 0, null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(event))
    }

    pub(super) fn ring(&self) {
        // SAFETY: the event lives as long as this.
        let rung = succeeded(unsafe { SetEvent(self.0) });
        if let Err(error) = rung {
            tracing::warn!(%error, "The clipboard is not to be woken");
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // SAFETY: it was made here, and nobody has it any more.
        unsafe { CloseHandle(self.0) };
    }
}

/// Asked for one of the formats that were promised.
type Render = Box<dyn Fn(u32)>;

/// A window that nobody sees: it owns what is held, and hears of copies. It belongs to its thread.
pub(super) struct OwnWindow(own_window::OwnWindow);

#[expect(
    clippy::unused_self,
    reason = "some are for the thread that has the window alone"
)]
impl OwnWindow {
    /// `render` is called while this thread waits or looks for messages.
    ///
    /// # Errors
    ///
    /// That Windows gives no window.
    pub(super) fn new(render: Render) -> io::Result<Self> {
        let listener = move |window: Handle, told: Message| match told.message {
            WM_RENDERFORMAT => {
                render(u32::try_from(told.what).unwrap_or(0));
                Some(0)
            }
            WM_CLIPBOARDUPDATE => {
                window.post(CHANGED);
                Some(0)
            }
            _ => None,
        };
        let class = "PureHelpDeskClipboard";
        own_window::OwnWindow::new(class, Kind::Messages, listener).map(Self)
    }

    fn handle(&self) -> HWND {
        self.0.handle().raw()
    }

    /// Has [`Self::hear`] tell of copies.
    ///
    /// # Errors
    ///
    /// That Windows does not.
    pub(super) fn listen(&self) -> io::Result<()> {
        // SAFETY: the window lives.
        succeeded(unsafe { AddClipboardFormatListener(self.handle()) })
    }

    /// Whether what is held belongs to this window.
    pub(super) fn is_owner(&self) -> bool {
        // SAFETY: it takes nothing.
        let owner = unsafe { GetClipboardOwner() };
        owner == self.handle()
    }

    /// Works off what Windows has to say; whether something was copied.
    pub(super) fn hear(&self) -> bool {
        let mut message = MSG::default();
        let mut was_copied = false;
        loop {
            // SAFETY: the message is written there; a null means all of this thread.
            let came = unsafe { PeekMessageW(&raw mut message, null_mut(), 0, 0, PM_REMOVE) };
            if came == 0 {
                return was_copied;
            }
            match message.message {
                WM_CLIPBOARDUPDATE | CHANGED => was_copied = true,
                _ => {
                    // SAFETY: the message came from Windows.
                    unsafe { DispatchMessageW(&raw const message) };
                }
            }
        }
    }

    /// Waits for a message, for `alarm`, or so long.
    pub(super) fn wait(&self, alarm: &Alarm, timeout: Option<Duration>) {
        // not too early by the part of a millisecond that is cut off
        let millis = timeout.map_or(INFINITE, |timeout| {
            u32::try_from(timeout.as_millis().saturating_add(1)).unwrap_or(INFINITE - 1)
        });
        let (kinds, how) = (QS_ALLINPUT, MWMO_INPUTAVAILABLE);
        // SAFETY: it is one handle, which lives.
        unsafe { MsgWaitForMultipleObjectsEx(1, &raw const alarm.0, millis, kinds, how) };
    }
}

/// The number of the format of that name.
///
/// # Errors
///
/// That there are too many formats.
pub(super) fn format(name: &str) -> io::Result<u32> {
    let name = wide(name);
    // SAFETY: the name ends with a zero.
    let number = unsafe { RegisterClipboardFormatW(name.as_ptr()) };
    if number == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(number)
}

/// Whether what was copied can be had in that format; the system translates between some.
pub(super) fn has(format: u32) -> bool {
    // SAFETY: it takes any number.
    unsafe { IsClipboardFormatAvailable(format) != 0 }
}

pub(super) fn is_empty() -> bool {
    // SAFETY: it takes nothing.
    unsafe { CountClipboardFormats() == 0 }
}

/// Changes with what is in the clipboard.
pub(super) fn sequence() -> u32 {
    // SAFETY: it takes nothing.
    unsafe { GetClipboardSequenceNumber() }
}

/// The clipboard, which no other program can open meanwhile.
pub(super) struct Open(());

/// How often to look whether another program is done with it.
const EACH_TRY: Duration = Duration::from_millis(5);

#[expect(clippy::unused_self, reason = "whoever calls these has it open")]
impl Open {
    /// Opens it, to put something in for `owner`, unless another program has it open. Windows may call for what is
    /// held meanwhile.
    ///
    /// # Errors
    ///
    /// That another program has it open.
    pub(super) fn now(owner: Option<&OwnWindow>) -> io::Result<Self> {
        let owner = owner.map_or(null_mut(), OwnWindow::handle);
        // SAFETY: the window is there, or a null stands for none.
        succeeded(unsafe { OpenClipboard(owner) })?;
        Ok(Self(()))
    }

    /// Opens it, to read, and waits for so long for others to be done with it. Not for the thread that has the window:
    /// they may be waiting for it.
    ///
    /// # Errors
    ///
    /// That another program has it open.
    pub(super) fn wait(patience: Duration) -> io::Result<Self> {
        let until = Instant::now() + patience;
        loop {
            match Self::now(None) {
                Err(_taken) if Instant::now() < until => std::thread::sleep(EACH_TRY),
                opened => return opened,
            }
        }
    }

    /// Throws away what is in it.
    ///
    /// # Errors
    ///
    /// That Windows does not let it.
    pub(super) fn clear(&self) -> io::Result<()> {
        // SAFETY: it is open.
        succeeded(unsafe { EmptyClipboard() })
    }

    /// Promises that format, for which the owner is asked when somebody pastes it.
    pub(super) fn promise(&self, format: u32) {
        // SAFETY: a null stands for what comes later.
        unsafe { SetClipboardData(format, null_mut()) };
    }

    /// The formats, as the program that copied likes them best; those that the system makes come after.
    pub(super) fn formats(&self) -> impl Iterator<Item = u32> {
        let mut last = 0;
        std::iter::from_fn(move || {
            // SAFETY: it takes zero, or a format that it gave.
            last = unsafe { EnumClipboardFormats(last) };
            (last != 0).then_some(last)
        })
    }

    /// What was copied, in that format. Waits for the program that copied it, for as long as that takes.
    ///
    /// # Errors
    ///
    /// That it is longer than `most_bytes`.
    pub(super) fn read(&self, format: u32, most_bytes: usize) -> Result<Option<Vec<u8>>, TooLarge> {
        // SAFETY: it takes any number.
        let memory = unsafe { GetClipboardData(format) };
        if memory.is_null() {
            return Ok(None);
        }
        // SAFETY: these formats are memory, which stays as long as the clipboard is open.
        let len_bytes = unsafe { GlobalSize(memory) };
        if len_bytes > most_bytes {
            return Err(TooLarge);
        }
        // SAFETY: the same.
        let at = unsafe { GlobalLock(memory) };
        if at.is_null() {
            return Ok(None);
        }
        // SAFETY: it is as long as it says, and nobody writes what is in the clipboard.
        let bytes = unsafe { slice::from_raw_parts(at.cast::<u8>(), len_bytes) }.to_vec();
        // SAFETY: it was locked above.
        unsafe { GlobalUnlock(memory) };
        Ok(Some(bytes))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: this thread opened it.
        unsafe { CloseClipboard() };
    }
}

/// More than anybody takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Puts `bytes` into the clipboard, which is open, or whose owner was asked for that format.
///
/// # Errors
///
/// That there is no memory, or the clipboard is somebody else's now.
pub(super) fn put(format: u32, bytes: &[u8]) -> io::Result<()> {
    let memory = Memory::with(bytes)?;
    // SAFETY: it is memory that can be moved, and nobody else's.
    let put = unsafe { SetClipboardData(format, memory.0) };
    if put.is_null() {
        return Err(io::Error::last_os_error());
    }
    memory.give_away();
    Ok(())
}

/// Memory of the kind that the clipboard takes.
struct Memory(HGLOBAL);

impl Memory {
    fn with(bytes: &[u8]) -> io::Result<Self> {
        // SAFETY: it takes any length.
        let memory = unsafe { GlobalAlloc(GMEM_MOVEABLE, bytes.len().max(1)) };
        if memory.is_null() {
            return Err(io::Error::last_os_error());
        }
        let memory = Self(memory);
        // SAFETY: it was got above.
        let at = unsafe { GlobalLock(memory.0) };
        if at.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is at least as long, and nobody else has it.
        unsafe {
            at.cast::<u8>()
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        // SAFETY: it was locked above.
        unsafe { GlobalUnlock(memory.0) };
        Ok(memory)
    }

    /// The clipboard has it from now on.
    fn give_away(mut self) {
        self.0 = null_mut();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was got here, and nobody took it.
            unsafe { GlobalFree(self.0) };
        }
    }
}
