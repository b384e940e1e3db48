//! Accounts as rows.

use std::collections::BTreeSet;

use protocol::admin::people::{AccountOrder, AccountRow};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{GroupId, Permissions, RefusalCode, RoleId};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};

use super::{hosts, rules, sign_ins};
use crate::catalogue::{
    Account, AccountId, Accounts, CatalogueError, ChangedAccount, Credentials, FactorSecret, Named,
    NewAccount, PasswordHash, TokenHash, name_key,
};

const COLUMNS: &str = "operator.id, operator.name, display_name, role, role.permissions, disabled, \
     (SELECT group_concat(account_group) FROM group_account WHERE operator = operator.id), \
     EXISTS (SELECT 1 FROM second_factor WHERE second_factor.operator = operator.id)";
const TABLE: &str = "operator JOIN role ON role.id = operator.role";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(1)?,
        display_name: row.get(2)?,
        role: RoleId(row.get(3)?),
        permissions: Permissions::from_bits(row.get(4)?),
        disabled: row.get(5)?,
        groups: groups(row.get(6)?),
        has_second_factor: row.get(7)?,
    })
}

fn groups(joined: Option<String>) -> BTreeSet<GroupId> {
    let joined = joined.unwrap_or_default();
    let ids = joined.split(',').filter_map(|id| id.parse().ok());
    ids.map(GroupId).collect()
}

pub(super) fn add(
    connection: &Connection,
    now: i64,
    new: &NewAccount,
) -> Result<(), CatalogueError> {
    be_a_role(connection, new.role)?;
    let added = connection.execute(
        "INSERT INTO operator (name, name_key, display_name, password_hash, role, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            &new.name,
            name_key(&new.name),
            &new.display_name,
            &new.password_hash.0,
            new.role.0,
            now,
        ),
    );
    taken(added, &new.name)?;
    let id = AccountId(connection.last_insert_rowid());
    set_groups(connection, id, &new.groups)
}

pub(super) fn change(
    connection: &Connection,
    id: AccountId,
    to: &ChangedAccount,
) -> Result<(), CatalogueError> {
    be_a_role(connection, to.role)?;
    keep_an_administrator(connection, || {
        let changed = connection.execute(
            "UPDATE operator SET name = ?2, name_key = ?3, display_name = ?4, role = ?5 \
             WHERE id = ?1",
            (
                id.0,
                &to.name,
                name_key(&to.name),
                &to.display_name,
                to.role.0,
            ),
        );
        one_changed(taken(changed, &to.name)?, &to.name)?;
        set_groups(connection, id, &to.groups)
    })
}

fn set_groups(
    connection: &Connection,
    id: AccountId,
    groups: &BTreeSet<GroupId>,
) -> Result<(), CatalogueError> {
    connection.execute("DELETE FROM group_account WHERE operator = ?1", [id.0])?;
    for group in groups {
        let added = connection.execute(
            "INSERT INTO group_account (account_group, operator) VALUES (?1, ?2)",
            (group.0, id.0),
        );
        match added {
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Err(CatalogueError::refused(
                    RefusalCode::NOT_THERE,
                    "there is no such group".to_owned(),
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn be_a_role(connection: &Connection, role: RoleId) -> Result<(), CatalogueError> {
    let sql = "SELECT 1 FROM role WHERE id = ?1";
    let found = connection.query_row(sql, [role.0], |_| Ok(())).optional()?;
    found.ok_or_else(|| {
        CatalogueError::refused(RefusalCode::NOT_THERE, "there is no such role".to_owned())
    })
}

/// Makes a change, unless it leaves nobody who can administer where somebody could before.
pub(super) fn keep_an_administrator(
    connection: &Connection,
    change: impl FnOnce() -> Result<(), CatalogueError>,
) -> Result<(), CatalogueError> {
    let count = || {
        let sql = "SELECT count(*) FROM operator JOIN role ON role.id = operator.role \
                   WHERE permissions & ?1 <> 0 AND disabled = 0 AND password_hash <> ''";
        let bit = Permissions::ADMINISTER.bits();
        connection.query_row(sql, [bit], |row| row.get::<_, i64>(0))
    };
    let before = count()?;
    change()?;
    if before > 0 && count()? == 0 {
        let rule = "nobody could administer the hub any more".to_owned();
        return Err(CatalogueError::refused(
            RefusalCode::LAST_ADMINISTRATOR,
            rule,
        ));
    }
    Ok(())
}

fn taken(done: rusqlite::Result<usize>, name: &str) -> Result<usize, CatalogueError> {
    match done {
        Ok(changed) => Ok(changed),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let rule = format!("there is an operator \"{name}\" already");
            Err(CatalogueError::refused(RefusalCode::NAME_TAKEN, rule))
        }
        Err(error) => Err(error.into()),
    }
}

/// A new password ends what opened the account before: invitations too.
pub(super) fn set_password(
    connection: &Connection,
    account: &Named,
    hash: &PasswordHash,
) -> Result<(), CatalogueError> {
    let sql = "UPDATE operator SET password_hash = ?2 WHERE id = ?1";
    let changed = connection.execute(sql, (account.id.0, &hash.0))?;
    one_changed(changed, &account.name)?;
    connection.execute("DELETE FROM invitation WHERE operator = ?1", [account.id.0])?;
    Ok(())
}

pub(super) fn set_disabled(
    connection: &Connection,
    account: &Named,
    disabled: bool,
) -> Result<(), CatalogueError> {
    keep_an_administrator(connection, || {
        let sql = "UPDATE operator SET disabled = ?2 WHERE id = ?1";
        let changed = connection.execute(sql, (account.id.0, disabled))?;
        one_changed(changed, &account.name)
    })
}

pub(super) fn logged_in(
    connection: &Connection,
    id: AccountId,
    now: i64,
) -> Result<(), CatalogueError> {
    let sql = "UPDATE operator SET last_log_in = ?2 WHERE id = ?1";
    connection.execute(sql, (id.0, now))?;
    Ok(())
}

fn one_changed(changed: usize, name: &str) -> Result<(), CatalogueError> {
    if changed == 0 {
        let rule = format!("there is no operator \"{name}\"");
        return Err(CatalogueError::refused(RefusalCode::NOT_THERE, rule));
    }
    Ok(())
}

pub(super) fn invite(
    connection: &Connection,
    account: &Named,
    token: TokenHash,
    expires_unix_millis: i64,
) -> Result<(), CatalogueError> {
    connection.execute(
        "INSERT INTO invitation (operator, token_hash, expires_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (operator) DO UPDATE SET token_hash = ?2, expires_at = ?3",
        (account.id.0, token.0, expires_unix_millis),
    )?;
    Ok(())
}

/// Sets the password, if the invitation is still the one that was looked at.
pub(super) fn take_invitation(
    connection: &Connection,
    account: &Named,
    token: TokenHash,
    hash: &PasswordHash,
) -> Result<(), CatalogueError> {
    let sql = "DELETE FROM invitation WHERE operator = ?1 AND token_hash = ?2";
    if connection.execute(sql, (account.id.0, token.0))? == 0 {
        let rule = format!("the invitation of \"{}\" is over", account.name);
        return Err(CatalogueError::refused(RefusalCode::INVITATION_OVER, rule));
    }
    set_password(connection, account, hash)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Account>, CatalogueError> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLE} ORDER BY operator.name_key");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map((), account)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn one(
    connection: &Connection,
    id: AccountId,
) -> Result<Option<Account>, CatalogueError> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLE} WHERE operator.id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([id.0], account).optional()?)
}

pub(super) fn named(connection: &Connection, name: &str) -> Result<Account, CatalogueError> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLE} WHERE operator.name_key = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_row([name_key(name)], account).optional()?;
    found.ok_or_else(|| {
        let rule = format!("there is no operator \"{name}\"");
        CatalogueError::refused(RefusalCode::NOT_THERE, rule)
    })
}

pub(super) fn credentials(
    connection: &Connection,
    name: &str,
) -> Result<Option<Credentials>, CatalogueError> {
    let sql = format!(
        "SELECT {COLUMNS}, password_hash, second_factor.secret, token_hash, expires_at FROM {TABLE} \
         LEFT JOIN second_factor ON second_factor.operator = operator.id \
         LEFT JOIN invitation ON invitation.operator = operator.id \
         WHERE operator.name_key = ?1"
    );
    let rules = rules::get(connection)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement
        .query_row([name_key(name)], |row| {
            let (token, expires) = (row.get::<_, Option<_>>(10)?, row.get::<_, Option<_>>(11)?);
            Ok(Credentials {
                account: account(row)?,
                hash: PasswordHash(row.get(8)?),
                second_factor: row.get::<_, Option<_>>(9)?.map(FactorSecret),
                invitation: token.map(TokenHash).zip(expires),
                rules,
            })
        })
        .optional()?;
    Ok(found)
}

pub(super) fn standing(connection: &Connection) -> Result<Accounts, CatalogueError> {
    let mut found = Accounts {
        over: sign_ins::over(connection)?,
        hosts: hosts::standing(connection)?,
        ..Accounts::default()
    };
    let sql = format!("SELECT {COLUMNS}, password_hash FROM {TABLE}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let account = account(row)?;
        let hash = PasswordHash(row.get(8)?);
        found.passwords.insert(account.id, hash);
        found.memberships.insert(account.id, account.membership());
        if account.disabled {
            found.disabled.push(account.id);
        }
    }
    Ok(found)
}

/// Accounts whose name or display name has `search` in it.
pub(super) fn page(
    connection: &Connection,
    page: Page,
    search: &str,
    (order, descending): (AccountOrder, bool),
) -> Result<Rows<AccountRow>, CatalogueError> {
    let key = match order {
        AccountOrder::Name => "operator.name_key",
        AccountOrder::DisplayName => "display_name COLLATE NOCASE",
        AccountOrder::Role => "role.name_key",
        AccountOrder::LastLogIn => "last_log_in",
    };
    let direction = if descending { "DESC" } else { "ASC" };
    let filter = "instr(operator.name_key, ?1) > 0 OR instr(lower(display_name), ?1) > 0";
    let search = name_key(search);
    let total = connection.query_row(
        &format!("SELECT count(*) FROM {TABLE} WHERE {filter}"),
        [&search],
        |row| row.get(0),
    )?;
    let sql = format!(
        "SELECT {COLUMNS}, role.name, password_hash <> '', last_log_in, invitation.expires_at, \
         (SELECT count(*) FROM recovery_code WHERE operator = operator.id), \
         EXISTS (SELECT 1 FROM sign_in WHERE sign_in.operator = operator.id) \
         FROM {TABLE} LEFT JOIN invitation ON invitation.operator = operator.id \
         WHERE {filter} ORDER BY {key} {direction}, operator.name_key LIMIT ?2 OFFSET ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((&search, page.limit(), page.first), |row| {
        let found = account(row)?;
        Ok(AccountRow {
            account: found.id,
            name: Name::cut(found.name),
            display_name: Name::cut(found.display_name),
            role: found.role,
            role_name: Name::cut(row.get::<_, String>(8)?),
            groups: found.groups.into_iter().collect(),
            has_password: row.get(9)?,
            has_second_factor: found.has_second_factor,
            recovery_codes_left: row.get(12)?,
            disabled: found.disabled,
            signed_in: row.get(13)?,
            last_log_in_unix_millis: row.get(10)?,
            invited_until_unix_millis: row.get(11)?,
        })
    })?;
    Ok(Rows {
        total,
        first: page.first,
        rows: rows.collect::<Result<_, _>>()?,
    })
}
