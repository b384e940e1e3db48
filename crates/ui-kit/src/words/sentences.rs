//! Sentences with names, numbers and times in them.

use protocol::{AddressFault, EndedBy, InvitationFault, Stars, TicketState};
use session::ticket::TicketMissing;

use super::{Lang, Word, name_in_sentence, w};

/// The question to the user, by the names of the operator and, where it is known, of the help desk's
/// organisation (H5, B6).
pub fn ask_consent(lang: Lang, operator: &str, organisation: Option<&str>) -> String {
    let operator = name_in_sentence(lang, operator);
    let organisation = organisation.map(|name| name_in_sentence(lang, name));
    match (lang, organisation) {
        (Lang::En, None) => format!("{operator} wants to help you"),
        (Lang::En, Some(name)) => format!("{operator} of {name} wants to help you"),
        (Lang::It, None) => format!("{operator} vuole aiutarti"),
        (Lang::It, Some(name)) => format!("{operator} di {name} vuole aiutarti"),
    }
}

/// Who sees the user's screen now (H6).
pub fn operator_is_here(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("{operator} is helping you"),
        Lang::It => format!("{operator} ti sta aiutando"),
    }
}

/// Who sees the user's screen now, one or several (O11). There is little room: several are only named.
pub fn operators_are_here(lang: Lang, operators: &[String]) -> String {
    match operators {
        [operator] => operator_is_here(lang, operator),
        several => names_in_words(lang, several),
    }
}

/// Beside a text size that is larger than what the screen has room for, in percent.
pub fn room_for_text_size(lang: Lang, percent: u16) -> String {
    match lang {
        Lang::En => format!("This screen has room for {percent} %."),
        Lang::It => format!("Su questo schermo c'è posto per il {percent} %."),
    }
}

/// Names as a sentence has them: `Anna, Bruno and Carla`.
pub fn names_in_words(lang: Lang, names: &[String]) -> String {
    let names: Vec<_> = names
        .iter()
        .map(|name| name_in_sentence(lang, name))
        .collect();
    let and = match lang {
        Lang::En => "and",
        Lang::It => "e",
    };
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] => format!("{} {and} {last}", front.join(", ")),
    }
}

/// How long a new password has to be.
pub fn password_at_least(lang: Lang, chars: u16) -> String {
    match lang {
        Lang::En => format!("At least {chars} characters."),
        Lang::It => format!("Almeno {chars} caratteri."),
    }
}

/// A new password that is not that long.
pub fn password_too_short(lang: Lang, chars: u16) -> String {
    match lang {
        Lang::En => format!("Too short: it needs at least {chars} characters."),
        Lang::It => format!("Troppo corta: servono almeno {chars} caratteri."),
    }
}

/// How many recovery codes a second factor still has.
pub fn recovery_codes_left(lang: Lang, left: u8) -> String {
    match (lang, left) {
        (Lang::En, 0) => "No recovery codes are left.".to_owned(),
        (Lang::En, 1) => "One recovery code is left.".to_owned(),
        (Lang::En, _) => format!("{left} recovery codes are left."),
        (Lang::It, 0) => "Non restano codici di recupero.".to_owned(),
        (Lang::It, 1) => "Resta un codice di recupero.".to_owned(),
        (Lang::It, _) => format!("Restano {left} codici di recupero."),
    }
}

/// Since when a sign-in is there, and when it was used last.
pub fn sign_in_times(lang: Lang, since: &str, used: Option<&str>) -> String {
    match (lang, used) {
        (Lang::En, Some(used)) => format!("Since {since}, last used {used}"),
        (Lang::En, None) => format!("Since {since}"),
        (Lang::It, Some(used)) => format!("Inizio {since}, ultimo uso {used}"),
        (Lang::It, None) => format!("Inizio {since}"),
    }
}

/// How many of five stars.
pub fn stars_in_words(lang: Lang, stars: Stars) -> String {
    let (number, most) = (stars.number(), Stars::MOST);
    match (lang, number) {
        (Lang::En, _) => format!("{number} of {most} stars"),
        (Lang::It, 1) => format!("1 stella su {most}"),
        (Lang::It, _) => format!("{number} stelle su {most}"),
    }
}

/// Which administrators watch the session.
pub fn watched_by(lang: Lang, administrators: &[String]) -> String {
    let names = names_in_words(lang, administrators);
    match (lang, administrators.len()) {
        (Lang::En, 1) => format!("{names} watches"),
        (Lang::En, _) => format!("{names} watch"),
        (Lang::It, 1) => format!("{names} sta guardando"),
        (Lang::It, _) => format!("{names} stanno guardando"),
    }
}

/// Who of several has keyboard and mouse (O11).
pub fn has_control(lang: Lang, operator: &str) -> String {
    let operator = name_in_sentence(lang, operator);
    match lang {
        Lang::En => format!("{operator} has the keyboard and mouse"),
        Lang::It => format!("{operator} usa tastiera e mouse"),
    }
}

/// The title of a chat window (S5).
pub fn chat_with(lang: Lang, name: &str) -> String {
    let name = name_in_sentence(lang, name);
    match lang {
        Lang::En => format!("Chat with {name}"),
        Lang::It => format!("Chat con {name}"),
    }
}

/// Opens a web address that somebody wrote, told by its server. Of a name that is too long the end counts.
pub fn open_site(lang: Lang, host: &str) -> String {
    const LONGEST: usize = 36;
    let over = host.chars().count().saturating_sub(LONGEST);
    let end: String = host.chars().skip(over).collect();
    let host = if over == 0 { end } else { format!("…{end}") };
    match lang {
        Lang::En => format!("Open {host}"),
        Lang::It => format!("Apri {host}"),
    }
}

/// Why the session is over, as the user reads it.
pub fn session_ended_for_user(lang: Lang, by: EndedBy) -> &'static str {
    match (lang, by) {
        (Lang::En, EndedBy::User) => "You ended the session.",
        (Lang::En, EndedBy::Operator) => "Your helper ended the session.",
        (Lang::En, EndedBy::HostLost) => "This computer was out of reach for too long.",
        (Lang::En, EndedBy::OperatorLost) => "Your helper was out of reach for too long.",
        (Lang::En, EndedBy::CannotRecord) => "The session could not be filmed, so it was ended.",
        (Lang::En, EndedBy::HubStopped) => "The help desk's server was stopped.",
        (Lang::En, EndedBy::Forged) => {
            "Something on the way changed what was sent, so the session was ended."
        }
        (Lang::En, EndedBy::NoCapture) => "This computer's screen cannot be shown to others.",
        (Lang::En, EndedBy::Administrator) => "An administrator of the service ended the session.",
        (Lang::It, EndedBy::User) => "Hai terminato la sessione.",
        (Lang::It, EndedBy::Operator) => "Chi ti assiste ha terminato la sessione.",
        (Lang::It, EndedBy::HostLost) => {
            "Questo computer non è stato raggiungibile troppo a lungo."
        }
        (Lang::It, EndedBy::OperatorLost) => {
            "Chi ti assiste non è stato raggiungibile troppo a lungo."
        }
        (Lang::It, EndedBy::CannotRecord) => {
            "Non è stato possibile filmare la sessione, che è stata quindi terminata."
        }
        (Lang::It, EndedBy::HubStopped) => "Il server dell'assistenza è stato arrestato.",
        (Lang::It, EndedBy::Forged) => {
            "Qualcosa lungo il percorso ha cambiato ciò che era stato inviato: la sessione è stata terminata."
        }
        (Lang::It, EndedBy::NoCapture) => {
            "Lo schermo di questo computer non può essere mostrato ad altri."
        }
        (Lang::It, EndedBy::Administrator) => {
            "Un amministratore del servizio ha terminato la sessione."
        }
    }
}

/// Why the session is over, as the operator reads it.
pub fn session_ended_for_operator(lang: Lang, by: EndedBy) -> &'static str {
    match (lang, by) {
        (Lang::En, EndedBy::User) => "The user ended the session.",
        (Lang::En, EndedBy::Operator) => "You ended the session.",
        (Lang::En, EndedBy::HostLost) => "The user's computer was out of reach for too long.",
        (Lang::En, EndedBy::OperatorLost) => "This console was out of reach for too long.",
        (Lang::En, EndedBy::CannotRecord) => "The hub could not film the session, so it was ended.",
        (Lang::En, EndedBy::HubStopped) => "The hub was stopped.",
        (Lang::En, EndedBy::Forged) => {
            "What arrived at one end was not what the other had sent, so the session was ended. Tell your administrator."
        }
        (Lang::En, EndedBy::NoCapture) => "The user's screen cannot be captured.",
        (Lang::En, EndedBy::Administrator) => "An administrator ended the session.",
        (Lang::It, EndedBy::User) => "L'utente ha terminato la sessione.",
        (Lang::It, EndedBy::Operator) => "Hai terminato la sessione.",
        (Lang::It, EndedBy::HostLost) => {
            "Il computer dell'utente non è stato raggiungibile troppo a lungo."
        }
        (Lang::It, EndedBy::OperatorLost) => {
            "Questa console non è stata raggiungibile troppo a lungo."
        }
        (Lang::It, EndedBy::CannotRecord) => {
            "L'hub non ha potuto filmare la sessione, che è stata quindi terminata."
        }
        (Lang::It, EndedBy::HubStopped) => "L'hub è stato arrestato.",
        (Lang::It, EndedBy::Forged) => {
            "Ciò che è arrivato a una delle due parti non è ciò che l'altra ha inviato: la sessione è stata terminata. Avvisa l'amministratore."
        }
        (Lang::It, EndedBy::NoCapture) => "Lo schermo dell'utente non può essere catturato.",
        (Lang::It, EndedBy::Administrator) => "Un amministratore ha terminato la sessione.",
    }
}

/// What is wrong with a pasted invitation.
pub fn invitation_wrong(lang: Lang, fault: InvitationFault) -> &'static str {
    match (lang, fault) {
        (Lang::En, InvitationFault::None) => "There is no invitation in it.",
        (Lang::It, InvitationFault::None) => "Non contiene alcun invito.",
        (Lang::En, InvitationFault::CutOff) => "The invitation is cut off. Copy all of it.",
        (Lang::It, InvitationFault::CutOff) => "L'invito è incompleto. Copialo per intero.",
        (Lang::En, InvitationFault::Damaged | InvitationFault::Address(_)) => {
            "The invitation is damaged. Copy it once more."
        }
        (Lang::It, InvitationFault::Damaged | InvitationFault::Address(_)) => {
            "L'invito è danneggiato. Copialo di nuovo."
        }
    }
}

/// What became of a ticket.
pub fn ticket_state(lang: Lang, state: TicketState) -> &'static str {
    w(
        lang,
        match state {
            TicketState::Open => Word::TicketOpen,
            TicketState::Used => Word::TicketUsed,
            TicketState::Expired => Word::TicketExpired,
            TicketState::Revoked => Word::TicketRevoked,
            TicketState::Burnt => Word::TicketBurnt,
        },
    )
}

/// Who is in session with a host (O8); the hub sets commas between several.
pub fn in_session_with(lang: Lang, operators: &str) -> String {
    let operators: Vec<String> = operators.split(", ").map(str::to_owned).collect();
    let operators = names_in_words(lang, &operators);
    match lang {
        Lang::En => format!("in session with {operators}"),
        Lang::It => format!("in sessione con {operators}"),
    }
}

/// How long a ticket is still good, as `14:05`.
pub fn valid_for(lang: Lang, seconds: u32) -> String {
    let clock = format!("{}:{:02}", seconds / 60, seconds % 60);
    match lang {
        Lang::En => format!("valid for {clock}"),
        Lang::It => format!("valido per {clock}"),
    }
}

/// A span of time in whole minutes, given in seconds: `< 1 min`, `12 min`, `1 h 02 min`.
pub fn whole_minutes(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => "< 1 min".to_owned(),
        (0, min) => format!("{min} min"),
        (h, min) => format!("{h} h {min:02} min"),
    }
}

/// A span of time to read, in seconds: `1 h 02 min`, `3 min 05 s`, `12 s`.
pub fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s:02} s"),
        (h, min, _) => format!("{h} h {min:02} min"),
    }
}

/// What is wrong with the address of a hub, and what it should be.
pub fn address_wrong(lang: Lang, fault: AddressFault) -> &'static str {
    let word = match fault {
        AddressFault::NoHost => Word::AddressMissing,
        AddressFault::Space => Word::AddressHasSpace,
        AddressFault::Email => Word::AddressIsEmail,
        AddressFault::Port => Word::AddressPortWrong,
        AddressFault::Bracket => Word::AddressBracketWrong,
        AddressFault::Colons => Word::AddressColonsWrong,
        AddressFault::Numbers => Word::AddressNumbersWrong,
        AddressFault::Dots => Word::AddressDotsWrong,
        AddressFault::Character => Word::AddressCharacterWrong,
        AddressFault::Long => Word::AddressTooLong,
    };
    w(lang, word)
}

/// Why nothing was taken of a text pasted as a ticket, and what to do.
pub fn ticket_missing(lang: Lang, missing: TicketMissing) -> &'static str {
    match (lang, missing) {
        (Lang::En, TicketMissing::Nowhere) => {
            "No ticket was found in what you pasted. Copy only its ten digits, or type them."
        }
        (Lang::It, TicketMissing::Nowhere) => {
            "Nel testo incollato non c'è un ticket. Copia solo le sue dieci cifre, o scrivile."
        }
        (Lang::En, TicketMissing::Several) => {
            "What you pasted has several numbers that could be the ticket. Copy only the right one, or type it."
        }
        (Lang::It, TicketMissing::Several) => {
            "Il testo incollato ha più numeri che potrebbero essere il ticket. Copia solo quello giusto, o scrivilo."
        }
    }
}

/// The prepared text for the user (O6), where the hub `has_page` with a link to it; `{ticket}`, `{link}`,
/// `{page}` and `{operator}` stand for what goes in.
pub fn ticket_template(lang: Lang, has_page: bool) -> &'static str {
    match (lang, has_page) {
        (Lang::En, true) => {
            "Hello,\n\nto get help, open this page and follow it:\n{link}\n\nIf you have Helpme already, start it and type this ticket:\n{ticket}\n\nI can see your screen only after you agree, and you can end it at any time."
        }
        (Lang::En, false) => {
            "Hello,\n\nto get help, start Helpme and type this ticket:\n{ticket}\n\nI can see your screen only after you agree, and you can end it at any time."
        }
        (Lang::It, true) => {
            "Buongiorno,\n\nper ricevere assistenza apra questa pagina e segua le istruzioni:\n{link}\n\nSe ha già Helpme, lo avvii e scriva questo ticket:\n{ticket}\n\nPotrò vedere il suo schermo solo dopo il suo consenso e potrà terminare in ogni momento."
        }
        (Lang::It, false) => {
            "Buongiorno,\n\nper ricevere assistenza avvii Helpme e scriva questo ticket:\n{ticket}\n\nPotrò vedere il suo schermo solo dopo il suo consenso e potrà terminare in ogni momento."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_their_two_largest_units() {
        assert_eq!(duration(12), "12 s");
        assert_eq!(duration(185), "3 min 05 s");
        assert_eq!(duration(3725), "1 h 02 min");
        assert_eq!(whole_minutes(59), "< 1 min");
        assert_eq!(whole_minutes(119), "1 min");
        assert_eq!(whole_minutes(3725), "1 h 02 min");
    }

    #[test]
    fn the_prepared_text_has_its_places_in_every_language() {
        for lang in Lang::ALL {
            assert!(ticket_template(lang, false).contains("{ticket}"));
            let with_page = ticket_template(lang, true);
            assert!(with_page.contains("{ticket}") && with_page.contains("{link}"));
        }
    }
}
