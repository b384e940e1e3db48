//! Peers that break the protocol are cut off and harm nobody (B2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::net::UdpSocket;
use std::time::Duration;

use protocol::{
    HostToHub, HostWord, HubToOperator, Lane, OperatorToHub, RefusalCode, Rights, Role, SessionId,
    VersionRange, Word, wire,
};
use support::{
    Pair, Peer, TestHub, log_in, receive_tagged, screen_frame, send_tagged, try_send_tagged,
};
use transport::{FramedReader, FramedWriter, SendStream};

/// A session that runs while others misbehave, and still runs after.
struct Witness {
    pair: Pair,
    screen: FramedWriter,
    seen: FramedReader,
    seq: u64,
}

impl Witness {
    async fn start(hub: &TestHub) -> Self {
        let mut pair = hub.pair("anna").await;
        let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
        let mut screen = pair.open(Lane::Screen, session).await;
        send_tagged(&mut screen, &screen_frame(1, 100)).await;
        let (_, mut seen) = pair.operator.accept_stream().await;
        assert!(seen.read_body().await.expect("whole").is_some());
        Self {
            pair,
            screen,
            seen,
            seq: 1,
        }
    }

    async fn check(&mut self) {
        self.seq += 1;
        let frame = screen_frame(self.seq, 100);
        send_tagged(&mut self.screen, &frame).await;
        let read = tokio::time::timeout(support::PATIENCE, receive_tagged(&mut self.seen)).await;
        let seen: protocol::ScreenFrame = read.expect("in time").expect("there");
        assert_eq!(seen, frame);
        assert!(
            self.pair
                .operator
                .greeted
                .connection
                .close_reason()
                .is_none()
        );
    }
}

async fn write_raw(stream: &mut SendStream, bytes: &[u8]) {
    // the hub may have closed already
    drop(stream.write_all(bytes).await);
}

#[tokio::test]
async fn b2_what_does_not_parse_cuts_its_sender_off_alone() {
    let hub = TestHub::start();
    let mut witness = Witness::start(&hub).await;
    let trailing = {
        let mut frame = wire::encode(&HostToHub::Leave, 100).expect("small");
        frame.push(0);
        frame[0] += 1;
        frame
    };
    let wrong_direction = wire::encode(&OperatorToHub::ListDrafts, 100).expect("small");
    let floods = [
        vec![0xff; 64],
        u32::MAX.to_le_bytes().to_vec(),
        vec![1, 0, 0, 0, 200],
        vec![0, 0, 0, 0],
        trailing,
        wrong_direction,
    ];
    for bytes in floods {
        let mut host = hub.host().await;
        write_raw(host.greeted.writer.stream_mut(), &bytes).await;
        let code = host.refused().await;
        assert_eq!(code, RefusalCode::MALFORMED, "{bytes:?}");
        witness.check().await;
    }
}

#[tokio::test]
async fn b2_what_makes_no_sense_cuts_its_sender_off_alone() {
    let hub = TestHub::start();
    let mut witness = Witness::start(&hub).await;
    let session = SessionId(1);
    let first = HostToHub::OpenTicket {
        route: witness.pair.route,
        computer: "X".into(),
        user: "X".into(),
        system: "X".into(),
        exchange: vec![1; 33].into(),
    };
    let from_host = [
        HostToHub::ConfirmTicket {
            proof: vec![1].into(),
        },
        HostToHub::EndSession { session },
        HostToHub::EndSession {
            session: SessionId(77),
        },
        HostToHub::Say {
            to: witness.pair.you(),
            word: witness.pair.channel.say(&HostWord::Heard { line: 1 }),
        },
        HostToHub::Resume {
            you: witness.pair.entry,
            secret: protocol::ResumeSecret([0; 32]),
        },
        HostToHub::SeekUpdates,
    ];
    let nonsense = Word {
        number: 1,
        body: vec![0xff; 40].into(),
        tag: [0; 16],
    };
    for message in from_host {
        let mut host = hub.host().await;
        // a place is come back to with the first message only
        host.send(&first).await;
        host.send(&message).await;
        assert_eq!(
            host.refused().await,
            RefusalCode::OUT_OF_PLACE,
            "{message:?}"
        );
    }
    let mut pair = hub.pair("bruno").await;
    let to = pair.you();
    // a word is the other end's business: it may be one of next year's
    let word = nonsense.clone();
    pair.host.send(&HostToHub::Say { to, word }).await;
    let said = pair.operator.wait_for(|m| match m {
        HubToOperator::Said { word, .. } => Some(word),
        _ => None,
    });
    assert_eq!(said.await, nonsense);
    let route = witness.pair.route;
    let proof = Some(vec![0; 32].into());
    let from_operator = [
        log_in("bruno", support::PASSWORD),
        OperatorToHub::EndSession { session },
        OperatorToHub::JudgeTicket {
            route,
            attempt: 900,
            proof,
        },
        OperatorToHub::AnswerTicket {
            route,
            attempt: 900,
            exchange: vec![0; 33].into(),
        },
    ];
    for message in from_operator {
        let mut operator = hub.operator("bruno").await;
        operator.send(&message).await;
        assert_eq!(
            operator.refused().await,
            RefusalCode::OUT_OF_PLACE,
            "{message:?}"
        );
    }
    let mut early = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    early.send(&OperatorToHub::GenerateTicket).await;
    assert_eq!(
        early.refused().await,
        RefusalCode::OUT_OF_PLACE,
        "before log-in"
    );
    witness.check().await;
}

#[tokio::test]
async fn b2_an_operator_cannot_judge_the_attempt_on_anothers_ticket() {
    let hub = TestHub::start();
    let mut anna = hub.operator("anna").await;
    let mut bruno = hub.operator("bruno").await;
    let ticket = anna.generate_ticket().await;
    let mut host = hub.host().await;
    let opening = tokio::spawn(async move {
        host.open_ticket(&ticket).await;
    });
    let (route, attempt) = anna
        .wait_for(|m| match m {
            HubToOperator::TicketOpened { route, attempt, .. } => Some((route, attempt)),
            _ => None,
        })
        .await;
    let proof = Some(vec![0; 32].into());
    bruno
        .send(&OperatorToHub::JudgeTicket {
            route,
            attempt,
            proof,
        })
        .await;
    assert_eq!(bruno.refused().await, RefusalCode::OUT_OF_PLACE);
    opening.abort();
}

/// A host that is admitted, so that the hub takes its streams.
async fn admitted(hub: &TestHub) -> Peer {
    hub.pair("bruno").await.host
}

#[tokio::test]
async fn b2_bad_streams_cut_their_sender_off_alone() {
    let hub = TestHub::start();
    let mut witness = Witness::start(&hub).await;
    let session = SessionId(1);

    // a header that does not parse
    let host = admitted(&hub).await;
    let mut stream = host.greeted.connection.open_uni().await.expect("a stream");
    write_raw(&mut stream, &[0xff; 40]).await;
    assert_eq!(host.refused().await, RefusalCode::MALFORMED);

    // a header of the other role
    let host = admitted(&hub).await;
    host.open_stream(witness.pair.header(Lane::Input, session))
        .await;
    assert_eq!(host.refused().await, RefusalCode::OUT_OF_PLACE);

    // somebody else's session: no stream, and nothing worse
    let host = admitted(&hub).await;
    let header = witness.pair.header(Lane::Screen, session);
    let mut stream = host.open_stream(header).await;
    assert!(
        stream
            .stream_mut()
            .stopped()
            .await
            .expect("there")
            .is_some()
    );
    assert!(host.greeted.connection.close_reason().is_none());
    witness.check().await;

    // frames beyond the limit, or not what the header says, within an own session
    for (lane, bytes) in [
        (Lane::Screen, (20_u32 << 20).to_le_bytes().to_vec()),
        (Lane::Screen, vec![2, 0, 0, 0, 0xff, 0xff]),
        (Lane::Screen, [vec![18, 0, 0, 0], vec![0xff; 18]].concat()),
        (Lane::Pointer, vec![1, 0, 0, 0, 0xff]),
        (Lane::Pointer, [vec![17, 0, 0, 0], vec![0xff; 17]].concat()),
    ] {
        let mut pair = hub.pair("bruno").await;
        let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
        let mut stream = pair.open(lane, session).await;
        write_raw(stream.stream_mut(), &bytes).await;
        assert_eq!(
            pair.host.refused().await,
            RefusalCode::MALFORMED,
            "{bytes:?}"
        );
        let ended = |m| matches!(m, HubToOperator::SessionEnded { .. }).then_some(());
        pair.operator.wait_for(ended).await;
        witness.check().await;
    }
    let mut pair = hub.pair("bruno").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut acks = pair.open(Lane::Viewer, session).await;
    write_raw(acks.stream_mut(), &[0, 2, 0, 0, 9]).await;
    assert_eq!(pair.operator.refused().await, RefusalCode::MALFORMED);
    witness.check().await;
}

#[tokio::test]
async fn b2_garbage_and_silence_harm_nobody() {
    let hub = TestHub::start();
    let mut witness = Witness::start(&hub).await;
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let hub_address = (hub.address.host.as_str(), hub.address.port);
    let mut noise = 1_u64;
    for len in (0..1400).step_by(7) {
        let datagram: Vec<u8> = (0..len)
            .map(|_| {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                noise.to_le_bytes()[7]
            })
            .collect();
        socket.send_to(&datagram, hub_address).expect("sent");
    }
    witness.check().await;
    // hosts that say nothing, and one that would open streams without a word
    let mut silent = Vec::new();
    for _ in 0..30 {
        silent.push(hub.host().await);
    }
    let open = silent[0].greeted.connection.open_uni();
    let opened = tokio::time::timeout(Duration::from_secs(1), open).await;
    assert!(opened.is_err(), "a stranger has its control stream alone");
    witness.check().await;
}

#[tokio::test]
async fn a_peer_that_never_says_hello_is_cut_off() {
    let hub = TestHub::start();
    let greeted = hub.connect(Role::Host).await.expect("greeted");
    // the endpoint's second connection opens a control stream and says half a hello
    let address = (
        hub.address
            .host
            .parse::<std::net::IpAddr>()
            .expect("an address"),
        hub.address.port,
    );
    let connecting = greeted
        .endpoint
        .connect(address.into(), "hub.invalid")
        .expect("begun");
    let connection = connecting.await.expect("a handshake");
    let (mut send, _recv) = connection.open_bi().await.expect("a stream");
    write_raw(&mut send, &[9, 0]).await;
    let closed = tokio::time::timeout(Duration::from_secs(15), connection.closed()).await;
    let reason = transport::CloseReason::from(&closed.expect("cut off in time"));
    let expected = transport::CloseReason::Refused(RefusalCode::TIMED_OUT.into());
    assert_eq!(reason, expected);
}

/// What a client says first and a hub answers that has no version in common with it, byte for byte: this
/// never changes, so that a program of any age is told in its own words.
#[tokio::test]
async fn p2_programs_of_the_past_and_of_the_future_get_a_clear_refusal() {
    let hub = TestHub::start();
    let greeted = hub.connect(Role::Host).await.expect("greeted");
    let address: std::net::IpAddr = hub.address.host.parse().expect("an address");
    // the versions from and to, and what the program is; 900 takes two bytes
    let programs: [(&str, &[u8]); 3] = [
        ("helpme 0.1.0 linux", &[1, 1, 1]),
        ("pure-help-desk 0.1.0 linux", &[1, 1, 0]),
        ("helpme 9.0.0 linux", &[0x84, 7, 0x84, 7, 1]),
    ];
    for (name, versions_and_role) in programs {
        let connecting = greeted
            .endpoint
            .connect((address, hub.address.port).into(), "hub.invalid");
        let connection = connecting.expect("begun").await.expect("a handshake");
        let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
        let length = u8::try_from(name.len()).expect("short");
        let hello = [versions_and_role, &[length], name.as_bytes()].concat();
        let frame_length = u32::try_from(hello.len()).expect("short").to_le_bytes();
        write_raw(&mut send, &[&frame_length, hello.as_slice()].concat()).await;
        let mut answer = vec![0; frame_length.len() + 5];
        recv.read_exact(&mut answer).await.expect("an answer");
        // the second kind of answer, the hub's versions from and to, the refusal's number, no wait
        let VersionRange { oldest, newest } = VersionRange::OURS;
        let [oldest, newest] =
            [oldest, newest].map(|version| u8::try_from(version.0).expect("small"));
        assert_eq!(answer[4..], [1, oldest, newest, 1, 0], "{name}");
    }
}

#[tokio::test]
async fn b2_an_operator_who_does_not_read_blocks_nobody() {
    let hub = TestHub::start();
    let mut witness = Witness::start(&hub).await;
    let mut stuck = hub.pair("bruno").await;
    let (session, _) = stuck.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = stuck.open(Lane::Screen, session).await;
    // more than every window and queue on the way holds: nobody reads them at the other end
    let flood = async {
        for seq in 1..=40 {
            let frame = screen_frame(seq, 2 << 20);
            try_send_tagged(&mut screen, &frame).await.expect("sent");
        }
    };
    let flooded = tokio::time::timeout(support::PATIENCE, flood).await;
    assert!(flooded.is_ok(), "not even the host");
    witness.check().await;
    // the stuck session still ends at once
    stuck.host.send(&HostToHub::EndSession { session }).await;
    let ended = |m| matches!(m, HubToOperator::SessionEnded { .. }).then_some(());
    stuck.operator.wait_for(ended).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused_in_words() {
    let hub = TestHub::start_with(&["--max-connections-per-address", "3"]);
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(hub.host().await);
    }
    let error = hub.connect(Role::Host).await.expect_err("no room");
    let transport::ConnectError::Refused(refusal) = error else {
        panic!("{error}");
    };
    assert_eq!(refusal.code, RefusalCode::FULL);
}
