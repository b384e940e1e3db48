//! Groups and roles.

use hub::catalogue::{self, Catalogue, What};
use hub::people;
use protocol::admin::Page;
use protocol::{GroupId, Permissions};

use super::super::DataArgs;
use super::{change, say};

/// The groups with these names.
pub(super) fn numbers(catalogue: &dyn Catalogue, names: &[String]) -> anyhow::Result<Vec<GroupId>> {
    let found = names.iter().map(|name| catalogue.group_named(name));
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn add(data: &DataArgs, name: &str) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let name = people::fit_name(name)?;
    let done = format!("there is a group {name}");
    change(&mut *catalogue, What::GroupAdded { name })?;
    Ok(say(&done)?)
}

pub(super) fn rename(data: &DataArgs, name: &str, new_name: &str) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let group = catalogue.group_named(name)?;
    let name = people::fit_name(new_name)?;
    let done = format!("the group is called {name}");
    change(&mut *catalogue, What::GroupRenamed { group, name })?;
    Ok(say(&done)?)
}

pub(super) fn remove(data: &DataArgs, name: &str) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let group = catalogue.group_named(name)?;
    change(&mut *catalogue, What::GroupRemoved { group })?;
    Ok(say(&format!("there is no group {name} any more"))?)
}

pub(super) fn add_role(
    data: &DataArgs,
    name: &str,
    permissions: Permissions,
) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let name = people::fit_name(name)?;
    let done = format!("there is a role {name}: {permissions}");
    change(&mut *catalogue, What::RoleAdded { name, permissions })?;
    Ok(say(&done)?)
}

pub(super) fn change_role(
    data: &DataArgs,
    name: &str,
    new_name: Option<&str>,
    permissions: Option<Permissions>,
) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let role = catalogue.role_named(name)?;
    let page = Page {
        first: 0,
        rows: Page::MOST,
    };
    let roles = catalogue.role_rows(page)?.rows;
    let now = roles.into_iter().find(|row| row.role == role);
    let now = now.map_or(Permissions::NONE, |row| row.permissions);
    let permissions = permissions.unwrap_or(now);
    let name = people::fit_name(new_name.unwrap_or(name))?;
    let done = format!("the role {name} permits {permissions}");
    let what = What::RoleChanged {
        role,
        name,
        permissions,
    };
    change(&mut *catalogue, what)?;
    Ok(say(&done)?)
}

pub(super) fn remove_role(data: &DataArgs, name: &str) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    let role = catalogue.role_named(name)?;
    change(&mut *catalogue, What::RoleRemoved { role })?;
    Ok(say(&format!("there is no role {name} any more"))?)
}
