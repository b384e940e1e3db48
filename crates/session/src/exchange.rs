//! The key exchange over a secret that two people have told each other: SPAKE2 with key confirmation. The
//! secret is a ticket's six digits (H1), or the word of two operators (O10).
//!
//! The hub carries it and learns nothing; a wrong guess costs the guesser one of three tries of a ticket,
//! or the only one of a word, because each try needs an answer from the other end. Order: the host's half,
//! the console's half, the host's proof, the console's proof. The host proves first, so that somebody
//! who guesses at Helpme's end learns nothing from the console but its half. Of two operators the one who
//! shows the screen is the host.
//!
//! SPAKE2: RFC 9382; here over Ed25519 as the `spake2` crate does it. A wrong secret is no error
//! there, only another key, hence the proofs (HMAC-SHA-256 over a key derived by HKDF).

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::ticket::TicketNumber;

const HOST: &[u8] = b"pure-help-desk host";
const OPERATOR: &[u8] = b"pure-help-desk operator";

/// The other side's part of the exchange is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    #[error("the other side's half of the key exchange is malformed")]
    Malformed,
    #[error("the other side does not know the same secret")]
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

/// What two ends have to have alike to meet.
#[derive(Clone)]
pub struct Meeting {
    /// Nothing of another kind of meeting fits.
    kind: &'static [u8],
    /// What is no secret and has to be the same at both ends; the proofs are about it.
    about: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Meeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meeting(..)")
    }
}

impl From<&TicketNumber> for Meeting {
    fn from(ticket: &TicketNumber) -> Self {
        let mut secret = Zeroizing::new(ticket.route().to_string().into_bytes());
        secret.extend_from_slice(&ticket.secret().digits());
        Self {
            kind: b"pure-help-desk ticket v2",
            about: ticket.route().get().to_le_bytes().to_vec(),
            secret,
        }
    }
}

impl Meeting {
    /// Of two operators who have told each other `word`: `asks` wants to see the screen of `shows`, with
    /// `control` or without. The hub tells each the name of the other, so one that tells a wrong name, or
    /// asks for more than was asked, brings no two together. Upper case and spaces around the word do not
    /// count, since it is said and not written.
    pub fn by_word(word: &str, (asks, shows): (&str, &str), control: bool) -> Self {
        let mut about = vec![u8::from(control)];
        for name in [asks, shows] {
            about.extend_from_slice(&(name.len() as u64).to_le_bytes());
            about.extend_from_slice(name.as_bytes());
        }
        Self {
            kind: b"pure-help-desk showing v1",
            about,
            secret: Zeroizing::new(
                Zeroizing::new(word.trim().to_lowercase())
                    .as_bytes()
                    .to_vec(),
            ),
        }
    }

    fn password(&self) -> Password {
        Password::new(&*self.secret)
    }
}

/// Everything both sides derive from the raw SPAKE2 key.
struct Derived {
    pair_key: PairKey,
    host_proof: [u8; 32],
    operator_proof: [u8; 32],
}

fn derive(raw: &[u8], meeting: &Meeting) -> Derived {
    let expand = Hkdf::<Sha256>::new(Some(meeting.kind), raw);
    let fill = |info: &[u8]| {
        let mut out = [0; 32];
        expand
            .expand(info, &mut out)
            .expect("32 bytes are within HKDF's limit");
        out
    };
    let proof = |key: [u8; 32]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes any key length");
        mac.update(&meeting.about);
        <[u8; 32]>::from(mac.finalize().into_bytes())
    };
    Derived {
        pair_key: PairKey(fill(b"pair key")),
        host_proof: proof(fill(b"host proof")),
        operator_proof: proof(fill(b"operator proof")),
    }
}

fn same(a: &[u8], b: &[u8; 32]) -> bool {
    use subtle::ConstantTimeEq as _;
    a.ct_eq(b).into()
}

/// The host's side of the exchange.
pub struct HostExchange {
    meeting: Meeting,
    state: Spake2<Ed25519Group>,
}

impl std::fmt::Debug for HostExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostExchange").finish_non_exhaustive()
    }
}

/// The host's side after it has sent its proof.
#[derive(Debug)]
pub struct HostAwaitsProof {
    key: PairKey,
    expected: [u8; 32],
}

impl HostExchange {
    /// Begins; the bytes go to the console.
    pub fn start(meeting: impl Into<Meeting>) -> (Self, Vec<u8>) {
        let meeting = meeting.into();
        let (state, half) = Spake2::<Ed25519Group>::start_a(
            &meeting.password(),
            &Identity::new(HOST),
            &Identity::new(OPERATOR),
        );
        (Self { meeting, state }, half)
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
        let derived = derive(&raw, &self.meeting);
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
    pub fn answer(
        meeting: impl Into<Meeting>,
        half: &[u8],
    ) -> Result<(Self, Vec<u8>), ExchangeError> {
        let meeting = meeting.into();
        let (state, ours) = Spake2::<Ed25519Group>::start_b(
            &meeting.password(),
            &Identity::new(HOST),
            &Identity::new(OPERATOR),
        );
        let raw = state
            .finish(half)
            .map_err(|_no_detail| ExchangeError::Malformed)?;
        let derived = derive(&raw, &meeting);
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

    fn meet(host: &Meeting, operator: &Meeting) -> bool {
        let (host, half) = HostExchange::start(host.clone());
        let (operator, answer) =
            OperatorExchange::answer(operator.clone(), &half).expect("well formed");
        let (host, host_proof) = host.answer(&answer).expect("well formed");
        let Ok((operator_key, operator_proof)) = operator.judge(&host_proof) else {
            return false;
        };
        host.finish(&operator_proof).expect("the same") == operator_key
    }

    #[test]
    fn o10_two_operators_meet_by_one_word_and_by_nothing_else() {
        let names = ("Anna", "Bruno");
        let word = Meeting::by_word("girasole", names, false);
        assert!(meet(&word, &Meeting::by_word(" Girasole ", names, false)));
        for other in [
            Meeting::by_word("girasoli", names, false),
            Meeting::by_word("girasole", ("Carla", "Bruno"), false),
            Meeting::by_word("girasole", ("Bruno", "Anna"), false),
            Meeting::by_word("girasole", ("AnnaB", "runo"), false),
            Meeting::by_word("girasole", names, true),
        ] {
            assert!(!meet(&word, &other));
        }
        assert_eq!(format!("{word:?}"), "Meeting(..)");
    }

    #[test]
    fn nonsense_is_told_and_does_not_panic() {
        for half in [&[][..], &[0; 33], &[0xff; 33], &[0x41; 200]] {
            assert!(OperatorExchange::answer(&ticket("482 913 0571"), half).is_err());
        }
    }
}
