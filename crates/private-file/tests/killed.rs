//! A writer that is killed at any moment leaves one whole version, and nothing that stays.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Tells this program that it is the writer, and where to write.
const WRITER: &str = "PRIVATE_FILE_TEST_WRITER";
const KILLS: u64 = 50;
const FILE: &str = "settings.json";

/// A text that shows whether it is whole, up to some hundred kilobytes long.
fn version(number: u64) -> Vec<u8> {
    let words = 1 + number.wrapping_mul(7919) % 50_000;
    let words = usize::try_from(words).expect("small");
    number.to_le_bytes().repeat(words)
}

/// The number of the version in `bytes`, which must be whole.
fn number_of(bytes: &[u8]) -> u64 {
    let number = bytes[..8].try_into().expect("eight bytes");
    let number = u64::from_le_bytes(number);
    assert!(bytes == version(number), "version {number} is not whole");
    number
}

fn write_without_end(path: &Path) {
    let mut number = fs::read(path).map_or(0, |found| number_of(&found));
    loop {
        number += 1;
        private_file::replace(path, &version(number)).expect("written");
    }
}

fn start_writer(path: &Path) -> Child {
    let this_test = "a_killed_writer_leaves_one_whole_version";
    Command::new(std::env::current_exe().expect("this program"))
        .args([this_test, "--exact", "--nocapture"])
        .env(WRITER, path)
        .stdout(Stdio::null())
        .spawn()
        .expect("the writer starts")
}

fn drafts(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    names.filter(|name| name != FILE).count()
}

#[test]
fn a_killed_writer_leaves_one_whole_version() {
    if let Some(path) = std::env::var_os(WRITER) {
        write_without_end(Path::new(&path));
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE);
    let (mut last, mut leftovers) = (0, 0);
    for round in 0..KILLS {
        let mut writer = start_writer(&path);
        let end = Instant::now() + Duration::from_secs(20);
        let is_new = |path: &Path| fs::read(path).is_ok_and(|found| number_of(&found) > last);
        while !is_new(&path) {
            assert!(Instant::now() < end, "the writer does not write");
            std::thread::sleep(Duration::from_millis(1));
        }
        // at a moment of each round's own within the few milliseconds that a version takes
        std::thread::sleep(Duration::from_micros(round * 7919 % 20_000));
        // with the signal that nothing can catch, where there are signals
        writer.kill().expect("killed");
        writer.wait().expect("gone");
        let now = number_of(&fs::read(&path).expect("there"));
        assert!(now > last, "a version got lost");
        last = now;
        let left = drafts(folder.path());
        assert!(left <= 1, "{left} files of writers that were killed before");
        leftovers += left;
    }
    println!("{leftovers} of {KILLS} were killed while they wrote; version {last}");
    assert!(leftovers > 0, "no writer was killed while it wrote");
    private_file::replace(&path, b"the end").expect("written");
    assert_eq!(drafts(folder.path()), 0);
}
