//! Sessions with several operators: one host, one film, one report (O11).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::time::{Duration, Instant};

use protocol::control::Admission;
use protocol::{
    Companion, EndedBy, HostToHub, HostWord, HubToHost, HubToOperator, Lane, OperatorToHub,
    OperatorWord, Outcome, PeerId, PointerUpdate, RefusalCode, ReportDraft, ResumeSecret, Rights,
    Role, ScreenFrame, SessionId, StreamHeader,
};
use recording::{Body, Entry, Event, Recorder, Recording, Side};
use support::{
    Colleague, PATIENCE, Pair, Peer, TestHub, add_operator, folder, receive_tagged, run_hub,
    screen_frame, send_tagged, text,
};
use transport::{FramedReader, FramedWriter};

const CONTROL: Rights = Rights::SEE_AND_CONTROL;

/// A frame that a viewer can begin with.
fn whole(seq: u64) -> ScreenFrame {
    let layout = screen_frame(1, 0).layout;
    ScreenFrame {
        layout,
        ..screen_frame(seq, 100)
    }
}

/// Anna in session with a host, and Bruno, whose ticket the host came with too.
async fn anna_and_bruno(hub: &TestHub) -> (Pair, Colleague, SessionId) {
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(CONTROL).await;
    let bruno = Colleague::meet(hub, "bruno", &mut pair.host).await;
    (pair, bruno, session)
}

/// Bruno asks, and is let in.
async fn let_in(pair: &mut Pair, bruno: &mut Colleague, session: SessionId, rights: Rights) {
    pair.trade(bruno);
    let (same, _) = pair.start_session(rights).await;
    pair.trade(bruno);
    assert_eq!(same, session);
}

/// The screen's stream, at an operator.
async fn screen_at(operator: &Peer, session: SessionId) -> FramedReader {
    let (header, reader) = operator.accept_stream().await;
    assert_eq!(header, StreamHeader::to_everybody(Lane::Screen, session));
    reader
}

async fn expect_frames(reader: &mut FramedReader, frames: &[ScreenFrame]) {
    for frame in frames {
        let read = tokio::time::timeout(PATIENCE, receive_tagged(reader)).await;
        let seen: Option<ScreenFrame> = read.expect("in time");
        assert_eq!(seen.as_ref(), Some(frame));
    }
}

/// Who stopped a stream, and why.
async fn stopped(stream: &mut FramedWriter) -> Option<u64> {
    let stopped = tokio::time::timeout(PATIENCE, stream.stream_mut().stopped()).await;
    stopped.expect("in time").expect("there").map(u64::from)
}

async fn comes_back(hub: &TestHub, operator: &mut Peer) -> Vec<SessionId> {
    let admission = operator.admission.expect("a place");
    *operator = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    operator.admission = Some(admission);
    let (you, secret) = (admission.you, admission.secret);
    operator.send(&OperatorToHub::Resume { you, secret }).await;
    let running = operator.wait_for(|m| match m {
        HubToOperator::Resumed { running, .. } => Some(running),
        HubToOperator::ResumeRefused { refusal } => panic!("{refusal:?}"),
        _ => None,
    });
    running
        .await
        .iter()
        .map(|running| running.session)
        .collect()
}

async fn host_comes_back(hub: &TestHub, host: &mut Peer) -> Vec<PeerId> {
    let admission = host.admission.expect("a place");
    *host = hub.host().await;
    host.admission = Some(admission);
    let (you, secret) = (admission.you, admission.secret);
    host.send(&HostToHub::Resume { you, secret }).await;
    let running = host.wait_for(|m| match m {
        HubToHost::Resumed { running, .. } => Some(running),
        HubToHost::ResumeRefused { refusal } => panic!("{refusal:?}"),
        _ => None,
    });
    running.await.iter().map(|running| running.with).collect()
}

fn lose(peer: &Peer) {
    transport::close::close_refused(&peer.greeted.connection, RefusalCode::TIMED_OUT.into());
}

/// The marks of the first film's time line, when it is finished.
async fn marks(hub: &TestHub) -> Vec<Event> {
    let end = Instant::now() + PATIENCE;
    loop {
        let film = Recording::open(&hub.data.join("films/00000001.film")).expect("a recording");
        if film.is_finished().expect("readable") {
            assert!(film.verify().intact);
            let entries = film.timeline().map(|entry| entry.expect("well formed"));
            let events = entries.filter_map(|entry| match entry.body {
                Body::Event(event) => Some(event),
                _ => None,
            });
            return events.collect();
        }
        assert!(Instant::now() < end, "finished in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn film_rights(rights: Rights) -> recording::Rights {
    recording::Rights::from_bits(rights.bits())
}

/// What the audit log says happened in sessions.
fn audited(hub: &TestHub) -> Vec<String> {
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let sql = "SELECT action FROM audit WHERE action LIKE 'session.%' ORDER BY id";
    let mut statement = database.prepare(sql).expect("sound");
    let rows = statement.query_map((), |row| row.get(0)).expect("read");
    rows.map(|row| row.expect("text")).collect()
}

#[tokio::test]
async fn o11_two_operators_share_a_session_its_film_and_its_report() {
    let hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let frames = [screen_frame(1, 3 << 20), screen_frame(2, 10)];
    for frame in &frames {
        send_tagged(&mut screen, frame).await;
    }
    let mut annas = screen_at(&pair.operator, session).await;
    expect_frames(&mut annas, &frames).await;

    // Bruno is asked about once more before he is let in, and may see less than Anna
    pair.trade(&mut bruno);
    let same = pair.ask(CONTROL).await;
    pair.answer(same, None).await;
    let refused = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(refused.await, RefusalCode::CONSENT_REFUSED);
    pair.trade(&mut bruno);
    let_in(&mut pair, &mut bruno, session, CONTROL).await;

    // the late one begins where a picture stands alone; then both see the same
    let frames = [screen_frame(3, 10), whole(4), screen_frame(5, 70_000)];
    for frame in &frames {
        send_tagged(&mut screen, frame).await;
    }
    let mut brunos = screen_at(&bruno.operator, session).await;
    expect_frames(&mut annas, &frames).await;
    expect_frames(&mut brunos, &frames[1..]).await;
    let mut pointer = pair.open(Lane::Pointer, session).await;
    let moved = PointerUpdate {
        seq: 1,
        at_micros: 5,
        x: -1,
        y: 700,
        visible: true,
        shape: None,
    };
    send_tagged(&mut pointer, &moved).await;
    for operator in [&pair.operator, &bruno.operator] {
        let (header, mut reader) = operator.accept_stream().await;
        assert_eq!(header, StreamHeader::to_everybody(Lane::Pointer, session));
        let seen: PointerUpdate = receive_tagged(&mut reader).await.expect("there");
        assert_eq!(seen, moved);
    }

    // both type, each in a stream of its own
    for rounds in 0..2 {
        let mut input = pair.open(Lane::Input, session).await;
        input
            .write_body(vec![rounds; 20].into())
            .await
            .expect("sent");
        let (header, mut reader) = pair.host.accept_stream().await;
        assert_eq!(header, pair.header(Lane::Input, session));
        let body = reader.read_body().await.expect("whole").expect("there");
        assert_eq!(body, vec![rounds; 20]);
        pair.trade(&mut bruno);
    }
    let company = |driver| HostWord::Company {
        session,
        operators: Vec::<Companion>::new(),
        driver,
    };
    for driver in [Some(bruno.you()), Some(bruno.you()), None] {
        pair.host_says(&company(driver)).await;
        assert_eq!(pair.operator_hears().await, company(driver));
    }

    // Anna leaves, Bruno goes on
    let leave = OperatorToHub::EndSession { session };
    pair.operator.send(&leave).await;
    let left = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionLeft { session, by } => Some((session, by)),
        HubToOperator::SessionEnded { .. } => panic!("it goes on"),
        _ => None,
    });
    assert_eq!(left.await, (session, EndedBy::Operator));
    let anna = pair.you();
    let gone = pair.host.wait_for(|m| match m {
        HubToHost::OperatorLeft { session, operator } => Some((session, operator)),
        _ => None,
    });
    assert_eq!(gone.await, (session, anna));
    assert!(annas.read_body().await.is_err(), "reset");
    let frames = [screen_frame(6, 10)];
    send_tagged(&mut screen, &frames[0]).await;
    expect_frames(&mut brunos, &frames).await;

    // one report, which is Bruno's
    pair.host.send(&HostToHub::EndSession { session }).await;
    let facts = bruno.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { by, facts, .. } => {
            assert_eq!(by, EndedBy::User);
            Some(facts)
        }
        _ => None,
    });
    let facts = facts.await;
    assert_eq!(&*facts.operator, "ANNA, BRUNO");
    for (operator, expected) in [
        (&mut pair.operator, Vec::new()),
        (
            &mut bruno.operator,
            vec![(facts.clone(), ReportDraft::default())],
        ),
    ] {
        operator.send(&OperatorToHub::ListDrafts).await;
        let drafts = operator.wait_for(|m| match m {
            HubToOperator::Drafts { drafts } => Some(drafts),
            _ => None,
        });
        assert_eq!(drafts.await, expected);
    }
    for (operator, expected) in [
        (
            &mut pair.operator,
            Outcome::Refused(RefusalCode::REPORT_GONE.into()),
        ),
        (&mut bruno.operator, Outcome::Done),
    ] {
        let save = OperatorToHub::SaveReport {
            report: facts.report,
            draft: ReportDraft::default(),
            finished: true,
        };
        operator.send(&save).await;
        let outcome = operator.wait_for(|m| match m {
            HubToOperator::ReportSaved { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(outcome.await, expected);
    }
    assert_what_is_left(&hub).await;
}

async fn assert_what_is_left(hub: &TestHub) {
    let name = || "BRUNO".to_owned();
    let rights = film_rights(CONTROL);
    let expected = [
        Event::Started { rights },
        Event::OperatorJoined {
            name: name(),
            rights,
        },
        Event::Driver { name: Some(name()) },
        Event::Driver { name: None },
        Event::OperatorLeft {
            name: "ANNA".to_owned(),
        },
        Event::Ended {
            by: recording::EndedBy::User,
        },
    ];
    assert_eq!(marks(hub).await, expected);
    let asked_and_let_in = [
        "session.started",
        "session.join_asked",
        "session.join_refused",
        "session.join_asked",
        "session.joined",
        "session.left",
        "session.ended",
    ];
    assert_eq!(audited(hub), asked_and_let_in);
    for list in [["report", "list"], ["film", "list"]] {
        let listed = run_hub(&[list[0], list[1], "--data", hub.data_text()], "");
        assert!(text(&listed).contains("ANNA, BRUNO"), "{}", text(&listed));
    }
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let sql = "SELECT count(*) FROM member WHERE left_at >= joined_at";
    let left: i64 = database.query_row(sql, (), |row| row.get(0)).expect("read");
    assert_eq!(left, 2, "both took part for some time");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_viewer_who_does_not_read_slows_nobody_and_fills_no_memory() {
    let hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &whole(1)).await;
    let mut annas = screen_at(&pair.operator, session).await;
    expect_frames(&mut annas, &[whole(1)]).await;
    let before = hub.resident_bytes();
    // Bruno takes no stream: at its end, on the way and at the hub there is room for some of it alone
    let mut times = Vec::new();
    for seq in 2..150 {
        let frame = screen_frame(seq, if seq < 100 { 1 << 20 } else { 1 << 10 });
        let sent = Instant::now();
        let there_and_here = async {
            send_tagged(&mut screen, &frame).await;
            let seen: ScreenFrame = receive_tagged(&mut annas).await.expect("there");
            assert_eq!(seen, frame);
        };
        let done = tokio::time::timeout(PATIENCE, there_and_here).await;
        done.expect("nobody waits for Bruno");
        times.push(sent.elapsed());
    }
    let grown = hub.resident_bytes().saturating_sub(before) >> 20;
    assert!(grown < 80, "{grown} MiB for one who does not read");
    let mut small = times.split_off(98);
    small.sort();
    let (middle, slowest) = (small[small.len() / 2], small[small.len() - 1]);
    eprintln!("1 KiB takes {middle:?}, at most {slowest:?}; {grown} MiB more at the hub");
    assert!(middle < Duration::from_millis(20), "{small:?}");
    // whoever reads again sees that some are missing, and goes on with the next that stands alone
    let mut brunos = screen_at(&bruno.operator, session).await;
    let reading = async {
        let mut last = 0;
        loop {
            let seen: ScreenFrame = receive_tagged(&mut brunos).await.expect("there");
            if seen.seq != last + 1 {
                break (last, seen.seq);
            }
            last = seen.seq;
        }
    };
    let (last, next) = tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("a gap");
    assert!(last > 1 && next > last + 1 && next < 100, "{last} {next}");
    let frames = [whole(150), screen_frame(151, 10)];
    for frame in &frames {
        send_tagged(&mut screen, frame).await;
    }
    expect_frames(&mut brunos, &frames).await;
    expect_frames(&mut annas, &frames).await;
}

#[tokio::test]
async fn a_viewer_who_stops_the_stream_may_begin_anew_and_the_other_notices_nothing() {
    let hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &whole(1)).await;
    let mut annas = screen_at(&pair.operator, session).await;
    let mut brunos = screen_at(&bruno.operator, session).await;
    expect_frames(&mut annas, &[whole(1)]).await;
    expect_frames(&mut brunos, &[whole(1)]).await;
    for (frames, first) in [
        (
            vec![
                screen_frame(2, 10),
                screen_frame(3, 10),
                whole(4),
                screen_frame(5, 10),
            ],
            2,
        ),
        (vec![whole(6), screen_frame(7, 10)], 0),
    ] {
        brunos.stream_mut().stop(0_u32.into()).expect("open");
        // until the hub has heard of it, it writes into the void
        tokio::time::sleep(Duration::from_millis(300)).await;
        for frame in &frames {
            send_tagged(&mut screen, frame).await;
        }
        expect_frames(&mut annas, &frames).await;
        brunos = screen_at(&bruno.operator, session).await;
        expect_frames(&mut brunos, &frames[first..]).await;
    }
    // an end between two frames is no break
    screen.finish();
    for reader in [&mut annas, &mut brunos] {
        let end = tokio::time::timeout(PATIENCE, reader.read_body()).await;
        assert_eq!(end.expect("in time").expect("whole"), None);
    }
}

#[tokio::test]
async fn r4_one_operator_may_be_lost_and_come_back_while_the_other_goes_on() {
    let hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &whole(1)).await;
    let mut annas = screen_at(&pair.operator, session).await;
    expect_frames(&mut annas, &[whole(1)]).await;

    lose(&bruno.operator);
    let you = bruno.you();
    let absent = |m| match m {
        HubToHost::OperatorPresent { operator, present } if operator == you => Some(present),
        HubToHost::SessionEnded { .. } => panic!("ended"),
        _ => None,
    };
    pair.host
        .wait_for(|m| absent(m).filter(|present| !present))
        .await;
    send_tagged(&mut screen, &screen_frame(2, 10)).await;
    expect_frames(&mut annas, &[screen_frame(2, 10)]).await;
    assert_eq!(comes_back(&hub, &mut bruno.operator).await, [session]);
    let frames = [screen_frame(3, 10), whole(4)];
    for frame in &frames {
        send_tagged(&mut screen, frame).await;
    }
    expect_frames(&mut annas, &frames).await;
    let mut brunos = screen_at(&bruno.operator, session).await;
    expect_frames(&mut brunos, &frames[1..]).await;

    // with nobody left the host's stream ends; the first who is back has it again
    lose(&bruno.operator);
    lose(&pair.operator);
    assert_eq!(stopped(&mut screen).await, Some(0));
    assert_eq!(comes_back(&hub, &mut pair.operator).await, [session]);
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &whole(5)).await;
    let mut annas = screen_at(&pair.operator, session).await;
    expect_frames(&mut annas, &[whole(5)]).await;
    let company = HostWord::Company {
        session,
        operators: Vec::new(),
        driver: Some(pair.you()),
    };
    pair.host_says(&company).await;
    assert_eq!(pair.operator_hears().await, company);

    // a lost host comes back to both
    assert_eq!(comes_back(&hub, &mut bruno.operator).await, [session]);
    lose(&pair.host);
    let both = host_comes_back(&hub, &mut pair.host).await;
    assert_eq!(both, [pair.you(), bruno.you()]);
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &whole(6)).await;
    for operator in [&pair.operator, &bruno.operator] {
        expect_frames(&mut screen_at(operator, session).await, &[whole(6)]).await;
    }

    // the film tells each gap by its side
    pair.host.send(&HostToHub::EndSession { session }).await;
    let mut gaps: Vec<Event> = marks(&hub).await;
    gaps.retain(|e| !matches!(e, Event::Started { .. } | Event::OperatorJoined { .. }));
    let side = |name: &str| Side::Operator {
        name: name.to_owned(),
    };
    let (lost, back) = (
        |side| Event::Interrupted { side },
        |side| Event::Resumed { side },
    );
    let name = Some("ANNA".to_owned());
    let driver = Event::Driver { name };
    // who of the two was missed first is chance
    gaps[2..4].sort_by_key(ToString::to_string);
    assert_eq!(
        gaps,
        [
            lost(side("BRUNO")),
            back(side("BRUNO")),
            lost(side("ANNA")),
            lost(side("BRUNO")),
            back(side("ANNA")),
            driver,
            back(side("BRUNO")),
            lost(Side::Host),
            back(Side::Host),
            Event::Ended {
                by: recording::EndedBy::User,
            },
        ]
    );
}

fn close_account(hub: &TestHub, name: &str) {
    let args = ["admin", "disable-operator", name, "--data", hub.data_text()];
    let closed = run_hub(&args, "");
    assert!(closed.status.success(), "{}", text(&closed));
}

#[tokio::test]
async fn r4_a_killed_hub_takes_both_operators_back() {
    let hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    pair.trade(&mut bruno);
    let rights = Rights::SEE;
    pair.host_says(&HostWord::Reduce { session, rights }).await;
    pair.operator_hears().await;
    pair.trade(&mut bruno);
    // the rights are stored a moment after they are in force
    tokio::time::sleep(Duration::from_millis(500)).await;
    let hub = hub.kill_and_restart();
    // both tickets lead to the place that the host has
    assert_eq!(host_comes_back(&hub, &mut pair.host).await.len(), 2);
    assert_eq!(comes_back(&hub, &mut bruno.operator).await, [session]);
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &whole(1)).await;
    let mut brunos = screen_at(&bruno.operator, session).await;
    expect_frames(&mut brunos, &[whole(1)]).await;
    assert_eq!(comes_back(&hub, &mut pair.operator).await, [session]);
    send_tagged(&mut screen, &whole(2)).await;
    let mut annas = screen_at(&pair.operator, session).await;
    expect_frames(&mut annas, &[whole(2)]).await;
    // each with the rights they had
    let mut annas = pair.open(Lane::Input, session).await;
    annas.write_body(vec![1].into()).await.expect("sent");
    let (header, _reader) = pair.host.accept_stream().await;
    assert_eq!(header.operator, pair.you());
    pair.trade(&mut bruno);
    let mut brunos = pair.open(Lane::Input, session).await;
    let expected = u64::from(RefusalCode::OUT_OF_PLACE.0);
    assert_eq!(stopped(&mut brunos).await, Some(expected));
    pair.trade(&mut bruno);

    // an operator whose account is closed leaves alone
    close_account(&hub, "anna");
    let left = pair.host.wait_for(|m| match m {
        HubToHost::OperatorLeft { operator, .. } => Some(operator),
        _ => None,
    });
    assert_eq!(left.await, pair.you());
    pair.host.send(&HostToHub::EndSession { session }).await;
    let facts = bruno.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts),
        _ => None,
    });
    assert_eq!(&*facts.await.operator, "ANNA, BRUNO");
    let marks = marks(&hub).await;
    let hub_side = |event: &Event| match event {
        Event::Interrupted { side } | Event::Resumed { side } => *side == Side::Hub,
        _ => false,
    };
    assert_eq!(marks.iter().filter(|event| hub_side(event)).count(), 2);
}

#[tokio::test]
async fn who_cannot_come_back_is_let_go_when_the_hub_starts() {
    let mut hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    hub.terminate();
    hub.wait(PATIENCE).expect("the hub ends");
    close_account(&hub, "anna");
    let hub = hub.kill_and_restart();
    assert_eq!(host_comes_back(&hub, &mut pair.host).await, [bruno.you()]);
    assert_eq!(comes_back(&hub, &mut bruno.operator).await, [session]);
    bruno
        .operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    let facts = bruno.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts),
        _ => None,
    });
    let facts = facts.await;
    assert_eq!(&*facts.operator, "ANNA, BRUNO");
    bruno.operator.send(&OperatorToHub::ListDrafts).await;
    let drafts = bruno.operator.wait_for(|m| match m {
        HubToOperator::Drafts { drafts } => Some(drafts),
        _ => None,
    });
    assert_eq!(drafts.await, [(facts, ReportDraft::default())]);
    let name = "ANNA".to_owned();
    assert!(marks(&hub).await.contains(&Event::OperatorLeft { name }));
}

#[tokio::test]
async fn nobody_speaks_for_another() {
    let hub = TestHub::start();
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    let out_of_place = Some(u64::from(RefusalCode::OUT_OF_PLACE.0));
    let (annas, anna) = (pair.header(Lane::Input, session), pair.you());
    for header in [
        annas,
        StreamHeader {
            lane: Lane::Viewer,
            ..annas
        },
        StreamHeader {
            operator: PeerId::NOBODY,
            ..annas
        },
    ] {
        let mut stream = bruno.operator.open_stream(header).await;
        assert_eq!(stopped(&mut stream).await, out_of_place, "{header:?}");
    }
    // nor does the host say to one alone what goes to everybody, or to whoever is not there
    let screen = StreamHeader::to_everybody(Lane::Screen, session);
    for header in [
        StreamHeader {
            operator: anna,
            ..screen
        },
        StreamHeader {
            channel: pair.console.id(),
            ..screen
        },
        StreamHeader {
            lane: Lane::ClipboardToOperator,
            ..screen
        },
    ] {
        let mut stream = pair.host.open_stream(header).await;
        assert_eq!(stopped(&mut stream).await, out_of_place, "{header:?}");
    }
    let nothing = pair.host.greeted.connection.accept_uni();
    let waited = tokio::time::timeout(Duration::from_millis(200), nothing).await;
    assert!(waited.is_err(), "no stream reaches the host");

    // what the user takes back from one the other keeps
    let mut annas = pair.open(Lane::Input, session).await;
    annas.write_body(vec![1].into()).await.expect("sent");
    let (header, mut of_anna) = pair.host.accept_stream().await;
    assert_eq!(header.operator, anna);
    assert!(of_anna.read_body().await.expect("whole").is_some());
    pair.trade(&mut bruno);
    let mut brunos = pair.open(Lane::Input, session).await;
    brunos.write_body(vec![2].into()).await.expect("sent");
    let (header, mut of_bruno) = pair.host.accept_stream().await;
    assert_eq!(header.operator, pair.you());
    assert!(of_bruno.read_body().await.expect("whole").is_some());
    let rights = Rights::SEE;
    pair.host_says(&HostWord::Reduce { session, rights }).await;
    assert_eq!(stopped(&mut brunos).await, Some(0));
    assert!(of_bruno.read_body().await.is_err(), "reset");
    annas.write_body(vec![3].into()).await.expect("sent");
    assert!(of_anna.read_body().await.expect("whole").is_some());
    pair.host.send(&HostToHub::EndSession { session }).await;
    let changed = Event::RightsChanged {
        operator: Some("BRUNO".to_owned()),
        rights: film_rights(rights),
    };
    assert!(marks(&hub).await.contains(&changed));
}

#[tokio::test]
async fn without_a_ticket_of_the_host_nothing_reaches_it() {
    let hub = TestHub::start();
    add_operator(&hub.data, "carla");
    let (mut pair, mut bruno, session) = anna_and_bruno(&hub).await;
    let_in(&mut pair, &mut bruno, session, CONTROL).await;
    let mut carla = hub.operator("carla").await;
    let host = pair.entry;
    carla.send(&pair.question(Rights::SEE)).await;
    let refused = carla.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(refused.await, RefusalCode::HOST_GONE);
    let word = pair.console.say(&OperatorWord::Heard { line: 1 });
    let (_, greeting) = session::Opening::begin(
        session::PairKey::from_bytes([1; 32]),
        session::Ends {
            console: carla.admission.expect("logged in").you,
            host,
        },
        [5; 32],
    );
    for message in [
        OperatorToHub::Greet { to: host, greeting },
        OperatorToHub::Say { to: host, word },
        OperatorToHub::EndSession { session },
        OperatorToHub::DisconnectHost { host },
    ] {
        carla.send(&message).await;
        let code = carla.refused().await;
        assert_eq!(code, RefusalCode::OUT_OF_PLACE, "{message:?}");
        carla = hub.operator("carla").await;
    }
    // the host heard nothing of it: the next thing is what Anna says
    let word = OperatorWord::Heard { line: 2 };
    pair.console.say(&word); // the one that Carla had
    pair.operator_says(&word).await;
    let heard = pair.host.wait_for(|m| match m {
        HubToHost::Said { from, .. } => Some(from),
        HubToHost::Greeted { from, .. } | HubToHost::ConsentAsked { from, .. } => {
            panic!("{from} reached it")
        }
        _ => None,
    });
    assert_eq!(heard.await, pair.you());
}

/// The place of a peer, by its number and secret.
fn admission(you: u128, secret: [u128; 2]) -> Admission {
    let secret = secret.map(u128::to_be_bytes).concat();
    Admission {
        you: PeerId(you.to_be_bytes()),
        secret: ResumeSecret(secret.try_into().expect("twice sixteen bytes")),
        kept_seconds: 600,
    }
}

/// The folder of a hub that knew one operator a session, and was killed in one.
fn older_hub() -> tempfile::TempDir {
    let folder = folder();
    let database = folder.path().join("hub.db");
    private_file::open(&database).expect("made");
    let database = rusqlite::Connection::open(database).expect("opened");
    let rows = include_str!("fixtures/schema-2.sql");
    database.execute_batch(rows).expect("sound");
    let meta = recording::RecordingMeta {
        session: 1,
        operator: "anna".to_owned(),
        requester: "Rossi".to_owned(),
        host: "PC-ROSSI".to_owned(),
        ticket: Some(225),
        started_unix_millis: 1_795_854_900_000,
        hub_version: "0.1.0".to_owned(),
    };
    hub::create_folder(&folder.path().join("films")).expect("made");
    let film = folder.path().join("films/00000001.film");
    let mut film = Recorder::create(&film, &meta).expect("made");
    let rights = film_rights(CONTROL);
    let body = Body::Event(Event::Started { rights });
    let at_micros = 0;
    film.append(&Entry { at_micros, body }).expect("written");
    film.commit().expect("written");
    folder
}

#[tokio::test]
async fn a_session_of_an_older_hub_goes_on_and_can_be_joined() {
    let folder = older_hub();
    let hub = TestHub::serve(folder.path(), &[]);
    let mut anna = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    anna.admission = Some(admission(
        0xb2d2_3109_7a4d_0648_748c_fe91_77c1_3bca,
        [
            0x5e5d_8660_52a7_a68e_d4e7_01f7_9a44_9b87,
            0xff56_4c2b_9673_d67a_ce2e_1161_9817_74e2,
        ],
    ));
    let session = SessionId(1);
    assert_eq!(comes_back(&hub, &mut anna).await, [session]);
    let mut host = hub.host().await;
    host.admission = Some(admission(
        0x2386_79e7_2c0e_fec5_f67f_8eb5_4681_1f7c,
        [
            0xa62f_1586_bebb_dac1_aaf0_d9d9_91c7_f69c,
            0x90f4_9eca_f99e_52ca_6a96_afa4_bb10_3431,
        ],
    ));
    let entry = host.admission.expect("set").you;
    let anna_id = anna.admission.expect("set").you;
    assert_eq!(host_comes_back(&hub, &mut host).await, [anna_id]);

    let header = StreamHeader::to_everybody(Lane::Screen, session);
    let mut screen = host.open_stream(header).await;
    send_tagged(&mut screen, &whole(1)).await;
    let mut annas = screen_at(&anna, session).await;
    expect_frames(&mut annas, &[whole(1)]).await;
    let bruno = Colleague::meet(&hub, "bruno", &mut host).await;
    let mut pair = Pair {
        operator: bruno.operator,
        host,
        entry,
        route: protocol::TicketRoute::new(225).expect("four digits"),
        console: bruno.console,
        channel: bruno.channel,
        key: bruno.key,
    };
    let (joined, _) = pair.start_session(CONTROL).await;
    assert_eq!(joined, session);
    send_tagged(&mut screen, &whole(2)).await;
    expect_frames(&mut annas, &[whole(2)]).await;
    let mut brunos = screen_at(&pair.operator, session).await;
    expect_frames(&mut brunos, &[whole(2)]).await;
    pair.host.send(&HostToHub::EndSession { session }).await;
    let facts = anna.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts),
        _ => None,
    });
    assert_eq!(&*facts.await.operator, "anna, bruno");
    marks(&hub).await;
    let audit = text(&run_hub(
        &["audit", "verify", "--data", hub.data_text()],
        "",
    ));
    assert!(audit.contains("as they were written"), "{audit}");
}
