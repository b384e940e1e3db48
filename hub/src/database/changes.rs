//! What happens at the desk, as changes to the data base with their audit rows (D4).

use protocol::{EndedBy, Rights, SessionId, TicketRoute, TicketState};
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::accounts::AccountId;
use super::sessions::{ended_by_number, ended_by_word};
use super::tickets::state_number;
use super::{Database, DatabaseError, audit};

/// One change and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// A name for the audit log.
    pub(crate) actor: String,
    pub(crate) what: What,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    LoggedOut,
    TicketCreated {
        route: TicketRoute,
        owner: AccountId,
        expires_unix_millis: i64,
    },
    /// The ticket that was open is so no longer.
    TicketClosed {
        route: TicketRoute,
        state: TicketState,
    },
    /// Somebody typed the right route and the wrong secret.
    WrongSecret {
        route: TicketRoute,
        wrong_secrets: u32,
    },
    ConsentAsked {
        session: SessionId,
        owner: AccountId,
        operator: String,
        host: String,
        requester: String,
        ticket: TicketRoute,
        asked: Rights,
    },
    /// There will be no session.
    ConsentRefused {
        session: SessionId,
        reason: &'static str,
    },
    /// The user agreed and the film is open: a session with its film and an empty report.
    SessionStarted {
        session: SessionId,
        started_unix_millis: i64,
        film: String,
        granted: Rights,
    },
    RightsReduced {
        session: SessionId,
        rights: Rights,
    },
    SessionEnded {
        session: SessionId,
        ended_unix_millis: i64,
        by: EndedBy,
    },
    FilmClosed {
        session: SessionId,
        bytes: u64,
        head: [u8; 32],
    },
    FilmFailed {
        session: SessionId,
    },
}

impl Database {
    /// Makes all `changes`, or none.
    pub(crate) fn apply(&mut self, now: i64, changes: &[Change]) -> Result<(), DatabaseError> {
        self.transaction(|t| {
            for change in changes {
                make(t, now, &change.what)?;
                let (action, detail) = change.what.describe();
                audit::append(t, now, &change.actor, action, &detail)?;
            }
            Ok(())
        })
    }
}

fn make(t: &Transaction<'_>, now: i64, what: &What) -> Result<(), DatabaseError> {
    match what {
        What::LoggedOut | What::RightsReduced { .. } | What::FilmFailed { .. } => {}
        What::TicketCreated {
            route,
            owner,
            expires_unix_millis,
        } => {
            t.execute(
                "INSERT INTO ticket (route, operator, state, created_at, expires_at) \
                 VALUES (?1, ?2, 0, ?3, ?4)",
                (route.get(), owner.0, now, expires_unix_millis),
            )?;
        }
        What::TicketClosed { route, state } => {
            t.execute(
                "UPDATE ticket SET state = ?2 WHERE route = ?1 AND state = 0",
                (route.get(), state_number(*state)),
            )?;
        }
        What::WrongSecret {
            route,
            wrong_secrets,
        } => {
            t.execute(
                "UPDATE ticket SET wrong_secrets = ?2 WHERE route = ?1 AND state = 0",
                (route.get(), wrong_secrets),
            )?;
        }
        What::ConsentAsked {
            session,
            owner,
            operator,
            host,
            requester,
            ticket,
            asked: _,
        } => {
            t.execute(
                "INSERT INTO session (id, operator, operator_name, host, requester, ticket, \
                 state, asked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
                (
                    session.0.cast_signed(),
                    owner.0,
                    operator,
                    host,
                    requester,
                    ticket.get(),
                    now,
                ),
            )?;
        }
        What::ConsentRefused { session, reason: _ } => {
            t.execute(
                "UPDATE session SET state = 3, ended_at = ?2 WHERE id = ?1",
                (session.0.cast_signed(), now),
            )?;
        }
        What::SessionStarted {
            session,
            started_unix_millis,
            film,
            granted: _,
        } => {
            let session = session.0.cast_signed();
            t.execute(
                "UPDATE session SET state = 1, started_at = ?2, film = ?3 WHERE id = ?1",
                (session, started_unix_millis, film),
            )?;
            t.execute(
                "INSERT INTO report (session, saved_at) VALUES (?1, ?2)",
                (session, now),
            )?;
        }
        What::SessionEnded {
            session,
            ended_unix_millis,
            by,
        } => {
            t.execute(
                "UPDATE session SET state = 2, ended_at = ?2, ended_by = ?3 WHERE id = ?1",
                (
                    session.0.cast_signed(),
                    ended_unix_millis,
                    ended_by_number(*by),
                ),
            )?;
        }
        What::FilmClosed {
            session,
            bytes,
            head,
        } => {
            t.execute(
                "UPDATE session SET film_bytes = ?2, film_head = ?3 WHERE id = ?1",
                (session.0.cast_signed(), bytes.cast_signed(), head),
            )?;
        }
    }
    Ok(())
}

impl What {
    /// What happened and its details, for the audit log and for the hub's own.
    pub(crate) fn describe(&self) -> (&'static str, Value) {
        match self {
            Self::LoggedOut => ("log_out", json!({})),
            Self::TicketCreated { route, .. } => {
                ("ticket.created", json!({ "route": route.to_string() }))
            }
            Self::TicketClosed { route, state } => {
                let action = match state {
                    TicketState::Open => "ticket.open",
                    TicketState::Used => "ticket.used",
                    TicketState::Expired => "ticket.expired",
                    TicketState::Revoked => "ticket.revoked",
                    TicketState::Burnt => "ticket.burnt",
                };
                (action, json!({ "route": route.to_string() }))
            }
            Self::WrongSecret {
                route,
                wrong_secrets,
            } => {
                let detail = json!({ "route": route.to_string(), "wrong_secrets": wrong_secrets });
                ("ticket.wrong_secret", detail)
            }
            Self::ConsentAsked {
                session,
                host,
                asked,
                ..
            } => {
                let detail = json!({ "session": session.0, "host": host, "asked": words(*asked) });
                ("consent.asked", detail)
            }
            Self::ConsentRefused { session, reason } => {
                let detail = json!({ "session": session.0, "reason": reason });
                ("consent.refused", detail)
            }
            Self::SessionStarted {
                session, granted, ..
            } => {
                let detail = json!({ "session": session.0, "granted": words(*granted) });
                ("session.started", detail)
            }
            Self::RightsReduced { session, rights } => {
                let detail = json!({ "session": session.0, "rights": words(*rights) });
                ("session.rights_reduced", detail)
            }
            Self::SessionEnded { session, by, .. } => {
                let detail = json!({ "session": session.0, "by": ended_by_word(*by) });
                ("session.ended", detail)
            }
            Self::FilmClosed {
                session,
                bytes,
                head,
            } => {
                let head = recording::ChainHead(*head).to_string();
                let detail = json!({ "session": session.0, "bytes": bytes, "head": head });
                ("film.closed", detail)
            }
            Self::FilmFailed { session } => ("film.failed", json!({ "session": session.0 })),
        }
    }
}

/// The rights in a word or three, as the log shows them.
fn words(rights: Rights) -> String {
    let words = [
        (rights.see, "see"),
        (rights.control, "control"),
        (rights.files, "files"),
    ];
    let words: Vec<&str> = words.iter().filter(|w| w.0).map(|w| w.1).collect();
    words.join("+")
}
