//! The updates of a program with a window: looked for by a thread of their own, fetched when somebody says so.

use std::fmt;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::pin::Pin as Pinned;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::HubAddress;
use protocol::updates::{UpdateState, UpdateTrouble};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;
use transport::{Pin, Routes};
use update::Own;

use crate::seek::{Fetched, Look, Offer, SeekFault, Seeker};

/// How long after a hub is known the first look is: a start has enough to do.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// How often it is looked for again.
const LOOK_AGAIN: Duration = Duration::from_hours(6);
/// The same where the hub was out of reach.
const TRY_AGAIN: Duration = Duration::from_mins(10);
/// Whoever watches hears of so many bytes at a time.
const TELL_EVERY_BYTES: u64 = 256 * 1024;
/// Wishes that may wait: what is wished for faster than it is heard is not wished for.
const WAITING_WISHES: usize = 64;

/// Where newer versions are looked for.
#[derive(Debug, Clone)]
pub struct Hub {
    pub address: HubAddress,
    pub pin: Pin,
    pub routes: Routes,
}

/// Looks after a program's own updates. Nothing is fetched before [`Self::begin`], and nothing while the program is
/// busy. Dropping it ends what is under way; what was begun to be put in its place is still finished.
#[derive(Debug)]
pub struct Updater {
    wishes: Sender<Wish>,
    told: Arc<Told>,
}

#[derive(Debug)]
enum Wish {
    LookAt(Option<Hub>),
    Begin,
    Cancel,
    BeBusy(bool),
}

/// What whoever watches sees.
struct Told {
    state: Mutex<UpdateState>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}

impl Told {
    fn is(&self, state: UpdateState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        (self.wake)();
    }
}

impl Updater {
    /// Looks after `own`, which calls itself `program` at hubs; `memory` is a file in which the number of the newest
    /// list is kept, and `wake` is called when the state has changed.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        own: Own,
        program: String,
        memory: PathBuf,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (wishes, heard) = channel(WAITING_WISHES);
        let told = Arc::new(Told {
            state: Mutex::default(),
            wake: Box::new(wake),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let worker = Worker {
            own,
            program,
            memory,
            told: Arc::clone(&told),
            hub: None,
            is_busy: false,
            is_wanted: false,
            offer: None,
            is_over: false,
        };
        std::thread::Builder::new()
            .name("updates".to_owned())
            .spawn(move || {
                runtime.block_on(worker.work(heard));
                // a look-up that hangs holds up nobody
                runtime.shutdown_background();
            })?;
        Ok(Self { wishes, told })
    }

    /// Looks there from now on.
    pub fn look_at(&self, hub: Option<Hub>) {
        self.wish(Wish::LookAt(hub));
    }

    /// Fetches what is offered and puts it in this program's place, once the program is not busy.
    pub fn begin(&self) {
        self.wish(Wish::Begin);
    }

    /// Gives up what was begun; it is offered again.
    pub fn cancel(&self) {
        self.wish(Wish::Cancel);
    }

    /// A session runs, so that nothing is looked for or fetched, or no more.
    pub fn be_busy(&self, busy: bool) {
        self.wish(Wish::BeBusy(busy));
    }

    /// How it stands now.
    pub fn state(&self) -> UpdateState {
        let state = &self.told.state;
        state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wish(&self, wish: Wish) {
        if let Err(error) = self.wishes.try_send(wish) {
            tracing::error!(%error, "Nobody looks after updates");
        }
    }
}

struct Worker {
    own: Own,
    program: String,
    memory: PathBuf,
    told: Arc<Told>,
    hub: Option<Hub>,
    is_busy: bool,
    /// Somebody said that it is to be fetched.
    is_wanted: bool,
    offer: Option<Offer>,
    /// A newer version is in place already: what starts next looks for the next.
    is_over: bool,
}

enum Done {
    Looked(Result<Look, SeekFault>),
    Fetched(Result<Fetched, SeekFault>),
}

type Task = Pinned<Box<dyn Future<Output = Done>>>;

impl Worker {
    async fn work(mut self, mut wishes: Receiver<Wish>) {
        if let Some(obstacle) = self.own.obstacle() {
            // who installed it keeps it up to date
            tracing::info!(%obstacle, "Looks for no updates");
            self.is_over = true;
        }
        let mut next_look = Instant::now();
        let mut task: Option<Task> = None;
        loop {
            if task.is_none() && !self.is_busy && !self.is_over {
                task = self.wanted();
            }
            let looks = !self.is_over && !self.is_busy && task.is_none() && self.hub.is_some();
            tokio::select! {
                wish = wishes.recv() => match wish {
                    None => return,
                    Some(Wish::LookAt(hub)) => {
                        (self.hub, self.offer, self.is_wanted) = (hub, None, false);
                        task = None;
                        next_look = Instant::now() + FIRST_LOOK;
                        if !self.is_over {
                            self.told.is(UpdateState::Newest);
                        }
                    }
                    Some(Wish::Begin) => {
                        self.is_wanted = true;
                        self.tell_waiting();
                    }
                    Some(Wish::Cancel) => {
                        self.is_wanted = false;
                        task = None;
                        self.tell_offer();
                    }
                    Some(Wish::BeBusy(busy)) if busy != self.is_busy => {
                        self.is_busy = busy;
                        if busy {
                            task = None;
                        }
                        self.tell_waiting();
                    }
                    Some(Wish::BeBusy(_)) => {}
                },
                done = under_way(&mut task) => {
                    task = None;
                    match done {
                        Done::Looked(found) => next_look = Instant::now() + self.looked(found),
                        Done::Fetched(fetched) => self.fetched(fetched).await,
                    }
                }
                () = tokio::time::sleep_until(next_look), if looks => {
                    task = self.seeker().map(|seeker| -> Task {
                        Box::pin(async move { Done::Looked(seeker.look().await) })
                    });
                }
            }
        }
    }

    fn seeker(&self) -> Option<Seeker> {
        let Hub {
            address,
            pin,
            routes,
        } = self.hub.clone()?;
        Some(Seeker {
            hub: address,
            pin,
            routes,
            program: self.program.clone(),
            own: self.own.clone(),
            memory: self.memory.clone(),
        })
    }

    /// The fetch that somebody wants.
    fn wanted(&mut self) -> Option<Task> {
        if !self.is_wanted {
            return None;
        }
        let (offer, seeker) = (self.offer.clone()?, self.seeker()?);
        let told = Arc::clone(&self.told);
        let (version, bytes) = (offer.version().to_string(), offer.bytes());
        let tell = move |done_bytes| {
            told.is(UpdateState::Fetching {
                version: version.clone(),
                done_bytes,
                bytes,
            });
        };
        tell(0);
        let last = std::cell::Cell::new(0);
        Some(Box::pin(async move {
            let tell_some = |done: u64| {
                if done - last.get() >= TELL_EVERY_BYTES {
                    last.set(done);
                    tell(done);
                }
            };
            Done::Fetched(seeker.fetch(&offer, tell_some).await)
        }))
    }

    /// Takes what a look found, and gives the time until the next.
    fn looked(&mut self, found: Result<Look, SeekFault>) -> Duration {
        match found {
            Ok(Look::Offered(offer)) => {
                let version = offer.version();
                tracing::info!(%version, "A newer version can be had");
                self.offer = Some(offer);
                self.tell_offer();
                LOOK_AGAIN
            }
            Ok(Look::Newest | Look::NoList) => {
                self.offer = None;
                self.told.is(UpdateState::Newest);
                LOOK_AGAIN
            }
            Err(fault) => {
                tracing::warn!(%fault, "No newer version is taken from there");
                let trouble = fault.trouble();
                // nobody asked, so nobody is bothered with it
                if matches!(trouble, UpdateTrouble::NoAnswer | UpdateTrouble::Busy) {
                    return TRY_AGAIN;
                }
                let version = String::new();
                self.told.is(UpdateState::Failed { version, trouble });
                LOOK_AGAIN
            }
        }
    }

    async fn fetched(&mut self, fetched: Result<Fetched, SeekFault>) {
        self.is_wanted = false;
        let placed = match fetched {
            Ok(fetched) => {
                let own = self.own.clone();
                let placing = tokio::task::spawn_blocking(move || fetched.place(&own)).await;
                placing
                    .map_err(|_panic| SeekFault::Inside)
                    .and_then(|placed| placed.map_err(SeekFault::from))
            }
            Err(fault) => Err(fault),
        };
        match placed {
            Ok(version) => {
                tracing::info!(%version, "A newer version is in place");
                self.is_over = true;
                let version = version.to_string();
                self.told.is(UpdateState::Ready { version });
            }
            Err(fault) => {
                tracing::warn!(%fault, "No newer version is taken");
                let offered = self.offer.as_ref().map(|offer| offer.version().to_string());
                self.told.is(UpdateState::Failed {
                    version: offered.unwrap_or_default(),
                    trouble: fault.trouble(),
                });
            }
        }
    }

    fn tell_offer(&self) {
        if let Some(offer) = self.offer.as_ref().filter(|_| !self.is_over) {
            self.told.is(UpdateState::Offered {
                version: offer.version().to_string(),
                bytes: offer.bytes(),
            });
        }
    }

    /// What was begun goes on when nobody is busy.
    fn tell_waiting(&self) {
        if let Some(offer) = self
            .offer
            .as_ref()
            .filter(|_| self.is_wanted && self.is_busy)
        {
            let version = offer.version().to_string();
            self.told.is(UpdateState::Waiting { version });
        }
    }
}

async fn under_way(task: &mut Option<Task>) -> Done {
    match task {
        Some(task) => task.await,
        None => pending().await,
    }
}
