//! The hot key and the way to the front, on virtual displays.

#![cfg(any(target_os = "linux", target_os = "freebsd"))]

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use desktop::{Front, FrontBusy, HotKey};
use raw_window_handle::{RawWindowHandle, XlibWindowHandle};
use rustix::process::{Pid, Signal, kill_process};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, GrabMode,
    KEY_PRESS_EVENT, KEY_RELEASE_EVENT, ModMask, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

#[path = "../../capture/tests/xvfb/mod.rs"]
#[expect(dead_code, reason = "only what these tests need is used")]
mod xvfb;

use xvfb::Xvfb;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a pass of a window may cost.
const NO_WAIT: Duration = Duration::from_millis(50);

const CONTROL: u8 = 37;
const SHIFT: u8 = 50;
const ALT: u8 = 64;
const CAPS_LOCK: u8 = 66;
const X: u8 = 53;

struct Desk {
    server: Xvfb,
    connection: RustConnection,
    root: Window,
}

impl Desk {
    fn set_up() -> Self {
        let server = Xvfb::start("640x480x24");
        let (connection, _) =
            RustConnection::connect(Some(server.display())).expect("the display answers");
        let root = connection.setup().roots[0].root;
        Self {
            server,
            connection,
            root,
        }
    }

    fn key(&self, kind: u8, keycode: u8) {
        self.connection
            .xtest_fake_input(kind, keycode, 0, self.root, 0, 0, 0)
            .expect("sends");
        self.connection.sync().expect("the display answers");
    }

    fn press_hot_key(&self) {
        let keys = [CONTROL, ALT, SHIFT, X];
        for key in keys {
            self.key(KEY_PRESS_EVENT, key);
        }
        for key in keys {
            self.key(KEY_RELEASE_EVENT, key);
        }
    }

    /// Whether another program could take the key now.
    fn hot_key_is_free(&self) -> bool {
        let modifiers = ModMask::CONTROL | ModMask::M1 | ModMask::SHIFT;
        let taken = self.connection.grab_key(
            false,
            self.root,
            modifiers,
            X,
            GrabMode::ASYNC,
            GrabMode::ASYNC,
        );
        let is_free = taken.expect("sends").check().is_ok();
        if is_free {
            let given_back = self.connection.ungrab_key(X, self.root, modifiers);
            given_back.expect("sends").check().expect("given back");
        }
        is_free
    }

    /// Lets the server answer nobody.
    fn stop_answering(&self) {
        self.signal(Signal::STOP);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.server.process.id()).expect("an id");
        kill_process(Pid::from_raw(id).expect("an id"), signal).expect("the server is ours");
    }
}

fn hot_key(desk: &Desk) -> (HotKey, Receiver<()>) {
    let (told, changes) = sync_channel(100);
    let hot_key = HotKey::start_on(Some(desk.server.display()), move || {
        told.send(()).expect("the test listens");
    });
    (hot_key.expect("a thread"), changes)
}

fn watch(hot_key: &HotKey, changes: &Receiver<()>) -> Receiver<()> {
    let (told, presses) = sync_channel(100);
    hot_key.watch(move || told.send(()).expect("the test listens"));
    changes.recv_timeout(PATIENCE).expect("watched");
    assert!(hot_key.is_watched());
    presses
}

#[test]
fn h6_the_hot_key_is_noticed_while_it_is_watched_and_free_otherwise() {
    let desk = Desk::set_up();
    let (hot_key, changes) = hot_key(&desk);
    assert!(!hot_key.is_watched());
    // one session after the other
    for _ in 0..3 {
        let presses = watch(&hot_key, &changes);
        assert!(!desk.hot_key_is_free());
        desk.press_hot_key();
        presses.recv_timeout(PATIENCE).expect("noticed");
        hot_key.let_go();
        changes.recv_timeout(PATIENCE).expect("let go");
        assert!(!hot_key.is_watched());
        assert!(desk.hot_key_is_free());
        desk.press_hot_key();
        assert!(presses.try_recv().is_err(), "heard after it was let go");
    }
}

#[test]
fn h6_the_hot_key_works_with_caps_lock_on() {
    let desk = Desk::set_up();
    let (hot_key, changes) = hot_key(&desk);
    let presses = watch(&hot_key, &changes);
    desk.key(KEY_PRESS_EVENT, CAPS_LOCK);
    desk.key(KEY_RELEASE_EVENT, CAPS_LOCK);
    desk.press_hot_key();
    presses.recv_timeout(PATIENCE).expect("noticed");
}

#[test]
fn h6_a_hot_key_that_another_program_has_is_not_watched_until_it_is_free() {
    let desk = Desk::set_up();
    let (first, first_changes) = hot_key(&desk);
    let _first_presses = watch(&first, &first_changes);
    let (second, changes) = hot_key(&desk);
    let (told, presses) = sync_channel(100);
    second.watch(move || told.send(()).expect("the test listens"));
    // nothing changes, so nothing is told; the thread needs some milliseconds to fail
    assert!(changes.recv_timeout(Duration::from_millis(300)).is_err());
    assert!(!second.is_watched());
    drop(first);
    let deadline = Instant::now() + PATIENCE;
    while !desk.hot_key_is_free() {
        assert!(Instant::now() < deadline, "its end does not let it go");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(presses.try_recv().is_err());
    let presses = watch(&second, &changes);
    desk.press_hot_key();
    presses.recv_timeout(PATIENCE).expect("noticed");
}

#[test]
fn a_display_that_does_not_answer_holds_nobody_up() {
    let desk = Desk::set_up();
    let (hot_key, _changes) = hot_key(&desk);
    let handle = RawWindowHandle::Xlib(XlibWindowHandle::new(1));
    let front = Front::of_on(Some(desk.server.display()), handle, || {});
    let mut front = front.expect("a window manager decides");
    desk.stop_answering();
    let start = Instant::now();
    hot_key.watch(|| {});
    hot_key.let_go();
    let mut taken = 0;
    while front.come().is_ok() {
        taken += 1;
        assert!(taken < 100, "wishes pile up");
    }
    assert_eq!(front.come(), Err(FrontBusy));
    assert_eq!(front.ask_pointer(), Err(FrontBusy));
    drop(front);
    drop(hot_key);
    let took = start.elapsed();
    assert!(took < NO_WAIT, "{took:?}");
}

#[test]
fn h5_the_window_manager_is_asked_in_the_persons_name() {
    let desk = Desk::set_up();
    // this test is the window manager
    let listen = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
    let listens = desk.connection.change_window_attributes(desk.root, &listen);
    listens.expect("sends").check().expect("listens");
    let window = desk.root;
    let handle = RawWindowHandle::Xlib(XlibWindowHandle::new(window.into()));
    let front = Front::of_on(Some(desk.server.display()), handle, || {});
    let front = front.expect("a window manager decides");
    // twice within the time for which the connection is kept
    for _ in 0..2 {
        front.come().expect("asked");
        let state = next_message(&desk);
        let activate = next_message(&desk);
        assert_eq!(name(&desk, &state), "_NET_WM_STATE");
        assert_eq!(name(&desk, &activate), "_NET_ACTIVE_WINDOW");
        assert_eq!((state.window, activate.window), (window, window));
        assert_eq!(state.data.as_data32()[3], 2);
        assert_eq!(activate.data.as_data32()[0], 2);
    }
    assert!(!front.was_refused());
}

#[test]
fn a_pointer_is_where_it_was_when_it_was_asked_for() {
    let desk = Desk::set_up();
    let (told, answers) = sync_channel(100);
    let handle = RawWindowHandle::Xlib(XlibWindowHandle::new(1));
    let front = Front::of_on(Some(desk.server.display()), handle, move || {
        told.send(()).expect("the test listens");
    });
    let mut front = front.expect("a window manager decides");
    assert_eq!(front.pointer(), None);
    let mut last = 0;
    for (x, y) in [(17, 300), (600, 4)] {
        let moved = desk
            .connection
            .warp_pointer(x11rb::NONE, desk.root, 0, 0, 0, 0, x, y);
        moved.expect("sends").check().expect("moved");
        let question = front.ask_pointer().expect("asked");
        assert!(question > last);
        last = question;
        answers.recv_timeout(PATIENCE).expect("answered");
        let place = front.pointer().expect("an answer");
        assert_eq!(place.question, question);
        assert_eq!((place.x, place.y), (x.into(), y.into()));
        assert_eq!(front.pointer(), None, "it is told once");
    }
}

#[test]
fn h5_a_wish_that_no_window_manager_heard_is_told_once() {
    let (told, answers) = sync_channel(100);
    let handle = RawWindowHandle::Xlib(XlibWindowHandle::new(1));
    // numbers of displays are given from 0 on
    let front = Front::of_on(Some(":59123"), handle, move || {
        told.send(()).expect("the test listens");
    });
    let front = front.expect("a window manager decides");
    front.come().expect("asked");
    answers.recv_timeout(PATIENCE).expect("answered");
    assert!(front.was_refused());
    assert!(!front.was_refused());
}

fn next_message(desk: &Desk) -> ClientMessageEvent {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let event = desk.connection.poll_for_event();
        if let Some(Event::ClientMessage(message)) = event.expect("the display answers") {
            return message;
        }
        assert!(Instant::now() < deadline, "no message came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn name(desk: &Desk, message: &ClientMessageEvent) -> String {
    let name = desk.connection.get_atom_name(message.type_).expect("sends");
    String::from_utf8(name.reply().expect("answers").name).expect("a name")
}
