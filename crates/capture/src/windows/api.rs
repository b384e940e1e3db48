//! What of Windows is asked for, without pointers.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::c_void;
use std::io;
use std::mem::size_of;
use std::slice;

use codec::{PixelSize, Rect};
use windows_sys::Win32::Foundation::{LPARAM, POINT, RECT};
use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAP, BITMAPINFO, BITMAPINFOHEADER, BitBlt, CAPTUREBLT, CreateCompatibleDC,
    CreateDIBSection, DIB_RGB_COLORS, DeleteDC, DeleteObject, EnumDisplayMonitors, GdiFlush, GetDC,
    GetDIBits, GetMonitorInfoW, GetObjectW, HBITMAP, HDC, HGDIOBJ, HMONITOR, MONITORINFO,
    MONITORINFOEXW, ReleaseDC, SRCCOPY, SelectObject,
};
use windows_sys::Win32::Media::{timeBeginPeriod, timeEndPeriod};
use windows_sys::Win32::System::StationsAndDesktops::{
    CloseDesktop, DESKTOP_READOBJECTS, OpenInputDesktop,
};
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CURSOR_SHOWING, CURSORINFO, GetCursorInfo, GetIconInfo, GetSystemMetrics, ICONINFO,
    MONITORINFOF_PRIMARY, SM_XVIRTUALSCREEN, SM_YVIRTUALSCREEN,
};

use super::cursor::Bitmaps;

/// One monitor, in pixels of the screen, whose zero is the top left of the main monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Display {
    /// `\\.\DISPLAY1`
    pub(super) name: String,
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) is_primary: bool,
}

/// Where the pointer is and which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) is_shown: bool,
    /// Two cursors that look alike are often the same one.
    pub(super) handle: usize,
}

/// What a cursor looks like, and the point that clicks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CursorLook {
    pub(super) hot: (u32, u32),
    pub(super) bitmaps: Bitmaps,
}

fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn size_for<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(u32::MAX)
}

/// Where the desktop of all monitors begins.
pub(super) fn origin() -> (i32, i32) {
    // SAFETY: it takes any number.
    let left = unsafe { GetSystemMetrics(SM_XVIRTUALSCREEN) };
    // SAFETY: the same.
    let top = unsafe { GetSystemMetrics(SM_YVIRTUALSCREEN) };
    (left, top)
}

/// The monitors that are on.
///
/// # Errors
///
/// That Windows does not tell.
pub(super) fn displays() -> io::Result<Vec<Display>> {
    let mut found: Vec<Display> = Vec::new();
    let to = (&raw mut found).expose_provenance().cast_signed();
    // SAFETY: the function is called during this call only, with the address of `found`.
    let told = unsafe {
        EnumDisplayMonitors(std::ptr::null_mut(), std::ptr::null(), Some(on_display), to)
    };
    succeeded(told)?;
    Ok(found)
}

/// Windows' own signature; `to` is the address of the list.
unsafe extern "system" fn on_display(
    monitor: HMONITOR,
    _context: HDC,
    _area: *mut RECT,
    to: LPARAM,
) -> i32 {
    let mut info = MONITORINFOEXW::default();
    info.monitorInfo.cbSize = size_for::<MONITORINFOEXW>();
    // SAFETY: the structure begins with a `MONITORINFO`, and says that it is the longer one.
    let told = unsafe { GetMonitorInfoW(monitor, (&raw mut info).cast::<MONITORINFO>()) };
    if told != 0 {
        let name = info.szDevice.split(|unit| *unit == 0).next().unwrap_or(&[]);
        let RECT {
            left,
            top,
            right,
            bottom,
        } = info.monitorInfo.rcMonitor;
        let list = std::ptr::with_exposed_provenance_mut::<Vec<Display>>(to.cast_unsigned());
        // SAFETY: `displays` waits with the list until the last of these calls has returned.
        let list = unsafe { &mut *list };
        list.push(Display {
            name: String::from_utf16_lossy(name),
            left,
            top,
            width: right.abs_diff(left),
            height: bottom.abs_diff(top),
            is_primary: info.monitorInfo.dwFlags & MONITORINFOF_PRIMARY != 0,
        });
    }
    1
}

/// Memory of the size of a picture, into which Windows copies the screen.
pub(super) struct Canvas {
    context: HDC,
    bitmap: HBITMAP,
    before: HGDIOBJ,
    bits: *mut c_void,
    size: PixelSize,
}

// SAFETY: its handles are this process's, whichever thread uses them, and one at a time does.
unsafe impl Send for Canvas {}

impl Canvas {
    /// # Errors
    ///
    /// That there is no memory of that size.
    pub(super) fn new(size: PixelSize) -> io::Result<Self> {
        let header = header(size)?;
        // SAFETY: a null stands for the screen.
        let context = unsafe { CreateCompatibleDC(std::ptr::null_mut()) };
        if context.is_null() {
            return Err(io::Error::last_os_error());
        }
        let mut canvas = Self {
            context,
            bitmap: std::ptr::null_mut(),
            before: std::ptr::null_mut(),
            bits: std::ptr::null_mut(),
            size,
        };
        // SAFETY: the header and the place for the address live until it returns; there is no file behind it.
        canvas.bitmap = unsafe {
            CreateDIBSection(
                context,
                &raw const header,
                DIB_RGB_COLORS,
                &raw mut canvas.bits,
                std::ptr::null_mut(),
                0,
            )
        };
        if canvas.bitmap.is_null() || canvas.bits.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: both were made above.
        canvas.before = unsafe { SelectObject(context, canvas.bitmap) };
        Ok(canvas)
    }

    pub(super) fn size(&self) -> PixelSize {
        self.size
    }

    /// Copies the screen from `at` on, in pixels of the screen.
    ///
    /// # Errors
    ///
    /// That Windows does not let this program see it now.
    pub(super) fn copy_screen(&mut self, at: (i32, i32)) -> io::Result<()> {
        let side = |pixels: u32| i32::try_from(pixels).map_err(io::Error::other);
        let (width, height) = (side(self.size.width)?, side(self.size.height)?);
        // SAFETY: a null stands for the screen.
        let screen = unsafe { GetDC(std::ptr::null_mut()) };
        if screen.is_null() {
            return Err(io::Error::last_os_error());
        }
        let how = SRCCOPY | CAPTUREBLT;
        // SAFETY: both contexts are there, and the bitmap of the one is of that size.
        let copied = unsafe { BitBlt(self.context, 0, 0, width, height, screen, at.0, at.1, how) };
        let copied = succeeded(copied);
        // SAFETY: it was got above, by this thread.
        unsafe { ReleaseDC(std::ptr::null_mut(), screen) };
        // SAFETY: it takes nothing; what was drawn is in the memory when it returns.
        unsafe { GdiFlush() };
        copied
    }

    /// What was copied, row by row from the top; the top byte of a pixel means nothing.
    pub(super) fn pixels(&self) -> &[u32] {
        let count = self.size.width as usize * self.size.height as usize;
        // SAFETY: Windows made memory for so many pixels of 32 bits there, aligned, for as long as the bitmap
        // lives, and draws into it during `copy_screen` only.
        unsafe { slice::from_raw_parts(self.bits.cast::<u32>().cast_const(), count) }
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        if !self.before.is_null() {
            // SAFETY: it was selected before the own bitmap.
            unsafe { SelectObject(self.context, self.before) };
        }
        if !self.bitmap.is_null() {
            // SAFETY: it is this one's and no longer selected.
            unsafe { DeleteObject(self.bitmap) };
        }
        // SAFETY: it is this one's.
        unsafe { DeleteDC(self.context) };
    }
}

/// Of 32 bits a pixel, rows from the top.
fn header(size: PixelSize) -> io::Result<BITMAPINFO> {
    let side = |pixels: u32| i32::try_from(pixels).map_err(io::Error::other);
    Ok(BITMAPINFO {
        bmiHeader: BITMAPINFOHEADER {
            biSize: size_for::<BITMAPINFOHEADER>(),
            biWidth: side(size.width)?,
            biHeight: -side(size.height)?,
            biPlanes: 1,
            biBitCount: 32,
            biCompression: BI_RGB,
            ..BITMAPINFOHEADER::default()
        },
        ..BITMAPINFO::default()
    })
}

/// The pointer.
///
/// # Errors
///
/// That Windows does not tell this program now.
pub(super) fn cursor() -> io::Result<Cursor> {
    let mut info = CURSORINFO {
        cbSize: size_for::<CURSORINFO>(),
        ptScreenPos: POINT { x: 0, y: 0 },
        ..CURSORINFO::default()
    };
    // SAFETY: the structure says its size.
    succeeded(unsafe { GetCursorInfo(&raw mut info) })?;
    Ok(Cursor {
        x: info.ptScreenPos.x,
        y: info.ptScreenPos.y,
        is_shown: info.flags & CURSOR_SHOWING != 0 && !info.hCursor.is_null(),
        handle: info.hCursor.expose_provenance(),
    })
}

/// What the cursor looks like.
///
/// # Errors
///
/// That it is gone, or has no size.
pub(super) fn look(cursor: &Cursor) -> io::Result<CursorLook> {
    let mut info = ICONINFO::default();
    let handle = std::ptr::with_exposed_provenance_mut(cursor.handle);
    // SAFETY: it takes any handle, also of a cursor that is gone.
    succeeded(unsafe { GetIconInfo(handle, &raw mut info) })?;
    let (mask, colour) = (Owned(info.hbmMask), Owned(info.hbmColor));
    let mask_size = mask.size()?;
    let in_colour = !colour.0.is_null();
    let height = if in_colour {
        mask_size.height
    } else {
        mask_size.height / 2
    };
    let of_mask = mask.pixels(mask_size)?;
    let (through, inverting) = of_mask.split_at((mask_size.width * height) as usize);
    let colours = if in_colour {
        colour.pixels(PixelSize {
            height,
            ..mask_size
        })?
    } else {
        inverting.iter().map(|pixel| pixel & 0x00ff_ffff).collect()
    };
    Ok(CursorLook {
        hot: (info.xHotspot, info.yHotspot),
        bitmaps: Bitmaps {
            width: mask_size.width,
            height,
            lets_through: through
                .iter()
                .map(|pixel| pixel & 0x00ff_ffff != 0)
                .collect(),
            colours,
        },
    })
}

/// A bitmap that Windows made for this program.
struct Owned(HBITMAP);

impl Owned {
    fn size(&self) -> io::Result<PixelSize> {
        /// Windows knows cursors up to 256 pixels; a mask holds two.
        const LARGEST: u32 = 1024;
        let mut bitmap = BITMAP::default();
        let size = i32::try_from(size_of::<BITMAP>()).map_err(io::Error::other)?;
        // SAFETY: the structure is of that size.
        succeeded(unsafe { GetObjectW(self.0, size, (&raw mut bitmap).cast()) })?;
        let side = |pixels: i32| {
            let side = u32::try_from(pixels).ok();
            side.filter(|side| (1..=LARGEST).contains(side))
        };
        side(bitmap.bmWidth)
            .zip(side(bitmap.bmHeight))
            .map(|(width, height)| PixelSize { width, height })
            .ok_or_else(|| io::Error::other("a cursor of an odd size"))
    }

    fn pixels(&self, size: PixelSize) -> io::Result<Vec<u32>> {
        let mut header = header(size)?;
        let mut pixels = vec![0_u32; size.width as usize * size.height as usize];
        // SAFETY: a null stands for the screen.
        let screen = unsafe { GetDC(std::ptr::null_mut()) };
        // SAFETY: there is room for that many rows of that width, at 32 bits a pixel.
        let rows = unsafe {
            GetDIBits(
                screen,
                self.0,
                0,
                size.height,
                pixels.as_mut_ptr().cast(),
                &raw mut header,
                DIB_RGB_COLORS,
            )
        };
        let read = succeeded(rows);
        // SAFETY: it was got above, by this thread.
        unsafe { ReleaseDC(std::ptr::null_mut(), screen) };
        read.map(|()| pixels)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: whoever asked Windows for it has to delete it.
            unsafe { DeleteObject(self.0) };
        }
    }
}

/// When somebody, or a program, last pressed a key or moved the pointer; in milliseconds of Windows' own count.
pub(super) fn last_input() -> u32 {
    let mut info = LASTINPUTINFO {
        cbSize: size_for::<LASTINPUTINFO>(),
        dwTime: 0,
    };
    // SAFETY: the structure says its size; if it fails the time stays 0.
    unsafe { GetLastInputInfo(&raw mut info) };
    info.dwTime
}

/// Whether the desktop of this program gets keys, and not the log-in screen or a question of Windows itself.
pub(super) fn has_the_input() -> bool {
    // SAFETY: it takes any flags.
    let desktop = unsafe { OpenInputDesktop(0, 0, DESKTOP_READOBJECTS) };
    if desktop.is_null() {
        return false;
    }
    // SAFETY: it was opened above.
    unsafe { CloseDesktop(desktop) };
    true
}

/// Waiting takes as long as it says and not up to 16 ms more, for as long as this lives.
#[derive(Debug)]
pub(super) struct FineClock(());

impl FineClock {
    const MILLISECONDS: u32 = 1;

    pub(super) fn start() -> Self {
        // SAFETY: it takes any number; each has its end in `drop`.
        unsafe { timeBeginPeriod(Self::MILLISECONDS) };
        Self(())
    }
}

impl Drop for FineClock {
    fn drop(&mut self) {
        // SAFETY: it was begun with the same number.
        unsafe { timeEndPeriod(Self::MILLISECONDS) };
    }
}

/// The area of `display` in pixels of the whole desktop.
pub(super) fn area_of(display: &Display, origin: (i32, i32)) -> Rect {
    let along =
        |at: i32, origin: i32| u32::try_from(i64::from(at) - i64::from(origin)).unwrap_or(0);
    Rect {
        x: along(display.left, origin.0),
        y: along(display.top, origin.1),
        width: display.width,
        height: display.height,
    }
}
