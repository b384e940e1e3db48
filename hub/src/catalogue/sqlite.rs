//! The catalogue in one `SQLite` file, `hub.db`.

mod accounts;
mod audit;
mod changes;
mod groups;
mod members;
mod places;
mod reports;
mod rules;
mod schema;
mod sessions;
mod sign_ins;
mod tickets;

use std::path::Path;
use std::time::Duration;

use protocol::admin::people::{AccountOrder, AccountRow, GroupRow, RoleRow, Rules, SignInRow};
use protocol::admin::{Page, Rows};
use protocol::{GroupId, ReportDraft, ReportFacts, ReportId, RoleId, SessionId};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{
    AbsentMember, Account, AccountId, Accounts, AuditVerification, Batch, Catalogue,
    CatalogueError, Credentials, ReportStanding, SessionRow, Stored, StoredReport,
};

const FILE_NAME: &str = "hub.db";
/// How long to wait for another program that writes just now.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl From<rusqlite::Error> for CatalogueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error.into())
    }
}

/// An open file.
pub(crate) struct SqliteCatalogue {
    connection: Connection,
    /// `SQLite`'s `data_version` when it was last asked for.
    seen_version: i64,
}

impl SqliteCatalogue {
    /// Opens the file in `folder`, creates it at first start and migrates an older one.
    pub(crate) fn open_or_create(folder: &Path) -> Result<Self, CatalogueError> {
        let path = folder.join(FILE_NAME);
        // those that SQLite puts beside it take its mode
        let made = private_file::open(&path);
        made.map_err(|source| CatalogueError::Create {
            path: path.clone(),
            source,
        })?;
        Self::open_file(&path)
    }

    /// Opens the file in `folder`, which must exist.
    pub(crate) fn open(folder: &Path) -> Result<Self, CatalogueError> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Err(CatalogueError::Missing {
                folder: folder.to_owned(),
            });
        }
        Self::open_file(&path)
    }

    fn open_file(path: &Path) -> Result<Self, CatalogueError> {
        let opening = |source: rusqlite::Error| CatalogueError::Open {
            path: path.to_owned(),
            source: source.into(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(opening)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(opening)?;
        schema::set_up(&mut connection, path)?;
        let mut opened = Self {
            connection,
            seen_version: 0,
        };
        opened.changed_elsewhere()?;
        Ok(opened)
    }
}

impl Catalogue for SqliteCatalogue {
    fn apply(&mut self, batches: &[Batch]) -> Result<(), CatalogueError> {
        // one that no other writer can slip into
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        for batch in batches {
            changes::make_all(&transaction, batch)?;
        }
        Ok(transaction.commit()?)
    }

    fn drop_unanswered_questions(&mut self) -> Result<(), CatalogueError> {
        sessions::drop_unanswered(&self.connection)
    }

    fn changed_elsewhere(&mut self) -> Result<bool, CatalogueError> {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        let changed = version != self.seen_version;
        self.seen_version = version;
        Ok(changed)
    }

    fn accounts(&self) -> Result<Vec<Account>, CatalogueError> {
        accounts::all(&self.connection)
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, CatalogueError> {
        accounts::one(&self.connection, id)
    }

    fn account_named(&self, name: &str) -> Result<Account, CatalogueError> {
        accounts::named(&self.connection, name)
    }

    fn credentials(&self, name: &str) -> Result<Option<Credentials>, CatalogueError> {
        accounts::credentials(&self.connection, name)
    }

    fn standing(&self) -> Result<Accounts, CatalogueError> {
        accounts::standing(&self.connection)
    }

    fn account_rows(
        &self,
        page: Page,
        search: &str,
        order: (AccountOrder, bool),
    ) -> Result<Rows<AccountRow>, CatalogueError> {
        accounts::page(&self.connection, page, search, order)
    }

    fn group_rows(&self, page: Page) -> Result<Rows<GroupRow>, CatalogueError> {
        groups::groups(&self.connection, page)
    }

    fn group_named(&self, name: &str) -> Result<GroupId, CatalogueError> {
        groups::named(&self.connection, "account_group", name).map(GroupId)
    }

    fn role_named(&self, name: &str) -> Result<RoleId, CatalogueError> {
        groups::named(&self.connection, "role", name).map(RoleId)
    }

    fn role_rows(&self, page: Page) -> Result<Rows<RoleRow>, CatalogueError> {
        groups::roles(&self.connection, page)
    }

    fn sign_in_rows(&self, page: Page) -> Result<Rows<SignInRow>, CatalogueError> {
        sign_ins::page(&self.connection, page)
    }

    fn rules(&self) -> Result<Rules, CatalogueError> {
        rules::get(&self.connection)
    }

    fn hub_address(&self) -> Result<Option<String>, CatalogueError> {
        rules::hub_address(&self.connection)
    }

    fn stored(&self, tickets_since_unix_millis: i64) -> Result<Stored, CatalogueError> {
        Ok(Stored {
            last_session: sessions::last(&self.connection)?,
            last_report: reports::last(&self.connection)?,
            tickets: tickets::recent(&self.connection, tickets_since_unix_millis)?,
            operators: places::operators(&self.connection)?,
            hosts: places::hosts(&self.connection)?,
            sessions: members::running_sessions(&self.connection)?,
            memberships: accounts::standing(&self.connection)?.memberships,
        })
    }

    fn sessions(&self, limit: u32) -> Result<Vec<SessionRow>, CatalogueError> {
        sessions::all(&self.connection, limit)
    }

    fn session(&self, id: SessionId) -> Result<SessionRow, CatalogueError> {
        sessions::one(&self.connection, id)
    }

    fn interrupted_sessions(&self) -> Result<Vec<SessionRow>, CatalogueError> {
        sessions::interrupted(&self.connection)
    }

    fn absent_members(&self) -> Result<Vec<AbsentMember>, CatalogueError> {
        members::absent(&self.connection)
    }

    fn report_standing(&self, id: ReportId) -> Result<Option<ReportStanding>, CatalogueError> {
        reports::standing(&self.connection, id)
    }

    fn drafts(&self, owner: AccountId) -> Result<Vec<(ReportFacts, ReportDraft)>, CatalogueError> {
        reports::drafts(&self.connection, owner)
    }

    fn reports(&self, limit: u32) -> Result<Vec<StoredReport>, CatalogueError> {
        reports::all(&self.connection, limit)
    }

    fn report(&self, id: ReportId) -> Result<StoredReport, CatalogueError> {
        reports::one(&self.connection, id)
    }

    fn verify_audit(&self) -> Result<AuditVerification, CatalogueError> {
        audit::verify(&self.connection)
    }
}
