//! What is in a folder, whatever is in it (S6).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use files::browse::{self, Shown};
use proptest::prelude::*;
use protocol::browse::{ListedEntry, ListedKind, MAX_ENTRIES_AT_ONCE};
use protocol::files::FileFault;

fn listed(path: &Path) -> (Shown, Vec<ListedEntry>) {
    let (mut shown, mut lister) = browse::begin(path.to_owned()).expect("a folder");
    let mut all = Vec::new();
    loop {
        let (names, some) = lister.some();
        assert_eq!(names.len(), some.len());
        assert!(some.len() <= MAX_ENTRIES_AT_ONCE);
        if some.is_empty() {
            assert!(!lister.is_cut());
            return (shown, all);
        }
        shown.add(names);
        all.extend(some);
    }
}

#[test]
fn s6_a_folder_of_many_comes_in_parts_that_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..1000 {
        fs::write(folder.path().join(number.to_string()), "x").expect("written");
    }
    let (shown, all) = listed(folder.path());
    assert_eq!((shown.count(), all.len()), (1000, 1000));
    assert_eq!(shown.entry(1000), None);
    assert_eq!(shown.above(0), folder.path());
    assert_eq!(shown.above(u16::MAX), browse::computer());
}

#[cfg(unix)]
#[test]
fn s6_no_link_and_no_pipe_is_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/etc", &link).expect("linked");
    let (_, all) = listed(folder.path());
    assert_eq!(all[0].kind, ListedKind::Link);
    assert_eq!(browse::begin(link).err(), Some(FileFault::NO_FILE));
    let gone = folder.path().join("gone");
    assert_eq!(browse::begin(gone).err(), Some(FileFault::GONE));
    let (_, devices) = listed(Path::new("/dev"));
    let null = devices.iter().find(|e| e.name.as_str() == "null");
    assert_eq!(null.map(|null| null.kind), Some(ListedKind::Other));
}

/// Any name that a file system takes.
#[cfg(unix)]
fn name() -> impl Strategy<Value = OsString> {
    use std::os::unix::ffi::OsStringExt as _;

    let byte = any::<u8>().prop_filter("no name has it", |byte| !matches!(byte, 0 | b'/'));
    let bytes = prop_oneof![
        prop::collection::vec(byte, 1..255),
        Just("\u{202e}txt.exe\n\u{1b}[2J".as_bytes().to_vec()),
    ];
    bytes
        .prop_filter("no file's", |bytes| !matches!(&**bytes, b"." | b".."))
        .prop_map(OsString::from_vec)
}

/// Any name that Windows takes, which does not tell capitals from others.
#[cfg(windows)]
fn name() -> impl Strategy<Value = OsString> {
    prop_oneof![
        "[a-zé漢\u{202e} .,;=+\\[\\]]{1,80}x",
        Just("\u{202e}txt.exe".to_owned()),
    ]
    .prop_map(OsString::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Each entry is one of the folder's, by its own name, and leads to that and nowhere else.
    #[test]
    fn s6_every_entry_is_what_it_is_and_where_it_is(
        names in prop::collection::btree_set(name(), 0..20),
        number in any::<u32>(),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut there = BTreeMap::new();
        for (bytes, name) in names.iter().enumerate() {
            let path = folder.path().join(name);
            fs::write(&path, vec![7; bytes]).expect("written");
            there.insert(path, bytes);
        }
        let (shown, all) = listed(folder.path());
        prop_assert_eq!(all.len(), there.len());
        for (entry, listed) in (0..).zip(&all) {
            let path = shown.entry(entry).expect("listed");
            let name = path.file_name().expect("a name").to_string_lossy();
            prop_assert_eq!(listed.name.as_str(), &*name);
            let bytes = there.remove(&path).expect("one of them, once");
            prop_assert_eq!(listed.bytes, u64::try_from(bytes).expect("small"));
            prop_assert_eq!(listed.kind, ListedKind::File);
        }
        if let Some(path) = shown.entry(number) {
            prop_assert_eq!(path.parent(), Some(folder.path()));
        }
    }
}
