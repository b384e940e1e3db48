//! QUIC between the programs and the hub: endpoints, the hub's identity and its pinning, framed
//! messages on streams, and clean reasons for closing.
//!
//! Nothing above this crate knows how the datagrams travel.

pub mod client;
pub mod close;
pub mod doctor;
pub mod framed;
pub mod host_key;
pub mod hub_block;
pub mod identity;
mod last_words;
pub mod line;
pub mod pin;
mod plain_udp;
mod proxy;
pub mod receipt;
pub mod reconnect;
pub mod routes;
pub mod server;
mod signature;
mod tuning;
pub mod tunnel;

pub use client::ConnectError;
pub use close::CloseReason;
pub use doctor::Doctor;
pub use framed::{FramedReader, FramedWriter, ReadError, WriteError};
pub use host_key::{HostKeyError, HostSigner, host_is_proved};
pub use identity::{Fingerprint, HubIdentity, IdentityError};
pub use pin::Pin;
pub use protocol::{AddressFault, CertificateFault, HubAddress, ProxyError, WrittenAddress};
pub use quinn::{Connection, Endpoint, RecvStream, SendStream};
pub use routes::{AskSystem, ProxyChoice, Route, Routes};
pub use server::BindError;
pub use signature::{SignatureError, verify_signature};
