//! `hub settings`: what holds for the whole hub. A hub that runs follows within seconds.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use hub::catalogue::{self, Change, What};
use hub::{is_logo, unix_millis};
use protocol::admin::settings::{MAX_LOGO_BYTES, Setting};
use serde_json::{Map, Value};
use session::authority::{Action, Object, Who, may};

use super::table::Table;
use super::{ACTOR, DataArgs};

#[derive(Debug, Subcommand)]
pub(super) enum SettingsCommand {
    /// List all settings and their values.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print the value of one setting.
    Get {
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a setting another value.
    Set {
        name: String,
        value: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Take a PNG picture as the organisation's logo.
    SetLogo {
        /// The picture; without one there is no logo any more.
        png: Option<PathBuf>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Write the organisation's logo to a file.
    GetLogo {
        out: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(super) fn run(command: SettingsCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    let mut out = std::io::stdout().lock();
    match command {
        SettingsCommand::List { json, data } => {
            let settings = catalogue::open(&data.data)?.settings()?.each();
            if json {
                let all: Map<String, Value> = settings.iter().map(to_json).collect();
                writeln!(out, "{:#}", Value::from(all))?;
            } else {
                let mut table = Table::new(&["NAME", "VALUE"]);
                for setting in settings {
                    table.row(vec![setting.name().to_owned(), setting.value()]);
                }
                table.print(&mut out)?;
            }
        }
        SettingsCommand::Get { name, json, data } => {
            let settings = catalogue::open(&data.data)?.settings()?.each();
            let found = settings.into_iter().find(|setting| setting.name() == name);
            let names = Setting::NAMES.join(", ");
            let found = found
                .with_context(|| format!("there is no setting {name:?}; there are {names}"))?;
            print(&mut out, &found, json)?;
        }
        SettingsCommand::Set {
            name,
            value,
            json,
            data,
        } => {
            let setting = Setting::parse(&name, &value)?;
            change(&data, What::SettingChanged(setting.clone()))?;
            print(&mut out, &setting, json)?;
        }
        SettingsCommand::SetLogo { png, data } => {
            let png = match png {
                Some(path) => {
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?
                }
                None => Vec::new(),
            };
            ensure!(
                is_logo(&png),
                "a logo is a PNG picture of at most {MAX_LOGO_BYTES} bytes"
            );
            change(&data, What::LogoSet { png })?;
        }
        SettingsCommand::GetLogo { out: path, data } => {
            let png = catalogue::open(&data.data)?.logo()?;
            ensure!(!png.is_empty(), "there is no logo");
            fs::write(&path, png).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn change(data: &DataArgs, what: What) -> anyhow::Result<()> {
    let actor = ACTOR;
    let batch = Change { actor, what }.at(unix_millis());
    Ok(catalogue::open(&data.data)?.apply(&[batch])?)
}

fn print(out: &mut impl std::io::Write, setting: &Setting, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let one: Map<String, Value> = [to_json(setting)].into_iter().collect();
        writeln!(out, "{:#}", Value::from(one))?;
    } else {
        writeln!(out, "{}", protocol::visible_text(&setting.value()))?;
    }
    Ok(())
}

fn to_json(setting: &Setting) -> (String, Value) {
    let value = setting.value();
    let value = match setting {
        Setting::Organisation(_) | Setting::Words(_) | Setting::UnattendedHours(_) => {
            Value::from(value)
        }
        Setting::WatchLive(may)
        | Setting::UnattendedReason(may)
        | Setting::UnattendedCode(may)
        | Setting::HostsUpdate(may) => Value::from(*may),
        Setting::FilmDays(_)
        | Setting::ReportDays(_)
        | Setting::FilmQuotaBytes(_)
        | Setting::FilmBytesPerSecond(_)
        | Setting::FreeDiskBytes(_)
        | Setting::TicketMinutes(_) => value.parse::<u64>().map_or(Value::Null, Value::from),
    };
    (setting.name().to_owned(), value)
}
