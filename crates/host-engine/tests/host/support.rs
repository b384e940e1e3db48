//! A hub and a console in one, as a test wants them: they speak the real protocol over real QUIC with
//! the real cryptography, and break the rules where a test says so.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use capture::CaptureError;
use capture::synthetic::{SyntheticPainter, SyntheticScreen};
use codec::{Decoder, PixelSize};
use host_engine::{
    Backends, ConnectProblem, EndCause, HostCommand, HostConfig, HostEngine, HostEvent, HostEvents,
    HostHandle, LostCause, MemoryShields,
};
use input::{MemoryLog, MemorySink};
use protocol::control::Admission;
use protocol::limits::{MAX_CONTROL_FRAME_BYTES, MAX_HEADER_FRAME_BYTES};
use protocol::{
    ClientHello, Equipment, HidKey, Hindrance, Hindrances, HostState, HostToHub, HostWord,
    HubHello, HubToHost, InputEvent, InputFrame, Lane, OperatorWord, PeerId, Place, PointerButton,
    PointerUpdate, ProtocolVersion, ResumeSecret, Rights, RunningSession, ScreenFrame, SessionId,
    Shield, Shields, StreamHeader, VersionRange, ViewerMessage, Word, wire,
};
use serde::Serialize;
use session::{
    Channel, Ends, Opening, OperatorExchange, PairKey, PictureKey, Sealer, TicketNumber,
};
use tokio::net::UdpSocket;
use transport::{Connection, Endpoint, Fingerprint, FramedReader, FramedWriter, HubIdentity};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const SESSION: SessionId = SessionId(41);
pub(crate) const SCREEN: PixelSize = PixelSize::new(640, 400);
pub(crate) const HOST: PeerId = PeerId([2; 16]);
pub(crate) const OPERATOR: PeerId = PeerId([1; 16]);
/// What every console of today reads.
pub(crate) const FORMATS: (u16, u16) = (3, 4);

pub(crate) const SEE: Rights = Rights::SEE;
pub(crate) const BOTH: Rights = Rights::SEE_AND_CONTROL;

const SECRET: ResumeSecret = ResumeSecret([7; 32]);
/// Runs of a session that a host can have in a test: each opens screen and keyboard anew.
const RUNS: usize = 2;

pub(crate) fn ticket() -> TicketNumber {
    TicketNumber::parse("482 913 0571").expect("ten digits")
}

/// The engine under test, with painted screens and remembered keyboards.
pub(crate) struct Host {
    pub(crate) handle: HostHandle,
    pub(crate) events: HostEvents,
    pub(crate) painter: SyntheticPainter,
    pub(crate) log: MemoryLog,
    /// What the session sees and touches after a pause.
    pub(crate) painter_after: SyntheticPainter,
    pub(crate) log_after: MemoryLog,
    /// The screens that the engine has not opened yet, the next one last; without one it fails.
    pub(crate) screens: Arc<Mutex<Vec<SyntheticScreen>>>,
    pub(crate) sinks: Arc<Mutex<Vec<MemorySink>>>,
    /// What the next look finds.
    pub(crate) hindrances: Arc<Mutex<Hindrances>>,
}

impl Host {
    pub(crate) fn start(address: SocketAddr, pin: Fingerprint) -> Self {
        Self::start_hindered(address, pin, Hindrances::NONE)
    }

    /// On a machine where another display follows one that is gone.
    pub(crate) fn start_following(address: SocketAddr, pin: Fingerprint) -> Self {
        Self::start_on(address, pin, Hindrances::NONE, PATIENCE)
    }

    /// On a machine where this hinders.
    pub(crate) fn start_hindered(
        address: SocketAddr,
        pin: Fingerprint,
        hindrances: Hindrances,
    ) -> Self {
        Self::start_on(address, pin, hindrances, Duration::ZERO)
    }

    fn start_on(
        address: SocketAddr,
        pin: Fingerprint,
        hindrances: Hindrances,
        comes_back_within: Duration,
    ) -> Self {
        let (screen_after, painter_after) = SyntheticScreen::new(SCREEN);
        let (screen, painter) = SyntheticScreen::new(SCREEN);
        let (sink_after, log_after) = input::memory();
        let (sink, log) = input::memory();
        let screens = Arc::new(Mutex::new(vec![screen_after, screen]));
        let sinks = Arc::new(Mutex::new(vec![sink_after, sink]));
        let shields = MemoryShields::lacking(Shield::Screen, Hindrance::NO_BRIGHTNESS);
        let (of_screens, of_sinks) = (Arc::clone(&screens), Arc::clone(&sinks));
        let hindrances = Arc::new(Mutex::new(hindrances));
        let of_looks = Arc::clone(&hindrances);
        let backends = Backends {
            screen: Arc::new(move || {
                let screen = of_screens.lock().expect("no panic").pop();
                let reason = "none in this test".to_owned();
                let screen = screen.ok_or(CaptureError::Lost { reason })?;
                Ok(Box::new(screen))
            }),
            input: Arc::new(move || {
                let sink = of_sinks.lock().expect("no panic").pop();
                Ok(Box::new(sink.expect("one for each run")))
            }),
            clipboard: host_engine::ClipboardPlace::none(),
            hindrances: Arc::new(move || *of_looks.lock().expect("no panic")),
            shields: Arc::new(shields.clone()),
            monitors: Arc::new(Vec::new),
            keyboard: Arc::new(|| None),
            comes_back_within,
        };
        let config = HostConfig {
            hub: address.to_string().parse().expect("an address"),
            pin: pin.into(),
            routes: Default::default(),
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
            painter_after,
            log_after,
            screens,
            sinks,
            hindrances,
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

    /// Waits for `event` itself.
    pub(crate) fn wait_until(&self, event: &HostEvent) {
        self.wait_for(|told| (told == *event).then_some(()));
    }

    /// Whether the engine has not opened the screen, nor keyboard and pointer.
    pub(crate) fn untouched(&self) -> bool {
        self.screens.lock().expect("no panic").len() == RUNS && self.keyboard_is_untouched()
    }

    pub(crate) fn keyboard_is_untouched(&self) -> bool {
        self.sinks.lock().expect("no panic").len() == RUNS
    }
}

/// What the program reads when a session is over.
pub(crate) fn ended(event: HostEvent) -> Option<EndCause> {
    match event {
        HostEvent::SessionEnded { cause, .. } => Some(cause),
        _ => None,
    }
}

/// What it reads when the ticket was not used.
pub(crate) fn failed(event: HostEvent) -> Option<ConnectProblem> {
    match event {
        HostEvent::ConnectionFailed(problem) => Some(problem),
        _ => None,
    }
}

/// What it reads when the place is gone.
pub(crate) fn lost(event: HostEvent) -> Option<LostCause> {
    match event {
        HostEvent::ConnectionLost(cause) => Some(cause),
        _ => None,
    }
}

pub(crate) fn press(key: u16) -> InputEvent {
    key_event(key, true)
}

pub(crate) fn release(key: u16) -> InputEvent {
    key_event(key, false)
}

fn key_event(key: u16, pressed: bool) -> InputEvent {
    InputEvent::Key {
        key: HidKey(key),
        pressed,
        character: None,
    }
}

pub(crate) fn press_at(at: Place) -> InputEvent {
    InputEvent::Button {
        button: PointerButton::Left,
        pressed: true,
        at,
    }
}

/// Where what was done has a place, in order.
pub(crate) fn places(log: &MemoryLog) -> Vec<(i32, i32)> {
    let place = |event: &InputEvent| match event {
        InputEvent::PointerMoved { to } => Some((to.x, to.y)),
        InputEvent::Button { at, .. } => Some((at.x, at.y)),
        InputEvent::Key { .. }
        | InputEvent::Wheel { .. }
        | InputEvent::Text { .. }
        | InputEvent::ReleaseAll
        | InputEvent::StillHeld
        | InputEvent::ClipboardOffered { .. } => None,
    };
    log.events().iter().filter_map(place).collect()
}

/// A hub that listens.
pub(crate) struct FakeHub {
    endpoint: Endpoint,
    speaks: ProtocolVersion,
    _folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) pin: Fingerprint,
}

impl FakeHub {
    pub(crate) fn listen() -> Self {
        Self::speaking(VersionRange::OURS.newest)
    }

    pub(crate) fn speaking(speaks: ProtocolVersion) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = HubIdentity::open_or_create(folder.path()).expect("a key");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = transport::server::bind(any, &identity).expect("a port");
        Self {
            address: endpoint.local_addr().expect("bound"),
            pin: identity.fingerprint(),
            endpoint,
            speaks,
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
        let incoming = tokio::time::timeout(PATIENCE, self.endpoint.accept());
        let incoming = incoming.await.expect("in time").expect("listens");
        let connection = incoming.await.expect("a handshake");
        transport::server::welcome(&connection);
        let (send, receive) = connection.accept_bi().await.expect("a stream");
        let mut desk = Desk {
            reader: FramedReader::new(receive, MAX_CONTROL_FRAME_BYTES),
            writer: FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES),
            connection,
            company: None,
            shields: Shields::default(),
            equipment: Vec::new(),
        };
        let _hello: ClientHello = desk.reader.read().await.expect("reads").expect("there");
        let welcome = HubHello::Welcome {
            version: self.speaks,
            hub: "fake".into(),
        };
        desk.writer.write(&welcome).await.expect("written");
        desk
    }

    /// Takes a host that was here before.
    pub(crate) async fn accept_again(&self) -> Desk {
        let mut desk = self.accept().await;
        let resume = HostToHub::Resume {
            you: HOST,
            secret: SECRET,
        };
        assert_eq!(desk.hear().await, resume);
        desk
    }
}

/// The hub's end of one host's connection.
pub(crate) struct Desk {
    pub(crate) connection: Connection,
    pub(crate) reader: FramedReader,
    pub(crate) writer: FramedWriter,
    /// Who takes part, as the host said last.
    pub(crate) company: Option<HostWord>,
    /// How the shields stand, as it said last.
    pub(crate) shields: Shields,
    /// What it said of its desk, in this order.
    pub(crate) equipment: Vec<Equipment>,
}

impl Desk {
    pub(crate) async fn say(&mut self, message: HubToHost) {
        self.writer.write(&message).await.expect("written");
    }

    /// What the host says next, but for who takes part, how the shields stand and what its desk has: that is
    /// kept aside.
    pub(crate) async fn hear(&mut self) -> HostToHub {
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.reader.read());
            let heard = heard
                .await
                .expect("in time")
                .expect("reads")
                .expect("there");
            if let HostToHub::Say { word, .. } = &heard
                && let Ok(company @ HostWord::Company { .. }) = wire::decode(&word.body)
            {
                self.company = Some(company);
                continue;
            }
            if let HostToHub::Say { word, .. } = &heard
                && let Ok(HostWord::Equipped { equipment, .. }) = wire::decode(&word.body)
            {
                self.equipment.push(equipment);
                continue;
            }
            if let HostToHub::Say { word, .. } = &heard
                && let Ok(HostWord::Shields { shields, .. }) = wire::decode(&word.body)
            {
                self.shields = shields;
                continue;
            }
            // comes with the clock
            if let HostToHub::Say { word, .. } = &heard
                && let Ok(HostWord::Line { .. }) = wire::decode(&word.body)
            {
                continue;
            }
            return heard;
        }
    }

    /// The whole exchange over the ticket, as an honest console does it, and its greeting. The place is
    /// kept for a minute.
    pub(crate) async fn admit(&mut self) -> Console {
        self.admit_for(60).await
    }

    pub(crate) async fn admit_for(&mut self, kept_seconds: u32) -> Console {
        let (pair, proof) = self.until_proof().await;
        self.say(HubToHost::TicketAccepted {
            proof: proof.into(),
            admission: admission(kept_seconds),
        })
        .await;
        let mut console = Console {
            pair,
            channel: None,
            picture_key: None,
            opened: Instant::now(),
            greetings: 0,
            formats: FORMATS,
        };
        let state = console.greet(self).await;
        assert_eq!((state.computer.as_str(), state.live), ("pc", None));
        console
    }

    /// The exchange up to the host's proof; gives the console's proof.
    pub(crate) async fn until_proof(&mut self) -> (PairKey, Vec<u8>) {
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

    /// Lets the host go on where it was.
    pub(crate) async fn resume(&mut self) {
        self.say(HubToHost::Resumed {
            running: vec![RunningSession {
                session: SESSION,
                with: OPERATOR,
            }],
            ended: Vec::new(),
        })
        .await;
    }

    /// The streams of the screen and of the pointer that the host opens next.
    async fn hosts_streams(&self) -> (FramedReader, FramedReader) {
        let mut screen = None;
        let mut pointer = None;
        while screen.is_none() || pointer.is_none() {
            let stream = tokio::time::timeout(PATIENCE, self.connection.accept_uni());
            let stream = stream.await.expect("in time").expect("a stream");
            let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
            let told: StreamHeader = reader.read().await.expect("reads").expect("there");
            let to_everybody = StreamHeader::to_everybody(told.lane, SESSION);
            assert_eq!(told, to_everybody, "of this session");
            reader.set_limit(told.lane.rules().max_frame_bytes);
            let place = if told.lane == Lane::Screen {
                &mut screen
            } else {
                assert_eq!(told.lane, Lane::Pointer);
                &mut pointer
            };
            assert!(place.replace(reader).is_none(), "one of each");
        }
        (screen.expect("opened"), pointer.expect("opened"))
    }

    /// Whether the host opens a stream soon.
    pub(crate) async fn opens_a_stream(&self) -> bool {
        let soon = Duration::from_millis(400);
        tokio::time::timeout(soon, self.connection.accept_uni())
            .await
            .is_ok()
    }

    async fn open(&self, header: StreamHeader) -> FramedWriter {
        let stream = self.connection.open_uni().await.expect("a stream");
        let mut writer = FramedWriter::new(stream, MAX_CONTROL_FRAME_BYTES);
        writer.write(&header).await.expect("written");
        writer
    }
}

pub(crate) fn admission(kept_seconds: u32) -> Admission {
    Admission {
        you: HOST,
        secret: SECRET,
        kept_seconds,
    }
}

/// The operator's console, over any number of connections.
pub(crate) struct Console {
    pair: PairKey,
    channel: Option<Channel>,
    picture_key: Option<PictureKey>,
    opened: Instant,
    greetings: u8,
    pub(crate) formats: (u16, u16),
}

impl Console {
    /// Opens a channel to the host.
    pub(crate) async fn greet(&mut self, desk: &mut Desk) -> HostState {
        self.greetings += 1;
        let ends = Ends {
            console: OPERATOR,
            host: HOST,
        };
        let random = [self.greetings; 32];
        let (opening, greeting) = Opening::begin(self.pair.clone(), ends, random);
        desk.say(HubToHost::Greeted {
            from: OPERATOR,
            greeting,
        })
        .await;
        let HostToHub::Greet { to, greeting } = desk.hear().await else {
            panic!("an answer to the greeting");
        };
        assert_eq!(to, OPERATOR);
        let (channel, state) = opening.finish(&greeting).expect("the right host");
        self.channel = Some(channel);
        self.opened = Instant::now();
        state
    }

    fn channel(&mut self) -> &mut Channel {
        self.channel.as_mut().expect("greeted")
    }

    /// What an honest hub carries.
    pub(crate) fn word(&mut self, word: &OperatorWord) -> Word {
        self.channel().say(word)
    }

    pub(crate) fn chat(&mut self, line: u64) -> HubToHost {
        let text = "hello".into();
        said(self.word(&OperatorWord::Chat { line, text }))
    }

    /// The host's next word.
    pub(crate) async fn hear(&mut self, desk: &mut Desk) -> HostWord {
        let said = desk.hear().await;
        let HostToHub::Say { to, word } = said else {
            panic!("a word, not {said:?}");
        };
        assert_eq!(to, OPERATOR);
        let heard = self.channel().hear(&word).expect("from the host");
        heard.expect("a word that is known")
    }

    pub(crate) fn question(&mut self, asked: Rights) -> Word {
        let formats = self.formats;
        self.word(&OperatorWord::Ask {
            asked,
            operator: "Marco".into(),
            formats,
        })
    }

    pub(crate) async fn ask(&mut self, desk: &mut Desk, asked: Rights) {
        let word = self.question(asked);
        desk.say(HubToHost::ConsentAsked {
            session: SESSION,
            from: OPERATOR,
            word,
        })
        .await;
    }

    /// The host's answer.
    pub(crate) async fn answer(&mut self, desk: &mut Desk) -> Option<Rights> {
        let HostWord::Answer {
            session,
            granted,
            picture_key,
        } = self.hear(desk).await
        else {
            panic!("an answer");
        };
        assert_eq!(session, SESSION);
        let lanes = self.channel().lane_keys();
        self.picture_key = lanes.open_picture_key(SESSION, &picture_key);
        assert_eq!(self.picture_key.is_some(), granted.is_some());
        granted
    }

    /// Starts the session and opens the operator's streams.
    pub(crate) async fn begin(&mut self, desk: &mut Desk) -> Seat {
        desk.say(HubToHost::SessionStarted { session: SESSION })
            .await;
        self.take_seat(desk).await
    }

    /// Opens the operator's streams in the present channel, and takes the host's.
    pub(crate) async fn take_seat(&mut self, desk: &mut Desk) -> Seat {
        let lanes = self.channel().lane_keys();
        let channel = lanes.channel();
        let header = |lane| StreamHeader {
            lane,
            session: SESSION,
            operator: OPERATOR,
            channel,
        };
        let input = desk.open(header(Lane::Input)).await;
        let viewer = desk.open(header(Lane::Viewer)).await;
        let (screen, pointer) = desk.hosts_streams().await;
        Seat {
            input_sealer: lanes.sealer(SESSION, Lane::Input),
            viewer_sealer: lanes.sealer(SESSION, Lane::Viewer),
            picture_key: self.picture_key.clone().expect("granted"),
            opened: self.opened,
            input,
            viewer,
            screen,
            pointer,
            decoder: Decoder::new(),
            last_seq: 0,
            last_pointer: 0,
            misses_some: false,
            number: 0,
        }
    }
}

pub(crate) fn said(word: Word) -> HubToHost {
    HubToHost::Said {
        from: OPERATOR,
        at_unix_seconds: 1_800_000_000,
        word,
    }
}

/// What the operator has in a session while its line stands.
pub(crate) struct Seat {
    input_sealer: Sealer,
    viewer_sealer: Sealer,
    pub(crate) picture_key: PictureKey,
    opened: Instant,
    pub(crate) input: FramedWriter,
    pub(crate) viewer: FramedWriter,
    pub(crate) screen: FramedReader,
    pub(crate) pointer: FramedReader,
    pub(crate) decoder: Decoder,
    pub(crate) last_seq: u64,
    pub(crate) last_pointer: u64,
    /// Updates were in a stream that was cut off.
    misses_some: bool,
    /// The number of the last input frame.
    pub(crate) number: u64,
}

impl Seat {
    /// Takes the host's streams after those before them were cut off; what was in these is missing.
    pub(crate) async fn take_streams_again(&mut self, desk: &Desk) {
        (self.screen, self.pointer) = desk.hosts_streams().await;
        self.misses_some = true;
    }

    /// Reads until the host cuts the stream of the screen off.
    pub(crate) async fn see_until_cut(&mut self) {
        let cut = async {
            while let Ok(frame) = self.screen.read_body().await {
                frame.expect("cut off, and not ended");
            }
        };
        tokio::time::timeout(PATIENCE, cut).await.expect("in time");
    }

    /// A place in the picture that was seen last.
    pub(crate) fn place(&self, x: i32, y: i32) -> Place {
        let seen = self.last_seq;
        Place { x, y, seen }
    }

    /// Points to a place in the picture that was seen last.
    pub(crate) async fn point(&mut self, x: i32, y: i32) {
        let to = self.place(x, y);
        self.do_it(&InputEvent::PointerMoved { to }).await;
    }

    pub(crate) async fn do_it(&mut self, event: &InputEvent) {
        self.do_late(event, Duration::ZERO).await;
    }

    /// Sends an event that happened `ago`.
    pub(crate) async fn do_late(&mut self, event: &InputEvent, ago: Duration) {
        self.number += 1;
        self.do_as(self.number, event, ago).await;
    }

    pub(crate) async fn do_as(&mut self, number: u64, event: &InputEvent, ago: Duration) {
        let millis = |time: Duration| i64::try_from(time.as_millis()).expect("a test is short");
        let frame = InputFrame {
            number,
            at_millis: millis(self.opened.elapsed()) - millis(ago),
            event: event.clone(),
        };
        let sealed = self.input_sealer.seal(&body(&frame));
        self.input.write_body(sealed.into()).await.expect("written");
    }

    pub(crate) async fn tell(&mut self, message: ViewerMessage) {
        let sealed = self.viewer_sealer.seal(&body(&message));
        self.viewer
            .write_body(sealed.into())
            .await
            .expect("written");
    }

    pub(crate) async fn acknowledge(&mut self) {
        let shown = ViewerMessage::Shown {
            seq: self.last_seq,
            held_micros: 0,
        };
        self.tell(shown).await;
    }

    /// The next update, decoded and acknowledged.
    pub(crate) async fn see(&mut self) -> ScreenFrame {
        let frame = self
            .see_unacknowledged(PATIENCE)
            .await
            .expect("an update in time");
        self.acknowledge().await;
        frame
    }

    /// The next update, decoded only; `None` if none comes in time. Not to be called again then.
    pub(crate) async fn see_unacknowledged(&mut self, at_most: Duration) -> Option<ScreenFrame> {
        let read = tokio::time::timeout(at_most, self.screen.read_body());
        let tagged = read.await.ok()?.expect("reads").expect("there");
        let frame: ScreenFrame = self.vouched(Lane::Screen, &tagged);
        if std::mem::take(&mut self.misses_some) {
            assert!(frame.seq > self.last_seq, "numbers go up");
        } else {
            assert_eq!(frame.seq, self.last_seq + 1, "numbers go on by one");
        }
        self.last_seq = frame.seq;
        self.decoder.apply(&frame.payload).expect("decodes");
        Some(frame)
    }

    /// The next state of the pointer.
    pub(crate) async fn see_pointer(&mut self) -> PointerUpdate {
        let read = tokio::time::timeout(PATIENCE, self.pointer.read_body());
        let tagged = read.await.expect("in time").expect("reads").expect("there");
        let update: PointerUpdate = self.vouched(Lane::Pointer, &tagged);
        assert!(update.seq > self.last_pointer, "numbers go up");
        self.last_pointer = update.seq;
        update
    }

    fn vouched<M: serde::de::DeserializeOwned>(&self, lane: Lane, tagged: &Bytes) -> M {
        let body = self.picture_key.check(SESSION, lane, tagged);
        wire::decode(body.expect("the host's tag")).expect("parses")
    }
}

fn body<M: Serialize>(message: &M) -> Vec<u8> {
    let mut frame = wire::encode(message, MAX_CONTROL_FRAME_BYTES).expect("small");
    frame.split_off(wire::PREFIX_BYTES)
}

/// A line between a host and a hub, which can be cut and mended.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    pub(crate) is_cut: Arc<AtomicBool>,
}

impl Line {
    /// A line to `hub`, for as long as the test runs.
    pub(crate) async fn to(hub: SocketAddr) -> Self {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port"));
        let address = front.local_addr().expect("bound");
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        tokio::spawn(async move {
            let mut backs = HashMap::new();
            let mut datagram = vec![0; 65_536];
            loop {
                let (len, host) = front.recv_from(&mut datagram).await.expect("open");
                if let Entry::Vacant(place) = backs.entry(host) {
                    let back = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
                    back.connect(hub).await.expect("an address");
                    let back = Arc::new(back);
                    let (front, back_too) = (Arc::clone(&front), Arc::clone(&back));
                    tokio::spawn(carry_back(front, back_too, host, Arc::clone(&cut)));
                    place.insert(back);
                }
                if !cut.load(Ordering::Relaxed) {
                    // a hub that is gone refuses; that is a lost datagram too
                    let _sent = backs[&host].send(&datagram[..len]).await;
                }
            }
        });
        Self { address, is_cut }
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.is_cut.store(cut, Ordering::Relaxed);
    }
}

async fn carry_back(
    front: Arc<UdpSocket>,
    back: Arc<UdpSocket>,
    host: SocketAddr,
    cut: Arc<AtomicBool>,
) {
    let mut datagram = vec![0; 65_536];
    loop {
        let Ok(len) = back.recv(&mut datagram).await else {
            continue;
        };
        if !cut.load(Ordering::Relaxed) {
            let _sent = front.send_to(&datagram[..len], host).await;
        }
    }
}

/// A host in a session with everything granted that is in `rights`.
pub(crate) async fn in_session(rights: Rights) -> (FakeHub, Host, Desk, Console, Seat) {
    let hub = FakeHub::listen();
    let address = hub.address;
    in_session_by(hub, address, rights).await
}

/// The same for a host to which the hub is at `address`.
pub(crate) async fn in_session_by(
    hub: FakeHub,
    address: SocketAddr,
    rights: Rights,
) -> (FakeHub, Host, Desk, Console, Seat) {
    begun(allowed(hub, address, rights).await).await
}

/// [`in_session`] for a [`Host::start_following`].
pub(crate) async fn in_session_following(rights: Rights) -> (FakeHub, Host, Desk, Console, Seat) {
    let hub = FakeHub::listen();
    let host = Host::start_following(hub.address, hub.pin);
    begun(allowed_on(host, hub, rights).await).await
}

async fn begun(
    (hub, host, mut desk, mut console): (FakeHub, Host, Desk, Console),
) -> (FakeHub, Host, Desk, Console, Seat) {
    let seat = console.begin(&mut desk).await;
    host.wait_for(|event| matches!(event, HostEvent::SessionStarted { .. }).then_some(()));
    (hub, host, desk, console, seat)
}

/// A host whose user has allowed `rights`, in a moment in which the session has not begun.
pub(crate) async fn allowed(
    hub: FakeHub,
    address: SocketAddr,
    rights: Rights,
) -> (FakeHub, Host, Desk, Console) {
    let host = Host::start(address, hub.pin);
    allowed_on(host, hub, rights).await
}

async fn allowed_on(host: Host, hub: FakeHub, rights: Rights) -> (FakeHub, Host, Desk, Console) {
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    console.ask(&mut desk, rights).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    assert!(
        host.untouched(),
        "nothing is opened before the session runs (H5)"
    );
    host.answer(Some(rights));
    assert_eq!(console.answer(&mut desk).await, Some(rights));
    assert!(
        host.untouched(),
        "nothing is opened before the session runs (H5)"
    );
    (hub, host, desk, console)
}
