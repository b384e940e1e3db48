//! What the hub keeps is its own account's alone, whatever the umask and the folder it is given.

#![cfg(unix)]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use protocol::{OperatorToHub, Rights};
use support::{TestHub, add_operator, folder, run_hub, text};

fn mode(path: &Path) -> u32 {
    let found = fs::symlink_metadata(path).expect("there");
    found.permissions().mode() & 0o777
}

/// The modes of all files in `folder` and of the folders in it, by name.
fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let mut modes = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        modes.insert(name.into_owned(), mode(&path));
        if path.is_dir() {
            modes.extend(self::modes(&path));
        }
    }
    modes
}

/// A hub that a careless shell starts.
fn careless() -> Command {
    let mut shell = Command::new("sh");
    let script = "umask 000; exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_hub")]);
    shell
}

#[tokio::test]
async fn every_file_is_its_owners_alone_whatever_the_umask() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let mut admin = careless();
    admin.args(["admin", "add-operator", "anna", "--data", data]);
    let mut child = admin
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("hub starts");
    let mut stdin = child.stdin.take().expect("piped");
    let password = format!("{}\n", support::PASSWORD);
    std::io::Write::write_all(&mut stdin, password.as_bytes()).expect("read");
    drop(stdin);
    assert!(child.wait().expect("ends").success());
    assert_eq!(mode(&folder.path().join("hub.db")), 0o600);

    let hub = TestHub::serve_by(careless(), folder.path(), &[]);
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let while_it_runs = modes(folder.path());
    for name in [
        "hub.db",
        "hub.db-wal",
        "hub.db-shm",
        "hub.lock",
        "hub-key.pem",
        "00000001.film",
        "00000001.film-wal",
        "00000001.film-shm",
    ] {
        assert_eq!(while_it_runs.get(name), Some(&0o600), "{name}");
    }
    assert_eq!(while_it_runs["films"], 0o700);
    assert_eq!(while_it_runs["temporary"], 0o700);
    let end = OperatorToHub::EndSession { session };
    pair.operator.send(&end).await;
    drop(hub);
    // folders, and what is meant for whoever waits for the hub
    let no_private_file = ["films", "temporary", "ready.json"];
    let open: Vec<_> = modes(folder.path())
        .into_iter()
        .filter(|(name, mode)| !no_private_file.contains(&name.as_str()) && *mode != 0o600)
        .collect();
    assert_eq!(open, []);
}

#[test]
fn a_folder_that_others_can_get_at_is_refused_with_what_to_do() {
    for open in [0o755, 0o770, 0o704, 0o702] {
        let folder = folder();
        fs::set_permissions(folder.path(), Permissions::from_mode(open)).expect("ours");
        let data = folder.path().to_str().expect("a plain path");
        let serve = [
            "--log",
            "off",
            "serve",
            "--data",
            data,
            "--listen",
            "127.0.0.1:0",
        ];
        let add = ["admin", "add-operator", "anna", "--data", data];
        for args in [&serve[..], &add] {
            let refused = run_hub(args, "long enough\n");
            let said = text(&refused);
            assert_eq!(refused.status.code(), Some(13), "{said}");
            assert!(said.contains(&format!("chmod 700 {data}")), "{said}");
            assert_eq!(said.trim_end().lines().count(), 1, "one sentence: {said}");
        }
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0, "nothing was written into it");
    }
}

#[test]
fn what_an_older_hub_left_open_is_closed() {
    let folder = folder();
    add_operator(folder.path(), "anna");
    let films = folder.path().join("films");
    fs::create_dir(&films).expect("a folder");
    fs::set_permissions(&films, Permissions::from_mode(0o700)).expect("ours");
    let film = films.join("00000001.film");
    fs::write(&film, "an old film").expect("written");
    let database = folder.path().join("hub.db");
    for file in [&film, &database] {
        fs::set_permissions(file, Permissions::from_mode(0o644)).expect("ours");
    }
    let hub = TestHub::serve(folder.path(), &[]);
    assert_eq!((mode(&film), mode(&database)), (0o600, 0o600));
    drop(hub);
}
