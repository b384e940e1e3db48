//! Whole recordings in real files: written, read, damaged, cut off.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use recording::{
    Body, ChatAuthor, EndedBy, Entry, Event, FaultKind, OpenError, ReadError, RecordError,
    Recorder, Recording, RecordingMeta, Rights,
};
use rusqlite::Connection;

fn meta() -> RecordingMeta {
    RecordingMeta {
        session: u64::MAX,
        operator: "Ada".to_owned(),
        requester: "Bòb".to_owned(),
        host: "bobs-pc".to_owned(),
        ticket: Some(47_110),
        started_unix_millis: 1_790_000_000_123,
        hub_version: "0.1.0".to_owned(),
    }
}

fn screen(seq: u64, is_reset: bool) -> Body {
    let payload = vec![u8::try_from(seq % 251).expect("small"); 5000];
    Body::Screen {
        seq,
        is_reset,
        payload: payload.into(),
    }
}

/// A session of a second: a screen update every 10 ms, every tenth of them a reset, one chat line.
fn a_session() -> Vec<Entry> {
    let started = Body::Event(Event::Started {
        rights: Rights::SEE,
    });
    let mut bodies = vec![(0, started)];
    for seq in 0..100 {
        bodies.push((seq * 10_000, screen(seq, seq % 10 == 0)));
    }
    let chat = Body::Chat {
        author: ChatAuthor::User,
        name: "Bòb".to_owned(),
        text: "it does not print".to_owned(),
    };
    bodies.push((995_000, chat));
    bodies.push((996_000, Body::Pointer(vec![1, 2, 3].into())));
    bodies
        .into_iter()
        .map(|(at_micros, body)| Entry { at_micros, body })
        .collect()
}

fn record(path: &Path, entries: &[Entry]) -> Recorder {
    let mut recorder = Recorder::create(path, &meta()).expect("a new recording");
    for entry in entries {
        recorder.append(entry).expect("room on the disk");
    }
    recorder.commit().expect("room on the disk");
    recorder
}

fn finished_session() -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    let recorder = record(&path, &a_session());
    recorder
        .finish(EndedBy::Operator, 1_000_000)
        .expect("room on the disk");
    (folder, path)
}

// a hub's blocking thread owns a recorder, a player's a recording
const _: fn() = || {
    fn can_move_to_another_thread<T: Send>() {}
    can_move_to_another_thread::<Recorder>();
    can_move_to_another_thread::<Recording>();
};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("session.film");
    (folder, path)
}

fn all(entries: recording::Entries<'_>) -> Vec<Entry> {
    entries
        .collect::<Result<_, ReadError>>()
        .expect("a sound recording")
}

/// Does to the file what somebody with a `SQLite` shell could do.
fn tamper(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("a database");
    connection.execute_batch(sql).expect("good SQL");
}

fn fault_after(sql: &str) -> (Option<u64>, FaultKind) {
    let (_folder, path) = finished_session();
    tamper(&path, sql);
    let found = Recording::open(&path).expect("a recording").verify();
    assert!(!found.intact, "{sql} was not noticed");
    let fault = found.first_fault.expect("a fault is named");
    (fault.entry, fault.kind)
}

#[test]
fn what_was_appended_is_read_again() {
    let (_folder, path) = place();
    let entries = a_session();
    let recorder = record(&path, &entries);
    assert_eq!(recorder.bytes(), 2 + 100 * 5000 + 24 + 3);
    let head = recorder
        .finish(EndedBy::Operator, 1_000_000)
        .expect("room on the disk");

    let recording = Recording::open(&path).expect("a recording");
    assert_eq!(recording.meta(), &meta());
    assert!(recording.is_finished().expect("readable"));
    assert_eq!(recording.duration_micros().expect("readable"), 1_000_000);
    let read = all(recording.entries(0).expect("readable"));
    assert_eq!(read[..entries.len()], entries[..]);
    let by = EndedBy::Operator;
    assert_eq!(read[entries.len()].body, Body::Event(Event::Ended { by }));

    let found = recording.verify();
    assert_eq!((found.entries, found.first_fault), (104, None));
    assert!(found.intact && found.finished);
    assert_eq!(found.head, head);
}

#[test]
fn a_finished_recording_is_a_single_file() {
    let (folder, _path) = finished_session();
    let files = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(files, 1);
}

#[test]
fn a_reader_seeks_by_time_and_to_the_last_reset() {
    let (_folder, path) = finished_session();
    let recording = Recording::open(&path).expect("a recording");
    let first = |mut entries: recording::Entries<'_>| {
        entries.next().map(|entry| entry.expect("sound").body)
    };
    let at = |micros| first(recording.entries(micros).expect("readable"));
    assert_eq!(at(555_000), Some(screen(56, false)));
    assert_eq!(at(560_000), Some(screen(56, false)));
    assert_eq!(at(1_000_001), None);
    assert_eq!(at(u64::MAX), None);
    let reset = |micros| first(recording.entries_from_reset(micros).expect("readable"));
    assert_eq!(reset(555_000), Some(screen(50, true)));
    assert_eq!(reset(0), Some(screen(0, true)));
    assert_eq!(reset(u64::MAX), Some(screen(90, true)));
    assert_eq!(all(recording.resets()).len(), 10);
    assert_eq!(all(recording.timeline()).len(), 3);
}

#[test]
fn a_time_that_runs_backwards_is_raised() {
    let (_folder, path) = place();
    let entry = |at_micros| Entry {
        at_micros,
        body: screen(0, true),
    };
    drop(record(&path, &[entry(500), entry(400), entry(600)]));
    let recording = Recording::open(&path).expect("a recording");
    let times = all(recording.entries(0).expect("readable"));
    let times: Vec<_> = times.iter().map(|entry| entry.at_micros).collect();
    assert_eq!(times, [500, 500, 600]);
    assert!(recording.verify().intact);
}

#[test]
fn each_kind_of_tampering_is_named_with_the_first_entry_it_touches() {
    let changed = |id| (Some(id), FaultKind::Changed);
    for (sql, fault) in [
        ("UPDATE entry SET body = x'00' WHERE id = 40", changed(40)),
        (
            "UPDATE entry SET at_micros = at_micros + 1 WHERE id >= 40",
            changed(40),
        ),
        ("UPDATE entry SET seq = 7 WHERE id = 41", changed(41)),
        ("UPDATE entry SET is_reset = 1 WHERE id = 43", changed(43)),
        (
            "UPDATE entry SET kind = 2, seq = 0 WHERE id = 43",
            changed(43),
        ),
        (
            "UPDATE entry SET chain = zeroblob(32) WHERE id = 104",
            changed(104),
        ),
        (
            "DELETE FROM entry WHERE id = 1",
            (Some(1), FaultKind::Missing),
        ),
        (
            "DELETE FROM entry WHERE id = 50",
            (Some(50), FaultKind::Missing),
        ),
        (
            "DELETE FROM entry WHERE id = 50; UPDATE entry SET id = id - 1 WHERE id > 50",
            changed(50),
        ),
        (
            "INSERT INTO entry SELECT 0, at_micros, 1, 0, 0, chain, body FROM entry LIMIT 1",
            changed(0),
        ),
        (
            "UPDATE meta SET operator = 'Eve'",
            (None, FaultKind::MetaChanged),
        ),
        (
            "UPDATE meta SET ticket = NULL",
            (None, FaultKind::MetaChanged),
        ),
    ] {
        assert_eq!(fault_after(sql), fault, "{sql}");
    }
}

#[test]
fn a_shortened_recording_is_unfinished_and_has_another_head() {
    let (_folder, path) = finished_session();
    let before = Recording::open(&path).expect("a recording").verify();
    tamper(&path, "DELETE FROM entry WHERE id = 104");
    let after = Recording::open(&path).expect("a recording").verify();
    assert!(!after.finished);
    assert_ne!(after.head, before.head);
}

#[test]
fn a_damaged_index_is_noticed() {
    let (_folder, path) = finished_session();
    // the schema stays the same, two indexes change places
    tamper(
        &path,
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage =
             (SELECT sum(rootpage) FROM sqlite_schema
              WHERE name IN ('entry_resets', 'entry_timeline')) - rootpage
             WHERE name IN ('entry_resets', 'entry_timeline');",
    );
    let found = Recording::open(&path).expect("a recording").verify();
    assert!(!found.intact);
    assert_eq!(found.first_fault.expect("a fault is named").entry, None);
}

#[test]
fn a_damaged_index_or_the_last_number_there_is_never_makes_reading_endless() {
    let (_folder, path) = finished_session();
    // times stand where numbers of entries are looked for
    tamper(
        &path,
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage =
             (SELECT sum(rootpage) FROM sqlite_schema
              WHERE name IN ('entry_by_time', 'entry_timeline')) - rootpage
             WHERE name IN ('entry_by_time', 'entry_timeline');",
    );
    let recording = Recording::open(&path).expect("a recording");
    let read: Vec<_> = recording.timeline().take(1000).collect();
    assert!(matches!(read.last(), Some(Err(ReadError::Index))));
    assert!(matches!(recording.gaps(), Err(ReadError::Index)));

    let (_folder, path) = finished_session();
    let last = "INSERT INTO entry SELECT 9223372036854775807, at_micros, 4, 0, 0, chain, x'0401' \
                FROM entry WHERE id = 104";
    tamper(&path, last);
    let recording = Recording::open(&path).expect("a recording");
    for entries in [
        recording.entries(0).expect("readable"),
        recording.timeline(),
    ] {
        assert!(entries.take(1000).count() < 110);
    }
    let error = Recorder::reopen(&path).expect_err("no number is left");
    assert!(matches!(
        error,
        OpenError::NotContinued(RecordError::NoNumberLeft)
    ));
}

#[test]
fn other_files_are_no_recordings() {
    let (folder, path) = place();
    let open = |path: &Path| Recording::open(path).expect_err("no recording");
    assert!(matches!(open(&path), OpenError::Unreadable(_)));
    assert!(matches!(open(folder.path()), OpenError::NotARecording));
    std::fs::write(&path, b"").expect("a file");
    assert!(matches!(open(&path), OpenError::NotARecording));
    std::fs::write(&path, [7; 8192]).expect("a file");
    assert!(matches!(open(&path), OpenError::NotARecording));
    std::fs::remove_file(&path).expect("our file");
    tamper(&path, "CREATE TABLE meta (id)");
    assert!(matches!(open(&path), OpenError::NotARecording));
}

#[test]
fn a_file_with_anything_else_in_its_schema_is_no_recording() {
    for sql in [
        "CREATE VIEW extra AS SELECT 1",
        "CREATE TRIGGER extra AFTER INSERT ON entry BEGIN SELECT 1; END",
        "DROP INDEX entry_resets",
        "DROP TABLE entry; CREATE VIEW entry AS SELECT * FROM meta",
        "DELETE FROM meta",
        "UPDATE meta SET host = hex(zeroblob(2000))",
    ] {
        let (_folder, path) = finished_session();
        tamper(&path, sql);
        let error = Recording::open(&path).expect_err(sql);
        assert!(
            matches!(error, OpenError::NotARecording),
            "{sql}: {error:?}"
        );
    }
}

#[test]
fn a_newer_format_is_said_to_be_newer() {
    let (_folder, path) = finished_session();
    tamper(&path, "PRAGMA user_version = 4");
    let error = Recording::open(&path).expect_err("newer");
    assert!(matches!(error, OpenError::NewerVersion { found: 4 }));
    assert_eq!(
        error.to_string(),
        "the recording has format 4, this program knows formats up to 3"
    );
}

#[test]
fn a_huge_row_in_a_hostile_file_is_an_error_and_not_an_allocation() {
    for sql in [
        "UPDATE entry SET body = zeroblob(100000000) WHERE id = 3",
        "UPDATE entry SET body = zeroblob(9450000) WHERE id = 3",
    ] {
        let (_folder, path) = finished_session();
        tamper(&path, sql);
        let recording = Recording::open(&path).expect("a recording");
        let entries: Vec<_> = recording.entries(0).expect("readable").collect();
        assert_eq!(entries.len(), 3, "two good entries and an error");
        assert!(entries[2].is_err());
        assert_eq!(recording.verify().entries, 2);
    }
}

#[test]
fn damaged_bytes_anywhere_are_an_error_and_never_a_panic() {
    let (_folder, path) = finished_session();
    let good = std::fs::read(&path).expect("the recording");
    for position in (0..good.len()).step_by(977) {
        let mut bad = good.clone();
        bad[position] ^= 0x55;
        std::fs::write(&path, &bad).expect("our file");
        if let Ok(recording) = Recording::open(&path) {
            let read = recording.entries(0).map_or(0, Iterator::count);
            assert!(read <= 200, "an entry was read more than once");
            recording.verify();
        }
    }
}

#[test]
fn a_recording_is_read_while_it_is_written() {
    let (_folder, path) = place();
    let entries = a_session();
    let mut recorder = Recorder::create(&path, &meta()).expect("a new recording");
    let recording = Recording::open(&path).expect("readable from the first moment");
    assert_eq!(recording.duration_micros().expect("readable"), 0);
    let mut seen = recording.entries(0).expect("readable");
    for batch in entries.chunks(7) {
        for entry in batch {
            recorder.append(entry).expect("room on the disk");
        }
        assert!(seen.next().is_none(), "nothing is seen before the commit");
        recorder.commit().expect("room on the disk");
        for entry in batch {
            let read = seen.next().expect("committed").expect("sound");
            assert_eq!(&read, entry);
        }
        let found = recording.verify();
        assert!(found.intact && !found.finished);
        assert_eq!(found.head, recorder.head());
    }
    recorder
        .finish(EndedBy::User, 2_000_000)
        .expect("a reader does not keep a recording from being finished");
    assert!(recording.is_finished().expect("readable"));
    assert!(Recording::open(&path).expect("a recording").verify().intact);
}

#[test]
fn what_was_synced_is_in_the_file_itself() {
    let (folder, path) = place();
    let mut recorder = record(&path, &a_session());
    recorder.sync().expect("room on the disk");
    // all that is sure to be there after a power failure
    let copy = folder.path().join("copy.film");
    std::fs::copy(&path, &copy).expect("room on the disk");
    let found = Recording::open(&copy).expect("a recording").verify();
    assert_eq!((found.entries, found.intact), (103, true));
    assert_eq!(found.head, recorder.head());
}

#[test]
fn an_unfinished_recording_can_be_continued_and_a_finished_one_not() {
    let (_folder, path) = place();
    let entries = a_session();
    let (first, second) = entries.split_at(50);
    drop(record(&path, first));
    let mut recorder = Recorder::reopen(&path).expect("unfinished");
    for entry in second {
        recorder.append(entry).expect("room on the disk");
    }
    // with the mark that the hub was lost
    assert_eq!(recorder.bytes(), 2 + 100 * 5000 + 24 + 3 + 2);
    recorder
        .finish(EndedBy::HubStopped, 1_000_000)
        .expect("room on the disk");
    let found = Recording::open(&path).expect("a recording").verify();
    assert_eq!(
        (found.entries, found.intact, found.finished),
        (105, true, true)
    );
    let error = Recorder::reopen(&path).expect_err("finished");
    assert!(matches!(error, OpenError::Finished));
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let (_folder, path) = place();
    std::fs::write(&path, b"precious").expect("a file");
    let error = Recorder::create(&path, &meta()).expect_err("it exists");
    assert!(matches!(error, RecordError::Create(_)));
    assert_eq!(std::fs::read(&path).expect("still there"), b"precious");
}

#[test]
fn an_entry_that_is_too_large_leaves_the_recording_as_it_was() {
    let (_folder, path) = place();
    let mut recorder = record(&path, &a_session());
    for (at_micros, bytes) in [(0, recording::MAX_PAYLOAD_BYTES + 1), (u64::MAX, 0)] {
        let body = Body::Pointer(vec![0; bytes].into());
        let error = recorder
            .append(&Entry { at_micros, body })
            .expect_err("beyond a limit");
        assert!(error.is_about_this_entry_only(), "{error}");
    }
    let largest = Body::Screen {
        seq: u64::MAX,
        is_reset: true,
        payload: vec![9; recording::MAX_PAYLOAD_BYTES].into(),
    };
    let entry = Entry {
        at_micros: 2_000_000,
        body: largest,
    };
    recorder.append(&entry).expect("just within the limit");
    recorder
        .finish(EndedBy::User, 3_000_000)
        .expect("room on the disk");
    let recording = Recording::open(&path).expect("a recording");
    assert_eq!(recording.verify().entries, 105);
    assert_eq!(
        all(recording.entries(2_000_000).expect("readable"))[0],
        entry
    );
}

const PATH_FOR_CHILD: &str = "RECORDING_TEST_PATH";
const BATCH: u64 = 20;

/// The child of `a_killed_recorder_loses_at_most_what_was_not_committed`: records until killed.
#[test]
#[ignore = "runs forever; the test below starts it in a process of its own"]
fn record_until_killed() {
    let path = std::env::var_os(PATH_FOR_CHILD).expect("started by the test below");
    let mut recorder = Recorder::create(Path::new(&path), &meta()).expect("a new recording");
    for seq in 0.. {
        let entry = Entry {
            at_micros: seq * 1000,
            body: screen(seq, seq % 100 == 0),
        };
        recorder.append(&entry).expect("room on the disk");
        if (seq + 1) % BATCH == 0 {
            recorder.commit().expect("room on the disk");
            println!("committed {}", seq + 1);
        }
    }
}

#[test]
fn a_killed_recorder_loses_at_most_what_was_not_committed() {
    let (folder, _) = place();
    for round in 0_u64..10 {
        let path = folder.path().join(format!("{round}.film"));
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["record_until_killed", "--exact", "--ignored", "--nocapture"])
            .env(PATH_FOR_CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the child starts");
        // later each time, and never at the same point of the child's work
        let started = std::time::Instant::now();
        while !path.exists() && started.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(20_000 + round * 61_733));
        child.kill().expect("it runs");
        let said = child.wait_with_output().expect("it is over").stdout;
        let said = String::from_utf8_lossy(&said);
        // a line cut off by the kill counts as not said
        let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let committed = whole
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("committed ")?.parse().ok())
            .unwrap_or(0);

        let recording = match Recording::open(&path) {
            Ok(recording) => recording,
            Err(OpenError::NotARecording) if committed == 0 => continue,
            Err(error) => panic!("round {round}: {error}"),
        };
        let found = recording.verify();
        assert!(found.intact && !found.finished, "round {round}: {found:?}");
        let range = committed..=committed + BATCH;
        assert!(range.contains(&found.entries), "{committed}: {found:?}");

        let recorder = Recorder::reopen(&path).expect("unfinished");
        recorder
            .finish(EndedBy::HubStopped, 0)
            .expect("room on the disk");
        assert!(recording.verify().finished);
    }
}

/// Mounts a real small disk; needs root, so elsewhere only the unit test in `recorder.rs` tells.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_really_full_is_told_as_such() {
    let (folder, _) = place();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        println!("skipped: mounting a small disk needs root");
        return;
    }
    let outcome = std::panic::catch_unwind(|| fill_disk(folder.path()));
    let unmounted = Command::new("umount").arg(folder.path()).status();
    assert!(unmounted.expect("umount runs").success());
    outcome.expect("the checks above hold");
}

#[cfg(target_os = "linux")]
fn fill_disk(folder: &Path) {
    let path = folder.join("full.film");
    let mut recorder = Recorder::create(&path, &meta()).expect("room for a start");
    let mut committed = 0;
    let error = loop {
        let body = screen(committed, false);
        let at_micros = committed;
        let outcome = recorder
            .append(&Entry { at_micros, body })
            .and_then(|()| recorder.commit());
        match outcome {
            Ok(()) => committed += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, RecordError::DiskFull), "{error:?}");
    drop(recorder);
    let found = Recording::open(&path).expect("a recording").verify();
    assert!(found.intact, "{found:?}");
    assert_eq!(found.entries, committed);

    // no room for anything at all
    std::fs::write(folder.join("filler"), vec![0; 2 << 20]).expect_err("the disk is full");
    let error = Recorder::create(&folder.join("next.film"), &meta()).expect_err("no room");
    assert!(matches!(error, RecordError::DiskFull), "{error:?}");
}
