//! Who takes part in a session, as rows.

use ::session::directory::records::{AccountId, StoredMember, StoredSession};
use protocol::{PeerId, ReportId, Rights, SessionId};
use rusqlite::Connection;

use crate::catalogue::{AbsentMember, CatalogueError};

/// The members whose places are kept and whose accounts are open; `account` is theirs.
pub(super) const PRESENT: &str = "member JOIN operator_place ON operator_place.peer = member.place \
     JOIN operator AS account ON account.id = member.operator AND account.disabled = 0";

/// Between the names of a session's operators.
const AND: &str = ", ";

pub(super) fn add(
    t: &Connection,
    session: SessionId,
    member: &StoredMember,
    joined_unix_millis: i64,
) -> Result<(), CatalogueError> {
    t.execute(
        "INSERT INTO member (session, place, operator, name, asked, rights, granted, joined_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        (
            session.0.cast_signed(),
            member.operator.0,
            member.account.0,
            &member.name,
            member.asked.bits(),
            member.rights.bits(),
            joined_unix_millis,
        ),
    )?;
    Ok(())
}

/// Adds one more to a session that runs, and to the names that its report shows.
pub(super) fn join(
    t: &Connection,
    session: SessionId,
    member: &StoredMember,
    now: i64,
) -> Result<(), CatalogueError> {
    add(t, session, member, now)?;
    let id = session.0.cast_signed();
    let sql = "SELECT operator_name FROM session WHERE id = ?1";
    let names: String = t.query_row(sql, [id], |row| row.get(0))?;
    if !names.split(AND).any(|name| name == member.name) {
        let names = [names.as_str(), &member.name].join(AND);
        let sql = "UPDATE session SET operator_name = ?2 WHERE id = ?1";
        t.execute(sql, (id, names))?;
    }
    Ok(())
}

/// Lets `operator` go; the report is `owner`'s.
pub(super) fn leave(
    t: &Connection,
    session: SessionId,
    operator: PeerId,
    owner: AccountId,
    now: i64,
) -> Result<(), CatalogueError> {
    let id = session.0.cast_signed();
    t.execute(
        "UPDATE member SET left_at = ?3 WHERE session = ?1 AND place = ?2 AND left_at IS NULL",
        (id, operator.0, now),
    )?;
    let sql = "UPDATE session SET operator = ?2 WHERE id = ?1";
    t.execute(sql, (id, owner.0))?;
    Ok(())
}

/// Lets everybody go who is still in a session that is over.
pub(super) fn leave_all(
    t: &Connection,
    session: SessionId,
    ended_unix_millis: i64,
) -> Result<(), CatalogueError> {
    t.execute(
        "UPDATE member SET left_at = ?2 WHERE session = ?1 AND left_at IS NULL",
        (session.0.cast_signed(), ended_unix_millis),
    )?;
    Ok(())
}

pub(super) fn set_rights(
    t: &Connection,
    session: SessionId,
    operator: PeerId,
    rights: Rights,
) -> Result<(), CatalogueError> {
    t.execute(
        "UPDATE member SET rights = ?3 WHERE session = ?1 AND place = ?2 AND left_at IS NULL",
        (session.0.cast_signed(), operator.0, rights.bits()),
    )?;
    Ok(())
}

/// The sessions that ran and whose hosts and one operator at least have their places still.
pub(super) fn running_sessions(c: &Connection) -> Result<Vec<StoredSession>, CatalogueError> {
    let mut statement = c.prepare(
        "SELECT session.id, report.id, host_place, operator_name, started_at \
         FROM session JOIN report ON report.session = session.id \
         JOIN host_place AS host ON host.peer = session.host_place \
         WHERE state = 1 ORDER BY session.id",
    )?;
    let rows = statement.query_map((), |row| {
        Ok(StoredSession {
            session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
            report: ReportId(row.get::<_, i64>(1)?.cast_unsigned()),
            host: PeerId(row.get(2)?),
            members: Vec::new(),
            operator_names: row.get(3)?,
            started_unix_millis: row.get(4)?,
        })
    })?;
    let mut sessions: Vec<StoredSession> = rows.collect::<Result<_, _>>()?;
    for session in &mut sessions {
        session.members = present(c, session.session)?;
    }
    sessions.retain(|session| !session.members.is_empty());
    Ok(sessions)
}

/// Those who take part in `session` and whose places are kept, in the order in which they came.
fn present(c: &Connection, session: SessionId) -> Result<Vec<StoredMember>, CatalogueError> {
    let sql = format!(
        "SELECT member.place, member.operator, operator_place.login, member.name, member.asked, \
         member.rights FROM {PRESENT} WHERE member.session = ?1 AND left_at IS NULL \
         ORDER BY member.id"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map([session.0.cast_signed()], |row| {
        Ok(StoredMember {
            operator: PeerId(row.get(0)?),
            account: AccountId(row.get(1)?),
            login: row.get(2)?,
            name: row.get(3)?,
            asked: Rights::from_bits(row.get(4)?),
            rights: Rights::from_bits(row.get(5)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those who took part in a session that goes on, and have no place any more.
pub(super) fn absent(c: &Connection) -> Result<Vec<AbsentMember>, CatalogueError> {
    let sql = format!(
        "SELECT session, place, name, \
         (SELECT member.operator FROM {PRESENT} WHERE member.session = gone.session \
          AND member.left_at IS NULL ORDER BY member.id LIMIT 1) AS heir \
         FROM member AS gone WHERE left_at IS NULL AND heir IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM {PRESENT} WHERE member.id = gone.id) ORDER BY gone.id"
    );
    let mut statement = c.prepare(&sql)?;
    let rows = statement.query_map((), |row| {
        Ok(AbsentMember {
            session: SessionId(row.get::<_, i64>(0)?.cast_unsigned()),
            operator: PeerId(row.get(1)?),
            name: row.get(2)?,
            heir: AccountId(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
