//! The audit log.

use egui::{Label, Ui};
use protocol::admin::Question;
use protocol::admin::audit::{ActorKind, AuditRow, Fault, Question as Ask, Verified};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, choice_ui, empty_state_ui, heading_ui, text_field_ui,
};
use ui_kit::words::{name_alone, visible_line};
use ui_kit::{Icon, Lang, Palette, Tone, text, theme};

use super::table::{Cell, Column, LEAST_WIDTH, bar_ui, table_ui};
use super::{at_right_ui, loading_ui, refused_ui};
use crate::state::{Period, State, Topic};
use crate::words::{self, Say, s};
use crate::{actions, details};

pub(super) fn audit_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::Audit), s(lang, Say::AuditNote));
    ui.add_space(6.0);
    bar_ui(ui, |ui| {
        let field = Field {
            hint: s(lang, Say::SearchAudit),
            width: Some(280.0),
            ..Field::default()
        };
        if text_field_ui(ui, &field, &mut state.audit.search).changed() {
            let search = state.audit.search.as_str();
            state.audit.list.filter.text = protocol::control::Name::cut(search);
            state.audit.list.begin_anew();
        }
        let periods = Period::ALL.map(|period| (period, s(lang, period.say())));
        let field = Field {
            width: Some(130.0),
            ..Field::default()
        };
        if let Some(period) = choice_ui(ui, &field, state.audit.period, &periods) {
            state.audit.period = period;
            let since = period.since_unix_millis(state.clock);
            state.audit.list.filter.since_unix_millis = since;
            state.audit.list.begin_anew();
        }
        at_right_ui(ui, |ui| {
            let busy = state.audit.verified.is_asked;
            let label = if busy { Say::Verifying } else { Say::Verify };
            let verify = Push::secondary(s(lang, label)).icon(Icon::ShieldCheck);
            if ui.add(verify.enabled(!busy)).clicked() {
                state.audit.verified.is_asked = true;
                state.ask(Topic::Verified, Question::Audit(Ask::Verify));
            }
        });
    });
    if let Some(found) = &state.audit.verified.value {
        ui.add_space(6.0);
        let (tone, told) = verified_text(lang, found);
        banner_ui(ui, tone, &told);
    }
    ui.add_space(8.0);
    card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        list_ui(ui, state);
    });
}

fn verified_text(lang: Lang, found: &Verified) -> (Tone, String) {
    match found.fault {
        None => (Tone::Good, words::audit_is_sound(lang, found.rows)),
        Some(fault) => {
            let what = match fault {
                Fault::Changed { row } => words::audit_changed(lang, row),
                Fault::Gone { first, last } => words::audit_gone(lang, first, last),
                Fault::Added { first, last } => words::audit_added(lang, first, last),
                Fault::Rewritten { row } => words::audit_rewritten(lang, row),
                Fault::Signature => s(lang, Say::AuditSignature).to_owned(),
                Fault::Anchor { row } => words::audit_anchor(lang, row),
            };
            (Tone::Danger, what)
        }
    }
}

fn list_ui(ui: &mut Ui, state: &mut State) {
    let (lang, clock) = (state.lang, state.clock);
    if let Some(refusal) = state.audit.list.problem {
        return refused_ui(ui, lang, refusal);
    }
    let Some(total) = state.audit.list.total else {
        return loading_ui(ui, lang);
    };
    if total == 0 {
        return empty_state_ui(ui, Icon::SearchX, s(lang, Say::NothingFound), "");
    }
    let column = |say, width| Column {
        title: s(lang, say),
        width,
        sort: None::<()>,
        right: false,
        least: LEAST_WIDTH,
    };
    let columns = [
        column(Say::Row, 70.0),
        column(Say::When, 140.0),
        column(Say::Who, 160.0),
        column(Say::What, 210.0),
        column(Say::Details, 200.0),
    ];
    let foot = if state.audit.chosen.is_some() {
        96.0
    } else {
        0.0
    };
    let room = egui::vec2(ui.available_width(), ui.available_height() - foot);
    let list = &state.audit.list;
    let chosen = state.audit.chosen;
    let done = ui
        .allocate_ui(room, |ui| {
            table_ui(
                ui,
                "audit",
                &columns,
                None,
                total,
                chosen,
                |index, column| Some(cell(lang, clock, list.row(index)?, column)),
            )
        })
        .inner;
    if let Some(chosen) = done.chosen {
        state.audit.chosen = Some(chosen);
    }
    state.audit.looked_at = done.looked_at;
    let row = state.audit.chosen.and_then(|row| state.audit.list.row(row));
    if let Some(row) = row {
        let palette = Palette::of(ui);
        ui.add_space(6.0);
        let who = kind_text(lang, row.kind);
        let told = format!(
            "{}  ·  {who}  ·  {}",
            actions::code_text(lang, &row.action),
            name_alone(lang, &row.actor)
        );
        ui.label(text(told, 13.0, theme::MEDIUM, palette.text));
        egui::ScrollArea::vertical()
            .id_salt("detail")
            .max_height(56.0)
            .show(ui, |ui| {
                let words = details::in_words((lang, clock), &row.detail);
                // the word that stands in the log, to search for
                let code = visible_line(&row.action);
                let words = if words.is_empty() {
                    code.into_owned()
                } else {
                    format!("{code}  ·  {words}")
                };
                let words = text(words, 13.0, theme::REGULAR, palette.dim);
                ui.add(Label::new(words).wrap().selectable(true));
                egui::CollapsingHeader::new(s(lang, Say::AsWritten))
                    .id_salt("raw")
                    .show(ui, |ui| {
                        let detail = visible_line(&row.detail);
                        let detail = egui::RichText::new(&*detail).monospace().size(12.0);
                        let detail = Label::new(detail.color(palette.dim));
                        ui.add(detail.wrap().selectable(true));
                    });
            });
    }
}

fn kind_text(lang: Lang, kind: Option<ActorKind>) -> &'static str {
    let say = match kind {
        Some(ActorKind::Hub) => Say::TheHub,
        Some(ActorKind::Account) => Say::Account,
        Some(ActorKind::Host) => Say::Computer,
        Some(ActorKind::CommandLine) => Say::CommandLine,
        Some(ActorKind::Stranger) => Say::Stranger,
        None => Say::NotNoted,
    };
    s(lang, say)
}

fn cell(lang: Lang, clock: ui_kit::Clock, row: &AuditRow, column: usize) -> Cell {
    match column {
        0 => Cell::dim(row.row.to_string()),
        1 => Cell::new(clock.date_time(row.at_unix_millis.div_euclid(1000))),
        2 => {
            let name = name_alone(lang, &row.actor);
            match row.kind {
                Some(ActorKind::Hub | ActorKind::CommandLine) => {
                    Cell::new(kind_text(lang, row.kind))
                }
                Some(ActorKind::Account) | None => Cell::new(name),
                Some(ActorKind::Host | ActorKind::Stranger) => {
                    Cell::new(format!("{}: {name}", kind_text(lang, row.kind)))
                }
            }
        }
        3 => Cell::new(actions::code_text(lang, &row.action)),
        _ => Cell::dim(details::in_words((lang, clock), &row.detail)),
    }
}
