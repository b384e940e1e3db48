//! What comes, on its way to the disk.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use files::{Incoming, IncomingError, Outgoing, Step, WhenThere};
use protocol::browse::{FolderAt, ListingPart};
use protocol::files::{
    Conflict, ConflictAnswer, FileFault, FileFrame, FileStart, MAX_FILE_BYTES_ON_THE_WAY,
    TransferName,
};
use protocol::transfers::{MOST_PROBLEMS, Problem};

/// What a file may have grown by since it was listed: as much again, and this.
const ROOM_TO_GROW_BYTES: u64 = 64 << 20;

/// What the threads tell.
#[derive(Debug)]
pub enum Happening {
    /// What is to be sent is listed; `None` where it is too much, or was given up.
    Listed {
        number: u32,
        list: Option<Arc<Outgoing>>,
    },
    /// There is a place for what comes.
    Ready { number: u32, start: FileStart },
    /// The other end takes our transfer from there.
    Begins { number: u32, start: FileStart },
    /// So much of ours has arrived.
    Sent { number: u32, files: u32, bytes: u64 },
    /// So much has come.
    Came(Came),
    /// All has come.
    Finished(Came),
    /// What comes cannot be kept.
    Broke { came: Came, fault: FileFault },
    /// What the host asks of ours, or that it asks no more.
    Asked {
        number: u32,
        conflict: Option<Conflict>,
    },
    /// The operator wants to see a folder of this computer.
    List { listing: u32, at: FolderAt },
    /// The operator has seen one.
    Shown { name: TransferName, entries: u32 },
    /// The operator wants these of a folder.
    Fetch { listing: u32, entries: Vec<u32> },
    /// What is in a folder of the host.
    Listing { listing: u32, part: ListingPart },
    /// Nobody has answered what was asked of that entry.
    Unanswered { number: u32, entry: u32 },
    /// Something came that the other end did not make.
    Forged,
}

/// What has come of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Came {
    pub number: u32,
    /// Counts what is told of it, which several threads do.
    pub step: u64,
    pub files: u32,
    pub bytes: u64,
    /// Entries that do not arrive.
    pub missing: u32,
    /// The first of them.
    pub problems: Vec<Problem>,
    /// What took the place of others, and what was left out.
    pub replaced: u32,
    pub skipped: u32,
    /// What nobody has answered yet.
    pub question: Option<Conflict>,
    /// The last entry of which much is still to come for nothing.
    pub unwanted: Option<u32>,
}

/// What follows from frames and answers.
pub(crate) enum Taken {
    /// So much has come.
    Some(Came),
    /// It is over.
    Over(Happening),
}

/// The transfer that comes, shared by the channels one after another.
#[derive(Debug, Default)]
pub(crate) struct Landing {
    /// Which channel may write.
    channel: AtomicU64,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
pub(crate) struct Open {
    came: Came,
    incoming: Incoming,
    most_bytes: u64,
    /// Nothing more comes; only answers are missing.
    has_all: bool,
}

impl Landing {
    /// Only the channel with this number writes from now on.
    pub(crate) fn belongs_to(&self, channel: u64) {
        self.channel.store(channel, Ordering::SeqCst);
    }

    /// Makes room for a transfer, or finds where it broke off. Waits for the disk.
    pub(crate) fn prepare(
        &self,
        channel: u64,
        number: u32,
        offered_bytes: u64,
        (folder, when_there): (&Path, WhenThere),
    ) -> Option<Happening> {
        let mut open = self.lock();
        if !self.is_of(channel) {
            return None;
        }
        if open.as_ref().is_none_or(|open| open.came.number != number) {
            // what was there is given up
            *open = None;
            match Self::make(folder, when_there) {
                Ok(incoming) => {
                    *open = Some(Open {
                        came: Came {
                            number,
                            ..Came::default()
                        },
                        incoming,
                        most_bytes: offered_bytes
                            .saturating_mul(2)
                            .saturating_add(ROOM_TO_GROW_BYTES),
                        has_all: false,
                    });
                }
                Err(fault) => {
                    let came = Came {
                        number,
                        ..Came::default()
                    };
                    return Some(Happening::Broke { came, fault });
                }
            }
        }
        let start = open.as_mut()?.incoming.start();
        Some(Happening::Ready { number, start })
    }

    fn make(folder: &Path, when_there: WhenThere) -> Result<Incoming, FileFault> {
        std::fs::create_dir_all(folder).map_err(|error| fault_of(&error))?;
        Incoming::into_folder(folder, when_there).map_err(|error| fault(&error))
    }

    /// Takes frames of a transfer that came in a channel. `None`: the channel is over. Frames of a transfer
    /// that is over are dropped.
    pub(crate) fn take(&self, channel: u64, number: u32, frames: Vec<FileFrame>) -> Option<Taken> {
        let mut slot = self.lock();
        if !self.is_of(channel) {
            return None;
        }
        let Some(open) = slot.as_mut().filter(|open| open.came.number == number) else {
            let came = Came {
                number,
                ..Came::default()
            };
            return Some(Taken::Some(came));
        };
        for frame in frames {
            if let Err(fault) = open.take(frame) {
                let came = open.came.clone();
                *slot = None;
                return Some(Taken::Over(Happening::Broke { came, fault }));
            }
        }
        Some(Self::came(slot))
    }

    /// Does what was answered about an entry, and about all others where it is for all. Waits for the disk.
    /// `None`: the transfer is over.
    pub(crate) fn answer(
        &self,
        number: u32,
        entry: u32,
        answer: ConflictAnswer,
        for_all: bool,
    ) -> Option<Taken> {
        let mut slot = self.lock();
        let open = slot.as_mut().filter(|open| open.came.number == number)?;
        let mut steps: Vec<Step> = open.incoming.answer(entry, answer).into_iter().collect();
        if for_all {
            steps.extend(open.incoming.answer_for_all(answer));
        }
        for step in steps {
            open.note(step);
        }
        Some(Self::came(slot))
    }

    /// How far it is; it is over once all has come and all is answered.
    fn came(mut slot: MutexGuard<'_, Option<Open>>) -> Taken {
        let Some(open) = slot.as_mut() else {
            return Taken::Some(Came::default()); // cannot be: whoever calls has it open
        };
        open.came.question = open.incoming.question().cloned();
        open.came.step += 1;
        let came = open.came.clone();
        if open.has_all && came.question.is_none() {
            *slot = None;
            return Taken::Over(Happening::Finished(came));
        }
        Taken::Some(came)
    }

    /// Removes what has come of a transfer, and is not whole. What only waits for an answer is kept beside
    /// what is there, if `keeps`. Waits for the disk.
    pub(crate) fn give_up(&self, number: Option<u32>, keeps: bool) {
        let mut open = self.lock();
        let is_it = |open: &mut Open| number.is_none_or(|number| open.came.number == number);
        if let Some(mut left) = open.take_if(is_it)
            && keeps
        {
            left.incoming.answer_for_all(ConflictAnswer::KeepBoth);
        }
    }

    fn is_of(&self, channel: u64) -> bool {
        self.channel.load(Ordering::SeqCst) == channel
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Takes one frame.
    fn take(&mut self, frame: FileFrame) -> Result<(), FileFault> {
        if let FileFrame::Piece(piece) = &frame {
            let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.came.bytes = self.came.bytes.saturating_add(bytes);
            if self.came.bytes > self.most_bytes {
                return Err(FileFault::TOO_MUCH);
            }
        }
        let step = self.incoming.take(frame).map_err(|error| fault(&error))?;
        self.note(step);
        Ok(())
    }

    fn note(&mut self, step: Step) {
        match step {
            Step::Landed(landed) => {
                self.came.files += 1;
                self.came.replaced += u32::from(landed.replaced);
            }
            Step::Skipped {
                entry,
                bytes_to_come,
            } => {
                self.came.skipped += 1;
                let on_the_way = u64::try_from(MAX_FILE_BYTES_ON_THE_WAY).unwrap_or(u64::MAX);
                if bytes_to_come > on_the_way {
                    self.came.unwanted = Some(entry);
                }
            }
            Step::Failed { path, fault } => {
                self.came.missing += 1;
                if self.came.problems.len() < MOST_PROBLEMS {
                    let path = path.as_str().to_owned();
                    self.came.problems.push(Problem { path, fault });
                }
            }
            Step::Taken | Step::Asked(_) => {}
            Step::Done => self.has_all = true,
        }
    }
}

fn fault(error: &IncomingError) -> FileFault {
    tracing::info!(%error, "Files are not taken any further");
    match error {
        IncomingError::NoRoom => FileFault::NO_ROOM,
        IncomingError::Folder(error) => fault_of(error),
        IncomingError::Senseless(_) => FileFault::DAMAGED,
        _ => FileFault::WRITING_FAILED,
    }
}

fn fault_of(error: &io::Error) -> FileFault {
    let kind = error.kind();
    if matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    ) {
        FileFault::NOT_WRITABLE
    } else if matches!(
        kind,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    ) {
        FileFault::NO_ROOM
    } else {
        FileFault::WRITING_FAILED
    }
}
