//! The log-in, and at the first start the set-up of the hub (O2, O5).

use egui::{Align, ScrollArea, Ui};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, check_ui, escaped, focus_and_select, heading_ui,
    link_button_ui, password_field_ui, text_field_ui,
};
use ui_kit::words::{address_wrong, invitation_wrong};
use ui_kit::{Icon, Tone, Word, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;
use crate::state::account::{Account, FormFaults, LogIn};
use ui_kit::Lang;

/// Width of the form, in points.
const WIDTH: f32 = 460.0;
/// Height of all of the set-up, with the bars above and below it.
const FULL_HEIGHT: f32 = 710.0;

/// Draws the form in the middle of the window.
pub fn log_in_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let account = &mut state.account;
    let dropped = ui.input(|input| {
        input
            .raw
            .dropped_files
            .first()
            .map(|file| file.path().to_owned())
    });
    if let Some(path) = dropped {
        actions.push(Action::ReadInvitation(path));
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_width();
        let width = WIDTH.min(room);
        ui.horizontal(|ui| {
            ui.add_space(((room - width) / 2.0).floor());
            ui.vertical(|ui| {
                ui.set_width(width);
                let spare = ui.ctx().content_rect().height() - FULL_HEIGHT;
                ui.add_space((spare / 2.0).clamp(6.0, 48.0));
                form_ui(ui, lang, account, actions);
                ui.add_space(16.0);
            });
        });
    });
}

fn form_ui(ui: &mut Ui, lang: Lang, account: &mut Account, actions: &mut Vec<Action>) {
    let faults = account.form.faults();
    // once shown, the set-up stays: what is typed may be sound half-way
    account.show_hub |= !faults.hub_is_sound();
    let set_up = account.show_hub;
    if set_up {
        heading_ui(ui, phrases::set_up_title(lang), phrases::set_up_note(lang));
    } else {
        let welcome = w(lang, Word::WelcomeBack);
        heading_ui(ui, welcome, w(lang, Word::LogInToStart));
    }
    ui.add_space(10.0);
    let told = ui.scope_id().with("problem told");
    let is_told = account.problem.is_some();
    let was_told =
        ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(told, false), is_told));
    if let Some(problem) = &account.problem {
        let shown = ui.scope(|ui| banner_ui(ui, Tone::Danger, problem));
        if !was_told {
            // **Cancel** may have moved it out of a small window
            shown.response.scroll_to_me(Some(Align::Center));
        }
        ui.add_space(2.0);
        if account.is_unreached {
            let label = w(lang, Word::CheckConnection);
            if link_button_ui(ui, Some(Icon::Stethoscope), label).clicked() {
                actions.push(Action::CheckConnection);
            }
            ui.add_space(6.0);
        }
    }
    let busy = account.log_in != LogIn::Out;
    if busy && account.code.is_some() {
        return code_ui(ui, lang, account, actions);
    }
    let escaped = escaped(ui);
    let shown = if account.show_faults {
        faults
    } else {
        FormFaults::default()
    };
    let mut entered = false;
    card_ui(ui, |ui| {
        ui.add_enabled_ui(!busy, |ui| {
            // the set-up has so much to say that a small window would not hold its button
            ui.spacing_mut().item_spacing.y = if set_up { 8.0 } else { 12.0 };
            if set_up {
                entered |= hub_ui(ui, lang, account, shown);
            }
            entered |= person_ui(ui, lang, account, shown, set_up);
        });
    });
    ui.add_space(6.0);
    let label = if busy {
        w(lang, Word::LoggingIn)
    } else {
        w(lang, Word::LogIntoService)
    };
    let button = Push::primary(label)
        .trailing_icon(Icon::ArrowRight)
        .large()
        .wide();
    if ui.add(button.enabled(!busy)).clicked() || (entered && !busy) {
        actions.push(Action::LogIn);
    }
    if busy || account.before_change.is_some() {
        let cancel = ui.add(Push::quiet(w(lang, Word::Cancel)).wide());
        if busy && !ui.clip_rect().contains_rect(cancel.rect) {
            // it came below a form that may have filled the window
            cancel.scroll_to_me(None);
        }
        match cancel.clicked() || escaped {
            true if busy => actions.push(Action::LogOut),
            true => account.keep_hub(),
            false => {}
        }
    } else if !set_up {
        ui.add_space(2.0);
        ui.vertical_centered(|ui| {
            if link_button_ui(ui, Some(Icon::Server), phrases::change_hub(lang)).clicked() {
                account.change_hub();
            }
        });
    }
}

/// The code of the second factor, when the password was right.
fn code_ui(ui: &mut Ui, lang: Lang, account: &mut Account, actions: &mut Vec<Action>) {
    let Some(code) = &mut account.code else {
        return;
    };
    let mut entered = false;
    card_ui(ui, |ui| {
        let field = Field::new(phrases::code(lang))
            .hint("123 456")
            .note(phrases::code_note(lang));
        let response = text_field_ui(ui, &field, code);
        entered |= entered_in(ui, &response);
        if code.is_empty() && !response.has_focus() {
            response.request_focus();
        }
    });
    ui.add_space(6.0);
    let label = w(lang, Word::LogIntoService);
    let button = Push::primary(label).large().wide();
    let is_typed = !code.trim().is_empty();
    if (ui.add(button.enabled(is_typed)).clicked() || entered) && is_typed {
        actions.push(Action::GiveCode);
    }
    let cancel = ui.add(Push::quiet(w(lang, Word::Cancel)).wide());
    if cancel.clicked() || escaped(ui) {
        actions.push(Action::LogOut);
    }
}

/// Whether Enter was pressed in one of the fields.
fn hub_ui(ui: &mut Ui, lang: Lang, account: &mut Account, faults: FormFaults) -> bool {
    const PORT_WIDTH: f32 = 92.0;
    let form = &mut account.form;
    let fault = form.invitation().and_then(Result::err);
    let invitation = Field::new(phrases::invitation(lang))
        .hint(phrases::invitation_hint(lang))
        .error(fault.map(|fault| invitation_wrong(lang, fault)));
    let response = text_field_ui(ui, &invitation, &mut form.invitation);
    if response.changed() {
        form.take_invitation();
    }
    let mut entered = entered_in(ui, &response);
    ui.horizontal_top(|ui| {
        let gap = ui.spacing().item_spacing.x;
        let address = Field::new(w(lang, Word::ServerAddress))
            .hint("hub.example.org")
            .error(faults.host.map(|fault| address_wrong(lang, fault)))
            .width(ui.available_width() - PORT_WIDTH - gap);
        let response = text_field_ui(ui, &address, &mut form.host);
        if response.lost_focus() {
            form.take_address_apart();
        }
        entered |= entered_in(ui, &response);
        let port = Field::new(w(lang, Word::Port))
            .width(PORT_WIDTH)
            .error(faults.port.then(|| w(lang, Word::PortWrong)));
        let response = text_field_ui(ui, &port, &mut form.port);
        entered |= entered_in(ui, &response);
    });
    let fingerprint = Field::new(w(lang, Word::HubFingerprint))
        .hint(phrases::fingerprint_place(lang))
        .error(faults.fingerprint.then(|| phrases::fingerprint_wrong(lang)));
    let response = text_field_ui(ui, &fingerprint, &mut form.fingerprint);
    entered | entered_in(ui, &response)
}

/// Name and password; side by side below the set-up, which is long enough.
fn person_ui(
    ui: &mut Ui,
    lang: Lang,
    account: &mut Account,
    faults: FormFaults,
    side_by_side: bool,
) -> bool {
    let form = &mut account.form;
    let is_new = matches!(form.invitation(), Some(Ok(_)));
    let label = if is_new {
        phrases::new_password(lang)
    } else {
        w(lang, Word::Password)
    };
    let mut fields_ui = |ui: &mut Ui, width: f32| {
        let user = Field::new(w(lang, Word::UserName))
            .error(faults.user.then(|| w(lang, Word::Required)))
            .width(width);
        let user = text_field_ui(ui, &user, &mut form.user);
        let password = Field::new(label)
            .error(faults.password.then(|| phrases::password_missing(lang)))
            .width(width);
        let password = password_field_ui(ui, lang, &password, &mut form.password);
        let entered = entered_in(ui, &user) | entered_in(ui, &password);
        (entered, password)
    };
    let room = ui.available_width();
    let (entered, response) = if side_by_side {
        let width = (room - ui.spacing().item_spacing.x) / 2.0;
        ui.horizontal_top(|ui| fields_ui(ui, width)).inner
    } else {
        fields_ui(ui, room)
    };
    if account.retype_password && ui.is_enabled() {
        account.retype_password = false;
        focus_and_select(ui, &response, &form.password);
    }
    let place = Some(account.password_place.as_str()).filter(|place| !place.is_empty());
    let remember = w(lang, Word::RememberPassword);
    check_ui(ui, &mut form.remember_password, remember, place);
    if !form.remember_password {
        form.connect_on_start = false;
    }
    ui.add_enabled_ui(form.remember_password, |ui| {
        let note = Some(w(lang, Word::ConnectOnStartUpNote));
        check_ui(
            ui,
            &mut form.connect_on_start,
            w(lang, Word::ConnectOnStartUp),
            note,
        );
    });
    entered
}

fn entered_in(ui: &Ui, response: &egui::Response) -> bool {
    response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}
