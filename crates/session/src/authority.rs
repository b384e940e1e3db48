//! Who may do what at the hub: every question of permission is answered by [`may`].
//!
//! It is pure: whoever asks brings what is known of the account and of the thing, and nothing here
//! knows where that is kept. What the user of a host has granted in a session is another matter:
//! [`protocol::lanes`] says which right each stream needs.

use protocol::PeerId;

use crate::directory::records::AccountId;

/// Who wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// An operator, over the network.
    Account(Standing),
    /// A host that has its place, over the network.
    Host(PeerId),
    /// Somebody at the hub's own command line, who can read its files anyway.
    CommandLine,
}

/// What decides about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub id: AccountId,
    pub administrator: bool,
    pub disabled: bool,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    LogIn,
    MakeTicket,
    RevokeTicket,
    /// Take part in the exchange over a ticket that a host typed.
    AnswerTicket,
    AskForSession,
    EndSession,
    /// Greet a host, and send it words.
    SpeakToHost,
    DisconnectHost,
    /// Say yes, no or less for the user of a host, and what became of input.
    SpeakForUser,
    SaveReport,
    /// List one's own unfinished reports.
    ListDrafts,
    /// Read the reports of everybody.
    ListReports,
    ReadFilm,
    /// Take reports out of the hub as files.
    Export,
    ReadAudit,
    /// See what goes on now, end sessions and send peers away.
    Oversee,
    /// Make, close and open accounts, and set their passwords.
    Administer,
}

/// What it is to be done to, with what decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// The hub as a whole.
    Hub,
    Ticket {
        owner: AccountId,
    },
    /// A host that came with a ticket of `owner`.
    Host {
        owner: AccountId,
    },
    /// A session of the operator `owner` with `host`.
    Session {
        owner: AccountId,
        host: PeerId,
    },
    Report {
        owner: AccountId,
        finished: bool,
    },
    /// The drafts of `owner`.
    Drafts {
        owner: AccountId,
    },
    Film,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the account is closed")]
    Disabled,
    #[error("it belongs to somebody else")]
    NotTheirs,
    #[error("the report is finished")]
    Finished,
    #[error("only an administrator may")]
    NotAdministrator,
    /// The caller's mistake, or a peer's nonsense; it is denied to everybody.
    #[error("this cannot be done to that")]
    NoSense,
}

impl Who {
    /// The operator who is logged in with the account `id`; a closed one would have been dismissed.
    pub fn operator(id: AccountId) -> Self {
        Self::Account(Standing {
            id,
            administrator: false,
            disabled: false,
        })
    }
}

/// Whether `who` may do `action` to `object`.
///
/// Administrators have no more rights over the desk than others: what an operator's users show is
/// for that operator. Films, reports, accounts and the audit log are theirs.
///
/// # Errors
///
/// [`Denied`] says why not.
pub fn may(who: Who, action: Action, object: Object) -> Result<(), Denied> {
    match who {
        Who::CommandLine => may_here(action, object),
        Who::Host(host) => may_as_host(host, action, object),
        Who::Account(standing) if standing.disabled => Err(Denied::Disabled),
        Who::Account(standing) => may_as_operator(standing, action, object),
    }
}

fn may_here(action: Action, object: Object) -> Result<(), Denied> {
    match (action, object) {
        (Action::ReadFilm, Object::Film)
        | (
            Action::ListReports | Action::Export | Action::ReadAudit | Action::Administer,
            Object::Hub,
        ) => Ok(()),
        _ => Err(Denied::NoSense),
    }
}

fn may_as_host(id: PeerId, action: Action, object: Object) -> Result<(), Denied> {
    match (action, object) {
        (Action::EndSession | Action::SpeakForUser, Object::Session { host, .. }) if host == id => {
            Ok(())
        }
        (Action::EndSession | Action::SpeakForUser, Object::Session { .. }) => {
            Err(Denied::NotTheirs)
        }
        _ => Err(Denied::NoSense),
    }
}

fn may_as_operator(standing: Standing, action: Action, object: Object) -> Result<(), Denied> {
    match (action, object) {
        (Action::LogIn | Action::MakeTicket, Object::Hub) => Ok(()),
        (Action::RevokeTicket | Action::AnswerTicket, Object::Ticket { owner })
        | (
            Action::AskForSession | Action::SpeakToHost | Action::DisconnectHost,
            Object::Host { owner },
        )
        | (Action::EndSession, Object::Session { owner, .. })
        | (Action::ListDrafts, Object::Drafts { owner }) => theirs(standing, owner),
        (Action::SaveReport, Object::Report { owner, finished }) => {
            theirs(standing, owner)?;
            if finished {
                return Err(Denied::Finished);
            }
            Ok(())
        }
        (
            Action::ListReports
            | Action::Export
            | Action::ReadAudit
            | Action::Administer
            | Action::Oversee,
            Object::Hub,
        )
        | (Action::ReadFilm, Object::Film) => {
            if standing.administrator {
                Ok(())
            } else {
                Err(Denied::NotAdministrator)
            }
        }
        _ => Err(Denied::NoSense),
    }
}

fn theirs(standing: Standing, owner: AccountId) -> Result<(), Denied> {
    if standing.id == owner {
        Ok(())
    } else {
        Err(Denied::NotTheirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: AccountId = AccountId(1);
    const BRUNO: AccountId = AccountId(2);

    const HOST: PeerId = PeerId([1; 16]);
    const OTHER_HOST: PeerId = PeerId([2; 16]);

    const ACTIONS: [Action; 16] = [
        Action::LogIn,
        Action::MakeTicket,
        Action::RevokeTicket,
        Action::AnswerTicket,
        Action::AskForSession,
        Action::EndSession,
        Action::SpeakToHost,
        Action::DisconnectHost,
        Action::SaveReport,
        Action::ListDrafts,
        Action::SpeakForUser,
        Action::ListReports,
        Action::ReadFilm,
        Action::Export,
        Action::ReadAudit,
        Action::Administer,
    ];

    fn objects(owner: AccountId) -> [Object; 8] {
        [
            Object::Hub,
            Object::Ticket { owner },
            Object::Host { owner },
            Object::Session { owner, host: HOST },
            Object::Report {
                owner,
                finished: false,
            },
            Object::Report {
                owner,
                finished: true,
            },
            Object::Drafts { owner },
            Object::Film,
        ]
    }

    /// What of everything `who` may do to what belongs to `owner`.
    fn allowed(who: Who, owner: AccountId) -> Vec<Action> {
        let may_it = |action: &Action| {
            let mut objects = objects(owner).into_iter();
            objects.any(|object| may(who, *action, object).is_ok())
        };
        ACTIONS.into_iter().filter(may_it).collect()
    }

    fn operator(id: AccountId) -> Standing {
        Standing {
            id,
            administrator: false,
            disabled: false,
        }
    }

    #[test]
    fn an_operator_may_work_with_what_is_theirs_alone() {
        let anna = Who::Account(operator(ANNA));
        assert_eq!(allowed(anna, ANNA), ACTIONS[..10]);
        assert_eq!(allowed(anna, BRUNO), [Action::LogIn, Action::MakeTicket]);
        let others = Object::Host { owner: BRUNO };
        let denied = may(anna, Action::SpeakToHost, others);
        assert_eq!(denied, Err(Denied::NotTheirs));
    }

    #[test]
    fn a_host_speaks_for_its_own_user_alone() {
        let allowed_to = |host| allowed(Who::Host(host), ANNA);
        assert_eq!(allowed_to(HOST), [Action::EndSession, Action::SpeakForUser]);
        assert_eq!(allowed_to(OTHER_HOST), []);
    }

    #[test]
    fn an_administrator_sees_no_more_of_the_desk_than_others() {
        let mut standing = operator(ANNA);
        standing.administrator = true;
        let who = Who::Account(standing);
        let mut expected = vec![Action::LogIn, Action::MakeTicket];
        expected.extend(&ACTIONS[11..]);
        assert_eq!(allowed(who, BRUNO), expected);
        let operator = Who::Account(operator(ANNA));
        let denied = may(operator, Action::Administer, Object::Hub);
        assert_eq!(denied, Err(Denied::NotAdministrator));
    }

    #[test]
    fn a_closed_account_may_nothing() {
        for administrator in [false, true] {
            let who = Who::Account(Standing {
                id: ANNA,
                administrator,
                disabled: true,
            });
            assert_eq!(allowed(who, ANNA), []);
            assert_eq!(may(who, Action::LogIn, Object::Hub), Err(Denied::Disabled));
        }
    }

    #[test]
    fn a_finished_report_stays_as_it_is() {
        let report = |owner| Object::Report {
            owner,
            finished: true,
        };
        let anna = Who::Account(operator(ANNA));
        let denied = may(anna, Action::SaveReport, report(ANNA));
        assert_eq!(denied, Err(Denied::Finished));
        // whose it is comes first: nobody learns whether the report of somebody else is finished
        let denied = may(anna, Action::SaveReport, report(BRUNO));
        assert_eq!(denied, Err(Denied::NotTheirs));
    }

    #[test]
    fn the_command_line_reads_and_administers_and_does_not_help() {
        assert_eq!(allowed(Who::CommandLine, ANNA), ACTIONS[11..]);
    }
}
