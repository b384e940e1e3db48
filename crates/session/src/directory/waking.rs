//! Waking a permanent host that is off or asleep, through others of its network that are connected (U2).
//!
//! Two hosts share a network if both say that they are in it, and the hub hears both from there: from one and
//! the same address, as it does behind one router, or from addresses of that network itself. The hub names the
//! cards; a host sends what wakes them only into a network that it is in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use protocol::control::Name;
use protocol::waking::{MAX_CARDS, MAX_LANS};
use protocol::{
    CardAddress, HostId, HubToHost, HubToOperator, Lan, Network, PeerId, Refusal, RefusalCode,
    WakeNews, WakeOrder, WakeStanding,
};

use super::permanent::HostStanding;
use super::records::{AccountId, Actor, Change, StoredPermanentHost, What};
use super::{Directory, Effect, Fault, Moment, OutOfPlace};
use crate::authority::{Action, Denied, Object, may};
use crate::throttle::{Neighbour, Window, throttled};

mod sleepers;

use sleepers::sleeping_row;

/// How long a host may take from the first packet until it is connected.
const PATIENCE: Duration = Duration::from_mins(2);
/// When the packets are sent again after the first time: one may get lost, and some cards sleep for a while.
const AGAIN: [Duration; 2] = [Duration::from_secs(20), Duration::from_mins(1)];
/// Computers that are asked to wake one host.
const MOST_HELPERS: usize = 3;
/// Hosts that are woken at a time, and operators who wait for one of them.
const MOST_WAKES: usize = 256;
const MOST_WAITING: usize = 16;
/// Hosts that one account wakes in a minute, and orders that one host gets.
const WAKES_PER_MINUTE: u32 = 20;
const ORDERS_PER_MINUTE: u32 = 60;
/// How often in a minute a host may say that its networks have changed; more is passed over.
const LANS_PER_MINUTE: u32 = 6;

/// Where permanent hosts are, connected or not, and who is being woken.
pub(super) struct Waking {
    hosts: BTreeMap<HostId, Known>,
    /// The rows of all, for when they are not connected.
    rows: BTreeMap<PeerId, HostId>,
    sites: BTreeMap<Site, BTreeSet<HostId>>,
    wakes: BTreeMap<HostId, Wake>,
    last: u64,
    asked: Window<Asker>,
    ordered: Window<HostId>,
    said: Window<HostId>,
}

/// Who asks: an account, or whoever administers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Asker {
    Account(AccountId),
    Administration,
}

/// A host that the administrator knows.
struct Known {
    standing: HostStanding,
    system: Name,
    last_seen_unix_seconds: i64,
    came_from: Option<IpAddr>,
    lans: Vec<Lan>,
    is_here: bool,
    /// Here, and speaks the version in which hosts wake others.
    helps: bool,
}

/// One network in one place: at different places the same addresses are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Site(Origin, Network);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// The hub hears it from an address of the network itself.
    Inside,
    /// From elsewhere, as from behind a router.
    Behind(Neighbour),
}

impl Known {
    /// The networks where it can be woken, or wake others.
    fn sites(&self) -> impl Iterator<Item = (Site, CardAddress)> + '_ {
        let came_from = self.came_from.map(|address| address.to_canonical());
        let of = move |lan: &Lan| {
            let address = came_from?;
            let is_inside = matches!(address, IpAddr::V4(own) if lan.network.has(own));
            let origin = if is_inside {
                Origin::Inside
            } else {
                Origin::Behind(address.into())
            };
            Some((Site(origin, lan.network), lan.card))
        };
        self.lans.iter().filter_map(of)
    }
}

/// A host that is being woken.
struct Wake {
    number: u64,
    /// Who hears what becomes of it.
    operators: BTreeSet<PeerId>,
    /// What each computer that was asked has said, if it was asked a moment ago: whether it sent anything.
    helpers: BTreeMap<HostId, Option<bool>>,
    /// In time since the hub started.
    began: Duration,
    times_again: usize,
}

impl Default for Waking {
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self {
            hosts: BTreeMap::new(),
            rows: BTreeMap::new(),
            sites: BTreeMap::new(),
            wakes: BTreeMap::new(),
            last: 0,
            asked: Window::new(WAKES_PER_MINUTE, minute),
            ordered: Window::new(ORDERS_PER_MINUTE, minute),
            said: Window::new(LANS_PER_MINUTE, minute),
        }
    }
}

impl Waking {
    /// What was stored, of hosts that are not connected.
    pub(super) fn restored(stored: Vec<StoredPermanentHost>) -> Self {
        let mut waking = Self::default();
        for host in stored {
            let mut lans = host.lans;
            lans.retain(|lan| lan.is_sound());
            lans.truncate(MAX_LANS);
            let known = Known {
                standing: host.standing,
                system: Name::cut(host.system),
                last_seen_unix_seconds: host.last_seen_unix_seconds,
                came_from: host.came_from,
                lans,
                is_here: false,
                helps: false,
            };
            waking.insert(host.host, known);
        }
        waking
    }

    fn insert(&mut self, host: HostId, known: Known) {
        self.rows.insert(sleeping_row(host), host);
        for (site, _) in known.sites() {
            self.sites.entry(site).or_default().insert(host);
        }
        self.hosts.insert(host, known);
    }

    fn remove(&mut self, host: HostId) -> Option<Known> {
        let known = self.hosts.remove(&host)?;
        self.rows.remove(&sleeping_row(host));
        for (site, _) in known.sites() {
            if let Some(members) = self.sites.get_mut(&site) {
                members.remove(&host);
                if members.is_empty() {
                    self.sites.remove(&site);
                }
            }
        }
        Some(known)
    }

    /// Changes what is known of a host; gives the hosts that are not connected and whose standing may be
    /// another one for it.
    fn change(&mut self, host: HostId, change: impl FnOnce(&mut Known)) -> BTreeSet<HostId> {
        let Some(mut known) = self.remove(host) else {
            return BTreeSet::new();
        };
        let before = self.lone_sites_of(&known);
        change(&mut known);
        let after = self.lone_sites_of(&known);
        self.insert(host, known);
        // where there is another helper, nothing changes for anybody
        let changed = before.symmetric_difference(&after);
        let members = changed.filter_map(|site| self.sites.get(site)).flatten();
        let is_asleep = |id: &&HostId| self.hosts.get(id).is_some_and(|known| !known.is_here);
        let mut touched: BTreeSet<HostId> = members.filter(is_asleep).copied().collect();
        touched.remove(&host);
        touched
    }

    /// The sites in which `known`, which is in none of them now, would be the only one that helps.
    fn lone_sites_of(&self, known: &Known) -> BTreeSet<Site> {
        let sites = known.sites().filter(|_| known.helps).map(|(site, _)| site);
        sites.filter(|site| !self.has_helper(*site)).collect()
    }

    fn has_helper(&self, site: Site) -> bool {
        let mut members = self.sites.get(&site).into_iter().flatten();
        members.any(|id| self.hosts.get(id).is_some_and(|known| known.helps))
    }

    fn standing(&self, known: &Known) -> WakeStanding {
        let mut sites = known.sites().map(|(site, _)| site).peekable();
        if sites.peek().is_none() {
            WakeStanding::Unknown
        } else if sites.any(|site| self.has_helper(site)) {
            WakeStanding::Ready
        } else {
            WakeStanding::Alone
        }
    }

    /// Who wakes `known`, with what: at most [`MOST_HELPERS`], from each of its networks one before another.
    fn orders(&self, known: &Known, now: Duration) -> Vec<(HostId, WakeOrder)> {
        let mut cards: BTreeMap<Site, Vec<CardAddress>> = BTreeMap::new();
        for (site, card) in known.sites() {
            let of_site = cards.entry(site).or_default();
            if of_site.len() < MAX_CARDS && !of_site.contains(&card) {
                of_site.push(card);
            }
        }
        let can = |id: &&HostId| {
            let helps = self.hosts.get(id).is_some_and(|known| known.helps);
            helps && self.ordered.wait(id, now).is_none()
        };
        let mut by_site: Vec<_> = cards
            .into_iter()
            .map(|(site, cards)| {
                let members = self.sites.get(&site).into_iter().flatten();
                let network = site.1;
                (members.filter(can), WakeOrder { network, cards })
            })
            .collect();
        let mut orders: Vec<(HostId, WakeOrder)> = Vec::new();
        while orders.len() < MOST_HELPERS && !by_site.is_empty() {
            by_site.retain_mut(|(helpers, order)| {
                let helper = helpers.find(|id| orders.iter().all(|(other, _)| other != *id));
                if let Some(helper) = helper.filter(|_| orders.len() < MOST_HELPERS) {
                    orders.push((*helper, order.clone()));
                }
                helper.is_some()
            });
        }
        orders
    }

    fn is_being_woken(&self, host: HostId) -> bool {
        self.wakes.contains_key(&host)
    }
}

impl Directory {
    fn may_wake(&self, known: &Known, account: AccountId) -> Result<(), Shut> {
        let groups = self.memberships.get(&account).map(|m| &m.groups);
        let seen_by = &known.standing.seen_by;
        let shares_group = groups.is_some_and(|groups| !groups.is_disjoint(seen_by));
        let row = Object::PermanentHost { shares_group };
        may(self.standing(account), Action::OpenHost, row).map_err(|why| Shut::Denied {
            why,
            is_seen: shares_group,
        })?;
        if known.standing.disabled {
            return Err(Shut::Disabled);
        }
        if known.standing.shuts_out(account) {
            return Err(Shut::NotChosen);
        }
        Ok(())
    }

    /// An operator wants a host woken.
    pub(super) fn wake(&mut self, id: PeerId, row: PeerId, now: Moment) -> Result<(), Fault> {
        let account = self.account_of(id)?;
        let news = match self.wake_by_operator(id, account, row, now) {
            Ok(through) => self.begun(&through, account, row, now),
            Err(refusal) => WakeNews::Refused(refusal),
        };
        self.tell_operator(id, HubToOperator::Waking { host: row, news });
        Ok(())
    }

    /// The hub's settings keep operator `id` from it, for this `reason`.
    pub fn refuse_wake(
        &mut self,
        id: PeerId,
        row: PeerId,
        refusal: Refusal,
        reason: &'static str,
        now: Moment,
    ) {
        let Ok(account) = self.account_of(id) else {
            return;
        };
        let allowed = self.wakeable(id, account, row, now);
        if let Ok(host) = allowed {
            self.note_not_woken(id, host, reason, now);
        }
        // whoever may not anyway is told that
        let refusal = allowed.err().unwrap_or(refusal);
        let news = WakeNews::Refused(refusal);
        self.tell_operator(id, HubToOperator::Waking { host: row, news });
    }

    fn wake_by_operator(
        &mut self,
        id: PeerId,
        account: AccountId,
        row: PeerId,
        now: Moment,
    ) -> Result<Vec<HostId>, Refusal> {
        let host = self.wakeable(id, account, row, now)?;
        let login = self.operators.get(&id).map(|o| o.who.login.clone());
        let actor = login.map_or(Actor::Hub, Actor::Account);
        let began = self.wake_host(host, (Asker::Account(account), actor), now);
        match began {
            Ok(_) => {
                if let Some(wake) = self.waking.wakes.get_mut(&host)
                    && wake.operators.len() < MOST_WAITING
                {
                    wake.operators.insert(id);
                }
            }
            Err(refusal) => self.note_not_woken(id, host, why_not(refusal.code), now),
        }
        began
    }

    /// The host in this row, if the operator may wake it.
    fn wakeable(
        &mut self,
        id: PeerId,
        account: AccountId,
        row: PeerId,
        now: Moment,
    ) -> Result<HostId, Refusal> {
        let gone = Refusal::new(RefusalCode::HOST_GONE);
        let host = *self.waking.rows.get(&row).ok_or(gone)?;
        let known = self.waking.hosts.get(&host).ok_or(gone)?;
        match self.may_wake(known, account) {
            Ok(()) => Ok(host),
            Err(Shut::Disabled) => Err(gone),
            Err(Shut::NotChosen) => {
                self.note_not_woken(id, host, "not chosen to open it", now);
                Err(RefusalCode::NOT_CHOSEN.into())
            }
            Err(Shut::Denied { why, is_seen }) => {
                self.note_denied(id, Action::OpenHost, why);
                // whoever may not see it learns nothing of it
                let is_told = is_seen && why == Denied::NotPermitted;
                Err(if is_told {
                    RefusalCode::NOT_ALLOWED.into()
                } else {
                    gone
                })
            }
        }
    }

    /// Whoever administers wants a host woken; the names of the computers that do it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where nobody can.
    pub fn administrator_wakes(
        &mut self,
        host: HostId,
        actor: Actor,
        now: Moment,
    ) -> Result<Vec<Name>, Refusal> {
        let through = self.wake_host(host, (Asker::Administration, actor), now)?;
        Ok(self.names_of(&through, |_| true))
    }

    /// Has the host woken, unless that is under way; the computers that do it.
    fn wake_host(
        &mut self,
        host: HostId,
        (asker, actor): (Asker, Actor),
        now: Moment,
    ) -> Result<Vec<HostId>, Refusal> {
        let refuse = |code: RefusalCode| Err(code.into());
        let waking = &mut self.waking;
        let Some(known) = waking.hosts.get(&host).filter(|k| !k.standing.disabled) else {
            return refuse(RefusalCode::HOST_GONE);
        };
        if known.is_here {
            return refuse(RefusalCode::HOST_AWAKE);
        }
        match waking.standing(known) {
            WakeStanding::Unknown => return refuse(RefusalCode::NETWORK_UNKNOWN),
            WakeStanding::Alone => return refuse(RefusalCode::NOBODY_NEAR),
            WakeStanding::Ready => {}
        }
        if waking.is_being_woken(host) {
            let helpers = waking.wakes.get(&host).map(|wake| &wake.helpers);
            return Ok(helpers.into_iter().flatten().map(|(id, _)| *id).collect());
        }
        if let Some(wait) = waking.asked.wait(&asker, now.since_start) {
            return Err(throttled(wait));
        }
        let orders = waking.orders(known, now.since_start);
        if orders.is_empty() || waking.wakes.len() >= MOST_WAKES {
            return Err(throttled(Duration::from_mins(1)));
        }
        waking.asked.count(asker, now.since_start);
        waking.last += 1;
        let wake = Wake {
            number: waking.last,
            operators: BTreeSet::new(),
            helpers: BTreeMap::new(),
            began: now.since_start,
            times_again: 0,
        };
        let name = known.standing.name.to_string();
        waking.wakes.insert(host, wake);
        let helpers: Vec<HostId> = orders.iter().map(|(id, _)| *id).collect();
        self.give_orders(host, orders, now);
        let through = self.names_of(&helpers, |_| true);
        let through = through.iter().map(ToString::to_string).collect();
        let what = What::HostWaking {
            host,
            name,
            through,
        };
        self.effects.push(Effect::Record(Change { actor, what }));
        Ok(helpers)
    }

    fn give_orders(&mut self, host: HostId, orders: Vec<(HostId, WakeOrder)>, now: Moment) {
        let Some(wake) = self.waking.wakes.get_mut(&host) else {
            return;
        };
        let number = wake.number;
        wake.helpers = orders.iter().map(|(id, _)| (*id, None)).collect();
        for (helper, order) in orders {
            self.waking.ordered.count(helper, now.since_start);
            if let Some(peer) = self.permanent.peer_of(helper) {
                let wake = number;
                self.tell_host(peer, HubToHost::Wake { wake, order });
            }
        }
    }

    fn begun(&self, through: &[HostId], viewer: AccountId, row: PeerId, now: Moment) -> WakeNews {
        let groups = self.memberships.get(&viewer).map(|m| &m.groups);
        let sees = |known: &Known| {
            groups.is_some_and(|groups| !groups.is_disjoint(&known.standing.seen_by))
        };
        let host = self.waking.rows.get(&row);
        let wake = host.and_then(|host| self.waking.wakes.get(host));
        let elapsed = wake.map_or(Duration::ZERO, |wake| {
            now.since_start.saturating_sub(wake.began)
        });
        let seconds = PATIENCE.saturating_sub(elapsed).as_secs();
        WakeNews::Begun {
            through: self.names_of(through, sees),
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        }
    }

    /// The names of hosts; empty for those that are not to be named.
    fn names_of(&self, hosts: &[HostId], named: impl Fn(&Known) -> bool) -> Vec<Name> {
        let known = hosts.iter().filter_map(|id| self.waking.hosts.get(id));
        let name = |known: &Known| {
            if named(known) {
                known.standing.name.clone()
            } else {
                Name::default()
            }
        };
        known.map(name).collect()
    }

    /// A host says whether it has sent what it was asked to.
    pub(super) fn woke(&mut self, id: PeerId, number: u64, sent: bool) -> Result<(), Fault> {
        if number > self.waking.last {
            return Err(OutOfPlace);
        }
        let Some((helper, ..)) = self.permanent.introduction(id) else {
            return Ok(());
        };
        let mut wakes = self.waking.wakes.iter_mut();
        let Some((host, wake)) = wakes.find(|(_, wake)| wake.number == number) else {
            return Ok(()); // over meanwhile
        };
        let host = *host;
        let Some(answer) = wake.helpers.get_mut(&helper) else {
            return Ok(()); // others were asked meanwhile
        };
        *answer = Some(sent);
        if wake.helpers.values().all(|answer| *answer == Some(false))
            && let Some(wake) = self.waking.wakes.remove(&host)
        {
            self.wake_ends(host, &wake, &WakeNews::NotSent);
        }
        Ok(())
    }

    pub(super) fn time_out_wakes(&mut self, now: Moment) {
        let mut again = Vec::new();
        let mut over = Vec::new();
        for (host, wake) in &mut self.waking.wakes {
            let elapsed = now.since_start.saturating_sub(wake.began);
            if elapsed >= PATIENCE {
                over.push(*host);
            } else if AGAIN.get(wake.times_again).is_some_and(|at| elapsed >= *at) {
                wake.times_again += 1;
                again.push(*host);
            }
        }
        for host in over {
            if let Some(wake) = self.waking.wakes.remove(&host) {
                self.wake_ends(host, &wake, &WakeNews::Silent);
            }
        }
        for host in again {
            let known = self.waking.hosts.get(&host);
            let orders = known.map(|known| self.waking.orders(known, now.since_start));
            if let Some(orders) = orders.filter(|orders| !orders.is_empty()) {
                self.give_orders(host, orders, now);
            }
        }
    }

    /// Tells those who wait for the host, and the audit log.
    fn wake_ends(&mut self, host: HostId, wake: &Wake, news: &WakeNews) {
        let row = sleeping_row(host);
        for operator in &wake.operators {
            let news = news.clone();
            self.tell_operator(*operator, HubToOperator::Waking { host: row, news });
        }
        let known = self.waking.hosts.get(&host);
        let name = known.map_or_else(String::new, |known| known.standing.name.to_string());
        self.record_as_hub(if *news == WakeNews::Connected {
            What::HostWoken { host, name }
        } else {
            let reason = if *news == WakeNews::NotSent {
                "no computer of its network could send anything"
            } else {
                "it has not connected in time"
            };
            What::HostNotWoken { host, name, reason }
        });
    }

    fn note_not_woken(&mut self, id: PeerId, host: HostId, reason: &'static str, now: Moment) {
        let Some(known) = self.waking.hosts.get(&host) else {
            return;
        };
        let name = known.standing.name.to_string();
        let what = What::HostNotWoken { host, name, reason };
        self.note_in_vain(id, what, now);
    }
}

/// Why an operator may not wake a host.
enum Shut {
    Denied { why: Denied, is_seen: bool },
    Disabled,
    NotChosen,
}

fn why_not(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::HOST_AWAKE => "it is connected",
        RefusalCode::NETWORK_UNKNOWN => "its network is not known",
        RefusalCode::NOBODY_NEAR => "no other computer of its network is connected",
        RefusalCode::THROTTLED => "too many were woken",
        _ => "it is gone",
    }
}
