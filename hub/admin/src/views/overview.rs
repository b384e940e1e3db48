//! The hub at a glance.

use egui::{Label, ProgressBar, ScrollArea, Ui};
use protocol::admin::desk::{Disk, Overview, Warning};
use ui_kit::widgets::{
    banner_ui, card_ui, fact_ui, heading_ui, icon_button_ui, icon_tile_ui, section_header_ui,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::{missing_ui, problem_ui};
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
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        warnings_ui(ui, lang, &overview.warnings);
        ui.add_space(4.0);
        now_ui(ui, lang, &overview);
        ui.add_space(10.0);
        ui.columns(2, |columns| {
            today_ui(&mut columns[0], lang, &overview);
            disk_ui(&mut columns[1], lang, &overview.disk);
        });
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
                Some(total) => format!(
                    "{} / {}",
                    words::bytes(lang, free),
                    words::bytes(lang, total)
                ),
                None => words::bytes(lang, free),
            });
        let films = format!(
            "{}  ·  {}",
            words::number(lang, disk.films.into()),
            words::bytes(lang, disk.films_bytes)
        );
        let left = disk
            .days_left()
            .map_or_else(not_known, |days| words::room_for_days(lang, days));
        line_ui(ui, s(lang, Say::FreeOnDisk), &free);
        line_ui(ui, s(lang, Say::FilmsOnDisk), &films);
        line_ui(ui, s(lang, Say::DaysLeft), &left);
    });
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
            fact_ui(ui, s(lang, Say::Memory), &words::bytes(lang, memory));
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
