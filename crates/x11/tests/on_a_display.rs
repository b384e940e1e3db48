//! Connecting, waiting and sharing memory, on virtual displays.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::sync::Arc;
use std::time::{Duration, Instant};

use x11::{Alarm, Segment, ServerMay};
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, ImageFormat, Rectangle};

#[path = "../../capture/tests/xvfb/mod.rs"]
#[expect(dead_code, reason = "only what these tests need is used")]
mod xvfb;

use xvfb::Xvfb;

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_display_that_is_not_there_is_named() {
    // numbers of displays are given from 0 on
    for told in [
        x11::connect(Some(":59123")).map(drop),
        x11::connect_patiently(Some(":59123")).map(drop),
    ] {
        let error = told.expect_err("nobody answers there").to_string();
        assert!(error.starts_with(":59123: "), "{error}");
    }
}

#[test]
fn a_display_named_by_a_link_is_where_the_link_leads() {
    let (small, large) = (Xvfb::start("64x64x24"), Xvfb::start("128x64x24"));
    let folder = std::env::temp_dir().join(format!("a link of {}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let link = folder.join("display".repeat(20));
    let name = format!("unix:{}", link.display());
    for (server, width) in [(&small, 64), (&large, 128)] {
        let number = server.display().trim_start_matches(':');
        let socket = format!("/tmp/.X11-unix/X{number}");
        std::os::unix::fs::symlink(socket, &link).expect("a link");
        let (_, screen) = x11::connect(Some(&name)).expect("connects");
        assert_eq!(screen.width_in_pixels, width);
        let (_, screen) = x11::connect_patiently(Some(&name)).expect("connects");
        assert_eq!(screen.width_in_pixels, width);
        std::fs::remove_file(&link).expect("removed");
    }
    let error = x11::connect(Some(&name)).expect_err("it leads nowhere");
    assert!(error.to_string().contains("display"), "{error}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn an_extension_that_is_missing_is_named() {
    let server = Xvfb::start("64x64x24");
    let (connection, _) = x11::connect(Some(server.display())).expect("connects");
    let missing = |names: &[&'static str]| {
        let asked = x11::missing_extension(&connection, names);
        asked.expect("the display answers")
    };
    assert_eq!(missing(&["XTEST", "MIT-SHM"]), None);
    assert_eq!(missing(&["XTEST", "NO-SUCH", "NONE"]), Some("NO-SUCH"));
}

#[test]
fn an_alarm_ends_a_wait_for_the_server_and_rings_once() {
    let server = Xvfb::start("64x64x24");
    let (connection, _) = x11::connect(Some(server.display())).expect("connects");
    let alarm = Arc::new(Alarm::new().expect("an alarm"));
    assert!(!alarm.rang());
    let start = Instant::now();
    let short = Duration::from_millis(30);
    let waited = alarm.wait(connection.stream(), Some(short));
    waited.expect("waits");
    assert!(start.elapsed() >= short, "nothing rang");
    let ringer = Arc::clone(&alarm);
    let other = std::thread::spawn(move || {
        ringer.ring();
        ringer.ring();
    });
    let start = Instant::now();
    let waited = alarm.wait(connection.stream(), Some(PATIENCE));
    waited.expect("waits");
    assert!(start.elapsed() < PATIENCE);
    other.join().expect("rings");
    assert!(alarm.rang());
    assert!(!alarm.rang());
}

#[test]
fn a_segment_is_seen_from_both_sides() {
    let server = Xvfb::start("64x64x24");
    let (connection, screen) = x11::connect(Some(server.display())).expect("connects");
    x11::can_share_memory(&connection).expect("a server of this machine");
    let gc = x11::new_id(&connection).expect("a number");
    let red = CreateGCAux::new().foreground(0x00ff_0000);
    let made = connection.create_gc(gc, screen.root, &red);
    made.expect("sends").check().expect("made");
    let everything = Rectangle {
        x: 0,
        y: 0,
        width: 64,
        height: 64,
    };
    let filled = connection.poly_fill_rectangle(screen.root, gc, &[everything]);
    filled.expect("sends").check().expect("filled");

    let len_bytes = 64 * 64 * size_of::<u32>();
    let mut written = Segment::new(&connection, len_bytes, ServerMay::Write).expect("shared");
    assert_eq!(written.pixel_count(), 64 * 64);
    let fetch = |segment: &Segment| {
        let all_planes = !0;
        let format = ImageFormat::Z_PIXMAP.into();
        let asked = connection.shm_get_image(
            screen.root,
            0,
            0,
            64,
            64,
            all_planes,
            format,
            segment.id(),
            0,
        );
        asked.expect("sends").reply().map(drop)
    };
    fetch(&written).expect("written");
    let is_red = |pixel: &u32| pixel & 0x00ff_ffff == 0x00ff_0000;
    assert!(written.pixels_mut().iter().all(is_red));

    let mut read = Segment::new(&connection, len_bytes, ServerMay::Read).expect("shared");
    fetch(&read).expect_err("a server that may only read");
    read.pixels_mut().fill(0x0000_00ff);
    let depth = screen.root_depth;
    let format = ImageFormat::Z_PIXMAP.into();
    let put = connection.shm_put_image(
        screen.root,
        gc,
        64,
        64,
        0,
        0,
        64,
        64,
        0,
        0,
        depth,
        format,
        false,
        read.id(),
        0,
    );
    put.expect("sends").check().expect("put");
    fetch(&written).expect("written");
    let is_blue = |pixel: &u32| pixel & 0x00ff_ffff == 0x0000_00ff;
    assert!(written.pixels_mut().iter().all(is_blue));
    assert!(written.bytes().chunks(4).all(|pixel| pixel[0] == 0xff));

    let id = read.id();
    read.detach(&connection).expect("sends");
    let again = connection.shm_detach(id).expect("sends");
    again.check().expect_err("the server has forgotten it");
}
