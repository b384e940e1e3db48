//! To which hub this computer belongs, and the key by which the hub knows it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use protocol::{Enrolment, HubAddress};
use serde::{Deserialize, Serialize};
use transport::{Fingerprint, HostSigner};

const FILE: &str = "membership.json";
const LOCK: &str = "purepc.lock";

/// As it is kept, for its owner alone.
#[derive(Serialize, Deserialize)]
struct Kept {
    hub: String,
    fingerprint: String,
    /// Of an Ed25519 key, in hexadecimal digits; whoever has it is this computer.
    seed: String,
    /// The hub has said that it knows the key.
    enrolled: bool,
}

#[derive(Debug)]
pub(crate) struct Membership {
    hub: HubAddress,
    pin: Fingerprint,
    signer: HostSigner,
    enrolled: bool,
}

impl Membership {
    /// A computer that was enrolled.
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        let found = Self::read(folder)?;
        match found.filter(|membership| membership.enrolled) {
            Some(membership) => Ok(membership),
            None => bail!(
                "this computer is not enrolled (nothing in {}); say `purepc enroll INVITATION`",
                folder.display()
            ),
        }
    }

    /// The key with which to come to the hub of `enrolment`. One that was made for this hub before, and
    /// of which nothing was heard, is used again.
    pub(crate) fn begin(folder: &Path, enrolment: &Enrolment, again: bool) -> anyhow::Result<Self> {
        let pin = Fingerprint::from_bytes(enrolment.fingerprint);
        if let Some(found) = Self::read(folder)? {
            ensure!(
                again || !found.enrolled,
                "this computer is enrolled at {} already; --again leaves that hub",
                found.hub
            );
            if !found.enrolled && found.pin == pin {
                let hub = enrolment.hub.clone();
                return Ok(Self { hub, ..found });
            }
        }
        private_file::make_folder(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let new = Self {
            hub: enrolment.hub.clone(),
            pin,
            signer: HostSigner::generate()?,
            enrolled: false,
        };
        new.write(folder, false)?;
        Ok(new)
    }

    /// The hub knows the key from now on.
    pub(crate) fn is_enrolled(&self, folder: &Path) -> anyhow::Result<()> {
        self.write(folder, true)
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

    fn write(&self, folder: &Path, enrolled: bool) -> anyhow::Result<()> {
        let seed = self.signer.seed();
        let kept = Kept {
            hub: self.hub.to_string(),
            fingerprint: self.pin.to_string(),
            // as 64 digits, which a fingerprint has too
            seed: Fingerprint::from_bytes(seed).to_string(),
            enrolled,
        };
        let path = folder.join(FILE);
        let bytes = serde_json::to_vec_pretty(&kept).context("cannot be written")?;
        let written = private_file::replace(&path, &bytes);
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
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
            enrolled: kept.enrolled,
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
        match Self::try_take(folder)? {
            Some(lock) => Ok(lock),
            None => bail!("another purepc works in {}", folder.display()),
        }
    }

    /// Whether a program speaks for this computer now.
    pub(crate) fn is_taken(folder: &Path) -> anyhow::Result<bool> {
        Ok(Self::try_take(folder)?.is_none())
    }

    fn try_take(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(LOCK);
        let cannot = || format!("cannot lock {}", path.display());
        private_file::make_folder(folder).with_context(cannot)?;
        let file = private_file::open(&path).with_context(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
        }
    }
}
