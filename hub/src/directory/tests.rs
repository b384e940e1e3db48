//! The desk without network, disk or clock.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one effect among many, and fails where it does not come"
)]

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use protocol::{ReportId, TicketState};

use super::*;
use crate::catalogue::{Account, What};

const ANNA: ConnectionId = ConnectionId(1);
const BRUNO: ConnectionId = ConnectionId(2);
const HOST: ConnectionId = ConnectionId(3);
const OTHER_HOST: ConnectionId = ConnectionId(4);
const SECOND: Duration = Duration::from_secs(1);

/// The desk, its time, and what it wants done.
struct Desk {
    directory: Directory,
    now: Moment,
    effects: Vec<Effect>,
    tickets_made: u8,
}

impl Desk {
    /// Anna and Bruno are logged in, two hosts are connected.
    fn new() -> Self {
        let times = Times {
            ticket_validity: 900 * SECOND,
            attempt: 20 * SECOND,
            consent: 120 * SECOND,
        };
        let mut desk = Self {
            directory: Directory::new(times, SessionId(40), Vec::new()),
            now: Moment {
                since_start: SECOND,
                unix_millis: 1_700_000_000_000,
            },
            effects: Vec::new(),
            tickets_made: 0,
        };
        for (id, account) in [(ANNA, account(1, "anna")), (BRUNO, account(2, "bruno"))] {
            desk.directory.operator_arrived(id, &account, desk.now);
        }
        for (id, last) in [(HOST, 1), (OTHER_HOST, 2)] {
            desk.directory.host_arrived(id, neighbour(last));
        }
        desk.settle();
        desk
    }

    /// Plays the registry whose store and films always work.
    fn settle(&mut self) {
        loop {
            let effects = self.directory.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in &effects {
                match effect {
                    Effect::StoreTicket {
                        operator, route, ..
                    } => self.directory.ticket_stored(*operator, *route, true),
                    Effect::OpenFilm(order) => {
                        let path = Some("film".to_owned());
                        self.directory.film_opened(order.session, path);
                    }
                    Effect::StoreSession { session, .. } => {
                        self.directory.session_stored(*session, true);
                    }
                    _ => {}
                }
            }
            self.effects.extend(effects);
        }
    }

    fn host_says(&mut self, id: ConnectionId, message: HostToHub) -> Vec<Effect> {
        self.directory.host_said(id, message, self.now);
        self.settle();
        std::mem::take(&mut self.effects)
    }

    fn operator_says(&mut self, id: ConnectionId, message: OperatorToHub) -> Vec<Effect> {
        self.tickets_made += 1;
        let random = [self.tickets_made; 16];
        self.directory.operator_said(id, message, random, self.now);
        self.settle();
        std::mem::take(&mut self.effects)
    }

    fn pass(&mut self, time: Duration) -> Vec<Effect> {
        self.now.since_start += time;
        self.now.unix_millis += i64::try_from(time.as_millis()).expect("small");
        self.directory.tick(self.now);
        self.settle();
        std::mem::take(&mut self.effects)
    }

    fn ticket(&mut self, id: ConnectionId) -> TicketRoute {
        let effects = self.operator_says(id, OperatorToHub::GenerateTicket);
        find(&effects, |effect| match effect {
            Effect::ToOperator(_, HubToOperator::TicketGenerated { route, .. }) => Some(*route),
            _ => None,
        })
    }

    fn open(&mut self, host: ConnectionId, route: TicketRoute) -> Vec<Effect> {
        self.host_says(host, open_ticket(route))
    }

    fn attempt(&mut self, host: ConnectionId, route: TicketRoute) -> u64 {
        find(&self.open(host, route), |effect| match effect {
            Effect::ToOperator(_, HubToOperator::TicketOpened { attempt, .. }) => Some(*attempt),
            _ => None,
        })
    }

    /// `host` comes with a ticket of Anna's.
    fn meet(&mut self, host: ConnectionId) {
        let route = self.ticket(ANNA);
        let attempt = self.attempt(host, route);
        self.operator_says(ANNA, answer(route, attempt));
        self.host_says(host, confirm());
        let effects = self.operator_says(ANNA, judge(route, attempt, true));
        assert!(
            effects
                .iter()
                .any(|e| matches!(e, Effect::ToHost(_, HubToHost::TicketAccepted { .. })))
        );
    }

    fn ask(&mut self, host: ConnectionId) -> SessionId {
        let effects = self.operator_says(ANNA, start(host));
        find(&effects, |effect| match effect {
            Effect::ToHost(_, HubToHost::ConsentAsked { session, .. }) => Some(*session),
            _ => None,
        })
    }
}

fn find<T>(effects: &[Effect], wanted: impl FnMut(&Effect) -> Option<T>) -> T {
    let found = effects.iter().find_map(wanted);
    found.unwrap_or_else(|| panic!("not among {effects:#?}"))
}

fn account(id: i64, name: &str) -> Account {
    Account {
        id: AccountId(id),
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        administrator: false,
        disabled: false,
    }
}

fn neighbour(last: u8) -> Neighbour {
    Neighbour::from(IpAddr::from(Ipv4Addr::new(192, 0, 2, last)))
}

fn open_ticket(route: TicketRoute) -> HostToHub {
    HostToHub::OpenTicket {
        route,
        computer: "PC".into(),
        user: "Rossi".into(),
        system: "Linux".into(),
        exchange: vec![1; 33].into(),
    }
}

fn confirm() -> HostToHub {
    let proof = vec![2; 32].into();
    HostToHub::ConfirmTicket { proof }
}

fn answer(route: TicketRoute, attempt: u64) -> OperatorToHub {
    let exchange = vec![3; 33].into();
    OperatorToHub::AnswerTicket {
        route,
        attempt,
        exchange,
    }
}

fn judge(route: TicketRoute, attempt: u64, right: bool) -> OperatorToHub {
    let proof = right.then(|| vec![4; 32].into());
    OperatorToHub::JudgeTicket {
        route,
        attempt,
        proof,
    }
}

fn start(host: ConnectionId) -> OperatorToHub {
    OperatorToHub::StartSession {
        host: host.into(),
        asked: Rights::SEE_AND_CONTROL,
        nonce: [5; 16],
    }
}

fn grant(session: SessionId) -> HostToHub {
    HostToHub::AnswerConsent {
        session,
        granted: Some(Rights::SEE_AND_CONTROL),
        nonce: [6; 16],
    }
}

fn refusal_of_ticket(effects: &[Effect]) -> RefusalCode {
    find(effects, |effect| match effect {
        Effect::ToHost(_, HubToHost::TicketRefused { refusal }) => Some(refusal.code),
        _ => None,
    })
}

fn refusal_of_session(effects: &[Effect]) -> RefusalCode {
    find(effects, |effect| match effect {
        Effect::ToOperator(_, HubToOperator::SessionRefused { refusal, .. }) => Some(refusal.code),
        _ => None,
    })
}

fn is_cut(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::Cut(..)))
}

#[test]
fn h1_a_ticket_expires_and_says_so() {
    let mut desk = Desk::new();
    let route = desk.ticket(ANNA);
    let effects = desk.pass(899 * SECOND);
    assert!(effects.is_empty(), "{effects:?}");
    let effects = desk.pass(SECOND);
    let state = find(&effects, |effect| match effect {
        Effect::ToOperator(ANNA, HubToOperator::TicketChanged { state, .. }) => Some(*state),
        _ => None,
    });
    assert_eq!(state, TicketState::Expired);
    assert_eq!(
        refusal_of_ticket(&desk.open(HOST, route)),
        RefusalCode::TICKET_EXPIRED
    );
    desk.pass(TICKET_MEMORY);
    assert_eq!(
        refusal_of_ticket(&desk.open(HOST, route)),
        RefusalCode::TICKET_WRONG
    );
}

#[test]
fn h1_who_typed_a_ticket_in_time_may_finish() {
    let mut desk = Desk::new();
    let route = desk.ticket(ANNA);
    desk.pass(899 * SECOND);
    let attempt = desk.attempt(HOST, route);
    desk.pass(5 * SECOND);
    desk.operator_says(ANNA, answer(route, attempt));
    desk.host_says(HOST, confirm());
    let effects = desk.operator_says(ANNA, judge(route, attempt, true));
    find(&effects, |e| {
        matches!(e, Effect::ToHost(HOST, HubToHost::TicketAccepted { .. })).then_some(())
    });
}

#[test]
fn h1_wrong_numbers_are_throttled_for_the_whole_hub() {
    let mut desk = Desk::new();
    let good = desk.ticket(ANNA);
    let wrong = TicketRoute::new((good.get() + 1) % TicketRoute::COUNT).expect("in range");
    for guesser in 0..100_u8 {
        let id = ConnectionId(100 + u64::from(guesser));
        desk.directory
            .host_arrived(id, neighbour(100 + guesser / 5));
        assert_eq!(
            refusal_of_ticket(&desk.open(id, wrong)),
            RefusalCode::TICKET_WRONG
        );
    }
    assert_eq!(
        refusal_of_ticket(&desk.open(HOST, good)),
        RefusalCode::THROTTLED
    );
    desk.pass(60 * SECOND);
    desk.attempt(HOST, good);
}

#[test]
fn an_attempt_that_nobody_answers_is_over_after_a_while() {
    let mut desk = Desk::new();
    let route = desk.ticket(ANNA);
    let attempt = desk.attempt(HOST, route);
    desk.operator_says(ANNA, answer(route, attempt));
    let effects = desk.pass(20 * SECOND);
    assert_eq!(refusal_of_ticket(&effects), RefusalCode::TIMED_OUT);
    // what crossed the refusal on its way is no offence, once
    assert!(!is_cut(&desk.host_says(HOST, confirm())));
    assert!(!is_cut(
        &desk.operator_says(ANNA, judge(route, attempt, true))
    ));
    assert!(is_cut(&desk.host_says(HOST, confirm())));
    // the ticket is still good
    desk.attempt(HOST, route);
}

#[test]
fn h1_a_guess_counts_even_if_the_guesser_hangs_up() {
    let mut desk = Desk::new();
    let route = desk.ticket(ANNA);
    for guess in 1..=3 {
        let id = ConnectionId(50 + guess);
        desk.directory.host_arrived(id, neighbour(9));
        let attempt = desk.attempt(id, route);
        desk.operator_says(ANNA, answer(route, attempt));
        desk.host_says(id, confirm());
        desk.directory.left(id, Departure::Lost, desk.now);
        desk.operator_says(ANNA, judge(route, attempt, false));
    }
    assert_eq!(
        refusal_of_ticket(&desk.open(HOST, route)),
        RefusalCode::TICKET_BURNT
    );
}

#[test]
fn a_ticket_that_cannot_be_stored_is_not_given_out() {
    let mut desk = Desk::new();
    desk.directory
        .operator_said(ANNA, OperatorToHub::GenerateTicket, [9; 16], desk.now);
    let route = find(&desk.directory.take_effects(), |effect| match effect {
        Effect::StoreTicket { route, .. } => Some(*route),
        _ => None,
    });
    desk.directory.ticket_stored(ANNA, route, false);
    let told = desk.directory.take_effects();
    assert!(matches!(
        told[..],
        [Effect::ToOperator(
            ANNA,
            HubToOperator::TicketRefused { .. }
        )]
    ));
    assert_eq!(
        refusal_of_ticket(&desk.open(HOST, route)),
        RefusalCode::TICKET_WRONG
    );
}

#[test]
fn h5_a_question_that_nobody_answers_is_withdrawn() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    assert_eq!(
        refusal_of_session(&desk.operator_says(ANNA, start(HOST))),
        RefusalCode::HOST_BUSY
    );
    let effects = desk.pass(120 * SECOND);
    assert_eq!(refusal_of_session(&effects), RefusalCode::TIMED_OUT);
    find(&effects, |e| {
        matches!(e, Effect::ToHost(HOST, HubToHost::ConsentWithdrawn { .. })).then_some(())
    });
    // an answer that crossed the withdrawal is no offence and starts nothing
    assert_eq!(desk.host_says(HOST, grant(session)), []);
    assert!(desk.ask(HOST) > session);
}

#[test]
fn d2_a_session_that_was_taken_back_while_its_film_opened_leaves_none() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    desk.directory.host_said(HOST, grant(session), desk.now);
    let effects = desk.directory.take_effects();
    assert!(matches!(effects[..], [Effect::OpenFilm(_)]), "{effects:?}");
    let effects = desk.operator_says(ANNA, OperatorToHub::EndSession { session });
    assert_eq!(refusal_of_session(&effects), RefusalCode::SESSION_GONE);
    desk.directory.film_opened(session, Some("film".to_owned()));
    assert_eq!(
        desk.directory.take_effects(),
        [Effect::DiscardFilm(session)]
    );
}

#[test]
fn d2_nothing_runs_before_the_film_and_the_session_are_stored() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    desk.directory.host_said(HOST, grant(session), desk.now);
    desk.directory.take_effects();
    desk.directory.film_opened(session, Some("film".to_owned()));
    let effects = desk.directory.take_effects();
    assert!(
        matches!(effects[..], [Effect::StoreSession { .. }]),
        "{effects:?}"
    );
    desk.directory.session_stored(session, false);
    let effects = desk.directory.take_effects();
    assert_eq!(refusal_of_session(&effects), RefusalCode::INTERNAL);
    assert!(effects.contains(&Effect::DiscardFilm(session)));
}

#[test]
fn d2_a_film_that_fails_ends_the_session_for_both() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    desk.host_says(HOST, grant(session));
    desk.directory.film_failed(session, desk.now);
    let effects = desk.directory.take_effects();
    let by = EndedBy::CannotRecord;
    assert!(effects.contains(&Effect::ToHost(
        HOST,
        HubToHost::SessionEnded { session, by }
    )));
    let facts = find(&effects, |effect| match effect {
        Effect::ToOperator(ANNA, HubToOperator::SessionEnded { facts, .. }) => Some(facts.clone()),
        _ => None,
    });
    assert_eq!(facts.report, ReportId(session.0));
}

#[test]
fn d1_the_end_is_stored_before_the_operator_hears_of_it() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    desk.host_says(HOST, grant(session));
    let effects = desk.operator_says(ANNA, OperatorToHub::EndSession { session });
    let place = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted).expect("there");
    let stored = place(|e| {
        matches!(
            e,
            Effect::Record(Change {
                what: What::SessionEnded { .. },
                ..
            })
        )
    });
    let told = place(|e| matches!(e, Effect::ToOperator(_, HubToOperator::SessionEnded { .. })));
    assert!(stored < told);
}

#[test]
fn h6_rights_never_grow_within_a_session() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    desk.host_says(HOST, grant(session));
    let reduce = |rights| HostToHub::ReduceRights { session, rights };
    let see = Rights {
        control: false,
        ..Rights::SEE_AND_CONTROL
    };
    let effects = desk.host_says(HOST, reduce(see));
    let rights = see;
    assert!(effects.contains(&Effect::ChangeRights { session, rights }));
    assert!(is_cut(
        &desk.host_says(HOST, reduce(Rights::SEE_AND_CONTROL))
    ));
}

#[test]
fn b3_a_disabled_operator_loses_his_session() {
    let mut desk = Desk::new();
    desk.meet(HOST);
    let session = desk.ask(HOST);
    desk.host_says(HOST, grant(session));
    desk.directory.accounts_disabled(&[AccountId(1)], desk.now);
    desk.settle();
    let effects = std::mem::take(&mut desk.effects);
    let by = EndedBy::OperatorLost;
    assert!(effects.contains(&Effect::EndRelay { session, by }));
    let refusal = RefusalCode::ACCOUNT_DISABLED.into();
    assert!(effects.contains(&Effect::Dismiss(ANNA, refusal)));
    // and what he still had under way is not heard
    assert_eq!(desk.operator_says(ANNA, OperatorToHub::GenerateTicket), []);
}

#[test]
fn o8_a_list_beyond_one_message_arrives_in_pieces() {
    let mut desk = Desk::new();
    let long = "x".repeat(128);
    for number in 0..2_000_u64 {
        let mut account = account(1_000 + i64::try_from(number).expect("small"), &long);
        account.display_name.clone_from(&long);
        let id = ConnectionId(10_000 + number);
        desk.directory.operator_arrived(id, &account, desk.now);
        desk.directory.take_effects();
    }
    let id = ConnectionId(99_999);
    desk.directory
        .operator_arrived(id, &account(9_999, "last"), desk.now);
    let mut rows = 0;
    for effect in desk.directory.take_effects() {
        let Effect::ToOperator(to, message) = effect else {
            continue;
        };
        let limit = protocol::limits::MAX_CONTROL_FRAME_BYTES;
        protocol::wire::encode(&message, limit).expect("each message fits");
        match message {
            HubToOperator::Entries { entries } if to == id => rows += entries.len(),
            HubToOperator::EntryChanged { .. } if to == id => rows += 1,
            _ => {}
        }
    }
    assert_eq!(rows, 2_003);
}

/// What two hostile operators and two hostile hosts may do, in any order.
#[derive(Debug, Clone)]
enum Deed {
    Host(ConnectionId, HostToHub),
    Operator(ConnectionId, OperatorToHub),
    Left(ConnectionId),
    Arrived(ConnectionId),
    Time(u64),
    FilmFailed(SessionId),
}

fn any_deed() -> impl Strategy<Value = Deed> {
    // few values, so that the deeds meet
    let route = || prop::sample::select(vec![0x0101_u32, 0x0202, 0x0303]);
    let route = move || route().prop_map(|n| TicketRoute::new(n).expect("in range"));
    let session = || (40_u64..46).prop_map(SessionId);
    let host = || prop::sample::select(vec![HOST, OTHER_HOST]);
    let operator = || prop::sample::select(vec![ANNA, BRUNO]);
    let rights = || prop::sample::select(vec![Rights::default(), Rights::SEE_AND_CONTROL]);
    let host_message = prop_oneof![
        route().prop_map(open_ticket),
        Just(confirm()),
        session().prop_map(grant),
        session().prop_map(|session| HostToHub::EndSession { session }),
        (session(), rights())
            .prop_map(|(session, rights)| HostToHub::ReduceRights { session, rights }),
        Just(HostToHub::Chat { text: "x".into() }),
    ];
    let operator_message = prop_oneof![
        Just(OperatorToHub::GenerateTicket),
        route().prop_map(|route| OperatorToHub::RevokeTicket { route }),
        (route(), 0_u64..6).prop_map(|(route, attempt)| answer(route, attempt)),
        (route(), 0_u64..6, any::<bool>()).prop_map(|(route, a, right)| judge(route, a, right)),
        host().prop_map(start),
        session().prop_map(|session| OperatorToHub::EndSession { session }),
        host().prop_map(|host| OperatorToHub::DisconnectHost { host: host.into() }),
        host().prop_map(|host| OperatorToHub::Chat {
            host: host.into(),
            text: "x".into()
        }),
    ];
    let anybody = || prop_oneof![host(), operator()];
    prop_oneof![
        6 => (host(), host_message).prop_map(|(id, message)| Deed::Host(id, message)),
        6 => (operator(), operator_message).prop_map(|(id, message)| Deed::Operator(id, message)),
        1 => anybody().prop_map(Deed::Left),
        1 => anybody().prop_map(Deed::Arrived),
        1 => (1_u64..200).prop_map(Deed::Time),
        1 => session().prop_map(Deed::FilmFailed),
    ]
}

impl Desk {
    fn play(&mut self, deed: Deed) {
        match deed {
            Deed::Host(id, message) => self.directory.host_said(id, message, self.now),
            Deed::Operator(id, message) => {
                self.tickets_made = self.tickets_made.wrapping_add(1);
                let mut random = [0; 16];
                // one of the three routes that the deeds speak of
                random[..2].fill(1 + self.tickets_made % 3);
                self.directory.operator_said(id, message, random, self.now);
            }
            Deed::Left(id) => self.directory.left(id, Departure::Lost, self.now),
            Deed::Arrived(id) if id == ANNA || id == BRUNO => {
                let account = account(i64::try_from(id.0).expect("small"), "x");
                self.directory.operator_arrived(id, &account, self.now);
            }
            Deed::Arrived(id) if !self.directory.hosts.contains_key(&id) => {
                self.directory.host_arrived(id, neighbour(1));
            }
            Deed::Arrived(_) => {}
            Deed::Time(seconds) => {
                self.now.since_start += Duration::from_secs(seconds);
                self.directory.tick(self.now);
            }
            Deed::FilmFailed(session) => self.directory.film_failed(session, self.now),
        }
        self.settle();
    }

    /// What holds whatever happens.
    fn check(&self) {
        for (id, session) in &self.directory.sessions {
            let (host, operator) = session.ends();
            let accepted = self.directory.accepted(host).expect("the host is there");
            let operator = &self.directory.operators[&operator];
            assert_eq!(accepted.session, Some(*id));
            assert_eq!(accepted.owner, operator.account, "B2");
        }
        for (id, peer) in &self.directory.hosts {
            match &peer.stage {
                HostStage::Idle => {}
                HostStage::Trying(attempt) => {
                    assert!(self.directory.attempts.contains_key(attempt), "{id}");
                }
                HostStage::Accepted(accepted) => {
                    let session = accepted.session;
                    assert!(session.is_none_or(|s| self.directory.sessions.contains_key(&s)));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn b2_no_order_of_messages_confuses_the_desk(deeds in prop::collection::vec(any_deed(), 1..120)) {
        let mut desk = Desk::new();
        desk.meet(HOST);
        desk.effects.clear();
        let mut relays = 0_usize;
        for deed in deeds {
            desk.play(deed);
            desk.check();
            for effect in std::mem::take(&mut desk.effects) {
                match effect {
                    Effect::StartRelay { .. } => relays += 1,
                    Effect::EndRelay { .. } => relays -= 1,
                    _ => {}
                }
            }
            let running = desk.directory.sessions.keys();
            let running = running.filter(|id| desk.directory.is_running(**id)).count();
            prop_assert_eq!(relays, running);
        }
    }
}
