//! What the TCP ports prove themselves with: files that may be replaced while the hub runs, what an authority
//! gave by ACME, or the hub's own identity (E2).

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::MissedTickBehavior;
use transport::HubIdentity;

use super::acme::{self, AcmeConfig};
use super::challenge::{self, Challenges};
use super::validity::{CertificateStanding, Validity, is_for};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// From where the certificate is.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// The hub's own identity, of which browsers warn.
    Own,
    /// Somebody puts it there.
    Files(CertificateFiles),
    /// The hub asks an authority for it.
    Acme(AcmeConfig),
}

impl CertificateSource {
    /// Where the certificate lies, of a hub whose data folder is `data`.
    pub fn files(&self, data: &Path) -> Option<CertificateFiles> {
        match self {
            Self::Own => None,
            Self::Files(files) => Some(files.clone()),
            Self::Acme(_) => Some(acme::files(data)),
        }
    }

    /// Whether browsers are to know it.
    pub fn is_public(&self) -> bool {
        !matches!(self, Self::Own)
    }
}

/// Where a certificate and its key lie, in PEM; both may be in one file.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The certificate, and those of whoever vouches for it.
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl CertificateFiles {
    /// The certificate and those of whoever vouches for it; its key belongs to it.
    pub(super) fn read_chain(&self) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        Ok(Contents::read(self)?.pair(self)?.cert)
    }
}

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} holds no certificate in PEM")]
    NoCertificate { path: PathBuf },
    #[error("{path} holds no private key in PEM")]
    NoKey { path: PathBuf },
    #[error("the key {key} is not that of the certificate {chain}")]
    NoPair { key: PathBuf, chain: PathBuf },
    #[error("the certificate does not work: {detail}")]
    Unfit { detail: String },
}

/// What callers are shown.
pub(crate) struct Certificate {
    files: Option<CertificateFiles>,
    shown: RwLock<Shown>,
    /// What the files held when they were looked at last, good or not.
    seen: Mutex<Option<Contents>>,
    /// Where the hub itself asks an authority for certificates.
    challenges: Option<Challenges>,
}

struct Shown {
    pair: Arc<CertifiedKey>,
    /// Until when what the files hold is good; unknown of the hub's own.
    validity: Option<Validity>,
}

impl Shown {
    fn new(pair: CertifiedKey) -> Self {
        let validity = pair.cert.first().and_then(Validity::of);
        Self {
            pair: Arc::new(pair),
            validity,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Contents {
    chain: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the certificate. What an authority gave may be missing yet, or be damaged: then the hub's own is
    /// shown until there is a new one.
    pub(crate) fn open(
        source: &CertificateSource,
        data: &Path,
        identity: &HubIdentity,
    ) -> Result<Self, CertificateError> {
        let files = source.files(data);
        let is_asked_for = matches!(source, CertificateSource::Acme(_));
        let read = files.as_ref().map(|files| {
            let contents = Contents::read(files)?;
            Ok((contents.pair(files)?, contents))
        });
        let (shown, seen) = match read.transpose() {
            Ok(Some((pair, contents))) => (Shown::new(pair), Some(contents)),
            Err(error) if !is_asked_for => return Err(error),
            missing => {
                if let Err(error) = missing
                    && !error.is_missing()
                {
                    tracing::error!(%error, "The certificate is damaged");
                }
                let (certificate, key) = identity.certificate_and_key();
                let pair = Arc::new(pair(vec![certificate], &key)?);
                let validity = None;
                (Shown { pair, validity }, None)
            }
        };
        Ok(Self {
            files,
            shown: RwLock::new(shown),
            seen: Mutex::new(seen),
            challenges: is_asked_for.then(Challenges::default),
        })
    }

    /// How long what is shown is good; `None` of the hub's own.
    pub(crate) fn validity(&self) -> Option<Validity> {
        self.shown().validity
    }

    /// Whether browsers know what is shown.
    pub(crate) fn is_public(&self) -> bool {
        self.validity().is_some()
    }

    /// What is shown, and until when it is good.
    pub(super) fn first(&self) -> Option<(CertificateDer<'static>, Validity)> {
        let shown = self.shown();
        Some((shown.pair.cert.first()?.clone(), shown.validity?))
    }

    /// Whether `pem`, a certificate and its key, may be shown `now` as that of `name`; or why not.
    pub(super) fn check(&self, pem: &[u8], name: &str, now: SystemTime) -> Result<(), String> {
        let files = self
            .files
            .as_ref()
            .expect("what an authority gives has a place");
        let contents = Contents {
            chain: pem.to_vec(),
            key: pem.to_vec().into(),
        };
        let pair = contents.pair(files).map_err(|error| error.to_string())?;
        let first = pair.cert.first();
        if !first.is_some_and(|first| is_for(first, name)) {
            return Err(format!("it is not for {name}"));
        }
        let validity = first.and_then(Validity::of);
        match validity.map(|validity| validity.standing(now, Duration::ZERO)) {
            Some(CertificateStanding::Good | CertificateStanding::EndsSoon) => Ok(()),
            Some(CertificateStanding::NotYet) => Err("it is not good yet".to_owned()),
            Some(CertificateStanding::Over) | None => Err("it is over already".to_owned()),
        }
    }

    /// Where authorities are shown that the hub has its name, if it asks any.
    pub(super) fn challenges(&self) -> Option<&Challenges> {
        self.challenges.as_ref()
    }

    fn shown(&self) -> RwLockReadGuard<'_, Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the files until it is dropped.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.files.is_some() {
            look.tick().await;
            let certificate = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || certificate.look());
            if let Err(error) = looked.await {
                tracing::error!(%error, "The certificate is not followed");
            }
        }
    }

    /// Takes over files that changed. If they are no good, what is shown stays, and the log says why.
    /// Reads files.
    pub(super) fn look(&self) {
        let Some(files) = &self.files else {
            return;
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = match Contents::read(files) {
            Ok(contents) if seen.as_ref() == Some(&contents) => return,
            Ok(contents) => contents,
            Err(error) => {
                if seen.take().is_some() {
                    tracing::error!(%error, "The old certificate stays");
                }
                return;
            }
        };
        match contents.pair(files) {
            Ok(pair) => {
                let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
                *shown = Shown::new(pair);
                tracing::info!(chain = %files.chain.display(), "New certificate");
            }
            Err(error) => tracing::error!(%error, "The old certificate stays"),
        }
        *seen = Some(contents);
    }

    /// How the ports speak TLS. 1.2 too, for a proxy that opens TLS on the way may be old, and so may a
    /// user's browser; nothing secret is said here, and the QUIC in a tunnel seals for itself.
    pub(super) fn tls(self: &Arc<Self>) -> Arc<ServerConfig> {
        let shown: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has ciphers for them")
            .with_no_client_auth()
            .with_cert_resolver(shown);
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.challenges.is_some() {
            tls.alpn_protocols.push(challenge::PROTOCOL.to_vec());
        }
        Arc::new(tls)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match &self.challenges {
            Some(challenges) if challenge::is_asked_for(&hello) => challenges.of(&hello),
            Some(_) | None => Some(Arc::clone(&self.shown().pair)),
        }
    }
}

impl CertificateError {
    /// Whether there is no file.
    fn is_missing(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl Contents {
    fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            read_small(path).map_err(|source| CertificateError::Read {
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self {
            chain: read(&files.chain)?,
            key: read(&files.key)?.into(),
        })
    }

    fn pair(&self, files: &CertificateFiles) -> Result<CertifiedKey, CertificateError> {
        let no_certificate = || CertificateError::NoCertificate {
            path: files.chain.clone(),
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.chain).collect();
        let chain = chain.map_err(|_no_pem| no_certificate())?;
        let first = chain.first().ok_or_else(no_certificate)?;
        ParsedCertificate::try_from(first).map_err(|_damaged| no_certificate())?;
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let key = key.map_err(|_no_pem| CertificateError::NoKey {
            path: files.key.clone(),
        })?;
        let pair = pair(chain, &key)?;
        match pair.keys_match() {
            Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
                Err(CertificateError::NoPair {
                    key: files.key.clone(),
                    chain: files.chain.clone(),
                })
            }
            Ok(()) | Err(_) => Ok(pair),
        }
    }
}

fn pair(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'static>,
) -> Result<CertifiedKey, CertificateError> {
    let key = ring::sign::any_supported_type(key).map_err(|error| CertificateError::Unfit {
        detail: error.to_string(),
    })?;
    Ok(CertifiedKey::new(chain, key))
}

/// What `path` holds, where it is not larger than a certificate or key ever is.
fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    const MOST: u64 = 256 * 1024;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("it is too large"));
    }
    Ok(bytes)
}
