//! A sink that remembers what it was told: for tests, and for demonstrations without a display.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::input::{HidKey, InputEvent, PointerButton};

use crate::{InjectError, InputSink};

/// Something that is held down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    Key(HidKey),
    Button(PointerButton),
}

/// The sink; what it was told is in the [`MemoryLog`] that came with it.
#[derive(Debug)]
pub struct MemorySink {
    log: MemoryLog,
}

/// What a [`MemorySink`] was told; clones read the same memory, also after the sink is gone.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    memory: Mutex<Memory>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Memory {
    events: Vec<InputEvent>,
    held: BTreeSet<Held>,
    /// How long the sink takes for a character of a text.
    character_takes: Duration,
    sink_is_gone: bool,
}

/// A sink that remembers, and its memory.
pub fn memory() -> (MemorySink, MemoryLog) {
    let log = MemoryLog {
        shared: Arc::default(),
    };
    (MemorySink { log: log.clone() }, log)
}

impl MemoryLog {
    /// Every event so far, as it was injected.
    pub fn events(&self) -> Vec<InputEvent> {
        self.lock().events.clone()
    }

    /// What is held down now, by the rules of every sink.
    pub fn held(&self) -> Vec<Held> {
        self.lock().held.iter().copied().collect()
    }

    /// The characters that were typed, in their order.
    pub fn typed(&self) -> String {
        let mut typed = String::new();
        for event in &self.lock().events {
            match event {
                InputEvent::Key {
                    pressed: true,
                    character,
                    ..
                } => typed.extend(*character),
                InputEvent::Text { text } => typed.push_str(text.as_str()),
                InputEvent::Key { pressed: false, .. }
                | InputEvent::PointerMoved { .. }
                | InputEvent::Button { .. }
                | InputEvent::Wheel { .. }
                | InputEvent::ReleaseAll
                | InputEvent::StillHeld
                | InputEvent::ClipboardOffered { .. } => {}
            }
        }
        typed
    }

    /// Has the sink take so long for each character of a text, as desktops do that are asked for every key.
    pub fn type_slowly(&self, character_takes: Duration) {
        self.change(|memory| memory.character_takes = character_takes);
    }

    /// Whether the sink was dropped.
    pub fn sink_is_gone(&self) -> bool {
        self.lock().sink_is_gone
    }

    /// Blocks until at least `count` events came; false when `timeout` passed before.
    pub fn wait_for_events(&self, count: usize, timeout: Duration) -> bool {
        self.wait_until(timeout, |memory| memory.events.len() >= count)
    }

    /// Blocks until nothing is held; false when `timeout` passed before.
    pub fn wait_until_released(&self, timeout: Duration) -> bool {
        self.wait_until(timeout, |memory| memory.held.is_empty())
    }

    fn wait_until(&self, timeout: Duration, is_so: impl Fn(&Memory) -> bool) -> bool {
        let deadline = Instant::now() + timeout;
        let mut memory = self.lock();
        loop {
            if is_so(&memory) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.changed.wait_timeout(memory, left);
            memory = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Memory)) {
        change(&mut self.lock());
        self.shared.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.shared
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl InputSink for MemorySink {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        if let InputEvent::Text { text } = event {
            let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let takes = self.log.lock().character_takes;
            std::thread::sleep(takes.saturating_mul(characters));
        }
        self.log.change(|memory| {
            let held = match *event {
                InputEvent::Key { key, pressed, .. } => Some((Held::Key(key), pressed)),
                InputEvent::Button {
                    button, pressed, ..
                } => Some((Held::Button(button), pressed)),
                InputEvent::ReleaseAll => {
                    memory.held.clear();
                    None
                }
                InputEvent::PointerMoved { .. }
                | InputEvent::Wheel { .. }
                | InputEvent::Text { .. }
                | InputEvent::StillHeld
                | InputEvent::ClipboardOffered { .. } => None,
            };
            match held {
                Some((held, true)) => drop(memory.held.insert(held)),
                Some((held, false)) => drop(memory.held.remove(&held)),
                None => {}
            }
            memory.events.push(event.clone());
        });
        Ok(())
    }

    fn release_all(&mut self) -> Result<(), InjectError> {
        self.log.change(|memory| memory.held.clear());
        Ok(())
    }

    fn held(&self) -> usize {
        self.log.lock().held.len()
    }
}

impl Drop for MemorySink {
    fn drop(&mut self) {
        self.log.change(|memory| {
            memory.held.clear();
            memory.sink_is_gone = true;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hid;

    fn key(key: HidKey, pressed: bool, character: Option<char>) -> InputEvent {
        InputEvent::Key {
            key,
            pressed,
            character,
        }
    }

    #[test]
    fn keys_are_released_when_the_sink_is_dropped() {
        let (mut sink, log) = memory();
        sink.inject(&key(hid::SHIFT_LEFT, true, None))
            .expect("remembers");
        sink.inject(&key(hid::A, true, Some('A')))
            .expect("remembers");
        sink.inject(&key(hid::A, true, Some('A')))
            .expect("remembers");
        let button = PointerButton::Left;
        sink.inject(&InputEvent::Button {
            button,
            pressed: true,
            at: protocol::Place {
                x: 1,
                y: 2,
                seen: 0,
            },
        })
        .expect("remembers");
        assert_eq!(sink.held(), 3);
        sink.inject(&key(hid::A, false, None)).expect("remembers");
        assert_eq!(
            log.held(),
            [Held::Key(hid::SHIFT_LEFT), Held::Button(button)]
        );
        assert_eq!(log.typed(), "AA");
        drop(sink);
        assert_eq!(log.held(), []);
        assert!(log.sink_is_gone());
        assert!(log.wait_for_events(5, Duration::ZERO));
        assert!(!log.wait_for_events(6, Duration::from_millis(5)));
    }

    #[test]
    fn release_all_releases_everything_that_is_held() {
        let (mut sink, log) = memory();
        sink.inject(&key(hid::CONTROL_LEFT, true, None))
            .expect("remembers");
        sink.inject(&InputEvent::ReleaseAll).expect("remembers");
        assert_eq!(sink.held(), 0);
        assert!(log.wait_until_released(Duration::ZERO));
    }
}
