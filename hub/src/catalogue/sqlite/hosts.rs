//! Permanent hosts, and the codes that enrol them, as rows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ::session::directory::HostStanding;
use ::session::directory::records::StoredPermanentHost;
use protocol::admin::hosts::{EnrolmentRow, Filter, HostRow, Note, OfGroup, OfState, Order};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{
    AccountId, CardAddress, EnrolmentId, GroupId, HostGroupId, HostId, HostKey, Lan, Network,
    RefusalCode,
};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, params_from_iter};

use super::host_groups;
use crate::catalogue::{
    Actor, CatalogueError, ChangedHost, EnrolledHost, HostChange, KnownHost, NamedHost,
    NewEnrolmentCode, name_key,
};

pub(super) fn make(
    t: &Connection,
    now: i64,
    actor: &Actor,
    change: &HostChange,
) -> Result<(), CatalogueError> {
    match change {
        HostChange::EnrolmentMade(code) => add_enrolment(t, now, actor, code),
        HostChange::EnrolmentWithdrawn { enrolment } => {
            let sql = "UPDATE enrolment SET uses_left = 0 WHERE id = ?1 AND uses_left > 0";
            there(t.execute(sql, [enrolment.0])?)
        }
        HostChange::Enrolled(host) => enrol(t, now, host),
        HostChange::Changed { host, to } => change_host(t, host.id, to),
        HostChange::Disabled { host, disabled } => {
            let sql = "UPDATE host SET disabled = ?2 WHERE id = ?1";
            there(t.execute(sql, (host.id.0, disabled))?)
        }
        HostChange::Removed { host } => {
            there(t.execute("DELETE FROM host WHERE id = ?1", [host.id.0])?)
        }
        HostChange::OperatorsChosen { host, operators } => choose(t, host.id, operators),
        HostChange::GroupAdded { name, seen_by } => host_groups::add(t, name, seen_by),
        HostChange::GroupChanged {
            group,
            name,
            seen_by,
        } => host_groups::change(t, *group, name, seen_by),
        HostChange::GroupRemoved { group } => {
            there(t.execute("DELETE FROM host_group WHERE id = ?1", [group.0])?)
        }
    }
}

/// Only these open the host; all who see it where there is none.
fn choose(
    t: &Connection,
    host: HostId,
    operators: &[(AccountId, String)],
) -> Result<(), CatalogueError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM host WHERE id = ?1)";
    there(t.query_row(sql, [host.0], |row| row.get(0))?)?;
    t.execute("DELETE FROM host_operator WHERE host = ?1", [host.0])?;
    let sql = "INSERT OR IGNORE INTO host_operator (host, account) VALUES (?1, ?2)";
    for (account, _) in operators {
        t.execute(sql, (host.0, account.0))?;
    }
    Ok(())
}

/// The only operators who open `host`, by name.
pub(super) fn operators(c: &Connection, host: HostId) -> Result<Vec<String>, CatalogueError> {
    let mut statement = c.prepare_cached(
        "SELECT operator.name FROM host_operator JOIN operator ON operator.id = account \
         WHERE host = ?1 ORDER BY operator.name",
    )?;
    let rows = statement.query_map([host.0], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Nothing was changed where there is no such row.
pub(super) fn there(changed: usize) -> Result<(), CatalogueError> {
    if changed > 0 {
        return Ok(());
    }
    let rule = "it is not there any more".to_owned();
    Err(CatalogueError::refused(RefusalCode::NOT_THERE, rule))
}

/// Nothing was written where a group is named that is not there.
fn with_group(done: rusqlite::Result<usize>) -> Result<usize, CatalogueError> {
    match done {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let rule = "there is no such group of hosts any more".to_owned();
            Err(CatalogueError::refused(RefusalCode::NOT_THERE, rule))
        }
        done => Ok(done?),
    }
}

fn add_enrolment(
    t: &Connection,
    now: i64,
    actor: &Actor,
    code: &NewEnrolmentCode,
) -> Result<(), CatalogueError> {
    // what enrols nobody any more is in the audit log
    let sql = "DELETE FROM enrolment WHERE uses_left = 0 OR expires_at <= ?1";
    t.execute(sql, [now])?;
    with_group(t.execute(
        "INSERT INTO enrolment \
         (code_hash, host_group, uses, uses_left, expires_at, made_at, made_by) \
         VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
        (
            code.code.0,
            code.group.map(|group| group.0),
            code.uses,
            code.expires_unix_millis,
            now,
            actor.name(),
        ),
    ))?;
    Ok(())
}

/// Takes one use of the code, and adds the host that came with it.
fn enrol(t: &Connection, now: i64, host: &EnrolledHost) -> Result<(), CatalogueError> {
    let taken = t.query_row(
        "UPDATE enrolment SET uses_left = uses_left - 1 \
         WHERE code_hash = ?1 AND uses_left > 0 AND expires_at > ?2 \
         RETURNING host_group, made_by",
        (host.code.0, now),
        |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, String>(1)?)),
    );
    let Some((group, made_by)) = taken.optional()? else {
        let rule = "the code enrols no host any more".to_owned();
        return Err(CatalogueError::refused(RefusalCode::ENROLMENT_OVER, rule));
    };
    t.execute(
        "INSERT INTO host \
         (key, computer, system, program, host_group, enrolled_at, enrolled_by, last_seen) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6)",
        (
            host.key.0,
            host.computer.as_str(),
            host.system.as_str(),
            &host.program,
            group,
            now,
            made_by,
        ),
    )?;
    refresh_words(t, HostId(t.last_insert_rowid()))
}

/// Makes anew what a host is found by. The lines keep its parts apart.
///
/// INVARIANT: whoever changes one of them calls it in the same transaction.
fn refresh_words(t: &Connection, host: HostId) -> Result<(), CatalogueError> {
    t.prepare_cached(
        "UPDATE host SET words = \
         folded(name || char(10) || computer || char(10) || system || char(10) || note) \
         WHERE id = ?1",
    )?
    .execute([host.0])?;
    Ok(())
}

fn change_host(t: &Connection, host: HostId, to: &ChangedHost) -> Result<(), CatalogueError> {
    let sql = "UPDATE host SET given_name = ?2, host_group = ?3, note = ?4 WHERE id = ?1";
    let group = to.group.map(|group| group.0);
    there(with_group(
        t.execute(sql, (host.0, &to.name, group, &to.note)),
    )?)?;
    refresh_words(t, host)
}

pub(super) fn is_here(
    t: &Connection,
    now: i64,
    host: HostId,
    (computer, system, program): (&str, &str, &str),
    from: IpAddr,
) -> Result<(), CatalogueError> {
    t.prepare_cached(
        "UPDATE host SET connected = 1, last_seen = ?2, computer = ?3, system = ?4, program = ?5, \
         came_from = ?6 WHERE id = ?1",
    )?
    .execute((host.0, now, computer, system, program, from.to_string()))?;
    refresh_words(t, host)
}

/// Keeps where the host's network cards are.
pub(super) fn keep_lans(t: &Connection, host: HostId, lans: &[Lan]) -> Result<(), CatalogueError> {
    t.prepare_cached("DELETE FROM host_lan WHERE host = ?1")?
        .execute([host.0])?;
    // it may be removed meanwhile
    let mut statement = t.prepare_cached(
        "INSERT OR IGNORE INTO host_lan (host, card, network, prefix) \
         SELECT id, ?2, ?3, ?4 FROM host WHERE id = ?1",
    )?;
    for lan in lans {
        let (card, network) = (lan.card.0, lan.network);
        statement.execute((host.0, card, network.address, network.prefix))?;
    }
    Ok(())
}

/// All of them, as the directory begins with them.
pub(super) fn stored(c: &Connection) -> Result<Vec<StoredPermanentHost>, CatalogueError> {
    let mut lans: BTreeMap<i64, Vec<Lan>> = BTreeMap::new();
    let mut statement = c.prepare_cached("SELECT host, card, network, prefix FROM host_lan")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let network = Network {
            address: row.get(2)?,
            prefix: row.get(3)?,
        };
        let card = CardAddress(row.get(1)?);
        lans.entry(row.get(0)?)
            .or_default()
            .push(Lan { card, network });
    }
    let mut standing = standing(c)?;
    let mut statement = c.prepare_cached("SELECT id, system, last_seen, came_from FROM host")?;
    let mut rows = statement.query(())?;
    let mut stored = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let Some(standing) = standing.remove(&HostId(id)) else {
            continue;
        };
        stored.push(StoredPermanentHost {
            host: HostId(id),
            standing,
            system: row.get(1)?,
            last_seen_unix_seconds: row.get::<_, i64>(2)?.div_euclid(1000),
            came_from: row.get::<_, String>(3)?.parse().ok(),
            lans: lans.remove(&id).unwrap_or_default(),
        });
    }
    Ok(stored)
}

pub(super) fn is_gone(t: &Connection, now: i64, host: HostId) -> Result<(), CatalogueError> {
    t.prepare_cached("UPDATE host SET connected = 0, last_seen = ?2 WHERE id = ?1")?
        .execute((host.0, now))?;
    Ok(())
}

/// Those that are connected were seen now.
pub(super) fn seen(t: &Connection, now: i64) -> Result<(), CatalogueError> {
    t.execute("UPDATE host SET last_seen = ?1 WHERE connected = 1", [now])?;
    Ok(())
}

/// At the hub's start nobody is connected.
pub(super) fn forget_connected(t: &Connection) -> Result<(), CatalogueError> {
    t.execute("UPDATE host SET connected = 0 WHERE connected = 1", ())?;
    Ok(())
}

pub(super) fn with_key(c: &Connection, key: HostKey) -> Result<Option<KnownHost>, CatalogueError> {
    let found = c
        .prepare_cached(
            "SELECT id, name, disabled, host_group, given_name <> '' FROM host WHERE key = ?1",
        )?
        .query_row([key.0], |row| {
            let group: Option<i64> = row.get(3)?;
            Ok((HostId(row.get(0)?), standing_of(row)?, group, row.get(4)?))
        });
    let Some((id, mut standing, group, is_named)) = found.optional()? else {
        return Ok(None);
    };
    if let Some(group) = group {
        standing.seen_by = host_groups::seen_by(c, HostGroupId(group))?;
    }
    let mut statement = c.prepare_cached("SELECT account FROM host_operator WHERE host = ?1")?;
    let rows = statement.query_map([id.0], |row| Ok(AccountId(row.get(0)?)))?;
    standing.only = rows.collect::<Result<_, _>>()?;
    Ok(Some(KnownHost {
        id,
        standing,
        is_named,
    }))
}

/// What an administrator decided, from a row of id, name and whether it is disabled.
fn standing_of(row: &Row<'_>) -> rusqlite::Result<HostStanding> {
    Ok(HostStanding {
        name: Name::cut(row.get::<_, String>(1)?),
        disabled: row.get(2)?,
        seen_by: BTreeSet::new(),
        only: BTreeSet::new(),
    })
}

/// What was decided about all of them.
pub(super) fn standing(c: &Connection) -> Result<BTreeMap<HostId, HostStanding>, CatalogueError> {
    let mut by_group: BTreeMap<i64, BTreeSet<GroupId>> = BTreeMap::new();
    let mut statement =
        c.prepare_cached("SELECT host_group, account_group FROM host_group_seen_by")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let groups = by_group.entry(row.get(0)?).or_default();
        groups.insert(GroupId(row.get(1)?));
    }
    let mut only: BTreeMap<i64, BTreeSet<AccountId>> = BTreeMap::new();
    let mut statement = c.prepare_cached("SELECT host, account FROM host_operator")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let chosen = only.entry(row.get(0)?).or_default();
        chosen.insert(AccountId(row.get(1)?));
    }
    let mut statement = c.prepare_cached("SELECT id, name, disabled, host_group FROM host")?;
    let rows = statement.query_map((), |row| {
        let mut standing = standing_of(row)?;
        let group: Option<i64> = row.get(3)?;
        if let Some(seen_by) = group.and_then(|group| by_group.get(&group)) {
            standing.seen_by.clone_from(seen_by);
        }
        let id = row.get(0)?;
        if let Some(chosen) = only.get(&id) {
            standing.only.clone_from(chosen);
        }
        Ok((HostId(id), standing))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A host by its number or, where no other has it, by the name that is shown.
pub(super) fn named(c: &Connection, wanted: &str) -> Result<HostRow, CatalogueError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE host.id = ?1 OR host.name = ?2 COLLATE NOCASE \
         ORDER BY host.id = ?1 DESC LIMIT 2"
    );
    let number: Option<i64> = wanted.strip_prefix('#').and_then(|n| n.parse().ok());
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map((number, wanted), host_row)?;
    let mut found: Vec<HostRow> = rows.collect::<Result<_, _>>()?;
    let refuse = |rule| Err(CatalogueError::refused(RefusalCode::NOT_THERE, rule));
    match (found.pop(), found.pop()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => refuse(format!(
            "several hosts have the name \"{wanted}\"; say the number, as in #17"
        )),
        (None, _) => refuse(format!("there is no host \"{wanted}\"")),
    }
}

pub(super) fn one(c: &Connection, host: HostId) -> Result<NamedHost, CatalogueError> {
    let name = c.query_row("SELECT name FROM host WHERE id = ?1", [host.0], |row| {
        row.get(0)
    });
    let name = name.optional()?.ok_or_else(|| {
        let rule = "there is no such host any more".to_owned();
        CatalogueError::refused(RefusalCode::NOT_THERE, rule)
    })?;
    Ok(NamedHost { id: host, name })
}

const COLUMNS: &str = "host.id, host.name, given_name <> '', computer, system, program, \
    host_group, coalesce(host_group.name, ''), note, disabled, connected, enrolled_at, \
    enrolled_by, last_seen";
const TABLES: &str = "host LEFT JOIN host_group ON host_group.id = host.host_group";

fn host_row(row: &Row<'_>) -> rusqlite::Result<HostRow> {
    let name = |at| Ok::<_, rusqlite::Error>(Name::cut(row.get::<_, String>(at)?));
    Ok(HostRow {
        host: HostId(row.get(0)?),
        name: name(1)?,
        is_named: row.get(2)?,
        computer: name(3)?,
        system: name(4)?,
        program: name(5)?,
        group: row.get::<_, Option<i64>>(6)?.map(HostGroupId),
        group_name: name(7)?,
        note: Note::cut(row.get::<_, String>(8)?),
        disabled: row.get(9)?,
        connected: row.get(10)?,
        enrolled_unix_millis: row.get(11)?,
        enrolled_by: name(12)?,
        last_seen_unix_millis: row.get(13)?,
    })
}

pub(super) fn page(
    c: &Connection,
    filter: &Filter,
    (order, descending): (Order, bool),
    page: Page,
) -> Result<Rows<HostRow>, CatalogueError> {
    let (mut wanted, mut values) = (vec!["1"], Vec::new());
    let search = name_key(&filter.search);
    if !search.is_empty() {
        wanted.push("instr(words, ?) > 0");
        values.push(Value::Text(search));
    }
    match filter.group {
        OfGroup::Any => {}
        OfGroup::None => wanted.push("host_group IS NULL"),
        OfGroup::One(group) => {
            wanted.push("host_group = ?");
            values.push(Value::Integer(group.0));
        }
    }
    match filter.state {
        OfState::Any => {}
        OfState::Connected => wanted.push("connected = 1"),
        OfState::Away => wanted.push("connected = 0 AND disabled = 0"),
        OfState::Disabled => wanted.push("disabled = 1"),
    }
    let wanted = wanted.join(" AND ");
    let total = c.query_row(
        &format!("SELECT count(*) FROM host WHERE {wanted}"),
        params_from_iter(&values),
        |row| row.get(0),
    )?;
    let direction = if descending { "DESC" } else { "ASC" };
    let key = match order {
        Order::Name => format!("host.name {direction}"),
        Order::System => format!("system {direction}, host.name"),
        Order::Group => format!("host_group.name_key {direction}, host.name"),
        Order::LastSeen => format!("connected {direction}, last_seen {direction}"),
        Order::Version => format!("program {direction}, host.name"),
        Order::Enrolled => format!("enrolled_at {direction}"),
    };
    // a tie is broken the same way round, so that the index alone gives the order
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE {wanted} ORDER BY {key}, host.id {direction} \
         LIMIT ? OFFSET ?"
    );
    values.push(Value::Integer(page.limit().into()));
    values.push(Value::Integer(page.first.into()));
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&values), host_row)?;
    Ok(Rows {
        total,
        first: page.first,
        rows: rows.collect::<Result<_, _>>()?,
    })
}

/// The codes that still enrol hosts.
pub(super) fn enrolments(
    c: &Connection,
    now: i64,
    page: Page,
) -> Result<Rows<EnrolmentRow>, CatalogueError> {
    let open = "uses_left > 0 AND expires_at > ?1";
    let total = c.query_row(
        &format!("SELECT count(*) FROM enrolment WHERE {open}"),
        [now],
        |row| row.get(0),
    )?;
    let sql = format!(
        "SELECT enrolment.id, coalesce(host_group.name, ''), uses, uses_left, made_by, expires_at \
         FROM enrolment LEFT JOIN host_group ON host_group.id = enrolment.host_group \
         WHERE {open} ORDER BY enrolment.id DESC LIMIT ?2 OFFSET ?3"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map((now, page.limit(), page.first), |row| {
        Ok(EnrolmentRow {
            enrolment: EnrolmentId(row.get(0)?),
            group_name: Name::cut(row.get::<_, String>(1)?),
            uses: row.get(2)?,
            uses_left: row.get(3)?,
            made_by: Name::cut(row.get::<_, String>(4)?),
            expires_unix_millis: row.get(5)?,
        })
    })?;
    Ok(Rows {
        total,
        first: page.first,
        rows: rows.collect::<Result<_, _>>()?,
    })
}
