//! What an administrator's window and the hub say to each other, on the control stream.
//!
//! After the sign-in the window asks numbered questions, several at a time if it likes, and the hub
//! answers each of them once, in any order. Each area of the administration has a module with its
//! questions, its answers and the rows that both are made of.

pub mod audit;
pub mod desk;
pub mod films;
pub mod hosts;
pub mod people;
pub mod reports;
pub mod settings;

use serde::{Deserialize, Serialize};

use crate::control::{Code, Name, Password};
use crate::invitation::InvitationToken;
use crate::own_account::{OwnAnswer, OwnQuestion};
use crate::refusal::Refusal;

/// What an administrator's window says to the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdminToHub {
    /// First message after the hellos.
    SignIn { user: Name, password: Password },
    /// `number` comes back with the answer; the window counts.
    Ask { number: u32, question: Question },
    /// Leave in good order.
    Leave,
    /// Answer to [`HubToAdmin::CodeWanted`].
    GiveCode { code: Code },
    /// In place of `SignIn`: the account has this password from now on, and the invitation is used up.
    AcceptInvitation {
        user: Name,
        token: InvitationToken,
        password: Password,
    },
}

/// What the hub says to an administrator's window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HubToAdmin {
    SignedIn {
        /// The administrator's own name.
        name: Name,
    },
    /// Another try on the same connection is welcome.
    SignInRefused {
        refusal: Refusal,
    },
    Answered {
        number: u32,
        answer: Answer,
    },
    /// The hub ends the connection after this.
    Goodbye {
        refusal: Refusal,
    },
    /// The password is right, and a code of the second factor is wanted. A wrong one ends the try.
    CodeWanted,
}

/// What is asked or ordered, by area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    Desk(desk::Question),
    Reports(reports::Question),
    Films(films::Question),
    People(people::Question),
    Audit(audit::Question),
    Settings(settings::Question),
    Hosts(hosts::Question),
    /// About the account of whoever asks.
    Own(OwnQuestion),
}

/// What comes back, of the area that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Refused(Refusal),
    Desk(desk::Answer),
    Reports(reports::Answer),
    Films(films::Answer),
    People(people::Answer),
    Audit(audit::Answer),
    Settings(settings::Answer),
    Hosts(hosts::Answer),
    Own(OwnAnswer),
}

/// Which rows of a long list: those from `first` on, counted from 0 in the order asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Page {
    pub first: u32,
    /// How many at most; the hub gives no more than [`Page::MOST`].
    pub rows: u16,
}

impl Page {
    /// Most rows of one answer.
    pub const MOST: u16 = 256;

    /// How many rows to give.
    pub fn limit(self) -> u16 {
        self.rows.min(Self::MOST)
    }
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows<T> {
    /// How many rows the whole list has.
    pub total: u32,
    /// The number of the first of `rows` in the list.
    pub first: u32,
    pub rows: Vec<T>,
}
