//! The administrator's side of the hub: one connection's sign-in, then questions and answers.
//!
//! Reading goes through connections to the catalogue of its own, so that a long search keeps nobody
//! at the desk waiting; changes go through the store's thread as all others do.

mod audit;
mod desk;
pub(crate) mod figures;
mod films;
mod hosts;
pub mod local;
mod own;
mod people;
mod reports;
pub(crate) mod settings;
mod taken_out;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::admin::settings::Settings;
use protocol::admin::{Answer, HubToAdmin, Question};
use protocol::{PeerId, Refusal, RefusalCode, SessionId};
use session::authority::messages::of_question;
use session::authority::{Action, Object, Who, may};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use transport::Fingerprint;

pub(crate) use own::Owner;

use crate::catalogue::{
    self, Account, AccountId, Actor, Batch, Catalogue, CatalogueError, Change, What,
};
use crate::clock::Clock;
use crate::films as films_kept;
use crate::login::LoginDesk;
use crate::registry::{Event, log_store_error};
use crate::store::Store;
use crate::updates::UpdateDesk;
use crate::watch::Changed;

/// Questions of one administrator that are worked on at a time; more wait unread.
pub(crate) const AT_ONCE: usize = 16;
/// Connections to the catalogue that are kept for the next question.
const IDLE_READERS: usize = 4;

/// What the administration works with.
#[derive(Debug)]
pub(crate) struct Office {
    clock: Clock,
    store: Store,
    registry: mpsc::Sender<Event>,
    folder: PathBuf,
    fingerprint: Fingerprint,
    settings: watch::Receiver<Settings>,
    changed: Changed,
    readers: Mutex<Vec<Reader>>,
    exports: Mutex<reports::Exports>,
    /// Places for bundles.
    bundles: Arc<Semaphore>,
    last_bundle: AtomicU32,
    in_bundles: films::bundle::Bundles,
    /// Up to which of them the documents and bundles were looked through.
    erasures: AtomicU64,
    /// Whoever makes pictures of a film has it.
    pictures: Arc<Semaphore>,
    own: own::Own,
    updates: Arc<UpdateDesk>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Administrator {
    /// As it was at the sign-in, and in the answer to a question as it is then.
    account: Account,
    /// The films that they have watched a part of since they signed in.
    watched: Arc<tokio::sync::Mutex<BTreeSet<SessionId>>>,
    /// The running sessions that they watch.
    live: Arc<Mutex<BTreeMap<SessionId, films::live::Watched>>>,
    /// Their proof bundle; gone with the sign-in.
    bundle: Arc<Mutex<Option<films::bundle::Kept>>>,
    sign_in: PeerId,
    address: IpAddr,
    /// Kinds of questions that were denied and are in the audit log, each once for each sign-in.
    denied: Arc<Mutex<BTreeSet<String>>>,
}

impl Administrator {
    pub(crate) fn new(account: Account, sign_in: PeerId, address: IpAddr) -> Self {
        Self {
            account,
            sign_in,
            address,
            watched: Arc::default(),
            live: Arc::default(),
            bundle: Arc::default(),
            denied: Arc::default(),
        }
    }

    pub(crate) fn sign_in(&self) -> PeerId {
        self.sign_in
    }

    pub(crate) fn account(&self) -> AccountId {
        self.account.id
    }

    fn owner(&self) -> Owner {
        Owner {
            account: self.account.id,
            sign_in: self.sign_in,
            address: self.address,
        }
    }

    /// What decides what they may do.
    fn who(&self) -> Who {
        Who::from(&self.account)
    }

    /// Whether they may; asked before anything else.
    fn check(&self, action: Action, object: Object) -> Result<(), Refusal> {
        may(self.who(), action, object).map_err(|denied| {
            tracing::warn!(actor = ?self.actor(), ?action, %denied, "Not allowed");
            RefusalCode::NOT_ALLOWED.into()
        })
    }

    /// The name in the audit log.
    fn actor(&self) -> Actor {
        Actor::Account(self.account.name.clone())
    }
}

struct Reader(Box<dyn Catalogue>);

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Office {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of the hub, and none belongs to another"
    )]
    pub(crate) fn new(
        clock: Clock,
        store: Store,
        registry: mpsc::Sender<Event>,
        folder: &Path,
        fingerprint: Fingerprint,
        settings: watch::Receiver<Settings>,
        changed: Changed,
        logins: Arc<LoginDesk>,
        updates: Arc<UpdateDesk>,
    ) -> Self {
        Self {
            clock,
            store,
            registry,
            folder: folder.to_owned(),
            fingerprint,
            settings,
            changed,
            readers: Mutex::default(),
            exports: Mutex::default(),
            bundles: Arc::new(Semaphore::new(films::bundle::MOST)),
            last_bundle: AtomicU32::new(0),
            in_bundles: films::bundle::Bundles::default(),
            erasures: AtomicU64::default(),
            pictures: Arc::new(Semaphore::new(1)),
            own: own::Own::new(logins),
            updates,
        }
    }

    /// What there is for programs that have an older version.
    pub(crate) fn updates(&self) -> &Arc<UpdateDesk> {
        &self.updates
    }

    /// Answers one question of `who`.
    pub(crate) async fn answer(
        self: Arc<Self>,
        who: Administrator,
        number: u32,
        question: Question,
    ) -> HubToAdmin {
        let answer = match self.may_ask(who, &question).await {
            Ok(who) => self.ask(&who, question).await,
            Err(refusal) => Err(refusal),
        };
        let answer = answer.unwrap_or_else(Answer::Refused);
        HubToAdmin::Answered { number, answer }
    }

    /// Whoever asks, as they are now, if they may; a role taken away counts at the next question.
    async fn may_ask(
        &self,
        who: Administrator,
        question: &Question,
    ) -> Result<Administrator, Refusal> {
        let id = who.account.id;
        let account = self.read(move |c| c.account(id)).await?;
        let account = account.ok_or_else(|| Refusal::from(RefusalCode::NOT_ALLOWED))?;
        let who = Administrator { account, ..who };
        let (action, object) = of_question(question);
        let signed_in = may(who.who(), Action::SignIn, Object::Hub);
        let Err(why) = signed_in.and_then(|()| may(who.who(), action, object)) else {
            return Ok(who);
        };
        let question = kind(question);
        let is_new = lock(&who.denied).insert(question.clone());
        if is_new {
            self.change(&who, What::QuestionDenied { question, why })
                .await?;
        }
        Err(RefusalCode::NOT_ALLOWED.into())
    }

    async fn ask(
        self: &Arc<Self>,
        who: &Administrator,
        question: Question,
    ) -> Result<Answer, Refusal> {
        Ok(match question {
            Question::Desk(asked) => Answer::Desk(desk::answer(self, who, asked).await?),
            Question::Reports(asked) => Answer::Reports(reports::answer(self, who, asked).await?),
            Question::Films(asked) => Answer::Films(films::answer(self, who, asked).await?),
            Question::People(asked) => Answer::People(people::answer(self, who, asked).await?),
            Question::Hosts(asked) => Answer::Hosts(hosts::answer(self, who, asked).await?),
            Question::Audit(asked) => Answer::Audit(audit::answer(self, who, asked).await?),
            Question::Settings(asked) => {
                Answer::Settings(settings::answer(self, who, asked).await?)
            }
            Question::Own(asked) => {
                let (office, owner) = (Arc::clone(self), who.owner());
                // goes to its end, also if whoever asked is gone: others are to be signed out
                let answer = tokio::spawn(async move { office.answer_owner(owner, asked).await });
                let answer = answer.await;
                Answer::Own(answer.map_err(|_panicked| Refusal::from(RefusalCode::INTERNAL))?)
            }
        })
    }

    /// Reads from the catalogue on a thread where it may take its time.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Catalogue) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let idle = self.lock().pop();
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || {
            let reader = match idle {
                Some(reader) => reader,
                None => Reader(catalogue::open(&folder)?),
            };
            let found = read(&*reader.0)?;
            Ok((reader, found))
        });
        match done.await {
            Ok(Ok((reader, found))) => {
                let mut idle = self.lock();
                if idle.len() < IDLE_READERS {
                    idle.push(reader);
                }
                Ok(found)
            }
            Ok(Err(error)) => Err(refusal_of(&error)),
            Err(error) => {
                tracing::error!(%error, "A question of an administrator failed");
                Err(RefusalCode::INTERNAL.into())
            }
        }
    }

    /// The hub's settings as they are now.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// The hub's data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells the desk.
    pub(crate) async fn tell(&self, event: Event) {
        if self.registry.send(event).await.is_err() {
            tracing::debug!("Hub is gone already");
        }
    }

    /// Makes a change of whoever it names.
    pub(crate) async fn apply(&self, change: Change) -> Result<(), CatalogueError> {
        let batch = change.at(self.clock.now().unix_millis);
        self.store.apply(batch).await
    }

    /// Removes the file of a film that was erased. What is left of it now goes at the next start.
    pub(crate) async fn remove_film(&self, session: SessionId) {
        let path = self.folder.join(films_kept::path_of(session));
        let removed = tokio::task::spawn_blocking(move || films_kept::remove(&path));
        match removed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%session, %error, "Film not removed"),
            Err(error) => tracing::error!(%session, %error, "Film not removed"),
        }
    }

    /// Makes a change in the name of `who`, with its row in the audit log.
    async fn change(&self, who: &Administrator, what: What) -> Result<(), Refusal> {
        let actor = who.actor();
        self.change_all(vec![Change { actor, what }]).await
    }

    /// Makes all these changes, or none.
    async fn change_all(&self, changes: Vec<Change>) -> Result<(), Refusal> {
        let at_unix_millis = self.clock.now().unix_millis;
        let batch = Batch {
            at_unix_millis,
            changes,
        };
        let stored = self.store.apply(batch).await;
        stored.map_err(|error| refusal_of(&error))
    }

    fn exports(&self) -> std::sync::MutexGuard<'_, reports::Exports> {
        lock(&self.exports)
    }

    fn next_bundle(&self) -> u32 {
        self.last_bundle.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// As [`Self::change`], for what decides about those who are signed in: it holds for them when this
    /// returns.
    async fn change_people(&self, who: &Administrator, what: What) -> Result<(), Refusal> {
        self.change(who, what).await?;
        self.accounts_changed().await;
        Ok(())
    }

    /// Returns when what was changed in the accounts holds for those who are signed in.
    pub(crate) async fn accounts_changed(&self) {
        let (done, was_done) = oneshot::channel();
        // a hub that goes down sends everybody away
        if self.changed.send(done).await.is_ok() {
            drop(was_done.await);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        lock(&self.readers)
    }
}

/// The area and the name of a question, without what it says.
fn kind(question: &Question) -> String {
    let shown = format!("{question:?}");
    let mut words = shown.split(|c: char| !c.is_alphanumeric());
    let (area, name) = (words.next(), words.next());
    format!("{} {}", area.unwrap_or_default(), name.unwrap_or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal_of(error: &CatalogueError) -> Refusal {
    log_store_error(error);
    error.code().into()
}
