//! Newer versions from the hub, on a display: Helpme says that one can be had, fetches it when its user says so, and
//! starts it; whatever moment it is killed in, something starts (P3).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{Cast, Helpme, Home, Look, Size, USER_NAME, maker_signs};
use maker::{CHANNEL_FILE, Channel, Listed, Version};

const USER_SCREEN: Size = Size(1024, 900);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const FILE: &str = "helpme-linux-x86_64";
/// What the version before says of itself, and the next one.
const OLD: &[u8] = b"version of this program: 0.1.0";
const NEW: &[u8] = b"version of this program: 0.2.0";

/// The Helpme of these tests as its maker hands it out, and its next version.
fn made(cast: &Cast) -> (Vec<u8>, Vec<u8>) {
    let stripped = cast.folder().join("made");
    let mut strip = Command::new("strip");
    strip
        .arg("-o")
        .arg(&stripped)
        .arg(cast.programs.path("helpme"));
    assert!(strip.status().expect("strip, of binutils").success());
    let old = fs::read(stripped).expect("read");
    // each part of the program that says it has it once
    let starts = old.windows(OLD.len()).enumerate();
    let starts: Vec<usize> = starts
        .filter(|(_, part)| *part == OLD)
        .map(|(at, _)| at)
        .collect();
    assert!(!starts.is_empty(), "it has its version in it");
    let mut new = old.clone();
    for at in starts {
        new[at..at + NEW.len()].copy_from_slice(NEW);
    }
    (old, new)
}

fn write_program(path: &Path, program: &[u8]) {
    fs::write(path, program).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("can be started");
}

fn put_signed(folder: &Path, file: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(file);
    fs::write(&path, bytes).expect("written");
    let signature = maker_signs(bytes, file, "0.2.0").expect("signed");
    fs::write(folder.join(format!("{file}.minisig")), signature).expect("written");
    path
}

/// Gives the hub the program, and the maker's list that names it.
fn hand_out(cast: &Cast, program: &[u8]) {
    let folder = cast.folder().join("new");
    fs::create_dir_all(&folder).expect("made");
    let channel = Channel {
        serial: 1,
        unix_seconds: 1_790_000_000,
        programs: vec![Listed::of(FILE, Version::new(0, 2, 0), program)],
    };
    let list = serde_json::to_vec(&channel).expect("JSON");
    let list = put_signed(&folder, CHANNEL_FILE, &list);
    let program = put_signed(&folder, FILE, program);
    for file in [program, list] {
        let mut add = Command::new(cast.programs.path("hub"));
        add.args(["updates", "add"])
            .arg(file)
            .arg("--data")
            .arg(cast.hub.data());
        assert!(add.status().expect("it runs").success());
    }
}

fn says(home: &Home, program: &Path) -> String {
    let said = home.command(program).arg("--version").output();
    let said = said.expect("it starts");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

/// The processes that run what is in the file `program` now.
fn running_from(program: &Path) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("there").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == program))
        .collect()
}

fn end(process: u32) {
    let ended = Command::new("kill").arg(process.to_string()).status();
    assert!(ended.expect("kill").success());
}

#[test]
fn p3_helpme_is_offered_the_hubs_newer_version_and_starts_it_after_the_session() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let (old, new) = made(&cast);
    hand_out(&cast, &new);
    let program = cast.folder().join("helpme");
    write_program(&program, &old);
    let beside = serde_json::json!({
        "address": cast.hub.address().to_string(),
        "fingerprint": cast.hub.fingerprint(),
    });
    fs::write(cast.folder().join("helpme.json"), beside.to_string()).expect("written");
    let home = Home::fresh(cast.folder(), "portable").expect("a home");
    cast.helpme.app.running().kill_now().expect("gone");
    let display = &cast.user_display;
    let started = Helpme::start_as_set_up(&program, display, home.clone(), Look::LIGHT);
    cast.helpme = started.expect("started");
    let app = &mut cast.helpme.app;
    app.wait_for("Version 0.2.0 can be had").expect("offered");
    assert_eq!(says(&home, &program), "helpme 0.1.0", "nothing by itself");

    // it is fetched, and the session does not wait for it
    app.click("Update").expect("pressed");
    app.wait_for("Version 0.2.0 is ready").expect("in place");
    assert_eq!(says(&home, &program), "helpme 0.2.0");
    let ticket = cast.console.generate_ticket().expect("a ticket");
    cast.helpme.ask_for_help(&ticket, USER_NAME).expect("asked");
    cast.console.wait_for_computer(&ticket).expect("there");
    cast.session_begins(&ticket).expect("a session");
    let shown = cast.helpme.app.shows("Restart now").expect("a map");
    assert!(!shown, "not in front of somebody who is helped");
    cast.helpme.end().expect("ended by the user");
    cast.helpme.leave().expect("the first page");
    cast.console
        .write_report("Where is it?", "There")
        .expect("a report");

    cast.helpme.app.click("Restart now").expect("pressed");
    let until = Instant::now() + Duration::from_secs(30);
    let next = loop {
        if let [next] = running_from(&program)[..] {
            break next;
        }
        assert!(Instant::now() < until, "the new version starts");
        std::thread::sleep(Duration::from_millis(100));
    };
    // it writes where its labels are to where the one before did
    let mut says_so = false;
    while !says_so && Instant::now() < until {
        let map = fs::read_to_string(home.ui_map()).unwrap_or_default();
        says_so = map.contains("\"0.2.0\"");
        std::thread::sleep(Duration::from_millis(100));
    }
    end(next);
    let map = fs::read_to_string(home.ui_map());
    assert!(says_so, "it says its version: {map:?}");
    let back = home.command(&program).arg("--roll-back").status();
    assert!(back.expect("it runs").success());
    assert_eq!(says(&home, &program), "helpme 0.1.0");
}

#[test]
fn p3_whatever_moment_an_update_is_killed_in_a_program_is_there_that_starts() {
    let cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let (old, new) = made(&cast);
    let folder = cast.folder().join("killed");
    fs::create_dir_all(&folder).expect("made");
    let next = put_signed(&folder, FILE, &new);
    let program = folder.join("helpme");
    let home = Home::fresh(cast.folder(), "killed").expect("a home");
    let begin = || {
        write_program(&program, &old);
        let mut update = home.command(&program);
        update.arg("--update").arg(&next);
        update.stdout(Stdio::null()).stderr(Stdio::null());
        update.spawn().expect("it runs")
    };
    let began = Instant::now();
    let whole = begin().wait().expect("it ends");
    assert!(whole.success());
    let whole = began.elapsed();
    const KILLS: u32 = 20;
    let mut versions = Vec::new();
    for kill in 0..KILLS {
        let mut update = begin();
        std::thread::sleep(whole * kill / (KILLS - 4));
        // SIGKILL; it may have ended by itself
        drop(update.kill());
        update.wait().expect("gone");
        versions.push(says(&home, &program));
    }
    let (older, newer) = ("helpme 0.1.0".to_owned(), "helpme 0.2.0".to_owned());
    assert!(
        versions.iter().all(|said| [&older, &newer].contains(&said)),
        "{versions:?}"
    );
    assert!(
        versions.contains(&older) && versions.contains(&newer),
        "{versions:?}"
    );
}
