//! A host is greeted: a channel opens, and what was between the two goes on.

use protocol::{EndedBy, Greeting, HostState, OperatorToHub, OperatorWord, PeerId, SessionId};

use super::{ConsoleNews, ConsoleSide, ConsoleStep, NotStarted, Outside, Running};
use crate::channel::{Ends, Opening};

impl ConsoleSide {
    /// Something that came in a session's lanes was not what the host sent.
    pub fn forged(&mut self, session: SessionId) -> Vec<ConsoleStep> {
        match self.host_of(session) {
            Some(host) => self.distrust(host),
            None => Vec::new(),
        }
    }

    /// Whether there is a channel to `host`.
    pub fn has_channel_to(&self, host: PeerId) -> bool {
        let known = self.hosts.get(&host);
        known.is_some_and(|known| known.channel.is_some())
    }

    /// Opens a new channel to a session's host, so that both start afresh.
    pub fn renew(&mut self, session: SessionId, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        match self.host_of(session) {
            Some(host) => self.greet(host, outside),
            None => Vec::new(),
        }
    }

    pub(super) fn greet(&mut self, host: PeerId, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        let random = outside.draw();
        let Some(console) = self.admission.map(|admission| admission.you) else {
            return Vec::new();
        };
        let Some(known) = self.hosts.get_mut(&host).filter(|known| known.present) else {
            return Vec::new();
        };
        let ends = Ends { console, host };
        let (opening, greeting) = Opening::begin(known.pair.clone(), ends, random);
        known.opening = Some(opening);
        known.channel = None;
        vec![ConsoleStep::Send(OperatorToHub::Greet {
            to: host,
            greeting,
        })]
    }

    pub(super) fn greeted(&mut self, host: PeerId, greeting: &Greeting) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let Some(opening) = known.opening.take_if(|o| o.is_answered_by(greeting)) else {
            return Vec::new();
        };
        let Ok((channel, state)) = opening.finish(greeting) else {
            return self.distrust(host);
        };
        let HostState {
            computer: _,
            user,
            system: _,
            heard,
            live,
        } = state;
        let lanes = channel.lane_keys();
        known.channel = Some(channel);
        known.met = true;
        known.user = user;
        let lines = known.chat.settle(heard);
        let unheard: Vec<_> = known.chat.unheard().collect();
        let mut steps = self.pause(host);
        if lines > 0 {
            steps.push(ConsoleStep::Tell(ConsoleNews::ChatHeard { host, lines }));
        }
        if let Some(told) = live {
            let session = told.session;
            match self.session_with(host, session) {
                // the operator has ended it, which the host has not heard
                Some(live) if live.ending => {
                    steps.push(ConsoleStep::Send(OperatorToHub::EndSession { session }));
                }
                Some(live) => {
                    live.paused = false;
                    live.rights = live.rights.common_with(told.rights);
                    let rights = live.rights;
                    steps.push(ConsoleStep::Start(Box::new(Running {
                        session,
                        host,
                        rights,
                        lanes,
                        picture_key: live.picture_key.clone(),
                        input_taken: told.input_taken,
                        resumed: true,
                    })));
                    steps.push(ConsoleStep::Rights { session, rights });
                    steps.extend(self.say_rest(session));
                    steps.push(ConsoleStep::Tell(ConsoleNews::SessionResumed { session }));
                }
                // a console that was started anew has no key for its pictures
                None => {
                    steps.push(ConsoleStep::Send(OperatorToHub::EndSession { session }));
                }
            }
        }
        for (line, text) in unheard {
            if let Some(known) = self.hosts.get_mut(&host) {
                steps.extend(known.say(host, &OperatorWord::Chat { line, text }));
            }
        }
        steps.extend(self.send_ask(host));
        steps
    }

    /// What came in the host's name was not the host's: nothing of it counts any more.
    pub(super) fn distrust(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let mut steps = vec![ConsoleStep::Tell(ConsoleNews::Forged { host })];
        if let Some(known) = self.hosts.get_mut(&host) {
            known.opening = None;
            known.channel = None;
            if let Some(ask) = known.ask.take() {
                let why = NotStarted::Forged;
                steps.push(ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }));
                let end = |session| ConsoleStep::Send(OperatorToHub::EndForged { session });
                steps.extend(ask.session.map(end));
            }
        }
        let of_host = self.sessions.iter().filter(|(_, live)| live.host == host);
        let of_host: Vec<SessionId> = of_host.map(|(session, _)| *session).collect();
        for session in of_host {
            steps.extend(self.forget_session(session, EndedBy::Forged, None));
            steps.push(ConsoleStep::Send(OperatorToHub::EndForged { session }));
        }
        steps
    }
}
