//! A text field that fills a window in front, and what arrives in it.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::cell::RefCell;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, POINT, RECT, WPARAM};
use windows_sys::Win32::UI::Accessibility::NotifyWinEvent;
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{GetAsyncKeyState, SetFocus};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CallWindowProcW, CreateWindowExW, DestroyWindow, DispatchMessageW, ES_AUTOHSCROLL,
    ES_MULTILINE, EVENT_SYSTEM_DESKTOPSWITCH, GWLP_WNDPROC, GetCursorPos, GetForegroundWindow,
    GetSystemMetrics, GetWindowRect, GetWindowTextW, GetWindowThreadProcessId, MSG, OBJID_WINDOW,
    PM_REMOVE, PeekMessageW, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN, SetForegroundWindow,
    SetWindowLongPtrW, TranslateMessage, WM_MBUTTONDOWN, WM_MBUTTONUP, WM_MOUSEWHEEL,
    WM_RBUTTONDOWN, WM_RBUTTONUP, WNDPROC, WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE,
};

/// There is one keyboard.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Nothing comes any more after this.
const STILL: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);

/// What a window heard of the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Press(&'static str),
    Release(&'static str),
    Wheel(i16),
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
    static USUAL: RefCell<WNDPROC> = const { RefCell::new(None) };
}

pub(crate) struct Field {
    window: HWND,
    notepad: Option<Child>,
    _turn: MutexGuard<'static, ()>,
}

impl Field {
    pub(crate) fn open() -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let class: Vec<u16> = "EDIT\0".encode_utf16().collect();
        let style = WS_POPUP | WS_VISIBLE | (ES_MULTILINE | ES_AUTOHSCROLL).cast_unsigned();
        // SAFETY: the class is one of Windows' own, and its name ends with a zero.
        let window = unsafe {
            CreateWindowExW(
                WS_EX_TOPMOST,
                class.as_ptr(),
                std::ptr::null(),
                style,
                100,
                80,
                400,
                200,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null(),
            )
        };
        assert!(!window.is_null(), "{}", std::io::Error::last_os_error());
        let hears: unsafe extern "system" fn(HWND, u32, WPARAM, LPARAM) -> LRESULT = hear;
        // SAFETY: the function has the signature of a window's, and stays.
        let usual =
            unsafe { SetWindowLongPtrW(window, GWLP_WNDPROC, (hears as usize).cast_signed()) };
        // SAFETY: what is set there is a function of a window or nothing.
        USUAL.set(unsafe { std::mem::transmute::<isize, WNDPROC>(usual) });
        // SAFETY: the window was made above, by this thread.
        unsafe { SetForegroundWindow(window) };
        // SAFETY: the same.
        unsafe { SetFocus(window) };
        let field = Self {
            window,
            notepad: None,
            _turn: turn,
        };
        Self::pump();
        SEEN.take();
        field
    }

    /// Handles messages until nothing came for a while.
    fn pump() {
        let end = Instant::now() + PATIENCE;
        let mut last = Instant::now();
        while last.elapsed() < STILL && Instant::now() < end {
            let mut message = MSG::default();
            // SAFETY: the message is written there; a null means all windows of this thread.
            let came =
                unsafe { PeekMessageW(&raw mut message, std::ptr::null_mut(), 0, 0, PM_REMOVE) };
            if came == 0 {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            last = Instant::now();
            // SAFETY: the message came from Windows.
            unsafe { TranslateMessage(&raw const message) };
            // SAFETY: the same.
            unsafe { DispatchMessageW(&raw const message) };
        }
    }

    pub(crate) fn text_when_still(&self) -> String {
        Self::pump();
        let mut units = [0_u16; 256];
        let most = i32::try_from(units.len()).expect("few");
        // SAFETY: there is room for that many units.
        let length = unsafe { GetWindowTextW(self.window, units.as_mut_ptr(), most) };
        String::from_utf16_lossy(&units[..usize::try_from(length).unwrap_or(0)])
    }

    pub(crate) fn seen_when_still() -> Vec<Seen> {
        Self::pump();
        SEEN.take()
    }

    /// Windows' own word for it, in the mouth of this program: Wine has but one desktop to show.
    pub(crate) fn hear_of_another_desktop(&self) {
        // only who has asked for messages since knows of hooks in Wine
        Self::pump();
        // SAFETY: the window was made by this thread; the others are numbers.
        unsafe { NotifyWinEvent(EVENT_SYSTEM_DESKTOPSWITCH, self.window, OBJID_WINDOW, 0) };
    }

    /// Until the end of this.
    pub(crate) fn let_notepad_in_front(&mut self) {
        let notepad = Command::new("notepad").spawn().expect("notepad starts");
        let id = notepad.id();
        self.notepad = Some(notepad);
        let in_front = || {
            let mut process = 0;
            // SAFETY: it takes nothing.
            let window = unsafe { GetForegroundWindow() };
            // SAFETY: whatever the window is; its process is written there.
            unsafe { GetWindowThreadProcessId(window, &raw mut process) };
            process == id
        };
        // who is asked to give way has to answer
        let end = Instant::now() + PATIENCE;
        while !in_front() {
            assert!(Instant::now() < end, "notepad does not come to the front");
            Self::pump();
        }
    }

    pub(crate) fn place_inside(&self) -> (i32, i32) {
        let mut rect = RECT::default();
        // SAFETY: the rectangle is written there.
        unsafe { GetWindowRect(self.window, &raw mut rect) };
        (rect.left + 37, rect.top + 21)
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        if let Some(notepad) = &mut self.notepad {
            notepad.kill().ok();
            notepad.wait().ok();
        }
        // SAFETY: this thread made the window.
        unsafe { DestroyWindow(self.window) };
    }
}

/// Notes what the pointer does, which a text field answers with menus and the like, and hands on the rest.
unsafe extern "system" fn hear(window: HWND, what: u32, how: WPARAM, at: LPARAM) -> LRESULT {
    let seen = match what {
        WM_RBUTTONDOWN => Seen::Press("right"),
        WM_RBUTTONUP => Seen::Release("right"),
        WM_MBUTTONDOWN => Seen::Press("middle"),
        WM_MBUTTONUP => Seen::Release("middle"),
        WM_MOUSEWHEEL => Seen::Wheel(turned(how)),
        _ => {
            let usual = USUAL.with_borrow(|usual| *usual);
            // SAFETY: the window's own function, with what came.
            return unsafe { CallWindowProcW(usual, window, what, how, at) };
        }
    };
    SEEN.with_borrow_mut(|list| list.push(seen));
    0
}

/// The upper half of what a message says.
fn turned(how: WPARAM) -> i16 {
    let [_, _, low, high, ..] = how.to_le_bytes();
    i16::from_le_bytes([low, high])
}

pub(crate) fn is_down(virtual_key: i32) -> bool {
    // SAFETY: it takes any number.
    let state = unsafe { GetAsyncKeyState(virtual_key) };
    state < 0
}

pub(crate) fn pointer() -> (i32, i32) {
    let mut at = POINT::default();
    // SAFETY: the place is written there.
    unsafe { GetCursorPos(&raw mut at) };
    (at.x, at.y)
}

pub(crate) fn desktop_size() -> (i32, i32) {
    // SAFETY: it takes any number.
    let width = unsafe { GetSystemMetrics(SM_CXVIRTUALSCREEN) };
    // SAFETY: the same.
    (width, unsafe { GetSystemMetrics(SM_CYVIRTUALSCREEN) })
}

pub(crate) fn wait_until(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}
