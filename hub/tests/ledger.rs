//! Where the time of a session goes is counted while it runs, and survives the hub (D3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use protocol::{HostToHub, HubToOperator, Lane, Rights};
use serde_json::Value;
use support::{PATIENCE, TestHub, run_hub, text};

fn ledger(data: &Path) -> Value {
    let data = data.to_str().expect("a plain path");
    let shown = run_hub(&["report", "show", "1", "--json", "--data", data], "");
    assert!(shown.status.success(), "{}", text(&shown));
    let report: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    report["ledger"].clone()
}

fn seconds(ledger: &Value, name: &str) -> u64 {
    ledger[name].as_u64().expect("a number")
}

#[tokio::test]
async fn d3_what_was_worked_is_stored_while_a_session_runs_and_adds_up_at_its_end() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let asked = Instant::now();
    let session = pair.ask(Rights::SEE_AND_CONTROL).await;
    tokio::time::sleep(Duration::from_millis(2200)).await;
    pair.answer(session, Some(Rights::SEE_AND_CONTROL)).await;
    let started = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionStarted { .. } => Some(()),
        _ => None,
    });
    started.await;
    let waited = asked.elapsed().as_secs();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let mut input = pair.open(Lane::Input, session).await;
    input.write_body(vec![1; 20].into()).await.expect("sent");

    // stored while it runs: the hub is killed, and what it saw is known
    let end = Instant::now() + PATIENCE;
    let stored = loop {
        let stored = ledger(&hub.data);
        if seconds(&stored, "active_seconds") > 1 {
            break stored;
        }
        assert!(Instant::now() < end, "stored in time: {stored}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(seconds(&stored, "idle_seconds") >= 1, "{stored}");
    let waiting = seconds(&stored, "waiting_seconds");
    assert!((2..=waited).contains(&waiting), "{stored}");

    pair.host.send(&HostToHub::EndSession { session }).await;
    let ended = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { .. } => Some(()),
        _ => None,
    });
    ended.await;
    let end = Instant::now() + PATIENCE;
    loop {
        let whole = ledger(&hub.data);
        let parts = ["active_seconds", "idle_seconds", "paused_seconds"];
        let sum: u64 = parts.iter().map(|part| seconds(&whole, part)).sum();
        let connected = seconds(&whole, "connected_seconds");
        if connected > 0 && sum == connected {
            assert_eq!(seconds(&whole, "paused_seconds"), 0, "{whole}");
            let before = seconds(&stored, "active_seconds");
            assert!(seconds(&whole, "active_seconds") >= before, "{whole}");
            break;
        }
        assert!(Instant::now() < end, "{whole}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
