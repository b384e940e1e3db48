//! A hub that is played by the test, and the program around the engine that it serves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use codec::{Picture, Rect};
use operator_engine::{
    Command, Config, Event, Events, OperatorEngine, OperatorHandle, SessionView,
};
use protocol::limits::{MAX_CONTROL_FRAME_BYTES, MAX_INPUT_FRAME_BYTES};
use protocol::{
    ClientHello, Entry, EntryId, EntryKind, HubHello, HubToOperator, OperatorToHub, PointerUpdate,
    Rights, ScreenLayout, SessionId, StreamHeader, TicketRoute, VersionRange,
};
use session::{HostExchange, SessionKeys, TicketKey, TicketNumber};
use transport::{Connection, Endpoint, FramedReader, FramedWriter, HubAddress, HubIdentity};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const HOST: EntryId = EntryId(7);
pub(crate) const SESSION: SessionId = SessionId(3);

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
            pin: identity.fingerprint(),
            program: "test 1".to_owned(),
            keep: data.path().join("keep"),
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
        console
            .say(HubToOperator::LoggedIn {
                you: EntryId(1),
                display_name,
            })
            .await;
        operator.until(logged_in).await;
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

    /// The next message that is not the request for drafts.
    pub(crate) async fn hears_next(&mut self) -> OperatorToHub {
        loop {
            match self.hears().await {
                OperatorToHub::ListDrafts => {}
                message => return message,
            }
        }
    }

    pub(crate) async fn say(&mut self, message: HubToOperator) {
        self.writer.write(&message).await.expect("sent");
    }

    /// Makes a ticket and lets a host in with it; the host's key and the ticket's text.
    pub(crate) async fn host_comes(&mut self, operator: &mut Operator, attempt: u64) -> TicketKey {
        operator.send(Command::GenerateTicket);
        assert_eq!(self.hears_next().await, OperatorToHub::GenerateTicket);
        self.say(HubToOperator::TicketGenerated {
            route: route(),
            valid_seconds: 600,
        })
        .await;
        let spoken = operator
            .until(|event| match event {
                Event::TicketGenerated { spoken, .. } => Some(spoken.clone()),
                _ => None,
            })
            .await;
        let key = self.type_ticket(&spoken, attempt).await;
        operator
            .until(|event| match event {
                Event::TicketUsed { host: HOST, .. } => Some(()),
                _ => None,
            })
            .await;
        key
    }

    async fn type_ticket(&mut self, spoken: &str, attempt: u64) -> TicketKey {
        let ticket = TicketNumber::parse(spoken).expect("nine digits");
        let (host, half) = HostExchange::start(&ticket);
        let route = ticket.route();
        let (computer, user) = ("ANNA-PC".into(), "Anna".into());
        let exchange = half.into();
        self.say(HubToOperator::TicketOpened {
            route,
            attempt,
            computer,
            user,
            exchange,
        })
        .await;
        let OperatorToHub::AnswerTicket { exchange, .. } = self.hears_next().await else {
            panic!("no answer")
        };
        let (host, proof) = host.answer(&exchange).expect("well formed");
        let proof = proof.into();
        self.say(HubToOperator::TicketProof {
            route,
            attempt,
            proof,
        })
        .await;
        let OperatorToHub::JudgeTicket {
            proof: Some(proof), ..
        } = self.hears_next().await
        else {
            panic!("judged wrong")
        };
        let key = host.finish(&proof).expect("same secret");
        self.say(HubToOperator::EntryChanged { entry: row() }).await;
        self.say(HubToOperator::TicketSettled {
            route,
            attempt,
            host: HOST,
        })
        .await;
        key
    }

    /// Lets the session start that the operator asks for.
    pub(crate) async fn start_session(&mut self, key: &TicketKey) -> SessionKeys {
        let OperatorToHub::StartSession { nonce, .. } = self.hears_next().await else {
            panic!("no question")
        };
        self.say(HubToOperator::ConsentPending {
            session: SESSION,
            host: HOST,
        })
        .await;
        let rights = Rights::SEE_AND_CONTROL;
        let (session, host_nonce) = (SESSION, [9; 16]);
        let started = HubToOperator::SessionStarted {
            session,
            host: HOST,
            rights,
            nonce: host_nonce,
        };
        self.say(started).await;
        SessionKeys::derive(key, SESSION, nonce, host_nonce)
    }

    /// The console's two streams: acknowledgements and input.
    pub(crate) async fn streams(&self) -> (FramedReader, FramedReader) {
        let (mut acks, mut input) = (None, None);
        for _ in 0..2 {
            let stream = self.connection.accept_uni().await.expect("a stream");
            let mut reader = FramedReader::new(stream, MAX_INPUT_FRAME_BYTES);
            match reader.read().await.expect("parses").expect("a header") {
                StreamHeader::Viewer { session: SESSION } => acks = Some(reader),
                StreamHeader::Input { session: SESSION } => input = Some(reader),
                other => panic!("{other:?}"),
            }
        }
        (acks.expect("opened"), input.expect("opened"))
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

    fn show_picture(&self, picture: &Picture, _changed: &[Rect]) {
        *self.picture.lock().expect("whole") = Some(picture.clone());
    }

    fn show_pointer(&self, _pointer: PointerUpdate) {}
}

fn route() -> TicketRoute {
    TicketRoute::new(48_291).expect("five digits")
}

pub(crate) fn row() -> Entry {
    Entry {
        id: HOST,
        kind: EntryKind::User,
        name: "ANNA-PC".into(),
        person: "Anna".into(),
        system: "Linux".into(),
        ticket: Some(route()),
        in_session_with: None,
        since_unix_seconds: 0,
        yours: true,
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
