//! Files from one folder to another, through the frames alone.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use files::{Incoming, IncomingError, Outgoing, Reader, Step, WhenThere};
use proptest::prelude::*;
use protocol::files::{ConflictAnswer, FileFault, FileFrame, FilePath, FileStart};
use tempfile::TempDir;

/// What a transfer told.
#[derive(Debug, Default)]
struct Told(Vec<Step>);

impl Told {
    fn landed(&self) -> Vec<&Path> {
        let landed = self.0.iter().filter_map(|step| {
            let Step::Landed(landed) = step else {
                return None;
            };
            Some(&*landed.path)
        });
        landed.collect()
    }

    fn faults(&self) -> Vec<(&str, FileFault)> {
        let failed = self.0.iter().filter_map(|step| {
            let Step::Failed { path, fault } = step else {
                return None;
            };
            Some((path.as_str(), *fault))
        });
        failed.collect()
    }
}

fn list(chosen: &[PathBuf]) -> Arc<Outgoing> {
    Arc::new(Outgoing::of(chosen, |_| true).expect("not given up"))
}

/// Carries what `reader` makes, up to `most` frames; whether it is whole.
fn carry(reader: &mut Reader, to: &mut Incoming, told: &mut Told, most: usize) -> bool {
    let mut left = most;
    while left > 0 {
        let Some(frames) = reader.frames() else {
            return true;
        };
        for frame in frames {
            if left == 0 {
                return false;
            }
            left -= 1;
            let step = to.take(frame).expect("taken");
            if step != Step::Taken {
                told.0.push(step);
            }
        }
    }
    false
}

fn send(chosen: &[PathBuf], target: &Path, when_there: WhenThere) -> Told {
    let mut told = Told::default();
    let mut to = Incoming::into_folder(target, when_there).expect("a folder");
    let mut reader = Reader::from(list(chosen), FileStart::default());
    assert!(carry(&mut reader, &mut to, &mut told, usize::MAX));
    assert_eq!(told.0.last(), Some(&Step::Done));
    told
}

/// Every file and folder below, with contents.
fn tree(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut all = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(&at).expect("readable") {
            let path = entry.expect("readable").path();
            let below = path.strip_prefix(folder).expect("below").to_owned();
            if path.is_dir() {
                all.push((below, None));
                left.push(path);
            } else {
                all.push((below, Some(fs::read(&path).expect("readable"))));
            }
        }
    }
    all.sort();
    all
}

fn folders() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    fs::create_dir(&from).expect("made");
    fs::create_dir(&to).expect("made");
    (folder, from, to)
}

#[test]
fn s6_a_folder_arrives_as_it_is_with_the_times_of_its_files() {
    let (_folder, from, to) = folders();
    let docs = from.join("Documenti è");
    fs::create_dir_all(docs.join("empty/deep")).expect("made");
    fs::write(docs.join("nothing"), "").expect("written");
    fs::write(docs.join("größe.bin"), vec![7; 500_000]).expect("written");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = fs::File::options().write(true).open(docs.join("nothing"));
    file.and_then(|file| file.set_modified(old)).expect("set");
    let told = send(std::slice::from_ref(&docs), &to, WhenThere::Ask);
    assert_eq!(tree(&to), tree(&from));
    assert_eq!(told.landed().len(), 2);
    let landed = fs::metadata(to.join("Documenti è/nothing")).expect("there");
    assert_eq!(landed.modified().expect("a time"), old);
}

#[test]
fn s6_nothing_is_overwritten_without_a_word_and_the_rest_does_not_wait() {
    let (_folder, from, to) = folders();
    for name in ["a.txt", "b.txt", "c.txt"] {
        fs::write(from.join(name), format!("new {name}")).expect("written");
    }
    fs::write(to.join("a.txt"), "old a").expect("written");
    fs::write(to.join("b.txt"), "old b").expect("written");
    let chosen = ["a.txt", "b.txt", "c.txt"].map(|name| from.join(name));
    let of = list(&chosen);
    let mut told = Told::default();
    let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
    let mut reader = Reader::from(Arc::clone(&of), FileStart::default());
    assert!(carry(&mut reader, &mut incoming, &mut told, usize::MAX));
    assert_eq!(told.landed(), [Path::new("c.txt")]);
    let asked = told.0.iter().filter_map(|step| {
        let Step::Asked(asked) = step else {
            return None;
        };
        Some((
            asked.entry,
            asked.path.as_str(),
            asked.here.bytes,
            asked.comes.bytes,
        ))
    });
    let asked: Vec<_> = asked.collect();
    assert_eq!(asked, [(0, "a.txt", 5, 9), (1, "b.txt", 5, 9)]);
    assert_eq!(
        fs::read_to_string(to.join("a.txt")).expect("there"),
        "old a"
    );
    assert_eq!(incoming.question().map(|asked| asked.entry), Some(0));

    let landed = incoming.answer(0, ConflictAnswer::Replace);
    assert!(
        matches!(&landed, Some(Step::Landed(landed)) if landed.replaced),
        "{landed:?}"
    );
    let landed = incoming.answer(1, ConflictAnswer::KeepBoth);
    assert!(
        matches!(&landed, Some(Step::Landed(landed)) if !landed.replaced),
        "{landed:?}"
    );
    assert_eq!(incoming.question(), None);
    assert_eq!(incoming.answer(1, ConflictAnswer::Replace), None, "once");
    drop(incoming);
    let text = |name: &str| fs::read_to_string(to.join(name)).expect("there");
    assert_eq!(text("a.txt"), "new a.txt");
    assert_eq!(text("b.txt"), "old b");
    assert_eq!(text("b (2).txt"), "new b.txt");
    assert_eq!(tree(&to).len(), 4);
}

#[test]
fn s6_a_file_is_replaced_only_when_the_new_one_is_whole_and_only_a_file() {
    let (folder, from, to) = folders();
    fs::write(from.join("a"), vec![1; 700_000]).expect("written");
    fs::write(to.join("a"), "old").expect("written");
    #[cfg(unix)]
    fs::set_permissions(to.join("a"), PermissionsExt::from_mode(0o600)).expect("closed");
    let of = list(&[from.join("a")]);
    let begun = |most| {
        let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
        let mut reader = Reader::from(Arc::clone(&of), FileStart::default());
        carry(&mut reader, &mut incoming, &mut Told::default(), most);
        (incoming, reader)
    };
    // answered in the middle, and broken off
    let (mut incoming, _) = begun(3);
    assert_eq!(incoming.answer(0, ConflictAnswer::Replace), None);
    drop(incoming);
    assert_eq!(fs::read(to.join("a")).expect("there"), b"old");
    // damaged
    let (mut incoming, _) = begun(3);
    incoming.answer(0, ConflictAnswer::Replace);
    let step = incoming.take(FileFrame::End { digest: [0; 32] });
    assert!(matches!(step, Ok(Step::Failed { .. })), "{step:?}");
    drop(incoming);
    assert_eq!(fs::read(to.join("a")).expect("there"), b"old");
    // whole
    let (mut incoming, mut reader) = begun(3);
    incoming.answer(0, ConflictAnswer::Replace);
    carry(&mut reader, &mut incoming, &mut Told::default(), usize::MAX);
    drop(incoming);
    assert_eq!(fs::read(to.join("a")).expect("there").len(), 700_000);
    #[cfg(unix)]
    {
        let mode = fs::metadata(to.join("a")).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "nobody else may read it now");
    }
    // it became a link while the question stood, or a folder where only administrators make links
    let (mut incoming, _) = begun(usize::MAX);
    fs::remove_file(to.join("a")).expect("removed");
    let theirs = folder.path().join("theirs");
    fs::write(&theirs, "theirs").expect("written");
    #[cfg(unix)]
    symlink(&theirs, to.join("a")).expect("linked");
    #[cfg(not(unix))]
    fs::create_dir(to.join("a")).expect("made");
    let step = incoming.answer(0, ConflictAnswer::Replace);
    let in_the_way = |step: &Option<Step>| matches!(step, Some(Step::Failed { fault, .. }) if *fault == FileFault::IN_THE_WAY);
    assert!(in_the_way(&step), "{step:?}");
    drop(incoming);
    assert_eq!(fs::read(&theirs).expect("there"), b"theirs");
    // and what is no file is not asked about: the new one gets a number
    let told = send(&[from.join("a")], &to, WhenThere::Ask);
    assert_eq!(told.landed(), [Path::new("a (2)")]);
}

#[test]
fn s6_what_is_skipped_in_the_middle_is_not_waited_for() {
    let (_folder, from, to) = folders();
    for name in ["a", "b"] {
        fs::write(from.join(name), vec![1; 900_000]).expect("written");
    }
    fs::write(to.join("a"), "old").expect("written");
    let of = list(&[from.join("a"), from.join("b")]);
    // its sender hears of it at once, later, or in another stream
    for hears in 0..3 {
        let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
        let mut told = Told::default();
        let mut reader = Reader::from(Arc::clone(&of), FileStart::default());
        assert!(!carry(&mut reader, &mut incoming, &mut told, 2));
        let start = incoming.start();
        let step = incoming.answer(0, ConflictAnswer::Skip);
        let left = |step: &Option<Step>| matches!(step, Some(Step::Skipped { bytes_to_come, .. }) if *bytes_to_come > 0);
        assert!(left(&step), "{step:?}");
        match hears {
            0 => reader.skip(0),
            1 => {}
            _ => reader = Reader::from(Arc::clone(&of), start),
        }
        assert!(carry(&mut reader, &mut incoming, &mut told, usize::MAX));
        drop(incoming);
        assert_eq!(told.landed(), [Path::new("b")]);
        assert_eq!(fs::read(to.join("a")).expect("there"), b"old");
        fs::remove_file(to.join("b")).expect("removed");
    }
}

#[cfg(unix)]
#[test]
fn s6_links_are_not_followed_and_are_told() {
    let (folder, from, to) = folders();
    let secret = folder.path().join("secret");
    fs::create_dir(&secret).expect("made");
    fs::write(secret.join("key"), "secret").expect("written");
    symlink(&secret, from.join("link")).expect("linked");
    symlink("/etc/passwd", from.join("file")).expect("linked");
    symlink(".", from.join("loop")).expect("linked");
    fs::write(from.join("plain"), "plain").expect("written");
    let of = Outgoing::of(std::slice::from_ref(&from), |_| true).expect("a list");
    assert_eq!(of.skipped().len(), 3);
    assert!(
        of.skipped()
            .iter()
            .all(|skipped| skipped.fault == FileFault::NO_FILE)
    );
    send(std::slice::from_ref(&from), &to, WhenThere::Ask);
    let there: Vec<PathBuf> = tree(&to).into_iter().map(|(path, _)| path).collect();
    assert_eq!(there, [PathBuf::from("from"), PathBuf::from("from/plain")]);
}

#[cfg(unix)]
#[test]
fn s6_a_link_in_the_folder_that_files_come_to_leads_nowhere() {
    let (folder, from, to) = folders();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).expect("made");
    fs::create_dir(from.join("docs")).expect("made");
    fs::write(from.join("docs/a"), "a").expect("written");
    symlink(&outside, to.join("docs")).expect("linked");
    let told = send(&[from.join("docs")], &to, WhenThere::Replace);
    assert_eq!(told.landed(), Vec::<&Path>::new());
    assert_eq!(told.faults().len(), 2, "{told:?}");
    assert_eq!(tree(&outside), []);
    // a file that is a link itself is replaced, and not what it leads to
    fs::remove_file(to.join("docs")).expect("removed");
    fs::write(outside.join("a"), "theirs").expect("written");
    symlink(outside.join("a"), to.join("a")).expect("linked");
    let told = send(&[from.join("docs/a")], &to, WhenThere::Replace);
    assert_eq!(told.faults(), [("a", FileFault::IN_THE_WAY)]);
    assert_eq!(
        fs::read_to_string(outside.join("a")).expect("there"),
        "theirs"
    );
}

#[test]
fn s6_what_cannot_be_read_or_changes_is_told_and_the_rest_arrives() {
    let (_folder, from, to) = folders();
    fs::write(from.join("a"), vec![1; 400_000]).expect("written");
    fs::write(from.join("b"), "b").expect("written");
    let of = list(&[from.join("a"), from.join("b"), from.join("gone")]);
    assert_eq!(of.skipped()[0].fault, FileFault::GONE);
    let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
    let mut told = Told::default();
    let mut reader = Reader::from(Arc::clone(&of), FileStart::default());
    assert!(!carry(&mut reader, &mut incoming, &mut told, 2));
    // while it is sent
    fs::write(from.join("a"), vec![2; 300_000]).expect("written");
    let start = incoming.start();
    assert!(start.has.is_some_and(|has| has.bytes > 0));
    // the same stream finds it out
    assert!(carry(&mut reader, &mut incoming, &mut told, usize::MAX));
    assert_eq!(told.faults(), [("a", FileFault::CHANGED)]);
    assert_eq!(told.landed(), [Path::new("b")]);
    drop(incoming);
    assert_eq!(tree(&to).len(), 1, "nothing half is left");
}

#[test]
fn s6_a_file_that_changed_while_the_line_was_cut_comes_anew() {
    let (_folder, from, to) = folders();
    fs::write(from.join("a"), vec![1; 700_000]).expect("written");
    let of = list(&[from.join("a")]);
    let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
    let mut told = Told::default();
    let mut reader = Reader::from(Arc::clone(&of), FileStart::default());
    assert!(!carry(&mut reader, &mut incoming, &mut told, 3));
    fs::write(from.join("a"), vec![2; 600_000]).expect("written");
    let mut reader = Reader::from(of, incoming.start());
    assert!(carry(&mut reader, &mut incoming, &mut told, usize::MAX));
    drop(incoming);
    assert_eq!(tree(&to), tree(&from));
}

#[test]
fn s6_what_a_killed_program_left_goes_and_what_another_writes_stays() {
    let (_folder, from, to) = folders();
    fs::write(from.join("a"), vec![1; 700_000]).expect("written");
    let parts = || {
        let all = fs::read_dir(&to).expect("readable").flatten();
        all.filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(".pure-help-desk-")
        })
        .count()
    };
    let begun = || {
        let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
        let mut reader = Reader::from(list(&[from.join("a")]), FileStart::default());
        carry(&mut reader, &mut incoming, &mut Told::default(), 2);
        incoming
    };
    let first = begun();
    let second = begun();
    assert_eq!(parts(), 2, "both are at work");
    drop(first);
    // as a killed one leaves it: the folder is there, and nobody holds its lock
    let left = to.join(".pure-help-desk-0badcafe");
    fs::create_dir(&left).expect("made");
    fs::write(left.join("lock"), "").expect("written");
    fs::write(left.join("0"), "half").expect("written");
    let third = begun();
    assert!(!left.exists());
    assert_eq!(parts(), 2);
    drop((second, third));
    assert_eq!(parts(), 0);
}

#[cfg(unix)]
#[test]
fn s6_where_nobody_may_write_it_is_told() {
    let (_folder, from, to) = folders();
    fs::write(from.join("a"), "a").expect("written");
    fs::set_permissions(&to, PermissionsExt::from_mode(0o555)).expect("closed");
    let made = Incoming::into_folder(&to, WhenThere::Ask);
    // root may write anywhere
    let is_root = fs::write(to.join("probe"), "").is_ok();
    assert_eq!(made.is_err(), !is_root);
    let missing = Incoming::into_folder(&to.join("missing"), WhenThere::Ask);
    assert!(matches!(missing, Err(IncomingError::Folder(_))));
}

/// A name, a few of which are the same.
fn name() -> impl Strategy<Value = String> {
    // Windows has no file with the others in its name
    let any = if cfg!(windows) {
        "[a-zé漢 .]{1,12}x"
    } else {
        "[a-zé漢 .:*?]{1,12}x"
    };
    prop_oneof!["[a-c]", any]
}

fn files() -> impl Strategy<Value = Vec<(Vec<String>, Vec<u8>)>> {
    let path = prop::collection::vec(name(), 1..4);
    let contents = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        (any::<u8>(), 190_000_usize..600_000).prop_map(|(byte, len)| vec![byte; len]),
    ];
    prop::collection::vec((path, contents), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// However often it is cut, everything arrives once and as it was.
    #[test]
    fn s6_what_is_cut_goes_on_and_arrives_whole(
        files in files(),
        cuts in prop::collection::vec(0_usize..12, 0..6),
    ) {
        let (_folder, from, to) = folders();
        for (path, contents) in files {
            let path: PathBuf = std::iter::once("top".to_owned()).chain(path).collect();
            let path = from.join(path);
            // a folder may be where a file is wanted
            if fs::create_dir_all(path.parent().expect("below")).is_ok() {
                drop(fs::write(path, contents));
            }
        }
        prop_assume!(from.join("top").is_dir());
        let of = list(&[from.join("top")]);
        let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
        let mut told = Told::default();
        for most in cuts {
            let mut reader = Reader::from(Arc::clone(&of), incoming.start());
            carry(&mut reader, &mut incoming, &mut told, most);
        }
        let mut reader = Reader::from(Arc::clone(&of), incoming.start());
        prop_assert!(carry(&mut reader, &mut incoming, &mut told, usize::MAX));
        drop(incoming);
        prop_assert_eq!(tree(&to), tree(&from));
        prop_assert_eq!(told.landed().len(), usize::try_from(of.files()).expect("few"));
    }

    /// Whenever it is answered and however often it is cut, each file is as the operator said.
    #[test]
    fn s6_each_file_is_as_the_operator_said(
        answers in prop::collection::vec((answer(), 0_usize..6), 1..6),
        cuts in prop::collection::vec(1_usize..12, 0..6),
    ) {
        let (_folder, from, to) = folders();
        let chosen: Vec<PathBuf> = (0..answers.len()).map(|n| from.join(format!("{n}.x"))).collect();
        for (number, file) in chosen.iter().enumerate() {
            fs::write(file, vec![1; 100_000 * number]).expect("written");
            fs::write(to.join(format!("{number}.x")), "old").expect("written");
        }
        let of = list(&chosen);
        let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
        let mut told = Told::default();
        for round in 0..=cuts.len() {
            let most = cuts.get(round).copied().unwrap_or(usize::MAX);
            let mut reader = Reader::from(Arc::clone(&of), incoming.start());
            carry(&mut reader, &mut incoming, &mut told, most);
            for (entry, (answer, when)) in (0..).zip(&answers) {
                if *when <= round || most == usize::MAX {
                    incoming.answer(entry, *answer);
                }
            }
        }
        // the last may have been skipped before its sender heard
        prop_assert_eq!(incoming.question(), None);
        drop(incoming);
        for (number, (answer, _)) in answers.iter().enumerate() {
            let len = |name: String| fs::read(to.join(name)).map(|all| all.len()).ok();
            let new = Some(100_000 * number);
            let (plain, numbered) = (len(format!("{number}.x")), len(format!("{number} (2).x")));
            let expected = match answer {
                ConflictAnswer::Replace => (new, None),
                ConflictAnswer::KeepBoth => (Some(3), new),
                ConflictAnswer::Skip => (Some(3), None),
            };
            prop_assert_eq!((plain, numbered), expected);
        }
    }

    /// Whatever a hostile sender says, nothing is written outside of the folder and nothing half is left.
    #[test]
    fn s6_nothing_leads_out_of_the_folder(frames in prop::collection::vec(frame(), 0..24)) {
        let (folder, _from, to) = folders();
        #[cfg(unix)]
        symlink(folder.path(), to.join("b")).expect("linked");
        let before = fs::read_dir(folder.path()).expect("readable").count();
        fs::write(to.join("a"), "old").expect("written");
        let mut incoming = Incoming::into_folder(&to, WhenThere::Ask).expect("a folder");
        for (number, frame) in (0..).zip(frames) {
            if incoming.take(frame).is_err() {
                break;
            }
            incoming.answer(number / 2, ConflictAnswer::Replace);
        }
        drop(incoming);
        prop_assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), before);
        for entry in fs::read_dir(&to).expect("readable").flatten() {
            let name = entry.file_name();
            prop_assert!(!name.to_string_lossy().starts_with(".pure-help-desk-"));
        }
    }
}

fn answer() -> impl Strategy<Value = ConflictAnswer> {
    prop_oneof![
        Just(ConflictAnswer::Replace),
        Just(ConflictAnswer::KeepBoth),
        Just(ConflictAnswer::Skip),
    ]
}

fn frame() -> impl Strategy<Value = FileFrame> {
    let path = "[abc](/[abc\u{202e}]){0,2}";
    let path = path.prop_map(|path| FilePath::try_from(&*path).expect("a path"));
    let data = prop::collection::vec(any::<u8>(), 0..6);
    prop_oneof![
        (0_u32..4, path.clone()).prop_map(|(entry, path)| FileFrame::Folder { entry, path }),
        (
            0_u32..4,
            path.clone(),
            0_u64..6,
            any::<i64>(),
            0_u64..3,
            0_u64..3
        )
            .prop_map(
                |(entry, path, bytes, modified_unix_millis, version, from)| FileFrame::File {
                    entry,
                    path,
                    bytes,
                    modified_unix_millis,
                    version,
                    from,
                }
            ),
        data.clone().prop_map(|data| FileFrame::Piece(data.into())),
        data.prop_map(|data| FileFrame::End {
            digest: *blake3::hash(&data).as_bytes()
        }),
        (0_u32..4, path).prop_map(|(entry, path)| FileFrame::Broken {
            entry,
            path,
            fault: FileFault::GONE
        }),
        Just(FileFrame::Done),
    ]
}
