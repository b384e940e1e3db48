//! Chat of one user with several operators: what one writes is read by all, under one number.

use protocol::control::{ChatText, Name};
use protocol::{HostWord, PeerId};

use super::acquaintance::Acquaintance;
use super::{Admitted, HostNews, HostSide, HostStep};

/// A line of chat on its way to an operator.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The operator who wrote it; `None`: the user.
    author: Option<Name>,
    text: ChatText,
}

impl HostSide {
    /// A line of chat to the operators; `false` if too many wait to be heard or nobody is there.
    pub fn chat(&mut self, text: ChatText) -> (Vec<HostStep>, bool) {
        let Some(admitted) = self.admitted_mut() else {
            return (Vec::new(), false);
        };
        let is_full = |o: &Acquaintance| o.channel.is_some() && !o.chat.has_room();
        if admitted.audience(None).any(|(_, o)| is_full(o)) {
            return (Vec::new(), false);
        }
        let steps = admitted.write(&Line { author: None, text }, None);
        (steps, true)
    }
}

impl Admitted {
    /// The operator at `at` wrote a line: the user reads it, and the other operators.
    pub(super) fn chat_said(
        &mut self,
        at: usize,
        line: u64,
        at_unix_seconds: i64,
        text: ChatText,
    ) -> Vec<HostStep> {
        let operator = &mut self.operators[at];
        let is_new = operator.chat.hear(line);
        let (name, author) = (operator.name.clone(), operator.peer);
        let line = operator.chat.heard();
        let heard = operator.say(&HostWord::Heard { line });
        let mut steps: Vec<HostStep> = heard.into_iter().collect();
        if is_new {
            steps.push(HostStep::Tell(HostNews::ChatReceived {
                operator: name.clone(),
                at_unix_seconds,
                text: text.clone(),
            }));
            let line = Line {
                author: Some(name),
                text,
            };
            steps.extend(self.write(&line, author));
        }
        steps
    }

    /// Those who read what `except` (or the user) writes: who takes part in the session, or, without
    /// one, the operator whose ticket it was.
    fn audience(&self, except: Option<PeerId>) -> impl Iterator<Item = (usize, &Acquaintance)> {
        let in_session = self.live.is_some();
        let operators = self.operators.iter().enumerate();
        operators.filter(move |(at, operator)| {
            let reads = if in_session {
                operator.part.is_some()
            } else {
                *at == 0
            };
            reads && except.is_none_or(|except| !operator.is(except))
        })
    }

    /// Writes a line to those who are to read it, under one number.
    fn write(&mut self, line: &Line, except: Option<PeerId>) -> Vec<HostStep> {
        let readers: Vec<usize> = self.audience(except).map(|(at, _)| at).collect();
        let last = self.last_line();
        let mut steps = Vec::new();
        for at in readers {
            let operator = &mut self.operators[at];
            operator.chat.skip_to(last);
            if let Some(number) = operator.chat.write(line.clone()) {
                steps.extend(operator.say_line(number, line.clone()));
            }
        }
        steps
    }

    /// The highest number of a line that was written here.
    pub(super) fn last_line(&self) -> u64 {
        let last = self.operators.iter().map(|o| o.chat.last_line());
        last.max().unwrap_or(0)
    }
}

impl Acquaintance {
    pub(super) fn say_line(&mut self, line: u64, Line { author, text }: Line) -> Option<HostStep> {
        self.say(&match author {
            None => HostWord::Chat { line, text },
            Some(operator) => HostWord::ChatOf {
                line,
                operator,
                text,
            },
        })
    }
}
