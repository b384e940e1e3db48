//! Every way of tampering with the audit log is found and named (D4).

use std::path::Path;

use proptest::prelude::*;
use protocol::admin::audit::Fault;

use super::*;
use crate::catalogue::sqlite::{HEAD_FILE, SqliteCatalogue};
use crate::catalogue::{Batch, Catalogue as _, Change, What};

fn write_rows(folder: &Path, count: i64) -> SqliteCatalogue {
    let mut catalogue = SqliteCatalogue::open_or_create(folder).expect("created");
    for at in 0..count {
        let batch = Batch {
            at_unix_millis: at,
            changes: vec![Change::by_hub(What::HubStopped)],
        };
        catalogue.apply(&[batch]).expect("noted");
    }
    catalogue
}

/// A log of `count` rows, closed in good order and opened again.
fn log_of(count: i64) -> (tempfile::TempDir, SqliteCatalogue) {
    let folder = tempfile::tempdir().expect("a folder");
    drop(write_rows(folder.path(), count));
    let catalogue = SqliteCatalogue::open(folder.path()).expect("there");
    (folder, catalogue)
}

fn fault_of(catalogue: &SqliteCatalogue) -> Option<Fault> {
    catalogue.verify_audit(&[]).expect("readable").fault
}

fn tamper(catalogue: &SqliteCatalogue, sql: &str) {
    catalogue.connection().execute_batch(sql).expect("tampered");
}

/// Computes all hashes anew, as somebody does who knows how but has no key.
fn chain_anew(catalogue: &SqliteCatalogue) {
    let connection = catalogue.connection();
    let sql = "SELECT id, at, kind, actor, action, detail FROM audit ORDER BY id";
    let mut statement = connection.prepare(sql).expect("SQL");
    let rows = statement.query_map((), |row| {
        Ok(AuditRow {
            id: row.get(0)?,
            at: row.get(1)?,
            kind: row.get(2)?,
            actor: row.get(3)?,
            action: row.get(4)?,
            detail: row.get(5)?,
        })
    });
    let rows: Vec<AuditRow> = rows.expect("rows").map(|row| row.expect("a row")).collect();
    let mut head = AuditHead::default();
    for row in rows {
        head = row.hash_after(head);
        connection
            .execute("UPDATE audit SET hash = ?2 WHERE id = ?1", (row.id, head.0))
            .expect("changed");
    }
}

#[test]
fn d4_an_untouched_log_verifies() {
    let (_folder, catalogue) = log_of(5);
    let found = catalogue.verify_audit(&[]).expect("readable");
    assert_eq!((found.rows, found.signed, found.fault), (5, true, None));
    let (_folder, empty) = log_of(0);
    assert_eq!(fault_of(&empty), None);
}

#[test]
fn d4_a_changed_removed_or_inserted_row_is_named() {
    for (sql, fault) in [
        (
            "UPDATE audit SET actor = 'else' WHERE id = 3",
            Fault::Changed { row: 3 },
        ),
        (
            "UPDATE audit SET kind = 3 WHERE id = 2",
            Fault::Changed { row: 2 },
        ),
        (
            "UPDATE audit SET kind = NULL WHERE id = 2",
            Fault::Changed { row: 2 },
        ),
        (
            "UPDATE audit SET at = 9 WHERE id = 1",
            Fault::Changed { row: 1 },
        ),
        (
            "UPDATE audit SET hash = x'00' WHERE id = 5",
            Fault::Changed { row: 5 },
        ),
        (
            "DELETE FROM audit WHERE id = 2",
            Fault::Gone { first: 2, last: 2 },
        ),
        (
            "DELETE FROM audit WHERE id < 4",
            Fault::Gone { first: 1, last: 3 },
        ),
        (
            "INSERT INTO audit SELECT 6, at, actor, action, detail, hash, kind FROM audit \
             WHERE id = 5",
            Fault::Changed { row: 6 },
        ),
        (
            "DELETE FROM audit WHERE id > 3",
            Fault::Gone { first: 4, last: 5 },
        ),
        ("DELETE FROM audit", Fault::Gone { first: 1, last: 5 }),
        ("DELETE FROM audit_head", Fault::Signature),
        ("UPDATE audit_head SET signature = x'00'", Fault::Signature),
    ] {
        let (_folder, catalogue) = log_of(5);
        tamper(&catalogue, sql);
        assert_eq!(fault_of(&catalogue), Some(fault), "{sql}");
    }
}

#[test]
fn d4_a_tail_that_was_cut_off_with_its_signature_is_missed_by_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(write_rows(folder.path(), 3));
    let earlier = std::fs::read(folder.path().join("hub.db")).expect("a data base");
    drop(write_rows(folder.path(), 4));
    std::fs::write(folder.path().join("hub.db"), earlier).expect("brought back");
    let catalogue = SqliteCatalogue::open(folder.path()).expect("there");
    let gone = Fault::Gone { first: 4, last: 7 };
    assert_eq!(fault_of(&catalogue), Some(gone));
}

#[test]
fn d4_what_is_brought_back_whole_is_found_by_an_anchor() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(write_rows(folder.path(), 3));
    let read = |name| std::fs::read(folder.path().join(name)).expect("a file");
    let earlier = (read("hub.db"), read(HEAD_FILE));
    let catalogue = write_rows(folder.path(), 4);
    let anchor = catalogue.audit_head().expect("readable");
    assert_eq!(anchor.to_string().parse(), Ok(anchor));
    drop(catalogue);
    std::fs::write(folder.path().join("hub.db"), earlier.0).expect("brought back");
    std::fs::write(folder.path().join(HEAD_FILE), earlier.1).expect("brought back");

    let mut catalogue = SqliteCatalogue::open(folder.path()).expect("there");
    assert_eq!(
        fault_of(&catalogue),
        None,
        "without an anchor it looks well"
    );
    let verify = |catalogue: &SqliteCatalogue| {
        let found = catalogue.verify_audit(&[anchor]).expect("readable");
        found.fault
    };
    let gone = Fault::Gone { first: 4, last: 7 };
    assert_eq!(verify(&catalogue), Some(gone));
    // the hub goes on, and what it writes now is not what was there
    for at in 100..105 {
        let change = Change::by_hub(What::HubStopped);
        catalogue.apply(&[change.at(at)]).expect("noted");
    }
    assert_eq!(verify(&catalogue), Some(Fault::Anchor { row: 7 }));
}

#[test]
fn d4_a_log_that_was_rewritten_whole_is_found() {
    let (_folder, catalogue) = log_of(5);
    tamper(&catalogue, "UPDATE audit SET actor = 'else' WHERE id = 3");
    chain_anew(&catalogue);
    assert_eq!(fault_of(&catalogue), Some(Fault::Rewritten { row: 5 }));
}

#[test]
fn d4_rows_added_without_the_key_are_found() {
    let (_folder, catalogue) = log_of(5);
    tamper(
        &catalogue,
        "INSERT INTO audit SELECT id + 2, at, actor, action, detail, hash, kind FROM audit \
         WHERE id > 3",
    );
    chain_anew(&catalogue);
    let added = Fault::Added { first: 6, last: 7 };
    assert_eq!(fault_of(&catalogue), Some(added));
}

#[test]
fn d4_rows_of_hubs_that_did_not_sign_verify_and_are_signed_from_then_on() {
    let (folder, catalogue) = log_of(3);
    tamper(&catalogue, "UPDATE audit SET kind = NULL");
    tamper(&catalogue, "DELETE FROM audit_head");
    chain_anew(&catalogue);
    drop(catalogue);
    std::fs::remove_file(folder.path().join(HEAD_FILE)).expect("removed");
    let mut catalogue = SqliteCatalogue::open(folder.path()).expect("there");
    let found = catalogue.verify_audit(&[]).expect("readable");
    assert_eq!((found.rows, found.signed, found.fault), (3, false, None));
    let change = Change::by_hub(What::HubStopped);
    catalogue.apply(&[change.at(9)]).expect("noted");
    let found = catalogue.verify_audit(&[]).expect("readable");
    assert_eq!((found.rows, found.signed, found.fault), (4, true, None));
}

#[test]
fn d4_a_host_that_calls_itself_hub_is_not_the_hub() {
    let (_folder, mut catalogue) = log_of(0);
    let change = |actor| Change {
        actor,
        what: What::HubStopped,
    };
    for actor in [Actor::Hub, Actor::Host("hub".to_owned())] {
        catalogue.apply(&[change(actor).at(1)]).expect("noted");
    }
    let page = protocol::admin::Page { first: 0, rows: 9 };
    let rows = catalogue.audit_rows(&Default::default(), page);
    let rows = rows.expect("readable").rows;
    let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    use protocol::admin::audit::ActorKind;
    assert_eq!(kinds, [Some(ActorKind::Host), Some(ActorKind::Hub)]);
    tamper(&catalogue, "UPDATE audit SET kind = 1 WHERE id = 2");
    assert_eq!(fault_of(&catalogue), Some(Fault::Changed { row: 2 }));
}

/// One way of tampering with a log of `ROWS` rows.
#[derive(Debug, Clone)]
enum Tampering {
    Set(i64, &'static str, String),
    Remove(i64),
    CutFrom(i64),
    Swap(i64, i64),
    /// A copy of one row at the place of another, all behind it one further.
    Insert(i64, i64),
    Flip {
        file_byte: usize,
        bit: u8,
    },
}

const ROWS: i64 = 8;

fn tampering() -> impl Strategy<Value = Tampering> {
    let row = || 1..=ROWS;
    let column = prop_oneof![Just("actor"), Just("action"), Just("detail")];
    prop_oneof![
        (row(), column, "[a-z]{1,6}")
            .prop_map(|(row, column, text)| { Tampering::Set(row, column, format!("'{text}'")) }),
        (row(), 100_i64..200).prop_map(|(row, at)| Tampering::Set(row, "at", at.to_string())),
        (row(), 2_i64..7).prop_map(|(row, kind)| Tampering::Set(row, "kind", kind.to_string())),
        row().prop_map(Tampering::Remove),
        row().prop_map(Tampering::CutFrom),
        (row(), 1..ROWS).prop_map(|(a, by)| Tampering::Swap(a, (a - 1 + by) % ROWS + 1)),
        (row(), row()).prop_map(|(of, at)| Tampering::Insert(of, at)),
        (any::<usize>(), 0..8_u8).prop_map(|(file_byte, bit)| Tampering::Flip { file_byte, bit }),
    ]
}

impl Tampering {
    fn sql(&self) -> String {
        let columns = "at, actor, action, detail, hash, kind";
        match self {
            Self::Set(row, column, value) => {
                format!("UPDATE audit SET {column} = {value} WHERE id = {row}")
            }
            Self::Remove(row) => format!("DELETE FROM audit WHERE id = {row}"),
            Self::CutFrom(row) => format!("DELETE FROM audit WHERE id >= {row}"),
            Self::Swap(a, b) => format!(
                "UPDATE audit SET id = -1 WHERE id = {a}; UPDATE audit SET id = {a} WHERE id = {b}; \
                 UPDATE audit SET id = {b} WHERE id = -1"
            ),
            Self::Insert(of, at) => format!(
                "CREATE TEMP TABLE copy AS SELECT {columns} FROM audit WHERE id = {of}; \
                 UPDATE audit SET id = -id - 1 WHERE id >= {at}; \
                 UPDATE audit SET id = -id WHERE id < 0; \
                 INSERT INTO audit (id, {columns}) SELECT {at}, {columns} FROM copy"
            ),
            Self::Flip { .. } => String::new(),
        }
    }

    /// The row that is the first that is wrong.
    fn first_wrong(&self) -> Option<i64> {
        match self {
            Self::Set(row, ..) | Self::Remove(row) | Self::CutFrom(row) => Some(*row),
            Self::Swap(a, b) => Some(*a.min(b)),
            // a copy of a row before its own place stands after it
            Self::Insert(of, at) if of == at => Some(at + 1),
            Self::Insert(_, at) => Some(*at),
            Self::Flip { .. } => None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whoever has no key may compute all hashes anew, and is found too.
    #[test]
    fn d4_any_row_changed_removed_added_or_reordered_is_found_and_named(
        tampering in tampering(),
        chained_anew in any::<bool>(),
    ) {
        let (folder, catalogue) = log_of(ROWS);
        if let Tampering::Flip { file_byte, bit } = tampering {
            let path = folder.path().join(HEAD_FILE);
            let mut bytes = std::fs::read(&path).expect("a file");
            // the end of the line alone means nothing
            let at = file_byte % (bytes.len() - 1);
            bytes[at] ^= 1 << bit;
            let same = bytes[at].eq_ignore_ascii_case(&(bytes[at] ^ (1 << bit)));
            std::fs::write(&path, bytes).expect("tampered");
            prop_assert!(same || fault_of(&catalogue).is_some());
            return Ok(());
        }
        tamper(&catalogue, &tampering.sql());
        let fault = fault_of(&catalogue).expect("found");
        let named = match fault {
            Fault::Changed { row } => row,
            Fault::Gone { first, .. } => first,
            Fault::Added { .. } | Fault::Rewritten { .. } | Fault::Signature | Fault::Anchor { .. } => {
                panic!("found as {fault:?}")
            }
        };
        prop_assert_eq!(i64::try_from(named).ok(), tampering.first_wrong());
        if chained_anew {
            chain_anew(&catalogue);
            prop_assert!(fault_of(&catalogue).is_some());
        }
    }
}

/// `cargo test --release -p hub -- --ignored --nocapture a_million_rows`
#[test]
#[ignore = "takes a minute; a figure for BENCHMARKS.md"]
fn a_million_rows_of_the_audit_log_are_paged_in_milliseconds() {
    use protocol::admin::Page;
    use protocol::admin::audit::Filter;
    use std::time::Instant;

    const MILLION: i64 = 1_500_000;
    let folder = tempfile::tempdir().expect("a folder");
    let mut catalogue = SqliteCatalogue::open_or_create(folder.path()).expect("created");
    let began = Instant::now();
    for thousand in 0..MILLION / 1000 {
        let batches = (0..1000).map(|n| {
            let at = thousand * 1000 + n;
            let session = protocol::SessionId(at.unsigned_abs());
            let what = match at % 3 {
                0 => What::FilmWatched { session },
                1 => What::LogInRefused {
                    address: std::net::IpAddr::from([
                        10,
                        0,
                        at.to_le_bytes()[1],
                        at.to_le_bytes()[0],
                    ]),
                },
                _ => What::HubStopped,
            };
            let actor = match at % 7 {
                0 => Actor::Hub,
                n => Actor::Account(format!("operator{n}")),
            };
            Change { actor, what }.at(at)
        });
        let batches: Vec<Batch> = batches
            .filter(|batch| !matches!(batch.changes[0].what, What::FilmWatched { .. }))
            .collect();
        catalogue.apply(&batches).expect("noted");
    }
    let rows = catalogue.audit_head().expect("readable").row;
    println!("{rows} rows written in {:?}", began.elapsed());
    let filters = [
        ("all", Filter::default()),
        (
            "actor",
            Filter {
                actor: Some("operator3".into()),
                ..Filter::default()
            },
        ),
        (
            "actor and action",
            Filter {
                actor: Some("operator3".into()),
                action: Some("log_in.refused".into()),
                since_unix_millis: Some(MILLION / 4),
                ..Filter::default()
            },
        ),
        (
            "common word",
            Filter {
                text: "refused".into(),
                ..Filter::default()
            },
        ),
        (
            "rare words of one actor",
            Filter {
                actor: Some("operator3".into()),
                text: "10.0.77 address".into(),
                ..Filter::default()
            },
        ),
    ];
    for (name, filter) in filters {
        let mut took: Vec<_> = (0..40_u32)
            .map(|n| {
                let first = n * 97 % 40 * 2_000;
                let began = Instant::now();
                let page = Page { first, rows: 200 };
                catalogue.audit_rows(&filter, page).expect("readable");
                began.elapsed()
            })
            .collect();
        took.sort();
        println!("{name}: p50 {:?}, p95 {:?}", took[20], took[38]);
    }
    let began = Instant::now();
    assert_eq!(fault_of(&catalogue), None);
    println!("verified in {:?}", began.elapsed());
}
