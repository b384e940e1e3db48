//! How much the hub relays by UDP and in tunnels, in one run, and what a Gbit of it costs.

use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::limits::MAX_FILE_FRAME_BYTES;
use protocol::{Lane, Rights};
use serde::Serialize;

use crate::support::{Pair, TestHub};

/// Each way is measured so often, by turns, since machines are not always as quick.
const TURNS: usize = 3;
/// Until a line has found its speed.
const WARM: Duration = Duration::from_millis(500);

/// What was found by one way.
#[derive(Debug, Serialize)]
pub(crate) struct OfRoute {
    pub(crate) route: String,
    /// Of each turn, from a host through the hub to an operator.
    pub(crate) mbit_per_second: Vec<f64>,
    /// The hub's CPU time, for both lines.
    pub(crate) hub_cpu_seconds_per_gbit: f64,
}

/// A large file from a host to an operator, as fast as it goes, for `time` in each of the turns; both ends by
/// UDP, and both ends in tunnels. It is sealed, so the hub relays it and films nothing.
pub(crate) async fn measure(time: Duration) -> [OfRoute; 2] {
    let mut hub = TestHub::start_with(&["--log", "warn"]);
    let mut by_udp = hub.pair("anna").await;
    hub.without_udp();
    let mut in_tunnels = hub.pair("bruno").await;
    let pairs = [&mut by_udp, &mut in_tunnels];
    let mut found = Vec::new();
    let mut sessions = Vec::new();
    for pair in pairs {
        let rights = Rights::SEE.with(Rights::FILES);
        let (session, _) = pair.start_session(rights).await;
        let routes = [&pair.operator, &pair.host].map(|peer| peer.greeted.route.to_string());
        assert_eq!(routes[0], routes[1], "both ends come by one way");
        found.push((routes[0].clone(), Vec::new(), 0.0, 0.0));
        sessions.push((pair, session));
    }
    for _ in 0..TURNS {
        for ((pair, session), (_, rates, bits, cpu)) in sessions.iter_mut().zip(&mut found) {
            let file = pair.open(Lane::FileToOperator, *session).await;
            let turn = turn(&hub, pair, file, time).await;
            rates.push(turn.gbit / turn.seconds * 1000.0);
            *bits += turn.gbit;
            *cpu += turn.cpu;
        }
    }
    let of_routes = found.into_iter().map(|(route, rates, gbit, cpu)| OfRoute {
        route,
        mbit_per_second: rates,
        hub_cpu_seconds_per_gbit: cpu / gbit,
    });
    let of_routes: Vec<_> = of_routes.collect();
    of_routes.try_into().expect("two ways")
}

struct Turn {
    gbit: f64,
    seconds: f64,
    cpu: f64,
}

async fn turn(
    hub: &TestHub,
    pair: &Pair,
    mut file: transport::FramedWriter,
    time: Duration,
) -> Turn {
    let piece = Bytes::from(vec![7; MAX_FILE_FRAME_BYTES]);
    let end = Instant::now() + WARM + time + WARM;
    let sending = tokio::spawn(async move {
        while Instant::now() < end && file.write_body(piece.clone()).await.is_ok() {}
        file.finish();
    });
    let (_, mut taken) = pair.operator.accept_stream().await;
    taken.set_limit(MAX_FILE_FRAME_BYTES);
    let mut next = async || taken.read_body().await.expect("whole");
    let begun = Instant::now();
    while begun.elapsed() < WARM {
        assert!(next().await.is_some(), "it goes on");
    }
    let (begun, cpu_before, mut bytes) = (Instant::now(), hub.cpu_time(), 0);
    while begun.elapsed() < time {
        bytes += next().await.expect("it goes on").len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = hub.cpu_time().saturating_sub(cpu_before).as_secs_f64();
    while next().await.is_some() {}
    sending.await.expect("sent");
    Turn {
        gbit: bytes as f64 * 8.0 / 1e9,
        seconds,
        cpu,
    }
}

/// What tunnels carry of what UDP carries: the middle one of the turns of each.
pub(crate) fn share_of_tunnel([udp, tunnel]: &[OfRoute; 2]) -> f64 {
    let middle = |of: &OfRoute| {
        let mut rates = of.mbit_per_second.clone();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    middle(tunnel) / middle(udp)
}
