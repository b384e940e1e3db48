//! The question of the network's proxy, for somebody who has never heard of one.

use eframe::egui::{Align, Layout, ScrollArea, Ui};
use ui_kit::widgets::{
    DialogSize, Field, Push, banner_ui, dialog_ui, entered_in_field, escaped_from,
    password_field_ui, text_field_ui,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::state::{Action, ProxyForm};

pub(super) fn proxy_ui(ui: &mut Ui, lang: Lang, form: &mut ProxyForm, actions: &mut Vec<Action>) {
    /// The title, the buttons and the margins.
    const AROUND: f32 = 190.0;
    let icon = Some((Icon::ShieldCheck, Tone::Accent));
    let height = (ui.ctx().content_rect().height() - AROUND).max(120.0);
    let content = |ui: &mut Ui| {
        ScrollArea::vertical()
            .max_height(height)
            .show(ui, |ui| content_ui(ui, lang, form));
        ui.add_space(8.0);
        let entered = entered_in_field(ui);
        ui.horizontal(|ui| {
            let layout = Layout::right_to_left(Align::Center);
            ui.with_layout(layout, |ui| {
                let ready = form.is_complete();
                let connect = Push::primary(w(lang, Word::ConnectNow)).enabled(ready);
                if ui.add(connect).clicked() || (entered && ready) {
                    actions.push(Action::SignInAtProxy);
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    actions.push(Action::LeaveProxy);
                }
            });
        });
    };
    let title = w(lang, Word::ProxyAsks);
    let shown = dialog_ui(ui.ctx(), "proxy", DialogSize::Small, icon, title, content);
    if escaped_from(&shown) {
        actions.push(Action::LeaveProxy);
    }
}

fn content_ui(ui: &mut Ui, lang: Lang, form: &mut ProxyForm) {
    let dim = Palette::of(ui).dim;
    let small = |words: &str| text(words, theme::SMALL_SIZE, theme::REGULAR, dim);
    ui.label(w(lang, Word::ProxyAsksNote));
    ui.add_space(6.0);
    if form.refused {
        banner_ui(ui, Tone::Danger, w(lang, Word::ProxyRefused));
        ui.add_space(6.0);
    }
    let user = text_field_ui(ui, &Field::new(w(lang, Word::UserName)), &mut form.user);
    let field = Field::new(w(lang, Word::Password)).note(w(lang, Word::ProxyAsksPromise));
    password_field_ui(ui, lang, &field, &mut form.password);
    if ui.memory(|memory| memory.focused().is_none()) {
        user.request_focus();
    }
    ui.add_space(4.0);
    ui.label(small(w(lang, Word::ProxyAsksUnknown)));
    ui.label(small(&format!("Proxy {}", form.proxy)));
}
