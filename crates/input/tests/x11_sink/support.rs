//! Displays, terminals and windows that see what arrives.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use input::x11::X11Sink;
use input::{InputSink as _, hid};
use protocol::input::{HidKey, InputEvent};
use protocol::text::BoundedText;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ConnectionExt as _, CreateWindowAux, EventMask, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::xvfb::Xvfb;

/// A display that no server has: numbers are given from 0 on.
pub(crate) const NO_DISPLAY: &str = ":59123";

pub(crate) const SCREEN: &str = "800x600x24";
pub(crate) const SHIFT_KEYCODE: u8 = 50;
pub(crate) const A_KEYCODE: u8 = 38;

pub(crate) fn key(key: HidKey, pressed: bool, character: Option<char>) -> InputEvent {
    InputEvent::Key {
        key,
        pressed,
        character,
    }
}

pub(crate) fn text(text: &str) -> InputEvent {
    InputEvent::Text {
        text: BoundedText::cut(text),
    }
}

pub(crate) fn open(server: &Xvfb) -> X11Sink {
    X11Sink::open_display(Some(server.display())).expect("the display can be controlled")
}

pub(crate) fn layout(server: &Xvfb, layout: &str) {
    server.run("setxkbmap", &["-layout", layout]);
}

/// Types with a key down and a key up for each character, all from one unlikely place.
pub(crate) fn type_keys(sink: &mut X11Sink, characters: &str) {
    for character in characters.chars() {
        sink.inject(&key(hid::G, true, Some(character)))
            .expect("presses");
        sink.inject(&key(hid::G, false, None)).expect("releases");
    }
}

pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A terminal under the pointer that writes what is typed to a file.
pub(crate) struct Terminal {
    pub(crate) program: Child,
    pub(crate) folder: PathBuf,
}

impl Terminal {
    pub(crate) fn open(server: &Xvfb) -> Self {
        let folder = std::env::temp_dir().join(format!(
            "phd-input-{}-{}",
            std::process::id(),
            server.display().trim_start_matches(':')
        ));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let script = format!("cd '{}'; touch ready; exec cat > typed", folder.display());
        let program = server
            .command("xterm")
            .env("LC_ALL", "C.UTF-8")
            .args(["-u8", "-geometry", "100x30+0+0", "-e", "sh", "-c", &script])
            .spawn()
            .expect("xterm is installed");
        let terminal = Self { program, folder };
        eventually("the terminal starts", || {
            terminal.folder.join("ready").exists()
        });
        // Its window comes before its program, and has the keyboard while the pointer is over it.
        open(server)
            .inject(&InputEvent::PointerMoved {
                to: protocol::Place {
                    x: 100,
                    y: 100,
                    seen: 0,
                },
            })
            .expect("moves");
        terminal
    }

    /// Ends the line and waits until it was written.
    pub(crate) fn line(&self, sink: &mut X11Sink, number: usize) -> String {
        sink.inject(&key(hid::ENTER, true, None)).expect("presses");
        sink.inject(&key(hid::ENTER, false, None))
            .expect("releases");
        let file = self.folder.join("typed");
        let lines = || fs::read_to_string(&file).unwrap_or_default();
        eventually("the line arrives", || {
            lines().matches('\n').count() > number
        });
        lines()
            .lines()
            .nth(number)
            .expect("the line is there")
            .to_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.program.kill().ok();
        self.program.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// A window over the whole display that sees raw events.
pub(crate) struct Watcher {
    pub(crate) conn: RustConnection,
    pub(crate) root: Window,
}

impl Watcher {
    pub(crate) fn without_window(server: &Xvfb) -> Self {
        let (conn, number) =
            RustConnection::connect(Some(server.display())).expect("the display answers");
        let root = conn.setup().roots[number].root;
        Self { conn, root }
    }

    pub(crate) fn open(server: &Xvfb) -> Self {
        let Self { conn, root } = Self::without_window(server);
        let window = conn.generate_id().expect("ids are left");
        let look = CreateWindowAux::new().override_redirect(1).event_mask(
            EventMask::KEY_PRESS
                | EventMask::KEY_RELEASE
                | EventMask::BUTTON_PRESS
                | EventMask::BUTTON_RELEASE,
        );
        conn.create_window(
            24,
            window,
            root,
            0,
            0,
            800,
            600,
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &look,
        )
        .expect("sends");
        conn.map_window(window).expect("sends");
        conn.sync().expect("the display answers");
        Self { conn, root }
    }

    /// What happened so far: `+38` a key down, `-38` a key up, `b1` and `B1` for buttons.
    pub(crate) fn seen(&self) -> Vec<String> {
        // What other clients sent before this is processed before it.
        std::thread::sleep(Duration::from_millis(60));
        self.conn.sync().expect("the display answers");
        let mut seen = Vec::new();
        while let Some(event) = self.conn.poll_for_event().expect("the display answers") {
            if let Event::KeyPress(event) = event {
                seen.push(format!("+{}", event.detail));
            } else if let Event::KeyRelease(event) = event {
                seen.push(format!("-{}", event.detail));
            } else if let Event::ButtonPress(event) = event {
                seen.push(format!("b{}", event.detail));
            } else if let Event::ButtonRelease(event) = event {
                seen.push(format!("B{}", event.detail));
            }
        }
        seen
    }

    pub(crate) fn keys_down(&self) -> Vec<u8> {
        let map = self
            .conn
            .query_keymap()
            .expect("sends")
            .reply()
            .expect("answers")
            .keys;
        (0..=255)
            .filter(|&code: &u8| map[usize::from(code / 8)] & (1 << (code % 8)) != 0)
            .collect()
    }

    pub(crate) fn buttons_down(&self) -> bool {
        let pointer = self
            .conn
            .query_pointer(self.root)
            .expect("sends")
            .reply()
            .expect("answers");
        u16::from(pointer.mask) & 0x1f00 != 0
    }

    pub(crate) fn caps_lock_is_on(&self) -> bool {
        let pointer = self
            .conn
            .query_pointer(self.root)
            .expect("sends")
            .reply()
            .expect("answers");
        u16::from(pointer.mask) & 2 != 0
    }
}
