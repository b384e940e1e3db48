//! A hub that is killed again and again while people work (B4, D2): what it said is done is there afterwards,
//! and so are the films up to their last second. A folder as it was at any instant opens.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use protocol::{
    HubToOperator, Lane, OperatorToHub, Outcome, ReportDraft, ReportId, Rights, SessionId,
};
use recording::{Body, Recording};
use serde_json::Value;
use support::{Pair, TestHub, folder, run_hub, screen_frame, text, try_send_tagged};
use tokio::task::JoinHandle;
use transport::FramedWriter;

const KILLS: u32 = 10;
/// The hub is killed this long after its load began, and up to a second later.
const AT_LEAST: Duration = Duration::from_millis(400);
/// What a crash may take of a film.
const MAY_LACK: Duration = Duration::from_secs(1);

/// A session whose host sends updates until the hub is gone.
struct Filmed {
    session: SessionId,
    /// When each update was sent.
    sent: Arc<Mutex<Vec<Instant>>>,
    sending: JoinHandle<()>,
    /// Neither end leaves.
    _pair: Pair,
}

impl Filmed {
    async fn begin(mut pair: Pair) -> Self {
        let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
        let screen = pair.open(Lane::Screen, session).await;
        let sent = Arc::default();
        Self {
            session,
            sending: tokio::spawn(send_updates(screen, Arc::clone(&sent))),
            sent,
            _pair: pair,
        }
    }
}

async fn send_updates(mut screen: FramedWriter, sent: Arc<Mutex<Vec<Instant>>>) {
    for seq in 1.. {
        let now = Instant::now();
        let frame = screen_frame(seq, 4_000);
        if try_send_tagged(&mut screen, &frame).await.is_err() {
            break;
        }
        sent.lock().expect("no panic").push(now);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A session that ended, and whose report is written.
async fn draft(pair: &mut Pair) -> ReportId {
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let end = OperatorToHub::EndSession { session };
    pair.operator.send(&end).await;
    let ended = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts.report),
        _ => None,
    });
    ended.await
}

/// Saves the report again and again, as the console does while somebody types; `saved` is the number of the
/// last version that the hub said it has.
async fn save(mut pair: Pair, report: ReportId, saved: Arc<AtomicU64>) {
    for number in saved.load(Ordering::SeqCst) + 1.. {
        let draft = ReportDraft {
            problem: number.to_string().as_str().into(),
            solution: "".into(),
            category: "".into(),
            notes: "".into(),
        };
        let save = OperatorToHub::SaveReport {
            report,
            draft,
            finished: false,
        };
        pair.operator.send(&save).await;
        let outcome = pair.operator.wait_for(|m| match m {
            HubToOperator::ReportSaved { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(outcome.await, Outcome::Done);
        saved.store(number, Ordering::SeqCst);
    }
}

fn says(data: &Path, args: &[&str]) -> String {
    let data = data.to_str().expect("plain");
    let output = run_hub(&[args, &["--data", data]].concat(), "");
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// The version of `report` that the folder has.
fn version(data: &Path, report: ReportId) -> u64 {
    let reports: Value =
        serde_json::from_str(&says(data, &["report", "list", "--json"])).expect("JSON");
    let mut reports = reports.as_array().expect("a list").iter();
    let found = reports.find(|row| row["report"] == report.0);
    let problem = found
        .and_then(|row| row["problem"].as_str())
        .expect("the report");
    problem.parse().unwrap_or(0)
}

/// Checks the film, and that it has every update but those of its last second.
fn check_film(data: &Path, session: SessionId, sent: &[Instant], killed: Instant) {
    says(data, &["film", "verify", &session.to_string()]);
    let path = data.join(format!("films/{:08}.film", session.count()));
    let film = Recording::open(&path).expect("a film");
    let entries = film.entries(0).expect("readable");
    let filmed = entries.filter(|entry| {
        let entry = entry.as_ref().expect("readable");
        matches!(entry.body, Body::Screen { .. })
    });
    let filmed = filmed.count();
    let due = sent.iter().filter(|at| **at + MAY_LACK < killed).count();
    assert!(
        filmed >= due,
        "session {session}: {filmed} updates of {due}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b4_a_hub_that_is_killed_ten_times_keeps_all_it_said_is_done() {
    let mut hub = TestHub::start();
    let report = draft(&mut hub.pair("anna").await).await;
    let (saved, mut films) = (Arc::new(AtomicU64::new(0)), Vec::new());
    for round in 0..KILLS {
        let before = saved.load(Ordering::SeqCst);
        let writer = hub.pair("anna").await;
        let filmed = Filmed::begin(hub.pair("bruno").await).await;
        let saving = tokio::spawn(save(writer, report, Arc::clone(&saved)));
        let chance = RandomState::new().hash_one(round) % 1000;
        tokio::time::sleep(AT_LEAST + Duration::from_millis(chance)).await;
        assert!(!saving.is_finished(), "all is well until then");
        let killed = Instant::now();
        hub = hub.kill_and_restart();
        // those who wait for an answer would wait until their line counts as lost
        saving.abort();
        filmed.sending.abort();
        let answered = saved.load(Ordering::SeqCst);
        assert!(answered > before, "something was saved in round {round}");
        // one more may have been stored than the hub came to say
        let found = version(&hub.data, report);
        assert!(
            (answered..=answered + 1).contains(&found),
            "round {round}: {answered} {found}"
        );
        saved.store(found, Ordering::SeqCst);
        let sent = std::mem::take(&mut *filmed.sent.lock().expect("no panic"));
        assert!(sent.len() > 20, "round {round}");
        films.push((filmed.session, sent, killed));
        let audit = says(&hub.data, &["audit", "verify"]);
        assert!(
            audit.contains("as they were written"),
            "round {round}: {audit}"
        );
    }
    for (session, sent, killed) in &films {
        check_film(&hub.data, *session, sent, *killed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b4_a_folder_as_it_was_at_any_instant_opens() {
    let hub = TestHub::start();
    let report = draft(&mut hub.pair("anna").await).await;
    let writer = hub.pair("anna").await;
    let filmed = Filmed::begin(hub.pair("bruno").await).await;
    let _saving = tokio::spawn(save(writer, report, Arc::default()));
    let mut version_before = 0;
    for round in 0..5_u32 {
        let chance = RandomState::new().hash_one(round) % 700;
        tokio::time::sleep(Duration::from_millis(100 + chance)).await;
        let place = folder();
        let data = place.path().join("data");
        // nothing moves while it is copied, as in a snapshot of a disk
        let held = hub.held();
        copy(&hub.data, &data);
        drop(held);
        assert!(says(&data, &["audit", "verify"]).contains("as they were written"));
        says(&data, &["film", "verify", &filmed.session.to_string()]);
        let copied = TestHub::serve(&data, &[]);
        let found = version(&data, report);
        assert!(found > version_before, "round {round}: {found}");
        version_before = found;
        let mut pair = copied.pair("anna").await;
        pair.start_session(Rights::SEE_AND_CONTROL).await;
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status();
    assert!(copied.expect("cp runs").success());
}
