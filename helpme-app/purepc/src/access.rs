//! The access password of this computer: what is kept in its place, and how often it was tried (U3).

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use protocol::limits::MAX_PASSWORD_BYTES;
use session::AccessRecord;
use session::access::tries::Tries;
use zeroize::Zeroizing;

const RECORD: &str = "access";
const TRIES: &str = "tries.json";
/// A record has less than half of it, the tries of 256 operators a good part.
const MOST_BYTES: usize = 64 * 1024;

/// Whether this computer can be opened.
pub(crate) fn is_set(folder: &Path) -> bool {
    folder.join(RECORD).exists()
}

/// The computer is opened with `password` from now on. Waits for the disk.
///
/// # Errors
///
/// What is wrong with the password or the disk, in words.
pub(crate) fn set(folder: &Path, password: &str) -> anyhow::Result<()> {
    let record = AccessRecord::of_password(password)?;
    let path = folder.join(RECORD);
    private_file::make_folder(folder)
        .and_then(|()| private_file::replace(&path, &record.to_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The new password, typed twice at a terminal, or the first line of standard input.
pub(crate) fn ask() -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        let mut text = Zeroizing::new(String::new());
        let most = u64::try_from(MAX_PASSWORD_BYTES + 2).unwrap_or(u64::MAX);
        let mut input = io::stdin().take(most);
        input
            .read_to_string(&mut text)
            .context("no password on standard input")?;
        return Ok(Zeroizing::new(text.lines().next().unwrap_or("").to_owned()));
    }
    let prompt = |what| rpassword::prompt_password(what).map(Zeroizing::new);
    let typed = prompt("Access password of this computer: ").context("no password")?;
    let again = prompt("Once more: ").context("no password")?;
    ensure!(typed == again, "the two passwords differ");
    Ok(typed)
}

/// The record as it is now; `None` where no password is set. Waits for the disk.
pub(crate) fn record(folder: &Path) -> anyhow::Result<Option<AccessRecord>> {
    let Some(bytes) = read(&folder.join(RECORD))? else {
        return Ok(None);
    };
    let record = AccessRecord::from_bytes(&bytes).context("say `purepc set-password` again")?;
    Ok(Some(record))
}

/// Changes the count of tries, and keeps it. Waits for the disk.
///
/// # Errors
///
/// Where the count cannot be read or kept: nobody may try then.
pub(crate) fn count<T>(
    folder: &Path,
    change: impl FnOnce(&mut Tries, i64) -> T,
) -> anyhow::Result<T> {
    let path = folder.join(TRIES);
    let mut tries: Tries = match read(&path)? {
        // one that was damaged begins anew, as a computer does whose folder was removed
        Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        None => Tries::default(),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    let done = change(&mut tries, now);
    let bytes = serde_json::to_vec(&tries).context("tries")?;
    private_file::replace(&path, &bytes)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(done)
}

fn read(path: &Path) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(cannot),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use protocol::AccountId;

    use super::*;

    #[test]
    fn u3_the_folder_holds_no_password_and_the_tries_outlive_the_program() {
        const PASSWORD: &str = "the shop opens at nine";
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        assert!(!is_set(folder) && record(folder).expect("readable").is_none());
        let short = set(folder, "too short").expect_err("short");
        assert!(short.to_string().contains("10 characters"), "{short}");
        set(folder, PASSWORD).expect("set");
        assert!(record(folder).expect("readable").is_some());
        for _ in 0..5 {
            let begun = count(folder, |tries, now| tries.begin(AccountId(1), now));
            assert_eq!(begun.expect("kept"), Ok(()));
        }
        let begun = count(folder, |tries, now| tries.begin(AccountId(1), now));
        assert!(begun.expect("kept").is_err(), "it is read from the disk");
        for file in std::fs::read_dir(folder).expect("listed") {
            let bytes = std::fs::read(file.expect("listed").path()).expect("readable");
            let found = bytes
                .windows(8)
                .any(|part| part == &PASSWORD.as_bytes()[..8]);
            assert!(!found);
        }
        std::fs::write(folder.join(RECORD), b"nonsense").expect("written");
        assert!(record(folder).is_err());
    }
}
