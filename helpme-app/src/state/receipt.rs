//! The receipt of an assistance that is over, and what the user says of it (H9).

use std::path::PathBuf;

use host_engine::{CheckedReceipt, HostCommand};
use protocol::admin::reports::Language;
use protocol::receipt::file::SavedReceipt;
use protocol::receipt::{FeedbackText, Offsets};
use protocol::{Feedback, SessionId, Stars};
use ui_kit::Lang;

use super::Effect;

/// What came of the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Receipt {
    /// None has come yet.
    #[default]
    Awaited,
    /// The help desk's own key has signed it.
    Here {
        checked: Box<CheckedReceipt>,
        saved: Saved,
    },
    /// What came is not signed by the help desk.
    Forged,
}

/// Whether the user has it as a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Saved {
    #[default]
    No,
    Saving,
    At(PathBuf),
    Failed,
}

/// The question how it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opinion {
    pub stars: Option<Stars>,
    /// What is being written.
    pub words: String,
    pub given: Given,
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Given {
    #[default]
    No,
    OnItsWay,
    Stored,
    /// It is not stored.
    Refused,
}

impl Receipt {
    /// One came; the newest counts, and what was saved of the same stays so.
    pub(super) fn came(&mut self, came: Box<CheckedReceipt>) {
        match self {
            Self::Here { checked, .. } if *checked == came => {}
            Self::Here { .. } | Self::Awaited | Self::Forged => {
                *self = Self::Here {
                    checked: came,
                    saved: Saved::No,
                };
            }
        }
    }

    /// Writes it in `lang` for a place whose clocks are so far from UTC.
    pub(super) fn save(&mut self, lang: Lang, offsets: Offsets) -> Option<Effect> {
        let Self::Here { checked, saved } = self else {
            return None;
        };
        let file = SavedReceipt {
            signed: checked.signed.clone(),
            language: language(lang),
            offsets,
        };
        let text = file.write()?;
        *saved = Saved::Saving;
        let number = checked.receipt.session;
        let name = match lang {
            Lang::En => format!("Helpme receipt {number}"),
            Lang::It => format!("Helpme ricevuta {number}"),
        };
        Some(Effect::SaveReceipt { name, text })
    }

    /// It is saved there, or could not be.
    pub(super) fn saved(&mut self, at: Option<PathBuf>) {
        if let Self::Here { saved, .. } = self {
            *saved = at.map_or(Saved::Failed, Saved::At);
        }
    }
}

/// The language in which the receipt is written.
pub fn language(lang: Lang) -> Language {
    match lang {
        Lang::En => Language::English,
        Lang::It => Language::Italian,
    }
}

impl Opinion {
    /// The user presses on so many stars, or gives the words for those that were pressed.
    pub(super) fn give(&mut self, session: SessionId, stars: Option<Stars>) -> Option<Effect> {
        self.stars = stars.or(self.stars);
        let feedback = Feedback {
            stars: self.stars?,
            words: FeedbackText::cut(self.words.trim()),
        };
        self.given = Given::OnItsWay;
        Some(Effect::Tell(HostCommand::Rate { session, feedback }))
    }

    pub(super) fn taken(&mut self, stored: bool) {
        self.given = if stored {
            Given::Stored
        } else {
            Given::Refused
        };
    }
}
