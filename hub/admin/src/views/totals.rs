//! Totals of the time of reports: as bars that tell how it was spent, and as a table.

use egui::{Align, Layout, Ui, vec2};
use protocol::admin::reports::{Total, TotalKey, TotalRow, Totals, TotalsBy};
use ui_kit::widgets::{card_ui, empty_state_ui, segments_ui};
use ui_kit::words::{name_alone, visible_line};
use ui_kit::{Icon, Lang, Palette};

use super::chart::{BAR, Bars, Series, chart_ui, legend_ui};
use super::table::{Cell, Column, LEAST_WIDTH, table_ui};
use super::{missing_ui, scroll_ui};
use crate::state::State;
use crate::words::{self, Say, s};

/// Most bars beside each other: people and things with the most time, or the newest days.
const MOST_NAMES: usize = 12;
const MOST_DAYS: usize = 62;
/// From this width on, in points, chart and table stand side by side.
const WIDE: f32 = 900.0;

pub(super) fn totals_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let all = [
        (TotalsBy::Operator, s(lang, Say::Operator)),
        (TotalsBy::Group, s(lang, Say::Group)),
        (TotalsBy::Requester, s(lang, Say::Requester)),
        (TotalsBy::Host, s(lang, Say::Computer)),
        (TotalsBy::Category, s(lang, Say::Category)),
        (TotalsBy::Day, s(lang, Say::Day)),
        (TotalsBy::Week, s(lang, Say::Week)),
        (TotalsBy::Month, s(lang, Say::Month)),
    ];
    let by = state.reports.totals_by.unwrap_or(TotalsBy::Operator);
    ui.horizontal_wrapped(|ui| {
        if let Some(by) = segments_ui(ui, by, &all) {
            state.reports.totals_by = Some(by);
            state.reports.totals.forget();
        }
    });
    ui.add_space(8.0);
    let shown = &state.reports.totals;
    let Some(totals) = &shown.value else {
        card_ui(ui, |ui| {
            ui.set_min_height(ui.available_height());
            missing_ui(ui, lang, shown);
        });
        return;
    };
    if totals.rows.is_empty() {
        card_ui(ui, |ui| {
            ui.set_min_height(ui.available_height());
            let (title, note) = (Say::NothingFound, Say::NothingFoundNote);
            empty_state_ui(ui, Icon::ChartColumn, s(lang, title), s(lang, note));
        });
        return;
    }
    let room = ui.available_size();
    if room.x >= WIDE {
        // names and five figures want more room than bars
        let gap = ui.spacing().item_spacing.x;
        let table = ((room.x - gap) * 0.6).floor();
        ui.horizontal_top(|ui| {
            for (width, is_chart) in [(room.x - gap - table, true), (table, false)] {
                let size = vec2(width, room.y);
                ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                    part_ui(ui, lang, (by, totals), is_chart);
                });
            }
        });
    } else {
        scroll_ui(ui, |ui| {
            part_ui(ui, lang, (by, totals), true);
            ui.add_space(10.0);
            ui.allocate_ui(vec2(ui.available_width(), 320.0), |ui| {
                part_ui(ui, lang, (by, totals), false);
            });
        });
    }
}

/// The chart, or the table.
fn part_ui(ui: &mut Ui, lang: Lang, (by, totals): (TotalsBy, &Totals), is_chart: bool) {
    card_ui(ui, |ui| {
        ui.set_min_width(ui.available_width());
        if is_chart {
            bars_ui(ui, lang, (by, totals));
        } else {
            ui.set_min_height(ui.available_height());
            rows_ui(ui, lang, (by, totals));
        }
    });
}

fn is_calendar(by: TotalsBy) -> bool {
    matches!(by, TotalsBy::Day | TotalsBy::Week | TotalsBy::Month)
}

fn bars_ui(ui: &mut Ui, lang: Lang, (by, totals): (TotalsBy, &Totals)) {
    let rows = &totals.rows;
    let (most, bars) = if is_calendar(by) {
        (MOST_DAYS, Bars::Up)
    } else {
        (MOST_NAMES, Bars::Right)
    };
    let mut rows: Vec<TotalRow> = rows.iter().take(most).cloned().collect();
    if bars == Bars::Up {
        // the table has the newest on top; time goes to the right
        rows.reverse();
    }
    let rows = &rows[..];
    let names: Vec<String> = rows
        .iter()
        .map(|row| key_text(lang, by, &row.key))
        .collect();
    let most = rows.iter().map(|row| in_all(&row.total)).max().unwrap_or(0);
    let (unit, seconds) = if most < 2 * 3600 {
        ("min", 60.0)
    } else {
        ("h", 3600.0)
    };
    let series = series(lang, &Palette::of(ui), rows, seconds);
    legend_ui(ui, &series);
    ui.add_space(4.0);
    let height = match bars {
        Bars::Up => 260.0,
        Bars::Right => BAR * f32::from(u16::try_from(rows.len()).unwrap_or(u16::MAX)) + 44.0,
    };
    let what = (s(lang, Say::TotalsChart), bars, height);
    let written = |value: f64| format!("{} {unit}", words::decimal(lang, value));
    chart_ui(ui, "totals-chart", what, &names, series, written);
    let left = totals.rows.len() - rows.len();
    if left > 0 {
        ui.add_space(4.0);
        let palette = Palette::of(ui);
        let more = words::more_in_table(lang, left);
        ui.label(ui_kit::text(
            more,
            ui_kit::theme::SMALL_SIZE,
            ui_kit::theme::REGULAR,
            palette.dim,
        ));
    }
}

/// All the time of a row, the wait before the user's yes included.
fn in_all(total: &Total) -> u64 {
    total.connected_seconds + total.waiting_seconds
}

/// How the time was spent: what is worked first, then what was lost.
fn series(lang: Lang, palette: &Palette, rows: &[TotalRow], unit_seconds: f64) -> Vec<Series> {
    type Of = fn(&Total) -> u64;
    let kinds: [(Say, egui::Color32, Of); 4] = [
        (Say::ActiveTime, palette.accent, |t| t.active_seconds),
        // what is counted neither as active nor as lost
        (Say::IdleTime, palette.field_line, |t| {
            let known = t.active_seconds + t.paused_seconds;
            t.connected_seconds.saturating_sub(known)
        }),
        (Say::PausedTime, palette.danger, |t| t.paused_seconds),
        (Say::WaitingTime, palette.warning, |t| t.waiting_seconds),
    ];
    let kinds = kinds.into_iter();
    kinds
        .map(|(say, color, of)| {
            let name = s(lang, say);
            let told = |row: &TotalRow| format!("{name}: {}", words::hours(lang, of(&row.total)));
            #[expect(clippy::cast_precision_loss, reason = "a length on the screen")]
            let value = |row: &TotalRow| of(&row.total) as f64 / unit_seconds;
            Series {
                name,
                color,
                values: rows.iter().map(value).collect(),
                told: rows.iter().map(told).collect(),
            }
        })
        .collect()
}

fn rows_ui(ui: &mut Ui, lang: Lang, (by, totals): (TotalsBy, &Totals)) {
    let column = |say, width, right| Column {
        title: s(lang, say),
        width,
        sort: None::<()>,
        right,
        least: LEAST_WIDTH,
    };
    let columns = [
        column(Say::Name, 170.0, false),
        column(Say::Reports, 70.0, true),
        column(Say::ConnectedTime, 84.0, true),
        column(Say::ActiveTime, 76.0, true),
        column(Say::IdleTime, 76.0, true),
        column(Say::WaitingTime, 84.0, true),
    ];
    let has_others = totals.others.reports > 0;
    let rows = totals.rows.len() + 1 + usize::from(has_others);
    let total = u32::try_from(rows).unwrap_or(u32::MAX);
    table_ui(ui, "totals", &columns, None, total, None, |row, column| {
        let at = usize::try_from(row).ok()?;
        // all together stands on top, where it is seen
        let (name, total) = match at.checked_sub(1) {
            None => (s(lang, Say::AllTogether).to_owned(), &totals.all),
            Some(at) => match totals.rows.get(at) {
                Some(row) => (key_text(lang, by, &row.key), &row.total),
                None => (s(lang, Say::AllOthers).to_owned(), &totals.others),
            },
        };
        Some(match column {
            0 => Cell::new(name),
            1 => Cell::new(words::number(lang, total.reports.into())),
            2 => Cell::new(words::hours(lang, total.connected_seconds)),
            3 => Cell::new(words::hours(lang, total.active_seconds)),
            4 => Cell::new(words::hours(lang, total.idle_seconds)),
            _ => Cell::new(words::hours(lang, total.waiting_seconds)),
        })
    });
}

fn key_text(lang: Lang, by: TotalsBy, key: &TotalKey) -> String {
    match key {
        TotalKey::Name(name) if name.is_empty() => s(lang, Say::None).to_owned(),
        TotalKey::Name(name) => visible_line(&name_alone(lang, name)).into_owned(),
        TotalKey::From { year, month, .. } if by == TotalsBy::Month => {
            format!("{year:04}-{month:02}")
        }
        TotalKey::From { year, month, day } => format!("{year:04}-{month:02}-{day:02}"),
    }
}
