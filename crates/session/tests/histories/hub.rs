//! The hub's program around the directory: it hears both sides and carries out what is to be done.

use std::collections::VecDeque;

use protocol::{
    ChannelId, ChatAuthor, HostToHub, HostWord, HubToHost, HubToOperator, OperatorToHub,
    OperatorWord, PeerId, Rights, wire,
};
use session::authority::Membership;
use session::directory::records::Side;
use session::directory::{Departure, Effect, LoggedIn, RelayStart};

use crate::world::{Console, Host, Line, Streams, World, moment, operator_name, trace};

impl World {
    pub(crate) fn hub_hears_console(&mut self, console: usize) -> bool {
        let account = self.consoles[console].account;
        let Some(line) = &mut self.consoles[console].line else {
            return false;
        };
        let Some(message) = line.up.pop_front() else {
            return false;
        };
        trace!("hub hears from console {console} {message:?}");
        let now = moment(self.now);
        let peer = line.peer;
        if line.dismissed {
            return true;
        }
        match (peer, message) {
            (None, OperatorToHub::LogIn { .. }) => {
                let id = PeerId(self.dice.fill());
                line.peer = Some(id);
                self.places.insert(id, console);
                let who = LoggedIn {
                    account,
                    login: format!("operator{console}"),
                    display_name: operator_name(console),
                };
                let random = self.dice.fill();
                let membership = Membership::of_new_operator();
                self.directory
                    .operator_arrived(id, who, membership, random, now);
            }
            (None, OperatorToHub::Resume { you, secret }) => {
                line.peer = Some(you);
                self.unnoticed.retain(|(peer, _)| *peer != you);
                if let Err(cannot) = self.directory.operator_resumes(you, &secret, now) {
                    line.peer = None;
                    let refusal = cannot.into();
                    line.down
                        .push_back(HubToOperator::ResumeRefused { refusal });
                }
            }
            (None, _) => {}
            (Some(id), OperatorToHub::LogOut) => {
                self.directory.left(id, Departure::GoodOrder, now);
            }
            (Some(id), message) => {
                if let OperatorToHub::Say { to, word } = &message
                    && let Ok(OperatorWord::Chat { text, .. }) = wire::decode(&word.body)
                    && !self.consoles[console].hostile
                {
                    self.passes(*to, &text);
                }
                let random = self.dice.fill();
                self.directory.operator_said(id, message, random, now);
            }
        }
        self.carry_out();
        true
    }

    pub(crate) fn hub_hears_host(&mut self, host: usize) -> bool {
        let Some(line) = &mut self.hosts[host].line else {
            return false;
        };
        let Some(message) = line.up.pop_front() else {
            return false;
        };
        trace!("hub hears from host {host} {message:?}");
        let now = moment(self.now);
        let peer = line.peer;
        if line.dismissed {
            return true;
        }
        match (peer, message) {
            (None, HostToHub::Resume { you, secret }) => {
                line.peer = Some(you);
                self.unnoticed.retain(|(peer, _)| *peer != you);
                if let Err(cannot) = self.directory.host_resumes(you, &secret, now) {
                    line.peer = None;
                    let refusal = cannot.into();
                    line.down.push_back(HubToHost::ResumeRefused { refusal });
                }
            }
            (None, message) => {
                let id = PeerId(self.dice.fill());
                line.peer = Some(id);
                self.directory.host_arrived(id);
                self.directory.host_said(id, message, now);
            }
            (Some(id), HostToHub::Leave) => self.directory.left(id, Departure::GoodOrder, now),
            (Some(id), message) => {
                if let HostToHub::Say { word, .. } = &message
                    && let Ok(HostWord::Chat { text, .. }) = wire::decode(&word.body)
                    && !self.hosts[host].hostile
                {
                    self.passes(id, &text);
                }
                self.directory.host_said(id, message, now);
            }
        }
        self.carry_out();
        true
    }

    /// A line of chat comes by: it belongs on the film if its host is in session at that moment.
    fn passes(&mut self, host: PeerId, text: &str) {
        let is_in_session = self
            .disk
            .running
            .values()
            .any(|running| running.host == host);
        self.passed.entry(text.to_owned()).or_insert(is_in_session);
    }

    pub(crate) fn carry_out(&mut self) {
        let mut effects = VecDeque::from(self.directory.take_effects());
        while let Some(effect) = effects.pop_front() {
            self.carry_out_one(effect);
            for follow in self.directory.take_effects().into_iter().rev() {
                effects.push_front(follow);
            }
        }
    }

    fn carry_out_one(&mut self, effect: Effect) {
        match effect {
            Effect::ToHost(id, message) => {
                // changes nothing between the programs, and would shift the histories that are known by number
                let is_name = matches!(message, HubToHost::Organisation { .. });
                if let Some(line) = self.host_line(id).filter(|_| !is_name) {
                    line.down.push_back(message);
                }
            }
            Effect::ToOperator(id, message) => {
                if let Some(line) = self.console_line(id) {
                    line.down.push_back(message);
                }
            }
            Effect::Dismiss(id, refusal) | Effect::DismissWithReceipt(id, refusal) => {
                if let Some(line) = self.host_line(id) {
                    line.down.push_back(HubToHost::Goodbye { refusal });
                    (line.peer, line.dismissed) = (None, true);
                } else if let Some(line) = self.console_line(id) {
                    line.down.push_back(HubToOperator::Goodbye { refusal });
                    (line.peer, line.dismissed) = (None, true);
                }
            }
            Effect::Cut(id, _refusal) => self.cut(id),
            Effect::Record(change) => self.disk.store(change),
            Effect::StoreTicket {
                operator,
                route,
                change,
            } => {
                self.disk.store(change);
                self.directory.ticket_stored(operator, route, true);
            }
            Effect::StoreRevocation {
                operator,
                route,
                change,
            } => {
                self.disk.store(change);
                self.directory.ticket_revoked(operator, route, true);
            }
            Effect::OpenFilm(order) => {
                let film = Some(order.session.to_string());
                self.directory.film_opened(order.session, film);
            }
            // the catalogue's business
            Effect::DiscardFilm(_) | Effect::GiveReceipt(_) => {}
            Effect::StoreSession { session, change } => {
                self.disk.store(change);
                self.directory.session_stored(session, true);
            }
            relay => self.relay(relay),
        }
    }

    /// What is relayed and filmed.
    fn relay(&mut self, effect: Effect) {
        match effect {
            Effect::StartRelay {
                session,
                host,
                operator,
                rights,
                start,
                ..
            } => {
                let key = (session, operator);
                self.hosts_of.insert(session, host);
                let runs_already = self.relays.keys().any(|(id, _)| *id == session);
                let streams = Streams {
                    runs: true,
                    rights,
                    channel: ChannelId::NONE,
                };
                match (start, self.relays.insert(key, streams)) {
                    (RelayStart::First, None) => assert!(!runs_already, "starts once"),
                    (RelayStart::Joined, None) => assert!(runs_already, "joins what runs"),
                    (RelayStart::Resumed, Some(before)) => assert!(!before.runs),
                    (start, before) => panic!("{start:?} after {before:?}"),
                }
                assert!(rights.has(Rights::SEE));
                let user = self.hosts.iter().find(|h| h.place == Some(host));
                let is_hostile = user.is_some_and(|h| h.hostile);
                if start != RelayStart::Resumed && !is_hostile {
                    let yes = self.yes.get_mut(&key).filter(|yes| **yes > 0);
                    *yes.expect("a yes first") -= 1;
                }
                let seeing = self.relays.iter();
                let seeing = seeing.filter(|((id, _), streams)| *id == session && streams.runs);
                match seeing.count() {
                    0 | 1 => {}
                    2 => _ = self.counts.joint.insert(session),
                    _ => _ = self.counts.of_three.insert(session),
                }
            }
            Effect::PauseRelay { session, side } => {
                let is_meant = |operator| match side {
                    Side::Host => true,
                    Side::Operator(away) => away == operator,
                };
                let relays = self.relays.iter_mut();
                let paused = relays.filter(|((id, op), _)| *id == session && is_meant(*op));
                let mut flowed = false;
                for (_, streams) in paused {
                    flowed |= std::mem::take(&mut streams.runs);
                }
                assert!(flowed, "pauses what runs");
            }
            Effect::LeaveRelay { session, operator } => {
                let left = self.relays.remove(&(session, operator));
                assert!(left.is_some(), "leaves once");
                assert!(self.relays.keys().any(|(id, _)| *id == session));
            }
            Effect::ChangeRights {
                session,
                operator,
                rights,
            } => {
                let streams = self.relays.get_mut(&(session, operator));
                streams.expect("one who takes part").rights = rights;
            }
            Effect::FilmDriver { session, driver } => {
                assert!(self.relays.keys().any(|(id, _)| *id == session));
                let noted = (self.life, driver);
                let before = self.film_driver.insert(session, noted.clone());
                assert_ne!(before, Some(noted), "a change is noted once");
            }
            Effect::Withhold { session, withheld } => {
                assert!(self.relays.keys().any(|(id, _)| *id == session));
                let noted = (self.life, withheld);
                let before = self.film_withheld.insert(session, noted);
                assert_ne!(before, Some(noted), "a change is noted once");
            }
            Effect::FilmMark { session, .. }
            | Effect::FilmWatched { session, .. }
            | Effect::FilmFiles { session, .. }
            | Effect::FilmNote { session, .. } => {
                assert!(self.relays.keys().any(|(id, _)| *id == session));
            }
            Effect::FilmChat { session, line } => {
                assert!(self.relays.keys().any(|(id, _)| *id == session));
                let is_user = line.name.starts_with("user");
                assert_eq!(is_user, line.author == ChatAuthor::User);
                self.filmed.push((self.life, line.text.to_string()));
            }
            Effect::EndRelay { session, .. } => {
                let before = self.relays.len();
                self.relays.retain(|(id, _), _| *id != session);
                assert!(self.relays.len() < before, "ends what ran");
                *self.ended.entry(session).or_insert(0) += 1;
            }
            other => panic!("not of the relay: {other:?}"),
        }
    }

    /// A peer broke the protocol.
    fn cut(&mut self, id: PeerId) {
        trace!("the hub cuts {id}");
        self.directory.left(id, Departure::Cut, moment(self.now));
        let of_host = |host: &Host| host.line.as_ref().and_then(|l| l.peer) == Some(id);
        if let Some(host) = self.hosts.iter().position(of_host) {
            self.hosts[host].faults.push("cut by the hub".to_owned());
            self.hosts[host].line = None;
            let steps = self.hosts[host].side.give_up();
            self.host_does(host, steps);
            return;
        }
        let of_console = |c: &Console| c.line.as_ref().and_then(|l| l.peer) == Some(id);
        if let Some(console) = self.consoles.iter().position(of_console) {
            let hostile = self.consoles[console].hostile;
            assert!(
                self.lies || hostile,
                "a console that keeps the rules is cut"
            );
            self.consoles[console].line = None;
            let steps = self.consoles[console].side.give_up();
            self.console_does(console, steps);
        }
    }

    pub(crate) fn host_line(&mut self, id: PeerId) -> Option<&mut Line<HostToHub, HubToHost>> {
        let mut lines = self.hosts.iter_mut().filter_map(|h| h.line.as_mut());
        lines.find(|line| line.peer == Some(id))
    }

    fn console_line(&mut self, id: PeerId) -> Option<&mut Line<OperatorToHub, HubToOperator>> {
        let mut lines = self.consoles.iter_mut().filter_map(|c| c.line.as_mut());
        lines.find(|line| line.peer == Some(id))
    }
}
