//! The maker's list of the newest versions and the programs that it names, as this hub keeps them, and which versions
//! its fleet runs (P3).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use maker::{
    CHANNEL_FILE, Channel, ChannelFault, Listed, MAX_CHANNEL_BYTES, MakerKeys, SIGNATURE_END,
    Signed, Version,
};
use protocol::admin::hosts::{
    FleetRow, MAX_VERSION_ROWS, ProgramRow, ProgramStanding, VersionList, Versions,
};
use protocol::control::Name;
use protocol::updates::{HubToSeeker, ProgramFile};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::downloads::{self, DownloadFault};

/// Where the list is, in the data folder.
const FOLDER: &str = "updates";
/// Most kinds of programs that a fleet is counted by: what clients call themselves is theirs to say.
const MOST_KINDS: usize = 256;
/// Programs that are handed out at a time; sessions use the same line.
const HANDED_OUT_AT_ONCE: usize = 8;

/// The list of versions, or a program, is not taken, or cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdatesFault {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Channel(#[from] ChannelFault),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Program(#[from] DownloadFault),
    #[error("its maker signed it as {signed}, which is no name of a program")]
    NoProgram { signed: String },
}

/// What [`add`] has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The list of newest versions.
    List(Channel),
    /// A program for those who have an older version of it.
    Program(Signed),
}

/// How many of a fleet run one version of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// As `purepc linux`; what calls itself by no version is counted as it is.
    pub program: String,
    pub version: Option<Version>,
    pub count: usize,
    /// What the list of versions has for it.
    pub newest: Option<Version>,
}

impl InUse {
    /// Whether the list of versions has a newer one.
    pub fn is_behind(&self) -> bool {
        match (&self.version, &self.newest) {
            (Some(version), Some(newest)) => version.cmp_precedence(newest).is_lt(),
            (Some(_) | None, _) => false,
        }
    }
}

/// Takes what `file` is, the list of versions or a program, into the data folder if the maker has signed it, in
/// `signature` or the file beside it. Nothing takes the place of what is newer.
///
/// # Errors
///
/// [`UpdatesFault`]; what was there stands then.
pub fn add(data: &Path, file: &Path, signature: Option<&Path>) -> Result<Added, UpdatesFault> {
    let beside = with_end(file);
    let (bytes, text, signed) = downloads::check(file, signature.unwrap_or(&beside))?;
    if signed.file == CHANNEL_FILE {
        return take(data, file, signature).map(Added::List);
    }
    if !is_name(&signed.file) {
        let signed = signed.file;
        return Err(UpdatesFault::NoProgram { signed });
    }
    let folder = data.join(FOLDER);
    let place = folder.join(&signed.file);
    if let Ok((_, kept)) = downloads::read(&place)
        && signed.version < kept.version
    {
        let (given, kept) = (signed.version, kept.version);
        return Err(DownloadFault::Older { given, kept }.into());
    }
    let write = |path: &Path, written: io::Result<()>| {
        written.map_err(|source| UpdatesFault::Write {
            path: path.to_owned(),
            source,
        })
    };
    write(&folder, private_file::make_folder(&folder))?;
    // the old signature is not this one's: in between there is nothing to hand out
    write(&place, downloads::replace(&place, &bytes))?;
    let beside = with_end(&place);
    write(&beside, downloads::replace(&beside, text.as_bytes()))?;
    Ok(Added::Program(signed))
}

/// Whether it can be the name of a program's file, and of no other in the folder.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=ProgramFile::MAX_BYTES).contains(&name.len())
        && name.contains('-')
        && !name.starts_with(['.', '-'])
        && !name.ends_with(SIGNATURE_END)
        && !Path::new(name)
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("part"))
        && name.chars().all(is_plain)
}

/// Takes the list in `file` into the data folder if the maker has signed it, in `signature` or the file beside it, and it
/// is not older than the one that is there.
///
/// # Errors
///
/// [`UpdatesFault`]; the list that was there stands then.
pub fn take(data: &Path, file: &Path, signature: Option<&Path>) -> Result<Channel, UpdatesFault> {
    let beside = with_end(file);
    let (text, signature) = (read(file)?, read(signature.unwrap_or(&beside))?);
    // a list that is damaged here is no reason to stay without one; how far it had come is lost
    let known = kept(data).ok().flatten().map(|channel| channel.serial);
    let channel = checked(&text, &signature, known)?;
    let folder = data.join(FOLDER);
    let write = |path: &Path, written: io::Result<()>| {
        written.map_err(|source| UpdatesFault::Write {
            path: path.to_owned(),
            source,
        })
    };
    write(&folder, private_file::make_folder(&folder))?;
    let place = folder.join(CHANNEL_FILE);
    write(&place, private_file::replace(&place, &text))?;
    let place = with_end(&place);
    write(&place, private_file::replace(&place, &signature))?;
    Ok(channel)
}

/// The list that is there, if there is one.
///
/// # Errors
///
/// [`UpdatesFault`], also where it was changed since.
pub fn kept(data: &Path) -> Result<Option<Channel>, UpdatesFault> {
    Ok(kept_as_signed(data)?.map(|kept| kept.channel))
}

/// The list with what its maker signed.
struct Kept {
    channel: Channel,
    text: Vec<u8>,
    signature: Vec<u8>,
}

fn kept_as_signed(data: &Path) -> Result<Option<Kept>, UpdatesFault> {
    let place = data.join(FOLDER).join(CHANNEL_FILE);
    if !place.exists() {
        return Ok(None);
    }
    let (text, signature) = (read(&place)?, read(&with_end(&place))?);
    let channel = checked(&text, &signature, None)?;
    Ok(Some(Kept {
        channel,
        text,
        signature,
    }))
}

/// What programs are told that look for newer versions, and handed out.
#[derive(Debug)]
pub(crate) struct UpdateDesk {
    data: PathBuf,
    /// Where the Helpmes of the page are, which are handed out too.
    downloads: PathBuf,
    /// What was found out of each file; it takes its time.
    looked: Mutex<BTreeMap<PathBuf, Looked>>,
    handing_out: Arc<Semaphore>,
}

/// What lies in a place, as long as it has not changed.
#[derive(Debug, Clone)]
struct Looked {
    /// The program and its signature: when each was written, and its bytes. One that is being copied has the time
    /// already that it keeps.
    stands: [Option<(SystemTime, u64)>; 2],
    /// `None` where it is not the maker's.
    program: Option<KeptProgram>,
}

/// A program that is its maker's.
#[derive(Debug, Clone)]
pub(crate) struct KeptProgram {
    pub(crate) path: PathBuf,
    pub(crate) signature: Bytes,
    /// As the maker's list would have it.
    pub(crate) listed: Listed,
    /// When its maker signed it.
    signed_unix_seconds: u64,
}

impl UpdateDesk {
    pub(crate) fn new(data: &Path, downloads: Option<&Path>) -> Self {
        Self {
            data: data.to_owned(),
            downloads: downloads.map_or_else(|| data.join("downloads"), Path::to_owned),
            looked: Mutex::default(),
            handing_out: Arc::new(Semaphore::new(HANDED_OUT_AT_ONCE)),
        }
    }

    /// Whoever is handed a program keeps what this gives until then; `None` while there are too many.
    pub(crate) fn may_hand_out(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.handing_out).try_acquire_owned().ok()
    }

    /// What there is for the program of this name. Blocks, for as long as reading and checking it takes.
    pub(crate) fn versions(&self, file: &str, by_themselves: bool) -> HubToSeeker {
        let kept = kept_as_signed(&self.data);
        let kept = kept.inspect_err(|fault| tracing::error!(%fault, "No list of versions"));
        let Ok(Some(kept)) = kept else {
            return HubToSeeker::Nothing;
        };
        let Kept {
            channel,
            text,
            signature,
        } = kept;
        HubToSeeker::Versions {
            is_here: self.program(file, &channel).is_some(),
            channel: text.into(),
            signature: signature.into(),
            by_themselves,
        }
    }

    /// The program of this name that the maker's list has now. Blocks as [`Self::versions`].
    pub(crate) fn listed(&self, file: &str) -> Option<KeptProgram> {
        let channel = kept(&self.data).ok()??;
        self.program(file, &channel)
    }

    /// The same for a list that was read already.
    pub(crate) fn program(&self, file: &str, channel: &Channel) -> Option<KeptProgram> {
        let listed = channel.listed(file).filter(|_| is_name(file))?;
        let folders = [self.data.join(FOLDER), self.downloads.clone()];
        let mut found = folders
            .iter()
            .filter_map(|folder| self.look(&folder.join(file)));
        found.find(|kept| {
            let same = |a: &Listed, b: &Listed| (a.bytes, &a.blake3) == (b.bytes, &b.blake3);
            kept.listed.version == listed.version && same(&kept.listed, listed)
        })
    }

    /// What an administrator sees: the list, the programs that are here, and what the fleet runs, of which each calls
    /// itself as in `programs`. Blocks as [`Self::versions`].
    pub(crate) fn overview<'a>(&self, programs: impl IntoIterator<Item = &'a str>) -> Versions {
        let channel = kept(&self.data).ok().flatten();
        let fleet = in_use(programs, channel.as_ref()).into_iter();
        let text = |version: Option<Version>| {
            let text = version.map(|version| version.to_string());
            Name::cut(text.unwrap_or_default())
        };
        let fleet = fleet.take(MAX_VERSION_ROWS).map(|used| FleetRow {
            behind: used.is_behind(),
            program: Name::cut(used.program),
            version: text(used.version),
            count: used.count.try_into().unwrap_or(u32::MAX),
            newest: text(used.newest),
        });
        Versions {
            fleet: fleet.collect(),
            programs: self.program_rows(channel.as_ref()),
            list: channel.map(|channel| VersionList {
                serial: channel.serial,
                made_unix_millis: millis(channel.unix_seconds),
                programs: channel.programs.len().try_into().unwrap_or(u32::MAX),
            }),
        }
    }

    fn program_rows(&self, channel: Option<&Channel>) -> Vec<ProgramRow> {
        let folders = [
            (self.data.join(FOLDER), false),
            (self.downloads.clone(), true),
        ];
        let mut rows = Vec::new();
        for (folder, is_page) in folders {
            for name in names_in(&folder) {
                let path = folder.join(&name);
                let kept = self.look(&path);
                let offered = channel.and_then(|channel| self.program(&name, channel));
                let standing = match &kept {
                    None => ProgramStanding::Refused,
                    Some(_) if offered.is_some_and(|offered| offered.path == path) => {
                        ProgramStanding::Offered
                    }
                    Some(_) if is_page => ProgramStanding::OnPage,
                    Some(_) => ProgramStanding::Unlisted,
                };
                let known = kept
                    .as_ref()
                    .map(|kept| (&kept.listed, kept.signed_unix_seconds));
                rows.push(ProgramRow {
                    file: Name::cut(name),
                    standing,
                    version: Name::cut(
                        known.map_or_else(String::new, |(listed, _)| listed.version.to_string()),
                    ),
                    bytes: known.map_or_else(
                        || fs::metadata(&path).map_or(0, |found| found.len()),
                        |(listed, _)| listed.bytes,
                    ),
                    signed_unix_millis: known.map_or(0, |(_, signed)| millis(signed)),
                });
            }
        }
        rows.truncate(MAX_VERSION_ROWS);
        rows
    }

    fn look(&self, path: &Path) -> Option<KeptProgram> {
        let stands = [path, &with_end(path)].map(|path| {
            let found = fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len()))
        });
        stands[0]?;
        // one at a time reads a whole program
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = looked.get(path).filter(|known| known.stands == stands) {
            return known.program.clone();
        }
        let read = downloads::read(path).and_then(|(bytes, signed)| {
            let signature = fs::read(with_end(path)).map_err(|source| DownloadFault::Read {
                path: with_end(path),
                source,
            })?;
            Ok(KeptProgram {
                path: path.to_owned(),
                signature: signature.into(),
                signed_unix_seconds: signed.unix_seconds,
                listed: Listed::of(&signed.file, signed.version, &bytes),
            })
        });
        let read = read.inspect_err(|fault| {
            tracing::warn!(path = %path.display(), %fault, "Not handed out");
        });
        let program = read.ok();
        let known = Looked {
            stands,
            program: program.clone(),
        };
        looked.insert(path.to_owned(), known);
        program
    }
}

/// Counts `programs`, each as a client calls itself: `purepc 0.1.0 linux`.
pub fn in_use<'a>(
    programs: impl IntoIterator<Item = &'a str>,
    channel: Option<&Channel>,
) -> Vec<InUse> {
    let mut counted: BTreeMap<(String, Option<Version>), usize> = BTreeMap::new();
    for called in programs {
        let kind = kind(called);
        if counted.len() < MOST_KINDS || counted.contains_key(&kind) {
            *counted.entry(kind).or_default() += 1;
        }
    }
    let counted = counted.into_iter();
    let each = counted.map(|((program, version), count)| InUse {
        newest: channel.and_then(|channel| newest(channel, &program)),
        program,
        version,
        count,
    });
    each.collect()
}

/// The files in `folder` that are called as programs are, in order.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_name(name)).collect();
    names.sort_unstable();
    names
}

fn millis(unix_seconds: u64) -> i64 {
    let seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    seconds.saturating_mul(1000)
}

fn kind(called: &str) -> (String, Option<Version>) {
    let mut words = called.split_whitespace();
    let (name, version) = (words.next(), words.next());
    match (name, version.and_then(|version| version.parse().ok())) {
        (Some(name), Some(version)) => {
            let rest = words
                .next()
                .map(|system| format!(" {}", system.to_lowercase()));
            (format!("{name}{}", rest.unwrap_or_default()), Some(version))
        }
        _ => (called.to_owned(), None),
    }
}

/// The newest version of `program` for any machine of its system.
fn newest(channel: &Channel, program: &str) -> Option<Version> {
    let start = format!("{}-", program.replace(' ', "-"));
    let of_it = channel
        .programs
        .iter()
        .filter(|listed| listed.file.starts_with(&start));
    of_it.map(|listed| listed.version.clone()).max()
}

fn checked(text: &[u8], signature: &[u8], known: Option<u64>) -> Result<Channel, ChannelFault> {
    let signature = String::from_utf8_lossy(signature);
    Channel::check(&MakerKeys::built_in(), text, &signature, known)
}

fn with_end(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(SIGNATURE_END);
    path.into()
}

fn read(path: &Path) -> Result<Vec<u8>, UpdatesFault> {
    use io::Read as _;

    let read = || {
        let mut bytes = Vec::new();
        let most = u64::try_from(MAX_CHANNEL_BYTES).unwrap_or(u64::MAX);
        // one that is larger is refused by its length
        fs::File::open(path)?
            .take(most + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| UpdatesFault::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_a_fleet_is_counted_by_program_and_version_whatever_clients_call_themselves() {
        let channel = Channel {
            serial: 1,
            unix_seconds: 0,
            programs: vec![Listed::of(
                "purepc-linux-x86_64",
                Version::new(0, 2, 0),
                b"",
            )],
        };
        let many: Vec<String> = (0..2 * MOST_KINDS)
            .map(|n| format!("evil{n} 1.0.0 x"))
            .collect();
        let fleet = [
            "purepc 0.1.0 linux",
            "purepc 0.2.0 linux",
            "purepc 0.1.0 linux",
            "pure-help-desk 0.1.0 Windows",
            "",
            "purepc newest \u{1b}[2J",
        ];
        let counted = in_use(fleet, Some(&channel));
        let told: Vec<_> = counted
            .iter()
            .map(|used| {
                let version = used.version.as_ref().map(ToString::to_string);
                (&*used.program, version, used.count, used.is_behind())
            })
            .collect();
        let some = |version: &str| Some(version.to_owned());
        let expected = [
            ("", None, 1, false),
            ("pure-help-desk windows", some("0.1.0"), 1, false),
            ("purepc linux", some("0.1.0"), 2, true),
            ("purepc linux", some("0.2.0"), 1, false),
            ("purepc newest \u{1b}[2J", None, 1, false),
        ];
        assert_eq!(told, expected);
        let bounded = in_use(many.iter().map(String::as_str), None);
        assert_eq!(bounded.len(), MOST_KINDS);
    }
}
