//! A window above all others that takes no keys, drawn by GDI.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::c_void;
use std::io;
use std::ptr::{null, null_mut};
use std::sync::mpsc::{SyncSender, sync_channel};

use windows_sys::Win32::Foundation::{COLORREF, HWND, LPARAM, LRESULT, RECT, SIZE, WPARAM};
use windows_sys::Win32::Graphics::Gdi::{
    BeginPaint, CLEARTYPE_QUALITY, CreateFontW, CreateSolidBrush, DT_CENTER, DT_NOPREFIX,
    DT_SINGLELINE, DT_VCENTER, DeleteObject, DrawTextW, EndPaint, FW_SEMIBOLD, FillRect, GetDC,
    GetTextExtentPoint32W, HDC, HFONT, PAINTSTRUCT, ReleaseDC, SelectObject, SetBkMode,
    SetTextColor, TRANSPARENT,
};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DestroyWindow, DispatchMessageW, GWLP_USERDATA, GetMessageW,
    GetSystemMetrics, GetWindowLongPtrW, HWND_TOPMOST, IDC_ARROW, IsWindow, KillTimer, LoadCursorW,
    MA_NOACTIVATE, MSG, PostMessageW, PostQuitMessage, RegisterClassW, SM_CXSCREEN, SW_SHOWNA,
    SWP_NOACTIVATE, SWP_NOMOVE, SWP_NOSIZE, SetTimer, SetWindowLongPtrW, SetWindowPos, ShowWindow,
    WM_APP, WM_DESTROY, WM_LBUTTONUP, WM_MOUSEACTIVATE, WM_PAINT, WM_TIMER, WNDCLASSW,
    WS_EX_NOACTIVATE, WS_EX_TOOLWINDOW, WS_EX_TOPMOST, WS_POPUP,
};

use super::SignError;

/// The bar is to go.
const OVER: u32 = WM_APP;
/// Others may put themselves above it; so often it comes back, in milliseconds.
const RAISE_EVERY_MILLIS: u32 = 500;
const RAISE: usize = 1;
/// How high letters are, and how much room is around them, in pixels.
const LETTER: i32 = 22;
const GAP: i32 = 10;
/// Letters that are shown of a text.
const MOST_LETTERS: usize = 80;

const RED: COLORREF = 0x001e_26b3;
const WHITE: COLORREF = 0x00ff_ffff;

type Pressed = Box<dyn Fn() + Send>;

/// Takes the bar away when it is dropped.
#[derive(Debug)]
pub(super) struct Shown(HWND);

// SAFETY: a window's number means the same in all threads, and Windows looks whether there is such a window.
unsafe impl Send for Shown {}
// SAFETY: the same.
unsafe impl Sync for Shown {}

impl Shown {
    pub(super) fn begin(text: &str, button: &str, pressed: Pressed) -> Result<Self, SignError> {
        let (text, button) = (letters(text), letters(button));
        let (ready, made) = sync_channel(1);
        let thread = std::thread::Builder::new().name("sign".to_owned());
        thread.spawn(move || serve(text, button, pressed, &ready))?;
        let handle = made.recv().map_err(io::Error::other)??;
        Ok(Self(std::ptr::with_exposed_provenance_mut(handle)))
    }

    pub(super) fn is_over(&self) -> bool {
        // SAFETY: Windows looks whether there is such a window.
        unsafe { IsWindow(self.0) == 0 }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // SAFETY: Windows looks whether there is such a window.
        unsafe { PostMessageW(self.0, OVER, 0, 0) };
    }
}

fn letters(text: &str) -> Vec<u16> {
    let visible = text.chars().filter(|char| !char.is_control());
    let text: String = visible.take(MOST_LETTERS).collect();
    text.encode_utf16().collect()
}

/// What the window shows and does.
struct Bar {
    text: Vec<u16>,
    button: Vec<u16>,
    pressed: Pressed,
    font: HFONT,
    text_width: i32,
    button_width: i32,
}

impl Bar {
    fn new(text: Vec<u16>, button: Vec<u16>, pressed: Pressed) -> Self {
        let name: Vec<u16> = "Segoe UI\0".encode_utf16().collect();
        let weight = i32::try_from(FW_SEMIBOLD).unwrap_or(0);
        let smooth = u32::from(CLEARTYPE_QUALITY);
        // SAFETY: the name ends with a zero; all else are numbers.
        let font = unsafe {
            CreateFontW(
                -LETTER,
                0,
                0,
                0,
                weight,
                0,
                0,
                0,
                0,
                0,
                0,
                smooth,
                0,
                name.as_ptr(),
            )
        };
        // SAFETY: a null stands for the screen.
        let screen = unsafe { GetDC(null_mut()) };
        // SAFETY: both were made above.
        let before = unsafe { SelectObject(screen, font) };
        let (text_width, button_width) = (width(screen, &text), width(screen, &button));
        // SAFETY: it was in there before.
        unsafe { SelectObject(screen, before) };
        // SAFETY: it was got above, by this thread.
        unsafe { ReleaseDC(null_mut(), screen) };
        Self {
            text,
            button,
            pressed,
            font,
            text_width,
            button_width,
        }
    }

    fn size(&self) -> (i32, i32) {
        let width = self.text_width + self.button_width + 7 * GAP;
        (width, LETTER + 2 * GAP + GAP / 2)
    }

    fn button_place(&self) -> RECT {
        let (width, height) = self.size();
        RECT {
            left: width - self.button_width - 3 * GAP,
            top: GAP / 2,
            right: width - GAP,
            bottom: height - GAP / 2,
        }
    }

    fn draw(&self, context: HDC) {
        let (width, height) = self.size();
        let fill = |place: &RECT, colour: COLORREF| {
            // SAFETY: it takes any colour.
            let brush = unsafe { CreateSolidBrush(colour) };
            // SAFETY: the place lives until it returns.
            unsafe { FillRect(context, place, brush) };
            // SAFETY: it is this one's.
            unsafe { DeleteObject(brush) };
        };
        let write = |text: &[u16], mut place: RECT, colour: COLORREF| {
            // SAFETY: it takes any colour.
            unsafe { SetTextColor(context, colour) };
            let count = i32::try_from(text.len()).unwrap_or(0);
            let how = DT_SINGLELINE | DT_VCENTER | DT_CENTER | DT_NOPREFIX;
            // SAFETY: the text is so long, and the place lives until it returns.
            unsafe { DrawTextW(context, text.as_ptr(), count, &raw mut place, how) };
        };
        // SAFETY: the font lives as long as this.
        let before = unsafe { SelectObject(context, self.font) };
        // SAFETY: it takes any number.
        unsafe { SetBkMode(context, i32::try_from(TRANSPARENT).unwrap_or(1)) };
        let all = RECT {
            left: 0,
            top: 0,
            right: width,
            bottom: height,
        };
        let button = self.button_place();
        fill(&all, RED);
        fill(&button, WHITE);
        let text = RECT {
            left: 2 * GAP,
            right: 2 * GAP + self.text_width,
            ..all
        };
        write(&self.text, text, WHITE);
        write(&self.button, button, RED);
        // SAFETY: it was in there before.
        unsafe { SelectObject(context, before) };
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        // SAFETY: it is this one's, and in no context any more.
        unsafe { DeleteObject(self.font) };
    }
}

fn width(context: HDC, text: &[u16]) -> i32 {
    let mut size = SIZE::default();
    let count = i32::try_from(text.len()).unwrap_or(0);
    // SAFETY: the text is so long, and the size is written there.
    unsafe { GetTextExtentPoint32W(context, text.as_ptr(), count, &raw mut size) };
    size.cx
}

/// The thread that has the window.
fn serve(
    text: Vec<u16>,
    button: Vec<u16>,
    pressed: Pressed,
    ready: &SyncSender<io::Result<usize>>,
) {
    let bar = Box::new(Bar::new(text, button, pressed));
    let window = open(&bar);
    let told = window.map(<*mut c_void>::expose_provenance);
    if ready.send(told).is_err() {
        return;
    }
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

fn open(bar: &Bar) -> io::Result<HWND> {
    let name: Vec<u16> = "PureHelpDeskSign\0".encode_utf16().collect();
    // SAFETY: a null stands for this program, which is there.
    let program = unsafe { GetModuleHandleW(null()) };
    let class = WNDCLASSW {
        lpfnWndProc: Some(on_message),
        hInstance: program,
        // SAFETY: it is one of Windows' own.
        hCursor: unsafe { LoadCursorW(null_mut(), IDC_ARROW) },
        lpszClassName: name.as_ptr(),
        ..WNDCLASSW::default()
    };
    // the second time it is there already, which the window shows
    // SAFETY: the class and its name live until it returns.
    unsafe { RegisterClassW(&raw const class) };
    let (width, height) = bar.size();
    // SAFETY: it takes any number.
    let screen = unsafe { GetSystemMetrics(SM_CXSCREEN) };
    // SAFETY: the name ends with a zero.
    let window = unsafe {
        CreateWindowExW(
            WS_EX_TOPMOST | WS_EX_TOOLWINDOW | WS_EX_NOACTIVATE,
            name.as_ptr(),
            null(),
            WS_POPUP,
            ((screen - width) / 2).max(0),
            0,
            width,
            height,
            null_mut(),
            null_mut(),
            program,
            null(),
        )
    };
    if window.is_null() {
        return Err(io::Error::last_os_error());
    }
    let address = std::ptr::from_ref(bar).expose_provenance().cast_signed();
    // SAFETY: this thread made the window, and keeps the bar until the window is gone.
    unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, address) };
    // SAFETY: the same.
    unsafe { SetTimer(window, RAISE, RAISE_EVERY_MILLIS, None) };
    // SAFETY: the same.
    unsafe { ShowWindow(window, SW_SHOWNA) };
    Ok(window)
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
    let bar = std::ptr::with_exposed_provenance::<Bar>(address.cast_unsigned());
    // SAFETY: it is zero, or that of the bar, which is kept while the window is there.
    let bar = unsafe { bar.as_ref() };
    match (message, bar) {
        (WM_PAINT, Some(bar)) => {
            let mut painted = PAINTSTRUCT::default();
            // SAFETY: the structure is written there.
            let context = unsafe { BeginPaint(window, &raw mut painted) };
            bar.draw(context);
            // SAFETY: it was begun above.
            unsafe { EndPaint(window, &raw const painted) };
            0
        }
        (WM_LBUTTONUP, Some(bar)) => {
            let [left, top] = [more, more >> 16].map(|part| i32::from(low_word(part)));
            let place = bar.button_place();
            if (place.left..place.right).contains(&left) && (place.top..place.bottom).contains(&top)
            {
                (bar.pressed)();
            }
            0
        }
        (WM_MOUSEACTIVATE, _) => isize::try_from(MA_NOACTIVATE).unwrap_or(3),
        (WM_TIMER, _) => {
            let how = SWP_NOACTIVATE | SWP_NOMOVE | SWP_NOSIZE;
            // SAFETY: as above.
            unsafe { SetWindowPos(window, HWND_TOPMOST, 0, 0, 0, 0, how) };
            0
        }
        (OVER, _) => {
            // SAFETY: this is the thread that made it.
            unsafe { DestroyWindow(window) };
            0
        }
        (WM_DESTROY, _) => {
            // SAFETY: as above.
            unsafe { KillTimer(window, RAISE) };
            // SAFETY: as above.
            unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, 0) };
            // SAFETY: it takes any number.
            unsafe { PostQuitMessage(0) };
            0
        }
        // SAFETY: it takes what Windows gave.
        _ => unsafe { DefWindowProcW(window, message, what, more) },
    }
}

/// A place in a window may be left of it.
fn low_word(number: LPARAM) -> i16 {
    let [low, high, ..] = number.to_le_bytes();
    i16::from_le_bytes([low, high])
}
