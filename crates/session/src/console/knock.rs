//! **Remote Session** on a permanent host: the operator types its access password (U3).
//!
//! The password is forgotten with the exchange, and the key with the host's place: nothing of it is kept.

use protocol::control::KnockReason;
use protocol::{Code, OperatorToHub, PeerId, Refusal, RefusalCode, Rights};

use super::acquaintance::Acquaintance;
use super::question::Ask;
use super::{ConsoleNews, ConsoleSide, ConsoleStep, NotStarted};
use crate::access::{AccessError, ConsoleKnock};
use crate::exchange::PairKey;

/// A host that is being opened.
#[derive(Debug)]
pub(super) struct Knock {
    /// Tells an answer to this one from an answer to one before.
    number: u64,
    asked: Rights,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Waits for the host's answer.
    Asked(Box<ConsoleKnock>),
    /// Somebody stretches the key.
    Stretching,
    /// The host has the same password; it comes to its place.
    Proved(PairKey),
}

/// The slow part of the exchange, for a thread that nobody waits for.
#[derive(Debug)]
pub struct Stretch {
    host: PeerId,
    number: u64,
    knock: Box<ConsoleKnock>,
    answer: Vec<u8>,
}

/// What came of it.
#[derive(Debug)]
pub struct Stretched {
    host: PeerId,
    number: u64,
    proved: Result<(PairKey, Vec<u8>), AccessError>,
}

impl Stretch {
    /// Does it; takes about a tenth of a second, and 64 MiB meanwhile.
    pub fn run(self) -> Stretched {
        Stretched {
            host: self.host,
            number: self.number,
            proved: self.knock.finish(&self.answer),
        }
    }
}

impl ConsoleSide {
    /// Opens the permanent host at `host` with what was typed, and asks for a session there.
    /// `reason` says why, for the hub's audit log.
    pub fn open_host(
        &mut self,
        host: PeerId,
        password: &str,
        reason: KnockReason,
        asked: Rights,
    ) -> Vec<ConsoleStep> {
        if !self.connected {
            let why = NotStarted::NotConnected;
            return vec![ConsoleStep::Tell(ConsoleNews::HostNotOpened { host, why })];
        }
        self.last_knock += 1;
        let (knock, exchange) = ConsoleKnock::start(password);
        let knock = Knock {
            number: self.last_knock,
            asked,
            stage: Stage::Asked(Box::new(knock)),
        };
        self.knocks.insert(host, knock);
        let exchange = exchange.into();
        vec![ConsoleStep::Send(OperatorToHub::Knock {
            host,
            exchange,
            reason,
        })]
    }

    /// Right before [`Self::open_host`]: a code of the second factor, where the hub wants one.
    pub fn give_knock_code(&self, host: PeerId, code: &str) -> Vec<ConsoleStep> {
        let code = Code(code.into());
        let give = ConsoleStep::Send(OperatorToHub::KnockCode { host, code });
        self.connected.then_some(give).into_iter().collect()
    }

    /// The operator closed the box.
    pub fn give_up_opening(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let proof = None;
        let given_up = self.knocks.remove(&host);
        let tell = |_| ConsoleStep::Send(OperatorToHub::ProveKnock { host, proof });
        given_up.map(tell).into_iter().collect()
    }

    pub(super) fn knock_answered(&mut self, host: PeerId, answer: &[u8]) -> Vec<ConsoleStep> {
        let Some(knock) = self.knocks.get_mut(&host) else {
            return Vec::new();
        };
        match std::mem::replace(&mut knock.stage, Stage::Stretching) {
            Stage::Asked(asked) => vec![ConsoleStep::Stretch(Box::new(Stretch {
                host,
                number: knock.number,
                knock: asked,
                answer: answer.to_vec(),
            }))],
            // said twice
            before @ (Stage::Stretching | Stage::Proved(_)) => {
                knock.stage = before;
                Vec::new()
            }
        }
    }

    /// The key is stretched.
    pub fn stretched(&mut self, stretched: Stretched) -> Vec<ConsoleStep> {
        let Stretched {
            host,
            number,
            proved,
        } = stretched;
        let knock = self.knocks.get_mut(&host);
        let Some(knock) = knock.filter(|knock| knock.number == number) else {
            return Vec::new();
        };
        match proved {
            Ok((pair, proof)) => {
                knock.stage = Stage::Proved(pair);
                let proof = Some(proof.into());
                vec![ConsoleStep::Send(OperatorToHub::ProveKnock { host, proof })]
            }
            Err(AccessError::WrongPassword | AccessError::Malformed) => {
                let mut steps = self.give_up_opening(host);
                let wrong = RefusalCode::HOST_PASSWORD_WRONG.into();
                let why = NotStarted::Refused(wrong);
                steps.push(ConsoleStep::Tell(ConsoleNews::HostNotOpened { host, why }));
                steps
            }
        }
    }

    pub(super) fn knock_refused(&mut self, host: PeerId, refusal: Refusal) -> Vec<ConsoleStep> {
        let why = NotStarted::Refused(refusal);
        let tell = |_| ConsoleStep::Tell(ConsoleNews::HostNotOpened { host, why });
        self.knocks.remove(&host).map(tell).into_iter().collect()
    }

    /// The host has come to its place: the question follows the first greeting there.
    pub(super) fn knock_opened(&mut self, host: PeerId, place: PeerId) -> Vec<ConsoleStep> {
        let knock = self.knocks.remove(&host);
        let Some(Knock {
            asked,
            stage: Stage::Proved(pair),
            ..
        }) = knock
        else {
            // the hub says that it is open, and nobody has proved anything
            let why = NotStarted::Forged;
            let tell = |_| ConsoleStep::Tell(ConsoleNews::HostNotOpened { host, why });
            return knock.map(tell).into_iter().collect();
        };
        if self.hosts.contains_key(&place) && !self.opened.contains_key(&place) {
            // another host's place cannot become this one's
            let why = NotStarted::Forged;
            return vec![ConsoleStep::Tell(ConsoleNews::HostNotOpened { host, why })];
        }
        let mut known = Acquaintance::new(pair.clone(), self.chat_base);
        known.ask = Some(Ask::new(asked));
        self.opened.insert(place, pair);
        self.hosts.insert(place, known);
        vec![ConsoleStep::Tell(ConsoleNews::HostOpened { host, place })]
    }

    /// The line to the hub is gone, and every exchange with it.
    pub(super) fn forget_knocks(&mut self) -> Vec<ConsoleStep> {
        let why = NotStarted::NotConnected;
        let tell = |host| ConsoleStep::Tell(ConsoleNews::HostNotOpened { host, why });
        let over = std::mem::take(&mut self.knocks);
        over.into_keys().map(tell).collect()
    }
}
