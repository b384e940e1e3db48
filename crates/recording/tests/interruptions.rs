//! Sessions that lose a line, or their hub, and go on or end.

use std::path::{Path, PathBuf};

use recording::{
    Body, ChainHead, EndedBy, Entry, Event, Gap, Recorder, Recording, RecordingMeta, Rights, Side,
};
use rusqlite::Connection;

const MINUTE_MICROS: u64 = 60_000_000;

fn meta() -> RecordingMeta {
    RecordingMeta {
        session: 7,
        operator: "Ada".to_owned(),
        requester: "Bob".to_owned(),
        host: "bobs-pc".to_owned(),
        ticket: None,
        started_unix_millis: 1_790_000_000_123,
        hub_version: "0.1.0".to_owned(),
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("session.film");
    (folder, path)
}

fn append(recorder: &mut Recorder, at_micros: u64, body: Body) {
    let entry = Entry { at_micros, body };
    recorder.append(&entry).expect("room on the disk");
}

fn event(recorder: &mut Recorder, at_micros: u64, event: Event) {
    append(recorder, at_micros, Body::Event(event));
}

/// Ten screen updates 10 ms apart, of which the first stands alone.
fn show(recorder: &mut Recorder, from_micros: u64, mark: u8) {
    for seq in 1..=10 {
        let body = Body::Screen {
            seq,
            is_reset: seq == 1,
            payload: vec![mark; 3000].into(),
        };
        append(recorder, from_micros + seq * 10_000, body);
    }
}

/// A recording up to 100 ms, committed.
fn begun(path: &Path) -> Recorder {
    let mut recorder = Recorder::create(path, &meta()).expect("a new recording");
    let rights = Rights::SEE | Rights::CONTROL;
    event(&mut recorder, 0, Event::Started { rights });
    show(&mut recorder, 0, 1);
    recorder.commit().expect("room on the disk");
    recorder
}

fn gap(side: Side, from_micros: u64, until_micros: Option<u64>) -> Gap {
    Gap {
        side,
        from_micros,
        until_micros,
    }
}

fn gaps(path: &Path) -> Vec<Gap> {
    let recording = Recording::open(path).expect("a recording");
    recording.gaps().expect("readable").all
}

/// The chain's head of a recording that is as it was recorded.
fn head_if_intact(path: &Path) -> ChainHead {
    let found = Recording::open(path).expect("a recording").verify();
    assert_eq!(found.first_fault, None);
    found.head
}

/// What a player that seeks to `at_micros` begins with.
fn reset_before(path: &Path, at_micros: u64) -> Entry {
    let recording = Recording::open(path).expect("a recording");
    let mut entries = recording.entries_from_reset(at_micros).expect("readable");
    entries.next().expect("an entry").expect("sound")
}

#[test]
fn a_session_goes_on_after_its_hub_was_killed_with_a_gap_of_minutes() {
    let (_folder, path) = place();
    drop(begun(&path));
    let mut recorder = Recorder::reopen(&path).expect("unfinished");
    assert_eq!(recorder.last_at_micros(), 100_000);
    // seen at once, also by whoever reads it while the session waits
    assert_eq!(gaps(&path), [gap(Side::Hub, 100_000, None)]);
    let back = 3 * MINUTE_MICROS;
    event(&mut recorder, back, Event::Resumed { side: Side::Hub });
    show(&mut recorder, back, 2);
    let head = recorder
        .finish(EndedBy::User, back + 1_000_000)
        .expect("room on the disk");

    assert_eq!(head_if_intact(&path), head);
    assert_eq!(gaps(&path), [gap(Side::Hub, 100_000, Some(back))]);
    let (before, after) = (reset_before(&path, back), reset_before(&path, u64::MAX));
    assert_eq!((before.at_micros, after.at_micros), (10_000, back + 10_000));
    // its numbers began anew
    assert!(matches!(after.body, Body::Screen { seq: 1, .. }));
}

#[test]
fn a_hub_that_was_killed_again_and_again_is_lost_once_until_it_is_back() {
    let (_folder, path) = place();
    let mut recorder = begun(&path);
    // one that goes down in good order says so itself
    event(
        &mut recorder,
        200_000,
        Event::Interrupted { side: Side::Hub },
    );
    drop(recorder);
    for _ in 0..3 {
        drop(Recorder::reopen(&path).expect("unfinished"));
    }
    let mut recorder = Recorder::reopen(&path).expect("unfinished");
    event(&mut recorder, 900_000, Event::Resumed { side: Side::Hub });
    drop(recorder);
    drop(Recorder::reopen(&path).expect("unfinished"));
    head_if_intact(&path);
    let expected = [
        gap(Side::Hub, 200_000, Some(900_000)),
        gap(Side::Hub, 900_000, None),
    ];
    assert_eq!(gaps(&path), expected);
}

#[test]
fn a_host_that_never_came_back_leaves_a_finished_recording() {
    let (_folder, path) = place();
    let mut recorder = begun(&path);
    event(
        &mut recorder,
        200_000,
        Event::Interrupted { side: Side::Host },
    );
    let head = recorder
        .finish(EndedBy::HostLost, 5 * MINUTE_MICROS)
        .expect("room on the disk");
    assert_eq!(head_if_intact(&path), head);
    assert_eq!(gaps(&path), [gap(Side::Host, 200_000, None)]);
    let recording = Recording::open(&path).expect("a recording");
    assert!(recording.is_finished().expect("readable"));
    let duration = recording.duration_micros().expect("readable");
    assert_eq!(duration, 5 * MINUTE_MICROS);
}

#[test]
fn a_recording_of_an_older_format_is_continued_in_the_newest() {
    let (_folder, path) = place();
    let head = begun(&path).head();
    let shell = || Connection::open(&path).expect("a database");
    let version = || -> i32 {
        shell()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .expect("a number")
    };
    shell()
        .pragma_update(None, "user_version", 1)
        .expect("a recording of version 1 has no more in it than this one");
    assert_eq!(head_if_intact(&path), head);
    assert_eq!(version(), 1, "reading changes nothing");

    let recorder = Recorder::reopen(&path).expect("unfinished");
    let head = recorder
        .finish(EndedBy::HubStopped, 0)
        .expect("room on the disk");
    assert_eq!(head_if_intact(&path), head);
    assert_eq!(version(), recording::FORMAT_VERSION);
}

#[test]
fn what_is_synced_while_somebody_verifies_is_brought_to_the_disk_in_the_log() {
    let (folder, path) = place();
    let mut recorder = begun(&path);
    let reader = Connection::open(&path).expect("a database");
    reader.execute_batch("BEGIN").expect("readable");
    let count = "SELECT count(*) FROM entry";
    let seen: i64 = reader
        .query_row(count, (), |row| row.get(0))
        .expect("readable");
    assert_eq!(seen, 11);

    show(&mut recorder, 200_000, 2);
    recorder.commit().expect("room on the disk");
    let log = folder.path().join("session.film-wal");
    let length = || std::fs::metadata(&log).expect("the log").len();
    let before = length();
    recorder.sync().expect("room on the disk");
    // the commit that waits for the disk is one page
    assert_eq!(length(), before + 4096 + 24);

    // what is on the disk now is enough
    let copy = folder.path().join("copy.film");
    std::fs::copy(&path, &copy).expect("room on the disk");
    std::fs::copy(&log, folder.path().join("copy.film-wal")).expect("room on the disk");
    assert_eq!(head_if_intact(&copy), recorder.head());

    drop(reader);
    show(&mut recorder, 400_000, 3);
    recorder.sync().expect("room on the disk");
    assert_eq!(head_if_intact(&path), recorder.head());
}
