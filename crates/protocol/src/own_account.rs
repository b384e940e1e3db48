//! What somebody who is logged in asks about their own account, from a console or an administrator's
//! window: the hub knows by the connection whose it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::admin::people::{Line, RecoveryCode, SignInKind};
use crate::control::{Code, Name, Password};
use crate::ids::PeerId;
use crate::refusal::Refusal;

/// Most sign-ins of one answer, the newest first.
pub const MAX_OWN_SIGN_INS: usize = 64;

/// Where a password is asked for, a wrong one counts as a wrong log-in does, and so does a wrong code.
/// The code is one of the second factor or a recovery code; whoever has no second factor gives none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnQuestion {
    Show,
    /// Every other sign-in of the account ends; this one stays.
    ChangePassword {
        password: Password,
        code: Option<Code>,
        new: Password,
    },
    /// Asks for a new second factor, which becomes the account's with [`Self::ConfirmSecondFactor`] and
    /// not before.
    BeginSecondFactor {
        password: Password,
        code: Option<Code>,
    },
    /// A code of the second factor that was shown to this sign-in last.
    ConfirmSecondFactor {
        code: Code,
    },
    /// Recovery codes in place of those that there were.
    RenewRecoveryCodes {
        password: Password,
        code: Code,
    },
    /// Refused where the hub's rules ask for a second factor.
    RemoveSecondFactor {
        password: Password,
        code: Code,
    },
    /// Another sign-in of the account.
    EndSignIn {
        sign_in: PeerId,
    },
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnAnswer {
    Refused(Refusal),
    Account(OwnAccount),
    Done,
    /// To be shown once: an `otpauth://` address, to be drawn as a QR code.
    SecondFactor {
        address: Line,
    },
    /// To be shown once.
    RecoveryCodes {
        codes: Vec<RecoveryCode>,
    },
}

impl fmt::Debug for OwnAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // secrets belong in no log
        match self {
            Self::Refused(refusal) => f.debug_tuple("Refused").field(refusal).finish(),
            Self::Account(account) => f.debug_tuple("Account").field(account).finish(),
            Self::Done => f.write_str("Done"),
            Self::SecondFactor { .. } => f.write_str("SecondFactor(..)"),
            Self::RecoveryCodes { .. } => f.write_str("RecoveryCodes(..)"),
        }
    }
}

/// An account as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAccount {
    /// What is typed at log-in.
    pub name: Name,
    /// What others see.
    pub display_name: Name,
    pub has_second_factor: bool,
    pub recovery_codes_left: u8,
    /// The hub's rules ask this account for a second factor: it can be replaced, and not removed.
    pub must_have_second_factor: bool,
    /// How many characters a new password has at least.
    pub password_chars: u16,
    /// The newest first.
    pub sign_ins: Vec<OwnSignIn>,
}

/// A place where the account is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSignIn {
    pub sign_in: PeerId,
    pub kind: SignInKind,
    /// As it names itself.
    pub program: Name,
    pub address: Name,
    pub since_unix_millis: i64,
    /// When something was last done there, as far as the hub remembers.
    pub last_used_unix_millis: Option<i64>,
    /// The one that asks.
    pub is_this: bool,
}
