//! What is said of a newer version of the program in front of the reader (P3).

use protocol::{UpdateState, UpdateTrouble};

use super::{Lang, size_text};

/// What there is, in a line; `None` where there is nothing to say.
pub fn update_title(lang: Lang, state: &UpdateState) -> Option<String> {
    Some(match (lang, state) {
        (_, UpdateState::Newest) => return None,
        (Lang::En, UpdateState::Offered { version, .. }) => {
            format!("Version {version} can be had")
        }
        (Lang::It, UpdateState::Offered { version, .. }) => {
            format!("È disponibile la versione {version}")
        }
        (Lang::En, UpdateState::Waiting { version }) => format!("Version {version} waits"),
        (Lang::It, UpdateState::Waiting { version }) => {
            format!("La versione {version} è in attesa")
        }
        (Lang::En, UpdateState::Fetching { version, .. }) => {
            format!("Version {version} is on its way")
        }
        (Lang::It, UpdateState::Fetching { version, .. }) => {
            format!("La versione {version} è in arrivo")
        }
        (Lang::En, UpdateState::Ready { version }) => format!("Version {version} is ready"),
        (Lang::It, UpdateState::Ready { version }) => format!("La versione {version} è pronta"),
        (Lang::En, UpdateState::Failed { version, .. }) if version.is_empty() => {
            "What the server says of newer versions is not taken".to_owned()
        }
        (Lang::It, UpdateState::Failed { version, .. }) if version.is_empty() => {
            "Ciò che il server dice di versioni nuove non è accettato".to_owned()
        }
        (Lang::En, UpdateState::Failed { version, .. }) => {
            format!("Version {version} is not taken")
        }
        (Lang::It, UpdateState::Failed { version, .. }) => {
            format!("La versione {version} non è accettata")
        }
    })
}

/// What follows from it; `busy` while a session runs.
pub fn update_note(lang: Lang, state: &UpdateState, busy: bool) -> String {
    match (lang, state) {
        (_, UpdateState::Newest) => String::new(),
        (Lang::En, UpdateState::Offered { bytes, .. }) => {
            format!(
                "{}, signed by its maker. You can go on meanwhile.",
                size_text(lang, *bytes)
            )
        }
        (Lang::It, UpdateState::Offered { bytes, .. }) => {
            format!(
                "{}, firmata da chi la produce. Intanto puoi continuare.",
                size_text(lang, *bytes)
            )
        }
        (Lang::En, UpdateState::Waiting { .. }) => "It comes when the session is over.".to_owned(),
        (Lang::It, UpdateState::Waiting { .. }) => "Arriverà a sessione conclusa.".to_owned(),
        (
            _,
            UpdateState::Fetching {
                done_bytes, bytes, ..
            },
        ) => {
            let (done, whole) = (size_text(lang, *done_bytes), size_text(lang, *bytes));
            match lang {
                Lang::En => format!("{done} of {whole}"),
                Lang::It => format!("{done} di {whole}"),
            }
        }
        (Lang::En, UpdateState::Ready { .. }) if busy => {
            "It starts the next time, after the session.".to_owned()
        }
        (Lang::It, UpdateState::Ready { .. }) if busy => {
            "Partirà la prossima volta, dopo la sessione.".to_owned()
        }
        (Lang::En, UpdateState::Ready { .. }) => {
            "It starts the next time, or now. The version before is kept.".to_owned()
        }
        (Lang::It, UpdateState::Ready { .. }) => {
            "Partirà la prossima volta, o adesso. La versione precedente resta.".to_owned()
        }
        (_, UpdateState::Failed { trouble, .. }) => update_trouble(lang, *trouble).to_owned(),
    }
}

/// Why it is not taken, and what helps.
pub fn update_trouble(lang: Lang, trouble: UpdateTrouble) -> &'static str {
    match (lang, trouble) {
        (Lang::En, UpdateTrouble::NoAnswer) => {
            "The server did not answer, or the line broke. Try again later; nothing has changed."
        }
        (Lang::En, UpdateTrouble::Busy) => {
            "The server is handing it out to many at the moment. Try again in some minutes."
        }
        (Lang::En, UpdateTrouble::Gone) => "The server does not hand it out any more.",
        (Lang::En, UpdateTrouble::Forged) => {
            "It is not what the program's maker signed: somebody else made or changed it. Tell whoever looks after the server. Nothing of it was started."
        }
        (Lang::En, UpdateTrouble::Older) => {
            "The server offers an older version as a newer one. Tell whoever looks after it. Nothing has changed."
        }
        (Lang::En, UpdateTrouble::OtherProgram) => {
            "The server sent another program, or one for another system. Tell whoever looks after it. Nothing of it was started."
        }
        (Lang::En, UpdateTrouble::WrongSize) => {
            "The server sends more or less than the program's maker says that there is. Tell whoever looks after it. Nothing of it was kept."
        }
        (Lang::En, UpdateTrouble::DoesNotStart) => {
            "It does not start on this computer, so this version stays."
        }
        (Lang::En, UpdateTrouble::NotWritten) => {
            "It cannot be written to where this program is. Is there room, and may you change that folder?"
        }
        (Lang::It, UpdateTrouble::NoAnswer) => {
            "Il server non ha risposto, o la linea è caduta. Riprova più tardi; non è cambiato nulla."
        }
        (Lang::It, UpdateTrouble::Busy) => {
            "Il server la sta inviando a molti in questo momento. Riprova tra qualche minuto."
        }
        (Lang::It, UpdateTrouble::Gone) => "Il server non la distribuisce più.",
        (Lang::It, UpdateTrouble::Forged) => {
            "Non è ciò che ha firmato chi produce il programma: altri l'hanno creata o modificata. Avvisa chi si occupa del server. Nulla di essa è stato avviato."
        }
        (Lang::It, UpdateTrouble::Older) => {
            "Il server propone come nuova una versione più vecchia. Avvisa chi se ne occupa. Non è cambiato nulla."
        }
        (Lang::It, UpdateTrouble::OtherProgram) => {
            "Il server ha inviato un altro programma, o uno per un altro sistema. Avvisa chi se ne occupa. Nulla di esso è stato avviato."
        }
        (Lang::It, UpdateTrouble::WrongSize) => {
            "Il server invia più o meno di quanto dice chi produce il programma. Avvisa chi se ne occupa. Nulla di essa è stato conservato."
        }
        (Lang::It, UpdateTrouble::DoesNotStart) => {
            "Su questo computer non si avvia, quindi resta questa versione."
        }
        (Lang::It, UpdateTrouble::NotWritten) => {
            "Non si può scrivere dove si trova questo programma. C'è spazio, e puoi modificare quella cartella?"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn p3_each_trouble_has_a_sentence_of_its_own() {
        for lang in Lang::ALL {
            let all = UpdateTrouble::ALL.map(|trouble| update_trouble(lang, trouble));
            let different: BTreeSet<&str> = all.into_iter().collect();
            assert_eq!(different.len(), UpdateTrouble::ALL.len());
            assert!(all.iter().all(|sentence| sentence.ends_with(['.', '?'])));
        }
    }
}
