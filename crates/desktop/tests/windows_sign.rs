//! The bar on Windows' screen.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ptr::null_mut;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use desktop::Sign;
use windows_sys::Win32::Foundation::{HWND, POINT, RECT};
use windows_sys::Win32::Graphics::Gdi::{GetDC, GetPixel, ReleaseDC};
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, mouse_event,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    FindWindowW, GetForegroundWindow, GetWindowRect, SetCursorPos, WindowFromPoint,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn bar() -> Option<HWND> {
    let class: Vec<u16> = "PureHelpDeskSign\0".encode_utf16().collect();
    // SAFETY: the name ends with a zero.
    let found = unsafe { FindWindowW(class.as_ptr(), std::ptr::null()) };
    (!found.is_null()).then_some(found)
}

fn wait_until(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !is_so() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    is_so()
}

/// `0xBBGGRR`
fn pixel(x: i32, y: i32) -> u32 {
    // SAFETY: a null stands for the screen.
    let screen = unsafe { GetDC(null_mut()) };
    // SAFETY: it was got above.
    let colour = unsafe { GetPixel(screen, x, y) };
    // SAFETY: it was got above, by this thread.
    unsafe { ReleaseDC(null_mut(), screen) };
    colour
}

fn click(x: i32, y: i32) {
    // SAFETY: it takes any numbers.
    unsafe { SetCursorPos(x, y) };
    for what in [MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP] {
        // SAFETY: it takes any numbers.
        unsafe { mouse_event(what, 0, 0, 0, 0) };
    }
}

#[test]
fn u4_a_bar_says_who_is_there_and_its_button_ends_it_without_taking_the_keyboard() {
    // SAFETY: it takes nothing.
    let in_front = unsafe { GetForegroundWindow() };
    let (presses, pressed) = sync_channel(4);
    let text = "Anna Più, Bruno are connected to this computer";
    let sign = Sign::show(text, "End", move || {
        presses.try_send(()).unwrap_or_default();
    });
    let sign = sign.expect("shown");
    let window = bar().expect("a window");
    let mut place = RECT::default();
    // SAFETY: the place is written there.
    unsafe { GetWindowRect(window, &raw mut place) };
    assert_eq!(place.top, 0);
    assert!(
        place.right - place.left > 300,
        "{} to {}",
        place.left,
        place.right
    );
    assert!(
        wait_until(|| pixel(place.left + 2, 2) == 0x001e_26b3),
        "red"
    );
    let button = (place.right - 12, place.bottom / 2);
    assert!(
        wait_until(|| pixel(button.0, button.1) == 0x00ff_ffff),
        "white"
    );
    if let Ok(seconds) = std::env::var("PHD_LINGER_SECONDS") {
        std::thread::sleep(Duration::from_secs(seconds.parse().expect("a number")));
    }
    let at = POINT {
        x: button.0,
        y: button.1,
    };
    // SAFETY: it takes any place.
    assert_eq!(unsafe { WindowFromPoint(at) }, window);
    click(place.left + 30, button.1);
    assert!(
        pressed.recv_timeout(Duration::from_millis(500)).is_err(),
        "the text is no button"
    );
    click(button.0, button.1);
    pressed.recv_timeout(PATIENCE).expect("pressed");
    // SAFETY: it takes nothing.
    assert_eq!(unsafe { GetForegroundWindow() }, in_front);
    drop(sign);
    assert!(wait_until(|| bar().is_none()), "it went");
}
