//! Two operators and one screen (O10): one asks, both type the word that they told each other, and it goes
//! on as with any host. The word is forgotten with the exchange, and the key with the place.

use protocol::control::{Admission, Name};
use protocol::{OperatorToHub, PeerId, RefusalCode, Rights, ShowingPart};

use super::acquaintance::Acquaintance;
use super::question::Ask;
use super::{ConsoleNews, ConsoleSide, ConsoleStep, NotStarted};
use crate::exchange::{HostAwaitsProof, HostExchange, Meeting, OperatorExchange, PairKey};

/// What is under way.
#[derive(Debug)]
pub(super) struct Showing {
    /// The hub's number; 0 before it has given one.
    number: u64,
    colleague: PeerId,
    name: Name,
    control: bool,
    /// This computer's name and its operating system, as they came with the word.
    computer: (Name, Name),
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// This console asks, for these rights. Its word and the half of the colleague's console come in any
    /// order.
    Asks {
        asked: Rights,
        word: Option<Meeting>,
        half: Option<Vec<u8>>,
    },
    /// Our half is on its way; the colleague's proof is awaited.
    Answered(Rights, OperatorExchange),
    /// The words are the same; the colleague's console comes to its place.
    Proved(Rights, PairKey),
    /// A colleague asks this console, where nothing is typed yet.
    Asked,
    Offered(HostExchange),
    Confirmed(HostAwaitsProof),
    /// The words are the same; the hub gives a place.
    Right(PairKey),
    Over,
}

/// This console shows its screen: whoever runs it comes to the place as a host.
pub struct ShownScreen {
    pub admission: Admission,
    /// Who sees it.
    pub operator: Name,
    pub pair: PairKey,
    /// Whether they may have keyboard and pointer, as their operator was told when the word was typed.
    pub control: bool,
}

impl std::fmt::Debug for ShownScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownScreen")
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

fn tell(news: ConsoleNews) -> ConsoleStep {
    ConsoleStep::Tell(news)
}

fn say(showing: u64, part: ShowingPart) -> ConsoleStep {
    ConsoleStep::Send(OperatorToHub::ShowingPart { showing, part })
}

impl ConsoleSide {
    /// Asks to see the screen of `colleague`, who is in the list by this `name`. Does nothing while another
    /// question is under way.
    pub fn ask_to_see(&mut self, colleague: PeerId, name: Name, asked: Rights) -> Vec<ConsoleStep> {
        if !self.connected {
            let why = NotStarted::NotConnected;
            return vec![tell(ConsoleNews::ShowingOver { colleague, why })];
        }
        if self.showing.is_some() {
            let why = NotStarted::Refused(RefusalCode::COLLEAGUE_BUSY.into());
            return vec![tell(ConsoleNews::ShowingOver { colleague, why })];
        }
        let control = asked.has(Rights::CONTROL);
        self.showing = Some(Showing {
            number: 0,
            colleague,
            name,
            control,
            computer: Default::default(),
            stage: Stage::Asks {
                asked,
                word: None,
                half: None,
            },
        });
        vec![ConsoleStep::Send(OperatorToHub::AskToSee {
            operator: colleague,
            control,
        })]
    }

    pub(super) fn showing_begun(
        &mut self,
        showing: u64,
        operator: PeerId,
        seconds: u32,
    ) -> Vec<ConsoleStep> {
        let ours = self.showing.as_mut();
        let Some(ours) = ours.filter(|ours| ours.number == 0 && ours.colleague == operator) else {
            // taken back before the hub had given it a number
            return vec![ConsoleStep::Send(OperatorToHub::LeaveShowing { showing })];
        };
        ours.number = showing;
        vec![tell(ConsoleNews::ShowingBegun {
            colleague: operator,
            seconds,
        })]
    }

    pub(super) fn showing_asked(
        &mut self,
        showing: u64,
        (colleague, name): (PeerId, Name),
        control: bool,
        seconds: u32,
    ) -> Vec<ConsoleStep> {
        // A question of ours that the hub has not numbered was too late: both asked at once, and this one
        // was first. Its refusal is on the way.
        let mut steps = Vec::new();
        match self.showing.take() {
            None => {}
            Some(ours) if ours.number == 0 => {
                let code = if ours.colleague == colleague {
                    RefusalCode::COLLEAGUE_ASKS
                } else {
                    RefusalCode::COLLEAGUE_BUSY
                };
                let why = NotStarted::Refused(code.into());
                let colleague = ours.colleague;
                steps.push(tell(ConsoleNews::ShowingOver { colleague, why }));
            }
            Some(ours) => {
                // no honest hub asks twice
                self.showing = Some(ours);
                return vec![ConsoleStep::Send(OperatorToHub::LeaveShowing { showing })];
            }
        }
        self.showing = Some(Showing {
            number: showing,
            colleague,
            name: name.clone(),
            control,
            computer: Default::default(),
            stage: Stage::Asked,
        });
        steps.push(tell(ConsoleNews::ShowingAsked {
            colleague,
            name,
            control,
            seconds,
        }));
        steps
    }

    /// The operator typed the word, and agrees to show the screen where they are asked: that of this
    /// `computer`, its name and operating system.
    pub fn give_word(&mut self, word: &str, computer: (Name, Name)) -> Vec<ConsoleStep> {
        let own_name = self.display_name.clone();
        let Some(showing) = &mut self.showing else {
            return Vec::new();
        };
        let number = showing.number;
        match &mut showing.stage {
            Stage::Asks { word: kept, .. } if kept.is_none() => {
                let names = (own_name.as_str(), showing.name.as_str());
                *kept = Some(Meeting::by_word(word, names, showing.control));
                self.answer_half()
            }
            Stage::Asked => {
                let names = (showing.name.as_str(), own_name.as_str());
                let meeting = Meeting::by_word(word, names, showing.control);
                let (exchange, half) = HostExchange::start(meeting);
                showing.computer = computer;
                showing.stage = Stage::Offered(exchange);
                vec![say(number, ShowingPart::Half(half.into()))]
            }
            Stage::Asks { .. }
            | Stage::Answered(..)
            | Stage::Proved(..)
            | Stage::Offered(_)
            | Stage::Confirmed(_)
            | Stage::Right(_)
            | Stage::Over => Vec::new(),
        }
    }

    /// With our word and the colleague's half: our own half.
    fn answer_half(&mut self) -> Vec<ConsoleStep> {
        let Some(showing) = &mut self.showing else {
            return Vec::new();
        };
        let Stage::Asks {
            asked,
            word: Some(word),
            half: Some(half),
        } = &showing.stage
        else {
            return Vec::new();
        };
        match OperatorExchange::answer(word.clone(), half) {
            Ok((exchange, ours)) => {
                showing.stage = Stage::Answered(*asked, exchange);
                vec![say(showing.number, ShowingPart::Half(ours.into()))]
            }
            Err(_malformed) => self.words_differ(),
        }
    }

    pub(super) fn showing_part(&mut self, number: u64, part: ShowingPart) -> Vec<ConsoleStep> {
        let ours = self.showing.as_mut();
        let Some(showing) = ours.filter(|ours| ours.number == number) else {
            return Vec::new();
        };
        match (std::mem::replace(&mut showing.stage, Stage::Over), part) {
            (
                Stage::Asks {
                    asked,
                    word,
                    half: None,
                },
                ShowingPart::Half(half),
            ) => {
                let half = Some(half.to_vec());
                showing.stage = Stage::Asks { asked, word, half };
                self.answer_half()
            }
            (Stage::Offered(exchange), ShowingPart::Half(half)) => match exchange.answer(&half) {
                Ok((awaits, proof)) => {
                    showing.stage = Stage::Confirmed(awaits);
                    vec![say(number, ShowingPart::Proof(proof.into()))]
                }
                Err(_malformed) => self.words_differ(),
            },
            (Stage::Answered(asked, exchange), ShowingPart::Proof(proof)) => {
                match exchange.judge(&proof) {
                    Ok((pair, proof)) => {
                        showing.stage = Stage::Proved(asked, pair);
                        vec![say(number, ShowingPart::Proof(proof.into()))]
                    }
                    Err(_wrong) => self.words_differ(),
                }
            }
            (Stage::Confirmed(awaits), ShowingPart::Proof(proof)) => match awaits.finish(&proof) {
                Ok(pair) => {
                    showing.stage = Stage::Right(pair);
                    let (computer, system) = std::mem::take(&mut showing.computer);
                    vec![say(number, ShowingPart::Right { computer, system })]
                }
                Err(_wrong) => self.words_differ(),
            },
            // said twice, or in no order
            (before, _) => {
                showing.stage = before;
                Vec::new()
            }
        }
    }

    fn words_differ(&mut self) -> Vec<ConsoleStep> {
        self.end_showing(NotStarted::Refused(RefusalCode::WORDS_DIFFER.into()), true)
    }

    /// The operator refuses, or takes the question back.
    pub fn leave_showing(&mut self) -> Vec<ConsoleStep> {
        let mut steps = self.end_showing(NotStarted::Withdrawn, true);
        // the operator knows
        steps.retain(|step| matches!(step, ConsoleStep::Send(_)));
        steps
    }

    pub(super) fn showing_refused(
        &mut self,
        number: u64,
        colleague: PeerId,
        why: NotStarted,
    ) -> Vec<ConsoleStep> {
        let ours = &self.showing;
        let is_ours = |ours: &Showing| ours.number == number && ours.colleague == colleague;
        if !ours.as_ref().is_some_and(is_ours) {
            return Vec::new();
        }
        self.end_showing(why, false)
    }

    /// Nothing comes of what is under way.
    pub(super) fn end_showing(&mut self, why: NotStarted, say_so: bool) -> Vec<ConsoleStep> {
        let Some(ours) = self.showing.take() else {
            return Vec::new();
        };
        let (showing, colleague) = (ours.number, ours.colleague);
        let mut steps = Vec::new();
        if say_so && showing != 0 {
            steps.push(ConsoleStep::Send(OperatorToHub::LeaveShowing { showing }));
        }
        steps.push(tell(ConsoleNews::ShowingOver { colleague, why }));
        steps
    }

    /// This console has a place to show its screen in. Whoever says so before the words were found to be the
    /// same is a hub that lies.
    pub(super) fn showing_admitted(
        &mut self,
        number: u64,
        admission: Admission,
    ) -> Vec<ConsoleStep> {
        let ours = self.showing.take_if(|ours| ours.number == number);
        match ours {
            Some(Showing {
                colleague,
                name: operator,
                control,
                stage: Stage::Right(pair),
                ..
            }) => {
                let shown = Box::new(ShownScreen {
                    admission,
                    operator,
                    pair,
                    control,
                });
                vec![ConsoleStep::Show { colleague, shown }]
            }
            Some(ours) => {
                let (colleague, why) = (ours.colleague, NotStarted::Forged);
                vec![tell(ConsoleNews::ShowingOver { colleague, why })]
            }
            None => Vec::new(),
        }
    }

    /// The colleague's console has come to its place: the question follows the first greeting there.
    pub(super) fn showing_opened(&mut self, number: u64, place: PeerId) -> Vec<ConsoleStep> {
        let Some(ours) = self.showing.take_if(|ours| ours.number == number) else {
            return Vec::new();
        };
        let colleague = ours.colleague;
        let forged = NotStarted::Forged;
        let Stage::Proved(asked, pair) = ours.stage else {
            // the hub says that it is open, and nobody has proved anything
            let why = forged;
            return vec![tell(ConsoleNews::ShowingOver { colleague, why })];
        };
        if self.hosts.contains_key(&place) && !self.opened.contains_key(&place) {
            // another host's place cannot become this one's
            let why = forged;
            return vec![tell(ConsoleNews::ShowingOver { colleague, why })];
        }
        let mut known = Acquaintance::new(pair.clone(), self.chat_base);
        known.ask = Some(Ask::new(asked));
        self.opened.insert(place, pair);
        self.hosts.insert(place, known);
        vec![tell(ConsoleNews::ShowingOpened { colleague, place })]
    }
}
