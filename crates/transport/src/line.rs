//! What a connection tells about its line, for whoever looks once a second.

use std::collections::VecDeque;
use std::time::Duration;

use quinn::Connection;

use crate::routes::Route;

/// Looks that a share of lost packets is reckoned over ...
const LOOKS: usize = 10;
/// ... and more where little is sent, until this many packets were ...
const PACKETS: u64 = 200;
/// ... but none that are older than so many looks.
const MOST_LOOKS: usize = 60;
/// Of fewer packets nothing is said: one that is lost would be a bad line.
const LEAST_PACKETS: u64 = 50;

/// A look at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// To the hub and back.
    pub round_trip: Duration,
    /// How many of a thousand packets to the hub were lost lately; `None` in a tunnel, which repairs losses
    /// without a word.
    pub lost_permille: Option<u16>,
}

/// Looks at one connection's line; a new connection needs a new one.
#[derive(Debug)]
pub struct LineWatch {
    in_tunnel: bool,
    counts: VecDeque<Count>,
}

/// Packets so far.
#[derive(Debug, Clone, Copy)]
struct Count {
    sent: u64,
    lost: u64,
}

impl LineWatch {
    /// For a connection that goes by `route`.
    pub fn new(route: &Route) -> Self {
        Self {
            in_tunnel: *route != Route::Udp,
            counts: VecDeque::new(),
        }
    }

    /// The connection goes by `route` now, perhaps as it did before.
    pub fn goes_by(&mut self, route: &Route) {
        let in_tunnel = *route != Route::Udp;
        if std::mem::replace(&mut self.in_tunnel, in_tunnel) != in_tunnel {
            // what was lost on the other way says nothing of this one
            self.counts.clear();
        }
    }

    /// Looks at the line of `connection` now. To be called once a second.
    pub fn look(&mut self, connection: &Connection) -> Look {
        let path = connection.stats().path;
        let (sent, lost) = (path.sent_packets, path.lost_packets);
        let lost_permille = self.lost_permille(Count { sent, lost });
        Look {
            round_trip: path.rtt,
            lost_permille: lost_permille.filter(|_| !self.in_tunnel),
        }
    }

    fn lost_permille(&mut self, now: Count) -> Option<u16> {
        self.counts.push_back(now);
        let is_enough = |from: &Count| now.sent.saturating_sub(from.sent) >= PACKETS;
        while self.counts.len() > MOST_LOOKS
            || (self.counts.len() > LOOKS && self.counts.get(1).is_some_and(is_enough))
        {
            self.counts.pop_front();
        }
        let first = self.counts.front()?;
        let sent = now.sent.saturating_sub(first.sent);
        if sent < LEAST_PACKETS {
            return Some(0);
        }
        let lost = now.lost.saturating_sub(first.lost).min(sent);
        u16::try_from(lost * 1000 / sent).ok()
    }
}

/// Whether a figure that was `before` and is `now` has changed by what somebody would notice: by more than
/// a fifth and than `least`.
pub fn is_noticeable(before: u64, now: u64, least: u64) -> bool {
    before.abs_diff(now) > least.max(before.max(now) / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told after each second, in which so many packets were sent and lost.
    fn told(seconds: &[(u64, u64)]) -> u16 {
        let mut watch = LineWatch::new(&Route::Udp);
        let mut count = Count { sent: 0, lost: 0 };
        let mut told = watch.lost_permille(count);
        for (sent, lost) in seconds {
            count.sent += sent;
            count.lost += lost;
            told = watch.lost_permille(count);
        }
        told.expect("not in a tunnel")
    }

    #[test]
    fn a_share_is_of_the_last_seconds() {
        assert_eq!(told(&[(100, 5); 8]), 50);
        let mut better = vec![(100, 20); 8];
        better.extend([(100, 1); 12]);
        assert_eq!(told(&better), 10);
    }

    #[test]
    fn one_packet_of_few_is_no_lossy_line() {
        assert_eq!(told(&[(5, 1), (5, 0)]), 0);
        assert_eq!(told(&[(2, 0); 200]), 0);
        // an idle line is looked at for longer
        assert_eq!(told(&[(10, 1); 30]), 100);
    }

    #[test]
    fn small_changes_are_not_noticed() {
        assert!(!is_noticeable(100, 119, 5));
        assert!(is_noticeable(100, 130, 5));
        assert!(!is_noticeable(1, 6, 5));
        assert!(is_noticeable(1, 7, 5));
        assert!(is_noticeable(u64::MAX, 0, 5));
    }
}
