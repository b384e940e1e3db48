//! A newer version of the console: looked for at the hub that it logs in at, shown, put in its place.

use std::path::Path;
use std::sync::Arc;

use egui::{Context, ViewportCommand};
use operator_engine::{HubAddress, Pin, Wake};
use protocol::UpdateState;
use ui_kit::Tone;
use ui_kit::widgets::UpdateWish;
use updater::{Hub, OwnUpdates};

use super::ConsoleApp;
use crate::backend::program;

/// Who looks after it.
#[derive(Debug)]
pub(super) struct Updates {
    own: OwnUpdates,
    /// Where it is looked for.
    at: Option<(HubAddress, Pin)>,
}

impl Updates {
    pub(super) fn start(data: &Path, wake: &Wake) -> Option<Self> {
        let memory = data.join("updates").join("newest");
        let wake = Arc::clone(wake);
        let it = ("pure-help-desk", crate::VERSION);
        Some(Self {
            own: OwnUpdates::start(it, program(), memory, move || wake())?,
            at: None,
        })
    }

    /// Starts the new version where that was asked for; this program ends now.
    pub(super) fn start_again(&self) {
        self.own.start_again([]);
    }
}

impl ConsoleApp {
    /// Newer versions come from the hub at which somebody logs in.
    pub(super) fn look_for_updates(&mut self, hub: &HubAddress, pin: Pin) {
        let Some(updates) = &mut self.updates else {
            return;
        };
        let at = Some((hub.clone(), pin));
        if updates.at != at {
            updates.at = at;
            updates.own.updater().look_at(Some(Hub {
                address: hub.clone(),
                pin,
                routes: self.backend.routes(),
            }));
        }
    }

    pub(super) fn follow_updates(&mut self) {
        let Some(updates) = &self.updates else {
            return;
        };
        let busy = self.sessions.any_running() || !self.screens.is_empty();
        let shown = &mut self.state.update;
        if std::mem::replace(&mut shown.busy, busy) != busy {
            updates.own.updater().be_busy(busy);
        }
        shown.state = updates.own.updater().state();
    }

    pub(super) fn fulfil_update(&mut self, ctx: &Context, wish: UpdateWish) {
        let Some(updates) = &mut self.updates else {
            return;
        };
        let shown = &mut self.state.update;
        match wish {
            UpdateWish::Begin => updates.own.updater().begin(),
            UpdateWish::Cancel => updates.own.updater().cancel(),
            UpdateWish::Later => {
                shown.put_off = Some(shown.state.clone());
                if let UpdateState::Ready { version } = &shown.state {
                    let words = crate::phrases::starts_the_next_time(self.state.lang, version);
                    self.notices.push(Tone::Neutral, words);
                }
            }
            UpdateWish::Restart => {
                if shown.busy {
                    return;
                }
                updates.own.start_again_at_the_end();
                (self.quits, self.may_quit) = (true, true);
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }
}
