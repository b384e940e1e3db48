//! What a hub's key signed, checked with its certificate alone.

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::ring::{ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519};

use crate::identity::Fingerprint;

/// A hub makes keys of the first kind, and takes the others.
const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 3] =
    [ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519];

/// A signature does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    #[error("there is no certificate of a hub")]
    NoCertificate,
    #[error("the key of the certificate did not sign this")]
    Wrong,
}

/// Checks that the key of `certificate` (in DER) signed `message` for `purpose`, and gives the
/// fingerprint of that key. Whether it is the right hub's key is for the caller to know.
///
/// # Errors
///
/// [`SignatureError`].
pub fn verify_signature(
    certificate: &[u8],
    purpose: &str,
    message: &[u8],
    signature: &[u8],
) -> Result<Fingerprint, SignatureError> {
    let der = CertificateDer::from(certificate);
    let no_certificate = |_error| SignatureError::NoCertificate;
    let certificate = webpki::EndEntityCert::try_from(&der).map_err(no_certificate)?;
    let content = content(purpose, message);
    let signed = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        let checked = certificate.verify_signature(*algorithm, &content, signature);
        checked.is_ok()
    };
    if ALGORITHMS.iter().any(signed) {
        let key = certificate.subject_public_key_info();
        Ok(Fingerprint::of_public_key(key.as_ref()))
    } else {
        Err(SignatureError::Wrong)
    }
}

/// What is signed in truth: no other use of the key, as in TLS, signs anything that begins like this.
pub(crate) fn content(purpose: &str, message: &[u8]) -> Vec<u8> {
    let mut content = b"pure help desk signature\0".to_vec();
    content.extend_from_slice(purpose.as_bytes());
    content.push(0);
    content.extend_from_slice(message);
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HubIdentity;

    #[test]
    fn a_signature_is_of_one_key_one_purpose_and_one_message() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = HubIdentity::open_or_create(folder.path()).expect("a key");
        let signature = hub.sign("heads", b"message").expect("signed");
        let check = |hub: &HubIdentity, purpose, message: &[u8], signature: &[u8]| {
            verify_signature(hub.certificate(), purpose, message, signature)
        };
        let found = check(&hub, "heads", b"message", &signature);
        assert_eq!(found, Ok(hub.fingerprint()));
        // the certificate is made anew at each start, the key stays
        let again = HubIdentity::open_or_create(folder.path()).expect("the key");
        assert!(check(&again, "heads", b"message", &signature).is_ok());

        let wrong = Err(SignatureError::Wrong);
        assert_eq!(check(&hub, "tails", b"message", &signature), wrong);
        assert_eq!(check(&hub, "heads", b"massage", &signature), wrong);
        let mut other = signature.clone();
        other[10] ^= 1;
        assert_eq!(check(&hub, "heads", b"message", &other), wrong);
        let elsewhere = tempfile::tempdir().expect("a folder");
        let stranger = HubIdentity::open_or_create(elsewhere.path()).expect("a key");
        assert_eq!(check(&stranger, "heads", b"message", &signature), wrong);
        let none = verify_signature(b"none", "heads", b"message", &signature);
        assert_eq!(none, Err(SignatureError::NoCertificate));
    }
}
