//! A host and a console by their own engines, with a painted screen and a remembered keyboard, in a session
//! through a real hub.

#![expect(dead_code, reason = "each program uses a part of this")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use capture::synthetic::SyntheticScreen;
use codec::{Picture, PixelSize, Rect};
use host_engine::{
    Backends, ClipboardPlace, HostCommand, HostConfig, HostEngine, HostEvent, HostEvents,
    HostHandle, MemoryShields,
};
use input::{MemoryLog, MemorySink};
use operator_engine::{
    Command, Config, Event, Events, InputSender, OperatorEngine, OperatorHandle, SessionView,
    TicketNumber,
};
use protocol::{
    Hindrance, Hindrances, PeerId, PointerUpdate, Rights, ScreenLayout, SessionId, Shield,
};
use transport::HubAddress;

use crate::support::{PASSWORD, PATIENCE, TestHub};

const SCREEN: PixelSize = PixelSize::new(320, 200);

pub(crate) struct NoView;

impl SessionView for NoView {
    fn show_layout(&self, _layout: &ScreenLayout) {}
    fn show_picture(&self, _picture: &Picture, _changed: &[Rect], _seq: u64) {}
    fn show_pointer(&self, _pointer: PointerUpdate) {}
}

/// Both ends of a session.
pub(crate) struct Ends {
    pub(crate) host: HostHandle,
    pub(crate) host_events: HostEvents,
    pub(crate) console: OperatorHandle,
    pub(crate) console_events: Events,
    pub(crate) session: SessionId,
    pub(crate) operator: PeerId,
    pub(crate) input: InputSender,
    /// What the host's keyboard was told.
    pub(crate) log: MemoryLog,
    /// Of a host that has no brightness to change.
    pub(crate) shields: MemoryShields,
    /// Files of the other end land in `at host` and `at console` in there.
    pub(crate) folder: tempfile::TempDir,
}

impl Ends {
    /// The host comes to the hub by `address`.
    pub(crate) fn begin(hub: &TestHub, address: &HubAddress, granted: Rights) -> Self {
        let none = ClipboardPlace::none();
        Self::begin_with(hub, address, granted, (none.clone(), none))
    }

    /// As [`Self::begin`], with the clipboards of host and console.
    pub(crate) fn begin_with(
        hub: &TestHub,
        address: &HubAddress,
        granted: Rights,
        clipboards: (ClipboardPlace, ClipboardPlace),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            hub: hub.address.clone(),
            pin: hub.fingerprint.into(),
            routes: transport::Routes::with_tunnels_at(&[]),
            program: "test".to_owned(),
            keep: folder.path().join("keep"),
            clipboard: clipboards.1,
        };
        let wake: operator_engine::Wake = Arc::new(|| {});
        let (console, mut console_events) = OperatorEngine::start(config, wake).expect("threads");
        let (screen, painter) = SyntheticScreen::new(SCREEN);
        drop(painter);
        let screens = Arc::new(Mutex::new(vec![screen]));
        let (sink, log) = input::memory();
        let sinks: Arc<Mutex<Vec<MemorySink>>> = Arc::new(Mutex::new(vec![sink]));
        let shields = MemoryShields::lacking(Shield::Screen, Hindrance::NO_BRIGHTNESS);
        let backends = Backends {
            screen: Arc::new(move || {
                let screen = screens.lock().expect("no panic").pop();
                let screen = screen.unwrap_or_else(|| SyntheticScreen::new(SCREEN).0);
                Ok(Box::new(screen))
            }),
            input: Arc::new(move || {
                let sink = sinks.lock().expect("no panic").pop();
                Ok(Box::new(sink.unwrap_or_else(|| input::memory().0)))
            }),
            hindrances: Arc::new(|| Hindrances::NONE),
            clipboard: clipboards.0,
            shields: Arc::new(shields.clone()),
            monitors: Arc::new(Vec::new),
            keyboard: Arc::new(|| None),
            comes_back_within: Duration::ZERO,
        };
        let config = HostConfig {
            hub: address.clone(),
            pin: hub.fingerprint.into(),
            routes: transport::Routes::with_tunnels_at(&[]),
            program: "test".to_owned(),
            computer: "pc".into(),
            system: "Test".into(),
        };
        let (host, host_events) =
            HostEngine::start(config, backends, Arc::new(|| {})).expect("threads");
        let into = |name: &str| Some(folder.path().join(name));
        let folder_of_host = into("at host");
        host.send(HostCommand::ReceiveInto {
            folder: folder_of_host,
        })
        .expect("room");
        let send = |command| console.send(command).expect("room");
        send(Command::ReceiveInto {
            folder: into("at console"),
        });
        send(Command::LogIn {
            user: "anna".to_owned(),
            password: PASSWORD.to_owned().into(),
            keep_trying: false,
        });
        let operator = wait(&mut console_events, |event| match event {
            Event::LoggedIn { you, .. } => Some(you),
            _ => None,
        });
        send(Command::GenerateTicket);
        let ticket = wait(&mut console_events, |event| match event {
            Event::TicketGenerated { spoken, .. } => Some(spoken),
            _ => None,
        });
        let ticket = TicketNumber::parse(&ticket).expect("a ticket");
        let user = "Rosa".into();
        host.send(HostCommand::OpenTicket { ticket, user })
            .expect("room");
        let place = wait(&mut console_events, |event| match event {
            Event::TicketUsed { host, .. } => Some(host),
            _ => None,
        });
        send(Command::StartSession {
            host: place,
            asked: Rights::KNOWN,
            view: Arc::new(NoView),
        });
        let session = loop {
            let event = host_events.next_within(PATIENCE).expect("in time");
            if let HostEvent::ConsentAsked { session, .. } = event {
                break session;
            }
        };
        host.send(HostCommand::AnswerConsent {
            session,
            granted: Some(granted),
        })
        .expect("room");
        let input = wait(&mut console_events, |event| match event {
            Event::SessionStarted { rights, input, .. } => (rights == granted).then_some(input),
            _ => None,
        });
        Self {
            host,
            host_events,
            console,
            console_events,
            session,
            operator,
            input,
            log,
            shields,
            folder,
        }
    }
}

pub(crate) fn wait<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match events.take_next().map(&mut wanted) {
            Some(Some(found)) => return found,
            Some(None) => {}
            None => std::thread::sleep(Duration::from_millis(5)),
        }
        assert!(Instant::now() < end, "not in time");
    }
}
