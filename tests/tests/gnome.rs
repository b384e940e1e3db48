//! An assistance for somebody whose desktop asks them itself (GNOME): a real GNOME without a screen, the real hub and
//! Helpme, and the operator's console on an X display.
//!
//! They need a Debian with GNOME, which `PHD_GNOME_ROOT` names, and root to enter it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use e2e::{
    Console, DialogAnswer, Display, Gnome, GnomeHelpme, Home, Hub, Look, OPERATOR, OPERATOR_NAME,
    PASSWORD, PATIENCE, Programs, Region, USER_NAME, wait_until,
};
use rustix::process::{Signal, kill_process};
use tempfile::TempDir;
use xkeysym::key;

const MONITOR: (u32, u32) = (1180, 760);
/// Where the user's terminal is.
const TERMINAL: Region = Region {
    x: 640,
    y: 200,
    width: 480,
    height: 360,
};
/// A place in it.
const IN_TERMINAL: (u32, u32) = (800, 400);

struct Play {
    helpme: GnomeHelpme,
    console: Console,
    hub: Hub,
    operator: Display,
    gnome: Gnome,
    _folder: TempDir,
}

impl Play {
    fn begin(helper: bool) -> Self {
        Self::begin_on(&[MONITOR], 1.0, helper)
    }

    fn begin_on(monitors: &[(u32, u32)], scale: f64, helper: bool) -> Self {
        let programs = Programs::find().expect("programs");
        let folder = TempDir::with_prefix("phd-gnome-").expect("a folder");
        let home = |name| Home::fresh(folder.path(), name).expect("a home");
        let mut gnome = Gnome::start_with(monitors).expect("GNOME");
        if scale > 1.0 {
            gnome.set_monitor(scale, 0).expect("scaled");
        }
        let operator = Display::start_managed(2300, 1700).expect("a display");
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let hub = Hub::start(&programs, home("hub"), local).expect("a hub");
        hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)
            .expect("an operator");
        let started = Console::start(&programs, &operator, home("operator"), Look::LIGHT);
        let mut console = started.expect("a console");
        console
            .set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)
            .expect("logged in");
        let at = (hub.address(), hub.fingerprint());
        let helpme = GnomeHelpme::start(&programs, &gnome, at, helper).expect("Helpme");
        Self {
            helpme,
            console,
            hub,
            operator,
            gnome,
            _folder: folder,
        }
    }

    /// From the ticket to Helpme's question.
    fn user_is_asked(&mut self) {
        let ticket = self.console.generate_ticket().expect("a ticket");
        self.helpme
            .ask_for_help(&self.gnome, &ticket, USER_NAME)
            .expect("asked for help");
        self.console
            .wait_for_computer(&ticket)
            .expect("in the list");
        self.console
            .choose(&ticket, "Remote Session")
            .expect("chosen");
        self.helpme
            .wait_to_read("Choose what")
            .expect("the question");
    }

    /// From the ticket to the user's yes.
    fn user_allows(&mut self) {
        self.user_is_asked();
        // the question says what comes after it
        self.helpme
            .wait_to_read("After you allow this, your desktop will ask you once more")
            .expect("explained");
        self.helpme.click(&self.gnome, "Allow").expect("allowed");
    }

    fn user_answers(&self, answer: DialogAnswer) {
        self.gnome.answer(answer).expect("the desktop's dialog");
    }

    /// The session ends, and the user can type another ticket.
    fn end_and_begin_anew(&mut self) {
        self.console.end_session().expect("ended");
        let again = "Use another ticket";
        self.helpme.click(&self.gnome, again).expect("again");
        self.expect_that_nothing_is_shared();
        self.console.leave_session().expect("left");
    }

    fn operator_reads(&mut self, beginning: &str) {
        let app = &mut self.console.app;
        let read = wait_until(&format!("{beginning:?}"), PATIENCE, || {
            let map = app.map()?;
            let said = map.labels().iter().any(|label| label.contains(beginning));
            Ok(said.then_some(()))
        });
        let shown = app.map().map(|map| format!("{:?}", map.labels()));
        let told = self.hub.timeline(1);
        assert!(
            read.is_ok(),
            "{beginning:?} is not in {shown:?}; the film: {told:?}"
        );
    }

    /// Waits until the operator sees what GNOME shows, pixel by pixel.
    #[track_caller]
    fn expect_the_same_picture(&self) {
        let mut last = None;
        let what = "the same picture on both sides";
        let same = wait_until(what, Duration::from_secs(20), || {
            let shown = self.gnome.screenshot()?;
            let seen = self.console.remote_picture()?;
            let place = shown.find_in(&seen, None);
            last = Some((shown, seen));
            Ok(place.map(drop))
        });
        if let (Err(_), Some((shown, seen))) = (&same, last) {
            let folder = std::env::temp_dir().join("phd-e2e-failures");
            fs::create_dir_all(&folder).expect("a folder");
            for (name, picture) in [("shown", &shown), ("seen", &seen)] {
                let path = folder.join(format!("gnome-{name}.png"));
                picture.save_png(&path).expect("kept");
            }
        }
        same.expect("100 % exact; see phd-e2e-failures among the temporary files");
    }

    /// Waits until nothing of Helpme shares the screen any more.
    #[track_caller]
    fn expect_that_nothing_is_shared(&self) {
        let gone = wait_until("the end of the sharing", PATIENCE, || {
            let helpers = self.gnome.processes(Some("helpme-screencast"))?;
            let asks = self.gnome.asks()?;
            Ok((helpers.is_empty() && !asks).then_some(()))
        });
        gone.expect("nothing runs on");
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        // for whoever looks why a play failed
        let folder = std::env::temp_dir().join("phd-e2e-failures");
        for log in ["helpme.log", "session.log"] {
            fs::create_dir_all(&folder)
                .and_then(|()| fs::copy(self.gnome.file(log), folder.join(format!("gnome-{log}"))))
                .ok();
        }
        if let Ok(picture) = self.gnome.screenshot() {
            drop(picture.save_png(&folder.join("gnome-at-last.png")));
        }
    }
}

fn read(file: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wait_for_text(file: &Path, wanted: &str) {
    let came = wait_until(&format!("{wanted:?}"), PATIENCE, || {
        Ok(read(file).contains(wanted).then_some(()))
    });
    assert!(came.is_ok(), "{wanted:?} is not in {:?}", read(file));
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn s1_a_user_on_gnome_is_seen_and_typed_for_from_ticket_to_end() {
    let mut play = Play::begin(true);
    play.operator.set_layout("it").expect("an Italian keyboard");
    let [typed, interrupted, raw] =
        ["typed", "interrupted", "raw"].map(|name| play.gnome.file(name));
    let script = format!(
        r#"trap : INT; cat >"$1"; echo yes >"{}"; stty raw -echo; printf '\e[?1000h\e[?1006h'; exec cat >"{}""#,
        play.gnome.inside(&interrupted).display(),
        play.gnome.inside(&raw).display()
    );
    let opened = play.gnome.terminal("typed", &script, &typed, TERMINAL);
    let _terminal = opened.expect("a terminal");
    play.user_allows();
    play.operator_reads("The user's desktop is asking them");
    play.user_answers(DialogAnswer::ShareAll);
    let session = play.console.wait_for_session().expect("a session");
    assert_eq!((session.width, session.height), MONITOR, "shown at 1:1");
    play.expect_the_same_picture();

    let hands = play.operator.hands().expect("hands");
    let at = |(x, y)| (session.x + x, session.y + y);
    hands.click(at(IN_TERMINAL)).expect("a click");
    // all of it is on the user's keyboard, an Italian one
    let text = "Perché no? è ò @ € [ {1} ~ ABC abc";
    hands.type_text(text).expect("typed");
    hands.tap(key::Return).expect("typed");
    wait_for_text(&typed, &format!("{text}\n"));
    assert_eq!(read(&typed), format!("{text}\n"), "once and in order");
    play.expect_the_same_picture();

    // and this is not: it is said, and what follows is typed
    play.operator.set_layout("ru").expect("a Russian keyboard");
    hands.type_text("ж").expect("typed");
    play.operator_reads("no way to type");
    play.operator.set_layout("it").expect("an Italian keyboard");
    hands.type_text("xy").expect("typed");
    hands.tap(key::Return).expect("typed");
    wait_for_text(&typed, "\nxy\n");

    hands.chord(&[key::Control_L, key::c]).expect("typed");
    wait_for_text(&interrupted, "yes");
    wait_until("the terminal to take the mouse", PATIENCE, || {
        Ok(raw.exists().then_some(()))
    })
    .expect("the script goes on");
    std::thread::sleep(Duration::from_millis(300));
    hands.click(at(IN_TERMINAL)).expect("a click");
    hands.turn_wheel(-1).expect("turned");
    hands.turn_wheel(1).expect("turned");
    for told in ["\u{1b}[<0;", "m", "\u{1b}[<64;", "\u{1b}[<65;"] {
        wait_for_text(&raw, told);
    }
    play.expect_the_same_picture();

    play.console.end_session().expect("ended");
    play.helpme
        .wait_to_read("Use another ticket")
        .expect("ended there, too");
    play.expect_that_nothing_is_shared();
    let films = play.hub.films().expect("films");
    let faults = play.hub.verify_film(films[0].id).expect("verified");
    assert!(films.len() == 1 && faults.is_empty(), "{faults:?}");
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn h5_what_the_user_refuses_in_the_desktops_dialog_is_said_on_both_sides() {
    let mut play = Play::begin(true);
    play.user_allows();
    play.user_answers(DialogAnswer::Cancel);
    // it stands there for some seconds
    play.operator_reads("The user did not share the screen in their desktop's own window");
    play.helpme
        .wait_to_read("Your screen was not shared in your desktop's own window")
        .expect("said to the user");
    play.expect_that_nothing_is_shared();
    play.console.leave_session().ok();

    // the same again, and only half of it
    play.helpme
        .click(&play.gnome, "Use another ticket")
        .expect("again");
    play.user_allows();
    play.user_answers(DialogAnswer::ShareScreen);
    play.console.wait_for_session().expect("a session");
    play.operator_reads("You can only watch: “Allow Remote Interaction” was off");
    play.console.end_session().expect("ended");
    play.helpme
        .wait_to_read("Your helper can only watch: “Allow Remote Interaction” was off")
        .expect("said to the user");
    play.expect_that_nothing_is_shared();
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn h5_a_dialog_that_nobody_answers_ends_the_session_in_words_on_both_sides() {
    let mut play = Play::begin(true);
    play.user_allows();
    play.operator_reads("The user's desktop is asking them");
    // so long the user may think
    std::thread::sleep(Duration::from_secs(105));
    assert!(play.gnome.asks().expect("looked"), "it stands there");
    play.operator_reads(
        "The user's desktop asked whether to share the screen, and nobody answered",
    );
    play.helpme
        .wait_to_read("Your desktop asked whether to share your screen, and nobody answered")
        .expect("said to the user");
    play.expect_that_nothing_is_shared();
}

/// What keeps the desktop from asking again.
const LASTING: &str = "My desktop need not ask again";

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn h5_a_yes_to_the_desktop_lasts_by_the_users_wish_until_it_is_taken_back() {
    let mut play = Play::begin(true);
    if !play.gnome.gives_yes_back() {
        // then it is not offered either
        play.user_allows();
        assert!(
            !play
                .helpme
                .map()
                .expect("a map")
                .labels()
                .contains(&LASTING)
        );
        return;
    }
    let secret = play.gnome.file("profile/helpme/secrets.json");
    play.user_is_asked();
    play.helpme
        .wait_to_read("After you allow this, your desktop will ask you once more")
        .expect("explained");
    play.helpme.click(&play.gnome, LASTING).expect("wished");
    play.helpme.click(&play.gnome, "Allow").expect("allowed");
    play.user_answers(DialogAnswer::ShareAllFromNowOn);
    play.console.wait_for_session().expect("a session");
    play.expect_the_same_picture();
    play.end_and_begin_anew();
    let kept = fs::metadata(&secret).expect("kept");
    assert_eq!(kept.permissions().mode() & 0o777, 0o600, "a secret");

    // the same Helpme, and one that was started anew
    for is_first in [true, false] {
        if !is_first {
            let programs = Programs::find().expect("programs");
            let at = (play.hub.address(), play.hub.fingerprint());
            play.helpme.running.kill_now().expect("killed");
            play.helpme = GnomeHelpme::start(&programs, &play.gnome, at, true).expect("Helpme");
        }
        play.user_is_asked();
        let map = play.helpme.map().expect("a map");
        let announces = |label: &&str| label.starts_with("After you allow this");
        assert!(!map.labels().iter().any(announces), "nothing follows it");
        play.helpme.click(&play.gnome, "Allow").expect("allowed");
        let session = play.console.wait_for_session().expect("a session");
        assert!(!play.gnome.asks().expect("looked"), "no dialog");
        play.expect_the_same_picture();
        let hands = play.operator.hands().expect("hands");
        hands
            .point_at((session.x + 700, session.y + 400))
            .expect("pointed");
        wait_until("the pointer", PATIENCE, || {
            let (x, y) = play.gnome.pointer()?;
            Ok(((x - 700.0).abs() <= 1.0 && (y - 400.0).abs() <= 1.0).then_some(()))
        })
        .expect("it acts, too");
        play.end_and_begin_anew();
    }

    play.helpme.click(&play.gnome, "Settings").expect("opened");
    play.helpme.click(&play.gnome, LASTING).expect("taken back");
    wait_until("the secret to go", PATIENCE, || {
        let left = read(&secret);
        Ok((!left.contains("yes")).then_some(()))
    })
    .expect("forgotten");
    play.helpme.click(&play.gnome, "Close").expect("closed");
    play.user_allows();
    play.user_answers(DialogAnswer::Cancel);
    play.operator_reads("The user did not share the screen in their desktop's own window");
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn h5_without_what_takes_the_pictures_it_is_said_before_a_session() {
    let mut play = Play::begin(false);
    let begin = "Helpme cannot show this screen: the program “helpme-screencast”";
    play.helpme.wait_to_read(begin).expect("said to the user");
    let ticket = play.console.generate_ticket().expect("a ticket");
    play.helpme
        .ask_for_help(&play.gnome, &ticket, USER_NAME)
        .expect("asked for help");
    play.console
        .wait_for_computer(&ticket)
        .expect("in the list");
    play.operator_reads("PipeWire is missing");
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn s2_on_gnome_at_200_percent_every_pixel_is_seen_and_pointed_at() {
    every_pixel_is_seen_and_pointed_at(2.0);
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn s2_on_gnome_at_125_percent_every_pixel_is_seen_and_pointed_at() {
    every_pixel_is_seen_and_pointed_at(1.25);
}

fn every_pixel_is_seen_and_pointed_at(scale: f64) {
    const LARGE: (u32, u32) = (1920, 1400);
    let mut play = Play::begin_on(&[LARGE], scale, true);
    play.user_allows();
    play.user_answers(DialogAnswer::ShareAll);
    let session = play.console.wait_for_session().expect("a session");
    assert_eq!((session.width, session.height), LARGE, "shown at 1:1");
    play.expect_the_same_picture();
    let hands = play.operator.hands().expect("hands");
    // from near to far, back, and along the edges
    for (x, y) in [
        (300, 200),
        (1900, 1380),
        (5, 1390),
        (1915, 4),
        (960, 600),
        (961, 601),
    ] {
        let at = (session.x + x, session.y + y);
        hands.point_at(at).expect("pointed");
        let wanted = (f64::from(x) / scale, f64::from(y) / scale);
        let mut last = None;
        let came = wait_until("the pointer", PATIENCE, || {
            let now = play.gnome.pointer()?;
            last = Some(now);
            // in whole units, and in the middle of the pixel
            let is_near = |now: f64, wanted: f64| (now - wanted).abs() <= 1.0;
            Ok((is_near(now.0, wanted.0) && is_near(now.1, wanted.1)).then_some(()))
        });
        assert!(came.is_ok(), "{last:?} instead of {wanted:?} at {scale}");
    }
    play.console.end_session().expect("ended");
    play.helpme
        .wait_to_read("Use another ticket")
        .expect("ended there, too");
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn s2_on_gnome_a_text_is_scrolled_and_dragged_over_exactly_beside_a_video() {
    let mut play = Play::begin(true);
    let text = play.gnome.file("text");
    let script = r#"touch "$1"; for i in $(seq 400); do printf 'line %d of a long text\n' "$i"; done; exec cat"#;
    let opened = play.gnome.terminal("text", script, &text, TERMINAL);
    let _terminal = opened.expect("a terminal");
    // something that moves all the time, where the picture is not compared
    const MOVING: Region = Region {
        x: 40,
        y: 420,
        width: 420,
        height: 260,
    };
    let moving = play.gnome.file("moving");
    let script = r#"touch "$1"; while ! [ -e "$1.off" ]; do i=$((i+1)); printf '\e[%dm %d \e[0m' $((41 + i % 6)) "$i"; sleep 0.03; done; exec cat"#;
    let opened = play.gnome.terminal("moving", script, &moving, MOVING);
    let _moving = opened.expect("a terminal");
    play.user_allows();
    play.user_answers(DialogAnswer::ShareAll);
    let session = play.console.wait_for_session().expect("a session");
    let hands = play.operator.hands().expect("hands");
    let at = |(x, y)| (session.x + x, session.y + y);
    hands.click(at(IN_TERMINAL)).expect("a click");
    let before = play.console.remote_picture().expect("a picture");
    for notches in [-5, 3, -9, 12] {
        hands.turn_wheel(notches).expect("turned");
        std::thread::sleep(Duration::from_millis(300));
    }
    let now = play.console.remote_picture().expect("a picture");
    assert!(now.find_in(&before, None).is_none(), "all of it goes on");
    fs::write(play.gnome.file("moving.off"), "").expect("it stops");
    for notches in [-5, 3, -9, 12] {
        hands.turn_wheel(notches).expect("turned");
        play.expect_the_same_picture();
    }
    // what is dragged over is marked
    let unmarked = play.gnome.screenshot().expect("a picture");
    hands
        .drag(at((680, 260)), at((1000, 400)))
        .expect("dragged");
    wait_until("the text to be marked", PATIENCE, || {
        let marked = play.gnome.screenshot()?;
        Ok(marked.find_in(&unmarked, None).is_none().then_some(()))
    })
    .expect("marked");
    play.expect_the_same_picture();
}

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn s2_on_gnome_a_monitor_that_changes_is_shown_as_it_is() {
    let mut play = Play::begin_on(&[(1200, 1000)], 1.0, true);
    play.user_allows();
    play.user_answers(DialogAnswer::ShareAll);
    play.console.wait_for_session().expect("a session");
    play.expect_the_same_picture();
    // never larger than at first: the operator's window shows all of it
    for (scale, quarters) in [(1.25, 0), (1.0, 2), (1.0, 0)] {
        play.gnome.set_monitor(scale, quarters).expect("changed");
        if play.gnome.gives_yes_back() {
            // the desktop asks nobody again, whose yes was for this session
            std::thread::sleep(Duration::from_millis(1_500));
            assert!(!play.gnome.asks().expect("looked"), "no dialog");
        } else {
            play.user_answers(DialogAnswer::ShareAll);
        }
        play.expect_the_same_picture();
    }
}

/// What the terminal says of keys and buttons that go down and up; see the protocol of kitty's keyboards.
const TELL_ALL: &str = r#"stty raw -echo; printf '\e[>11u\e[?1000h\e[?1006h'; exec cat >"$1""#;

#[test]
#[ignore = "it needs a Debian with GNOME, which PHD_GNOME_ROOT names, and root; `cargo xtask soak` plays it"]
fn d2_whoever_is_killed_on_gnome_no_key_stays_down_the_film_is_whole_and_nothing_runs_on() {
    let mut play = Play::begin(true);
    let file = play.gnome.file("told");
    let opened = play.gnome.terminal("typed", TELL_ALL, &file, TERMINAL);
    let _terminal = opened.expect("a terminal");
    play.user_allows();
    play.user_answers(DialogAnswer::ShareAll);
    let session = play.console.wait_for_session().expect("a session");
    play.expect_the_same_picture();
    let hands = play.operator.hands().expect("hands");
    let at = |(x, y)| (session.x + x, session.y + y);
    hands.click(at(IN_TERMINAL)).expect("a click");
    wait_for_text(&file, "\u{1b}[<0;");

    // what takes the pictures: another one does it
    let helpers = || play.gnome.processes(Some("helpme-screencast"));
    let before = helpers().expect("listed");
    assert_eq!(before.len(), 1, "one takes the pictures");
    kill_process(before[0], Signal::KILL).expect("killed");
    wait_until("another one", PATIENCE, || {
        let now = helpers()?;
        Ok((now.len() == 1 && now != before).then_some(()))
    })
    .expect("the session goes on");
    play.gnome
        .click((TERMINAL.x + 50, TERMINAL.y + 5))
        .expect("something changes");
    play.expect_the_same_picture();

    fs::write(&file, "").expect("emptied");
    hands.press_button().expect("pressed");
    hands.press(key::j).expect("pressed");
    wait_for_text(&file, "\u{1b}[106");
    assert!(!read(&file).contains(";1:3u"), "held: {:?}", read(&file));
    play.helpme.running.kill_now().expect("killed");
    wait_for_text(&file, "\u{1b}[106;1:3u");
    wait_for_text(&file, "m");
    hands.release(key::j).expect("released");
    hands.release_button().expect("released");
    play.expect_that_nothing_is_shared();
    play.console.leave_session().ok();
    for film in play.hub.films().expect("films") {
        let faults = play.hub.verify_film(film.id).expect("verified");
        assert!(faults.is_empty(), "{faults:?}");
    }
}
