//! The screen of Windows, with a window of this program on it.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use capture::{CaptureError, Changes, ScreenSource};
use codec::{Picture, PixelSize};
use windows_sys::Win32::Foundation::{HWND, RECT};
use windows_sys::Win32::Graphics::Gdi::{
    CreateSolidBrush, DeleteObject, FillRect, GdiFlush, GetDC, ReleaseDC,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, DispatchMessageW, IDC_ARROW, IDC_IBEAM, LoadCursorW, MSG,
    PM_REMOVE, PeekMessageW, SetCursor, SetCursorPos, WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE,
};

/// There is one screen.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const LEFT: i32 = 120;
const TOP: i32 = 90;
const WIDTH: i32 = 300;
const HEIGHT: i32 = 200;

struct Window {
    handle: HWND,
    _turn: MutexGuard<'static, ()>,
}

impl Window {
    fn open() -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let class: Vec<u16> = "STATIC\0".encode_utf16().collect();
        // SAFETY: the class is one of Windows' own, and its name ends with a zero.
        let handle = unsafe {
            CreateWindowExW(
                WS_EX_TOPMOST,
                class.as_ptr(),
                std::ptr::null(),
                WS_POPUP | WS_VISIBLE,
                LEFT,
                TOP,
                WIDTH,
                HEIGHT,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null(),
            )
        };
        assert!(!handle.is_null(), "{}", std::io::Error::last_os_error());
        let window = Self {
            handle,
            _turn: turn,
        };
        window.pump(Duration::from_millis(500));
        window
    }

    fn pump(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            let mut message = MSG::default();
            // SAFETY: the message is written there.
            let came = unsafe { PeekMessageW(&raw mut message, self.handle, 0, 0, PM_REMOVE) };
            if came == 0 {
                std::thread::sleep(Duration::from_millis(2));
            } else {
                // SAFETY: the message came from Windows.
                unsafe { DispatchMessageW(&raw const message) };
            }
        }
    }

    /// Paints a part of it; `0xRRGGBB`.
    fn paint(&self, (left, top, right, bottom): (i32, i32, i32, i32), colour: u32) {
        let [blue, green, red, _] = colour.to_le_bytes();
        let rect = RECT {
            left,
            top,
            right,
            bottom,
        };
        // SAFETY: the window lives.
        let context = unsafe { GetDC(self.handle) };
        // SAFETY: it takes any colour.
        let brush = unsafe { CreateSolidBrush(u32::from_le_bytes([red, green, blue, 0])) };
        // SAFETY: both were made above.
        unsafe { FillRect(context, &raw const rect, brush) };
        // SAFETY: it is this one's.
        unsafe { DeleteObject(brush) };
        // SAFETY: it was got above.
        unsafe { ReleaseDC(self.handle, context) };
        // SAFETY: it takes nothing.
        unsafe { GdiFlush() };
        self.pump(Duration::from_millis(100));
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: this thread made the window.
        unsafe { DestroyWindow(self.handle) };
    }
}

fn any_picture() -> Picture {
    Picture::new(PixelSize {
        width: 1,
        height: 1,
    })
}

fn pixel(picture: &Picture, x: i32, y: i32) -> u32 {
    let (x, y) = (
        usize::try_from(x).expect("inside"),
        u32::try_from(y).expect("inside"),
    );
    picture.row(y)[x]
}

fn wait_for(screen: &mut dyn ScreenSource, what: impl Fn(&Changes) -> bool) -> Option<Changes> {
    let end = Instant::now() + Duration::from_secs(10);
    let mut changes = Changes::default();
    while Instant::now() < end {
        screen
            .wait(Some(Duration::from_secs(1)), &mut changes)
            .expect("the screen is there");
        if what(&changes) {
            return Some(changes);
        }
    }
    None
}

#[test]
fn the_first_grab_has_every_pixel_and_later_ones_what_changed() {
    let window = Window::open();
    window.paint((0, 0, WIDTH, HEIGHT), 0x12_34_56);
    let mut screen = capture::open().unwrap();
    let mut picture = any_picture();
    let rects = screen.grab(&mut picture).unwrap();
    assert_eq!(picture.size().width, screen.area().width);
    assert_eq!(rects.len(), 1);
    assert_eq!(rects[0].width, screen.area().width);
    for (x, y) in [
        (0, 0),
        (WIDTH - 1, 0),
        (0, HEIGHT - 1),
        (WIDTH - 1, HEIGHT - 1),
    ] {
        assert_eq!(pixel(&picture, LEFT + x, TOP + y), 0x12_34_56, "{x} {y}");
    }
    assert_eq!(screen.grab(&mut picture).unwrap(), [], "nothing changed");

    window.paint((10, 20, 12, 21), 0xfe_dc_ba);
    assert!(wait_for(&mut *screen, |changes| changes.screen).is_some());
    let rects = screen.grab(&mut picture).unwrap();
    assert_eq!(rects.len(), 1, "{rects:?}");
    assert!(rects[0].width <= 64 && rects[0].height <= 64, "{rects:?}");
    assert_eq!(pixel(&picture, LEFT + 10, TOP + 20), 0xfe_dc_ba);
    assert_eq!(pixel(&picture, LEFT + 11, TOP + 20), 0xfe_dc_ba);
    assert_eq!(pixel(&picture, LEFT + 12, TOP + 20), 0x12_34_56);
}

#[test]
fn a_change_is_told_once_and_soon() {
    let window = Window::open();
    let mut screen = capture::open().unwrap();
    screen.grab(&mut any_picture()).unwrap();
    while wait_for_nothing(&mut *screen).is_some() {
        screen.grab(&mut any_picture()).unwrap();
    }
    let before = Instant::now();
    window.paint((0, 0, 50, 50), 0x00_ff_00);
    assert!(wait_for(&mut *screen, |changes| changes.screen).is_some());
    assert!(before.elapsed() < Duration::from_secs(1));
    assert_eq!(wait_for_nothing(&mut *screen), None, "it was told already");
}

/// What happened though nothing should.
fn wait_for_nothing(screen: &mut dyn ScreenSource) -> Option<Changes> {
    let mut changes = Changes::default();
    screen
        .wait(Some(Duration::from_millis(300)), &mut changes)
        .expect("the screen is there");
    changes.screen.then_some(changes)
}

/// Whichever window has the pointer now, its thread is this one.
fn set_cursor(which: *const u16) {
    // SAFETY: a null stands for Windows' own cursors, of which `which` is one.
    let cursor = unsafe { LoadCursorW(std::ptr::null_mut(), which) };
    // SAFETY: it was got above.
    unsafe { SetCursor(cursor) };
}

#[test]
fn the_pointer_is_where_it_was_put_and_has_a_picture() {
    let window = Window::open();
    let mut screen = capture::open().unwrap();
    // SAFETY: it takes any place.
    unsafe { SetCursorPos(LEFT + 40, TOP + 30) };
    window.pump(Duration::from_millis(200));
    set_cursor(IDC_ARROW);
    wait_for(&mut *screen, |changes| changes.pointer_moved);
    // SAFETY: the same.
    unsafe { SetCursorPos(LEFT + 41, TOP + 30) };
    assert!(wait_for(&mut *screen, |changes| changes.pointer_moved).is_some());
    let pointer = screen.pointer().unwrap();
    assert_eq!((pointer.x, pointer.y), (LEFT + 41, TOP + 30));
    assert!(pointer.visible);
    let arrow = pointer.shape.expect("an arrow");
    let again = screen.pointer().unwrap().shape.unwrap();
    assert_eq!(again.serial, arrow.serial);

    set_cursor(IDC_IBEAM);
    assert!(wait_for(&mut *screen, |changes| changes.pointer_shape).is_some());
    let beam = screen.pointer().unwrap().shape.expect("a beam");
    assert_ne!(beam.serial, arrow.serial);
    for shape in [arrow, beam] {
        let (width, height) = (usize::from(shape.width), usize::from(shape.height));
        let pixels = shape.rgba.as_chunks::<4>().0;
        assert_eq!(pixels.len(), width * height);
        let drawn = pixels.iter().filter(|pixel| pixel[3] != 0).count();
        assert!(drawn > 10 && drawn < pixels.len() / 2, "{drawn}");
    }
}

#[test]
fn one_monitor_is_chosen_and_a_wrong_one_refused() {
    let _window = Window::open();
    let mut screen = capture::open().unwrap();
    let monitors = screen.monitors().unwrap();
    assert!(monitors[0].primary, "{monitors:?}");
    screen.select(Some(monitors[0].id)).unwrap();
    assert_eq!(screen.area(), monitors[0].area);
    let missing = CaptureError::NoSuchMonitor { id: 4_000 };
    assert_eq!(screen.select(Some(4_000)), Err(missing));
    assert_eq!(screen.area(), monitors[0].area);
    // what is kept to alone is seen as before
    screen.keep_to(monitors[0].id).unwrap();
    let mut picture = any_picture();
    screen.grab(&mut picture).unwrap();
    assert_eq!(picture.size().width, monitors[0].area.width);
}

#[test]
fn a_wait_ends_when_another_thread_wants_it() {
    let _window = Window::open();
    let mut screen = capture::open().unwrap();
    let waker = screen.waker();
    let wakes = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        waker.wake();
    });
    assert!(wait_for(&mut *screen, |changes| changes.woken).is_some());
    wakes.join().unwrap();
}
