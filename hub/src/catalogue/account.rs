//! Who may log in (B3).

use std::fmt;

use session::authority::{Standing, Who};

pub use session::directory::records::AccountId;

/// An account without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// What is typed at log-in.
    pub name: String,
    /// What others see.
    pub display_name: String,
    pub administrator: bool,
    pub disabled: bool,
}

impl From<&Account> for Who {
    fn from(account: &Account) -> Self {
        Self::Account(Standing {
            id: account.id,
            administrator: account.administrator,
            disabled: account.disabled,
        })
    }
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    pub name: String,
    pub display_name: String,
    pub administrator: bool,
    pub password_hash: PasswordHash,
}

/// Argon2id in PHC notation. It shows in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// Names that differ by case alone are the same.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}
