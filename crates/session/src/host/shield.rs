//! An operator wishes that the user's input is blocked or their screen dark, and the user says yes or no (S2).
//!
//! What is up goes down without a question: by the operator, by the user, and with the session.

use std::time::Duration;

use protocol::{HostWord, Rights, SessionId, Shield, ShieldState, Shields};

use super::{Admitted, HostNews, HostSide, HostStep};

/// How long the user's no answers further questions by itself.
const NO_LASTS: Duration = Duration::from_secs(30);

/// The shields of the session that runs.
#[derive(Debug, Default)]
pub(super) struct Shielding {
    pub(super) shields: Shields,
    /// When the user said no to which.
    refused: Vec<(Shield, Duration)>,
}

impl HostSide {
    /// The user's answer to [`HostNews::ShieldAsked`]; one that comes too late is dropped.
    pub fn answer_shield(&mut self, shield: Shield, allowed: bool, now: Duration) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        let Some(live) = &mut admitted.live else {
            return Vec::new();
        };
        if live.shielding.shields.of(shield) != ShieldState::Asked {
            return Vec::new();
        }
        if allowed {
            // it is told once it is so
            return vec![HostStep::Shield { shield, up: true }];
        }
        live.shielding.refused.push((shield, now));
        admitted.shield_is(shield, ShieldState::Refused)
    }

    /// How a shield stands now, as whoever puts it up and takes it down knows.
    pub fn shield_is(&mut self, shield: Shield, state: ShieldState) -> Vec<HostStep> {
        let Some(admitted) = self.admitted_mut() else {
            return Vec::new();
        };
        admitted.shield_is(shield, state)
    }
}

impl Admitted {
    /// The operator at `at` wishes a shield up or down.
    pub(super) fn shield_wished(
        &mut self,
        at: usize,
        session: SessionId,
        (shield, up): (Shield, bool),
        now: Duration,
    ) -> Vec<HostStep> {
        let is_withheld = self.is_withheld();
        let Some(live) = self.live.as_mut().filter(|live| live.session == session) else {
            return Vec::new();
        };
        let asking = &self.operators[at];
        let part = asking.part.as_ref();
        if !part.is_some_and(|part| part.grant.rights().has(Rights::CONTROL)) {
            return Vec::new();
        }
        let shielding = &mut live.shielding;
        let state = shielding.shields.of(shield);
        if !up {
            // the question, too, is over
            let mut steps = match state {
                ShieldState::Up | ShieldState::Asked => vec![HostStep::Shield { shield, up }],
                ShieldState::Down | ShieldState::Refused | ShieldState::Cannot(_) => Vec::new(),
            };
            if state == ShieldState::Asked {
                steps.extend(self.shield_is(shield, ShieldState::Down));
            }
            return steps;
        }
        let lately = |(which, at): &(Shield, Duration)| {
            *which == shield && now.saturating_sub(*at) < NO_LASTS
        };
        shielding
            .refused
            .retain(|(_, at)| now.saturating_sub(*at) < NO_LASTS);
        match state {
            ShieldState::Down | ShieldState::Refused
                if is_withheld || shielding.refused.iter().any(lately) =>
            {
                // it is told again, so that nobody waits
                shielding.shields = shielding.shields.with(shield, ShieldState::Refused);
                self.tell_shields()
            }
            ShieldState::Down | ShieldState::Refused => {
                let (operator, name) = (asking.peer, asking.name.clone());
                let mut steps = self.shield_is(shield, ShieldState::Asked);
                steps.extend(operator.map(|operator| {
                    HostStep::Tell(HostNews::ShieldAsked {
                        session,
                        operator,
                        name,
                        shield,
                    })
                }));
                steps
            }
            ShieldState::Asked | ShieldState::Up | ShieldState::Cannot(_) => self.tell_shields(),
        }
    }

    fn shield_is(&mut self, shield: Shield, state: ShieldState) -> Vec<HostStep> {
        let Some(live) = &mut self.live else {
            return Vec::new();
        };
        let before = live.shielding.shields;
        live.shielding.shields = before.with(shield, state);
        if live.shielding.shields == before {
            return Vec::new();
        }
        self.tell_shields()
    }

    /// Tells everybody how the shields stand.
    fn tell_shields(&mut self) -> Vec<HostStep> {
        let Some(live) = &self.live else {
            return Vec::new();
        };
        let (session, shields) = (live.session, live.shielding.shields);
        let all = 0..self.operators.len();
        let mut steps: Vec<HostStep> = all.filter_map(|at| self.tell_shields_to(at)).collect();
        steps.push(HostStep::Tell(HostNews::Shields { session, shields }));
        steps
    }

    /// Tells the operator at `at`. One that is out of reach hears of it in its next channel.
    pub(super) fn tell_shields_to(&mut self, at: usize) -> Option<HostStep> {
        let live = self.live.as_ref()?;
        let (session, shields) = (live.session, live.shielding.shields);
        let operator = &mut self.operators[at];
        operator.part.as_ref()?;
        operator.say(&HostWord::Shields { session, shields })
    }

    /// The operators are out of reach: nobody waits for an answer of the user's any more, and nothing is up.
    pub(super) fn drop_shields(&mut self) {
        let Some(live) = &mut self.live else { return };
        for shield in Shield::ALL {
            let shields = &mut live.shielding.shields;
            if let ShieldState::Asked | ShieldState::Up = shields.of(shield) {
                *shields = shields.with(shield, ShieldState::Down);
            }
        }
    }
}
