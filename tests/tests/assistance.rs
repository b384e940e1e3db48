//! The main job with the real programs: ask, allow, see, work, end, report.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use e2e::{Cast, Display, Hands, PATIENCE, Region, Running, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
/// The console has the whole keyboard by then, also on a busy machine.
const SWITCHED: Duration = Duration::from_secs(1);
const OPERATOR_SCREEN: Size = Size(1680, 1050);

/// A terminal on the user's display in which `script` runs; `$1` is `file`.
fn terminal(cast: &Cast, title: &str, script: &str, file: &Path, place: &str) -> Running {
    let mut command = Command::new("xterm");
    command
        .args(["-T", title, "-geometry", place, "-e", "bash", "-c", script])
        .arg(title)
        .arg(file)
        .env("DISPLAY", cast.user_display.name())
        .env("LC_ALL", "C.UTF-8");
    let log = cast.folder().join(format!("{title}.log"));
    let mut running = Running::start(title, &mut command, &log).expect("a terminal");
    wait_until("the terminal", PATIENCE, || {
        running.check_alive()?;
        Ok(file.exists().then_some(()))
    })
    .expect("the terminal runs");
    running
}

fn read(file: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wait_for_text(file: &Path, wanted: &str) {
    wait_until(&format!("{wanted:?}"), PATIENCE, || {
        Ok(read(file).contains(wanted).then_some(()))
    })
    .with_context(|| format!("there is {:?}", read(file)))
    .expect("the text arrives");
}

/// The pixel of the operator's screen that shows the pixel `x`, `y` of the user's.
fn shown_at(session: Region, x: u32, y: u32) -> (u32, u32) {
    (session.x + x, session.y + y)
}

#[test]
fn s1_what_is_typed_into_the_session_arrives_on_the_host() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.operator_display
        .set_layout("it")
        .expect("an Italian keyboard");
    cast.user_display
        .set_layout("us")
        .expect("an American keyboard");
    let files = ["typed", "interrupted", "wheel", "other"].map(|name| cast.folder().join(name));
    let [typed, interrupted, wheel, other] = &files;
    let other_script = r#"cat >"$1""#;
    let _second = terminal(&cast, "other", other_script, other, "60x8+20+560");
    let script = format!(
        r#"trap : INT; cat >"$1"; echo yes >"{}"; stty raw -echo; printf '\e[?1000h\e[?1006h'; cat >"{}""#,
        interrupted.display(),
        wheel.display()
    );
    let _first = terminal(&cast, "typed", &script, typed, "60x12+20+320");

    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let hands = cast.operator_display.hands().expect("hands");
    hands
        .click(shown_at(session, 200, 420))
        .expect("a click into the terminal");

    let text = "Perché no? è ò @ € [ ñ {1} ~ ABC";
    hands.type_text(text).expect("typed");
    hands.type_text("\n").expect("typed");
    wait_for_text(typed, &format!("{text}\n"));

    // 7, 8, 9 and + of the numeric keypad, first as Home, up and page up, then as digits
    for expected in ["\u{1b}[H\u{1b}[A\u{1b}[5~+\n", "789+\n"] {
        for keycode in [79, 80, 81, 86] {
            hands.tap_keycode(keycode).expect("typed");
        }
        hands.tap(key::Return).expect("typed");
        wait_for_text(typed, expected);
        hands.tap(key::Num_Lock).expect("typed");
    }

    cast.console
        .app
        .click_matching("All keys", |label| label.starts_with("All keys"))
        .expect("all keys");
    std::thread::sleep(SWITCHED);
    // the two terminals were used last, so Alt+Tab goes from the one to the other
    let first_window = cast.user_display.active_window().expect("a window");
    let comes_to_front = |what: &str, is_it: &dyn Fn(u32) -> bool| {
        let came = wait_until(what, PATIENCE, || {
            // between two windows none has the keyboard
            let in_front = cast.user_display.active_window().ok();
            Ok(in_front.filter(|window| is_it(*window)))
        });
        came.expect("it comes to the front")
    };
    hands
        .click(shown_at(session, 200, 620))
        .expect("a click into the other terminal");
    let other_window = comes_to_front("the other terminal", &|window| window != first_window);
    hands
        .click(shown_at(session, 200, 420))
        .expect("a click into the terminal");
    comes_to_front("the terminal", &|window| window == first_window);
    hands.chord(&[key::Alt_L, key::Tab]).expect("typed");
    comes_to_front("Alt+Tab", &|window| window == other_window);
    hands.type_text("after Alt+Tab\n").expect("typed");
    wait_for_text(other, "after Alt+Tab\n");
    hands.chord(&[key::Alt_L, key::Tab]).expect("typed");
    comes_to_front("Alt+Tab back", &|window| window == first_window);

    hands.chord(&[key::Control_L, key::c]).expect("typed");
    wait_for_text(interrupted, "yes");

    wait_until("the terminal to take the wheel", PATIENCE, || {
        Ok(wheel.exists().then_some(()))
    })
    .expect("the script goes on");
    std::thread::sleep(Duration::from_millis(300));
    hands
        .point_at(shown_at(session, 200, 420))
        .expect("pointed");
    hands.turn_wheel(-2).expect("turned");
    hands.turn_wheel(1).expect("turned");
    wait_for_text(wheel, "\u{1b}[<64;");
    wait_for_text(wheel, "\u{1b}[<65;");

    wait_until("every key to be up", PATIENCE, || {
        let pressed = cast.user_display.pressed_keys()?;
        Ok((pressed.is_empty() && !cast.user_display.any_button_pressed()?).then_some(()))
    })
    .expect("nothing stays pressed");
    cast.helpme.end().expect("ended");
}

#[test]
fn s1_the_operator_sees_the_hosts_screen_pixel_by_pixel() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let file = cast.folder().join("listing");
    let script = r#"touch "$1"; for i in $(seq 300); do printf '\e[3%dm%s %s\n' $((i % 8)) "$i" 'The quick brown fox'; done; sleep 600"#;
    let _terminal = terminal(&cast, "listing", script, &file, "80x24+40+60");
    cast.user_display
        .paint_background(0x35_58_7a)
        .expect("painted");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    assert_eq!((session.width, session.height), (1024, 720), "shown at 1:1");

    // scrolled and moved about, then at rest
    let hands = cast.operator_display.hands().expect("hands");
    hands.click(shown_at(session, 300, 200)).expect("clicked");
    hands.chord(&[key::Shift_L, key::Prior]).expect("scrolled");
    hands
        .drag(shown_at(session, 300, 66), shown_at(session, 420, 160))
        .expect("moved");
    hands
        .point_at(shown_at(session, 1000, 700))
        .expect("pointed");
    // what the pointer covers is the operator's own
    let seen_by_both = Region {
        x: 0,
        y: 0,
        width: 960,
        height: 720,
    };
    wait_until(
        "the same picture on both sides",
        Duration::from_secs(10),
        || {
            let host = cast.user_display.screenshot()?.part(seen_by_both);
            let seen = cast.console.remote_picture()?.part(seen_by_both);
            Ok((host.differing_pixels(&seen) == 0).then_some(()))
        },
    )
    .expect("100 % exact");
    cast.helpme.end().expect("ended");
}

#[test]
fn h5_nothing_is_captured_when_the_user_refuses() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.console
        .choose(&ticket, "Remote Session")
        .expect("asked");
    cast.helpme.app.wait_for("Refuse").expect("a question");
    assert!(films(&cast).is_empty(), "nothing is filmed while he thinks");
    cast.helpme.refuse().expect("refused");
    cast.helpme.app.wait_until_gone("Refuse").expect("answered");
    std::thread::sleep(Duration::from_secs(1));
    assert!(!cast.console.app.shows("Remote screen").expect("a map"));
    assert!(cast.hub.films().expect("the store").is_empty());
    assert!(films(&cast).is_empty(), "no recording was even begun");
    // and he can be asked again
    cast.session_begins(&ticket).expect("a session after all");
    assert_eq!(cast.hub.films().expect("the store").len(), 1);
    cast.helpme.end().expect("ended");
}

/// Recordings in the hub's folder, whatever the catalogue says.
fn films(cast: &Cast) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![cast.hub.data()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.contains(".film") {
                found.push(path);
            }
        }
    }
    found
}

/// Marks a colour as painted by [`Painter`], so that nothing else is taken for it.
const MARK: u32 = 0x5a_00_00;
const LIMIT: Duration = Duration::from_millis(100);

#[test]
fn h6_end_stops_picture_and_input_within_100_ms() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let typed = cast.folder().join("typed");
    let script = r#"stty raw -echo; cat >"$1""#;
    let _terminal = terminal(&cast, "typed", script, &typed, "60x12+20+320");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let end = cast.helpme.app.wait_until_usable("End").expect("the bar");
    let hands = cast.operator_display.hands().expect("hands");
    hands
        .click(shown_at(session, 200, 420))
        .expect("a click into the terminal");
    cast.helpme
        .app
        .hands()
        .point_at(end.region.middle())
        .expect("pointed");

    let painter = Painter::default();
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let (pressed_at, painted_at, shown, arrivals) = std::thread::scope(|scope| {
        let painting = scope.spawn(|| painter.paint(&cast.user_display, started, &stop));
        let watching = scope.spawn(|| watch(&cast.operator_display, session, started, &stop));
        let listening = scope.spawn(|| listen(&typed, started, &stop));
        let typing = scope.spawn(|| keep_typing(hands, &stop));
        std::thread::sleep(Duration::from_secs(3));
        let pressed_at = started.elapsed();
        cast.helpme
            .app
            .hands()
            .click(end.region.middle())
            .expect("ended");
        std::thread::sleep(Duration::from_secs(1));
        stop.store(true, Ordering::Relaxed);
        typing.join().expect("typed");
        (
            pressed_at,
            painting.join().expect("painted"),
            watching.join().expect("watched"),
            listening.join().expect("listened"),
        )
    });

    let shown_last = *shown.iter().max().expect("the picture moved");
    let drawn = painted_at[usize::try_from(shown_last).expect("a counter")];
    assert!(shown.len() > 20, "only {} pictures were seen", shown.len());
    let late = drawn.saturating_sub(pressed_at);
    assert!(
        late < LIMIT,
        "what was drawn {late:?} after End was still seen"
    );

    assert!(arrivals.len() > 20, "only {} keys arrived", arrivals.len());
    let late = arrivals
        .last()
        .expect("keys arrived")
        .saturating_sub(pressed_at);
    assert!(late < LIMIT, "a key arrived {late:?} after End");
    assert!(cast.user_display.pressed_keys().expect("keys").is_empty());
}

/// Paints the background of a screen with a counter.
#[derive(Default)]
struct Painter {
    counter: AtomicU32,
}

impl Painter {
    /// Gives when each number was painted.
    fn paint(&self, display: &Display, started: Instant, stop: &AtomicBool) -> Vec<Duration> {
        let mut painted_at = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let number = self.counter.fetch_add(1, Ordering::Relaxed);
            painted_at.push(started.elapsed());
            display.paint_background(MARK | number).expect("painted");
            std::thread::sleep(Duration::from_millis(10));
        }
        painted_at
    }
}

/// Every number that was seen on the operator's screen.
fn watch(display: &Display, session: Region, started: Instant, stop: &AtomicBool) -> Vec<u32> {
    let eye = Display::attach(display.name()).expect("eyes");
    let (x, y) = shown_at(session, 1000, 300);
    let place = Region {
        x,
        y,
        width: 1,
        height: 1,
    };
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) && started.elapsed() < PATIENCE {
        let [red, green, blue] = eye.screenshot_of(place).expect("a pixel").at(0, 0);
        let number = u32::from(green) << 8 | u32::from(blue);
        if u32::from(red) == MARK >> 16 && seen.last() != Some(&number) {
            seen.push(number);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    seen
}

/// When characters arrived in `file`.
fn listen(file: &Path, started: Instant, stop: &AtomicBool) -> Vec<Duration> {
    let mut arrivals = Vec::new();
    let mut length = 0;
    while !stop.load(Ordering::Relaxed) {
        let now = fs::metadata(file).map_or(0, |data| data.len());
        if now > length {
            length = now;
            arrivals.push(started.elapsed());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    arrivals
}

fn keep_typing(hands: Hands, stop: &AtomicBool) {
    let hands = hands.with_pace(Duration::from_millis(10));
    while !stop.load(Ordering::Relaxed) {
        hands.tap(key::x).expect("typed");
    }
}

#[test]
fn o9_a_host_can_be_opened_again_after_a_session() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    for time in 1..=3 {
        cast.session_begins(&ticket).expect("a session");
        cast.console.end_session().expect("ended by the operator");
        cast.console
            .leave_session()
            .expect("the console is free again");
        assert_eq!(cast.hub.films().expect("the store").len(), time);
    }
}
