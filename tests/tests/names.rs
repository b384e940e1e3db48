//! Names and characters of the whole world, and names that mean to deceive, through the real programs.

use std::process::Command;
use std::time::Duration;

use e2e::{App, Cast, Console, Display, Home, Look, PASSWORD, Picture, Region, Size, wait_until};
use rusqlite::Connection;
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const SOON: Duration = Duration::from_secs(8);

fn set_up() -> Cast {
    let display = |size: Size| Display::start_managed(size.0, size.1).expect("a display");
    let (user, operator) = (display(USER_SCREEN), display(OPERATOR_SCREEN));
    Cast::before_log_in(user, operator, Look::LIGHT).expect("the cast")
}

/// An operator who is called `shown` on the screen comes to a console of their own.
fn log_in_as(cast: &mut Cast, account: &str, shown: &str) {
    let kept = if shown.contains('\u{202e}') {
        cast.hub
            .add_operator(account, shown, PASSWORD)
            .expect_err("no new account has such a name");
        "Anna"
    } else {
        shown
    };
    cast.hub
        .add_operator(account, kept, PASSWORD)
        .expect("an account");
    if kept != shown {
        // one from an older hub may
        let data = Connection::open(cast.hub.data().join("hub.db")).expect("the store");
        let sql = "UPDATE operator SET display_name = ?2 WHERE name = ?1";
        assert_eq!(data.execute(sql, (account, shown)).expect("changed"), 1);
    }
    cast.console
        .app
        .running()
        .stop()
        .expect("the one before left");
    let home = Home::fresh(cast.folder(), account).expect("a home");
    let (programs, display) = (&cast.programs, &cast.operator_display);
    cast.console = Console::start(programs, display, home, Look::LIGHT).expect("a console");
    let (address, fingerprint) = (cast.hub.address(), cast.hub.fingerprint());
    cast.console
        .set_up_and_log_in(address, fingerprint, account, PASSWORD)
        .expect("logged in");
}

/// Whoever sits at a computer called `computer` asks for help under the name `user`; gives the ticket and what
/// the operator's list shows of the computer.
fn ask_as(cast: &mut Cast, computer: &str, user: &str) -> (String, String) {
    cast.start_helpme_on_computer(computer).expect("started");
    let ticket = cast.console.generate_ticket().expect("a ticket");
    let digits = ticket.replace(' ', "");
    let helpme = &mut cast.helpme.app;
    helpme.type_into("Ticket", &digits).expect("typed");
    helpme.paste_into("Your name", user).expect("pasted");
    std::thread::sleep(Duration::from_millis(300));
    helpme.click("Helpme").expect("clicked");
    cast.console
        .wait_for_computer(&ticket)
        .expect("in the list");
    let map = cast.console.app.map().expect("a map");
    let row = map
        .labels()
        .into_iter()
        .find(|label| label.contains('–') && label.ends_with(&ticket));
    (ticket.clone(), row.expect("its row").to_owned())
}

/// What is drawn on a plain ground, without the ground around it.
fn ink(app: &App, label: &str) -> Picture {
    let found = app.find(label).expect("a map").expect("it is shown");
    let picture = app.eyes().screenshot_of(found.region).expect("a picture");
    let ground = picture.at(0, 0);
    let (width, height) = (picture.width(), picture.height());
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let inked: Vec<(u32, u32)> = places
        .filter(|&(x, y)| picture.at(x, y) != ground)
        .collect();
    let bounds = |of: fn(&(u32, u32)) -> u32| {
        let values = inked.iter().map(of);
        (
            values.clone().min().expect("ink"),
            values.max().expect("ink"),
        )
    };
    let ((left, right), (top, bottom)) = (bounds(|place| place.0), bounds(|place| place.1));
    picture.part(Region {
        x: left,
        y: top,
        width: right - left + 1,
        height: bottom - top + 1,
    })
}

/// Whether a frame goes all around it, as around the number of a character that no font has.
fn is_boxed(picture: &Picture) -> bool {
    let (width, height) = (picture.width(), picture.height());
    let frame = picture.at(0, 0);
    let across =
        (0..width).all(|x| picture.at(x, 0) == frame && picture.at(x, height - 1) == frame);
    let down = (0..height).all(|y| picture.at(0, y) == frame && picture.at(width - 1, y) == frame);
    across && down
}

#[test]
fn every_script_is_drawn_with_the_fonts_of_the_computer() {
    let fonts = Command::new("fc-list")
        .args([":lang=zh-cn", "file"])
        .output();
    let has_font = fonts.is_ok_and(|fonts| !fonts.stdout.is_empty());
    assert!(
        has_font,
        "this computer has no Chinese font; ./run test installs one"
    );
    let mut cast = set_up();
    log_in_as(&mut cast, "kana", "アンナ・ビアンキ");
    let (ticket, row) = ask_as(&mut cast, "東京-PC", "山田 太郎");
    assert_eq!(row, format!("東京-PC  –  {ticket}"));
    let helpme = &mut cast.helpme.app;
    helpme
        .wait_for_matching("the operator", |label| {
            label == "Connected with “アンナ・ビアンキ”"
        })
        .expect("named");

    // each line is one character that the bundled fonts lack; no font on any computer has the last
    let drawn = ["漢", "字", "한", "あ", "😀"];
    let unknown = "𓀀";
    cast.console.choose(&ticket, "Chat").expect("the chat");
    let mut pictures = Vec::new();
    for line in drawn.into_iter().chain([unknown]) {
        let helpme = &mut cast.helpme.app;
        helpme.paste_into("Write a message", line).expect("pasted");
        std::thread::sleep(Duration::from_millis(200));
        helpme.hands().tap(key::Return).expect("typed");
        for app in [&mut cast.helpme.app, &mut cast.console.app] {
            app.wait_for(line).expect("it arrives");
            // the first of them is a box until the computer's fonts are found
            wait_until("the letter in place of a box", SOON, || {
                let picture = ink(app, line);
                Ok((is_boxed(&picture) == (line == unknown)).then(|| pictures.push(picture)))
            })
            .unwrap_or_else(|error| panic!("{line}: {error}, see {:?}", app.keep_screenshot()));
        }
    }
    for (at, one) in pictures.iter().enumerate().step_by(2) {
        for other in pictures.iter().skip(at + 2).step_by(2) {
            assert!(one.differing_pixels(other) > 20, "two letters look alike");
        }
    }
}

#[test]
fn no_computer_or_user_passes_for_another() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    for (computer, user, shown_computer, shown_user) in [
        ("ANNA-PC", "Mario Rossi", "ANNA-PC", "Mario Rossi"),
        // the direction of writing turned, what nobody sees, an icon of this product
        (
            "PC\u{202e}ANNA",
            "Ma\u{200b}rio \u{e1f3}",
            "“PC‹U+202E›ANNA”",
            "“Ma‹U+200B›rio ‹U+E1F3›”",
        ),
        // nothing to read; somebody else's row
        (" ", "   ", "(no name)", "(no name)"),
        (
            "ANNA-PC  –  482 913 0571",
            "Anna  ·  12:00",
            "“ANNA-PC  –  482 913 0571”",
            "“Anna  ·  12:00”",
        ),
    ] {
        let (ticket, row) = ask_as(&mut cast, computer, user);
        assert_eq!(row, format!("{shown_computer}  –  {ticket}"));
        cast.console.choose(&ticket, "Chat").expect("the chat");
        let helpme = &mut cast.helpme.app;
        helpme
            .type_into("Write a message", "hello\n")
            .expect("said");
        let console = &mut cast.console.app;
        let head = format!("{shown_user}  ·  ");
        console
            .wait_for_matching(&head, |label| {
                label
                    .strip_prefix(&head)
                    .is_some_and(|time| time.len() == "12:00".len())
            })
            .expect("named in the chat");
    }
    // two hundred characters: as many as the protocol takes, cut where the row ends
    let long = "Ñ".repeat(200);
    let (ticket, row) = ask_as(&mut cast, "SRV", &long);
    assert_eq!(row, format!("SRV  –  {ticket}"));
    cast.console.choose(&ticket, "Chat").expect("the chat");
    let helpme = &mut cast.helpme.app;
    helpme
        .type_into("Write a message", "hello\n")
        .expect("said");
    let console = &mut cast.console.app;
    console
        .wait_for_matching("the long name and the time", |label| {
            let cut = label.rsplit_once("…  ·  ");
            cut.is_some_and(|(name, time)| {
                (8..60).contains(&name.chars().count())
                    && name.chars().all(|c| c == 'Ñ')
                    && time.len() == 5
            })
        })
        .expect("cut");
}

#[test]
fn h5_nobody_gets_in_by_a_name_that_reads_as_something_else() {
    let mut cast = set_up();
    let long = format!("Anna {}", "B".repeat(100));
    for (account, name, question) in [
        ("nobody", "Nobody", "“Nobody” wants to help you".to_owned()),
        (
            "quotes",
            "Anna” wants nothing. “Bruno",
            "“Anna' wants nothing. 'Bruno” wants to help you".to_owned(),
        ),
        (
            "turned",
            "Anna \u{202e}ihcnaiB",
            "“Anna ‹U+202E›ihcnaiB” wants to help you".to_owned(),
        ),
        ("hebrew", "חנה כהן", "חנה כהן wants to help you".to_owned()),
        (
            "long",
            &long,
            format!("“Anna {}…” wants to help you", "B".repeat(34)),
        ),
    ] {
        log_in_as(&mut cast, account, name);
        let (ticket, _) = ask_as(&mut cast, "SRV", "Mario Rossi");
        cast.console
            .choose(&ticket, "Remote Session")
            .expect("asked");
        let helpme = &mut cast.helpme.app;
        helpme
            .wait_for_matching(&question, |label| label == question)
            .expect("the question");
        if account == "long" {
            let heading = helpme.find(&question).expect("a map").expect("there");
            helpme
                .hands()
                .point_at(heading.region.middle())
                .expect("pointed");
            helpme
                .wait_for(name)
                .expect("the whole name on a closer look");
        }
        cast.helpme.refuse().expect("refused");
    }
}
