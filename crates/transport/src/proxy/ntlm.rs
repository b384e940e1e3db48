//! NTLM version 2, as a client speaks it to a proxy (MS-NLMP): it signs in, and seals nothing.

use hmac::{Hmac, Mac as _};
use md4::Md4;
use md5::{Digest as _, Md5};
use protocol::ProxyLogin;

use super::head::Nonsense;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
/// More of a challenge than any server needs, in bytes.
const MAX_CHALLENGE_BYTES: usize = 4 << 10;

// what both ends may agree on
const UNICODE: u32 = 1;
const REQUEST_TARGET: u32 = 1 << 2;
const NTLM: u32 = 1 << 9;
const ALWAYS_SIGN: u32 = 1 << 15;
const EXTENDED_SECURITY: u32 = 1 << 19;
const TARGET_INFO: u32 = 1 << 23;
const OURS: u32 = UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SECURITY;

/// Names of what a server says of itself: the end, and its time.
const AV_END: u16 = 0;
const AV_TIMESTAMP: u16 = 7;

/// The first message. It says nothing of who signs in.
pub(super) fn negotiate() -> Vec<u8> {
    let mut message = SIGNATURE.to_vec();
    message.extend(1_u32.to_le_bytes());
    message.extend(OURS.to_le_bytes());
    // no domain and no workstation
    message.extend([0; 16]);
    message
}

/// What the server answers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    nonce: [u8; 8],
    flags: u32,
    /// What it says of itself, as it said it.
    target_info: Vec<u8>,
    /// Its time, if it says it.
    timestamp: Option<[u8; 8]>,
}

impl Challenge {
    /// Reads the second message; `None` if it makes no sense, or allows less than `NTLMv2`.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let is_challenge = message.starts_with(SIGNATURE)
            && message.len() <= MAX_CHALLENGE_BYTES
            && number(message, 8)? == 2;
        if !is_challenge {
            return None;
        }
        let flags = number(message, 20)?;
        let nonce = message.get(24..32)?.try_into().ok()?;
        let target_info = match message.get(40..48) {
            Some(_) if flags & TARGET_INFO != 0 => {
                let length = usize::try_from(number(message, 40)? & 0xffff).ok()?;
                let from = usize::try_from(number(message, 44)?).ok()?;
                message.get(from..from.checked_add(length)?)?.to_vec()
            }
            _ => Vec::new(),
        };
        let timestamp = timestamp(&target_info).ok()?;
        Some(Self {
            nonce,
            flags,
            target_info,
            timestamp,
        })
    }
}

/// Four bytes as a number.
fn number(message: &[u8], from: usize) -> Option<u32> {
    let bytes = message.get(from..from.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The time among the pairs of `info`, if it is there.
fn timestamp(info: &[u8]) -> Result<Option<[u8; 8]>, Nonsense> {
    let mut rest = info;
    let mut time = None;
    while let [a, b, c, d, after @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*c, *d]));
        let value = after.get(..length).ok_or(Nonsense)?;
        match u16::from_le_bytes([*a, *b]) {
            AV_END => break,
            AV_TIMESTAMP => time = Some(value.try_into().map_err(|_length| Nonsense)?),
            _ => {}
        }
        rest = &after[length..];
    }
    Ok(time)
}

/// What is not the same twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Tenths of a microsecond since 1601, in UTC.
    pub(super) file_time: u64,
    /// Random.
    pub(super) nonce: [u8; 8],
}

/// The third message: `login` answers to `challenge`.
pub(super) fn authenticate(login: &ProxyLogin, challenge: &Challenge, now: Moment) -> Vec<u8> {
    let (domain, user) = match login.user().split_once('\\') {
        Some((domain, user)) => (domain, user),
        // `user@domain` is for the domain's controller to take apart
        None => ("", login.user()),
    };
    let key = owf(domain, user, login.password());
    let time = challenge.timestamp;
    let time = time.unwrap_or_else(|| now.file_time.to_le_bytes());
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend(time);
    blob.extend(now.nonce);
    blob.extend([0; 4]);
    blob.extend(&challenge.target_info);
    blob.extend([0; 4]);
    let proof = hmac(&key, &[&challenge.nonce, &blob]);
    let nt_response = [proof.as_slice(), &blob].concat();
    let lm_response = if challenge.timestamp.is_some() {
        [0; 24].to_vec()
    } else {
        let proof = hmac(&key, &[&challenge.nonce, &now.nonce]);
        [proof.as_slice(), &now.nonce].concat()
    };
    let domain = utf16(domain);
    let user = utf16(user);
    let parts: [&[u8]; 6] = [&lm_response, &nt_response, &domain, &user, &[], &[]];

    let mut message = SIGNATURE.to_vec();
    message.extend(3_u32.to_le_bytes());
    // behind the places of all parts, and the flags
    let mut at = 12 + parts.len() * 8 + 4;
    for part in parts {
        let length = u16::try_from(part.len()).expect("logins and challenges are bounded");
        message.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
        let offset = u32::try_from(at).expect("six parts of 64 KiB");
        message.extend(offset.to_le_bytes());
        at += part.len();
    }
    message.extend((challenge.flags & OURS | UNICODE | NTLM).to_le_bytes());
    message.extend(parts.concat());
    message
}

/// `NTOWFv2`: all of the password that a domain knows.
fn owf(domain: &str, user: &str, password: &str) -> [u8; 16] {
    let hash = Md4::digest(utf16(password));
    let user = utf16(&user.to_uppercase());
    hmac(&hash, &[&user, &utf16(domain)])
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("any length is a key");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|c| c.to_digit(16))
            .map(|d| u8::try_from(d).expect("a digit"))
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    /// The common values of MS-NLMP 4.2.1 and 4.2.4.
    fn challenge() -> Challenge {
        let info =
            hex("02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000");
        let mut message = SIGNATURE.to_vec();
        message.extend(2_u32.to_le_bytes());
        message.extend([0; 8]);
        message.extend((OURS | TARGET_INFO).to_le_bytes());
        message.extend(hex("0123456789abcdef"));
        message.extend([0; 8]);
        let length = u16::try_from(info.len()).expect("short");
        message.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
        message.extend(48_u32.to_le_bytes());
        message.extend(&info);
        Challenge::parse(&message).expect("sense")
    }

    const MOMENT: Moment = Moment {
        file_time: 0,
        nonce: [0xaa; 8],
    };

    /// The parts of a third message.
    fn parts(message: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!(message[..12], *b"NTLMSSP\0\x03\0\0\0");
        let part = |n: usize| {
            let at = 12 + n * 8;
            let length = usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
            let from = usize::try_from(number(message, at + 4)?).ok()?;
            Some(message[from..from + length].to_vec())
        };
        (0..6).map(|n| part(n).expect("inside")).collect()
    }

    #[test]
    fn r3_ntlm_answers_as_the_specification_does() {
        let key = owf("Domain", "User", "Password");
        assert_eq!(key.to_vec(), hex("0c868a403bfd7a93a3001ef22ef02e3f"));
        let login = ProxyLogin::new("Domain\\User", "Password").expect("short");
        let message = authenticate(&login, &challenge(), MOMENT);
        let parts = parts(&message);
        let lm = hex("86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa");
        assert_eq!(parts[0], lm);
        let proof = hex("68cd0ab851e51c96aabc927bebef6a1c");
        assert_eq!(parts[1][..16], proof);
        assert_eq!(parts[2], utf16("Domain"));
        assert_eq!(parts[3], utf16("User"));
    }

    #[test]
    fn ntlm_takes_the_servers_time_and_then_leaves_the_old_answer_out() {
        let mut challenge = challenge();
        let info = hex("0700 0800 0102030405060708 00000000");
        challenge.timestamp = timestamp(&info).expect("sense");
        assert_eq!(challenge.timestamp, Some([1, 2, 3, 4, 5, 6, 7, 8]));
        let login = ProxyLogin::new("anna@firm.example", "x").expect("short");
        let parts = parts(&authenticate(&login, &challenge, MOMENT));
        assert_eq!(parts[0], [0; 24]);
        assert_eq!(parts[1][24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            (parts[2].len(), &parts[3]),
            (0, &utf16("anna@firm.example"))
        );
    }

    proptest! {
        #[test]
        fn whatever_a_proxy_challenges_with_is_read_or_refused(
            rest in prop::collection::vec(any::<u8>(), 0..120),
            user in ".{0,60}",
        ) {
            let message = [SIGNATURE.as_slice(), &2_u32.to_le_bytes(), &rest].concat();
            if let Some(challenge) = Challenge::parse(&message) {
                let login = ProxyLogin::new(&user, "x").expect("short");
                let message = authenticate(&login, &challenge, MOMENT);
                prop_assert_eq!(parts(&message)[5].len(), 0);
            }
        }
    }
}
