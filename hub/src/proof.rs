//! A proof bundle: one ZIP with all that there is of a session, sealed by the hub's key (D3).
//!
//! The last bytes of the file, which ZIP leaves to a comment, are a signature over every byte before
//! them, the ZIP's own directory and whatever lies between the files too. The hub's certificate is in
//! the ZIP, so any machine can check it; whether it is the right hub's shows its fingerprint. A list
//! of all files with their hashes says where something was changed.

mod whole;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use protocol::SessionId;
use serde::{Deserialize, Serialize};
use transport::{Fingerprint, HubIdentity, IdentityError, verify_signature};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub use whole::Whole;

use crate::catalogue::CatalogueError;
use crate::export::ExportError;

const PURPOSE: &str = "proof bundle v1";
/// The ZIP's comment: a word, the signature in hexadecimal digits, and spaces to a fixed length.
const SEAL_WORD: &str = "pure help desk proof v1 ";
const SEAL_BYTES: usize = 256;

/// What is hashed before it is asked whether the bundle is still wanted.
const HASHED_BYTES: u64 = 8 << 20;

const CERTIFICATE: &str = "certificate.der";
const MANIFEST: &str = "manifest.json";
/// A manifest beyond this is not of a hub.
const MOST_MANIFEST_BYTES: u64 = 1 << 20;

/// A bundle cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    #[error("the bundle cannot be written")]
    Write(#[from] io::Error),
    #[error("the bundle cannot be written as a ZIP")]
    Zip(#[from] ZipError),
    #[error(transparent)]
    Key(#[from] IdentityError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("the film cannot be opened")]
    Open(#[from] recording::OpenError),
    #[error("the film cannot be read")]
    Film(#[from] recording::ReadError),
    #[error("the report cannot be made")]
    Report(#[from] ExportError),
    #[error("there is no film")]
    Gone(#[source] io::Error),
    #[error("the film is still being written")]
    Running,
    #[error("the bundle is not wanted any more")]
    GivenUp,
}

/// What the bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub format: u32,
    pub session: u64,
    pub made_unix_millis: i64,
    pub hub_version: String,
    pub files: Vec<Listed>,
}

/// One file in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub blake3: String,
}

/// A bundle in the making. Nothing is under its final name until it is [sealed](Self::seal).
pub struct Bundle {
    zip: ZipWriter<BufWriter<File>>,
    partial: Partial,
    out: PathBuf,
    manifest: Manifest,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle")
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

impl Bundle {
    /// Begins the bundle of `session` that will be at `out`.
    ///
    /// # Errors
    ///
    /// [`BundleError::Write`].
    pub fn begin(
        out: &Path,
        session: SessionId,
        now_unix_millis: i64,
    ) -> Result<Self, BundleError> {
        let mut name = out.as_os_str().to_owned();
        name.push(".partial");
        let partial = Partial(name.into());
        let file = File::create(&partial.0)?;
        Ok(Self {
            zip: ZipWriter::new(BufWriter::new(file)),
            partial,
            out: out.to_owned(),
            manifest: Manifest {
                format: 1,
                session: session.0,
                made_unix_millis: now_unix_millis,
                hub_version: env!("CARGO_PKG_VERSION").to_owned(),
                files: Vec::new(),
            },
        })
    }

    /// Puts a file of `name` into it.
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn add(&mut self, name: &str, content: &mut dyn Read) -> Result<(), BundleError> {
        // a film may be larger than a ZIP of the old kind can say
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        self.zip.start_file(name, options)?;
        let mut hashed = Hashed::new(content);
        let bytes = io::copy(&mut hashed, &mut self.zip)?;
        self.manifest.files.push(Listed {
            name: name.to_owned(),
            bytes,
            blake3: hashed.hash(),
        });
        Ok(())
    }

    /// Closes it with the signature of `key`, and puts it in its place, unless `goes_on` says no.
    ///
    /// # Errors
    ///
    /// [`BundleError`]; nothing is in its place then.
    pub fn seal(
        mut self,
        key: &HubIdentity,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Manifest, BundleError> {
        self.add(CERTIFICATE, &mut key.certificate())?;
        let text = serde_json::to_vec_pretty(&self.manifest).map_err(io::Error::from)?;
        let listed = self.manifest.files.len();
        self.add(MANIFEST, &mut text.as_slice())?;
        self.manifest.files.truncate(listed);
        let room = vec![b' '; SEAL_BYTES];
        self.zip.set_raw_comment(room.into_boxed_slice())?;
        let file = self.zip.finish()?;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        if !goes_on() {
            return Err(BundleError::GivenUp);
        }
        file.sync_all()?;
        let hash = hash_before_seal(&self.partial.0, goes_on)?;
        let hash = hash.ok_or(BundleError::GivenUp)?;
        let signature = key.sign(PURPOSE, &hash)?;
        let back = i64::try_from(SEAL_BYTES).expect("small");
        file.seek(SeekFrom::End(-back))?;
        file.write_all(seal_of(&signature).as_bytes())?;
        file.sync_all()?;
        fs::rename(&self.partial.0, &self.out)?;
        Ok(self.manifest)
    }
}

/// A file that goes when this is dropped, unless it is in its place by then.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// A reader that hashes what it reads.
struct Hashed<'a> {
    content: &'a mut dyn Read,
    hasher: blake3::Hasher,
}

impl<'a> Hashed<'a> {
    fn new(content: &'a mut dyn Read) -> Self {
        let hasher = blake3::Hasher::new();
        Self { content, hasher }
    }

    fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// A bundle is not what a hub sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFault {
    #[error("the file cannot be read")]
    Unreadable(#[from] io::Error),
    #[error("the file is no proof bundle, or its seal at the end was changed")]
    NoSeal,
    #[error("{} changed: {}", if names.len() == 1 { "a file was" } else { "files were" }, names.join(", "))]
    Changed { names: Vec<String> },
    #[error("the bundle was changed outside the files that it lists, or sealed by another key")]
    Elsewhere,
    #[error("the bundle is whole, but of another hub: its fingerprint is {found}")]
    OtherHub { found: Fingerprint },
}

/// What a whole bundle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Of the key that sealed it. Compare it with what the hub says of itself.
    pub fingerprint: Fingerprint,
    pub manifest: Manifest,
}

/// Checks every byte of the bundle at `path`, without any hub; where `pin` is given, also whose it is.
///
/// # Errors
///
/// [`ProofFault`] says where it was changed.
pub fn verify(path: &Path, pin: Option<Fingerprint>) -> Result<Proof, ProofFault> {
    let signature = read_seal(path)?.ok_or(ProofFault::NoSeal)?;
    let hash = hash_before_seal(path, &mut || true)?;
    let hash = hash.ok_or(ProofFault::NoSeal)?;
    let zip = ZipArchive::new(File::open(path)?);
    let Ok(mut zip) = zip else {
        return Err(ProofFault::Elsewhere);
    };
    let small = |zip: &mut ZipArchive<File>, name| read_small(zip, name);
    let (certificate, manifest) = (small(&mut zip, CERTIFICATE), small(&mut zip, MANIFEST));
    let manifest = manifest.and_then(|text| serde_json::from_slice::<Manifest>(&text).ok());
    let fingerprint = certificate
        .as_deref()
        .and_then(|der| verify_signature(der, PURPOSE, &hash, &signature).ok());
    match (fingerprint, manifest) {
        (Some(found), Some(_)) if pin.is_some_and(|pin| pin != found) => {
            Err(ProofFault::OtherHub { found })
        }
        (Some(fingerprint), Some(manifest)) => Ok(Proof {
            fingerprint,
            manifest,
        }),
        (_, None) => Err(ProofFault::Changed {
            names: vec![MANIFEST.to_owned()],
        }),
        (None, Some(manifest)) => Err(find_change(&mut zip, &manifest)),
    }
}

fn find_change(zip: &mut ZipArchive<File>, manifest: &Manifest) -> ProofFault {
    let is_changed = |listed: &&Listed| {
        let Ok(mut file) = zip.by_name(&listed.name) else {
            return true;
        };
        let mut hashed = Hashed::new(&mut file);
        // a wrong check sum is an error here
        io::copy(&mut hashed, &mut io::sink()).is_err() || hashed.hash() != listed.blake3
    };
    let names = manifest.files.iter().filter(is_changed);
    let names: Vec<String> = names.map(|listed| listed.name.clone()).collect();
    if names.is_empty() {
        ProofFault::Elsewhere
    } else {
        ProofFault::Changed { names }
    }
}

fn read_small(zip: &mut ZipArchive<File>, name: &str) -> Option<Vec<u8>> {
    let file = zip.by_name(name).ok()?;
    let mut bytes = Vec::new();
    let most = MOST_MANIFEST_BYTES;
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn seal_of(signature: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut seal = SEAL_WORD.to_owned();
    for byte in signature {
        write!(seal, "{byte:02x}").expect("a string takes it");
    }
    format!("{seal:<SEAL_BYTES$}")
}

/// The signature at the end, if it is written as a hub writes it: no byte of it can be another.
fn read_seal(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let back = i64::try_from(SEAL_BYTES).expect("small");
    if file.metadata()?.len() < back.unsigned_abs() {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-back))?;
    let mut seal = Vec::new();
    file.take(back.unsigned_abs()).read_to_end(&mut seal)?;
    let text = String::from_utf8_lossy(&seal);
    let digits = text.strip_prefix(SEAL_WORD).unwrap_or_default().trim_end();
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let signature: Option<Vec<u8>> = pairs.map(byte).collect();
    let signature = signature.filter(|signature| seal_of(signature).as_bytes() == seal);
    Ok(signature.filter(|signature| !signature.is_empty()))
}

/// `None` if `goes_on` says no on the way.
fn hash_before_seal(
    path: &Path,
    goes_on: &mut dyn FnMut() -> bool,
) -> io::Result<Option<[u8; 32]>> {
    let mut file = File::open(path)?;
    let seal = u64::try_from(SEAL_BYTES).expect("small");
    let mut rest = file.metadata()?.len().saturating_sub(seal);
    let mut hasher = blake3::Hasher::new();
    while rest > 0 {
        if !goes_on() {
            return Ok(None);
        }
        let piece = rest.min(HASHED_BYTES);
        hasher.update_reader((&mut file).take(piece))?;
        rest -= piece;
    }
    Ok(Some(hasher.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(folder: &Path) -> (PathBuf, HubIdentity) {
        let key = HubIdentity::open_or_create(folder).expect("a key");
        let out = folder.join("proof.zip");
        let mut bundle = Bundle::begin(&out, SessionId(7), 1).expect("begun");
        let film: Vec<u8> = (0..2000_u32).map(|n| n.to_le_bytes()[0]).collect();
        bundle.add("film.film", &mut film.as_slice()).expect("put");
        bundle.add("chat.json", &mut &b"[]"[..]).expect("put");
        bundle.seal(&key, &mut || true).expect("sealed");
        (out, key)
    }

    #[test]
    fn a_bundle_is_whole_and_says_whose_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let (out, key) = bundle(folder.path());
        let proof = verify(&out, Some(key.fingerprint())).expect("whole");
        assert_eq!(proof.fingerprint, key.fingerprint());
        let names: Vec<_> = proof.manifest.files.iter().map(|f| &*f.name).collect();
        assert_eq!(names, ["film.film", "chat.json", CERTIFICATE]);
        let other = "00".repeat(32).parse().expect("a fingerprint");
        let refused = verify(&out, Some(other));
        assert!(matches!(refused, Err(ProofFault::OtherHub { .. })));
        // anybody's ZIP program reads it
        let mut zip = ZipArchive::new(File::open(&out).expect("there")).expect("a ZIP");
        assert_eq!(zip.by_name("chat.json").expect("there").size(), 2);
        assert!(!folder.path().join("proof.zip.partial").exists());
    }

    #[test]
    fn d3_a_bundle_that_is_given_up_while_it_is_sealed_ends_at_once_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = HubIdentity::open_or_create(folder.path()).expect("a key");
        let out = folder.path().join("proof.zip");
        let pieces = 5;
        for wanted in 0..=pieces {
            let mut bundle = Bundle::begin(&out, SessionId(7), 1).expect("begun");
            let mut film = io::repeat(7).take((pieces - 1) * HASHED_BYTES);
            bundle.add("film.film", &mut film).expect("put");
            let mut asked = 0;
            let sealed = bundle.seal(&key, &mut || {
                asked += 1;
                asked <= wanted
            });
            assert!(matches!(sealed, Err(BundleError::GivenUp)), "{sealed:?}");
            assert_eq!(asked, wanted + 1, "it hashes no piece more");
            let left = fs::read_dir(folder.path()).expect("there");
            let left = left.filter(|file| {
                let name = file.as_ref().expect("a file").file_name();
                name.to_string_lossy().contains("proof")
            });
            assert_eq!(left.count(), 0);
        }
    }

    #[test]
    fn every_byte_that_is_changed_cut_off_or_added_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let (out, _) = bundle(folder.path());
        let whole = fs::read(&out).expect("there");
        let film_at = whole
            .windows(8)
            .position(|bytes| bytes == [0, 1, 2, 3, 4, 5, 6, 7])
            .expect("the film is stored as it is");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&out, changed).expect("written");
            let fault = verify(&out, None).expect_err("found");
            if (film_at..film_at + 2000).contains(&at) {
                assert_eq!(fault.to_string(), "a file was changed: film.film");
            }
        }
        for len in (0..whole.len()).step_by(97) {
            fs::write(&out, &whole[..len]).expect("written");
            assert!(verify(&out, None).is_err(), "cut to {len} bytes");
        }
        for at in (0..=whole.len()).step_by(97) {
            let mut changed = whole.clone();
            changed.insert(at, b'x');
            fs::write(&out, changed).expect("written");
            assert!(verify(&out, None).is_err(), "a byte more at {at}");
        }
        fs::write(&out, whole).expect("written");
        assert!(verify(&out, None).is_ok());
    }
}
