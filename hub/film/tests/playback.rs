//! A recording played for a window: every way to a moment shows the same.

#![expect(dead_code, reason = "the session has more than this needs")]

mod session;

use codec::PixelSize;
use film::Playback;
use recording::{Body, Recording};
use session::{Session, page, pointer_at};

const SIZE: PixelSize = PixelSize::new(640, 360);
const STEP: u64 = 200;

/// Types for twenty seconds; the screen begins anew every five, the pointer appears at three.
fn record() -> (Session, Recording) {
    let mut session = Session::new();
    for step in 0..100 {
        let at = step * STEP;
        if at == 3000 {
            session.append(at, Body::Pointer(pointer_at(50, 60)));
        }
        if at.is_multiple_of(5000) {
            session.show_anew(at, &page(SIZE, step));
        } else {
            session.show(at, &page(SIZE, step));
        }
    }
    let path = session.finish(20_000);
    let recording = Recording::open(&path).expect("a recording");
    (session, recording)
}

#[test]
fn d3_every_way_to_a_moment_shows_the_same() {
    let (_session, recording) = record();
    let mut straight = Playback::new(&recording).expect("plays");
    let mut shown = Vec::new();
    for step in 0..100 {
        straight.advance_to(step * STEP * 1000).expect("plays");
        shown.push(straight.picture().clone());
    }
    // but for a blank now and then each letter shows
    let new = (1..100).filter(|&n| shown[n] != shown[n - 1]).count();
    assert!(new > 70, "{new}");
    let mut jumping = Playback::new(&recording).expect("plays");
    for step in [99_usize, 0, 50, 49, 51, 26, 24, 75, 98, 3, 20, 16, 15] {
        let at = step as u64 * STEP * 1000;
        jumping.seek(at).expect("seeks");
        assert_eq!(jumping.at_micros(), at);
        assert_eq!(*jumping.picture(), shown[step], "at {step}");
    }
}

#[test]
fn d3_a_step_goes_to_the_next_change_and_the_end_is_known() {
    let (_session, recording) = record();
    let mut playback = Playback::new(&recording).expect("plays");
    let mut steps = 0;
    let mut before = None;
    while playback.step().expect("plays") {
        let at = playback.at_micros();
        assert!(before < Some(at), "{before:?} then {at}");
        before = Some(at);
        steps += 1;
    }
    assert!((70..=102).contains(&steps), "{steps}");
    assert_eq!(playback.next_micros().expect("plays"), None);
}

#[test]
fn d3_the_worker_makes_one_picture_as_the_player_shows_it() {
    let (session, recording) = record();
    let path = session.path("session.film");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("still.png");
    let mut playback = Playback::new(&recording).expect("plays");
    for at_millis in [0_u64, 7000, 999_000] {
        let worker = std::process::Command::new(env!("CARGO_BIN_EXE_hub-film"))
            .args([&path, &out])
            .arg(format!("--picture-millis={at_millis}"))
            .output()
            .expect("runs");
        assert!(worker.status.success(), "{worker:?}");
        playback.seek(at_millis.min(20_000) * 1000).expect("seeks");
        let png = image::open(&out).expect("a picture").to_rgb8();
        let expected = playback.picture();
        assert_eq!(
            png.dimensions(),
            (expected.size().width, expected.size().height)
        );
        let pixels = png
            .pixels()
            .map(|image::Rgb([red, green, blue])| u32::from_le_bytes([*blue, *green, *red, 0]));
        assert!(pixels.eq(expected.pixels().iter().map(|pixel| pixel & 0x00ff_ffff)));
    }
}

#[test]
fn d3_the_worker_makes_a_picture_no_larger_than_it_may_be() {
    let (session, _recording) = record();
    let path = session.path("session.film");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("still.png");
    for (pixels, bytes, size) in [
        ("1000", "999999", Some((640, 360))),
        ("256", "999999", Some((256, 144))),
        ("640", "4000", None),
    ] {
        let worker = std::process::Command::new(env!("CARGO_BIN_EXE_hub-film"))
            .args([&path, &out])
            .args(["--picture-millis", "7000"])
            .args(["--picture-pixels", pixels, "--picture-bytes", bytes])
            .output()
            .expect("runs");
        assert!(worker.status.success(), "{worker:?}");
        let most = bytes.parse::<u64>().expect("a number");
        let len = std::fs::metadata(&out).expect("there").len();
        assert!(len <= most, "{len}");
        let png = image::open(&out).expect("a picture").to_rgb8();
        if let Some(size) = size {
            assert_eq!(png.dimensions(), size);
        }
        // the page is light, and its bar is dark
        assert!(png.get_pixel(png.width() / 2, png.height() - 1).0[0] > 150);
        assert!(png.get_pixel(png.width() / 2, 0).0[0] < 100);
    }
}
