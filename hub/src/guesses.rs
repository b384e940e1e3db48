//! Slowing down whoever types tickets that are none (H1). Time arrives as an argument.

use std::time::Duration;

use session::throttle::{Backoff, NEIGHBOURS_OF_SITE, Neighbour, Site, Window};

/// Wrong tickets that cost a neighbour no wait, behind which an office may sit; then the first wait
/// and the longest.
const FREE: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// Wrong tickets of all neighbours within a minute that are more than people mistype.
const ALARM: u32 = 100;
const ALARM_SPAN: Duration = Duration::from_mins(1);
/// What is left free to a neighbour while they are.
const FREE_IN_ALARM: u32 = 3;
/// How long every try takes then, also that of a neighbour who never mistyped.
const DELAY_IN_ALARM: Duration = Duration::from_secs(2);

/// Counts wrong tickets.
///
/// A neighbour waits for its own failures and those of its site, never for others': what others do
/// costs it [`DELAY_IN_ALARM`] and no refusal. Tries are counted when they begin, so that many at
/// the same time are not judged for the price of one.
///
/// The bound: an attacker with N addresses (IPv4 addresses or IPv6 /64; a /48 counts as four of
/// them, however many /64 it holds) has 10 N tries at once and then 4 N an hour, or 20 N an hour if
/// each address pauses for half an hour after ten. While more than 100 a minute are wrong, each
/// address has three instead of ten, and as every try holds one of the places for strangers
/// for two seconds, there are never more than half as many a second as there are such places. A try
/// must meet an open ticket among 10,000 routes, and then its six secret digits, of which the ticket
/// bears three tries: for each ticket that is open, one try in ten thousand million opens it.
///
/// Secrets of places have 256 bits, so nobody guesses one: whoever has the right one comes back whatever
/// its neighbours did, and wrong ones cost what wrong tickets cost.
#[derive(Debug)]
pub(crate) struct TicketGuesses {
    by_neighbour: Backoff<Neighbour>,
    by_site: Backoff<Site>,
    everybody: Window<()>,
}

impl TicketGuesses {
    pub(crate) fn new() -> Self {
        let of_site = (FREE + 1) * NEIGHBOURS_OF_SITE - 1;
        Self {
            by_neighbour: Backoff::new(FREE, FIRST_WAIT, LONGEST_WAIT),
            by_site: Backoff::new(of_site, FIRST_WAIT, LONGEST_WAIT),
            everybody: Window::new(ALARM, ALARM_SPAN),
        }
    }

    /// Lets `neighbour` try a ticket after the delay that is returned, and counts the try as wrong
    /// until [`Self::settle`] says what it was.
    ///
    /// # Errors
    ///
    /// How long the neighbour has to wait first.
    pub(crate) fn begin(
        &mut self,
        neighbour: Neighbour,
        now: Duration,
    ) -> Result<Duration, Duration> {
        let site = neighbour.site();
        let alarm = self.everybody.wait(&(), now);
        let is_dirty = self.by_neighbour.count(&neighbour, now) >= FREE_IN_ALARM;
        let own = self.by_neighbour.wait(&neighbour, now);
        let of_site = self.by_site.wait(&site, now);
        if let Some(wait) = own.max(of_site).max(alarm.filter(|_| is_dirty)) {
            return Err(wait);
        }
        self.by_neighbour.failed(neighbour, now);
        self.by_site.failed(site, now);
        Ok(alarm.map_or(Duration::ZERO, |_| DELAY_IN_ALARM))
    }

    /// `neighbour` tried a secret for somebody's place that is not the place's own. It counts as a wrong
    /// ticket does.
    pub(crate) fn wrong_secret(&mut self, neighbour: Neighbour, now: Duration) {
        self.by_neighbour.failed(neighbour, now);
        self.by_site.failed(neighbour.site(), now);
        self.everybody.count((), now);
    }

    /// A try of `neighbour` is over.
    pub(crate) fn settle(&mut self, neighbour: Neighbour, wrong: bool, now: Duration) {
        if wrong {
            self.everybody.count((), now);
        } else {
            self.by_neighbour.forgive(&neighbour);
            self.by_site.forgive(&neighbour.site());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn neighbour(text: &str) -> Neighbour {
        text.parse::<IpAddr>().expect("an address").into()
    }

    /// How many wrong tickets `who` may try at `now`.
    fn tries(guesses: &mut TicketGuesses, who: Neighbour, now: Duration) -> u32 {
        let mut count = 0;
        while guesses.begin(who, now).is_ok() {
            guesses.settle(who, true, now);
            count += 1;
        }
        count
    }

    #[test]
    fn ten_wrong_tickets_cost_a_wait_that_doubles() {
        let mut guesses = TicketGuesses::new();
        let who = neighbour("192.0.2.1");
        let mut now = SECOND;
        assert_eq!(tries(&mut guesses, who, now), 10);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let wait = guesses.begin(who, now).expect_err("waits");
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(tries(&mut guesses, who, now), 1);
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn a_right_ticket_costs_nothing() {
        let mut guesses = TicketGuesses::new();
        let who = neighbour("192.0.2.1");
        for _ in 0..1000 {
            assert_eq!(guesses.begin(who, SECOND), Ok(Duration::ZERO));
            guesses.settle(who, false, SECOND);
        }
    }

    #[test]
    fn tries_that_are_not_judged_yet_count() {
        let mut guesses = TicketGuesses::new();
        let who = neighbour("192.0.2.1");
        let begun = (0..50).filter(|_| guesses.begin(who, SECOND).is_ok());
        assert_eq!(begun.count(), 10);
    }

    #[test]
    fn the_networks_of_a_site_share_four_times_as_many() {
        let mut guesses = TicketGuesses::new();
        let network = |n: u32| neighbour(&format!("2001:db8:0:{n:x}::1"));
        let all: u32 = (0..4000)
            .map(|n| tries(&mut guesses, network(n), SECOND))
            .sum();
        assert_eq!(all, 40);
        assert_eq!(
            guesses.begin(neighbour("2001:db8:1::1"), SECOND),
            Ok(Duration::ZERO),
            "another site"
        );
    }

    #[test]
    fn others_failures_delay_and_never_refuse() {
        let mut guesses = TicketGuesses::new();
        for n in 1..=250 {
            tries(&mut guesses, neighbour(&format!("192.0.2.{n}")), SECOND);
        }
        assert_eq!(
            guesses.begin(neighbour("198.51.100.1"), SECOND),
            Ok(DELAY_IN_ALARM)
        );
        // after the alarm there is no delay
        assert_eq!(
            guesses.begin(neighbour("198.51.100.2"), 62 * SECOND),
            Ok(Duration::ZERO)
        );
    }

    #[test]
    fn a_thousand_guessers_have_ten_each_and_in_alarm_three() {
        let mut guesses = TicketGuesses::new();
        let mut at_once = 0;
        for a in 0..4 {
            for b in 0..250 {
                let who = neighbour(&format!("10.0.{a}.{b}"));
                at_once += tries(&mut guesses, who, SECOND);
            }
        }
        assert_eq!(at_once, 10 * 10 + 990 * 3);
        let mut in_the_next_hour = 0;
        for minute in 2..62 {
            for a in 0..4 {
                for b in 0..250 {
                    let who = neighbour(&format!("10.0.{a}.{b}"));
                    in_the_next_hour += tries(&mut guesses, who, minute * 60 * SECOND);
                }
            }
        }
        println!("{at_once} at once, {in_the_next_hour} in the next hour");
        assert!(in_the_next_hour <= 1000 * 20);
    }
}
