//! An assistance for somebody whose desktop runs on Wayland: real sway without a screen, the real hub and Helpme, and
//! the operator's console on an X display.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use capture::ScreenSource as _;
use capture::wayland::WaylandScreen;
use e2e::{
    Console, Display, Hands, Home, Hub, Look, OPERATOR, OPERATOR_NAME, PASSWORD, PATIENCE, Picture,
    Programs, Region, Running, Sway, SwayHelpme, USER_NAME, wait_until,
};
use tempfile::TempDir;
use xkeysym::key;

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

/// Everybody. Dropping it ends them, and the displays last.
struct Play {
    helpme: SwayHelpme,
    console: Console,
    hub: Hub,
    sway: Sway,
    operator: Display,
    programs: Programs,
    folder: TempDir,
}

impl Play {
    fn begin(outputs: u32, size: (u32, u32)) -> Self {
        Self::try_begin(outputs, size).expect("the cast")
    }

    fn try_begin(outputs: u32, size: (u32, u32)) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = TempDir::with_prefix("phd-sway-")?;
        let home = |name| Home::fresh(folder.path(), name);
        let sway = Sway::start(home("user")?.of_ordinary_user()?, outputs, size)?;
        let operator = Display::start_managed(1680, 1050)?;
        let hub = Hub::start(&programs, home("hub")?, IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)?;
        let mut console = Console::start(&programs, &operator, home("operator")?, Look::LIGHT)?;
        console.set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)?;
        let at = (hub.address(), hub.fingerprint());
        let helpme = SwayHelpme::start(&programs, &sway, at)?;
        Ok(Self {
            helpme,
            console,
            hub,
            sway,
            operator,
            programs,
            folder,
        })
    }

    /// From the ticket to the picture; gives where that is on the operator's screen.
    fn session_begins(&mut self) -> anyhow::Result<Region> {
        let ticket = self.console.generate_ticket()?;
        self.helpme.ask_for_help(&self.sway, &ticket, USER_NAME)?;
        self.console.wait_for_computer(&ticket)?;
        self.console.choose(&ticket, "Remote Session")?;
        self.helpme.click(&self.sway, "Allow")?;
        self.console.wait_for_session()
    }

    /// Another Helpme, after the first was killed.
    fn start_helpme_again(&mut self) -> anyhow::Result<()> {
        let at = (self.hub.address(), self.hub.fingerprint());
        self.helpme = SwayHelpme::start(&self.programs, &self.sway, at)?;
        Ok(())
    }

    /// A file that the user's programs may write.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("user/run").join(name)
    }

    fn terminal(&self, script: &str, file: &Path) -> Running {
        let opened = self.sway.terminal("typed", script, file, TERMINAL);
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
    play.helpme
        .wait_for(&play.sway, "Use another ticket")
        .expect("the end is told");
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
}

/// What the terminal says of keys and buttons that go down and up; see the protocol of kitty's keyboards.
const TELL_ALL: &str = r#"stty raw -echo; printf '\e[>11u\e[?1000h\e[?1006h'; exec cat >"$1""#;

#[test]
fn s1_no_key_and_no_button_stays_down_on_wayland_when_helpme_is_killed() {
    let mut play = Play::begin(1, OUTPUT);
    let file = play.file("told");
    let _terminal = play.terminal(TELL_ALL, &file);
    for round in 0..2 {
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
        play.helpme.running.kill_now().expect("killed");
        wait_for_text(&file, "\u{1b}[106;1:3u");
        wait_for_text(&file, "m");
        hands.release(key::j).expect("released");
        hands.release_button().expect("released");
        if round == 0 {
            play.console.leave_session().ok();
            play.start_helpme_again().expect("Helpme again");
        }
    }
}

#[test]
fn every_output_is_copied_as_the_compositor_shows_it_however_it_is_turned() {
    let folder = TempDir::with_prefix("phd-sway-").expect("a folder");
    let home = Home::fresh(folder.path(), "user").expect("a home");
    let home = home.of_ordinary_user().expect("an ordinary user's");
    let sway = Sway::start(home, 1, (400, 300)).expect("sway");
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
    let mut picture = codec::Picture::new(codec::PixelSize::new(1, 1));
    let mut changes = capture::Changes::default();
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
        same.expect(transform);
    }
}
