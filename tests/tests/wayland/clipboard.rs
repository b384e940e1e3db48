//! The clipboard of a real compositor, with `wl-copy` and `wl-paste` as the other programs (S7).

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clipboard::{Clipboard, Copied, Happening, Held, Place, Reply, hold};
use e2e::{PATIENCE, Sway, wait_until};
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};
use tempfile::TempDir;

use super::renamed::stand_before;
use super::{OUTPUT, Play, desktop};

const TEXT: ClipboardKind = ClipboardKind::Text;
const UTF_8: &str = "text/plain;charset=utf-8";

type Contents = Result<Bytes, ClipboardFault>;

/// A clipboard on a desktop of its own.
struct Desk {
    clipboard: Arc<dyn Clipboard>,
    told: Receiver<Happening>,
    sway: Sway,
    _folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let (sway, folder) = desktop((400, 300));
        let (clipboard, told) = open(&sway);
        let desk = Self {
            clipboard,
            told,
            sway,
            _folder: folder,
        };
        // once it answers, it is open
        let nothing = soon(&desk.fetch(0, TEXT));
        assert_eq!(nothing, Err(ClipboardFault::REPLACED));
        desk
    }

    /// The next copy that is told.
    #[track_caller]
    fn copied(&self) -> Copied {
        match self.told.recv_timeout(PATIENCE) {
            Ok(Happening::Copied(copied)) => copied,
            other => unreachable!("{other:?}"),
        }
    }

    /// Another program copies `bytes`.
    fn copy(&self, format: &str, bytes: &[u8]) -> Owner {
        copy(&self.sway, format, bytes)
    }

    fn begin_paste(&self, format: &str) -> Child {
        self.sway.begin_paste(format).expect("wl-paste")
    }

    fn paste(&self, format: &str) -> Option<Vec<u8>> {
        self.sway.paste(format).expect("wl-paste")
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

    /// Holds a text that comes when the test wants it to.
    fn hold_until(&self) -> (Held, Receiver<Reply>) {
        let (sender, asked) = sync_channel::<Reply>(32);
        let provide = move |_kind, reply| drop(sender.send(reply));
        let kinds = ClipboardKinds::default().with(TEXT);
        let held = hold(&self.clipboard, kinds, Arc::new(provide));
        held.wait(PATIENCE);
        (held, asked)
    }
}

fn open(sway: &Sway) -> (Arc<dyn Clipboard>, Receiver<Happening>) {
    let (teller, told) = sync_channel(64);
    let tell = move |happening| teller.send(happening).unwrap_or_default();
    let place = Place::of_compositor(sway.socket());
    (place.open(Arc::new(tell)).expect("a thread"), told)
}

fn copy(sway: &Sway, format: &str, bytes: &[u8]) -> Owner {
    let mut process = sway.begin_copy(format).expect("wl-copy");
    let mut stdin = process.stdin.take().expect("a pipe");
    stdin.write_all(bytes).expect("wl-copy reads");
    drop(stdin);
    Owner(process)
}

/// A program that copied and stays to answer.
struct Owner(Child);

impl Owner {
    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let killed = Command::new("kill").args([signal, &pid]).status();
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
        (UTF_8, TEXT, "Perché no? €".as_bytes().to_vec()),
        ("UTF8_STRING", TEXT, "Perché no? €".as_bytes().to_vec()),
        ("text/html", ClipboardKind::Html, b"<b>bold</b>".to_vec()),
        ("image/png", ClipboardKind::Png, picture(900_000)),
        (UTF_8, TEXT, long_text(10_000_000)),
    ];
    let mut last = 0;
    for (format, kind, bytes) in texts {
        let owner = desk.copy(format, &bytes);
        let copied = desk.copied();
        assert!(copied.kinds.has(kind), "{format}: {:?}", copied.kinds);
        assert!(copied.number > last && !copied.is_old);
        last = copied.number;
        let contents = soon(&desk.fetch(last, kind)).expect("contents");
        assert!(contents == bytes, "{format}");
        let wrong = soon(&desk.fetch(last - 1, kind));
        assert_eq!(wrong, Err(ClipboardFault::REPLACED));
        drop(owner);
        let gone = desk.copied();
        assert!(gone.kinds.is_empty(), "it went with its program");
        last = gone.number;
    }
    // of a kind that does not go to the other end
    let _owner = desk.copy("image/x-none", b"x");
    assert!(desk.copied().kinds.is_empty());
}

#[test]
fn what_was_copied_before_it_was_opened_is_told_as_old() {
    let desk = Desk::new();
    let _owner = desk.copy(UTF_8, b"before");
    assert!(!desk.copied().is_old);
    let (_clipboard, told) = open(&desk.sway);
    let first = told.recv_timeout(PATIENCE).expect("told");
    let Happening::Copied(old) = first else {
        unreachable!("{first:?}")
    };
    assert!(old.is_old && old.number == 1 && old.kinds.has(TEXT));
}

#[test]
fn what_is_too_large_or_no_text_is_refused() {
    let desk = Desk::new();
    let owner = desk.copy(UTF_8, &long_text(17 << 20));
    let copied = desk.copied();
    for _ in 0..2 {
        let refused = soon(&desk.fetch(copied.number, TEXT));
        assert_eq!(refused, Err(ClipboardFault::TOO_LARGE));
    }
    // its program goes on answering
    assert_eq!(desk.paste(UTF_8).map(|text| text.len()), Some(17 << 20));
    drop(owner);
    desk.copied();
    let _owner = desk.copy("image/png", b"GIF89a");
    let copied = desk.copied();
    let refused = soon(&desk.fetch(copied.number, ClipboardKind::Png));
    assert_eq!(refused, Err(ClipboardFault::DAMAGED));
    let _owner = desk.copy(UTF_8, b"perch\xe9");
    let mut copied = desk.copied();
    while !copied.kinds.has(TEXT) {
        copied = desk.copied();
    }
    let refused = soon(&desk.fetch(copied.number, TEXT));
    assert_eq!(refused, Err(ClipboardFault::DAMAGED));
}

#[test]
fn a_program_that_does_not_answer_is_given_up_and_a_new_copy_ends_the_wait() {
    let desk = Desk::new();
    let owner = desk.copy(UTF_8, b"first");
    let first = desk.copied().number;
    owner.signal("-STOP");
    let began = Instant::now();
    let late = soon(&desk.fetch(first, TEXT));
    assert_eq!(late, Err(ClipboardFault::NO_ANSWER));
    assert!(began.elapsed() < Duration::from_secs(8));

    let waits = desk.fetch(first, TEXT);
    assert!(waits.recv_timeout(Duration::from_millis(300)).is_err());
    let _second = desk.copy(UTF_8, b"second");
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
    let formats = desk.sway.pasteable().expect("formats");
    for format in ["UTF8_STRING", UTF_8, "text/html", "image/png"] {
        assert!(formats.iter().any(|named| named == format), "{formats:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody pasted");
    assert_eq!(desk.paste(UTF_8).expect("text"), text);
    assert_eq!(desk.paste("STRING").expect("text"), b"Perch\xe9 no? ?");
    assert_eq!(desk.paste("text/html").expect("html"), html);
    assert!(desk.paste("image/png").expect("a picture") == png);
    assert_eq!(asked.load(Ordering::SeqCst), 3, "each once");
    assert_eq!(desk.paste("image/jpeg"), None);
    drop(held);
    let let_go = wait_until("it to be let go", PATIENCE, || {
        Ok(desk.paste(UTF_8).is_none().then_some(()))
    });
    let_go.expect("let go");
}

#[test]
fn ten_megabytes_are_pasted_also_while_the_session_ends() {
    let desk = Desk::new();
    let text = long_text(10_000_000);
    let (held, _) = desk.hold(&[(TEXT, text.clone())]);
    assert!(desk.paste(UTF_8).expect("text") == text);
    let pastes = [desk.begin_paste(UTF_8), desk.begin_paste(UTF_8)];
    std::thread::sleep(Duration::from_millis(30));
    drop(held);
    let Desk {
        clipboard, sway, ..
    } = desk;
    drop(clipboard);
    for paste in pastes {
        let output = paste.wait_with_output().expect("wl-paste");
        let is_whole = output.stdout == text;
        assert!(is_whole || output.stdout.is_empty(), "all or nothing");
    }
    drop(sway);
}

#[test]
fn programs_that_die_or_stall_while_they_paste_hold_up_nobody() {
    let desk = Desk::new();
    let (held, asked) = desk.hold_until();
    let dies = desk.begin_paste(UTF_8);
    let reply = asked.recv_timeout(PATIENCE).expect("asked");
    drop(Owner(dies));
    let lives = desk.begin_paste(UTF_8);
    // both wait for the same contents
    assert!(asked.recv_timeout(Duration::from_millis(300)).is_err());
    let text = long_text(1_000_000);
    reply(Ok(text.clone().into()));
    let output = lives.wait_with_output().expect("wl-paste");
    assert!(output.stdout == text);

    // nobody reads what these want
    let mut stalled: Vec<Owner> = (0..4).map(|_| Owner(desk.begin_paste(UTF_8))).collect();
    std::thread::sleep(Duration::from_millis(300));
    assert!(desk.paste(UTF_8).expect("text") == text);
    let copied = desk.copy(UTF_8, b"mine");
    while !desk.copied().kinds.has(TEXT) {}
    drop(copied);
    for stalled in &mut stalled {
        let ended = stalled.0.try_wait().expect("asked");
        assert!(ended.is_none(), "it has more than its pipe holds");
    }
    drop(held);

    // contents that never come are refused, and asked for again
    let (_held, asked) = desk.hold_until();
    for _ in 0..2 {
        let refused = desk.begin_paste(UTF_8);
        drop(asked.recv_timeout(PATIENCE).expect("asked"));
        let output = refused.wait_with_output().expect("wl-paste");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn more_programs_than_may_paste_are_refused_and_the_others_get_it() {
    let desk = Desk::new();
    let (_held, asked) = desk.hold_until();
    let first = desk.begin_paste(UTF_8);
    let reply = asked.recv_timeout(PATIENCE).expect("asked");
    let more: Vec<Child> = (0..20).map(|_| desk.begin_paste(UTF_8)).collect();
    std::thread::sleep(Duration::from_secs(1));
    reply(Ok(Bytes::from_static(b"all of it")));
    let pastes = [first].into_iter().chain(more);
    let texts = pastes.map(|paste| paste.wait_with_output().expect("wl-paste").stdout);
    let given = texts.filter(|text| text == b"all of it").count();
    assert!((16..=20).contains(&given), "{given}");
    assert_eq!(desk.paste(UTF_8).expect("text"), b"all of it");
}

#[test]
fn the_successor_of_the_protocol_is_spoken_too() {
    let (sway, folder) = desktop((400, 300));
    let at = stand_before(sway.socket(), folder.path().join("renamed"));
    let (teller, told) = sync_channel(64);
    let tell = move |happening| teller.send(happening).unwrap_or_default();
    let place = Place::of_compositor(&at);
    let desk = Desk {
        clipboard: place.open(Arc::new(tell)).expect("a thread"),
        told,
        sway,
        _folder: folder,
    };
    assert_eq!(soon(&desk.fetch(0, TEXT)), Err(ClipboardFault::REPLACED));
    let text = long_text(1_000_000);
    let _owner = desk.copy(UTF_8, &text);
    let copied = desk.copied();
    assert!(copied.kinds.has(TEXT) && !copied.is_old);
    let contents = soon(&desk.fetch(copied.number, TEXT)).expect("contents");
    assert!(contents == text);
    let (_held, asked) = desk.hold(&[(TEXT, b"held".to_vec())]);
    assert_eq!(desk.paste(UTF_8).expect("text"), b"held");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_user_who_copies_takes_the_clipboard_back() {
    let desk = Desk::new();
    let (held, _) = desk.hold(&[(TEXT, b"theirs".to_vec())]);
    assert!(desk.copied().kinds.is_empty(), "what is ours is no copy");
    let _owner = desk.copy(UTF_8, b"mine");
    while !desk.copied().kinds.has(TEXT) {}
    drop(held);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(desk.paste(UTF_8).expect("text"), b"mine");
}

#[test]
fn what_one_of_our_programs_holds_is_no_copy_to_another() {
    let desk = Desk::new();
    let (other, told) = open(&desk.sway);
    let (_held, asked) = desk.hold(&[(TEXT, b"round".to_vec())]);
    match told.recv_timeout(PATIENCE).expect("told") {
        Happening::Copied(copied) => assert!(copied.kinds.is_empty()),
        Happening::Lost => unreachable!("the compositor is there"),
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    drop(other);
}

#[test]
fn a_compositor_that_goes_away_is_told() {
    let mut desk = Desk::new();
    let _owner = desk.copy(UTF_8, b"x");
    desk.copied();
    desk.sway.running().kill_now().expect("killed");
    let mut told = desk.told.recv_timeout(PATIENCE);
    while matches!(told, Ok(Happening::Copied(_))) {
        told = desk.told.recv_timeout(PATIENCE);
    }
    assert_eq!(told, Ok(Happening::Lost));
}

#[test]
fn s7_the_clipboard_goes_both_ways_as_far_as_both_want_it() {
    let mut play = Play::begin(1, OUTPUT);
    let _session = play.session_begins().expect("a session");
    let wait_for_text = |play: &Play, text: Option<&str>| {
        wait_until("the user's clipboard", PATIENCE, || {
            let now = play.sway.paste(UTF_8)?;
            Ok((now.as_deref() == text.map(str::as_bytes)).then_some(()))
        })
        .expect("pasted");
    };
    play.operator
        .put_on_clipboard("Perché no? €")
        .expect("copied");
    wait_for_text(&play, Some("Perché no? €"));

    let user_copies = |play: &Play, text: &str| copy(&play.sway, UTF_8, text.as_bytes());
    let operator_has = |play: &Play, text: &str| {
        wait_until("the operator's clipboard", PATIENCE, || {
            let now = play.operator.clipboard()?;
            Ok((now.as_deref() == Some(text)).then_some(()))
        })
        .expect("pasted");
    };
    let answer = user_copies(&play, "The user's answer: perché");
    operator_has(&play, "The user's answer: perché");
    drop(answer);

    // a picture of the user's, as it is
    let png = play.file("picture.png");
    play.sway
        .screenshot()
        .expect("a picture")
        .save_png(&png)
        .expect("written");
    let bytes = fs::read(&png).expect("read");
    let _picture = copy(&play.sway, "image/png", &bytes);
    wait_until("the picture", PATIENCE, || {
        let pasted = Command::new("timeout")
            .args(["20", "xclip", "-display", play.operator.name()])
            .args(["-selection", "clipboard", "-t", "image/png", "-out"])
            .output()?;
        Ok((pasted.stdout == bytes).then_some(()))
    })
    .expect("pasted");

    // the user takes the right back
    play.operator.put_on_clipboard("before").expect("copied");
    wait_for_text(&play, Some("before"));
    play.user_clicks("Stop sharing the clipboard");
    wait_for_text(&play, None);
    let _private = user_copies(&play, "private");
    std::thread::sleep(Duration::from_millis(500));
    let stays = play.operator.clipboard().expect("read");
    assert_eq!(stays.as_deref(), Some("before"));
}
