//! What the operators' consoles are told about the line and this computer (S4): looked at once a second,
//! beside the way of pictures and keys.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::{HostLine, PeerId};
use transport::line::{LineWatch, Look, is_noticeable};
use transport::{Connection, Route};

use crate::live::LiveSession;

/// How often to look.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// Changes below these are not told.
const LEAST_MILLIS: u64 = 5;
const LEAST_BYTES_PER_SECOND: u64 = 1_000;
const LEAST_PERMILLE: u64 = 4;
const LEAST_PERCENT: u64 = 15;

/// What was seen and told over one connection.
#[derive(Debug)]
pub(crate) struct LineReports {
    watch: LineWatch,
    told: BTreeMap<PeerId, HostLine>,
    /// How long had been worked on pictures, and when that was.
    worked: (Duration, Instant),
}

impl LineReports {
    pub(crate) fn new(route: &Route) -> Self {
        Self {
            watch: LineWatch::new(route),
            told: BTreeMap::new(),
            worked: (Duration::ZERO, Instant::now()),
        }
    }

    /// The connection goes by `route` now.
    pub(crate) fn goes_by(&mut self, route: &Route) {
        self.watch.goes_by(route);
    }

    /// What is to be told to whom now.
    pub(crate) fn look(
        &mut self,
        live: &LiveSession,
        connection: &Connection,
    ) -> Vec<(PeerId, HostLine)> {
        let look = self.watch.look(connection);
        let busy_percent = self.busy_percent(live.worked(), Instant::now());
        let lines = live.lines();
        self.told
            .retain(|operator, _| lines.iter().any(|(one, ..)| one == operator));
        let lines = lines.into_iter().map(|(operator, trip, rate)| {
            let line = line(look, trip, rate, busy_percent);
            (operator, line)
        });
        let news = lines.filter(|(operator, line)| {
            let told = self.told.get(operator);
            told.is_none_or(|told| is_news(told, line))
        });
        let news: Vec<_> = news.collect();
        self.told.extend(news.iter().copied());
        news
    }

    fn busy_percent(&mut self, worked: Duration, now: Instant) -> u8 {
        let (before, at) = std::mem::replace(&mut self.worked, (worked, now));
        let passed = now.duration_since(at).as_secs_f64().max(0.001);
        // a new session counts anew
        let worked = worked.saturating_sub(before).as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a percentage"
        )]
        let percent = (worked / passed * 100.0).clamp(0.0, 100.0) as u8;
        percent
    }
}

fn line(look: Look, trip: Duration, rate: Option<u32>, busy_percent: u8) -> HostLine {
    let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    HostLine {
        to_hub_millis: millis(look.round_trip),
        to_operator_millis: millis(trip),
        bytes_per_second: rate,
        lost_permille: look.lost_permille,
        busy_percent,
    }
}

fn is_news(told: &HostLine, now: &HostLine) -> bool {
    let differ = |before: u32, now: u32, least| is_noticeable(before.into(), now.into(), least);
    let differ_if_known = |before: Option<u32>, now: Option<u32>, least| match (before, now) {
        (Some(before), Some(now)) => differ(before, now, least),
        (before, now) => before != now,
    };
    differ(told.to_hub_millis, now.to_hub_millis, LEAST_MILLIS)
        || differ(
            told.to_operator_millis,
            now.to_operator_millis,
            LEAST_MILLIS,
        )
        || differ_if_known(
            told.bytes_per_second,
            now.bytes_per_second,
            LEAST_BYTES_PER_SECOND,
        )
        || differ_if_known(
            told.lost_permille.map(u32::from),
            now.lost_permille.map(u32::from),
            LEAST_PERMILLE,
        )
        || differ(
            told.busy_percent.into(),
            now.busy_percent.into(),
            LEAST_PERCENT,
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look {
        round_trip: Duration::from_millis(20),
        lost_permille: Some(0),
    };

    #[test]
    fn a_line_that_stays_as_it_is_is_told_once() {
        let trip = Duration::from_millis(60);
        let told = line(LOOK, trip, None, 3);
        let jitter = Look {
            round_trip: Duration::from_millis(23),
            lost_permille: Some(3),
        };
        let again = line(jitter, Duration::from_millis(70), None, 12);
        assert!(!is_news(&told, &again));
        for news in [
            line(LOOK, Duration::from_millis(90), None, 3),
            line(LOOK, trip, Some(50_000), 3),
            line(LOOK, trip, None, 40),
            line(
                Look {
                    lost_permille: Some(9),
                    ..LOOK
                },
                trip,
                None,
                3,
            ),
        ] {
            assert!(is_news(&told, &news), "{news:?}");
        }
    }

    #[test]
    fn the_share_of_work_is_of_the_time_since_the_last_look() {
        let mut reports = LineReports::new(&Route::Udp);
        let begin = reports.worked.1;
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(reports.busy_percent(Duration::from_millis(900), at(1)), 90);
        assert_eq!(reports.busy_percent(Duration::from_secs(1), at(2)), 10);
        assert_eq!(
            reports.busy_percent(Duration::from_millis(10), at(3)),
            0,
            "another session"
        );
    }
}
