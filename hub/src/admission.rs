//! A connection's way from a stranger to somebody who is admitted.
//!
//! Until an operator is logged in, a console has accepted a host's ticket, or somebody has shown the
//! secret of the place it had before, a connection has little time, few tries, and small windows
//! (`transport::server`). What it did wrong is counted on the
//! address of its handshake: a later one may be forged.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use protocol::{HubToHost, Refusal, RefusalCode};
use quinn::ConnectionError;
use session::throttle::{Neighbour, throttled};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use transport::Connection;
use transport::close::close_refused;

use crate::clock::Clock;
use crate::crowd::Place;
use crate::guesses::TicketGuesses;
use crate::metrics::Counters;
use crate::registry::LinkId;

pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long anybody may stay who is not admitted and is no host; logging in has its own, shorter.
const STRANGER_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a host may take to open its first ticket, or to come back: our programs connect for it.
const FIRST_TICKET_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the user may look for the right ticket after a wrong one.
const NEXT_TICKET_TIMEOUT: Duration = Duration::from_mins(2);
/// How long a program may take to fetch its newer version: 25 KB a second and more.
const FETCH_TIMEOUT: Duration = Duration::from_mins(20);
/// Tickets that one connection may try.
const TICKETS: u32 = 20;

/// All connections' count of wrong tickets.
#[derive(Debug)]
pub(crate) struct GuessDesk {
    clock: Clock,
    guesses: Mutex<TicketGuesses>,
}

/// One connection's standing with the hub.
#[derive(Debug)]
pub(crate) struct Admission {
    place: Place,
    address: IpAddr,
    connection: OnceLock<Connection>,
    admitted: AtomicBool,
    patience: Mutex<Patience>,
    /// Told when the end of the patience came nearer.
    hurry: Notify,
    guesses: Arc<GuessDesk>,
}

#[derive(Debug)]
struct Patience {
    /// When a stranger has to go.
    end: Instant,
    tickets_left: u32,
    /// A ticket is tried, and counted as wrong until it is judged.
    is_trying: bool,
}

/// What becomes of a ticket that a host wants to open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Try,
    Refuse(Refusal),
    /// The connection has tried too often.
    End,
}

impl GuessDesk {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            guesses: Mutex::new(TicketGuesses::new()),
        }
    }

    fn begin(&self, neighbour: Neighbour) -> Result<Duration, Duration> {
        let now = self.clock.now().since_start;
        lock(&self.guesses).begin(neighbour, now)
    }

    fn wrong_secret(&self, neighbour: Neighbour) {
        let now = self.clock.now().since_start;
        lock(&self.guesses).wrong_secret(neighbour, now);
    }

    fn settle(&self, neighbour: Neighbour, wrong: bool) {
        let now = self.clock.now().since_start;
        lock(&self.guesses).settle(neighbour, wrong, now);
    }
}

impl Admission {
    /// A stranger's. `address` is that of the first packet.
    pub(crate) fn new(place: Place, address: IpAddr, guesses: Arc<GuessDesk>) -> Arc<Self> {
        Arc::new(Self {
            place,
            address,
            connection: OnceLock::new(),
            admitted: AtomicBool::new(false),
            patience: Mutex::new(Patience {
                end: Instant::now() + STRANGER_TIMEOUT,
                tickets_left: TICKETS,
                is_trying: false,
            }),
            hurry: Notify::new(),
            guesses,
        })
    }

    /// Where to count what goes through the hub.
    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.place.crowd.counters)
    }

    pub(crate) fn id(&self) -> LinkId {
        self.place.id
    }

    /// The address of the handshake, on which everything is counted.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    pub(crate) fn is_admitted(&self) -> bool {
        self.admitted.load(Ordering::Relaxed)
    }

    /// Does the handshake, and from then on sees to it that a stranger goes in time.
    pub(crate) async fn shake_hands(
        self: &Arc<Self>,
        handshake: impl Future<Output = Result<Connection, ConnectionError>>,
    ) -> Option<Connection> {
        let (id, peer) = (self.id(), self.address);
        let connection = tokio::select! {
            biased;
            () = self.place.ousted() => return None,
            done = timeout(HANDSHAKE_TIMEOUT, handshake) => match done {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => {
                    tracing::debug!(link = id.0, %peer, %error, "No handshake");
                    return None;
                }
                Err(_elapsed) => {
                    tracing::debug!(link = id.0, %peer, "No handshake in time");
                    return None;
                }
            },
        };
        // the peer has answered to where it was spoken to
        if !self.place.prove() {
            self.log("No room for a connection");
            close_refused(&connection, RefusalCode::FULL.into());
            return None;
        }
        let connection = self.connection.get_or_init(|| connection).clone();
        tokio::spawn(Arc::clone(self).send_away_in_time(connection.clone()));
        Some(connection)
    }

    async fn send_away_in_time(self: Arc<Self>, connection: Connection) {
        loop {
            let end = self.patience().end;
            let refusal = tokio::select! {
                biased;
                _closed = connection.closed() => return,
                () = self.place.ousted() => RefusalCode::FULL,
                () = self.hurry.notified() => continue,
                () = tokio::time::sleep_until(end) => RefusalCode::TIMED_OUT,
            };
            if self.is_admitted() {
                return;
            }
            if refusal == RefusalCode::FULL || self.patience().end <= Instant::now() {
                self.log("Stranger is sent away");
                close_refused(&connection, refusal.into());
                return;
            }
        }
    }

    /// The connection is a host's, which is expected to open a ticket soon.
    pub(crate) fn expect_ticket(&self) {
        self.patience().end = Instant::now() + FIRST_TICKET_TIMEOUT;
        self.hurry.notify_one();
    }

    /// The connection is for a newer version of a program, which may take its time.
    pub(crate) fn expect_fetch(&self) {
        self.patience().end = Instant::now() + FETCH_TIMEOUT;
        self.hurry.notify_one();
    }

    /// Whether the host may open a ticket now. Waits where tries are slowed down for everybody.
    pub(crate) async fn may_try_ticket(&self) -> Verdict {
        if self.is_admitted() {
            return Verdict::Try;
        }
        {
            let mut patience = self.patience();
            if patience.is_trying {
                // out of place, as whoever knows the host's stage will find
                return Verdict::Try;
            }
            let Some(left) = patience.tickets_left.checked_sub(1) else {
                return Verdict::End;
            };
            patience.tickets_left = left;
            patience.end = Instant::now() + NEXT_TICKET_TIMEOUT;
        }
        match self.guesses.begin(self.place.neighbour) {
            Ok(delay) => {
                self.patience().is_trying = true;
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                Verdict::Try
            }
            Err(wait) => Verdict::Refuse(throttled(wait)),
        }
    }

    /// The host is being told `message`; call it before it is sent.
    pub(crate) fn host_is_told(&self, message: &HubToHost) {
        if let HubToHost::TicketRefused { refusal } = message {
            self.ticket_was(refusal.code == RefusalCode::TICKET_WRONG);
        } else if let HubToHost::TicketAccepted { .. } = message {
            self.ticket_was(false);
            self.admit();
        }
    }

    /// The peer tried a secret for a place that is not the place's own.
    pub(crate) fn wrong_secret(&self) {
        self.guesses.wrong_secret(self.place.neighbour);
    }

    /// What the ticket was, or the code of a permanent host, that is tried.
    pub(crate) fn ticket_was(&self, wrong: bool) {
        if std::mem::take(&mut self.patience().is_trying) {
            self.guesses.settle(self.place.neighbour, wrong);
        }
    }

    /// The peer has shown who it is: it keeps its place, and may send at full size.
    pub(crate) fn admit(&self) {
        if self.admitted.swap(true, Ordering::Relaxed) {
            return;
        }
        self.place.admit();
        if let Some(connection) = self.connection.get() {
            transport::server::welcome(connection);
        }
        tracing::info!(link = self.id().0, address = %self.address, "Admitted");
    }

    /// Writes a line about what this peer did wrong; of strangers' no more than a log bears.
    pub(crate) fn log(&self, what: &str) {
        if self.is_admitted() {
            tracing::info!(link = self.id().0, address = %self.address, "{what}");
        } else if let Some(left_out) = self.place.crowd.log.may_write() {
            tracing::info!(link = self.id().0, address = %self.address, left_out, "{what}");
        }
    }

    fn patience(&self) -> MutexGuard<'_, Patience> {
        lock(&self.patience)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a count that a panic left half done is still a count
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
