//! Which notices the desktop shows (O2): who came and went, and what users wrote.
//!
//! Changes of the list are gathered for a moment. Who left and is back by then is no news, and many who
//! come at once, as after a restart of the hub, are one notice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use desktop::Notice;
use operator_engine::Rows;
use protocol::{Entry, EntryKind, PeerId};
use ui_kit::Lang;
use ui_kit::words::name_alone;

use crate::phrases::popups as words;
use crate::settings::PopupSettings;

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(1500);
/// Names that one notice tells; the others are counted.
const MOST_NAMES: usize = 4;
/// Characters of a message that a notice shows.
const MOST_CHARS: usize = 160;

/// Somebody as they are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Who {
    kind: EntryKind,
    name: String,
    /// The person or the ticket, where there is one.
    detail: String,
}

/// What is known of the list, and what of it is not told yet.
#[derive(Debug, Default)]
pub struct Popups {
    /// Who is here; `None` until the first list, which is no news.
    here: Option<BTreeMap<PeerId, Who>>,
    /// Who was here when the gathering began.
    before: Option<BTreeMap<PeerId, Who>>,
    /// When the gathering is over.
    due: Option<Instant>,
}

impl Popups {
    /// Takes the newest list. The operator's own row, users of other operators and computers that are not
    /// connected are nobody's news.
    pub fn take_list(&mut self, rows: &Rows, you: Option<PeerId>, lang: Lang, now: Instant) {
        let told = |entry: &&Entry| {
            Some(entry.id) != you
                && (entry.kind != EntryKind::User || entry.yours)
                && !rows.sleeping.contains_key(&entry.id)
        };
        let entries = &rows.entries;
        let new: BTreeMap<PeerId, Who> = entries
            .iter()
            .filter(told)
            .map(|entry| (entry.id, who(entry, lang)))
            .collect();
        if let Some(old) = self.here.replace(new)
            && self
                .here
                .as_ref()
                .is_some_and(|new| !same_people(&old, new))
            && self.due.is_none()
        {
            self.before = Some(old);
            self.due = Some(now + GATHER);
        }
    }

    /// The log-in is over: the next list is a first one again.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// How long until there may be something to show.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(now))
    }

    /// What is to be shown now. Whatever the settings forbid is told never, not later.
    pub fn take_due(&mut self, wanted: &PopupSettings, lang: Lang, now: Instant) -> Vec<Notice> {
        if self.due.is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.due = None;
        let before = self.before.take().unwrap_or_default();
        let Some(here) = &self.here else {
            return Vec::new();
        };
        let mut notices = Vec::new();
        for kind in [
            EntryKind::User,
            EntryKind::PermanentHost,
            EntryKind::Operator,
        ] {
            if !wants(wanted, kind) {
                continue;
            }
            notices.extend(notice(kind, true, &only_in(here, &before, kind), lang));
            notices.extend(notice(kind, false, &only_in(&before, here, kind), lang));
        }
        notices
    }
}

/// What notices look like here.
pub fn example(lang: Lang) -> Notice {
    Notice {
        title: "Pure Help Desk".to_owned(),
        text: words::example(lang).to_owned(),
    }
}

/// What a user wrote.
pub fn message(lang: Lang, host: &str, text: &str) -> Notice {
    let mut chars = text.chars();
    let mut text: String = chars.by_ref().take(MOST_CHARS).collect();
    if chars.next().is_some() {
        text.push('…');
    }
    Notice {
        title: words::wrote(lang, &name_alone(lang, host)),
        text: protocol::visible_text(&text).into_owned(),
    }
}

fn who(entry: &Entry, lang: Lang) -> Who {
    let person = (!entry.person.trim().is_empty()).then(|| name_alone(lang, &entry.person));
    let ticket = entry.ticket.map(words::ticket);
    let detail: Vec<String> = person.into_iter().chain(ticket).collect();
    Who {
        kind: entry.kind,
        name: name_alone(lang, &entry.name),
        detail: detail.join(" · "),
    }
}

fn same_people(one: &BTreeMap<PeerId, Who>, other: &BTreeMap<PeerId, Who>) -> bool {
    one.len() == other.len() && one.keys().eq(other.keys())
}

fn only_in<'a>(
    here: &'a BTreeMap<PeerId, Who>,
    there: &BTreeMap<PeerId, Who>,
    kind: EntryKind,
) -> Vec<&'a Who> {
    // a permanent host that is opened or left has another row, and is where it was
    let stays = |who: &Who| {
        kind == EntryKind::PermanentHost
            && there
                .values()
                .any(|o| (o.kind, &o.name) == (kind, &who.name))
    };
    let only = here.iter();
    let only = only.filter(|(id, who)| !there.contains_key(*id) && !stays(who));
    only.map(|(_, who)| who)
        .filter(|who| who.kind == kind)
        .collect()
}

fn wants(wanted: &PopupSettings, kind: EntryKind) -> bool {
    match kind {
        EntryKind::User => wanted.users,
        EntryKind::PermanentHost => wanted.computers,
        EntryKind::Operator => wanted.operators,
    }
}

fn notice(kind: EntryKind, came: bool, who: &[&Who], lang: Lang) -> Option<Notice> {
    match who {
        [] => None,
        [one] => Some(Notice {
            title: words::one(lang, came, &one.name),
            text: one.detail.clone(),
        }),
        many => {
            let mut names: Vec<&str> = many.iter().map(|who| who.name.as_str()).collect();
            let left_out = names.len().saturating_sub(MOST_NAMES);
            names.truncate(MOST_NAMES);
            let mut text = names.join(", ");
            if left_out > 0 {
                text.push_str(&words::and_others(lang, left_out));
            }
            Some(Notice {
                title: words::many(lang, kind, came, many.len()),
                text,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::TicketRoute;

    fn entry(id: u8, kind: EntryKind, name: &str) -> Entry {
        Entry {
            id: PeerId([id; 16]),
            kind,
            name: name.into(),
            person: if kind == EntryKind::User { "Anna" } else { "" }.into(),
            system: "Linux".into(),
            ticket: TicketRoute::new(4_829).filter(|_| kind == EntryKind::User),
            in_session_with: None,
            since_unix_seconds: 0,
            yours: true,
            present: true,
        }
    }

    fn list(popups: &mut Popups, entries: &[Entry], now: Instant) {
        popups.take_list(
            &entries.to_vec().into(),
            Some(PeerId([99; 16])),
            Lang::En,
            now,
        );
    }

    fn told(popups: &mut Popups, wanted: &PopupSettings, now: Instant) -> Vec<(String, String)> {
        let notices = popups.take_due(wanted, Lang::En, now);
        notices.into_iter().map(|n| (n.title, n.text)).collect()
    }

    #[test]
    fn o2_who_comes_and_goes_is_told_once_and_the_first_list_is_no_news() {
        let (mut popups, all) = (Popups::default(), PopupSettings::default());
        let start = Instant::now();
        let you = entry(99, EntryKind::Operator, "Otto");
        let anna = entry(1, EntryKind::User, "ANNA-PC");
        list(&mut popups, std::slice::from_ref(&you), start);
        assert_eq!(popups.wait(start), None);
        list(&mut popups, &[you.clone(), anna.clone()], start);
        assert_eq!(told(&mut popups, &all, start), []);
        let later = start + GATHER;
        let came = ("ANNA-PC is connected", "Anna · ticket 4829");
        assert_eq!(
            told(&mut popups, &all, later),
            [(came.0.to_owned(), came.1.to_owned())]
        );
        list(&mut popups, &[you], later);
        let told = told(&mut popups, &all, later + GATHER);
        assert_eq!(told[0].0, "ANNA-PC is no longer connected");
        assert_eq!(popups.wait(later), None);
    }

    #[test]
    fn o2_a_short_absence_is_no_news_and_many_are_one_notice() {
        let (mut popups, all) = (Popups::default(), PopupSettings::default());
        let start = Instant::now();
        let server = entry(1, EntryKind::PermanentHost, "server-1");
        list(&mut popups, std::slice::from_ref(&server), start);
        list(&mut popups, &[], start);
        list(&mut popups, std::slice::from_ref(&server), start);
        assert_eq!(told(&mut popups, &all, start + GATHER), []);
        let six: Vec<Entry> = (1..=6)
            .map(|n| entry(n, EntryKind::PermanentHost, &format!("server-{n}")))
            .collect();
        list(&mut popups, &six, start);
        let told = told(&mut popups, &all, start + GATHER);
        assert_eq!(
            told,
            [(
                "5 computers are connected".to_owned(),
                "server-2, server-3, server-4, server-5 and 1 more".to_owned()
            )]
        );
    }

    #[test]
    fn o2_only_wanted_kinds_and_ones_own_users_are_told() {
        let mut popups = Popups::default();
        let wanted = PopupSettings {
            operators: false,
            ..PopupSettings::default()
        };
        let start = Instant::now();
        list(&mut popups, &[], start);
        let foreign = Entry {
            yours: false,
            ..entry(1, EntryKind::User, "PC")
        };
        list(
            &mut popups,
            &[foreign, entry(2, EntryKind::Operator, "Carla")],
            start,
        );
        assert_eq!(told(&mut popups, &wanted, start + GATHER), []);
        popups.forget();
        list(&mut popups, &[entry(3, EntryKind::User, "PC")], start);
        assert_eq!(popups.wait(start), None);
    }

    #[test]
    fn o2_quiet_hours_go_over_midnight() {
        let night = PopupSettings {
            quiet: true,
            ..PopupSettings::default()
        };
        for (minute, quiet) in [
            (1200, true),
            (0, true),
            (419, true),
            (420, false),
            (720, false),
        ] {
            assert_eq!(night.is_quiet_at(minute), quiet, "{minute}");
        }
        let noon = PopupSettings {
            quiet_from: 720,
            quiet_to: 780,
            ..night.clone()
        };
        assert!(noon.is_quiet_at(779) && !noon.is_quiet_at(780) && !noon.is_quiet_at(0));
        let off = PopupSettings {
            quiet: false,
            ..night
        };
        assert!(!off.is_quiet_at(0));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let notice = message(Lang::En, "PC", &"è".repeat(500));
        assert_eq!(notice.text.chars().count(), MOST_CHARS + 1);
    }
}
