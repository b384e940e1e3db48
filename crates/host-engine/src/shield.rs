//! The thread that puts shields up and takes them down (S2).
//!
//! They are up only while the session runs, its user has not paused, and an operator who may act is there. What
//! the thread does may take some milliseconds, so nobody waits for it: the switch rings, and it looks.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};

use input::shield::{LONGEST, OnLowered};
use input::{Lowered, Raised, ShieldError};
use protocol::{Hindrance, Shield, ShieldState};
use tokio::sync::mpsc;

use crate::live::Report;
use crate::switch::Switch;

/// Orders that may wait.
const MAX_ORDERS: usize = 64;

/// A shield that is up, until this is dropped.
pub type UpShield = Box<dyn Send>;

/// What shields this machine.
pub trait Shielder: Send + Sync {
    /// Why `shield` cannot be put up, if so. May block for some milliseconds.
    fn obstacle(&self, shield: Shield) -> Option<Hindrance>;

    /// Puts it up; may block for some seconds. `lowered` is called when it goes down by itself.
    ///
    /// # Errors
    ///
    /// How it stands now.
    fn raise(&self, shield: Shield, lowered: OnLowered) -> Result<UpShield, ShieldState>;
}

/// Shields the display that the environment names, by processes of `exe`.
pub(crate) struct ThisMachine {
    pub(crate) exe: PathBuf,
}

impl Shielder for ThisMachine {
    fn obstacle(&self, shield: Shield) -> Option<Hindrance> {
        let can = input::can_shield(shield, None);
        can.err().map(|error| hindrance(shield, &error))
    }

    fn raise(&self, shield: Shield, lowered: OnLowered) -> Result<UpShield, ShieldState> {
        match Raised::begin(shield, None, &self.exe, LONGEST, lowered) {
            Ok(up) => Ok(Box::new(up)),
            Err(error) => {
                tracing::warn!(%error, ?shield, "No shield");
                Err(match error {
                    // another time it may be free
                    ShieldError::Taken | ShieldError::NoProcess { .. } => ShieldState::Down,
                    ShieldError::NoOwnDevices
                    | ShieldError::NoBrightness
                    | ShieldError::UnsupportedPlatform => {
                        ShieldState::Cannot(hindrance(shield, &error))
                    }
                })
            }
        }
    }
}

fn hindrance(shield: Shield, error: &ShieldError) -> Hindrance {
    match (error, shield) {
        (ShieldError::NoOwnDevices, _) | (_, Shield::Input) => Hindrance::NO_OWN_DEVICES,
        (_, Shield::Screen) => Hindrance::NO_BRIGHTNESS,
    }
}

/// Shields that are remembered instead of put up: clones are one machine.
#[derive(Clone, Default)]
pub struct MemoryShields {
    up: Arc<Mutex<BTreeMap<Shield, OnLowered>>>,
    /// What this machine cannot do.
    lacks: Option<(Shield, Hindrance)>,
}

impl MemoryShields {
    /// A machine that cannot put `shield` up.
    pub fn lacking(shield: Shield, why: Hindrance) -> Self {
        Self {
            lacks: Some((shield, why)),
            ..Self::default()
        }
    }

    pub fn is_up(&self, shield: Shield) -> bool {
        self.lock().contains_key(&shield)
    }

    /// The user, or time, takes `shield` down; whether it was up.
    pub fn lower(&self, shield: Shield, why: Lowered) -> bool {
        let lowered = self.lock().remove(&shield);
        let was_up = lowered.is_some();
        if let Some(lowered) = lowered {
            lowered(why);
        }
        was_up
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Shield, OnLowered>> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryShields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}

impl Shielder for MemoryShields {
    fn obstacle(&self, shield: Shield) -> Option<Hindrance> {
        let (lacks, why) = self.lacks?;
        (lacks == shield).then_some(why)
    }

    fn raise(&self, shield: Shield, lowered: OnLowered) -> Result<UpShield, ShieldState> {
        if let Some(why) = self.obstacle(shield) {
            return Err(ShieldState::Cannot(why));
        }
        self.lock().insert(shield, lowered);
        Ok(Box::new(Remembered(self.clone(), shield)))
    }
}

struct Remembered(MemoryShields, Shield);

impl Drop for Remembered {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

/// What the thread is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Raise(Shield),
    Lower(Shield),
    /// It went down by itself.
    Lowered(Shield, u64, Lowered),
    /// The rights changed, the user has paused, or the session is over.
    Check,
}

/// The way to the thread. With the last one it ends, and every shield with it.
#[derive(Clone)]
pub(crate) struct Orders(SyncSender<Order>);

impl Orders {
    /// Never waits. A thread with so many orders looks at the switch after each of them anyway.
    pub(crate) fn give(&self, order: Order) {
        if self.0.try_send(order).is_err() {
            tracing::trace!("Shields are over, or busy");
        }
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Orders")
    }
}

/// Starts the thread. It tells `reports` how the shields stand, first what cannot be done here.
pub(crate) fn start(
    shielder: Arc<dyn Shielder>,
    switch: &Arc<Switch>,
    reports: mpsc::Sender<Report>,
) -> io::Result<(Orders, JoinHandle<()>)> {
    let (sender, orders) = sync_channel(MAX_ORDERS);
    let keeper = Keeper {
        shielder,
        // the switch holds the way here, and must not be held by it
        switch: Arc::downgrade(switch),
        reports,
        itself: sender.clone(),
        up: BTreeMap::new(),
        raised: 0,
    };
    let thread = thread::Builder::new()
        .name("shields".to_owned())
        .spawn(move || keeper.run(&orders))?;
    Ok((Orders(sender), thread))
}

struct Keeper {
    shielder: Arc<dyn Shielder>,
    switch: Weak<Switch>,
    reports: mpsc::Sender<Report>,
    itself: SyncSender<Order>,
    /// Which are up, each with its number.
    up: BTreeMap<Shield, (u64, UpShield)>,
    raised: u64,
}

impl Keeper {
    fn run(mut self, orders: &Receiver<Order>) {
        for shield in Shield::ALL {
            if let Some(hindrance) = self.shielder.obstacle(shield) {
                self.tell(shield, ShieldState::Cannot(hindrance));
            }
        }
        while self.is_on() {
            let Ok(order) = orders.recv() else { return };
            match order {
                Order::Raise(shield) => self.raise(shield),
                Order::Lower(shield) => self.lower(shield, ShieldState::Down),
                Order::Lowered(shield, number, why) => {
                    if self.up.get(&shield).is_some_and(|(up, _)| *up == number) {
                        self.lowered(shield, why);
                    }
                }
                Order::Check => {}
            }
            if !self.may() {
                for shield in Shield::ALL {
                    self.lower(shield, ShieldState::Down);
                }
            }
        }
    }

    fn is_on(&self) -> bool {
        self.switch.upgrade().is_some_and(|switch| switch.is_on())
    }

    fn may(&self) -> bool {
        let switch = self.switch.upgrade();
        switch.is_some_and(|switch| switch.lets_shield())
    }

    fn raise(&mut self, shield: Shield) {
        if self.up.contains_key(&shield) {
            return;
        }
        if !self.may() {
            return self.tell(shield, ShieldState::Down);
        }
        self.raised += 1;
        let (number, itself) = (self.raised, self.itself.clone());
        let lowered = Box::new(move |why| {
            if itself.send(Order::Lowered(shield, number, why)).is_err() {
                tracing::trace!("Shields are over");
            }
        });
        match self.shielder.raise(shield, lowered) {
            Ok(up) => {
                tracing::info!(?shield, "Shield up");
                self.up.insert(shield, (number, up));
                self.tell(shield, ShieldState::Up);
            }
            Err(state) => self.tell(shield, state),
        }
    }

    fn lower(&mut self, shield: Shield, state: ShieldState) {
        if let Some(up) = self.up.remove(&shield) {
            drop(up);
            tracing::info!(?shield, "Shield down");
            self.tell(shield, state);
        }
    }

    fn lowered(&mut self, shield: Shield, why: Lowered) {
        match why {
            Lowered::ByUser => self.lower(shield, ShieldState::Refused),
            Lowered::Over => self.lower(shield, ShieldState::Down),
            Lowered::EndPressed => {
                self.lower(shield, ShieldState::Down);
                if let Some(switch) = self.switch.upgrade() {
                    switch.turn_off();
                }
            }
        }
    }

    fn tell(&self, shield: Shield, state: ShieldState) {
        if self
            .reports
            .blocking_send(Report::Shield(shield, state))
            .is_err()
        {
            tracing::trace!("The session is over");
        }
    }
}
