//! `hub updates`: the maker's list of the newest versions, and which ones the fleet runs (P3).

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use hub::catalogue::{self, Change, What};
use hub::unix_millis;
use hub::updates::{self, Added, InUse};
use maker::{CHANNEL_FILE, Channel};
use protocol::admin::hosts::{Filter, OfGroup, OfState, Order};
use serde_json::{Value, json};
use session::authority::{Action, Object, Who, may};

use super::admin::list::all;
use super::table::{Table, time_text};
use super::{ACTOR, DataArgs};

#[derive(Debug, Subcommand)]
pub(super) enum UpdatesCommand {
    /// Take the list of newest versions, or a program that it names, for those who have an older version of it. The
    /// maker has signed either. An older one than before is refused.
    Add {
        /// The list, `channel.json`, or a program, as `purepc-linux-x86_64`.
        file: PathBuf,
        /// Its maker's signature, if that is not the file's name with `.minisig` behind it.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the newest versions, and which ones consoles and permanent hosts have.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(super) fn run(command: UpdatesCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    match command {
        UpdatesCommand::Add {
            file,
            signature,
            json,
            data,
        } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let added = updates::add(&data.data, &file, signature.as_deref())?;
            let (file, version) = match &added {
                Added::List(channel) => (CHANNEL_FILE.to_owned(), channel.serial.to_string()),
                Added::Program(signed) => (signed.file.clone(), signed.version.to_string()),
            };
            let what = What::DownloadAdded { file, version };
            let change = Change { actor: ACTOR, what };
            catalogue.apply(&[change.at(unix_millis())])?;
            say_added(&added, json)?;
        }
        UpdatesCommand::List { json, data } => list(json, &data)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn say_added(added: &Added, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match added {
        Added::List(channel) if as_json => writeln!(out, "{:#}", channel_to_json(channel))?,
        Added::List(channel) => {
            let (serial, programs) = (channel.serial, channel.programs.len());
            writeln!(
                out,
                "list {serial} of the newest versions names {programs} programs"
            )?;
        }
        Added::Program(signed) if as_json => {
            let (file, version) = (&signed.file, signed.version.to_string());
            writeln!(out, "{:#}", json!({ "file": file, "version": version }))?;
        }
        Added::Program(signed) => {
            let (file, version) = (&signed.file, &signed.version);
            writeln!(
                out,
                "{file} {version} is handed out to those who have an older one, once the list names it"
            )?;
        }
    }
    Ok(())
}

fn list(as_json: bool, data: &DataArgs) -> anyhow::Result<()> {
    let catalogue = catalogue::open(&data.data)?;
    let channel = updates::kept(&data.data)?;
    let anything = Filter {
        search: "".into(),
        group: OfGroup::Any,
        state: OfState::Any,
    };
    let order = (Order::Name, false);
    let hosts = all(|page| catalogue.host_rows(&anything, order, page))?;
    let sign_ins = all(|page| catalogue.sign_in_rows(page))?;
    let hosts = hosts.iter().map(|host| host.program.as_str());
    let programs = hosts.chain(sign_ins.iter().map(|sign_in| sign_in.program.as_str()));
    let fleet = updates::in_use(programs, channel.as_ref());
    let mut out = std::io::stdout();
    if as_json {
        let fleet: Value = fleet.iter().map(in_use_to_json).collect();
        let channel = channel.as_ref().map(channel_to_json);
        writeln!(out, "{:#}", json!({ "channel": channel, "fleet": fleet }))?;
        return Ok(());
    }
    match channel {
        None => writeln!(
            out,
            "there is no list of the newest versions; `hub updates add` takes one"
        )?,
        Some(channel) => {
            let made = time_text(made_millis(&channel));
            writeln!(out, "newest versions, list {} of {made}", channel.serial)?;
            let mut table = Table::new(&["FILE", "VERSION", "BYTES"]);
            for listed in channel.programs {
                let version = listed.version.to_string();
                table.row(vec![listed.file, version, listed.bytes.to_string()]);
            }
            table.print(&mut out)?;
            writeln!(out)?;
        }
    }
    let mut table = Table::new(&["IN USE", "VERSION", "COUNT", "NEWEST"]);
    for used in fleet {
        let newest = match (&used.newest, used.is_behind()) {
            (Some(newest), true) => format!("{newest} is newer"),
            (Some(newest), false) => newest.to_string(),
            (None, _) => String::new(),
        };
        let version = used.version.map(|version| version.to_string());
        table.row(vec![
            used.program,
            version.unwrap_or_default(),
            used.count.to_string(),
            newest,
        ]);
    }
    Ok(table.print(&mut out)?)
}

fn made_millis(channel: &Channel) -> i64 {
    i64::try_from(channel.unix_seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

fn channel_to_json(channel: &Channel) -> Value {
    let programs = channel.programs.iter().map(|listed| {
        json!({
            "file": listed.file,
            "version": listed.version.to_string(),
            "bytes": listed.bytes,
            "blake3": listed.blake3,
            "url": listed.url,
        })
    });
    json!({
        "serial": channel.serial,
        "made_unix_millis": made_millis(channel),
        "programs": programs.collect::<Value>(),
    })
}

fn in_use_to_json(used: &InUse) -> Value {
    json!({
        "program": used.program,
        "version": used.version.as_ref().map(ToString::to_string),
        "count": used.count,
        "newest": used.newest.as_ref().map(ToString::to_string),
        "behind": used.is_behind(),
    })
}
