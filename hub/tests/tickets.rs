//! Tickets that are not good, and log-ins that are not (H1, H4, O5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::time::Duration;

use protocol::{HubToHost, HubToOperator, OperatorToHub, RefusalCode, Role, TicketState};
use session::{TicketNumber, TicketSecret};
use support::{PASSWORD, Pair, Peer, SECRET, TestHub, guess, log_in, run_hub};

/// A ticket of the same route with another secret.
fn with_wrong_secret(ticket: &TicketNumber) -> TicketNumber {
    let wrong = TicketNumber::new(ticket.route(), TicketSecret::from_random([8; 16]));
    assert_ne!(&wrong, ticket);
    wrong
}

/// A ticket that nobody made.
fn unknown(ticket: &TicketNumber) -> TicketNumber {
    let other = (ticket.route().get() + 1) % protocol::TicketRoute::COUNT;
    let route = protocol::TicketRoute::new(other).expect("in range");
    TicketNumber::new(route, TicketSecret::from_random(SECRET))
}

#[tokio::test]
async fn h4_each_bad_ticket_has_its_own_refusal_and_another_may_be_tried() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let mut host = hub.host().await;
    assert_eq!(
        host.open_refused(&unknown(&ticket)).await,
        RefusalCode::TICKET_WRONG
    );

    let revoked = operator.generate_ticket().await;
    let revoke = OperatorToHub::RevokeTicket {
        route: revoked.route(),
    };
    operator.send(&revoke).await;
    operator
        .wait_for(|m| matches!(m, HubToOperator::TicketChanged { .. }).then_some(()))
        .await;
    assert_eq!(host.open_refused(&revoked).await, RefusalCode::TICKET_BURNT);

    let mut pair = Pair::meet(operator, host, &ticket).await;
    let mut late = hub.host().await;
    assert_eq!(late.open_refused(&ticket).await, RefusalCode::TICKET_USED);
    let again = pair.operator.generate_ticket().await;
    pair.operator.send(&OperatorToHub::LogOut).await;
    pair.operator.greeted.connection.closed().await;
    wait_until_away(&mut pair.host).await;
    assert_eq!(late.open_refused(&again).await, RefusalCode::OPERATOR_AWAY);
}

async fn wait_until_away(host: &mut Peer) {
    let away = |m| matches!(m, HubToHost::OperatorPresent { present: false, .. }).then_some(());
    host.wait_for(away).await;
}

#[tokio::test]
async fn h1_three_wrong_secrets_burn_a_ticket() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let wrong = with_wrong_secret(&ticket);
    for _ in 0..3 {
        // a guesser who comes anew each time
        let mut host = hub.host().await;
        let code = guess(&mut operator, &mut host, &ticket, &wrong).await;
        assert_eq!(code, RefusalCode::TICKET_WRONG);
    }
    let state = operator.wait_for(|m| match m {
        HubToOperator::TicketChanged { state, .. } => Some(state),
        _ => None,
    });
    assert_eq!(state.await, TicketState::Burnt);
    let mut host = hub.host().await;
    assert_eq!(host.open_refused(&ticket).await, RefusalCode::TICKET_BURNT);
}

#[tokio::test]
async fn h1_two_wrong_secrets_leave_a_ticket_good() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let mut host = hub.host().await;
    for _ in 0..2 {
        guess(
            &mut operator,
            &mut host,
            &ticket,
            &with_wrong_secret(&ticket),
        )
        .await;
    }
    Pair::meet(operator, host, &ticket).await;
}

#[tokio::test]
async fn h1_wrong_numbers_are_throttled_by_address() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let mut host = hub.host().await;
    for _ in 0..10 {
        assert_eq!(
            host.open_refused(&unknown(&ticket)).await,
            RefusalCode::TICKET_WRONG
        );
    }
    // also for another connection, and for a good ticket
    let mut other = hub.host().await;
    match other.open_ticket(&ticket).await.1 {
        HubToHost::TicketRefused { refusal } => {
            assert_eq!(refusal.code, RefusalCode::THROTTLED);
            assert!(
                (1..=61).contains(&refusal.retry_after_seconds),
                "{refusal:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn h1_tickets_wrong_secrets_and_drafts_outlive_a_killed_hub() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let burnt = operator.generate_ticket().await;
    let mut host = hub.host().await;
    for _ in 0..2 {
        guess(
            &mut operator,
            &mut host,
            &ticket,
            &with_wrong_secret(&ticket),
        )
        .await;
    }
    let revoke = OperatorToHub::RevokeTicket {
        route: burnt.route(),
    };
    operator.send(&revoke).await;
    operator
        .wait_for(|m| matches!(m, HubToOperator::TicketChanged { .. }).then_some(()))
        .await;
    let fingerprint = hub.fingerprint;
    let hub = hub.kill_and_restart();
    assert_eq!(hub.fingerprint, fingerprint);
    let mut operator = hub.operator("anna").await;
    let mut host = hub.host().await;
    assert_eq!(host.open_refused(&burnt).await, RefusalCode::TICKET_BURNT);
    let wrong = with_wrong_secret(&ticket);
    guess(&mut operator, &mut host, &ticket, &wrong).await;
    assert_eq!(
        host.open_refused(&ticket).await,
        RefusalCode::TICKET_BURNT,
        "the third guess"
    );
}

async fn refusal(peer: &mut Peer, name: &str, password: &str) -> protocol::Refusal {
    peer.send(&log_in(name, password)).await;
    match peer.receive().await {
        HubToOperator::LogInRefused { refusal } => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn o5_guessing_a_password_gets_slower() {
    let hub = TestHub::start();
    let mut peer = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    for _ in 0..6 {
        let refusal = refusal(&mut peer, "anna", "guess").await;
        assert_eq!(refusal.code, RefusalCode::WRONG_CREDENTIALS);
        // the sixth failure is the first that costs a wait
    }
    let throttled = refusal(&mut peer, "ANNA", PASSWORD).await;
    assert_eq!(throttled.code, RefusalCode::THROTTLED);
    assert!(throttled.retry_after_seconds > 0);
    // others are not hit
    hub.operator("bruno").await;
    tokio::time::sleep(Duration::from_secs(u64::from(
        throttled.retry_after_seconds,
    )))
    .await;
    peer.send(&log_in("anna", PASSWORD)).await;
    let answer = peer.receive().await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn o5_a_failed_log_in_does_not_say_which_names_exist() {
    let hub = TestHub::start();
    let mut peer = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    let known = refusal(&mut peer, "anna", "guess").await;
    let unknown = refusal(&mut peer, "nobody", "guess").await;
    assert_eq!(known, unknown);
}

#[tokio::test]
async fn b3_a_disabled_operator_is_cut_off_and_stays_out() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let args = [
        "admin",
        "disable-operator",
        "anna",
        "--data",
        hub.data_text(),
    ];
    assert!(run_hub(&args, "").status.success());
    let code = operator.wait_for(|m| match m {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::ACCOUNT_DISABLED);
    let mut peer = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    let refused = refusal(&mut peer, "anna", PASSWORD).await;
    assert_eq!(refused.code, RefusalCode::ACCOUNT_DISABLED);
    let refused = refusal(&mut peer, "anna", "guess").await;
    assert_eq!(
        refused.code,
        RefusalCode::WRONG_CREDENTIALS,
        "told to nobody else"
    );
    let args = [
        "admin",
        "enable-operator",
        "anna",
        "--data",
        hub.data_text(),
    ];
    assert!(run_hub(&args, "").status.success());
    hub.operator("anna").await;
}

#[tokio::test]
async fn o6_an_open_ticket_is_extended_by_its_owner_as_often_as_tickets_are_made() {
    let hub = TestHub::start();
    let mut operator = hub.operator("anna").await;
    let ticket = operator.generate_ticket().await;
    let route = ticket.route();
    let expires = |hub: &TestHub| {
        let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
        let sql = "SELECT expires_at FROM ticket";
        database
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .expect("one")
    };
    let before = expires(&hub);
    let extend = OperatorToHub::ExtendTicket { route };
    let mut bruno = hub.operator("bruno").await;
    bruno.send(&extend).await;
    let refused = bruno.wait_for(|m| match m {
        HubToOperator::TicketRefused { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(refused.await, RefusalCode::TICKET_WRONG, "not theirs");
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let mut extended = 0;
    let refusal = loop {
        operator.send(&extend).await;
        let answer = operator.wait_for(|m| match m {
            HubToOperator::TicketExtended { valid_seconds, .. } => Some(Ok(valid_seconds)),
            HubToOperator::TicketRefused { refusal } => Some(Err(refusal)),
            _ => None,
        });
        match answer.await {
            Ok(valid_seconds) => assert!(valid_seconds >= 60, "{valid_seconds}"),
            Err(refusal) => break refusal,
        }
        extended += 1;
    };
    assert_eq!((extended, refusal.code), (59, RefusalCode::THROTTLED));

    // good for longer also for a hub that is started anew
    let hub = hub.kill_and_restart();
    assert!(expires(&hub) >= before + 1000);
    let mut operator = hub.operator("anna").await;
    let revoke = OperatorToHub::RevokeTicket { route };
    operator.send(&revoke).await;
    operator.send(&extend).await;
    for _ in 0..2 {
        let changed = operator.wait_for(|m| match m {
            HubToOperator::TicketChanged { state, .. } => Some(state),
            _ => None,
        });
        assert_eq!(changed.await, TicketState::Revoked);
    }
}

#[tokio::test]
async fn b6_operators_know_whose_help_desk_it_is() {
    let hub = TestHub::start();
    let said = |m| match m {
        HubToOperator::Organisation { name } => Some(name.into_string()),
        _ => None,
    };
    let mut anna = hub.operator("anna").await;
    let set = ["settings", "set", "organisation", "Rossi & Co"];
    let set = [&set[..], &["--data", hub.data_text()]].concat();
    let set = run_hub(&set, "");
    assert!(set.status.success(), "{}", support::text(&set));
    assert_eq!(anna.wait_for(said).await, "Rossi & Co");
    let mut bruno = hub.operator("bruno").await;
    assert_eq!(bruno.wait_for(said).await, "Rossi & Co");
}
