//! A file that opens with a passphrase: for passwords that are carried from computer to computer.
//!
//! The key is made of the passphrase by Argon2id (RFC 9106), and the content is sealed with
//! XChaCha20-Poly1305. What says how the key is made stands in front and is sealed too, as associated data,
//! so that no byte of the file can change. Whoever holds the file can guess, each guess for as long as the
//! owner waits; only the passphrase stands against that.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// How each file begins: what it is, and its format.
const MAGIC: [u8; 8] = *b"PHDSEAL\x01";
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// Magic, three numbers of four bytes (little endian), salt and nonce.
const HEAD_BYTES: usize = MAGIC.len() + 3 * 4 + SALT_BYTES + NONCE_BYTES;
/// Most bytes of a file that is read, and so of what can be sealed.
pub(crate) const MAX_FILE_BYTES: usize = 256 * 1024;

/// How much work a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Work {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Work {
    /// The second choice of RFC 9106 in one lane, since guessers have more of them than our users.
    const USUAL: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
    /// Bounds for what a file asks of this computer: below them a guess would be cheap, above them a file from
    /// somebody else could take all memory or minutes.
    const LEAST_MEMORY_KIB: u32 = 8 * 1024;
    const MOST_MEMORY_KIB: u32 = 256 * 1024;
    const MOST_PASSES: u32 = 16;
    const MOST_LANES: u32 = 8;

    fn is_bounded(self) -> bool {
        (Self::LEAST_MEMORY_KIB..=Self::MOST_MEMORY_KIB).contains(&self.memory_kib)
            && (1..=Self::MOST_PASSES).contains(&self.passes)
            && (1..=Self::MOST_LANES).contains(&self.lanes)
    }
}

/// A sealed file did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed with another passphrase, or changed since: nobody can tell which.
    #[error("the passphrase does not open it")]
    Passphrase,
    /// It is no such file, or asks for more than one ever does.
    #[error("it is no file that was sealed here")]
    Form,
    #[error("this computer has no memory or no randomness for it")]
    System,
}

/// The key of one file, which seals it as often as it changes. It is wiped when this is dropped.
pub(crate) struct Seal {
    work: Work,
    salt: [u8; SALT_BYTES],
    key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

impl Seal {
    /// A key of `passphrase` for a new file. Takes some tenths of a second and 64 MB.
    ///
    /// # Errors
    ///
    /// [`OpenError::System`].
    pub(crate) fn new(passphrase: &str) -> Result<Self, OpenError> {
        Self::with_work(passphrase, Work::USUAL)
    }

    fn with_work(passphrase: &str, work: Work) -> Result<Self, OpenError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_none| OpenError::System)?;
        Ok(Self {
            key: stretched(passphrase, work, &salt)?,
            work,
            salt,
        })
    }

    /// Opens `file` with `passphrase`; its content, and the key for what follows. Takes as long as
    /// [`Seal::new`], and what the file asks for within bounds.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub(crate) fn open(
        passphrase: &str,
        file: &[u8],
    ) -> Result<(Self, Zeroizing<Vec<u8>>), OpenError> {
        if file.len() > MAX_FILE_BYTES {
            return Err(OpenError::Form);
        }
        let (head, sealed) = file.split_at_checked(HEAD_BYTES).ok_or(OpenError::Form)?;
        let rest = head.strip_prefix(&MAGIC).ok_or(OpenError::Form)?;
        let (memory_kib, rest) = number(rest)?;
        let (passes, rest) = number(rest)?;
        let (lanes, rest) = number(rest)?;
        let work = Work {
            memory_kib,
            passes,
            lanes,
        };
        let (salt, nonce) = rest.split_first_chunk().ok_or(OpenError::Form)?;
        if !work.is_bounded() || sealed.len() < TAG_BYTES {
            return Err(OpenError::Form);
        }
        let key = stretched(passphrase, work, salt)?;
        let payload = Payload {
            msg: sealed,
            aad: head,
        };
        let opened = cipher(&key).decrypt(XNonce::from_slice(nonce), payload);
        let content = opened.map_err(|_refused| OpenError::Passphrase)?;
        let seal = Self {
            work,
            salt: *salt,
            key,
        };
        Ok((seal, Zeroizing::new(content)))
    }

    /// The file with `content` in it.
    ///
    /// # Errors
    ///
    /// [`OpenError::System`] without randomness, [`OpenError::Form`] where it would be too large to be read.
    pub(crate) fn seal(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_none| OpenError::System)?;
        let mut file = Vec::with_capacity(HEAD_BYTES + content.len() + TAG_BYTES);
        file.extend(MAGIC);
        for number in [self.work.memory_kib, self.work.passes, self.work.lanes] {
            file.extend(number.to_le_bytes());
        }
        file.extend(self.salt);
        file.extend(nonce);
        let payload = Payload {
            msg: content,
            aad: &file,
        };
        let sealed = cipher(&self.key)
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("XChaCha20-Poly1305 seals anything shorter than 256 GiB");
        file.extend(sealed);
        if file.len() > MAX_FILE_BYTES {
            return Err(OpenError::Form);
        }
        Ok(file)
    }
}

/// A number of four bytes, and what follows.
fn number(bytes: &[u8]) -> Result<(u32, &[u8]), OpenError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(OpenError::Form)?;
    Ok((u32::from_le_bytes(*number), rest))
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(key))
}

fn stretched(
    passphrase: &str,
    work: Work,
    salt: &[u8; SALT_BYTES],
) -> Result<Zeroizing<[u8; 32]>, OpenError> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(work.memory_kib, work.passes, work.lanes, Some(key.len()))
        .map_err(|_out_of_range| OpenError::Form)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .map_err(|_no_memory| OpenError::System)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little work as a file may ask for.
    const LITTLE: Work = Work {
        memory_kib: Work::LEAST_MEMORY_KIB,
        passes: 1,
        lanes: 1,
    };

    fn sealed(content: &[u8]) -> Vec<u8> {
        let seal = Seal::with_work("open sesame", LITTLE).expect("a key");
        seal.seal(content).expect("sealed")
    }

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_alone_and_can_be_sealed_again() {
        let file = sealed(b"the password");
        let (seal, content) = Seal::open("open sesame", &file).expect("opens");
        assert_eq!(*content, b"the password");
        let wrong = Seal::open("Open sesame", &file);
        assert_eq!(wrong.map(drop), Err(OpenError::Passphrase));
        let again = seal.seal(b"another").expect("sealed");
        let (_, content) = Seal::open("open sesame", &again).expect("opens");
        assert_eq!(*content, b"another");
        // the same content never looks the same, and is nowhere to be read
        assert_ne!(sealed(b"the password")[HEAD_BYTES..], file[HEAD_BYTES..]);
        assert!(!file.windows(8).any(|part| part == b"password"));
    }

    #[test]
    fn usual_work_is_within_bounds_and_opens() {
        assert!(Work::USUAL.is_bounded());
        let file = Seal::new("x").expect("a key").seal(b"y").expect("sealed");
        let (_, content) = Seal::open("x", &file).expect("opens");
        assert_eq!(*content, b"y");
    }

    #[test]
    fn e4_any_changed_byte_is_refused() {
        let file = sealed(b"secret");
        for at in 0..file.len() {
            for change in [1 << (at % 8), 0xff] {
                let mut changed = file.clone();
                changed[at] ^= change;
                let opened = Seal::open("open sesame", &changed);
                assert!(opened.is_err(), "byte {at} with {change:#x}");
            }
        }
    }

    #[test]
    fn e4_a_file_that_is_cut_off_or_longer_is_refused() {
        let file = sealed(b"secret");
        for len in (0..HEAD_BYTES + TAG_BYTES).chain([file.len() - 1]) {
            assert!(Seal::open("open sesame", &file[..len]).is_err(), "{len}");
        }
        let mut longer = file.clone();
        longer.push(0);
        assert!(Seal::open("open sesame", &longer).is_err());
        longer.resize(MAX_FILE_BYTES + 1, 0);
        let refused = Seal::open("open sesame", &longer).map(drop);
        assert_eq!(refused, Err(OpenError::Form));
    }

    #[test]
    fn e4_a_file_cannot_ask_for_all_memory_or_for_ever_or_for_a_cheap_guess() {
        let file = sealed(b"secret");
        let memory = MAGIC.len();
        for (at, number) in [
            (memory, u32::MAX),
            (memory, Work::MOST_MEMORY_KIB + 1),
            (memory, 8),
            (memory + 4, 0),
            (memory + 4, u32::MAX),
            (memory + 8, 0),
            (memory + 8, 1 << 20),
        ] {
            let mut hostile = file.clone();
            hostile[at..at + 4].copy_from_slice(&number.to_le_bytes());
            let refused = Seal::open("open sesame", &hostile).map(drop);
            assert_eq!(refused, Err(OpenError::Form), "{number} at {at}");
        }
    }

    #[test]
    fn no_key_shows_in_logs() {
        let seal = Seal::with_work("x", LITTLE).expect("a key");
        assert_eq!(format!("{seal:?}"), "Seal { .. }");
    }
}
