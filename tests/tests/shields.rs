//! What an operator may keep from the user's hands, when nobody looks, and what the user keeps to themselves, by the
//! real programs (S2, H5, H6).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use e2e::{Board, Cast, Display, Look, OwnKeyboard, PATIENCE, Picture, Running, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);
/// What stands on the user's screen for everybody, and what for nobody else.
const OPEN: u32 = 0x20_40_80;
const SECRET: u32 = 0xe0_30_c0;
const AFTER: u32 = 0x30_80_40;
/// Keys of the display's own keyboard: Escape, and an A.
const ESCAPE: u8 = 9;
const A: u8 = 38;

fn rgb(colour: u32) -> [u8; 3] {
    let [_, red, green, blue] = colour.to_be_bytes();
    [red, green, blue]
}

/// How many pixels have the colour, bright or as dark as a picture that is held.
fn pixels_of(picture: &Picture, colour: u32) -> usize {
    let near = |one: u8, other: u8| one.abs_diff(other) <= 6;
    let is = |pixel: [u8; 3], wanted: [u8; 3]| pixel.iter().zip(wanted).all(|(p, w)| near(*p, w));
    let (bright, dark) = (rgb(colour), rgb(colour).map(|channel| channel / 5));
    let places = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
    places
        .map(|(x, y)| picture.at(x, y))
        .filter(|pixel| is(*pixel, bright) || is(*pixel, dark))
        .count()
}

fn keep(cast: &Cast, name: &str) {
    let Some(folder) = std::env::var_os("PHD_PICTURES") else {
        return;
    };
    for (display, of) in [
        (&cast.operator_display, "console"),
        (&cast.user_display, "user"),
    ] {
        let picture = display.screenshot().expect("a picture");
        let file = Path::new(&folder).join(format!("{name}-{of}.png"));
        picture.save_png(&file).expect("saved");
    }
}

/// In how many pictures of the finished film, one for each second, the colours are to be seen, and its time line.
fn in_film<const N: usize>(cast: &Cast, colours: [u32; N]) -> ([usize; N], String) {
    let (film, millis) = wait_until("the film", PATIENCE, || {
        let films = cast.hub.films()?;
        let over = |film: &e2e::Film| Some(film.ended_unix_millis? - film.started_unix_millis);
        Ok(films.iter().find_map(|film| Some((film.id, over(film)?))))
    })
    .expect("finished");
    let still = cast.folder().join("still.png");
    let mut seen = [0; N];
    for second in 0..millis / 1000 {
        if cast.hub.film_picture(film, second, &still).is_err() {
            continue; // before the first picture
        }
        let picture = Picture::open_png(&still).expect("a picture");
        std::fs::remove_file(&still).expect("removed");
        for (count, colour) in seen.iter_mut().zip(colours) {
            *count += usize::from(pixels_of(&picture, colour) > 1000);
        }
    }
    (seen, cast.hub.timeline(film).expect("a time line"))
}

/// A user's display with a left monitor that is open to everybody and a right one that is not.
fn two_monitors() -> anyhow::Result<(Display, Board)> {
    let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    user.paint_background(OPEN)?;
    for (name, output, place) in [
        ("left", "screen", "512/135x720/190+0+0"),
        ("right", "none", "512/135x720/190+512+0"),
    ] {
        let set = [
            "--display",
            user.name(),
            "--setmonitor",
            name,
            place,
            output,
        ];
        let xrandr = Command::new("xrandr").args(set).status()?;
        ensure!(xrandr.success(), "xrandr made no monitor");
    }
    let face = Picture::of_one_colour(512, 720, SECRET);
    let secret = Board::hang(&user, &face, (512, 0))?;
    Ok((user, secret))
}

#[test]
fn h5_of_one_monitor_that_is_shared_the_other_is_never_seen_and_never_filmed() {
    let (user, secret) = two_monitors().expect("two monitors");
    let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1).expect("a display");
    let mut cast = Cast::assemble_on(user, operator, Look::LIGHT).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.console
        .choose(&ticket, "Remote Session")
        .expect("asked");
    assert!(cast.helpme.is_asked().expect("asked"));
    let helpme = &mut cast.helpme.app;
    helpme.bring_to_front("What is shown").expect("in front");
    let place = wait_until("the choice", PATIENCE, || {
        let map = helpme.map()?;
        let choice = |label: &str, role: &str| label == "What is shown" && role == "ComboBox";
        Ok(map.find_matching(choice).map(|found| found.region.middle()))
    });
    helpme.hands().click(place.expect("there")).expect("opened");
    helpme
        .click_in_menu("Only left (512 × 720)")
        .expect("chosen");
    keep(&cast, "only-asked");
    cast.helpme.allow().expect("allowed");
    cast.helpme.wait_for_bar().expect("a bar");
    let session = cast.console.wait_for_session().expect("a session");
    wait_until("the picture", PATIENCE, || {
        let seen = cast.console.remote_picture()?;
        Ok((pixels_of(&seen, OPEN) > 50_000).then_some(()))
    })
    .expect("seen");
    let words = "Monitor: The user shares this monitor only";
    let monitor = cast.console.app.find("Monitor").expect("a map");
    let monitor = monitor.expect("a tool");
    assert!(!monitor.enabled);
    let hands = cast.operator_display.hands().expect("hands");
    hands.point_at(monitor.region.middle()).expect("pointed");
    cast.console.app.wait_for(words).expect("told");
    // what the user and the operator do moves the other monitor's picture, too
    for turn in 0..6 {
        secret.fill(SECRET + turn).expect("painted");
        let at = (session.x + session.width - 5, session.y + 200 + turn * 20);
        hands.click(at).expect("clicked");
        std::thread::sleep(Duration::from_millis(500));
        let seen = cast.console.remote_picture().expect("a picture");
        assert_eq!(pixels_of(&seen, SECRET), 0, "nothing of the other monitor");
        assert_eq!(
            secret.next_click().expect("asked"),
            None,
            "nor a click there"
        );
    }
    keep(&cast, "only");
    cast.helpme.end().expect("ended");
    let (seen, timeline) = in_film(&cast, [OPEN, SECRET]);
    assert!(seen[0] > 0, "{seen:?}");
    assert_eq!(seen[1], 0, "the film has nothing of it: {seen:?}");
    assert!(
        timeline.contains("the user shares left alone"),
        "{timeline}"
    );
}

/// A terminal on the user's display that keeps what is typed in `typed`.
fn terminal(cast: &Cast, typed: &Path) -> Running {
    let mut command = Command::new("xterm");
    command
        .args(["-geometry", "60x12+20+320", "-e", "sh", "-c"])
        .args([r#"stty raw -echo; exec cat >"$1""#, "terminal"])
        .arg(typed)
        .env("DISPLAY", cast.user_display.name());
    let log = cast.folder().join("terminal.log");
    Running::start("terminal", &mut command, &log).expect("a terminal")
}

#[test]
fn s2_an_operator_pauses_and_works_alone_and_the_user_has_their_keyboard_back_at_once() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.user_display.paint_background(OPEN).expect("painted");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let file = cast.folder().join("typed");
    let _terminal = terminal(&cast, &file);
    let text = || std::fs::read_to_string(&file).unwrap_or_default();
    let hands = cast.operator_display.hands().expect("hands");
    let own = OwnKeyboard::of(&cast.user_display).expect("a keyboard");
    let at = (session.x + 200, session.y + 400);
    wait_until("keys that arrive", PATIENCE, || {
        hands.click(at)?;
        hands.type_text("o")?;
        Ok(text().contains('o').then_some(()))
    })
    .expect("the operator types");

    // nobody looks
    let console = &mut cast.console;
    console
        .choose_in_session("Session menu", "Pause")
        .expect("chosen");
    console.app.wait_for("You have paused").expect("told");
    let helpme = &mut cast.helpme.app;
    helpme
        .wait_for_matching("a pause", |label| label.ends_with(": paused"))
        .expect("told");
    cast.user_display.paint_background(SECRET).expect("painted");
    std::thread::sleep(Duration::from_millis(1_500));
    let seen = cast.console.remote_picture().expect("a picture");
    assert_eq!(pixels_of(&seen, SECRET), 0, "nothing new is seen");
    keep(&cast, "operator-paused");
    cast.user_display.paint_background(AFTER).expect("painted");
    cast.console.app.click("Go on").expect("pressed");
    cast.console
        .app
        .wait_until_gone("You have paused")
        .expect("gone");
    hands.click(at).expect("clicked");
    wait_until("the same picture on both sides", PATIENCE, || {
        let host = cast.user_display.screenshot()?.left(150);
        let seen = cast.console.remote_picture()?.left(150);
        Ok((host.differing_pixels(&seen) == 0).then_some(()))
    })
    .expect("exact again");

    // the operator alone
    let typed = text();
    own.tap(A).expect("typed");
    wait_until("the user's key", PATIENCE, || {
        Ok((text() == format!("{typed}a")).then_some(()))
    })
    .expect("the user types");
    let block = |cast: &mut Cast| {
        let session = cast.console.wait_for_session().expect("a session");
        cast.console
            .choose_in_session("Session menu", "Block the user's input")
            .expect("chosen");
        cast.helpme.app.wait_for("Allow").expect("asked");
        keep(cast, "block-asked");
        let allow = cast.helpme.app.wait_for("Allow").expect("asked");
        // the operator cannot answer in the user's place
        let (x, y) = allow.region.middle();
        hands
            .click((session.x + x, session.y + y))
            .expect("clicked");
        std::thread::sleep(Duration::from_millis(1_500));
        let asked = cast.helpme.app.shows("Allow").expect("read");
        assert!(asked, "the question stands");
        cast.helpme.app.click("Allow").expect("allowed");
        cast.console.app.wait_for("Input blocked").expect("told");
    };
    block(&mut cast);
    cast.helpme
        .app
        .wait_for("Keyboard and mouse blocked: hold Esc")
        .expect("told");
    keep(&cast, "blocked");
    hands.click(at).expect("clicked");
    let typed = text();
    own.tap(A).expect("typed");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(text(), typed, "the user's key does nothing");
    hands.type_text("b").expect("typed");
    wait_until("the operator's key", PATIENCE, || {
        Ok((text() == format!("{typed}b")).then_some(()))
    })
    .expect("the operator types");
    own.press(ESCAPE).expect("pressed");
    cast.console
        .app
        .wait_until_gone("Input blocked")
        .expect("told");
    own.release(ESCAPE).expect("released");
    let typed = text();
    own.tap(A).expect("typed");
    wait_until("the user's key", PATIENCE, || {
        Ok((text() == format!("{typed}a")).then_some(()))
    })
    .expect("the user has the keyboard back");

    // also when the program that asked is no more
    block(&mut cast);
    let typed = text();
    own.tap(A).expect("typed");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(text(), typed, "the user's key does nothing");
    cast.helpme.app.running().kill_now().expect("killed");
    wait_until("the user's key", PATIENCE, || {
        own.tap(A)?;
        Ok((text().len() > typed.len()).then_some(()))
    })
    .expect("the user has the keyboard back");
    cast.console.end_session().expect("ended");
    let (seen, timeline) = in_film(&cast, [OPEN, SECRET, AFTER]);
    assert!(seen[0] > 0 && seen[2] > 0, "{seen:?}");
    assert_eq!(seen[1], 0, "the film has nothing of the pause: {seen:?}");
    for words in ["has paused", "goes on", "keyboard and mouse are blocked"] {
        assert!(timeline.contains(words), "{words}: {timeline}");
    }
}
