//! Places of operators and hosts as rows: what outlives a lost connection and the hub's own process.

use ::session::directory::records::{
    AccountId, SecretHash, StoredHost, StoredOperator, StoredSession,
};
use protocol::{PeerId, ReportId, Rights, SessionId, TicketRoute};
use rusqlite::Connection;

use crate::catalogue::{CatalogueError, name_key};

pub(super) fn add_operator(t: &Connection, place: &StoredOperator) -> Result<(), CatalogueError> {
    t.prepare_cached(
        "INSERT INTO operator_place (peer, operator, login, display_name, since, secret) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        place.peer.0,
        place.account.0,
        &place.login,
        &place.display_name,
        place.since_unix_seconds,
        place.secret.0,
    ))?;
    Ok(())
}

pub(super) fn add_host(t: &Connection, place: &StoredHost) -> Result<(), CatalogueError> {
    t.prepare_cached(
        "INSERT INTO host_place (peer, owner, computer, user, system, route, since, secret) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        place.peer.0,
        place.owner.0,
        &place.computer,
        &place.user,
        &place.system,
        place.route.get(),
        place.since_unix_seconds,
        place.secret.0,
    ))?;
    Ok(())
}

pub(super) fn remove(t: &Connection, peer: PeerId) -> Result<(), CatalogueError> {
    t.prepare_cached("DELETE FROM operator_place WHERE peer = ?1")?
        .execute([peer.0])?;
    t.prepare_cached("DELETE FROM host_place WHERE peer = ?1")?
        .execute([peer.0])?;
    Ok(())
}

/// Whoever was logged in with the account has no place to come back to.
pub(super) fn remove_of_operator(t: &Connection, name: &str) -> Result<(), CatalogueError> {
    t.execute(
        "DELETE FROM operator_place WHERE operator = \
         (SELECT id FROM operator WHERE name_key = ?1)",
        [name_key(name)],
    )?;
    Ok(())
}

/// The places of operators whose accounts are open.
pub(super) fn operators(c: &Connection) -> Result<Vec<StoredOperator>, CatalogueError> {
    let mut statement = c.prepare(
        "SELECT peer, operator_place.operator, login, operator_place.display_name, since, secret \
         FROM operator_place JOIN operator ON operator.id = operator_place.operator \
         WHERE operator.disabled = 0",
    )?;
    let rows = statement.query_map((), |row| {
        Ok(StoredOperator {
            peer: PeerId(row.get(0)?),
            account: AccountId(row.get(1)?),
            login: row.get(2)?,
            display_name: row.get(3)?,
            since_unix_seconds: row.get(4)?,
            secret: SecretHash(row.get(5)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn hosts(c: &Connection) -> Result<Vec<StoredHost>, CatalogueError> {
    let mut statement = c.prepare(
        "SELECT peer, owner, computer, user, system, route, since, secret FROM host_place",
    )?;
    let mut rows = statement.query(())?;
    let mut hosts = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(route) = TicketRoute::new(row.get(5)?) else {
            continue;
        };
        hosts.push(StoredHost {
            peer: PeerId(row.get(0)?),
            owner: AccountId(row.get(1)?),
            computer: row.get(2)?,
            user: row.get(3)?,
            system: row.get(4)?,
            route,
            since_unix_seconds: row.get(6)?,
            secret: SecretHash(row.get(7)?),
        });
    }
    Ok(hosts)
}

/// The sessions that ran and whose two ends have their places still.
pub(super) fn sessions(c: &Connection) -> Result<Vec<StoredSession>, CatalogueError> {
    let mut statement = c.prepare(
        "SELECT session.id, report.id, host_place, operator_place, operator_name, login, rights, \
         asked, started_at FROM session JOIN report ON report.session = session.id \
         JOIN operator_place AS place ON place.peer = session.operator_place \
         JOIN operator ON operator.id = place.operator \
         WHERE state = 1 AND operator.disabled = 0 \
         AND EXISTS (SELECT 1 FROM host_place AS host WHERE host.peer = session.host_place) \
         ORDER BY session.id",
    )?;
    let rows = statement.query_map((), |row| {
        Ok(StoredSession {
            session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
            report: ReportId(row.get::<_, i64>(1)?.cast_unsigned()),
            host: PeerId(row.get(2)?),
            operator: PeerId(row.get(3)?),
            operator_name: row.get(4)?,
            login: row.get(5)?,
            rights: Rights::from_bits(row.get(6)?),
            asked: Rights::from_bits(row.get(7)?),
            started_unix_millis: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
