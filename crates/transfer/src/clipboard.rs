//! One clipboard for both ends of a session, as both engines carry it: the same for host and console, but
//! that the console says by its input lane what was copied there, before the key that pastes it.
//!
//! What was copied at the other end this computer's clipboard holds by its kinds; a paste asks for contents,
//! one after another, over a lane in each direction. A [`Share`] lives as long as a channel.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use clipboard::{Clipboard, Held, Reply};
use protocol::clipboard::{
    CLIPBOARD_PIECE_BYTES, ClipboardFault, ClipboardFrame, ClipboardKind, ClipboardKinds,
    Gathering, PieceBytes,
};
use protocol::lanes::CONTROL_PRIORITY;
use protocol::limits::{MAX_CLIPBOARD_FRAME_BYTES, MAX_HEADER_FRAME_BYTES};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{Lane, StreamHeader};
use session::seal::SEAL_OVERHEAD_BYTES;
use session::{Opener, Sealer};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use transport::{FramedReader, FramedWriter, ReadError, WriteError};

use crate::Channel;

/// How long the other end may send nothing of what is pasted.
const PASTE_PATIENCE: Duration = Duration::from_secs(20);
/// How long a key may wait for the clipboard that it pastes.
const TAKE_OVER_PATIENCE: Duration = Duration::from_millis(200);
/// The same is told again only after so long.
const TELL_AGAIN: Duration = Duration::from_secs(3);
/// Pastes that may wait.
const MAX_PASTES: usize = 8;
/// What may wait for the task of a share, and for its lane.
const MAX_ORDERS: usize = 16;
const MAX_WAITING: usize = 4;

/// What a share tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareNews {
    /// What was pasted did not come: on this computer, or at the other end.
    NotPasted { here: bool, fault: ClipboardFault },
    /// Something came that the other end did not send so.
    Forged,
}

/// Hears what a share tells; called from its task, and must not block.
pub type ShareTell = Arc<dyn Fn(ShareNews) + Send + Sync>;

/// What was copied here, as the other end may ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Announced {
    offer: u64,
    kinds: ClipboardKinds,
}

enum Order {
    Stream(FramedReader),
    /// A program here pastes what the other end copied.
    Paste(Paste),
}

struct Paste {
    offer: u64,
    kind: ClipboardKind,
    reply: Reply,
}

/// One session's clipboard, with one other end, over one channel. Dropping it ends all, and lets go what this
/// computer's clipboard holds of the other end.
pub struct Share {
    there: Taker,
    announced: watch::Sender<Announced>,
    /// Ends the task with its drop.
    _task: JoinSet<()>,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").finish_non_exhaustive()
    }
}

/// Takes this computer's clipboard over for the other end. Any thread may have one.
#[derive(Clone)]
pub struct Taker {
    machine: Arc<dyn Clipboard>,
    orders: mpsc::Sender<Order>,
    held: Arc<Mutex<Option<(u64, Held)>>>,
    /// What the other end copied may come here.
    takes: Arc<AtomicBool>,
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taker").finish_non_exhaustive()
    }
}

impl Taker {
    /// The other end copied something, or has nothing more to give.
    pub fn take_over(&self, offer: u64, kinds: ClipboardKinds) {
        let takes = self.takes.load(Ordering::Relaxed) && !kinds.is_empty();
        let orders = self.orders.clone();
        let held = takes.then(|| {
            let provide = move |kind, reply| {
                let paste = Paste { offer, kind, reply };
                // where it cannot be taken the reply is dropped, and says so
                if orders.try_send(Order::Paste(paste)).is_err() {
                    tracing::debug!("Too many pastes, or the session is over");
                }
            };
            let held = clipboard::hold(&self.machine, kinds, Arc::new(provide));
            (offer, held)
        });
        *self.lock() = held;
    }

    /// As [`Self::take_over`]; blocks until it is done, but not for long.
    pub fn take_over_now(&self, offer: u64, kinds: ClipboardKinds) {
        self.take_over(offer, kinds);
        if let Some((_, held)) = &*self.lock() {
            held.wait(TAKE_OVER_PATIENCE);
        }
    }

    /// Whether `offer` was the last that was taken over.
    pub fn holds(&self, offer: u64) -> bool {
        self.lock().as_ref().is_some_and(|(held, _)| *held == offer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(u64, Held)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Shares `machine`'s clipboard with the other end of `channel`. Must run inside a tokio runtime.
    pub fn start(
        channel: &Channel,
        is_host: bool,
        machine: &Arc<dyn Clipboard>,
        tell: ShareTell,
    ) -> Self {
        let (lane, their_lane) = if is_host {
            (Lane::ClipboardToOperator, Lane::ClipboardToHost)
        } else {
            (Lane::ClipboardToHost, Lane::ClipboardToOperator)
        };
        let session = channel.session;
        let (orders, waiting) = mpsc::channel(MAX_ORDERS);
        let there = Taker {
            machine: Arc::clone(machine),
            orders,
            held: Arc::default(),
            takes: Arc::new(AtomicBool::new(true)),
        };
        let (announced, watched) = watch::channel(Announced::default());
        let (out, to_send) = mpsc::channel(MAX_WAITING);
        let (open, is_open) = watch::channel(());
        let writing = Writing {
            connection: channel.connection.clone(),
            header: StreamHeader {
                lane,
                session,
                operator: channel.operator,
                channel: channel.keys.channel(),
            },
            sealer: channel.keys.sealer(session, lane),
            to_send,
            offers: is_host.then(|| watched.clone()),
        };
        tokio::spawn(async move {
            if let Err(error) = writing.run(is_open).await {
                tracing::debug!(%error, "The lane of the clipboard broke");
            }
        });
        let work = Work {
            is_host,
            there: there.clone(),
            opener: Some(channel.keys.opener(session, their_lane)),
            announced: watched,
            out,
            tell,
            told: None,
            heard_offer: 0,
            pastes: VecDeque::new(),
            pasting: None,
            _open: open,
        };
        let mut task = JoinSet::new();
        task.spawn(work.run(waiting));
        Self {
            there,
            announced,
            _task: task,
        }
    }

    /// What takes this computer's clipboard over for the other end.
    pub fn taker(&self) -> Taker {
        self.there.clone()
    }

    /// The other end's lane is here.
    pub fn take_stream(&self, reader: FramedReader) {
        if self.there.orders.try_send(Order::Stream(reader)).is_err() {
            tracing::debug!("A lane of the clipboard comes too late");
        }
    }

    /// The other end may have copy `offer` of this computer's clipboard as `kinds`, and no other. A host says
    /// so by its lane. Gives whether that is news.
    pub fn announce(&self, offer: u64, kinds: ClipboardKinds) -> bool {
        self.announced.send_if_modified(|announced| {
            let is_news =
                announced.kinds != kinds || (announced.offer != offer && !kinds.is_empty());
            if is_news {
                *announced = Announced { offer, kinds };
            }
            is_news
        })
    }

    /// The other end may have nothing of this computer's clipboard any more.
    pub fn withdraw(&self) {
        let offer = self.announced.borrow().offer;
        self.announce(offer, ClipboardKinds::default());
    }

    /// Whether the other end may have a copy that was before `offer`.
    pub fn lags_behind(&self, offer: u64) -> bool {
        let announced = self.announced.borrow();
        announced.offer < offer && !announced.kinds.is_empty()
    }

    /// Whether what the other end copied may come here; where not, what is held is let go.
    pub fn take(&self, takes: bool) {
        self.there.takes.store(takes, Ordering::Relaxed);
        if !takes {
            *self.there.lock() = None;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // takers may live on
        self.take(false);
    }
}

/// What a program here pastes, on its way.
struct Pasting {
    kind: ClipboardKind,
    gathering: Gathering,
    offer: u64,
    /// Whoever waited for it may have been told that it does not come.
    reply: Option<Reply>,
    until: Instant,
}

/// What is being fetched for the other end.
struct Fetching {
    offer: u64,
    kind: ClipboardKind,
    contents: oneshot::Receiver<Result<Bytes, ClipboardFault>>,
}

/// What is to be sent.
enum Outgoing {
    Frame(ClipboardFrame),
    Contents {
        offer: u64,
        kind: ClipboardKind,
        contents: Bytes,
    },
}

/// The other end broke the rules.
struct Forged;

/// The task of a share.
struct Work {
    is_host: bool,
    there: Taker,
    /// Of the other end's lane, until it is here; a second could only be a replay.
    opener: Option<Opener>,
    announced: watch::Receiver<Announced>,
    out: mpsc::Sender<Outgoing>,
    tell: ShareTell,
    /// What was told last, and when.
    told: Option<(ShareNews, Instant)>,
    /// The other end's newest offer.
    heard_offer: u64,
    pastes: VecDeque<Paste>,
    pasting: Option<Pasting>,
    /// Closes the lane with this.
    _open: watch::Sender<()>,
}

impl Work {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut tasks = JoinSet::new();
        let (heard, mut frames) = mpsc::channel(MAX_WAITING);
        let mut fetching: Option<Fetching> = None;
        loop {
            let late = self
                .pasting
                .as_ref()
                .filter(|pasting| pasting.reply.is_some());
            let late = late.map(|pasting| pasting.until);
            let done = tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Stream(reader)) => {
                        if let Some(opener) = self.opener.take() {
                            tasks.spawn(hear(reader, opener, heard.clone()));
                        } else {
                            tracing::debug!("A second lane of the clipboard");
                        }
                        Ok(())
                    }
                    Some(Order::Paste(paste)) => self.paste(paste),
                    None => return,
                },
                // this task holds a sender
                Some(frame) = frames.recv() => match frame {
                    Ok(frame) => self.hear(frame, &mut fetching),
                    Err(forged) => Err(forged),
                },
                contents = fetched(&mut fetching) => self.fetched(&mut fetching, contents),
                () = until(late) => {
                    if let Some(reply) = self.pasting.as_mut().and_then(|p| p.reply.take()) {
                        reply(Err(ClipboardFault::NO_ANSWER));
                        self.not_pasted(true, ClipboardFault::NO_ANSWER);
                    }
                    Ok(())
                }
            };
            if let Err(Forged) = done {
                return (self.tell)(ShareNews::Forged);
            }
        }
    }

    fn hear(
        &mut self,
        frame: ClipboardFrame,
        fetching: &mut Option<Fetching>,
    ) -> Result<(), Forged> {
        match frame {
            ClipboardFrame::Offer { offer, kinds } => {
                // what a console offers comes by the input lane
                // the same again is taken back
                if self.is_host || offer < self.heard_offer {
                    return Err(Forged);
                }
                self.heard_offer = offer;
                self.there.take_over(offer, kinds);
                Ok(())
            }
            ClipboardFrame::Want { offer, kind } => {
                if fetching.is_some() {
                    return Err(Forged); // one after another
                }
                let announced = *self.announced.borrow();
                if announced.offer != offer || !announced.kinds.has(kind) {
                    let fault = if announced.kinds.is_empty() {
                        ClipboardFault::SWITCHED_OFF
                    } else {
                        ClipboardFault::REPLACED
                    };
                    return self.broken(offer, kind, fault);
                }
                let (sender, contents) = oneshot::channel();
                let reply = move |contents| {
                    if sender.send(contents).is_err() {
                        tracing::trace!("The session is over");
                    }
                };
                self.there.machine.fetch(offer, kind, Box::new(reply));
                *fetching = Some(Fetching {
                    offer,
                    kind,
                    contents,
                });
                Ok(())
            }
            ClipboardFrame::Piece { offer, bytes } => {
                let pasting = self.pasting.as_mut().ok_or(Forged)?;
                pasting.until = Instant::now() + PASTE_PATIENCE;
                let taken = pasting.gathering.piece(offer, &bytes.0);
                taken.map_err(|_out_of_turn| Forged)
            }
            ClipboardFrame::End { offer, kind } => {
                let pasting = self.pasted(offer, kind)?;
                let contents = pasting.gathering.end();
                self.hand_over(pasting.reply, contents.map(Bytes::from))
            }
            ClipboardFrame::Broken { offer, kind, fault } => {
                let pasting = self.pasted(offer, kind)?;
                self.hand_over(pasting.reply, Err(fault))
            }
        }
    }

    /// What was being pasted is over.
    fn pasted(&mut self, offer: u64, kind: ClipboardKind) -> Result<Pasting, Forged> {
        let is_it = |pasting: &mut Pasting| (pasting.offer, pasting.kind) == (offer, kind);
        self.pasting.take_if(is_it).ok_or(Forged)
    }

    fn hand_over(
        &mut self,
        reply: Option<Reply>,
        contents: Result<Bytes, ClipboardFault>,
    ) -> Result<(), Forged> {
        if let Some(reply) = reply {
            if let Err(fault) = &contents {
                self.not_pasted(true, *fault);
            }
            reply(contents);
        }
        self.paste_next()
    }

    fn paste(&mut self, paste: Paste) -> Result<(), Forged> {
        if self.pastes.len() >= MAX_PASTES {
            (paste.reply)(Err(ClipboardFault::NO_ANSWER));
            return Ok(());
        }
        self.pastes.push_back(paste);
        self.paste_next()
    }

    fn paste_next(&mut self) -> Result<(), Forged> {
        while self.pasting.is_none() {
            let Some(Paste { offer, kind, reply }) = self.pastes.pop_front() else {
                return Ok(());
            };
            if !self.there.holds(offer) {
                reply(Err(ClipboardFault::REPLACED));
                continue;
            }
            self.pasting = Some(Pasting {
                kind,
                gathering: Gathering::new(offer, kind),
                offer,
                reply: Some(reply),
                until: Instant::now() + PASTE_PATIENCE,
            });
            return self.send(Outgoing::Frame(ClipboardFrame::Want { offer, kind }));
        }
        Ok(())
    }

    /// What the other end pastes has been read, or cannot be.
    fn fetched(
        &mut self,
        fetching: &mut Option<Fetching>,
        contents: Result<Bytes, ClipboardFault>,
    ) -> Result<(), Forged> {
        let Some(Fetching { offer, kind, .. }) = fetching.take() else {
            return Ok(());
        };
        match contents {
            Ok(_) if self.announced.borrow().offer != offer => {
                self.broken(offer, kind, ClipboardFault::REPLACED)
            }
            Ok(contents) => self.send(Outgoing::Contents {
                offer,
                kind,
                contents,
            }),
            Err(fault) => {
                self.not_pasted(false, fault);
                self.broken(offer, kind, fault)
            }
        }
    }

    fn not_pasted(&mut self, here: bool, fault: ClipboardFault) {
        let news = ShareNews::NotPasted { here, fault };
        // a program may try one kind after another
        let again = self.told.as_ref().filter(|(told, _)| *told == news);
        let again = again.is_some_and(|(_, at)| at.elapsed() < TELL_AGAIN);
        // who copies again knows that the older copy is gone
        if fault != ClipboardFault::REPLACED && !again {
            self.told = Some((news, Instant::now()));
            (self.tell)(news);
        }
    }

    fn broken(&self, offer: u64, kind: ClipboardKind, fault: ClipboardFault) -> Result<(), Forged> {
        self.send(Outgoing::Frame(ClipboardFrame::Broken {
            offer,
            kind,
            fault,
        }))
    }

    /// There is room for what is asked and answered by turns; only one who asks out of turn fills it.
    fn send(&self, what: Outgoing) -> Result<(), Forged> {
        match self.out.try_send(what) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Forged),
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }
}

async fn fetched(fetching: &mut Option<Fetching>) -> Result<Bytes, ClipboardFault> {
    match fetching {
        Some(fetching) => {
            let contents = (&mut fetching.contents).await;
            contents.unwrap_or(Err(ClipboardFault::NO_ANSWER))
        }
        None => std::future::pending().await,
    }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Hears the other end's lane until it ends.
async fn hear(
    mut reader: FramedReader,
    mut opener: Opener,
    heard: mpsc::Sender<Result<ClipboardFrame, Forged>>,
) {
    reader.set_limit(MAX_CLIPBOARD_FRAME_BYTES);
    loop {
        let frame = match reader.read_body().await {
            Ok(Some(sealed)) => {
                let opened = opener.open(&sealed).ok();
                opened.and_then(|body| wire::decode::<ClipboardFrame>(&body).ok())
            }
            // the hub cuts the lane where the right is gone
            Ok(None) | Err(ReadError::Broken(_)) => return,
            Err(_nonsense) => None,
        };
        let is_last = frame.is_none();
        if heard.send(frame.ok_or(Forged)).await.is_err() || is_last {
            return;
        }
    }
}

/// The lane that this end opens, with the first that is to be sent.
struct Writing {
    connection: transport::Connection,
    header: StreamHeader,
    sealer: Sealer,
    to_send: mpsc::Receiver<Outgoing>,
    /// What is offered by this lane.
    offers: Option<watch::Receiver<Announced>>,
}

impl Writing {
    async fn run(mut self, mut is_open: watch::Receiver<()>) -> Result<(), WriteError> {
        let first = tokio::select! {
            biased;
            _ = is_open.changed() => return Ok(()),
            first = self.next() => first,
        };
        let Some(first) = first else { return Ok(()) };
        let stream = self.connection.open_uni().await;
        let stream = stream.map_err(|lost| WriteError::Broken(lost.into()))?;
        let mut writer = FramedWriter::new(stream, MAX_HEADER_FRAME_BYTES);
        let written = tokio::select! {
            biased;
            // the sender says nothing; it is dropped
            _ = is_open.changed() => Ok(()),
            written = self.write_all(first, &mut writer) => written,
        };
        // what still waits in it does not leave this computer (H6)
        if writer.stream_mut().reset(0u32.into()).is_err() {
            tracing::trace!("Stream was over already");
        }
        written
    }

    async fn write_all(
        &mut self,
        first: Outgoing,
        writer: &mut FramedWriter,
    ) -> Result<(), WriteError> {
        let rules = self.header.lane.rules();
        // the control stream has 0 on this side
        let priority = rules.priority - CONTROL_PRIORITY;
        if writer.stream_mut().set_priority(priority).is_err() {
            tracing::trace!("Stream was over already");
        }
        writer.write(&self.header).await?;
        writer.set_limit(rules.max_frame_bytes);
        let mut next = Some(first);
        while let Some(what) = next {
            match what {
                Outgoing::Frame(frame) => self.write(&frame, writer).await?,
                Outgoing::Contents {
                    offer,
                    kind,
                    contents,
                } => {
                    let mut left = contents;
                    while !left.is_empty() {
                        let bytes = left.split_to(left.len().min(CLIPBOARD_PIECE_BYTES));
                        let bytes = PieceBytes(bytes);
                        let piece = ClipboardFrame::Piece { offer, bytes };
                        self.write(&piece, writer).await?;
                        // keys and pictures have the same thread
                        tokio::task::yield_now().await;
                    }
                    let end = ClipboardFrame::End { offer, kind };
                    self.write(&end, writer).await?;
                }
            }
            next = self.next().await;
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<Outgoing> {
        let offered = async {
            if let Some(offers) = &mut self.offers
                && offers.changed().await.is_ok()
            {
                let Announced { offer, kinds } = *offers.borrow_and_update();
                return ClipboardFrame::Offer { offer, kinds };
            }
            std::future::pending().await
        };
        tokio::select! {
            what = self.to_send.recv() => what,
            offer = offered => Some(Outgoing::Frame(offer)),
        }
    }

    async fn write(
        &mut self,
        frame: &ClipboardFrame,
        writer: &mut FramedWriter,
    ) -> Result<(), WriteError> {
        let body = wire::encode(frame, MAX_CLIPBOARD_FRAME_BYTES - SEAL_OVERHEAD_BYTES)
            .expect("a piece with its seal is smaller than a frame");
        let sealed = self.sealer.seal(&body[PREFIX_BYTES..]);
        writer.write_body(sealed.into()).await
    }
}
