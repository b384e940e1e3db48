//! A newer version of Helpme: looked for at its hub, put in its place when its user says so.

use std::sync::Arc;

use desktop::Folders;
use host_engine::Routes;
use protocol::UpdateState;
use ui_kit::widgets::UpdateWish;
use update::Own;
use updater::{Hub, Updater};

use crate::backend::{Wake, program};
use crate::settings::HubPlace;

/// Who looks after it.
#[derive(Debug)]
pub(crate) struct Updates {
    own: Own,
    updater: Updater,
    is_busy: bool,
    /// The new version is to be started once this one has ended.
    starts_again: bool,
}

impl Updates {
    /// `None` where nothing can be remembered, or the system gives no thread; Helpme helps as well then.
    pub(crate) fn start(wake: &Wake) -> Option<Self> {
        let memory = Folders::find("helpme").ok()?;
        let memory = memory.data().join("updates").join("newest");
        let own = Own::running("helpme", crate::VERSION);
        let own = own.inspect_err(|error| tracing::warn!(%error, "Looks for no updates"));
        let own = own.ok()?;
        let wake = Arc::clone(wake);
        let updater = Updater::start(own.clone(), program(), memory, move || wake());
        let updater = updater.inspect_err(|error| tracing::warn!(%error, "Looks for no updates"));
        Some(Self {
            own,
            updater: updater.ok()?,
            is_busy: false,
            starts_again: false,
        })
    }

    /// Looks at this hub from now on.
    pub(crate) fn look_at(&self, hub: &HubPlace, routes: Routes) {
        let HubPlace { address, pin } = hub.clone();
        self.updater.look_at(Some(Hub {
            address,
            pin,
            routes,
        }));
    }

    /// How it stands; `busy` while somebody is being helped.
    pub(crate) fn follow(&mut self, busy: bool) -> UpdateState {
        if std::mem::replace(&mut self.is_busy, busy) != busy {
            self.updater.be_busy(busy);
        }
        self.updater.state()
    }

    /// Does what the user wants; whether the program is to end.
    pub(crate) fn fulfil(&mut self, wish: UpdateWish) -> bool {
        match wish {
            UpdateWish::Begin => self.updater.begin(),
            UpdateWish::Cancel => self.updater.cancel(),
            UpdateWish::Later => {}
            UpdateWish::Restart => self.starts_again = true,
        }
        self.starts_again
    }

    /// Starts the new version where that was asked for, as this one was started; this program ends now.
    pub(crate) fn start_again(&self) {
        if !self.starts_again {
            return;
        }
        if let Err(error) = self.own.start_again(std::env::args_os().skip(1)) {
            tracing::error!(%error, "The new version does not start");
        }
    }
}
