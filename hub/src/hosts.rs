//! What becomes of permanent hosts, for the administration and for the command line alike: each function
//! makes the change that is to be stored, and what the person is shown.

use protocol::admin::hosts::{
    HostChange as Wanted, HostGroup, MAX_OPERATORS_OF_HOST, MAX_USES, MAX_VALID_HOURS, NewEnrolment,
};
use protocol::control::Name;
use protocol::{Enrolment, EnrolmentCode, HostGroupId, HubAddress, visible_text};
use transport::Fingerprint;

use crate::catalogue::{
    Catalogue, CatalogueError, ChangedHost, HostChange, NamedHost, NewEnrolmentCode, TokenHash,
    What,
};
use crate::people::{self, PeopleError, fit_name};

const HOUR_MILLIS: i64 = 60 * 60 * 1000;

/// A code that enrols hosts, and the line that brings it and the hub's address to them.
///
/// # Errors
///
/// [`PeopleError`], above all where the hub does not know its address yet.
pub fn invite(
    catalogue: &dyn Catalogue,
    wanted: NewEnrolment,
    fingerprint: Fingerprint,
    now_unix_millis: i64,
) -> Result<(What, Enrolment), PeopleError> {
    let NewEnrolment {
        group,
        uses,
        valid_hours,
    } = wanted;
    if !(1..=MAX_USES).contains(&uses) || !(1..=MAX_VALID_HOURS).contains(&valid_hours) {
        return Err(PeopleError::EnrolmentOutOfRange);
    }
    let address = catalogue.hub_address()?;
    let hub: Option<HubAddress> = address.and_then(|address| address.parse().ok());
    let mut code = [0; 16];
    getrandom::fill(&mut code).map_err(PeopleError::Random)?;
    let enrolment = Enrolment {
        hub: hub.ok_or(PeopleError::NoAddress)?,
        fingerprint: fingerprint.bytes(),
        code: EnrolmentCode(code),
    };
    let change = HostChange::EnrolmentMade(NewEnrolmentCode {
        code: hash_code(enrolment.code),
        group,
        uses,
        expires_unix_millis: enrolment_expires(valid_hours, now_unix_millis),
    });
    Ok((What::Host(change), enrolment))
}

/// Until when a code of now is good.
pub fn enrolment_expires(valid_hours: u32, now_unix_millis: i64) -> i64 {
    now_unix_millis.saturating_add(i64::from(valid_hours) * HOUR_MILLIS)
}

/// What the hub keeps of a code, which has 128 random bits.
pub(crate) fn hash_code(code: EnrolmentCode) -> TokenHash {
    people::hash("pure-help-desk enrolment v1", &code.0)
}

/// # Errors
///
/// [`PeopleError::NameUnfit`] for a name or note with something in it that hides.
pub fn change(host: NamedHost, to: &Wanted) -> Result<What, PeopleError> {
    let name = match to.name.trim() {
        "" => String::new(),
        name => fit_name(name)?,
    };
    let note = to.note.trim();
    if visible_text(note) != note {
        return Err(PeopleError::NameUnfit);
    }
    let to = ChangedHost {
        name,
        group: to.group,
        note: note.to_owned(),
    };
    Ok(What::Host(HostChange::Changed { host, to }))
}

/// Only the accounts of these names open the host; all who see it where there is none.
///
/// # Errors
///
/// [`CatalogueError`] where there is no such account, or there are too many.
pub fn choose_operators(
    catalogue: &dyn Catalogue,
    host: NamedHost,
    names: &[Name],
) -> Result<What, CatalogueError> {
    if names.len() > MAX_OPERATORS_OF_HOST {
        let rule = format!("at most {MAX_OPERATORS_OF_HOST} operators are chosen for one host");
        return Err(CatalogueError::Rule(rule));
    }
    let account = |name: &Name| {
        let account = catalogue.account_named(name.trim())?;
        Ok::<_, CatalogueError>((account.id, account.name))
    };
    let operators = names.iter().map(account).collect::<Result<_, _>>()?;
    Ok(What::Host(HostChange::OperatorsChosen { host, operators }))
}

/// A new group, or what becomes of one.
///
/// # Errors
///
/// [`PeopleError::NameUnfit`].
pub fn group(group: Option<HostGroupId>, to: &HostGroup) -> Result<What, PeopleError> {
    let name = fit_name(&to.name)?;
    let seen_by = to.seen_by.iter().copied().collect();
    Ok(What::Host(match group {
        None => HostChange::GroupAdded { name, seen_by },
        Some(group) => HostChange::GroupChanged {
            group,
            name,
            seen_by,
        },
    }))
}
