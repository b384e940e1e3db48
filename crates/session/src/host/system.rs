//! An operator asks what computer this is, and the user allows that once for each (S2).

use std::time::Duration;

use protocol::{HostWord, PeerId, SessionId, SystemAnswer, SystemInformation};

use super::{Admitted, HostNews, HostSide, HostStep};

/// How long the user's no answers further questions by itself.
const NO_LASTS: Duration = Duration::from_secs(30);

/// Who asks, in which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemQuestion {
    pub session: SessionId,
    pub operator: PeerId,
    pub attempt: u64,
}

/// Whether an operator may be told what computer this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Telling {
    /// The user was not asked.
    #[default]
    Unasked,
    /// The user is being asked, by the question of this number.
    Asked(u64),
    Allowed,
    /// The user said no then.
    Refused(Duration),
}

impl HostSide {
    /// The user's answer to [`HostNews::SystemAsked`]; one that comes too late is dropped.
    pub fn answer_system(
        &mut self,
        operator: PeerId,
        allowed: bool,
        now: Duration,
    ) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(session) = admitted.session() else {
            return Vec::new();
        };
        let part = admitted
            .operator_mut(operator)
            .and_then(|o| o.part.as_mut());
        let Some(part) = part else {
            return Vec::new();
        };
        let Telling::Asked(attempt) = part.telling else {
            return Vec::new();
        };
        let question = SystemQuestion {
            session,
            operator,
            attempt,
        };
        if allowed {
            part.telling = Telling::Allowed;
            return admitted.look_at_system(question);
        }
        part.telling = Telling::Refused(now);
        admitted.answer_system(question, SystemAnswer::Refused)
    }

    /// Tells what was found out for `question`.
    pub fn tell_system(
        &mut self,
        question: SystemQuestion,
        told: &SystemInformation,
    ) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        if admitted.session() != Some(question.session) {
            return Vec::new();
        }
        if admitted.is_withheld() {
            return admitted.answer_system(question, SystemAnswer::Withheld);
        }
        let Some(operator) = admitted.operator_mut(question.operator) else {
            return Vec::new();
        };
        let (Some(part), Some(channel)) = (&mut operator.part, &operator.channel) else {
            return Vec::new();
        };
        if part.telling != Telling::Allowed {
            return Vec::new();
        }
        part.told += 1;
        let number = part.told;
        let keys = channel.lane_keys();
        let Some(sealed) = keys.seal_system(question.session, number, told) else {
            return Vec::new(); // cannot be: it is bounded
        };
        let sealed = sealed.into();
        admitted.answer_system(question, SystemAnswer::Told { number, sealed })
    }
}

impl Admitted {
    /// The operator at `at` asks; the user is asked before the first answer.
    pub(super) fn system_asked(
        &mut self,
        at: usize,
        session: SessionId,
        attempt: u64,
        now: Duration,
    ) -> Vec<HostStep> {
        if self.session() != Some(session) {
            return Vec::new();
        }
        let asking = &mut self.operators[at];
        let (Some(operator), Some(part)) = (asking.peer, &mut asking.part) else {
            return Vec::new();
        };
        let question = SystemQuestion {
            session,
            operator,
            attempt,
        };
        match part.telling {
            Telling::Allowed => self.look_at_system(question),
            Telling::Refused(at) if now.saturating_sub(at) < NO_LASTS => {
                self.answer_system(question, SystemAnswer::Refused)
            }
            // the same question in other words
            Telling::Asked(_) => {
                part.telling = Telling::Asked(attempt);
                Vec::new()
            }
            Telling::Unasked | Telling::Refused(_) => {
                part.telling = Telling::Asked(attempt);
                let name = asking.name.clone();
                vec![HostStep::Tell(HostNews::SystemAsked {
                    session,
                    operator,
                    name,
                })]
            }
        }
    }

    fn look_at_system(&mut self, question: SystemQuestion) -> Vec<HostStep> {
        if self.is_withheld() {
            return self.answer_system(question, SystemAnswer::Withheld);
        }
        vec![HostStep::LookAtSystem(question)]
    }

    fn answer_system(&mut self, question: SystemQuestion, answer: SystemAnswer) -> Vec<HostStep> {
        let SystemQuestion {
            session,
            operator,
            attempt,
        } = question;
        let word = HostWord::System {
            session,
            attempt,
            answer,
        };
        self.say_to(operator, &word)
    }

    pub(super) fn is_withheld(&self) -> bool {
        let live = self.live.as_ref();
        live.and_then(|live| live.withheld).unwrap_or(false)
    }
}
