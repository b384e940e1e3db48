//! What the user wants, and what it leads to.

use std::time::Duration;

use host_engine::{BrowseConsent, HostCommand};
use protocol::{Hindrance, Rights, ScreenMonitor};
use ui_kit::ProxyForm;
use ui_kit::widgets::UpdateWish;
use ui_kit::words::doctor_text;

use super::{Action, BrowseChoice, Effect, FormProblem, HubForm, Inquiry, Stage, State, WaitNote};
use crate::backend::program;
use crate::settings::HubText;

impl State {
    /// The operator may do so no longer.
    fn take_back(&self, right: Rights) -> Vec<Effect> {
        let Stage::Running(running) = &self.stage else {
            return Vec::new();
        };
        let rights = running.rights.without(right);
        vec![Effect::Tell(HostCommand::ReduceRights { rights })]
    }

    /// Whether the window in front is out of the operator's reach, could be in it, and the user has not said yet
    /// whether it may.
    pub fn asks_for_more_rights(&self) -> bool {
        let Stage::Running(running) = &self.stage else {
            return false;
        };
        self.can_have_more_rights
            && !running.rights_answered
            && running.rights.has(Rights::CONTROL)
            && self.hindrances.input == Some(Hindrance::MORE_RIGHTS)
    }

    /// Takes what the user wants.
    pub fn act(&mut self, action: Action, now: Duration) -> Vec<Effect> {
        match action {
            Action::OpenTicket => self.open_ticket(),
            Action::Leave | Action::Block => self.leave(),
            Action::Answer { allow } => self.answer(allow, now),
            Action::StopControl => self.take_back(Rights::CONTROL),
            Action::Withhold(withheld) => {
                let Stage::Running(running) = &mut self.stage else {
                    return Vec::new();
                };
                running.withheld = withheld;
                running.monitor_gone = false;
                vec![Effect::Withhold(withheld)]
            }
            Action::AnswerSystem(allowed) => {
                let Stage::Running(running) = &mut self.stage else {
                    return Vec::new();
                };
                if running.system_asked.is_empty() {
                    return Vec::new();
                }
                let asked = running.system_asked.remove(0);
                let answer = |operator| HostCommand::AnswerSystem { operator, allowed };
                let answer = asked.operator.map(answer).map(Effect::Tell);
                answer.into_iter().collect()
            }
            Action::AnswerBrowse(choice) => self.answer_browse(choice),
            Action::StopBrowsing => {
                let Stage::Running(running) = &mut self.stage else {
                    return Vec::new();
                };
                let may = std::mem::take(&mut running.browsers).into_iter();
                let stop = |operator| {
                    let consent = BrowseConsent::Refuse;
                    Effect::Tell(HostCommand::AnswerBrowse { operator, consent })
                };
                may.filter_map(|o| o.operator).map(stop).collect()
            }
            Action::AnswerShield(allowed) => {
                let Stage::Running(running) = &mut self.stage else {
                    return Vec::new();
                };
                if running.shields_asked.is_empty() {
                    return Vec::new();
                }
                let (shield, _) = running.shields_asked.remove(0);
                let answer = HostCommand::AnswerShield { shield, allowed };
                vec![Effect::Tell(answer)]
            }
            Action::AnswerMoreRights(allowed) => {
                if !self.asks_for_more_rights() {
                    return Vec::new();
                }
                if let Stage::Running(running) = &mut self.stage {
                    running.rights_answered = true;
                }
                let ask = allowed.then_some(Effect::AskForMoreRights);
                ask.into_iter().collect()
            }
            Action::End => vec![Effect::Tell(HostCommand::EndSession)],
            Action::Update(UpdateWish::Later) => {
                self.update_put_off = Some(self.update.clone());
                Vec::new()
            }
            Action::Update(UpdateWish::Restart) if self.is_busy() => Vec::new(),
            Action::Update(wish) => vec![Effect::Update(wish)],
            Action::SendChat(text) => {
                let since_start = i64::try_from(now.as_secs()).unwrap_or(0);
                let at = self.started_unix_seconds.saturating_add(since_start);
                let text = self.chat.send(&self.form.name, &text, at);
                vec![Effect::Tell(HostCommand::SendChat { text })]
            }
            Action::ListMonitors(shown) => {
                self.list_operators(false);
                self.chat.show(false);
                self.show_files(false);
                self.list_monitors(shown);
                Vec::new()
            }
            Action::ShareOnly(monitor) => self.share_only(monitor),
            Action::ShowFiles(shown) => {
                self.list_monitors(false);
                self.list_operators(false);
                self.chat.show(false);
                self.show_files(shown);
                Vec::new()
            }
            Action::ChooseFiles { folders } => vec![Effect::ChooseFiles { folders }],
            Action::SendFiles(chosen) => {
                let command = HostCommand::SendFiles {
                    operator: None,
                    chosen,
                };
                vec![Effect::Tell(command)]
            }
            Action::StopFiles => self.take_back(Rights::FILES),
            Action::StopClipboard => self.take_back(Rights::CLIPBOARD),
            Action::CancelFiles(operator, id) => {
                vec![Effect::Tell(HostCommand::CancelFiles { operator, id })]
            }
            Action::ShowChat(shown) => {
                self.list_monitors(false);
                self.list_operators(false);
                self.show_files(false);
                self.chat.show(shown);
                Vec::new()
            }
            Action::ListOperators(shown) => {
                self.list_monitors(false);
                self.chat.show(false);
                self.show_files(false);
                self.list_operators(shown);
                Vec::new()
            }
            Action::SendAway(operator) => {
                self.list_operators(false);
                vec![Effect::Tell(HostCommand::SendAway { operator })]
            }
            Action::ShowSettings(shown) => {
                let text = self.settings.hub.clone().unwrap_or_default();
                let text = self.hub.as_ref().map_or(text, HubText::from);
                self.hub_form = shown.then_some(HubForm { text, error: None });
                let look = shown.then_some(Effect::AskAboutLinks(None));
                look.into_iter().collect()
            }
            Action::ShowAdvice(shown) => {
                self.advice_shown = shown;
                let is_first = !shown && !std::mem::replace(&mut self.settings.advice_read, true);
                is_first.then_some(Effect::Save).into_iter().collect()
            }
            Action::SaveHub => self.save_hub(),
            Action::SignInAtProxy => self.sign_in_at_proxy(),
            Action::LeaveProxy => {
                self.proxy_form = None;
                self.inquire()
            }
            Action::ShowDetails(shown) => {
                if let Some(inquiry) = &mut self.form.inquiry {
                    inquiry.details_shown = shown;
                }
                Vec::new()
            }
            Action::CopyDetails => self.copy_details(),
            Action::StopInquiry => {
                self.form.inquiry = None;
                Vec::new()
            }
            Action::ChooseHub { named } => self.choose_hub(named),
            Action::ChooseLanguage(language) => {
                self.settings.language = language;
                vec![Effect::Save]
            }
            Action::ChooseTheme(theme) => {
                self.settings.theme = theme;
                vec![Effect::ApplyTheme, Effect::Save]
            }
            Action::ChooseTextSize(size) => {
                self.settings.text_size = size;
                vec![Effect::Save]
            }
            Action::TakeBackLastingYes => vec![Effect::WantLastingYes(false)],
            Action::OpenLinks(open) => vec![Effect::AskAboutLinks(Some(open))],
            Action::DragBar => vec![Effect::DragBar],
            Action::SaveReceipt(offsets) => {
                let lang = self.lang();
                let Stage::Ended(ended) = &mut self.stage else {
                    return Vec::new();
                };
                ended.receipt.save(lang, offsets).into_iter().collect()
            }
            Action::Rate(stars) => {
                let Stage::Ended(ended) = &mut self.stage else {
                    return Vec::new();
                };
                let given = ended.opinion.give(ended.session, stars);
                given.into_iter().collect()
            }
        }
    }

    /// The user answers the operator who asked first.
    fn answer_browse(&mut self, choice: BrowseChoice) -> Vec<Effect> {
        let places = self.places.clone();
        let Stage::Running(running) = &mut self.stage else {
            return Vec::new();
        };
        if running.browse_asked.is_empty() {
            return Vec::new();
        }
        let asked = running.browse_asked.remove(0);
        let Some(operator) = asked.operator else {
            return Vec::new();
        };
        let consent = match choice {
            BrowseChoice::Allow => {
                running.browsers.push(asked);
                BrowseConsent::Allow(places)
            }
            BrowseChoice::ChooseThemselves => BrowseConsent::ChooseThemselves,
            BrowseChoice::Refuse => BrowseConsent::Refuse,
        };
        let mut effects = vec![Effect::Tell(HostCommand::AnswerBrowse {
            operator,
            consent,
        })];
        if choice == BrowseChoice::ChooseThemselves {
            running.files.shown = true;
            effects.push(Effect::ChooseFiles { folders: false });
        }
        effects
    }

    /// Tries the ticket again, with what was typed for the proxy. It stays until there is a connection.
    fn sign_in_at_proxy(&mut self) -> Vec<Effect> {
        let Some(login) = self.proxy_form.as_mut().and_then(ProxyForm::login) else {
            return Vec::new();
        };
        let mut effects = vec![Effect::SignInAtProxy(login)];
        effects.extend(self.open_ticket());
        effects
    }

    /// Looks into why there is no connection, unless a proxy asks, which is answered first.
    pub(super) fn inquire(&mut self) -> Vec<Effect> {
        let problem = self.form.problem.as_ref();
        if self.proxy_form.is_some() || !problem.is_some_and(FormProblem::is_of_the_way) {
            return Vec::new();
        }
        let Some(hub) = &self.hub else {
            return Vec::new();
        };
        self.form.inquiry = Some(Inquiry::new(hub.address.clone()));
        vec![Effect::Examine(hub.clone())]
    }

    fn copy_details(&mut self) -> Vec<Effect> {
        let lang = self.lang();
        let Some(inquiry) = &mut self.form.inquiry else {
            return Vec::new();
        };
        let Some(diagnosis) = inquiry.examination.diagnosis() else {
            return Vec::new();
        };
        let text = doctor_text(lang, diagnosis, &program());
        inquiry.copied = true;
        vec![Effect::Copy(text)]
    }

    fn open_ticket(&mut self) -> Vec<Effect> {
        if self.hub.is_none() {
            self.form.problem = Some(FormProblem::NoHub);
            return self.act(Action::ShowSettings(true), Duration::ZERO);
        }
        if self.stage != Stage::Ticket {
            return Vec::new();
        }
        let Some(command) = self.form.open() else {
            return Vec::new();
        };
        self.settings.name.clone_from(&self.form.name);
        self.stage = Stage::Opening { connected: false };
        vec![Effect::Save, Effect::Tell(command)]
    }

    fn leave(&mut self) -> Vec<Effect> {
        let unused = matches!(self.stage, Stage::Opening { .. });
        if !unused {
            self.form.digits.clear();
        }
        (self.form.problem, self.form.inquiry) = (None, None);
        self.proxy_form = None;
        self.reconnecting = false;
        self.stage = Stage::Ticket;
        vec![Effect::Tell(HostCommand::Leave), Effect::WatchHotKey(false)]
    }

    fn answer(&mut self, allow: bool, now: Duration) -> Vec<Effect> {
        let Stage::Asked(question) = &mut self.stage else {
            return Vec::new();
        };
        if allow && !question.may_allow(now) {
            return Vec::new();
        }
        let granted = allow.then_some(question.chosen);
        let session = question.session;
        let mut effects = Vec::new();
        if allow && question.joins.is_none() {
            let is_it = |monitor: &&ScreenMonitor| Some(monitor.id) == question.only;
            let only = self.monitors.iter().find(is_it).cloned();
            let before = std::mem::replace(&mut self.only, only);
            if question.only.is_some() && self.only.is_none() {
                // it went just now; the others were not offered
                return Vec::new();
            }
            // before anything can be seen
            if self.only.is_some() || before.is_some() {
                effects.push(Effect::ShareOnly(self.only.clone()));
            }
            // before the desktop is asked
            if let Some(lasting) = question.lasting {
                effects.push(Effect::WantLastingYes(lasting));
            }
        }
        if let Some(joins) = question.joins.take() {
            self.stage = Stage::Running(joins.running);
        } else if allow {
            question.allowed = true;
        } else {
            let operator = std::mem::take(&mut question.operator);
            self.chat.mark_read();
            self.stage = Stage::Waiting {
                operator,
                note: Some(WaitNote::Refused),
            };
        }
        effects.push(Effect::Tell(HostCommand::AnswerConsent {
            session,
            granted,
        }));
        effects
    }

    /// Shares that monitor alone, or all, in the session that runs; one that waits for that goes on.
    fn share_only(&mut self, monitor: Option<u32>) -> Vec<Effect> {
        let Stage::Running(running) = &mut self.stage else {
            return Vec::new();
        };
        let is_it = |found: &&ScreenMonitor| Some(found.id) == monitor;
        let found = self.monitors.iter().find(is_it).cloned();
        if monitor.is_some() && found.is_none() {
            return Vec::new();
        }
        running.monitors_shown = false;
        let mut effects = vec![Effect::ShareOnly(found.clone())];
        if std::mem::take(&mut running.monitor_gone) {
            running.withheld = false;
            effects.push(Effect::Withhold(false));
        }
        self.only = found;
        effects
    }

    fn list_monitors(&mut self, shown: bool) {
        if let Stage::Running(running) = &mut self.stage {
            running.monitors_shown = shown;
        }
    }

    fn list_operators(&mut self, shown: bool) {
        if let Stage::Running(running) = &mut self.stage {
            running.list_shown = shown && running.is_shared();
        }
    }

    fn show_files(&mut self, shown: bool) {
        if let Stage::Running(running) = &mut self.stage {
            running.files.shown = shown;
        }
    }

    fn choose_hub(&mut self, named: bool) -> Vec<Effect> {
        let Stage::OtherHub(question) = &self.stage else {
            return Vec::new();
        };
        let chosen = if named {
            &question.named
        } else {
            &question.known
        }
        .clone();
        self.hub_is_given = named;
        self.hub = Some(chosen.clone());
        self.stage = Stage::Ticket;
        let mut effects = self.remember_hub();
        effects.push(Effect::UseHub(chosen));
        effects
    }

    /// From now on another hub is asked about.
    pub(super) fn remember_hub(&mut self) -> Vec<Effect> {
        let used = self.hub.as_ref().map(HubText::from);
        if self.settings.used_hub == used {
            return Vec::new();
        }
        self.settings.used_hub = used;
        vec![Effect::Save]
    }

    fn save_hub(&mut self) -> Vec<Effect> {
        let Some(form) = &mut self.hub_form else {
            return Vec::new();
        };
        match form.text.parse() {
            Ok(place) => {
                self.settings.hub = Some(form.text.clone());
                self.hub_form = None;
                if self.form.problem == Some(FormProblem::NoHub) {
                    self.form.problem = None;
                }
                let mut effects = vec![Effect::Save];
                if self.hub.as_ref() != Some(&place) {
                    self.form.inquiry = None;
                    self.hub = Some(place.clone());
                    effects.push(Effect::UseHub(place));
                }
                effects
            }
            Err(error) => {
                form.error = Some(error);
                Vec::new()
            }
        }
    }
}
