//! An operator that this host knows, and the words between the two.

use std::time::Duration;

use protocol::control::Name;
use protocol::{HostToHub, HostWord, OperatorWord, PeerId, Word};

use super::chat::Line;
use super::sessions::Part;
use super::{Admitted, HostFault, HostSide, HostStep};
use crate::channel::Channel;
use crate::chat::Chat;
use crate::exchange::PairKey;

/// An operator that this host was paired with.
#[derive(Debug)]
pub(super) struct Acquaintance {
    pub(super) name: Name,
    pub(super) pair: PairKey,
    /// Who brought it in.
    pub(super) brought_by: Option<Name>,
    /// Where the operator stands in the hub's list; known with the first greeting.
    pub(super) peer: Option<PeerId>,
    pub(super) channel: Option<Channel>,
    pub(super) chat: Chat<Line>,
    pub(super) part: Option<Part>,
    /// Questions since the user last said yes, and when the last one came.
    pub(super) questions: u32,
    pub(super) last_question: Option<Duration>,
}

impl HostSide {
    pub(super) fn said(
        &mut self,
        from: PeerId,
        at_unix_seconds: i64,
        word: &Word,
        now: Duration,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("Said")?;
        let Some(at) = admitted.position(from) else {
            return Ok(Vec::new());
        };
        let operator = &mut admitted.operators[at];
        let word = match operator.hear(word) {
            Ok(Some(word)) => word,
            Ok(None) => return Ok(Vec::new()),
            Err(_foreign) => return admitted.distrust(at),
        };
        match word {
            OperatorWord::Chat { line, text } => {
                Ok(admitted.chat_said(at, line, at_unix_seconds, text))
            }
            OperatorWord::Heard { line } => {
                operator.chat.settle(line);
                Ok(Vec::new())
            }
            OperatorWord::BringIn {
                session,
                attempt,
                ticket,
            } => self.bring_in(from, session, attempt, &ticket),
            OperatorWord::Files { session, word } => {
                Ok(admitted.files_said(at, session, word).into_iter().collect())
            }
            OperatorWord::AskSystem { session, attempt } => {
                Ok(admitted.system_asked(at, session, attempt, now))
            }
            OperatorWord::Shield {
                session,
                shield,
                up,
            } => Ok(admitted.shield_wished(at, session, (shield, up), now)),
            OperatorWord::Rest { session, resting } => Ok(admitted.rest(at, session, resting)),
            // a question has a number of its own, from the hub
            OperatorWord::Ask { .. } => admitted.distrust(at),
        }
    }
}

impl Admitted {
    /// Where the operator at `peer` stands among those who are known.
    pub(super) fn position(&self, peer: PeerId) -> Option<usize> {
        self.operators.iter().position(|o| o.is(peer))
    }

    pub(super) fn operator_mut(&mut self, peer: PeerId) -> Option<&mut Acquaintance> {
        self.operators.iter_mut().find(|o| o.is(peer))
    }

    /// Says `word` to the operator at `peer`, if there is a channel.
    pub(super) fn say_to(&mut self, peer: PeerId, word: &HostWord) -> Vec<HostStep> {
        let operator = self.operator_mut(peer);
        operator.and_then(|o| o.say(word)).into_iter().collect()
    }
}

impl Acquaintance {
    pub(super) fn new(
        name: Name,
        pair: PairKey,
        brought_by: Option<Name>,
        chat: Chat<Line>,
    ) -> Self {
        Self {
            name,
            pair,
            brought_by,
            peer: None,
            channel: None,
            chat,
            part: None,
            questions: 0,
            last_question: None,
        }
    }

    /// Whether this is the operator in that place.
    pub(super) fn is(&self, peer: PeerId) -> bool {
        self.peer == Some(peer)
    }

    /// Says `word` if there is a channel; without one the next greeting makes up for it.
    pub(super) fn say(&mut self, word: &HostWord) -> Option<HostStep> {
        let (to, channel) = (self.peer?, self.channel.as_mut()?);
        let word = channel.say(word);
        Some(HostStep::Send(HostToHub::Say { to, word }))
    }

    /// What the operator said; `None` for a word that is not known here, or was said in a channel that
    /// is no more.
    pub(super) fn hear(&mut self, word: &Word) -> Result<Option<OperatorWord>, HostFault> {
        let Some(channel) = &mut self.channel else {
            return Ok(None);
        };
        channel.hear(word).map_err(|_foreign| HostFault::Forged)
    }
}
