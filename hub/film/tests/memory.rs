//! `hub-film` never takes more memory than its documentation states, whatever is in a recording.
//!
//! The program runs as it does for a hub, in a process of its own, and the system says what it held.

#![cfg(target_os = "linux")]

// the updates are those that the decoder's own bound is measured with
#[path = "../../../crates/codec/tests/hostile/mod.rs"]
mod hostile;
#[expect(dead_code, reason = "the other tests do more with a session")]
mod session;

use std::process::{Command, Stdio};
use std::time::Duration;

use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};
use hostile::{
    fill_the_cache, fill_the_lists_of_cells, fill_the_lists_of_pixels, play_video, reset,
};
use protocol::limits::MAX_POINTER_SIDE;
use protocol::{PointerShape, PointerUpdate};
use recording::{Body, ChatAuthor, Event, MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES};

const MIB: u64 = 1 << 20;
const LARGEST_SCREEN: PixelSize = PixelSize::new(16_384, 4_096);
/// Of which the largest film has the proportions.
const HIGH_SCREEN: PixelSize = PixelSize::new(1, 9_216);
const LARGEST_VIDEO: PixelSize = PixelSize::new(3_840, 2_160);
const FULL_HD: PixelSize = PixelSize::new(1_920, 1_080);

/// What the documentation of the crate states, in bytes.
fn bound(screen: PixelSize, video: Option<PixelSize>, film: PixelSize) -> u64 {
    let video = video.map_or(0, |video| 12 * video.area() + 32 * MIB);
    9 * screen.area() + video + 26 * film.area() + 72 * MIB
}

/// A session whose host and operator do what they can.
struct Session {
    session: session::Session,
    at_millis: u64,
}

impl Session {
    fn new() -> Self {
        Self {
            session: session::Session::new(),
            at_millis: 0,
        }
    }

    fn append(&mut self, body: Body) {
        self.session.append(self.at_millis, body);
    }

    fn screen(&mut self, payload: Vec<u8>) {
        self.append(Body::Screen {
            seq: 1,
            is_reset: payload.first() == Some(&1),
            payload: payload.into(),
        });
    }

    /// Everything that can be seen until now gets a frame.
    fn wait(&mut self) {
        self.at_millis += 200;
    }

    /// The most that a decoder can be made to hold with a picture of this size, and a film that shows
    /// it before and after.
    fn exhaust(&mut self, size: PixelSize) {
        let lists = [fill_the_lists_of_pixels, fill_the_lists_of_cells];
        self.screen(reset(size));
        self.wait();
        fill_the_cache(size).for_each(|update| self.screen(update));
        for fill in lists {
            self.screen(fill(size));
            self.screen(reset(size));
        }
        fill_the_cache(size).for_each(|update| self.screen(update));
        self.wait();
    }

    fn play(&mut self, screen: PixelSize, video: PixelSize) {
        const MAX_ACCESS_UNIT_BYTES: usize = 4 << 20;
        for length in [0, MAX_ACCESS_UNIT_BYTES] {
            play_video(video, length).for_each(|update| self.screen(update));
        }
        // with everything else at its fullest
        fill_the_cache(screen).for_each(|update| self.screen(update));
        self.wait();
        self.screen(fill_the_lists_of_pixels(screen));
    }

    fn pointer(&mut self, side: u16, bytes: usize) {
        let shape = PointerShape {
            width: side,
            height: side,
            hot_x: side,
            hot_y: 0,
            rgba: vec![0x5a; bytes].into(),
        };
        let update = PointerUpdate {
            seq: 0,
            at_micros: 0,
            x: i32::MIN,
            y: 9,
            visible: true,
            shape: Some(shape),
        };
        let bytes = postcard::to_allocvec(&update).expect("it serialises");
        self.append(Body::Pointer(bytes.into()));
    }

    /// Makes the film, for which the program may hold so many bytes.
    #[expect(clippy::print_stdout, reason = "whoever measures wants to know")]
    fn film_within(mut self, stated: u64) {
        let recording = self.session.finish(self.at_millis + 500);
        let mut child = Command::new(env!("CARGO_BIN_EXE_hub-film"))
            .args([recording, self.session.path("out.mp4")])
            .stdout(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut peak = 0;
        let status = loop {
            // the peak is kept by the system; it is gone with the process
            peak = peak_of(session::worker_of(child.id())).unwrap_or(peak);
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        assert!(status.success(), "{status}");
        let mib = |bytes: u64| bytes as f64 / MIB as f64;
        println!("{:.1} MiB of {:.1}", mib(peak), mib(stated));
        assert!(peak <= stated, "{peak} bytes, {stated} are stated");
    }
}

/// The most that a process held until now, in bytes.
fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line
        .trim_end_matches("kB")
        .trim()
        .parse()
        .expect("a number");
    Some(kib * 1024)
}

#[test]
fn a_usual_screen_takes_what_is_stated() {
    let video = PixelSize::new(1_920, 1_072);
    let mut session = Session::new();
    session.exhaust(FULL_HD);
    session.play(FULL_HD, video);
    session.exhaust(FULL_HD);
    session.film_within(bound(FULL_HD, Some(video), FULL_HD));
}

#[test]
fn the_largest_screen_takes_no_more_than_a_gibibyte() {
    let mut session = Session::new();
    session.screen(reset(HIGH_SCREEN));
    session.exhaust(LARGEST_SCREEN);
    session.play(LARGEST_SCREEN, LARGEST_VIDEO);
    session.exhaust(LARGEST_SCREEN);
    let stated = bound(LARGEST_SCREEN, Some(LARGEST_VIDEO), LARGEST_VIDEO);
    assert!(stated <= 1 << 30);
    session.film_within(stated);
}

#[test]
fn ever_new_sizes_take_no_more_than_the_largest() {
    let mut session = Session::new();
    let area = 1920 * 1080;
    for width in (500..=16_384).step_by(37) {
        session.screen(reset(PixelSize::new(width, area / width)));
        session.at_millis += 7;
    }
    session.film_within(bound(FULL_HD, None, LARGEST_VIDEO));
}

#[test]
fn a_picture_of_noise_takes_no_more_than_a_black_one() {
    let mut session = Session::new();
    let mut encoder = Encoder::new(Level::Lossless);
    let mut picture = Picture::new(FULL_HD);
    let mut state = 1_u32;
    for turn in 0..3 {
        for y in 0..FULL_HD.height {
            for pixel in picture.row_mut(y) {
                state = state
                    .wrapping_mul(1_664_525)
                    .wrapping_add(1_013_904_223 + turn);
                *pixel = state >> 8;
            }
        }
        while let Some(update) =
            encoder.encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE)
        {
            session.screen(update.bytes);
            if !encoder.has_more() {
                break;
            }
        }
        session.wait();
    }
    session.film_within(bound(FULL_HD, None, FULL_HD));
}

#[test]
fn neither_long_nor_many_entries_take_more() {
    let mut session = Session::new();
    let size = PixelSize::new(640, 480);
    session.screen(reset(size));
    for _ in 0..4 {
        session.screen(vec![0xa5; MAX_PAYLOAD_BYTES]);
        session.append(Body::Pointer(vec![0xa5; MAX_PAYLOAD_BYTES].into()));
        session.pointer(MAX_POINTER_SIDE, MAX_PAYLOAD_BYTES - 1000);
        session.screen(reset(size));
        session.wait();
    }
    let text = "x".repeat(MAX_TEXT_BYTES);
    for entry in 0..60_000 {
        match entry % 30 {
            0 => session.append(Body::Event(Event::Note(text.clone()))),
            1 => session.append(Body::Chat {
                author: ChatAuthor::User,
                name: text.clone(),
                text: text.clone(),
            }),
            2 => session.pointer(MAX_POINTER_SIDE, 4 * 256 * 256),
            3 => session.screen(vec![0xa5; 1000]),
            4 => session.screen(reset(size)),
            _ => session.append(Body::Pointer(vec![0; 40].into())),
        }
        session.at_millis += 1;
    }
    session.film_within(bound(size, None, size));
}
