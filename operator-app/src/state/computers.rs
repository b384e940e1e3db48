//! The live list (O7, O8): who is here, filtered and grouped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::{Entry, EntryKind, Hindrance, Hindrances, PeerId, SessionId};

/// The list and what the operator did with it.
#[derive(Debug, Default)]
pub struct Computers {
    pub entries: Arc<Vec<Entry>>,
    /// The operator's own row.
    pub you: Option<PeerId>,
    pub filter: String,
    /// Shows only this kind.
    pub kind: Option<EntryKind>,
    pub selected: Option<PeerId>,
    /// Questions that are not answered; the session's number once the hub has said it.
    pub asked: BTreeMap<PeerId, Option<SessionId>>,
    /// Hosts with a session window of this console.
    pub in_session: BTreeMap<PeerId, SessionId>,
    /// What hosts cannot do.
    pub hindrances: BTreeMap<PeerId, Hindrances>,
    /// Permanent hosts that this console has opened, by the rows that they have since.
    pub opened: BTreeSet<PeerId>,
}

/// The order of the groups: who needs help first.
pub const GROUPS: [EntryKind; 3] = [
    EntryKind::User,
    EntryKind::PermanentHost,
    EntryKind::Operator,
];

impl Computers {
    /// Takes the newest list; a row that left takes its selection and its question along.
    pub fn update(&mut self, entries: Arc<Vec<Entry>>) {
        self.entries = entries;
        let is_gone = |id| self.get(id).is_none() && !self.opened.contains(&id);
        if self.selected.is_some_and(is_gone) {
            self.selected = None;
        }
        let here: Vec<PeerId> = self.entries.iter().map(|entry| entry.id).collect();
        let opened = &self.opened;
        self.asked
            .retain(|id, _| here.contains(id) || opened.contains(id));
        self.hindrances.retain(|id, _| here.contains(id));
        // a host that was just opened has its row in a moment
        let may_come = |id: &PeerId| self.asked.contains_key(id);
        self.opened.retain(|id| here.contains(id) || may_come(id));
    }

    /// Whether `entry` is opened with an access password first.
    pub fn wants_password(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::PermanentHost && !self.opened.contains(&entry.id)
    }

    pub fn get(&self, id: PeerId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    pub fn selected_entry(&self) -> Option<&Entry> {
        self.get(self.selected?)
    }

    /// The rows of one group that pass the filter, newest last.
    pub fn group(&self, kind: EntryKind) -> Vec<&Entry> {
        let wanted = self.kind.is_none_or(|only| only == kind);
        let needle = self.filter.trim().to_lowercase();
        self.entries
            .iter()
            .filter(|entry| wanted && entry.kind == kind && matches(entry, &needle))
            .collect()
    }

    /// Everything that is shown, in the order in which it is shown.
    pub fn shown(&self) -> Vec<&Entry> {
        GROUPS.iter().flat_map(|kind| self.group(*kind)).collect()
    }

    /// Moves the selection by `step` rows, from nothing to the first or last.
    pub fn move_selection(&mut self, step: isize) {
        let shown: Vec<PeerId> = self.shown().iter().map(|entry| entry.id).collect();
        let at = self
            .selected
            .and_then(|id| shown.iter().position(|s| *s == id));
        let next = match at {
            Some(at) => at
                .saturating_add_signed(step)
                .min(shown.len().saturating_sub(1)),
            None if step > 0 => 0,
            None => shown.len().saturating_sub(1),
        };
        self.selected = shown.get(next).copied();
    }

    /// What keeps this console from opening a remote session with `entry` now.
    pub fn obstacle(&self, entry: &Entry) -> Option<Obstacle> {
        if entry.kind == EntryKind::Operator {
            Some(Obstacle::IsOperator)
        } else if entry.kind == EntryKind::PermanentHost && !entry.yours {
            Some(Obstacle::Unattended)
        } else if self.asked.contains_key(&entry.id) {
            Some(Obstacle::Asked)
        } else if self.in_session.contains_key(&entry.id) {
            Some(Obstacle::InYourSession)
        } else if entry.in_session_with.is_some() && !entry.yours {
            Some(Obstacle::Busy)
        } else if !entry.yours {
            Some(Obstacle::NotYours)
        } else if !entry.present {
            Some(Obstacle::Away)
        } else {
            let hindrance = self.hindrances_of(entry.id).prevents_session();
            hindrance.map(Obstacle::Hindered)
        }
    }

    /// What the host cannot do.
    pub fn hindrances_of(&self, host: PeerId) -> Hindrances {
        self.hindrances.get(&host).copied().unwrap_or_default()
    }
}

/// Why **Remote Session** is greyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    IsOperator,
    /// The role does not permit it, or the computer's `PurePC` is too old.
    Unattended,
    Asked,
    InYourSession,
    Busy,
    NotYours,
    Away,
    Hindered(Hindrance),
}

fn matches(entry: &Entry, needle: &str) -> bool {
    let digits: String = needle.chars().filter(char::is_ascii_digit).collect();
    let ticket = entry
        .ticket
        .map(|route| route.to_string())
        .unwrap_or_default();
    needle.is_empty()
        || entry.name.to_lowercase().contains(needle)
        || entry.person.to_lowercase().contains(needle)
        || entry.system.to_lowercase().contains(needle)
        || (!digits.is_empty()
            && needle.chars().all(|c| c.is_ascii_digit() || c == ' ')
            && (ticket.contains(&digits) || digits.starts_with(&ticket) && !ticket.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::TicketRoute;

    fn peer(id: u8) -> PeerId {
        PeerId([id; 16])
    }

    fn entry(id: u8, kind: EntryKind, name: &str, person: &str) -> Entry {
        Entry {
            id: peer(id),
            kind,
            name: name.into(),
            person: person.into(),
            system: "Linux".into(),
            ticket: TicketRoute::new(4_829).filter(|_| kind == EntryKind::User),
            in_session_with: None,
            since_unix_seconds: 0,
            yours: true,
            present: true,
        }
    }

    fn three() -> Computers {
        let mut computers = Computers::default();
        computers.update(Arc::new(vec![
            entry(1, EntryKind::Operator, "Otto", ""),
            entry(2, EntryKind::User, "ANNA-PC", "Anna Rossi"),
            entry(3, EntryKind::PermanentHost, "server-1", ""),
        ]));
        computers
    }

    fn names(computers: &Computers) -> Vec<&str> {
        computers.shown().iter().map(|e| e.name.as_str()).collect()
    }

    #[test]
    fn o8_the_list_is_filtered_by_name_person_and_ticket() {
        let mut computers = three();
        assert_eq!(names(&computers), ["ANNA-PC", "server-1", "Otto"]);
        for needle in ["anna", "ROSSI", "482", "482 9", "482 913 0571"] {
            computers.filter = needle.to_owned();
            assert_eq!(names(&computers), ["ANNA-PC"], "{needle}");
        }
        computers.filter.clear();
        computers.kind = Some(EntryKind::Operator);
        assert_eq!(names(&computers), ["Otto"]);
    }

    #[test]
    fn the_selection_moves_through_the_groups_and_leaves_with_its_row() {
        let mut computers = three();
        computers.move_selection(1);
        assert_eq!(computers.selected, Some(peer(2)));
        computers.move_selection(1);
        computers.move_selection(5);
        assert_eq!(computers.selected, Some(peer(1)));
        computers.update(Arc::default());
        assert_eq!(computers.selected, None);
        computers.move_selection(1);
        assert_eq!(computers.selected, None);
    }

    #[test]
    fn o9_what_cannot_be_opened_says_why() {
        let mut computers = three();
        let anna = entry(2, EntryKind::User, "ANNA-PC", "");
        assert_eq!(computers.obstacle(&anna), None);
        let foreign = Entry {
            yours: false,
            ..anna.clone()
        };
        assert_eq!(computers.obstacle(&foreign), Some(Obstacle::NotYours));
        let away = Entry {
            present: false,
            ..anna.clone()
        };
        assert_eq!(computers.obstacle(&away), Some(Obstacle::Away));
        let server = entry(3, EntryKind::PermanentHost, "server-1", "");
        assert_eq!(computers.obstacle(&server), None);
        assert!(computers.wants_password(&server) && !computers.wants_password(&anna));
        computers.opened.insert(server.id);
        assert!(!computers.wants_password(&server));
        let closed = Entry {
            yours: false,
            ..server
        };
        assert_eq!(computers.obstacle(&closed), Some(Obstacle::Unattended));
        computers.asked.insert(anna.id, None);
        assert_eq!(computers.obstacle(&anna), Some(Obstacle::Asked));
    }
}
