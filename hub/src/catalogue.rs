//! Everything the hub must remember, behind one trait of named reads and changes.
//!
//! Each change and its row in the audit log are stored together or not at all (D4). Rows and
//! changes are plain data: only [`sqlite`] knows which engine keeps them. The server reaches the
//! catalogue through the [`store`](crate::store) thread; the command line opens it directly, also
//! while a server runs.

mod account;
mod audit;
mod change;
mod report;
mod session;
mod sqlite;

use std::error::Error;
use std::path::{Path, PathBuf};

use protocol::admin::people::{AccountOrder, AccountRow, GroupRow, RoleRow, Rules, SignInRow};
use protocol::admin::{Page, Rows};
use protocol::{GroupId, RefusalCode, ReportDraft, ReportFacts, ReportId, RoleId, SessionId};

pub use ::session::directory::records::Stored;
pub(crate) use account::name_key;
pub use account::{
    Account, AccountId, Accounts, ChangedAccount, Credentials, FIRST_RULES, FactorSecret, Named,
    NewAccount, NewSecondFactor, PasswordHash, SignIn, TokenHash,
};
pub use audit::{AuditHead, AuditVerification};
pub use change::{Batch, Change, What};
pub use report::{ReportStanding, StoredReport};
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
    #[error("the data base is closed")]
    Closed,
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
            | Self::Closed => RefusalCode::INTERNAL,
        }
    }

    pub(crate) fn refused(code: RefusalCode, rule: String) -> Self {
        Self::Refused { code, rule }
    }
}

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

    fn role_rows(&self, page: Page) -> Result<Rows<RoleRow>, CatalogueError>;

    /// Who is signed in, the newest first.
    fn sign_in_rows(&self, page: Page) -> Result<Rows<SignInRow>, CatalogueError>;

    /// What holds for all accounts.
    fn rules(&self) -> Result<Rules, CatalogueError>;

    /// Where people reach the hub, if it ever said so.
    fn hub_address(&self) -> Result<Option<String>, CatalogueError>;

    /// What a hub that starts goes on with: the newest ticket of each route whose time ended after
    /// `tickets_since_unix_millis` and every one that is open; places; and the sessions whose host
    /// may come back, and an operator.
    fn stored(&self, tickets_since_unix_millis: i64) -> Result<Stored, CatalogueError>;

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

    /// All reports, newest first, at most `limit`.
    fn reports(&self, limit: u32) -> Result<Vec<StoredReport>, CatalogueError>;

    /// One report; [`CatalogueError::Rule`] if there is none with this number.
    fn report(&self, id: ReportId) -> Result<StoredReport, CatalogueError>;

    /// Reads the whole audit log and checks every hash, up to the first fault.
    fn verify_audit(&self) -> Result<AuditVerification, CatalogueError>;
}
