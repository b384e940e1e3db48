//! By what a client knows its hub (E2): the hub's own key, or a public certificate for its name.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use protocol::{CertificateFault, HubAddress};
use quinn::{Connecting, Connection, ConnectionError};
use rustls::CertificateError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::close::close;
use crate::identity::{Fingerprint, OWN_NAME, ParseFingerprintError, provider};

/// What a hub must show to be the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pin {
    /// A certificate with this key, whatever name and dates it has.
    Key(Fingerprint),
    /// A certificate for the name in the hub's address, from somebody whom the operating system trusts.
    PublicName,
}

/// How [`Pin::PublicName`] is written.
const PUBLIC: &str = "public";

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(fingerprint) => fingerprint.fmt(f),
            Self::PublicName => f.write_str(PUBLIC),
        }
    }
}

/// Reads a fingerprint, or `public`.
impl FromStr for Pin {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().eq_ignore_ascii_case(PUBLIC) {
            Ok(Self::PublicName)
        } else {
            text.parse().map(Self::Key)
        }
    }
}

impl From<Fingerprint> for Pin {
    fn from(fingerprint: Fingerprint) -> Self {
        Self::Key(fingerprint)
    }
}

impl Pin {
    /// What to ask the hub for.
    pub(crate) fn name(self, hub: &HubAddress) -> &str {
        match self {
            Self::Key(_) => OWN_NAME,
            Self::PublicName => &hub.host,
        }
    }
}

fn fault(error: &rustls::Error) -> CertificateFault {
    let rustls::Error::InvalidCertificate(error) = error else {
        return CertificateFault::Unusable;
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum is non-exhaustive, and the rest is nothing that anybody could act on"
    )]
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::OtherName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        // an issuer of a known name may have another key
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateFault::UnknownIssuer
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        _ => CertificateFault::Unusable,
    }
}

/// Why a hub was not taken for the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistrust {
    ForeignKey,
    Certificate(CertificateFault),
}

/// A [`Pin`], and whom the operating system trusts where that counts.
#[derive(Debug, Clone)]
pub(crate) enum Judge {
    Key(Fingerprint),
    System(Arc<dyn ServerCertVerifier>),
}

impl Judge {
    /// For [`Pin::PublicName`] it reads files, on some systems a hundred.
    pub(crate) fn new(pin: Pin) -> Result<Self, rustls::Error> {
        Ok(match pin {
            Pin::Key(fingerprint) => Self::Key(fingerprint),
            Pin::PublicName => {
                let system = rustls_platform_verifier::Verifier::new(provider())?;
                Self::System(Arc::new(system))
            }
        })
    }
}

/// Looks at what a hub shows to one connection, and keeps why it was not enough: from TLS only a text comes
/// back.
///
/// INVARIANT: nothing is said to a hub before [`Self::judged`] says that it is the right one.
#[derive(Debug)]
pub(crate) struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
    /// What the operating system is asked about after the handshake.
    shown: OnceLock<Shown>,
    mistrust: OnceLock<Mistrust>,
}

/// A certificate, and what is needed to judge it.
#[derive(Debug, Clone)]
struct Shown {
    end_entity: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    name: ServerName<'static>,
    ocsp_response: Vec<u8>,
    at: UnixTime,
}

impl Verifier {
    pub(crate) fn new(judge: Judge) -> Self {
        Self {
            judge,
            provider: provider(),
            shown: OnceLock::new(),
            mistrust: OnceLock::new(),
        }
    }

    /// The connection, once the hub at its other end has turned out to be the right one. Some operating systems
    /// ask the network for that, for up to ten seconds, and the handshake is done on the thread of all
    /// connections: so they are asked after it, on another one.
    pub(crate) async fn judged(
        &self,
        connecting: Connecting,
    ) -> Result<Connection, ConnectionError> {
        let connection = connecting.await?;
        if self.judge_shown().await {
            return Ok(connection);
        }
        close(&connection);
        Err(ConnectionError::LocallyClosed)
    }

    async fn judge_shown(&self) -> bool {
        let Judge::System(system) = &self.judge else {
            // a key was judged in the handshake
            return true;
        };
        let fault = match self.shown.get().cloned() {
            Some(shown) => {
                let system = Arc::clone(system);
                let judged = tokio::task::spawn_blocking(move || shown.fault(&*system)).await;
                judged.unwrap_or(Some(CertificateFault::Unusable))
            }
            None => Some(CertificateFault::Unusable),
        };
        if let Some(fault) = fault {
            // there is none before: this is the first look
            let _first = self.mistrust.set(Mistrust::Certificate(fault));
        }
        fault.is_none()
    }

    /// Why the hub was refused, if it was.
    pub(crate) fn mistrust(&self) -> Option<Mistrust> {
        self.mistrust.get().copied()
    }

    fn refuse(&self, mistrust: Mistrust) -> rustls::Error {
        // the first one ended the handshake
        let _first = self.mistrust.set(mistrust);
        rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        match &self.judge {
            Judge::Key(pinned) => {
                let public_key = certificate.subject_public_key_info();
                if Fingerprint::of_public_key(public_key.as_ref()) == *pinned {
                    Ok(ServerCertVerified::assertion())
                } else {
                    Err(self.refuse(Mistrust::ForeignKey))
                }
            }
            Judge::System(_) => {
                let shown = Shown {
                    end_entity: end_entity.clone().into_owned(),
                    intermediates: intermediates
                        .iter()
                        .map(|certificate| certificate.clone().into_owned())
                        .collect(),
                    name: server_name.to_owned(),
                    ocsp_response: ocsp_response.to_vec(),
                    at: now,
                };
                // one handshake, one certificate
                let _first = self.shown.set(shown);
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General(
            "QUIC speaks TLS 1.3 only".to_owned(),
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl Shown {
    /// What `system` has against it. Blocks for as long as it asks others.
    fn fault(&self, system: &dyn ServerCertVerifier) -> Option<CertificateFault> {
        let verified = system.verify_server_cert(
            &self.end_entity,
            &self.intermediates,
            &self.name,
            &self.ocsp_response,
            self.at,
        );
        let error = verified.err()?;
        let is_own =
            ParsedCertificate::try_from(&self.end_entity).is_ok_and(|shown| is_own(&shown));
        Some(if is_own {
            CertificateFault::None
        } else {
            fault(&error)
        })
    }
}

/// Whether a hub made this certificate itself.
fn is_own(certificate: &ParsedCertificate<'_>) -> bool {
    let own = ServerName::try_from(OWN_NAME).expect("a name");
    rustls::client::verify_server_name(certificate, &own).is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// An operating system that asks somebody who does not answer.
    #[derive(Debug)]
    struct Slow(Duration);

    impl ServerCertVerifier for Slow {
        fn verify_server_cert(
            &self,
            _end_entity: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _server_name: &ServerName<'_>,
            _ocsp_response: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            std::thread::sleep(self.0);
            Err(rustls::Error::InvalidCertificate(CertificateError::Revoked))
        }

        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Err(rustls::Error::General("nobody asks".to_owned()))
        }

        fn verify_tls13_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Err(rustls::Error::General("nobody asks".to_owned()))
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn e2_an_operating_system_that_takes_its_time_holds_nobody_else_up() {
        const LONG: Duration = Duration::from_secs(2);
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["hub.example.org".to_owned()]);
        let shown = params.expect("a name").self_signed(&key).expect("made");
        let verifier = Verifier::new(Judge::System(Arc::new(Slow(LONG))));
        let name = ServerName::try_from("hub.example.org").expect("a name");
        let (began, now) = (Instant::now(), UnixTime::now());
        let in_handshake = verifier.verify_server_cert(shown.der(), &[], &name, &[], now);
        in_handshake.expect("it is asked later");
        assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
        let others = async {
            let mut longest = Duration::ZERO;
            loop {
                let turn = Instant::now();
                tokio::time::sleep(Duration::from_millis(20)).await;
                longest = longest.max(turn.elapsed());
                if began.elapsed() > LONG / 2 {
                    return longest;
                }
            }
        };
        let (is_right, longest) = tokio::join!(verifier.judge_shown(), others);
        assert!(longest < LONG / 2, "held up for {longest:?}");
        assert!(!is_right && began.elapsed() >= LONG);
        let revoked = Mistrust::Certificate(CertificateFault::Revoked);
        assert_eq!(verifier.mistrust(), Some(revoked));
    }

    #[tokio::test]
    async fn e2_a_hub_that_showed_nothing_is_not_the_right_one() {
        let verifier = Verifier::new(Judge::System(Arc::new(Slow(Duration::ZERO))));
        assert!(!verifier.judge_shown().await);
        let unusable = Mistrust::Certificate(CertificateFault::Unusable);
        assert_eq!(verifier.mistrust(), Some(unusable));
    }
}
