//! The ticket's form (H4).

use host_engine::{ConnectProblem, HostCommand, HubAddress, LostCause};
use protocol::Refusal;
use session::TicketNumber;
use session::ticket::TicketMissing;
use ui_kit::Examination;

/// What is typed, and what came of it. Nothing typed is lost on an error.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketForm {
    /// Digits only.
    pub digits: String,
    pub name: String,
    pub problem: Option<FormProblem>,
    /// What the doctor found about a connection that failed.
    pub inquiry: Option<Inquiry>,
}

/// Why there is no connection, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Inquiry {
    pub examination: Examination,
    /// The technical part is shown.
    pub details_shown: bool,
    /// It was copied.
    pub copied: bool,
}

impl Inquiry {
    pub fn new(hub: HubAddress) -> Self {
        Self {
            examination: Examination::new(hub),
            details_shown: false,
            copied: false,
        }
    }
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

impl FormProblem {
    /// Whether looking at the ways to the hub can tell more.
    pub fn is_of_the_way(&self) -> bool {
        let Self::Connect(problem) = self else {
            return false;
        };
        match problem {
            ConnectProblem::UnknownName { .. }
            | ConnectProblem::NoAnswer { .. }
            | ConnectProblem::ForeignKey
            | ConnectProblem::Certificate { .. }
            | ConnectProblem::Proxy(_)
            | ConnectProblem::ProxyScript
            | ConnectProblem::Failed { .. } => true,
            ConnectProblem::FalseConsole
            | ConnectProblem::OtherVersion { .. }
            | ConnectProblem::Refused(_)
            | ConnectProblem::Nonsense => false,
        }
    }
}

impl TicketForm {
    /// Empty, with a name to start from.
    pub fn new(name: &str) -> Self {
        Self {
            digits: String::new(),
            name: name.to_owned(),
            problem: None,
            inquiry: None,
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
        (self.problem, self.inquiry) = (None, None);
        let user = self.name.trim().into();
        Some(HostCommand::OpenTicket { ticket, user })
    }

    /// The ticket is used up.
    pub(super) fn accepted(&mut self) {
        self.digits.clear();
        (self.problem, self.inquiry) = (None, None);
    }
}
