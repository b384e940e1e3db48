//! Whose help desk it is (B6, H8): the hub tells Helpme, which shows it wherever the user looks, and
//! believes nobody else.

use std::fs;
use std::path::PathBuf;

use e2e::{Cast, Display, Helpme, Home, Hub, Look, Size, USER_NAME, page_at};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// A Helpme on an account that never had one, with a file beside it that claims to be a bank's.
struct SetUp {
    program: PathBuf,
    home: Home,
    display: Display,
}

impl SetUp {
    fn new(cast: &Cast) -> Self {
        let program = cast.folder().join("helpme");
        fs::copy(cast.programs.path("helpme"), &program).expect("copied");
        let home = Home::fresh(cast.folder(), "new").expect("a home");
        let settings = home.profile().join("helpme");
        fs::create_dir_all(&settings).expect("made");
        let settings = settings.join("settings.json");
        fs::write(settings, r#"{"theme": "Light", "language": "En"}"#).expect("written");
        let display = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1).expect("a display");
        let set_up = Self {
            program,
            home,
            display,
        };
        set_up.is_for(&cast.hub);
        set_up
    }

    fn is_for(&self, hub: &Hub) {
        let (address, key) = (hub.address(), hub.fingerprint());
        let (name, hubs) = ("\"The Bank\"", "organisations");
        let set_up = format!(
            r#"{{"address": "{address}", "fingerprint": "{key}", "organisation": {name}, "name": {name},
            "{hubs}": [{{"address": "{address}", "fingerprint": "{key}", "name": {name}}}]}}"#
        );
        fs::write(self.program.with_extension("json"), set_up).expect("written");
    }

    fn start(&self) -> Helpme {
        let home = self.home.clone();
        Helpme::start_as_set_up(&self.program, &self.display, home, Look::LIGHT).expect("started")
    }
}

/// The sentences that stand in the window.
fn sentences(helpme: &Helpme) -> Vec<String> {
    let map = helpme.app.map().expect("a map");
    let labels = map.labels().into_iter();
    labels
        .filter(|label| label.ends_with('.'))
        .map(str::to_owned)
        .collect()
}

fn shows_no_bank(helpme: &Helpme) {
    let map = helpme.app.map().expect("a map");
    let bank = map
        .labels()
        .into_iter()
        .find(|label| label.contains("The Bank"));
    assert_eq!(bank, None);
}

#[test]
fn h8_helpme_says_whose_help_desk_it_is_and_takes_that_from_the_hub_alone() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.hub
        .name_organisation("Comune di Prova")
        .expect("named");
    let set_up = SetUp::new(&cast);

    // before the first ticket: how to recognise a swindler, in the words of the page
    let mut helpme = set_up.start();
    let app = &mut helpme.app;
    app.wait_for("How to recognise a swindler").expect("first");
    assert!(!app.shows("Your name").expect("a map"), "and nothing else");
    let signs = sentences(&helpme);
    assert!(signs.len() >= 5, "{signs:?}");
    let browser = Home::fresh(cast.folder(), "browser").expect("a home");
    let url = format!("https://{}/?lang=en", cast.hub.address());
    let page = page_at(&browser, &url).expect("Chromium");
    for sign in &signs {
        assert!(page.contains(sign), "{sign:?} is not in {page}");
    }
    helpme.app.click("I understand").expect("pressed");
    helpme.app.wait_for("Your help desk").expect("not known");
    shows_no_bank(&helpme);

    // in the window, the question and the bar
    let ticket = cast.console.generate_ticket().expect("a ticket");
    helpme.ask_for_help(&ticket, USER_NAME).expect("asked");
    helpme
        .app
        .wait_for("Help desk: Comune di Prova")
        .expect("told");
    cast.console.wait_for_computer(&ticket).expect("there");
    cast.console
        .choose(&ticket, "Remote Session")
        .expect("asked");
    for sentence in [
        "Anna Bianchi of “Comune di Prova” wants to help you",
        "The session is filmed; “Comune di Prova” keeps the film.",
    ] {
        helpme.app.wait_for(sentence).expect("in the question");
    }
    helpme.allow().expect("allowed");
    helpme.wait_for_bar().expect("a bar");
    helpme.app.wait_for("Comune di Prova").expect("in the bar");
    // the administrator calls it otherwise meanwhile
    cast.hub.name_organisation("Città di Prova").expect("named");
    helpme.app.wait_for("Città di Prova").expect("told again");
    helpme.end().expect("ended");
    drop(helpme);

    // from the next start on it stands there before anybody is called, whatever the file says
    cast.hub.stop().expect("stopped");
    set_up.is_for(&cast.hub);
    let mut helpme = set_up.start();
    helpme
        .app
        .wait_for("Help desk: Città di Prova")
        .expect("remembered");
    assert!(helpme.app.shows("Your name").expect("a map"), "read before");
    shows_no_bank(&helpme);
    helpme
        .app
        .click("How to recognise a swindler")
        .expect("again");
    helpme.app.wait_for("I understand").expect("it is there");
    drop(helpme);

    // another hub has no name before it said one itself; the known one is told from it
    let of_other = Home::fresh(cast.folder(), "other hub").expect("a home");
    let other = Hub::start(&cast.programs, of_other, cast.hub.address().ip()).expect("a hub");
    set_up.is_for(&other);
    let mut helpme = set_up.start();
    helpme
        .app
        .wait_for("Another service than last time")
        .expect("a question");
    helpme
        .app
        .wait_for("Città di Prova")
        .expect("the known one");
    helpme.app.click("Use the new one").expect("chosen");
    helpme.app.wait_for("Your help desk").expect("not known");
    shows_no_bank(&helpme);
}
