//! The display that is shown, under one name, whichever that is: for a process that goes on while people log in and
//! out, and for the processes that it starts.
//!
//! The name is a link to the server's socket, and beside it is a file with what opens it. Whoever opens the display
//! by the name finds the one that was shown when it was last looked.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::active_display::{ActiveDisplay, active_display};

const LINK: &str = "display";
const AUTHORITY: &str = "display-authority";
const SOCKETS: &str = "/tmp/.X11-unix";
/// More than any such file has.
const MOST_AUTHORITY_BYTES: u64 = 256 * 1024;

/// The display that is shown, as of when it was last looked.
#[derive(Debug)]
pub struct FollowedDisplay {
    folder: PathBuf,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    display: Option<ActiveDisplay>,
    changes: u64,
}

impl FollowedDisplay {
    /// What a process that follows has in its environment, with its name and what opens it in `folder`, which belongs
    /// to one account alone. Nothing where the environment names a display: that one is meant then; and nothing on
    /// systems without X11.
    pub fn environment(folder: &Path) -> Vec<(&'static str, OsString)> {
        let is_named = std::env::var_os("DISPLAY").is_some_and(|name| !name.is_empty());
        if is_named || !cfg!(target_os = "linux") {
            return Vec::new();
        }
        vec![
            ("DISPLAY", name(folder)),
            ("XAUTHORITY", folder.join(AUTHORITY).into_os_string()),
        ]
    }

    /// For the process that has [`FollowedDisplay::environment`]; `None` for any other.
    pub fn of_environment(folder: &Path) -> Option<Self> {
        let named = std::env::var_os("DISPLAY")?;
        (named == name(folder)).then(|| Self {
            folder: folder.to_owned(),
            last: Mutex::default(),
        })
    }

    /// Looks which display is shown, and has the name lead there; how often it was another one than before. Reads
    /// and writes files, which can take some milliseconds.
    ///
    /// Where none is shown the name leads where it led.
    pub fn look(&self) -> u64 {
        // one at a time, or an older look could be the last to be written
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = active_display() else {
            return last.changes;
        };
        if let Err(error) = self.lead_to(&found) {
            tracing::warn!(display = found.display, %error, "Display not followed");
        }
        if last.display.as_ref() != Some(&found) {
            tracing::info!(display = found.display, "Another display is shown");
            last.changes += 1;
            last.display = Some(found);
        }
        last.changes
    }

    fn lead_to(&self, found: &ActiveDisplay) -> io::Result<()> {
        let number = found.display.trim_start_matches(':');
        let proofs = match &found.authority {
            Some(file) => read(file)?,
            None => Vec::new(),
        };
        let computer = fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
        let proofs = for_any_name(&proofs, computer.trim_ascii(), number.as_bytes());
        let file = self.folder.join(AUTHORITY);
        if fs::read(&file).ok().as_ref() != Some(&proofs) {
            private_file::replace(&file, &proofs)?;
        }
        let socket = Path::new(SOCKETS).join(format!("X{number}"));
        let link = self.folder.join(LINK);
        if fs::read_link(&link).ok().as_ref() != Some(&socket) {
            turn(&link, &socket)?;
        }
        Ok(())
    }
}

fn name(folder: &Path) -> OsString {
    let folder = std::path::absolute(folder).unwrap_or_else(|_no_such| folder.to_owned());
    let mut name = OsString::from("unix:");
    name.push(folder.join(LINK));
    name
}

/// Has `link` lead to `target`; at no time there is none.
#[cfg(unix)]
fn turn(link: &Path, target: &Path) -> io::Result<()> {
    let new = link.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::os::unix::fs::symlink(target, &new)?;
    fs::rename(&new, link)
}

#[cfg(not(unix))]
fn turn(_link: &Path, _target: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What is in a file, which may be anybody's; not more than such a file has.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    // a pipe would be waited for
    if !fs::metadata(file)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    fs::File::open(file)?
        .take(MOST_AUTHORITY_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Those proofs of an authority file that open display `number` of this `computer`, written anew so that they count for
/// a display of any name. A computer that was renamed since has only those of its old name. What is cut short is
/// left out.
fn for_any_name(file: &[u8], computer: &[u8], number: &[u8]) -> Vec<u8> {
    const LOCAL: u16 = 256;
    const ANY: u16 = u16::MAX;
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    let mut rest = file;
    while let Some((entry, after)) = Entry::first_of(rest) {
        rest = after;
        if !entry.number.is_empty() && entry.number != number {
            continue;
        }
        let to = match entry.family {
            ANY => &mut here,
            LOCAL if entry.address == computer => &mut here,
            LOCAL => &mut elsewhere,
            // for whoever comes over the network
            _ => continue,
        };
        let entry = Entry {
            family: ANY,
            address: &[],
            number: &[],
            ..entry
        };
        entry.write(to);
    }
    if here.is_empty() { elsewhere } else { here }
}

/// One of an authority file; its numbers have their high byte first.
struct Entry<'a> {
    family: u16,
    address: &'a [u8],
    number: &'a [u8],
    name: &'a [u8],
    data: &'a [u8],
}

impl<'a> Entry<'a> {
    fn first_of(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (family, rest) = number(bytes)?;
        let (address, rest) = part(rest)?;
        let (display, rest) = part(rest)?;
        let (name, rest) = part(rest)?;
        let (data, rest) = part(rest)?;
        let entry = Self {
            family,
            address,
            number: display,
            name,
            data,
        };
        Some((entry, rest))
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.family.to_be_bytes());
        for part in [self.address, self.number, self.name, self.data] {
            let len = u16::try_from(part.len()).expect("a part was read with such a length");
            to.extend(len.to_be_bytes());
            to.extend(part);
        }
    }
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*number), rest))
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = number(bytes)?;
    rest.split_at_checked(len.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(family: u16, address: &[u8], number: &[u8], data: &[u8]) -> Vec<u8> {
        let name = b"MIT-MAGIC-COOKIE-1";
        let entry = Entry {
            family,
            address,
            number,
            name,
            data,
        };
        let mut bytes = Vec::new();
        entry.write(&mut bytes);
        bytes
    }

    #[test]
    fn what_opens_the_display_opens_it_by_any_name_and_nothing_else_is_taken_along() {
        let by_any = |data| entry(u16::MAX, b"", b"", data);
        let file = [
            entry(256, b"till", b"1", b"another display"),
            entry(256, b"till", b"0", b"this"),
            entry(256, b"elsewhere", b"0", b"another computer"),
            entry(0, &[10, 0, 0, 1], b"0", b"by TCP"),
        ]
        .concat();
        assert_eq!(for_any_name(&file, b"till", b"0"), by_any(b"this"));
        let renamed = [by_any(b"this"), by_any(b"another computer")].concat();
        assert_eq!(for_any_name(&file, b"shop", b"0"), renamed);
        let with_any = [file.clone(), entry(u16::MAX, b"", b"", b"any")].concat();
        assert_eq!(for_any_name(&with_any, b"shop", b"0"), by_any(b"any"));
        // cut anywhere it is read as far as it goes
        for len in 0..file.len() {
            let read = for_any_name(&file[..len], b"till", b"0");
            assert!(read.is_empty() || read == by_any(b"this"), "{len}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_name_leads_where_the_display_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let authority = folder.join("theirs");
        fs::write(&authority, entry(u16::MAX, b"", b"7", b"proof")).expect("written");
        let followed = FollowedDisplay {
            folder: folder.to_owned(),
            last: Mutex::default(),
        };
        let mut display = ActiveDisplay {
            display: ":7".to_owned(),
            authority: Some(authority),
            server: None,
        };
        let leads = || fs::read_link(folder.join(LINK)).expect("a link");
        let opens = || fs::read(folder.join(AUTHORITY)).expect("a file");
        followed.lead_to(&display).expect("led");
        assert_eq!(leads(), Path::new("/tmp/.X11-unix/X7"));
        assert_eq!(opens(), entry(u16::MAX, b"", b"", b"proof"));
        // another one, of which nobody knows what opens it
        display.display = ":12".to_owned();
        display.authority = None;
        followed.lead_to(&display).expect("led");
        assert_eq!(leads(), Path::new("/tmp/.X11-unix/X12"));
        assert_eq!(opens(), b"");
        // what is no file is not waited for
        display.authority = Some(folder.to_owned());
        assert!(followed.lead_to(&display).is_err());
    }
}
