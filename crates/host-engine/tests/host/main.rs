//! The engine against a hub that speaks the real protocol over real sockets.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value,
    clippy::panic,
    reason = "a test waits for one event and skips the others; one that hears something else has failed"
)]

mod display;
mod line;
mod pause;
mod session;
mod shields;
mod support;
mod trust;
