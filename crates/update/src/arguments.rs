//! What programs have on their command lines for it.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::{Own, Wish};

/// Flags that do nothing else.
#[derive(Debug, Clone, clap::Args)]
pub struct UpdateArguments {
    /// Put the next version of this program, which FILE is and FILE.minisig is the maker's signature of, in this one's
    /// place, and do nothing else. What runs goes on.
    #[arg(long, value_name = "FILE", exclusive = true)]
    update: Option<PathBuf>,
    /// Bring the version before the last --update back, and do nothing else.
    #[arg(long, exclusive = true)]
    roll_back: bool,
}

impl UpdateArguments {
    /// Does what was asked for, says what came of it, and gives the exit code; `None` if nothing was.
    ///
    /// `name` and `version` are those of the program that runs, as in [`Own::running`].
    pub fn granted(&self, name: &'static str, version: &str) -> Option<ExitCode> {
        let update = self.update.clone().map(|file| Wish::Update { file });
        let wish = update.or_else(|| self.roll_back.then_some(Wish::RollBack))?;
        let done = Own::running(name, version).and_then(|own| own.grant(&wish));
        // without somebody who reads it there is nobody to tell
        Some(match done {
            Ok(said) => {
                drop(writeln!(io::stdout(), "{said}"));
                ExitCode::SUCCESS
            }
            Err(fault) => {
                drop(writeln!(io::stderr(), "{name}: {fault}"));
                ExitCode::FAILURE
            }
        })
    }
}
