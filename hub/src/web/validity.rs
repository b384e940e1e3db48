//! Until when a certificate is good.

use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use webpki::{EndEntityCert, Error, KeyUsage};

use super::certificate::{CertificateError, CertificateFiles};

/// How a page's certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStanding {
    Good,
    /// It is over within the time asked about.
    EndsSoon,
    Over,
    /// Its time has not begun: it, or the clock, is wrong.
    NotYet,
}

/// Reads a certificate and its key as the page does, and says how it stands `now`, and `soon` after.
///
/// # Errors
///
/// [`CertificateError`].
pub fn certificate_standing(
    files: &CertificateFiles,
    now: SystemTime,
    soon: Duration,
) -> Result<CertificateStanding, CertificateError> {
    let chain = files.read_chain()?;
    let no_certificate = || CertificateError::NoCertificate {
        path: files.chain.clone(),
    };
    let first = chain.first().ok_or_else(no_certificate)?;
    let certificate = EndEntityCert::try_from(first).map_err(|_damaged| no_certificate())?;
    let fault_at = |at: SystemTime| {
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let time = UnixTime::since_unix_epoch(since);
        // its times are looked at first; who vouches for it is the browsers' business
        let usage = KeyUsage::server_auth();
        let found = certificate.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[],
            &[],
            time,
            usage,
            None,
            None,
        );
        found.err()
    };
    Ok(match (fault_at(now), fault_at(now + soon)) {
        (Some(Error::CertExpired { .. }), _) => CertificateStanding::Over,
        (Some(Error::CertNotValidYet { .. }), _) => CertificateStanding::NotYet,
        (_, Some(Error::CertExpired { .. })) => CertificateStanding::EndsSoon,
        _ => CertificateStanding::Good,
    })
}
