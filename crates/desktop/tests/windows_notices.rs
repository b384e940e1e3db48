//! Notices of Windows' taskbar.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ptr::{null, null_mut};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use desktop::{Notice, NoticeBoard};
use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::UI::Shell::{NIN_BALLOONTIMEOUT, NIN_BALLOONUSERCLICK};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    FindWindowExW, IsWindowVisible, PostMessageW, WM_APP,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn windows(class: &str) -> Vec<HWND> {
    let class: Vec<u16> = class.encode_utf16().chain([0]).collect();
    let mut found = Vec::new();
    let mut last = null_mut();
    loop {
        // SAFETY: the name ends with a zero, and the last one came from Windows.
        last = unsafe { FindWindowExW(null_mut(), last, class.as_ptr(), null()) };
        if last.is_null() {
            return found;
        }
        found.push(last);
    }
}

/// How many balloons are shown, of whatever program.
fn balloons() -> usize {
    let all = windows("tooltips_class32").into_iter();
    // SAFETY: it takes any window, also one that is gone.
    all.filter(|window| unsafe { IsWindowVisible(*window) } != 0)
        .count()
}

fn wait_for_balloons(count: usize) {
    let end = Instant::now() + PATIENCE;
    while balloons() != count {
        assert!(Instant::now() < end, "{} in place of {count}", balloons());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// As the taskbar tells of it.
fn touch(what: u32) {
    let all = windows("PureHelpDeskNotices");
    let what = isize::try_from(what).expect("small");
    for window in all {
        // SAFETY: it takes any numbers.
        unsafe { PostMessageW(window, WM_APP, 1, what) };
    }
}

#[test]
fn o2_a_notice_is_shown_by_the_taskbar_and_a_click_on_it_is_told() {
    let (clicks, clicked) = sync_channel(16);
    let board = NoticeBoard::start("Pure Help Desk", move || drop(clicks.try_send(())));
    let board = board.expect("a thread");
    assert_eq!(balloons(), 0);
    board.show(Notice {
        title: "ANNA-PC is connected".to_owned(),
        text: "Anna · <b>ticket</b> 4829".to_owned(),
    });
    wait_for_balloons(1);
    touch(NIN_BALLOONUSERCLICK);
    clicked.recv_timeout(PATIENCE).expect("it was clicked");
    wait_for_balloons(0);
    // one that says all in its title, and is not clicked
    board.show(Notice {
        title: "BRUNO-PC is connected".to_owned(),
        text: String::new(),
    });
    wait_for_balloons(1);
    touch(NIN_BALLOONTIMEOUT);
    wait_for_balloons(0);
    assert!(clicked.try_recv().is_err());
}
