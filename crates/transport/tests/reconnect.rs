//! Coming back over real sockets (R4).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::{ClientHello, HubHello, Refusal, RefusalCode, Role, VersionRange};
use transport::client::ConnectError;
use transport::reconnect::{self, SILENCE};
use transport::{
    CloseReason, Connection, Endpoint, FramedReader, FramedWriter, HubAddress, HubIdentity, Routes,
};

const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Hub {
    endpoint: Endpoint,
    identity: HubIdentity,
    _folder: tempfile::TempDir,
}

impl Hub {
    fn listen(on: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = HubIdentity::open_or_create(folder.path()).expect("writable");
        let endpoint = transport::server::bind(on, &identity).expect("a free port");
        Self {
            endpoint,
            identity,
            _folder: folder,
        }
    }

    fn address(&self) -> HubAddress {
        address(self.endpoint.local_addr().expect("bound"))
    }

    /// Takes a client's connection without a word.
    async fn take(&self) -> Connection {
        let incoming = self.endpoint.accept().await.expect("open");
        incoming.await.expect("a handshake")
    }

    /// Takes a client and answers its hello.
    async fn greet(&self, answer: HubHello) -> (Connection, FramedWriter) {
        let connection = self.take().await;
        let (send, recv) = connection.accept_bi().await.expect("control stream");
        let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
        let _hello: ClientHello = reader.read().await.expect("parses").expect("a hello");
        let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
        writer.write(&answer).await.expect("sent");
        (connection, writer)
    }
}

fn address(of: SocketAddr) -> HubAddress {
    HubAddress {
        host: "127.0.0.1".to_owned(),
        port: of.port(),
    }
}

fn welcome() -> HubHello {
    HubHello::Welcome {
        version: VersionRange::OURS.newest,
        hub: "test".into(),
    }
}

#[tokio::test]
async fn a_hub_that_is_down_is_reached_when_it_is_up_again() {
    let first = Hub::listen(LOCAL);
    let on = first.endpoint.local_addr().expect("bound");
    let address = address(on);
    drop(first);
    let identity = tempfile::tempdir().expect("a folder");
    let pin = HubIdentity::open_or_create(identity.path()).expect("writable");
    let hub = async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let identity = HubIdentity::open_or_create(identity.path()).expect("writable");
        let endpoint = transport::server::bind(on, &identity).expect("a free port");
        let hub = Hub {
            endpoint,
            identity,
            _folder: tempfile::tempdir().expect("a folder"),
        };
        let greeted = hub.greet(welcome()).await;
        (hub, greeted, Instant::now())
    };
    let routes = Routes::default();
    let coming =
        reconnect::connect_until_it_works(&address, pin.fingerprint(), Role::Host, "t", &routes);
    let (came, _hub) = tokio::join!(coming, hub);
    came.expect("reached");
}

#[tokio::test]
async fn a_try_that_hangs_does_not_hold_up_the_next() {
    let hub = Hub::listen(LOCAL);
    let (address, pin) = (hub.address(), hub.identity.fingerprint());
    let serving = async {
        let swallowed = hub.take().await;
        (swallowed, hub.greet(welcome()).await)
    };
    let started = Instant::now();
    let routes = Routes::default();
    let coming = reconnect::connect_until_it_works(&address, pin, Role::Host, "t", &routes);
    let (came, _serving) = tokio::join!(coming, serving);
    came.expect("the second try is answered");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_foreign_key_and_a_foreign_version_are_not_tried_again() {
    let (hub, other) = (Hub::listen(LOCAL), Hub::listen(LOCAL));
    let (address, pin) = (hub.address(), other.identity.fingerprint());
    let serving = async { hub.endpoint.accept().await.expect("open").await.is_err() };
    let routes = Routes::default();
    let coming = reconnect::connect_until_it_works(&address, pin, Role::Host, "t", &routes);
    let (came, refused) = tokio::join!(coming, serving);
    assert!(refused);
    assert!(matches!(came, Err(ConnectError::ForeignKey)), "{came:?}");

    let pin = hub.identity.fingerprint();
    let refusal = Refusal::new(RefusalCode::VERSION_MISMATCH);
    let versions = VersionRange::OURS;
    let serving = hub.greet(HubHello::Refused { refusal, versions });
    let routes = Routes::default();
    let coming = reconnect::connect_until_it_works(&address, pin, Role::Host, "t", &routes);
    let (came, _serving) = tokio::join!(coming, serving);
    assert!(
        matches!(came, Err(ConnectError::OtherVersion { .. })),
        "{came:?}"
    );
}

/// Carries datagrams between one client and `hub` until the line is cut, towards the hub or back.
fn line_to(hub: SocketAddr) -> (SocketAddr, [Arc<AtomicBool>; 2]) {
    let front = UdpSocket::bind(LOCAL).expect("a port");
    let back = UdpSocket::bind(LOCAL).expect("a port");
    back.connect(hub).expect("an address");
    let address = front.local_addr().expect("bound");
    let cuts = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let [there, back_again] = cuts.clone();
    let (front_too, back_too) = (
        front.try_clone().expect("a socket"),
        back.try_clone().expect("a socket"),
    );
    let client = Arc::new(std::sync::OnceLock::new());
    let known = Arc::clone(&client);
    std::thread::spawn(move || {
        let mut datagram = vec![0; 65_536];
        while let Ok((len, from)) = front.recv_from(&mut datagram) {
            known.get_or_init(|| from);
            if !there.load(Ordering::Relaxed) {
                back.send(&datagram[..len]).expect("loopback");
            }
        }
    });
    std::thread::spawn(move || {
        let mut datagram = vec![0; 65_536];
        while let Ok(len) = back_too.recv(&mut datagram) {
            if let Some(client) = client.get().filter(|_| !back_again.load(Ordering::Relaxed)) {
                front_too
                    .send_to(&datagram[..len], client)
                    .expect("loopback");
            }
        }
    });
    (address, cuts)
}

#[tokio::test]
async fn whoever_closes_is_heard_however_much_is_on_the_way() {
    let hub = Hub::listen(LOCAL);
    let (through, cuts) = line_to(hub.endpoint.local_addr().expect("bound"));
    let (through, pin) = (address(through), hub.identity.fingerprint());
    let routes = Routes::default();
    let coming = transport::client::connect(&through, pin, Role::Host, "t", &routes);
    let (came, (at_the_hub, _writer)) = tokio::join!(coming, hub.greet(welcome()));
    let greeted = came.expect("reached");
    // nothing is acknowledged from here on, so what is sent stays on the way
    cuts[0].store(true, Ordering::Relaxed);
    let mut lane = at_the_hub.open_uni().await.expect("a stream");
    let much = vec![0; 1 << 20];
    let full = tokio::time::timeout(Duration::from_millis(200), lane.write_all(&much));
    assert!(full.await.is_err(), "more fits than can be on the way");
    transport::close::close(&at_the_hub);
    let heard = tokio::time::timeout(Duration::from_millis(500), greeted.connection.closed());
    let reason = heard.await.expect("heard at once");
    assert_eq!(CloseReason::from(&reason), CloseReason::GoodOrder);
}

#[tokio::test]
async fn an_idle_line_is_told_from_a_dead_one() {
    let hub = Hub::listen(LOCAL);
    let (through, cuts) = line_to(hub.endpoint.local_addr().expect("bound"));
    let (through, pin) = (address(through), hub.identity.fingerprint());
    let routes = Routes::default();
    let coming = transport::client::connect(&through, pin, Role::Host, "t", &routes);
    let (came, (at_the_hub, _writer)) = tokio::join!(coming, hub.greet(welcome()));
    let greeted = came.expect("reached");
    let idle = tokio::time::timeout(SILENCE * 2, reconnect::silent(&greeted.connection));
    assert!(idle.await.is_err(), "nothing is said, and the line stands");
    for cut in cuts {
        cut.store(true, Ordering::Relaxed);
    }
    let cut = Instant::now();
    reconnect::silent(&greeted.connection).await;
    let found = cut.elapsed();
    assert!(found > SILENCE / 4 * 3, "{found:?}");
    assert!(found < SILENCE * 2, "{found:?}");
    // the other end of a session waits for the hub to notice
    at_the_hub.closed().await;
    let found = cut.elapsed();
    assert!(found < SILENCE * 3, "the hub noticed after {found:?}");
}

#[tokio::test]
async fn a_line_that_only_brings_is_dead_too() {
    let hub = Hub::listen(LOCAL);
    let (through, [there, _back]) = line_to(hub.endpoint.local_addr().expect("bound"));
    let (through, pin) = (address(through), hub.identity.fingerprint());
    let routes = Routes::default();
    let coming = transport::client::connect(&through, pin, Role::Host, "t", &routes);
    let (came, (at_the_hub, mut hubs_writer)) = tokio::join!(coming, hub.greet(welcome()));
    let greeted = came.expect("reached");
    transport::server::welcome(&at_the_hub);
    let mut stream = greeted.connection.open_uni().await.expect("a stream");
    there.store(true, Ordering::Relaxed);
    let cut = Instant::now();
    stream.write_all(b"a key").await.expect("queued");
    let talking = async {
        loop {
            // whatever the hub says: it arrives, and the answer does not
            hubs_writer.write(&welcome()).await.expect("queued");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        () = reconnect::silent(&greeted.connection) => {}
        () = talking => {}
    }
    let found = cut.elapsed();
    assert!(found > SILENCE / 4 * 3, "{found:?}");
    assert!(found < SILENCE / 2 * 3, "{found:?}");
}
