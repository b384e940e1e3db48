//! What the hub's disk holds, kept as its store keeps it: enough to start the hub again.

use std::collections::BTreeMap;

use protocol::{PeerId, SessionId, TicketRoute, TicketState};
use session::authority::Membership;
use session::directory::records::{
    AccountId, Change, Side, Stored, StoredHost, StoredOperator, StoredSession, StoredTicket, What,
};

#[derive(Default)]
pub(crate) struct Disk {
    tickets: BTreeMap<TicketRoute, StoredTicket>,
    pub(crate) operators: BTreeMap<PeerId, StoredOperator>,
    pub(crate) hosts: BTreeMap<PeerId, StoredHost>,
    pub(crate) running: BTreeMap<SessionId, StoredSession>,
    pub(crate) reports: BTreeMap<SessionId, Report>,
    last_session: u64,
    last_report: u64,
}

/// The report of a session.
pub(crate) struct Report {
    pub(crate) owner: AccountId,
    /// How often its session ended.
    pub(crate) ended: u32,
}

impl Disk {
    pub(crate) fn stored(&self) -> Stored {
        let count = |count| (count > 0).then_some(count);
        Stored {
            last_session: count(self.last_session).map(SessionId),
            last_report: count(self.last_report).map(protocol::ReportId),
            tickets: self.tickets.values().cloned().collect(),
            operators: self.operators.values().cloned().collect(),
            hosts: self.hosts.values().cloned().collect(),
            sessions: self.running.values().cloned().collect(),
            permanent: Vec::new(),
            // more than ever play
            memberships: (0..100)
                .map(|account| (AccountId(account), Membership::of_new_operator()))
                .collect(),
        }
    }

    pub(crate) fn store(&mut self, change: Change) {
        match change.what {
            What::OperatorAdmitted(operator) => {
                self.operators.insert(operator.peer, operator);
            }
            What::HostAdmitted(host) => {
                let accounts = host.owners.iter().map(|(account, _)| *account);
                let mut accounts: Vec<AccountId> = accounts.collect();
                accounts.sort();
                accounts.dedup();
                assert_eq!(accounts.len(), host.owners.len(), "an owner is named once");
                self.hosts.insert(host.peer, host);
            }
            What::PeerGone { peer } => {
                for running in self.running.values() {
                    assert_ne!(running.host, peer, "its session ends first");
                    let is_in = running.members.iter().any(|m| m.operator == peer);
                    assert!(!is_in, "it leaves its sessions first");
                }
                self.operators.remove(&peer);
                self.hosts.remove(&peer);
            }
            What::TicketCreated {
                route,
                owner,
                expires_unix_millis,
            } => {
                let ticket = StoredTicket {
                    route,
                    owner,
                    state: TicketState::Open,
                    wrong_secrets: 0,
                    expires_unix_millis,
                };
                self.tickets.insert(route, ticket);
            }
            What::TicketExtended {
                route,
                expires_unix_millis,
            } => {
                let ticket = self.tickets.get_mut(&route).expect("one that was made");
                ticket.expires_unix_millis = expires_unix_millis;
            }
            What::TicketClosed { route, state } => {
                if let Some(ticket) = self.tickets.get_mut(&route) {
                    ticket.state = state;
                }
            }
            What::ConsentAsked { session, .. } => {
                self.last_session = self.last_session.max(session.count());
            }
            What::SessionStarted(started) => {
                self.last_report = self.last_report.max(started.report.count());
                let report = Report {
                    owner: started.first.account,
                    ended: 0,
                };
                let before = self.reports.insert(started.session, report);
                assert!(before.is_none(), "a session has one report");
                let stored = StoredSession {
                    session: started.session,
                    report: started.report,
                    host: started.host,
                    operator_names: started.first.name.clone(),
                    members: vec![started.first],
                    started_unix_millis: started.started_unix_millis,
                };
                self.running.insert(started.session, stored);
            }
            What::OperatorJoined { session, member } => {
                let running = self.running.get_mut(&session).expect("one that runs");
                let members = &running.members;
                let is_in = members.iter().any(|m| m.operator == member.operator);
                assert!(!is_in, "joins once");
                let known = running.operator_names.split(", ");
                if !known.clone().any(|name| name == member.name) {
                    running.operator_names = format!("{}, {}", running.operator_names, member.name);
                }
                running.members.push(member);
            }
            What::OperatorLeft {
                session,
                operator,
                owner,
                ..
            } => {
                let running = self.running.get_mut(&session).expect("one that runs");
                let before = running.members.len();
                running.members.retain(|m| m.operator != operator);
                assert_eq!(running.members.len() + 1, before, "leaves once");
                let report = self.reports.get_mut(&session).expect("it has a report");
                report.owner = owner;
                self.owner_is_in(session);
            }
            What::RightsReduced {
                session,
                operator,
                rights,
                ..
            } => {
                let running = self.running.get_mut(&session).expect("one that runs");
                let member = running.members.iter_mut().find(|m| m.operator == operator);
                let member = member.expect("one who is in");
                assert!(rights.is_within(member.rights));
                member.rights = rights;
            }
            What::SessionEnded { session, .. } => {
                self.owner_is_in(session);
                let was = self.running.remove(&session);
                assert!(was.is_some(), "a session is ended once on disk");
                let report = self.reports.get_mut(&session).expect("it has a report");
                report.ended += 1;
            }
            What::SessionPaused { session, side } => {
                let running = &self.running[&session];
                if let Side::Operator(operator) = side {
                    assert!(running.members.iter().any(|m| m.operator == operator));
                }
            }
            What::LoggedOut
            | What::WrongSecret { .. }
            | What::ConsentRefused { .. }
            | What::JoinAsked { .. }
            | What::JoinRefused { .. }
            | What::SessionResumed { .. }
            | What::SessionWithheld { .. }
            | What::SessionShielded { .. }
            | What::InputTooOld { .. }
            | What::FilmClosed { .. }
            | What::FilmFailed { .. }
            | What::EndedByAdministrator { .. }
            | What::DisconnectedByAdministrator { .. }
            | What::WatchBegan { .. }
            | What::WatchEnded { .. }
            | What::HostOpened { .. }
            | What::HostNotOpened { .. }
            | What::HostWaking { .. }
            | What::HostWoken { .. }
            | What::HostNotWoken { .. }
            | What::PermanentHostIn { .. }
            | What::Denied { .. }
            | What::PermanentHostHere { .. }
            | What::PermanentHostGone { .. }
            | What::Files { .. }
            | What::Folders { .. }
            | What::ScreenShown { .. }
            | What::ScreenNotShown { .. }
            | What::PermanentHostsSeen => {}
        }
    }

    fn owner_is_in(&self, session: SessionId) {
        let owner = self.reports[&session].owner;
        let members = &self.running[&session].members;
        let is_in = members.iter().any(|member| member.account == owner);
        assert!(is_in, "the report is of somebody who is in");
    }
}
