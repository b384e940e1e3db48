//! The report of one assistance (D1).

use egui::{CollapsingHeader, Layout, ScrollArea, Ui};
use protocol::admin::reports::{FieldKind, FieldText, ReportRow};
use protocol::control::Name;
use protocol::{Feedback, visible_line, visible_text};
use ui_kit::widgets::{
    Field, Push, card_ui, choice_ui, dot_ui, escaped, fact_ui, heading_ui, icon_button_ui,
    menu_item_ui, stars_ui, text_area_ui, text_field_ui,
};
use ui_kit::words::{duration, name_alone};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::reports::{OpenReport, Saved, lets_finish};
use ui_kit::Clock;

/// Draws the report; Escape leaves it for later.
pub fn report_ui(
    ui: &mut Ui,
    lang: Lang,
    clock: Clock,
    report: &mut OpenReport,
    actions: &mut Vec<Action>,
) {
    const FOOT_HEIGHT: f32 = 96.0;
    let number = report.facts.report;
    if escaped(ui) {
        actions.push(Action::LeaveReport(number));
    }
    heading_ui(ui, w(lang, Word::ReportTitle), "");
    ui.add_space(2.0);
    ScrollArea::vertical()
        .max_height((ui.available_height() - FOOT_HEIGHT).max(80.0))
        .auto_shrink(false)
        .show(ui, |ui| {
            facts_ui(ui, lang, clock, report);
            ui.add_space(6.0);
            opinion_ui(ui, lang, report.about.feedback.as_ref());
            if fields_ui(ui, lang, report) | organisations_fields_ui(ui, lang, report) {
                report.text.keep_within_limits();
                report.saved = Saved::Typed;
                actions.push(Action::ReportTyped(number));
            }
            earlier_ui(ui, lang, clock, &report.about.earlier);
            ui.add_space(4.0);
        });
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        if report.finish_refused && !report.may_finish() {
            dot_ui(ui, Tone::Warning);
            ui.label(phrases::fields_missing(lang));
        } else {
            saved_ui(ui, lang, report.saved);
        }
    });
    ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
        let finish = Push::primary(w(lang, Word::FinishReport)).icon(Icon::Check);
        if ui.add(finish.enabled(!report.finishing)).clicked() {
            report.finish_refused = !report.may_finish();
            if !report.finish_refused {
                actions.push(Action::FinishReport(number));
            }
        }
        if ui.add(Push::secondary(w(lang, Word::Save))).clicked() {
            actions.push(Action::SaveReport(number));
        }
        if ui.add(Push::quiet(w(lang, Word::FinishLater))).clicked() {
            actions.push(Action::LeaveReport(number));
        }
    });
}

fn facts_ui(ui: &mut Ui, lang: Lang, clock: Clock, report: &OpenReport) {
    let facts = &report.facts;
    let ticket = facts.ticket.map(super::computers::routed_text);
    let seconds = facts
        .ended_unix_seconds
        .saturating_sub(facts.started_unix_seconds);
    let duration = duration(u64::try_from(seconds).unwrap_or(0));
    let start = clock.date_time(facts.started_unix_seconds);
    let end = clock.date_time(facts.ended_unix_seconds);
    let [requester, host, operator] =
        [&facts.requester, &facts.host, &facts.operator].map(|name| name_alone(lang, name));
    let left = [
        (Word::Requester, requester.as_str()),
        (Word::Host, host.as_str()),
        (Word::Ticket, ticket.as_deref().unwrap_or("–")),
        (Word::Operator, operator.as_str()),
    ];
    let right = [
        (Word::Start, start.as_str()),
        (Word::EndTime, end.as_str()),
        (Word::Duration, duration.as_str()),
    ];
    /// Below this width, in points, a date has no room beside another fact.
    const ROOM_FOR_TWO: f32 = 520.0;
    card_ui(ui, |ui| {
        if ui.available_width() < ROOM_FOR_TWO {
            ui.spacing_mut().item_spacing.y = 4.0;
            for (word, value) in left.iter().chain(&right) {
                fact_ui(ui, w(lang, *word), value);
            }
            return;
        }
        ui.columns(2, |columns| {
            for (column, facts) in columns.iter_mut().zip([&left[..], &right[..]]) {
                column.spacing_mut().item_spacing.y = 4.0;
                for (word, value) in facts {
                    fact_ui(column, w(lang, *word), value);
                }
            }
        });
    });
}

/// What the user said of it.
fn opinion_ui(ui: &mut Ui, lang: Lang, feedback: Option<&Feedback>) {
    let Some(Feedback { stars, words }) = feedback else {
        return;
    };
    card_ui(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let dim = Palette::of(ui).dim;
            let title = w(lang, Word::UsersOpinion);
            ui.label(text(title, theme::SMALL_SIZE, theme::REGULAR, dim));
            stars_ui(ui, lang, *stars);
        });
        if !words.trim().is_empty() {
            ui.add(egui::Label::new(visible_line(words)).wrap());
        }
    });
    ui.add_space(6.0);
}

/// Whether something was typed.
fn fields_ui(ui: &mut Ui, lang: Lang, report: &mut OpenReport) -> bool {
    ui.spacing_mut().item_spacing.y = 10.0;
    let (text, about) = (&mut report.text, &report.about);
    let problem = Field::new(w(lang, Word::Problem)).hint(w(lang, Word::ProblemHint));
    let mut typed = text_area_ui(ui, &problem, &mut text.problem, 3).changed();
    typed |= proposal_ui(ui, lang, &about.proposal.problem, &mut text.problem);
    let solution = Field::new(w(lang, Word::Solution)).hint(w(lang, Word::SolutionHint));
    typed |= text_area_ui(ui, &solution, &mut text.solution, 3).changed();
    typed |= proposal_ui(ui, lang, &about.proposal.solution, &mut text.solution);
    ui.horizontal(|ui| {
        const MENU_WIDTH: f32 = 34.0;
        let gap = ui.spacing().item_spacing.x;
        let category = Field::new(w(lang, Word::Category))
            .width((ui.available_width() - MENU_WIDTH - gap).min(300.0));
        typed |= text_field_ui(ui, &category, &mut text.category).changed();
        ui.with_layout(Layout::bottom_up(egui::Align::Min), |ui| {
            let label = phrases::choose_category(lang);
            let button = icon_button_ui(ui, Icon::ChevronDown, label, true);
            egui::Popup::menu(&button).show(|ui| {
                ui.set_width(200.0);
                let usual = phrases::categories(lang);
                let offered: Vec<&str> = if about.categories.is_empty() {
                    usual.to_vec()
                } else {
                    about.categories.iter().map(Name::as_str).collect()
                };
                for category in offered {
                    let chosen = text.category == category;
                    if menu_item_ui(ui, None, category, chosen, None).clicked() {
                        category.clone_into(&mut text.category);
                        typed = true;
                        ui.close();
                    }
                }
            });
        });
    });
    let notes = Field::new(w(lang, Word::Notes));
    typed | text_area_ui(ui, &notes, &mut text.notes, 2).changed()
}

/// The fields that the organisation defines; whether something was typed.
fn organisations_fields_ui(ui: &mut Ui, lang: Lang, report: &mut OpenReport) -> bool {
    let about = std::sync::Arc::clone(&report.about);
    let mut typed = false;
    for field in about.fields.iter().filter(|_| about.told) {
        let definition = &field.definition;
        let value = report.fields.entry(field.id).or_default();
        let error = if !definition.kind.takes(value) && definition.kind == FieldKind::Number {
            Some(phrases::not_a_number(lang))
        } else if report.finish_refused && !lets_finish(definition, value) {
            Some(phrases::field_wanted(lang))
        } else {
            None
        };
        let name = visible_line(&definition.name);
        let shown = Field::new(&name).width(300.0).error(error);
        typed |= match &definition.kind {
            FieldKind::Text | FieldKind::Number => text_field_ui(ui, &shown, value).changed(),
            FieldKind::Choice(choices) => {
                let nothing = ("", phrases::nothing_chosen(lang));
                let choices = choices
                    .iter()
                    .map(|choice| (choice.as_str(), choice.as_str()));
                let offered: Vec<(&str, &str)> = std::iter::once(nothing).chain(choices).collect();
                let chosen = choice_ui(ui, &shown, value.as_str(), &offered).map(str::to_owned);
                chosen.is_some_and(|chosen| {
                    let changed = chosen != *value;
                    *value = chosen;
                    changed
                })
            }
        };
        let kept = FieldText::cut(value.as_str());
        if kept.len() != value.len() {
            kept.as_str().clone_into(value);
        }
    }
    typed
}

/// What the hub proposes for a field where nothing is written yet; whether it was taken.
fn proposal_ui(ui: &mut Ui, lang: Lang, proposed: &str, field: &mut String) -> bool {
    let proposed = visible_text(proposed);
    if proposed.trim().is_empty() || !field.trim().is_empty() {
        return false;
    }
    let dim = Palette::of(ui).dim;
    let mut taken = false;
    ui.horizontal(|ui| {
        let mark = text(phrases::proposed(lang), 12.5, theme::REGULAR, dim);
        ui.label(mark.italics());
        taken = ui.add(Push::quiet(phrases::use_proposal(lang))).clicked();
    });
    ui.label(text(&*proposed, 13.5, theme::REGULAR, dim));
    if taken {
        proposed.as_ref().clone_into(field);
    }
    taken
}

/// What was written about the same computer or person before, folded away until somebody looks.
fn earlier_ui(ui: &mut Ui, lang: Lang, clock: Clock, earlier: &[ReportRow]) {
    if earlier.is_empty() {
        return;
    }
    let title = format!("{} ({})", phrases::earlier_reports(lang), earlier.len());
    let palette = Palette::of(ui);
    CollapsingHeader::new(text(title, 13.5, theme::REGULAR, palette.dim))
        .id_salt("earlier reports")
        .show(ui, |ui| {
            for row in earlier {
                let when = clock.date_time(row.started_unix_millis.div_euclid(1000));
                let [requester, host] =
                    [&row.requester, &row.host].map(|name| name_alone(lang, name));
                let mut about = format!("{when} · {requester} · {host}");
                if !row.category.is_empty() {
                    about = format!("{about} · {}", visible_line(&row.category));
                }
                ui.label(text(about, 12.5, theme::REGULAR, palette.dim));
                let problem = visible_line(&row.problem);
                let problem = if problem.trim().is_empty() {
                    "–"
                } else {
                    &problem
                };
                ui.label(problem);
            }
        });
}

fn saved_ui(ui: &mut Ui, lang: Lang, saved: Saved) {
    let palette = Palette::of(ui);
    let (tone, sentence) = match saved {
        Saved::WithHub => (Tone::Good, phrases::all_saved(lang)),
        Saved::OnDisk => (Tone::Accent, phrases::saved_here(lang)),
        Saved::Typed => (Tone::Neutral, phrases::saving(lang)),
        Saved::Refused => (Tone::Danger, phrases::saved_here_only(lang)),
    };
    dot_ui(ui, tone);
    let sentence = text(sentence, 12.5, theme::REGULAR, palette.dim);
    ui.add(egui::Label::new(sentence).truncate());
}
