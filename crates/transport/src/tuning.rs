//! Windows, buffers and timers, as measured (ARCHITECTURE.md, "One protocol").

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use quinn::congestion::CubicConfig;
use quinn::{
    Connection, EndpointConfig, IdleTimeout, MtuDiscoveryConfig, ServerConfig, TransportConfig,
    VarInt,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use crate::last_words::LastWords;
use crate::tunnel::{DATAGRAM_BYTES, FirstInTunnel, USUAL_DATAGRAM_BYTES, UntilLeft};

/// After this long without a sign of life a connection counts as lost. The hub learns of a lost line only
/// by this, and until then the other end of a session types into nothing.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(6);
/// How often an idle connection shows that it lives; also keeps NAT mappings open, and lets a client tell
/// a dead line from a silent one (`reconnect::SILENCE`).
const KEEP_ALIVE: Duration = Duration::from_millis(1500);
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Largest datagram by UDP where a path carries more than the usual 1,452 bytes: ten of them, which quinn hands over
/// at once, are still one send of at most 65,507 bytes.
///
/// What a path carries quinn finds out by probes, which count as no loss where they are too large. MEASURED: on
/// loopback files go 1.4 times as fast as in usual datagrams.
const LARGEST_DATAGRAM_BYTES: u16 = 6_500;
/// What may wait in the kernel before TCP has sent it.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 << 10;
/// Lanes that a peer in a session may have open at once: a handful for each session ...
const LANES: u32 = 64;
/// ... and what a peer without one may have. QUIC keeps a place in memory for each.
const LANES_OUTSIDE: u32 = 4;

/// What a stranger may have on the way to the hub, in all its streams together. Flow control grants
/// more as the hub reads, so larger messages pass too.
const STRANGER_WINDOW_BYTES: u32 = 16 << 10;
/// A client opens its control stream, the hub none; all others go one way.
const CLIENTS_CONTROL: u32 = 1;
/// How long a caller may take to prove its address: also at a hub that is too busy to answer at once.
const RETRY_TOKEN_LIFETIME: Duration = Duration::from_mins(1);
/// First packets that may wait for the hub's decision; it is quick, so few ever do.
const MAX_INCOMING: usize = 1024;
/// What else may arrive for one of them meanwhile, and for all.
const INCOMING_BUFFER_BYTES: u64 = 16 << 10;
const INCOMING_BUFFERS_BYTES: u64 = 4 << 20;

/// The transport parameters of the clients' end. Segmentation offload is on by default and stays so: it
/// triples what a core can send.
pub(crate) fn transport() -> TransportConfig {
    let mut config = TransportConfig::default();
    let idle = IdleTimeout::try_from(IDLE_TIMEOUT).expect("seconds fit");
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(LARGEST_DATAGRAM_BYTES);
    config
        .mtu_discovery_config(Some(discovery))
        .congestion_controller_factory(Arc::new(LastWords::<CubicConfig>::default()))
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(u64::from(CONNECTION_WINDOW_BYTES))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(LANES))
        .datagram_receive_buffer_size(None);
    config
}

/// The transport parameters of the hub's end, for a peer of which nothing is known yet.
///
/// INVARIANT: what is small here is what [`welcome`] and [`open_lanes`] raise.
pub(crate) fn transport_for_strangers() -> TransportConfig {
    let mut config = transport();
    config
        .receive_window(VarInt::from_u32(STRANGER_WINDOW_BYTES))
        .send_window(u64::from(STRANGER_WINDOW_BYTES))
        .max_concurrent_bidi_streams(VarInt::from_u32(CLIENTS_CONTROL))
        .max_concurrent_uni_streams(VarInt::from_u32(0));
    config
}

/// Lets `connection`'s peer send as both ends are tuned to.
pub(crate) fn welcome(connection: &Connection) {
    connection.set_receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES));
    connection.set_send_window(u64::from(CONNECTION_WINDOW_BYTES));
    connection.set_max_concurrent_uni_streams(VarInt::from_u32(LANES_OUTSIDE));
}

/// Lets `connection`'s peer open the lanes of its sessions.
pub(crate) fn open_lanes(connection: &Connection) {
    connection.set_max_concurrent_uni_streams(VarInt::from_u32(LANES));
}

/// Keeps what waits for the hub's decision small.
pub(crate) fn limit_incoming(config: &mut ServerConfig) {
    config
        .max_incoming(MAX_INCOMING)
        .retry_token_lifetime(RETRY_TOKEN_LIFETIME)
        .incoming_buffer_size(INCOMING_BUFFER_BYTES)
        .incoming_buffer_size_total(INCOMING_BUFFERS_BYTES);
}

/// What a tunnel changes: TCP below cuts, repairs and paces, and tells nothing of it. At the hub's end, which
/// begins anew with a new path.
///
/// MEASURED: with usual datagrams a tunnel carries a third, and with a controller that takes a full
/// queue for a narrow line it stalls.
pub(crate) fn in_tunnel_at_hub(config: &mut TransportConfig) {
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(DATAGRAM_BYTES);
    config
        .mtu_discovery_config(Some(discovery))
        .congestion_controller_factory(Arc::new(LastWords::<FirstInTunnel>::default()));
}

/// The same at a program's end, until the connection `left` the tunnel. To quinn that end's path never
/// changes, so its datagrams are no larger than they can be outside.
///
/// MEASURED: where they are, and QUIC has to find out that they are lost, pictures stand still for 0.2 to 0.7 s.
pub(crate) fn in_tunnel_at_program(config: &mut TransportConfig, left: Arc<AtomicBool>) {
    config
        .initial_mtu(USUAL_DATAGRAM_BYTES)
        .mtu_discovery_config(None)
        .congestion_controller_factory(Arc::new(LastWords(Arc::new(UntilLeft(left)))));
}

/// Lets an endpoint take the datagrams of tunnels.
pub(crate) fn large_datagrams(config: &mut EndpointConfig) {
    let taken = config.max_udp_payload_size(DATAGRAM_BYTES);
    taken.expect("more than QUIC's least");
}

/// Lets an endpoint take what a path by UDP may carry.
pub(crate) fn datagrams_of_udp(config: &mut EndpointConfig) {
    let taken = config.max_udp_payload_size(LARGEST_DATAGRAM_BYTES);
    taken.expect("more than QUIC's least");
}

/// Sends on at once, and lets little wait in the kernel, where nothing urgent can overtake it.
pub fn tune_tcp(tcp: &TcpStream) {
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "Small packets may wait");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(tcp).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "Much may wait in the kernel");
    }
}

/// A UDP socket with large buffers; the kernel may grant less, which only costs speed.
pub(crate) fn socket(address: SocketAddr) -> std::io::Result<std::net::UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    for grow in [Socket::set_recv_buffer_size, Socket::set_send_buffer_size] {
        if let Err(error) = grow(&socket, SOCKET_BUFFER_BYTES) {
            tracing::debug!(%error, "Socket buffer not grown");
        }
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}
