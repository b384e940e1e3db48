//! A permanent host that is off is woken through another one of its network: the real hub, its store, its
//! command line and the administration (U2, U4).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::process::Output;
use std::time::Duration;

use protocol::admin as administration;
use protocol::admin::hosts::{Answer, Question};
use protocol::{
    CardAddress, Enrolment, HostId, HostToHub, HubToHost, HubToOperator, Lan, Network,
    OperatorToHub, PeerId, PermanentHost, RefusalCode, Role, WakeNews, WakeOrder, WakeStanding,
};
use serde_json::Value;
use support::window::{Window, admin, audited, hub_with_administrator};
use support::{PASSWORD, PATIENCE, Peer, TestHub};
use transport::HostSigner;

const NETWORK: Network = Network {
    address: [192, 168, 1, 0],
    prefix: 24,
};

fn card(number: u8) -> CardAddress {
    CardAddress([2, 0, 0, 0, 0, number])
}

/// Comes in, with a code where one is given, and says where its network card is.
async fn come(
    hub: &TestHub,
    signer: &HostSigner,
    computer: &str,
    (number, line): (u8, Option<&str>),
) -> Peer {
    let mut peer = hub.host().await;
    let proof = signer.prove(&peer.greeted.connection, hub.fingerprint);
    let host = PermanentHost {
        key: signer.key(),
        proof: proof.expect("signed"),
        computer: computer.into(),
        system: "Linux".into(),
    };
    let hello = match line {
        Some(line) => {
            let enrolment: Enrolment = line.parse().expect("an enrolment");
            let code = enrolment.code;
            HostToHub::Enrol { code, host }
        }
        None => HostToHub::ComeIn { host },
    };
    peer.send(&hello).await;
    let accepted = peer.receive().await;
    assert!(
        matches!(accepted, HubToHost::HostAccepted { .. }),
        "{accepted:?}"
    );
    let lan = Lan {
        card: card(number),
        network: NETWORK,
    };
    peer.send(&HostToHub::Lans { lans: vec![lan] }).await;
    peer
}

async fn leave(peer: Peer) {
    let mut peer = peer;
    peer.send(&HostToHub::Leave).await;
    peer.greeted.connection.closed().await;
}

/// An operator who lists what is not connected.
async fn console(hub: &TestHub) -> Peer {
    let mut console = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    console.send(&support::log_in("anna", PASSWORD)).await;
    console.send(&OperatorToHub::ListSleeping).await;
    console
}

/// The row of a host that is not connected, once it stands so.
async fn sleeping(console: &mut Peer, wanted: WakeStanding) -> PeerId {
    let row = console.wait_for(|message| match message {
        HubToOperator::Sleeping { sleeping } if sleeping.standing == wanted => {
            assert!(!sleeping.entry.present && sleeping.entry.yours);
            Some(sleeping.entry.id)
        }
        _ => None,
    });
    row.await
}

async fn news(console: &mut Peer) -> WakeNews {
    let news = console.wait_for(|message| match message {
        HubToOperator::Waking { news, .. } => Some(news),
        _ => None,
    });
    news.await
}

async fn ordered(peer: &mut Peer) -> (u64, WakeOrder) {
    loop {
        if let HubToHost::Wake { wake, order } = peer.receive().await {
            return (wake, order);
        }
    }
}

/// `hub admin host wake TILL-1`, in a process of its own.
fn wake_by_hand(hub: &TestHub, more: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hub"));
    command.args(["admin", "host", "wake", "TILL-1"]).args(more);
    let output = command.arg("--data").arg(&hub.data).output();
    output.expect("hub runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The rows of the audit log, once there are so many: they are stored a moment later.
async fn audited_soon(hub: &TestHub, action: &str, rows: usize) -> Vec<(String, String)> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = audited(hub, action);
        if found.len() >= rows {
            assert_eq!(found.len(), rows, "{found:?}");
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "{action}: {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn u2_a_host_is_woken_by_operator_window_and_command_line_also_after_a_crash_of_the_hub() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-group", "Shops"]);
    admin(&hub, &["change", "anna", "--group", "Shops"]);
    admin(&hub, &["host", "add-group", "Tills", "--seen-by", "Shops"]);
    let said = admin(
        &hub,
        &[
            "host", "invite", "--json", "--uses", "2", "--group", "Tills",
        ],
    );
    let shown: Value = serde_json::from_str(&said).expect("JSON");
    let line = shown["invitation"].as_str().expect("a line");
    let keys = [(); 2].map(|()| HostSigner::generate().expect("a key"));
    let [till, office] = &keys;
    leave(come(&hub, till, "TILL-1", (1, Some(line))).await).await;
    let office_pc = come(&hub, office, "TILL-2", (2, Some(line))).await;

    // the hub is started anew, and knows where they are
    drop(office_pc);
    let hub = hub.kill_and_restart();
    let mut anna = console(&hub).await;
    sleeping(&mut anna, WakeStanding::Alone).await;
    let mut office_pc = come(&hub, office, "TILL-2", (2, None)).await;
    let row = sleeping(&mut anna, WakeStanding::Ready).await;

    // an operator
    anna.send(&OperatorToHub::Wake { host: row }).await;
    let begun = news(&mut anna).await;
    assert!(
        matches!(&begun, WakeNews::Begun { through, .. } if through == &["TILL-2".into()]),
        "{begun:?}"
    );
    let (wake, order) = ordered(&mut office_pc).await;
    assert_eq!((order.network, order.cards), (NETWORK, vec![card(1)]));
    office_pc.send(&HostToHub::Woke { wake, sent: true }).await;
    let mut till_pc = come(&hub, till, "TILL-1", (1, None)).await;
    assert_eq!(news(&mut anna).await, WakeNews::Connected);
    let waking = audited_soon(&hub, "host.waking", 1).await;
    let (actor, detail) = &waking[0];
    assert_eq!(actor, "anna");
    assert!(
        ["TILL-1", "TILL-2"]
            .iter()
            .all(|part| detail.contains(part)),
        "{detail}"
    );
    audited_soon(&hub, "host.woken", 1).await;

    // the command line, while it is connected, and while it is not
    let output = wake_by_hand(&hub, &[]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("it is connected already"), "{said}");
    leave(till_pc).await;
    sleeping(&mut anna, WakeStanding::Ready).await;
    let output = wake_by_hand(&hub, &["--json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(shown["through"][0], "TILL-2", "{shown}");
    ordered(&mut office_pc).await;

    // the administrator's window, while that is under way
    let host = HostId(shown["host"].as_i64().expect("a number"));
    let mut window = Window::signed_in(&hub, "carla").await;
    let question = administration::Question::Hosts(Question::Wake { host });
    match window.ask_hub(question).await {
        administration::Answer::Hosts(Answer::Waking { through }) => {
            assert_eq!(through, ["TILL-2".into()]);
        }
        other => panic!("{other:?}"),
    }
    // begun once more by the command line, and no third time
    audited_soon(&hub, "host.waking", 2).await;

    // outside of the hours nobody wakes anything, and it is told
    till_pc = come(&hub, till, "TILL-1", (1, None)).await;
    leave(till_pc).await;
    let row = sleeping(&mut anna, WakeStanding::Ready).await;
    let never = ["settings", "set", "unattended-hours", "mon 00:00-00:01"];
    let set = support::run_hub(&[&never[..], &["--data", hub.data_text()]].concat(), "");
    assert!(set.status.success(), "{}", support::text(&set));
    // a hub that runs hears of it in a moment
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        anna.send(&OperatorToHub::Wake { host: row }).await;
        match news(&mut anna).await {
            WakeNews::Refused(refusal) if refusal.code == RefusalCode::OUTSIDE_HOURS => break,
            other => assert!(tokio::time::Instant::now() < end, "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let refused = audited_soon(&hub, "host.not_woken", 1).await;
    let outside = |(_, detail): &(String, String)| detail.contains("outside of the hours");
    assert!(refused.iter().any(outside), "{refused:?}");
}
