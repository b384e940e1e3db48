//! The clipboard of Windows, with another program that copies and pastes.

#![cfg(windows)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clipboard::{Clipboard, Copied, Happening, Held, Place, Reply, hold};
use protocol::clipboard::{ClipboardFault, ClipboardKind, ClipboardKinds};

mod other_program;

use other_program::{Format, OtherProgram};

const PATIENCE: Duration = Duration::from_secs(30);
const TEXT: ClipboardKind = ClipboardKind::Text;

type Contents = Result<Bytes, ClipboardFault>;

/// The clipboard, of which there is one.
struct Desk {
    clipboard: Arc<dyn Clipboard>,
    told: Receiver<Happening>,
    other: OtherProgram,
    _turn: MutexGuard<'static, ()>,
}

impl Desk {
    fn new() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut other = OtherProgram::start();
        other.clear();
        let (clipboard, told) = open();
        Self {
            clipboard,
            told,
            other,
            _turn: turn,
        }
    }

    /// The next copy that is told.
    fn copied(&self) -> Copied {
        match self.told.recv_timeout(PATIENCE) {
            Ok(Happening::Copied(copied)) => copied,
            other => unreachable!("{other:?}"),
        }
    }

    /// The next one of which something can be had: the other program empties the clipboard before it copies.
    fn copied_something(&self) -> Copied {
        loop {
            let copied = self.copied();
            if !copied.kinds.is_empty() {
                return copied;
            }
        }
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

fn open() -> (Arc<dyn Clipboard>, Receiver<Happening>) {
    let (teller, told) = sync_channel(64);
    let tell = move |happening| teller.send(happening).unwrap_or_default();
    let place = Place::of_this_desktop();
    (place.open(Arc::new(tell)).expect("a thread"), told)
}

fn soon(contents: &Receiver<Contents>) -> Contents {
    contents.recv_timeout(PATIENCE).expect("an answer")
}

fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

/// A text that is never the same twice in a row.
fn long_text(len: usize) -> String {
    let mut text: String = (0_u64..)
        .map(|n| format!("{} ", n * n % 1_000_003))
        .take(len / 2)
        .collect();
    text.truncate(len);
    text
}

const WIDTH: u32 = 40;
const HEIGHT: u32 = 30;

fn colour(x: u32, y: u32) -> [u8; 3] {
    [x * 6, y * 8, (x * y) % 256].map(|part| u8::try_from(part).expect("below 256"))
}

fn painted() -> image::RgbImage {
    image::RgbImage::from_fn(WIDTH, HEIGHT, |x, y| image::Rgb(colour(x, y)))
}

fn png() -> Vec<u8> {
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    painted().write_with_encoder(encoder).expect("written");
    png
}

/// The same picture as programs of long ago copy it.
fn bitmap() -> Vec<u8> {
    let mut bitmap = Vec::new();
    for number in [40, WIDTH, HEIGHT, 1 | 24 << 16, 0, 0, 0, 0, 0, 0] {
        bitmap.extend(number.to_le_bytes());
    }
    for y in (0..HEIGHT).rev() {
        for x in 0..WIDTH {
            let [red, green, blue] = colour(x, y);
            bitmap.extend([blue, green, red]);
        }
    }
    bitmap
}

fn unpacked(png: &[u8]) -> image::RgbImage {
    image::load_from_memory_with_format(png, image::ImageFormat::Png)
        .expect("a PNG")
        .into_rgb8()
}

#[test]
fn s7_what_another_program_copies_is_told_by_kind_and_read_when_it_is_wanted() {
    let mut desk = Desk::new();
    let text = "Perché no? €\nÈ così.\n";
    let html = "<p>più <b>grande</b></p>";
    let head = "Version:0.9\r\nStartHTML:00000055\r\nEndHTML:00000080\r\n";
    let head = head.replace("00000055", "-1").replace("00000080", "-1");
    let places = "StartFragment:0000000000\r\nEndFragment:0000000000\r\n";
    let start = head.len() + places.len();
    let places = format!(
        "StartFragment:{start:010}\r\nEndFragment:{:010}\r\n",
        start + html.len()
    );
    let copies = [
        (
            Format::Text,
            TEXT,
            wide(&text.replace('\n', "\r\n")),
            text.as_bytes().to_vec(),
        ),
        (
            Format::Html,
            ClipboardKind::Html,
            format!("{head}{places}{html}").into_bytes(),
            html.as_bytes().to_vec(),
        ),
        (Format::Png, ClipboardKind::Png, png(), png()),
        (
            Format::Text,
            TEXT,
            wide(&long_text(10_000_000)),
            long_text(10_000_000).into_bytes(),
        ),
    ];
    let mut last = 0;
    for (format, kind, bytes, expected) in copies {
        desk.other.copy(format, &bytes);
        let copied = desk.copied_something();
        let kinds = ClipboardKinds::default().with(kind);
        assert_eq!(copied.kinds, kinds, "{format:?}");
        assert!(copied.number > last && !copied.is_old);
        last = copied.number;
        let contents = soon(&desk.fetch(last, kind)).expect("contents");
        assert!(contents == expected, "{format:?}: {} bytes", contents.len());
        let wrong = soon(&desk.fetch(last - 1, kind));
        assert_eq!(wrong, Err(ClipboardFault::REPLACED));
    }
    desk.other.copy(Format::Bitmap, &bitmap());
    let copied = desk.copied_something();
    assert_eq!(
        copied.kinds,
        ClipboardKinds::default().with(ClipboardKind::Png)
    );
    let contents = soon(&desk.fetch(copied.number, ClipboardKind::Png)).expect("a picture");
    assert!(unpacked(&contents) == painted(), "pixel by pixel");
}

#[test]
fn s7_what_was_copied_before_it_was_opened_is_told_as_old() {
    let mut desk = Desk::new();
    desk.other.copy(Format::Text, &wide("before"));
    desk.copied_something();
    let (_clipboard, told) = open();
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
fn s7_what_is_too_large_or_not_what_it_says_is_refused() {
    let mut desk = Desk::new();
    desk.other.copy(Format::Text, &wide(&long_text(17 << 20)));
    let copied = desk.copied_something();
    let refused = soon(&desk.fetch(copied.number, TEXT));
    assert_eq!(refused, Err(ClipboardFault::TOO_LARGE));
    for (format, kind) in [
        (Format::Html, ClipboardKind::Html),
        (Format::Png, ClipboardKind::Png),
        (Format::Bitmap, ClipboardKind::Png),
    ] {
        desk.other.copy(
            format,
            b"GIF89a of no kind, and long enough to be read as a head of something",
        );
        let copied = desk.copied_something();
        let refused = soon(&desk.fetch(copied.number, kind));
        assert_eq!(refused, Err(ClipboardFault::DAMAGED), "{format:?}");
    }
}

#[test]
fn s7_what_is_held_is_asked_for_when_a_program_pastes_it() {
    let mut desk = Desk::new();
    let (held, asked) = desk.hold(&[
        (TEXT, "uno\ndue €".as_bytes().to_vec()),
        (ClipboardKind::Html, "<i>è</i>".as_bytes().to_vec()),
        (ClipboardKind::Png, png()),
    ]);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody pasted");
    let pasted = desk.other.paste(Format::Text).expect("text");
    assert!(pasted.starts_with(&wide("uno\r\ndue €")), "{pasted:?}");
    let html = desk.other.paste(Format::Html).expect("html");
    let html = String::from_utf8(html).expect("UTF-8");
    let fragment = "<!--StartFragment--><i>è</i><!--EndFragment-->";
    assert!(
        html.starts_with("Version:0.9\r\n") && html.contains(fragment),
        "{html}"
    );
    assert!(
        desk.other
            .paste(Format::Png)
            .expect("a picture")
            .starts_with(&png())
    );
    // the older kind, which the system makes of the newer one
    let bitmap = desk.other.paste(Format::Bitmap).expect("a bitmap");
    assert_eq!(bitmap[4..8], WIDTH.to_le_bytes());
    let pixels = usize::try_from(WIDTH * HEIGHT * 4).expect("small");
    let last_row = &bitmap[bitmap.len() - pixels..];
    let [red, green, blue] = colour(7, HEIGHT - 1);
    assert_eq!(
        last_row[28..31],
        [blue, green, red],
        "the lowest row is the first"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 3, "each once");
    drop(held);
    let until = Instant::now() + PATIENCE;
    while desk.other.paste(Format::Text).is_some() {
        assert!(Instant::now() < until, "it was let go");
    }
}

#[test]
fn s7_ten_megabytes_are_pasted_and_what_does_not_come_holds_up_nobody() {
    let mut desk = Desk::new();
    let text = long_text(10_000_000);
    let (held, _) = desk.hold(&[(TEXT, text.clone().into_bytes())]);
    let pasted = desk.other.paste(Format::Text).expect("text");
    assert!(pasted.starts_with(&wide(&text)));
    drop(held);
    // contents that never come are refused, and asked for again
    let (sender, asked) = sync_channel::<Reply>(16);
    let provide = move |_kind, reply| drop(sender.send(reply));
    let kinds = ClipboardKinds::default().with(TEXT);
    let held = hold(&desk.clipboard, kinds, Arc::new(provide));
    held.wait(PATIENCE);
    desk.other.begin_paste(Format::Text);
    drop(asked.recv_timeout(PATIENCE).expect("asked"));
    assert_eq!(desk.other.pasted(), None);
    desk.other.begin_paste(Format::Text);
    let reply = asked.recv_timeout(PATIENCE).expect("asked again");
    reply(Ok(Bytes::from_static(b"at last")));
    assert!(
        desk.other
            .pasted()
            .expect("text")
            .starts_with(&wide("at last"))
    );
    // and a session that ends while a program waits for it
    drop(held);
    let (sender, asked) = sync_channel::<Reply>(16);
    let provide = move |_kind, reply| drop(sender.send(reply));
    let held = hold(&desk.clipboard, kinds, Arc::new(provide));
    held.wait(PATIENCE);
    desk.other.begin_paste(Format::Text);
    let late = asked.recv_timeout(PATIENCE).expect("asked");
    let began = Instant::now();
    drop(held);
    assert_eq!(desk.other.pasted(), None);
    assert!(began.elapsed() < Duration::from_secs(5));
    late(Ok(Bytes::from_static(b"too late")));
    assert_eq!(desk.other.paste(Format::Text), None);
}

#[test]
fn s7_a_program_that_does_not_hand_over_what_it_promised_is_given_up() {
    let mut desk = Desk::new();
    desk.other.promise_and_stall(Format::Text);
    let copied = desk.copied_something();
    let began = Instant::now();
    let late = soon(&desk.fetch(copied.number, TEXT));
    assert_eq!(late, Err(ClipboardFault::NO_ANSWER));
    assert!(began.elapsed() < Duration::from_secs(20));
    desk.other.end();
    let mut other = OtherProgram::start();
    other.copy(Format::Text, &wide("next"));
    let copied = desk.copied_something();
    let contents = soon(&desk.fetch(copied.number, TEXT)).expect("contents");
    assert_eq!(contents, "next");
}

#[test]
fn s7_a_program_that_pastes_while_the_next_is_taken_over_waits_for_nobody() {
    let mut desk = Desk::new();
    let (first, _) = desk.hold(&[(TEXT, b"first".to_vec())]);
    desk.other
        .begin_paste_after(Duration::from_millis(400), Format::Text);
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    let (_second, _) = desk.hold(&[(TEXT, b"second".to_vec())]);
    let took = began.elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
    drop(first);
    let pasted = desk.other.pasted().expect("text");
    assert!(pasted.starts_with(&wide("first")));
    let pasted = desk.other.paste(Format::Text).expect("text");
    assert!(pasted.starts_with(&wide("second")));
}

#[test]
fn s7_what_is_let_go_or_taken_over_while_a_program_has_it_open_for_long_is_so_after() {
    let mut desk = Desk::new();
    let keep = Duration::from_secs(3);
    let (first, _) = desk.hold(&[(TEXT, b"first".to_vec())]);
    desk.other.begin_paste_after(keep, Format::Text);
    std::thread::sleep(Duration::from_millis(200));
    let provide = |_kind, reply: Reply| reply(Ok(Bytes::from_static(b"second")));
    let kinds = ClipboardKinds::default().with(TEXT);
    let second = hold(&desk.clipboard, kinds, Arc::new(provide));
    drop(first);
    assert_eq!(desk.other.pasted(), None, "it was let go");
    second.wait(PATIENCE);
    let pasted = desk.other.paste(Format::Text).expect("text");
    assert!(pasted.starts_with(&wide("second")));
    let (third, _) = desk.hold(&[(TEXT, b"third".to_vec())]);
    drop(second);
    desk.other.begin_paste_after(keep, Format::Text);
    std::thread::sleep(Duration::from_millis(200));
    drop(third);
    assert_eq!(desk.other.pasted(), None, "it was let go");
    assert_eq!(desk.other.paste(Format::Text), None, "it was let go");
}

#[test]
fn s7_a_user_who_copies_takes_the_clipboard_back() {
    let mut desk = Desk::new();
    let (held, _) = desk.hold(&[(TEXT, b"theirs".to_vec())]);
    let told = desk.copied();
    assert!(told.kinds.is_empty(), "what is ours is no copy");
    desk.other.copy(Format::Text, &wide("mine"));
    assert!(!desk.copied_something().kinds.is_empty());
    drop(held);
    std::thread::sleep(Duration::from_millis(300));
    let pasted = desk.other.paste(Format::Text).expect("text");
    assert!(pasted.starts_with(&wide("mine")));
}

#[test]
fn s7_what_one_of_our_programs_holds_is_no_copy_to_another() {
    let desk = Desk::new();
    let (_other, told) = open();
    let (_held, asked) = desk.hold(&[(TEXT, b"round".to_vec())]);
    match told.recv_timeout(PATIENCE).expect("told") {
        Happening::Copied(copied) => assert!(copied.kinds.is_empty()),
        Happening::Lost => unreachable!("the desktop is there"),
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
#[ignore = "it is the other program, which the tests start"]
fn the_other_program() {
    other_program::run();
}
