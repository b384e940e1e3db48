//! The clipboard of real X servers, with `xclip` as the other program.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::io::Write as _;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clipboard::{Clipboard, Copied, Happening, Held, Place, Reply, hold};
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

#[expect(dead_code, reason = "each program uses a part of this")]
#[path = "../../capture/tests/xvfb/mod.rs"]
mod xvfb;

use xvfb::Xvfb;

const PATIENCE: Duration = Duration::from_secs(20);
const TEXT: ClipboardKind = ClipboardKind::Text;

type Contents = Result<Bytes, ClipboardFault>;

/// A clipboard on a display of its own.
struct Desk {
    clipboard: Arc<dyn Clipboard>,
    told: Receiver<Happening>,
    xvfb: Xvfb,
}

impl Desk {
    fn new() -> Self {
        let xvfb = Xvfb::start("640x480x24");
        let (clipboard, told) = open(&xvfb);
        let desk = Self {
            clipboard,
            told,
            xvfb,
        };
        // once it answers, it is open
        let nothing = soon(&desk.fetch(0, TEXT));
        assert_eq!(nothing, Err(ClipboardFault::REPLACED));
        desk
    }

    /// The next copy that is told.
    fn copied(&self) -> Copied {
        match self.told.recv_timeout(PATIENCE) {
            Ok(Happening::Copied(copied)) => copied,
            other => unreachable!("{other:?}"),
        }
    }

    /// Another program copies `bytes`.
    fn copy(&self, target: &str, bytes: &[u8]) -> Owner {
        let mut command = self.xvfb.command("xclip");
        command.args(["-quiet", "-selection", "clipboard", "-t", target, "-in"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = command.stderr(Stdio::null()).spawn().expect("xclip");
        let mut stdin = process.stdin.take().expect("a pipe");
        stdin.write_all(bytes).expect("xclip reads");
        drop(stdin);
        Owner(process)
    }

    /// Another program begins to paste.
    fn begin_paste(&self, target: &str) -> Child {
        let mut command = self.xvfb.command("timeout");
        command.args(["20", "xclip", "-selection", "clipboard", "-out"]);
        command.args(["-t", target]).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().expect("xclip")
    }

    /// What another program pastes, if it is given anything.
    fn paste(&self, target: &str) -> Option<Vec<u8>> {
        let output = self.begin_paste(target).wait_with_output();
        let output = output.expect("xclip");
        output.status.success().then_some(output.stdout)
    }

    fn fetch(&self, number: u64, kind: ClipboardKind) -> Receiver<Contents> {
        let (sender, contents) = sync_channel(16);
        let reply = move |contents| drop(sender.send(contents));
        self.clipboard.fetch(number, kind, Box::new(reply));
        contents
    }

    /// Holds what of each kind is given; counts how often it is asked for.
    fn hold(&self, contents: &[(ClipboardKind, Vec<u8>)]) -> (Held, Arc<AtomicUsize>) {
        let kinds = contents.iter().map(|(kind, _)| *kind);
        let kinds = kinds.fold(ClipboardKinds::default(), ClipboardKinds::with);
        let asked = Arc::new(AtomicUsize::new(0));
        let (counts, contents) = (Arc::clone(&asked), contents.to_vec());
        let provide = move |kind, reply: Reply| {
            counts.fetch_add(1, Ordering::SeqCst);
            let (_, bytes) = contents.iter().find(|(of, _)| *of == kind).expect("held");
            reply(Ok(bytes.clone().into()));
        };
        let held = hold(&self.clipboard, kinds, Arc::new(provide));
        held.wait(PATIENCE);
        (held, asked)
    }
}

fn open(xvfb: &Xvfb) -> (Arc<dyn Clipboard>, Receiver<Happening>) {
    let (teller, told) = sync_channel(16);
    let tell = move |happening| teller.send(happening).unwrap_or_default();
    let place = Place::of_display(xvfb.display());
    (place.open(Arc::new(tell)).expect("a thread"), told)
}

/// A program that copied and stays to answer.
struct Owner(Child);

impl Owner {
    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let killed = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(killed.expect("kill").success());
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A text that is never the same twice in a row.
fn long_text(len: usize) -> Vec<u8> {
    let numbers = (0_u64..).flat_map(|n| format!("{} ", n * n % 1_000_003).into_bytes());
    numbers.take(len).collect()
}

/// As far as anybody here looks into it.
fn picture(len: usize) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0".to_vec();
    png.extend((0_u8..=250).cycle().take(len));
    png
}

fn soon(contents: &Receiver<Contents>) -> Contents {
    contents.recv_timeout(PATIENCE).expect("an answer")
}

#[test]
fn what_another_program_copies_is_told_by_kind_and_read_when_it_is_wanted() {
    let desk = Desk::new();
    let texts = [
        ("UTF8_STRING", TEXT, "Perché no? €".as_bytes().to_vec()),
        ("text/html", ClipboardKind::Html, b"<b>bold</b>".to_vec()),
        ("image/png", ClipboardKind::Png, picture(900_000)),
        ("UTF8_STRING", TEXT, long_text(10_000_000)),
    ];
    let mut last = 0;
    for (target, kind, bytes) in texts {
        let owner = desk.copy(target, &bytes);
        let copied = desk.copied();
        assert_eq!(
            copied.kinds,
            ClipboardKinds::default().with(kind),
            "{target}"
        );
        assert!(copied.number > last && !copied.is_old);
        last = copied.number;
        let contents = soon(&desk.fetch(last, kind)).expect("contents");
        assert!(contents == bytes, "{target}");
        let wrong = soon(&desk.fetch(last - 1, kind));
        assert_eq!(wrong, Err(ClipboardFault::REPLACED));
        drop(owner);
        let gone = desk.copied();
        assert!(gone.kinds.is_empty(), "it went with its program");
        last = gone.number;
    }
}

#[test]
fn old_text_in_latin_1_comes_as_utf_8() {
    let desk = Desk::new();
    let _owner = desk.copy("STRING", b"perch\xe9");
    let copied = desk.copied();
    let contents = soon(&desk.fetch(copied.number, TEXT)).expect("contents");
    assert_eq!(contents, "perché".as_bytes());
}

#[test]
fn what_was_copied_before_it_was_opened_is_told_as_old() {
    let desk = Desk::new();
    let _owner = desk.copy("UTF8_STRING", b"before");
    assert!(!desk.copied().is_old);
    let (_clipboard, told) = open(&desk.xvfb);
    let first = told.recv_timeout(PATIENCE).expect("told");
    let kinds = ClipboardKinds::default().with(TEXT);
    let old = Copied {
        number: 1,
        kinds,
        is_old: true,
    };
    assert_eq!(first, Happening::Copied(old));
}

#[test]
fn what_is_too_large_or_no_text_is_refused() {
    let desk = Desk::new();
    let owner = desk.copy("UTF8_STRING", &long_text(17 << 20));
    let copied = desk.copied();
    let refused = soon(&desk.fetch(copied.number, TEXT));
    assert_eq!(refused, Err(ClipboardFault::TOO_LARGE));
    // its program goes on answering
    assert!(desk.paste("TARGETS").is_some());
    drop(owner);
    desk.copied();
    let _owner = desk.copy("image/png", b"GIF89a");
    let copied = desk.copied();
    let refused = soon(&desk.fetch(copied.number, ClipboardKind::Png));
    assert_eq!(refused, Err(ClipboardFault::DAMAGED));
}

#[test]
fn a_program_that_does_not_answer_is_given_up_and_a_new_copy_ends_the_wait() {
    let desk = Desk::new();
    let owner = desk.copy("UTF8_STRING", b"first");
    let first = desk.copied().number;
    owner.signal("-STOP");
    let began = Instant::now();
    let late = soon(&desk.fetch(first, TEXT));
    assert_eq!(late, Err(ClipboardFault::NO_ANSWER));
    assert!(began.elapsed() < Duration::from_secs(8));

    let waits = desk.fetch(first, TEXT);
    assert!(waits.recv_timeout(Duration::from_millis(300)).is_err());
    let _second = desk.copy("UTF8_STRING", b"second");
    let began = Instant::now();
    assert_eq!(soon(&waits), Err(ClipboardFault::REPLACED));
    assert!(began.elapsed() < Duration::from_secs(2));
    let second = desk.copied();
    let contents = soon(&desk.fetch(second.number, TEXT)).expect("contents");
    assert_eq!(contents, "second");
    owner.signal("-CONT");
}

#[test]
fn what_is_held_is_asked_for_when_a_program_pastes_it() {
    let desk = Desk::new();
    let (text, html) = ("Perché no? €".as_bytes(), b"<i>x</i>".to_vec());
    let png = picture(3_000_000);
    let all = [
        (TEXT, text.to_vec()),
        (ClipboardKind::Html, html.clone()),
        (ClipboardKind::Png, png.clone()),
    ];
    let (held, asked) = desk.hold(&all);
    let targets = desk.paste("TARGETS").expect("targets");
    let targets = String::from_utf8(targets).expect("names");
    for target in [
        "UTF8_STRING",
        "text/plain;charset=utf-8",
        "text/html",
        "image/png",
    ] {
        assert!(targets.lines().any(|line| line == target), "{targets}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody pasted");
    assert_eq!(desk.paste("UTF8_STRING").expect("text"), text);
    assert_eq!(desk.paste("STRING").expect("text"), b"Perch\xe9 no? ?");
    assert_eq!(desk.paste("text/html").expect("html"), html);
    assert!(desk.paste("image/png").expect("a picture") == png);
    assert_eq!(asked.load(Ordering::SeqCst), 3, "each once");
    assert_eq!(desk.paste("image/jpeg"), None);
    drop(held);
    assert_eq!(desk.paste("UTF8_STRING"), None, "it was let go");
}

#[test]
fn ten_megabytes_are_pasted_in_pieces_also_while_the_session_ends() {
    let desk = Desk::new();
    let text = long_text(10_000_000);
    let (held, _) = desk.hold(&[(TEXT, text.clone())]);
    assert!(desk.paste("UTF8_STRING").expect("text") == text);
    let pastes = [
        desk.begin_paste("UTF8_STRING"),
        desk.begin_paste("UTF8_STRING"),
    ];
    std::thread::sleep(Duration::from_millis(30));
    drop(held);
    let Desk {
        clipboard, xvfb, ..
    } = desk;
    drop(clipboard);
    for paste in pastes {
        let output = paste.wait_with_output().expect("xclip");
        let is_whole = output.stdout == text;
        assert!(is_whole || output.stdout.is_empty(), "all or nothing");
    }
    drop(xvfb);
}

#[test]
fn a_program_that_dies_or_stalls_while_it_pastes_holds_up_nobody() {
    let desk = Desk::new();
    let (sender, asked) = sync_channel::<Reply>(16);
    let provide = move |_kind, reply| drop(sender.send(reply));
    let kinds = ClipboardKinds::default().with(TEXT);
    let held = hold(&desk.clipboard, kinds, Arc::new(provide));
    held.wait(PATIENCE);
    let dies = desk.begin_paste("UTF8_STRING");
    let reply = asked.recv_timeout(PATIENCE).expect("asked");
    drop(Owner(dies));
    let lives = desk.begin_paste("UTF8_STRING");
    // both wait for the same contents
    assert!(asked.recv_timeout(Duration::from_millis(300)).is_err());
    let text = long_text(1_000_000);
    reply(Ok(text.clone().into()));
    let output = lives.wait_with_output().expect("xclip");
    assert!(output.stdout == text);

    // contents that never come are refused, and asked for again
    let (held, count) = desk.hold(&[(TEXT, b"again".to_vec())]);
    assert_eq!(desk.paste("UTF8_STRING").expect("text"), b"again");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    drop(held);
    let (sender, asked) = sync_channel::<Reply>(16);
    let provide = move |_kind, reply| drop(sender.send(reply));
    // for text xclip would ask once more, for an older kind
    let kinds = ClipboardKinds::default().with(ClipboardKind::Html);
    let held = hold(&desk.clipboard, kinds, Arc::new(provide));
    held.wait(PATIENCE);
    let refused = desk.begin_paste("text/html");
    drop(asked.recv_timeout(PATIENCE).expect("asked"));
    let output = refused.wait_with_output().expect("xclip");
    assert!(!output.status.success() && output.stdout.is_empty());
}

#[test]
fn a_user_who_copies_takes_the_clipboard_back() {
    let desk = Desk::new();
    let (held, _) = desk.hold(&[(TEXT, b"theirs".to_vec())]);
    assert!(desk.copied().kinds.is_empty(), "what is ours is no copy");
    let _owner = desk.copy("UTF8_STRING", b"mine");
    assert!(!desk.copied().kinds.is_empty());
    drop(held);
    assert_eq!(desk.paste("UTF8_STRING").expect("text"), b"mine");
}

#[test]
fn what_one_of_our_programs_holds_is_no_copy_to_another() {
    let desk = Desk::new();
    let (other, told) = open(&desk.xvfb);
    let (_held, asked) = desk.hold(&[(TEXT, b"round".to_vec())]);
    match told.recv_timeout(PATIENCE).expect("told") {
        Happening::Copied(copied) => assert!(copied.kinds.is_empty()),
        Happening::Lost => unreachable!("the display is there"),
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    drop(other);
}

#[test]
fn a_display_that_goes_away_is_told() {
    let mut desk = Desk::new();
    let _owner = desk.copy("UTF8_STRING", b"x");
    desk.copied();
    desk.xvfb.stop();
    let mut told = desk.told.recv_timeout(PATIENCE);
    while matches!(told, Ok(Happening::Copied(_))) {
        told = desk.told.recv_timeout(PATIENCE);
    }
    assert_eq!(told, Ok(Happening::Lost));
}
