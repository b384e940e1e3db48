//! The host's folders, as far as its user lets the operator look (S6).

use std::collections::BTreeSet;

use protocol::browse::{
    BrowseAnswer, FolderAt, ListedEntry, ListedKind, ListedName, ListingPart, MAX_LISTED_ENTRIES,
};
use protocol::files::FileFault;

/// For so long, in seconds, what is typed is one beginning of a name.
const TYPING_SECONDS: f64 = 1.0;

/// The window, while it is open or can be opened again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Browser {
    pub open: bool,
    pub consent: Consent,
    pub folder: Folder,
    /// What was asked for last; the answer to anything before is of no use.
    asked: u32,
    /// Nothing of it has come yet.
    pub waiting: bool,
    /// Why the last one could not be listed; the one before is shown.
    pub problem: Option<FileFault>,
}

/// What the user says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Consent {
    #[default]
    Unasked,
    Asking,
    Allowed,
    Not(BrowseAnswer),
}

/// A folder that is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    pub listing: u32,
    pub path: Vec<ListedName>,
    pub entries: Vec<ListedEntry>,
    /// All of it is here.
    pub whole: bool,
    /// There is more than is ever listed.
    pub is_cut: bool,
    pub order: Order,
    /// The entries in their order; those that came since are last.
    rows: Vec<u32>,
    sorted: usize,
    pub chosen: BTreeSet<u32>,
    /// The row that the keyboard is at, and where a range began.
    pub at: usize,
    from: usize,
    typed: String,
    typed_at: Option<u64>,
}

/// By what rows are ordered; folders are always first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub by: By,
    pub descending: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            by: By::Name,
            descending: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Name,
    Size,
    Date,
}

/// How rows are chosen along with a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    /// This one alone.
    One,
    /// This one too, or no longer.
    Toggle,
    /// All from where the last one was chosen.
    Range,
}

impl Browser {
    /// The number for a folder that is asked for now.
    pub fn ask(&mut self) -> u32 {
        self.asked += 1;
        self.waiting = true;
        self.asked
    }

    /// What the user says; the folder to ask for first, if any.
    pub fn answered(&mut self, answer: BrowseAnswer) -> Option<FolderAt> {
        if answer != BrowseAnswer::Allowed {
            // what was seen is not the operator's to look at any more
            self.folder = Folder::default();
            self.consent = Consent::Not(answer);
            self.waiting = false;
            return None;
        }
        self.consent = Consent::Allowed;
        let listing = self.folder.listing;
        let first = FolderAt::Place(protocol::browse::FolderPlace::Home);
        Some(if listing == 0 {
            first
        } else {
            FolderAt::Same { listing }
        })
    }

    /// A part of what was asked for has come.
    pub fn take(&mut self, listing: u32, part: ListingPart) {
        if listing != self.asked || self.consent != Consent::Allowed {
            return;
        }
        match part {
            ListingPart::Begun { path } => {
                self.waiting = false;
                self.problem = None;
                let is_same = self.folder.path == path;
                let at = if is_same { self.folder.at } else { 0 };
                self.folder = Folder {
                    listing,
                    path,
                    at,
                    order: self.folder.order,
                    ..Folder::default()
                };
            }
            ListingPart::Entries(entries) if self.folder.listing == listing => {
                self.folder.add(entries);
            }
            ListingPart::Whole { is_cut } if self.folder.listing == listing => {
                self.folder.whole = true;
                self.folder.is_cut = is_cut;
                self.folder.sort();
            }
            ListingPart::Failed(fault) => {
                self.waiting = false;
                self.problem = Some(fault);
            }
            // of a folder that never began
            ListingPart::Entries(_) | ListingPart::Whole { .. } => {}
        }
    }

    /// The line is lost: nothing more of a folder comes.
    pub fn line_lost(&mut self) {
        self.waiting = false;
        if self.consent == Consent::Asking {
            self.consent = Consent::Unasked;
        }
    }

    /// The folder that files are sent into, while it is in front.
    pub fn sends_into(&self) -> Option<u32> {
        let is_shown = self.open && self.consent == Consent::Allowed && self.folder.listing != 0;
        is_shown.then_some(self.folder.listing)
    }
}

impl Folder {
    fn add(&mut self, entries: Vec<ListedEntry>) {
        let most = usize::try_from(MAX_LISTED_ENTRIES).unwrap_or(usize::MAX);
        let room = most.saturating_sub(self.entries.len());
        self.entries.extend(entries.into_iter().take(room));
        let known = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let all = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.rows.extend(known..all);
        // not at each part: a large folder comes in hundreds
        if self.entries.len() >= 2 * self.sorted {
            self.sort();
        }
    }

    /// The entries as they are shown.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The entry in a row.
    pub fn row(&self, row: usize) -> Option<(u32, &ListedEntry)> {
        let entry = *self.rows.get(row)?;
        let at = usize::try_from(entry).ok()?;
        Some((entry, self.entries.get(at)?))
    }

    /// Orders by a column, or by the same the other way round.
    pub fn order_by(&mut self, by: By) {
        self.order = Order {
            by,
            descending: self.order.by == by && !self.order.descending,
        };
        self.sort();
    }

    fn sort(&mut self) {
        let at = self.row(self.at).map(|(entry, _)| entry);
        let names: Vec<String> = self.entries.iter().map(|e| e.name.to_lowercase()).collect();
        let entries = &self.entries;
        let order = self.order;
        self.rows.sort_by(|a, b| {
            let index = |entry: &u32| usize::try_from(*entry).unwrap_or(0);
            let (a, b) = (index(a), index(b));
            let is_file = |at: usize| entries[at].kind != ListedKind::Folder;
            let by_name = || names[a].cmp(&names[b]).then_with(|| a.cmp(&b));
            let ordered = match order.by {
                By::Name => by_name(),
                By::Size => entries[a].bytes.cmp(&entries[b].bytes).then_with(by_name),
                By::Date => {
                    let at = |at: usize| entries[at].modified_unix_millis;
                    at(a).cmp(&at(b)).then_with(by_name)
                }
            };
            let ordered = if order.descending {
                ordered.reverse()
            } else {
                ordered
            };
            is_file(a).cmp(&is_file(b)).then(ordered)
        });
        self.sorted = self.entries.len();
        // the keyboard stays at its entry once somebody moved it
        if self.at > 0
            && let Some(at) = at
        {
            self.at = self.rows.iter().position(|row| *row == at).unwrap_or(0);
        }
        self.from = self.at;
    }

    /// Goes to a row, and chooses it.
    pub fn go(&mut self, row: usize, choose: Choose) {
        let Some((entry, _)) = self.row(row) else {
            return;
        };
        self.at = row;
        match choose {
            Choose::One => {
                self.chosen = BTreeSet::from([entry]);
                self.from = row;
            }
            Choose::Toggle => {
                if !self.chosen.remove(&entry) {
                    self.chosen.insert(entry);
                }
                self.from = row;
            }
            Choose::Range => {
                let (first, last) = (self.from.min(row), self.from.max(row));
                self.chosen = self.rows[first..=last].iter().copied().collect();
            }
        }
    }

    /// Goes so many rows down.
    pub fn step(&mut self, steps: isize, choose: Choose) {
        let last = self.rows.len().saturating_sub(1);
        self.go(self.at.saturating_add_signed(steps).min(last), choose);
    }

    pub fn choose_all(&mut self) {
        self.chosen = self.rows.iter().copied().collect();
    }

    /// Goes to the next name that begins with what was typed within a second; `seconds` is any clock's.
    pub fn find(&mut self, typed: &str, seconds: f64) {
        let last = self.typed_at.replace(seconds.to_bits()).map(f64::from_bits);
        if last.is_none_or(|last| seconds - last > TYPING_SECONDS) {
            self.typed.clear();
        }
        let is_first = self.typed.is_empty();
        self.typed.push_str(&typed.to_lowercase());
        let count = self.rows.len();
        // the same letter again goes on to the next
        let from = if is_first { self.at + 1 } else { self.at };
        let rows = (0..count).map(|n| (from + n) % count);
        let begins = |row: &usize| {
            let (_, entry) = self.row(*row).expect("a row of it");
            entry.name.to_lowercase().starts_with(&self.typed)
        };
        if let Some(found) = rows.into_iter().find(begins) {
            self.go(found, Choose::One);
        }
    }

    /// The bytes of the chosen files; `None` where folders are among them.
    pub fn chosen_bytes(&self) -> Option<u64> {
        let mut bytes = 0_u64;
        for entry in &self.chosen {
            let entry = self.entries.get(usize::try_from(*entry).ok()?)?;
            if entry.kind == ListedKind::Folder {
                return None;
            }
            bytes = bytes.saturating_add(entry.bytes);
        }
        Some(bytes)
    }

    /// What can be fetched of what is chosen, as it is ordered.
    pub fn fetchable(&self) -> Vec<u32> {
        let can = |entry: &u32| {
            let at = usize::try_from(*entry).unwrap_or(usize::MAX);
            let kind = self.entries.get(at).map(|entry| entry.kind);
            matches!(kind, Some(ListedKind::File | ListedKind::Folder))
        };
        let is_chosen = |entry: &&u32| self.chosen.contains(*entry);
        let rows = self.rows.iter().filter(is_chosen).copied();
        rows.filter(can).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: ListedKind, bytes: u64) -> ListedEntry {
        ListedEntry {
            name: name.into(),
            kind,
            bytes,
            modified_unix_millis: i64::try_from(bytes).expect("small"),
        }
    }

    fn browser(entries: Vec<ListedEntry>) -> Browser {
        let mut browser = Browser::default();
        browser.answered(BrowseAnswer::Allowed);
        let listing = browser.ask();
        let path = vec!["/".into(), "home".into()];
        browser.take(listing, ListingPart::Begun { path });
        browser.take(listing, ListingPart::Entries(entries));
        browser.take(listing, ListingPart::Whole { is_cut: false });
        browser
    }

    fn shown(folder: &Folder) -> Vec<&str> {
        let rows = (0..folder.rows().len()).filter_map(|row| folder.row(row));
        rows.map(|(_, entry)| entry.name.as_str()).collect()
    }

    #[test]
    fn s6_folders_come_first_and_the_order_turns_round() {
        let mut folder = browser(vec![
            entry("b.txt", ListedKind::File, 3),
            entry("Zoo", ListedKind::Folder, 0),
            entry("A.txt", ListedKind::File, 9),
            entry("alps", ListedKind::Folder, 0),
        ])
        .folder;
        assert_eq!(shown(&folder), ["alps", "Zoo", "A.txt", "b.txt"]);
        folder.order_by(By::Size);
        assert_eq!(shown(&folder)[2..], ["b.txt", "A.txt"]);
        folder.order_by(By::Size);
        assert_eq!(shown(&folder)[2..], ["A.txt", "b.txt"]);
    }

    #[test]
    fn s6_rows_are_found_by_typing_and_chosen_in_ranges() {
        let names = ["bar", "baz", "foo", "fox"];
        let files = names.map(|name| entry(name, ListedKind::File, 1));
        let mut folder = browser(files.to_vec()).folder;
        folder.find("f", 10.0);
        assert_eq!(folder.at, 2);
        folder.find("ox", 10.5);
        assert_eq!(folder.at, 3);
        folder.find("b", 20.0);
        assert_eq!(folder.at, 0, "it goes on at the beginning");
        folder.find("b", 30.0);
        assert_eq!(folder.at, 1, "and to the next");
        folder.step(2, Choose::Range);
        assert_eq!(folder.chosen.len(), 3);
        assert_eq!(folder.chosen_bytes(), Some(3));
        folder.step(100, Choose::One);
        assert_eq!((folder.at, folder.chosen.len()), (3, 1));
        folder.find("no such", 40.0);
        assert_eq!(folder.at, 3);
    }

    #[test]
    fn s6_only_what_was_asked_last_is_taken_and_what_is_stopped_is_gone() {
        let mut browser = browser(vec![entry("a", ListedKind::File, 1)]);
        let old = browser.folder.listing;
        let new = browser.ask();
        let late = vec![entry("late", ListedKind::File, 1)];
        browser.take(old, ListingPart::Entries(late.clone()));
        // never begun
        browser.take(new, ListingPart::Entries(late));
        assert_eq!(shown(&browser.folder), ["a"]);
        browser.take(new, ListingPart::Failed(FileFault::NOT_READABLE));
        assert_eq!(browser.problem, Some(FileFault::NOT_READABLE));
        assert_eq!(shown(&browser.folder), ["a"], "the one before stays");
        assert_eq!(browser.answered(BrowseAnswer::Stopped), None);
        assert_eq!(browser.folder, Folder::default());
        let late = ListingPart::Begun { path: Vec::new() };
        browser.take(new, late);
        assert_eq!(browser.folder.listing, 0);
    }

    #[test]
    fn s6_links_are_not_fetched() {
        let mut folder = browser(vec![
            entry("a", ListedKind::File, 1),
            entry("b", ListedKind::Link, 0),
            entry("c", ListedKind::Other, 0),
            entry("d", ListedKind::Folder, 0),
        ])
        .folder;
        folder.choose_all();
        assert_eq!(folder.fetchable(), [3, 0], "as they are shown");
        assert_eq!(folder.chosen_bytes(), None);
    }

    #[test]
    fn s6_fifty_thousand_entries_are_shown_while_they_come() {
        let mut browser = Browser::default();
        browser.answered(BrowseAnswer::Allowed);
        let listing = browser.ask();
        browser.take(listing, ListingPart::Begun { path: Vec::new() });
        let begin = std::time::Instant::now();
        for part in 0..200 {
            let names = (0..250).map(|n| format!("{:05}", (part * 250 + n) * 7919 % 50_000));
            let entries = names
                .map(|name| entry(&name, ListedKind::File, 1))
                .collect();
            browser.take(listing, ListingPart::Entries(entries));
            assert_eq!(browser.folder.rows().len(), (part + 1) * 250);
        }
        browser.take(listing, ListingPart::Whole { is_cut: false });
        let took = begin.elapsed();
        assert!(shown(&browser.folder).is_sorted());
        assert!(took < std::time::Duration::from_secs(2), "{took:?}");
    }
}
