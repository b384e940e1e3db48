//! What keeps a host from showing its screen or from taking keys, as data with stable numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a host cannot do, or not well, and why.
///
/// INVARIANT: numbers never change their meaning and are never used again. Programs turn them into
/// sentences in the language of whoever reads; an unknown number from a newer host hinders in a way
/// that has no name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hindrance(pub u16);

impl Hindrance {
    /// There is no display, or it does not answer.
    pub const NO_DISPLAY: Self = Self(1);
    /// The display can be reached and not be captured.
    pub const NO_CAPTURE: Self = Self(2);
    /// The desktop runs on Wayland, and the display is the one it keeps for old programs: what it shows
    /// is not what the user sees.
    pub const WAYLAND: Self = Self(3);
    /// The user's desktop runs on Wayland, and the display is another one beside it.
    pub const BESIDE_WAYLAND: Self = Self(4);
    /// The screen is locked.
    pub const LOCKED: Self = Self(5);
    /// The screen is dark, to spare power or by a screen saver.
    pub const BLANK: Self = Self(6);
    /// The display belongs to another user, or another user sits in front of the computer now.
    pub const OTHER_USER: Self = Self(7);
    /// The console reads none of the pictures that the host makes: one of the two is too old.
    pub const OTHER_PICTURES: Self = Self(8);
    /// The host's system shows the screen to no program without the user's word in its settings.
    pub const SCREEN_NOT_ALLOWED: Self = Self(9);

    /// The host's desktop asks its user once more, when a session has begun, whether the screen may be seen.
    pub const ASKED_ONCE_MORE: Self = Self(10);
    /// The user refused in the desktop's own dialog, or stopped the sharing there.
    pub const NOT_SHARED: Self = Self(11);
    /// Nobody answered the desktop's own dialog in time.
    pub const NOT_ANSWERED: Self = Self(12);
    /// What takes pictures from PipeWire is not installed on the host.
    pub const NO_PIPEWIRE: Self = Self(13);

    /// The display takes no keys and no pointer from programs.
    pub const NO_INPUT: Self = Self(20);
    /// The host's system takes keys and pointer from no program without the user's word in its settings.
    pub const INPUT_NOT_ALLOWED: Self = Self(21);
    /// The user shared the screen alone in the desktop's own dialog.
    pub const INPUT_NOT_SHARED: Self = Self(22);
    /// The window in front belongs to a program with more rights than the host's, and takes nothing from it. Over as
    /// soon as another is in front.
    pub const MORE_RIGHTS: Self = Self(23);

    /// The display does not tell the user's keyboard and mouse from those that programs make up, so the
    /// user's alone cannot be kept back.
    pub const NO_OWN_DEVICES: Self = Self(30);
    /// The display's brightness cannot be changed by programs.
    pub const NO_BRIGHTNESS: Self = Self(31);

    /// Whether keyboard and pointer are not to be granted: what hinders them does not pass by itself.
    pub fn prevents_acting(self) -> bool {
        self != Self::MORE_RIGHTS
    }

    /// Whether nothing of use can be seen, so that no session can begin.
    pub fn prevents_seeing(self) -> bool {
        matches!(
            self,
            Self::NO_DISPLAY
                | Self::NO_CAPTURE
                | Self::WAYLAND
                | Self::OTHER_PICTURES
                | Self::SCREEN_NOT_ALLOWED
                | Self::NOT_SHARED
                | Self::NOT_ANSWERED
                | Self::NO_PIPEWIRE
        )
    }
}

/// For films and logs.
impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NO_DISPLAY => f.write_str("there is no display"),
            Self::NO_CAPTURE => f.write_str("it cannot be captured"),
            Self::WAYLAND => f.write_str("the desktop runs on Wayland"),
            Self::BESIDE_WAYLAND => f.write_str("the user's desktop runs on Wayland beside it"),
            Self::LOCKED => f.write_str("it is locked"),
            Self::BLANK => f.write_str("it is dark"),
            Self::OTHER_USER => f.write_str("it is another user's, or one sits in front of it"),
            Self::OTHER_PICTURES => f.write_str("the console does not read its pictures"),
            Self::SCREEN_NOT_ALLOWED => f.write_str("the user's system does not allow it yet"),
            Self::ASKED_ONCE_MORE => f.write_str("the desktop asks the user once more"),
            Self::NOT_SHARED => f.write_str("the user does not share it in the desktop's dialog"),
            Self::NOT_ANSWERED => f.write_str("nobody answered the desktop's dialog"),
            Self::NO_PIPEWIRE => f.write_str("what takes it from PipeWire is missing"),
            Self::NO_INPUT => f.write_str("the display takes none from programs"),
            Self::INPUT_NOT_ALLOWED => f.write_str("the user's system does not allow them yet"),
            Self::INPUT_NOT_SHARED => f.write_str("the user shares none in the desktop's dialog"),
            Self::MORE_RIGHTS => f.write_str("the window in front has more rights"),
            Self::NO_OWN_DEVICES => f.write_str("the user's devices are not told from programs"),
            Self::NO_BRIGHTNESS => f.write_str("its brightness cannot be changed"),
            Self(number) => write!(f, "hindered ({number})"),
        }
    }
}

/// All that hinders on a host now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hindrances {
    /// What is wrong with the screen.
    pub screen: Option<Hindrance>,
    /// Why keyboard and pointer cannot be used.
    pub input: Option<Hindrance>,
}

impl Hindrances {
    /// Nothing hinders.
    pub const NONE: Self = Self {
        screen: None,
        input: None,
    };

    /// Why no session can begin, if that is so.
    pub fn prevents_session(self) -> Option<Hindrance> {
        self.screen.filter(|hindrance| hindrance.prevents_seeing())
    }
}

/// For films and logs.
impl fmt::Display for Hindrances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.screen, self.input) {
            (None, None) => f.write_str("nothing hinders any more"),
            (Some(screen), None) => write!(f, "the user's screen: {screen}"),
            (None, Some(input)) => write!(f, "keyboard and pointer: {input}"),
            (Some(screen), Some(input)) => {
                write!(
                    f,
                    "the user's screen: {screen}; keyboard and pointer: {input}"
                )
            }
        }
    }
}
