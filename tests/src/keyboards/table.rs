//! What was found, and how it is written down.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layouts::LayoutName;
use super::plan::Item;
use super::witness::Effect;

/// Differences that are written out for each host.
const MOST_WRITTEN: usize = 400;

/// What a press is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It types.
    Character,
    /// A key without a character, or a modifier.
    Other,
    /// Ctrl with a letter or a digit.
    Command,
}

/// A press that did something else at the host.
#[derive(Debug, Clone)]
pub struct Difference {
    pub layout: LayoutName,
    pub kind: Kind,
    pub keys: String,
    pub here: String,
    pub there: String,
}

/// How many presses did the same on both sides, and which did not.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    equal: BTreeMap<Kind, usize>,
    pub differences: Vec<Difference>,
    /// Presses of which no program on the operator's computer hears, so there is nothing to compare.
    pub unseen: usize,
    /// Of those that did the same, the ones that were pressed for an earlier layout.
    as_before: usize,
    layouts: usize,
    /// Layouts of which each press did the same.
    whole: usize,
}

impl Findings {
    pub(super) fn with_unseen(unseen: usize) -> Self {
        Self {
            unseen,
            layouts: 1,
            ..Self::default()
        }
    }

    pub(super) fn as_before(&mut self, kind: Kind) {
        self.as_before += 1;
        self.equal(kind);
    }

    pub(super) fn equal(&mut self, kind: Kind) {
        *self.equal.entry(kind).or_default() += 1;
    }

    pub(super) fn compare(
        &mut self,
        layout: &LayoutName,
        item: &Item,
        here: &[Effect],
        there: &[Effect],
    ) -> bool {
        let kind = item.kind(here);
        let all_stay = here.iter().all(stays_here);
        if there == here || all_stay && there.is_empty() {
            self.equal(kind);
            return true;
        }
        self.differences.push(Difference {
            layout: layout.clone(),
            kind,
            keys: format!("{:?}+{}", item.held, item.keycode),
            here: format!("{here:?}"),
            there: format!("{there:?}"),
        });
        false
    }

    pub(super) fn add(&mut self, more: Self) {
        for (kind, count) in more.equal {
            *self.equal.entry(kind).or_default() += count;
        }
        self.layouts += more.layouts;
        self.whole += more.whole + usize::from(more.layouts == 1 && more.differences.is_empty());
        self.differences.extend(more.differences);
        self.unseen += more.unseen;
        self.as_before += more.as_before;
    }

    /// Presses of this kind that did the same on both sides, and all.
    pub fn count(&self, kind: Kind) -> (usize, usize) {
        let equal = self.equal.get(&kind).copied().unwrap_or(0);
        let other = self.differences.iter().filter(|d| d.kind == kind).count();
        (equal, equal + other)
    }

    pub(super) fn in_short(&self) -> String {
        let of = |kind| {
            let (equal, all) = self.count(kind);
            format!("{equal}/{all}")
        };
        let mut text = format!(
            "characters {}, others {}, commands {}",
            of(Kind::Character),
            of(Kind::Other),
            of(Kind::Command)
        );
        if let Some(first) = self.differences.first() {
            let Difference {
                keys, here, there, ..
            } = first;
            write!(text, "; {keys} is {here} here and {there} there").ok();
        }
        text
    }
}

/// What only reaches levels and groups of the operator's layout does so at the operator's, and what moves
/// the pointer by keys moves theirs.
pub(super) fn stays_here(effect: &Effect) -> bool {
    match effect {
        Effect::Modifier(name) => {
            name.starts_with("ISO_") || ["Mode_switch", "Shift_Lock"].contains(&name.as_str())
        }
        Effect::Key(name) => name.starts_with("Pointer_"),
        Effect::Text(_) | Effect::Composing => false,
    }
}

/// What of `arrived` counts beside `wanted`: the host presses modifiers of its own for characters, and
/// keys of the pad have others that do the same.
pub(super) fn comparable(arrived: &[Effect], wanted: &[Effect]) -> Vec<Effect> {
    let mut left = wanted
        .iter()
        .filter(|effect| matches!(effect, Effect::Modifier(_)))
        .peekable();
    let mut seen = Vec::new();
    for effect in arrived {
        match effect {
            Effect::Modifier(_) => {
                if let Some(wanted) = left.next_if(|wanted| is_the_same(wanted, effect)) {
                    seen.push((*wanted).clone());
                }
            }
            Effect::Key(name) => {
                let same = wanted.iter().find(|wanted| match wanted {
                    Effect::Key(wanted) => one_name(wanted) == one_name(name),
                    Effect::Text(_) | Effect::Modifier(_) | Effect::Composing => false,
                });
                seen.push(same.unwrap_or(effect).clone());
            }
            Effect::Text(_) | Effect::Composing => seen.push(effect.clone()),
        }
    }
    seen
}

/// Where a host has one key of two only, the other does the same.
fn is_the_same(wanted: &Effect, arrived: &Effect) -> bool {
    match (wanted, arrived) {
        (Effect::Modifier(wanted), Effect::Modifier(arrived)) => {
            let other = wanted.strip_suffix("_R").map(|stem| format!("{stem}_L"));
            wanted == arrived || other.as_ref() == Some(arrived)
        }
        _ => wanted == arrived,
    }
}

/// The keys of a pad do what others do, and a Tab with Shift goes back under either name.
fn one_name(name: &str) -> &str {
    match name {
        "ISO_Left_Tab" => "Tab",
        name => name.strip_prefix("KP_").unwrap_or(name),
    }
}

/// The table in Markdown, with the first differences of each host.
pub(super) fn write(all: &[(LayoutName, Findings)], layouts: usize) -> String {
    let mut text = format!("# Keys of {layouts} layouts at hosts with other ones\n\n");
    text.push_str(
        "| host | layouts with every key equal | characters | other keys | commands | as before |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for (host, findings) in all {
        let of = |kind| {
            let (equal, all) = findings.count(kind);
            format!("{equal} of {all}")
        };
        writeln!(
            text,
            "| {host} | {} of {} | {} | {} | {} | {} |",
            findings.whole,
            findings.layouts,
            of(Kind::Character),
            of(Kind::Other),
            of(Kind::Command),
            findings.as_before
        )
        .ok();
    }
    for (host, findings) in all {
        if findings.differences.is_empty() {
            continue;
        }
        let unseen = findings.unseen;
        writeln!(
            text,
            "\nDifferent at a host with {host}; {unseen} more do nothing at the operator's:\n"
        )
        .ok();
        let mut grouped: BTreeMap<(&str, &str), Vec<&Difference>> = BTreeMap::new();
        for difference in &findings.differences {
            let what = (difference.here.as_str(), difference.there.as_str());
            grouped.entry(what).or_default().push(difference);
        }
        for ((here, there), which) in grouped.iter().take(MOST_WRITTEN) {
            let first = which[0];
            writeln!(
                text,
                "- {} of {} and {} more: {here} here, {there} there",
                first.keys,
                first.layout,
                which.len() - 1
            )
            .ok();
        }
        if grouped.len() > MOST_WRITTEN {
            writeln!(text, "- and {} other kinds", grouped.len() - MOST_WRITTEN).ok();
        }
    }
    text
}
