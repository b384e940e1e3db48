//! Videos never take more memory than the documentation of [`Decoder`] states, whatever a host sends.
//!
//! The video library is C++ and allocates by itself, so its share is seen in the memory of the process,
//! which only Linux tells. Nothing else may run in this process, or leave memory behind in it.

#![cfg(target_os = "linux")]

mod counting;
#[expect(dead_code, reason = "all but videos has a test of its own")]
mod hostile;

use codec::{Decoder, PixelSize};
use counting::{MIB, peak_of};
use hostile::{play_video, reset};

/// The longest picture of a video that the decoder looks at.
const MAX_ACCESS_UNIT_BYTES: usize = 4 * MIB;

/// What is stated for a video of this size beside what Rust takes: the library's memory, and what the
/// system keeps of memory that was given back.
fn video_bound(size: PixelSize) -> usize {
    usize::try_from(12 * size.area()).expect("a supported size") + 32 * MIB
}

/// What the process holds, the most it held since [`forget_peak`], and what of it is files (its own
/// code, which comes in as it is needed), in bytes.
fn resident() -> [usize; 3] {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is always there");
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.expect("it is always told").trim_end_matches("kB");
        line.trim().parse::<usize>().expect("a number")
    };
    ["VmRSS:", "VmHWM:", "RssFile:"].map(|name| kib(name) * 1024)
}

fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may forget its own");
}

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
            let mut decoder = Decoder::new();
            let mut applies = |update: Vec<u8>| {
                decoder.apply(&update).expect("hostile, but legal");
            };
            applies(reset(size));
            for _ in 0..3 {
                play_video(size, length).for_each(&mut applies);
                play_video(size, length).for_each(&mut applies);
                // clears all of the picture, so that the process really has it; ends the video
                applies(reset(size));
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
