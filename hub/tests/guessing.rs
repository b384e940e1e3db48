//! Who guesses is slowed down; who does not, is not (H1, O5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::time::{Duration, Instant};

use protocol::{
    HostToHub, HubToHost, HubToOperator, PeerId, RefusalCode, ResumeSecret, Role, TicketRoute,
};
use session::{TicketNumber, TicketSecret};
use support::caller::Caller;
use support::{PASSWORD, Pair, Peer, SECRET, TestHub, log_in};

/// A ticket that nobody made.
fn unknown(ticket: &TicketNumber) -> TicketNumber {
    let other = (ticket.route().get() + 1) % TicketRoute::COUNT;
    let route = TicketRoute::new(other).expect("in range");
    TicketNumber::new(route, TicketSecret::from_random(SECRET))
}

async fn wrong_password(peer: &mut Peer, name: &str) -> RefusalCode {
    peer.send(&log_in(name, "guess")).await;
    match peer.receive().await {
        HubToOperator::LogInRefused { refusal } => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn h1_a_hundred_wrong_tickets_from_ten_addresses_spoil_nobodys_right_one() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let wrong = unknown(&ticket);
    let mut refused = 0;
    for guesser in 1..=10 {
        let mut host = Caller::at([0, 6, guesser]).host(&hub).await;
        for _ in 0..10 {
            let code = host.open_refused(&wrong).await;
            refused += u32::from(code == RefusalCode::TICKET_WRONG);
        }
    }
    println!("{refused} wrong tickets were tried");
    assert_eq!(refused, 100);
    let begin = Instant::now();
    let host = Caller::at([0, 6, 101]).host(&hub).await;
    let mut pair = Pair::meet(operator, host, &ticket).await;
    println!("the right one was accepted after {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(5));
    // the guessers are slowed down all the same, for a right ticket too
    let again = pair.operator.generate_ticket().await;
    let mut host = Caller::at([0, 6, 1]).host(&hub).await;
    let code = host.open_refused(&again).await;
    assert_eq!(code, RefusalCode::THROTTLED);
}

#[tokio::test]
async fn h1_tickets_tried_at_the_same_time_are_counted_before_they_are_judged() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let wrong = unknown(&operator.generate_ticket().await);
    let mut hosts = Vec::new();
    for _ in 0..20 {
        hosts.push(Caller::at([0, 6, 201]).host(&hub).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for mut host in hosts {
        let wrong = TicketNumber::new(wrong.route(), TicketSecret::from_random(SECRET));
        tasks.spawn(async move { host.open_refused(&wrong).await });
    }
    let told = tasks.join_all().await;
    let judged = told.iter().filter(|c| **c == RefusalCode::TICKET_WRONG);
    assert_eq!(judged.count(), 10);
}

/// What a host is told that wants to come back to the place `you` with `secret`.
async fn come_back(
    hub: &TestHub,
    caller: &Caller,
    you: PeerId,
    secret: ResumeSecret,
) -> (Peer, HubToHost) {
    let mut host = caller.host(hub).await;
    host.send(&HostToHub::Resume { you, secret }).await;
    let answer = host.receive().await;
    (host, answer)
}

#[tokio::test]
async fn r4_wrong_secrets_cost_what_wrong_tickets_cost_and_the_right_one_comes_back_all_the_same() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let place = pair.host.admission.expect("a place");
    let caller = Caller::at([0, 6, 151]);
    for n in 1..=10 {
        let secret = ResumeSecret([n; 32]);
        let (_host, answer) = come_back(&hub, &caller, place.you, secret).await;
        let HubToHost::ResumeRefused { refusal } = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(refusal.code, RefusalCode::CANNOT_RESUME);
    }
    let ticket = pair.operator.generate_ticket().await;
    let mut host = caller.host(&hub).await;
    let code = host.open_refused(&ticket).await;
    assert_eq!(code, RefusalCode::THROTTLED, "for the guesser");
    // what is done by a guesser behind the same address does not keep anybody from coming back
    let (_host, answer) = come_back(&hub, &caller, place.you, place.secret).await;
    assert!(matches!(answer, HubToHost::Resumed { .. }), "{answer:?}");
}

#[tokio::test]
async fn r4_whoever_was_away_for_too_long_is_no_guesser() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let caller = Caller::at([0, 6, 152]);
    for n in 1..=25 {
        let (you, secret) = (PeerId([n; 16]), ResumeSecret([n; 32]));
        let (_host, answer) = come_back(&hub, &caller, you, secret).await;
        assert!(
            matches!(answer, HubToHost::ResumeRefused { .. }),
            "{answer:?}"
        );
    }
    let host = caller.host(&hub).await;
    Pair::meet(operator, host, &ticket).await;
}

#[tokio::test]
async fn o5_wrong_passwords_elsewhere_lock_nobody_out_at_home() {
    let hub = TestHub::start();
    let home = Caller::at([0, 7, 1]);
    let anna = home.operator(&hub, "anna").await;
    anna.greeted.connection.close(0_u32.into(), b"");
    let elsewhere = Caller::at([0, 7, 2]);
    let mut guesser = elsewhere
        .greet(&hub, Role::Operator)
        .await
        .expect("greeted");
    let mut codes = Vec::new();
    for _ in 0..9 {
        codes.push(wrong_password(&mut guesser, "anna").await);
    }
    // the guesser is stopped ...
    assert!(codes.contains(&RefusalCode::THROTTLED), "{codes:?}");
    // ... anna is not held up at home
    let begin = Instant::now();
    home.operator(&hub, "anna").await;
    println!("logged in at home after {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(2));
    // and from a clean address where she never was she waits a little, but gets in
    let begin = Instant::now();
    let new_place = Caller::at([0, 7, 3]);
    new_place.operator(&hub, "anna").await;
    println!("logged in at a new place after {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn o5_the_guesser_is_stopped_also_with_the_right_password() {
    let hub = TestHub::start();
    let caller = Caller::at([0, 7, 12]);
    let mut guesser = caller.greet(&hub, Role::Operator).await.expect("greeted");
    for _ in 0..8 {
        wrong_password(&mut guesser, "anna").await;
    }
    guesser.send(&log_in("anna", PASSWORD)).await;
    let answer: HubToOperator = guesser.receive().await;
    let HubToOperator::LogInRefused { refusal } = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(refusal.code, RefusalCode::THROTTLED);
}

/// Shakes hands from the caller's address, and sends all that follows from `victim`.
async fn call_as(hub: &TestHub, caller: &Caller, victim: [u8; 3], role: Role) -> Peer {
    let connection = caller.dial(hub).await.expect("a place");
    // until the hub has told its new connection ids, a caller cannot move
    tokio::time::sleep(Duration::from_millis(100)).await;
    caller.move_to(victim);
    let greeted = caller.greet_over(connection, role).await;
    greeted.expect("greeted")
}

#[tokio::test]
async fn h1_a_forged_address_does_not_pay_for_the_forgers_wrong_tickets() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let wrong = unknown(&ticket);
    let (forger, victim) = ([0, 8, 1], [0, 8, 2]);
    let caller = Caller::at(forger);
    let mut host = call_as(&hub, &caller, victim, Role::Host).await;
    for _ in 0..10 {
        let code = host.open_refused(&wrong).await;
        assert_eq!(code, RefusalCode::TICKET_WRONG);
    }
    // the victim has all its tries
    let victim = Caller::at(victim).host(&hub).await;
    let mut pair = Pair::meet(operator, victim, &ticket).await;
    // and the forger has none, from where it really is
    let again = pair.operator.generate_ticket().await;
    let mut host = Caller::at(forger).host(&hub).await;
    assert_eq!(host.open_refused(&again).await, RefusalCode::THROTTLED);
}

#[tokio::test]
async fn o5_a_forged_address_does_not_pay_for_the_forgers_wrong_passwords() {
    let hub = TestHub::start();
    let (forger, victim) = ([0, 9, 1], [0, 9, 2]);
    // enough to make an address wait, on several accounts so that none of them does
    for _ in 0..3 {
        let caller = Caller::at(forger);
        let mut peer = call_as(&hub, &caller, victim, Role::Operator).await;
        for n in 0..9 {
            wrong_password(&mut peer, &format!("nobody-{n}")).await;
        }
    }
    let begin = Instant::now();
    Caller::at(victim).operator(&hub, "bruno").await;
    assert!(begin.elapsed() < Duration::from_secs(4));
}
