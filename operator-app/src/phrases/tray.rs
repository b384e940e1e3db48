//! What the icon in the notification area says.

use ui_kit::Lang;

/// Users who came with the operator's tickets, and those of them with whom nobody works.
pub fn how_many(lang: Lang, connected: usize, waiting: usize) -> String {
    match (lang, connected) {
        (Lang::En, 0) => "Nobody is connected".to_owned(),
        (Lang::It, 0) => "Nessuno è connesso".to_owned(),
        (Lang::En, 1) => format!("1 user connected, {waiting} waiting"),
        (Lang::En, _) => format!("{connected} users connected, {waiting} waiting"),
        (Lang::It, 1) => format!("1 utente connesso, {waiting} in attesa"),
        (Lang::It, _) => format!("{connected} utenti connessi, {waiting} in attesa"),
    }
}

pub fn open(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Open the console",
        Lang::It => "Apri la console",
    }
}

pub fn new_ticket(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "New ticket",
        Lang::It => "Nuovo ticket",
    }
}

pub fn quit(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Quit",
        Lang::It => "Esci",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_is_no_number_of_users() {
        assert_eq!(how_many(Lang::En, 1, 1), "1 user connected, 1 waiting");
        assert_eq!(how_many(Lang::It, 3, 0), "3 utenti connessi, 0 in attesa");
        assert_eq!(how_many(Lang::En, 0, 0), "Nobody is connected");
    }
}
