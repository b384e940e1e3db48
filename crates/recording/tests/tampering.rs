//! Any row of a film that is changed, removed, added or moved is found and named; so is a film whose end
//! was cut off, by whoever knows its head (D2, D4).

use std::path::Path;

use proptest::prelude::*;
use recording::{Body, ChainHead, ChatAuthor, EndedBy, Entry, Recorder, Recording, RecordingMeta};

/// Entries of the film below, its end with them.
const ENTRIES: i64 = 9;

fn film(path: &Path, word: &str) -> ChainHead {
    let meta = RecordingMeta {
        session: 7,
        operator: "Ada".to_owned(),
        requester: "Bob".to_owned(),
        host: "bobs-pc".to_owned(),
        ticket: Some(1),
        started_unix_millis: 1_790_000_000_000,
        hub_version: "0.1.0".to_owned(),
    };
    let mut recorder = Recorder::create(path, &meta).expect("a new film");
    for at in 1..ENTRIES.unsigned_abs() {
        let entry = Entry {
            at_micros: at * 1000,
            body: Body::Chat {
                author: ChatAuthor::User,
                name: "Bob".to_owned(),
                text: format!("{word} {at}"),
            },
        };
        recorder.append(&entry).expect("recorded");
    }
    recorder.finish(EndedBy::User, 9000).expect("finished")
}

#[derive(Debug, Clone)]
enum Tampering {
    Set(i64, &'static str, String),
    Remove(i64),
    CutFrom(i64),
    Swap(i64, i64),
    /// A copy of one entry at the place of another, all behind it one further.
    Insert(i64, i64),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let row = || 1..=ENTRIES;
    let number = prop_oneof![
        Just("at_micros"),
        Just("kind"),
        Just("seq"),
        Just("is_reset")
    ];
    let bytes = prop_oneof![Just("body"), Just("chain")];
    prop_oneof![
        (row(), number, 10_000..99_999_i64).prop_map(|(row, column, value)| Tampering::Set(
            row,
            column,
            value.to_string()
        )),
        (row(), bytes, any::<[u8; 4]>()).prop_map(|(row, column, value)| {
            let value = u32::from_be_bytes(value);
            Tampering::Set(row, column, format!("x'{value:08x}'"))
        }),
        row().prop_map(Tampering::Remove),
        row().prop_map(Tampering::CutFrom),
        (row(), 1..ENTRIES).prop_map(|(a, by)| Tampering::Swap(a, (a - 1 + by) % ENTRIES + 1)),
        (row(), row()).prop_map(|(of, at)| Tampering::Insert(of, at)),
    ]
}

impl Tampering {
    fn sql(&self) -> String {
        let columns = "at_micros, kind, seq, is_reset, chain, body";
        match self {
            Self::Set(row, column, value) => {
                format!("UPDATE entry SET {column} = {value} WHERE id = {row}")
            }
            Self::Remove(row) => format!("DELETE FROM entry WHERE id = {row}"),
            Self::CutFrom(row) => format!("DELETE FROM entry WHERE id >= {row}"),
            Self::Swap(a, b) => format!(
                "UPDATE entry SET id = -1 WHERE id = {a}; UPDATE entry SET id = {a} WHERE id = {b}; \
                 UPDATE entry SET id = {b} WHERE id = -1"
            ),
            Self::Insert(of, at) => format!(
                "CREATE TEMP TABLE copy AS SELECT {columns} FROM entry WHERE id = {of}; \
                 UPDATE entry SET id = -id - 1 WHERE id >= {at}; \
                 UPDATE entry SET id = -id WHERE id < 0; \
                 INSERT INTO entry (id, {columns}) SELECT {at}, {columns} FROM copy"
            ),
        }
    }

    /// The first entry that is wrong; `None` where what is left is right, and only too short.
    fn first_wrong(&self) -> Option<i64> {
        match self {
            Self::CutFrom(_) => None,
            Self::Remove(row) if *row == ENTRIES => None,
            Self::Set(row, ..) | Self::Remove(row) => Some(*row),
            Self::Swap(a, b) => Some(*a.min(b)),
            Self::Insert(of, at) if of == at => Some(at + 1),
            Self::Insert(_, at) => Some(*at),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn d2_any_entry_changed_removed_added_or_moved_is_found_and_named(tampering in tampering()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("1.film");
        let head = film(&path, "word");
        let whole = Recording::open(&path).expect("a film").verify();
        prop_assert!(whole.intact && whole.finished && whole.head == head);
        let connection = rusqlite::Connection::open(&path).expect("a file");
        connection.execute_batch(&tampering.sql()).expect("tampered");
        drop(connection);
        let found = Recording::open(&path).expect("a film").verify();
        let named = found.first_fault.map(|fault| fault.entry.expect("an entry"));
        prop_assert_eq!(named.map(u64::cast_signed), tampering.first_wrong());
        // who knows the head, as the hub does and signs, finds the rest
        prop_assert!(named.is_some() || (found.head != head && !found.finished));
    }
}

#[test]
fn d2_a_film_that_was_made_anew_has_another_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let head = film(&folder.path().join("1.film"), "word");
    assert_eq!(film(&folder.path().join("2.film"), "word"), head);
    assert_ne!(film(&folder.path().join("3.film"), "work"), head);
}
