//! Lists of accounts, groups and roles, as tables and as JSON.

use std::io::Write as _;

use hub::catalogue::{self, CatalogueError};
use protocol::admin::people::{AccountOrder, AccountRow, Rules, SecondFactorRule};
use protocol::admin::{Page, Rows};
use serde_json::{Value, json};

use super::super::DataArgs;
use super::super::table::{Table, time_text};

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) data: DataArgs,
}

impl ListArgs {
    pub(super) fn json(&self) -> bool {
        self.json
    }
}

/// Every row, page by page.
pub(in crate::cli) fn all<T>(
    read: impl Fn(Page) -> Result<Rows<T>, CatalogueError>,
) -> Result<Vec<T>, CatalogueError> {
    let mut rows = Vec::new();
    loop {
        let page = Page {
            first: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            rows: Page::MOST,
        };
        let mut found = read(page)?.rows;
        if found.is_empty() {
            return Ok(rows);
        }
        rows.append(&mut found);
    }
}

pub(super) fn print_json(rows: impl Iterator<Item = Value>) -> anyhow::Result<()> {
    let rows = Value::Array(rows.collect());
    writeln!(std::io::stdout(), "{rows:#}")?;
    Ok(())
}

pub(super) fn accounts(args: &ListArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let order = (AccountOrder::Name, false);
    let rows = all(|page| catalogue.account_rows(page, "", order))?;
    let groups = all(|page| catalogue.group_rows(page))?;
    let group_names = |row: &AccountRow| -> Vec<String> {
        let own = groups.iter().filter(|g| row.groups.contains(&g.group));
        own.map(|group| group.name.to_string()).collect()
    };
    if args.json() {
        return print_json(rows.iter().map(|row| {
            json!({
                "name": row.name.as_str(),
                "display_name": row.display_name.as_str(),
                "role": row.role_name.as_str(),
                "groups": group_names(row),
                "has_password": row.has_password,
                "second_factor": row.has_second_factor,
                "recovery_codes_left": row.recovery_codes_left,
                "disabled": row.disabled,
                "signed_in": row.signed_in,
                "last_log_in": row.last_log_in_unix_millis.map(time_text),
                "invited_until": row.invited_until_unix_millis.map(time_text),
            })
        }));
    }
    let mut table = Table::new(&[
        "NAME",
        "DISPLAY NAME",
        "ROLE",
        "STATE",
        "GROUPS",
        "SECOND FACTOR",
        "LAST LOG-IN",
    ]);
    for row in rows {
        let groups = group_names(&row).join(", ");
        table.row(vec![
            row.name.into_string(),
            row.display_name.into_string(),
            row.role_name.into_string(),
            match (row.disabled, row.has_password) {
                (true, _) => "disabled",
                (false, true) => "enabled",
                (false, false) => "invited",
            }
            .to_owned(),
            groups,
            if row.has_second_factor { "yes" } else { "no" }.to_owned(),
            row.last_log_in_unix_millis
                .map_or_else(|| "never".to_owned(), time_text),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

pub(super) fn groups(args: &ListArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let rows = all(|page| catalogue.group_rows(page))?;
    if args.json() {
        return print_json(rows.iter().map(|row| {
            let name = row.name.as_str();
            json!({ "name": name, "built_in": row.built_in, "accounts": row.accounts })
        }));
    }
    let mut table = Table::new(&["GROUP", "ACCOUNTS"]);
    for row in rows {
        table.row(vec![row.name.into_string(), row.accounts.to_string()]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

pub(super) fn roles(args: &ListArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let rows = all(|page| catalogue.role_rows(page))?;
    if args.json() {
        return print_json(rows.iter().map(|row| {
            let permissions: Vec<&str> = row.permissions.names().collect();
            json!({
                "name": row.name.as_str(),
                "permissions": permissions,
                "built_in": row.built_in,
                "accounts": row.accounts,
            })
        }));
    }
    let mut table = Table::new(&["ROLE", "PERMITS", "ACCOUNTS"]);
    for row in rows {
        table.row(vec![
            row.name.into_string(),
            row.permissions.to_string(),
            row.accounts.to_string(),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

pub(super) fn rules(args: &ListArgs, rules: Rules) -> anyhow::Result<()> {
    let second_factor = match rules.second_factor {
        SecondFactorRule::Off => "off",
        SecondFactorRule::Optional => "optional",
        SecondFactorRule::Administrators => "administrators",
        SecondFactorRule::Everybody => "everybody",
    };
    let mut out = std::io::stdout();
    if args.json() {
        let chars = rules.password_chars;
        let shown = json!({ "second_factor": second_factor, "password_chars": chars });
        writeln!(out, "{shown}")?;
    } else {
        writeln!(out, "second factor: {second_factor}")?;
        writeln!(
            out,
            "password: at least {} characters",
            rules.password_chars
        )?;
    }
    Ok(())
}
