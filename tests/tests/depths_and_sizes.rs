//! Colour depth, image size and monitor, chosen in the middle of a session (S2, S3).
#![expect(
    clippy::print_stdout,
    reason = "how smooth it was is told beside the result"
)]

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use e2e::{
    App, Board, Cast, Console, Display, Look, PATIENCE, Picture, Region, Running, Size, colours,
    photo, wait_until,
};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
const WHOLE_SCREEN: Region = Region {
    x: 0,
    y: 0,
    width: 1024,
    height: 720,
};
/// The middle of the user's screen, which stays in the middle of the view at every size.
const MIDDLE: (u32, u32) = (512, 360);
/// The middle of the right one of his two monitors.
const RIGHT_MIDDLE: (u32, u32) = (768, 360);
/// Operator's and host's pointers rest to the right of this, where nothing is compared.
const WITHOUT_POINTER: u32 = 960;
/// So long after the last change every pixel is what it should be.
const REST: Duration = Duration::from_secs(2);
/// The longest that the picture may stand still while the screen behind it moves.
const FREEZE: Duration = Duration::from_secs(1);

/// Text that runs through a terminal, but for the time that the file `$1` is there.
const RUNNING_TEXT: &str = r#"n=0; while :; do
    while [ -e "$1" ]; do sleep 0.05; done
    n=$((n + 1)); printf '\e[3%dm%6d The quick brown fox\n' $((n % 8)) "$n"; sleep 0.1
done"#;

/// A session while the user's screen moves.
struct Play {
    cast: Cast,
    session: Region,
    photo: Board,
    tickers: [Board; 2],
    /// While it is there the text stands still.
    still: PathBuf,
    _colours: Board,
    _terminal: Running,
}

impl Play {
    fn begin(look: Look, operator_screen: Size) -> anyhow::Result<Self> {
        Self::begin_after(look, operator_screen, |_console| Ok(()))
    }

    /// The same, where the operator does something before.
    fn begin_after(
        look: Look,
        operator_screen: Size,
        prepare: impl FnOnce(&mut Console) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
        let operator = Display::start_managed(operator_screen.0, operator_screen.1)?;
        user.paint_background(0x35_58_7a)?;
        for (name, output, place) in [
            ("left", "screen", "512/135x720/190+0+0"),
            ("right", "none", "512/135x720/190+512+0"),
        ] {
            let xrandr = Command::new("xrandr")
                .args([
                    "--display",
                    user.name(),
                    "--setmonitor",
                    name,
                    place,
                    output,
                ])
                .status()?;
            ensure!(xrandr.success(), "xrandr made no monitor");
        }
        let photo = Board::hang(&user, &photo(380, 260), (600, 60))?;
        let colours = Board::hang(&user, &colours(320, 200), (600, 440))?;
        let ticker = |(x, y)| {
            let face = Picture::of_one_colour(80, 80, TICK);
            Board::hang(&user, &face, (x - 40, y - 40))
        };
        let tickers = [ticker(MIDDLE)?, ticker(RIGHT_MIDDLE)?];
        let mut cast = Cast::assemble_on(user, operator, look)?;
        let still = cast.folder().join("still");
        let terminal = Running::start(
            "xterm",
            Command::new("xterm")
                .args(["-geometry", "60x18+20+440", "-e", "bash", "-c"])
                .args([RUNNING_TEXT, "text"])
                .arg(&still)
                .env("DISPLAY", cast.user_display.name()),
            &cast.folder().join("xterm.log"),
        )?;
        prepare(&mut cast.console)?;
        let ticket = cast.user_asks_for_help()?;
        let session = cast.session_begins(&ticket)?;
        Ok(Self {
            cast,
            session,
            photo,
            tickers,
            still,
            _colours: colours,
            _terminal: terminal,
        })
    }

    /// Chooses `item` in the menu of the session's tool `tool`, while the user's screen moves and every picture
    /// is looked at. After half a second the screen comes to rest.
    fn choose(&mut self, tool: &str, item: &str) -> anyhow::Result<()> {
        drop(fs::remove_file(&self.still));
        let done = AtomicBool::new(false);
        let eye = Display::attach(self.cast.operator_display.name())?;
        let (x, y) = self.session.middle();
        let (tickers, console) = (&self.tickers, &mut self.cast.console);
        let seen = std::thread::scope(|scope| {
            let ticking = scope.spawn(|| tick(tickers, &done));
            let watching = scope.spawn(|| watch(&eye, (x, y), &done));
            std::thread::sleep(Duration::from_millis(200));
            let chosen = console.choose_in_session(tool, item);
            std::thread::sleep(Duration::from_millis(500));
            done.store(true, Ordering::Relaxed);
            ticking.join().expect("ticked")?;
            let seen = watching.join().expect("watched");
            chosen?;
            seen
        })?;
        fs::write(&self.still, "")?;
        println!("{item}: {seen:?}");
        if let Some(colour) = seen.blank {
            bail!("{item}: the picture went {colour:?} in between");
        }
        ensure!(seen.samples > 20, "{item}: only {} looks", seen.samples);
        ensure!(seen.longest_freeze < FREEZE, "{item}: {seen:?}");
        self.rest_pointer()
    }

    /// Clicks on what shows the pixel `target` of the user's screen, while `percent` of its `area` is
    /// shown in the middle of the view, and checks that the click arrives there.
    fn click_lands_at(&self, target: (u32, u32), percent: u32, area: Region) -> anyhow::Result<()> {
        let shown = |target: u32, start: u32, length: u32, room: u32| {
            (room - length * percent / 100) / 2 + (target - start) * percent / 100
        };
        let place = (
            self.session.x + shown(target.0, area.x, area.width, self.session.width),
            self.session.y + shown(target.1, area.y, area.height, self.session.height),
        );
        self.cast.console.app.hands().click(place)?;
        let click = wait_until("the click", PATIENCE, || self.photo.next_click())?;
        let off = |clicked: i16, target: u32| u32::try_from(clicked).map(|at| at.abs_diff(target));
        ensure!(
            off(click.0, target.0)? <= 1 && off(click.1, target.1)? <= 1,
            "{percent} %: a click at {target:?} arrived at {click:?}"
        );
        self.rest_pointer()
    }

    fn rest_pointer(&self) -> anyhow::Result<()> {
        let corner = (
            self.session.x + self.session.width - 20,
            self.session.y + self.session.height - 20,
        );
        self.cast.console.app.hands().point_at(corner)
    }

    /// Waits until `check` finds nothing wrong with what the operator sees of the user's screen;
    /// gives how long that took.
    fn settle(
        &self,
        what: &str,
        check: impl Fn(&Picture, &Picture) -> anyhow::Result<()>,
    ) -> anyhow::Result<Duration> {
        let started = Instant::now();
        loop {
            let host = self.cast.user_display.screenshot()?;
            let seen = self.cast.operator_display.screenshot_of(self.session)?;
            let took = started.elapsed();
            match check(&host, &seen) {
                Ok(()) => {
                    println!("{what}: as it should be after {took:?}");
                    return Ok(took);
                }
                Err(error) if took > PATIENCE => {
                    let seen = self.cast.console.app.keep_screenshot()?;
                    let where_seen = format!("{what}: see {}", seen.display());
                    return Err(error.context(where_seen));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

/// The two greys of the ticker: both are told apart from each other, from black, and from a window
/// without picture at every depth.
const TICK: u32 = 0xd8_d8_d8;
const TACK: u32 = 0x90_90_90;

fn tick(tickers: &[Board], done: &AtomicBool) -> anyhow::Result<()> {
    for colour in [TICK, TACK].into_iter().cycle() {
        if done.load(Ordering::Relaxed) {
            return Ok(());
        }
        for ticker in tickers {
            ticker.fill(colour)?;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// What was seen of the ticker.
#[derive(Debug)]
struct Seen {
    samples: usize,
    /// The first colour that is neither of the ticker's two.
    blank: Option<[u8; 3]>,
    longest_freeze: Duration,
}

/// Looks at the middle of the ticker on the operator's display as fast as the server answers.
fn watch(eye: &Display, (x, y): (u32, u32), done: &AtomicBool) -> anyhow::Result<Seen> {
    const SIDE: u32 = 24;
    let place = Region {
        x: x - SIDE / 2,
        y: y - SIDE / 2,
        width: SIDE,
        height: SIDE,
    };
    let mut seen = Seen {
        samples: 0,
        blank: None,
        longest_freeze: Duration::ZERO,
    };
    let (mut shade, mut since) = (None, Instant::now());
    while !done.load(Ordering::Relaxed) {
        let picture = eye.screenshot_of(place)?;
        seen.samples += 1;
        let mut now = None;
        for colour in picture.colours() {
            now = match colour[1] {
                191..=235 => Some(TICK),
                120..=170 => Some(TACK),
                _ => {
                    seen.blank.get_or_insert(colour);
                    None
                }
            };
        }
        if now != shade {
            (shade, since) = (now, Instant::now());
        }
        seen.longest_freeze = seen.longest_freeze.max(since.elapsed());
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(seen)
}

fn equal(host: &Picture, seen: &Picture) -> anyhow::Result<()> {
    let differing = host
        .left(WITHOUT_POINTER)
        .differing_pixels(&seen.left(WITHOUT_POINTER));
    ensure!(differing == 0, "{differing} pixels differ");
    Ok(())
}

/// Checks each pixel that is seen against the user's with `fits`, and that the picture is another.
fn reduced(
    host: &Picture,
    seen: &Picture,
    fits: impl Fn([u8; 3], [u8; 3]) -> bool,
) -> anyhow::Result<()> {
    for y in 0..host.height() {
        for x in 0..WITHOUT_POINTER {
            let (original, colour) = (host.at(x, y), seen.at(x, y));
            ensure!(
                fits(original, colour),
                "{colour:?} for {original:?} at {x}, {y}"
            );
        }
    }
    let differing = host
        .left(WITHOUT_POINTER)
        .differing_pixels(&seen.left(WITHOUT_POINTER));
    ensure!(differing > 50_000, "only {differing} pixels lost colour");
    Ok(())
}

fn in_15_bits(host: &Picture, seen: &Picture) -> anyhow::Result<()> {
    reduced(host, seen, |original, colour| {
        let fits = |(original, colour): (u8, u8)| {
            colour & 7 == colour >> 5 && original.abs_diff(colour) < 8
        };
        original.into_iter().zip(colour).all(fits)
    })
}

fn in_8_bits(host: &Picture, seen: &Picture) -> anyhow::Result<()> {
    reduced(host, seen, |original, colour| {
        let mut pairs = original.into_iter().zip(colour);
        pairs.all(|(original, colour)| original.abs_diff(colour) < 34)
    })?;
    let colours: HashSet<[u8; 3]> = seen.left(WITHOUT_POINTER).colours().collect();
    ensure!(colours.len() <= 256, "{} colours", colours.len());
    Ok(())
}

fn in_16_greys(host: &Picture, seen: &Picture) -> anyhow::Result<()> {
    reduced(host, seen, |original, [red, green, blue]| {
        let [r, g, b] = original.map(f64::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        red == green && green == blue && red % 17 == 0 && (luma - f64::from(red)).abs() < 17.0
    })
}

#[test]
fn s3_every_colour_depth_is_chosen_in_mid_session_without_a_gap() {
    let mut play = Play::begin(Look::LIGHT, OPERATOR_SCREEN).expect("a session");
    type Check = fn(&Picture, &Picture) -> anyhow::Result<()>;
    let depths: [(&str, Check); 5] = [
        ("Gray (16 levels)", in_16_greys),
        ("8 bit (256 colors)", in_8_bits),
        ("15 bit (32 768 colors)", in_15_bits),
        ("True color", equal),
        ("Lossless", equal),
    ];
    for (depth, check) in depths {
        play.choose("Color depth", depth).expect("chosen");
        let took = play.settle(depth, check).expect("the depth's own colours");
        assert!(took < REST, "{depth}: only after {took:?}");
    }
    // and straight from the fewest colours to all of them
    play.choose("Color depth", "Gray (16 levels)")
        .expect("chosen");
    play.choose("Color depth", "Lossless").expect("chosen");
    let took = play.settle("Gray to lossless", equal).expect("every pixel");
    assert!(took < REST, "only after {took:?}");
    play.cast.helpme.end().expect("ended");
}

#[test]
fn o3_a_session_starts_with_the_depth_and_the_size_of_the_options() {
    let options = |console: &mut Console| {
        let app = &mut console.app;
        app.click("Settings")?;
        app.click("Operation settings")?;
        for (field, choice) in [
            ("Starting color depth", "Gray (16 levels)"),
            ("Starting image size", "50 %"),
        ] {
            app.click(field)?;
            app.click_in_menu(choice)?;
        }
        app.click("OK")?;
        app.wait_until_gone("OK")
    };
    let mut play = Play::begin_after(Look::LIGHT, OPERATOR_SCREEN, options).expect("a session");
    play.rest_pointer().expect("beside what is compared");
    fs::write(&play.still, "").expect("the text stands still");
    let half = |host: &Picture, seen: &Picture| {
        let (width, height) = (host.width() / 2, host.height() / 2);
        let (left, top) = (
            seen.width().saturating_sub(width) / 2,
            seen.height().saturating_sub(height) / 2,
        );
        for y in (0..height).step_by(3) {
            for x in (0..WITHOUT_POINTER / 2).step_by(3) {
                let [red, green, blue] = seen.at(left + x, top + y);
                let [r, g, b] = mean(host, (x, y), 2.0);
                let luma = 0.299 * r + 0.587 * g + 0.114 * b;
                let is_grey = red == green && green == blue && red % 17 == 0;
                ensure!(
                    is_grey && (luma - f64::from(red)).abs() < 21.0,
                    "{red}, {green}, {blue} for {luma} at {x}, {y}"
                );
            }
        }
        Ok(())
    };
    play.settle("the options", half)
        .expect("half as large, in greys");
    play.cast.helpme.end().expect("ended");
}

#[test]
fn e3_a_text_size_makes_everything_larger_but_the_hosts_picture_and_is_kept() {
    let enlarge = |console: &mut Console| {
        let app = &mut console.app;
        let before = app.wait_for("Settings")?.region;
        app.click("Settings")?;
        app.click("Operation settings")?;
        app.click("Text size")?;
        app.click_in_menu("150 %")?;
        app.click("OK")?;
        app.wait_until_gone("OK")?;
        wait_until_larger(app, "Settings", before, 150)
    };
    let mut play = Play::begin_after(Look::LIGHT, OPERATOR_SCREEN, enlarge).expect("a session");
    play.rest_pointer().expect("beside what is compared");
    fs::write(&play.still, "").expect("the text stands still");
    play.settle("150 %", equal).expect("every pixel");
    play.cast.helpme.end().expect("ended");
    let console = &mut play.cast.console;
    console.leave_session().expect("the report can wait");
    let large = console.app.wait_for("Settings").expect("a button").region;
    console.app.running().stop().expect("ended");
    play.cast.start_console_again().expect("started");
    let app = &mut play.cast.console.app;
    wait_until_larger(app, "Settings", large, 100).expect("as it was left");
    app.hands()
        .chord(&[key::Control_L, key::_0])
        .expect("pressed");
    let usual = app.wait_for("Settings").expect("a button").region;
    assert!(usual.height <= large.height);
    let back = wait_until("the usual size", PATIENCE, || {
        let now = app.find("Settings")?;
        Ok(now.filter(|now| now.region.height * 3 <= large.height * 2 + 3))
    });
    back.expect("by its keys");
}

#[test]
fn e3_helpmes_letters_become_larger_by_its_button_and_by_keys() {
    let screens = (
        Display::start_managed(1280, 1200).expect("a display"),
        Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1).expect("a display"),
    );
    let mut cast = Cast::before_log_in(screens.0, screens.1, Look::LIGHT).expect("a cast");
    let app = &mut cast.helpme.app;
    let before = app.wait_for("Helpme").expect("a title").region;
    app.click("Text size").expect("the button");
    app.click_in_menu("125 %").expect("chosen");
    wait_until_larger(app, "Helpme", before, 125).expect("larger letters");
    let chord = |key| app.hands().chord(&[key::Control_L, key]).expect("pressed");
    chord(key::plus);
    wait_until_larger(app, "Helpme", before, 150).expect("by its keys");
    let settings = app.home().profile().join("helpme/settings.json");
    let kept = wait_until("the settings", PATIENCE, || {
        let settings = fs::read_to_string(&settings)?;
        Ok(settings.contains("\"text_size\": 150").then_some(()))
    });
    kept.expect("kept");
}

/// Waits until what is called `label` has `percent` of the height that it had.
fn wait_until_larger(
    app: &mut App,
    label: &str,
    before: Region,
    percent: u32,
) -> anyhow::Result<()> {
    let wanted = before.height * percent / 100;
    wait_until(&format!("{label} at {percent} %"), PATIENCE, || {
        let now = app.find(label)?;
        Ok(now.filter(|now| now.region.height.abs_diff(wanted) <= 2))
    })?;
    Ok(())
}

/// Checks that the middle of what is seen is `percent` of the user's `area`, each pixel the mean of
/// those it stands for, with nothing around it.
fn shrunk(host: &Picture, seen: &Picture, percent: u32) -> anyhow::Result<()> {
    let (width, height) = (host.width() * percent / 100, host.height() * percent / 100);
    let (left, top) = ((seen.width() - width) / 2, (seen.height() - height) / 2);
    let scale = 100.0 / f64::from(percent);
    // every third pixel says enough
    for y in (0..height).step_by(3) {
        for x in (0..WITHOUT_POINTER * percent / 100).step_by(3) {
            let colour = seen.at(left + x, top + y);
            let mean = mean(host, (x, y), scale);
            let near = colour
                .into_iter()
                .zip(mean)
                .all(|(colour, mean)| (f64::from(colour) - mean).abs() < 4.0);
            ensure!(near, "{colour:?} for {mean:?} at {x}, {y}");
        }
    }
    let around = seen.at(left - 1, top - 1);
    ensure!(
        around.iter().all(|channel| *channel < 40),
        "{around:?} around the picture"
    );
    Ok(())
}

/// The mean of the pixels under pixel `x`, `y` of a picture that is smaller by `scale`.
fn mean(picture: &Picture, (x, y): (u32, u32), scale: f64) -> [f64; 3] {
    let span = |at: u32, length: u32| {
        let (start, end) = (f64::from(at) * scale, f64::from(at + 1) * scale);
        (0..length)
            .skip_while(move |pixel| f64::from(pixel + 1) <= start)
            .take_while(move |pixel| f64::from(*pixel) < end)
            .map(move |pixel| {
                let share = f64::from(pixel + 1).min(end) - f64::from(pixel).max(start);
                (pixel, share / scale)
            })
    };
    let mut sums = [0.0; 3];
    for (row, down) in span(y, picture.height()) {
        for (column, across) in span(x, picture.width()) {
            for (sum, channel) in sums.iter_mut().zip(picture.at(column, row)) {
                *sum += down * across * f64::from(channel);
            }
        }
    }
    sums
}

const RIGHT_MONITOR: Region = Region {
    x: 512,
    y: 0,
    width: 512,
    height: 720,
};

#[test]
fn s2_size_and_monitor_are_chosen_in_mid_session_and_clicks_land_where_they_point() {
    let mut play = Play::begin(Look::LIGHT, OPERATOR_SCREEN).expect("a session");
    play.choose("Color depth", "Lossless").expect("chosen");
    for percent in [75, 50] {
        play.choose("Image size", &format!("{percent} %"))
            .expect("chosen");
        let check = |host: &Picture, seen: &Picture| shrunk(host, seen, percent);
        let took = play.settle(&format!("{percent} %"), check);
        let took = took.expect("a smaller picture");
        assert!(took < REST, "{percent} %: only after {took:?}");
        play.click_lands_at((700, 200), percent, WHOLE_SCREEN)
            .expect("a click where it pointed");
    }
    play.choose("Image size", "1:1 (100 %)").expect("chosen");
    let took = play.settle("1:1", equal).expect("every pixel");
    assert!(took < REST, "1:1: only after {took:?}");

    play.choose("Monitor", "right (512 × 720)").expect("chosen");
    let on_the_right = |host: &Picture, seen: &Picture| {
        let seen = seen.part(Region {
            x: 256,
            ..RIGHT_MONITOR
        });
        let differing = host.part(RIGHT_MONITOR).differing_pixels(&seen);
        ensure!(differing == 0, "{differing} pixels differ");
        Ok(())
    };
    play.settle("the right monitor", on_the_right)
        .expect("every pixel of it");
    play.click_lands_at((700, 200), 100, RIGHT_MONITOR)
        .expect("a click where it pointed");
    play.choose("Monitor", "All monitors").expect("chosen");
    play.settle("all monitors", equal).expect("every pixel");
    play.cast.helpme.end().expect("ended");
}

#[test]
fn s2_on_a_display_with_fine_pixels_every_pixel_is_sharp() {
    let play = Play::begin(Look::FINE, Size(2560, 1800));
    let mut play = play.expect("a session");
    fs::write(&play.still, "").expect("written");
    let (width, height) = (play.session.width, play.session.height);
    assert_eq!((width, height), (2048, 1440), "as large as on a usual one");
    play.rest_pointer().expect("pointed");
    let doubled = |host: &Picture, seen: &Picture| {
        for y in 0..height {
            for x in 0..2 * WITHOUT_POINTER {
                let (original, colour) = (host.at(x / 2, y / 2), seen.at(x, y));
                ensure!(
                    original == colour,
                    "{colour:?} for {original:?} at {x}, {y}"
                );
            }
        }
        Ok(())
    };
    play.settle("2 x 2", doubled).expect("four pixels for each");

    let console = &mut play.cast.console;
    let chosen = console.choose_in_session("Image size", "1:1 (100 %)");
    chosen.expect("chosen");
    play.rest_pointer().expect("pointed");
    let actual = |host: &Picture, seen: &Picture| {
        let middle = seen.part(Region {
            x: (width - host.width()) / 2,
            y: (height - host.height()) / 2,
            ..WHOLE_SCREEN
        });
        equal(host, &middle)
    };
    play.settle("1:1", actual).expect("one pixel for each");
    play.cast.helpme.end().expect("ended");
}
