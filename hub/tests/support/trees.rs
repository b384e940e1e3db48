//! Files to send, and whether two folders have the same in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that no compression and no luck makes equal.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let step = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let words = std::iter::repeat_with(step).flat_map(u64::to_le_bytes);
    words.take(bytes).collect()
}

/// Each file and folder below `at`, with the hash of what is in it.
pub(crate) fn contents(at: &Path) -> BTreeMap<PathBuf, Option<blake3::Hash>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![at.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("readable").path();
            let below = path.strip_prefix(at).expect("below").to_owned();
            if path.is_dir() {
                found.insert(below, None);
                folders.push(path);
            } else {
                let mut hasher = blake3::Hasher::new();
                let file = fs::File::open(&path).expect("readable");
                hasher.update_reader(file).expect("readable");
                found.insert(below, Some(hasher.finalize()));
            }
        }
    }
    found
}
