//! What a hostile hub can make a console hold for a session that shows nothing more.
//!
//! The hub is played in this process: what it sends, it holds once for all streams.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one thing and fails at any other"
)]

#[expect(dead_code, reason = "the other tests look at more")]
mod support;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize, Rect};
use operator_engine::{Command, SessionView};
use protocol::limits::{MAX_SCREEN_FRAME_BYTES, MAX_SCREEN_UPDATE_BYTES};
use protocol::{Lane, PointerUpdate, Rights, ScreenFrame, ScreenLayout};
use support::host::vouched;
use support::{HOST, Host, Operator, ScriptedHub, layout};
use transport::FramedWriter;

const MIB: usize = 1 << 20;
/// What may be under way on a connection.
const WINDOW_BYTES: usize = 16 * MIB;
/// As many as a connection may have open, less those that it needs.
const STREAMS: usize = 60;

/// A window that is stuck in its first picture until the test ends.
#[derive(Default)]
struct Stuck {
    is_over: Mutex<bool>,
    over: Condvar,
}

impl Stuck {
    fn let_go(&self) {
        *self.is_over.lock().expect("whole") = true;
        self.over.notify_all();
    }

    fn wait(&self) {
        let is_over = self.is_over.lock().expect("whole");
        drop(self.over.wait_while(is_over, |is_over| !*is_over));
    }
}

impl SessionView for Stuck {
    fn show_layout(&self, _layout: &ScreenLayout) {}

    fn show_picture(&self, _picture: &Picture, _changed: &[Rect], _seq: u64) {
        self.wait();
    }

    fn show_pointer(&self, _pointer: PointerUpdate) {}
}

/// What this process holds, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is always there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.expect("it is always told").trim_end_matches("kB");
    kib.trim().parse::<usize>().expect("a number") * 1024
}

#[tokio::test]
async fn frames_that_nobody_shows_stay_within_the_stated_bound() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    let view = Arc::<Stuck>::default();
    operator.send(Command::StartSession {
        host: HOST,
        asked: Rights::SEE_AND_CONTROL,
        view: Arc::<Stuck>::clone(&view),
    });
    let lanes = host.start_session(&mut console).await;
    lanes.accept(&console.connection).await;

    let mut encoder = Encoder::new(Level::Lossless);
    let picture = Picture::new(PixelSize::new(64, 64));
    let update = encoder
        .encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE)
        .expect("a first picture");
    let first = vouched(
        &host.picture_key,
        &ScreenFrame {
            seq: 1,
            captured_at_micros: 0,
            layout: Some(layout()),
            payload: update.bytes.into(),
        },
    );
    let huge = vouched(
        &host.picture_key,
        &ScreenFrame {
            seq: 2,
            captured_at_micros: 0,
            layout: Some(layout()),
            payload: vec![0xa5; MAX_SCREEN_UPDATE_BYTES].into(),
        },
    );
    let before = resident();
    let mut senders = Vec::new();
    for number in 0..STREAMS {
        let stream = console.connection.open_uni().await.expect("room");
        let mut screen = FramedWriter::new(stream, MAX_SCREEN_FRAME_BYTES);
        let (first, huge) = (first.clone(), huge.clone());
        let header = lanes.header(Lane::Screen);
        senders.push(tokio::spawn(async move {
            screen.write(&header).await.expect("sent");
            if number == 0 {
                screen.write_body(first).await.expect("sent");
                while screen.write_body(huge.clone()).await.is_ok() {}
            } else if screen.write_body(huge).await.is_ok() {
                // more of it would only fill the connection's window, so that nothing else comes through
                std::future::pending::<()>().await;
            }
        }));
    }
    let taken = peak_at_rest().await - before;
    view.let_go();
    senders.iter().for_each(tokio::task::JoinHandle::abort);
    println!("{:.1} MiB", taken as f64 / MIB as f64);
    let stated = 3 * MAX_SCREEN_FRAME_BYTES + WINDOW_BYTES;
    // and what else such a session needs
    assert!(taken < stated + 4 * MIB, "{taken} bytes");
}

/// The most that this process held until it took no more for two seconds, in bytes.
async fn peak_at_rest() -> usize {
    let (mut peak, mut last, mut rested) = (0, 0, 0);
    while rested < 20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = resident();
        peak = peak.max(now);
        rested = if now.abs_diff(last) < MIB {
            rested + 1
        } else {
            0
        };
        last = now;
    }
    peak
}
