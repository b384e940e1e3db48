//! The sign-in.

use egui::{CentralPanel, Frame, Margin, Response, ScrollArea, Ui};
use ui_kit::widgets::{
    Field, Push, banner_ui, card_ui, escaped, focus_and_select, heading_ui, icon_button_ui,
    logo_ui, password_field_ui, text_field_ui,
};
use ui_kit::words::{address_wrong, invitation_wrong};
use ui_kit::{
    Icon, Palette, ProxyAnswer, ThemeChoice, Tone, Word, proxy_form_ui, text, text_size_button_ui,
    theme, w,
};

use crate::state::{Standing, State, Wish};
use crate::words::{Say, s};

/// Width of the form, in points.
const WIDTH: f32 = 440.0;

pub(super) fn sign_in_ui(ui: &mut Ui, state: &mut State) {
    page_ui(ui, state);
    let lang = state.lang;
    let is_out = state.standing == Standing::Out;
    let form = state.sign_in.proxy.as_mut().filter(|_| is_out);
    match form.and_then(|form| proxy_form_ui(ui, lang, form)) {
        Some(ProxyAnswer::SignIn) => state.wish(Wish::SignIn),
        Some(ProxyAnswer::Leave) => state.sign_in.proxy = None,
        None => {}
    }
}

fn page_ui(ui: &mut Ui, state: &mut State) {
    let palette = Palette::of(ui);
    CentralPanel::default()
        .frame(
            Frame::new()
                .fill(palette.background)
                .inner_margin(Margin::symmetric(24, 16)),
        )
        .show(ui, |ui| {
            top_ui(ui, state);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let room = ui.available_width();
                let width = WIDTH.min(room);
                ui.horizontal(|ui| {
                    ui.add_space(((room - width) / 2.0).floor());
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        ui.add_space((ui.ctx().content_rect().height() * 0.05).min(56.0));
                        form_ui(ui, state);
                        ui.add_space(16.0);
                    });
                });
            });
        });
}

fn top_ui(ui: &mut Ui, state: &mut State) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        logo_ui(ui, 34.0);
        ui.add_space(4.0);
        let name = w(state.lang, Word::PureHelpDesk);
        ui.label(text(name, 16.0, theme::BOLD, palette.text));
        let part = s(state.lang, Say::Administration);
        ui.label(text(part, 14.0, theme::REGULAR, palette.dim));
        super::at_right_ui(ui, |ui| appearance_ui(ui, state));
    });
}

/// Light or dark, and the language.
pub(super) fn appearance_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let icon = if ui.visuals().dark_mode {
        Icon::Sun
    } else {
        Icon::Moon
    };
    if icon_button_ui(ui, icon, w(lang, Word::SwitchTheme), true).clicked() {
        state.wish(Wish::SetTheme(ThemeChoice::opposite_of_shown(ui.ctx())));
    }
    if let Some(size) = text_size_button_ui(ui, lang, state.text_size) {
        state.wish(Wish::SetTextSize(size));
    }
    let other = match lang {
        ui_kit::Lang::En => ui_kit::Lang::It,
        ui_kit::Lang::It => ui_kit::Lang::En,
    };
    if icon_button_ui(ui, Icon::Languages, other.own_name(), true).clicked() {
        state.wish(Wish::SetLang(other));
    }
}

/// The code of the second factor.
fn code_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::CodeTitle), s(lang, Say::CodeNote));
    ui.add_space(10.0);
    let escaped = escaped(ui);
    let mut entered = false;
    card_ui(ui, |ui| {
        let field = Field::new(s(lang, Say::CodeTitle)).hint("123 456");
        let response = text_field_ui(ui, &field, &mut state.sign_in.code);
        if ui.memory(|memory| memory.focused().is_none()) {
            response.request_focus();
        }
        entered = entered_in(ui, &response);
    });
    ui.add_space(6.0);
    let button = Push::primary(s(lang, Say::GoOn)).large().wide();
    let is_empty = state.sign_in.code.trim().is_empty();
    if ui.add(button.enabled(!is_empty)).clicked() || (entered && !is_empty) {
        state.wish(Wish::GiveCode);
    }
    let cancel = ui.add(Push::quiet(w(lang, Word::Cancel)).wide());
    if cancel.clicked() || escaped {
        state.wish(Wish::CancelSignIn);
    }
}

fn form_ui(ui: &mut Ui, state: &mut State) {
    if state.standing == Standing::GivingCode {
        return code_ui(ui, state);
    }
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::SignInTitle), s(lang, Say::SignInNote));
    ui.add_space(10.0);
    if let Some(problem) = &state.sign_in.problem {
        banner_ui(ui, Tone::Danger, problem);
        ui.add_space(2.0);
    }
    let busy = state.standing == Standing::SigningIn;
    let escaped = escaped(ui);
    let mut entered = false;
    card_ui(ui, |ui| {
        ui.add_enabled_ui(!busy, |ui| {
            ui.spacing_mut().item_spacing.y = 12.0;
            entered = fields_ui(ui, state);
        });
    });
    ui.add_space(6.0);
    let label = if busy { Say::SigningIn } else { Say::SignIn };
    let button = Push::primary(s(lang, label))
        .trailing_icon(Icon::ArrowRight)
        .large()
        .wide();
    if ui.add(button.enabled(!busy)).clicked() || (entered && !busy) {
        state.wish(Wish::SignIn);
    }
    if busy {
        let cancel = ui.add(Push::quiet(w(lang, Word::Cancel)).wide());
        if cancel.clicked() || escaped {
            state.wish(Wish::CancelSignIn);
        }
    }
}

/// Whether Enter was pressed in one of them.
fn fields_ui(ui: &mut Ui, state: &mut State) -> bool {
    let lang = state.lang;
    let form = &mut state.sign_in;
    let shown = form.show_faults;
    let mut entered = false;
    let fault = form.invitation().and_then(Result::err);
    let invitation = Field::new(s(lang, Say::Invitation))
        .hint(s(lang, Say::InvitationHint))
        .error(fault.map(|fault| invitation_wrong(lang, fault)));
    let response = text_field_ui(ui, &invitation, &mut form.invitation);
    if response.changed() {
        form.take_invitation();
    }
    entered |= entered_in(ui, &response);
    let fault = form.address().err().filter(|_| shown);
    let address = Field::new(w(lang, Word::ServerAddress))
        .hint("hub.example.org")
        .error(fault.map(|fault| address_wrong(lang, fault)));
    let response = text_field_ui(ui, &address, &mut form.hub);
    entered |= entered_in(ui, &response);
    let is_wrong = shown && form.pin().is_none();
    let fingerprint = Field::new(w(lang, Word::HubFingerprint))
        .hint(s(lang, Say::FingerprintPlace))
        .note(s(lang, Say::FingerprintNote))
        .error(is_wrong.then(|| s(lang, Say::FingerprintWrong)));
    let response = text_field_ui(ui, &fingerprint, &mut form.fingerprint);
    entered |= entered_in(ui, &response);
    let required = Some(w(lang, Word::Required));
    let is_missing = shown && form.user.trim().is_empty();
    let user = Field::new(w(lang, Word::UserName)).error(required.filter(|_| is_missing));
    let response = text_field_ui(ui, &user, &mut form.user);
    entered |= entered_in(ui, &response);
    let is_missing = shown && form.password.is_empty();
    let is_new = matches!(form.invitation(), Some(Ok(_)));
    let label = if is_new {
        s(lang, Say::NewPassword)
    } else {
        w(lang, Word::Password)
    };
    let password = Field::new(label).error(required.filter(|_| is_missing));
    let response = password_field_ui(ui, lang, &password, &mut form.password);
    if form.retype && ui.is_enabled() {
        form.retype = false;
        focus_and_select(ui, &response, &form.password);
    }
    entered | entered_in(ui, &response)
}

fn entered_in(ui: &Ui, response: &Response) -> bool {
    response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}
