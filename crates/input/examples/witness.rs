//! For plays: a window of Windows that writes down every key, click and turn of the wheel it hears of, and
//! changes its colour with every character, so that a key can be seen.
//!
//! `witness FILE WIDTH HEIGHT`; one line in the file for each thing.

fn main() {
    #[cfg(windows)]
    on_windows::run();
}

#[cfg(windows)]
mod on_windows {
    #![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

    use std::cell::RefCell;
    use std::fs::File;
    use std::io::Write as _;
    use std::ptr::{null, null_mut};

    use windows_sys::Win32::Foundation::{COLORREF, HWND, LPARAM, LRESULT, POINT, RECT, WPARAM};
    use windows_sys::Win32::Graphics::Gdi::{
        ClientToScreen, CreateSolidBrush, DeleteObject, FillRect, GetDC, ReleaseDC, ValidateRect,
    };
    use windows_sys::Win32::UI::WindowsAndMessaging::{
        CreateWindowExW, DefWindowProcW, DispatchMessageW, GetClientRect, GetMessageW, IDC_ARROW,
        LoadCursorW, MSG, PostQuitMessage, RegisterClassW, TranslateMessage, WM_CHAR, WM_DESTROY,
        WM_KEYDOWN, WM_KEYUP, WM_LBUTTONDOWN, WM_MBUTTONDOWN, WM_MOUSEHWHEEL, WM_MOUSEWHEEL,
        WM_MOVE, WM_PAINT, WM_RBUTTONDOWN, WM_SIZE, WM_SYSKEYDOWN, WM_SYSKEYUP, WNDCLASSW,
        WS_OVERLAPPEDWINDOW, WS_VISIBLE,
    };

    /// As a lamp's on Linux: odd, so that neighbours differ much.
    const STEP: u32 = 0x9e_37_79;
    const FIRST: u32 = 0xd0_10_a0;

    struct Notes {
        file: File,
        characters: u32,
    }

    thread_local! {
        static NOTES: RefCell<Option<Notes>> = const { RefCell::new(None) };
    }

    fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().chain([0]).collect()
    }

    pub(super) fn run() {
        let mut words = std::env::args_os().skip(1);
        let path = words.next().expect("a file");
        let mut side = || -> i32 {
            let word = words.next().expect("a width and a height");
            word.to_str().expect("text").parse().expect("pixels")
        };
        let (width, height) = (side(), side());
        let file = File::create(path).expect("a file that can be written");
        NOTES.set(Some(Notes {
            file,
            characters: 0,
        }));
        let (name, title) = (wide("Witness"), wide("Witness"));
        let class = WNDCLASSW {
            lpfnWndProc: Some(hear),
            // SAFETY: a null and this number stand for a pointer of Windows' own.
            hCursor: unsafe { LoadCursorW(null_mut(), IDC_ARROW) },
            lpszClassName: name.as_ptr(),
            ..WNDCLASSW::default()
        };
        // SAFETY: the class and its name live until it returns.
        unsafe { RegisterClassW(&raw const class) };
        // SAFETY: both texts end with a zero.
        let window = unsafe {
            CreateWindowExW(
                0,
                name.as_ptr(),
                title.as_ptr(),
                WS_OVERLAPPEDWINDOW | WS_VISIBLE,
                60,
                60,
                width,
                height,
                null_mut(),
                null_mut(),
                null_mut(),
                null(),
            )
        };
        assert!(!window.is_null(), "{}", std::io::Error::last_os_error());
        let mut message = MSG::default();
        // SAFETY: the message is written there; a null means all windows of this thread.
        while unsafe { GetMessageW(&raw mut message, null_mut(), 0, 0) } > 0 {
            // SAFETY: the message came from Windows.
            unsafe { TranslateMessage(&raw const message) };
            // SAFETY: the same.
            unsafe { DispatchMessageW(&raw const message) };
        }
    }

    fn note(what: &str) {
        NOTES.with_borrow_mut(|notes| {
            if let Some(notes) = notes {
                writeln!(notes.file, "{what}").expect("written");
            }
        });
    }

    /// Blue, green and red, as GDI has them.
    fn colour(count: u32) -> COLORREF {
        let [_, red, green, blue] = FIRST.wrapping_add(count.wrapping_mul(STEP)).to_be_bytes();
        u32::from_be_bytes([0, blue, green, red])
    }

    /// Fills the window.
    fn paint(window: HWND) {
        let count = NOTES.with_borrow(|notes| notes.as_ref().map_or(0, |notes| notes.characters));
        let mut inside = RECT::default();
        // SAFETY: the rectangle is written there.
        unsafe { GetClientRect(window, &raw mut inside) };
        // SAFETY: the window is there; the context is given back below.
        let context = unsafe { GetDC(window) };
        // SAFETY: it takes any number.
        let brush = unsafe { CreateSolidBrush(colour(count)) };
        // SAFETY: context and brush live, and the rectangle until it returns.
        unsafe { FillRect(context, &raw const inside, brush) };
        // SAFETY: it was made above.
        unsafe { DeleteObject(brush) };
        // SAFETY: it was taken above.
        unsafe { ReleaseDC(window, context) };
        // SAFETY: the window is there; a null means all of it.
        unsafe { ValidateRect(window, null()) };
    }

    /// Writes where the content of the window is on the screen.
    fn tell_place(window: HWND) {
        let (mut inside, mut corner) = (RECT::default(), POINT::default());
        // SAFETY: the rectangle is written there.
        unsafe { GetClientRect(window, &raw mut inside) };
        // SAFETY: the place is written there.
        unsafe { ClientToScreen(window, &raw mut corner) };
        note(&format!(
            "at {} {} {} {}",
            corner.x, corner.y, inside.right, inside.bottom
        ));
    }

    /// Two signed numbers of 16 bits, the lower first.
    fn halves(number: isize) -> (i16, i16) {
        let bytes = number.to_le_bytes();
        let half = |at: usize| i16::from_le_bytes([bytes[at], bytes[at + 1]]);
        (half(0), half(2))
    }

    /// Windows' own signature.
    unsafe extern "system" fn hear(
        window: HWND,
        message: u32,
        what: WPARAM,
        more: LPARAM,
    ) -> LRESULT {
        let (x, y) = halves(more);
        let (_, turned) = halves(what.cast_signed());
        match message {
            WM_PAINT => paint(window),
            WM_MOVE | WM_SIZE => tell_place(window),
            WM_CHAR => {
                note(&format!("char {what:x}"));
                NOTES.with_borrow_mut(|notes| {
                    if let Some(notes) = notes {
                        notes.characters += 1;
                    }
                });
                paint(window);
            }
            WM_KEYDOWN | WM_SYSKEYDOWN => note(&format!("down {what:x}")),
            WM_KEYUP | WM_SYSKEYUP => note(&format!("up {what:x}")),
            WM_LBUTTONDOWN => note(&format!("left {x} {y}")),
            WM_MBUTTONDOWN => note(&format!("middle {x} {y}")),
            WM_RBUTTONDOWN => note(&format!("right {x} {y}")),
            WM_MOUSEWHEEL => note(&format!("wheel {turned}")),
            WM_MOUSEHWHEEL => note(&format!("sideways {turned}")),
            // SAFETY: it takes any number.
            WM_DESTROY => unsafe { PostQuitMessage(0) },
            // SAFETY: it takes what Windows gave.
            _ => return unsafe { DefWindowProcW(window, message, what, more) },
        }
        0
    }
}
