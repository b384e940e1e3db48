//! A host that sends nonsense cannot make the viewer's decoder panic, or lose count of its picture.
//!
//! Nonsense gets furthest where it is nearly sound. So the decoder first sees a part of a sound
//! session, in which every kind of section occurs, from some reset on; then the input says what comes:
//! raw bytes, or the session's next updates with bytes changed, put in or left out, with sections
//! exchanged, sections of other updates, cut off. Each is applied or refused; the rectangles reported
//! lie within the picture, what lies outside of them is unchanged, and after a refusal only a reset
//! helps, of a version that the decoder knows.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use codec::{
    Applied, DamageHint, DecodeError, Decoder, Encoder, FormatVersion, Level, Line, Picture,
    PixelSize, Rect, SUPPORTED,
};
use libfuzzer_sys::fuzz_target;

/// Larger pictures are legal, but clearing them over and over tells nothing new.
const MOST_PIXELS: u64 = 1 << 16;
/// What one input may cost.
const MOST_ORDERS: usize = 12;

/// An update, taken apart.
#[derive(Clone)]
struct Update {
    /// Flags, and after a reset version and size.
    head: Vec<u8>,
    sections: Vec<Section>,
}

#[derive(Clone)]
struct Section {
    tag: u8,
    body: Vec<u8>,
}

static SESSION: LazyLock<Vec<Update>> = LazyLock::new(|| {
    let session = sound_session();
    // else this would test much less than it says
    for tag in 1..=6 {
        let has = |update: &Update| update.sections.iter().any(|section| section.tag == tag);
        assert!(session.iter().any(has), "no section {tag}");
    }
    let resets = session.iter().filter(|update| update.is_reset()).count();
    assert!(resets * 8 > session.len(), "it takes long to get anywhere");
    session
});

fuzz_target!(|data: &[u8]| {
    let mut input = Input { rest: data };
    let mut next = usize::from(input.byte()) % SESSION.len();
    let mut viewer = Viewer::default();
    for update in &SESSION[reset_before(next)..=next] {
        viewer.apply(&update.bytes()).expect("the encoder's own");
    }
    for _ in 0..MOST_ORDERS {
        if input.rest.is_empty() {
            return;
        }
        next = (next + 1) % SESSION.len();
        let kind = input.byte();
        let bytes = if kind % 8 == 0 {
            let length = usize::from(input.byte());
            input.take(length).to_vec()
        } else {
            damaged(&SESSION[next], kind, &mut input)
        };
        if size_after_reset(&bytes).is_some_and(|area| area > MOST_PIXELS) {
            continue;
        }
        if viewer.apply(&bytes).is_err() {
            assert_eq!(viewer.decoder.apply(&[0]), Err(DecodeError::ResetNeeded));
            next = reset_before(usize::from(input.byte()) % SESSION.len());
            let sound = SESSION[next].bytes();
            viewer.apply(&sound).expect("a reset, as it was encoded");
        }
    }
});

/// Where a viewer begins who is to see the update `next`.
fn reset_before(next: usize) -> usize {
    let reset = SESSION[..=next].iter().rposition(Update::is_reset);
    reset.expect("a session begins with one")
}

/// An update that was sound before.
fn damaged(update: &Update, kind: u8, input: &mut Input<'_>) -> Vec<u8> {
    let mut update = update.clone();
    if kind & 0x10 != 0 {
        // a section of another update instead of its own, or beside them
        let other = &SESSION[usize::from(input.byte()) % SESSION.len()];
        if let Some(section) = input.choose(&other.sections) {
            update.sections.retain(|own| own.tag != section.tag);
            update.sections.push(section.clone());
            update.sections.sort_by_key(|section| section.tag);
        }
    }
    if kind & 0x20 != 0 && update.sections.len() > 1 {
        let place = usize::from(input.byte()) % update.sections.len();
        update.sections.swap_remove(place);
    }
    if kind & 0x40 != 0 && !update.sections.is_empty() {
        // the length stays right, so that what follows is still found
        let place = usize::from(input.byte()) % update.sections.len();
        edit(&mut update.sections[place].body, input);
    }
    let mut bytes = update.bytes();
    if kind & 0x80 != 0 {
        edit(&mut bytes, input);
    }
    bytes
}

/// Changes some bytes.
fn edit(bytes: &mut Vec<u8>, input: &mut Input<'_>) {
    for _ in 0..input.byte() % 4 + 1 {
        let kind = input.byte();
        // most of what is decided is decided in the first bytes
        let place = match kind & 0x80 {
            0 => usize::from(input.byte()),
            _ => usize::from(u16::from_le_bytes([input.byte(), input.byte()])),
        };
        let place = place % (bytes.len() + 1);
        match kind % 5 {
            0 | 1 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = input.byte();
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << (input.byte() % 8);
                }
            }
            3 => {
                let length = usize::from(input.byte() % 32);
                let new = input.take(length).to_vec();
                bytes.splice(place..place, new);
            }
            _ => {
                let end = place + usize::from(input.byte());
                bytes.drain(place..end.min(bytes.len()));
            }
        }
    }
}

/// A decoder, and what its picture must not have lost.
#[derive(Default)]
struct Viewer {
    decoder: Decoder,
    before: Option<Picture>,
}

impl Viewer {
    fn apply(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let Applied { changed, was_reset } = self.decoder.apply(bytes)?;
        let picture = self.decoder.picture().expect("an update was applied");
        let whole = picture.size().rect();
        assert!(changed.iter().all(|&rect| whole.contains(rect)));
        assert!(!was_reset || changed == [whole]);
        let states_known_version = || SUPPORTED.contains(&FormatVersion::new(bytes[1]));
        assert!(!was_reset || states_known_version());
        assert!(picture.pixels().iter().all(|&pixel| pixel >> 24 == 0));
        match &mut self.before {
            Some(before) if !was_reset => {
                for rect in changed {
                    copy(before, picture, rect);
                }
                assert!(before == picture, "a change was not told");
            }
            before => *before = Some(picture.clone()),
        }
        Ok(())
    }
}

fn copy(to: &mut Picture, from: &Picture, rect: Rect) {
    let columns = rect.x as usize..rect.right() as usize;
    for y in rect.y..rect.bottom() {
        to.row_mut(y)[columns.clone()].copy_from_slice(&from.row(y)[columns.clone()]);
    }
}

/// Takes the fuzzer's bytes; there are zeros behind them.
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Up to `length` bytes.
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn choose<'b, T>(&mut self, from: &'b [T]) -> Option<&'b T> {
        let place = usize::from(self.byte());
        from.get(place % from.len().max(1))
    }
}

impl Update {
    fn is_reset(&self) -> bool {
        self.head[0] == 1
    }

    /// Takes an encoder's own update apart.
    fn parse(bytes: &[u8], is_reset: bool) -> Self {
        let mut rest = bytes;
        if is_reset {
            rest = &rest[2..];
            take_number(&mut rest).expect("the width");
            take_number(&mut rest).expect("the height");
        } else {
            rest = &rest[1..];
        }
        let head = bytes[..bytes.len() - rest.len()].to_vec();
        let mut sections = Vec::new();
        while let Some((&tag, behind)) = rest.split_first() {
            rest = behind;
            let length = take_number(&mut rest).expect("a length");
            let (body, behind) = rest.split_at(length as usize);
            rest = behind;
            sections.push(Section {
                tag,
                body: body.to_vec(),
            });
        }
        Self { head, sections }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        for Section { tag, body } in &self.sections {
            bytes.push(*tag);
            let mut length = body.len();
            while length >= 0x80 {
                bytes.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
                length >>= 7;
            }
            bytes.push(u8::try_from(length).expect("seven bits"));
            bytes.extend_from_slice(body);
        }
        bytes
    }
}

/// A number as the format writes it, seven bits a byte.
fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

/// The pixels of the picture with which an update begins anew, if it does.
fn size_after_reset(bytes: &[u8]) -> Option<u64> {
    let [1, _version, rest @ ..] = bytes else {
        return None;
    };
    let mut rest = rest;
    take_number(&mut rest)?.checked_mul(take_number(&mut rest)?)
}

/// What a real encoder tells of a screen with text that scrolls, a menu that comes and goes, photos,
/// and a film.
fn sound_session() -> Vec<Update> {
    let size = PixelSize::new(128, 112);
    let mut session = Recorder {
        screen: Picture::new(size),
        encoder: Encoder::new(Level::True),
        line: Line::WIDE,
        now: Duration::ZERO,
        updates: Vec::new(),
    };
    let text = |seed: u32| {
        move |x: u32, y: u32| {
            let ink = hash(x / 2, y, seed) >> 30 == 0 && y % 14 < 10;
            if ink { 0x0010_2030 } else { 0x00ff_fff0 }
        }
    };
    // a menu comes and goes
    session.paint(size.rect(), text(1));
    for seed in [2, 1, 2] {
        session.now += Duration::from_millis(400);
        session.paint(Rect::new(10, 10, 100, 90), text(seed));
    }
    // a page scrolls
    session.begin_anew(Line::WIDE);
    session.paint(size.rect(), text(3));
    let page = session.screen.clone();
    session.paint(size.rect(), |x, y| page.row((y + 9).min(111))[x as usize]);
    // a photo on a narrow line
    session.begin_anew(NARROW);
    session.paint(size.rect(), text(1));
    session.now += Duration::from_millis(400);
    session.paint(Rect::new(0, 0, 96, 96), |x, y| photo(x, y, 0));
    session.rest();
    for line in [Line::WIDE, NARROW] {
        session.begin_anew(line);
        for at in 0..9 {
            // wider in the end, so that the video begins a second time
            let width = if at < 6 { 100 } else { 120 };
            session.paint(Rect::new(5, 7, width, 100), |x, y| photo(x, y, at));
        }
    }
    session.screen = Picture::new(PixelSize::new(192, 192));
    let whole = session.updates.len();
    for at in 0..9 {
        session.paint(Rect::new(0, 0, 96, 96), |x, y| photo(x, y, at));
    }
    let whole = session.updates[whole..].to_vec();
    // a small screen has no video of fewer pixels: the same one stands for larger rectangles
    for (detail, side) in [(2, 128), (3, 192_u16)] {
        session.updates.extend(enlarged(&whole, detail, side));
    }
    session.screen = Picture::new(size);
    session.begin_anew(Line::WIDE);
    session.encoder.set_level(Level::Grey);
    session.paint(Rect::new(0, 0, 60, 112), text(5));
    session.paint(Rect::new(60, 0, 68, 112), |x, y| photo(x, y, 9));
    // another size is a reset of its own
    session.screen = Picture::new(PixelSize::new(33, 70));
    session.paint(Rect::new(0, 0, 33, 70), text(6));
    session.encoder.set_level(Level::Bits8);
    session.paint(Rect::new(0, 30, 33, 9), text(7));
    session.updates
}

/// A session whose one video has 96 x 96 pixels, with that for a rectangle of `side`.
fn enlarged(whole: &[Update], detail: u8, side: u16) -> Vec<Update> {
    let mut session = whole.to_vec();
    let sections = session.iter_mut().flat_map(|update| &mut update.sections);
    let videos = sections.filter(|section| section.tag == VIDEO && section.body[0] != 0);
    let mut count = 0;
    for video in videos {
        assert_eq!(video.body[..5], [1, 0, 0, 96, 96]);
        let [low, high] = [side & 0x7f | 0x80, side >> 7].map(|bits| bits.to_le_bytes()[0]);
        video.body.splice(..5, [detail, 0, 0, low, high, low, high]);
        count += 1;
    }
    assert!(count > 0, "no video");
    session
}

/// The tag of its section.
const VIDEO: u8 = 6;

const NARROW: Line = Line {
    bytes_per_second: Some(20_000),
};

struct Recorder {
    screen: Picture,
    encoder: Encoder,
    line: Line,
    now: Duration,
    updates: Vec<Update>,
}

impl Recorder {
    /// The next update is one with which a viewer can begin.
    fn begin_anew(&mut self, line: Line) {
        self.encoder.request_reset();
        self.line = line;
    }

    fn paint(&mut self, rect: Rect, colour_at: impl Fn(u32, u32) -> u32) {
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                self.screen.row_mut(y)[x as usize] = colour_at(x, y);
            }
        }
        self.now += Duration::from_millis(40);
        self.tell();
    }

    fn tell(&mut self) -> bool {
        let hint = DamageHint::Everything;
        let update = self.encoder.encode(&self.screen, hint, self.now, self.line);
        let is_something = update.is_some();
        self.updates
            .extend(update.map(|update| Update::parse(&update.bytes, update.is_reset)));
        is_something
    }

    /// Some steps towards an exact picture.
    fn rest(&mut self) {
        for _ in 0..6 {
            self.now += Duration::from_millis(100);
            if !self.tell() {
                let update = self.encoder.sharpen(self.now, self.line);
                self.updates
                    .extend(update.map(|update| Update::parse(&update.bytes, false)));
            }
        }
    }
}

/// Slopes of colour with some grain, which `at` moves.
fn photo(x: u32, y: u32, at: u32) -> u32 {
    let slope = |along: u32| {
        let place = along + at * 9 & 255;
        place.min(255 - place) * 3 / 2
    };
    let channel = |along: u32| slope(along) + (hash(x, y, at) >> 29);
    channel(x + y) << 16 | channel(2 * x + y) << 8 | channel(x + 3 * y)
}

fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let value = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed << 13;
    (value ^ value >> 15).wrapping_mul(0x2c1b_3c6d)
}
