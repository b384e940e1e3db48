//! An operator asks to be let in, and the user answers (H5).

use std::time::Duration;

use protocol::{Hindrance, HostToHub, HostWord, OperatorWord, PeerId, Rights, SessionId, Word};

use super::acquaintance::Acquaintance;
use super::{Admitted, HostFault, HostNews, HostSide, HostStep, out_of_place};
use crate::channel::PictureKey;
use crate::grant::Grant;

/// Questions without a yes after which the user is offered to block the operator ...
const FREE_QUESTIONS: u32 = 3;
/// ... and how far apart further ones must be, or they are refused without asking.
const QUESTION_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Question {
    pub(super) session: SessionId,
    pub(super) operator: PeerId,
    asked: Rights,
    pub(super) formats: (u16, u16),
    /// The user's yes, and the key for the session's pictures.
    pub(super) allowed: Option<(Grant, PictureKey)>,
}

impl HostSide {
    pub(super) fn asked(
        &mut self,
        session: SessionId,
        from: PeerId,
        word: &Word,
        now: Duration,
    ) -> Result<Vec<HostStep>, HostFault> {
        let cannot_show = self.hindrances.prevents_session().is_some();
        let admitted = self.admitted_for("ConsentAsked")?;
        let other = admitted.session().is_some_and(|live| live != session);
        // an operator who left and asked again was refused at the hub by a word of ours that was meant
        // for the time before, and asks once more
        let is_again = |q: &Question| (q.session, q.operator) == (session, from);
        let pending = admitted.question.as_ref();
        if other || pending.is_some_and(|q| !is_again(q)) {
            return out_of_place("ConsentAsked");
        }
        let mut steps = Vec::new();
        if let Some(pending) = pending {
            if pending.allowed.is_some() {
                // the answer is under way, and is one to this question, too
                return Ok(Vec::new());
            }
            admitted.question = None;
            steps.push(HostStep::Tell(HostNews::ConsentWithdrawn { session }));
        }
        let operator = from;
        let no = HostStep::Send(HostToHub::SendAway { session, operator });
        let Some(at) = admitted.position(from) else {
            steps.push(no);
            return Ok(steps);
        };
        let operator = &mut admitted.operators[at];
        if operator.part.is_some() {
            return out_of_place("ConsentAsked");
        }
        let (asked, name, formats) = match operator.hear(word) {
            Ok(Some(OperatorWord::Ask {
                asked,
                operator,
                formats,
            })) => (asked, operator, formats),
            Ok(None) => {
                steps.push(no);
                return Ok(steps);
            }
            Ok(Some(_)) | Err(_) => {
                steps.extend(admitted.distrust(at)?);
                steps.push(no);
                return Ok(steps);
            }
        };
        let last = operator.last_question.replace(now);
        operator.questions = operator.questions.saturating_add(1);
        let insistent = operator.questions > FREE_QUESTIONS;
        let too_soon = last.is_some_and(|last| now.saturating_sub(last) < QUESTION_INTERVAL);
        if !asked.has(Rights::SEE) || (insistent && too_soon) || cannot_show {
            // nothing can be granted, or the user has said no often enough
            let refused = HostWord::Answer {
                session,
                granted: None,
                picture_key: bytes::Bytes::new(),
            };
            steps.extend(operator.say(&refused));
            return Ok(steps);
        }
        operator.name = name.clone();
        let brought_by = operator.brought_by.clone();
        let brought_by = brought_by.filter(|_| admitted.live.is_some());
        admitted.question = Some(Question {
            session,
            operator: from,
            asked,
            formats,
            allowed: None,
        });
        steps.push(HostStep::Tell(HostNews::ConsentAsked {
            session,
            operator: name,
            asked: asked.common_with(Rights::KNOWN),
            insistent,
            brought_by,
        }));
        Ok(steps)
    }

    /// The user's answer; one that comes too late is dropped.
    pub fn answer(
        &mut self,
        session: SessionId,
        granted: Option<Rights>,
        random: [u8; 32],
    ) -> Vec<HostStep> {
        let hinders = self
            .hindrances
            .input
            .is_some_and(Hindrance::prevents_acting);
        let granted = granted.map(|rights| {
            if hinders {
                rights.without(Rights::CONTROL)
            } else {
                rights
            }
        });
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let open = |q: &&mut Question| q.session == session && q.allowed.is_none();
        let Some(question) = admitted.question.as_mut().filter(open) else {
            return Vec::new();
        };
        let asks = |o: &&mut Acquaintance| o.is(question.operator);
        let Some(operator) = admitted.operators.iter_mut().find(asks) else {
            return Vec::new();
        };
        let Some(channel) = &mut operator.channel else {
            return Vec::new();
        };
        let grant = granted.map(|rights| Grant::from_answer(question.asked, rights));
        let grant = grant.filter(|grant| grant.rights().has(Rights::SEE));
        let mut sealed = Vec::new();
        match grant {
            Some(grant) => {
                let key = match &admitted.live {
                    Some(live) => live.picture_key.clone(),
                    None => PictureKey::from_random(random),
                };
                sealed = channel.lane_keys().seal_picture_key(session, &key);
                question.allowed = Some((grant, key));
                operator.questions = 0;
            }
            None => admitted.question = None,
        }
        let word = HostWord::Answer {
            session,
            granted: grant.map(Grant::rights),
            picture_key: sealed.into(),
        };
        operator.say(&word).into_iter().collect()
    }

    pub(super) fn withdrawn(&mut self, session: SessionId) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("ConsentWithdrawn")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // the answer "no" may have crossed it on the way
            return Ok(Vec::new());
        };
        let operator = question.operator;
        let mut steps = vec![HostStep::Tell(HostNews::ConsentWithdrawn { session })];
        let may_come_again = admitted.session() == Some(session);
        if may_come_again && question.allowed.is_none() {
            // the hub waits to hear that no answer is under way
            let away = HostToHub::SendAway { session, operator };
            steps.push(HostStep::Send(away));
        }
        Ok(steps)
    }
}

impl Admitted {
    /// The question of `operator`, if there is one, comes to nothing.
    pub(super) fn refuse(&mut self, operator: PeerId) -> Vec<HostStep> {
        let Some(question) = self.question.take_if(|q| q.operator == operator) else {
            return Vec::new();
        };
        let session = question.session;
        vec![
            HostStep::Tell(HostNews::ConsentWithdrawn { session }),
            HostStep::Send(HostToHub::SendAway { session, operator }),
        ]
    }
}
