//! The catalogue in one `SQLite` file, `hub.db`.

mod accounts;
mod audit;
mod audit_list;
mod changes;
mod chat;
mod corrections;
mod erased_reports;
mod films;
mod forms;
mod groups;
mod host_groups;
mod hosts;
mod members;
mod overview;
mod places;
mod receipts;
mod report_index;
mod report_list;
mod reports;
mod rules;
mod schema;
mod search;
mod sessions;
mod settings;
mod sign_ins;
mod tickets;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use protocol::admin::audit::{AuditRow, Filter as AuditFilter, Verified};
use protocol::admin::desk::Today;
use protocol::admin::films::{Facts, Film, Filter as FilmFilter, Sort};
use protocol::admin::hosts::{
    EnrolmentRow, Filter as HostFilter, HostGroupRow, HostRow, Order as HostOrder,
};
use protocol::admin::people::{AccountOrder, AccountRow, GroupRow, RoleRow, Rules, SignInRow};
use protocol::admin::reports::{
    Category, ChatRow, Choice, Field, FieldValue, ReportFilter, ReportRow, ReportSort, Totals,
    TotalsBy, WholeReport,
};
use protocol::admin::settings::Settings;
use protocol::admin::{Page, Rows};
use protocol::control::Name;
use protocol::{
    GroupId, HostGroupId, HostId, HostKey, PeerId, ReportDraft, ReportFacts, ReportId, RoleId,
    SessionId, SignedReceipt,
};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};

use transport::{HubIdentity, receipt};

use super::audit::SignedHead;
use super::{
    AbsentMember, Account, AccountId, Accounts, Anchor, AuditHead, Batch, Catalogue,
    CatalogueError, Clues, Credentials, FilmTotals, KeptFilm, KnownHost, Moment, NamedHost, Rated,
    ReportSheet, ReportStanding, SessionRow, Stored,
};

pub(crate) const FILE_NAME: &str = "hub.db";
/// The audit log's signed head, once more.
pub(crate) const HEAD_FILE: &str = "audit.head";
/// The head in the file is not older than this while changes are made.
const KEEP_HEAD: Duration = Duration::from_secs(1);
/// How long to wait for another program that writes just now.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl From<rusqlite::Error> for CatalogueError {
    fn from(error: rusqlite::Error) -> Self {
        let no_space = error.sqlite_error().is_some_and(|error| {
            // the second: there is no room for the index of the `-wal` file either
            error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
        });
        if no_space {
            Self::DiskFull
        } else if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
            Self::Busy
        } else {
            Self::Engine(error.into())
        }
    }
}

/// An open file.
pub(crate) struct SqliteCatalogue {
    folder: PathBuf,
    connection: Connection,
    /// What signs the audit log, from the first change on.
    key: Option<HubIdentity>,
    /// When the file of the head was last written, and whether it is out of date.
    head_kept: Option<Instant>,
    head_is_new: bool,
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
        Self::open_file(folder, &path)
    }

    /// Opens the file in `folder`, which must exist.
    pub(crate) fn open(folder: &Path) -> Result<Self, CatalogueError> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Err(CatalogueError::Missing {
                folder: folder.to_owned(),
            });
        }
        Self::open_file(folder, &path)
    }

    fn open_file(folder: &Path, path: &Path) -> Result<Self, CatalogueError> {
        let opening = |source: rusqlite::Error| CatalogueError::Open {
            path: path.to_owned(),
            source: source.into(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(opening)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(opening)?;
        // the steps of the schema use it too
        connection
            .create_scalar_function("folded", 1, FUNCTION, |call| {
                let text = call.get::<Option<String>>(0)?;
                Ok(text.map(|text| text.to_lowercase()))
            })
            .map_err(opening)?;
        schema::set_up(&mut connection, path)?;
        let mut opened = Self {
            folder: folder.to_owned(),
            connection,
            key: None,
            head_kept: None,
            head_is_new: false,
            seen_version: 0,
        };
        opened.changed_elsewhere()?;
        Ok(opened)
    }
}

/// Always the same for the same text.
const FUNCTION: FunctionFlags =
    FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

impl SqliteCatalogue {
    /// Writes the signed head beside the data base.
    fn write_head(&mut self) -> Result<(), CatalogueError> {
        // that of the data base, since others may have added rows after this one
        if let Some(head) = audit::signed_head(&self.connection)? {
            let path = self.folder.join(HEAD_FILE);
            let written = private_file::replace(&path, head.to_line().as_bytes());
            written.map_err(|source| CatalogueError::Create { path, source })?;
        }
        self.head_is_new = false;
        self.head_kept = Some(Instant::now());
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn head_in_file(&self) -> Option<SignedHead> {
        // what is no text is no head
        let text = std::fs::read(self.folder.join(HEAD_FILE)).ok()?;
        Some(SignedHead::from_line(&String::from_utf8_lossy(&text)))
    }
}

impl Drop for SqliteCatalogue {
    fn drop(&mut self) {
        self.head_kept = None;
        self.keep_audit_head();
    }
}

impl Moment for rusqlite::Transaction<'_> {}

impl Catalogue for SqliteCatalogue {
    fn apply(&mut self, batches: &[Batch]) -> Result<(), CatalogueError> {
        let key = match self.key.take() {
            Some(key) => key,
            None => HubIdentity::open_or_create(&self.folder)?,
        };
        let key = self.key.insert(key);
        // one that no other writer can slip into
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        for batch in batches {
            changes::make_all(&transaction, batch, key)?;
        }
        if batches.iter().any(|batch| !batch.changes.is_empty()) {
            audit::sign(&transaction, key)?;
        }
        transaction.commit()?;
        self.head_is_new = true;
        self.keep_audit_head();
        Ok(())
    }

    fn last_receipt(&mut self, host: PeerId) -> Result<Option<SignedReceipt>, CatalogueError> {
        let Some(receipt) = receipts::last_of(&self.connection, host)? else {
            return Ok(None);
        };
        let key = match self.key.take() {
            Some(key) => key,
            None => HubIdentity::open_or_create(&self.folder)?,
        };
        let key = self.key.insert(key);
        Ok(Some(receipt::sign(key, &receipt)?))
    }

    fn rated(&self, session: SessionId) -> Result<Option<Rated>, CatalogueError> {
        receipts::rated(&self.connection, session)
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

    fn host_rows(
        &self,
        filter: &HostFilter,
        order: (HostOrder, bool),
        page: Page,
    ) -> Result<Rows<HostRow>, CatalogueError> {
        hosts::page(&self.connection, filter, order, page)
    }

    fn host_named(&self, name: &str) -> Result<HostRow, CatalogueError> {
        hosts::named(&self.connection, name)
    }

    fn host(&self, id: HostId) -> Result<NamedHost, CatalogueError> {
        hosts::one(&self.connection, id)
    }

    fn host_operators(&self, host: HostId) -> Result<Vec<String>, CatalogueError> {
        hosts::operators(&self.connection, host)
    }

    fn host_with_key(&self, key: HostKey) -> Result<Option<KnownHost>, CatalogueError> {
        hosts::with_key(&self.connection, key)
    }

    fn host_group_rows(&self, page: Page) -> Result<Rows<HostGroupRow>, CatalogueError> {
        host_groups::page(&self.connection, page)
    }

    fn host_group_named(&self, name: &str) -> Result<HostGroupId, CatalogueError> {
        groups::named(&self.connection, "host_group", name).map(HostGroupId)
    }

    fn enrolment_rows(
        &self,
        now_unix_millis: i64,
        page: Page,
    ) -> Result<Rows<EnrolmentRow>, CatalogueError> {
        hosts::enrolments(&self.connection, now_unix_millis, page)
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

    fn sign_ins_of(&self, account: AccountId) -> Result<Vec<SignInRow>, CatalogueError> {
        sign_ins::of(&self.connection, account)
    }

    fn recovery_codes_left(&self, account: AccountId) -> Result<u8, CatalogueError> {
        rules::recovery_codes_left(&self.connection, account)
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
            permanent: hosts::stored(&self.connection)?,
            memberships: accounts::standing(&self.connection)?.memberships,
        })
    }

    fn today(&self, since_unix_millis: i64) -> Result<Today, CatalogueError> {
        overview::today(&self.connection, since_unix_millis)
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

    fn report_of_session(&self, id: SessionId) -> Result<Option<ReportId>, CatalogueError> {
        reports::of_session(&self.connection, id)
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

    fn reports_finished_before(&self, unix_millis: i64) -> Result<Vec<ReportId>, CatalogueError> {
        erased_reports::finished_before(&self.connection, unix_millis)
    }

    fn erasures(&self) -> Result<u64, CatalogueError> {
        erased_reports::count(&self.connection)
    }

    fn has_reports(&self, ids: &[ReportId]) -> Result<bool, CatalogueError> {
        reports::are_there(&self.connection, ids)
    }

    fn moment(&self) -> Result<Box<dyn Moment + '_>, CatalogueError> {
        Ok(Box::new(self.connection.unchecked_transaction()?))
    }

    fn overwrite_erased(&self) -> Result<bool, CatalogueError> {
        erased_reports::overwrite(&self.connection)
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

    fn verify_audit(&self, anchors: &[Anchor]) -> Result<Verified, CatalogueError> {
        // first the file, which is never newer than the data base
        let file = self.head_in_file();
        let key = HubIdentity::open(&self.folder).ok();
        let witnesses = audit::Witnesses {
            key: key.as_ref(),
            file,
            anchors,
        };
        audit::verify(&self.connection, &witnesses)
    }

    fn audit_head(&self) -> Result<Anchor, CatalogueError> {
        audit::last(&self.connection)
    }

    fn audit_rows(
        &self,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Rows<AuditRow>, CatalogueError> {
        audit_list::list(&self.connection, filter, page)
    }

    fn audit_of_session(
        &self,
        session: SessionId,
    ) -> Result<Vec<(AuditRow, AuditHead)>, CatalogueError> {
        audit_list::of_session(&self.connection, session)
    }

    fn keep_audit_head(&mut self) {
        let is_due = self.head_kept.is_none_or(|at| at.elapsed() >= KEEP_HEAD);
        if !self.head_is_new || !is_due {
            return;
        }
        if let Err(error) = self.write_head() {
            // the one in the data base is signed; this one follows when there is room
            tracing::warn!(%error, "Audit head not kept beside the data base");
            self.head_kept = Some(Instant::now());
        }
    }

    fn films(
        &self,
        filter: &FilmFilter,
        sort: Sort,
        page: Page,
    ) -> Result<Rows<Film>, CatalogueError> {
        films::list(&self.connection, filter, sort, page)
    }

    fn film_facts(&self, session: SessionId) -> Result<Option<Facts>, CatalogueError> {
        films::facts(&self.connection, session)
    }

    fn film_signature(&self, session: SessionId) -> Result<Option<Vec<u8>>, CatalogueError> {
        films::signature(&self.connection, session)
    }

    fn film_totals(&self, since_unix_millis: i64) -> Result<FilmTotals, CatalogueError> {
        films::totals(&self.connection, since_unix_millis)
    }

    fn unheld_films(&self) -> Result<Vec<KeptFilm>, CatalogueError> {
        films::unheld(&self.connection)
    }

    fn erased_films(&self) -> Result<Vec<KeptFilm>, CatalogueError> {
        films::erased(&self.connection)
    }

    fn back_up(&self, to: &Path) -> Result<(), CatalogueError> {
        let path = to.join(FILE_NAME);
        let created = |path: &Path| {
            let path = path.to_owned();
            move |source| CatalogueError::Create { path, source }
        };
        private_file::open(&path).map_err(created(&path))?;
        let mut copy = Connection::open(&path)?;
        copy.busy_timeout(BUSY_TIMEOUT)?;
        // all at once: nothing that is written meanwhile makes it begin anew
        let copied = Backup::new(&self.connection, &mut copy)?.step(-1)?;
        if !matches!(copied, StepResult::Done) {
            let busy = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
            return Err(created(&path)(busy));
        }
        if let Some(head) = audit::signed_head(&copy)? {
            let path = to.join(HEAD_FILE);
            let written = private_file::replace(&path, head.to_line().as_bytes());
            written.map_err(created(&path))?;
        }
        Ok(())
    }

    fn settings(&self) -> Result<Settings, CatalogueError> {
        settings::read(&self.connection)
    }

    fn logo(&self) -> Result<Vec<u8>, CatalogueError> {
        settings::logo(&self.connection)
    }
}
