//! One look, and one fetch.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use maker::{Channel, ChannelFault, Listed, MakerKeys, Mistrust, NoOffer, Version};
use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::updates::{HubToSeeker, ProgramFile, SeekerToHub, UpdateTrouble};
use protocol::version::UPDATES;
use protocol::{HostToHub, HubAddress, Refusal, Role};
use tokio::time::timeout;
use transport::client::{self, ConnectError, Greeted};
use transport::{CloseReason, Pin, ReadError, Routes, close};
use update::{Own, UpdateFault};

/// How long the hub may take for one answer, or one part of a program.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// No program is larger, in bytes, whatever its maker's list says: it is kept in memory until it is checked.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// Looks for newer versions of a program at its hub.
#[derive(Debug, Clone)]
pub struct Seeker {
    pub hub: HubAddress,
    pub pin: Pin,
    pub routes: Routes,
    /// The program as it calls itself to hubs.
    pub program: String,
    /// The program that runs.
    pub own: Own,
    /// Where the number of the newest list that was seen is kept; the folder may be missing.
    pub memory: PathBuf,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// A newer version can be had.
    Offered(Offer),
    /// There is none, or the hub does not hand it out.
    Newest,
    /// The hub knows of no versions, or is older than such questions.
    NoList,
}

/// A newer version that the maker's list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    listed: Listed,
    by_themselves: bool,
}

/// A newer version as it came from the hub, with the hash that the maker's list has for it.
#[derive(Debug)]
pub struct Fetched {
    program: Vec<u8>,
    signature: String,
}

/// Why there is no newer version, or it is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeekFault {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the hub did not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent,
    #[error("the line broke: {detail}")]
    Broken { detail: String },
    #[error("the hub said what is out of place")]
    OutOfPlace,
    #[error("the hub does not hand it out now: {0}")]
    Refused(Refusal),
    #[error(transparent)]
    Channel(#[from] ChannelFault),
    #[error(transparent)]
    NoOffer(#[from] NoOffer),
    #[error("it has {given} bytes, and {listed} in its maker's list")]
    WrongSize { given: u64, listed: u64 },
    #[error("it is not what its maker's list names: its bytes are others")]
    WrongBytes,
    #[error(transparent)]
    Update(#[from] UpdateFault),
    #[error("the task that put it in its place failed")]
    Inside,
}

impl Offer {
    pub fn version(&self) -> &Version {
        &self.listed.version
    }

    /// The program's size.
    pub fn bytes(&self) -> u64 {
        self.listed.bytes
    }

    /// Whether the hub's administrator wants permanent hosts to take it by themselves.
    pub fn is_for_by_itself(&self) -> bool {
        self.by_themselves
    }
}

impl Fetched {
    /// All of the program.
    pub fn program(&self) -> &[u8] {
        &self.program
    }

    /// The text of its maker's signature.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Puts it in the place of `own`, if its maker signed it as the next version of that. Blocks as [`Own::update`].
    ///
    /// # Errors
    ///
    /// [`UpdateFault`]; `own` is in its place then, as it was.
    pub fn place(self, own: &Own) -> Result<Version, UpdateFault> {
        own.update_to(self.program, &self.signature)
    }
}

impl Seeker {
    /// Asks the hub for the maker's list, and looks there for a newer version of this program. Must run inside a tokio
    /// runtime; dropping the future ends it.
    ///
    /// # Errors
    ///
    /// [`SeekFault`]: above all where the list is not the maker's, or older than one before.
    pub async fn look(&self) -> Result<Look, SeekFault> {
        let Some(mut line) = self.call().await? else {
            return Ok(Look::NoList);
        };
        let file = self.file();
        let answer = line.ask(&SeekerToHub::Look { file }).await;
        let answer = line.hang_up_after(answer).await?;
        let (channel, signature, is_here, by_themselves) = match answer {
            HubToSeeker::Nothing => return Ok(Look::NoList),
            HubToSeeker::Versions {
                channel,
                signature,
                is_here,
                by_themselves,
            } => (channel, signature, is_here, by_themselves),
            HubToSeeker::Refused { refusal } => return Err(SeekFault::Refused(refusal)),
            HubToSeeker::Program { .. } | HubToSeeker::Part { .. } => {
                return Err(SeekFault::OutOfPlace);
            }
        };
        let signature = text(&signature).map_err(ChannelFault::from)?;
        let known = self.known_serial();
        let channel = Channel::check(&MakerKeys::built_in(), &channel, signature, known)?;
        self.remember(channel.serial, known);
        match channel.offer(&self.own.file(), &self.own.version) {
            Ok(_) if !is_here => Ok(Look::Newest),
            Ok(listed) => Ok(Look::Offered(Offer {
                listed: listed.clone(),
                by_themselves,
            })),
            Err(NoOffer::Newest { .. } | NoOffer::NotListed { .. }) => Ok(Look::Newest),
            Err(older) => Err(older.into()),
        }
    }

    /// Fetches what was offered; `tell` hears how many bytes have come. Must run inside a tokio runtime; dropping the
    /// future ends it.
    ///
    /// # Errors
    ///
    /// [`SeekFault`]: above all where more or other bytes come than the maker's list has.
    pub async fn fetch(&self, offer: &Offer, tell: impl Fn(u64)) -> Result<Fetched, SeekFault> {
        let Some(mut line) = self.call().await? else {
            return Err(SeekFault::OutOfPlace);
        };
        let fetched = line.fetch(self.file(), &offer.listed, tell).await;
        line.hang_up_after(fetched).await
    }

    /// A connection that is for updates, to a hub that knows such.
    async fn call(&self) -> Result<Option<Line>, SeekFault> {
        let Self {
            hub,
            pin,
            routes,
            program,
            ..
        } = self;
        let greeted = client::connect(hub, *pin, Role::Host, program, routes).await?;
        let mut line = Line(greeted);
        if line.0.version < UPDATES {
            line.hang_up().await;
            return Ok(None);
        }
        line.0.reader.set_limit(MAX_CONTROL_FRAME_BYTES);
        line.say(&HostToHub::SeekUpdates).await?;
        Ok(Some(line))
    }

    fn file(&self) -> ProgramFile {
        ProgramFile::cut(self.own.file())
    }

    /// The number of the newest list that was seen.
    fn known_serial(&self) -> Option<u64> {
        fs::read_to_string(&self.memory).ok()?.trim().parse().ok()
    }

    fn remember(&self, serial: u64, known: Option<u64>) {
        if known == Some(serial) {
            return;
        }
        let folder = self
            .memory
            .parent()
            .map_or(Ok(()), private_file::make_folder);
        let kept = folder
            .and_then(|()| private_file::replace(&self.memory, serial.to_string().as_bytes()));
        if let Err(error) = kept {
            tracing::warn!(%error, "The number of the list of versions is not kept");
        }
    }
}

/// A call to a hub.
struct Line(Greeted);

impl Line {
    async fn fetch(
        &mut self,
        file: ProgramFile,
        listed: &Listed,
        tell: impl Fn(u64),
    ) -> Result<Fetched, SeekFault> {
        let wrong_size = |given| SeekFault::WrongSize {
            given,
            listed: listed.bytes,
        };
        let (bytes, signature) = match self.ask(&SeekerToHub::Fetch { file }).await? {
            HubToSeeker::Program { bytes, signature } => (bytes, signature),
            HubToSeeker::Refused { refusal } => return Err(SeekFault::Refused(refusal)),
            HubToSeeker::Nothing | HubToSeeker::Versions { .. } | HubToSeeker::Part { .. } => {
                return Err(SeekFault::OutOfPlace);
            }
        };
        if bytes != listed.bytes || bytes > MOST_BYTES {
            return Err(wrong_size(bytes));
        }
        let signature = text(&signature).map_err(UpdateFault::from)?.to_owned();
        let whole = usize::try_from(bytes).map_err(|_larger| wrong_size(bytes))?;
        // it grows with what comes: a hub that only says that much costs nothing
        let mut program = Vec::new();
        while program.len() < whole {
            let HubToSeeker::Part { bytes: part } = self.hear().await? else {
                return Err(SeekFault::OutOfPlace);
            };
            if part.is_empty() {
                return Err(SeekFault::OutOfPlace);
            }
            if part.len() > whole - program.len() {
                let given = program.len().saturating_add(part.len());
                return Err(wrong_size(u64::try_from(given).unwrap_or(u64::MAX)));
            }
            program.extend_from_slice(&part);
            tell(u64::try_from(program.len()).unwrap_or(u64::MAX));
        }
        if !listed.is(&program) {
            return Err(SeekFault::WrongBytes);
        }
        Ok(Fetched { program, signature })
    }

    async fn ask(&mut self, question: &SeekerToHub) -> Result<HubToSeeker, SeekFault> {
        let asked = self.0.writer.write(question).await;
        asked.map_err(|error| self.broken(&error.to_string()))?;
        self.hear().await
    }

    async fn say(&mut self, message: &HostToHub) -> Result<(), SeekFault> {
        let said = self.0.writer.write(message).await;
        said.map_err(|error| self.broken(&error.to_string()))
    }

    async fn hear(&mut self) -> Result<HubToSeeker, SeekFault> {
        let heard = timeout(ANSWER_TIMEOUT, self.0.reader.read()).await;
        match heard.map_err(|_elapsed| SeekFault::Silent)? {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(self.broken("the hub hung up")),
            Err(ReadError::Decode(_)) => Err(SeekFault::OutOfPlace),
            Err(error) => Err(self.broken(&error.to_string())),
        }
    }

    /// What the hub said when it closed the connection, or else `detail`.
    fn broken(&self, detail: &str) -> SeekFault {
        let reason = self.0.connection.close_reason();
        match reason.as_ref().map(CloseReason::from) {
            Some(CloseReason::Refused(refusal)) => SeekFault::Refused(refusal),
            _ => SeekFault::Broken {
                detail: detail.to_owned(),
            },
        }
    }

    async fn hang_up(&self) {
        close::hang_up(&self.0.connection, &self.0.endpoint).await;
    }

    async fn hang_up_after<T>(self, done: T) -> T {
        self.hang_up().await;
        done
    }
}

fn text(signature: &[u8]) -> Result<&str, Mistrust> {
    std::str::from_utf8(signature).map_err(|_no_text| Mistrust::NoSignature)
}

impl SeekFault {
    /// What it is to a person.
    pub fn trouble(&self) -> UpdateTrouble {
        use protocol::RefusalCode;
        match self {
            Self::Connect(_) | Self::Silent | Self::Broken { .. } => UpdateTrouble::NoAnswer,
            Self::Refused(refusal) if refusal.code == RefusalCode::NOT_THERE => UpdateTrouble::Gone,
            Self::Refused(_) => UpdateTrouble::Busy,
            Self::OutOfPlace | Self::WrongBytes | Self::Channel(_) => UpdateTrouble::Forged,
            Self::NoOffer(NoOffer::Downgrade { .. }) => UpdateTrouble::Older,
            Self::NoOffer(_) => UpdateTrouble::Gone,
            Self::WrongSize { .. } => UpdateTrouble::WrongSize,
            Self::Update(fault) => match fault {
                UpdateFault::OtherProgram { .. } => UpdateTrouble::OtherProgram,
                UpdateFault::Same { .. } | UpdateFault::Downgrade { .. } => UpdateTrouble::Older,
                UpdateFault::Mistrust(_) | UpdateFault::NoSignature { .. } => UpdateTrouble::Forged,
                UpdateFault::DoesNotStart { .. } => UpdateTrouble::DoesNotStart,
                UpdateFault::Nowhere { .. }
                | UpdateFault::Packaged
                | UpdateFault::Read { .. }
                | UpdateFault::DamagedBlock(_)
                | UpdateFault::NoRoom(_)
                | UpdateFault::NothingBefore { .. }
                | UpdateFault::Write { .. }
                | _ => UpdateTrouble::NotWritten,
            },
            Self::Inside => UpdateTrouble::NotWritten,
        }
    }
}
