//! The icon in the notification area, on a real bus with a watcher of this test's own.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use e2e::{
    App, Console, DesktopServices, Display, Home, Hub, Look, OPERATOR, OPERATOR_NAME, PASSWORD,
    PATIENCE, Picture, Programs, USER_NAME, wait_until,
};
use zbus::blocking::{Connection, Proxy, connection};
use zbus::zvariant::{OwnedValue, Value};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// As a panel does: takes the names of icons that want to be shown.
struct Watcher {
    icons: SyncSender<String>,
}

#[expect(clippy::unused_self, reason = "what the bus asks of a panel")]
#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str) {
        self.icons.send(service.to_owned()).unwrap_or_default();
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A panel on `bus`; it is gone when the connection is dropped.
fn panel(bus: &str) -> (Connection, Receiver<String>) {
    let (icons, came) = sync_channel(8);
    let connection = connection::Builder::address(bus)
        .and_then(|builder| builder.serve_at("/StatusNotifierWatcher", Watcher { icons }))
        .and_then(|builder| builder.name(WATCHER))
        .and_then(connection::Builder::build);
    (connection.expect("on the bus"), came)
}

/// The icon called `service`, as a panel sees it.
struct Icon<'a> {
    item: Proxy<'a>,
    menu: Proxy<'a>,
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl<'a> Icon<'a> {
    fn of(panel: &'a Connection, service: &str) -> Self {
        let at = |path: &'static str, interface: &'static str| {
            Proxy::new(panel, service.to_owned(), path, interface).expect("a proxy")
        };
        Self {
            item: at("/StatusNotifierItem", "org.kde.StatusNotifierItem"),
            menu: at("/MenuBar", "com.canonical.dbusmenu"),
        }
    }

    /// The lines of its menu: number, words, and whether it can be chosen.
    fn lines(&self) -> Vec<(i32, String, bool)> {
        let nothing: [&str; 0] = [];
        let asked = (0_i32, -1_i32, &nothing[..]);
        let (_, (_, _, items)): (u32, Layout) = self.menu.call("GetLayout", &asked).expect("told");
        let lines = items.into_iter().map(|item| {
            let (number, has, _): Layout = item.try_into().expect("an item");
            let label = has.get("label").map(OwnedValue::try_clone);
            let label = label.and_then(Result::ok).and_then(|l| l.try_into().ok());
            let enabled = has.get("enabled").and_then(|e| bool::try_from(e).ok());
            (number, label.unwrap_or_default(), enabled.unwrap_or(true))
        });
        lines.collect()
    }

    fn choose(&self, label: &str) {
        let lines = self.lines();
        let line = lines.iter().find(|(_, known, can)| known == label && *can);
        assert!(line.is_some(), "{label} in {lines:?}");
        let number = line.map_or(0, |line| line.0);
        let chosen = (number, "clicked", Value::from(0_i32), 0_u32);
        let () = self.menu.call("Event", &chosen).expect("chosen");
    }
}

fn wait_for_line(icon: &Icon<'_>, is_it: impl Fn(&str) -> bool) {
    let found = wait_until("a line of the menu", PATIENCE, || {
        let there = icon.lines().iter().any(|(_, label, _)| is_it(label));
        Ok(there.then_some(()))
    });
    assert!(found.is_ok(), "{:?}", icon.lines());
}

/// Closes the window, as its title bar does.
fn close(app: &mut App) {
    app.bring_to_front("Logged in").expect("in front");
    let window = app.eyes().active_window().expect("a window");
    app.eyes().close(window).expect("asked");
}

/// Waits until the console's window is on its display, which is `empty` otherwise, or is gone.
fn wait_for_window(display: &Display, empty: &Picture, is_there: bool) {
    /// A window has more pixels, and notices have less.
    const MANY: usize = 300_000;
    let seen = wait_until("the window", PATIENCE, || {
        let differs = display.screenshot()?.differing_pixels(empty) > MANY;
        Ok((differs == is_there).then_some(()))
    });
    assert!(seen.is_ok(), "the window is there: {}", !is_there);
}

#[test]
fn the_console_stays_in_the_notification_area_when_its_window_is_closed() {
    let programs = Programs::find().expect("built");
    let folder = tempfile::tempdir().expect("a folder");
    let display = Display::start_managed(1280, 840).expect("a display");
    let user_display = Display::start_managed(900, 700).expect("a display");
    let empty = display.screenshot().expect("a picture");
    let desktop = DesktopServices::start(folder.path(), &display).expect("a desktop");
    let home = |name| Home::fresh(folder.path(), name).expect("a home");
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    let hub = Hub::start(&programs, home("hub"), here).expect("a hub");
    hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)
        .expect("added");
    let of_operator = home("operator").on_bus(Some(desktop.bus()));
    let mut console =
        Console::start(&programs, &display, of_operator, Look::LIGHT).expect("started");
    console
        .set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)
        .expect("logged in");

    // without a panel it is greyed, with the reason
    let app = &mut console.app;
    app.click("Settings").expect("there");
    app.click("Operation settings").expect("a tab");
    app.wait_for_matching("the reason", |label| {
        label.contains("This desktop has no notification area")
    })
    .expect("told");
    app.show_picture("Apply", "tray-none").expect("a picture");
    app.click("Cancel").expect("there");
    app.wait_until_gone("Apply").expect("closed");

    let (bus, came) = panel(desktop.bus());
    app.click("Settings").expect("there");
    app.click("Operation settings").expect("a tab");
    app.click("Icon in the notification area").expect("offered");
    app.show_picture("Apply", "tray-options")
        .expect("a picture");
    app.click("OK").expect("pressed");
    app.wait_until_gone("Apply").expect("closed");
    let service = came.recv_timeout(PATIENCE).expect("an icon");
    let icon = Icon::of(&bus, &service);
    let title: String = icon.item.get_property("Title").expect("told");
    assert_eq!(title, "Pure Help Desk");
    let pictures: Vec<(i32, i32, Vec<u8>)> = icon.item.get_property("IconPixmap").expect("told");
    assert!(
        pictures
            .iter()
            .any(|(w, h, bytes)| *w == 22 && *h == 22 && bytes.len() == 22 * 22 * 4)
    );
    wait_for_line(&icon, |label| label == "Nobody is connected");

    // the window is closed, and the program is not
    close(app);
    wait_for_window(&display, &empty, false);
    std::thread::sleep(Duration::from_secs(1));
    app.running().check_alive().expect("it goes on");

    // a ticket from the menu brings the window back
    icon.choose("New ticket");
    wait_for_window(&display, &empty, true);
    app.wait_for("Copy").expect("a ticket");
    let ticket = console.generate_ticket().expect("a ticket");
    let seen = (hub.address(), hub.fingerprint());
    let of_user = home("user");
    let mut helpme =
        e2e::Helpme::start(&programs, &user_display, of_user, seen, Look::LIGHT).expect("started");
    helpme.ask_for_help(&ticket, USER_NAME).expect("asked");
    wait_for_line(&icon, |label| label == "1 user connected, 1 waiting");

    // closed again; when the panel goes, the window comes back by itself
    let app = &mut console.app;
    close(app);
    wait_for_window(&display, &empty, false);
    drop(icon);
    drop(bus);
    wait_for_window(&display, &empty, true);

    // the next panel has the icon too, and its menu ends the program
    let (bus, came) = panel(desktop.bus());
    let service = came.recv_timeout(PATIENCE).expect("an icon");
    let icon = Icon::of(&bus, &service);
    wait_for_line(&icon, |label| label == "Quit");
    icon.choose("Quit");
    app.running().wait(PATIENCE).expect("ended");
}
