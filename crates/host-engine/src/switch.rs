//! The one switch of a session: off means that nothing is seen and nothing touched any more (H6), and
//! withheld that it is so until the user goes on.
//!
//! Whoever holds it can turn it off from any thread, without waiting for the network.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use capture::CaptureWaker;
use codec::FormatVersion;
use protocol::{PeerId, Rights, Shield};
use session::Grant;
use tokio::sync::{mpsc, watch};

use crate::inject::Job;
use crate::shield::{Order, Orders};

/// What the threads and tasks of one session share.
#[derive(Debug)]
pub(crate) struct Switch {
    off: watch::Sender<bool>,
    /// The user has paused, or all operators have, ...
    withheld: watch::Sender<bool>,
    /// ... so many times.
    pauses: AtomicU64,
    /// How often the user has chosen what is shared, or pictures of another format were needed.
    choices: AtomicU64,
    /// How often another display came in the place of the one before.
    displays: AtomicU64,
    /// The newest format of pictures that all viewers so far have read.
    format: AtomicU8,
    /// More than one operator may touch anything.
    shared: AtomicBool,
    born: Instant,
    /// When an operator last did what could press a button on the screen, in milliseconds after that, from 1.
    pressed_millis: AtomicU64,
    parts: Mutex<Parts>,
}

#[derive(Debug)]
struct Parts {
    grants: BTreeMap<PeerId, Grant>,
    waker: Option<CaptureWaker>,
    shields: Option<Orders>,
    /// The user has paused.
    paused: bool,
    /// All operators have.
    rested: bool,
    /// The monitor that the user shares alone.
    only: Option<u32>,
    jobs: mpsc::WeakSender<Job>,
}

impl Switch {
    /// On, with nothing granted to anybody. `jobs` leads to the thread that injects.
    pub(crate) fn new(jobs: &mpsc::Sender<Job>) -> Arc<Self> {
        let parts = Parts {
            grants: BTreeMap::new(),
            waker: None,
            shields: None,
            paused: false,
            rested: false,
            only: None,
            jobs: jobs.downgrade(),
        };
        Arc::new(Self {
            off: watch::Sender::new(false),
            withheld: watch::Sender::new(false),
            pauses: AtomicU64::new(0),
            choices: AtomicU64::new(0),
            displays: AtomicU64::new(0),
            format: AtomicU8::new(FormatVersion::NEWEST.number()),
            shared: AtomicBool::new(false),
            born: Instant::now(),
            pressed_millis: AtomicU64::new(0),
            parts: Mutex::new(parts),
        })
    }

    /// Turns everything off and wakes whoever sleeps. Never blocks for longer than a lock.
    pub(crate) fn turn_off(&self) {
        self.off.send_replace(true);
        self.wake_capture();
        self.release();
    }

    pub(crate) fn is_on(&self) -> bool {
        !*self.off.borrow()
    }

    /// Returns when the switch is off.
    pub(crate) async fn until_off(&self) {
        let mut off = self.off.subscribe();
        if off.wait_for(|off| *off).await.is_err() {
            unreachable!("the sender lives as long as self");
        }
    }

    /// The user pauses, or goes on. Never blocks for longer than a lock.
    pub(crate) fn withhold(&self, withheld: bool) {
        self.stand_still(|parts| parts.paused = withheld);
    }

    /// All operators have paused, or one of them looks again; for whoever captures and injects it is as if
    /// the user had.
    pub(crate) fn rest(&self, rested: bool) {
        self.stand_still(|parts| parts.rested = rested);
    }

    fn stand_still(&self, change: impl FnOnce(&mut Parts)) {
        let changed = self.with(|parts| {
            change(parts);
            let withheld = parts.paused || parts.rested;
            let changed = *self.withheld.borrow() != withheld;
            if changed {
                // counted first: whoever is told only of its end knows that it was
                self.pauses.fetch_add(u64::from(withheld), Ordering::SeqCst);
                self.withheld.send_replace(withheld);
            }
            changed
        });
        if changed {
            self.wake_capture();
            self.release();
        }
    }

    pub(crate) fn is_withheld(&self) -> bool {
        *self.withheld.borrow()
    }

    /// How often the user has chosen what is shared.
    pub(crate) fn choices(&self) -> u64 {
        self.choices.load(Ordering::SeqCst)
    }

    /// How often the user has paused.
    pub(crate) fn pauses(&self) -> u64 {
        self.pauses.load(Ordering::SeqCst)
    }

    /// Whether anything may be captured and sent by whoever began after so many `pauses`: a pause that is
    /// over already counts, too.
    pub(crate) fn shows(&self, pauses: u64) -> bool {
        self.is_on() && !self.is_withheld() && self.pauses() == pauses
    }

    /// Returns when anybody has paused since there were so many `pauses`, also if that is over already.
    pub(crate) async fn until_paused_since(&self, pauses: u64) {
        let mut now = self.withheld.subscribe();
        let since = |now: &bool| *now || self.pauses() != pauses;
        if now.wait_for(since).await.is_err() {
            unreachable!("the sender lives as long as self");
        }
    }

    /// Returns when the user has paused, or with `false` when that is over.
    pub(crate) async fn until_withheld(&self, withheld: bool) {
        let mut now = self.withheld.subscribe();
        if now.wait_for(|now| *now == withheld).await.is_err() {
            unreachable!("the sender lives as long as self");
        }
    }

    /// `operator` may do what was granted to it, or nothing any more.
    pub(crate) fn allow(&self, operator: PeerId, grant: Option<Grant>) {
        self.with(|parts| match grant {
            Some(grant) => parts.grants.insert(operator, grant),
            None => parts.grants.remove(&operator),
        });
        self.release();
    }

    /// Takes rights away from everybody, and lets go what is held where control goes; gives what is
    /// left to anybody.
    pub(crate) fn reduce(&self, rights: Rights) -> Rights {
        let left = self.with(|parts| {
            let mut left = Rights::NONE;
            for grant in parts.grants.values_mut() {
                grant.reduce(rights);
                left = left.with(grant.rights());
            }
            left
        });
        self.release();
        left
    }

    /// Whether `operator` may touch anything now.
    pub(crate) fn lets_touch(&self, operator: PeerId) -> bool {
        let may = |grant: &Grant| grant.rights().has(Rights::CONTROL);
        self.is_on()
            && !self.is_withheld()
            && self.with(|parts| parts.grants.get(&operator).is_some_and(may))
    }

    /// The user shares this monitor alone from now on, or all there are: who captures begins anew.
    pub(crate) fn share_only(&self, monitor: Option<u32>) {
        let before = self.with(|parts| std::mem::replace(&mut parts.only, monitor));
        if before != monitor {
            self.choices.fetch_add(1, Ordering::SeqCst);
            self.wake_capture();
        }
    }

    /// There is a viewer who reads pictures of `format` and of those before it: where newer ones were made, who
    /// captures begins anew.
    pub(crate) fn is_read_in(&self, format: FormatVersion) {
        if self.format.fetch_min(format.number(), Ordering::SeqCst) > format.number() {
            self.choices.fetch_add(1, Ordering::SeqCst);
            self.wake_capture();
        }
    }

    /// The format in which pictures are made.
    pub(crate) fn format(&self) -> FormatVersion {
        FormatVersion::new(self.format.load(Ordering::SeqCst))
    }

    /// Display `number` is shown: where that is another one, who captures and who injects begin anew there, and shields come down.
    pub(crate) fn shows_display(&self, number: u64) {
        if self.displays.swap(number, Ordering::SeqCst) == number {
            return;
        }
        for shield in Shield::ALL {
            self.order(Order::Lower(shield));
        }
        self.wake_capture();
        self.tell_injection(Job::Check);
    }

    /// How often another display came in the place of the one before.
    pub(crate) fn displays(&self) -> u64 {
        self.displays.load(Ordering::SeqCst)
    }

    /// The monitor that the user shares alone.
    pub(crate) fn only(&self) -> Option<u32> {
        self.with(|parts| parts.only)
    }

    /// Whether shields may be up: somebody may act, and nobody has paused.
    pub(crate) fn lets_shield(&self) -> bool {
        let may = |grant: &Grant| grant.rights().has(Rights::CONTROL);
        self.is_on() && !self.is_withheld() && self.with(|parts| parts.grants.values().any(may))
    }

    pub(crate) fn set_shields(&self, orders: Orders) {
        self.with(|parts| parts.shields = Some(orders));
    }

    /// Has a shield put up or taken down, where there are any.
    pub(crate) fn order(&self, order: Order) {
        if let Some(shields) = self.with(|parts| parts.shields.clone()) {
            shields.give(order);
        }
    }

    /// Whether more than one operator may touch anything; asked for each event, so no lock is taken.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// An operator does what could press a button on the screen.
    pub(crate) fn operator_presses(&self) {
        let millis = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pressed_millis.store(millis + 1, Ordering::Relaxed);
    }

    /// Whether an operator did that less than `ago` ago.
    pub(crate) fn operator_pressed_within(&self, ago: Duration) -> bool {
        let pressed = self.pressed_millis.load(Ordering::Relaxed);
        let at = Duration::from_millis(pressed.saturating_sub(1));
        pressed > 0 && self.born.elapsed().saturating_sub(at) < ago
    }

    /// The user has moved the pointer, or pressed something.
    pub(crate) fn user_acts(&self) {
        self.tell_injection(Job::UserActs);
    }

    pub(crate) fn set_waker(&self, waker: CaptureWaker) {
        self.with(|parts| parts.waker = Some(waker));
    }

    /// Ends the capture thread's sleep.
    pub(crate) fn wake_capture(&self) {
        if let Some(waker) = self.with(|parts| parts.waker.clone()) {
            waker.wake();
        }
    }

    /// Has the injecting thread look at the rights again. Where its queue is full it is awake.
    fn release(&self) {
        let may = |grant: &&Grant| grant.rights().has(Rights::CONTROL);
        let able = self.with(|parts| parts.grants.values().filter(may).count());
        self.shared.store(able > 1, Ordering::Relaxed);
        self.tell_injection(Job::Check);
        self.order(Order::Check);
    }

    /// Has the injecting thread look whether it can act.
    pub(crate) fn check_injection(&self) {
        self.tell_injection(Job::Check);
    }

    fn tell_injection(&self, job: Job) {
        if let Some(jobs) = self.with(|parts| parts.jobs.upgrade())
            && jobs.try_send(job).is_err()
        {
            tracing::trace!("Injection is busy or gone");
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Parts) -> T) -> T {
        // a panic elsewhere must not keep the switch from working
        act(&mut self.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_nobody_noticed_in_time_counts_when_it_is_over() {
        let (jobs, _waiting) = mpsc::channel(4);
        let switch = Switch::new(&jobs);
        let before = switch.pauses();
        assert!(switch.shows(before));
        switch.withhold(true);
        assert!(!switch.shows(before) && !switch.shows(switch.pauses()));
        switch.withhold(false);
        assert!(!switch.shows(before), "it began before the pause");
        assert!(switch.shows(switch.pauses()));
        switch.turn_off();
        assert!(!switch.shows(switch.pauses()));
    }

    #[test]
    fn pictures_begin_anew_for_a_viewer_who_does_not_read_them() {
        let (jobs, _waiting) = mpsc::channel(4);
        let switch = Switch::new(&jobs);
        assert_eq!(switch.format(), FormatVersion::NEWEST);
        let before = switch.choices();
        switch.is_read_in(FormatVersion::NEWEST);
        assert_eq!(switch.choices(), before, "nothing is different");
        switch.is_read_in(FormatVersion::V3);
        assert_ne!(switch.choices(), before);
        let before = switch.choices();
        switch.is_read_in(FormatVersion::NEWEST);
        assert_eq!(
            (switch.format(), switch.choices()),
            (FormatVersion::V3, before)
        );
    }

    #[test]
    fn an_operators_press_is_known_for_a_while() {
        let (jobs, _waiting) = mpsc::channel(4);
        let switch = Switch::new(&jobs);
        let second = Duration::from_secs(1);
        assert!(!switch.operator_pressed_within(second), "nobody has");
        switch.operator_presses();
        assert!(switch.operator_pressed_within(second));
        assert!(!switch.operator_pressed_within(Duration::ZERO));
    }

    #[test]
    fn both_go_on_before_anything_is_seen_again() {
        let (jobs, _waiting) = mpsc::channel(4);
        let switch = Switch::new(&jobs);
        switch.withhold(true);
        switch.rest(true);
        switch.withhold(false);
        assert!(switch.is_withheld(), "the operators still rest");
        switch.rest(false);
        assert!(!switch.is_withheld());
    }
}
