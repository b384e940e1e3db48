//! An assistance for somebody whose desktop runs on Wayland: real sway without a screen, the real hub and Helpme, and
//! the operator's console on an X display.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use capture::ScreenSource as _;
use capture::wayland::WaylandScreen;
use e2e::{
    Hands, Home, LampSize, Look, NO_X11, PATIENCE, Picture, Programs, Region, Running, Sway,
    SwayCast, UiMap, WITH_X11, WaylandLamp, wait_until,
};
use input::InputSink as _;
use input::wayland::WaylandSink;
use protocol::input::{InputEvent, Place, PointerButton};
use tempfile::TempDir;
use xkeysym::key;

#[path = "wayland/bar.rs"]
mod bar_over_all;
#[path = "wayland/clipboard.rs"]
mod clipboard_of_sway;
#[path = "wayland/renamed.rs"]
mod renamed;

/// The user's output where there is one.
const OUTPUT: (u32, u32) = (1100, 700);
/// Where the user's terminal is.
const TERMINAL: Region = Region {
    x: 560,
    y: 120,
    width: 480,
    height: 360,
};
/// A place in it.
const IN_TERMINAL: (u32, u32) = (700, 300);

/// The cast, and what a test expects of it.
struct Play(SwayCast);

impl Deref for Play {
    type Target = SwayCast;

    fn deref(&self) -> &SwayCast {
        &self.0
    }
}

impl DerefMut for Play {
    fn deref_mut(&mut self) -> &mut SwayCast {
        &mut self.0
    }
}

impl Play {
    fn begin(outputs: u32, size: (u32, u32)) -> Self {
        Self::begin_as(outputs, size, NO_X11)
    }

    /// `settings` are sway's.
    fn begin_as(outputs: u32, size: (u32, u32), settings: &str) -> Self {
        Self(SwayCast::assemble(outputs, size, settings).expect("the cast"))
    }

    fn user_clicks(&mut self, label: &str) {
        let SwayCast { helpme, sway, .. } = &mut self.0;
        helpme.click(sway, label).expect(label);
    }

    fn user_reads(&mut self, label: &str) {
        let SwayCast { helpme, sway, .. } = &mut self.0;
        helpme.wait_for(sway, label).expect(label);
    }

    /// Waits until no process of Helpme is left, its guardian among them.
    #[track_caller]
    fn expect_that_helpme_is_gone(&self, what: &str) {
        let folder = self.user_folder();
        let gone = wait_until("Helpme to be gone", PATIENCE, || {
            let mut left = fs::read_dir("/proc")?.filter_map(|entry| {
                let program = fs::read_link(entry.ok()?.path().join("exe")).ok()?;
                Some(program).filter(|program| {
                    let is_helpme = program.file_name().is_some_and(|name| name == "helpme");
                    is_helpme && program.starts_with(&folder)
                })
            });
            Ok(left.next().is_none().then_some(()))
        });
        gone.expect(what);
    }

    fn terminal(&self, script: &str, file: &Path) -> Running {
        let opened = self.0.terminal(script, file, TERMINAL);
        opened.expect("a terminal")
    }

    fn hands(&self) -> Hands {
        self.operator.hands().expect("hands")
    }

    /// Waits until the operator sees what the compositor shows, pixel by pixel.
    #[track_caller]
    fn expect_the_same_picture(&self) {
        let mut last = None;
        let what = "the same picture on both sides";
        let same = wait_until(what, Duration::from_secs(20), || {
            let shown = self.sway.screenshot()?;
            let seen = self.console.remote_picture()?;
            // a window that was made for a larger desktop has a margin
            let place = shown.find_in(&seen, None);
            last = Some((shown, seen));
            Ok(place.map(drop))
        });
        if let (Err(_), Some((shown, seen))) = (&same, last) {
            keep(&[("shown", &shown), ("seen", &seen)]);
        }
        same.expect("100 % exact; see phd-e2e-failures among the temporary files");
    }
}

/// For whoever looks why a play failed.
fn keep(pictures: &[(&str, &Picture)]) {
    let folder = std::env::temp_dir().join("phd-e2e-failures");
    fs::create_dir_all(&folder).expect("a folder");
    for (name, picture) in pictures {
        let path = folder.join(format!("sway-{name}.png"));
        picture.save_png(&path).expect("kept");
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

fn shown_at(session: Region, (x, y): (u32, u32)) -> (u32, u32) {
    (session.x + x, session.y + y)
}

#[test]
fn s1_a_user_on_wayland_is_seen_and_typed_for_from_ticket_to_end() {
    let mut play = Play::begin(1, OUTPUT);
    play.operator.set_layout("it").expect("an Italian keyboard");
    let [typed, interrupted, raw] = ["typed", "interrupted", "raw"].map(|name| play.file(name));
    let script = format!(
        r#"trap : INT; cat >"$1"; echo yes >"{}"; stty raw -echo; printf '\e[?1000h\e[?1006h'; exec cat >"{}""#,
        interrupted.display(),
        raw.display()
    );
    let _terminal = play.terminal(&script, &typed);
    let session = play.session_begins().expect("a session");
    assert_eq!((session.width, session.height), OUTPUT, "shown at 1:1");
    play.expect_the_same_picture();

    let hands = play.hands();
    hands
        .click(shown_at(session, IN_TERMINAL))
        .expect("a click");
    let text = "Perché no? è ò @ € [ ñ {1} ~ ABC";
    hands.type_text(text).expect("typed");
    hands.type_text("\n").expect("typed");
    wait_for_text(&typed, &format!("{text}\n"));

    // 7, 8, 9 and + of the numeric keypad, first as Home, up and page up, then as digits
    for expected in ["\u{1b}[H\u{1b}[A\u{1b}[5~+\n", "789+\n"] {
        for keycode in [79, 80, 81, 86] {
            hands.tap_keycode(keycode).expect("typed");
        }
        hands.tap(key::Return).expect("typed");
        wait_for_text(&typed, expected);
        hands.tap(key::Num_Lock).expect("typed");
    }
    assert_eq!(
        read(&typed),
        format!("{text}\n\u{1b}[H\u{1b}[A\u{1b}[5~+\n789+\n"),
        "all of it, once and in order"
    );

    hands.chord(&[key::Control_L, key::c]).expect("typed");
    wait_for_text(&interrupted, "yes");
    wait_until("the terminal to take the mouse", PATIENCE, || {
        Ok(raw.exists().then_some(()))
    })
    .expect("the script goes on");
    std::thread::sleep(Duration::from_millis(300));
    hands
        .click(shown_at(session, IN_TERMINAL))
        .expect("a click");
    hands.turn_wheel(-1).expect("turned");
    hands.turn_wheel(1).expect("turned");
    hands.turn_wheel_sideways(-1).expect("turned");
    hands.turn_wheel_sideways(1).expect("turned");
    for button in [64, 65, 66, 67] {
        wait_for_text(&raw, &format!("\u{1b}[<{button};"));
    }
    let (pressed, released) = ("\u{1b}[<0;", "m");
    wait_for_text(&raw, pressed);
    wait_for_text(&raw, released);
    hands
        .point_at(shown_at(session, (1000, 600)))
        .expect("pointed");
    play.expect_the_same_picture();

    play.console.end_session().expect("ended");
    play.user_reads("Use another ticket");
}

#[test]
fn s2_outputs_that_come_go_and_change_are_shown_as_they_are() {
    const EACH: (u32, u32) = (700, 560);
    let mut play = Play::begin(2, EACH);
    let session = play.session_begins().expect("a session");
    let both = (2 * EACH.0, EACH.1);
    assert_eq!((session.width, session.height), both, "both, at 1:1");
    play.expect_the_same_picture();
    // never larger than at first: the operator's window shows all of it
    for change in [
        "HEADLESS-2 disable",
        "HEADLESS-1 resolution 640x500",
        "HEADLESS-2 enable",
        "HEADLESS-2 resolution 500x400",
        "HEADLESS-2 position 640 40",
        "HEADLESS-2 transform 90",
    ] {
        play.sway.tell(&format!("output {change}")).expect(change);
        // another one takes a moment, and meanwhile both sides show what was
        std::thread::sleep(Duration::from_millis(500));
        play.expect_the_same_picture();
    }
    // as when a lid is closed and opened
    play.sway.tell("output * disable").expect("off");
    std::thread::sleep(Duration::from_millis(700));
    play.sway.tell("output * enable").expect("on");
    play.expect_the_same_picture();
}

/// What a terminal's pointer does: it goes down, is dragged, comes up.
const MOUSE: &str = r#"stty raw -echo; printf '\e[?1002h\e[?1006h'; exec cat >"$1""#;

#[test]
fn s1_programs_of_x11_and_of_wayland_are_seen_and_typed_into_side_by_side() {
    const OF_WAYLAND: Region = Region {
        x: 560,
        y: 20,
        width: 480,
        height: 300,
    };
    const OF_X11: Region = Region {
        y: 360,
        ..OF_WAYLAND
    };
    let mut play = Play::begin_as(1, OUTPUT, WITH_X11);
    play.operator.set_layout("it").expect("an Italian keyboard");
    let [typed, raw, x_typed, x_raw] =
        ["typed", "raw", "x-typed", "x-raw"].map(|name| play.file(name));
    let script = |raw: &Path| {
        format!(
            r#"cat >"$1"; printf go; {}"#,
            MOUSE.replace("$1", &raw.display().to_string())
        )
    };
    let opened = play
        .sway
        .terminal("typed", &script(&raw), &typed, OF_WAYLAND);
    let _terminal = opened.expect("a terminal");
    let opened = play
        .sway
        .x_terminal("x-typed", &script(&x_raw), &x_typed, OF_X11);
    let _x_terminal = opened.expect("a terminal of X11");
    let session = play.session_begins().expect("a session");
    play.expect_the_same_picture();
    let hands = play.hands();
    // more than there are keys without a meaning, and then the first of them again
    let foreign: String = ('\u{4e00}'..'\u{4e64}')
        .chain('\u{4e00}'..'\u{4e02}')
        .collect();
    let text = "Perché no? è ò @ € [ ñ {1} ~ ABC abc";
    for (file, raw, place) in [(&typed, &raw, OF_WAYLAND), (&x_typed, &x_raw, OF_X11)] {
        let at = |x, y| shown_at(session, (place.x + x, place.y + y));
        hands.click(at(150, 150)).expect("a click");
        hands.type_text(text).expect("typed");
        hands.tap(key::Return).expect("typed");
        wait_for_text(file, &format!("{text}\n"));
        // the pad, as digits
        hands.tap(key::Num_Lock).expect("typed");
        for keycode in [79, 80, 81, 86] {
            hands.tap_keycode(keycode).expect("typed");
        }
        hands.tap(key::Num_Lock).expect("typed");
        hands.tap(key::Return).expect("typed");
        wait_for_text(file, "789+\n");
        play.sway.type_text(&format!("{foreign}\n")).expect("typed");
        wait_for_text(file, &format!("{foreign}\n"));
        assert_eq!(
            read(file),
            format!("{text}\n789+\n{foreign}\n"),
            "once and in order"
        );
        // an end of the text, by a shortcut
        hands.chord(&[key::Control_L, key::d]).expect("typed");
        wait_until("the terminal to take the mouse", PATIENCE, || {
            Ok(raw.exists().then_some(()))
        })
        .expect("the script goes on");
        std::thread::sleep(Duration::from_millis(300));
        hands.drag(at(60, 60), at(200, 180)).expect("dragged");
        for told in ["\u{1b}[<0;", "M\u{1b}[<32;", "m"] {
            wait_for_text(raw, told);
        }
        play.expect_the_same_picture();
    }
}

#[test]
fn s2_a_text_that_is_scrolled_stays_exact() {
    let mut play = Play::begin(1, OUTPUT);
    let script = r#"touch "$1"; for i in $(seq 400); do printf 'line %d of a long text\n' "$i"; done; exec cat"#;
    let _terminal = play.terminal(script, &play.file("scrolled"));
    let session = play.session_begins().expect("a session");
    play.expect_the_same_picture();
    let hands = play.hands();
    let at = shown_at(session, IN_TERMINAL);
    hands.click(at).expect("a click");
    let mut before = play.sway.screenshot().expect("a picture");
    for notches in [-5, -5, 3, -9, 12] {
        hands.turn_wheel(notches).expect("turned");
        wait_until("the text to move", PATIENCE, || {
            let now = play.sway.screenshot()?;
            let moved = now.find_in(&before, None).is_none();
            before = now;
            Ok(moved.then_some(()))
        })
        .expect("scrolled");
        play.expect_the_same_picture();
    }
}

#[test]
fn h6_where_windows_are_tiled_the_bar_leaves_the_rest_to_what_is_below() {
    let mut play = Play::begin(1, OUTPUT);
    let file = play.file("told");
    let _terminal = play.terminal(MOUSE, &file);
    // it fills the screen, as every window does that is not told otherwise
    let tiled = play.sway.tell("[title=\"^typed$\"] floating disable");
    tiled.expect("tiled");
    let all = Region {
        x: 0,
        y: 0,
        width: OUTPUT.0,
        height: OUTPUT.1,
    };
    wait_until("the terminal to fill the screen", PATIENCE, || {
        Ok((play.sway.window("typed")? == Some(all)).then_some(()))
    })
    .expect("tiled");
    let before = wait_until("Helpme", PATIENCE, || play.sway.window("Helpme"));
    let before = before.expect("there");
    assert!(before.height > 400, "as large as a window: {before:?}");
    play.session_begins().expect("a session");
    let bar = wait_until("the bar", PATIENCE, || {
        let window = play.sway.window("Helpme")?;
        Ok(window.filter(|window| window.height < 100))
    })
    .expect("not a pixel more than what is drawn");
    let top = ((OUTPUT.0 - bar.width) / 2, 0);
    let at_top = wait_until("the bar at the top", PATIENCE, || {
        let window = play.sway.window("Helpme")?;
        Ok(window.filter(|window| (window.x, window.y) == top))
    });
    let bar = at_top.expect("in the middle of the top");
    for beside in [
        (bar.x + bar.width / 2, bar.y + bar.height + 3),
        (before.x + before.width / 2, before.y + before.height - 10),
        (bar.x + bar.width + 3, bar.y + bar.height / 2),
    ] {
        fs::write(&file, "").expect("emptied");
        play.sway.click(beside).expect("clicked");
        wait_for_text(&file, "\u{1b}[<0;");
    }
    play.user_clicks("End");
    play.user_reads("Use another ticket");
    wait_until("a window again", PATIENCE, || {
        let window = play.sway.window("Helpme")?;
        Ok(window.filter(|window| window.height > 400))
    })
    .expect("as large as before");
}

/// What the terminal says of keys and buttons that go down and up; see the protocol of kitty's keyboards.
const TELL_ALL: &str = r#"stty raw -echo; printf '\e[>11u\e[?1000h\e[?1006h'; exec cat >"$1""#;

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Helpme,
    /// The process that releases buttons when Helpme is gone.
    Guardian,
    Compositor,
}

/// The process that guards what this Helpme holds.
fn guardian_of(helpme: u32) -> Option<i32> {
    let entries = fs::read_dir("/proc").ok()?;
    let mut processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.find(|process: &i32| {
        let program = fs::read_link(format!("/proc/{process}/exe"));
        let is_helpme = program.is_ok_and(|program| program.ends_with("helpme"));
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        is_helpme
            && status
                .lines()
                .any(|line| line == format!("PPid:\t{helpme}"))
    })
}

/// How often each is killed, and how often where `PHD_SOAK` is set.
const TIMES: u32 = 1;
const TIMES_IN_A_SOAK: u32 = 10;

#[test]
fn d2_whoever_is_killed_on_wayland_no_key_stays_down_the_film_is_whole_and_nothing_runs_on() {
    let times = match std::env::var_os("PHD_SOAK") {
        Some(_) => TIMES_IN_A_SOAK,
        None => TIMES,
    };
    for time in 0..times {
        // who was killed stays on the operator's list for a while, which so many would fill
        kill_each(&mut Play::begin(1, OUTPUT), time);
    }
}

fn kill_each(play: &mut Play, time: u32) {
    let victims = [Victim::Helpme, Victim::Guardian, Victim::Compositor];
    for (round, victim) in victims.into_iter().enumerate() {
        let file = play.file(&format!("told-{round}"));
        let _terminal = play.terminal(TELL_ALL, &file);
        let session = play.session_begins().expect("a session");
        let hands = play.hands();
        hands
            .click(shown_at(session, IN_TERMINAL))
            .expect("a click");
        wait_for_text(&file, "\u{1b}[<0;");
        fs::write(&file, "").expect("emptied");
        hands.press_button().expect("pressed");
        hands.press(key::j).expect("pressed");
        wait_for_text(&file, "\u{1b}[106");
        wait_for_text(&file, "M");
        assert!(
            !read(&file).contains(";1:3u"),
            "it is held: {:?}",
            read(&file)
        );
        // at any moment
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let moment = now.expect("after 1970").subsec_nanos() % 1_500;
        std::thread::sleep(Duration::from_millis(moment.into()));
        let what = format!("{victim:?}, time {time}, after {moment} ms");
        match victim {
            Victim::Helpme => {
                play.helpme.running.kill_now().expect("killed");
                wait_for_text(&file, "\u{1b}[106;1:3u");
                wait_for_text(&file, "m");
            }
            Victim::Guardian => {
                let guardian = guardian_of(play.helpme.running.pid()).expect("a guardian");
                let guardian = rustix::process::Pid::from_raw(guardian).expect("its number");
                let killed = rustix::process::kill_process(guardian, rustix::process::Signal::KILL);
                killed.expect("killed");
            }
            Victim::Compositor => {
                play.sway.running().kill_now().expect("killed");
            }
        }
        hands.release(key::j).expect("released");
        hands.release_button().expect("released");
        if victim == Victim::Guardian {
            // the session goes on without it, and ends as any other
            wait_for_text(&file, "\u{1b}[106;1:3u");
            wait_for_text(&file, "m");
            fs::write(&file, "").expect("emptied");
            hands.press_button().expect("pressed");
            hands.press(key::k).expect("pressed");
            wait_for_text(&file, "\u{1b}[107");
            play.user_clicks("End");
            wait_for_text(&file, "\u{1b}[107;1:3u");
            wait_for_text(&file, "m");
            hands.release(key::k).expect("released");
            hands.release_button().expect("released");
            play.helpme.running.stop().expect("stopped");
        }
        play.expect_that_helpme_is_gone(&what);
        if victim == Victim::Compositor {
            let sentence = "Helpme finds no screen on the user's computer";
            let told = wait_until(sentence, PATIENCE, || {
                let map = play.console.app.map()?;
                let mut labels = map.labels().into_iter();
                Ok(labels
                    .any(|label| label.starts_with(sentence))
                    .then_some(()))
            });
            let shown = play.console.app.map().expect("a map");
            assert!(
                told.is_ok(),
                "{what}: the operator reads {:?}",
                shown.labels()
            );
        }
        play.console.leave_session().ok();
        let films = play.hub.films().expect("films");
        assert_eq!(films.len(), round + 1, "{what}");
        for film in films {
            let faults = play.hub.verify_film(film.id).expect("verified");
            assert!(faults.is_empty(), "{what}: {faults:?}");
        }
        if victim != Victim::Compositor {
            play.start_helpme_again().expect("another one");
        }
    }
}

/// A desktop alone, and the folder that its user's home is in.
fn desktop(size: (u32, u32)) -> (Sway, TempDir) {
    let folder = TempDir::with_prefix("phd-sway-").expect("a folder");
    let home = Home::fresh(folder.path(), "user").expect("a home");
    let home = home.of_ordinary_user().expect("an ordinary user's");
    (Sway::start(home, 1, size).expect("sway"), folder)
}

/// Waits until what is captured is what the compositor shows.
#[track_caller]
fn expect_the_same_capture(screen: &mut WaylandScreen, sway: &Sway, what: &str) {
    let mut picture = codec::Picture::new(codec::PixelSize::new(1, 1));
    let mut changes = capture::Changes::default();
    let same = wait_until("the same picture", Duration::from_secs(10), || {
        screen.wait(Some(Duration::from_millis(300)), &mut changes)?;
        screen.grab(&mut picture)?;
        let shown = sway.screenshot()?;
        let size = picture.size();
        let is_same = (size.width, size.height) == (shown.width(), shown.height())
            && shown.colours().zip(picture.pixels()).all(|(shown, seen)| {
                let [_, red, green, blue] = seen.to_be_bytes();
                shown == [red, green, blue]
            });
        Ok(is_same.then_some(()))
    });
    same.expect(what);
}

/// Waits until what is captured, change by change, is what another sees that has just begun.
#[track_caller]
fn expect_a_whole_capture(screen: &mut WaylandScreen, sway: &Sway, what: &str) {
    let mut picture = codec::Picture::new(codec::PixelSize::new(1, 1));
    let mut whole = picture.clone();
    let mut changes = capture::Changes::default();
    let same = wait_until("the same picture", Duration::from_secs(10), || {
        screen.wait(Some(Duration::from_millis(300)), &mut changes)?;
        screen.grab(&mut picture)?;
        WaylandScreen::open(Some(sway.socket()))?.grab(&mut whole)?;
        Ok((picture.size() == whole.size() && picture.pixels() == whole.pixels()).then_some(()))
    });
    same.expect(what);
    let size = whole.size();
    assert!(
        what.starts_with(&format!("{} x {}", size.width, size.height)),
        "{size:?}: {what}"
    );
}

#[test]
fn every_pixel_is_seen_and_pointed_at_whatever_the_scale_of_its_output() {
    /// Divided by every scale below without a rest, and by others than those.
    const SIZES: [(u32, u32); 2] = [(900, 600), (1001, 703)];
    let (sway, _folder) = desktop(SIZES[0]);
    let lamp = WaylandLamp::hang(sway.socket(), LampSize::Full).expect("a lamp");
    wait_until("the lamp", PATIENCE, || Ok(lamp.is_shown().then_some(()))).expect("lit");
    let mut screen = WaylandScreen::open(Some(sway.socket())).expect("a screen");
    let mut hands = WaylandSink::open(Some(sway.socket())).expect("hands");
    for (width, height) in SIZES {
        for scale in ["1", "1.25", "1.5", "2", "1"] {
            let what = format!("{width} x {height} at {scale}");
            let change = format!("output HEADLESS-1 resolution {width}x{height} scale {scale}");
            sway.tell(&change).expect("changed");
            let scale: f64 = scale.parse().expect("a number");
            for (x, y) in [(300, 200), (width - 4, height - 5), (1, 2)] {
                lamp.clicks();
                let at = Place {
                    x: i32::try_from(x).expect("small"),
                    y: i32::try_from(y).expect("small"),
                    seen: 0,
                };
                for pressed in [true, false] {
                    let click = InputEvent::Button {
                        button: PointerButton::Left,
                        pressed,
                        at,
                    };
                    // as it is right after a change, with nothing pointed at before
                    hands.inject(&click).expect("clicked");
                }
                let clicked = wait_until("a click", PATIENCE, || Ok(lamp.clicks().pop()));
                let (in_units_x, in_units_y) = clicked.expect("clicked");
                for (pixel, in_units) in [(x, in_units_x), (y, in_units_y)] {
                    let at = f64::from(pixel);
                    let clicked = in_units * scale;
                    assert!(
                        at <= clicked && clicked < at + 1.0,
                        "{what}: {pixel} is {clicked}"
                    );
                }
            }
            if (width, height) == SIZES[0] {
                expect_the_same_capture(&mut screen, &sway, &what);
            } else {
                // grim makes this size another one, as its edge lies within a unit; so what was put together of
                // changes is held against what is copied at once
                expect_a_whole_capture(&mut screen, &sway, &what);
            }
        }
    }
}

#[test]
fn every_output_is_copied_as_the_compositor_shows_it_however_it_is_turned() {
    let (sway, folder) = desktop((400, 300));
    let file = folder.path().join("user/run/colours");
    let script = r#"touch "$1"; for i in $(seq 40); do printf '\e[3%dm%s quick\n' $((i % 8)) "$i"; done; sleep 600"#;
    let place = Region {
        x: 20,
        y: 10,
        width: 200,
        height: 150,
    };
    let _terminal = sway
        .terminal("colours", script, &file, place)
        .expect("a terminal");
    let mut screen = WaylandScreen::open(Some(sway.socket())).expect("a screen");
    for transform in [
        "normal",
        "90",
        "180",
        "270",
        "flipped",
        "flipped-90",
        "flipped-180",
        "flipped-270",
    ] {
        sway.tell(&format!("output HEADLESS-1 transform {transform}"))
            .expect("turned");
        expect_the_same_capture(&mut screen, &sway, transform);
    }
}

#[test]
fn e1_a_desktop_that_shows_itself_to_nobody_is_told_before_a_session() {
    let folder = TempDir::with_prefix("phd-weston-").expect("a folder");
    let programs = Programs::find().expect("programs");
    let home = |name: &str| Home::fresh(folder.path(), name).expect("a home");
    let desktop = home("desktop");
    let mut weston = desktop.command("weston");
    weston
        .args([
            "--backend=headless-backend.so",
            "--no-config",
            "--idle-time=0",
        ])
        .args(["--socket=wayland-9", "--width=1024", "--height=768"]);
    let _weston = Running::start("weston", &mut weston, &desktop.log()).expect("weston");
    let socket = desktop.file("run/wayland-9");
    wait_until("weston", PATIENCE, || Ok(socket.exists().then_some(()))).expect("weston");
    for (look, locale, said) in [
        (
            Look::LIGHT,
            "en_GB.UTF-8",
            "Helpme cannot show this screen: your desktop runs on Wayland.",
        ),
        (
            Look::ITALIAN,
            "it_IT.UTF-8",
            "Helpme non può mostrare questo schermo: il desktop usa Wayland.",
        ),
    ] {
        let user = home(locale).speaking(locale);
        look.set_up(&user.profile(), "helpme").expect("set up");
        let mut command = user.command(programs.path("helpme"));
        command
            // no hub is needed for that
            .args([
                "--hub",
                "127.0.0.1:9",
                "--fingerprint",
                &"0123456789abcdef".repeat(4),
            ])
            .env("WAYLAND_DISPLAY", &socket)
            .env("XDG_SESSION_TYPE", "wayland")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("PHD_UI_MAP", user.ui_map());
        let mut helpme = Running::start("helpme", &mut command, &user.log()).expect("Helpme");
        let read = wait_until(said, PATIENCE, || {
            helpme.check_alive()?;
            let map = UiMap::read(&user.ui_map())?;
            Ok(map
                .labels()
                .iter()
                .any(|label| label.contains(said))
                .then_some(()))
        });
        let map = UiMap::read(&user.ui_map());
        read.unwrap_or_else(|error| {
            panic!(
                "{error}: {:?}",
                map.map(|map| format!("{:?}", map.labels()))
            )
        });
    }
}
