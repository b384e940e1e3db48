//! What Helpme knows: which page it shows and what is on it.
//!
//! [`State::apply`] takes what the engine tells, [`State::act`] what the user wants; both give what is
//! to be done outside. No window, no network, no clock: times are since the program started.

pub mod chat;
pub mod consent;
pub mod hub_form;
pub mod other_hub;
pub mod receipt;
pub mod session;
pub mod ticket;

use std::path::PathBuf;
use std::time::Duration;

use host_engine::{
    BrowseConsent, ConnectProblem, EndCause, HostCommand, HostEvent, LostCause, Places, Trouble,
};
use protocol::diagnosis::News;
use protocol::files::TransferId;
use protocol::receipt::Offsets;
use protocol::{
    ChatAuthor, Hindrances, PeerId, ProxyLogin, Rights, ScreenMonitor, Shield, ShieldState,
    Shields, Stars,
};
use ui_kit::words::doctor_text;
use ui_kit::{Lang, ProxyForm, ThemeChoice};

pub use chat::Chat;
pub use consent::{Joins, Question};
pub use hub_form::HubForm;
pub use other_hub::OtherHub;
pub use receipt::{Opinion, Receipt};
pub use session::{Ended, Files, Line, Present, Running};
pub use ticket::{FormProblem, Inquiry, TicketForm};

use crate::backend::program;
use crate::link::Link;
use crate::links::LinkChoice;
use crate::settings::{HubPlace, HubText, Settings};

/// Where the program stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// The user chooses between two hubs.
    OtherHub(OtherHub),
    /// The ticket can be typed.
    Ticket,
    /// The ticket is on its way.
    Opening { connected: bool },
    /// In the operator's list.
    Waiting {
        operator: String,
        note: Option<WaitNote>,
    },
    /// The operator asks to be let in.
    Asked(Question),
    /// The operator sees the screen.
    Running(Running),
    /// A session is over.
    Ended(Ended),
}

/// What just happened, for somebody who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitNote {
    Refused,
    Withdrawn,
}

/// What the user wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// **Helpme**.
    OpenTicket,
    /// Stop trying; or leave and start with another ticket.
    Leave,
    /// **Allow** or **Refuse**.
    Answer {
        allow: bool,
    },
    /// Send an operator away who asks again and again.
    Block,
    /// Take back keyboard and mouse.
    StopControl,
    /// **Pause**, or **Go on**.
    Withhold(bool),
    /// Whether the operator who asked first may know what computer this is.
    AnswerSystem(bool),
    /// What the operator who asked first for a look through the folders hears.
    AnswerBrowse(BrowseChoice),
    /// Nobody may look through the folders any more.
    StopBrowsing,
    /// Whether the shield that was asked for first may go up.
    AnswerShield(bool),
    /// **End**.
    End,
    /// List the monitors below the bar, or no longer.
    ListMonitors(bool),
    /// Share this monitor alone, or all there are.
    ShareOnly(Option<u32>),
    /// List the operators below the bar, or no longer.
    ListOperators(bool),
    /// Send one of several operators away.
    SendAway(PeerId),
    SendChat(String),
    ShowChat(bool),
    ShowSettings(bool),
    /// How to recognise a swindler, or no more of it.
    ShowAdvice(bool),
    SaveHub,
    /// **Connect**, with the name and password for the proxy.
    SignInAtProxy,
    /// Without them.
    LeaveProxy,
    /// The hub that is named now, or the one that was used before.
    ChooseHub {
        named: bool,
    },
    /// The technical part of why there is no connection, or no longer.
    ShowDetails(bool),
    CopyDetails,
    /// No more looking into it.
    StopInquiry,
    ChooseLanguage(Option<Lang>),
    ChooseTheme(ThemeChoice),
    /// Open links from pages and mails with this program from now on, or no longer.
    OpenLinks(bool),
    /// List the files below the bar, or no longer.
    ShowFiles(bool),
    /// Have the desktop ask which files, or which folders.
    ChooseFiles {
        folders: bool,
    },
    /// These were chosen, or dropped here.
    SendFiles(Vec<PathBuf>),
    /// End a transfer with that operator.
    CancelFiles(PeerId, TransferId),
    /// Take back the right to files.
    StopFiles,
    /// Save the receipt, for a place whose clocks are so far from UTC.
    SaveReceipt(Offsets),
    /// So many stars; or the words for those that were pressed.
    Rate(Option<Stars>),
    /// Take back the right to the clipboard.
    StopClipboard,
    /// Drag the bar.
    DragBar,
}

/// What the user says to an operator who wants to look through the folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrowseChoice {
    Allow,
    /// They choose files to send instead.
    ChooseThemselves,
    Refuse,
}

impl Action {
    /// Whether it gives an operator more than before, and so counts only from the user's own hand.
    pub fn is_the_users_alone(&self) -> bool {
        matches!(
            self,
            Self::Answer { allow: true }
                | Self::AnswerSystem(true)
                | Self::AnswerShield(true)
                | Self::AnswerBrowse(BrowseChoice::Allow)
                | Self::ShareOnly(_)
        )
    }
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Tell(HostCommand),
    /// Nothing is captured or injected any more at once, or all is again.
    Withhold(bool),
    /// Only this monitor is captured from now on, or all are.
    ShareOnly(Option<ScreenMonitor>),
    /// Start the engine anew, for another hub.
    UseHub(HubPlace),
    /// Look at the ways to this hub, until the form has no inquiry.
    Examine(HubPlace),
    Copy(String),
    /// From the next try on this is who signs in at the network's proxy.
    SignInAtProxy(ProxyLogin),
    Save,
    ApplyTheme,
    /// Have the desktop mark the window as one that wants attention.
    DrawAttention,
    DragBar,
    /// Have the desktop ask which files, or which folders.
    ChooseFiles {
        folders: bool,
    },
    /// Watch for the hot key, or no longer.
    WatchHotKey(bool),
    /// Look what opens links; after that was chosen, if it was.
    AskAboutLinks(Option<bool>),
    /// Keep a text as a file of the user's; [`State::receipt_saved`] follows.
    SaveReceipt {
        name: String,
        text: String,
    },
}

/// How the window stands on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A usual window.
    Window,
    /// A window in front of all others, until its question is answered.
    Question,
    /// A bar above everything else.
    Bar { below: Below },
}

/// What stands below the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    Nothing,
    Chat,
    /// So many operators, one of whom can be sent away.
    Operators(usize),
    /// So many monitors, and all of them together.
    Monitors(usize),
    /// So many transfers of files.
    Files(usize),
    /// An operator's question what computer this is.
    SystemAsked,
    /// An operator's question for a look through the folders.
    BrowseAsked,
    /// An operator's wish that the user's input is blocked or the screen dark.
    ShieldAsked,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    pub settings: Settings,
    pub hub: Option<HubPlace>,
    /// The hub was named at start or beside the program; the settings do not change it.
    pub hub_is_given: bool,
    pub stage: Stage,
    pub form: TicketForm,
    pub chat: Chat,
    pub operator_present: bool,
    /// This computer's connection is lost and is being tried again.
    pub reconnecting: bool,
    pub trouble: Option<Trouble>,
    /// The monitors of this computer, the primary one first.
    pub monitors: Vec<ScreenMonitor>,
    /// The one that is shared alone.
    pub only: Option<ScreenMonitor>,
    /// What hinders a helper on this computer.
    pub hindrances: Hindrances,
    /// The hot key works.
    pub hot_key: bool,
    /// How to recognise a swindler stands in the ticket's place: until it was read once, and when the user
    /// wants to read it again.
    pub advice_shown: bool,
    /// The settings, while they are open.
    pub hub_form: Option<HubForm>,
    /// Whether links open with this program.
    pub links: LinkChoice,
    /// The question of the network's proxy, while it stands.
    pub proxy_form: Option<ProxyForm>,
    system_language: Lang,
    started_unix_seconds: i64,
    /// Where an operator begins to look who may look through the folders.
    places: Places,
}

/// What a start finds around it.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// A hub named from outside.
    pub hub: Option<HubPlace>,
    /// The link by which this start was asked for.
    pub link: Option<Link>,
    /// The name of the account's user.
    pub account: String,
    pub language: Lang,
    /// Now, in seconds since the Unix epoch.
    pub unix_seconds: i64,
    /// Where people begin to look through this computer's folders.
    pub places: Places,
}

impl State {
    /// At start.
    pub fn new(settings: Settings, around: Surroundings) -> Self {
        let (linked, ticket) = around.link.map(|link| (link.hub, link.ticket)).unzip();
        let hub_is_given = linked.is_some() || around.hub.is_some();
        let saved = settings.hub.as_ref().and_then(|text| text.parse().ok());
        let name = if settings.name.is_empty() {
            &around.account
        } else {
            &settings.name
        };
        let mut form = TicketForm::new(name);
        if let Some(ticket) = ticket.flatten() {
            form.fill_in(&ticket);
        }
        // anybody can make a link, so it counts as less than what was set up or typed here
        let set_up = around.hub.as_ref().map(HubText::from);
        let own = set_up
            .or_else(|| settings.hub.clone())
            .filter(|_| linked.is_some());
        let known = settings.used_hub.clone().or(own);
        let named = linked.or(around.hub);
        let other_hub = OtherHub::ask(named.as_ref(), known.as_ref());
        let mut state = Self {
            hub: named.or(saved),
            hub_is_given,
            stage: Stage::Ticket,
            form,
            chat: Chat::default(),
            operator_present: true,
            reconnecting: false,
            trouble: None,
            monitors: Vec::new(),
            only: None,
            hindrances: Hindrances::NONE,
            hot_key: false,
            advice_shown: !settings.advice_read,
            hub_form: None,
            links: LinkChoice::Unknown,
            proxy_form: None,
            system_language: around.language,
            started_unix_seconds: around.unix_seconds,
            places: around.places,
            settings,
        };
        if let Some(question) = other_hub {
            (state.hub, state.stage) = (None, Stage::OtherHub(question));
        } else if state.hub.is_none() {
            state.form.problem = Some(FormProblem::NoHub);
        }
        state
    }

    /// A link was opened while this runs. Its ticket is filled in where one can be typed, and another hub is
    /// asked about first; whoever waits or is helped is not disturbed.
    pub fn take_link(&mut self, link: Link) -> Vec<Effect> {
        let Link { hub, ticket } = link;
        let mut effects = Vec::new();
        if !matches!(
            self.stage,
            Stage::Ticket | Stage::Ended(_) | Stage::OtherHub(_)
        ) {
            return effects;
        }
        if let Some(ticket) = &ticket {
            self.form.fill_in(ticket);
            self.form.problem = None;
        }
        let before = self.hub.as_ref().map(HubText::from);
        let known = self.settings.used_hub.clone().or(before);
        self.stage = Stage::Ticket;
        if let Some(question) = OtherHub::ask(Some(&hub), known.as_ref()) {
            (self.hub, self.stage) = (None, Stage::OtherHub(question));
        } else if self.hub.as_ref().is_none_or(|known| !known.is(&hub)) {
            (self.hub, self.hub_is_given) = (Some(hub.clone()), true);
            effects.push(Effect::UseHub(hub));
        }
        effects
    }

    /// The language now.
    pub fn lang(&self) -> Lang {
        self.settings.language.unwrap_or(self.system_language)
    }

    /// The hub that this start named, whatever the user will choose, or else the one that is set.
    pub fn named_hub(&self) -> Option<&HubPlace> {
        if let Stage::OtherHub(question) = &self.stage {
            return Some(&question.named);
        }
        self.hub.as_ref()
    }

    /// Whose help desk it is, if that is known: as it said itself the last time.
    pub fn organisation(&self) -> Option<&str> {
        self.settings.organisations.of(self.hub.as_ref()?)
    }

    /// How the window should stand.
    pub fn shape(&self) -> Shape {
        match &self.stage {
            Stage::Running(running) => Shape::Bar {
                below: if !running.system_asked.is_empty() {
                    Below::SystemAsked
                } else if !running.browse_asked.is_empty() {
                    Below::BrowseAsked
                } else if !running.shields_asked.is_empty() {
                    Below::ShieldAsked
                } else if running.monitors_shown {
                    Below::Monitors(self.monitors.len())
                } else if running.list_shown {
                    Below::Operators(running.operators.len())
                } else if running.files.shown {
                    Below::Files(running.files.all.len())
                } else if self.chat.shown {
                    Below::Chat
                } else {
                    Below::Nothing
                },
            },
            Stage::Asked(_) => Shape::Question,
            Stage::OtherHub(_)
            | Stage::Ticket
            | Stage::Opening { .. }
            | Stage::Waiting { .. }
            | Stage::Ended(_) => Shape::Window,
        }
    }

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
                if self.hindrances.input.is_some() {
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
                    resting: Vec::new(),
                    monitors_shown: false,
                    monitor_gone: false,
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
            HostEvent::Trouble(trouble) => self.trouble = Some(trouble),
        }
        Vec::new()
    }

    /// The operator may do so no longer.
    fn take_back(&self, right: Rights) -> Vec<Effect> {
        let Stage::Running(running) = &self.stage else {
            return Vec::new();
        };
        let rights = running.rights.without(right);
        vec![Effect::Tell(HostCommand::ReduceRights { rights })]
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
            Action::End => vec![Effect::Tell(HostCommand::EndSession)],
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
    fn inquire(&mut self) -> Vec<Effect> {
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

    /// Takes what the doctor tells.
    pub fn hear(&mut self, news: News) {
        if let Some(inquiry) = &mut self.form.inquiry {
            inquiry.examination.take(news);
        }
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

    /// Notes that the question stands on the screen; the guard against a click in flight runs from
    /// the first time.
    pub fn question_was_drawn(&mut self, now: Duration) {
        if let Stage::Asked(question) = &mut self.stage {
            question.drawn_at.get_or_insert(now);
        }
    }

    /// Whether new lines of chat are seen as they come.
    fn chat_is_visible(&self) -> bool {
        match self.stage {
            Stage::Waiting { .. } | Stage::Ended(_) => true,
            Stage::Running(_) => self.chat.shown,
            Stage::OtherHub(_) | Stage::Ticket | Stage::Opening { .. } | Stage::Asked(_) => false,
        }
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

    /// The session that runs, also behind a question.
    fn running_mut(&mut self, session: protocol::SessionId) -> Option<&mut Running> {
        let running = match &mut self.stage {
            Stage::Running(running) => running,
            Stage::Asked(question) => &mut question.joins.as_mut()?.running,
            Stage::Ticket
            | Stage::OtherHub(_)
            | Stage::Opening { .. }
            | Stage::Waiting { .. }
            | Stage::Ended(_) => {
                return None;
            }
        };
        (running.session == session).then_some(running)
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

    fn ended_mut(&mut self, session: protocol::SessionId) -> Option<&mut Ended> {
        match &mut self.stage {
            Stage::Ended(ended) => Some(ended).filter(|ended| ended.session == session),
            Stage::Ticket
            | Stage::OtherHub(_)
            | Stage::Opening { .. }
            | Stage::Waiting { .. }
            | Stage::Asked(_)
            | Stage::Running(_) => None,
        }
    }

    /// The receipt is saved there, or could not be.
    pub fn receipt_saved(&mut self, at: Option<PathBuf>) {
        if let Stage::Ended(ended) = &mut self.stage {
            ended.receipt.saved(at);
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

    fn back_to_ticket(&mut self, problem: FormProblem) {
        (self.form.problem, self.form.inquiry) = (Some(problem), None);
        self.stage = Stage::Ticket;
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
    fn remember_hub(&mut self) -> Vec<Effect> {
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

#[cfg(test)]
pub(crate) mod tests;
