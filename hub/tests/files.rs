//! Files between a host and a console, by their own engines, through a real hub (S6, H5, D4).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engines::{Ends, wait};
use host_engine::{HostCommand, HostEvent};
use operator_engine::{Command, Event};
use protocol::files::{ConflictAnswer, FileFault, TransferId};
use protocol::transfers::{Ended, Stage, Transfer};
use protocol::{HubToHost, Lane, RefusalCode, Rights};
use support::disk::Disk;
use support::line::Line;
use support::trees::{contents, noise};
use support::{PATIENCE, TestHub, run_hub, screen_frame, send_tagged, text};

const ALL: Rights = Rights::SEE.with(Rights::FILES);

/// A host and a console in a session.
struct Desk {
    ends: Ends,
    /// What each was told last of each transfer.
    at_host: BTreeMap<TransferId, Transfer>,
    at_console: BTreeMap<TransferId, Transfer>,
}

impl Desk {
    /// Through `line`, or straight.
    fn begin(hub: &TestHub, line: Option<&Line>, granted: Rights) -> Self {
        let address = line.map_or(&hub.address, |line| &line.address);
        Self {
            ends: Ends::begin(hub, address, granted),
            at_host: BTreeMap::new(),
            at_console: BTreeMap::new(),
        }
    }

    fn send_to_host(&self, chosen: &Path) {
        let command = Command::SendFiles {
            session: self.ends.session,
            chosen: vec![chosen.to_owned()],
        };
        self.ends.console.send(command).expect("room");
    }

    fn answer(&self, id: TransferId, entry: u32, answer: ConflictAnswer, for_all: bool) {
        let command = Command::AnswerConflict {
            session: self.ends.session,
            id,
            entry,
            answer,
            for_all,
        };
        self.ends.console.send(command).expect("room");
    }

    fn send_to_console(&self, chosen: &Path) {
        let command = HostCommand::SendFiles {
            operator: None,
            chosen: vec![chosen.to_owned()],
        };
        self.ends.host.send(command).expect("room");
    }

    /// Takes what both tell, until `done`.
    fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + 3 * PATIENCE;
        loop {
            let mut quiet = true;
            while let Some(event) = self.ends.host_events.try_next() {
                quiet = false;
                if let HostEvent::Transfer { operator, transfer } = event {
                    assert_eq!(operator, self.ends.operator);
                    self.at_host.insert(transfer.id, transfer);
                    if done(self) {
                        return;
                    }
                }
            }
            while let Some(event) = self.ends.console_events.take_next() {
                quiet = false;
                if let Event::Transfer { transfer, .. } = event {
                    self.at_console.insert(transfer.id, transfer);
                    if done(self) {
                        return;
                    }
                }
            }
            if done(self) {
                return;
            }
            let (host, console) = (&self.at_host, &self.at_console);
            assert!(Instant::now() < end, "{what}: {host:?} {console:?}");
            if quiet {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Takes all that was told.
    fn take_all(&mut self) {
        while let Some(event) = self.ends.host_events.try_next() {
            if let HostEvent::Transfer { transfer, .. } = event {
                self.at_host.insert(transfer.id, transfer);
            }
        }
        while let Some(event) = self.ends.console_events.take_next() {
            if let Event::Transfer { transfer, .. } = event {
                self.at_console.insert(transfer.id, transfer);
            }
        }
    }

    fn is_over(&self, id: TransferId) -> bool {
        let over =
            |all: &BTreeMap<TransferId, Transfer>| all.get(&id).is_some_and(Transfer::is_over);
        over(&self.at_host) && over(&self.at_console)
    }

    /// How it ended at the host, and at the console.
    fn ends(&self, id: TransferId) -> (Stage, Stage) {
        (self.at_host[&id].stage, self.at_console[&id].stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.ends.folder.path().join(name)
    }

    /// Ends the session and waits for its film.
    fn end(mut self, hub: &TestHub) -> Vec<recording::Files> {
        let session = self.ends.session;
        self.ends
            .console
            .send(Command::EndSession { session })
            .expect("room");
        wait(&mut self.ends.console_events, |event| match event {
            Event::SessionEnded { .. } => Some(()),
            _ => None,
        });
        let film = fs::read_dir(hub.data.join("films")).expect("films");
        let film = film.map(|entry| entry.expect("readable").path());
        let film = film.filter(|path| path.extension().is_some_and(|e| e == "film"));
        let film = film.max().expect("a film");
        let end = Instant::now() + PATIENCE;
        loop {
            let open = recording::Recording::open(&film).expect("a film");
            let events = open.timeline().filter_map(|entry| match entry.ok()?.body {
                recording::Body::Event(event) => Some(event),
                _ => None,
            });
            let events: Vec<recording::Event> = events.collect();
            if matches!(events.last(), Some(recording::Event::Ended { .. })) {
                let files = events.into_iter().filter_map(|event| match event {
                    recording::Event::Files(files) => Some(files),
                    _ => None,
                });
                return files.collect();
            }
            assert!(Instant::now() < end, "the film has no end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A folder of many small files, odd names and one larger file.
fn tree(at: &Path) {
    fs::create_dir_all(at.join("empty")).expect("made");
    fs::create_dir_all(at.join("sub/deeper è")).expect("made");
    for number in 0..300_u64 {
        let name = format!("sub/{number}.txt");
        let bytes = usize::try_from(number * 37 % 4000).expect("small");
        fs::write(at.join(name), noise(number, bytes)).expect("written");
    }
    fs::write(at.join("sub/deeper è/…  :?.bin"), noise(7, 10)).expect("written");
    fs::write(at.join("large.bin"), noise(9, 5_000_000)).expect("written");
}

const TO_HOST: TransferId = TransferId {
    to_host: true,
    number: 1,
};
const TO_CONSOLE: TransferId = TransferId {
    to_host: false,
    number: 1,
};
const DONE: Stage = Stage::Over(Ended::Done { missing: 0 });

fn audited(hub: &TestHub, action: &str) -> Vec<serde_json::Value> {
    let args = [
        "audit",
        "list",
        "--json",
        "--data",
        hub.data_text(),
        "--action",
        action,
    ];
    let listed = run_hub(&args, "");
    assert!(listed.status.success(), "{}", text(&listed));
    let rows: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let rows = rows.as_array().or_else(|| rows["rows"].as_array());
    rows.expect("rows").clone()
}

#[test]
fn s6_files_go_both_ways_at_once_and_d4_film_and_log_name_them() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    for from in ["From Anna", "From Rosa"] {
        tree(&desk.path(from));
    }
    desk.send_to_host(&desk.path("From Anna"));
    desk.send_to_console(&desk.path("From Rosa"));
    desk.until("both arrive", |desk| {
        desk.is_over(TO_HOST) && desk.is_over(TO_CONSOLE)
    });
    assert_eq!(desk.ends(TO_HOST), (DONE, DONE));
    assert_eq!(desk.ends(TO_CONSOLE), (DONE, DONE));
    let same = |from: &str, to: &str| {
        let (from, to) = (contents(&desk.path(from)), contents(&desk.path(to)));
        assert_eq!(from.len(), 305);
        assert_eq!(from, to, "nothing else is there either");
    };
    same("From Anna", "at host/From Anna");
    same("From Rosa", "at console/From Rosa");
    assert_eq!(
        contents(&desk.path("at host")).len(),
        306,
        "no parts are left"
    );
    let bytes = desk.at_host[&TO_HOST].bytes;
    assert_eq!(desk.at_host[&TO_HOST].done_bytes, bytes);

    let told = desk.end(&hub);
    let told: Vec<String> = told
        .iter()
        .map(|files| recording::Event::Files(files.clone()).to_string())
        .collect();
    for sentence in [
        "files from ANNA: From Anna (302 files, 5.6 MB)",
        "files from ANNA arrived: From Anna (302 files, 5.6 MB)",
        "files to ANNA: From Rosa (302 files, 5.6 MB)",
        "files to ANNA arrived: From Rosa (302 files, 5.6 MB)",
    ] {
        assert!(told.iter().any(|told| told == sentence), "{told:?}");
    }
    assert_eq!(told.len(), 4);
    for (action, count) in [("files.begun", 2), ("files.done", 2)] {
        let rows = audited(&hub, action);
        assert_eq!(rows.len(), count, "{rows:?}");
        let all = format!("{rows:?}");
        assert!(all.contains("From Anna") && all.contains(&bytes.to_string()));
        assert!(!all.contains("large.bin"), "by the name of the whole alone");
    }
}

#[test]
fn s6_a_transfer_goes_on_by_itself_where_the_line_broke() {
    let hub = TestHub::start();
    let line = Line::to(hub.socket_address());
    let mut desk = Desk::begin(&hub, Some(&line), ALL);
    let sent = noise(3, 40_000_000);
    fs::write(desk.path("a.bin"), &sent).expect("written");
    // the line counts, since a test that waits until so much is told may be told when all is there
    line.cut_after(4_000_000);
    desk.send_to_host(&desk.path("a.bin"));
    let mut there = 0;
    for left in [4_000_000, 4_000_000, u64::MAX] {
        desk.until("it goes on, and its next break is noticed", |desk| {
            let is_paused = |all: &BTreeMap<TransferId, Transfer>| {
                all.get(&TO_HOST).is_some_and(|t| t.stage == Stage::Paused)
            };
            let done = desk.at_host.get(&TO_HOST).map_or(0, |t| t.done_bytes);
            // what is there is not sent again
            assert!(there <= done && done < 40_000_000, "{done} after {there}");
            there < done && is_paused(&desk.at_host) && is_paused(&desk.at_console)
        });
        there = desk.at_host[&TO_HOST].done_bytes;
        line.cut_after(left);
    }
    desk.until("all arrives", |desk| desk.is_over(TO_HOST));
    assert_eq!(desk.ends(TO_HOST), (DONE, DONE));
    assert_eq!(
        desk.at_host[&TO_HOST].done_bytes, 40_000_000,
        "each byte once"
    );
    assert!(fs::read(desk.path("at host/a.bin")).expect("there") == sent);
    assert_eq!(desk.end(&hub).len(), 2, "begun once, done once");
}

/// A folder with a file that is at both ends, and one that is new.
#[test]
fn s6_a_transfer_goes_on_where_the_line_loses_large_datagrams_from_then_on() {
    let hub = TestHub::start();
    let line = Line::to(hub.socket_address());
    let mut desk = Desk::begin(&hub, Some(&line), ALL);
    fs::write(desk.path("a.bin"), noise(7, 60_000_000)).expect("written");
    desk.send_to_host(&desk.path("a.bin"));
    desk.until("it begins", |desk| {
        desk.at_host.get(&TO_HOST).is_some_and(|t| t.done_bytes > 0)
    });
    // as much as packets of 1,280 bytes carry by UDP
    line.narrow(1_252);
    desk.until("it arrives", |desk| desk.is_over(TO_HOST));
    assert_eq!(desk.ends(TO_HOST), (DONE, DONE));
    let arrived = fs::read(desk.path("at host/a.bin")).expect("readable");
    assert!(arrived == noise(7, 60_000_000));
}

fn same_name(desk: &Desk, number: u32) -> PathBuf {
    let from = desk.path(&format!("{number}/Docs"));
    fs::create_dir_all(&from).expect("made");
    fs::write(from.join("a.txt"), format!("new {number}")).expect("written");
    fs::write(from.join(format!("{number}.txt")), "more").expect("written");
    from
}

#[test]
fn s6_the_operator_decides_at_both_ends_what_becomes_of_a_name_that_is_there() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    for end in ["at host", "at console"] {
        fs::create_dir_all(desk.path(end).join("Docs")).expect("made");
        fs::write(desk.path(end).join("Docs/a.txt"), "old").expect("written");
    }
    let read = |desk: &Desk, name: &str| fs::read_to_string(desk.path(name)).ok();
    let answers = [
        (ConflictAnswer::Skip, "old", None),
        (ConflictAnswer::Replace, "new 2", None),
        (ConflictAnswer::KeepBoth, "new 2", Some("new 3")),
    ];
    for (number, (answer, plain, numbered)) in (1..).zip(answers) {
        let from = same_name(&desk, number);
        for (to_host, end) in [(true, "at host"), (false, "at console")] {
            if to_host {
                desk.send_to_host(&from);
            } else {
                desk.send_to_console(&from);
            }
            let id = TransferId { to_host, number };
            desk.until("the operator is asked", |desk| {
                let told = desk.at_console.get(&id);
                told.is_some_and(|t| t.question.is_some())
            });
            let asked = desk.at_console[&id].question.clone().expect("asked");
            assert_eq!(asked.path.as_str(), "Docs/a.txt");
            assert_eq!(
                (asked.here.bytes, asked.comes.bytes),
                (plain_before(number), 5)
            );
            // the rest does not wait for it
            let more = format!("{end}/Docs/{number}.txt");
            desk.until("the rest", |desk| desk.path(&more).exists());
            if to_host {
                desk.until("the user sees it", |desk| {
                    desk.at_host[&id].question.is_some()
                });
            }
            desk.answer(id, asked.entry, answer, false);
            desk.until("it is over", |desk| desk.is_over(id));
            assert_eq!(desk.ends(id), (DONE, DONE));
            let at = |name: &str| read(&desk, &format!("{end}/Docs/{name}"));
            assert_eq!(at("a.txt").as_deref(), Some(plain));
            assert_eq!(at("a (2).txt").as_deref(), numbered);
            let arrived = if to_host {
                &desk.at_host
            } else {
                &desk.at_console
            };
            let told = (arrived[&id].replaced, arrived[&id].skipped);
            let expected = match answer {
                ConflictAnswer::Replace => (1, 0),
                ConflictAnswer::KeepBoth => (0, 0),
                ConflictAnswer::Skip => (0, 1),
            };
            assert_eq!(told, expected);
        }
    }
    assert_eq!(desk.end(&hub).len(), 12, "each begun and done");
}

/// What `a.txt` has before the transfer of this number.
fn plain_before(number: u32) -> u64 {
    if number < 3 { 3 } else { 5 }
}

#[test]
fn s6_one_answer_is_for_all_and_without_one_both_are_kept() {
    let hub = TestHub::start();
    let line = Line::to(hub.socket_address());
    let mut desk = Desk::begin(&hub, Some(&line), ALL);
    let from = desk.path("Many");
    for folder in [&from, &desk.path("at host/Many")] {
        fs::create_dir_all(folder).expect("made");
        for number in 0..200 {
            let text = format!("{number} {}", folder == &from);
            fs::write(folder.join(format!("{number}.txt")), text).expect("written");
        }
    }
    let question = |desk: &Desk, id| {
        let told = desk.at_console.get(&id);
        told.and_then(|t: &Transfer| t.question.clone())
    };
    desk.send_to_host(&from);
    desk.until("the operator is asked", |desk| {
        question(desk, TO_HOST).is_some()
    });
    // the question outlives the line
    line.cut(true);
    desk.until("the break is noticed", |desk| {
        desk.at_console[&TO_HOST].stage == Stage::Paused
            && desk.at_host[&TO_HOST].stage == Stage::Paused
    });
    line.cut(false);
    desk.until("it goes on", |desk| {
        desk.at_host[&TO_HOST].stage == Stage::Running
            && desk.at_console[&TO_HOST].stage == Stage::Running
    });
    let asked = question(&desk, TO_HOST).expect("it stands");
    desk.answer(TO_HOST, asked.entry, ConflictAnswer::Replace, true);
    desk.until("it is over", |desk| desk.is_over(TO_HOST));
    assert_eq!(desk.ends(TO_HOST), (DONE, DONE));
    assert_eq!(desk.at_host[&TO_HOST].replaced, 200);
    assert_eq!(contents(&from), contents(&desk.path("at host/Many")));

    // nobody answers, and the session ends
    let second = TransferId {
        to_host: true,
        number: 2,
    };
    desk.send_to_host(&from);
    desk.until("the operator is asked", |desk| {
        question(desk, second).is_some()
    });
    desk.until("all has come", |desk| {
        desk.at_host[&second].done_bytes == desk.at_host[&second].bytes
    });
    let there = desk.path("at host/Many");
    let folder = std::mem::replace(
        &mut desk.ends.folder,
        tempfile::tempdir().expect("a folder"),
    );
    desk.end(&hub);
    let end = Instant::now() + PATIENCE;
    while contents(&there).len() != 400 {
        assert!(Instant::now() < end, "{}", contents(&there).len());
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(folder);
}

#[test]
fn h5_nothing_half_stays_where_the_user_cancels_or_takes_the_right_back() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    fs::write(desk.path("a.bin"), noise(3, 80_000_000)).expect("written");
    desk.send_to_host(&desk.path("a.bin"));
    let begun = |desk: &Desk, id| desk.at_host.get(&id).is_some_and(|t| t.done_bytes > 0);
    desk.until("it begins", |desk| begun(desk, TO_HOST));
    let (operator, id) = (desk.ends.operator, TO_HOST);
    desk.ends
        .host
        .send(HostCommand::CancelFiles { operator, id })
        .expect("room");
    desk.until("it is over", |desk| desk.is_over(TO_HOST));
    let cancelled = |here| Stage::Over(Ended::Cancelled { here });
    assert_eq!(desk.ends(TO_HOST), (cancelled(true), cancelled(false)));

    // the other way, and by whoever sends
    desk.send_to_console(&desk.path("a.bin"));
    desk.until("it begins", |desk| {
        let at_console = desk.at_console.get(&TO_CONSOLE);
        at_console.is_some_and(|t| t.done_bytes > 0)
    });
    let id = TO_CONSOLE;
    desk.ends
        .host
        .send(HostCommand::CancelFiles { operator, id })
        .expect("room");
    desk.until("it is over", |desk| desk.is_over(TO_CONSOLE));
    assert_eq!(desk.ends(TO_CONSOLE), (cancelled(true), cancelled(false)));

    let again = TransferId {
        to_host: true,
        number: 2,
    };
    desk.send_to_host(&desk.path("a.bin"));
    desk.until("it begins", |desk| begun(desk, again));
    desk.ends
        .host
        .send(HostCommand::ReduceRights {
            rights: Rights::SEE,
        })
        .expect("room");
    desk.until("it is over", |desk| desk.is_over(again));
    let withdrawn = Stage::Over(Ended::Withdrawn);
    assert_eq!(desk.ends(again), (withdrawn, withdrawn));
    for folder in ["at host", "at console"] {
        let folder = desk.path(folder);
        let end = Instant::now() + PATIENCE;
        while !contents(&folder).is_empty() {
            assert!(Instant::now() < end, "{:?}", contents(&folder));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    // and nothing more is sent
    desk.send_to_host(&desk.path("a.bin"));
    std::thread::sleep(Duration::from_millis(300));
    desk.take_all();
    assert_eq!(desk.at_console.len(), 3);

    let stages: Vec<recording::FilesStage> = desk.end(&hub).iter().map(|f| f.stage).collect();
    let (begun, cancelled) = (
        recording::FilesStage::Begun,
        recording::FilesStage::Cancelled,
    );
    let failed = recording::FilesStage::Failed;
    assert_eq!(stages, [begun, cancelled, begun, cancelled, begun, failed]);
    for (action, count) in [
        ("files.begun", 3),
        ("files.cancelled", 2),
        ("files.failed", 1),
    ] {
        assert_eq!(audited(&hub, action).len(), count, "{action}");
    }
}

#[test]
fn s6_the_operator_pauses_what_it_sends_and_goes_on() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    fs::write(desk.path("a.bin"), noise(3, 30_000_000)).expect("written");
    desk.send_to_host(&desk.path("a.bin"));
    let there = |desk: &Desk| desk.at_host.get(&TO_HOST).map_or(0, |t| t.done_bytes);
    desk.until("it begins", |desk| there(desk) > 0);
    let hold = |desk: &Desk, held| {
        let (session, id) = (desk.ends.session, TO_HOST);
        let command = Command::HoldFiles { session, id, held };
        desk.ends.console.send(command).expect("room");
    };
    hold(&desk, true);
    desk.until("it pauses", |desk| {
        desk.at_console[&TO_HOST].stage == Stage::Held
    });
    // what was on the way arrives
    std::thread::sleep(Duration::from_secs(2));
    desk.take_all();
    let before = there(&desk);
    std::thread::sleep(Duration::from_millis(500));
    desk.take_all();
    assert_eq!(there(&desk), before, "nothing more comes");
    assert!(before < 30_000_000);
    hold(&desk, false);
    desk.until("it arrives", |desk| desk.is_over(TO_HOST));
    assert_eq!(desk.ends(TO_HOST), (DONE, DONE));
}

#[test]
fn e4_what_cannot_be_sent_or_kept_is_said() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    desk.send_to_host(&desk.path("is not there"));
    desk.until("it is refused", |desk| {
        desk.at_console.get(&TO_HOST).is_some_and(Transfer::is_over)
    });
    let gone = Stage::Over(Ended::Failed(FileFault::GONE));
    assert_eq!(desk.at_console[&TO_HOST].stage, gone);
    assert!(desk.at_host.is_empty(), "nothing to tell the user");

    // where the host cannot write
    let folder = Some(PathBuf::from("/proc/self/there"));
    desk.ends
        .host
        .send(HostCommand::ReceiveInto { folder })
        .expect("room");
    fs::write(desk.path("a.txt"), "a").expect("written");
    desk.send_to_host(&desk.path("a.txt"));
    let second = TransferId {
        to_host: true,
        number: 2,
    };
    desk.until("it fails", |desk| desk.is_over(second));
    let (at_host, at_console) = desk.ends(second);
    assert_eq!(at_host, at_console);
    assert!(
        matches!(at_host, Stage::Over(Ended::Failed(_))),
        "{at_host:?}"
    );
    let told = desk.end(&hub);
    let failed = told.last().expect("told");
    assert_eq!(
        (&*failed.name, failed.stage),
        ("a.txt", recording::FilesStage::Failed)
    );
}

#[test]
fn e4_a_disk_that_is_full_or_closed_is_told_and_nothing_half_stays() {
    let Some(disk) = Disk::mount() else {
        Disk::in_own_namespace("e4_a_disk_that_is_full_or_closed_is_told_and_nothing_half_stays");
        return;
    };
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    let folder = disk.path().join("Downloads");
    desk.ends
        .host
        .send(HostCommand::ReceiveInto {
            folder: Some(folder.clone()),
        })
        .expect("room");
    let chosen = desk.path("both");
    fs::create_dir(&chosen).expect("made");
    fs::write(chosen.join("a.bin"), noise(1, 10_000_000)).expect("written");
    fs::write(chosen.join("b.bin"), noise(2, 60_000_000)).expect("written");
    desk.send_to_host(&chosen);
    desk.until("the disk is full", |desk| desk.is_over(TO_HOST));
    let full = Stage::Over(Ended::Failed(FileFault::NO_ROOM));
    assert_eq!(desk.ends(TO_HOST), (full, full));
    // what was whole before stays, and the room of the other is free again
    let end = Instant::now() + PATIENCE;
    while fs::read_dir(&folder).expect("a folder").count() > 1 {
        assert!(Instant::now() < end, "{:?}", contents(&folder));
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut there = contents(&chosen);
    there.remove(Path::new("b.bin"));
    assert!(contents(&folder.join("both")) == there);

    disk.close();
    desk.send_to_host(&chosen.join("a.bin"));
    let second = TransferId {
        to_host: true,
        number: 2,
    };
    desk.until("nothing may be written", |desk| desk.is_over(second));
    let closed = Stage::Over(Ended::Failed(FileFault::NOT_WRITABLE));
    assert_eq!(desk.ends(second), (closed, closed));
    desk.end(&hub);
}

#[test]
fn e4_a_file_that_changes_while_it_is_sent_is_told_and_does_not_arrive() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub, None, ALL);
    let chosen = desk.path("a.bin");
    fs::write(&chosen, noise(3, 60_000_000)).expect("written");
    desk.send_to_host(&chosen);
    desk.until("it begins", |desk| {
        desk.at_host.get(&TO_HOST).is_some_and(|t| t.done_bytes > 0)
    });
    let file = fs::File::options().write(true).open(&chosen);
    let file = file.expect("there");
    file.set_len(59_000_000).expect("shortened");
    desk.until("it is over", |desk| desk.is_over(TO_HOST));
    let but_one = Stage::Over(Ended::Done { missing: 1 });
    assert_eq!(desk.ends(TO_HOST), (but_one, but_one));
    let [problem] = &desk.at_host[&TO_HOST].problems[..] else {
        panic!("{:?}", desk.at_host[&TO_HOST]);
    };
    assert_eq!(
        (&*problem.path, problem.fault),
        ("a.bin", FileFault::CHANGED)
    );
    assert!(contents(&desk.path("at host")).is_empty());
}

#[tokio::test]
async fn b2_a_lane_of_files_needs_the_right_keeps_its_limits_and_holds_nothing_up() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(ALL).await;
    // the console does not read its files, and yet sees the screen
    let mut files = pair.open(Lane::FileToOperator, session).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let stuffed = async {
        let piece = bytes::Bytes::from(vec![7; 200 * 1024]);
        while files.write_body(piece.clone()).await.is_ok() {}
    };
    let stuffed = tokio::time::timeout(Duration::from_secs(2), stuffed).await;
    assert!(stuffed.is_err(), "it waits for whoever does not read");
    let before = hub.resident_bytes();
    assert!(before < 200 << 20, "{before}");
    let seen = async {
        send_tagged(&mut screen, &screen_frame(1, 100_000)).await;
        loop {
            let mut stream = pair.operator.accept_stream().await;
            if stream.0.lane == Lane::Screen {
                break stream
                    .1
                    .read_body()
                    .await
                    .expect("sound")
                    .expect("an update");
            }
        }
    };
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    assert!(!seen.expect("in time").is_empty());

    // a frame that is larger than any may be
    let mut other = hub.pair("bruno").await;
    let (session, _) = other.start_session(ALL).await;
    let mut files = other.open(Lane::FileToHost, session).await;
    files.set_limit(1 << 20);
    files
        .write_body(vec![7; 300 * 1024].into())
        .await
        .expect("taken by the line");
    assert_eq!(other.operator.refused().await, RefusalCode::MALFORMED);
    other
        .host
        .wait_for(|message| matches!(message, HubToHost::OperatorPresent { .. }).then_some(()))
        .await;
}
