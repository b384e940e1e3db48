//! The user's page in a real browser (H2). It needs Chromium, which `./run test` installs.

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::process::Command;

use support::TestHub;
use support::web::page;

/// The page as Chromium has it once its script ran, and what it says of faults.
fn shown(hub: &TestHub, path: &str) -> (String, String) {
    let profile = support::folder();
    let output = Command::new("chromium")
        .args(["--headless=new", "--no-first-run", "--disable-gpu"])
        .args(["--disable-dev-shm-usage", "--disable-background-networking"])
        // the hub's own certificate is none that a browser knows; and whoever is root has no sandbox
        .args(["--ignore-certificate-errors", "--no-sandbox"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("https://{}{path}", page(hub)))
        .output()
        .expect("Chromium: `./run test` installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn h2_a_link_with_a_ticket_shows_it_and_leads_into_helpme_with_it() {
    let hub = TestHub::start();
    let (dom, said) = shown(&hub, "/?lang=it#482-913-0571");
    assert!(dom.contains("<html lang=\"it\">"), "{dom}{said}");
    assert!(dom.contains("<output>482 913 0571</output>"), "{dom}");
    assert!(!dom.contains(" hidden"), "ticket and field are there");
    let key = hub.fingerprint;
    let link = format!(
        "href=\"helpme://{}/?key={key}&amp;ticket=482%20913%200571\"",
        hub.address
    );
    assert!(dom.contains(&link), "{dom}");
    // the ticket stays when the language is changed
    assert!(dom.contains("/?lang=en#482-913-0571\""), "{dom}");
    // its own policy forbids nothing that the page wants
    assert!(!said.contains("Content Security Policy"), "{said}");

    for part in [
        "",
        "#12",
        "#<img src=x>",
        "#%",
        "#48291305712",
        "#%34829130571",
    ] {
        let (dom, said) = shown(&hub, &format!("/{part}"));
        let plain = format!("href=\"helpme://{}/?key={key}\"", hub.address);
        assert!(dom.contains(&plain), "{part}: {dom}");
        assert!(dom.contains("<output></output>"), "{part}: {dom}");
        assert!(!said.contains("Uncaught"), "{said}");
    }
}
