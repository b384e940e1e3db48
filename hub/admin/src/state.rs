//! What the window shows, and what it wants of the hub.

use protocol::admin::Question;
use protocol::admin::desk::{LiveSession, Overview};
use protocol::control::Name;
use protocol::{Entry, HubAddress, PeerId, Refusal, SessionId};
use transport::Fingerprint;
use ui_kit::{Clock, Lang, ThemeChoice, Tone};
use zeroize::Zeroizing;

/// A part of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    #[default]
    Overview,
    Live,
}

impl Section {
    /// In the order of the side bar.
    pub const ALL: [Self; 2] = [Self::Overview, Self::Live];
}

/// What a question was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    Overview,
    Live,
    /// Something was done; the notice says so.
    Done(Done),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    SessionEnded,
    Disconnected,
}

/// What a view wishes for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    SignIn,
    CancelSignIn,
    SignOut,
    Go(Section),
    SetTheme(ThemeChoice),
    SetLang(Lang),
    Copy(String),
    Refresh,
}

/// Whether somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    #[default]
    Out,
    SigningIn,
    In {
        name: String,
        /// The connection is lost, and is to come back.
        lost: bool,
    },
}

/// The form of the sign-in.
#[derive(Debug, Default)]
pub struct SignInForm {
    pub hub: String,
    pub fingerprint: String,
    pub user: String,
    pub password: Zeroizing<String>,
    /// Faults are shown once somebody tried.
    pub show_faults: bool,
    /// Why the last try failed.
    pub problem: Option<String>,
    /// The password is to be typed anew.
    pub retype: bool,
}

impl SignInForm {
    pub fn address(&self) -> Result<HubAddress, protocol::AddressFault> {
        let written: protocol::WrittenAddress = self.hub.parse()?;
        let port = written.port.unwrap_or(protocol::address::DEFAULT_PORT);
        let host = written.host;
        Ok(HubAddress { host, port })
    }

    pub fn pin(&self) -> Option<Fingerprint> {
        self.fingerprint.parse().ok()
    }

    pub fn is_sound(&self) -> bool {
        self.address().is_ok()
            && self.pin().is_some()
            && !self.user.trim().is_empty()
            && !self.password.is_empty()
    }
}

/// Something that is asked for again and again while it is looked at.
#[derive(Debug)]
pub struct Shown<T> {
    pub value: Option<T>,
    pub problem: Option<Refusal>,
    pub is_asked: bool,
    /// When it is to be asked for again, in seconds of the window's time.
    pub due: f64,
}

impl<T> Default for Shown<T> {
    fn default() -> Self {
        Self {
            value: None,
            problem: None,
            is_asked: false,
            due: 0.0,
        }
    }
}

impl<T> Shown<T> {
    pub fn take(&mut self, answer: Result<T, Refusal>) {
        self.is_asked = false;
        match answer {
            Ok(value) => (self.value, self.problem) = (Some(value), None),
            Err(refusal) => self.problem = Some(refusal),
        }
    }
}

/// Everybody and everything that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub entries: Vec<Entry>,
    pub sessions: Vec<LiveSession>,
}

/// A question to the administrator that is open over the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asking {
    EndSession {
        session: SessionId,
        host: Name,
    },
    Disconnect {
        peer: PeerId,
        name: Name,
        is_operator: bool,
    },
}

/// The window's state.
#[derive(Debug)]
pub struct State {
    pub lang: Lang,
    pub clock: Clock,
    pub standing: Standing,
    pub sign_in: SignInForm,
    pub section: Section,
    pub overview: Shown<Overview>,
    pub live: Shown<Live>,
    pub asking: Option<Asking>,
    pub notices: Vec<(Tone, String)>,
    /// What is to be asked of the hub.
    pub outbox: Vec<(Topic, Question)>,
    pub wishes: Vec<Wish>,
}

impl State {
    pub fn new(lang: Lang) -> Self {
        Self {
            lang,
            clock: Clock::now(),
            standing: Standing::Out,
            sign_in: SignInForm::default(),
            section: Section::default(),
            overview: Shown::default(),
            live: Shown::default(),
            asking: None,
            notices: Vec::new(),
            outbox: Vec::new(),
            wishes: Vec::new(),
        }
    }

    pub fn wish(&mut self, wish: Wish) {
        self.wishes.push(wish);
    }

    pub fn ask(&mut self, topic: Topic, question: Question) {
        self.outbox.push((topic, question));
    }

    /// Nothing of another hub or person stays.
    pub fn forget(&mut self) {
        let lang = self.lang;
        let mut new = Self::new(lang);
        std::mem::swap(&mut new.sign_in, &mut self.sign_in);
        new.notices = std::mem::take(&mut self.notices);
        *self = new;
    }

    /// Everything is asked for anew.
    pub fn refresh(&mut self) {
        for shown in [&mut self.overview.due, &mut self.live.due] {
            *shown = 0.0;
        }
        self.overview.is_asked = false;
        self.live.is_asked = false;
    }
}
