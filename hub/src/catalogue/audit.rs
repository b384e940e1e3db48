//! The audit log: each row's hash covers the row before it, and the hub's key signs the last one, so
//! that tampering shows (D4).
//!
//! The signature stands in the data base and, at most a second older, in a file beside it. Whoever
//! brings back both of an earlier day is found by an *anchor*: a row and its hash, kept elsewhere. The
//! hub writes one into its log each day.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use ::session::directory::records::Actor;
use protocol::SessionId;
use transport::{HubIdentity, IdentityError, verify_signature};

// The context strings keep these hashes apart from every other use of BLAKE3.
const CONTEXT: &str = "pure help desk 2026 audit row v1";
const CONTEXT_WITH_KIND: &str = "pure help desk 2026 audit row v2";

const HEAD_PURPOSE: &str = "audit head v1";
const FILM_PURPOSE: &str = "film head v1";

/// The hash of a row of the audit log and of all rows before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead(pub [u8; 32]);

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A row and its hash, as they were once: written `ROW:HEAD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub row: i64,
    pub head: AuditHead,
}

/// What was given is no anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is the number of a row, a colon, and 64 hexadecimal digits")]
pub struct ParseAnchorError;

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.row, self.head)
    }
}

impl FromStr for Anchor {
    type Err = ParseAnchorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (row, head) = text.trim().split_once(':').ok_or(ParseAnchorError)?;
        let row = row.parse().map_err(|_no_number| ParseAnchorError)?;
        let head = from_hex(head).and_then(|bytes| bytes.try_into().ok());
        let head = AuditHead(head.ok_or(ParseAnchorError)?);
        Ok(Self { row, head })
    }
}

/// The head that the hub's key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedHead {
    pub(super) anchor: Anchor,
    pub(super) signature: Vec<u8>,
}

impl SignedHead {
    pub(super) fn sign(anchor: Anchor, key: &HubIdentity) -> Result<Self, IdentityError> {
        let signature = key.sign(HEAD_PURPOSE, &anchor.message())?;
        Ok(Self { anchor, signature })
    }

    pub(super) fn is_of(&self, key: &HubIdentity) -> bool {
        let (message, signature) = (self.anchor.message(), &self.signature);
        verify_signature(key.certificate(), HEAD_PURPOSE, &message, signature).is_ok()
    }

    /// As it stands in the file beside the data base.
    pub(super) fn to_line(&self) -> String {
        let mut line = self.anchor.to_string();
        line.push(' ');
        for byte in &self.signature {
            write!(line, "{byte:02x}").expect("a string takes it");
        }
        line.push('\n');
        line
    }

    /// What stands in the file; what makes no sense there was signed by nobody.
    pub(super) fn from_line(line: &str) -> Self {
        let read = || {
            let (anchor, signature) = line.trim_end().split_once(' ')?;
            Some(Self {
                anchor: anchor.parse().ok()?,
                signature: from_hex(signature)?,
            })
        };
        let head = AuditHead::default();
        read().unwrap_or(Self {
            anchor: Anchor { row: 0, head },
            signature: Vec::new(),
        })
    }
}

impl Anchor {
    fn message(&self) -> Vec<u8> {
        let mut message = self.row.to_le_bytes().to_vec();
        message.extend(self.head.0);
        message
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect())
}

/// Signs what a film ends with.
pub(super) fn sign_film(
    key: &HubIdentity,
    session: SessionId,
    head: &[u8; 32],
) -> Result<Vec<u8>, IdentityError> {
    key.sign(FILM_PURPOSE, &film_message(session, head))
}

/// Whether the key of `certificate` signed that the film of `session` ends with `head`.
pub fn film_is_signed(
    certificate: &[u8],
    session: SessionId,
    head: &[u8; 32],
    signature: &[u8],
) -> bool {
    let message = film_message(session, head);
    verify_signature(certificate, FILM_PURPOSE, &message, signature).is_ok()
}

fn film_message(session: SessionId, head: &[u8; 32]) -> Vec<u8> {
    let mut message = session.0.to_le_bytes().to_vec();
    message.extend(head);
    message
}

// INVARIANT: these numbers stand in data bases and in hashes.
pub(super) fn kind_number(actor: &Actor) -> i64 {
    match actor {
        Actor::Hub => 1,
        Actor::Account(_) => 2,
        Actor::Host(_) => 3,
        Actor::CommandLine => 4,
        Actor::Stranger(_) => 5,
    }
}

/// One row of the audit log, before its hash.
pub(super) struct AuditRow {
    pub(super) id: i64,
    pub(super) at: i64,
    /// What the actor is; hubs did not always note it.
    pub(super) kind: Option<i64>,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) detail: String,
}

impl AuditRow {
    pub(super) fn hash_after(&self, previous: AuditHead) -> AuditHead {
        let mut hasher = if let Some(kind) = self.kind {
            let mut hasher = blake3::Hasher::new_derive_key(CONTEXT_WITH_KIND);
            hasher.update(&kind.to_le_bytes());
            hasher
        } else {
            blake3::Hasher::new_derive_key(CONTEXT)
        };
        hasher.update(&previous.0);
        hasher.update(&self.id.to_le_bytes());
        hasher.update(&self.at.to_le_bytes());
        for text in [&self.actor, &self.action, &self.detail] {
            // the length keeps neighbouring texts apart
            let len = u64::try_from(text.len()).expect("a length fits 64 bits");
            hasher.update(&len.to_le_bytes());
            hasher.update(text.as_bytes());
        }
        AuditHead(hasher.finalize().into())
    }
}
