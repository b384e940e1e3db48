//! Helpme for the visitor's system, set up for this hub (H2).
//!
//! The programs lie in a folder as `helpme-linux-x86_64` or `helpme-windows-x86_64.exe`, as their maker built and
//! signed them. A visitor gets the program, untouched, with the block behind it that names this hub: as it is for
//! Windows, and elsewhere in a ZIP, which keeps the right to be started. On macOS a program that something is put
//! behind does not start, so there `helpme.json` beside it names the hub. All of it is made when the folder changes,
//! never for a visitor.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use protocol::hub_block::with_block;
use protocol::{HubAddress, HubBlock};
use serde_json::json;
use transport::{HubIdentity, Pin, hub_block};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) use crate::downloads::System;
use crate::downloads::{self, signature_of, system_and_machine};

/// The folder of what is handed out, in the data folder. Nothing in it is missed.
const MADE: &str = "page";
/// When to try again what failed: a disk that was full may have room.
const RETRY: Duration = Duration::from_secs(30);

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

    /// Whether `agent` says that the computer has a 64-bit ARM processor. Not every browser on one does.
    pub(super) fn is_of_arm(agent: &str) -> bool {
        ["aarch64", "arm64", "ARM64"]
            .iter()
            .any(|word| agent.contains(word))
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
    /// What a visitor gets is called.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Of all that it is made of.
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

    /// Whether it is for 64-bit ARM alone.
    pub(super) fn is_for_arm(&self) -> bool {
        self.machine == "aarch64"
    }

    /// What browsers call this kind of file.
    pub(super) fn media_type(&self) -> &'static str {
        match self.system {
            System::Windows => "application/vnd.microsoft.portable-executable",
            System::Macos | System::Linux | System::Pocket => "application/zip",
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Downloads {
    folder: PathBuf,
    made: PathBuf,
    hub: HubAddress,
    pin: Pin,
    identity: Arc<HubIdentity>,
    offers: RwLock<Arc<[Offer]>>,
    seen: Mutex<Seen>,
}

/// The last look at the folder.
#[derive(Debug, Default)]
struct Seen {
    programs: Vec<Program>,
    organisation: String,
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
    /// The program, and its signature.
    changed: [Option<SystemTime>; 2],
}

impl Downloads {
    pub(super) fn new(
        folder: PathBuf,
        data: &Path,
        (hub, pin): (HubAddress, Pin),
        identity: Arc<HubIdentity>,
    ) -> Self {
        Self {
            folder,
            made: data.join(MADE),
            hub,
            pin,
            identity,
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

    /// Makes what visitors get of the programs that lie in the folder at `now`, for the help desk of `organisation`.
    /// Reads and writes files.
    pub(super) fn look(&self, organisation: &str, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let programs = self.programs();
        let is_as_seen = seen.programs == programs && seen.organisation == organisation;
        if is_as_seen && seen.again.is_none_or(|again| now < again) {
            return;
        }
        let mut offers = Vec::new();
        for program in &programs {
            match self.make(program, organisation) {
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
            organisation: organisation.to_owned(),
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

    fn make(&self, program: &Program, organisation: &str) -> anyhow::Result<Offer> {
        let (bytes, _) = downloads::read(&program.path)?;
        private_file::make_folder(&self.made)?;
        let known_by_name = self.pin == Pin::PublicName;
        let block = HubBlock::new(&self.hub, known_by_name, organisation);
        let mut hash = blake3::Hasher::new();
        hash.update(&block.to_bytes());
        hash.update(self.pin.to_string().as_bytes());
        hash.update(&bytes);
        let hash = hash.finalize().to_hex()[..16].to_owned();
        let system = program.system.name().to_lowercase();
        let name = match program.system {
            System::Windows => format!("helpme-{system}-{}.exe", program.machine),
            System::Macos | System::Linux | System::Pocket => {
                format!("helpme-{system}-{}.zip", program.machine)
            }
        };
        // by its content: what was made before a restart is good still, for half a download too
        let path = self.made.join(format!("{hash}-{name}"));
        if !path.exists() {
            let part = path.with_extension("part");
            let carrying = || {
                let signed = hub_block::sign(&self.identity, &block)?;
                anyhow::Ok(with_block(&bytes, &signed)?)
            };
            let mut file = File::create(&part)?;
            match program.system {
                System::Windows => io::Write::write_all(&mut file, &carrying()?)?,
                System::Macos => zip_with_set_up(&bytes, &self.set_up(), &mut file)?,
                System::Linux | System::Pocket => zip_alone(&carrying()?, &mut file)?,
            }
            file.sync_all()?;
            fs::rename(&part, &path)?;
        }
        Ok(Offer {
            system: program.system,
            machine: program.machine.clone(),
            name,
            bytes: fs::metadata(&path)?.len(),
            path,
            hash,
        })
    }

    /// The text of `helpme.json`.
    fn set_up(&self) -> String {
        let set_up = json!({
            "address": self.hub.to_string(),
            "fingerprint": self.pin.to_string(),
        });
        format!("{set_up:#}\n")
    }

    /// Removes what is not offered any more.
    fn clear(&self, offers: &[Offer]) {
        let entries = fs::read_dir(&self.made).into_iter().flatten().flatten();
        for entry in entries.filter(|e| offers.iter().all(|o| o.path != e.path())) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::debug!(path = %entry.path().display(), %error, "Stays");
            }
        }
    }
}

const PLAIN: SimpleFileOptions =
    SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Stored);

fn zip_alone(program: &[u8], file: &mut File) -> anyhow::Result<()> {
    let mut zip = ZipWriter::new(file);
    zip.start_file("helpme/helpme", PLAIN.unix_permissions(0o755))?;
    io::Write::write_all(&mut zip, program)?;
    zip.finish()?;
    Ok(())
}

fn zip_with_set_up(program: &[u8], set_up: &str, file: &mut File) -> anyhow::Result<()> {
    let mut zip = ZipWriter::new(file);
    zip.start_file("helpme/helpme", PLAIN.unix_permissions(0o755))?;
    io::Write::write_all(&mut zip, program)?;
    zip.start_file("helpme/helpme.json", PLAIN.unix_permissions(0o644))?;
    io::Write::write_all(&mut zip, set_up.as_bytes())?;
    zip.finish()?;
    Ok(())
}

/// The program at `path`, if its name is that of one.
fn program(path: &Path) -> Option<Program> {
    let (system, machine) = system_and_machine(path.file_name()?.to_str()?)?;
    let metadata = fs::metadata(path).ok()?;
    let signature = fs::metadata(signature_of(path)).ok();
    metadata.is_file().then(|| Program {
        system,
        machine: machine.to_owned(),
        path: path.to_owned(),
        bytes: metadata.len(),
        changed: [
            metadata.modified().ok(),
            signature.and_then(|signature| signature.modified().ok()),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::downloads::test::put;

    fn downloads(folder: &Path, data: &Path) -> Downloads {
        let identity = HubIdentity::open_or_create(data).expect("a key");
        let hub = "hub.example.org".parse().expect("an address");
        let pin = identity.fingerprint().into();
        Downloads::new(folder.to_owned(), data, (hub, pin), Arc::new(identity))
    }

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
            assert!(!System::is_of_arm(agent), "{agent}");
        }
        let on_arm = "Mozilla/5.0 (X11; Linux aarch64; rv:140.0) Firefox/140.0";
        assert_eq!(System::of_visitor(on_arm), Some(System::Linux));
        assert!(System::is_of_arm(on_arm));
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
            put(folder.path(), name, name.as_bytes());
        }
        fs::create_dir(folder.path().join("helpme-linux-folder")).expect("made");
        let data = tempfile::tempdir().expect("a folder");
        let downloads = downloads(folder.path(), data.path());
        downloads.look("", Instant::now());
        let offers = downloads.offers();
        let names: Vec<_> = offers.iter().map(|offer| offer.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "helpme-windows-x86_64.exe",
                "helpme-macos-universal.zip",
                "helpme-linux-x86_64.zip"
            ]
        );
        // a new build takes the place of the old one
        let before = offers[2].path.clone();
        put(folder.path(), "helpme-linux-x86_64", b"newer");
        downloads.look("", Instant::now());
        let after = downloads.offers()[2].path.clone();
        assert!(before != after && after.exists() && !before.exists());
        // so does another name of the organisation, which the block has in it
        downloads.look("Comune", Instant::now());
        assert!(downloads.offers()[2].path != after && !after.exists());
    }

    #[test]
    fn p3_what_its_maker_did_not_sign_or_not_under_this_name_is_not_offered() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = tempfile::tempdir().expect("a folder");
        put(folder.path(), "helpme-linux-x86_64", b"program");
        let downloads = downloads(folder.path(), data.path());
        let offers = || {
            downloads.look("", Instant::now());
            downloads.offers().len()
        };
        assert_eq!(offers(), 1);
        let place = |name: &str| folder.path().join(name);
        fs::write(place("helpme-linux-x86_64"), b"Program").expect("written");
        assert_eq!(offers(), 0, "a changed byte");
        fs::remove_file(place("helpme-linux-x86_64")).expect("removed");
        put(folder.path(), "helpme-linux-x86_64", b"program");
        assert_eq!(offers(), 1);
        for name in ["", ".minisig"] {
            let [from, to] =
                ["linux", "windows"].map(|system| format!("helpme-{system}-x86_64{name}"));
            fs::rename(place(&from), place(&to)).expect("renamed");
        }
        assert_eq!(offers(), 0, "another name makes it no other program");
    }

    #[test]
    fn a_helpme_that_could_not_be_made_is_tried_again() {
        let folder = tempfile::tempdir().expect("a folder");
        put(folder.path(), "helpme-linux-x86_64", b"program");
        let data = tempfile::tempdir().expect("a folder");
        let in_the_way = data.path().join(MADE);
        fs::write(&in_the_way, "no folder").expect("written");
        let downloads = downloads(folder.path(), data.path());
        let start = Instant::now();
        downloads.look("", start);
        assert_eq!(downloads.offers().len(), 0);
        fs::remove_file(&in_the_way).expect("removed");
        downloads.look("", start + RETRY / 2);
        assert_eq!(downloads.offers().len(), 0, "not all the time");
        downloads.look("", start + RETRY);
        assert_eq!(downloads.offers().len(), 1);
    }
}
