//! A hub that lies, hosts and an operator that say whatever comes to their mind.

use protocol::control::Name;
use protocol::{
    Companion, EndedBy, Greeting, HostToHub, HostWord, HubToHost, HubToOperator, OperatorToHub,
    OperatorWord, PeerId, Rights, SessionId, TicketRoute, Word, wire,
};

use crate::world::{Line, World, trace};

impl World {
    /// The hub changes, doubles, swaps or makes up what it forwards.
    pub(crate) fn lie(&mut self) {
        self.lies = true;
        match self.dice.below(9) {
            0..=2 => self.change_a_word(),
            3 => self.change_a_greeting(),
            4 => self.double_a_message(),
            5 => self.swap_words(),
            6 => self.tell_a_host(),
            7 => self.tell_a_console(),
            _ => self.ask_for_another(),
        }
    }

    fn change_a_word(&mut self) {
        let (number, bit) = (self.dice.next(), self.dice.below(8));
        let nth = |len: usize| usize::try_from(number).unwrap_or(usize::MAX) % len.max(1);
        let mut words = self.words_under_way();
        let len = words.len();
        if let Some(word) = words.get_mut(nth(len)) {
            let mut body = word.body.to_vec();
            let at = nth(body.len());
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << bit;
            }
            word.body = body.into();
        }
    }

    fn change_a_greeting(&mut self) {
        let (number, bit) = (self.dice.next(), self.dice.below(8));
        let nth = |len: usize| usize::try_from(number).unwrap_or(usize::MAX) % len.max(1);
        let mut greetings = self.greetings_under_way();
        let len = greetings.len();
        if let Some(greeting) = greetings.get_mut(nth(len)) {
            greeting.public[nth(32)] ^= 1 << bit;
        }
    }

    /// The words on their way to hosts and consoles.
    fn words_under_way(&mut self) -> Vec<&mut Word> {
        let mut words = Vec::new();
        for line in self.consoles.iter_mut().filter_map(|c| c.line.as_mut()) {
            words.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToOperator::Said { word, .. } => Some(word),
                _ => None,
            }));
        }
        for line in self.hosts.iter_mut().filter_map(|h| h.line.as_mut()) {
            words.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToHost::Said { word, .. } | HubToHost::ConsentAsked { word, .. } => Some(word),
                _ => None,
            }));
        }
        words
    }

    fn greetings_under_way(&mut self) -> Vec<&mut Greeting> {
        let mut found = Vec::new();
        for line in self.consoles.iter_mut().filter_map(|c| c.line.as_mut()) {
            found.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToOperator::Greeted { greeting, .. } => Some(greeting),
                _ => None,
            }));
        }
        for line in self.hosts.iter_mut().filter_map(|h| h.line.as_mut()) {
            found.extend(line.down.iter_mut().filter_map(|message| match message {
                HubToHost::Greeted { greeting, .. } => Some(greeting),
                _ => None,
            }));
        }
        found
    }

    fn double_a_message(&mut self) {
        let host = self.dice.below(self.hosts.len());
        if let Some(line) = &mut self.hosts[host].line
            && let Some(first) = line.down.front().cloned()
        {
            line.down.push_front(first);
        }
    }

    /// One gets the words that were for another, in the same name or in another one.
    fn swap_words(&mut self) {
        let places: Vec<PeerId> = self.places.keys().copied().collect();
        let somebody = self.dice.pick(places);
        let (from, to) = (
            self.dice.below(self.consoles.len()),
            self.dice.below(self.consoles.len()),
        );
        let first = self.consoles[from].line.as_ref();
        let said = first.and_then(|line| {
            let mut said = line.down.iter();
            said.find(|m| matches!(m, HubToOperator::Said { .. }))
                .cloned()
        });
        if let (Some(said), Some(line)) = (said, &mut self.consoles[to].line) {
            line.down.push_front(said);
        }
        let host = self.dice.below(self.hosts.len());
        let said = self.hosts[host].line.as_mut().and_then(|line| {
            let mut said = line.down.iter_mut();
            said.find_map(|message| match message {
                HubToHost::Said { from, .. } | HubToHost::ConsentAsked { from, .. } => Some(from),
                _ => None,
            })
        });
        if let (Some(said), Some(somebody)) = (said, somebody) {
            *said = somebody;
        }
    }

    /// Something about a session that is not so.
    fn tell_a_host(&mut self) {
        let operators: Vec<PeerId> = self.places.keys().copied().collect();
        let operator = self.dice.pick(operators).unwrap_or(PeerId([9; 16]));
        let host = self.dice.below(self.hosts.len());
        let live = self.hosts[host].session.as_ref().map(|(id, _)| *id);
        let session = live.unwrap_or_else(|| SessionId(self.dice.next() % 9));
        let by = EndedBy::Operator;
        let made_up = match self.dice.below(6) {
            0 => HubToHost::OperatorLeft { session, operator },
            1 => HubToHost::SessionStarted { session },
            2 => HubToHost::SessionEnded { session, by },
            3 => HubToHost::ConsentWithdrawn { session },
            4 => HubToHost::TicketRefused {
                refusal: protocol::RefusalCode::TICKET_WRONG.into(),
            },
            _ => HubToHost::OperatorPresent {
                operator,
                present: self.dice.one_in(2),
            },
        };
        if let Some(line) = &mut self.hosts[host].line {
            line.down.push_back(made_up);
        }
    }

    fn tell_a_console(&mut self) {
        let console = self.dice.below(self.consoles.len());
        let sessions: Vec<SessionId> = self.disk.reports.keys().copied().collect();
        let hosts: Vec<PeerId> = self.disk.hosts.keys().copied().collect();
        let (Some(session), Some(host)) = (self.dice.pick(sessions), self.dice.pick(hosts)) else {
            return;
        };
        let by = EndedBy::Operator;
        let made_up = match self.dice.below(3) {
            0 => HubToOperator::SessionLeft { session, by },
            1 => HubToOperator::SessionStarted { session, host },
            _ => HubToOperator::ConsentPending { session, host },
        };
        if let Some(line) = &mut self.consoles[console].line {
            line.down.push_back(made_up);
        }
    }

    /// A question that somebody asked is put again, as if another operator asked it.
    fn ask_for_another(&mut self) {
        let places: Vec<PeerId> = self.places.keys().copied().collect();
        let Some(somebody) = self.dice.pick(places) else {
            return;
        };
        let host = self.dice.below(self.hosts.len());
        let Some(line) = &mut self.hosts[host].line else {
            return;
        };
        let asked = line.down.iter().find_map(|message| match message {
            HubToHost::ConsentAsked { session, word, .. } => Some((*session, word.clone())),
            _ => None,
        });
        if let Some((session, word)) = asked {
            let from = somebody;
            line.down.push_back(HubToHost::ConsentAsked {
                session,
                from,
                word,
            });
        }
    }

    fn a_word(&mut self, bodies: &[bytes::Bytes]) -> Word {
        let noise = bytes::Bytes::from(self.dice.fill::<9>().to_vec());
        Word {
            number: self.dice.next() % 4,
            body: self
                .dice
                .pick(bodies.iter().cloned().chain([noise]))
                .expect("one"),
            tag: self.dice.fill(),
        }
    }

    fn a_greeting(&mut self) -> Greeting {
        Greeting {
            public: self.dice.fill(),
            answers: [0; 32],
            state: vec![1].into(),
            proof: self.dice.fill(),
        }
    }

    /// A host that says whatever comes to its mind.
    pub(crate) fn host_says_nonsense(&mut self, host: usize) {
        self.hosts[host].hostile = true;
        let session = SessionId(self.dice.next() % 6);
        let operators: Vec<PeerId> = self.disk.operators.keys().copied().collect();
        let to = self.dice.pick(operators).unwrap_or(PeerId([9; 16]));
        let rights = [Rights::SEE, Rights::KNOWN][self.dice.below(2)];
        let stranger = Companion {
            operator: to,
            name: Name::cut("somebody"),
            rights,
        };
        let bodies = [
            body(&HostWord::Answer {
                session,
                granted: Some(rights),
                picture_key: vec![1; 48].into(),
            }),
            body(&HostWord::Reduce { session, rights }),
            body(&HostWord::Company {
                session,
                operators: vec![stranger; 3],
                driver: Some(to),
            }),
            body(&HostWord::ChatOf {
                line: 1,
                operator: Name::cut("somebody"),
                text: "what nobody said".into(),
            }),
            body(&HostWord::BroughtIn {
                session,
                attempt: 1,
                outcome: protocol::BroughtIn::Busy,
            }),
            body(&HostWord::Hindered(protocol::Hindrances {
                screen: Some(protocol::Hindrance::WAYLAND),
                input: None,
            })),
            body(&HostWord::Withheld {
                session,
                withheld: true,
            }),
            body(&HostWord::Equipped {
                session,
                equipment: protocol::Equipment::Monitors(vec![
                    protocol::MonitorPlace {
                        id: 7,
                        left: u32::MAX,
                        top: u32::MAX,
                        width: u32::MAX,
                        height: 0,
                    };
                    protocol::limits::MAX_MONITORS
                ]),
            }),
            body(&HostWord::Line {
                session,
                line: protocol::HostLine {
                    to_hub_millis: u32::MAX,
                    to_operator_millis: u32::MAX,
                    bytes_per_second: Some(0),
                    lost_permille: Some(u16::MAX),
                    busy_percent: u8::MAX,
                },
            }),
        ];
        let word = self.a_word(&bodies);
        let message = match self.dice.below(7) {
            0 => HostToHub::EndSession { session },
            1 => HostToHub::Say { to, word },
            2 => HostToHub::ConfirmTicket {
                proof: vec![1; 32].into(),
            },
            3 => HostToHub::Resume {
                you: to,
                secret: protocol::ResumeSecret(self.dice.fill()),
            },
            4 => HostToHub::SendAway {
                session,
                operator: to,
            },
            5 => HostToHub::OpenTicket {
                route: self.a_route(),
                computer: Name::cut("pc"),
                user: Name::cut("user9"),
                system: Name::cut("Linux"),
                exchange: vec![1; 33].into(),
            },
            _ => HostToHub::Greet {
                to,
                greeting: self.a_greeting(),
            },
        };
        if self.hosts[host].line.is_none() && !self.hosts[host].side.admitted() {
            self.hosts[host].line = Some(Line::new());
        }
        if let Some(line) = &mut self.hosts[host].line {
            line.up.push_back(message);
        }
    }

    /// A ticket that somebody may try.
    fn a_route(&mut self) -> TicketRoute {
        let consoles = self.consoles.iter();
        let known = consoles.flat_map(|console| console.side.open_tickets(0));
        let known: Vec<TicketRoute> = known.map(|(route, _, _)| route).collect();
        let any = TicketRoute::new(1).expect("four digits");
        self.dice.pick(known).unwrap_or(any)
    }

    /// An operator with an account who says whatever comes to its mind, beside what its console says,
    /// or changes that.
    pub(crate) fn operator_says_nonsense(&mut self, console: usize) {
        self.consoles[console].hostile = true;
        if !self.is_logged_in(console) {
            return;
        }
        let session = SessionId(self.dice.next() % 6);
        let rows: Vec<PeerId> = self.consoles[console].own.iter().copied().collect();
        let to = self.dice.pick(rows).unwrap_or(PeerId([9; 16]));
        let bodies = [
            body(&OperatorWord::Ask {
                asked: Rights::KNOWN,
                operator: Name::cut("Operator 0"),
                formats: (1, 1),
            }),
            body(&OperatorWord::BringIn {
                session,
                attempt: 1,
                ticket: vec![1; 28].into(),
            }),
            body(&OperatorWord::Heard { line: 3 }),
        ];
        let word = self.a_word(&bodies);
        let message = match self.dice.below(7) {
            0 => OperatorToHub::Say { to, word },
            5 => OperatorToHub::MarkMoment {
                session,
                text: "here".into(),
                ago_millis: u32::MAX,
            },
            1 => OperatorToHub::StartSession { host: to, word },
            2 => OperatorToHub::EndSession { session },
            3 => OperatorToHub::Greet {
                to,
                greeting: self.a_greeting(),
            },
            _ => return self.spoil_an_exchange(console),
        };
        trace!("console {console} says nonsense {message:?}");
        self.send_up(console, message);
    }

    /// What the console answers for its ticket is made useless on its way.
    pub(crate) fn spoil_an_exchange(&mut self, console: usize) {
        let Some(line) = &mut self.consoles[console].line else {
            return;
        };
        for message in &mut line.up {
            match message {
                OperatorToHub::AnswerTicket { exchange, .. } => *exchange = vec![7; 5].into(),
                OperatorToHub::JudgeTicket {
                    proof: Some(proof), ..
                } => *proof = vec![7; 32].into(),
                _ => {}
            }
        }
    }
}

fn body<W: serde::Serialize>(word: &W) -> bytes::Bytes {
    let frame = wire::encode(word, 1 << 13).expect("a small word");
    frame[wire::PREFIX_BYTES..].to_vec().into()
}
