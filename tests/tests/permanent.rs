//! Computers with nobody in front, as an operator and an administrator see them (U1, O8), and as an operator
//! opens them (U3).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{
    Administrator, Cast, Display, Home, Look, OPERATOR, PATIENCE, Running, Size, Till, bar_on,
    end_button, wait_until,
};
use xkeysym::key;

const USER_SCREEN: Size = Size(800, 600);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const ADMIN_SCREEN: Size = Size(1280, 840);

#[test]
fn u1_a_permanent_host_is_seen_by_those_who_may_and_says_what_is_missing() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.hub
        .set_up_hosts("Tills", "Retail", OPERATOR)
        .expect("groups");
    let folder = cast.folder().to_owned();
    let home = |name: &str| Home::fresh(&folder, name).expect("a home");
    let till = |name: &str, group: &str| {
        Till::enrol(&cast.programs, &cast.hub, home(name), name, group).expect("enrolled")
    };
    let seen = till("TILL-4", "Tills");
    let _unseen = till("VAULT-1", "Vault");
    cast.console.app.wait_for("TILL-4").expect("in the list");

    let display = Display::start_managed(ADMIN_SCREEN.0, ADMIN_SCREEN.1).expect("a display");
    let mut admin = Administrator::start(&cast.programs, &display, home("admin"), Look::LIGHT)
        .expect("started");
    admin.sign_in(&cast.hub).expect("signed in");
    admin.app.click("Computers").expect("clicked");
    for name in ["TILL-4", "VAULT-1", "Tills", "Vault"] {
        admin
            .app
            .wait_for(name)
            .expect("the administrator sees all");
    }
    assert!(!cast.console.app.shows("VAULT-1").expect("a window"));

    open_box(&mut cast);
    let field = "Access password of the computer";
    cast.console.app.type_into(field, PASSWORD).expect("typed");
    cast.console.app.hands().tap(key::Return).expect("pressed");
    let missing = |label: &str| label.starts_with("This computer has no access password.");
    cast.console
        .app
        .wait_for_matching("the reason", missing)
        .expect("why it cannot be helped");
    cast.console.app.hands().tap(key::Escape).expect("pressed");
    cast.console.app.wait_until_gone(field).expect("closed");

    // it stays in the list, to be woken
    drop(seen);
    cast.console.app.wait_for("Not connected").expect("gone");
    assert!(cast.console.app.shows("TILL-4").expect("a window"));
    cast.hub.verify_audit().expect("sound");
}

const PASSWORD: &str = "the shop opens at nine";
const WRONG: &str = "the shop opens at noon";
/// Both pointers rest to the right of this. Only what is left of it is compared.
const WITHOUT_POINTER: u32 = 700;

/// Chooses **Remote Session** on the till.
fn open_box(cast: &mut Cast) {
    let app = &mut cast.console.app;
    app.bring_to_front("Logged in").expect("in front");
    app.right_click("TILL-4").expect("clicked");
    app.click_in_menu("Remote Session").expect("chosen");
    app.wait_for_field("Access password of the computer")
        .expect("the box");
}

fn terminal(display: &Display, file: &Path, log: &Path) -> Running {
    let mut command = Command::new("xterm");
    command
        .args([
            "-geometry",
            "60x12+20+20",
            "-e",
            "bash",
            "-c",
            r#"cat >"$1""#,
            "till",
        ])
        .arg(file)
        .env("DISPLAY", display.name())
        .env("LC_ALL", "C.UTF-8");
    Running::start("xterm", &mut command, log).expect("a terminal")
}

#[test]
fn u3_a_computer_with_nobody_in_front_is_opened_with_its_password_and_used() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.hub
        .set_up_hosts("Tills", "Retail", OPERATOR)
        .expect("groups");
    let shop = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1).expect("a display");
    shop.paint_background(0x35_58_7a).expect("painted");
    let typed = cast.folder().join("typed");
    let _terminal = terminal(&shop, &typed, &cast.folder().join("xterm.log"));
    let home = Home::fresh(cast.folder(), "till").expect("a home");
    let names = ("TILL-4", "Tills");
    let mut till = Till::enrol_openable(&cast.programs, &cast.hub, home, names, (&shop, PASSWORD))
        .expect("enrolled");
    cast.console.app.wait_for("TILL-4").expect("in the list");

    // a wrong password is said, and the next one replaces it
    open_box(&mut cast);
    let app = &mut cast.console.app;
    app.hands().type_text(WRONG).expect("typed");
    app.hands().tap(key::Return).expect("pressed");
    app.wait_for("The password is wrong.").expect("said");
    app.show_picture("Logged in", "console-open-host-wrong")
        .expect("a picture");
    app.hands().type_text(PASSWORD).expect("typed");
    app.hands().tap(key::Return).expect("pressed");
    let session = cast.console.wait_for_session().expect("a session");

    // what is seen is what is there, and what is typed arrives
    let hands = cast.console.app.hands();
    let text = "behind the counter";
    hands
        .click((session.x + 150, session.y + 120))
        .expect("a click into the terminal");
    hands.type_text(text).expect("typed");
    hands.type_text("\n").expect("typed");
    wait_until("what was typed", PATIENCE, || {
        let read = fs::read_to_string(&typed).unwrap_or_default();
        Ok((read == format!("{text}\n")).then_some(()))
    })
    .expect("it arrives");
    hands
        .point_at((session.x + 760, session.y + 560))
        .expect("pointed");
    wait_until("the same picture", PATIENCE, || {
        let there = shop.screenshot()?.left(WITHOUT_POINTER);
        let seen = cast.console.remote_picture()?.left(WITHOUT_POINTER);
        Ok((there.differing_pixels(&seen) == 0).then_some(()))
    })
    .expect("what the till shows");

    // killed in the middle of it with a key held, it comes back, the key is up, and the operator is told
    let hands = cast.console.app.hands();
    hands.press(key::Shift_L).expect("held");
    wait_until("the key to be held there", PATIENCE, || {
        Ok((!shop.pressed_keys()?.is_empty()).then_some(()))
    })
    .expect("held");
    let killed = Instant::now();
    till.crash_and_come_back().expect("it comes back");
    // systemd waits a second before it starts it again
    let away = killed.elapsed();
    assert!(away < Duration::from_secs(4), "{away:?}");
    wait_until("no key to be held there", PATIENCE, || {
        Ok(shop.pressed_keys()?.is_empty().then_some(()))
    })
    .expect("let go of");
    cast.console
        .app
        .hands()
        .release(key::Shift_L)
        .expect("let go");
    let lost = |label: &str| label.contains("out of reach for too long");
    cast.console
        .app
        .wait_for_matching("the end", lost)
        .expect("the end is said");
    cast.console.leave_session().expect("left");
    assert_eq!(shop.pressed_keys().expect("asked"), Vec::<u8>::new());

    // and is opened again
    open_box(&mut cast);
    let app = &mut cast.console.app;
    app.hands().type_text(PASSWORD).expect("typed");
    app.hands().tap(key::Return).expect("pressed");
    cast.console.wait_for_session().expect("a session");
    // nobody is there to be asked for a look through the folders (S6)
    cast.console
        .choose_in_session("Session menu", "Fetch files")
        .expect("chosen");
    let app = &mut cast.console.app;
    app.wait_for("purepc.log").expect("its folder, at once");
    app.click("Close").expect("closed");
    app.wait_until_gone("purepc.log").expect("closed");
    // whoever sits there sees it, and ends it
    let end = end_button(&shop).expect("it says who is there");
    shop.hands().expect("hands").click(end).expect("clicked");
    let ended = |label: &str| label.starts_with("The user ended");
    cast.console
        .app
        .wait_for_matching("the end", ended)
        .expect("the end is said");
    wait_until("the bar to be gone", PATIENCE, || {
        Ok(bar_on(&shop)?.is_none().then_some(()))
    })
    .expect("nobody is there any more");
    cast.console.leave_session().expect("left");

    let reports = cast.hub.reports().expect("reports");
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(
        reports.iter().all(|report| report["host"] == "TILL-4"),
        "{reports:?}"
    );
    assert_eq!(cast.hub.audited("host.opened").expect("read").len(), 2);
    let refused = cast.hub.audited("host.not_opened").expect("read");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(cast.hub.films().expect("films").len(), 2);
    cast.hub.verify_audit().expect("sound");
    hub_does_not_know(&mut cast);
}

/// Neither the hub's memory nor its folder has the password, or the one that was tried.
fn hub_does_not_know(cast: &mut Cast) {
    let pid = cast.hub.running().expect("it runs").pid();
    let has = |bytes: &[u8]| {
        let secrets = [PASSWORD, WRONG].map(str::as_bytes);
        let mut secrets = secrets.into_iter();
        secrets.any(|secret| bytes.windows(secret.len()).any(|part| part == secret))
    };
    let mut searched = 0;
    for map in fs::read_to_string(format!("/proc/{pid}/maps"))
        .expect("maps")
        .lines()
    {
        let Some((range, rest)) = map.split_once(' ') else {
            continue;
        };
        if !rest.starts_with("rw") {
            continue;
        }
        let Some((from, to)) = range.split_once('-') else {
            continue;
        };
        let number = |text| u64::from_str_radix(text, 16).expect("an address");
        let (from, to) = (number(from), number(to));
        let Ok(bytes) = memory_of(pid, from, to) else {
            continue;
        };
        searched += bytes.len();
        assert!(!has(&bytes), "the hub has it in memory at {range}");
    }
    assert!(searched > 1 << 20, "{searched} bytes were searched");
    for file in fs::read_dir(cast.hub.data()).expect("a folder") {
        let path = file.expect("listed").path();
        if let Ok(bytes) = fs::read(&path) {
            assert!(!has(&bytes), "{}", path.display());
        }
    }
}

fn memory_of(pid: u32, from: u64, to: u64) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let memory = fs::File::open(format!("/proc/{pid}/mem"))?;
    let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
    memory.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}
