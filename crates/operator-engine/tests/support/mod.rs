//! A hub that is played by the test, and the program around the engine that it serves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use codec::{Picture, Rect};
use operator_engine::{
    Command, Config, Event, Events, OperatorEngine, OperatorHandle, SessionView,
};
use protocol::control::Admission;
use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{
    ClientHello, Entry, EntryKind, HostState, HubHello, HubToOperator, OperatorToHub, OperatorWord,
    PeerId, PointerUpdate, ResumeSecret, RunningSession, ScreenLayout, SessionId, VersionRange,
};
use transport::{Connection, Endpoint, FramedReader, FramedWriter, HubAddress, HubIdentity};

pub(crate) mod host;

pub(crate) use host::Host;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const CONSOLE: PeerId = PeerId([1; 16]);
pub(crate) const HOST: PeerId = PeerId([7; 16]);
pub(crate) const SESSION: SessionId = SessionId(3);
const SECRET: ResumeSecret = ResumeSecret([5; 32]);

/// A hub that does what the test says.
pub(crate) struct ScriptedHub {
    pub(crate) endpoint: Endpoint,
    pub(crate) config: Config,
    _data: tempfile::TempDir,
}

impl ScriptedHub {
    pub(crate) fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let identity = HubIdentity::open_or_create(data.path()).expect("writable");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = transport::server::bind(any, &identity).expect("a free port");
        let port = endpoint.local_addr().expect("bound").port();
        let config = Config {
            hub: HubAddress {
                host: "127.0.0.1".to_owned(),
                port,
            },
            pin: identity.fingerprint().into(),
            routes: Default::default(),
            program: "test 1".to_owned(),
            keep: data.path().join("keep"),
            clipboard: operator_engine::ClipboardPlace::none(),
        };
        Self {
            endpoint,
            config,
            _data: data,
        }
    }

    /// Takes one console in, up to and without its `LogIn`.
    pub(crate) async fn accept(&self) -> Console {
        let incoming = self.endpoint.accept().await.expect("open");
        let connection = incoming.await.expect("handshake");
        transport::server::welcome(&connection);
        let (send, recv) = connection.accept_bi().await.expect("control stream");
        let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
        let hello: ClientHello = reader.read().await.expect("parses").expect("a hello");
        assert_eq!(hello.role, protocol::Role::Operator);
        let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
        let version = VersionRange::OURS.newest;
        writer
            .write(&HubHello::Welcome {
                version,
                hub: "test".into(),
            })
            .await
            .expect("sent");
        Console {
            connection,
            reader,
            writer,
        }
    }

    /// Takes one console in and lets it log in.
    pub(crate) async fn accept_logged_in(&self, operator: &mut Operator) -> Console {
        let mut console = self.accept().await;
        let message = console.hears().await;
        assert!(
            matches!(message, OperatorToHub::LogIn { .. }),
            "{message:?}"
        );
        let display_name = "Otto".into();
        let admission = Admission {
            you: CONSOLE,
            secret: SECRET,
            kept_seconds: 60,
        };
        console
            .say(HubToOperator::LoggedIn {
                admission,
                display_name,
            })
            .await;
        operator.until(logged_in).await;
        console
    }

    /// Takes a console that was away back in, with all of `running` and the list.
    pub(crate) async fn accept_resumed(&self, running: Vec<RunningSession>) -> Console {
        let mut console = self.accept().await;
        let (you, secret) = (CONSOLE, SECRET);
        let resume = OperatorToHub::Resume { you, secret };
        assert_eq!(console.hears().await, resume);
        let ended = Vec::new();
        console.say(HubToOperator::Resumed { running, ended }).await;
        let entries = vec![row()];
        console.say(HubToOperator::Entries { entries }).await;
        console
    }
}

/// The hub's end of one console's connection.
pub(crate) struct Console {
    pub(crate) connection: Connection,
    reader: FramedReader,
    writer: FramedWriter,
}

impl Console {
    pub(crate) async fn hears(&mut self) -> OperatorToHub {
        let message = tokio::time::timeout(PATIENCE, self.reader.read())
            .await
            .expect("in time");
        message.expect("parses").expect("a message")
    }

    /// The next message that is none of the questions after a log-in.
    pub(crate) async fn hears_next(&mut self) -> OperatorToHub {
        loop {
            match self.hears().await {
                OperatorToHub::ListDrafts
                | OperatorToHub::ListReportForms
                | OperatorToHub::ListSleeping => {}
                message => return message,
            }
        }
    }

    /// The next word to `host`, as the host understands it.
    pub(crate) async fn hears_word(&mut self, host: &mut Host) -> OperatorWord {
        let OperatorToHub::Say { to, word } = self.hears_next().await else {
            panic!("no word")
        };
        assert_eq!(to, host.id);
        host.hear(&word)
    }

    pub(crate) async fn say(&mut self, message: HubToOperator) {
        self.writer.write(&message).await.expect("sent");
    }

    /// Lets the console greet `host`, which answers with `state`.
    pub(crate) async fn greet(&mut self, host: &mut Host, state: &HostState) {
        let OperatorToHub::Greet { to, greeting } = self.hears_next().await else {
            panic!("no greeting")
        };
        assert_eq!(to, host.id);
        let greeting = host.answer(CONSOLE, &greeting, state);
        let from = host.id;
        self.say(HubToOperator::Greeted { from, greeting }).await;
    }

    /// Cuts the connection as a hub does that starts anew.
    pub(crate) fn cut(self) {
        let refusal = protocol::RefusalCode::SHUTTING_DOWN.into();
        transport::close::close_refused(&self.connection, refusal);
    }
}

/// The program around the engine.
pub(crate) struct Operator {
    pub(crate) handle: OperatorHandle,
    events: Events,
    pub(crate) woken: Receiver<()>,
}

impl Operator {
    pub(crate) fn start(config: &Config) -> Self {
        let (wake, woken): (SyncSender<()>, _) = sync_channel(1);
        let wake = Arc::new(move || {
            if wake.try_send(()).is_err() {
                // a wake is on its way already
            }
        });
        let (handle, events) = OperatorEngine::start(config.clone(), wake).expect("started");
        Self {
            handle,
            events,
            woken,
        }
    }

    pub(crate) fn log_in(config: &Config) -> Self {
        let operator = Self::start(config);
        operator.send(Command::LogIn {
            user: "otto".to_owned(),
            password: "secret".to_owned().into(),
            keep_trying: false,
        });
        operator
    }

    pub(crate) fn send(&self, command: Command) {
        self.handle.send(command).expect("taken");
    }

    /// What `pick` finds in the first event that it takes.
    pub(crate) async fn until<T>(&mut self, pick: impl Fn(&Event) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            while let Some(event) = self.events.take_next() {
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
            assert!(start.elapsed() < PATIENCE, "the event did not come");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Keeps what it is shown last.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) picture: Mutex<Option<Picture>>,
    pub(crate) layouts: Mutex<Vec<ScreenLayout>>,
}

impl SessionView for Shown {
    fn show_layout(&self, layout: &ScreenLayout) {
        self.layouts.lock().expect("whole").push(layout.clone());
    }

    fn show_picture(&self, picture: &Picture, _changed: &[Rect], _seq: u64) {
        *self.picture.lock().expect("whole") = Some(picture.clone());
    }

    fn show_pointer(&self, _pointer: PointerUpdate) {}
}

pub(crate) fn row() -> Entry {
    row_of(HOST)
}

pub(crate) fn row_of(id: PeerId) -> Entry {
    Entry {
        id,
        kind: EntryKind::User,
        name: "ANNA-PC".into(),
        person: "Anna".into(),
        system: "Linux".into(),
        ticket: None,
        in_session_with: None,
        since_unix_seconds: 0,
        yours: true,
        present: true,
    }
}

pub(crate) fn logged_in(event: &Event) -> Option<()> {
    matches!(event, Event::LoggedIn { .. }).then_some(())
}

/// What a picture is of that stands alone.
pub(crate) fn layout() -> ScreenLayout {
    ScreenLayout {
        monitors: Vec::new(),
        shared: None,
        width: 1,
        height: 1,
        percent: 100,
    }
}
