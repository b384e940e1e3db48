//! What the command line asks a hub that runs on the same data folder: who is there now, and to end it.
//!
//! The hub listens on the loopback address and writes where, with a token, into a file in its data folder.
//! Whoever can read that folder has the hub's key anyway. A question and its answer are a line of JSON each.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use protocol::admin::desk::LiveSession;
use protocol::control::Name;
use protocol::{Entry, HostId, PeerId, Refusal, SessionId};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Office, desk};
use crate::catalogue::{Actor, Change, What};
use crate::loopback;
use crate::registry::Oversight;

/// In the data folder, while a hub runs on it.
const FILE: &str = "running.json";
/// Questions that are answered at a time; whoever comes then has to come again.
const AT_ONCE: usize = 32;
const MOST_QUESTION_BYTES: u64 = 8192;
/// Another program may listen where a killed hub did.
const MOST_ANSWER_BYTES: u64 = 16 << 20;
/// The longest reason, in bytes.
pub const MOST_REASON_BYTES: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalQuestion {
    /// Who is connected, and which sessions run.
    Live,
    /// Ends a session for everybody in it.
    EndSession { session: SessionId, reason: String },
    /// Sends a host or a console away.
    Disconnect { peer: PeerId },
    /// Has others of its network wake a permanent host.
    Wake { host: HostId },
}

/// What the hub says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalAnswer {
    Live {
        connected: Vec<Entry>,
        sessions: Vec<LiveSession>,
    },
    Done,
    /// There is no such session or peer, now.
    NotThere,
    Refused(Refusal),
    /// It is being woken by these.
    Waking {
        through: Vec<Name>,
    },
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    #[error("no hub runs on the data folder {0}")]
    NotRunning(PathBuf),
    #[error("the hub that runs on the data folder does not answer: {0}")]
    NoAnswer(#[source] io::Error),
}

#[derive(Serialize, Deserialize)]
struct Place {
    address: SocketAddr,
    /// In hexadecimal digits; whoever says it can read the data folder.
    token: String,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    token: String,
    question: LocalQuestion,
}

/// Asks the hub that runs on `data`. Blocks for at most some seconds.
///
/// # Errors
///
/// [`LocalError`].
pub fn ask_running(data: &Path, question: LocalQuestion) -> Result<LocalAnswer, LocalError> {
    let not_running = || LocalError::NotRunning(data.to_owned());
    let place = std::fs::read(data.join(FILE)).map_err(|_none| not_running())?;
    let place: Place = serde_json::from_slice(&place).map_err(|_damaged| not_running())?;
    // a file that a killed hub left leads nowhere
    let stream = StdStream::connect_timeout(&place.address, PATIENCE);
    let mut stream = stream.map_err(|_gone| not_running())?;
    let asked = Asked {
        token: place.token,
        question,
    };
    let answered = (|| {
        stream.set_read_timeout(Some(PATIENCE * 2))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let line = serde_json::to_string(&asked)?;
        writeln!(stream, "{line}")?;
        let mut answer = String::new();
        BufReader::new(stream.take(MOST_ANSWER_BYTES)).read_line(&mut answer)?;
        serde_json::from_str(&answer).map_err(io::Error::from)
    })();
    answered.map_err(LocalError::NoAnswer)
}

/// The hub's ear for the command line.
#[derive(Debug)]
pub(crate) struct Local {
    listener: TcpListener,
    token: String,
    leads_here: LeadsHere,
    office: Arc<Office>,
}

impl Local {
    /// Listens; must run inside a tokio runtime.
    pub(crate) fn listen(office: Arc<Office>) -> io::Result<Self> {
        let listener = loopback::listen((Ipv4Addr::LOCALHOST, 0).into())?;
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| io::Error::other(error.to_string()))?;
        let token = format!("{:032x}", u128::from_be_bytes(token));
        let file = office.folder().join(FILE);
        let place = Place {
            address: listener.local_addr()?,
            token: token.clone(),
        };
        private_file::replace(&file, &serde_json::to_vec(&place)?)?;
        Ok(Self {
            listener,
            token,
            leads_here: LeadsHere(file),
            office,
        })
    }

    /// Answers until it is dropped.
    pub(crate) async fn serve(self) {
        let Self {
            listener,
            token,
            office,
            leads_here: _there,
        } = self;
        let answer = move |stream| {
            let (office, token) = (Arc::clone(&office), token.clone());
            async move {
                let answered = answer_one(stream, &token, &office).await;
                if answered.is_err() {
                    tracing::debug!("A program on this computer asked in vain");
                }
            }
        };
        loopback::serve(listener, AT_ONCE, PATIENCE, answer).await;
    }
}

/// The file that leads to a hub; it goes with this.
#[derive(Debug)]
struct LeadsHere(PathBuf);

impl Drop for LeadsHere {
    fn drop(&mut self) {
        // one that stays leads nowhere
        std::fs::remove_file(&self.0).unwrap_or_default();
    }
}

async fn answer_one(mut stream: TcpStream, token: &str, office: &Office) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let mut read = tokio::io::BufReader::new(read.take(MOST_QUESTION_BYTES));
    read.read_line(&mut line).await?;
    let asked: Asked = serde_json::from_str(&line)?;
    if !bool::from(asked.token.as_bytes().ct_eq(token.as_bytes())) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let answer = answer(office, asked.question).await;
    let answer = serde_json::to_string(&answer.unwrap_or_else(LocalAnswer::Refused))?;
    write.write_all(format!("{answer}\n").as_bytes()).await?;
    write.shutdown().await
}

async fn answer(office: &Office, question: LocalQuestion) -> Result<LocalAnswer, Refusal> {
    let actor = Actor::CommandLine;
    let was_there = match question {
        LocalQuestion::Live => {
            let (connected, sessions) = desk::who_is_there(office).await?;
            return Ok(LocalAnswer::Live {
                connected,
                sessions,
            });
        }
        LocalQuestion::EndSession {
            session,
            mut reason,
        } => {
            let by = actor.clone();
            let ended = desk::ask(office, |done| Oversight::EndSession {
                session,
                actor: by,
                done,
            });
            let ended = ended.await?;
            if ended {
                reason.truncate(reason.floor_char_boundary(MOST_REASON_BYTES));
                let what = What::EndExplained { session, reason };
                office.change_all(vec![Change { actor, what }]).await?;
            }
            ended
        }
        LocalQuestion::Wake { host } => {
            let through = desk::ask(office, |done| Oversight::Wake { host, actor, done }).await??;
            return Ok(LocalAnswer::Waking { through });
        }
        LocalQuestion::Disconnect { peer } => {
            desk::ask(office, |done| Oversight::Disconnect { peer, actor, done }).await?
        }
    };
    Ok(if was_there {
        LocalAnswer::Done
    } else {
        LocalAnswer::NotThere
    })
}
