//! The audit log as rows.

use ::session::directory::records::Actor;
use protocol::admin::audit::{Action, Fault, Verified};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;
use transport::HubIdentity;

use crate::catalogue::CatalogueError;
use crate::catalogue::audit::{Anchor, AuditHead, AuditRow, SignedHead, kind_number};

/// Adds a row. Call it inside the transaction of the change it tells of.
pub(super) fn append(
    connection: &Connection,
    at_unix_millis: i64,
    actor: &Actor,
    action: Action,
    detail: &Value,
) -> Result<(), CatalogueError> {
    let last = last(connection)?;
    let row = AuditRow {
        id: last.row + 1,
        at: at_unix_millis,
        kind: Some(kind_number(actor)),
        actor: actor.name().to_owned(),
        action: action.code().to_owned(),
        detail: detail.to_string(),
    };
    let hash = row.hash_after(last.head);
    connection
        .prepare_cached(
            "INSERT INTO audit (id, at, kind, actor, action, detail, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            row.id,
            row.at,
            row.kind,
            &row.actor,
            &row.action,
            &row.detail,
            hash.0,
        ))?;
    connection
        .prepare_cached(
            "INSERT INTO audit_text (rowid, actor, action, detail) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((row.id, &row.actor, &row.action, &row.detail))?;
    Ok(())
}

/// The last row; of an empty log, row 0.
pub(super) fn last(connection: &Connection) -> Result<Anchor, CatalogueError> {
    let last = connection
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row((), |row| {
            let (row, head) = (row.get(0)?, AuditHead(row.get(1)?));
            Ok(Anchor { row, head })
        })
        .optional()?;
    let head = AuditHead::default();
    Ok(last.unwrap_or(Anchor { row: 0, head }))
}

/// Signs the last row. Call it at the end of the transaction that appended it.
pub(super) fn sign(connection: &Connection, key: &HubIdentity) -> Result<(), CatalogueError> {
    let SignedHead { anchor, signature } = SignedHead::sign(last(connection)?, key)?;
    connection
        .prepare_cached(
            "INSERT INTO audit_head (id, row, head, signature) VALUES (0, ?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET row = ?1, head = ?2, signature = ?3",
        )?
        .execute((anchor.row, anchor.head.0, signature))?;
    Ok(())
}

/// What was signed last, if anything was.
pub(super) fn signed_head(connection: &Connection) -> Result<Option<SignedHead>, CatalogueError> {
    let sql = "SELECT row, head, signature FROM audit_head WHERE id = 0";
    let found = connection.query_row(sql, (), |row| {
        let head = row.get::<_, Vec<u8>>(1)?.try_into().unwrap_or_default();
        Ok(SignedHead {
            anchor: Anchor {
                row: row.get(0)?,
                head: AuditHead(head),
            },
            signature: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}

/// What the log is checked against beside itself.
pub(super) struct Witnesses<'a> {
    /// The hub's key; `None` where it cannot be had.
    pub(super) key: Option<&'a HubIdentity>,
    /// What the file beside the data base says; `None` where there is none.
    pub(super) file: Option<SignedHead>,
    /// What somebody kept elsewhere.
    pub(super) anchors: &'a [Anchor],
}

/// Reads the whole log and checks every hash, and then who signed it.
pub(super) fn verify(
    connection: &Connection,
    witnesses: &Witnesses<'_>,
) -> Result<Verified, CatalogueError> {
    // one transaction: one moment of a log that is being written
    let moment = connection.unchecked_transaction()?;
    let in_data_base = signed_head(&moment)?;
    let in_file = witnesses.file.clone();
    let mut walk = Walk {
        rows: 0,
        head: AuditHead::default(),
        with_kind: false,
        signed: Vec::new(),
        anchors: witnesses.anchors,
    };
    walk.signed.extend(in_data_base.clone().map(|h| h.anchor));
    walk.signed.extend(in_file.iter().map(|head| head.anchor));
    let mut fault = walk.run(&moment)?;
    let mut signed = false;
    if fault.is_none() {
        let (found, by_key) = walk.check_heads(in_data_base, in_file, witnesses.key);
        fault = found;
        signed = by_key;
    }
    Ok(Verified {
        rows: u64::try_from(walk.rows).unwrap_or(0),
        head: walk.head.0,
        signed,
        fault,
    })
}

struct Walk<'a> {
    rows: i64,
    head: AuditHead,
    /// Whether some row says what its actor is; from then on all do, and all are signed.
    with_kind: bool,
    signed: Vec<Anchor>,
    anchors: &'a [Anchor],
}

impl Walk<'_> {
    fn run(&mut self, connection: &Connection) -> Result<Option<Fault>, CatalogueError> {
        let mut statement = connection
            .prepare("SELECT id, at, kind, actor, action, detail, hash FROM audit ORDER BY id")?;
        let mut rows = statement.query(())?;
        while let Some(found) = rows.next()? {
            let row = AuditRow {
                id: found.get(0)?,
                at: found.get(1)?,
                kind: found.get(2)?,
                actor: found.get(3)?,
                action: found.get(4)?,
                detail: found.get(5)?,
            };
            let stored: Vec<u8> = found.get(6)?;
            if let Some(fault) = self.step(&row, &stored) {
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    fn step(&mut self, row: &AuditRow, stored: &[u8]) -> Option<Fault> {
        let expected = self.rows + 1;
        if row.id > expected {
            return Some(Fault::Gone {
                first: number(expected),
                last: number(row.id - 1),
            });
        }
        let head = row.hash_after(self.head);
        let went_back = self.with_kind && row.kind.is_none();
        if row.id < expected || stored != head.0 || went_back {
            return Some(Fault::Changed {
                row: number(row.id),
            });
        }
        let here = Anchor { row: row.id, head };
        let differs = |kept: &&Anchor| kept.row == row.id && **kept != here;
        if self.signed.iter().any(|kept| differs(&kept)) {
            return Some(Fault::Rewritten {
                row: number(row.id),
            });
        }
        if self.anchors.iter().any(|kept| differs(&kept)) {
            return Some(Fault::Anchor {
                row: number(row.id),
            });
        }
        self.with_kind |= row.kind.is_some();
        self.rows = row.id;
        self.head = head;
        None
    }

    /// Looks whether the log ends where the hub's key and whoever kept an anchor say; says also
    /// whether the key signed it.
    fn check_heads(
        &self,
        in_data_base: Option<SignedHead>,
        in_file: Option<SignedHead>,
        key: Option<&HubIdentity>,
    ) -> (Option<Fault>, bool) {
        let signed_ends = self.signed.iter().map(|head| head.row);
        let known_ends = signed_ends.chain(self.anchors.iter().map(|anchor| anchor.row));
        let end = known_ends.max().unwrap_or(0);
        if end > self.rows {
            let fault = Fault::Gone {
                first: number(self.rows + 1),
                last: number(end),
            };
            return (Some(fault), false);
        }
        let is_ours = |head: &SignedHead| key.is_some_and(|key| head.is_of(key));
        let Some(in_data_base) = in_data_base else {
            // rows that no hub signed are of a time when none did
            let fault = (self.with_kind || in_file.is_some()).then_some(Fault::Signature);
            return (fault, false);
        };
        if !is_ours(&in_data_base) {
            return (Some(Fault::Signature), false);
        }
        // a file that is not there yet, or not any more, proves nothing; a wrong one does
        if in_file.is_some_and(|head| !is_ours(&head)) {
            return (Some(Fault::Signature), false);
        }
        if in_data_base.anchor.row < self.rows {
            let fault = Fault::Added {
                first: number(in_data_base.anchor.row + 1),
                last: number(self.rows),
            };
            return (Some(fault), false);
        }
        (None, true)
    }
}

fn number(row: i64) -> u64 {
    u64::try_from(row).unwrap_or(0)
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
