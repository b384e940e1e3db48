//! Makes the packages of all systems: `cargo xtask dist`.
//!
//! What is packaged comes from folders of built programs, so that packages can be made and tried without a build
//! for release. The same programs give the same bytes, whenever and by whomever they are packaged.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was made, and what was left out, is this program's output"
)]

mod bill;
mod build;
mod deb;
mod debs;
mod icon;
mod image;
mod licences;
mod linked;
mod macos;
mod portable;
mod release;
mod summary;
mod sums;
mod tree;
mod windows;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};

use crate::release::{Effort, Programs, Release, System};
use crate::sums::{Key, Signed};

/// Makes packages of all systems, what they are made of, and their checksums.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask dist")]
struct Cli {
    /// Only these, with commas between; by default all for which there are programs and tools.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Kind>,
    /// The folder with the Linux programs. Without it they are built for release.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The folder with the programs for Linux on ARM. Without it they are built where the cross compilers are, unless --from
    /// is given.
    #[arg(long, value_name = "DIR")]
    from_arm: Option<PathBuf>,
    /// The folder with the Windows programs. Without it they are built where mingw is there, unless --from is given.
    #[arg(long, value_name = "DIR")]
    from_windows: Option<PathBuf>,
    /// The folder with the macOS programs, which are built on a Mac.
    #[arg(long, value_name = "DIR")]
    from_macos: Option<PathBuf>,
    /// Where the packages go; what is there already under the same names is replaced.
    #[arg(long, value_name = "DIR", default_value = "packaging/out")]
    out: PathBuf,
    /// The secret key of minisign that signs the checksums, each program that is one file, and the list of versions.
    /// Signatures of the same files that are there already stay. If it has a password, that is asked for, or taken from the variable `MINISIGN_PASSWORD`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The version that the packages say, in place of the workspace's.
    #[arg(long, value_name = "VERSION")]
    as_version: Option<String>,
    /// Compress little: for tests.
    #[arg(long)]
    fast: bool,
}

/// One kind of package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Debian packages of everything, for two kinds of processors.
    Deb,
    /// The portable console and Helpme for Linux.
    Tar,
    /// The portable console and Helpme for Windows.
    Zip,
    /// `setup.exe` for Windows.
    Setup,
    /// For Windows computers that are managed together.
    Msi,
    /// The hub for containers.
    Image,
    /// Applications for macOS.
    Macos,
}

impl Kind {
    fn systems(self) -> &'static [System] {
        match self {
            Self::Deb | Self::Tar | Self::Image => &[System::Linux, System::LinuxOnArm],
            Self::Zip | Self::Setup | Self::Msi => &[System::Windows],
            Self::Macos => &[System::Macos],
        }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let effort = if cli.fast {
        Effort::Little
    } else {
        Effort::Full
    };
    let release = Release::find(cli.as_version, effort)?;
    let out = release.root.join(&cli.out);
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;

    let folders = Folders {
        linux: cli.from,
        arm: cli.from_arm,
        windows: cli.from_windows,
        macos: cli.from_macos,
    };
    let mut made = Made::in_folder(&out);
    let found = System::ALL.map(|system| folders.programs(system, &release));
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let found: Vec<Programs> = found.into_iter().flatten().collect();
    let linked = linked::crates(&release)?;
    let licences = licences::of_everything(&release, &linked)?;

    let key = cli.key.as_deref().map(|key| Key::read(key, &release.root));
    let key = key.transpose()?;
    let mut singles = Vec::new();
    for programs in found.iter().filter(|of| of.system != System::Macos) {
        singles.extend(portable::singles(programs)?);
    }
    singles.push(sums::channel(&singles, &release)?);
    let singles = singles.into_iter();
    let singles = singles.map(|single| Signed::new(single, &out, key.as_ref(), &release));
    let singles: Vec<Signed> = singles.collect::<Result<_, _>>()?;

    for &kind in Kind::value_variants() {
        let is_asked_for = cli.only.contains(&kind);
        if !(is_asked_for || cli.only.is_empty()) {
            continue;
        }
        let (mut is_made, mut absent) = (false, Vec::new());
        for &system in kind.systems() {
            let programs = match programs_for(kind, system, &found) {
                Ok(programs) => programs,
                Err(absence) => {
                    absent.push(absence);
                    continue;
                }
            };
            match packages(kind, &release, programs, &licences) {
                Ok(packages) => {
                    made.keep(packages)?;
                    is_made = true;
                }
                Err(error) if is_asked_for => return Err(error),
                Err(error) => made.left_out.push(format!("{kind:?}: {error:#}")),
            }
        }
        if kind == Kind::Deb && is_made {
            made.keep(debs::of_downloads(&release, &singles, &licences)?)?;
        }
        match absent.first() {
            Some(absence) if is_asked_for && !is_made => bail!("{absence}"),
            Some(_) | None => {}
        }
        let absent = absent.iter().map(|absence| format!("{kind:?}: {absence}"));
        made.left_out.extend(absent);
    }
    for single in singles {
        single.settle(&out)?;
        made.keep(vec![single.package])?;
    }
    if std::env::var_os(build::MAKER_KEY).is_none() && folders.linux.is_none() {
        let names = build::MAKER_KEY;
        made.left_out.push(format!("a maker's key: without {names} these programs take no updates, and the hub hands out no Helpme"));
    }
    made.keep(vec![
        Package::new(
            format!("pure-help-desk-{}.cdx.json", release.version),
            bill::of_materials(&release, &linked)?,
        ),
        Package::new("third-party-licences.txt".to_owned(), licences.into_bytes()),
    ])?;
    sums::write(&out, &made.names, key.as_ref(), &release)?;
    made.say();
    Ok(())
}

/// The programs that packages of `kind` for `system` are made of, or why there are none.
fn programs_for(kind: Kind, system: System, found: &[Programs]) -> Result<&Programs, String> {
    let programs = found.iter().find(|programs| programs.system == system);
    let programs = programs.ok_or_else(|| format!("there are no programs for {system}"))?;
    if kind == Kind::Image && system != image::OF_THIS_MACHINE {
        // a cross compiler's gets no security updates
        return Err(format!(
            "the one for {system} is made on such a machine, whose C library goes into it"
        ));
    }
    Ok(programs)
}

fn packages(
    kind: Kind,
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    match kind {
        Kind::Deb => debs::all(release, programs, licences),
        Kind::Tar => portable::tar(release, programs, licences),
        Kind::Zip => portable::zip(release, programs, licences),
        Kind::Setup => windows::setup(release, programs, licences),
        Kind::Msi => windows::msi(release, programs, licences),
        Kind::Image => image::hub(release, programs, licences),
        Kind::Macos => macos::applications(release, programs, licences),
    }
}

/// Where the built programs are.
struct Folders {
    linux: Option<PathBuf>,
    arm: Option<PathBuf>,
    windows: Option<PathBuf>,
    macos: Option<PathBuf>,
}

impl Folders {
    /// The programs for `system`, built if that is to be; `None` if there are none.
    fn programs(&self, system: System, release: &Release) -> anyhow::Result<Option<Programs>> {
        let folder = match system {
            System::Linux => self.linux.as_ref(),
            System::LinuxOnArm => self.arm.as_ref(),
            System::Windows => self.windows.as_ref(),
            System::Macos => self.macos.as_ref(),
        };
        let folder = match folder {
            Some(folder) => folder.clone(),
            None if self.linux.is_some() => return Ok(None),
            None => match build::programs(system, release)? {
                Some(folder) => folder,
                None => return Ok(None),
            },
        };
        Programs::read(&folder, system, release.epoch).map(Some)
    }
}

/// A finished file.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Package {
    pub(crate) fn new(name: String, bytes: Vec<u8>) -> Self {
        Self { name, bytes }
    }
}

/// What was made, and what was not.
struct Made<'a> {
    out: &'a Path,
    names: Vec<String>,
    left_out: Vec<String>,
}

impl<'a> Made<'a> {
    fn in_folder(out: &'a Path) -> Self {
        Self {
            out,
            names: Vec::new(),
            left_out: Vec::new(),
        }
    }

    fn keep(&mut self, packages: Vec<Package>) -> anyhow::Result<()> {
        for Package { name, bytes } in packages {
            if self.names.contains(&name) {
                bail!("{name} was made twice");
            }
            let path = self.out.join(&name);
            fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{:>8.1} MB  {name}", bytes.len() as f64 / 1e6);
            self.names.push(name);
        }
        Ok(())
    }

    fn say(&self) {
        println!("{} files in {}", self.names.len(), self.out.display());
        for what in &self.left_out {
            println!("left out: {what}");
        }
    }
}
