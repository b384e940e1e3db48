//! The data base of every earlier schema is opened, becomes one of today's, and loses nothing (B4).
//!
//! What lies in `fixtures` was written by hubs of that schema, but for 4, 5, 6, 8, 9 and 10: these are the folder
//! of schema 3, or of 7, brought on by the steps of that time, with rows of what was new then.

use std::collections::BTreeSet;
use std::path::Path;

use hub::catalogue::{self, Catalogue};
use protocol::admin::Page;
use protocol::admin::hosts::{Filter, Order};
use protocol::admin::reports::{ReportFilter, ReportSort};
use rusqlite::Connection;

const ALL: Page = Page {
    first: 0,
    rows: 100,
};
const VERSIONS: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A folder with the data base of this version.
fn older(version: u32) -> tempfile::TempDir {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folder = folder();
    let database = folder.path().join("hub.db");
    private_file::open(&database).expect("made");
    let dump = fixtures.join(format!("schema-{version}.sql"));
    if let Ok(rows) = std::fs::read_to_string(dump) {
        let opened = Connection::open(&database).expect("opened");
        opened.execute_batch(&rows).expect("sound");
        return folder;
    }
    let kept = [
        fixtures.join(format!("schema-{version}.db")),
        fixtures.join(format!("folder-{version}/hub.db")),
    ];
    let kept = kept.iter().find(|path| path.is_file());
    let bytes = std::fs::read(kept.expect("a fixture of this version")).expect("readable");
    std::fs::write(&database, bytes).expect("written");
    if version >= 7 {
        // the first whose key signs the log in a folder that is kept here
        for beside in ["hub-key.pem", "audit.head"] {
            let from = fixtures.join("folder-7").join(beside);
            let bytes = std::fs::read(from).expect("readable");
            let path = folder.path().join(beside);
            private_file::replace(&path, &bytes).expect("written");
        }
    }
    folder
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("hub.db")).expect("opened")
}

fn version_of(database: &Connection) -> u32 {
    let asked = database.pragma_query_value(None, "user_version", |row| row.get(0));
    asked.expect("a number")
}

fn lines(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).expect("SQL");
    let columns = statement.column_count();
    let rows = statement.query_map((), |row| {
        let values = (0..columns).map(|column| {
            let value: rusqlite::types::Value = row.get(column)?;
            Ok(format!("{value:?}"))
        });
        values
            .collect::<rusqlite::Result<Vec<_>>>()
            .map(|values| values.join(" "))
    });
    rows.expect("rows").collect::<Result<_, _>>().expect("read")
}

/// What the tables, views and indexes are, without what their text looks like after `ALTER TABLE`.
fn shape(database: &Connection) -> BTreeSet<String> {
    let mut shape = BTreeSet::new();
    let names = "SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
    for object in lines(database, names) {
        shape.insert(object);
    }
    let columns = "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk, c.hidden \
                   FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c \
                   WHERE m.type IN ('table', 'view')";
    shape.extend(lines(database, columns));
    let indexed = "SELECT m.name, i.seqno, i.name, i.coll, i.desc \
                   FROM sqlite_schema AS m, pragma_index_xinfo(m.name) AS i \
                   WHERE m.type = 'index'";
    shape.extend(lines(database, indexed));
    shape
}

fn problems(catalogue: &dyn Catalogue, text: &str) -> Vec<String> {
    let filter = ReportFilter {
        text: text.into(),
        ..ReportFilter::default()
    };
    let rows = catalogue.reports(&filter, ReportSort::default(), ALL);
    let rows = rows.expect("a list").rows;
    rows.iter().map(|row| row.problem.to_string()).collect()
}

#[test]
fn b4_the_data_base_of_every_earlier_schema_becomes_one_of_today() {
    let new = folder();
    drop(catalogue::open_or_create(new.path()).expect("created"));
    let new = database(new.path());
    let (newest, wanted) = (version_of(&new), shape(&new));
    assert_eq!(newest, 11, "the schema before is kept as a fixture too");
    for version in VERSIONS {
        let folder = older(version);
        let before = database(folder.path());
        assert_eq!(
            version_of(&before),
            version,
            "the fixture is what it is named"
        );
        let count = |database: &Connection| {
            let all = ["operator", "ticket", "session", "report", "audit"];
            all.map(|table| lines(database, &format!("SELECT count(*) FROM {table}")))
        };
        let rows = count(&before);
        drop(before);

        let catalogue = catalogue::open(folder.path()).expect("opened");
        let verified = catalogue.verify_audit(&[]).expect("read");
        assert_eq!(verified.fault, None, "schema {version}");
        let told = catalogue.reports(&ReportFilter::default(), ReportSort::default(), ALL);
        let listed = told.expect("a list").total;
        drop(catalogue);

        let after = database(folder.path());
        assert_eq!(version_of(&after), newest, "schema {version}");
        assert_eq!(count(&after), rows, "schema {version}");
        assert_eq!(
            lines(&after, "SELECT count(*) FROM report"),
            [format!("Integer({listed})")],
            "schema {version}: all reports are listed"
        );
        let found = shape(&after);
        let missing: Vec<_> = wanted.symmetric_difference(&found).collect();
        assert!(missing.is_empty(), "schema {version}: {missing:?}");
        let ok = ["Text(\"ok\")"];
        assert_eq!(lines(&after, "PRAGMA integrity_check"), ok);
        assert!(lines(&after, "PRAGMA foreign_key_check").is_empty());
    }
}

#[test]
fn b4_reports_of_every_earlier_schema_are_found_by_their_words_and_groups() {
    for version in VERSIONS {
        let folder = older(version);
        let catalogue = catalogue::open(folder.path()).expect("opened");
        let catalogue = &*catalogue;
        match version {
            1 => assert_eq!(problems(catalogue, "forgot"), ["Forgot the password"]),
            2 => assert_eq!(problems(catalogue, "").len(), 1),
            _ => {
                assert_eq!(problems(catalogue, "e LENTO"), ["Outlook è lento"]);
                assert_eq!(problems(catalogue, "").len(), 3, "schema {version}");
            }
        }
        if version >= 4 {
            // the group came with schema 4
            let mut filter = ReportFilter::default();
            filter.groups.operators = Some("shops".into());
            let rows = catalogue.reports(&filter, ReportSort::default(), ALL);
            assert_eq!(rows.expect("a list").total, 2, "schema {version}");
        }
        if version >= 5 {
            let corrected = problems(catalogue, "carta finita");
            assert_eq!(corrected, ["No paper in the printer"], "schema {version}");
        }
        if version >= 6 {
            let days = catalogue.settings().expect("read").film_days;
            assert_eq!(days, 3000, "schema {version}");
            let first = protocol::SessionId(1);
            let facts = catalogue.film_facts(first).expect("read").expect("a film");
            assert!(facts.film.held.is_some(), "schema {version}");
        }
    }
}

#[test]
fn h9_a_session_from_before_there_were_receipts_has_one() {
    for version in 3..=8 {
        let folder = older(version);
        let sql = "SELECT hex(host_place) FROM session WHERE id = 1";
        let place = lines(&database(folder.path()), sql);
        let digits = place[0].trim_matches(|c: char| !c.is_ascii_hexdigit());
        let digits = &digits[digits.len() - 32..];
        let place = u128::from_str_radix(digits, 16)
            .expect("a place")
            .to_be_bytes();
        let mut catalogue = catalogue::open(folder.path()).expect("opened");
        let signed = catalogue.last_receipt(protocol::PeerId(place));
        let signed = signed.expect("read").expect("made");
        let (receipt, _) = transport::receipt::verify(&signed).expect("signed");
        assert!(
            receipt.helpers[0].allowed.has(protocol::Rights::SEE),
            "schema {version}"
        );
        let none = catalogue.last_receipt(protocol::PeerId::NOBODY);
        assert_eq!(none.expect("read"), None);
    }
}

#[test]
fn b4_hosts_of_the_schema_before_are_found_by_what_they_are_called() {
    let folder = older(7);
    let catalogue = catalogue::open(folder.path()).expect("opened");
    let found = |search: &str| {
        let filter = Filter {
            search: search.into(),
            ..Filter::default()
        };
        let rows = catalogue.host_rows(&filter, (Order::Name, false), ALL);
        let names = rows.expect("a list").rows;
        names
            .iter()
            .map(|row| row.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("caffè"), ["CAFFÈ-2"]);
    assert_eq!(found("front"), ["Front till"]);
    assert_eq!(found("till-1"), ["Front till"]);
    assert_eq!(found("the door").len(), 2);
    assert_eq!(found("nowhere"), Vec::<String>::new());
}
