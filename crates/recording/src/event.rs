//! What happens in a session beside pictures and chat.

use std::fmt;

use crate::rights::Rights;

/// What else belongs on the time line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The session began; its first operator has these rights.
    Started { rights: Rights },
    /// The user gave or took back rights.
    RightsChanged {
        /// Whose rights; `None`: those of every operator.
        operator: Option<String>,
        rights: Rights,
    },
    /// The session is over; the last entry of a finished recording.
    Ended { by: EndedBy },
    /// Anything else worth a mark, in plain words.
    Note(String),
    /// A line was lost. The session waits, and there may be nothing new to see until it is back.
    Interrupted { side: Side },
    /// The line of `side` is back. After that of the host or the hub the screen begins anew, with an
    /// update that stands alone and with any `seq`.
    Resumed { side: Side },
    /// One more operator takes part.
    OperatorJoined { name: String, rights: Rights },
    /// An operator takes part no more.
    OperatorLeft { name: String },
    /// Who has the keyboard and the pointer from now on; `None`: only the user.
    Driver { name: Option<String> },
    /// An operator marked a moment of the session, with words or without.
    Marked {
        operator: String,
        text: String,
        /// How long before this entry the moment was: the words take their time.
        ago_millis: u32,
    },
    /// An administrator watches from now on, or no more.
    Watched { by: String, begins: bool },
    /// How far files are that one end sends the other.
    Files(Files),
    /// Whose help desk it is, as the hub is set up.
    HelpDesk { name: String },
    /// The pictures are of these monitors from now on; all in all [`crate::MAX_TEXT_BYTES`].
    Monitors(Vec<Monitor>),
    /// The user has paused: nothing is captured and no input is done from now on, or all is again. What
    /// follows then begins with an update that stands alone.
    Withheld { begins: bool },
}

/// A transfer of files, by name and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The operator at one end; the user is at the other.
    pub operator: String,
    /// To the user's computer, and not from it.
    pub to_host: bool,
    pub name: String,
    pub stage: FilesStage,
    /// What is to be sent when it begins, and what has arrived when it is over.
    pub files: u32,
    pub bytes: u64,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilesStage {
    Begun,
    Done,
    Cancelled,
    /// It could not go on.
    Failed,
}

/// A monitor that is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    pub name: String,
    /// Size in pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
}

/// Whose line it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The user's computer.
    Host,
    /// The console of the operator with this name.
    Operator { name: String },
    /// The hub itself went down; what it did not commit is not in the recording.
    Hub,
}

/// Who or what ended the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The user ended it or left.
    User,
    /// The operator ended it or left.
    Operator,
    /// The user's computer was out of reach for too long.
    HostLost,
    /// The operator's console was out of reach for too long.
    OperatorLost,
    /// The recording could not be written.
    CannotRecord,
    /// The hub went down, in good order or not.
    HubStopped,
    /// What came to one end was not what the other had sent.
    Forged,
    /// The user's screen could not be captured.
    NoCapture,
    /// An administrator of the hub ended it.
    Administrator,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { rights } => write!(f, "the session began, allowed: {rights}"),
            Self::RightsChanged {
                operator: None,
                rights,
            } => write!(f, "allowed from now on: {rights}"),
            Self::RightsChanged {
                operator: Some(name),
                rights,
            } => write!(f, "allowed to {name} from now on: {rights}"),
            Self::Ended { by } => write!(f, "the session ended: {by}"),
            Self::Note(text) => f.write_str(text),
            Self::Interrupted { side } => write!(f, "connection lost: {side}"),
            Self::Resumed { side } => write!(f, "connection back: {side}"),
            Self::OperatorJoined { name, rights } => write!(f, "{name} joined, allowed: {rights}"),
            Self::OperatorLeft { name } => write!(f, "{name} left"),
            Self::Driver { name: Some(name) } => write!(f, "{name} has keyboard and pointer"),
            Self::Driver { name: None } => f.write_str("only the user has keyboard and pointer"),
            Self::Marked { operator, text, .. } if text.is_empty() => {
                write!(f, "marked by {operator}")
            }
            Self::Marked { operator, text, .. } => write!(f, "marked by {operator}: {text}"),
            Self::Watched { by, begins: true } => write!(f, "{by} watches"),
            Self::Watched { by, begins: false } => write!(f, "{by} watches no more"),
            Self::Files(files) => write!(f, "{files}"),
            Self::HelpDesk { name } => write!(f, "help desk: {name}"),
            Self::Monitors(shown) => {
                f.write_str("the screen is")?;
                for (index, monitor) in shown.iter().enumerate() {
                    f.write_str(if index == 0 { " " } else { ", " })?;
                    write!(f, "{monitor}")?;
                }
                Ok(())
            }
            Self::Withheld { begins: true } => f.write_str("paused by the user"),
            Self::Withheld { begins: false } => f.write_str("the user goes on"),
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operator, name, .. } = self;
        let way = if self.to_host { "from" } else { "to" };
        let stage = match self.stage {
            FilesStage::Begun => "",
            FilesStage::Done => " arrived",
            FilesStage::Cancelled => " cancelled",
            FilesStage::Failed => " failed",
        };
        write!(f, "files {way} {operator}{stage}: {name} ({})", self.size())
    }
}

impl Files {
    /// `3 files, 12 MB`; English, and short enough for any other language.
    fn size(&self) -> String {
        let files = match self.files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        format!("{files}, {}", size_text(self.bytes))
    }
}

/// A size as people read it: `512 B`, `12 kB`, `1.4 MB`.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // in tenths, so that no float rounds
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = 0;
    tenths = tenths.div_ceil(1000);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = tenths.div_ceil(1000);
        unit += 1;
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

impl fmt::Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            width,
            height,
        } = self;
        write!(f, "{name} ({width} x {height})")
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("the user's computer"),
            Self::Operator { name } => write!(f, "operator {name}"),
            Self::Hub => f.write_str("the hub"),
        }
    }
}

impl fmt::Display for EndedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "by the user",
            Self::Operator => "by the operator",
            Self::HostLost => "the user's computer was out of reach for too long",
            Self::OperatorLost => "the operator was out of reach for too long",
            Self::CannotRecord => "it could not be recorded",
            Self::HubStopped => "the hub went down",
            Self::Forged => "something came in the other side's name",
            Self::NoCapture => "the user's screen could not be shown",
            Self::Administrator => "by an administrator",
        })
    }
}
