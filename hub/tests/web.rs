//! The hub's TCP ports: tunnels for those without UDP (R2), and nothing for everybody else.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use protocol::{HubAddress, Role};
use support::caller::Caller;
use support::{Peer, TestHub};
use tokio::time::timeout;
use transport::client::{self, ConnectError, Greeted};
use transport::{Route, Routes};

/// Tunnels to the hub's own port alone; what else listens here is nobody's business.
fn routes() -> Routes {
    Routes::with_tunnels_at(&[])
}

/// Connects by TCP alone: the UDP port of the same number swallows what comes.
async fn by_tunnel(hub: &TestHub, role: Role, routes: &Routes) -> Result<Greeted, ConnectError> {
    let _swallows = UdpSocket::bind(hub.web).expect("free beside the TCP port");
    let address = HubAddress {
        host: hub.web.ip().to_string(),
        port: hub.web.port(),
    };
    client::connect(&address, hub.fingerprint, role, "test 0", routes).await
}

#[tokio::test]
async fn r2_an_operator_without_udp_logs_in_by_tcp() {
    let (hub, routes) = (TestHub::start(), routes());
    let started = Instant::now();
    let greeted = by_tunnel(&hub, Role::Operator, &routes)
        .await
        .expect("greeted");
    assert!(started.elapsed() < Duration::from_secs(1));
    let port = hub.web.port();
    assert_eq!(greeted.route, Route::Tunnel { port });
    let mut operator = Peer::new(greeted);
    operator.log_in("anna").await;
}

#[tokio::test]
async fn b1_who_came_by_tcp_is_told_that_the_hub_stops() {
    let (mut hub, routes) = (TestHub::start(), routes());
    let greeted = by_tunnel(&hub, Role::Operator, &routes)
        .await
        .expect("greeted");
    let mut operator = Peer::new(greeted);
    operator.log_in("anna").await;
    let connection = operator.greeted.connection.clone();
    hub.terminate();
    let closed = timeout(Duration::from_secs(5), connection.closed()).await;
    let reason = transport::CloseReason::from(&closed.expect("told"));
    assert!(
        !matches!(reason, transport::CloseReason::Lost),
        "{reason:?}"
    );
    assert!(hub.wait(Duration::from_secs(5)).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_strangers_in_tunnels_are_counted_as_others_are() {
    let (hub, routes) = (TestHub::start(), routes());
    // an address has 32 strangers; who comes next takes the place of the oldest
    let mut strangers = Vec::new();
    for _ in 0..40 {
        strangers.push(by_tunnel(&hub, Role::Host, &routes).await.expect("a place"));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let open = strangers
        .iter()
        .filter(|s| s.connection.close_reason().is_none());
    let open = open.count();
    assert!(open <= 32, "{open} strangers from one address");
    assert!(open >= 30, "only {open} strangers");
    // their places at the TCP port are free again, and another address was never touched
    let mut operator = Peer::new(
        by_tunnel(&hub, Role::Operator, &routes)
            .await
            .expect("greeted"),
    );
    operator.log_in("anna").await;
    Caller::at([0, 9, 1]).operator(&hub, "bruno").await;
}

/// What a server answers to `bytes` until it hangs up.
fn answer(stream: &mut (impl std::io::Read + std::io::Write), bytes: &[u8]) -> String {
    // a server that has hung up in the middle has answered before
    drop(stream.write_all(bytes).and_then(|()| stream.flush()));
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error) => {
                let hung_up = matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
                );
                assert!(hung_up, "{error}");
                break;
            }
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn call(hub: &TestHub) -> TcpStream {
    let tcp = TcpStream::connect(hub.web).expect("it listens");
    tcp.set_read_timeout(Some(Duration::from_secs(15)))
        .expect("open");
    tcp
}

fn tls(hub: &TestHub) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let config = support::caller::tls_config();
    let name = "hub.invalid".try_into().expect("a name");
    let connection = rustls::ClientConnection::new(config, name).expect("a good configuration");
    rustls::StreamOwned::new(connection, call(hub))
}

#[test]
fn b2_garbage_gets_the_answers_of_a_dull_web_server() {
    let hub = TestHub::start();
    let status = |answer: &str| answer.lines().next().unwrap_or_default().to_owned();
    // in the clear, as port scanners and browsers come
    for words in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "SSH-2.0-scan\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let answer = answer(&mut call(&hub), words.as_bytes());
        assert_eq!(status(&answer), "HTTP/1.1 400 Bad Request", "{words:?}");
    }
    // no TLS that anybody knows
    let alert = answer(&mut call(&hub), &[0x16, 3, 1, 0, 4, 9, 9, 9, 9]);
    assert!(!alert.contains("HTTP"), "{alert}");
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
    let cases = [
        (
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "404 Not Found",
        ),
        (
            "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "404 Not Found",
        ),
        (
            "GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "400 Bad Request",
        ),
        (
            format!(
                "POST /tunnel HTTP/1.1\r\nHost: x\r\n{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
            ),
            "400 Bad Request",
        ),
        (
            format!(
                "GET /tunnel HTTP/1.1\r\nHost: x\r\n{upgrade}Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: eA==\r\n\r\n"
            ),
            "400 Bad Request",
        ),
        ("nonsense\r\n\r\n".to_owned(), "400 Bad Request"),
        (
            format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
            "431 Request Header Fields Too Large",
        ),
    ];
    for (request, expected) in cases {
        let start: String = request.chars().take(40).collect();
        let answer = answer(&mut tls(&hub), request.as_bytes());
        assert_eq!(status(&answer), format!("HTTP/1.1 {expected}"), "{start:?}");
        assert!(!answer.to_lowercase().contains("hub"), "{answer}");
    }
}

#[test]
fn b2_who_says_nothing_or_drips_is_hung_up_and_keeps_no_more_than_its_share() {
    let hub = TestHub::start();
    let started = Instant::now();
    let silent = call(&hub);
    let mut dripping = tls(&hub);
    dripping.write_all(b"GET / HTTP/1.1\r\n").expect("open");
    // 32 from one address and no more: these two and thirty, and the rest is hung up at once
    let mut calls: Vec<TcpStream> = (0..40).map(|_| call(&hub)).collect();
    std::thread::sleep(Duration::from_millis(300));
    let mut hung_up = 0;
    for call in &mut calls {
        call.set_nonblocking(true).expect("open");
        let mut byte = [0];
        let gone =
            !matches!(call.read(&mut byte), Err(error) if error.kind() == ErrorKind::WouldBlock);
        hung_up += u32::from(gone);
    }
    assert_eq!(hung_up, 10);
    let mut rest = Vec::new();
    for _ in 0..40 {
        if dripping
            .write_all(b"X: y\r\n")
            .and_then(|()| dripping.flush())
            .is_err()
        {
            break;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    drop(dripping.read_to_end(&mut rest));
    drop({ silent }.read_to_end(&mut rest));
    let took = started.elapsed();
    assert!(took < Duration::from_secs(12), "hung up after {took:?}");
    drop(calls);
    // and all of it is over
    assert_eq!(
        answer(&mut call(&hub), b"x\r\n\r\n").lines().next(),
        Some("HTTP/1.1 400 Bad Request")
    );
}

#[test]
fn r2_a_tcp_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at: SocketAddr = taken.local_addr().expect("bound");
    let folder = support::folder();
    let data = folder.path().join("data");
    let words = [
        "serve",
        "--data",
        data.to_str().expect("a path"),
        "--listen",
        "127.0.0.1:0",
    ];
    let output = support::hub_command(&words)
        .args(["--tunnel-listen", &at.to_string()])
        .output()
        .expect("it runs");
    let text = support::text(&output);
    assert!(
        text.contains(&format!("port {} is in use", at.port())),
        "{text}"
    );
}
