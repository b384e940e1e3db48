//! The crates that are linked into the programs, as cargo resolves them for each system.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use cargo_metadata::Package;

use crate::release::{PIPEWIRE, Release, SCREENCAST};

/// What users get, as cargo calls it.
const PROGRAMS: [&str; 7] = [
    "helpme-app",
    SCREENCAST,
    "hub",
    "hub-admin",
    "hub-film",
    "operator-app",
    "purepc",
];
/// What they run on.
const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
];

/// All of them, those of the workspace too, by name and version. Macros, build scripts and tests are none of it.
///
/// # Errors
///
/// If `cargo tree` fails.
pub(crate) fn crates(release: &Release) -> anyhow::Result<Vec<&Package>> {
    let mut names = BTreeSet::new();
    for target in TARGETS {
        let mut tree =
            std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        tree.current_dir(&release.root)
            .args(["tree", "--locked", "--target", target])
            .args(["--edges", "normal,no-proc-macro"])
            .args(["--prefix", "none", "--format", "{p}"])
            // for tests the whole workspace may be resolved together, tools included
            .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION");
        tree.args(["--features", PIPEWIRE]);
        for program in PROGRAMS {
            tree.args(["--package", program]);
        }
        let said = tree.output().context("cannot start cargo")?;
        ensure!(
            said.status.success(),
            "cargo tree failed: {}",
            String::from_utf8_lossy(&said.stderr)
        );
        let lines = String::from_utf8(said.stdout)?;
        names.extend(lines.lines().filter_map(name_and_version));
    }
    let is_linked = |package: &&Package| {
        names.contains(&(package.name.to_string(), package.version.to_string()))
    };
    let mut packages: Vec<_> = release.metadata.packages.iter().filter(is_linked).collect();
    ensure!(
        packages.len() == names.len(),
        "cargo knows {} of {} crates",
        packages.len(),
        names.len()
    );
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(packages)
}

/// Of a line like `zip v9.8.2` or `hub v0.1.0 (/folder) (*)`.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_read_from_lines_of_a_tree() {
        let read = ["zip v9.8.2", "hub v0.1.0 (/src/hub) (*)", ""].map(name_and_version);
        let zip = ("zip".to_owned(), "9.8.2".to_owned());
        let hub = ("hub".to_owned(), "0.1.0".to_owned());
        assert_eq!(read, [Some(zip), Some(hub), None]);
    }
}
