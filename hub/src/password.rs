//! Passwords: hashed with Argon2id, never kept.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use zeroize::Zeroizing;

/// A password cannot be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed: {detail}")]
pub struct HashError {
    detail: String,
}

/// Hashes `password` with a new salt, in PHC notation. Takes tens of milliseconds and 19 MB.
///
/// The parameters are those OWASP recommends: 19 MiB, two passes, one lane.
///
/// # Errors
///
/// [`HashError`] if the system gives no randomness or no memory.
pub fn hash(password: &str) -> Result<String, HashError> {
    let failed = |detail: String| HashError { detail };
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|e| failed(e.to_string()))?;
    let salt = SaltString::encode_b64(&salt).map_err(|e| failed(e.to_string()))?;
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|e| failed(e.to_string()))
}

/// Whether `password` is the one behind `phc`. Takes as long as [`hash`].
pub(crate) fn verify(password: &Zeroizing<String>, phc: &str) -> bool {
    match PasswordHash::new(phc) {
        Ok(hash) => Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok(),
        Err(error) => {
            tracing::error!(%error, "A stored password hash is damaged");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_that_was_hashed_verifies() {
        let phc = hash("swordfish").expect("hashed");
        assert!(phc.starts_with("$argon2id$"));
        let verifies = |text: &str| verify(&Zeroizing::new(text.to_owned()), &phc);
        assert!(verifies("swordfish"));
        assert!(!verifies("Swordfish"));
        assert!(!verify(&Zeroizing::new("swordfish".to_owned()), "nonsense"));
    }
}
