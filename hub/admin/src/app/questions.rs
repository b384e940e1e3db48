//! What is asked of the hub: what is looked at, and what was wished for.

use std::time::Duration;

use egui::Context;
use protocol::BoundedText;
use protocol::admin::reports::{Choice, ExportFormat, ExportOf, Language};
use protocol::admin::{Page, Question, audit, desk, films, hosts, people, reports, settings};
use protocol::{ReportId, SessionId};
use ui_kit::Lang;

use super::AdminApp;
use crate::exports::Document;
use crate::state::{ComputersTab, PeopleTab, Period, Section, Shown, Standing, Topic};

/// How often what goes on now is asked for while it is looked at.
const LIVE_SECONDS: f64 = 2.0;
/// How often the versions in use are counted while somebody looks at them.
const VERSIONS_SECONDS: f64 = 15.0;
/// How often the days before are counted while somebody looks at them.
const DAYS_SECONDS: f64 = 60.0;

impl AdminApp {
    /// Asks for what is looked at, where it is due.
    pub(super) fn ask_for_what_is_shown(&mut self, ctx: &Context) {
        let Standing::In { lost: false, .. } = self.state.standing else {
            return;
        };
        let now = ctx.input(|input| input.time);
        match self.state.section {
            Section::Overview => {
                if is_due(&mut self.state.overview, now) {
                    let day_began_unix_millis = self.state.clock.day_began_unix_seconds() * 1000;
                    let question = desk::Question::Overview {
                        day_began_unix_millis,
                    };
                    self.state.ask(Topic::Overview, Question::Desk(question));
                }
                if is_due(&mut self.state.days, now) {
                    self.state.days.due = now + DAYS_SECONDS;
                    let filter = reports::ReportFilter {
                        since_unix_millis: Period::Month.since_unix_millis(self.state.clock),
                        ..reports::ReportFilter::default()
                    };
                    let by = reports::TotalsBy::Day;
                    let question = reports::Question::totals(filter, by, zone());
                    self.state.ask(Topic::Days, Question::Reports(question));
                }
                ctx.request_repaint_after(Duration::from_secs(1));
            }
            Section::Live => {
                if is_due(&mut self.state.live, now) {
                    let question = Question::Desk(desk::Question::Live);
                    self.state.ask(Topic::Live, question);
                }
                ctx.request_repaint_after(Duration::from_secs(1));
            }
            Section::Reports => self.ask_for_reports(),
            Section::Films => self.ask_for_films(),
            Section::People => self.ask_for_people(ctx, now),
            Section::Computers => self.ask_for_computers(ctx, now),
            Section::Audit => {
                let (first, last) = rows_of(self.state.audit.looked_at);
                for (of, page) in self.state.audit.list.look_at(first, last) {
                    let filter = self.state.audit.list.filter.clone();
                    let question = Question::Audit(audit::Question::List { filter, page });
                    self.state.ask(Topic::Audit(of), question);
                }
            }
            Section::Settings => {
                if self.state.settings.now.is_wanted() {
                    let question = Question::Settings(settings::Question::ReadEach);
                    self.state.ask(Topic::Settings, question);
                }
                if self.state.settings.rules.is_wanted() {
                    let question = Question::People(people::Question::Rules);
                    self.state.ask(Topic::Rules, question);
                }
                self.ask_for_forms();
            }
        }
    }

    fn ask_for_forms(&mut self) {
        if self.state.settings.logo.stored.is_wanted() {
            let question = Question::Settings(settings::Question::Logo);
            self.state.ask(Topic::Logo, question);
        }
        if self.state.settings.categories.is_wanted() {
            let question = Question::Reports(reports::Question::Categories);
            self.state.ask(Topic::Categories, question);
        }
        if self.state.settings.fields.is_wanted() {
            let question = Question::Reports(reports::Question::Fields);
            self.state.ask(Topic::Fields, question);
        }
    }

    fn ask_for_reports(&mut self) {
        for (of, topic, shown) in [
            (
                Choice::OperatorGroup,
                Topic::OperatorGroups,
                &mut self.state.reports.operator_groups,
            ),
            (
                Choice::HostGroup,
                Topic::ComputerGroups,
                &mut self.state.reports.host_groups,
            ),
        ] {
            if shown.is_wanted() {
                let begin = protocol::control::Name::default();
                let question = reports::Question::Choices { of, begin };
                let asked = (topic, Question::Reports(question));
                self.state.outbox.push(asked);
            }
        }
        let reports = &mut self.state.reports;
        if let Some(report) = reports.open {
            if reports.whole.is_wanted() {
                let question = Question::Reports(reports::Question::ShowWithFeedback { report });
                self.state.ask(Topic::Report(report), question);
            }
            return;
        }
        if let Some(by) = reports.totals_by {
            if reports.totals.is_wanted() {
                let filter = reports.list.filter.0.clone();
                let question = reports::Question::totals(filter, by, zone());
                self.state
                    .ask(Topic::Totals(by), Question::Reports(question));
            }
            return;
        }
        let (first, last) = rows_of(reports.looked_at);
        let (filter, sort) = reports.list.filter.clone();
        for (of, page) in reports.list.look_at(first, last) {
            let question = reports::Question::list(filter.clone(), sort, page);
            self.state
                .ask(Topic::Reports(of), Question::Reports(question));
        }
    }

    fn ask_for_films(&mut self) {
        let films = &mut self.state.films;
        if let Some(session) = films.open.as_ref().map(|film| film.session) {
            if films.facts.is_wanted() {
                let question = Question::Films(films::Question::Facts { session });
                self.state.ask(Topic::FilmFacts(session), question);
            }
            return;
        }
        let (first, last) = rows_of(films.looked_at);
        let (filter, sort) = films.list.filter.clone();
        for (of, page) in films.list.look_at(first, last) {
            let question = films::Question::List {
                filter: filter.clone(),
                sort,
                page,
            };
            self.state.ask(Topic::Films(of), Question::Films(question));
        }
        let films = &mut self.state.films;
        let (first, last) = films.looked_at;
        let rows = (first..=last).filter_map(|row| films.list.row(row));
        let finished = rows.filter(|film| film.standing == films::Standing::Finished);
        let on_screen: Vec<SessionId> = finished.map(|film| film.session).collect();
        for session in films.pictures.wanted(&on_screen) {
            let question = films::Question::Picture { session };
            let topic = Topic::FilmPicture(session);
            self.state.ask(topic, Question::Films(question));
        }
    }

    fn ask_for_people(&mut self, ctx: &Context, now: f64) {
        let all = Page {
            first: 0,
            rows: Page::MOST,
        };
        let people = &mut self.state.people;
        let mut asks = Vec::new();
        if is_due(&mut people.roles, now) {
            asks.push((Topic::Roles, people::Question::Roles { page: all }));
            people.roles.due = f64::INFINITY;
        }
        if is_due(&mut people.groups, now) {
            asks.push((Topic::Groups, people::Question::Groups { page: all }));
            people.groups.due = f64::INFINITY;
        }
        match people.tab {
            PeopleTab::Accounts => {
                let (first, last) = rows_of(people.looked_at);
                let (search, order, descending) = people.accounts.filter.clone();
                for (of, page) in people.accounts.look_at(first, last) {
                    let question = people::Question::Accounts {
                        page,
                        search: search.clone(),
                        order,
                        descending,
                    };
                    asks.push((Topic::Accounts(of), question));
                }
            }
            PeopleTab::SignIns => {
                if is_due(&mut people.sign_ins, now) {
                    asks.push((Topic::SignIns, people::Question::SignIns { page: all }));
                }
                ctx.request_repaint_after(Duration::from_secs(1));
            }
            PeopleTab::Groups | PeopleTab::Roles => {}
        }
        for (topic, question) in asks {
            self.state.ask(topic, Question::People(question));
        }
    }

    fn ask_for_computers(&mut self, ctx: &Context, now: f64) {
        let all = Page {
            first: 0,
            rows: Page::MOST,
        };
        // who may see a group of computers is told by the names of groups of people
        let people = &mut self.state.people;
        if is_due(&mut people.groups, now) {
            people.groups.due = f64::INFINITY;
            let question = Question::People(people::Question::Groups { page: all });
            self.state.ask(Topic::Groups, question);
        }
        let computers = &mut self.state.computers;
        let mut asks = Vec::new();
        if is_due(&mut computers.groups, now) {
            computers.groups.due = f64::INFINITY;
            asks.push((Topic::HostGroups, hosts::Question::Groups { page: all }));
        }
        match computers.tab {
            ComputersTab::Hosts => {
                computers.keep_fresh(now);
                let (first, last) = rows_of(computers.looked_at);
                let (filter, order, descending) = computers.list.filter.clone();
                for (of, page) in computers.list.look_at(first, last) {
                    let question = hosts::Question::List {
                        filter: filter.clone(),
                        order,
                        descending,
                        page,
                    };
                    asks.push((Topic::Hosts(of), question));
                }
            }
            ComputersTab::Codes => {
                if is_due(&mut computers.codes, now) {
                    asks.push((Topic::Enrolments, hosts::Question::Enrolments { page: all }));
                }
            }
            ComputersTab::Versions => {
                if is_due(&mut computers.versions, now) {
                    computers.versions.due = now + VERSIONS_SECONDS;
                    asks.push((Topic::Versions, hosts::Question::Versions));
                }
            }
            ComputersTab::Groups => {}
        }
        ctx.request_repaint_after(Duration::from_secs(1));
        for (topic, question) in asks {
            self.state.ask(topic, Question::Hosts(question));
        }
    }

    pub(super) fn export_reports(&mut self, format: ExportFormat, report: Option<ReportId>) {
        let (filter, sort) = self.state.reports.list.filter.clone();
        let all = ExportOf::list(filter, sort);
        let of = report.map_or(all, ExportOf::One);
        let language = language(self.state.lang);
        let zone = zone();
        let question = reports::Question::Export {
            of,
            format,
            language,
            zone,
        };
        let number = self.next_number();
        self.document = Some(Document::new(number));
        let topic = Topic::Document(number);
        self.state.ask(topic, Question::Reports(question));
    }

    pub(super) fn save_correction(&mut self) {
        let Some(form) = &self.state.reports.correcting else {
            return;
        };
        let question = reports::Question::Correct {
            report: form.report,
            draft: protocol::ReportDraft {
                problem: BoundedText::cut(form.problem.as_str()),
                solution: BoundedText::cut(form.solution.as_str()),
                category: BoundedText::cut(form.category.trim()),
                notes: BoundedText::cut(form.notes.as_str()),
            },
            fields: form.fields.clone(),
            reason: BoundedText::cut(form.reason.trim()),
        };
        self.state
            .ask(Topic::Corrected, Question::Reports(question));
    }
}

/// The rows to ask for: those on the screen, or the first ones.
fn rows_of((first, last): (u32, u32)) -> (u32, u32) {
    if first > last { (0, 0) } else { (first, last) }
}

/// The language of documents.
pub(super) fn language(lang: Lang) -> Language {
    match lang {
        Lang::En => Language::English,
        Lang::It => Language::Italian,
    }
}

/// The name of the zone of this computer's clocks, where it has one.
pub(super) fn zone() -> protocol::control::Name {
    ui_kit::Zone::system().name().unwrap_or_default().into()
}

fn is_due<T>(shown: &mut Shown<T>, now: f64) -> bool {
    if shown.is_asked || now < shown.due {
        return false;
    }
    shown.is_asked = true;
    shown.due = now + LIVE_SECONDS;
    true
}
