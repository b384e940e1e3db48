//! The film of a session beside what the person's display showed.

mod show;
mod video;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use e2e::{Cast, PATIENCE, Picture, Running, Size, wait_until};
use show::{Motion, Show, unix_millis};
use video::Video;

const LARGEST: Size = Size(1280, 800);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
/// How far a film may be off.
const MOST_MILLIS: u64 = 500;
/// The side of the squares in which pictures are compared, and how far the means of two may be apart:
/// a film has a quarter of the pixels in colour, so thin letters in colours are paler in it.
const SQUARE: u32 = 16;
const MOST_APART: u32 = 20;
/// The film shows the pointer, a picture of the display does not.
const SQUARES_OF_A_POINTER: usize = 6;

/// What was on the person's display at one moment.
struct Seen {
    at_millis: u64,
    picture: Picture,
}

/// A session and what is known of it.
struct Session {
    cast: Cast,
    show: Show,
    seen: Vec<Seen>,
    /// The sizes of the screen, and since when.
    sizes: Vec<(u64, Size)>,
}

impl Session {
    fn begin() -> Self {
        let mut cast = Cast::assemble(LARGEST, OPERATOR_SCREEN).expect("the cast");
        let painted = cast.user_display.paint_background(0x2f_4a_5f);
        painted.expect("painted");
        let ticket = cast.user_asks_for_help().expect("asked");
        cast.session_begins(&ticket).expect("a session");
        // it would lie over the question
        let show = Show::open(&cast.user_display).expect("a window");
        Self {
            cast,
            show,
            seen: Vec::new(),
            sizes: vec![(0, LARGEST)],
        }
    }

    fn play(&self, motion: Motion, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.show.play(motion, time).expect("drawn");
    }

    /// Rests until everything must be exact, and keeps what is to be seen.
    fn rest(&mut self) {
        std::thread::sleep(Duration::from_secs(2));
        self.seen.push(Seen {
            at_millis: unix_millis(),
            picture: self.cast.user_display.screenshot().expect("a picture"),
        });
        std::thread::sleep(Duration::from_millis(500));
    }

    fn resize(&mut self, size: Size) {
        self.sizes.push((unix_millis(), size));
        let resized = self.cast.user_display.resize(size.0, size.1);
        resized.expect("another size");
    }

    /// A terminal with a text that scrolls for five seconds as soon as the file that is returned is
    /// there.
    fn terminal(&self) -> (Running, PathBuf) {
        let go = self.cast.folder().join("go");
        let script = r#"until [ -e "$0" ]; do sleep .05; done; for i in $(seq 100); do
            printf '\e[3%dm%s\e[0m %s\n' $((i % 7 + 1)) "$i" 'The quick brown fox jumps over the lazy dog'
            sleep .05; done; sleep 600"#;
        let mut command = Command::new("xterm");
        command
            .args(["-geometry", "70x16+700+420", "-e", "bash", "-c", script])
            .arg(&go)
            .env("DISPLAY", self.cast.user_display.name())
            .env("LC_ALL", "C.UTF-8");
        let log = self.cast.folder().join("xterm.log");
        (
            Running::start("xterm", &mut command, &log).expect("a terminal"),
            go,
        )
    }

    /// Ends it; when it began, how long it was, and its film.
    fn end(&mut self) -> (u64, u64, Video) {
        self.cast.helpme.end().expect("ended");
        let hub = &self.cast.hub;
        let (film, ended) = wait_until("the end of the film", PATIENCE, || {
            let film = hub.films()?.remove(0);
            Ok(film.ended_unix_millis.map(|ended| (film, ended)))
        })
        .expect("an end");
        hub.verify_film(film.id).expect("as it was recorded");
        let file = self.cast.folder().join("film.mp4");
        hub.export_film(film.id, &file).expect("a film");
        let cut = self.cast.folder().join("cut.mp4");
        hub.export_cut(film.id, ("1", "0:03"), &cut).expect("a cut");
        let cut = Video::open(&cut).expect("it plays too");
        assert_eq!(cut.duration_millis, 2_000);
        let began = film.started_unix_millis;
        (began, ended - began, Video::open(&file).expect("it plays"))
    }

    /// Where the screen may have stood in the middle of the film at this time.
    fn corners(&self, at: u64) -> impl Iterator<Item = (u32, u32)> {
        let ends = self
            .sizes
            .iter()
            .skip(1)
            .map(|(since, _)| *since)
            .chain([u64::MAX]);
        let shown = self
            .sizes
            .iter()
            .zip(ends)
            .filter(move |((since, _), end)| {
                *since <= at + MOST_MILLIS && at <= end.saturating_add(MOST_MILLIS)
            });
        shown.map(|((_, size), _)| corner(*size))
    }
}

fn corner(size: Size) -> (u32, u32) {
    let middle = |all: u16, part: u16| u32::from(all - part) / 2;
    (middle(LARGEST.0, size.0), middle(LARGEST.1, size.1))
}

/// The squares in which the two differ, `other` being that part of the larger one.
fn differing_squares(seen: &Picture, film: &Picture, corner: (u32, u32)) -> Vec<(u32, u32)> {
    let mean = |picture: &Picture, left: u32, top: u32| {
        let mut sums = [0; 3];
        for (y, x) in (0..SQUARE).flat_map(|y| (0..SQUARE).map(move |x| (y, x))) {
            let pixel = picture.at(left + x, top + y);
            sums.iter_mut()
                .zip(pixel)
                .for_each(|(sum, part)| *sum += u32::from(part));
        }
        sums.map(|sum| sum / (SQUARE * SQUARE))
    };
    let squares = (0..seen.height() / SQUARE).flat_map(|row| {
        (0..seen.width() / SQUARE).map(move |column| (column * SQUARE, row * SQUARE))
    });
    squares
        .filter(|&(x, y)| {
            let pair = mean(seen, x, y)
                .into_iter()
                .zip(mean(film, corner.0 + x, corner.1 + y));
            pair.into_iter()
                .any(|(seen, film)| seen.abs_diff(film) > MOST_APART)
        })
        .collect()
}

/// Keeps both pictures for whoever looks why a play failed; says where.
fn keep(seen: &Picture, film: &Picture) -> String {
    let folder = std::env::temp_dir().join("phd-e2e-failures");
    fs::create_dir_all(&folder).expect("a folder");
    let seen_to = folder.join("seen-beside-film.png");
    let film_to = folder.join("film-beside-seen.png");
    seen.save_png(&seen_to).expect("saved");
    film.save_png(&film_to).expect("saved");
    format!("see {} and {}", seen_to.display(), film_to.display())
}

#[test]
fn d3_the_film_of_video_scrolls_and_resizes_shows_what_was_seen() {
    let mut session = Session::begin();
    let (_terminal, go) = session.terminal();
    session.play(Motion::Video, 8);
    session.rest();
    fs::write(go, "").expect("a file");
    session.play(Motion::Clock, 6);
    session.rest();
    session.resize(Size(1024, 600));
    session.play(Motion::Clock, 2);
    session.rest();
    session.resize(Size(1152, 720));
    session.play(Motion::Video, 4);
    session.rest();
    let (began, lasted, film) = session.end();

    assert_eq!(
        (film.width, film.height),
        (LARGEST.0.into(), LARGEST.1.into())
    );
    let off = film.duration_millis.abs_diff(lasted);
    assert!(
        off <= MOST_MILLIS,
        "the session lasted {lasted} ms, the film is {off} ms off"
    );
    for sought in (0..film.duration_millis).step_by(1000) {
        let picture = film.seek(sought).expect("a picture");
        let at = began + sought;
        if at < session.show.opened_at() + MOST_MILLIS {
            continue;
        }
        let off = session
            .corners(at)
            .filter_map(|corner| session.show.off_by(&picture, corner, at))
            .min();
        assert!(
            off.is_some_and(|off| off <= MOST_MILLIS),
            "{off:?} ms off at {sought} ms"
        );
    }
    for Seen { at_millis, picture } in &session.seen {
        let sought = at_millis - began;
        let film = film.seek(sought).expect("a picture");
        let corner = session.corners(*at_millis).last().expect("a size");
        let differing = differing_squares(picture, &film, corner);
        assert!(
            differing.len() <= SQUARES_OF_A_POINTER,
            "at {sought} ms the film shows something else at {differing:?} ({})",
            keep(picture, &film)
        );
    }
}
