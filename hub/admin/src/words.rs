//! What the window says, in English and Italian. What other programs say too is in `ui_kit::words`.

use ui_kit::Lang;

macro_rules! says {
    ($($say:ident: $en:literal, $it:literal;)*) => {
        /// A label, a button or a fixed sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Say {
            $($say,)*
        }

        impl Say {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$say,)*];
        }

        /// `say` in `lang`.
        pub fn s(lang: Lang, say: Say) -> &'static str {
            match (lang, say) {
                $((Lang::En, Say::$say) => $en,)*
                $((Lang::It, Say::$say) => $it,)*
            }
        }
    };
}

says! {
    Administration: "Administration", "Amministrazione";
    // Sign-in
    SignInTitle: "Administer the hub", "Amministra l'hub";
    SignInNote: "Sign in with an account that may administer it.",
        "Accedi con un account che può amministrarlo.";
    SignIn: "Sign in", "Accedi";
    SigningIn: "Signing in…", "Accesso in corso…";
    SignOut: "Sign out", "Esci";
    FingerprintPlace: "64 hexadecimal digits", "64 cifre esadecimali";
    FingerprintNote: "The hub prints it when it starts.", "L'hub la mostra all'avvio.";
    FingerprintWrong: "A fingerprint has 64 hexadecimal digits.",
        "Un'impronta ha 64 cifre esadecimali.";
    HubNonsense: "The hub did not answer as a hub does. Is it up to date?",
        "L'hub non ha risposto come dovrebbe. È aggiornato?";
    // Sections
    Overview: "Overview", "Panoramica";
    OverviewNote: "The hub and its day at a glance.", "L'hub e la sua giornata in breve.";
    Live: "Live", "In corso";
    LiveNote: "Who is connected now, and what is going on.", "Chi è connesso ora e che cosa succede.";
    Reports: "Reports", "Rapporti";
    Films: "Films", "Filmati";
    People: "People", "Persone";
    Computers: "Computers", "Computer";
    Audit: "Audit log", "Registro";
    Settings: "Settings", "Impostazioni";
    // Overview
    SessionsNow: "Sessions now", "Sessioni ora";
    WaitingNow: "Users waiting", "Utenti in attesa";
    OperatorsNow: "Operators", "Operatori";
    UsersNow: "Users connected", "Utenti connessi";
    Today: "Today", "Oggi";
    TicketsToday: "Tickets", "Ticket";
    SessionsToday: "Sessions", "Sessioni";
    HelpedToday: "Time helped", "Tempo di assistenza";
    ReportsFinished: "Reports finished", "Rapporti conclusi";
    ReportsOpen: "Reports to write", "Rapporti da scrivere";
    RefusedLogIns: "Refused log-ins", "Accessi rifiutati";
    Disk: "Disk", "Disco";
    FilmsOnDisk: "Films", "Filmati";
    FreeOnDisk: "Free", "Liberi";
    DaysLeft: "Room for films", "Spazio per filmati";
    NotKnown: "not known", "non noto";
    TheHub: "The hub", "L'hub";
    Version: "Version", "Versione";
    UpSince: "Running since", "In funzione da";
    Memory: "Memory", "Memoria";
    Fingerprint: "Fingerprint", "Impronta";
    AllIsWell: "Everything works as it should.", "Tutto funziona come deve.";
    DiskBehind: "The disk is so slow that nothing new is begun. Running sessions go on.",
        "Il disco è così lento che non si inizia nulla di nuovo. Le sessioni in corso continuano.";
    // Live
    NoSessions: "No session is running", "Nessuna sessione in corso";
    NoSessionsNote: "When an operator helps somebody, it shows here.",
        "Quando un operatore assiste qualcuno, si vede qui.";
    Sessions: "Sessions", "Sessioni";
    Connected: "Connected", "Connessi";
    NobodyConnected: "Nobody is connected", "Nessuno è connesso";
    EndSession: "End session", "Termina sessione";
    EndSessionTitle: "End this session?", "Terminare questa sessione?";
    EndSessionNote: "It ends for everybody in it. Both sides read that an administrator ended it. The report and the film are kept.",
        "Termina per tutti. Entrambe le parti leggono che l'ha terminata un amministratore. Rapporto e filmato restano.";
    Disconnect: "Disconnect", "Disconnetti";
    DisconnectTitle: "Disconnect?", "Disconnettere?";
    DisconnectUserNote: "The computer leaves the list. Its user needs a new ticket to come back.",
        "Il computer lascia l'elenco. L'utente avrà bisogno di un nuovo ticket per tornare.";
    DisconnectOperatorNote: "The operator is logged out, and may log in again. To keep an operator out, disable the account.",
        "L'operatore viene disconnesso e può accedere di nuovo. Per escluderlo, disabilita l'account.";
    Paused: "line lost", "linea persa";
    Running: "running", "in corso";
    SessionEndedNotice: "The session has ended.", "La sessione è terminata.";
    DisconnectedNotice: "Disconnected.", "Disconnesso.";
    // Lists
    Loading: "Loading…", "Caricamento…";
    NothingFound: "Nothing found", "Nessun risultato";
    NothingFoundNote: "Try other words, or fewer filters.", "Prova altre parole o meno filtri.";
    NotLoaded: "This could not be loaded", "Impossibile caricare";
    TryAgain: "Try again", "Riprova";
    Refresh: "Refresh (F5)", "Aggiorna (F5)";
    Search: "Search", "Cerca";
}

fn pick<'a>(lang: Lang, en: &'a str, it: &'a str) -> &'a str {
    match lang {
        Lang::En => en,
        Lang::It => it,
    }
}

/// `1 h 05 min`, `12 min`, `40 s`.
pub fn span(lang: Lang, seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min"),
        (1..48, _) => format!("{hours} h {minutes:02} min"),
        _ => {
            let days = hours / 24;
            format!("{days} {}", pick(lang, "days", "giorni"))
        }
    }
}

/// `3 days`, `1 day`.
pub fn days(lang: Lang, days: u64) -> String {
    match (lang, days) {
        (Lang::En, 1) => "1 day".to_owned(),
        (Lang::En, _) => format!("{days} days"),
        (Lang::It, 1) => "1 giorno".to_owned(),
        (Lang::It, _) => format!("{days} giorni"),
    }
}

/// `1.4 GB`: powers of 1000, as disks are sold.
pub fn bytes(lang: Lang, bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut scale = 1000_u64;
    while unit + 1 < UNITS.len() && bytes / scale >= 1000 {
        scale *= 1000;
        unit += 1;
    }
    let tenths = bytes / (scale / 10);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let point = pick(lang, ".", ",");
    let unit = UNITS[unit];
    if whole >= 100 {
        format!("{whole} {unit}")
    } else {
        format!("{whole}{point}{tenth} {unit}")
    }
}

/// `12,345` with the separators of the language.
pub fn number(lang: Lang, number: u64) -> String {
    let digits = number.to_string();
    let separator = pick(lang, ",", ".");
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

/// What films leave room for.
pub fn room_for_days(lang: Lang, left: u64) -> String {
    if left > 3650 {
        pick(lang, "more than ten years", "più di dieci anni").to_owned()
    } else {
        days(lang, left)
    }
}

/// A warning that the disk will be full.
pub fn disk_soon_full(lang: Lang, left: u32) -> String {
    let left = days(lang, left.into());
    match lang {
        Lang::En => format!(
            "If films go on as in the last week, the disk is full in {left}. Let old films go, or add a disk."
        ),
        Lang::It => format!(
            "Se i filmati continuano come nell'ultima settimana, il disco sarà pieno tra {left}. Elimina i vecchi filmati o aggiungi un disco."
        ),
    }
}

/// A warning that somebody tries passwords.
pub fn guessing(lang: Lang, refused: u32) -> String {
    let refused = number(lang, refused.into());
    match lang {
        Lang::En => format!(
            "{refused} log-ins were refused today. Somebody may be guessing passwords; the audit log says from where."
        ),
        Lang::It => format!(
            "Oggi sono stati rifiutati {refused} accessi. Qualcuno forse prova le password; il registro dice da dove."
        ),
    }
}

/// A warning that films broke off.
pub fn films_broken(lang: Lang, sessions: u32) -> String {
    match (lang, sessions) {
        (Lang::En, 1) => {
            "One session of this week was ended because its film could not be written.".to_owned()
        }
        (Lang::En, _) => format!(
            "{sessions} sessions of this week were ended because their films could not be written."
        ),
        (Lang::It, 1) => {
            "Una sessione di questa settimana è stata terminata perché il filmato non si poteva scrivere.".to_owned()
        }
        (Lang::It, _) => format!(
            "{sessions} sessioni di questa settimana sono state terminate perché il filmato non si poteva scrivere."
        ),
    }
}

/// The button beside a session.
pub fn end_session_with(lang: Lang, host: &str) -> String {
    match lang {
        Lang::En => format!("End the session with {host}"),
        Lang::It => format!("Termina la sessione con {host}"),
    }
}

/// The button beside somebody who is connected.
pub fn disconnect_name(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Disconnect {name}"),
        Lang::It => format!("Disconnetti {name}"),
    }
}

/// Since when, and for how long.
pub fn since(lang: Lang, at: &str, span: &str) -> String {
    match lang {
        Lang::En => format!("since {at}, {span}"),
        Lang::It => format!("dalle {at}, {span}"),
    }
}

/// How many rows a list has.
pub fn rows(lang: Lang, total: u32) -> String {
    let count = number(lang, total.into());
    match (lang, total) {
        (Lang::En, 1) => "1 row".to_owned(),
        (Lang::En, _) => format!("{count} rows"),
        (Lang::It, 1) => "1 riga".to_owned(),
        (Lang::It, _) => format!("{count} righe"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_right() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_449_000_000, "1.4 GB"),
            (123_456_789, "123 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes(Lang::En, size), text);
        }
        assert_eq!(bytes(Lang::It, 1500), "1,5 kB");
    }

    #[test]
    fn large_numbers_can_be_read() {
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(number(Lang::It, 100_000), "100.000");
        assert_eq!(number(Lang::En, 12), "12");
    }

    #[test]
    fn spans_name_at_most_two_units() {
        assert_eq!(span(Lang::En, 59), "59 s");
        assert_eq!(span(Lang::En, 3900), "1 h 05 min");
        assert_eq!(span(Lang::It, 3 * 86_400), "3 giorni");
    }

    #[test]
    fn everything_is_said_in_every_language() {
        for &say in Say::ALL {
            for lang in Lang::ALL {
                let said = s(lang, say);
                assert!(!said.is_empty() && said.trim() == said, "{say:?}");
            }
        }
    }
}
