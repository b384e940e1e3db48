//! The key that ends a session, on Windows: other programs' windows have the keyboard, and it is heard.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use desktop::HotKey;
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    KEYEVENTF_KEYUP, VK_CONTROL, VK_MENU, VK_SHIFT, VK_X, keybd_event,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn press_the_key() {
    let keys = [VK_CONTROL, VK_MENU, VK_SHIFT, VK_X].map(|key| key.to_le_bytes()[0]);
    let press = |key: u8, how: u32| {
        // SAFETY: it takes any numbers.
        unsafe { keybd_event(key, 0, how, 0) };
    };
    for key in keys {
        press(key, 0);
    }
    for key in keys.into_iter().rev() {
        press(key, KEYEVENTF_KEYUP);
    }
}

fn wait_until(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !is_so() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    is_so()
}

#[test]
fn h6_the_key_is_heard_while_it_is_watched_and_not_after() {
    let (changes, changed) = sync_channel(8);
    let key = HotKey::start(move || changes.try_send(()).unwrap_or_default()).unwrap();
    let (presses, pressed) = sync_channel(8);
    key.watch(move || presses.try_send(()).unwrap_or_default());
    changed.recv_timeout(PATIENCE).expect("it is told");
    assert!(key.is_watched());
    press_the_key();
    pressed.recv_timeout(PATIENCE).expect("it is heard");

    let second = HotKey::start(|| {}).unwrap();
    second.watch(|| {});
    std::thread::sleep(Duration::from_millis(500));
    assert!(!second.is_watched(), "the first has it");
    drop(second);

    key.let_go();
    assert!(wait_until(|| !key.is_watched()));
    press_the_key();
    let late = pressed.recv_timeout(Duration::from_millis(700));
    assert!(late.is_err(), "nobody watches");
}
