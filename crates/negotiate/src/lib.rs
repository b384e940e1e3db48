//! Signs in at an HTTP service as the account that somebody is logged in with at this computer, without a
//! password: HTTP's `Negotiate` (RFC 4559), which nearly everywhere means Kerberos.
//!
//! The system does it: GSSAPI on Unix, SSPI on Windows. GSSAPI is loaded when it is first needed, as browsers
//! do; programs start and work where it is missing.

#[cfg(unix)]
#[path = "gssapi.rs"]
mod platform;
#[cfg(windows)]
#[path = "sspi.rs"]
mod platform;
#[cfg(not(any(unix, windows)))]
#[path = "unsupported.rs"]
mod platform;

/// One sign-in of the account at one service. It belongs to the thread that began it.
pub trait Account {
    /// The next message for the service: the first for no `message` of its own, each further one for what it
    /// answered. Blocks for as long as the system asks its servers, which may be a minute.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`]; there is nothing more to say then.
    fn answer(&mut self, message: &[u8]) -> Result<Vec<u8>, NotSignedIn>;
}

/// The account has nothing to sign in with there: no ticket, one that is too old, or none for this service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct NotSignedIn {
    /// The system's own words, for logs.
    pub detail: String,
}

impl NotSignedIn {
    fn new(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { detail }
    }
}

/// Begins to sign in at the HTTP service of `host`. Nothing is sent yet.
///
/// # Errors
///
/// [`NotSignedIn`] where the system cannot do it at all.
pub fn sign_in(host: &str) -> Result<Box<dyn Account>, NotSignedIn> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    if host.is_empty() || !host.chars().all(is_name) {
        // it would be another name to the system
        return Err(NotSignedIn::new("no such host"));
    }
    platform::sign_in(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_host_passes_for_another_service() {
        for host in ["", "proxy@OTHER.REALM", "proxy/admin", "proxy\0", "próxy"] {
            assert!(sign_in(host).is_err(), "{host:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_service_that_nobody_knows_gets_no_message() {
        // with or without the library, with or without a ticket
        let answered = sign_in("proxy.invalid").and_then(|mut account| account.answer(b""));
        let refused = answered.expect_err("nobody vouches for it");
        assert!(!refused.detail.is_empty());
        let garbage = sign_in("proxy.invalid").and_then(|mut account| account.answer(&[0x60; 99]));
        garbage.expect_err("not begun");
    }
}
