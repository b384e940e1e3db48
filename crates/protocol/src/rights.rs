//! What an operator may do on a host.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of named rights; asked for by the operator, granted by the user (H5).
///
/// Rights of a newer peer are read and carried along, so the set can grow without a new version of
/// the protocol; nobody grants what it has no name for ([`Rights::KNOWN`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(u32);

// INVARIANT: these numbers stand in films and data bases; they never change their meaning.
impl Rights {
    pub const NONE: Self = Self(0);
    /// See the screen. Without it there is no session.
    pub const SEE: Self = Self(1);
    /// Use keyboard and pointer.
    pub const CONTROL: Self = Self(1 << 1);
    /// Send and fetch files.
    pub const FILES: Self = Self(1 << 2);
    /// Share the clipboard.
    pub const CLIPBOARD: Self = Self(1 << 3);

    /// See and control, what most assistance needs.
    pub const SEE_AND_CONTROL: Self = Self::SEE.with(Self::CONTROL);
    /// All rights that this build has a name for.
    pub const KNOWN: Self = Self::SEE_AND_CONTROL
        .with(Self::FILES)
        .with(Self::CLIPBOARD);

    const NAMES: [(Self, &str); 4] = [
        (Self::SEE, "see"),
        (Self::CONTROL, "control"),
        (Self::FILES, "files"),
        (Self::CLIPBOARD, "clipboard"),
    ];

    /// The set with these bits, as they stand in films and data bases.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `rights` are in the set.
    pub const fn has(self, rights: Self) -> bool {
        rights.is_within(self)
    }

    /// Whether `self` holds nothing that `other` lacks.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Both together.
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// The set without `less`.
    pub const fn without(self, less: Self) -> Self {
        Self(self.0 & !less.0)
    }

    /// What is in both.
    pub const fn common_with(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set with `rights` or without them.
    pub const fn set(self, rights: Self, wanted: bool) -> Self {
        if wanted {
            self.with(rights)
        } else {
            self.without(rights)
        }
    }
}

/// The names, as logs show them: `see+control`.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (right, name) in Self::NAMES {
            if self.has(right) {
                if !first {
                    f.write_str("+")?;
                }
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_a_set() {
        let all = Rights::SEE_AND_CONTROL;
        assert!(all.has(Rights::SEE) && !all.has(Rights::FILES));
        assert!(Rights::SEE.is_within(all) && !all.is_within(Rights::SEE));
        assert_eq!(all.without(Rights::CONTROL), Rights::SEE);
        assert_eq!(Rights::SEE.set(Rights::CONTROL, true), all);
        assert_eq!(all.to_string(), "see+control");
    }

    #[test]
    fn a_right_from_the_future_is_carried_and_not_known() {
        let future = Rights::from_bits(1 << 30);
        assert_eq!(future.common_with(Rights::KNOWN), Rights::NONE);
        let bytes = postcard::to_allocvec(&future).expect("a number serialises");
        assert_eq!(postcard::from_bytes(&bytes), Ok(future));
    }
}
