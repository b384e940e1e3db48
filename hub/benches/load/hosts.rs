//! What enrolled permanent hosts cost a hub that only stay connected (U1): `--hosts N`.

use std::time::Duration;

use protocol::{Enrolment, HostToHub, HubToHost, PermanentHost};
use serde::Serialize;
use transport::HostSigner;

use crate::play::cpu_ms_per_second;
use crate::support::{Peer, TestHub, run_hub, text};

/// Until a hub has settled after the last one came.
const SETTLED: Duration = Duration::from_secs(3);

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) hosts: u32,
    /// How long it took to enrol them all, one after another.
    pub(crate) enrolled_seconds: f64,
    pub(crate) hub_mib: f64,
    pub(crate) host_kib: f64,
    pub(crate) hub_cpu_ms_per_second: f64,
}

/// Enrols so many hosts by one code and leaves them alone for `time`.
pub(crate) async fn measure(hosts: u32, time: Duration) -> Figures {
    let most = (hosts + 100).to_string();
    let hub = TestHub::start_with(&[
        "--log",
        "warn",
        "--max-connections",
        &most,
        "--max-connections-per-address",
        &most,
    ]);
    let uses = hosts.to_string();
    let data = hub.data_text();
    let invite = [
        "admin", "host", "invite", "--uses", &uses, "--json", "--data", data,
    ];
    let invited = run_hub(&invite, "");
    assert!(invited.status.success(), "{}", text(&invited));
    let line: serde_json::Value = serde_json::from_slice(&invited.stdout).expect("JSON");
    let line = line["invitation"].as_str().expect("a line");
    let enrolment: Enrolment = line.parse().expect("an enrolment");

    let empty = hub.resident_bytes();
    let begun = std::time::Instant::now();
    let mut here = Vec::new();
    for number in 0..hosts {
        here.push(enrol(&hub, &enrolment, number).await);
    }
    let enrolled = begun.elapsed();
    tokio::time::sleep(SETTLED).await;
    let full = hub.resident_bytes();
    let hub_cpu_ms_per_second = cpu_ms_per_second(&hub, time).await;
    for host in &here {
        let is_open = host.greeted.connection.close_reason().is_none();
        assert!(is_open, "a host lost its hub");
    }
    Figures {
        hosts,
        enrolled_seconds: enrolled.as_secs_f64(),
        hub_mib: full as f64 / (1024.0 * 1024.0),
        host_kib: full.saturating_sub(empty) as f64 / 1024.0 / f64::from(hosts),
        hub_cpu_ms_per_second,
    }
}

async fn enrol(hub: &TestHub, enrolment: &Enrolment, number: u32) -> Peer {
    let signer = HostSigner::generate().expect("a key");
    let mut peer = hub.host().await;
    let proof = signer.prove(&peer.greeted.connection, hub.fingerprint);
    let host = PermanentHost {
        key: signer.key(),
        proof: proof.expect("signed"),
        computer: format!("TILL-{number}").as_str().into(),
        system: "Linux".into(),
    };
    let code = enrolment.code;
    peer.send(&HostToHub::Enrol { code, host }).await;
    let accepted = |message| matches!(message, HubToHost::HostAccepted { .. }).then_some(());
    peer.wait_for(accepted).await;
    peer
}
