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

use std::time::Duration;

use play::Load;

const SMALL: Load = Load {
    idle: 5,
    sessions: 2,
    time: Duration::from_secs(3),
    kill: false,
};

#[tokio::test(flavor = "multi_thread")]
async fn all_that_an_office_sends_arrives_and_is_filmed() {
    let figures = Box::pin(play::play(SMALL)).await;
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
        ..SMALL
    };
    let figures = Box::pin(play::play(load)).await;
    assert_eq!((figures.films_written, figures.films_verified), (2, 2));
    assert_eq!(figures.updates_not_filmed, 0);
    assert!(figures.films_lack_at_most_ms.is_some());
    assert!(figures.audit_is_whole);
}
