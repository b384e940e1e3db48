//! Films, the audit log and settings, as an administrator's window and the command line have them
//! (D2 to D5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use protocol::admin::audit::{ActorKind, Filter as AuditFilter};
use protocol::admin::films::{Answer as FilmAnswer, Question as FilmQuestion, Standing, UseKind};
use protocol::admin::settings::{Answer as SettingsAnswer, Question as SettingsQuestion, Setting};
use protocol::admin::{AdminToHub, Answer, HubToAdmin, Page, Question, audit, films};
use protocol::control::Name;
use protocol::limits::MAX_ADMIN_FRAME_BYTES;
use protocol::{
    EndedBy, HubToHost, HubToOperator, Lane, OperatorToHub, OperatorWord, Outcome, Password,
    RefusalCode, Rights, Role, SessionId,
};
use support::{PASSWORD, PATIENCE, Pair, Peer, TestHub, run_hub, screen_frame, send_tagged, text};

const PAGE: Page = Page {
    first: 0,
    rows: 100,
};

/// An administrator's window.
struct Window {
    peer: Peer,
    asked: u32,
}

impl Window {
    async fn sign_in(hub: &TestHub) -> Self {
        let data = hub.data_text();
        let args = [
            "admin",
            "add-operator",
            "carla",
            "--administrator",
            "--data",
            data,
        ];
        let added = run_hub(&args, &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", text(&added));
        let mut greeted = hub.connect(Role::Administrator).await.expect("greeted");
        greeted.reader.set_limit(MAX_ADMIN_FRAME_BYTES);
        greeted.writer.set_limit(MAX_ADMIN_FRAME_BYTES);
        let mut peer = Peer::new(greeted);
        peer.send(&AdminToHub::SignIn {
            user: "carla".into(),
            password: Password(PASSWORD.into()),
        })
        .await;
        let signed_in: HubToAdmin = peer.receive().await;
        assert!(
            matches!(signed_in, HubToAdmin::SignedIn { .. }),
            "{signed_in:?}"
        );
        Self { peer, asked: 0 }
    }

    async fn ask(&mut self, question: Question) -> Answer {
        self.asked += 1;
        let number = self.asked;
        self.peer.send(&AdminToHub::Ask { number, question }).await;
        match self.peer.receive().await {
            HubToAdmin::Answered { number: n, answer } if n == number => answer,
            other => panic!("{other:?}"),
        }
    }

    async fn films(&mut self, question: FilmQuestion) -> Result<FilmAnswer, RefusalCode> {
        match self.ask(Question::Films(question)).await {
            Answer::Films(answer) => Ok(answer),
            Answer::Refused(refusal) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    async fn facts(&mut self, session: SessionId) -> films::Facts {
        match self.films(FilmQuestion::Facts { session }).await {
            Ok(FilmAnswer::Facts(facts)) => *facts,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the film is finished.
    async fn closed(&mut self, session: SessionId) {
        let end = Instant::now() + PATIENCE;
        while self.facts(session).await.head.is_none() {
            assert!(Instant::now() < end, "the film is not closed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn list(&mut self, filter: films::Filter) -> Vec<films::Film> {
        let sort = films::Sort::default();
        let page = PAGE;
        match self.films(FilmQuestion::List { filter, sort, page }).await {
            Ok(FilmAnswer::Films(rows)) => {
                assert_eq!(rows.total as usize, rows.rows.len());
                rows.rows
            }
            other => panic!("{other:?}"),
        }
    }

    /// The actions of the audit log that `filter` finds, newest first.
    async fn actions(&mut self, filter: AuditFilter) -> Vec<audit::AuditRow> {
        let question = audit::Question::List { filter, page: PAGE };
        match self.ask(Question::Audit(question)).await {
            Answer::Audit(audit::Answer::Rows(rows)) => rows.rows,
            other => panic!("{other:?}"),
        }
    }

    /// Takes what there is of a film that runs; whether that was the end.
    async fn follow(
        &mut self,
        session: SessionId,
        place: &mut films::Place,
        follower: &mut recording::Follower,
    ) -> bool {
        loop {
            let question = FilmQuestion::Watch {
                session,
                place: *place,
            };
            match self.films(question).await {
                Ok(FilmAnswer::Watched {
                    bytes,
                    next,
                    is_over,
                }) => {
                    assert!(bytes.len() <= films::MAX_PART_BYTES);
                    if bytes.is_empty() {
                        return is_over;
                    }
                    follower.take(&bytes).expect("a recording");
                    *place = next;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn change(&mut self, settings: Vec<Setting>) -> Result<(), RefusalCode> {
        let question = SettingsQuestion::Change { settings };
        match self.ask(Question::Settings(question)).await {
            Answer::Settings(SettingsAnswer::Done) => Ok(()),
            Answer::Refused(refusal) => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }
}

/// Who watches, as the host and the console are told next.
async fn told_who_watches(pair: &mut Pair) -> (Vec<Name>, Vec<Name>) {
    let host = pair.host.wait_for(|message| match message {
        HubToHost::Watched { by, .. } => Some(by),
        _ => None,
    });
    let host = host.await;
    let console = pair.operator.wait_for(|message| match message {
        HubToOperator::Watched { by, .. } => Some(by),
        _ => None,
    });
    (host, console.await)
}

fn file_of(hub: &TestHub, session: SessionId) -> PathBuf {
    hub.data.join(format!("films/{:08}.film", session.count()))
}

/// A session with pictures of `kib` in all, over and in the catalogue.
async fn film(hub: &TestHub, window: &mut Window, name: &str, kib: usize) -> SessionId {
    let mut pair = hub.pair(name).await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    for seq in 1..=u64::try_from(kib / 64).expect("few") {
        send_tagged(&mut screen, &screen_frame(seq, 64 * 1024)).await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    window.closed(session).await;
    session
}

fn hub_says(hub: &TestHub, args: &[&str]) -> String {
    let mut all = args.to_vec();
    all.extend(["--data", hub.data_text()]);
    let done = run_hub(&all, "");
    assert!(done.status.success(), "{}", text(&done));
    String::from_utf8(done.stdout).expect("text")
}

#[tokio::test]
async fn d3_a_film_is_played_from_parts_and_who_watched_is_noted_before_the_first_byte() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let session = film(&hub, &mut window, "anna", 2048).await;
    let mut bytes = Vec::new();
    loop {
        let offset = u64::try_from(bytes.len()).expect("small");
        let part = window.films(FilmQuestion::Part { session, offset }).await;
        let Ok(FilmAnswer::Part {
            whole_bytes,
            bytes: more,
        }) = part
        else {
            panic!("{part:?}");
        };
        if offset == 0 {
            let uses = window.facts(session).await.uses;
            assert_eq!(uses.len(), 1, "noted before the bytes came");
            assert_eq!((&*uses[0].by, uses[0].what), ("carla", UseKind::Watched));
        }
        bytes.extend_from_slice(&more);
        if more.is_empty() {
            assert_eq!(whole_bytes, offset);
            break;
        }
    }
    assert!(bytes.len() > 2 << 20);
    assert_eq!(
        bytes,
        std::fs::read(file_of(&hub, session)).expect("a film")
    );
    let watched = |action: &str| AuditFilter {
        action: Some(action.into()),
        ..AuditFilter::default()
    };
    let rows = window.actions(watched("film.watched")).await;
    assert_eq!(rows.len(), 1, "once, whatever the parts");
    assert_eq!(rows[0].kind, Some(ActorKind::Account));

    assert_eq!(
        window.films(FilmQuestion::Exporting { session }).await,
        Ok(FilmAnswer::Done)
    );
    assert_eq!(window.actions(watched("film.exported")).await.len(), 1);
    let found = window
        .list(films::Filter {
            operator: "anna".into(),
            requester: "ROSSI".into(),
            ..films::Filter::default()
        })
        .await;
    assert_eq!(found.len(), 1);
    let none = films::Filter {
        host: "nowhere".into(),
        ..films::Filter::default()
    };
    assert_eq!(window.list(none).await, []);
}

#[tokio::test]
async fn d5_a_held_film_stays_and_an_erased_one_leaves_its_trace() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let session = film(&hub, &mut window, "anna", 128).await;
    let hold = |reason: &str| FilmQuestion::Hold {
        session,
        reason: reason.into(),
    };
    let erase = |reason: &str| FilmQuestion::Erase {
        session,
        reason: reason.into(),
    };
    assert_eq!(window.films(hold(" ")).await, Err(RefusalCode::NO_REASON));
    assert_eq!(window.films(hold("court")).await, Ok(FilmAnswer::Done));
    assert_eq!(
        window.films(erase("asked")).await,
        Err(RefusalCode::FILM_HELD)
    );
    let listed = hub_says(&hub, &["film", "list", "--held", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed[0]["held"]["reason"], "court");

    // the command line does the same
    hub_says(&hub, &["film", "release", "1"]);
    assert!(file_of(&hub, session).exists());
    assert_eq!(window.films(erase("")).await, Err(RefusalCode::NO_REASON));
    assert_eq!(window.films(erase("asked")).await, Ok(FilmAnswer::Done));
    assert!(!file_of(&hub, session).exists());
    let facts = window.facts(session).await;
    assert_eq!(facts.film.standing, Standing::Erased);
    let trace = facts.erased.expect("a trace");
    assert_eq!((&*trace.by, &*trace.reason), ("carla", "asked"));
    let part = FilmQuestion::Part { session, offset: 0 };
    assert_eq!(window.films(part).await, Err(RefusalCode::FILM_GONE));
    let gone = run_hub(
        &[
            "film",
            "erase",
            "1",
            "--reason",
            "x",
            "--data",
            hub.data_text(),
        ],
        "",
    );
    assert!(text(&gone).contains("only its trace"), "{}", text(&gone));
    let about = AuditFilter {
        text: "court".into(),
        ..AuditFilter::default()
    };
    let rows = window.actions(about).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(&*rows[0].action, "film.held");
    let verified = hub_says(&hub, &["audit", "verify"]);
    assert!(verified.contains("signed by the hub"), "{verified}");
}

#[tokio::test]
async fn d5_films_over_the_quota_go_oldest_first_and_not_those_on_hold() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut sessions = Vec::new();
    for name in ["anna", "bruno", "anna"] {
        sessions.push(film(&hub, &mut window, name, 32 * 1024).await);
    }
    let held = FilmQuestion::Hold {
        session: sessions[0],
        reason: "court".into(),
    };
    assert_eq!(window.films(held).await, Ok(FilmAnswer::Done));
    let too_little = Setting::FilmQuotaBytes(1000);
    let refused = window.change(vec![too_little]).await;
    assert_eq!(refused, Err(RefusalCode::SETTING_OUT_OF_RANGE));
    let quota = Setting::FilmQuotaBytes(80 << 20);
    assert_eq!(window.change(vec![quota]).await, Ok(()));
    let end = Instant::now() + PATIENCE;
    while file_of(&hub, sessions[1]).exists() {
        assert!(Instant::now() < end, "nothing is erased");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(file_of(&hub, sessions[0]).exists() && file_of(&hub, sessions[2]).exists());
    let erased = window.facts(sessions[1]).await.erased.expect("a trace");
    assert_eq!(erased.why, films::Erasure::Quota);
    let by_hub = AuditFilter {
        action: Some("film.erased".into()),
        ..AuditFilter::default()
    };
    let rows = window.actions(by_hub).await;
    assert_eq!((rows.len(), rows[0].kind), (1, Some(ActorKind::Hub)));
}

#[tokio::test]
async fn b2_a_host_that_sends_all_it_can_fills_no_disk() {
    let hub = TestHub::start();
    // 16 s of the rate at once, and then the rate
    hub_says(
        &hub,
        &["settings", "set", "film-bytes-per-second", "1048576"],
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let began = Instant::now();
    let flood = async {
        for seq in 1.. {
            send_tagged(&mut screen, &screen_frame(seq, 1 << 20)).await;
        }
    };
    drop(tokio::time::timeout(Duration::from_secs(8), flood).await);
    let passed = began.elapsed().as_secs();
    let files = ["", "-wal"].map(|end| {
        let path = format!("{}{end}", file_of(&hub, session).display());
        std::fs::metadata(path).map_or(0, |found| found.len())
    });
    let mib = files[0] >> 20;
    assert!(
        (8..=16 + passed + 2).contains(&mib),
        "{mib} MiB in {passed} s"
    );
    // the session goes on all the same
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    let ended = |m| {
        matches!(
            m,
            HubToHost::SessionEnded {
                by: EndedBy::Operator,
                ..
            }
        )
        .then_some(())
    };
    pair.host.wait_for(ended).await;
}

#[tokio::test]
async fn d2_where_the_disk_has_too_little_room_the_session_ends_and_its_film_is_whole() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 1000)).await;
    // more than any disk has
    let all = Setting::FreeDiskBytes(1 << 59);
    assert_eq!(window.change(vec![all]).await, Ok(()));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    send_tagged(&mut screen, &screen_frame(2, 1000)).await;
    let ended = |m| {
        matches!(
            m,
            HubToHost::SessionEnded {
                by: EndedBy::CannotRecord,
                ..
            }
        )
        .then_some(())
    };
    pair.host.wait_for(ended).await;
    window.closed(session).await;
    let said = hub_says(&hub, &["film", "verify", "1"]);
    assert!(!said.contains("not finished"), "{said}");

    assert_eq!(window.change(vec![Setting::FreeDiskBytes(0)]).await, Ok(()));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let mut pair = hub.pair("bruno").await;
    pair.start_session(Rights::SEE_AND_CONTROL).await;
}

#[tokio::test]
async fn b6_a_film_says_whose_help_desk_it_was() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut pair = hub.pair("anna").await;
    let timeline = |number: &str| hub_says(&hub, &["film", "timeline", number]);
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    window.closed(session).await;
    assert!(!timeline("1").contains("help desk"), "nobody said whose");
    let name = Setting::Organisation("Comune di Prova".into());
    assert_eq!(window.change(vec![name]).await, Ok(()));
    loop {
        if let HubToHost::Organisation { name } = pair.host.receive_any().await
            && !name.is_empty()
        {
            break;
        }
    }
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    window.closed(session).await;
    let said = timeline("2");
    assert!(said.contains("help desk: Comune di Prova"), "{said}");
}

#[tokio::test]
async fn settings_are_followed_listed_and_audited() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let changes = vec![
        Setting::Organisation("Comune di Prova".into()),
        Setting::TicketMinutes(1),
    ];
    assert_eq!(window.change(changes).await, Ok(()));
    let listed = hub_says(&hub, &["settings", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed["organisation"], "Comune di Prova");
    assert_eq!(listed["ticket-minutes"], 1);
    let refused = run_hub(
        &[
            "settings",
            "set",
            "ticket-minutes",
            "0",
            "--data",
            hub.data_text(),
        ],
        "",
    );
    assert!(
        text(&refused).contains("from 1 to 1440"),
        "{}",
        text(&refused)
    );
    let png = hub.data.join("logo.png");
    std::fs::write(&png, b"\x89PNG\r\n\x1a\nrest").expect("written");
    hub_says(
        &hub,
        &["settings", "set-logo", png.to_str().expect("plain")],
    );
    match window.ask(Question::Settings(SettingsQuestion::Logo)).await {
        Answer::Settings(SettingsAnswer::Logo { png }) => assert_eq!(png.len(), 12),
        other => panic!("{other:?}"),
    }
    let about = AuditFilter {
        action: Some("setting.changed".into()),
        text: "ticket".into(),
        ..AuditFilter::default()
    };
    assert_eq!(window.actions(about).await.len(), 1);
    // an operator has no window
    let mut operator = Peer::new(hub.connect(Role::Administrator).await.expect("greeted"));
    operator
        .send(&AdminToHub::SignIn {
            user: "anna".into(),
            password: Password(PASSWORD.into()),
        })
        .await;
    let refused: HubToAdmin = operator.receive().await;
    assert!(
        matches!(refused, HubToAdmin::SignInRefused { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn d3_a_proof_bundle_is_whole_without_the_hub_and_refused_after_one_changed_byte() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let session = film(&hub, &mut window, "anna", 128).await;
    let folder = support::folder();
    let zip = folder.path().join("proof.zip");
    let zip_text = zip.to_str().expect("plain");
    hub_says(&hub, &["film", "bundle", &session.to_string(), zip_text]);
    let exported = AuditFilter {
        action: Some("film.exported".into()),
        ..AuditFilter::default()
    };
    assert_eq!(window.actions(exported).await.len(), 1);
    let fingerprint = hub.fingerprint.to_string();
    drop(hub);

    let whole = run_hub(&["verify", zip_text, "--fingerprint", &fingerprint], "");
    assert!(whole.status.success(), "{}", text(&whole));
    let said = text(&run_hub(&["verify", zip_text, "--json"], ""));
    for name in ["film.film", "report.json", "audit.json", "events.json"] {
        assert!(said.contains(name), "{said}");
    }
    let mut bytes = std::fs::read(&zip).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&zip, bytes).expect("written");
    let changed = run_hub(&["verify", zip_text], "");
    assert_eq!(changed.status.code(), Some(1));
    assert!(text(&changed).contains("film.film"), "{}", text(&changed));
}

#[tokio::test]
async fn d2_a_running_session_is_watched_and_everybody_in_it_is_told_from_start_to_end() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    // larger than an answer: it comes in pieces
    for seq in 1..=3 {
        send_tagged(&mut screen, &screen_frame(seq, 1 << 20)).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.film");
    let mut follower = recording::Follower::new(&copy);
    let mut place = films::Place::default();
    let seen = window.follow(session, &mut place, &mut follower).await;
    assert!(!seen, "it goes on");
    assert_eq!(
        told_who_watches(&mut pair).await,
        (vec!["carla".into()], vec!["carla".into()])
    );
    let end = Instant::now() + PATIENCE;
    while recording::Recording::open(&copy).map_or(0, |film| film.resets().count()) == 0 {
        assert!(Instant::now() < end, "the first picture does not come");
        window.follow(session, &mut place, &mut follower).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // whoever stops, or asks nothing for a while, watches no more
    let stop = FilmQuestion::StopWatching { session };
    assert_eq!(window.films(stop).await, Ok(FilmAnswer::Done));
    assert_eq!(told_who_watches(&mut pair).await, (vec![], vec![]));
    window.follow(session, &mut place, &mut follower).await;
    assert_eq!(told_who_watches(&mut pair).await.0.len(), 1);
    assert_eq!(
        told_who_watches(&mut pair).await.0.len(),
        0,
        "silence is an end"
    );

    window.follow(session, &mut place, &mut follower).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    while !window.follow(session, &mut place, &mut follower).await {
        assert!(Instant::now() < end + PATIENCE, "the film has no end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // who saw the end gets nothing that they had not asked for while others could read their name
    let again = |place| FilmQuestion::Watch { session, place };
    let from_the_start = window.films(again(films::Place::default())).await;
    assert_eq!(from_the_start, Err(RefusalCode::SESSION_GONE));
    let stop = FilmQuestion::StopWatching { session };
    assert_eq!(window.films(stop).await, Ok(FilmAnswer::Done));
    let after_all = window.films(again(place)).await;
    assert_eq!(after_all, Err(RefusalCode::SESSION_GONE));
    let facts = window.facts(session).await;
    let head = follower.head().map(|head| head.0);
    assert_eq!(head, facts.head, "the same film, bit for bit");
    assert_eq!(facts.uses.len(), 3);
    let film = recording::Recording::open(&copy).expect("a film");
    let notes = film
        .timeline()
        .filter_map(|entry| match entry.expect("sound").body {
            recording::Body::Event(event @ recording::Event::Watched { .. }) => {
                Some(event.to_string())
            }
            _ => None,
        });
    let notes: Vec<String> = notes.collect();
    assert_eq!(
        notes,
        [
            "carla watches",
            "carla watches no more",
            "carla watches",
            "carla watches no more",
            "carla watches"
        ]
    );
    for (action, count) in [("session.watched", 3), ("session.watch_ended", 3)] {
        let filter = AuditFilter {
            action: Some(action.into()),
            ..AuditFilter::default()
        };
        let rows = window.actions(filter).await;
        assert_eq!(rows.len(), count, "{action}");
        assert!(rows.iter().all(|row| row.kind == Some(ActorKind::Account)));
    }
    hub_says(&hub, &["audit", "verify"]);
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `wait_for` gives")]
fn marked(message: HubToOperator) -> Option<Outcome> {
    match message {
        HubToOperator::MomentMarked { outcome, .. } => Some(outcome),
        _ => None,
    }
}

#[tokio::test]
async fn d2_nobody_watches_whom_the_hub_cannot_tell() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 1 << 10)).await;
    // a host that hears nothing any more: what is said to it waits at the hub
    for attempt in 1..=1200 {
        let ticket = vec![7; 8000].into();
        let word = OperatorWord::BringIn {
            session,
            attempt,
            ticket,
        };
        pair.operator_says(&word).await;
        if attempt.is_multiple_of(100) {
            // all of it is at the hub
            let mark = OperatorToHub::MarkMoment {
                session,
                text: "".into(),
                ago_millis: 0,
            };
            pair.operator.send(&mark).await;
            pair.operator.wait_for(marked).await;
        }
    }
    let place = films::Place::default();
    let watch = FilmQuestion::Watch { session, place };
    let watched = window.films(watch.clone()).await;
    assert_eq!(watched, Err(RefusalCode::TIMED_OUT));
    // once it hears again, it hears of that first
    assert_eq!(told_who_watches(&mut pair).await.0.len(), 1);
    assert_eq!(told_who_watches(&mut pair).await.0.len(), 0);
    let watched = window.films(watch).await;
    assert!(
        matches!(watched, Ok(FilmAnswer::Watched { .. })),
        "{watched:?}"
    );
    assert_eq!(told_who_watches(&mut pair).await.0.len(), 1);
}

#[tokio::test]
async fn d3_marked_moments_and_other_monitors_are_on_the_film_and_only_who_takes_part_marks() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let monitor = |id: u32, width| protocol::ScreenMonitor {
        id,
        name: format!("DP-{id}").as_str().into(),
        width,
        height: 1080,
    };
    let shown = [None, None, Some(2), Some(2), None];
    for (seq, shared) in (1..).zip(shown) {
        let mut frame = screen_frame(seq, 64);
        frame.layout = Some(protocol::ScreenLayout {
            monitors: vec![monitor(1, 1920), monitor(2, 1280)],
            shared,
            width: 1,
            height: 1,
            percent: 100,
        });
        send_tagged(&mut screen, &frame).await;
    }
    let mark = |text: &str, ago_millis| OperatorToHub::MarkMoment {
        session,
        text: text.into(),
        ago_millis,
    };
    for message in [mark(" it fails here ", 3_600_000), mark("", 0)] {
        pair.operator.send(&message).await;
        assert_eq!(pair.operator.wait_for(marked).await, Outcome::Done);
    }
    // a session has no endless number of them
    for _ in 2..protocol::limits::MAX_MARKS {
        pair.operator.send(&mark("again", 0)).await;
    }
    for _ in 2..protocol::limits::MAX_MARKS {
        assert_eq!(pair.operator.wait_for(marked).await, Outcome::Done);
    }
    pair.operator.send(&mark("once too often", 0)).await;
    let full = Outcome::Refused(RefusalCode::FULL.into());
    assert_eq!(pair.operator.wait_for(marked).await, full);
    // another one is not in this session
    let other = hub.operator("bruno").await;
    let mut other = other;
    other.send(&mark("not mine", 0)).await;
    assert_eq!(other.refused().await, RefusalCode::OUT_OF_PLACE);

    tokio::time::sleep(Duration::from_millis(400)).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    window.closed(session).await;
    let film = recording::Recording::open(&file_of(&hub, session)).expect("a film");
    let entries = film.timeline().map(|entry| entry.expect("sound"));
    let (mut monitors, mut marks) = (Vec::new(), Vec::new());
    for entry in entries {
        let moment = entry.moment_micros();
        match entry.body {
            recording::Body::Event(event @ recording::Event::Monitors(_)) => {
                monitors.push(event.to_string());
            }
            recording::Body::Event(event @ recording::Event::Marked { .. }) => {
                marks.push((event.to_string(), moment, entry.at_micros));
            }
            _ => {}
        }
    }
    assert_eq!(
        monitors,
        [
            "the screen is DP-2 (1280 x 1080)",
            "the screen is DP-1 (1920 x 1080), DP-2 (1280 x 1080)"
        ]
    );
    assert_eq!(marks.len(), usize::from(protocol::limits::MAX_MARKS));
    assert_eq!(marks[0].0, "marked by ANNA: it fails here");
    assert_eq!(marks[0].1, 0, "no earlier than the film begins");
    assert_eq!(marks[1].0, "marked by ANNA");
    assert_eq!(marks[1].1, marks[1].2);
}

#[tokio::test]
async fn d2_nobody_watches_without_the_right_or_where_the_hub_says_no() {
    let hub = TestHub::start();
    let mut window = Window::sign_in(&hub).await;
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE).await;
    let watch = |session| FilmQuestion::Watch {
        session,
        place: films::Place::default(),
    };
    let gone = window.films(watch(SessionId(77))).await;
    assert_eq!(gone, Err(RefusalCode::SESSION_GONE));
    assert_eq!(window.change(vec![Setting::WatchLive(false)]).await, Ok(()));
    let end = Instant::now() + PATIENCE;
    while window.films(watch(session)).await != Err(RefusalCode::WATCHING_OFF) {
        assert!(Instant::now() < end, "the setting is not followed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    hub_says(&hub, &["settings", "set", "watch-live", "yes"]);
    // the hub keeps at least one administrator
    let another = ["admin", "add-operator", "dora", "--administrator", "--data"];
    let added = run_hub(&[&another[..], &[hub.data_text()]].concat(), PASSWORD);
    assert!(added.status.success(), "{}", text(&added));
    hub_says(&hub, &["admin", "change", "carla", "--role", "auditor"]);
    let denied = window.films(watch(session)).await;
    assert_eq!(denied, Err(RefusalCode::NOT_ALLOWED));
    let filter = AuditFilter {
        action: Some("denied".into()),
        ..AuditFilter::default()
    };
    assert_eq!(window.actions(filter).await.len(), 1);
}
