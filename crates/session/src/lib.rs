//! State machines of a session, without I/O: tickets, the key exchange over a ticket's secret
//! digits, sealing of input, and what an operator may do.
//!
//! Time and randomness arrive as arguments.

pub mod exchange;
pub mod grant;
pub mod seal;
pub mod ticket;

pub use exchange::{ExchangeError, HostExchange, OperatorExchange, TicketKey};
pub use grant::Grant;
pub use seal::{OpenError, Opener, Sealer, SessionKeys};
pub use ticket::{TicketError, TicketNumber, TicketSecret};
