//! Newer versions of the real program from a real hub: taken where the policy says so, run in the old one's stead, and
//! given up where they do not come back (P3).

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use hub::catalogue::{self, Change, What};
use maker::{Channel, Listed};
use protocol::admin::settings::Setting;
use session::directory::records::Actor;

use super::{PATIENCE, Running, TestHub, done, purepc, wait_for_status};

const FILE: &str = "purepc-linux-x86_64";

/// The program that is tested, in a version that it has not: the same but for what it says of itself.
fn version(version: &str) -> Vec<u8> {
    let program = fs::read(env!("CARGO_BIN_EXE_purepc")).expect("read");
    let said = b"version of this program: 0.1.0";
    // where it says it, and where the debugger's tables do
    let ends = |(at, part): (usize, &[u8])| (part == said).then_some(at + said.len());
    let ends: Vec<usize> = program
        .windows(said.len())
        .enumerate()
        .filter_map(ends)
        .collect();
    assert!(!ends.is_empty(), "it has its version in it");
    let mut newer = program;
    for end in ends {
        newer[end - version.len()..end].copy_from_slice(version.as_bytes());
    }
    newer
}

fn signature(bytes: &[u8], file: &str, version: &str) -> String {
    let key = include_str!("../../../../crates/maker/test.key").to_owned();
    let key = minisign::SecretKeyBox::from(key).into_unencrypted_secret_key();
    let comment = format!("timestamp:1790000000\tfile:{file}\tversion:{version}");
    let signed = minisign::sign(None, &key.expect("a key"), bytes, Some(&comment), None);
    signed.expect("signed").into_string()
}

/// Puts it into the hub's folder, as `hub updates add` does.
fn hand_out(hub: &TestHub, serial: u64, program: &[u8], version: &str) {
    let folder = hub.folder.join("updates");
    fs::create_dir_all(&folder).expect("made");
    let put = |file: &str, bytes: &[u8], version: &str| {
        let signed = signature(bytes, file, version);
        fs::write(folder.join(format!("{file}.minisig")), signed).expect("written");
        fs::write(folder.join(file), bytes).expect("written");
    };
    put(FILE, program, version);
    let channel = Channel {
        serial,
        unix_seconds: 1_790_000_000,
        programs: vec![Listed::of(FILE, version.parse().expect("one"), program)],
    };
    let channel = serde_json::to_vec(&channel).expect("JSON");
    put("channel.json", &channel, version);
}

fn set_policy(hub: &TestHub, may: bool) {
    let mut catalogue = catalogue::open(&hub.folder).expect("opened");
    let what = What::SettingChanged(Setting::HostsUpdate(may));
    let actor = Actor::CommandLine;
    let batch = Change { actor, what }.at(hub::unix_millis());
    catalogue.apply(&[batch]).expect("stored");
}

fn enrolled(hub: &TestHub, own: &Path) {
    let (said, output) = done(purepc(own, &["enroll", &hub.invitation()]));
    assert!(output.status.success(), "{said}");
}

fn start(own: &Path, come_back_millis: u64) -> Running {
    let come_back = come_back_millis.to_string();
    let args = [
        "--log",
        "purepc=info,updater=info",
        "run",
        "--look-for-updates-every",
        "300",
        "--come-back-within",
        &come_back,
    ];
    Running(purepc(own, &args).spawn().expect("purepc starts"))
}

/// Waits until the hub knows the computer by this program, and it is there.
fn wait_for_program(hub: &TestHub, wanted: &str) {
    let end = Instant::now() + 2 * PATIENCE;
    loop {
        let row = &hub.rows()[0];
        if row.connected && row.program.as_str() == wanted {
            return;
        }
        assert!(Instant::now() < end, "{row:?} in place of {wanted}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn has_ended(child: &mut Child) -> bool {
    child.try_wait().expect("a child").is_some()
}

#[test]
fn p3_a_computer_takes_a_newer_version_by_itself_where_the_administrator_wants_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, own) = (folder.path().join("hub"), folder.path().join("own"));
    let hub = TestHub::start(&data, 0);
    enrolled(&hub, &own);
    hand_out(&hub, 1, &version("0.2.0"), "0.2.0");
    let mut running = start(&own, 60_000);
    wait_for_program(&hub, "purepc 0.1.0 linux");
    std::thread::sleep(Duration::from_secs(2));
    wait_for_program(&hub, "purepc 0.1.0 linux");
    assert!(!own.join("program/versions").exists(), "nothing is fetched");

    set_policy(&hub, true);
    wait_for_program(&hub, "purepc 0.2.0 linux");
    assert!(
        !has_ended(&mut running.0),
        "the same process, as the service manager sees it"
    );
    // the next one, from the one that is not where the service manager starts it
    hand_out(&hub, 2, &version("0.3.0"), "0.3.0");
    wait_for_program(&hub, "purepc 0.3.0 linux");
    wait_for_status(&own, "connected");

    // killed at any moment, the newest begins again
    drop(running);
    let running = start(&own, 60_000);
    wait_for_program(&hub, "purepc 0.3.0 linux");
    drop(running);
    // unless a byte of it is another one
    let newest = own.join("program/versions/purepc-0.3.0");
    let mut changed = fs::read(&newest).expect("read");
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&newest, changed).expect("written");
    set_policy(&hub, false);
    std::thread::sleep(Duration::from_secs(6));
    let _running = start(&own, 60_000);
    wait_for_program(&hub, "purepc 0.2.0 linux");
}

#[test]
fn p3_a_newer_version_that_does_not_come_back_to_the_hub_is_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, own) = (folder.path().join("hub"), folder.path().join("own"));
    let hub = TestHub::start(&data, 0);
    enrolled(&hub, &own);
    set_policy(&hub, true);
    // it says its version, and is otherwise of no use
    let broken = b"#!/bin/sh\ntest \"$1\" = --version && echo purepc 0.2.0\n".to_vec();
    hand_out(&hub, 1, &broken, "0.2.0");
    let end = Instant::now() + 3 * PATIENCE;
    let mut starts = 0;
    let running = loop {
        // as a service manager does
        let mut running = start(&own, 60_000);
        starts += 1;
        let began = Instant::now();
        while !has_ended(&mut running.0) && began.elapsed() < Duration::from_secs(8) {
            std::thread::sleep(Duration::from_millis(50));
        }
        if !has_ended(&mut running.0) && starts > 1 {
            break running;
        }
        assert!(Instant::now() < end, "it never comes back");
    };
    assert!(starts <= 5, "{starts} starts");
    wait_for_program(&hub, "purepc 0.1.0 linux");
    // and is not fetched again
    std::thread::sleep(Duration::from_secs(2));
    wait_for_program(&hub, "purepc 0.1.0 linux");

    // one that runs, and is not let in: the hub has gone, as far as it can tell
    hand_out(&hub, 2, &version("0.3.0"), "0.3.0");
    wait_for_program(&hub, "purepc 0.3.0 linux");
    drop(running);
    let course = own.join("program/course.json");
    let now = hub::unix_millis() / 1000;
    let on_trial = format!(r#"{{"trial":["0.3.0",0],"given_up":{{"0.2.0":{now}}}}}"#);
    fs::write(&course, on_trial).expect("written");
    set_policy(&hub, false);
    let port = hub.address.port;
    drop(hub);
    let mut running = start(&own, 1500);
    std::thread::sleep(Duration::from_secs(6));
    assert!(
        !has_ended(&mut running.0),
        "the one before runs in its stead"
    );
    let course = fs::read_to_string(&course).expect("read");
    assert!(
        course.contains("0.3.0") && course.contains("\"trial\":null"),
        "{course}"
    );
    let hub = TestHub::start(&data, port);
    wait_for_program(&hub, "purepc 0.1.0 linux");
}
