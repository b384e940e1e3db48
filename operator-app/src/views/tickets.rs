//! The ticket panel (O6): the newest ticket large, the text for the user, and earlier tickets.

use egui::{Layout, ScrollArea, Ui};
use protocol::TicketState;
use ui_kit::widgets::{
    Field, Push, card_ui, chip_ui, empty_state_ui, escaped, icon_button_ui, link_button_ui,
    text_area_ui, ticket_number_ui,
};
use ui_kit::words::{ticket_state, valid_for};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;
use crate::state::tickets::{Ticket, Tickets, holds_ticket};

/// Draws the panel.
pub fn tickets_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let now = state.clock.now_unix_seconds;
    let logged_in = state.account.is_logged_in();
    let tickets = &mut state.tickets;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        // room for the scroll bar
        ui.set_max_width(ui.available_width() - 8.0);
        if tickets.editing.is_some() {
            template_ui(ui, lang, tickets, actions);
            return;
        }
        ui.add_enabled_ui(logged_in, |ui| {
            let label = w(lang, Word::GenerateIt);
            let button = Push::secondary(label).icon(Icon::Ticket).wide();
            let button = ui.add(button.enabled(!tickets.waiting));
            if button.on_hover_text("Ctrl+G").clicked() {
                actions.push(Action::GenerateTicket);
            }
        });
        let Some(newest) = tickets.newest().cloned() else {
            let title = w(lang, Word::NoTicketYet);
            empty_state_ui(ui, Icon::Ticket, title, w(lang, Word::NoTicketYetNote));
            ui.add_space(12.0);
            ui.vertical_centered(|ui| edit_template_ui(ui, lang, actions));
            return;
        };
        ui.add_space(2.0);
        newest_ui(ui, lang, &newest, now, actions);
        ui.add_space(4.0);
        text_ui(ui, lang, tickets, &newest, now, actions);
        earlier_ui(ui, lang, tickets, now, actions);
    });
}

fn newest_ui(ui: &mut Ui, lang: Lang, ticket: &Ticket, now: i64, actions: &mut Vec<Action>) {
    let state = ticket.state_at(now);
    card_ui(ui, |ui| {
        let digits: String = ticket.spoken.chars().filter(char::is_ascii_digit).collect();
        ui.vertical_centered(|ui| {
            ui.add_enabled_ui(state == TicketState::Open, |ui| {
                ticket_number_ui(ui, &digits)
            });
        });
        ui.add_space(2.0);
        ui.horizontal(|ui| {
            state_ui(ui, lang, ticket, now);
            if state == TicketState::Open {
                let palette = Palette::of(ui);
                let left = valid_for(lang, ticket.seconds_left(now));
                ui.label(text(left, theme::SMALL_SIZE, theme::REGULAR, palette.dim));
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    let label = w(lang, Word::RevokeTicket);
                    if icon_button_ui(ui, Icon::Ban, label, true).clicked() {
                        actions.push(Action::RevokeTicket {
                            route: ticket.route,
                        });
                    }
                });
            }
        });
    });
}

fn state_ui(ui: &mut Ui, lang: Lang, ticket: &Ticket, now: i64) {
    let state = ticket.state_at(now);
    let tone = match state {
        TicketState::Open => Tone::Accent,
        TicketState::Used => Tone::Good,
        TicketState::Expired | TicketState::Revoked => Tone::Neutral,
        TicketState::Burnt => Tone::Danger,
    };
    match (&ticket.host, state) {
        (Some(host), TicketState::Used) => chip_ui(ui, &phrases::used_by(lang, host), tone),
        _ => chip_ui(ui, ticket_state(lang, state), tone),
    };
    if ticket.guesses > 0 && state == TicketState::Open {
        chip_ui(
            ui,
            &phrases::wrong_tries(lang, ticket.guesses),
            Tone::Warning,
        );
    }
}

fn text_ui(
    ui: &mut Ui,
    lang: Lang,
    tickets: &mut Tickets,
    newest: &Ticket,
    now: i64,
    actions: &mut Vec<Action>,
) {
    let field = Field::new(w(lang, Word::TicketText));
    text_area_ui(ui, &field, &mut tickets.text, 7);
    let open = newest.state_at(now) == TicketState::Open;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - ui.spacing().item_spacing.x) / 2.0;
        let half = |ui: &mut Ui, push: Push<'_>| {
            ui.scope(|ui| {
                ui.set_max_width(width);
                ui.add(push.wide().enabled(open))
            })
            .inner
        };
        let copy = half(ui, Push::secondary(w(lang, Word::Copy)).icon(Icon::Copy));
        if copy.on_hover_text("Ctrl+Shift+C").clicked() {
            actions.push(Action::CopyText);
        }
        let mail = half(ui, Push::secondary(w(lang, Word::Email)).icon(Icon::Mail));
        if mail.clicked() {
            actions.push(Action::MailText);
        }
    });
    ui.add_space(2.0);
    edit_template_ui(ui, lang, actions);
}

fn edit_template_ui(ui: &mut Ui, lang: Lang, actions: &mut Vec<Action>) {
    if link_button_ui(ui, Some(Icon::Pencil), phrases::edit_template(lang)).clicked() {
        actions.push(Action::EditTemplate);
    }
}

fn template_ui(ui: &mut Ui, lang: Lang, tickets: &mut Tickets, actions: &mut Vec<Action>) {
    let Some(template) = &mut tickets.editing else {
        return;
    };
    let escaped = escaped(ui);
    let missing = (!holds_ticket(template)).then(|| w(lang, Word::TicketTemplateMissing));
    let field = Field::new(phrases::edit_template(lang))
        .note(phrases::template_places(lang))
        .error(missing);
    text_area_ui(ui, &field, template, 12);
    ui.add_space(2.0);
    let keep = Push::primary(w(lang, Word::KeepAsTemplate)).wide();
    if ui.add(keep.enabled(missing.is_none())).clicked() {
        actions.push(Action::KeepTemplate);
    }
    if ui
        .add(Push::secondary(w(lang, Word::RestoreTemplate)).wide())
        .clicked()
    {
        actions.push(Action::RestoreTemplate);
    }
    let cancel = ui.add(Push::quiet(w(lang, Word::Cancel)).wide());
    if cancel.clicked() || escaped {
        actions.push(Action::CancelTemplate);
    }
}

fn earlier_ui(ui: &mut Ui, lang: Lang, tickets: &Tickets, now: i64, actions: &mut Vec<Action>) {
    let Some((_, earlier)) = tickets.all.split_last() else {
        return;
    };
    if earlier.is_empty() {
        return;
    }
    let palette = Palette::of(ui);
    ui.add_space(8.0);
    let title = phrases::all_tickets(lang);
    ui.label(text(title, theme::SMALL_SIZE, theme::SEMIBOLD, palette.dim));
    for ticket in earlier.iter().rev() {
        ui.horizontal(|ui| {
            let open = ticket.state_at(now) == TicketState::Open;
            let color = if open { palette.text } else { palette.dim };
            ui.label(text(ticket.spoken.as_str(), 14.0, theme::MEDIUM, color));
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                if open {
                    let label = w(lang, Word::RevokeTicket);
                    if icon_button_ui(ui, Icon::Ban, label, true).clicked() {
                        actions.push(Action::RevokeTicket {
                            route: ticket.route,
                        });
                    }
                }
                state_ui(ui, lang, ticket, now);
            });
        });
    }
}
