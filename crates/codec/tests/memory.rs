//! A decoder never takes more memory than its documentation states, whatever a host sends it.
//!
//! What Rust allocates is counted. The video library is C++ and allocates by itself, so its share is
//! seen in the memory of the process, which only Linux tells.

#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use codec::{DecodeError, Decoder, FORMAT_VERSION, MAX_PIXELS, MAX_UPDATE_BYTES, PixelSize};

const MIB: usize = 1 << 20;

/// The longest picture of a video that the decoder looks at.
const MAX_ACCESS_UNIT_BYTES: usize = 4 * MIB;

/// What the documentation of [`Decoder`] states for a picture of this size.
fn bound(size: PixelSize) -> usize {
    usize::try_from(9 * size.area()).expect("a supported size") + 24 * MIB
}

/// What it states for a video of this size beside that: the library's memory, and what the system
/// keeps of memory that was given back.
fn video_bound(size: PixelSize) -> usize {
    usize::try_from(12 * size.area()).expect("a supported size") + 32 * MIB
}

/// The system's allocator, counting.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator; the default `realloc` goes by these, so that
// a block that grows is counted beside the new one.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(layout: Layout) {
    let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
    PEAK.fetch_max(held, Ordering::Relaxed);
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Tests that count must not run beside each other.
static ALONE: Mutex<()> = Mutex::new(());

/// The most that Rust held during `act` beyond what it held before, in bytes.
fn peak_of(act: impl FnOnce()) -> usize {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    act();
    PEAK.load(Ordering::Relaxed) - before
}

/// A decoder that is given one hostile update after the other.
struct Victim {
    decoder: Decoder,
    size: PixelSize,
}

impl Victim {
    fn new(size: PixelSize) -> Self {
        let mut victim = Self {
            decoder: Decoder::new(),
            size,
        };
        victim.reset(size);
        victim
    }

    fn reset(&mut self, size: PixelSize) {
        self.size = size;
        self.applies(&reset(size));
    }

    fn applies(&mut self, update: &[u8]) {
        assert!(update.len() <= MAX_UPDATE_BYTES);
        self.decoder.apply(update).expect("hostile, but legal");
    }

    fn columns(&self) -> u32 {
        self.size.width.div_ceil(16)
    }

    fn cells(&self) -> u32 {
        self.columns() * self.size.height.div_ceil(16)
    }

    /// Puts a tile into each slot of the cache, in such an order that each first holds a smaller one.
    fn fill_the_cache(&mut self) {
        let (columns, rows) = (self.size.width.div_ceil(64), self.size.height.div_ceil(64));
        let last_of_row = (0..rows).map(|_| columns - 1).collect();
        for tiles in [last_of_row, vec![0; (columns * rows) as usize]] {
            let tiles: Vec<u32> = tiles;
            let update = delta(&[(1, numbers(&tiles))]);
            for _ in 0..1024_usize.div_ceil(tiles.len()) {
                self.applies(&update);
            }
        }
    }

    /// As many moves as there can be, the two largest of which change places; as many rectangles of
    /// pixels; cells that do not touch.
    fn fill_the_lists(&mut self) {
        let PixelSize { width, height } = self.size;
        // what is left below is for the small ones
        let half = height * 31 / 64;
        let mut moves = Vec::new();
        for (y, down) in [(0, -i64::from(half)), (half, half.into())] {
            moves.extend([0, y, width, half, 0, folded(down)]);
        }
        for _ in 2..self.cells().min((height - 2 * half) * width) {
            moves.extend([0, height - 1, 1, 1, 0, 0]);
        }
        let count = (2 * self.cells()).min(width * height);
        let mut pixels = vec![count];
        for place in 0..count {
            // one behind the other, row by row
            let step = match place {
                0 => [0, 0],
                _ if place.is_multiple_of(width) => [folded(1 - i64::from(width)), folded(1)],
                _ => [folded(1), 0],
            };
            pixels.extend([step[0], step[1], 1, 1]);
        }
        let runs = self.cells().div_ceil(2);
        let mut natural = vec![100, runs, 0, 1];
        natural.extend([1, 1].repeat(runs as usize - 1));
        let moves = (2, numbers(&moves));
        for section in [(4, numbers(&pixels)), (5, numbers(&natural))] {
            let update = delta(&[moves.clone(), section]);
            assert!(update.len() <= MAX_UPDATE_BYTES);
            // the coder finds no bytes, but only when all lists are full
            assert_eq!(self.decoder.apply(&update), Err(DecodeError::CutOff));
            self.reset(self.size);
        }
    }

    /// Plays a video in the whole picture, each access unit of this length at least.
    fn play_video(&mut self, length: usize) {
        let PixelSize { width, height } = self.size;
        for place in 0..8 {
            let mut body = match place {
                0 => numbers(&[1, 0, 0, width, height]),
                _ => vec![0],
            };
            body.extend(numbers(&[1, 0, 1]));
            let mut picture = grey_picture(self.size);
            // behind the last macroblock nobody looks
            picture.resize(picture.len().max(length), 0xff);
            body.extend(picture);
            self.applies(&delta(&[(6, body)]));
        }
    }
}

fn folded(number: i64) -> u32 {
    let folded = if number < 0 {
        -2 * number - 1
    } else {
        2 * number
    };
    u32::try_from(folded).expect("a distance within a picture")
}

fn reset(size: PixelSize) -> Vec<u8> {
    let mut update = vec![1, FORMAT_VERSION];
    update.extend(numbers(&[size.width, size.height]));
    update
}

/// An update of these sections.
fn delta(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut update = vec![0];
    for (tag, body) in sections {
        update.push(*tag);
        update.extend(numbers(&[u32::try_from(body.len()).expect("short")]));
        update.extend(body);
    }
    update
}

/// Numbers as the format writes them.
fn numbers(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &number in numbers {
        let mut rest = number;
        while rest > 0x7f {
            let [low, ..] = rest.to_le_bytes();
            bytes.push(low | 0x80);
            rest >>= 7;
        }
        bytes.extend(&rest.to_le_bytes()[..1]);
    }
    bytes
}

/// The smallest H.264 picture of this size (whole macroblocks), with its parameter sets.
fn grey_picture(size: PixelSize) -> Vec<u8> {
    let (columns, rows) = (size.width / 16, size.height / 16);
    let mut sequence = Bits::default();
    sequence.put(8, 66); // baseline
    sequence.put(16, 0xc0_34); // constrained, level 5.2
    // set 0, numbers of four bits, pictures in their order, one reference without gaps
    for number in [0, 0, 2, 1] {
        sequence.number(number);
    }
    sequence.put(1, 0);
    sequence.number(columns - 1);
    sequence.number(rows - 1);
    // frames only, direct vectors, no crop, nothing else
    sequence.put(4, 0b1100);
    let mut picture = Bits::default();
    // sets 0 and 0, variable lengths, no order, one slice group, one reference either way, no
    // weights, usual quantisers, no options
    picture.put(13, 0b1_1001_1100_0111);
    picture.put(3, 0);
    let mut slice = Bits::default();
    slice.number(0); // from the first macroblock on
    slice.number(7); // intra only
    slice.number(0); // set 0
    slice.put(4, 0); // picture 0
    slice.number(0); // of key picture 0
    slice.put(2, 0); // nothing is kept
    slice.number(0); // the usual quantiser
    for _ in 0..columns * rows {
        // predicted as a whole from what is there, and no difference
        slice.put(8, 0b0010_0111);
    }
    let units = [(0x67, sequence), (0x68, picture), (0x65, slice)];
    units
        .into_iter()
        .flat_map(|(header, bits)| bits.unit(header))
        .collect()
}

/// Writes bits, the highest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, count: u32, value: u32) {
        for place in (0..count).rev() {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::from(value >> place & 1 == 1);
            self.bytes[self.count / 8] |= bit << (7 - self.count % 8);
            self.count += 1;
        }
    }

    /// An Exp-Golomb number.
    fn number(&mut self, value: u32) {
        let bits = (value + 1).ilog2();
        self.put(bits, 0);
        self.put(bits + 1, value + 1);
    }

    /// These bits as a unit of a stream: behind a start code, and without one within.
    fn unit(mut self, header: u8) -> Vec<u8> {
        self.put(1, 1); // the end
        let mut unit = vec![0, 0, 0, 1, header];
        for byte in self.bytes {
            if byte <= 3 && unit.ends_with(&[0, 0]) {
                unit.push(3);
            }
            unit.push(byte);
        }
        unit
    }
}

#[test]
fn no_update_makes_a_decoder_exceed_its_bound() {
    // the largest; a usual one; one whose tiles grow; more cells than pixels suggest
    let sizes = [(16_384, 4_096), (1_920, 1_080), (2_047, 2_048), (1, 16_384)];
    for (width, height) in sizes {
        let size = PixelSize::new(width, height);
        let peak = peak_of(|| {
            let mut victim = Victim::new(size);
            victim.fill_the_cache();
            victim.fill_the_lists();
            victim.fill_the_cache();
        });
        println!("{width} x {height}: {:.1} MiB", peak as f64 / MIB as f64);
        assert!(peak <= bound(size), "{width} x {height}: {peak} bytes");
    }
}

#[test]
fn ever_new_sizes_take_no_more_than_the_largest() {
    let largest = PixelSize::new(16_384, 4_096);
    assert_eq!(largest.area(), u64::from(MAX_PIXELS));
    let peak = peak_of(|| {
        let mut victim = Victim::new(largest);
        for width in (8_000..=16_384).step_by(599) {
            victim.reset(PixelSize::new(width, MAX_PIXELS / width));
        }
        victim.reset(largest);
    });
    // nothing moved, so there was one picture at a time
    assert!(peak <= 4 * MAX_PIXELS as usize + 24 * MIB, "{peak} bytes");
}

#[test]
fn what_an_update_promises_takes_no_memory() {
    let size = PixelSize::new(640, 480);
    let most = u32::MAX;
    let updates = [
        reset(PixelSize::new(most, most)),
        reset(PixelSize::new(16_384, 4_097)),
        delta(&[(4, numbers(&[most]))]),
        delta(&[(4, numbers(&[1, 0, 0, most, most]))]),
        delta(&[(5, numbers(&[1, most]))]),
        delta(&[(5, numbers(&[1, 1, 0, most]))]),
        delta(&[(6, numbers(&[1, 0, 0, most, most]))]),
        delta(&[(2, numbers(&[0, 0, most, most, most, most]))]),
        vec![0, 4, 0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0; MAX_UPDATE_BYTES + 1],
    ];
    let peak = peak_of(|| {
        for update in &updates {
            let mut victim = Victim::new(size);
            victim.decoder.apply(update).expect_err("nonsense");
        }
    });
    // what a decoder of this size always has
    assert!(peak < 4 * 640 * 480 + 8 * MIB, "{peak} bytes");
}

/// What the process holds, the most it held since [`forget_peak`], and what of it is files (its own
/// code, which comes in as it is needed), in bytes.
#[cfg(target_os = "linux")]
fn resident() -> [usize; 3] {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is always there");
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.expect("it is always told").trim_end_matches("kB");
        line.trim().parse::<usize>().expect("a number")
    };
    ["VmRSS:", "VmHWM:", "RssFile:"].map(|name| kib(name) * 1024)
}

#[cfg(target_os = "linux")]
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may forget its own");
}

#[cfg(target_os = "linux")]
#[test]
fn videos_that_begin_again_and_again_stay_within_their_bound() {
    // small ones first: the library's memory is not always given back to the system
    let cases = [
        (640, 480, 0),
        (640, 480, MAX_ACCESS_UNIT_BYTES),
        (1_920, 1_088, 0),
        (2_160, 3_840, 0),
        (3_840, 2_160, 0),
        (3_840, 2_160, MAX_ACCESS_UNIT_BYTES),
    ];
    let [before, _, code_before] = resident();
    for (width, height, length) in cases {
        let size = PixelSize::new(width, height);
        let counted = peak_of(|| {
            forget_peak();
            let mut victim = Victim::new(size);
            for _ in 0..3 {
                victim.play_video(length);
                victim.play_video(length);
                // clears all of the picture, so that the process really has it; ends the video
                victim.reset(size);
            }
        });
        let [_, peak, code] = resident();
        let code = code - code_before;
        let library = (peak - before).saturating_sub(counted + code);
        println!(
            "{width} x {height}, {length} bytes: {:.1} MiB counted, {:.1} of code, {:.1} of the library",
            counted as f64 / MIB as f64,
            code as f64 / MIB as f64,
            library as f64 / MIB as f64
        );
        assert!(
            library <= video_bound(size),
            "{width} x {height}: {library} bytes"
        );
    }
}
