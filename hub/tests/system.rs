//! What computer a host is, by both engines through a real hub: asked, allowed, sealed (S2).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use engines::{Ends, wait};
use host_engine::{HostCommand, HostEvent};
use operator_engine::{Command, Event, SystemTold};
use protocol::Rights;
use recording::{Body, Recording};
use support::{PATIENCE, TestHub};

impl Ends {
    fn ask(&self) {
        let session = self.session;
        let ask = Command::AskSystem { session };
        self.console.send(ask).expect("room");
    }

    /// Waits until the user is asked, and answers.
    fn answer(&self, allowed: bool) {
        loop {
            let event = self.host_events.next_within(PATIENCE).expect("in time");
            if let HostEvent::SystemAsked { operator, name, .. } = event {
                assert_eq!((operator, &*name), (self.operator, "ANNA"));
                let answer = HostCommand::AnswerSystem { operator, allowed };
                return self.host.send(answer).expect("room");
            }
        }
    }

    fn told(&mut self) -> SystemTold {
        wait(&mut self.console_events, |event| match event {
            Event::System { told, .. } => Some(told),
            _ => None,
        })
    }

    fn nobody_is_asked(&self) {
        while let Some(event) = self.host_events.try_next() {
            assert!(!matches!(event, HostEvent::SystemAsked { .. }), "{event:?}");
        }
    }
}

/// Whether any file below `folder` has `bytes` in it.
fn is_in_a_file(folder: &Path, bytes: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .any(|path| {
            if path.is_dir() {
                return is_in_a_file(&path, bytes);
            }
            let found = std::fs::read(&path).unwrap_or_default();
            found.windows(bytes.len()).any(|part| part == bytes)
        })
}

#[test]
fn s2_the_user_allows_it_once_and_the_hub_cannot_read_it() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE);
    ends.ask();
    ends.answer(true);
    let SystemTold::Is(told) = ends.told() else {
        unreachable!("allowed");
    };
    assert!(told.cores > 0 && told.memory.total_bytes > 0 && !told.programs.is_empty());
    ends.ask();
    assert!(
        matches!(ends.told(), SystemTold::Is(_)),
        "without a question"
    );
    ends.nobody_is_asked();

    ends.host.withhold(true);
    wait(&mut ends.console_events, |event| match event {
        Event::Withheld { withheld, .. } => withheld.then_some(()),
        _ => None,
    });
    ends.ask();
    assert_eq!(ends.told(), SystemTold::Withheld);

    ends.host.end_session();
    let path = hub.data.join("films/00000001.film");
    let end = Instant::now() + PATIENCE;
    let film = loop {
        let film = Recording::open(&path).expect("a recording");
        if film.is_finished().expect("readable") {
            break film;
        }
        assert!(Instant::now() < end, "finished in time");
        std::thread::sleep(Duration::from_millis(50));
    };
    let notes = film
        .timeline()
        .filter_map(|entry| match entry.expect("well formed").body {
            Body::Event(recording::Event::Note(text)) => Some(text),
            _ => None,
        });
    let notes: Vec<String> = notes.collect();
    assert_eq!(notes, ["system information for ANNA"; 2]);
    assert!(is_in_a_file(&hub.data, b"system information for ANNA"));
    assert!(!is_in_a_file(&hub.data, told.kernel.as_bytes()), "{told:?}");
}

#[test]
fn s2_a_no_is_told_and_answers_for_a_while() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE);
    ends.ask();
    ends.answer(false);
    assert_eq!(ends.told(), SystemTold::Refused);
    ends.ask();
    assert_eq!(ends.told(), SystemTold::Refused);
    ends.nobody_is_asked();
}
