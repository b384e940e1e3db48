//! Whom the user trusts: the hub that he knows, and operators who take no for an answer.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{Cast, Display, Helpme, Home, Hub, Look, PATIENCE, Size, USER_NAME, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);
const QUESTION: &str = "Another service than last time";

/// A Helpme of one's own, with the file beside it that names its hub.
struct SetUp {
    program: PathBuf,
    home: Home,
}

impl SetUp {
    fn new(cast: &Cast) -> Self {
        let program = cast.folder().join("helpme");
        fs::copy(cast.programs.path("helpme"), &program).expect("copied");
        let home = Home::fresh(cast.folder(), "set-up").expect("a home");
        Self { program, home }
    }

    fn names(&self, hub: &Hub) {
        let set_up = format!(
            r#"{{"address": "{}", "fingerprint": "{}"}}"#,
            hub.address(),
            hub.fingerprint()
        );
        fs::write(self.program.with_extension("json"), set_up).expect("written");
    }

    fn start(&self, display: &Display) -> Helpme {
        Helpme::start_as_set_up(&self.program, display, self.home.clone(), Look::LIGHT)
            .expect("started")
    }
}

/// Comes with a fresh ticket of the operator's.
fn ask_for_help(cast: &mut Cast, helpme: &mut Helpme) {
    let ticket = cast.console.generate_ticket().expect("a ticket");
    helpme.ask_for_help(&ticket, USER_NAME).expect("asked");
    cast.console
        .wait_for_computer(&ticket)
        .expect("in the list");
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("readable")
}

#[test]
fn e2_a_set_up_for_another_hub_is_asked_about_before_anything_is_connected() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let of_other = Home::fresh(cast.folder(), "other hub").expect("a home");
    let other_log = of_other.log();
    let other = Hub::start(&cast.programs, of_other, Ipv4Addr::LOCALHOST.into()).expect("a hub");
    let display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1).expect("a display");
    let set_up = SetUp::new(&cast);
    set_up.names(&cast.hub);
    let mut helpme = set_up.start(&display);
    ask_for_help(&mut cast, &mut helpme);
    drop(helpme);

    set_up.names(&other);
    let mut helpme = set_up.start(&display);
    helpme.app.wait_for(QUESTION).expect("a question");
    for hub in [&cast.hub, &other] {
        let address = hub.address().to_string();
        helpme.app.wait_for(&address).expect("both are named");
    }
    // as a person would who wants to get on
    helpme.app.hands().tap(xkeysym::key::Return).expect("typed");
    helpme.app.wait_until_gone(QUESTION).expect("answered");
    ask_for_help(&mut cast, &mut helpme);
    assert!(!read(&other_log).contains("Connected"), "nobody called it");
    drop(helpme);

    let mut helpme = set_up.start(&display);
    helpme.app.click("Use the new one").expect("chosen");
    helpme
        .ask_for_help("482 913 0571", USER_NAME)
        .expect("asked");
    wait_until("the new hub to be called", PATIENCE, || {
        Ok(read(&other_log).contains("Connected").then_some(()))
    })
    .expect("it is the one that was chosen");
    drop(helpme);
    let mut helpme = set_up.start(&display);
    helpme.app.wait_for("Your name").expect("a form");
    assert!(
        !helpme.app.shows(QUESTION).expect("a map"),
        "it was answered"
    );
}

#[test]
fn h5_an_operator_who_asks_again_and_again_can_be_blocked() {
    /// After so many questions the next must wait, or nobody sees it.
    const FREE_QUESTIONS: usize = 3;
    const WAIT: Duration = Duration::from_secs(31);
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    for _ in 0..FREE_QUESTIONS {
        cast.console
            .choose(&ticket, "Remote Session")
            .expect("asked");
        cast.helpme.app.wait_for("Refuse").expect("a question");
        assert!(!cast.helpme.app.shows("Block").expect("a map"));
        cast.helpme.refuse().expect("refused");
        cast.helpme.app.wait_until_gone("Refuse").expect("answered");
    }
    std::thread::sleep(WAIT);
    cast.console
        .choose(&ticket, "Remote Session")
        .expect("asked");
    cast.helpme.app.click("Block").expect("blocked");
    cast.helpme.app.wait_for("Your name").expect("the form");
    wait_until("the computer to leave the list", PATIENCE, || {
        let map = cast.console.app.map()?;
        let row = |label: &str, _: &str| label.contains(&ticket) && label.contains('–');
        Ok(map.find_matching(row).is_none().then_some(()))
    })
    .expect("the operator cannot ask any more");
    assert!(cast.hub.films().expect("the store").is_empty());
}
