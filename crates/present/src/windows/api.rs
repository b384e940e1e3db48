//! What of Windows is asked for, without pointers.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::c_void;
use std::io;
use std::ptr::null_mut;
use std::slice;

use codec::Rect;
use own_window::{Handle, Kind, Message, OwnWindow};
use windows_sys::Win32::Foundation::LRESULT;
use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BeginPaint, BitBlt, CreateCompatibleDC, CreateDIBSection,
    DIB_RGB_COLORS, DeleteDC, DeleteObject, EndPaint, GdiFlush, GetDC, HBITMAP, HDC, HGDIOBJ,
    PAINTSTRUCT, ReleaseDC, SRCCOPY, SelectObject,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    DestroyWindow, HWND_TOP, SWP_ASYNCWINDOWPOS, SWP_HIDEWINDOW, SWP_NOACTIVATE, SWP_NOMOVE,
    SWP_NOSIZE, SWP_SHOWWINDOW, SetWindowPos, WM_APP, WM_ERASEBKGND, WM_NCDESTROY, WM_PAINT,
};

/// The window is to go.
const OVER: u32 = WM_APP;

/// Copies the picture to what Windows uncovered.
type Paint = Box<dyn Fn(Child)>;

fn whole(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The child window, for its own thread.
pub(super) struct ChildWindow(OwnWindow);

impl ChildWindow {
    /// Makes it in the window `parent`, hidden. `paint` is called from [`Self::serve`].
    ///
    /// # Errors
    ///
    /// That Windows gives no window there, or that nobody would see it.
    pub(super) fn new(parent: u64, paint: Paint) -> io::Result<Self> {
        if hides_children(parent) {
            return Err(io::Error::other("OpenGL would be above it"));
        }
        let kind = Kind::Pixels { inside: parent };
        let listener = move |window: Handle, told: Message| answer(window, told, &paint);
        OwnWindow::new("PureHelpDeskPicture", kind, listener).map(Self)
    }

    pub(super) fn child(&self) -> Child {
        Child(self.0.handle())
    }

    /// Answers Windows until the window is gone.
    pub(super) fn serve(self) {
        self.0.serve();
    }
}

#[link(name = "gdi32")]
unsafe extern "system" {
    fn GetPixelFormat(context: HDC) -> i32;
}

/// Whether what OpenGL draws in the window `parent` lies above all windows in it, as under Wine.
fn hides_children(parent: u64) -> bool {
    // SAFETY: the name ends with a zero.
    let system = unsafe { GetModuleHandleA(c"ntdll.dll".as_ptr().cast()) };
    if system.is_null() {
        return false;
    }
    // SAFETY: the library stays, and the name ends with a zero.
    let is_wine = unsafe { GetProcAddress(system, c"wine_get_version".as_ptr().cast()) }.is_some();
    let Ok(parent) = usize::try_from(parent) else {
        return false;
    };
    let parent = std::ptr::with_exposed_provenance_mut::<c_void>(parent);
    // SAFETY: Windows looks whether there is such a window.
    let context = unsafe { GetDC(parent) };
    // SAFETY: it may be null, which has no format.
    let has_opengl = unsafe { GetPixelFormat(context) } != 0;
    // SAFETY: it was got above, by this thread.
    unsafe { ReleaseDC(parent, context) };
    is_wine && has_opengl
}

fn answer(window: Handle, told: Message, paint: &Paint) -> Option<LRESULT> {
    match told.message {
        WM_PAINT => {
            let mut painted = PAINTSTRUCT::default();
            // SAFETY: Windows names a window that is there, and the structure is written there.
            unsafe { BeginPaint(window.raw(), &raw mut painted) };
            // SAFETY: as above.
            unsafe { EndPaint(window.raw(), &raw const painted) };
            paint(Child(window));
            Some(0)
        }
        // all of it is painted
        WM_ERASEBKGND => Some(1),
        OVER => {
            // SAFETY: this is the thread that made it.
            unsafe { DestroyWindow(window.raw()) };
            Some(0)
        }
        // also when the window around it went
        WM_NCDESTROY => {
            own_window::quit();
            Some(0)
        }
        _ => None,
    }
}

/// The child window, for any thread; it may be gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child(Handle);

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
        unsafe { SetWindowPos(self.0.raw(), HWND_TOP, x, y, width, height, how) };
    }

    /// Copies parts of `bitmap` into the window.
    pub(super) fn copy(self, bitmap: &Bitmap, parts: impl Iterator<Item = Copy>) {
        // SAFETY: Windows looks whether there is such a window.
        let context = unsafe { GetDC(self.0.raw()) };
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
        unsafe { ReleaseDC(self.0.raw(), context) };
        // SAFETY: it takes nothing. What was drawn is on the screen, and the pixels may change.
        unsafe { GdiFlush() };
    }

    /// Has its thread take it away.
    pub(super) fn end(self) {
        self.0.post(OVER);
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
