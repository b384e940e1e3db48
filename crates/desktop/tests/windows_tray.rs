//! The icon in Windows' notification area.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use desktop::{Tray, TrayItem, TrayState, TrayWish};
use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    KEYEVENTF_KEYUP, VK_DOWN, VK_RETURN, keybd_event,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    FindWindowW, PostMessageW, WM_APP, WM_LBUTTONUP, WM_RBUTTONUP,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn window(class: &str) -> Option<HWND> {
    let class: Vec<u16> = class.encode_utf16().chain([0]).collect();
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

/// As the taskbar tells of the pointer over the icon.
fn touch(what: u32) {
    let window = window("PureHelpDeskTray").expect("it is there");
    let what = isize::try_from(what).expect("small");
    // SAFETY: it takes any numbers.
    unsafe { PostMessageW(window, WM_APP, 1, what) };
}

fn press(key: u16) {
    let [key, _] = key.to_le_bytes();
    for how in [0, KEYEVENTF_KEYUP] {
        // SAFETY: it takes any numbers.
        unsafe { keybd_event(key, 0, how, 0) };
    }
}

#[test]
fn o2_the_icon_is_shown_clicked_and_has_a_menu_of_its_newest_state() {
    let (wishes, wished) = sync_channel(16);
    let tell = move |wish| {
        if let Some(wish) = wish {
            wishes.try_send(wish).unwrap_or_default();
        }
    };
    let line = |label: &str, choice| TrayItem {
        label: label.to_owned(),
        choice,
    };
    let state = TrayState {
        title: "Pure Help Desk".to_owned(),
        tip: "Nobody waits".to_owned(),
        attention: false,
        items: vec![line("Quit", Some(3))],
    };
    let tray = Tray::start("pure-help-desk-test", state.clone(), tell).expect("a thread");
    assert!(wait_until(|| tray.is_shown()));
    touch(WM_LBUTTONUP);
    assert_eq!(wished.recv_timeout(PATIENCE), Ok(TrayWish::Clicked));
    let newer = TrayState {
        attention: true,
        items: vec![
            line("Connected", None),
            line("Open & show", Some(7)),
            line("Quit", Some(3)),
        ],
        ..state
    };
    assert!(tray.say(newer));
    std::thread::sleep(Duration::from_millis(300));
    touch(WM_RBUTTONUP);
    assert!(wait_until(|| window("#32768").is_some()), "a menu");
    std::thread::sleep(Duration::from_millis(200));
    press(VK_DOWN);
    press(VK_DOWN);
    press(VK_RETURN);
    let chosen = wished.recv_timeout(PATIENCE).expect("chosen");
    assert!(
        [TrayWish::Chosen(7), TrayWish::Chosen(3)].contains(&chosen),
        "{chosen:?}"
    );
    assert!(tray.is_shown());
    drop(tray);
    assert!(
        wait_until(|| window("PureHelpDeskTray").is_none()),
        "it went"
    );
}
