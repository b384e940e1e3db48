//! Accounts as rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};

use crate::catalogue::{Account, AccountId, CatalogueError, NewAccount, PasswordHash, name_key};

const COLUMNS: &str = "id, name, display_name, administrator, disabled";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(1)?,
        display_name: row.get(2)?,
        administrator: row.get(3)?,
        disabled: row.get(4)?,
    })
}

pub(super) fn add(
    connection: &Connection,
    now: i64,
    new: &NewAccount,
) -> Result<(), CatalogueError> {
    let added = connection.execute(
        "INSERT INTO operator \
         (name, name_key, display_name, password_hash, administrator, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            &new.name,
            name_key(&new.name),
            &new.display_name,
            &new.password_hash.0,
            new.administrator,
            now,
        ),
    );
    match added {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let name = &new.name;
            let rule = format!("there is an operator \"{name}\" already");
            Err(CatalogueError::Rule(rule))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn set_password(
    connection: &Connection,
    name: &str,
    hash: &PasswordHash,
) -> Result<(), CatalogueError> {
    let sql = "UPDATE operator SET password_hash = ?2 WHERE name_key = ?1";
    one_changed(connection.execute(sql, (name_key(name), &hash.0))?, name)
}

pub(super) fn set_disabled(
    connection: &Connection,
    name: &str,
    disabled: bool,
) -> Result<(), CatalogueError> {
    let sql = "UPDATE operator SET disabled = ?2 WHERE name_key = ?1";
    one_changed(connection.execute(sql, (name_key(name), disabled))?, name)
}

fn one_changed(changed: usize, name: &str) -> Result<(), CatalogueError> {
    if changed == 0 {
        let rule = format!("there is no operator \"{name}\"");
        return Err(CatalogueError::Rule(rule));
    }
    Ok(())
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Account>, CatalogueError> {
    let sql = format!("SELECT {COLUMNS} FROM operator ORDER BY name_key");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map((), account)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn credentials(
    connection: &Connection,
    name: &str,
) -> Result<Option<(Account, PasswordHash)>, CatalogueError> {
    let sql = format!("SELECT {COLUMNS}, password_hash FROM operator WHERE name_key = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement
        .query_row([name_key(name)], |row| {
            Ok((account(row)?, PasswordHash(row.get(5)?)))
        })
        .optional()?;
    Ok(found)
}

pub(super) fn password_hashes(
    connection: &Connection,
) -> Result<BTreeMap<AccountId, PasswordHash>, CatalogueError> {
    let mut statement = connection.prepare_cached("SELECT id, password_hash FROM operator")?;
    let rows = statement.query_map((), |row| {
        Ok((AccountId(row.get(0)?), PasswordHash(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn disabled(connection: &Connection) -> Result<Vec<AccountId>, CatalogueError> {
    let mut statement = connection.prepare_cached("SELECT id FROM operator WHERE disabled = 1")?;
    let rows = statement.query_map((), |row| Ok(AccountId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
