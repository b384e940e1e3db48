//! By what a client knows its hub (E2): the hub's own key, or a public certificate for its name.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use protocol::{CertificateFault, HubAddress};
use rustls::CertificateError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, SignatureScheme};

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
    System(Arc<rustls_platform_verifier::Verifier>),
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
#[derive(Debug)]
pub(crate) struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
    mistrust: OnceLock<Mistrust>,
}

impl Verifier {
    pub(crate) fn new(judge: Judge) -> Self {
        Self {
            judge,
            provider: provider(),
            mistrust: OnceLock::new(),
        }
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
            Judge::System(system) => {
                let verified = system.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                );
                verified.map_err(|error| {
                    let fault = if is_own(&certificate) {
                        CertificateFault::None
                    } else {
                        fault(&error)
                    };
                    self.refuse(Mistrust::Certificate(fault))
                })
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

/// Whether a hub made this certificate itself.
fn is_own(certificate: &ParsedCertificate<'_>) -> bool {
    let own = ServerName::try_from(OWN_NAME).expect("a name");
    rustls::client::verify_server_name(certificate, &own).is_ok()
}
