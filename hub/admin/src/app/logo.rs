//! The organisation's logo: read from a file, stored by the hub, shown.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use egui::{Context, TextureOptions};
use protocol::Refusal;
use protocol::admin::{Answer, Question, settings};
use ui_kit::Tone;

use super::AdminApp;
use crate::logo::{self, Logo, LogoError, Source};
use crate::state::Topic;
use crate::words::{self, Say, s};

/// A logo that is read.
type Reading = Receiver<Result<Logo, LogoError>>;

/// Logos on their way, each way by itself, so that no answer of the hub takes the place of a file.
#[derive(Debug, Default)]
pub(super) struct Logos {
    /// The file that was chosen last.
    chosen: Option<Reading>,
    /// What the hub has, for the screen.
    stored: Option<Reading>,
    storing: Storing,
}

/// What the hub is told to store: one after the other, since it may answer in any order.
#[derive(Debug, Default)]
struct Storing {
    is_under_way: bool,
    /// What was chosen last meanwhile.
    next: Option<Bytes>,
}

impl Storing {
    /// What is to be stored now.
    fn begin(&mut self, png: Bytes) -> Option<Bytes> {
        if self.is_under_way {
            self.next = Some(png);
            return None;
        }
        self.is_under_way = true;
        Some(png)
    }

    /// The hub has answered: what is to be stored next.
    fn answered(&mut self) -> Option<Bytes> {
        let next = self.next.take();
        self.is_under_way = next.is_some();
        next
    }
}

impl AdminApp {
    /// The picture in this file is to be the logo, and no other that is read.
    pub(super) fn choose_logo(&mut self, path: PathBuf) {
        self.logos.chosen = self.read_logo(Source::File(path));
    }

    pub(super) fn remove_logo(&mut self) {
        self.logos.chosen = None;
        self.store_logo(Bytes::new());
    }

    fn read_logo(&mut self, source: Source) -> Option<Reading> {
        let logo = &mut self.state.settings.logo;
        match logo::read(source, Arc::clone(&self.wake)) {
            Ok(reading) => {
                (logo.is_busy, logo.problem) = (true, None);
                Some(reading)
            }
            Err(error) => {
                logo.problem = Some(error.to_string());
                None
            }
        }
    }

    /// What the hub has is here.
    pub(super) fn take_logo(&mut self, png: Result<Bytes, Refusal>) {
        let logo = &mut self.state.settings.logo;
        let stored = png.clone().unwrap_or_default();
        logo.stored.take(png);
        if stored.is_empty() {
            logo.picture = None;
            self.logos.stored = None;
        } else {
            self.logos.stored = self.read_logo(Source::Stored(stored));
        }
    }

    pub(super) fn follow_logo(&mut self, ctx: &Context) {
        let logos = &mut self.logos;
        for reading in [&mut logos.chosen, &mut logos.stored] {
            let Some(read) = reading.as_ref().and_then(|logo| logo.try_recv().ok()) else {
                continue;
            };
            *reading = None;
            let state = &mut self.state.settings.logo;
            match read {
                Ok(logo) if logo.is_new => {
                    if let Some(png) = logos.storing.begin(logo.png) {
                        self.state.ask(Topic::LogoStored, to_store(png));
                    }
                }
                Ok(logo) => {
                    let picture = ctx.load_texture("logo", logo.picture, TextureOptions::LINEAR);
                    state.picture = Some(picture);
                }
                Err(error) => state.problem = Some(problem_text(self.state.lang, &error)),
            }
        }
        let is_read = self.logos.chosen.is_none() && self.logos.stored.is_none();
        self.state.settings.logo.is_busy = !is_read;
    }

    fn store_logo(&mut self, png: Bytes) {
        if let Some(png) = self.logos.storing.begin(png) {
            self.state.ask(Topic::LogoStored, to_store(png));
        }
    }

    pub(super) fn logo_stored(&mut self, answer: Result<Answer, Refusal>) {
        let is_stored = self.unless_refused(answer).is_some();
        if let Some(next) = self.logos.storing.answered() {
            self.state.ask(Topic::LogoStored, to_store(next));
        } else if is_stored {
            let saved = s(self.state.lang, Say::SettingsSavedNotice);
            self.notices.push(Tone::Good, saved);
            let logo = &mut self.state.settings.logo;
            logo.path.clear();
            // shown as the hub has it
            logo.stored.forget();
        }
    }
}

fn to_store(png: Bytes) -> Question {
    Question::Settings(settings::Question::SetLogo { png })
}

fn problem_text(lang: ui_kit::Lang, error: &LogoError) -> String {
    match error {
        LogoError::File(error) => words::not_read(lang, &error.to_string()),
        LogoError::TooLarge => s(lang, Say::LogoTooLarge).to_owned(),
        LogoError::NoPicture => s(lang, Say::LogoNoPicture).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logo_that_was_chosen_last_is_stored_last() {
        let mut storing = Storing::default();
        let [first, second, third] = ["1", "2", "3"].map(|png| Bytes::from_static(png.as_bytes()));
        assert_eq!(storing.begin(first.clone()), Some(first));
        assert_eq!(storing.begin(second), None);
        assert_eq!(storing.begin(third.clone()), None);
        assert_eq!(storing.answered(), Some(third));
        assert_eq!(storing.answered(), None);
        let fourth = Bytes::from_static(b"4");
        assert_eq!(storing.begin(fourth.clone()), Some(fourth));
    }
}
