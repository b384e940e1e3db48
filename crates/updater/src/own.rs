use std::ffi::OsString;
use std::path::PathBuf;

use update::Own;

use crate::Updater;

/// What a program with windows has for its own updates.
#[derive(Debug)]
pub struct OwnUpdates {
    own: Own,
    updater: Updater,
    /// The new version is to be started once this one has ended.
    starts_again: bool,
}

impl OwnUpdates {
    /// For the program that its maker calls `name`, of the version `version`; the rest is [`Updater::start`]'s. `None`
    /// where the system does not say where this program is, or gives no thread: it is as useful then.
    ///
    /// # Panics
    ///
    /// As [`Own::running`].
    pub fn start(
        (name, version): (&'static str, &str),
        program: String,
        memory: PathBuf,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Option<Self> {
        let own = Own::running(name, version);
        let own = own.inspect_err(|error| tracing::warn!(%error, "Looks for no updates"));
        let own = own.ok()?;
        let updater = Updater::start(own.clone(), program, memory, wake);
        let updater = updater.inspect_err(|error| tracing::warn!(%error, "Looks for no updates"));
        Some(Self {
            own,
            updater: updater.ok()?,
            starts_again: false,
        })
    }

    /// What looks for them.
    pub fn updater(&self) -> &Updater {
        &self.updater
    }

    /// Has [`Self::start_again`] start the new version.
    pub fn start_again_at_the_end(&mut self) {
        self.starts_again = true;
    }

    /// Whether the new version is to be started.
    pub fn starts_again(&self) -> bool {
        self.starts_again
    }

    /// Starts the new version with `arguments` where that was asked for; this program ends now.
    pub fn start_again(&self, arguments: impl IntoIterator<Item = OsString>) {
        if self.starts_again
            && let Err(error) = self.own.start_again(arguments)
        {
            tracing::error!(%error, "The new version does not start");
        }
    }
}
