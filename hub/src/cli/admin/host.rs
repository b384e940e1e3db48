//! `hub admin host`: permanent hosts, their groups, and the codes that enrol them.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use hub::catalogue::{self, Catalogue, HostChange as Change, NamedHost, What};
use hub::people::PeopleError;
use hub::{hosts, unix_millis};
use protocol::EnrolmentId;
use protocol::admin::hosts::{
    Filter, HostChange, HostGroup, HostGroupRow, HostRow, NewEnrolment, OfGroup, OfState, Order,
};
use protocol::control::Name;
use serde_json::json;
use transport::HubIdentity;

use super::super::DataArgs;
use super::super::table::{Table, time_text};
use super::list::{ListArgs, all, print_json};
use super::{change, groups, invite, say, wake};

#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// List the permanent hosts.
    List {
        /// Those with this in their name, system or note.
        #[arg(long, value_name = "TEXT", default_value = "")]
        search: String,
        /// Those of one group of hosts.
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Those that are connected.
        #[arg(long)]
        connected: bool,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Make a code: one line for `purepc enroll`.
    Invite(HostInviteArgs),
    /// List the codes that still enrol hosts.
    Codes(ListArgs),
    /// Take a code back; the hosts that it enrolled stay.
    Withdraw {
        /// As `codes` lists it.
        code: i64,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a host another name, or with an empty one the name that it has by itself.
    Rename {
        /// The name, or the number after a `#`.
        host: String,
        new_name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Write something beside a host.
    Note {
        host: String,
        note: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Put a host into a group of hosts; without one, no operator sees it.
    Group {
        host: String,
        group: Option<String>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List who alone opens a host, or choose anew.
    Operators {
        host: String,
        /// The account of an operator who opens it; may be given several times, in place of those before.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// All who see the host open it.
        #[arg(long, conflicts_with = "only")]
        all: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Send a host away and let it in no more.
    Disable {
        host: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Let a host in again.
    Enable {
        host: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Have other computers of its network wake a host that is off or asleep (Wake-on-LAN); the hub has to run.
    Wake {
        /// The name, or the number after a `#`.
        host: String,
        /// Wait until it is connected, for two minutes at most.
        #[arg(long)]
        wait: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Forget a host; it has to be enrolled anew to come back.
    Remove {
        host: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the groups of hosts, and who sees them.
    Groups(ListArgs),
    /// Add a group of hosts.
    AddGroup {
        name: String,
        /// A group whose operators see its hosts; may be given several times.
        #[arg(long, value_name = "GROUP")]
        seen_by: Vec<String>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a group of hosts another name, or say anew who sees it.
    ChangeGroup {
        name: String,
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        /// A group whose operators see its hosts, in place of those before.
        #[arg(long, value_name = "GROUP")]
        seen_by: Vec<String>,
        /// No operator sees its hosts.
        #[arg(long, conflicts_with = "seen_by")]
        seen_by_nobody: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove a group of hosts; the hosts stay, without one.
    RemoveGroup {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct HostInviteArgs {
    /// The group of hosts that it enrols into.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// How many hosts it enrols, for software distribution.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    uses: u32,
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    valid_hours: u32,
    /// Write the line to this file, for its owner alone, and not to the screen.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show it as a QR code too.
    #[arg(long)]
    qr: bool,
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn run(command: HostCommand) -> anyhow::Result<()> {
    match command {
        HostCommand::List {
            search,
            group,
            connected,
            list,
        } => list_hosts(&search, group.as_deref(), connected, &list)?,
        HostCommand::Invite(args) => args.run()?,
        HostCommand::Codes(args) => list_codes(&args)?,
        HostCommand::Withdraw { code, data } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let enrolment = EnrolmentId(code);
            make(&mut *catalogue, Change::EnrolmentWithdrawn { enrolment })?;
            say("the code enrols no more hosts")?;
        }
        HostCommand::Rename {
            host,
            new_name,
            data,
        } => change_host(&data, &host, |_, to| {
            to.name = new_name.as_str().into();
            Ok(())
        })?,
        HostCommand::Note { host, note, data } => change_host(&data, &host, |_, to| {
            to.note = note.as_str().into();
            Ok(())
        })?,
        HostCommand::Group { host, group, data } => change_host(&data, &host, |catalogue, to| {
            let group = group.map(|group| catalogue.host_group_named(&group));
            to.group = group.transpose()?;
            Ok(())
        })?,
        HostCommand::Operators {
            host,
            only,
            all,
            json,
            data,
        } => operators(&data, &host, (&only, all), json)?,
        HostCommand::Disable { host, data } => set_disabled(&data, &host, true)?,
        HostCommand::Enable { host, data } => set_disabled(&data, &host, false)?,
        HostCommand::Wake {
            host,
            wait,
            json,
            data,
        } => wake::run(&data, &host, wait, json)?,
        HostCommand::Remove { host, data } => {
            let (mut catalogue, row) = open(&data, &host)?;
            let host = named(&row);
            make(&mut *catalogue, Change::Removed { host })?;
            say(&format!("host {} is not known any more", row.name))?;
        }
        HostCommand::Groups(args) => list_groups(&args)?,
        HostCommand::AddGroup {
            name,
            seen_by,
            data,
        } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let to = HostGroup {
                name: name.as_str().into(),
                seen_by: groups::numbers(&*catalogue, &seen_by)?,
            };
            change(&mut *catalogue, hosts::group(None, &to)?)?;
            say(&format!("there is a group of hosts {name}"))?;
        }
        HostCommand::ChangeGroup {
            name,
            new_name,
            seen_by,
            seen_by_nobody,
            data,
        } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let row = group_row(&*catalogue, &name)?;
            let keep = seen_by.is_empty() && !seen_by_nobody;
            let to = HostGroup {
                name: new_name.map_or(row.name, |name| name.as_str().into()),
                seen_by: if keep {
                    row.seen_by
                } else {
                    groups::numbers(&*catalogue, &seen_by)?
                },
            };
            change(&mut *catalogue, hosts::group(Some(row.group), &to)?)?;
            say(&format!("the group of hosts {} is changed", to.name))?;
        }
        HostCommand::RemoveGroup { name, data } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let group = catalogue.host_group_named(&name)?;
            make(&mut *catalogue, Change::GroupRemoved { group })?;
            say(&format!("there is no group of hosts {name} any more"))?;
        }
    }
    Ok(())
}

fn make(catalogue: &mut dyn Catalogue, what: Change) -> anyhow::Result<()> {
    change(catalogue, What::Host(what))
}

/// The catalogue, and the host with this name or number in it.
pub(super) fn open(data: &DataArgs, host: &str) -> anyhow::Result<(Box<dyn Catalogue>, HostRow)> {
    let catalogue = catalogue::open(&data.data)?;
    let row = catalogue.host_named(host)?;
    Ok((catalogue, row))
}

fn named(row: &HostRow) -> NamedHost {
    NamedHost {
        id: row.host,
        name: row.name.to_string(),
    }
}

fn change_host(
    data: &DataArgs,
    host: &str,
    wanted: impl FnOnce(&dyn Catalogue, &mut HostChange) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut catalogue, row) = open(data, host)?;
    let mut to = HostChange {
        name: if row.is_named {
            row.name.clone()
        } else {
            "".into()
        },
        group: row.group,
        note: row.note.clone(),
    };
    wanted(&*catalogue, &mut to)?;
    change(&mut *catalogue, hosts::change(named(&row), &to)?)?;
    Ok(say(&format!("host {} is changed", row.name))?)
}

/// Chooses who alone opens the host, where that is wanted, and says who does.
fn operators(
    data: &DataArgs,
    host: &str,
    (only, all): (&[String], bool),
    json: bool,
) -> anyhow::Result<()> {
    let (mut catalogue, row) = open(data, host)?;
    if all || !only.is_empty() {
        let names: Vec<Name> = only.iter().map(|name| Name::cut(name.as_str())).collect();
        let what = hosts::choose_operators(&*catalogue, named(&row), &names)?;
        change(&mut *catalogue, what)?;
    }
    let names = catalogue.host_operators(row.host)?;
    if json {
        let shown = json!({ "host": row.host.0, "name": row.name.as_str(), "operators": names });
        writeln!(std::io::stdout(), "{shown:#}")?;
        return Ok(());
    }
    let who = if names.is_empty() {
        "all who see it".to_owned()
    } else {
        names.join(", ")
    };
    Ok(say(&format!("host {} is opened by {who}", row.name))?)
}

fn set_disabled(data: &DataArgs, host: &str, disabled: bool) -> anyhow::Result<()> {
    let (mut catalogue, row) = open(data, host)?;
    let host = named(&row);
    make(&mut *catalogue, Change::Disabled { host, disabled })?;
    let can = if disabled {
        "is not let in any more"
    } else {
        "is let in"
    };
    Ok(say(&format!("host {} {can}", row.name))?)
}

fn group_row(catalogue: &dyn Catalogue, name: &str) -> anyhow::Result<HostGroupRow> {
    let group = catalogue.host_group_named(name)?;
    let rows = all(|page| catalogue.host_group_rows(page))?;
    let row = rows.into_iter().find(|row| row.group == group);
    row.context("the group of hosts is gone")
}

impl HostInviteArgs {
    fn run(&self) -> anyhow::Result<()> {
        let folder = &self.data.data;
        let mut catalogue = catalogue::open(folder)?;
        if catalogue.hub_address()?.is_none() {
            return Err(PeopleError::NoAddress.into());
        }
        let group = self.group.as_deref();
        let wanted = NewEnrolment {
            group: group
                .map(|name| catalogue.host_group_named(name))
                .transpose()?,
            uses: self.uses,
            valid_hours: self.valid_hours,
        };
        let fingerprint = HubIdentity::open_or_create(folder)?.fingerprint();
        let now = unix_millis();
        let (what, enrolment) = hosts::invite(&*catalogue, wanted, fingerprint, now)?;
        change(&mut *catalogue, what)?;
        let line = enrolment.to_string();
        let expires = time_text(hosts::enrolment_expires(self.valid_hours, now));
        let mut out = std::io::stdout();
        if let Some(path) = &self.out {
            private_file::replace(path, format!("{line}\n").as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.json {
            let shown = json!({ "invitation": line, "uses": self.uses, "expires": expires });
            writeln!(out, "{shown}")?;
            return Ok(());
        }
        match &self.out {
            Some(path) => writeln!(out, "the invitation is in {}", path.display())?,
            None => writeln!(out, "{line}")?,
        }
        if self.qr {
            invite::write_qr(&mut out, &line)?;
        }
        writeln!(out, "good for {} hosts, until {expires}", self.uses)?;
        Ok(())
    }
}

fn list_hosts(
    search: &str,
    group: Option<&str>,
    connected: bool,
    args: &ListArgs,
) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let group = group.map(|name| catalogue.host_group_named(name));
    let filter = Filter {
        search: search.into(),
        group: group.transpose()?.map_or(OfGroup::Any, OfGroup::One),
        state: if connected {
            OfState::Connected
        } else {
            OfState::Any
        },
    };
    let order = (Order::Name, false);
    let rows = all(|page| catalogue.host_rows(&filter, order, page))?;
    if args.json() {
        return print_json(rows.iter().map(|row| {
            json!({
                "host": row.host.0,
                "name": row.name.as_str(),
                "computer": row.computer.as_str(),
                "system": row.system.as_str(),
                "program": row.program.as_str(),
                "group": row.group.map(|_| row.group_name.as_str()),
                "note": row.note.as_str(),
                "disabled": row.disabled,
                "connected": row.connected,
                "enrolled": time_text(row.enrolled_unix_millis),
                "enrolled_by": row.enrolled_by.as_str(),
                "last_seen": time_text(row.last_seen_unix_millis),
            })
        }));
    }
    let mut table = Table::new(&[
        "NUMBER",
        "NAME",
        "SYSTEM",
        "GROUP",
        "STATE",
        "LAST SEEN",
        "PROGRAM",
    ]);
    for row in rows {
        let state = match (row.disabled, row.connected) {
            (true, _) => "disabled",
            (false, true) => "connected",
            (false, false) => "away",
        };
        table.row(vec![
            format!("#{}", row.host.0),
            row.name.into_string(),
            row.system.into_string(),
            row.group_name.into_string(),
            state.to_owned(),
            time_text(row.last_seen_unix_millis),
            row.program.into_string(),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

fn list_codes(args: &ListArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let now = unix_millis();
    let rows = all(|page| catalogue.enrolment_rows(now, page))?;
    if args.json() {
        return print_json(rows.iter().map(|row| {
            json!({
                "code": row.enrolment.0,
                "group": row.group_name.as_str(),
                "uses": row.uses,
                "uses_left": row.uses_left,
                "made_by": row.made_by.as_str(),
                "expires": time_text(row.expires_unix_millis),
            })
        }));
    }
    let mut table = Table::new(&["CODE", "GROUP", "LEFT", "OF", "UNTIL", "MADE BY"]);
    for row in rows {
        table.row(vec![
            row.enrolment.0.to_string(),
            row.group_name.into_string(),
            row.uses_left.to_string(),
            row.uses.to_string(),
            time_text(row.expires_unix_millis),
            row.made_by.into_string(),
        ]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}

fn list_groups(args: &ListArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&args.data.data)?;
    let rows = all(|page| catalogue.host_group_rows(page))?;
    let of_operators = all(|page| catalogue.group_rows(page))?;
    let seen_by = |row: &HostGroupRow| -> Vec<String> {
        let seen = of_operators
            .iter()
            .filter(|group| row.seen_by.contains(&group.group));
        seen.map(|group| group.name.to_string()).collect()
    };
    if args.json() {
        return print_json(rows.iter().map(|row| {
            json!({
                "name": row.name.as_str(),
                "seen_by": seen_by(row),
                "hosts": row.hosts,
            })
        }));
    }
    let mut table = Table::new(&["GROUP", "HOSTS", "SEEN BY"]);
    for row in rows {
        let seen_by = seen_by(&row).join(", ");
        table.row(vec![row.name.into_string(), row.hosts.to_string(), seen_by]);
    }
    Ok(table.print(&mut std::io::stdout())?)
}
