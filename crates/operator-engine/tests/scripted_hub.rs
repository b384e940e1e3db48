//! The engine against a hub that is played by the test, over real sockets.
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one thing and fails at any other"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize, Rect};
use operator_engine::{
    Command, Config, Event, Events, LogInProblem, NotStarted, OperatorEngine, OperatorHandle,
    SessionView,
};
use protocol::limits::{MAX_CONTROL_FRAME_BYTES, MAX_INPUT_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES};
use protocol::{
    ClientHello, ColourDepth, Entry, EntryId, EntryKind, HidKey, HubHello, HubToOperator,
    InputEvent, OperatorToHub, Outcome, PointerUpdate, RefusalCode, ReportDraft, ReportId, Rights,
    ScreenFrame, ScreenLayout, SessionId, StreamHeader, TicketRoute, VersionRange, ViewWish,
    ViewerMessage, wire,
};
use session::{HostExchange, SessionKeys, TicketKey, TicketNumber};
use transport::{Connection, Endpoint, FramedReader, FramedWriter, HubAddress, HubIdentity};

const PATIENCE: Duration = Duration::from_secs(10);
const HOST: EntryId = EntryId(7);
const SESSION: SessionId = SessionId(3);

/// A hub that does what the test says.
struct ScriptedHub {
    endpoint: Endpoint,
    config: Config,
    _data: tempfile::TempDir,
}

impl ScriptedHub {
    fn start() -> Self {
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
    async fn accept(&self) -> Console {
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
    async fn accept_logged_in(&self, operator: &mut Operator) -> Console {
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
struct Console {
    connection: Connection,
    reader: FramedReader,
    writer: FramedWriter,
}

impl Console {
    async fn hears(&mut self) -> OperatorToHub {
        let message = tokio::time::timeout(PATIENCE, self.reader.read())
            .await
            .expect("in time");
        message.expect("parses").expect("a message")
    }

    /// The next message that is not the request for drafts.
    async fn hears_next(&mut self) -> OperatorToHub {
        loop {
            match self.hears().await {
                OperatorToHub::ListDrafts => {}
                message => return message,
            }
        }
    }

    async fn say(&mut self, message: HubToOperator) {
        self.writer.write(&message).await.expect("sent");
    }

    /// Makes a ticket and lets a host in with it; the host's key and the ticket's text.
    async fn host_comes(&mut self, operator: &mut Operator, attempt: u64) -> TicketKey {
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
    async fn start_session(&mut self, key: &TicketKey) -> SessionKeys {
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
    async fn streams(&self) -> (FramedReader, FramedReader) {
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
struct Operator {
    handle: OperatorHandle,
    events: Events,
    woken: Receiver<()>,
}

impl Operator {
    fn start(config: &Config) -> Self {
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

    fn log_in(config: &Config) -> Self {
        let operator = Self::start(config);
        operator.send(Command::LogIn {
            user: "otto".to_owned(),
            password: "secret".to_owned().into(),
            keep_trying: false,
        });
        operator
    }

    fn send(&self, command: Command) {
        self.handle.send(command).expect("taken");
    }

    /// What `pick` finds in the first event that it takes.
    async fn until<T>(&mut self, pick: impl Fn(&Event) -> Option<T>) -> T {
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
struct Shown {
    picture: Mutex<Option<Picture>>,
    layouts: Mutex<Vec<ScreenLayout>>,
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

fn row() -> Entry {
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

fn ask() -> Command {
    Command::StartSession {
        host: HOST,
        asked: Rights::SEE_AND_CONTROL,
        view: Arc::<Shown>::default(),
    }
}

fn logged_in(event: &Event) -> Option<()> {
    matches!(event, Event::LoggedIn { .. }).then_some(())
}

#[tokio::test]
async fn o5_a_wrong_password_is_told_and_not_tried_again() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept().await;
    console.hears().await;
    let refusal = RefusalCode::WRONG_CREDENTIALS.into();
    console.say(HubToOperator::LogInRefused { refusal }).await;
    let why = operator
        .until(|event| match event {
            Event::LogInFailed(LogInProblem::Refused(refusal)) => Some(*refusal),
            _ => None,
        })
        .await;
    assert_eq!(why, refusal);
    let again = tokio::time::timeout(Duration::from_millis(800), hub.accept()).await;
    assert!(again.is_err());
}

#[tokio::test]
async fn s1_keys_reach_the_host_sealed_and_in_order() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let key = console.host_comes(&mut operator, 1).await;
    operator.send(ask());
    let keys = console.start_session(&key).await;
    let input = operator
        .until(|event| match event {
            Event::SessionStarted { input, .. } => Some(input.clone()),
            _ => None,
        })
        .await;
    let sent: Vec<InputEvent> = (4..40)
        .map(|key| InputEvent::Key {
            key: HidKey(key),
            pressed: true,
            character: None,
        })
        .collect();
    for event in &sent {
        input.send(event.clone());
    }
    let (_acks, mut stream) = console.streams().await;
    let mut opener = keys.opener_at_host();
    for event in &sent {
        let body = stream.read_body().await.expect("whole").expect("an event");
        let opened = opener.open(&body).expect("opens");
        assert_eq!(&wire::decode::<InputEvent>(&opened).expect("parses"), event);
    }
}

#[tokio::test]
async fn s1_a_picture_is_acknowledged_once_it_is_shown_exactly() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let key = console.host_comes(&mut operator, 1).await;
    let view = Arc::<Shown>::default();
    operator.send(Command::StartSession {
        host: HOST,
        asked: Rights::SEE_AND_CONTROL,
        view: Arc::<Shown>::clone(&view),
    });
    console.start_session(&key).await;
    let screen = console.connection.open_uni().await.expect("room");
    let mut screen = FramedWriter::new(screen, MAX_SCREEN_FRAME_BYTES);
    screen
        .write(&StreamHeader::Screen { session: SESSION })
        .await
        .expect("sent");
    let (mut acks, _input) = console.streams().await;
    let mut encoder = Encoder::new(Level::Lossless);
    let mut picture = Picture::new(PixelSize::new(320, 200));
    for seq in 1..6_u32 {
        for (at, pixel) in (0..).zip(picture.pixels_mut()) {
            *pixel = (at * seq) & 0x00ff_ffff;
        }
        let time = Duration::from_millis(u64::from(seq) * 20);
        let update = encoder.encode(&picture, DamageHint::Everything, time, Line::WIDE);
        let update = update.expect("something changed");
        let frame = ScreenFrame {
            seq: seq.into(),
            captured_at_micros: 0,
            layout: update.is_reset.then(layout),
            payload: update.bytes.into(),
        };
        screen.write(&frame).await.expect("sent");
        let ack = acks.read().await.expect("parses");
        let expected = u64::from(seq);
        assert!(
            matches!(ack, Some(ViewerMessage::Shown { seq, held_micros }) if seq == expected && held_micros > 0),
            "{ack:?}"
        );
        let shown = view.picture.lock().expect("whole").clone();
        assert!(shown.as_ref() == Some(&picture), "update {seq}");
    }
    assert_eq!(*view.layouts.lock().expect("whole"), [layout()]);
}

#[tokio::test]
async fn s2_the_newest_wish_reaches_the_host_and_no_older_one_after_it() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let key = console.host_comes(&mut operator, 1).await;
    operator.send(ask());
    console.start_session(&key).await;
    let wishes = operator
        .until(|event| match event {
            Event::SessionStarted { wishes, .. } => Some(wishes.clone()),
            _ => None,
        })
        .await;
    let (mut viewer, _input) = console.streams().await;
    let wish = |percent| ViewWish {
        depth: ColourDepth::Grey,
        percent,
        monitor: Some(3),
    };
    for percent in 10..=90 {
        wishes.send(wish(percent));
    }
    let mut last = 0;
    while last != 90 {
        let message = tokio::time::timeout(PATIENCE, viewer.read()).await;
        let Some(ViewerMessage::Wish(got)) = message.expect("in time").expect("parses") else {
            panic!("no wish")
        };
        assert!(got.percent > last, "{} after {last}", got.percent);
        assert_eq!(got, wish(got.percent));
        last = got.percent;
    }
    let more = tokio::time::timeout(Duration::from_millis(200), viewer.read::<ViewerMessage>());
    assert!(more.await.is_err(), "a wish is told once");
}

#[tokio::test]
async fn s4_an_update_that_cannot_be_read_asks_for_a_new_start_once() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let key = console.host_comes(&mut operator, 1).await;
    operator.send(ask());
    console.start_session(&key).await;
    let screen = console.connection.open_uni().await.expect("room");
    let mut screen = FramedWriter::new(screen, MAX_SCREEN_FRAME_BYTES);
    screen
        .write(&StreamHeader::Screen { session: SESSION })
        .await
        .expect("sent");
    for seq in 1..4 {
        let payload = vec![0xee; 100].into();
        let frame = ScreenFrame {
            seq,
            captured_at_micros: 0,
            layout: (seq == 1).then(layout),
            payload,
        };
        screen.write(&frame).await.expect("sent");
    }
    let (mut acks, _input) = console.streams().await;
    assert_eq!(
        acks.read().await.expect("parses"),
        Some(ViewerMessage::NeedReset)
    );
    let more = tokio::time::timeout(Duration::from_millis(300), acks.read::<ViewerMessage>()).await;
    assert!(more.is_err());
}

#[tokio::test]
async fn a_session_whose_pictures_are_never_readable_ends() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let key = console.host_comes(&mut operator, 1).await;
    operator.send(ask());
    console.start_session(&key).await;
    let screen = console.connection.open_uni().await.expect("room");
    let mut screen = FramedWriter::new(screen, MAX_SCREEN_FRAME_BYTES);
    screen
        .write(&StreamHeader::Screen { session: SESSION })
        .await
        .expect("sent");
    for seq in 1..20 {
        let payload = vec![0xee; 100].into();
        let frame = ScreenFrame {
            seq,
            captured_at_micros: 0,
            layout: Some(layout()),
            payload,
        };
        screen.write(&frame).await.expect("sent");
    }
    let end = OperatorToHub::EndSession { session: SESSION };
    assert_eq!(console.hears_next().await, end);
}

#[tokio::test]
async fn h1_a_console_that_comes_back_serves_its_tickets_and_its_hosts() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let key = console.host_comes(&mut operator, 1).await;
    let kept = |path: &Path| std::fs::read_to_string(path.join("tickets.json")).unwrap_or_default();
    // as long as a disk takes; then the console is gone without a word
    let start = Instant::now();
    while !kept(&hub.config.keep).contains("\"host\":7") {
        assert!(start.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop((operator, console));

    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    console
        .say(HubToOperator::Entries {
            entries: vec![row()],
        })
        .await;
    operator.send(ask());
    let keys = console.start_session(&key).await;
    let input = operator
        .until(|event| match event {
            Event::SessionStarted { input, .. } => Some(input.clone()),
            _ => None,
        })
        .await;
    input.send(InputEvent::ReleaseAll);
    let (_acks, mut stream) = console.streams().await;
    let body = stream.read_body().await.expect("whole").expect("an event");
    assert!(keys.opener_at_host().open(&body).is_ok());
}

#[tokio::test]
async fn a_host_of_another_console_is_not_asked() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    console
        .say(HubToOperator::Entries {
            entries: vec![row()],
        })
        .await;
    operator.send(ask());
    let why = operator
        .until(|event| match event {
            Event::SessionRefused { why, .. } => Some(*why),
            _ => None,
        })
        .await;
    assert_eq!(why, NotStarted::NoKey);
}

#[tokio::test]
async fn r4_a_lost_connection_comes_back_by_itself() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    console
        .say(HubToOperator::Entries {
            entries: vec![row()],
        })
        .await;
    let refusal = RefusalCode::SHUTTING_DOWN.into();
    transport::close::close_refused(&console.connection, refusal);
    operator
        .until(|event| matches!(event, Event::ConnectionLost { .. }).then_some(()))
        .await;
    let _console = hub.accept_logged_in(&mut operator).await;
    assert!(operator.woken.try_recv().is_ok());
}

#[tokio::test]
async fn d1_a_report_typed_out_of_reach_is_sent_at_the_next_start() {
    let hub = ScriptedHub::start();
    let report = ReportId(12);
    let draft = ReportDraft {
        problem: "no sound".into(),
        ..ReportDraft::default()
    };
    {
        let mut operator = Operator::log_in(&hub.config);
        let console = hub.accept_logged_in(&mut operator).await;
        // the hub is gone without an answer
        transport::close::close(&console.connection);
        let save = Command::SaveReport {
            report,
            draft: draft.clone(),
            finished: true,
        };
        operator.send(save);
        tokio::task::spawn_blocking(|| operator.handle.shut_down())
            .await
            .expect("ended");
    }
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let expected = OperatorToHub::SaveReport {
        report,
        draft,
        finished: true,
    };
    assert_eq!(console.hears_next().await, expected);
    let outcome = Outcome::Done;
    console
        .say(HubToOperator::ReportSaved {
            report,
            finished: true,
            outcome,
        })
        .await;
    let rescued = operator
        .until(|event| match event {
            Event::ReportRescued { report } => Some(*report),
            _ => None,
        })
        .await;
    assert_eq!(rescued, report);
}

/// What a picture is of that stands alone.
fn layout() -> ScreenLayout {
    ScreenLayout {
        monitors: Vec::new(),
        shared: None,
        width: 1,
        height: 1,
        percent: 100,
    }
}
