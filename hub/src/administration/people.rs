//! Answers to the administration's questions about people.

use std::path::Path;

use protocol::admin::people::{AccountChange, Answer, Line, NewAccount, Question, RecoveryCode};
use protocol::{AccountId, Password, Permissions, Refusal, RefusalCode};

use super::{Administrator, Office};
use crate::catalogue::{Account, Catalogue, PasswordHash, What};
use crate::people::{self, PeopleError};
use crate::registry::log_store_error;

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    Ok(match question {
        Question::Accounts {
            page,
            search,
            order,
            descending,
        } => {
            let read = move |c: &dyn Catalogue| c.account_rows(page, &search, (order, descending));
            Answer::Accounts(office.read(read).await?)
        }
        Question::AddAccount(new) => return add(office, who, new).await,
        Question::ChangeAccount { account, change } => {
            return change_account(office, who, account, change).await;
        }
        Question::SetDisabled { account, disabled } => {
            let account = find(office, account).await?.named();
            let what = if disabled {
                What::AccountDisabled { account }
            } else {
                What::AccountEnabled { account }
            };
            done(office, who, what).await?
        }
        Question::SetPassword { account, password } => {
            let account = find(office, account).await?;
            let hash = hash(office, password, account.name.clone()).await?;
            let account = account.named();
            done(office, who, What::PasswordSet { account, hash }).await?
        }
        Question::SetUpSecondFactor { account } => {
            let account = find(office, account).await?;
            let (what, shown) = people::second_factor(&account).map_err(refusal)?;
            office.change_people(who, what).await?;
            Answer::SecondFactor {
                address: Line::cut(shown.address),
                recovery_codes: shown
                    .recovery_codes
                    .into_iter()
                    .map(RecoveryCode::cut)
                    .collect(),
            }
        }
        Question::ResetSecondFactor { account } => {
            let account = find(office, account).await?.named();
            done(office, who, What::SecondFactorReset { account }).await?
        }
        Question::Invite { account } => {
            let account = find(office, account).await?;
            let (fingerprint, now) = (office.fingerprint, office.clock.now().unix_millis);
            let make = move |c: &dyn Catalogue| Ok(people::invite(c, &account, fingerprint, now));
            let (what, invitation) = office.read(make).await?.map_err(refusal)?;
            office.change_people(who, what).await?;
            Answer::Invitation {
                line: Line::cut(invitation.to_string()),
                expires_unix_millis: people::invitation_expires(now),
            }
        }
        Question::Groups { page } => {
            Answer::Groups(office.read(move |c| c.group_rows(page)).await?)
        }
        Question::AddGroup { name } => {
            let name = people::fit_name(&name).map_err(refusal)?;
            let added = name.clone();
            office.change_people(who, What::GroupAdded { name }).await?;
            let group = office.read(move |c| c.group_named(&added)).await?;
            Answer::GroupAdded { group }
        }
        Question::RenameGroup { group, name } => {
            let name = people::fit_name(&name).map_err(refusal)?;
            done(office, who, What::GroupRenamed { group, name }).await?
        }
        Question::RemoveGroup { group } => done(office, who, What::GroupRemoved { group }).await?,
        Question::Roles { page } => Answer::Roles(office.read(move |c| c.role_rows(page)).await?),
        Question::AddRole { name, permissions } => {
            let name = people::fit_name(&name).map_err(refusal)?;
            let permissions = known(permissions);
            let added = name.clone();
            office
                .change_people(who, What::RoleAdded { name, permissions })
                .await?;
            let role = office.read(move |c| c.role_named(&added)).await?;
            Answer::RoleAdded { role }
        }
        Question::ChangeRole {
            role,
            name,
            permissions,
        } => {
            let what = What::RoleChanged {
                role,
                name: people::fit_name(&name).map_err(refusal)?,
                permissions: known(permissions),
            };
            done(office, who, what).await?
        }
        Question::RemoveRole { role } => done(office, who, What::RoleRemoved { role }).await?,
        Question::SignIns { page } => {
            Answer::SignIns(office.read(move |c| c.sign_in_rows(page)).await?)
        }
        Question::EndSignIn { sign_in } => done(office, who, What::SignInEnded { sign_in }).await?,
        Question::Rules => Answer::Rules(office.read(|c| c.rules()).await?),
        Question::SetRules(rules) => {
            let what = people::set_rules(rules, Some(&who.account)).map_err(refusal)?;
            done(office, who, what).await?
        }
    })
}

async fn add(office: &Office, who: &Administrator, new: NewAccount) -> Result<Answer, Refusal> {
    let name = people::fit_name(&new.name).map_err(refusal)?;
    let password_hash = match new.password {
        Some(password) => hash(office, password, name.clone()).await?,
        None => PasswordHash::none(),
    };
    let what = people::add(
        &name,
        &new.display_name,
        new.role,
        new.groups,
        password_hash,
    );
    office.change_people(who, what.map_err(refusal)?).await?;
    let added = office.read(move |c| c.account_named(&name)).await?;
    Ok(Answer::AccountAdded { account: added.id })
}

async fn change_account(
    office: &Office,
    who: &Administrator,
    account: AccountId,
    change: AccountChange,
) -> Result<Answer, Refusal> {
    let account = find(office, account).await?;
    let what = people::change(&account, change).map_err(refusal)?;
    done(office, who, what).await
}

async fn done(office: &Office, who: &Administrator, what: What) -> Result<Answer, Refusal> {
    office.change_people(who, what).await?;
    Ok(Answer::Done)
}

async fn find(office: &Office, account: AccountId) -> Result<Account, Refusal> {
    let found = office.read(move |c| c.account(account)).await?;
    found.ok_or_else(|| RefusalCode::NOT_THERE.into())
}

/// Hashes a new password where it may take its time, if the rules allow it.
async fn hash(office: &Office, password: Password, name: String) -> Result<PasswordHash, Refusal> {
    let folder = office.folder.clone();
    let hash = move |c: &dyn Catalogue| {
        let rules = c.rules()?;
        let password = &password.0;
        Ok(people::new_password(
            password,
            &name,
            rules,
            Path::new(&folder),
        ))
    };
    office.read(hash).await?.map_err(refusal)
}

/// What a newer window has a name for is not given by a hub that has none.
fn known(permissions: Permissions) -> Permissions {
    Permissions::from_bits(permissions.bits() & Permissions::KNOWN.bits())
}

pub(super) fn refusal(error: PeopleError) -> Refusal {
    let code = error.code();
    if let PeopleError::Catalogue(error) = error {
        log_store_error(&error);
    } else {
        tracing::info!(%error, "Accounts not changed");
    }
    code.into()
}
