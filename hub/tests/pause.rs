//! The user pauses: the film, the ledger and the audit log know it, also after the hub was killed (D2, D3, D4).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;

use std::time::{Duration, Instant};

use engines::{Ends, wait};
use operator_engine::Event;
use protocol::{HidKey, InputEvent, Rights};
use recording::{Body, Recording};
use serde_json::Value;
use support::{PATIENCE, TestHub, run_hub, text};

fn withheld(wanted: bool) -> impl FnMut(Event) -> Option<()> {
    move |event| match event {
        Event::Withheld { withheld, .. } => {
            assert_eq!(withheld, wanted);
            Some(())
        }
        _ => None,
    }
}

fn shown(hub: &TestHub, args: &[&str]) -> Value {
    let args = [args, &["--json", "--data", hub.data_text()]].concat();
    let shown = run_hub(&args, "");
    assert!(shown.status.success(), "{}", text(&shown));
    serde_json::from_slice(&shown.stdout).expect("JSON")
}

#[test]
fn d3_a_pause_is_in_film_ledger_and_audit_log_and_outlives_the_hub() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    let press = |key| {
        ends.input.send(InputEvent::Key {
            key: HidKey(key),
            pressed: true,
            character: None,
        });
    };
    press(4);
    assert!(ends.log.wait_for_events(1, PATIENCE));
    ends.host.withhold(true);
    wait(&mut ends.console_events, withheld(true));
    assert!(!ends.input.is_allowed());
    let done = ends.log.events();
    ends.input.send(InputEvent::Key {
        key: HidKey(5),
        pressed: true,
        character: None,
    });
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(ends.log.events(), done);

    // a hub that is started anew hears of it, and so does whoever pauses nothing any more
    let hub = hub.kill_and_restart_in_place();
    wait(&mut ends.console_events, |event| match event {
        Event::SessionResumed { .. } => Some(()),
        _ => None,
    });
    std::thread::sleep(Duration::from_millis(2500));
    ends.host.withhold(false);
    wait(&mut ends.console_events, withheld(false));
    assert!(ends.input.is_allowed());
    ends.host.end_session();
    wait(&mut ends.console_events, |event| match event {
        Event::SessionEnded { .. } => Some(()),
        _ => None,
    });

    let end = Instant::now() + PATIENCE;
    let film = loop {
        let film = Recording::open(&hub.data.join("films/00000001.film")).expect("a recording");
        if film.is_finished().expect("readable") {
            break film;
        }
        assert!(Instant::now() < end, "finished in time");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(film.verify().intact);
    let entries: Vec<_> = film.entries(0).expect("readable").collect();
    let entries = entries.into_iter().map(|entry| entry.expect("well formed"));
    let mut paused_at = None;
    let mut told = Vec::new();
    for entry in entries {
        match entry.body {
            Body::Event(recording::Event::Withheld { begins }) => {
                told.push(begins);
                paused_at = begins.then_some(entry.at_micros);
            }
            Body::Screen { .. } => {
                // what was on its way in that moment
                let since = paused_at.map_or(0, |at| entry.at_micros.saturating_sub(at));
                assert!(since < 500_000, "filmed {since} µs after the pause");
            }
            _ => {}
        }
    }
    assert_eq!(told, [true, true, false], "said again to the new hub");
    let end = Instant::now() + PATIENCE;
    loop {
        let ledger = shown(&hub, &["report", "show", "1"])["ledger"].clone();
        let seconds = |name: &str| ledger[name].as_u64().expect("a number");
        let parts = ["active_seconds", "idle_seconds", "paused_seconds"];
        let sum: u64 = parts.into_iter().map(seconds).sum();
        if seconds("connected_seconds") > 0 && sum == seconds("connected_seconds") {
            // of the pause before, up to five seconds are lost with the hub
            assert!(seconds("paused_seconds") >= 2, "{ledger}");
            break;
        }
        assert!(Instant::now() < end, "{ledger}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let sql = "SELECT action FROM audit WHERE action IN ('session.withheld', 'session.goes_on') ORDER BY id";
    let mut rows = database.prepare(sql).expect("a query");
    let rows = rows.query_map([], |row| row.get(0)).expect("rows");
    let audited: Vec<String> = rows.map(|row| row.expect("text")).collect();
    let once = "session.withheld";
    assert_eq!(audited, [once, once, "session.goes_on"]);
}
