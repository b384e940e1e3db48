//! What holds for all accounts, and second factors, as rows.

use protocol::RefusalCode;
use protocol::admin::people::{Rules, SecondFactorRule};
use rusqlite::{Connection, OptionalExtension as _};

use crate::catalogue::{AccountId, CatalogueError, FIRST_RULES, Named, NewSecondFactor, TokenHash};

const SECOND_FACTOR: &str = "second_factor";
const PASSWORD_CHARS: &str = "password_chars";
const HUB_ADDRESS: &str = "hub_address";

// INVARIANT: these words stand in data bases.
const RULES: [(SecondFactorRule, &str); 4] = [
    (SecondFactorRule::Off, "off"),
    (SecondFactorRule::Optional, "optional"),
    (SecondFactorRule::Administrators, "administrators"),
    (SecondFactorRule::Everybody, "everybody"),
];

pub(super) fn get(connection: &Connection) -> Result<Rules, CatalogueError> {
    let word = setting(connection, SECOND_FACTOR)?;
    let rule = RULES
        .into_iter()
        .find(|(_, known)| word.as_deref() == Some(*known));
    let chars = setting(connection, PASSWORD_CHARS)?;
    Ok(Rules {
        second_factor: rule.map_or(FIRST_RULES.second_factor, |(rule, _)| rule),
        password_chars: chars
            .and_then(|chars| chars.parse().ok())
            .unwrap_or(FIRST_RULES.password_chars),
    })
}

pub(super) fn set(connection: &Connection, rules: Rules) -> Result<(), CatalogueError> {
    let word = RULES
        .into_iter()
        .find(|(rule, _)| *rule == rules.second_factor);
    let (_, word) = word.expect("every rule has its word");
    set_setting(connection, SECOND_FACTOR, word)?;
    set_setting(
        connection,
        PASSWORD_CHARS,
        &rules.password_chars.to_string(),
    )
}

/// Where people reach the hub, for invitations.
pub(super) fn hub_address(connection: &Connection) -> Result<Option<String>, CatalogueError> {
    setting(connection, HUB_ADDRESS)
}

pub(super) fn set_hub_address(
    connection: &Connection,
    address: &str,
) -> Result<(), CatalogueError> {
    set_setting(connection, HUB_ADDRESS, address)
}

fn setting(connection: &Connection, name: &str) -> Result<Option<String>, CatalogueError> {
    let sql = "SELECT value FROM account_setting WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn set_setting(connection: &Connection, name: &str, value: &str) -> Result<(), CatalogueError> {
    connection.execute(
        "INSERT INTO account_setting (name, value) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET value = ?2",
        (name, value),
    )?;
    Ok(())
}

pub(super) fn set_second_factor(
    connection: &Connection,
    account: &Named,
    factor: &NewSecondFactor,
) -> Result<(), CatalogueError> {
    reset_second_factor(connection, account.id)?;
    let sql = "INSERT INTO second_factor (operator, secret) VALUES (?1, ?2)";
    connection.execute(sql, (account.id.0, factor.secret.0))?;
    renew_recovery_codes(connection, account, &factor.recovery_codes)
}

/// Those that there were are good no more.
pub(super) fn renew_recovery_codes(
    connection: &Connection,
    account: &Named,
    codes: &[TokenHash],
) -> Result<(), CatalogueError> {
    let sql = "DELETE FROM recovery_code WHERE operator = ?1";
    connection.execute(sql, [account.id.0])?;
    for code in codes {
        let sql = "INSERT INTO recovery_code (operator, hash) VALUES (?1, ?2)";
        connection.execute(sql, (account.id.0, code.0))?;
    }
    Ok(())
}

pub(super) fn recovery_codes_left(
    connection: &Connection,
    id: AccountId,
) -> Result<u8, CatalogueError> {
    let sql = "SELECT count(*) FROM recovery_code WHERE operator = ?1";
    Ok(connection.query_row(sql, [id.0], |row| row.get(0))?)
}

pub(super) fn reset_second_factor(
    connection: &Connection,
    id: AccountId,
) -> Result<(), CatalogueError> {
    for table in ["second_factor", "recovery_code"] {
        let sql = format!("DELETE FROM {table} WHERE operator = ?1");
        connection.execute(&sql, [id.0])?;
    }
    Ok(())
}

/// The code of a step of time counts once, and none of an earlier one after it.
pub(super) fn use_code(
    connection: &Connection,
    account: &Named,
    step: u64,
) -> Result<(), CatalogueError> {
    let sql = "UPDATE second_factor SET last_step = ?2 WHERE operator = ?1 AND last_step < ?2";
    once(connection.execute(sql, (account.id.0, step.cast_signed()))?)
}

pub(super) fn use_recovery_code(
    connection: &Connection,
    account: &Named,
    code: TokenHash,
) -> Result<(), CatalogueError> {
    let sql = "DELETE FROM recovery_code WHERE operator = ?1 AND hash = ?2";
    once(connection.execute(sql, (account.id.0, code.0))?)
}

fn once(changed: usize) -> Result<(), CatalogueError> {
    if changed == 0 {
        let rule = "the code is wrong, or was used before".to_owned();
        return Err(CatalogueError::refused(RefusalCode::CODE_WRONG, rule));
    }
    Ok(())
}
