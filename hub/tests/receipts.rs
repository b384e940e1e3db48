//! The receipt of an assistance, and what the user says of it (H9).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use protocol::admin::reports::Language;
use protocol::files::{FilesEnd, FilesWord, TransferId};
use protocol::receipt::file::SavedReceipt;
use protocol::receipt::{FilmKept, Helper, Offsets, SentFiles};
use protocol::{
    EndedBy, Feedback, HostToHub, HostWord, HubToHost, HubToOperator, Lane, OperatorToHub,
    OperatorWord, Outcome, Receipt, RefusalCode, ReportId, Rights, SessionId, SignedReceipt, Stars,
};
use support::{Colleague, Peer, TestHub, run_hub, text};
use transport::Pin;
use transport::receipt::verify_of;

const ALL: Rights = Rights::SEE_AND_CONTROL.with(Rights::FILES);
const DAY: i64 = 24 * 3600;

fn feedback(stars: Stars, words: &str) -> Feedback {
    let words = words.into();
    Feedback { stars, words }
}

/// What `signed` says, if the hub signed it.
fn read(hub: &TestHub, signed: &SignedReceipt) -> Receipt {
    verify_of(signed, Pin::Key(hub.fingerprint)).expect("the hub's")
}

fn lose(peer: &Peer) {
    transport::close::close_refused(&peer.greeted.connection, RefusalCode::TIMED_OUT.into());
}

async fn come_back(hub: &TestHub, host: &mut Peer) {
    let admission = host.admission.expect("a place");
    *host = hub.host().await;
    host.admission = Some(admission);
    let (you, secret) = (admission.you, admission.secret);
    host.send(&HostToHub::Resume { you, secret }).await;
}

/// What becomes of what a host's user says.
async fn rate(host: &mut Peer, session: SessionId, feedback: Feedback) -> Outcome {
    host.send(&HostToHub::Feedback { session, feedback }).await;
    let taken = host.wait_for(|message| match message {
        HubToHost::FeedbackTaken {
            session: of,
            outcome,
        } if of == session => Some(outcome),
        _ => None,
    });
    taken.await
}

/// `hub` with these arguments, which must work.
fn printed(hub: &TestHub, args: &[&str]) -> String {
    let output = run_hub(&[args, &["--data", hub.data_text()]].concat(), "");
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    text(&output)
}

fn report(hub: &TestHub, number: u64) -> serde_json::Value {
    let shown = printed(hub, &["report", "show", &number.to_string(), "--json"]);
    serde_json::from_str(&shown).expect("JSON")
}

#[tokio::test]
async fn h9_the_receipt_has_who_helped_what_was_allowed_and_done_and_the_films_time() {
    let hub = TestHub::start();
    printed(
        &hub,
        &["settings", "set", "organisation", "Comune di Prova"],
    );
    printed(&hub, &["settings", "set", "film-days", "90"]);
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(ALL).await;
    let mut bruno = Colleague::meet(&hub, "bruno", &mut pair.host).await;
    pair.trade(&mut bruno);
    pair.start_session(Rights::SEE).await;
    pair.trade(&mut bruno);
    // a file that arrives, one of which half is missing, a line, a key, and a right that is taken back
    let (to_host, from_host) = (true, false);
    let offered = |to_host, name: &str, bytes| FilesWord::Offered {
        id: TransferId { to_host, number: 1 },
        name: name.into(),
        files: 1,
        bytes,
    };
    let word = offered(to_host, "manuale.pdf", 70_000);
    pair.operator_says(&OperatorWord::Files { session, word })
        .await;
    pair.host_hears().await;
    let over = FilesWord::Over {
        id: TransferId { to_host, number: 1 },
        end: FilesEnd::Done { missing: 0 },
        files: 1,
        bytes: 70_000,
    };
    pair.host_says(&HostWord::Files {
        session,
        word: over,
    })
    .await;
    let word = offered(from_host, "foto", 999);
    pair.host_says(&HostWord::Files { session, word }).await;
    let text = "grazie".into();
    pair.host_says(&HostWord::Chat { line: 1, text }).await;
    let mut keys = pair.open(Lane::Input, session).await;
    keys.write_body(vec![1; 64].into()).await.expect("sent");
    let (_, mut arrived) = pair.host.accept_stream().await;
    arrived.read_body().await.expect("whole").expect("a key");
    let rights = Rights::SEE;
    pair.host_says(&HostWord::Reduce { session, rights }).await;
    bruno
        .operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    pair.host
        .wait_for(|message| matches!(message, HubToHost::OperatorLeft { .. }).then_some(()))
        .await;
    pair.host.send(&HostToHub::EndSession { session }).await;

    let signed = pair.host.receipt().await;
    let found = read(&hub, &signed);
    let lasted = found.ended_unix_seconds - found.started_unix_seconds;
    assert!((0..60).contains(&lasted), "{lasted} s");
    let helper = |name: &str, allowed| Helper {
        name: name.into(),
        allowed,
    };
    let sent = |to_host, name: &str, files, bytes, whole| SentFiles {
        to_host,
        name: name.into(),
        files,
        bytes,
        whole,
    };
    let expected = Receipt {
        session,
        organisation: "Comune di Prova".into(),
        user: "Rossi".into(),
        computer: "PC-ROSSI".into(),
        helpers: vec![helper("ANNA", ALL), helper("BRUNO", Rights::SEE)],
        further_helpers: 0,
        ended_by: EndedBy::User,
        controlled: true,
        chat: true,
        files: vec![
            sent(to_host, "manuale.pdf", 1, 70_000, true),
            sent(from_host, "foto", 0, 0, false),
        ],
        further_files: 0,
        film: FilmKept::Until {
            unix_seconds: found.ended_unix_seconds + 90 * DAY,
        },
        ..found.clone()
    };
    assert_eq!(found, expected);
    a_saved_one_is_verified_without_the_hub(&hub, signed);
}

/// `hub verify` takes it as it was saved, and names what was changed.
fn a_saved_one_is_verified_without_the_hub(hub: &TestHub, signed: SignedReceipt) {
    let saved = SavedReceipt {
        signed,
        language: Language::Italian,
        offsets: Offsets {
            started: 60,
            ended: 60,
        },
    };
    let file = saved.write().expect("a receipt");
    let folder = support::folder();
    let path = folder.path().join("ricevuta.txt");
    let verify = |file: &str, more: &[&str]| {
        std::fs::write(&path, file).expect("written");
        let path = path.to_str().expect("a plain path");
        let output = run_hub(&[&["verify", path], more].concat(), "");
        (output.status.success(), text(&output))
    };
    let fingerprint = hub.fingerprint.to_string();
    let (good, said) = verify(&file, &["--fingerprint", &fingerprint]);
    assert!(good && said.contains(&fingerprint), "{said}");
    assert!(said.contains("Helped by: BRUNO"), "{said}");
    let (good, said) = verify(&file, &["--json"]);
    let value: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert!(good && value["whole"] == true, "{said}");
    assert_eq!(value["receipt"]["helpers"][0]["name"], "ANNA");
    let (good, said) = verify(&file.replace("BRUNO", "PAOLO"), &[]);
    assert!(
        !good && said.contains("PAOLO") && said.contains("BRUNO"),
        "{said}"
    );
    let (good, said) = verify(&file, &["--fingerprint", &"00".repeat(32)]);
    assert!(!good && said.contains("another hub"), "{said}");
}

#[tokio::test]
async fn h9_a_host_that_was_away_and_one_whose_hub_was_killed_have_the_receipt_on_coming_back() {
    let mut hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE).await;
    lose(&pair.host);
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    pair.operator
        .wait_for(|message| matches!(message, HubToOperator::SessionEnded { .. }).then_some(()))
        .await;
    come_back(&hub, &mut pair.host).await;
    let first = pair.host.receipt().await;
    let receipt = read(&hub, &first);
    assert_eq!(
        (receipt.session, receipt.ended_by),
        (session, EndedBy::Operator)
    );
    assert_eq!(receipt.film, FilmKept::UntilErased);
    assert!(!receipt.controlled && !receipt.chat && receipt.files.is_empty());

    hub = hub.kill_and_restart();
    come_back(&hub, &mut pair.host).await;
    let again = pair.host.receipt().await;
    assert_eq!(
        again.receipt, first.receipt,
        "the same, though the hub was killed"
    );

    // what is confirmed is stored
    let said = feedback(Stars::Two, "piano");
    assert_eq!(rate(&mut pair.host, session, said).await, Outcome::Done);
    hub = hub.kill_and_restart();
    let feedback = &report(&hub, 1)["feedback"];
    assert_eq!(feedback["stars"], 2);
    assert_eq!(feedback["words"], "piano");

    // a film that is held since then
    printed(&hub, &["film", "hold", "1", "--reason", "a complaint"]);
    come_back(&hub, &mut pair.host).await;
    let held = read(&hub, &pair.host.receipt().await);
    assert_eq!(held.film, FilmKept::OnHold);
}

#[tokio::test]
async fn h9_the_last_word_of_a_user_is_in_the_report_found_exported_and_erased_with_it() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE).await;
    pair.host.send(&HostToHub::EndSession { session }).await;
    pair.host.receipt().await;
    let first = feedback(Stars::One, "so slow");
    assert_eq!(rate(&mut pair.host, session, first).await, Outcome::Done);
    let last = feedback(Stars::Five, "=perfetto\u{202e}!");
    assert_eq!(
        rate(&mut pair.host, session, last.clone()).await,
        Outcome::Done
    );
    // whoever writes the report sees each, and the last when it is opened later
    for stars in [Stars::One, Stars::Five] {
        let told = pair.operator.wait_for(|message| match message {
            HubToOperator::Feedback { report, feedback } => Some((report, feedback.stars)),
            _ => None,
        });
        assert_eq!(told.await, (ReportId(1), stars));
    }
    let ask = OperatorToHub::AskAboutReport {
        report: ReportId(1),
        language: Language::English,
    };
    pair.operator.send(&ask).await;
    let told = pair.operator.wait_for(|message| match message {
        HubToOperator::Feedback { feedback, .. } => Some(feedback),
        _ => None,
    });
    assert_eq!(told.await, last);

    assert_eq!(report(&hub, 1)["feedback"]["stars"], 5);
    let shown = printed(&hub, &["report", "show", "1"]);
    assert!(shown.contains("5 of 5: =perfetto‹U+202E›!"), "{shown}");
    let count = |word: &str| {
        let found = printed(&hub, &["report", "search", word, "--json"]);
        let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
        found.as_array().expect("a list").len()
    };
    assert_eq!((count("perfetto"), count("slow")), (1, 0));
    let out = hub.data.join("reports.csv");
    let path = out.to_str().expect("a plain path");
    printed(
        &hub,
        &["report", "export", "--out", path, "--format", "csv"],
    );
    let table = std::fs::read_to_string(&out).expect("written");
    assert!(table.contains(",5,'=perfetto"), "no formula: {table}");

    printed(&hub, &["report", "erase", "1", "--reason", "privacy"]);
    assert_eq!(count("perfetto"), 0);
    let gone = rate(&mut pair.host, session, last).await;
    assert_eq!(gone, Outcome::Refused(RefusalCode::SESSION_GONE.into()));
    let log = printed(&hub, &["audit", "list", "--json"]);
    assert!(!log.contains("perfetto"), "the log keeps nothing of it");
}

#[tokio::test]
async fn h9_feedback_that_is_out_of_place_hostile_or_too_much_is_refused() {
    let hub = TestHub::start();
    let said = || feedback(Stars::Four, "x");
    let of = |session| HostToHub::Feedback {
        session,
        feedback: said(),
    };
    let none = SessionId(1);
    // without a place, and before any session
    let mut stranger = hub.host().await;
    stranger.send(&of(none)).await;
    assert_eq!(stranger.refused().await, RefusalCode::OUT_OF_PLACE);
    let mut early = hub.pair("anna").await;
    early.host.send(&of(none)).await;
    assert_eq!(early.host.refused().await, RefusalCode::OUT_OF_PLACE);
    // while it runs
    let mut pair = hub.pair("bruno").await;
    let (session, _) = pair.start_session(Rights::SEE).await;
    pair.host.send(&of(session)).await;
    assert_eq!(pair.host.refused().await, RefusalCode::OUT_OF_PLACE);

    // another's
    let mut theirs = hub.pair("anna").await;
    let (session, _) = theirs.start_session(Rights::SEE).await;
    theirs.host.send(&HostToHub::EndSession { session }).await;
    theirs.host.receipt().await;
    let mut sly = hub.pair("bruno").await;
    let refused = rate(&mut sly.host, session, said()).await;
    assert_eq!(refused, Outcome::Refused(RefusalCode::SESSION_GONE.into()));
    let own = report(&hub, 2);
    assert_eq!(own["session"], session.0);
    assert!(own["feedback"].is_null());

    // too often: what was stored last stays
    for _ in 0..10 {
        let stored = rate(&mut theirs.host, session, said()).await;
        assert_eq!(stored, Outcome::Done);
    }
    let one_more = rate(&mut theirs.host, session, feedback(Stars::One, "y")).await;
    let Outcome::Refused(refusal) = one_more else {
        panic!("throttled");
    };
    assert_eq!(refusal.code, RefusalCode::THROTTLED);
    assert!((1..=61).contains(&refusal.retry_after_seconds));
    assert_eq!(report(&hub, 2)["feedback"]["stars"], 4);

    // a sixth star, and more words than there may be
    let tag = 10_u8;
    theirs.host.send(&(tag, session, 5_u8, "x")).await;
    assert_eq!(theirs.host.refused().await, RefusalCode::MALFORMED);
    sly.host.send(&(tag, session, 3_u8, "x".repeat(301))).await;
    assert_eq!(sly.host.refused().await, RefusalCode::MALFORMED);
}
