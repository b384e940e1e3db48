//! A file and the signature beside it.

use minisign_verify::{Error, PublicKey, Signature};
use semver::Version;

/// What the name of a signature's file ends with, behind the name of what it is of.
pub const SIGNATURE_END: &str = ".minisig";
/// The longest signature that is read, in bytes.
const MAX_SIGNATURE_BYTES: usize = 4 * 1024;

/// What a build names, with spaces or commas between.
const BUILT_IN: Option<&str> = option_env!("PHD_MAKER_KEY");
/// The key of `test.key`, whose secret everybody has.
const FOR_TESTS: &str = include_str!("../test.pub");

/// The public keys whose signatures count: one, or the next one too while the maker changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakerKeys(Vec<PublicKey>);

/// What a signature says of what it is of; all of it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The name that the maker gave the file.
    pub file: String,
    pub version: Version,
    /// When it was signed, by the maker's clock, in seconds since the Unix epoch.
    pub unix_seconds: u64,
}

/// Why something is not taken for the maker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistrust {
    #[error(
        "this program was built without the key of a maker (PHD_MAKER_KEY), so nothing is taken for theirs"
    )]
    NoKey,
    #[error("its signature is damaged, or none of minisign")]
    NoSignature,
    #[error("somebody else than the maker has signed it")]
    OtherKey,
    #[error("it was changed after its maker had signed it")]
    Changed,
    #[error("the maker's signature does not say of which file and version it is")]
    SaysTooLittle,
}

impl MakerKeys {
    /// Those that this program was built with.
    pub fn built_in() -> Self {
        let for_tests = cfg!(debug_assertions).then_some(FOR_TESTS);
        Self::read(BUILT_IN.or(for_tests).unwrap_or_default())
    }

    /// Those in `text`, as minisign writes them; whatever else stands there is passed over.
    pub fn read(text: &str) -> Self {
        let words = text.split(|c: char| c.is_whitespace() || c == ',');
        Self(
            words
                .filter_map(|word| PublicKey::from_base64(word).ok())
                .collect(),
        )
    }

    /// Whether nothing can be the maker's.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that one of these keys signed all of `bytes`, and gives what `signature`, the text of its file, says of
    /// them.
    ///
    /// # Errors
    ///
    /// [`Mistrust`].
    pub fn check(&self, bytes: &[u8], signature: &str) -> Result<Signed, Mistrust> {
        if self.is_empty() {
            return Err(Mistrust::NoKey);
        }
        if signature.len() > MAX_SIGNATURE_BYTES {
            return Err(Mistrust::NoSignature);
        }
        let no_signature = |_detail| Mistrust::NoSignature;
        let signature = Signature::decode(signature).map_err(no_signature)?;
        let mut mistrust = Mistrust::OtherKey;
        for key in &self.0 {
            match key.verify(bytes, &signature, false) {
                Ok(()) => return Signed::read(signature.trusted_comment()),
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::InvalidSignature) => mistrust = Mistrust::Changed,
                Err(
                    Error::InvalidEncoding
                    | Error::IoError(_)
                    | Error::UnexpectedAlgorithm
                    | Error::UnsupportedAlgorithm
                    | Error::UnsupportedLegacyMode,
                ) => mistrust = Mistrust::NoSignature,
            }
        }
        Err(mistrust)
    }
}

impl Signed {
    /// Reads `timestamp:SECONDS file:NAME version:VERSION`, with tabs between; more may follow.
    fn read(comment: &str) -> Result<Self, Mistrust> {
        let part = |name: &str| {
            let mut parts = comment.split('\t').filter_map(|part| part.split_once(':'));
            parts.find_map(|(key, value)| (key == name).then_some(value))
        };
        let read = || {
            Some(Self {
                file: part("file").filter(|file| !file.is_empty())?.to_owned(),
                version: part("version")?.parse().ok()?,
                unix_seconds: part("timestamp")?.parse().ok()?,
            })
        };
        read().ok_or(Mistrust::SaysTooLittle)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use minisign::{SecretKey, SecretKeyBox};
    use proptest::prelude::*;

    use super::*;

    /// The key that builds for tests know.
    pub(crate) fn test_key() -> SecretKey {
        let text = include_str!("../test.key").to_owned();
        let key = SecretKeyBox::from(text).into_unencrypted_secret_key();
        key.expect("a key without a password")
    }

    pub(crate) fn sign(key: &SecretKey, bytes: &[u8], comment: &str) -> String {
        let signed = minisign::sign(None, key, bytes, Some(comment), None);
        signed.expect("signed").into_string()
    }

    const COMMENT: &str = "timestamp:1790000000\tfile:helpme-linux-x86_64\tversion:0.2.0";
    static PROGRAM: LazyLock<Vec<u8>> = LazyLock::new(|| b"program".repeat(150));
    static SIGNATURE: LazyLock<String> = LazyLock::new(|| sign(&test_key(), &PROGRAM, COMMENT));

    #[test]
    fn p3_what_the_maker_signed_is_known_with_its_name_and_version() {
        let signed = MakerKeys::built_in().check(&PROGRAM, &SIGNATURE);
        let expected = Signed {
            file: "helpme-linux-x86_64".to_owned(),
            version: Version::new(0, 2, 0),
            unix_seconds: 1_790_000_000,
        };
        assert_eq!(signed, Ok(expected));
    }

    #[test]
    fn p3_nobody_elses_signature_counts_and_a_build_without_a_key_takes_nothing() {
        let other = minisign::KeyPair::generate_unencrypted_keypair().expect("a key");
        let theirs = sign(&other.sk, &PROGRAM, COMMENT);
        let keys = MakerKeys::built_in();
        assert_eq!(keys.check(&PROGRAM, &theirs), Err(Mistrust::OtherKey));
        let none = MakerKeys::read("");
        assert_eq!(none.check(&PROGRAM, &SIGNATURE), Err(Mistrust::NoKey));
        // while the maker changes the key, both count
        let two = format!("{},{}", FOR_TESTS.trim(), other.pk.to_base64());
        let two = MakerKeys::read(&two);
        assert!(two.check(&PROGRAM, &theirs).is_ok());
        assert!(two.check(&PROGRAM, &SIGNATURE).is_ok());
        // somebody gives their own key the maker's number
        let mut sly = other.sk.to_bytes();
        let own = test_key().to_bytes();
        sly[54..62].copy_from_slice(&own[54..62]);
        let sly = SecretKey::from_bytes(&sly).expect("a key");
        let theirs = sign(&sly, &PROGRAM, COMMENT);
        assert_eq!(keys.check(&PROGRAM, &theirs), Err(Mistrust::Changed));
    }

    #[test]
    fn a_signature_that_does_not_say_of_what_it_is_proves_nothing() {
        for comment in [
            "",
            "timestamp:1790000000\tfile:helpme-linux-x86_64",
            "timestamp:1790000000\tfile:\tversion:0.2.0",
            "timestamp:1790000000\tfile:helpme\tversion:newest",
            "timestamp:soon\tfile:helpme\tversion:0.2.0",
        ] {
            let signature = sign(&test_key(), &PROGRAM, comment);
            let signed = MakerKeys::built_in().check(&PROGRAM, &signature);
            assert_eq!(signed, Err(Mistrust::SaysTooLittle), "{comment}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn p3_every_byte_that_is_changed_in_a_program_is_found(
            at in any::<prop::sample::Index>(),
            bits in 1_u8..,
        ) {
            let mut program = PROGRAM.clone();
            let at = at.index(program.len());
            program[at] ^= bits;
            let signed = MakerKeys::built_in().check(&program, &SIGNATURE);
            prop_assert_eq!(signed, Err(Mistrust::Changed));
        }

        #[test]
        fn p3_whatever_is_changed_in_a_signature_never_makes_it_say_something_else(
            at in any::<prop::sample::Index>(),
            byte in 0_u8..128,
        ) {
            let mut signature = SIGNATURE.clone().into_bytes();
            let at = at.index(signature.len());
            signature[at] = byte;
            let signature = String::from_utf8(signature).expect("ASCII");
            // its first line is not signed, and means nothing
            if let Ok(signed) = MakerKeys::built_in().check(&PROGRAM, &signature) {
                let genuine = MakerKeys::built_in().check(&PROGRAM, &SIGNATURE);
                prop_assert_eq!(Ok(signed), genuine);
            }
        }

        #[test]
        fn nonsense_is_no_signature_and_no_panic(text in "(.|\n){0,300}", bytes: Vec<u8>) {
            prop_assert!(MakerKeys::built_in().check(&bytes, &text).is_err());
            let text = format!("untrusted comment: x\n{text}");
            prop_assert!(MakerKeys::built_in().check(&bytes, &text).is_err());
            prop_assert!(MakerKeys::read(&text).0.len() < 2);
        }
    }
}
