//! What receipts are made of, and what users say of assistances (H9).

use ::session::directory::{FilesNote, FilesStage};
use protocol::receipt::{
    FilmKept, Helper, MAX_RECEIPT_FILES, MAX_RECEIPT_HELPERS, Receipt, SentFiles,
};
use protocol::{BoundedText, EndedBy, Feedback, PeerId, ReportId, Rights, SessionId, Stars};
use rusqlite::{Connection, OptionalExtension as _};

use super::sessions::ended_by_from_number;
use super::{report_index, settings};
use crate::catalogue::{AccountId, CatalogueError, Rated};
use crate::films::kept_until;

const DONE: i64 = 1;

// INVARIANT: these numbers stand in data bases.
fn stage_number(stage: FilesStage) -> i64 {
    match stage {
        FilesStage::Begun => 0,
        FilesStage::Done => DONE,
        FilesStage::Cancelled => 2,
        FilesStage::Failed => 3,
    }
}

/// Notes how far a transfer is; there is one at a time with an operator in each direction.
pub(super) fn note_files(
    t: &Connection,
    session: SessionId,
    note: &FilesNote,
) -> Result<(), CatalogueError> {
    let id = session.0.cast_signed();
    let (operator, name) = (note.operator.as_str(), note.name.as_str());
    if note.stage == FilesStage::Begun {
        // offered once more after the hub was down, which had forgotten it
        t.prepare_cached(
            "DELETE FROM transfer WHERE session = ?1 AND operator = ?2 AND to_host = ?3 \
             AND name = ?4 AND stage = 0",
        )?
        .execute((id, operator, note.to_host, name))?;
        t.prepare_cached(
            "INSERT INTO transfer (session, operator, to_host, name, of_files) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((id, operator, note.to_host, name, note.files))?;
        return Ok(());
    }
    t.prepare_cached(
        "UPDATE transfer SET stage = ?5, files = ?6, bytes = ?7 WHERE id = \
         (SELECT max(id) FROM transfer WHERE session = ?1 AND operator = ?2 AND to_host = ?3 \
          AND name = ?4 AND stage = 0)",
    )?
    .execute((
        id,
        operator,
        note.to_host,
        name,
        stage_number(note.stage),
        note.files,
        i64::try_from(note.bytes).unwrap_or(i64::MAX),
    ))?;
    Ok(())
}

/// What the receipt of the last session of the host in this place says that is over and whose report is
/// not erased.
pub(super) fn last_of(c: &Connection, host: PeerId) -> Result<Option<Receipt>, CatalogueError> {
    let settings = settings::read(c)?;
    let sql = "SELECT session.id, requester, host, started_at, ended_at, ended_by, controlled, \
               held_at IS NOT NULL, erased_at IS NOT NULL, \
               EXISTS (SELECT 1 FROM chat WHERE chat.session = session.id) \
               FROM session JOIN report ON report.session = session.id \
               WHERE host_place = ?1 AND state = 2 ORDER BY session.id DESC LIMIT 1";
    let found = c
        .prepare_cached(sql)?
        .query_row([host.0], |row| {
            let ended: i64 = row.get(4)?;
            let film = match (row.get(7)?, row.get(8)?) {
                (_, true) => FilmKept::Erased,
                (true, false) => FilmKept::OnHold,
                (false, false) => {
                    kept_until(&settings, Some(ended)).map_or(FilmKept::UntilErased, |until| {
                        FilmKept::Until {
                            unix_seconds: until.div_euclid(1000),
                        }
                    })
                }
            };
            let by = row.get::<_, Option<i64>>(5)?.and_then(ended_by_from_number);
            Ok(Receipt {
                session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
                organisation: settings.organisation.clone(),
                user: BoundedText::cut(row.get::<_, String>(1)?),
                computer: BoundedText::cut(row.get::<_, String>(2)?),
                helpers: Vec::new(),
                further_helpers: 0,
                started_unix_seconds: row.get::<_, i64>(3)?.div_euclid(1000),
                ended_unix_seconds: ended.div_euclid(1000),
                ended_by: by.unwrap_or(EndedBy::HubStopped),
                controlled: row.get(6)?,
                chat: row.get(9)?,
                files: Vec::new(),
                further_files: 0,
                film,
            })
        })
        .optional()?;
    let Some(mut receipt) = found else {
        return Ok(None);
    };
    (receipt.helpers, receipt.further_helpers) = helpers(c, receipt.session)?;
    (receipt.files, receipt.further_files) = files(c, receipt.session)?;
    Ok(Some(receipt))
}

/// All who took part, each once, and how many more than a receipt names.
fn helpers(c: &Connection, session: SessionId) -> Result<(Vec<Helper>, u32), CatalogueError> {
    let sql = "SELECT operator, name, granted FROM member WHERE session = ?1 ORDER BY id";
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query([session.0.cast_signed()])?;
    let mut helpers: Vec<(i64, Helper)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (account, name) = (row.get(0)?, row.get::<_, String>(1)?);
        let allowed = Rights::from_bits(row.get(2)?);
        let before = helpers.iter_mut().find(|(known, _)| *known == account);
        if let Some((_, helper)) = before {
            // came again
            helper.allowed = helper.allowed.with(allowed);
        } else {
            let name = BoundedText::cut(name);
            helpers.push((account, Helper { name, allowed }));
        }
    }
    let further = helpers.len().saturating_sub(MAX_RECEIPT_HELPERS);
    helpers.truncate(MAX_RECEIPT_HELPERS);
    let helpers = helpers.into_iter().map(|(_, helper)| helper).collect();
    Ok((helpers, u32::try_from(further).unwrap_or(u32::MAX)))
}

/// The transfers, and how many more there were than a receipt names.
fn files(c: &Connection, session: SessionId) -> Result<(Vec<SentFiles>, u32), CatalogueError> {
    let id = session.0.cast_signed();
    let most = u32::try_from(MAX_RECEIPT_FILES).unwrap_or(u32::MAX);
    let sql = "SELECT to_host, name, files, bytes, stage, of_files FROM transfer \
               WHERE session = ?1 ORDER BY id LIMIT ?2";
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map((id, most), |row| {
        let files: u32 = row.get(2)?;
        let is_done = row.get::<_, i64>(4)? == DONE;
        Ok(SentFiles {
            to_host: row.get(0)?,
            name: BoundedText::cut(row.get::<_, String>(1)?),
            files,
            bytes: row.get::<_, i64>(3)?.cast_unsigned(),
            whole: is_done && files == row.get::<_, u32>(5)?,
        })
    })?;
    let files = rows.collect::<Result<_, _>>()?;
    let all: u32 = c
        .prepare_cached("SELECT count(*) FROM transfer WHERE session = ?1")?
        .query_row([id], |row| row.get(0))?;
    Ok((files, all.saturating_sub(most)))
}

/// Forgets what was sent in a session.
pub(super) fn forget_files(t: &Connection, session: SessionId) -> Result<(), CatalogueError> {
    let sql = "DELETE FROM transfer WHERE session = ?1";
    t.execute(sql, [session.0.cast_signed()])?;
    Ok(())
}

/// Whose a session was that is over and whose report is not erased.
pub(super) fn rated(c: &Connection, session: SessionId) -> Result<Option<Rated>, CatalogueError> {
    let sql = "SELECT host_place, operator, report.id FROM session \
               JOIN report ON report.session = session.id WHERE session.id = ?1 AND state = 2";
    let found = c
        .prepare_cached(sql)?
        .query_row([session.0.cast_signed()], |row| {
            Ok(Rated {
                host: PeerId(row.get::<_, Option<_>>(0)?.unwrap_or_default()),
                owner: AccountId(row.get(1)?),
                report: ReportId(row.get::<_, i64>(2)?.cast_unsigned()),
            })
        })
        .optional()?;
    Ok(found)
}

/// What the user of a session that is over says takes the place of what was said before.
pub(super) fn rate(
    t: &Connection,
    session: SessionId,
    feedback: &Feedback,
) -> Result<(), CatalogueError> {
    let changed = t.execute(
        "UPDATE report SET stars = ?2, feedback = ?3 WHERE session = ?1",
        (
            session.0.cast_signed(),
            feedback.stars.number(),
            feedback.words.as_str(),
        ),
    )?;
    if changed == 0 {
        let rule = format!("there is no report of the session {session}");
        return Err(CatalogueError::Rule(rule));
    }
    report_index::refresh(t, session)
}

/// What the user said, if they did.
pub(super) fn feedback(c: &Connection, id: ReportId) -> Result<Option<Feedback>, CatalogueError> {
    let sql = "SELECT stars, feedback FROM report WHERE id = ?1";
    let found = c
        .prepare_cached(sql)?
        .query_row([id.0.cast_signed()], |row| {
            let words = BoundedText::cut(row.get::<_, String>(1)?);
            let stars = row.get::<_, Option<u8>>(0)?.and_then(Stars::of);
            Ok(stars.map(|stars| Feedback { stars, words }))
        })
        .optional()?;
    Ok(found.flatten())
}
