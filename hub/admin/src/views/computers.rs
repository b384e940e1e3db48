//! Computers: permanent hosts, their groups, and the codes that enrol them.

mod forms;
#[cfg(test)]
mod tests;
mod versions;

use egui::{Label, ScrollArea, Ui};
use protocol::admin::Question;
use protocol::admin::hosts::{EnrolmentRow, HostRow, OfGroup, OfState, Order, Question as Ask};
use ui_kit::widgets::{
    Field, Push, divider_ui, empty_state_ui, heading_ui, icon_button_ui, icon_button_unless_ui,
    menu_item_ui, segments_ui, text_field_ui,
};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Lang, Palette, Tone, text, theme};

use super::people::group_name;
use super::table::{Cell, Column, LEAST_WIDTH, bar_ui, filters_bar_ui, table_ui};
use super::{at_right_ui, loading_ui, missing_ui, refused_ui, scroll_ui};
use crate::state::{
    ComputersAsking, ComputersTab, Done, HostForm, HostGroupForm, InviteForm, State, Topic,
};
use crate::words::{self, Say, s};

/// What the filter needs in one line, in points.
const ROOM_FOR_FILTER: f32 = 740.0;
/// And the buttons below the list with a word on each.
const ROOM_FOR_ACTIONS: f32 = 660.0;
/// And what is said beside them.
const ROOM_FOR_NOTE: f32 = 60.0;
/// And the longest word in the last column of the list, as a badge.
const STATE_WIDTH: f32 = 110.0;

pub(super) fn computers_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::Computers), s(lang, Say::ComputersNote));
    ui.add_space(6.0);
    bar_ui(ui, |ui| {
        let tabs = [
            (ComputersTab::Hosts, s(lang, Say::Computers)),
            (ComputersTab::Groups, s(lang, Say::Groups)),
            (ComputersTab::Codes, s(lang, Say::Codes)),
            (ComputersTab::Versions, s(lang, Say::Versions)),
        ];
        if let Some(tab) = segments_ui(ui, state.computers.tab, &tabs) {
            state.computers.tab = tab;
            state.computers.refresh();
        }
        at_right_ui(ui, |ui| match state.computers.tab {
            ComputersTab::Hosts | ComputersTab::Codes => {
                let add = Push::primary(s(lang, Say::AddComputers)).icon(Icon::Plus);
                if ui.add(add).clicked() {
                    let form = InviteForm::default();
                    state.computers.asking = Some(ComputersAsking::Invite(form));
                }
            }
            ComputersTab::Versions => {}
            ComputersTab::Groups => {
                let add = Push::primary(s(lang, Say::AddGroup)).icon(Icon::Plus);
                if ui.add(add).clicked() {
                    let form = HostGroupForm::default();
                    state.computers.asking = Some(ComputersAsking::Group(form));
                }
            }
        });
    });
    if state.computers.tab == ComputersTab::Hosts {
        ui.add_space(4.0);
        filters_bar_ui(ui, ROOM_FOR_FILTER, |ui| filter_ui(ui, state));
    }
    ui.add_space(8.0);
    ui_kit::widgets::card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        match state.computers.tab {
            ComputersTab::Hosts => list_ui(ui, state),
            ComputersTab::Groups => groups_ui(ui, state),
            ComputersTab::Codes => codes_ui(ui, state),
            ComputersTab::Versions => versions::versions_ui(ui, state),
        }
    });
    forms::asking_ui(ui, state);
}

fn filter_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let field = Field {
        hint: s(lang, Say::SearchComputers),
        width: Some(220.0),
        ..Field::default()
    };
    if text_field_ui(ui, &field, &mut state.computers.search).changed() {
        state.computers.filter(|_| {});
    }
    let now = state.computers.list.filter.0.state;
    let states = [
        (OfState::Any, s(lang, Say::AllComputers)),
        (OfState::Connected, s(lang, Say::ConnectedOnes)),
        (OfState::Away, s(lang, Say::AwayOnes)),
        (OfState::Disabled, s(lang, Say::DisabledOnes)),
    ];
    if let Some(wanted) = segments_ui(ui, now, &states) {
        state.computers.filter(|filter| filter.state = wanted);
    }
    let groups = state.computers.groups.value.as_deref().unwrap_or_default();
    if !groups.is_empty() {
        let names = groups.iter().map(|group| {
            let name = name_alone(lang, &group.name);
            (OfGroup::One(group.group), name)
        });
        let all = [
            (OfGroup::Any, s(lang, Say::EveryGroup).to_owned()),
            (OfGroup::None, s(lang, Say::WithoutGroup).to_owned()),
        ];
        let names: Vec<(OfGroup, String)> = all.into_iter().chain(names).collect();
        let now = state.computers.list.filter.0.group;
        let shown = names.iter().find(|(group, _)| *group == now);
        let shown = shown.map_or_else(|| s(lang, Say::EveryGroup), |(_, name)| name);
        let button = ui.add(Push::secondary(shown).trailing_icon(Icon::ChevronDown));
        egui::Popup::menu(&button).show(|ui| {
            ui.set_min_width(200.0);
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                for (group, name) in &names {
                    if menu_item_ui(ui, None, name, *group == now, None).clicked() {
                        state.computers.filter(|filter| filter.group = *group);
                        ui.close();
                    }
                }
            });
        });
    }
}

fn columns(lang: Lang) -> [Column<Order>; 6] {
    let column = |say, width, sort| Column {
        title: s(lang, say),
        width,
        sort,
        right: false,
        least: LEAST_WIDTH,
    };
    [
        column(Say::Name, 190.0, Some(Order::Name)),
        column(Say::System, 190.0, Some(Order::System)),
        column(Say::Group, 120.0, Some(Order::Group)),
        column(Say::LastSeen, 150.0, Some(Order::LastSeen)),
        column(Say::Version, 130.0, Some(Order::Version)),
        Column {
            // whether it is there, or let in at all, is what the list is for
            least: STATE_WIDTH,
            ..column(Say::State, STATE_WIDTH, None)
        },
    ]
}

fn list_ui(ui: &mut Ui, state: &mut State) {
    let (lang, clock) = (state.lang, state.clock);
    if let Some(refusal) = state.computers.list.problem {
        return refused_ui(ui, lang, refusal);
    }
    let Some(total) = state.computers.list.total else {
        return loading_ui(ui, lang);
    };
    if total == 0 {
        let (icon, title, note) = if state.computers.is_filtered() {
            (Icon::SearchX, Say::NothingFound, Say::NothingFoundNote)
        } else {
            (Icon::Server, Say::NoComputers, Say::NoComputersNote)
        };
        return empty_state_ui(ui, icon, s(lang, title), s(lang, note));
    }
    let foot = 44.0;
    let room = egui::vec2(ui.available_width(), ui.available_height() - foot);
    let list = &state.computers.list;
    let chosen = state.computers.chosen_row().and(state.computers.chosen);
    let (_, order, descending) = list.filter;
    let done = ui
        .allocate_ui(room, |ui| {
            table_ui(
                ui,
                "computers",
                &columns(lang),
                Some((order, descending)),
                total,
                chosen.map(|(at, _)| at),
                |index, column| Some(cell(lang, clock, list.row(index)?, column)),
            )
        })
        .inner;
    if let Some(order) = done.sort {
        state.computers.sort_by(order);
    }
    if let Some(chosen) = done.chosen {
        state.computers.choose(chosen);
    }
    state.computers.looked_at = done.looked_at;
    if let Some(row) = done.opened.and_then(|row| state.computers.list.row(row)) {
        let form = HostForm::of(row);
        state.computers.asking = Some(ComputersAsking::Change(form));
    }
    ui.add_space(6.0);
    bar_ui(ui, |ui| actions_ui(ui, state));
}

fn cell(lang: Lang, clock: ui_kit::Clock, row: &HostRow, column: usize) -> Cell {
    match column {
        0 => Cell::new(name_alone(lang, &row.name)),
        1 => Cell::new(row.system.to_string()),
        2 if row.group.is_none() => Cell::dim("–"),
        2 => Cell::new(name_alone(lang, &row.group_name)),
        3 if row.connected => Cell::new(s(lang, Say::Now)),
        3 => Cell::dim(clock.date_time(row.last_seen_unix_millis.div_euclid(1000))),
        4 => Cell::dim(row.program.to_string()),
        _ if row.disabled => Cell::badge(s(lang, Say::Disabled), Tone::Danger),
        _ if row.connected => Cell::badge(s(lang, Say::ConnectedOne), Tone::Good),
        _ => Cell::badge(s(lang, Say::AwayOne), Tone::Neutral),
    }
}

/// What can be done with the computer that is chosen.
fn actions_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let Some(row) = state.computers.chosen_row().cloned() else {
        let palette = Palette::of(ui);
        let note = s(lang, Say::ChooseComputer);
        ui.label(text(note, 13.0, theme::REGULAR, palette.dim));
        return;
    };
    let (host, name) = (row.host, row.name.clone());
    let has_room = ui.available_width() >= ROOM_FOR_ACTIONS;
    let change = Push::secondary(s(lang, Say::Change)).icon(Icon::Pencil);
    if ui.add(change).clicked() {
        let form = HostForm::of(&row);
        state.computers.asking = Some(ComputersAsking::Change(form));
    }
    let operators = Push::secondary(s(lang, Say::OperatorsOfComputer)).icon(Icon::Headset);
    if ui.add(operators).clicked() {
        let question = Question::Hosts(Ask::Operators { host });
        state.ask(Topic::OperatorsOf(host), question);
    }
    let not_to_wake = if row.connected {
        Some(s(lang, Say::AlreadyConnected))
    } else if row.disabled {
        Some(s(lang, Say::WakeDisabled))
    } else {
        None
    };
    let label = s(lang, Say::Wake);
    let wake = if has_room {
        let wake = Push::secondary(label).icon(Icon::Radio);
        ui.add(wake.unless(not_to_wake))
    } else {
        icon_button_unless_ui(ui, Icon::Radio, label, not_to_wake)
    };
    if wake.clicked() {
        let question = Question::Hosts(Ask::Wake { host });
        state.ask(Topic::Woken(host), question);
    }
    let label = if row.disabled {
        Say::Enable
    } else {
        Say::Disable
    };
    let toggle = Push::secondary(s(lang, label)).icon(Icon::Ban);
    if ui.add(toggle).clicked() {
        if row.disabled {
            let question = Ask::SetDisabled {
                host,
                disabled: false,
            };
            state.ask(Topic::Done(Done::Saved), Question::Hosts(question));
        } else {
            let name = name.clone();
            state.computers.asking = Some(ComputersAsking::Disable { host, name });
        }
    }
    let remove = Push::secondary(s(lang, Say::Remove)).icon(Icon::Trash2);
    if ui.add(remove).clicked() {
        state.computers.asking = Some(ComputersAsking::Remove { host, name });
    }
    let note = name_alone(lang, &row.note);
    let enrolled = words::enrolled(
        lang,
        &state
            .clock
            .date_time(row.enrolled_unix_millis.div_euclid(1000)),
        &name_alone(lang, &row.enrolled_by),
    );
    let shown = if row.note.is_empty() { enrolled } else { note };
    let palette = Palette::of(ui);
    let shown = Label::new(text(shown, 13.0, theme::REGULAR, palette.dim)).truncate();
    // of which a letter or two say nothing
    if ui.available_width() >= ROOM_FOR_NOTE {
        ui.add(shown);
    }
}

fn groups_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let palette = Palette::of(ui);
    let Some(groups) = state.computers.groups.value.clone() else {
        return missing_ui(ui, lang, &state.computers.groups);
    };
    if groups.is_empty() {
        let (title, note) = (Say::NoHostGroups, Say::HostGroupsNote);
        return empty_state_ui(ui, Icon::Server, s(lang, title), s(lang, note));
    }
    let note = text(
        s(lang, Say::HostGroupsNote),
        13.0,
        theme::REGULAR,
        palette.dim,
    );
    ui.add(Label::new(note).wrap());
    ui.add_space(4.0);
    let of_operators = state.people.groups.value.clone().unwrap_or_default();
    scroll_ui(ui, |ui| {
        for group in &groups {
            ui.horizontal(|ui| {
                let name = name_alone(lang, &group.name);
                ui.label(text(&name, 14.5, theme::MEDIUM, palette.text));
                let seen: Vec<String> = of_operators
                    .iter()
                    .filter(|of| group.seen_by.contains(&of.group))
                    .map(|of| group_name(lang, &of.name, of.built_in))
                    .collect();
                let count = words::computers(lang, group.hosts);
                let seen = words::seen_by(lang, &seen.join(", "));
                let detail = format!("{count}  ·  {seen}");
                let label = Label::new(text(detail, 13.0, theme::REGULAR, palette.dim));
                at_right_ui(ui, |ui| {
                    let remove = words::remove(lang, &name);
                    if icon_button_ui(ui, Icon::Trash2, &remove, true).clicked() {
                        state.computers.asking = Some(ComputersAsking::RemoveGroup {
                            group: group.group,
                            name: group.name.clone(),
                        });
                    }
                    let change = words::rename(lang, &name);
                    if icon_button_ui(ui, Icon::Pencil, &change, true).clicked() {
                        let form = HostGroupForm::of(group);
                        state.computers.asking = Some(ComputersAsking::Group(form));
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.add(label.truncate());
                    });
                });
            });
            divider_ui(ui);
        }
    });
}

fn codes_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let Some(codes) = state.computers.codes.value.clone() else {
        return missing_ui(ui, lang, &state.computers.codes);
    };
    if codes.is_empty() {
        let (title, note) = (Say::NoCodes, Say::NoCodesNote);
        return empty_state_ui(ui, Icon::KeyRound, s(lang, title), s(lang, note));
    }
    scroll_ui(ui, |ui| {
        for code in &codes {
            if code_ui(ui, state, code) {
                let question = Ask::WithdrawEnrolment {
                    enrolment: code.enrolment,
                };
                state.ask(Topic::Done(Done::Saved), Question::Hosts(question));
            }
            divider_ui(ui);
        }
    });
}

/// One code; whether it is to be taken back.
fn code_ui(ui: &mut Ui, state: &State, code: &EnrolmentRow) -> bool {
    let (lang, clock) = (state.lang, state.clock);
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let title = words::code_left(lang, code.uses_left, code.uses);
        ui.label(text(&title, 14.5, theme::MEDIUM, palette.text));
        let group = match code.group_name.as_str() {
            "" => s(lang, Say::WithoutGroup).to_owned(),
            name => name_alone(lang, name),
        };
        let until = clock.date_time(code.expires_unix_millis.div_euclid(1000));
        let detail = words::code_detail(lang, &until, &name_alone(lang, &code.made_by));
        let detail = format!("{group}  ·  {detail}");
        ui.label(text(detail, 13.0, theme::REGULAR, palette.dim));
        at_right_ui(ui, |ui| {
            let label = format!("{} {}", s(lang, Say::WithdrawCode), code.enrolment.0);
            icon_button_ui(ui, Icon::Trash2, &label, true).clicked()
        })
    })
    .inner
}
