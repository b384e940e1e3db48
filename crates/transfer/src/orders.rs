//! What the thread that sends is to do next. Only the newest of each kind counts, so nothing piles up.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use files::Reader;
use protocol::files::FileMessage;

/// The thread sleeps here.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    state: Mutex<State>,
    changed: Condvar,
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
    Skip { transfer: u32, entry: u32 },
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
    }

    /// Waits for the next. `can_go_on`: there is more to send, and room for it.
    pub(crate) fn next(&self, can_go_on: bool, known_taken: u64) -> Order {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return Order::Close;
            }
            let State {
                begin,
                taken,
                question,
                unwanted,
                ..
            } = &mut *state;
            let mut said = [begin, question, unwanted, taken].into_iter();
            if let Some(message) = said.find_map(Option::take) {
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
