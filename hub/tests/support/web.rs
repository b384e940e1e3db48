//! A visitor of the user's page, byte by byte.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::caller::AnyHub;
use super::{PATIENCE, TestHub};

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// What the page answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }
}

/// Asks for `path` with `headers`, on a connection of its own.
pub(crate) fn get(hub: &TestHub, path: &str, headers: &[&str]) -> Answer {
    let mut tls = open(page(hub));
    ask(&mut tls, path, headers).expect("an answer")
}

/// Asks on a connection that stays.
pub(crate) fn ask(tls: &mut Tls, path: &str, headers: &[&str]) -> io::Result<Answer> {
    let mut asked = format!("GET {path} HTTP/1.1\r\nHost: hub.example\r\n");
    for header in headers {
        asked.push_str(header);
        asked.push_str("\r\n");
    }
    asked.push_str("\r\n");
    tls.write_all(asked.as_bytes())?;
    answer(tls)
}

/// Where the page's port is.
pub(crate) fn page(hub: &TestHub) -> SocketAddr {
    assert!(hub.page.is_some(), "a page");
    hub.web
}

pub(crate) fn open(address: SocketAddr) -> Tls {
    try_open(address).expect("TLS")
}

pub(crate) fn try_open(address: SocketAddr) -> io::Result<Tls> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(AnyHub(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from("hub.example").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(client, plain(address)?);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    Ok(tls)
}

/// A connection without TLS.
pub(crate) fn plain(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// What the other end proved itself with.
pub(crate) fn certificate(tls: &Tls) -> CertificateDer<'static> {
    let shown = tls.conn.peer_certificates().expect("a certificate");
    shown[0].clone().into_owned()
}

/// Reads one answer.
pub(crate) fn answer(tls: &mut Tls) -> io::Result<Answer> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        tls.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("headers in UTF-8");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut answer = Answer {
        status: status.and_then(|s| s.parse().ok()).expect("a status"),
        headers,
        body: Vec::new(),
    };
    let length = answer.header("content-length");
    let length = length.map_or(0, |length| length.parse().expect("a length"));
    answer.body = vec![0; length];
    if answer.status != 304 {
        tls.read_exact(&mut answer.body)?;
    }
    Ok(answer)
}

/// How long until the other end closes, which must happen within `limit`.
pub(crate) fn closed_within(stream: &mut TcpStream, limit: Duration) -> Duration {
    let start = std::time::Instant::now();
    stream.set_read_timeout(Some(limit)).expect("set");
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return start.elapsed(),
            Ok(_) => {}
            Err(error) => {
                let is_late = matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                );
                assert!(!is_late, "still open after {limit:?}");
                return start.elapsed();
            }
        }
    }
}
