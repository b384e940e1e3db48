//! Who may log in, and what they may (B3).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use protocol::admin::people::{Rules, SecondFactorRule, SignInKind};
use protocol::{GroupId, HostId, PeerId, Permissions, RoleId};
use session::authority::{Membership, Standing, Who};
use session::directory::HostStanding;

pub use session::directory::records::AccountId;

/// An account without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// What is typed at log-in.
    pub name: String,
    /// What others see.
    pub display_name: String,
    pub role: RoleId,
    /// Those of the role.
    pub permissions: Permissions,
    pub groups: BTreeSet<GroupId>,
    pub disabled: bool,
    pub has_second_factor: bool,
}

impl Account {
    /// What the desk knows of it.
    pub fn membership(&self) -> Membership {
        Membership {
            permissions: self.permissions,
            groups: self.groups.clone(),
        }
    }

    /// The account as a change speaks of it.
    pub fn named(&self) -> Named {
        Named {
            id: self.id,
            name: self.name.clone(),
        }
    }
}

impl From<&Account> for Who {
    fn from(account: &Account) -> Self {
        Self::Account(Standing {
            id: account.id,
            permissions: account.permissions,
            disabled: account.disabled,
        })
    }
}

/// An account, and its name for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub id: AccountId,
    pub name: String,
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    pub name: String,
    pub display_name: String,
    pub role: RoleId,
    pub groups: BTreeSet<GroupId>,
    pub password_hash: PasswordHash,
}

/// What an account is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedAccount {
    pub name: String,
    pub display_name: String,
    pub role: RoleId,
    pub groups: BTreeSet<GroupId>,
}

/// Argon2id in PHC notation, or nothing where nobody can log in yet. It shows in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl PasswordHash {
    /// No password is right.
    pub fn none() -> Self {
        Self(String::new())
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// SHA-256 of something random that is never kept: an invitation's token, or a recovery code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

/// The secret that makes codes. It shows in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct FactorSecret(pub [u8; 20]);

impl fmt::Debug for FactorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactorSecret")
    }
}

/// A second factor to be set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecondFactor {
    pub secret: FactorSecret,
    pub recovery_codes: Vec<TokenHash>,
}

/// Everything that decides about a log-in.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub account: Account,
    pub hash: PasswordHash,
    pub second_factor: Option<FactorSecret>,
    /// The one that is not taken yet, and until when it is good.
    pub invitation: Option<(TokenHash, i64)>,
    pub rules: Rules,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub peer: PeerId,
    pub account: AccountId,
    pub kind: SignInKind,
    pub program: String,
    pub address: String,
}

/// What decides whether somebody who is signed in may stay so.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    pub disabled: Vec<AccountId>,
    pub passwords: BTreeMap<AccountId, PasswordHash>,
    pub memberships: BTreeMap<AccountId, Membership>,
    /// What was decided about all permanent hosts.
    pub hosts: BTreeMap<HostId, HostStanding>,
    /// Sign-ins that an administrator wants to end.
    pub over: Vec<PeerId>,
}

/// The rules of a new hub.
pub const FIRST_RULES: Rules = Rules {
    second_factor: SecondFactorRule::Optional,
    password_chars: 8,
};

/// Names that differ by case alone are the same.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}
