//! A hub that clients know by its name (E2): its certificate also counts in QUIC, by UDP and in a tunnel, and
//! the Helpme that the page gives out says so.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::io::Read as _;
use std::process::Command;
use std::time::{Duration, Instant};

use protocol::{HubAddress, Role};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use support::web::get;
use support::{PATIENCE, TestHub, folder};
use transport::client;
use transport::{Pin, Routes};

/// Whom a computer trusts is read from files that the environment names, so clients are this program again.
const CLIENT_OF: &str = "PHD_TEST_PORT";
const TEST: &str = "e2_the_hubs_name_is_enough_where_its_certificate_is_public";

#[test]
fn e2_the_hubs_name_is_enough_where_its_certificate_is_public() {
    if let Some(port) = std::env::var_os(CLIENT_OF) {
        let port = port.to_str().expect("a number").parse().expect("a number");
        return connect_by_name(port);
    }
    let files = folder();
    let path = |name: &str| files.path().join(name).to_str().expect("plain").to_owned();
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let trusted = authority.self_signed(&key).expect("a certificate").pem();
    fs::write(path("trusted.pem"), trusted).expect("written");
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let chain = params.signed_by(&key, &issuer).expect("a certificate");
    fs::write(path("chain.pem"), chain.pem()).expect("written");
    fs::write(path("key.pem"), key.serialize_pem()).expect("written");

    let hub = TestHub::start_with(&[
        "--certificate",
        &path("chain.pem"),
        "--certificate-key",
        &path("key.pem"),
        "--public-address",
        "localhost:443",
        "--known-by-name",
        "true",
    ]);
    let client = |port: u16| {
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args([TEST, "--exact", "--nocapture"])
            .env(CLIENT_OF, port.to_string())
            .env("SSL_CERT_FILE", path("trusted.pem"))
            .env_remove("SSL_CERT_DIR")
            .status();
        assert!(status.expect("it runs").success(), "see above");
    };
    client(hub.address.port);
    // nothing there by UDP
    client(hub.web.port());

    let front = get(&hub, "/", &[]).text();
    assert!(front.contains("helpme://localhost/?key=public"), "{front}");
    let downloads = hub.data.join("downloads");
    support::put_download(&downloads, "helpme-linux-x86_64", b"a program");
    let until = Instant::now() + PATIENCE;
    let zip = loop {
        let answer = get(&hub, "/download/helpme-linux-x86_64.zip", &[]);
        if answer.status == 200 {
            break answer.body;
        }
        assert!(Instant::now() < until, "nothing to download");
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a ZIP");
    let mut file = zip.by_name("helpme/helpme").expect("the program");
    let mut program = Vec::new();
    file.read_to_end(&mut program).expect("read");
    let carried = transport::hub_block::find(&program).expect("whole");
    let pin = carried.map(|carried| carried.pin);
    assert_eq!(pin, Some(Pin::PublicName));
}

fn connect_by_name(port: u16) {
    let hub = HubAddress {
        host: "localhost".to_owned(),
        port,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let routes = Routes::with_tunnels_at(&[port]);
        let greeted = client::connect(&hub, Pin::PublicName, Role::Host, "test 1", &routes).await;
        greeted.expect("known by its name");
    });
}
