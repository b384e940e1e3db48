//! What Windows keeps down when the process that pressed it is gone.

use std::process::ExitCode;

use protocol::PointerButton;

use super::api::{self, Artificial};
use super::codes::Code;
use super::{button_event, key_event};
use crate::piped_guardian;

/// A key or a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    Key(Code),
    Button(PointerButton),
}

impl Hold {
    /// What lets it go.
    pub(super) fn release(self) -> Artificial {
        match self {
            Self::Key(code) => key_event(code, false),
            Self::Button(button) => button_event(button, false),
        }
    }
}

impl piped_guardian::Hold for Hold {
    fn record(self) -> [u8; 4] {
        match self {
            Self::Key(code) => {
                let extended = u8::from(code.extended);
                [0, code.virtual_key, code.scan, extended]
            }
            Self::Button(button) => [1, piped_guardian::number_of(button), 0, 0],
        }
    }

    fn of([kind, first, scan, extended]: [u8; 4]) -> Option<Self> {
        match kind {
            0 => Some(Self::Key(Code {
                virtual_key: first,
                scan,
                extended: extended == 1,
            })),
            1 => piped_guardian::button_of(first).map(Self::Button),
            _ => None,
        }
    }
}

/// See [`crate::run_guardian_if_asked`].
pub(super) fn run_if_asked() -> Option<ExitCode> {
    piped_guardian::run_if_asked(|left| {
        let releases: Vec<Artificial> = left.into_iter().map(Hold::release).collect();
        api::send(&releases)
    })
}

#[cfg(test)]
mod tests {
    use piped_guardian::Hold as _;

    use super::*;

    #[test]
    fn a_guardian_understands_what_it_is_told() {
        let key = Hold::Key(Code {
            virtual_key: 0x25,
            scan: 0x4b,
            extended: true,
        });
        for hold in [key, Hold::Button(PointerButton::Forward)] {
            assert_eq!(Hold::of(hold.record()), Some(hold));
        }
        assert_eq!(Hold::of([1, 9, 0, 0]), None);
        assert_eq!(Hold::of([8, 0, 0, 0]), None);
    }
}
