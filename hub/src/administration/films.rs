//! Answers to the administration's questions about films.

pub(super) mod bundle;
pub(super) mod live;
pub(super) mod pictures;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use protocol::admin::films::{Answer, Facts, MAX_PART_BYTES, Question};
use protocol::{Refusal, RefusalCode, SessionId};
use session::authority::{Action, Object};

use super::{Administrator, Office};
use crate::catalogue::What;
use crate::films::{self, FilmFault};

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    let is_live = matches!(
        question,
        Question::Watch { .. } | Question::StopWatching { .. }
    );
    if is_live {
        who.check(Action::WatchLive, Object::Hub)?;
    } else {
        who.check(Action::ReadFilm, Object::Film)?;
    }
    match question {
        Question::Watch { session, place } => live::watch(office, who, session, place).await,
        Question::StopWatching { session } => live::stop(office, who, session).await,
        Question::List { filter, sort, page } => {
            let rows = office.read(move |catalogue| catalogue.films(&filter, sort, page));
            Ok(Answer::Films(rows.await?))
        }
        Question::Facts { session } => {
            let found = facts(office, session).await?;
            let mut found = found.ok_or(RefusalCode::FILM_GONE)?;
            let is_kept = found.film.held.is_none() && found.erased.is_none();
            let ended = found.film.ended_unix_millis.filter(|_| is_kept);
            found.kept_until_unix_millis = films::kept_until(&office.settings(), ended);
            Ok(Answer::Facts(Box::new(found)))
        }
        Question::Part { session, offset } => part(office, who, session, offset).await,
        Question::Exporting { session } => {
            films::finished(facts(office, session).await?.as_ref())?;
            office.change(who, What::FilmExported { session }).await?;
            Ok(Answer::Done)
        }
        Question::Bundle {
            session,
            language,
            zone,
        } => bundle::begin(office, who, session, (language, &zone)).await,
        Question::BundlePart { bundle, offset } => bundle::part(office, who, bundle, offset).await,
        Question::ForgetBundle { bundle } => {
            bundle::forget(who, bundle);
            Ok(Answer::Done)
        }
        Question::Picture { session } => pictures::first(office, session).await,
        Question::Hold { session, reason } => {
            who.check(Action::Administer, Object::Hub)?;
            let held = films::hold(facts(office, session).await?.as_ref(), &reason)?;
            office.change(who, held).await?;
            Ok(Answer::Done)
        }
        Question::Release { session } => {
            who.check(Action::Administer, Object::Hub)?;
            if let Some(released) = films::release(facts(office, session).await?.as_ref())? {
                office.change(who, released).await?;
            }
            Ok(Answer::Done)
        }
        Question::Erase { session, reason } => {
            who.check(Action::Administer, Object::Hub)?;
            let erased = films::erase(facts(office, session).await?.as_ref(), &reason)?;
            office.change(who, erased).await?;
            office.remove_film(session).await;
            office.forget_erased().await?;
            Ok(Answer::Done)
        }
    }
}

impl From<FilmFault> for Refusal {
    fn from(fault: FilmFault) -> Self {
        let code = match fault {
            FilmFault::Gone => RefusalCode::FILM_GONE,
            FilmFault::Running => RefusalCode::FILM_RUNNING,
            FilmFault::Held => RefusalCode::FILM_HELD,
            FilmFault::NoReason => RefusalCode::NO_REASON,
        };
        code.into()
    }
}

async fn facts(office: &Office, session: SessionId) -> Result<Option<Facts>, Refusal> {
    office
        .read(move |catalogue| catalogue.film_facts(session))
        .await
}

async fn part(
    office: &Office,
    who: &Administrator,
    session: SessionId,
    offset: u64,
) -> Result<Answer, Refusal> {
    films::finished(facts(office, session).await?.as_ref())?;
    {
        // held until it is noted: no other part of the film is given before
        let mut watched = who.watched.lock().await;
        if !watched.contains(&session) {
            office.change(who, What::FilmWatched { session }).await?;
            watched.insert(session);
        }
    }
    let path = office.folder().join(films::path_of(session));
    off_the_runtime(move || {
        let unread = |error: io::Error| unread(&path, &error, RefusalCode::FILM_GONE);
        let file = File::open(&path).map_err(unread)?;
        // the file alone is not all of one that is being written
        if !recording::is_one_file(&path) {
            return Err(RefusalCode::FILM_RUNNING.into());
        }
        read_part(file, offset).map_err(unread)
    })
    .await
}

/// Does what waits for the disk.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "Not read");
        Err(RefusalCode::INTERNAL.into())
    })
}

/// What whoever asked is told of a file that cannot be read: `gone` if it is not there.
fn unread(path: &Path, error: &io::Error, gone: RefusalCode) -> Refusal {
    if error.kind() == io::ErrorKind::NotFound {
        return gone.into();
    }
    tracing::error!(path = %path.display(), %error, "Not read");
    RefusalCode::INTERNAL.into()
}

/// The whole size and the bytes from `offset` on.
fn read_part(mut file: File, offset: u64) -> io::Result<Answer> {
    let whole_bytes = file.metadata()?.len();
    let most = u64::try_from(MAX_PART_BYTES).unwrap_or(u64::MAX);
    let len = whole_bytes.saturating_sub(offset).min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    file.seek(SeekFrom::Start(offset.min(whole_bytes)))?;
    file.take(len).read_to_end(&mut bytes)?;
    let bytes = bytes.into();
    Ok(Answer::Part { whole_bytes, bytes })
}
