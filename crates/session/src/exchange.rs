//! The key exchange over a ticket's six secret digits: SPAKE2 with key confirmation.
//!
//! The hub carries it and learns nothing; a wrong guess costs the guesser one of three tries,
//! because each try needs an answer from the operator's console. Order: the host's half, the
//! console's half, the host's proof, the console's proof. The host proves first, so that somebody
//! who guesses at Helpme's end learns nothing from the console but its half.
//!
//! SPAKE2: RFC 9382; here over Ed25519 as the `spake2` crate does it. A wrong secret is no error
//! there, only another key, hence the proofs (HMAC-SHA-256 over a key derived by HKDF).

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use protocol::TicketRoute;
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::ticket::TicketNumber;

const HOST: &[u8] = b"pure-help-desk host";
const OPERATOR: &[u8] = b"pure-help-desk operator";

/// The other side's part of the exchange is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    #[error("the other side's half of the key exchange is malformed")]
    Malformed,
    #[error("the other side does not know the ticket's secret digits")]
    WrongSecret,
}

/// The key that a host and a console share after a good exchange. It shows each that the other is
/// the same end as before; what they say is protected by the keys of a [`crate::Channel`], which
/// nobody can learn from this one.
#[derive(Clone, ZeroizeOnDrop)]
pub struct PairKey([u8; 32]);

impl PairKey {
    /// The key's bytes, to be kept in the console's own protected file only.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// A key that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for PairKey {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for PairKey {}

impl std::fmt::Debug for PairKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairKey(..)")
    }
}

/// Everything both sides derive from the raw SPAKE2 key.
struct Derived {
    pair_key: PairKey,
    host_proof: [u8; 32],
    operator_proof: [u8; 32],
}

fn derive(raw: &[u8], route: TicketRoute) -> Derived {
    let expand = Hkdf::<Sha256>::new(Some(b"pure-help-desk ticket v2"), raw);
    let fill = |info: &[u8]| {
        let mut out = [0; 32];
        expand
            .expand(info, &mut out)
            .expect("32 bytes are within HKDF's limit");
        out
    };
    let proof = |key: [u8; 32]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes any key length");
        mac.update(&route.get().to_le_bytes());
        <[u8; 32]>::from(mac.finalize().into_bytes())
    };
    Derived {
        pair_key: PairKey(fill(b"pair key")),
        host_proof: proof(fill(b"host proof")),
        operator_proof: proof(fill(b"operator proof")),
    }
}

fn password(ticket: &TicketNumber) -> Password {
    let mut text = ticket.route().to_string().into_bytes();
    text.extend_from_slice(&ticket.secret().digits());
    let password = Password::new(&text);
    text.zeroize();
    password
}

fn same(a: &[u8], b: &[u8; 32]) -> bool {
    use subtle::ConstantTimeEq as _;
    a.ct_eq(b).into()
}

/// Helpme's side of the exchange.
pub struct HostExchange {
    route: TicketRoute,
    state: Spake2<Ed25519Group>,
}

impl std::fmt::Debug for HostExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostExchange")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// Helpme's side after it has sent its proof.
#[derive(Debug)]
pub struct HostAwaitsProof {
    key: PairKey,
    expected: [u8; 32],
}

impl HostExchange {
    /// Begins; the bytes go to the console.
    pub fn start(ticket: &TicketNumber) -> (Self, Vec<u8>) {
        let (state, half) = Spake2::<Ed25519Group>::start_a(
            &password(ticket),
            &Identity::new(HOST),
            &Identity::new(OPERATOR),
        );
        (
            Self {
                route: ticket.route(),
                state,
            },
            half,
        )
    }

    /// Takes the console's half; the bytes are the host's proof.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Malformed`].
    pub fn answer(self, half: &[u8]) -> Result<(HostAwaitsProof, Vec<u8>), ExchangeError> {
        let raw = self
            .state
            .finish(half)
            .map_err(|_no_detail| ExchangeError::Malformed)?;
        let derived = derive(&raw, self.route);
        let next = HostAwaitsProof {
            key: derived.pair_key,
            expected: derived.operator_proof,
        };
        Ok((next, derived.host_proof.to_vec()))
    }
}

impl HostAwaitsProof {
    /// Checks that the console, and not the hub, answered.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::WrongSecret`].
    pub fn finish(self, proof: &[u8]) -> Result<PairKey, ExchangeError> {
        if same(proof, &self.expected) {
            Ok(self.key)
        } else {
            Err(ExchangeError::WrongSecret)
        }
    }
}

/// The console's side of the exchange, after it has sent its half.
#[derive(Debug)]
pub struct OperatorExchange {
    key: PairKey,
    expected: [u8; 32],
    proof: [u8; 32],
}

impl OperatorExchange {
    /// Takes the host's half; the bytes are the console's half.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Malformed`].
    pub fn answer(ticket: &TicketNumber, half: &[u8]) -> Result<(Self, Vec<u8>), ExchangeError> {
        let (state, ours) = Spake2::<Ed25519Group>::start_b(
            &password(ticket),
            &Identity::new(HOST),
            &Identity::new(OPERATOR),
        );
        let raw = state
            .finish(half)
            .map_err(|_no_detail| ExchangeError::Malformed)?;
        let derived = derive(&raw, ticket.route());
        let next = Self {
            key: derived.pair_key,
            expected: derived.host_proof,
            proof: derived.operator_proof,
        };
        Ok((next, ours))
    }

    /// Judges the host's proof; the bytes are the console's own proof.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::WrongSecret`]: somebody guessed.
    pub fn judge(self, proof: &[u8]) -> Result<(PairKey, Vec<u8>), ExchangeError> {
        if same(proof, &self.expected) {
            Ok((self.key, self.proof.to_vec()))
        } else {
            Err(ExchangeError::WrongSecret)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(text: &str) -> TicketNumber {
        TicketNumber::parse(text).expect("ten digits")
    }

    #[test]
    fn both_sides_of_one_ticket_share_a_key() {
        let (host, half) = HostExchange::start(&ticket("482 913 0571"));
        let (operator, answer) =
            OperatorExchange::answer(&ticket("4829130571"), &half).expect("well formed");
        let (host, host_proof) = host.answer(&answer).expect("well formed");
        let (operator_key, operator_proof) = operator.judge(&host_proof).expect("same secret");
        let host_key = host.finish(&operator_proof).expect("same secret");
        assert_eq!(host_key.to_bytes(), operator_key.to_bytes());
    }

    #[test]
    fn a_guessed_secret_is_told() {
        let (host, half) = HostExchange::start(&ticket("482 913 0572"));
        let (operator, answer) =
            OperatorExchange::answer(&ticket("482 913 0571"), &half).expect("well formed");
        let (host, proof) = host.answer(&answer).expect("well formed");
        assert_eq!(
            operator.judge(&proof).expect_err("wrong"),
            ExchangeError::WrongSecret
        );
        assert_eq!(
            host.finish(&[0; 32]).expect_err("wrong"),
            ExchangeError::WrongSecret
        );
    }

    #[test]
    fn nonsense_is_told_and_does_not_panic() {
        for half in [&[][..], &[0; 33], &[0xff; 33], &[0x41; 200]] {
            assert!(OperatorExchange::answer(&ticket("482 913 0571"), half).is_err());
        }
    }
}
