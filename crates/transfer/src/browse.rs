//! The host's folders, as far as the user lets an operator look (S6).

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use files::browse::{self, Shown};
use protocol::browse::{BrowseAnswer, FolderAt, FolderPlace, ListingPart, MAX_FETCHED_AT_ONCE};
use protocol::files::{FileFault, FileMessage, TransferName};

use crate::landing::Happening;
use crate::orders::Orders;
use crate::transfers::Tell;

/// How long the user's no answers further questions by itself.
const NO_LASTS: Duration = Duration::from_secs(30);
/// How many folders may be listed at once: a disk that does not answer takes no more threads than this.
const MOST_AT_ONCE: usize = 4;
/// How many folders are remembered as those that something is sent into.
const MOST_REMEMBERED: usize = 64;

/// Where people begin to look on this computer.
pub type Places = Vec<(FolderPlace, PathBuf)>;

/// What the user says to an operator who wants to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Beginning at these places.
    Allow(Places),
    Refuse,
    /// They choose files to send instead.
    ChooseThemselves,
}

/// What one operator may see of this computer's folders.
#[derive(Debug, Default)]
pub(crate) struct Browsing {
    consent: State,
    /// The user has paused.
    pub(crate) is_withheld: bool,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unasked,
    Asked,
    Allowed(Places),
    /// The user said no then, in these words.
    Refused(Instant, BrowseAnswer),
}

/// What the threads that list share.
#[derive(Debug, Default)]
struct Seen {
    /// The listing that is wanted; others stop.
    wanted: AtomicU32,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    /// What entries are of.
    shown: Option<(u32, Shown)>,
    /// The folders that were listed, by their numbers.
    folders: VecDeque<(u32, PathBuf)>,
    /// How many threads list.
    at_work: usize,
    /// What the first that is done lists next: the last that was asked for.
    next: Option<Job>,
}

/// A folder to list.
#[derive(Debug)]
struct Job {
    listing: u32,
    path: PathBuf,
    orders: Arc<Orders>,
}

/// What follows from an operator's question.
pub(crate) enum Asked {
    /// Ask the user.
    User,
    /// The question stands already.
    Nothing,
    Answer(BrowseAnswer),
}

impl Browsing {
    pub(crate) fn asked(&mut self) -> Asked {
        match &self.consent {
            State::Allowed(_) => Asked::Answer(BrowseAnswer::Allowed),
            State::Asked => Asked::Nothing,
            State::Refused(at, answer) if at.elapsed() < NO_LASTS => Asked::Answer(*answer),
            State::Unasked | State::Refused(..) => {
                self.consent = State::Asked;
                Asked::User
            }
        }
    }

    /// Takes what the user says; what the operator is to hear of it.
    pub(crate) fn answer(&mut self, consent: Consent) -> Option<BrowseAnswer> {
        let was = std::mem::take(&mut self.consent);
        let answer = match (was, consent) {
            (State::Unasked | State::Refused(..), _) => return None,
            (State::Asked | State::Allowed(_), Consent::Allow(places)) => {
                self.consent = State::Allowed(places);
                return Some(BrowseAnswer::Allowed);
            }
            (State::Allowed(_), _) => BrowseAnswer::Stopped,
            (State::Asked, Consent::Refuse) => BrowseAnswer::Refused,
            (State::Asked, Consent::ChooseThemselves) => BrowseAnswer::UserChooses,
        };
        self.consent = State::Refused(Instant::now(), answer);
        self.stop();
        let mut slot = self.seen.lock();
        (slot.shown, slot.next) = (None, None);
        slot.folders.clear();
        drop(slot);
        Some(answer)
    }

    pub(crate) fn may(&self) -> bool {
        matches!(self.consent, State::Allowed(_))
    }

    /// The line is lost: nobody hears an answer, and nothing more is listed. What is allowed stays so.
    pub(crate) fn closed(&mut self) {
        if matches!(self.consent, State::Asked) {
            self.consent = State::Unasked;
        }
        self.stop();
    }

    fn stop(&self) {
        self.seen.wanted.store(0, Ordering::SeqCst);
    }

    /// Has a thread list a folder.
    pub(crate) fn list(&self, listing: u32, at: FolderAt, orders: &Arc<Orders>, tell: &Tell) {
        let failed = |fault| {
            let part = ListingPart::Failed(fault);
            orders.say_listing(FileMessage::Listing { listing, part });
        };
        let State::Allowed(places) = &self.consent else {
            return failed(FileFault::NOT_ALLOWED);
        };
        if self.is_withheld {
            return failed(FileFault::PAUSED);
        }
        // 0 is nobody's
        let Some(path) = self.path(places, at).filter(|_| listing != 0) else {
            return failed(FileFault::OUTDATED);
        };
        self.seen.wanted.store(listing, Ordering::SeqCst);
        orders.forget_listings();
        let mut job = Job {
            listing,
            path,
            orders: Arc::clone(orders),
        };
        let mut slot = self.seen.lock();
        if slot.at_work >= MOST_AT_ONCE {
            slot.next = Some(job);
            return;
        }
        slot.at_work += 1;
        drop(slot);
        let (seen, tell) = (Arc::clone(&self.seen), Arc::clone(tell));
        let thread = thread::Builder::new().name("files-look".to_owned());
        let spawned = thread.spawn(move || {
            loop {
                seen.list(&job, &tell);
                let mut slot = seen.lock();
                let Some(next) = slot.next.take() else {
                    slot.at_work -= 1;
                    return;
                };
                job = next;
            }
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "No thread for a folder");
            self.seen.lock().at_work -= 1;
        }
    }

    fn path(&self, places: &Places, at: FolderAt) -> Option<PathBuf> {
        let slot = self.seen.lock();
        let shown = |listing| slot.shown(listing);
        match at {
            FolderAt::Place(FolderPlace::Computer) => Some(browse::computer()),
            FolderAt::Place(place) => {
                let place = places.iter().find(|(known, _)| *known == place);
                // it may be a link that the user made
                place.map(|(_, path)| path.canonicalize().unwrap_or_else(|_| path.clone()))
            }
            FolderAt::Entry { listing, entry } => shown(listing)?.entry(entry),
            FolderAt::Above { listing, levels } => Some(shown(listing)?.above(levels)),
            FolderAt::Same { listing } => Some(shown(listing)?.path().to_owned()),
        }
    }

    /// The folder of a listing, if something may be put there.
    pub(crate) fn folder(&self, listing: u32) -> Option<PathBuf> {
        let slot = self.seen.lock();
        let mut folders = slot.folders.iter().rev().filter(|_| self.may());
        let folder = folders.find(|(number, _)| *number == listing);
        folder.map(|(_, path)| path.clone())
    }

    /// Where entries of the listing that is shown are.
    pub(crate) fn chosen(&self, listing: u32, entries: &[u32]) -> Vec<PathBuf> {
        if !self.may() || self.is_withheld || entries.len() > MAX_FETCHED_AT_ONCE {
            return Vec::new();
        }
        let slot = self.seen.lock();
        let Some(shown) = slot.shown(listing) else {
            return Vec::new();
        };
        let mut known = BTreeSet::new();
        let entries = entries.iter().filter(|entry| known.insert(**entry));
        entries.filter_map(|entry| shown.entry(*entry)).collect()
    }
}

impl Seen {
    fn list(&self, job: &Job, tell: &Tell) {
        let listing = job.listing;
        let is_wanted = || self.wanted.load(Ordering::SeqCst) == listing;
        let say = |part| {
            let said = FileMessage::Listing { listing, part };
            job.orders.say_listing_when_there_is_room(said, is_wanted)
        };
        let (shown, mut lister) = match browse::begin(job.path.clone()) {
            Ok(begun) => begun,
            Err(fault) => {
                say(ListingPart::Failed(fault));
                return;
            }
        };
        let path = shown.path().to_owned();
        let begun = ListingPart::Begun {
            path: shown.parts(),
        };
        if !self.shows(listing, shown) {
            return;
        }
        let mut goes_on = say(begun);
        let mut entries = 0;
        while goes_on {
            let (names, some) = lister.some();
            if some.is_empty() {
                let is_cut = lister.is_cut();
                say(ListingPart::Whole { is_cut });
                break;
            }
            let Some(count) = self.adds(listing, names) else {
                break;
            };
            entries = count;
            goes_on = say(ListingPart::Entries(some));
        }
        let name = path.file_name().unwrap_or(path.as_os_str());
        tell(Happening::Shown {
            name: TransferName::cut(name.to_string_lossy()),
            entries,
        });
    }

    /// Entries are of this folder from now on; whether it is still wanted.
    fn shows(&self, listing: u32, shown: Shown) -> bool {
        let mut slot = self.lock();
        if self.wanted.load(Ordering::SeqCst) != listing {
            return false;
        }
        let path = shown.path().to_owned();
        slot.folders.push_back((listing, path));
        if slot.folders.len() > MOST_REMEMBERED {
            slot.folders.pop_front();
        }
        slot.shown = Some((listing, shown));
        true
    }

    /// How many entries of it there are now, if it is still the one.
    fn adds(&self, listing: u32, names: Vec<OsString>) -> Option<u32> {
        let mut slot = self.lock();
        let (_, shown) = slot
            .shown
            .as_mut()
            .filter(|(number, _)| *number == listing)?;
        shown.add(names);
        Some(shown.count())
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn shown(&self, listing: u32) -> Option<&Shown> {
        let shown = self.shown.as_ref().filter(|(number, _)| *number == listing);
        shown.map(|(_, shown)| shown)
    }
}

impl Drop for Browsing {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use protocol::browse::{
        ListedEntry, ListedKind, MAX_ENTRIES_AT_ONCE, MAX_LISTED_ENTRIES, MAX_LISTED_PARTS,
    };
    use protocol::files::FilesWord;

    use super::*;
    use crate::transfers::{Step, Transfers};

    fn transfers(is_host: bool) -> Transfers {
        Transfers::new(is_host, true, Arc::new(|_| {}))
    }

    fn entries(count: usize) -> ListingPart {
        let entry = ListedEntry {
            name: "a".into(),
            kind: ListedKind::File,
            bytes: 1,
            modified_unix_millis: 0,
        };
        ListingPart::Entries(vec![entry; count])
    }

    #[test]
    fn s6_a_hostile_host_tells_no_more_than_there_can_be() {
        let mut console = transfers(false);
        console.list(3, FolderAt::Place(FolderPlace::Home));
        let mut told = |listing, part| console.happened(Happening::Listing { listing, part });
        // of another folder
        assert!(told(2, entries(1)).is_empty());
        assert!(told(4, entries(1)).is_empty());
        let is_forged = |steps: Vec<Step>| matches!(&*steps, [Step::Forged]);
        assert!(is_forged(told(3, entries(MAX_ENTRIES_AT_ONCE + 1))));
        let path = vec!["a".into(); MAX_LISTED_PARTS + 1];
        assert!(is_forged(told(3, ListingPart::Begun { path })));
        let most = usize::try_from(MAX_LISTED_ENTRIES).expect("fits") / MAX_ENTRIES_AT_ONCE;
        let mut passed = 0;
        while !is_forged(told(3, entries(MAX_ENTRIES_AT_ONCE))) {
            passed += 1;
            assert!(passed <= most, "endless");
        }
        assert!(passed + 1 >= most, "{passed}");
    }

    #[test]
    fn h5_only_the_user_of_a_host_that_was_asked_allows_a_look() {
        let mut host = transfers(true);
        let allow = || Consent::Allow(Places::new());
        assert!(host.answer_browse(allow()).is_empty(), "nobody asked");
        assert!(!host.may_browse());
        let asked = host.heard(FilesWord::AskToBrowse);
        assert!(matches!(&*asked, [Step::AskUser]), "{asked:?}");
        // once
        assert!(host.heard(FilesWord::AskToBrowse).is_empty());
        // an operator's own yes is none
        let allowed = FilesWord::Browse(BrowseAnswer::Allowed);
        assert!(host.heard(allowed).is_empty());
        assert!(!host.may_browse());
        host.answer_browse(allow());
        assert!(host.may_browse());
        host.withdraw();
        assert!(!host.may_browse(), "with the right to files it is gone");
        // a console asks nobody
        let mut console = transfers(false);
        assert!(console.heard(FilesWord::AskToBrowse).is_empty());
    }
}
