//! The audit log: each row's hash covers the row before it, so that tampering shows (D4).
//!
//! Rows cut off at the end do not show by themselves; whoever keeps the head that
//! [`Database::verify_audit`] gives can tell.

use std::fmt;

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::{Database, DatabaseError};

// The context string keeps these hashes apart from every other use of BLAKE3.
const CONTEXT: &str = "pure help desk 2026 audit row v1";

/// The hash of a row of the audit log and of all rows before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead([u8; 32]);

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What was found in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditVerification {
    /// How many rows are as they were written.
    pub rows: i64,
    /// The head of those rows, to be kept elsewhere.
    pub head: AuditHead,
    /// The number of the first row that is missing or not as it was written.
    pub first_fault: Option<i64>,
}

struct Row {
    id: i64,
    at: i64,
    actor: String,
    action: String,
    detail: String,
}

impl Row {
    fn hash_after(&self, previous: AuditHead) -> AuditHead {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&previous.0);
        hasher.update(&self.id.to_le_bytes());
        hasher.update(&self.at.to_le_bytes());
        for text in [&self.actor, &self.action, &self.detail] {
            // the length keeps neighbouring texts apart
            let len = u64::try_from(text.len()).expect("a length fits 64 bits");
            hasher.update(&len.to_le_bytes());
            hasher.update(text.as_bytes());
        }
        AuditHead(hasher.finalize().into())
    }
}

/// Adds a row. Call it inside the transaction of the change it tells of.
pub(super) fn append(
    connection: &Connection,
    at_unix_millis: i64,
    actor: &str,
    action: &str,
    detail: &Value,
) -> Result<(), DatabaseError> {
    let last = connection
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row((), |row| {
            Ok((row.get::<_, i64>(0)?, AuditHead(row.get(1)?)))
        })
        .optional()?;
    let (last_id, head) = last.unwrap_or_else(|| (0, AuditHead::default()));
    let row = Row {
        id: last_id + 1,
        at: at_unix_millis,
        actor: actor.to_owned(),
        action: action.to_owned(),
        detail: detail.to_string(),
    };
    let hash = row.hash_after(head);
    connection
        .prepare_cached(
            "INSERT INTO audit (id, at, actor, action, detail, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((row.id, row.at, &row.actor, &row.action, &row.detail, hash.0))?;
    Ok(())
}

impl Database {
    /// Notes something that changes no other table.
    pub(crate) fn note(
        &mut self,
        at_unix_millis: i64,
        actor: &str,
        action: &str,
        detail: &Value,
    ) -> Result<(), DatabaseError> {
        self.transaction(|t| append(t, at_unix_millis, actor, action, detail))
    }

    /// Notes that somebody made a video file of a film.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Sql`].
    pub fn note_export(&mut self, now: i64, detail: &Value) -> Result<(), DatabaseError> {
        self.note(now, "command line", "film.exported", detail)
    }

    /// Reads the whole audit log and checks every hash, up to the first fault.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Sql`] if the file cannot be read.
    pub fn verify_audit(&self) -> Result<AuditVerification, DatabaseError> {
        let mut found = AuditVerification {
            rows: 0,
            head: AuditHead::default(),
            first_fault: None,
        };
        let mut statement = self
            .connection
            .prepare("SELECT id, at, actor, action, detail, hash FROM audit ORDER BY id")?;
        let mut rows = statement.query(())?;
        while let Some(sql_row) = rows.next()? {
            let row = Row {
                id: sql_row.get(0)?,
                at: sql_row.get(1)?,
                actor: sql_row.get(2)?,
                action: sql_row.get(3)?,
                detail: sql_row.get(4)?,
            };
            let stored: Vec<u8> = sql_row.get(5)?;
            let hash = row.hash_after(found.head);
            if row.id != found.rows + 1 || stored != hash.0 {
                found.first_fault = Some(found.rows + 1);
                break;
            }
            found.rows = row.id;
            found.head = hash;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_with_rows(count: i64) -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut database = Database::open_or_create(folder.path()).expect("created");
        for at in 0..count {
            let detail = serde_json::json!({ "at": at });
            database.note(at, "test", "tested", &detail).expect("noted");
        }
        (folder, database)
    }

    #[test]
    fn d4_an_untouched_log_verifies() {
        let (_folder, database) = database_with_rows(5);
        let found = database.verify_audit().expect("readable");
        assert_eq!((found.rows, found.first_fault), (5, None));
    }

    #[test]
    fn d4_a_changed_removed_or_inserted_row_is_named() {
        for (sql, fault) in [
            ("UPDATE audit SET actor = 'else' WHERE id = 3", 3),
            ("UPDATE audit SET at = 9 WHERE id = 1", 1),
            ("UPDATE audit SET hash = x'00' WHERE id = 5", 5),
            ("DELETE FROM audit WHERE id = 2", 2),
            (
                "INSERT INTO audit SELECT 6, at, actor, action, detail, hash FROM audit WHERE id = 5",
                6,
            ),
        ] {
            let (_folder, database) = database_with_rows(5);
            database.connection.execute(sql, ()).expect("tampered");
            let found = database.verify_audit().expect("readable");
            assert_eq!(found.first_fault, Some(fault), "{sql}");
        }
    }

    #[test]
    fn d4_a_shortened_log_has_another_head() {
        let (_folder, database) = database_with_rows(5);
        let before = database.verify_audit().expect("readable").head;
        database
            .connection
            .execute("DELETE FROM audit WHERE id = 5", ())
            .expect("cut");
        let after = database.verify_audit().expect("readable");
        assert_eq!(after.first_fault, None);
        assert_ne!(after.head, before);
    }
}
