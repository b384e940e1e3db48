//! Helpme from the hub's page: downloaded by a browser, started as it is, used again later, and refused where somebody
//! has changed it (H2, H3, P3).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::{Cast, Helpme, Home, Look, Size, USER_NAME, Visitor, downloaded_from};
use transport::hub_block;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);
const ORGANISATION: &str = "Comune di Prova";
/// How Helpme shows it.
const SHOWN: &str = "Help desk: Comune di Prova";

/// The Helpme of these tests as its maker hands it out.
fn as_its_maker_has_it(cast: &Cast) -> PathBuf {
    let stripped = cast.folder().join("made");
    let status = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(cast.programs.path("helpme"))
        .status();
    assert!(status.expect("strip, of binutils").success());
    stripped
}

fn start(cast: &mut Cast, program: &Path, home: &Home) {
    // one that runs would take the start over
    cast.helpme.app.running().kill_now().expect("gone");
    let started = Helpme::start_as_set_up(program, &cast.user_display, home.clone(), Look::LIGHT);
    cast.helpme = started.expect("started");
}

#[test]
fn h2_h3_the_helpme_that_a_browser_downloads_knows_its_hub_and_does_so_next_year() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.hub.name_organisation(ORGANISATION).expect("named");
    let made = as_its_maker_has_it(&cast);
    let file = "helpme-linux-x86_64";
    cast.hub.hand_out(&made, file, "0.1.0").expect("handed out");

    let browser = Home::fresh(cast.folder(), "browser").expect("a home");
    let url = format!("https://{}/", cast.hub.address());
    let archive = downloaded_from(&browser, &url, Visitor::Here, Duration::from_mins(1));
    let archive = archive.expect("a file");
    let unpacked = cast.folder().join("unpacked");
    let archive = fs::File::open(archive).expect("opens");
    let mut archive = zip::ZipArchive::new(archive).expect("a ZIP");
    archive.extract(&unpacked).expect("unpacked");
    let program = unpacked.join("helpme/helpme");
    let bytes = fs::read(&program).expect("read");
    let made = fs::read(made).expect("read");
    assert!(bytes.starts_with(&made), "the maker's program, untouched");
    let mode = fs::metadata(&program).expect("there").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "it can be started");
    let beside = fs::read_dir(unpacked.join("helpme")).expect("a folder");
    assert_eq!(beside.count(), 1, "nothing that could get lost");

    // on an account that never had one
    let home = Home::fresh(cast.folder(), "new").expect("a home");
    start(&mut cast, &program, &home);
    let name = cast.helpme.app.wait_for(SHOWN);
    name.expect("whose help desk it is, before anything is connected");
    assist(&mut cast);

    // kept, as browsers and people name it, and started again
    let kept = cast.folder().join("helpme (1) di Anna");
    fs::rename(&program, &kept).expect("renamed");
    start(&mut cast, &kept, &home);
    assist(&mut cast);

    // with a byte that is not the hub's it does not start
    let mut changed = bytes.clone();
    let at = made.len() + (bytes.len() - made.len()) / 2;
    changed[at] ^= 1;
    let tail = &changed[made.len()..];
    hub_block::find(tail).expect_err("not what the hub signed");
    let altered = cast.folder().join("altered");
    fs::write(&altered, changed).expect("written");
    fs::set_permissions(&altered, fs::Permissions::from_mode(0o755)).expect("can be started");
    let mut command = home.command(&altered);
    let said = command.arg("--doctor").output().expect("it runs");
    assert_eq!(said.status.code(), Some(17));
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let sentence = "Somebody or something has changed this program.";
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn p3_an_update_waits_for_the_session_and_is_taken_back() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let made = as_its_maker_has_it(&cast);
    let program = cast.folder().join("helpme");
    let bytes = fs::read(&made).expect("read");
    let hub = cast.hub.address().to_string().parse().expect("an address");
    // as the hub of another test hands it out
    let key = transport::HubIdentity::open(&cast.hub.data()).expect("the hub's key");
    let block = protocol::HubBlock::new(&hub, false, ORGANISATION);
    let block = hub_block::sign(&key, &block).expect("signed");
    let carrying = protocol::hub_block::with_block(&bytes, &block).expect("room");
    fs::write(&program, &carrying).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("set");
    let next = cast.folder().join("helpme-next");
    sign_next(&bytes, &next);

    let home = Home::fresh(cast.folder(), "new").expect("a home");
    start(&mut cast, &program, &home);
    let ticket = cast.console.generate_ticket().expect("a ticket");
    cast.helpme.ask_for_help(&ticket, USER_NAME).expect("asked");
    cast.console.wait_for_computer(&ticket).expect("there");
    cast.session_begins(&ticket).expect("a session");

    // in mid-session: what runs goes on, the file is the next version
    let run = |arguments: &[&str]| {
        let output = home.command(&program).args(arguments).output();
        let output = output.expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        (output.status.success(), said)
    };
    assert_eq!(run(&["--version"]), (true, "helpme 0.1.0".to_owned()));
    let next = next.to_str().expect("plain");
    let (done, said) = run(&["--update", next]);
    assert!(done && said.contains("0.2.0"), "{said}");
    assert_eq!(run(&["--version"]), (true, "helpme 0.2.0".to_owned()));
    cast.helpme.wait_for_bar().expect("the session goes on");
    cast.helpme.app.running().check_alive().expect("alive");
    cast.helpme.end().expect("ended by the user");
    cast.console
        .write_report("Where is it?", "There")
        .expect("a report");
    // not once more, and nothing older
    let (done, said) = run(&["--update", next]);
    assert!(!done && said.contains("0.2.0 runs already"), "{said}");

    // the new one helps the same user at the same hub, and so does the old one again
    start(&mut cast, &program, &home);
    cast.helpme.app.wait_for(SHOWN).expect("its hub");
    assist(&mut cast);
    let (done, said) = run(&["--roll-back"]);
    assert!(done, "{said}");
    assert_eq!(run(&["--version"]), (true, "helpme 0.1.0".to_owned()));
    assert!(fs::read(&program).expect("read") == carrying);
    start(&mut cast, &program, &home);
    assist(&mut cast);
}

/// The next version of the program `made`, signed: the same but for the version that it says.
fn sign_next(made: &[u8], next: &Path) {
    let (old, new) = (
        b"version of this program: 0.1.0",
        b"version of this program: 0.2.0",
    );
    let at = made.windows(old.len()).position(|part| part == old);
    let at = at.expect("it has its version in it");
    let mut program = made.to_vec();
    program[at..at + new.len()].copy_from_slice(new);
    fs::write(next, &program).expect("written");
    let signature = e2e::maker_signs(&program, "helpme-linux-x86_64", "0.2.0");
    let beside = format!("{}.minisig", next.display());
    fs::write(beside, signature.expect("signed")).expect("written");
}

/// One assistance with the Helpme that runs, from the ticket to its end.
fn assist(cast: &mut Cast) {
    let ticket = cast.console.generate_ticket().expect("a ticket");
    cast.helpme.ask_for_help(&ticket, USER_NAME).expect("asked");
    cast.console.wait_for_computer(&ticket).expect("there");
    cast.session_begins(&ticket).expect("a session");
    cast.helpme.end().expect("ended");
    cast.console
        .write_report("Where is it?", "There")
        .expect("a report");
}
