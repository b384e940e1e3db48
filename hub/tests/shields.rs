//! The user's input blocked and an operator's own pause, by both engines through a real hub (S2).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;

use std::time::{Duration, Instant};

use engines::{Ends, wait};
use host_engine::{HostCommand, HostEvent};
use input::Lowered;
use operator_engine::{Command, Event};
use protocol::{HidKey, Hindrance, InputEvent, Rights, Shield, ShieldState};
use recording::{Body, Recording};
use support::{PATIENCE, TestHub};

use ShieldState::{Asked, Down, Refused, Up};

impl Ends {
    fn wish(&self, shield: Shield, up: bool) {
        let session = self.session;
        let wish = Command::Shield {
            session,
            shield,
            up,
        };
        self.console.send(wish).expect("room");
    }

    fn rest(&self, resting: bool) {
        let session = self.session;
        let rest = Command::Rest { session, resting };
        self.console.send(rest).expect("room");
    }

    /// Waits until the console knows that.
    fn input_is(&mut self, wanted: ShieldState) {
        wait(&mut self.console_events, |event| match event {
            Event::Shields { shields, .. } => (shields.input == wanted).then_some(()),
            _ => None,
        });
    }

    /// Waits until the user is asked, and answers.
    fn answer(&self, allowed: bool) {
        let shield = Shield::Input;
        self.hears(|event| match event {
            HostEvent::ShieldAsked {
                name, shield: of, ..
            } => {
                assert_eq!((&*name, of), ("ANNA", shield));
                true
            }
            _ => false,
        });
        let answer = HostCommand::AnswerShield { shield, allowed };
        self.host.send(answer).expect("room");
    }

    fn hears(&self, wanted: impl Fn(HostEvent) -> bool) {
        while !wanted(self.host_events.next_within(PATIENCE).expect("in time")) {}
    }
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The notes on the time line of the first film.
fn notes(hub: &TestHub) -> Vec<String> {
    let path = hub.data.join("films/00000001.film");
    let open = || Recording::open(&path).expect("a recording");
    eventually("finished", || open().is_finished().expect("readable"));
    let film = open();
    let entries = film.timeline();
    let notes = entries.filter_map(|entry| match entry.expect("well formed").body {
        Body::Event(recording::Event::Note(text)) => Some(text),
        _ => None,
    });
    notes.collect()
}

#[test]
fn s2_the_users_input_is_blocked_only_with_their_yes_and_comes_back_by_itself() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    let cannot = ShieldState::Cannot(Hindrance::NO_BRIGHTNESS);
    wait(&mut ends.console_events, |event| match event {
        Event::Shields { shields, .. } => (shields.screen == cannot).then_some(()),
        _ => None,
    });
    ends.wish(Shield::Screen, true);
    ends.wish(Shield::Input, true);
    ends.input_is(Asked);
    assert!(
        !ends.shields.is_up(Shield::Input),
        "not before the user said yes"
    );
    ends.answer(true);
    ends.input_is(Up);
    assert!(ends.shields.is_up(Shield::Input));
    assert!(!ends.shields.is_up(Shield::Screen), "what it cannot do");

    // the operator takes it down without a question, and the user with Escape
    ends.wish(Shield::Input, false);
    ends.input_is(Down);
    assert!(!ends.shields.is_up(Shield::Input));
    ends.wish(Shield::Input, true);
    ends.answer(true);
    ends.input_is(Up);
    assert!(ends.shields.lower(Shield::Input, Lowered::ByUser));
    ends.input_is(Refused);

    // a pause of the user's, too
    ends.wish(Shield::Input, true);
    ends.answer(true);
    ends.input_is(Up);
    ends.host.withhold(true);
    ends.input_is(Down);
    assert!(!ends.shields.is_up(Shield::Input));
    ends.wish(Shield::Input, true);
    ends.input_is(Refused);
    ends.host.withhold(false);

    // and so does the end, by the keys that the user presses then
    ends.wish(Shield::Input, true);
    ends.answer(true);
    ends.input_is(Up);
    assert!(ends.shields.lower(Shield::Input, Lowered::EndPressed));
    wait(&mut ends.console_events, |event| {
        matches!(event, Event::SessionEnded { .. }).then_some(())
    });
    let (blocked, free) = (
        "the user's keyboard and mouse are blocked",
        "the user's keyboard and mouse work again",
    );
    let pair = [blocked, free];
    assert_eq!(notes(&hub)[..6], [pair, pair, pair].concat());
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let sql = "SELECT count(*) FROM audit WHERE action = 'session.input_blocked'";
    let rows: u32 = database
        .query_row(sql, [], |row| row.get(0))
        .expect("a number");
    assert_eq!(rows, 4);
}

#[test]
fn s2_a_no_answers_for_a_while_and_who_may_only_see_blocks_nothing() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    ends.wish(Shield::Input, true);
    ends.answer(false);
    ends.input_is(Refused);
    ends.wish(Shield::Input, true);
    ends.input_is(Refused);
    let rights = Rights::SEE;
    ends.host
        .send(HostCommand::ReduceRights { rights })
        .expect("room");
    wait(&mut ends.console_events, |event| {
        matches!(event, Event::RightsChanged { .. }).then_some(())
    });
    ends.wish(Shield::Input, true);
    std::thread::sleep(Duration::from_millis(200));
    while let Some(event) = ends.host_events.try_next() {
        assert!(!matches!(event, HostEvent::ShieldAsked { .. }), "{event:?}");
    }
}

#[test]
fn h6_taken_rights_and_a_lost_hub_have_the_users_input_back() {
    let mut hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    ends.wish(Shield::Input, true);
    ends.answer(true);
    ends.input_is(Up);
    let rights = Rights::SEE;
    ends.host
        .send(HostCommand::ReduceRights { rights })
        .expect("room");
    eventually("without control", || !ends.shields.is_up(Shield::Input));
    ends.host.end_session();

    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    ends.wish(Shield::Input, true);
    ends.answer(true);
    ends.input_is(Up);
    hub.kill();
    eventually("without a line", || !ends.shields.is_up(Shield::Input));
}

#[test]
fn s2_while_the_operator_pauses_nothing_is_captured_and_the_user_knows_it() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    let press = |key| InputEvent::Key {
        key: HidKey(key),
        pressed: true,
        character: None,
    };
    ends.input.send(press(4));
    assert!(ends.log.wait_for_events(1, PATIENCE));
    ends.rest(true);
    ends.hears(|event| match event {
        HostEvent::Resting { by, .. } => by.len() == 1 && &*by[0] == "ANNA",
        _ => false,
    });
    assert!(ends.log.wait_until_released(PATIENCE));
    assert!(!ends.input.is_allowed());
    let done = ends.log.events();
    ends.input.send(press(5));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(ends.log.events(), done, "nothing is sent");
    ends.rest(false);
    ends.hears(|event| match event {
        HostEvent::Resting { by, .. } => by.is_empty(),
        _ => false,
    });
    ends.input.send(press(6));
    assert!(ends.log.wait_for_events(done.len() + 1, PATIENCE));
    ends.host.end_session();
    wait(&mut ends.console_events, |event| {
        matches!(event, Event::SessionEnded { .. }).then_some(())
    });
    assert_eq!(notes(&hub), ["ANNA has paused", "ANNA goes on"]);
}

#[test]
fn r4_an_operators_pause_outlives_the_hub() {
    let hub = TestHub::start();
    let mut ends = Ends::begin(&hub, &hub.address, Rights::SEE_AND_CONTROL);
    ends.rest(true);
    ends.hears(|event| matches!(event, HostEvent::Resting { by, .. } if by.len() == 1));
    let _hub = hub.kill_and_restart_in_place();
    wait(&mut ends.console_events, |event| {
        matches!(event, Event::SessionResumed { .. }).then_some(())
    });
    assert!(!ends.input.is_allowed(), "the operator does not look");
    ends.rest(false);
    ends.hears(|event| matches!(event, HostEvent::Resting { by, .. } if by.is_empty()));
    assert!(ends.input.is_allowed());
}
