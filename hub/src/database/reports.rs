//! Reports (D1).

use protocol::{BoundedText, ReportDraft, ReportFacts, ReportId, SessionId, TicketRoute};
use rusqlite::{OptionalExtension as _, Row};
use serde_json::json;

use super::accounts::AccountId;
use super::{Database, DatabaseError, audit};

/// Most drafts given to a console at once, and most bytes of text in them: one control message has
/// to hold them.
const MAX_DRAFTS: u32 = 200;
const MAX_DRAFTS_BYTES: usize = 200 * 1024;

/// A report as it stands in the data base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    pub facts: ReportFacts,
    pub draft: ReportDraft,
    pub finished: bool,
    pub saved_unix_millis: i64,
}

/// What became of a report that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaveOutcome {
    Saved,
    /// No such report, not this operator's, or finished already.
    NotHis,
}

const SELECT: &str = "SELECT session.id, requester, operator_name, host, ticket, started_at, \
                      ended_at, problem, solution, category, notes, finished, saved_at \
                      FROM report JOIN session ON session.id = report.session";

fn report(row: &Row<'_>) -> rusqlite::Result<StoredReport> {
    let number = row.get::<_, i64>(0)?.cast_unsigned();
    let started: i64 = row.get(5)?;
    // a session that still runs has lasted up to now, which nobody needs to know to the second
    let ended = row.get::<_, Option<i64>>(6)?.unwrap_or(started);
    Ok(StoredReport {
        facts: ReportFacts {
            report: ReportId(number),
            session: SessionId(number),
            requester: BoundedText::cut(row.get::<_, String>(1)?),
            operator: BoundedText::cut(row.get::<_, String>(2)?),
            host: BoundedText::cut(row.get::<_, String>(3)?),
            ticket: row.get::<_, Option<u32>>(4)?.and_then(TicketRoute::new),
            started_unix_seconds: started.div_euclid(1000),
            ended_unix_seconds: ended.div_euclid(1000),
        },
        draft: ReportDraft {
            problem: BoundedText::cut(row.get::<_, String>(7)?),
            solution: BoundedText::cut(row.get::<_, String>(8)?),
            category: BoundedText::cut(row.get::<_, String>(9)?),
            notes: BoundedText::cut(row.get::<_, String>(10)?),
        },
        finished: row.get(11)?,
        saved_unix_millis: row.get(12)?,
    })
}

fn draft_bytes(draft: &ReportDraft) -> usize {
    // the facts beside a draft are small and bounded
    1024 + draft.problem.len() + draft.solution.len() + draft.category.len() + draft.notes.len()
}

impl Database {
    /// Saves what the operator wrote, if the report is his and not finished.
    pub(crate) fn save_report(
        &mut self,
        now: i64,
        (owner, actor): (AccountId, &str),
        report: ReportId,
        draft: &ReportDraft,
        finished: bool,
    ) -> Result<SaveOutcome, DatabaseError> {
        self.transaction(|t| {
            let changed = t.execute(
                "UPDATE report SET problem = ?3, solution = ?4, category = ?5, notes = ?6, \
                 finished = ?7, saved_at = ?8 \
                 WHERE session = ?1 AND finished = 0 \
                 AND (SELECT operator FROM session WHERE id = ?1) = ?2",
                (
                    report.0.cast_signed(),
                    owner.0,
                    draft.problem.as_str(),
                    draft.solution.as_str(),
                    draft.category.as_str(),
                    draft.notes.as_str(),
                    finished,
                    now,
                ),
            )?;
            if changed == 0 {
                return Ok(SaveOutcome::NotHis);
            }
            let action = if finished {
                "report.finished"
            } else {
                "report.saved"
            };
            audit::append(t, now, actor, action, &json!({ "report": report.0 }))?;
            Ok(SaveOutcome::Saved)
        })
    }

    /// The newest unfinished reports of `owner`, as many as fit one message.
    pub(crate) fn drafts(
        &self,
        owner: AccountId,
    ) -> Result<Vec<(ReportFacts, ReportDraft)>, DatabaseError> {
        let sql = format!(
            "{SELECT} WHERE report.finished = 0 AND session.operator = ?1 AND session.state = 2 \
             ORDER BY session.id DESC LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query((owner.0, MAX_DRAFTS))?;
        let (mut drafts, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let found = report(row)?;
            bytes += draft_bytes(&found.draft);
            if bytes > MAX_DRAFTS_BYTES {
                break;
            }
            drafts.push((found.facts, found.draft));
        }
        Ok(drafts)
    }

    /// All reports, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Sql`].
    pub fn reports(&self, limit: u32) -> Result<Vec<StoredReport>, DatabaseError> {
        let sql = format!("{SELECT} ORDER BY session.id DESC LIMIT ?1");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map([limit], report)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One report.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Rule`] if there is none with this number.
    pub fn report(&self, id: ReportId) -> Result<StoredReport, DatabaseError> {
        let sql = format!("{SELECT} WHERE session.id = ?1");
        self.connection
            .query_row(&sql, [id.0.cast_signed()], report)
            .optional()?
            .ok_or_else(|| DatabaseError::Rule(format!("there is no report with the number {id}")))
    }
}
