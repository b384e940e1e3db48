//! What the engine tells goes into the state.

use std::time::Duration;

use host_engine::{
    BrowseConsent, ConnectProblem, EndCause, HostCommand, HostEvent, LostCause, Trouble,
};
use protocol::{ChatAuthor, Hindrance, PeerId, Rights, Shield, ShieldState, Shields};
use ui_kit::ProxyForm;

use super::{
    Chat, Effect, Ended, Files, FormProblem, Joins, Line, Opinion, Present, Question, Receipt,
    Running, Stage, State, WaitNote,
};

impl State {
    /// Takes what the engine tells.
    pub fn apply(&mut self, event: HostEvent, now: Duration) -> Vec<Effect> {
        match event {
            HostEvent::Connecting => self.stage = Stage::Opening { connected: false },
            HostEvent::Connected => {
                self.proxy_form = None;
                self.stage = Stage::Opening { connected: true };
            }
            HostEvent::TicketRefused(refusal) => {
                self.back_to_ticket(FormProblem::Refused(refusal));
            }
            HostEvent::TicketSpent => self.back_to_ticket(FormProblem::Spent),
            HostEvent::ConnectionFailed(problem) => {
                let before = self.proxy_form.take();
                if let ConnectProblem::Proxy(error) = &problem {
                    self.proxy_form = ProxyForm::of(error, before);
                }
                self.back_to_ticket(FormProblem::Connect(problem));
                return self.inquire();
            }
            HostEvent::TicketAccepted { operator } => {
                self.form.accepted();
                self.chat = Chat::default();
                self.operator_present = true;
                self.reconnecting = false;
                self.trouble = None;
                self.stage = Stage::Waiting {
                    operator: operator.to_string(),
                    note: None,
                };
                return self.remember_hub();
            }
            HostEvent::ConsentAsked {
                session,
                operator,
                asked,
                insistent,
                brought_by,
            } => {
                self.trouble = None;
                let operator = operator.to_string();
                let mut question = Question::new(session, operator, asked, insistent);
                let input = self.hindrances.input;
                if input.is_some_and(Hindrance::prevents_acting) {
                    question.chosen = asked.without(Rights::CONTROL);
                }
                if let Stage::Running(running) = &self.stage {
                    question.joins = Some(Joins {
                        running: running.clone(),
                        brought_by: brought_by.unwrap_or_default().into_string(),
                    });
                }
                self.stage = Stage::Asked(question);
                return vec![Effect::DrawAttention];
            }
            HostEvent::ConsentWithdrawn { session } => self.withdrawn(session),
            HostEvent::SessionStarted {
                session,
                operator,
                rights,
            } => {
                self.chat.shown = false;
                self.stage = Stage::Running(Running {
                    session,
                    operators: vec![Present {
                        operator: None,
                        name: operator.to_string(),
                    }],
                    driver: None,
                    rights,
                    since: now,
                    line: Line::Up,
                    withheld: false,
                    watched_by: Vec::new(),
                    list_shown: false,
                    files: Files::default(),
                    system_asked: Vec::new(),
                    browse_asked: Vec::new(),
                    browsers: Vec::new(),
                    shields_asked: Vec::new(),
                    shields: Shields::default(),
                    rights_answered: false,
                    resting: Vec::new(),
                    monitors_shown: false,
                    monitor_gone: false,
                    cannot_act: None,
                });
                return vec![Effect::WatchHotKey(true)];
            }
            HostEvent::RightsReduced { session, rights } => {
                if let Some(running) = self.running_mut(session) {
                    running.rights = rights;
                    if !rights.has(Rights::FILES) {
                        running.browse_asked.clear();
                        running.browsers.clear();
                    }
                }
            }
            HostEvent::Company {
                session,
                operators,
                driver,
            } => self.company_is(session, &operators, driver),
            HostEvent::Transfer { operator, transfer } => {
                let files = match &mut self.stage {
                    Stage::Running(running) => Some(&mut running.files),
                    Stage::Asked(question) => question.joins.as_mut().map(|j| &mut j.running.files),
                    Stage::Ticket
                    | Stage::OtherHub(_)
                    | Stage::Opening { .. }
                    | Stage::Waiting { .. }
                    | Stage::Ended(_) => None,
                };
                if let Some(files) = files
                    && files.take(operator, transfer)
                {
                    // the user is to see it, but not in place of what is being written
                    files.shown |= !self.chat.shown;
                }
            }
            HostEvent::SystemAsked {
                session,
                operator,
                name,
            } => {
                if let Some(running) = self.running_mut(session) {
                    running.system_asked.push(Present {
                        operator: Some(operator),
                        name: name.to_string(),
                    });
                    return vec![Effect::DrawAttention];
                }
            }
            HostEvent::BrowseAsked { operator } => {
                if let Stage::Running(running) = &mut self.stage {
                    let present = running.present(operator);
                    running.browse_asked.push(present);
                    return vec![Effect::DrawAttention];
                }
                // while another operator asks to be let in there is no room for it
                let consent = BrowseConsent::Refuse;
                let refuse = HostCommand::AnswerBrowse { operator, consent };
                return vec![Effect::Tell(refuse)];
            }
            HostEvent::ShieldAsked {
                session,
                name,
                shield,
                ..
            } => {
                if let Some(running) = self.running_mut(session) {
                    running.shields_asked.push((shield, name.to_string()));
                    return vec![Effect::DrawAttention];
                }
            }
            HostEvent::Shields { session, shields } => {
                if let Some(running) = self.running_mut(session) {
                    running.shields = shields;
                    let asked =
                        |(shield, _): &(Shield, String)| shields.of(*shield) == ShieldState::Asked;
                    running.shields_asked.retain(asked);
                }
            }
            HostEvent::Monitors(monitors) => {
                if let Stage::Asked(question) = &mut self.stage {
                    let is_there = |id: &u32| monitors.iter().any(|m| m.id == *id);
                    question.only = question.only.filter(is_there);
                }
                self.monitors = monitors;
            }
            HostEvent::MonitorGone { session } => {
                if let Some(running) = self.running_mut(session) {
                    (running.withheld, running.monitor_gone) = (true, true);
                    return vec![Effect::DrawAttention];
                }
            }
            HostEvent::Resting { session, by } => {
                if let Some(running) = self.running_mut(session) {
                    running.resting = by.iter().map(ToString::to_string).collect();
                }
            }
            HostEvent::Watched { session, by } => {
                if let Some(running) = self.running_mut(session) {
                    running.watched_by = by.iter().map(ToString::to_string).collect();
                }
            }
            HostEvent::SessionPaused { session } => {
                self.line_is(session, Line::Lost);
                if let Some(running) = self.running_mut(session) {
                    // nobody hears the answer
                    running.system_asked.clear();
                    running.browse_asked.clear();
                    running.shields_asked.clear();
                    running.shields = Shields::default();
                }
            }
            HostEvent::SessionResumed { session } => {
                self.line_is(session, Line::Back { at: now });
                if let Some(running) = self.running_mut(session) {
                    // keyboard and pointer are opened anew
                    running.cannot_act = None;
                }
            }
            HostEvent::Reconnecting => self.reconnecting(),
            HostEvent::Reconnected => self.reconnecting = false,
            HostEvent::SessionEnded {
                session: _,
                cause,
                lasted,
            } => {
                return self.session_ended(cause, lasted);
            }
            HostEvent::ChatReceived(line) => {
                // the user's own lines are shown when they are sent
                if line.author == ChatAuthor::Operator {
                    self.chat.receive(line, self.chat_is_visible());
                    return vec![Effect::DrawAttention];
                }
            }
            HostEvent::ChatNotSent { text } => self.chat.take_back(text.as_str()),
            HostEvent::OperatorPresent(present) => self.operator_present = present,
            HostEvent::Organisation(name) => {
                let organisations = &mut self.settings.organisations;
                let hub = self.hub.as_ref();
                if hub.is_some_and(|hub| organisations.learn(hub, &name)) {
                    return vec![Effect::Save];
                }
            }
            HostEvent::Receipt(checked) => {
                if let Some(ended) = self.ended_mut(checked.receipt.session) {
                    ended.receipt.came(checked);
                }
            }
            HostEvent::ReceiptForged => {
                if let Stage::Ended(ended) = &mut self.stage {
                    ended.receipt = Receipt::Forged;
                }
            }
            HostEvent::FeedbackTaken { session, stored } => {
                if let Some(ended) = self.ended_mut(session) {
                    ended.opinion.taken(stored);
                }
            }
            HostEvent::ConnectionLost(cause) => self.lost(cause),
            HostEvent::Hindered(hindrances) => self.hindrances = hindrances,
            HostEvent::Trouble(trouble) => {
                if let Trouble::NoInput { why, .. } = &trouble
                    && let Stage::Running(running) = &mut self.stage
                {
                    running.cannot_act = Some(*why);
                }
                self.trouble = Some(trouble);
            }
        }
        Vec::new()
    }

    fn withdrawn(&mut self, session: protocol::SessionId) {
        if let Stage::Asked(question) = &mut self.stage
            && question.session == session
        {
            if let Some(joins) = question.joins.take() {
                self.stage = Stage::Running(joins.running);
                return;
            }
            let operator = std::mem::take(&mut question.operator);
            self.chat.mark_read();
            self.stage = Stage::Waiting {
                operator,
                note: Some(WaitNote::Withdrawn),
            };
        }
    }

    fn company_is(
        &mut self,
        session: protocol::SessionId,
        operators: &[protocol::Companion],
        driver: Option<PeerId>,
    ) {
        let Some(running) = self.running_mut(session) else {
            return;
        };
        if operators.is_empty() {
            return; // the line is lost, which is said in other words
        }
        let present = |o: &protocol::Companion| Present {
            operator: Some(o.operator),
            name: o.name.to_string(),
        };
        running.operators = operators.iter().map(present).collect();
        let is_shared = running.is_shared();
        running.list_shown &= is_shared;
        let is_here = |o: &Present| operators.iter().any(|c| Some(c.operator) == o.operator);
        running.system_asked.retain(is_here);
        running.browse_asked.retain(is_here);
        running.browsers.retain(is_here);
        let driver = operators.iter().find(|o| Some(o.operator) == driver);
        running.driver = driver.filter(|_| is_shared).map(|o| o.name.to_string());
    }

    fn line_is(&mut self, session: protocol::SessionId, line: Line) {
        if let Some(running) = self.running_mut(session) {
            running.line = line;
        }
    }

    fn reconnecting(&mut self) {
        self.reconnecting = true;
        if let Stage::Waiting { note, .. } = &mut self.stage {
            // nobody took the question back, the line did
            note.take_if(|note| *note == WaitNote::Withdrawn);
        }
    }

    fn session_ended(&mut self, cause: EndCause, lasted: Duration) -> Vec<Effect> {
        let session = match &self.stage {
            Stage::Running(running) => Some(running.session),
            Stage::Asked(question) => question.joins.as_ref().map(|j| j.running.session),
            Stage::Ticket
            | Stage::OtherHub(_)
            | Stage::Opening { .. }
            | Stage::Waiting { .. }
            | Stage::Ended(_) => None,
        };
        if let Some(running) = session.and_then(|session| self.running_mut(session)) {
            let running = running.clone();
            self.chat.mark_read();
            self.stage = Stage::Ended(Ended {
                operators: running.names(),
                rights: running.rights,
                cause,
                lasted,
                connected: true,
                session: running.session,
                receipt: Receipt::default(),
                opinion: Opinion::default(),
            });
        }
        vec![Effect::WatchHotKey(false)]
    }

    fn lost(&mut self, cause: LostCause) {
        self.reconnecting = false;
        match &mut self.stage {
            Stage::Ended(ended) => ended.connected = false,
            Stage::OtherHub(_) | Stage::Ticket => {}
            Stage::Opening { .. } | Stage::Waiting { .. } | Stage::Asked(_) | Stage::Running(_) => {
                self.back_to_ticket(FormProblem::Lost(cause));
            }
        }
    }
}
