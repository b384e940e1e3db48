//! Text with a limit that holds from the moment it is parsed.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// A string of at most `MAX` bytes.
///
/// Longer text from a peer is a parse error; longer text of our own is cut at a character boundary.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BoundedText<const MAX: usize>(String);

impl<const MAX: usize> BoundedText<MAX> {
    /// The limit.
    pub const MAX_BYTES: usize = MAX;

    /// Takes `text`, cut to `MAX` bytes at a character boundary.
    pub fn cut(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.len() > MAX {
            let end = (0..=MAX).rev().find(|&i| text.is_char_boundary(i));
            text.truncate(end.unwrap_or(0));
        }
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as an owned string.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Deref for BoundedText<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for BoundedText<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> From<&str> for BoundedText<MAX> {
    fn from(text: &str) -> Self {
        Self::cut(text)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for BoundedText<MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > MAX {
            return Err(serde::de::Error::custom("text is too long"));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_a_character_boundary() {
        assert_eq!(BoundedText::<4>::cut("aaaè").as_str(), "aaa");
        assert_eq!(BoundedText::<5>::cut("aaaè").as_str(), "aaaè");
    }

    #[test]
    fn long_text_from_a_peer_is_refused() {
        let bytes = postcard::to_allocvec("12345").expect("a string serialises");
        assert!(postcard::from_bytes::<BoundedText<4>>(&bytes).is_err());
        assert!(postcard::from_bytes::<BoundedText<5>>(&bytes).is_ok());
    }
}
