//! A proof bundle, from the wish for one to the file of it.

use std::sync::Arc;

use protocol::Refusal;
use protocol::admin::{Answer, Question, films};

use super::AdminApp;
use super::answers::downloads;
use super::questions::{language, zone};
use crate::bundle::{Bundling, Part};
use crate::state::{Exporting, Topic};
use crate::words::{Say, s};

impl AdminApp {
    pub(super) fn bundle_film(&mut self) {
        let Some(film) = &self.state.films.open else {
            return;
        };
        let session = film.session;
        let number = self.next_number();
        let bundling = Bundling::new(session, number);
        self.state.films.exporting = Some(Exporting::Bundle(bundling));
        let question = films::Question::Bundle {
            session,
            language: language(self.state.lang),
            zone: zone(),
        };
        let topic = Topic::Bundle(number);
        self.state.ask(topic, Question::Films(question));
    }

    /// The hub makes it, or says why not.
    pub(super) fn bundle_begun(&mut self, number: u32, answer: Result<Answer, Refusal>) {
        let is_wanted = self.bundling().is_some_and(|b| b.number == number);
        if !is_wanted {
            // nobody wants it any more
            if let Ok(Answer::Films(films::Answer::Bundle { bundle, .. })) = answer {
                self.forget_bundle(bundle);
            }
            return;
        }
        let Some(answer) = self.unless_refused(answer) else {
            return self.drop_bundle();
        };
        let Answer::Films(films::Answer::Bundle { bundle, file_name }) = answer else {
            return self.drop_bundle();
        };
        if let Some(bundling) = self.bundling() {
            bundling.begin(bundle, &file_name);
        }
    }

    pub(super) fn bundle_part(
        &mut self,
        (bundle, offset): (u32, u64),
        answer: Result<Answer, Refusal>,
    ) {
        if self.bundling().and_then(|bundling| bundling.begun()) != Some(bundle) {
            return;
        }
        let Some(answer) = self.unless_refused(answer) else {
            return self.drop_bundle();
        };
        let part = if let Answer::Films(films::Answer::Making { thousandths }) = answer {
            Some(Part::Making { thousandths })
        } else if let Answer::Films(films::Answer::Part { whole_bytes, bytes }) = answer {
            let whole = whole_bytes;
            Some(Part::Bytes {
                offset,
                whole,
                bytes,
            })
        } else {
            None
        };
        let nonsense = s(self.state.lang, Say::HubNonsense).to_owned();
        let wake = Arc::clone(&self.wake);
        let taken = match (part, self.bundling()) {
            (Some(part), Some(bundling)) => {
                let taken = bundling.take(part, &downloads(), &wake);
                taken.map_err(|error| error.to_string())
            }
            (None, _) => Err(nonsense),
            (_, None) => return,
        };
        if let Err(why) = taken {
            self.tell_not_saved(&why);
            self.drop_bundle();
        }
    }

    pub(super) fn follow_bundle(&mut self) {
        let Some(bundling) = self.bundling() else {
            return;
        };
        if let Some(file) = bundling.file() {
            self.drop_bundle();
            return match file {
                Ok(path) => self.tell_saved(&path),
                Err(error) => self.tell_not_saved(&error.to_string()),
            };
        }
        let wanted = bundling.wanted();
        let Some(bundle) = bundling.begun() else {
            return;
        };
        for offset in wanted {
            let question = films::Question::BundlePart { bundle, offset };
            let topic = Topic::BundlePart(bundle, offset);
            self.state.ask(topic, Question::Films(question));
        }
    }

    /// Nothing of it stays, neither here nor at the hub.
    pub(super) fn drop_bundle(&mut self) {
        let Some(bundling) = self.bundling() else {
            return;
        };
        let begun = bundling.begun();
        self.state.films.exporting = None;
        if let Some(bundle) = begun {
            self.forget_bundle(bundle);
        }
    }

    fn forget_bundle(&mut self, bundle: u32) {
        let question = films::Question::ForgetBundle { bundle };
        self.state
            .ask(Topic::BundleForgotten, Question::Films(question));
    }

    fn bundling(&mut self) -> Option<&mut Bundling> {
        match &mut self.state.films.exporting {
            Some(Exporting::Bundle(bundling)) => Some(bundling),
            Some(Exporting::Video(_)) | None => None,
        }
    }
}
