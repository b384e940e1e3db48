//! What all packages have in common: the version, the time, and the programs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use cargo_metadata::{Metadata, MetadataCommand};

/// What the packages are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// On processors of the kind x86-64, as [`Self::Windows`].
    Linux,
    /// On 64-bit ARM.
    LinuxOnArm,
    Windows,
    Macos,
}

impl System {
    pub(crate) const ALL: [Self; 4] = [Self::Linux, Self::LinuxOnArm, Self::Windows, Self::Macos];

    /// What names of files say of it, as the programs themselves do.
    pub(crate) fn in_names(self) -> &'static str {
        match self {
            Self::Linux => "linux-x86_64",
            Self::LinuxOnArm => "linux-aarch64",
            Self::Windows => "windows-x86_64",
            Self::Macos => "macos",
        }
    }

    /// What Debian and registries of containers call the kind of processor.
    pub(crate) fn architecture(self) -> &'static str {
        match self {
            Self::LinuxOnArm => "arm64",
            Self::Linux | Self::Windows | Self::Macos => "amd64",
        }
    }

    /// What names of programs end with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Windows => ".exe",
            Self::Linux | Self::LinuxOnArm | Self::Macos => "",
        }
    }

    /// The kind of processor that programs in the format ELF are for, as its header has it.
    fn elf_machine(self) -> Option<u16> {
        /// `EM_X86_64` and `EM_AARCH64` of elf.h.
        const X86_64: u16 = 62;
        const AARCH64: u16 = 183;
        match self {
            Self::Linux => Some(X86_64),
            Self::LinuxOnArm => Some(AARCH64),
            Self::Windows | Self::Macos => None,
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linux => "Linux",
            Self::LinuxOnArm => "Linux on ARM",
            Self::Windows => "Windows",
            Self::Macos => "macOS",
        })
    }
}

/// How long to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Full,
    Little,
}

impl Effort {
    /// A preset of xz, which says how much memory it takes too.
    pub(crate) fn of_xz(self) -> u32 {
        match self {
            Self::Full => 7,
            Self::Little => 0,
        }
    }

    /// A level of zlib.
    pub(crate) fn of_zlib(self) -> u32 {
        match self {
            Self::Full => 9,
            Self::Little => 1,
        }
    }
}

/// One version of the product.
#[derive(Debug)]
pub(crate) struct Release {
    /// The workspace's folder.
    pub(crate) root: PathBuf,
    pub(crate) version: String,
    /// The time that everything in packages has, in seconds since 1970: `SOURCE_DATE_EPOCH`, or the last commit's.
    pub(crate) epoch: u64,
    pub(crate) effort: Effort,
    pub(crate) metadata: Metadata,
}

impl Release {
    pub(crate) fn find(version: Option<String>, effort: Effort) -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .other_options(["--locked", "--features", PIPEWIRE].map(str::to_owned))
            .exec()
            .context("`cargo metadata` failed")?;
        let mut own = metadata.workspace_packages().into_iter();
        let hub = own.find(|package| package.name.as_str() == "hub");
        let version = match version {
            Some(version) => version,
            None => hub.context("a workspace with a hub")?.version.to_string(),
        };
        // it goes into file names, control files and scripts
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~');
        ensure!(
            version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(is_plain),
            "{version:?} is no version"
        );
        let root = metadata.workspace_root.clone().into_std_path_buf();
        Ok(Self {
            epoch: epoch(&root)?,
            root,
            version,
            effort,
            metadata,
        })
    }

    /// A file of the folder `packaging`, or of the workspace's own.
    pub(crate) fn text(&self, path: &str) -> anyhow::Result<String> {
        let path = self.root.join(path);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

fn epoch(root: &Path) -> anyhow::Result<u64> {
    let given = std::env::var("SOURCE_DATE_EPOCH");
    let said = if let Ok(said) = given {
        said
    } else {
        let asked = Command::new("git")
            .args(["log", "-1", "--format=%ct"])
            .current_dir(root)
            .output()
            .context("cannot start git")?;
        ensure!(
            asked.status.success(),
            "git knows no last commit; set SOURCE_DATE_EPOCH"
        );
        String::from_utf8(asked.stdout)?
    };
    said.trim()
        .parse()
        .with_context(|| format!("{said:?} is no time in seconds"))
}

/// Built programs of one system, by name and without symbols.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) system: System,
    found: BTreeMap<&'static str, Arc<[u8]>>,
}

/// Shows a Wayland screen that the desktop's portal gives; Linux's alone, and built where PipeWire's library is.
pub(crate) const SCREENCAST: &str = "helpme-screencast";
/// Without it that program is none.
pub(crate) const PIPEWIRE: &str = "helpme-screencast/pipewire";
/// All that the workspace makes for users.
const NAMES: [&str; 7] = [
    "helpme",
    SCREENCAST,
    "hub",
    "hub-admin",
    "hub-film",
    "pure-help-desk",
    "purepc",
];

impl Programs {
    /// Reads what is there in `folder`.
    ///
    /// # Errors
    ///
    /// If nothing is, or it cannot be read and stripped.
    pub(crate) fn read(folder: &Path, system: System, epoch: u64) -> anyhow::Result<Self> {
        let mut found = BTreeMap::new();
        for name in NAMES {
            let path = folder.join(format!("{name}{}", system.suffix()));
            if path.is_file() {
                let read = || {
                    ensure!(is_for(&path, system)?, "it is no program for {system}");
                    stripped(&path, system, epoch)
                };
                let bytes = read().with_context(|| path.display().to_string())?;
                found.insert(name, bytes.into());
            }
        }
        if found.is_empty() {
            bail!("{} has no programs for {system}", folder.display());
        }
        Ok(Self { system, found })
    }

    /// The program `name`, as it is packaged.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<Arc<[u8]>> {
        let bytes = self.found.get(name);
        let bytes = bytes.with_context(|| format!("there is no {name} for {}", self.system))?;
        Ok(Arc::clone(bytes))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }
}

/// Whether the header of a program names the processor of `system`; where programs are not in that format, always.
fn is_for(path: &Path, system: System) -> anyhow::Result<bool> {
    const BEFORE_MACHINE: usize = 18;
    let Some(machine) = system.elf_machine() else {
        return Ok(true);
    };
    let mut header = Vec::new();
    let most = BEFORE_MACHINE + machine.to_le_bytes().len();
    fs::File::open(path)?
        .take(most as u64)
        .read_to_end(&mut header)?;
    Ok(header.starts_with(b"\x7fELF") && header.ends_with(&machine.to_le_bytes()))
}

/// The program without symbols, which builds for release have none of anyway. A program for Windows has a time in it.
fn stripped(path: &Path, system: System, epoch: u64) -> anyhow::Result<Vec<u8>> {
    let tool = match system {
        System::Linux => "strip",
        System::LinuxOnArm => "aarch64-linux-gnu-strip",
        System::Windows => "x86_64-w64-mingw32-strip",
        // signed when it was built
        System::Macos => return Ok(fs::read(path)?),
    };
    let copy = tempfile::NamedTempFile::new()?.into_temp_path();
    let status = Command::new(tool)
        .arg("-o")
        .arg(&copy)
        .arg(path)
        .env("SOURCE_DATE_EPOCH", epoch.to_string())
        .status();
    let status = status.with_context(|| format!("cannot start {tool} (binutils)"))?;
    ensure!(status.success(), "{tool} failed");
    Ok(fs::read(&copy)?)
}
