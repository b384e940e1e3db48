//! The line of a session in words and figures.

use std::time::Duration;

use operator_engine::{Grade, Limit, LineQuality, Route};
use ui_kit::Lang;

/// How good it is.
pub fn grade(lang: Lang, grade: Grade) -> &'static str {
    match (lang, grade) {
        (Lang::En, Grade::Good) => "Good line",
        (Lang::En, Grade::Fair) => "Fair line",
        (Lang::En, Grade::Poor) => "Poor line",
        (Lang::It, Grade::Good) => "Linea buona",
        (Lang::It, Grade::Fair) => "Linea discreta",
        (Lang::It, Grade::Poor) => "Linea scarsa",
    }
}

/// What limits the session.
pub fn limit(lang: Lang, limit: Limit) -> &'static str {
    match (lang, limit) {
        (Lang::En, Limit::Nothing) => "Nothing holds this session up.",
        (Lang::En, Limit::Rate) => {
            "The line is slow: the picture gets coarser or rarer, so that it is never late."
        }
        (Lang::En, Limit::Delay) => "The way is long: what you do shows a moment later.",
        (Lang::En, Limit::Loss) => {
            "Packets are lost on the way. A cable helps where it is Wi-Fi that loses them."
        }
        (Lang::En, Limit::HostBusy) => "The user's computer is busy and hardly keeps up.",
        (Lang::En, Limit::ThisComputerBusy) => "This computer is busy and hardly keeps up.",
        (Lang::En, Limit::Hub) => "Pictures wait at the hub. Tell your administrator.",
        (Lang::It, Limit::Nothing) => "Niente rallenta questa sessione.",
        (Lang::It, Limit::Rate) => {
            "La linea è lenta: l'immagine è meno nitida o si aggiorna meno spesso, ma mai in ritardo."
        }
        (Lang::It, Limit::Delay) => "Il percorso è lungo: ciò che fai si vede un attimo dopo.",
        (Lang::It, Limit::Loss) => {
            "Lungo il percorso si perdono pacchetti. Se dipende dal Wi-Fi, prova con un cavo."
        }
        (Lang::It, Limit::HostBusy) => {
            "Il computer dell'utente è occupato e fatica a tenere il passo."
        }
        (Lang::It, Limit::ThisComputerBusy) => {
            "Questo computer è occupato e fatica a tenere il passo."
        }
        (Lang::It, Limit::Hub) => "Le immagini attendono nell'hub. Avvisa l'amministratore.",
    }
}

/// The names and values of all figures.
pub fn facts(lang: Lang, quality: &LineQuality) -> [(&'static str, String); 6] {
    let pick = |en, it| match lang {
        Lang::En => en,
        Lang::It => it,
    };
    let unknown = || pick("not measured yet", "non ancora misurato").to_owned();
    let carries = match (quality.carries, quality.to_host) {
        (Some(carries), _) => {
            let rate = rate(lang, carries.into());
            format!("{} {rate}", pick("about", "circa"))
        }
        (None, Some(_)) => pick("more than is needed", "più del necessario").to_owned(),
        (None, None) => unknown(),
    };
    [
        (pick("Route", "Percorso"), route(lang, &quality.route)),
        (
            pick("To the user", "Fino all'utente"),
            quality.to_host.map_or_else(unknown, delay),
        ),
        (pick("To the hub", "Fino all'hub"), delay(quality.to_hub)),
        (
            pick("Arrives now", "Ora arrivano"),
            rate(lang, quality.arriving),
        ),
        (pick("Line carries", "La linea porta"), carries),
        (
            pick("Lost packets", "Pacchetti persi"),
            match quality.lost_permille {
                Some(permille) => percent(lang, permille),
                None => pick("repaired by TCP", "riparati da TCP").to_owned(),
            },
        ),
    ]
}

fn route(lang: Lang, route: &Route) -> String {
    match (lang, route) {
        (Lang::En, Route::Udp) => "direct, by UDP".to_owned(),
        (Lang::It, Route::Udp) => "diretto, via UDP".to_owned(),
        (Lang::En, Route::Tunnel { port }) => format!("tunnel by TCP port {port}"),
        (Lang::It, Route::Tunnel { port }) => format!("tunnel sulla porta TCP {port}"),
        (_, Route::Proxy { proxy, .. }) => format!("proxy {proxy}"),
        (_, other) => other.to_string(),
    }
}

/// `62 ms`, there and back.
fn delay(delay: Duration) -> String {
    match delay.as_millis() {
        0 => "< 1 ms".to_owned(),
        millis => format!("{millis} ms"),
    }
}

/// `48 KiB/s`, or `2.4 Mbit/s` from there on.
fn rate(lang: Lang, bytes_per_second: u64) -> String {
    const MEGABIT: u64 = 125_000;
    if bytes_per_second < MEGABIT {
        return format!("{} KiB/s", bytes_per_second.div_ceil(1024));
    }
    let tenths = bytes_per_second.saturating_mul(10) / MEGABIT;
    match tenths {
        ..100 => format!("{}{}{} Mbit/s", tenths / 10, point(lang), tenths % 10),
        _ => format!("{} Mbit/s", tenths / 10),
    }
}

fn percent(lang: Lang, permille: u16) -> String {
    let (whole, tenth) = (permille / 10, permille % 10);
    format!("{whole}{}{tenth} %", point(lang))
}

fn point(lang: Lang) -> char {
    match lang {
        Lang::En => '.',
        Lang::It => ',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_unit_that_fits() {
        assert_eq!(rate(Lang::En, 0), "0 KiB/s");
        assert_eq!(rate(Lang::En, 1), "1 KiB/s");
        assert_eq!(rate(Lang::En, 50_000), "49 KiB/s");
        assert_eq!(rate(Lang::It, 300_000), "2,4 Mbit/s");
        assert_eq!(rate(Lang::En, 12_500_000), "100 Mbit/s");
        assert_eq!(rate(Lang::En, u64::MAX), "14757395258967 Mbit/s");
        assert_eq!(percent(Lang::It, 23), "2,3 %");
        assert_eq!(delay(Duration::from_micros(300)), "< 1 ms");
    }
}
