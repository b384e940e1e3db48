//! What was said in sessions, as rows.

use protocol::admin::reports::ChatRow;
use protocol::admin::{Page, Rows};
use protocol::{BoundedText, ChatAuthor, ChatLine, SessionId};
use rusqlite::{Connection, Row};

use crate::catalogue::CatalogueError;

/// Most bytes of text in one answer, besides what one line may have.
const MOST_BYTES: usize = 192 * 1024;

pub(super) fn add(
    t: &Connection,
    session: SessionId,
    line: &ChatLine,
) -> Result<(), CatalogueError> {
    t.prepare_cached(
        "INSERT INTO chat (session, at, by_user, name, text) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        session.0.cast_signed(),
        line.at_unix_seconds.saturating_mul(1000),
        line.author == ChatAuthor::User,
        line.name.as_str(),
        line.text.as_str(),
    ))?;
    Ok(())
}

/// Lines from `page` on, the oldest first: as many of those asked for as fit an answer.
pub(super) fn page(
    c: &Connection,
    session: SessionId,
    page: Page,
) -> Result<Rows<ChatRow>, CatalogueError> {
    let session = session.0.cast_signed();
    let total = c
        .prepare_cached("SELECT count(*) FROM chat WHERE session = ?1")?
        .query_row([session], |row| row.get(0))?;
    let mut statement = c.prepare_cached(
        "SELECT at, by_user, name, text FROM chat WHERE session = ?1 ORDER BY id \
         LIMIT ?2 OFFSET ?3",
    )?;
    let mut found = statement.query((session, page.limit(), page.first))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let line = line(row)?;
        bytes += line.name.len() + line.text.len();
        rows.push(line);
        if bytes > MOST_BYTES {
            break;
        }
    }
    let first = page.first;
    Ok(Rows { total, first, rows })
}

/// What the user wrote before anybody answered; where an operator spoke first, what came after.
pub(super) fn first_words_of_user(
    c: &Connection,
    session: SessionId,
) -> Result<Vec<String>, CatalogueError> {
    const MOST_LINES: u32 = 200;
    let sql = "SELECT by_user, text FROM chat WHERE session = ?1 ORDER BY id LIMIT ?2";
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query((session.0.cast_signed(), MOST_LINES))?;
    let mut said = Vec::new();
    while let Some(row) = rows.next()? {
        let by_user: bool = row.get(0)?;
        match (by_user, said.is_empty()) {
            (true, _) => said.push(row.get(1)?),
            (false, true) => {}
            (false, false) => break,
        }
    }
    Ok(said)
}

fn line(row: &Row<'_>) -> rusqlite::Result<ChatRow> {
    Ok(ChatRow {
        at_unix_seconds: row.get::<_, i64>(0)?.div_euclid(1000),
        by_user: row.get(1)?,
        name: BoundedText::cut(row.get::<_, String>(2)?),
        text: BoundedText::cut(row.get::<_, String>(3)?),
    })
}
