//! A film that is played while it is made (D2).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hub_admin::player::{Act, Player, Playing};
use recording::{Body, ChatAuthor, EndedBy, Entry, Event, Recorder, RecordingMeta, Rights};

const SECOND: u64 = 1_000_000;
/// No player takes longer to see what is committed.
const PATIENCE: Duration = Duration::from_secs(5);

fn begun(path: &Path) -> Recorder {
    let meta = RecordingMeta {
        session: 7,
        operator: "Ada".to_owned(),
        requester: "Bob".to_owned(),
        host: "bobs-pc".to_owned(),
        ticket: None,
        started_unix_millis: 0,
        hub_version: "0.1.0".to_owned(),
    };
    let mut recorder = Recorder::create(path, &meta).expect("new");
    let rights = Rights::SEE;
    add(&mut recorder, 0, Body::Event(Event::Started { rights }));
    recorder
}

fn add(recorder: &mut Recorder, at_micros: u64, body: Body) {
    recorder.append(&Entry { at_micros, body }).expect("room");
    recorder.commit().expect("room");
}

fn say(recorder: &mut Recorder, at_micros: u64, text: &str) {
    let body = Body::Chat {
        author: ChatAuthor::User,
        name: "Bob".to_owned(),
        text: text.to_owned(),
    };
    add(recorder, at_micros, body);
}

fn until(player: &Player, what: &str, is_so: impl Fn(&Playing) -> bool) -> Playing {
    let end = Instant::now() + PATIENCE;
    loop {
        let playing = player.playing();
        if is_so(&playing) {
            return playing;
        }
        assert!(Instant::now() < end, "{what}: {playing:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn d2_the_player_follows_a_film_that_is_made_and_comes_back_to_live() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.film");
    let mut recorder = begun(&path);
    let player = Player::open(path, ui_kit::Lang::En, Arc::new(|| {})).expect("a thread");
    until(&player, "it begins at the newest", |p| p.is_live && p.runs);
    say(&mut recorder, 40 * SECOND, "Hello");
    let now = until(&player, "what is new", |p| p.at_micros == 40 * SECOND);
    assert_eq!(now.marks.len(), 2, "chat shows as it comes");

    // back in time, and the film goes on without it
    player.act(Act::SkipIdle(false));
    player.act(Act::Seek(10 * SECOND));
    until(&player, "back", |p| !p.is_live && p.at_micros < 15 * SECOND);
    say(&mut recorder, 60 * SECOND, "Still there?");
    let behind = until(&player, "longer", |p| p.duration_micros == 60 * SECOND);
    assert!(behind.runs && behind.at_micros < 20 * SECOND);
    player.act(Act::Live);
    until(&player, "live again", |p| {
        p.is_live && p.at_micros == 60 * SECOND
    });

    // whoever is paused stays where they are
    player.act(Act::Pause);
    until(&player, "paused", |p| !p.is_playing && !p.is_live);
    say(&mut recorder, 70 * SECOND, "Bye");
    until(&player, "longer", |p| p.duration_micros == 70 * SECOND);
    assert_eq!(player.playing().at_micros, 60 * SECOND);
    player.act(Act::Live);
    until(&player, "live again", |p| p.at_micros == 70 * SECOND);
    recorder.finish(EndedBy::User, 71 * SECOND).expect("room");
    let over = until(&player, "the end", |p| !p.runs);
    assert!(!over.is_live);
    until(&player, "the end is shown", |p| p.at_end && !p.is_playing);
}
