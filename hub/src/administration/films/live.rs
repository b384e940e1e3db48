//! A session that is watched while it runs (D2): its film as far as it is written.

use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::admin::films::{Answer, MAX_PART_BYTES, Place, Standing, WATCHING_SECONDS};
use protocol::control::Name;
use protocol::{Refusal, RefusalCode, SessionId};
use recording::{Piece, Recording};
use session::directory::Watcher;

use super::super::{Administrator, Office, desk, lock};
use super::{facts, off_the_runtime};
use crate::films;
use crate::registry::{Oversight, Watch};

/// How long those who are watched may take to be told.
const PATIENCE: Duration = Duration::from_secs(4);

/// How far somebody has watched, for as long as others can read their name.
#[derive(Debug, Clone, Copy)]
pub(in crate::administration) struct Watched {
    reached: Place,
    asked: Instant,
}

impl Watched {
    /// Whether `place` is what comes next for who watched until the end of the session.
    fn goes_on_at(&self, place: Place) -> bool {
        self.reached == place && self.asked.elapsed() < Duration::from_secs(WATCHING_SECONDS)
    }
}

pub(super) async fn watch(
    office: &Office,
    who: &Administrator,
    session: SessionId,
    place: Place,
) -> Result<Answer, Refusal> {
    if !office.settings().watch_live {
        return Err(RefusalCode::WATCHING_OFF.into());
    }
    let watcher = Watcher {
        sign_in: who.sign_in(),
        actor: who.actor(),
        name: Name::cut(who.account.display_name.as_str()),
    };
    let is_ended = match begin(office, who, session, watcher).await? {
        Ok(()) => false,
        // who watched until the end sees the end
        Err(RefusalCode::SESSION_GONE)
            if lock(&who.live)
                .get(&session)
                .is_some_and(|watched| watched.goes_on_at(place)) =>
        {
            true
        }
        Err(code) => {
            lock(&who.live).remove(&session);
            return Err(code.into());
        }
    };
    // asked before the film is read: what is closed then has no more to come
    let film = facts(office, session).await?.map(|facts| facts.film);
    let is_closed = is_ended && film.is_none_or(|film| film.standing != Standing::Running);
    let path = office.folder().join(films::path_of(session));
    let from = recording::Place {
        items: place.items,
        bytes: place.bytes,
    };
    let read = off_the_runtime(move || {
        let unread = |error: &dyn std::error::Error| {
            tracing::error!(%session, %error, "Running film not read");
            Refusal::from(RefusalCode::INTERNAL)
        };
        let recording = Recording::open(&path).map_err(|error| unread(&error))?;
        let piece = recording.piece(from, MAX_PART_BYTES);
        piece.map_err(|error| unread(&error))
    });
    let Piece { bytes, next } = read.await?;
    let next = Place {
        items: next.items,
        bytes: next.bytes,
    };
    let watched = Watched {
        reached: next,
        asked: Instant::now(),
    };
    lock(&who.live).insert(session, watched);
    Ok(Answer::Watched {
        is_over: is_closed && Bytes::is_empty(&bytes),
        bytes,
        next,
    })
}

/// Watches, or goes on; whoever is watched has been told, and the audit log has it, when this returns.
async fn begin(
    office: &Office,
    who: &Administrator,
    session: SessionId,
    watcher: Watcher,
) -> Result<Result<(), RefusalCode>, Refusal> {
    // held until everybody knows: no other question of this window gets a picture before
    let _turn = who.watched.lock().await;
    let watches = desk::ask(office, |done| Oversight::Watch {
        session,
        watcher,
        done,
    });
    let told = match watches.await? {
        Ok(Watch::GoesOn) => return Ok(Ok(())),
        Ok(Watch::Begins(told)) => told,
        Err(code) => return Ok(Err(code)),
    };
    let everybody = async {
        // the store keeps the order in which it is asked
        office.change_all(Vec::new()).await?;
        for told in told {
            // an error says that they are gone: who comes back is told then
            drop(told.await);
        }
        Ok(())
    };
    let why_not = match tokio::time::timeout(PATIENCE, everybody).await {
        Ok(Ok(())) => return Ok(Ok(())),
        Ok(Err(refusal)) => refusal,
        Err(_late) => RefusalCode::TIMED_OUT.into(),
    };
    stop(office, who, session).await?;
    Err(why_not)
}

pub(super) async fn stop(
    office: &Office,
    who: &Administrator,
    session: SessionId,
) -> Result<Answer, Refusal> {
    lock(&who.live).remove(&session);
    let sign_in = who.sign_in();
    let stopped = desk::ask(office, |done| Oversight::StopWatching {
        session,
        sign_in,
        done,
    });
    stopped.await?;
    Ok(Answer::Done)
}
