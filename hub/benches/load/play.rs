//! A hub in its own process, hosts that only stay connected, and sessions with the traffic of an office
//! at its real speed; and what of it the hub's process, the receivers and the films show.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{Lane, OperatorToHub, Rights, ScreenFrame, SessionId};
use recording::{Body, Recording};
use serde::Serialize;
use session::channel::TAG_BYTES;
use tokio::task::JoinHandle;
use transport::{FramedReader, FramedWriter};

use crate::office::Traffic;
use crate::support::{self, PATIENCE, Pair, Peer, TestHub, run_hub, text};

/// Until a hub has settled after something was done to it.
const SETTLED: Duration = Duration::from_secs(2);
/// How long idle connections are watched.
const IDLE_WATCHED: Duration = Duration::from_secs(3);
/// How long hosts go on sending after the hub was killed: they cannot know yet.
const UNAWARE: Duration = Duration::from_secs(1);
/// What an operator's key or pointer takes when it is sealed.
const INPUT_BYTES: usize = 40;
/// A hub lets an operator make sixty tickets in an hour.
const HOSTS_OF_OPERATOR: u32 = 50;
const STAMP_BYTES: usize = size_of::<u64>();

/// How this program, and the hub with it, was built.
pub(crate) const BUILD: &str = if cfg!(debug_assertions) {
    "dev"
} else {
    "release"
};

#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) idle: u32,
    pub(crate) sessions: u32,
    pub(crate) time: Duration,
    /// All peers come by TCP.
    pub(crate) tunnel: bool,
    /// Kill the hub at the end instead of ending the sessions.
    pub(crate) kill: bool,
}

/// What was found. A session's CPU is that of its two connections, its relay and its film.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) build: &'static str,
    pub(crate) seconds: u64,
    pub(crate) idle: u32,
    pub(crate) sessions: u32,
    /// How the peers came: "UDP" or a TCP port.
    pub(crate) route: String,
    pub(crate) connections: u32,
    pub(crate) kbit_per_second: f64,
    pub(crate) hub_cpu_ms_per_second: f64,
    pub(crate) idle_cpu_ms_per_second: f64,
    pub(crate) session_cpu_ms_per_second: f64,
    /// Of what hosts show, filmed and relayed.
    pub(crate) cpu_seconds_per_gbit: f64,
    pub(crate) hub_mib: f64,
    pub(crate) idle_kib: f64,
    /// An operator who signed in (the password's check takes 19 MB for a while, of which the allocator may
    /// keep some) and a host that came with a ticket.
    pub(crate) pair_kib: f64,
    /// What is more once the two are in a session: its relay and its film.
    pub(crate) session_kib: f64,
    pub(crate) screen: Delays,
    pub(crate) input: Delays,
    pub(crate) films_written: u32,
    pub(crate) films_verified: u32,
    /// Of those that were sent, and not within the last second before the hub was killed.
    pub(crate) updates_not_filmed: u64,
    /// From the moment the oldest update was sent that a film lacks to the kill.
    pub(crate) films_lack_at_most_ms: Option<f64>,
    /// Each row of the audit log stands where it was written, and as it was.
    pub(crate) audit_is_whole: bool,
}

/// From just before a message is given to its sender's QUIC to just after it was read from the
/// receiver's: encrypting, the hub, two ways over loopback, and the waiting of both ends for a core.
#[derive(Debug, Serialize)]
pub(crate) struct Delays {
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) most_ms: f64,
}

impl Delays {
    fn of(mut micros: Vec<u64>) -> Self {
        micros.sort_unstable();
        let at = |part: usize| {
            let place = (micros.len() * part / 100).min(micros.len().saturating_sub(1));
            micros.get(place).map_or(0.0, |micros| millis(*micros))
        };
        Self {
            count: micros.len(),
            p50_ms: at(50),
            p99_ms: at(99),
            most_ms: at(100),
        }
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// The clock of both ends.
#[derive(Debug, Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn micros(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).expect("a short time")
    }
}

/// A session whose traffic runs.
struct Running {
    pair: Pair,
    session: SessionId,
    /// When each screen update was sent, the first picture included.
    screen: JoinHandle<Vec<u64>>,
    input: JoinHandle<()>,
    screen_delays: JoinHandle<Vec<u64>>,
    input_delays: JoinHandle<Vec<u64>>,
}

/// Puts `load` on a new hub. Fails loudly where the hub does not do what it should.
pub(crate) async fn play(load: &Load) -> Figures {
    let mut hub = TestHub::start_with(&["--log", "warn"]);
    if load.tunnel {
        hub.without_udp();
    }
    let operators = load.idle.div_ceil(HOSTS_OF_OPERATOR);
    for number in 0..load.sessions + operators {
        support::add_operator(&hub.data, &account(number));
    }
    // log-ins take memory that the next ones use again
    let mut idle_operators = Vec::new();
    for number in 0..operators {
        idle_operators.push(hub.operator(&account(load.sessions + number)).await);
    }
    tokio::time::sleep(SETTLED).await;
    let empty = hub.resident_bytes();
    let idle = idle_hosts(&hub, &mut idle_operators, load.idle).await;
    tokio::time::sleep(SETTLED).await;
    let with_idle = hub.resident_bytes();
    let idle_cpu = cpu_ms_per_second(&hub, IDLE_WATCHED).await;

    let mut pairs = Vec::new();
    for number in 0..load.sessions {
        pairs.push(hub.pair(&account(number)).await);
    }
    tokio::time::sleep(SETTLED).await;
    let with_pairs = hub.resident_bytes();
    let mut started = Vec::new();
    for mut pair in pairs {
        let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
        started.push((pair, session));
    }
    let route = route(&started, &idle);
    let clock = Clock(Instant::now());
    let after = if load.kill { UNAWARE } else { Duration::ZERO };
    let mut running = Vec::new();
    for (number, (pair, session)) in (0..).zip(started) {
        // sessions are not all at the same
        let shift = load.traffic.round * number / load.sessions;
        let traffic = Arc::clone(&load.traffic);
        running.push(run(pair, session, traffic, clock, shift, load.time + after).await);
    }
    let cpu = cpu_ms_per_second(&hub, load.time).await;
    let with_sessions = hub.resident_bytes();
    let killed_at = load.kill.then(|| {
        let at = clock.micros();
        hub.kill();
        at
    });
    for host in &idle {
        let is_open = host.greeted.connection.close_reason().is_none();
        assert!(is_open, "an idle host lost its hub");
    }

    let (mut screen, mut input, mut films) = (Vec::new(), Vec::new(), Vec::new());
    for mut session in running {
        let sent = session.screen.await.expect("sent");
        session.input.await.expect("sent");
        screen.extend(session.screen_delays.await.expect("received"));
        input.extend(session.input_delays.await.expect("received"));
        if killed_at.is_none() {
            let end = OperatorToHub::EndSession {
                session: session.session,
            };
            session.pair.operator.send(&end).await;
        }
        films.push((session.session, sent));
    }
    let found = look_at_films(&hub, &films, killed_at).await;
    let audit = run_hub(&["audit", "verify", "--data", hub.data_text()], "");

    let kib = |bytes: u64, count: u32| bytes as f64 / 1024.0 / f64::from(count.max(1));
    let kbit_per_second = load.traffic.kbit_per_second();
    let session_cpu = (cpu - idle_cpu) / f64::from(load.sessions.max(1));
    Figures {
        build: BUILD,
        seconds: load.time.as_secs(),
        idle: load.idle,
        sessions: load.sessions,
        route,
        connections: load.idle + 2 * load.sessions + operators,
        kbit_per_second,
        hub_cpu_ms_per_second: cpu,
        idle_cpu_ms_per_second: idle_cpu,
        session_cpu_ms_per_second: session_cpu,
        cpu_seconds_per_gbit: session_cpu / kbit_per_second * 1000.0,
        hub_mib: kib(with_sessions, 1024),
        idle_kib: kib(with_idle.saturating_sub(empty), load.idle),
        pair_kib: kib(with_pairs.saturating_sub(with_idle), load.sessions),
        session_kib: kib(with_sessions.saturating_sub(with_pairs), load.sessions),
        screen: Delays::of(screen),
        input: Delays::of(input),
        films_written: found.written,
        films_verified: found.verified,
        updates_not_filmed: found.not_filmed,
        films_lack_at_most_ms: killed_at.map(|_| millis(found.lacking_micros)),
        audit_is_whole: audit.status.success(),
    }
}

/// The one way by which all came.
fn route(sessions: &[(Pair, SessionId)], idle: &[Peer]) -> String {
    let pairs = sessions.iter();
    let paired = pairs.flat_map(|(pair, _)| [&pair.operator, &pair.host]);
    let mut routes = paired.chain(idle).map(|peer| &peer.greeted.route);
    let first = routes.next();
    assert!(routes.all(|route| Some(route) == first), "all in one way");
    first.map_or_else(String::new, ToString::to_string)
}

/// An operator is signed in once, so each session has its own.
fn account(number: u32) -> String {
    format!("operator-{number}")
}

async fn idle_hosts(hub: &TestHub, operators: &mut [Peer], count: u32) -> Vec<Peer> {
    let mut hosts = Vec::new();
    for number in 0..count {
        let operator = &mut operators[(number / HOSTS_OF_OPERATOR) as usize];
        let ticket = operator.generate_ticket().await;
        let mut host = hub.host().await;
        support::admit(operator, &mut host, &ticket).await;
        hosts.push(host);
    }
    hosts
}

pub(crate) async fn cpu_ms_per_second(hub: &TestHub, time: Duration) -> f64 {
    let (began, before) = (Instant::now(), hub.cpu_time());
    tokio::time::sleep(time).await;
    let worked = hub.cpu_time().saturating_sub(before);
    worked.as_secs_f64() * 1000.0 / began.elapsed().as_secs_f64()
}

/// Shows the first picture, and then lets the traffic run for `time`, from `shift` on in its round.
async fn run(
    pair: Pair,
    session: SessionId,
    traffic: Arc<Traffic>,
    clock: Clock,
    shift: Duration,
    time: Duration,
) -> Running {
    let mut screen = pair.open(Lane::Screen, session).await;
    let first = clock.micros();
    let mut picture = support::screen_frame(1, 0);
    picture.payload = traffic.first.clone();
    support::send_tagged(&mut screen, &picture).await;
    let (_, mut seen) = pair.operator.accept_stream().await;
    let shown: Option<ScreenFrame> = support::receive_tagged(&mut seen).await;
    assert_eq!(shown, Some(picture), "the first picture is shown");
    let mut input = pair.open(Lane::Input, session).await;
    input.write_body(stamped(clock)).await.expect("sent");
    let (_, mut taken) = pair.host.accept_stream().await;
    assert!(taken.read_body().await.expect("whole").is_some());
    Running {
        pair,
        session,
        input: tokio::spawn(send_input(input, Arc::clone(&traffic), clock, shift, time)),
        screen: tokio::spawn(send_screen(screen, traffic, clock, first, shift, time)),
        screen_delays: tokio::spawn(receive_screen(seen, clock)),
        input_delays: tokio::spawn(receive_input(taken, clock)),
    }
}

async fn send_screen(
    mut screen: FramedWriter,
    traffic: Arc<Traffic>,
    clock: Clock,
    first: u64,
    shift: Duration,
    time: Duration,
) -> Vec<u64> {
    let begin = Instant::now();
    let mut sent = vec![first];
    let layout = support::screen_frame(1, 0).layout;
    let updates = rounds(&traffic.updates, traffic.round, shift, time, |one| one.0);
    for (due, (_, update)) in updates {
        tokio::time::sleep_until((begin + due).into()).await;
        let seq = u64::try_from(sent.len()).expect("few") + 1;
        let mut frame = support::screen_frame(seq, 0);
        frame.payload = update.bytes.clone();
        frame.layout = layout.clone().filter(|_| update.stands_alone);
        frame.captured_at_micros = clock.micros();
        if support::try_send_tagged(&mut screen, &frame).await.is_err() {
            break;
        }
        sent.push(frame.captured_at_micros);
    }
    screen.finish();
    sent
}

async fn send_input(
    mut input: FramedWriter,
    traffic: Arc<Traffic>,
    clock: Clock,
    shift: Duration,
    time: Duration,
) {
    let begin = Instant::now();
    for (due, _) in rounds(&traffic.inputs, traffic.round, shift, time, |at| *at) {
        tokio::time::sleep_until((begin + due).into()).await;
        if input.write_body(stamped(clock)).await.is_err() {
            break;
        }
    }
    input.finish();
}

/// What comes within `time` if `all` of a round begins again and again, the first time at `shift`; and when.
fn rounds<T>(
    all: &[T],
    round: Duration,
    shift: Duration,
    time: Duration,
    at: impl Fn(&T) -> Duration,
) -> impl Iterator<Item = (Duration, &T)> {
    let again = (0..).flat_map(move |number| all.iter().map(move |one| (round * number, one)));
    let due = again.map(move |(begin, one)| (begin + at(one), one));
    due.filter_map(move |(due, one)| Some((due.checked_sub(shift)?, one)))
        .take_while(move |(due, _)| *due < time)
}

/// An input that says when it was sent; the hub does not look into it.
fn stamped(clock: Clock) -> bytes::Bytes {
    let mut body = vec![7; INPUT_BYTES];
    body[..STAMP_BYTES].copy_from_slice(&clock.micros().to_le_bytes());
    body.into()
}

async fn receive_screen(mut seen: FramedReader, clock: Clock) -> Vec<u64> {
    let mut delays = Vec::new();
    // a hub that was killed ends it with an error
    while let Ok(Some(body)) = seen.read_body().await {
        let now = clock.micros();
        let (body, _) = body.split_last_chunk::<TAG_BYTES>().expect("a tag");
        let frame: ScreenFrame = protocol::wire::decode(body).expect("well formed");
        delays.push(now - frame.captured_at_micros);
    }
    delays
}

async fn receive_input(mut taken: FramedReader, clock: Clock) -> Vec<u64> {
    let mut delays = Vec::new();
    while let Ok(Some(body)) = taken.read_body().await {
        let now = clock.micros();
        let stamp = body.first_chunk::<STAMP_BYTES>().expect("a stamp");
        delays.push(now - u64::from_le_bytes(*stamp));
    }
    delays
}

#[derive(Default)]
struct Films {
    written: u32,
    verified: u32,
    not_filmed: u64,
    lacking_micros: u64,
}

/// Reads and checks every film: against its chain, the catalogue and the hub's signature, and whether it has
/// each update that was sent.
async fn look_at_films(
    hub: &TestHub,
    films: &[(SessionId, Vec<u64>)],
    killed_at: Option<u64>,
) -> Films {
    let mut found = Films::default();
    for (session, sent) in films {
        let path = hub.data.join(format!("films/{:08}.film", session.count()));
        found.written += u32::from(path.is_file());
        found.verified += u32::from(is_verified(hub, *session, killed_at.is_some()).await);
        let film = Recording::open(&path).expect("a film");
        let entries = film.entries(0).expect("readable");
        let mut filmed = 0;
        for entry in entries {
            if let Body::Screen { seq, .. } = entry.expect("readable").body {
                filmed += 1;
                assert_eq!(seq, filmed, "in order, and none is missing in between");
            }
        }
        let until = killed_at.unwrap_or(u64::MAX);
        let filmed = usize::try_from(filmed).expect("few");
        let lacking = sent.iter().skip(filmed).filter(|at| **at < until);
        if let Some(oldest) = lacking.clone().next() {
            found.lacking_micros = found.lacking_micros.max(until - oldest);
        }
        let too_old = |at: &&u64| killed_at.is_none() || **at + 1_000_000 < until;
        found.not_filmed += lacking.filter(too_old).count() as u64;
    }
    found
}

/// Asks the hub's own program; a film that the hub is about to finish is waited for.
async fn is_verified(hub: &TestHub, session: SessionId, was_killed: bool) -> bool {
    let (end, id) = (Instant::now() + PATIENCE, session.to_string());
    loop {
        let verified = run_hub(&["film", "verify", &id, "--data", hub.data_text()], "");
        let is_finished = !text(&verified).contains("not finished");
        if is_finished || was_killed {
            return verified.status.success();
        }
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
