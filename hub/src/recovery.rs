//! Putting right, at the start, what a hub that went down left behind and nobody comes back to (D2).
//! Sessions whose host has its place still, and one operator at least, go on instead.

use std::path::Path;

use protocol::EndedBy;
use recording::{OpenError, Recorder, Recording};
use session::directory::records;

use crate::catalogue::{AbsentMember, Batch, Catalogue, CatalogueError, Change, SessionRow, What};
use crate::film::{self, FinishedFilm, film_ended_by};

/// Ends the sessions that were running and cannot go on, finishes their films, and keeps their report
/// drafts.
pub(crate) fn end_interrupted_sessions(
    catalogue: &mut dyn Catalogue,
    folder: &Path,
    now_unix_millis: i64,
) -> Result<(), CatalogueError> {
    catalogue.drop_unanswered_questions()?;
    for row in catalogue.interrupted_sessions()? {
        let mut lasted_micros = 0;
        let mut changes = Vec::new();
        match finish_film(&folder.join(&row.film)) {
            Ok((micros, finished)) => {
                lasted_micros = micros;
                changes.extend(finished.map(|f| film_closed(&row, f)));
            }
            Err(error) => {
                tracing::error!(session = %row.id, error = &*error, "Film not finished");
                let session = row.id;
                changes.push(Change::by_hub(What::Desk(records::What::FilmFailed {
                    session,
                })));
            }
        }
        let lasted_millis = i64::try_from(lasted_micros / 1000).unwrap_or(i64::MAX);
        changes.push(Change::by_hub(What::Desk(records::What::SessionEnded {
            session: row.id,
            ended_unix_millis: row.started_unix_millis.saturating_add(lasted_millis),
            by: EndedBy::HubStopped,
        })));
        tracing::warn!(session = %row.id, lasted_millis, "Session was interrupted");
        catalogue.apply(&[Batch {
            at_unix_millis: now_unix_millis,
            changes,
        }])?;
    }
    Ok(())
}

/// Lets those go who took part in sessions that go on and cannot come back to them; gives who that is.
pub(crate) fn let_absent_members_go(
    catalogue: &mut dyn Catalogue,
    now_unix_millis: i64,
) -> Result<Vec<AbsentMember>, CatalogueError> {
    let absent = catalogue.absent_members()?;
    let left = absent.iter().map(|member| {
        Change::by_hub(What::Desk(records::What::OperatorLeft {
            session: member.session,
            operator: member.operator,
            name: member.name.clone(),
            owner: member.heir,
        }))
    });
    let changes = left.collect();
    catalogue.apply(&[Batch {
        at_unix_millis: now_unix_millis,
        changes,
    }])?;
    Ok(absent)
}

/// Finishes the film at `path`; gives its length in microseconds.
fn finish_film(
    path: &Path,
) -> Result<(u64, Option<FinishedFilm>), Box<dyn std::error::Error + 'static>> {
    let lasted_micros = Recording::open(path)?.duration_micros()?;
    let recorder = match Recorder::reopen(path) {
        Ok(recorder) => recorder,
        // it was finished, only the catalogue did not hear of it
        Err(OpenError::Finished) => {
            let found = Recording::open(path)?.verify();
            let bytes = std::fs::metadata(path)?.len();
            let head = found.head;
            let finished = found.intact.then_some(FinishedFilm { bytes, head });
            return Ok((lasted_micros, finished));
        }
        Err(error) => return Err(error.into()),
    };
    let bytes = recorder.bytes();
    let head = recorder.finish(film_ended_by(EndedBy::HubStopped), lasted_micros)?;
    film::sync(path)?;
    Ok((lasted_micros, Some(FinishedFilm { bytes, head })))
}

fn film_closed(row: &SessionRow, finished: FinishedFilm) -> Change {
    Change::by_hub(What::Desk(records::What::FilmClosed {
        session: row.id,
        bytes: finished.bytes,
        head: finished.head.0,
    }))
}
