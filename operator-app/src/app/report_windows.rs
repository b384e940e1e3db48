//! The windows of reports. Each is a deferred viewport: what it asks of the clipboard reaches only such a window.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use egui::{Context, ViewportBuilder, ViewportId};
use ui_kit::words::name_alone;
use ui_kit::{Clock, Lang, Word, w};

use crate::action::Action;
use crate::state::reports::{About, OpenReport, Reports, Saved};
use crate::views::report::report_ui;

/// What the windows need besides the reports.
#[derive(Debug, Default)]
pub(super) struct ReportWindows {
    /// What was wished for in them.
    actions: Arc<Mutex<Vec<Action>>>,
    /// What each window was last told to draw, besides what is typed into it.
    drawn: Vec<Drawn>,
}

type Drawn = (ViewportId, Saved, bool, Arc<About>, Lang);

impl ReportWindows {
    /// What was wished for since the last time.
    pub(super) fn take_actions(&self) -> Vec<Action> {
        std::mem::take(&mut *lock(&self.actions))
    }

    /// Keeps the windows open; called in every pass of the main window.
    pub(super) fn show(&mut self, ctx: &Context, lang: Lang, clock: Clock, reports: &Reports) {
        let mut drawn = Vec::new();
        for shared in &reports.open {
            let open = shared.lock();
            let number = open.facts.report;
            let id = ViewportId::from_hash_of(("report", number));
            let about = Arc::clone(&open.about);
            drawn.push((id, open.saved, open.finishing, about, lang));
            let host = name_alone(lang, &open.facts.host);
            let builder = ViewportBuilder::default()
                .with_title(format!("{} – {host}", w(lang, Word::Report)))
                .with_app_id("pure-help-desk")
                .with_inner_size([680.0, 720.0])
                .with_min_inner_size([480.0, 420.0]);
            drop(open);
            let (shared, actions) = (shared.clone(), Arc::clone(&self.actions));
            ctx.show_viewport_deferred(id, builder, move |ui, _class| {
                let mut wished = Vec::new();
                let open: &mut OpenReport = &mut shared.lock();
                ui_kit::widgets::page_ui(ui, |ui| report_ui(ui, lang, clock, open, &mut wished));
                if ui.input(|input| input.viewport().close_requested()) {
                    wished.push(Action::LeaveReport(number));
                }
                if !wished.is_empty() {
                    lock(&actions).append(&mut wished);
                    ui.ctx().request_repaint_of(ViewportId::ROOT);
                }
            });
        }
        for changed in drawn.iter().filter(|now| !self.drawn.contains(now)) {
            ctx.request_repaint_of(changed.0);
        }
        self.drawn = drawn;
    }
}

fn lock(actions: &Mutex<Vec<Action>>) -> MutexGuard<'_, Vec<Action>> {
    actions.lock().unwrap_or_else(PoisonError::into_inner)
}
