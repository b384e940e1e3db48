//! How fast files go from a console to a host through the hub, by the programs' own engines, beside what else
//! carries files over this computer's loopback; and what a key takes meanwhile.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use host_engine::HostEvent;
use protocol::transfers::Ended;
use protocol::{InputEvent, PointerButton};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use serde::Serialize;

use crate::desk::Desk;
use crate::support::TestHub;

const SMALL_FILES: u32 = 20_000;
const LARGE_BYTES: u64 = 1 << 30;
/// Keys that are timed while nothing else goes on.
const KEYS: usize = 100;

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) rows: Vec<Row>,
    /// From a press at the console to the host's keyboard, p50 and p95, in milliseconds: at rest, and while
    /// files go.
    pub(crate) key_at_rest_ms: [f64; 2],
    pub(crate) key_meanwhile_ms: [f64; 2],
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) megabytes: f64,
    pub(crate) ours_seconds: f64,
    /// The file over TLS; the small ones as `tar` over it.
    pub(crate) plain_seconds: f64,
}

impl Row {
    /// Our speed as a part of the plain one.
    pub(crate) fn share(&self) -> f64 {
        self.plain_seconds / self.ours_seconds
    }
}

/// Measures with one file of `megabytes` and with as many small ones as `small`.
pub(crate) fn measure(scale: f64) -> Figures {
    let hub = TestHub::start_with(&["--log", "warn"]);
    let desk = Desk::begin(&hub);
    let at = desk.folder().to_owned();
    let large = at.join("large");
    fs::create_dir(&large).expect("a folder");
    let bytes = (LARGE_BYTES as f64 * scale) as usize;
    fs::write(large.join("large.bin"), vec![b'x'; bytes]).expect("written");
    let small = at.join("small");
    let mut small_bytes = 0;
    for number in 0..(f64::from(SMALL_FILES) * scale) as usize {
        let folder = small.join(format!("{}", number / 100));
        fs::create_dir_all(&folder).expect("a folder");
        let size = 1024 + number * 7919 % 7168;
        small_bytes += size;
        fs::write(folder.join(format!("{number}.txt")), vec![b'x'; size]).expect("written");
    }
    let mut keys = Keys::default();
    for _ in 0..KEYS {
        keys.press(&desk);
        std::thread::sleep(Duration::from_millis(10));
    }
    let at_rest = keys.percentiles();
    let mut meanwhile = Keys::default();
    let mut rows = Vec::new();
    for (what, folder, bytes) in [("one large file", &large, bytes), ("small files", &small, small_bytes)] {
        let ours = ours(&desk, folder, &mut meanwhile);
        let plain = tar_over_tls(folder, &at.join(format!("plain {what}")));
        rows.push(Row {
            what,
            megabytes: bytes as f64 / 1e6,
            ours_seconds: ours.as_secs_f64(),
            plain_seconds: plain.as_secs_f64(),
        });
    }
    Figures {
        rows,
        key_at_rest_ms: at_rest,
        key_meanwhile_ms: meanwhile.percentiles(),
    }
}

fn ours(desk: &Desk, folder: &Path, keys: &mut Keys) -> Duration {
    let begun = Instant::now();
    desk.send(folder);
    loop {
        keys.press(desk);
        let until = Instant::now() + Duration::from_millis(20);
        while let Some(event) = desk.host_events.next_within(until.saturating_duration_since(Instant::now())) {
            if let HostEvent::Transfer { transfer, .. } = event
                && transfer.is_over()
            {
                let done = protocol::transfers::Stage::Over(Ended::Done { missing: 0 });
                assert_eq!(transfer.stage, done);
                return begun.elapsed();
            }
        }
    }
}

/// How long keys take from the console to the host's keyboard.
#[derive(Default)]
struct Keys(Vec<Duration>);

impl Keys {
    fn press(&mut self, desk: &Desk) {
        let before = desk.log.events().len();
        let begun = Instant::now();
        let button = PointerButton::Left;
        for pressed in [true, false] {
            desk.input.send(InputEvent::Button { button, pressed, place: None });
        }
        while desk.log.events().len() == before {
            assert!(begun.elapsed() < Duration::from_secs(10), "no key arrives");
            std::thread::sleep(Duration::from_micros(100));
        }
        self.0.push(begun.elapsed());
    }

    fn percentiles(&self) -> [f64; 2] {
        let mut all = self.0.clone();
        all.sort();
        [50, 95].map(|p| all[(all.len() - 1) * p / 100].as_secs_f64() * 1000.0)
    }
}
