//! The engine against a hub, or somebody in it, that breaks the rules: it is found out, and nothing of
//! what it made is done.

use std::time::Duration;

use crate::support::{
    BOTH, FakeHub, Host, OPERATOR, PATIENCE, SESSION, admission, ended, failed, in_session, lost,
    press, said,
};
use bytes::Bytes;
use host_engine::{ConnectProblem, EndCause, HostEvent, LostCause};
use protocol::{HostToHub, HubToHost, InputEvent, Rights};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_input_is_not_done_and_ends_the_session() {
    let (_hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let forged = seat.input.write_body(vec![7; 40].into());
    forged.await.expect("written");
    assert_eq!(host.wait_for(ended), EndCause::Forged);
    assert!(matches!(desk.hear().await, HostToHub::EndForged { .. }));
    let done = host.log.events();
    assert!(done.iter().all(|event| *event == InputEvent::ReleaseAll));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_word_of_the_viewer_ends_the_session() {
    let (_hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let forged = seat.viewer.write_body(vec![7; 40].into());
    forged.await.expect("written");
    assert_eq!(host.wait_for(ended), EndCause::Forged);
    assert!(matches!(desk.hear().await, HostToHub::EndForged { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_question_is_found_out() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    let mut word = console.question(Rights::SEE);
    let at = word.body.iter().position(|byte| *byte == 1);
    let mut body = word.body.to_vec();
    body[at.expect("the right to see")] = 3;
    word.body = body.into();
    desk.say(HubToHost::ConsentAsked {
        session: SESSION,
        from: OPERATOR,
        word,
    })
    .await;
    let first = host.wait_for(|event| match event {
        HostEvent::ConsentAsked { .. } => Some(None),
        event => lost(event).map(Some),
    });
    assert_eq!(first, Some(LostCause::Nonsense), "nobody is asked");
    assert_eq!(desk.hear().await, HostToHub::Leave);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_out_of_order_end_everything() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    let (first, second) = (console.chat(1), console.chat(2));
    desk.say(second).await;
    desk.say(first).await;
    assert_eq!(host.wait_for(ended), EndCause::Forged);
    assert!(host.log.wait_until_released(PATIENCE));
    assert_eq!(host.wait_for(lost), LostCause::Nonsense);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_that_is_said_twice_ends_everything() {
    let (_hub, host, mut desk, mut console, _seat) = in_session(BOTH).await;
    let word = console.chat(1);
    desk.say(word.clone()).await;
    desk.say(word).await;
    assert_eq!(host.wait_for(ended), EndCause::Forged);
    assert_eq!(host.wait_for(lost), LostCause::Nonsense);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_that_the_hub_made_ends_everything() {
    let (_hub, host, mut desk, mut console, _seat) = in_session(BOTH).await;
    let HubToHost::Said { mut word, .. } = console.chat(1) else {
        panic!("a word");
    };
    word.tag = [0; 16];
    word.body = Bytes::from_static(b"anything");
    desk.say(said(word)).await;
    assert_eq!(host.wait_for(ended), EndCause::Forged);
    assert_eq!(host.wait_for(lost), LostCause::Nonsense);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greeting_without_the_tickets_key_ends_everything() {
    let (_hub, host, mut desk, _console, _seat) = in_session(BOTH).await;
    desk.say(HubToHost::Greeted {
        from: OPERATOR,
        greeting: protocol::Greeting {
            public: [9; 32],
            answers: [0; 32],
            state: Bytes::new(),
            proof: [9; 32],
        },
    })
    .await;
    assert_eq!(host.wait_for(ended), EndCause::Forged);
    assert_eq!(host.wait_for(lost), LostCause::Nonsense);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_after_a_no_nothing_starts() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    console.ask(&mut desk, BOTH).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(None);
    assert_eq!(console.answer(&mut desk).await, None);
    desk.say(HubToHost::SessionStarted { session: SESSION })
        .await;
    let stream = tokio::time::timeout(Duration::from_millis(300), desk.connection.accept_uni());
    assert!(stream.await.is_err(), "no stream opens");
    assert!(host.untouched());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e2_a_hub_that_plays_the_console_is_found_out() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    desk.until_proof().await;
    desk.say(HubToHost::TicketAccepted {
        proof: vec![3; 32].into(),
        admission: admission(60),
    })
    .await;
    let problem = host.wait_for(failed);
    assert_eq!(problem, ConnectProblem::FalseConsole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e2_another_hub_under_the_same_address_is_not_spoken_to() {
    let (hub, other) = (FakeHub::listen(), FakeHub::listen());
    let host = Host::start(hub.address, other.pin);
    host.open_ticket();
    assert!(!hub.is_believed().await);
    assert_eq!(host.wait_for(failed), ConnectProblem::ForeignKey);
}
