//! A long conversation in the real windows (S5).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use e2e::{App, Cast, Hands, PATIENCE, Region, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
/// As many as a console keeps of one conversation.
const LINES: usize = 2_000;
/// Lines that the user types before the console must show them.
const BATCH: usize = 100;
/// Turns of the wheel that are timed, at most.
const TURNS: usize = 40;
/// Faster than anybody types, so that several keys come in one picture of the window.
const PACE: Duration = Duration::from_millis(1);

/// The numbers that can be read.
fn numbers(app: &App) -> anyhow::Result<BTreeSet<usize>> {
    let map = app.map()?;
    let numbers = map.labels().into_iter().filter_map(|l| l.parse().ok());
    Ok(numbers
        .filter(|number| (1..=LINES).contains(number))
        .collect())
}

/// Scrolls up from line `newest` for a while, but not beyond the first, and gives what was read on the way
/// and how long the first pixel took to move, each time.
fn scroll_up(
    app: &App,
    hands: &Hands,
    newest: usize,
) -> anyhow::Result<(BTreeSet<usize>, Vec<Duration>)> {
    let place = app.find(&newest.to_string())?.context("the newest line")?;
    hands.point_at(place.region.middle())?;
    let Region { x, y, .. } = place.region;
    let lines = Region {
        x,
        y: y - 300,
        width: 60,
        height: 300,
    };
    let mut read = numbers(app)?;
    let mut moved_after = Vec::new();
    while moved_after.len() < TURNS && !read.contains(&1) {
        let before = app.eyes().screenshot_of(lines)?;
        let begun = Instant::now();
        hands.turn_wheel(-3)?;
        while app.eyes().screenshot_of(lines)? == before {
            anyhow::ensure!(begun.elapsed() < PATIENCE, "nothing scrolls: {read:?}");
        }
        moved_after.push(begun.elapsed());
        let lowest = read.first().copied();
        wait_until("other lines", PATIENCE, || {
            let seen = numbers(app)?;
            read.extend(&seen);
            Ok((seen.first().copied() < lowest).then_some(()))
        })?;
    }
    moved_after.sort();
    Ok((read, moved_after))
}

fn middle(times: &[Duration]) -> Duration {
    times[times.len() / 2]
}

#[test]
fn s5_two_thousand_lines_arrive_in_order_and_scroll_as_a_hundred_do() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.console.choose(&ticket, "Chat").expect("the chat");
    let field = cast.helpme.app.wait_for("Write a message");
    let field = field.expect("a field").region;
    let user = cast.user_display.hands().expect("hands").with_pace(PACE);
    let operator = cast.operator_display.hands().expect("hands");
    let operator = operator.with_pace(PACE);
    user.click(field.middle()).expect("clicked");
    // no hand goes from the mouse to the keys within a picture
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    let mut few = Vec::new();
    for last in (BATCH..=LINES).step_by(BATCH) {
        let lines = (last - BATCH + 1..=last).map(|number| format!("{number}\n"));
        user.type_text(&lines.collect::<String>()).expect("typed");
        let app = &cast.console.app;
        wait_until(&format!("line {last}"), PATIENCE, || {
            Ok(app.shows(&last.to_string())?.then_some(()))
        })
        .with_context(|| {
            let pictures = [&cast.helpme.app, app].map(App::keep_screenshot);
            format!("the console shows {:?}, see {pictures:?}", numbers(app))
        })
        .expect("every line arrives");
        if last == BATCH {
            (_, few) = scroll_up(app, &operator, last).expect("scrolled");
            operator.turn_wheel(400).expect("turned");
            // back at the newest line, which those that follow push up
            cast.console.app.wait_for(&last.to_string()).expect("it");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
    println!("{LINES} lines typed and shown in {:?}", begun.elapsed());
    let (read, many) = scroll_up(&cast.console.app, &operator, LINES).expect("scrolled");
    let lowest = read.first().copied().expect("some lines");
    assert_eq!(read.len(), LINES + 1 - lowest, "all of them: {read:?}");
    operator.turn_wheel(-4_000).expect("turned");
    cast.console.app.wait_for("1").expect("the first is kept");
    let p95 = many[many.len() * 95 / 100];
    let (few, many) = (middle(&few), middle(&many));
    println!(
        "a turn of the wheel moves {BATCH} lines after {few:?}, {LINES} after {many:?} (p95 {p95:?})"
    );
    // 1.8 times with programs that are not optimised, whose picture takes 20 ms
    assert!(many < few * 3, "{few:?} with few lines, {many:?} with many");

    // an address is told by where it leads, and opened after a question
    operator.turn_wheel(4_000).expect("turned");
    user.type_text("see https://example.org/printers\n")
        .expect("typed");
    let console = &mut cast.console.app;
    console.click("Open example.org").expect("the address");
    console
        .wait_for("https://example.org/printers")
        .expect("all of it");
    console
        .show_picture("Open in the browser", "chat-address")
        .expect("a picture");
    operator.tap(xkeysym::key::Escape).expect("tapped");
    console
        .wait_until_gone("Open in the browser")
        .expect("it is not opened");

    // what is written often is at hand
    console
        .type_into("Write a message", "Please restart the printer.")
        .expect("typed");
    console.click("Texts that you keep").expect("the texts");
    console.click("Keep what is written").expect("kept");
    console
        .wait_until_gone("Keep what is written")
        .expect("the menu closes");
    console.click("Texts that you keep").expect("the texts");
    console
        .click_in_menu("Please restart the printer.")
        .expect("put into the line");
    console.click("Texts that you keep").expect("the texts");
    console
        .show_picture("Keep what is written", "chat-texts")
        .expect("a picture");
}
