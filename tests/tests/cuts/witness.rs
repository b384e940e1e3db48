//! Who types, and who watches what becomes of it, on both displays and all the time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use e2e::{Cast, Display, Hands, PATIENCE, Region, Running, UiMap, wait_until};

/// Between two keys: somebody who types fast.
const KEY_EVERY: Duration = Duration::from_millis(70);
const PAINT_EVERY: Duration = Duration::from_millis(60);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How far what the console shows may lag behind what it does, drawn in software.
const SLACK: Duration = Duration::from_millis(300);
/// Marks a colour as painted here, so that nothing else is taken for it.
const MARK: u32 = 0x5a_00_00;
pub(crate) const TERMINAL: (u32, u32) = (200, 420);
const WATCHED: (u32, u32) = (900, 300);
const PAUSED: &str = "Connection lost. Trying to get it back…";

/// A terminal on the user's display that writes what is typed into `file`.
pub(crate) fn terminal(cast: &Cast, file: &Path) -> anyhow::Result<Running> {
    let mut command = Command::new("xterm");
    let script = r#"stty raw -echo; cat >"$1""#;
    command
        .args(["-geometry", "60x12+20+320", "-e", "bash", "-c", script])
        .arg("typed")
        .arg(file)
        .env("DISPLAY", cast.user_display.name());
    let mut running = Running::start("xterm", &mut command, &cast.folder().join("xterm.log"))?;
    wait_until("the terminal", PATIENCE, || {
        running.check_alive()?;
        Ok(file.exists().then_some(()))
    })?;
    Ok(running)
}

/// What became of the keys of one round.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) typed: usize,
    pub(crate) arrived: usize,
    /// What the console said was not delivered.
    pub(crate) not_delivered: usize,
    /// What was typed while the console said that the line was lost.
    pub(crate) while_paused: usize,
    pub(crate) in_order: bool,
}

#[derive(Debug, Default)]
struct Log {
    typed: Vec<(char, Instant)>,
    arrived: Vec<(char, Instant)>,
    painted: Vec<Instant>,
    seen: Vec<(u32, Instant)>,
    /// From when to when the console said that the line was lost.
    paused: Vec<(Instant, Option<Instant>)>,
    not_delivered: Vec<usize>,
    /// Where the present round begins in what was typed and what arrived.
    round: (usize, usize),
}

/// Ends its threads when it is dropped.
pub(crate) struct Witness {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Log>,
    types: AtomicBool,
    over: AtomicBool,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }
}

impl Witness {
    /// Clicks into the terminal and watches from now on.
    pub(crate) fn begin(cast: &Cast, session: Region, typed: &Path) -> anyhow::Result<Self> {
        let hands = cast.operator_display.hands()?;
        hands.click((session.x + TERMINAL.0, session.y + TERMINAL.1))?;
        let watched = (session.x + WATCHED.0, session.y + WATCHED.1);
        let shared = Arc::new(Shared::default());
        let typing = hands.with_pace(Duration::from_millis(5));
        let host = Display::attach(cast.user_display.name())?;
        let console = Display::attach(cast.operator_display.name())?;
        let (file, map) = (typed.to_owned(), cast.console.app.home().ui_map());
        let of = || Arc::clone(&shared);
        let threads = vec![
            spawn(of(), move |shared| keep_typing(shared, &typing)),
            spawn(of(), move |shared| keep_painting(shared, &host)),
            spawn(of(), move |shared| keep_reading(shared, &file)),
            spawn(of(), move |shared| keep_watching(shared, &console, watched)),
            spawn(of(), move |shared| {
                keep_asking(shared, &map);
                Ok(())
            }),
        ];
        Ok(Self { shared, threads })
    }

    pub(crate) fn begin_round(&self) {
        let mut log = self.shared.log();
        log.round = (log.typed.len(), log.arrived.len());
        log.paused.clear();
        log.not_delivered.clear();
    }

    pub(crate) fn type_on(&self) {
        self.shared.types.store(true, Ordering::SeqCst);
    }

    pub(crate) fn stop_typing(&self) {
        self.shared.types.store(false, Ordering::SeqCst);
        // the key that is being typed
        std::thread::sleep(KEY_EVERY * 2);
    }

    /// Whether keys and pictures of after `back` have arrived, and the console says so.
    pub(crate) fn goes_on_since(&self, back: Instant) -> bool {
        let is_paused = matches!(self.shared.log().paused.last(), Some((_, None)));
        !is_paused && self.first_key_after(back).is_ok() && self.first_picture_after(back).is_ok()
    }

    /// How long after `back` the first key arrived that was typed after it.
    pub(crate) fn first_key_after(&self, back: Instant) -> anyhow::Result<Duration> {
        let log = self.shared.log();
        let (typed, arrived) = (&log.typed[log.round.0..], &log.arrived[log.round.1..]);
        // some may still be on their way, so the end of what was typed is tried without them
        let first = (0..=typed.len()).find_map(|on_the_way| {
            let typed = &typed[..typed.len() - on_the_way];
            let same = typed.iter().rev().zip(arrived.iter().rev());
            let same = same.take_while(|((typed, _), (arrived, _))| typed == arrived);
            let after = same.filter(|((_, at), _)| *at >= back);
            after.last().map(|(_, (_, at))| *at)
        });
        let first = first.context("no key went through")?;
        Ok(first.saturating_duration_since(back))
    }

    /// How long after `back` the first picture was seen that was painted after it.
    pub(crate) fn first_picture_after(&self, back: Instant) -> anyhow::Result<Duration> {
        let log = self.shared.log();
        let fresh = log.seen.iter().find(|(number, at)| {
            let painted = usize::try_from(*number).ok();
            let painted = painted.and_then(|number| log.painted.get(number));
            *at >= back && painted.is_some_and(|painted| *painted >= back)
        });
        let (_, at) = fresh.context("no new picture is seen")?;
        Ok(at.duration_since(back))
    }

    /// The longest times from `since` on in which no key arrived, and in which no new picture was seen.
    pub(crate) fn longest_waits(&self, since: Instant) -> (Duration, Duration) {
        let log = self.shared.log();
        let longest = |times: &mut dyn Iterator<Item = Instant>| {
            let (mut before, mut longest) = (since, Duration::ZERO);
            for at in times.filter(|at| *at >= since) {
                longest = longest.max(at.duration_since(before));
                before = at;
            }
            longest.max(before.elapsed())
        };
        (
            longest(&mut log.arrived.iter().map(|(_, at)| *at)),
            longest(&mut log.seen.iter().map(|(_, at)| *at)),
        )
    }

    /// Waits until nothing has arrived for `rest`.
    pub(crate) fn wait_for_rest(&self, rest: Duration) {
        let since = Instant::now();
        loop {
            let last = self.shared.log().arrived.last().map(|(_, at)| *at);
            let last = last.unwrap_or(since).max(since);
            if last.elapsed() >= rest {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// When the console first said that the line was lost.
    pub(crate) fn first_pause(&self) -> Option<Instant> {
        self.shared.log().paused.first().map(|(from, _)| *from)
    }

    /// What became of the keys.
    pub(crate) fn told(&self) -> anyhow::Result<Told> {
        ensure!(
            !self.threads.iter().any(JoinHandle::is_finished),
            "a thread of the witness failed"
        );
        let log = self.shared.log();
        let (typed, arrived) = (&log.typed[log.round.0..], &log.arrived[log.round.1..]);
        let is_paused = |at: Instant| {
            let mut pauses = log.paused.iter();
            pauses.any(|(from, until)| {
                at + SLACK >= *from && until.is_none_or(|until| at <= until + SLACK)
            })
        };
        let mut rest = typed.iter();
        let in_order = arrived
            .iter()
            .all(|(arrived, _)| rest.any(|(typed, _)| typed == arrived));
        Ok(Told {
            typed: typed.len(),
            arrived: arrived.len(),
            not_delivered: log.not_delivered.iter().sum(),
            while_paused: typed.iter().filter(|(_, at)| is_paused(*at)).count(),
            in_order,
        })
    }

    /// For the message of a failure.
    pub(crate) fn describe(&self, back: Instant) -> String {
        let key = self.first_key_after(back).err();
        let picture = self.first_picture_after(back).err();
        let paused = matches!(self.shared.log().paused.last(), Some((_, None)));
        let told = self.told();
        format!(
            "keys: {key:?}, pictures: {picture:?}, says that the line is lost: {paused}, {told:?}"
        )
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => println!("a thread of the witness failed: {error:#}"),
                Err(_panic) => println!("a thread of the witness panicked"),
            }
        }
    }
}

fn spawn(
    shared: Arc<Shared>,
    work: impl FnOnce(&Shared) -> anyhow::Result<()> + Send + 'static,
) -> JoinHandle<anyhow::Result<()>> {
    std::thread::spawn(move || work(&shared))
}

/// Letters and digits in an order that is the same each time, none of them twice within ten: what is
/// doubled, missing or out of place shows.
fn keep_typing(shared: &Shared, hands: &Hands) -> anyhow::Result<()> {
    const KEYS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut recent = std::collections::VecDeque::new();
    let mut number = 1_u64;
    while shared.goes_on() {
        if !shared.types.load(Ordering::SeqCst) {
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        let character = loop {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let place = usize::try_from(number >> 40)? % KEYS.len();
            let character = char::from(KEYS[place]);
            if !recent.contains(&character) {
                break character;
            }
        };
        recent.push_back(character);
        if recent.len() > 10 {
            recent.pop_front();
        }
        shared.log().typed.push((character, Instant::now()));
        hands.type_text(character.encode_utf8(&mut [0; 4]))?;
        std::thread::sleep(KEY_EVERY);
    }
    Ok(())
}

fn keep_painting(shared: &Shared, host: &Display) -> anyhow::Result<()> {
    while shared.goes_on() {
        let number = {
            let mut log = shared.log();
            log.painted.push(Instant::now());
            u32::try_from(log.painted.len() - 1)?
        };
        host.paint_background(MARK | number)?;
        std::thread::sleep(PAINT_EVERY);
    }
    Ok(())
}

fn keep_reading(shared: &Shared, file: &PathBuf) -> anyhow::Result<()> {
    let mut known = 0;
    while shared.goes_on() {
        let length = fs::metadata(file)?.len();
        if length > known {
            let bytes = fs::read(file)?;
            let at = Instant::now();
            let new = bytes[usize::try_from(known)?..].iter();
            let mut log = shared.log();
            log.arrived.extend(new.map(|byte| (char::from(*byte), at)));
            known = u64::try_from(bytes.len())?;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn keep_watching(shared: &Shared, console: &Display, (x, y): (u32, u32)) -> anyhow::Result<()> {
    let place = Region {
        x,
        y,
        width: 1,
        height: 1,
    };
    while shared.goes_on() {
        let [red, green, blue] = console.screenshot_of(place)?.at(0, 0);
        let number = u32::from(green) << 8 | u32::from(blue);
        if u32::from(red) == MARK >> 16 {
            let mut log = shared.log();
            if log.seen.last().is_none_or(|(last, _)| *last != number) {
                log.seen.push((number, Instant::now()));
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// What the console says of the line and of keys that were not delivered.
fn keep_asking(shared: &Shared, map: &Path) {
    let mut said: Vec<usize> = Vec::new();
    while shared.goes_on() {
        // it is read while it is written now and then
        if let Ok(map) = UiMap::read(map) {
            let labels = map.labels();
            let now: Vec<usize> = labels
                .iter()
                .filter_map(|label| not_delivered(label))
                .collect();
            let mut log = shared.log();
            let new = now.iter().filter(|count| !said.contains(count));
            log.not_delivered.extend(new);
            said = now;
            let is_paused = labels.contains(&PAUSED);
            match log.paused.last_mut() {
                Some((_, until @ None)) if !is_paused => *until = Some(Instant::now()),
                Some((_, Some(_))) | None if is_paused => log.paused.push((Instant::now(), None)),
                Some(_) | None => {}
            }
        }
        std::thread::sleep(LOOK_EVERY * 3);
    }
}

fn not_delivered(label: &str) -> Option<usize> {
    let count = label
        .strip_suffix(" keys or clicks were not delivered.")
        .or_else(|| label.strip_suffix(" key or click was not delivered."))?;
    count.parse().ok()
}
