//! An operator looks through the host's folders, by the engines of both, through a real hub (S6, H5, D4).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engines::{Ends, wait};
use host_engine::{BrowseConsent, HostCommand, HostEvent};
use operator_engine::{Command, Event};
use protocol::browse::{BrowseAnswer, FolderAt, FolderPlace, ListedEntry, ListedKind, ListingPart};
use protocol::files::{ConflictAnswer, FileFault};
use protocol::transfers::{Ended, Stage, Transfer};
use protocol::{HidKey, InputEvent, PeerId, Rights};
use support::{PATIENCE, TestHub, run_hub, text};

const ALL: Rights = Rights::SEE.with(Rights::FILES);
const DONE: Stage = Stage::Over(Ended::Done { missing: 0 });

/// A session, and the folder that the host's places are in.
struct Desk {
    ends: Ends,
    home: PathBuf,
    listing: u32,
    /// Who asked last.
    operator: PeerId,
}

/// A folder as it was told.
#[derive(Debug)]
struct Told {
    listing: u32,
    path: Vec<String>,
    entries: Vec<ListedEntry>,
}

impl Told {
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.entries.iter().map(|e| e.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    fn number(&self, name: &str) -> u32 {
        let at = self.entries.iter().position(|e| e.name.as_str() == name);
        u32::try_from(at.expect("it is there")).expect("few")
    }

    fn entry(&self, name: &str) -> FolderAt {
        FolderAt::Entry {
            listing: self.listing,
            entry: self.number(name),
        }
    }

    fn kind(&self, name: &str) -> ListedKind {
        self.entries[usize::try_from(self.number(name)).expect("few")].kind
    }
}

impl Desk {
    fn begin(hub: &TestHub) -> Self {
        Self::begin_with(hub, ALL)
    }

    fn begin_with(hub: &TestHub, granted: Rights) -> Self {
        let ends = Ends::begin(hub, &hub.address, granted);
        let home = ends.folder.path().join("home");
        fs::create_dir(&home).expect("made");
        Self {
            ends,
            home,
            listing: 0,
            operator: PeerId::NOBODY,
        }
    }

    fn tell(&self, command: Command) {
        self.ends.console.send(command).expect("room");
    }

    fn ask(&mut self) {
        let session = self.ends.session;
        self.tell(Command::AskToBrowse { session });
    }

    fn user_is_asked(&mut self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let event = self
                .ends
                .host_events
                .next_within(PATIENCE)
                .expect("in time");
            if let HostEvent::BrowseAsked { operator } = event {
                self.operator = operator;
                return;
            }
            assert!(Instant::now() < end, "the user is asked");
        }
    }

    fn user_says(&self, consent: BrowseConsent) {
        let operator = self.operator;
        let answer = HostCommand::AnswerBrowse { operator, consent };
        self.ends.host.send(answer).expect("room");
    }

    fn heard(&mut self) -> BrowseAnswer {
        wait(&mut self.ends.console_events, |event| match event {
            Event::Browse { answer, .. } => Some(answer),
            _ => None,
        })
    }

    /// Asks, and the user says yes.
    fn allowed(&mut self) {
        self.ask();
        self.user_is_asked();
        let places = vec![(FolderPlace::Home, self.home.clone())];
        self.user_says(BrowseConsent::Allow(places));
        assert_eq!(self.heard(), BrowseAnswer::Allowed);
    }

    fn wants(&mut self, at: FolderAt) -> u32 {
        self.listing += 1;
        self.tell(Command::List {
            session: self.ends.session,
            listing: self.listing,
            at,
        });
        self.listing
    }

    fn list(&mut self, at: FolderAt) -> Result<Told, FileFault> {
        let wanted = self.wants(at);
        let mut told = Told {
            listing: wanted,
            path: Vec::new(),
            entries: Vec::new(),
        };
        wait(&mut self.ends.console_events, |event| match event {
            Event::Listing { listing, part, .. } => {
                if listing < wanted {
                    // of one asked for before, which was on its way already
                    return None;
                }
                assert_eq!(listing, wanted);
                match part {
                    ListingPart::Begun { path } => {
                        told.path = path.iter().map(ToString::to_string).collect();
                        None
                    }
                    ListingPart::Entries(entries) => {
                        told.entries.extend(entries);
                        None
                    }
                    ListingPart::Whole { .. } => Some(Ok(())),
                    ListingPart::Failed(fault) => Some(Err(fault)),
                }
            }
            _ => None,
        })
        .map(|()| told)
    }

    fn home(&mut self) -> Told {
        let told = self.list(FolderAt::Place(FolderPlace::Home));
        told.expect("listed")
    }

    fn fetch(&self, listing: u32, entries: Vec<u32>) {
        self.tell(Command::FetchFiles {
            session: self.ends.session,
            listing,
            entries,
        });
    }

    /// How the next transfer stands once `wanted`.
    fn transfer(&mut self, wanted: impl Fn(&Transfer) -> bool) -> Transfer {
        wait(&mut self.ends.console_events, |event| match event {
            Event::Transfer { transfer, .. } => wanted(&transfer).then_some(transfer),
            _ => None,
        })
    }

    /// How long keys take until the host has pressed them, in the middle, with `meanwhile` before each.
    fn keys(&mut self, mut meanwhile: impl FnMut(&mut Self)) -> Duration {
        let mut took: Vec<Duration> = (0..40)
            .map(|number| {
                meanwhile(self);
                while self.ends.console_events.take_next().is_some() {}
                let before = self.ends.log.events().len();
                let begin = Instant::now();
                self.ends.input.send(InputEvent::Key {
                    key: HidKey(4),
                    pressed: number % 2 == 0,
                    character: None,
                });
                assert!(self.ends.log.wait_for_events(before + 1, PATIENCE));
                begin.elapsed()
            })
            .collect();
        took.sort_unstable();
        took[took.len() / 2]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.ends.folder.path().join(name)
    }
}

fn audited(hub: &TestHub, action: &str) -> String {
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
    String::from_utf8(listed.stdout).expect("text")
}

fn write(at: &Path, contents: &str) {
    fs::create_dir_all(at.parent().expect("a folder")).expect("made");
    fs::write(at, contents).expect("written");
}

#[test]
fn s6_an_operator_looks_fetches_and_puts_files_where_the_user_allows_it() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub);
    write(&desk.home.join("Docs/Taxes/2026.txt"), "taxes");
    write(&desk.home.join("Docs/a.txt"), "new");
    write(&desk.home.join("b.txt"), "b");
    write(&desk.path("at console/a.txt"), "old one");
    desk.allowed();
    let home = desk.home();
    assert_eq!(home.names(), ["Docs", "b.txt"]);
    assert_eq!(home.path.last().map(String::as_str), Some("home"));
    assert_eq!(home.path.first().map(String::as_str), Some("/"));
    let docs = desk.list(home.entry("Docs")).expect("listed");
    assert_eq!(docs.names(), ["Taxes", "a.txt"]);
    assert_eq!(docs.kind("Taxes"), ListedKind::Folder);
    // a file that is there is asked about; a folder comes whole
    let chosen = vec![docs.number("a.txt"), docs.number("Taxes")];
    desk.fetch(docs.listing, chosen);
    let asked = desk.transfer(|t| t.question.is_some());
    assert!(!asked.is_outgoing);
    let entry = asked.question.expect("asked").entry;
    desk.tell(Command::AnswerConflict {
        session: desk.ends.session,
        id: asked.id,
        entry,
        answer: ConflictAnswer::Replace,
        for_all: false,
    });
    let over = desk.transfer(Transfer::is_over);
    assert_eq!((over.stage, over.replaced), (DONE, 1));
    let read = |name: &str| fs::read_to_string(desk.path(name)).expect("there");
    assert_eq!(read("at console/a.txt"), "new");
    assert_eq!(read("at console/Taxes/2026.txt"), "taxes");

    // into the folder that is shown, and not where files land otherwise
    let taxes = desk.list(docs.entry("Taxes")).expect("listed");
    write(&desk.path("mine/c.txt"), "c");
    desk.tell(Command::SendFilesInto {
        session: desk.ends.session,
        chosen: vec![desk.path("mine/c.txt")],
        listing: taxes.listing,
    });
    assert_eq!(desk.transfer(Transfer::is_over).stage, DONE);
    let there = desk.home.join("Docs/Taxes/c.txt");
    assert_eq!(fs::read_to_string(there).expect("there"), "c");
    let listing = taxes.listing;
    let again = desk.list(FolderAt::Same { listing }).expect("listed");
    assert_eq!(again.names(), ["2026.txt", "c.txt"]);
    let listing = again.listing;
    let above = desk.list(FolderAt::Above { listing, levels: 2 });
    assert_eq!(above.expect("listed").names(), ["Docs", "b.txt"]);

    // by name and count alone
    let shown = audited(&hub, "folders.shown");
    assert!(
        shown.contains("\"Docs\"") && shown.contains("\"Taxes\""),
        "{shown}"
    );
    assert!(
        !shown.contains("2026.txt") && !shown.contains("b.txt"),
        "{shown}"
    );
    assert!(audited(&hub, "folders.allowed").contains("ANNA"));
    assert!(!audited(&hub, "files.done").contains("2026.txt"));
}

#[test]
fn h5_nothing_is_listed_without_a_yes() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub);
    write(&desk.home.join("a.txt"), "a");
    let place = FolderAt::Place(FolderPlace::Computer);
    assert_eq!(desk.list(place).err(), Some(FileFault::NOT_ALLOWED));
    desk.ask();
    desk.user_is_asked();
    assert_eq!(desk.list(place).err(), Some(FileFault::NOT_ALLOWED));
    desk.user_says(BrowseConsent::ChooseThemselves);
    assert_eq!(desk.heard(), BrowseAnswer::UserChooses);
    // asked again at once, the user is left alone
    desk.ask();
    assert_eq!(desk.heard(), BrowseAnswer::UserChooses);
    // a yes that nobody asked for is none
    desk.user_says(BrowseConsent::Allow(Vec::new()));
    assert_eq!(desk.list(place).err(), Some(FileFault::NOT_ALLOWED));
}

#[test]
fn h5_what_is_taken_back_ends_what_is_fetched_and_a_pause_shows_nothing() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub);
    let place = FolderAt::Place(FolderPlace::Computer);
    let large = fs::File::create(desk.home.join("large.bin")).expect("made");
    large.set_len(300_000_000).expect("long");
    desk.allowed();
    desk.ends.host.withhold(true);
    wait(&mut desk.ends.console_events, |event| match event {
        Event::Withheld { withheld, .. } => withheld.then_some(()),
        _ => None,
    });
    assert_eq!(desk.list(place).err(), Some(FileFault::PAUSED));
    desk.ends.host.withhold(false);
    wait(&mut desk.ends.console_events, |event| match event {
        Event::Withheld { withheld, .. } => (!withheld).then_some(()),
        _ => None,
    });
    let home = desk.home();
    desk.fetch(home.listing, vec![home.number("large.bin")]);
    desk.transfer(|t| t.done_bytes > 0);
    desk.user_says(BrowseConsent::Refuse);
    assert_eq!(desk.heard(), BrowseAnswer::Stopped);
    let over = desk.transfer(Transfer::is_over);
    assert_eq!(over.stage, Stage::Over(Ended::Cancelled { here: false }));
    let listing = home.listing;
    let again = desk.list(FolderAt::Same { listing });
    assert_eq!(again.err(), Some(FileFault::NOT_ALLOWED));
    desk.fetch(listing, vec![0]);
    desk.tell(Command::SendFilesInto {
        session: desk.ends.session,
        chosen: vec![desk.home.join("large.bin")],
        listing,
    });
    let over = desk.transfer(Transfer::is_over);
    assert_eq!(over.stage, Stage::Over(Ended::Failed(FileFault::NO_FOLDER)));
    assert!(over.is_outgoing, "nothing was fetched");
}

#[test]
fn s6_odd_names_links_and_folders_that_cannot_be_read_are_what_they_are() {
    let hub = TestHub::start();
    let mut desk = Desk::begin(&hub);
    let odd = OsStr::from_bytes(b"caf\xe9");
    write(&desk.home.join(odd).join("inside.txt"), "inside");
    write(&desk.home.join("invoice\u{202e}fdp.exe"), "x");
    write(&desk.home.join("line\nbreak"), "x");
    symlink("/etc", desk.home.join("etc")).expect("linked");
    symlink("/etc/passwd", desk.home.join("passwd")).expect("linked");
    fs::create_dir(desk.home.join("gone")).expect("made");
    let closed = desk.home.join("closed");
    fs::create_dir(&closed).expect("made");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("closed");
    desk.allowed();
    let home = desk.home();
    let names = home.names();
    for name in ["caf\u{fffd}", "invoice\u{202e}fdp.exe", "line\nbreak"] {
        assert!(names.contains(&name), "as it is: {names:?}");
    }
    assert_eq!(home.kind("etc"), ListedKind::Link);
    assert_eq!(home.kind("passwd"), ListedKind::Link);
    // a folder whose name nobody can write is entered all the same
    let inside = desk.list(home.entry("caf\u{fffd}")).expect("listed");
    assert_eq!(inside.names(), ["inside.txt"]);
    desk.fetch(inside.listing, vec![0]);
    assert_eq!(desk.transfer(Transfer::is_over).stage, DONE);
    assert_eq!(
        fs::read_to_string(desk.path("at console/inside.txt")).expect("there"),
        "inside"
    );

    let home = desk.home();
    let followed = desk.list(home.entry("etc"));
    assert_eq!(followed.err(), Some(FileFault::NO_FILE));
    // and the folder that was shown is still the one that entries are of
    desk.fetch(
        home.listing,
        vec![home.number("passwd"), home.number("etc")],
    );
    desk.fetch(home.listing, vec![u32::MAX]);
    desk.fetch(home.listing + 100, vec![0]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!desk.path("at console/passwd").exists());
    assert!(!desk.path("at console/etc").exists());
    fs::remove_dir(desk.home.join("gone")).expect("removed");
    assert_eq!(desk.list(home.entry("gone")).err(), Some(FileFault::GONE));
    // root may read anything
    let is_root = fs::read_dir(&closed).is_ok();
    let fault = desk.list(home.entry("closed")).err();
    assert_eq!(fault, (!is_root).then_some(FileFault::NOT_READABLE));
    let outdated = FolderAt::Entry {
        listing: 9999,
        entry: 0,
    };
    assert_eq!(desk.list(outdated).err(), Some(FileFault::OUTDATED));
}

#[test]
fn s6_a_folder_of_fifty_thousand_is_told_bit_by_bit_and_the_next_one_ends_it() {
    let hub = TestHub::start();
    let mut desk = Desk::begin_with(&hub, ALL.with(Rights::CONTROL));
    for number in 0..50_000 {
        fs::File::create(desk.home.join(format!("many-{number}"))).expect("made");
    }
    desk.allowed();
    // nobody waits for the first before the second is asked
    for _ in 0..20 {
        desk.wants(FolderAt::Place(FolderPlace::Home));
    }
    let begin = Instant::now();
    let all = desk.home();
    let took = begin.elapsed();
    assert_eq!(all.entries.len(), 50_000, "only the last was told");
    println!("50,000 entries in {took:?}");
    assert!(took < PATIENCE / 2, "{took:?}");
    // and no key waits for a folder
    let idle = desk.keys(|_| {});
    let home = FolderAt::Place(FolderPlace::Home);
    let busy = desk.keys(|desk| {
        desk.wants(home);
    });
    println!("a key takes {idle:?}, {busy:?} while folders are listed");
    assert!(
        busy < idle + Duration::from_millis(50),
        "{idle:?}, {busy:?}"
    );
    let all = desk.home();
    desk.fetch(all.listing, vec![all.number("many-49999")]);
    assert_eq!(desk.transfer(Transfer::is_over).stage, DONE);
}
