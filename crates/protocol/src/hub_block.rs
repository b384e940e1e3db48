//! The hub that a Helpme carries in its own file: a block behind the program, signed by that hub's key (H2, H3).
//!
//! What follows a program in its file is none of the program's business on Linux. On Windows the block lies inside the
//! table of certificates, which a code signature leaves out, so that the maker's stays good
//! ([`mod@executable`]). Either way it ends with the file:
//!
//! zeros so that all is a multiple of eight | [`START`] | [`SignedHubBlock`] | its length, 4 bytes | [`END`]

mod executable;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::address::HubAddress;
use crate::control::Name;
use crate::text::BoundedText;
use crate::wire;

pub use executable::{NoRoom, with_block};

/// What a hub's key signs a block for: no other signature of that key can be taken for one.
pub const HUB_BLOCK_PURPOSE: &str = "hub block v1";
/// The largest block, and so the most that is read of a program's end, in bytes.
pub const MAX_HUB_BLOCK_BYTES: usize = 8 * 1024;

/// Both are in a whole block, so that one changed byte leaves the other to tell of it.
const START: [u8; 16] = *b"\x91phd hub block>\0";
const END: [u8; 16] = *b"\0<phd hub block\x92";
const LENGTH_BYTES: usize = 4;

/// What a hub says of itself there.
// INVARIANT: a Helpme is kept for years. What this says changes only with a new `HUB_BLOCK_PURPOSE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubBlock {
    /// As [`HubAddress`] is written.
    pub address: BoundedText<262>,
    /// Whether it is to be known by a public certificate for its name, and not by the key that signs this.
    pub known_by_name: bool,
    /// Whose help desk it is; empty where that is not set.
    pub organisation: Name,
}

/// A block as a hub signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHubBlock {
    /// A [`HubBlock`].
    pub said: Bytes,
    /// Of the key that signed it, in DER.
    pub certificate: Bytes,
    pub signature: Bytes,
}

/// What the file of a program ends with was a block and is whole no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the block with the help desk at the program's end is damaged")]
pub struct DamagedBlock;

impl HubBlock {
    pub fn new(hub: &HubAddress, known_by_name: bool, organisation: &str) -> Self {
        Self {
            address: BoundedText::cut(hub.to_string()),
            known_by_name,
            organisation: Name::cut(organisation),
        }
    }

    /// What is signed of it, besides the certificate.
    pub fn to_bytes(&self) -> Bytes {
        let bytes = postcard::to_allocvec(self).expect("plain data always serialises");
        bytes.into()
    }
}

impl SignedHubBlock {
    /// What it says, whoever signed it; `None` if that is not written as a hub writes it.
    pub fn block(&self) -> Option<HubBlock> {
        let block: HubBlock = wire::decode(&self.said).ok()?;
        (block.to_bytes() == self.said).then_some(block)
    }

    /// The bytes that the signature is of.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let length = u64::try_from(self.said.len()).unwrap_or(u64::MAX);
        [&length.to_le_bytes(), &*self.said, &*self.certificate].concat()
    }

    /// The block as it stands in a file; a multiple of eight bytes.
    fn to_file(&self) -> Vec<u8> {
        let body = postcard::to_allocvec(self).expect("plain data always serialises");
        let length = u32::try_from(body.len()).expect("a block is small");
        let bare = START.len() + body.len() + LENGTH_BYTES + END.len();
        let mut file = vec![0; bare.next_multiple_of(8) - bare];
        file.extend_from_slice(&START);
        file.extend_from_slice(&body);
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(&END);
        file
    }

    /// The block in `tail`, which are the last [`MAX_HUB_BLOCK_BYTES`] of a file, or all of a smaller one; `None` if
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`DamagedBlock`], also where something else follows it or its end is missing.
    pub fn find(tail: &[u8]) -> Result<Option<Self>, DamagedBlock> {
        let Some(front) = tail.strip_suffix(&END) else {
            let is_there = tail.windows(START.len()).any(|part| part == START);
            return if is_there {
                Err(DamagedBlock)
            } else {
                Ok(None)
            };
        };
        let read = || {
            let (front, length) = front.split_last_chunk::<LENGTH_BYTES>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let at = front.len().checked_sub(length)?;
            let block: Self = wire::decode(&front[at..]).ok()?;
            // written once more it must be what stands there, zeros in front of it included
            let is_whole = tail.ends_with(&block.to_file());
            is_whole.then_some(block)
        };
        read().map(Some).ok_or(DamagedBlock)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn signed() -> SignedHubBlock {
        let hub = "hub.example.org:8443".parse().expect("an address");
        SignedHubBlock {
            said: HubBlock::new(&hub, false, "Comune di Prova").to_bytes(),
            certificate: Bytes::from_static(b"certificate"),
            signature: Bytes::from_static(b"signature"),
        }
    }

    #[test]
    fn h2_what_is_put_behind_a_program_is_found_there() {
        let block = signed();
        let program = b"any program".repeat(999);
        let file = with_block(&program, &block).expect("room");
        assert!(file.starts_with(&program), "the program is as it was");
        let tail = &file[file.len() - MAX_HUB_BLOCK_BYTES..];
        assert_eq!(SignedHubBlock::find(tail), Ok(Some(block.clone())));
        // all of a small file, and a program that carries nothing
        assert_eq!(SignedHubBlock::find(&file), Ok(Some(block.clone())));
        assert_eq!(SignedHubBlock::find(&program), Ok(None));
        assert_eq!(SignedHubBlock::find(b""), Ok(None));
        let said = block.block().expect("a block");
        assert_eq!(said.address.as_str(), "hub.example.org:8443");
        // nobody puts a second one behind it
        assert_eq!(with_block(&file, &block), Err(NoRoom::CarriesOne));
    }

    #[test]
    fn a_block_that_lost_its_end_or_has_something_behind_it_is_damaged() {
        let file = with_block(b"any program", &signed()).expect("room");
        let block = file.len() - b"any program".len();
        // as long as its beginning is there: at most seven zeros stand before that
        for cut in 1..block - START.len() - 7 {
            let cut = &file[..file.len() - cut];
            assert_eq!(SignedHubBlock::find(cut), Err(DamagedBlock));
        }
        let more = [&file[..], b"more"].concat();
        assert_eq!(SignedHubBlock::find(&more), Err(DamagedBlock));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn h2_a_block_with_a_changed_byte_is_damaged_or_says_something_else(
            at in any::<prop::sample::Index>(),
            bits in 1_u8..,
        ) {
            let whole = signed();
            let mut file = whole.to_file();
            let at = at.index(file.len());
            file[at] ^= bits;
            // what is signed is for the signature to find
            prop_assert_ne!(SignedHubBlock::find(&file), Ok(Some(whole)));
            prop_assert_ne!(SignedHubBlock::find(&file), Ok(None));
        }

        #[test]
        fn nonsense_behind_a_program_is_no_panic(mut tail: Vec<u8>, ends: bool) {
            if ends {
                tail.extend(END);
                prop_assert_eq!(SignedHubBlock::find(&tail), Err(DamagedBlock));
            } else {
                prop_assert_eq!(SignedHubBlock::find(&tail), Ok(None));
            }
        }
    }
}
