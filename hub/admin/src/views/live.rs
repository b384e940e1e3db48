//! Who is connected now, and which sessions run.

use egui::{Id, Ui, UiBuilder};
use protocol::admin::Question;
use protocol::admin::desk;
use protocol::admin::desk::LiveSession;
use protocol::{Entry, EntryKind};
use ui_kit::widgets::{
    DialogSize, Leading, Row, card_ui, dialog_ui, empty_state_ui, heading_ui, icon_button_ui,
    row_ui, section_header_ui,
};
use ui_kit::words::{in_session_with, name_alone, size_text};
use ui_kit::{Icon, Lang, Tone};

use super::questions::answer_of;
use super::{danger_buttons_ui, missing_ui, problem_ui, scroll_ui};
use crate::state::{Asking, Done, Section, State, Topic, Wish};
use crate::words::{self, Say, s};

pub(super) fn live_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::Live), s(lang, Say::LiveNote));
    ui.add_space(8.0);
    let Some(live) = state.live.value.clone() else {
        return missing_ui(ui, lang, &state.live);
    };
    problem_ui(ui, lang, &state.live);
    scroll_ui(ui, |ui| {
        card_ui(ui, |ui| {
            let title = titled(s(lang, Say::Sessions), live.sessions.len());
            section_header_ui(ui, &title, "");
            ui.add_space(4.0);
            if live.sessions.is_empty() {
                ui.allocate_ui(egui::vec2(ui.available_width(), 190.0), |ui| {
                    let (title, note) = (Say::NoSessions, Say::NoSessionsNote);
                    empty_state_ui(ui, Icon::MonitorUp, s(lang, title), s(lang, note));
                });
            }
            for session in &live.sessions {
                keyed(ui, ("session", session.session.0), |ui| {
                    session_ui(ui, state, session);
                });
            }
        });
        ui.add_space(10.0);
        card_ui(ui, |ui| {
            let title = titled(s(lang, Say::Connected), live.entries.len());
            section_header_ui(ui, &title, "");
            ui.add_space(4.0);
            if live.entries.is_empty() {
                ui.allocate_ui(egui::vec2(ui.available_width(), 150.0), |ui| {
                    empty_state_ui(ui, Icon::Users, s(lang, Say::NobodyConnected), "");
                });
            }
            let mut entries: Vec<&Entry> = live.entries.iter().collect();
            entries.sort_by_key(|entry| (entry.kind == EntryKind::Operator, entry.name.clone()));
            for entry in entries {
                keyed(ui, ("entry", entry.id.0), |ui| entry_ui(ui, state, entry));
            }
        });
    });
    question_ui(ui, state);
}

fn titled(title: &str, count: usize) -> String {
    format!("{title}  ·  {count}")
}

/// A row is what it stands for, wherever it stands.
fn keyed(ui: &mut Ui, key: impl std::hash::Hash + std::fmt::Debug, content: impl FnOnce(&mut Ui)) {
    let builder = UiBuilder::new().scope_id(Id::unique(key));
    ui.scope_builder(builder, content);
}

/// A row with buttons behind it; which one was pressed.
fn row_with_buttons_ui(ui: &mut Ui, row: &Row<'_>, buttons: &[(Icon, &str)]) -> Option<usize> {
    const BUTTON_WIDTH: f32 = 44.0;
    ui.horizontal(|ui| {
        #[expect(clippy::cast_precision_loss, reason = "one or two")]
        let width = ui.available_width() - BUTTON_WIDTH * buttons.len() as f32;
        ui.scope(|ui| {
            ui.set_max_width(width);
            row_ui(ui, row);
        });
        let mut pressed = None;
        for (index, (icon, label)) in buttons.iter().enumerate() {
            if icon_button_ui(ui, *icon, label, true).clicked() {
                pressed = Some(index);
            }
        }
        pressed
    })
    .inner
}

fn session_ui(ui: &mut Ui, state: &mut State, session: &LiveSession) {
    let lang = state.lang;
    let host = name_alone(lang, &session.host);
    let person = name_alone(lang, &session.requester);
    let operators: Vec<String> = session
        .operators
        .iter()
        .map(|name| name_alone(lang, name))
        .collect();
    let title = format!("{}  →  {host}", operators.join(", "));
    let seconds = state.clock.now_unix_seconds - session.started_unix_millis / 1000;
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let detail = format!(
        "{person}  ·  {}  ·  {}",
        state.clock.since(session.started_unix_millis / 1000),
        words::span(lang, seconds)
    );
    let badge = if session.paused {
        (s(lang, Say::Paused), Tone::Warning)
    } else {
        (s(lang, Say::Running), Tone::Good)
    };
    let film = size_text(lang, session.film_bytes);
    let row = Row {
        leading: Leading::Icon(Icon::MonitorUp, badge.1),
        title: &title,
        detail: &detail,
        badge: Some(badge),
        trailing: &film,
        selected: false,
        away: session.paused,
    };
    let watch = words::watch_session_with(lang, &host);
    let end = words::end_session_with(lang, &host);
    let pressed = row_with_buttons_ui(ui, &row, &[(Icon::Eye, &watch), (Icon::CircleStop, &end)]);
    if pressed == Some(0) {
        state.films.watch(session.session);
        state.wish(Wish::Go(Section::Films));
    } else if pressed.is_some() {
        state.asking = Some(Asking::EndSession {
            session: session.session,
            host: session.host.clone(),
        });
    }
}

fn entry_ui(ui: &mut Ui, state: &mut State, entry: &Entry) {
    let lang = state.lang;
    let is_operator = entry.kind == EntryKind::Operator;
    let title = name_alone(lang, &entry.name);
    let person = (!is_operator).then(|| name_alone(lang, &entry.person));
    let system = Some(entry.system.to_string()).filter(|system| !system.is_empty());
    let detail: Vec<String> = person.into_iter().chain(system).collect();
    let detail = detail.join("  ·  ");
    let since = state.clock.since(entry.since_unix_seconds);
    let badge = badge_of(lang, entry);
    let row = Row {
        leading: if is_operator {
            Leading::Initials(&title)
        } else {
            Leading::Icon(Icon::Monitor, Tone::Accent)
        },
        title: &title,
        detail: &detail,
        badge: badge.as_ref().map(|(label, tone)| (label.as_str(), *tone)),
        trailing: &since,
        selected: false,
        away: !entry.present,
    };
    let label = words::disconnect_name(lang, &title);
    if row_with_buttons_ui(ui, &row, &[(Icon::Unplug, &label)]).is_some() {
        state.asking = Some(Asking::Disconnect {
            peer: entry.id,
            name: entry.name.clone(),
            is_operator,
        });
    }
}

fn badge_of(lang: Lang, entry: &Entry) -> Option<(String, Tone)> {
    if !entry.present {
        return Some((s(lang, Say::Paused).to_owned(), Tone::Warning));
    }
    let operator = entry.in_session_with.as_ref()?;
    Some((in_session_with(lang, operator), Tone::Good))
}

fn question_ui(ui: &Ui, state: &mut State) {
    let Some(asking) = state.asking.clone() else {
        return;
    };
    let lang = state.lang;
    let (title, name, note, label, icon) = match &asking {
        Asking::EndSession { host, .. } => (
            Say::EndSessionTitle,
            host,
            Say::EndSessionNote,
            Say::EndSession,
            Icon::CircleStop,
        ),
        Asking::Disconnect {
            name, is_operator, ..
        } => (
            Say::DisconnectTitle,
            name,
            if *is_operator {
                Say::DisconnectOperatorNote
            } else {
                Say::DisconnectUserNote
            },
            Say::Disconnect,
            Icon::Unplug,
        ),
    };
    let icon = Some((icon, Tone::Danger));
    let dialog = dialog_ui(
        ui.ctx(),
        "step in",
        DialogSize::Small,
        icon,
        s(lang, title),
        |ui| {
            ui.label(ui_kit::text(
                name_alone(lang, name),
                15.0,
                ui_kit::theme::SEMIBOLD,
                ui_kit::Palette::of(ui).text,
            ));
            ui.add(egui::Label::new(s(lang, note)).wrap());
            danger_buttons_ui(ui, lang, s(lang, label))
        },
    );
    let answer = answer_of(&dialog);
    if let Some(yes) = answer {
        state.asking = None;
        if yes {
            let (done, question) = match asking {
                Asking::EndSession { session, .. } => {
                    (Done::SessionEnded, desk::Question::EndSession { session })
                }
                Asking::Disconnect { peer, .. } => {
                    (Done::Disconnected, desk::Question::Disconnect { peer })
                }
            };
            state.ask(Topic::Done(done), Question::Desk(question));
        }
    }
}
