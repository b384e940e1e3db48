//! Sealing what the hub in between may carry but neither read nor make.
//!
//! Each message of a lane is sealed with ChaCha20-Poly1305 (RFC 8439) under a key of its own
//! ([`crate::channel`]). The AEAD nonce is a counter, which also shows a dropped, doubled or reordered
//! message: QUIC streams lose nothing, so any such gap is an attack and ends the session.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes that sealing adds to a message.
pub const SEAL_OVERHEAD_BYTES: usize = 16;

/// A sealed message does not open: it was made or changed by somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed message does not open; it did not come from the other end as it is")]
pub struct OpenError;

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("its keys have 32 bytes");
    LessSafeKey::new(key)
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
        Self {
            cipher: cipher(key),
            counter: 0,
        }
    }

    /// Seals the next message.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(message.len() + SEAL_OVERHEAD_BYTES);
        sealed.extend_from_slice(message);
        self.cipher
            .seal_in_place_append_tag(nonce(self.counter), Aad::empty(), &mut sealed)
            .expect("ChaCha20-Poly1305 seals anything shorter than 256 GiB");
        self.counter += 1;
        sealed
    }
}

/// Opens messages of one direction in order.
pub struct Opener {
    cipher: LessSafeKey,
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
            cipher: cipher(key),
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
        let length = self
            .cipher
            .open_in_place(nonce(self.counter), Aad::empty(), &mut message)
            .map_err(|_no_detail| OpenError)?
            .len();
        message.truncate(length);
        self.counter += 1;
        Ok(message)
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
