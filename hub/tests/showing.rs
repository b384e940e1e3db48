//! Two operators and one screen, by their engines and the host's through the real hub (O10): the word is in no
//! file and no memory of the hub, keys arrive, and report, film and audit log name the colleague.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod engines;
mod support;

use std::sync::Arc;

use capture::synthetic::SyntheticScreen;
use codec::PixelSize;
use engines::{NoView, wait};
use host_engine::{
    Backends, ClipboardPlace, HostCommand, HostConfig, HostEngine, HostEvent, MemoryShields,
};
use operator_engine::{
    Command, Config, Event, Events, NotStarted, OperatorEngine, OperatorHandle, ShownScreen,
};
use protocol::{HidKey, Hindrance, Hindrances, InputEvent, PeerId, RefusalCode, Rights, Shield};
use serde_json::Value;
use support::{PASSWORD, PATIENCE, TestHub, run_hub, text};

const WORD: &str = "sunflower-field";

struct Desk {
    handle: OperatorHandle,
    events: Events,
    you: PeerId,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn of(hub: &TestHub, user: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            hub: hub.address.clone(),
            pin: hub.fingerprint.into(),
            routes: transport::Routes::with_tunnels_at(&[]),
            program: "test".to_owned(),
            keep: folder.path().join("keep"),
            clipboard: ClipboardPlace::none(),
        };
        let (handle, mut events) = OperatorEngine::start(config, Arc::new(|| {})).expect("threads");
        let log_in = Command::LogIn {
            user: user.to_owned(),
            password: PASSWORD.to_owned().into(),
            keep_trying: false,
        };
        handle.send(log_in).expect("room");
        let you = wait(&mut events, |event| match event {
            Event::LoggedIn { you, .. } => Some(you),
            _ => None,
        });
        Self {
            handle,
            events,
            you,
            _folder: folder,
        }
    }

    fn asks(&self, colleague: PeerId, name: &str) {
        let asked = Rights::SEE_AND_CONTROL;
        let view = Arc::new(NoView);
        let ask = Command::AskToSee {
            colleague,
            name: name.into(),
            asked,
            view,
        };
        self.handle.send(ask).expect("room");
    }

    fn types(&self, word: &str) {
        let give = Command::GiveWord {
            word: word.to_owned().into(),
            computer: ("DESK-2".into(), "Linux".into()),
        };
        self.handle.send(give).expect("room");
    }

    fn is_asked(&mut self) -> String {
        wait(&mut self.events, |event| match event {
            Event::ShowingAsked { name, .. } => Some(name.to_string()),
            _ => None,
        })
    }

    fn is_refused(&mut self) -> RefusalCode {
        wait(&mut self.events, |event| match event {
            Event::ShowingOver {
                why: NotStarted::Refused(refusal),
                ..
            } => Some(refusal.code),
            _ => None,
        })
    }
}

fn shown(hub: &TestHub, args: &[&str]) -> Value {
    let args = [args, &["--json", "--data", hub.data_text()]].concat();
    let shown = run_hub(&args, "");
    assert!(shown.status.success(), "{}", text(&shown));
    serde_json::from_slice(&shown.stdout).expect("JSON")
}

#[test]
fn o10_the_same_word_shows_a_screen_and_the_hub_never_learns_it() {
    let hub = TestHub::start();
    let (mut anna, mut bruno) = (Desk::of(&hub, "anna"), Desk::of(&hub, "bruno"));
    let names = shown(&hub, &["admin", "list-operators"]);
    let called = |login: &str| {
        let mut rows = names.as_array().expect("rows").iter();
        let row = rows.find(|row| row["name"] == login).expect("an account");
        row["display_name"].as_str().expect("a name").to_owned()
    };
    // another word
    anna.asks(bruno.you, &called("bruno"));
    assert_eq!(bruno.is_asked(), called("anna"));
    bruno.types(WORD);
    anna.types("another-word");
    assert_eq!(anna.is_refused(), RefusalCode::WORDS_DIFFER);
    assert_eq!(bruno.is_refused(), RefusalCode::WORDS_DIFFER);

    // the same word
    anna.asks(bruno.you, &called("bruno"));
    bruno.is_asked();
    anna.types(WORD);
    bruno.types(WORD);
    let screen: ShownScreen = wait(&mut bruno.events, |event| match event {
        Event::ShowScreen { shown, .. } => Some(*shown),
        _ => None,
    });
    assert!(screen.control);
    let (sink, log) = input::memory();
    let sink = std::sync::Mutex::new(Some(sink));
    let backends = Backends {
        screen: Arc::new(|| Ok(Box::new(SyntheticScreen::new(PixelSize::new(320, 200)).0))),
        input: Arc::new(move || {
            let sink = sink.lock().expect("no panic").take();
            Ok(Box::new(sink.unwrap_or_else(|| input::memory().0)))
        }),
        hindrances: Arc::new(|| Hindrances::NONE),
        clipboard: ClipboardPlace::none(),
        shields: Arc::new(MemoryShields::lacking(
            Shield::Screen,
            Hindrance::NO_BRIGHTNESS,
        )),
        monitors: Arc::new(Vec::new),
        keyboard: Arc::new(|| None),
        comes_back_within: std::time::Duration::ZERO,
    };
    let config = HostConfig {
        hub: hub.address.clone(),
        pin: hub.fingerprint.into(),
        routes: transport::Routes::with_tunnels_at(&[]),
        program: "test".to_owned(),
        computer: "DESK-2".into(),
        system: "Linux".into(),
    };
    let (host, host_events) =
        HostEngine::start(config, backends, Arc::new(|| {})).expect("threads");
    let take = HostCommand::TakePlace {
        admission: screen.admission,
        operator: screen.operator,
        pair: screen.pair,
    };
    host.send(take).expect("room");
    let session = loop {
        let event = host_events.next_within(PATIENCE).expect("in time");
        if let HostEvent::ConsentAsked { session, asked, .. } = event {
            assert_eq!(asked, Rights::SEE_AND_CONTROL);
            break session;
        }
    };
    let granted = Some(Rights::SEE_AND_CONTROL);
    host.send(HostCommand::AnswerConsent { session, granted })
        .expect("room");
    let input = wait(&mut anna.events, |event| match event {
        Event::SessionStarted { rights, input, .. } => {
            assert_eq!(rights, Rights::SEE_AND_CONTROL);
            Some(input)
        }
        _ => None,
    });
    input.send(InputEvent::Key {
        key: HidKey(4),
        pressed: true,
        character: None,
    });
    assert!(log.wait_for_events(1, PATIENCE), "the key arrives");
    // whoever shows it ends it
    host.end_session();
    let requester = wait(&mut anna.events, |event| match event {
        Event::SessionEnded { facts, .. } => facts.map(|facts| facts.requester.to_string()),
        _ => None,
    });
    assert_eq!(requester, called("bruno"));
    drop(host);

    let audit = shown(&hub, &["audit", "list"]);
    let rows = audit.as_array().expect("rows");
    let count = |action: &str| rows.iter().filter(|row| row["action"] == action).count();
    assert_eq!((count("screen.shown"), count("screen.not_shown")), (1, 1));
    for file in std::fs::read_dir(&hub.data).expect("a folder") {
        let Ok(bytes) = std::fs::read(file.expect("listed").path()) else {
            continue;
        };
        let found = bytes
            .windows(WORD.len())
            .any(|part| part == WORD.as_bytes());
        assert!(!found, "the hub has the word");
    }
}
