//! The signature of a receipt (H9): made by the hub's key, and checked by whoever has the receipt.

use protocol::receipt::file::{ChangedLine, MAX_RECEIPT_FILE_BYTES, SavedReceipt};
use protocol::receipt::{RECEIPT_PURPOSE, Receipt, SignedReceipt};

use crate::identity::{Fingerprint, HubIdentity, IdentityError};
use crate::pin::Pin;
use crate::signature::verify_signature;

/// A receipt is not what a hub signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptFault {
    #[error("the file is no receipt, or its signed part was changed")]
    NoReceipt,
    #[error("the signed part was changed: its signature is not of what it says")]
    Signature,
    /// What was signed is whole.
    #[error("{}", name_changes(lines))]
    Changed { lines: Vec<ChangedLine> },
    #[error("the receipt is whole, but of another hub: its fingerprint is {found}")]
    OtherHub { found: Fingerprint },
}

fn name_changes(lines: &[ChangedLine]) -> String {
    let shown = |line: &Option<String>| {
        line.as_ref().map_or_else(
            || "nothing".to_owned(),
            |line| format!("\"{}\"", protocol::visible_line(line)),
        )
    };
    let lines = lines.iter().map(|line| {
        let (found, signed) = (shown(&line.found), shown(&line.signed));
        format!("line {}: {found} was signed as {signed}", line.number)
    });
    let lines: Vec<String> = lines.collect();
    format!("it was changed: {}", lines.join("; "))
}

/// Signs `receipt` with the hub's key.
///
/// # Errors
///
/// [`IdentityError::Sign`].
pub fn sign(key: &HubIdentity, receipt: &Receipt) -> Result<SignedReceipt, IdentityError> {
    let (receipt, certificate) = (receipt.to_bytes(), key.certificate());
    let content = SignedReceipt::signed_bytes(&receipt, certificate);
    Ok(SignedReceipt {
        signature: key.sign(RECEIPT_PURPOSE, &content)?.into(),
        certificate: certificate.to_vec().into(),
        receipt,
    })
}

/// Checks who signed it, and gives what it says.
///
/// # Errors
///
/// [`ReceiptFault`].
pub fn verify(signed: &SignedReceipt) -> Result<(Receipt, Fingerprint), ReceiptFault> {
    let receipt = signed.receipt().ok_or(ReceiptFault::NoReceipt)?;
    let content = SignedReceipt::signed_bytes(&signed.receipt, &signed.certificate);
    let (certificate, signature) = (&signed.certificate, &signed.signature);
    let signer = verify_signature(certificate, RECEIPT_PURPOSE, &content, signature);
    match signer {
        Ok(fingerprint) => Ok((receipt, fingerprint)),
        Err(_wrong) => Err(ReceiptFault::Signature),
    }
}

/// As [`verify`], for a receipt that came over a connection to the hub that `pin` is of. Where the hub is
/// known by its name, it has proved that, and the key is the one that it says.
///
/// # Errors
///
/// [`ReceiptFault`].
pub fn verify_of(signed: &SignedReceipt, pin: Pin) -> Result<Receipt, ReceiptFault> {
    let (receipt, found) = verify(signed)?;
    match pin {
        Pin::Key(known) if known != found => Err(ReceiptFault::OtherHub { found }),
        Pin::Key(_) | Pin::PublicName => Ok(receipt),
    }
}

/// Checks every byte of a saved receipt, without any hub; where `pin` is given, also whose it is.
///
/// # Errors
///
/// [`ReceiptFault`] says what was changed.
pub fn verify_file(
    file: &[u8],
    pin: Option<Fingerprint>,
) -> Result<(Receipt, Fingerprint), ReceiptFault> {
    if file.len() > MAX_RECEIPT_FILE_BYTES {
        return Err(ReceiptFault::NoReceipt);
    }
    let text = String::from_utf8_lossy(file);
    let saved = SavedReceipt::read(&text).ok_or(ReceiptFault::NoReceipt)?;
    let (receipt, found) = verify(&saved.signed)?;
    let lines = saved.changes_in(file);
    if !lines.is_empty() {
        return Err(ReceiptFault::Changed { lines });
    }
    if pin.is_some_and(|pin| pin != found) {
        return Err(ReceiptFault::OtherHub { found });
    }
    Ok((receipt, found))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use protocol::admin::reports::Language;
    use protocol::receipt::{FilmKept, Helper, Offsets, SentFiles};
    use protocol::{EndedBy, Rights, SessionId};

    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            session: SessionId(17),
            organisation: "Comune di Prova".into(),
            user: "Rossi".into(),
            computer: "PC".into(),
            helpers: vec![Helper {
                name: "Marco Bianchi".into(),
                allowed: Rights::SEE_AND_CONTROL,
            }],
            further_helpers: 0,
            started_unix_seconds: 1_795_546_800,
            ended_unix_seconds: 1_795_547_425,
            ended_by: EndedBy::Operator,
            controlled: true,
            chat: false,
            files: vec![SentFiles {
                to_host: true,
                name: "manuale.pdf".into(),
                files: 1,
                bytes: 1_234_567,
                whole: true,
            }],
            further_files: 0,
            film: FilmKept::UntilErased,
        }
    }

    fn key() -> HubIdentity {
        let folder = tempfile::tempdir().expect("a folder");
        HubIdentity::open_or_create(folder.path()).expect("a key")
    }

    struct Saved {
        file: String,
        fingerprint: Fingerprint,
    }

    static SAVED: LazyLock<Saved> = LazyLock::new(|| {
        let key = key();
        let saved = SavedReceipt {
            signed: sign(&key, &receipt()).expect("signed"),
            language: Language::English,
            offsets: Offsets::default(),
        };
        Saved {
            file: saved.write().expect("a receipt"),
            fingerprint: key.fingerprint(),
        }
    });

    #[test]
    fn h9_a_saved_receipt_proves_itself_and_says_whose_it_is() {
        let Saved { file, fingerprint } = &*SAVED;
        let found = verify_file(file.as_bytes(), Some(*fingerprint));
        assert_eq!(found, Ok((receipt(), *fingerprint)));
        let other = Fingerprint::from_bytes([0; 32]);
        let refused = verify_file(file.as_bytes(), Some(other));
        let found = *fingerprint;
        assert_eq!(refused, Err(ReceiptFault::OtherHub { found }));
    }

    #[test]
    fn h9_a_receipt_counts_only_from_the_hub_that_is_known() {
        let (hub, stranger) = (key(), key());
        let signed = sign(&hub, &receipt()).expect("signed");
        let known = Pin::Key(hub.fingerprint());
        assert_eq!(verify_of(&signed, known), Ok(receipt()));
        assert_eq!(verify_of(&signed, Pin::PublicName), Ok(receipt()));
        let forged = sign(&stranger, &receipt()).expect("signed");
        let found = stranger.fingerprint();
        let refused = verify_of(&forged, known);
        assert_eq!(refused, Err(ReceiptFault::OtherHub { found }));
        // the right certificate under another's signature
        let mixed = SignedReceipt {
            certificate: signed.certificate.clone(),
            ..forged
        };
        assert_eq!(verify_of(&mixed, known), Err(ReceiptFault::Signature));
        // what was signed for something else
        let content = SignedReceipt::signed_bytes(&signed.receipt, &signed.certificate);
        let signature = hub.sign("proof bundle v1", &content).expect("signed");
        let borrowed = SignedReceipt {
            signature: signature.into(),
            ..signed
        };
        assert_eq!(verify_of(&borrowed, known), Err(ReceiptFault::Signature));
    }

    #[test]
    fn h9_the_line_that_was_changed_is_named() {
        let sly = SAVED.file.replace("1.2 MB", "9.2 MB");
        let fault = verify_file(sly.as_bytes(), None).expect_err("changed");
        assert_eq!(
            fault.to_string(),
            "it was changed: line 16: \"Files to your computer: manuale.pdf, 1 file, 9.2 MB\" was \
             signed as \"Files to your computer: manuale.pdf, 1 file, 1.2 MB\""
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn h9_every_byte_that_is_changed_added_or_cut_off_is_found(
            at in any::<prop::sample::Index>(),
            bits in 1_u8..,
            what in 0..3,
        ) {
            let whole = SAVED.file.as_bytes();
            let at = at.index(whole.len());
            let mut file = whole.to_vec();
            match what {
                0 => file[at] ^= bits,
                1 => file.insert(at, bits),
                _ => drop(file.remove(at)),
            }
            prop_assume!(file != whole);
            prop_assert!(verify_file(&file, None).is_err());
        }
    }
}
