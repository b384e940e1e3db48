//! The picture on a real X server.
#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect, Scaler};
use present::{Placement, Presenter, SCALE_ONE};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateWindowAux, ImageFormat, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// An X server of our own; ended by its process id.
struct Server {
    process: Child,
    display: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x480x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need Xvfb (Debian package xvfb)");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("Xvfb tells its display");
        Self {
            process,
            display: format!(":{}", line.trim()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("our own process");
        self.process.wait().expect("our own process");
    }
}

fn window(connection: &RustConnection) -> Window {
    let root = &connection.setup().roots[0];
    let window = connection.generate_id().expect("an id");
    let look = CreateWindowAux::new()
        .background_pixel(0x00ff_0000)
        .override_redirect(1);
    let class = WindowClass::INPUT_OUTPUT;
    connection
        .create_window(
            24,
            window,
            root.root,
            50,
            40,
            400,
            300,
            0,
            class,
            root.root_visual,
            &look,
        )
        .expect("sent");
    connection.map_window(window).expect("sent");
    connection
        .get_input_focus()
        .expect("sent")
        .reply()
        .expect("the server lives");
    window
}

/// The pixel of the window at (x, y), as it is on the screen.
fn pixel(connection: &RustConnection, x: i16, y: i16) -> u32 {
    let root = connection.setup().roots[0].root;
    let image = connection
        .get_image(ImageFormat::Z_PIXMAP, root, 50 + x, 40 + y, 1, 1, !0)
        .expect("sent")
        .reply()
        .expect("an image");
    u32::from_le_bytes(image.data[..4].try_into().expect("four bytes")) & 0x00ff_ffff
}

/// Waits up to two seconds for that pixel.
fn becomes(connection: &RustConnection, x: i16, y: i16, expected: u32) -> bool {
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        if pixel(connection, x, y) == expected {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn numbered(size: PixelSize) -> Picture {
    let mut picture = Picture::new(size);
    for (index, pixel) in picture.pixels_mut().iter_mut().enumerate() {
        *pixel = u32::try_from(index).expect("small") & 0x00ff_ffff;
    }
    picture
}

#[test]
fn the_picture_stands_where_it_is_placed_pixel_by_pixel() {
    let server = Server::start();
    let (connection, _) = RustConnection::connect(Some(&server.display)).expect("our server");
    let window = window(&connection);
    let presenter = Presenter::attach_on(Some(&server.display), window.into()).expect("attached");
    let mut picture = numbered(PixelSize::new(300, 200));
    presenter
        .present(&picture, &[picture.size().rect()])
        .expect("taken");
    assert!(
        becomes(&connection, 20, 30, 0x00ff_0000),
        "hidden until placed"
    );

    let area = Rect::new(10, 20, 250, 150);
    let place = Placement {
        area,
        source_x: 5,
        source_y: 7,
        shown: picture.size(),
        scale: SCALE_ONE,
    };
    presenter
        .place(Some(place), Some(&picture))
        .expect("placed");
    let at = |x: u32, y: u32| (y * 300 + x) & 0x00ff_ffff;
    assert!(becomes(&connection, 10, 20, at(5, 7)), "top left");
    assert!(becomes(&connection, 259, 169, at(254, 156)), "bottom right");
    assert!(
        becomes(&connection, 260, 169, 0x00ff_0000),
        "nothing outside"
    );

    picture.row_mut(100)[100] = 0x0012_3456;
    presenter
        .present(&picture, &[Rect::new(100, 100, 1, 1)])
        .expect("taken");
    assert!(
        becomes(&connection, 10 + 95, 20 + 93, 0x0012_3456),
        "a changed pixel"
    );
    assert!(
        becomes(&connection, 10 + 96, 20 + 93, at(101, 100)),
        "its neighbour stays"
    );

    presenter.place(None, None).expect("hidden");
    assert!(becomes(&connection, 10, 20, 0x00ff_0000), "hidden again");
}

#[test]
fn what_changed_while_it_was_hidden_is_shown_when_it_comes_back() {
    let server = Server::start();
    let (connection, _) = RustConnection::connect(Some(&server.display)).expect("our server");
    let window = window(&connection);
    let presenter = Presenter::attach_on(Some(&server.display), window.into()).expect("attached");
    let mut picture = numbered(PixelSize::new(64, 64));
    for shown in [picture.size(), PixelSize::new(32, 32)] {
        let place = Placement {
            area: shown.rect(),
            source_x: 0,
            source_y: 0,
            shown,
            scale: SCALE_ONE,
        };
        picture.pixels_mut().fill(0x0000_00aa);
        let placed = presenter.place(Some(place), Some(&picture));
        placed.expect("placed");
        assert!(becomes(&connection, 31, 31, 0x0000_00aa), "{shown:?}");
        presenter.place(None, Some(&picture)).expect("hidden");
        picture.pixels_mut().fill(0x0000_bb00);
        let placed = presenter.place(Some(place), Some(&picture));
        placed.expect("placed");
        assert!(becomes(&connection, 31, 31, 0x0000_bb00), "{shown:?}");
    }
}

#[test]
fn a_picture_that_grows_is_shown_whole() {
    let server = Server::start();
    let (connection, _) = RustConnection::connect(Some(&server.display)).expect("our server");
    let window = window(&connection);
    let presenter = Presenter::attach_on(Some(&server.display), window.into()).expect("attached");
    let area = Rect::new(0, 0, 400, 300);
    let small = numbered(PixelSize::new(16, 16));
    let place = |shown| Placement {
        area,
        source_x: 0,
        source_y: 0,
        shown,
        scale: SCALE_ONE,
    };
    let placed = presenter.place(Some(place(small.size())), Some(&small));
    placed.expect("placed");
    assert!(becomes(&connection, 15, 15, 255));
    let large = numbered(PixelSize::new(400, 300));
    let placed = presenter.place(Some(place(large.size())), Some(&large));
    placed.expect("placed");
    assert!(becomes(&connection, 399, 299, 300 * 400 - 1));
}

#[test]
fn s2_a_scaled_picture_changes_where_the_picture_changed() {
    let server = Server::start();
    let (connection, _) = RustConnection::connect(Some(&server.display)).expect("our server");
    let window = window(&connection);
    let presenter = Presenter::attach_on(Some(&server.display), window.into()).expect("attached");
    let mut picture = numbered(PixelSize::new(301, 203));
    for shown in [PixelSize::new(200, 135), PixelSize::new(452, 305)] {
        let place = Placement {
            area: Rect::new(20, 10, 190, 120),
            source_x: 8,
            source_y: 11,
            shown,
            scale: SCALE_ONE,
        };
        presenter
            .place(Some(place), Some(&picture))
            .expect("placed");
        let expected = |picture: &Picture, x: u32, y: u32| {
            let mut pixel = 0;
            let part = Rect::new(x, y, 1, 1);
            Scaler::new(picture.size(), shown).scale(picture, part, |_, row| pixel = row[0]);
            pixel
        };
        let corners = [(8, 11), (197, 11), (8, 130), (197, 130), (100, 60)];
        let on_screen = |x: u32, y: u32| {
            let place = |at: u32| i16::try_from(at).expect("small");
            (place(x - 8 + 20), place(y - 11 + 10))
        };
        for (x, y) in corners {
            let at = on_screen(x, y);
            let pixel = expected(&picture, x, y);
            assert!(becomes(&connection, at.0, at.1, pixel), "{x} {y}");
        }
        let changed = Rect::new(60, 40, 33, 21);
        for y in changed.y..changed.bottom() {
            picture.row_mut(y)[60..93].fill(0x00ab_cdef);
        }
        presenter.present(&picture, &[changed]).expect("taken");
        let touched = Scaler::new(picture.size(), shown).touched(changed);
        let edges = [
            (touched.x, touched.y),
            (touched.right() - 1, touched.bottom() - 1),
            (touched.x - 1, touched.y),
        ];
        for (x, y) in edges {
            let at = on_screen(x, y);
            let pixel = expected(&picture, x, y);
            assert!(becomes(&connection, at.0, at.1, pixel), "{x} {y}");
        }
    }
}
