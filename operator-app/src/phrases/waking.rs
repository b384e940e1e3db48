//! Waking a computer that is off or asleep.

use protocol::WakeNews;
use ui_kit::Lang;
use ui_kit::words::{name_alone, name_in_sentence, names_in_words, refusal_text};

use crate::state::computers::NotToWake;

/// In the menu of a permanent host.
pub fn wake(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Wake",
        Lang::It => "Risveglia",
    }
}

/// In the row of a permanent host that is off, asleep, or has no line.
pub fn not_connected(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Not connected",
        Lang::It => "Non connesso",
    }
}

/// In the row of one that is being woken.
pub fn being_woken(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Being woken…",
        Lang::It => "Risveglio in corso…",
    }
}

/// Why nothing else can be done with it now.
pub fn wake_it_first(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "This computer is not connected. Wake it first.",
        Lang::It => "Questo computer non è connesso. Prima risveglialo.",
    }
}

fn already_connected(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "It is already connected",
        Lang::It => "È già connesso",
    }
}

/// Why **Wake** is greyed.
pub fn not_to_wake(lang: Lang, why: NotToWake) -> &'static str {
    match why {
        NotToWake::Connected => already_connected(lang),
        NotToWake::Away => super::away(lang),
        NotToWake::Unknown => network_unknown(lang),
        NotToWake::Alone => nobody_near(lang),
        NotToWake::BeingWoken => being_woken(lang),
    }
}

fn network_unknown(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Pure Help Desk does not know its network address yet",
        Lang::It => "Pure Help Desk non conosce ancora il suo indirizzo di rete",
    }
}

fn nobody_near(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "No other computer of its network is connected",
        Lang::It => "Nessun altro computer della sua rete è connesso",
    }
}

/// What became of it, as a notice.
pub fn news(lang: Lang, host: &str, news: &WakeNews) -> String {
    let (alone, host) = (name_alone(lang, host), name_in_sentence(lang, host));
    match (news, lang) {
        (WakeNews::Begun { through, .. }, lang) => through_whom(lang, &host, through),
        (WakeNews::Refused(refusal), lang) => {
            format!("{alone}: {}", refusal_text(lang, *refusal))
        }
        (WakeNews::Connected, Lang::En) => format!("{alone} is connected"),
        (WakeNews::Connected, Lang::It) => format!("{alone} è connesso"),
        (WakeNews::Silent, Lang::En) => format!(
            "{alone} has not connected. Wake-on-LAN may be off in its firmware or in the settings of its \
             network card, or it has no power."
        ),
        (WakeNews::Silent, Lang::It) => format!(
            "{alone} non si è connesso. Wake-on-LAN potrebbe essere disattivato nel firmware o nelle \
             impostazioni della scheda di rete, oppure manca l'alimentazione."
        ),
        (WakeNews::NotSent, Lang::En) => {
            format!("{alone} could not be woken: no computer of its network could send anything.")
        }
        (WakeNews::NotSent, Lang::It) => format!(
            "Impossibile risvegliare {host}: nessun computer della sua rete è riuscito a inviare il segnale."
        ),
    }
}

/// Names that this operator does not see are empty.
fn through_whom(lang: Lang, host: &str, through: &[protocol::control::Name]) -> String {
    let seen: Vec<String> = through
        .iter()
        .filter(|name| !name.is_empty())
        .map(ToString::to_string)
        .collect();
    match (lang, seen.is_empty()) {
        (Lang::En, true) => format!("Waking {host} through another computer of its network…"),
        (Lang::It, true) => {
            format!("Risveglio di {host} tramite un altro computer della sua rete…")
        }
        (Lang::En, false) => format!("Waking {host} through {}…", names_in_words(lang, &seen)),
        (Lang::It, false) => {
            format!(
                "Risveglio di {host} tramite {}…",
                names_in_words(lang, &seen)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u2_the_operator_reads_through_whom_a_computer_is_woken() {
        let begun = |through: &[&str]| WakeNews::Begun {
            through: through.iter().map(|name| (*name).into()).collect(),
            seconds: 120,
        };
        let said = |lang, through: &[&str]| news(lang, "ANNA-PC", &begun(through));
        assert_eq!(
            said(Lang::En, &["BUERO-2"]),
            "Waking “ANNA-PC” through “BUERO-2”…"
        );
        assert_eq!(
            said(Lang::It, &["BUERO-2", "BUERO-3"]),
            "Risveglio di «ANNA-PC» tramite «BUERO-2» e «BUERO-3»…"
        );
        // of a group that this operator does not see
        assert_eq!(
            said(Lang::En, &[""]),
            "Waking “ANNA-PC” through another computer of its network…"
        );
    }
}
