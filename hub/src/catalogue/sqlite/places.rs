//! Places of operators and hosts as rows: what outlives a lost connection and the hub's own process.

use ::session::directory::records::{AccountId, SecretHash, StoredHost, StoredOperator};
use protocol::{HostId, PeerId, TicketRoute};
use rusqlite::Connection;

use crate::catalogue::CatalogueError;

/// In place of a route, where no ticket led.
const NO_ROUTE: i64 = -1;

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

/// A host that has its place already came with one more ticket, and has a new secret.
pub(super) fn add_host(t: &Connection, place: &StoredHost) -> Result<(), CatalogueError> {
    let peer = place.peer.0;
    t.prepare_cached(
        "INSERT INTO host_place (peer, computer, user, system, since, secret, permanent) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (peer) DO UPDATE SET secret = ?6",
    )?
    .execute((
        peer,
        &place.computer,
        &place.user,
        &place.system,
        place.since_unix_seconds,
        place.secret.0,
        place.permanent.map(|host| host.0),
    ))?;
    t.prepare_cached("DELETE FROM host_owner WHERE peer = ?1")?
        .execute([peer])?;
    let mut add = t.prepare_cached(
        "INSERT INTO host_owner (peer, operator, position, route) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (position, (owner, route)) in place.owners.iter().enumerate() {
        let route = route.map_or(NO_ROUTE, |route| route.get().into());
        add.execute((peer, owner.0, position.cast_signed(), route))?;
    }
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
pub(super) fn remove_of_operator(t: &Connection, id: AccountId) -> Result<(), CatalogueError> {
    t.execute("DELETE FROM operator_place WHERE operator = ?1", [id.0])?;
    Ok(())
}

/// As [`remove_of_operator`], but for the place `stays`.
pub(super) fn remove_others_of_operator(
    t: &Connection,
    id: AccountId,
    stays: PeerId,
) -> Result<(), CatalogueError> {
    let sql = "DELETE FROM operator_place WHERE operator = ?1 AND peer <> ?2";
    t.execute(sql, (id.0, stays.0))?;
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
        "SELECT host.peer, computer, user, system, since, secret, owner.operator, owner.route, permanent \
         FROM host_place AS host JOIN host_owner AS owner ON owner.peer = host.peer \
         ORDER BY host.peer, owner.position",
    )?;
    let mut rows = statement.query(())?;
    let mut hosts: Vec<StoredHost> = Vec::new();
    while let Some(row) = rows.next()? {
        let peer = PeerId(row.get(0)?);
        let route = match row.get::<_, i64>(7)? {
            NO_ROUTE => None,
            route => match u32::try_from(route).ok().and_then(TicketRoute::new) {
                None => continue,
                route => route,
            },
        };
        let owner = (AccountId(row.get(6)?), route);
        if let Some(host) = hosts.last_mut().filter(|host| host.peer == peer) {
            host.owners.push(owner);
            continue;
        }
        hosts.push(StoredHost {
            peer,
            owners: vec![owner],
            computer: row.get(1)?,
            user: row.get(2)?,
            system: row.get(3)?,
            since_unix_seconds: row.get(4)?,
            secret: SecretHash(row.get(5)?),
            permanent: row.get::<_, Option<i64>>(8)?.map(HostId),
        });
    }
    Ok(hosts)
}
