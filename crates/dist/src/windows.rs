//! What installs on Windows: a set-up program made by NSIS, and an MSI made by `wixl` of msitools.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::bill::uuid_of;
use crate::release::{Effort, Programs, Release};
use crate::{Package, icon, summary};

/// The set-up program, for one account or for all.
///
/// # Errors
///
/// If NSIS or a program is missing.
pub(crate) fn setup(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let stage = stage(release, programs, licences)?;
    let name = format!("pure-help-desk-{}-setup.exe", release.version);
    let made = stage.path().join(&name);
    let mut command = Command::new("makensis");
    if release.effort == Effort::Little {
        command.arg("-DFAST");
    }
    command
        .args(["-V2", "-NOCD", "-WX"])
        .arg(format!("-DVERSION={}", release.version))
        .arg(format!("-DFOUR_NUMBERS={}.0", three_numbers(release)?))
        .arg(format!("-DFILES={}", stage.path().display()))
        .arg(format!("-DOUT={}", made.display()))
        .arg(release.root.join("packaging/windows/setup.nsi"))
        .env("SOURCE_DATE_EPOCH", release.epoch.to_string());
    run(&mut command, "nsis")?;
    Ok(vec![Package::new(name, fs::read(&made)?)])
}

/// The MSI, for all accounts of a computer.
///
/// # Errors
///
/// If `wixl` or a program is missing.
pub(crate) fn msi(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let stage = stage(release, programs, licences)?;
    let name = format!("pure-help-desk-{}.msi", release.version);
    let made = stage.path().join(&name);
    // each version has codes of its own
    let code = |what: &str| uuid_of(&format!("{what} {}", release.version));
    let mut command = Command::new("wixl");
    command
        // it takes no whole paths
        .current_dir(stage.path())
        .args(["--arch", "x64"])
        .args(["--define", &format!("Version={}", three_numbers(release)?)])
        .args(["--define", &format!("ProductCode={}", code("product"))])
        .arg("--output")
        .arg(&made)
        .arg(release.root.join("packaging/windows/pure-help-desk.wxs"))
        .env("SOURCE_DATE_EPOCH", release.epoch.to_string());
    run(&mut command, "wixl")?;
    let settled = summary::settle(fs::read(&made)?, &code("package"), release.epoch)?;
    Ok(vec![Package::new(name, settled)])
}

/// Windows takes versions of numbers alone.
fn three_numbers(release: &Release) -> anyhow::Result<String> {
    let numbers = release.version.split(['-', '+', '~']).next();
    let numbers = numbers.unwrap_or_default();
    let is_three = numbers.split('.').count() == 3;
    ensure!(is_three, "{} begins with no three numbers", release.version);
    Ok(numbers.to_owned())
}

/// A folder with all files, of one time.
fn stage(release: &Release, programs: &Programs, licences: &str) -> anyhow::Result<TempDir> {
    let stage = tempfile::tempdir()?;
    let put = |name: &str, bytes: &[u8]| put(stage.path(), name, bytes, release.epoch);
    for name in ["helpme", "pure-help-desk", "purepc"] {
        put(&format!("{name}.exe"), &programs.get(name)?)?;
    }
    let for_windows = |text: &str| text.replace('\n', "\r\n").into_bytes();
    let own = format!(
        "{}\n{}",
        release.text("LICENSE-MIT")?,
        release.text("LICENSE-APACHE")?
    );
    put("LICENSE.txt", &for_windows(&own))?;
    put("third-party-licences.txt", &for_windows(licences))?;
    put("icon.ico", &icon::ico(&icon::drawing(release)?)?)?;
    Ok(stage)
}

fn put(folder: &Path, name: &str, bytes: &[u8], epoch: u64) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, bytes)?;
    let time = UNIX_EPOCH + Duration::from_secs(epoch);
    File::options()
        .write(true)
        .open(&path)?
        .set_modified(time)?;
    Ok(())
}

fn run(command: &mut Command, package: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let said = command
        .output()
        .with_context(|| format!("{program} is missing; on Debian: apt-get install {package}"))?;
    ensure!(
        said.status.success(),
        "{program} failed: {}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    Ok(())
}
