//! What rests is exact, soon: every pixel of it, after text, windows, photos and motion (S3).
#![expect(
    clippy::print_stdout,
    reason = "how long it took is told beside the result"
)]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{Board, Cast, Picture, Region, Running, Size, photo};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
/// Both pointers rest in a strip so wide along the right edge. Only what is left of it is compared.
const POINTERS: u32 = 64;
/// After the last change, on a wide line.
const SOON: Duration = Duration::from_secs(1);
/// The screen rests when it has not changed for so long.
const REST: Duration = Duration::from_millis(400);
const PATIENCE: Duration = Duration::from_secs(15);

/// Colourful text that runs for two seconds whenever the file `$1` comes.
const RUNNING_TEXT: &str = r#"PS1='$ '; while :; do
    until [ -e "$1" ]; do sleep 0.05; done; rm "$1"
    for n in $(seq 60); do printf '\e[3%dm%6d The quick brown fox jumps\n' $((n % 8)) "$n"; sleep 0.03; done
done"#;

/// A session on a screen with a photo.
struct Play {
    cast: Cast,
    screen: Size,
    /// How many of its rows are compared, from the top: the pointer is below, so they are exact last.
    rows: u32,
    session: Region,
    _photo: Board,
}

impl Play {
    fn begin_on(screen: Size, of_operator: Size, rows: u32) -> Self {
        let mut cast = Cast::assemble(screen, of_operator).expect("the cast");
        let painted = cast.user_display.paint_background(0x35_58_7a);
        painted.expect("painted");
        let ticket = cast.user_asks_for_help().expect("asked");
        let session = cast.session_begins(&ticket).expect("a session");
        // it would lie over the question
        let photo = Board::hang(&cast.user_display, &photo(520, 400), (420, 280)).expect("a photo");
        photo.lower().expect("behind the windows");
        let hands = cast.console.app.hands();
        let (x, y) = corner(screen);
        let corner = (session.x + x, session.y + y);
        hands.point_at(corner).expect("pointed");
        Self {
            _photo: photo,
            cast,
            screen,
            rows,
            session,
        }
    }

    fn program(&self, name: &str, geometry: &str, command: &[&str]) -> Running {
        let log = self.cast.folder().join(format!("{name}.log"));
        let mut xterm = Command::new("xterm");
        xterm
            .args(["-T", name, "-geometry", geometry, "-e"])
            .args(command)
            .env("DISPLAY", self.cast.user_display.name())
            .env("LC_ALL", "C.UTF-8");
        Running::start(name, &mut xterm, &log).expect("a terminal")
    }

    /// Lets `change` happen and looks until both pictures rest; for how long after the last change on
    /// the user's screen they differed.
    fn differs_after(&self, what: &str, change: impl FnOnce()) -> Duration {
        let before = self.host();
        let started = Instant::now();
        std::thread::scope(|scope| {
            let changing = scope.spawn(|| self.look(&before));
            change();
            let took = changing.join().expect("looked");
            println!(
                "{what}: exact {took:?} after the last change, {:?} in all",
                started.elapsed()
            );
            took
        })
    }

    fn look(&self, before: &Picture) -> Duration {
        let started = Instant::now();
        let mut host = self.host();
        let (mut changed, mut exact) = (None, None);
        loop {
            let now = self.host();
            if now.differing_pixels(&host) > 0 || (changed.is_none() && is_other(&now, before)) {
                host = now;
                changed = Some(Instant::now());
                exact = None;
            }
            if exact.is_none() && !is_other(&self.seen(), &host) {
                exact = Some(Instant::now());
            }
            if let (Some(changed), Some(exact)) = (changed, exact)
                && changed.elapsed() > REST
            {
                return exact.duration_since(changed);
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{} pixels still differ; see {}",
                self.seen().differing_pixels(&host),
                self.keep(&host)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn host(&self) -> Picture {
        let (x, y, width) = (0, 0, self.screen.0.into());
        let height = self.rows;
        let top = Region {
            x,
            y,
            width,
            height,
        };
        let display = &self.cast.user_display;
        let picture = display.screenshot_of(top).expect("a picture");
        picture.left(u32::from(self.screen.0) - POINTERS)
    }

    fn seen(&self) -> Picture {
        let display = &self.cast.operator_display;
        let top = Region {
            height: self.rows,
            ..self.session
        };
        let picture = display.screenshot_of(top).expect("a picture");
        picture.left(u32::from(self.screen.0) - POINTERS)
    }

    fn keep(&self, host: &Picture) -> String {
        let folder = std::env::temp_dir().join("phd-e2e-failures");
        fs::create_dir_all(&folder).expect("a folder");
        host.save_png(&folder.join("exact-host.png"))
            .expect("saved");
        self.seen()
            .save_png(&folder.join("exact-seen.png"))
            .expect("saved");
        folder.display().to_string()
    }
}

/// Where pointers rest.
fn corner(screen: Size) -> (u32, u32) {
    (u32::from(screen.0) - 24, u32::from(screen.1) - 20)
}

fn is_other(one: &Picture, other: &Picture) -> bool {
    one.differing_pixels(other) > 0
}

#[test]
fn s3_text_windows_and_photos_are_exact_soon_after_they_changed() {
    let mut play = Play::begin_on(USER_SCREEN, OPERATOR_SCREEN, USER_SCREEN.1.into());
    let beside = corner(USER_SCREEN);
    let user = &play.cast.user_display;
    let hands = user.hands().expect("hands");
    let go = play.cast.folder().join("go");
    let go_name = go.to_str().expect("a plain path");
    let mut took = Vec::new();
    let mut note = |what, time| took.push((what, time));

    let mut letter = None;
    let opens = || letter = Some(play.program("letter", "60x12+20+100", &["cat"]));
    note(
        "a window opens",
        play.differs_after("a window opens", opens),
    );
    let types = || {
        hands.click((200, 200)).expect("clicked");
        hands.point_at(beside).expect("pointed");
        hands
            .type_text("Dear Mr Rossi, the printer")
            .expect("typed");
        hands.tap(key::Return).expect("typed");
    };
    note("text", play.differs_after("text", types));

    let mut list = None;
    let command = ["bash", "-c", RUNNING_TEXT, "text", go_name];
    let opens = || list = Some(play.program("list", "50x14+20+420", &command));
    note("another opens", play.differs_after("another opens", opens));
    let runs = || fs::write(&go, "").expect("written");
    note("text scrolls", play.differs_after("text scrolls", runs));

    // by its title bar, over the photo and back
    let over = || {
        hands.drag((200, 108), (560, 420)).expect("dragged");
        hands.point_at(beside).expect("pointed");
    };
    note("a window moves", play.differs_after("a window moves", over));
    let back = || {
        hands.drag((560, 420), (200, 108)).expect("dragged");
        hands.point_at(beside).expect("pointed");
    };
    note("it moves back", play.differs_after("it moves back", back));

    let mut other = None;
    let picture = photo(300, 180);
    let hangs = || other = Some(Board::hang(user, &picture, (440, 90)).expect("hung"));
    note("a photo", play.differs_after("a photo", hangs));
    let moves = || {
        for at in 0..40 {
            let board = Board::hang(user, &picture, (440 + at * 3, 90 + at));
            other = Some(board.expect("hung"));
            std::thread::sleep(Duration::from_millis(33));
        }
    };
    note("a video ends", play.differs_after("a video ends", moves));
    drop(other);
    let closes = || drop(letter);
    note(
        "a window closes",
        play.differs_after("a window closes", closes),
    );

    let late: Vec<_> = took.iter().filter(|(_, took)| *took > SOON).collect();
    assert!(late.is_empty(), "{late:?}");
    play.cast.helpme.end().expect("ended");
    drop(list);
}

#[test]
fn s3_photos_that_fill_a_large_screen_are_exact_soon() {
    const SCREEN: Size = Size(1920, 1080);
    // to compare all of it would take longer than a step towards exactness
    let mut play = Play::begin_on(SCREEN, Size(2200, 1300), 128);
    let mut photos = Vec::new();
    let mut took = Vec::new();
    for (width, height) in [(1920, 1080), (1919, 1080), (1920, 1079)] {
        let picture = photo(width, height);
        let user = &play.cast.user_display;
        let hangs = || photos.push(Board::hang(user, &picture, (0, 0)).expect("hung"));
        took.push(play.differs_after("a photo", hangs));
    }
    assert!(took.iter().all(|took| *took <= SOON), "{took:?}");
    play.rows = SCREEN.1.into();
    assert!(!is_other(&play.seen(), &play.host()), "not all of it");
    drop(photos);
    play.cast.helpme.end().expect("ended");
}
