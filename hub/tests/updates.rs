//! The maker's list of newest versions, as a hub takes and keeps it (P3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use maker::{Channel, Listed, Version};
use serde_json::Value;
use support::{TestHub, put_version, run_hub, text};

/// A list with that number, signed by the maker of tests.
fn list(folder: &Path, serial: u64) -> PathBuf {
    let purepc = Listed::of("purepc-linux-x86_64", Version::new(0, 2, 0), b"program");
    let channel = Channel {
        serial,
        unix_seconds: 1_790_000_000,
        programs: vec![purepc],
    };
    let channel = serde_json::to_vec(&channel).expect("JSON");
    put_version(folder, "channel.json", "0.2.0", &channel);
    folder.join("channel.json")
}

fn updates(hub: &TestHub, args: &[&str]) -> Output {
    let mut all = vec!["updates"];
    all.extend(args);
    all.extend(["--data", hub.data_text()]);
    run_hub(&all, "")
}

fn listed(hub: &TestHub) -> Value {
    let said = updates(hub, &["list", "--json"]);
    assert!(said.status.success(), "{}", text(&said));
    serde_json::from_slice(&said.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_a_hub_takes_no_list_that_was_changed_or_is_older_and_counts_what_is_in_use() {
    let hub = TestHub::start();
    assert_eq!(listed(&hub)["channel"], Value::Null);
    let folder = support::folder();
    let add = |serial: u64, change: fn(&Path)| {
        let file = list(folder.path(), serial);
        change(&file);
        let said = updates(&hub, &["add", file.to_str().expect("plain")]);
        (said.status.success(), text(&said))
    };
    let (taken, said) = add(7, |_| {});
    assert!(taken, "{said}");
    let (taken, said) = add(8, |file| {
        let text = fs::read_to_string(file).expect("text");
        fs::write(file, text.replace("0.2.0", "0.2.1")).expect("written");
    });
    assert!(
        !taken && said.contains("it was changed after its maker had signed it"),
        "{said}"
    );
    let (taken, said) = add(6, |_| {});
    assert!(
        !taken && said.contains("somebody brings an old one"),
        "{said}"
    );
    let kept = listed(&hub);
    assert_eq!(kept["channel"]["serial"], 7);
    assert_eq!(kept["channel"]["programs"][0]["version"], "0.2.0");

    // who signs in is counted, by what they call themselves
    let _operator = hub.operator("anna").await;
    let fleet = listed(&hub)["fleet"].clone();
    let fleet = fleet.as_array().expect("a list");
    assert_eq!(fleet.len(), 1, "{fleet:?}");
    assert_eq!(
        (&fleet[0]["count"], &fleet[0]["behind"]),
        (&1.into(), &false.into())
    );

    // a byte of what it keeps
    let place = hub.data.join("updates/channel.json");
    let text_of_it = fs::read_to_string(&place).expect("text");
    fs::write(&place, text_of_it.replace("0.2.0", "9.2.0")).expect("written");
    let said = updates(&hub, &["list"]);
    assert!(!said.status.success(), "{}", text(&said));
    assert!(text(&said).contains("it was changed after its maker had signed it"));
}
