//! Films of every format there ever was are opened, checked, sought and exported.
//!
//! `fixtures/` holds one recording for each version of the recording's format and of the codec's,
//! made by the program that wrote that version. They are never made anew. Whoever raises a version
//! first adds to [`script`] what is new in it, then makes one more file with
//!
//! ```text
//! cargo test -p hub-film --test old_films -- --ignored --nocapture make_a_film_of_today
//! ```
//!
//! and puts what that prints into [`FIXTURES`].

#[path = "../../../crates/codec/tests/sections/mod.rs"]
mod sections;
#[expect(dead_code, reason = "the other tests do more with a session")]
mod session;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use codec::{DamageHint, Decoder, Encoder, Level, Line, Picture, PixelSize, Rect};
use recording::{
    Body, ChatAuthor, EndedBy, Entry, Event, Recorder, Recording, RecordingMeta, Rights, Side,
};
use session::{page, pointer_at, psnr};

const SCREEN: PixelSize = PixelSize::new(320, 200);
const SMALL_SCREEN: PixelSize = PixelSize::new(200, 160);
/// Its film has fewer pixels.
const LARGE_SCREEN: PixelSize = PixelSize::new(1216, 848);
const PHOTO: Rect = Rect::new(160, 80, 112, 96);
const NARROW: Line = Line {
    bytes_per_second: Some(20_000),
};
/// Where the pointer is, once it was told.
const POINTER: (u32, u32) = (100, 80);
const POINTER_SIDE: u32 = 12;
const POINTER_MILLIS: u64 = 2_000;

/// A recording that is kept, and what it shows.
struct Fixture {
    name: &'static str,
    /// Of the film that is made of it.
    size: PixelSize,
    entries: u64,
    duration_millis: u64,
    chat: &'static [&'static str],
    /// Milliseconds, and the hash of the screen that then stood for a while.
    moments: &'static [(u64, &'static str)],
    gaps: &'static [&'static str],
    /// Milliseconds within gaps of the host or the hub.
    lost: &'static [u64],
}

const FIXTURES: &[Fixture] = &[
    Fixture {
        name: "recording-1-codec-3.film",
        size: SCREEN,
        entries: 31,
        duration_millis: 15_000,
        chat: &["Bòb: it does not print", "Ada: now it does"],
        moments: &[
            (1_400, "5ba4293d925e1d92"),
            (2_650, "c7ccbbe31a63c067"),
            (3_650, "5ba4293d925e1d92"),
            (4_650, "2eb37645d9b7515f"),
            (5_450, "0373b00f15a71b9b"),
            (9_150, "ae9f117db9b3e7f3"),
            (10_650, "5b3ad4bc57d1d0e2"),
            (13_150, "9199a6024f5e951f"),
        ],
        gaps: &[],
        lost: &[],
    },
    Fixture {
        name: "recording-2-codec-3.film",
        size: SCREEN,
        entries: 44,
        duration_millis: 28_000,
        chat: &[
            "Bòb: it does not print",
            "Ada: now it does",
            "Ada: there you are again",
        ],
        moments: &[
            (1_400, "5ba4293d925e1d92"),
            (2_650, "c7ccbbe31a63c067"),
            (3_650, "5ba4293d925e1d92"),
            (4_650, "2eb37645d9b7515f"),
            (5_450, "0373b00f15a71b9b"),
            (9_150, "ae9f117db9b3e7f3"),
            (10_650, "5b3ad4bc57d1d0e2"),
            (13_150, "9199a6024f5e951f"),
            (19_150, "c4e3a72274ea0b6e"),
            (26_150, "5a1381258a9093db"),
        ],
        gaps: &[
            "15.000 s to 16.000 s: connection lost: operator Bea",
            "16.000 s to 19.000 s: connection lost: the user's computer",
            "21.000 s to 26.000 s: connection lost: the hub",
        ],
        lost: &[16_150, 18_900, 21_150, 25_900],
    },
    Fixture {
        name: "recording-3-codec-4.film",
        size: SCREEN,
        entries: 48,
        duration_millis: 34_000,
        chat: &[
            "Bòb: it does not print",
            "Ada: now it does",
            "Ada: there you are again",
        ],
        moments: &[
            (1_400, "5ba4293d925e1d92"),
            (2_650, "c7ccbbe31a63c067"),
            (3_650, "5ba4293d925e1d92"),
            (4_650, "2eb37645d9b7515f"),
            (5_450, "0373b00f15a71b9b"),
            (9_150, "ae9f117db9b3e7f3"),
            (10_650, "5b3ad4bc57d1d0e2"),
            (13_150, "9199a6024f5e951f"),
            (19_150, "c4e3a72274ea0b6e"),
            (26_150, "5a1381258a9093db"),
            (30_300, "111cb9dfecd78e90"),
            (30_500, "81fcaa00bcedd332"),
        ],
        gaps: &[
            "15.000 s to 16.000 s: connection lost: operator Bea",
            "16.000 s to 19.000 s: connection lost: the user's computer",
            "21.000 s to 26.000 s: connection lost: the hub",
        ],
        lost: &[16_150, 18_900, 21_150, 25_900],
    },
    Fixture {
        name: "recording-3-codec-5.film",
        size: LARGE_SCREEN,
        entries: 55,
        duration_millis: 36_000,
        chat: &[
            "Bòb: it does not print",
            "Ada: now it does",
            "Ada: there you are again",
        ],
        moments: &[
            (1_400, "5ba4293d925e1d92"),
            (2_650, "c7ccbbe31a63c067"),
            (3_650, "5ba4293d925e1d92"),
            (4_650, "2eb37645d9b7515f"),
            (5_450, "0373b00f15a71b9b"),
            (9_150, "ae9f117db9b3e7f3"),
            (10_650, "5b3ad4bc57d1d0e2"),
            (13_150, "9199a6024f5e951f"),
            (19_150, "c4e3a72274ea0b6e"),
            (26_150, "5a1381258a9093db"),
            (30_300, "111cb9dfecd78e90"),
            (30_500, "81fcaa00bcedd332"),
            (34_450, "84e169858e42e9fc"),
        ],
        gaps: &[
            "15.000 s to 16.000 s: connection lost: operator Bea",
            "16.000 s to 19.000 s: connection lost: the user's computer",
            "21.000 s to 26.000 s: connection lost: the hub",
        ],
        lost: &[16_150, 18_900, 21_150, 25_900],
    },
];

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A copy, since whoever opens an unfinished one may write beside it.
fn copy_of(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join(name);
    std::fs::copy(path_of(name), &path).expect("the fixture is there");
    (folder, path)
}

fn hash_of(picture: &Picture) -> String {
    let mut hasher = blake3::Hasher::new();
    for side in [picture.size().width, picture.size().height] {
        hasher.update(&side.to_le_bytes());
    }
    for pixel in picture.pixels() {
        hasher.update(&pixel.to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The screen at `millis`, as a player shows it that seeks there.
fn screen_at(recording: &Recording, millis: u64) -> Picture {
    let at_micros = millis * 1000;
    let entries = recording.entries_from_reset(at_micros).expect("readable");
    let mut decoder = Decoder::new();
    for entry in entries.map(|entry| entry.expect("sound")) {
        if entry.at_micros > at_micros {
            break;
        }
        if let Body::Screen { payload, .. } = entry.body {
            decoder.apply(&payload).expect("the encoder's own");
        }
    }
    decoder.picture().expect("it began with a reset").clone()
}

#[test]
fn films_of_every_format_are_as_they_were_recorded() {
    for fixture in FIXTURES {
        let (_folder, path) = copy_of(fixture.name);
        let recording = Recording::open(&path).expect(fixture.name);
        let found = recording.verify();
        assert_eq!(found.first_fault, None, "{}", fixture.name);
        assert_eq!((found.entries, found.finished), (fixture.entries, true));
        assert_eq!(
            recording.duration_micros().expect("readable"),
            fixture.duration_millis * 1000
        );
        let said: Vec<String> = recording
            .timeline()
            .filter_map(|entry| match entry.expect("sound").body {
                Body::Chat { name, text, .. } => Some(format!("{name}: {text}")),
                Body::Screen { .. } | Body::Pointer(_) | Body::Event(_) => None,
            })
            .collect();
        assert_eq!(said, fixture.chat, "{}", fixture.name);
        let gaps = recording.gaps().expect("readable").all;
        let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
        assert_eq!(gaps, fixture.gaps, "{}", fixture.name);
    }
}

#[test]
fn films_of_every_format_show_the_same_pixels_wherever_a_player_seeks() {
    for fixture in FIXTURES {
        let (_folder, path) = copy_of(fixture.name);
        let recording = Recording::open(&path).expect(fixture.name);
        for &(millis, hash) in fixture.moments {
            let seen = hash_of(&screen_at(&recording, millis));
            assert_eq!(seen, hash, "{} at {millis} ms", fixture.name);
        }
    }
}

#[test]
fn films_of_every_format_are_exported() {
    for fixture in FIXTURES {
        let (folder, path) = copy_of(fixture.name);
        let film = folder.path().join("out.mp4");
        let output = Command::new(env!("CARGO_BIN_EXE_hub-film"))
            .args([&path, &film])
            .args(["--fps-max", "20"])
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).expect("text");
        let last = said.lines().next_back().expect("it says what it made");
        let made: serde_json::Value = serde_json::from_str(last).expect("JSON");
        let made = &made["film"];
        assert_eq!(made["duration_millis"], fixture.duration_millis);
        assert_eq!(
            (&made["width"], &made["height"]),
            (&fixture.size.width.into(), &fixture.size.height.into())
        );
        assert_eq!(made["shortfall"], serde_json::Value::Null);
        assert_eq!(made["not_understood"], 0);

        let recording = Recording::open(&path).expect(fixture.name);
        let shown = fixture.moments.iter().map(|&(millis, _)| (millis, false));
        let lost = fixture.lost.iter().map(|&millis| (millis, true));
        let mut moments: Vec<(u64, bool)> = shown.chain(lost).collect();
        moments.sort_unstable();
        let millis: Vec<u64> = moments.iter().map(|moment| moment.0).collect();
        let Some(pictures) = pictures_at(&film, fixture.size, &millis) else {
            return;
        };
        for (seen, (millis, is_lost)) in pictures.iter().zip(moments) {
            let mut expected = on_film(fixture.size, &screen_at(&recording, millis), millis);
            let mut least = 33.0;
            if is_lost {
                darken(&mut expected);
                // but for the words on it
                least = 15.0;
            }
            let psnr = psnr(seen, &expected);
            let name = fixture.name;
            assert!(psnr > least, "{name}: {psnr:.1} dB at {millis} ms");
        }
    }
}

/// What a picture is like while the connection is lost.
fn darken(picture: &mut Picture) {
    for pixel in picture.pixels_mut() {
        let [blue, green, red, _] = pixel.to_le_bytes();
        *pixel = u32::from_le_bytes([blue / 3, green / 3, red / 3, 0]);
    }
}

/// How a screen stands in the film: in the middle, with the pointer on it.
fn on_film(size: PixelSize, screen: &Picture, millis: u64) -> Picture {
    let mut picture = Picture::new(size);
    let left = (size.width - screen.size().width) / 2;
    let top = (size.height - screen.size().height) / 2;
    let columns = |left: u32, width: u32| left as usize..(left + width) as usize;
    for y in 0..screen.size().height {
        picture.row_mut(top + y)[columns(left, screen.size().width)].copy_from_slice(screen.row(y));
    }
    if millis >= POINTER_MILLIS {
        let (x, y) = (left + POINTER.0, top + POINTER.1);
        for y in y..y + POINTER_SIDE {
            picture.row_mut(y)[columns(x, POINTER_SIDE)].fill(0x00ff_0000);
        }
    }
    picture
}

/// What a film shows at each of these times; `None` where there is no ffmpeg to look with.
#[expect(clippy::print_stdout, reason = "a test must say what it left out")]
fn pictures_at(film: &Path, size: PixelSize, millis: &[u64]) -> Option<Vec<Picture>> {
    // one picture every 50 ms, of which those are taken
    let wanted: Vec<String> = millis
        .iter()
        .map(|at| format!("eq(n,{})", at / 50))
        .collect();
    let filter = format!("fps=20,select='{}'", wanted.join("+"));
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(film)
        .args(["-vf", &filter, "-fps_mode", "passthrough"])
        .args(["-sws_flags", "accurate_rnd+full_chroma_int"])
        .args(["-pix_fmt", "bgr0", "-f", "rawvideo", "-"])
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            println!("not checked: ffmpeg: {error}");
            return None;
        }
    };
    assert!(output.status.success(), "{output:?}");
    let area = usize::try_from(size.area()).expect("small");
    let pictures: Vec<Picture> = output
        .stdout
        .chunks_exact(area * 4)
        .map(|bytes| {
            let mut picture = Picture::new(size);
            for (pixel, bytes) in picture.pixels_mut().iter_mut().zip(bytes.as_chunks().0) {
                *pixel = u32::from_le_bytes(*bytes) & 0x00ff_ffff;
            }
            picture
        })
        .collect();
    assert_eq!(pictures.len(), millis.len(), "a picture for each moment");
    Some(pictures)
}

/// Makes the fixture of today's formats; see above.
#[test]
#[ignore = "only for a new version of a format; never makes an old file anew"]
fn make_a_film_of_today() {
    let name = format!(
        "recording-{}-codec-{}.film",
        recording::FORMAT_VERSION,
        codec::FormatVersion::NEWEST
    );
    let path = path_of(&name);
    let mut host = Host::new(&path);
    script(&mut host);
    assert_eq!(host.sections, [true; 7], "a kind of section is missing");
    let recording = Recording::open(&path).expect("it was just made");
    println!(
        "{name}: {} entries, {} bytes",
        recording.verify().entries,
        std::fs::metadata(&path).expect("the file").len()
    );
    for (millis, is_exact) in host.moments {
        let seen = screen_at(&recording, millis);
        println!("({millis}, \"{}\"), // exact: {is_exact}", hash_of(&seen));
    }
}

/// A short session in which everything occurs that these formats can say.
fn script(host: &mut Host) {
    let rights = Rights::SEE | Rights::CONTROL | Rights::FILES;
    host.event(Event::Started { rights });
    for letters in 0..6 {
        host.at_millis = letters * 250;
        host.show(&page(SCREEN, letters), Line::WIDE);
    }
    host.chat(ChatAuthor::User, "Bòb", "it does not print");
    host.moment();
    host.at_millis = POINTER_MILLIS;
    let (x, y) = POINTER;
    host.append(Body::Pointer(pointer_at(x.cast_signed(), y.cast_signed())));
    // the page scrolls, and back to what was there before
    host.at_millis = 2_500;
    host.show(&page(SCREEN, 130), Line::WIDE);
    host.moment();
    host.at_millis = 3_500;
    let written = page(SCREEN, 5);
    host.show(&written, Line::WIDE);
    host.moment();
    // a photo comes coarse and becomes exact
    host.at_millis = 4_500;
    host.show(&with_photo(&written, PHOTO, 0), NARROW);
    host.moment();
    host.rest(NARROW);
    host.moment();
    // it is dragged
    host.at_millis = 9_000;
    let dragged = Rect {
        x: PHOTO.x - 77,
        y: PHOTO.y - 5,
        ..PHOTO
    };
    host.show(&with_photo(&written, dragged, 0), Line::WIDE);
    host.moment();
    // and moves as a film, until it rests
    host.at_millis = 10_000;
    for at in 1..7 {
        host.show(&with_photo(&written, dragged, at), Line::WIDE);
        host.at_millis += 50;
    }
    host.rest(Line::WIDE);
    host.moment();
    host.at_millis = 13_000;
    host.event(Event::RightsChanged {
        operator: None,
        rights: Rights::SEE,
    });
    host.event(Event::Note("the display was changed".to_owned()));
    host.show(&page(SMALL_SCREEN, 9), Line::WIDE);
    host.moment();
    host.at_millis = 14_000;
    host.chat(ChatAuthor::Operator, "Ada", "now it does");
    // from format 2 on
    host.at_millis = 15_000;
    let bea = || "Bea".to_owned();
    host.event(Event::OperatorJoined {
        name: bea(),
        rights: Rights::SEE,
    });
    host.event(Event::RightsChanged {
        operator: Some(bea()),
        rights: Rights::CONTROL | Rights::CLIPBOARD | Rights::from_bits(1 << 20),
    });
    host.event(Event::Driver { name: Some(bea()) });
    host.event(Event::Interrupted {
        side: Side::Operator { name: bea() },
    });
    host.at_millis = 16_000;
    host.event(Event::OperatorLeft { name: bea() });
    host.event(Event::Driver { name: None });
    host.event(Event::Interrupted { side: Side::Host });
    host.at_millis = 19_000;
    host.event(Event::Resumed { side: Side::Host });
    host.begin_anew(&page(SMALL_SCREEN, 12));
    host.at_millis = 21_000;
    host.chat(ChatAuthor::Operator, "Ada", "there you are again");
    host.at_millis = 26_000;
    host.outlive_the_hub();
    host.event(Event::Resumed { side: Side::Hub });
    host.begin_anew(&page(SCREEN, 3));
    // from codec 4 on: a film on the whole screen
    host.at_millis = 30_000;
    let written = page(SCREEN, 3);
    for at in 1..4 {
        host.show(&with_photo(&written, SCREEN.rect(), at), Line::WIDE);
        host.at_millis += 50;
    }
    host.moment();
    host.rest(Line::WIDE);
    host.moment();
    // from codec 5 on: a film on a large one
    host.at_millis = 34_000;
    let written = page(LARGE_SCREEN, 8);
    for at in 1..7 {
        let film = with_wide_photo(&written, LARGE_SCREEN.rect(), at, 16);
        host.show(&film, Line::WIDE);
        host.at_millis += 50;
    }
    host.moment();
    host.at_millis = 36_000;
    host.finish(EndedBy::User);
}

/// `page` with a picture of slopes and some grain, which `at` moves.
fn with_photo(page: &Picture, place: Rect, at: u32) -> Picture {
    with_wide_photo(page, place, at, 1)
}

/// The same, so many times as smooth.
fn with_wide_photo(page: &Picture, place: Rect, at: u32, width: u32) -> Picture {
    let slope = |along: u32| {
        let place = (along / width + at * 9) & 255;
        place.min(255 - place) * 3 / 2
    };
    let grain = |x: u32, y: u32| {
        let value = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ at << 13;
        (value ^ value >> 15).wrapping_mul(0x2c1b_3c6d) >> 29 >> (width - 1)
    };
    let mut picture = page.clone();
    for y in 0..place.height {
        for x in 0..place.width {
            let channel = |along| slope(along) + grain(x, y);
            let colour = channel(x + y) << 16 | channel(2 * x + y) << 8 | channel(x + 3 * y);
            picture.row_mut(place.y + y)[(place.x + x) as usize] = colour;
        }
    }
    picture
}

/// The helped side of a session that is being recorded.
struct Host {
    path: PathBuf,
    recorder: Option<Recorder>,
    encoder: Encoder,
    screen: Picture,
    seq: u64,
    at_millis: u64,
    /// Which sections, by their tags from 1 on, were told.
    sections: [bool; 7],
    /// What is worth looking at, and whether it is exact.
    moments: Vec<(u64, bool)>,
}

impl Host {
    fn new(path: &Path) -> Self {
        let meta = RecordingMeta {
            session: 7,
            operator: "Ada".to_owned(),
            requester: "Bòb".to_owned(),
            host: "bobs-pc".to_owned(),
            ticket: Some(47_110),
            started_unix_millis: 1_790_000_000_000,
            hub_version: "0.1.0".to_owned(),
        };
        Self {
            path: path.to_owned(),
            recorder: Some(Recorder::create(path, &meta).expect("there is none yet")),
            encoder: Encoder::new(Level::True),
            screen: Picture::new(SCREEN),
            seq: 0,
            at_millis: 0,
            sections: [false; 7],
            moments: Vec::new(),
        }
    }

    fn append(&mut self, body: Body) {
        let entry = Entry {
            at_micros: self.at_millis * 1000,
            body,
        };
        let recorder = self.recorder.as_mut().expect("it is being recorded");
        recorder.append(&entry).expect("room on the disk");
    }

    fn event(&mut self, event: Event) {
        self.append(Body::Event(event));
    }

    fn chat(&mut self, author: ChatAuthor, name: &str, text: &str) {
        self.append(Body::Chat {
            author,
            name: name.to_owned(),
            text: text.to_owned(),
        });
    }

    fn update(&mut self, is_reset: bool, bytes: Vec<u8>) {
        for (tag, _) in sections::of(&bytes) {
            self.sections[usize::from(tag) - 1] = true;
        }
        self.seq += 1;
        self.append(Body::Screen {
            seq: self.seq,
            is_reset,
            payload: bytes.into(),
        });
    }

    fn show(&mut self, screen: &Picture, line: Line) {
        self.screen = screen.clone();
        let now = Duration::from_millis(self.at_millis);
        while let Some(update) = self
            .encoder
            .encode(screen, DamageHint::Everything, now, line)
        {
            self.update(update.is_reset, update.bytes);
            if !self.encoder.has_more() {
                break;
            }
        }
    }

    /// Nothing changes until everything is exact.
    fn rest(&mut self, line: Line) {
        while !self.encoder.is_exact(self.screen.size().rect()) {
            self.at_millis += 100;
            let now = Duration::from_millis(self.at_millis);
            if let Some(update) = self.encoder.sharpen(now, line) {
                self.update(update.is_reset, update.bytes);
            }
        }
    }

    /// A new line, on which everything is told anew.
    fn begin_anew(&mut self, screen: &Picture) {
        self.encoder.request_reset();
        self.seq = 0;
        self.show(screen, Line::WIDE);
        self.moment();
    }

    /// The hub is killed, and comes back.
    fn outlive_the_hub(&mut self) {
        self.recorder = None;
        self.recorder = Some(Recorder::reopen(&self.path).expect("it is not finished"));
    }

    /// What is shown now stands for a while, and is worth looking at.
    fn moment(&mut self) {
        let is_exact = self.encoder.is_exact(self.screen.size().rect());
        self.moments.push((self.at_millis + 150, is_exact));
    }

    fn finish(&mut self, by: EndedBy) {
        let recorder = self.recorder.take().expect("it is being recorded");
        recorder
            .finish(by, self.at_millis * 1000)
            .expect("room on the disk");
    }
}
