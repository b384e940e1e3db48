//! The question of the network's proxy who signs in (R3), for somebody who has never heard of one.

use std::fmt;

use egui::{Align, Layout, ScrollArea, Ui};
use protocol::{ProxyAddress, ProxyError, ProxyLogin};
use zeroize::Zeroizing;

use crate::fonts::Icon;
use crate::theme::{self, Palette, Tone, text};
use crate::widgets::{
    DialogSize, Field, Push, banner_ui, dialog_ui, entered_in_field, escaped_from,
    password_field_ui, text_field_ui,
};
use crate::words::{Lang, Word, w};

/// What is typed there. Nothing of it is kept on the disk.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyForm {
    /// Who asks.
    pub proxy: ProxyAddress,
    pub user: String,
    pub password: Zeroizing<String>,
    /// What was typed was refused.
    pub refused: bool,
}

/// What somebody wants to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyAnswer {
    /// Sign in with what is typed.
    SignIn,
    /// Not at all.
    Leave,
}

impl fmt::Debug for ProxyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyForm")
            .field("proxy", &self.proxy)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl ProxyForm {
    /// The form, if `error` is that a proxy asks. What stood in the one `before` is kept.
    pub fn of(error: &ProxyError, before: Option<Self>) -> Option<Self> {
        let (proxy, refused) = match error {
            ProxyError::AsksForLogin { proxy } => (proxy, false),
            ProxyError::LoginRefused { proxy } => (proxy, true),
            ProxyError::NoAnswer { .. }
            | ProxyError::UnknownSignIn { .. }
            | ProxyError::NotAllowed { .. }
            | ProxyError::HubNotReached { .. }
            | ProxyError::NoProxy { .. }
            | ProxyError::WantsAccount { .. } => return None,
        };
        let before = before.filter(|before| before.proxy == *proxy);
        let (user, password) = before.map(|b| (b.user, b.password)).unwrap_or_default();
        Some(Self {
            proxy: proxy.clone(),
            user,
            password,
            refused,
        })
    }

    /// Whether there is something to send.
    pub fn is_complete(&self) -> bool {
        !self.user.trim().is_empty() && !self.password.is_empty()
    }

    /// What is typed, if that can be sent.
    pub fn login(&mut self) -> Option<ProxyLogin> {
        if !self.is_complete() {
            return None;
        }
        let login = ProxyLogin::new(self.user.trim(), &self.password).ok();
        // longer than any that a proxy takes
        self.refused = login.is_none();
        login
    }
}

/// Draws the question as a dialog; what was answered.
pub fn proxy_form_ui(ui: &mut Ui, lang: Lang, form: &mut ProxyForm) -> Option<ProxyAnswer> {
    /// The title, the buttons and the margins.
    const AROUND: f32 = 190.0;
    let mut answer = None;
    let icon = Some((Icon::ShieldCheck, Tone::Accent));
    let height = (ui.ctx().content_rect().height() - AROUND).max(120.0);
    let content = |ui: &mut Ui| {
        ScrollArea::vertical()
            .max_height(height)
            .show(ui, |ui| content_ui(ui, lang, form));
        ui.add_space(8.0);
        let entered = entered_in_field(ui);
        ui.horizontal(|ui| {
            let layout = Layout::right_to_left(Align::Center);
            ui.with_layout(layout, |ui| {
                let ready = form.is_complete();
                let connect = Push::primary(w(lang, Word::ConnectNow)).enabled(ready);
                if ui.add(connect).clicked() || (entered && ready) {
                    answer = Some(ProxyAnswer::SignIn);
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    answer = Some(ProxyAnswer::Leave);
                }
            });
        });
    };
    let title = w(lang, Word::ProxyAsks);
    let shown = dialog_ui(ui.ctx(), "proxy", DialogSize::Small, icon, title, content);
    if escaped_from(&shown) {
        answer = Some(ProxyAnswer::Leave);
    }
    answer
}

fn content_ui(ui: &mut Ui, lang: Lang, form: &mut ProxyForm) {
    let dim = Palette::of(ui).dim;
    let small = |words: &str| text(words, theme::SMALL_SIZE, theme::REGULAR, dim);
    ui.label(w(lang, Word::ProxyAsksNote));
    ui.add_space(6.0);
    if form.refused {
        banner_ui(ui, Tone::Danger, w(lang, Word::ProxyRefused));
        ui.add_space(6.0);
    }
    let user = text_field_ui(ui, &Field::new(w(lang, Word::UserName)), &mut form.user);
    let field = Field::new(w(lang, Word::Password)).note(w(lang, Word::ProxyAsksPromise));
    password_field_ui(ui, lang, &field, &mut form.password);
    if ui.memory(|memory| memory.focused().is_none()) {
        user.request_focus();
    }
    ui.add_space(4.0);
    ui.label(small(w(lang, Word::ProxyAsksUnknown)));
    ui.label(small(&format!("Proxy {}", form.proxy)));
}
