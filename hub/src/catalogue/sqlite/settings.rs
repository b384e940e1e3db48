//! Settings as rows: those that differ from the hub's defaults.

use protocol::admin::settings::{Setting, Settings};
use rusqlite::{Connection, OptionalExtension as _};

use crate::catalogue::CatalogueError;

const LOGO: &str = "logo";

/// What a newer hub stored, or does not fit any more, is left aside.
pub(super) fn read(connection: &Connection) -> Result<Settings, CatalogueError> {
    let mut statement = connection.prepare_cached("SELECT name, value FROM setting")?;
    let mut rows = statement.query(())?;
    let mut settings = Settings::default();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let Ok(value) = row.get::<_, String>(1) else {
            continue;
        };
        match Setting::parse(&name, &value) {
            Ok(setting) => settings.set(setting),
            Err(error) => tracing::warn!(%name, %error, "Setting left aside"),
        }
    }
    Ok(settings)
}

pub(super) fn set(connection: &Connection, setting: &Setting) -> Result<(), CatalogueError> {
    if let Err(error) = setting.check() {
        return Err(CatalogueError::Rule(error.to_string()));
    }
    put(connection, setting.name(), &setting.value())
}

pub(super) fn logo(connection: &Connection) -> Result<Vec<u8>, CatalogueError> {
    let sql = "SELECT value FROM setting WHERE name = ?1";
    let found = connection.query_row(sql, [LOGO], |row| row.get(0));
    Ok(found.optional()?.unwrap_or_default())
}

pub(super) fn set_logo(connection: &Connection, png: &[u8]) -> Result<(), CatalogueError> {
    put(connection, LOGO, &png)
}

fn put(
    connection: &Connection,
    name: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<(), CatalogueError> {
    let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2) \
               ON CONFLICT (name) DO UPDATE SET value = ?2";
    connection.execute(sql, rusqlite::params![name, value])?;
    Ok(())
}
