//! The X11 screen, on virtual displays.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::time::{Duration, Instant};

use capture::x11::X11Screen;
use capture::{CaptureError, Changes, ScreenSource as _};
use codec::{Picture, PixelSize, Rect};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ChangeGCAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, Gcontext, ImageFormat,
    Rectangle, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

mod xvfb;

use xvfb::Xvfb;

/// A display that no server has: numbers are given from 0 on.
const NO_DISPLAY: &str = ":59123";

/// Long enough for a busy machine, short enough to fail.
const SOON: Option<Duration> = Some(Duration::from_secs(5));

/// A program that draws on the display.
struct Painter {
    conn: RustConnection,
    root: Window,
    window: Window,
    gc: Gcontext,
}

impl Painter {
    fn open(display: &str, width: u16, height: u16) -> Self {
        let (conn, number) = RustConnection::connect(Some(display)).expect("the display answers");
        let root = conn.setup().roots[number].root;
        let window = conn.generate_id().expect("ids are left");
        let gc = conn.generate_id().expect("ids are left");
        let look = CreateWindowAux::new()
            .background_pixel(0x33_4455)
            .override_redirect(1);
        conn.create_window(
            x11rb::COPY_DEPTH_FROM_PARENT,
            window,
            root,
            0,
            0,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &look,
        )
        .expect("sends");
        conn.create_gc(gc, window, &CreateGCAux::new())
            .expect("sends");
        conn.map_window(window).expect("sends");
        conn.sync().expect("the display answers");
        Self {
            conn,
            root,
            window,
            gc,
        }
    }

    fn fill(&self, x: i16, y: i16, width: u16, height: u16, colour: u32) {
        self.conn
            .change_gc(self.gc, &ChangeGCAux::new().foreground(colour))
            .expect("sends");
        let rect = Rectangle {
            x,
            y,
            width,
            height,
        };
        self.conn
            .poly_fill_rectangle(self.window, self.gc, &[rect])
            .expect("sends");
        self.conn.flush().expect("sends");
    }

    fn sync(&self) {
        self.conn.sync().expect("the display answers");
    }

    /// What the server itself says is on the screen, `0x00RRGGBB`.
    fn truth(&self, area: Rect) -> Vec<u32> {
        let short = |side: u32| u16::try_from(side).expect("fits");
        let image = self
            .conn
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root,
                i16::try_from(area.x).expect("fits"),
                i16::try_from(area.y).expect("fits"),
                short(area.width),
                short(area.height),
                !0,
            )
            .expect("sends")
            .reply()
            .expect("the display answers");
        let pixels = image.data.as_chunks::<4>().0.iter();
        pixels
            .map(|&bytes| u32::from_le_bytes(bytes) & 0x00ff_ffff)
            .collect()
    }
}

fn open(server: &Xvfb) -> X11Screen {
    X11Screen::open_display(Some(server.display())).expect("the display can be shared")
}

fn wait(screen: &mut X11Screen, timeout: Option<Duration>) -> Changes {
    let mut changes = Changes::default();
    screen
        .wait(timeout, &mut changes)
        .expect("the display lives");
    changes
}

/// Waits until the screen was still for a while.
fn settle(screen: &mut X11Screen, picture: &mut Picture) {
    while wait(screen, Some(Duration::from_millis(150))).any() {
        screen.grab(picture).expect("grabs");
        screen.pointer().expect("tells");
    }
}

fn any_picture() -> Picture {
    Picture::new(PixelSize {
        width: 1,
        height: 1,
    })
}

/// A number that looks random, from its place in a sequence.
fn scramble(number: u32) -> u32 {
    let mixed = number.wrapping_mul(0x9e37_79b9) ^ (number >> 7);
    mixed.wrapping_mul(0x85eb_ca6b) ^ (mixed >> 13)
}

#[test]
fn the_picture_equals_the_screen_pixel_by_pixel_and_the_damage_covers_every_change() {
    let server = Xvfb::start("800x600x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 800, 600);
    painter.sync();
    let whole = Rect {
        x: 0,
        y: 0,
        width: 800,
        height: 600,
    };
    assert!(
        wait(&mut screen, SOON).screen,
        "the first picture is there at once"
    );
    let mut picture = any_picture();
    assert_eq!(screen.grab(&mut picture).expect("grabs"), [whole]);
    assert_eq!(picture.pixels(), painter.truth(whole));

    for round in 0..60_u32 {
        // Some rounds draw more rectangles than are fetched one by one.
        let drawn = if round % 10 == 9 { 120 } else { round % 7 + 1 };
        for index in 0..drawn {
            let place = scramble(round * 1000 + index);
            let x = i16::try_from(place % 820).expect("fits") - 10;
            let y = i16::try_from((place >> 10) % 620).expect("fits") - 10;
            let side = u16::try_from(place >> 20).expect("fits") % 60 + 1;
            painter.fill(x, y, side, side, scramble(place));
        }
        painter.sync();
        let before = picture.clone();
        let truth = painter.truth(whole);
        if truth == before.pixels() {
            continue;
        }
        assert!(wait(&mut screen, SOON).screen);
        let rects = screen.grab(&mut picture).expect("grabs");
        assert_eq!(picture.pixels(), truth, "round {round}");
        let changed = before.pixels().iter().zip(&truth).enumerate();
        for (index, _) in changed.filter(|(_, (old, new))| old != new) {
            let index = u32::try_from(index).expect("fits");
            let (x, y) = (index % 800, index / 800);
            let covers = |rect: &&Rect| {
                (rect.x..rect.right()).contains(&x) && (rect.y..rect.bottom()).contains(&y)
            };
            assert_eq!(
                rects.iter().filter(covers).count(),
                1,
                "{x},{y} in round {round}"
            );
        }
    }
}

#[test]
fn a_still_screen_wakes_nobody() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    let start = Instant::now();
    let changes = wait(&mut screen, Some(Duration::from_millis(700)));
    assert_eq!(changes, Changes::default());
    assert!(start.elapsed() >= Duration::from_millis(700));
    assert_eq!(screen.grab(&mut picture).expect("grabs"), []);
}

#[test]
fn a_change_is_told_once_until_it_is_grabbed() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 640, 480);
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    painter.fill(10, 10, 20, 20, 0xff_0000);
    assert!(wait(&mut screen, SOON).screen);
    painter.fill(100, 10, 20, 20, 0x00_ff00);
    painter.sync();
    assert!(!wait(&mut screen, Some(Duration::from_millis(100))).any());
    let rects = screen.grab(&mut picture).expect("grabs");
    assert_eq!(
        rects
            .iter()
            .map(|rect| rect.width * rect.height)
            .sum::<u32>(),
        800,
        "{rects:?}"
    );
    assert_eq!(
        (picture.row(15)[15], picture.row(15)[105]),
        (0xff_0000, 0x00_ff00)
    );
    painter.fill(200, 10, 20, 20, 0x00_00ff);
    assert!(wait(&mut screen, SOON).screen);
}

#[test]
fn a_waker_ends_a_wait_from_another_thread() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    settle(&mut screen, &mut any_picture());
    let waker = screen.waker();
    let waking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        waker.wake();
    });
    let changes = wait(&mut screen, None);
    assert_eq!(
        changes,
        Changes {
            woken: true,
            ..Changes::default()
        }
    );
    waking.join().expect("the waking thread ends");
    // One that comes before the wait is not lost, and not told twice.
    screen.waker().wake();
    assert!(wait(&mut screen, None).woken);
    assert!(!wait(&mut screen, Some(Duration::from_millis(50))).any());
}

#[test]
fn pointer_moves_are_told_without_a_timer_and_the_shape_when_it_changes() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 640, 480);
    settle(&mut screen, &mut any_picture());
    // As a device moves it.
    {
        use x11rb::protocol::xtest::ConnectionExt as _;
        painter
            .conn
            .xtest_fake_input(6, 0, 0, painter.root, 123, 45, 0)
            .expect("sends");
        painter.sync();
    }
    assert!(wait(&mut screen, SOON).pointer_moved);
    let pointer = screen.pointer().expect("tells");
    assert_eq!((pointer.x, pointer.y), (123, 45));

    let cursor = painter.conn.generate_id().expect("ids are left");
    let font = painter.conn.generate_id().expect("ids are left");
    painter.conn.open_font(font, b"cursor").expect("sends");
    painter
        .conn
        .create_glyph_cursor(cursor, font, font, 34, 35, 0xffff, 0, 0, 0, 0, 0xffff)
        .expect("sends");
    let crosshair = x11rb::protocol::xproto::ChangeWindowAttributesAux::new().cursor(cursor);
    painter
        .conn
        .change_window_attributes(painter.window, &crosshair)
        .expect("sends");
    painter.sync();
    assert!(wait(&mut screen, SOON).pointer_shape);
    let changed = screen.pointer().expect("tells");
    assert!(changed.visible);
    let shape = changed.shape.expect("X11 tells the shape");
    assert_eq!(
        shape.rgba.len(),
        usize::from(shape.width) * usize::from(shape.height) * 4
    );
    assert!(shape.hot_x < shape.width && shape.hot_y < shape.height);
    let colours: Vec<[u8; 4]> = shape.rgba.as_chunks::<4>().0.to_vec();
    assert!(colours.contains(&[255, 0, 0, 255]), "the crosshair is red");
    let again = screen
        .pointer()
        .expect("tells")
        .shape
        .expect("X11 tells the shape");
    assert_eq!(again.serial, shape.serial);
}

#[test]
fn a_pointer_that_a_program_placed_is_told_with_the_next_grab() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 640, 480);
    settle(&mut screen, &mut any_picture());
    painter
        .conn
        .warp_pointer(x11rb::NONE, painter.root, 0, 0, 0, 0, 300, 200)
        .expect("sends");
    painter.fill(1, 1, 5, 5, 0xab_cdef);
    painter.sync();
    let mut picture = any_picture();
    let mut changes = wait(&mut screen, SOON);
    if !changes.pointer_moved {
        screen.grab(&mut picture).expect("grabs");
        changes = wait(&mut screen, SOON);
    }
    assert!(changes.pointer_moved);
    let pointer = screen.pointer().expect("tells");
    assert_eq!((pointer.x, pointer.y), (300, 200));
}

#[test]
fn two_monitors_are_told_and_one_of_them_can_be_shared() {
    let server = Xvfb::start("1280x720x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 1280, 720);
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    server.run(
        "xrandr",
        &["--setmonitor", "left", "640/160x720/180+0+0", "screen"],
    );
    server.run(
        "xrandr",
        &["--setmonitor", "right", "640/160x720/180+640+0", "none"],
    );
    assert!(wait(&mut screen, SOON).resized);
    settle(&mut screen, &mut picture);
    let monitors = screen.monitors().expect("tells");
    let named = |name: &str| monitors.iter().find(|monitor| monitor.name == name);
    let left = named("left").expect("the monitor is there");
    let right = named("right").expect("the monitor is there");
    assert_eq!(
        left.area,
        Rect {
            x: 0,
            y: 0,
            width: 640,
            height: 720
        }
    );
    assert_eq!(
        right.area,
        Rect {
            x: 640,
            y: 0,
            width: 640,
            height: 720
        }
    );
    assert_eq!(monitors.iter().filter(|monitor| monitor.primary).count(), 1);

    screen
        .select(Some(right.id))
        .expect("there is such a monitor");
    let changes = wait(&mut screen, SOON);
    assert!(changes.screen && changes.resized);
    let everything = Rect {
        x: 0,
        y: 0,
        width: 640,
        height: 720,
    };
    assert_eq!(screen.grab(&mut picture).expect("grabs"), [everything]);
    assert_eq!(screen.area(), right.area);
    settle(&mut screen, &mut picture);
    painter.fill(600, 300, 80, 20, 0x12_3456);
    painter.sync();
    assert!(wait(&mut screen, SOON).screen);
    let part = Rect {
        x: 0,
        y: 300,
        width: 40,
        height: 20,
    };
    assert_eq!(screen.grab(&mut picture).expect("grabs"), [part]);
    assert_eq!(picture.pixels(), painter.truth(right.area));

    assert_eq!(
        screen.select(Some(999_999)),
        Err(CaptureError::NoSuchMonitor { id: 999_999 })
    );
    // A monitor that is unplugged leaves the whole desktop.
    server.run("xrandr", &["--delmonitor", "right"]);
    assert!(wait(&mut screen, SOON).resized);
    screen.grab(&mut picture).expect("grabs");
    assert_eq!(
        picture.size(),
        PixelSize {
            width: 1280,
            height: 720
        }
    );
}

#[test]
fn h5_of_a_monitor_that_is_kept_to_nothing_else_is_ever_grabbed() {
    let server = Xvfb::start("1280x720x24");
    let painter = Painter::open(server.display(), 1280, 720);
    painter.fill(0, 0, 640, 720, 0x11_2233);
    painter.fill(640, 0, 640, 720, 0xee_0000);
    painter.sync();
    let set = |name: &str, place: &str, output: &str| {
        server.run("xrandr", &["--setmonitor", name, place, output]);
    };
    set("left", "640/160x720/180+0+0", "screen");
    set("right", "640/160x720/180+640+0", "none");
    let mut screen = open(&server);
    let monitors = screen.monitors().expect("tells");
    let left = monitors.iter().find(|monitor| monitor.name == "left");
    let left = left.expect("the monitor is there").clone();
    screen.keep_to(left.id).expect("there is such a monitor");
    let is_secret = |picture: &Picture| {
        let pixels = picture.pixels().iter();
        pixels
            .filter(|pixel| **pixel & 0xff_ffff == 0xee_0000)
            .count()
    };
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    assert_eq!(picture.size(), PixelSize::new(640, 720));
    assert_eq!(is_secret(&picture), 0);

    // what it shows moves to the other side; nobody has waited for that to be told
    painter.fill(0, 0, 640, 720, 0xee_0000);
    painter.fill(640, 0, 640, 720, 0x11_2233);
    painter.sync();
    for name in ["right", "left"] {
        server.run("xrandr", &["--delmonitor", name]);
    }
    set("left", "640/160x720/180+640+0", "screen");
    screen.grab(&mut picture).expect("grabs");
    assert_eq!(is_secret(&picture), 0, "not for one grab");
    assert_eq!(screen.area().x, 640);

    server.run("xrandr", &["--delmonitor", "left"]);
    let gone = Err(CaptureError::NoSuchMonitor { id: left.id });
    let mut changes = Changes::default();
    let waited = screen.wait(SOON, &mut changes);
    assert_eq!(waited, gone.clone().map(|_: Vec<Rect>| ()));
    assert_eq!(screen.grab(&mut picture), gone);
}

#[test]
fn another_screen_size_is_told_and_grabbed_whole() {
    let server = Xvfb::start("1280x720x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 1280, 720);
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    let mode = [
        "--newmode",
        "small",
        "60",
        "1024",
        "1100",
        "1200",
        "1300",
        "600",
        "610",
        "620",
        "630",
    ];
    server.run("xrandr", &mode);
    server.run("xrandr", &["--addmode", "screen", "small"]);
    server.run("xrandr", &["--output", "screen", "--mode", "small"]);
    let changes = wait(&mut screen, SOON);
    assert!(changes.resized && changes.screen, "{changes:?}");
    screen.grab(&mut picture).expect("grabs");
    settle(&mut screen, &mut picture);
    assert_eq!(
        picture.size(),
        PixelSize {
            width: 1024,
            height: 600
        }
    );
    assert_eq!(picture.pixels(), painter.truth(screen.area()));
}

#[test]
fn a_display_that_ends_is_an_error_and_no_hang() {
    let mut server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    settle(&mut screen, &mut any_picture());
    let waiting = std::thread::spawn(move || {
        let mut changes = Changes::default();
        (
            screen.wait(None, &mut changes),
            screen.grab(&mut any_picture()),
        )
    });
    std::thread::sleep(Duration::from_millis(100));
    server.stop();
    let (waited, grabbed) = waiting.join().expect("no panic");
    assert!(
        matches!(waited, Err(CaptureError::Lost { .. })),
        "{waited:?}"
    );
    assert!(
        matches!(grabbed, Err(CaptureError::Lost { .. })),
        "{grabbed:?}"
    );
    let opened = X11Screen::open_display(Some(NO_DISPLAY));
    assert!(
        matches!(opened, Err(CaptureError::NoDisplay { .. })),
        "{opened:?}"
    );
}

#[test]
#[ignore = "it waits ten seconds"]
fn a_display_that_hangs_is_an_error_and_no_hang() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    let stop = ["-STOP", &server.process.id().to_string()];
    server.run("kill", &stop);
    let start = Instant::now();
    let grabbed = screen.grab(&mut any_picture());
    assert!(
        matches!(grabbed, Err(CaptureError::Lost { .. })),
        "{grabbed:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_program_that_holds_the_server_for_itself_does_not_freeze_the_picture() {
    let server = Xvfb::start("640x480x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 640, 480);
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    painter.conn.grab_server().expect("sends");
    painter.fill(10, 10, 20, 20, 0x12_3456);
    painter.sync();
    assert!(wait(&mut screen, SOON).screen);
    screen.grab(&mut picture).expect("grabs");
    assert_eq!(picture.row(15)[15], 0x12_3456);
}

/// What a server of this depth shows for a pixel, `0x00RRGGBB`.
fn colour_of(pixel: u32, bits: [u32; 3]) -> u32 {
    let mut rest = pixel;
    let parts = [bits[2], bits[1], bits[0]].map(|bits| {
        let highest = (1 << bits) - 1;
        let value = rest & highest;
        rest >>= bits;
        (value * 255 + highest / 2) / highest
    });
    parts[2] << 16 | parts[1] << 8 | parts[0]
}

#[test]
fn screens_of_every_depth_are_grabbed_with_their_colours() {
    for (depth, bits) in [
        (15, [5, 5, 5]),
        (16, [5, 6, 5]),
        (24, [8, 8, 8]),
        (30, [10, 10, 10]),
    ] {
        for lacking in [&[][..], &["MIT-SHM"]] {
            let server = Xvfb::start_without(&format!("641x480x{depth}"), lacking);
            let mut screen = open(&server);
            let painter = Painter::open(server.display(), 641, 480);
            let mut picture = any_picture();
            settle(&mut screen, &mut picture);
            let all: u32 = bits.iter().sum();
            let pixels = [(1 << all) - 1, 0, 0x1234_5678 & ((1 << all) - 1), 0x0f0f];
            for (i, pixel) in (0..).zip(pixels) {
                // odd sides: rows are padded
                painter.fill(11 + 20 * i, 10, 7, 5, pixel);
                painter.sync();
                assert!(wait(&mut screen, SOON).screen);
                screen.grab(&mut picture).expect("grabs");
                let x = usize::try_from(11 + 20 * i).expect("inside");
                let expected = colour_of(pixel, bits);
                let row = &picture.row(14)[x..x + 7];
                assert_eq!(row, [expected; 7], "depth {depth}, without {lacking:?}");
            }
        }
    }
}

#[test]
fn a_server_that_does_not_tell_what_changes_is_compared() {
    for lacking in [
        &["DAMAGE"][..],
        &["XFIXES"],
        &["DAMAGE", "XFIXES", "MIT-SHM", "XTEST"],
    ] {
        let server = Xvfb::start_without("640x480x24", lacking);
        let mut screen = open(&server);
        let painter = Painter::open(server.display(), 640, 480);
        let mut picture = any_picture();
        screen.grab(&mut picture).expect("grabs");
        for i in 0..3_i16 {
            painter.fill(200 + 64 * i, 100, 20, 20, 0x12_3456);
            painter.sync();
            let before = Instant::now();
            let mut rects = Vec::new();
            while rects.is_empty() {
                assert!(before.elapsed() < Duration::from_secs(5), "{lacking:?}");
                wait(&mut screen, SOON);
                rects = screen.grab(&mut picture).expect("grabs");
            }
            let x = u32::try_from(205 + 64 * i).expect("inside");
            assert_eq!(picture.row(110)[x as usize], 0x12_3456);
            let [rect] = rects[..] else {
                panic!("only what changed is told, not {rects:?}");
            };
            assert!(rect.width <= 128 && rect.height <= 128, "{rect:?}");
        }
        assert_eq!(picture.pixels(), painter.truth(picture.size().rect()));
        // at rest it is looked at, and nothing is told
        screen.pointer().expect("tells");
        let (mut looks, rest) = (0, Instant::now());
        while rest.elapsed() < Duration::from_secs(1) {
            looks += u32::from(wait(&mut screen, Some(Duration::from_secs(1))).screen);
            assert!(screen.grab(&mut picture).expect("grabs").is_empty());
        }
        assert!((3..=12).contains(&looks), "{looks} looks in a second");
        let pointer = screen.pointer().expect("tells");
        let knows_shape = !lacking.contains(&"XFIXES");
        assert_eq!(pointer.shape.is_some(), knows_shape, "{lacking:?}");
        assert!(pointer.visible);
    }
}

#[test]
fn a_display_of_few_colours_is_refused_with_a_reason() {
    let server = Xvfb::start("640x480x8");
    let error = X11Screen::open_display(Some(server.display())).expect_err("too few colours");
    assert_eq!(
        error.to_string(),
        "this display cannot be shared: it has few colours (depth 8)"
    );
}

/// Prints medians; run it with `--ignored --nocapture` when they are wanted.
#[test]
#[ignore = "a measurement"]
fn from_a_stroke_to_the_pixels() {
    let server = Xvfb::start("1920x1080x24");
    let mut screen = open(&server);
    let painter = Painter::open(server.display(), 1920, 1080);
    let mut picture = any_picture();
    settle(&mut screen, &mut picture);
    let (mut waits, mut small, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..300_u32 {
        std::thread::sleep(Duration::from_millis(2));
        let start = Instant::now();
        painter.fill(100, 100, 40, 30, scramble(round));
        assert!(wait(&mut screen, SOON).screen);
        waits.push(start.elapsed());
        let start = Instant::now();
        screen.grab(&mut picture).expect("grabs");
        small.push(start.elapsed());
        if round % 10 == 0 {
            screen.select(None).expect("the whole desktop");
            let start = Instant::now();
            screen.grab(&mut picture).expect("grabs");
            full.push(start.elapsed());
        }
    }
    for (name, mut times) in [
        ("stroke to wait", waits),
        ("grab of 40x30", small),
        ("grab of 1920x1080", full),
    ] {
        times.sort_unstable();
        println!(
            "{name}: median {} us, p99 {} us",
            times[times.len() / 2].as_micros(),
            times[times.len() * 99 / 100].as_micros()
        );
    }
}
