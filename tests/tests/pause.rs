//! The user pauses: nothing of the screen reaches the console or the film, no key arrives, until they go on (H6).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::{Cast, PATIENCE, Picture, Running, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);
/// What stands on the user's screen before, while and after they have paused.
const BEFORE: u32 = 0x20_40_80;
const SECRET: u32 = 0xe0_30_c0;
const AFTER: u32 = 0x30_80_40;

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

fn rgb(colour: u32) -> [u8; 3] {
    let [_, red, green, blue] = colour.to_be_bytes();
    [red, green, blue]
}

/// How many pixels have the colour, bright or as dark as a picture that is held.
fn pixels_of(picture: &Picture, colour: u32) -> usize {
    let near = |one: u8, other: u8| one.abs_diff(other) <= 6;
    let is = |pixel: [u8; 3], wanted: [u8; 3]| pixel.iter().zip(wanted).all(|(p, w)| near(*p, w));
    let (bright, dark) = (rgb(colour), rgb(colour).map(|channel| channel / 3));
    let places = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
    places
        .map(|(x, y)| picture.at(x, y))
        .filter(|pixel| is(*pixel, bright) || is(*pixel, dark))
        .count()
}

#[test]
fn h6_while_the_user_has_paused_nothing_is_seen_filmed_or_typed() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.user_display.paint_background(BEFORE).expect("painted");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let file = cast.folder().join("typed");
    let _terminal = terminal(&cast, &file);
    let text = || std::fs::read_to_string(&file).unwrap_or_default();
    let hands = cast.operator_display.hands().expect("hands");
    let at = (session.x + 200, session.y + 400);
    wait_until("keys that arrive", PATIENCE, || {
        hands.click(at)?;
        hands.type_text("a")?;
        Ok(text().contains('a').then_some(()))
    })
    .expect("the operator types");
    wait_until("the picture", PATIENCE, || {
        let seen = cast.console.remote_picture()?;
        Ok((pixels_of(&seen, BEFORE) > 100_000).then_some(()))
    })
    .expect("seen");
    let typed = text();

    cast.helpme.app.click("Pause").expect("paused");
    cast.console
        .app
        .wait_for("Paused by the user")
        .expect("told");
    cast.user_display.paint_background(SECRET).expect("painted");
    hands.click(at).expect("clicked");
    hands.type_text("secret").expect("typed");
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(500));
        let seen = cast.console.remote_picture().expect("a picture");
        assert_eq!(pixels_of(&seen, SECRET), 0, "nothing new is seen");
    }
    assert_eq!(text(), typed, "no key arrives");
    if let Some(folder) = std::env::var_os("PHD_PICTURES") {
        let folder = Path::new(&folder);
        for (display, name) in [
            (&cast.operator_display, "paused-console.png"),
            (&cast.user_display, "paused-user.png"),
        ] {
            let picture = display.screenshot().expect("a picture");
            picture.save_png(&folder.join(name)).expect("saved");
        }
    }

    cast.user_display.paint_background(AFTER).expect("painted");
    cast.helpme.app.click("Go on").expect("pressed");
    cast.console
        .app
        .wait_until_gone("Paused by the user")
        .expect("told");
    hands.click(at).expect("clicked");
    hands.type_text("b").expect("typed");
    wait_until("keys that arrive again", PATIENCE, || {
        Ok((text() == format!("{typed}b")).then_some(()))
    })
    .expect("only what was typed after the pause");
    let (x, y) = (
        session.x + session.width - 10,
        session.y + session.height - 10,
    );
    hands.point_at((x, y)).expect("pointed");
    wait_until("the same picture on both sides", PATIENCE, || {
        let host = cast.user_display.screenshot()?.left(960);
        let seen = cast.console.remote_picture()?.left(960);
        Ok((host.differing_pixels(&seen) == 0).then_some(()))
    })
    .expect("exact again");
    cast.helpme.end().expect("ended");

    let (film, millis) = wait_until("the film", PATIENCE, || {
        let films = cast.hub.films()?;
        let over = |film: &e2e::Film| Some(film.ended_unix_millis? - film.started_unix_millis);
        Ok(films.iter().find_map(|film| Some((film.id, over(film)?))))
    })
    .expect("finished");
    let timeline = cast.hub.timeline(film).expect("a time line");
    assert!(timeline.contains("paused by the user"), "{timeline}");
    assert!(timeline.contains("the user goes on"), "{timeline}");
    let still = cast.folder().join("still.png");
    let mut seen = [0; 3];
    for second in 0..millis / 1000 {
        if cast.hub.film_picture(film, second, &still).is_err() {
            continue; // before the first picture
        }
        let picture = Picture::open_png(&still).expect("a picture");
        std::fs::remove_file(&still).expect("removed");
        for (count, colour) in seen.iter_mut().zip([BEFORE, SECRET, AFTER]) {
            *count += usize::from(pixels_of(&picture, colour) > 1000);
        }
    }
    assert!(seen[0] > 0 && seen[2] > 0, "{seen:?}");
    assert_eq!(seen[1], 0, "the film has nothing of the pause: {seen:?}");
}
