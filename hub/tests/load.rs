//! `cargo xtask load`, with a load that takes seconds: what it says must be so, whatever machine it runs on.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "the peers of the tests, which fail on what a hub should not say"
)]

#[path = "../benches/load/office.rs"]
mod office;
#[path = "../benches/load/play.rs"]
mod play;
mod support;

use std::io::Write as _;
use std::time::Duration;

use office::Traffic;
use play::{Figures, Load};

fn small() -> Load {
    Load {
        traffic: Traffic::made_up(),
        idle: 5,
        sessions: 2,
        time: Duration::from_secs(3),
        tunnel: false,
        kill: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_an_office_sends_arrives_and_is_filmed() {
    let figures = Box::pin(play::play(&small())).await;
    assert_eq!(figures.route, "UDP");
    all_arrived(&figures);
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_the_same_arrives_by_tcp() {
    let load = Load {
        tunnel: true,
        ..small()
    };
    let figures = Box::pin(play::play(&load)).await;
    assert!(figures.route.starts_with("TCP port "), "{}", figures.route);
    all_arrived(&figures);
}

fn all_arrived(figures: &Figures) {
    assert_eq!(figures.connections, 10);
    assert_eq!((figures.films_written, figures.films_verified), (2, 2));
    assert_eq!(figures.updates_not_filmed, 0);
    // one of them types, the other scrolls for all of its three seconds
    assert_eq!(figures.screen.count, 24 + 60);
    assert_eq!(figures.input.count, 49 + 60);
    assert!(figures.screen.p50_ms > 0.0 && figures.screen.p99_ms < 3_000.0);
    assert!(figures.hub_cpu_ms_per_second > 0.0 && figures.hub_mib > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn films_of_a_hub_that_was_killed_lack_at_most_their_last_second() {
    let load = Load {
        kill: true,
        ..small()
    };
    let figures = Box::pin(play::play(&load)).await;
    assert_eq!((figures.films_written, figures.films_verified), (2, 2));
    assert_eq!(figures.updates_not_filmed, 0);
    assert!(figures.films_lack_at_most_ms.is_some());
    assert!(figures.audit_is_whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_updates_are_sent_at_their_times_and_filmed_as_they_are() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    // three updates in the first second, and one more of rest: the round is two seconds long
    for (millis, fill, stands_alone) in [(0_u32, 1_u8, 1), (400, 2, 0), (1_000, 3, 0)] {
        let payload = vec![fill; 1_000 * usize::from(fill)];
        let length = u32::try_from(payload.len()).expect("short");
        let head = [millis.to_le_bytes(), length.to_le_bytes()].concat();
        let all = [head, vec![stands_alone], payload].concat();
        file.write_all(&all).expect("written");
    }
    let traffic = Traffic::recorded(file.path()).expect("traffic");
    assert_eq!(traffic.round, Duration::from_secs(2));
    assert!((traffic.kbit_per_second() - 24.0).abs() < 0.1);
    let load = Load {
        traffic,
        sessions: 1,
        ..small()
    };
    let figures = Box::pin(play::play(&load)).await;
    // at 0, 400, 1,000, 2,000 and 2,400 ms
    assert_eq!(figures.screen.count, 5);
    assert_eq!((figures.films_verified, figures.updates_not_filmed), (1, 0));

    file.as_file().set_len(100).expect("cut off");
    assert!(Traffic::recorded(file.path()).is_err());
}
