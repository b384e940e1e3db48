//! A hub that is known by its name (E2): what its certificate must be, and what is said if it is not.

#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "the test fails on any other error")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use protocol::diagnosis::Verdict;
use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{CertificateFault, HubAddress, HubHello, Role, VersionRange};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use transport::client::{self, Greeted};
use transport::{
    ConnectError, Endpoint, FramedReader, FramedWriter, HubIdentity, Pin, Routes, doctor, server,
};

/// The file of those whom this process trusts, and of somebody whom it does not.
const TRUSTED: &str = "trusted.pem";

/// Whom a computer trusts is read from files that the environment names, which a program cannot change for
/// itself: the test runs itself again.
fn with_trusted_issuer(test: &str, inside: impl FnOnce(&Issuers)) {
    const FOLDER: &str = "PHD_TEST_ISSUERS";
    if let Some(folder) = std::env::var_os(FOLDER) {
        inside(&Issuers::open(Path::new(&folder)));
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    Issuers::make(folder.path());
    let again = Command::new(std::env::current_exe().expect("this program"))
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("SSL_CERT_FILE", folder.path().join(TRUSTED))
        .env_remove("SSL_CERT_DIR")
        .status();
    assert!(again.expect("it runs").success(), "see above");
}

struct Issuers {
    trusted: Issuer<'static, KeyPair>,
    stranger: Issuer<'static, KeyPair>,
    /// Another stranger, who is called like the one that is trusted.
    namesake: Issuer<'static, KeyPair>,
}

impl Issuers {
    fn make(folder: &Path) {
        let key = KeyPair::generate().expect("a key");
        let certificate = authority("Trusted")
            .self_signed(&key)
            .expect("a certificate");
        std::fs::write(folder.join(TRUSTED), certificate.pem()).expect("written");
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("written");
    }

    fn open(folder: &Path) -> Self {
        let key = std::fs::read_to_string(folder.join("key.pem")).expect("read");
        let key_pair = || KeyPair::generate().expect("a key");
        Self {
            trusted: Issuer::new(
                authority("Trusted"),
                KeyPair::from_pem(&key).expect("a key"),
            ),
            stranger: Issuer::new(authority("Stranger"), key_pair()),
            namesake: Issuer::new(authority("Trusted"), key_pair()),
        }
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Shows one certificate, whatever it is asked for.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn certificate(name: &str, years: (i32, i32), issuer: &Issuer<'_, KeyPair>) -> Shows {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let chain: Vec<CertificateDer<'static>> = vec![
        params
            .signed_by(&key, issuer)
            .expect("a certificate")
            .into(),
    ];
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let pair = CertifiedKey::from_der(chain, key, &ring::default_provider());
    Shows(Arc::new(pair.expect("a pair")))
}

/// A hub that greets whoever comes, at `localhost`.
struct Hub {
    _data: tempfile::TempDir,
    identity: HubIdentity,
    address: HubAddress,
    greeting: tokio::task::JoinHandle<()>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.greeting.abort();
    }
}

impl Hub {
    fn start(public: Option<Shows>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let mut identity = HubIdentity::open_or_create(data.path()).expect("writable");
        if let Some(public) = public {
            identity.show_publicly(Arc::new(public));
        }
        let any = "127.0.0.1:0".parse().expect("an address");
        let endpoint = server::bind(any, &identity).expect("a port");
        let address = HubAddress {
            host: "localhost".to_owned(),
            port: endpoint.local_addr().expect("bound").port(),
        };
        Self {
            _data: data,
            identity,
            address,
            greeting: tokio::spawn(greet(endpoint)),
        }
    }

    async fn connect(&self, pin: impl Into<Pin>) -> Result<Greeted, ConnectError> {
        let routes = Routes::default();
        client::connect(&self.address, pin, Role::Host, "test 1", &routes).await
    }

    async fn fault(&self) -> CertificateFault {
        let error = self.connect(Pin::PublicName).await.expect_err("refused");
        let ConnectError::Certificate { hub, fault } = error else {
            panic!("{error}");
        };
        assert_eq!(hub, self.address);
        fault
    }
}

async fn greet(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        let Ok(connection) = incoming.await else {
            continue;
        };
        let Ok((send, recv)) = connection.accept_bi().await else {
            continue;
        };
        let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
        let _hello: Option<protocol::ClientHello> = reader.read().await.expect("a hello");
        let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
        let welcome = HubHello::Welcome {
            version: VersionRange::OURS.newest,
            hub: "test".into(),
        };
        writer.write(&welcome).await.expect("sent");
        tokio::spawn(async move { connection.closed().await });
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

const NOW: (i32, i32) = (2024, 4096);

#[test]
fn e2_a_hub_is_known_by_its_name_or_by_its_key() {
    with_trusted_issuer("e2_a_hub_is_known_by_its_name_or_by_its_key", |issuers| {
        run(async {
            let hub = Hub::start(Some(certificate("localhost", NOW, &issuers.trusted)));
            hub.connect(Pin::PublicName).await.expect("by its name");
            let key = hub.identity.fingerprint();
            hub.connect(key).await.expect("by its key");
            // a key is a key, whoever vouches for the name
            let other = Hub::start(None).identity.fingerprint();
            let error = hub.connect(other).await.expect_err("another key");
            assert!(matches!(error, ConnectError::ForeignKey), "{error}");
        });
    });
}

#[test]
fn e2_what_is_wrong_with_a_certificate_is_told() {
    with_trusted_issuer("e2_what_is_wrong_with_a_certificate_is_told", |issuers| {
        run(async {
            let Issuers {
                trusted,
                stranger,
                namesake,
            } = issuers;
            for (public, expected) in [
                (None, CertificateFault::None),
                (
                    Some(certificate("hub.example.org", NOW, trusted)),
                    CertificateFault::OtherName,
                ),
                (
                    Some(certificate("localhost", (2000, 2001), trusted)),
                    CertificateFault::Expired,
                ),
                (
                    Some(certificate("localhost", (4000, 4001), trusted)),
                    CertificateFault::NotYetValid,
                ),
                (
                    Some(certificate("localhost", NOW, stranger)),
                    CertificateFault::UnknownIssuer,
                ),
                (
                    Some(certificate("localhost", NOW, namesake)),
                    CertificateFault::UnknownIssuer,
                ),
            ] {
                assert_eq!(Hub::start(public).fault().await, expected);
            }
        });
    });
}

#[test]
fn e2_the_doctor_tells_a_certificate_whose_time_has_not_come() {
    let test = "e2_the_doctor_tells_a_certificate_whose_time_has_not_come";
    with_trusted_issuer(test, |issuers| {
        run(async {
            let early = certificate("localhost", (4000, 4001), &issuers.trusted);
            let hub = Hub::start(Some(early));
            let routes = Routes::default();
            let pin = Pin::PublicName;
            let found = doctor::examine(&hub.address, pin, Role::Host, "test 1", &routes, drop);
            let verdict = found.await.verdict();
            assert_eq!(verdict, Verdict::Certificate(CertificateFault::NotYetValid));
        });
    });
}
