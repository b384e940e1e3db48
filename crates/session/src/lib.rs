//! State machines of a session, without I/O: tickets, the key exchange over a ticket's secret
//! digits or a host's access password, sealing of input, and what an operator may do.
//!
//! Time and randomness arrive as arguments.

pub mod access;
pub mod authority;
pub mod channel;
mod chat;
pub mod console;
pub mod directory;
pub mod exchange;
pub mod grant;
pub mod host;
pub mod seal;
pub mod throttle;
pub mod ticket;

pub use access::{AccessError, AccessRecord, ConsoleKnock, HostKnock};
pub use channel::{Channel, ChannelError, Ends, LaneKeys, Opening, PictureKey};
pub use exchange::{ExchangeError, HostExchange, OperatorExchange, PairKey};
pub use grant::Grant;
pub use seal::{Cipher, OpenError, Opener, Sealer};
pub use ticket::{TicketError, TicketNumber, TicketSecret};
