//! What Helpme knows: which page it shows and what is on it.
//!
//! [`State::apply`] takes what the engine tells, [`State::act`] what the user wants; both give what is
//! to be done outside. No window, no network, no clock: times are since the program started.

mod acts;
pub mod chat;
pub mod consent;
mod heard;
pub mod hub_form;
pub mod other_hub;
pub mod receipt;
pub mod session;
pub mod ticket;

use std::path::PathBuf;
use std::time::Duration;

use host_engine::{HostCommand, Places, Trouble};
use protocol::diagnosis::News;
use protocol::files::TransferId;
use protocol::receipt::Offsets;
use protocol::{Hindrances, PeerId, ProxyLogin, ScreenMonitor, Stars, UpdateState};
use ui_kit::widgets::UpdateWish;
use ui_kit::{Lang, ProxyForm, TextSize, ThemeChoice};

pub use chat::Chat;
pub use consent::{Joins, Question};
pub use hub_form::HubForm;
pub use other_hub::OtherHub;
pub use receipt::{Opinion, Receipt};
pub use session::{Ended, Files, Line, Present, Running};
pub use ticket::{FormProblem, Inquiry, TicketForm};

use crate::lasting::LastingYes;
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
    /// Whether operators may reach windows of programs with more rights.
    AnswerMoreRights(bool),
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
    /// Of a newer version of Helpme.
    Update(UpdateWish),
    ChooseTheme(ThemeChoice),
    ChooseTextSize(TextSize),
    /// Open links from pages and mails with this program from now on, or no longer.
    OpenLinks(bool),
    /// The desktop is to ask its own question again.
    TakeBackLastingYes,
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
                | Self::AnswerMoreRights(true)
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
    /// Of a newer version of Helpme.
    Update(UpdateWish),
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
    /// Have Windows ask for an administrator's rights until the session ends.
    AskForMoreRights,
    /// Look what opens links; after that was chosen, if it was.
    AskAboutLinks(Option<bool>),
    /// The desktop need not ask again after its user's next yes, or is to ask from now on.
    WantLastingYes(bool),
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
    /// Whether operators may reach windows of programs with more rights.
    RightsAsked,
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
    /// This program could be given more rights than it has.
    pub can_have_more_rights: bool,
    /// The hot key works.
    pub hot_key: bool,
    /// How to recognise a swindler stands in the ticket's place: until it was read once, and when the user
    /// wants to read it again.
    pub advice_shown: bool,
    /// A newer version of Helpme.
    pub update: UpdateState,
    /// **Later** was said of this state.
    pub update_put_off: Option<UpdateState>,
    /// The settings, while they are open.
    pub hub_form: Option<HubForm>,
    /// Whether links open with this program.
    pub links: LinkChoice,
    /// Whether the desktop asks its own question.
    pub lasting_yes: LastingYes,
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
    /// What that hub calls its organisation, where it said so in the block that the program carries.
    pub organisation: String,
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
    pub fn new(mut settings: Settings, around: Surroundings) -> Self {
        if let Some(hub) = &around.hub
            && settings.organisations.of(hub).is_none()
        {
            // what the hub itself has said since is newer
            settings.organisations.learn(hub, &around.organisation);
        }
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
            can_have_more_rights: false,
            hot_key: false,
            advice_shown: !settings.advice_read,
            update: UpdateState::Newest,
            update_put_off: None,
            hub_form: None,
            links: LinkChoice::Unknown,
            lasting_yes: LastingYes::NotOffered,
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
                } else if self.asks_for_more_rights() {
                    Below::RightsAsked
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

    /// Takes what the doctor tells.
    pub fn hear(&mut self, news: News) {
        if let Some(inquiry) = &mut self.form.inquiry {
            inquiry.examination.take(news);
        }
    }

    /// Whether the desktop asks its own question is so now.
    pub fn lasting_yes_is(&mut self, now: LastingYes) -> Vec<Effect> {
        let before = std::mem::replace(&mut self.lasting_yes, now);
        // until it was looked for, nothing is known of what was kept
        if before.is_kept() == now.is_kept() {
            return Vec::new();
        }
        self.settings.lasting_yes = now.is_kept();
        vec![Effect::Save]
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

    /// Whether this program is not to be disturbed, or ended: somebody is being helped, or soon will be.
    pub fn is_busy(&self) -> bool {
        match self.stage {
            Stage::OtherHub(_) | Stage::Ticket | Stage::Ended(_) => false,
            Stage::Opening { .. } | Stage::Waiting { .. } | Stage::Asked(_) | Stage::Running(_) => {
                true
            }
        }
    }

    /// What is shown of a newer version: nothing to somebody who has begun to type a ticket or met with trouble, and
    /// nothing that nobody asked for and that they can do nothing about.
    pub fn update_shown(&self) -> Option<&UpdateState> {
        let is_theirs = match &self.update {
            UpdateState::Newest => false,
            UpdateState::Failed { version, .. } => !version.is_empty(),
            UpdateState::Offered { .. } => {
                self.form.digits.is_empty() && self.form.problem.is_none()
            }
            UpdateState::Waiting { .. }
            | UpdateState::Fetching { .. }
            | UpdateState::Ready { .. } => true,
        };
        let is_news = is_theirs && self.update_put_off.as_ref() != Some(&self.update);
        (is_news && self.stage == Stage::Ticket).then_some(&self.update)
    }

    /// The receipt is saved there, or could not be.
    pub fn receipt_saved(&mut self, at: Option<PathBuf>) {
        if let Stage::Ended(ended) = &mut self.stage {
            ended.receipt.saved(at);
        }
    }

    fn back_to_ticket(&mut self, problem: FormProblem) {
        (self.form.problem, self.form.inquiry) = (Some(problem), None);
        self.stage = Stage::Ticket;
    }
}

#[cfg(test)]
pub(crate) mod tests;
