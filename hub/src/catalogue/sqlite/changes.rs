//! How each change changes the rows.

use ::session::directory::records;
use protocol::admin::films::UseKind;
use rusqlite::Connection;
use transport::HubIdentity;

use super::accounts;
use super::audit;
use super::chat;
use super::corrections;
use super::erased_reports;
use super::films;
use super::forms;
use super::groups;
use super::hosts;
use super::members;
use super::places;
use super::receipts;
use super::report_index;
use super::reports;
use super::rules;
use super::sessions::{self, ended_by_number};
use super::settings;
use super::sign_ins;
use super::tickets::state_number;
use crate::catalogue::audit::sign_film;
use crate::catalogue::{Actor, Batch, CatalogueError, Change, What};

/// Makes the changes of `batch` with their audit rows, inside a transaction of the caller's.
pub(super) fn make_all(
    t: &Connection,
    batch: &Batch,
    key: &HubIdentity,
) -> Result<(), CatalogueError> {
    let now = batch.at_unix_millis;
    for Change { actor, what } in &batch.changes {
        make(t, now, actor, what, key)?;
        if let Some((action, detail)) = what.describe() {
            audit::append(t, now, actor, action, &detail)?;
        }
    }
    Ok(())
}

fn make(
    t: &Connection,
    now: i64,
    actor: &Actor,
    what: &What,
    key: &HubIdentity,
) -> Result<(), CatalogueError> {
    match what {
        What::HubStarted { .. } => {
            sign_ins::forget_gone(t)?;
            hosts::forget_connected(t)?;
        }
        What::Host(change) => hosts::make(t, now, actor, change)?,
        What::HubStopped
        | What::LogInRefused { .. }
        | What::OwnProofRefused { .. }
        | What::ReportsExported { .. }
        | What::QuestionDenied { .. }
        | What::EndExplained { .. }
        | What::BackedUp
        | What::DownloadAdded { .. }
        | What::DownloadRemoved { .. }
        | What::Restored { .. } => {}
        What::FilmWatched { session } => {
            films::note_use(t, now, actor, *session, UseKind::Watched)?;
        }
        What::FilmExported { session } => {
            films::note_use(t, now, actor, *session, UseKind::Exported)?;
        }
        What::FilmHeld { session, reason } => films::hold(t, now, actor, *session, reason)?,
        What::FilmReleased { session } => films::release(t, *session)?,
        What::FilmErased {
            session,
            why,
            reason,
        } => films::erase(t, now, actor, *session, *why, reason)?,
        What::SettingChanged(setting) => settings::set(t, setting)?,
        What::LogoSet { png } => settings::set_logo(t, png)?,
        What::Desk(what) => make_desk(t, now, actor, what, key)?,
        What::AccountAdded(new) => accounts::add(t, now, new)?,
        What::LoggedIn { account, .. } => accounts::logged_in(t, *account, now)?,
        What::AccountChanged { account, to } => accounts::change(t, account.id, to)?,
        What::PasswordSet { account, hash } => {
            accounts::set_password(t, account, hash)?;
            places::remove_of_operator(t, account.id)?;
        }
        What::OwnPasswordSet {
            account,
            hash,
            stays,
        } => {
            accounts::set_password(t, account, hash)?;
            places::remove_others_of_operator(t, account.id, *stays)?;
        }
        What::RecoveryCodesRenewed { account, codes } => {
            rules::renew_recovery_codes(t, account, codes)?;
        }
        What::AccountDisabled { account } => {
            accounts::set_disabled(t, account, true)?;
            places::remove_of_operator(t, account.id)?;
        }
        What::AccountEnabled { account } => accounts::set_disabled(t, account, false)?,
        What::Invited {
            account,
            token,
            expires_unix_millis,
        } => accounts::invite(t, account, *token, *expires_unix_millis)?,
        What::InvitationTaken {
            account,
            token,
            hash,
        } => {
            accounts::take_invitation(t, account, *token, hash)?;
            places::remove_of_operator(t, account.id)?;
        }
        What::SecondFactorSet { account, factor } => rules::set_second_factor(t, account, factor)?,
        What::SecondFactorReset { account } => rules::reset_second_factor(t, account.id)?,
        What::CodeUsed { account, step } => rules::use_code(t, account, *step)?,
        What::RecoveryCodeUsed { account, code } => rules::use_recovery_code(t, account, *code)?,
        What::GroupAdded { name } => groups::add_group(t, name)?,
        What::GroupRenamed { group, name } => groups::rename_group(t, *group, name)?,
        What::GroupRemoved { group } => groups::remove_group(t, *group)?,
        What::RoleAdded { name, permissions } => groups::add_role(t, name, *permissions)?,
        What::RoleChanged {
            role,
            name,
            permissions,
        } => groups::change_role(t, *role, name, *permissions)?,
        What::RoleRemoved { role } => groups::remove_role(t, *role)?,
        What::RulesSet(set) => rules::set(t, *set)?,
        What::HubAddressSet { address } => rules::set_hub_address(t, address)?,
        What::SignedIn(sign_in) => sign_ins::add(t, sign_in, now)?,
        What::SignInEnded { sign_in } => sign_ins::end(t, *sign_in)?,
        What::SignedOut { sign_in } => sign_ins::remove(t, *sign_in)?,
        What::ReportSaved {
            report,
            draft,
            finished,
        } => {
            reports::save(t, *report, draft, *finished, now)?;
        }
        What::ReportFieldsFilled { report, fields } => reports::fill_fields(t, *report, fields)?,
        What::ReportCorrected {
            report,
            draft,
            fields,
            reason,
        } => corrections::add(t, *report, draft, fields, (now, actor.name(), reason))?,
        What::ReportErased { report, .. } => erased_reports::erase(t, now, *report)?,
        What::CategoriesChanged(change) => forms::change_categories(t, change)?,
        What::FieldsChanged(change) => forms::change_fields(t, change)?,
        What::FeedbackGiven { session, feedback } => receipts::rate(t, *session, feedback)?,
        What::ChatSaid { session, line } => chat::add(t, *session, line)?,
        What::Worked { session, worked } => sessions::worked(t, *session, *worked)?,
    }
    Ok(())
}

fn make_desk(
    t: &Connection,
    now: i64,
    actor: &Actor,
    what: &records::What,
    key: &HubIdentity,
) -> Result<(), CatalogueError> {
    use records::What;
    match what {
        What::LoggedOut
        | What::SessionPaused { .. }
        | What::SessionResumed { .. }
        | What::SessionWithheld { .. }
        | What::SessionShielded { .. }
        | What::InputTooOld { .. }
        | What::JoinAsked { .. }
        | What::JoinRefused { .. }
        | What::FilmFailed { .. }
        | What::EndedByAdministrator { .. }
        | What::DisconnectedByAdministrator { .. }
        | What::WatchEnded { .. }
        | What::HostOpened { .. }
        | What::HostNotOpened { .. }
        | What::HostWaking { .. }
        | What::HostWoken { .. }
        | What::HostNotWoken { .. }
        | What::Folders { .. }
        | What::ScreenShown { .. }
        | What::ScreenNotShown { .. }
        | What::Denied { .. } => {}
        What::Files { session, note } => receipts::note_files(t, *session, note)?,
        What::WatchBegan { session } => {
            films::note_use(t, now, actor, *session, UseKind::Watched)?;
        }
        What::PermanentHostHere {
            host,
            computer,
            system,
            program,
            from,
        } => hosts::is_here(t, now, *host, (computer, system, program), *from)?,
        What::PermanentHostIn { host, lans } => hosts::keep_lans(t, *host, lans)?,
        What::PermanentHostGone { host } => hosts::is_gone(t, now, *host)?,
        What::PermanentHostsSeen => hosts::seen(t, now)?,
        What::OperatorAdmitted(operator) => places::add_operator(t, operator)?,
        What::HostAdmitted(host) => places::add_host(t, host)?,
        What::PeerGone { peer } => {
            places::remove(t, *peer)?;
            sign_ins::remove(t, *peer)?;
        }
        What::RightsReduced {
            session,
            operator,
            name: _,
            rights,
        } => members::set_rights(t, *session, *operator, *rights)?,
        What::OperatorJoined { session, member } => {
            members::join(t, *session, member, now)?;
            report_index::refresh(t, *session)?;
        }
        What::OperatorLeft {
            session,
            operator,
            name: _,
            owner,
        } => {
            members::leave(t, *session, *operator, *owner, now)?;
            report_index::refresh(t, *session)?;
        }
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
        What::TicketExtended {
            route,
            expires_unix_millis,
        } => {
            t.execute(
                "UPDATE ticket SET expires_at = ?2 WHERE route = ?1 AND state = 0",
                (route.get(), expires_unix_millis),
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
                    ticket.map(protocol::TicketRoute::get),
                    now,
                ),
            )?;
        }
        What::ConsentRefused {
            session: of,
            reason: _,
        } => {
            let session = of.0.cast_signed();
            // it may have been stored as started in the moment in which it was taken back
            report_index::forget(t, *of)?;
            t.execute("DELETE FROM report WHERE session = ?1", [session])?;
            t.execute("DELETE FROM member WHERE session = ?1", [session])?;
            t.execute(
                "UPDATE session SET state = 3, started_at = NULL, ended_at = ?2, film = NULL \
                 WHERE id = ?1",
                (session, now),
            )?;
        }
        What::SessionStarted(started) => {
            let session = started.session.0.cast_signed();
            t.execute(
                "UPDATE session SET state = 1, started_at = ?2, film = ?3, host_place = ?4 \
                 WHERE id = ?1",
                (
                    session,
                    started.started_unix_millis,
                    &started.film,
                    started.host.0,
                ),
            )?;
            let joined = started.started_unix_millis;
            members::add(t, started.session, &started.first, joined)?;
            t.execute(
                "INSERT INTO report (session, id, saved_at) VALUES (?1, ?2, ?3)",
                (session, started.report.0.cast_signed(), now),
            )?;
            report_index::refresh(t, started.session)?;
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
            members::leave_all(t, *session, *ended_unix_millis)?;
            sessions::account_for_all(t, *session)?;
            report_index::refresh(t, *session)?;
        }
        What::FilmClosed {
            session,
            bytes,
            head,
        } => {
            t.execute(
                "UPDATE session SET film_bytes = ?2, film_head = ?3, film_signature = ?4 \
                 WHERE id = ?1",
                (
                    session.0.cast_signed(),
                    bytes.cast_signed(),
                    head,
                    sign_film(key, *session, head)?,
                ),
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use protocol::admin::Page;
    use protocol::admin::reports::{ReportFilter, ReportSort};
    use protocol::{PeerId, ReportId, Rights, SessionId, TicketRoute};
    use records::{AccountId, StartedSession};

    use super::*;
    use crate::catalogue::{self, NewAccount, PasswordHash};

    #[test]
    fn a_session_that_was_taken_back_while_it_was_stored_leaves_no_report() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut catalogue = catalogue::open_or_create(folder.path()).expect("created");
        let (session, owner) = (SessionId(1), AccountId(1));
        let account = NewAccount {
            name: "anna".to_owned(),
            display_name: "Anna".to_owned(),
            role: protocol::RoleId::OPERATOR,
            groups: [protocol::GroupId::EVERYONE].into(),
            password_hash: PasswordHash(String::new()),
        };
        let asked = records::What::ConsentAsked {
            session,
            owner,
            operator: "Anna".to_owned(),
            host: "PC".to_owned(),
            requester: "Rossi".to_owned(),
            ticket: TicketRoute::new(1),
            asked: Rights::SEE,
        };
        let started = records::What::SessionStarted(StartedSession {
            session,
            report: ReportId(1),
            host: PeerId([1; 16]),
            first: records::StoredMember {
                operator: PeerId([2; 16]),
                account: owner,
                login: "anna".to_owned(),
                name: "Anna".to_owned(),
                asked: Rights::SEE,
                rights: Rights::SEE,
            },
            started_unix_millis: 5,
            film: "films/00000001.film".to_owned(),
        });
        let reason = "the user left";
        let refused = records::What::ConsentRefused { session, reason };
        let desk = [asked, started, refused].map(What::Desk);
        let batches = [What::AccountAdded(account)].into_iter().chain(desk);
        let batches: Vec<Batch> = batches.map(|what| Change::by_hub(what).at(1)).collect();
        catalogue.apply(&batches).expect("stored");
        assert_eq!(catalogue.drafts(owner).expect("readable"), []);
        let (filter, sort) = (ReportFilter::default(), ReportSort::default());
        let page = Page { first: 0, rows: 10 };
        let listed = catalogue.reports(&filter, sort, page).expect("readable");
        assert_eq!((listed.total, listed.rows), (0, Vec::new()));
        assert_eq!(catalogue.sessions(10).expect("readable"), []);
    }
}
