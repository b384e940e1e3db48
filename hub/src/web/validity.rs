//! Until when a certificate is good.

use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
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

/// The time for which a certificate is good, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub from: SystemTime,
    pub until: SystemTime,
}

impl Validity {
    /// That of `certificate`, unless it is none.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = EndEntityCert::try_from(certificate).ok()?;
        let fault_at = |at: Duration| {
            // its times are looked at first; who vouches for it is the browsers' business
            let found = certificate.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &[],
                &[],
                UnixTime::since_unix_epoch(at),
                KeyUsage::server_auth(),
                None,
                None,
            );
            found.err()
        };
        let at = |time: UnixTime| {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()))
        };
        let from = match fault_at(Duration::ZERO) {
            Some(Error::CertNotValidYet { not_before, .. }) => at(not_before)?,
            _ => SystemTime::UNIX_EPOCH,
        };
        match fault_at(Duration::from_secs(u64::MAX)) {
            Some(Error::CertExpired { not_after, .. }) => Some(Self {
                from,
                until: at(not_after)?,
            }),
            _ => None,
        }
    }

    /// How a certificate of this time stands `now`, and `soon` after.
    pub fn standing(self, now: SystemTime, soon: Duration) -> CertificateStanding {
        if now < self.from {
            CertificateStanding::NotYet
        } else if now > self.until {
            CertificateStanding::Over
        } else if now + soon > self.until {
            CertificateStanding::EndsSoon
        } else {
            CertificateStanding::Good
        }
    }

    /// When two thirds of it are over.
    pub(super) fn two_thirds(self) -> SystemTime {
        let life = self.until.duration_since(self.from).unwrap_or_default();
        self.from + life / 3 * 2
    }
}

/// Reads a certificate and its key as the page does, and says for how long it is good.
///
/// # Errors
///
/// [`CertificateError`].
pub fn certificate_validity(files: &CertificateFiles) -> Result<Validity, CertificateError> {
    let chain = files.read_chain()?;
    let first = chain.first().and_then(Validity::of);
    first.ok_or_else(|| CertificateError::NoCertificate {
        path: files.chain.clone(),
    })
}

/// Whether `certificate` is for `name`.
pub(super) fn is_for(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let certificate = EndEntityCert::try_from(certificate);
    let name = ServerName::try_from(name);
    match (certificate, name) {
        (Ok(certificate), Ok(name)) => certificate.verify_is_valid_for_subject_name(&name).is_ok(),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn the_time_of_a_certificate_is_read_to_the_second() {
        let mut params =
            CertificateParams::new(vec!["hub.example.org".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 1, 31);
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        let validity = Validity::of(made.der()).expect("a time");
        let at = |days: u64| {
            let begin = Duration::from_hours(490_896);
            SystemTime::UNIX_EPOCH + begin + Duration::from_hours(24 * days)
        };
        assert_eq!((validity.from, validity.until), (at(0), at(30)));
        assert_eq!(validity.two_thirds(), at(20));
        assert!(is_for(made.der(), "hub.example.org"));
        assert!(!is_for(made.der(), "example.org"));
        let second = Duration::from_secs(1);
        let stands = |now| validity.standing(now, Duration::from_hours(24));
        assert_eq!(stands(at(0) - second), CertificateStanding::NotYet);
        assert_eq!(stands(at(29)), CertificateStanding::Good);
        assert_eq!(stands(at(29) + second), CertificateStanding::EndsSoon);
        assert_eq!(stands(at(30) + second), CertificateStanding::Over);
        assert_eq!(Validity::of(&CertificateDer::from(vec![0; 10])), None);
    }
}
