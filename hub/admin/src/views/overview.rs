//! The hub at a glance.

use egui::{Label, ProgressBar, Ui};
use protocol::admin::desk::{Disk, Overview, Warning};
use protocol::admin::reports::{TotalKey, Totals};
use ui_kit::widgets::{
    banner_ui, card_ui, fact_ui, heading_ui, icon_button_ui, icon_tile_ui, section_header_ui,
};
use ui_kit::words::size_text;
use ui_kit::{Clock, Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::chart::{Bars, Series, chart_ui};
use super::{missing_ui, problem_ui, scroll_ui};
use crate::state::{State, Wish};
use crate::words::{self, Say, s};

pub(super) fn overview_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::Overview), s(lang, Say::OverviewNote));
    ui.add_space(8.0);
    let Some(overview) = state.overview.value.clone() else {
        return missing_ui(ui, lang, &state.overview);
    };
    problem_ui(ui, lang, &state.overview);
    scroll_ui(ui, |ui| {
        warnings_ui(ui, lang, &overview.warnings);
        ui.add_space(4.0);
        now_ui(ui, lang, &overview);
        ui.add_space(10.0);
        ui.columns(2, |columns| {
            today_ui(&mut columns[0], lang, &overview);
            disk_ui(&mut columns[1], lang, &overview.disk);
        });
        ui.add_space(10.0);
        days_ui(ui, state);
        ui.add_space(10.0);
        hub_ui(ui, state, &overview);
    });
}

fn warnings_ui(ui: &mut Ui, lang: Lang, warnings: &[Warning]) {
    for warning in warnings {
        let (tone, text) = match *warning {
            Warning::DiskSoonFull { days } => {
                let tone = if days < 3 {
                    Tone::Danger
                } else {
                    Tone::Warning
                };
                (tone, words::disk_soon_full(lang, days))
            }
            Warning::DiskBehind => (Tone::Danger, s(lang, Say::DiskBehind).to_owned()),
            Warning::Guessing { refused } => (Tone::Warning, words::guessing(lang, refused)),
            Warning::FilmsBroken { sessions } => {
                (Tone::Danger, words::films_broken(lang, sessions))
            }
        };
        banner_ui(ui, tone, &text);
    }
}

fn now_ui(ui: &mut Ui, lang: Lang, overview: &Overview) {
    let tiles = [
        (
            Icon::MonitorUp,
            Tone::Good,
            overview.sessions,
            Say::SessionsNow,
        ),
        (
            Icon::Hourglass,
            if overview.waiting > 0 {
                Tone::Warning
            } else {
                Tone::Neutral
            },
            overview.waiting,
            Say::WaitingNow,
        ),
        (
            Icon::Headset,
            Tone::Accent,
            overview.operators,
            Say::OperatorsNow,
        ),
        (Icon::Users, Tone::Neutral, overview.hosts, Say::UsersNow),
    ];
    ui.columns(tiles.len(), |columns| {
        for (ui, (icon, tone, count, say)) in columns.iter_mut().zip(tiles) {
            card_ui(ui, |ui| tile_ui(ui, lang, icon, tone, count, s(lang, say)));
        }
    });
}

fn tile_ui(ui: &mut Ui, lang: Lang, icon: Icon, tone: Tone, count: u32, name: &str) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        icon_tile_ui(ui, icon, tone, 40.0);
        ui.add_space(4.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let count = words::number(lang, count.into());
            ui.label(text(count, 24.0, theme::BOLD, palette.text));
            let name = text(name, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
            ui.add(Label::new(name).truncate());
        });
    });
}

/// A name at the left, its value at the right.
fn line_ui(ui: &mut Ui, name: &str, value: &str) {
    let palette = Palette::of(ui);
    let size = egui::vec2(ui.available_width(), 24.0);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.label(text(name, 14.0, theme::REGULAR, palette.dim));
        super::at_right_ui(ui, |ui| {
            ui.label(text(value, 14.0, theme::SEMIBOLD, palette.text));
        });
    });
}

fn today_ui(ui: &mut Ui, lang: Lang, overview: &Overview) {
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Today), "");
        ui.add_space(4.0);
        let today = &overview.today;
        let number = |count: u32| words::number(lang, count.into());
        for (say, value) in [
            (Say::TicketsToday, number(today.tickets)),
            (Say::SessionsToday, number(today.sessions)),
            (Say::HelpedToday, words::span(lang, today.session_seconds)),
            (Say::ReportsFinished, number(today.reports_finished)),
            (Say::ReportsOpen, number(today.reports_open)),
            (Say::RefusedLogIns, number(today.refused_log_ins)),
        ] {
            line_ui(ui, s(lang, say), &value);
        }
    });
}

fn disk_ui(ui: &mut Ui, lang: Lang, disk: &Disk) {
    let palette = Palette::of(ui);
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Disk), "");
        ui.add_space(4.0);
        let not_known = || s(lang, Say::NotKnown).to_owned();
        if let (Some(free), Some(total)) = (disk.free_bytes, disk.total_bytes) {
            let used = super::share(total.saturating_sub(free), total);
            let fill = if used > 0.9 {
                palette.danger
            } else {
                palette.accent
            };
            let bar = ProgressBar::new(used).desired_height(8.0).fill(fill);
            ui.add(bar.corner_radius(4));
            ui.add_space(4.0);
        }
        let free = disk
            .free_bytes
            .map_or_else(not_known, |free| match disk.total_bytes {
                Some(total) => format!("{} / {}", size_text(lang, free), size_text(lang, total)),
                None => size_text(lang, free),
            });
        let films = format!(
            "{}  ·  {}",
            words::number(lang, disk.films.into()),
            size_text(lang, disk.films_bytes)
        );
        let left = disk
            .days_left()
            .map_or_else(not_known, |days| words::room_for_days(lang, days));
        line_ui(ui, s(lang, Say::FreeOnDisk), &free);
        line_ui(ui, s(lang, Say::FilmsOnDisk), &films);
        line_ui(ui, s(lang, Say::DaysLeft), &left);
    });
}

/// The sessions of each of the last days.
fn days_ui(ui: &mut Ui, state: &State) {
    let lang = state.lang;
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::LastDays), "");
        ui.add_space(4.0);
        let Some(totals) = &state.days.value else {
            let told = state.days.problem.map_or_else(
                || s(lang, Say::Loading).to_owned(),
                |refusal| ui_kit::words::refusal_text(lang, refusal),
            );
            ui.label(text(told, 14.0, theme::REGULAR, Palette::of(ui).dim));
            return;
        };
        if totals.rows.is_empty() {
            let told = s(lang, Say::NoSessionsLately);
            ui.label(text(told, 14.0, theme::REGULAR, Palette::of(ui).dim));
            return;
        }
        let days = words_of_days(lang, state.clock, totals);
        // in words for whoever does not see the bars
        let sentence = words::sessions_lately(lang, totals.all.reports, totals.all.active_seconds);
        ui.label(text(sentence, 14.0, theme::REGULAR, Palette::of(ui).dim));
        ui.add_space(4.0);
        let names: Vec<String> = days.iter().map(|day| day.name.clone()).collect();
        let series = Series {
            name: s(lang, Say::Sessions),
            color: Palette::of(ui).accent,
            values: days.iter().map(|day| f64::from(day.sessions)).collect(),
            told: days.into_iter().map(|day| day.told).collect(),
        };
        let what = (s(lang, Say::LastDays), Bars::Up, 150.0);
        let whole = |value: f64| {
            if (value - value.round()).abs() < 0.001 {
                format!("{value:.0}")
            } else {
                String::new()
            }
        };
        chart_ui(ui, "days", what, &names, vec![series], whole);
    });
}

struct OneDay {
    name: String,
    sessions: u32,
    told: String,
}

/// The last thirty days, those without a session too, the oldest first.
fn words_of_days(lang: Lang, clock: Clock, totals: &Totals) -> Vec<OneDay> {
    const DAY: i64 = 86_400;
    // from noon to noon it is another day, whatever happens to the clocks
    let noon = clock.day_began_unix_seconds() + DAY / 2;
    let days = (0..30).rev().map(|ago| {
        let date = clock.date_time(noon - ago * DAY);
        let date = date.split(' ').next().unwrap_or_default().to_owned();
        let of_day = totals.rows.iter().find(|row| match row.key {
            TotalKey::From { year, month, day } => format!("{year:04}-{month:02}-{day:02}") == date,
            TotalKey::Name(_) => false,
        });
        let sessions = of_day.map_or(0, |row| row.total.reports);
        OneDay {
            told: words::sessions(lang, sessions),
            // the year is the one everybody thinks of
            name: date.get(5..).unwrap_or_default().to_owned(),
            sessions,
        }
    });
    days.collect()
}

fn hub_ui(ui: &mut Ui, state: &mut State, overview: &Overview) {
    let lang = state.lang;
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::TheHub), "");
        ui.add_space(4.0);
        fact_ui(ui, s(lang, Say::Version), &overview.version);
        let up = i64::try_from(overview.up_seconds).unwrap_or(i64::MAX);
        let since = overview.now_unix_millis / 1000 - up;
        let since = words::since(
            lang,
            &state.clock.since(since),
            &words::span(lang, overview.up_seconds),
        );
        fact_ui(ui, s(lang, Say::UpSince), &since);
        if let Some(memory) = overview.memory_bytes {
            fact_ui(ui, s(lang, Say::Memory), &size_text(lang, memory));
        }
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            fact_ui(ui, s(lang, Say::Fingerprint), &overview.fingerprint);
            let copy = icon_button_ui(ui, Icon::Copy, w(lang, Word::Copy), true);
            if copy.clicked() {
                state.wish(Wish::Copy(overview.fingerprint.to_string()));
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use protocol::admin::reports::{Total, TotalRow};

    use super::*;

    #[test]
    fn days_without_a_session_have_their_place_too() {
        let clock = Clock::now();
        let today = clock.date_time(clock.day_began_unix_seconds() + 43_200);
        let part = |range| today.get(range).expect("a date");
        let key = TotalKey::From {
            year: part(0..4).parse().expect("a year"),
            month: part(5..7).parse().expect("a month"),
            day: part(8..10).parse().expect("a day"),
        };
        let total = Total {
            reports: 3,
            ..Total::default()
        };
        let totals = Totals {
            rows: vec![TotalRow { key, total }],
            others: Total::default(),
            all: total,
        };
        let days = words_of_days(Lang::En, clock, &totals);
        assert_eq!(days.len(), 30);
        assert_eq!(days[29].sessions, 3);
        assert_eq!(days[29].name, part(5..10));
        assert!(days[..29].iter().all(|day| day.sessions == 0));
        let names: std::collections::BTreeSet<_> = days.iter().map(|day| &day.name).collect();
        assert_eq!(names.len(), 30);
    }
}
