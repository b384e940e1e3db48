//! The main window around everything: tool bar, panels, status bar.

use egui::{CentralPanel, Frame, Margin, Panel, Stroke, Ui};
use ui_kit::widgets::{
    DialogSize, Push, account_button_ui, dialog_ui, icon_button_ui, logo_ui, status_bar_ui,
    update_ui,
};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Palette, ThemeChoice, Tone, Word, text, theme, w};

use super::tool_button::{Tool, tool_ui};
use super::{chat, computers, log_in, tickets};
use crate::action::Action;
use crate::phrases;
use crate::state::account::LogIn;
use crate::state::{ConsoleState, Side};

/// Width of the panel at the right, in points.
const SIDE_WIDTH: f32 = 348.0;

/// Draws the main window.
pub fn main_window_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    hot_keys(ui, state, actions);
    tool_bar_ui(ui, state, actions);
    status_ui(ui, state);
    newer_version_ui(ui, state, actions);
    let palette = Palette::of(ui);
    let page = Frame::new().fill(palette.background);
    if state.account.has_list() {
        Panel::right("side")
            .exact_size(SIDE_WIDTH.min(ui.available_width() * 0.44))
            .resizable(false)
            .show_separator_line(false)
            .frame(page.inner_margin(Margin {
                left: 0,
                right: 8,
                top: 12,
                bottom: 12,
            }))
            .show(ui, |ui| side_ui(ui, state, actions));
        CentralPanel::default()
            .frame(page.inner_margin(Margin {
                left: 16,
                right: 12,
                top: 12,
                bottom: 12,
            }))
            .show(ui, |ui| computers::computers_ui(ui, state, actions));
    } else {
        CentralPanel::default()
            .frame(page.inner_margin(Margin::symmetric(24, 12)))
            .show(ui, |ui| log_in::log_in_ui(ui, state, actions));
    }
    disconnect_question_ui(ui, state, actions);
    super::opening::opening_ui(ui, state, actions);
    super::showing::showing_ui(ui, state, actions);
    super::unlocking::unlocking_ui(ui, state, actions);
    own_account_ui(ui, state, actions);
}

/// A newer version, below the tools and above everything else.
fn newer_version_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let Some(shown) = state.update.shown() else {
        return;
    };
    let margin = Margin {
        left: 16,
        right: 12,
        top: 10,
        bottom: 0,
    };
    let page = Frame::new().fill(Palette::of(ui).background);
    Panel::top("newer version")
        .resizable(false)
        .show_separator_line(false)
        .frame(page.inner_margin(margin))
        .show(ui, |ui| {
            let wish = update_ui(ui, state.lang, shown, state.update.busy);
            actions.extend(wish.map(Action::Update));
        });
}

fn own_account_ui(ui: &Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let reachable = state.account.is_logged_in();
    let (lang, clock) = (state.lang, state.clock);
    if let Some(form) = &mut state.own {
        let wishes = form.ui(ui.ctx(), lang, clock, reachable);
        actions.extend(wishes.into_iter().map(Action::InOwnAccount));
    }
}

fn hot_keys(ui: &Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    use egui::{Key, KeyboardShortcut, Modifiers};
    let is_covered = state.settings_open
        || state.drafts_open
        || state.own.is_some()
        || state.opening.is_some()
        || state.showing.is_some()
        || state.unlocking.is_some();
    if !state.account.is_logged_in() || is_covered {
        return;
    }
    let generate = KeyboardShortcut::new(Modifiers::CTRL, Key::G);
    let copy = KeyboardShortcut::new(Modifiers::CTRL | Modifiers::SHIFT, Key::C);
    // with Shift held egui reports the plain copy command as well as the key
    let (generated, copied) = ui.input_mut(|input| {
        let shift_copy = input.modifiers.shift
            && input
                .events
                .iter()
                .any(|event| matches!(event, egui::Event::Copy));
        (
            input.consume_shortcut(&generate),
            input.consume_shortcut(&copy) || shift_copy,
        )
    });
    if generated {
        actions.push(Action::GenerateTicket);
    }
    if copied && !state.tickets.text.is_empty() {
        actions.push(Action::CopyText);
    }
}

fn tool_bar_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let margin = Margin {
        left: 16,
        right: 12,
        top: 7,
        bottom: 7,
    };
    Panel::top("tools")
        .exact_size(77.0)
        .show_separator_line(false)
        .frame(Frame::new().fill(palette.card).inner_margin(margin))
        .show(ui, |ui| {
            let bar = ui.max_rect();
            let line = Stroke::new(1.0, palette.line);
            ui.painter()
                .hline(bar.x_range().expand(16.0), bar.bottom() + 7.0, line);
            ui.horizontal_centered(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                logo_ui(ui, 34.0);
                ui.add_space(4.0);
                if ui.available_width() > 940.0 {
                    ui.label(text(
                        w(state.lang, Word::PureHelpDesk),
                        17.0,
                        theme::BOLD,
                        palette.text,
                    ));
                    ui.add_space(10.0);
                }
                tools_ui(ui, state, actions);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    corner_ui(ui, state, actions);
                });
            });
        });
}

fn corner_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    if let LogIn::In { display_name } | LogIn::Retrying { display_name } = &state.account.log_in {
        let label = w(lang, Word::YourAccount);
        if account_button_ui(ui, display_name, label, false).clicked() {
            actions.push(Action::OpenOwnAccount);
        }
    }
    if icon_button_ui(ui, Icon::Settings, w(lang, Word::Settings), true).clicked() {
        actions.push(Action::OpenSettings);
    }
    let dark = ui.visuals().dark_mode;
    let icon = if dark { Icon::Sun } else { Icon::Moon };
    if icon_button_ui(ui, icon, w(lang, Word::SwitchTheme), true).clicked() {
        actions.push(Action::SetTheme(ThemeChoice::opposite_of_shown(ui.ctx())));
    }
}

fn tools_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let logged_in = state.account.is_logged_in();
    let no_log_in = (!logged_in).then(|| phrases::log_in_first(lang));
    let selected = state.computers.selected_entry();
    let obstacle = selected.and_then(|entry| {
        let obstacle = state.computers.obstacle(entry)?;
        let with = entry.in_session_with.as_deref();
        Some(phrases::obstacle(lang, obstacle, with))
    });
    let none_chosen = selected.is_none().then(|| phrases::choose_a_computer(lang));
    let chat_obstacle = selected
        .filter(|entry| entry.kind == protocol::EntryKind::Operator)
        .map(|_| phrases::is_operator(lang));

    let in_service = !matches!(state.account.log_in, LogIn::Out);
    let door = if in_service {
        Tool {
            icon: Icon::LogOut,
            label: w(lang, Word::LogOut),
            reason: None,
            count: 0,
            primary: false,
            hot_key: "",
        }
    } else {
        Tool {
            icon: Icon::LogIn,
            label: w(lang, Word::LogIntoService),
            reason: None,
            count: 0,
            primary: false,
            hot_key: "",
        }
    };
    let door = tool_ui(ui, &door);
    // the second click of two is no wish of its own: by then the tool means the opposite
    if door.clicked() && !door.double_clicked() && !door.triple_clicked() {
        actions.push(if in_service {
            Action::LogOut
        } else {
            Action::LogIn
        });
    }
    let generate = Tool {
        icon: Icon::Ticket,
        label: w(lang, Word::GenerateIt),
        reason: no_log_in,
        count: 0,
        primary: logged_in,
        hot_key: "Ctrl+G",
    };
    if tool_ui(ui, &generate).clicked() {
        actions.push(Action::GenerateTicket);
    }
    let session = Tool {
        icon: Icon::MonitorUp,
        label: w(lang, Word::RemoteSession),
        reason: no_log_in.or(none_chosen).or(obstacle.as_deref()),
        count: 0,
        primary: false,
        hot_key: "",
    };
    if tool_ui(ui, &session).clicked()
        && let Some(entry) = selected
    {
        actions.push(Action::StartSession(entry.id));
    }
    let unread = state.chats.unread_in_all();
    let nobody_to_chat = none_chosen.filter(|_| state.chats.open.is_none());
    let chat = Tool {
        icon: Icon::MessageCircle,
        label: w(lang, Word::Chat),
        reason: no_log_in.or(nobody_to_chat).or(chat_obstacle),
        count: unread,
        primary: false,
        hot_key: "",
    };
    if tool_ui(ui, &chat).clicked() {
        actions.push(match selected {
            Some(entry) => Action::OpenChat(entry.id),
            None => Action::Show(Side::Chat),
        });
    }
    let drafts = Tool {
        icon: Icon::FilePenLine,
        label: w(lang, Word::Reports),
        reason: no_log_in,
        count: u32::try_from(state.reports.drafts.len()).unwrap_or(u32::MAX),
        primary: false,
        hot_key: "",
    };
    if tool_ui(ui, &drafts).clicked() {
        actions.push(Action::OpenDrafts);
    }
}

fn status_ui(ui: &mut Ui, state: &ConsoleState) {
    let lang = state.lang;
    let hub = match state.account.form.hub() {
        Some((address, _)) => address.to_string(),
        None => String::new(),
    };
    let (tone, status, detail) = match &state.account.log_in {
        LogIn::Out => (Tone::Neutral, phrases::not_logged_in(lang), hub),
        LogIn::Connecting => (Tone::Warning, w(lang, Word::LoggingIn), hub),
        LogIn::Retrying { .. } => (Tone::Warning, w(lang, Word::Reconnecting), hub),
        LogIn::In { display_name } => {
            let detail = format!("{}  ·  {hub}", name_alone(lang, display_name));
            (Tone::Good, w(lang, Word::LoggedIn), detail)
        }
    };
    status_bar_ui(ui, tone, status, &detail, crate::VERSION);
}

fn side_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let chat_label = match state.chats.unread_in_all() {
        0 => w(lang, Word::Chat).to_owned(),
        unread => format!("{} ({unread})", w(lang, Word::Chat)),
    };
    let choices = [
        (Side::Tickets, w(lang, Word::Tickets)),
        (Side::Chat, chat_label.as_str()),
    ];
    if let Some(side) = ui_kit::widgets::segments_ui(ui, state.side, &choices) {
        actions.push(Action::Show(side));
    }
    ui.add_space(2.0);
    match state.side {
        Side::Tickets => tickets::tickets_ui(ui, state, actions),
        Side::Chat => chat::chat_ui(ui, state, actions),
    }
}

fn disconnect_question_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let Some(host) = state.disconnecting else {
        return;
    };
    let Some(entry) = state.computers.get(host) else {
        actions.push(Action::KeepConnected);
        return;
    };
    let lang = state.lang;
    let title = phrases::disconnect_title(lang, &entry.name);
    let icon = Some((Icon::Unplug, Tone::Danger));
    let dialog = dialog_ui(
        ui.ctx(),
        "disconnect",
        DialogSize::Small,
        icon,
        &title,
        |ui| {
            let palette = Palette::of(ui);
            let question = w(lang, Word::DisconnectQuestion);
            ui.label(text(question, 14.0, theme::REGULAR, palette.dim));
            ui.add_space(10.0);
            super::foot_ui(ui, |ui| {
                if ui.add(Push::danger(phrases::disconnect(lang))).clicked() {
                    actions.push(Action::Disconnect(host));
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    actions.push(Action::KeepConnected);
                }
            });
        },
    );
    if dialog.should_close() {
        actions.push(Action::KeepConnected);
    }
}
