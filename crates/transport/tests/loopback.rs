//! Hub and client over a real socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{
    ClientHello, HubHello, KeyProof, ProtocolVersion, RefusalCode, Role, TooOld, VersionRange,
};
use transport::client::{self, ConnectError, Greeted};
use transport::{
    BindError, CloseReason, Endpoint, Fingerprint, FramedReader, FramedWriter, HostSigner,
    HubAddress, HubIdentity, Routes, host_is_proved,
};

fn hub(data: &tempfile::TempDir) -> (Endpoint, HubIdentity, HubAddress) {
    let identity = HubIdentity::open_or_create(data.path()).expect("the folder is writable");
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let endpoint = transport::server::bind(any, &identity).expect("a free port");
    let port = endpoint.local_addr().expect("bound").port();
    (
        endpoint,
        identity,
        HubAddress {
            host: "127.0.0.1".to_owned(),
            port,
        },
    )
}

/// Greets one client with `answer` and keeps the connection until the client leaves.
fn greet_one(endpoint: Endpoint, answer: HubHello) -> tokio::task::JoinHandle<ClientHello> {
    tokio::spawn(async move {
        let connection = endpoint
            .accept()
            .await
            .expect("open")
            .await
            .expect("handshake");
        let (send, recv) = connection.accept_bi().await.expect("control stream");
        let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
        let hello = reader.read().await.expect("parses").expect("a hello");
        let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
        writer.write(&answer).await.expect("sent");
        connection.closed().await;
        hello
    })
}

/// A host that has come to the hub.
async fn greeted(address: &HubAddress, hub: &HubIdentity, routes: &Routes) -> Greeted {
    client::connect(address, hub.fingerprint(), Role::Host, "test 1", routes)
        .await
        .expect("greeted")
}

fn welcome() -> HubHello {
    HubHello::Welcome {
        version: VersionRange::OURS.newest,
        hub: "test".into(),
    }
}

#[tokio::test]
async fn a_client_that_knows_the_hub_is_greeted() {
    let data = tempfile::tempdir().expect("a folder");
    let (endpoint, identity, address) = hub(&data);
    let hub = greet_one(endpoint, welcome());
    let routes = Routes::default();
    let greeted = greeted(&address, &identity, &routes).await;
    transport::close::close(&greeted.connection);
    greeted.endpoint.wait_idle().await;
    assert_eq!(hub.await.expect("no panic").role, Role::Host);
}

#[tokio::test]
async fn e4_a_datagram_larger_than_any_from_a_stranger_ends_neither_end() {
    const ROUNDS: u32 = 20;
    let data = tempfile::tempdir().expect("a folder");
    let (endpoint, identity, address) = hub(&data);
    let hub_at = endpoint.local_addr().expect("bound");
    let hub = greet_one(endpoint, welcome());
    let routes = Routes::default();
    let greeted = greeted(&address, &identity, &routes).await;
    let port = greeted.endpoint.local_addr().expect("bound").port();
    let client_at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stranger = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let large = vec![0x40; 60_000];
    for _ in 0..ROUNDS {
        for at in [hub_at, client_at] {
            stranger.send_to(&large, at).expect("loopback");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // an end that hears nothing would not hear the goodbye
    assert_eq!(greeted.connection.close_reason(), None);
    let before = Instant::now();
    transport::close::close(&greeted.connection);
    let left = tokio::time::timeout(Duration::from_secs(3), hub).await;
    let hello = left.expect("the hub still hears").expect("no panic");
    assert_eq!(hello.role, Role::Host);
    greeted.endpoint.wait_idle().await;
    assert!(before.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn e2_a_hub_with_another_key_is_refused() {
    let (data, other) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("two"),
    );
    let (endpoint, _, address) = hub(&data);
    let accept = tokio::spawn(async move { endpoint.accept().await.expect("open").await.is_err() });
    let wrong = HubIdentity::open_or_create(other.path())
        .expect("writable")
        .fingerprint();
    let routes = Routes::default();
    let error = client::connect(&address, wrong, Role::Host, "test 1", &routes)
        .await
        .expect_err("foreign");
    assert!(matches!(error, ConnectError::ForeignKey), "{error}");
    assert!(
        accept.await.expect("no panic"),
        "the hub sees the refusal too"
    );
}

#[tokio::test]
async fn p2_a_hub_of_another_version_says_who_is_too_old() {
    for (version, expected) in [(1, TooOld::Hub), (900, TooOld::Program)] {
        let data = tempfile::tempdir().expect("a folder");
        let (endpoint, identity, address) = hub(&data);
        let version = ProtocolVersion(version);
        let refused = HubHello::Refused {
            versions: VersionRange {
                oldest: version,
                newest: version,
            },
            refusal: RefusalCode::VERSION_MISMATCH.into(),
        };
        let _hub = greet_one(endpoint, refused);
        let routes = Routes::default();
        let error = client::connect(
            &address,
            identity.fingerprint(),
            Role::Operator,
            "test 1",
            &routes,
        )
        .await
        .expect_err("refused");
        assert!(
            matches!(error, ConnectError::OtherVersion { too_old, .. } if too_old == expected),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_hubs_key_is_kept_and_private() {
    let data = tempfile::tempdir().expect("a folder");
    let first = HubIdentity::open_or_create(data.path())
        .expect("made")
        .fingerprint();
    let again = HubIdentity::open_or_create(data.path())
        .expect("read")
        .fingerprint();
    assert_eq!(first, again);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = std::fs::metadata(data.path().join("hub-key.pem")).expect("there");
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    let (endpoint, identity, _) = hub(&data);
    let taken = endpoint.local_addr().expect("bound");
    let error = transport::server::bind(taken, &identity).expect_err("taken");
    assert!(matches!(error, BindError::PortInUse { .. }), "{error}");
}

#[test]
fn r4_a_client_learns_soon_that_the_hub_was_killed_and_started_anew() {
    let data = tempfile::tempdir().expect("a folder");
    let killed = tokio::runtime::Runtime::new().expect("threads");
    let (address, identity, greeting) = killed.block_on(async {
        let (endpoint, identity, address) = hub(&data);
        (address, identity, greet_one(endpoint, welcome()))
    });
    let client = tokio::runtime::Runtime::new().expect("threads");
    let routes = Routes::default();
    let greeted = client.block_on(greeted(&address, &identity, &routes));
    // the sockets close and nothing is said, as after kill -9
    drop(greeting);
    killed.shutdown_timeout(Duration::from_secs(1));

    let since = Instant::now();
    let reason = client.block_on(async {
        let port = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port));
        let _again = transport::server::bind(port, &identity).expect("the port is free again");
        greeted.connection.closed().await
    });
    assert_eq!(CloseReason::from(&reason), CloseReason::Lost);
    let noticed = since.elapsed();
    assert!(noticed < Duration::from_secs(8), "after {noticed:?}");
}

#[tokio::test]
async fn a_stranger_has_one_stream_and_a_small_window_and_lanes_come_with_a_session() {
    let data = tempfile::tempdir().expect("a folder");
    let (endpoint, identity, address) = hub(&data);
    let (admit, admitted) = tokio::sync::oneshot::channel::<()>();
    let (start, in_session) = tokio::sync::oneshot::channel::<()>();
    let hub = tokio::spawn(async move {
        let incoming = endpoint.accept().await.expect("open");
        let connection = incoming.await.expect("handshake");
        let (send, recv) = connection.accept_bi().await.expect("control stream");
        let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
        let _hello: Option<ClientHello> = reader.read().await.expect("parses");
        let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
        writer.write(&welcome()).await.expect("sent");
        admitted.await.expect("told");
        transport::server::welcome(&connection);
        in_session.await.expect("told");
        transport::server::open_lanes(&connection);
        connection.closed().await;
    });
    let routes = Routes::default();
    let mut greeted = greeted(&address, &identity, &routes).await;
    let moment = Duration::from_millis(300);
    let opened = tokio::time::timeout(moment, greeted.connection.open_uni()).await;
    assert!(opened.is_err(), "a second stream");
    // nobody reads it at the other end
    let control = greeted.writer.stream_mut();
    let mut taken = 0;
    while let Ok(written) = tokio::time::timeout(moment, control.write(&[0; 1024])).await {
        taken += written.expect("open");
    }
    assert!(taken <= 16 * 1024, "{taken} bytes are on the way");
    admit.send(()).expect("there");
    let stream = tokio::time::timeout(moment * 10, greeted.connection.open_uni()).await;
    let mut stream = stream.expect("room for it").expect("open");
    let four_mib = vec![0; 4 << 20];
    let sent = tokio::time::timeout(moment * 30, stream.write_all(&four_mib)).await;
    sent.expect("room for it").expect("open");
    let mut open = vec![stream];
    while let Ok(stream) = tokio::time::timeout(moment, greeted.connection.open_uni()).await {
        open.push(stream.expect("open"));
    }
    assert!(open.len() < 8, "{} streams without a session", open.len());
    start.send(()).expect("there");
    for _ in 0..32 {
        let stream = tokio::time::timeout(moment * 10, greeted.connection.open_uni()).await;
        open.push(stream.expect("room for it").expect("open"));
    }
    greeted.connection.close(0_u32.into(), b"");
    hub.await.expect("no panic");
}

#[tokio::test]
async fn u2_a_hosts_proof_is_of_one_key_one_hub_and_one_connection() {
    let data = tempfile::tempdir().expect("a folder");
    let (endpoint, identity, address) = hub(&data);
    let pin = identity.fingerprint();
    let (mut clients, mut at_hub) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let accept = async {
            let incoming = endpoint.accept().await.expect("open");
            let connection = incoming.await.expect("handshake");
            let (send, _recv) = connection.accept_bi().await.expect("control stream");
            let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
            writer.write(&welcome()).await.expect("sent");
            (connection, writer)
        };
        let routes = Routes::default();
        let connect = client::connect(&address, pin, Role::Host, "test 1", &routes);
        let (accepted, greeted) = tokio::join!(accept, connect);
        at_hub.push(accepted);
        clients.push(greeted.expect("greeted"));
    }
    let signer = HostSigner::generate().expect("a key");
    let proof = signer.prove(&clients[0].connection, pin).expect("signed");
    let check =
        |at: usize, hub, key, proof: &KeyProof| host_is_proved(&at_hub[at].0, hub, key, proof);
    assert!(check(0, pin, signer.key(), &proof));
    assert!(!check(1, pin, signer.key(), &proof), "another connection");
    let other = HostSigner::generate().expect("a key");
    assert!(!check(0, pin, other.key(), &proof), "another key");
    let elsewhere = Fingerprint::from_bytes([1; 32]);
    assert!(!check(0, elsewhere, signer.key(), &proof), "another hub");
    let mut changed = proof;
    changed.0[1][31] ^= 1;
    assert!(!check(0, pin, signer.key(), &changed), "a changed proof");
    let kept = HostSigner::from_seed(signer.seed()).expect("a key");
    assert_eq!(kept.key(), signer.key());
}
