//! The user's own devices out of use, and a dark screen, on virtual displays whose own keyboard and mouse
//! are pressed by the XTEST of their device.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use input::shield::LONGEST;
use input::{InputSink as _, Lowered, Raised, ShieldError, can_shield, hid};
use protocol::Shield;
use x11rb::connection::RequestConnection as _;
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xinput::{self, ConnectionExt as _, Device, DeviceType};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::wrapper::ConnectionExt as _;

use crate::support::*;
use crate::xvfb::Xvfb;

const ESCAPE: u8 = 9;
const X_KEYCODE: u8 = 53;

/// The display's own keyboard and mouse.
struct Own<'a> {
    watcher: &'a Watcher,
    keyboard: u8,
    mouse: u8,
}

impl<'a> Own<'a> {
    fn of(watcher: &'a Watcher) -> Self {
        let conn = &watcher.conn;
        conn.xinput_xi_query_version(2, 2)
            .expect("sends")
            .reply()
            .expect("answers");
        let all = conn.xinput_xi_query_device(Device::ALL).expect("sends");
        let all = all.reply().expect("answers").infos;
        let own = |wanted: DeviceType| {
            let found = all.iter().find(|device| {
                let is_xtest = String::from_utf8_lossy(&device.name).contains("XTEST");
                device.type_ == wanted && !is_xtest
            });
            let id = found.expect("it has its own").deviceid;
            u8::try_from(id).expect("small")
        };
        Self {
            watcher,
            keyboard: own(DeviceType::SLAVE_KEYBOARD),
            mouse: own(DeviceType::SLAVE_POINTER),
        }
    }

    fn fake(&self, device: u8, what: u8, detail: u8) {
        let conn = &self.watcher.conn;
        let name = xinput::X11_EXTENSION_NAME;
        let extension = conn.extension_information(name).expect("asked");
        let first = extension.expect("it has XInput").first_event;
        conn.xtest_fake_input(first + what, detail, 0, self.watcher.root, 0, 0, device)
            .expect("sends")
            .check()
            .expect("the server takes it");
        conn.sync().expect("the display answers");
    }

    fn press(&self, key: u8) {
        self.fake(self.keyboard, xinput::DEVICE_KEY_PRESS_EVENT, key);
    }

    fn release(&self, key: u8) {
        self.fake(self.keyboard, xinput::DEVICE_KEY_RELEASE_EVENT, key);
    }

    fn click(&self) {
        self.fake(self.mouse, xinput::DEVICE_BUTTON_PRESS_EVENT, 1);
        self.fake(self.mouse, xinput::DEVICE_BUTTON_RELEASE_EVENT, 1);
    }

    fn types(&self) {
        self.press(A_KEYCODE);
        self.release(A_KEYCODE);
        self.click();
    }
}

fn raise(
    server: &Xvfb,
    shield: Shield,
    longest: Duration,
) -> Result<(Raised, Receiver<Lowered>), ShieldError> {
    let (sender, lowered) = sync_channel(1);
    let raised = Raised::begin(
        shield,
        Some(server.display()),
        &super::example(),
        longest,
        Box::new(move |why| sender.send(why).expect("the test waits")),
    );
    raised.map(|raised| (raised, lowered))
}

fn block(server: &Xvfb) -> (Raised, Receiver<Lowered>) {
    raise(server, Shield::Input, LONGEST).expect("it can be blocked")
}

const TYPED: [&str; 4] = ["+38", "-38", "b1", "B1"];

#[test]
fn s2_the_users_own_devices_do_nothing_while_an_operator_still_types() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let own = Own::of(&watcher);
    own.types();
    assert_eq!(watcher.seen(), TYPED);
    can_shield(Shield::Input, Some(server.display())).expect("they are told apart");

    let (blocked, lowered) = block(&server);
    own.types();
    assert_eq!(watcher.seen(), [""; 0]);
    let mut sink = open(&server);
    sink.inject(&key(hid::A, true, None)).expect("presses");
    sink.inject(&key(hid::A, false, None)).expect("releases");
    assert_eq!(watcher.seen(), ["+38", "-38"], "the operator's keys");
    drop(blocked);
    own.types();
    assert_eq!(watcher.seen(), TYPED, "at once");
    assert!(lowered.try_recv().is_err(), "nobody is told what they did");
}

#[test]
fn h6_escape_that_is_held_gives_the_devices_back_and_the_keys_that_end_are_heard() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let own = Own::of(&watcher);
    let (_blocked, lowered) = block(&server);
    own.press(ESCAPE);
    own.release(ESCAPE);
    let pressed = Instant::now();
    own.press(ESCAPE);
    let why = lowered.recv_timeout(Duration::from_secs(5));
    assert_eq!(why, Ok(Lowered::ByUser));
    let held = pressed.elapsed();
    assert!((Duration::from_millis(1_900)..Duration::from_secs(3)).contains(&held));
    own.release(ESCAPE);
    watcher.seen();
    own.types();
    assert_eq!(watcher.seen(), TYPED);

    let (_blocked, lowered) = block(&server);
    for modifier in [37, 64, SHIFT_KEYCODE] {
        own.press(modifier);
    }
    let pressed = Instant::now();
    own.press(X_KEYCODE);
    let why = lowered.recv_timeout(Duration::from_secs(5));
    assert_eq!(why, Ok(Lowered::EndPressed));
    println!("ended after {:?}", pressed.elapsed());
    assert!(pressed.elapsed() < Duration::from_millis(200));
}

#[test]
fn h6_a_killed_program_and_time_give_the_devices_back() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let own = Own::of(&watcher);
    let mut holder = server
        .command(super::example().to_str().expect("a plain path"))
        .arg("block")
        .spawn()
        .expect("the example starts");
    let works = || {
        watcher.seen();
        own.types();
        watcher.seen() == TYPED
    };
    eventually("it blocks", || !works());
    holder.kill().expect("the process is ours");
    holder.wait().expect("the process is ours");
    eventually("it comes back", works);

    let short = Duration::from_millis(300);
    let (_blocked, lowered) = raise(&server, Shield::Input, short).expect("blocks");
    assert!(!works());
    let why = lowered.recv_timeout(Duration::from_secs(5));
    assert_eq!(why, Ok(Lowered::Over));
    assert!(works());
}

#[test]
fn e1_a_display_that_cannot_says_so_and_stays_as_it_is() {
    let server = Xvfb::start_without(SCREEN, &["XInputExtension", "RANDR"]);
    let display = Some(server.display());
    for (shield, why) in [
        (Shield::Input, ShieldError::NoOwnDevices),
        (Shield::Screen, ShieldError::NoBrightness),
    ] {
        let can = can_shield(shield, display);
        // XInput is a part of the server that not every one can do without
        if can.is_err() {
            assert_eq!(can, Err(why.clone()));
            let raised = raise(&server, shield, LONGEST);
            assert_eq!(raised.err(), Some(why));
        }
    }
    assert_eq!(
        can_shield(Shield::Screen, display),
        Err(ShieldError::NoBrightness)
    );
    let nowhere = can_shield(Shield::Input, Some(NO_DISPLAY));
    assert_eq!(nowhere, Err(ShieldError::NoOwnDevices));
}

/// The brightness of the display's first monitor.
fn brightness(watcher: &Watcher) -> Vec<u16> {
    let conn = &watcher.conn;
    let resources = conn
        .randr_get_screen_resources_current(watcher.root)
        .expect("sends");
    let crtc = resources.reply().expect("answers").crtcs[0];
    let gamma = conn.randr_get_crtc_gamma(crtc).expect("sends");
    gamma.reply().expect("answers").red
}

fn set_brightness(watcher: &Watcher, ramp: &[u16]) {
    let conn = &watcher.conn;
    let resources = conn
        .randr_get_screen_resources_current(watcher.root)
        .expect("sends");
    let crtc = resources.reply().expect("answers").crtcs[0];
    conn.randr_set_crtc_gamma(crtc, ramp, ramp, ramp)
        .expect("sends")
        .check()
        .expect("it is set");
}

#[test]
fn s2_a_dark_screen_has_no_brightness_until_a_key_and_what_is_drawn_stays() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let own = Own::of(&watcher);
    let len = brightness(&watcher).len();
    let evening: Vec<u16> = (0..len)
        .map(|at| u16::try_from(at * 200).expect("small"))
        .collect();
    set_brightness(&watcher, &evening);
    can_shield(Shield::Screen, Some(server.display())).expect("it has a brightness");

    let dark = |watcher: &Watcher| brightness(watcher).iter().all(|value| *value == 0);
    let (_up, lowered) = raise(&server, Shield::Screen, LONGEST).expect("it can be dark");
    assert!(dark(&watcher));
    // a program that lights evenings differently
    set_brightness(&watcher, &evening);
    eventually("it is looked after", || dark(&watcher));
    let mut sink = open(&server);
    sink.inject(&key(hid::A, true, None)).expect("presses");
    sink.inject(&key(hid::A, false, None)).expect("releases");
    std::thread::sleep(Duration::from_millis(100));
    assert!(dark(&watcher), "an operator's keys are not the user's");
    own.press(A_KEYCODE);
    let why = lowered.recv_timeout(Duration::from_secs(5));
    assert_eq!(why, Ok(Lowered::ByUser));
    assert_eq!(brightness(&watcher), evening, "as it was");
    own.release(A_KEYCODE);

    let (up, _lowered) = raise(&server, Shield::Screen, LONGEST).expect("it can be dark");
    assert!(dark(&watcher));
    drop(up);
    assert_eq!(brightness(&watcher), evening);
}

#[test]
fn h6_a_killed_program_leaves_no_screen_dark() {
    let server = Xvfb::start(SCREEN);
    let watcher = Watcher::open(&server);
    let before = brightness(&watcher);
    let mut holder = server
        .command(super::example().to_str().expect("a plain path"))
        .arg("dark")
        .spawn()
        .expect("the example starts");
    eventually("it is dark", || {
        brightness(&watcher).iter().all(|v| *v == 0)
    });
    holder.kill().expect("the process is ours");
    holder.wait().expect("the process is ours");
    eventually("it shows again", || brightness(&watcher) == before);
}
