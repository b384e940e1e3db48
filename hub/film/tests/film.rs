//! Films of whole recordings, looked at with ffmpeg.
//!
//! The recordings are made by the real codec. Where ffmpeg is not installed, what it would have
//! checked is left out, and the tests say so.

mod session;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use codec::{Picture, PixelSize};
use film::{
    ExportError, KEY_MILLIS, MAX_FILM_MILLIS, Options, REPEAT_MILLIS, Shortfall, Summary, export,
};
use recording::{Body, ChatAuthor, EndedBy, Event, Side};
use session::{Session, page, pointer_at, psnr};

const SIZE: PixelSize = PixelSize::new(640, 360);
const STEP_MILLIS: u64 = 250;

fn make(recording: &Path, out: &Path) -> Result<Summary, ExportError> {
    make_with(recording, out, Options::default())
}

fn cut(recording: &Path, out: &Path, from: u64, to: u64) -> Result<Summary, ExportError> {
    let options = Options {
        from_millis: from,
        to_millis: to,
        ..Options::default()
    };
    make_with(recording, out, options)
}

fn make_with(recording: &Path, out: &Path, options: Options) -> Result<Summary, ExportError> {
    let mut last = 0.0;
    let mut progress = |done: f64| {
        assert!((last..=1.0).contains(&done), "{done} came after {last}");
        last = done;
    };
    let never = AtomicBool::new(false);
    let summary = export(recording, out, options, &mut progress, &never);
    if summary.is_ok() {
        assert!((last - 1.0).abs() < f64::EPSILON, "it is done, not {last}");
    }
    summary
}

/// Standard output of an ffmpeg program, or `None` where there is none.
///
/// Anything on standard error is a fault it found in the film.
#[expect(clippy::print_stdout, reason = "a test must say what it left out")]
fn ffmpeg(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = match Command::new(program)
        .args(["-v", "error"])
        .args(arguments)
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            println!("not checked: {program}: {error}");
            return None;
        }
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{program} {arguments:?}: {errors}"
    );
    Some(output.stdout)
}

fn ffprobe(film: &Path, entries: &str) -> Option<String> {
    let film = film.to_str().expect("a plain path");
    let arguments = [
        "-select_streams",
        "v",
        "-show_entries",
        entries,
        "-of",
        "csv=p=0",
        film,
    ];
    ffmpeg("ffprobe", &arguments).map(|out| String::from_utf8_lossy(&out).into_owned())
}

/// Times in milliseconds and whether it is a key picture, for each frame.
fn frames(film: &Path) -> Option<Vec<(u64, bool)>> {
    let csv = ffprobe(film, "packet=pts_time,flags")?;
    let frame = |line: &str| {
        let (seconds, flags) = line.split_once(',').expect("two columns");
        let seconds: f64 = seconds.parse().expect("a time");
        (session::millis(seconds), flags.starts_with('K'))
    };
    Some(csv.lines().map(frame).collect())
}

/// The first picture at or after `millis`, as a player that seeks there shows it.
fn picture_at(film: &Path, millis: u64, size: PixelSize) -> Option<Picture> {
    let film = film.to_str().expect("a plain path");
    let at = format!("{}.{:03}", millis / 1000, millis % 1000);
    let pixels = ffmpeg(
        "ffmpeg",
        &[
            "-ss",
            &at,
            "-i",
            film,
            "-frames:v",
            "1",
            "-sws_flags",
            "accurate_rnd+full_chroma_int",
            "-pix_fmt",
            "bgr0",
            "-f",
            "rawvideo",
            "-",
        ],
    )?;
    let mut picture = Picture::new(size);
    assert_eq!(
        pixels.len(),
        picture.pixels().len() * 4,
        "one picture at {at}"
    );
    for (pixel, bytes) in picture.pixels_mut().iter_mut().zip(pixels.as_chunks().0) {
        *pixel = u32::from_le_bytes(*bytes) & 0x00ff_ffff;
    }
    Some(picture)
}

/// Types for 30 s, rests for 40 s, types again until 90 s; moves the pointer at 80 s.
fn an_assistance(session: &mut Session) {
    session.event(
        0,
        Event::Started {
            rights: recording::Rights::default(),
        },
    );
    let typing = (0..120).chain(280..360);
    for step in typing {
        let at = step * STEP_MILLIS;
        if step == 320 {
            session.append(at, Body::Pointer(pointer_at(200, 100)));
        }
        session.show(at, &page(SIZE, step));
    }
    let chat = Body::Chat {
        author: ChatAuthor::User,
        name: "Bob".to_owned(),
        text: "thank you".to_owned(),
    };
    session.append(89_800, chat);
}

#[test]
fn a_film_shows_what_was_recorded_at_the_time_it_was_recorded() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let film = session.path("out.mp4");
    let summary = make(&recording, &film).expect("a film");
    assert_eq!(summary.duration_millis, 90_000);
    assert_eq!((summary.width, summary.height), (640, 360));
    assert_eq!((&summary.shortfall, summary.not_understood), (&None, 0));
    let bytes = std::fs::read(&film).expect("the film");
    assert_eq!(summary.bytes, bytes.len() as u64);
    let find = |name: &[u8]| bytes.windows(4).position(|four| four == name);
    assert!(
        find(b"moov") < find(b"mdat"),
        "a player must not need the end first"
    );

    let Some(frames) = frames(&film) else { return };
    assert_eq!(frames.len() as u64, summary.frames);
    assert_eq!(frames[0], (0, true));
    assert!(
        frames.windows(2).all(|two| two[0].0 < two[1].0),
        "times increase"
    );
    assert!(
        frames
            .windows(2)
            .all(|two| two[1].0 - two[0].0 <= REPEAT_MILLIS)
    );
    let keys: Vec<u64> = frames
        .iter()
        .filter(|frame| frame.1)
        .map(|frame| frame.0)
        .collect();
    assert!(
        keys.windows(2)
            .all(|two| two[1] - two[0] <= KEY_MILLIS + 100),
        "{keys:?}"
    );
    let stream = ffprobe(
        &film,
        "stream=codec_name,width,height,pix_fmt,color_range,color_space,color_transfer,color_primaries",
    );
    assert_eq!(
        stream.expect("ffprobe ran before").trim(),
        "h264,640,360,yuv420p,tv,bt709,bt709,bt709"
    );
    let duration = ffprobe(&film, "format=duration").expect("ffprobe ran before");
    let duration: f64 = duration.trim().parse().expect("a duration");
    assert!((duration - 90.0).abs() < 0.01, "{duration} s");
    let film_name = film.to_str().expect("a plain path");
    ffmpeg("ffmpeg", &["-i", film_name, "-f", "null", "-"]);

    // in the middle of typing, in the rest, after it; each of them sought
    for (sought, step) in [(0, 0), (12_500, 50), (44_000, 119), (75_000, 300)] {
        let seen = picture_at(&film, sought, SIZE).expect("ffmpeg ran before");
        let psnr = psnr(&seen, &page(SIZE, step));
        assert!(psnr > 35.0, "{psnr:.1} dB at {sought} ms");
        println!("{psnr:.1} dB at {sought} ms");
    }
    let with_pointer = picture_at(&film, 85_000, SIZE).expect("ffmpeg ran before");
    let [_, green, red, _] = with_pointer.row(104)[204].to_le_bytes();
    assert!(
        red > 200 && green < 60,
        "the pointer is red, not {red} {green}"
    );
}

#[test]
fn a_cut_begins_with_the_picture_seen_there_and_ends_where_asked() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let film = session.path("cut.mp4");
    // while typing goes on, in the rest, and across its end
    for (from, to, first, last) in [
        (12_500, 20_000, 50, 79),
        (44_000, 45_000, 119, 119),
        (69_900, 75_010, 119, 300),
    ] {
        let summary = cut(&recording, &film, from, to).expect("a cut");
        assert_eq!(summary.duration_millis, to - from);
        assert_eq!(summary.shortfall, None);
        let Some(frames) = frames(&film) else { return };
        assert_eq!(frames[0], (0, true));
        assert!(frames.iter().all(|frame| frame.0 < to - from));
        let duration = ffprobe(&film, "format=duration").expect("ffprobe ran before");
        let seconds: f64 = duration.trim().parse().expect("a duration");
        assert_eq!(session::millis(seconds), to - from);
        let sought = frames.last().expect("a frame").0;
        for (sought, step) in [(0, first), (sought, last)] {
            let seen = picture_at(&film, sought, SIZE).expect("ffmpeg ran before");
            // a letter more or less is a picture farther away than the right one
            let to_step = |step| psnr(&seen, &page(SIZE, step));
            let right = to_step(step);
            assert!(right > 35.0, "{right:.1} dB at {sought} ms of {from}");
            for other in [step - 1, step + 1] {
                let wrong = to_step(other);
                let is_alike = page(SIZE, other).pixels() == page(SIZE, step).pixels();
                assert!(
                    is_alike || wrong < right,
                    "{wrong:.2} dB for {other}, {right:.2} dB for {step}, at {sought} ms of {from}"
                );
            }
        }
    }
    let rest = cut(&recording, &film, 80_000, u64::MAX).expect("a cut");
    assert_eq!(rest.duration_millis, 10_000);
}

#[test]
fn a_cut_of_a_lost_line_begins_dark_and_one_of_nonsense_with_the_last_picture() {
    let mut session = Session::new();
    session.show(0, &page(SIZE, 7));
    session.event(2000, Event::Interrupted { side: Side::Hub });
    session.show_anew(10_000, &page(SIZE, 8));
    let screen = Body::Screen {
        seq: 9,
        is_reset: false,
        payload: vec![0xa5; 3000].into(),
    };
    session.append(12_000, screen);
    let recording = session.finish(20_000);
    let film = session.path("cut.mp4");
    for (from, step, is_lost) in [(5000, 7, true), (15_000, 8, false)] {
        cut(&recording, &film, from, from + 1000).expect("a cut");
        let Some(seen) = picture_at(&film, 0, SIZE) else {
            return;
        };
        let psnr = psnr(&seen, &page(SIZE, step));
        assert_eq!(psnr < 10.0, is_lost, "{psnr:.1} dB from {from} ms");
        assert_eq!(psnr > 35.0, !is_lost, "{psnr:.1} dB from {from} ms");
    }
}

/// The chapters of a film: when, in milliseconds, and what.
fn chapters(film: &Path) -> Vec<(u64, String)> {
    let bytes = std::fs::read(film).expect("the film");
    let Some(at) = bytes.windows(4).position(|four| four == b"chpl") else {
        return Vec::new();
    };
    // behind the name: version, flags, four bytes of nothing, and how many there are
    let mut rest = &bytes[at + 12..];
    let mut next = |len: usize| rest.split_off(..len).expect("the box goes on");
    let count = next(1)[0];
    (0..count)
        .map(|_| {
            let at = u64::from_be_bytes(next(8).try_into().expect("eight bytes"));
            let len = usize::from(next(1)[0]);
            let title = String::from_utf8(next(len).to_vec()).expect("text");
            (at / 10_000, title)
        })
        .collect()
}

#[test]
fn a_film_has_chapters_and_a_cut_its_own() {
    let mut session = Session::new();
    let chat = |text: &str| Body::Chat {
        author: ChatAuthor::User,
        name: "Bob".to_owned(),
        text: text.to_owned(),
    };
    let rights = recording::Rights::default();
    session.event(0, Event::Started { rights });
    session.show(0, &page(SIZE, 7));
    session.append(3000, chat("it\u{1b} hangs"));
    session.event(5000, Event::Interrupted { side: Side::Host });
    session.show(8000, &page(PixelSize::new(640, 480), 8));
    session.append(9000, chat(&"è".repeat(200)));
    for at in 0..300 {
        session.append(10_000 + at, chat("again"));
    }
    let recording = session.finish(20_000);
    let film = session.path("out.mp4");
    make(&recording, &film).expect("a film");
    let all = chapters(&film);
    assert_eq!(all.len(), 255);
    let times: Vec<u64> = all.iter().take(5).map(|chapter| chapter.0).collect();
    assert_eq!(times, [0, 3000, 5000, 8000, 9000]);
    assert!(all[0].1.starts_with("the session began"), "{:?}", all[0]);
    assert_eq!(all[1].1, "Bob: it‹U+001B› hangs");
    assert_eq!(all[3].1, "the screen is 640 x 480");
    assert_eq!(all[4].1, format!("Bob: {}", "è".repeat(125)));

    cut(&recording, &film, 4000, 8500).expect("a cut");
    let of_cut = chapters(&film);
    let expected = [(1000, all[2].1.clone()), (4000, all[3].1.clone())];
    assert_eq!(of_cut, expected);
    let name = film.to_str().expect("a plain path");
    let arguments = [
        "-show_entries",
        "chapter=start_time:chapter_tags=title",
        "-of",
        "csv=p=0",
        name,
    ];
    if let Some(told) = ffmpeg("ffprobe", &arguments) {
        let expected = format!("1.000000,{}\n4.000000,{}\n", all[2].1, all[3].1);
        assert_eq!(String::from_utf8_lossy(&told), expected);
    }
}

#[test]
fn a_cut_that_is_empty_or_begins_after_the_end_is_refused() {
    let mut session = Session::new();
    session.show(0, &page(SIZE, 7));
    let recording = session.finish(20_000);
    let film = session.path("cut.mp4");
    for (from, to, told) in [
        (
            5000,
            5000,
            "the cut is empty: its end must come after its beginning",
        ),
        (
            20_000,
            30_000,
            "the cut begins after the end of the film, which lasts 20 s",
        ),
    ] {
        let error = cut(&recording, &film, from, to).expect_err("no cut");
        assert_eq!(error.to_string(), told);
    }
    assert_eq!(session.files(), ["session.film"]);
}

#[test]
fn a_screen_that_changes_its_size_stands_in_the_middle_of_the_largest() {
    let large = PixelSize::new(640, 480);
    let mut session = Session::new();
    session.show(0, &page(SIZE, 3));
    session.show(10_000, &page(large, 4));
    session.show(20_000, &page(SIZE, 5));
    let recording = session.finish(30_000);
    let film = session.path("out.mp4");
    let summary = make(&recording, &film).expect("a film");
    assert_eq!((summary.width, summary.height), (640, 480));
    for (sought, size, step) in [(5000, SIZE, 3), (15_000, large, 4), (25_000, SIZE, 5)] {
        let Some(seen) = picture_at(&film, sought, large) else {
            return;
        };
        let mut expected = Picture::new(large);
        let top = (large.height - size.height) / 2;
        let shown = page(size, step);
        for y in 0..size.height {
            expected.row_mut(top + y).copy_from_slice(shown.row(y));
        }
        let psnr = psnr(&seen, &expected);
        assert!(psnr > 35.0, "{psnr:.1} dB at {sought} ms");
    }
}

#[test]
fn a_screen_with_odd_sides_and_one_beyond_the_encoder_are_filmed() {
    for (size, film_size) in [((321, 243), (322, 244)), ((4000, 500), (3840, 480))] {
        let mut session = Session::new();
        let size = PixelSize::new(size.0, size.1);
        session.show(0, &page(size, 1));
        session.show(1000, &page(size, 2));
        let recording = session.finish(2000);
        let film = session.path("out.mp4");
        let summary = make(&recording, &film).expect("a film");
        assert_eq!((summary.width, summary.height), film_size);
        ffmpeg(
            "ffmpeg",
            &[
                "-i",
                film.to_str().expect("a plain path"),
                "-f",
                "null",
                "-",
            ],
        );
    }
}

#[test]
fn an_unfinished_recording_gives_a_film_that_says_so() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.abandon();
    let summary = make(&recording, &session.path("out.mp4")).expect("a film");
    assert_eq!(summary.shortfall, Some(Shortfall::Unfinished));
    assert_eq!(
        summary.duration_millis, 89_850,
        "the last frame is not cut short"
    );
}

#[test]
fn a_damaged_recording_gives_a_film_up_to_its_last_good_entry() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let last_good = {
        let recording = recording::Recording::open(&recording).expect("a recording");
        let mut entries = recording.entries(0).expect("readable");
        entries
            .nth(60)
            .expect("there are more")
            .expect("sound")
            .at_micros
            / 1000
    };
    session.tamper("DELETE FROM entry WHERE id = 62");
    let film = session.path("out.mp4");
    let summary = make(&recording, &film).expect("a film");
    let Some(Shortfall::Damaged(why)) = &summary.shortfall else {
        panic!("{:?}", summary.shortfall)
    };
    assert_eq!(why, "entry 62: missing");
    assert_eq!(
        summary.duration_millis,
        last_good + 100,
        "its last picture is seen"
    );
    ffmpeg(
        "ffmpeg",
        &[
            "-i",
            film.to_str().expect("a plain path"),
            "-f",
            "null",
            "-",
        ],
    );
}

#[test]
fn nonsense_from_the_host_leaves_the_last_picture_until_the_next_reset() {
    let mut session = Session::new();
    session.show(0, &page(SIZE, 7));
    let nonsense = vec![0xa5; 3000];
    let screen = Body::Screen {
        seq: 2,
        is_reset: false,
        payload: nonsense.clone().into(),
    };
    session.append(2000, screen);
    session.append(3000, Body::Pointer(nonsense.into()));
    session.show_anew(6000, &page(SIZE, 8));
    let recording = session.finish(12_000);
    let film = session.path("out.mp4");
    let summary = make(&recording, &film).expect("a film");
    assert_eq!((summary.not_understood, &summary.shortfall), (2, &None));
    for (sought, step) in [(4500, 7), (7000, 8)] {
        let Some(seen) = picture_at(&film, sought, SIZE) else {
            return;
        };
        let psnr = psnr(&seen, &page(SIZE, step));
        assert!(psnr > 35.0, "{psnr:.1} dB at {sought} ms");
    }
}

#[test]
fn a_gap_of_minutes_or_a_pause_is_a_dark_picture_and_one_without_an_end_is_a_film_too() {
    let mut session = Session::new();
    let lost = |side| Event::Interrupted { side };
    session.show(0, &page(SIZE, 7));
    session.event(2000, lost(Side::Host));
    session.event(600_000, Event::Resumed { side: Side::Host });
    session.show_anew(600_200, &page(SIZE, 8));
    session.event(601_000, Event::Withheld { begins: true });
    session.event(603_000, Event::Withheld { begins: false });
    session.show_anew(603_100, &page(SIZE, 8));
    session.event(605_000, lost(Side::Hub));
    // what would build on lost updates is not shown
    session.show(606_000, &page(SIZE, 9));
    let recording = session.finish(900_000);
    let film = session.path("out.mp4");
    let summary = make(&recording, &film).expect("a film");
    assert_eq!(
        (summary.duration_millis, summary.shortfall),
        (900_000, None)
    );
    assert_eq!(summary.not_understood, 1);
    for (sought, step, is_lost) in [
        (0, 7, false),
        (2000, 7, true),
        (400_000, 7, true),
        (600_200, 8, false),
        (601_000, 8, true),
        (603_100, 8, false),
        (606_000, 8, true),
        (880_000, 8, true),
    ] {
        let Some(seen) = picture_at(&film, sought, SIZE) else {
            return;
        };
        let psnr = psnr(&seen, &page(SIZE, step));
        assert_eq!(psnr < 10.0, is_lost, "{psnr:.1} dB at {sought} ms");
        assert_eq!(psnr > 35.0, !is_lost, "{psnr:.1} dB at {sought} ms");
    }
}

#[test]
fn a_recording_that_shows_nothing_gives_no_film() {
    let mut session = Session::new();
    session.event(0, Event::Note("nobody came".to_owned()));
    let recording = session.finish(1000);
    let film = session.path("out.mp4");
    let error = make(&recording, &film).expect_err("nothing to see");
    assert_eq!(error.to_string(), "the recording shows nothing");
    assert_eq!(session.files(), ["session.film"]);
}

#[test]
fn a_cancelled_export_leaves_an_older_film_as_it_was() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let film = session.path("out.mp4");
    std::fs::write(&film, b"older").expect("a file");
    let cancel = AtomicBool::new(false);
    let mut progress = |done: f64| cancel.store(done > 0.3, Ordering::Relaxed);
    let outcome = export(
        &recording,
        &film,
        Options::default(),
        &mut progress,
        &cancel,
    );
    assert!(
        matches!(outcome, Err(ExportError::Cancelled)),
        "{outcome:?}"
    );
    assert_eq!(std::fs::read(&film).expect("the older film"), b"older");
    assert_eq!(session.files(), ["out.mp4", "session.film"]);
}

#[test]
fn a_killed_program_leaves_nothing_behind() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_hub-film"))
        .args([&recording, &session.path("out.mp4")])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    said.nth(20).expect("it goes on").expect("text");
    child.kill().expect("it runs");
    child.wait().expect("it is over");
    // root's has a folder for the work, which the next one removes
    let left = session.files();
    let named: Vec<_> = left.iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(named, ["session.film"]);
    let again = Command::new(env!("CARGO_BIN_EXE_hub-film"))
        .args([&recording, &session.path("out.mp4")])
        .args(["--to-millis", "2000"])
        .output()
        .expect("it runs");
    assert!(again.status.success(), "{again:?}");
    assert_eq!(session.files(), ["out.mp4", "session.film"]);
}

/// The work is done by nobody who owns anything, and what is made is root's.
#[cfg(target_os = "linux")]
#[test]
fn roots_film_is_made_by_a_user_of_its_own() {
    use std::os::unix::fs::MetadataExt as _;

    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let owner = std::fs::metadata(&recording).expect("a file").uid();
    let out = session.path("out.mp4");
    let mut child = Command::new(env!("CARGO_BIN_EXE_hub-film"))
        .args([&recording, &out])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    said.nth(5).expect("it goes on").expect("text");
    let worker = session::worker_of(child.id());
    let status = std::fs::read_to_string(format!("/proc/{worker}/status")).expect("it works");
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let ids = line.expect("a line").split_whitespace();
        ids.map(|id| id.parse::<u32>().expect("a number"))
            .collect::<Vec<_>>()
    };
    if owner == 0 {
        assert_ne!(worker, child.id());
        for ids in [line("Uid:"), line("Gid:")] {
            assert!(
                ids.iter().all(|id| (61_184..=65_519).contains(id)),
                "{status}"
            );
        }
        assert!(line("Groups:").is_empty(), "{status}");
    } else {
        assert_eq!(worker, child.id());
        assert_eq!(line("Uid:"), [owner; 4]);
    }
    said.for_each(|line| drop(line.expect("text")));
    assert!(child.wait().expect("it is over").success());
    let made = std::fs::metadata(&out).expect("a film");
    assert_eq!((made.uid(), made.mode() & 0o777), (owner, 0o600));
    assert_eq!(session.files(), ["out.mp4", "session.film"]);
}

#[test]
fn a_time_beyond_every_session_ends_the_film() {
    let mut session = Session::new();
    session.show(0, &page(SIZE, 1));
    session.show(2000, &page(SIZE, 40));
    session.show(MAX_FILM_MILLIS + 1, &page(SIZE, 3));
    let recording = session.finish(u64::MAX / 4000);
    let summary = make(&recording, &session.path("out.mp4")).expect("a film");
    assert_eq!(summary.shortfall, Some(Shortfall::TooLong));
    assert_eq!(summary.duration_millis, 2100);
}

#[test]
fn the_program_tells_how_far_it_is_and_what_it_made() {
    let mut session = Session::new();
    an_assistance(&mut session);
    let recording = session.finish(90_000);
    let film = session.path("out.mp4");
    let output = Command::new(env!("CARGO_BIN_EXE_hub-film"))
        .args([&recording, &film])
        .args(["--fps-max", "5"])
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (last, progress) = lines.split_last().expect("at least the summary");
    let done: Vec<f64> = progress
        .iter()
        .map(|line| line["done"].as_f64().expect("a number"))
        .collect();
    assert!(done.len() > 50 && done.is_sorted(), "{done:?}");
    assert_eq!(last["film"]["duration_millis"], 90_000);
    assert_eq!(last["film"]["shortfall"], serde_json::Value::Null);
    assert!(film.exists());

    let output = Command::new(env!("CARGO_BIN_EXE_hub-film"))
        .args([&film, &session.path("other.mp4")])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("the file is no recording"), "{errors}");
}

/// What a minute of film costs; `cargo test --release -p hub-film -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement; it says something in a release build only"]
fn what_a_minute_of_full_hd_costs() {
    let size = PixelSize::new(1920, 1080);
    for (name, step_millis) in [("typing", 250), ("scrolling ten times a second", 100)] {
        let mut session = Session::new();
        for step in 0..60_000 / step_millis {
            // typing adds a letter, scrolling half a page
            let letters = if step_millis == 250 {
                step
            } else {
                step * 3000
            };
            session.show(step * step_millis, &page(size, letters));
        }
        let recording = session.finish(60_000);
        let film = session.path("out.mp4");
        let started = std::time::Instant::now();
        let summary = make(&recording, &film).expect("a film");
        let seconds = started.elapsed().as_secs_f64();
        let recorded = std::fs::metadata(&recording).expect("the recording").len();
        println!(
            "{name}: {seconds:.1} s, {} frames, {:.2} MB of film from {:.2} MB of recording",
            summary.frames,
            summary.bytes as f64 / 1e6,
            recorded as f64 / 1e6,
        );
    }
}

#[test]
fn the_end_of_the_session_is_the_end_of_the_film() {
    let mut session = Session::new();
    session.show(500, &page(SIZE, 1));
    session.event(61_234, Event::Ended { by: EndedBy::User });
    let recording = session.abandon();
    let film = session.path("out.mp4");
    let summary = make(&recording, &film).expect("a film");
    assert_eq!((summary.duration_millis, summary.shortfall), (61_234, None));
    let Some(frames) = frames(&film) else { return };
    let times: Vec<u64> = frames.iter().map(|frame| frame.0).collect();
    let expected: Vec<u64> = (0..=12).map(|i| i * 5000).collect();
    assert_eq!(times, expected);
}
