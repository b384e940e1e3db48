//! Newer versions of this program (P3): fetched where the hub's administrator wants it, kept beside the key, started in
//! this one's stead, and given up where they do not come back to the hub.
//!
//! The program that the service manager starts stays as it is: the service may not write where that is, and there is
//! always one to begin with. It looks whether a newer one is kept, checks the maker's signature anew, and becomes that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use protocol::HubAddress;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};
use transport::{Fingerprint, Pin, Routes};
use update::Own;
use updater::{Look, Seeker};

use crate::computer;
use crate::pause::shortened;

/// How long after it came in a computer looks for the first time, from half of it on, and then again: thousands of them
/// have one hub.
const FIRST_LOOK: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_hours(1);
/// A new version that is not let in by the hub within this time is given up.
pub(crate) const COME_BACK: Duration = Duration::from_mins(5);
/// And one that has begun so often and was let in never.
const MOST_STARTS: u32 = 3;
/// When one that was given up may be tried again.
const AGAIN_AFTER_SECONDS: u64 = 24 * 3600;
/// Where they are, in the program's folder.
const FOLDER: &str = "program";
const FILE: &str = "course.json";
const MEMORY: &str = "newest";
/// And the programs, in there.
const VERSIONS: &str = "versions";
/// The program that the service manager starts, for the one that it became.
const BEGUN_AS: &str = "PUREPC_BEGUN_AS";

/// How newer versions have fared here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Course {
    /// The version that the hub has not let in yet, and how often it began.
    trial: Option<(String, u32)>,
    /// Versions that were not let in, and when they were given up, in seconds since the Unix epoch.
    given_up: BTreeMap<String, u64>,
}

impl Course {
    fn load(folder: &Path) -> Self {
        let kept = fs::read(folder.join(FOLDER).join(FILE)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        kept.unwrap_or_default()
    }

    fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        let folder = folder.join(FOLDER);
        private_file::make_folder(&folder).context("no folder for newer versions")?;
        let bytes = serde_json::to_vec(self).context("cannot be written")?;
        private_file::replace(&folder.join(FILE), &bytes).context("cannot be kept")
    }

    /// Whether this version may begin now, which counts as a try of one that is on trial.
    fn may_begin(&mut self, version: &str, now_unix_seconds: u64) -> bool {
        if self.is_given_up(version, now_unix_seconds) {
            return false;
        }
        if self.given_up.remove(version).is_some() {
            self.trial = Some((version.to_owned(), 0));
        }
        if let Some((on_trial, starts)) = &mut self.trial
            && on_trial == version
        {
            if *starts >= MOST_STARTS {
                self.give_up(version, now_unix_seconds);
                return false;
            }
            *starts += 1;
        }
        true
    }

    fn is_given_up(&self, version: &str, now_unix_seconds: u64) -> bool {
        let at = self.given_up.get(version);
        at.is_some_and(|at| now_unix_seconds.saturating_sub(*at) < AGAIN_AFTER_SECONDS)
    }

    fn give_up(&mut self, version: &str, now_unix_seconds: u64) {
        self.trial = None;
        self.given_up.insert(version.to_owned(), now_unix_seconds);
    }
}

fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

fn own() -> anyhow::Result<Own> {
    Ok(Own::running("purepc", crate::VERSION)?)
}

/// Becomes the newest version that is kept in `folder`, if that is newer than this one; returns where there is none, or
/// it does not begin. The run lock must be held.
pub(crate) fn become_newest(folder: &Path) {
    if let Err(error) = try_to_become_newest(folder) {
        tracing::warn!(error = format!("{error:#}"), "No newer version begins");
    }
}

fn try_to_become_newest(folder: &Path) -> anyhow::Result<()> {
    let kept = folder.join(FOLDER).join(VERSIONS);
    if !kept.exists() {
        return Ok(());
    }
    let own = own()?;
    let mut course = Course::load(folder);
    for (version, path) in own.newer_kept(&kept) {
        let (version, now) = (version.to_string(), unix_seconds());
        let may = course.may_begin(&version, now);
        // on the disk before it begins: whatever becomes of it counts
        course.keep(folder)?;
        if !may {
            tracing::warn!(%version, "Did not come back to the hub, and is left alone for a day");
            continue;
        }
        tracing::info!(%version, "A newer version begins");
        let fault = become_program(&path, &begun_as(&own));
        tracing::error!(%version, %fault, "The newer version does not begin");
        course.give_up(&version, now);
        course.keep(folder)?;
    }
    Ok(())
}

/// The program that the service manager starts.
fn begun_as(own: &Own) -> PathBuf {
    std::env::var_os(BEGUN_AS).map_or_else(|| own.exe.clone(), PathBuf::from)
}

/// Begins anew with what the service manager starts, which becomes the newest version. Returns only why it cannot.
pub(crate) fn begin_anew() -> anyhow::Error {
    match own() {
        Ok(own) => {
            let begun_as = begun_as(&own);
            become_program(&begun_as, &begun_as).into()
        }
        Err(error) => error,
    }
}

/// Becomes `program`, with the arguments of this one; returns only why it cannot.
#[cfg(unix)]
fn become_program(program: &Path, begun_as: &Path) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    let mut command = std::process::Command::new(program);
    command
        .args(std::env::args_os().skip(1))
        .env(BEGUN_AS, begun_as)
        .exec()
}

#[cfg(not(unix))]
fn become_program(_program: &Path, _begun_as: &Path) -> std::io::Error {
    std::io::ErrorKind::Unsupported.into()
}

/// The version that runs, while the hub has not let it in yet.
#[derive(Debug)]
pub(crate) struct Trial {
    folder: PathBuf,
    /// `None` where it is no newer one, or has passed.
    version: Option<String>,
    ends: Instant,
}

impl Trial {
    pub(crate) fn begin(folder: &Path, come_back: Duration) -> Self {
        let on_trial = Course::load(folder).trial.map(|(version, _)| version);
        Self {
            folder: folder.to_owned(),
            version: on_trial.filter(|version| version == crate::VERSION),
            ends: Instant::now() + come_back,
        }
    }

    /// The hub lets this version in.
    pub(crate) fn passes(&mut self) {
        let Some(version) = self.version.take() else {
            return;
        };
        let mut course = Course::load(&self.folder);
        course.trial = None;
        course.given_up.remove(&version);
        if let Err(error) = course.keep(&self.folder) {
            tracing::warn!(error = format!("{error:#}"), "It counts as on trial still");
        }
        tracing::info!(%version, "The newer version has come back to the hub");
    }

    /// Comes when the version that runs is to be given up, which is noted then; never for one that has passed.
    pub(crate) async fn fails(&self) {
        let Some(version) = &self.version else {
            return std::future::pending().await;
        };
        sleep_until(self.ends).await;
        let mut course = Course::load(&self.folder);
        course.give_up(version, unix_seconds());
        if let Err(error) = course.keep(&self.folder) {
            tracing::error!(error = format!("{error:#}"), "It cannot be given up");
            return std::future::pending().await;
        }
        tracing::error!(%version, "The hub did not let the newer version in; the one before comes back");
    }
}

/// Looks for newer versions, and keeps them.
#[derive(Debug)]
pub(crate) struct Newer {
    look: Option<Arc<LookFor>>,
    next: Instant,
    again: Duration,
    looking: Option<JoinHandle<bool>>,
}

#[derive(Debug)]
struct LookFor {
    seeker: Seeker,
    folder: PathBuf,
}

impl Newer {
    /// `every` is how often it looks, for tests.
    pub(crate) fn of(
        folder: &Path,
        (hub, pin): (&HubAddress, Fingerprint),
        routes: &Routes,
        every: Option<Duration>,
    ) -> Self {
        let own = own().inspect_err(|error| tracing::warn!("{error:#}"));
        let look = own.ok().filter(|_own| cfg!(unix)).map(|own| {
            let seeker = Seeker {
                hub: hub.clone(),
                pin: Pin::Key(pin),
                routes: routes.clone(),
                program: computer::program(),
                own,
                memory: folder.join(FOLDER).join(MEMORY),
            };
            let folder = folder.to_owned();
            Arc::new(LookFor { seeker, folder })
        });
        Self {
            look,
            next: Instant::now() + every.unwrap_or_else(|| shortened(FIRST_LOOK)),
            again: every.unwrap_or(LOOK_AGAIN),
            looking: None,
        }
    }

    /// Comes when a newer version is kept, and to begin. Dropping the future loses nothing.
    pub(crate) async fn comes(&mut self) {
        let Some(look) = &self.look else {
            return std::future::pending().await;
        };
        loop {
            if let Some(looking) = &mut self.looking {
                let found = looking.await;
                self.looking = None;
                self.next = Instant::now() + shortened(self.again);
                if found.unwrap_or(false) {
                    return;
                }
            }
            sleep_until(self.next).await;
            let look = Arc::clone(look);
            self.looking = Some(tokio::spawn(async move {
                let found = look.look().await;
                let found = found.inspect_err(|error| {
                    tracing::warn!(error = format!("{error:#}"), "No newer version is taken");
                });
                found.unwrap_or(false)
            }));
        }
    }

    /// Gives up what is on its way: an operator is served.
    pub(crate) fn wait(&mut self) {
        if let Some(looking) = self.looking.take() {
            looking.abort();
            self.next = Instant::now() + shortened(self.again);
        }
    }
}

impl LookFor {
    /// Whether a newer version is kept that is to begin.
    async fn look(&self) -> anyhow::Result<bool> {
        let Look::Offered(offer) = self.seeker.look().await? else {
            return Ok(false);
        };
        let version = offer.version().to_string();
        if !offer.is_for_by_itself() {
            tracing::debug!(%version, "A newer version is there; the administrator does not want it taken by itself");
            return Ok(false);
        }
        let folder = self.folder.clone();
        let course = spawn_blocking(move || Course::load(&folder)).await?;
        if course.is_given_up(&version, unix_seconds()) {
            return Ok(false);
        }
        tracing::info!(%version, bytes = offer.bytes(), "Fetches a newer version");
        let fetched = self.seeker.fetch(&offer, |_bytes| {}).await?;
        let (own, folder) = (self.seeker.own.clone(), self.folder.clone());
        let kept = spawn_blocking(move || {
            let mut course = Course::load(&folder);
            // on trial before it is there: whoever finds it tries it
            course.trial = Some((version.clone(), 0));
            course.given_up.remove(&version);
            course.keep(&folder)?;
            let kept = folder.join(FOLDER).join(VERSIONS);
            private_file::make_folder(&kept).context("no folder for newer versions")?;
            let taken = own.keep(fetched.program(), fetched.signature(), &kept);
            if taken.is_err() {
                // not fetched again and again
                course.give_up(&version, unix_seconds());
                course.keep(&folder)?;
            }
            taken?;
            own.tidy(&kept);
            anyhow::Ok(())
        });
        kept.await??;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_a_version_that_never_comes_back_begins_three_times_and_rests_for_a_day() {
        let mut course = Course {
            trial: Some(("0.2.0".to_owned(), 0)),
            ..Course::default()
        };
        for _ in 0..MOST_STARTS {
            assert!(course.may_begin("0.2.0", 1000));
        }
        assert!(!course.may_begin("0.2.0", 1000));
        assert_eq!(course.trial, None);
        assert!(course.may_begin("0.3.0", 1000), "another one is none of it");
        assert!(!course.may_begin("0.2.0", 1000 + AGAIN_AFTER_SECONDS - 1));
        // and then it is on trial again
        for _ in 0..MOST_STARTS {
            assert!(course.may_begin("0.2.0", 1000 + AGAIN_AFTER_SECONDS));
        }
        assert!(!course.may_begin("0.2.0", 1000 + AGAIN_AFTER_SECONDS));
    }

    #[test]
    fn p3_one_that_has_passed_begins_as_often_as_it_wants() {
        let mut course = Course::default();
        for _ in 0..100 {
            assert!(course.may_begin("0.2.0", 1000));
        }
    }
}
