//! The page as HTML. Every value is escaped by `maud`.

use maud::{DOCTYPE, Markup, html};
use protocol::HubAddress;
use protocol::admin::settings::Settings;
use transport::{Fingerprint, Pin};

use super::downloads::{Offer, System};
use super::words::{Lang, Words};

/// What a ticket looks like, as Helpme takes it: ten digits, with what may stand between them.
const TICKET: &str = r"\s*([0-9][\s\-–—.\/_]*){10}";
const BYTES_PER_MB: u64 = 1_000_000;

/// The first page.
pub(super) struct Front<'a> {
    pub(super) lang: Lang,
    pub(super) settings: &'a Settings,
    pub(super) has_logo: bool,
    pub(super) hub: &'a HubAddress,
    pub(super) pin: Pin,
    pub(super) offers: &'a [Offer],
    /// What the visitor's browser runs on.
    pub(super) visitor: Option<System>,
    /// Whether it says that this is an ARM processor.
    pub(super) on_arm: bool,
}

impl Front<'_> {
    pub(super) fn page(&self) -> Markup {
        let words = self.lang.words();
        let organisation = self.organisation();
        let (other, other_name) = self.lang.other();
        let body = html! {
            header {
                @if self.has_logo {
                    img.logo src="/logo.png" alt="";
                } @else {
                    img src="/icon.svg" alt="";
                }
                strong { (organisation) }
                nav {
                    a href={ "/?lang=" (other.code()) } lang=(other.code()) { (other_name) }
                }
            }
            main {
                h1 { (words.title) }
                p { (words.lead) }
                @if !self.settings.words.is_empty() {
                    p.words.dim { (&*self.settings.words) }
                }
                (given(words))
                ol {
                    li { div { (self.get(words)) } }
                    li {
                        div {
                            h2 { (words.open) }
                            p { (self.how_to_open(words)) }
                        }
                    }
                    li {
                        div {
                            h2 { (words.type_ticket) }
                            p { (words.type_note) }
                        }
                    }
                }
                section.warning {
                    h2 { (words.swindlers) }
                    p { (words.swindlers_lead) }
                    ul { @for sign in words.signs { li { (sign) } } }
                }
                @if self.visitor != Some(System::Pocket) {
                    (self.start(words))
                }
            }
            footer {
                (words.hub) ": " (self.hub)
                @if let Pin::Key(fingerprint) = self.pin {
                    br;
                    (words.key) ": " (short(fingerprint))
                }
            }
            script src="/ticket.js" {}
        };
        document(self.lang, organisation, &body)
    }

    fn organisation(&self) -> &str {
        match &*self.settings.organisation {
            "" => self.lang.words().nobody,
            name => name,
        }
    }

    /// What most visitors of the same system can run. Linux starts nothing that is for another kind of processor.
    fn best(&self) -> Option<&Offer> {
        let fitting = || {
            self.offers
                .iter()
                .filter(|o| Some(o.system) == self.visitor)
                .filter(|o| o.system != System::Linux || o.is_for_arm() == self.on_arm)
        };
        fitting()
            .find(|o| o.is_usual())
            .or_else(|| fitting().next())
    }

    fn get(&self, words: &Words) -> Markup {
        let best = self.best();
        let others = || self.offers.iter().filter(|offer| Some(*offer) != best);
        html! {
            h2 { (words.get) }
            @if self.visitor == Some(System::Pocket) {
                p.note { (words.pocket) }
            } @else if self.offers.is_empty() {
                p.note { (words.no_download) }
            } @else {
                p { (words.get_note) }
            }
            @if let Some(offer) = best {
                a.button href={ "/download/" (offer.name) } {
                    (words.download) " " (offer.system.name()) " " small { (size(offer)) }
                }
            }
            @if others().next().is_some() {
                details.small open[best.is_none() && self.visitor != Some(System::Pocket)] {
                    summary { (words.others) }
                    ul {
                        @for offer in others() {
                            li {
                                a href={ "/download/" (offer.name) } { (offer.system.name()) }
                                " (" (offer.machine) ", " (size(offer)) ")"
                            }
                        }
                    }
                }
            }
        }
    }

    fn how_to_open(&self, words: &Words) -> &'static str {
        match self.visitor {
            Some(System::Windows) => words.open_windows,
            Some(System::Macos) => words.open_macos,
            Some(System::Linux | System::Pocket) | None => words.open_linux,
        }
    }

    /// The way into a Helpme that is there. The field needs the script, since the ticket must not come to
    /// the hub; without it the user types the ticket in Helpme. (A form with such an address would do
    /// without, but browsers warn of it.)
    fn start(&self, words: &Words) -> Markup {
        let link = format!("helpme://{}/?key={}", self.hub, self.pin);
        html! {
            section {
                h2 { (words.have_it) }
                p { (words.have_note) }
                div hidden {
                    label for="ticket" { (words.ticket) }
                    input #ticket inputmode="numeric" autocomplete="off" maxlength="40" pattern=(TICKET)
                        title=(words.ten_digits) placeholder="482 913 0571";
                    p.small.dim { (words.ticket_stays) }
                }
                a.button #start href=(link) { (words.start) }
            }
        }
    }
}

/// As much of a fingerprint as Helpme shows.
fn short(fingerprint: Fingerprint) -> String {
    let bytes = fingerprint.bytes();
    let groups = bytes[..8].chunks(2);
    let groups = groups.map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]));
    groups.collect::<Vec<_>>().join(" ")
}

/// The page for every address that is none.
pub(super) fn nothing_here(lang: Lang) -> Markup {
    let words = lang.words();
    let body = html! {
        main {
            h1 { (words.nothing) }
            p { (words.nothing_note) }
            p { a href="/" { (words.back) } }
        }
    };
    document(lang, words.nothing, &body)
}

fn document(lang: Lang, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="/icon.svg";
            }
            body { (body) }
        }
    }
}

/// Where the ticket of a link is shown.
fn given(words: &Words) -> Markup {
    html! {
        p.note #given hidden { (words.ticket_given) output {} }
    }
}

fn size(offer: &Offer) -> String {
    format!("{} MB", offer.bytes.div_ceil(BYTES_PER_MB))
}
