//! What it costs when everybody comes back at once (R4).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::control::Admission;
use protocol::{HostToHub, HubToHost, HubToOperator, RefusalCode, Role};
use support::caller::Caller;
use support::{Peer, TestHub, add_operator};
use tokio::task::JoinSet;
use tokio::time::timeout;
use transport::client::Greeted;
use transport::close::close_refused;

const OPERATORS: u8 = 20;
const HOSTS_OF_OPERATOR: u8 = 50;
/// The addresses from which all come back.
const OFFICES: u8 = 2;
/// What our programs do (`transport::reconnect`): a new try each second, none for longer than four.
const NEXT_TRY: Duration = Duration::from_secs(1);
const TRY_FOR: Duration = Duration::from_secs(4);
const ANSWER_FOR: Duration = Duration::from_secs(5);
/// Two quiet cores, which play the hosts too, take a few seconds with unoptimised programs.
const SETTLED: Duration = Duration::from_secs(30);

/// Lets the hosts of one operator in, from an address of their own.
async fn admit_hosts(mut operator: Peer, home: Caller, hub: Arc<TestHub>) -> Admitted {
    let (mut hosts, mut places) = (Vec::new(), Vec::new());
    for _ in 0..HOSTS_OF_OPERATOR {
        let ticket = operator.generate_ticket().await;
        let mut host = home.host(&hub).await;
        support::admit(&mut operator, &mut host, &ticket).await;
        places.push(host.admission.expect("a place"));
        hosts.push(host);
    }
    // every operator hears of every host
    let reading = tokio::spawn(async move {
        // all of it: a control stream that is dropped says goodbye
        let Greeted {
            mut reader,
            writer: _writer,
            connection: _connection,
            ..
        } = operator.greeted;
        while let Ok(Some(_)) = reader.read::<HubToOperator>().await {}
    });
    Admitted {
        places,
        hosts,
        reading,
    }
}

struct Admitted {
    places: Vec<Admission>,
    hosts: Vec<Peer>,
    reading: tokio::task::JoinHandle<()>,
}

/// One host that comes back, as often as it must; gives how often that was.
async fn come_back(office: [u8; 3], hub: &TestHub, place: Admission) -> (Peer, u32) {
    // a port of its own, as behind a real office's address
    let caller = Caller::at(office);
    let mut tries = 0;
    loop {
        tries += 1;
        let begun = Instant::now();
        if let Ok(Ok(mut host)) = timeout(TRY_FOR, caller.greet(hub, Role::Host)).await {
            let (you, secret) = (place.you, place.secret);
            host.send(&HostToHub::Resume { you, secret }).await;
            let answer = timeout(ANSWER_FOR, host.greeted.reader.read::<HubToHost>()).await;
            if let Ok(Ok(Some(answer))) = answer {
                assert!(matches!(answer, HubToHost::Resumed { .. }), "{answer:?}");
                return (host, tries);
            }
            // to leave in good order would give the place up
            close_refused(&host.greeted.connection, RefusalCode::TIMED_OUT.into());
        }
        tokio::time::sleep(NEXT_TRY.saturating_sub(begun.elapsed())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_thousand_hosts_from_two_addresses_come_back_to_a_hub_that_was_killed() {
    let hub = TestHub::start();
    let mut operators = Vec::new();
    for n in 0..OPERATORS {
        let name = format!("operator{n}");
        add_operator(&hub.data, &name);
        operators.push(hub.operator(&name).await);
    }
    let hub = Arc::new(hub);
    let mut admitting = JoinSet::new();
    for (n, operator) in (100..).zip(operators) {
        let home = Caller::at([0, 10, n]);
        admitting.spawn(admit_hosts(operator, home, Arc::clone(&hub)));
    }
    let admitted = admitting.join_all().await;
    let mib = hub.resident_bytes() >> 20;
    println!("{mib} MiB with a thousand hosts connected");
    let places: Vec<Admission> = admitted.iter().flat_map(|a| a.places.clone()).collect();
    assert_eq!(places.len(), 1000);
    // the last places are on the disk a commit after they are told
    tokio::time::sleep(Duration::from_secs(1)).await;
    let hub = Arc::into_inner(hub).expect("nobody else holds it");
    let hub = Arc::new(hub.kill_and_restart());
    // not before the hub is gone: it would take that for a goodbye
    for admitted in admitted {
        drop(admitted.hosts);
        admitted.reading.abort();
    }
    let (cpu, resident) = (hub.cpu_time(), hub.resident_bytes());
    let begun = Instant::now();
    let mut coming = JoinSet::new();
    for (office, place) in (1..=OFFICES).cycle().zip(places) {
        let hub = Arc::clone(&hub);
        coming.spawn(async move {
            let (host, tries) = come_back([0, 10, office], &hub, place).await;
            (host, tries, begun.elapsed())
        });
    }
    let back = coming.join_all().await;
    let settled = back.iter().map(|(_, _, at)| *at).max().expect("hosts");
    let tries = back.iter().map(|(_, tries, _)| tries).sum::<u32>();
    println!(
        "{} hosts back after {settled:?} and {tries} tries; hub: {:?} of CPU, {} MiB before and {} after",
        back.len(),
        hub.cpu_time().saturating_sub(cpu),
        resident >> 20,
        hub.resident_bytes() >> 20,
    );
    assert!(settled < SETTLED, "{settled:?}");
    let there = back.iter().map(|(host, ..)| &host.greeted.connection);
    let there = there.filter(|connection| connection.close_reason().is_none());
    assert_eq!(there.count(), 1000, "and they stay");
}
