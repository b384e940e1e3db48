//! **Check the connection**: the doctor is sent, listened to, and called back.

use egui::Context;
use ui_kit::words::doctor_text;
use ui_kit::{Examination, Tone, Word, w};

use super::ConsoleApp;
use crate::backend::program;

impl ConsoleApp {
    /// Looks at the ways to the hub that stands in the form in front: the settings with their proxies, or the
    /// log-in.
    pub(super) fn check_connection(&mut self) {
        let lang = self.lang();
        let (account, choice) = match &mut self.settings_form {
            Some(form) => (&mut form.account, Some(form.proxy.choice())),
            None => (&mut self.state.account.form, None),
        };
        account.take_address_apart();
        let Some((hub, pin)) = account.hub() else {
            let words = w(lang, Word::HubAddressMissing);
            return self.notices.push(Tone::Warning, words);
        };
        let Ok(choice) = choice.transpose() else {
            let words = w(lang, Word::ProxyServerWrong);
            return self.notices.push(Tone::Warning, words);
        };
        match self.backend.examine(hub.clone(), pin, choice) {
            Ok(doctor) => {
                self.doctor = Some(doctor);
                self.state.examination = Some(Examination::new(hub));
            }
            Err(error) => self.notices.push(Tone::Danger, error.to_string()),
        }
    }

    pub(super) fn hear_doctor(&mut self) {
        if let (Some(doctor), Some(examination)) = (&self.doctor, &mut self.state.examination) {
            while let Some(news) = doctor.take() {
                examination.take(news);
            }
        }
    }

    pub(super) fn copy_check(&mut self, ctx: &Context) {
        let lang = self.lang();
        let examination = self.state.examination.as_ref();
        if let Some(diagnosis) = examination.and_then(Examination::diagnosis) {
            ctx.copy_text(doctor_text(lang, diagnosis, &program()));
            self.notices.push(Tone::Good, w(lang, Word::CopiedNotice));
        }
    }

    pub(super) fn close_check(&mut self) {
        self.doctor = None;
        self.state.examination = None;
    }
}
