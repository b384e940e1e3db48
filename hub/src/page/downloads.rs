//! Helpme for the visitor's system, set up for this hub (H2).
//!
//! The programs lie in a folder as `helpme-linux-x86_64` or `helpme-windows-x86_64.exe`, as they were
//! built and signed. A visitor gets a ZIP with the program, untouched, and beside it the `helpme.json`
//! that names the hub. The ZIPs are made when the folder changes, never for a visitor.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use protocol::HubAddress;
use serde_json::json;
use transport::Pin;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The folder of the finished ZIPs, in the data folder. Nothing in it is missed.
const MADE: &str = "page";
/// No Helpme is larger.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// When to try again what failed: a disk that was full may have room.
const RETRY: Duration = Duration::from_secs(30);

/// What a Helpme runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum System {
    Windows,
    Macos,
    Linux,
    /// A telephone or tablet: no Helpme runs there.
    Pocket,
}

impl System {
    /// What browsers say of themselves in `agent`; `None` if that is nothing known.
    pub(super) fn of_visitor(agent: &str) -> Option<Self> {
        let says = |word| agent.contains(word);
        if says("Android") || says("iPhone") || says("iPad") {
            Some(Self::Pocket)
        } else if says("Windows") {
            Some(Self::Windows)
        } else if says("Macintosh") {
            Some(Self::Macos)
        } else {
            (says("Linux") || says("X11")).then_some(Self::Linux)
        }
    }

    /// The system in a program's file name.
    fn named(name: &str) -> Option<Self> {
        match name {
            "windows" => Some(Self::Windows),
            "macos" => Some(Self::Macos),
            "linux" => Some(Self::Linux),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Macos => "macOS",
            Self::Linux => "Linux",
            Self::Pocket => "",
        }
    }
}

/// One Helpme to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) system: System,
    /// The kind of processor, as in the file's name.
    pub(super) machine: String,
    /// The name of the ZIP.
    pub(super) name: String,
    pub(super) archive: PathBuf,
    /// Of all that is in it.
    pub(super) hash: String,
    pub(super) bytes: u64,
}

impl Offer {
    /// Whether most computers of its system can run it.
    pub(super) fn is_usual(&self) -> bool {
        match self.system {
            System::Macos => self.machine != "x86_64",
            System::Windows | System::Linux | System::Pocket => self.machine == "x86_64",
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Downloads {
    folder: PathBuf,
    made: PathBuf,
    /// The text of `helpme.json`.
    set_up: String,
    offers: RwLock<Arc<[Offer]>>,
    seen: Mutex<Seen>,
}

/// The last look at the folder.
#[derive(Debug, Default)]
struct Seen {
    programs: Vec<Program>,
    /// When to look again although nothing changed: something could not be made.
    again: Option<Instant>,
}

/// A program in the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Program {
    system: System,
    machine: String,
    path: PathBuf,
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Downloads {
    pub(super) fn new(folder: PathBuf, data: &Path, hub: &HubAddress, pin: Pin) -> Self {
        let set_up = json!({
            "address": hub.to_string(),
            "fingerprint": pin.to_string(),
        });
        Self {
            folder,
            made: data.join(MADE),
            set_up: format!("{set_up:#}\n"),
            offers: RwLock::new(Arc::new([])),
            seen: Mutex::default(),
        }
    }

    /// What there is now.
    pub(super) fn offers(&self) -> Arc<[Offer]> {
        let offers = self.offers.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&offers)
    }

    pub(super) fn offer(&self, name: &str) -> Option<Offer> {
        self.offers().iter().find(|o| o.name == name).cloned()
    }

    /// Makes the ZIPs of the programs that lie in the folder at `now`. Reads and writes files.
    pub(super) fn look(&self, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let programs = self.programs();
        if seen.programs == programs && seen.again.is_none_or(|again| now < again) {
            return;
        }
        let mut offers = Vec::new();
        for program in &programs {
            match self.make(program) {
                Ok(offer) => {
                    tracing::info!(name = %offer.name, "The page offers a Helpme");
                    offers.push(offer);
                }
                Err(error) => {
                    let path = program.path.display();
                    tracing::error!(%path, %error, "The page cannot offer this Helpme");
                }
            }
        }
        self.clear(&offers);
        *self.offers.write().unwrap_or_else(PoisonError::into_inner) = offers.into();
        let are_all_made = programs.len() == self.offers().len();
        *seen = Seen {
            programs,
            again: (!are_all_made).then(|| now + RETRY),
        };
    }

    /// In the order in which they are shown. Without a folder there are none.
    fn programs(&self) -> Vec<Program> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut programs: Vec<_> = entries.filter_map(|e| program(&e.path())).collect();
        programs.sort();
        programs
    }

    fn make(&self, program: &Program) -> io::Result<Offer> {
        private_file::make_folder(&self.made)?;
        let mut hash = blake3::Hasher::new();
        hash.update(self.set_up.as_bytes());
        hash.update_reader(File::open(&program.path)?)?;
        let hash = hash.finalize().to_hex()[..16].to_owned();
        let system = program.system.name().to_lowercase();
        let name = format!("helpme-{system}-{}.zip", program.machine);
        // by its content: what was made before a restart is good still, for half a download too
        let archive = self.made.join(format!("{hash}-{name}"));
        if !archive.exists() {
            let part = archive.with_extension("part");
            self.write(program, File::create(&part)?)?;
            fs::rename(&part, &archive)?;
        }
        Ok(Offer {
            system: program.system,
            machine: program.machine.clone(),
            name,
            bytes: fs::metadata(&archive)?.len(),
            archive,
            hash,
        })
    }

    fn write(&self, program: &Program, file: File) -> io::Result<()> {
        let mut zip = ZipWriter::new(file);
        let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let name = if program.system == System::Windows {
            "helpme/helpme.exe"
        } else {
            "helpme/helpme"
        };
        zip.start_file(name, plain.unix_permissions(0o755))?;
        io::copy(&mut File::open(&program.path)?, &mut zip)?;
        zip.start_file("helpme/helpme.json", plain.unix_permissions(0o644))?;
        io::Write::write_all(&mut zip, self.set_up.as_bytes())?;
        zip.finish()?.sync_all()
    }

    /// Removes what is not offered any more.
    fn clear(&self, offers: &[Offer]) {
        let entries = fs::read_dir(&self.made).into_iter().flatten().flatten();
        for entry in entries.filter(|e| offers.iter().all(|o| o.archive != e.path())) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::debug!(path = %entry.path().display(), %error, "Stays");
            }
        }
    }
}

/// The program at `path`, if its name is that of one: `helpme-SYSTEM-MACHINE`.
fn program(path: &Path) -> Option<Program> {
    let name = path.file_name()?.to_str()?;
    let (system, machine) = name.strip_prefix("helpme-")?.split_once('-')?;
    let system = System::named(system)?;
    let machine = machine.strip_suffix(".exe").unwrap_or(machine);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if machine.is_empty() || !machine.chars().all(plain) {
        return None;
    }
    let metadata = fs::metadata(path).ok()?;
    let fits = metadata.is_file() && metadata.len() <= MOST_BYTES;
    fits.then(|| Program {
        system,
        machine: machine.to_owned(),
        path: path.to_owned(),
        bytes: metadata.len(),
        changed: metadata.modified().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_say_what_they_run_on() {
        for (agent, system) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0",
                Some(System::Windows),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15",
                Some(System::Macos),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0",
                Some(System::Linux),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile",
                Some(System::Pocket),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
                Some(System::Pocket),
            ),
            ("curl/8.0", None),
        ] {
            assert_eq!(System::of_visitor(agent), system, "{agent}");
        }
    }

    #[test]
    fn only_programs_with_a_plain_name_are_offered() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "helpme-linux-x86_64",
            "helpme-windows-x86_64.exe",
            "helpme-macos-universal",
            "helpme-linux-x86.sh",
            "helpme-linux-",
            "helpme-beos-x86",
            "helpme-linux-a\"b",
            "README",
        ] {
            fs::write(folder.path().join(name), name).expect("written");
        }
        fs::create_dir(folder.path().join("helpme-linux-folder")).expect("made");
        let hub = "hub.example.org".parse().expect("an address");
        let data = tempfile::tempdir().expect("a folder");
        let key = transport::Fingerprint::from_bytes([7; 32]).into();
        let downloads = Downloads::new(folder.path().to_owned(), data.path(), &hub, key);
        downloads.look(Instant::now());
        let offers = downloads.offers();
        let names: Vec<_> = offers.iter().map(|offer| offer.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "helpme-windows-x86_64.zip",
                "helpme-macos-universal.zip",
                "helpme-linux-x86_64.zip"
            ]
        );
        // a new build takes the place of the old one
        let before = offers[2].archive.clone();
        fs::write(folder.path().join("helpme-linux-x86_64"), "newer").expect("written");
        downloads.look(Instant::now());
        let after = downloads.offers()[2].archive.clone();
        assert!(before != after && after.exists() && !before.exists());
    }

    #[test]
    fn a_helpme_that_could_not_be_made_is_tried_again() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("helpme-linux-x86_64"), "program").expect("written");
        let hub = "hub.example.org".parse().expect("an address");
        let data = tempfile::tempdir().expect("a folder");
        let in_the_way = data.path().join(MADE);
        fs::write(&in_the_way, "no folder").expect("written");
        let key = transport::Fingerprint::from_bytes([7; 32]).into();
        let downloads = Downloads::new(folder.path().to_owned(), data.path(), &hub, key);
        let start = Instant::now();
        downloads.look(start);
        assert_eq!(downloads.offers().len(), 0);
        fs::remove_file(&in_the_way).expect("removed");
        downloads.look(start + RETRY / 2);
        assert_eq!(downloads.offers().len(), 0, "not all the time");
        downloads.look(start + RETRY);
        assert_eq!(downloads.offers().len(), 1);
    }
}
