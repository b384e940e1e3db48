//! A program's next version in its own place, and the one before brought back (P3).
//!
//! The program that runs is not touched: it goes on, with its sessions, until it ends, and the next start is the new
//! one. The version before stays beside it. Only what its maker signed takes its place, under the name that the maker
//! gave it, and only after it has said its version here, so that what cannot start on this computer changes nothing.

mod arguments;
mod in_place;
mod kept;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub use arguments::UpdateArguments;

use maker::{MakerKeys, Mistrust, SIGNATURE_END, Signed, Version};
use protocol::SignedHubBlock;
use protocol::hub_block::{DamagedBlock, MAX_HUB_BLOCK_BYTES, NoRoom, with_block};

/// No program is larger.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
const MOST_SIGNATURE_BYTES: u64 = 4 * 1024;
/// What a new program may take until it has said its version.
const TRIAL: Duration = Duration::from_secs(20);
/// A version is shorter.
const MOST_SAID_BYTES: u64 = 256;

/// The version of the package that this stands in. In the program's file the words before it stand too, so that its
/// version is found there without starting it.
#[macro_export]
macro_rules! version {
    () => {{
        const MARKED: &str = concat!("version of this program: ", env!("CARGO_PKG_VERSION"));
        MARKED.split_at("version of this program: ".len()).1
    }};
}

/// The program that is to be replaced.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its file.
    pub exe: PathBuf,
    /// The beginning of what its maker calls it: `helpme` of `helpme-linux-x86_64`.
    pub name: &'static str,
    pub version: Version,
}

/// What somebody wants of a program on its command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// `--update`.
    Update { file: PathBuf },
    /// `--roll-back`.
    RollBack,
}

/// Why a program stays as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateFault {
    #[error("this program's file is nowhere to be found: {source}")]
    Nowhere { source: io::Error },
    #[error("this program came in a package, and whatever installed that keeps it up to date")]
    Packaged,
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("there is no signature of its maker beside it, which would be {path}")]
    NoSignature { path: PathBuf },
    #[error("{0}")]
    Mistrust(#[from] Mistrust),
    #[error("its maker signed it as {signed}, and this program is {own}")]
    OtherProgram { signed: String, own: String },
    #[error("{running} runs already")]
    Same { running: Version },
    #[error(
        "it has version {offered}, which is older than {running}, which runs; --roll-back brings the one before back"
    )]
    Downgrade { offered: Version, running: Version },
    #[error("{0}")]
    DamagedBlock(#[from] DamagedBlock),
    #[error("the new program cannot carry the help desk on: {0}")]
    NoRoom(#[from] NoRoom),
    #[error("the new program does not start on this computer: {detail}")]
    DoesNotStart { detail: String },
    #[error("there is no version before this one beside it, which would be {path}")]
    NothingBefore { path: PathBuf },
    #[error("cannot change {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

impl Own {
    /// The program that runs here, which its maker calls `name` and which has the version `version`.
    ///
    /// # Errors
    ///
    /// [`UpdateFault::Nowhere`].
    ///
    /// # Panics
    ///
    /// If `version` is none: it is one of our own.
    pub fn running(name: &'static str, version: &str) -> Result<Self, UpdateFault> {
        let exe = std::env::current_exe().and_then(fs::canonicalize);
        Ok(Self {
            exe: exe.map_err(|source| UpdateFault::Nowhere { source })?,
            name,
            version: version.parse().expect("a version of this workspace"),
        })
    }

    /// Puts the program in `file`, which its maker has signed in the file beside it, in the place of this one. Gives its
    /// version; the one before stays beside it. Blocks, for as long as that takes the disk and the new program's start.
    ///
    /// # Errors
    ///
    /// [`UpdateFault`]; this program is in its place then, as it was.
    pub fn update(&self, file: &Path) -> Result<Version, UpdateFault> {
        if in_place::is_packaged(&self.exe) {
            return Err(UpdateFault::Packaged);
        }
        let (program, signed) = self.checked(file, &MakerKeys::built_in())?;
        self.place(program, signed.version)
    }

    /// Tries `program` out, which is the maker's, and puts it in the place of this one.
    fn place(&self, program: Vec<u8>, version: Version) -> Result<Version, UpdateFault> {
        let program = self.carrying_on(program)?;
        let next = self.beside("next");
        let write = |source| UpdateFault::Write {
            path: next.clone(),
            source,
        };
        in_place::write_program(&next, &program, &self.exe).map_err(write)?;
        let placed = try_out(&next, &version).and_then(|()| {
            let replaced = in_place::replace(&self.exe, &next, &self.beside("before"));
            replaced.map_err(|source| UpdateFault::Write {
                path: self.exe.clone(),
                source,
            })
        });
        if placed.is_err() {
            // what went wrong first is told
            drop(fs::remove_file(&next));
        }
        placed.map(|()| version)
    }

    /// Puts `program`, whose maker's signature `signature` is, in the place of this one, as [`Self::update`] does with a
    /// file. Blocks as that.
    ///
    /// # Errors
    ///
    /// [`UpdateFault`]; this program is in its place then, as it was.
    pub fn update_to(&self, program: Vec<u8>, signature: &str) -> Result<Version, UpdateFault> {
        if in_place::is_packaged(&self.exe) {
            return Err(UpdateFault::Packaged);
        }
        let signed = self.judge(&program, signature, &MakerKeys::built_in())?;
        self.place(program, signed.version)
    }

    /// Why this program cannot be replaced here, whatever comes: a package has brought it, or its folder is closed.
    pub fn obstacle(&self) -> Option<UpdateFault> {
        if in_place::is_packaged(&self.exe) {
            return Some(UpdateFault::Packaged);
        }
        let path = self.beside("next");
        let tried = File::create(&path).and_then(|_file| fs::remove_file(&path));
        // another one that runs here tried the same
        let fault = tried
            .err()
            .filter(|error| error.kind() != io::ErrorKind::NotFound);
        fault.map(|source| UpdateFault::Write { path, source })
    }

    /// Does it, and gives what there is to say of it. Blocks as [`Self::update`].
    ///
    /// # Errors
    ///
    /// [`UpdateFault`].
    pub fn grant(&self, wish: &Wish) -> Result<String, UpdateFault> {
        let running = &self.version;
        match wish {
            Wish::Update { file } => self.update(file).map(|version| {
                format!("version {version} is in place and starts the next time; --roll-back brings {running} back")
            }),
            Wish::RollBack => {
                self.roll_back()?;
                Ok("the version before is in place and starts the next time".to_owned())
            }
        }
    }

    /// Starts what is in this program's place now, with `arguments`; this one has to end by itself.
    ///
    /// # Errors
    ///
    /// If the system does not start it.
    pub fn start_again(&self, arguments: impl IntoIterator<Item = OsString>) -> io::Result<()> {
        let mut command = Command::new(&self.exe);
        command.args(arguments).stdin(Stdio::null());
        // nobody waits for it: this program is gone before
        command.spawn().map(drop)
    }

    /// Puts the version before in the place of this one, which is gone then.
    ///
    /// # Errors
    ///
    /// [`UpdateFault`]; this program is in its place then.
    pub fn roll_back(&self) -> Result<(), UpdateFault> {
        if in_place::is_packaged(&self.exe) {
            return Err(UpdateFault::Packaged);
        }
        let before = self.beside("before");
        if !before.is_file() {
            return Err(UpdateFault::NothingBefore { path: before });
        }
        let back = in_place::put_back(&self.exe, &before, &self.beside("undone"));
        back.map_err(|source| UpdateFault::Write {
            path: self.exe.clone(),
            source,
        })
    }

    /// What its maker calls it: `helpme-linux-x86_64`.
    pub fn file(&self) -> String {
        let Self { name, .. } = self;
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        format!("{name}-{system}-{machine}{}", std::env::consts::EXE_SUFFIX)
    }

    fn beside(&self, which: &str) -> PathBuf {
        let ending = std::env::consts::EXE_SUFFIX;
        // elsewhere a dot in the name is no ending
        let name = if ending.is_empty() {
            self.exe.file_name()
        } else {
            self.exe.file_stem()
        };
        let mut name = name.unwrap_or_default().to_owned();
        name.push(format!(".{which}{ending}"));
        self.exe.with_file_name(name)
    }

    /// The program in `file`, if it is the next version of this one.
    fn checked(&self, file: &Path, keys: &MakerKeys) -> Result<(Vec<u8>, Signed), UpdateFault> {
        let mut signature = file.as_os_str().to_owned();
        signature.push(SIGNATURE_END);
        let signature = PathBuf::from(signature);
        let program = bounded(file, MOST_BYTES)?;
        if !signature.exists() {
            return Err(UpdateFault::NoSignature { path: signature });
        }
        let text = bounded(&signature, MOST_SIGNATURE_BYTES)?;
        let text = String::from_utf8(text).map_err(|_error| Mistrust::NoSignature)?;
        let signed = self.judge(&program, &text, keys)?;
        Ok((program, signed))
    }

    /// What the maker says of `program`, if it is the next version of this one.
    fn judge(
        &self,
        program: &[u8],
        signature: &str,
        keys: &MakerKeys,
    ) -> Result<Signed, UpdateFault> {
        let signed = keys.check(program, signature)?;
        let own = self.file();
        if signed.file != own {
            let signed = signed.file;
            return Err(UpdateFault::OtherProgram { signed, own });
        }
        let running = self.version.clone();
        // what follows a + says how it was built, and makes none newer
        match signed.version.cmp_precedence(&running) {
            std::cmp::Ordering::Greater => Ok(signed),
            std::cmp::Ordering::Equal => Err(UpdateFault::Same { running }),
            std::cmp::Ordering::Less => {
                let offered = signed.version;
                Err(UpdateFault::Downgrade { offered, running })
            }
        }
    }

    /// `program` with the block of this one, where this one carries its hub.
    fn carrying_on(&self, program: Vec<u8>) -> Result<Vec<u8>, UpdateFault> {
        let own = bounded(&self.exe, MOST_BYTES)?;
        let tail = &own[own.len().saturating_sub(MAX_HUB_BLOCK_BYTES)..];
        Ok(match SignedHubBlock::find(tail)? {
            Some(block) => with_block(&program, &block)?,
            None => program,
        })
    }
}

/// Starts the new program once: it has to say that it has this version.
fn try_out(program: &Path, version: &Version) -> Result<(), UpdateFault> {
    let fault = |detail: String| UpdateFault::DoesNotStart { detail };
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| fault(error.to_string()))?;
    let end = Instant::now() + TRIAL;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => break Err(format!("it said nothing within {} s", TRIAL.as_secs())),
            Err(error) => break Err(error.to_string()),
        }
    };
    let status = status.map_err(|detail| {
        // it may have ended by itself just now
        drop(child.kill());
        drop(child.wait());
        fault(detail)
    })?;
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        let read = out.take(MOST_SAID_BYTES).read_to_string(&mut said);
        read.map_err(|error| fault(error.to_string()))?;
    }
    let last = said.split_whitespace().last().unwrap_or_default();
    if status.success() && last == version.to_string() {
        Ok(())
    } else {
        Err(fault(format!("it ended with {status} and said {said:?}")))
    }
}

fn bounded(path: &Path, most: u64) -> Result<Vec<u8>, UpdateFault> {
    let read = || {
        let mut bytes = Vec::new();
        let file = File::open(path)?;
        file.take(most + 1).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|read| read > most) {
            return Err(io::Error::other(format!("it is larger than {most} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|source| UpdateFault::Read {
        path: path.to_owned(),
        source,
    })
}
