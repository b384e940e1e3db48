//! Groups and roles as rows.

use protocol::admin::people::{GroupRow, MAX_GROUPS, MAX_ROLES, RoleRow};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{GroupId, Permissions, RefusalCode, RoleId};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use super::accounts::keep_an_administrator;
use crate::catalogue::{CatalogueError, name_key};

pub(super) fn add_group(connection: &Connection, name: &str) -> Result<(), CatalogueError> {
    leave_room(connection, "account_group", MAX_GROUPS)?;
    let sql = "INSERT INTO account_group (name, name_key) VALUES (?1, ?2)";
    taken(connection.execute(sql, (name, name_key(name))), name)?;
    Ok(())
}

pub(super) fn rename_group(
    connection: &Connection,
    group: GroupId,
    name: &str,
) -> Result<(), CatalogueError> {
    not_built_in(connection, "account_group", group.0)?;
    let sql = "UPDATE account_group SET name = ?2, name_key = ?3 WHERE id = ?1";
    taken(
        connection.execute(sql, (group.0, name, name_key(name))),
        name,
    )?;
    Ok(())
}

pub(super) fn remove_group(connection: &Connection, group: GroupId) -> Result<(), CatalogueError> {
    not_built_in(connection, "account_group", group.0)?;
    connection.execute("DELETE FROM account_group WHERE id = ?1", [group.0])?;
    Ok(())
}

pub(super) fn groups(
    connection: &Connection,
    page: Page,
) -> Result<Rows<GroupRow>, CatalogueError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, built_in, \
         (SELECT count(*) FROM group_account WHERE account_group = account_group.id) \
         FROM account_group ORDER BY built_in DESC, name_key LIMIT ?1 OFFSET ?2",
    )?;
    let rows = statement.query_map((page.limit(), page.first), |row| {
        Ok(GroupRow {
            group: GroupId(row.get(0)?),
            name: Name::cut(row.get::<_, String>(1)?),
            built_in: row.get(2)?,
            accounts: row.get(3)?,
        })
    })?;
    Ok(Rows {
        total: count(connection, "account_group")?,
        first: page.first,
        rows: rows.collect::<Result<_, _>>()?,
    })
}

pub(super) fn add_role(
    connection: &Connection,
    name: &str,
    permissions: Permissions,
) -> Result<(), CatalogueError> {
    leave_room(connection, "role", MAX_ROLES)?;
    let sql = "INSERT INTO role (name, name_key, permissions) VALUES (?1, ?2, ?3)";
    let added = connection.execute(sql, (name, name_key(name), permissions.bits()));
    taken(added, name)?;
    Ok(())
}

pub(super) fn change_role(
    connection: &Connection,
    role: RoleId,
    name: &str,
    permissions: Permissions,
) -> Result<(), CatalogueError> {
    not_built_in(connection, "role", role.0)?;
    keep_an_administrator(connection, || {
        let sql = "UPDATE role SET name = ?2, name_key = ?3, permissions = ?4 WHERE id = ?1";
        let to = (role.0, name, name_key(name), permissions.bits());
        taken(connection.execute(sql, to), name)?;
        Ok(())
    })
}

pub(super) fn remove_role(connection: &Connection, role: RoleId) -> Result<(), CatalogueError> {
    not_built_in(connection, "role", role.0)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM operator WHERE role = ?1)";
    if connection.query_row(sql, [role.0], |row| row.get(0))? {
        let rule = "somebody still has this role".to_owned();
        return Err(CatalogueError::refused(RefusalCode::IN_USE, rule));
    }
    connection.execute("DELETE FROM role WHERE id = ?1", [role.0])?;
    Ok(())
}

pub(super) fn roles(connection: &Connection, page: Page) -> Result<Rows<RoleRow>, CatalogueError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, permissions, built_in, \
         (SELECT count(*) FROM operator WHERE role = role.id) \
         FROM role ORDER BY built_in DESC, CASE WHEN built_in THEN id END, name_key \
         LIMIT ?1 OFFSET ?2",
    )?;
    let rows = statement.query_map((page.limit(), page.first), |row| {
        Ok(RoleRow {
            role: RoleId(row.get(0)?),
            name: Name::cut(row.get::<_, String>(1)?),
            permissions: Permissions::from_bits(row.get(2)?),
            built_in: row.get(3)?,
            accounts: row.get(4)?,
        })
    })?;
    Ok(Rows {
        total: count(connection, "role")?,
        first: page.first,
        rows: rows.collect::<Result<_, _>>()?,
    })
}

/// The number of the group or role with this name.
pub(super) fn named(
    connection: &Connection,
    table: &str,
    name: &str,
) -> Result<i64, CatalogueError> {
    let sql = format!("SELECT id FROM {table} WHERE name_key = ?1");
    let found = connection.query_row(&sql, [name_key(name)], |row| row.get(0));
    found.optional()?.ok_or_else(|| {
        let what = match table {
            "role" => "role",
            "host_group" => "group of hosts",
            _ => "group",
        };
        let rule = format!("there is no {what} \"{name}\"");
        CatalogueError::refused(RefusalCode::NOT_THERE, rule)
    })
}

pub(super) fn count(connection: &Connection, table: &str) -> Result<u32, CatalogueError> {
    let sql = format!("SELECT count(*) FROM {table}");
    Ok(connection.query_row(&sql, (), |row| row.get(0))?)
}

pub(super) fn leave_room(
    connection: &Connection,
    table: &str,
    most: usize,
) -> Result<(), CatalogueError> {
    if usize::try_from(count(connection, table)?).is_ok_and(|count| count < most) {
        return Ok(());
    }
    Err(CatalogueError::Rule(format!("there are {most} already")))
}

fn not_built_in(connection: &Connection, table: &str, id: i64) -> Result<(), CatalogueError> {
    let sql = format!("SELECT built_in FROM {table} WHERE id = ?1");
    let built_in = connection.query_row(&sql, [id], |row| row.get(0));
    let (code, rule) = match built_in.optional()? {
        Some(false) => return Ok(()),
        Some(true) => (RefusalCode::BUILT_IN, "it is built in and stays as it is"),
        None => (RefusalCode::NOT_THERE, "it is not there any more"),
    };
    Err(CatalogueError::refused(code, rule.to_owned()))
}

pub(super) fn taken(done: rusqlite::Result<usize>, name: &str) -> Result<usize, CatalogueError> {
    match done {
        Ok(changed) => Ok(changed),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let rule = format!("there is one with the name \"{name}\" already");
            Err(CatalogueError::refused(RefusalCode::NAME_TAKEN, rule))
        }
        Err(error) => Err(error.into()),
    }
}
