//! Two operators in one session, with the real programs on three displays (O11).

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use e2e::{
    COLLEAGUE_NAME, Cast, Colleague, Console, Display, Hands, PATIENCE, Region, Running, Size,
    wait_until,
};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
/// Longer than a driver has to rest before another's key counts.
const REST: Duration = Duration::from_millis(700);

/// Clicks, and waits as long as a hand takes from the mouse to the keys.
fn click(hands: &Hands, place: (u32, u32)) {
    hands.click(place).expect("clicked");
    std::thread::sleep(Duration::from_millis(300));
}

/// Waits until a console shows as much of the user's screen as there is.
fn wait_until_same(console: &Console, user: &Display) -> anyhow::Result<()> {
    wait_until("the same picture", PATIENCE, || {
        let there = user.screenshot()?;
        let here = console.remote_picture()?;
        // the pointer is drawn by whoever looks
        Ok((here.differing_pixels(&there) < 2_000).then_some(()))
    })
}

/// Waits until a window of `app` says something that holds `words`.
fn wait_to_read(app: &mut e2e::App, words: &str) {
    app.wait_for_matching(words, |label| label.contains(words))
        .expect("the words");
}

#[test]
fn o11_a_second_operator_joins_and_the_session_is_handed_over() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let typed = cast.folder().join("typed");
    let mut terminal = Command::new("xterm");
    terminal
        .args([
            "-T",
            "typed",
            "-geometry",
            "70x16+40+330",
            "-e",
            "bash",
            "-c",
        ])
        .args([r#"cat >"$1""#, "typed"])
        .arg(&typed)
        .env("DISPLAY", cast.user_display.name())
        .env("LC_ALL", "C.UTF-8");
    let log = cast.folder().join("terminal.log");
    let _terminal = Running::start("terminal", &mut terminal, &log).expect("a terminal");
    let read = || String::from_utf8_lossy(&fs::read(&typed).unwrap_or_default()).into_owned();
    let wait_for_text = |wanted: &str| {
        wait_until(&format!("{wanted:?}"), PATIENCE, || {
            Ok(read().contains(wanted).then_some(()))
        })
        .with_context(|| format!("there is {:?}", read()))
        .expect("the text arrives");
    };

    let ticket = cast.user_asks_for_help().expect("asked");
    let first = cast.session_begins(&ticket).expect("a session");
    let anna = cast.operator_display.hands().expect("hands");
    click(&anna, (first.x + 200, first.y + 420));
    anna.type_text("anna one\n").expect("typed");
    wait_for_text("anna one\n");

    // the colleague makes a ticket, Anna types it into her session, and the user is asked
    let mut colleague = Colleague::arrive(&cast, OPERATOR_SCREEN).expect("a colleague");
    let anna_at = &mut cast.console.app;
    colleague.is_told(anna_at).expect("typed");
    colleague.asks(anna_at).expect("asked");
    wait_to_read(anna_at, "can ask to join");
    wait_to_read(&mut cast.helpme.app, "wants to join");
    cast.helpme.allow().expect("allowed");
    let bruno = &mut colleague.console;
    let second = bruno.wait_for_session().expect("the session's window");
    wait_to_read(&mut cast.helpme.app, "Anna Bianchi and Bruno Verdi");

    // both see; the first still types, then the second takes over
    wait_until_same(bruno, &cast.user_display).expect("Bruno sees");
    wait_until_same(&cast.console, &cast.user_display).expect("Anna sees");
    click(&anna, (first.x + 200, first.y + 420));
    anna.type_text("anna two\n").expect("typed");
    wait_for_text("anna two\n");
    wait_to_read(&mut cast.console.app, "You have the keyboard and mouse");
    wait_to_read(&mut bruno.app, "Anna Bianchi has the keyboard and mouse");
    std::thread::sleep(REST);
    let at = |region: Region| (region.x + 200, region.y + 420);
    let his = colleague.display.hands().expect("hands");
    click(&his, at(second));
    his.type_text("bruno three\n").expect("typed");
    wait_for_text("anna two\nbruno three\n");
    wait_to_read(&mut bruno.app, "You have the keyboard and mouse");
    wait_to_read(
        &mut cast.console.app,
        "Bruno Verdi has the keyboard and mouse",
    );
    wait_to_read(
        &mut cast.helpme.app,
        "Bruno Verdi has the keyboard and mouse",
    );

    // the user's own keys come before both
    let user = cast.user_display.hands().expect("hands");
    user.type_text("user").expect("typed");
    std::thread::sleep(Duration::from_millis(50));
    his.type_text("zzz").expect("typed");
    user.type_text(" first\n").expect("typed");
    wait_for_text("bruno three\nuser first\n");
    std::thread::sleep(REST);
    his.type_text("bruno again\n").expect("typed");
    wait_for_text("user first\nbruno again\n");

    // a line of chat reaches everybody
    bruno.app.click("Chat").expect("the chat");
    bruno
        .app
        .type_into("Write a message", "hello from bruno\n")
        .expect("typed");

    // Anna leaves, and the session goes on
    cast.console.end_session().expect("left");
    cast.console
        .app
        .wait_until_gone("Remote screen")
        .expect("her window goes");
    std::thread::sleep(REST);
    bruno.app.click("Chat").expect("the chat closes");
    click(&his, at(second));
    his.type_text("bruno four\n").expect("typed");
    wait_for_text("bruno four\n");
    wait_until_same(bruno, &cast.user_display).expect("Bruno still sees");
    bruno.end_session().expect("ended");
    bruno
        .write_report("Printer", "Paper was in the wrong tray")
        .expect("the report");

    // one film with one time line, and one report that names both
    let film = wait_until("the film", PATIENCE, || {
        let films = cast.hub.films()?;
        assert_eq!(films.len(), 1, "one film");
        let ended = films[0].ended_unix_millis.is_some();
        Ok(ended.then_some(films[0].id))
    })
    .expect("a film");
    cast.hub.verify_film(film).expect("as it was recorded");
    let timeline = cast.hub.timeline(film).expect("a time line");
    let marks = [
        "Bruno Verdi joined",
        "Bruno Verdi has keyboard and pointer",
        "hello from bruno",
        "Anna Bianchi left",
        "the session ended",
    ];
    let mut from = 0;
    for mark in marks {
        let found = timeline[from..].find(mark);
        let found = found.with_context(|| format!("{mark:?} in {timeline}"));
        let found = found.expect("every mark, in its order");
        from += found + mark.len();
    }
    let reports = cast.hub.reports().expect("the reports");
    assert_eq!(reports.len(), 1, "{reports:?}");
    let report = reports[0].to_string();
    assert!(report.contains("Anna Bianchi, Bruno Verdi"), "{report}");
    assert!(report.contains("Paper was in the wrong tray"), "{report}");
    cast.hub.verify_audit().expect("an audit log");
}

#[test]
fn o11_the_user_sends_one_of_two_operators_away() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let mut colleague = Colleague::arrive(&cast, OPERATOR_SCREEN).expect("a colleague");
    colleague.joins(&mut cast).expect("joined");
    let bruno = &mut colleague.console;
    wait_to_read(&mut cast.helpme.app, "Anna Bianchi and Bruno Verdi");

    cast.helpme.app.click("Who is here").expect("the list");
    let away = "Send Bruno Verdi away";
    cast.helpme.app.click(away).expect("sent away");
    bruno
        .app
        .wait_until_gone("Remote screen")
        .expect("his window goes");
    wait_to_read(&mut bruno.app, "The user ended your part of the session");
    wait_to_read(&mut cast.helpme.app, "Anna Bianchi is helping you");
    assert!(
        !cast.helpme.app.shows(away).expect("a map"),
        "the list is closed"
    );

    // Anna's session goes on, and the film says what happened
    let shown = cast.user_display.hands().expect("hands");
    shown.point_at((40, 600)).expect("moved");
    wait_until_same(&cast.console, &cast.user_display).expect("Anna still sees");
    cast.helpme.end().expect("ended");
    let film = wait_until("the film", PATIENCE, || {
        let films = cast.hub.films()?;
        let ended = films.iter().find(|film| film.ended_unix_millis.is_some());
        Ok(ended.map(|film| film.id))
    })
    .expect("a film");
    let timeline = cast.hub.timeline(film).expect("a time line");
    assert!(timeline.contains(COLLEAGUE_NAME), "{timeline}");
}
