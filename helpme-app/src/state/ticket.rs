//! The ticket's form (H4).

use host_engine::{ConnectProblem, HostCommand, LostCause};
use protocol::Refusal;
use session::TicketNumber;
use session::ticket::TicketMissing;

/// What is typed, and what came of it. Nothing typed is lost on an error.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketForm {
    /// Digits only.
    pub digits: String,
    pub name: String,
    pub problem: Option<FormProblem>,
}

/// Why there is no helper yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormProblem {
    /// No hub is set.
    NoHub,
    Incomplete,
    /// Nothing was taken of what was pasted.
    Pasted(TicketMissing),
    /// The ticket was tried too often on this computer.
    Spent,
    Refused(Refusal),
    Connect(ConnectProblem),
    Lost(LostCause),
}

impl TicketForm {
    /// Empty, with a name to start from.
    pub fn new(name: &str) -> Self {
        Self {
            digits: String::new(),
            name: name.to_owned(),
            problem: None,
        }
    }

    /// As if the user had typed `ticket`.
    pub(super) fn fill_in(&mut self, ticket: &TicketNumber) {
        self.digits = ticket.to_spoken();
        self.digits.retain(|character| character.is_ascii_digit());
    }

    /// Whether all digits are there.
    pub fn is_complete(&self) -> bool {
        TicketNumber::parse(&self.digits).is_ok()
    }

    /// What to tell the engine; `None`, and the reason in the form, where that is not possible.
    pub(super) fn open(&mut self) -> Option<HostCommand> {
        let Ok(ticket) = TicketNumber::parse(&self.digits) else {
            self.problem = Some(FormProblem::Incomplete);
            return None;
        };
        self.problem = None;
        let user = self.name.trim().into();
        Some(HostCommand::OpenTicket { ticket, user })
    }

    /// The ticket is used up.
    pub(super) fn accepted(&mut self) {
        self.digits.clear();
        self.problem = None;
    }
}
