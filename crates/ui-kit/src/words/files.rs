//! What is said of files that one end of a session sends the other (S6).

use protocol::files::FileFault;
use protocol::transfers::{Ended, Problem, Stage, Transfer};

use super::{Lang, visible_line};

/// A size: `512 B`, `3.4 MB`; powers of 1000, as disks are sold.
pub fn size_text(lang: Lang, bytes: u64) -> String {
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
    let unit = UNITS[unit];
    if tenths >= 1000 {
        return format!("{} {unit}", tenths / 10);
    }
    let point = match lang {
        Lang::En => '.',
        Lang::It => ',',
    };
    format!("{}{point}{} {unit}", tenths / 10, tenths % 10)
}

/// `1 file`, `214 files`.
pub fn file_count(lang: Lang, files: u32) -> String {
    match (lang, files) {
        (Lang::En, 1) | (Lang::It, _) => format!("{files} file"),
        (Lang::En, _) => format!("{files} files"),
    }
}

/// How a transfer stands, in one line: what has arrived, how fast and how long it takes; or how it ended.
pub fn transfer_text(lang: Lang, transfer: &Transfer) -> String {
    let whole = || {
        let count = file_count(lang, transfer.files);
        format!("{count} · {}", size_text(lang, transfer.bytes))
    };
    match transfer.stage {
        Stage::Preparing => match lang {
            Lang::En => "Counting files…".to_owned(),
            Lang::It => "Conteggio dei file…".to_owned(),
        },
        Stage::Waiting => match lang {
            Lang::En => format!("Waiting · {}", whole()),
            Lang::It => format!("In attesa · {}", whole()),
        },
        Stage::Running => running_text(lang, transfer),
        Stage::Held => match lang {
            Lang::En => format!("Paused · {}", progress_text(lang, transfer)),
            Lang::It => format!("In pausa · {}", progress_text(lang, transfer)),
        },
        Stage::Paused => match lang {
            Lang::En => "The line is lost. It goes on by itself.".to_owned(),
            Lang::It => "Linea interrotta. Riprenderà da solo.".to_owned(),
        },
        Stage::Over(ended) => ended_text(lang, transfer, ended),
    }
}

fn progress_text(lang: Lang, transfer: &Transfer) -> String {
    let done = size_text(lang, transfer.done_bytes.min(transfer.bytes));
    let whole = size_text(lang, transfer.bytes);
    let bytes = match lang {
        Lang::En => format!("{done} of {whole}"),
        Lang::It => format!("{done} di {whole}"),
    };
    if transfer.files == 1 {
        return bytes;
    }
    let done = transfer.done_files.min(transfer.files);
    let count = file_count(lang, transfer.files);
    match lang {
        Lang::En => format!("{done} of {count} · {bytes}"),
        Lang::It => format!("{done} di {count} · {bytes}"),
    }
}

fn running_text(lang: Lang, transfer: &Transfer) -> String {
    let is_at_host = transfer.id.to_host != transfer.is_outgoing;
    if let Some(asked) = transfer.question.as_ref().filter(|_| is_at_host) {
        let name = visible_line(asked.path.name());
        return match lang {
            Lang::En => format!("The operator decides what becomes of {name}."),
            Lang::It => format!("L'operatore decide che fare di {name}."),
        };
    }
    if transfer.question.is_some() {
        let progress = progress_text(lang, transfer);
        return match lang {
            Lang::En => format!("Waiting for your answer · {progress}"),
            Lang::It => format!("In attesa della tua risposta · {progress}"),
        };
    }
    let mut parts = vec![progress_text(lang, transfer)];
    parts.extend(replaced_text(lang, transfer.replaced));
    if transfer.bytes_per_second > 0 {
        parts.push(format!("{}/s", size_text(lang, transfer.bytes_per_second)));
    }
    if let Some(left) = transfer.left() {
        let seconds = left.as_secs();
        let left = match seconds {
            0..=59 => format!("{seconds} s"),
            60..=3599 => format!("{} min", seconds.div_ceil(60)),
            _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        };
        parts.push(match lang {
            Lang::En => format!("{left} left"),
            Lang::It => format!("ancora {left}"),
        });
    }
    parts.join(" · ")
}

fn ended_text(lang: Lang, transfer: &Transfer, ended: Ended) -> String {
    match (lang, ended) {
        (_, Ended::Done { missing }) => {
            let arrived = file_count(lang, transfer.done_files);
            let size = size_text(lang, transfer.done_bytes);
            let done = match (lang, transfer.is_outgoing) {
                (Lang::En, true) => format!("Sent · {arrived} · {size}"),
                (Lang::En, false) => format!("Received · {arrived} · {size}"),
                (Lang::It, true) => format!("Inviati · {arrived} · {size}"),
                (Lang::It, false) => format!("Ricevuti · {arrived} · {size}"),
            };
            let more = [
                replaced_text(lang, transfer.replaced),
                skipped_text(lang, transfer.skipped),
            ];
            let done = more
                .into_iter()
                .flatten()
                .fold(done, |done, more| format!("{done} · {more}"));
            match (lang, missing) {
                (_, 0) => done,
                (Lang::En, _) => format!("{done} · {missing} missing"),
                (Lang::It, 1) => format!("{done} · 1 mancante"),
                (Lang::It, _) => format!("{done} · {missing} mancanti"),
            }
        }
        (Lang::En, Ended::Cancelled { here: true }) => "You cancelled it.".to_owned(),
        (Lang::En, Ended::Cancelled { here: false }) => "Cancelled at the other end.".to_owned(),
        (Lang::En, Ended::Withdrawn) => "The user no longer allows files.".to_owned(),
        (Lang::En, Ended::SessionOver) => "The session ended before it was done.".to_owned(),
        (Lang::It, Ended::Cancelled { here: true }) => "L'hai annullato.".to_owned(),
        (Lang::It, Ended::Cancelled { here: false }) => "Annullato dall'altra parte.".to_owned(),
        (Lang::It, Ended::Withdrawn) => "L'utente non permette più i file.".to_owned(),
        (Lang::It, Ended::SessionOver) => "La sessione è finita prima del termine.".to_owned(),
        (_, Ended::Failed(fault)) => file_fault(lang, fault).to_owned(),
    }
}

/// That so many files are gone for others of their name.
fn replaced_text(lang: Lang, replaced: u32) -> Option<String> {
    match (lang, replaced) {
        (_, 0) => None,
        (Lang::En, _) => Some(format!("{replaced} replaced")),
        (Lang::It, 1) => Some("1 sostituito".to_owned()),
        (Lang::It, _) => Some(format!("{replaced} sostituiti")),
    }
}

fn skipped_text(lang: Lang, skipped: u32) -> Option<String> {
    match (lang, skipped) {
        (_, 0) => None,
        (Lang::En, _) => Some(format!("{skipped} skipped")),
        (Lang::It, 1) => Some("1 saltato".to_owned()),
        (Lang::It, _) => Some(format!("{skipped} saltati")),
    }
}

/// An entry that does not arrive, and why.
pub fn problem_text(lang: Lang, problem: &Problem) -> String {
    format!(
        "{}: {}",
        visible_line(&problem.path),
        file_fault(lang, problem.fault)
    )
}

/// Why something of a transfer does not arrive.
pub fn file_fault(lang: Lang, fault: FileFault) -> &'static str {
    match (lang, fault) {
        (Lang::En, FileFault::GONE) => "It is no longer there.",
        (Lang::En, FileFault::NOT_READABLE) => "It may not be read by this account.",
        (Lang::En, FileFault::CHANGED) => "It changed while it was sent.",
        (Lang::En, FileFault::READING_FAILED) => "It could not be read.",
        (Lang::En, FileFault::NO_FILE) => "It is a link or a device, not a file.",
        (Lang::En, FileFault::BAD_PATH) => "Its name cannot be used on the other computer.",
        (Lang::En, FileFault::NOT_ALLOWED) => "The user does not allow it.",
        (Lang::En, FileFault::PAUSED) => "The user has paused.",
        (Lang::En, FileFault::OUTDATED) => "Something has changed there. Look again.",
        (Lang::En, FileFault::NOT_WRITABLE) => "Nothing may be written in the folder there.",
        (Lang::En, FileFault::WRITING_FAILED) => "It could not be written.",
        (Lang::En, FileFault::DAMAGED) => "It did not arrive as it was sent.",
        (Lang::En, FileFault::IN_THE_WAY) => "Something else of that name is in the way.",
        (Lang::En, FileFault::NO_ROOM) => "The disk there is full.",
        (Lang::En, FileFault::NO_FOLDER) => "There is no folder where it could go.",
        (Lang::En, FileFault::TOO_MUCH) => "It is too much to be sent at once.",
        (Lang::En, _) => "It could not be sent.",
        (Lang::It, FileFault::GONE) => "Non c'è più.",
        (Lang::It, FileFault::NOT_READABLE) => "Questo account non può leggerlo.",
        (Lang::It, FileFault::CHANGED) => "È cambiato durante l'invio.",
        (Lang::It, FileFault::READING_FAILED) => "Non è stato possibile leggerlo.",
        (Lang::It, FileFault::NO_FILE) => "È un collegamento o un dispositivo, non un file.",
        (Lang::It, FileFault::BAD_PATH) => "Il suo nome non è utilizzabile sull'altro computer.",
        (Lang::It, FileFault::NOT_ALLOWED) => "L'utente non lo permette.",
        (Lang::It, FileFault::PAUSED) => "L'utente è in pausa.",
        (Lang::It, FileFault::OUTDATED) => "Qualcosa è cambiato. Aggiorna.",
        (Lang::It, FileFault::NOT_WRITABLE) => "In quella cartella non si può scrivere.",
        (Lang::It, FileFault::WRITING_FAILED) => "Non è stato possibile scriverlo.",
        (Lang::It, FileFault::DAMAGED) => "Non è arrivato com'era stato inviato.",
        (Lang::It, FileFault::IN_THE_WAY) => "Esiste già altro con lo stesso nome.",
        (Lang::It, FileFault::NO_ROOM) => "Il disco di destinazione è pieno.",
        (Lang::It, FileFault::NO_FOLDER) => "Manca una cartella di destinazione.",
        (Lang::It, FileFault::TOO_MUCH) => "È troppo per un solo invio.",
        (Lang::It, _) => "Non è stato possibile inviarlo.",
    }
}

#[cfg(test)]
mod tests {
    use protocol::files::TransferId;

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
            assert_eq!(size_text(Lang::En, size), text);
        }
        assert_eq!(size_text(Lang::It, 1500), "1,5 kB");
    }

    #[test]
    fn a_transfer_is_told_in_a_line() {
        let mut transfer = Transfer {
            id: TransferId {
                to_host: true,
                number: 1,
            },
            is_outgoing: true,
            name: "Photos".into(),
            files: 214,
            bytes: 12_345_678,
            done_files: 12,
            done_bytes: 3_400_000,
            bytes_per_second: 1_000_000,
            stage: Stage::Running,
            problems: Vec::new(),
            folder: None,
            question: None,
            replaced: 0,
            skipped: 0,
        };
        let running = "12 of 214 files · 3.4 MB of 12.3 MB · 1.0 MB/s · 9 s left";
        assert_eq!(transfer_text(Lang::En, &transfer), running);
        let running = "12 di 214 file · 3,4 MB di 12,3 MB · 1,0 MB/s · ancora 9 s";
        assert_eq!(transfer_text(Lang::It, &transfer), running);
        transfer.stage = Stage::Over(Ended::Done { missing: 2 });
        let over = "Sent · 12 files · 3.4 MB · 2 missing";
        assert_eq!(transfer_text(Lang::En, &transfer), over);
        (transfer.is_outgoing, transfer.replaced, transfer.skipped) = (false, 1, 2);
        let over = "Received · 12 files · 3.4 MB · 1 replaced · 2 skipped · 2 missing";
        assert_eq!(transfer_text(Lang::En, &transfer), over);
    }
}
