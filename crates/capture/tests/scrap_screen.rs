//! The `scrap` screen, on a virtual display. `scrap` knows only the display that `DISPLAY` names, so
//! the test runs itself again with another one.

#![cfg(all(feature = "scrap", target_os = "linux"))]

use std::process::Command;
use std::time::Duration;

use capture::scrap_backend::ScrapScreen;
use capture::{CaptureError, Changes, ScreenSource as _};
use codec::{Picture, PixelSize, Rect};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ChangeGCAux, ConnectionExt as _, CreateGCAux, ImageFormat, Rectangle, SubwindowMode,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

mod xvfb;

use xvfb::Xvfb;

const INNER: &str = "PHD_TEST_SCRAP_INNER";

#[test]
fn the_picture_equals_the_screen_and_a_still_screen_tells_nothing() {
    if std::env::var_os(INNER).is_some() {
        on_the_display();
        return;
    }
    let mut server = Xvfb::start("640x480x24");
    server.run("xrandr", &[]);
    let test = std::env::current_exe().expect("a program knows where it is");
    let again = Command::new(test)
        .env("DISPLAY", server.display())
        .env(INNER, "1")
        .output();
    let output = again.expect("the test runs again");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    server.stop();
}

fn on_the_display() {
    let (conn, number) = RustConnection::connect(None).expect("the display answers");
    let root = conn.setup().roots[number].root;
    let gc = conn.generate_id().expect("ids are left");
    let over_all = CreateGCAux::new().subwindow_mode(SubwindowMode::INCLUDE_INFERIORS);
    conn.create_gc(gc, root, &over_all).expect("sends");
    let fill = |x, y, width, height, colour| {
        let rect = Rectangle {
            x,
            y,
            width,
            height,
        };
        conn.change_gc(gc, &ChangeGCAux::new().foreground(colour))
            .expect("sends");
        conn.poly_fill_rectangle(root, gc, &[rect]).expect("sends");
        conn.sync().expect("the display answers");
    };
    let truth = || {
        let image = conn.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, 640, 480, !0);
        let image = image.expect("sends").reply().expect("answers").data;
        let pixels = image.as_chunks::<4>().0.iter();
        pixels
            .map(|&bytes| u32::from_le_bytes(bytes) & 0x00ff_ffff)
            .collect::<Vec<u32>>()
    };

    fill(0, 0, 640, 480, 0x20_4060);
    let mut screen = ScrapScreen::open().expect("the display can be shared");
    let mut picture = Picture::new(PixelSize {
        width: 1,
        height: 1,
    });
    let mut changes = Changes::default();
    screen.wait(None, &mut changes).expect("a first picture");
    assert!(changes.screen);
    let whole = Rect {
        x: 0,
        y: 0,
        width: 640,
        height: 480,
    };
    assert_eq!(screen.grab(&mut picture).expect("grabs"), [whole]);
    assert_eq!(picture.pixels(), truth());

    let still = Some(Duration::from_millis(200));
    screen.wait(still, &mut changes).expect("time passes");
    assert_eq!(changes, Changes::default());

    fill(100, 70, 10, 10, 0xff_0000);
    screen.wait(None, &mut changes).expect("a change");
    assert!(changes.screen);
    let part = Rect {
        x: 64,
        y: 64,
        width: 64,
        height: 64,
    };
    assert_eq!(screen.grab(&mut picture).expect("grabs"), [part]);
    assert_eq!(picture.pixels(), truth());

    screen.waker().wake();
    screen.wait(None, &mut changes).expect("woken");
    assert!(changes.woken);
    assert_eq!(
        screen.select(Some(7)),
        Err(CaptureError::NoSuchMonitor { id: 7 })
    );
    assert_eq!(screen.monitors().expect("tells").len(), 1);
}
