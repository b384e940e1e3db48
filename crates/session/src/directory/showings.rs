//! An operator asks to see a colleague's screen (O10): the exchange over the word that both type, which
//! the hub only carries, and the place that the colleague's console has then.
//!
//! The same word gives the colleague's console a place as a host, and to it everything goes that goes to a
//! host with a ticket: greeting, question, session, coming back. The place goes with the colleague's own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use protocol::control::Name;
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{EndedBy, Hindrances, HubToOperator, PeerId, Refusal, RefusalCode, ShowingPart};

use super::knocks::new_place;
use super::records::{AccountId, Actor, Change, What};
use super::resume::hash;
use super::{
    AcceptedHost, Directory, Effect, Fault, FilmedLines, HostPeer, HostStage, Moment, OutOfPlace,
    Owner,
};
use crate::authority::{Action, Denied, Object, may};
use crate::throttle::{Backoff, throttled};

/// How long both have to type the word.
const WORDS: Duration = Duration::from_mins(1);
/// How long the console that shows may take to come to its place.
const ARRIVAL: Duration = Duration::from_secs(20);
/// Questions of one operator that came to nothing and cost no wait; then the first wait and the longest.
const FREE: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// What is under way. No operator takes part in two.
pub(super) struct Showings {
    under_way: BTreeMap<u64, Showing>,
    last: u64,
    failed: Backoff<AccountId>,
}

struct Showing {
    asks: PeerId,
    account: AccountId,
    shows: PeerId,
    control: bool,
    stage: Stage,
    /// Fresh with the question, and with the last part: a place and its secret.
    random: [u8; 32],
    /// In time since the hub started.
    deadline: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for the half of who shows, and with it for that one's word.
    Word,
    /// Waits for the half of who asks.
    Half,
    /// Waits for the proof of who shows.
    Halves,
    /// Waits for the proof of who asks; from here on a guess can be checked.
    Proof,
    /// Waits for the judgement of who shows.
    Judgement,
    /// The words were the same; the console that shows is on its way to this place.
    Coming(PeerId),
}

/// What a place is that an operator's console has beside its own, to show its screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) by: PeerId,
    /// The console has come to it.
    pub(super) arrived: bool,
}

impl Default for Showings {
    fn default() -> Self {
        Self {
            under_way: BTreeMap::new(),
            last: 0,
            failed: Backoff::new(FREE, FIRST_WAIT, LONGEST_WAIT),
        }
    }
}

impl Showings {
    fn which(&self, which: impl Fn(&Showing) -> bool) -> Vec<u64> {
        let found = self.under_way.iter().filter(|(_, showing)| which(showing));
        found.map(|(number, _)| *number).collect()
    }
}

impl Showing {
    fn has(&self, operator: PeerId) -> bool {
        self.asks == operator || self.shows == operator
    }
}

impl Directory {
    /// `id` asks to see the screen of `operator`. `random` must be fresh.
    pub(super) fn ask_to_see(
        &mut self,
        id: PeerId,
        operator: PeerId,
        control: bool,
        random: [u8; 32],
        now: Moment,
    ) -> Result<(), Fault> {
        let who = self.operators.get(&id).ok_or(OutOfPlace)?.who.clone();
        if let Err(refusal) = self.may_ask_to_see(id, operator, now) {
            let refused = HubToOperator::ShowingRefused {
                showing: 0,
                operator,
                refusal,
            };
            self.tell_operator(id, refused);
            return Ok(());
        }
        // in vain until the words are known to be the same
        self.showings.failed.failed(who.account, now.since_start);
        self.showings.last += 1;
        let showing = self.showings.last;
        self.showings.under_way.insert(
            showing,
            Showing {
                asks: id,
                account: who.account,
                shows: operator,
                control,
                stage: Stage::Word,
                random,
                deadline: now.since_start + WORDS,
            },
        );
        let seconds = u32::try_from(WORDS.as_secs()).unwrap_or(u32::MAX);
        let begun = HubToOperator::ShowingBegun {
            showing,
            operator,
            seconds,
        };
        self.tell_operator(id, begun);
        let asked = HubToOperator::ShowingAsked {
            showing,
            operator: id,
            name: who.display_name,
            control,
            seconds,
        };
        self.tell_operator(operator, asked);
        Ok(())
    }

    fn may_ask_to_see(&mut self, id: PeerId, operator: PeerId, now: Moment) -> Result<(), Refusal> {
        let away = Refusal::new(RefusalCode::COLLEAGUE_AWAY);
        let account = self.account_of(id).map_err(|_unknown| away)?;
        let colleague = self.operators.get(&operator).ok_or(away)?;
        let (owner, is_away) = (colleague.who.account, colleague.away.is_some());
        let row = Object::Entry {
            owner,
            shares_group: self.shares_group(account, owner),
        };
        let action = Action::AskToSee;
        if let Err(denied) = may(self.standing(account), action, row) {
            self.note_denied(id, action, denied);
            // whoever may not see them learns nothing of them
            let code = match denied {
                Denied::OtherGroup => RefusalCode::COLLEAGUE_AWAY,
                Denied::Disabled
                | Denied::NotTheirs
                | Denied::Finished
                | Denied::NotPermitted
                | Denied::NoSense => RefusalCode::NOT_ALLOWED,
            };
            return Err(code.into());
        }
        if is_away {
            return Err(away);
        }
        let mut under_way = self.showings.under_way.values();
        let theirs = |s: &Showing| s.asks == operator && s.shows == id;
        if under_way.any(theirs) {
            return Err(RefusalCode::COLLEAGUE_ASKS.into());
        }
        let busy = |showing: &Showing| showing.has(id) || showing.has(operator);
        if !self.showings.which(busy).is_empty() {
            return Err(RefusalCode::COLLEAGUE_BUSY.into());
        }
        if let Some(wait) = self.showings.failed.wait(&account, now.since_start) {
            return Err(throttled(wait));
        }
        Ok(())
    }

    /// A part of the exchange, which goes to the other console. `random` must be fresh.
    pub(super) fn showing_part(
        &mut self,
        id: PeerId,
        showing: u64,
        part: ShowingPart,
        random: [u8; 32],
        now: Moment,
    ) -> Result<(), Fault> {
        let fits = |bytes: &Bytes| bytes.len() <= MAX_EXCHANGE_BYTES;
        if let ShowingPart::Half(bytes) | ShowingPart::Proof(bytes) = &part
            && !fits(bytes)
        {
            return Err(OutOfPlace);
        }
        let Some(found) = self.showing_of(id, showing)? else {
            return Ok(());
        };
        let shows = found.shows == id;
        let next = match (&part, found.stage, shows) {
            (ShowingPart::Half(_), Stage::Word, true) => Stage::Half,
            (ShowingPart::Half(_), Stage::Half, false) => Stage::Halves,
            (ShowingPart::Proof(_), Stage::Halves, true) => Stage::Proof,
            (ShowingPart::Proof(_), Stage::Proof, false) => Stage::Judgement,
            (ShowingPart::Right { .. }, Stage::Judgement, true) => {
                if let ShowingPart::Right { computer, system } = part {
                    self.admit_showing(showing, (computer, system), random, now);
                }
                return Ok(());
            }
            _ => return Err(OutOfPlace),
        };
        found.stage = next;
        let other = if shows { found.asks } else { found.shows };
        self.tell_operator(other, HubToOperator::ShowingPart { showing, part });
        Ok(())
    }

    /// The showing that an operator speaks of: `None` if it is over, an error if it never was theirs.
    fn showing_of(&mut self, id: PeerId, showing: u64) -> Result<Option<&mut Showing>, Fault> {
        let was_once = showing <= self.showings.last;
        match self.showings.under_way.get_mut(&showing) {
            Some(found) if found.has(id) => Ok(Some(found)),
            None if was_once => Ok(None),
            Some(_) | None => Err(OutOfPlace),
        }
    }

    /// The words are the same: the colleague's console has a place where `asks` may ask.
    fn admit_showing(
        &mut self,
        showing: u64,
        (computer, system): (Name, Name),
        secret: [u8; 32],
        now: Moment,
    ) {
        let Some(found) = self.showings.under_way.get_mut(&showing) else {
            return;
        };
        let place = new_place(&found.random);
        found.stage = Stage::Coming(place);
        found.deadline = now.since_start + ARRIVAL;
        let (account, shows, asks, control) =
            (found.account, found.shows, found.asks, found.control);
        self.showings.failed.succeeded(&account);
        let Some(user) = self
            .operators
            .get(&shows)
            .map(|o| o.who.display_name.clone())
        else {
            return;
        };
        let colleague = user.to_string();
        self.note_showing(asks, What::ScreenShown { colleague, control });
        let admission = self.admission(place, secret);
        let accepted = AcceptedHost {
            owners: vec![Owner::new((account, None))],
            computer,
            user,
            system,
            since_unix_seconds: now.unix_seconds(),
            secret: hash(&admission.secret),
            away: Some(now.since_start + ARRIVAL),
            trying: None,
            session: None,
            filmed: FilmedLines::default(),
            hindrances: Hindrances::NONE,
            opened: None,
            shown: Some(Shown {
                by: shows,
                arrived: false,
            }),
        };
        let peer = HostPeer {
            stage: HostStage::Accepted(Box::new(accepted)),
            past: Default::default(),
            late_proof: false,
        };
        self.hosts.insert(place, peer);
        self.store_place(place);
        self.tell_operator(shows, HubToOperator::ShowingAdmitted { showing, admission });
    }

    /// A console has come to the place where it shows its screen.
    pub(super) fn shown_place_arrived(&mut self, place: PeerId) {
        let shown = self
            .accepted_mut(place)
            .and_then(|host| host.shown.as_mut());
        let Some(shown) = shown.filter(|shown| !shown.arrived) else {
            return;
        };
        shown.arrived = true;
        let coming = |showing: &Showing| showing.stage == Stage::Coming(place);
        for showing in self.showings.which(coming) {
            if let Some(found) = self.showings.under_way.remove(&showing) {
                self.tell_operator(found.asks, HubToOperator::ShowingOpened { showing, place });
            }
        }
    }

    /// An operator says no, takes the question back, or finds that the words differ.
    pub(super) fn leave_showing(&mut self, id: PeerId, showing: u64) -> Result<(), Fault> {
        let Some(found) = self.showing_of(id, showing)? else {
            return Ok(());
        };
        let shows = found.shows == id;
        let (code, reason) = match found.stage {
            Stage::Proof | Stage::Judgement => (RefusalCode::WORDS_DIFFER, "other words"),
            Stage::Word | Stage::Half | Stage::Halves | Stage::Coming(_) if shows => {
                (RefusalCode::COLLEAGUE_REFUSED, "refused")
            }
            Stage::Word | Stage::Half | Stage::Halves | Stage::Coming(_) => {
                (RefusalCode::COLLEAGUE_REFUSED, "taken back")
            }
        };
        self.showing_failed(showing, Some(id), code, reason);
        Ok(())
    }

    /// Nobody comes to `place` any more.
    pub(super) fn forget_showings_for(&mut self, place: PeerId) {
        for showing in self.showings.which(|s| s.stage == Stage::Coming(place)) {
            let code = RefusalCode::COLLEAGUE_AWAY;
            self.showing_failed(showing, None, code, "the console did not come");
        }
    }

    /// The operator is out of reach.
    pub(super) fn forget_showings_of(&mut self, operator: PeerId) {
        for showing in self.showings.which(|showing| showing.has(operator)) {
            let code = RefusalCode::COLLEAGUE_AWAY;
            self.showing_failed(showing, Some(operator), code, "a console is gone");
        }
    }

    /// The operator's place is given up, and with it those where their screen was shown.
    pub(super) fn close_screens_of(&mut self, operator: PeerId, now: Moment) {
        let shown = |id: &PeerId| {
            let shown = self.accepted(*id).and_then(|host| host.shown);
            shown.is_some_and(|shown| shown.by == operator)
        };
        let places: Vec<PeerId> = self.hosts.keys().copied().filter(shown).collect();
        for place in places {
            self.close_place(place, EndedBy::User, RefusalCode::CANNOT_RESUME, now);
        }
    }

    pub(super) fn time_out_showings(&mut self, now: Moment) {
        let late = |showing: &Showing| showing.deadline <= now.since_start;
        for showing in self.showings.which(late) {
            let code = RefusalCode::WORD_LATE;
            self.showing_failed(showing, None, code, "no word in time");
        }
    }

    /// Tells both but `except` that nothing is shown.
    fn showing_failed(
        &mut self,
        showing: u64,
        except: Option<PeerId>,
        code: RefusalCode,
        reason: &'static str,
    ) {
        let Some(found) = self.showings.under_way.remove(&showing) else {
            return;
        };
        let Showing {
            asks,
            shows,
            control,
            ..
        } = found;
        let colleague = self.operators.get(&shows);
        let colleague = colleague.map_or_else(String::new, |o| o.who.display_name.to_string());
        self.note_showing(
            asks,
            What::ScreenNotShown {
                colleague,
                control,
                reason,
            },
        );
        for (to, operator) in [(asks, shows), (shows, asks)] {
            if except != Some(to) {
                let refused = HubToOperator::ShowingRefused {
                    showing,
                    operator,
                    refusal: code.into(),
                };
                self.tell_operator(to, refused);
            }
        }
    }

    fn note_showing(&mut self, asks: PeerId, what: What) {
        let who = self.operators.get(&asks).map(|o| o.who.login.clone());
        let actor = who.map_or(Actor::Hub, Actor::Account);
        self.effects.push(Effect::Record(Change { actor, what }));
    }
}
