//! How good the line of a session is, and what limits it: from what both connections, the host and this
//! computer's decoder count anyway, looked at once a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use protocol::HostLine;
use transport::Route;
use transport::line::{Look, is_noticeable};

/// How often to look.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// A line with a longer round trip is fair, and poor.
const FAIR_DELAY: Duration = Duration::from_millis(150);
const POOR_DELAY: Duration = Duration::from_millis(400);
/// One that carries less is fair, and poor, in bytes per second.
const FAIR_RATE: u32 = 250_000;
const POOR_RATE: u32 = 62_500;
/// One that loses as many of a thousand packets is fair, and poor.
const FAIR_LOSS: u16 = 10;
const POOR_LOSS: u16 = 40;
/// A computer that works on pictures for so much of the time, in hundredths, is what limits.
const BUSY_PERCENT: u8 = 80;
/// How much longer than both lines a picture may take before the hub is what limits.
const HUB_DELAY: Duration = Duration::from_millis(250);

/// Changes below these are not told.
const LEAST_MILLIS: u64 = 5;
const LEAST_BYTES_PER_SECOND: u64 = 2_000;
const LEAST_PERMILLE: u64 = 4;

/// How good a line is to work over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Good,
    Fair,
    Poor,
}

/// What limits a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Nothing,
    /// The line carries little.
    Rate,
    /// The way is long.
    Delay,
    /// Packets are lost.
    Loss,
    /// The user's computer hardly keeps up with its screen.
    HostBusy,
    /// This computer hardly keeps up with the pictures.
    ThisComputerBusy,
    /// Pictures wait at the hub.
    Hub,
}

/// How the line of a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineQuality {
    pub grade: Grade,
    pub limit: Limit,
    /// How this console reaches the hub.
    pub route: Route,
    /// To the hub and back.
    pub to_hub: Duration,
    /// To the user's computer and back, once that has told.
    pub to_host: Option<Duration>,
    /// What arrives now, in bytes per second.
    pub arriving: u64,
    /// What the whole way carries, in bytes per second; `None` where it has not been the limit.
    pub carries: Option<u32>,
    /// How many of a thousand packets are lost; `None` where nobody is told.
    pub lost_permille: Option<u16>,
}

impl LineQuality {
    /// Whether `other` would look the same to somebody who reads both.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let differ = |one: Duration, other| is_noticeable(millis(one), millis(other), LEAST_MILLIS);
        let both_or_none = |one: Option<u64>, other: Option<u64>, least| match (one, other) {
            (Some(one), Some(other)) => !is_noticeable(one, other, least),
            (one, other) => one == other,
        };
        let trips = (self.to_host, other.to_host);
        self.grade == other.grade
            && self.limit == other.limit
            && self.route == other.route
            && !differ(self.to_hub, other.to_hub)
            && both_or_none(trips.0.map(millis), trips.1.map(millis), LEAST_MILLIS)
            && (self.arriving == 0) == (other.arriving == 0)
            && !is_noticeable(self.arriving, other.arriving, LEAST_BYTES_PER_SECOND)
            && both_or_none(
                self.carries.map(u64::from),
                other.carries.map(u64::from),
                LEAST_BYTES_PER_SECOND,
            )
            && both_or_none(
                self.lost_permille.map(u64::from),
                other.lost_permille.map(u64::from),
                LEAST_PERMILLE,
            )
    }
}

/// What one session's streams and decoder count; whoever counts never waits.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) bytes: AtomicU64,
    /// How long was decoded and shown.
    pub(crate) busy_micros: AtomicU64,
}

impl Counts {
    pub(crate) fn note_bytes(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or_default();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn note_work(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or_default();
        self.busy_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Reckons how the line of one session is.
#[derive(Debug)]
pub(crate) struct Gauge {
    host: Option<HostLine>,
    /// Bytes, and microseconds of work, at the last look.
    before: (u64, u64, Instant),
    told: Option<LineQuality>,
}

impl Gauge {
    pub(crate) fn new() -> Self {
        Self {
            host: None,
            before: (0, 0, Instant::now()),
            told: None,
        }
    }

    /// What the host says.
    pub(crate) fn host_says(&mut self, line: HostLine) {
        self.host = Some(line);
    }

    /// The line is lost: whatever the next one is like, it is told.
    pub(crate) fn tell_anew(&mut self) {
        self.told = None;
    }

    /// How the line is now, if that is to be told.
    pub(crate) fn look(
        &mut self,
        counts: &Counts,
        route: &Route,
        look: Look,
        now: Instant,
    ) -> Option<LineQuality> {
        if now.duration_since(self.before.2) < EVERY / 2 {
            // too short a time to reckon with
            return None;
        }
        let bytes = counts.bytes.load(Ordering::Relaxed);
        let busy = counts.busy_micros.load(Ordering::Relaxed);
        let (bytes_before, busy_before, at) =
            std::mem::replace(&mut self.before, (bytes, busy, now));
        let micros = now.duration_since(at).as_micros().max(1);
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let arriving = (bytes - bytes_before).saturating_mul(1_000_000) / micros;
        let busy_percent = (busy - busy_before).saturating_mul(100) / micros;
        let busy_percent = u8::try_from(busy_percent.min(100)).unwrap_or(100);
        let quality = judge(route, look, self.host, arriving, busy_percent);
        let is_news = self
            .told
            .as_ref()
            .is_none_or(|told| !told.looks_like(&quality));
        is_news.then(|| self.told.insert(quality).clone())
    }
}

fn judge(
    route: &Route,
    look: Look,
    host: Option<HostLine>,
    arriving: u64,
    busy_percent: u8,
) -> LineQuality {
    let millis = |millis: u32| Duration::from_millis(millis.into());
    let both_lines = host.map(|host| look.round_trip + millis(host.to_hub_millis));
    let picture = host.map(|host| millis(host.to_operator_millis));
    // the host knows the shortest way of its pictures only once some have gone it
    let to_host = both_lines.max(picture);
    let lost_permille = match (look.lost_permille, host.and_then(|host| host.lost_permille)) {
        (Some(ours), Some(theirs)) => Some(ours.saturating_add(theirs).min(1000)),
        (ours, theirs) => ours.or(theirs),
    };
    let carries = host.and_then(|host| host.bytes_per_second);
    let graded = |is_poor: bool, is_fair: bool| match (is_poor, is_fair) {
        (true, _) => Grade::Poor,
        (false, true) => Grade::Fair,
        (false, false) => Grade::Good,
    };
    let lost = lost_permille.unwrap_or_default();
    let rate = carries.unwrap_or(u32::MAX);
    let is_host_busy = host.is_some_and(|host| host.busy_percent >= BUSY_PERCENT);
    let later_than_lines = |by| carries.is_none() && picture > both_lines.map(|both| both + by);
    let waits_at_hub = later_than_lines(HUB_DELAY);
    let delay = if waits_at_hub { both_lines } else { to_host };
    let delay = delay.unwrap_or(look.round_trip);
    let (limit, grade) = [
        (Limit::Loss, graded(lost >= POOR_LOSS, lost >= FAIR_LOSS)),
        (
            Limit::Hub,
            graded(later_than_lines(POOR_DELAY), waits_at_hub),
        ),
        // a long way also carries less
        (Limit::Delay, graded(delay > POOR_DELAY, delay > FAIR_DELAY)),
        (Limit::Rate, graded(rate < POOR_RATE, rate < FAIR_RATE)),
        (Limit::HostBusy, graded(false, is_host_busy)),
        (
            Limit::ThisComputerBusy,
            graded(false, busy_percent >= BUSY_PERCENT),
        ),
    ]
    .into_iter()
    // the first of those that are worst
    .fold((Limit::Nothing, Grade::Good), |worst, next| {
        if next.1 > worst.1 { next } else { worst }
    });
    LineQuality {
        grade,
        limit,
        route: route.clone(),
        to_hub: look.round_trip,
        to_host,
        arriving,
        carries,
        lost_permille,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look {
        round_trip: Duration::from_millis(20),
        lost_permille: Some(0),
    };
    const HOST: HostLine = HostLine {
        to_hub_millis: 30,
        to_operator_millis: 60,
        bytes_per_second: None,
        lost_permille: Some(0),
        busy_percent: 10,
    };

    fn judged(look: Look, host: HostLine, busy_percent: u8) -> (Grade, Limit) {
        let quality = judge(&Route::Udp, look, Some(host), 0, busy_percent);
        (quality.grade, quality.limit)
    }

    #[test]
    fn each_limit_is_named() {
        let host = |change: fn(&mut HostLine)| {
            let mut host = HOST;
            change(&mut host);
            judged(LOOK, host, 0)
        };
        assert_eq!(host(|_| ()), (Grade::Good, Limit::Nothing));
        assert_eq!(
            host(|h| h.bytes_per_second = Some(50_000)),
            (Grade::Poor, Limit::Rate)
        );
        assert_eq!(
            host(|h| h.lost_permille = Some(20)),
            (Grade::Fair, Limit::Loss)
        );
        assert_eq!(host(|h| h.to_hub_millis = 300), (Grade::Fair, Limit::Delay));
        assert_eq!(
            host(|h| h.to_operator_millis = 350),
            (Grade::Fair, Limit::Hub)
        );
        assert_eq!(
            host(|h| h.busy_percent = 90),
            (Grade::Fair, Limit::HostBusy)
        );
        assert_eq!(
            judged(LOOK, HOST, 95),
            (Grade::Fair, Limit::ThisComputerBusy)
        );
        let lossy = Look {
            lost_permille: Some(50),
            ..LOOK
        };
        assert_eq!(judged(lossy, HOST, 95), (Grade::Poor, Limit::Loss));
    }

    #[test]
    fn pictures_that_wait_for_a_thin_line_do_not_wait_at_the_hub() {
        let host = HostLine {
            to_operator_millis: 800,
            bytes_per_second: Some(100_000),
            ..HOST
        };
        assert_eq!(judged(LOOK, host, 0), (Grade::Poor, Limit::Delay));
    }

    #[test]
    fn before_the_host_says_anything_the_own_line_counts() {
        let far = Look {
            round_trip: Duration::from_millis(500),
            lost_permille: None,
        };
        let quality = judge(&Route::Tunnel { port: 443 }, far, None, 0, 0);
        assert_eq!((quality.grade, quality.limit), (Grade::Poor, Limit::Delay));
        assert_eq!((quality.to_host, quality.lost_permille), (None, None));
    }

    #[test]
    fn a_hostile_host_only_makes_a_line_look_bad() {
        let host = HostLine {
            to_hub_millis: u32::MAX,
            to_operator_millis: u32::MAX,
            bytes_per_second: Some(0),
            lost_permille: Some(u16::MAX),
            busy_percent: u8::MAX,
        };
        let quality = judge(&Route::Udp, LOOK, Some(host), 0, 0);
        assert_eq!(quality.grade, Grade::Poor);
        assert_eq!(quality.lost_permille, Some(1000));
    }

    #[test]
    fn what_stays_is_told_once_and_what_arrives_is_counted() {
        let (mut gauge, counts) = (Gauge::new(), Counts::default());
        let begin = gauge.before.2;
        let mut at = 0;
        let mut look = |gauge: &mut Gauge, counts: &Counts| {
            at += 1;
            gauge.look(counts, &Route::Udp, LOOK, begin + Duration::from_secs(at))
        };
        let first = look(&mut gauge, &counts).expect("it is new");
        assert_eq!((first.arriving, first.to_host), (0, None));
        assert_eq!(look(&mut gauge, &counts), None);
        counts.note_bytes(80_000);
        let moving = look(&mut gauge, &counts).expect("something arrives");
        assert_eq!(moving.arriving, 80_000);
        counts.note_bytes(81_000);
        assert_eq!(look(&mut gauge, &counts), None, "hardly more");
        gauge.host_says(HOST);
        let told = look(&mut gauge, &counts).expect("the host has told");
        assert_eq!(told.to_host, Some(Duration::from_millis(60)));
        assert_eq!(told.arriving, 0);
        counts.note_work(Duration::from_millis(900));
        let busy = look(&mut gauge, &counts).expect("busy");
        assert_eq!(busy.limit, Limit::ThisComputerBusy);
    }
}
