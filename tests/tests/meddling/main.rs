//! A hub that alters, repeats, leaves out, swaps and makes up what passes through it, between the real windows: it
//! is found out, nothing of what it made is done, and both windows, the film, the audit log and the report say so.

mod relay;

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use e2e::{
    App, Cast, Display, Helpme, Home, Look, OPERATOR, PASSWORD, PATIENCE, Picture, Region, Running,
    Size, wait_until,
};
use protocol::{HostWord, HubToOperator, Lane, OperatorToHub, PeerId, Rights, Role, wire};
use relay::{Meddler, Passing, altered, body};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);

/// What the windows say.
const TO_OPERATOR: &str = "What arrived at one end was not what the other had sent";
const OF_HOST: &str = "What arrived was not what this computer sent";
const TO_USER: &str = "Something on the way changed what was sent";
const TAKEN_BACK: &str = "Your helper took the question back.";
const IN_HELPERS_NAME: &str = "Somebody other than your helper tried to act in your helper's name";
const OF_HUB: &str = "The help desk's server does not follow the rules";

/// An assistance through a hub in the wrong hands.
struct Scene {
    // dropped in this order
    cast: Cast,
    meddler: Meddler,
    users: u32,
}

impl Scene {
    fn begin() -> Self {
        let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1).expect("a display");
        let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1);
        let operator = operator.expect("a display");
        let mut cast = Cast::before_log_in(user, operator, Look::LIGHT).expect("the cast");
        let meddler = Meddler::start(&cast.hub);
        let pin = cast.hub.fingerprint().to_owned();
        cast.console
            .set_up_and_log_in(meddler.address, &pin, OPERATOR, PASSWORD)
            .expect("logged in");
        let mut scene = Self {
            cast,
            meddler,
            users: 0,
        };
        scene.cast.helpme = scene.another_helpme(None);
        scene
    }

    /// A Helpme of somebody else's, on the user's display or on another.
    fn another_helpme(&mut self, display: Option<&Display>) -> Helpme {
        self.users += 1;
        let name = format!("user behind it {}", self.users);
        let home = Home::fresh(self.cast.folder(), &name).expect("a home");
        let display = display.unwrap_or(&self.cast.user_display);
        let hub = (self.meddler.address, self.cast.hub.fingerprint());
        Helpme::start(&self.cast.programs, display, home, hub, Look::LIGHT).expect("started")
    }

    /// A session with a fresh user; where its picture is.
    fn session(&mut self) -> Region {
        let ticket = self.cast.user_asks_for_help().expect("asked");
        self.cast.session_begins(&ticket).expect("a session")
    }

    /// Film, audit log and report of the last session say that something was forged, and who found out.
    fn is_on_record(&mut self, finder: &str) {
        let hub = &self.cast.hub;
        let film = wait_until("the end of the film", PATIENCE, || {
            let films = hub.films()?;
            Ok(films
                .first()
                .filter(|film| film.ended_by.is_some())
                .cloned())
        })
        .expect("a film");
        assert_eq!(film.ended_by.as_deref(), Some("forged"));
        let timeline = hub.timeline(film.id).expect("a timeline");
        let note = format!("forged on the way, as {finder} found");
        assert!(timeline.contains(&note), "{timeline}");
        let ended = hub.audited("session.ended").expect("rows");
        assert!(ended[0].to_string().contains("forged"), "{ended:?}");
        wait_until("the sentence in the report", PATIENCE, || {
            let reports = hub.reports()?;
            let notes = reports.first().map(|report| report["notes"].to_string());
            Ok(notes.filter(|notes| notes.contains(TO_OPERATOR)))
        })
        .expect("the report begins with it");
        hub.verify_audit().expect("sound");
    }
}

fn says(app: &mut App, sentence: &str) {
    app.wait_for_matching(sentence, |label| label.contains(sentence))
        .expect("it says so");
}

/// Keeps what a display shows, for somebody to look at.
fn keep_picture(display: &Display, name: &str) {
    if let Some(folder) = std::env::var_os("PHD_PICTURES") {
        let picture = display.screenshot().expect("a picture");
        let file = Path::new(&folder).join(format!("meddling-{name}.png"));
        picture.save_png(&file).expect("saved");
    }
}

/// A terminal on the user's display that keeps what is typed in `typed`.
fn terminal(cast: &Cast, typed: &Path) -> Running {
    let mut command = Command::new("xterm");
    command
        .args(["-geometry", "60x12+20+320", "-e", "sh", "-c"])
        .args([r#"stty raw -echo; exec cat >"$1""#, "terminal"])
        .arg(typed)
        .env("DISPLAY", cast.user_display.name());
    let log = cast.folder().join("terminal.log");
    Running::start("terminal", &mut command, &log).expect("a terminal")
}

#[test]
fn a_key_that_a_hub_alters_repeats_or_leaves_out_is_not_done_and_all_say_so() {
    let mut scene = Scene::begin();
    let verbs = ["alters", "repeats", "leaves out"];
    for verb in verbs {
        let session = scene.session();
        let file = scene.cast.folder().join(format!("typed, {verb}"));
        let _terminal = terminal(&scene.cast, &file);
        let text = || std::fs::read_to_string(&file).unwrap_or_default();
        let hands = scene.cast.operator_display.hands().expect("hands");
        let at = (session.x + 200, session.y + 400);
        wait_until("keys that arrive", PATIENCE, || {
            hands.click(at)?;
            hands.type_text("a")?;
            Ok(text().contains('a').then_some(()))
        })
        .expect("the operator types");
        // on a busy machine it was asked more than once, and the rest is still on its way
        wait_until("the last of them", PATIENCE, || {
            let so_far = text();
            std::thread::sleep(std::time::Duration::from_millis(500));
            Ok((text() == so_far).then_some(()))
        })
        .expect("it rests");

        // the first frame is touched, whatever comes after it is not
        let mut touched = false;
        scene.meddler.does(move |passing: &Passing<'_>| {
            if passing.lane != Some(Lane::Input) || std::mem::replace(&mut touched, true) {
                return None;
            }
            let sealed = passing.body;
            Some(match verb {
                "alters" => vec![altered(sealed)],
                "repeats" => vec![sealed.clone(), sealed.clone()],
                _ => Vec::new(),
            })
        });
        let before = text();
        hands.type_text("rm").expect("typed");
        says(&mut scene.cast.helpme.app, IN_HELPERS_NAME);
        keep_picture(&scene.cast.user_display, &format!("key-{verb}-user"));
        says(&mut scene.cast.console.app, TO_OPERATOR);
        keep_picture(
            &scene.cast.operator_display,
            &format!("key-{verb}-operator"),
        );
        // a frame that is repeated is its operator's own the first time
        let after = text();
        let done = after.strip_prefix(&before).expect("nothing else was typed");
        let may = if verb == "repeats" { "r" } else { "" };
        assert!(may.starts_with(done), "{verb}: {done:?} was typed");
        let held = scene.cast.user_display.pressed_keys().expect("asked");
        assert_eq!(held, Vec::<u8>::new(), "no key stays down");
        scene.is_on_record("the user's computer");

        scene.meddler.does(|_| None);
        scene.cast.console.leave_session().expect("left");
        scene.cast.helpme = scene.another_helpme(None);
    }
}

#[test]
fn h5_a_yes_or_a_right_that_a_hub_makes_up_counts_nowhere_and_the_console_says_so() {
    let mut scene = Scene::begin();
    // "allowed", while the user still reads the question
    scene.meddler.does(|passing| {
        let pending = passing.says(Role::Operator, true)?;
        let HubToOperator::ConsentPending { session, host } = pending else {
            return None;
        };
        let started = HubToOperator::SessionStarted { session, host };
        Some(vec![passing.body.clone(), body(&started)])
    });
    let ticket = scene.cast.user_asks_for_help().expect("asked");
    let console = &mut scene.cast.console;
    console.choose(&ticket, "Remote Session").expect("asked");
    says(&mut console.app, OF_HOST);
    keep_picture(&scene.cast.operator_display, "yes-operator");
    assert!(!console.app.shows("Remote screen").expect("a map"));
    let refused = wait_until("the row in the audit log", PATIENCE, || {
        Ok(scene.cast.hub.audited("consent.refused")?.pop())
    });
    let refused = refused.expect("audited").to_string();
    assert!(refused.contains("forged on the way"), "{refused}");
    let helpme = &mut scene.cast.helpme.app;
    helpme.wait_until_gone("Allow").expect("taken back");
    assert!(!helpme.shows("End").expect("a map"), "nobody sees anything");
    assert!(scene.cast.hub.films().expect("films").is_empty());

    // the user lets the operator watch; the hub says that they may type, too
    scene.meddler.does(|passing| {
        let HubToOperator::Said {
            from,
            at_unix_seconds,
            mut word,
        } = passing.says(Role::Operator, true)?
        else {
            return None;
        };
        let HostWord::Answer {
            session,
            granted,
            picture_key,
        } = wire::decode(&word.body).ok()?
        else {
            return None;
        };
        assert!(granted.is_some_and(|granted| !granted.has(Rights::CONTROL)));
        word.body = body(&HostWord::Answer {
            session,
            granted: Some(Rights::KNOWN),
            picture_key,
        });
        let said = HubToOperator::Said {
            from,
            at_unix_seconds,
            word,
        };
        Some(vec![body(&said)])
    });
    scene.cast.helpme = scene.another_helpme(None);
    let ticket = scene.cast.user_asks_for_help().expect("asked");
    let console = &mut scene.cast.console;
    console.choose(&ticket, "Remote Session").expect("asked");
    let helpme = &mut scene.cast.helpme;
    helpme.app.bring_to_front("Allow").expect("a question");
    let control = "Use your keyboard and mouse";
    helpme.app.click(control).expect("not this one");
    helpme.allow().expect("allowed");
    says(&mut console.app, OF_HOST);
    assert!(!console.app.shows("Remote screen").expect("a map"));
    // the console may say no before the session runs, or right after
    let is_over = |label: &str| label.contains(TO_USER) || label == TAKEN_BACK;
    helpme
        .app
        .wait_for_matching("that nobody came in", is_over)
        .expect("the user is told");
    keep_picture(&scene.cast.user_display, "right-user");
    let films = scene.cast.hub.films().expect("films");
    let mut ran = films.iter().filter_map(|film| film.ended_by.as_deref());
    assert!(ran.all(|by| by == "forged"), "{films:?}");
}

#[test]
fn d2_a_picture_that_a_hub_alters_is_not_shown_and_both_windows_say_so() {
    const BEFORE: u32 = 0x20_40_80;
    const FALSE: u32 = 0xe0_30_c0;
    let mut scene = Scene::begin();
    scene
        .cast
        .user_display
        .paint_background(BEFORE)
        .expect("painted");
    scene.session();
    let seen = |cast: &Cast| cast.console.remote_picture();
    wait_until("the picture", PATIENCE, || {
        Ok((pixels_of(&seen(&scene.cast)?, BEFORE) > 100_000).then_some(()))
    })
    .expect("seen");
    scene.meddler.does(|passing| {
        let is_picture = passing.lane == Some(Lane::Screen) && passing.program == Role::Operator;
        is_picture.then(|| vec![altered(passing.body)])
    });
    scene
        .cast
        .user_display
        .paint_background(FALSE)
        .expect("painted");
    says(&mut scene.cast.console.app, TO_OPERATOR);
    keep_picture(&scene.cast.operator_display, "picture-operator");
    let whole = scene.cast.operator_display.screenshot().expect("a picture");
    assert_eq!(pixels_of(&whole, FALSE), 0, "nothing of it is shown");
    says(&mut scene.cast.helpme.app, TO_USER);
    keep_picture(&scene.cast.user_display, "picture-user");
    scene.is_on_record("the console of Anna Bianchi");
    scene.cast.console.leave_session().expect("left");
    says(&mut scene.cast.console.app, OF_HOST);
}

#[test]
fn h5_another_computer_in_the_place_of_the_one_that_was_chosen_is_asked_nothing() {
    let mut scene = Scene::begin();
    let hosts: Arc<Mutex<Vec<PeerId>>> = Arc::default();
    let known = Arc::clone(&hosts);
    scene.meddler.does(move |passing| {
        if let Some(HubToOperator::TicketSettled { host, .. }) = passing.says(Role::Operator, true)
        {
            known.lock().expect("no panic").push(host);
        }
        None
    });
    let first = scene.cast.user_asks_for_help().expect("asked");
    let elsewhere = Display::start_managed(800, 600).expect("a display");
    let mut other = scene.another_helpme(Some(&elsewhere));
    let second = scene.cast.console.generate_ticket().expect("a ticket");
    other.ask_for_help(&second, "Piero Neri").expect("asked");
    scene
        .cast
        .console
        .wait_for_computer(&second)
        .expect("there");
    let [chosen, swapped] = hosts.lock().expect("no panic")[..] else {
        panic!("two hosts came");
    };
    scene.meddler.does(move |passing| {
        let OperatorToHub::StartSession { host, word } = passing.says(Role::Operator, false)?
        else {
            return None;
        };
        assert_eq!(host, chosen);
        let host = swapped;
        Some(vec![body(&OperatorToHub::StartSession { host, word })])
    });
    let console = &mut scene.cast.console;
    console.choose(&first, "Remote Session").expect("asked");
    says(&mut other.app, OF_HUB);
    keep_picture(&elsewhere, "swapped-user");
    for helpme in [&other, &scene.cast.helpme] {
        assert!(
            !helpme.app.shows("Allow").expect("a map"),
            "nobody is asked"
        );
    }
    assert!(!console.app.shows("Remote screen").expect("a map"));
    assert!(scene.cast.hub.films().expect("films").is_empty());
    keep_picture(&scene.cast.operator_display, "swapped-operator");
}

fn pixels_of(picture: &Picture, colour: u32) -> usize {
    let [_, red, green, blue] = colour.to_be_bytes();
    let near = |one: u8, other: u8| one.abs_diff(other) <= 6;
    let is = |pixel: [u8; 3]| {
        pixel
            .iter()
            .zip([red, green, blue])
            .all(|(p, w)| near(*p, w))
    };
    let places = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
    places.filter(|(x, y)| is(picture.at(*x, *y))).count()
}
