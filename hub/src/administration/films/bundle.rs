//! A proof bundle for an administrator's window (D3): made in a file of the data folder, fetched in parts,
//! and gone with the sign-in at the latest.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use protocol::admin::films::Answer;
use protocol::admin::reports::{ExportFormat, ExportOf, Language};
use protocol::control::Name;
use protocol::{Refusal, RefusalCode, SessionId};
use tokio::sync::{OwnedSemaphorePermit, watch};
use transport::HubIdentity;

use super::super::taken_out::Contents;
use super::super::{Administrator, Office, lock, reports};
use super::{facts, off_the_runtime, pictures, read_part, unread};
use crate::catalogue::{self, What};
use crate::export::{self, Style};
use crate::folder::TEMPORARY;
use crate::proof::{BundleError, Whole};
use crate::{disk, films};

/// Bundles of all administrators at a time.
pub(in crate::administration) const MOST: usize = 4;
/// When somebody whom they all keep from making one may try again.
const FULL_SECONDS: u32 = 30;
/// How long a question for a part waits until the bundle is made.
const PATIENCE: Duration = Duration::from_millis(400);

/// The bundle of one sign-in. Dropping it gives it up.
#[derive(Debug)]
pub(in crate::administration) struct Kept {
    number: u32,
    making: Arc<Making>,
    made: watch::Receiver<Option<Result<(), RefusalCode>>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.making.given_up.store(true, Ordering::Relaxed);
    }
}

/// Every bundle that there is.
#[derive(Debug, Default)]
pub(in crate::administration) struct Bundles(Mutex<Vec<Weak<Making>>>);

impl Bundles {
    fn add(&self, making: &Arc<Making>) {
        let mut all = lock(&self.0);
        all.retain(|making| making.strong_count() > 0);
        all.push(Arc::downgrade(making));
    }

    pub(in crate::administration) fn all(&self) -> Vec<Arc<Making>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }
}

/// A bundle in the making, or made: whoever has it last removes the file.
#[derive(Debug)]
pub(in crate::administration) struct Making {
    path: PathBuf,
    contents: Arc<Contents>,
    given_up: AtomicBool,
    /// Of the film, in bytes.
    done: AtomicU64,
    whole: u64,
    _place: OwnedSemaphorePermit,
}

impl Drop for Making {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Making {
    /// What is to be in it.
    pub(in crate::administration) fn contents(&self) -> &Arc<Contents> {
        &self.contents
    }

    /// Nobody gets it, made or not.
    pub(in crate::administration) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, path = %self.path.display(), "Bundle not removed");
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn thousandths(&self) -> u16 {
        let done = self.done.load(Ordering::Relaxed).min(self.whole);
        u16::try_from(done * 1000 / self.whole.max(1)).unwrap_or(1000)
    }
}

pub(super) async fn begin(
    office: &Office,
    who: &Administrator,
    session: SessionId,
    (language, zone): (Language, &Name),
) -> Result<Answer, Refusal> {
    films::finished(facts(office, session).await?.as_ref())?;
    let mut style = Style {
        format: ExportFormat::Pdf,
        language,
        zone: export::zone(zone).map_err(|error| error.code())?,
        organisation: reports::organisation(office).await?,
        key_pictures: Vec::new(),
    };
    // the one before goes first, and leaves its place
    drop(lock(&who.bundle).take());
    let place = Arc::clone(&office.bundles).try_acquire_owned();
    let place = place.map_err(|_full| Refusal {
        code: RefusalCode::THROTTLED,
        retry_after_seconds: FULL_SECONDS,
    })?;
    let whole = room_for(office, session)?;
    office.change(who, What::FilmExported { session }).await?;
    style.key_pictures = pictures::key_pictures(office, session).await;
    let report = office.read(move |c| c.report_of_session(session)).await?;
    let contents = Contents {
        reports: report.into_iter().collect(),
        film: Some(session),
    };
    let number = office.next_bundle();
    let folder = office.folder().join(TEMPORARY);
    let making = Arc::new(Making {
        path: folder.join(format!("bundle-{number}.zip")),
        contents: Arc::new(contents),
        given_up: AtomicBool::new(false),
        done: AtomicU64::new(0),
        whole,
        _place: place,
    });
    office.in_bundles.add(&making);
    // erased since it was looked for, and before it stood in the list
    if !office.are_there(&making.contents).await? {
        return Err(RefusalCode::EXPORT_GONE.into());
    }
    let (told, made) = watch::channel(None);
    let now_unix_millis = office.clock.now().unix_millis;
    let (data, shared) = (office.folder().to_owned(), Arc::clone(&making));
    tokio::task::spawn_blocking(move || {
        let mut result = make(&data, session, &style, now_unix_millis, &shared);
        if shared.given_up.load(Ordering::Relaxed) {
            // perhaps after its last byte
            shared.give_up();
            result = Err(BundleError::GivenUp);
        }
        let result = result.map_err(|error| code_of(session, &error));
        told.send_replace(Some(result));
    });
    let kept = Kept {
        number,
        making,
        made,
    };
    *lock(&who.bundle) = Some(kept);
    Ok(Answer::Bundle {
        bundle: number,
        file_name: Name::cut(format!("session-{session}-proof.zip")),
    })
}

pub(super) async fn part(
    office: &Office,
    who: &Administrator,
    bundle: u32,
    offset: u64,
) -> Result<Answer, Refusal> {
    office.forget_erased().await?;
    let gone = || Refusal::new(RefusalCode::EXPORT_GONE);
    let (mut made, path) = {
        let kept = lock(&who.bundle);
        let kept = kept.as_ref().filter(|kept| kept.number == bundle);
        let kept = kept.ok_or_else(gone)?;
        (kept.made.clone(), kept.making.path.clone())
    };
    let waited = tokio::time::timeout(PATIENCE, made.wait_for(Option::is_some));
    let result = match waited.await {
        Ok(Ok(made)) => made.unwrap_or(Ok(())),
        Ok(Err(_closed)) => Err(RefusalCode::INTERNAL),
        Err(_not_yet) => {
            let kept = lock(&who.bundle);
            let kept = kept.as_ref().filter(|kept| kept.number == bundle);
            let thousandths = kept.ok_or_else(gone)?.making.thousandths();
            return Ok(Answer::Making { thousandths });
        }
    };
    result?;
    off_the_runtime(move || {
        let read = File::open(&path).and_then(|file| read_part(file, offset));
        read.map_err(|error| unread(&path, &error, RefusalCode::EXPORT_GONE))
    })
    .await
}

pub(super) fn forget(who: &Administrator, bundle: u32) {
    lock(&who.bundle).take_if(|kept| kept.number == bundle);
}

/// The size of the film, if there is room for another one beside what is left free for films.
fn room_for(office: &Office, session: SessionId) -> Result<u64, Refusal> {
    let path = office.folder().join(films::path_of(session));
    let whole = fs::metadata(path)
        .map_err(|_gone| RefusalCode::FILM_GONE)?
        .len();
    let least = office.settings().free_disk_bytes;
    let free = disk::space(office.folder()).map(|space| space.free);
    if free.is_some_and(|free| free < whole.saturating_add(least)) {
        return Err(RefusalCode::NO_ROOM.into());
    }
    Ok(whole)
}

fn make(
    data: &Path,
    session: SessionId,
    style: &Style,
    now_unix_millis: i64,
    making: &Making,
) -> Result<(), BundleError> {
    let catalogue = catalogue::open(data)?;
    let key = HubIdentity::open(data)?;
    let mut beside: Vec<(&str, Box<dyn Read>)> = Vec::new();
    if let Some(report) = catalogue.report_of_session(session)? {
        let mut pdf = Vec::new();
        let of = ExportOf::One(report);
        export::write(&*catalogue, &of, style, &mut pdf)?;
        beside.push(("report.pdf", Box::new(Cursor::new(pdf))));
    }
    let whole = Whole {
        catalogue: &*catalogue,
        folder: data,
        session,
    };
    let mut progress = |bytes| {
        making.done.store(bytes, Ordering::Relaxed);
        !making.given_up.load(Ordering::Relaxed)
    };
    whole.bundle(&making.path, &key, beside, now_unix_millis, &mut progress)?;
    Ok(())
}

fn code_of(session: SessionId, error: &BundleError) -> RefusalCode {
    match error {
        BundleError::GivenUp => RefusalCode::EXPORT_GONE,
        BundleError::Running => RefusalCode::FILM_RUNNING,
        BundleError::Gone(_) => RefusalCode::FILM_GONE,
        BundleError::Write(error) if error.kind() == io::ErrorKind::StorageFull => {
            RefusalCode::NO_ROOM
        }
        BundleError::Write(_)
        | BundleError::Zip(_)
        | BundleError::Key(_)
        | BundleError::Catalogue(_)
        | BundleError::Report(_)
        | BundleError::Open(_)
        | BundleError::Film(_) => {
            let error = whole_error(error);
            tracing::error!(%session, error, "Bundle not made");
            RefusalCode::INTERNAL
        }
    }
}

/// An error with what lies under it.
fn whole_error(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
