//! What the window shows, and what it wants of the hub.

mod computers;

use protocol::admin::Question;
use protocol::admin::audit::{self, AuditRow, Verified};
use protocol::admin::desk::{LiveSession, Overview};
use protocol::admin::films;
use protocol::admin::people::{
    AccountOrder, AccountRow, GroupRow, RoleRow, Rules, SecondFactorRule, SignInRow,
};
use protocol::admin::reports::{
    self, Category, ExportFormat, FieldValue, ReportColumn, ReportFilter, ReportRow, ReportSort,
    Totals, TotalsBy, WholeReport,
};
use protocol::admin::settings::Settings;
use protocol::control::Name;
use protocol::{
    AccountId, Entry, GroupId, HubAddress, Invitation, InvitationFault, PeerId, Permissions,
    Refusal, ReportId, RoleId, SessionId,
};
use transport::{Fingerprint, Pin};
use ui_kit::{Clock, Lang, OwnForm, ProxyForm, ThemeChoice, Tone};
use zeroize::Zeroizing;

use crate::bundle::Bundling;
use crate::exports::VideoExport;
use crate::listing::{Listing, PageOf};
use crate::pictures::Pictures;
use crate::player::Player;
use crate::words::Say;

pub use computers::{
    Computers, ComputersAsking, ComputersTab, HostForm, HostGroupForm, InviteForm,
};

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
    /// A line that enrols hosts.
    HostsInvited,
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

/// The form of the sign-in.
#[derive(Debug, Default)]
pub struct SignInForm {
    /// An invitation as it was pasted, which fills in the rest.
    pub invitation: String,
    pub hub: String,
    pub fingerprint: String,
    pub user: String,
    pub password: Zeroizing<String>,
    /// The code of the second factor.
    pub code: Zeroizing<String>,
    /// Faults are shown once somebody tried.
    pub show_faults: bool,
    /// Why the last try failed.
    pub problem: Option<String>,
    /// The password is to be typed anew.
    pub retype: bool,
    /// The question of the network's proxy, while it stands.
    pub proxy: Option<ProxyForm>,
}

impl SignInForm {
    /// Where the hub is.
    ///
    /// # Errors
    ///
    /// What is wrong with the address as it stands there.
    pub fn address(&self) -> Result<HubAddress, protocol::AddressFault> {
        let written: protocol::WrittenAddress = self.hub.parse()?;
        let port = written.port.unwrap_or(protocol::address::DEFAULT_PORT);
        let host = written.host;
        Ok(HubAddress { host, port })
    }

    /// The invitation, if there is something in its field.
    pub fn invitation(&self) -> Option<Result<Invitation, InvitationFault>> {
        let text = self.invitation.trim();
        (!text.is_empty()).then(|| text.parse())
    }

    /// Fills in what the invitation says. The password is for the person to choose.
    pub fn take_invitation(&mut self) {
        if let Some(Ok(invitation)) = self.invitation() {
            self.hub = invitation.hub.to_string();
            self.fingerprint = Fingerprint::from_bytes(invitation.fingerprint).to_string();
            self.user = invitation.user.to_string();
            self.show_faults = false;
        }
    }

    /// Without a fingerprint the hub is known by its name.
    pub fn pin(&self) -> Option<Pin> {
        if self.fingerprint.trim().is_empty() {
            Some(Pin::PublicName)
        } else {
            self.fingerprint.parse().ok()
        }
    }

    pub fn is_sound(&self) -> bool {
        self.address().is_ok()
            && self.pin().is_some()
            && !self.user.trim().is_empty()
            && !self.password.is_empty()
            && !matches!(self.invitation(), Some(Err(_)))
    }
}

/// Something that is asked for again and again while it is looked at.
#[derive(Debug)]
pub struct Shown<T> {
    pub value: Option<T>,
    pub problem: Option<Refusal>,
    pub is_asked: bool,
    /// Whether it is to be asked for once more.
    is_old: bool,
    /// When it is to be asked for again, in seconds of the window's time.
    pub due: f64,
}

impl<T> Default for Shown<T> {
    fn default() -> Self {
        Self {
            value: None,
            problem: None,
            is_asked: false,
            is_old: false,
            due: 0.0,
        }
    }
}

impl<T> Shown<T> {
    /// Nothing is known any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// It is wanted anew; what is here stands until then.
    pub fn refresh(&mut self) {
        (self.is_asked, self.problem, self.due) = (false, None, 0.0);
        self.is_old = true;
    }

    /// Asks for it if nobody did: whether somebody has to.
    pub fn is_wanted(&mut self) -> bool {
        let is_missing = self.value.is_none() || self.is_old;
        let wanted = is_missing && self.problem.is_none() && !self.is_asked;
        self.is_asked |= wanted;
        wanted
    }

    pub fn take(&mut self, answer: Result<T, Refusal>) {
        self.is_asked = false;
        self.is_old = false;
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

/// The reports.
#[derive(Debug)]
pub struct Reports {
    pub search: String,
    /// When something was typed that was not searched for yet.
    pub typed_at: Option<f64>,
    pub period: Period,
    pub list: Listing<(ReportFilter, ReportSort), ReportRow>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub open: Option<ReportId>,
    pub whole: Shown<Box<WholeReport>>,
    pub correcting: Option<Correcting>,
    /// Why the open report is to be erased, as it is typed.
    pub erasing: Option<String>,
    /// Names of groups that the filter can have.
    pub operator_groups: Shown<Vec<Name>>,
    pub host_groups: Shown<Vec<Name>>,
    /// Totals are shown instead of the list.
    pub totals_by: Option<TotalsBy>,
    pub totals: Shown<Totals>,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            search: String::new(),
            typed_at: None,
            period: Period::Any,
            list: Listing::default(),
            chosen: None,
            looked_at: NO_ROWS,
            open: None,
            whole: Shown::default(),
            correcting: None,
            erasing: None,
            operator_groups: Shown::default(),
            host_groups: Shown::default(),
            totals_by: None,
            totals: Shown::default(),
        }
    }
}

impl Reports {
    /// Another filter: the list begins anew.
    pub fn change(&mut self, change: impl FnOnce(&mut ReportFilter)) {
        change(&mut self.list.filter.0);
        self.begin_anew();
    }

    /// Orders by a column; by the same one the other way round.
    pub fn sort_by(&mut self, column: ReportColumn) {
        let sort = &mut self.list.filter.1;
        sort.descending = if sort.column == column {
            !sort.descending
        } else {
            column == ReportColumn::Started
        };
        sort.column = column;
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        self.chosen = None;
        self.list.begin_anew();
        self.totals.forget();
    }

    /// Opens one report.
    pub fn show(&mut self, report: ReportId) {
        self.open = Some(report);
        self.whole.forget();
        self.correcting = None;
        self.erasing = None;
    }
}

/// A report while it is corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correcting {
    pub report: ReportId,
    pub problem: String,
    pub solution: String,
    pub notes: String,
    pub category: String,
    pub reason: String,
    pub fields: Vec<FieldValue>,
    pub show_faults: bool,
}

impl Correcting {
    pub fn of(whole: &WholeReport) -> Self {
        let draft = &whole.draft;
        Self {
            report: whole.facts.report,
            problem: draft.problem.to_string(),
            solution: draft.solution.to_string(),
            notes: draft.notes.to_string(),
            category: draft.category.to_string(),
            reason: String::new(),
            fields: whole.fields.clone(),
            show_faults: false,
        }
    }
}

/// The films.
#[derive(Debug)]
pub struct Films {
    pub operator: String,
    pub requester: String,
    pub host: String,
    pub period: Period,
    pub list: Listing<(films::Filter, films::Sort), films::Film>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub open: Option<Film>,
    pub facts: Shown<Box<films::Facts>>,
    pub asking: Option<FilmAsking>,
    pub pictures: Pictures,
    pub exporting: Option<Exporting>,
    /// The picture fills the window.
    pub full_screen: bool,
}

impl Default for Films {
    fn default() -> Self {
        Self {
            operator: String::new(),
            requester: String::new(),
            host: String::new(),
            period: Period::Any,
            list: Listing::default(),
            chosen: None,
            looked_at: NO_ROWS,
            open: None,
            facts: Shown::default(),
            asking: None,
            pictures: Pictures::default(),
            exporting: None,
            full_screen: false,
        }
    }
}

impl Films {
    /// What was typed into the filter counts.
    pub fn filter(&mut self) {
        let filter = &mut self.list.filter.0;
        filter.operator = wanted(&self.operator);
        filter.requester = wanted(&self.requester);
        filter.host = wanted(&self.host);
        self.chosen = None;
        self.list.begin_anew();
    }

    /// Orders by a column; by the same one the other way round.
    pub fn sort_by(&mut self, by: films::Column) {
        let sort = &mut self.list.filter.1;
        sort.ascending = if sort.by == by {
            !sort.ascending
        } else {
            !matches!(by, films::Column::Started | films::Column::Bytes)
        };
        sort.by = by;
        self.chosen = None;
        self.list.begin_anew();
    }

    /// Watches a session while it runs.
    pub fn watch(&mut self, session: SessionId) {
        self.show(session);
        if let Some(film) = &mut self.open {
            film.live = true;
        }
    }

    /// Opens the film of a session.
    pub fn show(&mut self, session: SessionId) {
        self.open = Some(Film::new(session));
        self.facts.forget();
        self.full_screen = false;
    }
}

/// A question about a film that is open over the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilmAsking {
    Hold { reason: String },
    Erase { reason: String },
    Export(CutForm),
}

/// What of a film becomes a video, from the beginning of the session on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub from_millis: u64,
    pub to_millis: u64,
}

impl Cut {
    pub const WHOLE: Self = Self {
        from_millis: 0,
        to_millis: u64::MAX,
    };
}

/// An export under way.
#[derive(Debug)]
pub enum Exporting {
    Video(VideoExport),
    Bundle(Bundling),
}

impl Exporting {
    /// How much is done, from 0 to 1.
    pub fn done(&self) -> f32 {
        match self {
            Self::Video(video) => video.done(),
            Self::Bundle(bundle) => bundle.done(),
        }
    }
}

/// What of a film is to be exported, as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutForm {
    /// All of the session as a proof bundle, and no video.
    pub is_bundle: bool,
    pub is_cut: bool,
    pub from: String,
    pub to: String,
}

impl CutForm {
    /// What the marks in the player say.
    pub fn of(film: &Film) -> Self {
        let duration = match &film.stage {
            FilmStage::Open(player) => player.playing().duration_micros,
            FilmStage::Fetching { .. } | FilmStage::Refused(_) | FilmStage::Failed(_) => 0,
        };
        Self {
            is_bundle: false,
            is_cut: film.cut_from.is_some() || film.cut_to.is_some(),
            from: exact_clock(film.cut_from.unwrap_or(0)),
            to: exact_clock(film.cut_to.unwrap_or(duration)),
        }
    }
}

/// `1:15.3`: a moment to a tenth of a second, of microseconds.
fn exact_clock(micros: u64) -> String {
    let tenths = micros / 100_000;
    let clock = crate::words::clock(tenths / 10);
    match tenths % 10 {
        0 => clock,
        tenth => format!("{clock}.{tenth}"),
    }
}

/// A film that is looked at.
pub struct Film {
    pub session: SessionId,
    pub stage: FilmStage,
    /// It is watched while it is made.
    pub live: bool,
    /// The picture on the graphics card, and its number.
    pub texture: Option<(u64, egui::TextureHandle)>,
    /// The small picture over the time line, and the moment that it is of.
    pub thumb: Option<(u64, egui::TextureHandle)>,
    /// Tenths of the usual speed.
    pub speed: u8,
    pub skip_idle: bool,
    /// What is searched for in chat and events.
    pub search: String,
    /// Where a cut begins and ends, in microseconds, as far as it was marked.
    pub cut_from: Option<u64>,
    pub cut_to: Option<u64>,
}

impl std::fmt::Debug for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Film")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// How far a film is.
#[derive(Debug)]
pub enum FilmStage {
    Fetching { done: u64, whole: u64 },
    Refused(Refusal),
    Failed(String),
    Open(Player),
}

impl Film {
    fn new(session: SessionId) -> Self {
        Self {
            session,
            stage: FilmStage::Fetching { done: 0, whole: 0 },
            live: false,
            texture: None,
            thumb: None,
            speed: 10,
            skip_idle: true,
            search: String::new(),
            cut_from: None,
            cut_to: None,
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.stage, FilmStage::Open(_))
    }
}

/// The people.
#[derive(Debug)]
pub struct People {
    pub tab: PeopleTab,
    pub search: String,
    /// What is searched for, the order, and whether it is turned round.
    pub accounts: Listing<(Name, AccountOrder, bool), AccountRow>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub groups: Shown<Vec<GroupRow>>,
    pub roles: Shown<Vec<RoleRow>>,
    pub sign_ins: Shown<Vec<SignInRow>>,
    pub asking: Option<PeopleAsking>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            tab: PeopleTab::Accounts,
            search: String::new(),
            accounts: Listing::of((Name::default(), AccountOrder::DisplayName, false)),
            chosen: None,
            looked_at: NO_ROWS,
            groups: Shown::default(),
            roles: Shown::default(),
            sign_ins: Shown::default(),
            asking: None,
        }
    }
}

impl People {
    /// What was typed into the search counts.
    pub fn filter(&mut self) {
        self.accounts.filter.0 = wanted(&self.search);
        self.chosen = None;
        self.accounts.begin_anew();
    }

    /// Orders by a column; by the same one the other way round.
    pub fn sort_by(&mut self, order: AccountOrder) {
        let (_, by, descending) = &mut self.accounts.filter;
        *descending = *by == order && !*descending;
        *by = order;
        self.chosen = None;
        self.accounts.begin_anew();
    }

    /// Everything is asked for anew; what is here stands until then.
    pub fn refresh(&mut self) {
        self.accounts.refresh();
        self.groups.is_asked = false;
        self.roles.is_asked = false;
        self.sign_ins.is_asked = false;
        for due in [
            &mut self.groups.due,
            &mut self.roles.due,
            &mut self.sign_ins.due,
        ] {
            *due = 0.0;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleTab {
    Accounts,
    SignIns,
    Groups,
    Roles,
}

/// A form or a question about people that is open over the window.
#[derive(Debug, Clone, PartialEq)]
pub enum PeopleAsking {
    Account(AccountForm),
    Disable {
        account: AccountId,
        name: Name,
    },
    Group {
        group: Option<GroupId>,
        name: String,
    },
    Role(RoleForm),
    /// Something that is shown once.
    Shown {
        title: Say,
        line: String,
        codes: Vec<String>,
    },
}

/// An account that is made or changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccountForm {
    /// `None` for a new one.
    pub account: Option<AccountId>,
    pub name: String,
    pub display_name: String,
    pub role: Option<RoleId>,
    pub groups: Vec<GroupId>,
    pub show_faults: bool,
}

/// A role that is made or changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleForm {
    /// `None` for a new one.
    pub role: Option<RoleId>,
    pub name: String,
    pub permissions: Permissions,
}

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

/// The settings of the hub.
#[derive(Debug, Default)]
pub struct HubSettings {
    pub tab: SettingsTab,
    pub categories: Shown<Vec<Category>>,
    pub fields: Shown<Vec<reports::Field>>,
    pub asking: Option<FormAsking>,
    pub logo: LogoState,
    pub now: Shown<Settings>,
    /// What holds for all accounts.
    pub rules: Shown<Rules>,
    /// What is typed; nothing counts before **Save**.
    pub form: Option<SettingsForm>,
    /// What the hub had when the form was shown last.
    pub shown: Option<SettingsForm>,
    /// What is being saved.
    pub saving: Option<SettingsForm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SettingsTab {
    #[default]
    General,
    /// What the organisation asks of reports.
    Forms,
}

/// The organisation's logo.
#[derive(Default)]
pub struct LogoState {
    /// The file that is typed.
    pub path: String,
    /// What the hub has; empty if there is none.
    pub stored: Shown<bytes::Bytes>,
    pub picture: Option<egui::TextureHandle>,
    pub is_busy: bool,
    /// Why the last file is no logo.
    pub problem: Option<String>,
}

impl std::fmt::Debug for LogoState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogoState").finish_non_exhaustive()
    }
}

/// A form or a question about categories and fields that is open over the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormAsking {
    Category {
        /// `None` for a new one.
        id: Option<u32>,
        name: String,
    },
    Field(FieldForm),
    Remove {
        id: u32,
        name: Name,
        is_field: bool,
    },
}

/// A field of the organisation's that is made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldForm {
    /// `None` for a new one.
    pub id: Option<u32>,
    pub name: String,
    pub kind: FormKind,
    /// One on each line.
    pub choices: String,
    pub required: bool,
    pub show_faults: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormKind {
    #[default]
    Text,
    Number,
    Choice,
}

/// Settings as they are typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsForm {
    pub organisation: String,
    pub words: String,
    pub film_days: String,
    pub report_days: String,
    pub film_quota_gb: String,
    pub film_kb_per_second: String,
    pub free_disk_gb: String,
    pub second_factor: SecondFactorRule,
    pub password_chars: String,
    pub ticket_minutes: String,
    pub watch_live: bool,
}

/// A name as a filter takes it.
fn wanted(typed: &str) -> Name {
    Name::cut(typed.trim())
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
