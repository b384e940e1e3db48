//! The question whether the operator may come in (H5).

use std::time::Duration;

use eframe::egui::{Id, Ui};
use protocol::{Hindrance, Hindrances, Rights, ScreenMonitor};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, choice_ui, divider_ui, heading_ui, switch_ui,
};
use ui_kit::words::{ask_consent, hindrance_for_user, whole_name};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::lasting::LastingYes;
use crate::state::{Action, Question};
use crate::words;

pub(super) fn ask_ui(
    ui: &mut Ui,
    lang: Lang,
    question: &mut Question,
    organisation: Option<&str>,
    (hindrances, monitors): (Hindrances, &[ScreenMonitor]),
    lasting: LastingYes,
    room: f32,
) {
    let palette = Palette::of(ui);
    let heading = match &question.joins {
        Some(joins) => words::asks_to_join(lang, &question.operator, &joins.brought_by),
        None => ask_consent(lang, &question.operator, organisation),
    };
    let heading = heading_ui(ui, &heading, words::choose_rights(lang));
    let names = [Some(question.operator.as_str()), organisation];
    for name in names.into_iter().flatten().filter_map(whole_name) {
        heading.clone().on_hover_text(name);
    }
    ui.add_space(6.0);
    ui.label(text(
        w(lang, Word::AsksFor),
        theme::SMALL_SIZE,
        theme::MEDIUM,
        palette.text,
    ));
    // who joins comes into what is shared already
    let may_last = lasting != LastingYes::NotOffered && question.joins.is_none();
    let mut has_room = true;
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add_enabled_ui(!question.allowed, |ui| {
            // who joins sees what the others see
            let monitors = if question.joins.is_some() {
                &[]
            } else {
                monitors
            };
            has_room = rights_ui(ui, lang, question, hindrances, monitors, may_last, room);
        });
    });
    ui.add_space(4.0);
    if let Some(hindrance) = hindrances.screen {
        let tone = match hindrance {
            Hindrance::ASKED_ONCE_MORE => Tone::Accent,
            _ => Tone::Warning,
        };
        banner_ui(ui, tone, hindrance_for_user(lang, hindrance));
    }
    if may_last {
        card_ui(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.add_enabled_ui(!question.allowed, |ui| {
                lasting_ui(ui, lang, question, lasting, has_room);
            });
        });
    }
    banner_ui(ui, Tone::Accent, &words::is_filmed(lang, organisation));
    if question.insistent && !question.allowed {
        ui.add_space(6.0);
        banner_ui(
            ui,
            Tone::Warning,
            &words::asks_again(lang, &question.operator),
        );
    }
}

fn answers_id() -> Id {
    Id::unique("height of the answers")
}

/// How high the question may be, so that the answers below it are seen in the smallest window, too.
pub(super) fn room_above_answers(ui: &Ui) -> f32 {
    const USUAL: f32 = 64.0;
    let answers = ui.data(|data| data.get_temp(answers_id()).unwrap_or(USUAL));
    (ui.available_height() - answers).max(80.0)
}

/// What the user can answer.
pub(super) fn answers_ui(
    ui: &mut Ui,
    lang: Lang,
    question: &Question,
    now: Duration,
    actions: &mut Vec<Action>,
) {
    let top = ui.cursor().top();
    all_answers_ui(ui, lang, question, now, actions);
    let height = ui.cursor().top() - top;
    let before: Option<f32> = ui.data(|data| data.get_temp(answers_id()));
    if before != Some(height) {
        ui.data_mut(|data| data.insert_temp(answers_id(), height));
        ui.ctx().request_repaint();
    }
}

fn all_answers_ui(
    ui: &mut Ui,
    lang: Lang,
    question: &Question,
    now: Duration,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    ui.add_space(10.0);
    if question.allowed {
        ui.horizontal(|ui| {
            ui.spinner();
            let label = w(lang, Word::Connecting);
            ui.label(text(label, theme::BODY_SIZE, theme::MEDIUM, palette.text));
        });
        return;
    }

    // Refuse stands first: nobody lets somebody in by pressing Tab and Enter once too often
    ui.columns(2, |columns| {
        let refuse = Push::secondary(w(lang, Word::Refuse)).large().wide();
        if columns[0].add(refuse).clicked() {
            actions.push(Action::Answer { allow: false });
        }
        let allow = Push::primary(words::allow(lang))
            .icon(Icon::Check)
            .large()
            .wide();
        if columns[1]
            .add(allow.enabled(question.may_allow(now)))
            .clicked()
        {
            actions.push(Action::Answer { allow: true });
        }
    });
    // to block is to leave, which would end what others do
    if question.insistent && question.joins.is_none() {
        ui.add_space(4.0);
        let block = Push::danger(words::block(lang)).icon(Icon::Ban).wide();
        if ui.add(block).clicked() {
            actions.push(Action::Block);
        }
    }
    if question.joins.is_some() {
        ui.add_space(4.0);
        let end = Push::danger(words::end_the_session(lang));
        if ui.add(end.icon(Icon::X).wide()).clicked() {
            actions.push(Action::End);
        }
    }
    let guard = question.guard_left(now);
    if !guard.is_zero() {
        ui.ctx().request_repaint_after(guard);
    }
}

/// One switch for each right that was asked for; what cannot be done here is greyed with the reason. Where
/// the notes would push it out of `room` that the session is filmed, they wait under the pointer; tells whether there
/// is room for them.
fn rights_ui(
    ui: &mut Ui,
    lang: Lang,
    question: &mut Question,
    hindrances: Hindrances,
    monitors: &[ScreenMonitor],
    may_last: bool,
    room: f32,
) -> bool {
    /// A row with its note, what is above and below all rows, and a banner between, in points.
    const ROW: f32 = 65.0;
    const AROUND: f32 = 207.0;
    const BANNER: f32 = 94.0;
    /// What is around the rows of a second card.
    const CARD: f32 = 36.0;
    let rows = [
        (Rights::SEE, Word::RightSee, Word::RightSeeNote),
        (Rights::CONTROL, Word::RightControl, Word::RightControlNote),
        (
            Rights::CLIPBOARD,
            Word::RightClipboard,
            Word::RightClipboardNote,
        ),
        (Rights::FILES, Word::RightFiles, Word::RightFilesNote),
    ];
    let asked = question.asked;
    let rows = rows.into_iter().filter(|(right, ..)| asked.has(*right));
    let has_choice = monitors.len() > 1;
    let high = rows.clone().count() + usize::from(has_choice);
    let banner = hindrances.screen.map_or(0.0, |_| BANNER);
    let lasting = if may_last { ROW + CARD } else { 0.0 };
    let has_room = room >= AROUND + banner + lasting + ROW * high as f32;
    let mut first = true;
    for (right, label, note) in rows {
        if !std::mem::take(&mut first) {
            divider_ui(ui);
        }
        let mut chosen = question.chosen.has(right);
        let hindrance = hindrances.input.filter(|h| h.prevents_acting());
        let hindrance = hindrance.filter(|_| right == Rights::CONTROL);
        let reason = hindrance.map(|h| hindrance_for_user(lang, h));
        let note = w(lang, note);
        let shown = reason.or_else(|| has_room.then_some(note));
        chosen &= hindrance.is_none();
        ui.add_enabled_ui(hindrance.is_none(), |ui| {
            let switch = switch_ui(ui, &mut chosen, w(lang, label), shown);
            if shown.is_none() {
                switch.on_hover_text(note);
            }
        });
        question.chosen = question.chosen.set(right, chosen);
        if right == Rights::SEE && has_choice {
            ui.add_enabled_ui(chosen, |ui| monitors_ui(ui, lang, question, monitors));
        }
    }
    has_room
}

/// Whether the desktop need not ask its own question again.
fn lasting_ui(
    ui: &mut Ui,
    lang: Lang,
    question: &mut Question,
    lasting: LastingYes,
    has_room: bool,
) {
    let note = words::lasting_yes_note(lang);
    let shown = has_room.then_some(note);
    let mut lasts = question.lasting.unwrap_or_else(|| lasting.is_kept());
    let switch = switch_ui(ui, &mut lasts, words::lasting_yes(lang), shown);
    if switch.clicked() {
        question.lasting = Some(lasts);
    }
    if shown.is_none() {
        switch.on_hover_text(note);
    }
}

/// Which of several monitors the operator is to see.
fn monitors_ui(ui: &mut Ui, lang: Lang, question: &mut Question, monitors: &[ScreenMonitor]) {
    ui.add_space(4.0);
    let names = words::monitors_to_share(lang, monitors);
    let choices: Vec<_> = names
        .iter()
        .map(|(id, name)| (*id, name.as_str()))
        .collect();
    let field = Field::new(words::what_is_shared(lang));
    let shown = ui.scope(|ui| choice_ui(ui, &field, question.only, &choices));
    shown.response.on_hover_text(words::only_note(lang));
    if let Some(chosen) = shown.inner {
        question.only = chosen;
    }
}
