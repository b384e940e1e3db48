//! Whatever stands in a file that calls itself a recording, opening, reading, checking and continuing
//! it end in an answer or an error.
//!
//! An input is either changes to the bytes of a sound recording, or rows that somebody with an `SQLite`
//! shell put into it. What was intact stays so when it is continued.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use recording::{
    Body, ChatAuthor, EndedBy, Entry, Event, MAX_GAPS, Recorder, Recording, RecordingMeta, Rights,
    Side,
};
use rusqlite::{Connection, params};

/// More tell nothing new.
const MOST_ROWS: usize = 32;

struct Place {
    folder: tempfile::TempDir,
    /// A recording that is not finished.
    sound: Vec<u8>,
}

impl Place {
    fn path(&self) -> PathBuf {
        self.folder.path().join("session.film")
    }

    /// Removes what an earlier input left beside its file.
    fn tidy(&self) {
        for end in ["-wal", "-shm", "-journal"] {
            let file = self.folder.path().join(format!("session.film{end}"));
            drop(std::fs::remove_file(file));
        }
    }
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    // in memory where there is such a folder: this is about bytes, not about a disk
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let folder = folder.expect("a folder for the inputs");
    let path = folder.path().join("sound.film");
    record(&path);
    let sound = std::fs::read(&path).expect("it was just made");
    Place { folder, sound }
});

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    PLACE.tidy();
    let path = PLACE.path();
    if kind & 1 == 0 {
        std::fs::write(&path, damaged(rest)).expect("room for it");
    } else {
        std::fs::write(&path, &PLACE.sound).expect("room for it");
        insert(&path, rest);
    }
    look(&path);
});

/// The sound recording with some of its bytes changed: three bytes of input for each.
fn damaged(input: &[u8]) -> Vec<u8> {
    let mut bytes = PLACE.sound.clone();
    for &[low, high, value] in input.as_chunks::<3>().0 {
        let place = usize::from(u16::from_le_bytes([low, high])) % bytes.len();
        bytes[place] = value;
    }
    bytes
}

/// Appends rows whose columns and bodies are the input's.
fn insert(path: &Path, mut input: &[u8]) {
    let shell = Connection::open(path).expect("a sound database");
    shell
        .execute_batch("PRAGMA synchronous = OFF; BEGIN")
        .expect("good SQL");
    for _ in 0..MOST_ROWS {
        let Some((&[kind, time, number, length], rest)) = input.split_first_chunk() else {
            break;
        };
        let (body, rest) = rest.split_at(usize::from(length).min(rest.len()));
        input = rest;
        let is_reset = i64::from(number & 3) - 1;
        shell
            .execute(
                "INSERT INTO entry (at_micros, kind, seq, is_reset, chain, body) \
                 VALUES (?1, ?2, ?3, ?4, zeroblob(32), ?5)",
                params![
                    i64::from(time.cast_signed()) * 1_000_000,
                    kind % 6,
                    number >> 2,
                    is_reset,
                    body
                ],
            )
            .expect("the schema takes it");
    }
    shell.execute_batch("COMMIT").expect("good SQL");
}

/// Everything that is done with a recording.
fn look(path: &Path) {
    let Ok(recording) = Recording::open(path) else {
        return;
    };
    let found = recording.verify();
    if let Ok(gaps) = recording.gaps() {
        assert!(gaps.all.len() <= MAX_GAPS);
        for gap in gaps.all {
            assert!(!gap.to_string().is_empty());
        }
    }
    let entries = recording.entries(0).map(|entries| {
        entries
            .map_while(Result::ok)
            .inspect(|entry| {
                if let Body::Event(event) = &entry.body {
                    let _words = event.to_string();
                }
            })
            .count()
    });
    if found.intact {
        let count = entries.map(|count| count as u64).ok();
        assert_eq!(count, Some(found.entries));
    }
    for at_micros in [0, 1_500_000, u64::MAX] {
        if let Ok(entries) = recording.entries_from_reset(at_micros) {
            let _entries = entries.map_while(Result::ok).count();
        }
    }
    drop(recording);
    if let Ok(recorder) = Recorder::reopen(path) {
        let finished = recorder.finish(EndedBy::HubStopped, 5_000_000);
        if found.intact {
            let head = finished.expect("nothing is in its way");
            let found = Recording::open(path).expect("it was one before").verify();
            assert!(found.intact && found.finished && found.head == head);
        }
    }
}

/// A recording with some of everything.
fn record(path: &Path) {
    let name = || "Ada".to_owned();
    let meta = RecordingMeta {
        session: 7,
        operator: name(),
        requester: "Bob".to_owned(),
        host: "bobs-pc".to_owned(),
        ticket: Some(47_110),
        started_unix_millis: 1_790_000_000_000,
        hub_version: "0.1.0".to_owned(),
    };
    let mut recorder = Recorder::create(path, &meta).expect("a new recording");
    let rights = Rights::SEE | Rights::CONTROL;
    let screen = |seq| Body::Screen {
        seq,
        is_reset: seq == 1,
        payload: vec![7; 300].into(),
    };
    let bodies = [
        Body::Event(Event::Started { rights }),
        screen(1),
        Body::Pointer(vec![1, 2, 3].into()),
        Body::Chat {
            author: ChatAuthor::User,
            name: "Bob".to_owned(),
            text: "it does not print".to_owned(),
        },
        screen(2),
        Body::Event(Event::OperatorJoined {
            name: name(),
            rights,
        }),
        Body::Event(Event::Driver { name: Some(name()) }),
        Body::Event(Event::Interrupted { side: Side::Host }),
        Body::Event(Event::Resumed { side: Side::Host }),
        screen(1),
    ];
    for (at, body) in (0..).zip(bodies) {
        let at_micros = at * 100_000;
        let entry = Entry { at_micros, body };
        recorder.append(&entry).expect("room for it");
    }
    recorder.sync().expect("room for it");
    drop(recorder);
    // one file without a log beside it
    let shell = Connection::open(path).expect("a database");
    shell
        .pragma_update(None, "journal_mode", "DELETE")
        .expect("nobody reads it");
}
