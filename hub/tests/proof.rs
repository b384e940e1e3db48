//! A proof bundle is checked on a machine that has nothing of the hub but the program (D3).

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use protocol::admin::films::{Answer, Question};
use protocol::admin::reports::Language;
use protocol::admin::{self, people};
use protocol::limits::MAX_ADMIN_FRAME_BYTES;
use protocol::{HostWord, Lane, OperatorToHub, Permissions, RefusalCode, Rights, SessionId};
use support::window::{Window, admin, audited, hub_with_administrator};
use support::{PATIENCE, TestHub, folder, run_hub, screen_frame, send_tagged, text};

/// The end of the file: the seal, which has no other place to be named than itself.
const SEAL_BYTES: usize = 256;
/// Every byte would take an hour: a prime, so that it meets every place within what repeats.
const STEP: usize = 997;

/// A root directory with the `hub` program, the libraries that it is linked with, and nothing else.
struct CleanMachine {
    root: tempfile::TempDir,
}

impl CleanMachine {
    fn install() -> Self {
        let root = folder();
        let program = Path::new(env!("CARGO_BIN_EXE_hub"));
        let linked = Command::new("ldd").arg(program).output().expect("ldd runs");
        let linked = String::from_utf8(linked.stdout).expect("text");
        let libraries = linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        for library in libraries {
            let there = root.path().join(library.trim_start_matches('/'));
            fs::create_dir_all(there.parent().expect("a folder")).expect("made");
            fs::copy(library, there).expect("copied");
        }
        fs::copy(program, root.path().join("hub")).expect("copied");
        Self { root }
    }

    /// Runs `hub verify proof.zip` there: with no other file, no network, and no process to be seen.
    fn verify(&self) -> Output {
        let mut command = Command::new("unshare");
        // who is not root may be it in a world of their own, where the system lets them
        if !is_root() {
            command.arg("--map-root-user");
        }
        command
            .args(["--net", "--pid", "--fork", "--root"])
            .arg(self.root.path())
            .args(["/hub", "verify", "/proof.zip"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .output()
            .expect("unshare, of the package util-linux")
    }

    fn proof(&self) -> PathBuf {
        self.root.path().join("proof.zip")
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").expect("Linux").uid() == 0
}

/// A film of one session that has pictures and chat.
async fn film_of_a_session(hub: &TestHub) -> SessionId {
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    for seq in 1..=20 {
        send_tagged(&mut screen, &screen_frame(seq, 2_000)).await;
    }
    let (line, said) = (1, "It is on fire".into());
    pair.host_says(&HostWord::Chat { line, text: said }).await;
    pair.operator_hears().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let end = OperatorToHub::EndSession { session };
    pair.operator.send(&end).await;
    session
}

/// A hub with such a film, and the bundle of it.
async fn bundle_of_a_session(out: &Path) -> TestHub {
    let hub = TestHub::start();
    let session = film_of_a_session(&hub).await;
    let (out, data) = (out.to_str().expect("plain"), hub.data_text());
    let pdf = hub.data.join("report.pdf");
    let pdf = pdf.to_str().expect("plain");
    let printed = run_hub(
        &[
            "report", "export", "--format", "pdf", "--out", pdf, "--data", data,
        ],
        "",
    );
    assert!(printed.status.success(), "{}", text(&printed));
    let id = session.to_string();
    for _ in 0..100 {
        let made = run_hub(
            &["film", "bundle", &id, out, "--pdf", pdf, "--data", data],
            "",
        );
        if made.status.success() {
            return hub;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no bundle");
}

/// What each file of the ZIP is called, and which bytes of the bundle are its content.
fn members(bundle: &Path) -> Vec<(String, std::ops::Range<usize>)> {
    let file = fs::File::open(bundle).expect("there");
    let mut zip = zip::ZipArchive::new(file).expect("a ZIP");
    let mut found = Vec::new();
    for number in 0..zip.len() {
        let file = zip.by_index(number).expect("a file");
        let start = usize::try_from(file.data_start().expect("known")).expect("small");
        let len = usize::try_from(file.size()).expect("small");
        let name = file.name().expect("text").into_owned();
        found.push((name, start..start + len));
    }
    found
}

#[tokio::test]
async fn d3_a_clean_machine_finds_a_bundle_whole_and_names_what_was_changed_in_it() {
    let machine = CleanMachine::install();
    let hub = bundle_of_a_session(&machine.proof()).await;
    let fingerprint = hub.fingerprint.to_string();
    drop(hub);
    let found = machine.verify();
    let said = text(&found);
    assert!(found.status.success(), "{said}");
    assert!(
        said.contains("every byte is as it was sealed") && said.contains(&fingerprint),
        "{said}"
    );

    let whole = fs::read(machine.proof()).expect("there");
    let members = members(&machine.proof());
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    for wanted in [
        "film.film",
        "report.pdf",
        "chat.json",
        "events.json",
        "audit.json",
        "manifest.json",
    ] {
        assert!(names.contains(&wanted), "{names:?}");
    }
    // the middle of each file, its first byte and its last, and every so many bytes of all
    let edges = members.iter().flat_map(|(_, bytes)| {
        let middle = bytes.start + bytes.len() / 2;
        [bytes.start, middle, bytes.end - 1]
    });
    let places: Vec<usize> = edges.chain((0..whole.len()).step_by(STEP)).collect();
    for at in places {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(machine.proof(), changed).expect("written");
        let found = machine.verify();
        let said = text(&found);
        assert_eq!(found.status.code(), Some(1), "byte {at}: {said}");
        let within = members.iter().find(|(_, bytes)| bytes.contains(&at));
        let names: &str = match within {
            Some((name, _)) => name,
            None if at >= whole.len() - SEAL_BYTES => "its seal at the end was changed",
            None => "changed",
        };
        assert!(said.contains(names), "byte {at}, {names}: {said}");
    }
    // and one byte more or less
    fs::write(machine.proof(), &whole[..whole.len() - 1]).expect("written");
    assert_eq!(machine.verify().status.code(), Some(1));
    let mut longer = fs::File::create(machine.proof()).expect("made");
    longer.write_all(&whole).expect("written");
    longer.write_all(b"\n").expect("written");
    assert_eq!(machine.verify().status.code(), Some(1));
    fs::write(machine.proof(), whole).expect("written");
    assert!(machine.verify().status.success());
}

async fn ask(window: &mut Window, question: Question) -> Result<Answer, RefusalCode> {
    match window.ask_hub(admin::Question::Films(question)).await {
        admin::Answer::Films(answer) => Ok(answer),
        admin::Answer::Refused(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

async fn window_of(hub: &TestHub, name: &str) -> Window {
    let mut window = Window::signed_in(hub, name).await;
    window.peer.greeted.reader.set_limit(MAX_ADMIN_FRAME_BYTES);
    window
}

fn bundle(session: SessionId) -> Question {
    let (language, zone) = (Language::Italian, "Europe/Rome".into());
    Question::Bundle {
        session,
        language,
        zone,
    }
}

/// Asks for a bundle, once the film is finished.
async fn begun(window: &mut Window, session: SessionId) -> u32 {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask(window, bundle(session)).await {
            Ok(Answer::Bundle { bundle, file_name }) => {
                assert_eq!(file_name.as_str(), format!("session-{session}-proof.zip"));
                return bundle;
            }
            Err(RefusalCode::FILM_RUNNING) => assert!(Instant::now() < end, "not finished"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn fetched(window: &mut Window, bundle: u32) -> Result<Vec<u8>, RefusalCode> {
    let mut whole = Vec::new();
    loop {
        let offset = whole.len() as u64;
        match ask(window, Question::BundlePart { bundle, offset }).await? {
            Answer::Making { thousandths } => assert!(thousandths <= 1000),
            Answer::Part { whole_bytes, bytes } => {
                whole.extend_from_slice(&bytes);
                if whole.len() as u64 == whole_bytes {
                    return Ok(whole);
                }
                assert!(!bytes.is_empty(), "it goes on");
            }
            other => panic!("{other:?}"),
        }
    }
}

fn files_of_bundles(hub: &TestHub) -> Vec<PathBuf> {
    let entries = fs::read_dir(hub.data.join("temporary")).expect("a folder");
    entries
        .map(|entry| entry.expect("readable").path())
        .collect()
}

/// Waits until the hub keeps no bundle.
async fn nothing_is_kept(hub: &TestHub) {
    let end = Instant::now() + PATIENCE;
    while !files_of_bundles(hub).is_empty() {
        assert!(Instant::now() < end, "{:?}", files_of_bundles(hub));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn d3_a_window_fetches_a_bundle_that_verifies_and_the_hub_keeps_nothing_of_it() {
    let hub = hub_with_administrator();
    let session = film_of_a_session(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    let first = begun(&mut window, session).await;
    let whole = fetched(&mut window, first).await.expect("made");
    let noted = audited(&hub, "film.exported");
    assert_eq!(noted.len(), 1, "{noted:?}");
    let place = folder();
    let out = place.path().join("proof.zip");
    fs::write(&out, &whole).expect("written");
    let print = hub.fingerprint.to_string();
    let path = out.to_str().expect("plain");
    let verified = run_hub(&["verify", path, "--fingerprint", &print], "");
    assert!(verified.status.success(), "{}", text(&verified));
    let names: Vec<String> = members(&out).into_iter().map(|(name, _)| name).collect();
    for wanted in ["film.film", "report.pdf", "chat.json", "audit.json"] {
        assert!(names.iter().any(|name| name == wanted), "{names:?}");
    }
    // what the audit log says of the export is in it
    let audit = members(&out)
        .into_iter()
        .find(|(name, _)| name == "audit.json");
    let (_, bytes) = audit.expect("there");
    assert!(String::from_utf8_lossy(&whole[bytes]).contains("film.exported"));

    assert_eq!(files_of_bundles(&hub).len(), 1);
    let bundle = first;
    let forgotten = ask(&mut window, Question::ForgetBundle { bundle }).await;
    assert_eq!(forgotten, Ok(Answer::Done));
    nothing_is_kept(&hub).await;
    assert_eq!(
        fetched(&mut window, first).await,
        Err(RefusalCode::EXPORT_GONE)
    );

    // a second one takes the place of the one before, and nobody else's is given
    let second = begun(&mut window, session).await;
    let third = begun(&mut window, session).await;
    assert_eq!(
        fetched(&mut window, second).await,
        Err(RefusalCode::EXPORT_GONE)
    );
    fetched(&mut window, third).await.expect("made");
    let mut other = window_of(&hub, "carla").await;
    assert_eq!(
        fetched(&mut other, third).await,
        Err(RefusalCode::EXPORT_GONE)
    );
    // with the sign-in it goes
    drop(window);
    nothing_is_kept(&hub).await;
}

#[tokio::test]
async fn d5_an_erased_film_is_in_no_bundle_any_more() {
    let hub = hub_with_administrator();
    let session = film_of_a_session(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    let bundle = begun(&mut window, session).await;
    fetched(&mut window, bundle).await.expect("made");
    let erase = Question::Erase {
        session,
        reason: "asked".into(),
    };
    assert_eq!(ask(&mut window, erase).await, Ok(Answer::Done));
    assert_eq!(files_of_bundles(&hub), Vec::<PathBuf>::new());
    let gone = fetched(&mut window, bundle).await;
    assert_eq!(gone, Err(RefusalCode::EXPORT_GONE));
}

#[tokio::test]
async fn d5_a_bundle_goes_without_being_asked_for_when_the_command_line_erases_its_report() {
    let hub = hub_with_administrator();
    let session = film_of_a_session(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    let bundle = begun(&mut window, session).await;
    fetched(&mut window, bundle).await.expect("made");
    let data = hub.data_text();
    let erased = run_hub(
        &["report", "erase", "1", "--reason", "asked", "--data", data],
        "",
    );
    assert!(erased.status.success(), "{}", text(&erased));
    nothing_is_kept(&hub).await;
    let gone = fetched(&mut window, bundle).await;
    assert_eq!(gone, Err(RefusalCode::EXPORT_GONE));
}

#[tokio::test]
async fn d3_a_bundle_needs_the_right_to_export_and_the_right_to_read_films() {
    let hub = hub_with_administrator();
    let session = film_of_a_session(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    begun(&mut window, session).await;
    let before = audited(&hub, "film.exported").len();
    for (name, permissions) in [
        ("reader", Permissions::READ_REPORTS),
        ("exporter", Permissions::EXPORT),
    ] {
        let role = people::Question::AddRole {
            name: name.into(),
            permissions,
        };
        window.ask(role).await;
        admin(&hub, &["add-operator", name, "--role", name]);
        let mut theirs = window_of(&hub, name).await;
        let refused = ask(&mut theirs, bundle(session)).await;
        assert_eq!(refused, Err(RefusalCode::NOT_ALLOWED), "{name}");
    }
    assert_eq!(audited(&hub, "film.exported").len(), before);
}

#[tokio::test]
async fn d3_what_a_killed_hub_left_of_a_bundle_goes_at_its_next_start() {
    let hub = hub_with_administrator();
    let session = film_of_a_session(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    let bundle = begun(&mut window, session).await;
    fetched(&mut window, bundle).await.expect("made");
    assert_eq!(files_of_bundles(&hub).len(), 1);
    let hub = hub.kill_and_restart();
    assert_eq!(files_of_bundles(&hub), Vec::<PathBuf>::new());
}
