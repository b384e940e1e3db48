//! The clipboard in the real windows (S7, H5, H6).

use std::fs;
use std::process::{Command, Stdio};

use e2e::{Cast, Display, PATIENCE, Running, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1440, 900);

/// Another program copies what is in a file, and stays to answer.
fn copy_file(display: &Display, target: &str, file: &std::path::Path) {
    let copied = Command::new("xclip")
        .args(["-display", display.name(), "-selection", "clipboard"])
        .args(["-t", target, "-in"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(copied.expect("xclip").success());
}

fn paste(display: &Display, target: &str) -> Option<Vec<u8>> {
    let pasted = Command::new("timeout")
        .args(["20", "xclip", "-display", display.name()])
        .args(["-selection", "clipboard", "-t", target, "-out"])
        .stdin(Stdio::null())
        .output();
    let pasted = pasted.expect("xclip");
    pasted.status.success().then_some(pasted.stdout)
}

#[track_caller]
fn wait_for_text(display: &Display, text: Option<&str>) {
    wait_until("the clipboard", PATIENCE, || {
        let now = display.clipboard()?;
        Ok((now.as_deref() == text).then_some(()))
    })
    .expect("pasted");
}

#[test]
fn s7_the_clipboard_goes_both_ways_as_far_as_both_want_it() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    // the operator has the ticket on the clipboard
    assert_eq!(cast.user_display.clipboard().expect("read"), None);
    let session = cast.session_begins(&ticket).expect("a session");
    let (user, operator) = (&cast.user_display, &cast.operator_display);

    // a terminal of the user's, where Ctrl+V pastes
    let typed = cast.folder().join("typed.txt");
    let mut xterm = Command::new("xterm");
    xterm
        .args(["-u8", "-geometry", "80x12+60+330", "-xrm"])
        .arg("*VT100.translations: #override Ctrl <Key>v: insert-selection(CLIPBOARD)")
        .args(["-e", "sh", "-c"])
        .arg(format!("cat > '{}'", typed.display()))
        .env("DISPLAY", user.name())
        .env("LC_ALL", "C.UTF-8");
    let log = cast.folder().join("xterm.log");
    let _terminal = Running::start("xterm", &mut xterm, &log).expect("a terminal");
    wait_until("the terminal", PATIENCE, || {
        Ok(typed.exists().then_some(()))
    })
    .expect("it runs");
    let hands = cast.console.app.hands();
    hands
        .click((session.x + 200, session.y + 450))
        .expect("clicked");
    operator.put_on_clipboard("Perché no? €").expect("copied");
    wait_until("the pasted line", PATIENCE, || {
        hands.chord(&[key::Control_L, key::v])?;
        hands.tap(key::Return)?;
        std::thread::sleep(std::time::Duration::from_millis(200));
        Ok(fs::read_to_string(&typed)?
            .contains("Perché no? €")
            .then_some(()))
    })
    .expect("typed");
    wait_for_text(user, Some("Perché no? €"));

    user.put_on_clipboard("The user's answer").expect("copied");
    wait_for_text(operator, Some("The user's answer"));
    let png = cast.folder().join("picture.png");
    let picture = user.screenshot().expect("a picture");
    picture.save_png(&png).expect("written");
    copy_file(operator, "image/png", &png);
    let bytes = fs::read(&png).expect("read");
    wait_until("the picture", PATIENCE, || {
        Ok((paste(user, "image/png").as_ref() == Some(&bytes)).then_some(()))
    })
    .expect("pasted");

    // what the operator sees, as a picture for other programs; before it something that is none
    operator.put_on_clipboard("no picture").expect("copied");
    wait_for_text(user, Some("no picture"));
    cast.console
        .choose_in_session("Session menu", "Copy a screenshot")
        .expect("chosen");
    wait_until("the screenshot", PATIENCE, || {
        let copied = paste(operator, "image/png").unwrap_or_default();
        let size = copied.get(16..24);
        let Size(width, height) = USER_SCREEN;
        let wanted = [width, height]
            .map(|side| u32::from(side).to_be_bytes())
            .concat();
        Ok((size == Some(&wanted[..])).then_some(()))
    })
    .expect("copied");

    // it is the operator's own, and offered to nobody
    wait_until("the end of the offer", PATIENCE, || {
        Ok(paste(user, "UTF8_STRING").is_none().then_some(()))
    })
    .expect("withdrawn");

    // what is too large is said
    let large = cast.folder().join("large.txt");
    fs::write(&large, "0123456789abcdef".repeat(17 << 16)).expect("written");
    copy_file(operator, "UTF8_STRING", &large);
    wait_until("the offer", PATIENCE, || {
        let targets = paste(user, "TARGETS").unwrap_or_default();
        Ok(String::from_utf8(targets)?
            .contains("UTF8_STRING")
            .then_some(()))
    })
    .expect("offered");
    assert_eq!(paste(user, "UTF8_STRING"), None);
    cast.console
        .app
        .wait_for_matching("the reason", |label| {
            label.contains("too large for the clipboard")
        })
        .expect("said");

    // the operator's switch
    operator.put_on_clipboard("before").expect("copied");
    wait_for_text(user, Some("before"));
    let console = &mut cast.console;
    let share = "Share my clipboard";
    console
        .choose_in_session("Session menu", share)
        .expect("off");
    wait_for_text(user, None);
    operator.put_on_clipboard("mine alone").expect("copied");
    user.put_on_clipboard("still theirs").expect("copied");
    wait_for_text(operator, Some("still theirs"));
    assert_eq!(
        user.clipboard().expect("read").as_deref(),
        Some("still theirs")
    );
    console
        .choose_in_session("Session menu", share)
        .expect("on");
    operator.put_on_clipboard("shared again").expect("copied");
    wait_for_text(user, Some("shared again"));

    // the user takes the right back
    cast.helpme
        .app
        .click("Stop sharing the clipboard")
        .expect("pressed");
    wait_for_text(user, None);
    user.put_on_clipboard("private").expect("copied");
    std::thread::sleep(std::time::Duration::from_millis(500));
    let stays = operator.clipboard().expect("read");
    assert_eq!(stays.as_deref(), Some("shared again"));
    cast.helpme.end().expect("ended");
}
