//! How much a tunnel carries, beside UDP in the same run; what it costs.
//!
//! `cargo test --release -p transport --test tunnel -- --ignored --nocapture speed`
#![expect(clippy::print_stdout, reason = "the figures are what is looked at")]

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use protocol::Role;
use transport::client;
use transport::{Connection, Route, Routes};

use crate::hub::{self, Hub, direct, leave};

const BYTES: usize = 512 << 20;

/// Sends [`BYTES`] from one end to the other; gives the time and what both ends cost.
async fn send(from: &Connection, to: &Connection) -> (Duration, Duration) {
    let mut stream = from.open_uni().await.expect("room");
    let (started, cost) = (Instant::now(), ProcessTime::now());
    let sending = tokio::spawn(async move {
        let piece = vec![0x5a; 128 << 10];
        for _ in 0..BYTES / piece.len() {
            stream.write_all(&piece).await.expect("open");
        }
        stream.finish().expect("open");
        stream.stopped().await.expect("taken");
    });
    let mut stream = to.accept_uni().await.expect("open");
    let mut read = 0;
    while let Some(chunk) = stream.read_chunk(1 << 20, true).await.expect("open") {
        read += chunk.bytes.len();
    }
    assert_eq!(read, BYTES);
    sending.await.expect("no panic");
    (started.elapsed(), cost.elapsed())
}

fn tell(way: &str, direction: &str, (took, cost): (Duration, Duration)) -> f64 {
    let gbit = BYTES as f64 * 8.0 / 1e9;
    let rate = gbit / took.as_secs_f64();
    println!(
        "{way} {direction}: {rate:.2} Gbit/s, {:.2} CPU s per Gbit, both ends",
        cost.as_secs_f64() / gbit
    );
    rate
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, for some seconds; an optimised build says more"]
async fn speed_of_a_tunnel_is_half_of_udps_at_least() {
    let (endpoint, address, pin) = direct();
    let greeting = async {
        let incoming = endpoint.accept().await.expect("open");
        hub::greet(incoming.await.expect("a handshake"), None).await
    };
    let none = Routes::with_tunnels_at(&[]);
    let connecting = client::connect(&address, pin, Role::Host, "test 1", &none);
    let (by_udp, udp_guest) = tokio::join!(connecting, greeting);
    let by_udp = by_udp.expect("greeted");

    let hub = Hub::without_udp().await;
    let connecting = client::connect(&hub.address, hub.pin, Role::Host, "test 1", &none);
    let (by_tunnel, tunnel_guest) = tokio::join!(connecting, hub.greet());
    let by_tunnel = by_tunnel.expect("greeted");
    assert!(matches!(by_tunnel.route, Route::Tunnel { .. }));

    for _ in 0..2 {
        let (client, guest) = (&by_udp.connection, &udp_guest.connection);
        let udp = [
            tell("UDP", "to the hub", send(client, guest).await),
            tell("UDP", "from the hub", send(guest, client).await),
        ];
        let (client, guest) = (&by_tunnel.connection, &tunnel_guest.connection);
        let tunnel = [
            tell("tunnel", "to the hub", send(client, guest).await),
            tell("tunnel", "from the hub", send(guest, client).await),
        ];
        for (tunnel, udp) in tunnel.iter().zip(udp) {
            assert!(*tunnel >= 0.5 * udp, "{tunnel} and {udp} Gbit/s");
        }
    }
    leave(by_udp).await;
    leave(by_tunnel).await;
}
