//! Bad networks (R2): a session comes about in each, by the way that is left, and its picture is exact. `cargo
//! xtask networks` tries more of them, and measures.
#![expect(
    clippy::print_stdout,
    reason = "whoever runs it may want to see what was found"
)]

use e2e::networks::{Measured, ROWS, Row, measure};

const KEYS: usize = 10;

/// What is found in the network called `name`.
fn session_over(name: &str) -> Measured {
    let row: &Row = ROWS.iter().find(|row| row.name == name).expect("a row");
    let found = measure(row, KEYS).expect("a session");
    println!("{found:?}");
    assert!(row.route.is(&found.user_route), "{found:?}");
    assert_eq!(found.keys, KEYS);
    assert_eq!(found.wrong_pixels, 0);
    found
}

#[test]
fn r2_far_away_and_without_udp() {
    let found = session_over("40 ms, UDP blocked");
    assert!(found.user_connected_ms < 5000.0, "{found:?}");
    // there and back
    assert!(found.key_p50_ms >= 40.0, "{found:?}");
}

#[test]
fn r2_with_ipv6_alone() {
    session_over("IPv6 only");
}

#[test]
fn r2_where_larger_packets_are_lost() {
    session_over("MTU 1280, not told");
}

#[test]
fn r2_where_every_twentieth_packet_is_lost() {
    session_over("40 ms, 5 % lost");
}

#[test]
fn r4_a_router_that_forgets_its_ports_ends_nothing() {
    let found = session_over("router forgets its ports");
    let still = found.still_ms.expect("measured");
    assert!(still < 10_000.0, "{found:?}");
}
