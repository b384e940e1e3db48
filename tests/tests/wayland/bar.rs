//! Helpme's bar above a window that fills the screen (H6).

use std::fs;
use std::time::Duration;

use e2e::{PATIENCE, Picture, Region, wait_until};
use protocol::input::{HidKey, InputEvent};

use super::{MOUSE, OUTPUT, Play, wait_for_text};

/// Where it is: in the middle of the top, as wide and high as it is drawn.
const BAR: Region = Region {
    x: (OUTPUT.0 - 720) / 2,
    y: 0,
    width: 720,
    height: 60,
};
/// The edge of a bar while somebody sees the screen, and while they see nothing.
const RED: [u8; 3] = [0xcf, 0x2f, 0x33];
/// The first letter's key.
const HID_OF_A: u8 = 4;

fn has_edge(picture: &Picture, colour: impl Fn([u8; 3]) -> bool) -> bool {
    let lines = [0, BAR.height - 1].map(|y| (BAR.x..BAR.x + BAR.width).map(move |x| (x, y)));
    lines
        .into_iter()
        .flatten()
        .all(|(x, y)| colour(picture.at(x, y)))
}

impl Play {
    fn wait_for_edge(&self, what: &str, colour: impl Fn([u8; 3]) -> bool) {
        let came = wait_until(what, PATIENCE, || {
            let picture = self.sway.screenshot()?;
            Ok(has_edge(&picture, &colour).then_some(()))
        });
        if came.is_err()
            && let Ok(picture) = self.sway.screenshot()
        {
            super::keep(&[("bar", &picture)]);
        }
        came.expect("see phd-e2e-failures among the temporary files");
    }
}

#[test]
fn h6_above_a_window_that_fills_the_screen_a_bar_says_who_is_here_and_ends_it() {
    let mut play = Play::begin(1, OUTPUT);
    let file = play.file("told");
    let _terminal = play.terminal(MOUSE, &file);
    let fill = |play: &Play, how: &str| {
        let what = format!("[title=\"^typed$\"] fullscreen {how}");
        play.sway.tell(&what).expect("told");
    };
    fill(&play, "enable");
    std::thread::sleep(Duration::from_millis(300));
    let before = play.sway.screenshot().expect("a picture");
    assert!(!has_edge(&before, |colour| colour == RED), "nobody is here");
    fill(&play, "disable");

    let session = play.session_begins().expect("a session");
    for _ in 0..2 {
        fill(&play, "enable");
        play.wait_for_edge("the bar", |colour| colour == RED);
        fill(&play, "disable");
        // what is there now has all the buttons again, and takes the clicks
        play.user_clicks("Pause");
        play.user_clicks("Go on");
        // a window that is covered takes its clicks when it is shown again
        play.user_reads("Pause");
    }
    fill(&play, "enable");
    play.wait_for_edge("the bar", |colour| colour == RED);
    play.expect_the_same_picture();
    if let Some(folder) = std::env::var_os("PHD_LOOKS") {
        let at = std::path::Path::new(&folder).join("sway-bar-over-all.png");
        let picture = play.sway.screenshot().expect("a picture");
        picture.save_png(&at).expect("kept");
    }

    // beside it everything is the window's, on it nothing is, whoever clicks
    for beside in [
        (BAR.x - 2, 30),
        (BAR.x + BAR.width + 2, 30),
        (BAR.x + 300, BAR.height + 2),
    ] {
        fs::write(&file, "").expect("emptied");
        play.sway.click(beside).expect("clicked");
        wait_for_text(&file, "\u{1b}[<0;");
        wait_for_text(&file, "m");
    }
    fs::write(&file, "").expect("emptied");
    play.sway.click((BAR.x + 300, 30)).expect("clicked");
    let hands = play.hands();
    hands
        .click((session.x + BAR.x + 300, session.y + 30))
        .expect("clicked");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(fs::read_to_string(&file).expect("read"), "");

    // Pause is beside End, and makes the edge green
    let end = (BAR.x + BAR.width - 50, 30);
    play.sway
        .click((BAR.x + BAR.width - 160, 30))
        .expect("clicked");
    play.wait_for_edge("a bar that says that nobody sees anything", |colour| {
        colour != RED && colour[1] > colour[0]
    });
    play.sway
        .click((BAR.x + BAR.width - 160, 30))
        .expect("clicked");
    play.wait_for_edge("a bar that says that somebody sees it", |colour| {
        colour == RED
    });
    play.sway.click(end).expect("clicked");
    let gone = wait_until("no bar", PATIENCE, || {
        let picture = play.sway.screenshot()?;
        Ok((!has_edge(&picture, |colour| colour == RED)).then_some(()))
    });
    gone.expect("it went with the session");
    fill(&play, "disable");
    play.user_reads("Use another ticket");
}

#[test]
fn h6_on_sway_a_key_ends_the_session_whatever_has_the_keyboard() {
    // its X server gives keys, too, and only to its own programs
    let mut play = Play::begin_as(1, OUTPUT, super::WITH_X11);
    let file = play.file("told");
    let _terminal = play.terminal(MOUSE, &file);
    play.session_begins().expect("a session");
    let fill = "[title=\"^typed$\"] fullscreen enable";
    play.sway.tell(fill).expect("told");
    play.wait_for_edge("the bar", |colour| colour == RED);
    let press = |letter: &str, modifiers: &[u8]| {
        let keys = modifiers
            .iter()
            .copied()
            .chain([HID_OF_A + letter.as_bytes()[0] - b'a']);
        let keys: Vec<_> = keys.collect();
        let key = |key: u8, pressed| {
            let event = InputEvent::Key {
                key: HidKey(key.into()),
                pressed,
                character: None,
            };
            play.sway.hand(&event).expect("done");
        };
        for held in &keys {
            key(*held, true);
        }
        for held in keys.iter().rev() {
            key(*held, false);
        }
    };
    const CTRL_ALT: [u8; 2] = [0xe0, 0xe2];
    const CTRL_ALT_SHIFT: [u8; 3] = [0xe0, 0xe2, 0xe1];
    press("x", &CTRL_ALT);
    press("y", &CTRL_ALT_SHIFT);
    std::thread::sleep(Duration::from_millis(500));
    play.wait_for_edge("the bar still", |colour| colour == RED);
    press("x", &CTRL_ALT_SHIFT);
    let gone = wait_until("no bar", PATIENCE, || {
        let picture = play.sway.screenshot()?;
        Ok((!has_edge(&picture, |colour| colour == RED)).then_some(()))
    });
    gone.expect("it went with the session");
    play.sway
        .tell("[title=\"^typed$\"] fullscreen disable")
        .expect("told");
    play.user_reads("Use another ticket");
}
