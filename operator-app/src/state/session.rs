//! One remote session as its window shows it (S1, S2).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use operator_engine::{ClipboardWays, InputSender, LineQuality};
use protocol::browse::{BrowseAnswer, FolderAt};
use protocol::files::{ConflictAnswer, TransferId};
use protocol::transfers::Transfer;
use protocol::{
    ColourDepth, EndedBy, HidKey, Hindrance, Hindrances, InputEvent, Rights, ScreenLayout, Shield,
    ShieldState, Shields, SystemInformation, ViewWish,
};
use ui_kit::Lang;
use ui_kit::remote_view::ViewSize;
use ui_kit::words::{hindrance_for_operator, name_alone};

use super::browser::{Browser, Consent};
use super::chats::Conversation;
use super::snippets::Snippets;
use super::view::{HostView, Keyboards, Monitors, Usual};
use crate::phrases;
use ui_kit::{Clock, Word, w};

/// The percentages that the menu offers beside 1:1.
pub const PERCENTAGES: [u16; 5] = [25, 50, 75, 150, 200];
/// Up to here the host makes the picture smaller, so that less travels. Above, more would: what moves
/// by pixels of the screen does not move by whole pixels of such a picture, and is told anew.
const MADE_BY_THE_HOST: u16 = 50;

/// What the window asks of the program around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionWish {
    /// **End**.
    End,
    /// The same, after a last line of chat.
    EndWith {
        text: String,
    },
    /// The window whose session is over can go; the report comes next.
    Leave,
    SendChat {
        text: String,
    },
    Screenshot,
    /// The same onto the clipboard.
    CopyScreenshot,
    /// The colour depth that the next session starts with too.
    KeepDepth(ColourDepth),
    /// What sessions with this host begin with from now on.
    KeepView(HostView),
    /// Look what this computer's keyboard is.
    LookAtKeyboard,
    /// The conversation came into sight.
    ChatSeen,
    /// Ask the host what computer it is.
    AskSystem,
    /// Block the user's input or make their screen dark, or no longer.
    Shield(Shield, bool),
    /// **Pause**, or **Go on**.
    Rest(bool),
    /// Put this into the notes of the session's report.
    IntoReport {
        text: String,
    },
    /// Mark the moment that was so long ago in the film.
    Mark {
        text: String,
        ago: Duration,
    },
    /// Have the desktop ask which files to send, or which folders.
    ChooseFiles {
        folders: bool,
    },
    SendFiles(Vec<PathBuf>),
    /// Into the folder of the host that is shown.
    SendFilesInto {
        chosen: Vec<PathBuf>,
        listing: u32,
    },
    /// Ask the user for a look through the folders.
    AskToBrowse,
    /// What is in a folder of the host.
    List {
        listing: u32,
        at: FolderAt,
    },
    FetchFiles {
        listing: u32,
        entries: Vec<u32>,
    },
    CancelFiles(TransferId),
    /// What becomes of an entry whose name is there already, and of all others.
    AnswerConflict {
        id: TransferId,
        entry: u32,
        answer: ConflictAnswer,
        for_all: bool,
    },
    HoldFiles(TransferId, bool),
    /// Which way the clipboard goes from now on, in all sessions.
    ShareClipboard(ClipboardWays),
    /// The keyboard came to this window, or left it.
    HasKeyboard(bool),
    /// The digits of a colleague's ticket are complete.
    BringIn {
        digits: String,
    },
}

/// What computer the host is, while the operator looks at that (S2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    pub view: SystemView,
    /// It was put into the report.
    pub in_report: bool,
}

/// What is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SystemView {
    #[default]
    Asking,
    Is(Box<SystemInformation>),
    /// Why nothing is known.
    Not(String),
}

/// A colleague who is to be brought in (O11).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BringIn {
    /// The digits of the colleague's ticket, as far as they are typed.
    pub digits: String,
    /// The ticket is with the host.
    pub waiting: bool,
    /// What went wrong last.
    pub problem: Option<String>,
}

/// A moment that is to be marked, while its words are typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marking {
    pub text: String,
    /// The moment.
    pub at: Instant,
}

/// Who else is there (O11).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// The names of the other operators.
    pub others: Vec<String>,
    /// Who has keyboard and mouse.
    pub driver: Driver,
}

/// Who has keyboard and mouse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Driver {
    #[default]
    Nobody,
    You,
    Other(String),
}

/// Files between this computer and the host (S6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The newest first.
    pub all: Vec<Transfer>,
    /// They are listed beside the screen.
    pub open: bool,
    /// A path that is typed.
    pub path: String,
    /// The next answer about a name that is there already is for all.
    pub answer_for_all: bool,
}

/// How many transfers of a session stay in the list.
const MOST_TRANSFERS: usize = 500;

impl Files {
    /// Takes how a transfer stands; a new one is shown, and so is a question.
    pub fn take(&mut self, transfer: Transfer) {
        if let Some(known) = self.all.iter_mut().find(|t| t.id == transfer.id) {
            self.open |= transfer.question.is_some() && known.question.is_none();
            *known = transfer;
            return;
        }
        self.all.insert(0, transfer);
        self.all.truncate(MOST_TRANSFERS);
        self.open = true;
    }
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
    /// How much colour travels (S3).
    pub depth: ColourDepth,
    /// The monitor that is to be seen; all of them if `None`.
    pub monitor: Option<u32>,
    /// Each monitor is to have a window of its own.
    pub apart: bool,
    /// The host has said where its monitors stand, so they can have that.
    pub can_part: bool,
    /// Which monitors are wanted, until that can be had.
    pub wanted: Option<Monitors>,
    /// What was chosen for this host, ...
    pub view: HostView,
    /// ... and how sessions begin where nothing was.
    pub usual: Usual,
    pub keyboards: Keyboards,
    /// What the host says that the pictures are of.
    pub layout: Option<ScreenLayout>,
    pub full_screen: bool,
    /// The operator's own choice to watch only.
    pub view_only: bool,
    /// The host presses keys where they are on the keyboard, whatever they mean here.
    pub keys_by_place: bool,
    /// Keys of this desktop go to the remote computer too.
    pub all_keys: bool,
    /// Why all keys cannot be had, if they cannot.
    pub all_keys_problem: Option<String>,
    pub company: Company,
    /// Administrators of the hub who watch.
    pub watched_by: Vec<String>,
    /// The dialog for a colleague, while it is open.
    pub bring_in: Option<BringIn>,
    /// The dialog for a moment's words, while it is open.
    pub marking: Option<Marking>,
    /// The dialog for a closing message, while it is open: what is typed so far.
    pub closing: Option<String>,
    /// The dialog that says what computer the host is, while it is open.
    pub system: Option<System>,
    pub chat_open: bool,
    pub files: Files,
    /// The host's folders.
    pub browser: Browser,
    /// Which way the clipboard goes (S7).
    pub clipboard: ClipboardWays,
    /// This computer has one that can be shared.
    pub has_clipboard: bool,
    pub chat: Conversation,
    /// Texts for conversations.
    pub snippets: Snippets,
    /// The line is lost and is to come back; the picture is the last one.
    pub paused: bool,
    /// The user has paused; the picture is from before.
    pub withheld: bool,
    /// The operator has paused.
    pub resting: bool,
    /// How the shields stand at the host, if it has any.
    pub shields: Option<Shields>,
    /// The monitor that the user shares alone.
    pub shares_only: Option<String>,
    /// How the line is, once that is known.
    pub line: Option<LineQuality>,
    /// Its figures are open, not only its sign.
    pub line_open: bool,
    /// **End** was pressed and the hub has not answered.
    pub ending: bool,
    /// What the host cannot do.
    pub hindrances: Hindrances,
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
    /// What the host is to send.
    pub fn view_wish(&self) -> ViewWish {
        let percent = match self.size {
            ViewSize::Percent(percent) if percent <= MADE_BY_THE_HOST => {
                u8::try_from(percent).unwrap_or(100)
            }
            ViewSize::Percent(_) | ViewSize::Fit | ViewSize::Actual => 100,
        };
        ViewWish {
            depth: self.depth,
            percent,
            monitor: self.monitor,
        }
    }

    /// The size of the picture that arrives, in hundredths of the host's screen.
    pub fn picture_percent(&self) -> u8 {
        let told = self.layout.as_ref().map_or(100, |layout| layout.percent);
        told.clamp(1, 100)
    }

    /// Takes how the line is; whether the window shows anything else with that. Figures change every second while
    /// something moves, and to draw a large window anew for what nobody sees takes the cores from the picture.
    pub fn take_line(&mut self, line: LineQuality) -> bool {
        let sign = |line: &LineQuality| (line.grade, line.limit);
        let was = self.line.as_ref().map(sign);
        let is_seen = self.line_open || was != Some(sign(&line));
        self.line = Some(line);
        is_seen
    }

    /// Whether keyboard and pointer go to the host now.
    pub fn controls(&self) -> bool {
        self.rights.has(Rights::CONTROL)
            && !self.view_only
            && !self.stands_still()
            && self.ended.is_none()
    }

    /// Whether the picture is an old one: the line is lost, or somebody has paused.
    pub fn stands_still(&self) -> bool {
        self.paused || self.withheld || self.resting
    }

    /// Pauses, or goes on. Nothing stays pressed.
    pub fn set_resting(&mut self, resting: bool) {
        if resting {
            self.send(InputEvent::ReleaseAll);
            self.all_keys = false;
        }
        self.resting = resting;
        self.wishes.push(SessionWish::Rest(resting));
    }

    /// How a shield stands at the host.
    pub fn shield(&self, shield: Shield) -> ShieldState {
        self.shields.map_or(ShieldState::Down, |all| all.of(shield))
    }

    /// Whether files can be sent now.
    pub fn may_send_files(&self) -> bool {
        self.rights.has(Rights::FILES) && self.ended.is_none()
    }

    /// Why the clipboard is not shared whatever its switches say, if so.
    pub fn clipboard_obstacle(&self) -> Option<&'static str> {
        if !self.has_clipboard {
            Some(phrases::no_clipboard(self.lang))
        } else if self.rights.has(Rights::CLIPBOARD) {
            None
        } else {
            Some(phrases::clipboard_not_allowed(self.lang))
        }
    }

    /// Why nothing can be typed and clicked at the host now, if so.
    pub fn control_obstacle(&self) -> Option<&'static str> {
        let lang = self.lang;
        let own = || self.view_only.then(|| phrases::view::you_watch_only(lang));
        let obstacle = self.rights_obstacle();
        obstacle.or_else(|| self.still_obstacle()).or_else(own)
    }

    /// What keeps keys and clicks from the host for longer than a window is in front.
    pub fn barred(&self) -> Option<Hindrance> {
        let input = self.hindrances.input;
        input.filter(|hindrance| hindrance.prevents_acting())
    }

    /// Why nothing may be typed and clicked at the host, whatever the line does.
    pub fn rights_obstacle(&self) -> Option<&'static str> {
        let barred = self.barred();
        if self.rights.has(Rights::CONTROL) && barred.is_none() {
            return None;
        }
        let lang = self.lang;
        Some(match barred {
            Some(hindrance) => hindrance_for_operator(lang, hindrance),
            None => phrases::view_only_granted(lang),
        })
    }

    /// Why the host is out of reach, or its picture stands still, if so.
    pub fn still_obstacle(&self) -> Option<&'static str> {
        let lang = self.lang;
        if let Some(obstacle) = self.line_obstacle() {
            Some(obstacle)
        } else if self.withheld {
            Some(phrases::paused_by_user(lang))
        } else if self.resting {
            Some(phrases::shields::you_paused(lang))
        } else {
            None
        }
    }

    /// Why nothing reaches the host, if so.
    pub fn line_obstacle(&self) -> Option<&'static str> {
        if self.ended.is_some() {
            Some(w(self.lang, Word::SessionEndedTitle))
        } else if self.paused {
            Some(w(self.lang, Word::LineLost))
        } else {
            None
        }
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

    /// Asks for the words of this moment, which is to be marked in the film.
    pub fn begin_mark(&mut self) {
        let can = !self.paused && self.ended.is_none();
        let is_free = self.marking.is_none()
            && self.bring_in.is_none()
            && self.system.is_none()
            && self.closing.is_none();
        if can && is_free {
            // the words are typed here
            self.all_keys = false;
            self.marking = Some(Marking {
                text: String::new(),
                at: Instant::now(),
            });
        }
    }

    /// Asks for the words that the user is left with.
    pub fn begin_closing(&mut self) {
        // the words are typed here
        self.all_keys = false;
        self.closing = Some(String::new());
    }

    /// Asks what computer the host is.
    pub fn open_system(&mut self) {
        self.all_keys = false;
        self.system = Some(System::default());
        self.wishes.push(SessionWish::AskSystem);
    }

    /// Opens the window with the host's folders; the user is asked where that was not done.
    pub fn open_browser(&mut self) {
        self.all_keys = false;
        self.browser.open = true;
        if self.browser.consent != Consent::Allowed {
            self.browser.consent = Consent::Asking;
            self.wishes.push(SessionWish::AskToBrowse);
        } else if self.browser.folder.listing == 0 {
            // the user said so while the window was closed
            self.browse_answered(BrowseAnswer::Allowed);
        }
    }

    /// What the user says to a look through the folders; what is in sight is listed then.
    pub fn browse_answered(&mut self, answer: BrowseAnswer) {
        if let Some(at) = self.browser.answered(answer)
            && self.browser.open
        {
            let listing = self.browser.ask();
            self.wishes.push(SessionWish::List { listing, at });
        }
    }

    /// Sends files: into the folder of the host that is in front, if one is.
    pub fn send_files(&self, chosen: Vec<PathBuf>) -> SessionWish {
        match self.browser.sends_into() {
            Some(listing) => SessionWish::SendFilesInto { chosen, listing },
            None => SessionWish::SendFiles(chosen),
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

    /// The title of the window: `ANNA-PC - 482 913 0571`.
    pub fn title(&self) -> String {
        let host = name_alone(self.lang, &self.host);
        if self.ticket.is_empty() {
            host
        } else {
            format!("{host} - {}", self.ticket)
        }
    }
}
