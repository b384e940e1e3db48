//! Hosts that cannot do everything: what the user reads, what the operator reads, what is seen and done,
//! and what film and report tell.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use e2e::{Cast, Display, Helpme, Home, Look, PATIENCE, Region, Running, Server, Size, wait_until};
use xkeysym::key;

const USER_SCREEN: (u16, u16) = (1024, 720);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
/// A place of the user's screen where nothing lies over the background.
const PLACE: (u32, u32) = (900, 600);
const NO_INPUT: &str = "keyboard and mouse cannot be driven here";
const ONLY_WATCH: &str = "the user's display lets no program use keyboard and mouse";
const WAYLAND_USER: &str = "your desktop runs on Wayland";
const WAYLAND_OPERATOR: &str = "The user's desktop runs on Wayland";

/// Everybody, with a Helpme that the test starts by itself.
struct Play {
    cast: Cast,
    helpmes: u32,
}

impl Play {
    fn begin() -> anyhow::Result<Self> {
        let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
        let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
        let mut cast = Cast::before_log_in(user, operator, Look::LIGHT)?;
        cast.log_in()?;
        Ok(Self { cast, helpmes: 0 })
    }

    /// The user works on `display` from now on, in such an environment.
    fn user_sits_at(
        &mut self,
        display: Display,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        self.cast.helpme.app.running().stop()?;
        self.helpmes += 1;
        let home = Home::fresh(self.cast.folder(), &format!("odd-user-{}", self.helpmes))?;
        let mut command = home.windowed(self.cast.programs.path("helpme"), display.name());
        let (hub, fingerprint) = (self.cast.hub.address(), self.cast.hub.fingerprint());
        command
            .args(["--hub", &hub.to_string(), "--fingerprint", fingerprint])
            .envs(environment.iter().copied());
        let look = self.cast.look();
        let app = e2e::App::start("helpme", &mut command, home, &display, look)?;
        self.cast.helpme = Helpme { app };
        self.cast.user_display = display;
        Ok(())
    }

    fn console_reads(&mut self, part: &str) -> anyhow::Result<()> {
        let app = &mut self.cast.console.app;
        app.wait_for_matching(part, |label| label.contains(part))
            .map(drop)
    }

    fn helpme_reads(&mut self, part: &str) -> anyhow::Result<()> {
        let app = &mut self.cast.helpme.app;
        app.wait_for_matching(part, |label| label.contains(part))
            .map(drop)
    }

    /// The operator sees the user's screen in its own colours, also after a change.
    fn sees_exactly(&mut self, session: Region, colours: [u32; 2]) -> anyhow::Result<()> {
        for colour in colours {
            let user = &self.cast.user_display;
            user.paint_background(colour)?;
            let spot = Region {
                x: PLACE.0,
                y: PLACE.1,
                width: 1,
                height: 1,
            };
            let truth = user.screenshot_of(spot)?.at(0, 0);
            ensure!(truth != [0, 0, 0], "a colour to be seen");
            let eyes = &self.cast.operator_display;
            let left = session.x + (session.width - u32::from(USER_SCREEN.0)) / 2;
            let top = session.y + (session.height - u32::from(USER_SCREEN.1)) / 2;
            wait_until(&format!("the colour {truth:?}"), PATIENCE, || {
                let seen = eyes.screenshot()?.at(left + PLACE.0, top + PLACE.1);
                Ok((seen == truth).then_some(()))
            })?;
        }
        Ok(())
    }

    /// Whether what the operator presses is pressed at the host.
    fn key_arrives(&self, session: Region) -> anyhow::Result<bool> {
        let hands = self.cast.console.app.hands();
        hands.point_at(session.middle())?;
        hands.press(key::Shift_L)?;
        let arrived = wait_until("the key", Duration::from_secs(3), || {
            let pressed = self.cast.user_display.pressed_keys()?;
            Ok((!pressed.is_empty()).then_some(()))
        });
        hands.release(key::Shift_L)?;
        Ok(arrived.is_ok())
    }

    fn leave(&mut self) -> anyhow::Result<()> {
        self.cast.helpme.end()?;
        self.cast.console.leave_session()?;
        self.cast.helpme.leave()
    }
}

/// A row of the table.
fn told(host: &str, user: &str, operator: &str, works: &str) {
    println!("| {host} | {user} | {operator} | {works} |");
}

fn heading() {
    println!(
        "| host | the user reads | the operator reads | what works |\n| --- | --- | --- | --- |"
    );
}

#[test]
fn e1_screens_of_other_depths_and_servers_without_damage_are_seen_and_used() {
    heading();
    let mut play = Play::begin().expect("the cast");
    let usual = Server::usual(USER_SCREEN.0, USER_SCREEN.1);
    let depth = |depth| Server { depth, ..usual };
    let without = |lacking| Server { lacking, ..usual };
    // Without XFIXES today's server ends itself as soon as any of its programs leaves; that is a test of
    // `capture`.
    let servers = [
        ("depth 15", depth(15), [0x1234, 0x6543]),
        ("depth 16", depth(16), [0x1234, 0xfedc]),
        ("depth 30", depth(30), [0x1234_5678, 0x2bcd_ef12]),
        ("no DAMAGE", without(&["DAMAGE"]), [0x12_3456, 0xfe_dcba]),
        ("no MIT-SHM", without(&["MIT-SHM"]), [0x12_3456, 0xfe_dcba]),
        ("no DPMS", without(&["DPMS"]), [0x12_3456, 0xfe_dcba]),
        (
            "no screen saver",
            without(&["MIT-SCREEN-SAVER"]),
            [0x12_3456, 0xfe_dcba],
        ),
    ];
    for (name, server, colours) in servers {
        let tried = (|| -> anyhow::Result<()> {
            let display = Display::start_server(&server)?.managed()?;
            play.user_sits_at(display, &[])?;
            let ticket = play.cast.user_asks_for_help()?;
            let session = play.cast.session_begins(&ticket)?;
            play.sees_exactly(session, colours)?;
            ensure!(play.key_arrives(session)?, "keys arrive");
            play.leave()
        })();
        tried.with_context(|| name).expect("it works as usual");
        told(name, "–", "–", "exact picture, keyboard and mouse");
    }
}

#[test]
fn e1_without_xtest_both_sides_know_that_the_operator_can_only_watch() {
    heading();
    let mut play = Play::begin().expect("the cast");
    let outer = Display::start(USER_SCREEN.0, USER_SCREEN.1).expect("a display");
    let server = Server {
        lacking: &["XTEST"],
        ..Server::usual(USER_SCREEN.0, USER_SCREEN.1)
    };
    let inner = outer.start_inside(&server).expect("Xephyr");
    let inner = inner.managed().expect("a window manager");
    play.user_sits_at(inner, &[]).expect("Helpme");
    play.helpme_reads(NO_INPUT)
        .expect("the user knows before any ticket");
    let ticket = play.cast.user_asks_for_help().expect("asked");
    play.console_reads("Watching only")
        .expect("the operator knows before a session");
    let console = &mut play.cast.console;
    console.choose(&ticket, "Remote Session").expect("chosen");
    play.helpme_reads(NO_INPUT)
        .expect("the user knows when asked");
    play.cast.helpme.allow().expect("allowed");
    let session = play.cast.console.wait_for_session().expect("a session");
    let tool = play
        .cast
        .console
        .app
        .wait_for_matching("the tool", |label| label == "View only");
    let hands = play.cast.operator_display.hands().expect("hands");
    let at = tool.expect("greyed").region.middle();
    hands.point_at(at).expect("pointed");
    play.console_reads(ONLY_WATCH)
        .expect("the tools say why they are greyed");
    for tool in ["View only", "Special keys"] {
        let map = play.cast.console.app.map().expect("a map");
        let found = map.find_matching(|label, _| label.starts_with(tool));
        assert!(
            found.is_some_and(|found| !found.enabled),
            "{tool} is greyed"
        );
    }
    play.sees_exactly(session, [0x12_3456, 0xfe_dcba])
        .expect("seen");
    assert!(
        !play.key_arrives(session).expect("pressed"),
        "nothing is typed"
    );
    play.leave().expect("left");
    let film = play.cast.hub.films().expect("films")[0].id;
    let timeline = play.cast.hub.timeline(film).expect("a time line");
    assert!(
        timeline.contains("keyboard and pointer: the display takes none"),
        "{timeline}"
    );
    told(
        "no XTEST",
        NO_INPUT,
        ONLY_WATCH,
        "exact picture; the film notes it",
    );
}

#[test]
fn e1_a_screen_that_is_not_the_screen_is_told_before_a_session() {
    heading();
    let mut play = Play::begin().expect("the cast");
    // a desktop that runs on Wayland, and its X server
    let folder = play.cast.folder().join("weston");
    std::fs::create_dir(&folder).expect("a folder");
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&folder, closed).expect("closed");
    let log = folder.join("log");
    let mut weston = Command::new("weston");
    weston
        .args([
            "--backend=headless-backend.so",
            "--no-config",
            "--idle-time=0",
        ])
        .args(["--socket=wayland-9", "--width=1024", "--height=768"])
        .env("XDG_RUNTIME_DIR", &folder)
        .env_remove("DISPLAY");
    let _weston = Running::start("weston", &mut weston, &log).expect("weston");
    let socket = folder.join("wayland-9");
    wait_until("weston", PATIENCE, || Ok(socket.exists().then_some(()))).expect("weston");
    let screen = Display::start_on_wayland(&folder, "wayland-9").expect("Xwayland");
    let screen = screen.managed().expect("a window manager");
    play.user_sits_at(screen, &[]).expect("Helpme");
    play.helpme_reads(WAYLAND_USER)
        .expect("the user knows before any ticket");
    let ticket = play.cast.user_asks_for_help().expect("asked");
    play.console_reads("Wayland: cannot be shown")
        .expect("the operator knows");
    let row = play.cast.console.wait_for_computer(&ticket).expect("a row");
    let hands = play.cast.console.app.hands();
    hands.right_click(row.middle()).expect("clicked");
    let command = wait_until("the row's menu", PATIENCE, || {
        let map = play.cast.console.app.map()?;
        let is_command = |label: &str, role: &str| label == "Remote Session" && role == "MenuItem";
        Ok(map.find_matching(is_command))
    });
    assert!(
        !command.expect("a menu").enabled,
        "it is greyed, with the reason"
    );
    play.cast
        .console
        .app
        .hands()
        .tap(key::Escape)
        .expect("closed");
    told(
        "XWayland",
        WAYLAND_USER,
        WAYLAND_OPERATOR,
        "chat; no session begins",
    );
}

#[test]
fn e1_what_only_makes_a_session_odd_is_told_and_the_session_begins() {
    heading();
    let mut play = Play::begin().expect("the cast");
    let wayland = [
        ("WAYLAND_DISPLAY", "wayland-7"),
        ("XDG_SESSION_TYPE", "wayland"),
    ];
    let display = || Display::start_managed(USER_SCREEN.0, USER_SCREEN.1);
    let saver = |display: &Display, what: &str| {
        let done = Command::new("xset")
            .args(["-display", display.name(), "s", what])
            .status();
        assert!(done.expect("xset").success());
    };

    // beside a desktop on Wayland
    let beside = display().expect("a display");
    play.user_sits_at(beside, &wayland).expect("Helpme");
    play.helpme_reads("Your desktop runs on Wayland")
        .expect("the user knows");
    let ticket = play.cast.user_asks_for_help().expect("asked");
    play.console_reads("Wayland").expect("the operator knows");
    let session = play.cast.session_begins(&ticket).expect("a session");
    play.sees_exactly(session, [0x12_3456, 0xfe_dcba])
        .expect("seen");
    play.leave().expect("left");
    told(
        "Xvfb beside Wayland",
        "Your desktop runs on Wayland",
        WAYLAND_OPERATOR,
        "all",
    );

    // dark, and light again
    let dark = display().expect("a display");
    play.user_sits_at(dark, &[]).expect("Helpme");
    let ticket = play.cast.user_asks_for_help().expect("asked");
    saver(&play.cast.user_display, "activate");
    play.helpme_reads("This screen is dark")
        .expect("the user knows");
    play.console_reads("Screen is dark")
        .expect("the operator knows");
    saver(&play.cast.user_display, "reset");
    let console = &mut play.cast.console.app;
    console
        .wait_until_gone("Screen is dark")
        .expect("light again");
    play.cast.session_begins(&ticket).expect("a session");
    play.leave().expect("left");
    told(
        "screen saver",
        "This screen is dark",
        "Screen is dark",
        "all",
    );
}
