//! The maker's list of the newest versions, as this hub keeps it, and which versions its fleet runs (P3).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maker::{
    CHANNEL_FILE, Channel, ChannelFault, MAX_CHANNEL_BYTES, MakerKeys, SIGNATURE_END, Version,
};

/// Where the list is, in the data folder.
const FOLDER: &str = "updates";
/// Most kinds of programs that a fleet is counted by: what clients call themselves is theirs to say.
const MOST_KINDS: usize = 256;

/// The list of versions is not taken, or cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdatesFault {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Channel(#[from] ChannelFault),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
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
    let place = data.join(FOLDER).join(CHANNEL_FILE);
    if !place.exists() {
        return Ok(None);
    }
    let (text, signature) = (read(&place)?, read(&with_end(&place))?);
    Ok(Some(checked(&text, &signature, None)?))
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
    use maker::Listed;

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
