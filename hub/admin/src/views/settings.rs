//! Settings of the whole hub.

use egui::{ScrollArea, Ui};
use protocol::admin::Question;
use protocol::admin::people::{self, Rules, SecondFactorRule};
use protocol::admin::settings::{Question as Ask, Setting, Settings};
use ui_kit::widgets::{
    Field, Push, card_ui, choice_ui, heading_ui, section_header_ui, segments_ui, text_area_ui,
    text_field_ui,
};
use ui_kit::{Word, w};

use super::{at_right_ui, missing_ui};
use crate::state::{Done, SettingsForm, SettingsTab, State, Topic};
use crate::words::{Say, s};

/// Width of a field, in points.
const WIDTH: f32 = 320.0;
const GB: u64 = 1_000_000_000;

pub(super) fn settings_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::Settings), s(lang, Say::SettingsNote));
    ui.add_space(6.0);
    let tabs = [
        (SettingsTab::General, s(lang, Say::General)),
        (SettingsTab::Forms, s(lang, Say::Reports)),
    ];
    if let Some(tab) = segments_ui(ui, state.settings.tab, &tabs) {
        state.settings.tab = tab;
    }
    ui.add_space(8.0);
    if state.settings.tab == SettingsTab::Forms {
        return super::forms::forms_ui(ui, state);
    }
    let Some(now) = state.settings.now.value.clone() else {
        return missing_ui(ui, lang, &state.settings.now);
    };
    let Some(rules) = state.settings.rules.value else {
        return missing_ui(ui, lang, &state.settings.rules);
    };
    let form = state
        .settings
        .form
        .take()
        .unwrap_or_else(|| SettingsForm::of(&now, rules));
    let mut form = form;
    let form = &mut form;
    let changes = form.changes(&now, rules);
    let new_rules = form.rules();
    let mut save = false;
    let mut undo = false;
    ui.horizontal(|ui| {
        at_right_ui(ui, |ui| {
            let nothing = match &changes {
                Ok(changes) => {
                    let is_same = changes.is_empty() && new_rules == Some(rules);
                    is_same.then(|| s(lang, Say::NothingChanged))
                }
                Err(_) => Some(s(lang, Say::SomethingWrong)),
            };
            save = ui
                .add(Push::primary(w(lang, Word::Save)).unless(nothing))
                .clicked();
            let differs = *form != SettingsForm::of(&now, rules);
            undo = differs && ui.add(Push::quiet(s(lang, Say::Undo))).clicked();
        });
    });
    let wrong = changes.as_ref().err().copied();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        form_ui(ui, state, form, wrong);
    });
    state.settings.form = (!undo).then(|| form.clone());
    if let (true, Ok(settings), Some(new_rules)) = (save, changes, new_rules) {
        let done = Topic::Done(Done::SettingsSaved);
        if new_rules != rules {
            let question = people::Question::SetRules(new_rules);
            state.ask(done, Question::People(question));
        }
        if !settings.is_empty() {
            state.ask(done, Question::Settings(Ask::Change { settings }));
        }
    }
}

fn form_ui(ui: &mut Ui, state: &mut State, form: &mut SettingsForm, wrong: Option<&'static str>) {
    let lang = state.lang;
    let error = |name| (wrong == Some(name)).then(|| s(lang, Say::OutOfRange));
    card_ui(ui, |ui| {
        section_header_ui(
            ui,
            s(lang, Say::Organisation),
            s(lang, Say::OrganisationNote),
        );
        let field = Field::new(s(lang, Say::Name))
            .width(WIDTH)
            .error(error("organisation"));
        text_field_ui(ui, &field, &mut form.organisation);
        let field = Field::new(s(lang, Say::OrganisationWords))
            .width(WIDTH * 1.6)
            .error(error("words"));
        text_area_ui(ui, &field, &mut form.words, 2);
    });
    ui.add_space(10.0);
    super::logo::logo_ui(ui, state);
    ui.add_space(10.0);
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Keeping), s(lang, Say::KeepingNote));
        for (say, note, value, name) in [
            (
                Say::FilmDays,
                Say::ZeroForEver,
                &mut form.film_days,
                "film-days",
            ),
            (
                Say::FilmQuota,
                Say::ZeroNoLimit,
                &mut form.film_quota_gb,
                "film-quota-bytes",
            ),
            (
                Say::FreeDisk,
                Say::FreeDiskNote,
                &mut form.free_disk_gb,
                "free-disk-bytes",
            ),
            (
                Say::FilmRate,
                Say::FilmRateNote,
                &mut form.film_kb_per_second,
                "film-bytes-per-second",
            ),
        ] {
            let field = Field::new(s(lang, say))
                .note(s(lang, note))
                .width(WIDTH)
                .error(error(name));
            text_field_ui(ui, &field, value);
        }
    });
    ui.add_space(10.0);
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Access), "");
        let factors = [
            (SecondFactorRule::Off, s(lang, Say::FactorOff)),
            (SecondFactorRule::Optional, s(lang, Say::FactorOptional)),
            (
                SecondFactorRule::Administrators,
                s(lang, Say::FactorAdministrators),
            ),
            (SecondFactorRule::Everybody, s(lang, Say::FactorAll)),
        ];
        let field = Field::new(s(lang, Say::SecondFactor)).width(WIDTH);
        if let Some(factor) = choice_ui(ui, &field, form.second_factor, &factors) {
            form.second_factor = factor;
        }
        for (say, value, name) in [
            (
                Say::PasswordChars,
                &mut form.password_chars,
                "password-chars",
            ),
            (
                Say::TicketMinutes,
                &mut form.ticket_minutes,
                "ticket-minutes",
            ),
        ] {
            let field = Field::new(s(lang, say)).width(WIDTH).error(error(name));
            text_field_ui(ui, &field, value);
        }
    });
}

impl SettingsForm {
    /// What the settings are, as they are typed.
    pub(crate) fn of(settings: &Settings, rules: Rules) -> Self {
        let gigabytes = |bytes: u64| {
            if bytes.is_multiple_of(GB) {
                (bytes / GB).to_string()
            } else {
                format!("{}.{}", bytes / GB, bytes % GB * 10 / GB)
            }
        };
        Self {
            organisation: settings.organisation.to_string(),
            words: settings.words.to_string(),
            film_days: settings.film_days.to_string(),
            film_quota_gb: gigabytes(settings.film_quota_bytes),
            film_kb_per_second: (settings.film_bytes_per_second / 1000).to_string(),
            free_disk_gb: gigabytes(settings.free_disk_bytes),
            second_factor: rules.second_factor,
            password_chars: rules.password_chars.to_string(),
            ticket_minutes: settings.ticket_minutes.to_string(),
        }
    }

    /// The rules for all accounts, if they can be so.
    fn rules(&self) -> Option<Rules> {
        let password_chars = self.password_chars.trim().parse().ok()?;
        (8..=128).contains(&password_chars).then_some(Rules {
            second_factor: self.second_factor,
            password_chars,
        })
    }

    /// What is to be changed, or the name of the setting that is wrong.
    fn changes(&self, now: &Settings, rules: Rules) -> Result<Vec<Setting>, &'static str> {
        if self.rules().is_none() {
            return Err("password-chars");
        }
        let shown = Self::of(now, rules);
        let gigabytes = |typed: &str| {
            let number: f64 = typed.trim().replace(',', ".").parse().unwrap_or(-1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "checked, and rounded to a byte"
            )]
            let bytes = (number * GB as f64) as u64;
            if number < 0.0 {
                "-".to_owned()
            } else {
                bytes.to_string()
            }
        };
        let thousand = |typed: &str| format!("{}000", typed.trim());
        let fields = [
            (
                "organisation",
                self.organisation.clone(),
                self.organisation == shown.organisation,
            ),
            ("words", self.words.clone(), self.words == shown.words),
            (
                "film-days",
                self.film_days.clone(),
                self.film_days == shown.film_days,
            ),
            (
                "film-quota-bytes",
                gigabytes(&self.film_quota_gb),
                self.film_quota_gb == shown.film_quota_gb,
            ),
            (
                "film-bytes-per-second",
                thousand(&self.film_kb_per_second),
                self.film_kb_per_second == shown.film_kb_per_second,
            ),
            (
                "free-disk-bytes",
                gigabytes(&self.free_disk_gb),
                self.free_disk_gb == shown.free_disk_gb,
            ),
            (
                "ticket-minutes",
                self.ticket_minutes.clone(),
                self.ticket_minutes == shown.ticket_minutes,
            ),
        ];
        let changed = fields.into_iter().filter(|(_, _, is_same)| !is_same);
        changed
            .map(|(name, value, _)| Setting::parse(name, &value).map_err(|_wrong| name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_is_sent() {
        let now = Settings::default();
        let rules = Rules {
            second_factor: SecondFactorRule::Optional,
            password_chars: 8,
        };
        let mut form = SettingsForm::of(&now, rules);
        assert_eq!(form.changes(&now, rules), Ok(Vec::new()));
        form.film_days = "90".to_owned();
        form.film_quota_gb = "1,5".to_owned();
        let changes = form.changes(&now, rules).expect("sound");
        let wanted = [
            Setting::FilmDays(90),
            Setting::FilmQuotaBytes(1_500_000_000),
        ];
        assert_eq!(changes, wanted);
        form.film_days = "some".to_owned();
        assert_eq!(form.changes(&now, rules), Err("film-days"));
    }
}
