//! What computer the host is, over its screen (S2).

use egui::{ScrollArea, Ui};
use ui_kit::widgets::{
    DialogSize, Push, banner_ui, dialog_ui, escaped_from, fact_ui, section_header_ui,
};
use ui_kit::{Icon, Tone, Word, w};

use crate::phrases::system as words;
use crate::state::session::{SessionState, SessionWish, System, SystemView};

/// The title, the buttons and the margins, in points.
const AROUND: f32 = 220.0;
/// What it adds that all of it is in the report.
const TOLD: f32 = 60.0;

/// Draws the dialog while it is open.
pub fn system_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let Some(system) = &mut state.system else {
        return;
    };
    let ctx = ui.ctx();
    let told = if system.in_report { TOLD } else { 0.0 };
    let height = (ctx.content_rect().height() - AROUND - told).clamp(40.0, 460.0);
    let icon = Some((Icon::Info, Tone::Accent));
    let title = w(lang, Word::SystemInformation);
    let wishes = &mut state.wishes;
    let dialog = dialog_ui(ctx, "system", DialogSize::Medium, icon, title, |ui| {
        match &system.view {
            SystemView::Asking => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(words::asking(lang));
                });
            }
            SystemView::Is(told) => {
                ScrollArea::vertical().max_height(height).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.spacing_mut().item_spacing.y = 3.0;
                    for (index, (title, rows)) in words::sections(lang, told).iter().enumerate() {
                        if index > 0 {
                            ui.add_space(10.0);
                        }
                        section_header_ui(ui, title, "");
                        for (name, value) in rows {
                            fact_ui(ui, name, value);
                        }
                    }
                });
                if system.in_report {
                    ui.add_space(6.0);
                    banner_ui(ui, Tone::Good, words::is_in_report(lang));
                }
            }
            SystemView::Not(why) => banner_ui(ui, Tone::Warning, why),
        }
        ui.add_space(12.0);
        buttons_ui(ui, lang, system, wishes)
    });
    if dialog.inner || escaped_from(&dialog) {
        state.system = None;
    }
}

/// Whether the dialog is to be closed.
fn buttons_ui(
    ui: &mut Ui,
    lang: ui_kit::Lang,
    system: &mut System,
    wishes: &mut Vec<SessionWish>,
) -> bool {
    let mut closed = false;
    super::foot_ui(ui, |ui| {
        if let SystemView::Is(told) = &system.view {
            let into_report = Push::primary(words::into_report(lang)).enabled(!system.in_report);
            if ui.add(into_report).clicked() {
                let text = words::as_text(lang, told);
                wishes.push(SessionWish::IntoReport { text });
                system.in_report = true;
            }
            if ui.add(Push::secondary(w(lang, Word::Copy))).clicked() {
                ui.ctx().copy_text(words::as_text(lang, told));
            }
        }
        if system.view != SystemView::Asking
            && ui.add(Push::secondary(words::again(lang))).clicked()
        {
            wishes.push(SessionWish::AskSystem);
            *system = System::default();
        }
        closed = ui.add(Push::secondary(w(lang, Word::Close))).clicked();
    });
    closed
}
