//! What the page says, in English and Italian.

/// The languages of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lang {
    English,
    Italian,
}

impl Lang {
    /// What the visitor chose (`lang=it`), or else what the browser would like best.
    pub(super) fn of(query: Option<&str>, accepted: Option<&str>) -> Self {
        let chosen = query.unwrap_or_default().split('&');
        let mut chosen = chosen.filter_map(|part| part.strip_prefix("lang="));
        if let Some(lang) = chosen.find_map(Self::named) {
            return lang;
        }
        let wishes = accepted.unwrap_or_default().split(',').filter_map(|wish| {
            let (tag, quality) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let quality = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            let lang = Self::named(tag.trim().split('-').next()?)?;
            (quality > 0.0).then_some((lang, quality))
        });
        // of two that are liked as much, the first
        let best = wishes.reduce(|best, wish| if wish.1 > best.1 { wish } else { best });
        best.map_or(Self::English, |(lang, _)| lang)
    }

    fn named(code: &str) -> Option<Self> {
        if code.eq_ignore_ascii_case("it") {
            Some(Self::Italian)
        } else {
            code.eq_ignore_ascii_case("en").then_some(Self::English)
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
        }
    }

    /// The other one, and its own name.
    pub(super) fn other(self) -> (Self, &'static str) {
        match self {
            Self::English => (Self::Italian, "Italiano"),
            Self::Italian => (Self::English, "English"),
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Italian => &ITALIAN,
        }
    }
}

/// Every sentence of the page. Helpme says the same of swindlers.
pub(super) struct Words {
    pub(super) nobody: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) ticket_given: &'static str,
    pub(super) get: &'static str,
    pub(super) get_note: &'static str,
    pub(super) download: &'static str,
    pub(super) others: &'static str,
    pub(super) no_download: &'static str,
    pub(super) pocket: &'static str,
    pub(super) open: &'static str,
    pub(super) open_windows: &'static str,
    pub(super) open_macos: &'static str,
    pub(super) open_linux: &'static str,
    pub(super) type_ticket: &'static str,
    pub(super) type_note: &'static str,
    pub(super) have_it: &'static str,
    pub(super) have_note: &'static str,
    pub(super) ticket: &'static str,
    pub(super) ticket_stays: &'static str,
    pub(super) ten_digits: &'static str,
    pub(super) start: &'static str,
    pub(super) swindlers: &'static str,
    pub(super) swindlers_lead: &'static str,
    pub(super) signs: [&'static str; 4],
    pub(super) hub: &'static str,
    pub(super) key: &'static str,
    pub(super) nothing: &'static str,
    pub(super) nothing_note: &'static str,
    pub(super) back: &'static str,
}

const ENGLISH: Words = Words {
    nobody: "Help from afar",
    title: "Let someone help you",
    lead: "Your helper sees your screen only after you said yes, and you can end it at any moment.",
    ticket_given: "Your ticket",
    get: "Download Helpme",
    get_note: "A small program. Nothing is installed.",
    download: "Download for",
    others: "For another computer",
    no_download: "There is nothing to download here yet. Ask your helper to send you Helpme.",
    pocket: "Helpme runs on the computer that needs help. Open this page there.",
    open: "Open it",
    open_windows: "Open the downloaded file. If Windows asks, choose “More info”, then “Run anyway”.",
    open_macos: "Open the downloaded file. In the folder helpme, start helpme.",
    open_linux: "Unpack the downloaded file. In the folder helpme, start helpme.",
    type_ticket: "Type your ticket",
    type_note: "Your helper tells you ten digits. Type them in Helpme, and press Helpme.",
    have_it: "Is Helpme on this computer already?",
    have_note: "Then you need not download it again.",
    ticket: "Ticket",
    ticket_stays: "Helpme opens with this ticket. It is sent to nobody.",
    ten_digits: "The ten digits that your helper told you, such as 482 913 0571",
    start: "Open Helpme",
    swindlers: "How to recognise a swindler",
    swindlers_lead: "Go on only if you asked for help yourself.",
    signs: [
        "Did somebody call you whom you did not ask for help? Hang up. No honest firm does that, no bank, and not the police.",
        "Nobody who helps you needs your passwords, the PIN of a card, or a code that your bank sends.",
        "Nobody who helps you wants money, vouchers, or that you open your bank’s page.",
        "In doubt, press End in Helpme, and call your firm on the number that you know.",
    ],
    hub: "Address",
    key: "Key",
    nothing: "There is nothing here",
    nothing_note: "The address of this page has a mistake in it.",
    back: "To the first page",
};

const ITALIAN: Words = Words {
    nobody: "Assistenza a distanza",
    title: "Fatti aiutare",
    lead: "Chi ti assiste vede il tuo schermo solo dopo il tuo sì, e puoi terminare in ogni momento.",
    ticket_given: "Il tuo ticket",
    get: "Scarica Helpme",
    get_note: "È un piccolo programma. Non si installa nulla.",
    download: "Scarica per",
    others: "Per un altro computer",
    no_download: "Qui non c’è ancora nulla da scaricare. Chiedi a chi ti assiste di mandarti Helpme.",
    pocket: "Helpme funziona sul computer che ha bisogno di aiuto. Apri questa pagina su quel computer.",
    open: "Aprilo",
    open_windows: "Apri il file scaricato. Se Windows chiede conferma, scegli “Ulteriori informazioni” e poi “Esegui comunque”.",
    open_macos: "Apri il file scaricato. Nella cartella helpme avvia helpme.",
    open_linux: "Estrai il file scaricato. Nella cartella helpme avvia helpme.",
    type_ticket: "Scrivi il ticket",
    type_note: "Chi ti assiste ti dice dieci cifre. Scrivile in Helpme e premi Helpme.",
    have_it: "Helpme è già su questo computer?",
    have_note: "Allora non serve scaricarlo di nuovo.",
    ticket: "Ticket",
    ticket_stays: "Helpme si apre con questo ticket. Il ticket non viene inviato a nessuno.",
    ten_digits: "Le dieci cifre che ti ha detto chi ti assiste, per esempio 482 913 0571",
    start: "Apri Helpme",
    swindlers: "Come riconoscere un truffatore",
    swindlers_lead: "Continua solo se sei tu ad aver chiesto aiuto.",
    signs: [
        "Ti ha chiamato qualcuno a cui non hai chiesto aiuto? Riaggancia. Nessuna ditta onesta lo fa, né la banca né la polizia.",
        "Chi ti assiste non ha bisogno delle tue password, del PIN di una carta o di un codice mandato dalla banca.",
        "Chi ti assiste non vuole soldi, né buoni, né che tu apra la pagina della tua banca.",
        "Nel dubbio premi Termina in Helpme e chiama la tua azienda al numero che conosci.",
    ],
    hub: "Indirizzo",
    key: "Chiave",
    nothing: "Qui non c’è nulla",
    nothing_note: "L’indirizzo di questa pagina contiene un errore.",
    back: "Alla prima pagina",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e3_the_browsers_language_is_taken_and_the_visitors_choice_before_it() {
        for (query, accepted, lang) in [
            (None, None, Lang::English),
            (None, Some("it-IT,it;q=0.9,en;q=0.8"), Lang::Italian),
            (None, Some("en-GB,it;q=0.9"), Lang::English),
            (None, Some("de,it;q=0.3,en;q=0.2"), Lang::Italian),
            (None, Some("it;q=0,en;q=0.1"), Lang::English),
            (None, Some(";;;q=,,it;q=NaN,\u{0}"), Lang::English),
            (Some("lang=it"), Some("en"), Lang::Italian),
            (Some("a&lang=en&lang=it"), Some("it"), Lang::English),
            (Some("lang=%00&lang="), Some("it"), Lang::Italian),
        ] {
            assert_eq!(Lang::of(query, accepted), lang, "{query:?} {accepted:?}");
        }
    }
}
