//! To which hub this computer belongs, and the key by which the hub knows it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use protocol::{Enrolment, HubAddress};
use serde::{Deserialize, Serialize};
use transport::{Fingerprint, HostSigner};

const FILE: &str = "membership.json";
/// A key that no hub knows yet, as far as is known here. The membership stands beside it until one does.
const CANDIDATE: &str = "candidate.json";
/// Whoever enrols or runs holds this.
const LOCK: &str = "purepc.lock";
/// Whoever runs holds this too, for those who look.
const RUNNING: &str = "running.lock";

/// As it is kept, for its owner alone.
#[derive(Serialize, Deserialize)]
struct Kept {
    hub: String,
    fingerprint: String,
    /// Of an Ed25519 key, in hexadecimal digits; whoever has it is this computer.
    seed: String,
}

#[derive(Debug)]
pub(crate) struct Membership {
    hub: HubAddress,
    pin: Fingerprint,
    signer: HostSigner,
}

impl Membership {
    /// A computer that was enrolled.
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        match Self::read(&folder.join(FILE))? {
            Some(membership) => Ok(membership),
            None => bail!(
                "this computer is not enrolled (nothing in {}); say `purepc enroll INVITATION`",
                folder.display()
            ),
        }
    }

    /// Whether this computer is enrolled somewhere.
    pub(crate) fn is_there(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// The key with which to come to the hub of `enrolment`. One that was made for this hub before, and
    /// of which nothing was heard, is used again.
    pub(crate) fn begin(folder: &Path, enrolment: &Enrolment, again: bool) -> anyhow::Result<Self> {
        let pin = Fingerprint::from_bytes(enrolment.fingerprint);
        if !again && let Some(found) = Self::read(&folder.join(FILE))? {
            bail!(
                "this computer is enrolled at {} already; --again leaves that hub",
                found.hub
            );
        }
        private_file::make_folder(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let candidate = folder.join(CANDIDATE);
        let signer = match Self::read(&candidate)? {
            Some(found) if found.pin == pin => found.signer,
            Some(_) | None => HostSigner::generate()?,
        };
        let hub = enrolment.hub.clone();
        let new = Self { hub, pin, signer };
        new.write(&candidate)?;
        Ok(new)
    }

    /// The hub knows the key from now on.
    pub(crate) fn is_enrolled(folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(FILE);
        fs::rename(folder.join(CANDIDATE), &path)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    pub(crate) fn hub(&self) -> &HubAddress {
        &self.hub
    }

    pub(crate) fn pin(&self) -> Fingerprint {
        self.pin
    }

    pub(crate) fn signer(&self) -> &HostSigner {
        &self.signer
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        let seed = self.signer.seed();
        let kept = Kept {
            hub: self.hub.to_string(),
            fingerprint: self.pin.to_string(),
            // as 64 digits, which a fingerprint has too
            seed: Fingerprint::from_bytes(seed).to_string(),
        };
        let bytes = serde_json::to_vec_pretty(&kept).context("cannot be written")?;
        let written = private_file::replace(path, &bytes);
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let damaged = || format!("{} is damaged; enrol this computer anew", path.display());
        let kept: Kept = serde_json::from_slice(&bytes).with_context(damaged)?;
        let seed: Fingerprint = kept.seed.parse().with_context(damaged)?;
        Ok(Some(Self {
            hub: kept.hub.parse().with_context(damaged)?,
            pin: kept.fingerprint.parse().with_context(damaged)?,
            signer: HostSigner::from_seed(seed.bytes()).with_context(damaged)?,
        }))
    }
}

/// Held by the one program that speaks for this computer; free as soon as that is gone, however it went.
#[derive(Debug)]
pub(crate) struct RunLock {
    _file: File,
}

impl RunLock {
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        let file = open_lock(folder, LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => bail!("another purepc works in {}", folder.display()),
            Err(TryLockError::Error(error)) => Err(error).context(cannot_lock(folder, LOCK)),
        }
    }

    /// Shows others that this computer is spoken for from now on, until what this gives is dropped.
    ///
    /// A lock of its own: whoever looks must not be in the way of whoever starts. Waits for those who
    /// look at this moment.
    pub(crate) fn show(folder: &Path) -> anyhow::Result<File> {
        let file = open_lock(folder, RUNNING)?;
        file.lock().with_context(|| cannot_lock(folder, RUNNING))?;
        Ok(file)
    }

    /// Whether a program speaks for this computer now. Changes nothing, and makes nothing.
    pub(crate) fn is_shown(folder: &Path) -> anyhow::Result<bool> {
        let file = match File::open(folder.join(RUNNING)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).context(cannot_lock(folder, RUNNING)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error).context(cannot_lock(folder, RUNNING)),
        }
    }
}

fn open_lock(folder: &Path, name: &str) -> anyhow::Result<File> {
    let cannot = || cannot_lock(folder, name);
    private_file::make_folder(folder).with_context(cannot)?;
    private_file::open(&folder.join(name)).with_context(cannot)
}

fn cannot_lock(folder: &Path, name: &str) -> String {
    format!("cannot lock {}", folder.join(name).display())
}
