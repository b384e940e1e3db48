//! Newer versions from the hub, on a display: Helpme says that one can be had, fetches it when its user says so, and
//! starts it; whatever moment it is killed in, something starts (P3).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{App, Cast, Helpme, Home, Look, Size, USER_NAME, Versions, wait_until};

const USER_SCREEN: Size = Size(1024, 900);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const PATIENCE: Duration = Duration::from_secs(30);

/// The Helpme of these tests as its maker hands it out, and its next version.
fn made(cast: &Cast) -> Versions {
    let program = cast.programs.path("helpme");
    Versions::of(&program, "helpme-linux-x86_64", cast.folder()).expect("its maker's")
}

fn write_program(path: &Path, program: &[u8]) {
    fs::write(path, program).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("can be started");
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

/// What has taken the place of a program that ran from there.
fn next_one(program: &Path) -> u32 {
    let next = wait_until("the new version starts", PATIENCE, || {
        let running = running_from(program);
        Ok(<[u32; 1]>::try_from(running).ok())
    });
    next.expect("one").into_iter().next().expect("one")
}

/// Waits until the labels in the windows of who has this home say that version.
fn shows_version(home: &Home, version: &str) {
    let quoted = format!("\"{version}\"");
    let shown = wait_until("the version in a window", PATIENCE, || {
        let map = fs::read_to_string(home.ui_map()).unwrap_or_default();
        Ok(map.contains(&quoted).then_some(()))
    });
    shown.expect("its labels");
}

fn end(process: u32) {
    let ended = Command::new("kill").arg(process.to_string()).status();
    assert!(ended.expect("kill").success());
}

/// Programs in the cast's folder find their hub beside them.
fn let_know_its_hub(cast: &Cast) {
    let beside = serde_json::json!({
        "address": cast.hub.address().to_string(),
        "fingerprint": cast.hub.fingerprint(),
    });
    fs::write(cast.folder().join("helpme.json"), beside.to_string()).expect("written");
}

#[test]
fn p3_helpme_is_offered_the_hubs_newer_version_and_starts_it_after_the_session() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let versions = made(&cast);
    versions.hand_out(&cast.hub, cast.folder()).expect("taken");
    let program = cast.folder().join("helpme");
    write_program(&program, &versions.old);
    let_know_its_hub(&cast);
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
    let next = next_one(&program);
    // it writes where its labels are to where the one before did
    shows_version(&home, "0.2.0");
    end(next);
    let back = home.command(&program).arg("--roll-back").status();
    assert!(back.expect("it runs").success());
    assert_eq!(says(&home, &program), "helpme 0.1.0");
}

#[test]
fn p3_whatever_moment_an_update_is_killed_in_a_program_is_there_that_starts() {
    let cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let versions = made(&cast);
    let folder = cast.folder().join("killed");
    fs::create_dir_all(&folder).expect("made");
    let next = versions.put_next(&folder).expect("written");
    let program = folder.join("helpme");
    let home = Home::fresh(cast.folder(), "killed").expect("a home");
    let begin = || {
        write_program(&program, &versions.old);
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

#[test]
fn p3_the_console_takes_the_hubs_newer_version_through_its_window_and_logs_in_again() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let versions = Versions::of(
        &cast.programs.path("pure-help-desk"),
        "pure-help-desk-linux-x86_64",
        cast.folder(),
    )
    .expect("its maker's");
    versions.hand_out(&cast.hub, cast.folder()).expect("taken");
    // the one that logged in is of the workspace, and that one's file is not the test's to replace
    let program = cast.folder().join("pure-help-desk");
    write_program(&program, &versions.old);
    cast.console.app.running().kill_now().expect("gone");
    let home = cast.console.app.home().clone();
    let mut command = home.windowed(&program, cast.operator_display.name());
    let display = &cast.operator_display;
    let started = App::start(
        "pure-help-desk",
        &mut command,
        home.clone(),
        display,
        Look::LIGHT,
    );
    cast.console.app = started.expect("started");
    cast.console.wait_until_logged_in().expect("by itself");
    let app = &mut cast.console.app;
    app.wait_for("Version 0.2.0 can be had").expect("offered");
    assert_eq!(
        says(&home, &program),
        "pure-help-desk 0.1.0",
        "nothing by itself"
    );
    app.click("Update").expect("pressed");
    app.wait_for("Version 0.2.0 is ready").expect("in place");
    assert_eq!(says(&home, &program), "pure-help-desk 0.2.0");

    // somebody who is helped goes first
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    cast.helpme.end().expect("ended by the user");
    cast.console
        .write_report("Where is it?", "There")
        .expect("a report");
    cast.console.app.click("Restart now").expect("pressed");
    let next = next_one(&program);
    fs::remove_file(home.ui_map()).expect("what the one before wrote");
    let logged_in = wait_until("the new one to log in", PATIENCE, || {
        let map = fs::read_to_string(home.ui_map()).unwrap_or_default();
        Ok(map.contains("\"Logged in\"").then_some(()))
    });
    end(next);
    logged_in.expect("with the password that it remembers");
    let back = home.command(&program).arg("--roll-back").status();
    assert!(back.expect("it runs").success());
    assert_eq!(says(&home, &program), "pure-help-desk 0.1.0");
}

#[test]
fn p3_helpme_killed_while_it_fetches_its_next_version_starts_as_before_and_fetches_again() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let versions = made(&cast);
    versions.hand_out(&cast.hub, cast.folder()).expect("taken");
    let program = cast.folder().join("helpme");
    let_know_its_hub(&cast);
    cast.helpme.app.running().kill_now().expect("gone");
    let mut said = Vec::new();
    for wait_millis in [0, 40, 80, 160, 320] {
        write_program(&program, &versions.old);
        let home = Home::fresh(cast.folder(), &format!("fetching-{wait_millis}"));
        let home = home.expect("a home");
        let helpme =
            Helpme::start_as_set_up(&program, &cast.user_display, home.clone(), Look::LIGHT);
        cast.helpme = helpme.expect("started");
        let app = &mut cast.helpme.app;
        app.wait_for("Version 0.2.0 can be had").expect("offered");
        app.click("Update").expect("pressed");
        std::thread::sleep(Duration::from_millis(wait_millis));
        app.running().kill_now().expect("killed");
        said.push(says(&home, &program));
    }
    assert!(
        said.iter()
            .all(|said| ["helpme 0.1.0", "helpme 0.2.0"].contains(&said.as_str())),
        "{said:?}"
    );
    assert_eq!(said[0], "helpme 0.1.0", "killed before it was there");

    // what was left over is in nobody's way
    write_program(&program, &versions.old);
    let home = Home::fresh(cast.folder(), "again").expect("a home");
    let helpme = Helpme::start_as_set_up(&program, &cast.user_display, home.clone(), Look::LIGHT);
    cast.helpme = helpme.expect("started");
    let app = &mut cast.helpme.app;
    app.wait_for("Version 0.2.0 can be had").expect("offered");
    app.click("Update").expect("pressed");
    app.wait_for("Version 0.2.0 is ready").expect("in place");
    assert_eq!(says(&home, &program), "helpme 0.2.0");
}
