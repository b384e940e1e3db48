//! Films: the catalogue, and one film that is watched.

use egui::{Key, Label, ScrollArea, Ui};
use protocol::admin::Question;
use protocol::admin::films::{self, Column as Sort, Erasure, Facts, Film, Standing, UseKind};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, choice_ui, divider_ui, empty_state_ui, escaped, fact_ui,
    heading_ui, link_button_ui, section_header_ui, segments_ui, text_field_ui,
};
use ui_kit::words::{name_alone, session_ended_for_operator, size_text, visible_line};
use ui_kit::{Icon, Lang, Tone, Word, text, theme, w};

use super::questions::{Reasoned, reason_ui};
use super::table::{Cell, Column, LEAST_WIDTH, bar_ui, filters_bar_ui, picture_table_ui};
use super::{at_right_ui, export, loading_ui, missing_ui, player, refused_ui};
use crate::state::{
    Done, Film as OpenFilm, FilmAsking, FilmStage, Period, Section, State, Topic, Wish,
};
use crate::words::{self, Say, s};

pub(super) fn films_ui(ui: &mut Ui, state: &mut State) {
    if state.films.open.is_some() {
        return film_ui(ui, state);
    }
    let lang = state.lang;
    let total = state
        .films
        .list
        .total
        .map(|total| words::films(lang, total));
    heading_ui(ui, s(lang, Say::Films), total.as_deref().unwrap_or(""));
    ui.add_space(6.0);
    filters_ui(ui, state);
    ui.add_space(8.0);
    card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        list_ui(ui, state);
    });
}

fn filters_ui(ui: &mut Ui, state: &mut State) {
    /// What all of them need in one line, in points.
    const ROOM: f32 = 800.0;
    let lang = state.lang;
    filters_bar_ui(ui, ROOM, |ui| {
        let mut changed = false;
        for (say, value) in [
            (Say::Operator, &mut state.films.operator),
            (Say::Requester, &mut state.films.requester),
            (Say::Computer, &mut state.films.host),
        ] {
            let field = Field {
                hint: s(lang, say),
                width: Some(140.0),
                ..Field::default()
            };
            changed |= text_field_ui(ui, &field, value).changed();
        }
        let kinds = [
            (None, s(lang, Say::AllFilms)),
            (Some(true), s(lang, Say::HeldOnly)),
        ];
        let shown = state.films.list.filter.0.held;
        if let Some(held) = segments_ui(ui, shown, &kinds) {
            state.films.list.filter.0.held = held;
            changed = true;
        }
        let periods = Period::ALL.map(|period| (period, s(lang, period.say())));
        let field = Field {
            width: Some(130.0),
            ..Field::default()
        };
        if let Some(period) = choice_ui(ui, &field, state.films.period, &periods) {
            state.films.period = period;
            let since = period.since_unix_millis(state.clock);
            state.films.list.filter.0.since_unix_millis = since;
            changed = true;
        }
        if changed {
            state.films.filter();
        }
    });
}

fn columns(lang: Lang) -> [Column<Sort>; 7] {
    let column = |say, width, sort, right| Column {
        title: s(lang, say),
        width,
        sort: Some(sort),
        right,
        least: LEAST_WIDTH,
    };
    [
        column(Say::Started, 250.0, Sort::Started, false),
        column(Say::Lasted, 80.0, Sort::Duration, true),
        column(Say::Operators, 140.0, Sort::Operators, false),
        column(Say::Requester, 130.0, Sort::Requester, false),
        column(Say::Computer, 110.0, Sort::Host, false),
        column(Say::Size, 80.0, Sort::Bytes, true),
        Column {
            title: s(lang, Say::State),
            width: 90.0,
            sort: None,
            right: false,
            least: LEAST_WIDTH,
        },
    ]
}

fn list_ui(ui: &mut Ui, state: &mut State) {
    let (lang, clock) = (state.lang, state.clock);
    if let Some(refusal) = state.films.list.problem {
        return refused_ui(ui, lang, refusal);
    }
    let Some(total) = state.films.list.total else {
        return loading_ui(ui, lang);
    };
    if total == 0 {
        let (title, note) = (Say::NoFilms, Say::NoFilmsNote);
        return empty_state_ui(ui, Icon::Film, s(lang, title), s(lang, note));
    }
    state.films.pictures.upload(ui.ctx());
    let list = &state.films.list;
    let sort = list.filter.1;
    let pictures = &state.films.pictures;
    let done = picture_table_ui(
        ui,
        "films",
        &columns(lang),
        (Some((sort.by, !sort.ascending)), total, state.films.chosen),
        |index, column| {
            let film = list.row(index)?;
            let shown = cell(lang, clock, film, column);
            // nothing of one that was erased
            let is_here = film.standing == Standing::Finished;
            let picture = pictures.of(film.session).filter(|_| is_here);
            Some(match column {
                0 => shown.picture(picture.cloned()),
                _ => shown,
            })
        },
    );
    if let Some(by) = done.sort {
        state.films.sort_by(by);
    }
    if let Some(chosen) = done.chosen {
        state.films.chosen = Some(chosen);
    }
    state.films.looked_at = done.looked_at;
    if let Some(film) = done.opened.and_then(|row| state.films.list.row(row)) {
        let session = film.session;
        state.films.show(session);
    }
}

fn cell(lang: Lang, clock: ui_kit::Clock, film: &Film, column: usize) -> Cell {
    match column {
        0 => Cell::new(clock.date_time(film.started_unix_millis.div_euclid(1000))),
        1 => Cell::new(lasted(lang, film)),
        2 => Cell::new(name_alone(lang, &film.operators)),
        3 => Cell::new(name_alone(lang, &film.requester)),
        4 => Cell::new(name_alone(lang, &film.host)),
        5 => Cell::new(film.bytes.map_or_else(String::new, |b| size_text(lang, b))),
        _ => match (film.standing, &film.held) {
            (Standing::Erased, _) => Cell::badge(s(lang, Say::Erased), Tone::Neutral),
            (Standing::Running, _) => Cell::badge(s(lang, Say::Running), Tone::Good),
            (Standing::Finished, Some(_)) => Cell::badge(s(lang, Say::Held), Tone::Accent),
            (Standing::Finished, None) => Cell::new(""),
        },
    }
}

fn lasted(lang: Lang, film: &Film) -> String {
    let lasted = film
        .ended_unix_millis
        .map(|ended| ended - film.started_unix_millis);
    let seconds = lasted.and_then(|millis| u64::try_from(millis / 1000).ok());
    seconds.map_or_else(String::new, |seconds| words::span(lang, seconds))
}

fn film_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let asking = state.films.asking.is_some();
    let mut leave = escaped(ui) && !asking && !state.films.full_screen;
    if state.films.full_screen {
        if ui.input(|input| input.key_pressed(Key::Escape)) {
            state.films.full_screen = false;
        }
    } else {
        bar_ui(ui, |ui| {
            let is_live = state.films.open.as_ref().is_some_and(|film| film.live);
            let back = s(lang, if is_live { Say::Live } else { Say::Films });
            leave |= link_button_ui(ui, Some(Icon::ArrowLeft), back).clicked();
            at_right_ui(ui, |ui| actions_ui(ui, state));
        });
    }
    if leave {
        let was_live = state.films.open.take().is_some_and(|film| film.live);
        if was_live {
            state.wish(Wish::Go(Section::Live));
        }
        return;
    }
    let full_screen = state.films.full_screen;
    let clock = state.clock;
    let facts = state.films.facts.value.clone();
    let Some(film) = &mut state.films.open else {
        return;
    };
    if full_screen {
        stage_ui(ui, lang, film, &mut state.films.full_screen);
        return;
    }
    let mut watch_instead = false;
    let side = (ui.available_width() * 0.32).clamp(240.0, 360.0);
    egui::Panel::right("film side")
        .exact_size(side)
        .resizable(false)
        .show_separator_line(false)
        .frame(egui::Frame::new().inner_margin(egui::Margin {
            left: 12,
            right: 0,
            top: 0,
            bottom: 0,
        }))
        .show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                match &facts {
                    Some(facts) => facts_ui(ui, lang, clock, facts),
                    None => missing_ui(ui, lang, &state.films.facts),
                }
                ui.add_space(10.0);
                player::marks_ui(ui, lang, film);
            });
        });
    egui::CentralPanel::default()
        .frame(egui::Frame::new())
        .show(ui, |ui| {
            if let Some(facts) = &facts
                && let Some(erased) = &facts.erased
            {
                let by = name_alone(lang, &erased.by);
                let at = clock.date_time(erased.at_unix_millis.div_euclid(1000));
                let why = match erased.why {
                    Erasure::Privacy => Say::ErasedForPrivacy,
                    Erasure::Retention => Say::ErasedByAge,
                    Erasure::Quota => Say::ErasedByQuota,
                };
                let note = format!("{at}  ·  {by}\n{}", visible_line(&erased.reason));
                return empty_state_ui(ui, Icon::Film, s(lang, why), &note);
            }
            let runs = facts.is_some_and(|facts| facts.film.standing == Standing::Running);
            if runs && !film.live {
                watch_instead |= running_ui(ui, lang);
            } else {
                stage_ui(ui, lang, film, &mut state.films.full_screen);
            }
        });
    if watch_instead && let Some(session) = state.films.open.as_ref().map(|film| film.session) {
        state.films.watch(session);
    }
    asking_ui(ui, state);
}

/// A film that is not finished; whether it is to be watched as it is made.
fn running_ui(ui: &mut Ui, lang: Lang) -> bool {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.2).clamp(16.0, 140.0));
        ui.allocate_ui(egui::vec2(420.0, 190.0), |ui| {
            let (title, note) = (Say::StillRunning, Say::StillRunningNote);
            empty_state_ui(ui, Icon::Film, s(lang, title), s(lang, note));
        });
        let watch = Push::primary(s(lang, Say::Watch)).icon(Icon::Eye);
        ui.add(watch).clicked()
    })
    .inner
}

/// The picture, or why there is none yet.
fn stage_ui(ui: &mut Ui, lang: Lang, film: &mut OpenFilm, full_screen: &mut bool) {
    match &film.stage {
        FilmStage::Fetching { done, whole } => {
            ui.vertical_centered(|ui| {
                ui.add_space((ui.available_height() * 0.35).clamp(16.0, 240.0));
                let share = super::share(*done, (*whole).max(1));
                let bar = egui::ProgressBar::new(share).desired_width(320.0);
                ui.label(s(lang, Say::FetchingFilm));
                ui.add(bar.desired_height(8.0).corner_radius(4));
                let of = format!("{} / {}", size_text(lang, *done), size_text(lang, *whole));
                ui.label(text(of, 13.0, theme::REGULAR, ui_kit::Palette::of(ui).dim));
            });
        }
        FilmStage::Refused(refusal) => refused_ui(ui, lang, *refusal),
        FilmStage::Failed(detail) => {
            empty_state_ui(ui, Icon::CircleAlert, s(lang, Say::NotLoaded), detail);
        }
        FilmStage::Open(_) => player::player_ui(ui, lang, film, full_screen),
    }
}

fn actions_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let facts = state.films.facts.value.as_ref();
    let Some(film) = facts.map(|facts| facts.film.clone()) else {
        return;
    };
    let is_here = film.standing == Standing::Finished;
    let not_here = (!is_here).then(|| s(lang, Say::NoFilmHere));
    let erase = Push::secondary(s(lang, Say::Erase)).icon(Icon::Trash2);
    if ui.add(erase.unless(not_here)).clicked() {
        state.films.asking = Some(FilmAsking::Erase {
            reason: String::new(),
        });
    }
    let hold = if film.held.is_some() {
        Push::secondary(s(lang, Say::Release)).icon(Icon::LockOpen)
    } else {
        Push::secondary(s(lang, Say::Hold)).icon(Icon::Lock)
    };
    if ui.add(hold.unless(not_here)).clicked() {
        if film.held.is_some() {
            let session = film.session;
            let question = Question::Films(films::Question::Release { session });
            state.ask(Topic::Done(Done::Released), question);
        } else {
            state.films.asking = Some(FilmAsking::Hold {
                reason: String::new(),
            });
        }
    }
    if let Some(export) = &state.films.exporting {
        let share = export.done();
        let label = format!("{:.0} %", share * 100.0);
        let cancel = Push::secondary(w(lang, Word::Cancel)).icon(Icon::X);
        if ui.add(cancel).clicked() {
            state.wish(Wish::CancelExport);
        }
        let bar = egui::ProgressBar::new(share)
            .desired_width(120.0)
            .text(label);
        ui.add(bar);
    } else {
        // one that is watched as it is made is exported when it is finished
        let open = state.films.open.as_ref();
        let is_open = open.is_some_and(|film| film.is_open() && !film.live);
        let not_open = (!is_open).then(|| s(lang, Say::NoFilmHere));
        let export = Push::secondary(s(lang, Say::ExportFilm)).icon(Icon::Download);
        if ui.add(export.unless(not_open)).clicked() {
            export::ask(state);
        }
    }
}

fn facts_ui(ui: &mut Ui, lang: Lang, clock: ui_kit::Clock, facts: &Facts) {
    let film = &facts.film;
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Session), "");
        ui.add_space(4.0);
        let date = |millis: i64| clock.date_time(millis.div_euclid(1000));
        fact_ui(
            ui,
            s(lang, Say::Requester),
            &name_alone(lang, &film.requester),
        );
        fact_ui(ui, s(lang, Say::Computer), &name_alone(lang, &film.host));
        fact_ui(
            ui,
            s(lang, Say::Operators),
            &name_alone(lang, &film.operators),
        );
        fact_ui(ui, s(lang, Say::Started), &date(film.started_unix_millis));
        fact_ui(ui, s(lang, Say::Lasted), &lasted(lang, film));
        if let Some(by) = film.ended_by {
            let palette = ui_kit::Palette::of(ui);
            let how = session_ended_for_operator(lang, by);
            ui.add(Label::new(text(how, 13.0, theme::REGULAR, palette.dim)).wrap());
        }
        if let Some(until) = facts.kept_until_unix_millis {
            fact_ui(ui, s(lang, Say::KeptUntil), &date(until));
        }
        if let Some(hold) = &film.held {
            divider_ui(ui);
            let by = name_alone(lang, &hold.by);
            banner_ui(ui, Tone::Accent, &words::held(lang, &by, &hold.reason));
        }
        if !facts.uses.is_empty() {
            divider_ui(ui);
            for used in facts.uses.iter().take(6) {
                let what = match used.what {
                    UseKind::Watched => s(lang, Say::Watched),
                    UseKind::Exported => s(lang, Say::ExportedOne),
                };
                let by = name_alone(lang, &used.by);
                fact_ui(ui, what, &format!("{by}, {}", date(used.at_unix_millis)));
            }
        }
    });
}

fn asking_ui(ui: &Ui, state: &mut State) {
    let lang = state.lang;
    let Some(session) = state.films.open.as_ref().map(|film| film.session) else {
        return;
    };
    let Some(asking) = &mut state.films.asking else {
        return;
    };
    let (icon, title, note, button, reason) = match asking {
        FilmAsking::Hold { reason } => {
            let icon = (Icon::Lock, Tone::Accent);
            (icon, Say::HoldTitle, Say::HoldNote, Say::Hold, reason)
        }
        FilmAsking::Erase { reason } => {
            let icon = (Icon::Trash2, Tone::Danger);
            (icon, Say::EraseTitle, Say::EraseNote, Say::Erase, reason)
        }
        FilmAsking::Export(_) => return export::asking_ui(ui, state),
    };
    let asked = Reasoned {
        icon,
        title,
        note,
        button,
    };
    let answer = reason_ui(ui, lang, &asked, reason);
    let Some(yes) = answer else { return };
    let Some(asking) = state.films.asking.take().filter(|_| yes) else {
        return;
    };
    let (done, question) = match asking {
        FilmAsking::Hold { reason } => {
            let reason = films::Reason::cut(reason.trim());
            (Done::Held, films::Question::Hold { session, reason })
        }
        FilmAsking::Erase { reason } => {
            let reason = films::Reason::cut(reason.trim());
            (Done::Erased, films::Question::Erase { session, reason })
        }
        FilmAsking::Export(_) => return,
    };
    state.ask(Topic::Done(done), Question::Films(question));
}
