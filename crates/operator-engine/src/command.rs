//! What can be wished for, and the handle through which it is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::clipboard::ClipboardWays;
use crate::notes::Notes;
use clipboard::Place;
use codec::{Picture, Rect};
use protocol::admin::reports::{FieldValue, Language};
use protocol::browse::FolderAt;
use protocol::control::{ChatText, KnockReason, Name};
use protocol::files::{ConflictAnswer, TransferId};
use protocol::{
    Entry, InvitationToken, OwnQuestion, PeerId, PointerUpdate, ReportDraft, ReportId, Rights,
    ScreenLayout, SessionId, Shield, TicketRoute,
};
use session::TicketNumber;
use tokio::sync::{mpsc, watch};
use transport::{HubAddress, Pin, Routes};
use zeroize::Zeroizing;

use crate::list::Rows;

/// Called after each event and each change of the list; must return at once. The program makes its
/// window look again.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What the engine must know to start.
#[derive(Debug, Clone)]
pub struct Config {
    pub hub: HubAddress,
    /// The key that the hub must have (E2).
    pub pin: Pin,
    /// The ways to it. Clones learn from each other, so whoever keeps one can set the proxies.
    pub routes: Routes,
    /// Name, version and system, for the hub's log: `pure-help-desk 0.1.0 linux`.
    pub program: String,
    /// The folder for open tickets and unsaved reports; is made where it is missing. Only its owner
    /// may read what is put there.
    pub keep: PathBuf,
    /// What hosts share; opened with the first session that may have it.
    pub clipboard: Place,
}

/// Where a session's pictures go. Called from the session's own threads; must not wait for a window.
pub trait SessionView: Send + Sync {
    /// What the pictures are of from now on; told before the first of them, and each time anew when
    /// the host starts anew.
    fn show_layout(&self, layout: &ScreenLayout);
    /// The remote screen changed inside `changed`, by update `seq`; it counts as shown when this
    /// returns. Places in this picture name `seq` ([`protocol::Place`]).
    fn show_picture(&self, picture: &Picture, changed: &[Rect], seq: u64);
    /// The remote pointer moved or looks different; its place is in pixels of the picture.
    fn show_pointer(&self, pointer: PointerUpdate);
}

/// What the operator wants.
#[non_exhaustive]
pub enum Command {
    /// **Log into the service** (O5). With `keep_trying` a hub that does not answer is tried until it
    /// does; otherwise the first failure is told and that is that. A refusal always ends it.
    LogIn {
        user: String,
        password: Zeroizing<String>,
        keep_trying: bool,
    },
    /// In place of [`Self::LogIn`], once: the account has this password from now on (O12).
    AcceptInvitation {
        user: String,
        token: InvitationToken,
        password: Zeroizing<String>,
    },
    /// The code that [`crate::Event::CodeWanted`] asks for.
    GiveCode {
        code: Zeroizing<String>,
    },
    /// Leave the hub, or stop trying to get there.
    LogOut,
    /// **Generate it** (O6).
    GenerateTicket,
    RevokeTicket {
        route: TicketRoute,
    },
    /// Lets an open ticket be good for as long again as a new one; [`crate::Event::TicketExtended`] tells it.
    ExtendTicket {
        route: TicketRoute,
    },
    /// **Remote Session** (O9); the pictures will go to `view`.
    StartSession {
        host: PeerId,
        asked: Rights,
        view: Arc<dyn SessionView>,
    },
    /// **Remote Session** on a permanent host: opens it with what was typed, and asks. Either
    /// [`crate::Event::HostOpened`] follows, or [`crate::Event::HostNotOpened`].
    OpenHost {
        host: PeerId,
        password: Zeroizing<String>,
        /// Why, for the hub's audit log.
        reason: KnockReason,
        /// A code of the second factor, where the hub wants one; else empty.
        code: Zeroizing<String>,
        asked: Rights,
        view: Arc<dyn SessionView>,
    },
    /// The operator closed the box in which the password is typed.
    GiveUpOpening {
        host: PeerId,
    },
    /// Has others of its network wake a permanent host that is not connected; [`crate::Event::Waking`] tells
    /// what becomes of it.
    Wake {
        host: PeerId,
    },
    /// Asks a colleague, who is in the list by this `name`, to show their screen (O10); the pictures will go
    /// to `view`. [`crate::Event::ShowingBegun`] follows, or [`crate::Event::ShowingOver`].
    AskToSee {
        colleague: PeerId,
        name: Name,
        asked: Rights,
        view: Arc<dyn SessionView>,
    },
    /// The word that both operators type; whoever is asked agrees with it.
    GiveWord {
        word: Zeroizing<String>,
        /// This computer's name and its operating system, for a colleague who sees its screen.
        computer: (Name, Name),
    },
    /// The screen is not shown, or the question is taken back.
    LeaveShowing,
    /// Gives the session's host the ticket of a colleague, who may ask to be let in then (O11).
    /// [`crate::Event::BroughtIn`] tells what became of it.
    BringIn {
        session: SessionId,
        ticket: TicketNumber,
    },
    /// Marks the moment that was `ago_millis` ago in the session's film; [`crate::Event::MomentMarked`]
    /// tells what became of it.
    MarkMoment {
        session: SessionId,
        text: ChatText,
        ago_millis: u32,
    },
    /// Asks the session's host what computer it is and what it is busy with; the user is asked the first
    /// time. [`crate::Event::System`] tells what becomes of it.
    AskSystem {
        session: SessionId,
    },
    /// Wishes that the user's keyboard and mouse do nothing, or that their screen is dark, for which the user
    /// is asked; or no longer. [`crate::Event::Shields`] tells what becomes of it.
    Shield {
        session: SessionId,
        shield: Shield,
        up: bool,
    },
    /// The operator pauses, or goes on: nothing is sent meanwhile, and nothing captured where all of a
    /// session's operators have paused.
    Rest {
        session: SessionId,
        resting: bool,
    },
    /// Leaves a session, which ends with its last operator; or takes the question back.
    EndSession {
        session: SessionId,
    },
    /// **Disconnect this PC** (O9).
    DisconnectHost {
        host: PeerId,
    },
    SendChat {
        host: PeerId,
        text: ChatText,
    },
    /// Sends files and folders to the session's host, after those before them; [`crate::Event::Transfer`]
    /// tells how they go.
    SendFiles {
        session: SessionId,
        chosen: Vec<PathBuf>,
    },
    /// As [`Self::SendFiles`], into the folder of the host that was listed as `listing`.
    SendFilesInto {
        session: SessionId,
        chosen: Vec<PathBuf>,
        listing: u32,
    },
    /// Asks the session's user whether the operator may look through the folders, fetch files from them and
    /// put some there; [`crate::Event::Browse`] tells what becomes of that.
    AskToBrowse {
        session: SessionId,
    },
    /// Asks for what is in a folder of the host; `listing` is higher than for any before in the session, and
    /// the one before comes no further. [`crate::Event::Listing`] tells.
    List {
        session: SessionId,
        listing: u32,
        at: FolderAt,
    },
    /// Fetches entries of a folder that was listed.
    FetchFiles {
        session: SessionId,
        listing: u32,
        entries: Vec<u32>,
    },
    /// Ends a transfer.
    CancelFiles {
        session: SessionId,
        id: TransferId,
    },
    /// What becomes of an entry of a transfer whose name is there already, as
    /// [`crate::Event::Transfer`] asked; and of all others of that transfer.
    AnswerConflict {
        session: SessionId,
        id: TransferId,
        entry: u32,
        answer: ConflictAnswer,
        for_all: bool,
    },
    /// Stops what is sent for a while, or goes on with it.
    HoldFiles {
        session: SessionId,
        id: TransferId,
        held: bool,
    },
    /// Files of hosts land in this folder from now on, which is made where it is missing; without one they
    /// are not taken.
    ReceiveInto {
        folder: Option<PathBuf>,
    },
    /// The operator is in this session's window now, or in none: there the clipboard goes.
    WorkIn {
        session: Option<SessionId>,
    },
    /// Which way the clipboard goes, in all sessions; both ways at first.
    ShareClipboard(ClipboardWays),
    /// Keeps the report on disk at once and with the hub as soon as it can be reached (D1).
    SaveReport {
        report: ReportId,
        draft: ReportDraft,
        /// What the organisation's fields have; none where that is not known, and then the hub's stay.
        fields: Vec<FieldValue>,
        finished: bool,
    },
    /// Keeps the notes that no report has yet on disk, in place of those before.
    KeepNotes(Notes),
    ListDrafts,
    /// What the hub knows of a report that is being written: [`crate::Event::AboutReport`] tells it. Out of
    /// reach nothing comes.
    AskAboutReport {
        report: ReportId,
        /// In which the hub writes what it proposes.
        language: Language,
    },
    /// About the operator's own account; [`crate::Event::OwnAnswered`] brings the answer with the same
    /// number. Out of reach nothing comes.
    AskOwn {
        number: u32,
        question: OwnQuestion,
    },
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // what people typed belongs in no log
        f.write_str(match self {
            Self::LogIn { .. } => "LogIn",
            Self::AcceptInvitation { .. } => "AcceptInvitation",
            Self::GiveCode { .. } => "GiveCode",
            Self::LogOut => "LogOut",
            Self::GenerateTicket => "GenerateTicket",
            Self::RevokeTicket { .. } => "RevokeTicket",
            Self::ExtendTicket { .. } => "ExtendTicket",
            Self::StartSession { .. } => "StartSession",
            Self::OpenHost { .. } => "OpenHost",
            Self::GiveUpOpening { .. } => "GiveUpOpening",
            Self::Wake { .. } => "Wake",
            Self::AskToSee { .. } => "AskToSee",
            Self::GiveWord { .. } => "GiveWord",
            Self::LeaveShowing => "LeaveShowing",
            Self::BringIn { .. } => "BringIn",
            Self::MarkMoment { .. } => "MarkMoment",
            Self::AskSystem { .. } => "AskSystem",
            Self::Shield { .. } => "Shield",
            Self::Rest { .. } => "Rest",
            Self::EndSession { .. } => "EndSession",
            Self::DisconnectHost { .. } => "DisconnectHost",
            Self::SendChat { .. } => "SendChat",
            Self::SendFiles { .. } => "SendFiles",
            Self::SendFilesInto { .. } => "SendFilesInto",
            Self::AskToBrowse { .. } => "AskToBrowse",
            Self::List { .. } => "List",
            Self::FetchFiles { .. } => "FetchFiles",
            Self::CancelFiles { .. } => "CancelFiles",
            Self::AnswerConflict { .. } => "AnswerConflict",
            Self::HoldFiles { .. } => "HoldFiles",
            Self::ReceiveInto { .. } => "ReceiveInto",
            Self::WorkIn { .. } => "WorkIn",
            Self::ShareClipboard(_) => "ShareClipboard",
            Self::SaveReport { .. } => "SaveReport",
            Self::KeepNotes(_) => "KeepNotes",
            Self::ListDrafts => "ListDrafts",
            Self::AskAboutReport { .. } => "AskAboutReport",
            Self::AskOwn { .. } => "AskOwn",
        })
    }
}

/// A command was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Too many commands wait; try again a little later.
    #[error("too many commands are waiting")]
    Busy,
    /// The engine has ended.
    #[error("the engine has ended")]
    Ended,
}

/// The way to a running engine. Dropping it logs out and ends the engine in the background;
/// [`Self::shut_down`] waits for that.
#[derive(Debug)]
pub struct OperatorHandle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) rows: watch::Receiver<Rows>,
    pub(crate) thread: JoinHandle<()>,
}

impl OperatorHandle {
    /// Gives `command` to the engine; never waits.
    ///
    /// # Errors
    ///
    /// [`CommandError`]; the command was not taken then.
    pub fn send(&self, command: Command) -> Result<(), CommandError> {
        self.commands
            .try_send(command)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => CommandError::Busy,
                mpsc::error::TrySendError::Closed(_) => CommandError::Ended,
            })
    }

    /// The live list as it is now, in the order in which the rows came.
    pub fn entries(&self) -> Arc<Vec<Entry>> {
        self.rows().entries
    }

    /// The same, and which of the rows are permanent hosts that are not connected.
    pub fn rows(&self) -> Rows {
        self.rows.borrow().clone()
    }

    /// Logs out and ends the engine; returns when everything is on disk and the hub knows, or
    /// after about a second if it does not answer.
    pub fn shut_down(self) {
        let Self {
            commands,
            rows,
            thread,
        } = self;
        drop((commands, rows));
        if thread.join().is_err() {
            tracing::error!("Engine thread panicked");
        }
    }
}
