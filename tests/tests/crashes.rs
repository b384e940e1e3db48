//! Crashes at random moments of a session: `kill -9` of hub, console and Helpme, a few times each, and
//! many times with `cargo xtask soak`.
//!
//! Afterwards the store opens, the recording verifies and plays up to the last second, the report's
//! draft is there, and no key stays pressed on the host. And Helpme ends by a fault of its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use e2e::{Cast, PATIENCE, Region, Running, Size, wait_until};
use xkeysym::key;

/// How often each program is killed, and how often where `PHD_SOAK` is set.
const TIMES: u32 = 5;
const TIMES_IN_A_SOAK: u32 = 20;
const USER_SCREEN: Size = Size(960, 640);
const OPERATOR_SCREEN: Size = Size(1400, 900);
/// Most that a crash may cost.
const LAST_SECOND: Duration = Duration::from_secs(1);

/// Moments that differ from run to run; what was drawn stands in the message of a failure.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(now.map_or(1, |now| u64::from(now.subsec_nanos()) << 20 | 1))
    }

    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % 1_500)
    }
}

fn times() -> u32 {
    if std::env::var_os("PHD_SOAK").is_some() {
        TIMES_IN_A_SOAK
    } else {
        TIMES
    }
}

/// A terminal on the user's display that never stops writing.
fn busy_terminal(cast: &Cast) -> anyhow::Result<Running> {
    let mut command = Command::new("xterm");
    let script = "while sleep 0.1; do date +%N; done";
    command
        .args(["-geometry", "40x20+20+120", "-e", "bash", "-c", script])
        .env("DISPLAY", cast.user_display.name());
    Running::start("xterm", &mut command, &cast.folder().join("xterm.log"))
}

/// A session with a key and a button held down by the operator.
fn session_with_pressed_keys(cast: &mut Cast) -> anyhow::Result<Region> {
    let ticket = cast.user_asks_for_help()?;
    let session = cast.session_begins(&ticket)?;
    let hands = cast.operator_display.hands()?;
    hands.point_at((session.x + 120, session.y + 250))?;
    hands.press(key::Shift_L)?;
    hands.press(key::a)?;
    wait_until("the keys to be down on the host", PATIENCE, || {
        Ok((cast.user_display.pressed_keys()?.len() >= 2).then_some(()))
    })?;
    Ok(session)
}

fn release_keys(cast: &Cast) -> anyhow::Result<()> {
    let hands = cast.operator_display.hands()?;
    hands.release(key::a)?;
    hands.release(key::Shift_L)
}

fn wait_until_nothing_is_pressed(cast: &Cast) -> anyhow::Result<()> {
    wait_until("every key of the host to be up", PATIENCE, || {
        Ok(cast.user_display.pressed_keys()?.is_empty().then_some(()))
    })
}

/// How long the film plays, by a program that knows nothing of this product.
fn film_length(video: &Path) -> anyhow::Result<Duration> {
    let output = Command::new("ffprobe")
        .args(["-loglevel", "error", "-of", "csv=p=0"])
        .args(["-show_entries", "format=duration"])
        .arg(video)
        .output()
        .context("cannot start ffprobe")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds: f32 = text.trim().parse().context("ffprobe tells no duration")?;
    Ok(Duration::from_secs_f32(seconds))
}

/// The newest film verifies and plays for `lasted`, less the last second; its report is a draft.
fn film_and_draft_are_there(cast: &Cast, lasted: Duration) -> anyhow::Result<()> {
    let films = cast.hub.films()?;
    let film = films.first().context("the hub has no film")?;
    cast.hub.verify_film(film.id)?;
    let video = cast.folder().join("film.mp4");
    cast.hub.export_film(film.id, &video)?;
    let plays = film_length(&video)?;
    ensure!(
        plays + LAST_SECOND >= lasted,
        "the session was seen for {lasted:?}, its film plays for {plays:?}"
    );
    cast.hub.verify_audit()?;
    wait_until("the report's draft", PATIENCE, || {
        let reports = cast.hub.reports()?;
        let mut reports = reports.iter();
        let report = reports.find(|report| report["session"] == film.id);
        Ok(report
            .filter(|report| report["finished"] == false)
            .map(|_| ()))
    })
}

fn cast() -> anyhow::Result<Cast> {
    let cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN)?;
    cast.user_display.paint_background(0x30_50_40)?;
    Ok(cast)
}

#[test]
fn d2_a_killed_helpme_leaves_no_key_pressed_and_a_film_that_plays() {
    let mut moments = Moments::new();
    let mut cast = cast().expect("the cast");
    let _terminal = busy_terminal(&cast).expect("a terminal");
    for time in 1..=times() {
        let moment = moments.next();
        let mut once = || -> anyhow::Result<()> {
            session_with_pressed_keys(&mut cast)?;
            let started = Instant::now();
            std::thread::sleep(moment);
            cast.helpme.app.running().kill_now()?;
            let lasted = started.elapsed();
            wait_until_nothing_is_pressed(&cast)?;
            release_keys(&cast)?;
            cast.console.leave_session()?;
            film_and_draft_are_there(&cast, lasted)?;
            cast.start_helpme_again()
        };
        once()
            .with_context(|| format!("kill {time}, {moment:?} into the session"))
            .expect("nothing is lost");
    }
}

#[test]
fn e4_a_helpme_that_panics_lets_go_of_all_keys_takes_leave_and_says_so() {
    /// What is left of a panic of the first thread, and of another.
    const EXIT_CODE: i32 = 71;
    /// The middle of the message's button, from the lower edge of its frame.
    const BUTTON_ABOVE: u32 = 50;
    let mut cast = cast().expect("the cast");
    let _terminal = busy_terminal(&cast).expect("a terminal");
    for thread in ["window", "another"] {
        let mut once = || -> anyhow::Result<()> {
            cast.helpme.app.running().kill_now()?;
            cast.start_helpme_that_fails()?;
            session_with_pressed_keys(&mut cast)?;
            let started = Instant::now();
            let windows = cast.user_display.shown_windows()?;
            fs::write(cast.helpme.app.home().fault(), thread)?;
            let status = cast.helpme.app.running().wait(PATIENCE)?;
            let lasted = started.elapsed();
            let status = status.context("it still runs")?;
            ensure!(status.code() == Some(EXIT_CODE), "{status}");
            println!("{thread}: it ended after {lasted:?}");
            wait_until_nothing_is_pressed(&cast)?;
            // the hub was told, and waits for nobody to come back
            wait_until("the end of the session", Duration::from_secs(2), || {
                let films = cast.hub.films()?;
                let film = films.first().context("the hub has no film")?;
                Ok((film.ended_by.as_deref() == Some("user")).then_some(()))
            })?;
            let message = wait_until("a message", PATIENCE, || {
                let shown = cast.user_display.shown_windows()?;
                Ok(shown.difference(&windows).next().copied())
            })?;
            // until it is painted
            std::thread::sleep(Duration::from_millis(300));
            keep_picture(&cast, thread)?;
            let place = cast.user_display.place_of(message)?;
            let button = (place.middle().0, place.y + place.height - BUTTON_ABOVE);
            cast.user_display.hands()?.click(button)?;
            wait_until("the message to be gone", PATIENCE, || {
                let shown = cast.user_display.shown_windows()?;
                Ok((!shown.contains(&message)).then_some(()))
            })?;
            one_report_is_left(&cast, thread)?;
            release_keys(&cast)?;
            cast.console.leave_session()?;
            film_and_draft_are_there(&cast, lasted)?;
            cast.start_helpme_again()
        };
        once()
            .with_context(|| format!("a panic of the thread: {thread}"))
            .expect("nothing is lost");
    }
}

/// Of one panic there is one report, which says which thread it was.
fn one_report_is_left(cast: &Cast, thread: &str) -> anyhow::Result<()> {
    let folder = cast.helpme.app.home().profile().join("helpme/crashes");
    let mut reports = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
        reports.push(fs::read_to_string(entry?.path())?);
    }
    let [report] = reports.as_slice() else {
        bail!("{} reports: {reports:?}", reports.len());
    };
    let named = if thread == "window" { "main" } else { "fault" };
    let line = format!("thread: {named}\n");
    ensure!(
        report.starts_with("helpme ") && report.contains(&line),
        "{report}"
    );
    ensure!(report.contains("message: asked to fail\n"), "{report}");
    Ok(())
}

/// Keeps what the user's display shows, for somebody to look at.
fn keep_picture(cast: &Cast, name: &str) -> anyhow::Result<()> {
    if let Some(folder) = std::env::var_os("PHD_PICTURES") {
        let file = Path::new(&folder).join(format!("fault-{name}.png"));
        cast.user_display.screenshot()?.save_png(&file)?;
    }
    Ok(())
}

#[test]
fn d2_a_killed_console_leaves_no_key_pressed_and_a_draft() {
    let mut moments = Moments::new();
    let mut cast = cast().expect("the cast");
    let _terminal = busy_terminal(&cast).expect("a terminal");
    for time in 1..=times() {
        let moment = moments.next();
        let mut once = || -> anyhow::Result<()> {
            session_with_pressed_keys(&mut cast)?;
            let started = Instant::now();
            std::thread::sleep(moment);
            cast.console.app.running().kill_now()?;
            let lasted = started.elapsed();
            release_keys(&cast)?;
            cast.start_console_again()?;
            wait_until_nothing_is_pressed(&cast)?;
            cast.helpme.leave()?;
            film_and_draft_are_there(&cast, lasted)
        };
        once()
            .with_context(|| format!("kill {time}, {moment:?} into the session"))
            .expect("nothing is lost");
    }
}

#[test]
fn d2_a_killed_hub_opens_its_store_again_with_film_and_draft() {
    let mut moments = Moments::new();
    let mut cast = cast().expect("the cast");
    let _terminal = busy_terminal(&cast).expect("a terminal");
    for time in 1..=times() {
        let moment = moments.next();
        let mut once = || -> anyhow::Result<()> {
            session_with_pressed_keys(&mut cast)?;
            let started = Instant::now();
            std::thread::sleep(moment);
            cast.hub.running()?.kill_now()?;
            let lasted = started.elapsed();
            release_keys(&cast)?;
            wait_until_nothing_is_pressed(&cast)?;
            cast.hub.start_again()?;
            cast.console.leave_session()?;
            film_and_draft_are_there(&cast, lasted)?;
            cast.helpme.leave()?;
            cast.console.wait_until_logged_in()
        };
        once()
            .with_context(|| format!("kill {time}, {moment:?} into the session"))
            .expect("nothing is lost");
    }
}

#[test]
fn d1_what_was_noted_beside_tickets_and_sessions_outlives_a_killed_console() {
    let mut cast = cast().expect("the cast");
    // one note is in no report yet, the other is of the session that is cut off
    let open = cast.console.generate_ticket().expect("a ticket");
    note(&mut cast, "Till 3 is slow").expect("noted");
    let used = cast.console.generate_ticket().expect("a ticket");
    note(&mut cast, "Printer offline").expect("noted");
    cast.helpme.ask_for_help(&used, "Rosa").expect("asked");
    cast.session_begins(&used).expect("a session");
    let console = &mut cast.console.app;
    console.click("Session menu").expect("open");
    console.click_in_menu("System information").expect("chosen");
    let helpme = &mut cast.helpme.app;
    helpme.wait_for("Send it").expect("asked");
    // the bar grows
    std::thread::sleep(Duration::from_secs(1));
    helpme.click("Send it").expect("allowed");
    helpme.wait_until_gone("Send it").expect("answered");
    let console = &mut cast.console.app;
    wait_until("a press that counts", PATIENCE, || {
        console.click_if_there("Put into the report")?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(console
            .shows("It will be in the report's notes")?
            .then_some(()))
    })
    .expect("put there");
    // as long as a report that is typed may take to be saved
    std::thread::sleep(Duration::from_secs(2));
    console.running().kill_now().expect("killed");
    cast.start_console_again().expect("it is back");

    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a system");
    let report = wait_until("the report with the notes", PATIENCE, || {
        let reports = cast.hub.reports()?;
        let mut reports = reports.into_iter();
        Ok(reports.find(|report| report["problem"] == "Printer offline"))
    });
    let report = report.expect("with the hub");
    let notes = report["notes"].as_str().expect("text");
    assert!(notes.contains(kernel.trim()), "{notes}");
    let console = &mut cast.console.app;
    let field = console.wait_for_field("Note").expect("there is one");
    console
        .hands()
        .click(field.region.middle())
        .expect("clicked");
    console.wait_for_keyboard("Note").expect("in the field");
    let noted = console.typed_text().expect("read");
    assert_eq!(noted, "Till 3 is slow");
    assert_eq!(reports_with(&cast, "Till 3 is slow"), 0, "of {open}");
}

fn reports_with(cast: &Cast, problem: &str) -> usize {
    let reports = cast.hub.reports().expect("reports");
    let having = reports.iter().filter(|report| report["problem"] == problem);
    having.count()
}

/// Notes something on the newest ticket.
fn note(cast: &mut Cast, text: &str) -> anyhow::Result<()> {
    let console = &mut cast.console.app;
    console.click("Add a note")?;
    console.type_into("Note", text)
}
