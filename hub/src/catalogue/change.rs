//! What happens at the desk and to its accounts, as changes that are stored with an audit row (D4).

use std::net::IpAddr;

use protocol::admin::films::Erasure;
use protocol::admin::people::Rules;
use protocol::admin::reports::{CategoryChange, FieldChange, FieldText, FieldValue};
use protocol::admin::settings::Setting;
use protocol::{
    ChatLine, GroupId, PeerId, Permissions, ReportDraft, ReportId, RoleId, SessionId, TicketState,
};
use serde_json::{Value, json};

use ::session::authority::Denied;
use ::session::directory::records::{self, Side};

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
    /// Somebody takes reports out of the hub as a file.
    ReportsExported {
        /// `None` for a list.
        report: Option<ReportId>,
        format: &'static str,
    },
    CategoriesChanged(CategoryChange),
    FieldsChanged(FieldChange),
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
    /// Whether it is noted in the audit log. What comes all the time, and is no decision of anybody's, is
    /// not.
    pub(crate) fn is_audited(&self) -> bool {
        use records::What::{PermanentHostGone, PermanentHostHere, PermanentHostsSeen};
        !matches!(
            self,
            Self::ChatSaid { .. }
                | Self::Worked { .. }
                | Self::Desk(
                    PermanentHostHere { .. } | PermanentHostGone { .. } | PermanentHostsSeen
                )
        )
    }

    /// What happened and its details, for the audit log and for the hub's own.
    pub(crate) fn describe(&self) -> (&'static str, Value) {
        match self {
            Self::HubStarted { version } => ("hub.started", json!({ "version": version })),
            Self::HubStopped => ("hub.stopped", json!({})),
            Self::LoggedIn {
                account: _,
                address,
            } => ("log_in", json!({ "address": address.to_string() })),
            Self::LogInRefused { address } => {
                let detail = json!({ "address": address.to_string() });
                ("log_in.refused", detail)
            }
            Self::AccountAdded(new) => {
                let groups: Vec<i64> = new.groups.iter().map(|group| group.0).collect();
                let detail = json!({ "name": new.name, "role": new.role.0, "groups": groups });
                ("account.added", detail)
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
                ("account.changed", detail)
            }
            Self::PasswordSet { account, hash: _ } => ("account.password", of(account)),
            Self::AccountDisabled { account } => ("account.disabled", of(account)),
            Self::AccountEnabled { account } => ("account.enabled", of(account)),
            Self::Invited { account, .. } => ("account.invited", of(account)),
            Self::InvitationTaken { account, .. } => ("account.invitation_taken", of(account)),
            Self::SecondFactorSet { account, .. } => ("account.second_factor_set", of(account)),
            Self::SecondFactorReset { account } => ("account.second_factor_reset", of(account)),
            Self::CodeUsed { account, step: _ } => ("account.code_used", of(account)),
            Self::RecoveryCodeUsed { account, code: _ } => {
                ("account.recovery_code_used", of(account))
            }
            Self::GroupAdded { name } => ("group.added", json!({ "name": name })),
            Self::GroupRenamed { group, name } => {
                ("group.renamed", json!({ "group": group.0, "name": name }))
            }
            Self::GroupRemoved { group } => ("group.removed", json!({ "group": group.0 })),
            Self::RoleAdded { name, permissions } => {
                let detail = json!({ "name": name, "permissions": permissions.to_string() });
                ("role.added", detail)
            }
            Self::RoleChanged {
                role,
                name,
                permissions,
            } => {
                let permissions = permissions.to_string();
                let detail = json!({ "role": role.0, "name": name, "permissions": permissions });
                ("role.changed", detail)
            }
            Self::RoleRemoved { role } => ("role.removed", json!({ "role": role.0 })),
            Self::RulesSet(rules) => ("account_rules.set", json!(rules)),
            Self::HubAddressSet { address } => ("hub.address", json!({ "address": address })),
            Self::SignedIn(sign_in) => {
                let detail = json!({
                    "sign_in": sign_in.peer.to_string(),
                    "program": sign_in.program,
                    "address": sign_in.address,
                });
                ("sign_in", detail)
            }
            Self::SignInEnded { sign_in } => {
                ("sign_in.ended", json!({ "sign_in": sign_in.to_string() }))
            }
            Self::SignedOut { sign_in } => {
                ("sign_in.over", json!({ "sign_in": sign_in.to_string() }))
            }
            Self::QuestionDenied { question, why } => {
                let detail = json!({ "question": question, "why": why.to_string() });
                ("denied", detail)
            }
            Self::Host(change) => describe_host(change),
            Self::Desk(what) => describe_desk(what),
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
                (action, json!({ "report": report.to_string() }))
            }
            Self::FilmWatched { session } => {
                ("film.watched", json!({ "session": session.to_string() }))
            }
            Self::ReportFieldsFilled { report, fields: _ } => {
                ("report.fields", json!({ "report": report.to_string() }))
            }
            Self::ReportCorrected { report, reason, .. } => {
                let detail = json!({ "report": report.to_string(), "reason": reason.as_str() });
                ("report.corrected", detail)
            }
            Self::ReportsExported { report, format } => {
                let report = report.map(|report| report.to_string());
                (
                    "report.exported",
                    json!({ "report": report, "format": format }),
                )
            }
            Self::CategoriesChanged(change) => describe_categories(change),
            Self::FieldsChanged(change) => describe_fields(change),
            Self::ChatSaid { session, line: _ } => {
                ("chat", json!({ "session": session.to_string() }))
            }
            Self::Worked { session, worked: _ } => {
                ("worked", json!({ "session": session.to_string() }))
            }
            Self::FilmExported { session } => {
                ("film.exported", json!({ "session": session.to_string() }))
            }
            Self::FilmHeld { session, reason } => {
                let detail = json!({ "session": session.to_string(), "reason": reason });
                ("film.held", detail)
            }
            Self::FilmReleased { session } => {
                ("film.released", json!({ "session": session.to_string() }))
            }
            Self::FilmErased {
                session,
                why,
                reason,
            } => {
                let why = match why {
                    Erasure::Privacy => "privacy",
                    Erasure::Retention => "retention",
                    Erasure::Quota => "quota",
                };
                let detail =
                    json!({ "session": session.to_string(), "why": why, "reason": reason });
                ("film.erased", detail)
            }
            Self::BackedUp => ("backup.made", json!({})),
            Self::Restored { made_unix_millis } => (
                "backup.restored",
                json!({ "made_unix_millis": made_unix_millis }),
            ),
            Self::SettingChanged(setting) => {
                let detail = json!({ "name": setting.name(), "value": setting.value() });
                ("setting.changed", detail)
            }
            Self::LogoSet { png } => ("setting.logo", json!({ "bytes": png.len() })),
        }
    }
}

fn describe_host(change: &HostChange) -> (&'static str, Value) {
    match change {
        HostChange::EnrolmentMade(code) => {
            let detail = json!({
                "group": code.group.map(|group| group.0),
                "uses": code.uses,
                "expires_unix_millis": code.expires_unix_millis,
            });
            ("host.invited", detail)
        }
        HostChange::EnrolmentWithdrawn { enrolment } => {
            let detail = json!({ "enrolment": enrolment.0 });
            ("host.invitation_withdrawn", detail)
        }
        HostChange::Enrolled(host) => {
            let key = blake3::hash(&host.key.0).to_hex();
            let detail = json!({ "computer": host.computer.as_str(), "key": &key[..16] });
            ("host.enrolled", detail)
        }
        HostChange::Changed { host, to } => {
            let detail = json!({
                "host": host.id.0,
                "name": host.name,
                "new_name": to.name,
                "group": to.group.map(|group| group.0),
                "note": to.note,
            });
            ("host.changed", detail)
        }
        HostChange::Disabled { host, disabled } => {
            let action = if *disabled {
                "host.disabled"
            } else {
                "host.enabled"
            };
            (action, json!({ "host": host.id.0, "name": host.name }))
        }
        HostChange::Removed { host } => {
            let detail = json!({ "host": host.id.0, "name": host.name });
            ("host.removed", detail)
        }
        HostChange::GroupAdded { name, seen_by } => {
            let seen_by: Vec<i64> = seen_by.iter().map(|group| group.0).collect();
            let detail = json!({ "name": name, "seen_by": seen_by });
            ("host_group.added", detail)
        }
        HostChange::GroupChanged {
            group,
            name,
            seen_by,
        } => {
            let seen_by: Vec<i64> = seen_by.iter().map(|group| group.0).collect();
            let detail = json!({ "group": group.0, "name": name, "seen_by": seen_by });
            ("host_group.changed", detail)
        }
        HostChange::GroupRemoved { group } => ("host_group.removed", json!({ "group": group.0 })),
    }
}

fn describe_categories(change: &CategoryChange) -> (&'static str, Value) {
    match change {
        CategoryChange::Add { name } => ("category.added", json!({ "name": name.as_str() })),
        CategoryChange::Rename { id, name } => {
            let detail = json!({ "category": id, "name": name.as_str() });
            ("category.renamed", detail)
        }
        CategoryChange::Remove { id } => ("category.removed", json!({ "category": id })),
        CategoryChange::Move { id, to } => ("category.moved", json!({ "category": id, "to": to })),
    }
}

fn describe_fields(change: &FieldChange) -> (&'static str, Value) {
    match change {
        FieldChange::Add(definition) => {
            ("field.added", json!({ "name": definition.name.as_str() }))
        }
        FieldChange::Change { id, definition } => {
            let detail = json!({ "field": id, "name": definition.name.as_str() });
            ("field.changed", detail)
        }
        FieldChange::Remove { id } => ("field.removed", json!({ "field": id })),
        FieldChange::Move { id, to } => ("field.moved", json!({ "field": id, "to": to })),
    }
}

fn of(account: &Named) -> Value {
    json!({ "name": account.name })
}

fn describe_desk(what: &records::What) -> (&'static str, Value) {
    use records::{StartedSession, What};
    match what {
        What::PermanentHostHere { host, .. } => ("host.here", json!({ "host": host.0 })),
        What::PermanentHostGone { host } => ("host.gone", json!({ "host": host.0 })),
        What::PermanentHostsSeen => ("hosts.seen", json!({})),
        What::OperatorAdmitted(operator) => {
            ("place.given", json!({ "peer": operator.peer.to_string() }))
        }
        What::HostAdmitted(host) => {
            let detail = json!({ "peer": host.peer.to_string(), "host": host.computer });
            ("place.given", detail)
        }
        What::PeerGone { peer } => ("place.gone", json!({ "peer": peer.to_string() })),
        What::LoggedOut => ("log_out", json!({})),
        What::SessionPaused { session, side } => {
            let session = session.to_string();
            let detail = match side {
                Side::Host => json!({ "session": session, "lost": "host" }),
                Side::Operator(peer) => {
                    json!({ "session": session, "lost": "operator", "peer": peer.to_string() })
                }
            };
            ("session.paused", detail)
        }
        What::SessionResumed { session } => {
            ("session.resumed", json!({ "session": session.to_string() }))
        }
        What::InputTooOld { session, count } => {
            let detail = json!({ "session": session.to_string(), "count": count });
            ("session.input_too_old", detail)
        }
        What::TicketCreated { route, .. } => {
            ("ticket.created", json!({ "route": route.to_string() }))
        }
        What::TicketClosed { route, state } => {
            let action = match state {
                TicketState::Open => "ticket.open",
                TicketState::Used => "ticket.used",
                TicketState::Expired => "ticket.expired",
                TicketState::Revoked => "ticket.revoked",
                TicketState::Burnt => "ticket.burnt",
            };
            (action, json!({ "route": route.to_string() }))
        }
        What::WrongSecret {
            route,
            wrong_secrets,
        } => {
            let detail = json!({ "route": route.to_string(), "wrong_secrets": wrong_secrets });
            ("ticket.wrong_secret", detail)
        }
        What::ConsentAsked {
            session,
            host,
            asked,
            ..
        } => {
            let detail =
                json!({ "session": session.to_string(), "host": host, "asked": asked.to_string() });
            ("consent.asked", detail)
        }
        What::ConsentRefused { session, reason } => {
            let detail = json!({ "session": session.to_string(), "reason": reason });
            ("consent.refused", detail)
        }
        What::SessionStarted(StartedSession { session, first, .. }) => {
            ("session.started", member_detail(*session, first))
        }
        What::JoinAsked {
            session,
            operator,
            asked,
        } => {
            let (session, asked) = (session.to_string(), asked.to_string());
            let detail = json!({ "session": session, "operator": operator, "asked": asked });
            ("session.join_asked", detail)
        }
        What::JoinRefused {
            session,
            operator,
            reason,
        } => {
            let session = session.to_string();
            let detail = json!({ "session": session, "operator": operator, "reason": reason });
            ("session.join_refused", detail)
        }
        What::OperatorJoined { session, member } => {
            ("session.joined", member_detail(*session, member))
        }
        What::OperatorLeft { session, name, .. } => {
            let detail = json!({ "session": session.to_string(), "operator": name });
            ("session.left", detail)
        }
        What::RightsReduced {
            session,
            operator: _,
            name,
            rights,
        } => {
            let (session, rights) = (session.to_string(), rights.to_string());
            let detail = json!({ "session": session, "operator": name, "rights": rights });
            ("session.rights_reduced", detail)
        }
        What::SessionEnded { session, by, .. } => {
            let detail = json!({ "session": session.to_string(), "by": ended_by_word(*by) });
            ("session.ended", detail)
        }
        What::FilmClosed {
            session,
            bytes,
            head,
        } => {
            let head = recording::ChainHead(*head).to_string();
            let detail = json!({ "session": session.to_string(), "bytes": bytes, "head": head });
            ("film.closed", detail)
        }
        What::EndedByAdministrator { session } => (
            "session.ended_by_administrator",
            json!({ "session": session.to_string() }),
        ),
        What::WatchBegan { session } => {
            ("session.watched", json!({ "session": session.to_string() }))
        }
        What::WatchEnded { session } => (
            "session.watch_ended",
            json!({ "session": session.to_string() }),
        ),
        What::DisconnectedByAdministrator { peer } => {
            ("place.taken", json!({ "peer": peer.to_string() }))
        }
        What::Denied { action, why } => {
            let detail = json!({ "action": format!("{action:?}"), "why": why.to_string() });
            ("denied", detail)
        }
        What::FilmFailed { session } => ("film.failed", json!({ "session": session.to_string() })),
    }
}

fn member_detail(session: SessionId, member: &records::StoredMember) -> Value {
    json!({
        "session": session.to_string(),
        "operator": member.name,
        "granted": member.rights.to_string(),
    })
}
