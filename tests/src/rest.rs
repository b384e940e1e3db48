//! What the console and Helpme cost while their windows are in sight and nothing happens.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

use crate::app::App;
use crate::cast::{Cast, Size};
use crate::memory::Memory;

const USER_SCREEN: Size = Size(900, 700);
const OPERATOR_SCREEN: Size = Size(1280, 840);
/// Until the caret has blinked for the last time and what starts later has started.
const SETTLED: Duration = Duration::from_secs(15);
/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(20);

/// What a program cost.
#[derive(Debug, Clone)]
pub struct AtRest {
    pub program: String,
    /// Of all its threads, in milliseconds of CPU for each second.
    pub cpu_millis_per_second: f64,
    /// Its share of all that lies in memory for it, in megabytes.
    pub memory_mb: f64,
    /// The threads that worked, and for how many milliseconds.
    pub busy: Vec<(String, f64)>,
}

impl AtRest {
    /// In one line.
    pub fn told(&self) -> String {
        let Self {
            program,
            cpu_millis_per_second,
            memory_mb,
            busy,
        } = self;
        format!("{program}: {cpu_millis_per_second:.2} ms/s, {memory_mb:.0} MB, {busy:?}")
    }
}

/// Starts a console that is logged in and a Helpme that waits for a ticket, and watches both for a while.
///
/// # Errors
///
/// If they do not start, or the system does not tell.
pub fn watch() -> anyhow::Result<[AtRest; 2]> {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN)?;
    std::thread::sleep(SETTLED);
    let pids = [&mut cast.console.app, &mut cast.helpme.app].map(|app| app.running().pid());
    let before = [threads(pids[0])?, threads(pids[1])?];
    std::thread::sleep(WATCHED);
    let [of_console, of_helpme] = before;
    Ok([
        at_rest(&mut cast.console.app, &of_console)?,
        at_rest(&mut cast.helpme.app, &of_helpme)?,
    ])
}

/// What processes work while nothing happens, in milliseconds of CPU for each second; waits until they have settled.
///
/// # Errors
///
/// If the system does not tell.
pub fn millis_per_second(pids: &[u32]) -> anyhow::Result<Vec<f64>> {
    std::thread::sleep(SETTLED);
    let worked = || {
        let all = pids.iter().map(|pid| nanos_worked(*pid));
        all.collect::<anyhow::Result<Vec<u64>>>()
    };
    let before = worked()?;
    std::thread::sleep(WATCHED);
    let after = worked()?;
    let pairs = before.into_iter().zip(after);
    // threads that ended meanwhile take theirs along
    let nanos = pairs.map(|(before, after)| after.saturating_sub(before));
    Ok(nanos
        .map(|nanos| nanos as f64 / 1e6 / WATCHED.as_secs_f64())
        .collect())
}

/// What the threads that `pid` has now have worked, in nanoseconds of CPU.
///
/// # Errors
///
/// If the system does not tell.
pub(crate) fn nanos_worked(pid: u32) -> anyhow::Result<u64> {
    Ok(threads(pid)?.iter().map(|thread| thread.nanos).sum())
}

fn at_rest(app: &mut App, before: &[Thread]) -> anyhow::Result<AtRest> {
    let running = app.running();
    let after = threads(running.pid())?;
    let mut busy = Vec::new();
    let mut nanos = 0;
    for thread in after {
        let known = before.iter().find(|known| known.id == thread.id);
        let worked = thread.nanos - known.map_or(0, |known| known.nanos);
        nanos += worked;
        if worked > 0 {
            busy.push((thread.name, worked as f64 / 1e6));
        }
    }
    busy.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(AtRest {
        program: running.name().to_owned(),
        cpu_millis_per_second: nanos as f64 / 1e6 / WATCHED.as_secs_f64(),
        memory_mb: Memory::of(running.pid())?.all_mb(),
        busy,
    })
}

struct Thread {
    id: String,
    name: String,
    nanos: u64,
}

/// What each thread has worked so far; the scheduler counts nanoseconds, other figures are too coarse.
fn threads(pid: u32) -> anyhow::Result<Vec<Thread>> {
    let folder = format!("/proc/{pid}/task");
    let mut all = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.clone())? {
        let path = entry?.path();
        // one that ended meanwhile
        let Ok(counted) = fs::read_to_string(path.join("schedstat")) else {
            continue;
        };
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        let nanos = counted.split_whitespace().next();
        all.push(Thread {
            id: path.display().to_string(),
            name: name.trim().to_owned(),
            nanos: nanos.and_then(|n| n.parse().ok()).unwrap_or_default(),
        });
    }
    Ok(all)
}
