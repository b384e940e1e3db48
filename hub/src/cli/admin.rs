//! `hub admin`: accounts, from the machine of the hub alone.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use hub::catalogue::{self, Catalogue, Change, NewAccount, PasswordHash, What};
use hub::unix_millis;
use protocol::limits::{MAX_NAME_BYTES, MAX_PASSWORD_BYTES};
use session::authority::{Action, Object, Who, may};

use super::table::Table;
use super::{ACTOR, DataArgs};

const MIN_PASSWORD_CHARS: usize = 8;

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Add an operator. The password is asked for, or read from standard input.
    AddOperator {
        /// What is typed at log-in.
        name: String,
        /// What others see; the name if not given.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// May also administer the hub.
        #[arg(long)]
        administrator: bool,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give an operator another password.
    SetPassword {
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Close an account; a running hub cuts its operator off.
    DisableOperator {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Open an account again.
    EnableOperator {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the accounts.
    ListOperators {
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct PasswordArgs {
    /// Read the password from the first line of standard input, even at a terminal.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn run(command: AdminCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    let mut out = std::io::stdout();
    match command {
        AdminCommand::AddOperator {
            name,
            display_name,
            administrator,
            password,
            data,
        } => {
            let name = checked_name(&name)?;
            let display_name = checked_name(display_name.as_deref().unwrap_or(&name))?;
            let mut catalogue = open_or_create(&data.data)?;
            let new = NewAccount {
                name,
                display_name,
                administrator,
                password_hash: password.hash()?,
            };
            let done = format!("operator {} can log in", new.name);
            change(&mut *catalogue, What::AccountAdded(new))?;
            writeln!(out, "{done}")?;
        }
        AdminCommand::SetPassword {
            name,
            password,
            data,
        } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let done = format!("operator {name} has a new password");
            let hash = password.hash()?;
            change(&mut *catalogue, What::PasswordSet { name, hash })?;
            writeln!(out, "{done}")?;
        }
        AdminCommand::DisableOperator { name, data } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let done = format!("operator {name} cannot log in any more");
            change(&mut *catalogue, What::AccountDisabled { name })?;
            writeln!(out, "{done}")?;
        }
        AdminCommand::EnableOperator { name, data } => {
            let mut catalogue = catalogue::open(&data.data)?;
            let done = format!("operator {name} can log in");
            change(&mut *catalogue, What::AccountEnabled { name })?;
            writeln!(out, "{done}")?;
        }
        AdminCommand::ListOperators { data } => {
            let catalogue = catalogue::open(&data.data)?;
            let mut table = Table::new(&["NAME", "DISPLAY NAME", "ROLE", "STATE"]);
            for account in catalogue.accounts()? {
                table.row(vec![
                    account.name,
                    account.display_name,
                    role(account.administrator).to_owned(),
                    state(account.disabled).to_owned(),
                ]);
            }
            table.print(&mut out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn role(administrator: bool) -> &'static str {
    if administrator {
        "administrator"
    } else {
        "operator"
    }
}

fn state(disabled: bool) -> &'static str {
    if disabled { "disabled" } else { "enabled" }
}

/// The first account may be made before the hub ever ran.
fn open_or_create(folder: &Path) -> anyhow::Result<Box<dyn Catalogue>> {
    hub::create_folder(folder)?;
    Ok(catalogue::open_or_create(folder)?)
}

fn change(catalogue: &mut dyn Catalogue, what: What) -> anyhow::Result<()> {
    let actor = ACTOR;
    let batch = Change { actor, what }.at(unix_millis());
    Ok(catalogue.apply(&[batch])?)
}

fn checked_name(name: &str) -> anyhow::Result<String> {
    let name = name.trim();
    ensure!(!name.is_empty(), "a name cannot be empty");
    ensure!(
        name.len() <= MAX_NAME_BYTES,
        "a name has at most {MAX_NAME_BYTES} bytes"
    );
    ensure!(
        !name.chars().any(char::is_control),
        "a name cannot have control characters"
    );
    Ok(name.to_owned())
}

impl PasswordArgs {
    fn hash(&self) -> anyhow::Result<PasswordHash> {
        Ok(PasswordHash(hub::password::hash(&self.ask()?)?))
    }

    /// The new password, typed twice at a terminal, or read from standard input.
    fn ask(&self) -> anyhow::Result<String> {
        let password = if self.password_stdin || !std::io::stdin().is_terminal() {
            read_line()?
        } else {
            let typed = rpassword::prompt_password("Password: ").context("no password")?;
            let again = rpassword::prompt_password("Once more: ").context("no password")?;
            if typed != again {
                bail!("the two passwords differ");
            }
            typed
        };
        ensure!(
            password.chars().count() >= MIN_PASSWORD_CHARS,
            "a password has at least {MIN_PASSWORD_CHARS} characters"
        );
        ensure!(
            password.len() <= MAX_PASSWORD_BYTES,
            "a password has at most {MAX_PASSWORD_BYTES} bytes"
        );
        Ok(password)
    }
}

fn read_line() -> anyhow::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(MAX_PASSWORD_BYTES + 2).expect("small");
    std::io::stdin()
        .take(most)
        .read_to_string(&mut text)
        .context("no password on standard input")?;
    Ok(text.lines().next().unwrap_or("").to_owned())
}
