//! Who is signed in, as rows.

use protocol::PeerId;
use protocol::admin::people::{SignInKind, SignInRow};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{AccountId, RefusalCode};
use rusqlite::{Connection, Row};

use crate::catalogue::{CatalogueError, SignIn};

// INVARIANT: these numbers stand in data bases.
fn kind_number(kind: SignInKind) -> i64 {
    match kind {
        SignInKind::Console => 0,
        SignInKind::Administration => 1,
    }
}

pub(super) fn add(t: &Connection, sign_in: &SignIn, now: i64) -> Result<(), CatalogueError> {
    t.prepare_cached(
        "INSERT INTO sign_in (peer, operator, kind, program, address, since) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        sign_in.peer.0,
        sign_in.account.0,
        kind_number(sign_in.kind),
        &sign_in.program,
        &sign_in.address,
        now,
    ))?;
    Ok(())
}

pub(super) fn remove(t: &Connection, peer: PeerId) -> Result<(), CatalogueError> {
    t.prepare_cached("DELETE FROM sign_in WHERE peer = ?1")?
        .execute([peer.0])?;
    Ok(())
}

/// Marks what an administrator wants to end; the place of a console is given up.
pub(super) fn end(t: &Connection, peer: PeerId) -> Result<(), CatalogueError> {
    let sql = "UPDATE sign_in SET is_over = 1 WHERE peer = ?1";
    if t.execute(sql, [peer.0])? == 0 {
        let rule = "there is no such sign-in".to_owned();
        return Err(CatalogueError::refused(RefusalCode::NOT_THERE, rule));
    }
    t.execute("DELETE FROM operator_place WHERE peer = ?1", [peer.0])?;
    Ok(())
}

/// At the hub's start: who cannot come back is not signed in.
pub(super) fn forget_gone(t: &Connection) -> Result<(), CatalogueError> {
    let sql = "DELETE FROM sign_in WHERE peer NOT IN (SELECT peer FROM operator_place)";
    t.execute(sql, ())?;
    Ok(())
}

pub(super) fn over(c: &Connection) -> Result<Vec<PeerId>, CatalogueError> {
    let mut statement = c.prepare_cached("SELECT peer FROM sign_in WHERE is_over = 1")?;
    let rows = statement.query_map((), |row| Ok(PeerId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const COLUMNS: &str = "peer, operator.id, operator.name, display_name, kind, program, address, since \
     FROM sign_in JOIN operator ON operator.id = sign_in.operator";

fn sign_in(row: &Row<'_>) -> rusqlite::Result<SignInRow> {
    let kind = if row.get::<_, i64>(4)? == kind_number(SignInKind::Console) {
        SignInKind::Console
    } else {
        SignInKind::Administration
    };
    let name = |column| row.get::<_, String>(column).map(Name::cut);
    Ok(SignInRow {
        sign_in: PeerId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: name(2)?,
        display_name: name(3)?,
        kind,
        program: name(5)?,
        address: name(6)?,
        since_unix_millis: row.get(7)?,
    })
}

pub(super) fn page(c: &Connection, page: Page) -> Result<Rows<SignInRow>, CatalogueError> {
    let sql = format!("SELECT {COLUMNS} ORDER BY since DESC, peer LIMIT ?1 OFFSET ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map((page.limit(), page.first), sign_in)?;
    Ok(Rows {
        total: c.query_row("SELECT count(*) FROM sign_in", (), |row| row.get(0))?,
        first: page.first,
        rows: rows.collect::<Result<_, _>>()?,
    })
}

/// Those of one account that are not to end, the newest first.
pub(super) fn of(c: &Connection, account: AccountId) -> Result<Vec<SignInRow>, CatalogueError> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE sign_in.operator = ?1 AND is_over = 0 ORDER BY since DESC, peer"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map([account.0], sign_in)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
