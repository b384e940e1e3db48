//! A host that this console knows, and the words between the two.

use protocol::control::{ChatText, Name};
use protocol::{ChatAuthor, HostWord, OperatorToHub, OperatorWord, PeerId, Rights, Word};

use super::question::Ask;
use super::{ConsoleNews, ConsoleSide, ConsoleStep};
use crate::channel::{Channel, Opening};
use crate::chat::Chat;
use crate::exchange::PairKey;

/// A host that this console was paired with.
#[derive(Debug)]
pub(super) struct Acquaintance {
    pub(super) pair: PairKey,
    /// Whether a channel was ever opened with this pair key: then the host knows it, too.
    pub(super) met: bool,
    pub(super) present: bool,
    pub(super) opening: Option<Opening>,
    pub(super) channel: Option<Channel>,
    pub(super) user: Name,
    pub(super) chat: Chat<ChatText>,
    pub(super) ask: Option<Ask>,
    /// Colleagues that were to be brought in.
    pub(super) brought: u64,
}

impl ConsoleSide {
    /// A line of chat to a host; `false` if too many wait to be heard or the host is unknown.
    pub fn chat(&mut self, host: PeerId, text: ChatText) -> (Vec<ConsoleStep>, bool) {
        let Some(known) = self.hosts.get_mut(&host) else {
            return (Vec::new(), false);
        };
        let Some(line) = known.chat.write(text.clone()) else {
            return (Vec::new(), false);
        };
        let said = known.say(host, &OperatorWord::Chat { line, text });
        (said.into_iter().collect(), true)
    }

    pub(super) fn said(
        &mut self,
        host: PeerId,
        at_unix_seconds: i64,
        word: &Word,
    ) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        let Some(channel) = &mut known.channel else {
            // said in a channel that is no more
            return Vec::new();
        };
        let Ok(word) = channel.hear::<HostWord>(word) else {
            return self.distrust(host);
        };
        match word {
            Some(word) => self.heard(host, at_unix_seconds, word),
            // a newer host says more than is known here
            None => Vec::new(),
        }
    }

    /// What `host` itself has said.
    fn heard(&mut self, host: PeerId, at_unix_seconds: i64, word: HostWord) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        match word {
            HostWord::Answer {
                session,
                granted,
                picture_key,
            } => self.answered(host, session, granted, &picture_key),
            HostWord::Reduce { session, rights } => self.reduced(host, session, rights),
            HostWord::Chat { line, text } => {
                let name = known.user.clone();
                known.hear_line(host, line, (ChatAuthor::User, name), at_unix_seconds, text)
            }
            HostWord::ChatOf {
                line,
                operator,
                text,
            } => {
                let author = (ChatAuthor::Operator, operator);
                known.hear_line(host, line, author, at_unix_seconds, text)
            }
            HostWord::Company {
                session,
                operators,
                driver,
            } => self.company(host, session, operators, driver),
            HostWord::BroughtIn {
                session,
                attempt,
                outcome,
            } => {
                let is_last = known.brought == attempt;
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::BroughtIn { session, outcome });
                let tell = is_last && is_its_own;
                tell.then_some(news).into_iter().collect()
            }
            HostWord::Heard { line } => {
                let lines = known.chat.settle(line);
                let tell = ConsoleStep::Tell(ConsoleNews::ChatHeard { host, lines });
                (lines > 0).then_some(tell).into_iter().collect()
            }
            HostWord::Hindered(hindrances) => {
                let news = ConsoleNews::HostHindered { host, hindrances };
                vec![ConsoleStep::Tell(news)]
            }
            HostWord::InputTooOld { session, count } => {
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::InputTooOld { session, count });
                is_its_own.then_some(news).into_iter().collect()
            }
            HostWord::InputImpossible { session, count } => {
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::InputImpossible { session, count });
                is_its_own.then_some(news).into_iter().collect()
            }
            HostWord::Files { session, word } => {
                let live = self.session_with(host, session);
                let may = live.is_some_and(|live| live.rights.has(Rights::FILES));
                let step = ConsoleStep::Files { session, word };
                may.then_some(step).into_iter().collect()
            }
            HostWord::System {
                session,
                attempt,
                answer,
            } => self.system_answered(host, session, attempt, answer),
            HostWord::Withheld { session, withheld } => self.withheld(host, session, withheld),
            HostWord::Shields { session, shields } => {
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::Shields { session, shields });
                is_its_own.then_some(news).into_iter().collect()
            }
            HostWord::SharesOnly { session, monitor } => {
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::SharesOnly { session, monitor });
                is_its_own.then_some(news).into_iter().collect()
            }
            HostWord::Equipped { session, equipment } => {
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::Equipped { session, equipment });
                is_its_own.then_some(news).into_iter().collect()
            }
            HostWord::Line { session, line } => {
                let is_its_own = self.session_with(host, session).is_some();
                let news = ConsoleStep::Tell(ConsoleNews::HostLine { session, line });
                is_its_own.then_some(news).into_iter().collect()
            }
        }
    }
}

impl Acquaintance {
    pub(super) fn new(pair: PairKey, chat_base: u64) -> Self {
        Self {
            pair,
            met: false,
            present: false,
            opening: None,
            channel: None,
            user: Name::default(),
            chat: Chat::from_base(chat_base),
            ask: None,
            brought: 0,
        }
    }

    /// Says `word` if there is a channel; without one the next greeting makes up for it.
    pub(super) fn say(&mut self, host: PeerId, word: &OperatorWord) -> Option<ConsoleStep> {
        let word = self.channel.as_mut()?.say(word);
        Some(ConsoleStep::Send(OperatorToHub::Say { to: host, word }))
    }

    /// Tells a line of the chat once, and that it was heard.
    fn hear_line(
        &mut self,
        host: PeerId,
        line: u64,
        (author, name): (ChatAuthor, Name),
        at_unix_seconds: i64,
        text: ChatText,
    ) -> Vec<ConsoleStep> {
        let mut steps = Vec::new();
        if self.chat.hear(line) {
            steps.push(ConsoleStep::Tell(ConsoleNews::ChatReceived {
                host,
                author,
                name,
                at_unix_seconds,
                text,
            }));
        }
        let line = self.chat.heard();
        steps.extend(self.say(host, &OperatorWord::Heard { line }));
        steps
    }
}

#[cfg(test)]
mod tests {
    use protocol::{BroughtIn, Equipment, HostLine, SessionId, Shields};

    use super::*;
    use crate::channel::PictureKey;
    use crate::console::sessions::Live;

    const HONEST: PeerId = PeerId([1; 16]);
    const HOSTILE: PeerId = PeerId([2; 16]);
    const SESSION: SessionId = SessionId(7);

    #[test]
    fn no_host_speaks_of_anothers_session() {
        let mut side = ConsoleSide::default();
        for host in [HONEST, HOSTILE] {
            let pair = PairKey::from_bytes([host.0[0]; 32]);
            side.hosts.insert(host, Acquaintance::new(pair, 0));
        }
        let live = Live {
            host: HONEST,
            rights: Rights::SEE,
            picture_key: PictureKey::from_random([3; 32]),
            paused: false,
            withheld: false,
            resting: None,
            asks_system: None,
            system_asked: 0,
            ending: false,
        };
        side.sessions.insert(SESSION, live);
        let words = || {
            [
                HostWord::InputTooOld {
                    session: SESSION,
                    count: 3,
                },
                HostWord::Withheld {
                    session: SESSION,
                    withheld: true,
                },
                HostWord::BroughtIn {
                    session: SESSION,
                    attempt: 0,
                    outcome: BroughtIn::Busy,
                },
                HostWord::Reduce {
                    session: SESSION,
                    rights: Rights::NONE,
                },
                HostWord::Company {
                    session: SESSION,
                    operators: Vec::new(),
                    driver: None,
                },
                HostWord::Line {
                    session: SESSION,
                    line: HostLine::default(),
                },
                HostWord::Shields {
                    session: SESSION,
                    shields: Shields::default(),
                },
                HostWord::SharesOnly {
                    session: SESSION,
                    monitor: None,
                },
                HostWord::Equipped {
                    session: SESSION,
                    equipment: Equipment::Monitors(Vec::new()),
                },
            ]
        };
        for word in words() {
            let said = format!("{word:?}");
            assert!(side.heard(HOSTILE, 0, word).is_empty(), "{said}");
        }
        for word in words().into_iter().take(4) {
            let said = format!("{word:?}");
            assert!(!side.heard(HONEST, 0, word).is_empty(), "{said}");
        }
    }
}
