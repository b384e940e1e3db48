//! A long list of which only what is looked at is here.

use std::collections::BTreeMap;

use protocol::Refusal;
use protocol::admin::{Page, Rows};

/// Rows that are asked for together.
pub const PAGE: u32 = 128;
/// Pages that are kept; those farthest from what is looked at go first.
const KEPT: usize = 24;

/// The rows that a filter and an order give; `F` is both.
#[derive(Debug)]
pub struct Listing<F, R> {
    pub filter: F,
    /// How many rows there are, once the hub has said.
    pub total: Option<u32>,
    pub problem: Option<Refusal>,
    pages: BTreeMap<u32, Part<R>>,
    /// Counts how often the list was begun anew: answers to older questions are not for it.
    turn: u32,
    last: u32,
}

#[derive(Debug)]
enum Part<R> {
    Asked,
    Here(Vec<R>),
    /// Old rows that stand until new ones come.
    Stale(Vec<R>),
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageOf {
    turn: u32,
    page: u32,
}

impl<F: Default, R> Default for Listing<F, R> {
    fn default() -> Self {
        Self::of(F::default())
    }
}

impl<F, R> Listing<F, R> {
    /// A list of which nothing is known yet.
    pub fn of(filter: F) -> Self {
        Self {
            filter,
            total: None,
            problem: None,
            pages: BTreeMap::new(),
            turn: 0,
            last: 0,
        }
    }

    /// Forgets everything: the filter is another one.
    pub fn begin_anew(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        self.pages.clear();
        self.total = None;
        self.problem = None;
    }

    /// What is here may be old: it stands until it is asked for again, page by page.
    pub fn refresh(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        self.problem = None;
        let pages = std::mem::take(&mut self.pages);
        let stale = |(page, part)| match part {
            Part::Here(rows) | Part::Stale(rows) => Some((page, Part::Stale(rows))),
            Part::Asked => None,
        };
        self.pages = pages.into_iter().filter_map(stale).collect();
    }

    /// The row number `index`, if it is here.
    pub fn row(&self, index: u32) -> Option<&R> {
        match self.pages.get(&(index / PAGE))? {
            Part::Here(rows) | Part::Stale(rows) => {
                rows.get(usize::try_from(index % PAGE).unwrap_or(usize::MAX))
            }
            Part::Asked => None,
        }
    }

    /// Rows from `first` to `last` are looked at: what has to be asked for now.
    pub fn look_at(&mut self, first: u32, last: u32) -> Vec<(PageOf, Page)> {
        let (first, last) = (first / PAGE, last / PAGE);
        self.last = first;
        let mut wanted = Vec::new();
        for page in first..=last {
            if matches!(self.pages.get(&page), Some(Part::Asked | Part::Here(_))) {
                continue;
            }
            let old = self.pages.remove(&page);
            if let Some(Part::Stale(rows)) = old {
                // shown until the answer is here
                self.pages.insert(page, Part::Here(rows));
            } else {
                self.pages.insert(page, Part::Asked);
            }
            let of = PageOf {
                turn: self.turn,
                page,
            };
            let rows = u16::try_from(PAGE).expect("a page is small");
            let first = page * PAGE;
            wanted.push((of, Page { first, rows }));
        }
        wanted
    }

    /// What has to be asked for where nothing is known yet.
    pub fn look_at_beginning(&mut self) -> Vec<(PageOf, Page)> {
        self.look_at(0, 0)
    }

    /// Takes an answer; one to an older question is dropped.
    pub fn take(&mut self, of: PageOf, answer: Result<Rows<R>, Refusal>) {
        if of.turn != self.turn {
            return;
        }
        match answer {
            Ok(rows) => {
                self.problem = None;
                self.total = Some(rows.total);
                self.pages.insert(of.page, Part::Here(rows.rows));
                self.drop_farthest();
            }
            Err(refusal) => {
                self.pages.remove(&of.page);
                self.problem = Some(refusal);
            }
        }
    }

    fn drop_farthest(&mut self) {
        while self.pages.len() > KEPT {
            let here = self.last;
            let farthest = self.pages.keys().max_by_key(|page| page.abs_diff(here));
            match farthest.copied() {
                Some(page) => self.pages.remove(&page),
                None => return,
            };
        }
    }

    /// Whether nothing is known and nothing was refused.
    pub fn is_loading(&self) -> bool {
        self.total.is_none() && self.problem.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(total: u32, first: u32, count: u32) -> Rows<u32> {
        let rows = (first..first + count).collect();
        Rows { total, first, rows }
    }

    #[test]
    fn what_is_looked_at_is_asked_for_once() {
        let mut list = Listing::<(), u32>::default();
        let asked = list.look_at(0, 200);
        assert_eq!(asked.len(), 2);
        assert_eq!(
            asked[1].1,
            Page {
                first: 128,
                rows: 128
            }
        );
        assert!(list.look_at(0, 200).is_empty());
        list.take(asked[1].0, Ok(rows(100_000, 128, 128)));
        assert_eq!((list.row(5), list.row(130)), (None, Some(&130)));
    }

    #[test]
    fn an_answer_to_an_older_filter_is_dropped() {
        let mut list = Listing::<(), u32>::default();
        let old = list.look_at_beginning();
        list.begin_anew();
        list.take(old[0].0, Ok(rows(3, 0, 3)));
        assert!(list.is_loading());
    }

    #[test]
    fn old_rows_stand_until_new_ones_are_here() {
        let mut list = Listing::<(), u32>::default();
        let asked = list.look_at_beginning();
        list.take(asked[0].0, Ok(rows(3, 0, 3)));
        list.refresh();
        let again = list.look_at_beginning();
        assert_eq!((again.len(), list.row(2)), (1, Some(&2)));
        list.take(again[0].0, Ok(rows(1, 0, 1)));
        assert_eq!((list.row(2), list.total), (None, Some(1)));
    }

    #[test]
    fn memory_does_not_grow_with_the_list() {
        let mut list = Listing::<(), u32>::default();
        for page in 0..1000 {
            let first = page * PAGE;
            for (of, _) in list.look_at(first, first + 10) {
                list.take(of, Ok(rows(128_000, first, PAGE)));
            }
        }
        assert_eq!(list.pages.len(), KEPT);
        assert_eq!(list.row(999 * PAGE), Some(&(999 * PAGE)));
    }
}
