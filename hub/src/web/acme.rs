//! A certificate that browsers know, asked for by the hub itself (ACME, RFC 8555), and renewed when two thirds
//! of its life are over.
//!
//! What an authority gave lies in the data folder, and callers are shown it from there; the old one stays until
//! a new one was looked at and stored. Each try is written down before it begins, so that neither failures nor a
//! hub that is started again and again make it ask more often than it may.

mod authority;
mod standing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

pub use self::standing::{AcmeFault, AcmeStanding, AcmeTrouble};

use super::certificate::{Certificate, CertificateFiles};
use super::validity::is_for;

/// The certificate, those of whoever vouches for it, and its key, in one file: it is written whole or not at all.
pub(crate) const CERTIFICATE_FILE: &str = "acme-certificate.pem";
/// By what the authority knows this hub.
pub(crate) const ACCOUNT_FILE: &str = "acme-account.json";
/// For one try, the authority's own looking included.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often the clock is looked at: it may be set.
const LOOK: Duration = Duration::from_mins(1);

/// Whom to ask for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeConfig {
    /// The hub's name.
    pub name: String,
    /// Where the authority's directory is.
    pub directory: String,
    /// An e-mail address for the authority.
    pub contact: Option<String>,
    /// Certificates, in PEM, by which the authority itself is known, beside those of the operating system.
    pub roots: Option<PathBuf>,
}

/// Where what an authority gave lies.
pub(super) fn files(data: &Path) -> CertificateFiles {
    let path = data.join(CERTIFICATE_FILE);
    CertificateFiles {
        chain: path.clone(),
        key: path,
    }
}

/// Sees to it that there is a good certificate.
#[derive(Debug)]
pub(crate) struct Acme {
    config: AcmeConfig,
    data: PathBuf,
    certificate: Arc<Certificate>,
    standing: watch::Sender<AcmeStanding>,
}

impl Acme {
    /// For a hub that shows `certificate` and keeps everything in `data`. Reads a file.
    pub(crate) fn new(config: AcmeConfig, data: &Path, certificate: Arc<Certificate>) -> Self {
        let mut standing = AcmeStanding::read(data);
        standing.hub_started();
        Self {
            config,
            data: data.to_owned(),
            certificate,
            standing: watch::Sender::new(standing),
        }
    }

    /// How it goes.
    pub(crate) fn standing(&self) -> watch::Receiver<AcmeStanding> {
        self.standing.subscribe()
    }

    /// Works until it is dropped.
    pub(crate) async fn keep(self) {
        loop {
            let now = SystemTime::now();
            let due = self.due();
            if due > now && self.standing.borrow().failures > 0 {
                // the hub ended after it had stored the certificate
                let directory = self.standing.borrow().directory.clone();
                self.set(AcmeStanding::obtained(directory, now)).await;
            }
            let due = due.max(self.standing.borrow().not_before(now));
            match due.duration_since(now) {
                Ok(wait) if !wait.is_zero() => tokio::time::sleep(wait.min(LOOK)).await,
                Ok(_) | Err(_) => self.ask(now).await,
            }
        }
    }

    /// When a new certificate is needed, by the one that there is.
    fn due(&self) -> SystemTime {
        let standing = self.standing.borrow();
        let is_of_this =
            standing.directory.is_empty() || standing.directory == self.config.directory;
        match self.certificate.first() {
            Some((first, validity)) if is_of_this && is_for(&first, &self.config.name) => {
                validity.two_thirds()
            }
            Some(_) | None => SystemTime::UNIX_EPOCH,
        }
    }

    async fn ask(&self, now: SystemTime) {
        let begun = self.standing.borrow().clone().begun(now);
        self.set(begun).await;
        let (name, directory) = (&self.config.name, &self.config.directory);
        tracing::info!(%name, %directory, "Asking for a certificate");
        let asked = authority::obtain(&self.config, &self.data, &self.certificate);
        let obtained = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(obtained) => obtained,
            Err(_elapsed) => Err(AcmeTrouble::new(AcmeFault::Unreachable, "no end in time").into()),
        };
        let now = SystemTime::now();
        match obtained {
            Ok(()) => {
                self.set(AcmeStanding::obtained(directory.clone(), now))
                    .await;
                let certificate = Arc::clone(&self.certificate);
                // takes it over, and says so
                let looked = tokio::task::spawn_blocking(move || certificate.look()).await;
                if let Err(error) = looked {
                    tracing::error!(%error, "The certificate is not taken over");
                }
            }
            Err(authority::Failure { trouble, wait }) => {
                let failed = self.standing.borrow().clone().failed(&trouble, wait, now);
                let advice = trouble.advice(&self.config);
                let (failures, next) = (failed.failures, failed.next_try());
                tracing::error!(%trouble, %advice, failures, %next, "No new certificate");
                self.set(failed).await;
            }
        }
    }

    async fn set(&self, standing: AcmeStanding) {
        self.standing.send_replace(standing.clone());
        let data = self.data.clone();
        let written = tokio::task::spawn_blocking(move || standing.write(&data)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(%error, "It is not written down how it stands with the certificate");
        }
    }
}
