//! A report that writes itself: what the hub proposes from what it knows (D1).
//!
//! Nobody has written it. The console shows it as proposed, and saves nothing of it that the operator did
//! not take.

use protocol::admin::reports::Language;
use protocol::control::ProposedText;
use protocol::{Proposal, Rights};

use crate::catalogue::Clues;

/// How much of what the user said is proposed as the problem, in characters.
const MOST_PROBLEM_CHARS: usize = 600;

pub(crate) fn write(clues: &Clues, language: Language) -> Proposal {
    Proposal {
        problem: problem(&clues.user_said),
        solution: ProposedText::cut(solution(clues, language)),
    }
}

/// The user's own first words.
fn problem(said: &[String]) -> ProposedText {
    let lines = said.iter().map(|line| line.trim());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let whole = lines.join("\n");
    let mut begin: String = whole.chars().take(MOST_PROBLEM_CHARS).collect();
    if begin.len() < whole.len() {
        begin.push('…');
    }
    ProposedText::cut(begin)
}

/// What was done, as far as the hub could see it.
fn solution(clues: &Clues, language: Language) -> String {
    let seconds = clues.ledger.connected_seconds;
    let whole = span(seconds);
    let worked = span(clues.ledger.active_seconds);
    let has_worked = clues.ledger.active_seconds > 0;
    let allowed = [
        (Rights::CONTROL, "keyboard and pointer", "tastiera e mouse"),
        (Rights::FILES, "files", "file"),
        (Rights::CLIPBOARD, "the clipboard", "appunti"),
    ];
    let allowed = allowed
        .iter()
        .filter(|(right, ..)| clues.rights.has(*right));
    match language {
        Language::English => {
            let allowed: Vec<&str> = allowed.map(|(_, english, _)| *english).collect();
            let what = match &allowed[..] {
                [] => "The screen was viewed".to_owned(),
                some => format!("The screen was viewed, with {} allowed", some.join(", ")),
            };
            let worked = if has_worked {
                format!(", {worked} of it at work")
            } else {
                String::new()
            };
            format!("{what}, in a remote session of {whole}{worked}.")
        }
        Language::Italian => {
            let allowed: Vec<&str> = allowed.map(|(_, _, italian)| *italian).collect();
            let what = match &allowed[..] {
                [] => "con la sola visione dello schermo".to_owned(),
                some => format!("con visione dello schermo e uso di {}", some.join(", ")),
            };
            let worked = if has_worked {
                format!(", di cui {worked} di lavoro")
            } else {
                String::new()
            };
            format!("Sessione remota di {whole}{worked}, {what}.")
        }
    }
}

/// A time, in minutes; in seconds if it is less than one.
fn span(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ => format!("{} min", seconds.saturating_add(30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use protocol::admin::reports::Ledger;

    use super::*;

    fn clues(said: &[&str], rights: Rights, active_seconds: u32) -> Clues {
        Clues {
            user_said: said.iter().map(|&line| line.to_owned()).collect(),
            rights,
            ledger: Ledger {
                connected_seconds: 1900,
                active_seconds,
                ..Ledger::default()
            },
            fields: Vec::new(),
            earlier: Vec::new(),
            feedback: None,
        }
    }

    #[test]
    fn d1_the_problem_is_what_the_user_said_first() {
        let said = clues(
            &["The printer says nothing", " ", "since Monday"],
            Rights::SEE,
            0,
        );
        let proposed = write(&said, Language::English);
        assert_eq!(&*proposed.problem, "The printer says nothing\nsince Monday");
        let long = "è".repeat(2000);
        let proposed = write(&clues(&[&long], Rights::SEE, 0), Language::English);
        assert_eq!(proposed.problem.chars().count(), MOST_PROBLEM_CHARS + 1);
        let nothing = write(&clues(&[], Rights::SEE, 0), Language::English);
        assert_eq!(&*nothing.problem, "");
    }

    #[test]
    fn d1_the_solution_says_what_was_allowed_and_how_long_it_took() {
        let worked = clues(&[], Rights::SEE_AND_CONTROL, 1300);
        for (language, text) in [
            (
                Language::English,
                "The screen was viewed, with keyboard and pointer allowed, in a remote session of \
                 32 min, 22 min of it at work.",
            ),
            (
                Language::Italian,
                "Sessione remota di 32 min, di cui 22 min di lavoro, con visione dello schermo e \
                 uso di tastiera e mouse.",
            ),
        ] {
            assert_eq!(&*write(&worked, language).solution, text);
        }
        let watched = write(&clues(&[], Rights::SEE, 0), Language::English);
        let text = "The screen was viewed, in a remote session of 32 min.";
        assert_eq!(&*watched.solution, text);
    }
}
