//! What happens in a session of an office, again every ten seconds: somebody types, scrolls, opens a
//! window, and reads. Sizes are those of the codec on recorded desktops (BENCHMARKS.md); 285 kbit/s
//! in all.

use std::time::Duration;

pub(crate) const ROUND: Duration = Duration::from_secs(10);
pub(crate) const FIRST_PICTURE_BYTES: usize = 221_000;

/// Screen updates of one round: when, and how large.
pub(crate) fn updates() -> Vec<(Duration, usize)> {
    let typing = every(125, 0..5_000).map(|at| (at, 400));
    let scrolling = every(50, 5_000..8_000).map(|at| (at, 4_000));
    let window = every(1_000, 8_000..8_001).map(|at| (at, 100_000));
    let caret = every(500, 8_500..10_000).map(|at| (at, 150));
    typing.chain(scrolling).chain(window).chain(caret).collect()
}

/// Keys, turns of the wheel and moves of the pointer of one round.
pub(crate) fn inputs() -> Vec<Duration> {
    let keys = every(62, 0..5_000);
    let wheel = every(50, 5_000..8_000);
    let pointer = every(33, 8_000..10_000);
    keys.chain(wheel).chain(pointer).collect()
}

fn every(millis: usize, within: std::ops::Range<u64>) -> impl Iterator<Item = Duration> {
    within.step_by(millis).map(Duration::from_millis)
}
