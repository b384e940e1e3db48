//! The sessions that run, and their end (H6).

use protocol::control::Name;
use protocol::files::FilesWord;
use protocol::limits::{MAX_OPERATORS, MAX_WATCHERS};
use protocol::{
    Companion, EndedBy, OperatorToHub, OperatorWord, PeerId, ReportFacts, Rights, SessionId,
};

use super::{ConsoleNews, ConsoleSide, ConsoleStep, NotStarted, Running, SystemTold};
use crate::channel::PictureKey;
use crate::ticket::TicketNumber;

#[derive(Debug)]
pub(super) struct Live {
    pub(super) host: PeerId,
    pub(super) rights: Rights,
    pub(super) picture_key: PictureKey,
    pub(super) paused: bool,
    /// The host's user has paused.
    pub(super) withheld: bool,
    /// Whether the operator has paused; `None` if that never was.
    pub(super) resting: Option<bool>,
    /// The question what computer it is that has no answer, and how many there were.
    pub(super) asks_system: Option<u64>,
    pub(super) system_asked: u64,
    /// The operator ended it, and the hub has not said so yet.
    pub(super) ending: bool,
}

impl ConsoleSide {
    /// Ends a session, or takes a question back. Out of reach it ends here at once; the hub hears of
    /// it when it is in reach again.
    pub fn end(&mut self, session: SessionId) -> Vec<ConsoleStep> {
        if !self.connected {
            return self.forget_session(session, EndedBy::Operator, None);
        }
        let mut asks = self.hosts.values().filter_map(|known| known.ask.as_ref());
        match self.sessions.get_mut(&session) {
            Some(live) => live.ending = true,
            None if asks.any(|ask| ask.is(session)) => {}
            None => return Vec::new(), // it is over
        }
        let mut steps = vec![ConsoleStep::Send(OperatorToHub::EndSession { session })];
        for (host, known) in &mut self.hosts {
            if known.ask.take_if(|ask| ask.is(session)).is_some() {
                let (host, why) = (*host, NotStarted::Withdrawn);
                steps.push(ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }));
            }
        }
        steps
    }

    /// Gives the host the ticket of a colleague, who may ask to be let in then (O11); `false` if there is
    /// no line to the host now.
    pub fn bring_in(
        &mut self,
        session: SessionId,
        ticket: &TicketNumber,
    ) -> (Vec<ConsoleStep>, bool) {
        let host = self.host_of(session);
        let known = host.and_then(|host| Some((host, self.hosts.get_mut(&host)?)));
        let Some((host, known)) = known else {
            return (Vec::new(), false);
        };
        let Some(channel) = &known.channel else {
            return (Vec::new(), false);
        };
        known.brought += 1;
        let attempt = known.brought;
        let sealed = channel.lane_keys().seal_ticket(session, attempt, ticket);
        let word = OperatorWord::BringIn {
            session,
            attempt,
            ticket: sealed.into(),
        };
        (known.say(host, &word).into_iter().collect(), true)
    }

    /// Says `word` to the session's host, if there is a line to it.
    pub fn say_files(&mut self, session: SessionId, word: FilesWord) -> Vec<ConsoleStep> {
        let host = self.host_of(session);
        let known = host.and_then(|host| Some((host, self.hosts.get_mut(&host)?)));
        let said =
            known.and_then(|(host, known)| known.say(host, &OperatorWord::Files { session, word }));
        said.into_iter().collect()
    }

    pub(super) fn started(&mut self, session: SessionId, host: PeerId) -> Vec<ConsoleStep> {
        let end = ConsoleStep::Send(OperatorToHub::EndSession { session });
        let Some(known) = self.hosts.get_mut(&host) else {
            return vec![end];
        };
        let asked = known.ask.take_if(|ask| ask.is(session));
        let Some(ask) = asked else {
            return vec![end]; // taken back in the same moment, or never asked for
        };
        let (Some((rights, picture_key)), Some(channel)) = (ask.answer, &known.channel) else {
            // the hub says that it runs, the host never did
            let end = ConsoleStep::Send(OperatorToHub::EndForged { session });
            let why = NotStarted::Forged;
            let refused = ConsoleNews::SessionRefused { host, why };
            return vec![end, ConsoleStep::Tell(refused)];
        };
        let running = Running {
            session,
            host,
            rights,
            lanes: channel.lane_keys(),
            picture_key: picture_key.clone(),
            input_taken: 0,
            resumed: false,
        };
        let live = Live {
            host,
            rights,
            picture_key,
            paused: false,
            withheld: false,
            resting: None,
            asks_system: None,
            system_asked: 0,
            ending: false,
        };
        self.sessions.insert(session, live);
        vec![ConsoleStep::Start(Box::new(running))]
    }

    /// The user took rights back.
    pub(super) fn reduced(
        &mut self,
        host: PeerId,
        session: SessionId,
        rights: Rights,
    ) -> Vec<ConsoleStep> {
        let Some(live) = self.session_with(host, session) else {
            return Vec::new();
        };
        let before = live.rights;
        live.rights = before.common_with(rights);
        let rights = live.rights;
        if rights == before {
            return Vec::new();
        }
        let changed = ConsoleNews::RightsChanged { session, rights };
        vec![
            ConsoleStep::Rights { session, rights },
            ConsoleStep::Tell(changed),
        ]
    }

    /// The user has paused, or goes on; told when it is news.
    pub(super) fn withheld(
        &mut self,
        host: PeerId,
        session: SessionId,
        withheld: bool,
    ) -> Vec<ConsoleStep> {
        let live = self.session_with(host, session);
        let is_news =
            live.is_some_and(|live| std::mem::replace(&mut live.withheld, withheld) != withheld);
        let news = ConsoleStep::Tell(ConsoleNews::Withheld { session, withheld });
        is_news.then_some(news).into_iter().collect()
    }

    pub(super) fn company(
        &mut self,
        host: PeerId,
        session: SessionId,
        mut operators: Vec<Companion>,
        driver: Option<PeerId>,
    ) -> Vec<ConsoleStep> {
        if self.session_with(host, session).is_none() {
            return Vec::new();
        }
        operators.truncate(MAX_OPERATORS);
        vec![ConsoleStep::Tell(ConsoleNews::Company {
            session,
            operators,
            driver,
        })]
    }

    pub(super) fn pause(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        for (session, live) in &mut self.sessions {
            if live.host == host && !std::mem::replace(&mut live.paused, true) {
                let session = *session;
                steps.push(ConsoleStep::Pause { session });
                steps.push(ConsoleStep::Tell(ConsoleNews::SessionPaused { session }));
                if live.asks_system.take().is_some() {
                    let told = SystemTold::NotConnected;
                    steps.push(ConsoleStep::Tell(ConsoleNews::System { session, told }));
                }
            }
        }
        steps
    }

    /// This operator's part is over, the session is not.
    pub(super) fn left(&mut self, session: SessionId, by: EndedBy) -> Vec<ConsoleStep> {
        if self.sessions.remove(&session).is_none() {
            return Vec::new();
        }
        vec![
            ConsoleStep::Stop { session },
            ConsoleStep::Tell(ConsoleNews::SessionLeft { session, by }),
        ]
    }

    pub(super) fn watched(&mut self, session: SessionId, mut by: Vec<Name>) -> Vec<ConsoleStep> {
        if !self.sessions.contains_key(&session) {
            return Vec::new();
        }
        by.truncate(MAX_WATCHERS);
        vec![ConsoleStep::Tell(ConsoleNews::Watched { session, by })]
    }

    pub(super) fn forget_session(
        &mut self,
        session: SessionId,
        by: EndedBy,
        facts: Option<ReportFacts>,
    ) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        if self.sessions.remove(&session).is_some() {
            steps.push(ConsoleStep::Stop { session });
        } else if facts.is_none() {
            return steps;
        }
        for known in self.hosts.values_mut() {
            known.ask.take_if(|ask| ask.is(session));
        }
        let ended = ConsoleNews::SessionEnded { session, by, facts };
        steps.push(ConsoleStep::Tell(ended));
        steps
    }

    pub(super) fn host_of(&self, session: SessionId) -> Option<PeerId> {
        self.sessions.get(&session).map(|live| live.host)
    }

    /// The session, if it is one with `host`: no host speaks for another.
    pub(super) fn session_with(&mut self, host: PeerId, session: SessionId) -> Option<&mut Live> {
        let live = self.sessions.get_mut(&session);
        live.filter(|live| live.host == host)
    }
}
