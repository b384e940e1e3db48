//! The audit log as rows.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use crate::catalogue::CatalogueError;
use crate::catalogue::audit::{AuditHead, AuditRow, AuditVerification};

/// Adds a row. Call it inside the transaction of the change it tells of.
pub(super) fn append(
    connection: &Connection,
    at_unix_millis: i64,
    actor: &str,
    action: &str,
    detail: &Value,
) -> Result<(), CatalogueError> {
    let last = connection
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row((), |row| {
            Ok((row.get::<_, i64>(0)?, AuditHead(row.get(1)?)))
        })
        .optional()?;
    let (last_id, head) = last.unwrap_or_else(|| (0, AuditHead::default()));
    let row = AuditRow {
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

pub(super) fn verify(connection: &Connection) -> Result<AuditVerification, CatalogueError> {
    let mut found = AuditVerification {
        rows: 0,
        head: AuditHead::default(),
        first_fault: None,
    };
    let mut statement =
        connection.prepare("SELECT id, at, actor, action, detail, hash FROM audit ORDER BY id")?;
    let mut rows = statement.query(())?;
    while let Some(sql_row) = rows.next()? {
        let row = AuditRow {
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

#[cfg(test)]
mod tests {

    use crate::catalogue::sqlite::SqliteCatalogue;
    use crate::catalogue::{Batch, Catalogue as _, Change, What};

    fn catalogue_with_rows(count: i64) -> (tempfile::TempDir, SqliteCatalogue) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut catalogue = SqliteCatalogue::open_or_create(folder.path()).expect("created");
        for at in 0..count {
            let batch = Batch {
                at_unix_millis: at,
                changes: vec![Change::by_hub(What::HubStopped)],
            };
            catalogue.apply(&[batch]).expect("noted");
        }
        (folder, catalogue)
    }

    #[test]
    fn d4_an_untouched_log_verifies() {
        let (_folder, catalogue) = catalogue_with_rows(5);
        let found = catalogue.verify_audit().expect("readable");
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
            let (_folder, catalogue) = catalogue_with_rows(5);
            catalogue.connection.execute(sql, ()).expect("tampered");
            let found = catalogue.verify_audit().expect("readable");
            assert_eq!(found.first_fault, Some(fault), "{sql}");
        }
    }

    #[test]
    fn d4_a_shortened_log_has_another_head() {
        let (_folder, catalogue) = catalogue_with_rows(5);
        let before = catalogue.verify_audit().expect("readable").head;
        catalogue
            .connection
            .execute("DELETE FROM audit WHERE id = 5", ())
            .expect("cut");
        let after = catalogue.verify_audit().expect("readable");
        assert_eq!(after.first_fault, None);
        assert_ne!(after.head, before);
    }
}
