//! An operator's day in shortened time: eight tickets, three sessions at once, two conversations and a
//! hand-over. Afterwards the hub has all of it, and the console's log says how long its frames took.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::app::{App, PATIENCE};
use crate::cast::{Cast, OPERATOR, PASSWORD, Size};
use crate::colleague::Colleague;
use crate::console::Console;
use crate::display::Display;
use crate::frames;
use crate::helpme::Helpme;
use crate::look::Look;
use crate::programs::Home;
use crate::running::wait_until;

const USER_SCREEN: Size = Size(900, 680);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
/// How long somebody works in each session.
const WORK: Duration = Duration::from_secs(3);
/// Until the first log-in is drawn.
const SETTLED: Duration = Duration::from_secs(3);
/// Tickets of the day.
const TICKETS: usize = 8;

/// What became of the day.
#[derive(Debug)]
pub struct Day {
    /// What the frames of the console took, in milliseconds, the longest last.
    pub frames_millis: Vec<f64>,
    pub lasted: Duration,
}

impl Day {
    /// The frame that took longest, in milliseconds.
    pub fn longest_frame(&self) -> f64 {
        self.frame_at(100)
    }

    /// In one line.
    pub fn told(&self) -> String {
        format!(
            "{} frames in {:.0?}: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
            self.frames_millis.len(),
            self.lasted,
            self.frame_at(50),
            self.frame_at(95),
            self.frame_at(99),
            self.longest_frame()
        )
    }

    /// The frame that took longer than so many of a hundred others.
    fn frame_at(&self, percent: usize) -> f64 {
        let frames = &self.frames_millis;
        let place = (frames.len() * percent / 100).min(frames.len().saturating_sub(1));
        frames.get(place).copied().unwrap_or_default()
    }
}

/// A user at a display of their own.
struct User {
    name: &'static str,
    helpme: Helpme,
    // after the program on it
    display: Display,
}

impl User {
    fn arrives(cast: &Cast, name: &'static str) -> anyhow::Result<Self> {
        let display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
        let home = Home::fresh(cast.folder(), name)?;
        let hub = (cast.hub.address(), cast.hub.fingerprint());
        let helpme = Helpme::start(&cast.programs, &display, home, hub, Look::LIGHT)?;
        Ok(Self {
            name,
            helpme,
            display,
        })
    }

    /// Comes with a ticket, is asked and allows; the session runs then.
    fn is_helped(&mut self, console: &mut Console) -> anyhow::Result<String> {
        const TRIES: u32 = 3;
        // the keys of a session's window go to its host
        console.app.bring_to_front("Logged in")?;
        let ticket = console.generate_ticket()?;
        self.helpme.ask_for_help(&ticket, self.name)?;
        console.wait_for_computer(&ticket)?;
        // rows move when others come and go, also between a look and a click
        for _ in 0..TRIES {
            console.choose(&ticket, "Remote Session")?;
            if self.helpme.is_asked()? {
                break;
            }
        }
        self.helpme.allow()?;
        self.helpme.wait_for_bar()?;
        Ok(ticket)
    }

    /// Moves about, so that there is something to see.
    fn works(&self) -> anyhow::Result<()> {
        let hands = self.display.hands()?;
        let until = Instant::now() + WORK;
        let mut at = 40;
        while Instant::now() < until {
            hands.point_at((at, 620))?;
            at = 40 + (at + 37) % 700;
            std::thread::sleep(Duration::from_millis(60));
        }
        Ok(())
    }

    /// Ends the session; presses again where the bar changed its size in that moment, as a person does.
    fn has_had_enough(&mut self) -> anyhow::Result<()> {
        let app = &mut self.helpme.app;
        let ended = wait_until("the last page", PATIENCE, || {
            app.click_if_there("End")?;
            std::thread::sleep(Duration::from_millis(700));
            Ok(app.shows("Use another ticket")?.then_some(()))
        });
        let picture = app.keep_screenshot()?;
        ended.with_context(|| format!("{} is still helped, see {}", self.name, picture.display()))
    }

    fn says(&mut self, words: &str) -> anyhow::Result<()> {
        let app = &mut self.helpme.app;
        app.click("Chat")?;
        app.type_into("Write a message", &format!("{words}\n"))?;
        app.click("Chat")
    }
}

/// Plays the day and looks at what the hub has.
///
/// # Errors
///
/// If a program does not do its part, or something is lost.
pub fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<Day> {
    let begun = Instant::now();
    let mut cast = watched_cast()?;
    let log = cast.console.app.home().log();
    // the day begins when the window is there and has drawn what it is made of
    std::thread::sleep(SETTLED);
    let from = fs::metadata(&log)?.len();
    let mut users = Vec::new();
    for name in ["Mario", "Rosa", "Piero"] {
        users.push(User::arrives(&cast, name)?);
    }
    let mut problems = Vec::new();
    let mut said = Vec::new();

    tell("Three users at once, two of them write");
    let mut tickets = Vec::new();
    for user in &mut users {
        tickets.push(user.is_helped(&mut cast.console)?);
    }
    for (user, ticket) in users.iter_mut().zip(&tickets).take(2) {
        let (theirs, ours) = (
            format!("{} sees nothing", user.name),
            format!("looking at it, {}", user.name),
        );
        user.says(&theirs)?;
        cast.console.choose(ticket, "Chat")?;
        let app = &mut cast.console.app;
        app.wait_for(&theirs)?;
        app.type_into("Write a message", &format!("{ours}\n"))?;
        said.extend([theirs, ours]);
    }
    for user in &users {
        user.works()?;
    }
    for user in &mut users {
        let problem = format!("Problem of {}", user.name);
        user.has_had_enough()?;
        write_report(&mut cast.console, &problem)?;
        user.helpme.leave()?;
        problems.push(problem);
    }

    tell("A hand-over");
    let mut mario = users.swap_remove(0);
    mario.is_helped(&mut cast.console)?;
    std::mem::swap(&mut mario.helpme, &mut cast.helpme);
    let mut colleague = Colleague::arrive(&cast, OPERATOR_SCREEN)?;
    colleague.joins(&mut cast)?;
    cast.console.end_session()?;
    cast.console.app.wait_until_gone("Remote screen")?;
    std::mem::swap(&mut mario.helpme, &mut cast.helpme);
    mario.works()?;
    colleague.console.end_session()?;
    let problem = "Problem that was handed over".to_owned();
    colleague.console.write_report(&problem, "Done by two")?;
    problems.push(problem);
    mario.helpme.leave()?;

    tell("And one after the other, until eight");
    while problems.len() < TICKETS {
        let problem = format!("Problem {}", problems.len() + 1);
        mario.is_helped(&mut cast.console)?;
        cast.console.wait_for_session()?;
        mario.works()?;
        let app = &mut cast.console.app;
        app.click("Session menu")?;
        app.click_in_menu("End with a message…")?;
        let closing = format!("Call again about {problem}");
        app.type_into("Closing message", &closing)?;
        app.click("Send and end")?;
        said.push(closing);
        app.click("Write the report")?;
        app.type_into("Problem", &problem)?;
        // the rest of it another day
        app.click("Finish later")?;
        app.wait_until_gone("Finish later")?;
        problems.push(problem);
        mario.helpme.leave()?;
    }

    tell("Nothing is lost");
    nothing_is_lost(&cast, &problems, &said)?;
    for line in longest(&log, from)? {
        tell(&line);
    }
    let mut frames_millis = frames::frames(&log, from)?;
    ensure!(frames_millis.len() > 500, "the console told of no frames");
    frames_millis.sort_by(f64::total_cmp);
    Ok(Day {
        frames_millis,
        lasted: begun.elapsed(),
    })
}

/// What the console told of the frames that took longest, and what it told right before each.
fn longest(log: &Path, from: u64) -> anyhow::Result<Vec<String>> {
    const SHOWN: usize = 6;
    let text = fs::read(log)?;
    let text = text.get(usize::try_from(from)?..).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut told: Vec<(f64, usize)> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let millis = line.split_once("millis=").map(|(_, millis)| millis.trim());
        if let Some(millis) = millis.and_then(|millis| millis.parse().ok()) {
            told.push((millis, place));
        }
    }
    told.sort_by(|one, other| other.0.total_cmp(&one.0));
    told.truncate(SHOWN);
    let shown = told.iter().map(|(_, place)| {
        let before = lines[..*place].iter().rev();
        let mut before = before.filter(|line| !line.contains("millis="));
        let before = before.next().copied().unwrap_or_default();
        format!("{}   after: {before}", lines[*place])
    });
    Ok(shown.collect())
}

/// The report opens by itself, also where the session's window lies behind others.
fn write_report(console: &mut Console, problem: &str) -> anyhow::Result<()> {
    let app = &mut console.app;
    wait_until("the report", PATIENCE, || {
        app.click_if_there("Write the report")?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(app.shows("Finish the report")?.then_some(()))
    })?;
    app.type_into("Problem", problem)?;
    app.click("Finish the report")?;
    app.wait_until_gone("Finish the report")
}

/// The cast, whose console says what its frames take.
fn watched_cast() -> anyhow::Result<Cast> {
    let user_display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator_display = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    let mut cast = Cast::before_log_in(user_display, operator_display, Look::LIGHT)?;
    let home = cast.console.app.home().clone();
    cast.console.app.running().stop()?;
    let program = cast.programs.path("pure-help-desk");
    let mut command = home.windowed(program, cast.operator_display.name());
    command.env("RUST_LOG", "info,operator_app=trace");
    let app = App::start(
        "pure-help-desk",
        &mut command,
        home,
        &cast.operator_display,
        Look::LIGHT,
    )?;
    cast.console = Console { app };
    let (hub, fingerprint) = (cast.hub.address(), cast.hub.fingerprint());
    cast.console
        .set_up_and_log_in(hub, fingerprint, OPERATOR, PASSWORD)?;
    Ok(cast)
}

/// The hub has a film of each session, which is what was recorded, a report with each problem, and each line
/// that was said.
fn nothing_is_lost(cast: &Cast, problems: &[String], said: &[String]) -> anyhow::Result<()> {
    let films = wait_until("the films", PATIENCE, || {
        let films = cast.hub.films()?;
        let over = films.iter().all(|film| film.ended_unix_millis.is_some());
        Ok((over && films.len() == problems.len()).then_some(films))
    })
    .context("a film of each session")?;
    let mut time_lines = String::new();
    for film in &films {
        cast.hub.verify_film(film.id)?;
        time_lines += &cast.hub.timeline(film.id)?;
    }
    for line in said {
        let found = time_lines.matches(line.as_str()).count();
        ensure!(
            found == 1,
            "{line:?} was said once and is there {found} times"
        );
    }
    let all = wait_until("the reports", PATIENCE, || {
        let reports = cast.hub.reports()?;
        let has = |problem: &String| reports.iter().any(|r| r["problem"] == problem.as_str());
        let all = reports.len() == problems.len() && problems.iter().all(has);
        Ok(all.then_some(()))
    });
    let there: Vec<_> = cast
        .hub
        .reports()?
        .iter()
        .map(|r| r["problem"].clone())
        .collect();
    all.with_context(|| format!("reports about {problems:?}; there are some about {there:?}"))?;
    cast.hub.verify_audit()
}
