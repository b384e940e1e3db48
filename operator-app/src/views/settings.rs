//! **Settings** (O2): account, hub, language and looks, and in a tab of their own the proxies (O4).

use egui::{ScrollArea, Ui};
use ui_kit::widgets::{
    DialogSize, Field, Push, check_ui, choice_ui, dialog_ui, divider_ui, entered_in_field,
    escaped_from, password_field_ui, section_header_ui, segments_ui, text_field_ui,
};
use ui_kit::words::address_wrong;
use ui_kit::{Icon, Lang, ThemeChoice, Tone, Word, w};
use zeroize::Zeroizing;

use crate::action::Action;
use crate::phrases;
use crate::settings::Settings;
use crate::state::account::AccountForm;
use crate::state::proxy::{ProxyFaults, ProxyForm};
use crate::views::proxy::proxy_ui;

/// The settings while they are changed; nothing counts before **Save**.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsForm {
    pub tab: Tab,
    pub account: AccountForm,
    pub proxy: ProxyForm,
    pub action_feed_back: bool,
    /// The folder for received files; empty for the usual one.
    pub received_files: String,
    pub language: Option<Lang>,
    pub theme: ThemeChoice,
    /// In words: where a remembered password is kept.
    pub password_place: String,
    pub show_faults: bool,
    /// What the form does not change.
    pub rest: Settings,
}

/// What the dialog shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    General,
    Proxy,
}

impl SettingsForm {
    /// The settings as the form has them.
    pub fn to_settings(&self) -> Settings {
        Settings {
            server_address: self.account.host.trim().to_owned(),
            port: self.account.port.trim().parse().unwrap_or(self.rest.port),
            fingerprint: self.account.fingerprint.trim().to_owned(),
            user_name: self.account.user.trim().to_owned(),
            remember_password: self.account.remember_password,
            connect_on_start_up: self.account.connect_on_start,
            proxy: self.proxy.to_settings(&self.rest.proxy),
            action_feed_back: self.action_feed_back,
            received_files: self.received_files.trim().to_owned(),
            language: self.language,
            theme: self.theme,
            ..self.rest.clone()
        }
    }

    /// Saves what is sound; otherwise shows the tab with what is not.
    fn save(&mut self, actions: &mut Vec<Action>) {
        self.account.take_address_apart();
        self.proxy.take_server_apart();
        let faults = self.account.faults();
        if !faults.hub_is_sound() && !self.account.host.trim().is_empty() {
            (self.show_faults, self.tab) = (true, Tab::General);
        } else if self.proxy.choice().is_err() || self.proxy.faults() != ProxyFaults::default() {
            (self.show_faults, self.tab) = (true, Tab::Proxy);
        } else {
            actions.push(Action::SaveSettings(Box::new(self.to_settings())));
        }
    }

    /// A form with `settings` in it.
    pub fn new(settings: &Settings, password: Zeroizing<String>, password_place: String) -> Self {
        Self {
            tab: Tab::General,
            account: account_form(settings, password),
            proxy: ProxyForm::new(&settings.proxy, Zeroizing::default()),
            action_feed_back: settings.action_feed_back,
            received_files: settings.received_files.clone(),
            language: settings.language,
            theme: settings.theme,
            password_place,
            show_faults: false,
            rest: settings.clone(),
        }
    }
}

/// The log-in form with `settings` in it.
pub fn account_form(settings: &Settings, password: Zeroizing<String>) -> AccountForm {
    AccountForm {
        invitation: String::new(),
        host: settings.server_address.clone(),
        port: settings.port.to_string(),
        fingerprint: settings.fingerprint.clone(),
        user: settings.user_name.clone(),
        password,
        remember_password: settings.remember_password,
        connect_on_start: settings.connect_on_start_up,
    }
}

/// Draws the dialog.
pub fn settings_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm, actions: &mut Vec<Action>) {
    let icon = Some((Icon::Settings, Tone::Accent));
    let title = format!("{} – {}", w(lang, Word::Settings), w(lang, Word::Options));
    let dialog = dialog_ui(
        ui.ctx(),
        "settings",
        DialogSize::Medium,
        icon,
        &title,
        |ui| {
            let tabs = [
                (Tab::General, w(lang, Word::General)),
                (Tab::Proxy, w(lang, Word::ProxyTab)),
            ];
            if let Some(tab) = segments_ui(ui, form.tab, &tabs) {
                form.tab = tab;
            }
            ui.add_space(6.0);
            let height = (ui.ctx().content_rect().height() - 200.0).max(140.0);
            ScrollArea::vertical().max_height(height).show(ui, |ui| {
                // room for the scroll bar
                let margin = egui::Margin {
                    right: 10,
                    ..egui::Margin::ZERO
                };
                egui::Frame::new()
                    .inner_margin(margin)
                    .show(ui, |ui| match form.tab {
                        Tab::General => content_ui(ui, lang, form),
                        Tab::Proxy => proxy_ui(ui, lang, form, actions),
                    });
            });
            ui.add_space(10.0);
            let entered = entered_in_field(ui);
            super::foot_ui(ui, |ui| {
                if ui.add(Push::primary(w(lang, Word::Save))).clicked() || entered {
                    form.save(actions);
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    actions.push(Action::CloseSettings);
                }
            });
        },
    );
    if escaped_from(&dialog) {
        actions.push(Action::CloseSettings);
    }
}

fn content_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm) {
    ui.spacing_mut().item_spacing.y = 10.0;
    section_header_ui(ui, w(lang, Word::UserAccount), "");
    let account = &mut form.account;
    text_field_ui(ui, &Field::new(w(lang, Word::UserName)), &mut account.user);
    let password = Field::new(w(lang, Word::Password));
    password_field_ui(ui, lang, &password, &mut account.password);
    let place = Some(form.password_place.as_str()).filter(|place| !place.is_empty());
    let remember = w(lang, Word::RememberPassword);
    check_ui(ui, &mut account.remember_password, remember, place);
    if !account.remember_password {
        account.connect_on_start = false;
    }
    ui.add_enabled_ui(account.remember_password, |ui| {
        let note = Some(w(lang, Word::ConnectOnStartUpNote));
        check_ui(
            ui,
            &mut account.connect_on_start,
            w(lang, Word::ConnectOnStartUp),
            note,
        );
    });
    let note = Some(w(lang, Word::EnableActionFeedBackNote));
    let label = w(lang, Word::EnableActionFeedBack);
    check_ui(ui, &mut form.action_feed_back, label, note);
    let field = Field::new(phrases::received_files(lang)).hint(phrases::usual_folder(lang));
    text_field_ui(ui, &field, &mut form.received_files);
    divider_ui(ui);
    section_header_ui(ui, w(lang, Word::Hub), "");
    hub_ui(ui, lang, form);
    divider_ui(ui);
    section_header_ui(ui, w(lang, Word::Appearance), "");
    looks_ui(ui, lang, form);
}

fn hub_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm) {
    const PORT_WIDTH: f32 = 92.0;
    let faults = form.account.faults();
    let host_fault = faults.host.filter(|_| form.show_faults);
    let host_error = host_fault.map(|fault| address_wrong(lang, fault));
    let port_error = (form.show_faults && faults.port).then(|| w(lang, Word::PortWrong));
    let fingerprint_error =
        (form.show_faults && faults.fingerprint).then(|| phrases::fingerprint_wrong(lang));
    let account = &mut form.account;
    ui.horizontal_top(|ui| {
        let gap = ui.spacing().item_spacing.x;
        let address = Field::new(w(lang, Word::ServerAddress))
            .hint("hub.example.org")
            .error(host_error)
            .width(ui.available_width() - PORT_WIDTH - gap);
        if text_field_ui(ui, &address, &mut account.host).lost_focus() {
            account.take_address_apart();
        }
        let port = Field::new(w(lang, Word::Port))
            .width(PORT_WIDTH)
            .error(port_error);
        text_field_ui(ui, &port, &mut account.port);
    });
    let fingerprint = Field::new(w(lang, Word::HubFingerprint))
        .note(phrases::fingerprint_note(lang))
        .error(fingerprint_error);
    text_field_ui(ui, &fingerprint, &mut account.fingerprint);
}

fn looks_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm) {
    let languages = [
        (None, w(lang, Word::SystemLanguage)),
        (Some(Lang::En), Lang::En.own_name()),
        (Some(Lang::It), Lang::It.own_name()),
    ];
    let field = Field::new(w(lang, Word::Language));
    if let Some(chosen) = choice_ui(ui, &field, form.language, &languages) {
        form.language = chosen;
    }
    let themes = [
        (ThemeChoice::System, w(lang, Word::ThemeSystem)),
        (ThemeChoice::Light, w(lang, Word::ThemeLight)),
        (ThemeChoice::Dark, w(lang, Word::ThemeDark)),
    ];
    let field = Field::new(w(lang, Word::Appearance));
    if let Some(chosen) = choice_ui(ui, &field, form.theme, &themes) {
        form.theme = chosen;
    }
}
