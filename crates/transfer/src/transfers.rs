//! What is sent and what comes between this end of a session and the other.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use files::{Outgoing, Reader, WhenThere};
use protocol::browse::{
    BrowseAnswer, FolderAt, ListingPart, MAX_ENTRIES_AT_ONCE, MAX_FETCHED_AT_ONCE,
    MAX_LISTED_ENTRIES, MAX_LISTED_PARTS,
};
use protocol::files::{
    Conflict, ConflictAnswer, FileFault, FileMessage, FilesEnd, FilesWord, TransferId, TransferName,
};
use protocol::limits::MAX_NAME_BYTES;
use protocol::transfers::{Ended, MOST_PROBLEMS, Problem, Stage, Transfer};
use protocol::{Lane, PeerId, SessionId, StreamHeader};
use session::LaneKeys;
use session::seal::is_fast_at_aes;
use tokio::task::AbortHandle;
use transport::{Connection, FramedReader};

use crate::browse::{Asked, Browsing, Consent};
use crate::landing::{Came, Happening, Landing, Taken};
use crate::lane::Lanes;
use crate::meter::Meter;

/// Most transfers that wait to be sent.
const MOST_WAITING: usize = 200;
/// Words that nobody could be told while the line was gone.
const MOST_UNSAID: usize = 16;
/// How long a question stands; then both files are kept.
const PATIENCE: Duration = Duration::from_mins(5);

/// Tells what happens on the threads; called from there, and may wait.
pub type Tell = Arc<dyn Fn(Happening) + Send + Sync>;

/// What is to be done, in order.
#[derive(Debug)]
pub enum Step {
    /// To the other end.
    Say(FilesWord),
    /// To whoever looks.
    Changed(Transfer),
    /// To the user: may this operator look through the folders? [`Transfers::answer_browse`] answers.
    AskUser,
    /// To the operator: what the user said to that.
    Browse(BrowseAnswer),
    /// To the operator: what is in the folder that was asked for last.
    Listing { listing: u32, part: ListingPart },
    /// Something came that the other end did not make: the session must end.
    Forged,
}

/// The way to the other end, until the next.
#[derive(Debug)]
pub struct Channel {
    pub connection: Connection,
    pub session: SessionId,
    pub operator: PeerId,
    pub keys: LaneKeys,
}

/// The transfers of one session between the host and one operator. Lives as long as the session; dropping it
/// ends everything, and removes what is not whole.
///
/// Its calls wait for nothing, and must come from inside of a tokio runtime.
pub struct Transfers {
    is_host: bool,
    tell: Tell,
    /// Where what comes lands.
    folder: Option<PathBuf>,
    may: bool,
    /// The other end knows conflicts.
    other_is_able: bool,
    lanes: Option<Lanes>,
    channels: u64,
    last_sent: u32,
    outgoing: VecDeque<Sending>,
    landing: Arc<Landing>,
    last_came: u32,
    incoming: Option<Coming>,
    /// How the last ones that came ended, for an end that has not heard it.
    ended: VecDeque<FilesWord>,
    unsaid: VecDeque<FilesWord>,
    /// What the operator may see here.
    browsing: Browsing,
    /// What this end's operator asked for last, and how many entries of it came.
    last_listing: u32,
    listed: u32,
}

impl std::fmt::Debug for Transfers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfers")
            .field("outgoing", &self.outgoing.len())
            .field("comes", &self.incoming.is_some())
            .finish_non_exhaustive()
    }
}

struct Sending {
    view: Transfer,
    meter: Meter,
    list: Option<Arc<Outgoing>>,
    is_given_up: Arc<AtomicBool>,
    /// The other end was told of it.
    is_offered: bool,
    /// The channel in which the other end took it.
    begun_in: Option<u64>,
    is_held: bool,
    /// The folder of the host that it goes to, as it was listed.
    into: Option<u32>,
    /// The operator chose it, in the host's folders.
    is_fetched: bool,
}

struct Coming {
    view: Transfer,
    meter: Meter,
    /// The last that was told of it.
    step: u64,
    /// Ends what nobody answers.
    patience: Option<AbortHandle>,
    /// The other end was told that it need not come.
    unwanted: Option<u32>,
}

impl Drop for Coming {
    fn drop(&mut self) {
        if let Some(patience) = &self.patience {
            patience.abort();
        }
    }
}

impl Transfers {
    pub fn new(is_host: bool, may: bool, tell: Tell) -> Self {
        Self {
            is_host,
            tell,
            folder: None,
            may,
            other_is_able: false,
            lanes: None,
            channels: 0,
            last_sent: 0,
            outgoing: VecDeque::new(),
            landing: Arc::default(),
            last_came: 0,
            incoming: None,
            ended: VecDeque::new(),
            unsaid: VecDeque::new(),
            browsing: Browsing::default(),
            last_listing: 0,
            listed: 0,
        }
    }

    /// Whether anything may be sent or taken.
    pub fn may(&self) -> bool {
        self.may
    }

    /// What comes from now on lands in this folder, which is made where it is missing.
    pub fn receive_into(&mut self, folder: Option<PathBuf>) {
        self.folder = folder;
    }

    /// Sends files and folders, after those before them.
    pub fn send(&mut self, chosen: Vec<PathBuf>) -> Vec<Step> {
        self.send_as(chosen, None, false)
    }

    /// As [`Self::send`], into the folder of the host that was listed as `listing`.
    pub fn send_into(&mut self, chosen: Vec<PathBuf>, listing: u32) -> Vec<Step> {
        self.send_as(chosen, Some(listing), false)
    }

    fn send_as(&mut self, chosen: Vec<PathBuf>, into: Option<u32>, is_fetched: bool) -> Vec<Step> {
        if !self.may || chosen.is_empty() || self.outgoing.len() >= MOST_WAITING {
            return Vec::new();
        }
        self.last_sent += 1;
        let number = self.last_sent;
        let is_given_up = Arc::new(AtomicBool::new(false));
        let mut sending = Sending {
            view: Transfer {
                id: TransferId {
                    to_host: !self.is_host,
                    number,
                },
                is_outgoing: true,
                name: name_of(&chosen),
                files: 0,
                bytes: 0,
                done_files: 0,
                done_bytes: 0,
                bytes_per_second: 0,
                stage: Stage::Preparing,
                problems: Vec::new(),
                folder: None,
                question: None,
                replaced: 0,
                skipped: 0,
            },
            meter: Meter::default(),
            list: None,
            is_given_up: Arc::clone(&is_given_up),
            is_offered: false,
            begun_in: None,
            is_held: false,
            into,
            is_fetched,
        };
        let tell = Arc::clone(&self.tell);
        let thread = thread::Builder::new().name("files-list".to_owned());
        let spawned = thread.spawn(move || {
            let goes_on = |_so_far| !is_given_up.load(Ordering::Relaxed);
            let list = if is_fetched {
                Outgoing::of_listed(&chosen, goes_on)
            } else {
                Outgoing::of(&chosen, goes_on)
            };
            let list = list.map(Arc::new);
            tell(Happening::Listed { number, list });
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "No thread for files");
            sending.view.stage = Stage::Over(Ended::Failed(FileFault::READING_FAILED));
            return vec![Step::Changed(sending.view)];
        }
        let step = Step::Changed(sending.view.clone());
        self.outgoing.push_back(sending);
        vec![step]
    }

    /// Ends a transfer.
    pub fn cancel(&mut self, id: TransferId) -> Vec<Step> {
        if let Some(coming) = self.incoming.take_if(|coming| coming.view.id == id) {
            let ended = Ended::Cancelled { here: true };
            return self.came_to_end(coming.view.clone(), ended, true);
        }
        let Some(at) = self.outgoing.iter().position(|s| s.view.id == id) else {
            return Vec::new();
        };
        self.sent_to_end(at, Ended::Cancelled { here: true })
    }

    /// The operator decides what becomes of an entry whose name is there already, at this end or at the
    /// host. Without a line to the host the question stands.
    pub fn answer(
        &mut self,
        id: TransferId,
        entry: u32,
        answer: ConflictAnswer,
        for_all: bool,
    ) -> Vec<Step> {
        let is_asked = |view: &Transfer| {
            let asked = view.question.as_ref();
            view.id == id && asked.is_some_and(|asked| asked.entry == entry)
        };
        if self.is_host {
            return Vec::new();
        }
        if let Some(coming) = self.incoming.as_mut().filter(|c| is_asked(&c.view)) {
            coming.view.question = None;
            let steps = vec![Step::Changed(coming.view.clone())];
            self.settle(id.number, entry, answer, for_all);
            return steps;
        }
        let sending = self.outgoing.front_mut().filter(|s| is_asked(&s.view));
        let (Some(sending), Some(lanes)) = (sending, &mut self.lanes) else {
            return Vec::new();
        };
        sending.view.question = None;
        lanes.answer(id.number, entry, answer, for_all);
        vec![Step::Changed(sending.view.clone())]
    }

    /// Asks the host's user whether the operator may look through the folders; [`Step::Browse`] tells.
    /// Whether there is a line to ask by.
    pub fn ask_to_browse(&mut self) -> Vec<Step> {
        let can = self.lanes.is_some() && self.may && !self.is_host;
        can.then_some(Step::Say(FilesWord::AskToBrowse))
            .into_iter()
            .collect()
    }

    /// What the host's user says to an operator who asked; also takes back what was allowed, and then ends
    /// what the operator fetches.
    pub fn answer_browse(&mut self, consent: Consent) -> Vec<Step> {
        let Some(answer) = self.browsing.answer(consent) else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        if self.lanes.is_some() {
            steps.push(Step::Say(FilesWord::Browse(answer)));
        }
        if answer == BrowseAnswer::Stopped {
            let fetched = self.outgoing.iter().filter(|s| s.is_fetched);
            let fetched: Vec<TransferId> = fetched.map(|s| s.view.id).collect();
            for id in fetched {
                steps.extend(self.cancel(id));
            }
        }
        steps
    }

    /// Whether the operator may look through this computer's folders now.
    pub fn may_browse(&self) -> bool {
        self.browsing.may()
    }

    /// The host's user has paused, or goes on: nothing is listed meanwhile.
    pub fn withhold(&mut self, withheld: bool) {
        self.browsing.is_withheld = withheld;
    }

    /// Asks for what is in a folder of the host; `listing` is higher than for any before.
    pub fn list(&mut self, listing: u32, at: FolderAt) {
        (self.last_listing, self.listed) = (listing, 0);
        self.wish(FileMessage::List { listing, at });
    }

    /// Asks for entries of a folder that was listed; they come as a transfer.
    pub fn fetch(&mut self, listing: u32, entries: &[u32]) {
        for some in entries.chunks(MAX_FETCHED_AT_ONCE) {
            let entries = some.to_vec();
            self.wish(FileMessage::Fetch { listing, entries });
        }
    }

    fn wish(&mut self, wish: FileMessage) {
        let may = self.may && !self.is_host;
        if let Some(lanes) = self.lanes.as_mut().filter(|_| may)
            && !lanes.wish(wish)
        {
            tracing::warn!("Too much is asked of the host's folders at once");
        }
    }

    /// Passes on what came of the folder that was asked for last, as far as there can be so much.
    fn listed_there(&mut self, listing: u32, part: ListingPart) -> Vec<Step> {
        if listing != self.last_listing {
            return Vec::new();
        }
        if let ListingPart::Entries(entries) = &part {
            let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            self.listed = self.listed.saturating_add(count);
            if self.listed > MAX_LISTED_ENTRIES || entries.len() > MAX_ENTRIES_AT_ONCE {
                return vec![Step::Forged];
            }
        }
        if let ListingPart::Begun { path } = &part
            && path.len() > MAX_LISTED_PARTS
        {
            return vec![Step::Forged];
        }
        vec![Step::Listing { listing, part }]
    }

    /// Has a thread do what was decided of a transfer that comes.
    fn settle(&self, number: u32, entry: u32, answer: ConflictAnswer, for_all: bool) {
        let (landing, tell) = (Arc::clone(&self.landing), Arc::clone(&self.tell));
        let thread = thread::Builder::new().name("files-answer".to_owned());
        let spawned = thread.spawn(
            move || match landing.answer(number, entry, answer, for_all) {
                Some(Taken::Some(came)) => tell(Happening::Came(came)),
                Some(Taken::Over(over)) => tell(over),
                None => {}
            },
        );
        if let Err(error) = spawned {
            tracing::error!(%error, "No thread for files");
        }
    }

    /// Stops what this end sends for a while, or goes on with it.
    pub fn hold(&mut self, id: TransferId, is_held: bool) -> Vec<Step> {
        let Some(at) = self.outgoing.iter().position(|s| s.view.id == id) else {
            return Vec::new();
        };
        let sending = &mut self.outgoing[at];
        sending.is_held = is_held;
        sending.meter.rest();
        sending.view.bytes_per_second = 0;
        if at == 0 && sending.begun_in == Some(self.channels) {
            if let Some(lanes) = &self.lanes {
                lanes.hold(is_held);
            }
            sending.view.stage = if is_held { Stage::Held } else { Stage::Running };
        }
        vec![Step::Changed(sending.view.clone())]
    }

    /// The other end says something.
    pub fn heard(&mut self, word: FilesWord) -> Vec<Step> {
        if !self.may {
            return Vec::new();
        }
        match word {
            FilesWord::Offered {
                id,
                name,
                files,
                bytes,
            } if id.to_host == self.is_host => {
                let folder = self.folder.clone();
                self.offered(id, name, (files, bytes), folder)
            }
            FilesWord::OfferedInto {
                id,
                name,
                files,
                bytes,
                listing,
            } if id.to_host && self.is_host => {
                let folder = self.browsing.folder(listing);
                self.offered(id, name, (files, bytes), folder)
            }
            FilesWord::AskToBrowse if self.is_host => match self.browsing.asked() {
                Asked::User => vec![Step::AskUser],
                Asked::Answer(answer) => vec![Step::Say(FilesWord::Browse(answer))],
                Asked::Nothing => Vec::new(),
            },
            FilesWord::Browse(answer) if !self.is_host => vec![Step::Browse(answer)],
            // for the hub, or from the wrong end: of what we send only we say so
            FilesWord::Offered { .. }
            | FilesWord::OfferedInto { .. }
            | FilesWord::AskToBrowse
            | FilesWord::Browse(_)
            | FilesWord::Shown { .. } => Vec::new(),
            FilesWord::Over {
                id,
                end,
                files,
                bytes,
            } => self.over(id, end, files, bytes),
            FilesWord::Able => {
                self.other_is_able = true;
                Vec::new()
            }
            FilesWord::FastAtAes => {
                if let Some(lanes) = &mut self.lanes {
                    lanes.other_is_fast_at_aes = true;
                }
                Vec::new()
            }
        }
    }

    fn offered(
        &mut self,
        id: TransferId,
        name: TransferName,
        (files, bytes): (u32, u64),
        folder: Option<PathBuf>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let is_known = self.incoming.as_ref().is_some_and(|c| c.view.id == id);
        if !is_known {
            if id.number <= self.last_came {
                let of_it = |word: &&FilesWord| matches!(word, FilesWord::Over { id: over, .. } if *over == id);
                return self
                    .ended
                    .iter()
                    .find(of_it)
                    .cloned()
                    .map(Step::Say)
                    .into_iter()
                    .collect();
            }
            if let Some(before) = self.incoming.take() {
                // whoever sends gave it up while the line was gone
                let ended = Ended::Cancelled { here: false };
                steps = self.came_to_end(before.view.clone(), ended, false);
            }
            self.last_came = id.number;
            let view = Transfer {
                id,
                is_outgoing: false,
                name,
                files,
                bytes,
                done_files: 0,
                done_bytes: 0,
                bytes_per_second: 0,
                stage: Stage::Running,
                problems: Vec::new(),
                folder,
                question: None,
                replaced: 0,
                skipped: 0,
            };
            self.incoming = Some(Coming {
                view,
                meter: Meter::default(),
                step: 0,
                patience: None,
                unwanted: None,
            });
        }
        let Some(coming) = &mut self.incoming else {
            return steps;
        };
        let Some(folder) = coming.view.folder.clone() else {
            let ended = Ended::Failed(FileFault::NO_FOLDER);
            return self.incoming_ends(steps, ended);
        };
        coming.view.stage = Stage::Running;
        steps.push(Step::Changed(coming.view.clone()));
        if let Some(lanes) = &self.lanes {
            let offered = (id.number, bytes);
            // the operator is asked, where the console can
            let when_there = if self.is_host && !self.other_is_able {
                WhenThere::KeepBoth
            } else {
                WhenThere::Ask
            };
            let place = (folder, when_there);
            if let Err(error) = lanes.prepare(&self.landing, offered, place, &self.tell) {
                tracing::error!(%error, "No thread for files");
                let ended = Ended::Failed(FileFault::WRITING_FAILED);
                return self.incoming_ends(steps, ended);
            }
        }
        steps
    }

    fn incoming_ends(&mut self, mut steps: Vec<Step>, ended: Ended) -> Vec<Step> {
        if let Some(coming) = self.incoming.take() {
            steps.extend(self.came_to_end(coming.view.clone(), ended, true));
        }
        steps
    }

    fn over(&mut self, id: TransferId, end: FilesEnd, files: u32, bytes: u64) -> Vec<Step> {
        let ended = match end {
            FilesEnd::Done { missing } => Ended::Done { missing },
            FilesEnd::Cancelled => Ended::Cancelled { here: false },
            FilesEnd::Failed(fault) => Ended::Failed(fault),
        };
        if let Some(coming) = self.incoming.take_if(|coming| coming.view.id == id) {
            if matches!(ended, Ended::Done { .. }) {
                // only we know whether all has come
                self.incoming = Some(coming);
                return Vec::new();
            }
            return self.came_to_end(coming.view.clone(), ended, false);
        }
        let Some(at) = self
            .outgoing
            .iter()
            .position(|s| s.view.id == id && s.is_offered)
        else {
            return Vec::new();
        };
        let view = &mut self.outgoing[at].view;
        (view.done_files, view.done_bytes) = (files, bytes);
        self.sent_to_end(at, ended)
    }

    /// There is a way to the other end.
    pub fn opened(&mut self, channel: Channel) -> Vec<Step> {
        self.channels += 1;
        self.landing.belongs_to(self.channels);
        let lane = if self.is_host {
            Lane::FileToOperator
        } else {
            Lane::FileToHost
        };
        let header = StreamHeader {
            lane,
            session: channel.session,
            operator: channel.operator,
            channel: channel.keys.channel(),
        };
        let lanes = Lanes::new(self.channels, channel.connection, header, channel.keys);
        self.lanes = Some(lanes);
        let mut steps = Vec::new();
        if self.may {
            steps.push(Step::Say(FilesWord::Able));
            if is_fast_at_aes() {
                steps.push(Step::Say(FilesWord::FastAtAes));
            }
        }
        if self.may && self.may_browse() {
            let allowed = BrowseAnswer::Allowed;
            steps.push(Step::Say(FilesWord::Browse(allowed)));
        }
        steps.extend(self.unsaid.drain(..).map(Step::Say));
        steps.extend(self.offer(true));
        steps
    }

    /// The way is gone; what is under way waits for the next.
    pub fn closed(&mut self) -> Vec<Step> {
        if self.lanes.take().is_none() {
            return Vec::new();
        }
        self.channels += 1;
        self.landing.belongs_to(self.channels);
        self.browsing.closed();
        let mut steps = Vec::new();
        let outgoing = self.outgoing.iter_mut().filter(|s| s.is_offered);
        let outgoing = outgoing.map(|s| (&mut s.view, &mut s.meter));
        let incoming = self
            .incoming
            .iter_mut()
            .map(|c| (&mut c.view, &mut c.meter));
        for (view, meter) in outgoing.chain(incoming) {
            meter.rest();
            view.bytes_per_second = 0;
            view.stage = Stage::Paused;
            steps.push(Step::Changed(view.clone()));
        }
        steps
    }

    /// Takes the lane that the other end opened in the present channel; whether it belongs here.
    #[must_use]
    pub fn take_stream(&mut self, reader: FramedReader) -> bool {
        let lanes = self.lanes.as_mut().filter(|_| self.may);
        lanes.is_some_and(|lanes| lanes.take(reader, &self.landing, &self.tell))
    }

    /// The user takes the right to files back: nothing more is sent or taken.
    pub fn withdraw(&mut self) -> Vec<Step> {
        self.may = false;
        self.end(Ended::Withdrawn)
    }

    /// The session is over, and all of this with it.
    pub fn end_all(&mut self) -> Vec<Step> {
        self.may = false;
        self.end(Ended::SessionOver)
    }

    fn end(&mut self, ended: Ended) -> Vec<Step> {
        self.lanes = None;
        self.channels += 1;
        self.landing.belongs_to(self.channels);
        self.unsaid.clear();
        self.browsing = Browsing::default();
        self.give_up_landing(None, ended == Ended::SessionOver);
        // nothing comes any more that would have to be removed
        self.last_came = 0;
        let coming = self.incoming.take().map(|coming| coming.view.clone());
        let sending = self.outgoing.drain(..).map(|sending| {
            sending.is_given_up.store(true, Ordering::Relaxed);
            sending.view
        });
        let views = coming.into_iter().chain(sending);
        let changed = views.map(|view| Step::Changed(over(view, ended)));
        changed.collect()
    }

    /// A thread tells something.
    pub fn happened(&mut self, happening: Happening) -> Vec<Step> {
        match happening {
            Happening::Listed { number, list } => self.listed(number, list),
            Happening::Ready { number, start } => {
                let is_it = |c: &Coming| c.view.id.number == number;
                if !self.incoming.as_ref().is_some_and(is_it) {
                    // cancelled meanwhile
                    self.give_up_landing(Some(number), false);
                } else if let Some(lanes) = &mut self.lanes {
                    lanes.begin(number, start);
                    let coming = self.incoming.as_ref();
                    let question = coming.and_then(|coming| coming.view.question.clone());
                    if self.is_host && question.is_some() {
                        // it was asked in the channel before
                        lanes.ask(number, question);
                    }
                }
                Vec::new()
            }
            Happening::Begins { number, start } => {
                let channel = self.channels;
                let first = self.outgoing.front_mut();
                // once in each channel: what is there already is read again to be hashed
                let is_it = |s: &&mut Sending| {
                    s.view.id.number == number && s.is_offered && s.begun_in != Some(channel)
                };
                let Some(sending) = first.filter(is_it) else {
                    return Vec::new();
                };
                let (Some(list), Some(lanes)) = (&sending.list, &mut self.lanes) else {
                    return Vec::new();
                };
                sending.begun_in = Some(channel);
                sending.view.stage = if sending.is_held {
                    Stage::Held
                } else {
                    Stage::Running
                };
                lanes.hold(sending.is_held);
                lanes.send(Some((number, Reader::from(Arc::clone(list), start))));
                vec![Step::Changed(sending.view.clone())]
            }
            Happening::Sent {
                number,
                files,
                bytes,
            } => {
                let first = self.outgoing.front_mut();
                let Some(sending) = first.filter(|s| s.view.id.number == number) else {
                    return Vec::new();
                };
                let view = &mut sending.view;
                (view.done_files, view.done_bytes) = (files, bytes);
                view.bytes_per_second = sending.meter.note(Instant::now(), bytes);
                vec![Step::Changed(view.clone())]
            }
            Happening::Came(came) => {
                let known = self.incoming.as_ref().map(|coming| coming.step);
                if known.is_some_and(|known| came.step <= known) {
                    // told by another thread before
                    return Vec::new();
                }
                self.ask(&came);
                let Some(coming) = self.coming(&came) else {
                    return Vec::new();
                };
                coming.step = came.step;
                coming.view.bytes_per_second = coming.meter.note(Instant::now(), came.bytes);
                vec![Step::Changed(coming.view.clone())]
            }
            Happening::Asked { number, conflict } => {
                let sending = self.outgoing.front_mut();
                let is_it = |s: &&mut Sending| s.view.id.number == number && s.is_offered;
                let Some(sending) = sending.filter(is_it) else {
                    return Vec::new();
                };
                sending.view.question = conflict;
                vec![Step::Changed(sending.view.clone())]
            }
            Happening::Unanswered { number, entry } => {
                let coming = self.incoming.as_ref().map(|coming| &coming.view);
                let asked = coming.and_then(|view| view.question.as_ref());
                if coming.is_some_and(|view| view.id.number == number)
                    && asked.is_some_and(|asked| asked.entry == entry)
                {
                    self.settle(number, entry, ConflictAnswer::KeepBoth, true);
                }
                Vec::new()
            }
            Happening::Finished(came) => {
                let missing = came.missing;
                let is_it = self.coming(&came).is_some();
                let coming = self.incoming.take_if(|_| is_it);
                coming.map_or_else(Vec::new, |coming| {
                    self.came_to_end(coming.view.clone(), Ended::Done { missing }, true)
                })
            }
            Happening::Broke { came, fault } => {
                let is_it = self.coming(&came).is_some();
                let coming = self.incoming.take_if(|_| is_it);
                coming.map_or_else(Vec::new, |coming| {
                    self.came_to_end(coming.view.clone(), Ended::Failed(fault), true)
                })
            }
            Happening::List { listing, at } => {
                if let Some(lanes) = &mut self.lanes {
                    self.browsing.list(listing, at, lanes.orders(), &self.tell);
                }
                Vec::new()
            }
            Happening::Shown { name, entries } => {
                let said = self.say(FilesWord::Shown { name, entries });
                said.into_iter().collect()
            }
            Happening::Fetch { listing, entries } => {
                let chosen = self.browsing.chosen(listing, &entries);
                self.send_as(chosen, None, true)
            }
            Happening::Listing { listing, part } => self.listed_there(listing, part),
            Happening::Forged => vec![Step::Forged],
        }
    }

    fn coming(&mut self, came: &Came) -> Option<&mut Coming> {
        let coming = self.incoming.as_mut();
        let coming = coming.filter(|coming| coming.view.id.number == came.number)?;
        let view = &mut coming.view;
        (view.done_files, view.done_bytes) = (came.files, came.bytes);
        view.problems.clone_from(&came.problems);
        view.question.clone_from(&came.question);
        (view.replaced, view.skipped) = (came.replaced, came.skipped);
        Some(coming)
    }

    /// Has the operator asked what nobody has answered yet, for a while, and says what need not come.
    fn ask(&mut self, came: &Came) {
        let (is_host, tell) = (self.is_host, Arc::clone(&self.tell));
        let Some(coming) = &mut self.incoming else {
            return;
        };
        let number = coming.view.id.number;
        if number != came.number {
            return;
        }
        let entry_of = |question: &Option<Conflict>| question.as_ref().map(|asked| asked.entry);
        let entry = entry_of(&came.question);
        if entry != entry_of(&coming.view.question) {
            let patience = entry.map(|entry| {
                let waits = tokio::spawn(async move {
                    tokio::time::sleep(PATIENCE).await;
                    tokio::task::spawn_blocking(move || {
                        tell(Happening::Unanswered { number, entry });
                    });
                });
                waits.abort_handle()
            });
            if let Some(before) = std::mem::replace(&mut coming.patience, patience) {
                before.abort();
            }
            if let Some(lanes) = self.lanes.as_mut().filter(|_| is_host) {
                lanes.ask(number, came.question.clone());
            }
        }
        if let Some(unwanted) = came.unwanted
            && coming.unwanted.replace(unwanted) != Some(unwanted)
            && self.other_is_able
            && let Some(lanes) = &mut self.lanes
        {
            lanes.unwanted(number, unwanted);
        }
    }

    fn listed(&mut self, number: u32, list: Option<Arc<Outgoing>>) -> Vec<Step> {
        let Some(at) = self
            .outgoing
            .iter()
            .position(|s| s.view.id.number == number)
        else {
            return Vec::new();
        };
        let Some(list) = list else {
            return self.sent_to_end(at, Ended::Failed(FileFault::TOO_MUCH));
        };
        let sending = &mut self.outgoing[at];
        let view = &mut sending.view;
        (view.files, view.bytes) = (list.files(), list.bytes());
        let skipped = list.skipped().iter().take(MOST_PROBLEMS);
        view.problems = skipped
            .map(|skipped| Problem {
                path: skipped.path.to_string_lossy().into_owned(),
                fault: skipped.fault,
            })
            .collect();
        if list.path(0).is_none() {
            let fault = view.problems.first().map_or(FileFault::GONE, |p| p.fault);
            return self.sent_to_end(at, Ended::Failed(fault));
        }
        view.stage = Stage::Waiting;
        sending.list = Some(list);
        let mut steps = vec![Step::Changed(sending.view.clone())];
        steps.extend(self.offer(false));
        steps
    }

    /// Offers the first that waits; in a new channel again.
    fn offer(&mut self, again: bool) -> Vec<Step> {
        let Some(sending) = self.outgoing.front_mut() else {
            return Vec::new();
        };
        let is_due = sending.list.is_some() && (again || !sending.is_offered);
        if self.lanes.is_none() || !is_due {
            return Vec::new();
        }
        sending.is_offered = true;
        let view = &mut sending.view;
        view.stage = if sending.is_held {
            Stage::Held
        } else {
            Stage::Running
        };
        let (id, name) = (view.id, view.name.clone());
        let (files, bytes) = (view.files, view.bytes);
        let word = match sending.into {
            None => FilesWord::Offered {
                id,
                name,
                files,
                bytes,
            },
            Some(listing) => FilesWord::OfferedInto {
                id,
                name,
                files,
                bytes,
                listing,
            },
        };
        vec![Step::Say(word), Step::Changed(view.clone())]
    }

    /// What is sent is over; the next begins.
    fn sent_to_end(&mut self, at: usize, ended: Ended) -> Vec<Step> {
        let Some(sending) = self.outgoing.remove(at) else {
            return Vec::new();
        };
        sending.is_given_up.store(true, Ordering::Relaxed);
        let view = sending.view;
        let mut steps = Vec::new();
        if at == 0
            && let Some(lanes) = &mut self.lanes
        {
            lanes.send(None);
        }
        if sending.is_offered && ended == (Ended::Cancelled { here: true }) {
            let word = word_of(&view, ended);
            steps.extend(self.say(word));
        }
        // what was not even listed is missing too
        let skipped = sending.list.map_or(0, |list| list.skipped().len());
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
        let mut ended = ended;
        if let Ended::Done { missing } = &mut ended {
            *missing = missing.saturating_add(skipped);
        }
        steps.push(Step::Changed(over(view, ended)));
        steps.extend(self.offer(false));
        steps
    }

    /// What came is over.
    fn came_to_end(&mut self, view: Transfer, ended: Ended, say: bool) -> Vec<Step> {
        let number = view.id.number;
        if !matches!(ended, Ended::Done { .. }) {
            self.give_up_landing(Some(number), false);
        }
        let word = word_of(&view, ended);
        self.ended.push_back(word.clone());
        if self.ended.len() > MOST_UNSAID {
            self.ended.pop_front();
        }
        let mut steps = Vec::new();
        if say {
            steps.extend(self.say(word));
        }
        steps.push(Step::Changed(over(view, ended)));
        steps
    }

    /// Says `word`, now or in the next channel.
    fn say(&mut self, word: FilesWord) -> Option<Step> {
        if self.lanes.is_some() {
            return Some(Step::Say(word));
        }
        if self.unsaid.len() < MOST_UNSAID {
            self.unsaid.push_back(word);
        }
        None
    }

    fn give_up_landing(&self, number: Option<u32>, keeps: bool) {
        let landing = Arc::clone(&self.landing);
        let thread = thread::Builder::new().name("files-drop".to_owned());
        if let Err(error) = thread.spawn(move || landing.give_up(number, keeps)) {
            tracing::error!(%error, "No thread to remove parts of files");
        }
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        self.channels += 1;
        self.landing.belongs_to(self.channels);
        for sending in &self.outgoing {
            sending.is_given_up.store(true, Ordering::Relaxed);
        }
        if self.last_came > 0 {
            self.give_up_landing(None, false);
        }
    }
}

fn over(mut view: Transfer, ended: Ended) -> Transfer {
    view.bytes_per_second = 0;
    view.question = None;
    view.stage = Stage::Over(ended);
    view
}

fn word_of(view: &Transfer, ended: Ended) -> FilesWord {
    FilesWord::Over {
        id: view.id,
        end: match ended {
            Ended::Done { missing } => FilesEnd::Done { missing },
            Ended::Failed(fault) => FilesEnd::Failed(fault),
            Ended::Cancelled { .. } | Ended::Withdrawn | Ended::SessionOver => FilesEnd::Cancelled,
        },
        files: view.done_files,
        bytes: view.done_bytes,
    }
}

/// The name of the first, and that there are more.
fn name_of(chosen: &[PathBuf]) -> TransferName {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let more = chosen.len().saturating_sub(1);
    let first = chosen.first().map(|path| name(path)).unwrap_or_default();
    if more == 0 {
        return TransferName::cut(&*first);
    }
    let rest = format!(" + {more}");
    let mut first = first;
    first.truncate(first.floor_char_boundary(MAX_NAME_BYTES - rest.len()));
    TransferName::cut(first + &rest)
}
