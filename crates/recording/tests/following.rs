//! A recording that is followed while it is written.

use std::path::PathBuf;

use recording::{
    Body, ChatAuthor, EndedBy, Entry, Event, FollowError, Follower, Place, Recorder, Recording,
    RecordingMeta, Rights,
};

fn meta(ticket: Option<u32>) -> RecordingMeta {
    RecordingMeta {
        session: 7,
        operator: "Ada".to_owned(),
        requester: "Bob".to_owned(),
        host: "bobs-pc".to_owned(),
        ticket,
        started_unix_millis: -5,
        hub_version: "0.1.0".to_owned(),
    }
}

fn files() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let paths = ["one.film", "other.film"].map(|name| folder.path().join(name));
    let [one, other] = paths;
    (folder, one, other)
}

fn screen(recorder: &mut Recorder, seq: u64, len: usize) {
    let body = Body::Screen {
        seq,
        is_reset: seq == 1,
        payload: vec![7; len].into(),
    };
    let at_micros = seq * 1000;
    recorder.append(&Entry { at_micros, body }).expect("room");
}

/// Everything that is there, in pieces of `most` bytes.
fn follow(from: &Recording, follower: &mut Follower, place: &mut Place, most: usize) {
    loop {
        let piece = from.piece(*place, most).expect("sound");
        assert!(piece.bytes.len() <= most);
        *place = piece.next;
        if piece.bytes.is_empty() {
            return;
        }
        follower.take(&piece.bytes).expect("taken");
    }
}

#[test]
fn who_follows_has_the_same_recording_however_its_stream_is_cut() {
    for (most, ticket) in [(1, None), (7, Some(12)), (1000, Some(0)), (1 << 20, None)] {
        let (_folder, one, other) = files();
        let mut recorder = Recorder::create(&one, &meta(ticket)).expect("new");
        let rights = Rights::SEE;
        let body = Body::Event(Event::Started { rights });
        let at_micros = 0;
        recorder.append(&Entry { at_micros, body }).expect("room");
        screen(&mut recorder, 1, 5000);
        recorder.commit().expect("room");
        let recording = Recording::open(&one).expect("a recording");
        let mut follower = Follower::new(&other);
        let mut place = Place::default();
        follow(&recording, &mut follower, &mut place, most);
        assert!(follower.has_begun());
        let copy = Recording::open(&other).expect("a recording");
        assert_eq!(copy.duration_micros().expect("sound"), 1000);

        // what comes later follows, and an open reader sees it
        screen(&mut recorder, 2, 300);
        let chat = Body::Chat {
            author: ChatAuthor::User,
            name: "Bob".to_owned(),
            text: "Hello".to_owned(),
        };
        let body = chat;
        let at_micros = 3000;
        recorder.append(&Entry { at_micros, body }).expect("room");
        recorder.commit().expect("room");
        follow(&recording, &mut follower, &mut place, most);
        assert_eq!(copy.duration_micros().expect("sound"), 3000);
        assert!(!copy.is_finished().expect("sound"));

        let head = recorder.finish(EndedBy::User, 4000).expect("room");
        follow(&recording, &mut follower, &mut place, most);
        assert_eq!(follower.head(), Some(head), "bit for bit");
        assert!(copy.is_finished().expect("sound"));
        assert_eq!(copy.meta(), &meta(ticket));
        assert!(copy.verify().intact);
    }
}

#[test]
fn what_is_no_stream_of_a_recording_is_refused() {
    let (_folder, _, other) = files();
    let mut follower = Follower::new(&other);
    let too_long = follower.take(&u32::MAX.to_le_bytes());
    assert!(matches!(too_long, Err(FollowError::TooLong { .. })));
    let mut follower = Follower::new(&other);
    let short = follower.take(&[3, 0, 0, 0, 1, 2, 3]);
    assert!(matches!(short, Err(FollowError::Malformed)));
    assert!(!follower.has_begun() && !other.exists());

    let (_folder, one, other) = files();
    let _recorder = Recorder::create(&one, &meta(None)).expect("new");
    let recording = Recording::open(&one).expect("a recording");
    let first = recording.piece(Place::default(), 1000).expect("sound");
    let mut follower = Follower::new(&other);
    follower.take(&first.bytes).expect("the meta");
    let mut entry = vec![18, 0, 0, 0];
    entry.extend([9; 18]);
    assert!(matches!(follower.take(&entry), Err(FollowError::Row(_))));
}
