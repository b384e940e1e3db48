//! The clipboard between host and console (S7): the real engines and hub, two displays, and `xclip` as the
//! programs that copy and paste.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;
#[expect(dead_code, reason = "each program uses a part of this")]
#[path = "../../crates/capture/tests/xvfb/mod.rs"]
mod xvfb;

use std::io::Write as _;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use engines::{Ends, NoView, wait};
use host_engine::{ClipboardPlace, HostCommand, HostEvent};
use operator_engine::{
    ClipboardWays, Command, Config, Event, InputSender, OperatorEngine, OperatorHandle,
    TicketNumber,
};
use protocol::clipboard::ClipboardFault;
use protocol::{HidKey, InputEvent, Rights};
use support::{PASSWORD, PATIENCE, TestHub};
use xvfb::Xvfb;

const SHARED: Rights = Rights::SEE_AND_CONTROL.with(Rights::CLIPBOARD);

/// A session with the displays of both ends.
struct Desk {
    ends: Ends,
    host: Xvfb,
    console: Xvfb,
    owners: Vec<Child>,
    hub: TestHub,
}

impl Desk {
    fn begin(granted: Rights) -> Self {
        let displays = (Xvfb::start("640x480x24"), Xvfb::start("640x480x24"));
        Self::begin_on(displays, granted)
    }

    fn begin_on((host, console): (Xvfb, Xvfb), granted: Rights) -> Self {
        let hub = TestHub::start();
        let place = |xvfb: &Xvfb| ClipboardPlace::of_display(xvfb.display());
        let places = (place(&host), place(&console));
        let ends = Ends::begin_with(&hub, &hub.address, granted, places);
        let desk = Self {
            ends,
            host,
            console,
            owners: Vec::new(),
            hub,
        };
        desk.works_here(true);
        desk
    }

    /// The operator is in the session's window, or elsewhere.
    fn works_here(&self, here: bool) {
        let session = here.then_some(self.ends.session);
        self.tell(Command::WorkIn { session });
    }

    fn tell(&self, command: Command) {
        self.ends.console.send(command).expect("room");
    }

    fn share(&self, to_hosts: bool, from_hosts: bool) {
        self.tell(Command::ShareClipboard(ClipboardWays {
            to_hosts,
            from_hosts,
        }));
    }

    fn copy(&mut self, at_host: bool, target: &str, bytes: &[u8]) {
        let xvfb = if at_host { &self.host } else { &self.console };
        self.owners.push(copy(xvfb, target, bytes));
    }

    fn paste(&self, at_host: bool, target: &str) -> Option<Vec<u8>> {
        paste(if at_host { &self.host } else { &self.console }, target)
    }

    /// Pastes until it is `wanted`.
    #[track_caller]
    fn until(&self, at_host: bool, target: &str, wanted: Option<&[u8]>) {
        let end = Instant::now() + PATIENCE;
        loop {
            let pasted = self.paste(at_host, target);
            if pasted.as_deref() == wanted {
                return;
            }
            let len = pasted.map(|pasted| pasted.len());
            assert!(
                Instant::now() < end,
                "{target} at host: {at_host}, {len:?} bytes"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a text can be had there.
    fn until_offered(&self, at_host: bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let targets = self.paste(at_host, "TARGETS").unwrap_or_default();
            let targets = String::from_utf8_lossy(&targets).into_owned();
            if targets.contains("_PURE_HELP_DESK") {
                return;
            }
            assert!(Instant::now() < end, "{targets}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for owner in &mut self.owners {
            owner.kill().ok();
            owner.wait().ok();
        }
    }
}

/// What a program pastes, if it is given anything.
fn paste(xvfb: &Xvfb, target: &str) -> Option<Vec<u8>> {
    let mut command = xvfb.command("timeout");
    command.args(["20", "xclip", "-selection", "clipboard", "-out"]);
    command.args(["-t", target]).stdin(Stdio::null());
    let output = command.stderr(Stdio::null()).output().expect("xclip");
    output.status.success().then_some(output.stdout)
}

/// A program that copies and stays to answer.
fn copy(xvfb: &Xvfb, target: &str, bytes: &[u8]) -> Child {
    let mut command = xvfb.command("xclip");
    command.args(["-quiet", "-selection", "clipboard", "-t", target, "-in"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut process = command.stderr(Stdio::null()).spawn().expect("xclip");
    let mut stdin = process.stdin.take().expect("a pipe");
    stdin.write_all(bytes).expect("xclip reads");
    process
}

fn long_text(len: usize) -> Vec<u8> {
    let numbers = (0_u64..).flat_map(|n| format!("{} ", n * n % 1_000_003).into_bytes());
    numbers.take(len).collect()
}

fn picture(len: usize) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0".to_vec();
    png.extend((0_u8..=250).cycle().take(len));
    png
}

#[test]
fn s7_text_html_and_pictures_go_both_ways_and_not_in_circles() {
    let mut desk = Desk::begin(SHARED);
    for at_host in [false, true] {
        for (target, bytes) in [
            ("UTF8_STRING", "Perché no? €".as_bytes().to_vec()),
            ("text/html", b"<b>bold</b>".to_vec()),
            ("image/png", picture(700_000)),
            ("UTF8_STRING", long_text(10_000_000)),
        ] {
            desk.copy(at_host, target, &bytes);
            desk.until(!at_host, target, Some(&bytes));
            // who copied still has it
            assert!(desk.paste(at_host, target).expect("there") == bytes);
        }
    }
    desk.copy(false, "UTF8_STRING", b"and back");
    desk.until(true, "UTF8_STRING", Some(b"and back"));
    let quiet = wait_for_quiet(&mut desk);
    assert!(quiet, "nothing goes round");
}

/// Whether the clipboards stay with those who have them.
fn wait_for_quiet(desk: &mut Desk) -> bool {
    thread::sleep(Duration::from_millis(300));
    let before = (
        desk.paste(true, "TIMESTAMP"),
        desk.paste(false, "TIMESTAMP"),
    );
    thread::sleep(Duration::from_millis(700));
    before
        == (
            desk.paste(true, "TIMESTAMP"),
            desk.paste(false, "TIMESTAMP"),
        )
}

#[test]
fn s7_what_is_too_large_is_told_and_each_way_has_its_switch() {
    let mut desk = Desk::begin(SHARED);
    desk.copy(false, "UTF8_STRING", &long_text(17 << 20));
    let not_pasted = |desk: &mut Desk| {
        wait(&mut desk.ends.console_events, |event| match event {
            Event::NotPasted { here, fault, .. } => Some((here, fault)),
            _ => None,
        })
    };
    desk.until_offered(true);
    assert_eq!(desk.paste(true, "UTF8_STRING"), None);
    assert_eq!(not_pasted(&mut desk), (false, ClipboardFault::TOO_LARGE));
    desk.copy(true, "UTF8_STRING", &long_text(17 << 20));
    desk.until_offered(false);
    assert_eq!(desk.paste(false, "UTF8_STRING"), None);
    assert_eq!(not_pasted(&mut desk), (true, ClipboardFault::TOO_LARGE));

    desk.copy(false, "UTF8_STRING", b"one");
    desk.until(true, "UTF8_STRING", Some(b"one"));
    desk.share(false, true);
    desk.until(true, "UTF8_STRING", None);
    desk.copy(false, "UTF8_STRING", b"secret");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(desk.paste(true, "UTF8_STRING"), None);
    desk.copy(true, "UTF8_STRING", b"theirs");
    desk.until(false, "UTF8_STRING", Some(b"theirs"));

    desk.share(true, false);
    desk.until(false, "UTF8_STRING", None);
    desk.copy(true, "UTF8_STRING", b"not here");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(desk.paste(false, "UTF8_STRING"), None);
    desk.copy(false, "UTF8_STRING", b"two");
    desk.until(true, "UTF8_STRING", Some(b"two"));
}

#[test]
fn s7_nothing_leaves_while_the_operator_works_elsewhere() {
    let mut desk = Desk::begin(SHARED);
    desk.works_here(false);
    desk.copy(false, "UTF8_STRING", b"for somebody else");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.paste(true, "TARGETS"), None, "not even its kinds");
    desk.works_here(true);
    desk.until(true, "UTF8_STRING", Some(b"for somebody else"));
    // what the host copies comes although the operator has gone on
    desk.works_here(false);
    desk.copy(true, "UTF8_STRING", b"the answer");
    desk.until(false, "UTF8_STRING", Some(b"the answer"));
}

#[test]
fn h5_without_the_right_nothing_is_announced_and_with_it_goes_what_was_offered() {
    let mut desk = Desk::begin(Rights::SEE_AND_CONTROL);
    desk.copy(false, "UTF8_STRING", b"mine");
    desk.copy(true, "UTF8_STRING", b"theirs");
    thread::sleep(Duration::from_millis(500));
    for (at_host, text) in [(true, b"theirs".as_slice()), (false, b"mine")] {
        assert_eq!(desk.paste(at_host, "UTF8_STRING").as_deref(), Some(text));
    }
    drop(desk);

    let mut desk = Desk::begin(SHARED);
    desk.copy(true, "UTF8_STRING", b"theirs");
    desk.until(false, "UTF8_STRING", Some(b"theirs"));
    desk.copy(false, "UTF8_STRING", b"mine");
    desk.until(true, "UTF8_STRING", Some(b"mine"));
    let rights = Rights::SEE_AND_CONTROL;
    let take_back = HostCommand::ReduceRights { rights };
    desk.ends.host.send(take_back).expect("room");
    desk.until(true, "UTF8_STRING", None);
    desk.copy(true, "UTF8_STRING", b"after");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(
        desk.paste(false, "UTF8_STRING").as_deref(),
        Some(&b"mine"[..])
    );
}

#[test]
fn s7_with_the_session_ends_what_was_offered_and_what_the_user_had_before_stays_theirs() {
    let (host, console) = (Xvfb::start("640x480x24"), Xvfb::start("640x480x24"));
    let before = copy(&host, "UTF8_STRING", b"from before");
    let mut desk = Desk::begin_on((host, console), SHARED);
    desk.owners.push(before);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.paste(false, "TARGETS"), None, "from before it began");
    desk.copy(true, "UTF8_STRING", b"theirs");
    desk.until(false, "UTF8_STRING", Some(b"theirs"));
    desk.ends.host.end_session();
    desk.until(false, "UTF8_STRING", None);
    assert_eq!(
        desk.paste(true, "UTF8_STRING").as_deref(),
        Some(&b"theirs"[..])
    );
}

/// A colleague whom the operator brings into the session.
struct Colleague {
    console: OperatorHandle,
    input: InputSender,
    xvfb: Xvfb,
    _folder: tempfile::TempDir,
}

impl Colleague {
    fn join(desk: &mut Desk) -> Self {
        let xvfb = Xvfb::start("640x480x24");
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            hub: desk.hub.address.clone(),
            pin: desk.hub.fingerprint.into(),
            routes: transport::Routes::with_tunnels_at(&[]),
            program: "test".to_owned(),
            keep: folder.path().join("keep"),
            clipboard: ClipboardPlace::of_display(xvfb.display()),
        };
        let started = OperatorEngine::start(config, Arc::new(|| {}));
        let (console, mut events) = started.expect("threads");
        let send = |command| console.send(command).expect("room");
        send(Command::LogIn {
            user: "bruno".to_owned(),
            password: PASSWORD.to_owned().into(),
            keep_trying: false,
        });
        wait(&mut events, |event| match event {
            Event::LoggedIn { .. } => Some(()),
            _ => None,
        });
        send(Command::GenerateTicket);
        let ticket = wait(&mut events, |event| match event {
            Event::TicketGenerated { spoken, .. } => Some(spoken),
            _ => None,
        });
        let ticket = TicketNumber::parse(&ticket).expect("a ticket");
        let session = desk.ends.session;
        desk.tell(Command::BringIn { session, ticket });
        let host = wait(&mut events, |event| match event {
            Event::TicketUsed { host, .. } => Some(host),
            _ => None,
        });
        send(Command::StartSession {
            host,
            asked: SHARED,
            view: Arc::new(NoView),
        });
        let session = loop {
            let event = desk.ends.host_events.next_within(PATIENCE);
            if let HostEvent::ConsentAsked { session, .. } = event.expect("in time") {
                break session;
            }
        };
        let granted = Some(SHARED);
        let answer = HostCommand::AnswerConsent { session, granted };
        desk.ends.host.send(answer).expect("room");
        let (session, input) = wait(&mut events, |event| match event {
            Event::SessionStarted { session, input, .. } => Some((session, input)),
            _ => None,
        });
        let session = Some(session);
        send(Command::WorkIn { session });
        Self {
            console,
            input,
            xvfb,
            _folder: folder,
        }
    }
}

fn type_something(input: &InputSender) {
    for pressed in [true, false] {
        input.send(InputEvent::Key {
            key: HidKey(4),
            pressed,
            character: None,
        });
    }
}

#[test]
fn s7_of_several_operators_only_the_one_who_drives_shares_it() {
    let mut desk = Desk::begin(SHARED);
    let bruno = Colleague::join(&mut desk);
    type_something(&desk.ends.input);
    desk.copy(false, "UTF8_STRING", b"anna's");
    desk.until(true, "UTF8_STRING", Some(b"anna's"));
    desk.owners
        .push(copy(&bruno.xvfb, "UTF8_STRING", b"bruno's"));
    thread::sleep(Duration::from_millis(700));
    let kept = desk.paste(true, "UTF8_STRING");
    assert_eq!(kept.as_deref(), Some(&b"anna's"[..]));
    desk.copy(true, "UTF8_STRING", b"for anna");
    desk.until(false, "UTF8_STRING", Some(b"for anna"));
    let bruno_pastes = || paste(&bruno.xvfb, "UTF8_STRING");
    assert_eq!(bruno_pastes().as_deref(), Some(&b"bruno's"[..]));

    // what bruno copied waits for bruno
    type_something(&bruno.input);
    desk.until(true, "UTF8_STRING", Some(b"bruno's"));
    desk.copy(true, "UTF8_STRING", b"for bruno");
    let end = Instant::now() + PATIENCE;
    while bruno_pastes().as_deref() != Some(b"for bruno") {
        assert!(Instant::now() < end, "{:?}", bruno_pastes());
        thread::sleep(Duration::from_millis(50));
    }
    let none = desk.paste(false, "UTF8_STRING");
    assert_eq!(none, None, "what anna was offered is over");
    bruno.console.shut_down();
}
