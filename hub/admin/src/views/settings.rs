//! Settings of the whole hub.

use egui::{Ui, UiBuilder};
use protocol::admin::Question;
use protocol::admin::people::{self, Rules, SecondFactorRule};
use protocol::admin::settings::{Question as Ask, Setting, Settings};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, choice_ui, heading_ui, section_header_ui, segments_ui,
    switch_ui, text_area_ui, text_field_ui,
};
use ui_kit::{Tone, Word, w};

use super::table::bar_ui;
use super::{at_right_ui, missing_ui, scroll_ui};
use crate::state::{Done, SettingsForm, SettingsTab, State, Topic};
use crate::words::{self, Say, s};

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
    let bar = bar_ui(ui, |ui| {
        if let Some(tab) = segments_ui(ui, state.settings.tab, &tabs) {
            state.settings.tab = tab;
        }
        ui.available_rect_before_wrap()
    });
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
    let current = SettingsForm::of(&now, rules);
    let before = state.settings.shown.replace(current.clone());
    // what was typed stays where the hub says anew what it has
    let typed = state.settings.form.take();
    let mut form = match (typed, before) {
        (Some(typed), Some(before)) => typed.onto(&before, &current),
        (Some(typed), None) => typed,
        (None, _) => current.clone(),
    };
    let form = &mut form;
    let changes = form.changes(&now, rules);
    let new_rules = form.rules();
    let mut save = false;
    let mut undo = false;
    // beside the tabs
    let beside = UiBuilder::new().max_rect(bar);
    at_right_ui(&mut ui.new_child(beside), |ui| {
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
        let differs = *form != current;
        undo = differs && ui.add(Push::quiet(s(lang, Say::Undo))).clicked();
    });
    for (typed, now, warning) in [
        (
            &form.report_days,
            now.report_days,
            words::erases_reports as fn(_, _) -> _,
        ),
        (&form.film_days, now.film_days, words::erases_films),
    ] {
        if let Some(days) = shorter(typed, now) {
            banner_ui(ui, Tone::Warning, &warning(lang, days));
            ui.add_space(6.0);
        }
    }
    let wrong = changes.as_ref().err().copied();
    scroll_ui(ui, |ui| {
        form_ui(ui, state, form, wrong);
    });
    state.settings.form = (!undo).then(|| form.clone());
    if let (true, Ok(settings), Some(new_rules)) = (save, changes, new_rules) {
        state.settings.saving = Some(form.clone());
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
                Say::ReportDays,
                Say::ReportDaysNote,
                &mut form.report_days,
                "report-days",
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
        let (label, note) = (s(lang, Say::WatchLive), s(lang, Say::WatchLiveNote));
        switch_ui(ui, &mut form.watch_live, label, Some(note));
        let label = s(lang, Say::UnattendedReason);
        let note = s(lang, Say::UnattendedReasonNote);
        switch_ui(ui, &mut form.unattended_reason, label, Some(note));
        let label = s(lang, Say::UnattendedCode);
        let note = s(lang, Say::UnattendedCodeNote);
        switch_ui(ui, &mut form.unattended_code, label, Some(note));
        let field = Field {
            hint: "mon-fri 08:00-18:00, sat 09:00-12:30",
            ..Field::new(s(lang, Say::UnattendedHours))
                .width(WIDTH)
                .note(s(lang, Say::UnattendedHoursNote))
                .error(error("unattended-hours"))
        };
        text_field_ui(ui, &field, &mut form.unattended_hours);
        let label = s(lang, Say::HostsUpdate);
        let note = s(lang, Say::HostsUpdateNote);
        switch_ui(ui, &mut form.hosts_update, label, Some(note));
    });
}

/// The days that are `typed`, if things are kept for less than `now` with them; 0 is for ever.
fn shorter(typed: &str, now: u32) -> Option<u32> {
    let days: u32 = typed.trim().parse().ok()?;
    (days > 0 && (now == 0 || days < now)).then_some(days)
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
            report_days: settings.report_days.to_string(),
            film_quota_gb: gigabytes(settings.film_quota_bytes),
            film_kb_per_second: (settings.film_bytes_per_second / 1000).to_string(),
            free_disk_gb: gigabytes(settings.free_disk_bytes),
            second_factor: rules.second_factor,
            password_chars: rules.password_chars.to_string(),
            ticket_minutes: settings.ticket_minutes.to_string(),
            watch_live: settings.watch_live,
            unattended_reason: settings.unattended_reason,
            unattended_code: settings.unattended_code,
            unattended_hours: settings.unattended_hours.to_string(),
            hosts_update: settings.hosts_update,
        }
    }

    /// What was typed since `before` stood here; all else as it is `now`.
    fn onto(self, before: &Self, now: &Self) -> Self {
        macro_rules! each {
            ($($field:ident),*) => {
                Self {
                    $($field: if self.$field == before.$field {
                        now.$field.clone()
                    } else {
                        self.$field
                    },)*
                }
            };
        }
        each!(
            organisation,
            words,
            film_days,
            report_days,
            film_quota_gb,
            film_kb_per_second,
            free_disk_gb,
            second_factor,
            password_chars,
            ticket_minutes,
            watch_live,
            unattended_reason,
            unattended_code,
            unattended_hours,
            hosts_update
        )
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
                "report-days",
                self.report_days.clone(),
                self.report_days == shown.report_days,
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
            (
                "watch-live",
                Setting::WatchLive(self.watch_live).value(),
                self.watch_live == shown.watch_live,
            ),
            (
                "unattended-reason",
                Setting::UnattendedReason(self.unattended_reason).value(),
                self.unattended_reason == shown.unattended_reason,
            ),
            (
                "unattended-code",
                Setting::UnattendedCode(self.unattended_code).value(),
                self.unattended_code == shown.unattended_code,
            ),
            (
                "unattended-hours",
                self.unattended_hours.clone(),
                self.unattended_hours == shown.unattended_hours,
            ),
            (
                "hosts-update",
                Setting::HostsUpdate(self.hosts_update).value(),
                self.hosts_update == shown.hosts_update,
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
    use egui::accesskit::Role;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use ui_kit::Lang;

    use super::*;

    #[test]
    fn d5_who_keeps_for_less_time_is_warned() {
        assert_eq!(shorter("3", 0), Some(3));
        assert_eq!(shorter(" 3 ", 365), Some(3));
        for (typed, now) in [("365", 365), ("0", 365), ("", 365), ("400", 365), ("x", 0)] {
            assert_eq!(shorter(typed, now), None, "{typed}");
        }
    }

    #[test]
    fn what_was_typed_stays_where_the_hub_says_anew_what_it_has() {
        let rules = Rules {
            second_factor: SecondFactorRule::Optional,
            password_chars: 8,
        };
        let before = Settings::default();
        let mut typed = SettingsForm::of(&before, rules);
        typed.organisation = "Comune".to_owned();
        typed.watch_live = false;
        let now = Settings {
            film_days: 90,
            organisation: "Somebody else's".into(),
            ..before.clone()
        };
        let shown = [&before, &now].map(|settings| SettingsForm::of(settings, rules));
        let kept = typed.onto(&shown[0], &shown[1]);
        let wanted = vec![
            Setting::Organisation("Comune".into()),
            Setting::WatchLive(false),
        ];
        assert_eq!(kept.changes(&now, rules), Ok(wanted));
        assert_eq!(kept.film_days, "90");
    }

    #[test]
    fn a_line_that_is_back_takes_nothing_of_what_was_typed() {
        let rules = Rules {
            second_factor: SecondFactorRule::Optional,
            password_chars: 8,
        };
        let mut state = State::new(Lang::En);
        state.settings.now.value = Some(Settings::default());
        state.settings.rules.value = Some(rules);
        let mut harness = Harness::builder()
            .with_size(egui::vec2(900.0, 2400.0))
            .build_ui_state(
                |ui: &mut Ui, state: &mut State| {
                    ui_kit::theme::install(ui.ctx());
                    settings_ui(ui, state);
                },
                state,
            );
        harness.run_steps(3);
        harness.get_by_label("Name").focus();
        harness.run_steps(2);
        harness.get_by_label("Name").type_text("Comune");
        harness.run_steps(2);
        let watch = "Sessions can be watched live";
        harness.get_by_role_and_label(Role::Switch, watch).click();
        harness.run_steps(3);
        // the line is lost and comes back, and the hub says what it has, which is not the same any more
        harness.state_mut().refresh();
        harness.run_steps(3);
        let now = Settings {
            film_days: 90,
            ..Settings::default()
        };
        harness.state_mut().settings.now.take(Ok(now));
        harness.run_steps(3);
        let form = harness.state().settings.form.clone().expect("shown");
        assert_eq!(form.organisation, "Comune");
        assert_eq!(form.film_days, "90");
        assert!(!form.watch_live);
        harness.get_by_label("Save").click();
        harness.run_steps(3);
        let outbox = std::mem::take(&mut harness.state_mut().outbox);
        let wanted = vec![
            Setting::Organisation("Comune".into()),
            Setting::WatchLive(false),
        ];
        let asked = Question::Settings(Ask::Change { settings: wanted });
        assert_eq!(outbox, [(Topic::Done(Done::SettingsSaved), asked)]);
    }

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
