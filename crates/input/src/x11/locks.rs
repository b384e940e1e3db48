//! The host's Caps Lock and Num Lock, which are as before when the operator is gone.

use std::collections::BTreeMap;

use protocol::input::HidKey;

use super::layout::Mods;
use crate::hid;

/// What the operator's keys have switched.
#[derive(Debug, Default)]
pub(super) struct Locks {
    /// What was locked when a key that locks went down.
    before: BTreeMap<HidKey, Mods>,
    switched: Mods,
}

impl Locks {
    /// Whether `key` may switch something.
    pub(super) fn may_switch(key: HidKey) -> bool {
        [hid::CAPS_LOCK, hid::NUM_LOCK, hid::SCROLL_LOCK].contains(&key)
    }

    /// A key that may lock goes down while `locked` is on. Its repetitions change nothing.
    pub(super) fn down(&mut self, key: HidKey, locked: Mods) {
        self.before.entry(key).or_insert(locked);
    }

    /// It has come up: some locks switch on at the press, and off at the release. Gives what must be
    /// switched back one day.
    pub(super) fn up(&mut self, key: HidKey, locked: Mods) -> Mods {
        if let Some(before) = self.before.remove(&key) {
            self.switched ^= before ^ locked;
        }
        self.switched
    }

    /// Whether `key` is down.
    pub(super) fn waits_for(&self, key: HidKey) -> bool {
        self.before.contains_key(&key)
    }

    /// What has to be switched back; it is taken for done.
    pub(super) fn take(&mut self) -> Mods {
        self.before.clear();
        std::mem::take(&mut self.switched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_switched_twice_is_as_before() {
        let mut locks = Locks::default();
        locks.down(hid::CAPS_LOCK, 0);
        assert_eq!(locks.up(hid::CAPS_LOCK, 2), 2);
        // the user switches another one
        locks.down(hid::NUM_LOCK, 2 | 16);
        assert_eq!(locks.up(hid::NUM_LOCK, 2), 2 | 16);
        locks.down(hid::CAPS_LOCK, 2);
        locks.down(hid::CAPS_LOCK, 2);
        assert_eq!(locks.up(hid::CAPS_LOCK, 0), 16);
        assert_eq!(
            locks.up(hid::CAPS_LOCK, 2),
            16,
            "a release of what is not down"
        );
        assert_eq!((locks.take(), locks.take()), (16, 0));
    }
}
