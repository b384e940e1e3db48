//! Answers to the administration's questions about permanent hosts.

use std::sync::Arc;

use protocol::admin::Page;
use protocol::admin::hosts::{Answer, Filter, NewEnrolment, Order, Question, Versions};
use protocol::admin::people::Line;
use protocol::control::Name;
use protocol::{HostId, Refusal, RefusalCode};
use tokio::task::spawn_blocking;

use super::desk::ask;
use super::people::refusal;
use super::{Administrator, Office};
use crate::catalogue::{Catalogue, CatalogueError, HostChange, NamedHost, What};
use crate::registry::Oversight;
use crate::{hosts, people};

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    Ok(match question {
        Question::List {
            filter,
            order,
            descending,
            page,
        } => {
            let read = move |c: &dyn Catalogue| c.host_rows(&filter, (order, descending), page);
            Answer::List(office.read(read).await?)
        }
        Question::Invite(wanted) => return invite(office, who, wanted).await,
        Question::Enrolments { page } => {
            let now = office.clock.now().unix_millis;
            Answer::Enrolments(office.read(move |c| c.enrolment_rows(now, page)).await?)
        }
        Question::WithdrawEnrolment { enrolment } => {
            done(office, who, HostChange::EnrolmentWithdrawn { enrolment }).await?
        }
        Question::Change { host, change } => {
            let host = find(office, host).await?;
            let what = hosts::change(host, &change).map_err(refusal)?;
            office.change_people(who, what).await?;
            Answer::Done
        }
        Question::SetDisabled { host, disabled } => {
            let host = find(office, host).await?;
            done(office, who, HostChange::Disabled { host, disabled }).await?
        }
        Question::Remove { host } => {
            let host = find(office, host).await?;
            done(office, who, HostChange::Removed { host }).await?
        }
        Question::Groups { page } => {
            Answer::Groups(office.read(move |c| c.host_group_rows(page)).await?)
        }
        Question::AddGroup(to) => {
            let name = people::fit_name(&to.name).map_err(refusal)?;
            let what = hosts::group(None, &to).map_err(refusal)?;
            office.change_people(who, what).await?;
            let group = office.read(move |c| c.host_group_named(&name)).await?;
            Answer::GroupAdded { group }
        }
        Question::ChangeGroup { group, to } => {
            let what = hosts::group(Some(group), &to).map_err(refusal)?;
            office.change_people(who, what).await?;
            Answer::Done
        }
        Question::RemoveGroup { group } => {
            done(office, who, HostChange::GroupRemoved { group }).await?
        }
        Question::Operators { host } => {
            let names = office.read(move |c| c.host_operators(host)).await?;
            let names = names.into_iter().map(Name::cut).collect();
            Answer::Operators { names }
        }
        Question::ChooseOperators { host, names } => {
            let host = find(office, host).await?;
            let choose = move |c: &dyn Catalogue| hosts::choose_operators(c, host, &names);
            let what = office.read(choose).await?;
            office.change_people(who, what).await?;
            Answer::Done
        }
        Question::Wake { host } => {
            let actor = who.actor();
            let through = ask(office, |done| Oversight::Wake { host, actor, done }).await??;
            Answer::Waking { through }
        }
        Question::Versions => Answer::Versions(versions(office).await?),
    })
}

async fn versions(office: &Office) -> Result<Versions, Refusal> {
    let programs = office.read(|catalogue| fleet(catalogue)).await?;
    let updates = Arc::clone(office.updates());
    let found = spawn_blocking(move || updates.overview(programs.iter().map(String::as_str)));
    found.await.map_err(|_panic| RefusalCode::INTERNAL.into())
}

/// What every computer and console that the hub knows calls itself.
fn fleet(catalogue: &dyn Catalogue) -> Result<Vec<String>, CatalogueError> {
    let pages = || {
        let firsts = (0..).step_by(usize::from(Page::MOST));
        let rows = Page::MOST;
        firsts.map_while(move |first| {
            Some(Page {
                first: first.try_into().ok()?,
                rows,
            })
        })
    };
    let mut programs = Vec::new();
    let order = (Order::Name, false);
    for page in pages() {
        let found = catalogue.host_rows(&Filter::default(), order, page)?;
        if found.rows.is_empty() {
            break;
        }
        programs.extend(found.rows.iter().map(|row| row.program.to_string()));
    }
    for page in pages() {
        let found = catalogue.sign_in_rows(page)?;
        if found.rows.is_empty() {
            break;
        }
        programs.extend(found.rows.iter().map(|row| row.program.to_string()));
    }
    Ok(programs)
}

async fn invite(
    office: &Office,
    who: &Administrator,
    wanted: NewEnrolment,
) -> Result<Answer, Refusal> {
    let (fingerprint, now) = (office.fingerprint, office.clock.now().unix_millis);
    let make = move |c: &dyn Catalogue| Ok(hosts::invite(c, wanted, fingerprint, now));
    let (what, enrolment) = office.read(make).await?.map_err(refusal)?;
    office.change(who, what).await?;
    Ok(Answer::Invitation {
        line: Line::cut(enrolment.to_string()),
        expires_unix_millis: hosts::enrolment_expires(wanted.valid_hours, now),
    })
}

/// Makes the change; it holds for those who are connected when this returns.
async fn done(office: &Office, who: &Administrator, change: HostChange) -> Result<Answer, Refusal> {
    office.change_people(who, What::Host(change)).await?;
    Ok(Answer::Done)
}

async fn find(office: &Office, host: HostId) -> Result<NamedHost, Refusal> {
    office.read(move |c| c.host(host)).await
}
