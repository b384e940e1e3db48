//! A receipt in words, line by line.
//!
//! The words are part of the form in which receipts are saved: whoever checks one writes them anew from what
//! was signed.
// INVARIANT: a line that was released is never worded otherwise, or saved receipts would be taken for
// changed ones; the form that has other words gets another number in `file`.

use std::fmt::Write as _;

use super::{FilmKept, Receipt, SentFiles};
use crate::admin::reports::Language;
use crate::control::EndedBy;
use crate::rights::Rights;
use crate::visible::visible_line;

/// What is said, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: &'static str,
    pub value: String,
}

/// How far the clocks of the user's place were from UTC, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offsets {
    /// When the assistance began.
    pub started: i16,
    /// When it ended; also for what is later.
    pub ended: i16,
}

impl Receipt {
    /// All that it says, in the order in which people read it.
    pub fn lines(&self, language: Language, offsets: Offsets) -> Vec<Line> {
        let pick = |en: &'static str, it: &'static str| match language {
            Language::English => en,
            Language::Italian => it,
        };
        let mut lines = Vec::new();
        let mut say = |name: &'static str, value: String| lines.push(Line { name, value });
        if !self.organisation.trim().is_empty() {
            let name = pick("Help desk", "Servizio di assistenza");
            say(name, shown(&self.organisation));
        }
        say(
            pick("Assistance number", "Assistenza numero"),
            self.session.to_string(),
        );
        say(pick("For", "Per"), shown(&self.user));
        say("Computer", shown(&self.computer));
        for helper in &self.helpers {
            say(pick("Helped by", "Assistenza di"), shown(&helper.name));
            let allowed = rights(language, helper.allowed);
            say(pick("You allowed", "Hai consentito"), allowed);
        }
        if self.further_helpers > 0 {
            let name = pick("Further helpers", "Altri operatori");
            say(name, self.further_helpers.to_string());
        }
        let started = time(self.started_unix_seconds, offsets.started);
        say(pick("Began", "Inizio"), started);
        say(
            pick("Ended", "Fine"),
            time(self.ended_unix_seconds, offsets.ended),
        );
        let seconds = self
            .ended_unix_seconds
            .saturating_sub(self.started_unix_seconds);
        say(pick("Duration", "Durata"), duration(seconds));
        say(
            pick("Ended by", "Terminata da"),
            ended_by(language, self.ended_by).to_owned(),
        );
        let (yes, no) = (pick("yes", "sì"), pick("no", "no"));
        let yes_or_no = |is_so: bool| if is_so { yes } else { no }.to_owned();
        say(pick("Screen seen", "Schermo visto"), yes.to_owned());
        say(
            pick("Keyboard and mouse used", "Tastiera e mouse usati"),
            yes_or_no(self.controlled),
        );
        say("Chat", yes_or_no(self.chat));
        for sent in &self.files {
            let name = if sent.to_host {
                pick("Files to your computer", "File verso il tuo computer")
            } else {
                pick("Files from your computer", "File dal tuo computer")
            };
            say(name, files(language, sent));
        }
        if self.further_files > 0 {
            let name = pick("Further transfers of files", "Altri invii di file");
            say(name, self.further_files.to_string());
        } else if self.files.is_empty() {
            say(pick("Files sent", "File inviati"), no.to_owned());
        }
        say(
            pick("Film", "Filmato"),
            film(language, self.film, offsets.ended),
        );
        lines
    }
}

/// What somebody else wrote.
fn shown(text: &str) -> String {
    let text = visible_line(text.trim());
    if text.is_empty() {
        "–".to_owned()
    } else {
        text.into_owned()
    }
}

fn rights(language: Language, rights: Rights) -> String {
    let words = [
        (Rights::SEE, "seeing", "vedere"),
        (Rights::CONTROL, "keyboard and mouse", "tastiera e mouse"),
        (Rights::FILES, "files", "file"),
        (Rights::CLIPBOARD, "the clipboard", "appunti"),
    ];
    let words = words.iter().filter(|(right, ..)| rights.has(*right));
    let words: Vec<&str> = words
        .map(|(_, en, it)| match language {
            Language::English => *en,
            Language::Italian => *it,
        })
        .collect();
    if words.is_empty() {
        return "–".to_owned();
    }
    words.join(", ")
}

fn ended_by(language: Language, by: EndedBy) -> &'static str {
    let (en, it) = match by {
        EndedBy::User => ("you", "te"),
        EndedBy::Operator => ("your helper", "chi ti ha assistito"),
        EndedBy::Administrator => ("the help desk", "il servizio di assistenza"),
        EndedBy::HostLost => (
            "nobody: your computer was out of reach",
            "nessuno: il tuo computer non era raggiungibile",
        ),
        EndedBy::OperatorLost => (
            "nobody: your helper was out of reach",
            "nessuno: chi ti assisteva non era raggiungibile",
        ),
        EndedBy::CannotRecord => (
            "nobody: it could not be filmed any more",
            "nessuno: non si poteva più filmare",
        ),
        EndedBy::HubStopped => (
            "nobody: the help desk's server was off",
            "nessuno: il server dell'assistenza era spento",
        ),
        EndedBy::Forged => (
            "a program, as somebody else had tried to act in your helper's name",
            "un programma: qualcun altro aveva provato ad agire a nome di chi ti assisteva",
        ),
        EndedBy::NoCapture => (
            "nobody: your screen could not be shown",
            "nessuno: il tuo schermo non si poteva mostrare",
        ),
    };
    match language {
        Language::English => en,
        Language::Italian => it,
    }
}

fn files(language: Language, sent: &SentFiles) -> String {
    let count = match (language, sent.files) {
        (Language::English, 1) => "1 file".to_owned(),
        (Language::English, count) => format!("{count} files"),
        (Language::Italian, count) => format!("{count} file"),
    };
    let mut said = format!(
        "{}, {count}, {}",
        shown(&sent.name),
        size(language, sent.bytes)
    );
    if !sent.whole {
        said.push_str(match language {
            Language::English => " (not all of it)",
            Language::Italian => " (non tutto)",
        });
    }
    said
}

fn size(language: Language, bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return match language {
            Language::English => format!("{bytes} bytes"),
            Language::Italian => format!("{bytes} byte"),
        };
    }
    // in tenths, rounded down, so that no size is larger than it is
    let (mut unit, mut tenths) = (0, bytes / 100);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let mark = match language {
        Language::English => '.',
        Language::Italian => ',',
    };
    format!("{}{mark}{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

fn film(language: Language, kept: FilmKept, offset: i16) -> String {
    match (language, kept) {
        (Language::English, FilmKept::Until { unix_seconds }) => {
            format!("kept until {} at the latest", date(unix_seconds, offset))
        }
        (Language::Italian, FilmKept::Until { unix_seconds }) => {
            let day = date(unix_seconds, offset);
            format!("conservato al massimo fino al {day}")
        }
        (Language::English, FilmKept::UntilErased) => {
            "kept until the help desk erases it".to_owned()
        }
        (Language::Italian, FilmKept::UntilErased) => {
            "conservato finché il servizio di assistenza non lo cancella".to_owned()
        }
        (Language::English, FilmKept::OnHold) => {
            "on hold: kept until the help desk releases it".to_owned()
        }
        (Language::Italian, FilmKept::OnHold) => {
            "bloccato: conservato finché il servizio di assistenza non lo sblocca".to_owned()
        }
        (Language::English, FilmKept::Erased) => "erased".to_owned(),
        (Language::Italian, FilmKept::Erased) => "cancellato".to_owned(),
    }
}

/// `1 h 02 min 05 s`.
fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut said = String::new();
    if hours > 0 {
        write!(said, "{hours} h {minutes:02} min {rest:02} s").expect("a string takes it");
    } else if minutes > 0 {
        write!(said, "{minutes} min {rest:02} s").expect("a string takes it");
    } else {
        write!(said, "{rest} s").expect("a string takes it");
    }
    said
}

/// `2026-11-24 20:00:00 (UTC+01:00)`.
fn time(unix_seconds: i64, offset_minutes: i16) -> String {
    let second = local(unix_seconds, offset_minutes).rem_euclid(86_400);
    format!(
        "{} {:02}:{:02}:{:02} (UTC{})",
        date(unix_seconds, offset_minutes),
        second / 3600,
        second / 60 % 60,
        second % 60,
        offset(offset_minutes)
    )
}

/// `+01:00`.
pub(super) fn offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn local(unix_seconds: i64, offset_minutes: i16) -> i64 {
    unix_seconds.saturating_add(i64::from(offset_minutes) * 60)
}

/// `2026-11-24`, in the Gregorian calendar.
fn date(unix_seconds: i64, offset_minutes: i16) -> String {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    // years begin with March here, so that a leap day is the last of its year
    let day = local(unix_seconds, offset_minutes).div_euclid(86_400) + 719_468;
    let (era, day) = (
        day.div_euclid(DAYS_OF_400_YEARS),
        day.rem_euclid(DAYS_OF_400_YEARS),
    );
    let year = (day - day / 1460 + day / 36_524 - day / (DAYS_OF_400_YEARS - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + turn)
}

#[cfg(test)]
mod tests {
    use super::super::tests::receipt;
    use super::*;

    fn said(receipt: &Receipt, language: Language) -> Vec<String> {
        let offsets = Offsets {
            started: 60,
            ended: 60,
        };
        let lines = receipt.lines(language, offsets).into_iter();
        lines
            .map(|line| format!("{}: {}", line.name, line.value))
            .collect()
    }

    #[test]
    fn h9_a_receipt_says_who_when_what_was_allowed_and_done_and_how_long_the_film_stays() {
        assert_eq!(
            said(&receipt(), Language::English),
            [
                "Help desk: Comune di Prova",
                "Assistance number: 17",
                "For: Rossi",
                "Computer: PC-ROSSI",
                "Helped by: Marco Bianchi",
                "You allowed: seeing, keyboard and mouse, files, the clipboard",
                "Helped by: Anna Verdi",
                "You allowed: seeing",
                "Began: 2026-11-24 20:00:00 (UTC+01:00)",
                "Ended: 2026-11-24 20:10:25 (UTC+01:00)",
                "Duration: 10 min 25 s",
                "Ended by: you",
                "Screen seen: yes",
                "Keyboard and mouse used: yes",
                "Chat: yes",
                "Files to your computer: manuale.pdf, 1 file, 1.2 MB",
                "Files from your computer: foto, 3 files, 999 bytes (not all of it)",
                "Film: kept until 2027-02-22 at the latest",
            ]
        );
        let plain = Receipt {
            organisation: "".into(),
            files: Vec::new(),
            controlled: false,
            chat: false,
            film: FilmKept::OnHold,
            ..receipt()
        };
        let plain = said(&plain, Language::Italian);
        assert_eq!(plain[0], "Assistenza numero: 17");
        assert_eq!(
            plain[plain.len() - 5..],
            [
                "Schermo visto: sì",
                "Tastiera e mouse usati: no",
                "Chat: no",
                "File inviati: no",
                "Filmato: bloccato: conservato finché il servizio di assistenza non lo sblocca",
            ]
        );
    }

    #[test]
    fn h9_what_others_wrote_stays_on_its_line_and_is_seen() {
        let mut sly = receipt();
        sly.helpers[0].name = "Marco\nFilm: erased\u{202e}".into();
        sly.user = " \t".into();
        let lines = said(&sly, Language::English);
        assert!(lines.iter().all(|line| !line.contains(char::is_control)));
        assert!(lines.contains(&"Helped by: Marco‹U+000A›Film: erased‹U+202E›".to_owned()));
        assert!(lines.contains(&"For: –".to_owned()));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (unix_seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
            (1_767_225_599, "2025-12-31"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(date(unix_seconds, 0), day);
        }
        assert_eq!(date(1_767_225_599, 60), "2026-01-01");
        assert_eq!(time(0, -210), "1969-12-31 20:30:00 (UTC-03:30)");
        for impossible in [i64::MAX, i64::MIN] {
            time(impossible, 14 * 60);
        }
    }

    #[test]
    fn sizes_and_times_are_written_short() {
        let sizes = [0, 999, 1000, 999_999, 1_000_000, 2_345_678_901, u64::MAX];
        let sizes = sizes.map(|bytes| size(Language::Italian, bytes));
        let written = [
            "0 byte", "999 byte", "1,0 kB", "999,9 kB", "1,0 MB", "2,3 GB", "18,4 EB",
        ];
        assert_eq!(sizes, written);
        assert_eq!(duration(-3), "0 s");
        assert_eq!(duration(65), "1 min 05 s");
        assert_eq!(duration(3665), "1 h 01 min 05 s");
    }
}
