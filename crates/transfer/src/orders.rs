//! What the thread that sends is to do next. Only the newest of each kind counts, so nothing piles up.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use files::Reader;
use protocol::files::FileMessage;

/// Wishes of an operator that wait to be said.
const MOST_WISHES: usize = 64;
/// Parts of a folder that wait to be said; whoever lists waits too.
const MOST_PARTS: usize = 4;
/// How often whoever waits for room looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The thread sleeps here.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    state: Mutex<State>,
    changed: Condvar,
    /// Whoever lists a folder sleeps here.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Where the other end's transfer is to begin.
    begin: Option<FileMessage>,
    /// What was taken of it.
    taken: Option<FileMessage>,
    /// What the operator is asked, or answers: one question stands at a time.
    question: Option<FileMessage>,
    /// What need not come.
    unwanted: Option<FileMessage>,
    /// What the operator wants to see or have.
    wishes: VecDeque<FileMessage>,
    /// What is in a folder, bit by bit.
    listing: VecDeque<FileMessage>,
    /// What the other end does not want of ours.
    skip: Option<(u32, u32)>,
    /// What is sent from now on, by its number.
    sending: Option<Box<(u32, Reader)>>,
    /// Nothing is sent any more.
    is_stopped: bool,
    is_held: bool,
    /// How many of our messages the other end has taken.
    messages_taken: u64,
    is_closed: bool,
}

impl State {
    /// What is said before anything else.
    fn due(&mut self) -> Option<FileMessage> {
        let first = self.begin.take().or_else(|| self.question.take());
        let first = first.or_else(|| self.unwanted.take());
        first.or_else(|| self.taken.take())
    }
}

/// What is to be done now.
#[derive(Debug)]
pub(crate) enum Order {
    Say(FileMessage),
    /// This is sent from now on.
    Send(Box<(u32, Reader)>),
    /// Nothing is sent any more.
    Stop,
    /// The next frames.
    GoOn,
    /// The other end has taken so many messages.
    Taken(u64),
    /// Nothing more of that entry of that transfer.
    Skip {
        transfer: u32,
        entry: u32,
    },
    Close,
}

impl Orders {
    pub(crate) fn begin(&self, message: FileMessage) {
        self.change(|state| state.begin = Some(message));
    }

    pub(crate) fn taken(&self, message: FileMessage) {
        self.change(|state| state.taken = Some(message));
    }

    pub(crate) fn question(&self, message: FileMessage) {
        self.change(|state| state.question = Some(message));
    }

    pub(crate) fn unwanted(&self, message: FileMessage) {
        self.change(|state| state.unwanted = Some(message));
    }

    /// Whether there was room.
    pub(crate) fn wish(&self, message: FileMessage) -> bool {
        let mut has_room = true;
        self.change(|state| {
            has_room = state.wishes.len() < MOST_WISHES;
            if has_room {
                state.wishes.push_back(message);
            }
        });
        has_room
    }

    /// Says at once what needs no room, as it takes the place of all before.
    pub(crate) fn say_listing(&self, message: FileMessage) {
        self.change(|state| {
            state.listing.clear();
            state.listing.push_back(message);
        });
    }

    /// Waits for room; `false` if the lane closes or it is wanted no more.
    pub(crate) fn say_listing_when_there_is_room(
        &self,
        message: FileMessage,
        is_wanted: impl Fn() -> bool,
    ) -> bool {
        let mut state = self.lock();
        while state.listing.len() >= MOST_PARTS && !state.is_closed && is_wanted() {
            let waited = self.room.wait_timeout(state, LOOK_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.is_closed || !is_wanted() {
            return false;
        }
        state.listing.push_back(message);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// What waits of a folder is wanted no more.
    pub(crate) fn forget_listings(&self) {
        self.change(|state| state.listing.clear());
    }

    pub(crate) fn skip(&self, transfer: u32, entry: u32) {
        self.change(|state| state.skip = Some((transfer, entry)));
    }

    pub(crate) fn send(&self, sending: Option<(u32, Reader)>) {
        self.change(|state| {
            state.is_stopped = sending.is_none();
            state.sending = sending.map(Box::new);
        });
    }

    pub(crate) fn hold(&self, is_held: bool) {
        self.change(|state| state.is_held = is_held);
    }

    pub(crate) fn messages_taken(&self, messages: u64) {
        self.change(|state| state.messages_taken = messages);
    }

    pub(crate) fn close(&self) {
        self.change(|state| state.is_closed = true);
        self.room.notify_all();
    }

    /// Waits for the next. `can_go_on`: there is more to send, and room for it.
    pub(crate) fn next(&self, can_go_on: bool, known_taken: u64) -> Order {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return Order::Close;
            }
            if let Some(message) = state.due() {
                return Order::Say(message);
            }
            if let Some(message) = state.wishes.pop_front() {
                return Order::Say(message);
            }
            if let Some(message) = state.listing.pop_front() {
                self.room.notify_all();
                return Order::Say(message);
            }
            if std::mem::take(&mut state.is_stopped) {
                return Order::Stop;
            }
            if let Some(sending) = state.sending.take() {
                return Order::Send(sending);
            }
            if let Some((transfer, entry)) = state.skip.take() {
                return Order::Skip { transfer, entry };
            }
            if state.messages_taken != known_taken {
                return Order::Taken(state.messages_taken);
            }
            if can_go_on && !state.is_held {
                return Order::GoOn;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // nothing in here panics while it holds the lock
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
