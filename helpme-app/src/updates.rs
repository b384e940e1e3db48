//! A newer version of Helpme: looked for at its hub, put in its place when its user says so.

use std::sync::Arc;

use desktop::Folders;
use host_engine::Routes;
use protocol::UpdateState;
use ui_kit::widgets::UpdateWish;
use updater::{Hub, OwnUpdates};

use crate::backend::{Wake, program};
use crate::settings::HubPlace;

/// Who looks after it.
#[derive(Debug)]
pub(crate) struct Updates {
    own: OwnUpdates,
    is_busy: bool,
}

impl Updates {
    /// `None` where nothing can be remembered, too.
    pub(crate) fn start(wake: &Wake) -> Option<Self> {
        let memory = Folders::find("helpme").ok()?;
        let memory = memory.data().join("updates").join("newest");
        let wake = Arc::clone(wake);
        let it = ("helpme", crate::VERSION);
        Some(Self {
            own: OwnUpdates::start(it, program(), memory, move || wake())?,
            is_busy: false,
        })
    }

    /// Looks at this hub from now on.
    pub(crate) fn look_at(&self, hub: &HubPlace, routes: Routes) {
        let HubPlace { address, pin } = hub.clone();
        self.own.updater().look_at(Some(Hub {
            address,
            pin,
            routes,
        }));
    }

    /// How it stands; `busy` while somebody is being helped.
    pub(crate) fn follow(&mut self, busy: bool) -> UpdateState {
        if std::mem::replace(&mut self.is_busy, busy) != busy {
            self.own.updater().be_busy(busy);
        }
        self.own.updater().state()
    }

    /// Does what the user wants; whether the program is to end.
    pub(crate) fn fulfil(&mut self, wish: UpdateWish) -> bool {
        match wish {
            UpdateWish::Begin => self.own.updater().begin(),
            UpdateWish::Cancel => self.own.updater().cancel(),
            UpdateWish::Later => {}
            UpdateWish::Restart => self.own.start_again_at_the_end(),
        }
        self.own.starts_again()
    }

    /// Starts the new version where that was asked for, as this one was started; this program ends now.
    pub(crate) fn start_again(&self) {
        self.own.start_again(std::env::args_os().skip(1));
    }
}
