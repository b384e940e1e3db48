//! Tickets as they outlive the hub's process (H1).

use protocol::{TicketRoute, TicketState};

use super::AccountId;

/// A ticket as it stands in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTicket {
    pub route: TicketRoute,
    pub owner: AccountId,
    pub state: TicketState,
    pub wrong_secrets: u32,
    pub expires_unix_millis: i64,
}
