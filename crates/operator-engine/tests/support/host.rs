//! The host that a console helps: what it knows, says and sends, behind a hub that is played.

use bytes::Bytes;
use operator_engine::{Command, Event};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{
    Greeting, HostState, HostWord, HubToOperator, Lane, LiveState, OperatorToHub, OperatorWord,
    PeerId, Rights, RunningSession, ScreenFrame, SessionId, StreamHeader, TicketRoute, Word,
};
use serde::de::DeserializeOwned;
use session::{
    Channel, Ends, HostExchange, LaneKeys, Opener, PairKey, PictureKey, TicketNumber, channel,
};
use transport::{Connection, FramedReader, FramedWriter};

use super::{CONSOLE, Console, HOST, Operator, PATIENCE, SESSION, row_of};

/// One host, paired with the console.
pub(crate) struct Host {
    pub(crate) id: PeerId,
    pair: PairKey,
    channel: Option<Channel>,
    pub(crate) picture_key: PictureKey,
}

impl Host {
    /// Comes with a ticket of the console's, and is greeted.
    pub(crate) async fn comes(console: &mut Console, operator: &mut Operator) -> Self {
        Self::comes_as(HOST, console, operator).await
    }

    /// As [`Self::comes`], as the host `id`.
    pub(crate) async fn comes_as(
        id: PeerId,
        console: &mut Console,
        operator: &mut Operator,
    ) -> Self {
        operator.send(Command::GenerateTicket);
        assert_eq!(console.hears_next().await, OperatorToHub::GenerateTicket);
        let route = TicketRoute::new(u32::from(id.0[0])).expect("four digits");
        let valid_seconds = 600;
        console
            .say(HubToOperator::TicketGenerated {
                route,
                valid_seconds,
            })
            .await;
        let spoken = operator
            .until(|event| match event {
                Event::TicketGenerated { spoken, .. } => Some(spoken.clone()),
                _ => None,
            })
            .await;
        let pair = type_ticket(console, &spoken).await;
        console
            .say(HubToOperator::TicketSettled {
                route,
                attempt: 1,
                host: id,
            })
            .await;
        let entry = row_of(id);
        console.say(HubToOperator::EntryChanged { entry }).await;
        operator
            .until(|event| match event {
                Event::TicketUsed { host, .. } if *host == id => Some(()),
                _ => None,
            })
            .await;
        let mut host = Self {
            id,
            pair,
            channel: None,
            picture_key: PictureKey::from_random([6; 32]),
        };
        console.greet(&mut host, &state(0, None)).await;
        host
    }

    /// Answers the console's greeting; a new channel is open then.
    pub(crate) fn answer(
        &mut self,
        console: PeerId,
        greeting: &Greeting,
        state: &HostState,
    ) -> Greeting {
        let ends = Ends {
            console,
            host: self.id,
        };
        let mut random = [0; 32];
        getrandom::fill(&mut random).expect("randomness");
        let (channel, answer) = channel::answer(&self.pair, ends, greeting, state, random)
            .expect("from the console that it was paired with");
        self.channel = Some(channel);
        answer
    }

    pub(crate) fn hear(&mut self, word: &Word) -> OperatorWord {
        let heard = self.channel().hear(word).expect("the console's own word");
        heard.expect("a word that is known")
    }

    /// Whether a word is one that the console says to this host now.
    pub(crate) fn understands(&mut self, word: &Word) -> bool {
        self.channel().hear::<OperatorWord>(word).is_ok()
    }

    /// What the hub passes on when the host says `word`.
    pub(crate) fn says(&mut self, word: &HostWord) -> HubToOperator {
        HubToOperator::Said {
            from: self.id,
            at_unix_seconds: 0,
            word: self.channel().say(word),
        }
    }

    fn channel(&mut self) -> &mut Channel {
        self.channel.as_mut().expect("greeted")
    }

    /// Lets the session start that the operator asks for.
    pub(crate) async fn start_session(&mut self, console: &mut Console) -> Lanes {
        let OperatorToHub::StartSession { host, word } = console.hears_next().await else {
            panic!("no question")
        };
        assert_eq!(host, self.id);
        let OperatorWord::Ask { asked, .. } = self.hear(&word) else {
            panic!("no question")
        };
        let session = SESSION;
        console
            .say(HubToOperator::ConsentPending { session, host })
            .await;
        let sealed = {
            let lanes = self.channel().lane_keys();
            lanes.seal_picture_key(session, &self.picture_key)
        };
        let answer = self.says(&HostWord::Answer {
            session,
            granted: Some(asked),
            picture_key: sealed.into(),
        });
        console.say(answer).await;
        console
            .say(HubToOperator::SessionStarted { session, host })
            .await;
        self.lanes()
    }

    /// What goes on in the session, in this channel.
    pub(crate) fn lanes(&mut self) -> Lanes {
        Lanes {
            keys: self.channel().lane_keys(),
            picture_key: self.picture_key.clone(),
        }
    }
}

/// A host that has heard chat up to `heard`, and in whose `session` so many input frames were taken.
pub(crate) fn state(heard: u64, session: Option<(SessionId, u64)>) -> HostState {
    HostState {
        computer: "ANNA-PC".into(),
        user: "Anna".into(),
        system: "Linux".into(),
        heard,
        live: session.map(|(session, input_taken)| LiveState {
            session,
            rights: Rights::SEE_AND_CONTROL,
            input_taken,
        }),
    }
}

/// The hub's word that the session waits for the console.
pub(crate) fn running() -> Vec<RunningSession> {
    vec![RunningSession {
        session: SESSION,
        with: HOST,
    }]
}

async fn type_ticket(console: &mut Console, spoken: &str) -> PairKey {
    let ticket = TicketNumber::parse(spoken).expect("ten digits");
    let (host, half) = HostExchange::start(&ticket);
    let (route, attempt) = (ticket.route(), 1);
    console
        .say(HubToOperator::TicketOpened {
            route,
            attempt,
            exchange: half.into(),
        })
        .await;
    let OperatorToHub::AnswerTicket { exchange, .. } = console.hears_next().await else {
        panic!("no answer")
    };
    let (host, proof) = host.answer(&exchange).expect("well formed");
    let proof = proof.into();
    console
        .say(HubToOperator::TicketProof {
            route,
            attempt,
            proof,
        })
        .await;
    let OperatorToHub::JudgeTicket {
        proof: Some(proof), ..
    } = console.hears_next().await
    else {
        panic!("judged wrong")
    };
    host.finish(&proof).expect("same secret")
}

/// A session's lanes in one channel.
pub(crate) struct Lanes {
    pub(crate) keys: LaneKeys,
    picture_key: PictureKey,
}

impl Lanes {
    pub(crate) fn header(&self, lane: Lane) -> StreamHeader {
        StreamHeader {
            lane,
            session: SESSION,
            operator: CONSOLE,
            channel: self.keys.channel(),
        }
    }

    /// The console's two streams: what the viewer says, and input.
    pub(crate) async fn accept(&self, connection: &Connection) -> (Sealed, Sealed) {
        let (mut viewer, mut input) = (None, None);
        for _ in 0..2 {
            let stream = connection.accept_uni().await.expect("a stream");
            let mut reader = FramedReader::new(stream, Lane::Input.rules().max_frame_bytes);
            let header: StreamHeader = reader.read().await.expect("parses").expect("a header");
            assert_eq!(header, self.header(header.lane));
            let opener = self.keys.opener(SESSION, header.lane);
            let sealed = Some(Sealed { reader, opener });
            match header.lane {
                Lane::Viewer => viewer = sealed,
                Lane::Input => input = sealed,
                other => panic!("{other:?}"),
            }
        }
        (viewer.expect("opened"), input.expect("opened"))
    }

    /// Opens the stream of pictures.
    pub(crate) async fn pictures(&self, connection: &Connection) -> Pictures {
        let stream = connection.open_uni().await.expect("room");
        let mut writer = FramedWriter::new(stream, Lane::Screen.rules().max_frame_bytes);
        let header = self.header(Lane::Screen);
        writer.write(&header).await.expect("sent");
        Pictures {
            writer,
            key: self.picture_key.clone(),
        }
    }
}

/// A lane that only the host reads.
pub(crate) struct Sealed {
    reader: FramedReader,
    opener: Opener,
}

impl Sealed {
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> T {
        let body = tokio::time::timeout(PATIENCE, self.reader.read_body()).await;
        let body = body.expect("in time").expect("whole").expect("a frame");
        let opened = self.opener.open(&body).expect("from the console");
        wire::decode(&opened).expect("parses")
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        let moment = std::time::Duration::from_millis(300);
        let more = tokio::time::timeout(moment, self.reader.read_body()).await;
        more.is_err()
    }
}

/// The stream of pictures.
pub(crate) struct Pictures {
    writer: FramedWriter,
    key: PictureKey,
}

impl Pictures {
    pub(crate) async fn send(&mut self, frame: &ScreenFrame) {
        self.send_as_it_is(vouched(&self.key, frame)).await;
    }

    pub(crate) async fn send_as_it_is(&mut self, body: Bytes) {
        self.writer.write_body(body).await.expect("sent");
    }
}

/// The frame's body with its tag behind it.
pub(crate) fn vouched(key: &PictureKey, frame: &ScreenFrame) -> Bytes {
    let limit = Lane::Screen.rules().max_frame_bytes;
    let frame = wire::encode(frame, limit).expect("as large as it may be");
    let mut body = frame[PREFIX_BYTES..].to_vec();
    let tag = key.tag(SESSION, Lane::Screen, &body);
    body.extend_from_slice(&tag);
    body.into()
}
