//! Sealing what the hub in between may carry but neither read nor make.
//!
//! Each message of a lane is sealed with ChaCha20-Poly1305 (RFC 8439) under a key of its own
//! ([`crate::channel`]); much at once with AES-256-GCM (NIST SP 800-38D), where both ends are fast at that. The
//! AEAD nonce is a counter, which also shows a dropped, doubled or reordered message: QUIC streams lose nothing,
//! so any such gap is an attack and ends the session.

use bytes::{Bytes, BytesMut};
use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes that sealing adds to a message.
pub const SEAL_OVERHEAD_BYTES: usize = 16;

/// A sealed message does not open: it was made or changed by somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed message does not open; it did not come from the other end as it is")]
pub struct OpenError;

/// What a lane is sealed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// Fast everywhere, and known to every version.
    ChaCha20Poly1305,
    /// Several times as fast where the processor does it, and slower than the other elsewhere.
    Aes256Gcm,
}

impl Cipher {
    /// The fastest for much at once: what this computer is fast at, and the other end says of itself.
    pub fn for_much(other_end_is_fast_at_aes: bool) -> Self {
        if other_end_is_fast_at_aes && is_fast_at_aes() {
            Self::Aes256Gcm
        } else {
            Self::ChaCha20Poly1305
        }
    }

    fn with(self, key: &[u8; 32]) -> LessSafeKey {
        let algorithm = match self {
            Self::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            Self::Aes256Gcm => &AES_256_GCM,
        };
        LessSafeKey::new(UnboundKey::new(algorithm, key).expect("both take keys of 32 bytes"))
    }
}

/// Whether this computer's processor does AES-GCM by itself.
pub fn is_fast_at_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let is_fast = std::arch::is_x86_feature_detected!("aes")
        && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    let is_fast = std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    let is_fast = false;
    is_fast
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// Seals messages of one direction in order.
pub struct Sealer {
    cipher: LessSafeKey,
    counter: u64,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

impl Sealer {
    /// Seals with `key`, which must be used for nothing else.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self::with(Cipher::ChaCha20Poly1305, key)
    }

    /// As [`Self::new`], with that cipher.
    pub(crate) fn with(cipher: Cipher, key: &[u8; 32]) -> Self {
        Self {
            cipher: cipher.with(key),
            counter: 0,
        }
    }

    /// Seals the next message.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(message.len() + SEAL_OVERHEAD_BYTES);
        sealed.extend_from_slice(message);
        self.seal_in_place(&mut sealed, 0);
        sealed
    }

    /// Seals the next message where it lies: what `buffer` has from `begin` on. It grows by
    /// [`SEAL_OVERHEAD_BYTES`].
    pub fn seal_in_place(&mut self, buffer: &mut Vec<u8>, begin: usize) {
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                nonce(self.counter),
                Aad::empty(),
                buffer.get_mut(begin..).unwrap_or_default(),
            )
            .expect("both ciphers seal anything shorter than 64 GiB");
        buffer.extend_from_slice(tag.as_ref());
        self.counter += 1;
    }
}

/// Opens messages of one direction in order.
pub struct Opener {
    cipher: LessSafeKey,
    /// What the messages may be sealed with instead, until the first shows it.
    or: Option<LessSafeKey>,
    counter: u64,
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener")
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

impl Opener {
    /// Opens what was sealed with `key`.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: Cipher::ChaCha20Poly1305.with(key),
            or: None,
            counter: 0,
        }
    }

    /// Opens what was sealed with this cipher and key, or with that; the same one for all messages.
    pub(crate) fn either(this: (Cipher, &[u8; 32]), that: (Cipher, &[u8; 32])) -> Self {
        Self {
            cipher: this.0.with(this.1),
            or: Some(that.0.with(that.1)),
            counter: 0,
        }
    }

    /// Opens the next message.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the session must end then.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut message = sealed.to_vec();
        let length = self.open_in_place(&mut message)?;
        message.truncate(length);
        Ok(message)
    }

    /// Opens the next message where it lies, if nobody else holds it; a copy otherwise.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_owned(&mut self, sealed: Bytes) -> Result<Bytes, OpenError> {
        let mut message = match sealed.try_into_mut() {
            Ok(alone) => alone,
            Err(shared) => BytesMut::from(&*shared),
        };
        let length = self.open_in_place(&mut message)?;
        message.truncate(length);
        Ok(message.freeze())
    }

    /// How long the message is, which is where the sealed one was.
    fn open_in_place(&mut self, sealed: &mut [u8]) -> Result<usize, OpenError> {
        if let Some(other) = self.or.take() {
            // what does not open is no longer as it came
            let mut tried = sealed.to_vec();
            let opened = other.open_in_place(nonce(self.counter), Aad::empty(), &mut tried);
            if opened.is_ok() {
                self.cipher = other;
            }
        }
        let opened = self
            .cipher
            .open_in_place(nonce(self.counter), Aad::empty(), sealed);
        let length = opened.map_err(|_no_detail| OpenError)?.len();
        self.counter += 1;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn what_is_sealed_opens_in_order() {
        let (mut sealer, mut opener) = (Sealer::new(&KEY), Opener::new(&KEY));
        for message in [&b"a"[..], b"", b"long enough"] {
            assert_eq!(opener.open(&sealer.seal(message)).as_deref(), Ok(message));
        }
    }

    #[test]
    fn another_implementation_seals_and_opens_the_same() {
        use chacha20poly1305::aead::{Aead as _, KeyInit as _};

        let other = chacha20poly1305::ChaCha20Poly1305::new(&KEY.into());
        let mut sealer = Sealer::new(&KEY);
        for counter in 0..40_u64 {
            let message = vec![counter.to_le_bytes()[0]; usize::try_from(counter * 31).unwrap()];
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&counter.to_le_bytes());
            let expected = other.encrypt(&nonce.into(), &*message).unwrap();
            assert_eq!(sealer.seal(&message), expected);
        }
    }

    #[test]
    fn aes_is_that_of_its_test_cases() {
        // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14
        let seal = |message: &[u8]| Sealer::with(Cipher::Aes256Gcm, &[0; 32]).seal(message);
        let nothing = 0x530f_8afb_c745_36b9_a963_b4f1_c4cb_738b_u128;
        assert_eq!(seal(b""), nothing.to_be_bytes());
        let zeroes = [
            0xcea7_403d_4d60_6b6e_074e_c5d3_baf3_9d18_u128,
            0xd0d1_c8a7_9999_6bf0_265b_98b5_d48a_b919,
        ];
        assert_eq!(seal(&[0; 16]), zeroes.map(u128::to_be_bytes).as_flattened());
    }

    #[test]
    fn the_first_message_shows_what_all_are_sealed_with() {
        const OTHER: [u8; 32] = [8; 32];
        let (chacha, aes) = (Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm);
        let opener = || Opener::either((chacha, &KEY), (aes, &OTHER));
        for sealed_with in [(chacha, &KEY), (aes, &OTHER)] {
            let (mut sealer, mut opener) = (Sealer::with(sealed_with.0, sealed_with.1), opener());
            for message in [&b"first"[..], b"", b"third"] {
                let sealed = Bytes::from(sealer.seal(message));
                assert_eq!(opener.open_owned(sealed).as_deref(), Ok(message));
            }
        }
        // neither changes in between, nor opens with the key of the other
        let (mut by_chacha, mut by_aes) = (Sealer::with(chacha, &KEY), Sealer::with(aes, &OTHER));
        let first = [by_chacha.seal(b"first"), by_aes.seal(b"first")];
        let second = [by_chacha.seal(b"second"), by_aes.seal(b"second")];
        for (first, second) in [(&first[0], &second[1]), (&first[1], &second[0])] {
            let mut opener = opener();
            assert!(opener.open(first).is_ok());
            assert_eq!(opener.open(second), Err(OpenError));
        }
        let foreign = Sealer::with(aes, &KEY).seal(b"first");
        assert_eq!(opener().open(&foreign), Err(OpenError));
    }

    #[test]
    fn what_is_sealed_and_opened_where_it_lies_is_the_same() {
        let (mut sealer, mut opener) = (Sealer::new(&KEY), Opener::new(&KEY));
        for (message, is_shared) in [(&b"a"[..], false), (b"", false), (b"shared", true)] {
            let mut frame = [b"head", message].concat();
            let mut plain = Sealer {
                counter: sealer.counter,
                ..Sealer::new(&KEY)
            };
            sealer.seal_in_place(&mut frame, 4);
            assert_eq!(frame[4..], plain.seal(message));
            let sealed = Bytes::from(frame).slice(4..);
            let came = sealed.to_vec();
            let held = is_shared.then(|| sealed.clone());
            let opened = opener.open_owned(sealed);
            assert_eq!(opened.as_deref(), Ok(message));
            assert!(held.is_none_or(|held| held == came), "it is another's, too");
        }
        let twice = Bytes::from(sealer.seal(b"once"));
        assert!(opener.open_owned(twice.clone()).is_ok());
        assert_eq!(opener.open_owned(twice), Err(OpenError));
    }

    #[test]
    fn a_changed_replayed_or_foreign_message_does_not_open() {
        let mut sealer = Sealer::new(&KEY);
        let (first, second) = (sealer.seal(b"one"), sealer.seal(b"two"));
        assert_eq!(Opener::new(&KEY).open(&second), Err(OpenError), "a gap");
        assert_eq!(
            Opener::new(&[8; 32]).open(&first),
            Err(OpenError),
            "another key"
        );
        let mut opener = Opener::new(&KEY);
        assert!(opener.open(&first).is_ok());
        assert_eq!(opener.open(&first), Err(OpenError), "a replay");
        let mut changed = second;
        changed[0] ^= 1;
        assert_eq!(opener.open(&changed), Err(OpenError), "a changed byte");
    }
}
