//! Reports: the list, and one report.

use egui::{Key, Label, ScrollArea, Ui};
use protocol::admin::Question;
use protocol::admin::films::Reason;
use protocol::admin::reports::{
    self as about, ExportFormat, ReportColumn, ReportFilter, ReportRow, TotalsBy, WholeReport,
};
use protocol::{Feedback, visible_line};
use ui_kit::widgets::{
    DialogSize, Field, Push, card_ui, choice_ui, dialog_buttons_ui, dialog_ui, divider_ui,
    empty_state_ui, escaped, fact_ui, heading_ui, link_button_ui, menu_item_ui, section_header_ui,
    segments_ui, stars_ui, text_area_ui, text_field_ui,
};
use ui_kit::words::{name_alone, visible_text};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::questions::{Reasoned, answer_of, reason_ui};
use super::table::{Cell, Column, LEAST_WIDTH, bar_ui, table_ui};
use super::{at_right_ui, loading_ui, missing_ui, refused_ui, scroll_ui};
use crate::state::{Correcting, Done, Period, Section, State, Topic, Wish};
use crate::words::{self, Say, s};

/// How long nobody types before a search begins, in seconds.
const SEARCH_AFTER: f64 = 0.25;
/// From this width on, in points, the whole filter stands in one line.
const WIDE_BAR: f32 = 860.0;
/// What icon and date of an earlier report take, and about a character after them, in points.
const EARLIER_DATE: f32 = 170.0;
const EARLIER_CHAR: f32 = 7.5;

pub(super) fn reports_ui(ui: &mut Ui, state: &mut State) {
    if state.reports.open.is_some() {
        return report_ui(ui, state);
    }
    let lang = state.lang;
    let total = state
        .reports
        .list
        .total
        .map(|total| words::reports(lang, total));
    heading_ui(ui, s(lang, Say::Reports), total.as_deref().unwrap_or(""));
    ui.add_space(6.0);
    filters_ui(ui, state);
    ui.add_space(8.0);
    if state.reports.totals_by.is_some() {
        return super::totals::totals_ui(ui, state);
    }
    card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        list_ui(ui, state);
    });
}

fn filters_ui(ui: &mut Ui, state: &mut State) {
    let is_wide = ui.available_width() >= WIDE_BAR;
    bar_ui(ui, |ui| {
        // in a line of its own the search has what the buttons leave
        let others = if is_wide { 700.0 } else { 250.0 };
        search_ui(
            ui,
            state,
            (ui.available_width() - others).clamp(100.0, 280.0),
        );
        if is_wide {
            choices_ui(ui, state);
        }
        at_right_ui(ui, |ui| {
            export_menu_ui(ui, state);
            let totals = Push::secondary(s(state.lang, Say::Totals)).icon(Icon::ChartColumn);
            if ui.add(totals).clicked() {
                state.reports.totals_by = match state.reports.totals_by {
                    None => Some(TotalsBy::Operator),
                    Some(_) => None,
                };
            }
        });
    });
    if !is_wide {
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| choices_ui(ui, state));
    }
    chosen_ui(ui, state);
}

fn search_ui(ui: &mut Ui, state: &mut State, width: f32) {
    let field = Field {
        hint: s(state.lang, Say::SearchReports),
        width: Some(width),
        ..Field::default()
    };
    if ui.input(|input| input.modifiers.command && input.key_pressed(Key::F)) {
        let id = field.id(ui);
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let response = text_field_ui(ui, &field, &mut state.reports.search);
    let now = ui.input(|input| input.time);
    if response.changed() {
        state.reports.typed_at = Some(now);
        ui.ctx()
            .request_repaint_after(std::time::Duration::from_millis(260));
    }
    if state
        .reports
        .typed_at
        .is_some_and(|at| now - at >= SEARCH_AFTER)
    {
        state.reports.typed_at = None;
        let search = state.reports.search.as_str().into();
        state.reports.change(|filter| filter.text = search);
    }
}

/// What is chosen among few.
fn choices_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let finished = [
        (None, s(lang, Say::AllReports)),
        (Some(true), s(lang, Say::Finished)),
        (Some(false), s(lang, Say::Unfinished)),
    ];
    let shown = state.reports.list.filter.0.finished;
    if let Some(finished) = segments_ui(ui, shown, &finished) {
        state.reports.change(|filter| filter.finished = finished);
    }
    let periods = Period::ALL.map(|period| (period, s(lang, period.say())));
    let field = Field {
        width: Some(130.0),
        ..Field::default()
    };
    let shown = state.reports.period;
    if let Some(period) = choice_ui(ui, &field, shown, &periods) {
        state.reports.period = period;
        let since = period.since_unix_millis(state.clock);
        state
            .reports
            .change(|filter| filter.since_unix_millis = since);
    }
    groups_menu_ui(ui, state);
}

/// What else the filter has, each to be taken out.
fn chosen_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let filter = state.reports.list.filter.0.clone();
    let of = [
        (Say::Operator, filter.operator, 0),
        (Say::Requester, filter.requester, 1),
        (Say::Computer, filter.host, 2),
        (Say::Category, filter.category, 3),
        (Say::OperatorGroup, filter.groups.operators, 4),
        (Say::ComputerGroup, filter.groups.hosts, 5),
    ];
    if of.iter().any(|(_, name, _)| name.is_some()) {
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            for (say, name, which) in of {
                let Some(name) = name else { continue };
                let label = format!("{}: {}  ×", s(lang, say), name_alone(lang, &name));
                if link_button_ui(ui, None, &label).clicked() {
                    state.reports.change(|filter| match which {
                        0 => filter.operator = None,
                        1 => filter.requester = None,
                        2 => filter.host = None,
                        3 => filter.category = None,
                        4 => filter.groups.operators = None,
                        _ => filter.groups.hosts = None,
                    });
                }
            }
        });
    }
}

/// Groups of operators and of computers to choose from.
fn groups_menu_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let reports = &mut state.reports;
    let now = &reports.list.filter.0.groups;
    let mut chosen = None;
    let button = ui.add(Push::secondary(s(lang, Say::Groups)).trailing_icon(Icon::ChevronDown));
    egui::Popup::menu(&button).show(|ui| {
        ui.set_width(240.0);
        ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for (title, shown, is_of_operators) in [
                (Say::OperatorGroup, &reports.operator_groups, true),
                (Say::ComputerGroup, &reports.host_groups, false),
            ] {
                section_header_ui(ui, s(lang, title), "");
                let now = if is_of_operators {
                    &now.operators
                } else {
                    &now.hosts
                };
                let names = shown.value.as_deref().unwrap_or_default();
                if names.is_empty() {
                    let none = s(lang, Say::NoHostGroups);
                    let color = Palette::of(ui).dim;
                    ui.label(text(none, theme::SMALL_SIZE, theme::REGULAR, color));
                }
                for name in names {
                    let is_now = now.as_ref() == Some(name);
                    if menu_item_ui(ui, None, &name_alone(lang, name), is_now, None).clicked() {
                        let to = (!is_now).then(|| name.clone());
                        chosen = Some((is_of_operators, to));
                        ui.close();
                    }
                }
            }
        });
    });
    match chosen {
        Some((true, to)) => reports.change(|filter| filter.groups.operators = to),
        Some((false, to)) => reports.change(|filter| filter.groups.hosts = to),
        None => {}
    }
}

fn export_menu_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let button = ui.add(Push::secondary(s(lang, Say::Export)).icon(Icon::Download));
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(180.0);
        for (format, label) in [
            (ExportFormat::Csv, "CSV"),
            (ExportFormat::Json, "JSON"),
            (ExportFormat::Pdf, "PDF"),
        ] {
            if menu_item_ui(ui, Some(Icon::FileText), label, false, None).clicked() {
                state.wish(Wish::ExportReports(format, state.reports.open));
                ui.close();
            }
        }
    });
}

fn columns(lang: Lang) -> [Column<ReportColumn>; 8] {
    let column = |say, width, sort, right| Column {
        title: s(lang, say),
        width,
        sort: Some(sort),
        right,
        least: LEAST_WIDTH,
    };
    [
        column(Say::Started, 128.0, ReportColumn::Started, false),
        column(Say::Lasted, 66.0, ReportColumn::Lasted, true),
        column(Say::Operators, 122.0, ReportColumn::Operator, false),
        column(Say::Requester, 112.0, ReportColumn::Requester, false),
        column(Say::Computer, 96.0, ReportColumn::Host, false),
        column(Say::Category, 88.0, ReportColumn::Category, false),
        column(Say::State, 84.0, ReportColumn::Finished, false),
        Column {
            title: s(lang, Say::Problem),
            width: 200.0,
            sort: None,
            right: false,
            least: LEAST_WIDTH,
        },
    ]
}

fn list_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let clock = state.clock;
    if let Some(refusal) = state.reports.list.problem {
        return refused_ui(ui, lang, refusal);
    }
    let Some(total) = state.reports.list.total else {
        return loading_ui(ui, lang);
    };
    if total == 0 {
        let is_filtered = state.reports.list.filter.0 != ReportFilter::default();
        return if is_filtered {
            let (title, note) = (Say::NothingFound, Say::NothingFoundNote);
            empty_state_ui(ui, Icon::SearchX, s(lang, title), s(lang, note));
        } else {
            let (title, note) = (Say::NoReports, Say::NoReportsNote);
            empty_state_ui(ui, Icon::FileText, s(lang, title), s(lang, note));
        };
    }
    let columns = columns(lang);
    let sort = state.reports.list.filter.1;
    let list = &state.reports.list;
    let done = table_ui(
        ui,
        "reports",
        &columns,
        Some((sort.column, sort.descending)),
        total,
        state.reports.chosen,
        |index, column| {
            let row = list.row(index)?;
            Some(cell(lang, clock, row, column))
        },
    );
    if let Some(column) = done.sort {
        state.reports.sort_by(column);
    }
    if let Some(chosen) = done.chosen {
        state.reports.chosen = Some(chosen);
    }
    state.reports.looked_at = done.looked_at;
    if let Some(report) = done.opened.and_then(|row| state.reports.list.row(row)) {
        let report = report.report;
        state.reports.show(report);
    }
}

fn cell(lang: Lang, clock: ui_kit::Clock, row: &ReportRow, column: usize) -> Cell {
    match column {
        0 => Cell::new(clock.date_time(row.started_unix_millis.div_euclid(1000))),
        1 => Cell::new(words::span(lang, row.lasted_seconds.into())),
        2 => Cell::new(name_alone(lang, &row.operators)),
        3 => Cell::new(name_alone(lang, &row.requester)),
        4 => Cell::new(name_alone(lang, &row.host)),
        5 => Cell::new(row.category.to_string()),
        6 if row.finished && row.corrected => Cell::badge(s(lang, Say::Corrected), Tone::Accent),
        6 if row.finished => Cell::badge(s(lang, Say::FinishedOne), Tone::Good),
        6 => Cell::badge(s(lang, Say::Draft), Tone::Warning),
        _ => Cell::dim(row.problem.to_string()),
    }
}

fn report_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let is_asking = state.reports.correcting.is_some() || state.reports.erasing.is_some();
    let back = escaped(ui) && !is_asking;
    let mut leave = back;
    bar_ui(ui, |ui| {
        leave |= link_button_ui(ui, Some(Icon::ArrowLeft), s(lang, Say::Reports)).clicked();
    });
    if leave {
        state.reports.open = None;
        return;
    }
    let Some(whole) = state.reports.whole.value.clone() else {
        return missing_ui(ui, lang, &state.reports.whole);
    };
    let facts = &whole.facts;
    ui.horizontal(|ui| {
        let title = words::report_title(lang, &facts.report.to_string());
        heading_ui(ui, &title, "");
        let (label, tone) = match (whole.finished, whole.corrections.is_empty()) {
            (true, true) => (Say::FinishedOne, Tone::Good),
            (true, false) => (Say::Corrected, Tone::Accent),
            (false, _) => (Say::Draft, Tone::Warning),
        };
        ui_kit::widgets::chip_ui(ui, s(lang, label), tone);
        at_right_ui(ui, |ui| {
            export_menu_ui(ui, state);
            let film = Push::secondary(s(lang, Say::WatchFilm)).icon(Icon::Play);
            if ui.add(film).clicked() {
                state.films.show(facts.session);
                state.wish(Wish::Go(Section::Films));
            }
            let correct = Push::secondary(s(lang, Say::Correct))
                .icon(Icon::Pencil)
                .unless((!whole.finished).then(|| s(lang, Say::NotFinishedYet)));
            if ui.add(correct).clicked() {
                state.reports.correcting = Some(Correcting::of(&whole));
            }
            let erase = Push::secondary(s(lang, Say::Erase)).icon(Icon::Trash2);
            if ui.add(erase).clicked() {
                state.reports.erasing = Some(String::new());
            }
        });
    });
    ui.add_space(6.0);
    scroll_ui(ui, |ui| {
        ui.columns(2, |columns| {
            words_ui(&mut columns[0], lang, &whole);
            facts_ui(&mut columns[1], state, &whole);
        });
    });
    correcting_ui(ui, state);
    erasing_ui(ui, state);
}

fn erasing_ui(ui: &Ui, state: &mut State) {
    let Some(reason) = &mut state.reports.erasing else {
        return;
    };
    let asked = Reasoned {
        icon: (Icon::Trash2, Tone::Danger),
        title: Say::EraseReportTitle,
        note: Say::EraseReportNote,
        button: Say::Erase,
    };
    let answer = reason_ui(ui, state.lang, &asked, reason);
    let Some(yes) = answer else { return };
    let reason = state.reports.erasing.take().filter(|_| yes);
    if let (Some(reason), Some(report)) = (reason, state.reports.open) {
        let reason = Reason::cut(reason.trim());
        let question = about::Question::Erase { report, reason };
        let done = Topic::Done(Done::ReportErased(report));
        state.ask(done, Question::Reports(question));
    }
}

fn words_ui(ui: &mut Ui, lang: Lang, whole: &WholeReport) {
    let palette = Palette::of(ui);
    card_ui(ui, |ui| {
        let draft = &whole.draft;
        let fields = whole
            .fields
            .iter()
            .map(|field| (field.name.to_string(), field.value.as_str()));
        let own = [
            (s(lang, Say::Problem).to_owned(), draft.problem.as_str()),
            (s(lang, Say::Solution).to_owned(), draft.solution.as_str()),
            (s(lang, Say::Notes).to_owned(), draft.notes.as_str()),
        ];
        for (title, words) in own.into_iter().chain(fields) {
            section_header_ui(ui, &title, "");
            if words.trim().is_empty() {
                ui.label(text(
                    s(lang, Say::Nothing),
                    14.0,
                    theme::REGULAR,
                    palette.dim,
                ));
            } else {
                let words = visible_text(words);
                let words = text(&*words, 14.0, theme::REGULAR, palette.text);
                ui.add(Label::new(words).wrap().selectable(true));
            }
            ui.add_space(10.0);
        }
    });
    if !whole.chat.rows.is_empty() {
        ui.add_space(10.0);
        card_ui(ui, |ui| {
            section_header_ui(ui, w(lang, Word::Chat), "");
            ui.add_space(4.0);
            for line in &whole.chat.rows {
                let color = if line.by_user {
                    palette.text
                } else {
                    palette.accent
                };
                let said = format!(
                    "{}: {}",
                    name_alone(lang, &line.name),
                    visible_text(&line.text)
                );
                let said = text(said, 13.5, theme::REGULAR, color);
                ui.add(Label::new(said).wrap().selectable(true));
            }
        });
    }
}

fn facts_ui(ui: &mut Ui, state: &mut State, whole: &WholeReport) {
    let lang = state.lang;
    let facts = &whole.facts;
    let clock = state.clock;
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Session), "");
        ui.add_space(4.0);
        fact_ui(
            ui,
            s(lang, Say::Requester),
            &name_alone(lang, &facts.requester),
        );
        fact_ui(ui, s(lang, Say::Computer), &name_alone(lang, &facts.host));
        fact_ui(
            ui,
            s(lang, Say::Operators),
            &name_alone(lang, &facts.operator),
        );
        if !whole.draft.category.trim().is_empty() {
            fact_ui(ui, s(lang, Say::Category), &whole.draft.category);
        }
        fact_ui(
            ui,
            s(lang, Say::Started),
            &clock.date_time(facts.started_unix_seconds),
        );
        fact_ui(
            ui,
            s(lang, Say::Ended),
            &clock.date_time(facts.ended_unix_seconds),
        );
        divider_ui(ui);
        let ledger = whole.ledger;
        for (say, seconds) in [
            (Say::ConnectedTime, ledger.connected_seconds),
            (Say::ActiveTime, ledger.active_seconds),
            (Say::IdleTime, ledger.idle_seconds),
            (Say::WaitingTime, ledger.waiting_seconds),
            (Say::PausedTime, ledger.paused_seconds),
        ] {
            fact_ui(ui, s(lang, say), &words::span(lang, seconds.into()));
        }
        ui.add_space(4.0);
        let all_of = words::all_of(lang, &name_alone(lang, &facts.requester));
        if link_button_ui(ui, Some(Icon::Search), &all_of).clicked() {
            let requester = facts.requester.clone();
            state.reports.open = None;
            state
                .reports
                .change(|filter| filter.requester = Some(requester));
        }
        let all_of = words::all_of(lang, &name_alone(lang, &facts.host));
        if link_button_ui(ui, Some(Icon::Search), &all_of).clicked() {
            let host = facts.host.clone();
            state.reports.open = None;
            state.reports.change(|filter| filter.host = Some(host));
        }
    });
    if let Some(Feedback { stars, words }) = &whole.feedback {
        ui.add_space(10.0);
        card_ui(ui, |ui| {
            section_header_ui(ui, w(lang, Word::UsersOpinion), "");
            ui.add_space(4.0);
            stars_ui(ui, lang, *stars);
            if !words.trim().is_empty() {
                ui.label(visible_line(words));
            }
        });
    }
    if !whole.corrections.is_empty() {
        ui.add_space(10.0);
        card_ui(ui, |ui| {
            section_header_ui(ui, s(lang, Say::Corrections), "");
            ui.add_space(4.0);
            for correction in &whole.corrections {
                let at = clock.date_time(correction.at_unix_millis.div_euclid(1000));
                let by = name_alone(lang, &correction.by);
                fact_ui(ui, &at, &format!("{by}: {}", correction.reason));
            }
        });
    }
    if !whole.earlier.is_empty() {
        ui.add_space(10.0);
        card_ui(ui, |ui| {
            section_header_ui(ui, s(lang, Say::Earlier), "");
            ui.add_space(4.0);
            for earlier in &whole.earlier {
                let at = clock.date_time(earlier.started_unix_millis.div_euclid(1000));
                // a link stands in one line, and the problem can be long
                let room = (ui.available_width() - EARLIER_DATE) / EARLIER_CHAR;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a few characters"
                )]
                let problem = cut(&visible_text(&earlier.problem), room.max(0.0) as usize);
                let label = format!("{at}  ·  {problem}");
                if link_button_ui(ui, Some(Icon::FileText), &label).clicked() {
                    state.reports.show(earlier.report);
                }
            }
        });
    }
}

/// The beginning of `text`, of so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let begin = text.chars().take(most.saturating_sub(1));
    begin.chain(['…']).collect()
}

fn correcting_ui(ui: &Ui, state: &mut State) {
    let lang = state.lang;
    let Some(form) = &mut state.reports.correcting else {
        return;
    };
    let icon = Some((Icon::Pencil, Tone::Accent));
    let title = s(lang, Say::CorrectTitle);
    let dialog = dialog_ui(ui.ctx(), "correct", DialogSize::Large, icon, title, |ui| {
        let mut answer = None;
        let room = ui.ctx().content_rect().height() - 260.0;
        ScrollArea::vertical()
            .max_height(room.max(160.0))
            .show(ui, |ui| {
                ui.add(Label::new(s(lang, Say::CorrectNote)).wrap());
                for (say, value) in [
                    (Say::Problem, &mut form.problem),
                    (Say::Solution, &mut form.solution),
                    (Say::Notes, &mut form.notes),
                ] {
                    text_area_ui(ui, &Field::new(s(lang, say)), value, 3);
                }
                text_field_ui(ui, &Field::new(s(lang, Say::Category)), &mut form.category);
                let missing = form.show_faults && form.reason.trim().is_empty();
                let field = Field::new(s(lang, Say::CorrectionReason))
                    .error(missing.then(|| w(lang, Word::Required)));
                text_field_ui(ui, &field, &mut form.reason);
            });
        dialog_buttons_ui(ui, |ui| {
            if ui
                .add(Push::primary(s(lang, Say::SaveCorrection)))
                .clicked()
            {
                answer = Some(true);
            }
            if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                answer = Some(false);
            }
        });
        answer
    });
    let answer = answer_of(&dialog);
    match answer {
        Some(true) if form.reason.trim().is_empty() => form.show_faults = true,
        Some(true) => state.wish(Wish::SaveCorrection),
        Some(false) => state.reports.correcting = None,
        None => {}
    }
}
