//! What those may cost the hub who have neither logged in nor brought a ticket (B2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{
    HostToHub, HostWord, HubToHost, Lane, RefusalCode, Rights, Role, SessionId, TicketRoute, wire,
};
use support::caller::{Caller, first_packets, socket};
use support::{Pair, TestHub};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use transport::{CloseReason, Connection};

const KIB: u64 = 1024;
/// The most that a stranger tries to send; only spares the machine where the hub takes it.
const STRANGER_SENDS: usize = 512 * 1024;
/// What a stranger may cost the hub, whatever it sends.
const STRANGER_MAY_COST: u64 = 64 * KIB;

/// Sends as much as the hub takes. With `hello`, a frame that never ends follows it; without, the
/// hello never ends, and everything else goes into streams that the hub has not asked for.
async fn send_all_one_can(connection: &Connection, hello: bool) {
    let sent = async {
        let mut streams = Vec::new();
        let (mut control, answers) = connection.open_bi().await?;
        if hello {
            let hello = wire::encode(&support::caller::hello(Role::Host), 1000);
            control.write_all(&hello.expect("small")).await?;
            control.write_all(&8_000_u32.to_le_bytes()).await?;
            control.write_all(&[1; 7_999]).await?;
        } else {
            control.write_all(&[1, 0]).await?;
        }
        streams.push((control, Some(answers)));
        if !hello {
            for _ in 0..STRANGER_SENDS / (16 << 10) {
                let mut stream = connection.open_uni().await?;
                stream.write_all(&[1; 16 << 10]).await?;
                streams.push((stream, None));
            }
        }
        // a stream that is dropped would end
        std::future::pending::<()>().await;
        drop(streams);
        Ok::<_, anyhow::Error>(())
    };
    drop(timeout(Duration::from_mins(1), sent).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_a_thousand_strangers_take_little_memory_whatever_they_send() {
    const CALLERS: u8 = 40;
    const CALLS: usize = 25;
    let hub = Arc::new(TestHub::start());
    let witness = hub.pair("anna").await;
    let before = hub.resident_bytes();
    // a few at once: one after the other, the first would be cut before the last had come
    let at_once = Arc::new(Semaphore::new(4));
    let mut callers = tokio::task::JoinSet::new();
    let mut strangers = tokio::task::JoinSet::new();
    for n in 0..CALLERS {
        let (hub, caller) = (Arc::clone(&hub), Caller::at([0, 1, n + 1]));
        let at_once = Arc::clone(&at_once);
        callers.spawn(async move {
            let mut calls = Vec::new();
            for _ in 0..CALLS {
                let _turn = at_once.acquire().await.expect("open");
                calls.push(caller.dial(&hub).await.expect("a place"));
            }
            calls
        });
    }
    let mut calls = Vec::new();
    while let Some(made) = callers.join_next().await {
        for call in made.expect("no panic") {
            let with_hello = calls.len() % 2 == 0;
            calls.push(call.clone());
            strangers.spawn(async move { send_all_one_can(&call, with_hello).await });
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = hub.resident_bytes();
    // what those cost who are gone counts as if it were of those who are there
    let open = calls.iter().filter(|c| c.close_reason().is_none()).count();
    assert!(open >= 600, "only {open} strangers were still there");
    let cost = after.saturating_sub(before) / u64::try_from(open).expect("small");
    println!(
        "{open} strangers: {} KiB each when they sent all they can; {} MiB in all",
        cost / KIB,
        after / KIB / KIB
    );
    assert!(cost <= STRANGER_MAY_COST, "{} KiB each", cost / KIB);
    assert!(witness.host.greeted.connection.close_reason().is_none());
}

/// Sends a picture of 6 MiB and takes it at the other end.
async fn send_a_large_picture(pair: &mut Pair, session: SessionId) {
    let mut screen = pair.open(Lane::Screen, session).await;
    let frame = support::screen_frame(1, 6 << 20);
    let sending = tokio::spawn(async move {
        support::send_tagged(&mut screen, &frame).await;
        screen
    });
    let (_, mut seen) = pair.operator.accept_stream().await;
    let read = timeout(support::PATIENCE, seen.read_body()).await;
    let body = read.expect("in time").expect("whole").expect("there");
    assert!(body.len() > 6 << 20);
    drop(sending.await);
}

#[tokio::test]
async fn b2_who_is_admitted_may_send_at_full_size() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    send_a_large_picture(&mut pair, session).await;
    let text = "x".repeat(protocol::limits::MAX_CHAT_BYTES);
    let text = protocol::BoundedText::cut(&text);
    pair.host_says(&HostWord::Chat { line: 1, text }).await;
    let heard = pair.operator_hears().await;
    assert!(matches!(heard, HostWord::Chat { line: 1, .. }), "{heard:?}");
}

#[tokio::test]
async fn b2_who_comes_back_is_a_stranger_until_its_secret_is_right_and_then_admitted_at_once() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let admission = pair.host.admission.expect("a place");
    let (you, secret) = (admission.you, admission.secret);
    let mut host = hub.host().await;
    let moment = Duration::from_millis(300);
    let opened = timeout(moment, host.greeted.connection.open_uni()).await;
    assert!(opened.is_err(), "a stream before the secret");
    host.send(&HostToHub::Resume { you, secret }).await;
    let running = host.wait_for(|m| match m {
        HubToHost::Resumed { running, .. } => Some(running),
        _ => None,
    });
    assert_eq!(running.await.len(), 1);
    pair.host = host;
    send_a_large_picture(&mut pair, session).await;
}

#[tokio::test]
async fn b2_strangers_from_three_addresses_do_not_keep_operators_and_users_out() {
    let args = [
        "--max-connections",
        "60",
        "--max-connections-per-address",
        "20",
    ];
    let hub = TestHub::start_with(&args);
    let mut strangers = Vec::new();
    for n in 1..=3 {
        let caller = Caller::at([0, 2, n]);
        for _ in 0..20 {
            strangers.push(caller.greet(&hub, Role::Host).await.ok());
        }
    }
    meet_from(&hub, [0, 2, 101], [0, 2, 102]).await;
}

#[tokio::test]
async fn b2_strangers_from_sixty_addresses_do_not_keep_operators_and_users_out() {
    let hub = TestHub::start_with(&["--max-connections", "60"]);
    let mut strangers = Vec::new();
    for n in 1..=60 {
        let caller = Caller::at([0, 3, n]);
        strangers.push(caller.greet(&hub, Role::Host).await.ok());
    }
    meet_from(&hub, [0, 3, 101], [0, 3, 102]).await;
}

/// An operator and a user meet over a ticket, each from an address of its own.
async fn meet_from(hub: &TestHub, operator: [u8; 3], host: [u8; 3]) -> Pair {
    let mut operator = Caller::at(operator).operator(hub, "anna").await;
    let ticket = operator.generate_ticket().await;
    let host = Caller::at(host).host(hub).await;
    Pair::meet(operator, host, &ticket).await
}

#[tokio::test]
async fn b2_one_address_has_few_places_and_its_oldest_stranger_makes_room() {
    let hub = TestHub::start();
    let witness = Caller::at([0, 4, 2]).host(&hub).await;
    let caller = Caller::at([0, 4, 1]);
    let mut strangers = Vec::new();
    for _ in 0..100 {
        strangers.push(caller.dial(&hub).await.expect("a place"));
    }
    // who has to go is told
    tokio::time::sleep(Duration::from_secs(1)).await;
    let reasons = strangers.iter().map(Connection::close_reason);
    let closed: Vec<_> = reasons.take_while(Option::is_some).flatten().collect();
    println!(
        "of 100 from one address {} are left",
        strangers.len() - closed.len()
    );
    assert_eq!(strangers.len() - closed.len(), 32);
    let full = CloseReason::Refused(RefusalCode::FULL.into());
    assert!(closed.iter().all(|r| CloseReason::from(r) == full));
    let left = &strangers[closed.len()..];
    assert!(left.iter().all(|s| s.close_reason().is_none()));
    assert!(witness.greeted.connection.close_reason().is_none());
    // somebody behind the same address meets an operator all the same
    let mut operator = caller.operator(&hub, "anna").await;
    let ticket = operator.generate_ticket().await;
    let host = caller.host(&hub).await;
    Pair::meet(operator, host, &ticket).await;
}

#[tokio::test]
async fn b2_a_host_without_a_ticket_is_sent_away_in_time() {
    let hub = TestHub::start();
    let operator = hub.operator("anna").await;
    let silent = hub.host().await;
    let mut refused = hub.host().await;
    let begin = Instant::now();
    let message = HostToHub::OpenTicket {
        route: TicketRoute::new(1234).expect("four digits"),
        computer: "PC".into(),
        user: "X".into(),
        system: "Linux".into(),
        exchange: vec![1; 33].into(),
    };
    refused.send(&message).await;
    let answer: HubToHost = refused.receive().await;
    assert!(matches!(answer, HubToHost::TicketRefused { .. }));
    let closed = timeout(Duration::from_secs(30), silent.greeted.connection.closed());
    let reason = closed.await.expect("sent away within half a minute");
    println!("sent away after {:?}", begin.elapsed());
    let expected = CloseReason::Refused(RefusalCode::TIMED_OUT.into());
    assert_eq!(CloseReason::from(&reason), expected);
    // who typed a ticket wrong has longer to look for the right one; who logged in may stay
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(refused.greeted.connection.close_reason().is_none());
    assert!(operator.greeted.connection.close_reason().is_none());
}

#[tokio::test]
async fn b2_forged_first_packets_cost_the_victim_no_place_and_are_not_amplified() {
    let hub = TestHub::start_with(&["--max-connections-per-address", "20"]);
    let victim = [0, 5, 1];
    let forger = socket(victim);
    let mut sent = 0;
    for packet in first_packets(30).await {
        sent += forger.send_to(&packet, hub.socket_address()).expect("sent");
    }
    let call = Caller::at(victim);
    let host = timeout(Duration::from_secs(5), call.greet(&hub, Role::Host)).await;
    let host = host.expect("an answer").map_err(|e| CloseReason::from(&e));
    assert!(host.is_ok(), "{:?}", host.err());
    // all that the hub ever says to the one who did not call
    let heard = tokio::task::spawn_blocking(move || {
        let pause = Some(Duration::from_secs(3));
        forger.set_read_timeout(pause).expect("set");
        let mut heard = 0;
        while let Ok(len) = forger.recv(&mut [0; 1500]) {
            heard += len;
        }
        heard
    });
    let heard = heard.await.expect("heard");
    println!("{sent} forged bytes made the hub send {heard}");
    assert!(heard <= sent, "amplified");
}
