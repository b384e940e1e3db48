//! A data folder that an older hub wrote is opened, and nothing in it is lost (B4).
//!
//! `PHD_WRITE_FOLDER=DIR cargo nextest run -p hub --run-ignored only -E 'test(writes_a_folder)'` makes such
//! a folder with the hub as it is now.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::{Path, PathBuf};

use protocol::{
    HostToHub, HostWord, HubToOperator, Lane, OperatorToHub, OperatorWord, ReportDraft, Rights,
    ScreenFrame,
};
use serde_json::Value;
use support::{
    PATIENCE, Pair, TestHub, folder, receive_tagged, run_hub, screen_frame, send_tagged, text,
};

/// One assistance, from the user's yes to a report.
async fn assist(pair: &mut Pair, said: &str, draft: ReportDraft, finished: bool) {
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    for seq in 1..=3 {
        send_tagged(&mut screen, &screen_frame(seq, 200)).await;
    }
    let (_, mut seen) = pair.operator.accept_stream().await;
    for _ in 1..=3 {
        let frame: Option<ScreenFrame> = receive_tagged(&mut seen).await;
        assert!(frame.is_some());
    }
    let line = session.0;
    let text = said.into();
    pair.host_says(&HostWord::Chat { line, text }).await;
    pair.operator_hears().await;
    let text = "Let me have a look.".into();
    pair.operator_says(&OperatorWord::Chat { line, text }).await;
    pair.host_hears().await;
    pair.host.send(&HostToHub::EndSession { session }).await;
    let report = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionEnded { facts, .. } => Some(facts.report),
        _ => None,
    });
    let report = report.await;
    let saved = OperatorToHub::SaveReport {
        report,
        draft,
        finished,
    };
    pair.operator.send(&saved).await;
    let saved = pair.operator.wait_for(|m| match m {
        HubToOperator::ReportSaved { .. } => Some(()),
        _ => None,
    });
    saved.await;
}

fn draft(problem: &str, solution: &str, category: &str) -> ReportDraft {
    ReportDraft {
        problem: problem.into(),
        solution: solution.into(),
        category: category.into(),
        notes: "Perché no?".into(),
    }
}

#[tokio::test]
#[ignore = "makes a fixture; PHD_WRITE_FOLDER says where"]
async fn writes_a_folder() {
    let to = std::env::var_os("PHD_WRITE_FOLDER").expect("PHD_WRITE_FOLDER is set");
    let mut hub = TestHub::start();
    let mut anna = hub.pair("anna").await;
    let paper = draft("No paper in the printer", "Filled the tray", "Printer");
    assist(&mut anna, "The printer says nothing", paper, true).await;
    let later = draft("Outlook è lento", "", "Mail");
    assist(&mut anna, "Outlook è così lento", later, false).await;
    let mut bruno = hub.pair("bruno").await;
    let word = draft("Forgot the password", "Set a new one", "Account");
    assist(&mut bruno, "I cannot log in", word, true).await;
    drop((anna, bruno));
    hub.terminate();
    assert!(hub.wait(PATIENCE).is_some(), "the hub stops");
    copy(&hub.data, Path::new(&to));
}

fn copy(from: &Path, to: &Path) {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if !to.is_dir() {
        builder.create(to).expect("a folder");
    }
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            let bytes = std::fs::read(entry.path()).expect("readable");
            std::fs::write(&target, bytes).expect("written");
            // what git gives back is readable for all
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(&target, mode).expect("ours");
            }
        }
    }
}

/// A copy of a folder that an older hub wrote.
fn older(name: &str) -> (tempfile::TempDir, PathBuf) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folder = folder();
    let data = folder.path().join("data");
    copy(&kept.join(name), &data);
    (folder, data)
}

fn json(args: &[&str], data: &Path) -> Value {
    let data = data.to_str().expect("a plain path");
    let args = [args, &["--json", "--data", data]].concat();
    let output = run_hub(&args, "");
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn b4_a_folder_of_an_older_hub_opens_with_all_that_was_in_it() {
    // one of the third schema, and one of the seventh, in which a film was erased since
    for (name, films) in [
        ("folder-3", &["1", "2", "3"][..]),
        ("folder-7", &["1", "2"]),
    ] {
        opens(name, films).await;
    }
}

async fn opens(name: &str, films: &[&str]) {
    let (_folder, data) = older(name);
    let hub = TestHub::serve(&data, &[]);
    // its people still log in, and the hub is the one they know
    let mut anna = hub.operator("anna").await;
    anna.send(&OperatorToHub::ListDrafts).await;
    let drafts = anna.wait_for(|m| match m {
        HubToOperator::Drafts { drafts } => Some(drafts),
        _ => None,
    });
    let drafts = drafts.await;
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].1, draft("Outlook è lento", "", "Mail"));
    let reports = json(&["report", "list"], &data);
    let problems: Vec<&Value> = reports
        .as_array()
        .expect("a list")
        .iter()
        .map(|report| &report["problem"])
        .collect();
    let written = [
        "Forgot the password",
        "Outlook è lento",
        "No paper in the printer",
    ];
    assert_eq!(problems, written);
    let text_of = |args: &[&str]| {
        let data = data.to_str().expect("a plain path");
        text(&run_hub(&[args, &["--data", data]].concat(), ""))
    };
    for film in films {
        let verified = text_of(&["film", "verify", film]);
        assert!(verified.contains("is as it was recorded"), "{verified}");
        let verified = json(&["film", "verify", film], &data);
        assert_eq!(verified["as_recorded"], true, "{verified}");
        let timeline = json(&["film", "timeline", film], &data);
        let last = timeline.as_array().and_then(|lines| lines.last());
        let last = last.expect("lines");
        assert!(
            last["at_millis"].is_u64() && last["text"].is_string(),
            "{last}"
        );
    }
    let audit = text_of(&["audit", "verify"]);
    assert!(audit.contains("as they were written"), "{audit}");
}
