//! What a refusal says to the person in front of it.

use std::fmt;

use protocol::{CertificateFault, Refusal, RefusalCode, TooOld};

use super::Lang;

/// A plain sentence for `refusal`: what happened and what to do now.
///
/// A number this build does not know reads as "refused (number)", as a newer peer may send it.
pub fn refusal_text(lang: Lang, refusal: Refusal) -> String {
    let Refusal {
        code,
        retry_after_seconds,
    } = refusal;
    if code == RefusalCode::THROTTLED {
        return throttled(lang, retry_after_seconds);
    }
    let Some((en, it)) = sentence(code) else {
        return match lang {
            Lang::En => format!("The hub refused (number {}).", code.0),
            Lang::It => format!("L'hub ha rifiutato (numero {}).", code.0),
        };
    };
    with_wait(lang, en, it, retry_after_seconds)
}

/// What a host's user reads, who knows no hub: to them it is the server of the help desk. What only whoever
/// has an account can do anything about has no sentence, not even where a hub says so.
pub fn refusal_for_user(lang: Lang, refusal: Refusal) -> String {
    let Refusal {
        code,
        retry_after_seconds,
    } = refusal;
    let (en, it) = match code {
        RefusalCode::TICKET_WRONG
        | RefusalCode::TICKET_EXPIRED
        | RefusalCode::TICKET_USED
        | RefusalCode::TICKET_BURNT
        | RefusalCode::OPERATOR_AWAY
        | RefusalCode::DISCONNECTED
        | RefusalCode::DISCONNECTED_BY_ADMINISTRATOR
        | RefusalCode::TIMED_OUT
        | RefusalCode::OUT_OF_PLACE
        | RefusalCode::THROTTLED => return refusal_text(lang, refusal),
        RefusalCode::VERSION_MISMATCH => (
            "Helpme and the help desk's server are of different versions. Get Helpme once more from the help desk's page.",
            "Helpme e il server dell'assistenza hanno versioni diverse. Scarica di nuovo Helpme dalla pagina dell'assistenza.",
        ),
        RefusalCode::MALFORMED => (
            "The help desk's server did not understand Helpme. Get Helpme once more from the help desk's page.",
            "Il server dell'assistenza non ha capito Helpme. Scarica di nuovo Helpme dalla pagina dell'assistenza.",
        ),
        RefusalCode::SHUTTING_DOWN => (
            "The help desk's server is being restarted.",
            "Il server dell'assistenza è in fase di riavvio.",
        ),
        RefusalCode::FULL => (
            "The help desk's server has no free place right now. Try again in a moment.",
            "Il server dell'assistenza non ha posti liberi al momento. Riprova tra poco.",
        ),
        RefusalCode::INTERNAL => (
            "The help desk's server has a problem. Tell your helper.",
            "Il server dell'assistenza ha un problema. Avvisa chi ti assiste.",
        ),
        RefusalCode::CANNOT_RESUME => (
            "You were away for too long, so the connection was closed. Ask your helper for a new ticket.",
            "L'assenza è durata troppo a lungo e il collegamento è stato chiuso. Chiedi un nuovo ticket a chi ti assiste.",
        ),
        RefusalCode::CANNOT_RECORD => (
            "The session cannot be filmed, so nothing may be seen. Tell your helper.",
            "La sessione non può essere filmata, quindi nulla può essere visto. Avvisa chi ti assiste.",
        ),
        RefusalCode(number) => {
            return match lang {
                Lang::En => format!("The help desk's server refused (number {number})."),
                Lang::It => format!("Il server dell'assistenza ha rifiutato (numero {number})."),
            };
        }
    };
    with_wait(lang, en, it, retry_after_seconds)
}

/// The sentence in `lang`, and when to try again if the hub says so.
fn with_wait(lang: Lang, en: &str, it: &str, retry_after_seconds: u32) -> String {
    let sentence = match lang {
        Lang::En => en,
        Lang::It => it,
    };
    if retry_after_seconds == 0 {
        return sentence.to_owned();
    }
    let span = wait_span(lang, retry_after_seconds);
    match lang {
        Lang::En => format!("{sentence} Try again in {span}."),
        Lang::It => format!("{sentence} Riprova tra {span}."),
    }
}

/// Why this program and `hub` do not understand each other, and what to do: the page is the hub's own
/// address, under which the present program is handed out.
pub fn other_version(lang: Lang, too_old: TooOld, hub: impl fmt::Display) -> String {
    match (lang, too_old) {
        (Lang::En, TooOld::Program) => {
            format!("This program is too old. Get the current one from https://{hub}.")
        }
        (Lang::It, TooOld::Program) => {
            format!("Questo programma è troppo vecchio. Scarica quello attuale da https://{hub}.")
        }
        (Lang::En, TooOld::Hub) => format!(
            "The server is older than this program. Use the program from https://{hub} until the server is updated."
        ),
        (Lang::It, TooOld::Hub) => format!(
            "Il server è più vecchio di questo programma. Finché non viene aggiornato, usa il programma che trovi su https://{hub}."
        ),
    }
}

/// Why `hub` is not trusted by its name, and what to do.
pub fn certificate_problem(lang: Lang, hub: impl fmt::Display, fault: CertificateFault) -> String {
    let (en, it) = match fault {
        CertificateFault::None => (
            "has no public certificate. Enter its fingerprint, or use an invitation.",
            "non ha un certificato pubblico. Inserisci la sua impronta o usa un invito.",
        ),
        CertificateFault::OtherName => (
            "has a certificate for another name. Check the address.",
            "ha un certificato per un altro nome. Controlla l'indirizzo.",
        ),
        CertificateFault::Expired => (
            "has a certificate that has expired. Its administrator must renew it.",
            "ha un certificato scaduto. L'amministratore deve rinnovarlo.",
        ),
        CertificateFault::NotYetValid => (
            "has a certificate that is not valid yet. Check date and time of this computer.",
            "ha un certificato non ancora valido. Controlla data e ora di questo computer.",
        ),
        CertificateFault::UnknownIssuer => (
            "has a certificate from somebody whom this computer does not trust. Ask its administrator.",
            "ha un certificato emesso da qualcuno di cui questo computer non si fida. Chiedi all'amministratore.",
        ),
        CertificateFault::Revoked => (
            "has a certificate that was revoked. Ask its administrator before you go on.",
            "ha un certificato revocato. Chiedi all'amministratore prima di continuare.",
        ),
        CertificateFault::Unusable => (
            "has a certificate that cannot be used. Ask its administrator.",
            "ha un certificato inutilizzabile. Chiedi all'amministratore.",
        ),
    };
    match lang {
        Lang::En => format!("{hub} {en} For your safety nothing was sent."),
        Lang::It => format!("{hub} {it} Per sicurezza non è stato inviato nulla."),
    }
}

fn throttled(lang: Lang, retry_after_seconds: u32) -> String {
    let span = wait_span(lang, retry_after_seconds);
    match (lang, retry_after_seconds) {
        (Lang::En, 0) => "Too many tries. Wait a little, then try again.".to_owned(),
        (Lang::En, _) => format!("Too many tries. Try again in {span}."),
        (Lang::It, 0) => "Troppi tentativi. Attendi un poco e riprova.".to_owned(),
        (Lang::It, _) => format!("Troppi tentativi. Riprova tra {span}."),
    }
}

/// A time to wait, rounded up to whole minutes from two minutes on.
fn wait_span(lang: Lang, seconds: u32) -> String {
    let (count, unit) = if seconds >= 120 {
        (
            seconds.div_ceil(60),
            if lang == Lang::En {
                "minutes"
            } else {
                "minuti"
            },
        )
    } else {
        let unit = match (lang, seconds) {
            (Lang::En, 1) => "second",
            (Lang::En, _) => "seconds",
            (Lang::It, 1) => "secondo",
            (Lang::It, _) => "secondi",
        };
        (seconds, unit)
    };
    format!("{count} {unit}")
}

/// English and Italian for every code but [`RefusalCode::THROTTLED`].
fn sentence(code: RefusalCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        RefusalCode::VERSION_MISMATCH => (
            "This program and the hub are of different versions. Get the current program from the hub's page.",
            "Questo programma e l'hub hanno versioni diverse. Scarica il programma aggiornato dalla pagina dell'hub.",
        ),
        RefusalCode::MALFORMED => (
            "The hub did not understand this program. Get the current program from the hub's page.",
            "L'hub non ha capito questo programma. Scarica il programma aggiornato dalla pagina dell'hub.",
        ),
        RefusalCode::OUT_OF_PLACE => (
            "This is not possible right now.",
            "Al momento questo non è possibile.",
        ),
        RefusalCode::SHUTTING_DOWN => {
            ("The hub is being restarted.", "L'hub è in fase di riavvio.")
        }
        RefusalCode::FULL => (
            "The hub has no free place right now. Try again in a moment.",
            "L'hub non ha posti liberi al momento. Riprova tra poco.",
        ),
        RefusalCode::INTERNAL => (
            "The hub has a problem. Its administrator finds more in the hub's log.",
            "L'hub ha un problema. L'amministratore trova i dettagli nel registro dell'hub.",
        ),
        RefusalCode::TIMED_OUT => (
            "There was no answer in time. Try again.",
            "Nessuna risposta in tempo utile. Riprova.",
        ),
        RefusalCode::WRONG_CREDENTIALS => (
            "User name or password is wrong.",
            "Nome utente o password errati.",
        ),
        RefusalCode::ACCOUNT_DISABLED => (
            "This account is disabled. Ask your administrator.",
            "Questo account è disabilitato. Rivolgiti all'amministratore.",
        ),
        RefusalCode::DISCONNECTED_BY_ADMINISTRATOR => (
            "An administrator of the service ended this connection.",
            "Un amministratore del servizio ha chiuso questo collegamento.",
        ),
        RefusalCode::NOT_ALLOWED => (
            "Your account has no right to this. Ask an administrator.",
            "Il tuo account non ha questo diritto. Rivolgiti a un amministratore.",
        ),
        RefusalCode::AGAINST_A_RULE => (
            "The hub does not accept this; nothing was changed.",
            "L'hub non lo accetta; nulla è stato modificato.",
        ),
        RefusalCode::LOGGED_IN_ELSEWHERE => (
            "You logged in on another computer, so this console was logged out.",
            "Hai eseguito l'accesso da un altro computer: questa console è stata disconnessa.",
        ),
        RefusalCode::PASSWORD_CHANGED => (
            "Your password was changed. Log in with the new one.",
            "La tua password è stata cambiata. Accedi con quella nuova.",
        ),
        RefusalCode::CANNOT_RESUME => (
            "You were away for too long, so the hub has let you go.",
            "L'assenza è durata troppo a lungo: l'hub ha chiuso il collegamento.",
        ),
        RefusalCode::CODE_WRONG => (
            "The code is wrong, or was used already. Wait for the next one.",
            "Il codice è errato o è già stato usato. Attendi il prossimo.",
        ),
        RefusalCode::SECOND_FACTOR_MISSING => (
            "Your account needs a second factor. Ask your administrator to set one up.",
            "Il tuo account richiede un secondo fattore. Chiedi all'amministratore di impostarlo.",
        ),
        RefusalCode::INVITATION_OVER => (
            "This invitation was used already, or is too old. Ask for a new one.",
            "Questo invito è già stato usato o è scaduto. Chiedine uno nuovo.",
        ),
        RefusalCode::PASSWORD_SHORT => (
            "The password is too short. Choose a longer one.",
            "La password è troppo corta. Scegline una più lunga.",
        ),
        RefusalCode::PASSWORD_KNOWN => (
            "This password is on lists that attackers try. Choose another.",
            "Questa password è in elenchi noti a chi attacca. Scegline un'altra.",
        ),
        RefusalCode::PASSWORD_IS_NAME => (
            "The password must not be the user name. Choose another.",
            "La password non può essere il nome utente. Scegline un'altra.",
        ),
        RefusalCode::NAME_UNFIT => (
            "This name cannot be used: it is empty or has characters that cannot be seen.",
            "Questo nome non è utilizzabile: è vuoto o contiene caratteri invisibili.",
        ),
        RefusalCode::NAME_TAKEN => (
            "There is one with this name already.",
            "Ne esiste già uno con questo nome.",
        ),
        RefusalCode::LAST_ADMINISTRATOR => (
            "Nobody could administer the hub any more.",
            "Nessuno potrebbe più amministrare l'hub.",
        ),
        RefusalCode::BUILT_IN => (
            "This is built in and stays as it is.",
            "È predefinito e non si può modificare.",
        ),
        RefusalCode::IN_USE => (
            "Somebody still has this role. Give them another first.",
            "Qualcuno ha ancora questo ruolo. Assegnane prima un altro.",
        ),
        RefusalCode::SIGNED_OUT => (
            "An administrator signed you out.",
            "Un amministratore ha terminato il tuo accesso.",
        ),
        RefusalCode::NOT_THERE => ("It is not there any more.", "Non esiste più."),
        RefusalCode::TICKET_WRONG => (
            "There is no such ticket. Check the digits with your helper.",
            "Questo ticket non esiste. Controlla le cifre con chi ti assiste.",
        ),
        RefusalCode::TICKET_EXPIRED => (
            "This ticket has expired. Ask your helper for a new one.",
            "Questo ticket è scaduto. Chiedine uno nuovo a chi ti assiste.",
        ),
        RefusalCode::TICKET_USED => (
            "This ticket was used before. Ask your helper for a new one.",
            "Questo ticket è già stato usato. Chiedine uno nuovo a chi ti assiste.",
        ),
        RefusalCode::TICKET_BURNT => (
            "This ticket is no longer valid. Ask your helper for a new one.",
            "Questo ticket non è più valido. Chiedine uno nuovo a chi ti assiste.",
        ),
        RefusalCode::OPERATOR_AWAY => (
            "Your helper is not connected right now. Try again in a moment.",
            "Chi ti assiste non è connesso al momento. Riprova tra poco.",
        ),
        RefusalCode::ENROLMENT_OVER => (
            "This code enrols no computer any more. Ask your administrator for a new one.",
            "Questo codice non registra più alcun computer. Chiedine uno nuovo all'amministratore.",
        ),
        RefusalCode::HOST_UNKNOWN => (
            "The hub does not know this computer. It has to be enrolled.",
            "L'hub non conosce questo computer. Deve essere registrato.",
        ),
        RefusalCode::HOST_DISABLED => (
            "An administrator disabled this computer.",
            "Un amministratore ha disabilitato questo computer.",
        ),
        RefusalCode::HOST_PASSWORD_WRONG => ("The password is wrong.", "La password è errata."),
        RefusalCode::HOST_PASSWORD_MISSING => (
            "This computer has no access password. Whoever looks after it sets one with: purepc set-password",
            "Questo computer non ha una password di accesso. Chi lo gestisce la imposta con: purepc set-password",
        ),
        RefusalCode::COLLEAGUE_NEEDS_PASSWORD => (
            "Nobody is at this computer to let a colleague in. They can open it with its access password.",
            "A questo computer non c'è nessuno che possa far entrare un collega. Può aprirlo con la password di accesso.",
        ),
        RefusalCode::COLLEAGUE_AWAY => (
            "This colleague is not connected now.",
            "Questo collega non è connesso al momento.",
        ),
        RefusalCode::COLLEAGUE_BUSY => (
            "This colleague, or you, are asking or being asked for a screen already. Try again in a minute.",
            "Tu o questo collega avete già una richiesta di schermo in corso. Riprova tra un minuto.",
        ),
        RefusalCode::COLLEAGUE_ASKS => (
            "Your colleague was first: they ask to see your screen. Answer that, and ask again.",
            "Il collega ti ha preceduto: chiede di vedere il tuo schermo. Rispondi, poi chiedi di nuovo.",
        ),
        RefusalCode::COLLEAGUE_REFUSED => (
            "Your colleague does not show their screen now.",
            "Il collega per ora non mostra il suo schermo.",
        ),
        RefusalCode::WORDS_DIFFER => (
            "The two words were not the same, so nothing is shown. Ask again, and agree on a new word.",
            "Le due parole non coincidono, quindi non viene mostrato nulla. Chiedi di nuovo e concordate un'altra parola.",
        ),
        RefusalCode::WORD_LATE => (
            "The two words were not there in time, so nothing is shown.",
            "Le due parole non sono arrivate in tempo, quindi non viene mostrato nulla.",
        ),
        RefusalCode::CODE_NEEDED => (
            "By your organisation's rules this also needs a code of your second factor. Without one, set it up under Your account.",
            "Per le regole della tua organizzazione serve anche un codice del secondo fattore. Se non lo hai, configuralo in Il tuo account.",
        ),
        RefusalCode::OUTSIDE_HOURS => (
            "By your organisation's rules unattended computers are not opened at this hour.",
            "Per le regole della tua organizzazione a quest'ora i computer non presidiati non si aprono.",
        ),
        RefusalCode::NOT_CHOSEN => (
            "An administrator chose who opens this computer, and you are not among them.",
            "Un amministratore ha scelto chi può aprire questo computer e tu non sei tra questi.",
        ),
        RefusalCode::HOST_AWAKE => ("It is already connected.", "È già connesso."),
        RefusalCode::NETWORK_UNKNOWN => (
            "Pure Help Desk does not know its network address yet: it has to be connected once, in an IPv4 network.",
            "Pure Help Desk non conosce ancora il suo indirizzo di rete: deve connettersi una volta da una rete IPv4.",
        ),
        RefusalCode::NOBODY_NEAR => (
            "No other computer of its network is connected, which could wake it.",
            "Nessun altro computer della sua rete è connesso per poterlo risvegliare.",
        ),
        RefusalCode::HOST_GONE => (
            "This computer is no longer connected.",
            "Questo computer non è più connesso.",
        ),
        RefusalCode::HOST_BUSY => (
            "This computer is in a session already.",
            "Questo computer è già in una sessione.",
        ),
        RefusalCode::SESSION_GONE => (
            "This session no longer exists.",
            "Questa sessione non esiste più.",
        ),
        RefusalCode::CONSENT_REFUSED => (
            "The user did not allow it.",
            "L'utente non ha dato il consenso.",
        ),
        RefusalCode::CANNOT_RECORD => (
            "The hub cannot film the session, so nothing may be seen. Ask your administrator.",
            "L'hub non può filmare la sessione, quindi nulla può essere visto. Rivolgiti all'amministratore.",
        ),
        RefusalCode::CANNOT_SHOW => (
            "The user's screen cannot be shown.",
            "Lo schermo dell'utente non può essere mostrato.",
        ),
        RefusalCode::DISCONNECTED => (
            "Your helper disconnected this computer.",
            "Chi ti assiste ha scollegato questo computer.",
        ),
        RefusalCode::FILM_GONE => (
            "There is no such film any more.",
            "Questo filmato non c'è più.",
        ),
        RefusalCode::FILM_RUNNING => (
            "The session is still being filmed. Try again when it has ended.",
            "La sessione è ancora in corso di registrazione. Riprova quando è terminata.",
        ),
        RefusalCode::WATCHING_OFF => (
            "A setting of this hub says that sessions are not watched while they run.",
            "Un'impostazione di questo hub esclude che le sessioni siano guardate in diretta.",
        ),
        RefusalCode::NO_ROOM => (
            "The hub's disk has no room for this.",
            "Sul disco dell'hub non c'è spazio per questo.",
        ),
        RefusalCode::FILM_HELD => (
            "The film is on hold, so it was not erased. Release it first.",
            "Il filmato è bloccato, quindi non è stato cancellato. Prima sbloccalo.",
        ),
        RefusalCode::NO_REASON => (
            "Give a reason; it is kept in the audit log.",
            "Indica un motivo: resta nel registro.",
        ),
        RefusalCode::SETTING_OUT_OF_RANGE => (
            "A setting cannot have this value; nothing was changed.",
            "Un'impostazione non può avere questo valore; nulla è stato modificato.",
        ),
        RefusalCode::LOGO_UNFIT => (
            "The logo must be a PNG picture of at most 256 KB.",
            "Il logo deve essere un'immagine PNG di al massimo 256 KB.",
        ),
        RefusalCode::REPORT_GONE => (
            "This report no longer exists.",
            "Questo rapporto non esiste più.",
        ),
        RefusalCode::REPORT_UNFINISHED => (
            "This report is not finished yet; its operator writes it.",
            "Questo rapporto non è ancora concluso: lo scrive il suo operatore.",
        ),
        RefusalCode::REPORT_FIELDS => (
            "A field of the report is missing or does not fit.",
            "Un campo del rapporto manca o non è valido.",
        ),
        RefusalCode::EXPORT_GONE => (
            "This document is not kept any more. Export it again.",
            "Questo documento non è più disponibile. Esportalo di nuovo.",
        ),
        RefusalCode::EXPORT_TOO_LARGE => (
            "These are too many reports for one document. Narrow the filter.",
            "I rapporti sono troppi per un solo documento. Restringi il filtro.",
        ),
        RefusalCode::UNKNOWN_ZONE => (
            "The hub does not know your time zone.",
            "L'hub non conosce il tuo fuso orario.",
        ),
        RefusalCode(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_has_a_sentence_of_its_own() {
        let known = (1..=3)
            .chain(5..=8)
            .chain(20..=39)
            .chain(40..=59)
            .chain(60..=65)
            .chain(80..=85)
            .chain(100..=105);
        for lang in Lang::ALL {
            let mut said: Vec<String> = known
                .clone()
                .map(|n| refusal_text(lang, RefusalCode(n).into()))
                .collect();
            assert!(
                said.iter()
                    .all(|s| !s.contains("number") && !s.contains("numero"))
            );
            let before = said.len();
            said.sort();
            said.dedup();
            assert_eq!(said.len(), before, "two codes say the same in {lang:?}");
        }
    }

    #[test]
    fn a_throttled_try_says_how_long_to_wait() {
        let wait = |seconds| Refusal {
            code: RefusalCode::THROTTLED,
            retry_after_seconds: seconds,
        };
        assert_eq!(
            refusal_text(Lang::En, wait(1)),
            "Too many tries. Try again in 1 second."
        );
        assert_eq!(
            refusal_text(Lang::It, wait(30)),
            "Troppi tentativi. Riprova tra 30 secondi."
        );
        assert_eq!(
            refusal_text(Lang::En, wait(121)),
            "Too many tries. Try again in 3 minutes."
        );
    }

    #[test]
    fn p2_whoever_is_too_old_is_named_and_the_new_program_is_found() {
        for lang in Lang::ALL {
            let program = other_version(lang, TooOld::Program, "hub.example.org");
            let hub = other_version(lang, TooOld::Hub, "hub.example.org");
            assert_ne!(program, hub);
            assert!(program.contains("https://hub.example.org"), "{program}");
            assert!(hub.contains("https://hub.example.org"), "{hub}");
        }
    }

    #[test]
    fn h8_whatever_a_hub_says_its_user_reads_of_the_help_desk() {
        for lang in Lang::ALL {
            for number in 0..1000 {
                let refusal = |retry_after_seconds| Refusal {
                    code: RefusalCode(number),
                    retry_after_seconds,
                };
                let said = refusal_for_user(lang, refusal(0));
                assert!(!said.to_lowercase().contains("hub"), "{said}");
                let waits = refusal_for_user(lang, refusal(30));
                assert!(waits.contains("30") || waits == said, "{waits}");
            }
            // of accounts they know nothing, and nobody is to believe that they have one here
            let said = refusal_for_user(lang, RefusalCode::PASSWORD_CHANGED.into());
            assert!(!said.contains("assword"), "{said}");
        }
    }

    #[test]
    fn an_unknown_code_still_reads() {
        assert_eq!(
            refusal_text(Lang::En, RefusalCode(999).into()),
            "The hub refused (number 999)."
        );
    }
}
