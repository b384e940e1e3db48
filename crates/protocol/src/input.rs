//! Keyboard and pointer events, from operator to host; sealed on their way (see `session::seal`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clipboard::ClipboardKinds;
use crate::text::BoundedText;

/// A key by its place on the keyboard: the usage number on the USB HID keyboard page (0x07).
///
/// Source: HID Usage Tables 1.5, section 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HidKey(pub u16);

/// A pointer button. `Back` and `Forward` are the thumb buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PointerButton {
    Left,
    Middle,
    Right,
    Back,
    Forward,
}

/// A place in the picture that the operator saw, in pixels from its top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    /// The number of the newest update that the operator saw ([`crate::ScreenFrame::seq`]). The host
    /// knows where that picture lies on the desktop, however its screen has changed since.
    pub seen: u64,
}

/// One thing the operator did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputEvent {
    /// A key went down or up.
    ///
    /// `character` is what the operator's own layout makes of the press, if it makes a character
    /// and no command modifier (Ctrl, Alt, Super) is held; the host types that character whatever
    /// its layout. With `None` the place of the key decides.
    /// With a command modifier held, `character` is the unmodified letter, so that Ctrl+C copies on
    /// every layout. A control character is one of the [`hint`]s.
    Key {
        key: HidKey,
        pressed: bool,
        character: Option<char>,
    },
    /// The pointer moved.
    PointerMoved { to: Place },
    /// A button went down or up at a place.
    Button {
        button: PointerButton,
        pressed: bool,
        at: Place,
    },
    /// The wheel turned, in 1/120 notches as the platforms count them; positive is down and right.
    Wheel { dx: i32, dy: i32 },
    /// Text to type as it is, for characters that come from an input method or from paste.
    Text { text: BoundedText<1024> },
    /// Everything that is held must be released now: the operator's window lost the focus.
    ReleaseAll,
    /// What is held is still held, and the console lives: said every [`HOLD_SIGN_EVERY`] for as long
    /// as a key or button is down. A host that hears nothing for [`HOLD_PATIENCE`] lets everything go,
    /// long before the connection counts as lost.
    StillHeld,
    /// Something else was copied at the operator's computer, or, without kinds, nothing is to be had any
    /// more; the operator has come to the session's window with it. Offers count from 1. Contents go by the
    /// lanes of the clipboard ([`crate::clipboard`]).
    ClipboardOffered { offer: u64, kinds: ClipboardKinds },
}

/// What [`InputEvent::Key`] says in place of a character of a key that makes none, where the key alone
/// does not tell what the operator's own computer would do. Without one the host does what is printed on
/// `key`. They are control characters because a host of before takes such for nothing.
pub mod hint {
    /// This key of the pad moves the cursor: Num Lock is off at the operator's.
    pub const PAD_MOVES: char = '\u{e}';
    /// This key reaches further characters, as `AltGr` does: it is no Alt.
    pub const LEVEL_THREE: char = '\u{f}';
    /// What counts is where the key is, whatever it means on either side.
    pub const BY_PLACE: char = '\u{10}';
}

/// One input event on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFrame {
    /// Counts the frames of one operator in one session from 1, also across channels: a frame that is
    /// sent again after a lost connection is taken once.
    pub number: u64,
    /// When the event happened, in milliseconds since the channel was opened (console's clock);
    /// before it where the event waited for the channel.
    pub at_millis: i64,
    pub event: InputEvent,
}

/// An event that took longer than this from the operator's hand is not done any more.
pub const MAX_INPUT_AGE: Duration = Duration::from_secs(3);
/// How often a console says that something is held.
pub const HOLD_SIGN_EVERY: Duration = Duration::from_millis(500);
/// How long a host keeps something pressed without a sign of life from the console.
pub const HOLD_PATIENCE: Duration = Duration::from_secs(2);
