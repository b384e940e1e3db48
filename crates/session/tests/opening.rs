//! A permanent host is opened with its access password: the hub, the console and the host as they are, and
//! a hub that lies about any message between them (U3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "each match takes the few messages that the exchange consists of, and a test fails on others"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use protocol::control::Admission;
use protocol::{
    EntryKind, GroupId, HostId, HostToHub, HubToHost, HubToOperator, KnockAnswer, OperatorToHub,
    PeerId, Permissions, RefusalCode, Rights,
};
use session::access::{AccessRecord, HostKnock};
use session::authority::Membership;
use session::console::{ConsoleNews, ConsoleSide, ConsoleStep, KeptTickets, NotStarted, Outside};
use session::directory::records::{AccountId, Stored, What};
use session::directory::{
    Departure, Directory, Effect, HostStanding, LoggedIn, Moment, PermanentArrival, Policy,
};
use session::host::{Caller, HostNews, HostSide, HostStep};
use session::{PairKey, host};

const PASSWORD: &str = "the shop opens at nine";
const ANNA: PeerId = PeerId([1; 16]);
const BRUNO: PeerId = PeerId([2; 16]);
const TILL: PeerId = PeerId([9; 16]);
const TILLS: GroupId = GroupId(7);
const HOST: HostId = HostId(3);

static RECORD: LazyLock<AccessRecord> =
    LazyLock::new(|| AccessRecord::of_password(PASSWORD).expect("fit"));

/// What a hub does to one message of the exchange.
#[derive(Debug, Clone, Copy)]
struct Lie {
    /// Counts the messages with bytes for the other end, from 0.
    message: usize,
    how: How,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Alter { at: usize, flip: u8 },
    Replay,
    Empty,
}

/// A hub, its operators and one permanent host.
struct World {
    directory: Directory,
    seconds: u64,
    consoles: BTreeMap<PeerId, ConsoleSide>,
    news: Vec<(PeerId, ConsoleNews)>,
    /// The host's exchanges, as its program keeps them.
    knocks: BTreeMap<u64, Option<HostKnock>>,
    right: BTreeMap<u64, PairKey>,
    /// The side that serves operators, and its place.
    side: Option<(HostSide, PeerId)>,
    asked: Vec<protocol::SessionId>,
    audited: Vec<What>,
    random: u8,
    lie: Option<Lie>,
    carried: usize,
    before: Option<Bytes>,
    refused_at_host: bool,
}

impl World {
    fn new() -> Self {
        let policy = Policy {
            hub: 0,
            ticket_validity: Duration::from_mins(15),
            attempt: Duration::from_secs(20),
            consent: Duration::from_mins(1),
            kept: Duration::from_mins(10),
        };
        let mut world = Self {
            directory: Directory::new(policy, Stored::default(), moment(0)),
            seconds: 1,
            consoles: BTreeMap::new(),
            news: Vec::new(),
            knocks: BTreeMap::new(),
            right: BTreeMap::new(),
            side: None,
            asked: Vec::new(),
            audited: Vec::new(),
            random: 0,
            lie: None,
            carried: 0,
            before: None,
            refused_at_host: false,
        };
        world.logs_in(ANNA, Permissions::OF_OPERATOR, [TILLS]);
        world.host_comes(true);
        world
    }

    fn now(&self) -> Moment {
        moment(self.seconds)
    }

    fn random(&mut self) -> [u8; 32] {
        self.random = self.random.wrapping_add(1);
        [self.random; 32]
    }

    fn logs_in(
        &mut self,
        id: PeerId,
        permissions: Permissions,
        groups: impl IntoIterator<Item = GroupId>,
    ) {
        let who = LoggedIn {
            account: AccountId(id.0[0].into()),
            login: format!("operator-{}", id.0[0]),
            display_name: "Operator".into(),
        };
        let membership = Membership {
            permissions,
            groups: groups.into_iter().collect(),
        };
        let side = ConsoleSide::new(KeptTickets::default(), (1, 9), 1, 0);
        self.consoles.insert(id, side);
        let (random, now) = (self.random(), self.now());
        self.directory
            .operator_arrived(id, who, membership, random, now);
        self.settle();
    }

    fn standing() -> HostStanding {
        HostStanding {
            name: "TILL-1".into(),
            disabled: false,
            seen_by: [TILLS].into(),
            only: Default::default(),
        }
    }

    fn host_comes(&mut self, knocking: bool) {
        let arrival = PermanentArrival {
            host: HOST,
            standing: Self::standing(),
            computer: "TILL-1".into(),
            system: "Linux".into(),
            program: "purepc".into(),
            knocking,
            waking: true,
            from: std::net::Ipv4Addr::LOCALHOST.into(),
        };
        let now = self.now();
        self.directory.permanent_host_arrived(TILL, arrival, now);
        self.settle();
    }

    fn types(&mut self, id: PeerId, password: &str) {
        let row = self.row_of(id).expect("it sees the host");
        self.types_at(id, row, password);
    }

    fn types_at(&mut self, id: PeerId, row: PeerId, password: &str) {
        let asked = Rights::SEE_AND_CONTROL;
        let console = self.consoles.get_mut(&id).expect("logged in");
        let steps = console.open_host(row, password, "a reason".into(), asked);
        self.console_does(id, steps);
        self.settle();
    }

    /// The row by which an operator knows the host.
    fn row_of(&self, id: PeerId) -> Option<PeerId> {
        let account = AccountId(id.0[0].into());
        let rows = self.directory.entries(account);
        let mut rows = rows.into_iter();
        let row = rows.find(|row| row.kind == EntryKind::PermanentHost)?;
        Some(row.id)
    }

    fn console_does(&mut self, id: PeerId, steps: Vec<ConsoleStep>) {
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            match step {
                ConsoleStep::Send(message) => {
                    let message = self.carry_up(message);
                    let (random, now) = (self.random(), self.now());
                    self.directory.operator_said(id, message, random, now);
                }
                ConsoleStep::Tell(news) => self.news.push((id, news)),
                ConsoleStep::Stretch(stretch) => {
                    let stretched = stretch.run();
                    let console = self.consoles.get_mut(&id).expect("logged in");
                    steps.extend(console.stretched(stretched));
                }
                _ => {}
            }
        }
    }

    /// What the hub makes of bytes that are for the other end.
    fn carry(&mut self, bytes: Bytes) -> Bytes {
        let number = self.carried;
        self.carried += 1;
        let before = self.before.replace(bytes.clone());
        let Some(lie) = self.lie.filter(|lie| lie.message == number) else {
            return bytes;
        };
        match lie.how {
            How::Alter { at, flip } => {
                let mut bytes = bytes.to_vec();
                let at = at % bytes.len();
                bytes[at] ^= flip;
                bytes.into()
            }
            How::Replay => before.unwrap_or_default(),
            How::Empty => Bytes::new(),
        }
    }

    fn carry_up(&mut self, message: OperatorToHub) -> OperatorToHub {
        match message {
            OperatorToHub::Knock {
                host,
                exchange,
                reason,
            } => OperatorToHub::Knock {
                host,
                exchange: self.carry(exchange),
                reason,
            },
            OperatorToHub::ProveKnock {
                host,
                proof: Some(proof),
            } => OperatorToHub::ProveKnock {
                host,
                proof: Some(self.carry(proof)),
            },
            message => message,
        }
    }

    /// Carries out what the directory wants until it wants no more.
    fn settle(&mut self) {
        loop {
            let effects = self.directory.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.carry_out(effect);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let now = self.now();
        match effect {
            Effect::ToHost(TILL, message) => self.till_hears(message),
            Effect::ToHost(id, message) => self.place_hears(id, message),
            Effect::ToOperator(id, message) => self.console_hears(id, message),
            Effect::Record(change) => self.audited.push(change.what),
            Effect::OpenFilm(order) => {
                assert_eq!(order.ticket, None);
                let path = Some("film".to_owned());
                self.directory.film_opened(order.session, path);
            }
            Effect::StoreSession { session, .. } => self.directory.session_stored(session, true),
            Effect::Cut(id, refusal) => {
                assert_ne!(self.lie.map(|_| id), Some(TILL), "{refusal:?}");
                self.directory.left(id, Departure::Cut, now);
            }
            Effect::Dismiss(id, _) | Effect::DismissWithReceipt(id, _)
                if self.side.as_ref().is_some_and(|(_, place)| *place == id) =>
            {
                self.side = None;
            }
            _ => {}
        }
    }

    /// As `purepc` does, without the count of tries.
    fn till_hears(&mut self, message: HubToHost) {
        let now = self.now();
        let answer = match message {
            HubToHost::Knocked {
                knock, exchange, ..
            } => {
                let answered = HostKnock::answer(&RECORD, &exchange);
                let answer = match answered {
                    Ok((state, answer)) => {
                        self.knocks.insert(knock, Some(state));
                        KnockAnswer::Exchange(self.carry(answer.into()))
                    }
                    Err(_malformed) => {
                        self.refused_at_host = true;
                        KnockAnswer::Refused(RefusalCode::MALFORMED.into())
                    }
                };
                HostToHub::AnswerKnock { knock, answer }
            }
            HubToHost::KnockProved { knock, proof } => {
                let state = self.knocks.remove(&knock).flatten();
                let Some(proof) = proof else { return };
                let pair = state.and_then(|state| state.finish(&proof).ok());
                let right = pair.is_some();
                if let Some(pair) = pair {
                    self.right.insert(knock, pair);
                }
                HostToHub::JudgeKnock { knock, right }
            }
            HubToHost::KnockAdmitted { knock, admission } => {
                let pair = self.right.remove(&knock).expect("a right password");
                return self.place_taken(admission, pair);
            }
            _ => return,
        };
        self.directory.host_said(TILL, answer, now);
    }

    fn place_taken(&mut self, admission: Admission, pair: PairKey) {
        let Admission { you, .. } = admission;
        if admission.secret.0 == [0; 32] {
            let (side, place) = self.side.as_mut().expect("it has a place");
            assert_eq!(*place, you);
            assert!(side.acquaint("Operator".into(), pair));
            return;
        }
        let caller = Caller {
            computer: "TILL-1".into(),
            user: Default::default(),
            system: "Linux".into(),
        };
        let mut side = HostSide::new(caller, 1);
        side.take_place(admission, "Operator".into(), pair);
        let Some(HostToHub::Resume { secret, .. }) = side.resume() else {
            panic!("it has a place to come to");
        };
        self.side = Some((side, you));
        let now = self.now();
        self.directory
            .host_resumes(you, &secret, now)
            .expect("the secret of the place");
    }

    fn place_hears(&mut self, id: PeerId, message: HubToHost) {
        let outside = host::Outside {
            now: Duration::from_secs(self.seconds),
            random: self.random(),
            input_taken: 0,
        };
        let Some((side, place)) = self.side.as_mut().filter(|(_, place)| *place == id) else {
            return;
        };
        let place = *place;
        let steps = side.hear(message, outside).expect("an honest hub");
        self.place_does(place, steps);
    }

    fn place_does(&mut self, place: PeerId, steps: Vec<HostStep>) {
        for step in steps {
            match step {
                HostStep::Send(message) => {
                    let now = self.now();
                    self.directory.host_said(place, message, now);
                }
                HostStep::Tell(HostNews::ConsentAsked { session, asked, .. }) => {
                    self.asked.push(session);
                    let random = self.random();
                    let (side, _) = self.side.as_mut().expect("a place");
                    let steps = side.answer(session, Some(asked), random);
                    self.place_does(place, steps);
                }
                _ => {}
            }
        }
    }

    fn console_hears(&mut self, id: PeerId, message: HubToOperator) {
        let seed = self.random();
        let mut random = |bytes: &mut [u8; 32]| *bytes = seed;
        let mut outside = Outside {
            now_unix_seconds: 0,
            random: &mut random,
        };
        let Some(console) = self.consoles.get_mut(&id) else {
            return;
        };
        let steps = match message {
            HubToOperator::LoggedIn {
                admission,
                display_name,
            } => console.logged_in(admission, display_name),
            HubToOperator::Entries { entries } => console.entries(&entries, &mut outside),
            HubToOperator::EntryChanged { entry } => console.entry(&entry, &mut outside),
            HubToOperator::EntryGone { id } => console.entry_gone(id),
            message => console.hear(message, &mut outside),
        };
        self.console_does(id, steps);
    }

    fn is_told(&self, id: PeerId) -> Option<RefusalCode> {
        self.news.iter().rev().find_map(|(to, news)| match news {
            ConsoleNews::HostNotOpened {
                why: NotStarted::Refused(refusal),
                ..
            } if *to == id => Some(refusal.code),
            _ => None,
        })
    }

    fn sessions(&self) -> usize {
        self.directory.live_sessions().len()
    }

    fn audited(&self, wanted: fn(&What) -> bool) -> usize {
        self.audited.iter().filter(|what| wanted(what)).count()
    }
}

fn moment(seconds: u64) -> Moment {
    Moment {
        since_start: Duration::from_secs(seconds),
        unix_millis: i64::try_from(seconds).expect("small") * 1000,
    }
}

fn opened(what: &What) -> bool {
    matches!(what, What::HostOpened { host: HOST, said, .. } if said == "a reason")
}

fn wrong(what: &What) -> bool {
    matches!(what, What::HostNotOpened { reason, .. } if *reason == "wrong password")
}

#[test]
fn u3_the_right_password_opens_the_host_and_a_session_begins() {
    let mut world = World::new();
    world.types(ANNA, PASSWORD);
    assert_eq!(world.sessions(), 1);
    assert_eq!(world.audited(opened), 1);
    let (_, place) = world.side.as_ref().expect("a place");
    assert_eq!(
        world.row_of(ANNA),
        Some(*place),
        "one row, in the host's stead"
    );
    // the host leaves its place, and stands in the list as before
    let (place, now) = (*place, world.now());
    world.directory.left(place, Departure::GoodOrder, now);
    world.settle();
    assert_eq!((world.sessions(), world.row_of(ANNA)), (0, Some(TILL)));
}

#[test]
fn u3_wrong_passwords_are_told_counted_and_slowed_down_and_a_colleague_is_not() {
    let mut world = World::new();
    world.logs_in(BRUNO, Permissions::OF_OPERATOR, [TILLS]);
    for tries in 1..=10 {
        world.types(ANNA, "the shop opens at ten");
        assert_eq!(world.is_told(ANNA), Some(RefusalCode::HOST_PASSWORD_WRONG));
        assert_eq!(world.audited(wrong), tries);
    }
    let answered = world.carried;
    world.types(ANNA, PASSWORD);
    assert_eq!(world.is_told(ANNA), Some(RefusalCode::THROTTLED));
    assert_eq!(world.carried, answered + 1, "the host is not asked");
    world.types(BRUNO, PASSWORD);
    assert_eq!(world.sessions(), 1);
    world.seconds += 31;
    world.types(ANNA, PASSWORD);
    assert_eq!(
        (world.sessions(), world.asked.len()),
        (1, 2),
        "both are in one session"
    );
}

/// Half a year of guessing as fast as the hub lets an operator; each guess costs the guesser nothing, as one
/// who does not stretch the key and proves anything.
#[test]
fn u3_a_thousand_wrong_passwords_take_weeks_are_all_in_the_log_and_harm_nobody() {
    let mut world = World::new();
    world.logs_in(BRUNO, Permissions::OF_OPERATOR, [TILLS]);
    let (mut tried, mut told_to_wait) = (0, 0);
    let began = world.seconds;
    while tried < 1000 {
        let (_, request) = session::ConsoleKnock::start("the shop opens at noon");
        let knock = OperatorToHub::Knock {
            host: TILL,
            exchange: request.into(),
            reason: "a reason".into(),
        };
        let carried = world.knocks.len();
        let (random, now) = ([7; 32], world.now());
        world.directory.operator_said(ANNA, knock, random, now);
        let effects = world.directory.take_effects();
        let waits = effects.iter().find_map(|effect| match effect {
            Effect::ToOperator(ANNA, HubToOperator::KnockRefused { refusal, .. }) => {
                assert_eq!(refusal.code, RefusalCode::THROTTLED);
                Some(u64::from(refusal.retry_after_seconds))
            }
            _ => None,
        });
        for effect in effects {
            world.carry_out(effect);
        }
        world.settle();
        if let Some(seconds) = waits {
            assert_eq!(world.knocks.len(), carried, "the host is not asked");
            told_to_wait += 1;
            world.seconds += seconds;
            continue;
        }
        tried += 1;
        let proof = Some(Bytes::from_static(&[0; 64]));
        let prove = OperatorToHub::ProveKnock { host: TILL, proof };
        let now = world.now();
        world.directory.operator_said(ANNA, prove, random, now);
        world.settle();
    }
    assert_eq!((world.sessions(), world.audited(opened)), (0, 0));
    assert_eq!(world.audited(wrong), 1000, "each is in the log");
    assert!(told_to_wait >= 990, "{told_to_wait}");
    // ten at once, a few more within the first quarter of an hour, then four an hour
    let days = (world.seconds - began) / (24 * 60 * 60);
    assert!((10..11).contains(&days), "{days} days");
    // meanwhile and after it a colleague who knows the password comes in at once
    world.types(BRUNO, PASSWORD);
    assert_eq!((world.sessions(), world.audited(opened)), (1, 1));
}

#[test]
fn u4_only_who_was_chosen_opens_it_and_who_is_chosen_no_more_is_out() {
    let mut world = World::new();
    world.logs_in(BRUNO, Permissions::OF_OPERATOR, [TILLS]);
    world.types(ANNA, PASSWORD);
    assert_eq!(world.sessions(), 1);
    let only_bruno = HostStanding {
        only: [AccountId(2)].into(),
        ..World::standing()
    };
    let member = Membership {
        permissions: Permissions::OF_OPERATOR,
        groups: [TILLS].into(),
    };
    let now = world.now();
    world.directory.memberships_changed(
        [(AccountId(1), member.clone()), (AccountId(2), member)].into(),
        &[(HOST, only_bruno)].into(),
        now,
    );
    world.settle();
    assert_eq!(world.sessions(), 0, "Anna is out");
    world.types(ANNA, PASSWORD);
    assert_eq!(world.is_told(ANNA), Some(RefusalCode::NOT_CHOSEN));
    let not_chosen = |what: &What| matches!(what, What::HostNotOpened { reason, .. } if *reason == "not chosen to open it");
    assert_eq!(world.audited(not_chosen), 1);
    world.types(BRUNO, PASSWORD);
    assert_eq!((world.sessions(), world.audited(opened)), (1, 2));
}

#[test]
fn u3_who_is_outside_of_the_groups_or_may_not_learns_nothing_and_reaches_nothing() {
    let mut world = World::new();
    world.logs_in(BRUNO, Permissions::OF_OPERATOR, [GroupId::EVERYONE]);
    assert_eq!(world.row_of(BRUNO), None);
    world.types_at(BRUNO, TILL, PASSWORD);
    assert_eq!(world.is_told(BRUNO), Some(RefusalCode::HOST_GONE));
    world.types_at(BRUNO, PeerId([77; 16]), PASSWORD);
    assert_eq!(
        world.is_told(BRUNO),
        Some(RefusalCode::HOST_GONE),
        "as one that is not there"
    );
    let sees = Permissions::OF_OPERATOR.without(Permissions::UNATTENDED);
    world.logs_in(PeerId([3; 16]), sees, [TILLS]);
    world.types(PeerId([3; 16]), PASSWORD);
    assert_eq!(
        world.is_told(PeerId([3; 16])),
        Some(RefusalCode::NOT_ALLOWED)
    );
    assert_eq!((world.sessions(), world.knocks.len()), (0, 0));
}

#[test]
fn u3_who_may_open_it_no_more_is_out_at_once() {
    let mut world = World::new();
    world.types(ANNA, PASSWORD);
    assert_eq!(world.sessions(), 1);
    let anna = AccountId(1);
    let elsewhere = Membership {
        permissions: Permissions::OF_OPERATOR,
        groups: [GroupId::EVERYONE].into(),
    };
    let hosts = [(HOST, World::standing())].into();
    let now = world.now();
    world
        .directory
        .memberships_changed([(anna, elsewhere)].into(), &hosts, now);
    world.settle();
    assert_eq!((world.sessions(), world.row_of(ANNA)), (0, None));
    assert!(world.side.is_none(), "the place is dismissed");
}

#[test]
fn u3_a_host_that_was_disabled_or_started_anew_ends_what_was_opened() {
    let mut world = World::new();
    world.types(ANNA, PASSWORD);
    let now = world.now();
    world.directory.host_said(TILL, HostToHub::LeavePlace, now);
    world.settle();
    assert_eq!((world.sessions(), world.row_of(ANNA)), (0, Some(TILL)));
    world.types(ANNA, PASSWORD);
    assert_eq!(world.sessions(), 1);
    let disabled = HostStanding {
        disabled: true,
        ..World::standing()
    };
    let anna = Membership {
        permissions: Permissions::OF_OPERATOR,
        groups: [TILLS].into(),
    };
    world.directory.memberships_changed(
        [(AccountId(1), anna)].into(),
        &[(HOST, disabled)].into(),
        now,
    );
    world.settle();
    assert_eq!((world.sessions(), world.row_of(ANNA)), (0, None));
}

#[test]
fn u3_a_host_that_is_too_old_is_not_asked() {
    let mut world = World::new();
    world.host_comes(false);
    let rows = world.directory.entries(AccountId(1));
    assert!(rows.iter().all(|row| !row.yours));
    world.types_at(ANNA, TILL, PASSWORD);
    assert_eq!(world.is_told(ANNA), Some(RefusalCode::VERSION_MISMATCH));
    assert!(world.knocks.is_empty());
}

#[test]
fn u3_a_host_that_does_not_answer_or_come_is_given_up() {
    let mut world = World::new();
    let console = world.consoles.get_mut(&ANNA).expect("logged in");
    let steps = console.open_host(TILL, PASSWORD, "".into(), Rights::SEE);
    let [ConsoleStep::Send(message)] = steps.as_slice() else {
        panic!("{steps:?}");
    };
    let now = world.now();
    world
        .directory
        .operator_said(ANNA, message.clone(), [99; 32], now);
    // what is for the host gets lost
    drop(world.directory.take_effects());
    world.seconds += 40;
    let now = world.now();
    world.directory.tick(now);
    world.settle();
    assert_eq!(world.is_told(ANNA), Some(RefusalCode::TIMED_OUT));
    world.types(ANNA, PASSWORD);
    assert_eq!(world.sessions(), 1, "and it can be opened again");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A hub that changes what it carries gets no session, and neither end believes it.
    #[test]
    fn u3_a_hub_that_alters_replays_or_drops_opens_nothing(
        message in 0_usize..3,
        how in prop_oneof![
            (any::<usize>(), 1_u8..=255).prop_map(|(at, flip)| How::Alter { at, flip }),
            Just(How::Replay),
            Just(How::Empty),
        ],
    ) {
        let mut world = World::new();
        world.lie = Some(Lie { message, how });
        // nothing comes before the first message
        prop_assume!(!(message == 0 && matches!(how, How::Replay)) || world.before.is_none());
        world.types(ANNA, PASSWORD);
        prop_assert_eq!(world.sessions(), 0);
        prop_assert!(world.right.is_empty() && world.side.is_none());
        let told = world.is_told(ANNA);
        prop_assert!(
            told == Some(RefusalCode::HOST_PASSWORD_WRONG) || world.refused_at_host,
            "{:?}", told
        );
    }

    /// A hub that says that a host is open, to whomever, and gives it whatever place.
    #[test]
    fn u3_a_console_asks_nobody_who_has_proved_nothing(place in any::<[u8; 16]>(), knocked in any::<bool>()) {
        let mut world = World::new();
        let console = world.consoles.get_mut(&ANNA).expect("logged in");
        if knocked {
            drop(console.open_host(TILL, PASSWORD, "".into(), Rights::SEE));
        }
        let mut random = |_: &mut [u8; 32]| {};
        let mut outside = Outside { now_unix_seconds: 0, random: &mut random };
        let lie = HubToOperator::KnockOpened { host: TILL, place: PeerId(place) };
        let steps = console.hear(lie, &mut outside);
        let sent = steps.iter().any(|step| matches!(step, ConsoleStep::Send(_)));
        prop_assert!(!sent);
        prop_assert!(!console.has_channel_to(PeerId(place)));
    }
}
