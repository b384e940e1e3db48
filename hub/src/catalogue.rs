//! Everything the hub must remember, behind one trait of named reads and changes.
//!
//! Each change and its row in the audit log are stored together or not at all (D4). Rows and
//! changes are plain data: only [`sqlite`] knows which engine keeps them. The server reaches the
//! catalogue through the [`store`](crate::store) thread; the command line opens it directly, also
//! while a server runs.

mod account;
mod audit;
mod change;
mod film;
mod host;
mod report;
mod session;
mod sqlite;

use std::error::Error;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use protocol::admin::desk::Today;
use protocol::admin::hosts::{EnrolmentRow, HostGroupRow, HostRow};
use protocol::admin::people::{AccountOrder, AccountRow, GroupRow, RoleRow, Rules, SignInRow};
use protocol::admin::reports::{
    Category, ChatRow, Choice, Field, FieldValue, ReportFilter, ReportRow, ReportSort, Totals,
    TotalsBy, WholeReport,
};
use protocol::admin::{Page, Rows, audit as audit_rows, films, hosts, settings::Settings};
use protocol::control::Name;
use protocol::{
    GroupId, HostGroupId, HostId, HostKey, PeerId, RefusalCode, ReportDraft, ReportFacts, ReportId,
    RoleId, SessionId, SignedReceipt,
};

pub use ::session::directory::records::{Actor, Stored};
pub(crate) use account::name_key;
pub use account::{
    Account, AccountId, Accounts, ChangedAccount, Credentials, FIRST_RULES, FactorSecret, Named,
    NewAccount, NewSecondFactor, PasswordHash, SignIn, TokenHash,
};
pub use audit::{Anchor, AuditHead, ParseAnchorError, film_is_signed};
pub use change::{Batch, Change, What};
pub use film::{FilmTotals, KeptFilm};
pub use host::{ChangedHost, EnrolledHost, HostChange, KnownHost, NamedHost, NewEnrolmentCode};
pub use report::{Clues, Rated, ReportSheet, ReportStanding, Worked, check_fields, name_fields};
pub use session::{AbsentMember, SessionRow, ended_by_word};

/// The catalogue does not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    #[error("there is no hub in {folder}; start it once with `hub serve`")]
    Missing { folder: PathBuf },
    #[error("cannot create {path}: {source}")]
    Create {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot open {path}: {source}")]
    Open {
        path: PathBuf,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error(
        "the data in {path} were written by a newer hub (version {found}, this one knows up to \
         {known}); install that hub or restore a back-up"
    )]
    NewerVersion {
        path: PathBuf,
        found: i32,
        known: usize,
    },
    #[error("{path} is no data base of a hub")]
    Foreign { path: PathBuf },
    #[error("the data base failed: {0}")]
    Engine(#[source] Box<dyn Error + Send + Sync>),
    /// Nothing of it is stored, and later it may be.
    #[error("the disk is full")]
    DiskFull,
    /// Nothing of it is stored, and later it may be.
    #[error("another program writes into the data base, and takes long")]
    Busy,
    #[error("the data base is closed")]
    Closed,
    /// Nothing is stored that the hub's key does not sign.
    #[error(transparent)]
    Key(#[from] transport::IdentityError),
    /// What was asked for breaks a rule; the sentence says which.
    #[error("{0}")]
    Rule(String),
    /// As [`Self::Rule`], where clients have a number for the rule.
    #[error("{rule}")]
    Refused { code: RefusalCode, rule: String },
}

impl CatalogueError {
    /// The number by which clients say it.
    pub(crate) fn code(&self) -> RefusalCode {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Rule(_) => RefusalCode::AGAINST_A_RULE,
            Self::Missing { .. }
            | Self::Create { .. }
            | Self::Open { .. }
            | Self::NewerVersion { .. }
            | Self::Foreign { .. }
            | Self::Engine(_)
            | Self::DiskFull
            | Self::Busy
            | Self::Key(_)
            | Self::Closed => RefusalCode::INTERNAL,
        }
    }

    pub(crate) fn refused(code: RefusalCode, rule: String) -> Self {
        Self::Refused { code, rule }
    }
}

/// The names of a catalogue's files.
pub(crate) const FILES: [&str; 2] = [sqlite::FILE_NAME, sqlite::HEAD_FILE];

/// Opens the catalogue in `folder`, creates it at first start and migrates an older one.
///
/// # Errors
///
/// [`CatalogueError`]; the data of a newer or foreign program are left untouched.
pub fn open_or_create(folder: &Path) -> Result<Box<dyn Catalogue>, CatalogueError> {
    Ok(Box::new(sqlite::SqliteCatalogue::open_or_create(folder)?))
}

/// Opens the catalogue in `folder`, which must exist.
///
/// # Errors
///
/// [`CatalogueError`].
pub fn open(folder: &Path) -> Result<Box<dyn Catalogue>, CatalogueError> {
    Ok(Box::new(sqlite::SqliteCatalogue::open(folder)?))
}

/// See [`Catalogue::moment`].
pub trait Moment {}

/// What an engine that keeps the catalogue can do. Calls block for as long as the disk does.
///
/// Every call fails with [`CatalogueError::Engine`] where the engine does; other errors are named.
/// Others may write to the same catalogue between two calls.
#[expect(clippy::missing_errors_doc, reason = "said above for all of them")]
pub trait Catalogue: Send {
    /// Makes all the changes of all the batches, in their order and safe from a power failure, or
    /// none of them.
    ///
    /// [`CatalogueError::Rule`] if one of them breaks a rule.
    fn apply(&mut self, batches: &[Batch]) -> Result<(), CatalogueError>;

    /// The receipt of the last session of the host in this place that is over, signed by the hub's key;
    /// `None` if there is none, or its report is erased.
    fn last_receipt(&mut self, host: PeerId) -> Result<Option<SignedReceipt>, CatalogueError>;

    /// Whose a session was, if it is over and its report is not erased.
    fn rated(&self, session: SessionId) -> Result<Option<Rated>, CatalogueError>;

    /// Closes the questions nobody will answer any more, at the hub's start.
    fn drop_unanswered_questions(&mut self) -> Result<(), CatalogueError>;

    /// Whether another program changed anything since this was last asked.
    fn changed_elsewhere(&mut self) -> Result<bool, CatalogueError>;

    /// All accounts by name.
    fn accounts(&self) -> Result<Vec<Account>, CatalogueError>;

    /// One account, if there still is one.
    fn account(&self, id: AccountId) -> Result<Option<Account>, CatalogueError>;

    /// The account with this name; [`CatalogueError::Refused`] if there is none.
    fn account_named(&self, name: &str) -> Result<Account, CatalogueError>;

    /// The account behind a typed name, and what opens it.
    fn credentials(&self, name: &str) -> Result<Option<Credentials>, CatalogueError>;

    /// What decides whether those who are signed in may stay so.
    fn standing(&self) -> Result<Accounts, CatalogueError>;

    /// Accounts whose name or display name has `search` in it, in the order asked for.
    fn account_rows(
        &self,
        page: Page,
        search: &str,
        order: (AccountOrder, bool),
    ) -> Result<Rows<AccountRow>, CatalogueError>;

    fn group_rows(&self, page: Page) -> Result<Rows<GroupRow>, CatalogueError>;

    /// The group with this name; [`CatalogueError::Refused`] if there is none.
    fn group_named(&self, name: &str) -> Result<GroupId, CatalogueError>;

    /// The role with this name; [`CatalogueError::Refused`] if there is none.
    fn role_named(&self, name: &str) -> Result<RoleId, CatalogueError>;

    /// Permanent hosts that pass the filter, in the order asked for.
    fn host_rows(
        &self,
        filter: &hosts::Filter,
        order: (hosts::Order, bool),
        page: Page,
    ) -> Result<Rows<HostRow>, CatalogueError>;

    /// The permanent host with this name, or this number after a `#`; [`CatalogueError::Refused`] if there
    /// is none, or more than one.
    fn host_named(&self, name: &str) -> Result<HostRow, CatalogueError>;

    /// The permanent host with this number; [`CatalogueError::Refused`] if there is none.
    fn host(&self, id: HostId) -> Result<NamedHost, CatalogueError>;

    /// The names of the only accounts that open the host; none where all who see it do.
    fn host_operators(&self, host: HostId) -> Result<Vec<String>, CatalogueError>;

    /// The permanent host that has this key, if there is one.
    fn host_with_key(&self, key: HostKey) -> Result<Option<KnownHost>, CatalogueError>;

    /// Groups of permanent hosts, by name.
    fn host_group_rows(&self, page: Page) -> Result<Rows<HostGroupRow>, CatalogueError>;

    /// The group of hosts with this name; [`CatalogueError::Refused`] if there is none.
    fn host_group_named(&self, name: &str) -> Result<HostGroupId, CatalogueError>;

    /// The codes that still enrol hosts, the newest first.
    fn enrolment_rows(
        &self,
        now_unix_millis: i64,
        page: Page,
    ) -> Result<Rows<EnrolmentRow>, CatalogueError>;

    fn role_rows(&self, page: Page) -> Result<Rows<RoleRow>, CatalogueError>;

    /// Who is signed in, the newest first.
    fn sign_in_rows(&self, page: Page) -> Result<Rows<SignInRow>, CatalogueError>;

    /// Where `account` is signed in and is not to be signed out, the newest first.
    fn sign_ins_of(&self, account: AccountId) -> Result<Vec<SignInRow>, CatalogueError>;

    fn recovery_codes_left(&self, account: AccountId) -> Result<u8, CatalogueError>;

    /// What holds for all accounts.
    fn rules(&self) -> Result<Rules, CatalogueError>;

    /// Where people reach the hub, if it ever said so.
    fn hub_address(&self) -> Result<Option<String>, CatalogueError>;

    /// What a hub that starts goes on with: the newest ticket of each route whose time ended after
    /// `tickets_since_unix_millis` and every one that is open; places; and the sessions whose host
    /// may come back, and an operator.
    fn stored(&self, tickets_since_unix_millis: i64) -> Result<Stored, CatalogueError>;

    /// What happened since a moment that counts as the beginning of today.
    fn today(&self, since_unix_millis: i64) -> Result<Today, CatalogueError>;

    /// All sessions that ran, newest first, at most `limit`.
    fn sessions(&self, limit: u32) -> Result<Vec<SessionRow>, CatalogueError>;

    /// One session that ran; [`CatalogueError::Rule`] if there is none with this number.
    fn session(&self, id: SessionId) -> Result<SessionRow, CatalogueError>;

    /// The sessions that were running when the hub last went down and whose host, or every operator, is
    /// not known any more.
    fn interrupted_sessions(&self) -> Result<Vec<SessionRow>, CatalogueError>;

    /// Those who took part, when the hub last went down, in a session that can go on, and cannot come
    /// back themselves.
    fn absent_members(&self) -> Result<Vec<AbsentMember>, CatalogueError>;

    /// Whose report this is and whether it can still change, if there is one.
    fn report_standing(&self, id: ReportId) -> Result<Option<ReportStanding>, CatalogueError>;

    /// The newest unfinished reports of `owner`, as many as fit one message.
    fn drafts(&self, owner: AccountId) -> Result<Vec<(ReportFacts, ReportDraft)>, CatalogueError>;

    /// A part of the list of reports.
    fn reports(
        &self,
        filter: &ReportFilter,
        sort: ReportSort,
        page: Page,
    ) -> Result<Rows<ReportRow>, CatalogueError>;

    /// As [`Self::reports`], with all that they say.
    fn report_sheets(
        &self,
        filter: &ReportFilter,
        sort: ReportSort,
        page: Page,
    ) -> Result<Vec<ReportSheet>, CatalogueError>;

    /// Time and count of reports; days are those of `zone`.
    fn report_totals(
        &self,
        filter: &ReportFilter,
        by: TotalsBy,
        zone: &TimeZone,
    ) -> Result<Totals, CatalogueError>;

    /// Some of the values that reports have and that begin with `begin`.
    fn report_choices(&self, of: Choice, begin: &str) -> Result<Vec<Name>, CatalogueError>;

    /// One report with everything known of it, if there is one.
    fn report(&self, id: ReportId) -> Result<Option<WholeReport>, CatalogueError>;

    /// The number of a session's report, if it has one.
    fn report_of_session(&self, id: SessionId) -> Result<Option<ReportId>, CatalogueError>;

    /// A part of the chat of a report's session.
    fn report_chat(&self, id: ReportId, page: Page) -> Result<Rows<ChatRow>, CatalogueError>;

    /// The words of a report after the correction `number`, or before any for 0, if there are.
    fn report_version(
        &self,
        id: ReportId,
        number: u32,
    ) -> Result<Option<(ReportDraft, Vec<FieldValue>)>, CatalogueError>;

    /// The finished reports that were last saved before, the oldest first, but for those whose film is held.
    fn reports_finished_before(&self, unix_millis: i64) -> Result<Vec<ReportId>, CatalogueError>;

    /// How often words of reports or chat, or a film, were erased since this catalogue began, by whichever
    /// program.
    fn erasures(&self) -> Result<u64, CatalogueError>;

    /// Whether all these reports are there.
    fn has_reports(&self, ids: &[ReportId]) -> Result<bool, CatalogueError>;

    /// Until it is dropped, everything is read as it is at the first reading from now on. One at a time.
    fn moment(&self) -> Result<Box<dyn Moment + '_>, CatalogueError>;

    /// Takes a step of overwriting what is left in the files of erased reports and chat, and says whether
    /// there is more to do. A step keeps those who write waiting for a few hundredths of a second.
    fn overwrite_erased(&self) -> Result<bool, CatalogueError>;

    /// What is known of a report while it is written by `writer`; earlier ones are of sessions that they
    /// took part in.
    fn report_clues(
        &self,
        id: ReportId,
        writer: AccountId,
    ) -> Result<Option<Clues>, CatalogueError>;

    /// All categories, in their order.
    fn categories(&self) -> Result<Vec<Category>, CatalogueError>;

    /// All fields that the organisation defines, in their order.
    fn fields(&self) -> Result<Vec<Field>, CatalogueError>;

    /// Reads the whole audit log and checks every hash, up to the first fault, and then who signed it
    /// and whether it still has what `anchors` say.
    fn verify_audit(&self, anchors: &[Anchor]) -> Result<audit_rows::Verified, CatalogueError>;

    /// The last row of the audit log; row 0 where there is none.
    fn audit_head(&self) -> Result<Anchor, CatalogueError>;

    /// Rows of the audit log, newest first.
    fn audit_rows(
        &self,
        filter: &audit_rows::Filter,
        page: Page,
    ) -> Result<Rows<audit_rows::AuditRow>, CatalogueError>;

    /// All rows of the audit log that tell of one session, oldest first, with their hashes. Reads the
    /// whole log.
    fn audit_of_session(
        &self,
        session: SessionId,
    ) -> Result<Vec<(audit_rows::AuditRow, AuditHead)>, CatalogueError>;

    /// Brings the file beside the data base up to date that has the audit log's signed head, if this
    /// catalogue made changes since. Whoever makes changes calls it now and then; dropping it does too.
    fn keep_audit_head(&mut self);

    /// Films that pass the filter.
    fn films(
        &self,
        filter: &films::Filter,
        sort: films::Sort,
        page: Page,
    ) -> Result<Rows<films::Film>, CatalogueError>;

    /// What is known of one film, if there is one; how long the rules keep it is not in it.
    fn film_facts(&self, session: SessionId) -> Result<Option<films::Facts>, CatalogueError>;

    /// What the hub's key signed when the film was closed; films from before have none.
    fn film_signature(&self, session: SessionId) -> Result<Option<Vec<u8>>, CatalogueError>;

    /// All films that can be watched, and those of them that began at `since_unix_millis` or later.
    fn film_totals(&self, since_unix_millis: i64) -> Result<FilmTotals, CatalogueError>;

    /// The films that the rules may erase, oldest first.
    fn unheld_films(&self) -> Result<Vec<KeptFilm>, CatalogueError>;

    /// The films whose trace alone should be left.
    fn erased_films(&self) -> Result<Vec<KeptFilm>, CatalogueError>;

    /// Copies this moment of the catalogue, and of what lies beside it, into the folder `to`: a new
    /// catalogue of the same content. Keeps nobody waiting.
    fn back_up(&self, to: &Path) -> Result<(), CatalogueError>;

    fn settings(&self) -> Result<Settings, CatalogueError>;

    /// The organisation's logo as PNG; empty where there is none.
    fn logo(&self) -> Result<Vec<u8>, CatalogueError>;
}
