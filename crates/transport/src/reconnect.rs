//! Coming back to a hub after a lost connection (R4).
//!
//! A line that is dead looks like one that is silent, so whoever waits for QUIC to give up waits for
//! long. A program that has something to lose watches for silence and then connects anew, again and
//! again, each try beside the ones before it: whichever answers first wins.

use std::time::Duration;

use protocol::{HubAddress, Role};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::client::{self, ConnectError, Greeted};
use crate::pin::Pin;
use crate::routes::Routes;

/// A connection that received nothing for this long is taken for lost, and one whose peer acknowledged
/// nothing. Both ends show that they live twice as often.
pub const SILENCE: Duration = Duration::from_secs(3);
/// How often to look: each look wakes a program that has nothing else to do.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A new try each so often at first ...
const FIRST_INTERVAL: Duration = Duration::from_secs(1);
/// ... and more seldom after this long, when most hubs have given the place away.
const PATIENT_AFTER: Duration = Duration::from_mins(10);
const LATER_INTERVAL: Duration = Duration::from_secs(5);
/// How long one try goes on ...
const TRY_FOR: Duration = Duration::from_secs(4);
/// ... and where it also goes through proxies, which are asked for one port after another.
const TRY_BY_PROXIES_FOR: Duration = Duration::from_secs(20);
/// Tries at a time.
const MAX_TRIES: usize = 5;

/// Returns when nothing was received over `connection` for [`SILENCE`], or when nothing was acknowledged
/// for so long after something was sent. Cancellation safe.
///
/// Not to wait for acknowledgements would be to wait for QUIC: while a line is down it tries ever more
/// seldom, and an end whose window is full of what went into nothing does not even acknowledge what
/// arrives when the line is back.
pub async fn silent(connection: &quinn::Connection) {
    let mut ticks = interval(LOOK_EVERY);
    // a program that stood still has not looked, so looks are counted and not time
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looks = SILENCE.as_millis() / LOOK_EVERY.as_millis();
    let mut before = Traffic::of(connection);
    let (mut nothing_received, mut nothing_acknowledged) = (0, 0);
    while nothing_received < looks && nothing_acknowledged < looks {
        ticks.tick().await;
        let now = Traffic::of(connection);
        nothing_received = if now.received == before.received {
            nothing_received + 1
        } else {
            0
        };
        let sent = now.sent != before.sent;
        nothing_acknowledged = if now.round_trip != before.round_trip {
            0
        } else if sent || nothing_acknowledged > 0 {
            nothing_acknowledged + 1
        } else {
            0
        };
        before = now;
    }
}

/// What went over a connection so far.
struct Traffic {
    /// Datagrams.
    received: u64,
    /// Frames that the peer acknowledges.
    sent: u64,
    /// Measured anew, and never the same to the nanosecond, with each acknowledgement of something new.
    round_trip: Duration,
}

impl Traffic {
    fn of(connection: &quinn::Connection) -> Self {
        let stats = connection.stats();
        let sent = stats.frame_tx;
        Self {
            received: stats.udp_rx.datagrams,
            sent: sent.stream + sent.ping + sent.immediate_ack,
            round_trip: stats.path.rtt,
        }
    }
}

/// Connects as [`client::connect`] does, until it succeeds. Must run inside a tokio runtime; dropping the
/// future ends all tries.
///
/// # Errors
///
/// [`ConnectError`] where trying again cannot help: somebody else's key or certificate, or no common version.
pub async fn connect_until_it_works(
    hub: &HubAddress,
    pin: impl Into<Pin>,
    role: Role,
    program: &str,
    routes: &Routes,
) -> Result<Greeted, ConnectError> {
    let pin = pin.into();
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
            () = tokio::time::sleep_until(next_try), if tries.len() < MAX_TRIES => {
                let wait = if started.elapsed() < PATIENT_AFTER {
                    FIRST_INTERVAL
                } else {
                    LATER_INTERVAL
                };
                next_try = Instant::now() + wait;
                let (hub, program) = (hub.clone(), program.to_owned());
                let routes = routes.clone();
                let lasts = if routes.go_by_proxies() {
                    TRY_BY_PROXIES_FOR
                } else {
                    TRY_FOR
                };
                tries.spawn(async move {
                    let connecting = client::connect(&hub, pin, role, &program, &routes);
                    timeout(lasts, connecting).await.ok()
                });
            }
        }
    }
}

/// Whether the answer will be the same however often this program comes.
fn is_final(error: &ConnectError) -> bool {
    match error {
        ConnectError::ForeignKey
        | ConnectError::Certificate { .. }
        | ConnectError::OtherVersion { .. } => true,
        ConnectError::Refused(_)
        | ConnectError::UnknownName { .. }
        | ConnectError::NoAnswer { .. }
        | ConnectError::Proxy(_)
        | ConnectError::ProxyScript
        | ConnectError::Failed { .. }
        | ConnectError::Socket(_) => false,
    }
}
