//! Coming, going, and the live list (O8).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::control::Name;
use protocol::{
    EndedBy, Entry, EntryKind, HostId, HubToHost, HubToOperator, PeerId, Permissions, Refusal,
    RefusalCode, SleepingHost,
};

use super::records::{AccountId, Actor, Change, StoredOperator, What};
use crate::authority::{Action, Membership, Object, may};

use super::resume::hash;
use super::{
    Departure, Directory, Effect, Fault, HostPeer, HostStage, HostStanding, LoggedIn, Moment,
    OperatorPeer,
};

/// The rows of one operator: of those who are here, and of hosts that are not connected.
type Rows = (Vec<Entry>, Vec<SleepingHost>);

/// Rows in the first list message, which has to fit one frame; the others follow one by one.
const FIRST_ROWS_BYTES: usize = 200 * 1024;

impl Directory {
    /// A host connected, and is told whose help desk this is; it is in nobody's list yet. `id` must be new and
    /// random.
    pub fn host_arrived(&mut self, id: PeerId) {
        let peer = HostPeer {
            stage: HostStage::Idle,
            past: VecDeque::new(),
            late_proof: false,
        };
        self.hosts.insert(id, peer);
        self.tell_organisation(id);
    }

    /// An operator logged in. Who was logged in with the same account makes room. `id` must be new and
    /// random, `random` fresh.
    pub fn operator_arrived(
        &mut self,
        id: PeerId,
        who: LoggedIn,
        membership: Membership,
        random: [u8; 32],
        now: Moment,
    ) {
        // the account may be newer than what this desk heard of all of them
        self.memberships.insert(who.account, membership);
        if let Some(older) = self.operator_of(who.account) {
            self.dismiss_operator(older, RefusalCode::LOGGED_IN_ELSEWHERE.into(), now);
        }
        let admission = self.admission(id, random);
        let peer = OperatorPeer {
            who: who.clone(),
            since_unix_seconds: now.unix_seconds(),
            secret: hash(&admission.secret),
            away: None,
            past: VecDeque::new(),
            denied: BTreeSet::new(),
            lists_sleeping: false,
        };
        self.effects.push(Effect::Record(Change {
            actor: Actor::Account(who.login.clone()),
            what: What::OperatorAdmitted(StoredOperator {
                peer: id,
                account: who.account,
                login: who.login,
                display_name: who.display_name.to_string(),
                since_unix_seconds: peer.since_unix_seconds,
                secret: peer.secret,
            }),
        }));
        self.operators.insert(id, peer);
        let display_name = who.display_name;
        let logged_in = HubToOperator::LoggedIn {
            admission,
            display_name,
        };
        self.tell_operator(id, logged_in);
        self.send_whole_list(id, who.account);
        self.announce(id, Some(id));
        self.tell_presence(id, who.account, true);
    }

    /// A connection is gone.
    pub fn left(&mut self, id: PeerId, how: Departure, now: Moment) {
        if self.permanent.has(id) {
            if how == Departure::GoodOrder {
                self.leave_place_of(id, now);
            }
            self.forget_permanent_host(id, now);
        } else if self.operators.contains_key(&id) {
            match how {
                Departure::GoodOrder => self.forget_operator(id, EndedBy::Operator, now),
                Departure::Cut => self.forget_operator(id, EndedBy::OperatorLost, now),
                Departure::Lost => self.operator_lost(id, now),
            }
        } else {
            match how {
                Departure::GoodOrder => self.forget_host(id, EndedBy::User, now),
                Departure::Cut => self.forget_host(id, EndedBy::HostLost, now),
                Departure::Lost => self.host_lost(id, now),
            }
        }
    }

    /// Dismisses whoever is logged in with one of `accounts`.
    pub fn accounts_closed(&mut self, accounts: &[AccountId], refusal: Refusal, now: Moment) {
        for account in accounts {
            if let Some(id) = self.operator_of(*account) {
                self.dismiss_operator(id, refusal, now);
            }
        }
    }

    /// Dismisses whoever is logged in with `account`, if that is not the operator at `stays`.
    pub fn account_closed_elsewhere(
        &mut self,
        account: AccountId,
        stays: PeerId,
        refusal: Refusal,
        now: Moment,
    ) {
        if let Some(id) = self.operator_of(account).filter(|id| *id != stays) {
            self.dismiss_operator(id, refusal, now);
        }
    }

    /// Dismisses the operator at `id`, who may log in again.
    pub fn sign_in_ends(&mut self, id: PeerId, refusal: Refusal, now: Moment) {
        if self.operators.contains_key(&id) {
            self.dismiss_operator(id, refusal, now);
        }
    }

    fn dismiss_operator(&mut self, id: PeerId, refusal: Refusal, now: Moment) {
        let here = self.operators.get(&id).is_some_and(|o| o.away.is_none());
        self.forget_operator(id, EndedBy::OperatorLost, now);
        if here {
            self.effects.push(Effect::Dismiss(id, refusal));
        }
    }

    /// **Disconnect this PC** (O9).
    pub(super) fn disconnect_host(
        &mut self,
        id: PeerId,
        host: PeerId,
        now: Moment,
    ) -> Result<(), Fault> {
        let Some(accepted) = self.own_host(id, Action::DisconnectHost, host)? else {
            return Ok(());
        };
        let here = accepted.away.is_none();
        if let Some(session) = accepted.session
            && self.is_shared_with_others(session, id)
        {
            // a colleague works there
            self.leave_session(session, id, EndedBy::Operator, now);
            return Ok(());
        }
        let was_helped = accepted.session.is_some();
        self.forget_host(host, EndedBy::Operator, now);
        if here {
            self.send_away_from(was_helped, host, RefusalCode::DISCONNECTED);
        }
        Ok(())
    }

    /// Dismisses a host that is forgotten; out of a session its user has the receipt first.
    pub(super) fn send_away_from(&mut self, session: bool, host: PeerId, why: RefusalCode) {
        let effect = if session {
            Effect::DismissWithReceipt
        } else {
            Effect::Dismiss
        };
        self.effects.push(effect(host, why.into()));
    }

    fn host_lost(&mut self, id: PeerId, now: Moment) {
        let deadline = now.since_start + self.policy.kept;
        let Some(host) = self.accepted_mut(id) else {
            // without a place there is nothing to come back to
            self.forget_host(id, EndedBy::HostLost, now);
            return;
        };
        if host.away.is_some() {
            return;
        }
        host.away = Some(deadline);
        host.trying = None;
        self.forget_attempts_of_host(id);
        self.pause_session_of_host(id, now);
        self.announce(id, None);
    }

    fn operator_lost(&mut self, id: PeerId, now: Moment) {
        let deadline = now.since_start + self.policy.kept;
        let Some(operator) = self.operators.get_mut(&id) else {
            return;
        };
        if operator.away.is_some() {
            return;
        }
        operator.away = Some(deadline);
        operator.lists_sleeping = false;
        let account = operator.who.account;
        self.pause_sessions_of_operator(id, now);
        self.refuse_attempts_of_owner(account, RefusalCode::OPERATOR_AWAY.into());
        self.forget_knocks_of(id);
        self.forget_showings_of(id);
        self.announce(id, Some(id));
        self.tell_presence(id, account, false);
    }

    /// The host's place is given up.
    pub(super) fn forget_host(&mut self, id: PeerId, by: EndedBy, now: Moment) {
        if let Some(session) = self.accepted(id).and_then(|host| host.session) {
            self.end_session(session, by, now);
        }
        self.forget_attempts_of_host(id);
        self.forget_knocks_for(id);
        self.forget_showings_for(id);
        let viewers = self.viewers_of(id);
        let Some(peer) = self.hosts.remove(&id) else {
            return;
        };
        if let HostStage::Accepted(host) = peer.stage {
            self.record_as_hub(What::PeerGone { peer: id });
            self.announce_gone(id, viewers);
            let permanent = host
                .opened
                .and_then(|opened| self.permanent.peer_of(opened.host));
            if let Some(permanent) = permanent {
                // the host's own row is back for those who had the place's
                self.announce(permanent, None);
            }
        }
    }

    /// The operator's place is given up.
    pub(super) fn forget_operator(&mut self, id: PeerId, by: EndedBy, now: Moment) {
        for session in self.sessions_of_operator(id) {
            self.leave_session(session, id, by, now);
        }
        self.forget_knocks_of(id);
        self.forget_showings_of(id);
        self.close_screens_of(id, now);
        let viewers = self.viewers_of(id);
        let Some(peer) = self.operators.remove(&id) else {
            return;
        };
        self.refuse_attempts_of_owner(peer.who.account, RefusalCode::OPERATOR_AWAY.into());
        self.announce_gone(id, viewers);
        self.tell_presence(id, peer.who.account, false);
        self.record_as_hub(What::PeerGone { peer: id });
        self.effects.push(Effect::Record(Change {
            actor: Actor::Account(peer.who.login),
            what: What::LoggedOut,
        }));
    }

    /// What all accounts may do, who is with whom, and who sees which of all permanent hosts, is so from
    /// now on.
    pub fn memberships_changed(
        &mut self,
        mut memberships: BTreeMap<AccountId, Membership>,
        hosts: &BTreeMap<HostId, HostStanding>,
        now: Moment,
    ) {
        let before = self.operators.iter().map(|(id, operator)| {
            let account = operator.who.account;
            let permissions = self.permissions_of(account);
            let rows = (self.entries(account), self.listed_sleeping(*id));
            (*id, account, permissions, rows)
        });
        let before: Vec<(PeerId, AccountId, Permissions, Rows)> = before.collect();
        // one that came with its account may be newer than these
        for (account, membership) in std::mem::take(&mut self.memberships) {
            memberships.entry(account).or_insert(membership);
        }
        self.memberships = memberships;
        let dismissed = self.permanent.follow(hosts);
        self.sleepers_follow(hosts);
        self.check_places(hosts, now);
        for (viewer, account, permitted, (rows, slept)) in before {
            if self.check(viewer, Action::LogIn, Object::Hub).is_err() {
                self.dismiss_operator(viewer, RefusalCode::NOT_ALLOWED.into(), now);
                continue;
            }
            let permissions = self.permissions_of(account);
            if permissions != permitted {
                self.tell_operator(viewer, HubToOperator::Permitted { permissions });
            }
            let before: BTreeMap<PeerId, Entry> = rows.into_iter().map(|e| (e.id, e)).collect();
            let after = self.entries(account);
            let stays = |id: &PeerId| after.iter().any(|entry| entry.id == *id);
            let gone: Vec<PeerId> = before.keys().filter(|id| !stays(id)).copied().collect();
            for id in gone {
                self.tell_operator(viewer, HubToOperator::EntryGone { id });
            }
            for entry in after {
                if before.get(&entry.id) != Some(&entry) {
                    self.tell_operator(viewer, HubToOperator::EntryChanged { entry });
                }
            }
            self.tell_of_sleepers(viewer, slept);
        }
        self.dismiss_permanent_hosts(dismissed, now);
    }

    /// The rows that `viewer` has.
    pub fn entries(&self, viewer: AccountId) -> Vec<Entry> {
        let ids = self.operators.keys().chain(self.hosts.keys());
        let rows = ids.filter_map(|id| self.entry(*id, viewer));
        rows.chain(self.permanent_rows(viewer)).collect()
    }

    pub(super) fn send_whole_list(&mut self, to: PeerId, account: AccountId) {
        let mut rows = self.entries(account);
        // the operator's own hosts are in the first message, whatever it leaves out
        rows.sort_by_key(|entry| !entry.yours);
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let mut rest = rows.into_iter();
        for entry in rest.by_ref() {
            bytes += 64 + entry.name.len() + entry.person.len() + entry.system.len();
            entries.push(entry);
            if bytes > FIRST_ROWS_BYTES {
                break;
            }
        }
        self.tell_operator(to, HubToOperator::Entries { entries });
        for entry in rest {
            self.tell_operator(to, HubToOperator::EntryChanged { entry });
        }
        let permissions = self.permissions_of(account);
        self.tell_operator(to, HubToOperator::Permitted { permissions });
        if let Some(url) = self.page.clone() {
            self.tell_operator(to, HubToOperator::Page { url });
        }
        let name = self.organisation.clone();
        if !name.is_empty() {
            self.tell_operator(to, HubToOperator::Organisation { name });
        }
    }

    /// Tells every operator but `except` that the row of `id` is new or changed.
    pub(super) fn announce(&mut self, id: PeerId, except: Option<PeerId>) {
        let opened = self.accepted(id).and_then(|host| host.opened);
        if let Some(permanent) = opened.and_then(|opened| self.permanent.peer_of(opened.host)) {
            // others see there who is in session with it
            self.announce(permanent, except);
        }
        let viewers: Vec<(PeerId, AccountId)> = self
            .operators
            .iter()
            .filter(|(viewer, _)| Some(**viewer) != except)
            .map(|(viewer, operator)| (*viewer, operator.who.account))
            .collect();
        for (viewer, account) in viewers {
            if let Some(entry) = self.entry(id, account) {
                self.tell_operator(viewer, HubToOperator::EntryChanged { entry });
            }
        }
    }

    /// The operators in whose lists `id` is.
    pub(super) fn viewers_of(&self, id: PeerId) -> Vec<PeerId> {
        let viewers = self.operators.iter();
        let viewers = viewers.filter(|(_, viewer)| self.entry(id, viewer.who.account).is_some());
        viewers.map(|(viewer, _)| *viewer).collect()
    }

    pub(super) fn announce_gone(&mut self, id: PeerId, viewers: Vec<PeerId>) {
        for viewer in viewers {
            self.tell_operator(viewer, HubToOperator::EntryGone { id });
        }
    }

    pub(super) fn tell_presence(&mut self, operator: PeerId, account: AccountId, present: bool) {
        let own: Vec<PeerId> = self
            .hosts
            .iter()
            .filter(|(_, peer)| matches!(&peer.stage, HostStage::Accepted(h) if h.owner(account).is_some()))
            .map(|(id, _)| *id)
            .collect();
        for host in own {
            self.tell_host(host, HubToHost::OperatorPresent { operator, present });
        }
    }

    /// Whether rows of `owner`, or of hosts with a ticket of theirs, are for `viewer`.
    pub(super) fn may_see(&self, viewer: AccountId, owner: AccountId) -> bool {
        let entry = Object::Entry {
            owner,
            shares_group: self.shares_group(viewer, owner),
        };
        may(self.standing(viewer), Action::SeeEntry, entry).is_ok()
    }

    pub(super) fn shares_group(&self, one: AccountId, other: AccountId) -> bool {
        let membership = |account| self.memberships.get(&account);
        match (membership(one), membership(other)) {
            (Some(one), Some(other)) => one.shares_group(other),
            _ => false,
        }
    }

    /// The row of `id` as `viewer` sees it, if it has one.
    pub(super) fn entry(&self, id: PeerId, viewer: AccountId) -> Option<Entry> {
        if let Some(operator) = self.operators.get(&id) {
            if !self.may_see(viewer, operator.who.account) {
                return None;
            }
            return Some(operator.row(id));
        }
        if self.permanent.has(id) {
            return self.permanent_row(id, viewer);
        }
        let host = self.accepted(id)?;
        let mut owners = host.owners.iter();
        let known = match host.opened {
            // others see the permanent host itself
            Some(opened) => host.owner(viewer).filter(|_| opened.arrived)?,
            // it stands in no list before it is there
            None if host.shown.is_some_and(|shown| !shown.arrived) => return None,
            // the first of those that the viewer may know of
            None => owners.find(|owner| self.may_see(viewer, owner.account))?,
        };
        Some(Entry {
            id,
            kind: host.kind(),
            name: host.computer.clone(),
            person: host.user.clone(),
            system: host.system.clone(),
            ticket: host.owner(viewer).unwrap_or(known).route,
            in_session_with: host
                .session
                .and_then(|session| self.company(session, viewer)),
            since_unix_seconds: host.since_unix_seconds,
            yours: may(
                self.standing(viewer),
                Action::AskForSession,
                Object::Host {
                    owner: host.owner_for(viewer),
                },
            )
            .is_ok(),
            present: host.away.is_none(),
        })
    }
}

impl OperatorPeer {
    pub(super) fn row(&self, id: PeerId) -> Entry {
        Entry {
            id,
            kind: EntryKind::Operator,
            name: self.who.display_name.clone(),
            person: Name::default(),
            system: Name::default(),
            ticket: None,
            in_session_with: None,
            since_unix_seconds: self.since_unix_seconds,
            yours: false,
            present: self.away.is_none(),
        }
    }
}
