//! `hub doctor` on hubs that are well, and on set-ups that are broken (B5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "the peers of the tests, which fail on what a hub should not say"
)]

mod support;

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;
use support::{TestHub, build_worker, folder, run_hub, text};

const FREE: &str = "127.0.0.1:0";

/// What the doctor found, and whether it calls it well.
fn doctor(data: &Path, args: &[&str]) -> (Vec<Value>, bool) {
    build_worker();
    let data = data.to_str().expect("a plain path");
    let ask = ["doctor", "--json", "--data", data];
    let output = run_hub(&[&ask[..], args].concat(), "");
    let Ok(Value::Array(found)) = serde_json::from_slice(&output.stdout) else {
        panic!("{}", text(&output));
    };
    (found, output.status.success())
}

/// A data folder that a hub made, which does not run any more.
fn made() -> tempfile::TempDir {
    let folder = folder();
    let mut hub = TestHub::serve(folder.path(), &[]);
    hub.terminate();
    hub.wait(Duration::from_secs(20)).expect("stopped");
    folder
}

/// The doctor finds one fault: it says and advises so.
fn assert_fault(data: &Path, args: &[&str], check: &str, says: &str, advises: &str) {
    let (found, is_well) = doctor(data, args);
    assert!(!is_well, "{found:?}");
    let faults: Vec<&Value> = found.iter().filter(|row| row["state"] == "fault").collect();
    let [fault] = faults.as_slice() else {
        panic!("one fault: {faults:#?}");
    };
    assert_eq!(fault["check"], check);
    for (key, wanted) in [("says", says), ("advice", advises)] {
        let said = fault[key].as_str().expect("text");
        assert!(said.contains(wanted), "{said:?} has no {wanted:?}");
    }
}

#[test]
fn b5_a_hub_that_is_well_is_called_so_running_and_at_rest() {
    let at_rest = made();
    let listen = ["--listen", FREE, "--web-listen", FREE];
    let (found, is_well) = doctor(at_rest.path(), &listen);
    assert!(is_well, "{found:#?}");
    for check in [
        "data folder",
        "fingerprint",
        "port",
        "certificate",
        "clock",
        "disk",
        "hub-film",
    ] {
        assert!(
            found.iter().any(|row| row["check"] == check),
            "{check} in {found:#?}"
        );
    }
    let left = fs::read_dir(at_rest.path()).expect("a folder");
    let left = left.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("doctor")
    });
    assert_eq!(left.count(), 0, "nothing stays of its tries");

    let hub = TestHub::serve(at_rest.path(), &[]);
    let (udp, tcp) = (hub.socket_address().to_string(), hub.web.to_string());
    let (found, is_well) = doctor(at_rest.path(), &["--listen", &udp, "--web-listen", &tcp]);
    assert!(is_well, "{found:#?}");
    let answers = |row: &&Value| {
        row["says"]
            .as_str()
            .is_some_and(|says| says.contains("answers"))
    };
    assert_eq!(found.iter().filter(answers).count(), 2, "{found:#?}");

    // for people it stands in words
    let data = hub.data_text();
    let said = text(&run_hub(
        &[
            "doctor",
            "--data",
            data,
            "--listen",
            &udp,
            "--web-listen",
            &tcp,
        ],
        "",
    ));
    assert!(said.contains("ok       port: the hub answers at"), "{said}");
}

#[test]
fn b5_a_port_that_somebody_else_has_is_named() {
    let folder = made();
    let (udp, tcp) = (
        UdpSocket::bind(FREE).expect("a port"),
        TcpListener::bind(FREE).expect("a port"),
    );
    let taken = udp.local_addr().expect("an address").to_string();
    let listen = ["--listen", &taken, "--web-listen", FREE];
    assert_fault(
        folder.path(),
        &listen,
        "port",
        &format!("UDP {taken}"),
        "another program has it",
    );
    let taken = tcp.local_addr().expect("an address").to_string();
    let listen = ["--listen", FREE, "--web-listen", &taken];
    assert_fault(
        folder.path(),
        &listen,
        "port",
        &format!("TCP {taken}"),
        "ss -lpn",
    );
}

#[test]
fn b5_an_address_that_this_computer_lacks_is_named() {
    let folder = made();
    let listen = ["--listen", "192.0.2.1:4433", "--web-listen", FREE];
    assert_fault(
        folder.path(),
        &listen,
        "port",
        "192.0.2.1",
        "has no address 192.0.2.1",
    );
}

#[test]
fn b5_a_running_hub_that_does_not_answer_there_is_named() {
    let hub = TestHub::start();
    let silent = UdpSocket::bind(FREE)
        .expect("a port")
        .local_addr()
        .expect("an address");
    let tcp = hub.web.to_string();
    let listen = ["--listen", &silent.to_string(), "--web-listen", &tcp];
    assert_fault(&hub.data, &listen, "port", "does not answer", "firewall");
}

#[cfg(unix)]
#[test]
fn b5_a_folder_that_others_can_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = made();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("opened");
    let listen = ["--listen", FREE, "--web-listen", FREE];
    assert_fault(
        folder.path(),
        &listen,
        "data folder",
        "mode 755",
        "chmod 700",
    );
}

#[cfg(unix)]
#[test]
fn b5_root_is_told_that_the_folder_is_another_accounts() {
    let folder = made();
    let other = Some(65_534);
    match std::os::unix::fs::chown(folder.path(), other, None) {
        Ok(()) => {}
        // nobody but root gives a folder away, and so nobody else gets here
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return,
        Err(error) => panic!("{error}"),
    }
    let listen = ["--listen", FREE, "--web-listen", FREE];
    let (found, _) = doctor(folder.path(), &listen);
    let row = found.iter().find(|row| row["check"] == "data folder");
    let row = row.expect("it is looked at");
    assert_eq!(row["state"], "warning", "{row}");
    let said = |key: &str| row[key].as_str().expect("text").to_owned();
    assert!(said("says").contains("number 65534"), "{row}");
    assert!(said("advice").contains("sudo -u '#65534' hub"), "{row}");
}

#[test]
fn b5_a_clock_that_was_set_back_is_named() {
    let folder = made();
    let file = File::options()
        .write(true)
        .open(folder.path().join("hub.db"))
        .expect("a file");
    file.set_modified(SystemTime::now() + Duration::from_hours(3))
        .expect("set");
    let listen = ["--listen", FREE, "--web-listen", FREE];
    assert_fault(folder.path(), &listen, "clock", "set back", "timedatectl");
}

#[test]
fn b5_a_disk_without_the_room_that_is_to_stay_is_named() {
    let folder = made();
    let data = folder.path().to_str().expect("a plain path");
    let much = (1_u64 << 60).to_string();
    let set = run_hub(
        &["settings", "set", "free-disk-bytes", &much, "--data", data],
        "",
    );
    assert!(set.status.success(), "{}", text(&set));
    let listen = ["--listen", FREE, "--web-listen", FREE];
    assert_fault(
        folder.path(),
        &listen,
        "disk",
        "no session is filmed",
        "make room",
    );
}

/// A certificate for those years, beside its key; the paths of both.
fn certificate(folder: &Path, years: (i32, i32)) -> (String, String) {
    let mut params = CertificateParams::new(vec!["hub.example.org".to_owned()]).expect("a name");
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let made = params.self_signed(&key).expect("a certificate");
    let path = |name: &str| folder.join(name).to_str().expect("a plain path").to_owned();
    let (chain, key_file) = (path("chain.pem"), path("key.pem"));
    fs::write(&chain, made.pem()).expect("written");
    fs::write(&key_file, key.serialize_pem()).expect("written");
    (chain, key_file)
}

#[test]
fn b5_a_certificate_that_is_over_or_another_keys_is_named() {
    let folder = made();
    let keys = tempfile::tempdir().expect("a folder");
    let look = |files: &(String, String), says: &str, advises: &str| {
        let listen = ["--listen", FREE, "--web-listen", FREE];
        let given = ["--certificate", &files.0, "--certificate-key", &files.1];
        let args = [&listen[..], &given].concat();
        assert_fault(folder.path(), &args, "certificate", says, advises);
    };
    look(
        &certificate(keys.path(), (2020, 2021)),
        "is over",
        "renew it",
    );
    look(
        &certificate(keys.path(), (4000, 4001)),
        "not good yet",
        "clock",
    );
    let (chain, _) = certificate(keys.path(), (2020, 4000));
    let others = tempfile::tempdir().expect("a folder");
    let (_, key) = certificate(others.path(), (2020, 4000));
    look(
        &(chain, key),
        "is not that of the certificate",
        "certificate authority",
    );
}

#[test]
fn b5_a_key_that_is_damaged_is_named() {
    let folder = made();
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.contains("key") || name.contains("identity") {
            fs::write(&path, "nonsense").expect("written");
        }
    }
    let listen = ["--listen", FREE, "--web-listen", FREE];
    assert_fault(folder.path(), &listen, "fingerprint", "", "back-up");
}
