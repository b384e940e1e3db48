//! Recordings of sessions that never were: text on a page, a pointer, chat.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};
use protocol::{PointerShape, PointerUpdate};
use recording::{Body, EndedBy, Entry, Event, Recorder, RecordingMeta};

/// A session that is being recorded in a folder of its own.
pub(crate) struct Session {
    folder: tempfile::TempDir,
    recorder: Option<Recorder>,
    encoder: Encoder,
    seq: u64,
}

impl Session {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let meta = RecordingMeta {
            session: 7,
            operator: "Ada".to_owned(),
            requester: "Bob".to_owned(),
            host: "bobs-pc".to_owned(),
            ticket: Some(47_110),
            started_unix_millis: 1_790_000_000_000,
            hub_version: "0.1.0".to_owned(),
        };
        let recorder =
            Recorder::create(&folder.path().join("session.film"), &meta).expect("a new recording");
        let encoder = Encoder::new(Level::Lossless);
        Self {
            folder,
            recorder: Some(recorder),
            encoder,
            seq: 0,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of all files beside the recording, it included.
    pub(crate) fn files(&self) -> Vec<String> {
        let name = |file: std::io::Result<std::fs::DirEntry>| {
            file.expect("an entry")
                .file_name()
                .into_string()
                .expect("a plain name")
        };
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut names: Vec<String> = files.map(name).collect();
        names.sort();
        names
    }

    pub(crate) fn append(&mut self, at_millis: u64, body: Body) {
        let entry = Entry {
            at_micros: at_millis * 1000,
            body,
        };
        let recorder = self.recorder.as_mut().expect("it is being recorded");
        recorder.append(&entry).expect("room on the disk");
    }

    pub(crate) fn event(&mut self, at_millis: u64, event: Event) {
        self.append(at_millis, Body::Event(event));
    }

    /// The host's screen shows `picture` from now on.
    pub(crate) fn show(&mut self, at_millis: u64, picture: &Picture) {
        let now = Duration::from_millis(at_millis);
        while let Some(update) =
            self.encoder
                .encode(picture, DamageHint::Everything, now, Line::WIDE)
        {
            self.seq += 1;
            let body = Body::Screen {
                seq: self.seq,
                is_reset: update.is_reset,
                payload: update.bytes.into(),
            };
            self.append(at_millis, body);
            if !self.encoder.has_more() {
                break;
            }
        }
    }

    /// The same, with an update that stands alone.
    pub(crate) fn show_anew(&mut self, at_millis: u64, picture: &Picture) {
        self.encoder.request_reset();
        self.show(at_millis, picture);
    }

    /// Ends the session and its recording.
    pub(crate) fn finish(&mut self, at_millis: u64) -> PathBuf {
        let recorder = self.recorder.take().expect("it is being recorded");
        recorder
            .finish(EndedBy::User, at_millis * 1000)
            .expect("room on the disk");
        self.path("session.film")
    }

    /// Ends the recording as a crash does.
    pub(crate) fn abandon(&mut self) -> PathBuf {
        self.recorder = None;
        self.path("session.film")
    }

    /// Does to the recording what somebody with an `SQLite` shell could do.
    pub(crate) fn tamper(&self, sql: &str) {
        let path: &Path = &self.path("session.film");
        let connection = rusqlite::Connection::open(path).expect("a database");
        connection.execute_batch(sql).expect("good SQL");
    }
}

/// A page of a text program on which `letters` letters were typed after a full screen of them.
pub(crate) fn page(size: PixelSize, letters: u64) -> Picture {
    const PAPER: u32 = 0x00fa_fafa;
    const INK: u32 = 0x0020_2124;
    const BAR: u32 = 0x0034_5a8c;
    let mut picture = Picture::new(size);
    picture.pixels_mut().fill(PAPER);
    for y in 0..24.min(size.height) {
        picture.row_mut(y).fill(BAR);
    }
    let columns = u64::from(size.width / 8);
    let lines = u64::from((size.height.saturating_sub(32)) / 12).max(1);
    let last = columns * (lines - 1) + letters;
    // the page scrolls: the line with the last letter is the lowest one
    let first_line = (last / columns + 1).saturating_sub(lines);
    for letter in first_line * columns..=last {
        let left = u32::try_from(letter % columns * 8).expect("on the page");
        let top = u32::try_from((letter / columns - first_line) * 12 + 28).expect("on the page");
        let glyph = glyph(letter);
        for y in 0..8 {
            for x in 0..6 {
                if glyph >> (y * 6 + x) & 1 == 1 && top + y < size.height {
                    let row = picture.row_mut(top + y);
                    row[usize::try_from(left + x).expect("small")] = INK;
                }
            }
        }
    }
    picture
}

/// 6 x 8 dots with strokes like a letter's, a blank now and then.
fn glyph(letter: u64) -> u64 {
    let mixed = letter.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    if mixed.is_multiple_of(6) {
        return 0;
    }
    let upright = 0b00_0010 << (mixed % 3);
    let bar = 0b01_1110;
    (0..7)
        .map(|y| {
            let row = if (mixed >> (3 + y)).is_multiple_of(4) {
                bar
            } else {
                upright
            };
            row << (y * 6)
        })
        .sum()
}

/// A red square of 12 x 12 pixels as the pointer, its hot spot at (`x`, `y`).
pub(crate) fn pointer_at(x: i32, y: i32) -> Bytes {
    let shape = PointerShape {
        width: 12,
        height: 12,
        hot_x: 0,
        hot_y: 0,
        rgba: [255, 0, 0, 255].repeat(12 * 12).into(),
    };
    let update = PointerUpdate {
        seq: 0,
        at_micros: 0,
        x,
        y,
        visible: true,
        shape: Some(shape),
    };
    let body = postcard::to_allocvec(&update).expect("it serialises");
    PointerUpdate::to_film(&body.into()).expect("sound")
}

/// How alike two pictures of one size are, in dB over red, green and blue.
pub(crate) fn psnr(a: &Picture, b: &Picture) -> f64 {
    assert_eq!(a.size(), b.size());
    let squares: u64 = a
        .pixels()
        .iter()
        .zip(b.pixels())
        .flat_map(|(a, b)| a.to_le_bytes().into_iter().zip(b.to_le_bytes()))
        .map(|(a, b)| u64::from(a.abs_diff(b)).pow(2))
        .sum();
    let mean = squares as f64 / (a.pixels().len() * 3) as f64;
    10.0 * (255.0 * 255.0 / mean.max(f64::MIN_POSITIVE)).log10()
}

/// Seconds as ffprobe prints them, in milliseconds.
pub(crate) fn millis(seconds: f64) -> u64 {
    Duration::from_secs_f64(seconds + 0.0005)
        .as_millis()
        .try_into()
        .expect("a time in a film")
}

/// The process that does the work of `process`: root's has another one do it.
pub(crate) fn worker_of(process: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let first = children.split_whitespace().next();
    first.and_then(|id| id.parse().ok()).unwrap_or(process)
}
