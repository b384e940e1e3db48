//! The two lanes of one channel: a thread that reads, seals and sends, and one that opens and writes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use files::{Reader, WhenThere};
use protocol::files::{Conflict, ConflictAnswer, FILE_PIECE_BYTES, FileMessage, FileStart};
use protocol::lanes::CONTROL_PRIORITY;
use protocol::limits::{MAX_FILE_FRAME_BYTES, MAX_HEADER_FRAME_BYTES};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{Lane, StreamHeader};
use session::seal::SEAL_OVERHEAD_BYTES;
use session::{Cipher, LaneKeys, Opener, Sealer};
use tokio::sync::{mpsc, watch};
use transport::{Connection, FramedReader, FramedWriter, ReadError, WriteError};

use crate::hands;
use crate::landing::{Happening, Landing, Taken};
use crate::orders::{Order, Orders};
use crate::transfers::Tell;
use crate::window::Window;

/// Sealed messages between a thread and the network.
const MAX_WAITING: usize = 2;
/// How large a message is while somebody presses something. MEASURED: a key waits half as long behind such ones,
/// and they cost the processors little more.
const SMALL_PIECE_BYTES: usize = 64 * 1024;
/// How often it is told how much has arrived.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Both lanes of a channel. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Counts the channels of a session.
    pub(crate) number: u64,
    connection: Connection,
    header: StreamHeader,
    keys: LaneKeys,
    /// As it said in this channel.
    pub(crate) other_is_fast_at_aes: bool,
    orders: Arc<Orders>,
    /// The thread that sends runs.
    sends: bool,
    /// The other end's lane is here; a second could only be a replay.
    hears: bool,
    /// Closes with this.
    open: watch::Sender<()>,
}

impl Lanes {
    /// `header` is of the lane that this end opens.
    pub(crate) fn new(
        number: u64,
        connection: Connection,
        header: StreamHeader,
        keys: LaneKeys,
    ) -> Self {
        Self {
            number,
            connection,
            header,
            keys,
            other_is_fast_at_aes: false,
            orders: Arc::default(),
            sends: false,
            hears: false,
            open: watch::Sender::new(()),
        }
    }

    /// Says where the other end's transfer is to begin.
    pub(crate) fn begin(&mut self, transfer: u32, start: FileStart) {
        self.start();
        self.orders.begin(FileMessage::Begin { transfer, start });
    }

    /// Says what the operator is asked of the other end's transfer.
    pub(crate) fn ask(&mut self, transfer: u32, conflict: Option<Conflict>) {
        self.start();
        let asked = FileMessage::Asked { transfer, conflict };
        self.orders.question(asked);
    }

    /// Says what the operator answers of ours.
    pub(crate) fn answer(
        &mut self,
        transfer: u32,
        entry: u32,
        answer: ConflictAnswer,
        for_all: bool,
    ) {
        self.start();
        self.orders.question(FileMessage::Answer {
            transfer,
            entry,
            answer,
            for_all,
        });
    }

    /// Says what the operator wants of the host's folders; whether there is room for it.
    pub(crate) fn wish(&mut self, wish: FileMessage) -> bool {
        self.start();
        self.orders.wish(wish)
    }

    /// What the lane says; it is open from now on.
    pub(crate) fn orders(&mut self) -> &Arc<Orders> {
        self.start();
        &self.orders
    }

    /// Says that the rest of an entry of the other end's need not come.
    pub(crate) fn unwanted(&mut self, transfer: u32, entry: u32) {
        self.start();
        let unwanted = FileMessage::Skip { transfer, entry };
        self.orders.unwanted(unwanted);
    }

    /// Sends this from now on, or nothing.
    pub(crate) fn send(&mut self, sending: Option<(u32, Reader)>) {
        if sending.is_some() {
            self.start();
        }
        self.orders.send(sending);
    }

    pub(crate) fn hold(&self, is_held: bool) {
        self.orders.hold(is_held);
    }

    /// Opens our lane, once. Must run inside a tokio runtime.
    fn start(&mut self) {
        if std::mem::replace(&mut self.sends, true) {
            return;
        }
        let StreamHeader { session, lane, .. } = self.header;
        let cipher = Cipher::for_much(self.other_is_fast_at_aes);
        let sealer = self.keys.sealer_with(cipher, session, lane);
        let orders = Arc::clone(&self.orders);
        let (sealed, to_write) = mpsc::channel(MAX_WAITING);
        let thread = thread::Builder::new().name("files-out".to_owned());
        let spawned = thread.spawn(move || send(&orders, sealer, &sealed));
        if let Err(error) = spawned {
            tracing::error!(%error, "No thread for files");
            return;
        }
        let (connection, header) = (self.connection.clone(), self.header);
        let is_open = self.open.subscribe();
        tokio::spawn(async move {
            if let Err(error) = write(&connection, header, to_write, is_open).await {
                tracing::debug!(%error, "The lane of files broke");
            }
        });
    }

    /// Takes the other end's lane; whether it belongs here. Must run inside a tokio runtime.
    pub(crate) fn take(
        &mut self,
        mut reader: FramedReader,
        landing: &Arc<Landing>,
        tell: &Tell,
    ) -> bool {
        if std::mem::replace(&mut self.hears, true) {
            return false;
        }
        let session = self.header.session;
        let lane = if self.header.lane == Lane::FileToHost {
            Lane::FileToOperator
        } else {
            Lane::FileToHost
        };
        reader.set_limit(lane.rules().max_frame_bytes);
        let hearing = Hearing {
            channel: self.number,
            opener: self.keys.opener_of_either(session, lane),
            orders: Arc::clone(&self.orders),
            landing: Arc::clone(landing),
            tell: Arc::clone(tell),
            is_host: self.header.lane == Lane::FileToOperator,
            messages: 0,
            asked: None,
            told: None,
        };
        let (read, to_open) = mpsc::channel(MAX_WAITING);
        let thread = thread::Builder::new().name("files-in".to_owned());
        if let Err(error) = thread.spawn(move || hearing.run(to_open)) {
            tracing::error!(%error, "No thread for files");
            return false;
        }
        tokio::spawn(async move {
            loop {
                let body = match reader.read_body().await {
                    Ok(Some(body)) => Some(body),
                    // the hub cuts the lane where the right is gone
                    Ok(None) | Err(ReadError::Broken(_)) => return,
                    Err(_nonsense) => None,
                };
                let is_last = body.is_none();
                if read.send(body).await.is_err() || is_last {
                    return;
                }
            }
        });
        true
    }

    /// Has a thread make room for what the other end offers.
    pub(crate) fn prepare(
        &self,
        landing: &Arc<Landing>,
        (transfer, bytes): (u32, u64),
        (folder, when_there): (PathBuf, WhenThere),
        tell: &Tell,
    ) -> io::Result<()> {
        let (channel, landing, tell) = (self.number, Arc::clone(landing), Arc::clone(tell));
        let thread = thread::Builder::new().name("files-place".to_owned());
        let spawned = thread.spawn(move || {
            if let Some(happening) =
                landing.prepare(channel, transfer, bytes, (&folder, when_there))
            {
                tell(happening);
            }
        });
        spawned.map(drop)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.orders.close();
    }
}

/// Reads, seals and sends, as it is told.
fn send(orders: &Orders, mut sealer: Sealer, sealed: &mpsc::Sender<Bytes>) {
    let mut sending: Option<(u32, Reader)> = None;
    let mut window = Window::new();
    let mut taken = 0;
    loop {
        let can_go_on = sending.is_some() && window.has_room(hands::are_busy(Instant::now()));
        let (message, counts) = match orders.next(can_go_on, taken) {
            Order::Close => return,
            Order::Say(message) => (message, false),
            Order::Send(next) => {
                sending = Some(*next);
                continue;
            }
            Order::Stop => {
                sending = None;
                continue;
            }
            Order::Skip { transfer, entry } => {
                let it = sending.as_mut().filter(|(number, _)| *number == transfer);
                if let Some((_, reader)) = it {
                    reader.skip(entry);
                }
                continue;
            }
            Order::Taken(messages) => {
                taken = messages;
                window.taken(Instant::now(), messages);
                continue;
            }
            Order::GoOn => {
                let Some((transfer, reader)) = &mut sending else {
                    continue;
                };
                let bytes = if hands::are_busy(Instant::now()) {
                    SMALL_PIECE_BYTES
                } else {
                    FILE_PIECE_BYTES
                };
                let Some(frames) = reader.frames_of(bytes) else {
                    sending = None;
                    continue;
                };
                let transfer = *transfer;
                (FileMessage::Frames { transfer, frames }, true)
            }
        };
        let most = MAX_FILE_FRAME_BYTES - SEAL_OVERHEAD_BYTES;
        let mut frame = wire::encode_with_room(&message, most, SEAL_OVERHEAD_BYTES)
            .expect("a piece and the paths beside it are smaller than a frame");
        sealer.seal_in_place(&mut frame, PREFIX_BYTES);
        let body = Bytes::from(frame).slice(PREFIX_BYTES..);
        if counts {
            window.sent(Instant::now(), body.len());
        }
        if sealed.blocking_send(body).is_err() {
            // the lane broke; in the next channel there is another
            return;
        }
    }
}

async fn write(
    connection: &Connection,
    header: StreamHeader,
    mut sealed: mpsc::Receiver<Bytes>,
    mut is_open: watch::Receiver<()>,
) -> Result<(), WriteError> {
    let rules = header.lane.rules();
    let stream = connection.open_uni().await;
    let stream = stream.map_err(|lost| WriteError::Broken(lost.into()))?;
    let mut writer = FramedWriter::new(stream, MAX_HEADER_FRAME_BYTES);
    // the control stream has 0 on this side
    let priority = rules.priority - CONTROL_PRIORITY;
    if writer.stream_mut().set_priority(priority).is_err() {
        tracing::trace!("Stream was over already");
    }
    writer.write(&header).await?;
    writer.set_limit(rules.max_frame_bytes);
    let write_all = async {
        while let Some(body) = sealed.recv().await {
            writer.write_body(body).await?;
        }
        Ok(())
    };
    let written = tokio::select! {
        biased;
        // the sender says nothing; it is dropped
        _ = is_open.changed() => Ok(()),
        written = write_all => written,
    };
    // what still waits in it does not leave this computer (H6)
    if writer.stream_mut().reset(0u32.into()).is_err() {
        tracing::trace!("Stream was over already");
    }
    written
}

/// What hears the other end's lane.
struct Hearing {
    channel: u64,
    opener: Opener,
    orders: Arc<Orders>,
    landing: Arc<Landing>,
    tell: Tell,
    is_host: bool,
    /// How many messages of frames were taken.
    messages: u64,
    /// The transfer and the entry of which it was last told that they are asked for.
    asked: Option<(u32, u32)>,
    /// When it was last told how much has arrived.
    told: Option<Instant>,
}

impl Hearing {
    fn run(mut self, mut bodies: mpsc::Receiver<Option<Bytes>>) {
        while let Some(body) = bodies.blocking_recv() {
            let message = body.and_then(|body| self.opener.open_owned(body).ok());
            let message = message.and_then(|body| FileMessage::from_body(&body).ok());
            let Some(message) = message else {
                return (self.tell)(Happening::Forged);
            };
            if !self.hear(message) {
                return;
            }
        }
    }

    /// Takes a message; whether more may come.
    fn hear(&mut self, message: FileMessage) -> bool {
        match message {
            FileMessage::Begin { transfer, start } => {
                let number = transfer;
                (self.tell)(Happening::Begins { number, start });
            }
            FileMessage::Taken {
                messages,
                transfer,
                files,
                bytes,
            } => {
                self.orders.messages_taken(messages);
                if self.is_time_to_tell() {
                    let number = transfer;
                    (self.tell)(Happening::Sent {
                        number,
                        files,
                        bytes,
                    });
                }
            }
            FileMessage::Frames { transfer, frames } => {
                let Some(taken) = self.landing.take(self.channel, transfer, frames) else {
                    return false;
                };
                self.messages += 1;
                self.took(transfer, taken);
            }
            FileMessage::Asked { transfer, conflict } if !self.is_host => {
                let number = transfer;
                (self.tell)(Happening::Asked { number, conflict });
            }
            FileMessage::Answer {
                transfer,
                entry,
                answer,
                for_all,
            } if self.is_host => {
                let answered = self.landing.answer(transfer, entry, answer, for_all);
                if let Some(answered) = answered {
                    self.took(transfer, answered);
                }
            }
            FileMessage::Skip { transfer, entry } => self.orders.skip(transfer, entry),
            FileMessage::List { listing, at } if self.is_host => {
                (self.tell)(Happening::List { listing, at });
            }
            FileMessage::Fetch { listing, entries } if self.is_host => {
                (self.tell)(Happening::Fetch { listing, entries });
            }
            FileMessage::Listing { listing, part } if !self.is_host => {
                (self.tell)(Happening::Listing { listing, part });
            }
            // only the operator decides, and only the host has folders to look through
            FileMessage::Asked { .. }
            | FileMessage::Answer { .. }
            | FileMessage::List { .. }
            | FileMessage::Fetch { .. }
            | FileMessage::Listing { .. } => {
                (self.tell)(Happening::Forged);
                return false;
            }
        }
        true
    }

    /// Says how much was taken, and tells.
    fn took(&mut self, transfer: u32, taken: Taken) {
        let (came, happened) = match taken {
            Taken::Some(came) => {
                let asked = came.question.as_ref().map(|asked| (transfer, asked.entry));
                let is_news = std::mem::replace(&mut self.asked, asked) != asked;
                let tell = self.is_time_to_tell() || is_news;
                (came.clone(), tell.then_some(Happening::Came(came)))
            }
            Taken::Over(over) => {
                let (Happening::Finished(came) | Happening::Broke { came, .. }) = &over else {
                    return; // cannot be: nothing else is over
                };
                (came.clone(), Some(over))
            }
        };
        self.orders.taken(FileMessage::Taken {
            messages: self.messages,
            transfer,
            files: came.files,
            bytes: came.bytes,
        });
        if let Some(happened) = happened {
            (self.tell)(happened);
        }
    }

    fn is_time_to_tell(&mut self) -> bool {
        let now = Instant::now();
        let is_time = self.told.is_none_or(|told| now - told >= TELL_EVERY);
        if is_time {
            self.told = Some(now);
        }
        is_time
    }
}
