//! The folder of the Helpmes that the page hands out, each with its maker's signature beside it (H2, P3).
//!
//! INVARIANT: nothing that lies there counts but what the maker has signed, under the name that the maker gave it. So
//! whoever can write into the folder, or administers the hub, can choose between what the maker made, and make nothing.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use maker::{MakerKeys, Mistrust, SIGNATURE_END, Signed, Version};

/// No Helpme is larger.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// No signature is longer.
const MOST_SIGNATURE_BYTES: u64 = 4 * 1024;

/// What a Helpme runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum System {
    Windows,
    Macos,
    Linux,
    /// A telephone or tablet: no Helpme runs there.
    Pocket,
}

impl System {
    /// The system in a program's file name.
    fn named(name: &str) -> Option<Self> {
        match name {
            "windows" => Some(Self::Windows),
            "macos" => Some(Self::Macos),
            "linux" => Some(Self::Linux),
            _ => None,
        }
    }
}

/// What a Helpme is for, as its file's name says: `helpme-SYSTEM-MACHINE`.
pub(crate) fn system_and_machine(file: &str) -> Option<(System, &str)> {
    let (system, machine) = file.strip_prefix("helpme-")?.split_once('-')?;
    let system = System::named(system)?;
    let machine = machine.strip_suffix(".exe").unwrap_or(machine);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_plain = !machine.is_empty() && machine.chars().all(plain);
    is_plain.then_some((system, machine))
}

/// A Helpme of the folder that is its maker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    pub file: String,
    pub version: Version,
    /// When its maker signed it.
    pub signed_unix_seconds: u64,
    pub bytes: u64,
}

/// A program that is not handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadFault {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("there is no signature of its maker beside it, which would be {path}")]
    NoSignature { path: PathBuf },
    #[error("{0}")]
    Mistrust(#[from] Mistrust),
    #[error("its maker signed it as {signed}: another name makes it no other program")]
    OtherName { signed: String },
    #[error(
        "its maker signed {signed}, which is no Helpme for a page: those are called like helpme-linux-x86_64"
    )]
    NoHelpme { signed: String },
    #[error(
        "it has version {given}, and the newer {kept} is there; --allow-older puts it in its place"
    )]
    Older { given: Version, kept: Version },
    #[error("there is no {file} among the downloads")]
    Missing { file: String },
    #[error("cannot change {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// The programs in `folder` that are called as those of the page are, in order, with what is wrong with each. Without a
/// folder there are none. Reads all of them.
pub fn list(folder: &Path) -> Vec<(String, Result<Download, DownloadFault>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names
        .filter(|name| system_and_machine(name).is_some())
        .collect();
    names.sort_unstable();
    let look = |name: String| {
        let looked = read(&folder.join(&name)).map(|(bytes, signed)| Download::of(&bytes, signed));
        (name, looked)
    };
    names.into_iter().map(look).collect()
}

/// Takes the program in `file` into `folder` if its maker has signed it, in the file `signature` or the one beside it.
/// An older version than the one that is there is taken only where `allow_older` says so.
///
/// # Errors
///
/// [`DownloadFault`]; nothing has changed then, unless a file could not be written.
pub fn add(
    folder: &Path,
    file: &Path,
    signature: Option<&Path>,
    allow_older: bool,
) -> Result<Download, DownloadFault> {
    let beside = signature_of(file);
    let (bytes, text, signed) = check(file, signature.unwrap_or(&beside))?;
    let Signed {
        file: name,
        version: given,
        ..
    } = &signed;
    if system_and_machine(name).is_none() {
        let signed = name.clone();
        return Err(DownloadFault::NoHelpme { signed });
    }
    let place = folder.join(name);
    if let Ok((_, Signed { version: kept, .. })) = read(&place)
        && *given < kept
        && !allow_older
    {
        let given = given.clone();
        return Err(DownloadFault::Older { given, kept });
    }
    let write = |path: &Path, bytes: &[u8]| {
        let written = replace(path, bytes);
        written.map_err(|source| DownloadFault::Write {
            path: path.to_owned(),
            source,
        })
    };
    let made = private_file::make_folder(folder);
    made.map_err(|source| DownloadFault::Write {
        path: folder.to_owned(),
        source,
    })?;
    // the old signature is not this one's: in between there is nothing to hand out
    write(&place, &bytes)?;
    write(&signature_of(&place), text.as_bytes())?;
    Ok(Download::of(&bytes, signed))
}

/// Takes the program called `file` out of `folder`.
///
/// # Errors
///
/// [`DownloadFault::Missing`] or [`DownloadFault::Write`].
pub fn remove(folder: &Path, file: &str) -> Result<(), DownloadFault> {
    let place = folder.join(file);
    let missing = || DownloadFault::Missing {
        file: file.to_owned(),
    };
    if system_and_machine(file).is_none() || !place.exists() {
        return Err(missing());
    }
    let write = |source| DownloadFault::Write {
        path: place.clone(),
        source,
    };
    fs::remove_file(&place).map_err(write)?;
    match fs::remove_file(signature_of(&place)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The program at `path`, all of it, if its maker signed it under this name.
///
/// # Errors
///
/// [`DownloadFault`].
pub(crate) fn read(path: &Path) -> Result<(Vec<u8>, Signed), DownloadFault> {
    let (bytes, _, signed) = check(path, &signature_of(path))?;
    if path.file_name().is_some_and(|name| name == &*signed.file) {
        Ok((bytes, signed))
    } else {
        let signed = signed.file;
        Err(DownloadFault::OtherName { signed })
    }
}

/// Where the signature of the program at `path` is.
pub(crate) fn signature_of(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(SIGNATURE_END);
    beside.into()
}

/// The program in `file` and the text of its signature, if its maker signed it, under whatever name.
///
/// # Errors
///
/// [`DownloadFault`].
pub(crate) fn check(
    file: &Path,
    signature: &Path,
) -> Result<(Vec<u8>, String, Signed), DownloadFault> {
    let read = |path: &Path, most| {
        let read = bounded(path, most);
        read.map_err(|source| DownloadFault::Read {
            path: path.to_owned(),
            source,
        })
    };
    let bytes = read(file, MOST_BYTES)?;
    if !signature.exists() {
        let path = signature.to_owned();
        return Err(DownloadFault::NoSignature { path });
    }
    let text = read(signature, MOST_SIGNATURE_BYTES)?;
    let text = String::from_utf8(text).map_err(|_error| Mistrust::NoSignature)?;
    let signed = MakerKeys::built_in().check(&bytes, &text)?;
    Ok((bytes, text, signed))
}

fn bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read > most) {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// Writes a file whole or not at all. It is no secret, and a service may have another account than whoever writes it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut file = File::create(&part)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

impl Download {
    fn of(bytes: &[u8], signed: Signed) -> Self {
        Self {
            file: signed.file,
            version: signed.version,
            signed_unix_seconds: signed.unix_seconds,
            bytes: bytes.len().try_into().unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;

    /// Puts a program into `folder` that the maker of tests has signed.
    pub(crate) fn put(folder: &Path, name: &str, program: &[u8]) {
        let key = include_str!("../../crates/maker/test.key").to_owned();
        let key = minisign::SecretKeyBox::from(key).into_unencrypted_secret_key();
        let key = key.expect("a key");
        let comment = format!("timestamp:1790000000\tfile:{name}\tversion:0.1.0");
        let signature = minisign::sign(None, &key, program, Some(&comment), None);
        let signature = signature.expect("signed").into_string();
        fs::write(folder.join(name), program).expect("written");
        fs::write(signature_of(&folder.join(name)), signature).expect("written");
    }
}
