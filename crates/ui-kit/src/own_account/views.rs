//! How the dialog is drawn.

use egui::{Context, Label, RichText, ScrollArea, Ui};
use protocol::admin::people::SignInKind;
use protocol::{OwnQuestion, OwnSignIn};

use super::{Asked, Done, Fault, OwnForm, OwnPart, OwnWish, Place, Stage, typed_key};
use crate::clock::Clock;
use crate::fonts::Icon;
use crate::theme::{self, Palette, Tone, text};
use crate::widgets::{
    DialogSize, Field, Leading, Push, Row, banner_ui, dialog_buttons_ui, dialog_ui,
    entered_in_field, escaped_from, icon_button_ui, link_button_ui, password_field_ui, row_ui,
    segments_ui, text_field_ui,
};
use crate::words::{
    Lang, Word, name_alone, password_at_least, password_too_short, recovery_codes_left,
    refusal_text, sign_in_times, w,
};

/// Height of what stands around the part that scrolls, in points.
const AROUND: f32 = 262.0;
/// Side of the QR code, in points.
const QR_SIDE: f32 = 160.0;

impl OwnForm {
    /// Draws the dialog. `reachable` says whether there is a line to the hub now.
    pub fn ui(&mut self, ctx: &Context, lang: Lang, clock: Clock, reachable: bool) -> Vec<OwnWish> {
        let mut wishes = Vec::new();
        if self.is_old && reachable && self.asked.is_none() {
            self.is_old = false;
            self.asked = Some(Asked::Show);
            wishes.push(OwnWish::Ask(OwnQuestion::Show));
        }
        let icon = Some((Icon::UserRound, Tone::Accent));
        let title = w(lang, Word::YourAccount);
        let size = DialogSize::Medium;
        let dialog = dialog_ui(ctx, "own account", size, icon, title, |ui| {
            self.head_ui(ui, lang);
            let height = (ui.ctx().content_rect().height() - AROUND).max(120.0);
            let scroll = ScrollArea::vertical().id_salt(self.part as u8);
            scroll.max_height(height).show(ui, |ui| {
                // room for the scroll bar
                let margin = egui::Margin {
                    right: 10,
                    ..egui::Margin::ZERO
                };
                egui::Frame::new().inner_margin(margin).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 10.0;
                    self.told_ui(ui, lang);
                    match self.part {
                        OwnPart::Password => self.password_ui(ui, lang),
                        OwnPart::SecondFactor => self.factor_ui(ui, lang, reachable, &mut wishes),
                        OwnPart::SignIns => {
                            self.sign_ins_ui(ui, lang, clock, reachable, &mut wishes);
                        }
                    }
                });
            });
            let entered = entered_in_field(ui) && reachable && !self.is_busy();
            self.foot_ui(ui, lang, reachable, entered, &mut wishes);
        });
        if escaped_from(&dialog) && self.may_close() {
            wishes.push(OwnWish::Close);
        }
        wishes
    }

    /// What is shown once is put away with its button, and not by a slip.
    fn may_close(&self) -> bool {
        !self.is_busy() && !matches!(self.factor.stage, Stage::Codes(_))
    }

    fn head_ui(&mut self, ui: &mut Ui, lang: Lang) {
        // an empty line until it is known, so that nothing moves then
        let who = self
            .name()
            .map_or_else(String::new, |(name, display_name)| {
                let shown = name_alone(lang, display_name);
                if display_name == name {
                    shown
                } else {
                    format!("{shown}  ·  {}", name_alone(lang, name))
                }
            });
        let palette = Palette::of(ui);
        ui.add(Label::new(text(who, 13.5, theme::REGULAR, palette.dim)).truncate());
        let parts = [
            (OwnPart::Password, w(lang, Word::Password)),
            (OwnPart::SecondFactor, w(lang, Word::SecondFactor)),
            (OwnPart::SignIns, w(lang, Word::SignIns)),
        ];
        let fixed = matches!(self.factor.stage, Stage::Codes(_));
        ui.add_enabled_ui(!fixed, |ui| {
            if let Some(part) = segments_ui(ui, self.part, &parts)
                && part != self.part
            {
                self.set_part(part);
            }
        });
        ui.add_space(6.0);
    }

    /// What was done, or why nothing was.
    fn told_ui(&self, ui: &mut Ui, lang: Lang) {
        if let Some((Place::Top, fault)) = self.fault {
            banner_ui(ui, Tone::Danger, &fault_text(lang, fault));
        }
        let done = match self.done {
            Some(Done::PasswordChanged) => Word::OwnPasswordChanged,
            Some(Done::SecondFactorRemoved) => Word::SecondFactorRemoved,
            Some(Done::SignedOutThere) => Word::SignedOutThere,
            None => return,
        };
        banner_ui(ui, Tone::Good, w(lang, done));
    }

    fn error_at(&self, lang: Lang, place: Place) -> Option<String> {
        let (at, fault) = self.fault?;
        (at == place).then(|| fault_text(lang, fault))
    }

    /// Gives the keyboard to the field that was just drawn, if it is to have it; and what was wrong with
    /// what stood in it is over when something else is typed.
    fn after_field(&mut self, response: &egui::Response, place: Place) {
        if self.focus == Some(place) {
            response.request_focus();
            if self.fault.is_some() {
                response.scroll_to_me(None);
            }
            self.focus = None;
        }
        if response.changed() {
            self.done = None;
            if self.fault.is_some_and(|(at, _)| at == place) {
                self.fault = None;
            }
        }
    }

    fn password_ui(&mut self, ui: &mut Ui, lang: Lang) {
        let error = self.error_at(lang, Place::Old);
        let field = Field::new(w(lang, Word::PresentPassword)).error(error.as_deref());
        let response = password_field_ui(ui, lang, &field, &mut self.old.0);
        self.after_field(&response, Place::Old);
        if self.has_second_factor() {
            let error = self.error_at(lang, Place::Code);
            let field = code_field(lang, error.as_deref());
            let response = text_field_ui(ui, &field, &mut self.code.0);
            self.after_field(&response, Place::Code);
        }
        let error = self.error_at(lang, Place::New);
        let least = self.account.as_ref().map(|a| a.password_chars);
        let note = least.map_or_else(String::new, |least| password_at_least(lang, least));
        let field = Field::new(w(lang, Word::NewPassword))
            .note(&note)
            .error(error.as_deref());
        let response = password_field_ui(ui, lang, &field, &mut self.new.0);
        self.after_field(&response, Place::New);
        let error = self.error_at(lang, Place::Again);
        let field = Field::new(w(lang, Word::NewPasswordAgain)).error(error.as_deref());
        let response = password_field_ui(ui, lang, &field, &mut self.again.0);
        self.after_field(&response, Place::Again);
    }

    fn factor_ui(&mut self, ui: &mut Ui, lang: Lang, reachable: bool, wishes: &mut Vec<OwnWish>) {
        match &self.factor.stage {
            Stage::Rest => self.factor_at_rest_ui(ui, lang, reachable, wishes),
            Stage::Shown { .. } => self.shown_ui(ui, lang, wishes),
            Stage::Codes(codes) => codes_ui(ui, lang, codes, wishes),
        }
    }

    fn factor_at_rest_ui(
        &mut self,
        ui: &mut Ui,
        lang: Lang,
        reachable: bool,
        wishes: &mut Vec<OwnWish>,
    ) {
        let Some(account) = &self.account else {
            return;
        };
        let has_one = account.has_second_factor;
        let must_have_one = account.must_have_second_factor;
        if has_one {
            let left = recovery_codes_left(lang, account.recovery_codes_left);
            note_ui(ui, &format!("{} {left}", w(lang, Word::SecondFactorOn)));
        } else {
            note_ui(ui, w(lang, Word::SecondFactorNone));
        }
        let error = self.error_at(lang, Place::Old);
        let field = Field::new(w(lang, Word::PresentPassword)).error(error.as_deref());
        let response = password_field_ui(ui, lang, &field, &mut self.factor.password.0);
        self.after_field(&response, Place::Old);
        if !has_one {
            return;
        }
        let error = self.error_at(lang, Place::Code);
        let field = code_field(lang, error.as_deref());
        let response = text_field_ui(ui, &field, &mut self.factor.code.0);
        self.after_field(&response, Place::Code);
        let off = self.why_not(lang, reachable);
        ui.horizontal_wrapped(|ui| {
            let renew = Push::secondary(w(lang, Word::NewRecoveryCodes)).unless(off);
            if ui.add(renew).clicked() {
                wishes.extend(self.prove(Asked::Renew));
            }
            let anew = Push::secondary(w(lang, Word::SetUpAnew)).unless(off);
            if ui.add(anew).clicked() {
                wishes.extend(self.prove(Asked::Begin));
            }
            let demanded = must_have_one.then(|| w(lang, Word::SecondFactorDemanded));
            let remove = Push::danger(w(lang, Word::RemoveIt)).unless(off.or(demanded));
            if ui.add(remove).clicked() {
                wishes.extend(self.prove(Asked::Remove));
            }
        });
        if must_have_one {
            note_ui(ui, w(lang, Word::SecondFactorDemanded));
        }
    }

    fn shown_ui(&mut self, ui: &mut Ui, lang: Lang, wishes: &mut Vec<OwnWish>) {
        note_ui(ui, w(lang, Word::ScanWithApp));
        let error = self.error_at(lang, Place::Confirm);
        let Stage::Shown { address, qr, code } = &mut self.factor.stage else {
            return;
        };
        let palette = Palette::of(ui);
        let key = typed_key(address);
        // side by side, so that a small window shows all of it
        ui.horizontal_top(|ui| {
            if let Some(qr) = qr {
                qr.ui(ui, QR_SIDE);
                ui.add_space(6.0);
            }
            ui.vertical(|ui| {
                // two lines of four groups
                ui.set_max_width(180.0);
                ui.add_space(16.0);
                let label = w(lang, Word::KeyForApp);
                ui.label(text(label, theme::SMALL_SIZE, theme::MEDIUM, palette.text));
                let mono = RichText::new(&key).monospace().color(palette.text);
                ui.add(Label::new(mono).wrap().selectable(true));
                if link_button_ui(ui, Some(Icon::Copy), w(lang, Word::CopyKey)).clicked() {
                    wishes.push(OwnWish::Copy(key.replace(' ', "")));
                }
            });
        });
        let field = Field::new(w(lang, Word::CodeOfApp)).error(error.as_deref());
        let response = text_field_ui(ui, &field, &mut code.0);
        self.after_field(&response, Place::Confirm);
    }

    fn sign_ins_ui(
        &mut self,
        ui: &mut Ui,
        lang: Lang,
        clock: Clock,
        reachable: bool,
        wishes: &mut Vec<OwnWish>,
    ) {
        note_ui(ui, w(lang, Word::SignInsNote));
        let rows = self.account.as_ref().map(|a| a.sign_ins.clone());
        ui.spacing_mut().item_spacing.y = 2.0;
        for row in rows.unwrap_or_default() {
            let may_end = reachable && !self.is_busy();
            if sign_in_ui(ui, lang, clock, &row, may_end) {
                let sign_in = row.sign_in;
                wishes.push(self.ask(Asked::End, OwnQuestion::EndSignIn { sign_in }));
            }
        }
    }

    /// Why nothing can be asked now.
    fn why_not(&self, lang: Lang, reachable: bool) -> Option<&'static str> {
        if !reachable {
            Some(w(lang, Word::Reconnecting))
        } else if self.is_busy() || self.account.is_none() {
            Some(w(lang, Word::AskingHub))
        } else {
            None
        }
    }

    fn foot_ui(
        &mut self,
        ui: &mut Ui,
        lang: Lang,
        reachable: bool,
        entered: bool,
        wishes: &mut Vec<OwnWish>,
    ) {
        let off = self.why_not(lang, reachable);
        let has_one = self.has_second_factor();
        dialog_buttons_ui(ui, |ui| {
            let go = |ui: &mut Ui, word| {
                let push = Push::primary(w(lang, word)).unless(off);
                ui.add(push).clicked() || entered
            };
            match (self.part, &self.factor.stage) {
                (OwnPart::Password, _) => {
                    if go(ui, Word::ChangePassword) {
                        wishes.extend(self.change_password());
                    }
                }
                (OwnPart::SecondFactor, Stage::Rest) if !has_one => {
                    if go(ui, Word::SetItUp) {
                        wishes.extend(self.prove(Asked::Begin));
                    }
                }
                (OwnPart::SecondFactor, Stage::Shown { .. }) => {
                    if go(ui, Word::Confirm) {
                        wishes.extend(self.confirm());
                    }
                    let back = Push::secondary(w(lang, Word::Cancel)).enabled(!self.is_busy());
                    if ui.add(back).clicked() {
                        self.factor.stage = Stage::Rest;
                        self.fault = None;
                    }
                    return;
                }
                (OwnPart::SecondFactor, Stage::Codes(_)) => {
                    if ui.add(Push::primary(w(lang, Word::KeptThem))).clicked() {
                        self.factor.stage = Stage::Rest;
                    }
                    return;
                }
                (OwnPart::SecondFactor, Stage::Rest) | (OwnPart::SignIns, _) => {}
            }
            let close = Push::secondary(w(lang, Word::Close)).enabled(!self.is_busy());
            if ui.add(close).clicked() {
                wishes.push(OwnWish::Close);
            }
        });
    }
}

fn code_field(lang: Lang, error: Option<&str>) -> Field<'_> {
    Field::new(w(lang, Word::SecondFactorCode))
        .note(w(lang, Word::SecondFactorCodeNote))
        .error(error)
}

fn note_ui(ui: &mut Ui, note: &str) {
    let palette = Palette::of(ui);
    ui.add(Label::new(text(note, 13.5, theme::REGULAR, palette.dim)).wrap());
}

fn codes_ui(ui: &mut Ui, lang: Lang, codes: &[String], wishes: &mut Vec<OwnWish>) {
    banner_ui(ui, Tone::Warning, w(lang, Word::RecoveryCodesOnce));
    note_ui(ui, w(lang, Word::RecoveryCodesKeep));
    let palette = Palette::of(ui);
    let lines: Vec<String> = codes.chunks(2).map(|two| two.join("    ")).collect();
    let mono = RichText::new(lines.join("\n"))
        .monospace()
        .color(palette.text);
    ui.add(Label::new(mono).wrap().selectable(true));
    if link_button_ui(ui, Some(Icon::Copy), w(lang, Word::CopyCodes)).clicked() {
        wishes.push(OwnWish::Copy(codes.join("\n")));
    }
}

/// Whether it is to end.
fn sign_in_ui(ui: &mut Ui, lang: Lang, clock: Clock, row: &OwnSignIn, may_end: bool) -> bool {
    let icon = match row.kind {
        SignInKind::Console => Icon::MonitorUp,
        SignInKind::Administration => Icon::ShieldCheck,
    };
    let title = format!("{}  ·  {}", row.address, row.program);
    let at = |millis: i64| clock.since(millis.div_euclid(1000));
    let used = row.last_used_unix_millis.map(at);
    let detail = sign_in_times(lang, &at(row.since_unix_millis), used.as_deref());
    let shown = Row {
        leading: Leading::Icon(icon, Tone::Accent),
        title: &title,
        detail: &detail,
        badge: row.is_this.then(|| (w(lang, Word::ThisSignIn), Tone::Good)),
        trailing: "",
        selected: false,
        away: false,
    };
    if row.is_this {
        row_ui(ui, &shown);
        return false;
    }
    ui.horizontal(|ui| {
        let width = ui.available_width() - 44.0;
        ui.scope(|ui| {
            ui.set_max_width(width);
            row_ui(ui, &shown);
        });
        icon_button_ui(ui, Icon::LogOut, w(lang, Word::SignOutThere), may_end).clicked()
    })
    .inner
}

fn fault_text(lang: Lang, fault: Fault) -> String {
    let word = match fault {
        Fault::Missing => Word::Required,
        Fault::TooShort(least) => return password_too_short(lang, least),
        Fault::NotTheSame => Word::NotTheSame,
        Fault::NotYours => Word::NotYourPassword,
        Fault::CodeWrong => Word::CodeNotRight,
        Fault::ShownTooLongAgo => Word::KeyShownTooLongAgo,
        Fault::LineLost => Word::LostBeforeAnswer,
        Fault::Refused(refusal) => return refusal_text(lang, refusal),
    };
    w(lang, word).to_owned()
}
