//! Every word on the screen, in English and Italian (E3).
//!
//! To add one, write a line in `words/table.rs`; a line without its translation does not compile.
//! Sentences with names or times in them are functions in `words/sentences.rs`, what a refusal says
//! is in `words/refusals.rs`, what hinders on a host in `words/hindrances.rs`, what a proxy did in
//! `words/proxies.rs`, what the connection doctor found in `words/doctor.rs`, how files go in
//! `words/files.rs`, how a newer version does in `words/updates.rs`.

mod doctor;
mod files;
mod hindrances;
mod names;
mod proxies;
mod refusals;
mod sentences;
mod starts;
mod table;
mod updates;

use serde::{Deserialize, Serialize};

pub use doctor::{check_name, doctor_text, found_text, verdict_text};
pub use files::{file_count, file_fault, problem_text, size_text, transfer_text};
pub use hindrances::{hindrance_for_operator, hindrance_for_user, hindrance_in_short};
pub(crate) use names::name_alone_within;
pub use names::{beginning_of, name_alone, name_in_sentence, whole_name};
pub use protocol::{visible_line, visible_text};
pub use proxies::{proxy_text, proxy_that_asks};
pub use refusals::{certificate_problem, other_version, refusal_for_user, refusal_text};
pub use sentences::*;
pub use starts::{StartWords, start_words};
pub use table::Word;
pub use updates::{update_note, update_title, update_trouble};

fn widgets_id() -> egui::Id {
    egui::Id::unique("language of widgets")
}

/// A language of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Lang {
    #[default]
    En,
    It,
}

impl Lang {
    /// All languages, in the order a choice shows them.
    pub const ALL: [Self; 2] = [Self::En, Self::It];

    /// From now on widgets that bring words of their own say them in this language.
    pub fn speak_in_widgets(self, ctx: &egui::Context) {
        ctx.data_mut(|data| data.insert_temp(widgets_id(), self));
    }

    pub(crate) fn of_widgets(ctx: &egui::Context) -> Self {
        ctx.data(|data| data.get_temp(widgets_id()))
            .unwrap_or_default()
    }

    /// The language of the system; English where it is none of ours.
    pub fn from_system() -> Self {
        sys_locale::get_locale().map_or(Self::En, |locale| Self::from_locale(&locale))
    }

    /// The language of a locale name such as `it-IT` or `it_CH.UTF-8`.
    pub fn from_locale(locale: &str) -> Self {
        let language = locale
            .split(['-', '_', '.', '@'])
            .next()
            .unwrap_or_default();
        if language.eq_ignore_ascii_case("it") {
            Self::It
        } else {
            Self::En
        }
    }

    /// The language's name in itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::It => "Italiano",
        }
    }
}

/// `word` in `lang`.
pub fn w(lang: Lang, word: Word) -> &'static str {
    word.in_lang(lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_locale() {
        for locale in ["it", "it-IT", "it_CH.UTF-8", "IT@euro"] {
            assert_eq!(Lang::from_locale(locale), Lang::It, "{locale}");
        }
        for locale in ["en-GB", "de_DE", "C", "", "ita-x", "items"] {
            assert_eq!(Lang::from_locale(locale), Lang::En, "{locale}");
        }
    }

    #[test]
    fn every_word_says_something_in_every_language() {
        for &word in Word::ALL {
            for lang in Lang::ALL {
                let said = w(lang, word);
                assert!(!said.trim().is_empty(), "{word:?} in {lang:?}");
                assert_eq!(said, said.trim(), "{word:?} in {lang:?}");
            }
        }
    }
}
