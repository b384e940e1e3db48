//! Connections that begin in a tunnel and go on by UDP (R2).

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use transport::{Connection, Route, Routes, reconnect};

use crate::hub::{Guest, Hub, Line, leave};
use crate::{PATIENCE, bytes_of, connect};

/// Each way of the line.
const DELAY: Duration = Duration::from_millis(10);
const LENGTH: u32 = 8_000_000;

fn routes(look_after: Duration) -> Routes {
    Routes::with_tunnels_at(&[]).looking_for_udp_after(look_after)
}

/// Says something all the time for some seconds, as a session does; gives the longest silence that the other
/// end heard.
fn talk(from: &Connection, to: &Connection, which: u32) -> JoinHandle<Duration> {
    let (from, to) = (from.clone(), to.clone());
    tokio::spawn(async move {
        let mut stream = from.open_uni().await.expect("room");
        let saying = async {
            let said = bytes_of(which, LENGTH);
            for piece in said.chunks(said.len() / 800) {
                stream.write_all(piece).await.expect("open");
                sleep(Duration::from_millis(10)).await;
            }
            stream.finish().expect("open");
        };
        let hearing = async {
            let mut stream = to.accept_uni().await.expect("open");
            let mut heard = Vec::new();
            let (mut before, mut longest) = (Instant::now(), Duration::ZERO);
            while let Some(chunk) = stream.read_chunk(1 << 20, true).await.expect("open") {
                heard.extend_from_slice(&chunk.bytes);
                longest = longest.max(before.elapsed());
                before = Instant::now();
            }
            assert!(
                heard == bytes_of(which, LENGTH),
                "all of it, in its order, once"
            );
            longest
        };
        let ((), longest) = tokio::join!(saying, hearing);
        longest
    })
}

async fn reached_by(routes: &Routes, line: &Line, route: Route) {
    let reached = async {
        while routes.worked(&line.address) != Some(route.clone()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, reached).await.expect("in time");
}

async fn in_tunnel(hub: &Hub, line: &Line, routes: &Routes) -> (transport::client::Greeted, Guest) {
    let (greeted, guest) = tokio::join!(connect(hub, &line.address, routes), hub.greet());
    let greeted = greeted.expect("greeted");
    assert!(matches!(greeted.route, Route::Tunnel { .. }));
    (greeted, guest)
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_a_connection_leaves_the_tunnel_once_udp_passes_and_nobody_notices() {
    let hub = Hub::with_udp().await;
    let line = Line::to(&hub, DELAY).await;
    let routes = routes(Duration::from_secs(1));
    let (greeted, guest) = in_tunnel(&hub, &line, &routes).await;
    let (client, at_the_hub) = (&greeted.connection, &guest.connection);
    let talks = [talk(client, at_the_hub, 1), talk(at_the_hub, client, 2)];
    sleep(Duration::from_millis(500)).await;
    assert_eq!(line.gate.went_on.load(Ordering::Relaxed), 0);
    line.gate.open();
    reached_by(&routes, &line, Route::Udp).await;
    // what goes on without the tunnel does not need it
    sleep(Duration::from_secs(1)).await;
    let by_udp = line.gate.went_on.load(Ordering::Relaxed);
    line.cut();
    for talk in talks {
        let longest = talk.await.expect("no panic");
        println!("longest silence {} ms", longest.as_millis());
        // some 15 ms where the machine has nothing else to do
        assert!(longest < Duration::from_secs(1), "{longest:?}");
    }
    let later = line.gate.went_on.load(Ordering::Relaxed);
    assert!(later > by_udp + 1000, "{later} after {by_udp}");
    assert_eq!(client.close_reason(), None);
    leave(greeted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_udp_that_answers_and_then_carries_nothing_is_left_again() {
    let hub = Hub::with_udp().await;
    let line = Line::to(&hub, DELAY).await;
    let routes = routes(Duration::from_millis(500));
    let (greeted, guest) = in_tunnel(&hub, &line, &routes).await;
    line.gate.lets_begin.store(true, Ordering::Relaxed);
    let (client, at_the_hub) = (&greeted.connection, &guest.connection);
    let talks = [talk(client, at_the_hub, 1), talk(at_the_hub, client, 2)];
    for talk in talks {
        let longest = talk.await.expect("no panic");
        println!("longest silence {} ms", longest.as_millis());
        assert!(longest < Duration::from_secs(2), "{longest:?}");
    }
    assert!(line.gate.came.load(Ordering::Relaxed) > 2, "it was tried");
    assert_ne!(routes.worked(&line.address), Some(Route::Udp));
    assert_eq!(client.close_reason(), None);
    leave(greeted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_where_udp_gets_nowhere_it_is_asked_for_ever_more_seldom() {
    let hub = Hub::with_udp().await;
    let line = Line::to(&hub, DELAY).await;
    let routes = routes(Duration::from_millis(500));
    let (greeted, _guest) = in_tunnel(&hub, &line, &routes).await;
    let handshakes = line.gate.came.load(Ordering::Relaxed);
    // looks at 0.5, 3.5 and 7.5 s, each of two seconds
    sleep(Duration::from_secs(7)).await;
    let asked = line.gate.came.load(Ordering::Relaxed) - handshakes;
    assert!((3..=8).contains(&asked), "{asked} datagrams");
    assert_eq!(greeted.connection.close_reason(), None);
    leave(greeted).await;
    // and nobody asks for a connection that is gone
    sleep(Duration::from_millis(500)).await;
    let asked = line.gate.came.load(Ordering::Relaxed);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(line.gate.came.load(Ordering::Relaxed), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_where_udp_stopped_to_pass_the_tunnel_is_taken_at_once_though_udp_would_win() {
    let hub = Hub::with_udp().await;
    let line = Line::to(&hub, DELAY).await;
    let routes = routes(Duration::from_mins(1));
    line.gate.open();
    let (greeted, guest) = tokio::join!(connect(&hub, &line.address, &routes), hub.greet_by_udp());
    let by_udp = greeted.expect("greeted");
    assert_eq!(by_udp.route, Route::Udp);
    line.gate.shut();
    reconnect::silent(&by_udp.connection).await;
    leave(in_tunnel(&hub, &line, &routes).await.0).await;
    line.gate.open();
    leave(in_tunnel(&hub, &line, &routes).await.0).await;
    drop((by_udp, guest));
}
