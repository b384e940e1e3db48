//! What the window shows, and what it wants of the hub.

mod computers;
mod films;
mod people;
mod reports;
mod settings;
mod shown;
mod sign_in;

use protocol::admin::Question;
use protocol::admin::audit::{self, AuditRow, Verified};
use protocol::admin::desk::{LiveSession, Overview};
use protocol::admin::reports::{ExportFormat, Totals, TotalsBy};
use protocol::control::Name;
use protocol::{Entry, PeerId, ReportId, SessionId};
use ui_kit::{Clock, Lang, OwnForm, TextSize, ThemeChoice, Tone};

use crate::listing::{Listing, PageOf};
use crate::words::Say;

pub use computers::{
    Computers, ComputersAsking, ComputersTab, HostForm, HostGroupForm, InviteForm, OperatorsForm,
};
pub use films::{Cut, CutForm, Exporting, Film, FilmAsking, FilmStage, Films};
pub use people::{AccountForm, People, PeopleAsking, PeopleTab, RoleForm};
pub use reports::{Correcting, Reports};
pub use settings::{
    FieldForm, FormAsking, FormKind, HubSettings, LogoState, SettingsForm, SettingsTab,
};
pub use shown::Shown;
pub use sign_in::SignInForm;

/// A part of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    #[default]
    Overview,
    Live,
    Reports,
    Films,
    People,
    Computers,
    Audit,
    Settings,
}

impl Section {
    /// In the order of the side bar.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Live,
        Self::Reports,
        Self::Films,
        Self::People,
        Self::Computers,
        Self::Audit,
        Self::Settings,
    ];
}

/// What a question was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Overview,
    Days,
    Live,
    Reports(PageOf),
    Report(ReportId),
    /// Names of groups of operators.
    OperatorGroups,
    /// Names of groups of computers.
    ComputerGroups,
    Totals(TotalsBy),
    Corrected,
    /// A document of reports is being made, the one of this number.
    Document(u32),
    /// A part of an export.
    DocumentPart(u32),
    Films(PageOf),
    FilmFacts(SessionId),
    FilmPart(SessionId, u64),
    /// The first picture of a film.
    FilmPicture(SessionId),
    /// A piece of a running film.
    Watch(SessionId),
    /// The hub knows that nobody watches here any more.
    WatchEnded,
    /// The video file of a film may be written.
    Exporting(SessionId, Cut),
    /// A proof bundle is to be made, the one of this number.
    Bundle(u32),
    /// Bytes of a bundle from there on.
    BundlePart(u32, u64),
    /// The hub forgets a bundle.
    BundleForgotten,
    Accounts(PageOf),
    AccountAdded,
    Groups,
    Roles,
    SignIns,
    Invitation,
    SecondFactor,
    Hosts(PageOf),
    HostGroups,
    Enrolments,
    /// Which versions are in use, and which are handed out.
    Versions,
    /// A line that enrols hosts.
    HostsInvited,
    /// Who alone opens this host.
    OperatorsOf(protocol::HostId),
    /// This host is to be woken.
    Woken(protocol::HostId),
    Audit(PageOf),
    Verified,
    Settings,
    Rules,
    Categories,
    Fields,
    /// Categories or fields were changed.
    FormsChanged,
    Logo,
    LogoStored,
    /// About the administrator's own account, the question of this number.
    Own(u32),
    /// Something was done; the notice says so.
    Done(Done),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    SessionEnded,
    Disconnected,
    Held,
    Released,
    Erased,
    ReportErased(ReportId),
    Saved,
    SettingsSaved,
}

/// What a view wishes for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    SignIn,
    CancelSignIn,
    SignOut,
    Go(Section),
    SetTheme(ThemeChoice),
    SetTextSize(TextSize),
    SetLang(Lang),
    GiveCode,
    Copy(String),
    /// Writes `text` to a file of that name, for this user's eyes alone.
    SaveText {
        file_name: String,
        text: String,
    },
    Refresh,
    /// One report, or all that the filter leaves.
    ExportReports(ExportFormat, Option<ReportId>),
    SaveCorrection,
    ExportFilm(Cut),
    BundleFilm,
    CancelExport,
    /// The picture in this file becomes the organisation's logo.
    TakeLogo(std::path::PathBuf),
    RemoveLogo,
}

/// Whether somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    #[default]
    Out,
    SigningIn,
    /// The password is right, and a code is wanted.
    GivingCode,
    In {
        name: String,
        /// The connection is lost, and is to come back.
        lost: bool,
    },
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

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    #[default]
    Any,
    Today,
    Week,
    Month,
    Year,
}

impl Period {
    pub const ALL: [Self; 5] = [Self::Any, Self::Today, Self::Week, Self::Month, Self::Year];

    pub fn say(self) -> Say {
        match self {
            Self::Any => Say::AnyTime,
            Self::Today => Say::SinceToday,
            Self::Week => Say::SinceWeek,
            Self::Month => Say::SinceMonth,
            Self::Year => Say::SinceYear,
        }
    }

    /// When it began, from the beginning of a day.
    pub fn since_unix_millis(self, clock: Clock) -> Option<i64> {
        let days = match self {
            Self::Any => return None,
            Self::Today => 0,
            Self::Week => 6,
            Self::Month => 29,
            Self::Year => 364,
        };
        Some((clock.day_began_unix_seconds() - days * 86_400) * 1000)
    }
}

/// Rows that are on the screen; none if the first is behind the last.
pub type LookedAt = (u32, u32);
const NO_ROWS: LookedAt = (u32::MAX, 0);

/// The audit log.
#[derive(Debug)]
pub struct Audit {
    pub search: String,
    pub period: Period,
    pub list: Listing<audit::Filter, AuditRow>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub verified: Shown<Verified>,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            search: String::new(),
            period: Period::Any,
            list: Listing::default(),
            chosen: None,
            looked_at: NO_ROWS,
            verified: Shown::default(),
        }
    }
}

/// A name as a filter takes it.
fn wanted(typed: &str) -> Name {
    Name::cut(typed.trim())
}

/// The window's state.
#[derive(Debug)]
pub struct State {
    pub lang: Lang,
    pub text_size: TextSize,
    pub clock: Clock,
    pub standing: Standing,
    pub sign_in: SignInForm,
    pub section: Section,
    pub overview: Shown<Overview>,
    /// The reports of the last days, day by day.
    pub days: Shown<Totals>,
    pub live: Shown<Live>,
    pub reports: Reports,
    pub films: Films,
    pub people: People,
    pub computers: Computers,
    pub audit: Audit,
    pub settings: HubSettings,
    pub asking: Option<Asking>,
    /// **Your account**, while it is open, and the number of its last question.
    pub own: Option<OwnForm>,
    pub last_own: u32,
    pub notices: Vec<(Tone, String)>,
    /// What is to be asked of the hub.
    pub outbox: Vec<(Topic, Question)>,
    pub wishes: Vec<Wish>,
}

impl State {
    pub fn new(lang: Lang) -> Self {
        Self {
            lang,
            text_size: TextSize::default(),
            clock: Clock::now(),
            standing: Standing::Out,
            sign_in: SignInForm::default(),
            section: Section::default(),
            overview: Shown::default(),
            days: Shown::default(),
            live: Shown::default(),
            reports: Reports::default(),
            films: Films::default(),
            people: People::default(),
            computers: Computers::default(),
            audit: Audit::default(),
            settings: HubSettings::default(),
            asking: None,
            own: None,
            last_own: 0,
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
        new.last_own = self.last_own;
        *self = new;
    }

    /// Everything is asked for anew; what is here stands until then.
    pub fn refresh(&mut self) {
        for due in [
            &mut self.overview.due,
            &mut self.days.due,
            &mut self.live.due,
        ] {
            *due = 0.0;
        }
        self.overview.is_asked = false;
        self.days.is_asked = false;
        self.live.is_asked = false;
        self.reports.list.refresh();
        self.reports.totals.forget();
        self.reports.whole.due = 0.0;
        self.reports.operator_groups.refresh();
        self.reports.host_groups.refresh();
        self.films.list.refresh();
        self.films.pictures.refresh();
        self.films.facts.forget();
        self.people.refresh();
        self.computers.refresh();
        self.audit.list.refresh();
        self.settings.now.refresh();
        self.settings.rules.refresh();
        self.settings.categories.forget();
        self.settings.fields.forget();
        self.settings.logo.stored.forget();
    }
}
