//! What is seen of a host and how keys count there (S1, S2).

use protocol::{HostKeyboard, Unlisted};
use ui_kit::Lang;
use ui_kit::words::beginning_of;

/// Of a layout's name so many characters are shown.
const LONGEST_LAYOUT: usize = 60;

phrases! {
    separate_windows: "Separate windows", "Finestre separate";
    /// Why they cannot be had.
    places_unknown: "The program on the other side is too old to say where its monitors are",
        "Il programma dall'altra parte è troppo vecchio per indicare la posizione dei monitor";
    reset_view: "Reset view", "Ripristina vista";
    reset_view_note: "Forget size, colors, monitors and keyboard mode of this computer",
        "Dimentica dimensione, colori, monitor e modalità tastiera di questo computer";
    nothing_to_reset: "Nothing has been changed for this computer",
        "Per questo computer non è stato modificato nulla";
    keyboard_mode: "Keyboard mode", "Modalità tastiera";
    characters: "Characters", "Caratteri";
    characters_note: "What a key means here is typed there, whatever the layout there is",
        "Ciò che un tasto significa qui viene scritto di là, qualunque sia il layout";
    physical_keys: "Physical keys", "Tasti fisici";
    physical_keys_note: "Every key counts by where it is, as games, virtual machines and boot menus expect",
        "Ogni tasto conta per la sua posizione, come per giochi, macchine virtuali e menu di avvio";
    /// Where a layout is not known.
    not_known: "not known", "sconosciuto";
    too_old_to_tell: "not known, the program there is too old",
        "sconosciuto, il programma di là è troppo vecchio";
    layout_there_decides: "The layout there decides what a key types.",
        "È il layout di là a decidere che cosa scrive un tasto.";
    ending: "The session is about to end", "La sessione sta per terminare";
    you_watch_only: "You have chosen to watch only", "Hai scelto di guardare soltanto";
}

/// The layout of the operator's own keyboard.
pub fn layout_here(lang: Lang, keyboard: Option<&HostKeyboard>) -> String {
    let name = keyboard.map_or_else(|| not_known(lang).to_owned(), |known| name(lang, known));
    match lang {
        Lang::En => format!("Layout here: {name}"),
        Lang::It => format!("Layout qui: {name}"),
    }
}

/// The layout of the host's keyboard; a host that says nothing of it is older.
pub fn layout_there(lang: Lang, keyboard: Option<&HostKeyboard>) -> String {
    let name = keyboard.map_or_else(
        || too_old_to_tell(lang).to_owned(),
        |known| name(lang, known),
    );
    match lang {
        Lang::En => format!("Layout there: {name}"),
        Lang::It => format!("Layout di là: {name}"),
    }
}

fn name(lang: Lang, keyboard: &HostKeyboard) -> String {
    if keyboard.layout.is_empty() {
        not_known(lang).to_owned()
    } else {
        // somebody else wrote it; most have brackets, which are no reason to put it in quotes
        beginning_of(&keyboard.layout, LONGEST_LAYOUT)
    }
}

/// What becomes of characters that the layout there lacks.
pub fn unlisted(lang: Lang, unlisted: Unlisted) -> &'static str {
    match (lang, unlisted) {
        (Lang::En, Unlisted::SpareKey) => {
            "Characters that the layout there lacks are put on an unused key for a moment."
        }
        (Lang::It, Unlisted::SpareKey) => {
            "I caratteri che mancano al layout di là vengono messi per un attimo su un tasto inutilizzato."
        }
        (Lang::En, Unlisted::Text) => "Characters that the layout there lacks are sent as text.",
        (Lang::It, Unlisted::Text) => {
            "I caratteri che mancano al layout di là vengono inviati come testo."
        }
        (Lang::En, Unlisted::Never) => "Characters that the layout there lacks cannot be typed.",
        (Lang::It, Unlisted::Never) => {
            "I caratteri che mancano al layout di là non si possono scrivere."
        }
    }
}
