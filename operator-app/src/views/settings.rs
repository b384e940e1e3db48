//! **Settings > Options**: the account and its hub (O2), how sessions start (O3), and the proxies (O4).

use desktop::{Keeper, LEAST_PASSPHRASE_CHARS};
use egui::{ScrollArea, Ui};
use protocol::ColourDepth;
use ui_kit::widgets::{
    DialogSize, Field, Push, check_ui, choice_ui, dialog_ui, divider_ui, entered_in_field,
    escaped_from, link_button_ui, password_field_ui, section_header_ui, segments_ui, text_field_ui,
};
use ui_kit::words::address_wrong;
use ui_kit::{Icon, Lang, TextSize, ThemeChoice, Tone, Word, text_size_ui, w};
use zeroize::Zeroizing;

use crate::action::Action;
use crate::phrases;
use crate::settings::{PopupSettings, Settings, StartingSize};
use crate::state::account::AccountForm;
use crate::state::proxy::{ProxyFaults, ProxyForm};
use crate::state::session::PERCENTAGES;
use crate::views::proxy::proxy_ui;
use crate::views::sights::DEPTHS;

/// Height of what a tab shows at once, in points, where the window has room for it.
const USUAL_HEIGHT: f32 = 560.0;

/// The settings while they are changed; nothing counts before **OK** or **Apply**.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsForm {
    pub tab: Tab,
    pub account: AccountForm,
    pub proxy: ProxyForm,
    pub action_feed_back: bool,
    pub popups: PopupSettings,
    pub tray: bool,
    /// This desktop has an area for the icon.
    pub has_tray: bool,
    /// The quiet hours, as they are typed.
    pub quiet: (String, String),
    pub starting_color_depth: Option<ColourDepth>,
    pub starting_image_size: StartingSize,
    /// The folder for received files; empty for the usual one.
    pub received_files: String,
    pub language: Option<Lang>,
    pub theme: ThemeChoice,
    pub text_size: TextSize,
    /// In words: where a remembered password is kept.
    pub password_place: String,
    /// Who keeps it, once that is known.
    pub keeper: Option<Keeper>,
    /// Remembered passwords are sealed with a passphrase.
    pub protect: bool,
    /// A new one, as far as it is typed.
    pub passphrase: Zeroizing<String>,
    /// Everything lies beside the program, and nothing is left on the computer.
    pub is_portable: bool,
    pub show_faults: bool,
    /// The settings as they are now.
    pub rest: Settings,
    /// The passwords as they are now, of the account and of the proxy.
    passwords: (Zeroizing<String>, Zeroizing<String>),
}

/// What the dialog shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Account,
    Operation,
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
            popups: self.popups(),
            tray: self.tray,
            starting_color_depth: self.starting_color_depth,
            starting_image_size: self.starting_image_size,
            received_files: self.received_files.trim().to_owned(),
            language: self.language,
            theme: self.theme,
            text_size: self.text_size,
            ..self.rest.clone()
        }
    }

    fn popups(&self) -> PopupSettings {
        let (from, to) = (time_of_day(&self.quiet.0), time_of_day(&self.quiet.1));
        PopupSettings {
            quiet_from: from.unwrap_or(self.rest.popups.quiet_from),
            quiet_to: to.unwrap_or(self.rest.popups.quiet_to),
            ..self.popups.clone()
        }
    }

    /// Whether there is something to save.
    pub fn is_changed(&self) -> bool {
        let (account, proxy) = &self.passwords;
        self.to_settings() != self.rest
            || self.account.password != *account
            || self.proxy.password != *proxy
            // what is not sound is nothing yet, and yet it was typed
            || self.account.port.trim() != self.rest.port.to_string()
            || self.proxy.port.trim() != self.rest.proxy.port.to_string()
            || self.quiet_faults() != (false, false)
            || self.protect != (self.keeper == Some(Keeper::Sealed))
    }

    /// Remembered passwords are there, which the words say.
    pub fn kept_by(&mut self, keeper: Keeper, place: String) {
        if self.keeper != Some(keeper) {
            self.keeper = Some(keeper);
            self.protect = keeper == Keeper::Sealed;
            self.passphrase = Zeroizing::default();
        }
        self.password_place = place;
    }

    /// Whether a new passphrase is wanted, and what is typed is none.
    fn passphrase_is_short(&self) -> bool {
        self.protect
            && self.keeper == Some(Keeper::File)
            && self.passphrase.chars().count() < LEAST_PASSPHRASE_CHARS
    }

    /// What is here was saved.
    pub fn is_saved(&mut self) {
        self.rest = self.to_settings();
        self.passwords = (self.account.password.clone(), self.proxy.password.clone());
        self.show_faults = false;
    }

    fn quiet_faults(&self) -> (bool, bool) {
        let counts = self.popups.enable && self.popups.quiet;
        let is_wrong = |text: &str| counts && time_of_day(text).is_none();
        (is_wrong(&self.quiet.0), is_wrong(&self.quiet.1))
    }

    /// Whether everything is sound; otherwise the tab shows with what is not.
    fn is_sound(&mut self) -> bool {
        self.account.take_address_apart();
        self.proxy.take_server_apart();
        let faults = self.account.faults();
        let no_hub = !faults.hub_is_sound() && !self.account.host.trim().is_empty();
        if no_hub || self.quiet_faults() != (false, false) || self.passphrase_is_short() {
            (self.show_faults, self.tab) = (true, Tab::Account);
        } else if self.proxy.choice().is_err() || self.proxy.faults() != ProxyFaults::default() {
            (self.show_faults, self.tab) = (true, Tab::Proxy);
        } else {
            return true;
        }
        false
    }

    /// A form with `settings` in it.
    pub fn new(settings: &Settings, password: Zeroizing<String>, password_place: String) -> Self {
        Self {
            tab: Tab::Account,
            passwords: (password.clone(), Zeroizing::default()),
            account: account_form(settings, password),
            proxy: ProxyForm::new(&settings.proxy, Zeroizing::default()),
            action_feed_back: settings.action_feed_back,
            popups: settings.popups.clone(),
            tray: settings.tray,
            has_tray: false,
            quiet: (
                written_time(settings.popups.quiet_from),
                written_time(settings.popups.quiet_to),
            ),
            starting_color_depth: settings.starting_color_depth,
            starting_image_size: settings.starting_image_size,
            received_files: settings.received_files.clone(),
            language: settings.language,
            theme: settings.theme,
            text_size: settings.text_size,
            password_place,
            keeper: None,
            protect: false,
            passphrase: Zeroizing::default(),
            is_portable: false,
            show_faults: false,
            rest: settings.clone(),
        }
    }

    /// With the password that the proxy is given now.
    pub fn with_proxy_password(mut self, password: &Zeroizing<String>) -> Self {
        self.proxy.password.clone_from(password);
        self.passwords.1.clone_from(password);
        self
    }
}

/// Minutes since midnight of `20:00`, `20.00` or `20`.
fn time_of_day(text: &str) -> Option<u16> {
    let text = text.trim();
    let (hours, minutes) = text.split_once([':', '.']).unwrap_or((text, "0"));
    let hours: u16 = hours.parse().ok().filter(|hours| *hours < 24)?;
    let minutes: u16 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
    Some(hours * 60 + minutes)
}

fn written_time(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
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
                (Tab::Account, w(lang, Word::UserAccount)),
                (Tab::Operation, w(lang, Word::OperationSettings)),
                (Tab::Proxy, w(lang, Word::ProxyTab)),
            ];
            if let Some(tab) = segments_ui(ui, form.tab, &tabs) {
                form.tab = tab;
            }
            ui.add_space(6.0);
            // the same in every tab, so that nothing jumps
            let room = (ui.ctx().content_rect().height() - 240.0).max(140.0);
            let height = room.min(USUAL_HEIGHT);
            let area = ScrollArea::vertical().max_height(height);
            area.auto_shrink([true, false]).show(ui, |ui| {
                // room for the scroll bar
                let margin = egui::Margin {
                    right: 10,
                    ..egui::Margin::ZERO
                };
                egui::Frame::new()
                    .inner_margin(margin)
                    .show(ui, |ui| match form.tab {
                        Tab::Account => account_ui(ui, lang, form, actions),
                        Tab::Operation => operation_ui(ui, lang, form),
                        Tab::Proxy => proxy_ui(ui, lang, form, actions),
                    });
            });
            ui.add_space(10.0);
            let entered = entered_in_field(ui);
            let apply = w(lang, Word::Apply);
            let is_changed = form.is_changed();
            super::foot_ui(ui, |ui| {
                if (ui.add(Push::primary(w(lang, Word::Ok))).clicked() || entered)
                    && form.is_sound()
                {
                    actions.push(Action::SaveSettings(Box::new(form.to_settings())));
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    actions.push(Action::CloseSettings);
                }
                let apply = Push::secondary(apply).enabled(is_changed);
                if ui.add(apply).clicked() && form.is_sound() {
                    actions.push(Action::ApplySettings(Box::new(form.to_settings())));
                }
            });
        },
    );
    if escaped_from(&dialog) {
        actions.push(Action::CloseSettings);
    }
}

fn account_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 10.0;
    let account = &mut form.account;
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() - ui.spacing().item_spacing.x) / 2.0;
        let user = Field::new(w(lang, Word::UserName)).width(width);
        text_field_ui(ui, &user, &mut account.user);
        let password = Field::new(w(lang, Word::Password)).width(width);
        password_field_ui(ui, lang, &password, &mut account.password);
    });
    let place = Some(form.password_place.as_str()).filter(|place| !place.is_empty());
    let remember = w(lang, Word::RememberPassword);
    check_ui(ui, &mut account.remember_password, remember, place);
    if !account.remember_password {
        account.connect_on_start = false;
    }
    protection_ui(ui, lang, form, actions);
    let account = &mut form.account;
    let note = if form.is_portable {
        Word::ConnectOnStartUpPortableNote
    } else {
        Word::ConnectOnStartUpNote
    };
    ui.add_enabled_ui(account.remember_password, |ui| {
        check_ui(
            ui,
            &mut account.connect_on_start,
            w(lang, Word::ConnectOnStartUp),
            Some(w(lang, note)),
        );
    });
    let note = Some(w(lang, Word::EnableActionFeedBackNote));
    let label = w(lang, Word::EnableActionFeedBack);
    check_ui(ui, &mut form.action_feed_back, label, note);
    let note = Some(w(lang, Word::EnablePopupNote));
    let label = w(lang, Word::EnablePopup);
    check_ui(ui, &mut form.popups.enable, label, note);
    divider_ui(ui);
    section_header_ui(ui, w(lang, Word::Hub), "");
    hub_ui(ui, lang, form);
    divider_ui(ui);
    section_header_ui(ui, w(lang, Word::Popups), "");
    popups_ui(ui, lang, form, actions);
}

/// The passphrase, where no store keeps the passwords.
fn protection_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm, actions: &mut Vec<Action>) {
    match form.keeper {
        None | Some(Keeper::Store) => return,
        Some(Keeper::Locked) => {
            let label = phrases::unlock(lang);
            if link_button_ui(ui, Some(Icon::KeyRound), label).clicked() {
                actions.push(Action::AskForPassphrase);
                actions.push(Action::CloseSettings);
            }
            return;
        }
        Some(Keeper::Sealed | Keeper::File) => {}
    }
    let note = Some(phrases::protect_note(lang));
    check_ui(ui, &mut form.protect, phrases::protect(lang), note);
    if form.protect && form.keeper == Some(Keeper::File) {
        let is_short = form.show_faults && form.passphrase_is_short();
        let field = Field::new(phrases::passphrase(lang))
            .hint(phrases::passphrase_hint(lang))
            .error(is_short.then(|| phrases::passphrase_short(lang)));
        password_field_ui(ui, lang, &field, &mut form.passphrase);
    }
}

fn popups_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm, actions: &mut Vec<Action>) {
    const TIME_WIDTH: f32 = 108.0;
    let faults = form.quiet_faults();
    let wrong = w(lang, Word::TimeOfDayWrong);
    let error = |is_wrong: bool| (form.show_faults && is_wrong).then_some(wrong);
    let (from_error, to_error) = (error(faults.0), error(faults.1));
    let popups = &mut form.popups;
    ui.add_enabled_ui(popups.enable, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        for (kind, word) in [
            (&mut popups.users, Word::PopupUsers),
            (&mut popups.computers, Word::PopupComputers),
            (&mut popups.operators, Word::PopupOperators),
            (&mut popups.messages, Word::PopupMessages),
            (&mut popups.quiet, Word::QuietHours),
        ] {
            check_ui(ui, kind, w(lang, word), None);
        }
        ui.horizontal_top(|ui| {
            ui.add_enabled_ui(popups.quiet, |ui| {
                let field = Field::new(w(lang, Word::QuietFrom)).width(TIME_WIDTH);
                text_field_ui(ui, &field.error(from_error), &mut form.quiet.0);
            });
            ui.add_enabled_ui(popups.quiet, |ui| {
                let field = Field::new(w(lang, Word::QuietTo)).width(TIME_WIDTH);
                text_field_ui(ui, &field.error(to_error), &mut form.quiet.1);
            });
        });
        let show = Push::secondary(w(lang, Word::ShowOne)).enabled(popups.enable);
        if ui.add(show).clicked() {
            actions.push(Action::ShowNotice);
        }
    });
}

fn operation_ui(ui: &mut Ui, lang: Lang, form: &mut SettingsForm) {
    ui.spacing_mut().item_spacing.y = 10.0;
    let mut depths = vec![(None, w(lang, Word::AsLastTime))];
    depths.extend(DEPTHS.map(|(depth, word)| (Some(depth), w(lang, word))));
    let field = Field::new(w(lang, Word::StartingColorDepth));
    if let Some(chosen) = choice_ui(ui, &field, form.starting_color_depth, &depths) {
        form.starting_color_depth = chosen;
    }
    let percentages = PERCENTAGES.map(|p| (StartingSize::Percent(p), format!("{p} %")));
    let actual = format!("{} (100 %)", w(lang, Word::SizeActual));
    let mut sizes = vec![
        (StartingSize::Fit, w(lang, Word::SizeFit)),
        (StartingSize::Actual, &actual),
    ];
    sizes.extend(
        percentages
            .iter()
            .map(|(size, name)| (*size, name.as_str())),
    );
    sizes.push((StartingSize::FullScreen, w(lang, Word::FullScreen)));
    let field = Field::new(w(lang, Word::StartingImageSize)).note(w(lang, Word::StartingNote));
    if let Some(chosen) = choice_ui(ui, &field, form.starting_image_size, &sizes) {
        form.starting_image_size = chosen;
    }
    let field = Field::new(phrases::received_files(lang)).hint(phrases::usual_folder(lang));
    text_field_ui(ui, &field, &mut form.received_files);
    divider_ui(ui);
    section_header_ui(ui, phrases::this_program(lang), "");
    looks_ui(ui, lang, form);
    let note = if form.has_tray {
        phrases::tray_icon_note(lang)
    } else {
        phrases::no_tray(lang)
    };
    ui.add_enabled_ui(form.has_tray, |ui| {
        check_ui(ui, &mut form.tray, phrases::tray_icon(lang), Some(note));
    });
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
    ui.horizontal_top(|ui| {
        let half = (ui.available_width() - ui.spacing().item_spacing.x) / 2.0;
        let field = Field::new(w(lang, Word::Appearance)).width(half);
        if let Some(chosen) = choice_ui(ui, &field, form.theme, &themes) {
            form.theme = chosen;
        }
        if let Some(chosen) = text_size_ui(ui, lang, form.text_size, form.rest.text_size) {
            form.text_size = chosen;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_as_people_write_it() {
        for (text, minutes) in [
            ("20:00", Some(1200)),
            (" 7.30 ", Some(450)),
            ("0", Some(0)),
            ("23:59", Some(1439)),
            ("24:00", None),
            ("12:60", None),
            ("", None),
            ("noon", None),
            ("-1:00", None),
        ] {
            assert_eq!(time_of_day(text), minutes, "{text}");
        }
        assert_eq!(written_time(450), "07:30");
    }

    #[test]
    fn only_what_was_changed_is_applied() {
        let settings = Settings::default();
        let mut form = SettingsForm::new(&settings, Zeroizing::default(), String::new());
        assert!(!form.is_changed());
        form.starting_color_depth = Some(ColourDepth::Grey);
        assert!(form.is_changed());
        form.is_saved();
        assert!(!form.is_changed());
        *form.account.password += "x";
        assert!(form.is_changed());
    }
}
