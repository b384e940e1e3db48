//! An operator whose desktop runs on Wayland: the real console in a real sway without a screen, the real hub, and Helpme
//! on an X display.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use e2e::{
    Display, Helpme, Home, Hub, Look, NO_X11, OPERATOR, OPERATOR_NAME, PASSWORD, PATIENCE, Picture,
    Programs, RawTerminal, Region, Sway, SwayApp, USER_NAME, ticket_in, wait_until,
};
use input::hid;
use protocol::HidKey;
use protocol::input::{InputEvent, PointerButton};
use tempfile::TempDir;

/// What sway does with a shortcut of its own; `FILE` is where it tells.
const SHORTCUT: &str = "bindsym Mod4+j exec touch FILE\n";
/// A tool's change needs so long to be done at the other end.
const SWITCHED: Duration = Duration::from_millis(500);

struct Play {
    console: SwayApp,
    helpme: Helpme,
    hub: Hub,
    sway: Sway,
    user: Display,
    folder: TempDir,
}

impl Play {
    /// Everybody, with a session that shows its picture; `settings` are sway's.
    fn begin(size: (u32, u32), settings: &str) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = TempDir::with_prefix("phd-console-")?;
        let home = |name| Home::fresh(folder.path(), name);
        let user = Display::start_managed(800, 700)?;
        let hub = Hub::start(&programs, home("hub")?, IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)?;
        let at = (hub.address(), hub.fingerprint());
        let helpme = Helpme::start(&programs, &user, home("user")?, at, Look::LIGHT)?;
        let of_operator = home("operator")?.of_ordinary_user()?;
        let told = of_operator.file("run/shortcut");
        let shortcut = SHORTCUT.replace("FILE", &told.display().to_string());
        let settings = format!("{NO_X11}{settings}{shortcut}");
        let sway = Sway::start_as(of_operator, 1, size, &settings)?;
        let console = SwayApp::start_console(&programs, &sway)?;
        Ok(Self {
            console,
            helpme,
            hub,
            sway,
            user,
            folder,
        })
    }

    /// From the log-in to the picture; gives where that is on the operator's output.
    fn session_begins(&mut self) -> anyhow::Result<Region> {
        let begun = self.log_in_and_open();
        if begun.is_err() {
            keep(&[("before", &self.sway.screenshot()?)])?;
        }
        begun
    }

    fn log_in_and_open(&mut self) -> anyhow::Result<Region> {
        let Self {
            console,
            helpme,
            hub,
            sway,
            ..
        } = self;
        let address = hub.address();
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        for (label, text) in [
            ("Server address", ip.as_str()),
            ("Port", port.as_str()),
            ("Fingerprint of the hub", hub.fingerprint()),
            ("User name", OPERATOR),
            ("Password", PASSWORD),
        ] {
            console.type_into(sway, label, text)?;
        }
        console.click(sway, "Log into the service")?;
        console.wait_for(sway, "Logged in")?;
        press(sway, &[hid::CONTROL_LEFT, hid::G])?;
        let ticket = wait_until("a ticket", PATIENCE, || {
            let map = console.map()?;
            Ok(map.labels().into_iter().find_map(ticket_in))
        })?;
        helpme.ask_for_help(&ticket, USER_NAME)?;
        let row = console.place_of_matching(sway, &ticket, |label| {
            label.contains(&ticket) && label.contains('–')
        })?;
        sway.click_with(PointerButton::Right, row.middle())?;
        console.click(sway, "Remote Session")?;
        helpme.app.click("Allow")?;
        console.place_of(sway, "Remote screen")
    }

    /// Waits until the operator, whose pointer is in the middle of the picture, sees what the user sees, pixel by pixel.
    fn expect_the_same_picture(&mut self) -> anyhow::Result<()> {
        let mut last = None;
        let same = wait_until("the same picture", Duration::from_secs(20), || {
            let shown = self.user.screenshot()?;
            let region = self.console.place_of(&self.sway, "Remote screen")?;
            let seen = self.sway.screenshot()?.part(region);
            let (x, y) = (shown.width() / 2, shown.height() / 2);
            let place = shown.find_in(&seen, Some(pointer_at(x, y)));
            last = Some((shown, seen));
            Ok(place.map(drop))
        });
        if let (Err(_), Some((shown, seen))) = (&same, last) {
            keep(&[("shown", &shown), ("seen", &seen)])?;
        }
        same
    }
}

/// What a pointer that points there may cover.
fn pointer_at(x: u32, y: u32) -> Region {
    Region {
        x: x - 16,
        y: y - 16,
        width: 48,
        height: 48,
    }
}

/// For whoever looks why a play failed.
fn keep(pictures: &[(&str, &Picture)]) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("phd-e2e-failures");
    std::fs::create_dir_all(&folder)?;
    for (name, picture) in pictures {
        picture.save_png(&folder.join(format!("console-on-sway-{name}.png")))?;
    }
    Ok(())
}

/// Presses keys one after the other and lets go of them in turn.
fn press(sway: &Sway, keys: &[HidKey]) -> anyhow::Result<()> {
    let key = |key: HidKey, pressed: bool| InputEvent::Key {
        key,
        pressed,
        character: None,
    };
    for one in keys {
        sway.hand(&key(*one, true))?;
        std::thread::sleep(Duration::from_millis(30));
    }
    for one in keys.iter().rev() {
        sway.hand(&key(*one, false))?;
        std::thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}

#[test]
fn s1_an_operator_on_wayland_sees_types_and_takes_the_desktops_shortcuts() {
    let mut play = Play::begin((1900, 1000), "").expect("the cast");
    let session = play.session_begins().expect("a session");
    let shortcut = play.folder.path().join("operator/run/shortcut");
    // over the picture, the operator's own pointer stands for the user's
    play.sway.click(session.middle()).expect("a click");
    play.expect_the_same_picture().expect("100 % exact");

    let terminal = RawTerminal::open(&play.user, play.folder.path(), "").expect("a terminal");
    play.expect_the_same_picture().expect("100 % exact");
    play.sway.click(session.middle()).expect("a click");
    let text = "Perché no? è ò @ € [ ñ";
    play.sway.type_text(text).expect("typed");
    let came = wait_until(text, PATIENCE, || {
        Ok((terminal.text() == text).then_some(()))
    });
    assert!(came.is_ok(), "{:?}", terminal.text());
    play.expect_the_same_picture().expect("100 % exact");

    // a shortcut is the desktop's, until it is taken from it
    press(&play.sway, &[hid::SUPER_LEFT, hid::J]).expect("pressed");
    wait_until("sway's shortcut", PATIENCE, || {
        Ok(shortcut.exists().then_some(()))
    })
    .expect("sway does it");
    std::fs::remove_file(&shortcut).expect("ours");
    let all_keys = play
        .console
        .place_of_matching(&play.sway, "All keys", |label| {
            label.starts_with("All keys")
        })
        .expect("the tool");
    play.sway.click(all_keys.middle()).expect("a click");
    std::thread::sleep(SWITCHED);
    play.sway.click(session.middle()).expect("a click");
    let before = terminal.bytes().len();
    press(&play.sway, &[hid::SUPER_LEFT, hid::J]).expect("pressed");
    press(&play.sway, &[hid::K]).expect("pressed");
    let came = wait_until("k", PATIENCE, || {
        Ok(terminal.text().ends_with('k').then_some(()))
    });
    assert!(came.is_ok(), "{:?}", terminal.text());
    assert!(!shortcut.exists(), "sway has kept it");
    assert!(terminal.bytes().len() > before);

    // the way out for who has only a keyboard
    let out = [hid::CONTROL_LEFT, hid::ALT_LEFT, hid::SHIFT_LEFT, hid::E];
    press(&play.sway, &out).expect("pressed");
    std::thread::sleep(SWITCHED);
    press(&play.sway, &[hid::SUPER_LEFT, hid::J]).expect("pressed");
    wait_until("sway's shortcut", PATIENCE, || {
        Ok(shortcut.exists().then_some(()))
    })
    .expect("sway has it again");
    wait_until("every key to be up", PATIENCE, || {
        Ok(play.user.pressed_keys()?.is_empty().then_some(()))
    })
    .expect("nothing stays pressed");

    play.helpme.end().expect("ended");
    play.console
        .wait_for(&play.sway, "Write the report")
        .expect("the end");
}

// Between whole scales the sway of Debian 12 has windows drawn larger and makes them smaller, so nothing is exact there.
#[test]
fn s1_a_picture_is_exact_on_an_output_of_fine_pixels() {
    let mut play = Play::begin((2600, 1500), "output HEADLESS-1 scale 2\n").expect("the cast");
    let session = play.session_begins().expect("a session");
    let Play { console, sway, .. } = &mut play;
    console.click(sway, "Image size").expect("the tool");
    let actual = console.place_of_matching(sway, "100 %", |label| label.ends_with("(100 %)"));
    sway.click(actual.expect("its menu").middle())
        .expect("a click");
    std::thread::sleep(SWITCHED);
    sway.click(session.middle()).expect("a click");
    play.expect_the_same_picture().expect("100 % exact");
    play.helpme.end().expect("ended");
}
