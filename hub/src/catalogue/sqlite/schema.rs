//! The tables, their versions, and how a file is recognised.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use crate::catalogue::CatalogueError;

/// Marks a `SQLite` file as a hub's data base: `PHDh`.
const APPLICATION_ID: i32 = 0x5048_4468;

/// What leads from each version to the next, from an empty file on.
///
/// INVARIANT: a step that was released never changes; new ones are added at the end.
const STEPS: [&str; 11] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
    include_str!("schema-8.sql"),
    include_str!("schema-9.sql"),
    include_str!("schema-10.sql"),
    include_str!("schema-11.sql"),
];

/// The first version whose files have nothing left of what was deleted.
const OVERWRITES: usize = 8;

/// The row of `erased_words` that stands for the free places of the file; the others count from 1.
pub(super) const FREE_PLACES: i64 = 0;

/// The version this build reads and writes.
const VERSION: usize = STEPS.len();

/// Prepares `connection` and brings its tables to [`VERSION`].
pub(super) fn set_up(connection: &mut Connection, path: &Path) -> Result<(), CatalogueError> {
    check(connection, path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // a ticket or report that was confirmed survives a power failure too
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // what is erased is overwritten, and not only forgotten
    connection.pragma_update(None, "secure_delete", true)?;
    migrate(connection)?;
    overwrite_free_places(connection)
}

fn check(connection: &Connection, path: &Path) -> Result<(), CatalogueError> {
    let foreign = || CatalogueError::Foreign {
        path: path.to_owned(),
    };
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application_id = match pragma("application_id") {
        Ok(id) => id,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(foreign());
        }
        Err(source) => {
            return Err(CatalogueError::Open {
                path: path.to_owned(),
                source: source.into(),
            });
        }
    };
    let found = pragma("user_version")?;
    match (application_id, usize::try_from(found)) {
        (APPLICATION_ID, Ok(version)) if version <= VERSION => Ok(()),
        (APPLICATION_ID, Ok(_newer)) => Err(CatalogueError::NewerVersion {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        (0, Ok(0)) if is_empty(connection)? => Ok(()),
        _ => Err(foreign()),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", (), |r| {
        r.get(0)
    })
}

/// Writes the file anew, without its free places, if it is from before these were overwritten. It needs as
/// much room again; what fails is tried at the next start.
fn overwrite_free_places(connection: &Connection) -> Result<(), CatalogueError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM erased_words WHERE id = ?1)";
    if !connection.query_row(sql, [FREE_PLACES], |row| row.get(0))? {
        return Ok(());
    }
    match connection.execute_batch("VACUUM") {
        Ok(()) => {
            connection.execute("DELETE FROM erased_words WHERE id = ?1", [FREE_PLACES])?;
        }
        Err(error) => tracing::warn!(%error, "Free places in the data base not overwritten yet"),
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: usize = transaction
        .pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))?
        .try_into()
        .unwrap_or(VERSION);
    for step in STEPS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    if (1..OVERWRITES).contains(&version) {
        // nothing was overwritten before, so words may lie in free places
        transaction.execute("INSERT INTO erased_words (id) VALUES (?1)", [FREE_PLACES])?;
    }
    if version < VERSION {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::catalogue::sqlite::SqliteCatalogue;

    const WORDS: &str = "jabberwocky, who was erased before erasing meant overwriting";

    fn has_words(path: &Path) -> bool {
        let bytes = fs::read(path).expect("readable");
        bytes
            .windows(WORDS.len())
            .any(|part| part == WORDS.as_bytes())
    }

    #[test]
    fn d5_free_places_that_could_not_be_overwritten_are_at_the_next_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hub.db");
        let open = || SqliteCatalogue::open_or_create(folder.path()).expect("opens");
        let catalogue = open();
        let connection = catalogue.connection();
        connection
            .pragma_update(None, "secure_delete", false)
            .expect("set");
        connection
            .execute_batch(&format!(
                "CREATE TABLE old (words TEXT); INSERT INTO old VALUES ('{WORDS}'); DROP TABLE old;"
            ))
            .expect("as an older hub did");
        connection
            .execute("INSERT INTO erased_words (id) VALUES (?1)", [FREE_PLACES])
            .expect("as an upgrade on a full disk leaves it");
        drop(catalogue);
        assert!(has_words(&path), "the words lie in a free place");
        drop(open());
        assert!(!has_words(&path));
        let left: i64 = open()
            .connection()
            .query_row(
                "SELECT count(*) FROM erased_words WHERE id = 0",
                (),
                |row| row.get(0),
            )
            .expect("counted");
        assert_eq!(left, 0);
    }
}
