//! The one thread that owns the catalogue while the hub serves.

use std::thread::JoinHandle;

use protocol::{ReportDraft, ReportFacts, ReportId};
use tokio::sync::{mpsc, oneshot};

use crate::catalogue::{
    Account, AccountId, Batch, Catalogue, CatalogueError, Change, PasswordHash, What,
};

/// How many requests may wait for the disk before those who ask have to wait, too.
const QUEUE: usize = 256;

type Answer<T> = oneshot::Sender<Result<T, CatalogueError>>;

/// What the thread is asked to do.
enum Request {
    Apply(Batch, Answer<()>),
    SaveReport(SaveReport, Answer<SaveOutcome>),
    Credentials(String, Answer<Option<(Account, PasswordHash)>>),
    Drafts(AccountId, Answer<Vec<(ReportFacts, ReportDraft)>>),
    NewlyDisabled(Answer<Vec<AccountId>>),
}

/// What an operator wrote.
#[derive(Debug)]
pub(crate) struct SaveReport {
    pub(crate) account: Account,
    pub(crate) report: ReportId,
    pub(crate) draft: ReportDraft,
    pub(crate) finished: bool,
    pub(crate) at_unix_millis: i64,
}

/// What became of a report that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaveOutcome {
    Saved,
    /// No such report, not this operator's, or finished already.
    NotTheirs,
}

/// A way to the store thread; clones reach the same one.
#[derive(Clone)]
pub(crate) struct Store {
    requests: mpsc::Sender<Request>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Starts the thread. It ends, and closes the catalogue, when all clones are dropped.
    pub(crate) fn start(
        mut catalogue: Box<dyn Catalogue>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (requests, mut queue) = mpsc::channel::<Request>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                while let Some(request) = queue.blocking_recv() {
                    serve(&mut *catalogue, request);
                }
            })?;
        Ok((Self { requests }, thread))
    }

    /// Makes the changes of `batch`, or none of them.
    pub(crate) async fn apply(&self, batch: Batch) -> Result<(), CatalogueError> {
        self.ask(|answer| Request::Apply(batch, answer)).await
    }

    /// Saves what an operator wrote, if the report is theirs and not finished.
    pub(crate) async fn save_report(
        &self,
        report: SaveReport,
    ) -> Result<SaveOutcome, CatalogueError> {
        self.ask(|answer| Request::SaveReport(report, answer)).await
    }

    /// The account and password hash behind a typed name.
    pub(crate) async fn credentials(
        &self,
        name: String,
    ) -> Result<Option<(Account, PasswordHash)>, CatalogueError> {
        self.ask(|answer| Request::Credentials(name, answer)).await
    }

    /// The unfinished reports of `owner`.
    pub(crate) async fn drafts(
        &self,
        owner: AccountId,
    ) -> Result<Vec<(ReportFacts, ReportDraft)>, CatalogueError> {
        self.ask(|answer| Request::Drafts(owner, answer)).await
    }

    /// The closed accounts, if another program changed anything since this was last asked.
    pub(crate) async fn newly_disabled(&self) -> Result<Vec<AccountId>, CatalogueError> {
        self.ask(Request::NewlyDisabled).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(Answer<T>) -> Request,
    ) -> Result<T, CatalogueError> {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(request(answer)).await.is_err() {
            return Err(CatalogueError::Closed);
        }
        answered.await.unwrap_or(Err(CatalogueError::Closed))
    }
}

fn serve(catalogue: &mut dyn Catalogue, request: Request) {
    // whoever asked may have gone; the work is done all the same
    match request {
        Request::Apply(batch, answer) => drop(answer.send(catalogue.apply(&[batch]))),
        Request::SaveReport(report, answer) => drop(answer.send(save_report(catalogue, report))),
        Request::Credentials(name, answer) => drop(answer.send(catalogue.credentials(&name))),
        Request::Drafts(owner, answer) => drop(answer.send(catalogue.drafts(owner))),
        Request::NewlyDisabled(answer) => drop(answer.send(newly_disabled(catalogue))),
    }
}

fn save_report(
    catalogue: &mut dyn Catalogue,
    wish: SaveReport,
) -> Result<SaveOutcome, CatalogueError> {
    let found = catalogue.report_standing(wish.report)?;
    if !found.is_some_and(|report| report.owner == wish.account.id && !report.finished) {
        return Ok(SaveOutcome::NotTheirs);
    }
    let change = Change {
        actor: wish.account.name,
        what: What::ReportSaved {
            report: wish.report,
            draft: wish.draft,
            finished: wish.finished,
        },
    };
    catalogue.apply(&[change.at(wish.at_unix_millis)])?;
    Ok(SaveOutcome::Saved)
}

fn newly_disabled(catalogue: &mut dyn Catalogue) -> Result<Vec<AccountId>, CatalogueError> {
    if catalogue.changed_elsewhere()? {
        catalogue.disabled_accounts()
    } else {
        Ok(Vec::new())
    }
}
