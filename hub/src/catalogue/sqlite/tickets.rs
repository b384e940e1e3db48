//! Tickets as rows.

use protocol::{TicketRoute, TicketState};
use rusqlite::Connection;

use ::session::directory::records::StoredTicket;

use crate::catalogue::{AccountId, CatalogueError};

// INVARIANT: these numbers stand in data bases.
pub(super) fn state_number(state: TicketState) -> i64 {
    match state {
        TicketState::Open => 0,
        TicketState::Used => 1,
        TicketState::Expired => 2,
        TicketState::Revoked => 3,
        TicketState::Burnt => 4,
    }
}

fn state_from_number(number: i64) -> Option<TicketState> {
    [
        TicketState::Open,
        TicketState::Used,
        TicketState::Expired,
        TicketState::Revoked,
        TicketState::Burnt,
    ]
    .into_iter()
    .find(|state| state_number(*state) == number)
}

pub(super) fn recent(
    connection: &Connection,
    since_unix_millis: i64,
) -> Result<Vec<StoredTicket>, CatalogueError> {
    let mut statement = connection.prepare(
        "SELECT route, operator, state, wrong_secrets, expires_at FROM ticket \
         WHERE id IN (SELECT max(id) FROM ticket WHERE expires_at > ?1 OR state = 0 \
                      GROUP BY route)",
    )?;
    let mut rows = statement.query([since_unix_millis])?;
    let mut tickets = Vec::new();
    while let Some(row) = rows.next()? {
        let route = TicketRoute::new(row.get(0)?);
        let state = state_from_number(row.get(2)?);
        if let (Some(route), Some(state)) = (route, state) {
            tickets.push(StoredTicket {
                route,
                owner: AccountId(row.get(1)?),
                state,
                wrong_secrets: row.get(3)?,
                expires_unix_millis: row.get(4)?,
            });
        }
    }
    Ok(tickets)
}
