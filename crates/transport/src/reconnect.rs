//! Coming back to a hub after a lost connection (R4).
//!
//! A line that is dead looks like one that is silent, so whoever waits for QUIC to give up waits for
//! long. A program that has something to lose watches for silence and then connects anew, again and
//! again, each try beside the ones before it: whichever answers first wins.

use std::time::Duration;

use protocol::Role;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::client::{self, ConnectError, Greeted, HubAddress};
use crate::identity::Fingerprint;

/// A connection that received nothing for this long is taken for lost. Both ends show that they live
/// several times as often.
pub const SILENCE: Duration = Duration::from_secs(4);
/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A new try each so often at first ...
const FIRST_INTERVAL: Duration = Duration::from_secs(1);
/// ... and more seldom after this long, when most hubs have given the place away.
const PATIENT_AFTER: Duration = Duration::from_mins(10);
const LATER_INTERVAL: Duration = Duration::from_secs(5);
/// How long one try goes on.
const TRY_FOR: Duration = Duration::from_secs(4);

/// Returns when nothing was received over `connection` for [`SILENCE`]. Cancellation safe.
pub async fn silent(connection: &quinn::Connection) {
    let mut ticks = interval(LOOK_EVERY);
    // a program that stood still has not looked, so looks are counted and not time
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looks = SILENCE.as_millis() / LOOK_EVERY.as_millis();
    let (mut last, mut unchanged) = (received(connection), 0);
    while unchanged < looks {
        ticks.tick().await;
        let now = received(connection);
        unchanged = if now == last { unchanged + 1 } else { 0 };
        last = now;
    }
}

fn received(connection: &quinn::Connection) -> u64 {
    connection.stats().udp_rx.datagrams
}

/// Connects as [`client::connect`] does, until it succeeds. Must run inside a tokio runtime; dropping the
/// future ends all tries.
///
/// # Errors
///
/// [`ConnectError`] where trying again cannot help: somebody else's key, or no common version.
pub async fn connect_until_it_works(
    hub: &HubAddress,
    pin: Fingerprint,
    role: Role,
    program: &str,
) -> Result<Greeted, ConnectError> {
    let started = Instant::now();
    let mut tries: JoinSet<Option<Result<Greeted, ConnectError>>> = JoinSet::new();
    let mut next_try = started;
    loop {
        tokio::select! {
            Some(tried) = tries.join_next() => match tried {
                Ok(Some(Ok(greeted))) => return Ok(greeted),
                Ok(Some(Err(error))) if is_final(&error) => return Err(error),
                Ok(Some(Err(error))) => tracing::debug!(%error, "Not back yet"),
                Ok(None) => tracing::debug!("No answer yet"),
                Err(error) => tracing::error!(%error, "A try to connect failed inside"),
            },
            () = tokio::time::sleep_until(next_try) => {
                let wait = if started.elapsed() < PATIENT_AFTER {
                    FIRST_INTERVAL
                } else {
                    LATER_INTERVAL
                };
                next_try = Instant::now() + wait;
                let (hub, program) = (hub.clone(), program.to_owned());
                tries.spawn(async move {
                    let connecting = client::connect(&hub, pin, role, &program);
                    timeout(TRY_FOR, connecting).await.ok()
                });
            }
        }
    }
}

/// Whether the answer will be the same however often this program comes.
fn is_final(error: &ConnectError) -> bool {
    match error {
        ConnectError::ForeignKey | ConnectError::OtherVersion { .. } => true,
        ConnectError::Refused(_)
        | ConnectError::UnknownName { .. }
        | ConnectError::NoAnswer { .. }
        | ConnectError::Failed { .. }
        | ConnectError::Socket(_) => false,
    }
}
