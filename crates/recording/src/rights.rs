//! What an operator may do.

use std::fmt;
use std::ops::BitOr;

/// A set of rights.
///
/// A recording of a later program may hold rights that this one has no name for: they are kept, and
/// shown as "other".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u32);

impl Rights {
    pub const NONE: Self = Self(0);
    // INVARIANT: these bits stand in files; they never change their meaning and are never used again.
    pub const SEE: Self = Self(1);
    /// Keyboard and pointer.
    pub const CONTROL: Self = Self(1 << 1);
    pub const FILES: Self = Self(1 << 2);
    pub const CLIPBOARD: Self = Self(1 << 3);

    const NAMED: [(Self, &'static str); 4] = [
        (Self::SEE, "see"),
        (Self::CONTROL, "control"),
        (Self::FILES, "files"),
        (Self::CLIPBOARD, "clipboard"),
    ];

    /// Every combination of bits is a set of rights.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `rights` are among these.
    pub const fn contains(self, rights: Self) -> bool {
        self.0 & rights.0 == rights.0
    }

    /// Those for which this program has no name.
    pub fn other(self) -> Self {
        let named = Self::NAMED
            .iter()
            .fold(0, |bits, (right, _)| bits | right.0);
        Self(self.0 & !named)
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, rights: Self) -> Self {
        Self(self.0 | rights.0)
    }
}

impl FromIterator<Self> for Rights {
    fn from_iter<I: IntoIterator<Item = Self>>(rights: I) -> Self {
        rights.into_iter().fold(Self::NONE, BitOr::bitor)
    }
}

/// The names of the rights; "nothing" where there are none.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMED
            .iter()
            .filter(|(right, _)| self.contains(*right))
            .map(|&(_, name)| name);
        let other = (self.other() != Self::NONE).then_some("other");
        let names: Vec<&str> = named.chain(other).collect();
        if names.is_empty() {
            f.write_str("nothing")
        } else {
            f.write_str(&names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_named_and_later_ones_are_other() {
        let three = Rights::SEE | Rights::FILES | Rights::CLIPBOARD;
        assert_eq!(three.to_string(), "see, files, clipboard");
        assert!(three.contains(Rights::SEE) && !three.contains(Rights::CONTROL));
        assert_eq!(Rights::NONE.to_string(), "nothing");
        let later = Rights::from_bits(1 << 31 | 1 << 4);
        assert_eq!((Rights::SEE | later).to_string(), "see, other");
        assert_eq!((Rights::SEE | later).other(), later);
    }

    #[test]
    fn the_bits_in_the_file_stay_as_they_are() {
        let bits = [
            Rights::SEE,
            Rights::CONTROL,
            Rights::FILES,
            Rights::CLIPBOARD,
        ];
        assert_eq!(bits.map(Rights::bits), [1, 2, 4, 8]);
    }
}
