//! `hub downloads`: the Helpmes that the page hands out (H2, P3).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hub::catalogue::{self, Change, What};
use hub::downloads::{self, Download, DownloadFault};
use hub::unix_millis;
use serde_json::{Value, json};
use session::authority::{Action, Object, Who, may};

use super::table::{Table, time_text};
use super::{ACTOR, DataArgs};

#[derive(Debug, Subcommand)]
pub(super) enum DownloadsCommand {
    /// Take a Helpme that its maker has signed; the page offers it within seconds.
    Add {
        /// The program, as the maker hands it out.
        file: PathBuf,
        /// Its maker's signature, if that is not the file's name with `.minisig` behind it.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Take it although a newer version is there.
        #[arg(long)]
        allow_older: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: FolderArgs,
    },
    /// List the Helpmes, and what is wrong with those that are not offered.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: FolderArgs,
    },
    /// Offer a Helpme no longer.
    Remove {
        /// What it is called in the list.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: FolderArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct FolderArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The folder of the Helpmes, as `hub serve` has it; `downloads` in the data folder if not given.
    #[arg(long, env = "HUB_DOWNLOADS", value_name = "DIR")]
    downloads: Option<PathBuf>,
}

impl FolderArgs {
    fn folder(&self) -> PathBuf {
        let usual = || self.data.data.join("downloads");
        self.downloads.clone().unwrap_or_else(usual)
    }
}

pub(super) fn run(command: DownloadsCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    let mut out = std::io::stdout();
    match command {
        DownloadsCommand::Add {
            file,
            signature,
            allow_older,
            json,
            at,
        } => {
            // where there is no hub nothing is put
            let mut catalogue = catalogue::open(&at.data.data)?;
            let folder = at.folder();
            let added = downloads::add(&folder, &file, signature.as_deref(), allow_older);
            let added = added.map_err(|fault| anyhow::anyhow!("{}: {fault}", shown(&file)))?;
            let what = What::DownloadAdded {
                file: added.file.clone(),
                version: added.version.to_string(),
            };
            let change = Change { actor: ACTOR, what };
            catalogue.apply(&[change.at(unix_millis())])?;
            if json {
                writeln!(out, "{:#}", to_json(&added.file, Ok(&added)))?;
            } else {
                let Download { file, version, .. } = added;
                writeln!(out, "{file} {version} is among the downloads")?;
            }
        }
        DownloadsCommand::List { json, at } => {
            let all = downloads::list(&at.folder());
            if json {
                let all = all
                    .iter()
                    .map(|(name, found)| to_json(name, found.as_ref()));
                writeln!(out, "{:#}", all.collect::<Value>())?;
            } else {
                let mut table = Table::new(&["NAME", "VERSION", "BYTES", "SIGNED", "NOT OFFERED"]);
                for (name, found) in all {
                    table.row(match found {
                        Ok(found) => {
                            let signed = signed_millis(&found);
                            let bytes = found.bytes.to_string();
                            let version = found.version.to_string();
                            vec![name, version, bytes, time_text(signed), String::new()]
                        }
                        Err(fault) => {
                            let unknown = String::new;
                            vec![name, unknown(), unknown(), unknown(), fault.to_string()]
                        }
                    });
                }
                table.print(&mut out)?;
            }
        }
        DownloadsCommand::Remove { name, json, at } => {
            let mut catalogue = catalogue::open(&at.data.data)?;
            downloads::remove(&at.folder(), &name)?;
            let what = What::DownloadRemoved { file: name.clone() };
            let change = Change { actor: ACTOR, what };
            catalogue.apply(&[change.at(unix_millis())])?;
            if json {
                writeln!(out, "{:#}", json!({ "removed": name }))?;
            } else {
                writeln!(out, "{name} is removed")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(file: &Path) -> String {
    protocol::visible_line(&file.to_string_lossy()).into_owned()
}

fn signed_millis(found: &Download) -> i64 {
    i64::try_from(found.signed_unix_seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

fn to_json(name: &str, found: Result<&Download, &DownloadFault>) -> Value {
    match found {
        Ok(found) => json!({
            "name": name,
            "version": found.version.to_string(),
            "bytes": found.bytes,
            "signed_unix_millis": signed_millis(found),
        }),
        Err(fault) => json!({ "name": name, "fault": fault.to_string() }),
    }
}
