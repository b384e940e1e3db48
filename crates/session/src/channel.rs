//! The channel between a host and a console, through a hub that both take for hostile.
//!
//! The two ends share a [`PairKey`] from the ticket. Each time they meet (after the ticket, after
//! either lost its connection, after the console or the hub was started anew) the console greets, the
//! host answers, and both have a new channel:
//!
//! - an X25519 exchange (RFC 7748) whose secrets are gone with the channel, so nothing that was recorded
//!   opens with a pair key that is found later;
//! - proofs with the pair key over both public keys and identities, so each knows that the other is
//!   the end it was paired with;
//! - keys by HKDF-SHA-256 (RFC 5869) from both, one for each purpose and direction.
//!
//! [`Channel::say`] and [`Channel::hear`] vouch for words (keyed BLAKE3 over a number and the body): the
//! hub reads them, but a word that it makes, changes, repeats or swaps is found out. It can leave words
//! out, as it does where they come too late. Sealed lanes get a [`Sealer`] and an [`Opener`]; pictures are vouched for with a
//! [`PictureKey`], which every operator of a session gets from the host.

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use protocol::limits::MAX_WORD_BYTES;
use protocol::{
    ChannelId, Greeting, HostState, Lane, PeerId, SessionId, SystemInformation, Word, wire,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::exchange::PairKey;
use crate::seal::{Cipher, Opener, Sealer};
use crate::ticket::TicketNumber;

/// Bytes of a tag behind a vouched frame.
pub const TAG_BYTES: usize = 16;

/// What came from the other end is not what the other end sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    #[error("the greeting is not from the end that was paired with")]
    ForeignGreeting,
    #[error("a word is not one that the other end says now")]
    ForeignWord,
    #[error("a word from the other end does not parse")]
    Malformed,
}

/// The two ends of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub console: PeerId,
    pub host: PeerId,
}

/// The console's side of a greeting that is not answered yet.
pub struct Opening {
    ends: Ends,
    pair: PairKey,
    secret: StaticSecret,
    public: [u8; 32],
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening")
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

impl Opening {
    /// Greets; the greeting goes to the host. `random` must be fresh.
    pub fn begin(pair: PairKey, ends: Ends, random: [u8; 32]) -> (Self, Greeting) {
        let secret = StaticSecret::from(random);
        let public = PublicKey::from(&secret).to_bytes();
        let greeting = Greeting {
            public,
            answers: [0; 32],
            state: bytes::Bytes::new(),
            proof: console_proof(&pair, ends, &public),
        };
        let opening = Self {
            ends,
            pair,
            secret,
            public,
        };
        (opening, greeting)
    }

    /// Whether `answer` is to this greeting and not to one before it.
    pub fn is_answered_by(&self, answer: &Greeting) -> bool {
        answer.answers == self.public
    }

    /// Takes the host's answer.
    ///
    /// # Errors
    ///
    /// [`ChannelError::ForeignGreeting`] or, from a host that is newer than this build,
    /// [`ChannelError::Malformed`].
    pub fn finish(self, answer: &Greeting) -> Result<(Channel, HostState), ChannelError> {
        let keys = Keys::agree(
            &self.pair,
            self.ends,
            &self.secret,
            &self.public,
            &answer.public,
            true,
        )?;
        if !same(&keys.host_proof(&answer.state), &answer.proof) {
            return Err(ChannelError::ForeignGreeting);
        }
        let state = wire::decode(&answer.state).map_err(|_detail| ChannelError::Malformed)?;
        Ok((keys.channel(Side::Console), state))
    }
}

/// The host's side: takes the console's greeting; the greeting that comes back goes to the console.
/// `random` must be fresh.
///
/// # Errors
///
/// [`ChannelError::ForeignGreeting`].
pub fn answer(
    pair: &PairKey,
    ends: Ends,
    greeting: &Greeting,
    state: &HostState,
    random: [u8; 32],
) -> Result<(Channel, Greeting), ChannelError> {
    if !same(
        &console_proof(pair, ends, &greeting.public),
        &greeting.proof,
    ) {
        return Err(ChannelError::ForeignGreeting);
    }
    let secret = StaticSecret::from(random);
    let public = PublicKey::from(&secret).to_bytes();
    let keys = Keys::agree(pair, ends, &secret, &greeting.public, &public, false)?;
    let state = body(state);
    let answer = Greeting {
        public,
        answers: greeting.public,
        proof: keys.host_proof(&state),
        state: state.into(),
    };
    Ok((keys.channel(Side::Host), answer))
}

fn console_proof(pair: &PairKey, ends: Ends, public: &[u8; 32]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(pair.as_bytes()).expect("HMAC takes any length");
    mac.update(b"pure-help-desk console greets v1");
    mac.update(&ends.console.0);
    mac.update(&ends.host.0);
    mac.update(public);
    mac.finalize().into_bytes().into()
}

fn same(ours: &[u8; 32], theirs: &[u8; 32]) -> bool {
    use subtle::ConstantTimeEq as _;
    ours.ct_eq(theirs).into()
}

fn body<M: Serialize>(message: &M) -> Vec<u8> {
    let mut frame = wire::encode(message, protocol::limits::MAX_CONTROL_FRAME_BYTES)
        .expect("a word has bounded fields and is far smaller than a control frame");
    frame.drain(..wire::PREFIX_BYTES);
    frame
}

/// What both ends derive from a greeting and its answer.
struct Keys {
    expand: Hkdf<Sha256>,
}

impl Keys {
    fn agree(
        pair: &PairKey,
        ends: Ends,
        secret: &StaticSecret,
        console_public: &[u8; 32],
        host_public: &[u8; 32],
        is_console: bool,
    ) -> Result<Self, ChannelError> {
        let theirs = if is_console {
            host_public
        } else {
            console_public
        };
        let shared = secret.diffie_hellman(&PublicKey::from(*theirs));
        if !shared.was_contributory() {
            return Err(ChannelError::ForeignGreeting);
        }
        let mut material = Vec::with_capacity(160);
        material.extend_from_slice(shared.as_bytes());
        material.extend_from_slice(&ends.console.0);
        material.extend_from_slice(&ends.host.0);
        material.extend_from_slice(console_public);
        material.extend_from_slice(host_public);
        let expand = Hkdf::<Sha256>::new(Some(pair.as_bytes()), &material);
        material.zeroize();
        Ok(Self { expand })
    }

    fn fill<const N: usize>(&self, purpose: &[u8]) -> [u8; N] {
        let mut out = [0; N];
        self.expand
            .expand_multi_info(&[b"pure-help-desk channel v1 ", purpose], &mut out)
            .expect("a few bytes are within HKDF's limit");
        out
    }

    fn host_proof(&self, state: &[u8]) -> [u8; 32] {
        let mut key: [u8; 32] = self.fill(b"host proof");
        let proof = blake3::keyed_hash(&key, state).into();
        key.zeroize();
        proof
    }

    fn channel(&self, side: Side) -> Channel {
        let to_host = Vouching::new(self.fill(b"words to host"));
        let to_operator = Vouching::new(self.fill(b"words to operator"));
        let (ours, theirs) = match side {
            Side::Console => (to_host, to_operator),
            Side::Host => (to_operator, to_host),
        };
        Channel {
            id: ChannelId(u64::from_le_bytes(self.fill(b"id"))),
            ours,
            theirs,
            lanes: LaneRoot(self.fill(b"lanes")),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Console,
    Host,
}

/// The words of one direction.
#[derive(ZeroizeOnDrop)]
struct Vouching {
    key: [u8; 32],
    /// The number of the last word.
    last: u64,
}

impl Vouching {
    fn new(key: [u8; 32]) -> Self {
        Self { key, last: 0 }
    }

    fn tag(&self, number: u64, body: &[u8]) -> [u8; TAG_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&number.to_le_bytes());
        hasher.update(body);
        shortened(hasher.finalize())
    }
}

fn shortened(hash: blake3::Hash) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&hash.as_bytes()[..TAG_BYTES]);
    tag
}

fn same_tag(ours: [u8; TAG_BYTES], theirs: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    ours.ct_eq(theirs).into()
}

#[derive(Clone, ZeroizeOnDrop)]
struct LaneRoot([u8; 32]);

/// One end of an open channel.
pub struct Channel {
    id: ChannelId,
    ours: Vouching,
    theirs: Vouching,
    lanes: LaneRoot,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// Tells this channel apart from those before it.
    pub fn id(&self) -> ChannelId {
        self.id
    }

    /// Vouches for the next word to the other end.
    pub fn say<W: Serialize>(&mut self, word: &W) -> Word {
        let body = body(word);
        let number = self.ours.last + 1;
        self.ours.last = number;
        let tag = self.ours.tag(number, &body);
        Word {
            number,
            body: body.into(),
            tag,
        }
    }

    /// Takes a word from the other end; `None` if it is one that this build does not know, from a newer
    /// one.
    ///
    /// # Errors
    ///
    /// [`ChannelError`]; nothing that comes later can be trusted then.
    pub fn hear<W: DeserializeOwned>(&mut self, word: &Word) -> Result<Option<W>, ChannelError> {
        let is_theirs = same_tag(self.theirs.tag(word.number, &word.body), &word.tag);
        if !is_theirs || word.number <= self.theirs.last {
            return Err(ChannelError::ForeignWord);
        }
        self.theirs.last = word.number;
        Ok(wire::decode(&word.body).ok())
    }

    /// The keys of this channel's sealed lanes.
    pub fn lane_keys(&self) -> LaneKeys {
        LaneKeys {
            channel: self.id,
            root: self.lanes.clone(),
        }
    }
}

/// Makes the keys of a channel's sealed lanes.
#[derive(Clone)]
pub struct LaneKeys {
    channel: ChannelId,
    root: LaneRoot,
}

impl std::fmt::Debug for LaneKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneKeys")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl LaneKeys {
    /// The channel they belong to.
    pub fn channel(&self) -> ChannelId {
        self.channel
    }

    /// Seals a lane. A lane of a session may be sealed once in a channel.
    pub fn sealer(&self, session: SessionId, lane: Lane) -> Sealer {
        Sealer::new(&self.lane_key(session, lane))
    }

    /// Opens what the other end sealed.
    pub fn opener(&self, session: SessionId, lane: Lane) -> Opener {
        Opener::new(&self.lane_key(session, lane))
    }

    /// As [`Self::sealer`], with that cipher; the other end opens it with [`Self::opener_of_either`].
    pub fn sealer_with(&self, cipher: Cipher, session: SessionId, lane: Lane) -> Sealer {
        Sealer::with(cipher, &self.key_for(cipher, session, lane))
    }

    /// Opens what the other end sealed with either cipher.
    pub fn opener_of_either(&self, session: SessionId, lane: Lane) -> Opener {
        let [this, that] = [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm]
            .map(|cipher| (cipher, self.key_for(cipher, session, lane)));
        Opener::either((this.0, &this.1), (that.0, &that.1))
    }

    /// Seals a picture key on its way to the operator.
    pub fn seal_picture_key(&self, session: SessionId, key: &PictureKey) -> Vec<u8> {
        Sealer::new(&self.key(session, PICTURE_KEY)).seal(&key.0)
    }

    /// Opens a picture key from the host.
    pub fn open_picture_key(&self, session: SessionId, sealed: &[u8]) -> Option<PictureKey> {
        let mut opener = Opener::new(&self.key(session, PICTURE_KEY));
        let key = opener.open(sealed).ok()?;
        Some(PictureKey(key.try_into().ok()?))
    }

    /// Seals the digits of a colleague's ticket for the host; `attempt` is used once in a channel.
    pub fn seal_ticket(&self, session: SessionId, attempt: u64, ticket: &TicketNumber) -> Vec<u8> {
        let mut digits = ticket.to_spoken();
        let sealed = Sealer::new(&self.ticket_key(session, attempt)).seal(digits.as_bytes());
        digits.zeroize();
        sealed
    }

    /// Opens what [`Self::seal_ticket`] sealed.
    pub fn open_ticket(
        &self,
        session: SessionId,
        attempt: u64,
        sealed: &[u8],
    ) -> Option<TicketNumber> {
        let mut opener = Opener::new(&self.ticket_key(session, attempt));
        let mut digits = opener.open(sealed).ok()?;
        let ticket = std::str::from_utf8(&digits).ok();
        let ticket = ticket.and_then(|digits| TicketNumber::parse(digits).ok());
        digits.zeroize();
        ticket
    }

    /// Seals what a host tells of itself; `number` is used once in a channel.
    pub fn seal_system(
        &self,
        session: SessionId,
        number: u64,
        told: &SystemInformation,
    ) -> Option<Vec<u8>> {
        let frame = wire::encode(told, MAX_WORD_BYTES).ok()?;
        let mut sealer = Sealer::new(&self.system_key(session, number));
        Some(sealer.seal(&frame[wire::PREFIX_BYTES..]))
    }

    /// Opens what [`Self::seal_system`] sealed.
    pub fn open_system(
        &self,
        session: SessionId,
        number: u64,
        sealed: &[u8],
    ) -> Option<SystemInformation> {
        let mut opener = Opener::new(&self.system_key(session, number));
        let body = opener.open(sealed).ok()?;
        let told = wire::decode::<SystemInformation>(&body).ok()?;
        Some(told.bounded())
    }

    fn system_key(&self, session: SessionId, number: u64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key(session, SYSTEM));
        hasher.update(&number.to_le_bytes());
        hasher.finalize().into()
    }

    fn ticket_key(&self, session: SessionId, attempt: u64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key(session, TICKET));
        hasher.update(&attempt.to_le_bytes());
        hasher.finalize().into()
    }

    fn lane_key(&self, session: SessionId, lane: Lane) -> [u8; 32] {
        self.key(session, lane_number(lane))
    }

    /// No key is used with two ciphers.
    fn key_for(&self, cipher: Cipher, session: SessionId, lane: Lane) -> [u8; 32] {
        match cipher {
            Cipher::ChaCha20Poly1305 => self.lane_key(session, lane),
            Cipher::Aes256Gcm => self.key(session, BY_AES | lane_number(lane)),
        }
    }

    fn key(&self, session: SessionId, purpose: u8) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.root.0);
        hasher.update(&session.0.to_le_bytes());
        hasher.update(&[purpose]);
        hasher.finalize().into()
    }
}

const PICTURE_KEY: u8 = 255;
const TICKET: u8 = 254;
const SYSTEM: u8 = 253;
/// Beside the number of a lane.
const BY_AES: u8 = 64;

// INVARIANT: the numbers are part of what keys come from, on both ends.
fn lane_number(lane: Lane) -> u8 {
    match lane {
        Lane::Screen => 0,
        Lane::Pointer => 1,
        Lane::Viewer => 2,
        Lane::Input => 3,
        Lane::ClipboardToOperator => 4,
        Lane::ClipboardToHost => 5,
        Lane::FileToOperator => 6,
        Lane::FileToHost => 7,
    }
}

/// Vouches for what the hub may see, in one session: the host makes it, and gives it to each operator.
///
/// An operator who works hand in hand with a hub could fake pictures for another operator of the
/// same session; nobody else can.
#[derive(Clone, ZeroizeOnDrop)]
pub struct PictureKey([u8; 32]);

impl std::fmt::Debug for PictureKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PictureKey(..)")
    }
}

impl PictureKey {
    /// A key from fresh randomness.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// The tag that goes behind `body` in `lane`. A body carries its own number, by which its receiver
    /// knows one that comes again.
    pub fn tag(&self, session: SessionId, lane: Lane, body: &[u8]) -> [u8; TAG_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&session.0.to_le_bytes());
        hasher.update(&[lane_number(lane)]);
        hasher.update(body);
        shortened(hasher.finalize())
    }

    /// The body of a vouched frame, if the host made it as it is.
    pub fn check<'a>(&self, session: SessionId, lane: Lane, frame: &'a [u8]) -> Option<&'a [u8]> {
        let (body, tag) = frame.split_last_chunk::<TAG_BYTES>()?;
        same_tag(self.tag(session, lane, body), tag).then_some(body)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{HostWord, OperatorWord};

    use super::*;

    const ENDS: Ends = Ends {
        console: PeerId([1; 16]),
        host: PeerId([2; 16]),
    };
    const SESSION: SessionId = SessionId(7);

    fn pair() -> PairKey {
        PairKey::from_bytes([7; 32])
    }

    fn state() -> HostState {
        HostState {
            computer: "pc".into(),
            user: "Anna".into(),
            system: "Linux".into(),
            heard: 3,
            live: None,
        }
    }

    /// A console's and a host's end of one channel.
    fn channels() -> (Channel, Channel) {
        let (opening, greeting) = Opening::begin(pair(), ENDS, [3; 32]);
        let (host, answer) =
            answer(&pair(), ENDS, &greeting, &state(), [4; 32]).expect("the right console");
        let (console, told) = opening.finish(&answer).expect("the right host");
        assert_eq!(told, state());
        assert_eq!(console.id(), host.id());
        (console, host)
    }

    #[test]
    fn words_arrive_in_both_directions() {
        let (mut console, mut host) = channels();
        for line in 0..3 {
            let word = OperatorWord::Heard { line };
            assert_eq!(host.hear(&console.say(&word)), Ok(Some(word)));
            let word = HostWord::Heard { line };
            assert_eq!(console.hear(&host.say(&word)), Ok(Some(word)));
        }
    }

    #[test]
    fn a_word_that_the_hub_touched_is_found_out() {
        let heard = |touch: &dyn Fn(Word, Word) -> Word| {
            let (mut console, mut host) = channels();
            let first = console.say(&OperatorWord::Heard { line: 1 });
            let second = console.say(&OperatorWord::Heard { line: 2 });
            host.hear::<OperatorWord>(&touch(first, second))
        };
        assert!(heard(&|first, _| first).is_ok());
        assert!(heard(&|_, second| second).is_ok(), "one may be left out");
        let changed = |first: Word, second: Word| Word {
            body: second.body,
            ..first
        };
        assert_eq!(heard(&changed), Err(ChannelError::ForeignWord));
        let renumbered = |first: Word, _| Word { number: 2, ..first };
        assert_eq!(heard(&renumbered), Err(ChannelError::ForeignWord));
        let (mut console, mut host) = channels();
        let word = console.say(&OperatorWord::Heard { line: 1 });
        assert!(host.hear::<OperatorWord>(&word).is_ok());
        let again = host.hear::<OperatorWord>(&word);
        assert_eq!(again, Err(ChannelError::ForeignWord));
        let echo = console.hear::<OperatorWord>(&word);
        assert_eq!(echo, Err(ChannelError::ForeignWord));
    }

    #[test]
    fn only_the_paired_ends_open_a_channel() {
        let other = PairKey::from_bytes([8; 32]);
        let (_, greeting) = Opening::begin(other.clone(), ENDS, [3; 32]);
        let refused = answer(&pair(), ENDS, &greeting, &state(), [4; 32]);
        assert_eq!(refused.map(drop), Err(ChannelError::ForeignGreeting));

        let swapped = Ends {
            console: ENDS.host,
            host: ENDS.console,
        };
        let (opening, greeting) = Opening::begin(pair(), ENDS, [3; 32]);
        let refused = answer(&pair(), swapped, &greeting, &state(), [4; 32]);
        assert_eq!(refused.map(drop), Err(ChannelError::ForeignGreeting));

        let (_, mut answer) =
            answer(&pair(), ENDS, &greeting, &state(), [4; 32]).expect("the right console");
        answer.state = body(&HostState {
            heard: 4,
            ..state()
        })
        .into();
        let refused = opening.finish(&answer);
        assert_eq!(refused.map(drop), Err(ChannelError::ForeignGreeting));
    }

    #[test]
    fn a_point_of_low_order_opens_no_channel() {
        let greeting = Greeting {
            public: [0; 32],
            answers: [0; 32],
            state: bytes::Bytes::new(),
            proof: console_proof(&pair(), ENDS, &[0; 32]),
        };
        let refused = answer(&pair(), ENDS, &greeting, &state(), [4; 32]);
        assert_eq!(refused.map(drop), Err(ChannelError::ForeignGreeting));
    }

    #[test]
    fn a_greeting_that_is_repeated_gives_other_keys() {
        let (_, greeting) = Opening::begin(pair(), ENDS, [3; 32]);
        let open = |random| {
            let opened = answer(&pair(), ENDS, &greeting, &state(), random);
            opened.expect("the right console").0
        };
        assert_ne!(open([4; 32]).id(), open([5; 32]).id());
    }

    #[test]
    fn a_word_from_the_future_is_left_alone() {
        let (mut console, mut host) = channels();
        let future = (77_u8, "what nobody says yet");
        assert_eq!(host.hear::<OperatorWord>(&console.say(&future)), Ok(None));
        let word = OperatorWord::Heard { line: 1 };
        assert_eq!(host.hear(&console.say(&word)), Ok(Some(word)));
    }

    #[test]
    fn a_colleagues_ticket_is_sealed_from_the_hub() {
        let (console, host) = channels();
        let ticket = TicketNumber::parse("482 913 0571").expect("ten digits");
        let sealed = console.lane_keys().seal_ticket(SESSION, 1, &ticket);
        let again = console.lane_keys().seal_ticket(SESSION, 2, &ticket);
        assert_ne!(sealed, again);
        let opened = host.lane_keys().open_ticket(SESSION, 1, &sealed);
        assert_eq!(
            opened.map(|ticket| ticket.to_spoken()),
            Some(ticket.to_spoken())
        );
        assert!(host.lane_keys().open_ticket(SESSION, 2, &sealed).is_none());
        assert!(host.lane_keys().open_ticket(SESSION, 1, b"12").is_none());
    }

    #[test]
    fn what_a_host_tells_of_itself_is_read_by_the_other_end_alone() {
        let (console, host) = channels();
        let told = SystemInformation {
            computer: "pc".into(),
            cores: 8,
            ..SystemInformation::default()
        };
        let keys = host.lane_keys();
        let sealed = keys.seal_system(SESSION, 1, &told).expect("small");
        assert_ne!(Some(&sealed), keys.seal_system(SESSION, 2, &told).as_ref());
        let open = |number, sealed: &[u8]| console.lane_keys().open_system(SESSION, number, sealed);
        assert_eq!(open(1, &sealed), Some(told));
        assert_eq!(open(2, &sealed), None);
        assert_eq!(open(1, &sealed[1..]), None);
        assert_eq!(open(1, b""), None);
    }

    #[test]
    fn each_lane_and_session_has_its_own_key() {
        let (console, host) = channels();
        let sealed = console
            .lane_keys()
            .sealer(SESSION, Lane::Input)
            .seal(b"key");
        let open = |session, lane| host.lane_keys().opener(session, lane).open(&sealed);
        assert_eq!(open(SESSION, Lane::Input).as_deref(), Ok(&b"key"[..]));
        assert!(open(SESSION, Lane::Viewer).is_err());
        assert!(open(SessionId(8), Lane::Input).is_err());
    }

    #[test]
    fn either_cipher_has_a_key_of_its_own_and_opens() {
        let (console, host) = channels();
        let (chacha, aes) = (Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm);
        let keys = console.lane_keys();
        let key = |cipher| keys.key_for(cipher, SESSION, Lane::FileToHost);
        assert_ne!(key(chacha), key(aes));
        for cipher in [chacha, aes] {
            let mut sealer = keys.sealer_with(cipher, SESSION, Lane::FileToHost);
            let sealed = sealer.seal(b"file");
            let open = |lane| {
                host.lane_keys()
                    .opener_of_either(SESSION, lane)
                    .open(&sealed)
            };
            assert_eq!(open(Lane::FileToHost).as_deref(), Ok(&b"file"[..]));
            assert!(open(Lane::FileToOperator).is_err());
        }
        // a program that knows no other cipher is understood
        let sealed = keys.sealer(SESSION, Lane::FileToHost).seal(b"file");
        let host = host.lane_keys();
        assert!(
            host.opener_of_either(SESSION, Lane::FileToHost)
                .open(&sealed)
                .is_ok()
        );
    }

    #[test]
    fn pictures_are_vouched_for() {
        let (console, host) = channels();
        let key = PictureKey::from_random([9; 32]);
        let sealed = host.lane_keys().seal_picture_key(SESSION, &key);
        let theirs = console
            .lane_keys()
            .open_picture_key(SESSION, &sealed)
            .expect("sealed for this console");
        let mut frame = b"picture".to_vec();
        frame.extend(key.tag(SESSION, Lane::Screen, b"picture"));
        let check = |session, lane, frame: &[u8]| theirs.check(session, lane, frame).is_some();
        assert!(check(SESSION, Lane::Screen, &frame));
        assert!(!check(SESSION, Lane::Pointer, &frame));
        assert!(!check(SessionId(8), Lane::Screen, &frame));
        assert!(!check(SESSION, Lane::Screen, &frame[1..]));
        assert!(!check(SESSION, Lane::Screen, b"short"));
        frame[0] ^= 1;
        assert!(!check(SESSION, Lane::Screen, &frame));
    }
}
