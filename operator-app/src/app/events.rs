//! What the engine told goes into the state.

use std::time::Instant;

use operator_engine::{Command, Event, LogInProblem, NotStarted, Rows, ShownScreen, SystemTold};
use protocol::control::Name;
use protocol::{
    BroughtIn, Companion, EndedBy, EntryKind, Outcome, OwnAnswer, PeerId, RefusalCode, ReportDraft,
    ReportFacts, ReportId, Rights, SessionId, Shield, TicketState, WakeNews,
};
use ui_kit::words::{hindrance_for_operator, refusal_text};
use ui_kit::{Tone, Word, w};

use super::ConsoleApp;
use crate::phrases;
use crate::popups;
use crate::screen::Screen;
use crate::state::account::LogIn;
use crate::state::reports::Saved;
use crate::state::session::{Company, Driver, SessionNotice, SystemView};
use crate::state::showing::{ShowingBox, Stage};
use crate::state::tickets::{Places, Ticket, link};
use crate::views::chat;

impl ConsoleApp {
    pub(super) fn take_event(&mut self, event: Event) {
        let lang = self.state.lang;
        match event {
            Event::Connecting => {
                if self.display_name().is_none() {
                    self.state.account.log_in = LogIn::Connecting;
                }
            }
            Event::CodeWanted => {
                if self.display_name().is_some() {
                    // the line was lost for so long that it is a new log-in, without a list
                    self.logged_out(None);
                }
                self.state.account.log_in = LogIn::Connecting;
                self.state.account.code = Some(Default::default());
            }
            Event::LoggedIn { you, display_name } => {
                self.state.account.code = None;
                // it is used up, and the password is the account's
                self.state.account.form.invitation.clear();
                self.state.account.log_in = LogIn::In {
                    display_name: display_name.to_string(),
                };
                self.state.account.problem = None;
                self.state.account.is_unreached = false;
                self.state.computers.you = Some(you);
                self.remember_account();
                self.state.computers.habits = self.settings.habits();
            }
            Event::Permitted(permissions) => self.state.account.permitted = permissions,
            Event::Page(url) => self.has_page(url),
            Event::Organisation(name) => {
                self.state.tickets.organisation = name.into_string();
                self.fill_ticket_text();
            }
            Event::LogInFailed(problem) => {
                self.state.account.retype_password = is_wrong_password(&problem);
                self.logged_out(Some(phrases::log_in_problem(lang, &problem)));
                self.state.account.is_unreached = matches!(problem, LogInProblem::NotReached(_));
            }
            Event::LoggedOut(why) => {
                self.logged_out(why.map(|refusal| refusal_text(lang, refusal)));
            }
            Event::OwnAnswered { number, answer } => self.take_own(number, answer),
            Event::ConnectionLost { .. } => {
                if let Some(form) = &mut self.state.own {
                    form.lost();
                }
                self.state.account.code = None;
                self.state.tickets.waiting = false;
                if let Some(display_name) = self.display_name() {
                    self.state.account.log_in = LogIn::Retrying { display_name };
                } else {
                    // there was no log-in yet, so there is no list
                    let problem = phrases::keeps_trying(lang).to_owned();
                    self.state.account.problem = Some(problem);
                    self.state.account.is_unreached = true;
                }
            }
            Event::Reconnected => {
                let display_name = self.display_name().unwrap_or_default();
                self.state.account.log_in = LogIn::In { display_name };
                self.notices.push(Tone::Good, w(lang, Word::LineBack));
            }
            Event::TicketGenerated {
                route,
                spoken,
                valid_seconds,
            } => {
                self.state.tickets.forget_note(route);
                self.add_ticket(route, spoken, valid_seconds);
                self.fill_ticket_text();
                self.state.tickets.waiting = false;
            }
            Event::TicketKept {
                route,
                spoken,
                valid_seconds,
            } => {
                self.add_ticket(route, spoken, valid_seconds);
                self.fill_ticket_text();
            }
            Event::TicketWasUsed { route, spoken, .. } => {
                self.state.tickets.used_before.insert(route, spoken);
            }
            Event::TicketRefused(refusal) => {
                self.state.tickets.waiting = false;
                let text = refusal_text(lang, refusal);
                let text = format!("{} {text}", phrases::ticket_refused_title(lang));
                self.notices.push(Tone::Danger, text);
            }
            Event::TicketChanged { route, state } => {
                if let Some(ticket) = self.state.tickets.get_mut(route) {
                    ticket.state = state;
                }
            }
            Event::TicketExtended {
                route,
                valid_seconds,
            } => {
                let until = self.state.clock.now_unix_seconds + i64::from(valid_seconds);
                if let Some(ticket) = self.state.tickets.get_mut(route) {
                    ticket.expires_unix_seconds = until;
                }
            }
            Event::TicketGuessed { route } => {
                if let Some(ticket) = self.state.tickets.get_mut(route) {
                    ticket.guesses = ticket.guesses.saturating_add(1);
                }
            }
            Event::TicketUsed { route, host } => {
                let name = self.host_name(host);
                if let Some(ticket) = self.state.tickets.get_mut(route) {
                    ticket.state = TicketState::Used;
                    ticket.host = name;
                }
            }
            Event::ConsentPending { session, host } => {
                self.state.computers.asked.insert(host, Some(session));
            }
            Event::SessionRefused { host, why } => {
                self.state.computers.asked.remove(&host);
                self.sessions.forget_asked(host);
                let name = self.host_name(host).unwrap_or_default();
                let tone = if why == NotStarted::Forged {
                    Tone::Danger
                } else {
                    Tone::Warning
                };
                if let Some(text) = phrases::not_started(lang, &name, why) {
                    self.notices.push(tone, text);
                }
            }
            Event::HostOpened { host, place } => {
                self.state.opening.take_if(|open| open.host == host);
                self.sessions.has_moved(host, place);
                self.state.computers.opened.insert(place);
                self.state.computers.asked.insert(place, None);
                if self.state.computers.selected == Some(host) {
                    self.state.computers.selected = Some(place);
                }
            }
            Event::HostNotOpened { host, why } => {
                self.sessions.forget_asked(host);
                let open = self.state.opening.as_mut();
                if let Some(open) = open.filter(|open| open.host == host) {
                    let problem = phrases::not_opened(lang, why);
                    let code = match why {
                        NotStarted::Refused(refusal) => Some(refusal.code),
                        NotStarted::NoKey
                        | NotStarted::Withdrawn
                        | NotStarted::NotConnected
                        | NotStarted::Forged => None,
                    };
                    match code {
                        Some(RefusalCode::NO_REASON) => open.wants_reason(problem),
                        Some(RefusalCode::CODE_NEEDED | RefusalCode::CODE_WRONG) => {
                            open.needs_code(problem);
                        }
                        Some(_) | None => open.failed(problem),
                    }
                }
            }
            Event::Waking { host, news } => self.take_wake_news(host, &news),
            Event::ShowingBegun { colleague, seconds } => {
                let until_unix_seconds = self.state.clock.now_unix_seconds + i64::from(seconds);
                let open = self.state.showing.as_mut();
                if let Some(open) = open.filter(|open| open.colleague == colleague) {
                    open.stage = Stage::Typing { until_unix_seconds };
                    open.focus = true;
                }
            }
            Event::ShowingAsked {
                colleague,
                name,
                control,
                seconds,
            } => {
                let until = self.state.clock.now_unix_seconds + i64::from(seconds);
                let open = ShowingBox::asked(colleague, name.to_string(), control, until);
                self.state.showing = Some(open);
                self.wants_front = true;
            }
            Event::ShowScreen { colleague, shown } => {
                self.state
                    .showing
                    .take_if(|open| open.colleague == colleague);
                self.show_screen(*shown);
            }
            Event::ShowingOpened { colleague, place } => {
                self.state
                    .showing
                    .take_if(|open| open.colleague == colleague);
                self.sessions.has_moved(colleague, place);
                self.state.computers.opened.insert(place);
                self.state.computers.asked.insert(place, None);
            }
            Event::ShowingOver { colleague, why } => {
                self.sessions.forget_asked(colleague);
                self.showing_over(colleague, why);
            }
            Event::SessionStarted {
                session,
                host,
                rights,
                input,
                wishes,
            } => {
                self.state.computers.asked.remove(&host);
                self.state.computers.in_session.insert(host, session);
                self.keep_helped(host);
                self.open_session_window(session, host, rights, (input, wishes));
            }
            Event::RightsChanged { session, rights } => {
                self.sessions.change(session, |state| {
                    state.rights = rights;
                    state.all_keys &= rights.has(Rights::CONTROL);
                });
            }
            Event::SessionPaused { session } => {
                self.sessions.change(session, |state| {
                    state.paused = true;
                    state.browser.line_lost();
                });
            }
            Event::SessionResumed { session } => self.sessions.change(session, |state| {
                state.paused = false;
                if state.browser.open {
                    state.open_browser();
                }
                let text = w(lang, Word::LineBack).to_owned();
                state.notices.push(SessionNotice {
                    text,
                    is_problem: false,
                });
            }),
            Event::LineChanged { session, line } => {
                self.sessions.take_line(session, line);
            }
            Event::InputNotDelivered { session, count } => {
                self.sessions.change(session, |state| {
                    state.notices.push(SessionNotice {
                        text: phrases::not_delivered(lang, count),
                        is_problem: true,
                    });
                });
            }
            Event::InputImpossible { session, count } => {
                self.sessions.change(session, |state| {
                    state.notices.push(SessionNotice {
                        text: phrases::cannot_be_typed(lang, count),
                        is_problem: true,
                    });
                });
            }
            Event::System { session, told } => self.sessions.change(session, |state| {
                let Some(system) = &mut state.system else {
                    return;
                };
                system.view = match told {
                    SystemTold::Is(told) => SystemView::Is(told),
                    SystemTold::Refused => {
                        SystemView::Not(phrases::system::refused(lang).to_owned())
                    }
                    SystemTold::Withheld => {
                        SystemView::Not(phrases::system::withheld(lang).to_owned())
                    }
                    SystemTold::NotConnected => SystemView::Not(w(lang, Word::LineLost).to_owned()),
                };
            }),
            Event::Withheld { session, withheld } => self.sessions.change(session, |state| {
                state.withheld = withheld;
                if !withheld {
                    let text = phrases::user_goes_on(lang).to_owned();
                    state.notices.push(SessionNotice {
                        text,
                        is_problem: false,
                    });
                }
            }),
            Event::Shields { session, shields } => self.sessions.change(session, |state| {
                let before = state.shields.replace(shields).unwrap_or_default();
                for shield in Shield::ALL {
                    let (before, now) = (before.of(shield), shields.of(shield));
                    let news = phrases::shields::news(lang, shield, before, now);
                    state.notices.extend(news.map(|text| SessionNotice {
                        text: text.to_owned(),
                        is_problem: false,
                    }));
                }
            }),
            Event::SharesOnly { session, monitor } => self.sessions.change(session, |state| {
                state.shares_only = monitor.map(Name::into_string);
            }),
            Event::Equipped { session, equipment } => self.sessions.equipped(session, equipment),
            Event::HostHindered { host, hindrances } => {
                self.state.computers.hindrances.insert(host, hindrances);
                if let Some(session) = self.state.computers.in_session.get(&host) {
                    self.sessions.change(*session, |state| {
                        let before = std::mem::replace(&mut state.hindrances, hindrances);
                        let news = hindrances.input.filter(|_| before.input.is_none());
                        if let Some(hindrance) = news.filter(|_| state.rights.has(Rights::CONTROL))
                        {
                            state.notices.push(SessionNotice {
                                text: hindrance_for_operator(lang, hindrance).to_owned(),
                                is_problem: true,
                            });
                        }
                    });
                }
            }
            Event::Forged { host } => {
                let name = self.host_name(host).unwrap_or_default();
                let text = phrases::about(lang, &name, phrases::forged(lang));
                self.notices.push(Tone::Danger, text);
            }
            Event::ChatHeard { host, lines } => {
                self.state.chats.heard(host, lines);
                if let Some(session) = self.state.computers.in_session.get(&host) {
                    self.sessions
                        .change(*session, |state| state.chat.heard(lines));
                }
            }
            Event::SessionEnded { session, by, facts } => self.session_ended(session, by, facts),
            Event::SessionLeft { session, by } => self.session_left(session, by),
            Event::Company {
                session,
                operators,
                driver,
            } => {
                let company = company(self.state.computers.you, &operators, driver);
                self.sessions
                    .change(session, |state| state.company = company);
            }
            Event::Watched { session, by } => {
                let names = by.iter().map(ToString::to_string).collect();
                self.sessions
                    .change(session, |state| state.watched_by = names);
            }
            Event::Transfer { session, transfer } => {
                self.sessions
                    .change(session, |state| state.files.take(transfer));
            }
            Event::Browse { session, answer } => {
                self.sessions
                    .change(session, |state| state.browse_answered(answer));
            }
            Event::Listing {
                session,
                listing,
                part,
            } => {
                self.sessions
                    .change(session, |state| state.browser.take(listing, part));
            }
            Event::NotPasted {
                session,
                here,
                fault,
            } => {
                self.sessions.change(session, |state| {
                    state.notices.push(SessionNotice {
                        text: phrases::not_pasted(lang, here, fault),
                        is_problem: true,
                    });
                });
            }
            Event::MomentMarked { session, outcome } => {
                let (text, is_problem) = match outcome {
                    Outcome::Done => (phrases::moment_marked(lang).to_owned(), false),
                    Outcome::Refused(refusal) => (refusal_text(lang, refusal), true),
                };
                self.sessions.change(session, |state| {
                    state.notices.push(SessionNotice { text, is_problem });
                });
            }
            Event::BroughtIn { session, outcome } => self.brought_in(session, &outcome),
            Event::ChatReceived { host, line } => self.take_chat(host, line),
            Event::ChatNotSent { host, text } => {
                let draft = &mut self.state.chats.get_or_new(host).draft;
                if draft.is_empty() {
                    *draft = text.to_string();
                }
                self.notices
                    .push(Tone::Warning, phrases::chat_not_sent(lang));
            }
            Event::ReportSaved {
                report,
                finished,
                outcome,
            } => self.report_saved(report, finished, outcome),
            Event::ReportRescued { report } => {
                tracing::info!(%report, "Report rescued");
                self.notices.push(Tone::Good, phrases::report_rescued(lang));
            }
            Event::NotesKept(notes) => self.state.take_notes(notes),
            Event::Drafts(drafts) => {
                self.state.reports.drafts = drafts;
                for (report, draft) in self.state.notes_into_drafts() {
                    self.save_draft(report, draft);
                }
            }
            Event::ReportForms { categories, fields } => {
                self.state.reports.forms(categories, fields);
            }
            Event::AboutReport {
                report,
                proposal,
                fields,
                earlier,
            } => self.state.reports.told(report, proposal, fields, earlier),
            Event::Feedback { report, feedback } => self.state.reports.rated(report, feedback),
            Event::NotKept { detail } => {
                let text = format!("{} {detail}", phrases::not_kept(lang));
                self.notices.push(Tone::Danger, text);
            }
            other => tracing::debug!(event = ?other, "Event of a newer engine"),
        }
    }

    /// Why nothing is shown stands in the box; beside it where another question has taken its place.
    fn showing_over(&mut self, colleague: PeerId, why: NotStarted) {
        let lang = self.state.lang;
        let open = self.state.showing.as_mut();
        let open = open.filter(|open| open.colleague == colleague);
        let asks = open.as_ref().is_none_or(|open| open.asks);
        let Some(problem) = phrases::not_shown(lang, asks, why) else {
            return;
        };
        if let Some(open) = open {
            open.is_over(problem);
        } else {
            self.notices.push(Tone::Warning, problem);
        }
    }

    /// The colleague and this operator typed the same word.
    fn show_screen(&mut self, shown: ShownScreen) {
        match self.backend.show_screen(shown, self.state.lang) {
            Ok(screen) => self.screens.extend(screen),
            Err(error) => {
                tracing::error!(%error, "The screen cannot be shown");
                let text = refusal_text(self.state.lang, RefusalCode::CANNOT_SHOW.into());
                self.notices.push(Tone::Danger, text);
            }
        }
    }

    /// What the operator is called by the hub that the console is logged in at, or was.
    fn display_name(&self) -> Option<String> {
        match &self.state.account.log_in {
            LogIn::In { display_name } | LogIn::Retrying { display_name } => {
                Some(display_name.clone())
            }
            LogIn::Out | LogIn::Connecting => None,
        }
    }

    fn logged_out(&mut self, problem: Option<String>) {
        self.state.account.log_in = LogIn::Out;
        self.state.own = None;
        self.state.account.code = None;
        self.state.account.problem = problem;
        self.state.account.is_unreached = false;
        self.state.computers.you = None;
        self.state.opening = None;
        self.state.showing = None;
        self.screens.drain(..).for_each(Screen::leave);
        self.state.computers.opened.clear();
        self.state.computers.asked.clear();
        self.state.tickets.waiting = false;
        self.popups.forget();
        self.take_rows(Rows::default());
    }

    fn take_own(&mut self, number: u32, answer: OwnAnswer) {
        let form = self.state.own.as_mut();
        // one for a dialog that was closed is of no use any more
        let Some(form) = form.filter(|_| number == self.last_own) else {
            return;
        };
        if let Some(password) = form.take(answer) {
            self.password.clone_from(&password);
            self.state.account.form.password = password;
            self.keep_password(&self.settings);
        }
    }

    /// Remembers when this operator helped at a permanent host.
    fn keep_helped(&mut self, host: PeerId) {
        let entry = self.state.computers.get(host);
        let Some(entry) = entry.filter(|entry| entry.kind == EntryKind::PermanentHost) else {
            return;
        };
        let (name, now) = (entry.name.to_string(), self.state.clock.now_unix_seconds);
        self.state.computers.habits.keep_helped(&name, now);
        self.keep_habits();
    }

    fn take_wake_news(&mut self, host: PeerId, news: &WakeNews) {
        let name = self.host_name(host).unwrap_or_default();
        let computers = &mut self.state.computers;
        if matches!(news, WakeNews::Begun { .. }) {
            computers.woken.insert(host);
        } else {
            computers.woken.remove(&host);
        }
        let tone = match news {
            WakeNews::Begun { .. } => Tone::Neutral,
            WakeNews::Connected => Tone::Good,
            WakeNews::Refused(_) | WakeNews::Silent | WakeNews::NotSent => Tone::Warning,
        };
        let text = phrases::waking::news(self.state.lang, &name, news);
        self.notices.push(tone, text);
    }

    pub(super) fn take_rows(&mut self, rows: Rows) {
        let (you, lang) = (self.state.computers.you, self.state.lang);
        if you.is_some() {
            self.popups.take_list(&rows, you, lang, Instant::now());
        }
        self.state.computers.update(rows);
        // a ticket can be used before its host's row is here
        for entry in self.state.computers.entries.iter() {
            let Some(route) = entry.ticket else { continue };
            if let Some(ticket) = self.state.tickets.get_mut(route)
                && ticket.state == TicketState::Used
                && ticket.host.is_none()
            {
                ticket.host = Some(entry.name.to_string());
            }
        }
    }

    /// The name of a computer that is or was in the list.
    pub(super) fn host_name(&self, host: PeerId) -> Option<String> {
        let here = self.state.computers.get(host);
        let known = here.map(|entry| entry.name.to_string());
        known.or_else(|| self.state.chats.get(host).map(|chat| chat.name.clone()))
    }

    fn add_ticket(&mut self, route: protocol::TicketRoute, spoken: String, valid_seconds: u32) {
        let now = self.state.clock.now_unix_seconds;
        let note = self.state.tickets.note_from_before(route);
        self.state.tickets.add(Ticket {
            route,
            spoken,
            expires_unix_seconds: now.saturating_add(valid_seconds.into()),
            state: TicketState::Open,
            guesses: 0,
            host: None,
            note,
        });
    }

    /// Puts the newest ticket into the prepared text (O6).
    pub(super) fn fill_ticket_text(&mut self) {
        let Some(newest) = self.state.tickets.newest() else {
            return;
        };
        let ticket = newest.spoken.clone();
        let minutes = newest.minutes_left(self.state.clock.now_unix_seconds);
        let page = self.state.tickets.page.clone().unwrap_or_default();
        let user = || self.state.account.form.user.clone();
        let operator = self.display_name().unwrap_or_else(user);
        let organisation = self.state.tickets.organisation.clone();
        let house = self.house_template();
        let places = Places {
            ticket: &ticket,
            page: &page,
            operator: &operator,
            organisation: &organisation,
            minutes,
        };
        self.state.tickets.link = link(places);
        self.state.tickets.fill(house, places);
    }

    /// The house's text for users: with a link where the hub has a page for it.
    pub(super) fn house_template(&self) -> &'static str {
        let has_page = self.state.tickets.page.is_some();
        ui_kit::words::ticket_template(self.state.lang, has_page)
    }

    fn has_page(&mut self, url: String) {
        // it goes into mails: nothing that reads as anything else
        let is_url = url.starts_with("https://") && url.chars().all(|c| c.is_ascii_graphic());
        let page = is_url.then_some(url);
        if self.state.tickets.page != page {
            self.state.tickets.page = page;
            self.fill_ticket_text();
        }
    }

    fn take_chat(&mut self, host: PeerId, line: protocol::ChatLine) {
        let lang = self.state.lang;
        let by_user = line.author == protocol::ChatAuthor::User;
        let in_window = self
            .state
            .computers
            .in_session
            .get(&host)
            .is_some_and(|session| self.sessions.take_chat(*session, &line));
        let in_sight = in_window || chat::is_in_sight(&self.state, host);
        if by_user && !in_sight {
            let text = phrases::wrote(lang, &line.name, &line.text);
            self.notices.push(Tone::Accent, text);
        }
        let name = self.host_name(host);
        if by_user && self.settings.popups.messages && !(in_sight && self.sessions.any_has_focus())
        {
            let from = name.as_deref().unwrap_or(&line.name);
            self.show_popup(popups::message(lang, from, &line.text));
        }
        let chat = self.state.chats.get_or_new(host);
        if let Some(name) = name {
            chat.name = name;
        }
        self.state.chats.take(host, line, in_sight);
    }

    /// What became of a colleague: the dialog says so, or goes.
    fn brought_in(&mut self, session: SessionId, outcome: &BroughtIn) {
        let lang = self.state.lang;
        self.sessions.change(session, |state| {
            let text = phrases::brought_in(lang, outcome);
            if matches!(outcome, BroughtIn::Met { .. }) {
                state.bring_in = None;
                state.notices.push(SessionNotice {
                    text,
                    is_problem: false,
                });
            } else if let Some(open) = &mut state.bring_in {
                open.waiting = false;
                open.problem = Some(text);
            }
        });
    }

    /// The session goes on without this operator.
    fn session_left(&mut self, session: SessionId, by: EndedBy) {
        let lang = self.state.lang;
        let running = &mut self.state.computers.in_session;
        running.retain(|_, running| *running != session);
        if by == EndedBy::User {
            self.notices.push(Tone::Warning, phrases::sent_away(lang));
        } else if by == EndedBy::Forged {
            self.notices.push(Tone::Danger, phrases::left_forged(lang));
        } else {
            self.notices.push(Tone::Neutral, phrases::handed_over(lang));
        }
        self.sessions.ended(session, by);
        self.close_session_window(session);
    }

    fn session_ended(&mut self, session: SessionId, by: EndedBy, facts: Option<ReportFacts>) {
        let lang = self.state.lang;
        let in_session = &mut self.state.computers.in_session;
        let host = in_session.iter().find(|(_, running)| **running == session);
        let host = host.map(|(host, _)| *host);
        in_session.retain(|_, running| *running != session);
        let hindrances = host.map(|host| self.state.computers.hindrances_of(host));
        let over = phrases::session_over(lang, by, hindrances.unwrap_or_default());
        self.state
            .computers
            .asked
            .retain(|_, asked| *asked != Some(session));
        let had_window = self.sessions.ended(session, by);
        if by == EndedBy::NoCapture && facts.is_some() && !had_window {
            // no window says why there never was a picture
            self.notices.push(Tone::Warning, over.clone());
        }
        if let Some(facts) = facts {
            // what ended it against everybody's will is in the report from the start
            let mut draft = ReportDraft::default();
            let mut notes = self.state.reports.take_notes(session);
            if !matches!(by, EndedBy::User | EndedBy::Operator) {
                notes.insert(0, over.clone());
            }
            let tickets = &mut self.state.tickets;
            let about = facts
                .ticket
                .and_then(|route| tickets.note_for_report(route));
            draft.problem = about.unwrap_or_default().as_str().into();
            draft.notes = notes.join("\n\n").as_str().into();
            self.state.reports.keep_draft(facts.clone(), draft.clone());
            if draft != ReportDraft::default() {
                self.save_draft(facts.report, draft.clone());
            }
            if !self.settings.action_feed_back {
                self.notices
                    .push(Tone::Neutral, phrases::report_follows(lang));
            } else if had_window {
                self.sessions.report_follows(session, facts);
            } else {
                self.state.reports.open(facts, &draft);
            }
        } else {
            self.notices.push(Tone::Warning, over);
        }
        if !had_window {
            self.close_session_window(session);
        }
    }

    /// Saves what was put together for a report that no window shows.
    fn save_draft(&self, report: ReportId, draft: ReportDraft) {
        let save = Command::SaveReport {
            report,
            draft,
            fields: Vec::new(),
            finished: false,
        };
        if !self.backend.send(save) {
            tracing::warn!("The draft is not saved yet");
        }
    }

    fn report_saved(&mut self, report: ReportId, finished: bool, outcome: Outcome) {
        let lang = self.state.lang;
        match outcome {
            Outcome::Done if finished => {
                self.state.reports.finished(report);
                self.notices
                    .push(Tone::Good, phrases::report_finished(lang));
            }
            Outcome::Done => {
                if let Some(mut open) = self.state.reports.get(report)
                    && open.saved == Saved::OnDisk
                {
                    open.saved = Saved::WithHub;
                }
            }
            Outcome::Refused(refusal) => {
                if let Some(mut open) = self.state.reports.get(report) {
                    open.saved = Saved::Refused;
                    open.finishing = false;
                }
                let text = refusal_text(lang, refusal);
                let text = format!("{text} {}", phrases::saved_here_only(lang));
                self.notices.push(Tone::Danger, text);
            }
        }
    }
}

/// Who else is there, and who drives, as `you` read it.
fn company(you: Option<PeerId>, operators: &[Companion], driver: Option<PeerId>) -> Company {
    let others = operators.iter().filter(|o| Some(o.operator) != you);
    let others: Vec<String> = others.map(|o| o.name.to_string()).collect();
    let drives = operators.iter().find(|o| Some(o.operator) == driver);
    let driver = match drives {
        None => Driver::Nobody,
        Some(drives) if Some(drives.operator) == you => Driver::You,
        Some(drives) => Driver::Other(drives.name.to_string()),
    };
    Company { others, driver }
}

fn is_wrong_password(problem: &LogInProblem) -> bool {
    match problem {
        LogInProblem::Refused(refusal) => refusal.code == RefusalCode::WRONG_CREDENTIALS,
        LogInProblem::NotReached(_) => false,
    }
}
