//! What the hub lets an account do, whatever a user of a host may grant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::rights::Rights;

/// A set of named permissions; a role is a name for one.
///
/// [`Rights`] are another matter: those a user grants to one operator for one session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(u32);

// INVARIANT: these numbers stand in data bases; they never change their meaning.
impl Permissions {
    pub const NONE: Self = Self(0);
    /// Work at the desk with a console, and see screens.
    pub const SEE: Self = Self(1);
    /// Use keyboard and pointer of a host.
    pub const CONTROL: Self = Self(1 << 1);
    /// Send and fetch files.
    pub const FILES: Self = Self(1 << 2);
    /// Open hosts at which nobody sits.
    pub const UNATTENDED: Self = Self(1 << 3);
    /// Watch a session while it runs.
    pub const WATCH_LIVE: Self = Self(1 << 4);
    /// Read everybody's reports, and see their films.
    pub const READ_REPORTS: Self = Self(1 << 5);
    /// Take reports and films out of the hub as files.
    pub const EXPORT: Self = Self(1 << 6);
    /// Change accounts, groups, roles and settings.
    pub const ADMINISTER: Self = Self(1 << 7);

    /// What the built-in role "operator" may do.
    pub const OF_OPERATOR: Self = Self::SEE
        .with(Self::CONTROL)
        .with(Self::FILES)
        .with(Self::UNATTENDED);
    /// What the built-in role "auditor" may do.
    pub const OF_AUDITOR: Self = Self::READ_REPORTS.with(Self::EXPORT);
    /// What the built-in role "administrator" may do.
    pub const OF_ADMINISTRATOR: Self = Self::OF_OPERATOR
        .with(Self::OF_AUDITOR)
        .with(Self::WATCH_LIVE)
        .with(Self::ADMINISTER);
    /// All permissions that this build has a name for.
    pub const KNOWN: Self = Self::OF_ADMINISTRATOR;
    /// Any one of these opens the administration.
    pub const OF_ADMINISTRATION: Self = Self::WATCH_LIVE
        .with(Self::READ_REPORTS)
        .with(Self::EXPORT)
        .with(Self::ADMINISTER);

    /// Every permission and its name.
    pub const NAMES: [(Self, &str); 8] = [
        (Self::SEE, "see"),
        (Self::CONTROL, "control"),
        (Self::FILES, "files"),
        (Self::UNATTENDED, "unattended"),
        (Self::WATCH_LIVE, "watch-live"),
        (Self::READ_REPORTS, "read-reports"),
        (Self::EXPORT, "export"),
        (Self::ADMINISTER, "administer"),
    ];

    /// The set with these bits, as they stand in data bases.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `permissions` are in the set.
    pub const fn has(self, permissions: Self) -> bool {
        permissions.0 & !self.0 == 0
    }

    /// Whether one of `permissions` is in the set.
    pub const fn has_any(self, permissions: Self) -> bool {
        permissions.0 & self.0 != 0
    }

    /// Both together.
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// The set without `less`.
    pub const fn without(self, less: Self) -> Self {
        Self(self.0 & !less.0)
    }

    /// The set with `permissions` or without them.
    pub const fn set(self, permissions: Self, wanted: bool) -> Self {
        if wanted {
            self.with(permissions)
        } else {
            self.without(permissions)
        }
    }

    /// What whoever has these permissions may ask the user of a host for.
    pub fn rights(self) -> Rights {
        let control = self.has(Self::CONTROL);
        let files = self.has(Self::FILES);
        Rights::NONE
            .set(Rights::SEE, self.has(Self::SEE))
            .set(Rights::CONTROL, control)
            .set(Rights::CLIPBOARD, control || files)
            .set(Rights::FILES, files)
    }

    /// The names of what is in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let within = Self::NAMES.into_iter().filter(move |(p, _)| self.has(*p));
        within.map(|(_, name)| name)
    }
}

/// The names, as logs show them: `see+control`.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        if names.is_empty() {
            return f.write_str("nothing");
        }
        f.write_str(&names.join("+"))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({self})")
    }
}

/// What was given is no set of permissions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no permission \"{name}\"; there are see, control, files, unattended, watch-live, read-reports, export and administer"
)]
pub struct UnknownPermission {
    pub name: String,
}

/// Names with `+` or `,` between them.
impl FromStr for Permissions {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let names = text.split(['+', ',']).map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .try_fold(Self::NONE, |set, name| {
                let known = Self::NAMES.into_iter().find(|(_, known)| *known == name);
                match known {
                    Some((permission, _)) => Ok(set.with(permission)),
                    None if name == "nothing" => Ok(set),
                    None => Err(UnknownPermission {
                        name: name.to_owned(),
                    }),
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        for bits in 0..=Permissions::KNOWN.bits() {
            let set = Permissions::from_bits(bits);
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        let unknown = "see, fly".parse::<Permissions>().expect_err("unknown");
        assert_eq!(unknown.name, "fly");
    }

    #[test]
    fn every_permission_has_a_name() {
        let names = Permissions::NAMES.into_iter();
        let all = names.fold(Permissions::NONE, |set, (permission, _)| {
            set.with(permission)
        });
        assert_eq!(all, Permissions::KNOWN);
    }

    #[test]
    fn an_operator_may_ask_for_everything_and_an_auditor_for_nothing() {
        assert_eq!(Permissions::OF_OPERATOR.rights(), Rights::KNOWN);
        assert_eq!(Permissions::OF_AUDITOR.rights(), Rights::NONE);
        assert_eq!(Permissions::SEE.rights(), Rights::SEE);
    }
}
