//! Sealing what the operator does, so that the hub in between can carry it but not make it.
//!
//! Session keys come from the ticket's key, the session's number and a nonce of either side (HKDF,
//! RFC 5869). Each event is sealed with ChaCha20-Poly1305 (RFC 8439); the AEAD nonce is a counter,
//! which also shows a dropped, doubled or reordered event: QUIC streams lose nothing, so any such
//! gap is an attack and ends the session.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use protocol::SessionId;
use sha2::Sha256;
use zeroize::ZeroizeOnDrop;

use crate::exchange::TicketKey;

/// Bytes that sealing adds to a message.
pub const SEAL_OVERHEAD_BYTES: usize = 16;

/// A sealed message does not open: it was made or changed by somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed message does not open; it did not come from the operator as it is")]
pub struct OpenError;

/// The keys of one session, one for each direction.
#[derive(ZeroizeOnDrop)]
pub struct SessionKeys {
    to_host: [u8; 32],
    to_operator: [u8; 32],
}

impl std::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}

impl SessionKeys {
    /// Derives the keys; both sides must put in the same.
    pub fn derive(
        ticket_key: &TicketKey,
        session: SessionId,
        operator_nonce: [u8; 16],
        host_nonce: [u8; 16],
    ) -> Self {
        let mut salt = [0; 32];
        salt[..16].copy_from_slice(&operator_nonce);
        salt[16..].copy_from_slice(&host_nonce);
        let expand = Hkdf::<Sha256>::new(Some(&salt), ticket_key.as_bytes());
        let fill = |direction: &[u8]| {
            let mut out = [0; 32];
            let info = [
                &b"pure-help-desk session v1 "[..],
                direction,
                &session.0.to_le_bytes(),
            ];
            expand
                .expand_multi_info(&info, &mut out)
                .expect("32 bytes are within HKDF's limit");
            out
        };
        Self {
            to_host: fill(b"to host "),
            to_operator: fill(b"to operator "),
        }
    }

    /// The console's end: seals for the host.
    pub fn sealer_to_host(&self) -> Sealer {
        Sealer {
            cipher: cipher(&self.to_host),
            counter: 0,
        }
    }

    /// The host's end: opens what the console sealed.
    pub fn opener_at_host(&self) -> Opener {
        Opener {
            cipher: cipher(&self.to_host),
            counter: 0,
        }
    }

    /// The host's end: seals for the console.
    pub fn sealer_to_operator(&self) -> Sealer {
        Sealer {
            cipher: cipher(&self.to_operator),
            counter: 0,
        }
    }

    /// The console's end: opens what the host sealed.
    pub fn opener_at_operator(&self) -> Opener {
        Opener {
            cipher: cipher(&self.to_operator),
            counter: 0,
        }
    }
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(key))
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::from(bytes)
}

/// Seals messages of one direction in order.
pub struct Sealer {
    cipher: ChaCha20Poly1305,
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
    /// Seals the next message.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let payload = Payload {
            msg: message,
            aad: &[],
        };
        let sealed = self
            .cipher
            .encrypt(&nonce(self.counter), payload)
            .expect("ChaCha20-Poly1305 seals anything shorter than 256 GiB");
        self.counter += 1;
        sealed
    }
}

/// Opens messages of one direction in order.
pub struct Opener {
    cipher: ChaCha20Poly1305,
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
    /// Opens the next message.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the session must end then.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let payload = Payload {
            msg: sealed,
            aad: &[],
        };
        let message = self
            .cipher
            .decrypt(&nonce(self.counter), payload)
            .map_err(|_no_detail| OpenError)?;
        self.counter += 1;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(session: u64) -> SessionKeys {
        let ticket_key = TicketKey::from_bytes([7; 32]);
        SessionKeys::derive(&ticket_key, SessionId(session), [1; 16], [2; 16])
    }

    #[test]
    fn what_is_sealed_opens_in_order() {
        let (mut sealer, mut opener) = (keys(1).sealer_to_host(), keys(1).opener_at_host());
        for message in [&b"a"[..], b"", b"long enough"] {
            assert_eq!(opener.open(&sealer.seal(message)).as_deref(), Ok(message));
        }
    }

    #[test]
    fn a_changed_replayed_or_foreign_message_does_not_open() {
        let mut sealer = keys(1).sealer_to_host();
        let (first, second) = (sealer.seal(b"one"), sealer.seal(b"two"));
        assert_eq!(
            keys(1).opener_at_host().open(&second),
            Err(OpenError),
            "a gap"
        );
        assert_eq!(
            keys(2).opener_at_host().open(&first),
            Err(OpenError),
            "another session"
        );
        assert_eq!(
            keys(1).opener_at_operator().open(&first),
            Err(OpenError),
            "another direction"
        );
        let mut opener = keys(1).opener_at_host();
        assert!(opener.open(&first).is_ok());
        assert_eq!(opener.open(&first), Err(OpenError), "a replay");
        let mut changed = second;
        changed[0] ^= 1;
        assert_eq!(opener.open(&changed), Err(OpenError), "a changed byte");
    }
}
