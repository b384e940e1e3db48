//! The page's certificate: given as files, and replaced while the hub runs (E2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use support::web::{self, get};
use support::{PATIENCE, TestHub, hub_command, text};

struct Files {
    _folder: tempfile::TempDir,
    chain: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new() -> Self {
        let folder = support::folder();
        let (chain, key) = (
            folder.path().join("chain.pem"),
            folder.path().join("key.pem"),
        );
        Self {
            _folder: folder,
            chain,
            key,
        }
    }

    /// Puts a new certificate there, as a tool that renews it does.
    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["hub.example".to_owned()]).expect("made");
        fs::write(&self.key, made.signing_key.serialize_pem()).expect("written");
        fs::write(&self.chain, made.cert.pem()).expect("written");
        made.cert.der().clone()
    }

    fn args(&self) -> [&str; 4] {
        let text = |path: &'_ Path| path.to_str().expect("plain").to_owned().leak() as &str;
        [
            "--certificate",
            text(&self.chain),
            "--certificate-key",
            text(&self.key),
        ]
    }
}

fn shown(hub: &TestHub) -> CertificateDer<'static> {
    web::certificate(&web::open(web::page(hub)))
}

fn wait_for(hub: &TestHub, certificate: &CertificateDer<'_>) {
    let end = Instant::now() + PATIENCE;
    while shown(hub) != *certificate {
        assert!(Instant::now() < end, "the page has its old certificate");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e2_a_new_certificate_is_taken_over_without_losing_anybody_and_a_broken_one_is_not() {
    let files = Files::new();
    let first = files.renew();
    let mut hub = TestHub::start_with(&files.args());
    hub.without_udp();
    let mut operator = hub.operator("anna").await;
    let mut visitor = web::open(web::page(&hub));
    assert_eq!(web::certificate(&visitor), first);
    let answer = web::ask(&mut visitor, "/", &[]).expect("an answer");
    let strict = answer.header("strict-transport-security");
    assert_eq!(strict, Some("max-age=86400"), "browsers know this one");

    let second = files.renew();
    wait_for(&hub, &second);
    let answer = web::ask(&mut visitor, "/", &[]).expect("the old connection goes on");
    assert_eq!(answer.status, 200);

    // half written, of another key, and gone: the page keeps what it has
    let good = fs::read(&files.chain).expect("read");
    for broken in [&good[..good.len() / 2], b"", b"no PEM"] {
        fs::write(&files.chain, broken).expect("written");
        std::thread::sleep(Duration::from_millis(2500));
        assert_eq!(shown(&hub), second);
    }
    let other = rcgen::generate_simple_self_signed(["hub.example".to_owned()]).expect("made");
    fs::write(&files.chain, other.cert.pem()).expect("written");
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(shown(&hub), second, "its key is not there");
    fs::remove_file(&files.key).expect("removed");
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(shown(&hub), second);

    let third = files.renew();
    wait_for(&hub, &third);
    assert_eq!(get(&hub, "/", &[]).status, 200);
    // a tunnel that came before goes on, and new ones come
    operator.generate_ticket().await;
    hub.operator("bruno").await;
}

#[test]
fn e4_a_hub_does_not_start_with_a_certificate_that_does_not_work() {
    let files = Files::new();
    files.renew();
    let other = rcgen::generate_simple_self_signed(["hub.example".to_owned()]).expect("made");
    let data = support::folder();
    let data = data.path().join("data");
    let start = |chain: &str| {
        fs::write(&files.chain, chain).expect("written");
        let mut hub = hub_command(&["serve", "--listen", "127.0.0.1:0"]);
        hub.args(["--web-listen", "127.0.0.1:0"]);
        let hub = hub.args(files.args()).arg("--data").arg(&data);
        let output = hub.output().expect("hub runs");
        assert!(!output.status.success());
        text(&output)
    };
    let said = start("nonsense");
    assert!(
        said.contains("chain.pem holds no certificate in PEM"),
        "{said}"
    );
    let said = start(&other.cert.pem());
    assert!(said.contains("is not that of the certificate"), "{said}");
    fs::remove_file(&files.key).expect("removed");
    let said = start(&other.cert.pem());
    assert!(
        said.contains("cannot read") && said.contains("key.pem"),
        "{said}"
    );
}
