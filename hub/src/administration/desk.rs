//! Answers to the administration's questions about what goes on now.

use protocol::admin::desk::{Answer, Disk, LiveSession, Overview, Question, Warning};
use protocol::{EntryKind, Refusal, RefusalCode, SessionId};
use session::authority::{Action, Object, may};
use tokio::sync::oneshot;

use super::{Administrator, Office};
use crate::catalogue::FilmTotals;
use crate::registry::{Event, LiveDesk, Oversight};
use crate::{disk, film};

/// Refused log-ins of a day from which on somebody should look.
const MANY_REFUSED: u32 = 50;
/// Days of disk left from which on somebody should look.
const FEW_DAYS: u64 = 14;
/// Most rows of an answer, so that it fits its frame.
const MOST_ENTRIES: usize = 2000;

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    may(who.who(), Action::Oversee, Object::Hub)
        .map_err(|_denied| Refusal::from(RefusalCode::NOT_ALLOWED))?;
    match question {
        Question::Overview {
            day_began_unix_millis,
        } => overview(office, day_began_unix_millis).await,
        Question::Live => live(office).await,
        Question::EndSession { session } => {
            let actor = who.actor();
            let ended = ask(office, |done| Oversight::EndSession {
                session,
                actor,
                done,
            });
            found(ended.await?, RefusalCode::SESSION_GONE)
        }
        Question::Disconnect { peer } => {
            let actor = who.actor();
            let gone = ask(office, |done| Oversight::Disconnect { peer, actor, done });
            found(gone.await?, RefusalCode::HOST_GONE)
        }
    }
}

fn found(was_there: bool, otherwise: RefusalCode) -> Result<Answer, Refusal> {
    was_there
        .then_some(Answer::Done)
        .ok_or_else(|| otherwise.into())
}

/// Asks the registry.
pub(super) async fn ask<T>(
    office: &Office,
    oversight: impl FnOnce(oneshot::Sender<T>) -> Oversight,
) -> Result<T, Refusal> {
    let stopping = || Refusal::from(RefusalCode::SHUTTING_DOWN);
    let (sender, answer) = oneshot::channel();
    let asked = office.registry.send(Event::Overseen(oversight(sender)));
    asked.await.map_err(|_closed| stopping())?;
    answer.await.map_err(|_closed| stopping())
}

async fn live(office: &Office) -> Result<Answer, Refusal> {
    let (mut entries, sessions) = who_is_there(office).await?;
    entries.truncate(MOST_ENTRIES);
    Ok(Answer::Live { entries, sessions })
}

/// Everybody who is connected, and the sessions that run.
pub(super) async fn who_is_there(
    office: &Office,
) -> Result<(Vec<protocol::Entry>, Vec<LiveSession>), Refusal> {
    let mut desk = ask(office, Oversight::Look).await?;
    let folder = office.folder.clone();
    let sizes = tokio::task::spawn_blocking(move || {
        for live in &mut desk.sessions {
            live.film_bytes = film_bytes(&folder, live.session);
        }
        desk
    });
    let LiveDesk {
        entries,
        sessions,
        is_behind: _,
    } = sizes.await.map_err(|_panic| RefusalCode::INTERNAL)?;
    Ok((entries, sessions))
}

/// What the film of a session that runs takes of the disk.
fn film_bytes(folder: &std::path::Path, session: SessionId) -> u64 {
    let path = folder.join(film::relative_path(session));
    // what was not moved into the film itself yet lies beside it
    let journal = path.with_extension("film-wal");
    [path, journal]
        .into_iter()
        .filter_map(|path| Some(std::fs::metadata(path).ok()?.len()))
        .sum()
}

async fn overview(office: &Office, day_began_unix_millis: i64) -> Result<Answer, Refusal> {
    let desk = ask(office, Oversight::Look).await?;
    let now = office.clock.now();
    let week_began = now.unix_millis.saturating_sub(7 * 24 * 3600 * 1000);
    let folder = office.folder.clone();
    let (today, films, space) = office
        .read(move |catalogue| {
            let today = catalogue.today(day_began_unix_millis)?;
            let films = catalogue.film_totals(week_began)?;
            Ok((today, films, disk::space(&folder)))
        })
        .await?;
    let FilmTotals {
        films,
        bytes,
        bytes_of_week,
        broken,
    } = films;
    let disk = Disk {
        free_bytes: space.map(|space| space.free),
        total_bytes: space.map(|space| space.total),
        films,
        films_bytes: bytes,
        films_bytes_of_week: bytes_of_week,
    };
    let count = |wanted: &dyn Fn(&protocol::Entry) -> bool| {
        let count = desk.entries.iter().filter(|entry| wanted(entry)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let is_host = |entry: &protocol::Entry| entry.kind != EntryKind::Operator;
    let mut warnings = Vec::new();
    if let Some(days) = disk.days_left().filter(|days| *days < FEW_DAYS) {
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        warnings.push(Warning::DiskSoonFull { days });
    }
    if desk.is_behind {
        warnings.push(Warning::DiskBehind);
    }
    if today.refused_log_ins >= MANY_REFUSED {
        let refused = today.refused_log_ins;
        warnings.push(Warning::Guessing { refused });
    }
    if broken > 0 {
        warnings.push(Warning::FilmsBroken { sessions: broken });
    }
    Ok(Answer::Overview(Overview {
        version: concat!("hub ", env!("CARGO_PKG_VERSION")).into(),
        fingerprint: protocol::control::Name::cut(office.fingerprint.to_string()),
        up_seconds: now.since_start.as_secs(),
        now_unix_millis: now.unix_millis,
        memory_bytes: memory_bytes(),
        operators: count(&|entry| !is_host(entry) && entry.present),
        hosts: count(&|entry| is_host(entry) && entry.present),
        waiting: count(&|entry| is_host(entry) && entry.present && entry.in_session_with.is_none()),
        sessions: sessions_count(&desk.sessions),
        today,
        disk,
        warnings,
    }))
}

fn sessions_count(sessions: &[LiveSession]) -> u32 {
    u32::try_from(sessions.len()).unwrap_or(u32::MAX)
}

/// What of the hub's process is in memory.
fn memory_bytes() -> Option<u64> {
    // Linux alone says so in a file; elsewhere the number is left out
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
