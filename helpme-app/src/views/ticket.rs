//! The ticket, the name and the button (H4).

use eframe::egui::{Align, Key, Layout, Ui};
use protocol::UpdateState;
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, divider_ui, escaped, feature_ui, heading_ui, link_button_ui,
    paste_into, text_field_ui, ticket_entry_ui, update_ui,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::{inquiry, problem_text};
use crate::state::{Action, FormProblem, TicketForm};

/// Draws the form, and below it what there is to say of a newer version; `busy` closes it.
pub(super) fn ticket_ui(
    ui: &mut Ui,
    lang: Lang,
    form: &mut TicketForm,
    update: Option<&UpdateState>,
    busy: bool,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    heading_ui(
        ui,
        w(lang, Word::LetSomeoneHelp),
        w(lang, Word::AskForTicket),
    );
    ui.add_space(10.0);

    let mut pastes = false;
    ui.horizontal(|ui| {
        let label = text(
            w(lang, Word::Ticket),
            theme::SMALL_SIZE,
            theme::MEDIUM,
            palette.text,
        );
        ui.label(label);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let icon = Some(Icon::ClipboardPaste);
            pastes = link_button_ui(ui, icon, w(lang, Word::Paste)).clicked() && !busy;
        });
    });
    ui.add_space(-2.0);
    let wrong = matches!(
        form.problem,
        Some(
            FormProblem::Refused(_)
                | FormProblem::Incomplete
                | FormProblem::Pasted(_)
                | FormProblem::Spent
        )
    );
    let digits_before = form.digits.clone();
    let entry = ui
        .add_enabled_ui(!busy, |ui| {
            ticket_entry_ui(ui, w(lang, Word::Ticket), &mut form.digits, wrong)
        })
        .inner;
    if form.digits != digits_before && wrong {
        form.problem = None;
    }
    if let Some(missing) = entry.refused {
        form.problem = Some(FormProblem::Pasted(missing));
    }
    let entry = entry.response;
    if pastes {
        paste_into(ui, &entry);
    }
    focus_once(ui, &entry);
    ui.add_space(6.0);

    let name = ui
        .add_enabled_ui(!busy, |ui| {
            let field = Field::new(w(lang, Word::YourName)).hint(w(lang, Word::YourNameHint));
            text_field_ui(ui, &field, &mut form.name)
        })
        .inner;
    ui.add_space(8.0);

    if let Some(problem) = &form.problem {
        let tone = match problem {
            FormProblem::NoHub | FormProblem::Incomplete | FormProblem::Pasted(_) => Tone::Warning,
            FormProblem::Spent
            | FormProblem::Refused(_)
            | FormProblem::Connect(_)
            | FormProblem::Lost(_) => Tone::Danger,
        };
        match &form.inquiry {
            Some(inquiry) => inquiry::inquiry_ui(ui, lang, problem, inquiry, actions),
            None => banner_ui(ui, tone, &problem_text(lang, problem)),
        }
        ui.add_space(6.0);
    }

    let label = w(lang, Word::Helpme);
    let button = Push::primary(label)
        .trailing_icon(Icon::ArrowRight)
        .large()
        .wide();
    let helpme = ui.add(button.enabled(!busy && form.is_complete()));
    let pressed = helpme.clicked();
    let told = ui.scope_id().with("problem told");
    let is_told = form.problem.is_some();
    let was_told =
        ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(told, false), is_told));
    if is_told && !was_told {
        // in a small window the sentence above the button may be out of sight
        helpme.scroll_to_me(Some(Align::Max));
    }
    let enter = ui.input(|input| input.key_pressed(Key::Enter));
    let typed = entry.has_focus() || entry.lost_focus() || name.has_focus() || name.lost_focus();
    if !busy && (pressed || (enter && typed)) {
        actions.push(Action::OpenTicket);
    }
    ui.add_space(14.0);
    if let Some(update) = update {
        // in sight, and below all that somebody in trouble needs
        let wish = update_ui(ui, lang, update, false);
        actions.extend(wish.map(Action::Update));
        ui.add_space(10.0);
    }
    promises_ui(ui, lang);
    ui.add_space(8.0);
    let (icon, advice) = (Icon::ShieldAlert, w(lang, Word::Swindlers));
    if link_button_ui(ui, Some(icon), advice).clicked() && !busy {
        actions.push(Action::ShowAdvice(true));
    }
}

/// Draws the form while the ticket is on its way; Escape is as **Cancel**.
pub(super) fn opening_ui(
    ui: &mut Ui,
    lang: Lang,
    form: &mut TicketForm,
    connected: bool,
    actions: &mut Vec<Action>,
) {
    let escaped = escaped(ui);
    let palette = Palette::of(ui);
    heading_ui(
        ui,
        w(lang, Word::LetSomeoneHelp),
        w(lang, Word::AskForTicket),
    );
    ui.add_space(22.0);
    ui.add_enabled_ui(false, |ui| {
        ticket_entry_ui(ui, w(lang, Word::Ticket), &mut form.digits, false);
    });
    ui.add_space(14.0);
    ui.horizontal(|ui| {
        ui.spinner();
        let word = if connected {
            Word::CheckingTicket
        } else {
            Word::Connecting
        };
        ui.label(text(
            w(lang, word),
            theme::BODY_SIZE,
            theme::MEDIUM,
            palette.text,
        ));
    });
    ui.add_space(10.0);
    let cancel = ui.add(Push::secondary(w(lang, Word::Cancel)).wide());
    if cancel.clicked() || escaped {
        actions.push(Action::Leave);
    }
}

fn promises_ui(ui: &mut Ui, lang: Lang) {
    card_ui(ui, |ui| {
        let (title, note) = (
            w(lang, Word::StayInControl),
            w(lang, Word::StayInControlNote),
        );
        feature_ui(ui, Icon::Hand, Tone::Accent, title, note);
        divider_ui(ui);
        let (title, note) = (
            w(lang, Word::NoPasswordsAsked),
            w(lang, Word::NoPasswordsAskedNote),
        );
        feature_ui(ui, Icon::ShieldCheck, Tone::Accent, title, note);
    });
}

/// The ticket has the focus when the page appears.
fn focus_once(ui: &Ui, entry: &eframe::egui::Response) {
    let id = entry.id.with("focused once");
    let pass = ui.ctx().cumulative_pass_nr();
    let last: Option<u64> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, pass));
    if last.is_none_or(|last| pass > last + 1) {
        entry.request_focus();
    }
}
