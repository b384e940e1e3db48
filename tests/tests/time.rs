//! Moments are shown by the clocks of their own day, in the real windows.

use std::time::Duration;

use e2e::{App, Cast, Size};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const MINUTES: &str = "%Y-%m-%d %H:%M";

/// The dates and times that can be read, from the top down.
fn moments(app: &App) -> Vec<String> {
    let map = app.map().expect("a map");
    let labels = map.labels().into_iter();
    let moments = labels.filter(|label| DateTime::strptime(MINUTES, label).is_ok());
    moments.map(str::to_owned).collect()
}

/// Clocks that were put forward from Greenwich's by an hour, this long ago.
fn summer_since(ago: Duration) -> String {
    let begun = Timestamp::now() - ago;
    let begun = begun.to_zoned_datetime(TimeZone::UTC);
    let day = begun.day_of_year_no_leap().expect("no 29th of February");
    format!("WIN0SUM-1,J{day}/{},J1/0", begun.strftime("%H:%M:%S"))
}

#[test]
fn a_report_of_yesterdays_clock_keeps_its_hour_after_the_change() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    // the winter, in Greenwich
    cast.console.app.running().stop().expect("stopped");
    cast.start_console_in_zone("UTC0").expect("logged in");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    cast.helpme.end().expect("ended");
    let app = &mut cast.console.app;
    app.click("Write the report").expect("the report");
    app.wait_for("Finish the report").expect("the report");
    let winter = moments(app);
    assert_eq!(winter.len(), 2, "its start and its end: {winter:?}");
    app.click("Finish later").expect("later");
    app.wait_until_gone("Finish the report").expect("gone");
    std::thread::sleep(Duration::from_secs(2));

    // the clocks are put forward, and the console is started on the next day
    cast.console.app.running().stop().expect("stopped");
    let zone = summer_since(Duration::from_secs(1));
    cast.start_console_in_zone(&zone).expect("logged in");
    let app = &mut cast.console.app;
    app.click("Reports").expect("the drafts");
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    app.click(&host).expect("the draft");
    app.wait_for("Finish the report").expect("the report");
    assert_eq!(moments(app), winter, "with the clocks of {zone}");

    app.click("Finish later").expect("later");
    app.wait_until_gone("Finish the report").expect("gone");
    app.click_if_there("Close").expect("the drafts");

    // what happens now is shown by the clocks of now
    let again = cast.console.generate_ticket().expect("a ticket");
    cast.start_helpme_again().expect("Helpme");
    let asked = cast.helpme.ask_for_help(&again, "Lucia Neri");
    asked.expect("asked");
    cast.console.choose(&again, "Chat").expect("the chat");
    let app = &mut cast.console.app;
    app.type_into("Write a message", "Good morning\n")
        .expect("typed");
    app.wait_for("Good morning").expect("shown");
    let ahead = |seconds| Timestamp::now() + Duration::from_secs(seconds);
    let written = [3_540, 3_600].map(|seconds| ahead(seconds).strftime("%H:%M").to_string());
    let shows = |time: &String| app.shows(time).expect("a map");
    assert!(
        written.iter().any(shows),
        "{written:?} with the clocks of {zone}"
    );
}
