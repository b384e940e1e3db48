//! Who opens the TLS outside a tunnel.
//!
//! A hub shows its own certificate there, or one for its name. Which of them is its own the QUIC inside
//! says: nobody opens that.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use protocol::HubAddress;
use protocol::diagnosis::Opener;
use quinn::Connection;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use tokio::time::timeout;
use webpki::EndEntityCert;

use crate::client::{self, Greeted, Progress};
use crate::identity::{Fingerprint, provider};
use crate::pin::Pin;
use crate::{tuning, tunnel};

/// How long the hub may take to show what it shows to others.
const LOOK: Duration = Duration::from_secs(3);
/// How much of an issuer's name is told.
const MAX_NAME_CHARS: usize = 60;

/// A look at one tunnel.
pub(super) struct Opening<'a> {
    pub(super) hub: &'a HubAddress,
    pub(super) pin: Pin,
}

impl Opening<'_> {
    /// Who opens what `greeted` goes by; `None` where nobody does, or where that cannot be known.
    pub(super) async fn of(&self, greeted: &Greeted, progress: &Progress) -> Option<Opener> {
        let outside = outside(progress)?;
        let inside = match self.pin {
            Pin::Key(key) if key_of(&outside) == Some(key) => return None,
            Pin::Key(_) => Box::pin(self.shown_to_others(greeted)).await?,
            Pin::PublicName => first_of(&greeted.connection)?,
        };
        (inside != outside).then(|| opener(&outside))
    }

    /// What the hub shows to whoever asks for its name, told inside the tunnel.
    async fn shown_to_others(&self, greeted: &Greeted) -> Option<CertificateDer<'static>> {
        let mut transport = tuning::transport();
        // it never leaves the tunnel
        tuning::in_tunnel_at_program(&mut transport, Arc::default());
        let config = client::config(transport, Arc::new(tunnel::Anyone(provider()))).ok()?;
        let at = greeted.connection.remote_address();
        let endpoint = &greeted.endpoint;
        let connecting = endpoint.connect_with(config, at, &self.hub.host).ok()?;
        let connection = timeout(LOOK, connecting).await.ok()?.ok()?;
        let shown = first_of(&connection);
        crate::close::close(&connection);
        shown
    }
}

/// Who issued what was shown outside, if anything was.
pub(super) fn shown(progress: &Progress) -> Option<Opener> {
    outside(progress).map(|shown| opener(&shown))
}

fn outside(progress: &Progress) -> Option<CertificateDer<'static>> {
    let outside = progress.outside.lock();
    outside.unwrap_or_else(PoisonError::into_inner).clone()
}

fn key_of(certificate: &CertificateDer<'_>) -> Option<Fingerprint> {
    let certificate = ParsedCertificate::try_from(certificate).ok()?;
    let key = certificate.subject_public_key_info();
    Some(Fingerprint::of_public_key(key.as_ref()))
}

fn first_of(connection: &Connection) -> Option<CertificateDer<'static>> {
    let chain = connection.peer_identity()?;
    let chain = chain.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    chain.first().cloned()
}

fn opener(certificate: &CertificateDer<'_>) -> Opener {
    let read = EndEntityCert::try_from(certificate);
    let issuer = read.ok().and_then(|read| name_in(read.issuer()));
    Opener {
        issuer: issuer.unwrap_or_default(),
    }
}

/// The common name, or else the organisation's, in a name as certificates write it (X.501). What makes no
/// sense is no name.
fn name_in(issuer: &[u8]) -> Option<String> {
    // 2.5.4.3 and 2.5.4.10, as DER
    [[6, 3, 0x55, 4, 3], [6, 3, 0x55, 4, 10]]
        .iter()
        .find_map(|kind| {
            let at = issuer.windows(kind.len()).position(|bytes| bytes == kind)?;
            let [_string, length, rest @ ..] = issuer.get(at + kind.len()..)? else {
                return None;
            };
            // a longer one says its length otherwise, and is none that a person reads
            let text = rest
                .get(..usize::from(*length))
                .filter(|_| *length < 0x80)?;
            let text: String = String::from_utf8_lossy(text)
                .chars()
                .filter(|c| !c.is_control())
                .take(MAX_NAME_CHARS)
                .collect();
            (!text.trim().is_empty()).then_some(text)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn issued_by(kind: DnType, name: &str) -> Opener {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(kind, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        opener(certificate.der())
    }

    #[test]
    fn the_issuer_is_told_as_it_calls_itself() {
        assert_eq!(
            issued_by(DnType::CommonName, "Firm Società").issuer,
            "Firm Società"
        );
        let organisation = issued_by(DnType::OrganizationName, "Firm\u{7}");
        assert_eq!(organisation.issuer, "Firm");
        assert_eq!(issued_by(DnType::CountryName, "IT").issuer, "");
        let long = issued_by(DnType::CommonName, &"x".repeat(100));
        assert_eq!(long.issuer.len(), MAX_NAME_CHARS);
    }

    proptest! {
        #[test]
        fn whatever_a_certificate_holds_is_read_or_passed_over(
            before in prop::collection::vec(any::<u8>(), 0..20),
            after in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let bytes = [before.as_slice(), &[6, 3, 0x55, 4, 3], &after].concat();
            let _name = name_in(&bytes);
            let _opener = opener(&CertificateDer::from(bytes));
        }
    }
}
