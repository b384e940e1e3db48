//! What `purepc run` last said of its connection, for `purepc status`.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use protocol::{Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

const FILE: &str = "standing.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    NotRunning,
    Connecting {
        /// Why the last try failed.
        why: Option<String>,
    },
    Connected {
        /// What operators know this computer by.
        name: String,
        since_unix_seconds: u64,
    },
    /// The hub does not let it in, and is asked again later.
    Refused {
        why: String,
    },
}

impl Standing {
    pub(crate) fn connected(name: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self::Connected {
            name: name.to_owned(),
            since_unix_seconds: now.map_or(0, |now| now.as_secs()),
        }
    }

    /// Keeps it where `purepc status` looks. The connection goes on while the disk is waited for.
    pub(crate) async fn keep(self, folder: &Path) {
        let file = folder.join(FILE);
        let kept = tokio::task::spawn_blocking(move || {
            let bytes = serde_json::to_vec(&self)?;
            private_file::replace(&file, &bytes)
        });
        let kept = kept.await.map_err(io::Error::other);
        if let Err(error) = kept.and_then(|kept| kept) {
            // the connection is worth more than the note of it
            tracing::warn!(%error, "Status not kept");
        }
    }

    pub(crate) fn load(folder: &Path) -> Self {
        let kept = std::fs::read(folder.join(FILE)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // one that has just begun has not said anything yet
        kept.unwrap_or(Self::Connecting { why: None })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("not running; start it with `purepc run`"),
            Self::Connecting { why: None } => f.write_str("connecting"),
            Self::Connecting { why: Some(why) } => write!(f, "connecting; {why}"),
            Self::Connected { name, .. } => write!(f, "connected as {name}"),
            Self::Refused { why } => write!(f, "not let in: {why}"),
        }
    }
}

/// A refusal in words.
pub(crate) fn refusal_text(refusal: Refusal) -> String {
    let text = match refusal.code {
        RefusalCode::ENROLMENT_OVER => {
            "the code enrols no computer any more; ask the administrator for a new one"
        }
        RefusalCode::HOST_UNKNOWN => {
            "the hub does not know this computer any more; it has to be enrolled anew"
        }
        RefusalCode::HOST_DISABLED => "an administrator disabled this computer",
        RefusalCode::LOGGED_IN_ELSEWHERE => {
            "another computer came with the key of this one; if it is a copy of this computer, enrol \
             it anew"
        }
        RefusalCode::DISCONNECTED_BY_ADMINISTRATOR => "an administrator ended the connection",
        RefusalCode::SHUTTING_DOWN => "the hub goes down",
        RefusalCode::THROTTLED => "too many tries",
        RefusalCode(number) => return format!("the hub refused (number {number})"),
    };
    text.to_owned()
}
