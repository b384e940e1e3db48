//! Tunnels over real sockets, where UDP gets nowhere (R2).

mod hub;
mod moving;
mod speed;

use std::time::{Duration, Instant};

use protocol::Role;
use tokio::time::timeout;
use transport::client::{self, ConnectError, Greeted};
use transport::{CloseReason, HubAddress, Route, Routes, close, reconnect};

use hub::{Hub, Line, direct, identity, leave};

const PATIENCE: Duration = Duration::from_secs(20);

/// Tunnels to the hub's own port alone; what else listens here is nobody's business.
fn routes() -> Routes {
    Routes::with_tunnels_at(&[])
}

async fn connect(hub: &Hub, at: &HubAddress, routes: &Routes) -> Result<Greeted, ConnectError> {
    client::connect(at, hub.pin, Role::Host, "test 1", routes).await
}

#[tokio::test]
async fn r2_where_udp_gets_nowhere_the_tunnel_is_there_within_a_second() {
    let hub = Hub::without_udp().await;
    let line = Line::to(&hub, Duration::from_millis(20)).await;
    let routes = routes();
    for (at, which) in [(&hub.address, "loopback"), (&line.address, "40 ms")] {
        let started = Instant::now();
        let (greeted, _guest) = tokio::join!(connect(&hub, at, &routes), hub.greet());
        let took = started.elapsed();
        println!("{which}: {} ms", took.as_millis());
        let greeted = greeted.expect("greeted");
        let route = Route::Tunnel { port: at.port };
        assert_eq!(greeted.route, route);
        assert_eq!(routes.worked(at), Some(route));
        assert!(took < Duration::from_secs(1), "after {took:?}");
        leave(greeted).await;
    }
    // it is known by now, and does not wait for UDP
    let started = Instant::now();
    let (greeted, _guest) = tokio::join!(connect(&hub, &hub.address, &routes), hub.greet());
    let took = started.elapsed();
    println!("again: {} ms", took.as_millis());
    assert!(took < Duration::from_millis(250), "after {took:?}");
    leave(greeted.expect("greeted")).await;
}

#[tokio::test]
async fn r2_hanging_up_ends_also_where_the_tunnel_goes_first() {
    let hub = Hub::without_udp().await;
    let line = Line::to(&hub, Duration::from_millis(20)).await;
    let routes = routes();
    let (greeted, _guest) = tokio::join!(connect(&hub, &line.address, &routes), hub.greet());
    let greeted = greeted.expect("greeted");
    let started = Instant::now();
    let hanging_up = close::hang_up(&greeted.connection, &greeted.endpoint);
    let cutting = async {
        tokio::task::yield_now().await;
        line.cut();
    };
    let both = async { tokio::join!(hanging_up, cutting) };
    timeout(PATIENCE, both).await.expect("it ends");
    assert!(started.elapsed() < close::FAREWELL * 2);
}

#[tokio::test]
async fn r2_where_udp_works_it_wins_and_no_tunnel_is_tried() {
    let (endpoint, address, pin) = direct();
    let greeting = async {
        hub::greet(
            endpoint
                .accept()
                .await
                .expect("open")
                .await
                .expect("a handshake"),
            None,
        )
        .await
    };
    let routes = Routes::default();
    let connecting = client::connect(&address, pin, Role::Host, "test 1", &routes);
    let (greeted, _guest) = tokio::join!(connecting, greeting);
    let greeted = greeted.expect("greeted");
    assert_eq!(greeted.route, Route::Udp);
    assert_eq!(routes.worked(&address), Some(Route::Udp));
    leave(greeted).await;
}

/// Bytes that no other stream has at the same place.
fn bytes_of(stream: u32, length: u32) -> Vec<u8> {
    let byte = |n: u32| {
        n.wrapping_mul(2_654_435_761)
            .rotate_left(stream)
            .to_le_bytes()[3]
    };
    (0..length).map(byte).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_streams_of_both_ends_come_out_of_the_tunnel_as_they_went_in() {
    const STREAMS: u32 = 6;
    const LENGTH: u32 = 1_000_001;
    let hub = Hub::without_udp().await;
    let routes = routes();
    let (greeted, guest) = tokio::join!(connect(&hub, &hub.address, &routes), hub.greet());
    let greeted = greeted.expect("greeted");
    let ends = [
        (&greeted.connection, &guest.connection),
        (&guest.connection, &greeted.connection),
    ];
    let mut reading = tokio::task::JoinSet::new();
    for (from, to) in ends {
        for n in 0..STREAMS {
            let mut stream = from.open_uni().await.expect("room");
            tokio::spawn(async move {
                stream.write_all(&n.to_le_bytes()).await.expect("open");
                stream.write_all(&bytes_of(n, LENGTH)).await.expect("open");
                stream.finish().expect("open");
                drop(stream.stopped().await);
            });
        }
        let to = to.clone();
        for _ in 0..STREAMS {
            let to = to.clone();
            reading.spawn(async move {
                let mut stream = to.accept_uni().await.expect("open");
                let mut number = [0; 4];
                stream.read_exact(&mut number).await.expect("open");
                let read = stream.read_to_end(1 << 30).await.expect("whole");
                let sent = bytes_of(u32::from_le_bytes(number), LENGTH);
                assert!(read == sent, "stream {number:?} is another");
            });
        }
    }
    let mut read = 0;
    while let Some(done) = timeout(PATIENCE, reading.join_next())
        .await
        .expect("in time")
    {
        done.expect("equal");
        read += 1;
    }
    assert_eq!(read, 2 * STREAMS);
    leave(greeted).await;
}

#[tokio::test]
async fn r4_a_cut_tunnel_is_lost_at_once_and_comes_back() {
    let hub = Hub::without_udp().await;
    let line = Line::to(&hub, Duration::ZERO).await;
    let routes = routes();
    let (greeted, guest) = tokio::join!(connect(&hub, &line.address, &routes), hub.greet());
    let greeted = greeted.expect("greeted");
    line.cut();
    let cut = Instant::now();
    let lost = timeout(PATIENCE, greeted.connection.closed()).await;
    assert_eq!(CloseReason::from(&lost.expect("lost")), CloseReason::Lost);
    let took = cut.elapsed();
    assert!(took < Duration::from_secs(1), "noticed after {took:?}");
    // the hub keeps its end, as it does where UDP is cut
    assert!(guest.connection.close_reason().is_none());

    let coming =
        reconnect::connect_until_it_works(&line.address, hub.pin, Role::Host, "t", &routes);
    let coming = timeout(PATIENCE, coming);
    let mended = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        line.mend();
        hub.greet().await
    };
    let (back, _guest) = tokio::join!(coming, mended);
    let back = back.expect("in time").expect("reached");
    assert_eq!(
        back.route,
        Route::Tunnel {
            port: line.address.port
        }
    );
    leave(back).await;
}

#[tokio::test]
async fn e2_the_hub_is_asked_for_its_key_inside_the_tunnel() {
    let hub = Hub::without_udp().await;
    let (other, _folder) = identity();
    let routes = Routes::default();
    let connecting = client::connect(&hub.address, other.fingerprint(), Role::Host, "t", &routes);
    let accept = async {
        let incoming = hub.tunnel.endpoint().accept().await.expect("open");
        assert!(incoming.await.is_err(), "the hub sees the refusal too");
    };
    let (error, ()) = tokio::join!(connecting, accept);
    let error = error.expect_err("foreign");
    assert!(matches!(error, ConnectError::ForeignKey), "{error}");
}

#[tokio::test]
async fn e2_another_hub_at_a_usual_port_is_not_taken_for_this_one() {
    let other = Hub::without_udp().await;
    let (missing, _folder) = identity();
    // the hub's own port swallows UDP, and nobody listens there by TCP
    let swallows = std::net::UdpSocket::bind(hub::LOCAL).expect("a port");
    let at = HubAddress {
        host: other.address.host.clone(),
        port: swallows.local_addr().expect("bound").port(),
    };
    let routes = Routes::with_tunnels_at(&[other.address.port]);
    let connecting = client::connect(&at, missing.fingerprint(), Role::Host, "t", &routes);
    let accept = async {
        let incoming = other.tunnel.endpoint().accept().await.expect("open");
        assert!(incoming.await.is_err(), "its key is another");
    };
    let (error, ()) = tokio::join!(connecting, accept);
    let error = error.expect_err("nobody is there");
    assert!(matches!(error, ConnectError::NoAnswer { .. }), "{error}");
}

// in one thread: a connection that asks again and again for room would be noticed
#[tokio::test]
async fn a_peer_that_takes_nothing_holds_up_no_other() {
    let hub = Hub::without_udp().await;
    let (slow, routes) = (Line::to(&hub, Duration::ZERO).await, routes());
    let (greeted, idle) = tokio::join!(connect(&hub, &slow.address, &routes), hub.greet());
    let idle_client = greeted.expect("greeted");
    slow.stand_still();
    let (greeted, guest) = tokio::join!(connect(&hub, &hub.address, &routes), hub.greet());
    let client = greeted.expect("greeted");
    // more than its window, its lane and its sockets take
    let flood = tokio::spawn(async move {
        let mut stream = idle.connection.open_uni().await.expect("room");
        drop(stream.write_all(&vec![0; 64 << 20]).await);
        idle
    });
    let started = Instant::now();
    for n in 0..20_u32 {
        let mut stream = guest.connection.open_uni().await.expect("room");
        stream.write_all(&bytes_of(n, 200_000)).await.expect("open");
        stream.finish().expect("open");
        let mut at_client = timeout(PATIENCE, client.connection.accept_uni())
            .await
            .expect("in time")
            .expect("open");
        let read = timeout(PATIENCE, at_client.read_to_end(1 << 20)).await;
        assert!(read.expect("in time").expect("whole") == bytes_of(n, 200_000));
    }
    println!("beside a peer that takes nothing: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10));
    flood.abort();
    drop(idle_client);
    leave(client).await;
}

#[tokio::test]
async fn r2_a_call_that_is_given_up_ends_at_once() {
    // nobody answers at all: UDP and TCP are swallowed
    let swallows = std::net::UdpSocket::bind(hub::LOCAL).expect("a port");
    let at = swallows.local_addr().expect("bound");
    let tcp = std::net::TcpListener::bind(at).expect("the same port");
    let address = HubAddress {
        host: at.ip().to_string(),
        port: at.port(),
    };
    let (other, _folder) = identity();
    let routes = routes();
    let connecting = client::connect(&address, other.fingerprint(), Role::Host, "t", &routes);
    assert!(
        timeout(Duration::from_millis(600), connecting)
            .await
            .is_err()
    );
    // the tunnel was tried, and is hung up
    let (mut call, _peer) = tcp.accept().expect("a call");
    call.set_read_timeout(Some(Duration::from_secs(1)))
        .expect("open");
    let given_up = Instant::now();
    let mut hello = Vec::new();
    let ended = tokio::task::spawn_blocking(move || {
        std::io::Read::read_to_end(&mut call, &mut hello).map(|_bytes| hello.len())
    });
    let told = ended.await.expect("no panic").expect("ended");
    assert!(told > 0, "TLS was begun");
    assert!(given_up.elapsed() < Duration::from_millis(500));
}
