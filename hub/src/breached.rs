//! Passwords that attackers try first, in a file that an administrator may put into the data folder.
//!
//! Either one password a line, or sorted lines of SHA-1 as "Have I Been Pwned" gives them, with or without
//! a count after a colon. The file may have many gigabytes: it is never read into memory whole.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use sha1::{Digest as _, Sha1};

const FILE: &str = "passwords.txt";
const HASH_CHARS: usize = 40;
/// Longer lines hold no password that the hub takes.
const MAX_LINE_BYTES: u64 = 4096;

/// Whether `password` is in the list of `folder`; without a list, it is not.
///
/// # Errors
///
/// The file is there and cannot be read.
pub(crate) fn has(folder: &Path, password: &str) -> io::Result<bool> {
    let file = match File::open(folder.join(FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut list = List {
        len: file.metadata()?.len(),
        file: BufReader::new(file),
    };
    if list.has_hashes()? {
        list.has_hash(&hash(password))
    } else {
        list.has_line(password)
    }
}

struct List {
    file: BufReader<File>,
    len: u64,
}

impl List {
    fn has_hashes(&mut self) -> io::Result<bool> {
        let line = self.line_from(0)?;
        Ok(line.is_some_and(|(line, _)| hash_of(&line).is_some()))
    }

    /// Searches by halves: the lines are sorted.
    fn has_hash(&mut self, wanted: &str) -> io::Result<bool> {
        // lines that begin in here are still to be looked at
        let (mut begin, mut end) = (0, self.len);
        while begin < end {
            let middle = begin + (end - begin) / 2;
            let start = self.line_start_from(middle)?;
            let Some((line, next)) = self.line_from(start)?.filter(|_| start < end) else {
                end = middle;
                continue;
            };
            let found = hash_of(&line).unwrap_or_default();
            match found.as_str().cmp(wanted) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => begin = next,
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        Ok(false)
    }

    fn has_line(&mut self, wanted: &str) -> io::Result<bool> {
        let mut at = 0;
        self.file.seek(SeekFrom::Start(0))?;
        while at < self.len {
            let Some((line, next)) = self.next_line(at)? else {
                return Ok(false);
            };
            if line == wanted.as_bytes() {
                return Ok(true);
            }
            at = next;
        }
        Ok(false)
    }

    /// Where the first line begins that begins at `at` or later.
    fn line_start_from(&mut self, at: u64) -> io::Result<u64> {
        if at == 0 {
            return Ok(0);
        }
        // one that begins at `at` follows the end of another
        self.file.seek(SeekFrom::Start(at - 1))?;
        let skipped = self.file.skip_until(b'\n')?;
        Ok(at - 1 + u64::try_from(skipped).unwrap_or(u64::MAX))
    }

    /// The line that begins at `start`, and where the next one does.
    fn line_from(&mut self, start: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        self.file.seek(SeekFrom::Start(start))?;
        self.next_line(start)
    }

    fn next_line(&mut self, start: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        let mut line = Vec::new();
        let mut read = (&mut self.file)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            read += self.file.skip_until(b'\n')?;
        }
        while line
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            line.pop();
        }
        let next = start + u64::try_from(read).unwrap_or(u64::MAX);
        Ok(Some((line, next)))
    }
}

/// The hash of a password as a list has it.
fn hash(password: &str) -> String {
    let mut hash = String::with_capacity(HASH_CHARS);
    for byte in Sha1::digest(password.as_bytes()) {
        write!(hash, "{byte:02X}").expect("a string takes everything");
    }
    hash
}

/// The hash at the beginning of a line, in capitals.
fn hash_of(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let hash = line.split(':').next()?.trim();
    let is_hash = hash.len() == HASH_CHARS && hash.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then(|| hash.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder(content: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), content).expect("written");
        folder
    }

    #[test]
    fn without_a_list_no_password_is_on_it() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!has(folder.path(), "password").expect("read"));
        assert!(!has(self::folder("").path(), "password").expect("read"));
    }

    #[test]
    fn a_list_may_have_one_password_a_line() {
        let list = folder("123456\r\npassword\n\nletmein");
        for known in ["123456", "password", "letmein"] {
            assert!(has(list.path(), known).expect("read"), "{known}");
        }
        for unknown in ["12345", "passwor", "assword", "password\n"] {
            assert!(!has(list.path(), unknown).expect("read"), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn each_of_sorted_hashes_is_found_and_no_other(
            known in proptest::collection::btree_set("[a-z]{1,6}", 1..60),
            others in proptest::collection::vec("[A-Z]{1,6}", 20),
            ends in prop_oneof![Just("\n"), Just("\r\n")],
            counts in any::<bool>(),
            last_end in any::<bool>(),
        ) {
            let mut hashes: Vec<String> = known.iter().map(|p| hash(p)).collect();
            hashes.sort();
            let mut content = String::new();
            for (n, hash) in hashes.iter().enumerate() {
                let count = if counts { format!(":{}", n * n * n) } else { String::new() };
                write!(content, "{hash}{count}{ends}").expect("text");
            }
            if !last_end {
                content.truncate(content.trim_end().len());
            }
            let list = folder(&content);
            for password in &known {
                prop_assert!(has(list.path(), password).expect("read"));
            }
            for password in &others {
                prop_assert!(!has(list.path(), password).expect("read"));
            }
        }
    }
}
