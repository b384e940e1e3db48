//! A host with two monitors, each seen in a window of its own; and what was chosen is there again at the next
//! session with that host (S1, S2).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use e2e::{
    Board, Cast, Display, Look, PATIENCE, Region, Running, Size, USER_NAME, photo, wait_until,
};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1680, 1050);
const LEFT: Region = Region {
    x: 0,
    y: 0,
    width: 512,
    height: 720,
};
const RIGHT: Region = Region { x: 512, ..LEFT };
/// What the windows call their pictures.
const FIRST: &str = "Remote screen";
const SECOND: &str = "Remote screen: right";

/// The user's screen, with something to click and to type into on each monitor.
struct Desk {
    cast: Cast,
    boards: Vec<Board>,
    typed: [PathBuf; 2],
    terminals: Vec<Running>,
}

/// Where the boards and the terminals are on their monitors.
const BOARD: (u32, u32) = (60, 120);
const TERMINAL: (u32, u32) = (60, 480);

impl Desk {
    fn set_up() -> anyhow::Result<Self> {
        let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
        let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
        user.paint_background(0x35_58_7a)?;
        user.set_layout("it")?;
        operator.set_layout("us")?;
        for (name, output, place) in [
            ("left", "screen", "512/135x720/190+0+0"),
            ("right", "none", "512/135x720/190+512+0"),
        ] {
            let made = Command::new("xrandr")
                .args(["--display", user.name(), "--setmonitor"])
                .args([name, place, output])
                .status()?;
            ensure!(made.success(), "xrandr made no monitor");
        }
        let cast = Cast::assemble_on(user, operator, Look::LIGHT)?;
        Ok(Self {
            typed: ["left", "right"].map(|name| cast.folder().join(name)),
            boards: Vec::new(),
            terminals: Vec::new(),
            cast,
        })
    }

    /// Puts a board and a terminal on each monitor, once Helpme makes room for them.
    fn furnish(&mut self) -> anyhow::Result<()> {
        let display = &self.cast.user_display;
        for (monitor, typed) in [LEFT, RIGHT].into_iter().zip(&self.typed) {
            let at = (monitor.x + BOARD.0, monitor.y + BOARD.1);
            self.boards
                .push(Board::hang(display, &photo(380, 260), at)?);
            let place = format!("50x10+{}+{}", monitor.x + TERMINAL.0, TERMINAL.1);
            let mut xterm = Command::new("xterm");
            xterm
                .args(["-geometry", &place, "-e", "sh", "-c", r#"cat >"$0""#])
                .arg(typed)
                .env("DISPLAY", display.name());
            let log = typed.with_extension("log");
            self.terminals
                .push(Running::start("xterm", &mut xterm, &log)?);
        }
        Ok(())
    }

    /// Where the first pixel of `monitor` is on the operator's screen, once the window whose picture is called
    /// `label` shows every pixel of that monitor.
    fn seen(&mut self, label: &str, monitor: Region) -> anyhow::Result<(u32, u32)> {
        let console = &mut self.cast.console.app;
        console.bring_to_front(label)?;
        // the host's pointer is drawn where the operator's is not
        let room = console.wait_for(label)?.region;
        let corner = (room.x + room.width - 20, room.y + room.height - 20);
        console.hands().point_at(corner)?;
        let seen = wait_until(&format!("every pixel in {label:?}"), PATIENCE, || {
            let found = console.find(label)?.context("no such window")?.region;
            let host = self.cast.user_display.screenshot_of(monitor)?;
            let seen = self.cast.operator_display.screenshot_of(found)?;
            let at = host.find_in(&seen, None);
            Ok(at.map(|(x, y)| (found.x + x, found.y + y)))
        });
        if seen.is_err() {
            let kept = console.keep_screenshot()?;
            return seen.with_context(|| format!("see {}", kept.display()));
        }
        seen
    }

    /// Clicks on the board of a monitor in its window, and types into its terminal.
    fn use_monitor(&mut self, number: usize, label: &str, words: &str) -> anyhow::Result<()> {
        let monitor = [LEFT, RIGHT][number];
        let (x, y) = self.seen(label, monitor)?;
        let hands = self.cast.console.app.hands();
        hands.click((x + BOARD.0 + 100, y + BOARD.1 + 50))?;
        let board = &self.boards[number];
        let click = wait_until("the click", PATIENCE, || board.next_click())?;
        let meant = (monitor.x + BOARD.0 + 100, BOARD.1 + 50);
        let meant = (i16::try_from(meant.0)?, i16::try_from(meant.1)?);
        ensure!(
            click == meant,
            "{label:?}: a click at {meant:?} arrived at {click:?}"
        );
        hands.click((x + TERMINAL.0 + 80, y + TERMINAL.1 + 60))?;
        std::thread::sleep(std::time::Duration::from_millis(300));
        hands.type_text(&format!("{words}\n"))?;
        wait_until(&format!("{words:?} in {label:?}"), PATIENCE, || {
            let typed = fs::read_to_string(&self.typed[number]).unwrap_or_default();
            Ok(typed.contains(words).then_some(()))
        })?;
        ensure!(
            self.boards[1 - number].next_click()?.is_none(),
            "the other board"
        );
        // the whole of it is seen, with what was typed
        self.seen(label, monitor).map(drop)
    }

    fn choose(&mut self, tool: &str, item: &str) -> anyhow::Result<()> {
        self.cast.console.app.bring_to_front(FIRST)?;
        self.cast.console.choose_in_session(tool, item)
    }

    /// Where the content of the window begins whose picture is called `label`.
    fn corner(&mut self, label: &str) -> anyhow::Result<(u32, u32)> {
        self.cast.console.app.wait_for(label)?;
        let window = self.cast.console.app.window_of(label)?;
        Ok(window.context("it is there")?.corner())
    }

    /// Closes the window of the second monitor as its title bar does.
    fn close_second(&mut self) -> anyhow::Result<()> {
        let (x, y) = self.corner(SECOND)?;
        let display = &self.cast.operator_display;
        let (window, _) = display.window_at_corner(x, y)?;
        display.close(window)?;
        self.cast.console.app.wait_until_gone(SECOND)
    }
}

#[test]
fn s2_each_monitor_has_a_window_of_its_own_and_all_is_as_it_was_at_the_next_session() {
    let mut desk = Desk::set_up().expect("a desk");
    let ticket = desk.cast.user_asks_for_help().expect("a ticket");
    desk.cast.session_begins(&ticket).expect("a session");
    desk.furnish().expect("furnished");

    desk.choose("Monitor", "Separate windows").expect("chosen");
    desk.use_monitor(1, SECOND, "on the right")
        .expect("the right one");
    desk.use_monitor(0, FIRST, "on the left")
        .expect("the left one");
    desk.use_monitor(1, SECOND, "once more").expect("and back");
    desk.cast
        .console
        .app
        .show_picture(SECOND, "monitor-right")
        .expect("kept");
    desk.cast
        .console
        .app
        .show_picture(FIRST, "monitor-left")
        .expect("kept");

    // it is moved, and closed: everything is in one window again
    let before = desk.corner(SECOND).expect("a place");
    let title = (before.0 + 150, before.1 - 10);
    let by = |(x, y): (u32, u32)| (x - 120, y + 60);
    desk.cast
        .console
        .app
        .bring_to_front(SECOND)
        .expect("in front");
    let hands = desk.cast.operator_display.hands().expect("hands");
    hands.drag(title, by(title)).expect("dragged");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let moved = desk.corner(SECOND).expect("a place");
    assert!(moved.0 < before.0, "{before:?} to {moved:?}");
    desk.close_second().expect("closed");
    let whole = Region {
        width: 1024,
        ..LEFT
    };
    desk.seen(FIRST, whole).expect("all of it in one window");
    desk.choose("Monitor", "Separate windows")
        .expect("chosen again");
    let again = desk.corner(SECOND).expect("a place");
    let far = |one: u32, other: u32| one.abs_diff(other) > 4;
    let away = far(again.0, moved.0) || far(again.1, moved.1);
    assert!(!away, "left at {moved:?}, opened at {again:?}");
    desk.seen(SECOND, RIGHT).expect("seen at once");

    // both layouts, and how keys count
    desk.cast
        .console
        .app
        .bring_to_front(FIRST)
        .expect("in front");
    desk.cast.console.app.click("Special keys").expect("a menu");
    for words in ["Layout here: English (US)", "Layout there: Italian"] {
        desk.cast.console.app.wait_for(words).expect("told");
    }
    desk.cast
        .console
        .app
        .show_picture(FIRST, "keyboard-menu")
        .expect("kept");
    desk.cast
        .console
        .app
        .click_in_menu("Physical keys")
        .expect("chosen");
    desk.choose("Color depth", "Gray (16 levels)")
        .expect("chosen");

    // a window of the session has the keyboard, and yet a ticket is made
    desk.cast
        .console
        .app
        .bring_to_front(SECOND)
        .expect("in front");
    let ticket = desk.cast.console.generate_ticket().expect("another ticket");
    desk.cast.helpme.end().expect("ended");
    desk.cast.console.leave_session().expect("left");

    // the same computer comes again
    desk.boards.clear();
    desk.terminals.clear();
    desk.cast.start_helpme_again().expect("Helpme");
    desk.cast
        .helpme
        .ask_for_help(&ticket, USER_NAME)
        .expect("asked");
    desk.cast
        .console
        .choose(&ticket, "Remote Session")
        .expect("chosen");
    desk.cast.helpme.allow().expect("allowed");
    desk.cast.helpme.wait_for_bar().expect("a bar");
    let again = desk.corner(SECOND).expect("the window is there by itself");
    let away = far(again.0, moved.0) || far(again.1, moved.1);
    assert!(!away, "left at {moved:?}, opened at {again:?}");
    desk.cast
        .console
        .app
        .wait_for("Physical keys")
        .expect("as left");
    wait_until("greys", PATIENCE, || {
        let seen = desk.cast.console.app.find(SECOND)?.context("a window")?;
        let seen = desk.cast.operator_display.screenshot_of(seen.region)?;
        let all = seen.colours().all(|[r, g, b]| r == g && g == b);
        Ok(all.then_some(()))
    })
    .expect("as few colours as before");

    desk.choose("Session menu", "Reset view").expect("reset");
    desk.cast
        .console
        .app
        .wait_until_gone(SECOND)
        .expect("one window");
    desk.cast
        .console
        .app
        .wait_until_gone("Physical keys")
        .expect("characters");
    let hands = desk.cast.operator_display.hands().expect("hands");
    hands.chord(&[key::Shift_L]).expect("nothing is held");
    desk.cast.helpme.end().expect("ended");
}
