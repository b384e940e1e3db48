//! The key exchange over a permanent host's access password (U3): OPAQUE, RFC 9807.
//!
//! The host keeps a record from which its password cannot be read, only guessed at the price of the key
//! stretching; the hub carries three messages and learns nothing that it could guess with. Order: the
//! console's request, the host's answer, the console's proof. The console learns first that a password is
//! wrong, and the host by a proof that is none or does not come: so it counts a try as wrong from the
//! moment in which it answers ([`tries`]).
//!
//! ristretto255 and SHA-512, 3DH, and Argon2id with fixed costs. What both ends have then is a
//! [`PairKey`], as over a ticket.

pub mod tries;

use argon2::password_hash::rand_core::OsRng;
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialFinalization, CredentialRequest,
    CredentialResponse, Identifiers, RegistrationUpload, ServerLogin, ServerLoginParameters,
    ServerRegistration, ServerSetup,
};
use protocol::limits::{MAX_KNOCK_BYTES, MAX_PASSWORD_BYTES, MIN_ACCESS_PASSWORD_CHARS};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::exchange::PairKey;

/// Both ends mix it into everything, so nothing of another version or another exchange fits.
const CONTEXT: &[u8] = b"pure-help-desk access v1";
/// A host has one password; it needs no name.
const OF_THE_HOST: &[u8] = b"access";
/// The first byte of a record.
const RECORD_VERSION: u8 = 1;
/// What stretching a password costs: memory in KiB, and passes. About a tenth of a second.
const STRETCH_KIB: u32 = 64 * 1024;
const STRETCH_PASSES: u32 = 3;
/// What each message of the exchange has, no more and no less: the library would pass over what follows it.
const REQUEST_BYTES: usize = 96;
const ANSWER_BYTES: usize = 320;
const PROOF_BYTES: usize = 64;

struct Suite;

impl CipherSuite for Suite {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = Argon2<'static>;
}

fn stretch() -> Argon2<'static> {
    let params = Params::new(STRETCH_KIB, STRETCH_PASSES, 1, None).expect("costs in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The other side's part of the exchange is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("the other side's part of the key exchange is malformed")]
    Malformed,
    #[error("the other side does not have the same password")]
    WrongPassword,
}

/// A password that no host can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitPassword {
    #[error("an access password has at least {MIN_ACCESS_PASSWORD_CHARS} characters")]
    Short,
    #[error("an access password has at most {MAX_PASSWORD_BYTES} bytes")]
    Long,
}

/// A record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record of the access password is damaged, or of a newer version")]
pub struct DamagedRecord;

/// What a host keeps in place of its access password. Whoever has it can guess the password as fast as a
/// computer stretches keys, and pass for the host; it is kept in a private file.
#[derive(Clone)]
pub struct AccessRecord {
    setup: ServerSetup<Suite>,
    password: ServerRegistration<Suite>,
}

impl std::fmt::Debug for AccessRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessRecord(..)")
    }
}

impl AccessRecord {
    /// The record of a new password, with keys of its own. Takes about a tenth of a second.
    ///
    /// # Errors
    ///
    /// [`UnfitPassword`].
    pub fn of_password(password: &str) -> Result<Self, UnfitPassword> {
        if password.chars().count() < MIN_ACCESS_PASSWORD_CHARS {
            return Err(UnfitPassword::Short);
        }
        if password.len() > MAX_PASSWORD_BYTES {
            return Err(UnfitPassword::Long);
        }
        let setup = ServerSetup::<Suite>::new(&mut OsRng);
        // both sides of a registration are here, so nothing of it can be malformed
        let whole = "both sides are this function";
        let asked = ClientRegistration::<Suite>::start(&mut OsRng, password.as_bytes());
        let asked = asked.expect(whole);
        let answered = ServerRegistration::<Suite>::start(&setup, asked.message, OF_THE_HOST);
        let stretch = stretch();
        let costs = ClientRegistrationFinishParameters::new(Identifiers::default(), Some(&stretch));
        let answer = answered.expect(whole).message;
        let sealed = asked
            .state
            .finish(&mut OsRng, password.as_bytes(), answer, costs)
            .expect(whole);
        let upload: RegistrationUpload<Suite> = sealed.message;
        let password = ServerRegistration::finish(upload);
        Ok(Self { setup, password })
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (setup, password) = (self.setup.serialize(), self.password.serialize());
        let mut bytes = Zeroizing::new(vec![RECORD_VERSION]);
        bytes.extend_from_slice(&setup);
        bytes.extend_from_slice(&password);
        bytes
    }

    /// A record that was kept.
    ///
    /// # Errors
    ///
    /// [`DamagedRecord`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DamagedRecord> {
        let setup_len = ServerSetup::<Suite>::new(&mut OsRng).serialize().len();
        let [RECORD_VERSION, rest @ ..] = bytes else {
            return Err(DamagedRecord);
        };
        let (setup, password) = rest.split_at_checked(setup_len).ok_or(DamagedRecord)?;
        let setup = ServerSetup::deserialize(setup).map_err(|_no_detail| DamagedRecord)?;
        let password =
            ServerRegistration::deserialize(password).map_err(|_no_detail| DamagedRecord)?;
        let record = Self { setup, password };
        // the library would pass over what follows a record
        let is_whole = record.to_bytes().as_slice() == bytes;
        is_whole.then_some(record).ok_or(DamagedRecord)
    }
}

/// The host's side, after it has answered.
pub struct HostKnock {
    state: ServerLogin<Suite>,
}

impl std::fmt::Debug for HostKnock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostKnock(..)")
    }
}

impl HostKnock {
    /// Answers a console's request; the bytes go to the console. Takes well under a millisecond.
    ///
    /// # Errors
    ///
    /// [`AccessError::Malformed`].
    pub fn answer(record: &AccessRecord, request: &[u8]) -> Result<(Self, Vec<u8>), AccessError> {
        let request = CredentialRequest::deserialize(exactly::<REQUEST_BYTES>(request)?)
            .map_err(|_no_detail| MALFORMED)?;
        let parameters = ServerLoginParameters {
            context: Some(CONTEXT),
            identifiers: Identifiers::default(),
        };
        let AccessRecord { setup, password } = record;
        let password = Some(password.clone());
        let begun = ServerLogin::start(
            &mut OsRng,
            setup,
            password,
            request,
            OF_THE_HOST,
            parameters,
        )
        .map_err(|_no_detail| MALFORMED)?;
        let state = begun.state;
        Ok((Self { state }, begun.message.serialize().to_vec()))
    }

    /// Checks the console's proof.
    ///
    /// # Errors
    ///
    /// [`AccessError`]; either way the console has not shown that it knows the password.
    pub fn finish(self, proof: &[u8]) -> Result<PairKey, AccessError> {
        let proof = CredentialFinalization::deserialize(exactly::<PROOF_BYTES>(proof)?)
            .map_err(|_no_detail| MALFORMED)?;
        let parameters = ServerLoginParameters {
            context: Some(CONTEXT),
            identifiers: Identifiers::default(),
        };
        let done = self.state.finish(proof, parameters);
        let mut done = done.map_err(|_no_detail| AccessError::WrongPassword)?;
        Ok(pair_key(&mut done.session_key))
    }
}

/// The console's side, after it has sent its request.
pub struct ConsoleKnock {
    state: ClientLogin<Suite>,
    password: Zeroizing<String>,
}

impl std::fmt::Debug for ConsoleKnock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsoleKnock(..)")
    }
}

impl ConsoleKnock {
    /// Begins with what was typed; the bytes go to the host.
    pub fn start(password: &str) -> (Self, Vec<u8>) {
        let begun = ClientLogin::<Suite>::start(&mut OsRng, password.as_bytes());
        let begun = begun.expect("a password is shorter than 65,536 bytes");
        let knock = Self {
            state: begun.state,
            password: Zeroizing::new(password.to_owned()),
        };
        (knock, begun.message.serialize().to_vec())
    }

    /// Takes the host's answer; the bytes are the console's proof. Takes about a tenth of a second, and
    /// 64 MiB meanwhile.
    ///
    /// # Errors
    ///
    /// [`AccessError::WrongPassword`], also where whoever answered is not the host.
    pub fn finish(self, answer: &[u8]) -> Result<(PairKey, Vec<u8>), AccessError> {
        let answer = CredentialResponse::deserialize(exactly::<ANSWER_BYTES>(answer)?)
            .map_err(|_no_detail| MALFORMED)?;
        let stretch = stretch();
        let parameters =
            ClientLoginFinishParameters::new(Some(CONTEXT), Identifiers::default(), Some(&stretch));
        let password = self.password.as_bytes();
        let done = self.state.finish(&mut OsRng, password, answer, parameters);
        let mut done = done.map_err(|_no_detail| AccessError::WrongPassword)?;
        let key = pair_key(&mut done.session_key);
        Ok((key, done.message.serialize().to_vec()))
    }
}

const MALFORMED: AccessError = AccessError::Malformed;

const _: () = assert!(ANSWER_BYTES <= MAX_KNOCK_BYTES);

fn exactly<const LEN: usize>(bytes: &[u8]) -> Result<&[u8; LEN], AccessError> {
    bytes.try_into().map_err(|_no_detail| MALFORMED)
}

fn pair_key(session_key: &mut [u8]) -> PairKey {
    let expand = Hkdf::<Sha256>::new(Some(CONTEXT), session_key);
    let mut key = [0; 32];
    expand
        .expand(b"pair key", &mut key)
        .expect("32 bytes are within HKDF's limit");
    session_key.zeroize();
    PairKey::from_bytes(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASSWORD: &str = "correct horse battery";

    /// A record is slow to make, so all tests have one.
    fn record() -> &'static AccessRecord {
        static RECORD: std::sync::LazyLock<AccessRecord> =
            std::sync::LazyLock::new(|| AccessRecord::of_password(PASSWORD).expect("fit"));
        &RECORD
    }

    #[test]
    fn u3_the_right_password_gives_both_the_same_key() {
        let kept = AccessRecord::from_bytes(&record().to_bytes()).expect("whole");
        let (console, request) = ConsoleKnock::start(PASSWORD);
        let (host, answer) = HostKnock::answer(&kept, &request).expect("well formed");
        assert!(request.len() <= MAX_KNOCK_BYTES && answer.len() <= MAX_KNOCK_BYTES);
        let (console_key, proof) = console.finish(&answer).expect("the same password");
        let host_key = host.finish(&proof).expect("the same password");
        assert_eq!(host_key.to_bytes(), console_key.to_bytes());
    }

    #[test]
    fn u3_a_wrong_password_is_told_to_the_console_and_gives_it_nothing_to_prove() {
        let (console, request) = ConsoleKnock::start("correct horse batterz");
        let (host, answer) = HostKnock::answer(record(), &request).expect("well formed");
        let wrong = console.finish(&answer).expect_err("wrong");
        assert_eq!(wrong, AccessError::WrongPassword);
        assert_eq!(
            host.finish(&[0; 64]).expect_err("no proof"),
            AccessError::WrongPassword
        );
    }

    #[test]
    fn u3_the_record_does_not_hold_the_password() {
        let bytes = record().to_bytes();
        let found = bytes
            .windows(8)
            .any(|part| part == &PASSWORD.as_bytes()[..8]);
        assert!(!found);
        assert_eq!(format!("{:?}", record()), "AccessRecord(..)");
        assert_ne!(
            *bytes,
            *AccessRecord::of_password(PASSWORD).expect("fit").to_bytes(),
            "two hosts with one password share nothing"
        );
    }

    #[test]
    fn u3_a_short_password_and_a_long_one_are_refused() {
        let refused = |password: &str| AccessRecord::of_password(password).err();
        assert_eq!(refused("123456789"), Some(UnfitPassword::Short));
        assert_eq!(refused(&"x".repeat(257)), Some(UnfitPassword::Long));
        assert_eq!(refused("ääääääääää"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// A hub that changes one byte of any message, or puts in one from another try, opens nothing.
        #[test]
        fn u3_a_hub_that_alters_or_swaps_messages_is_found_out(
            which in 0_usize..3,
            at in any::<prop::sample::Index>(),
            flip in 1_u8..=255,
            swapped in any::<bool>(),
        ) {
            let lie = |number: usize, message: Vec<u8>, of_another: Vec<u8>| {
                if number != which {
                    return message;
                }
                if swapped {
                    return of_another;
                }
                let mut message = message;
                let at = at.index(message.len());
                message[at] ^= flip;
                message
            };
            let (console, request) = ConsoleKnock::start(PASSWORD);
            let (other, other_request) = ConsoleKnock::start(PASSWORD);
            let request = lie(0, request, other_request.clone());
            let Ok((host, answer)) = HostKnock::answer(record(), &request) else {
                return Ok(());
            };
            let (_, other_answer) = HostKnock::answer(record(), &other_request).expect("sound");
            let answer = lie(1, answer, other_answer.clone());
            let Ok((key, proof)) = console.finish(&answer) else {
                return Ok(());
            };
            let (_, other_proof) = other.finish(&other_answer).expect("sound");
            let proof = lie(2, proof, other_proof);
            let Ok(host_key) = host.finish(&proof) else {
                return Ok(());
            };
            prop_assert!(false, "opened with {:?} and {:?}", key, host_key);
        }

        #[test]
        fn u3_nonsense_is_refused_and_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
            // a number is a point of the curve now and then, so what has the right length may be well formed
            prop_assert!(HostKnock::answer(record(), &bytes).is_err() || bytes.len() == REQUEST_BYTES);
            let (host, _) = HostKnock::answer(record(), &ConsoleKnock::start("x").1).expect("sound");
            prop_assert!(host.finish(&bytes).is_err());
            let kept = AccessRecord::from_bytes(&bytes);
            prop_assert!(kept.is_err() || bytes.len() == record().to_bytes().len());
            if bytes.len() != ANSWER_BYTES {
                prop_assert!(ConsoleKnock::start("x").0.finish(&bytes).is_err());
            }
        }
    }

    #[test]
    fn u3_what_follows_a_message_or_a_record_is_refused() {
        let longer = |bytes: &[u8]| [bytes, &[0]].concat();
        let (console, request) = ConsoleKnock::start(PASSWORD);
        let refused = HostKnock::answer(record(), &longer(&request));
        assert_eq!(refused.expect_err("longer"), AccessError::Malformed);
        let (_, answer) = HostKnock::answer(record(), &request).expect("well formed");
        let refused = console.finish(&longer(&answer));
        assert_eq!(refused.expect_err("longer"), AccessError::Malformed);
        let (console, request) = ConsoleKnock::start(PASSWORD);
        let (host, answer) = HostKnock::answer(record(), &request).expect("well formed");
        let (_, proof) = console.finish(&answer).expect("the same password");
        let refused = host.finish(&longer(&proof));
        assert_eq!(refused.expect_err("longer"), AccessError::Malformed);
        let kept = record().to_bytes();
        AccessRecord::from_bytes(&longer(&kept)).expect_err("longer");
        AccessRecord::from_bytes(&kept[..kept.len() - 1]).expect_err("shorter");
    }
}
