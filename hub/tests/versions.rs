//! Helpmes that were saved when the protocol was younger (H3, P2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{Lane, ProtocolVersion, Rights, ScreenFrame, VersionRange};
use support::caller::Caller;
use support::{Pair, Peer, TestHub, receive_tagged, screen_frame, send_tagged};
use transport::client::Greeted;
use transport::{FramedReader, FramedWriter, Route};

/// What each Helpme says first, byte for byte, with the length before it: the versions that it speaks from and to,
/// that it is a host, and its name. A new version of the protocol adds a line, and the hub's oldest takes one away.
const HELLOS: [(u8, &[u8]); 3] = [
    (3, b"\x16\0\0\0\x02\x03\x01\x12helpme 0.1.0 linux"),
    (4, b"\x16\0\0\0\x02\x04\x01\x12helpme 0.1.0 linux"),
    (5, b"\x16\0\0\0\x03\x05\x01\x12helpme 0.1.0 linux"),
];

/// A host that said `hello`, and was answered that `version` is spoken.
async fn host(caller: &Caller, hub: &TestHub, version: u8, hello: &[u8]) -> Peer {
    let connection = caller.dial(hub).await.expect("a handshake");
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    send.write_all(hello).await.expect("sent");
    let name = concat!("hub ", env!("CARGO_PKG_VERSION"));
    let mut expected = vec![0, version, u8::try_from(name.len()).expect("short")];
    expected.extend(name.as_bytes());
    let length = u32::try_from(expected.len()).expect("short");
    let expected = [length.to_le_bytes().as_slice(), &expected].concat();
    let mut answer = vec![0; expected.len()];
    recv.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer, expected, "version {version}");
    Peer::new(Greeted {
        endpoint: caller.endpoint(),
        connection,
        reader: FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES),
        writer: FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES),
        version: ProtocolVersion(version.into()),
        route: Route::Udp,
    })
}

/// Messages have the bytes that they always had (`protocol/tests/golden.rs`), so what is open is which version the hub
/// takes the caller for, and whether it goes on with it.
#[tokio::test]
async fn p2_a_helpme_of_each_version_that_is_kept_is_helped_by_a_console_of_today() {
    let VersionRange { oldest, newest } = VersionRange::OURS;
    let kept: Vec<u16> = (oldest.0..=newest.0).collect();
    assert_eq!(HELLOS.map(|(version, _)| u16::from(version)), kept[..]);
    let hub = TestHub::start();
    let caller = Caller::at([0, 0, 7]);
    let mut operator = hub.operator("anna").await;
    for (version, hello) in HELLOS {
        let ticket = operator.generate_ticket().await;
        let host = host(&caller, &hub, version, hello).await;
        let mut pair = Pair::meet(operator, host, &ticket).await;
        let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
        let mut screen = pair.open(Lane::Screen, session).await;
        let frame = screen_frame(1, 1000);
        send_tagged(&mut screen, &frame).await;
        let (_, mut seen) = pair.operator.accept_stream().await;
        let seen: ScreenFrame = receive_tagged(&mut seen).await.expect("a picture");
        assert_eq!(seen, frame, "version {version}");
        operator = hub.operator("anna").await;
    }
}
