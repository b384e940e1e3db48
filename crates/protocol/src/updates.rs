//! What programs and hubs say of newer versions of the programs (P3).
//!
//! Over a connection that is for nothing else, so that it is in nobody's way: after the hellos the program says
//! [`HostToHub::SeekUpdates`](crate::HostToHub::SeekUpdates), whatever kind of program it is, and then the enums of this
//! module are spoken. All that counts is signed by the programs' maker, and checked by who receives it: a hub can keep
//! versions back, and can neither make one nor pass an old one off as new.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::text::BoundedText;

/// What the maker calls a program's file: `helpme-linux-x86_64`.
pub type ProgramFile = BoundedText<64>;

/// Largest piece of a program, in bytes.
pub const MAX_PART_BYTES: usize = 64 * 1024;

/// What a program that looks for a newer version says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeekerToHub {
    /// Which versions are there?
    Look { file: ProgramFile },
    /// All bytes of the newest version of this program.
    Fetch { file: ProgramFile },
}

/// What the hub answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HubToSeeker {
    /// To [`SeekerToHub::Look`]: the hub has no list of versions.
    Nothing,
    /// To [`SeekerToHub::Look`]: the maker's list of versions, byte for byte, and its signature.
    Versions {
        channel: Bytes,
        signature: Bytes,
        /// The hub hands out the version that the list has for this program.
        is_here: bool,
        /// Its administrator wants permanent hosts to take newer versions by themselves.
        by_themselves: bool,
    },
    /// To [`SeekerToHub::Fetch`]: the signature of the program, whose bytes follow as [`Self::Part`]s.
    Program { bytes: u64, signature: Bytes },
    /// The next bytes, at most [`MAX_PART_BYTES`].
    Part { bytes: Bytes },
    /// To [`SeekerToHub::Fetch`]: not now, or not here.
    Refused { refusal: Refusal },
}

/// How a program's own update stands, for whoever sits in front of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum UpdateState {
    /// As far as is known it is the newest version, or nobody can tell.
    #[default]
    Newest,
    /// A newer one can be had.
    Offered { version: String, bytes: u64 },
    /// It was asked for, and waits until no session runs.
    Waiting { version: String },
    /// It is on its way.
    Fetching {
        version: String,
        done_bytes: u64,
        bytes: u64,
    },
    /// It is in place, and is what starts the next time.
    Ready { version: String },
    /// It did not come, or is not taken; this program is as it was.
    Failed {
        /// Empty where the list of versions is not taken.
        version: String,
        trouble: UpdateTrouble,
    },
}

/// What is wrong with an update, as far as a person can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpdateTrouble {
    /// The hub is out of reach, or the line broke.
    NoAnswer,
    /// So many are served already that this program waits.
    Busy,
    /// The hub has it no more.
    Gone,
    /// Somebody else than the maker made it, or changed it.
    Forged,
    /// It is an older version than it says, or than was there before.
    Older,
    /// It is another program, or one for another system.
    OtherProgram,
    /// It is not as large as the maker's list says.
    WrongSize,
    /// It does not start on this computer.
    DoesNotStart,
    /// It cannot be written to where this program is.
    NotWritten,
}

impl UpdateTrouble {
    pub const ALL: [Self; 9] = [
        Self::NoAnswer,
        Self::Busy,
        Self::Gone,
        Self::Forged,
        Self::Older,
        Self::OtherProgram,
        Self::WrongSize,
        Self::DoesNotStart,
        Self::NotWritten,
    ];
}
