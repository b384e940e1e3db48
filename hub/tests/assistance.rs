//! The whole assistance, with a real hub process between scripted ends.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::{Path, PathBuf};

use protocol::{
    EndedBy, HostToHub, HostWord, HubToHost, HubToOperator, Lane, OperatorToHub, OperatorWord,
    Outcome, PointerUpdate, RefusalCode, ReportDraft, Rights, Role, ScreenFrame, TicketState,
};
use recording::{Body, Event, Recording};
use support::{Pair, Peer, TestHub, receive_tagged, run_hub, screen_frame, send_tagged, text};

const SEE: Rights = Rights::SEE;

fn films(data: &Path) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(data.join("films")).expect("the folder of the films");
    let paths = folder.map(|file| file.expect("readable").path());
    // a film that is being written has files beside it
    let is_film = |path: &PathBuf| path.extension().is_some_and(|e| e == "film");
    paths.filter(is_film).collect()
}

#[tokio::test]
async fn a_whole_assistance_is_relayed_filmed_and_reported() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, keys) = pair.start_session(Rights::SEE_AND_CONTROL).await;

    // the screen, large and small, and a pointer
    let mut screen = pair.open(Lane::Screen, session).await;
    let mut pointer = pair.open(Lane::Pointer, session).await;
    let frames: Vec<ScreenFrame> = [(1, 3 << 20), (2, 10), (3, 0), (4, 70_000)]
        .map(|(seq, bytes)| screen_frame(seq, bytes))
        .into();
    for frame in &frames {
        send_tagged(&mut screen, frame).await;
    }
    let moved = PointerUpdate {
        seq: 1,
        at_micros: 5,
        x: -1,
        y: 700,
        visible: true,
        shape: None,
    };
    send_tagged(&mut pointer, &moved).await;
    for _ in 0..2 {
        let (header, mut reader) = pair.operator.accept_stream().await;
        assert_eq!(header, pair.header(header.lane, session));
        match header.lane {
            Lane::Screen => {
                for frame in &frames {
                    let seen: ScreenFrame = receive_tagged(&mut reader).await.expect("there");
                    assert_eq!(&seen, frame);
                }
            }
            Lane::Pointer => {
                let seen: PointerUpdate = receive_tagged(&mut reader).await.expect("there");
                assert_eq!(seen, moved);
            }
            _ => panic!("{header:?}"),
        }
    }

    // what is sealed goes by as it is
    for lane in [Lane::Viewer, Lane::Input] {
        let mut writer = pair.open(lane, session).await;
        let sealed = keys
            .operator
            .sealer(session, lane)
            .seal(b"for the host alone");
        writer.write_body(sealed.into()).await.expect("sent");
        let (header, mut reader) = pair.host.accept_stream().await;
        assert_eq!(header, pair.header(lane, session));
        let body = reader.read_body().await.expect("whole").expect("there");
        let opened = keys.host.opener(session, lane).open(&body);
        assert_eq!(opened.as_deref(), Ok(&b"for the host alone"[..]));
    }

    // chat, both ways; a line that is said again is filmed once
    for line in [1, 1] {
        let text = "hello".into();
        pair.host_says(&HostWord::Chat { line, text }).await;
        let heard = pair.operator_hears().await;
        let text = "hello".into();
        assert_eq!(heard, HostWord::Chat { line, text });
    }
    let word = OperatorWord::Chat {
        line: 1,
        text: "hi".into(),
    };
    pair.operator_says(&word).await;
    assert_eq!(pair.host_hears().await, word);

    // the end, the report
    pair.host.send(&HostToHub::EndSession { session }).await;
    let facts = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { by, facts, .. } => {
            assert_eq!(by, EndedBy::User);
            Some(facts)
        }
        _ => None,
    });
    let facts = facts.await;
    assert_eq!(
        (&*facts.requester, &*facts.operator, &*facts.host),
        ("Rossi", "ANNA", "PC-ROSSI")
    );
    assert_eq!(facts.ticket, Some(pair.route));
    pair.operator.send(&OperatorToHub::ListDrafts).await;
    let drafts = pair.operator.wait_for(|m| match m {
        HubToOperator::Drafts { drafts } => Some(drafts),
        _ => None,
    });
    assert_eq!(drafts.await, [(facts.clone(), ReportDraft::default())]);
    save_the_report(&mut pair, facts.report).await;

    let data = hub.data_text();
    let film = films(&hub.data).pop().expect("a film");
    assert_film(&film, &frames);
    let verified = wait_for_film(data);
    assert!(verified.contains("is as it was recorded"), "{verified}");
    let shown = run_hub(&["report", "show", "1", "--json", "--data", data], "");
    let report: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(report["problem"], "no paper");
    assert_eq!(report["finished"], true);
    let audit = text(&run_hub(&["audit", "verify", "--data", data], ""));
    assert!(audit.contains("as they were written"), "{audit}");
}

async fn save_the_report(pair: &mut Pair, report: protocol::ReportId) {
    let draft = ReportDraft {
        problem: "no paper".into(),
        ..ReportDraft::default()
    };
    for (finished, expected) in [
        (false, Outcome::Done),
        (true, Outcome::Done),
        (false, Outcome::Refused(RefusalCode::REPORT_GONE.into())),
    ] {
        let draft = draft.clone();
        let message = OperatorToHub::SaveReport {
            report,
            draft,
            finished,
        };
        pair.operator.send(&message).await;
        let outcome = pair.operator.wait_for(|m| match m {
            HubToOperator::ReportSaved { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(outcome.await, expected, "finished reports stay as they are");
    }
}

/// The film is finished a moment after the session.
fn wait_for_film(data: &str) -> String {
    let end = std::time::Instant::now() + support::PATIENCE;
    loop {
        let verified = run_hub(&["film", "verify", "1", "--data", data], "");
        let said = text(&verified);
        if !said.contains("not finished") || std::time::Instant::now() > end {
            assert!(verified.status.success(), "{said}");
            return said;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// D2: pictures, pointer, chat and events; no input.
fn assert_film(film: &Path, frames: &[ScreenFrame]) {
    let end = std::time::Instant::now() + support::PATIENCE;
    let recording = loop {
        let recording = Recording::open(film).expect("a recording");
        if recording.is_finished().expect("readable") {
            break recording;
        }
        assert!(std::time::Instant::now() < end, "finished in time");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let (mut pictures, mut pointers, mut chat, mut events) = (0, 0, Vec::new(), Vec::new());
    for entry in recording.entries(0).expect("readable") {
        match entry.expect("well formed").body {
            Body::Screen {
                seq,
                is_reset,
                payload,
            } => {
                let frame = &frames[pictures];
                assert_eq!(
                    (seq, is_reset, &payload),
                    (frame.seq, frame.is_reset(), &frame.payload)
                );
                pictures += 1;
            }
            Body::Pointer(_) => pointers += 1,
            Body::Chat { name, text, .. } => chat.push((name, text)),
            Body::Event(event) => events.push(event),
        }
    }
    assert_eq!((pictures, pointers), (frames.len(), 1));
    let line = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(chat, [line("Rossi", "hello"), line("ANNA", "hi")]);
    assert!(
        matches!(events[..], [Event::Started { .. }, Event::Ended { .. }]),
        "{events:?}"
    );
}

#[tokio::test]
async fn h5_a_refused_question_leaves_no_film() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let session = pair.ask(SEE).await;
    pair.answer(session, None).await;
    let code = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::CONSENT_REFUSED);
    assert!(films(&hub.data).is_empty());
    // and he may be asked again
    pair.start_session(SEE).await;
    assert_eq!(films(&hub.data).len(), 1);
}

#[tokio::test]
async fn h5_a_host_that_grants_more_than_was_asked_is_cut_off() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let session = pair.ask(SEE).await;
    pair.answer(session, Some(Rights::SEE_AND_CONTROL)).await;
    assert_eq!(pair.host.refused().await, RefusalCode::OUT_OF_PLACE);
    let code = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::HOST_GONE);
}

#[tokio::test]
async fn h6_taking_control_back_ends_the_input_at_once() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut input = pair.open(Lane::Input, session).await;
    input.write_body(vec![1; 20].into()).await.expect("sent");
    let (_, mut reader) = pair.host.accept_stream().await;
    assert!(reader.read_body().await.expect("whole").is_some());

    let rights = SEE;
    pair.host_says(&HostWord::Reduce { session, rights }).await;
    let heard = pair.operator_hears().await;
    assert_eq!(heard, HostWord::Reduce { session, rights });
    assert!(input.stream_mut().stopped().await.expect("there").is_some());
    assert!(reader.read_body().await.is_err(), "reset");
    // the session goes on, and a new input stream is not taken
    let mut again = pair.open(Lane::Input, session).await;
    assert!(again.stream_mut().stopped().await.expect("there").is_some());
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 10)).await;
    let (header, mut reader) = pair.operator.accept_stream().await;
    assert_eq!(header, pair.header(Lane::Screen, session));
    assert!(reader.read_body().await.expect("whole").is_some());
}

#[tokio::test]
async fn b2_input_without_the_right_to_control_is_not_relayed() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(SEE).await;
    let mut input = pair.open(Lane::Input, session).await;
    let stopped = input.stream_mut().stopped().await.expect("there");
    let expected = u64::from(RefusalCode::OUT_OF_PLACE.0);
    assert_eq!(stopped.map(u64::from), Some(expected));
    let nothing = pair.host.greeted.connection.accept_uni();
    let waited = tokio::time::timeout(std::time::Duration::from_millis(200), nothing).await;
    assert!(waited.is_err(), "no stream reaches the host");
}

#[tokio::test]
async fn b2_only_the_owner_of_a_ticket_may_touch_its_host() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut bruno = hub.operator("bruno").await;
    let start = pair.question(SEE);
    bruno.send(&start).await;
    let code = bruno.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::HOST_GONE);
    let header = pair.header(Lane::Input, session);
    let mut stream = bruno.open_stream(header).await;
    assert!(
        stream
            .stream_mut()
            .stopped()
            .await
            .expect("there")
            .is_some()
    );
    for message in [
        OperatorToHub::EndSession { session },
        OperatorToHub::DisconnectHost { host: pair.entry },
        OperatorToHub::Say {
            to: pair.entry,
            word: pair.console.say(&OperatorWord::Heard { line: 1 }),
        },
    ] {
        bruno.send(&message).await;
        assert_eq!(
            bruno.refused().await,
            RefusalCode::OUT_OF_PLACE,
            "{message:?}"
        );
        bruno = hub.operator("bruno").await;
    }
    // nobody noticed
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 10)).await;
    let (_, mut reader) = pair.operator.accept_stream().await;
    assert!(reader.read_body().await.expect("whole").is_some());
}

/// Waits until the row of `pair`'s host says `present`.
async fn host_is(pair: &mut Pair, present: bool) {
    let entry = pair.entry;
    let changed = pair.operator.wait_for(|m| match m {
        HubToOperator::EntryChanged { entry: row } if row.id == entry => {
            (row.present == present).then_some(())
        }
        HubToOperator::SessionEnded { .. } => panic!("ended"),
        _ => None,
    });
    changed.await;
}

#[tokio::test]
async fn r4_a_host_that_is_lost_comes_back_to_its_session() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(SEE).await;
    let connection = &pair.host.greeted.connection;
    transport::close::close_refused(connection, RefusalCode::TIMED_OUT.into());
    host_is(&mut pair, false).await;

    let admission = pair.host.admission.expect("a place");
    let mut wrong = hub.host().await;
    wrong
        .send(&HostToHub::Resume {
            you: admission.you,
            secret: protocol::ResumeSecret([1; 32]),
        })
        .await;
    let HubToHost::ResumeRefused { refusal } = wrong.receive().await else {
        panic!("refused");
    };
    assert_eq!(refusal.code, RefusalCode::CANNOT_RESUME);

    let mut back = hub.host().await;
    back.send(&HostToHub::Resume {
        you: admission.you,
        secret: admission.secret,
    })
    .await;
    let HubToHost::Resumed { running, .. } = back.receive().await else {
        panic!("resumed");
    };
    assert_eq!(running.len(), 1);
    assert_eq!((running[0].session, running[0].with), (session, pair.you()));
    pair.host = back;
    host_is(&mut pair, true).await;
    // the streams flow again, into the same film
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 10)).await;
    let (_, mut reader) = pair.operator.accept_stream().await;
    assert!(reader.read_body().await.expect("whole").is_some());
    assert_eq!(films(&hub.data).len(), 1);
}

#[tokio::test]
async fn r4_a_killed_hub_takes_both_ends_back() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(SEE).await;
    let (operator, host) = (pair.operator.admission, pair.host.admission);
    let (operator, host) = (operator.expect("a place"), host.expect("a place"));
    let hub = hub.kill_and_restart();
    let mut console = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    console
        .send(&OperatorToHub::Resume {
            you: operator.you,
            secret: operator.secret,
        })
        .await;
    let HubToOperator::Resumed { running, .. } = console.receive().await else {
        panic!("resumed");
    };
    assert_eq!(running.len(), 1);
    let mut helpme = hub.host().await;
    helpme
        .send(&HostToHub::Resume {
            you: host.you,
            secret: host.secret,
        })
        .await;
    let HubToHost::Resumed { running, .. } = helpme.receive().await else {
        panic!("resumed");
    };
    assert_eq!(running[0].session, session);
    (pair.operator, pair.host) = (console, helpme);
    pair.operator.admission = Some(operator);
    host_is(&mut pair, true).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 10)).await;
    let (_, mut reader) = pair.operator.accept_stream().await;
    assert!(reader.read_body().await.expect("whole").is_some());
    pair.host.send(&HostToHub::EndSession { session }).await;
    let ended = |m| matches!(m, HubToOperator::SessionEnded { .. }).then_some(());
    pair.operator.wait_for(ended).await;
    let verified = wait_for_film(hub.data_text());
    assert!(verified.contains("is as it was recorded"), "{verified}");
    assert!(verified.contains("connection lost: "), "{verified}");
}

#[tokio::test]
async fn o5_the_newer_log_in_of_an_account_wins() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let _newer = hub.operator("Anna").await;
    let code = pair.operator.wait_for(|m| match m {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::LOGGED_IN_ELSEWHERE);
    assert_eq!(
        pair.operator.refused().await,
        RefusalCode::LOGGED_IN_ELSEWHERE
    );
    // the host stays with the account
    for expected in [false, true] {
        let present = pair.host.wait_for(|m| match m {
            HubToHost::OperatorPresent { present, .. } => Some(present),
            _ => None,
        });
        assert_eq!(present.await, expected);
    }
}

#[tokio::test]
async fn o9_a_disconnected_host_is_told_so() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(SEE).await;
    let disconnect = OperatorToHub::DisconnectHost { host: pair.entry };
    pair.operator.send(&disconnect).await;
    let by = pair.host.wait_for(|m| match m {
        HubToHost::SessionEnded { by, .. } => Some(by),
        _ => None,
    });
    assert_eq!(by.await, EndedBy::Operator);
    // and has in hand what became of it
    let signed = pair.host.receipt().await;
    let pin = transport::Pin::Key(hub.fingerprint);
    let receipt = transport::receipt::verify_of(&signed, pin).expect("signed by the hub");
    assert_eq!(receipt.session, session);
    assert_eq!(receipt.ended_by, EndedBy::Operator);
    assert_eq!(pair.host.refused().await, RefusalCode::DISCONNECTED);
}

#[tokio::test]
async fn o7_a_host_appears_in_every_list_and_is_its_owners() {
    let hub = TestHub::start();
    let mut bruno = hub.operator("bruno").await;
    let pair = hub.pair("anna").await;
    let entry = bruno.wait_for(|m| match m {
        HubToOperator::EntryChanged { entry } if entry.id == pair.entry => Some(entry),
        _ => None,
    });
    let entry = entry.await;
    assert_eq!((&*entry.name, &*entry.person), ("PC-ROSSI", "Rossi"));
    assert_eq!((entry.ticket, entry.yours), (Some(pair.route), false));
}

#[tokio::test]
async fn a_used_ticket_tells_its_operator() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    operator
        .send(&OperatorToHub::RevokeTicket {
            route: ticket.route(),
        })
        .await;
    let state = operator.wait_for(|m| match m {
        HubToOperator::TicketChanged { state, .. } => Some(state),
        _ => None,
    });
    assert_eq!(state.await, TicketState::Revoked);
}

#[tokio::test]
async fn a_stream_that_its_sender_finished_arrives_whole() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(SEE).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let frame = screen_frame(1, 4 << 20);
    let sending = async {
        send_tagged(&mut screen, &frame).await;
        screen.finish();
    };
    let receiving = async {
        let (_, mut reader) = pair.operator.accept_stream().await;
        // the last bytes are under way for a while after the hub is done with them
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let seen: ScreenFrame = receive_tagged(&mut reader).await.expect("there");
        let end: Option<ScreenFrame> = receive_tagged(&mut reader).await;
        (seen, end)
    };
    let ((), (seen, end)) = tokio::join!(sending, receiving);
    assert_eq!(seen, frame);
    assert_eq!(end, None);
    // and the next stream of the kind follows
    let mut again = pair.open(Lane::Screen, session).await;
    send_tagged(&mut again, &screen_frame(2, 10)).await;
    let (_, mut reader) = pair.operator.accept_stream().await;
    assert!(reader.read_body().await.expect("whole").is_some());
}
