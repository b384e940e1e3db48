//! How long films are kept: on hold, by rule, or erased with a trace that stays (D5).

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use protocol::SessionId;
use protocol::admin::films::{Erasure, Facts, Standing};
use protocol::admin::settings::Settings;

use crate::catalogue::{KeptFilm, What};

const MILLIS_OF_DAY: i64 = 24 * 3600 * 1000;

/// What was asked for cannot be done to a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilmFault {
    #[error("there is no such film, or only its trace is left")]
    Gone,
    #[error("the session is still being filmed")]
    Running,
    #[error("the film is held; release it first")]
    Held,
    #[error("a reason is needed; it is kept in the audit log")]
    NoReason,
}

/// The change that keeps a film whatever the rules say.
///
/// # Errors
///
/// [`FilmFault`].
pub fn hold(facts: Option<&Facts>, reason: &str) -> Result<What, FilmFault> {
    let facts = there(facts)?;
    Ok(What::FilmHeld {
        session: facts.film.session,
        reason: given(reason)?,
    })
}

/// The change that lets the rules have a film again; `None` where they have it.
///
/// # Errors
///
/// [`FilmFault::Gone`].
pub fn release(facts: Option<&Facts>) -> Result<Option<What>, FilmFault> {
    let film = &there(facts)?.film;
    let session = film.session;
    Ok(film
        .held
        .is_some()
        .then_some(What::FilmReleased { session }))
}

/// The change that erases a film for somebody's privacy. Whoever stored it [removes](remove) the file.
///
/// # Errors
///
/// [`FilmFault`].
pub fn erase(facts: Option<&Facts>, reason: &str) -> Result<What, FilmFault> {
    let film = &finished(facts)?.film;
    if film.held.is_some() {
        return Err(FilmFault::Held);
    }
    Ok(What::FilmErased {
        session: film.session,
        why: Erasure::Privacy,
        reason: given(reason)?,
    })
}

/// The film, if it can be watched.
///
/// # Errors
///
/// [`FilmFault`].
pub fn finished(facts: Option<&Facts>) -> Result<&Facts, FilmFault> {
    let facts = there(facts)?;
    if facts.film.standing == Standing::Running {
        return Err(FilmFault::Running);
    }
    Ok(facts)
}

fn there(facts: Option<&Facts>) -> Result<&Facts, FilmFault> {
    let facts = facts.filter(|facts| facts.film.standing != Standing::Erased);
    facts.ok_or(FilmFault::Gone)
}

fn given(reason: &str) -> Result<String, FilmFault> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(FilmFault::NoReason);
    }
    Ok(reason.to_owned())
}

/// When the rules let a film go that ended then; `None` where they do not.
pub fn kept_until(settings: &Settings, ended_unix_millis: Option<i64>) -> Option<i64> {
    let days = i64::from(settings.film_days);
    let ended = ended_unix_millis.filter(|_| days > 0)?;
    Some(ended.saturating_add(days * MILLIS_OF_DAY))
}

/// The films that the rules let go now, oldest first: `unheld` is in that order, and all films together
/// have `bytes`.
pub fn due(
    settings: &Settings,
    unheld: &[KeptFilm],
    mut bytes: u64,
    now_unix_millis: i64,
) -> Vec<What> {
    let mut due = Vec::new();
    let quota = settings.film_quota_bytes;
    for film in unheld {
        let until = kept_until(settings, Some(film.ended_unix_millis));
        let (why, reason) = if until.is_some_and(|until| until <= now_unix_millis) {
            let days = settings.film_days;
            (Erasure::Retention, format!("kept for {days} days"))
        } else if quota > 0 && bytes > quota {
            let reason = format!("films have {bytes} bytes, the limit is {quota}");
            (Erasure::Quota, reason)
        } else {
            continue;
        };
        bytes = bytes.saturating_sub(film.bytes);
        due.push(What::FilmErased {
            session: film.session,
            why,
            reason,
        });
    }
    due
}

/// The path of a session's film, relative to the data folder.
pub fn path_of(session: SessionId) -> String {
    crate::film::relative_path(session)
}

/// Where the small picture of a film is kept.
pub(crate) fn picture_of(film: &Path) -> PathBuf {
    film.with_extension("png")
}

/// Removes the file of an erased film, its picture, and what `SQLite` may have left beside it.
///
/// # Errors
///
/// What the system says, unless there is no file.
pub fn remove(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut path = OsString::from(path);
        path.push(end);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    match fs::remove_file(picture_of(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = MILLIS_OF_DAY;

    fn films() -> Vec<KeptFilm> {
        let film = |number: u64| KeptFilm {
            session: SessionId(number),
            ended_unix_millis: i64::try_from(number).expect("small") * DAY,
            path: path_of(SessionId(number)).into(),
            bytes: 100,
        };
        (1..=5).map(film).collect()
    }

    fn go(settings: &Settings, bytes: u64, now: i64) -> Vec<(u64, Erasure)> {
        let due = due(settings, &films(), bytes, now);
        let named = due.into_iter().map(|what| {
            let What::FilmErased { session, why, .. } = what else {
                panic!("{what:?}");
            };
            (session.0, why)
        });
        named.collect()
    }

    #[test]
    fn d5_films_go_when_their_time_is_over() {
        let mut settings = Settings::default();
        assert_eq!(go(&settings, 500, 10_000 * DAY), []);
        settings.film_days = 3;
        let gone = [(1, Erasure::Retention), (2, Erasure::Retention)];
        assert_eq!(go(&settings, 500, 5 * DAY), gone);
    }

    #[test]
    fn d5_the_oldest_go_where_films_take_too_much() {
        let settings = Settings {
            film_quota_bytes: 350,
            ..Settings::default()
        };
        let gone = [(1, Erasure::Quota), (2, Erasure::Quota)];
        assert_eq!(go(&settings, 500, 5 * DAY), gone);
        // held ones count and stay
        assert_eq!(go(&settings, 5000, 5 * DAY).len(), 5);
        assert_eq!(go(&settings, 350, 5 * DAY), []);
    }
}
