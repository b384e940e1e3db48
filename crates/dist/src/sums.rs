//! Signatures of the maker's key: of each program that is one file, of the list of versions, and of checksums of all.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use maker::{CHANNEL_FILE, Channel, Listed, MakerKeys, SIGNATURE_END};
use minisign::{PublicKey, SecretKey, SecretKeyBox};
use sha2::{Digest as _, Sha256};

use crate::Package;
use crate::build::MAKER_KEY;
use crate::release::Release;

const SUMS: &str = "SHA256SUMS";

/// The list of versions that names the programs `singles`.
///
/// # Errors
///
/// If the release's version is none that can be compared.
pub(crate) fn channel(singles: &[Package], release: &Release) -> anyhow::Result<Package> {
    let version = &release.version;
    let version: maker::Version = version
        .parse()
        .with_context(|| format!("{version} has not the form of 1.2.3"))?;
    let listed = singles
        .iter()
        .map(|single| Listed::of(&single.name, version.clone(), &single.bytes));
    let channel = Channel {
        // a later commit gives a later list
        serial: release.epoch,
        unix_seconds: release.epoch,
        programs: listed.collect(),
    };
    let text = serde_json::to_string_pretty(&channel)? + "\n";
    Ok(Package::new(CHANNEL_FILE.to_owned(), text.into_bytes()))
}

/// A file with a signature of its own.
pub(crate) struct Signed {
    pub(crate) package: Package,
    /// `None` where there is neither a key nor a signature made elsewhere.
    pub(crate) signature: Option<String>,
}

impl Signed {
    /// Takes the signature of `package` in `out` if it is good, since one that is made anew is another one; or signs it
    /// with `key`.
    ///
    /// # Errors
    ///
    /// If it cannot be signed.
    pub(crate) fn new(
        package: Package,
        out: &Path,
        key: Option<&Key>,
        release: &Release,
    ) -> anyhow::Result<Self> {
        let keys = match key {
            Some(key) => key.public.to_base64(),
            None => std::env::var(MAKER_KEY).unwrap_or_default(),
        };
        let there = fs::read_to_string(beside(out, &package.name)).ok();
        let is_good = |signature: &String| {
            let checked = MakerKeys::read(&keys).check(&package.bytes, signature);
            checked.is_ok_and(|signed| {
                signed.file == package.name && signed.version.to_string() == release.version
            })
        };
        let signature = match (there.filter(is_good), key) {
            (Some(there), _) => Some(there),
            (None, Some(key)) => {
                let data = Cursor::new(&package.bytes);
                Some(key.sign(&package.name, data, release)?)
            }
            (None, None) => None,
        };
        Ok(Self { package, signature })
    }

    /// Leaves the signature in `out`, and none of another file.
    ///
    /// # Errors
    ///
    /// If that cannot be written.
    pub(crate) fn settle(&self, out: &Path) -> anyhow::Result<()> {
        let place = beside(out, &self.package.name);
        match &self.signature {
            Some(signature) => fs::write(place, signature)?,
            None if place.exists() => fs::remove_file(place)?,
            None => {}
        }
        Ok(())
    }
}

fn beside(out: &Path, name: &str) -> PathBuf {
    out.join(format!("{name}{SIGNATURE_END}"))
}

/// Writes the sums of the files `names` in `out`, as `sha256sum --check` reads them, and signs them with `key`, if one is
/// given.
///
/// # Errors
///
/// If a file cannot be read or written.
pub(crate) fn write(
    out: &Path,
    names: &[String],
    key: Option<&Key>,
    release: &Release,
) -> anyhow::Result<()> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    let mut sums = String::new();
    for name in &names {
        let mut hash = Sha256::new();
        std::io::copy(&mut File::open(out.join(name))?, &mut hash)?;
        writeln!(sums, "{:x}  {name}", hash.finalize())?;
    }
    fs::write(out.join(SUMS), &sums)?;
    let place = beside(out, SUMS);
    match key {
        Some(key) => fs::write(place, key.sign(SUMS, Cursor::new(sums), release)?)?,
        // a signature of other files must not stay beside these
        None if place.exists() => fs::remove_file(place)?,
        None => {}
    }
    Ok(())
}

pub(crate) struct Key {
    secret: SecretKey,
    public: PublicKey,
}

impl Key {
    /// Reads the key in the file `path`, which must not be in `root`, the folder of the sources.
    ///
    /// # Errors
    ///
    /// If there is none, or it does not open.
    pub(crate) fn read(path: &Path, root: &Path) -> anyhow::Result<Self> {
        let path = path
            .canonicalize()
            .with_context(|| format!("there is no key {}", path.display()))?;
        ensure!(
            !path.starts_with(root),
            "a secret key must not be in the folder of the sources"
        );
        let text = fs::read_to_string(&path)?;
        let parse = || SecretKeyBox::from_string(&text);
        // without a password it is one of a test, or kept sealed by other means
        let secret = match parse()?.into_unencrypted_secret_key() {
            Ok(secret) => secret,
            Err(_sealed) => parse()?
                .into_secret_key(std::env::var("MINISIGN_PASSWORD").ok())
                .context("the key does not open")?,
        };
        let public = PublicKey::from_secret_key(&secret)?;
        Ok(Self { secret, public })
    }

    /// Signs what `data` reads, which is in the file `name`. No two signatures are alike.
    fn sign(&self, name: &str, data: impl Read, release: &Release) -> anyhow::Result<String> {
        let trusted = format!(
            "timestamp:{}\tfile:{name}\tversion:{}",
            release.epoch, release.version
        );
        let signature = minisign::sign(
            Some(&self.public),
            &self.secret,
            data,
            Some(&trusted),
            Some("signature of Pure Help Desk"),
        )?;
        Ok(signature.into_string())
    }
}
