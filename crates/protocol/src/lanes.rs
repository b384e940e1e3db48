//! The lanes of a session: one table of what flows where, and by which rules.
//!
//! A lane is a unidirectional stream between the two ends of a session, through the hub. It begins
//! with a [`StreamHeader`]. Everybody who opens, relays or takes a stream looks the rules up here.

use serde::{Deserialize, Serialize};

use crate::ids::{PeerId, SessionId};
use crate::limits::{
    MAX_CLIPBOARD_FRAME_BYTES, MAX_FILE_FRAME_BYTES, MAX_INPUT_FRAME_BYTES,
    MAX_POINTER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES, MAX_VIEWER_FRAME_BYTES,
};
use crate::rights::Rights;

/// The first frame of every unidirectional stream: what the rest of it is.
///
/// A stream whose header does not fit its sender or the session's state is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHeader {
    pub lane: Lane,
    pub session: SessionId,
    /// The operator whose stream it is; [`PeerId::NOBODY`] for what goes to every operator.
    pub operator: PeerId,
    /// The channel between the two ends whose keys protect it (`session::channel`);
    /// [`ChannelId::NONE`] for what goes to every operator, which the session's own key vouches for.
    pub channel: ChannelId,
}

impl StreamHeader {
    /// The header of a lane that goes to every operator of `session`.
    pub const fn to_everybody(lane: Lane, session: SessionId) -> Self {
        Self {
            lane,
            session,
            operator: PeerId::NOBODY,
            channel: ChannelId::NONE,
        }
    }
}

/// Tells the channels between two ends apart, one after the other; part of what their keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub u64);

impl ChannelId {
    /// No channel.
    pub const NONE: Self = Self(0);
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lane {
    /// [`crate::ScreenFrame`]s.
    Screen,
    /// [`crate::PointerUpdate`]s.
    Pointer,
    /// [`crate::ViewerMessage`]s.
    Viewer,
    /// [`crate::InputFrame`]s.
    Input,
    /// What is copied, host to operator.
    ClipboardToOperator,
    /// What is copied, operator to host.
    ClipboardToHost,
    /// [`crate::files::FileMessage`]s, host to operator.
    FileToOperator,
    /// [`crate::files::FileMessage`]s, operator to host.
    FileToHost,
}

/// Who opens a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToOperator,
    ToHost,
}

/// What the hub can do to a lane's frames without being found out: drop or delay them, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The hub reads each frame for the film, and gives it to every operator; it cannot make or change
    /// one.
    Vouched,
    /// Nobody but the two ends reads a frame.
    Sealed,
}

/// The rules of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneRules {
    pub direction: Direction,
    pub protection: Protection,
    /// Largest frame, protection included.
    pub max_frame_bytes: usize,
    /// Of two streams of a connection the one with the higher number is sent first. The control
    /// stream has [`CONTROL_PRIORITY`].
    pub priority: i32,
    /// Without this right nothing may flow.
    pub needs: Rights,
    /// How many streams of this lane one operator may have at once.
    pub at_once: usize,
}

/// The control stream's place among the lanes: what is typed and clicked overtakes it, what is large
/// does not.
pub const CONTROL_PRIORITY: i32 = 10;

impl Lane {
    pub const ALL: [Self; 8] = [
        Self::Screen,
        Self::Pointer,
        Self::Viewer,
        Self::Input,
        Self::ClipboardToOperator,
        Self::ClipboardToHost,
        Self::FileToOperator,
        Self::FileToHost,
    ];

    /// The rules of this lane.
    pub const fn rules(self) -> LaneRules {
        use Direction::{ToHost, ToOperator};
        use Protection::{Sealed, Vouched};
        const fn rules(
            direction: Direction,
            protection: Protection,
            max_frame_bytes: usize,
            priority: i32,
            needs: Rights,
            at_once: usize,
        ) -> LaneRules {
            LaneRules {
                direction,
                protection,
                max_frame_bytes,
                priority,
                needs,
                at_once,
            }
        }
        let (see, control) = (Rights::SEE, Rights::CONTROL);
        let (clipboard, files) = (Rights::CLIPBOARD, Rights::FILES);
        match self {
            Self::Input => rules(ToHost, Sealed, MAX_INPUT_FRAME_BYTES, 30, control, 1),
            Self::Viewer => rules(ToHost, Sealed, MAX_VIEWER_FRAME_BYTES, 20, see, 1),
            Self::Pointer => rules(ToOperator, Vouched, MAX_POINTER_FRAME_BYTES, 6, see, 1),
            Self::Screen => rules(ToOperator, Vouched, MAX_SCREEN_FRAME_BYTES, 4, see, 1),
            Self::ClipboardToOperator => rules(
                ToOperator,
                Sealed,
                MAX_CLIPBOARD_FRAME_BYTES,
                2,
                clipboard,
                1,
            ),
            Self::ClipboardToHost => {
                rules(ToHost, Sealed, MAX_CLIPBOARD_FRAME_BYTES, 2, clipboard, 1)
            }
            Self::FileToOperator => rules(ToOperator, Sealed, MAX_FILE_FRAME_BYTES, 0, files, 1),
            Self::FileToHost => rules(ToHost, Sealed, MAX_FILE_FRAME_BYTES, 0, files, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_overtakes_words_and_words_overtake_what_is_seen() {
        for lane in Lane::ALL {
            let rules = lane.rules();
            let is_done = matches!(lane, Lane::Input | Lane::Viewer);
            assert_eq!(rules.priority > CONTROL_PRIORITY, is_done, "{lane:?}");
        }
    }

    #[test]
    fn the_hub_reads_only_what_it_films() {
        for lane in Lane::ALL {
            let filmed = matches!(lane, Lane::Screen | Lane::Pointer);
            let is_read = lane.rules().protection == Protection::Vouched;
            assert_eq!(is_read, filmed, "{lane:?}");
        }
    }
}
