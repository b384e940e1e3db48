//! What notices of the desktop say (O2).

use protocol::{EntryKind, TicketRoute};
use ui_kit::Lang;

/// The title where one came or went.
pub fn one(lang: Lang, came: bool, name: &str) -> String {
    match (lang, came) {
        (Lang::En, true) => format!("{name} is connected"),
        (Lang::En, false) => format!("{name} is no longer connected"),
        (Lang::It, true) => format!("{name}: ora connesso"),
        (Lang::It, false) => format!("{name}: non più connesso"),
    }
}

/// The title where several came or went.
pub fn many(lang: Lang, kind: EntryKind, came: bool, count: usize) -> String {
    let (en, it) = match kind {
        EntryKind::User => ("users", "utenti"),
        EntryKind::PermanentHost => ("computers", "computer"),
        EntryKind::Operator => ("operators", "operatori"),
    };
    match (lang, came) {
        (Lang::En, true) => format!("{count} {en} are connected"),
        (Lang::En, false) => format!("{count} {en} are no longer connected"),
        (Lang::It, true) => format!("{count} {it} ora connessi"),
        (Lang::It, false) => format!("{count} {it} non più connessi"),
    }
}

/// Behind the last name.
pub fn and_others(lang: Lang, count: usize) -> String {
    match lang {
        Lang::En => format!(" and {count} more"),
        Lang::It => format!(" e altri {count}"),
    }
}

/// The beginning of a ticket's digits, which is all that the hub knows.
pub fn ticket(route: TicketRoute) -> String {
    format!("ticket {route}")
}

/// The title over a message.
pub fn wrote(lang: Lang, host: &str) -> String {
    match lang {
        Lang::En => format!("Message from {host}"),
        Lang::It => format!("Messaggio da {host}"),
    }
}

/// The notice that shows how they look.
pub fn example(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "You read here who connects and disconnects.",
        Lang::It => "Qui leggi chi si connette e chi si disconnette.",
    }
}
