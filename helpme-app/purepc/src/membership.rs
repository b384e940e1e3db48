//! To which hub this computer belongs, and the key by which the hub knows it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use protocol::{Enrolment, HubAddress};
use serde::{Deserialize, Serialize};
use transport::{Fingerprint, HostSigner};

const FILE: &str = "membership.json";
/// A key that no hub knows yet, as far as is known here. The membership stands beside it until one does.
const CANDIDATE: &str = "candidate.json";
const LOCK: &str = "purepc.lock";
/// `purepc status` holds the lock for a moment, which must not keep a program from starting.
const LOOKED_AT: Duration = Duration::from_millis(500);

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
        let given_up = Instant::now() + LOOKED_AT;
        loop {
            if let Some(file) = Self::locked(folder, File::try_lock)? {
                return Ok(Self { _file: file });
            }
            if Instant::now() > given_up {
                bail!("another purepc works in {}", folder.display());
            }
            std::thread::sleep(LOOKED_AT / 50);
        }
    }

    /// Whether a program speaks for this computer now.
    pub(crate) fn is_taken(folder: &Path) -> anyhow::Result<bool> {
        // whoever else looks at this moment speaks for nothing
        Ok(Self::locked(folder, File::try_lock_shared)?.is_none())
    }

    /// The file, locked; `None` if somebody else holds it.
    fn locked(
        folder: &Path,
        lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> anyhow::Result<Option<File>> {
        let path = folder.join(LOCK);
        let cannot = || format!("cannot lock {}", path.display());
        private_file::make_folder(folder).with_context(cannot)?;
        let file = private_file::open(&path).with_context(cannot)?;
        match lock(&file) {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn whoever_looks_whether_a_program_runs_keeps_none_from_starting() {
        let folder = tempfile::tempdir().expect("a folder");
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        RunLock::is_taken(folder.path()).expect("looked");
                    }
                });
            }
            for _ in 0..100 {
                RunLock::take(folder.path()).expect("nobody has it");
            }
            done.store(true, Ordering::Relaxed);
        });
        let _lock = RunLock::take(folder.path()).expect("nobody has it");
        assert!(RunLock::is_taken(folder.path()).expect("looked"));
        RunLock::take(folder.path()).expect_err("there is one");
    }
}
