//! The signature of the block by which a Helpme knows its hub (H2): made by the hub's key, and checked by Helpme before
//! anything in it counts.
//!
//! The hub is what the block introduces, so nothing that is known before can vouch for it. The signature proves that
//! whoever has this key wrote all of it: the key that Helpme then pins is the one that signed the address and the name,
//! so nobody can alter a block and keep its hub. Another hub's whole block leads to that other hub, by its own name,
//! and Helpme asks before it goes to another one than before.

use protocol::hub_block::{DamagedBlock, HUB_BLOCK_PURPOSE};
use protocol::{AddressFault, HubAddress, HubBlock, SignedHubBlock};

use crate::identity::{HubIdentity, IdentityError};
use crate::pin::Pin;
use crate::signature::verify_signature;

/// What a block brings, once it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedHub {
    pub address: HubAddress,
    pub pin: Pin,
    /// Whose help desk it is, as the hub with the pinned key said; empty where it said nothing, and where the hub is
    /// known by its name, for which the key that signed says nothing.
    pub organisation: String,
}

/// A block is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockFault {
    #[error("{0}")]
    Damaged(#[from] DamagedBlock),
    #[error("the block with the help desk was changed: its signature is not of what it says")]
    Signature,
    #[error("the block names a help desk that cannot be: {0}")]
    Address(#[from] AddressFault),
}

/// Signs `block` with the hub's key.
///
/// # Errors
///
/// [`IdentityError::Sign`].
pub fn sign(key: &HubIdentity, block: &HubBlock) -> Result<SignedHubBlock, IdentityError> {
    let mut signed = SignedHubBlock {
        said: block.to_bytes(),
        certificate: key.certificate().to_vec().into(),
        signature: Default::default(),
    };
    signed.signature = key.sign(HUB_BLOCK_PURPOSE, &signed.signed_bytes())?.into();
    Ok(signed)
}

/// Checks the block in `tail`, the last [`protocol::hub_block::MAX_HUB_BLOCK_BYTES`] of a program's file; `None` if
/// there is none.
///
/// # Errors
///
/// [`BlockFault`].
pub fn find(tail: &[u8]) -> Result<Option<CarriedHub>, BlockFault> {
    SignedHubBlock::find(tail)?
        .map(|found| verify(&found))
        .transpose()
}

fn verify(signed: &SignedHubBlock) -> Result<CarriedHub, BlockFault> {
    let block = signed.block().ok_or(DamagedBlock)?;
    let (certificate, signature) = (&signed.certificate, &signed.signature);
    let signer = verify_signature(
        certificate,
        HUB_BLOCK_PURPOSE,
        &signed.signed_bytes(),
        signature,
    );
    let key = signer.map_err(|_wrong| BlockFault::Signature)?;
    let address = block.address.parse()?;
    Ok(if block.known_by_name {
        CarriedHub {
            address,
            pin: Pin::PublicName,
            organisation: String::new(),
        }
    } else {
        CarriedHub {
            address,
            pin: Pin::Key(key),
            organisation: block.organisation.into_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use protocol::hub_block::with_block;

    use super::*;

    fn key() -> HubIdentity {
        let folder = tempfile::tempdir().expect("a folder");
        HubIdentity::open_or_create(folder.path()).expect("a key")
    }

    fn block(known_by_name: bool) -> HubBlock {
        let hub = "help.example.org:8443".parse().expect("an address");
        HubBlock::new(&hub, known_by_name, "Comune di Prova")
    }

    fn carried_by(key: &HubIdentity, block: &HubBlock) -> Vec<u8> {
        let signed = sign(key, block).expect("signed");
        with_block(b"program", &signed).expect("room")
    }

    #[test]
    fn h2_a_block_pins_the_key_that_signed_it_and_names_whose_help_desk_it_is() {
        let hub = key();
        let found = find(&carried_by(&hub, &block(false)));
        let expected = CarriedHub {
            address: "help.example.org:8443".parse().expect("an address"),
            pin: Pin::Key(hub.fingerprint()),
            organisation: "Comune di Prova".to_owned(),
        };
        assert_eq!(found, Ok(Some(expected)));
        assert_eq!(find(b"program"), Ok(None));
    }

    #[test]
    fn h8_a_block_of_a_hub_that_is_known_by_its_name_brings_no_organisation() {
        // anybody can make a key and sign this with it
        let found = find(&carried_by(&key(), &block(true))).expect("whole");
        let found = found.expect("a block");
        assert_eq!(
            (found.pin, found.organisation.as_str()),
            (Pin::PublicName, "")
        );
    }

    #[test]
    fn h2_nobody_alters_a_block_and_keeps_its_hub() {
        let (hub, stranger) = (key(), key());
        let signed = sign(&hub, &block(false)).expect("signed");
        let file = |signed: &SignedHubBlock| with_block(b"program", signed).expect("room");
        let evil = "evil.example.org".parse().expect("an address");
        // another address under the hub's signature and certificate
        let altered = SignedHubBlock {
            said: HubBlock::new(&evil, false, "Comune di Prova").to_bytes(),
            ..signed.clone()
        };
        assert_eq!(find(&file(&altered)), Err(BlockFault::Signature));
        // the hub's certificate under another's signature
        let borrowed = SignedHubBlock {
            certificate: signed.certificate.clone(),
            ..sign(&stranger, &block(false)).expect("signed")
        };
        assert_eq!(find(&file(&borrowed)), Err(BlockFault::Signature));
        // what the hub signed for something else
        let other = SignedHubBlock {
            signature: hub
                .sign("receipt v1", &signed.signed_bytes())
                .expect("signed")
                .into(),
            ..signed
        };
        assert_eq!(find(&file(&other)), Err(BlockFault::Signature));
        // a whole other hub's is that other hub
        let theirs = find(&carried_by(&stranger, &block(false))).expect("whole");
        let pin = theirs.map(|theirs| theirs.pin);
        assert_eq!(pin, Some(Pin::Key(stranger.fingerprint())));
        // nobody is at such an address
        let nowhere = HubBlock {
            address: "a b".into(),
            ..block(false)
        };
        let refused = find(&carried_by(&hub, &nowhere));
        assert_eq!(refused, Err(BlockFault::Address(AddressFault::Space)));
    }

    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| carried_by(&key(), &block(false)));

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn h2_every_byte_that_is_changed_in_a_block_is_found(
            at in any::<prop::sample::Index>(),
            bits in 1_u8..,
        ) {
            let program = b"program".len();
            let mut file = FILE.clone();
            let at = program + at.index(file.len() - program);
            file[at] ^= bits;
            prop_assert!(find(&file).is_err());
        }
    }
}
