//! What one operator may take, what a changed password ends, and what a password alone is good for
//! (H1, B3, E2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use protocol::control::Admission;
use protocol::{
    HostState, HubToHost, HubToOperator, OperatorToHub, OperatorWord, Refusal, RefusalCode, Rights,
    Role, TicketRoute,
};
use session::channel::{self, Ends, Opening};
use support::{Peer, TestHub, log_in, run_hub, text};

async fn try_to_generate(operator: &mut Peer) -> Result<TicketRoute, Refusal> {
    operator.send(&OperatorToHub::GenerateTicket).await;
    operator
        .wait_for(|message| match message {
            HubToOperator::TicketGenerated { route, .. } => Some(Ok(route)),
            HubToOperator::TicketRefused { refusal } => Some(Err(refusal)),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn h1_one_operator_cannot_use_up_the_tickets_of_all() {
    let hub = TestHub::start();
    let mut anna = hub.operator("anna").await;
    let mut bruno = hub.operator("bruno").await;
    let mut generated = 0;
    let refusal = loop {
        match try_to_generate(&mut anna).await {
            Ok(route) => {
                generated += 1;
                assert!(generated < 150, "a hundred and fifty within seconds");
                anna.send(&OperatorToHub::RevokeTicket { route }).await;
            }
            Err(refusal) => break refusal,
        }
    };
    println!("refused after {generated} tickets: {refusal:?}");
    assert_eq!(refusal.code, RefusalCode::THROTTLED);
    assert!((1..=3600).contains(&refusal.retry_after_seconds));
    bruno.generate_ticket().await;
}

#[tokio::test]
async fn h1_an_operator_has_a_bounded_number_of_open_tickets() {
    let hub = TestHub::start();
    let mut anna = hub.operator("anna").await;
    let mut open = Vec::new();
    let refusal = loop {
        match try_to_generate(&mut anna).await {
            Ok(route) => open.push(route),
            Err(refusal) => break refusal,
        }
        assert!(open.len() <= 60, "more than sixty are open");
    };
    println!("refused after {} open tickets: {refusal:?}", open.len());
    assert_eq!(refusal.code, RefusalCode::FULL);
    // one that is withdrawn makes room
    let route = open[0];
    anna.send(&OperatorToHub::RevokeTicket { route }).await;
    anna.generate_ticket().await;
}

/// The refusal of an operator who wants to come back to `place`.
async fn come_back(hub: &TestHub, place: Admission) -> RefusalCode {
    let mut peer = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    let (you, secret) = (place.you, place.secret);
    peer.send(&OperatorToHub::Resume { you, secret }).await;
    match peer.receive().await {
        HubToOperator::ResumeRefused { refusal } => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn b3_a_new_password_ends_what_the_old_one_opened() {
    let hub = TestHub::start();
    let mut anna = hub.operator("anna").await;
    let mut bruno = hub.operator("bruno").await;
    let args = ["admin", "set-password", "anna", "--data", hub.data_text()];
    let set = run_hub(&args, "another horse\n");
    assert!(set.status.success(), "{}", text(&set));
    let code = anna.wait_for(|m| match m {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::PASSWORD_CHANGED);
    let place = anna.admission.expect("logged in");
    assert_eq!(
        come_back(&hub, place).await,
        RefusalCode::CANNOT_RESUME,
        "the place is gone too"
    );
    let mut again = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    again.send(&log_in("anna", "another horse")).await;
    let answer: HubToOperator = again.receive().await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
    // others, and the new log-in, are left alone
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(again.greeted.connection.close_reason().is_none());
    bruno.generate_ticket().await;
}

#[tokio::test]
async fn b3_a_password_that_is_changed_while_the_hub_is_down_ends_places_too() {
    let mut hub = TestHub::start();
    let anna = hub.operator("anna").await;
    let mut bruno = hub.operator("bruno").await;
    // places are stored in the order in which they are given, and a ticket is told once it is stored
    bruno.generate_ticket().await;
    hub.kill();
    let args = ["admin", "set-password", "anna", "--data", hub.data_text()];
    let set = run_hub(&args, "another horse\n");
    assert!(set.status.success(), "{}", text(&set));
    let hub = hub.kill_and_restart();
    let place = anna.admission.expect("logged in");
    assert_eq!(come_back(&hub, place).await, RefusalCode::CANNOT_RESUME);
    let mut again = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    let Admission { you, secret, .. } = bruno.admission.expect("logged in");
    again.send(&OperatorToHub::Resume { you, secret }).await;
    let answer: HubToOperator = again.receive().await;
    assert!(
        matches!(answer, HubToOperator::Resumed { .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn e2_a_password_without_the_tickets_key_asks_nobody_anything() {
    let hub = TestHub::start();
    let mut victim = hub.pair("anna").await;
    let host = victim.entry;
    // somebody who learned the password logs in elsewhere, and brings a host and a ticket of their own
    let mut thief = hub.pair("anna").await;
    let you = thief.you();
    let word = thief.console.say(&OperatorWord::Ask {
        asked: Rights::SEE_AND_CONTROL,
        operator: "ANNA".into(),
        formats: (3, 3),
    });
    let ends = Ends { console: you, host };
    let (_opening, greeting) = Opening::begin(thief.key.clone(), ends, [5; 32]);
    let greet = OperatorToHub::Greet { to: host, greeting };
    thief.operator.send(&greet).await;
    thief
        .operator
        .send(&OperatorToHub::StartSession { host, word })
        .await;
    // the hub passes on what it cannot judge; the user's own program does not take it for the operator's
    let greeting = victim.host.wait_for(|m| match m {
        HubToHost::Greeted { greeting, .. } => Some(greeting),
        _ => None,
    });
    let state = HostState {
        computer: "PC-ROSSI".into(),
        user: "Rossi".into(),
        system: "Linux".into(),
        heard: 0,
        live: None,
    };
    let answered = channel::answer(&victim.key, ends, &greeting.await, &state, [6; 32]);
    assert!(answered.is_err(), "greeted without the key");
    let word = victim.host.wait_for(|m| match m {
        HubToHost::ConsentAsked { word, .. } => Some(word),
        _ => None,
    });
    let asked: Result<Option<OperatorWord>, _> = victim.channel.hear(&word.await);
    assert!(asked.is_err(), "asked without the key");
}
