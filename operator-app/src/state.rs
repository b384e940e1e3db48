//! What the console knows. Views read it, [`crate::app`] changes it.

pub mod account;
pub mod browser;
pub mod chats;
pub mod computers;
pub mod opening;
pub mod proxy;
pub mod reports;
pub mod session;
pub mod showing;
pub mod snippets;
pub mod templates;
pub mod tickets;

use ui_kit::{Lang, OwnForm};

use account::Account;
use chats::Chats;
use computers::Computers;
use opening::OpeningHost;
use reports::Reports;
use showing::ShowingBox;
use snippets::Snippets;
use templates::Templates;
use tickets::Tickets;
use ui_kit::{Clock, Examination};

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
    /// Texts for conversations.
    pub snippets: Snippets,
    pub side: Side,
    /// The host that **Disconnect this PC** was chosen for, while the console asks if that is meant.
    pub disconnecting: Option<protocol::PeerId>,
    /// The permanent host whose access password is being typed.
    pub opening: Option<OpeningHost>,
    /// A colleague's screen is asked for, or this one's, while that is open.
    pub showing: Option<ShowingBox>,
    /// **Check the connection**, while it is open.
    pub examination: Option<Examination>,
    pub settings_open: bool,
    pub drafts_open: bool,
    /// **Your account**, while it is open.
    pub own: Option<OwnForm>,
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
            snippets: Snippets::default(),
            side: Side::Tickets,
            disconnecting: None,
            opening: None,
            showing: None,
            examination: None,
            settings_open: false,
            drafts_open: false,
            own: None,
        }
    }
}
