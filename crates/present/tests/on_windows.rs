//! The picture on Windows' screen, in a window of another thread.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect, Scaler};
use present::{Placement, Presenter, SCALE_ONE};
use windows_sys::Win32::Foundation::{FILETIME, HWND, POINT};
use windows_sys::Win32::Graphics::Gdi::{GetDC, GetPixel, ReleaseDC};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, DispatchMessageW, IsWindow, MSG, PM_REMOVE, PeekMessageW,
    WS_CLIPCHILDREN, WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE, WindowFromPoint,
};

const LEFT: i32 = 50;
const TOP: i32 = 40;

/// A window, whose thread answers Windows until it is to stop.
struct Window {
    handle: u64,
    over: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    _turn: MutexGuard<'static, ()>,
}

impl Window {
    fn open(width: i32, height: i32) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (made, handle) = sync_channel(1);
        let (over, stop) = sync_channel(1);
        let thread = std::thread::spawn(move || serve(width, height, &made, &stop));
        let handle = handle.recv().expect("a window");
        Self {
            handle,
            over: Some(over),
            thread: Some(thread),
            _turn: turn,
        }
    }

    fn close(&mut self) {
        self.over = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic");
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.close();
    }
}

fn serve(width: i32, height: i32, made: &SyncSender<u64>, stop: &Receiver<()>) {
    let class: Vec<u16> = "STATIC\0".encode_utf16().collect();
    // SAFETY: the class is one of Windows' own, and its name ends with a zero.
    let window = unsafe {
        CreateWindowExW(
            WS_EX_TOPMOST,
            class.as_ptr(),
            null(),
            WS_POPUP | WS_VISIBLE | WS_CLIPCHILDREN,
            LEFT,
            TOP,
            width,
            height,
            null_mut(),
            null_mut(),
            null_mut(),
            null(),
        )
    };
    assert!(!window.is_null(), "{}", std::io::Error::last_os_error());
    let number = u64::try_from(window.expose_provenance()).expect("64 bits");
    made.send(number).expect("somebody waits");
    while stop.recv_timeout(Duration::from_millis(2))
        == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
    {
        let mut message = MSG::default();
        // SAFETY: the message is written there; a null means all of this thread.
        while unsafe { PeekMessageW(&raw mut message, null_mut(), 0, 0, PM_REMOVE) } != 0 {
            // SAFETY: the message came from Windows.
            unsafe { DispatchMessageW(&raw const message) };
        }
    }
    // SAFETY: this thread made it.
    unsafe { DestroyWindow(window) };
}

fn window_of(handle: u64) -> HWND {
    let address = usize::try_from(handle).expect("64 bits");
    std::ptr::with_exposed_provenance_mut::<c_void>(address)
}

/// The pixel of the window at (x, y), as it is on the screen.
fn pixel(x: i32, y: i32) -> u32 {
    // SAFETY: a null stands for the screen.
    let screen = unsafe { GetDC(null_mut()) };
    // SAFETY: it was got above.
    let colour = unsafe { GetPixel(screen, LEFT + x, TOP + y) };
    // SAFETY: it was got above, by this thread.
    unsafe { ReleaseDC(null_mut(), screen) };
    let [red, green, blue, _] = colour.to_le_bytes();
    u32::from_be_bytes([0, red, green, blue])
}

/// Waits up to three seconds for that pixel.
fn becomes(x: u32, y: u32, expected: u32) -> bool {
    let (x, y) = (
        i32::try_from(x).expect("small"),
        i32::try_from(y).expect("small"),
    );
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        if pixel(x, y) == expected {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn numbered(size: PixelSize) -> Picture {
    let mut picture = Picture::new(size);
    for (index, pixel) in picture.pixels_mut().iter_mut().enumerate() {
        *pixel = u32::try_from(index).expect("small") & 0x00ff_ffff;
    }
    picture
}

#[test]
fn the_picture_stands_where_it_is_placed_pixel_by_pixel() {
    let window = Window::open(400, 300);
    let presenter = Presenter::attach(window.handle).expect("attached");
    let mut picture = numbered(PixelSize::new(300, 200));
    let before = pixel(20, 30);
    presenter
        .present(&picture, &[picture.size().rect()])
        .expect("taken");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(pixel(20, 30), before, "hidden until placed");
    let area = Rect::new(10, 20, 250, 150);
    let place = Placement {
        area,
        source_x: 5,
        source_y: 7,
        shown: picture.size(),
        scale: SCALE_ONE,
    };
    presenter
        .place(Some(place), Some(&picture))
        .expect("placed");
    let at = |x: u32, y: u32| (y * 300 + x) & 0x00ff_ffff;
    assert!(becomes(10, 20, at(5, 7)), "top left");
    assert!(becomes(259, 169, at(254, 156)), "bottom right");
    assert!(becomes(260, 169, before), "nothing outside");

    picture.row_mut(100)[100] = 0x0012_3456;
    presenter
        .present(&picture, &[Rect::new(100, 100, 1, 1)])
        .expect("taken");
    assert!(becomes(10 + 95, 20 + 93, 0x0012_3456), "a changed pixel");
    assert!(
        becomes(10 + 96, 20 + 93, at(101, 100)),
        "its neighbour stays"
    );

    // the pointer is the window's around it
    let on_it = POINT {
        x: LEFT + 100,
        y: TOP + 100,
    };
    // SAFETY: it takes any place.
    let under_pointer = unsafe { WindowFromPoint(on_it) };
    assert_eq!(under_pointer, window_of(window.handle));

    presenter.place(None, None).expect("hidden");
    assert!(becomes(10, 20, before), "hidden again");
}

#[test]
fn what_changed_while_it_was_hidden_is_shown_when_it_comes_back() {
    let window = Window::open(400, 300);
    let presenter = Presenter::attach(window.handle).expect("attached");
    let mut picture = numbered(PixelSize::new(64, 64));
    for shown in [picture.size(), PixelSize::new(32, 32)] {
        let place = Placement {
            area: shown.rect(),
            source_x: 0,
            source_y: 0,
            shown,
            scale: SCALE_ONE,
        };
        picture.pixels_mut().fill(0x0000_00aa);
        presenter
            .place(Some(place), Some(&picture))
            .expect("placed");
        assert!(becomes(31, 31, 0x0000_00aa), "{shown:?}");
        presenter.place(None, Some(&picture)).expect("hidden");
        picture.pixels_mut().fill(0x0000_bb00);
        presenter
            .place(Some(place), Some(&picture))
            .expect("placed");
        assert!(becomes(31, 31, 0x0000_bb00), "{shown:?}");
    }
}

#[test]
fn s2_a_scaled_picture_changes_where_the_picture_changed() {
    let window = Window::open(400, 300);
    let presenter = Presenter::attach(window.handle).expect("attached");
    let mut picture = numbered(PixelSize::new(301, 203));
    for shown in [PixelSize::new(200, 135), PixelSize::new(452, 305)] {
        let place = Placement {
            area: Rect::new(20, 10, 190, 120),
            source_x: 8,
            source_y: 11,
            shown,
            scale: SCALE_ONE,
        };
        presenter
            .place(Some(place), Some(&picture))
            .expect("placed");
        let expected = |picture: &Picture, x: u32, y: u32| {
            let mut pixel = 0;
            let part = Rect::new(x, y, 1, 1);
            Scaler::new(picture.size(), shown).scale(picture, part, |_, row| pixel = row[0]);
            pixel
        };
        for (x, y) in [(8, 11), (197, 11), (8, 130), (197, 130), (100, 60)] {
            let pixel = expected(&picture, x, y);
            assert!(becomes(x - 8 + 20, y - 11 + 10, pixel), "{x} {y}");
        }
        let changed = Rect::new(60, 40, 33, 21);
        for y in changed.y..changed.bottom() {
            picture.row_mut(y)[60..93].fill(0x00ab_cdef);
        }
        presenter.present(&picture, &[changed]).expect("taken");
        let touched = Scaler::new(picture.size(), shown).touched(changed);
        let edges = [
            (touched.x, touched.y),
            (touched.right() - 1, touched.bottom() - 1),
            (touched.x - 1, touched.y),
        ];
        for (x, y) in edges {
            let pixel = expected(&picture, x, y);
            assert!(becomes(x - 8 + 20, y - 11 + 10, pixel), "{x} {y}");
        }
    }
}

#[test]
fn a_window_that_closes_takes_the_picture_along_and_holds_up_nobody() {
    let mut window = Window::open(400, 300);
    let presenter = Presenter::attach(window.handle).expect("attached");
    let picture = numbered(PixelSize::new(64, 64));
    let place = Placement {
        area: picture.size().rect(),
        source_x: 0,
        source_y: 0,
        shown: picture.size(),
        scale: SCALE_ONE,
    };
    presenter
        .place(Some(place), Some(&picture))
        .expect("placed");
    assert!(becomes(63, 63, 64 * 64 - 1));
    window.close();
    // SAFETY: it takes any number.
    assert_eq!(unsafe { IsWindow(window_of(window.handle)) }, 0);
    let began = Instant::now();
    presenter
        .present(&picture, &[picture.size().rect()])
        .expect("nobody looks");
    presenter.place(None, None).expect("nobody looks");
    drop(presenter);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(
        Presenter::attach(window.handle).is_err(),
        "there is no such window"
    );
}

/// The CPU that this process has used.
fn cpu() -> Duration {
    let [mut made, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: it takes nothing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the four times are written there.
    unsafe {
        GetProcessTimes(
            process,
            &raw mut made,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    };
    let ticks =
        |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos((ticks(kernel) + ticks(user)) * 100)
}

#[test]
fn s1_a_few_changed_tiles_of_a_large_picture_cost_next_to_nothing() {
    const FRAMES: u32 = 200;
    let window = Window::open(1200, 700);
    let presenter = Presenter::attach(window.handle).expect("attached");
    let mut picture = numbered(PixelSize::new(1920, 1080));
    let place = Placement {
        area: Rect::new(0, 0, 1200, 700),
        source_x: 0,
        source_y: 0,
        shown: picture.size(),
        scale: SCALE_ONE,
    };
    presenter
        .place(Some(place), Some(&picture))
        .expect("placed");
    let all = [Rect::new(0, 0, 1200, 700)];
    let tiles = [Rect::new(64, 64, 64, 64), Rect::new(640, 320, 64, 64)];
    let mut cost = |changed: &[Rect]| {
        let (began, before) = (Instant::now(), cpu());
        for frame in 0..FRAMES {
            picture.row_mut(64)[64] = frame;
            presenter.present(&picture, changed).expect("taken");
        }
        (
            cpu().saturating_sub(before) / FRAMES,
            began.elapsed() / FRAMES,
        )
    };
    let whole = cost(&all);
    let some = cost(&tiles);
    eprintln!("a frame of 1200x700: {whole:?}, of two tiles: {some:?} (CPU, time)");
    assert!(becomes(64, 64, FRAMES - 1));
    assert!(some.1 < Duration::from_millis(3), "{some:?}");
}
