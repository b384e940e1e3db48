//! The administration's questions about people: accounts, groups, roles, and who is signed in.

use serde::{Deserialize, Serialize};

use super::{Page, Rows};
use crate::control::{Name, Password};
use crate::ids::{AccountId, GroupId, PeerId, RoleId};
use crate::permissions::Permissions;
use crate::text::BoundedText;

/// How many recovery codes come with a second factor.
pub const RECOVERY_CODES: usize = 10;
/// Most groups and most roles of a hub.
pub const MAX_GROUPS: usize = 1000;
pub const MAX_ROLES: usize = 100;

/// An invitation, or the address by which a program makes codes, as a line.
pub type Line = BoundedText<1024>;
/// A recovery code.
pub type RecoveryCode = BoundedText<32>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Those whose name or display name has `search` in it.
    Accounts {
        page: Page,
        search: Name,
        order: AccountOrder,
        descending: bool,
    },
    AddAccount(NewAccount),
    ChangeAccount {
        account: AccountId,
        change: AccountChange,
    },
    /// Closes an account, or opens it again. Whoever is signed in with it is sent away.
    SetDisabled {
        account: AccountId,
        disabled: bool,
    },
    /// Whoever is signed in with the account is sent away.
    SetPassword {
        account: AccountId,
        password: Password,
    },
    /// Gives the account a second factor, in place of the one that it had.
    SetUpSecondFactor {
        account: AccountId,
    },
    /// The account has no second factor any more.
    ResetSecondFactor {
        account: AccountId,
    },
    /// A line by which the person sets up a console and chooses a password, good once. Invitations that
    /// the account had before are good no more.
    Invite {
        account: AccountId,
    },
    /// By name.
    Groups {
        page: Page,
    },
    AddGroup {
        name: Name,
    },
    RenameGroup {
        group: GroupId,
        name: Name,
    },
    /// Its members stay in their other groups.
    RemoveGroup {
        group: GroupId,
    },
    /// The built-in ones first, then by name.
    Roles {
        page: Page,
    },
    AddRole {
        name: Name,
        permissions: Permissions,
    },
    /// Not one that is built in.
    ChangeRole {
        role: RoleId,
        name: Name,
        permissions: Permissions,
    },
    /// Not one that is built in, or that somebody has.
    RemoveRole {
        role: RoleId,
    },
    /// The newest first.
    SignIns {
        page: Page,
    },
    /// Sends whoever it is away; they may sign in again.
    EndSignIn {
        sign_in: PeerId,
    },
    Rules,
    SetRules(Rules),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Accounts(Rows<AccountRow>),
    /// The account that was added.
    AccountAdded {
        account: AccountId,
    },
    /// Never shown again.
    SecondFactor {
        /// An `otpauth://` address, to be drawn as a QR code.
        address: Line,
        recovery_codes: Vec<RecoveryCode>,
    },
    /// Never shown again.
    Invitation {
        line: Line,
        expires_unix_millis: i64,
    },
    Groups(Rows<GroupRow>),
    GroupAdded {
        group: GroupId,
    },
    Roles(Rows<RoleRow>),
    RoleAdded {
        role: RoleId,
    },
    SignIns(Rows<SignInRow>),
    Rules(Rules),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountOrder {
    Name,
    DisplayName,
    Role,
    LastLogIn,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    pub account: AccountId,
    /// What is typed at log-in.
    pub name: Name,
    /// What others see.
    pub display_name: Name,
    pub role: RoleId,
    pub role_name: Name,
    pub groups: Vec<GroupId>,
    /// Without one the account waits for its invitation to be taken.
    pub has_password: bool,
    pub has_second_factor: bool,
    pub recovery_codes_left: u8,
    pub disabled: bool,
    pub signed_in: bool,
    pub last_log_in_unix_millis: Option<i64>,
    /// Until when the invitation that is not taken yet is good.
    pub invited_until_unix_millis: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    pub name: Name,
    /// As the name if it is empty.
    pub display_name: Name,
    pub role: RoleId,
    pub groups: Vec<GroupId>,
    /// Without one nobody can log in before an invitation is taken.
    pub password: Option<Password>,
}

/// What becomes of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    pub name: Name,
    pub display_name: Name,
    pub role: RoleId,
    pub groups: Vec<GroupId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    pub group: GroupId,
    pub name: Name,
    /// New accounts are in it; it cannot be removed or renamed. Programs have a word of their own for it.
    pub built_in: bool,
    pub accounts: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRow {
    pub role: RoleId,
    /// Programs have words of their own for those that are built in.
    pub name: Name,
    pub permissions: Permissions,
    pub built_in: bool,
    pub accounts: u32,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRow {
    pub sign_in: PeerId,
    pub account: AccountId,
    pub name: Name,
    pub display_name: Name,
    pub kind: SignInKind,
    /// As it names itself.
    pub program: Name,
    pub address: Name,
    pub since_unix_millis: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInKind {
    Console,
    Administration,
}

/// What holds for all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub second_factor: SecondFactorRule,
    /// How many characters a new password has at least.
    pub password_chars: u16,
}

/// Who has to give a code after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondFactorRule {
    /// Nobody, also those who have a second factor.
    Off,
    /// Those who have a second factor.
    Optional,
    /// Those too whose role has one of [`Permissions::OF_ADMINISTRATION`]; without one they cannot log in.
    Administrators,
    Everybody,
}
