//! Who is connected, counted: strangers apart from those who are admitted.
//!
//! A stranger is a connection that has not logged in and whose ticket no console has accepted.
//! However many strangers there are, whoever is admitted keeps its place, and who comes next gets
//! one: where an address has all that it may have, its oldest stranger makes room, and where all
//! strangers together have, the oldest of the busiest address does. Our programs say what they want
//! as soon as they are connected, so the oldest are those that want nothing.
//!
//! Whoever comes back to a place of its own is a stranger too until its secret is checked, and an
//! office may come back as one, from one address: after the hub was started anew, or when the office
//! has its line again. So an address may have as many more strangers as peers are admitted from it,
//! and as places wait for somebody who is away; so may all together.
//!
//! Callers by TCP are a crowd of their own, of browsers and of tunnels in which no connection is counted
//! yet. Who fetches a Helpme there is kept for as long as that takes, unless half of all are.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session::throttle::{NEIGHBOURS_OF_SITE, Neighbour, Site};
use tokio::sync::{Semaphore, watch};

use crate::known::KnownAddresses;
use crate::log_limit::LogLimit;
use crate::metrics::{Counters, Refused};
use crate::registry::LinkId;

/// Strangers from one neighbour from which nobody else is expected: of those who come by QUIC...
const STRANGERS_PER_NEIGHBOUR: usize = 32;
/// ... and by TCP, where a browser opens six connections, and a company has one address.
const CALLERS_PER_NEIGHBOUR: usize = 256;
/// Handshakes under way with addresses that are not proven, from all and from one. Where there are
/// more, a retry proves the address first, which costs the hub nothing to remember.
const UNPROVEN: usize = 64;
const UNPROVEN_PER_NEIGHBOUR: usize = 4;
/// Places beyond all limits but a neighbour's own, for addresses from which operators logged in.
const RESERVE: usize = 64;
/// Peers that are told at the same time that there is no room.
const REFUSALS: usize = 64;

/// How many may be connected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// In all.
    pub(crate) all: usize,
    /// For one IPv4 address or one IPv6 /64.
    pub(crate) per_neighbour: usize,
    /// Of all, strangers where nobody is expected; never more than half.
    pub(crate) strangers: usize,
    /// The same for one neighbour.
    pub(crate) strangers_per_neighbour: usize,
}

impl Limits {
    /// For connections by QUIC.
    pub(crate) fn new(all: usize, per_neighbour: usize, strangers: usize) -> Self {
        Self {
            all,
            per_neighbour,
            strangers,
            strangers_per_neighbour: STRANGERS_PER_NEIGHBOUR,
        }
    }
}

/// Everybody who is connected.
#[derive(Debug)]
pub(crate) struct Crowd {
    limits: Limits,
    known: Arc<KnownAddresses>,
    /// Places whose owners are away and may come back.
    expected: Arc<AtomicUsize>,
    next_id: AtomicU64,
    guests: Mutex<Guests>,
    /// Connections that are served, those that were asked to go included.
    served: watch::Sender<usize>,
    /// Peers that may be told at the same time that there is no room.
    pub(crate) refusals: Arc<Semaphore>,
    /// For lines that a stranger can cause.
    pub(crate) log: LogLimit,
    pub(crate) counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Guests {
    all: BTreeMap<LinkId, Guest>,
    /// Those who may have to make room, and whether only for their own address; who came first is
    /// first.
    strangers: BTreeMap<LinkId, (Neighbour, bool)>,
    by_neighbour: BTreeMap<Neighbour, Counts>,
    by_site: BTreeMap<Site, Counts>,
    total: Counts,
}

#[derive(Debug)]
struct Guest {
    neighbour: Neighbour,
    standing: Standing,
    /// Told when the guest has to make room.
    ousted: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The address may be forged.
    Unproven,
    Stranger,
    /// From an address from which an operator logged in; makes room for no other address.
    KnownStranger,
    Admitted,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    unproven: usize,
    strangers: usize,
    admitted: usize,
}

impl Counts {
    fn of(&mut self, standing: Standing) -> &mut usize {
        match standing {
            Standing::Unproven => &mut self.unproven,
            Standing::Stranger | Standing::KnownStranger => &mut self.strangers,
            Standing::Admitted => &mut self.admitted,
        }
    }

    /// Those whose address is proven.
    fn placed(self) -> usize {
        self.strangers + self.admitted
    }

    fn is_empty(self) -> bool {
        self.unproven + self.placed() == 0
    }
}

/// How many are connected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) strangers: u64,
    pub(crate) admitted: u64,
}

/// What becomes of who knocks.
#[derive(Debug)]
pub(crate) enum Knock {
    Enter(Place),
    /// Come again and prove the address.
    Retry,
    /// There is no room.
    Full,
}

/// A connection's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: LinkId,
    pub(crate) neighbour: Neighbour,
    ousted: Arc<watch::Sender<bool>>,
    pub(crate) crowd: Arc<Crowd>,
}

impl Crowd {
    pub(crate) fn new(limits: Limits, known: Arc<KnownAddresses>) -> Self {
        let strangers = limits.strangers.min(limits.all / 2).max(1);
        Self {
            limits: Limits {
                strangers,
                ..limits
            },
            known,
            expected: Arc::default(),
            next_id: AtomicU64::new(1),
            guests: Mutex::default(),
            served: watch::Sender::new(0),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            log: LogLimit::default(),
            counters: Arc::default(),
        }
    }

    /// The crowd of those who call by TCP, where the same are known and expected. `strangers` are as in
    /// [`Limits`].
    pub(crate) fn of_callers(&self, strangers: usize) -> Self {
        let all = strangers.saturating_mul(2).max(2);
        let limits = Limits {
            all,
            // an address runs out of strangers first, and these make room for each other
            per_neighbour: all,
            strangers,
            strangers_per_neighbour: CALLERS_PER_NEIGHBOUR,
        };
        Self {
            expected: Arc::clone(&self.expected),
            ..Self::new(limits, Arc::clone(&self.known))
        }
    }

    /// So many places wait for whoever is away.
    pub(crate) fn expect(&self, away: usize) {
        self.expected.store(away, Ordering::Relaxed);
    }

    /// Gives a first packet from `neighbour` a place, if it may have one. `proven` says that the
    /// sender hears what is sent there.
    pub(crate) fn knock(crowd: &Arc<Self>, neighbour: Neighbour, proven: bool) -> Knock {
        let mut guests = crowd.lock();
        let standing = if proven {
            match crowd.make_room(&mut guests, neighbour) {
                Some(standing) => standing,
                None => return Knock::Full,
            }
        } else if crowd.is_busy(&guests, neighbour) {
            return Knock::Retry;
        } else {
            Standing::Unproven
        };
        let id = LinkId(crowd.next_id.fetch_add(1, Ordering::Relaxed));
        let ousted = Arc::new(watch::Sender::new(false));
        let guest = Guest {
            neighbour,
            standing,
            ousted: Arc::clone(&ousted),
        };
        guests.insert(id, guest);
        drop(guests);
        crowd.served.send_modify(|served| *served += 1);
        Knock::Enter(Place {
            id,
            neighbour,
            ousted,
            crowd: Arc::clone(crowd),
        })
    }

    /// So many that an address should be proven before a handshake is paid for.
    fn is_busy(&self, guests: &Guests, neighbour: Neighbour) -> bool {
        let own = guests.counts(neighbour);
        guests.total.unproven >= UNPROVEN
            || own.unproven >= UNPROVEN_PER_NEIGHBOUR
            || guests.total.strangers >= self.strangers_of_all(guests) / 2
            || own.strangers >= self.strangers_of(own, self.limits.strangers_per_neighbour) / 2
            || own.placed() >= self.limits.per_neighbour
            || guests.total.placed() >= self.limits.all
    }

    /// How many strangers an address or a site may have that has `own`, and `otherwise` if nobody is
    /// expected.
    fn strangers_of(&self, own: Counts, otherwise: usize) -> usize {
        otherwise + own.admitted + self.expected.load(Ordering::Relaxed)
    }

    /// The same limit for a site.
    fn strangers_per_site(&self) -> usize {
        let neighbours = NEIGHBOURS_OF_SITE as usize;
        self.limits
            .strangers_per_neighbour
            .saturating_mul(neighbours)
    }

    /// How many strangers all may have together.
    fn strangers_of_all(&self, guests: &Guests) -> usize {
        let expected = guests.total.admitted + self.expected.load(Ordering::Relaxed);
        let half = (self.limits.all / 2).max(1);
        (self.limits.strangers + expected).min(half)
    }

    /// Makes sure that there is room for one more stranger from `neighbour`, if there may be; counts who is
    /// refused, and who has to go.
    fn make_room(&self, guests: &mut Guests, neighbour: Neighbour) -> Option<Standing> {
        let standing = self.stranger(neighbour);
        let is_known = standing == Standing::KnownStranger;
        let reserve = if is_known { RESERVE } else { 0 };
        let (own, site) = (guests.counts(neighbour), neighbour.site());
        let of_site = guests.of_site(site);
        let (per_neighbour, per_site) = (
            self.limits.strangers_per_neighbour,
            self.strangers_per_site(),
        );
        if own.placed() >= self.limits.per_neighbour {
            self.counters.count_refused(Refused::Address);
            return None;
        }
        let ousted = if own.strangers >= self.strangers_of(own, per_neighbour) {
            guests.oldest_stranger(|of, _| of == neighbour)
        } else if of_site.strangers >= self.strangers_of(of_site, per_site) {
            guests.oldest_stranger(|of, _| of.site() == site)
        } else if guests.total.strangers >= self.strangers_of_all(guests) + reserve
            || guests.total.placed() >= self.limits.all + reserve
        {
            let oldest = guests.oldest_of_the_busiest();
            if oldest.is_none() {
                // nobody of the busiest makes room where all are known, or nobody is a stranger
                self.counters.count_refused(Refused::All);
                return None;
            }
            oldest
        } else {
            None
        };
        if let Some(guest) = ousted.and_then(|id| guests.remove(id)) {
            guest.ousted.send_replace(true);
            self.counters.count_refused(Refused::MadeRoom);
        }
        Some(standing)
    }

    fn stranger(&self, neighbour: Neighbour) -> Standing {
        if self.known.knows_address(neighbour) {
            Standing::KnownStranger
        } else {
            Standing::Stranger
        }
    }

    /// How many are connected now.
    pub(crate) fn numbers(&self) -> Numbers {
        let total = self.lock().total;
        let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
        Numbers {
            strangers: number(total.unproven + total.strangers),
            admitted: number(total.admitted),
        }
    }

    /// Waits until nobody is served any more.
    pub(crate) async fn wait_empty(&self, at_most: Duration) {
        let mut served = self.served.subscribe();
        let empty = served.wait_for(|served| *served == 0);
        if tokio::time::timeout(at_most, empty).await.is_err() {
            tracing::debug!("Some connections are still open");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        // nothing in here panics while it holds the lock
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The address is proven: makes its owner a stranger, or says that there is no room.
    pub(crate) fn prove(&self) -> bool {
        let mut guests = self.crowd.lock();
        match guests.all.get(&self.id).map(|guest| guest.standing) {
            Some(Standing::Unproven) => {
                let standing = self.crowd.make_room(&mut guests, self.neighbour);
                if let Some(standing) = standing
                    && let Some(guest) = guests.remove(self.id)
                {
                    guests.insert(self.id, Guest { standing, ..guest });
                }
                standing.is_some()
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Its owner is no longer a stranger.
    pub(crate) fn admit(&self) {
        let mut guests = self.crowd.lock();
        // who was to make room just now may stay
        guests.remove(self.id);
        let guest = Guest {
            neighbour: self.neighbour,
            standing: Standing::Admitted,
            ousted: Arc::clone(&self.ousted),
        };
        guests.insert(self.id, guest);
    }

    /// Its owner, a stranger, does what is worth its place, until [`Self::let_go`]: it makes room for
    /// nobody, unless half of all do so, or half as many as may be strangers from its address or site.
    pub(crate) fn keep(&self) {
        let mut guests = self.crowd.lock();
        let limits = self.crowd.limits;
        let own = guests.counts(self.neighbour);
        let of_site = guests.of_site(self.neighbour.site());
        let is_allowed = own.admitted < limits.strangers_per_neighbour / 2
            && of_site.admitted < self.crowd.strangers_per_site() / 2
            && guests.total.admitted < limits.all / 2;
        if is_allowed && let Some(guest) = guests.remove(self.id) {
            let standing = Standing::Admitted;
            guests.insert(self.id, Guest { standing, ..guest });
        }
    }

    /// Its owner is a stranger again.
    pub(crate) fn let_go(&self) {
        let mut guests = self.crowd.lock();
        let standing = self.crowd.stranger(self.neighbour);
        if let Some(guest) = guests.remove(self.id) {
            guests.insert(self.id, Guest { standing, ..guest });
        }
    }

    /// Waits until this place is needed for somebody else.
    pub(crate) async fn ousted(&self) {
        let mut ousted = self.ousted.subscribe();
        let told = ousted.wait_for(|ousted| *ousted).await;
        told.expect("the place has the sender");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().remove(self.id);
        self.crowd.served.send_modify(|served| *served -= 1);
    }
}

impl Guests {
    fn counts(&self, neighbour: Neighbour) -> Counts {
        let counts = self.by_neighbour.get(&neighbour);
        counts.copied().unwrap_or_default()
    }

    fn of_site(&self, site: Site) -> Counts {
        self.by_site.get(&site).copied().unwrap_or_default()
    }

    fn insert(&mut self, id: LinkId, guest: Guest) {
        let Guest {
            neighbour,
            standing,
            ..
        } = guest;
        *self.total.of(standing) += 1;
        *self.by_neighbour.entry(neighbour).or_default().of(standing) += 1;
        let site = self.by_site.entry(neighbour.site());
        *site.or_default().of(standing) += 1;
        if let Standing::Stranger | Standing::KnownStranger = standing {
            let is_known = standing == Standing::KnownStranger;
            self.strangers.insert(id, (neighbour, is_known));
        }
        self.all.insert(id, guest);
    }

    /// Takes out who has not made room already.
    fn remove(&mut self, id: LinkId) -> Option<Guest> {
        let guest = self.all.remove(&id)?;
        self.strangers.remove(&id);
        let Guest {
            neighbour,
            standing,
            ..
        } = guest;
        *self.total.of(standing) -= 1;
        if let Some(counts) = self.by_neighbour.get_mut(&neighbour) {
            *counts.of(standing) -= 1;
            if counts.is_empty() {
                self.by_neighbour.remove(&neighbour);
            }
        }
        if let Some(counts) = self.by_site.get_mut(&neighbour.site()) {
            *counts.of(standing) -= 1;
            if counts.is_empty() {
                self.by_site.remove(&neighbour.site());
            }
        }
        Some(guest)
    }

    /// The stranger who has been here longest of those from the neighbour with the most strangers;
    /// of several such neighbours, the oldest of all.
    fn oldest_of_the_busiest(&self) -> Option<LinkId> {
        let busy = |neighbour: Neighbour| self.counts(neighbour).strangers;
        let strangers = self.strangers.values().filter(|(_, is_known)| !is_known);
        let most = strangers.map(|(of, _)| busy(*of)).max()?;
        self.oldest_stranger(|of, is_known| !is_known && busy(of) == most)
    }

    fn oldest_stranger(&self, which: impl Fn(Neighbour, bool) -> bool) -> Option<LinkId> {
        let mut strangers = self.strangers.iter();
        strangers
            .find(|(_, (of, is_known))| which(*of, *is_known))
            .map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn neighbour(text: &str) -> Neighbour {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn crowd(all: usize, strangers: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(Limits::new(all, all, strangers), Arc::default()))
    }

    fn enter(crowd: &Arc<Crowd>, from: &str) -> Option<Place> {
        match Crowd::knock(crowd, neighbour(from), true) {
            Knock::Enter(place) => Some(place),
            Knock::Retry | Knock::Full => None,
        }
    }

    fn has_to_go(place: &Place) -> bool {
        !place.crowd.lock().all.contains_key(&place.id)
    }

    #[test]
    fn forged_addresses_take_no_places_but_their_own_few() {
        let crowd = crowd(1000, 500);
        let knock = |from: &str| Crowd::knock(&crowd, neighbour(from), false);
        let mut entered = Vec::new();
        for _ in 0..100 {
            if let Knock::Enter(place) = knock("192.0.2.1") {
                entered.push(place);
            }
        }
        assert_eq!(entered.len(), UNPROVEN_PER_NEIGHBOUR);
        for n in 0..250 {
            if let Knock::Enter(place) = knock(&format!("198.51.100.{n}")) {
                entered.push(place);
            }
        }
        assert_eq!(entered.len(), UNPROVEN);
        assert_eq!(crowd.lock().total.placed(), 0);
        assert!(enter(&crowd, "192.0.2.1").is_some(), "who proves it, may");
        assert!(entered[0].prove());
        assert_eq!(crowd.lock().total.unproven, UNPROVEN - 1);
        drop(entered);
        assert!(crowd.lock().total.is_empty());
        assert!(crowd.lock().by_neighbour.is_empty());
        assert!(crowd.lock().by_site.is_empty());
        assert!(crowd.lock().strangers.is_empty());
    }

    #[test]
    fn the_oldest_of_the_busiest_address_makes_room() {
        let crowd = crowd(20, 10);
        let first = enter(&crowd, "192.0.2.1").expect("room");
        let busy: Vec<Place> = (0..9).filter_map(|_| enter(&crowd, "192.0.2.2")).collect();
        let next = enter(&crowd, "192.0.2.3").expect("room");
        assert!(has_to_go(&busy[0]));
        let gone = [&first, &busy[1], &next].map(has_to_go);
        assert_eq!(gone, [false; 3]);
        // the places of those who go are counted once
        drop(busy);
        assert_eq!(crowd.lock().total.strangers, 2);
    }

    #[test]
    fn who_is_admitted_makes_room_for_nobody() {
        let crowd = crowd(20, 10);
        let admitted: Vec<Place> = (0..9).filter_map(|_| enter(&crowd, "192.0.2.1")).collect();
        for place in &admitted {
            place.admit();
        }
        let strangers: Vec<_> = (0..50)
            .map(|n| enter(&crowd, &format!("198.51.100.{n}")))
            .collect();
        assert!(strangers.iter().all(Option::is_some));
        assert!(!admitted.iter().any(has_to_go));
        assert_eq!(crowd.lock().total.strangers, 10);
    }

    #[test]
    fn an_address_where_an_operator_logged_in_gets_a_place_of_the_reserve() {
        let crowd = crowd(20, 10);
        let everybody: Vec<_> = (0..30)
            .filter_map(|n| enter(&crowd, &format!("198.51.100.{n}")))
            .inspect(Place::admit)
            .collect();
        assert_eq!(everybody.len(), 20);
        assert!(enter(&crowd, "192.0.2.1").is_none());
        crowd.known.remember("anna", neighbour("192.0.2.1"));
        assert!(enter(&crowd, "192.0.2.1").is_some());
    }

    #[test]
    fn an_office_that_has_its_line_again_comes_back_as_one() {
        let crowd = crowd(10_000, 100);
        let before: Vec<_> = (0..300)
            .filter_map(|_| enter(&crowd, "192.0.2.1"))
            .inspect(Place::admit)
            .collect();
        // the hub has not missed the old connections yet
        let again: Vec<_> = (0..300)
            .filter_map(|_| enter(&crowd, "192.0.2.1"))
            .collect();
        assert_eq!((before.len(), again.len()), (300, 300));
        assert!(!again.iter().any(has_to_go));
    }

    #[test]
    fn an_office_comes_back_to_a_hub_that_was_started_anew() {
        let crowd = crowd(10_000, 100);
        crowd.expect(1000);
        let office: Vec<_> = (0..1000)
            .filter_map(|_| enter(&crowd, "192.0.2.1"))
            .collect();
        assert_eq!(office.len(), 1000);
        assert!(!office.iter().any(has_to_go));
        // that it is expected takes no place from anybody else
        let others: Vec<_> = (0..200)
            .filter_map(|n| enter(&crowd, &format!("198.51.100.{n}")))
            .collect();
        assert_eq!(others.len(), 200);
        assert!(!others.iter().any(has_to_go));
    }

    #[test]
    fn where_everything_is_taken_strangers_make_room_for_strangers() {
        let crowd = crowd(20, 10);
        let admitted: Vec<_> = (0..15)
            .filter_map(|n| enter(&crowd, &format!("192.0.2.{n}")))
            .inspect(Place::admit)
            .collect();
        let busy: Vec<_> = (0..5)
            .filter_map(|_| enter(&crowd, "198.51.100.1"))
            .collect();
        assert_eq!((admitted.len(), busy.len()), (15, 5));
        assert!(enter(&crowd, "198.51.100.2").is_some());
        assert!(has_to_go(&busy[0]));
    }

    #[test]
    fn a_known_address_makes_room_for_itself_alone() {
        let crowd = crowd(10_000, 40);
        crowd.known.remember("anna", neighbour("192.0.2.1"));
        let office: Vec<Place> = (0..33).filter_map(|_| enter(&crowd, "192.0.2.1")).collect();
        assert_eq!(office.len(), 33);
        assert_eq!(office.iter().filter(|p| has_to_go(p)).count(), 1);
        let others: Vec<_> = (0..200)
            .filter_map(|n| enter(&crowd, &format!("198.51.100.{n}")))
            .collect();
        assert_eq!(others.len(), 200);
        assert_eq!(office.iter().filter(|p| has_to_go(p)).count(), 1);
        assert_eq!(crowd.lock().total.strangers, 40);
    }

    #[test]
    fn the_networks_of_a_site_share_four_times_as_many_places() {
        let crowd = crowd(10_000, 1000);
        let places: Vec<_> = (0..500)
            .filter_map(|n| enter(&crowd, &format!("2001:db8:0:{n:x}::1")))
            .collect();
        assert_eq!(places.len(), 500);
        assert_eq!(places.iter().filter(|p| !has_to_go(p)).count(), 128);
        assert!(has_to_go(&places[371]) && !has_to_go(&places[372]));
    }

    #[test]
    fn b2_neighbours_of_callers_do_not_shut_out_the_next_one() {
        let callers = Arc::new(crowd(10_000, 1000).of_callers(1000));
        let mut busy = Vec::new();
        for n in 0..64 {
            busy.extend((0..32).filter_map(|_| enter(&callers, &format!("192.0.2.{n}"))));
        }
        assert_eq!(busy.len(), 64 * 32);
        assert_eq!(callers.lock().total.strangers, 1000);
        let next = enter(&callers, "198.51.100.1").expect("room");
        busy.extend((0..32).filter_map(|_| enter(&callers, "192.0.2.1")));
        assert!(!has_to_go(&next), "the busy ones make room");
    }

    #[test]
    fn b2_who_fetches_a_helpme_stays_while_an_office_behind_one_address_looks_at_the_page() {
        let callers = Arc::new(crowd(10_000, 1000).of_callers(1000));
        let fetching = enter(&callers, "192.0.2.1").expect("room");
        fetching.keep();
        let office: Vec<_> = (0..1000)
            .filter_map(|_| enter(&callers, "192.0.2.1"))
            .collect();
        assert!(!has_to_go(&fetching));
        assert_eq!(office.iter().filter(|p| !has_to_go(p)).count(), 257);
        fetching.let_go();
        let next = enter(&callers, "192.0.2.1");
        assert!(has_to_go(&fetching) && next.is_some(), "the oldest again");
    }

    #[test]
    fn b2_those_who_fetch_leave_half_of_the_places_to_others() {
        let callers = Arc::new(crowd(10_000, 1000).of_callers(1000));
        let mut fetching = Vec::new();
        let mut fetch = |from: String| {
            let place = enter(&callers, &from).expect("room");
            place.keep();
            fetching.push(place);
        };
        (0..500).for_each(|_| fetch("192.0.2.1".to_owned()));
        assert_eq!(callers.lock().total.admitted, 128, "of one address");
        (0..600).for_each(|n| fetch(format!("2001:db8:0:{n:x}::1")));
        assert_eq!(callers.lock().total.admitted, 128 + 512, "of one site");
        (0..600).for_each(|n| fetch(format!("2001:db8:{n:x}:1::1")));
        assert_eq!(callers.lock().total.admitted, 1000, "of all");
        let others: Vec<_> = (0..200)
            .filter_map(|n| enter(&callers, &format!("198.51.100.{n}")))
            .collect();
        assert_eq!(others.len(), 200);
        assert!(!others.iter().any(has_to_go));
    }

    #[tokio::test]
    async fn everybody_who_waits_for_it_is_told_that_a_place_is_needed() {
        let crowd = crowd(2, 1);
        let first = enter(&crowd, "192.0.2.1").expect("room");
        let second = enter(&crowd, "192.0.2.1").expect("room");
        tokio::join!(first.ousted(), first.ousted());
        drop(second);
    }
}
