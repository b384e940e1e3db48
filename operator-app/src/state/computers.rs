//! The live list (O7, O8): who is here, filtered, grouped and in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use operator_engine::Rows;
use protocol::{Entry, EntryKind, Hindrance, Hindrances, PeerId, SessionId, WakeStanding};
use serde::{Deserialize, Serialize};

/// Computers of which it is known when they were helped last.
const MOST_HELPED: usize = 200;

/// The list and what the operator did with it.
#[derive(Debug, Default)]
pub struct Computers {
    pub entries: Arc<Vec<Entry>>,
    /// The operator's own row.
    pub you: Option<PeerId>,
    pub filter: String,
    /// Shows only this kind.
    pub kind: Option<EntryKind>,
    pub habits: Habits,
    pub selected: Option<PeerId>,
    /// Questions that are not answered; the session's number once the hub has said it.
    pub asked: BTreeMap<PeerId, Option<SessionId>>,
    /// Hosts with a session window of this console.
    pub in_session: BTreeMap<PeerId, SessionId>,
    /// What hosts cannot do.
    pub hindrances: BTreeMap<PeerId, Hindrances>,
    /// Permanent hosts that this console has opened, by the rows that they have since.
    pub opened: BTreeSet<PeerId>,
    /// The rows of permanent hosts that are not connected, and whether they can be woken.
    pub sleeping: Arc<BTreeMap<PeerId, WakeStanding>>,
    /// Those of them that are being woken for this operator.
    pub woken: BTreeSet<PeerId>,
    shown: Shown,
}

/// What an operator does with the list from day to day; the settings remember it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Habits {
    pub order: Order,
    /// Permanent hosts that stand before all others, by their names: only these come back.
    pub favourites: BTreeSet<String>,
    /// When this operator helped at a permanent host last, in Unix seconds.
    pub helped: BTreeMap<String, i64>,
}

impl Habits {
    /// A favourite, or one no longer.
    pub fn turn_favourite(&mut self, name: &str) {
        if !self.favourites.remove(name) {
            self.favourites.insert(name.to_owned());
        }
    }

    /// A session at `name` began.
    pub fn keep_helped(&mut self, name: &str, unix_seconds: i64) {
        self.helped.insert(name.to_owned(), unix_seconds);
        if self.helped.len() > MOST_HELPED {
            let oldest = self.helped.iter().min_by_key(|(_, when)| **when);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.helped.remove(&oldest);
            }
        }
    }
}

/// What comes first in each section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    /// Who waits longest.
    #[default]
    Arrival,
    Name,
    /// Where this operator helped last.
    Helped,
}

/// A part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Favourites,
    Of(EntryKind),
}

/// The order of the sections: who needs help first, but for what the operator put before them.
const SECTIONS: [Section; 4] = [
    Section::Favourites,
    Section::Of(EntryKind::User),
    Section::Of(EntryKind::PermanentHost),
    Section::Of(EntryKind::Operator),
];

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The head of a section with so many rows.
    Head(Section, usize),
    /// A row, by its place in [`Computers::entries`].
    Row(usize),
}

/// The lines, and what they were made from: thousands of rows are not sorted anew for each picture.
#[derive(Debug, Default)]
struct Shown {
    entries: Arc<Vec<Entry>>,
    filter: String,
    kind: Option<EntryKind>,
    habits: Habits,
    lines: Vec<Line>,
}

impl Computers {
    /// Takes the newest list; a row that left takes its selection and its question along.
    pub fn update(&mut self, rows: Rows) {
        let Rows { entries, sleeping } = rows;
        self.entries = entries;
        self.woken.retain(|id| sleeping.contains_key(id));
        self.sleeping = sleeping;
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

    /// What keeps this console from having `entry` woken, which is a permanent host.
    pub fn not_to_wake(&self, entry: &Entry) -> Option<NotToWake> {
        match self.sleeping.get(&entry.id) {
            Some(_) if self.woken.contains(&entry.id) => Some(NotToWake::BeingWoken),
            Some(WakeStanding::Ready) => None,
            Some(WakeStanding::Unknown) => Some(NotToWake::Unknown),
            Some(WakeStanding::Alone) => Some(NotToWake::Alone),
            None if entry.present => Some(NotToWake::Connected),
            None => Some(NotToWake::Away),
        }
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

    /// Brings [`Computers::lines`] up to date, for which there is nothing to do most of the time.
    pub fn refresh(&mut self) {
        let shown = &self.shown;
        if Arc::ptr_eq(&shown.entries, &self.entries)
            && shown.filter == self.filter
            && shown.kind == self.kind
            && shown.habits == self.habits
        {
            return;
        }
        let lines = self.sorted_lines();
        self.shown = Shown {
            entries: Arc::clone(&self.entries),
            filter: self.filter.clone(),
            kind: self.kind,
            habits: self.habits.clone(),
            lines,
        };
    }

    /// What is shown, in its order, as of the last [`Computers::refresh`].
    pub fn lines(&self) -> &[Line] {
        &self.shown.lines
    }

    /// The rows of [`Computers::lines`].
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.lines().iter().filter_map(|line| self.row(*line))
    }

    /// The row in `line`, if it is one.
    pub fn row(&self, line: Line) -> Option<&Entry> {
        match line {
            Line::Head(..) => None,
            Line::Row(place) => self.entries.get(place),
        }
    }

    fn sorted_lines(&self) -> Vec<Line> {
        let needle = self.filter.trim().to_lowercase();
        let mut sections = SECTIONS.map(|section| (section, Vec::new()));
        for (place, entry) in self.entries.iter().enumerate() {
            if self.kind.is_some_and(|only| only != entry.kind) || !matches(entry, &needle) {
                continue;
            }
            let section = self.section(entry);
            if let Some((_, rows)) = sections.iter_mut().find(|(s, _)| *s == section) {
                rows.push(place);
            }
        }
        let mut lines = Vec::with_capacity(self.entries.len() + SECTIONS.len());
        for (section, mut rows) in sections {
            if rows.is_empty() {
                continue;
            }
            self.sort(&mut rows);
            lines.push(Line::Head(section, rows.len()));
            lines.extend(rows.into_iter().map(Line::Row));
        }
        lines
    }

    fn section(&self, entry: &Entry) -> Section {
        if self.is_favourite(entry) {
            Section::Favourites
        } else {
            Section::Of(entry.kind)
        }
    }

    pub fn is_favourite(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::PermanentHost
            && self.habits.favourites.contains(entry.name.as_str())
    }

    /// Sorts places in the list of the hub, which is in the order of arrival.
    fn sort(&self, rows: &mut [usize]) {
        let entry = |place: &usize| self.entries.get(*place);
        match self.habits.order {
            Order::Arrival => {}
            Order::Name => rows.sort_by_cached_key(|place| entry(place).map(by_name)),
            Order::Helped => rows.sort_by_cached_key(|place| {
                let helped = |entry: &Entry| self.habits.helped.get(entry.name.as_str()).copied();
                let helped = entry(place).and_then(helped);
                (std::cmp::Reverse(helped), entry(place).map(by_name))
            }),
        }
    }

    /// Moves the selection by `step` rows, from nothing to the first or last; as far as there are rows.
    pub fn move_selection(&mut self, step: isize) {
        self.refresh();
        let shown: Vec<PeerId> = self.rows().map(|entry| entry.id).collect();
        let at = self
            .selected
            .and_then(|id| shown.iter().position(|s| *s == id));
        let next = match at {
            Some(at) => at
                .saturating_add_signed(step)
                .min(shown.len().saturating_sub(1)),
            // Home, and down from nothing
            None if matches!(step, isize::MIN | 1..isize::MAX) => 0,
            None => shown.len().saturating_sub(1),
        };
        self.selected = shown.get(next).copied();
    }

    /// What keeps this console from opening a remote session with `entry` now.
    pub fn obstacle(&self, entry: &Entry) -> Option<Obstacle> {
        if entry.kind == EntryKind::Operator {
            Some(Obstacle::IsOperator)
        } else if self.sleeping.contains_key(&entry.id) {
            Some(Obstacle::Asleep)
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
    /// A permanent host that is not connected.
    Asleep,
    Hindered(Hindrance),
}

/// Why **Wake** is greyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotToWake {
    Connected,
    /// Its line is lost, and its place waits.
    Away,
    /// It is not known where its network cards are.
    Unknown,
    /// No other computer of its network is connected.
    Alone,
    BeingWoken,
}

/// Names as people look for them: in any case, and numbers in them by what they count.
fn by_name(entry: &Entry) -> Vec<Part> {
    let name = entry.name.to_lowercase();
    let mut parts = Vec::new();
    for c in name.chars() {
        match (parts.last_mut(), c.to_digit(10)) {
            (Some(Part::Number(number)), Some(digit)) => {
                *number = number.saturating_mul(10).saturating_add(digit.into());
            }
            (_, Some(digit)) => parts.push(Part::Number(digit.into())),
            (Some(Part::Text(text)), None) => text.push(c),
            (_, None) => parts.push(Part::Text(c.to_string())),
        }
    }
    parts
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Text(String),
}

fn matches(entry: &Entry, needle: &str) -> bool {
    if needle.is_empty() {
        return true;
    }
    let digits: String = needle.chars().filter(char::is_ascii_digit).collect();
    let ticket = entry
        .ticket
        .map(|route| route.to_string())
        .unwrap_or_default();
    entry.name.to_lowercase().contains(needle)
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
        computers.update(Rows::from(vec![
            entry(1, EntryKind::Operator, "Otto", ""),
            entry(2, EntryKind::User, "ANNA-PC", "Anna Rossi"),
            entry(3, EntryKind::PermanentHost, "server-1", ""),
        ]));
        computers
    }

    fn names(computers: &mut Computers) -> Vec<&str> {
        computers.refresh();
        computers.rows().map(|e| e.name.as_str()).collect()
    }

    #[test]
    fn o8_the_list_is_filtered_by_name_person_and_ticket() {
        let mut computers = three();
        assert_eq!(names(&mut computers), ["ANNA-PC", "server-1", "Otto"]);
        for needle in ["anna", "ROSSI", "482", "482 9", "482 913 0571"] {
            computers.filter = needle.to_owned();
            assert_eq!(names(&mut computers), ["ANNA-PC"], "{needle}");
        }
        computers.filter.clear();
        computers.kind = Some(EntryKind::Operator);
        assert_eq!(names(&mut computers), ["Otto"]);
    }

    fn hosts(names: &[&str]) -> Computers {
        let rows = names.iter().zip(1..);
        let rows = rows.map(|(name, id)| entry(id, EntryKind::PermanentHost, name, ""));
        let mut computers = Computers::default();
        computers.update(rows.collect::<Vec<_>>().into());
        computers
    }

    #[test]
    fn o8_rows_are_in_the_order_that_was_chosen() {
        let mut computers = hosts(&["till 10", "Till 9", "alpha", "till 9b"]);
        assert_eq!(
            names(&mut computers),
            ["till 10", "Till 9", "alpha", "till 9b"]
        );
        computers.habits.order = Order::Name;
        assert_eq!(
            names(&mut computers),
            ["alpha", "Till 9", "till 9b", "till 10"]
        );
        computers.habits.keep_helped("till 9b", 5);
        computers.habits.keep_helped("till 10", 7);
        computers.habits.order = Order::Helped;
        assert_eq!(
            names(&mut computers),
            ["till 10", "till 9b", "alpha", "Till 9"]
        );
    }

    #[test]
    fn o8_favourites_stand_first_and_once() {
        let mut computers = three();
        computers.habits.turn_favourite("server-1");
        assert_eq!(names(&mut computers), ["server-1", "ANNA-PC", "Otto"]);
        assert_eq!(computers.lines()[0], Line::Head(Section::Favourites, 1));
        computers.habits.turn_favourite("server-1");
        assert_eq!(names(&mut computers), ["ANNA-PC", "server-1", "Otto"]);
        // a user's computer of that name is another one
        computers.habits.turn_favourite("ANNA-PC");
        assert_eq!(names(&mut computers), ["ANNA-PC", "server-1", "Otto"]);
    }

    #[test]
    fn only_so_many_helped_computers_are_remembered() {
        let mut habits = Habits::default();
        for when in 0..300 {
            habits.keep_helped(&format!("till {when}"), when);
        }
        assert_eq!(habits.helped.len(), MOST_HELPED);
        assert_eq!(habits.helped.values().min(), Some(&100));
    }

    #[test]
    fn the_selection_moves_through_the_groups_and_leaves_with_its_row() {
        let mut computers = three();
        computers.move_selection(1);
        assert_eq!(computers.selected, Some(peer(2)));
        computers.move_selection(1);
        computers.move_selection(5);
        assert_eq!(computers.selected, Some(peer(1)));
        computers.update(Rows::default());
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
