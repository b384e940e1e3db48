//! What computer a host is, in words and figures (S2).

use protocol::SystemInformation;
use protocol::system::{Program, Room};
use ui_kit::Lang;
use ui_kit::words::{size_text, visible_line};

/// A part of it: its title, and names with their values.
pub type Section = (&'static str, Vec<(String, String)>);

fn pick(lang: Lang, en: &'static str, it: &'static str) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::It => it,
    }
}

/// While there is no answer.
pub fn asking(lang: Lang) -> &'static str {
    pick(
        lang,
        "The user is being asked.",
        "L'utente deve dare il consenso.",
    )
}

/// The user said no.
pub fn refused(lang: Lang) -> &'static str {
    pick(
        lang,
        "The user did not allow it.",
        "L'utente non ha dato il consenso.",
    )
}

/// The user has paused.
pub fn withheld(lang: Lang) -> &'static str {
    pick(
        lang,
        "The user has paused. Ask again when they go on.",
        "L'utente è in pausa. Riprova quando riprende.",
    )
}

/// Puts it into the notes of the session's report.
pub fn into_report(lang: Lang) -> &'static str {
    pick(lang, "Put into the report", "Inserisci nel rapporto")
}

/// That was done.
pub fn is_in_report(lang: Lang) -> &'static str {
    pick(
        lang,
        "It will be in the report's notes",
        "Sarà nelle note del rapporto",
    )
}

/// Looks again.
pub fn again(lang: Lang) -> &'static str {
    pick(lang, "Look again", "Aggiorna")
}

/// All of it, part by part; what is not known is left out.
pub fn sections(lang: Lang, told: &SystemInformation) -> Vec<Section> {
    let row = |name: &str, value: String| (visible_line(name).into_owned(), value);
    let known = |name: &str, value: &str| {
        (!value.is_empty()).then(|| row(name, visible_line(value).into_owned()))
    };
    let computer = [
        known(pick(lang, "Name", "Nome"), &told.computer),
        known(pick(lang, "Model", "Modello"), &told.model),
        known(pick(lang, "System", "Sistema"), &told.system),
        known("Kernel", &told.kernel),
        Some(row(
            pick(lang, "Running for", "Acceso da"),
            uptime(lang, told.uptime_seconds),
        )),
    ];
    let cores = match (lang, told.cores) {
        (Lang::En, 1) => "1 core".to_owned(),
        (Lang::En, cores) => format!("{cores} cores"),
        (Lang::It, cores) => format!("{cores} core"),
    };
    let parts = [told.processor.as_str(), told.architecture.as_str(), &cores];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let processor: Vec<String> = parts.map(|p| visible_line(p).into_owned()).collect();
    let work = [
        Some(row(
            pick(lang, "Processor", "Processore"),
            processor.join(", "),
        )),
        Some(row(
            pick(lang, "Busy", "Occupato"),
            format!("{} %", told.busy_percent),
        )),
        Some(row(
            pick(lang, "Memory", "Memoria"),
            used(lang, told.memory),
        )),
        (told.swap.total_bytes > 0).then(|| row("Swap", used(lang, told.swap))),
    ];
    let disks = told.disks.iter().map(|disk| {
        let kind = visible_line(&disk.file_system);
        row(&disk.place, format!("{} ({kind})", used(lang, disk.room)))
    });
    let interfaces = told.interfaces.iter().flat_map(|interface| {
        let addresses = interface.addresses.iter();
        let addresses = addresses.map(|(address, length)| format!("{address}/{length}"));
        let addresses = addresses.collect::<Vec<String>>().join(", ");
        let received = size_text(lang, interface.received_bytes);
        let sent = size_text(lang, interface.sent_bytes);
        let traffic = match lang {
            Lang::En => format!("{received} received, {sent} sent"),
            Lang::It => format!("{received} ricevuti, {sent} inviati"),
        };
        [
            row(&interface.name, addresses),
            row(pick(lang, "Traffic", "Traffico"), traffic),
        ]
    });
    let programs = told.programs.iter().map(|program| {
        let Program {
            name,
            processes,
            busy_percent,
            memory_bytes,
        } = program;
        let name = match processes {
            0 | 1 => name.to_string(),
            _ => format!("{name} × {processes}"),
        };
        let memory = size_text(lang, *memory_bytes);
        row(&name, format!("{busy_percent} %, {memory}"))
    });
    let sections: [Section; 5] = [
        (
            pick(lang, "Computer", "Computer"),
            computer.into_iter().flatten().collect(),
        ),
        (
            pick(lang, "Processor and memory", "Processore e memoria"),
            work.into_iter().flatten().collect(),
        ),
        (pick(lang, "Disks", "Dischi"), disks.collect()),
        (pick(lang, "Network", "Rete"), interfaces.collect()),
        (
            pick(lang, "Busiest programs", "Programmi più attivi"),
            programs.collect(),
        ),
    ];
    let sections = sections.into_iter();
    sections.filter(|(_, rows)| !rows.is_empty()).collect()
}

/// The same as lines to copy.
pub fn as_text(lang: Lang, told: &SystemInformation) -> String {
    let parts = sections(lang, told).into_iter().map(|(title, rows)| {
        let rows = rows
            .iter()
            .map(|(name, value)| format!("  {name}: {value}\n"));
        format!("{title}\n{}", rows.collect::<String>())
    });
    parts
        .collect::<Vec<String>>()
        .join("\n")
        .trim_end()
        .to_owned()
}

/// `3.2 GB of 16.0 GB (20 %)`.
fn used(lang: Lang, room: Room) -> String {
    let Room {
        used_bytes,
        total_bytes,
    } = room;
    let of = pick(lang, "of", "su");
    format!(
        "{} {of} {} ({} %)",
        size_text(lang, used_bytes),
        size_text(lang, total_bytes),
        room.used_percent()
    )
}

/// In the two largest units of days, hours and minutes.
fn uptime(lang: Lang, seconds: u64) -> String {
    let minutes = seconds / 60;
    let (days, hours) = (minutes / 1440, minutes / 60 % 24);
    let day = pick(lang, "d", "g");
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} {day} {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_times_are_told_in_their_two_largest_units() {
        let told = [59, 60, 3 * 3600 + 61, 86_400 * 3 + 3600 * 4 + 59];
        let told = told.map(|seconds| uptime(Lang::It, seconds));
        assert_eq!(told, ["0 min", "1 min", "3 h 1 min", "3 g 4 h"]);
    }

    #[test]
    fn s2_what_a_hostile_host_tells_stays_on_its_line() {
        let told = SystemInformation {
            computer: "pc\nSystem: safe".into(),
            programs: vec![Program {
                name: "a\u{202e}b".into(),
                processes: 2,
                busy_percent: 5,
                memory_bytes: 1000,
            }],
            ..SystemInformation::default()
        };
        let text = as_text(Lang::En, &told);
        assert!(
            !text.lines().any(|line| line.starts_with("System")),
            "{text}"
        );
        assert!(!text.contains('\u{202e}') && text.contains("× 2"), "{text}");
    }
}
