//! What the hub answers.

use std::path::PathBuf;
use std::sync::Arc;

use protocol::admin::{Answer, Question, audit, desk, films, hosts, people, reports, settings};
use protocol::{OwnAnswer, Refusal, RefusalCode};
use ui_kit::Tone;
use ui_kit::words::refusal_text;

use super::AdminApp;
use crate::exports::Document;
use crate::incoming::{self, Incoming};
use crate::state::{ComputersAsking, Done, Live, OperatorsForm, PeopleAsking, Topic};
use crate::words::{self, Say, s};

/// What is in an answer of this form; any other one makes no sense.
macro_rules! within {
    ($answer:expr, $pattern:pat => $value:expr) => {
        $answer.and_then(|answer| {
            if let $pattern = answer {
                Ok($value)
            } else {
                Err(Refusal::from(RefusalCode::MALFORMED))
            }
        })
    };
}

impl AdminApp {
    pub(super) fn take_answer(&mut self, topic: Topic, answer: Answer) {
        let answer = if let Answer::Refused(refusal) = answer {
            Err(refusal)
        } else {
            Ok(answer)
        };
        let state = &mut self.state;
        match topic {
            Topic::Overview => {
                let found = within!(answer, Answer::Desk(desk::Answer::Overview(found)) => found);
                state.overview.take(found);
            }
            Topic::Days => {
                let totals =
                    within!(answer, Answer::Reports(reports::Answer::Totals(totals)) => totals);
                state.days.take(totals);
            }
            Topic::Live => {
                let found = within!(
                    answer,
                    Answer::Desk(desk::Answer::Live { entries, sessions }) => Live { entries, sessions }
                );
                state.live.take(found);
            }
            Topic::Reports(of) => {
                let rows = within!(answer, Answer::Reports(reports::Answer::List(rows)) => rows);
                state.reports.list.take(of, rows);
            }
            Topic::Report(report) => {
                let whole = within!(
                    answer,
                    Answer::Reports(reports::Answer::ReportWithFeedback {
                        report: mut whole,
                        feedback,
                    }) => {
                        whole.feedback = feedback;
                        whole
                    }
                );
                if state.reports.open == Some(report) {
                    state.reports.whole.take(whole);
                }
            }
            Topic::OperatorGroups => {
                let names =
                    within!(answer, Answer::Reports(reports::Answer::Choices(names)) => names);
                state.reports.operator_groups.take(names);
            }
            Topic::ComputerGroups => {
                let names =
                    within!(answer, Answer::Reports(reports::Answer::Choices(names)) => names);
                state.reports.host_groups.take(names);
            }
            Topic::Totals(by) => {
                let totals =
                    within!(answer, Answer::Reports(reports::Answer::Totals(totals)) => totals);
                if state.reports.totals_by == Some(by) {
                    state.reports.totals.take(totals);
                }
            }
            Topic::Corrected => self.was_corrected(answer),
            Topic::Document(number) => self.document_begun(number, answer),
            Topic::DocumentPart(export) => self.document_part(export, answer),
            Topic::Films(of) => {
                let rows = within!(answer, Answer::Films(films::Answer::Films(rows)) => rows);
                state.films.list.take(of, rows);
            }
            Topic::FilmFacts(session) => {
                let facts = within!(answer, Answer::Films(films::Answer::Facts(facts)) => facts);
                let open = state.films.open.as_ref();
                if open.is_some_and(|film| film.session == session) {
                    state.films.facts.take(facts);
                }
            }
            Topic::FilmPart(session, offset) => {
                let part = within!(
                    answer,
                    Answer::Films(films::Answer::Part { whole_bytes, bytes }) => (whole_bytes, bytes)
                );
                self.take_part(session, offset, part);
            }
            Topic::FilmPicture(session) => {
                let png =
                    within!(answer, Answer::Films(films::Answer::Picture { png }) => png).ok();
                state.films.pictures.take(session, png.as_deref());
            }
            Topic::Watch(session) => {
                let piece = within!(
                    answer,
                    Answer::Films(films::Answer::Watched { bytes, next, is_over }) => (bytes, next, is_over)
                );
                self.take_piece(session, piece);
            }
            Topic::WatchEnded | Topic::BundleForgotten => {}
            Topic::Own(number) => {
                let answer = within!(answer, Answer::Own(answer) => answer);
                let answer = answer.unwrap_or_else(OwnAnswer::Refused);
                // one for a dialog that was closed is of no use any more
                if number == state.last_own
                    && let Some(form) = &mut state.own
                {
                    form.take(answer);
                }
            }
            Topic::Exporting(session, cut) => {
                if self.unless_refused(answer).is_some() {
                    self.export_film(session, cut);
                }
            }
            Topic::Bundle(number) => self.bundle_begun(number, answer),
            Topic::BundlePart(bundle, offset) => self.bundle_part((bundle, offset), answer),
            Topic::Accounts(of) => {
                let rows = within!(answer, Answer::People(people::Answer::Accounts(rows)) => rows);
                state.people.accounts.take(of, rows);
            }
            Topic::Groups => {
                let rows =
                    within!(answer, Answer::People(people::Answer::Groups(rows)) => rows.rows);
                state.people.groups.take(rows);
            }
            Topic::Roles => {
                let rows =
                    within!(answer, Answer::People(people::Answer::Roles(rows)) => rows.rows);
                state.people.roles.take(rows);
            }
            Topic::SignIns => {
                let rows =
                    within!(answer, Answer::People(people::Answer::SignIns(rows)) => rows.rows);
                state.people.sign_ins.take(rows);
            }
            Topic::AccountAdded | Topic::Invitation | Topic::SecondFactor => {
                self.take_secret(answer);
            }
            Topic::Hosts(of) => {
                let rows = within!(answer, Answer::Hosts(hosts::Answer::List(rows)) => rows);
                state.computers.list.take(of, rows);
            }
            Topic::HostGroups => {
                let rows = within!(answer, Answer::Hosts(hosts::Answer::Groups(rows)) => rows.rows);
                state.computers.groups.take(rows);
            }
            Topic::Enrolments => {
                let rows =
                    within!(answer, Answer::Hosts(hosts::Answer::Enrolments(rows)) => rows.rows);
                state.computers.codes.take(rows);
            }
            Topic::Versions => {
                let found = within!(answer, Answer::Hosts(hosts::Answer::Versions(found)) => found);
                state.computers.versions.take(found);
            }
            Topic::HostsInvited => {
                if let Some(Answer::Hosts(hosts::Answer::Invitation { line, .. })) =
                    self.unless_refused(answer)
                {
                    let computers = &mut self.state.computers;
                    computers.asking = Some(ComputersAsking::Invited(line.to_string()));
                    computers.refresh();
                }
            }
            Topic::OperatorsOf(host) => {
                if let Some(Answer::Hosts(hosts::Answer::Operators { names })) =
                    self.unless_refused(answer)
                {
                    let computers = &mut self.state.computers;
                    let row = computers.chosen_row().filter(|row| row.host == host);
                    if let Some(row) = row {
                        let names: Vec<&str> =
                            names.iter().map(protocol::BoundedText::as_str).collect();
                        let form = OperatorsForm {
                            host,
                            name: row.name.clone(),
                            names: names.join(", "),
                        };
                        computers.asking = Some(ComputersAsking::Operators(form));
                    }
                }
            }
            Topic::Woken(host) => {
                if let Some(Answer::Hosts(hosts::Answer::Waking { through })) =
                    self.unless_refused(answer)
                {
                    let computers = &self.state.computers;
                    let row = computers.chosen_row().filter(|row| row.host == host);
                    let name = row.map(|row| row.name.clone()).unwrap_or_default();
                    let text = words::waking(self.state.lang, &name, &through);
                    self.notices.push(Tone::Good, text);
                }
            }
            Topic::Audit(of) => {
                let rows = within!(answer, Answer::Audit(audit::Answer::Rows(rows)) => rows);
                state.audit.list.take(of, rows);
            }
            Topic::Verified => {
                let found = within!(answer, Answer::Audit(audit::Answer::Verified(found)) => found);
                state.audit.verified.take(found);
            }
            Topic::Settings => {
                let now = within!(
                    answer,
                    Answer::Settings(settings::Answer::Each(each)) => each.into_iter().collect()
                );
                state.settings.now.take(now);
            }
            Topic::Rules => {
                let rules = within!(answer, Answer::People(people::Answer::Rules(rules)) => rules);
                state.settings.rules.take(rules);
            }
            Topic::Categories => {
                let found =
                    within!(answer, Answer::Reports(reports::Answer::Categories(found)) => found);
                state.settings.categories.take(found);
            }
            Topic::Fields => {
                let found =
                    within!(answer, Answer::Reports(reports::Answer::Fields(found)) => found);
                state.settings.fields.take(found);
            }
            Topic::FormsChanged => self.forms_changed(answer),
            Topic::Logo => {
                let found =
                    within!(answer, Answer::Settings(settings::Answer::Logo { png }) => png);
                self.take_logo(found);
            }
            Topic::LogoStored => self.logo_stored(answer),
            Topic::Done(done) => self.was_done(done, answer),
        }
    }

    /// What the hub answered; a refusal is told instead.
    pub(super) fn unless_refused(&mut self, answer: Result<Answer, Refusal>) -> Option<Answer> {
        let lang = self.state.lang;
        let told = |refusal: &Refusal| {
            let text = refusal_text(lang, *refusal);
            self.notices.push(Tone::Danger, text);
        };
        answer.inspect_err(told).ok()
    }

    fn was_done(&mut self, done: Done, answer: Result<Answer, Refusal>) {
        if self.unless_refused(answer).is_none() {
            return;
        }
        let say = match done {
            Done::SessionEnded => Say::SessionEndedNotice,
            Done::Disconnected => Say::DisconnectedNotice,
            Done::Held => Say::HeldNotice,
            Done::Released => Say::ReleasedNotice,
            Done::Erased => Say::ErasedNotice,
            Done::ReportErased(_) => Say::ReportErasedNotice,
            Done::Saved => Say::SavedNotice,
            Done::SettingsSaved => Say::SettingsSavedNotice,
        };
        if let Done::ReportErased(report) = done
            && self.state.reports.open == Some(report)
        {
            self.state.reports.open = None;
            self.state.reports.whole.forget();
        }
        let settings = &mut self.state.settings;
        if done == Done::SettingsSaved && settings.form == settings.saving.take() {
            // shown as the hub has it
            settings.form = None;
        }
        if done == Done::Erased
            && let Some(film) = &self.state.films.open
        {
            let session = film.session;
            self.state.films.show(session);
        }
        self.notices.push(Tone::Good, s(self.state.lang, say));
        self.state.refresh();
    }

    /// The hub answers with all of them as they are now.
    fn forms_changed(&mut self, answer: Result<Answer, Refusal>) {
        let settings = &mut self.state.settings;
        match answer {
            Ok(Answer::Reports(reports::Answer::Categories(found))) => {
                settings.categories.take(Ok(found));
            }
            Ok(Answer::Reports(reports::Answer::Fields(found))) => settings.fields.take(Ok(found)),
            answer => drop(self.unless_refused(answer)),
        }
    }

    fn was_corrected(&mut self, answer: Result<Answer, Refusal>) {
        // what was typed stays until it is stored
        if self.unless_refused(answer).is_some() {
            let reports = &mut self.state.reports;
            reports.correcting = None;
            reports.whole.forget();
            reports.list.refresh();
            let saved = s(self.state.lang, Say::CorrectionSaved);
            self.notices.push(Tone::Good, saved);
        }
    }

    /// The document of reports is made; an earlier one that was given up is of no interest.
    fn document_begun(&mut self, number: u32, answer: Result<Answer, Refusal>) {
        if self.document.as_ref().map(|document| document.number) != Some(number) {
            return;
        }
        let Some(answer) = self.unless_refused(answer) else {
            return self.document = None;
        };
        let (
            Answer::Reports(reports::Answer::Export {
                export,
                bytes,
                file_name,
            }),
            Some(document),
        ) = (answer, &mut self.document)
        else {
            return self.document = None;
        };
        let wake = Arc::clone(&self.wake);
        if let Err(error) = document.begin(downloads(), (export, bytes), &file_name, wake) {
            self.document = None;
            self.tell_not_saved(&error.to_string());
        }
    }

    fn document_part(&mut self, export: u32, answer: Result<Answer, Refusal>) {
        let is_of = |document: &Document| document.export() == Some(export);
        if !self.document.as_ref().is_some_and(is_of) {
            return;
        }
        let Some(answer) = self.unless_refused(answer) else {
            return self.document = None;
        };
        let (Answer::Reports(reports::Answer::Part(part)), Some(document)) =
            (answer, &mut self.document)
        else {
            return self.document = None;
        };
        if let Err(error) = document.take(export, part) {
            self.document = None;
            self.tell_not_saved(&error.to_string());
        }
    }

    /// Asks for what comes next of the document, and tells where it is once it is whole.
    pub(super) fn follow_document(&mut self) {
        let Some(document) = &mut self.document else {
            return;
        };
        if let Some(file) = document.file() {
            self.document = None;
            return match file {
                Ok(path) => self.tell_saved(&path),
                Err(error) => self.tell_not_saved(&error.to_string()),
            };
        }
        if let Some((export, part)) = document.wanted() {
            let question = reports::Question::ExportPart { export, part };
            let topic = Topic::DocumentPart(export);
            self.state.ask(topic, Question::Reports(question));
        }
    }

    /// Writes `text` beside the other files that leave the hub.
    pub(super) fn save_text(&mut self, file_name: &str, text: String) {
        let (folder, name) = (downloads(), file_name.to_owned());
        let within = folder.clone();
        let placed = move |file| incoming::place(file, &within, &name);
        let wake = Arc::clone(&self.wake);
        let begun = Incoming::begin(folder, incoming::PART, wake, placed).and_then(|mut file| {
            file.take(text.into())?;
            file.end();
            Ok(file)
        });
        match begun {
            Ok(file) => self.saving.push(file),
            Err(error) => self.tell_not_saved(&error.to_string()),
        }
    }

    /// Tells which texts are on the disk by now.
    pub(super) fn follow_saving(&mut self) {
        for file in std::mem::take(&mut self.saving) {
            match file.file() {
                Some(Ok(path)) => self.tell_saved(&path),
                Some(Err(error)) => self.tell_not_saved(&error.to_string()),
                None => self.saving.push(file),
            }
        }
    }

    pub(super) fn tell_saved(&mut self, path: &std::path::Path) {
        let told = words::saved_at(self.state.lang, &path.display().to_string());
        self.notices.push(Tone::Good, told);
    }

    pub(super) fn tell_not_saved(&mut self, why: &str) {
        let told = words::not_saved(self.state.lang, why);
        self.notices.push(Tone::Danger, told);
    }

    /// An account is there, or something that is shown once.
    fn take_secret(&mut self, answer: Result<Answer, Refusal>) {
        let Some(Answer::People(answer)) = self.unless_refused(answer) else {
            return;
        };
        let people = &mut self.state.people;
        people.refresh();
        if let people::Answer::AccountAdded { account } = answer {
            let question = Question::People(people::Question::Invite { account });
            self.state.ask(Topic::Invitation, question);
        } else if let people::Answer::Invitation { line, .. } = answer {
            people.asking = Some(PeopleAsking::Shown {
                title: Say::InvitationTitle,
                line: line.to_string(),
                codes: Vec::new(),
            });
        } else if let people::Answer::SecondFactor {
            address,
            recovery_codes,
        } = answer
        {
            people.asking = Some(PeopleAsking::Shown {
                title: Say::SecondFactorTitle,
                line: address.to_string(),
                codes: recovery_codes.iter().map(ToString::to_string).collect(),
            });
        }
    }
}

/// Where files go that leave the hub.
pub(super) fn downloads() -> PathBuf {
    let user = directories::UserDirs::new();
    let folder = user.as_ref().and_then(|user| user.download_dir());
    let home = user.as_ref().map(directories::UserDirs::home_dir);
    folder
        .or(home)
        .map_or_else(std::env::temp_dir, std::path::Path::to_path_buf)
}
