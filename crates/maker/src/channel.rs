//! The channel: which versions there are, as the maker says and signs.
//!
//! It is the file [`CHANNEL_FILE`] with its signature beside it, and reaches a client through any hands: a hub that
//! was broken into can keep it back, and can neither change it nor bring an older one.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::signed::{MakerKeys, Mistrust};

/// What the maker calls it.
pub const CHANNEL_FILE: &str = "channel.json";
/// The largest that is read, in bytes.
pub const MAX_CHANNEL_BYTES: usize = 64 * 1024;
/// Most programs that one lists.
const MAX_LISTED: usize = 64;
/// The longest name of a program's file, in bytes.
const MAX_FILE_NAME_BYTES: usize = 64;

/// The newest versions of all programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Grows with each channel that the maker signs.
    pub serial: u64,
    /// When it was made, in seconds since the Unix epoch.
    pub unix_seconds: u64,
    pub programs: Vec<Listed>,
}

/// One program of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The name of its file, as `helpme-linux-x86_64`.
    pub file: String,
    pub version: Version,
    pub bytes: u64,
    /// Of all bytes, 64 hexadecimal digits.
    pub blake3: String,
    /// Where it is to be had beside the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Why a channel is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelFault {
    #[error("the list of versions is not taken: {0}")]
    Mistrust(#[from] Mistrust),
    #[error("what the maker signed is no list of versions: it is the file {file}")]
    OtherFile { file: String },
    #[error("the list of versions does not read, or says what cannot be")]
    Malformed,
    #[error(
        "the list of versions has number {found}, and number {known} was here before: somebody brings an old one"
    )]
    Older { found: u64, known: u64 },
}

/// Why a channel has nothing for a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoOffer {
    #[error("the list of versions does not name {file}")]
    NotListed { file: String },
    #[error("{running} is the newest version")]
    Newest { running: Version },
    #[error("version {offered} is older than {running}, which runs: nothing goes back by itself")]
    Downgrade { offered: Version, running: Version },
}

impl Channel {
    /// Reads `text` if the maker signed it and no newer one was seen; `known` is the highest serial so far.
    ///
    /// # Errors
    ///
    /// [`ChannelFault`].
    pub fn check(
        keys: &MakerKeys,
        text: &[u8],
        signature: &str,
        known: Option<u64>,
    ) -> Result<Self, ChannelFault> {
        if text.len() > MAX_CHANNEL_BYTES {
            return Err(ChannelFault::Malformed);
        }
        let signed = keys.check(text, signature)?;
        if signed.file != CHANNEL_FILE {
            return Err(ChannelFault::OtherFile { file: signed.file });
        }
        let malformed = |_detail| ChannelFault::Malformed;
        let channel: Self = serde_json::from_slice(text).map_err(malformed)?;
        if channel.programs.len() > MAX_LISTED || !channel.programs.iter().all(Listed::is_sound) {
            return Err(ChannelFault::Malformed);
        }
        match known {
            Some(known) if channel.serial < known => Err(ChannelFault::Older {
                found: channel.serial,
                known,
            }),
            Some(_) | None => Ok(channel),
        }
    }

    /// What it says of `file`.
    pub fn listed(&self, file: &str) -> Option<&Listed> {
        self.programs.iter().find(|listed| listed.file == file)
    }

    /// What there is for the program of `file` that has the version `running`.
    ///
    /// # Errors
    ///
    /// [`NoOffer`], unless that is newer.
    pub fn offer(&self, file: &str, running: &Version) -> Result<&Listed, NoOffer> {
        let not_listed = || NoOffer::NotListed {
            file: file.to_owned(),
        };
        let listed = self.listed(file).ok_or_else(not_listed)?;
        // what follows a + says how it was built, and makes none newer
        match listed.version.cmp_precedence(running) {
            std::cmp::Ordering::Greater => Ok(listed),
            std::cmp::Ordering::Equal => Err(NoOffer::Newest {
                running: running.clone(),
            }),
            std::cmp::Ordering::Less => Err(NoOffer::Downgrade {
                offered: listed.version.clone(),
                running: running.clone(),
            }),
        }
    }
}

impl Listed {
    /// What a channel says of the program `bytes` in `file`.
    pub fn of(file: &str, version: Version, bytes: &[u8]) -> Self {
        Self {
            file: file.to_owned(),
            version,
            bytes: bytes.len().try_into().unwrap_or(u64::MAX),
            blake3: blake3::hash(bytes).to_hex().to_string(),
            url: None,
        }
    }

    /// Whether `bytes` are what is listed.
    pub fn is(&self, bytes: &[u8]) -> bool {
        let given = Self::of(&self.file, self.version.clone(), bytes);
        (given.bytes, &given.blake3) == (self.bytes, &self.blake3)
    }

    fn is_sound(&self) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_file = (1..=MAX_FILE_NAME_BYTES).contains(&self.file.len())
            && !self.file.starts_with('.')
            && self.file.chars().all(is_plain);
        let is_hash = blake3::Hash::from_hex(&self.blake3).is_ok();
        let is_url = |url: &String| url.starts_with("https://");
        is_file && is_hash && self.url.as_ref().is_none_or(is_url)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::signed::tests::{sign, test_key};

    const COMMENT: &str = "timestamp:1790000000\tfile:channel.json\tversion:0.3.0";

    fn channel() -> Channel {
        Channel {
            serial: 7,
            unix_seconds: 1_790_000_000,
            programs: vec![Listed::of(
                "helpme-linux-x86_64",
                Version::new(0, 3, 0),
                b"program",
            )],
        }
    }

    fn text(channel: &Channel) -> Vec<u8> {
        serde_json::to_vec_pretty(channel).expect("JSON")
    }

    static SIGNED: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
        let text = text(&channel());
        let signature = sign(&test_key(), &text, COMMENT);
        (text, signature)
    });

    fn check(text: &[u8], signature: &str, known: Option<u64>) -> Result<Channel, ChannelFault> {
        Channel::check(&MakerKeys::built_in(), text, signature, known)
    }

    #[test]
    fn p3_a_channel_says_what_its_maker_signed_and_no_older_one_counts() {
        let (text, signature) = &*SIGNED;
        for known in [None, Some(6), Some(7)] {
            assert_eq!(check(text, signature, known), Ok(channel()));
        }
        let older = check(text, signature, Some(8));
        assert_eq!(older, Err(ChannelFault::Older { found: 7, known: 8 }));
        // of a newer make, which says more
        let mut more: serde_json::Value = serde_json::from_slice(text).expect("JSON");
        more["more"] = 1.into();
        let more = more.to_string();
        let signature = sign(&test_key(), more.as_bytes(), COMMENT);
        assert_eq!(check(more.as_bytes(), &signature, None), Ok(channel()));
    }

    #[test]
    fn p3_nothing_else_that_the_maker_signed_is_a_channel() {
        let (text, _) = &*SIGNED;
        let comment = COMMENT.replace(CHANNEL_FILE, "helpme-linux-x86_64");
        let signature = sign(&test_key(), text, &comment);
        let file = "helpme-linux-x86_64".to_owned();
        let refused = check(text, &signature, None);
        assert_eq!(refused, Err(ChannelFault::OtherFile { file }));
    }

    #[test]
    fn a_channel_that_says_what_cannot_be_is_refused_although_it_is_signed() {
        let with = |change: fn(&mut Listed)| {
            let mut channel = channel();
            change(&mut channel.programs[0]);
            channel
        };
        let mut many = channel();
        many.programs = vec![many.programs[0].clone(); MAX_LISTED + 1];
        for channel in [
            with(|listed| listed.file = "../helpme".to_owned()),
            with(|listed| listed.file = String::new()),
            with(|listed| listed.file = ".helpme".to_owned()),
            with(|listed| listed.blake3 = "12".to_owned()),
            with(|listed| listed.url = Some("http://example.org/helpme".to_owned())),
            many,
        ] {
            let text = text(&channel);
            let signature = sign(&test_key(), &text, COMMENT);
            let refused = check(&text, &signature, None);
            assert_eq!(refused, Err(ChannelFault::Malformed), "{channel:?}");
        }
    }

    #[test]
    fn p3_only_what_is_newer_is_offered() {
        let channel = channel();
        let file = "helpme-linux-x86_64";
        let offer = |running: &str| channel.offer(file, &running.parse().expect("a version"));
        assert_eq!(offer("0.2.9"), Ok(&channel.programs[0]));
        assert_eq!(offer("0.3.0-rc.1"), Ok(&channel.programs[0]));
        for running in ["0.3.0", "0.3.0+built.here"] {
            let running = running.parse().expect("a version");
            let newest = channel.offer(file, &running);
            assert_eq!(newest, Err(NoOffer::Newest { running }));
        }
        let running = Version::new(0, 10, 0);
        let older = channel.offer(file, &running);
        let offered = Version::new(0, 3, 0);
        assert_eq!(older, Err(NoOffer::Downgrade { offered, running }));
        let other = channel.offer("purepc-linux-x86_64", &Version::new(0, 1, 0));
        assert!(matches!(other, Err(NoOffer::NotListed { .. })));
    }

    #[test]
    fn p3_a_program_is_what_is_listed_or_it_is_not() {
        let listed = &channel().programs[0];
        assert!(listed.is(b"program"));
        assert!(!listed.is(b"Program") && !listed.is(b"program "));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn p3_every_byte_that_is_changed_in_a_channel_is_found(
            at in any::<prop::sample::Index>(),
            bits in 1_u8..,
        ) {
            let (text, signature) = &*SIGNED;
            let mut text = text.clone();
            let at = at.index(text.len());
            text[at] ^= bits;
            let refused = check(&text, signature, None);
            prop_assert_eq!(refused, Err(ChannelFault::Mistrust(Mistrust::Changed)));
        }
    }

    proptest! {
        // signing takes its time
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn whatever_the_maker_signs_by_mistake_is_no_panic(text: Vec<u8>) {
            let signature = sign(&test_key(), &text, COMMENT);
            prop_assert!(check(&text, &signature, None).is_err());
        }
    }
}
