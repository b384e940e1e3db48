//! The hub's own key, by which clients know it again, and what it shows them (E2).

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use private_file::Created;
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _, SigningKey as _};
use ring::hmac;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use crate::signature;

/// The name of the key's file.
pub const KEY_FILE: &str = "hub-key.pem";

/// The hub's key cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    #[error("cannot read the hub's key {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write the hub's key {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("the hub's key {path} is damaged: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("cannot make a key: {detail}")]
    Make { detail: String },
    #[error("cannot sign with the hub's key: {detail}")]
    Sign { detail: String },
}

/// SHA-256 of the hub's public key (its `SubjectPublicKeyInfo`), as clients pin it.
///
/// Written as 64 hexadecimal digits; spaces, colons and capitals are accepted when read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// What was given is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hub's fingerprint has 64 hexadecimal digits")]
pub struct ParseFingerprintError;

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.chars().filter(|c| !c.is_whitespace() && *c != ':');
        let digits: Option<Vec<u32>> = digits.map(|c| c.to_digit(16)).collect();
        let digits = digits
            .filter(|d| d.len() == 64)
            .ok_or(ParseFingerprintError)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::try_from(pair[0] << 4 | pair[1]).expect("two hexadecimal digits fit");
        }
        Ok(Self(bytes))
    }
}

impl Fingerprint {
    pub(crate) fn of_public_key(public_key_der: &[u8]) -> Self {
        Self(Sha256::digest(public_key_der).into())
    }

    /// The fingerprint with these bytes, as an invitation brings them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

/// The hub's key and self-signed certificate.
pub struct HubIdentity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    pair: KeyPair,
    fingerprint: Fingerprint,
    public: Option<Arc<dyn ResolvesServerCert>>,
}

/// The name that asks a hub for its own certificate. Nobody else can have it (RFC 6761, section 6.4).
pub(crate) const OWN_NAME: &str = "hub.invalid";

impl fmt::Debug for HubIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubIdentity")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

impl HubIdentity {
    /// Opens the key in `data_dir`, or makes one at first start (readable by its owner only).
    ///
    /// # Errors
    ///
    /// [`IdentityError`]. A damaged key is never replaced: every client would refuse the new one.
    pub fn open_or_create(data_dir: &Path) -> Result<Self, IdentityError> {
        let path = data_dir.join(KEY_FILE);
        let pem = match fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_key(&path)?,
            Err(source) => return Err(IdentityError::Read { path, source }),
        };
        Self::from_pem(&path, &pem)
    }

    /// Opens the key in `data_dir`, where there must be one.
    ///
    /// # Errors
    ///
    /// [`IdentityError`].
    pub fn open(data_dir: &Path) -> Result<Self, IdentityError> {
        let path = data_dir.join(KEY_FILE);
        match fs::read_to_string(&path) {
            Ok(pem) => Self::from_pem(&path, &pem),
            Err(source) => Err(IdentityError::Read { path, source }),
        }
    }

    fn from_pem(path: &Path, pem: &str) -> Result<Self, IdentityError> {
        let damaged = |detail: String| IdentityError::Damaged {
            path: path.to_owned(),
            detail,
        };
        let key = KeyPair::from_pem(pem).map_err(|e| damaged(e.to_string()))?;
        let mut params = CertificateParams::new(vec![OWN_NAME.to_owned()])
            .map_err(|e| damaged(e.to_string()))?;
        params.not_before = rcgen::date_time_ymd(2024, 1, 1);
        params.not_after = rcgen::date_time_ymd(4096, 1, 1);
        let certificate = params
            .self_signed(&key)
            .map_err(|e| damaged(e.to_string()))?;
        Ok(Self {
            certificate: certificate.der().clone(),
            fingerprint: Fingerprint::of_public_key(&key.subject_public_key_info()),
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            pair: key,
            public: None,
        })
    }

    /// From now on endpoints show what `public` gives to clients that ask for any name but that of the
    /// hub's own certificate.
    pub fn show_publicly(&mut self, public: Arc<dyn ResolvesServerCert>) {
        self.public = Some(public);
    }

    /// What the hub's endpoints show.
    pub(crate) fn shown(&self) -> Result<Arc<dyn ResolvesServerCert>, rustls::Error> {
        let (certificate, key) = self.certificate_and_key();
        let own = CertifiedKey::from_der(vec![certificate], key, &provider())?;
        Ok(Arc::new(Shown {
            own: Arc::new(own),
            public: self.public.clone(),
        }))
    }

    /// What clients pin.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The certificate in DER, by which others check what this key [signed](Self::sign).
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Signs `message` for `purpose`, a text that keeps signatures for different things apart.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Sign`] where the system gives no randomness.
    pub fn sign(&self, purpose: &str, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let signed = self.pair.sign(&signature::content(purpose, message));
        signed.map_err(|error| IdentityError::Sign {
            detail: error.to_string(),
        })
    }

    /// A secret for `purpose` that stays the same for as long as the hub's key does.
    pub(crate) fn derived_secret(&self, purpose: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.secret_der());
        let tag = hmac::sign(&key, purpose);
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// What a TLS server of the hub shows and signs with.
    pub fn certificate_and_key(&self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        (self.certificate.clone(), self.key.clone_key())
    }
}

/// The hub's own certificate for who knows its key, the public one for who knows its name.
#[derive(Debug)]
struct Shown {
    own: Arc<CertifiedKey>,
    public: Option<Arc<dyn ResolvesServerCert>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match &self.public {
            Some(public) if hello.server_name() != Some(OWN_NAME) => public.resolve(hello),
            Some(_) | None => Some(Arc::clone(&self.own)),
        }
    }
}

fn create_key(path: &Path) -> Result<String, IdentityError> {
    let key = KeyPair::generate().map_err(|e| IdentityError::Make {
        detail: e.to_string(),
    })?;
    let pem = key.serialize_pem();
    let write = |source| IdentityError::Write {
        path: path.to_owned(),
        source,
    };
    match private_file::create(path, pem.as_bytes()).map_err(write)? {
        Created::New => Ok(pem),
        // somebody else made one at the same moment: that is the hub's
        Created::Kept => fs::read_to_string(path).map_err(|source| IdentityError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The cryptography of both ends.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
