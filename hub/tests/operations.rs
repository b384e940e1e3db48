//! A running hub from the command line and from a monitoring system (O11, B5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "the peers of the tests, which fail on what a hub should not say"
)]

mod support;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use protocol::{EndedBy, HostToHub, HubToHost, HubToOperator, Lane, Rights};
use serde_json::Value;
use support::window::{admin, audited, try_admin};
use support::{Peer, TestHub, folder, hub_command, run_hub, screen_frame, send_tagged, text};

fn json(hub: &TestHub, args: &[&str]) -> Value {
    let args: Vec<&str> = [args, &["--json"]].concat();
    serde_json::from_str(&admin(hub, &args)).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn o11_the_command_line_sees_who_is_there_and_ends_a_session_with_its_reason() {
    let hub = TestHub::start();
    assert_eq!(json(&hub, &["connected"]), Value::Array(Vec::new()));
    let mut pair = hub.pair("anna").await;
    let (session, _keys) = pair.start_session(Rights::SEE).await;
    let connected = json(&hub, &["connected"]);
    let connected = connected.as_array().expect("rows");
    let kinds: Vec<&Value> = connected.iter().map(|row| &row["kind"]).collect();
    assert!(kinds.contains(&&Value::from("operator")), "{connected:?}");
    assert!(kinds.contains(&&Value::from("user")), "{connected:?}");
    let sessions = json(&hub, &["sessions"]);
    assert_eq!(sessions[0]["session"], session.0);
    assert_eq!(sessions[0]["operators"][0], "ANNA");

    let id = session.0.to_string();
    let end = ["session", "end", &id, "--reason", "wrong customer"];
    let asked = Instant::now();
    admin(&hub, &end);
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    let by = pair
        .host
        .wait_for(|message| match message {
            HubToHost::SessionEnded { by, .. } => Some(by),
            _ => None,
        })
        .await;
    assert_eq!(by, EndedBy::Administrator);
    let by = pair
        .operator
        .wait_for(|message| match message {
            HubToOperator::SessionEnded { by, .. } => Some(by),
            _ => None,
        })
        .await;
    assert_eq!(by, EndedBy::Administrator);
    let explained = audited(&hub, "session.end_explained");
    assert!(explained[0].1.contains("wrong customer"), "{explained:?}");
    assert_eq!(json(&hub, &["sessions"]), Value::Array(Vec::new()));
    let (said, done) = try_admin(&hub.data, &end);
    assert!(!done && said.contains("does not run"), "{said}");

    // a host sent away has no place to come back to
    let rows = json(&hub, &["connected"]);
    let host = rows.as_array().expect("rows").iter();
    let host = host.clone().find(|row| row["kind"] == "user");
    let host = host.expect("a row")["id"]
        .as_str()
        .expect("text")
        .to_owned();
    admin(&hub, &["disconnect", &host]);
    let (said, done) = try_admin(&hub.data, &["disconnect", &host]);
    assert!(!done && said.contains("nobody"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn o11_without_a_running_hub_or_its_token_nobody_learns_or_ends_anything() {
    let mut hub = TestHub::start();
    let place = hub.data.join("running.json");
    let kept = std::fs::read_to_string(&place).expect("a file");
    let found: Value = serde_json::from_str(&kept).expect("JSON");
    let address = found["address"].as_str().expect("text").to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&place)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let none = format!(
        "{{\"token\":\"{}\",\"question\":\"Live\"}}\n",
        "0".repeat(32)
    );
    let long = format!("{{\"token\":\"{}\"", "x".repeat(1 << 20));
    for line in [
        none.as_str(),
        "nonsense\n",
        "\n",
        "[1]\n",
        &long,
        &"[".repeat(4000),
    ] {
        let mut stream = TcpStream::connect(&address).expect("connected");
        // it may hang up before all is said
        drop(stream.write_all(line.as_bytes()));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        assert_eq!(answer, "", "to {:?}", &line[..line.len().min(40)]);
    }
    assert_eq!(json(&hub, &["sessions"]), Value::Array(Vec::new()));

    hub.kill();
    // what is left of a hub that was killed leads nowhere
    assert!(place.exists());
    let (said, done) = try_admin(&hub.data, &["sessions"]);
    assert!(!done && said.contains("no hub runs"), "{said}");
    let mut again = TestHub::serve(&hub.data, &[]);
    assert_eq!(json(&again, &["sessions"]), Value::Array(Vec::new()));
    again.terminate();
    again.wait(Duration::from_secs(10)).expect("stopped");
    assert!(!place.exists(), "gone in good order");
}

/// The status and body of an answer to a GET.
fn get(address: &str, path: &str) -> (u16, String, String) {
    let answer = support::plain_get(address, path);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head[9..12].parse().expect("a status");
    (status, head.to_ascii_lowercase(), body.to_owned())
}

/// Reads Prometheus' text format 0.0.4 as strictly as its own checker: each family once, its HELP and TYPE
/// before its values, names and labels well formed, counters called so.
fn parse_metrics(page: &str) -> BTreeMap<String, u64> {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut values = BTreeMap::new();
    let mut families: BTreeMap<String, String> = BTreeMap::new();
    let mut helped = String::new();
    let mut current = String::new();
    assert!(page.ends_with('\n'));
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help");
            assert!(is_name(name) && help.len() > 5, "{line}");
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, helped, "help and type belong together");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            let twice = families.insert(name.to_owned(), kind.to_owned());
            assert_eq!(twice, None, "{name} twice");
            name.clone_into(&mut current);
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = series.split('{').next().expect("a name");
            assert_eq!(name, current, "values follow their type");
            if let Some(labels) = series
                .strip_prefix(name)
                .filter(|labels| !labels.is_empty())
            {
                let inner = labels.strip_prefix('{').and_then(|l| l.strip_suffix('}'));
                let (label, said) = inner.expect("braces").split_once('=').expect("a label");
                assert!(is_name(label), "{line}");
                assert!(
                    said.len() > 2 && said.starts_with('"') && said.ends_with('"'),
                    "{line}"
                );
            }
            let value: u64 = value.parse().expect("a number");
            let twice = values.insert(series.to_owned(), value);
            assert_eq!(twice, None, "{series} twice");
        }
    }
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_the_figures_are_true_and_name_nobody() {
    let hub = TestHub::start_with(&["--metrics-listen", "127.0.0.1:0"]);
    let ready = std::fs::read_to_string(hub.data.join("ready.json")).expect("a file");
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    let address = ready["metrics"].as_str().expect("an address").to_owned();
    let figures = || {
        let (status, head, body) = get(&address, "/metrics");
        assert_eq!(status, 200);
        assert!(
            head.contains("content-type: text/plain; version=0.0.4"),
            "{head}"
        );
        (parse_metrics(&body), body)
    };
    let (before, _) = figures();
    assert_eq!(before["hub_sessions"], 0);
    assert_eq!(before["hub_relayed_bytes_total"], 0);
    assert_eq!(before["hub_films"], 0);
    assert!(before["hub_disk_free_bytes"] > 0);

    let mut pair = hub.pair("anna").await;
    let _stranger = hub.host().await;
    let (session, _keys) = pair.start_session(Rights::SEE).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 5000)).await;
    let end = Instant::now() + Duration::from_secs(20);
    let (now, body) = loop {
        let (now, body) = figures();
        if now["hub_relayed_bytes_total"] >= 5000 || Instant::now() > end {
            break (now, body);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(now["hub_relayed_bytes_total"] >= 5000, "{body}");
    assert_eq!(now["hub_connections{kind=\"operator\"}"], 1);
    assert_eq!(now["hub_connections{kind=\"user\"}"], 1);
    assert_eq!(now["hub_connections{kind=\"stranger\"}"], 1);
    assert_eq!(now["hub_admitted_connections"], 2);
    assert_eq!(now["hub_sessions"], 1);
    assert!(body.contains(concat!(
        "hub_build_info{version=\"",
        env!("CARGO_PKG_VERSION"),
        "\"} 1"
    )));
    for name in ["anna", "ANNA", "PC", &hub.fingerprint.to_string()] {
        assert!(!body.contains(name), "{name} in {body}");
    }

    assert_eq!(get(&address, "/healthz").0, 200);
    let (status, _, said) = get(&address, "/readyz");
    assert_eq!((status, said.trim()), (200, "ready"));
    assert_eq!(get(&address, "/").0, 404);
    // who only connects and says nothing keeps nobody out for long
    let idle: Vec<_> = (0..40)
        .filter_map(|_| TcpStream::connect(&address).ok())
        .collect();
    let end = Instant::now() + Duration::from_secs(20);
    while !answers(&address) {
        assert!(Instant::now() < end, "kept out");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(idle);
}

#[test]
fn b1_a_program_that_stays_for_figures_keeps_no_hub_from_a_clean_stop() {
    let mut hub = TestHub::start_with(&["--metrics-listen", "127.0.0.1:0"]);
    let ready = std::fs::read_to_string(hub.data.join("ready.json")).expect("a file");
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    let address = ready["metrics"].as_str().expect("an address");
    let place = std::fs::read(hub.data.join("running.json")).expect("a file");
    let place: Value = serde_json::from_slice(&place).expect("JSON");
    let local = place["address"].as_str().expect("an address");
    let _stays = [address, local].map(|at| {
        let mut stream = TcpStream::connect(at).expect("connected");
        stream.write_all(b"GET /metrics HT").expect("said");
        stream
    });
    std::thread::sleep(Duration::from_millis(200));
    hub.terminate();
    let ended = hub.wait(Duration::from_secs(5)).expect("stopped");
    assert!(ended.success());
    assert!(
        !hub.data.join("hub.db-wal").exists(),
        "the data base is closed"
    );
}

fn answers(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    drop(stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    answer.contains("200 OK")
}

#[test]
fn b5_who_is_refused_is_counted_by_reason() {
    let hub = TestHub::start_with(&["--metrics-listen", "127.0.0.1:0", "--max-strangers", "20"]);
    let ready = std::fs::read_to_string(hub.data.join("ready.json")).expect("a file");
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    let address = ready["metrics"].as_str().expect("an address").to_owned();
    let count = |of: &str, reason: &str| {
        let figures = parse_metrics(&get(&address, "/metrics").2);
        figures[&format!("hub_refused_{of}_total{{reason=\"{reason}\"}}")]
    };
    let wait_for = |wanted: u64, reason: &str| {
        let end = Instant::now() + Duration::from_secs(20);
        while count("callers", reason) != wanted {
            assert!(
                Instant::now() < end,
                "{} {reason}",
                count("callers", reason)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    for reason in ["address", "all", "made_room", "no_tls", "too_long"] {
        assert_eq!(count("callers", reason), 0, "{reason}");
    }
    // a scanner, and one that begins TLS as nobody does
    for words in [
        b"SSH-2.0-scan\r\n\r\n".as_slice(),
        &[0x16, 3, 1, 0, 4, 9, 9, 9, 9],
    ] {
        let mut stream = TcpStream::connect(hub.web).expect("connected");
        stream.write_all(words).expect("said");
        drop(stream.read_to_end(&mut Vec::new()));
    }
    wait_for(2, "no_tls");
    // half of all places are for strangers
    let silent: Vec<_> = (0..25)
        .map(|_| TcpStream::connect(hub.web).expect("connected"))
        .collect();
    wait_for(5, "made_room");
    assert_eq!(support::web::get(&hub, "/", &[]).status, 200);
    wait_for(6, "made_room");
    assert_eq!(count("connections", "made_room"), 0, "they are others");
    drop(silent);
}

#[test]
fn b5_figures_are_for_this_computer_alone() {
    let folder = folder();
    let data = folder.path().to_str().expect("a plain path");
    let serve = ["serve", "--data", data, "--listen", "127.0.0.1:0"];
    let refused = run_hub(
        &[&serve[..], &["--metrics-listen", "0.0.0.0:0"]].concat(),
        "",
    );
    assert!(!refused.status.success());
    assert!(
        text(&refused).contains("no loopback address"),
        "{}",
        text(&refused)
    );
}

#[test]
fn b5_a_log_for_programs_is_an_object_a_line() {
    let folder = folder();
    let data = folder.path().join("data");
    let data = data.to_str().expect("a plain path");
    let ready = folder.path().join("ready.json");
    let mut hub = hub_command(&[
        "--log",
        "info",
        "serve",
        "--data",
        data,
        "--log-format",
        "json",
    ])
    .args([
        "--listen",
        "127.0.0.1:0",
        "--web-listen",
        "127.0.0.1:0",
        "--ready-file",
    ])
    .arg(&ready)
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .expect("hub starts");
    let end = Instant::now() + Duration::from_secs(30);
    while !ready.exists() {
        assert!(Instant::now() < end, "not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    // the anchor of the audit log is written soon after the start
    std::thread::sleep(Duration::from_millis(500));
    hub.kill().expect("killed");
    let said = hub.wait_with_output().expect("gone").stderr;
    let said = String::from_utf8(said).expect("text");
    assert!(said.lines().count() > 0, "it says something");
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).expect("an object");
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}

/// Whose help desk it is, as the host is told next.
async fn organisation(host: &mut Peer) -> String {
    loop {
        if let HubToHost::Organisation { name } = host.receive_any().await {
            return name.to_string();
        }
    }
}

/// A host that tries a ticket which nobody made, after it was told whose help desk it is.
async fn stranger(hub: &TestHub) -> (Peer, String) {
    let mut host = hub.host().await;
    let message = HostToHub::OpenTicket {
        route: protocol::TicketRoute::new(9999).expect("four digits"),
        computer: "PC".into(),
        user: "X".into(),
        system: "Linux".into(),
        exchange: vec![1; 33].into(),
    };
    host.send(&message).await;
    let HubToHost::Organisation { name } = host.receive_any().await else {
        panic!("something else is said first");
    };
    let refused: HubToHost = host.receive_any().await;
    assert!(matches!(refused, HubToHost::TicketRefused { .. }));
    (host, name.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn h8_every_host_is_told_whose_help_desk_it_is_and_told_again_when_that_changes() {
    let set = |hub: &TestHub, name: &str| {
        let data = hub.data.to_str().expect("plain");
        let set = ["settings", "set", "organisation", name, "--data", data];
        let set = run_hub(&set, "");
        assert!(set.status.success(), "{}", text(&set));
    };
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (mut waiting, name) = stranger(&hub).await;
    assert_eq!(name, "", "none is set");
    set(&hub, "Comune di Prova");
    assert_eq!(organisation(&mut pair.host).await, "Comune di Prova");
    assert_eq!(organisation(&mut waiting).await, "Comune di Prova");
    assert_eq!(stranger(&hub).await.1, "Comune di Prova");

    // also from its start on, and to whoever comes back
    let place = pair.host.admission.expect("a place");
    let hub = hub.kill_and_restart();
    let mut back = hub.host().await;
    let (you, secret) = (place.you, place.secret);
    back.send(&HostToHub::Resume { you, secret }).await;
    assert_eq!(organisation(&mut back).await, "Comune di Prova");
    set(&hub, "");
    assert_eq!(organisation(&mut back).await, "");
}
