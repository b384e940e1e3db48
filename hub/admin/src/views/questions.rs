//! Questions and small forms that several views open over the window.

use egui::{Label, ModalResponse, Ui};
use protocol::GroupId;
use protocol::admin::people::GroupRow;
use ui_kit::widgets::{
    DialogSize, Field, Push, check_ui, dialog_buttons_ui, dialog_ui, escaped_from, text_field_ui,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::people::group_name;
use super::{danger_buttons_ui, form_buttons_ui};
use crate::words::{Say, s};

/// What was answered: `Some(true)` is yes, and Escape is no.
pub(super) fn answer_of(dialog: &ModalResponse<Option<bool>>) -> Option<bool> {
    if escaped_from(dialog) {
        return Some(false);
    }
    dialog.inner
}

/// Asks before something that cannot be taken back easily.
pub(super) fn danger_ui(
    ui: &Ui,
    lang: Lang,
    (icon, title): (Icon, &str),
    (note, button): (Say, Say),
) -> Option<bool> {
    let icon = Some((icon, Tone::Danger));
    let dialog = dialog_ui(ui.ctx(), "danger", DialogSize::Small, icon, title, |ui| {
        ui.add(Label::new(s(lang, note)).wrap());
        danger_buttons_ui(ui, lang, s(lang, button))
    });
    answer_of(&dialog)
}

/// Asks for a name; one without anything in it is not taken.
pub(super) fn name_ui(
    ui: &Ui,
    lang: Lang,
    (icon, title): (Icon, Say),
    name: &mut String,
) -> Option<bool> {
    let (icon, title) = (Some((icon, Tone::Accent)), s(lang, title));
    let dialog = dialog_ui(ui.ctx(), "name", DialogSize::Small, icon, title, |ui| {
        text_field_ui(ui, &Field::new(s(lang, Say::Name)), name);
        form_buttons_ui(ui, lang, w(lang, Word::Save))
    });
    answer_of(&dialog).filter(|yes| !yes || !name.trim().is_empty())
}

/// What is asked for with a reason.
pub(super) struct Reasoned {
    pub(super) icon: (Icon, Tone),
    pub(super) title: Say,
    pub(super) note: Say,
    pub(super) button: Say,
}

/// Asks for the reason of something, for the audit log.
pub(super) fn reason_ui(
    ui: &Ui,
    lang: Lang,
    asked: &Reasoned,
    reason: &mut String,
) -> Option<bool> {
    let title = s(lang, asked.title);
    let (id, size, icon) = ("reason", DialogSize::Medium, Some(asked.icon));
    let dialog = dialog_ui(ui.ctx(), id, size, icon, title, |ui| {
        ui.add(Label::new(s(lang, asked.note)).wrap());
        text_field_ui(ui, &Field::new(s(lang, Say::Reason)), reason);
        let mut answer = None;
        let missing = reason.trim().is_empty().then(|| w(lang, Word::Required));
        dialog_buttons_ui(ui, |ui| {
            let label = s(lang, asked.button);
            let go = if asked.icon.1 == Tone::Danger {
                Push::danger(label)
            } else {
                Push::primary(label)
            };
            if ui.add(go.unless(missing)).clicked() {
                answer = Some(true);
            }
            if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                answer = Some(false);
            }
        });
        answer
    });
    answer_of(&dialog)
}

/// Groups of people, of which any number is chosen.
pub(super) fn memberships_ui(
    ui: &mut Ui,
    lang: Lang,
    (title, groups): (Say, &[GroupRow]),
    chosen: &mut Vec<GroupId>,
) {
    let color = Palette::of(ui).text;
    ui.label(text(s(lang, title), 13.0, theme::MEDIUM, color));
    ui.horizontal_wrapped(|ui| {
        for group in groups {
            let mut inside = chosen.contains(&group.group);
            let name = group_name(lang, &group.name, group.built_in);
            if check_ui(ui, &mut inside, &name, None).clicked() {
                chosen.retain(|id| *id != group.group);
                if inside {
                    chosen.push(group.group);
                }
            }
        }
    });
}
