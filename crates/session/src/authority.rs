//! Who may do what at the hub: every question of permission is answered by [`may`].
//!
//! [`messages`] says which action each message is. It is pure: whoever asks brings what is known of the
//! account and of the thing, and nothing here knows where that is kept. What the user of a host has
//! granted in a session is another matter: [`protocol::lanes`] says which right each stream needs.

pub mod messages;

use std::collections::BTreeSet;

use protocol::{GroupId, PeerId, Permissions, Rights};

use crate::directory::records::AccountId;

/// Who wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Somebody with an account, over the network.
    Account(Standing),
    /// A host that has its place, over the network.
    Host(PeerId),
    /// Somebody at the hub's own command line, who can read its files anyway.
    CommandLine,
}

/// What decides about an account, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub id: AccountId,
    /// Those of its role.
    pub permissions: Permissions,
    pub disabled: bool,
}

/// What the desk knows of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Membership {
    pub permissions: Permissions,
    pub groups: BTreeSet<GroupId>,
}

impl Membership {
    /// An operator in the group that new accounts are in.
    pub fn of_new_operator() -> Self {
        Self {
            permissions: Permissions::OF_OPERATOR,
            groups: [GroupId::EVERYONE].into(),
        }
    }

    /// Whether both are in one group.
    pub fn shares_group(&self, other: &Self) -> bool {
        !self.groups.is_disjoint(&other.groups)
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Take a place at the desk, with a console.
    LogIn,
    /// Open the administration.
    SignIn,
    /// Have the row of an operator or host in the list.
    SeeEntry,
    MakeTicket,
    RevokeTicket,
    /// Take part in the exchange over a ticket that a host typed.
    AnswerTicket,
    AskForSession,
    /// Open a permanent host with its access password.
    OpenHost,
    EndSession,
    /// Mark a moment in the film of a session.
    MarkMoment,
    /// Greet a host, and send it words.
    SpeakToHost,
    DisconnectHost,
    /// Say yes, no or less for the user of a host, and what became of input.
    SpeakForUser,
    SaveReport,
    /// List one's own unfinished reports.
    ListDrafts,
    /// See who is connected, which sessions run and how the hub is.
    Oversee,
    /// See the screen of a session that runs, without taking part.
    WatchLive,
    /// Read the reports of everybody.
    ListReports,
    ReadFilm,
    /// Take reports and films out of the hub as files.
    Export,
    ReadAudit,
    /// Change accounts, groups, roles and settings, and end what others do.
    Administer,
    /// See one's own account, and change what opens it.
    KeepOwnAccount,
    /// Say for the user of a host how an assistance was.
    GiveFeedback,
    /// Ask a colleague to show their screen, and take part in the exchange over the word.
    AskToSee,
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
    /// The row of the operator `owner`, or of a host that came with a ticket of theirs.
    Entry {
        owner: AccountId,
        /// Whether whoever wants to see it is in a group with the owner.
        shares_group: bool,
    },
    /// The row of a permanent host.
    PermanentHost {
        /// Whether whoever wants to see it is in a group that may see the host's.
        shares_group: bool,
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
    /// The account of whoever asks; nothing in the question names another.
    OwnAccount,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the account is closed")]
    Disabled,
    #[error("it belongs to somebody else")]
    NotTheirs,
    #[error("they share no group")]
    OtherGroup,
    #[error("the report is finished")]
    Finished,
    #[error("the role does not permit it")]
    NotPermitted,
    /// The caller's mistake, or a peer's nonsense; it is denied to everybody.
    #[error("this cannot be done to that")]
    NoSense,
}

/// Whether `who` may do `action` to `object`.
///
/// Administrators have no more rights over the desk than others: what an operator's users show is
/// for that operator.
///
/// # Errors
///
/// [`Denied`] says why not.
pub fn may(who: Who, action: Action, object: Object) -> Result<(), Denied> {
    match who {
        Who::CommandLine => may_here(action, object),
        Who::Host(host) => may_as_host(host, action, object),
        Who::Account(standing) if standing.disabled => Err(Denied::Disabled),
        Who::Account(standing) => {
            may_with_account(standing, action, object)?;
            if standing.permissions.has_any(permissions_for(action)) {
                Ok(())
            } else {
                Err(Denied::NotPermitted)
            }
        }
    }
}

fn may_here(action: Action, object: Object) -> Result<(), Denied> {
    match (action, object) {
        (Action::ReadFilm, Object::Film)
        | (
            Action::Oversee
            | Action::ListReports
            | Action::Export
            | Action::ReadAudit
            | Action::Administer,
            Object::Hub,
        ) => Ok(()),
        _ => Err(Denied::NoSense),
    }
}

fn may_as_host(id: PeerId, action: Action, object: Object) -> Result<(), Denied> {
    match (action, object) {
        (
            Action::EndSession | Action::SpeakForUser | Action::GiveFeedback,
            Object::Session { host, .. },
        ) => {
            if host == id {
                Ok(())
            } else {
                Err(Denied::NotTheirs)
            }
        }
        _ => Err(Denied::NoSense),
    }
}

/// One of these is needed for `action`, whatever it is done to.
fn permissions_for(action: Action) -> Permissions {
    match action {
        Action::LogIn
        | Action::SeeEntry
        | Action::MakeTicket
        | Action::RevokeTicket
        | Action::AnswerTicket
        | Action::AskForSession
        | Action::AskToSee
        | Action::EndSession
        | Action::MarkMoment
        | Action::SpeakToHost
        | Action::DisconnectHost
        | Action::SaveReport
        | Action::ListDrafts => Permissions::SEE,
        Action::OpenHost => Permissions::UNATTENDED,
        Action::SpeakForUser | Action::GiveFeedback => Permissions::NONE,
        Action::SignIn | Action::Oversee => Permissions::OF_ADMINISTRATION,
        Action::WatchLive => Permissions::WATCH_LIVE,
        Action::ListReports | Action::ReadFilm => Permissions::READ_REPORTS,
        Action::Export => Permissions::EXPORT,
        Action::ReadAudit => Permissions::READ_REPORTS.with(Permissions::ADMINISTER),
        Action::Administer => Permissions::ADMINISTER,
        // whoever can be logged in
        Action::KeepOwnAccount => Permissions::SEE.with(Permissions::OF_ADMINISTRATION),
    }
}

/// Whether the thing is one that can be done, and theirs where it has to be.
fn may_with_account(standing: Standing, action: Action, object: Object) -> Result<(), Denied> {
    match (action, object) {
        (
            Action::LogIn
            | Action::SignIn
            | Action::MakeTicket
            | Action::Oversee
            | Action::WatchLive
            | Action::ListReports
            | Action::Export
            | Action::ReadAudit
            | Action::Administer,
            Object::Hub,
        )
        | (Action::ReadFilm, Object::Film)
        | (Action::KeepOwnAccount, Object::OwnAccount) => Ok(()),
        (Action::RevokeTicket | Action::AnswerTicket, Object::Ticket { owner })
        | (
            Action::AskForSession | Action::SpeakToHost | Action::DisconnectHost,
            Object::Host { owner },
        )
        | (Action::EndSession | Action::MarkMoment, Object::Session { owner, .. })
        | (Action::ListDrafts, Object::Drafts { owner }) => be_theirs(standing, owner),
        (
            Action::SeeEntry,
            Object::Entry {
                owner,
                shares_group,
            },
        ) => {
            if shares_group || standing.id == owner {
                Ok(())
            } else {
                Err(Denied::OtherGroup)
            }
        }
        (
            Action::AskToSee,
            Object::Entry {
                owner,
                shares_group,
            },
        ) => {
            if standing.id == owner {
                Err(Denied::NoSense)
            } else if shares_group {
                Ok(())
            } else {
                Err(Denied::OtherGroup)
            }
        }
        (Action::SeeEntry | Action::OpenHost, Object::PermanentHost { shares_group }) => {
            if shares_group {
                Ok(())
            } else {
                Err(Denied::OtherGroup)
            }
        }
        (Action::SaveReport, Object::Report { owner, finished }) => {
            be_theirs(standing, owner)?;
            if finished {
                return Err(Denied::Finished);
            }
            Ok(())
        }
        _ => Err(Denied::NoSense),
    }
}

fn be_theirs(standing: Standing, owner: AccountId) -> Result<(), Denied> {
    if standing.id == owner {
        Ok(())
    } else {
        Err(Denied::NotTheirs)
    }
}

/// Whether somebody with these permissions may ask the user of a host for `asked`. What this build has no
/// name for is granted by nobody.
pub fn may_ask_for(permissions: Permissions, asked: Rights) -> bool {
    let known = asked.common_with(Rights::KNOWN);
    known.is_within(permissions.rights())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: AccountId = AccountId(1);
    const BRUNO: AccountId = AccountId(2);

    const HOST: PeerId = PeerId([1; 16]);
    const OTHER_HOST: PeerId = PeerId([2; 16]);

    const ACTIONS: [Action; 25] = [
        Action::LogIn,
        Action::SeeEntry,
        Action::MakeTicket,
        Action::RevokeTicket,
        Action::AnswerTicket,
        Action::AskForSession,
        Action::EndSession,
        Action::MarkMoment,
        Action::SpeakToHost,
        Action::DisconnectHost,
        Action::SaveReport,
        Action::ListDrafts,
        Action::SpeakForUser,
        Action::GiveFeedback,
        Action::KeepOwnAccount,
        Action::SignIn,
        Action::WatchLive,
        Action::Oversee,
        Action::ListReports,
        Action::ReadFilm,
        Action::Export,
        Action::ReadAudit,
        Action::Administer,
        Action::OpenHost,
        Action::AskToSee,
    ];

    fn objects(owner: AccountId) -> [Object; 10] {
        [
            Object::Hub,
            Object::Ticket { owner },
            Object::Host { owner },
            Object::Entry {
                owner,
                shares_group: false,
            },
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
            Object::OwnAccount,
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

    fn account(id: AccountId, permissions: Permissions) -> Standing {
        Standing {
            id,
            permissions,
            disabled: false,
        }
    }

    fn operator(id: AccountId) -> Standing {
        account(id, Permissions::OF_OPERATOR)
    }

    #[test]
    fn an_operator_may_work_with_what_is_theirs_alone() {
        let anna = Who::Account(operator(ANNA));
        assert_eq!(
            allowed(anna, ANNA),
            [&ACTIONS[..12], &[Action::KeepOwnAccount]].concat()
        );
        let of_everybody = [Action::LogIn, Action::MakeTicket, Action::KeepOwnAccount];
        assert_eq!(allowed(anna, BRUNO), of_everybody);
        let others = Object::Host { owner: BRUNO };
        let denied = may(anna, Action::SpeakToHost, others);
        assert_eq!(denied, Err(Denied::NotTheirs));
    }

    #[test]
    fn a_host_speaks_for_its_own_user_alone() {
        let allowed_to = |host| allowed(Who::Host(host), ANNA);
        let of_their_sessions = [
            Action::EndSession,
            Action::SpeakForUser,
            Action::GiveFeedback,
        ];
        assert_eq!(allowed_to(HOST), of_their_sessions);
        assert_eq!(allowed_to(OTHER_HOST), []);
    }

    #[test]
    fn an_administrator_sees_no_more_of_the_desk_than_others() {
        let who = Who::Account(account(ANNA, Permissions::OF_ADMINISTRATOR));
        let of_the_hub = [&[Action::LogIn, Action::MakeTicket], &ACTIONS[14..23]].concat();
        assert_eq!(allowed(who, BRUNO), of_the_hub);
        let host = Object::Host { owner: BRUNO };
        let denied = may(who, Action::SpeakToHost, host);
        assert_eq!(denied, Err(Denied::NotTheirs));
    }

    #[test]
    fn an_auditor_reads_and_exports_and_does_not_help() {
        let who = Who::Account(account(ANNA, Permissions::OF_AUDITOR));
        let reads = [
            Action::KeepOwnAccount,
            Action::SignIn,
            Action::Oversee,
            Action::ListReports,
            Action::ReadFilm,
            Action::Export,
            Action::ReadAudit,
        ];
        assert_eq!(allowed(who, BRUNO), reads);
        let denied = may(who, Action::Administer, Object::Hub);
        assert_eq!(denied, Err(Denied::NotPermitted));
    }

    #[test]
    fn a_row_is_for_those_who_share_a_group() {
        let anna = Who::Account(operator(ANNA));
        let row = |owner, shares_group| {
            let object = Object::Entry {
                owner,
                shares_group,
            };
            may(anna, Action::SeeEntry, object)
        };
        assert_eq!(row(BRUNO, true), Ok(()));
        assert_eq!(row(BRUNO, false), Err(Denied::OtherGroup));
        assert_eq!(row(ANNA, false), Ok(()));
        let permanent = |shares_group| {
            let object = Object::PermanentHost { shares_group };
            may(anna, Action::SeeEntry, object)
        };
        assert_eq!(permanent(true), Ok(()));
        assert_eq!(permanent(false), Err(Denied::OtherGroup));
    }

    #[test]
    fn u3_a_permanent_host_is_opened_by_those_who_see_it_and_may_work_unattended() {
        let open = |permissions, shares_group| {
            let who = Who::Account(account(ANNA, permissions));
            may(
                who,
                Action::OpenHost,
                Object::PermanentHost { shares_group },
            )
        };
        assert_eq!(open(Permissions::OF_OPERATOR, true), Ok(()));
        let denied = open(Permissions::OF_OPERATOR, false);
        assert_eq!(denied, Err(Denied::OtherGroup));
        let sees = Permissions::OF_OPERATOR.without(Permissions::UNATTENDED);
        assert_eq!(open(sees, true), Err(Denied::NotPermitted));
        assert!(open(Permissions::OF_AUDITOR, true).is_err());
        let host = Object::PermanentHost { shares_group: true };
        assert!(may(Who::CommandLine, Action::OpenHost, host).is_err());
        assert!(may(Who::Host(HOST), Action::OpenHost, host).is_err());
    }

    #[test]
    fn nobody_asks_a_user_for_more_than_the_role_permits() {
        let see = Permissions::SEE;
        assert!(may_ask_for(see, Rights::SEE));
        assert!(!may_ask_for(see, Rights::SEE_AND_CONTROL));
        assert!(may_ask_for(Permissions::OF_OPERATOR, Rights::KNOWN));
        assert!(!may_ask_for(Permissions::OF_AUDITOR, Rights::SEE));
    }

    #[test]
    fn a_closed_account_may_nothing() {
        for permissions in [Permissions::OF_OPERATOR, Permissions::OF_ADMINISTRATOR] {
            let mut standing = account(ANNA, permissions);
            standing.disabled = true;
            let who = Who::Account(standing);
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
        assert_eq!(allowed(Who::CommandLine, ANNA), ACTIONS[17..23]);
    }
}
