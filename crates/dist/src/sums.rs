//! Checksums of all files, signed by the maker's key.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use anyhow::{Context as _, ensure};
use minisign::{PublicKey, SecretKey, SecretKeyBox};
use sha2::{Digest as _, Sha256};

use crate::portable::{LINUX_FOR_THE_PAGE, WINDOWS_FOR_THE_PAGE};
use crate::release::Release;

const SUMS: &str = "SHA256SUMS";
/// What has a signature of its own beside the one of the sums: a hub takes it alone.
const SIGNED: [&str; 2] = [LINUX_FOR_THE_PAGE, WINDOWS_FOR_THE_PAGE];

/// Writes the sums of the files `names` in `out`, as `sha256sum --check` reads them, and signs them with the key in
/// the file `key`, if one is given.
///
/// # Errors
///
/// If a file cannot be read or written, or the key is none.
pub(crate) fn write(
    out: &Path,
    names: &[String],
    key: Option<&Path>,
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
    let Some(key) = key else {
        // a signature of other files must not stay beside these
        for name in names.iter().copied().chain([SUMS]) {
            let old = out.join(format!("{name}.minisig"));
            if old.exists() {
                fs::remove_file(old)?;
            }
        }
        return Ok(());
    };
    let key = Key::read(key, &release.root)?;
    key.sign(out, SUMS, Cursor::new(sums), release)?;
    for name in names.into_iter().filter(|name| SIGNED.contains(name)) {
        let file = BufReader::new(File::open(out.join(name))?);
        key.sign(out, name, file, release)?;
    }
    Ok(())
}

struct Key {
    secret: SecretKey,
    public: PublicKey,
}

impl Key {
    fn read(path: &Path, root: &Path) -> anyhow::Result<Self> {
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
    fn sign(
        &self,
        out: &Path,
        name: &str,
        data: impl Read,
        release: &Release,
    ) -> anyhow::Result<()> {
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
        let path = out.join(format!("{name}.minisig"));
        fs::write(path, signature.into_string())?;
        Ok(())
    }
}
