//! The live list (O7, O8) as the hub tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::limits::MAX_ENTRIES;
use protocol::{Entry, PeerId, SleepingHost, WakeStanding};

/// The rows by id.
#[derive(Debug, Default)]
pub(crate) struct LiveList {
    rows: BTreeMap<PeerId, Entry>,
    /// Which of them are permanent hosts that are not connected.
    sleeping: BTreeMap<PeerId, WakeStanding>,
}

/// The list at one moment.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// In the order in which they came.
    pub entries: Arc<Vec<Entry>>,
    /// Those that are permanent hosts which are not connected, and whether they can be woken.
    pub sleeping: Arc<BTreeMap<PeerId, WakeStanding>>,
}

impl From<Vec<Entry>> for Rows {
    /// Rows of those who are connected.
    fn from(entries: Vec<Entry>) -> Self {
        Self {
            entries: Arc::new(entries),
            ..Self::default()
        }
    }
}

impl LiveList {
    /// Takes the whole list; what is beyond the limit is left out.
    pub(crate) fn replace(&mut self, entries: Vec<Entry>) {
        self.rows = entries
            .into_iter()
            .take(MAX_ENTRIES)
            .map(|e| (e.id, e))
            .collect();
        self.sleeping.clear();
    }

    /// Takes a permanent host that is not connected.
    pub(crate) fn sleeps(&mut self, host: SleepingHost) {
        let id = host.entry.id;
        self.change(host.entry);
        if self.rows.contains_key(&id) {
            self.sleeping.insert(id, host.standing);
        }
    }

    /// Takes a new or changed row; a new one beyond the limit is left out.
    pub(crate) fn change(&mut self, entry: Entry) {
        if self.rows.len() < MAX_ENTRIES || self.rows.contains_key(&entry.id) {
            self.rows.insert(entry.id, entry);
        }
    }

    /// Takes a row away; no matter if there is none.
    pub(crate) fn remove(&mut self, id: PeerId) {
        self.rows.remove(&id);
        self.sleeping.remove(&id);
    }

    pub(crate) fn snapshot(&self) -> Rows {
        let mut rows: Vec<Entry> = self.rows.values().cloned().collect();
        rows.sort_by_key(|entry| (entry.since_unix_seconds, entry.id));
        Rows {
            entries: Arc::new(rows),
            sleeping: Arc::new(self.sleeping.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::EntryKind;

    fn peer(id: usize) -> PeerId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(id as u64).to_le_bytes());
        PeerId(bytes)
    }

    fn row(id: usize) -> Entry {
        Entry {
            id: peer(id),
            kind: EntryKind::User,
            name: "ANNA-PC".into(),
            person: "Anna".into(),
            system: "Linux".into(),
            ticket: None,
            in_session_with: None,
            since_unix_seconds: 0,
            yours: true,
            present: true,
        }
    }

    #[test]
    fn a_hub_that_sends_rows_without_end_is_not_followed() {
        let mut list = LiveList::default();
        for id in 0..MAX_ENTRIES + 50 {
            list.change(row(id));
        }
        assert_eq!(list.snapshot().entries.len(), MAX_ENTRIES);
        let standing = WakeStanding::Ready;
        for id in 0..MAX_ENTRIES + 50 {
            let entry = row(id);
            list.sleeps(SleepingHost { entry, standing });
        }
        assert_eq!(list.snapshot().sleeping.len(), MAX_ENTRIES);
        list.replace((0..MAX_ENTRIES + 50).map(row).collect());
        assert_eq!(list.snapshot().entries.len(), MAX_ENTRIES);
        list.remove(peer(3));
        list.remove(peer(3));
        assert_eq!(list.snapshot().entries.len(), MAX_ENTRIES - 1);
    }
}
