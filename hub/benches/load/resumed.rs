//! Many files of all kinds to a host and back, by a line that is cut on the way: each goes on where it broke off, and
//! all are the same in the end.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use host_engine::{HostCommand, HostEvent};
use operator_engine::{Command, Event};
use protocol::Rights;
use protocol::transfers::{Ended, Stage, Transfer};
use serde::Serialize;

use crate::engines::Ends;
use crate::support::TestHub;
use crate::support::line::Line;
use crate::support::trees::{contents, noise};

const LARGE_BYTES: usize = 1_900_000_000;
const SMALL_FILES: usize = 20_000;
/// Of all bytes; the last is among the small files.
const CUTS_AT_PERMILLE: [u64; 3] = [250, 600, 970];
/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_mins(2);
/// Names that other programs stumble over.
const ODD_NAMES: [&str; 12] = [
    "relazione finale è così.txt",
    "名前 ファイル.txt",
    "🙂.txt",
    " begins with a space",
    "-rf",
    "$(reboot).sh",
    "a;b&c|d.txt",
    "quote'\".txt",
    "%s%n.txt",
    "…  :?.bin",
    ".hidden",
    "no ending.",
];

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) files: usize,
    pub(crate) megabytes: f64,
    pub(crate) ways: Vec<Way>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Way {
    pub(crate) what: &'static str,
    /// But for the time in which the line was cut, and until it went on.
    pub(crate) seconds: f64,
    /// What was there when the line was cut.
    pub(crate) there_megabytes: Vec<f64>,
    /// How long after the line was back more arrived.
    pub(crate) goes_on_after_seconds: Vec<f64>,
}

/// Sends 2 GB both ways, or so many hundredths of that.
///
/// # Panics
///
/// If a file is not there in the end, or is another.
pub(crate) fn measure(percent: u32) -> Figures {
    let part = |whole: usize| whole * usize::try_from(percent).unwrap_or(100) / 100;
    let hub = TestHub::start_with(&["--log", "warn"]);
    let line = Line::to(hub.socket_address());
    let rights = Rights::SEE.with(Rights::FILES);
    let ends = Ends::begin(&hub, &line.address, rights);
    let at = ends.folder.path().to_owned();
    let sent = at.join("mixed");
    let (files, bytes) = make(&sent, part(LARGE_BYTES), part(SMALL_FILES));
    let before = contents(&sent);
    let mut desk = Desk {
        ends,
        line,
        to_host: true,
        at_host: None,
        at_console: None,
    };
    let mut ways = Vec::new();
    for (what, to_host, from, to) in [
        ("console to host", true, "mixed", "at host/mixed"),
        (
            "host to console",
            false,
            "at host/mixed",
            "at console/mixed",
        ),
    ] {
        ways.push(desk.go(what, to_host, &at.join(from)));
        assert!(contents(&at.join(to)) == before, "{what}: all are the same");
    }
    Figures {
        files,
        megabytes: bytes as f64 / 1e6,
        ways,
    }
}

/// How many files there are, and bytes in them.
fn make(at: &Path, large_bytes: usize, small_files: usize) -> (usize, usize) {
    const PIECE: usize = 8 << 20;
    fs::create_dir_all(at.join("an empty folder")).expect("made");
    let mut large = fs::File::create(at.join("large.bin")).expect("made");
    let mut left = large_bytes;
    let mut seed = 1;
    while left > 0 {
        let piece = left.min(PIECE);
        large.write_all(&noise(seed, piece)).expect("written");
        left -= piece;
        seed += 1;
    }
    let mut bytes = large_bytes;
    for number in 0..small_files {
        let folder = at.join(format!("small è/{}", number / 100));
        fs::create_dir_all(&folder).expect("made");
        let size = number * 7919 % 9_973;
        let name = match ODD_NAMES.get(number % 100) {
            Some(odd) => (*odd).to_owned(),
            None => format!("{number}.txt"),
        };
        let content = noise(u64::try_from(number).unwrap_or(0) + 1_000, size);
        fs::write(folder.join(name), content).expect("written");
        bytes += size;
    }
    (small_files + 1, bytes)
}

struct Desk {
    ends: Ends,
    line: Line,
    /// The way that is gone now.
    to_host: bool,
    /// What each was told last of the transfer.
    at_host: Option<Transfer>,
    at_console: Option<Transfer>,
}

impl Desk {
    fn go(&mut self, what: &'static str, to_host: bool, from: &Path) -> Way {
        self.to_host = to_host;
        (self.at_host, self.at_console) = (None, None);
        let chosen = vec![from.to_owned()];
        let begun = Instant::now();
        if to_host {
            let session = self.ends.session;
            let command = Command::SendFiles { session, chosen };
            self.ends.console.send(command).expect("room");
        } else {
            let operator = None;
            let command = HostCommand::SendFiles { operator, chosen };
            self.ends.host.send(command).expect("room");
        }
        let mut way = Way {
            what,
            seconds: 0.0,
            there_megabytes: Vec::new(),
            goes_on_after_seconds: Vec::new(),
        };
        let mut stood_still = Duration::ZERO;
        for permille in CUTS_AT_PERMILLE {
            self.until(|desk| {
                desk.receiver().is_some_and(|there| {
                    there.stage == Stage::Running
                        && there.done_bytes >= there.bytes / 1000 * permille
                })
            });
            let cut = Instant::now();
            self.line.cut(true);
            let is_paused =
                |at: &Option<Transfer>| at.as_ref().is_some_and(|told| told.stage == Stage::Paused);
            self.until(|desk| is_paused(&desk.at_host) && is_paused(&desk.at_console));
            let there = self.receiver().expect("paused").clone();
            assert!(there.done_bytes < there.bytes, "the cut came too late");
            let back = Instant::now();
            self.line.cut(false);
            self.until(|desk| {
                let now = desk.receiver().expect("told");
                assert!(now.done_bytes >= there.done_bytes, "nothing is sent again");
                now.is_over() || now.done_bytes > there.done_bytes
            });
            stood_still += cut.elapsed();
            way.there_megabytes.push(there.done_bytes as f64 / 1e6);
            way.goes_on_after_seconds.push(back.elapsed().as_secs_f64());
        }
        self.until(|desk| {
            let is_over = |at: &Option<Transfer>| at.as_ref().is_some_and(Transfer::is_over);
            is_over(&desk.at_host) && is_over(&desk.at_console)
        });
        way.seconds = begun.elapsed().saturating_sub(stood_still).as_secs_f64();
        for told in [&self.at_host, &self.at_console].into_iter().flatten() {
            assert_eq!(told.stage, Stage::Over(Ended::Done { missing: 0 }));
            assert_eq!(told.done_bytes, told.bytes, "each byte once");
        }
        way
    }

    fn receiver(&self) -> Option<&Transfer> {
        let at = if self.to_host {
            &self.at_host
        } else {
            &self.at_console
        };
        at.as_ref()
    }

    /// Takes what both tell, until `done`.
    fn until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let mut since = Instant::now();
        loop {
            let mut is_quiet = true;
            while let Some(event) = self.ends.host_events.try_next() {
                if let HostEvent::Transfer { transfer, .. } = event
                    && transfer.id.to_host == self.to_host
                {
                    (self.at_host, is_quiet) = (Some(transfer), false);
                }
            }
            while let Some(event) = self.ends.console_events.take_next() {
                if let Event::Transfer { transfer, .. } = event
                    && transfer.id.to_host == self.to_host
                {
                    (self.at_console, is_quiet) = (Some(transfer), false);
                }
            }
            if done(self) {
                return;
            }
            if is_quiet {
                assert!(since.elapsed() < PATIENCE, "nothing happens any more");
                std::thread::sleep(Duration::from_millis(5));
            } else {
                since = Instant::now();
            }
        }
    }
}
