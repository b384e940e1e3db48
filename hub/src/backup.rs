//! A copy of all that the hub keeps, made while it runs, and the way back (B4).
//!
//! The catalogue first, in one moment of it; then the films that it knows, each up to its last
//! commit. So a film may be longer than the catalogue knows, as after a crash, and the hub that starts
//! on the copy puts that right; none is missing. The hub's key is there too, and what an authority gave it.
//! A list with the hash of every file comes last: without it a copy is not complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use protocol::admin::Page;
use protocol::admin::films::{Filter, Sort, Standing};
use serde::{Deserialize, Serialize};

use crate::catalogue::{self, Actor, CatalogueError, Change, What};
use crate::folder::{self, FolderError};
use crate::{film, films, web};

const LIST: &str = "backup.json";
const KEY: &str = transport::identity::KEY_FILE;
/// What browsers know the hub by, so that it need not wait for an authority.
const OF_AUTHORITY: [&str; 2] = [web::ACCOUNT_FILE, web::CERTIFICATE_FILE];
/// A list beyond this is not of a hub.
const MOST_LIST_BYTES: u64 = 1 << 30;

/// There is no copy, or no way back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("film {path} cannot be copied: {source}")]
    Film {
        path: PathBuf,
        source: recording::CopyError,
    },
    #[error("{path} is not empty")]
    NotEmpty { path: PathBuf },
    #[error("{path} is no complete back-up of a hub")]
    Incomplete { path: PathBuf },
    #[error("{path} is not as it was written")]
    Changed { path: PathBuf },
}

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub made_unix_millis: i64,
    pub hub_version: String,
    pub files: Vec<Copied>,
}

/// One file in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Relative to the folder.
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub blake3: String,
}

/// Copies the hub in `data` into the new folder `out`; calls `progress` with how many files are done, of
/// how many.
///
/// # Errors
///
/// [`BackupError`]; what is in `out` then is no complete copy, and is not taken for one.
pub fn back_up(
    data: &Path,
    out: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Listing, BackupError> {
    let mut catalogue = catalogue::open(data)?;
    make_empty(out)?;
    folder::create(&out.join(film::FOLDER))?;
    let now = crate::unix_millis();
    let actor = Actor::CommandLine;
    let what = What::BackedUp;
    // noted before, so that the copy knows of itself
    catalogue.apply(&[Change { actor, what }.at(now)])?;
    catalogue.back_up(out)?;
    drop(catalogue);

    let in_data = |name: &str| data.join(name);
    let of_file = |path: PathBuf| move |source| BackupError::File { path, source };
    let key = fs::read(in_data(KEY)).map_err(of_file(in_data(KEY)))?;
    private_file::replace(&out.join(KEY), &key).map_err(of_file(out.join(KEY)))?;
    for name in OF_AUTHORITY {
        // not every hub asks one
        if in_data(name).exists() {
            let bytes = fs::read(in_data(name)).map_err(of_file(in_data(name)))?;
            private_file::replace(&out.join(name), &bytes).map_err(of_file(out.join(name)))?;
        }
    }

    let names = films_in(out)?;
    for (done, name) in names.iter().enumerate() {
        progress(done, names.len());
        let (from, to) = (data.join(name), out.join(name));
        match recording::copy(&from, &to) {
            Ok(()) => {}
            // erased since, or lost before: the hub on the copy says so too
            Err(error) if error.is_missing() => {
                tracing::warn!(film = %name, "Film is gone");
            }
            Err(source) => return Err(BackupError::Film { path: from, source }),
        }
    }
    let mut files = Vec::new();
    let mut own = vec![KEY.to_owned()];
    own.extend(OF_AUTHORITY.map(str::to_owned));
    own.extend(catalogue::FILES.map(str::to_owned));
    for name in own.into_iter().chain(names) {
        let path = out.join(&name);
        if path.exists() {
            files.push(copied(&path, name).map_err(of_file(path))?);
        }
    }
    progress(files.len(), files.len());
    let listing = Listing {
        made_unix_millis: now,
        hub_version: env!("CARGO_PKG_VERSION").to_owned(),
        files,
    };
    let text = serde_json::to_vec_pretty(&listing).map_err(io::Error::from);
    let path = out.join(LIST);
    text.and_then(|text| private_file::replace(&path, &text))
        .map_err(of_file(path))?;
    Ok(listing)
}

/// The films that the catalogue in `folder` knows, without those that are erased.
fn films_in(folder: &Path) -> Result<Vec<String>, BackupError> {
    let catalogue = catalogue::open(folder)?;
    let mut names = Vec::new();
    let mut first = 0;
    loop {
        let rows = Page::MOST;
        let page = Page { first, rows };
        let found = catalogue.films(&Filter::default(), Sort::default(), page)?;
        let Ok(count @ 1..) = u32::try_from(found.rows.len()) else {
            return Ok(names);
        };
        first += count;
        let kept = |film: &&protocol::admin::films::Film| film.standing != Standing::Erased;
        let kept = found.rows.iter().filter(kept);
        names.extend(kept.map(|film| films::path_of(film.session)));
    }
}

fn make_empty(out: &Path) -> Result<(), BackupError> {
    let path = out.to_owned();
    let is_used = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(source) => return Err(BackupError::File { path, source }),
    };
    if is_used {
        return Err(BackupError::NotEmpty { path });
    }
    Ok(folder::create(out)?)
}

/// Brings the file to the disk and says what is in it.
fn copied(path: &Path, name: String) -> io::Result<Copied> {
    let file = File::open(path)?;
    file.sync_all()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(&file)?;
    Ok(Copied {
        name,
        bytes: hasher.count(),
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

/// Puts the copy in `from` into the new folder `data`, for a hub to start on; every byte is checked.
///
/// # Errors
///
/// [`BackupError`]; nothing that is in use, and no folder with anything in it, is touched.
pub fn restore(
    from: &Path,
    data: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Listing, BackupError> {
    let listing = read_list(from)?;
    make_empty(data)?;
    folder::create(&data.join(film::FOLDER))?;
    let all = listing.files.len();
    // the catalogue comes after the films: where something is missing, no hub starts on the folder
    for (done, listed) in listing.files.iter().rev().enumerate() {
        progress(done, all);
        let (source, path) = (from.join(&listed.name), data.join(&listed.name));
        let of_file = |path: &Path| {
            let path = path.to_owned();
            move |source| BackupError::File { path, source }
        };
        fs::copy(&source, &path).map_err(of_file(&source))?;
        private_file::close_to_others(&path).map_err(of_file(&path))?;
        let found = copied(&path, listed.name.clone()).map_err(of_file(&path))?;
        if found != *listed {
            return Err(BackupError::Changed { path: source });
        }
    }
    progress(all, all);
    let mut catalogue = catalogue::open(data)?;
    let actor = Actor::CommandLine;
    let what = What::Restored {
        made_unix_millis: listing.made_unix_millis,
    };
    catalogue.apply(&[Change { actor, what }.at(crate::unix_millis())])?;
    Ok(listing)
}

fn read_list(from: &Path) -> Result<Listing, BackupError> {
    let path = from.join(LIST);
    let incomplete = || BackupError::Incomplete {
        path: from.to_owned(),
    };
    let found = fs::metadata(&path).map_err(|_missing| incomplete())?;
    if found.len() > MOST_LIST_BYTES {
        return Err(incomplete());
    }
    let text = fs::read(&path).map_err(|source| BackupError::File { path, source })?;
    let listing: Listing = serde_json::from_slice(&text).map_err(|_no_list| incomplete())?;
    // a list from elsewhere must not lead out of the folder
    let is_ours = |name: &str| {
        name == KEY
            || OF_AUTHORITY.contains(&name)
            || catalogue::FILES.contains(&name)
            || name
                .strip_prefix(film::FOLDER)
                .and_then(|rest| rest.strip_prefix('/'))
                .and_then(|rest| rest.strip_suffix(".film"))
                .is_some_and(|rest| !rest.contains(['/', '\\']))
    };
    let has = |name: &str| listing.files.iter().any(|listed| listed.name == name);
    if !listing.files.iter().all(|listed| is_ours(&listed.name))
        || !has(KEY)
        || !has(catalogue::FILES[0])
    {
        return Err(incomplete());
    }
    Ok(listing)
}
