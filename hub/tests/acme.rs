//! A hub that gets its certificate itself, from a real authority (ACME, TLS-ALPN-01).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, StreamOwned};
use serde_json::Value;
use support::authority::{Authority, NAME, open};
use support::web::{self, Tls};
use support::{PATIENCE, TestHub, folder, hub_command, run_hub, text};

const CERTIFICATE: &str = "acme-certificate.pem";
const ACCOUNT: &str = "acme-account.json";
const STATE: &str = "acme-state.json";
const HOUR: Duration = Duration::from_hours(1);

/// What a hub is told that asks `authority`.
fn told(authority: &Authority) -> Vec<String> {
    let (looks_at, directory) = (authority.looks_at().to_string(), authority.directory());
    let roots = authority.roots();
    let told = [
        ("--web-listen", looks_at.as_str()),
        ("--public-address", NAME),
        ("--acme", &directory),
        ("--acme-roots", &roots),
        ("--acme-contact", "administrator@example.org"),
        ("--metrics-listen", "127.0.0.1:0"),
    ];
    told.iter()
        .flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()])
        .collect()
}

/// A hub on `data` that writes its log to `log` beside it.
fn serve(data: &Path, told: &[String]) -> TestHub {
    let mut options = fs::File::options();
    let log = options.create(true).append(true).open(data.join("log"));
    let log = log.expect("a log");
    let mut command = hub_command(&[]);
    command.stderr(log).env("NO_COLOR", "1");
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    TestHub::serve_by(command, data, &told)
}

fn log(data: &Path) -> String {
    fs::read_to_string(data.join("log")).expect("a log")
}

fn state(data: &Path) -> Value {
    let text = fs::read(data.join(STATE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + 2 * PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a try has failed, in which way.
fn wait_for_failure(data: &Path) -> String {
    let fault = || {
        let fault = &state(data)["trouble"]["fault"];
        fault.as_str().unwrap_or("cut-off").to_owned()
    };
    wait_until("a failure", || fault() != "cut-off");
    fault()
}

/// Waits until the hub shows a good certificate for its name.
fn known(hub: &TestHub, root: &CertificateDer<'static>) -> Tls {
    let mut found = None;
    wait_until("a good certificate", || {
        found = open(hub.web, NAME, root).ok();
        found.is_some()
    });
    found.expect("found")
}

/// What the doctor says of the certificate: how it is, what it says, and its advice.
fn doctor(hub: &TestHub, told: &[String]) -> (String, String, String) {
    let udp = hub.address.to_string();
    let mut args = vec![
        "doctor",
        "--json",
        "--data",
        hub.data_text(),
        "--listen",
        &udp,
    ];
    args.extend(told.iter().map(String::as_str));
    let output = run_hub(&args, "");
    let Ok(Value::Array(found)) = serde_json::from_slice(&output.stdout) else {
        panic!("{}", text(&output));
    };
    let mut found = found.into_iter();
    let found = found.find(|row| row["check"] == "certificate");
    let found = found.expect("it is looked at");
    let said = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (said("state"), said("says"), said("advice"))
}

fn figure(hub: &TestHub, name: &str) -> Option<u64> {
    let ready = fs::read_to_string(hub.data.join("ready.json")).expect("a file");
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    let address = ready["metrics"].as_str().expect("an address");
    let page = support::plain_get(address, "/metrics");
    let line = page
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

#[test]
fn e2_a_hub_gets_a_certificate_and_keeps_it_when_it_is_killed() {
    let mut authority = Authority::start(90 * 24 * HOUR);
    let root = authority.root();
    let place = folder();
    let data = place.path();
    let told = told(&authority);
    let hub = serve(data, &told);
    let mut visitor = known(&hub, &root);
    let shown = web::certificate(&visitor);
    let answer = web::ask(&mut visitor, "/", &[]).expect("an answer");
    assert_eq!(answer.status, 200);
    let strict = answer.header("strict-transport-security");
    assert_eq!(strict, Some("max-age=86400"), "browsers know this one");
    for name in [CERTIFICATE, ACCOUNT, STATE] {
        wait_until(name, || data.join(name).exists());
        let mode = fs::metadata(data.join(name)).expect("a file").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    assert!(log(data).contains("New certificate"), "{}", log(data));
    assert_eq!(state(data)["failures"], 0);
    let (is, says, _) = doctor(&hub, &told);
    assert_eq!(is, "ok", "{says}");
    assert!(says.contains("0 days old and good for 89 more"), "{says}");
    assert_eq!(figure(&hub, "hub_certificate_days_left"), Some(89));
    assert_eq!(figure(&hub, "hub_certificate_failures"), Some(0));

    // who asks for a challenge that is over gets nothing
    let mut config = support::caller::tls_config_of(&[&rustls::version::TLS13]);
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let name = ServerName::try_from(NAME).expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut asks = StreamOwned::new(client, web::plain(hub.web).expect("connected"));
    let refused = asks.conn.complete_io(&mut asks.sock);
    assert!(refused.is_err(), "{refused:?}");

    // without the authority, and at once
    authority.pause();
    drop(hub);
    let hub = serve(data, &told);
    let again = open(hub.web, NAME, &root).expect("known");
    assert_eq!(web::certificate(&again), shown);
    assert_eq!(state(data)["failures"], 0, "nothing was asked");

    // a copy of the hub has it too
    let (copy, restored) = (folder(), folder());
    let (copy, restored) = (copy.path().join("copy"), restored.path().join("data"));
    let plain = |path: &Path| path.to_str().expect("plain").to_owned();
    let (copy, restored_text) = (plain(&copy), plain(&restored));
    for args in [
        ["backup", &copy, "--data", hub.data_text()],
        ["restore", &copy, "--data", &restored_text],
    ] {
        let done = run_hub(&args, "");
        assert!(done.status.success(), "{}", text(&done));
    }
    drop(hub);
    let hub = serve(&restored, &told);
    let again = open(hub.web, NAME, &root).expect("known");
    assert_eq!(web::certificate(&again), shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn e2_a_certificate_is_renewed_without_losing_anybody_and_the_old_one_stays_if_it_cannot_be()
{
    const LIFE: Duration = Duration::from_secs(24);
    let mut authority = Authority::start(LIFE);
    let root = authority.root();
    let place = folder();
    let data = place.path();
    support::add_operator(data, "anna");
    let told = told(&authority);
    let mut hub = serve(data, &told);
    hub.without_udp();
    let mut operator = hub.operator("anna").await;
    let mut visitor = known(&hub, &root);
    let (first, at) = (web::certificate(&visitor), Instant::now());

    wait_until("another certificate", || {
        let answer = web::ask(&mut visitor, "/style.css", &[]).expect("the connection goes on");
        assert_eq!(answer.status, 200);
        web::certificate(&known(&hub, &root)) != first
    });
    let took = at.elapsed();
    assert!(took > LIFE / 2, "too early: {took:?}");
    let late = took + Duration::from_secs(2);
    assert!(late < LIFE, "too late: {took:?}");
    let renewed = Instant::now();
    let second = web::certificate(&known(&hub, &root));
    let answer = web::ask(&mut visitor, "/", &[]).expect("the connection goes on");
    assert_eq!(answer.status, 200);
    operator.generate_ticket().await;

    authority.pause();
    assert_eq!(wait_for_failure(data), "unreachable", "{}", log(data));
    assert!(renewed.elapsed() > LIFE / 2, "{:?}", renewed.elapsed());
    let still = open(hub.web, NAME, &root).expect("the old one stays");
    assert_eq!(web::certificate(&still), second);
    operator.generate_ticket().await;
    let (is, says, advice) = doctor(&hub, &told);
    assert_eq!(is, "warning", "{says}");
    assert!(
        says.contains("a try failed") && says.contains("cannot be reached"),
        "{says}"
    );
    assert!(advice.contains(&authority.directory()), "{advice}");
    assert_eq!(figure(&hub, "hub_certificate_failures"), Some(1));
    let said = log(data);
    let line = said
        .lines()
        .find(|line| line.contains("No new certificate"));
    let line = line.unwrap_or_else(|| panic!("it says so: {said}"));
    assert!(
        line.contains("cannot be reached") && line.contains("refused"),
        "{line}"
    );
}

#[test]
fn e2_an_authority_that_forgot_the_hub_or_is_another_is_asked_anew() {
    let mut authority = Authority::start(90 * 24 * HOUR);
    let place = folder();
    let data = place.path();
    let hub = serve(data, &told(&authority));
    known(&hub, &authority.root());
    wait_until("an account", || data.join(ACCOUNT).exists());
    drop(hub);
    // it has no memory, and the certificate is lost
    authority.pause();
    authority.resume();
    fs::remove_file(data.join(CERTIFICATE)).expect("removed");
    let hub = serve(data, &told(&authority));
    known(&hub, &authority.root());
    wait_until("stored", || state(data)["failures"] == 0);
    drop(hub);

    let other = Authority::start(90 * 24 * HOUR);
    let hub = serve(data, &told(&other));
    known(&hub, &other.root());
    wait_until("stored", || state(data)["directory"] == other.directory());
    drop(hub);
    // and a damaged file is as none
    fs::write(data.join(CERTIFICATE), "nonsense").expect("written");
    let hub = serve(data, &told(&other));
    known(&hub, &other.root());
}

#[test]
fn e2_a_hub_that_the_authority_does_not_reach_says_so_and_does_not_ask_on_and_on() {
    let mut authority = Authority::start(90 * 24 * HOUR);
    let place = folder();
    let data = place.path();
    let told_hub = told(&authority);
    authority.pause();
    authority.looks_astray();
    authority.resume();
    let mut hub = serve(data, &told_hub);
    assert_eq!(wait_for_failure(data), "not-reached", "{}", log(data));
    let (is, says, advice) = doctor(&hub, &told_hub);
    assert_eq!(is, "fault", "{says}");
    assert!(says.contains("does not reach this hub"), "{says}");
    assert!(
        advice.contains("TCP port 443 of hub.example.org"),
        "{advice}"
    );
    assert!(
        advice.contains("the router must lead 443 there"),
        "{advice}"
    );
    let page = web::get(&hub, "/", &[]);
    assert_eq!(page.status, 200, "by the hub's own certificate");
    assert_eq!(page.header("strict-transport-security"), None);
    assert_eq!(figure(&hub, "hub_certificate_days_left"), None);
    for _ in 0..3 {
        hub.kill();
        hub = serve(data, &told_hub);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(state(data)["failures"], 1, "it waits");
    assert_eq!(log(data).matches("Asking for a certificate").count(), 1);
}

#[test]
fn e2_an_authority_that_nobody_vouches_for_gets_no_account() {
    let authority = Authority::start(90 * 24 * HOUR);
    let place = folder();
    let data = place.path();
    let mut told = told(&authority);
    let at = told
        .iter()
        .position(|said| said == "--acme-roots")
        .expect("said");
    told.drain(at..at + 2);
    let hub = serve(data, &told);
    assert_eq!(wait_for_failure(data), "untrusted", "{}", log(data));
    let (is, says, advice) = doctor(&hub, &told);
    assert_eq!(is, "fault", "{says}");
    assert!(says.contains("not trusted"), "{says}");
    assert!(advice.contains("acme-roots"), "{advice}");
    assert!(!data.join(ACCOUNT).exists());
}

#[test]
fn e2_a_hub_that_is_told_half_of_it_does_not_start() {
    let place = folder();
    let data = place.path().join("data");
    let data = data.to_str().expect("plain");
    let start = |told: &[&str]| {
        let output = run_hub(&[&["serve", "--data", data], told].concat(), "");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        text(&output)
    };
    let acme = ["--acme", "letsencrypt"];
    let said = start(&acme);
    assert!(
        said.contains("needs a public-address with a name"),
        "{said}"
    );
    let said = start(&[&acme[..], &["--public-address", "192.0.2.1"]].concat());
    assert!(
        said.contains("needs a public-address with a name"),
        "{said}"
    );
    let named = [&acme[..], &["--public-address", NAME]].concat();
    let said = start(
        &[
            &named[..],
            &["--certificate", "a", "--certificate-key", "b"],
        ]
        .concat(),
    );
    assert!(said.contains("leave out one of them"), "{said}");
    let said = start(&[&named[..], &["--acme-contact", "nobody"]].concat());
    assert!(said.contains("e-mail"), "{said}");
    let said = start(&["--acme-roots", "a"]);
    assert!(
        said.contains("acme-contact and acme-roots are for acme"),
        "{said}"
    );
    let said = start(&["--acme", "http://authority.example"]);
    assert!(said.contains("https://"), "{said}");
}
