//! What one enrolled `PurePC` costs its computer while nobody is on it (U1).

use std::fs;
use std::net::Ipv4Addr;

use anyhow::{Context as _, ensure};

use crate::hub::Hub;
use crate::memory::{Memory, mb};
use crate::programs::{Home, Programs};
use crate::rest;
use crate::till::Till;

/// The most that it may have in memory, in megabytes: all pages of it, those that it shares with other programs
/// (libraries, its own code on the disk) counted as its own.
pub const MOST_MB: f64 = 15.0;
/// The most that it may work, in milliseconds of CPU for each second.
pub const MOST_MILLIS: f64 = 1.0;

/// Enrols a computer at a hub, leaves it alone and tells what it costs.
///
/// # Errors
///
/// If a program does not start, or it costs more than [`MOST_MB`] or [`MOST_MILLIS`].
pub fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let folder = tempfile::tempdir()?;
    let home = |name| Home::fresh(folder.path(), name);
    let hub = Hub::start(&programs, home("hub")?, Ipv4Addr::LOCALHOST.into())?;
    hub.add_operator("otto", "Otto", "a long password of his")?;
    hub.set_up_hosts("Tills", "Retail", "otto")?;
    let till = Till::enrol(&programs, &hub, home("till")?, "TILL-4", "Tills")?;
    let pid = till.pid();
    let worked = rest::millis_per_second(&[pid])?;
    let millis = *worked.first().context("one was asked about")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let all = mb(figure(&status, "VmRSS:")?);
    let own = mb(figure(&status, "RssAnon:")?);
    let threads = figure(&status, "Threads:")?;
    let share = Memory::of(pid)?.all_mb();
    tell(&format!(
        "purepc, enrolled and idle: {all:.1} MB in memory (RSS), {share:.1} MB its share of it (PSS), {own:.1} MB \
         of it asked for (anonymous); {millis:.2} ms of CPU a second; {threads} threads"
    ));
    ensure!(all <= MOST_MB, "more than {MOST_MB} MB in memory");
    ensure!(
        millis <= MOST_MILLIS,
        "more than {MOST_MILLIS} ms of CPU a second"
    );
    Ok(())
}

/// What the line of this name says.
fn figure(status: &str, name: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    let word = word.with_context(|| format!("no {name}"))?;
    Ok(word.parse()?)
}
