//! What happens at the desk and to its accounts, as changes that are stored with an audit row (D4).

use std::net::IpAddr;

use protocol::admin::audit::Action;
use protocol::admin::films::Erasure;
use protocol::admin::people::Rules;
use protocol::admin::reports::{CategoryChange, FieldChange, FieldText, FieldValue};
use protocol::admin::settings::Setting;
use protocol::{
    ChatLine, Feedback, GroupId, PeerId, Permissions, ReportDraft, ReportId, RoleId, SessionId,
    Shield, TicketState,
};
use serde_json::{Value, json};

use ::session::authority::Denied;
use ::session::directory::records::{self, Side};
use ::session::directory::{FilesStage, FoldersNote};

use super::{
    AccountId, Actor, ChangedAccount, HostChange, Named, NewAccount, NewSecondFactor, PasswordHash,
    SignIn, TokenHash, Worked, ended_by_word,
};

/// One change and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub actor: Actor,
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
        account: AccountId,
        address: IpAddr,
    },
    LogInRefused {
        address: IpAddr,
    },
    AccountAdded(NewAccount),
    AccountChanged {
        account: Named,
        to: ChangedAccount,
    },
    PasswordSet {
        account: Named,
        hash: PasswordHash,
    },
    /// The owner chose another: every sign-in but `stays` is over.
    OwnPasswordSet {
        account: Named,
        hash: PasswordHash,
        stays: PeerId,
    },
    /// Whoever was signed in with the account did not show that they are its owner.
    OwnProofRefused {
        account: Named,
        address: IpAddr,
    },
    /// Nobody can log in with it any more. A running hub cuts its operator off within seconds.
    AccountDisabled {
        account: Named,
    },
    AccountEnabled {
        account: Named,
    },
    /// Earlier invitations are good no more.
    Invited {
        account: Named,
        token: TokenHash,
        expires_unix_millis: i64,
    },
    /// The person chose a password.
    InvitationTaken {
        account: Named,
        token: TokenHash,
        hash: PasswordHash,
    },
    SecondFactorSet {
        account: Named,
        factor: NewSecondFactor,
    },
    SecondFactorReset {
        account: Named,
    },
    RecoveryCodesRenewed {
        account: Named,
        codes: Vec<TokenHash>,
    },
    /// The code of a step of time, which counts no more.
    CodeUsed {
        account: Named,
        step: u64,
    },
    RecoveryCodeUsed {
        account: Named,
        code: TokenHash,
    },
    GroupAdded {
        name: String,
    },
    GroupRenamed {
        group: GroupId,
        name: String,
    },
    GroupRemoved {
        group: GroupId,
    },
    RoleAdded {
        name: String,
        permissions: Permissions,
    },
    RoleChanged {
        role: RoleId,
        name: String,
        permissions: Permissions,
    },
    RoleRemoved {
        role: RoleId,
    },
    RulesSet(Rules),
    /// Where people reach the hub, for invitations.
    HubAddressSet {
        address: String,
    },
    SignedIn(SignIn),
    /// An administrator wants it to end.
    SignInEnded {
        sign_in: PeerId,
    },
    SignedOut {
        sign_in: PeerId,
    },
    /// An administrator asked for what the role does not permit.
    QuestionDenied {
        question: String,
        why: Denied,
    },
    /// Why somebody ended a session from the command line.
    EndExplained {
        session: SessionId,
        reason: String,
    },
    /// What becomes of permanent hosts.
    Host(HostChange),
    /// What the directory of peers, tickets and sessions asks to be kept.
    Desk(records::What),
    /// The operator wrote a report that was not finished.
    ReportSaved {
        report: ReportId,
        draft: ReportDraft,
        finished: bool,
    },
    /// Somebody watches the session's film. Noted before it is shown.
    FilmWatched {
        session: SessionId,
    },
    /// The operator filled in the organisation's fields of a report that was not finished.
    ReportFieldsFilled {
        report: ReportId,
        fields: Vec<FieldValue>,
    },
    /// Somebody put a correction on top of a finished report.
    ReportCorrected {
        report: ReportId,
        draft: ReportDraft,
        fields: Vec<FieldValue>,
        reason: FieldText,
    },
    /// The report goes for good, with its corrections and the chat of its session.
    ReportErased {
        report: ReportId,
        why: Erasure,
        reason: String,
    },
    /// Somebody takes reports out of the hub as a file.
    ReportsExported {
        /// `None` for a list.
        report: Option<ReportId>,
        format: &'static str,
    },
    CategoriesChanged(CategoryChange),
    FieldsChanged(FieldChange),
    /// How a session was that is over, as its user says.
    FeedbackGiven {
        session: SessionId,
        feedback: Feedback,
    },
    /// Somebody said something in a session.
    ChatSaid {
        session: SessionId,
        line: ChatLine,
    },
    /// More of a session's time has passed.
    Worked {
        session: SessionId,
        worked: Worked,
    },
    /// Somebody makes a video file of the session's film. Noted before it is made.
    FilmExported {
        session: SessionId,
    },
    /// The rules do not touch the film any more.
    FilmHeld {
        session: SessionId,
        reason: String,
    },
    FilmReleased {
        session: SessionId,
    },
    /// The film goes for good; whoever stores this removes its file next.
    FilmErased {
        session: SessionId,
        why: Erasure,
        reason: String,
    },
    /// Somebody copies all that the hub keeps.
    BackedUp,
    /// This is a copy, made then, from which the hub goes on.
    Restored {
        made_unix_millis: i64,
    },
    SettingChanged(Setting),
    /// The page hands out another Helpme.
    DownloadAdded {
        file: String,
        version: String,
    },
    DownloadRemoved {
        file: String,
    },
    /// Without bytes there is none any more.
    LogoSet {
        png: Vec<u8>,
    },
}

impl From<records::Change> for Change {
    fn from(change: records::Change) -> Self {
        Self {
            actor: change.actor,
            what: What::Desk(change.what),
        }
    }
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
        let actor = Actor::Hub;
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
    /// What happened and its details, for the audit log and for the hub's own. What comes all the time, and
    /// is no decision of anybody's, is `None` and in neither.
    pub(crate) fn describe(&self) -> Option<(Action, Value)> {
        Some(match self {
            Self::HubStarted { version } => (Action::HubStarted, json!({ "version": version })),
            Self::HubStopped => (Action::HubStopped, json!({})),
            Self::LoggedIn {
                account: _,
                address,
            } => (Action::LogIn, json!({ "address": address.to_string() })),
            Self::LogInRefused { address } => {
                let detail = json!({ "address": address.to_string() });
                (Action::LogInRefused, detail)
            }
            Self::AccountAdded(new) => {
                let groups: Vec<i64> = new.groups.iter().map(|group| group.0).collect();
                let detail = json!({ "name": new.name, "role": new.role.0, "groups": groups });
                (Action::AccountAdded, detail)
            }
            Self::AccountChanged { account, to } => {
                let groups: Vec<i64> = to.groups.iter().map(|group| group.0).collect();
                let detail = json!({
                    "name": account.name,
                    "new_name": to.name,
                    "display_name": to.display_name,
                    "role": to.role.0,
                    "groups": groups,
                });
                (Action::AccountChanged, detail)
            }
            Self::PasswordSet { account, hash: _ } => (Action::AccountPassword, of(account)),
            Self::OwnPasswordSet { account, .. } => (Action::AccountPasswordChanged, of(account)),
            Self::OwnProofRefused { account, address } => {
                let detail = json!({ "name": account.name, "address": address.to_string() });
                (Action::AccountProofRefused, detail)
            }
            Self::RecoveryCodesRenewed { account, codes: _ } => {
                (Action::AccountRecoveryCodesRenewed, of(account))
            }
            Self::AccountDisabled { account } => (Action::AccountDisabled, of(account)),
            Self::AccountEnabled { account } => (Action::AccountEnabled, of(account)),
            Self::Invited { account, .. } => (Action::AccountInvited, of(account)),
            Self::InvitationTaken { account, .. } => (Action::AccountInvitationTaken, of(account)),
            Self::SecondFactorSet { account, .. } => (Action::AccountSecondFactorSet, of(account)),
            Self::SecondFactorReset { account } => (Action::AccountSecondFactorReset, of(account)),
            Self::CodeUsed { account, step: _ } => (Action::AccountCodeUsed, of(account)),
            Self::RecoveryCodeUsed { account, code: _ } => {
                (Action::AccountRecoveryCodeUsed, of(account))
            }
            Self::GroupAdded { name } => (Action::GroupAdded, json!({ "name": name })),
            Self::GroupRenamed { group, name } => (
                Action::GroupRenamed,
                json!({ "group": group.0, "name": name }),
            ),
            Self::GroupRemoved { group } => (Action::GroupRemoved, json!({ "group": group.0 })),
            Self::RoleAdded { name, permissions } => {
                let detail = json!({ "name": name, "permissions": permissions.to_string() });
                (Action::RoleAdded, detail)
            }
            Self::RoleChanged {
                role,
                name,
                permissions,
            } => {
                let permissions = permissions.to_string();
                let detail = json!({ "role": role.0, "name": name, "permissions": permissions });
                (Action::RoleChanged, detail)
            }
            Self::RoleRemoved { role } => (Action::RoleRemoved, json!({ "role": role.0 })),
            Self::RulesSet(rules) => (Action::AccountRulesSet, json!(rules)),
            Self::HubAddressSet { address } => (Action::HubAddress, json!({ "address": address })),
            Self::SignedIn(sign_in) => {
                let detail = json!({
                    "sign_in": sign_in.peer.to_string(),
                    "program": sign_in.program,
                    "address": sign_in.address,
                });
                (Action::SignIn, detail)
            }
            Self::SignInEnded { sign_in } => (
                Action::SignInEnded,
                json!({ "sign_in": sign_in.to_string() }),
            ),
            Self::SignedOut { sign_in } => (
                Action::SignInOver,
                json!({ "sign_in": sign_in.to_string() }),
            ),
            Self::QuestionDenied { question, why } => {
                let detail = json!({ "question": question, "why": why.to_string() });
                (Action::Denied, detail)
            }
            Self::EndExplained { session, reason } => {
                let detail = json!({ "session": session.0, "reason": reason });
                (Action::SessionEndExplained, detail)
            }
            Self::Host(change) => describe_host(change),
            Self::Desk(what) => describe_desk(what)?,
            Self::ReportSaved {
                report,
                draft: _,
                finished,
            } => {
                let action = if *finished {
                    Action::ReportFinished
                } else {
                    Action::ReportSaved
                };
                (action, json!({ "report": report.to_string() }))
            }
            Self::FilmWatched { session } => (
                Action::FilmWatched,
                json!({ "session": session.to_string() }),
            ),
            Self::ReportFieldsFilled { report, fields: _ } => (
                Action::ReportFields,
                json!({ "report": report.to_string() }),
            ),
            Self::ReportCorrected { report, reason, .. } => {
                let detail = json!({ "report": report.to_string(), "reason": reason.as_str() });
                (Action::ReportCorrected, detail)
            }
            Self::ReportErased {
                report,
                why,
                reason,
            } => {
                let (report, why) = (report.to_string(), why_word(*why));
                let detail = json!({ "report": report, "why": why, "reason": reason });
                (Action::ReportErased, detail)
            }
            Self::ReportsExported { report, format } => {
                let report = report.map(|report| report.to_string());
                (
                    Action::ReportExported,
                    json!({ "report": report, "format": format }),
                )
            }
            Self::CategoriesChanged(change) => describe_categories(change),
            Self::FieldsChanged(change) => describe_fields(change),
            // what a user thinks goes with the report, and no row of the log does
            Self::FeedbackGiven { .. } | Self::ChatSaid { .. } | Self::Worked { .. } => {
                return None;
            }
            Self::FilmExported { session } => (
                Action::FilmExported,
                json!({ "session": session.to_string() }),
            ),
            Self::FilmHeld { session, reason } => {
                let detail = json!({ "session": session.to_string(), "reason": reason });
                (Action::FilmHeld, detail)
            }
            Self::FilmReleased { session } => (
                Action::FilmReleased,
                json!({ "session": session.to_string() }),
            ),
            Self::FilmErased {
                session,
                why,
                reason,
            } => {
                let (session, why) = (session.to_string(), why_word(*why));
                let detail = json!({ "session": session, "why": why, "reason": reason });
                (Action::FilmErased, detail)
            }
            Self::BackedUp => (Action::BackupMade, json!({})),
            Self::Restored { made_unix_millis } => (
                Action::BackupRestored,
                json!({ "made_unix_millis": made_unix_millis }),
            ),
            Self::SettingChanged(setting) => {
                let detail = json!({ "name": setting.name(), "value": setting.value() });
                (Action::SettingChanged, detail)
            }
            Self::DownloadAdded { file, version } => {
                let detail = json!({ "file": file, "version": version });
                (Action::DownloadAdded, detail)
            }
            Self::DownloadRemoved { file } => (Action::DownloadRemoved, json!({ "file": file })),
            Self::LogoSet { png } => (Action::SettingLogo, json!({ "bytes": png.len() })),
        })
    }
}

fn why_word(why: Erasure) -> &'static str {
    match why {
        Erasure::Privacy => "privacy",
        Erasure::Retention => "retention",
        Erasure::Quota => "quota",
    }
}

fn describe_host(change: &HostChange) -> (Action, Value) {
    match change {
        HostChange::EnrolmentMade(code) => {
            let detail = json!({
                "group": code.group.map(|group| group.0),
                "uses": code.uses,
                "expires_unix_millis": code.expires_unix_millis,
            });
            (Action::HostInvited, detail)
        }
        HostChange::EnrolmentWithdrawn { enrolment } => {
            let detail = json!({ "enrolment": enrolment.0 });
            (Action::HostInvitationWithdrawn, detail)
        }
        HostChange::Enrolled(host) => {
            let key = blake3::hash(&host.key.0).to_hex();
            let detail = json!({ "computer": host.computer.as_str(), "key": &key[..16] });
            (Action::HostEnrolled, detail)
        }
        HostChange::Changed { host, to } => {
            let detail = json!({
                "host": host.id.0,
                "name": host.name,
                "new_name": to.name,
                "group": to.group.map(|group| group.0),
                "note": to.note,
            });
            (Action::HostChanged, detail)
        }
        HostChange::Disabled { host, disabled } => {
            let action = if *disabled {
                Action::HostDisabled
            } else {
                Action::HostEnabled
            };
            (action, json!({ "host": host.id.0, "name": host.name }))
        }
        HostChange::Removed { host } => {
            let detail = json!({ "host": host.id.0, "name": host.name });
            (Action::HostRemoved, detail)
        }
        HostChange::OperatorsChosen { host, operators } => {
            let names: Vec<&str> = operators.iter().map(|(_, name)| name.as_str()).collect();
            let detail = json!({ "host": host.id.0, "name": host.name, "operators": names });
            (Action::HostOperators, detail)
        }
        HostChange::GroupAdded { name, seen_by } => {
            let seen_by: Vec<i64> = seen_by.iter().map(|group| group.0).collect();
            let detail = json!({ "name": name, "seen_by": seen_by });
            (Action::HostGroupAdded, detail)
        }
        HostChange::GroupChanged {
            group,
            name,
            seen_by,
        } => {
            let seen_by: Vec<i64> = seen_by.iter().map(|group| group.0).collect();
            let detail = json!({ "group": group.0, "name": name, "seen_by": seen_by });
            (Action::HostGroupChanged, detail)
        }
        HostChange::GroupRemoved { group } => {
            (Action::HostGroupRemoved, json!({ "group": group.0 }))
        }
    }
}

fn describe_categories(change: &CategoryChange) -> (Action, Value) {
    match change {
        CategoryChange::Add { name } => (Action::CategoryAdded, json!({ "name": name.as_str() })),
        CategoryChange::Rename { id, name } => {
            let detail = json!({ "category": id, "name": name.as_str() });
            (Action::CategoryRenamed, detail)
        }
        CategoryChange::Remove { id } => (Action::CategoryRemoved, json!({ "category": id })),
        CategoryChange::Move { id, to } => {
            (Action::CategoryMoved, json!({ "category": id, "to": to }))
        }
    }
}

fn describe_fields(change: &FieldChange) -> (Action, Value) {
    match change {
        FieldChange::Add(definition) => (
            Action::FieldAdded,
            json!({ "name": definition.name.as_str() }),
        ),
        FieldChange::Change { id, definition } => {
            let detail = json!({ "field": id, "name": definition.name.as_str() });
            (Action::FieldChanged, detail)
        }
        FieldChange::Remove { id } => (Action::FieldRemoved, json!({ "field": id })),
        FieldChange::Move { id, to } => (Action::FieldMoved, json!({ "field": id, "to": to })),
    }
}

fn of(account: &Named) -> Value {
    json!({ "name": account.name })
}

fn describe_desk(what: &records::What) -> Option<(Action, Value)> {
    use records::{StartedSession, What};
    Some(match what {
        What::PermanentHostHere { .. }
        | What::PermanentHostGone { .. }
        | What::PermanentHostIn { .. }
        | What::PermanentHostsSeen => return None,
        What::OperatorAdmitted(operator) => (
            Action::PlaceGiven,
            json!({ "peer": operator.peer.to_string() }),
        ),
        What::HostAdmitted(host) => {
            let detail = json!({ "peer": host.peer.to_string(), "host": host.computer });
            (Action::PlaceGiven, detail)
        }
        What::PeerGone { peer } => (Action::PlaceGone, json!({ "peer": peer.to_string() })),
        What::LoggedOut => (Action::LogOut, json!({})),
        What::SessionPaused { session, side } => {
            let session = session.to_string();
            let detail = match side {
                Side::Host => json!({ "session": session, "lost": "host" }),
                Side::Operator(peer) => {
                    json!({ "session": session, "lost": "operator", "peer": peer.to_string() })
                }
            };
            (Action::SessionPaused, detail)
        }
        What::SessionResumed { session } => (
            Action::SessionResumed,
            json!({ "session": session.to_string() }),
        ),
        What::SessionWithheld { session, withheld } => {
            let action = if *withheld {
                Action::SessionWithheld
            } else {
                Action::SessionGoesOn
            };
            (action, json!({ "session": session.to_string() }))
        }
        What::SessionShielded {
            session,
            shield,
            up,
        } => {
            let action = match (shield, up) {
                (Shield::Input, true) => Action::SessionInputBlocked,
                (Shield::Input, false) => Action::SessionInputFreed,
                (Shield::Screen, true) => Action::SessionScreenDark,
                (Shield::Screen, false) => Action::SessionScreenLit,
            };
            (action, json!({ "session": session.to_string() }))
        }
        What::InputTooOld { session, count } => {
            let detail = json!({ "session": session.to_string(), "count": count });
            (Action::SessionInputTooOld, detail)
        }
        What::TicketCreated { route, .. } => {
            (Action::TicketCreated, json!({ "route": route.to_string() }))
        }
        What::TicketExtended { route, .. } => (
            Action::TicketExtended,
            json!({ "route": route.to_string() }),
        ),
        What::TicketClosed { route, state } => {
            let action = match state {
                TicketState::Open => Action::TicketOpen,
                TicketState::Used => Action::TicketUsed,
                TicketState::Expired => Action::TicketExpired,
                TicketState::Revoked => Action::TicketRevoked,
                TicketState::Burnt => Action::TicketBurnt,
            };
            (action, json!({ "route": route.to_string() }))
        }
        What::WrongSecret {
            route,
            wrong_secrets,
        } => {
            let detail = json!({ "route": route.to_string(), "wrong_secrets": wrong_secrets });
            (Action::TicketWrongSecret, detail)
        }
        What::ConsentAsked {
            session,
            host,
            asked,
            ..
        } => {
            let detail =
                json!({ "session": session.to_string(), "host": host, "asked": asked.to_string() });
            (Action::ConsentAsked, detail)
        }
        What::ConsentRefused { session, reason } => {
            let detail = json!({ "session": session.to_string(), "reason": reason });
            (Action::ConsentRefused, detail)
        }
        What::SessionStarted(StartedSession { session, first, .. }) => {
            (Action::SessionStarted, member_detail(*session, first))
        }
        What::JoinAsked {
            session,
            operator,
            asked,
        } => {
            let (session, asked) = (session.to_string(), asked.to_string());
            let detail = json!({ "session": session, "operator": operator, "asked": asked });
            (Action::SessionJoinAsked, detail)
        }
        What::JoinRefused {
            session,
            operator,
            reason,
        } => {
            let session = session.to_string();
            let detail = json!({ "session": session, "operator": operator, "reason": reason });
            (Action::SessionJoinRefused, detail)
        }
        What::OperatorJoined { session, member } => {
            (Action::SessionJoined, member_detail(*session, member))
        }
        What::OperatorLeft { session, name, .. } => {
            let detail = json!({ "session": session.to_string(), "operator": name });
            (Action::SessionLeft, detail)
        }
        What::RightsReduced {
            session,
            operator: _,
            name,
            rights,
        } => {
            let (session, rights) = (session.to_string(), rights.to_string());
            let detail = json!({ "session": session, "operator": name, "rights": rights });
            (Action::SessionRightsReduced, detail)
        }
        What::SessionEnded { session, by, .. } => {
            let detail = json!({ "session": session.to_string(), "by": ended_by_word(*by) });
            (Action::SessionEnded, detail)
        }
        What::FilmClosed {
            session,
            bytes,
            head,
        } => {
            let head = recording::ChainHead(*head).to_string();
            let detail = json!({ "session": session.to_string(), "bytes": bytes, "head": head });
            (Action::FilmClosed, detail)
        }
        What::EndedByAdministrator { session } => (
            Action::SessionEndedByAdministrator,
            json!({ "session": session.to_string() }),
        ),
        What::WatchBegan { session } => (
            Action::SessionWatched,
            json!({ "session": session.to_string() }),
        ),
        What::WatchEnded { session } => (
            Action::SessionWatchEnded,
            json!({ "session": session.to_string() }),
        ),
        What::DisconnectedByAdministrator { peer } => {
            (Action::PlaceTaken, json!({ "peer": peer.to_string() }))
        }
        What::HostOpened { host, name, said } => {
            let detail = json!({ "host": host.0, "name": name, "said": said });
            (Action::HostOpened, detail)
        }
        What::HostNotOpened { host, name, reason } => {
            let detail = json!({ "host": host.0, "name": name, "reason": reason });
            (Action::HostNotOpened, detail)
        }
        What::HostWaking {
            host,
            name,
            through,
        } => {
            let detail = json!({ "host": host.0, "name": name, "through": through });
            (Action::HostWaking, detail)
        }
        What::HostWoken { host, name } => {
            (Action::HostWoken, json!({ "host": host.0, "name": name }))
        }
        What::HostNotWoken { host, name, reason } => {
            let detail = json!({ "host": host.0, "name": name, "reason": reason });
            (Action::HostNotWoken, detail)
        }
        What::ScreenShown { colleague, control } => {
            let detail = json!({ "colleague": colleague, "control": control });
            (Action::ScreenShown, detail)
        }
        What::ScreenNotShown {
            colleague,
            control,
            reason,
        } => {
            let detail = json!({ "colleague": colleague, "control": control, "reason": reason });
            (Action::ScreenNotShown, detail)
        }
        What::Denied { action, why } => {
            let detail = json!({ "action": format!("{action:?}"), "why": why.to_string() });
            (Action::Denied, detail)
        }
        What::FilmFailed { session } => (
            Action::FilmFailed,
            json!({ "session": session.to_string() }),
        ),
        What::Folders {
            session,
            operator,
            note,
        } => {
            let session = session.to_string();
            match note {
                FoldersNote::Allowed => (
                    Action::FoldersAllowed,
                    json!({ "session": session, "operator": operator }),
                ),
                FoldersNote::Stopped => (
                    Action::FoldersStopped,
                    json!({ "session": session, "operator": operator }),
                ),
                FoldersNote::Shown { folder, entries } => (
                    Action::FolderShown,
                    json!({
                        "session": session,
                        "operator": operator,
                        "name": folder,
                        "entries": entries,
                    }),
                ),
            }
        }
        What::Files { session, note } => {
            let action = match note.stage {
                FilesStage::Begun => Action::FilesBegun,
                FilesStage::Done => Action::FilesDone,
                FilesStage::Cancelled => Action::FilesCancelled,
                FilesStage::Failed => Action::FilesFailed,
            };
            let detail = json!({
                "session": session.to_string(),
                "operator": note.operator,
                "to": if note.to_host { "host" } else { "operator" },
                "name": note.name,
                "files": note.files,
                "bytes": note.bytes,
            });
            (action, detail)
        }
    })
}

fn member_detail(session: SessionId, member: &records::StoredMember) -> Value {
    json!({
        "session": session.to_string(),
        "operator": member.name,
        "granted": member.rights.to_string(),
    })
}
