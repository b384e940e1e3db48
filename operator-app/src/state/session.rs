//! One remote session as its window shows it (S1, S2).

use operator_engine::InputSender;
use protocol::{EndedBy, HidKey, InputEvent, Rights};
use ui_kit::Lang;
use ui_kit::remote_view::ViewSize;

use super::chats::Conversation;
use super::clock::Clock;

/// The percentages that the menu offers beside 1:1.
pub const PERCENTAGES: [u16; 4] = [50, 75, 150, 200];

/// What the window asks of the program around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionWish {
    /// **End**.
    End,
    /// The window whose session is over can go; the report comes next.
    Leave,
    SendChat {
        text: String,
    },
    Screenshot,
    /// The conversation came into sight.
    ChatSeen,
}

/// A notice inside the session window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionNotice {
    pub text: String,
    pub is_problem: bool,
}

/// What one session window knows.
#[derive(Debug)]
pub struct SessionState {
    pub lang: Lang,
    pub clock: Clock,
    pub host: String,
    /// The ticket it came with, for the title.
    pub ticket: String,
    pub rights: Rights,
    pub input: InputSender,
    pub size: ViewSize,
    pub full_screen: bool,
    /// The operator's own choice to watch only.
    pub view_only: bool,
    /// Keys of this desktop go to the remote computer too.
    pub all_keys: bool,
    /// Why all keys cannot be had, if they cannot.
    pub all_keys_problem: Option<String>,
    pub chat_open: bool,
    pub chat: Conversation,
    /// **End** was pressed and the hub has not answered.
    pub ending: bool,
    /// How the session ended, once it has.
    pub ended: Option<EndedBy>,
    /// The report comes when the window goes.
    pub report_follows: bool,
    /// When it ended, in seconds of the window's clock; set when that is first drawn.
    pub ended_at_seconds: Option<f64>,
    pub notices: Vec<SessionNotice>,
    pub wishes: Vec<SessionWish>,
}

impl SessionState {
    /// Whether keyboard and pointer go to the host now.
    pub fn controls(&self) -> bool {
        self.rights.control && !self.view_only && self.ended.is_none()
    }

    /// Sends `event` if this window controls the host.
    pub fn send(&self, event: InputEvent) {
        if self.controls() {
            self.input.send(event);
        }
    }

    /// Presses the keys of a chord in order and releases them in the opposite order.
    pub fn press_chord(&self, keys: &[HidKey]) {
        let event = |key: &HidKey, pressed: bool| InputEvent::Key {
            key: *key,
            pressed,
            character: None,
        };
        for key in keys {
            self.send(event(key, true));
        }
        for key in keys.iter().rev() {
            self.send(event(key, false));
        }
    }

    /// Watches only from now on, or controls again. Nothing stays pressed.
    pub fn set_view_only(&mut self, view_only: bool) {
        if view_only {
            self.send(InputEvent::ReleaseAll);
            self.all_keys = false;
        }
        self.view_only = view_only;
    }

    /// The title of the window: `ANNA-PC - 482 913 057`.
    pub fn title(&self) -> String {
        if self.ticket.is_empty() {
            self.host.clone()
        } else {
            format!("{} - {}", self.host, self.ticket)
        }
    }
}
