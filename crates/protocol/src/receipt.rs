//! What the user of a host has in hand when an assistance is over (H9), and what the user says of it.
//!
//! The hub makes the receipt from what it has stored, and signs it with the key that clients pin. What is
//! signed has no language; [`mod@file`] writes it for people.

pub mod file;
mod lines;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::control::{EndedBy, Name};
use crate::files::TransferName;
use crate::ids::SessionId;
use crate::rights::Rights;
use crate::text::BoundedText;
use crate::wire;

pub use lines::{Line, Offsets};

/// What the hub's key signs a receipt for: no other signature of that key can be taken for one.
pub const RECEIPT_PURPOSE: &str = "receipt v1";
/// Most operators that a receipt names; the rest is counted.
pub const MAX_RECEIPT_HELPERS: usize = 16;
/// Most transfers of files that a receipt names; the rest is counted.
pub const MAX_RECEIPT_FILES: usize = 100;
/// Most bytes of a receipt, and of the certificate and signature that come with it together.
pub const MAX_RECEIPT_BYTES: usize = 32 * 1024;

/// What the user says of an assistance, in one line.
pub type FeedbackText = BoundedText<300>;

/// What an assistance was, as the hub knows it.
// INVARIANT: saved receipts are read for years. A field or a variant is added at an end, with a new
// `RECEIPT_PURPOSE`, and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub session: SessionId,
    /// Whose help desk it was; empty where that is not set.
    pub organisation: Name,
    /// The user's name as typed in Helpme.
    pub user: Name,
    pub computer: Name,
    /// All who took part, in the order in which they came; [`MAX_RECEIPT_HELPERS`] at most.
    pub helpers: Vec<Helper>,
    pub further_helpers: u32,
    /// Seconds since the Unix epoch (hub's clock).
    pub started_unix_seconds: i64,
    pub ended_unix_seconds: i64,
    pub ended_by: EndedBy,
    /// An operator used keyboard or pointer.
    pub controlled: bool,
    /// Somebody wrote something.
    pub chat: bool,
    /// In the order in which they began; [`MAX_RECEIPT_FILES`] at most.
    pub files: Vec<SentFiles>,
    pub further_files: u32,
    pub film: FilmKept,
}

/// An operator who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Helper {
    pub name: Name,
    /// What the user allowed, also where some of it was taken back later.
    pub allowed: Rights,
}

/// Files that were sent at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFiles {
    /// From the operator to the host, and not the other way.
    pub to_host: bool,
    pub name: TransferName,
    /// What has arrived.
    pub files: u32,
    pub bytes: u64,
    /// Whether that is all that was to be sent.
    pub whole: bool,
}

/// How long the film of an assistance is kept, as the rules were when the receipt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilmKept {
    /// Until then at the latest, in seconds since the Unix epoch.
    Until { unix_seconds: i64 },
    /// No rule erases it.
    UntilErased,
    /// Somebody holds it, whatever the rules say.
    OnHold,
    /// It is gone already.
    Erased,
}

impl Receipt {
    /// What is signed of it, besides the certificate.
    pub fn to_bytes(&self) -> Bytes {
        let bytes = postcard::to_allocvec(self).expect("plain data always serialises");
        bytes.into()
    }
}

/// A receipt as the hub signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// A [`Receipt`].
    pub receipt: Bytes,
    /// Of the key that signed it, in DER.
    pub certificate: Bytes,
    pub signature: Bytes,
}

impl SignedReceipt {
    /// What it says, whoever signed it; `None` if that is not written as a hub writes it.
    pub fn receipt(&self) -> Option<Receipt> {
        let parts = [&self.receipt, &self.certificate, &self.signature];
        if parts.iter().map(|part| part.len()).sum::<usize>() > MAX_RECEIPT_BYTES {
            return None;
        }
        let receipt: Receipt = wire::decode(&self.receipt).ok()?;
        let is_bounded = receipt.helpers.len() <= MAX_RECEIPT_HELPERS
            && receipt.files.len() <= MAX_RECEIPT_FILES;
        (is_bounded && receipt.to_bytes() == self.receipt).then_some(receipt)
    }

    /// The bytes that the signature is of: those of the certificate too, so that none of them can be
    /// another.
    pub fn signed_bytes(receipt: &[u8], certificate: &[u8]) -> Vec<u8> {
        let length = u64::try_from(receipt.len()).unwrap_or(u64::MAX);
        [&length.to_le_bytes(), receipt, certificate].concat()
    }
}

/// How an assistance was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    pub stars: Stars,
    /// As it was written; whoever shows it makes it one visible line.
    pub words: FeedbackText,
}

/// How many of five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stars {
    One,
    Two,
    Three,
    Four,
    Five,
}

impl Stars {
    pub const MOST: u8 = 5;
    pub const ALL: [Self; 5] = [Self::One, Self::Two, Self::Three, Self::Four, Self::Five];

    /// One to five.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
            Self::Five => 5,
        }
    }

    /// As many, if there can be.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|stars| stars.number() == number)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn receipt() -> Receipt {
        Receipt {
            session: SessionId(17),
            organisation: "Comune di Prova".into(),
            user: "Rossi".into(),
            computer: "PC-ROSSI".into(),
            helpers: vec![
                Helper {
                    name: "Marco Bianchi".into(),
                    allowed: Rights::KNOWN,
                },
                Helper {
                    name: "Anna Verdi".into(),
                    allowed: Rights::SEE,
                },
            ],
            further_helpers: 0,
            started_unix_seconds: 1_795_546_800,
            ended_unix_seconds: 1_795_547_425,
            ended_by: EndedBy::User,
            controlled: true,
            chat: true,
            files: vec![
                SentFiles {
                    to_host: true,
                    name: "manuale.pdf".into(),
                    files: 1,
                    bytes: 1_234_567,
                    whole: true,
                },
                SentFiles {
                    to_host: false,
                    name: "foto".into(),
                    files: 3,
                    bytes: 999,
                    whole: false,
                },
            ],
            further_files: 0,
            film: FilmKept::Until {
                unix_seconds: 1_803_323_425,
            },
        }
    }

    pub(crate) fn signed(receipt: &Receipt) -> SignedReceipt {
        SignedReceipt {
            receipt: receipt.to_bytes(),
            certificate: Bytes::from_static(b"certificate"),
            signature: Bytes::from_static(b"signature"),
        }
    }

    #[test]
    fn h9_what_no_hub_writes_is_no_receipt() {
        let good = receipt();
        assert_eq!(signed(&good).receipt().as_ref(), Some(&good));
        let mut longer = signed(&good);
        longer.receipt = [&longer.receipt[..], &b"x"[..]].concat().into();
        assert_eq!(longer.receipt(), None, "more behind it");
        let mut crowded = good.clone();
        let helper = crowded.helpers[0].clone();
        crowded.helpers = vec![helper; MAX_RECEIPT_HELPERS + 1];
        assert_eq!(signed(&crowded).receipt(), None, "too many operators");
        let mut large = signed(&good);
        large.certificate = vec![0; MAX_RECEIPT_BYTES].into();
        assert_eq!(large.receipt(), None, "too large");
    }

    #[test]
    fn h9_the_largest_receipt_of_a_hub_is_one() {
        let mut largest = receipt();
        let name = "x".repeat(Name::MAX_BYTES);
        largest.helpers = vec![
            Helper {
                name: name.as_str().into(),
                allowed: Rights::KNOWN,
            };
            MAX_RECEIPT_HELPERS
        ];
        largest.files = vec![
            SentFiles {
                to_host: true,
                name: name.as_str().into(),
                files: u32::MAX,
                bytes: u64::MAX,
                whole: true,
            };
            MAX_RECEIPT_FILES
        ];
        let mut signed = signed(&largest);
        signed.certificate = vec![0; 8 * 1024].into();
        assert_eq!(signed.receipt(), Some(largest));
    }

    #[test]
    fn h9_there_are_one_to_five_stars() {
        let read = |tag: u8| wire::decode::<Stars>(&[tag]).ok();
        for number in 1..=5 {
            assert_eq!(Stars::of(number).map(Stars::number), Some(number));
            assert_eq!(read(number - 1), Stars::of(number));
        }
        assert_eq!((Stars::of(0), Stars::of(6)), (None, None));
        assert_eq!((read(5), read(255)), (None, None));
    }
}
