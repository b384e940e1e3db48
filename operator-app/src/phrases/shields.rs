//! The user's input blocked, their screen dark, and the operator's own pause (S2).

use protocol::{Shield, ShieldState};
use ui_kit::words::hindrance_for_operator;
use ui_kit::{Lang, Word, w};

/// What the menu says of a shield.
pub fn label(lang: Lang, shield: Shield) -> &'static str {
    w(
        lang,
        match shield {
            Shield::Input => Word::BlockInput,
            Shield::Screen => Word::BlankScreen,
        },
    )
}

/// What an operator reads while one is up.
pub fn is_up(lang: Lang, shield: Shield) -> &'static str {
    match (lang, shield) {
        (Lang::En, Shield::Input) => "Input blocked",
        (Lang::En, Shield::Screen) => "Screen dark",
        (Lang::It, Shield::Input) => "Input bloccato",
        (Lang::It, Shield::Screen) => "Schermo oscurato",
    }
}

/// How the user ends it, on a closer look at that.
pub fn how_it_ends(lang: Lang, shield: Shield) -> &'static str {
    match (lang, shield) {
        (Lang::En, Shield::Input) => "Until the user holds Esc for two seconds, at most 15 minutes",
        (Lang::En, Shield::Screen) => "Until the user presses a key, at most 15 minutes",
        (Lang::It, Shield::Input) => {
            "Finché l'utente non tiene premuto Esc per due secondi, al massimo 15 minuti"
        }
        (Lang::It, Shield::Screen) => "Finché l'utente non preme un tasto, al massimo 15 minuti",
    }
}

/// Why one cannot be had now, if so. `None` for `state`: the host has none.
pub fn obstacle(lang: Lang, state: Option<ShieldState>) -> Option<&'static str> {
    match (lang, state) {
        (_, Some(ShieldState::Cannot(why))) => Some(hindrance_for_operator(lang, why)),
        (Lang::En, Some(ShieldState::Asked)) => Some("The user is being asked"),
        (Lang::It, Some(ShieldState::Asked)) => Some("L'utente sta decidendo"),
        (_, Some(ShieldState::Down | ShieldState::Up | ShieldState::Refused)) => None,
        (Lang::En, None) => Some("The user's Helpme is too old for this"),
        (Lang::It, None) => Some("L'Helpme dell'utente è troppo vecchio"),
    }
}

/// What is news when one stands otherwise than before.
pub fn news(
    lang: Lang,
    shield: Shield,
    before: ShieldState,
    now: ShieldState,
) -> Option<&'static str> {
    use ShieldState::{Asked, Down, Refused, Up};
    Some(match (lang, shield, before, now) {
        (Lang::En, _, Asked, Refused) => "The user says no",
        (Lang::It, _, Asked, Refused) => "L'utente ha detto di no",
        (Lang::En, Shield::Input, Up, Refused) => "The user took keyboard and mouse back",
        (Lang::It, Shield::Input, Up, Refused) => "L'utente ha ripreso tastiera e mouse",
        (Lang::En, Shield::Screen, Up, Refused) => "The user brought the screen back",
        (Lang::It, Shield::Screen, Up, Refused) => "L'utente ha fatto riapparire lo schermo",
        (Lang::En, Shield::Input, Up, Down) => "The user's keyboard and mouse work again",
        (Lang::It, Shield::Input, Up, Down) => "Tastiera e mouse dell'utente funzionano di nuovo",
        (Lang::En, Shield::Screen, Up, Down) => "The user's screen shows again",
        (Lang::It, Shield::Screen, Up, Down) => "Lo schermo dell'utente è di nuovo visibile",
        (Lang::En, _, Asked, Down) => "It did not work on the user's computer",
        (Lang::It, _, Asked, Down) => "Non ha funzionato sul computer dell'utente",
        _ => return None,
    })
}

/// Over the picture while the operator has paused.
pub fn you_paused(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "You have paused",
        Lang::It => "Hai messo in pausa",
    }
}

/// Below that.
pub fn you_paused_note(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Nothing is captured and nothing is sent. The user knows it.",
        Lang::It => "Nulla viene catturato né inviato. L'utente lo sa.",
    }
}

/// Beside the monitors where the user shares one alone.
pub fn shares_only(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "The user shares this monitor only",
        Lang::It => "L'utente condivide solo questo monitor",
    }
}
