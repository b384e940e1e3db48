//! What keeps whoever sits in front of a host from acting or from seeing while an operator works there.
//!
//! It is up only after the user said yes, and the user can take it down at any moment, without the operator
//! and without the network.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hindrance::Hindrance;

/// One such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Shield {
    /// The user's own keyboard and mouse do nothing.
    Input,
    /// The user's screen is dark.
    Screen,
}

impl Shield {
    pub const ALL: [Self; 2] = [Self::Input, Self::Screen];
}

/// How a shield stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ShieldState {
    #[default]
    Down,
    /// The user is being asked, or has just said yes.
    Asked,
    Up,
    /// The user said no, or took it down.
    Refused,
    /// This host cannot do it.
    Cannot(Hindrance),
}

/// How all of them stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shields {
    pub input: ShieldState,
    pub screen: ShieldState,
}

impl Shields {
    /// How `shield` stands.
    pub fn of(self, shield: Shield) -> ShieldState {
        match shield {
            Shield::Input => self.input,
            Shield::Screen => self.screen,
        }
    }

    /// The same with another state of `shield`.
    #[must_use]
    pub fn with(mut self, shield: Shield, state: ShieldState) -> Self {
        match shield {
            Shield::Input => self.input = state,
            Shield::Screen => self.screen = state,
        }
        self
    }

    /// Whether any is up.
    pub fn any_up(self) -> bool {
        Shield::ALL.iter().any(|s| self.of(*s) == ShieldState::Up)
    }
}

/// For films and logs.
impl fmt::Display for Shield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "the user's keyboard and mouse",
            Self::Screen => "the user's screen",
        })
    }
}
