//! Which versions of the format of updates this build writes and reads.
//!
//! A reset states its version, and the updates after it have the same. Recordings outlive programs, so
//! a version that was ever released stays readable: a new one is added to [`SUPPORTED`], none is
//! taken away. Host and viewers agree on [`newest_common`] of what each of them can.

use std::fmt;
use std::ops::RangeInclusive;

/// A version of the format of updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion(u8);

impl FormatVersion {
    /// Tiles, moves, photos and one video.
    pub const V3: Self = Self(3);
    /// Photos that are written and read several times as fast, where bytes need not be spared.
    pub const V4: Self = Self(4);
    /// Large videos of fewer pixels than their rectangles.
    pub const V5: Self = Self(5);
    /// What an encoder writes unless it is told otherwise.
    pub const NEWEST: Self = Self::V5;

    /// Any version, also one that this build does not know: a peer may.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// How messages and updates state it.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// This version, if it is in [`SUPPORTED`].
    ///
    /// # Errors
    ///
    /// [`UnsupportedVersion`] if it is not.
    pub fn supported(self) -> Result<Self, UnsupportedVersion> {
        if SUPPORTED.contains(&self) {
            Ok(self)
        } else {
            Err(UnsupportedVersion { version: self })
        }
    }
}

/// The versions that this build's encoder writes and its decoder reads.
pub const SUPPORTED: RangeInclusive<FormatVersion> = FormatVersion::V3..=FormatVersion::NEWEST;

/// The newest version in both ranges; `None` if they have none in common.
///
/// A range whose first version is after its last, as a peer may state it, has nothing in common with
/// any.
pub fn newest_common(
    ours: &RangeInclusive<FormatVersion>,
    theirs: &RangeInclusive<FormatVersion>,
) -> Option<FormatVersion> {
    let newest = *ours.end().min(theirs.end());
    (ours.contains(&newest) && theirs.contains(&newest)).then_some(newest)
}

/// A version is not among those that this build knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("format version {version}, this codec knows {known}", known = Known)]
pub struct UnsupportedVersion {
    pub version: FormatVersion,
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The versions of [`SUPPORTED`] in words.
struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (oldest, newest) = SUPPORTED.into_inner();
        if oldest == newest {
            write!(f, "{newest}")
        } else {
            write!(f, "{oldest} to {newest}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u8, last: u8) -> RangeInclusive<FormatVersion> {
        FormatVersion::new(first)..=FormatVersion::new(last)
    }

    #[test]
    fn two_sides_agree_on_the_newest_version_that_both_know() {
        for (ours, theirs, common) in [
            ((3, 3), (3, 3), Some(3)),
            ((3, 5), (3, 4), Some(4)),
            ((3, 4), (4, 9), Some(4)),
            ((2, 9), (4, 5), Some(5)),
            ((0, 255), (255, 255), Some(255)),
            ((3, 4), (5, 6), None),
            ((5, 6), (3, 4), None),
            // no peer of ours states this
            ((3, 5), (5, 3), None),
            ((3, 5), (9, 4), None),
            ((9, 3), (9, 3), None),
        ] {
            let (ours, theirs) = (range(ours.0, ours.1), range(theirs.0, theirs.1));
            let common = common.map(FormatVersion::new);
            assert_eq!(newest_common(&ours, &theirs), common, "{ours:?} {theirs:?}");
            assert_eq!(newest_common(&theirs, &ours), common, "{theirs:?} {ours:?}");
        }
    }

    #[test]
    fn the_newest_version_is_known_and_an_unknown_one_is_named_with_those_that_are() {
        let newest = FormatVersion::NEWEST;
        assert_eq!(newest.supported(), Ok(newest));
        let error = FormatVersion::new(200).supported().expect_err("not yet");
        assert_eq!(
            error.to_string(),
            "format version 200, this codec knows 3 to 5"
        );
    }
}
