//! What happened in a film, in words. The English ones are the film's own.

use recording::{EndedBy, Event, Rights, Side};
use ui_kit::Lang;

/// One event, on one line.
pub(crate) fn event_text(lang: Lang, event: &Event) -> String {
    match lang {
        Lang::En => event.to_string(),
        Lang::It => italian(event),
    }
}

fn italian(event: &Event) -> String {
    match event {
        Event::Started { rights } => format!("la sessione è iniziata, permesso: {}", may(*rights)),
        Event::RightsChanged {
            operator: None,
            rights,
        } => format!("permesso da ora: {}", may(*rights)),
        Event::RightsChanged {
            operator: Some(name),
            rights,
        } => format!("permesso a {name} da ora: {}", may(*rights)),
        Event::Ended { by } => format!("la sessione è terminata: {}", ended(*by)),
        // somebody's own words
        Event::Note(text) => text.clone(),
        Event::Interrupted { side } => format!("connessione persa: {}", whose(side)),
        Event::Resumed { side } => format!("connessione ristabilita: {}", whose(side)),
        Event::OperatorJoined { name, rights } => {
            format!("{name} partecipa, permesso: {}", may(*rights))
        }
        Event::OperatorLeft { name } => format!("{name} è uscito"),
        Event::Driver { name: Some(name) } => format!("{name} ha tastiera e mouse"),
        Event::Driver { name: None } => "solo l'utente ha tastiera e mouse".to_owned(),
    }
}

fn may(rights: Rights) -> String {
    let names = [
        (Rights::SEE, "vedere"),
        (Rights::CONTROL, "controllare"),
        (Rights::FILES, "file"),
        (Rights::CLIPBOARD, "appunti"),
    ];
    let given = names
        .into_iter()
        .filter(|(right, _)| rights.contains(*right));
    let given: Vec<&str> = given.map(|(_, name)| name).collect();
    if given.is_empty() {
        "nulla".to_owned()
    } else {
        given.join(", ")
    }
}

fn whose(side: &Side) -> String {
    match side {
        Side::Host => "il computer dell'utente".to_owned(),
        Side::Operator { name } => format!("l'operatore {name}"),
        Side::Hub => "l'hub".to_owned(),
    }
}

fn ended(by: EndedBy) -> &'static str {
    match by {
        EndedBy::User => "dall'utente",
        EndedBy::Operator => "dall'operatore",
        EndedBy::HostLost => "il computer dell'utente non era raggiungibile da troppo tempo",
        EndedBy::OperatorLost => "l'operatore non era raggiungibile da troppo tempo",
        EndedBy::CannotRecord => "non era possibile registrarla",
        EndedBy::HubStopped => "l'hub si è fermato",
        EndedBy::Forged => "è arrivato qualcosa a nome dell'altra parte",
        EndedBy::NoCapture => "non era possibile mostrare lo schermo dell'utente",
        EndedBy::Administrator => "da un amministratore",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_in_the_language_of_the_window() {
        let event = Event::OperatorJoined {
            name: "Bruno".to_owned(),
            rights: Rights::from_bits(Rights::SEE.bits() | Rights::CONTROL.bits()),
        };
        let told = event_text(Lang::It, &event);
        assert_eq!(told, "Bruno partecipa, permesso: vedere, controllare");
        assert_eq!(event_text(Lang::En, &event), event.to_string());
        let by = EndedBy::Administrator;
        let told = event_text(Lang::It, &Event::Ended { by });
        assert_eq!(told, "la sessione è terminata: da un amministratore");
    }
}
