//! Visitors of the page who mean no good: the hub goes on for everybody else (B2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use protocol::Role;
use support::TestHub;
use support::web::{self, get};

/// Longer than a visitor may take for headers.
const LIMIT: Duration = Duration::from_secs(14);

#[test]
fn garbage_before_tls_gets_a_dull_answer_or_none() {
    let hub = TestHub::start();
    let mut stream = web::plain(web::page(&hub)).expect("connected");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n")
        .expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    assert!(!text.to_lowercase().contains("hub"), "{text}");
    for garbage in [
        b"\x00\x00\x00\x00".as_slice(),
        b"SSH-2.0-scanner\r\n",
        b"\x16\x03\x01\xff\xff\x01",
        b"\x16\x03\x01\x00\x05hello",
        &vec![0x16; 70_000],
        &vec![0xff; 70_000],
    ] {
        let mut stream = web::plain(web::page(&hub)).expect("connected");
        // it may be closed while it is still being sent
        drop(stream.write_all(garbage));
        drop(stream.shutdown(std::net::Shutdown::Write));
        web::closed_within(&mut stream, LIMIT);
    }
    assert_eq!(get(&hub, "/", &[]).status, 200);
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let hub = TestHub::start();
    let refused = |headers: &[&str], path: &str| {
        let mut tls = web::open(web::page(&hub));
        let answer = web::ask(&mut tls, path, headers);
        answer.map_or(0, |answer| answer.status)
    };
    let long = format!("X-Long: {}", "a".repeat(100_000));
    assert!([0, 431].contains(&refused(&[&long], "/")));
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: a")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!([0, 431].contains(&refused(&many, "/")));
    let path = format!("/{}", "a".repeat(100_000));
    assert!([0, 414, 431].contains(&refused(&[], &path)));

    // a body is never read: the answer comes at once, and the rest has nowhere to go
    for head in [
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ] {
        let before = hub.resident_bytes();
        let mut tls = web::open(web::page(&hub));
        tls.write_all(head.as_bytes()).expect("sent");
        let start = Instant::now();
        let (part, mut sent) = (vec![b'a'; 65_536], 0_u64);
        while tls.write_all(&part).is_ok() && start.elapsed() < LIMIT {
            sent += 65_536;
        }
        assert!(start.elapsed() < LIMIT, "still taken after {sent} bytes");
        assert!(hub.resident_bytes() < before + (32 << 20));
    }
    assert_eq!(get(&hub, "/", &[]).status, 200);
}

#[test]
fn whoever_is_slow_is_sent_away_and_keeps_nobody_waiting() {
    let hub = TestHub::start();
    let address = web::page(&hub);
    let mut silent = web::plain(address).expect("connected");
    let mut half_hello = web::plain(address).expect("connected");
    half_hello.write_all(&[0x16, 3, 1, 1, 0]).expect("sent");
    let mut half_request = web::open(address);
    half_request
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n")
        .expect("sent");
    half_request.flush().expect("sent");
    let mut idle = web::open(address);
    assert_eq!(
        web::ask(&mut idle, "/", &[]).expect("an answer").status,
        200
    );
    let mut drops = web::open(address);
    let start = Instant::now();
    // a byte a second for ever
    while start.elapsed() < LIMIT && drops.write_all(b"G").and_then(|()| drops.flush()).is_ok() {
        std::thread::sleep(Duration::from_millis(500));
        assert!(start.elapsed() < LIMIT, "drop by drop for ever");
    }
    for stream in [
        &mut silent,
        &mut half_hello,
        &mut half_request.sock,
        &mut idle.sock,
    ] {
        web::closed_within(stream, Duration::from_secs(4));
    }
}

#[tokio::test]
async fn a_crowd_of_visitors_takes_no_place_from_helpme_or_the_next_visitor() {
    let hub = TestHub::start();
    let address = web::page(&hub);
    let before = hub.resident_bytes();
    let crowd: Vec<_> = (0..400).filter_map(|_| web::plain(address).ok()).collect();
    assert!(crowd.len() > 300);
    assert_eq!(get(&hub, "/", &[]).status, 200);
    hub.connect(Role::Host).await.expect("a host is greeted");
    assert!(hub.resident_bytes() < before + (32 << 20));
    // an address has 256 of them: the next visitor took the place of the oldest, and these are gone
    let gone = || crowd.iter().filter(|call| is_gone(call)).count();
    let wanted = crowd.len() + 1 - 256;
    let end = Instant::now() + Duration::from_secs(4);
    while gone() < wanted && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(gone(), wanted);
}

#[test]
fn b2_a_slow_download_goes_on_while_a_crowd_behind_the_same_address_looks_at_the_page() {
    let hub = TestHub::start();
    let downloads = hub.data.join("downloads");
    // more than sockets on the way take
    let program: Vec<u8> = (0..16_000_000_u32).map(|n| (n % 251) as u8).collect();
    support::put_download(&downloads, "helpme-linux-x86_64", &program);
    let path = "/download/helpme-linux-x86_64.zip";
    let end = Instant::now() + support::PATIENCE;
    while get(&hub, path, &["Range: bytes=0-0"]).status != 206 {
        assert!(Instant::now() < end, "nothing to download");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut slow = web::open(web::page(&hub));
    let ask = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    slow.write_all(ask.as_bytes()).expect("sent");
    let mut begin = vec![0; 100_000];
    slow.read_exact(&mut begin).expect("it begins");
    let crowd: Vec<_> = (0..600)
        .filter_map(|_| web::plain(web::page(&hub)).ok())
        .collect();
    assert_eq!(get(&hub, "/", &[]).status, 200);
    let mut rest = 0;
    let mut part = vec![0; 1 << 20];
    while rest < program.len() - begin.len() {
        std::thread::sleep(Duration::from_millis(10));
        rest += slow.read(&mut part).expect("the download goes on");
    }
    drop(crowd);
}

/// Whether the hub hung up.
fn is_gone(mut call: &TcpStream) -> bool {
    call.set_nonblocking(true).expect("open");
    !matches!(call.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

// what keeps the operator's line up is not to wait for the page
#[tokio::test(flavor = "multi_thread")]
async fn h1_ten_thousand_tickets_on_the_page_tell_nothing_and_harm_nobody() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let real = operator.generate_ticket().await;
    let real: String = real
        .to_spoken()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let ask = |tls: &mut web::Tls, ticket: &str| {
        let path = format!("/?ticket={ticket}");
        let answer = web::ask(tls, &path, &[]).expect("an answer");
        (answer.status, answer.text())
    };
    let start = Instant::now();
    let mut tls = web::open(web::page(&hub));
    let known = ask(&mut tls, &real);
    for n in 0..10_000_u64 {
        let guessed = ask(&mut tls, &format!("{:010}", n * 999_983 % 10_000_000_000));
        assert!(guessed == known, "a wrong ticket looks like the right one");
    }
    println!("10,000 tickets in {:?}", start.elapsed());
    assert!(!known.1.contains(&real));
    // nobody was slowed down, and the ticket is good still
    let host = hub.host().await;
    let ticket = session::TicketNumber::parse(&real).expect("a ticket");
    support::Pair::meet(operator, host, &ticket).await;
}
