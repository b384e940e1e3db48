//! A permanent host's own key, and how it is proved to one hub over one connection.

use protocol::{HostKey, KeyProof};
use quinn::Connection;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::identity::Fingerprint;
use crate::signature::content;

const PURPOSE: &str = "permanent host";
/// What TLS makes a secret of the connection for.
const EXPORTER: &[u8] = b"EXPORTER-pure-help-desk permanent host v1";
const SEED_BYTES: usize = 32;

/// A host's key cannot be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostKeyError {
    #[error("the system gives no randomness")]
    NoRandomness,
    #[error("this is no key of a host")]
    NoKey,
    #[error("the connection is no TLS connection yet")]
    NoSecret,
}

/// The private part of a [`HostKey`].
pub struct HostSigner {
    seed: [u8; SEED_BYTES],
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for HostSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostSigner(..)")
    }
}

impl HostSigner {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`HostKeyError::NoRandomness`].
    pub fn generate() -> Result<Self, HostKeyError> {
        let random = ring::rand::generate(&ring::rand::SystemRandom::new());
        let seed: [u8; SEED_BYTES] = random.map_err(|_none| HostKeyError::NoRandomness)?.expose();
        Self::from_seed(seed)
    }

    /// The key that was kept as `seed`.
    ///
    /// # Errors
    ///
    /// [`HostKeyError::NoKey`].
    pub fn from_seed(seed: [u8; SEED_BYTES]) -> Result<Self, HostKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        let pair = pair.map_err(|_rejected| HostKeyError::NoKey)?;
        Ok(Self { seed, pair })
    }

    /// What the key is kept as; whoever has it is the host.
    pub fn seed(&self) -> [u8; SEED_BYTES] {
        self.seed
    }

    pub fn key(&self) -> HostKey {
        let key = self.pair.public_key().as_ref();
        HostKey(key.try_into().expect("a key of Ed25519 has 32 bytes"))
    }

    /// Proves the key to `hub`, over this connection and no other.
    ///
    /// # Errors
    ///
    /// [`HostKeyError::NoSecret`].
    pub fn prove(
        &self,
        connection: &Connection,
        hub: Fingerprint,
    ) -> Result<KeyProof, HostKeyError> {
        let signature = self.pair.sign(&statement(connection, hub, self.key())?);
        let (first, second) = signature.as_ref().split_at(32);
        let half = |half: &[u8]| half.try_into().expect("a signature has 64 bytes");
        Ok(KeyProof([half(first), half(second)]))
    }
}

/// Whether `proof` shows that the other end of this connection has the private part of `key`, and meant
/// `hub`.
pub fn host_is_proved(
    connection: &Connection,
    hub: Fingerprint,
    key: HostKey,
    proof: &KeyProof,
) -> bool {
    statement(connection, hub, key).is_ok_and(|statement| {
        let signature = proof.0.concat();
        let key = UnparsedPublicKey::new(&ED25519, key.0);
        key.verify(&statement, &signature).is_ok()
    })
}

/// What is signed: nobody else's connection has the secret, so a proof that is sent on is worth nothing.
fn statement(
    connection: &Connection,
    hub: Fingerprint,
    key: HostKey,
) -> Result<Vec<u8>, HostKeyError> {
    let mut secret = [0; 32];
    let exported = connection.export_keying_material(&mut secret, EXPORTER, &hub.bytes());
    exported.map_err(|_none| HostKeyError::NoSecret)?;
    let message = [hub.bytes(), key.0, secret].concat();
    Ok(content(PURPOSE, &message))
}
