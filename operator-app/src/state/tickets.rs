//! Tickets of this console and the text that goes to the user (O6).

use std::collections::BTreeMap;

use protocol::{TicketRoute, TicketState};

use super::templates::Templates;

/// Most tickets that are remembered; the oldest that are over make room.
const MAX_TICKETS: usize = 50;

/// One ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub route: TicketRoute,
    /// As it is read aloud: `482 913 0571`.
    pub spoken: String,
    pub expires_unix_seconds: i64,
    pub state: TicketState,
    /// Wrong tries so far.
    pub guesses: u32,
    /// The computer that came with it.
    pub host: Option<String>,
    /// What it is about, as the operator noted it; the report of its session begins with that.
    pub note: String,
}

impl Ticket {
    /// What is left of its time, in minutes, as people are told it: never 0.
    pub fn minutes_left(&self, now_unix_seconds: i64) -> u32 {
        self.seconds_left(now_unix_seconds).div_ceil(60).max(1)
    }

    /// What is left of its time, in seconds.
    pub fn seconds_left(&self, now_unix_seconds: i64) -> u32 {
        let left = self.expires_unix_seconds.saturating_sub(now_unix_seconds);
        u32::try_from(left.max(0)).unwrap_or(u32::MAX)
    }

    /// The state, with time that ran out before the hub said so.
    pub fn state_at(&self, now_unix_seconds: i64) -> TicketState {
        if self.state == TicketState::Open && self.seconds_left(now_unix_seconds) == 0 {
            TicketState::Expired
        } else {
            self.state
        }
    }
}

/// What goes into the places of a template.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    pub ticket: &'a str,
    /// The hub's page for users; empty if it has none.
    pub page: &'a str,
    pub operator: &'a str,
    /// Whose help desk it is; empty where that is not set.
    pub organisation: &'a str,
    /// How long the ticket is good, in minutes.
    pub minutes: u32,
}

/// All tickets, the newest last, and the text.
#[derive(Debug, Default)]
pub struct Tickets {
    pub all: Vec<Ticket>,
    /// Spoken texts of tickets that hosts came with before the program was started anew.
    pub used_before: BTreeMap<TicketRoute, String>,
    /// Notes on tickets of an earlier run, which are not in the list.
    noted_before: BTreeMap<TicketRoute, String>,
    /// Notes that reports have, as they were then.
    reported: BTreeMap<TicketRoute, String>,
    /// The hub's page for users, if it has one.
    pub page: Option<String>,
    /// Whose help desk it is, as the hub says; empty where that is not set.
    pub organisation: String,
    /// The hub was asked for a ticket and has not answered.
    pub waiting: bool,
    /// The link of the newest ticket; empty without a page.
    pub link: String,
    /// The prepared text with the ticket in it, as the operator edits it.
    pub text: String,
    pub templates: Templates,
    /// The QR code of the link is shown.
    pub qr_open: bool,
    /// The field for the newest ticket's note is shown though there is none yet.
    pub note_open: bool,
}

impl Tickets {
    pub fn new(templates: Templates) -> Self {
        Self {
            templates,
            ..Self::default()
        }
    }

    /// The newest ticket.
    pub fn newest(&self) -> Option<&Ticket> {
        self.all.last()
    }

    /// Whether a ticket's time must be shown running.
    pub fn any_open(&self, now_unix_seconds: i64) -> bool {
        self.all
            .iter()
            .any(|ticket| ticket.state_at(now_unix_seconds) == TicketState::Open)
    }

    pub fn get_mut(&mut self, route: TicketRoute) -> Option<&mut Ticket> {
        self.all.iter_mut().rev().find(|t| t.route == route)
    }

    /// What was noted on the ticket behind a route.
    pub fn note(&self, route: TicketRoute) -> &str {
        let made = self.all.iter().rev().find(|t| t.route == route);
        let before = || self.noted_before.get(&route).map(String::as_str);
        let note = made.map(|ticket| ticket.note.as_str()).or_else(before);
        note.map_or("", str::trim)
    }

    /// What was noted on the ticket behind a route and is in no report yet; the report has it now.
    pub fn note_for_report(&mut self, route: TicketRoute) -> Option<String> {
        let note = self.note(route).to_owned();
        let is_new = !note.is_empty() && self.reported.get(&route) != Some(&note);
        is_new.then(|| {
            self.reported.insert(route, note.clone());
            note
        })
    }

    /// The notes that no report has.
    pub fn notes(&self) -> BTreeMap<TicketRoute, String> {
        let now = self.all.iter().map(|ticket| ticket.route);
        let routes = self.noted_before.keys().copied().chain(now);
        let notes = routes.map(|route| (route, self.note(route).to_owned()));
        notes
            .filter(|(route, note)| !note.is_empty() && self.reported.get(route) != Some(note))
            .collect()
    }

    /// Takes the notes of an earlier run; told before its tickets are.
    pub fn take_notes(&mut self, notes: BTreeMap<TicketRoute, String>) {
        let newest = notes.len().saturating_sub(MAX_TICKETS);
        self.noted_before = notes.into_iter().skip(newest).collect();
        self.reported.clear();
    }

    /// The note that the ticket behind a route had in an earlier run.
    pub fn note_from_before(&mut self, route: TicketRoute) -> String {
        self.noted_before.remove(&route).unwrap_or_default()
    }

    /// The route has another ticket now: what was noted is about one that is over.
    pub fn forget_note(&mut self, route: TicketRoute) {
        self.noted_before.remove(&route);
        self.reported.remove(&route);
    }

    /// The whole ticket behind a route, if it was made here.
    pub fn spoken(&self, route: TicketRoute) -> Option<&str> {
        let made = self.all.iter().rev().find(|t| t.route == route);
        let made = made.map(|ticket| &ticket.spoken);
        made.or_else(|| self.used_before.get(&route))
            .map(String::as_str)
    }

    /// Takes a new ticket.
    pub fn add(&mut self, ticket: Ticket) {
        // a route can be used again once its ticket is over
        self.all.retain(|known| known.route != ticket.route);
        if self.all.len() >= MAX_TICKETS {
            let over = self.all.iter().position(|t| t.state != TicketState::Open);
            self.all.remove(over.unwrap_or(0));
        }
        self.all.push(ticket);
        self.note_open = false;
    }

    /// Puts `places` into the template; the result is what **Copy** and **E-mail** take.
    pub fn fill(&mut self, house_template: &str, places: Places<'_>) {
        let own = self.templates.chosen();
        let template = own.map_or(house_template, |own| &own.text);
        self.text = filled(template, places);
    }
}

/// `template` with its places filled.
pub fn filled(template: &str, places: Places<'_>) -> String {
    // the ticket goes in last, so that nothing inside a name counts as a place
    template
        .replace("{link}", &link(places))
        .replace("{page}", places.page)
        .replace("{operator}", places.operator)
        .replace("{organisation}", places.organisation)
        .replace("{minutes}", &places.minutes.to_string())
        .replace("{ticket}", places.ticket)
}

/// The page's address with the ticket behind `#`, where no browser sends it to anybody; empty without a page.
pub fn link(places: Places<'_>) -> String {
    if places.page.is_empty() {
        return String::new();
    }
    let ticket = places.ticket.replace(' ', "-");
    format!("{}/#{ticket}", places.page.trim_end_matches('/'))
}

/// Whether a template has a place for the ticket. The link alone is none: it is empty without a page.
pub fn holds_ticket(template: &str) -> bool {
    template.contains("{ticket}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::templates::Template;

    fn ticket(route: u32, state: TicketState) -> Ticket {
        Ticket {
            route: TicketRoute::new(route).expect("four digits"),
            spoken: "482 913 0571".to_owned(),
            expires_unix_seconds: 100,
            state,
            guesses: 0,
            host: None,
            note: String::new(),
        }
    }

    #[test]
    fn o6_the_prepared_text_holds_the_ticket_and_the_page() {
        let own = Template {
            name: "mine".to_owned(),
            text: "{operator} of {organisation}: {ticket} at {page}, {minutes} min".to_owned(),
        };
        let mut tickets = Tickets::new(Templates::new(vec![own], Some("mine")));
        let places = Places {
            ticket: "482 913 0571",
            page: "https://hub",
            operator: "Otto",
            organisation: "Rossi & Co",
            minutes: 15,
        };
        tickets.fill("unused", places);
        let wanted = "Otto of Rossi & Co: 482 913 0571 at https://hub, 15 min";
        assert_eq!(tickets.text, wanted);
    }

    #[test]
    fn h2_a_link_carries_the_ticket_behind_the_sign_that_stays_in_the_browser() {
        let text = |page| {
            let places = Places {
                ticket: "482 913 0571",
                page,
                operator: "{link}",
                organisation: "",
                minutes: 15,
            };
            filled("{ticket}: {link} {operator}", places)
        };
        for page in [
            "https://hub.example.org:8443/",
            "https://hub.example.org:8443",
        ] {
            let link = "https://hub.example.org:8443/#482-913-0571";
            assert_eq!(text(page), format!("482 913 0571: {link} {{link}}"));
        }
        assert_eq!(text(""), "482 913 0571:  {link}");
    }

    #[test]
    fn open_tickets_are_kept_and_old_ones_make_room() {
        let mut tickets = Tickets::default();
        tickets.add(ticket(1, TicketState::Open));
        for route in 2..200 {
            tickets.add(ticket(route, TicketState::Used));
        }
        assert_eq!(tickets.all.len(), MAX_TICKETS);
        assert_eq!(tickets.all[0].route.get(), 1);
    }

    #[test]
    fn a_ticket_whose_time_is_over_is_expired_before_the_hub_says_so() {
        let open = ticket(1, TicketState::Open);
        assert_eq!(open.state_at(99), TicketState::Open);
        assert_eq!(open.state_at(100), TicketState::Expired);
        assert_eq!(
            ticket(1, TicketState::Used).state_at(100),
            TicketState::Used
        );
    }
}
