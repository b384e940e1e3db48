//! Which permanent hosts are not connected, as each operator sees them, and what is known of those that are (U2).

use std::collections::BTreeMap;
use std::net::IpAddr;

use protocol::control::Name;
use protocol::waking::MAX_LANS;
use protocol::{Entry, EntryKind, HostId, HubToOperator, Lan, PeerId, SleepingHost, WakeNews};
use sha2::{Digest as _, Sha256};

use super::Known;
use crate::directory::permanent::HostStanding;
use crate::directory::records::{AccountId, What};
use crate::directory::{Directory, Fault, Moment, OutOfPlace};

impl Directory {
    /// An operator wants to know of hosts that are not connected.
    pub(in crate::directory) fn list_sleeping(&mut self, id: PeerId) -> Result<(), Fault> {
        let operator = self.operators.get_mut(&id).ok_or(OutOfPlace)?;
        operator.lists_sleeping = true;
        let account = operator.who.account;
        for sleeping in self.sleeping_rows(account) {
            self.tell_operator(id, HubToOperator::Sleeping { sleeping });
        }
        Ok(())
    }

    /// The hosts that are not connected, as `viewer` sees them.
    pub(in crate::directory) fn sleeping_rows(&self, viewer: AccountId) -> Vec<SleepingHost> {
        let hosts = self.waking.hosts.keys();
        hosts
            .filter_map(|host| self.sleeping(*host, viewer))
            .collect()
    }

    /// The same for an operator who lists them; of one who does not, none.
    pub(in crate::directory) fn listed_sleeping(&self, operator: PeerId) -> Vec<SleepingHost> {
        let listing = self.operators.get(&operator).filter(|o| o.lists_sleeping);
        listing.map_or_else(Vec::new, |o| self.sleeping_rows(o.who.account))
    }

    /// Tells an operator what is different from `before`.
    pub(in crate::directory) fn tell_of_sleepers(
        &mut self,
        operator: PeerId,
        before: Vec<SleepingHost>,
    ) {
        let after = self.listed_sleeping(operator);
        let rows = |sleepers: Vec<SleepingHost>| -> BTreeMap<PeerId, SleepingHost> {
            sleepers.into_iter().map(|s| (s.entry.id, s)).collect()
        };
        let (before, after) = (rows(before), rows(after));
        for id in before.keys().filter(|id| !after.contains_key(id)) {
            self.tell_operator(operator, HubToOperator::EntryGone { id: *id });
        }
        for (id, sleeping) in after {
            if before.get(&id) != Some(&sleeping) {
                self.tell_operator(operator, HubToOperator::Sleeping { sleeping });
            }
        }
    }

    /// A host that is not connected, if `viewer` may open it when it is.
    pub(super) fn sleeping(&self, host: HostId, viewer: AccountId) -> Option<SleepingHost> {
        let known = self.waking.hosts.get(&host)?;
        if known.is_here || self.may_wake(known, viewer).is_err() {
            return None;
        }
        Some(SleepingHost {
            entry: Entry {
                id: sleeping_row(host),
                kind: EntryKind::PermanentHost,
                name: known.standing.name.clone(),
                person: Name::default(),
                system: known.system.clone(),
                ticket: None,
                in_session_with: None,
                since_unix_seconds: known.last_seen_unix_seconds,
                yours: true,
                present: false,
            },
            standing: self.waking.standing(known),
        })
    }

    /// Operators who list hosts that are not connected.
    pub(super) fn sleep_listers(&self) -> Vec<(PeerId, AccountId)> {
        let listers = self.operators.iter().filter(|(_, o)| o.lists_sleeping);
        listers.map(|(id, o)| (*id, o.who.account)).collect()
    }

    pub(super) fn announce_sleeping(&mut self, hosts: impl IntoIterator<Item = HostId>) {
        let listers = self.sleep_listers();
        for host in hosts {
            for (id, account) in &listers {
                if let Some(sleeping) = self.sleeping(host, *account) {
                    self.tell_operator(*id, HubToOperator::Sleeping { sleeping });
                }
            }
        }
    }

    /// The host is connected: it has no row as one that is not, and who woke it hears that.
    pub(in crate::directory) fn host_awoke(
        &mut self,
        host: HostId,
        (standing, system): (HostStanding, Name),
        (from, wakes): (IpAddr, bool),
        now: Moment,
    ) {
        if !self.waking.hosts.contains_key(&host) {
            // enrolled a moment ago
            let known = Known {
                standing: standing.clone(),
                system: Name::default(),
                last_seen_unix_seconds: now.unix_seconds(),
                came_from: None,
                lans: Vec::new(),
                is_here: true,
                helps: false,
            };
            self.waking.insert(host, known);
        }
        if let Some(wake) = self.waking.wakes.remove(&host) {
            self.wake_ends(host, &wake, &WakeNews::Connected);
        }
        let listers = self.sleep_listers().into_iter();
        let listers: Vec<PeerId> = listers
            .filter(|(_, account)| self.sleeping(host, *account).is_some())
            .map(|(id, _)| id)
            .collect();
        let touched = self.waking.change(host, |known| {
            known.standing = standing;
            known.system = system;
            known.came_from = Some(from);
            known.is_here = true;
            known.helps = wakes;
        });
        self.announce_gone(sleeping_row(host), listers);
        self.announce_sleeping(touched);
    }

    /// The host is not connected any more.
    pub(in crate::directory) fn host_sleeps(&mut self, host: HostId, now: Moment) {
        let touched = self.waking.change(host, |known| {
            known.is_here = false;
            known.helps = false;
            known.last_seen_unix_seconds = now.unix_seconds();
        });
        self.announce_sleeping(touched.into_iter().chain([host]));
    }

    /// A host says where its network cards are.
    pub(in crate::directory) fn lans_are(
        &mut self,
        id: PeerId,
        mut lans: Vec<Lan>,
        now: Moment,
    ) -> Result<(), Fault> {
        if lans.len() > MAX_LANS || !lans.iter().all(|lan| lan.is_sound()) {
            return Err(OutOfPlace);
        }
        let Some((host, ..)) = self.permanent.introduction(id) else {
            return Ok(());
        };
        lans.sort();
        lans.dedup();
        let is_news = self.waking.hosts.get(&host).is_some_and(|k| k.lans != lans);
        if !is_news || self.waking.said.wait(&host, now.since_start).is_some() {
            return Ok(());
        }
        self.waking.said.count(host, now.since_start);
        let stored = lans.clone();
        let touched = self.waking.change(host, |known| known.lans = stored);
        self.record_as_hub(What::PermanentHostIn { host, lans });
        self.announce_sleeping(touched);
        Ok(())
    }

    /// What was decided about all hosts is so from now on.
    pub(in crate::directory) fn sleepers_follow(&mut self, all: &BTreeMap<HostId, HostStanding>) {
        let waking = &mut self.waking;
        let gone = waking.hosts.keys().filter(|host| !all.contains_key(host));
        for host in gone.copied().collect::<Vec<_>>() {
            waking.remove(host);
            waking.wakes.remove(&host);
        }
        for (host, known) in &mut waking.hosts {
            if let Some(standing) = all.get(host) {
                known.standing.clone_from(standing);
            }
        }
    }
}

/// The row of a host that is not connected: no connection has it, and it stays the same.
pub(super) fn sleeping_row(host: HostId) -> PeerId {
    let hash = Sha256::new_with_prefix(b"pure-help-desk sleeping host v1")
        .chain_update(host.0.to_be_bytes())
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    PeerId(id)
}
