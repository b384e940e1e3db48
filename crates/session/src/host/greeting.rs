//! An operator greets: a channel opens, and what was between the two goes on. And how it is lost again.

use protocol::{EndedBy, Greeting, Hindrances, HostState, HostToHub, HostWord, LiveState, PeerId};

use super::acquaintance::Acquaintance;
use super::{
    Admitted, HostFault, HostNews, HostSide, HostStep, Outside, Stage, StopCause, out_of_place,
};
use crate::channel::{self, Ends};

impl HostSide {
    pub(super) fn greeted(
        &mut self,
        from: PeerId,
        greeting: &Greeting,
        outside: Outside,
    ) -> Result<Vec<HostStep>, HostFault> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return out_of_place("Greeted");
        };
        let ends = Ends {
            console: from,
            host: admitted.admission.you,
        };
        let session = admitted.session();
        let mut opened = None;
        for (at, operator) in admitted.operators.iter().enumerate() {
            // an operator who has another place now begins anew in the session
            let part = operator.part.as_ref().filter(|_| operator.is(from));
            let live = session.zip(part).map(|(session, part)| LiveState {
                session,
                rights: part.grant.rights(),
                input_taken: outside.input_taken,
            });
            let state = HostState {
                computer: self.caller.computer.clone(),
                user: self.caller.user.clone(),
                system: self.caller.system.clone(),
                heard: operator.chat.heard(),
                live,
            };
            let answer = channel::answer(&operator.pair, ends, greeting, &state, outside.random);
            if let Ok(answer) = answer {
                opened = Some((at, answer));
                break;
            }
        }
        let Some((at, (channel, greeting))) = opened else {
            return match admitted.position(from) {
                Some(at) => admitted.distrust(at),
                // one whose ticket this host never heard to be good
                None => Ok(Vec::new()),
            };
        };
        let (at, mut steps) = admitted.only_one_of(from, at);
        let before = admitted.operators[at].peer;
        if let Some(before) = before {
            // asked in a channel that is no more
            steps.extend(admitted.refuse(before));
        }
        steps.extend(admitted.pause(at));
        if let Some(before) = before.filter(|before| *before != from) {
            steps.extend(admitted.send_off(before, StopCause::By(EndedBy::OperatorLost)));
        }
        steps.push(HostStep::Send(HostToHub::Greet { to: from, greeting }));
        let operator = &mut admitted.operators[at];
        operator.peer = Some(from);
        operator.channel = Some(channel);
        if self.hindrances != Hindrances::NONE {
            steps.extend(operator.say(&HostWord::Hindered(self.hindrances)));
        }
        steps.extend(admitted.resume(at));
        let operator = &mut admitted.operators[at];
        let unheard: Vec<_> = operator.chat.unheard().collect();
        for (line, text) in unheard {
            steps.extend(operator.say_line(line, text));
        }
        Ok(steps)
    }

    pub(super) fn operator_present(
        &mut self,
        operator: PeerId,
        present: bool,
    ) -> Result<Vec<HostStep>, HostFault> {
        let admitted = self.admitted_for("OperatorPresent")?;
        let mut steps = Vec::new();
        if !present {
            let Some(at) = admitted.position(operator) else {
                // an older place of an operator
                return Ok(Vec::new());
            };
            admitted.operators[at].channel = None;
            steps.extend(admitted.pause(at));
            let others = |o: &Acquaintance| o.part.is_some() && o.channel.is_some();
            if admitted.operators.iter().any(others) {
                return Ok(steps);
            }
        }
        steps.push(HostStep::Tell(HostNews::OperatorPresent(present)));
        Ok(steps)
    }
}

impl Admitted {
    /// The operator at `from` has greeted with the key of the acquaintance at `at`. If it was known by
    /// the key of another ticket, that one is over, and hands nothing on: a hub could give two
    /// operators one place. Gives where it is now.
    fn only_one_of(&mut self, from: PeerId, at: usize) -> (usize, Vec<HostStep>) {
        let Some(double) = self.position(from).filter(|double| *double != at) else {
            return (at, Vec::new());
        };
        let mut steps = self.refuse(from);
        steps.extend(self.send_off(from, StopCause::By(EndedBy::OperatorLost)));
        let mut newer = self.operators.remove(at);
        let double = if double > at { double - 1 } else { double };
        newer.chat.skip_to(self.operators[double].chat.last_line());
        self.operators[double] = newer;
        (double, steps)
    }

    /// What came in an operator's name was not the operator's: nothing of it counts until it greets
    /// anew. The others go on; where there are none nothing is left to save.
    pub(super) fn distrust(&mut self, at: usize) -> Result<Vec<HostStep>, HostFault> {
        if self.operators.len() == 1 {
            return Err(HostFault::Forged);
        }
        self.operators[at].channel = None;
        let Some(operator) = self.operators[at].peer else {
            return Ok(Vec::new());
        };
        let mut steps = self.refuse(operator);
        steps.extend(self.send_off(operator, StopCause::Forged));
        Ok(steps)
    }
}
