//! A link with a ticket: from the console's text over the hub's page into Helpme (H2, O6).

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use e2e::{Cast, Display, Home, PATIENCE, Size, USER_NAME, page_at, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// What `program` says, in a home of its own; fails where it does.
fn output(home: &Path, program: impl AsRef<Path>, arguments: &[&str]) -> (bool, String) {
    let program = program.as_ref();
    let output: Output = Command::new(program)
        .args(arguments)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .env("XDG_DATA_HOME", home.join(".local/share"))
        .env_remove("XDG_CURRENT_DESKTOP")
        .output()
        .expect("it is installed: `./run test` sees to it");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    (output.status.success(), said)
}

#[test]
fn h2_the_text_for_the_user_links_to_the_page_and_the_page_to_helpme() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.console.generate_ticket().expect("a ticket");
    let text = cast.operator_display.clipboard().expect("read");
    let text = text.expect("the text");
    let dashed = ticket.replace(' ', "-");
    let url = format!("https://{}/#{dashed}", cast.hub.address());
    assert!(text.lines().any(|line| line == url), "{text}");
    assert!(text.lines().any(|line| line == ticket), "{text}");

    // the page shows the ticket, and leads on with it
    let browser = Home::fresh(cast.folder(), "browser").expect("a home");
    let dom = page_at(&browser, &url).expect("Chromium");
    assert!(dom.contains(&format!("<output>{ticket}</output>")), "{dom}");
    let begin = dom.find("helpme://").expect("a link to Helpme");
    let link = dom[begin..].split('"').next().expect("its end");
    let link = link.replace("&amp;", "&");

    // the whole text, pasted, is that one ticket
    cast.user_display.put_on_clipboard(&text).expect("put");
    cast.helpme.app.click("Paste").expect("clicked");
    let helpme = &mut cast.helpme.app;
    helpme.type_into("Your name", USER_NAME).expect("typed");
    helpme.click("Helpme").expect("clicked");
    cast.console.wait_for_computer(&ticket).expect("there");
    cast.helpme.leave().expect("left");
    started_again_the_one_that_runs_takes_it(&mut cast, &link);

    // another ticket's link, opened by what the desktop opens links with
    let next = cast.console.generate_ticket().expect("a ticket");
    let spelled = |ticket: &str| ticket.replace(' ', "%20");
    let link = link.replace(&spelled(&ticket), &spelled(&next));
    let home = Home::fresh(cast.folder(), "linked").expect("a home");
    let folder = home.file("");
    let helpme = cast.programs.path("helpme");
    let (done, said) = output(&folder, helpme, &["--register-links"]);
    assert!(done, "{said}");
    let map = home.ui_map();
    let mut opened = Command::new("xdg-open")
        .arg(&link)
        .env("HOME", &folder)
        .env("XDG_CONFIG_HOME", folder.join(".config"))
        .env("XDG_DATA_HOME", folder.join(".local/share"))
        .env("PHD_PROFILE_DIR", folder.join("profile"))
        .env("PHD_UI_MAP", &map)
        .env("DISPLAY", cast.user_display.name())
        .env_remove("XDG_CURRENT_DESKTOP")
        .spawn()
        .expect("xdg-open, of xdg-utils");
    // the ticket stands there, and nothing is done with it before the user says so
    let shown = wait_until("Helpme with the ticket", PATIENCE, || {
        let map = fs::read_to_string(&map).unwrap_or_default();
        Ok(map.contains("\"Helpme\"").then_some(map))
    })
    .expect("it opens");
    assert!(!shown.contains("Use another ticket"), "{shown}");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let rows = cast.console.app.map().expect("a map");
    let is_there = |label: &&str| label.contains(&next) && label.contains('\u{2013}');
    assert_eq!(rows.labels().into_iter().find(is_there), None);
    drop(opened.kill());
    drop(opened.wait());
    end_all_of(&folder);
}

/// Starts both programs once more while they run: each second one hands over and ends.
fn started_again_the_one_that_runs_takes_it(cast: &mut Cast, link: &str) {
    let other = link.replace("ticket=", "ticket=5550001234&was=");
    let start = |home: &Home, program: &str, display: &Display, opens: &[&str]| {
        let mut command = home.windowed(cast.programs.path(program), display.name());
        let started = command.args(opens).status().expect("started");
        assert!(started.success(), "{program}: {started}");
    };
    let home = cast.helpme.app.home();
    start(home, "helpme", &cast.user_display, &[&other]);
    let taken = wait_until("the ticket of the link", PATIENCE, || {
        let app = &mut cast.helpme.app;
        let field = app.wait_for_field("Ticket")?;
        app.hands().click(field.region.middle())?;
        let typed = app.typed_text()?;
        Ok(typed.contains("5550001234").then_some(()))
    });
    taken.expect("the window that was there has it");

    let window = cast.console.app.minimise("Logged in").expect("minimised");
    let home = cast.console.app.home();
    start(home, "pure-help-desk", &cast.operator_display, &[]);
    let shown = wait_until("the console", PATIENCE, || {
        Ok(cast.operator_display.is_shown(window)?.then_some(()))
    });
    shown.expect("in front again");
}

/// Ends the Helpme that `xdg-open` started, which has this home.
fn end_all_of(home: &Path) {
    let own = format!("PHD_PROFILE_DIR={}", home.join("profile").display());
    let processes = fs::read_dir("/proc").expect("processes");
    for process in processes.flatten() {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        let pid = process.file_name().to_string_lossy().parse().ok();
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        if let (true, Some(pid)) = (variables.any(|one| one == own.as_bytes()), pid) {
            let ended = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            ended.expect("it was there");
        }
    }
}

#[test]
fn h2_links_are_registered_as_the_desktops_own_tools_read_it() {
    let programs = e2e::Programs::find().expect("programs");
    let helpme = programs.path("helpme");
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    const KIND: &str = "x-scheme-handler/helpme";
    const ENTRY: &str = "pure-help-desk-helpme-links.desktop";
    let default = || output(home, "xdg-mime", &["query", "default", KIND]).1;
    let by_gio = || output(home, "gio", &["mime", KIND]).1;

    assert_eq!(default(), "");
    let (done, said) = output(home, &helpme, &["--register-links"]);
    assert!(done && said.contains("open with this program"), "{said}");
    assert_eq!(default(), ENTRY);
    let said = by_gio();
    let chosen = said.lines().next().unwrap_or_default();
    assert!(
        chosen.contains("Default") && chosen.contains(ENTRY),
        "{said}"
    );
    let entry = home.join(".local/share/applications").join(ENTRY);

    let (done, said) = output(home, &helpme, &["--unregister-links"]);
    assert!(done, "{said}");
    assert_eq!(default(), "");
    assert!(!entry.exists());

    // whatever else the account has chosen stays
    let other = home.join(".local/share/applications/other.desktop");
    let text = "[Desktop Entry]\nType=Application\nName=Other\nExec=/bin/true %u\n";
    fs::write(&other, text).expect("written");
    let (done, said) = output(home, "xdg-mime", &["default", "other.desktop", KIND]);
    assert!(done, "{said}");
    let (done, said) = output(home, &helpme, &["--register-links"]);
    assert!(!done && said.contains("another program"), "{said}");
    assert_eq!(default(), "other.desktop");
}
