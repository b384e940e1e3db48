//! Groups of permanent hosts, and who sees them, as rows.

use std::collections::BTreeSet;

use protocol::admin::hosts::{HostGroupRow, MAX_HOST_GROUPS, MAX_SEEN_BY};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{GroupId, HostGroupId, RefusalCode};
use rusqlite::{Connection, ErrorCode};

use super::groups;
use super::hosts::there;
use crate::catalogue::{CatalogueError, name_key};

pub(super) fn add(
    t: &Connection,
    name: &str,
    seen_by: &BTreeSet<GroupId>,
) -> Result<(), CatalogueError> {
    groups::leave_room(t, "host_group", MAX_HOST_GROUPS)?;
    let sql = "INSERT INTO host_group (name, name_key) VALUES (?1, ?2)";
    groups::taken(t.execute(sql, (name, name_key(name))), name)?;
    set_seen_by(t, HostGroupId(t.last_insert_rowid()), seen_by)
}

pub(super) fn change(
    t: &Connection,
    group: HostGroupId,
    name: &str,
    seen_by: &BTreeSet<GroupId>,
) -> Result<(), CatalogueError> {
    let sql = "UPDATE host_group SET name = ?2, name_key = ?3 WHERE id = ?1";
    let to = (group.0, name, name_key(name));
    there(groups::taken(t.execute(sql, to), name)?)?;
    set_seen_by(t, group, seen_by)
}

fn set_seen_by(
    t: &Connection,
    group: HostGroupId,
    seen_by: &BTreeSet<GroupId>,
) -> Result<(), CatalogueError> {
    if seen_by.len() > MAX_SEEN_BY {
        let rule = format!("at most {MAX_SEEN_BY} groups see one group of hosts");
        return Err(CatalogueError::Rule(rule));
    }
    t.execute(
        "DELETE FROM host_group_seen_by WHERE host_group = ?1",
        [group.0],
    )?;
    let sql = "INSERT INTO host_group_seen_by (host_group, account_group) VALUES (?1, ?2)";
    for by in seen_by {
        match t.execute(sql, (group.0, by.0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                let rule = "there is no such group any more".to_owned();
                return Err(CatalogueError::refused(RefusalCode::NOT_THERE, rule));
            }
            done => done?,
        };
    }
    Ok(())
}

/// The groups whose operators see the hosts of `group`.
pub(super) fn seen_by(
    c: &Connection,
    group: HostGroupId,
) -> Result<BTreeSet<GroupId>, CatalogueError> {
    let mut statement = c.prepare_cached(
        "SELECT account_group FROM host_group_seen_by WHERE host_group = ?1 ORDER BY account_group",
    )?;
    let rows = statement.query_map([group.0], |row| Ok(GroupId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// By name.
pub(super) fn page(c: &Connection, page: Page) -> Result<Rows<HostGroupRow>, CatalogueError> {
    let mut statement = c.prepare_cached(
        "SELECT id, name, (SELECT count(*) FROM host WHERE host_group = host_group.id) \
         FROM host_group ORDER BY name_key LIMIT ?1 OFFSET ?2",
    )?;
    let rows = statement.query_map((page.limit(), page.first), |row| {
        Ok(HostGroupRow {
            group: HostGroupId(row.get(0)?),
            name: Name::cut(row.get::<_, String>(1)?),
            seen_by: Vec::new(),
            hosts: row.get(2)?,
        })
    })?;
    let mut rows: Vec<HostGroupRow> = rows.collect::<Result<_, _>>()?;
    for row in &mut rows {
        row.seen_by = seen_by(c, row.group)?.into_iter().collect();
    }
    Ok(Rows {
        total: groups::count(c, "host_group")?,
        first: page.first,
        rows,
    })
}
