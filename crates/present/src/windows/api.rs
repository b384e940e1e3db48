//! What of Windows is asked for, without pointers.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::c_void;
use std::io;
use std::ptr::{null, null_mut};
use std::slice;

use codec::Rect;
use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BeginPaint, BitBlt, CreateCompatibleDC, CreateDIBSection,
    DIB_RGB_COLORS, DeleteDC, DeleteObject, EndPaint, GdiFlush, GetDC, HBITMAP, HDC, HGDIOBJ,
    PAINTSTRUCT, ReleaseDC, SRCCOPY, SelectObject,
};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DestroyWindow, DispatchMessageW, GWLP_USERDATA, GetMessageW,
    GetWindowLongPtrW, HWND_TOP, MSG, PostMessageW, PostQuitMessage, RegisterClassW,
    SWP_ASYNCWINDOWPOS, SWP_HIDEWINDOW, SWP_NOACTIVATE, SWP_NOMOVE, SWP_NOSIZE, SWP_SHOWWINDOW,
    SetWindowLongPtrW, SetWindowPos, WM_APP, WM_ERASEBKGND, WM_NCDESTROY, WM_PAINT, WNDCLASSW,
    WS_CHILD, WS_CLIPSIBLINGS, WS_DISABLED, WS_EX_NOACTIVATE, WS_EX_NOPARENTNOTIFY,
};

/// The window is to go.
const OVER: u32 = WM_APP;

/// Copies the picture to what Windows uncovered.
type Paint = Box<dyn Fn(Child)>;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn whole(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The child window, for its own thread.
pub(super) struct ChildWindow {
    child: Child,
    /// What the window knows the address of.
    _paint: Box<Paint>,
}

impl ChildWindow {
    /// Makes it in the window `parent`, hidden. `paint` is called from [`Self::serve`].
    ///
    /// # Errors
    ///
    /// That Windows gives no window there.
    pub(super) fn new(parent: u64, paint: Paint) -> io::Result<Self> {
        let parent = usize::try_from(parent).map_err(io::Error::other)?;
        let parent: HWND = std::ptr::with_exposed_provenance_mut::<c_void>(parent);
        let name = wide("PureHelpDeskPicture");
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
        // a window that is disabled leaves the pointer to the one around it
        let style = WS_CHILD | WS_DISABLED | WS_CLIPSIBLINGS;
        let more = WS_EX_NOACTIVATE | WS_EX_NOPARENTNOTIFY;
        // SAFETY: the name ends with a zero, and Windows looks whether there is such a window.
        let handle = unsafe {
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
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        let paint = Box::new(paint);
        let address = (&raw const *paint).expose_provenance().cast_signed();
        // SAFETY: this thread made the window, and the address stays good until it is gone.
        unsafe { SetWindowLongPtrW(handle, GWLP_USERDATA, address) };
        Ok(Self {
            child: Child(handle),
            _paint: paint,
        })
    }

    pub(super) fn child(&self) -> Child {
        self.child
    }

    /// Answers Windows until the window is gone.
    #[expect(
        clippy::unused_self,
        reason = "what the window knows must live as long as it"
    )]
    pub(super) fn serve(self) {
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

impl Drop for ChildWindow {
    fn drop(&mut self) {
        // SAFETY: a window of this thread, or one that is gone, which Windows says.
        unsafe { SetWindowLongPtrW(self.child.0, GWLP_USERDATA, 0) };
        // SAFETY: the same.
        unsafe { DestroyWindow(self.child.0) };
    }
}

/// Windows' own signature.
unsafe extern "system" fn on_message(
    window: HWND,
    message: u32,
    what: WPARAM,
    more: LPARAM,
) -> LRESULT {
    match message {
        WM_PAINT => {
            let mut painted = PAINTSTRUCT::default();
            // SAFETY: Windows names a window that is there, and the structure is written there.
            unsafe { BeginPaint(window, &raw mut painted) };
            // SAFETY: as above.
            unsafe { EndPaint(window, &raw const painted) };
            // SAFETY: as above.
            let address = unsafe { GetWindowLongPtrW(window, GWLP_USERDATA) };
            let paint = std::ptr::with_exposed_provenance::<Paint>(address.cast_unsigned());
            // SAFETY: it is zero, or that of what the window's owner keeps while the window is there.
            if let Some(paint) = unsafe { paint.as_ref() } {
                paint(Child(window));
            }
            0
        }
        // all of it is painted
        WM_ERASEBKGND => 1,
        OVER => {
            // SAFETY: this is the thread that made it.
            unsafe { DestroyWindow(window) };
            0
        }
        // also when the window around it went
        WM_NCDESTROY => {
            // SAFETY: it takes any number.
            unsafe { PostQuitMessage(0) };
            0
        }
        // SAFETY: it takes what Windows gave.
        _ => unsafe { DefWindowProcW(window, message, what, more) },
    }
}

/// The child window, for any thread; it may be gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child(HWND);

// SAFETY: a window's number means the same in all threads, and Windows looks whether there is such a window.
unsafe impl Send for Child {}
// SAFETY: the same.
unsafe impl Sync for Child {}

/// What is copied, in pixels.
pub(super) struct Copy {
    /// In the bitmap.
    pub(super) from: (u32, u32),
    /// In the window.
    pub(super) to: (u32, u32),
    pub(super) size: (u32, u32),
}

impl Child {
    /// Puts it at `area` of the window around it, or hides it. The thread that has it does so soon.
    pub(super) fn place(self, area: Option<Rect>) {
        let quiet = SWP_NOACTIVATE | SWP_ASYNCWINDOWPOS;
        let (area, how) = match area {
            Some(area) => (area, quiet | SWP_SHOWWINDOW),
            None => (
                Rect::default(),
                quiet | SWP_HIDEWINDOW | SWP_NOMOVE | SWP_NOSIZE,
            ),
        };
        let (x, y) = (whole(area.x), whole(area.y));
        let (width, height) = (whole(area.width), whole(area.height));
        // SAFETY: Windows looks whether there is such a window.
        unsafe { SetWindowPos(self.0, HWND_TOP, x, y, width, height, how) };
    }

    /// Copies parts of `bitmap` into the window.
    pub(super) fn copy(self, bitmap: &Bitmap, parts: impl Iterator<Item = Copy>) {
        // SAFETY: Windows looks whether there is such a window.
        let context = unsafe { GetDC(self.0) };
        if context.is_null() {
            return;
        }
        for Copy { from, to, size } in parts {
            // SAFETY: both contexts are there.
            unsafe {
                BitBlt(
                    context,
                    whole(to.0),
                    whole(to.1),
                    whole(size.0),
                    whole(size.1),
                    bitmap.context,
                    whole(from.0),
                    whole(from.1),
                    SRCCOPY,
                )
            };
        }
        // SAFETY: it was got above, by this thread.
        unsafe { ReleaseDC(self.0, context) };
        // SAFETY: it takes nothing. What was drawn is on the screen, and the pixels may change.
        unsafe { GdiFlush() };
    }

    /// Has its thread take it away.
    pub(super) fn end(self) {
        // SAFETY: Windows looks whether there is such a window.
        unsafe { PostMessageW(self.0, OVER, 0, 0) };
    }
}

/// Pixels that Windows can copy to a window: blue, green, red and nothing, rows from the top.
#[derive(Debug)]
pub(super) struct Bitmap {
    context: HDC,
    handle: HBITMAP,
    before: HGDIOBJ,
    pixels: *mut u32,
    count: usize,
}

// SAFETY: its handles are this process's, whichever thread uses them, and one at a time does.
unsafe impl Send for Bitmap {}

impl Bitmap {
    /// # Errors
    ///
    /// That there is no memory of that size.
    pub(super) fn new(width: u32, height: u32) -> io::Result<Self> {
        let side = |pixels: u32| i32::try_from(pixels).map_err(io::Error::other);
        let header = BITMAPINFOHEADER {
            biSize: u32::try_from(size_of::<BITMAPINFOHEADER>()).map_err(io::Error::other)?,
            biWidth: side(width)?,
            // below zero: the first row is the top one
            biHeight: -side(height)?,
            biPlanes: 1,
            biBitCount: 32,
            biCompression: BI_RGB,
            ..BITMAPINFOHEADER::default()
        };
        let info = BITMAPINFO {
            bmiHeader: header,
            ..BITMAPINFO::default()
        };
        // SAFETY: a null stands for the screen.
        let context = unsafe { CreateCompatibleDC(null_mut()) };
        if context.is_null() {
            return Err(io::Error::last_os_error());
        }
        let count = width as usize * height as usize;
        let mut made = Self {
            context,
            handle: null_mut(),
            before: null_mut(),
            pixels: null_mut(),
            count,
        };
        let mut bits: *mut c_void = null_mut();
        // SAFETY: the header and the place for the address live until it returns; there is no file behind it.
        made.handle = unsafe {
            CreateDIBSection(
                context,
                &raw const info,
                DIB_RGB_COLORS,
                &raw mut bits,
                null_mut(),
                0,
            )
        };
        if made.handle.is_null() || bits.is_null() {
            return Err(io::Error::last_os_error());
        }
        made.pixels = bits.cast();
        // SAFETY: both were made above.
        made.before = unsafe { SelectObject(context, made.handle) };
        Ok(made)
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [u32] {
        // SAFETY: so many pixels of four bytes are there as long as the bitmap is; `copy` has Windows done with
        // them before it returns.
        unsafe { slice::from_raw_parts_mut(self.pixels, self.count) }
    }
}

impl Drop for Bitmap {
    fn drop(&mut self) {
        if !self.before.is_null() {
            // SAFETY: it was in there before.
            unsafe { SelectObject(self.context, self.before) };
        }
        if !self.handle.is_null() {
            // SAFETY: it is this one's, and in no context any more.
            unsafe { DeleteObject(self.handle) };
        }
        // SAFETY: it is this one's.
        unsafe { DeleteDC(self.context) };
    }
}
