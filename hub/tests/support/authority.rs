//! A real authority that gives certificates by ACME: Let's Encrypt's own Pebble (Debian's package `pebble`),
//! with a DNS server that leads each name here.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use super::PATIENCE;
use super::web::Tls;

/// The name that the authority finds here.
pub(crate) const NAME: &str = "hub.example.org";

/// An authority that runs.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    places: Places,
    /// How long its certificates are good.
    life: Duration,
    running: Vec<Child>,
}

#[derive(Clone, Copy)]
struct Places {
    directory: SocketAddr,
    management: SocketAddr,
    dns: SocketAddr,
    dns_management: SocketAddr,
    /// Where it looks at who asks for a certificate.
    looks_at: SocketAddr,
}

impl Authority {
    /// One whose certificates are good for `life`.
    pub(crate) fn start(life: Duration) -> Self {
        // all at once, so that they differ
        let held: Vec<TcpListener> = (0..5)
            .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"))
            .collect();
        let place = |n: usize| held[n].local_addr().expect("an address");
        let places = Places {
            directory: place(0),
            management: place(1),
            dns: place(2),
            dns_management: place(3),
            looks_at: place(4),
        };
        drop(held);
        let mut authority = Self {
            folder: super::folder(),
            places,
            life,
            running: Vec::new(),
        };
        authority.make_own_certificate();
        authority.resume();
        authority
    }

    /// Where a hub has to listen by TCP.
    pub(crate) fn looks_at(&self) -> SocketAddr {
        self.places.looks_at
    }

    /// Looks elsewhere from its next start on.
    pub(crate) fn looks_astray(&mut self) {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        self.places.looks_at = free.local_addr().expect("an address");
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.places.directory)
    }

    /// By what it is known itself.
    pub(crate) fn roots(&self) -> String {
        self.path("root.pem").to_str().expect("plain").to_owned()
    }

    /// It does not answer any more.
    pub(crate) fn pause(&mut self) {
        for mut child in self.running.drain(..) {
            child.kill().expect("killed");
            child.wait().expect("gone");
        }
    }

    /// Starts it, without memory of what was before.
    pub(crate) fn resume(&mut self) {
        let Places {
            directory,
            management,
            dns,
            dns_management,
            looks_at,
        } = self.places;
        let help = Command::new("pebble").arg("-h").output();
        let help = help.expect("the package `pebble` is installed");
        let help = String::from_utf8_lossy(&help.stderr).into_owned();
        assert!(
            help.contains("Pebble configuration file"),
            "`pebble` is another program of that name, not Let's Encrypt's: {help}"
        );
        let config = json!({ "pebble": {
            "listenAddress": directory.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": self.path("own.pem"),
            "privateKey": self.path("own-key.pem"),
            "httpPort": 1,
            "tlsPort": looks_at.port(),
            "ocspResponderURL": "",
            "certificateValidityPeriod": self.life.as_secs(),
        }});
        fs::write(self.path("pebble.json"), config.to_string()).expect("written");
        let log = || fs::File::create(self.path("log")).expect("a file");
        let pebble = Command::new("pebble")
            .arg("-config")
            .arg(self.path("pebble.json"))
            .args(["-dnsserver", &dns.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(log())
            .stderr(Stdio::null())
            .spawn();
        let (dns, managed) = (dns.to_string(), dns_management.to_string());
        let names = Command::new("pebble-challtestsrv")
            .args(["-dns01", &dns, "-management", &managed])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.running = vec![pebble.expect("it runs"), names.expect("it runs")];
        let end = Instant::now() + PATIENCE;
        for place in [directory, management, dns_management] {
            while TcpStream::connect(place).is_err() {
                assert!(Instant::now() < end, "nothing answers at {place}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// The root of what it gives since it was started.
    pub(crate) fn root(&self) -> CertificateDer<'static> {
        let own = CertificateDer::from_pem_file(self.path("root.pem")).expect("a certificate");
        let mut tls = open(self.places.management, "localhost", &own).expect("known");
        let ask = "GET /roots/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        tls.write_all(ask.as_bytes()).expect("asked");
        let mut answer = Vec::new();
        // it may hang up as it likes
        drop(tls.read_to_end(&mut answer));
        let answer = String::from_utf8(answer).expect("text");
        CertificateDer::from_pem_slice(answer.as_bytes()).expect("a certificate")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it proves itself with, to those who know its root.
    fn make_own_certificate(&self) {
        let key = KeyPair::generate().expect("a key");
        let mut root = CertificateParams::new(Vec::new()).expect("no names");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let known = root.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(root, key);
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).expect("names");
        let own = params.signed_by(&key, &issuer).expect("a certificate");
        let files = [
            ("root.pem", known),
            ("own.pem", own.pem()),
            ("own-key.pem", key.serialize_pem()),
        ];
        for (name, text) in files {
            fs::write(self.path(name), text).expect("written");
        }
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.pause();
    }
}

/// A connection to who shows a good certificate for `name` whose root is `root`.
pub(crate) fn open(
    address: SocketAddr,
    name: &'static str,
    root: &CertificateDer<'static>,
) -> std::io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).map_err(std::io::Error::other)?;
    let mut tls = StreamOwned::new(client, super::web::plain(address)?);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    Ok(tls)
}
