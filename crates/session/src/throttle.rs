//! Slowing down whoever guesses. Time arrives as an argument.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use protocol::{Refusal, RefusalCode};

/// Guessers remembered at once; beyond that the oldest are forgotten.
const MAX_KEYS: usize = 10_000;

/// A network neighbour: an IPv4 address, or the /64 of an IPv6 address, within which a guesser
/// changes the address at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour(IpAddr);

impl From<IpAddr> for Neighbour {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }
}

impl Neighbour {
    /// The /48 of an IPv6 address, which one customer of a provider may own; an IPv4 address is a
    /// site of its own.
    pub fn site(self) -> Site {
        Site(match self.0 {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
        })
    }
}

/// Neighbours that are likely one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site(IpAddr);

/// How much more is free for a [`Site`] than for one [`Neighbour`].
pub const NEIGHBOURS_OF_SITE: u32 = 4;

/// At most so many of something in a stretch of time.
#[derive(Debug)]
pub struct Window<K> {
    limit: u32,
    length: Duration,
    /// Since when, and how many.
    counts: BTreeMap<K, (Duration, u32)>,
}

impl<K: Ord> Window<K> {
    pub fn new(limit: u32, length: Duration) -> Self {
        Self {
            limit,
            length,
            counts: BTreeMap::new(),
        }
    }

    /// How long `key` has to wait, if it has to.
    pub fn wait(&self, key: &K, now: Duration) -> Option<Duration> {
        let (since, count) = self.counts.get(key)?;
        let end = *since + self.length;
        end.checked_sub(now)
            .filter(|wait| *count >= self.limit && !wait.is_zero())
    }

    /// Counts one of `key`.
    pub fn count(&mut self, key: K, now: Duration) {
        let length = self.length;
        make_room(&mut self.counts, |(since, _)| *since, now, length);
        let (since, count) = self.counts.entry(key).or_insert((now, 0));
        if *since + length <= now {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }
}

/// A few failures are free; each further one doubles the wait.
#[derive(Debug)]
pub struct Backoff<K> {
    free: u32,
    first: Duration,
    longest: Duration,
    /// When the last one was, and how many.
    failures: BTreeMap<K, (Duration, u32)>,
}

impl<K: Ord> Backoff<K> {
    /// After `free` failures, each further one costs a wait: `first`, twice that, and so on up to
    /// `longest`. Whoever fails no more for twice `longest` starts anew.
    pub fn new(free: u32, first: Duration, longest: Duration) -> Self {
        Self {
            free,
            first,
            longest,
            failures: BTreeMap::new(),
        }
    }

    /// How long `key` has to wait, if it has to.
    pub fn wait(&self, key: &K, now: Duration) -> Option<Duration> {
        let (last, count) = self.failures.get(key)?;
        let doublings = count.checked_sub(self.free + 1)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let end = *last + self.first.saturating_mul(factor).min(self.longest);
        end.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// Counts a failure of `key`.
    pub fn failed(&mut self, key: K, now: Duration) {
        let memory = self.longest * 2;
        make_room(&mut self.failures, |(last, _)| *last, now, memory);
        let (last, count) = self.failures.entry(key).or_insert((now, 0));
        if *last + memory <= now {
            *count = 0;
        }
        *last = now;
        *count = count.saturating_add(1).min(63);
    }

    /// The failures of `key` that are remembered.
    pub fn count(&self, key: &K, now: Duration) -> u32 {
        let found = self.failures.get(key);
        found.map_or(0, |(last, count)| {
            if *last + self.longest * 2 <= now {
                0
            } else {
                *count
            }
        })
    }

    /// Takes a failure of `key` back that was none.
    pub fn forgive(&mut self, key: &K) {
        if let Some((_, count)) = self.failures.get_mut(key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.failures.remove(key);
            }
        }
    }

    /// Forgets the failures of `key`.
    pub fn succeeded(&mut self, key: &K) {
        self.failures.remove(key);
    }
}

/// The refusal of who has to wait first.
pub fn throttled(wait: Duration) -> Refusal {
    let seconds = wait.as_secs() + 1;
    Refusal {
        code: RefusalCode::THROTTLED,
        retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
    }
}

fn make_room<K: Ord, V>(
    failures: &mut BTreeMap<K, V>,
    at: impl Fn(&V) -> Duration,
    now: Duration,
    memory: Duration,
) {
    if failures.len() < MAX_KEYS {
        return;
    }
    failures.retain(|_, value| at(value) + memory > now);
    if failures.len() >= MAX_KEYS {
        // a tenth at once, so that this is seldom
        let mut times: Vec<Duration> = failures.values().map(&at).collect();
        times.sort_unstable();
        let oldest_kept = times[MAX_KEYS / 10];
        failures.retain(|_, value| at(value) > oldest_kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_full_window_opens_again_when_its_time_is_over() {
        let mut window = Window::new(2, 60 * SECOND);
        window.count("a", SECOND);
        assert_eq!(window.wait(&"a", SECOND), None);
        window.count("a", 2 * SECOND);
        assert_eq!(window.wait(&"a", 2 * SECOND), Some(59 * SECOND));
        assert_eq!(window.wait(&"b", 2 * SECOND), None);
        assert_eq!(window.wait(&"a", 61 * SECOND), None);
        window.count("a", 61 * SECOND);
        assert_eq!(window.wait(&"a", 61 * SECOND), None, "a new window");
    }

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let mut backoff = Backoff::new(3, SECOND, 60 * SECOND);
        let mut waits = Vec::new();
        for _ in 0..12 {
            backoff.failed("a", SECOND);
            waits.push(backoff.wait(&"a", SECOND).map_or(0, |w| w.as_secs()));
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        backoff.succeeded(&"a");
        assert_eq!(backoff.wait(&"a", SECOND), None);
    }

    #[test]
    fn a_failure_that_was_none_is_taken_back() {
        let mut backoff = Backoff::new(1, SECOND, 60 * SECOND);
        backoff.failed("a", SECOND);
        backoff.failed("a", SECOND);
        assert!(backoff.wait(&"a", SECOND).is_some());
        backoff.forgive(&"a");
        assert_eq!(backoff.wait(&"a", SECOND), None);
        assert_eq!(backoff.count(&"a", SECOND), 1);
        assert_eq!(backoff.count(&"a", 121 * SECOND), 0, "long ago");
        backoff.forgive(&"a");
        assert!(backoff.failures.is_empty());
    }

    #[test]
    fn guessers_without_number_do_not_fill_the_memory() {
        let mut backoff = Backoff::new(1, SECOND, SECOND);
        let millis = 0..2 * u64::try_from(MAX_KEYS).expect("small");
        for key in millis {
            backoff.failed(key, Duration::from_millis(key / 100));
        }
        assert!(backoff.failures.len() <= MAX_KEYS);
    }

    #[test]
    fn an_ipv6_network_is_one_neighbour() {
        let key = |text: &str| Neighbour::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("2001:db8::1").site(), key("2001:db8:0:1::1").site());
        assert_ne!(key("2001:db8::1").site(), key("2001:db8:1::1").site());
        assert_ne!(key("192.0.2.1").site(), key("192.0.2.2").site());
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
