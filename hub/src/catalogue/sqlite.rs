//! The catalogue in one `SQLite` file, `hub.db`.

mod accounts;
mod audit;
mod changes;
mod chat;
mod corrections;
mod forms;
mod members;
mod places;
mod report_index;
mod report_list;
mod reports;
mod schema;
mod search;
mod sessions;
mod tickets;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use protocol::admin::reports::{
    Category, ChatRow, Choice, Field, FieldValue, ReportFilter, ReportRow, ReportSort, Totals,
    TotalsBy, WholeReport,
};
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{ReportDraft, ReportFacts, ReportId, SessionId};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{
    AbsentMember, Account, AccountId, AuditVerification, Batch, Catalogue, CatalogueError, Clues,
    PasswordHash, ReportSheet, ReportStanding, SessionRow, Stored,
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

    fn credentials(&self, name: &str) -> Result<Option<(Account, PasswordHash)>, CatalogueError> {
        accounts::credentials(&self.connection, name)
    }

    fn disabled_accounts(&self) -> Result<Vec<AccountId>, CatalogueError> {
        accounts::disabled(&self.connection)
    }

    fn password_hashes(&self) -> Result<BTreeMap<AccountId, PasswordHash>, CatalogueError> {
        accounts::password_hashes(&self.connection)
    }

    fn stored(&self, tickets_since_unix_millis: i64) -> Result<Stored, CatalogueError> {
        Ok(Stored {
            last_session: sessions::last(&self.connection)?,
            last_report: reports::last(&self.connection)?,
            tickets: tickets::recent(&self.connection, tickets_since_unix_millis)?,
            operators: places::operators(&self.connection)?,
            hosts: places::hosts(&self.connection)?,
            sessions: members::running_sessions(&self.connection)?,
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

    fn reports(
        &self,
        filter: &ReportFilter,
        sort: ReportSort,
        page: Page,
    ) -> Result<Rows<ReportRow>, CatalogueError> {
        report_list::page(&self.connection, filter, sort, page)
    }

    fn report_sheets(
        &self,
        filter: &ReportFilter,
        sort: ReportSort,
        page: Page,
    ) -> Result<Vec<ReportSheet>, CatalogueError> {
        let found = report_list::find(&self.connection, filter, sort, page)?;
        let sheet = |id| reports::sheet(&self.connection, id);
        let sheets: Result<Vec<_>, _> = found.numbers.into_iter().map(sheet).collect();
        Ok(sheets?.into_iter().flatten().collect())
    }

    fn report_totals(
        &self,
        filter: &ReportFilter,
        by: TotalsBy,
        zone: &TimeZone,
    ) -> Result<Totals, CatalogueError> {
        report_list::totals(&self.connection, filter, by, zone)
    }

    fn report_choices(&self, of: Choice, begin: &str) -> Result<Vec<Name>, CatalogueError> {
        report_list::choices(&self.connection, of, begin)
    }

    fn report(&self, id: ReportId) -> Result<Option<WholeReport>, CatalogueError> {
        reports::whole(&self.connection, id)
    }

    fn report_chat(&self, id: ReportId, page: Page) -> Result<Rows<ChatRow>, CatalogueError> {
        let session = reports::session_of(&self.connection, id)?;
        chat::page(&self.connection, session, page)
    }

    fn report_version(
        &self,
        id: ReportId,
        number: u32,
    ) -> Result<Option<(ReportDraft, Vec<FieldValue>)>, CatalogueError> {
        corrections::version(&self.connection, id, number)
    }

    fn report_clues(
        &self,
        id: ReportId,
        writer: AccountId,
    ) -> Result<Option<Clues>, CatalogueError> {
        reports::clues(&self.connection, id, writer)
    }

    fn categories(&self) -> Result<Vec<Category>, CatalogueError> {
        forms::categories(&self.connection)
    }

    fn fields(&self) -> Result<Vec<Field>, CatalogueError> {
        forms::fields(&self.connection)
    }

    fn verify_audit(&self) -> Result<AuditVerification, CatalogueError> {
        audit::verify(&self.connection)
    }
}
