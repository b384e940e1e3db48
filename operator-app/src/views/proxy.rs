//! **Proxy and http tunneling** (O4).

use egui::{Align, Ui};
use ui_kit::widgets::{
    Field, Push, banner_ui, check_ui, password_field_ui, segments_ui, text_field_ui,
};
use ui_kit::{Lang, Palette, Word, text, theme, w};

use super::settings::SettingsForm;
use crate::action::Action;
use crate::state::proxy::{ProxyForm, ProxyTesting};

/// Draws the tab; `form` keeps what is typed.
pub(super) fn proxy_ui(
    ui: &mut Ui,
    lang: Lang,
    form: &mut SettingsForm,
    actions: &mut Vec<Action>,
) {
    ui.spacing_mut().item_spacing.y = 10.0;
    let before = form.proxy.clone();
    let proxy = &mut form.proxy;
    let note = Some(w(lang, Word::ProxyEnableNote));
    check_ui(ui, &mut proxy.enable, w(lang, Word::ProxyEnable), note);
    let place = Some(form.password_place.as_str()).filter(|place| !place.is_empty());
    ui.add_enabled_ui(proxy.enable, |ui| {
        let kinds = [
            (false, w(lang, Word::SystemSettings)),
            (true, w(lang, Word::CustomSettings)),
        ];
        if let Some(custom) = segments_ui(ui, proxy.custom, &kinds) {
            proxy.custom = custom;
        }
        ui.add_enabled_ui(proxy.custom, |ui| {
            server_ui(ui, lang, proxy, form.show_faults);
        });
        login_ui(ui, lang, proxy, place);
    });
    if *proxy != before {
        // the answer was to other questions
        proxy.test = ProxyTesting::NotAsked;
    }
    test_ui(ui, lang, form, actions);
}

fn server_ui(ui: &mut Ui, lang: Lang, proxy: &mut ProxyForm, show_faults: bool) {
    const PORT_WIDTH: f32 = 110.0;
    let faults = proxy.faults();
    let server_error = (show_faults && faults.server).then(|| w(lang, Word::ProxyServerWrong));
    let port_error = (show_faults && faults.port).then(|| w(lang, Word::PortWrong));
    ui.horizontal_top(|ui| {
        let gap = ui.spacing().item_spacing.x;
        let field = Field::new(w(lang, Word::ProxyServer))
            .hint("proxy.example.org")
            .note(w(lang, Word::ProxyServerNote))
            .error(server_error)
            .width(ui.available_width() - PORT_WIDTH - gap);
        if text_field_ui(ui, &field, &mut proxy.server).lost_focus() {
            proxy.take_server_apart();
        }
        let field = Field::new(w(lang, Word::ProxyPort))
            .width(PORT_WIDTH)
            .error(port_error);
        text_field_ui(ui, &field, &mut proxy.port);
    });
}

fn login_ui(ui: &mut Ui, lang: Lang, proxy: &mut ProxyForm, password_place: Option<&str>) {
    let field = Field::new(w(lang, Word::ProxyUsername)).note(w(lang, Word::ProxyUsernameNote));
    text_field_ui(ui, &field, &mut proxy.user);
    let field = Field::new(w(lang, Word::ProxyPassword));
    password_field_ui(ui, lang, &field, &mut proxy.password);
    let remember = w(lang, Word::RememberPassword);
    // the network may name another proxy tomorrow
    let note = if proxy.custom {
        password_place
    } else {
        Some(w(lang, Word::ProxyRememberNote))
    };
    ui.add_enabled_ui(proxy.custom, |ui| {
        check_ui(ui, &mut proxy.remember_password, remember, note);
    });
}

fn test_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm, actions: &mut Vec<Action>) {
    let running = form.proxy.test == ProxyTesting::Running;
    let enabled = form.proxy.enable && !running;
    ui.horizontal(|ui| {
        let test = Push::secondary(w(lang, Word::ProxyTest)).enabled(enabled);
        if ui.add(test).clicked() {
            form.proxy.take_server_apart();
            let faults = form.proxy.faults();
            form.show_faults = faults.server || faults.port;
            if !form.show_faults {
                actions.push(Action::TestProxy);
            }
        }
        if ui
            .add(Push::secondary(w(lang, Word::CheckConnection)))
            .clicked()
        {
            form.proxy.take_server_apart();
            actions.push(Action::CheckConnection);
        }
        if running {
            ui.spinner();
            let dim = Palette::of(ui).dim;
            let words = w(lang, Word::ProxyTesting);
            ui.label(text(words, theme::SMALL_SIZE, theme::MEDIUM, dim));
        }
    });
    let told = ui.scope_id().with("test told");
    let is_told = matches!(form.proxy.test, ProxyTesting::Said(..));
    let was_told =
        ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(told, false), is_told));
    if let ProxyTesting::Said(tone, sentence) = &form.proxy.test {
        let shown = ui.scope(|ui| banner_ui(ui, *tone, sentence));
        if !was_told {
            // in a small window it may be out of sight
            shown.response.scroll_to_me(Some(Align::Max));
            ui.ctx().request_repaint();
        }
    }
}
