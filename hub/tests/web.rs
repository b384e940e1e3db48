//! The hub's TCP ports: tunnels for those without UDP (R2) beside the page (R5), and nothing for everybody else.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::Role;
use support::caller::Caller;
use support::{Peer, TestHub};
use tokio::time::timeout;
use transport::Route;

/// A hub whose peers come by TCP.
fn hub_without_udp() -> TestHub {
    let mut hub = TestHub::start();
    hub.without_udp();
    hub
}

#[tokio::test]
async fn r2_an_operator_without_udp_logs_in_by_tcp() {
    let hub = hub_without_udp();
    let started = Instant::now();
    let greeted = hub.connect(Role::Operator).await.expect("greeted");
    assert!(started.elapsed() < Duration::from_secs(1));
    let port = hub.web.port();
    assert_eq!(greeted.route, Route::Tunnel { port });
    let mut operator = Peer::new(greeted);
    operator.log_in("anna").await;
}

#[tokio::test]
async fn b1_who_came_by_tcp_is_told_that_the_hub_stops() {
    let mut hub = hub_without_udp();
    let greeted = hub.connect(Role::Operator).await.expect("greeted");
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
    let hub = hub_without_udp();
    // an address has 32 strangers in QUIC; who comes next takes the place of the oldest
    let mut strangers = Vec::new();
    for _ in 0..40 {
        strangers.push(hub.connect(Role::Host).await.expect("a place"));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let open = strangers
        .iter()
        .filter(|s| s.connection.close_reason().is_none());
    let open = open.count();
    assert!(open <= 32, "{open} strangers from one address");
    assert!(open >= 30, "only {open} strangers");
    // their places at the TCP port are free again, and another address was never touched
    let mut operator = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    operator.log_in("anna").await;
    Caller::at([0, 9, 1]).operator(&hub, "bruno").await;
}

#[tokio::test]
async fn r5_one_port_is_page_and_tunnel() {
    let hub = hub_without_udp();
    let mut operator = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    operator.log_in("anna").await;
    let page = support::web::get(&hub, "/", &[]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains(&hub.fingerprint.to_string()));
    // and all of an assistance goes on beside visitors
    let ticket = operator.generate_ticket().await;
    let host = Peer::new(hub.connect(Role::Host).await.expect("greeted"));
    let mut pair = support::Pair::meet(operator, host, &ticket).await;
    let (session, _) = pair.start_session(protocol::Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(protocol::Lane::Screen, session).await;
    let picture = support::screen_frame(1, 100_000);
    support::send_tagged(&mut screen, &picture).await;
    let (_, mut seen) = pair.operator.accept_stream().await;
    assert_eq!(support::web::get(&hub, "/", &[]).status, 200);
    let shown: Option<protocol::ScreenFrame> = support::receive_tagged(&mut seen).await;
    assert_eq!(shown, Some(picture));
}

#[test]
fn r5_both_versions_of_tls_lead_in() {
    let hub = TestHub::start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = support::caller::tls_config_of(&[version]);
        let mut tls = tls_with(&hub, config);
        let answer = answer(
            &mut tls,
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(tls.conn.protocol_version(), Some(version.version));
    }
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

type Tls = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

fn tls(hub: &TestHub) -> Tls {
    tls_with(
        hub,
        support::caller::tls_config_of(rustls::DEFAULT_VERSIONS),
    )
}

fn tls_with(hub: &TestHub, config: rustls::ClientConfig) -> Tls {
    let name = "hub.invalid".try_into().expect("a name");
    let connection = rustls::ClientConnection::new(Arc::new(config), name);
    rustls::StreamOwned::new(connection.expect("a good configuration"), call(hub))
}

#[test]
fn b2_garbage_gets_the_answers_of_a_dull_web_server() {
    let hub = TestHub::start_with(&["--page", "false"]);
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
        (
            format!(
                "GET /tunnel HTTP/1.1\r\nHost: x\r\nOrigin: https://elsewhere.example\r\n{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
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
fn b2_an_answer_arrives_although_the_rest_of_the_request_is_not_read() {
    let hub = TestHub::start();
    let mut tls = tls(&hub);
    let begin = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(40_000));
    tls.write_all(begin.as_bytes()).expect("taken");
    // it is answered by now
    std::thread::sleep(Duration::from_millis(300));
    tls.write_all(&vec![b'x'; 60_000]).expect("taken");
    let answer = answer(&mut tls, b"\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn b2_who_says_nothing_or_drips_is_hung_up() {
    let hub = TestHub::start_with(&["--page", "false"]);
    let started = Instant::now();
    let mut silent = call(&hub);
    let mut dripping = tls(&hub);
    dripping.write_all(b"GET / HTTP/1.1\r\n").expect("open");
    while started.elapsed() < Duration::from_secs(13)
        && dripping
            .write_all(b"X: y\r\n")
            .and_then(|()| dripping.flush())
            .is_ok()
    {
        std::thread::sleep(Duration::from_millis(250));
    }
    let mut rest = Vec::new();
    drop(dripping.read_to_end(&mut rest));
    drop(silent.read_to_end(&mut rest));
    let took = started.elapsed();
    assert!(took < Duration::from_secs(13), "hung up after {took:?}");
    assert_eq!(
        answer(&mut call(&hub), b"x\r\n\r\n").lines().next(),
        Some("HTTP/1.1 400 Bad Request")
    );
}

#[tokio::test]
async fn b2_sixty_four_silent_neighbours_shut_nobody_out() {
    let hub = hub_without_udp();
    let mut silent = Vec::new();
    for n in 0..64 {
        for _ in 0..32 {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            let from = SocketAddr::from(([127, 0, 8, n + 1], 0));
            socket.bind(from).expect("a loopback address");
            silent.push(socket.connect(hub.web).await.expect("it listens"));
        }
    }
    // twice as many as there may be: the next one has a place all the same, by tunnel and on the page
    let greeted = hub.connect(Role::Operator).await;
    Peer::new(greeted.expect("greeted")).log_in("anna").await;
    assert_eq!(support::web::get(&hub, "/", &[]).status, 200);
    let open = |silent: &[tokio::net::TcpStream]| {
        let would_block = |call: &&tokio::net::TcpStream| matches!(call.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        silent.iter().filter(would_block).count()
    };
    let open = open(&silent);
    assert!(open <= 1000, "{open} of {}", silent.len());
}

#[test]
fn b2_a_flood_of_pings_by_a_peer_that_never_reads_costs_no_memory() {
    let hub = TestHub::start();
    let mut flood = tls(&hub);
    let ask = "GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    flood.write_all(ask.as_bytes()).expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        flood.read_exact(&mut byte).expect("an answer");
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "a tunnel");
    flood
        .sock
        .set_write_timeout(Some(Duration::from_secs(3)))
        .expect("open");
    let before = hub.resident_bytes();
    // a ping as long as one may be, masked with nothing
    let mut ping = vec![0x89, 0x80 + 125, 0, 0, 0, 0];
    ping.extend([b'p'; 125]);
    let pings = ping.repeat(500);
    let (started, mut sent, mut most) = (Instant::now(), 0, 0);
    // until it is hung up: no connection comes in this tunnel
    while flood.write_all(&pings).is_ok() {
        sent += pings.len();
        most = most.max(hub.resident_bytes());
        assert!(started.elapsed() < Duration::from_secs(15), "it goes on");
    }
    let grown = most.saturating_sub(before);
    println!(
        "{} MiB of pings, {} KiB more in use",
        sent >> 20,
        grown >> 10
    );
    assert!(sent > 4 << 20, "no flood");
    assert!(grown < 4 << 20, "{grown} bytes");
    assert_eq!(support::web::get(&hub, "/", &[]).status, 200);
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
        text.contains(&format!("port {} is in use", at.port())) && text.contains("--web-listen"),
        "{text}"
    );
}

#[tokio::test]
async fn b1_a_clean_stop_is_no_error_in_the_log() {
    let folder = support::folder();
    support::add_operator(folder.path(), "anna");
    let log = folder.path().join("log");
    let mut command = support::hub_command(&[]);
    command.stderr(std::fs::File::create(&log).expect("a file"));
    // one port with a tunnel, and one without
    let mut hub = TestHub::serve_by(command, folder.path(), &["--web-listen", "127.0.0.1:0"]);
    hub.without_udp();
    let mut operator = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    operator.log_in("anna").await;
    hub.terminate();
    assert!(hub.wait(Duration::from_secs(5)).is_some());
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("Stopped"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}
