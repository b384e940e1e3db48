//! Who is signed in.

use std::str::FromStr;

use hub::catalogue::{self, What};
use protocol::PeerId;
use protocol::admin::people::SignInKind;
use serde_json::json;

use super::super::DataArgs;
use super::super::table::{Table, time_text};
use super::list::{ListArgs, all, print_json};
use super::{change, say};

/// A sign-in by the number that the list shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignInNumber(pub(super) PeerId);

impl FromStr for SignInNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "it has 32 hexadecimal digits; `hub admin sign-ins` and `hub admin connected` list them";
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_checked| wrong)?;
        Ok(Self(PeerId(number.to_be_bytes())))
    }
}

pub(super) fn list(args: &ListArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let rows = all(|page| catalogue.sign_in_rows(page))?;
    let kind = |kind| match kind {
        SignInKind::Console => "console",
        SignInKind::Administration => "administration",
    };
    if args.json() {
        let rows = rows.iter().map(|row| {
            json!({
                "sign_in": row.sign_in.to_string(),
                "name": row.name.as_str(),
                "display_name": row.display_name.as_str(),
                "kind": kind(row.kind),
                "program": row.program.as_str(),
                "address": row.address.as_str(),
                "since": time_text(row.since_unix_millis),
            })
        });
        return print_json(rows);
    }
    let mut table = Table::new(&["SIGN-IN", "NAME", "WHERE", "FROM", "PROGRAM", "SINCE"]);
    for row in rows {
        table.row(vec![
            row.sign_in.to_string(),
            row.name.into_string(),
            kind(row.kind).to_owned(),
            row.address.into_string(),
            row.program.into_string(),
            time_text(row.since_unix_millis),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

pub(super) fn end(data: &DataArgs, SignInNumber(sign_in): SignInNumber) -> anyhow::Result<()> {
    let mut catalogue = catalogue::open(&data.data)?;
    change(&mut *catalogue, What::SignInEnded { sign_in })?;
    Ok(say("the sign-in ends")?)
}
