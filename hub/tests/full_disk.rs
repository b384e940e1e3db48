//! A disk that is really full in mid-session (D2, B4): what cannot be filmed ends and says so, nothing else is
//! harmed, and the hub goes on when there is room.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::time::{Duration, Instant};

use protocol::{
    EndedBy, HubToHost, HubToOperator, Lane, OperatorToHub, Outcome, RefusalCode, ReportDraft,
    Rights,
};
use serde_json::Value;
use support::disk::Disk;
use support::{
    PATIENCE, TestHub, add_operator, run_hub, screen_frame, send_tagged, text, try_send_tagged,
};

/// What takes most of the disk, until somebody makes room.
const BALLAST_BYTES: usize = 24 << 20;

fn json(hub: &TestHub, args: &[&str]) -> Vec<Value> {
    let output = run_hub(&[args, &["--json", "--data", hub.data_text()]].concat(), "");
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn d2_on_a_full_disk_a_session_ends_and_the_hub_goes_on_when_there_is_room() {
    let Some(disk) = Disk::mount() else {
        Disk::in_own_namespace(
            "d2_on_a_full_disk_a_session_ends_and_the_hub_goes_on_when_there_is_room",
        );
        return;
    };
    let data = disk.path().join("data");
    for name in ["anna", "bruno", "clara"] {
        add_operator(&data, name);
    }
    let mut hub = TestHub::serve(&data, &[]);
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; BALLAST_BYTES]).expect("room");
    let mut anna = hub.pair("anna").await;
    let mut bruno = hub.pair("bruno").await;
    let (session, _) = anna.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = anna.open(Lane::Screen, session).await;
    // a screen at which nothing changes until there is room again
    let mut clara = hub.pair("clara").await;
    let (resting, _) = clara.start_session(Rights::SEE_AND_CONTROL).await;
    let mut resting_screen = clara.open(Lane::Screen, resting).await;
    send_tagged(&mut resting_screen, &screen_frame(1, 5_000)).await;

    // until there is no byte left
    for seq in 1..=1000 {
        let frame = screen_frame(seq, 128 << 10);
        if try_send_tagged(&mut screen, &frame).await.is_err() {
            break;
        }
        assert!(seq < 1000, "16 MiB cannot hold all this");
    }
    let by = EndedBy::CannotRecord;
    let ended = |m| matches!(m, HubToHost::SessionEnded { by: b, .. } if b == by).then_some(());
    anna.host.wait_for(ended).await;
    let report = anna.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { by: b, facts, .. } => {
            assert_eq!(b, by);
            Some(facts.report)
        }
        _ => None,
    });
    let report = report.await;
    // whatever the film's end gave back
    let rest = std::fs::write(disk.path().join("rest"), vec![0; BALLAST_BYTES]);
    rest.expect_err("the disk is full");

    // who was not filmed is still there, and is told why there is no session now
    let refused = bruno.ask(Rights::SEE_AND_CONTROL).await;
    bruno.answer(refused, Some(Rights::SEE_AND_CONTROL)).await;
    let code = bruno.operator.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    let code = code.await;
    assert!(
        matches!(code, RefusalCode::CANNOT_RECORD | RefusalCode::INTERNAL),
        "{code:?}"
    );
    // a report is not said to be saved
    let draft = ReportDraft {
        problem: "The disk was full".into(),
        solution: "Made room".into(),
        category: "".into(),
        notes: "".into(),
    };
    let save = OperatorToHub::SaveReport {
        report,
        draft,
        finished: true,
    };
    anna.operator.send(&save).await;
    let saved = |m| match m {
        HubToOperator::ReportSaved { outcome, .. } => Some(outcome == Outcome::Done),
        _ => None,
    };
    assert!(!anna.operator.wait_for(saved).await, "there is no room");

    // room: everything goes on by itself, and what could not be written is
    std::fs::remove_file(disk.path().join("rest")).expect("removed");
    std::fs::remove_file(&ballast).expect("removed");
    tokio::time::sleep(Duration::from_secs(3)).await;
    anna.operator.send(&save).await;
    assert!(anna.operator.wait_for(saved).await, "there is room");
    let (second, _) = bruno.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = bruno.open(Lane::Screen, second).await;
    for seq in 1..=20 {
        send_tagged(&mut screen, &screen_frame(seq, 5_000)).await;
    }
    for seq in 2..=20 {
        send_tagged(&mut resting_screen, &screen_frame(seq, 5_000)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (pair, session) in [(&mut bruno, second), (&mut clara, resting)] {
        pair.operator
            .send(&OperatorToHub::EndSession { session })
            .await;
    }
    let until = Instant::now() + PATIENCE;
    let films = loop {
        let films = json(&hub, &["film", "list"]);
        let states: Vec<&str> = films
            .iter()
            .filter_map(|f| f["ended_by"].as_str())
            .collect();
        if states.len() == films.len() {
            break films;
        }
        assert!(Instant::now() < until, "{films:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let ended_by = |id| {
        films
            .iter()
            .find(|film| film["id"] == id)
            .map(|film| &film["ended_by"])
    };
    assert_eq!(
        ended_by(session.0),
        Some(&Value::from("cannot record")),
        "{films:?}"
    );
    assert_eq!(
        ended_by(second.0),
        Some(&Value::from("operator")),
        "{films:?}"
    );
    assert_eq!(
        ended_by(resting.0),
        Some(&Value::from("operator")),
        "{films:?}"
    );
    for id in [session, second, resting] {
        let verified = run_hub(
            &["film", "verify", &id.to_string(), "--data", hub.data_text()],
            "",
        );
        assert!(verified.status.success(), "{}", text(&verified));
    }
    let resting = hub.data.join(format!("films/{:08}.film", resting.count()));
    let resting = recording::Recording::open(&resting).expect("a film");
    let is_screen = |entry: &recording::Entry| matches!(entry.body, recording::Body::Screen { .. });
    let entries = resting.entries(0).expect("readable");
    let filmed = entries.filter(|entry| is_screen(entry.as_ref().expect("readable")));
    assert_eq!(filmed.count(), 20);
    let reports = json(&hub, &["report", "list"]);
    let written = reports.iter().filter(|report| report["finished"] == true);
    let written: Vec<&str> = written
        .filter_map(|report| report["problem"].as_str())
        .collect();
    assert_eq!(written, ["The disk was full"]);
    let audit = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert!(audit.status.success(), "{}", text(&audit));
    hub.terminate();
    assert!(
        hub.wait(PATIENCE).is_some_and(|status| status.success()),
        "it stops in peace"
    );
}
