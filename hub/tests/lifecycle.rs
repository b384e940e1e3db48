//! Starting, stopping, crashing, and the command line (B1, D2).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use protocol::{EndedBy, HubToHost, HubToOperator, Lane, OperatorToHub, RefusalCode, Rights};
use support::{
    TestHub, add_operator, folder, hub_command, run_hub, screen_frame, send_tagged, text,
    try_send_tagged,
};

/// The hub's exit codes, as README.md has them.
const NO_FOLDER: i32 = 13;
const CANNOT_LISTEN: i32 = 15;

/// The one sentence with which `hub serve` refuses to serve `data`, and exits with `code`.
fn refusal_to_serve(data: &Path, listen: &str, code: i32) -> String {
    let data = data.to_str().expect("a plain path");
    let output = run_hub(
        &["--log", "off", "serve", "--data", data, "--listen", listen],
        "",
    );
    assert_eq!(output.status.code(), Some(code), "{}", text(&output));
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(said.trim_end().lines().count(), 1, "one sentence: {said}");
    said
}

const ANY: &str = "127.0.0.1:0";

#[test]
fn b1_the_first_start_says_what_clients_and_administrators_need() {
    let folder = folder();
    let data = folder.path().join("new/data");
    let data_text = data.to_str().expect("a plain path");
    let mut child = hub_command(&["serve", "--data", data_text, "--listen", ANY])
        .args(["--web-listen", ANY])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("hub starts");
    let stdout = child.stdout.take().expect("piped");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stdout));
    let first = lines.next().expect("a line").expect("text");
    assert!(first.starts_with("hub listens on 127.0.0.1:"), "{first}");
    let second = lines.next().expect("a line").expect("text");
    let page = "page for users on https://127.0.0.1:";
    assert!(second.starts_with(page), "{second}");
    let third = lines.next().expect("a line").expect("text");
    assert!(third.contains("administrator"), "{third}");
    let fingerprint = text(&run_hub(&["fingerprint", "--data", data_text], ""));
    assert!(first.ends_with(fingerprint.trim()), "{first}");
    child.kill().expect("killed");
    child.wait().expect("gone");
}

#[test]
fn b1_a_start_that_fails_for_its_page_leaves_the_first_one_to_come() {
    let taken = std::net::TcpListener::bind(ANY).expect("a port");
    let taken = taken.local_addr().expect("an address");
    let (port, taken) = (
        format!("port {} is in use", taken.port()),
        taken.to_string(),
    );
    let folder = folder();
    let data = folder.path().join("data");
    let data = data.to_str().expect("a plain path");
    let serve = ["serve", "--data", data, "--listen", ANY, "--web-listen"];
    let failed = run_hub(&[&serve[..], &[&taken]].concat(), "");
    assert!(
        failed.status.code() == Some(CANNOT_LISTEN) && text(&failed).contains(&port),
        "{}",
        text(&failed)
    );
    let accounts = run_hub(&["admin", "list-operators", "--json", "--data", data], "");
    assert_eq!(
        String::from_utf8_lossy(&accounts.stdout).trim(),
        "[]",
        "{}",
        text(&accounts)
    );
}

/// Starts a hub at `listen`, whose usual ports of the web are those of no other test, and gives what it said
/// until it was ready.
#[cfg(target_os = "linux")]
fn first_words(data: &Path, listen: &str, args: &[&str]) -> (String, String) {
    use std::io::Read as _;
    let ready = data.join("ready.json");
    drop(std::fs::remove_file(&ready));
    let mut child = hub_command(&["serve", "--listen", listen, "--log", "warn"])
        .args(args)
        .arg("--data")
        .arg(data)
        .arg("--ready-file")
        .arg(&ready)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("hub starts");
    let end = Instant::now() + support::PATIENCE;
    while !ready.exists() && child.try_wait().expect("a child").is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    let at = std::fs::read_to_string(&ready).unwrap_or_default();
    child.kill().expect("killed or gone");
    let mut said = String::new();
    let mut errors = child.stderr.take().expect("piped");
    errors.read_to_string(&mut said).expect("text");
    child.wait().expect("gone");
    (at, said)
}

#[test]
#[cfg(target_os = "linux")]
fn r5_the_page_needs_its_port_and_a_usual_one_that_is_taken_is_told() {
    let folder = folder();
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.77.1:8080").expect("a port");
    let (at, said) = first_words(&data, "127.0.77.1:0", &[]);
    assert!(at.contains("https://127.0.77.1:"), "{at}{said}");
    let warned = said.lines().find(|line| line.contains("127.0.77.1:8080"));
    let warned = warned.expect("a warning");
    assert!(
        warned.contains("port 8080 is in use") && warned.contains("--web-listen"),
        "{warned}"
    );
    drop(taken);

    // the number of UDP is where people look for the page
    let taken = std::net::TcpListener::bind("127.0.77.2:0").expect("a port");
    let listen = taken.local_addr().expect("bound").to_string();
    let said = refusal_to_serve(&data, &listen, CANNOT_LISTEN);
    for part in ["TCP", "is in use", "--web-listen", "--page false"] {
        assert!(said.contains(part), "{said}");
    }
    let (at, said) = first_words(&data, &listen, &["--page", "false"]);
    assert!(at.contains("\"page\":null"), "{at}");
    assert!(said.contains(&format!("address={listen}")), "{said}");
}

#[test]
fn b1_a_second_hub_on_the_same_folder_is_refused() {
    let hub = TestHub::start();
    let said = refusal_to_serve(&hub.data, ANY, NO_FOLDER);
    assert!(said.contains("another hub runs"), "{said}");
}

#[test]
fn b1_a_port_in_use_is_named() {
    let hub = TestHub::start();
    let other = folder();
    let said = refusal_to_serve(other.path(), &hub.address.to_string(), CANNOT_LISTEN);
    assert!(said.contains("in use"), "{said}");
    assert!(said.contains(&hub.address.port.to_string()), "{said}");
}

#[test]
fn b1_data_of_a_newer_hub_are_left_alone() {
    let folder = folder();
    add_operator(folder.path(), "anna");
    let file = folder.path().join("hub.db");
    let database = rusqlite::Connection::open(&file).expect("opened");
    database
        .pragma_update(None, "user_version", 99)
        .expect("newer");
    drop(database);
    let before = std::fs::read(&file).expect("readable");
    let said = refusal_to_serve(folder.path(), ANY, NO_FOLDER);
    assert!(said.contains("newer hub"), "{said}");
    assert_eq!(std::fs::read(&file).expect("readable"), before);
}

#[test]
fn b1_a_foreign_file_and_a_damaged_key_are_left_alone() {
    for (name, content, words) in [
        (
            "hub.db",
            "this is no data base at all, but long enough to look like one",
            "no data base",
        ),
        ("hub-key.pem", "nonsense", "damaged"),
    ] {
        let folder = folder();
        let file = folder.path().join(name);
        std::fs::write(&file, content).expect("written");
        let said = refusal_to_serve(folder.path(), ANY, NO_FOLDER);
        assert!(said.contains(words), "{said}");
        assert_eq!(std::fs::read_to_string(&file).expect("readable"), content);
    }
}

#[test]
fn b1_a_folder_that_cannot_be_made_or_written_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("written");
    let said = refusal_to_serve(&file.join("data"), ANY, NO_FOLDER);
    assert!(said.contains("cannot be created"), "{said}");
    // nobody, not even root, makes files there
    #[cfg(target_os = "linux")]
    {
        let said = refusal_to_serve(Path::new("/proc/self/fd"), ANY, NO_FOLDER);
        assert!(said.contains("cannot be written"), "{said}");
    }
}

#[tokio::test]
async fn b1_a_stop_says_goodbye_and_keeps_films_for_those_who_come_back() {
    let mut hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 1000)).await;
    let (_, mut seen) = pair.operator.accept_stream().await;
    assert!(seen.read_body().await.expect("whole").is_some());
    let idle = hub.host().await;

    let asked = Instant::now();
    hub.terminate();
    let goodbye = pair.host.wait_for(|m| match m {
        HubToHost::Goodbye { refusal } => Some(refusal.code),
        HubToHost::SessionEnded { .. } => panic!("ended"),
        _ => None,
    });
    assert_eq!(goodbye.await, RefusalCode::SHUTTING_DOWN);
    let goodbye = pair.operator.wait_for(|m| match m {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(goodbye.await, RefusalCode::SHUTTING_DOWN);
    assert_eq!(idle.refused().await, RefusalCode::SHUTTING_DOWN);
    let status = hub.wait(Duration::from_secs(10)).expect("the hub ends");
    assert_eq!(status.code(), Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );

    let verified = run_hub(&["film", "verify", "1", "--data", hub.data_text()], "");
    let said = text(&verified);
    assert!(
        verified.status.success() && said.contains("not finished"),
        "{said}"
    );
    assert!(
        !hub.data.join("hub.db-wal").exists(),
        "the data base is closed"
    );
}

#[tokio::test]
async fn d2_a_killed_hub_loses_neither_film_nor_draft() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    for seq in 1..=20 {
        send_tagged(&mut screen, &screen_frame(seq, 5000)).await;
    }
    // a second is what a crash may take
    tokio::time::sleep(Duration::from_secs(1)).await;
    let hub = hub.kill_and_restart();

    let verified = run_hub(&["film", "verify", "1", "--data", hub.data_text()], "");
    let said = text(&verified);
    assert!(verified.status.success(), "{said}");
    // the start, twenty pictures, that the hub was lost; both ends may still come back
    assert!(
        said.contains("22 entries") && said.contains("not finished"),
        "{said}"
    );
    // a new log-in is nobody who comes back
    let mut operator = hub.operator("anna").await;
    operator.send(&OperatorToHub::ListDrafts).await;
    let drafts = operator.wait_for(|m| match m {
        HubToOperator::Drafts { drafts } => Some(drafts),
        _ => None,
    });
    let drafts = drafts.await;
    assert_eq!(drafts.len(), 1);
    assert_eq!(&*drafts[0].0.requester, "Rossi");
    let audit = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert!(audit.status.success(), "{}", text(&audit));
    // and the numbers go on
    let mut pair = hub.pair("bruno").await;
    let (next, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    assert!(next > session);
}

#[tokio::test]
async fn d2_without_a_film_there_is_no_session() {
    let hub = TestHub::start();
    let films = hub.data.join("films");
    std::fs::remove_dir(&films).expect("removed");
    std::fs::write(&films, "in the way").expect("written");
    let mut pair = hub.pair("anna").await;
    let session = pair.ask(Rights::SEE_AND_CONTROL).await;
    pair.answer(session, Some(Rights::SEE_AND_CONTROL)).await;
    let code = pair.operator.wait_for(|m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(code.await, RefusalCode::CANNOT_RECORD);
    let withdrawn = |m| matches!(m, HubToHost::ConsentWithdrawn { .. }).then_some(());
    pair.host.wait_for(withdrawn).await;
    assert!(!text(&run_hub(&["report", "list", "--data", hub.data_text()], "")).contains("Rossi"));
}

#[cfg(unix)]
#[tokio::test]
async fn d2_a_film_that_cannot_go_on_ends_the_session() {
    let folder = folder();
    let data = folder.path().join("data");
    for name in ["anna", "bruno"] {
        add_operator(&data, name);
    }
    let hub = TestHub::serve_with_small_files(&data, 4096);
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let (_, mut seen) = {
        send_tagged(&mut screen, &screen_frame(1, 1000)).await;
        pair.operator.accept_stream().await
    };
    let watch = tokio::spawn(async move { while let Ok(Some(_)) = seen.read_body().await {} });
    let mut seq = 1;
    loop {
        seq += 1;
        // the stream is stopped in the end
        let frame = screen_frame(seq, 256 << 10);
        if try_send_tagged(&mut screen, &frame).await.is_err() {
            break;
        }
        assert!(seq < 1000, "2 MiB cannot hold all this");
    }
    watch.await.expect("no panic");
    let by = EndedBy::CannotRecord;
    let ended = |m| matches!(m, HubToHost::SessionEnded { by: b, .. } if b == by).then_some(());
    pair.host.wait_for(ended).await;
    let ended = |m| matches!(m, HubToOperator::SessionEnded { by: b, .. } if b == by).then_some(());
    pair.operator.wait_for(ended).await;
    // the rest of the desk works, and what was committed is a sound film
    hub.pair("bruno").await;
    let verified = run_hub(&["film", "verify", "1", "--data", hub.data_text()], "");
    assert!(verified.status.success(), "{}", text(&verified));
}

#[tokio::test]
async fn d4_a_changed_film_and_a_changed_log_are_told() {
    let hub = TestHub::start();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    let mut hub = hub;
    hub.terminate();
    hub.wait(Duration::from_secs(10)).expect("the hub ends");
    let film = rusqlite::Connection::open(hub.data.join("films/00000001.film")).expect("opened");
    film.execute("UPDATE entry SET at_micros = 0 WHERE id = 2", ())
        .expect("changed");
    let verified = run_hub(&["film", "verify", "1", "--data", hub.data_text()], "");
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    database
        .execute("UPDATE audit SET actor = 'nobody' WHERE id = 4", ())
        .expect("changed");
    let audit = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert_eq!(audit.status.code(), Some(1));
    assert!(text(&audit).contains("row 4"), "{}", text(&audit));
}

#[test]
fn accounts_are_made_and_changed_while_nobody_serves() {
    let folder = folder();
    let data = folder.path().join("data");
    let data = data.to_str().expect("a plain path");
    add_operator(Path::new(data), "Anna");
    let again = run_hub(
        &["admin", "add-operator", "ANNA", "--data", data],
        "long enough\n",
    );
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("already"), "{}", text(&again));
    let short = run_hub(
        &["admin", "set-password", "anna", "--data", data],
        "short\n",
    );
    assert!(text(&short).contains("at least 8"), "{}", text(&short));
    let unknown = run_hub(
        &["admin", "set-password", "carla", "--data", data],
        "long enough\n",
    );
    assert!(text(&unknown).contains("no operator"), "{}", text(&unknown));
    let changed = run_hub(
        &["admin", "set-password", "anna", "--data", data],
        "long enough\n",
    );
    assert!(changed.status.success(), "{}", text(&changed));
    let listed = text(&run_hub(&["admin", "list-operators", "--data", data], ""));
    assert!(
        listed.contains("Anna") && listed.contains("enabled"),
        "{listed}"
    );
    let nowhere = run_hub(&["report", "list", "--data", "/nonexistent"], "");
    assert!(text(&nowhere).contains("hub serve"), "{}", text(&nowhere));
}
