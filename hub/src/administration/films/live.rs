//! A session that is watched while it runs (D2): its film as far as it is written.

use bytes::Bytes;
use protocol::admin::films::{Answer, MAX_PART_BYTES, Place, Standing};
use protocol::control::Name;
use protocol::{Refusal, RefusalCode, SessionId};
use recording::{Piece, Recording};
use session::directory::Watcher;

use super::super::{Administrator, Office, desk, lock};
use super::facts;
use crate::films;
use crate::registry::Oversight;

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
    let watches = desk::ask(office, |done| Oversight::Watch {
        session,
        watcher,
        done,
    });
    let is_ended = match watches.await? {
        Ok(()) => {
            lock(&who.live).insert(session);
            false
        }
        // who watched until the end sees the end
        Err(RefusalCode::SESSION_GONE) if lock(&who.live).contains(&session) => true,
        Err(code) => return Err(code.into()),
    };
    // asked before the film is read: what is closed then has no more to come
    let film = facts(office, session).await?.map(|facts| facts.film);
    let is_closed = is_ended && film.is_none_or(|film| film.standing != Standing::Running);
    let path = office.folder().join(films::path_of(session));
    let from = recording::Place {
        items: place.items,
        bytes: place.bytes,
    };
    let read = tokio::task::spawn_blocking(move || {
        let recording = Recording::open(&path).map_err(|error| error.to_string())?;
        let piece = recording.piece(from, MAX_PART_BYTES);
        piece.map_err(|error| error.to_string())
    });
    let Piece { bytes, next } = match read.await {
        Ok(Ok(piece)) => piece,
        Ok(Err(error)) => {
            tracing::error!(%session, error, "Running film not read");
            return Err(RefusalCode::INTERNAL.into());
        }
        Err(error) => {
            tracing::error!(%session, %error, "Running film not read");
            return Err(RefusalCode::INTERNAL.into());
        }
    };
    Ok(Answer::Watched {
        is_over: is_closed && Bytes::is_empty(&bytes),
        bytes,
        next: Place {
            items: next.items,
            bytes: next.bytes,
        },
    })
}

pub(super) async fn stop(
    office: &Office,
    who: &Administrator,
    session: SessionId,
) -> Result<Answer, Refusal> {
    let sign_in = who.sign_in();
    let stopped = desk::ask(office, |done| Oversight::StopWatching {
        session,
        sign_in,
        done,
    });
    stopped.await?;
    Ok(Answer::Done)
}
