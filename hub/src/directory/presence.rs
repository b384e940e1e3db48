//! Coming, going, and the live list (O8).

use std::collections::VecDeque;

use protocol::control::Name;
use protocol::{EndedBy, Entry, EntryKind, HubToHost, HubToOperator, RefusalCode};

use super::{
    AcceptedHost, ConnectionId, Departure, Directory, Effect, HostPeer, HostStage, OperatorPeer,
    OutOfPlace,
};
use crate::catalogue::{Account, AccountId, Change, What};
use crate::clock::Moment;
use crate::throttle::Neighbour;

/// Rows in the first list message, which has to fit one frame; the others follow one by one.
const FIRST_ROWS_BYTES: usize = 200 * 1024;

impl Directory {
    /// A host connected; it is in nobody's list yet.
    pub(crate) fn host_arrived(&mut self, id: ConnectionId, neighbour: Neighbour) {
        let peer = HostPeer {
            neighbour,
            stage: HostStage::Idle,
            past_sessions: VecDeque::new(),
            late_proof: false,
        };
        self.hosts.insert(id, peer);
    }

    /// An operator logged in. Who was logged in with the same account makes room.
    pub(crate) fn operator_arrived(&mut self, id: ConnectionId, account: &Account, now: Moment) {
        if let Some(older) = self.operator_of(account.id) {
            self.operator_left(older, Departure::Lost, now);
            let refusal = RefusalCode::LOGGED_IN_ELSEWHERE.into();
            self.effects.push(Effect::Dismiss(older, refusal));
        }
        let peer = OperatorPeer {
            account: account.id,
            login: account.name.clone(),
            display_name: Name::cut(account.display_name.as_str()),
            since_unix_seconds: now.unix_seconds(),
            past_sessions: VecDeque::new(),
        };
        let display_name = peer.display_name.clone();
        self.operators.insert(id, peer);
        let you = id.into();
        self.tell_operator(id, HubToOperator::LoggedIn { you, display_name });
        self.send_whole_list(id, account.id);
        self.announce(id, Some(id));
        self.tell_presence(account.id, true);
    }

    /// A connection is gone.
    pub(crate) fn left(&mut self, id: ConnectionId, how: Departure, now: Moment) {
        self.host_left(id, how, now);
        self.operator_left(id, how, now);
    }

    /// Dismisses whoever is logged in with one of `accounts`, which are closed.
    pub(crate) fn accounts_disabled(&mut self, accounts: &[AccountId], now: Moment) {
        for account in accounts {
            if let Some(id) = self.operator_of(*account) {
                self.operator_left(id, Departure::Lost, now);
                let refusal = RefusalCode::ACCOUNT_DISABLED.into();
                self.effects.push(Effect::Dismiss(id, refusal));
            }
        }
    }

    /// **Disconnect this PC** (O9).
    pub(super) fn disconnect_host(
        &mut self,
        id: ConnectionId,
        host: ConnectionId,
        now: Moment,
    ) -> Result<(), OutOfPlace> {
        let operator = self.operators.get(&id).ok_or(OutOfPlace)?;
        let Some(accepted) = self.accepted(host) else {
            return Ok(());
        };
        if accepted.owner != operator.account {
            return Err(OutOfPlace);
        }
        if let Some(session) = accepted.session {
            self.end_session(session, EndedBy::Operator, now);
        }
        self.host_left(host, Departure::GoodOrder, now);
        let refusal = RefusalCode::DISCONNECTED.into();
        self.effects.push(Effect::Dismiss(host, refusal));
        Ok(())
    }

    fn host_left(&mut self, id: ConnectionId, how: Departure, now: Moment) {
        let by = match how {
            Departure::GoodOrder => EndedBy::User,
            Departure::Lost => EndedBy::HostLost,
        };
        if let Some(session) = self.accepted(id).and_then(|host| host.session) {
            self.end_session(session, by, now);
        }
        self.forget_attempts_of_host(id);
        let Some(peer) = self.hosts.remove(&id) else {
            return;
        };
        if matches!(peer.stage, HostStage::Accepted(_)) {
            self.announce_gone(id);
        }
    }

    fn operator_left(&mut self, id: ConnectionId, how: Departure, now: Moment) {
        let by = match how {
            Departure::GoodOrder => EndedBy::Operator,
            Departure::Lost => EndedBy::OperatorLost,
        };
        for session in self.sessions_of_operator(id) {
            self.end_session(session, by, now);
        }
        let Some(peer) = self.operators.remove(&id) else {
            return;
        };
        self.refuse_attempts_of_owner(peer.account, RefusalCode::OPERATOR_AWAY.into());
        self.announce_gone(id);
        self.tell_presence(peer.account, false);
        self.effects.push(Effect::Record(Change {
            actor: peer.login,
            what: What::LoggedOut,
        }));
    }

    fn send_whole_list(&mut self, to: ConnectionId, account: AccountId) {
        let ids = self.operators.keys().chain(self.hosts.keys());
        let rows: Vec<Entry> = ids.filter_map(|id| self.entry(*id, account)).collect();
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
    }

    /// Tells every operator but `except` that the row of `id` is new or changed.
    pub(super) fn announce(&mut self, id: ConnectionId, except: Option<ConnectionId>) {
        let viewers: Vec<(ConnectionId, AccountId)> = self
            .operators
            .iter()
            .filter(|(viewer, _)| Some(**viewer) != except)
            .map(|(viewer, operator)| (*viewer, operator.account))
            .collect();
        for (viewer, account) in viewers {
            if let Some(entry) = self.entry(id, account) {
                self.tell_operator(viewer, HubToOperator::EntryChanged { entry });
            }
        }
    }

    fn announce_gone(&mut self, id: ConnectionId) {
        let viewers: Vec<ConnectionId> = self.operators.keys().copied().collect();
        for viewer in viewers {
            self.tell_operator(viewer, HubToOperator::EntryGone { id: id.into() });
        }
    }

    fn tell_presence(&mut self, account: AccountId, present: bool) {
        let his: Vec<ConnectionId> = self
            .hosts
            .iter()
            .filter(|(_, peer)| matches!(&peer.stage, HostStage::Accepted(h) if h.owner == account))
            .map(|(id, _)| *id)
            .collect();
        for host in his {
            self.tell_host(host, HubToHost::OperatorPresent { present });
        }
    }

    /// The row of `id` as `viewer` sees it, if it has one.
    fn entry(&self, id: ConnectionId, viewer: AccountId) -> Option<Entry> {
        if let Some(operator) = self.operators.get(&id) {
            return Some(Entry {
                id: id.into(),
                kind: EntryKind::Operator,
                name: operator.display_name.clone(),
                person: Name::default(),
                system: Name::default(),
                ticket: None,
                in_session_with: None,
                since_unix_seconds: operator.since_unix_seconds,
                yours: false,
            });
        }
        let AcceptedHost {
            owner,
            computer,
            user,
            system,
            route,
            since_unix_seconds,
            session: _,
            in_session_with,
        } = self.accepted(id)?.clone();
        Some(Entry {
            id: id.into(),
            kind: EntryKind::User,
            name: computer,
            person: user,
            system,
            ticket: Some(route),
            in_session_with,
            since_unix_seconds,
            yours: owner == viewer,
        })
    }
}
