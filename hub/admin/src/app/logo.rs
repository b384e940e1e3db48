//! The organisation's logo: read from a file, stored by the hub, shown.

use std::sync::Arc;

use bytes::Bytes;
use egui::{Context, TextureOptions};
use protocol::Refusal;
use protocol::admin::{Answer, Question, settings};
use ui_kit::Tone;

use super::AdminApp;
use crate::logo::{self, LogoError, Source};
use crate::state::Topic;
use crate::words::{self, Say, s};

impl AdminApp {
    pub(super) fn read_logo(&mut self, source: Source) {
        let logo = &mut self.state.settings.logo;
        match logo::read(source, Arc::clone(&self.wake)) {
            Ok(reading) => {
                self.logo = Some(reading);
                (logo.is_busy, logo.problem) = (true, None);
            }
            Err(error) => logo.problem = Some(error.to_string()),
        }
    }

    /// What the hub has is here.
    pub(super) fn take_logo(&mut self, png: Result<Bytes, Refusal>) {
        let logo = &mut self.state.settings.logo;
        let stored = png.clone().unwrap_or_default();
        logo.stored.take(png);
        if stored.is_empty() {
            logo.picture = None;
        } else {
            self.read_logo(Source::Stored(stored));
        }
    }

    pub(super) fn follow_logo(&mut self, ctx: &Context) {
        let Some(read) = self.logo.as_ref().and_then(|logo| logo.try_recv().ok()) else {
            return;
        };
        self.logo = None;
        let state = &mut self.state.settings.logo;
        state.is_busy = false;
        match read {
            Ok(logo) if logo.is_new => self.store_logo(logo.png),
            Ok(logo) => {
                let picture = ctx.load_texture("logo", logo.picture, TextureOptions::LINEAR);
                state.picture = Some(picture);
            }
            Err(error) => state.problem = Some(problem_text(self.state.lang, &error)),
        }
    }

    pub(super) fn store_logo(&mut self, png: Bytes) {
        let question = Question::Settings(settings::Question::SetLogo { png });
        self.state.ask(Topic::LogoStored, question);
    }

    pub(super) fn logo_stored(&mut self, answer: Result<Answer, Refusal>) {
        if self.unless_refused(answer).is_some() {
            let saved = s(self.state.lang, Say::SettingsSavedNotice);
            self.notices.push(Tone::Good, saved);
            let logo = &mut self.state.settings.logo;
            logo.path.clear();
            // shown as the hub has it
            logo.stored.forget();
        }
    }
}

fn problem_text(lang: ui_kit::Lang, error: &LogoError) -> String {
    match error {
        LogoError::File(error) => words::not_read(lang, &error.to_string()),
        LogoError::TooLarge => s(lang, Say::LogoTooLarge).to_owned(),
        LogoError::NoPicture => s(lang, Say::LogoNoPicture).to_owned(),
    }
}
