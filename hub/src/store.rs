//! The one thread that owns the catalogue while the hub serves.

use std::collections::VecDeque;
use std::thread::JoinHandle;

use protocol::admin::reports::{Field, FieldValue};
use protocol::control::Name;
use protocol::{
    Feedback, HostKey, PeerId, ReportDraft, ReportFacts, ReportId, SessionId, SignedReceipt,
};
use session::authority::{Action, Object, Who, may};
use tokio::sync::{mpsc, oneshot};

use crate::catalogue::{
    AccountId, Accounts, Actor, Batch, Catalogue, CatalogueError, Change, Clues, Credentials,
    KnownHost, Rated, What, check_fields, name_fields,
};
use crate::registry::log_store_error;

/// How many requests may wait for the disk. Whoever asks for an answer then waits for room.
const QUEUE: usize = 8192;
/// How many may wait while new tickets and sessions are taken; the rest is for how things end.
const BUSY: usize = QUEUE / 2;
/// Most batches that are stored in one transaction.
const MAX_GROUP: usize = 512;

type Answer<T> = oneshot::Sender<Result<T, CatalogueError>>;

/// What the thread is asked to do.
enum Request {
    Apply(Batch, Option<Answer<()>>),
    SaveReport(SaveReport, Answer<SaveOutcome>),
    Credentials(String, Answer<Option<Credentials>>),
    FillFields(FillFields, Answer<SaveOutcome>),
    ReportForms(Answer<Forms>),
    ReportClues(AccountId, ReportId, Answer<Option<Clues>>),
    Drafts(AccountId, Answer<Vec<(ReportFacts, ReportDraft)>>),
    LastReceipt(PeerId, Answer<Option<SignedReceipt>>),
    Rate(Rating, Answer<Option<Rated>>),
    ChangedAccounts(Answer<Option<Accounts>>),
    Accounts(Answer<Accounts>),
    HostWithKey(HostKey, Answer<Option<KnownHost>>),
}

/// What an operator wrote.
#[derive(Debug)]
pub(crate) struct SaveReport {
    pub(crate) account: AccountId,
    /// The operator's name, for the audit log.
    pub(crate) actor: String,
    pub(crate) report: ReportId,
    pub(crate) draft: ReportDraft,
    pub(crate) finished: bool,
    pub(crate) at_unix_millis: i64,
}

/// What an operator filled in.
#[derive(Debug)]
struct FillFields {
    account: AccountId,
    actor: String,
    report: ReportId,
    fields: Vec<FieldValue>,
    at_unix_millis: i64,
}

/// What the user of a host says of a session.
#[derive(Debug)]
pub(crate) struct Rating {
    pub(crate) host: PeerId,
    pub(crate) session: SessionId,
    pub(crate) feedback: Feedback,
    pub(crate) at_unix_millis: i64,
}

/// What the organisation asks of reports: categories and fields.
pub(crate) type Forms = (Vec<Name>, Vec<Field>);

/// The disk is too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much waits for the disk")]
pub(crate) struct StoreBusy;

/// What became of a report that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaveOutcome {
    Saved,
    /// There is no such report, or it is not theirs to change.
    Denied,
    /// It cannot be finished: a field of the organisation is empty, or has what it does not take.
    Incomplete,
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
                let mut unstored = Unstored::default();
                let mut next = queue.blocking_recv();
                while let Some(request) = next.take() {
                    unstored.store(&mut *catalogue);
                    next = serve(&mut *catalogue, &mut unstored, request, &mut queue);
                    if next.is_none() {
                        next = queue.blocking_recv();
                    }
                }
                unstored.store(&mut *catalogue);
                unstored.mourn();
            })?;
        Ok((Self { requests }, thread))
    }

    /// Makes the changes of `batch`, or none of them.
    pub(crate) async fn apply(&self, batch: Batch) -> Result<(), CatalogueError> {
        self.ask(|answer| Request::Apply(batch, Some(answer))).await
    }

    /// Hands `batch` over without waiting for anything. Whatever is handed over later is stored later.
    ///
    /// # Errors
    ///
    /// [`StoreBusy`] if the disk has stalled for so long that nothing more can wait; it is lost then.
    pub(crate) fn hand_over(&self, batch: Batch) -> Result<(), StoreBusy> {
        let sent = self.requests.try_send(Request::Apply(batch, None));
        sent.map_err(|_full| StoreBusy)
    }

    /// Whether so much waits for the disk that there must be no new work.
    pub(crate) fn is_behind(&self) -> bool {
        self.requests.capacity() < QUEUE - BUSY
    }

    /// How many requests wait for the disk.
    pub(crate) fn waiting(&self) -> usize {
        QUEUE.saturating_sub(self.requests.capacity())
    }

    /// As [`Self::hand_over`], for what is new and may be refused; the answer comes by itself.
    ///
    /// # Errors
    ///
    /// [`StoreBusy`] while the disk is far behind.
    pub(crate) fn hand_over_new(
        &self,
        batch: Batch,
    ) -> Result<oneshot::Receiver<Result<(), CatalogueError>>, StoreBusy> {
        if self.is_behind() {
            return Err(StoreBusy);
        }
        let (answer, answered) = oneshot::channel();
        let sent = self.requests.try_send(Request::Apply(batch, Some(answer)));
        sent.map(|()| answered).map_err(|_full| StoreBusy)
    }

    /// Saves what an operator wrote, if they may.
    pub(crate) async fn save_report(
        &self,
        report: SaveReport,
    ) -> Result<SaveOutcome, CatalogueError> {
        self.ask(|answer| Request::SaveReport(report, answer)).await
    }

    /// Fills in the organisation's fields of a report, if they may.
    pub(crate) async fn fill_fields(
        &self,
        account: AccountId,
        actor: String,
        report: ReportId,
        fields: Vec<FieldValue>,
        at_unix_millis: i64,
    ) -> Result<SaveOutcome, CatalogueError> {
        let wish = FillFields {
            account,
            actor,
            report,
            fields,
            at_unix_millis,
        };
        self.ask(|answer| Request::FillFields(wish, answer)).await
    }

    /// The receipt of the last session of `host` that is over.
    pub(crate) async fn last_receipt(
        &self,
        host: PeerId,
    ) -> Result<Option<SignedReceipt>, CatalogueError> {
        self.ask(|answer| Request::LastReceipt(host, answer)).await
    }

    /// Stores what a user says, and tells whose report it is; `None` if the session was not that user's, or
    /// has no report any more.
    pub(crate) async fn rate(&self, rating: Rating) -> Result<Option<Rated>, CatalogueError> {
        self.ask(|answer| Request::Rate(rating, answer)).await
    }

    /// What the organisation asks of reports.
    pub(crate) async fn report_forms(&self) -> Result<Forms, CatalogueError> {
        self.ask(Request::ReportForms).await
    }

    /// What is known of a report that `writer` writes; `None` if it is not theirs to write.
    pub(crate) async fn report_clues(
        &self,
        writer: AccountId,
        report: ReportId,
    ) -> Result<Option<Clues>, CatalogueError> {
        self.ask(|answer| Request::ReportClues(writer, report, answer))
            .await
    }

    /// The account behind a typed name, and what opens it.
    pub(crate) async fn credentials(
        &self,
        name: String,
    ) -> Result<Option<Credentials>, CatalogueError> {
        self.ask(|answer| Request::Credentials(name, answer)).await
    }

    /// The permanent host that has this key.
    pub(crate) async fn host_with_key(
        &self,
        key: HostKey,
    ) -> Result<Option<KnownHost>, CatalogueError> {
        self.ask(|answer| Request::HostWithKey(key, answer)).await
    }

    /// The unfinished reports of `owner`.
    pub(crate) async fn drafts(
        &self,
        owner: AccountId,
    ) -> Result<Vec<(ReportFacts, ReportDraft)>, CatalogueError> {
        self.ask(|answer| Request::Drafts(owner, answer)).await
    }

    /// The accounts, if another program changed anything since this was last asked.
    pub(crate) async fn changed_accounts(&self) -> Result<Option<Accounts>, CatalogueError> {
        self.ask(Request::ChangedAccounts).await
    }

    /// The accounts as they are.
    pub(crate) async fn accounts(&self) -> Result<Accounts, CatalogueError> {
        self.ask(Request::Accounts).await
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

/// Serves `request`, and the changes that wait behind it with it; gives the first request that is of
/// another kind.
fn serve(
    catalogue: &mut dyn Catalogue,
    unstored: &mut Unstored,
    request: Request,
    queue: &mut mpsc::Receiver<Request>,
) -> Option<Request> {
    // whoever asked may have gone; the work is done all the same
    match request {
        Request::Apply(batch, answer) => {
            let mut group = vec![(batch, answer)];
            let mut next = None;
            while group.len() < MAX_GROUP {
                match queue.try_recv() {
                    Ok(Request::Apply(batch, answer)) => group.push((batch, answer)),
                    Ok(other) => {
                        next = Some(other);
                        break;
                    }
                    Err(_empty) => break,
                }
            }
            apply_group(catalogue, unstored, group);
            return next;
        }
        // nothing new is stored before what happened earlier
        Request::SaveReport(_, answer) | Request::FillFields(_, answer)
            if unstored.is_waiting() =>
        {
            drop(answer.send(Err(CatalogueError::DiskFull)));
        }
        // whether a session is over may be among what waits
        Request::LastReceipt(_, answer) if unstored.is_waiting() => {
            drop(answer.send(Err(CatalogueError::DiskFull)));
        }
        Request::Rate(_, answer) if unstored.is_waiting() => {
            drop(answer.send(Err(CatalogueError::DiskFull)));
        }
        Request::LastReceipt(host, answer) => drop(answer.send(catalogue.last_receipt(host))),
        Request::Rate(rating, answer) => drop(answer.send(rate(catalogue, rating))),
        Request::SaveReport(report, answer) => drop(answer.send(save_report(catalogue, report))),
        Request::FillFields(wish, answer) => drop(answer.send(fill_fields(catalogue, wish))),
        Request::ReportForms(answer) => drop(answer.send(report_forms(catalogue))),
        Request::ReportClues(writer, report, answer) => {
            drop(answer.send(report_clues(catalogue, writer, report)));
        }
        Request::Credentials(name, answer) => drop(answer.send(catalogue.credentials(&name))),
        Request::Drafts(owner, answer) => drop(answer.send(drafts(catalogue, owner))),
        Request::HostWithKey(key, answer) => drop(answer.send(catalogue.host_with_key(key))),
        Request::Accounts(answer) => drop(answer.send(catalogue.standing())),
        Request::ChangedAccounts(answer) => drop(answer.send(changed_accounts(catalogue))),
    }
    None
}

/// Stores a group at once; if that fails, one by one, so that one bad batch harms no other.
fn apply_group(
    catalogue: &mut dyn Catalogue,
    unstored: &mut Unstored,
    group: Vec<(Batch, Option<Answer<()>>)>,
) {
    if unstored.is_waiting() {
        for (batch, answer) in group {
            match answer {
                Some(answer) => drop(answer.send(Err(CatalogueError::DiskFull))),
                None => unstored.keep(batch, &CatalogueError::DiskFull),
            }
        }
        return;
    }
    let (batches, answers): (Vec<Batch>, Vec<_>) = group.into_iter().unzip();
    let at_once = catalogue.apply(&batches);
    let stored_at_once = at_once.is_ok();
    let mut only = (batches.len() == 1).then_some(at_once);
    for (batch, answer) in batches.into_iter().zip(answers) {
        let stored = match only.take() {
            Some(stored) => stored,
            None if stored_at_once => Ok(()),
            None if unstored.is_waiting() => Err(CatalogueError::DiskFull),
            None => catalogue.apply(std::slice::from_ref(&batch)),
        };
        match (answer, stored) {
            (Some(answer), stored) => drop(answer.send(stored)),
            (None, Ok(())) => {}
            (None, Err(error @ (CatalogueError::DiskFull | CatalogueError::Busy))) => {
                unstored.keep(batch, &error);
            }
            (None, Err(error)) => log_store_error(&error),
        }
    }
}

/// What happened while the disk was full, or the data base another program's, and has to be stored once it can
/// be: nobody can be told that it did not happen. It waits in its order, and whatever else happens waits behind
/// it.
#[derive(Default)]
struct Unstored(VecDeque<Batch>);

impl Unstored {
    fn is_waiting(&self) -> bool {
        !self.0.is_empty()
    }

    fn keep(&mut self, batch: Batch, why: &CatalogueError) {
        if self.0.is_empty() {
            tracing::error!(%why, "What happens is stored later");
        }
        if self.0.len() < QUEUE {
            self.0.push_back(batch);
        } else {
            tracing::error!(%why, "Not stored: too much waits already");
        }
    }

    /// Stores what waits, as far as there is room.
    fn store(&mut self, catalogue: &mut dyn Catalogue) {
        while let Some(batch) = self.0.front() {
            match catalogue.apply(std::slice::from_ref(batch)) {
                Err(CatalogueError::DiskFull | CatalogueError::Busy) => return,
                Err(error) => log_store_error(&error),
                Ok(()) if self.0.len() == 1 => tracing::info!("What waited is stored"),
                Ok(()) => {}
            }
            self.0.pop_front();
        }
    }

    /// Says what is lost because the hub stops.
    fn mourn(&self) {
        if self.is_waiting() {
            tracing::error!(changes = self.0.len(), "Not stored: the hub stops");
        }
    }
}

fn drafts(
    catalogue: &dyn Catalogue,
    owner: AccountId,
) -> Result<Vec<(ReportFacts, ReportDraft)>, CatalogueError> {
    let account = catalogue.account(owner)?;
    let asks = account.as_ref().map(Who::from);
    let object = Object::Drafts { owner };
    if asks.is_none_or(|who| may(who, Action::ListDrafts, object).is_err()) {
        return Ok(Vec::new());
    }
    catalogue.drafts(owner)
}

fn save_report(
    catalogue: &mut dyn Catalogue,
    wish: SaveReport,
) -> Result<SaveOutcome, CatalogueError> {
    // asked here, where nothing can come between the question and the change
    if !may_write(catalogue, wish.account, wish.report)? {
        return Ok(SaveOutcome::Denied);
    }
    if wish.finished {
        let (_, filled) = catalogue
            .report_version(wish.report, 0)?
            .unwrap_or_default();
        if check_fields(&catalogue.fields()?, filled).is_none() {
            return Ok(SaveOutcome::Incomplete);
        }
    }
    let change = Change {
        actor: Actor::Account(wish.actor),
        what: What::ReportSaved {
            report: wish.report,
            draft: wish.draft,
            finished: wish.finished,
        },
    };
    catalogue.apply(&[change.at(wish.at_unix_millis)])?;
    Ok(SaveOutcome::Saved)
}

/// Whether the report is unfinished, and this operator's.
fn may_write(
    catalogue: &dyn Catalogue,
    account: AccountId,
    report: ReportId,
) -> Result<bool, CatalogueError> {
    let Some(found) = catalogue.report_standing(report)? else {
        return Ok(false);
    };
    let object = Object::Report {
        owner: found.owner,
        finished: found.finished,
    };
    let Some(writer) = catalogue.account(account)? else {
        return Ok(false);
    };
    let may = may(Who::from(&writer), Action::SaveReport, object);
    if let Err(denied) = may {
        tracing::info!(account = account.0, %report, %denied, "Not theirs to write");
    }
    Ok(may.is_ok())
}

fn fill_fields(
    catalogue: &mut dyn Catalogue,
    wish: FillFields,
) -> Result<SaveOutcome, CatalogueError> {
    if !may_write(catalogue, wish.account, wish.report)? {
        return Ok(SaveOutcome::Denied);
    }
    // half-written ones too: whether they fit is asked when the report is finished
    let fields = name_fields(&catalogue.fields()?, wish.fields);
    let change = Change {
        actor: Actor::Account(wish.actor),
        what: What::ReportFieldsFilled {
            report: wish.report,
            fields,
        },
    };
    catalogue.apply(&[change.at(wish.at_unix_millis)])?;
    Ok(SaveOutcome::Saved)
}

fn rate(catalogue: &mut dyn Catalogue, rating: Rating) -> Result<Option<Rated>, CatalogueError> {
    let Rating {
        host,
        session,
        feedback,
        at_unix_millis,
    } = rating;
    let Some(rated) = catalogue.rated(session)? else {
        return Ok(None);
    };
    let object = Object::Session {
        owner: rated.owner,
        host: rated.host,
    };
    if let Err(denied) = may(Who::Host(host), Action::GiveFeedback, object) {
        tracing::info!(peer = %host, %session, %denied, "Not theirs to rate");
        return Ok(None);
    }
    let change = Change::by_hub(What::FeedbackGiven { session, feedback });
    catalogue.apply(&[change.at(at_unix_millis)])?;
    Ok(Some(rated))
}

fn report_forms(catalogue: &dyn Catalogue) -> Result<Forms, CatalogueError> {
    let categories = catalogue.categories()?.into_iter();
    let names = categories.map(|category| category.name).collect();
    Ok((names, catalogue.fields()?))
}

fn report_clues(
    catalogue: &dyn Catalogue,
    writer: AccountId,
    report: ReportId,
) -> Result<Option<Clues>, CatalogueError> {
    if !may_write(catalogue, writer, report)? {
        return Ok(None);
    }
    catalogue.report_clues(report, writer)
}

fn changed_accounts(catalogue: &mut dyn Catalogue) -> Result<Option<Accounts>, CatalogueError> {
    catalogue.keep_audit_head();
    if !catalogue.changed_elsewhere()? {
        return Ok(None);
    }
    catalogue.standing().map(Some)
}
