//! A hub and a console in one, as a test wants them: they speak the real protocol over real QUIC with
//! the real cryptography, and break the rules where a test says so.

#![expect(clippy::panic, reason = "a test that hears something else has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use capture::synthetic::{SyntheticPainter, SyntheticScreen};
use codec::{Decoder, PixelSize};
use host_engine::{
    Backends, HostCommand, HostConfig, HostEngine, HostEvent, HostEvents, HostHandle,
};
use input::{MemoryLog, MemorySink};
use protocol::limits::{MAX_CONTROL_FRAME_BYTES, MAX_HEADER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES};
use protocol::{
    ClientHello, HostToHub, HubHello, HubToHost, InputEvent, Rights, ScreenFrame, SessionId,
    StreamHeader, VersionRange, ViewerMessage, wire,
};
use session::{OperatorExchange, Sealer, SessionKeys, TicketKey, TicketNumber};
use transport::{Connection, Endpoint, Fingerprint, FramedReader, FramedWriter, HubIdentity};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const SESSION: SessionId = SessionId(41);
pub(crate) const SCREEN: PixelSize = PixelSize::new(640, 400);

const OPERATOR_NONCE: [u8; 16] = [9; 16];

pub(crate) fn ticket() -> TicketNumber {
    TicketNumber::parse("482 913 057").expect("nine digits")
}

/// The engine under test, with a painted screen and a remembered keyboard.
pub(crate) struct Host {
    pub(crate) handle: HostHandle,
    pub(crate) events: HostEvents,
    pub(crate) painter: SyntheticPainter,
    pub(crate) log: MemoryLog,
    /// The screen until the engine opens it.
    pub(crate) screen: Arc<std::sync::Mutex<Option<SyntheticScreen>>>,
    pub(crate) sink: Arc<std::sync::Mutex<Option<MemorySink>>>,
}

impl Host {
    pub(crate) fn start(address: std::net::SocketAddr, pin: Fingerprint) -> Self {
        let (screen, painter) = SyntheticScreen::new(SCREEN);
        let (sink, log) = input::memory();
        let screen = Arc::new(std::sync::Mutex::new(Some(screen)));
        let sink = Arc::new(std::sync::Mutex::new(Some(sink)));
        let (screens, sinks) = (Arc::clone(&screen), Arc::clone(&sink));
        let backends = Backends {
            screen: Arc::new(move || {
                let screen = screens.lock().expect("no panic").take();
                Ok(Box::new(screen.expect("opened once")))
            }),
            input: Arc::new(move || {
                let sink = sinks.lock().expect("no panic").take();
                Ok(Box::new(sink.expect("opened once")))
            }),
        };
        let config = HostConfig {
            hub: address.to_string().parse().expect("an address"),
            pin,
            program: "test".to_owned(),
            computer: "pc".into(),
            system: "Test".into(),
        };
        let wake = Arc::new(|| {});
        let (handle, events) = HostEngine::start(config, backends, wake).expect("a thread");
        Self {
            handle,
            events,
            painter,
            log,
            screen,
            sink,
        }
    }

    pub(crate) fn open_ticket(&self) {
        let user = "Anna".into();
        let command = HostCommand::OpenTicket {
            ticket: ticket(),
            user,
        };
        self.handle.send(command).expect("room");
    }

    pub(crate) fn answer(&self, granted: Option<Rights>) {
        let command = HostCommand::AnswerConsent {
            session: SESSION,
            granted,
        };
        self.handle.send(command).expect("room");
    }

    /// The next event that `wanted` makes something of; others are skipped.
    pub(crate) fn wait_for<T>(&self, mut wanted: impl FnMut(HostEvent) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let event = self.events.next_within(left).expect("an event in time");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    /// Whether the engine has not opened the screen, nor keyboard and pointer.
    pub(crate) fn untouched(&self) -> bool {
        self.screen.lock().expect("no panic").is_some()
            && self.sink.lock().expect("no panic").is_some()
    }
}

/// A hub that listens.
pub(crate) struct FakeHub {
    endpoint: Endpoint,
    _folder: tempfile::TempDir,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) pin: Fingerprint,
}

impl FakeHub {
    pub(crate) fn listen() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = HubIdentity::open_or_create(folder.path()).expect("a key");
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = transport::server::bind(any, &identity).expect("a port");
        Self {
            address: endpoint.local_addr().expect("bound"),
            pin: identity.fingerprint(),
            endpoint,
            _folder: folder,
        }
    }

    /// Whether the next host believes this hub.
    pub(crate) async fn is_believed(&self) -> bool {
        let incoming = self.endpoint.accept().await.expect("listens");
        incoming.await.is_ok()
    }

    /// Takes the next host and greets it.
    pub(crate) async fn accept(&self) -> Desk {
        let incoming = self.endpoint.accept().await.expect("listens");
        let connection = incoming.await.expect("a handshake");
        let (send, receive) = connection.accept_bi().await.expect("a stream");
        let mut desk = Desk {
            reader: FramedReader::new(receive, MAX_CONTROL_FRAME_BYTES),
            writer: FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES),
            connection,
        };
        let _hello: ClientHello = desk.reader.read().await.expect("reads").expect("there");
        let welcome = HubHello::Welcome {
            version: VersionRange::OURS.newest,
            hub: "fake".into(),
        };
        desk.writer.write(&welcome).await.expect("written");
        desk
    }
}

/// The hub's end of one host's connection.
pub(crate) struct Desk {
    pub(crate) connection: Connection,
    pub(crate) reader: FramedReader,
    pub(crate) writer: FramedWriter,
}

impl Desk {
    pub(crate) async fn say(&mut self, message: HubToHost) {
        self.writer.write(&message).await.expect("written");
    }

    pub(crate) async fn hear(&mut self) -> HostToHub {
        let heard = tokio::time::timeout(PATIENCE, self.reader.read());
        heard
            .await
            .expect("in time")
            .expect("reads")
            .expect("there")
    }

    /// The whole exchange over the ticket, as an honest console does it.
    pub(crate) async fn admit(&mut self) -> TicketKey {
        let (key, proof) = self.until_proof().await;
        self.say(HubToHost::TicketAccepted {
            proof: proof.into(),
        })
        .await;
        key
    }

    /// The exchange up to the host's proof; gives the console's proof.
    pub(crate) async fn until_proof(&mut self) -> (TicketKey, Vec<u8>) {
        let HostToHub::OpenTicket { exchange, .. } = self.hear().await else {
            panic!("a ticket");
        };
        let (console, half) = OperatorExchange::answer(&ticket(), &exchange).expect("well formed");
        self.say(HubToHost::TicketAnswered {
            operator: "Marco".into(),
            exchange: half.into(),
        })
        .await;
        let HostToHub::ConfirmTicket { proof } = self.hear().await else {
            panic!("a proof");
        };
        console.judge(&proof).expect("same secret")
    }

    pub(crate) async fn ask(&mut self, asked: Rights) {
        self.say(HubToHost::ConsentAsked {
            session: SESSION,
            operator: "Marco".into(),
            asked,
            nonce: OPERATOR_NONCE,
        })
        .await;
    }

    /// The host's answer.
    pub(crate) async fn answer(&mut self) -> (Option<Rights>, [u8; 16]) {
        let HostToHub::AnswerConsent { granted, nonce, .. } = self.hear().await else {
            panic!("an answer");
        };
        (granted, nonce)
    }

    /// Starts the session with what was granted, and opens the operator's streams.
    pub(crate) async fn begin(&mut self, key: &TicketKey, rights: Rights, nonce: [u8; 16]) -> Seat {
        self.say(HubToHost::SessionStarted {
            session: SESSION,
            rights,
        })
        .await;
        let keys = SessionKeys::derive(key, SESSION, OPERATOR_NONCE, nonce);
        let input = self.open(StreamHeader::Input { session: SESSION }).await;
        let acks = self.open(StreamHeader::Viewer { session: SESSION }).await;
        let mut screen = None;
        let mut pointer = None;
        while screen.is_none() || pointer.is_none() {
            let stream = tokio::time::timeout(PATIENCE, self.connection.accept_uni());
            let stream = stream.await.expect("in time").expect("a stream");
            let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
            let header: StreamHeader = reader.read().await.expect("reads").expect("there");
            reader.set_limit(MAX_SCREEN_FRAME_BYTES);
            match header {
                StreamHeader::Screen { .. } => screen = Some(reader),
                StreamHeader::Pointer { .. } => pointer = Some(reader),
                StreamHeader::Input { .. } | StreamHeader::Viewer { .. } => panic!("{header:?}"),
            }
        }
        Seat {
            sealer: keys.sealer_to_host(),
            input,
            acks,
            screen: screen.expect("opened"),
            pointer: pointer.expect("opened"),
            decoder: Decoder::new(),
            last_seq: 0,
        }
    }

    async fn open(&self, header: StreamHeader) -> FramedWriter {
        let stream = self.connection.open_uni().await.expect("a stream");
        let mut writer = FramedWriter::new(stream, MAX_CONTROL_FRAME_BYTES);
        writer.write(&header).await.expect("written");
        writer
    }
}

/// What the operator has in a session.
pub(crate) struct Seat {
    sealer: Sealer,
    pub(crate) input: FramedWriter,
    pub(crate) acks: FramedWriter,
    pub(crate) screen: FramedReader,
    pub(crate) pointer: FramedReader,
    pub(crate) decoder: Decoder,
    pub(crate) last_seq: u64,
}

impl Seat {
    pub(crate) async fn do_it(&mut self, event: &InputEvent) {
        let frame = wire::encode(event, MAX_CONTROL_FRAME_BYTES).expect("small");
        let sealed = self.sealer.seal(&frame[wire::PREFIX_BYTES..]);
        self.input.write_body(sealed.into()).await.expect("written");
    }

    /// The next update, decoded and acknowledged.
    pub(crate) async fn see(&mut self) -> ScreenFrame {
        let frame = self
            .see_unacknowledged(PATIENCE)
            .await
            .expect("an update in time");
        let ack = ViewerMessage::Shown {
            seq: frame.seq,
            held_micros: 0,
        };
        self.acks.write(&ack).await.expect("written");
        frame
    }

    /// The next update, decoded only; `None` if none comes in time. Not to be called again then.
    pub(crate) async fn see_unacknowledged(&mut self, at_most: Duration) -> Option<ScreenFrame> {
        let read = tokio::time::timeout(at_most, self.screen.read::<ScreenFrame>());
        let frame = read.await.ok()?.expect("reads").expect("there");
        assert_eq!(frame.seq, self.last_seq + 1, "numbers go on by one");
        self.last_seq = frame.seq;
        self.decoder.apply(&frame.payload).expect("decodes");
        Some(frame)
    }
}

/// A host in a session with everything granted that is in `rights`.
pub(crate) async fn in_session(rights: Rights) -> (FakeHub, Host, Desk, Seat) {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let key = desk.admit().await;
    desk.ask(rights).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    assert!(
        host.untouched(),
        "nothing is opened before the session runs (H5)"
    );
    host.answer(Some(rights));
    let (granted, nonce) = desk.answer().await;
    assert_eq!(granted, Some(rights));
    assert!(
        host.untouched(),
        "nothing is opened before the session runs (H5)"
    );
    let seat = desk.begin(&key, rights, nonce).await;
    host.wait_for(|event| matches!(event, HostEvent::SessionStarted { .. }).then_some(()));
    (hub, host, desk, seat)
}
