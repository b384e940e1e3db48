//! Proxies that mean no good, over real sockets (R3).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use protocol::{HubAddress, Proxy, ProxyError, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use transport::client::{self, ConnectError};
use transport::{Fingerprint, ProxyChoice, Routes};

/// Any: nobody gets as far as the hub.
fn pin() -> Fingerprint {
    "ab".repeat(32).parse().expect("a fingerprint")
}

fn hub() -> HubAddress {
    "hub.invalid:4433".parse().expect("an address")
}

fn routes_through(scheme: &str, at: SocketAddr) -> Routes {
    let proxy: Proxy = format!("{scheme}://anna:sesame@{at}").parse().expect("one");
    let routes = Routes::with_tunnels_at(&[]);
    routes.use_proxies(ProxyChoice::Custom(proxy));
    routes
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("bound");
    (listener, at)
}

/// A request's head; nothing if whoever called hung up.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).expect("ours"))
}

/// Answers every request with `answer`, and then `more` again and again; gives the requests.
async fn answers(
    answer: &'static str,
    more: &'static str,
) -> (Result<(), ProxyError>, Vec<String>) {
    let (listener, at) = listener().await;
    let (seen, mut requests) = tokio::sync::mpsc::channel(64);
    // all that is taken has to come in time, also where a socket takes long for each piece
    let more = more.repeat(100);
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("open");
            let (seen, more) = (seen.clone(), more.clone());
            tokio::spawn(async move {
                while let Some(head) = request(&mut stream).await {
                    seen.try_send(head).expect("a few");
                    let mut sent = stream.write_all(answer.as_bytes()).await;
                    while sent.is_ok() && !more.is_empty() {
                        sent = stream.write_all(more.as_bytes()).await;
                    }
                }
            });
        }
    });
    let routes = routes_through("http", at);
    let hub = hub();
    let tested = client::test_proxies(&hub, pin(), Role::Host, "test 1", &routes);
    let tested = timeout(Duration::from_secs(20), tested)
        .await
        .expect("in time");
    serving.abort();
    let mut heads = Vec::new();
    while let Ok(head) = requests.try_recv() {
        heads.push(head);
    }
    let outcome = tested.map(drop).map_err(|error| {
        let ConnectError::Proxy(error) = error else {
            unreachable!("not of a proxy: {error}");
        };
        error
    });
    (outcome, heads)
}

#[tokio::test]
async fn what_is_no_answer_of_a_proxy_ends_the_try() {
    for (answer, more) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", ""),
        (
            "HTTP/1.1 200 OK\r\n",
            "X-More: and more and more and more\r\n",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 100 Continue\r\nX: \r\n\r",
        ),
        ("HTTP/1.1 200 OK\r\n\r\nand who comes here?", ""),
        (
            "HTTP/1.1 301 Moved\r\nLocation: http://elsewhere/\r\n\r\n",
            "",
        ),
        ("HTTP/1.1 407 x\r\nContent-Length: x\r\n\r\n", ""),
        ("\0\0\0\0", "\0\0\0\0"),
    ] {
        let begun = Instant::now();
        let (outcome, _) = answers(answer, more).await;
        let ends = matches!(outcome, Err(ProxyError::NoProxy { .. }));
        assert!(ends, "{answer:?}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{answer:?}");
    }
}

#[tokio::test]
async fn however_often_a_proxy_asks_it_is_answered_a_few_times_only() {
    for (answer, more) in [
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
            "",
        ),
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", \
             stale=true\r\nContent-Length: 0\r\n\r\n",
            "",
        ),
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
            "",
        ),
        // a page without an end
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\n",
            "4\r\nmore\r\n",
        ),
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 99999999999\r\n\r\n",
            "more",
        ),
    ] {
        let (outcome, requests) = answers(answer, more).await;
        let refused = matches!(outcome, Err(ProxyError::LoginRefused { .. }));
        assert!(refused, "{answer:?}: {outcome:?}");
        assert!(requests.len() <= 4, "{requests:?}");
    }
}

#[tokio::test]
async fn however_a_proxy_asks_for_an_account_it_is_answered_a_few_times_only() {
    for asks in [
        "Negotiate",
        "Negotiate AAAA",
        "Negotiate YIIB",
        "Negotiate !",
    ] {
        let answer =
            format!("HTTP/1.1 407 x\r\nProxy-Authenticate: {asks}\r\nContent-Length: 0\r\n\r\n");
        let (outcome, requests) = answers(answer.leak(), "").await;
        outcome.expect_err("nobody is let in");
        assert!(requests.len() <= 4, "{requests:?}");
    }
}

#[tokio::test]
async fn r3_the_password_is_not_sent_as_it_is_where_digest_is_offered() {
    let (_, requests) = answers(
        "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"r\"\r\nProxy-Authenticate: Digest \
         realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n",
        "",
    )
    .await;
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(!requests[0].contains("Authorization"), "{}", requests[0]);
    assert!(
        requests[1].contains("Proxy-Authorization: Digest "),
        "{}",
        requests[1]
    );
    let all = requests.concat();
    // "anna:sesame"
    assert!(
        !all.contains("sesame") && !all.contains("YW5uYTpzZXNhbWU="),
        "{all}"
    );
}

#[tokio::test]
async fn r3_a_login_that_was_refused_is_not_sent_again_by_itself() {
    let (listener, at) = listener().await;
    let serving = tokio::spawn(async move {
        let mut calls = 0;
        while let Ok(Ok((mut stream, _))) = timeout(Duration::from_secs(2), listener.accept()).await
        {
            calls += 1;
            while request(&mut stream).await.is_some() {
                let answer =
                    "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(answer.as_bytes()).await.expect("open");
            }
        }
        calls
    });
    let routes = routes_through("http", at);
    for _ in 0..5 {
        let tested = client::test_proxies(&hub(), pin(), Role::Host, "test 1", &routes).await;
        let refused = matches!(
            tested,
            Err(ConnectError::Proxy(ProxyError::LoginRefused { .. }))
        );
        assert!(refused, "{tested:?}");
    }
    assert_eq!(serving.await.expect("no panic"), 1, "calls");
}

/// Tries thrice at once where a proxy says `answer` to a login, or hangs up if that is nothing; gives how
/// often it got one.
async fn logins_sent(answer: &'static str) -> usize {
    const ASKS: &str = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let (listener, at) = listener().await;
    let logins = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&logins);
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("open");
            let counter = Arc::clone(&counter);
            tokio::spawn(async move {
                while let Some(head) = request(&mut stream).await {
                    let has_login = head.contains("Proxy-Authorization");
                    if has_login {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    let says = if has_login { answer } else { ASKS };
                    if says.is_empty() || stream.write_all(says.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let routes = routes_through("http", at);
    let mut tries = JoinSet::new();
    for _ in 0..3 {
        let routes = routes.clone();
        tries.spawn(async move {
            let hub = hub();
            let tested = client::test_proxies(&hub, pin(), Role::Host, "test 1", &routes);
            tested.await.map(drop)
        });
    }
    while let Some(tried) = tries.join_next().await {
        tried.expect("no panic").expect_err("there is no hub");
    }
    serving.abort();
    logins.load(Ordering::Relaxed)
}

#[tokio::test]
async fn r3_tries_at_once_send_a_wrong_login_once() {
    let refuses = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(logins_sent(refuses).await, 1);
    let hangs_up = "";
    assert_eq!(logins_sent(hangs_up).await, 1);
}

#[tokio::test]
async fn r3_a_name_without_a_password_is_no_login() {
    let (listener, at) = listener().await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("open");
        request(&mut stream).await.expect("asked");
        let asks = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(asks.as_bytes()).await.expect("open");
        request(&mut stream).await
    });
    let proxy: Proxy = format!("http://anna@{at}").parse().expect("one");
    let routes = Routes::with_tunnels_at(&[]);
    routes.use_proxies(ProxyChoice::Custom(proxy));
    let tested = client::test_proxies(&hub(), pin(), Role::Host, "test 1", &routes).await;
    let asks = matches!(
        tested,
        Err(ConnectError::Proxy(ProxyError::AsksForLogin { .. }))
    );
    assert!(asks, "{tested:?}");
    assert_eq!(serving.await.expect("no panic"), None);
}

#[tokio::test]
async fn what_is_no_answer_of_a_socks_proxy_ends_the_try() {
    for answer in [
        &b"\x04\x00"[..],
        b"HTTP/1.1 400 no\r\n\r\n",
        b"\x05\x63",
        b"\x05\x02\x09\x00",
    ] {
        let (listener, at) = listener().await;
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("open");
            // whoever called may be gone
            drop(stream.write_all(answer).await);
            drop(stream.read(&mut [0; 512]).await);
        });
        let routes = routes_through("socks5", at);
        let hub = hub();
        let tested = client::test_proxies(&hub, pin(), Role::Host, "test 1", &routes);
        let tested = timeout(Duration::from_secs(10), tested)
            .await
            .expect("in time");
        let ends = matches!(tested, Err(ConnectError::Proxy(ProxyError::NoProxy { .. })));
        assert!(ends, "{answer:?}: {tested:?}");
        serving.abort();
    }
}

#[tokio::test]
async fn a_call_through_a_proxy_that_is_given_up_ends_at_once() {
    let asks = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let opens = "HTTP/1.1 200 OK\r\n\r\n";
    for (scheme, script) in [
        ("http", &[][..]),
        ("http", &["HTTP/1.1 20"]),
        ("http", &[asks]),
        ("http", &[asks, opens]),
        ("http", &[opens]),
        ("socks5", &[]),
    ] {
        let (listener, at) = listener().await;
        let routes = routes_through(scheme, at);
        let calling = tokio::spawn(async move {
            client::test_proxies(&hub(), pin(), Role::Host, "test 1", &routes).await
        });
        let (mut stream, _) = listener.accept().await.expect("open");
        for answer in script {
            request(&mut stream).await.expect("asked");
            stream.write_all(answer.as_bytes()).await.expect("open");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        calling.abort();
        let mut rest = Vec::new();
        let hung_up = timeout(Duration::from_millis(500), stream.read_to_end(&mut rest)).await;
        assert!(hung_up.is_ok(), "{scheme} {script:?}");
    }
}
