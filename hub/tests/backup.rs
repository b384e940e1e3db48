//! A copy of a hub that is made under load brings all of it back (B4).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::Path;
use std::time::Duration;

use protocol::{Lane, OperatorToHub, Rights};
use support::{TestHub, folder, run_hub, screen_frame, send_tagged, text};

fn says(args: &[&str]) -> String {
    let done = run_hub(args, "");
    assert!(done.status.success(), "{args:?}: {}", text(&done));
    String::from_utf8(done.stdout).expect("text")
}

/// What lists say of a data folder, without where it is.
fn content(data: &Path, upto: u64) -> Vec<serde_json::Value> {
    let list = |args: &[&str]| {
        let place = ["--json", "--data", data.to_str().expect("plain")];
        let listed = says(&[args, &place].concat());
        serde_json::from_str::<serde_json::Value>(&listed).expect("JSON")
    };
    let mut films = list(&["film", "list"]);
    let rows = films.as_array_mut().expect("a list");
    rows.retain_mut(|film| {
        film.as_object_mut().expect("a film").remove("path");
        film["id"].as_u64().is_some_and(|id| id <= upto)
    });
    let mut reports = list(&["report", "list"]);
    let rows = reports.as_array_mut().expect("a list");
    rows.retain(|report| report["session"].as_u64().is_some_and(|id| id <= upto));
    let accounts = list(&["admin", "list-operators"]);
    let settings = list(&["settings", "list"]);
    vec![films, reports, accounts, settings]
}

#[tokio::test]
async fn b4_a_copy_made_under_load_is_a_working_hub_of_equal_content() {
    let hub = TestHub::start();
    // one film that is finished, and one that is being written
    let mut first = hub.pair("anna").await;
    let (session, _) = first.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = first.open(Lane::Screen, session).await;
    for seq in 1..=50 {
        send_tagged(&mut screen, &screen_frame(seq, 20_000)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    first
        .operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    let mut second = hub.pair("bruno").await;
    let (running, _) = second.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = second.open(Lane::Screen, running).await;
    let load = tokio::spawn(async move {
        for seq in 1.. {
            send_tagged(&mut screen, &screen_frame(seq, 10_000)).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;

    let place = folder();
    let (copy, restored) = (place.path().join("copy"), place.path().join("data"));
    let (copy_text, restored_text) = (
        copy.to_str().expect("plain").to_owned(),
        restored.to_str().expect("plain").to_owned(),
    );
    let data = hub.data_text().to_owned();
    let args = (copy_text.clone(), data.clone());
    let made = tokio::task::spawn_blocking(move || says(&["backup", &args.0, "--data", &args.1]));
    assert!(made.await.expect("no panic").contains("5 files"));
    let before = content(&hub.data, session.0);
    tokio::time::sleep(Duration::from_millis(300)).await;
    load.abort();
    let again = run_hub(&["backup", &copy_text, "--data", &data], "");
    assert!(text(&again).contains("not empty"), "{}", text(&again));
    let in_use = run_hub(&["restore", &copy_text, "--data", &data], "");
    assert!(text(&in_use).contains("not empty"), "{}", text(&in_use));
    let fingerprint = hub.fingerprint;
    drop(hub);

    says(&["restore", &copy_text, "--data", &restored_text]);
    assert_eq!(content(&restored, session.0), before);
    let audit = says(&["audit", "verify", "--data", &restored_text]);
    assert!(audit.contains("signed by the hub"), "{audit}");
    for film in ["1", "2"] {
        says(&["film", "verify", film, "--data", &restored_text]);
    }
    let hub = TestHub::serve(&restored, &[]);
    assert_eq!(hub.fingerprint, fingerprint, "clients know it");
    let mut pair = hub.pair("anna").await;
    pair.start_session(Rights::SEE_AND_CONTROL).await;
    drop(hub);

    // a copy that was changed is not brought back
    let film = copy.join("films/00000001.film");
    let mut bytes = std::fs::read(&film).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&film, bytes).expect("written");
    let other = place.path().join("other");
    let refused = run_hub(
        &[
            "restore",
            &copy_text,
            "--data",
            other.to_str().expect("plain"),
        ],
        "",
    );
    assert!(
        text(&refused).contains("not as it was"),
        "{}",
        text(&refused)
    );
    std::fs::remove_file(copy.join("backup.json")).expect("removed");
    let third = place.path().join("third");
    let refused = run_hub(
        &[
            "restore",
            &copy_text,
            "--data",
            third.to_str().expect("plain"),
        ],
        "",
    );
    assert!(text(&refused).contains("no complete"), "{}", text(&refused));
}
