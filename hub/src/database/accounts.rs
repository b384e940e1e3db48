//! Who may log in (B3).

use rusqlite::{ErrorCode, OptionalExtension as _, Row};
use serde_json::json;

use super::{Database, DatabaseError, audit};

/// One operator's account, numbered by the data base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub(crate) i64);

/// An account without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// What is typed at log-in.
    pub name: String,
    /// What others see.
    pub display_name: String,
    pub administrator: bool,
    pub disabled: bool,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub name: String,
    pub display_name: String,
    pub administrator: bool,
    /// Argon2id in PHC notation.
    pub password_hash: String,
}

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

/// Names that differ by case alone are the same.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn unknown(name: &str) -> DatabaseError {
    DatabaseError::Rule(format!("there is no operator \"{name}\""))
}

impl Database {
    /// Adds an account.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Rule`] if the name is taken.
    pub fn add_account(
        &mut self,
        now: i64,
        actor: &str,
        new: &NewAccount,
    ) -> Result<(), DatabaseError> {
        self.transaction(|t| {
            let added = t.execute(
                "INSERT INTO operator \
                 (name, name_key, display_name, password_hash, administrator, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (
                    &new.name,
                    name_key(&new.name),
                    &new.display_name,
                    &new.password_hash,
                    new.administrator,
                    now,
                ),
            );
            match added {
                Ok(_) => {}
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    let name = &new.name;
                    let rule = format!("there is an operator \"{name}\" already");
                    return Err(DatabaseError::Rule(rule));
                }
                Err(error) => return Err(error.into()),
            }
            let detail = json!({ "name": new.name, "administrator": new.administrator });
            audit::append(t, now, actor, "account.added", &detail)
        })
    }

    /// Gives an account another password.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Rule`] if there is no such account.
    pub fn set_password(
        &mut self,
        now: i64,
        actor: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<(), DatabaseError> {
        self.transaction(|t| {
            let changed = t.execute(
                "UPDATE operator SET password_hash = ?2 WHERE name_key = ?1",
                (name_key(name), password_hash),
            )?;
            if changed == 0 {
                return Err(unknown(name));
            }
            audit::append(t, now, actor, "account.password", &json!({ "name": name }))
        })
    }

    /// Opens or closes an account for log-in. A running hub cuts a disabled operator off within
    /// seconds.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Rule`] if there is no such account.
    pub fn set_disabled(
        &mut self,
        now: i64,
        actor: &str,
        name: &str,
        disabled: bool,
    ) -> Result<(), DatabaseError> {
        self.transaction(|t| {
            let changed = t.execute(
                "UPDATE operator SET disabled = ?2 WHERE name_key = ?1",
                (name_key(name), disabled),
            )?;
            if changed == 0 {
                return Err(unknown(name));
            }
            let action = if disabled {
                "account.disabled"
            } else {
                "account.enabled"
            };
            audit::append(t, now, actor, action, &json!({ "name": name }))
        })
    }

    /// All accounts by name.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Sql`].
    pub fn accounts(&self) -> Result<Vec<Account>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM operator ORDER BY name_key");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map((), account)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The account and password hash behind a typed name.
    pub(crate) fn credentials(
        &self,
        name: &str,
    ) -> Result<Option<(Account, String)>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS}, password_hash FROM operator WHERE name_key = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement
            .query_row([name_key(name)], |row| Ok((account(row)?, row.get(5)?)))
            .optional()?;
        Ok(found)
    }

    /// All accounts that are closed for log-in.
    pub(crate) fn disabled_accounts(&self) -> Result<Vec<AccountId>, DatabaseError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM operator WHERE disabled = 1")?;
        let rows = statement.query_map((), |row| Ok(AccountId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
