//! Corrections of reports, as rows: they are added, and neither they nor what the operator wrote change.

use protocol::admin::reports::{Correction, FieldText, FieldValue};
use protocol::{BoundedText, ReportDraft, ReportId};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{report_index, reports};
use crate::catalogue::CatalogueError;

/// Most corrections of one report: all of them are listed in one answer.
const MOST: u32 = 200;

pub(super) fn add(
    t: &Connection,
    report: ReportId,
    draft: &ReportDraft,
    fields: &[FieldValue],
    (now, by, reason): (i64, &str, &FieldText),
) -> Result<(), CatalogueError> {
    let finished = reports::standing(t, report)?.is_some_and(|found| found.finished);
    if !finished {
        let rule = format!("there is no finished report with the number {report}");
        return Err(CatalogueError::Rule(rule));
    }
    let id = report.0.cast_signed();
    let before = count(t, report)?;
    if before >= MOST {
        let rule = format!("the report has {MOST} corrections, and there can be no more");
        return Err(CatalogueError::Rule(rule));
    }
    t.execute(
        "INSERT INTO correction \
         (report, number, at, by, reason, problem, solution, category, notes, fields) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            id,
            before + 1,
            now,
            by,
            reason.as_str(),
            draft.problem.as_str(),
            draft.solution.as_str(),
            draft.category.as_str(),
            draft.notes.as_str(),
            reports::fields_to_json(fields),
        ),
    )?;
    report_index::refresh_report(t, report)
}

/// How many a report has, which is the number of the newest.
pub(super) fn count(c: &Connection, report: ReportId) -> Result<u32, CatalogueError> {
    let sql = "SELECT coalesce(max(number), 0) FROM correction WHERE report = ?1";
    let mut statement = c.prepare_cached(sql)?;
    Ok(statement.query_row([report.0.cast_signed()], |row| row.get(0))?)
}

/// All of a report, the oldest first, without what they say.
pub(super) fn all(c: &Connection, report: ReportId) -> Result<Vec<Correction>, CatalogueError> {
    let mut statement = c.prepare_cached(
        "SELECT number, at, by, reason FROM correction WHERE report = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([report.0.cast_signed()], |row| {
        Ok(Correction {
            number: row.get(0)?,
            at_unix_millis: row.get(1)?,
            by: BoundedText::cut(row.get::<_, String>(2)?),
            reason: BoundedText::cut(row.get::<_, String>(3)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a report says after the correction `number`; 0 is what the operator wrote.
pub(super) fn version(
    c: &Connection,
    report: ReportId,
    number: u32,
) -> Result<Option<(ReportDraft, Vec<FieldValue>)>, CatalogueError> {
    let id = report.0.cast_signed();
    let found = if number == 0 {
        c.prepare_cached(
            "SELECT problem, solution, category, notes, fields FROM report WHERE id = ?1",
        )?
        .query_row([id], words)
    } else {
        c.prepare_cached(
            "SELECT problem, solution, category, notes, fields FROM correction \
             WHERE report = ?1 AND number = ?2",
        )?
        .query_row((id, number), words)
    };
    Ok(found.optional()?)
}

fn words(row: &Row<'_>) -> rusqlite::Result<(ReportDraft, Vec<FieldValue>)> {
    let draft = ReportDraft {
        problem: BoundedText::cut(row.get::<_, String>(0)?),
        solution: BoundedText::cut(row.get::<_, String>(1)?),
        category: BoundedText::cut(row.get::<_, String>(2)?),
        notes: BoundedText::cut(row.get::<_, String>(3)?),
    };
    let fields: String = row.get(4)?;
    Ok((draft, reports::fields_from_json(&fields)))
}
