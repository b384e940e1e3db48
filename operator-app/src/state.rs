//! What the console knows. Views read it, [`crate::app`] changes it.

pub mod account;
pub mod browser;
pub mod chats;
pub mod computers;
pub mod notes;
pub mod opening;
pub mod proxy;
pub mod reports;
pub mod session;
pub mod showing;
pub mod snippets;
pub mod templates;
pub mod tickets;
pub mod unlocking;
pub mod view;

use operator_engine::Notes;
use protocol::{ReportDraft, ReportId, UpdateState};
use ui_kit::{Lang, OwnForm};

use account::Account;
use chats::Chats;
use computers::Computers;
use notes::Noting;
use opening::OpeningHost;
use reports::Reports;
use showing::ShowingBox;
use snippets::Snippets;
use templates::Templates;
use tickets::Tickets;
use ui_kit::{Clock, Examination};
use unlocking::Unlocking;

/// Everything that the main window shows.
#[derive(Debug)]
pub struct ConsoleState {
    pub lang: Lang,
    pub clock: Clock,
    pub account: Account,
    pub computers: Computers,
    pub tickets: Tickets,
    pub chats: Chats,
    pub reports: Reports,
    pub noting: Noting,
    /// Texts for conversations.
    pub snippets: Snippets,
    pub side: Side,
    /// The host that **Disconnect this PC** was chosen for, while the console asks if that is meant.
    pub disconnecting: Option<protocol::PeerId>,
    /// The permanent host whose access password is being typed.
    pub opening: Option<OpeningHost>,
    /// A colleague's screen is asked for, or this one's, while that is open.
    pub showing: Option<ShowingBox>,
    /// The passphrase of remembered passwords is asked for.
    pub unlocking: Option<Unlocking>,
    /// **Check the connection**, while it is open.
    pub examination: Option<Examination>,
    /// A newer version of the console.
    pub update: Update,
    pub settings_open: bool,
    pub drafts_open: bool,
    /// **Your account**, while it is open.
    pub own: Option<OwnForm>,
}

/// A newer version of the console.
#[derive(Debug, Default)]
pub struct Update {
    pub state: UpdateState,
    /// **Later** was said of this state: it is not shown until there is another.
    pub put_off: Option<UpdateState>,
    /// A session runs.
    pub busy: bool,
}

impl Update {
    /// What is shown of it.
    pub fn shown(&self) -> Option<&UpdateState> {
        let is_news =
            self.state != UpdateState::Newest && self.put_off.as_ref() != Some(&self.state);
        is_news.then_some(&self.state)
    }
}

/// What the panel at the right shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    #[default]
    Tickets,
    Chat,
}

impl ConsoleState {
    /// The state before anything happened.
    pub fn new(lang: Lang, clock: Clock, account: Account, templates: Templates) -> Self {
        Self {
            lang,
            clock,
            account,
            computers: Computers::default(),
            tickets: Tickets::new(templates),
            chats: Chats::default(),
            reports: Reports::default(),
            noting: Noting::default(),
            snippets: Snippets::default(),
            side: Side::Tickets,
            disconnecting: None,
            opening: None,
            showing: None,
            unlocking: None,
            examination: None,
            update: Update::default(),
            settings_open: false,
            drafts_open: false,
            own: None,
        }
    }

    /// What was noted and is in no report yet.
    pub fn notes(&self) -> Notes {
        Notes {
            tickets: self.tickets.notes(),
            sessions: self.reports.notes().clone(),
        }
    }

    /// Takes the notes of an earlier run, or of whoever logged in now.
    pub fn take_notes(&mut self, notes: Notes) {
        self.noting.are_kept(notes.clone());
        self.tickets.take_notes(notes.tickets);
        self.reports.put_notes(notes.sessions);
    }

    /// Puts what was noted about assistances that are over into the drafts of their reports, where the
    /// program ended before it could; the drafts that changed.
    pub fn notes_into_drafts(&mut self) -> Vec<(ReportId, ReportDraft)> {
        let mut changed = Vec::new();
        let mut drafts = std::mem::take(&mut self.reports.drafts);
        for (facts, draft) in &mut drafts {
            let is_open = self.reports.get(facts.report).is_some();
            let runs = self
                .computers
                .in_session
                .values()
                .any(|session| *session == facts.session);
            if is_open || runs {
                continue;
            }
            let before = draft.clone();
            for note in self.reports.take_notes(facts.session) {
                if !draft.notes.contains(&note) {
                    draft.notes = joined(&draft.notes, &note).as_str().into();
                }
            }
            if let Some(note) = facts
                .ticket
                .filter(|_| draft.problem.trim().is_empty())
                .and_then(|route| self.tickets.note_for_report(route))
            {
                draft.problem = note.as_str().into();
            }
            if *draft != before {
                changed.push((facts.report, draft.clone()));
            }
        }
        self.reports.drafts = drafts;
        changed
    }
}

/// Two notes as one.
fn joined(before: &str, note: &str) -> String {
    if before.trim().is_empty() {
        note.to_owned()
    } else {
        format!("{before}\n\n{note}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{ReportFacts, SessionId, TicketRoute};

    fn state() -> ConsoleState {
        let clock = Clock {
            now_unix_seconds: 0,
            zone: ui_kit::Zone::utc(),
        };
        ConsoleState::new(Lang::En, clock, Account::default(), Templates::default())
    }

    #[test]
    fn d1_notes_of_a_run_that_was_cut_off_go_into_the_draft_and_are_no_notes_then() {
        let route = TicketRoute::new(482).expect("a route");
        let mut notes = Notes::default();
        notes.tickets.insert(route, "no paper".to_owned());
        notes
            .sessions
            .insert(SessionId(7), vec!["Linux 6".to_owned(), "16 GB".to_owned()]);
        let mut state = state();
        state.take_notes(notes.clone());
        assert_eq!(state.notes(), notes);
        let facts = ReportFacts {
            report: ReportId(3),
            session: SessionId(7),
            requester: "Anna".into(),
            operator: "Otto".into(),
            host: "ANNA-PC".into(),
            ticket: Some(route),
            started_unix_seconds: 0,
            ended_unix_seconds: 60,
        };
        let before = ReportDraft {
            notes: "by the hub".into(),
            ..ReportDraft::default()
        };
        state.reports.drafts = vec![(facts, before)];
        let changed = state.notes_into_drafts();
        let draft = &changed[0].1;
        assert_eq!(changed[0].0, ReportId(3));
        assert_eq!(draft.problem.as_str(), "no paper");
        assert_eq!(draft.notes.as_str(), "by the hub\n\nLinux 6\n\n16 GB");
        assert!(state.notes().is_empty());
        // what its writer took out again stays out
        state.reports.drafts[0].1 = ReportDraft::default();
        assert!(state.notes_into_drafts().is_empty());
    }
}
