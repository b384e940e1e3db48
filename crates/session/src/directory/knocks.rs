//! An operator opens a permanent host with its access password (U3): the exchange, which the hub only
//! carries, and the place that the host has then.
//!
//! A right password gives the host a place of its own, beside the connection that is always there, and to
//! it everything goes that goes to a host with a ticket: greeting, question, session, coming back. In the
//! operator's list the place stands in the host's stead until the host leaves it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use protocol::control::KnockReason;
use protocol::limits::MAX_KNOCK_BYTES;
use protocol::{
    EndedBy, Hindrances, HostId, HostToHub, HubToHost, HubToOperator, KnockAnswer, PeerId, Refusal,
    RefusalCode, ResumeSecret,
};
use sha2::{Digest as _, Sha256};

use super::records::{AccountId, Actor, Change, What};
use super::resume::hash;
use super::{
    AcceptedHost, Directory, Effect, Fault, FilmedLines, HostPeer, HostStage, HostStanding, Moment,
    OutOfPlace, Owner,
};
use crate::authority::{Action, Denied, Object, may};
use crate::throttle::{Backoff, Window, throttled};

/// How long the exchange may take; a console stretches a key meanwhile.
const EXCHANGE: Duration = Duration::from_secs(30);
/// How long the host may take to come to its place.
const ARRIVAL: Duration = Duration::from_secs(20);
/// Exchanges of one operator that may be under way.
const KNOCKS_PER_OPERATOR: usize = 4;

/// Wrong passwords of one operator that cost no wait; then the first wait and the longest. A host counts
/// more strictly, for itself.
const FREE: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// Rows of the audit log that one operator causes in a minute without a try.
const REFUSED_ROWS: u32 = 20;

/// The exchanges that are under way.
pub(super) struct Knocks {
    under_way: BTreeMap<u64, Knock>,
    last: u64,
    wrong: Backoff<AccountId>,
    /// Rows of the audit log of hosts that were not opened though nothing was tried.
    refused: Window<AccountId>,
}

struct Knock {
    /// The row that the operator knows the host by: its own, or that of its place.
    row: PeerId,
    /// The host's connection that is always there.
    host: PeerId,
    operator: PeerId,
    account: AccountId,
    stage: Stage,
    /// Why, as the operator says.
    reason: KnockReason,
    /// Fresh with the knock, and with the proof: a place and its secret.
    random: [u8; 32],
    secret: [u8; 32],
    /// In time since the hub started.
    deadline: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for the host's answer.
    Answer,
    /// Waits for the console's proof.
    Proof,
    /// Waits for the host's judgement.
    Judgement,
    /// The password was right; the host is on its way to this place.
    Coming(PeerId),
}

/// What a place is that a permanent host has beside its connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub(super) host: HostId,
    /// The host has come to it.
    pub(super) arrived: bool,
}

impl Default for Knocks {
    fn default() -> Self {
        Self {
            under_way: BTreeMap::new(),
            last: 0,
            wrong: Backoff::new(FREE, FIRST_WAIT, LONGEST_WAIT),
            refused: Window::new(REFUSED_ROWS, Duration::from_mins(1)),
        }
    }
}

impl Knocks {
    fn which(&self, which: impl Fn(&Knock) -> bool) -> Vec<u64> {
        let found = self.under_way.iter().filter(|(_, knock)| which(knock));
        found.map(|(number, _)| *number).collect()
    }
}

impl Directory {
    /// An operator knocks. `random` must be fresh.
    pub(super) fn knock(
        &mut self,
        id: PeerId,
        host: PeerId,
        (exchange, reason): (Bytes, KnockReason),
        random: [u8; 32],
        now: Moment,
    ) -> Result<(), Fault> {
        if exchange.len() > MAX_KNOCK_BYTES {
            return Err(OutOfPlace);
        }
        let who = self.operators.get(&id).ok_or(OutOfPlace)?.who.clone();
        let row = host;
        self.give_knocks_up(|knock| knock.operator == id && knock.row == row);
        // a console that was started anew has the row of a place, and no key for it
        let opened = self.accepted(row).and_then(|place| place.opened);
        let host = opened.and_then(|opened| self.permanent.peer_of(opened.host));
        let host = host.unwrap_or(row);
        if let Err(refusal) = self.may_knock(id, host, now) {
            let host = row;
            self.tell_operator(id, HubToOperator::KnockRefused { host, refusal });
            return Ok(());
        }
        // wrong until it is known to be right
        self.knocks.wrong.failed(who.account, now.since_start);
        self.knocks.last += 1;
        let knock = self.knocks.last;
        self.knocks.under_way.insert(
            knock,
            Knock {
                row,
                host,
                operator: id,
                account: who.account,
                stage: Stage::Answer,
                reason,
                random,
                secret: [0; 32],
                deadline: now.since_start + EXCHANGE,
            },
        );
        let knocked = HubToHost::Knocked {
            knock,
            account: who.account,
            operator: who.display_name,
            exchange,
        };
        self.tell_host(host, knocked);
        Ok(())
    }

    fn may_knock(&mut self, id: PeerId, host: PeerId, now: Moment) -> Result<(), Refusal> {
        let gone = Refusal::new(RefusalCode::HOST_GONE);
        let account = self.account_of(id).map_err(|_unknown| gone)?;
        let row = self.permanent_object(host, account).ok_or(gone)?;
        let action = Action::OpenHost;
        match may(self.standing(account), action, row) {
            Ok(()) => {}
            // whoever may not see it learns nothing of it
            Err(denied) => {
                self.note_denied(id, action, denied);
                let is_seen = denied == Denied::NotPermitted
                    && matches!(row, Object::PermanentHost { shares_group: true });
                let code = if is_seen {
                    RefusalCode::NOT_ALLOWED
                } else {
                    RefusalCode::HOST_GONE
                };
                return Err(code.into());
            }
        }
        if self.permanent.shuts_out(host, account) {
            self.note_refused(id, host, "not chosen to open it", now);
            return Err(RefusalCode::NOT_CHOSEN.into());
        }
        if !self.permanent.may_be_opened(host) {
            return Err(RefusalCode::VERSION_MISMATCH.into());
        }
        if let Some(wait) = self.knocks.wrong.wait(&account, now.since_start) {
            return Err(throttled(wait));
        }
        if self.knocks.which(|knock| knock.operator == id).len() >= KNOCKS_PER_OPERATOR {
            return Err(RefusalCode::FULL.into());
        }
        Ok(())
    }

    /// The hub's settings keep operator `id` from opening the host at `row`, for this `reason`.
    pub fn refuse_knock(
        &mut self,
        id: PeerId,
        row: PeerId,
        refusal: Refusal,
        reason: &'static str,
        now: Moment,
    ) {
        let opened = self.accepted(row).and_then(|place| place.opened);
        let host = opened.and_then(|opened| self.permanent.peer_of(opened.host));
        let host = host.unwrap_or(row);
        let allowed = self.may_knock(id, host, now);
        if allowed.is_ok() {
            self.note_refused(id, host, reason, now);
        }
        // whoever may not open it anyway is told that
        let refusal = allowed.err().unwrap_or(refusal);
        self.tell_operator(id, HubToOperator::KnockRefused { host: row, refusal });
    }

    /// Notes that a host was not opened though nothing was tried.
    fn note_refused(&mut self, id: PeerId, host: PeerId, reason: &'static str, now: Moment) {
        if let Some((host, name, _)) = self.permanent.introduction(host) {
            let name = name.to_string();
            self.note_in_vain(id, What::HostNotOpened { host, name, reason }, now);
        }
    }

    /// Notes what an operator wanted of a permanent host in vain: each gets so many rows.
    pub(super) fn note_in_vain(&mut self, id: PeerId, what: What, now: Moment) {
        let Ok(account) = self.account_of(id) else {
            return;
        };
        let refused = &mut self.knocks.refused;
        if refused.wait(&account, now.since_start).is_none() {
            refused.count(account, now.since_start);
            self.note_knock(id, what);
        }
    }

    /// The console's proof; `None` if it gives up.
    pub(super) fn prove_knock(
        &mut self,
        id: PeerId,
        host: PeerId,
        proof: Option<Bytes>,
        random: [u8; 32],
    ) -> Result<(), Fault> {
        if proof
            .as_ref()
            .is_some_and(|proof| proof.len() > MAX_KNOCK_BYTES)
        {
            return Err(OutOfPlace);
        }
        let mut knocks = self.knocks.under_way.iter_mut();
        let row = host;
        let found = knocks.find(|(_, knock)| (knock.operator, knock.row) == (id, row));
        let Some((number, found)) = found else {
            return Ok(()); // over meanwhile, as its console is told
        };
        let knock = *number;
        if proof.is_none() {
            self.give_knocks_up(|knock| (knock.operator, knock.row) == (id, row));
            return Ok(());
        }
        if found.stage != Stage::Proof {
            return Err(OutOfPlace);
        }
        found.stage = Stage::Judgement;
        found.secret = random;
        let host = found.host;
        self.tell_host(host, HubToHost::KnockProved { knock, proof });
        Ok(())
    }

    /// A permanent host said something.
    pub(super) fn permanent_host_said(
        &mut self,
        id: PeerId,
        message: HostToHub,
        now: Moment,
    ) -> Result<(), Fault> {
        match message {
            HostToHub::LeavePlace => {
                self.leave_place_of(id, now);
                Ok(())
            }
            HostToHub::AnswerKnock { knock, answer } => self.answer_knock(id, knock, answer),
            HostToHub::JudgeKnock { knock, right } => self.judge_knock(id, knock, right, now),
            HostToHub::Leave => Ok(()),
            HostToHub::OpenTicket { .. }
            | HostToHub::ConfirmTicket { .. }
            | HostToHub::Resume { .. }
            | HostToHub::Greet { .. }
            | HostToHub::Say { .. }
            | HostToHub::EndSession { .. }
            | HostToHub::EndForged { .. }
            | HostToHub::SendAway { .. }
            | HostToHub::SendForgedAway { .. }
            | HostToHub::Enrol { .. }
            | HostToHub::ComeIn { .. }
            | HostToHub::SeekUpdates
            | HostToHub::Feedback { .. } => Err(OutOfPlace),
            HostToHub::Lans { lans } => self.lans_are(id, lans, now),
            HostToHub::Woke { wake, sent } => self.woke(id, wake, sent),
        }
    }

    fn answer_knock(&mut self, id: PeerId, knock: u64, answer: KnockAnswer) -> Result<(), Fault> {
        let Some(found) = self.knock_of_host(id, knock, Stage::Answer)? else {
            return Ok(());
        };
        let (operator, host) = (found.operator, found.row);
        match answer {
            KnockAnswer::Exchange(exchange) => {
                if exchange.len() > MAX_KNOCK_BYTES {
                    return Err(OutOfPlace);
                }
                found.stage = Stage::Proof;
                self.tell_operator(operator, HubToOperator::KnockAnswered { host, exchange });
            }
            KnockAnswer::Refused(refusal) => {
                let reason = match refusal.code {
                    RefusalCode::THROTTLED => "too many tries at the host",
                    RefusalCode::HOST_PASSWORD_MISSING => "it has no password",
                    _ => "refused by the host",
                };
                self.knock_failed(knock, Some(refusal), reason);
            }
        }
        Ok(())
    }

    fn judge_knock(
        &mut self,
        id: PeerId,
        knock: u64,
        right: bool,
        now: Moment,
    ) -> Result<(), Fault> {
        if self.knock_of_host(id, knock, Stage::Judgement)?.is_none() {
            return Ok(());
        }
        if right {
            self.admit_knocker(knock, now);
        } else {
            let wrong = RefusalCode::HOST_PASSWORD_WRONG.into();
            self.knock_failed(knock, Some(wrong), WRONG_PASSWORD);
        }
        Ok(())
    }

    /// The knock that a host speaks of: `None` if it is over, an error if it never was the host's, or has
    /// another stage.
    fn knock_of_host(
        &mut self,
        id: PeerId,
        knock: u64,
        stage: Stage,
    ) -> Result<Option<&mut Knock>, Fault> {
        let was_once = knock <= self.knocks.last;
        match self.knocks.under_way.get_mut(&knock) {
            Some(found) if found.host == id && found.stage == stage => Ok(Some(found)),
            None if was_once => Ok(None),
            Some(_) | None => Err(OutOfPlace),
        }
    }

    /// The password was right: the host has a place where this operator may ask.
    fn admit_knocker(&mut self, knock: u64, now: Moment) {
        let Some(found) = self.knocks.under_way.get(&knock) else {
            return;
        };
        let (host, operator, account) = (found.host, found.operator, found.account);
        let (random, secret) = (found.random, found.secret);
        let said = found.reason.to_string();
        let Some((host_id, name, system)) = self.permanent.introduction(host) else {
            return;
        };
        self.knocks.wrong.forgive(&account);
        self.note_knock(
            operator,
            What::HostOpened {
                host: host_id,
                name: name.to_string(),
                said,
            },
        );
        let known = self.place_of(host_id);
        let place = known.unwrap_or_else(|| new_place(&random));
        let mut admission = self.admission(place, secret);
        if known.is_some() {
            admission.secret = ResumeSecret([0; 32]);
            if let Some(accepted) = self.accepted_mut(place)
                && accepted.owner(account).is_none()
            {
                accepted.owners.push(Owner::new((account, None)));
            }
        } else {
            let accepted = AcceptedHost {
                owners: vec![Owner::new((account, None))],
                computer: name,
                user: Default::default(),
                system,
                since_unix_seconds: now.unix_seconds(),
                secret: hash(&admission.secret),
                away: Some(now.since_start + ARRIVAL),
                trying: None,
                session: None,
                filmed: FilmedLines::default(),
                hindrances: Hindrances::NONE,
                opened: Some(Opened {
                    host: host_id,
                    arrived: false,
                }),
                shown: None,
            };
            let peer = HostPeer {
                stage: HostStage::Accepted(Box::new(accepted)),
                past: Default::default(),
                late_proof: false,
            };
            self.hosts.insert(place, peer);
        }
        self.store_place(place);
        if let Some(found) = self.knocks.under_way.get_mut(&knock) {
            found.stage = Stage::Coming(place);
            found.deadline = now.since_start + ARRIVAL;
        }
        self.tell_host(host, HubToHost::KnockAdmitted { knock, admission });
        let opened = self.accepted(place).and_then(|host| host.opened);
        if opened.is_some_and(|opened| opened.arrived) {
            self.place_is_open(place);
            self.announce(place, None);
        }
    }

    pub(super) fn store_place(&mut self, place: PeerId) {
        let Some(accepted) = self.accepted(place) else {
            return;
        };
        let stored = accepted.stored(place);
        let actor = Actor::Host(accepted.computer.to_string());
        let what = What::HostAdmitted(stored);
        self.effects.push(Effect::Record(Change { actor, what }));
    }

    /// A host has come to the place that it was given with a right password.
    pub(super) fn place_arrived(&mut self, place: PeerId) {
        let Some(opened) = self
            .accepted_mut(place)
            .and_then(|host| host.opened.as_mut())
        else {
            return;
        };
        if !std::mem::replace(&mut opened.arrived, true) {
            self.place_is_open(place);
        }
    }

    /// Tells those who wait for the place; for them it stands where the host stood.
    fn place_is_open(&mut self, place: PeerId) {
        for number in self
            .knocks
            .which(|knock| knock.stage == Stage::Coming(place))
        {
            let Some(knock) = self.knocks.under_way.remove(&number) else {
                continue;
            };
            let (host, operator) = (knock.row, knock.operator);
            self.tell_operator(operator, HubToOperator::KnockOpened { host, place });
            if host != place {
                self.tell_operator(operator, HubToOperator::EntryGone { id: host });
            }
        }
    }

    /// The place that the permanent host has beside its connection.
    pub(super) fn place_of(&self, host: HostId) -> Option<PeerId> {
        let mut places = self.hosts.iter();
        let found = places.find(|(_, peer)| match &peer.stage {
            HostStage::Accepted(accepted) => {
                accepted.opened.is_some_and(|opened| opened.host == host)
            }
            HostStage::Idle | HostStage::Trying(_) => false,
        });
        found.map(|(id, _)| *id)
    }

    /// The host at `id` does not come back to its place.
    pub(super) fn leave_place_of(&mut self, id: PeerId, now: Moment) {
        let host = self.permanent.introduction(id).map(|(host, ..)| host);
        if let Some(place) = host.and_then(|host| self.place_of(host)) {
            self.close_place(place, EndedBy::HostLost, RefusalCode::CANNOT_RESUME, now);
        }
    }

    pub(super) fn close_place(
        &mut self,
        place: PeerId,
        by: EndedBy,
        code: RefusalCode,
        now: Moment,
    ) {
        let is_here = self.accepted(place).is_some_and(|host| host.away.is_none());
        self.forget_host(place, by, now);
        if is_here {
            self.effects.push(Effect::Dismiss(place, code.into()));
        }
    }

    /// Who may open permanent hosts is so from now on: who may not any more is sent away from those that
    /// are open.
    pub(super) fn check_places(&mut self, hosts: &BTreeMap<HostId, HostStanding>, now: Moment) {
        let places: Vec<(PeerId, HostId)> = self
            .hosts
            .keys()
            .filter_map(|id| Some((*id, self.accepted(*id)?.opened?.host)))
            .collect();
        for (place, host) in places {
            let standing = hosts.get(&host).filter(|standing| !standing.disabled);
            let may_stay = |account: AccountId| {
                let groups = self.memberships.get(&account).map(|m| &m.groups);
                let shares_group = standing
                    .zip(groups)
                    .is_some_and(|(s, groups)| !groups.is_disjoint(&s.seen_by));
                let row = Object::PermanentHost { shares_group };
                let shut_out = standing.is_some_and(|standing| standing.shuts_out(account));
                !shut_out && may(self.standing(account), Action::OpenHost, row).is_ok()
            };
            let Some(accepted) = self.accepted(place) else {
                continue;
            };
            let owners = accepted.owners.iter().map(|owner| owner.account);
            let (stay, gone): (Vec<AccountId>, Vec<AccountId>) =
                owners.partition(|account| may_stay(*account));
            let session = accepted.session;
            let by = EndedBy::Administrator;
            if stay.is_empty() {
                self.close_place(place, by, RefusalCode::DISCONNECTED_BY_ADMINISTRATOR, now);
                continue;
            }
            for account in &gone {
                if let (Some(session), Some(operator)) = (session, self.operator_of(*account)) {
                    self.leave_session(session, operator, by, now);
                }
                if let Some(operator) = self.present_operator_of(*account) {
                    self.tell_operator(operator, HubToOperator::EntryGone { id: place });
                }
            }
            if !gone.is_empty() {
                if let Some(accepted) = self.accepted_mut(place) {
                    accepted
                        .owners
                        .retain(|owner| stay.contains(&owner.account));
                }
                self.store_place(place);
            }
        }
    }

    /// A permanent host is not connected any more.
    pub(super) fn forget_knocks_at(&mut self, host: PeerId) {
        let at_host =
            |knock: &Knock| knock.host == host && !matches!(knock.stage, Stage::Coming(_));
        for number in self.knocks.which(at_host) {
            let gone = RefusalCode::HOST_GONE.into();
            self.knock_failed(number, Some(gone), "the host is gone");
        }
    }

    /// Nobody comes to `place` any more.
    pub(super) fn forget_knocks_for(&mut self, place: PeerId) {
        for number in self
            .knocks
            .which(|knock| knock.stage == Stage::Coming(place))
        {
            let gone = RefusalCode::HOST_GONE.into();
            self.knock_failed(number, Some(gone), "the host did not come");
        }
    }

    /// The operator is out of reach.
    pub(super) fn forget_knocks_of(&mut self, operator: PeerId) {
        self.give_knocks_up(|knock| knock.operator == operator);
    }

    pub(super) fn time_out_knocks(&mut self, now: Moment) {
        for number in self.knocks.which(|knock| knock.deadline <= now.since_start) {
            if let Some(knock) = self.knocks.under_way.get(&number)
                && knock.stage == Stage::Proof
            {
                let host = knock.host;
                let over = HubToHost::KnockProved {
                    knock: number,
                    proof: None,
                };
                self.tell_host(host, over);
            }
            let late = RefusalCode::TIMED_OUT.into();
            self.knock_failed(number, Some(late), "not answered in time");
        }
    }

    /// The console gives these up, or is gone. Nobody has to be told but the host.
    fn give_knocks_up(&mut self, which: impl Fn(&Knock) -> bool) {
        for number in self.knocks.which(which) {
            let Some(knock) = self.knocks.under_way.get(&number) else {
                continue;
            };
            let (host, stage) = (knock.host, knock.stage);
            if stage == Stage::Proof {
                let over = HubToHost::KnockProved {
                    knock: number,
                    proof: None,
                };
                self.tell_host(host, over);
            }
            let reason = match stage {
                // a console that learns that the password is wrong says no more
                Stage::Proof => WRONG_PASSWORD,
                Stage::Answer | Stage::Judgement | Stage::Coming(_) => "given up",
            };
            self.knock_failed(number, None, reason);
        }
    }

    /// Ends an exchange that opened nothing. It counts as wrong from its answer to its judgement, since
    /// until then whoever asked could check a guess.
    fn knock_failed(&mut self, number: u64, refusal: Option<Refusal>, reason: &'static str) {
        let Some(knock) = self.knocks.under_way.remove(&number) else {
            return;
        };
        let Knock {
            row,
            host,
            operator,
            account,
            stage,
            ..
        } = knock;
        if stage == Stage::Answer {
            self.knocks.wrong.forgive(&account);
        }
        if let Some((host, name, _)) = self.permanent.introduction(host) {
            let name = name.to_string();
            self.note_knock(operator, What::HostNotOpened { host, name, reason });
        }
        if let Some(refusal) = refusal {
            let host = row;
            self.tell_operator(operator, HubToOperator::KnockRefused { host, refusal });
        }
    }

    fn note_knock(&mut self, operator: PeerId, what: What) {
        let who = self.operators.get(&operator).map(|o| o.who.login.clone());
        let actor = who.map_or(Actor::Hub, Actor::Account);
        self.effects.push(Effect::Record(Change { actor, what }));
    }
}

/// Why most knocks open nothing, for the audit log.
const WRONG_PASSWORD: &str = "wrong password";

/// A place that nobody had before.
pub(super) fn new_place(random: &[u8; 32]) -> PeerId {
    let hash = Sha256::new_with_prefix(b"pure-help-desk place v1")
        .chain_update(random)
        .finalize();
    PeerId(*hash.first_chunk().expect("16 of 32 bytes"))
}
