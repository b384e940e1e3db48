//! What happened in a film, in words. The English ones are the film's own.

use protocol::{Hindrance, Hindrances};
use recording::{EndedBy, Event, Files, FilesStage, Rights, Side};
use ui_kit::Lang;
use ui_kit::words::size_text;

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
        Event::Note(text) => italian_note(text),
        Event::Interrupted { side } => format!("connessione persa: {}", whose(side)),
        Event::Resumed { side } => format!("connessione ristabilita: {}", whose(side)),
        Event::OperatorJoined { name, rights } => {
            format!("{name} partecipa, permesso: {}", may(*rights))
        }
        Event::OperatorLeft { name } => format!("{name} è uscito"),
        Event::Driver { name: Some(name) } => format!("{name} ha tastiera e mouse"),
        Event::Driver { name: None } => "solo l'utente ha tastiera e mouse".to_owned(),
        Event::Marked { operator, text, .. } if text.is_empty() => format!("segnato da {operator}"),
        Event::Marked { operator, text, .. } => format!("segnato da {operator}: {text}"),
        Event::Watched { by, begins: true } => format!("{by} osserva"),
        Event::Watched { by, begins: false } => format!("{by} non osserva più"),
        Event::Files(files) => italian_files(files),
        Event::HelpDesk { name } => format!("assistenza: {name}"),
        Event::Monitors(shown) => {
            let shown: Vec<String> = shown.iter().map(ToString::to_string).collect();
            format!("lo schermo è {}", shown.join(", "))
        }
        Event::Withheld { begins: true } => "in pausa per scelta dell'utente".to_owned(),
        Event::Withheld { begins: false } => "l'utente ha ripreso".to_owned(),
    }
}

fn italian_files(files: &Files) -> String {
    let Files { operator, name, .. } = files;
    let way = if files.to_host { "da" } else { "a" };
    let stage = match files.stage {
        FilesStage::Begun => "",
        FilesStage::Done => " arrivati",
        FilesStage::Cancelled => " annullati",
        FilesStage::Failed => " non riusciti",
    };
    // "file" has no plural of its own
    let size = size_text(Lang::It, files.bytes);
    format!(
        "file {way} {operator}{stage}: {name} ({} file, {size})",
        files.files
    )
}

/// What a host cannot do is a note in English, and so were watchers in older films. What else stands
/// there is somebody's own words.
fn italian_note(text: &str) -> String {
    if let Some(by) = text.strip_suffix(" watches no more") {
        return format!("{by} non osserva più");
    }
    if let Some(by) = text.strip_suffix(" watches") {
        return format!("{by} osserva");
    }
    if let Some(name) = text.strip_prefix("system information for ") {
        return format!("informazioni di sistema per {name}");
    }
    if let Some(name) = text.strip_suffix(" has paused") {
        return format!("{name} ha messo in pausa");
    }
    if let Some(name) = text.strip_suffix(" goes on") {
        return format!("{name} ha ripreso");
    }
    let monitor = text.strip_prefix("the user shares ");
    if let Some(monitor) = monitor.and_then(|rest| rest.strip_suffix(" alone")) {
        return format!("l'utente condivide solo {monitor}");
    }
    if let Some((_, told)) = SHIELDS.iter().find(|(english, _)| *english == text) {
        return (*told).to_owned();
    }
    if text == Hindrances::NONE.to_string() {
        return "nessun impedimento".to_owned();
    }
    let parts = text.split("; ").map(|part| {
        let known = [
            ("the user's screen: ", "lo schermo dell'utente"),
            ("keyboard and pointer: ", "tastiera e mouse"),
        ];
        known.iter().find_map(|(english, italian)| {
            let what = part.strip_prefix(english)?;
            let (_, told) = HINDRANCES.iter().find(|(h, _)| h.to_string() == what)?;
            Some(format!("{italian}: {told}"))
        })
    });
    let parts: Option<Vec<String>> = parts.collect();
    parts.map_or_else(|| text.to_owned(), |parts| parts.join("; "))
}

const HINDRANCES: [(Hindrance, &str); 17] = [
    (Hindrance::NO_DISPLAY, "non c'è uno schermo"),
    (Hindrance::NO_CAPTURE, "non può essere ripreso"),
    (Hindrance::WAYLAND, "il desktop usa Wayland"),
    (
        Hindrance::BESIDE_WAYLAND,
        "il desktop dell'utente usa Wayland, su un altro schermo",
    ),
    (Hindrance::LOCKED, "è bloccato"),
    (Hindrance::BLANK, "è spento"),
    (
        Hindrance::OTHER_USER,
        "è di un altro utente, o ce n'è uno davanti",
    ),
    (
        Hindrance::OTHER_PICTURES,
        "la console non legge le sue immagini",
    ),
    (
        Hindrance::SCREEN_NOT_ALLOWED,
        "il sistema dell'utente non lo consente ancora",
    ),
    (
        Hindrance::ASKED_ONCE_MORE,
        "il desktop lo chiede ancora all'utente",
    ),
    (
        Hindrance::NOT_SHARED,
        "l'utente non lo condivide nella finestra del desktop",
    ),
    (
        Hindrance::NOT_ANSWERED,
        "nessuno ha risposto alla finestra del desktop",
    ),
    (
        Hindrance::NO_PIPEWIRE,
        "manca ciò che lo prende da PipeWire",
    ),
    (
        Hindrance::INPUT_NOT_SHARED,
        "l'utente non li condivide nella finestra del desktop",
    ),
    (
        Hindrance::INPUT_NOT_ALLOWED,
        "il sistema dell'utente non li consente ancora",
    ),
    (
        Hindrance::MORE_RIGHTS,
        "la finestra in primo piano ha più diritti",
    ),
    (
        Hindrance::NO_INPUT,
        "lo schermo non li accetta dai programmi",
    ),
];

const SHIELDS: [(&str, &str); 5] = [
    (
        "the user's keyboard and mouse are blocked",
        "tastiera e mouse dell'utente bloccati",
    ),
    (
        "the user's keyboard and mouse work again",
        "tastiera e mouse dell'utente di nuovo attivi",
    ),
    ("the user's screen is dark", "schermo dell'utente oscurato"),
    (
        "the user's screen shows again",
        "schermo dell'utente di nuovo visibile",
    ),
    (
        "the user shares all monitors",
        "l'utente condivide tutti i monitor",
    ),
];

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
        for (event, told) in [
            (
                Event::Marked {
                    operator: "Anna".to_owned(),
                    text: String::new(),
                    ago_millis: 0,
                },
                "segnato da Anna",
            ),
            (
                Event::Watched {
                    by: "Carla".to_owned(),
                    begins: false,
                },
                "Carla non osserva più",
            ),
        ] {
            assert_eq!(event_text(Lang::It, &event), told);
        }
        let by = EndedBy::Administrator;
        let told = event_text(Lang::It, &Event::Ended { by });
        assert_eq!(told, "la sessione è terminata: da un amministratore");
    }

    #[test]
    fn what_the_hub_noted_in_english_is_told_in_italian_and_other_words_stay() {
        let told = |text: &str| event_text(Lang::It, &Event::Note(text.to_owned()));
        for (hindrance, italian) in HINDRANCES {
            let hindrances = Hindrances {
                screen: Some(hindrance),
                input: Some(Hindrance::NO_INPUT),
            };
            let wanted = format!(
                "lo schermo dell'utente: {italian}; tastiera e mouse: lo schermo non li accetta dai \
                 programmi"
            );
            assert_eq!(told(&hindrances.to_string()), wanted);
        }
        assert_eq!(told(&Hindrances::NONE.to_string()), "nessun impedimento");
        assert_eq!(told("Carla watches no more"), "Carla non osserva più");
        let system = "informazioni di sistema per Anna";
        assert_eq!(told("system information for Anna"), system);
        assert_eq!(told("the display was changed"), "the display was changed");
    }
}
