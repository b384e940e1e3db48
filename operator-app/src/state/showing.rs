//! The box of two operators and one screen (O10): who asks whom, the word, and how long there is for it.

use protocol::PeerId;
use zeroize::Zeroizing;

/// What is under way, or was. The word is forgotten with it.
pub struct ShowingBox {
    pub colleague: PeerId,
    pub name: String,
    /// Whether this operator is the one who asks.
    pub asks: bool,
    /// With keyboard and pointer.
    pub control: bool,
    pub word: Zeroizing<String>,
    pub stage: Stage,
    /// The keyboard is to be in the field.
    pub focus: bool,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The one who asks chooses for what.
    Choosing,
    /// The hub is being asked.
    Sent,
    /// Both type the word, until then by this computer's clock.
    Typing { until_unix_seconds: i64 },
    /// This side has typed it.
    Typed { until_unix_seconds: i64 },
    /// Nothing is shown; why.
    Over { problem: String },
}

impl std::fmt::Debug for ShowingBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShowingBox")
            .field("colleague", &self.colleague)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl ShowingBox {
    /// Whoever asks: the box before anything is sent.
    pub fn asking(colleague: PeerId, name: String) -> Self {
        Self {
            colleague,
            name,
            asks: true,
            control: false,
            word: Zeroizing::default(),
            stage: Stage::Choosing,
            focus: true,
        }
    }

    /// Whoever is asked.
    pub fn asked(colleague: PeerId, name: String, control: bool, until_unix_seconds: i64) -> Self {
        Self {
            asks: false,
            control,
            stage: Stage::Typing { until_unix_seconds },
            ..Self::asking(colleague, name)
        }
    }

    /// Whether the word can be given now.
    pub fn can_give(&self) -> bool {
        matches!(self.stage, Stage::Typing { .. }) && !self.word.trim().is_empty()
    }

    /// Until when both words have to be there.
    pub fn until_unix_seconds(&self) -> Option<i64> {
        match self.stage {
            Stage::Typing { until_unix_seconds } | Stage::Typed { until_unix_seconds } => {
                Some(until_unix_seconds)
            }
            Stage::Choosing | Stage::Sent | Stage::Over { .. } => None,
        }
    }

    /// Nothing is shown.
    pub fn is_over(&mut self, problem: String) {
        self.word = Zeroizing::default();
        self.stage = Stage::Over { problem };
    }
}
