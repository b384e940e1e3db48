//! A new password, typed or read.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use hub::catalogue::PasswordHash;
use hub::people;
use protocol::admin::people::Rules;
use protocol::limits::MAX_PASSWORD_BYTES;

#[derive(Debug, clap::Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of standard input, even at a terminal.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordArgs {
    /// The new password of the account `name`, if the rules allow it.
    pub(super) fn hash(
        &self,
        name: &str,
        rules: Rules,
        folder: &Path,
    ) -> anyhow::Result<PasswordHash> {
        Ok(people::new_password(&self.ask()?, name, rules, folder)?)
    }

    /// The new password, typed twice at a terminal, or read from standard input.
    fn ask(&self) -> anyhow::Result<String> {
        if self.password_stdin || !std::io::stdin().is_terminal() {
            return read_line();
        }
        let typed = rpassword::prompt_password("Password: ").context("no password")?;
        let again = rpassword::prompt_password("Once more: ").context("no password")?;
        if typed != again {
            bail!("the two passwords differ");
        }
        Ok(typed)
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
