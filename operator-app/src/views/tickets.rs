//! The ticket panel (O6): the newest ticket large, the text for the user, and earlier tickets.

use egui::{Layout, ScrollArea, Ui};
use protocol::TicketState;
use ui_kit::widgets::{
    DialogSize, Field, Push, Qr, card_ui, chip_ui, choice_ui, dialog_ui, empty_state_ui, escaped,
    icon_button_ui, link_button_ui, text_area_ui, text_field_ui, ticket_number_ui,
};
use ui_kit::words::{ticket_state, valid_for};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;
use crate::state::tickets::{Places, Ticket, Tickets, filled, holds_ticket};

/// Draws the panel.
pub fn tickets_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let now = state.clock.now_unix_seconds;
    let logged_in = state.account.is_logged_in();
    let tickets = &mut state.tickets;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        // room for the scroll bar
        ui.set_max_width(ui.available_width() - 8.0);
        if tickets.templates.editing.is_some() {
            template_ui(ui, lang, tickets, now, actions);
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
            ui.vertical_centered(|ui| edit_template_ui(ui, lang, tickets, actions));
            return;
        };
        ui.add_space(2.0);
        let begins_note = newest_ui(ui, lang, &newest, now, actions);
        tickets.note_open |= begins_note;
        if let Some(newest) = tickets.all.last_mut()
            && (tickets.note_open || !newest.note.is_empty())
        {
            let field = Field::new(phrases::ticket_note(lang));
            let field = field.hint(phrases::ticket_note_hint(lang));
            let field = text_field_ui(ui, &field, &mut newest.note);
            if begins_note {
                field.request_focus();
            }
        }
        ui.add_space(4.0);
        text_ui(ui, lang, tickets, &newest, now, actions);
        earlier_ui(ui, lang, tickets, now, actions);
    });
    if tickets.qr_open {
        qr_ui(ui, lang, tickets, actions);
    }
}

/// Whether a note on it is to be begun.
fn newest_ui(
    ui: &mut Ui,
    lang: Lang,
    ticket: &Ticket,
    now: i64,
    actions: &mut Vec<Action>,
) -> bool {
    let state = ticket.state_at(now);
    let mut begins_note = false;
    card_ui(ui, |ui| {
        let digits: String = ticket.spoken.chars().filter(char::is_ascii_digit).collect();
        ui.vertical_centered(|ui| {
            ui.add_enabled_ui(state == TicketState::Open, |ui| {
                ticket_number_ui(ui, &digits)
            });
        });
        ui.add_space(2.0);
        guesses_ui(ui, lang, ticket, state);
        ui.horizontal(|ui| {
            state_ui(ui, lang, ticket, now);
            if state == TicketState::Open {
                let palette = Palette::of(ui);
                let left = valid_for(lang, ticket.seconds_left(now));
                ui.label(text(left, theme::SMALL_SIZE, theme::REGULAR, palette.dim));
            }
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                if state == TicketState::Open {
                    open_ticket_buttons_ui(ui, lang, ticket, actions);
                }
                let label = phrases::add_note(lang);
                let can = ticket.note.is_empty();
                begins_note = icon_button_ui(ui, Icon::StickyNote, label, can).clicked();
            });
        });
    });
    begins_note
}

/// What can be done with a ticket that is open, from right to left.
fn open_ticket_buttons_ui(ui: &mut Ui, lang: Lang, ticket: &Ticket, actions: &mut Vec<Action>) {
    let route = ticket.route;
    ui.spacing_mut().item_spacing.x = 2.0;
    if icon_button_ui(ui, Icon::Ban, w(lang, Word::RevokeTicket), true).clicked() {
        actions.push(Action::RevokeTicket { route });
    }
    let label = phrases::extend_ticket(lang);
    if icon_button_ui(ui, Icon::ClockPlus, label, true).clicked() {
        actions.push(Action::ExtendTicket { route });
    }
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
}

/// That somebody tried an open ticket with wrong digits.
fn guesses_ui(ui: &mut Ui, lang: Lang, ticket: &Ticket, state: TicketState) {
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
    choose_ui(ui, lang, tickets, actions);
    let field = Field::new(w(lang, Word::TicketText));
    text_area_ui(ui, &field, &mut tickets.text, 7);
    let open = newest.state_at(now) == TicketState::Open;
    ui.horizontal(|ui| {
        const QR_WIDTH: f32 = 38.0;
        let gaps = 2.0 * ui.spacing().item_spacing.x;
        let width = (ui.available_width() - gaps - QR_WIDTH) / 2.0;
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
        let has_link = !tickets.link.is_empty();
        let label = if has_link {
            phrases::link_qr(lang)
        } else {
            phrases::no_link(lang)
        };
        if icon_button_ui(ui, Icon::QrCode, label, open && has_link).clicked() {
            actions.push(Action::ShowQr(true));
        }
    });
    ui.add_space(2.0);
    edit_template_ui(ui, lang, tickets, actions);
}

/// Which of several texts counts.
fn choose_ui(ui: &mut Ui, lang: Lang, tickets: &Tickets, actions: &mut Vec<Action>) {
    let templates = &tickets.templates;
    if templates.own.is_empty() {
        return;
    }
    let house = (None, phrases::usual_text(lang));
    let own = templates.own.iter().enumerate();
    let own = own.map(|(place, template)| (Some(place), template.name.as_str()));
    let choices: Vec<_> = std::iter::once(house).chain(own).collect();
    let field = Field::new(phrases::template(lang));
    if let Some(chosen) = choice_ui(ui, &field, templates.chosen, &choices) {
        actions.push(Action::ChooseTemplate(chosen));
    }
}

fn edit_template_ui(ui: &mut Ui, lang: Lang, tickets: &Tickets, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let has_own = tickets.templates.chosen().is_some();
        if link_button_ui(ui, Some(Icon::Pencil), phrases::edit_template(lang)).clicked() {
            actions.push(Action::EditTemplate);
        }
        // from the house's text each is a new one anyway
        if has_own
            && tickets.templates.has_room()
            && link_button_ui(ui, Some(Icon::Plus), phrases::new_template(lang)).clicked()
        {
            actions.push(Action::NewTemplate);
        }
    });
}

fn qr_ui(ui: &Ui, lang: Lang, tickets: &Tickets, actions: &mut Vec<Action>) {
    let title = phrases::link_qr(lang);
    let icon = Some((Icon::QrCode, Tone::Accent));
    let dialog = dialog_ui(ui.ctx(), "qr", DialogSize::Small, icon, title, |ui| {
        let palette = Palette::of(ui);
        ui.vertical_centered(|ui| {
            if let Some(code) = Qr::of(&tickets.link) {
                code.ui(ui, 240.0);
            }
            let link = text(
                &*tickets.link,
                theme::SMALL_SIZE,
                theme::REGULAR,
                palette.dim,
            );
            ui.add(egui::Label::new(link).wrap());
        });
        ui.add_space(4.0);
        let note = phrases::link_qr_note(lang);
        ui.label(text(note, 14.0, theme::REGULAR, palette.text));
        ui.add_space(10.0);
        super::foot_ui(ui, |ui| {
            if ui.add(Push::primary(w(lang, Word::Close))).clicked() {
                actions.push(Action::ShowQr(false));
            }
        });
    });
    if dialog.should_close() {
        actions.push(Action::ShowQr(false));
    }
}

fn template_ui(
    ui: &mut Ui,
    lang: Lang,
    tickets: &mut Tickets,
    now: i64,
    actions: &mut Vec<Action>,
) {
    let example = example_of(tickets, now);
    let organisation = match tickets.organisation.as_str() {
        "" => phrases::your_help_desk(lang).to_owned(),
        name => name.to_owned(),
    };
    let places = Places {
        ticket: &example.0,
        page: &example.1,
        operator: phrases::your_name(lang),
        organisation: &organisation,
        minutes: example.2,
    };
    let Some(editing) = &mut tickets.templates.editing else {
        return;
    };
    let escaped = escaped(ui);
    let name = Field::new(phrases::template_name(lang)).hint(phrases::my_text(lang));
    text_field_ui(ui, &name, &mut editing.name);
    let missing = (!holds_ticket(&editing.text)).then(|| w(lang, Word::TicketTemplateMissing));
    let field = Field::new(phrases::edit_template(lang))
        .note(phrases::template_places(lang))
        .error(missing);
    text_area_ui(ui, &field, &mut editing.text, 7);
    ui.add_space(2.0);
    let keep = Push::primary(w(lang, Word::KeepAsTemplate)).wide();
    if ui.add(keep.enabled(missing.is_none())).clicked() {
        actions.push(Action::KeepTemplate);
    }
    let cancel = ui.add(Push::secondary(w(lang, Word::Cancel)).wide());
    if cancel.clicked() || escaped {
        actions.push(Action::CancelTemplate);
    }
    if link_button_ui(ui, Some(Icon::RotateCcw), w(lang, Word::RestoreTemplate)).clicked() {
        actions.push(Action::RestoreTemplate);
    }
    if editing.place.is_some()
        && link_button_ui(ui, Some(Icon::Trash2), phrases::remove_template(lang)).clicked()
    {
        actions.push(Action::RemoveTemplate);
    }
    ui.add_space(4.0);
    let palette = Palette::of(ui);
    let title = phrases::preview(lang);
    ui.label(text(title, theme::SMALL_SIZE, theme::SEMIBOLD, palette.dim));
    card_ui(ui, |ui| {
        let shown = filled(&editing.text, places);
        let shown = text(shown, theme::SMALL_SIZE, theme::REGULAR, palette.text);
        ui.add(egui::Label::new(shown).wrap());
    });
}

/// What a preview has in its places: ticket, page and minutes of the newest ticket, or made up.
fn example_of(tickets: &Tickets, now: i64) -> (String, String, u32) {
    let newest = tickets.newest();
    let ticket = newest.map_or_else(|| "482 913 0571".to_owned(), |t| t.spoken.clone());
    let page = tickets.page.clone().unwrap_or_default();
    (ticket, page, newest.map_or(15, |t| t.minutes_left(now)))
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
                    open_ticket_buttons_ui(ui, lang, ticket, actions);
                    let left = valid_for(lang, ticket.seconds_left(now));
                    ui.label(text(left, theme::SMALL_SIZE, theme::REGULAR, palette.dim));
                    return;
                }
                state_ui(ui, lang, ticket, now);
            });
        });
        guesses_ui(ui, lang, ticket, ticket.state_at(now));
        if !ticket.note.trim().is_empty() {
            let note = text(
                ticket.note.trim(),
                theme::SMALL_SIZE,
                theme::REGULAR,
                palette.dim,
            );
            ui.add(egui::Label::new(note).truncate());
        }
    }
}
