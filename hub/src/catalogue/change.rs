//! What happens at the desk and to its accounts, as changes that are stored with an audit row (D4).

use std::net::IpAddr;

use protocol::{EndedBy, ReportDraft, ReportId, Rights, SessionId, TicketRoute, TicketState};
use serde_json::{Value, json};

use super::{AccountId, NewAccount, PasswordHash, ended_by_word};

/// One change and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A name for the audit log.
    pub actor: String,
    pub what: What,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    HubStarted {
        version: &'static str,
    },
    HubStopped,
    LoggedIn {
        address: IpAddr,
    },
    LogInRefused {
        address: IpAddr,
    },
    LoggedOut,
    AccountAdded(NewAccount),
    PasswordSet {
        name: String,
        hash: PasswordHash,
    },
    /// Nobody can log in with it any more. A running hub cuts its operator off within seconds.
    AccountDisabled {
        name: String,
    },
    AccountEnabled {
        name: String,
    },
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
    /// The operator wrote a report that was not finished.
    ReportSaved {
        report: ReportId,
        draft: ReportDraft,
        finished: bool,
    },
    /// Somebody made a video file of the session's film.
    FilmExported {
        session: SessionId,
    },
}

/// Changes that belong together, and when they happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub at_unix_millis: i64,
    pub changes: Vec<Change>,
}

impl Change {
    /// What the hub itself did.
    pub fn by_hub(what: What) -> Self {
        let actor = "hub".to_owned();
        Self { actor, what }
    }

    /// As a batch of its own.
    pub fn at(self, unix_millis: i64) -> Batch {
        Batch {
            at_unix_millis: unix_millis,
            changes: vec![self],
        }
    }
}

impl What {
    /// What happened and its details, for the audit log and for the hub's own.
    pub(crate) fn describe(&self) -> (&'static str, Value) {
        match self {
            Self::HubStarted { version } => ("hub.started", json!({ "version": version })),
            Self::HubStopped => ("hub.stopped", json!({})),
            Self::LoggedIn { address } => ("log_in", json!({ "address": address.to_string() })),
            Self::LogInRefused { address } => {
                let detail = json!({ "address": address.to_string() });
                ("log_in.refused", detail)
            }
            Self::LoggedOut => ("log_out", json!({})),
            Self::AccountAdded(new) => {
                let detail = json!({ "name": new.name, "administrator": new.administrator });
                ("account.added", detail)
            }
            Self::PasswordSet { name, hash: _ } => ("account.password", json!({ "name": name })),
            Self::AccountDisabled { name } => ("account.disabled", json!({ "name": name })),
            Self::AccountEnabled { name } => ("account.enabled", json!({ "name": name })),
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
            Self::ReportSaved {
                report,
                draft: _,
                finished,
            } => {
                let action = if *finished {
                    "report.finished"
                } else {
                    "report.saved"
                };
                (action, json!({ "report": report.0 }))
            }
            Self::FilmExported { session } => ("film.exported", json!({ "session": session.0 })),
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
