//! Permanent hosts: computers that are always connected, whoever sits in front of them (U1, U2).
//!
//! A permanent host is known by its key, so it has no place to come back to and no secret: whoever proves
//! the key is the host, and the connection before it is over. An operator sees it if one of the operator's
//! groups may see the group that the host is in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use protocol::control::Name;
use protocol::{Entry, EntryKind, GroupId, HostId, HubToHost, PeerId, RefusalCode};

use super::records::{AccountId, What};
use super::{Directory, Effect, Moment};
use crate::authority::{Action, Object, may};

/// How often it is stored that those who are connected still are.
const NOTE_EVERY: Duration = Duration::from_mins(5);

/// What an administrator decides about a permanent host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStanding {
    /// What operators know it by.
    pub name: Name,
    pub disabled: bool,
    /// The groups whose operators see it.
    pub seen_by: BTreeSet<GroupId>,
    /// The only ones who open it; all who see it where there is none.
    pub only: BTreeSet<AccountId>,
}

impl HostStanding {
    /// Whether `account` is not among those who were chosen to open it.
    pub(super) fn shuts_out(&self, account: AccountId) -> bool {
        !self.only.is_empty() && !self.only.contains(&account)
    }
}

/// A permanent host that has proved its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermanentArrival {
    pub host: HostId,
    pub standing: HostStanding,
    pub computer: Name,
    pub system: Name,
    pub program: String,
    /// It speaks the version of the protocol in which hosts are opened with their access password.
    pub knocking: bool,
    /// It speaks the version in which hosts wake others.
    pub waking: bool,
    /// Where its connection comes from.
    pub from: IpAddr,
}

/// Those that are connected.
#[derive(Default)]
pub(super) struct PermanentHosts {
    here: BTreeMap<PeerId, PermanentHost>,
    peers: BTreeMap<HostId, PeerId>,
    /// When they were last stored as seen, in time since the hub started.
    noted: Duration,
}

struct PermanentHost {
    host: HostId,
    standing: HostStanding,
    system: Name,
    since_unix_seconds: i64,
    knocking: bool,
}

impl PermanentHosts {
    pub(super) fn has(&self, id: PeerId) -> bool {
        self.here.contains_key(&id)
    }

    /// Whether the host at `id` can be opened with its password.
    pub(super) fn may_be_opened(&self, id: PeerId) -> bool {
        self.here.get(&id).is_some_and(|host| host.knocking)
    }

    /// Whether the administrator chose others than `account` to open the host at `id`.
    pub(super) fn shuts_out(&self, id: PeerId, account: AccountId) -> bool {
        let here = self.here.get(&id);
        here.is_some_and(|host| host.standing.shuts_out(account))
    }

    /// Who the host at `id` is: its number, name and system.
    pub(super) fn introduction(&self, id: PeerId) -> Option<(HostId, Name, Name)> {
        let host = self.here.get(&id)?;
        Some((host.host, host.standing.name.clone(), host.system.clone()))
    }

    /// Where the host is connected.
    pub(super) fn peer_of(&self, host: HostId) -> Option<PeerId> {
        self.peers.get(&host).copied()
    }

    pub(super) fn peers(&self) -> Vec<PeerId> {
        self.here.keys().copied().collect()
    }

    /// Takes what was decided about all of them; gives those that may not stay.
    pub(super) fn follow(&mut self, all: &BTreeMap<HostId, HostStanding>) -> Vec<PeerId> {
        let mut gone = Vec::new();
        for (id, here) in &mut self.here {
            let standing = all.get(&here.host).filter(|standing| !standing.disabled);
            if let Some(standing) = standing {
                here.standing.clone_from(standing);
            } else {
                // out of every list at once
                here.standing.seen_by.clear();
                gone.push(*id);
            }
        }
        gone
    }
}

impl Directory {
    /// A permanent host is connected, over a connection that has the new and random `id`.
    pub fn permanent_host_arrived(&mut self, id: PeerId, arrival: PermanentArrival, now: Moment) {
        let PermanentArrival {
            host,
            standing,
            computer,
            system,
            program,
            knocking,
            waking,
            from,
        } = arrival;
        if let Some(older) = self.permanent.peers.get(&host).copied() {
            self.forget_permanent_host(older, now);
            let refusal = RefusalCode::LOGGED_IN_ELSEWHERE.into();
            self.effects.push(Effect::Dismiss(older, refusal));
        }
        self.record_as_hub(What::PermanentHostHere {
            host,
            computer: computer.to_string(),
            system: system.to_string(),
            program,
            from,
        });
        let name = standing.name.clone();
        let awoke = (standing.clone(), system.clone());
        let peer = PermanentHost {
            host,
            standing,
            system,
            since_unix_seconds: now.unix_seconds(),
            knocking,
        };
        self.permanent.here.insert(id, peer);
        self.permanent.peers.insert(host, id);
        let accepted = HubToHost::HostAccepted { name };
        self.effects.push(Effect::ToHost(id, accepted));
        self.host_awoke(host, awoke, (from, waking), now);
        self.announce(id, None);
    }

    pub(super) fn forget_permanent_host(&mut self, id: PeerId, now: Moment) {
        self.forget_knocks_at(id);
        let viewers = self.viewers_of(id);
        if let Some(peer) = self.permanent.here.remove(&id) {
            self.permanent.peers.remove(&peer.host);
            self.record_as_hub(What::PermanentHostGone { host: peer.host });
            self.announce_gone(id, viewers);
            self.host_sleeps(peer.host, now);
        }
    }

    /// Sends those away that an administrator disabled or removed. They come again and hear which.
    pub(super) fn dismiss_permanent_hosts(&mut self, gone: Vec<PeerId>, now: Moment) {
        for id in gone {
            self.forget_permanent_host(id, now);
            let refusal = RefusalCode::DISCONNECTED_BY_ADMINISTRATOR.into();
            self.effects.push(Effect::Dismiss(id, refusal));
        }
    }

    pub(super) fn note_permanent_hosts(&mut self, now: Moment) {
        let is_due = now.since_start >= self.permanent.noted + NOTE_EVERY;
        if is_due && !self.permanent.here.is_empty() {
            self.permanent.noted = now.since_start;
            self.record_as_hub(What::PermanentHostsSeen);
        }
    }

    pub(super) fn permanent_rows(&self, viewer: AccountId) -> impl Iterator<Item = Entry> {
        let ids = self.permanent.here.keys();
        ids.filter_map(move |id| self.permanent_row(*id, viewer))
    }

    /// The permanent host at `id` as what `viewer` may see or open.
    pub(super) fn permanent_object(&self, id: PeerId, viewer: AccountId) -> Option<Object> {
        let host = self.permanent.here.get(&id)?;
        let groups = self.memberships.get(&viewer).map(|m| &m.groups);
        let shares_group = groups.is_some_and(|groups| !groups.is_disjoint(&host.standing.seen_by));
        Some(Object::PermanentHost { shares_group })
    }

    /// The row of `id` as `viewer` sees it, if it has one. Who has opened the host has the row of its place
    /// instead.
    pub(super) fn permanent_row(&self, id: PeerId, viewer: AccountId) -> Option<Entry> {
        let host = self.permanent.here.get(&id)?;
        let row = self.permanent_object(id, viewer)?;
        let who = self.standing(viewer);
        may(who, Action::SeeEntry, row).ok()?;
        let place = self.place_of(host.host);
        let place = place.and_then(|place| self.accepted(place));
        let opened = place.filter(|place| place.opened.is_some_and(|opened| opened.arrived));
        if opened.is_some_and(|place| place.owner(viewer).is_some()) {
            return None;
        }
        let session = opened.and_then(|place| place.session);
        Some(Entry {
            id,
            kind: EntryKind::PermanentHost,
            name: host.standing.name.clone(),
            person: Name::default(),
            system: host.system.clone(),
            ticket: None,
            in_session_with: session.and_then(|session| self.company(session, viewer)),
            since_unix_seconds: host.since_unix_seconds,
            yours: host.knocking && may(who, Action::OpenHost, row).is_ok(),
            present: true,
        })
    }
}
