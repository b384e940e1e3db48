//! A Wayland desktop without a screen: sway, the programs in it, and who sits in front of it.

use std::cell::RefCell;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use input::wayland::WaylandSink;
use input::{InputSink as _, hid};
use protocol::input::{InputEvent, Place, PointerButton};
use serde_json::Value;

use crate::app::{PATIENCE, input_field};
use crate::look::Look;
use crate::picture::{Picture, Region};
use crate::programs::{Home, Programs};
use crate::running::{Running, wait_until};
use crate::ui_map::UiMap;

/// What it says of windows: terminals float where they are put, and none has a frame.
const RULES: &str = "\
default_border none
default_floating_border none
focus_follows_mouse no
seat * hide_cursor 0
for_window [app_id=\"foot\"] floating enable
for_window [class=\"XTerm\"] floating enable
for_window [app_id=\"lamp\"] move absolute position 120 100
for_window [app_id=\"helpme\"] move absolute position 8 4
";

/// Its X server lets in all who have a name on this machine, and the ordinary user of a play has none.
const X_SERVER: &str = "#!/bin/sh\nexec Xwayland \"$@\" -ac\n";

/// A sway session. Dropping it ends the compositor, and with it whatever shows windows there.
#[derive(Debug)]
pub struct Sway {
    home: Home,
    socket: PathBuf,
    talk: PathBuf,
    /// The user's own keyboard and mouse.
    hands: RefCell<WaylandSink>,
    running: Running,
}

impl Sway {
    /// Starts one for an ordinary user whose home is `home`, with `outputs` of the given size side by side.
    ///
    /// # Errors
    ///
    /// If `sway` is missing or does not come up.
    pub fn start(home: Home, outputs: u32, size: (u32, u32)) -> anyhow::Result<Self> {
        Self::start_as(home, outputs, size, "xwayland disable\n")
    }

    /// The same, with what else its settings say; see sway(5).
    ///
    /// # Errors
    ///
    /// As [`Sway::start`].
    pub fn start_as(
        home: Home,
        outputs: u32,
        (width, height): (u32, u32),
        settings: &str,
    ) -> anyhow::Result<Self> {
        for program in ["sway", "swaymsg", "grim", "foot", "wl-copy"] {
            let found = Command::new("which").arg(program).output()?;
            ensure!(
                found.status.success(),
                "{program} is missing, so nothing can be tried on Wayland; `./run test` installs it"
            );
        }
        let rules = home.file("sway.conf");
        let lines = (0..outputs).map(|output| {
            let (name, left) = (output + 1, output * width);
            let place = format!("resolution {width}x{height} position {left} 0");
            format!("output HEADLESS-{name} {place} bg #2f5d62 solid_color\n")
        });
        let text: String = [RULES, settings]
            .map(str::to_owned)
            .into_iter()
            .chain(lines)
            .collect();
        fs::write(&rules, text)?;
        let server = home.file("Xwayland");
        fs::write(&server, X_SERVER)?;
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755))?;
        let mut command = home.command("sway");
        command
            .env("WLR_XWAYLAND", &server)
            .arg("--config")
            .arg(&rules)
            .env("WLR_BACKENDS", "headless")
            .env("WLR_RENDERER", "pixman")
            .env("WLR_HEADLESS_OUTPUTS", outputs.to_string())
            .env("WLR_LIBINPUT_NO_DEVICES", "1")
            .env("XDG_CURRENT_DESKTOP", "sway")
            .env("XDG_SESSION_TYPE", "wayland");
        let mut running = Running::start("sway", &mut command, &home.file("sway.log"))?;
        let (socket, talk) = wait_until("sway", Duration::from_secs(20), || {
            running.check_alive()?;
            let named = |begin: &str, end: &str| {
                let entries = fs::read_dir(home.file("run")).ok()?;
                let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
                let mut paths = paths.filter(|path| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    name.starts_with(begin) && name.ends_with(end)
                });
                paths.find(|path| path.extension().is_none_or(|end| end != "lock"))
            };
            Ok(named("wayland-", "").zip(named("sway-ipc.", ".sock")))
        })?;
        let hands = RefCell::new(WaylandSink::open(Some(&socket))?);
        Ok(Self {
            home,
            socket,
            talk,
            hands,
            running,
        })
    }

    /// Where the compositor listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The compositor.
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// `program` as it runs in this session.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.home.command(program);
        let display = self.socket.file_name().unwrap_or_default();
        command
            .env("WAYLAND_DISPLAY", display)
            .env("SWAYSOCK", &self.talk)
            .env("XDG_SESSION_TYPE", "wayland")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("NO_AT_BRIDGE", "1");
        command
    }

    /// Has sway do something; see sway(5).
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn tell(&self, what: &str) -> anyhow::Result<()> {
        let said = self.command("swaymsg").arg("--").arg(what).output()?;
        let text = String::from_utf8_lossy(&said.stdout);
        ensure!(said.status.success(), "sway does not {what:?}: {text}");
        Ok(())
    }

    /// What sway says of itself; see swaymsg(1).
    ///
    /// # Errors
    ///
    /// If it says nothing.
    pub fn ask(&self, what: &str) -> anyhow::Result<Value> {
        let said = self.command("swaymsg").args(["-r", "-t", what]).output()?;
        serde_json::from_slice(&said.stdout).context("sway does not answer")
    }

    /// The place of the window with this title.
    ///
    /// # Errors
    ///
    /// If sway does not answer.
    pub fn window(&self, title: &str) -> anyhow::Result<Option<Region>> {
        let tree = self.ask("get_tree")?;
        Ok(find(&tree, title))
    }

    /// How many pixels of the first output are one of sway's units.
    fn scale(&self) -> anyhow::Result<f64> {
        let outputs = self.ask("get_outputs")?;
        outputs[0]["scale"].as_f64().context("there is no output")
    }

    /// What is on all outputs, with the pointer, as the compositor shows it to its own users.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn screenshot(&self) -> anyhow::Result<Picture> {
        let path = self.home.file("run/screenshot.png");
        let taken = self.command("grim").arg("-c").arg(&path).output()?;
        ensure!(
            taken.status.success(),
            "no screenshot: {}",
            String::from_utf8_lossy(&taken.stderr)
        );
        Picture::open_png(&path)
    }

    /// A terminal at a place, called `title`, in which `script` runs; `$1` is `file`, which it makes first of all.
    ///
    /// # Errors
    ///
    /// If it does not come up.
    pub fn terminal(
        &self,
        title: &str,
        script: &str,
        file: &Path,
        place: Region,
    ) -> anyhow::Result<Running> {
        let mut command = self.command("foot");
        command
            .args(["--config=/dev/null", "--title", title])
            .args(["-o", "locked-title=yes"])
            .arg(format!(
                "--window-size-pixels={}x{}",
                place.width, place.height
            ))
            .args(["sh", "-c", script, title])
            .arg(file)
            .env("LC_ALL", "C.UTF-8");
        let log = self.home.file(&format!("{title}.log"));
        let mut running = Running::start(title, &mut command, &log)?;
        wait_until("the terminal", PATIENCE, || {
            running.check_alive()?;
            Ok((self.window(title)?.is_some() && file.exists()).then_some(()))
        })?;
        self.put(title, place)?;
        Ok(running)
    }

    /// The same of X11, by the compositor's X server ([`Sway::start_as`] with `xwayland enable`).
    ///
    /// # Errors
    ///
    /// If it does not come up.
    pub fn x_terminal(
        &self,
        title: &str,
        script: &str,
        file: &Path,
        place: Region,
    ) -> anyhow::Result<Running> {
        let told = self.home.file("run/display");
        self.tell(&format!(
            "exec 'printf %s \"$DISPLAY\" >{}'",
            told.display()
        ))?;
        let display = wait_until("the X display", PATIENCE, || {
            Ok(fs::read_to_string(&told)
                .ok()
                .filter(|name| !name.is_empty()))
        })?;
        let mut command = self.command("xterm");
        command
            .args(["-u8", "-title", title, "-xrm", "XTerm*allowTitleOps: false"])
            .args(["-e", "sh", "-c", script, title])
            .arg(file)
            .env("DISPLAY", display)
            .env("LC_ALL", "C.UTF-8");
        let log = self.home.file(&format!("{title}.log"));
        let mut running = Running::start(title, &mut command, &log)?;
        wait_until("the terminal", PATIENCE, || {
            running.check_alive()?;
            Ok((self.window(title)?.is_some() && file.exists()).then_some(()))
        })?;
        self.put(title, place)?;
        Ok(running)
    }

    /// Another program begins to copy what is written into its input as `format`, and stays to answer.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn begin_copy(&self, format: &str) -> anyhow::Result<Child> {
        let mut command = self.command("wl-copy");
        command.args(["--foreground", "--type", format]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(command.stderr(Stdio::null()).spawn()?)
    }

    /// Another program begins to paste.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn begin_paste(&self, format: &str) -> anyhow::Result<Child> {
        let mut command = self.command("timeout");
        command.args(["20", "wl-paste", "--no-newline", "--type", format]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Ok(command.stderr(Stdio::null()).spawn()?)
    }

    /// What another program pastes, if it is given anything.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn paste(&self, format: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let pasted = self.begin_paste(format)?.wait_with_output()?;
        let has_any = pasted.status.success() && !pasted.stdout.is_empty();
        Ok(has_any.then_some(pasted.stdout))
    }

    /// The formats in which another program could paste.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn pasteable(&self) -> anyhow::Result<Vec<String>> {
        let listed = self.command("wl-paste").arg("--list-types").output()?;
        let names = String::from_utf8_lossy(&listed.stdout);
        let is_there = listed.status.success();
        Ok(names
            .lines()
            .filter(|_| is_there)
            .map(str::to_owned)
            .collect())
    }

    /// Puts a window somewhere.
    fn put(&self, title: &str, place: Region) -> anyhow::Result<()> {
        let Region {
            x,
            y,
            width,
            height,
        } = place;
        let window = format!("[title=\"^{title}$\"]");
        self.tell(&format!(
            "{window} resize set {width} px {height} px, move absolute position {x} {y}"
        ))
    }

    /// Does something with the user's own hands.
    ///
    /// # Errors
    ///
    /// If the compositor is gone.
    pub fn hand(&self, event: &InputEvent) -> anyhow::Result<()> {
        Ok(self.hands.borrow_mut().inject(event)?)
    }

    /// The user clicks.
    ///
    /// # Errors
    ///
    /// As [`Sway::hand`].
    pub fn click(&self, at: (u32, u32)) -> anyhow::Result<()> {
        self.click_with(PointerButton::Left, at)
    }

    /// The user clicks with a button.
    ///
    /// # Errors
    ///
    /// As [`Sway::hand`].
    pub fn click_with(&self, button: PointerButton, (x, y): (u32, u32)) -> anyhow::Result<()> {
        let at = Place {
            x: i32::try_from(x)?,
            y: i32::try_from(y)?,
            seen: 0,
        };
        self.hand(&InputEvent::PointerMoved { to: at })?;
        for pressed in [true, false] {
            std::thread::sleep(Duration::from_millis(40));
            self.hand(&InputEvent::Button {
                button,
                pressed,
                at,
            })?;
        }
        Ok(())
    }

    /// The user types.
    ///
    /// # Errors
    ///
    /// As [`Sway::hand`].
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        self.hand(&InputEvent::Text { text: text.into() })
    }
}

fn in_pixels(units: u32, scale: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place on an output; the cast saturates"
    )]
    let pixels = (f64::from(units) * scale).round() as u32;
    pixels
}

fn find(node: &Value, title: &str) -> Option<Region> {
    if node["name"] == title && !node["pid"].is_null() {
        let side = |name: &str| u32::try_from(node["rect"][name].as_i64()?).ok();
        return Some(Region {
            x: side("x")?,
            y: side("y")?,
            width: side("width")?,
            height: side("height")?,
        });
    }
    let children = ["nodes", "floating_nodes"];
    let mut children = children
        .iter()
        .filter_map(|name| node[name].as_array())
        .flatten();
    children.find_map(|child| find(child, title))
}

/// A program with windows in a sway session, and what its user does with it.
#[derive(Debug)]
pub struct SwayApp {
    pub running: Running,
    home: Home,
}

impl SwayApp {
    /// Starts Helpme, set up for the hub at this address with this fingerprint.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_helpme(
        programs: &Programs,
        sway: &Sway,
        (hub, fingerprint): (SocketAddr, &str),
    ) -> anyhow::Result<Self> {
        let hub = hub.to_string();
        let at = ["--hub", &hub, "--fingerprint", fingerprint];
        Self::start(programs, sway, "helpme", &at)
    }

    /// Starts the console, which asks for the log-in.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start_console(programs: &Programs, sway: &Sway) -> anyhow::Result<Self> {
        Self::start(programs, sway, "pure-help-desk", &[])
    }

    fn start(
        programs: &Programs,
        sway: &Sway,
        name: &str,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let home = sway.home.clone();
        drop(fs::remove_file(home.ui_map()));
        Look::LIGHT.set_up(&home.profile(), name)?;
        home.give_to_owner()?;
        let mut command = sway.command(programs.path(name));
        command.args(arguments).env("PHD_UI_MAP", home.ui_map());
        let running = Running::start(name, &mut command, &home.log())?;
        Ok(Self { running, home })
    }

    /// What its windows show now.
    ///
    /// # Errors
    ///
    /// If it wrote something that is no map.
    pub fn map(&self) -> anyhow::Result<UiMap> {
        UiMap::read(&self.home.ui_map())
    }

    /// Waits until `label` can be read and stands still; gives where its middle is on the desktop.
    ///
    /// # Errors
    ///
    /// If it does not come in time.
    pub fn wait_for(&mut self, sway: &Sway, label: &str) -> anyhow::Result<(u32, u32)> {
        self.place_of(sway, label).map(Region::middle)
    }

    /// Waits until `label` can be read and stands still; gives where it is on the desktop.
    ///
    /// # Errors
    ///
    /// If it does not come in time.
    pub fn place_of(&mut self, sway: &Sway, label: &str) -> anyhow::Result<Region> {
        self.place_of_matching(sway, label, |shown| shown == label)
    }

    /// The same for a label that `is_it`; `what` tells of it where it does not come.
    ///
    /// # Errors
    ///
    /// If it does not come in time.
    pub fn place_of_matching(
        &mut self,
        sway: &Sway,
        what: &str,
        is_it: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Region> {
        let mut before = None;
        wait_until(&format!("{what:?}"), PATIENCE, || {
            self.running.check_alive()?;
            let map = self.map()?;
            let found = map.find_matching(|label, _| is_it(label));
            let mut windows = map.windows().iter();
            let place = match windows.find(|window| window.shows_matching(&is_it)) {
                Some(window) => sway.window(&window.title)?,
                None => None,
            };
            let now = found.filter(|found| found.enabled).zip(place);
            let scale = sway.scale()?;
            let now = now.map(|(found, window)| Region {
                x: in_pixels(window.x, scale) + found.region.x,
                y: in_pixels(window.y, scale) + found.region.y,
                ..found.region
            });
            let stands = now.is_some() && std::mem::replace(&mut before, now) == now;
            std::thread::sleep(Duration::from_millis(60));
            Ok(now.filter(|_| stands))
        })
        .with_context(|| {
            format!(
                "it shows {:?}",
                self.map().map(|map| format!("{:?}", map.labels()))
            )
        })
    }

    /// Clicks on `label`.
    ///
    /// # Errors
    ///
    /// As [`SwayApp::wait_for`].
    pub fn click(&mut self, sway: &Sway, label: &str) -> anyhow::Result<()> {
        let place = self.wait_for(sway, label)?;
        sway.click(place)
    }

    /// Clicks into the field called `label`, which is in the first window, and replaces what is in it by `text`.
    ///
    /// # Errors
    ///
    /// As [`SwayApp::wait_for`].
    pub fn type_into(&mut self, sway: &Sway, label: &str, text: &str) -> anyhow::Result<()> {
        wait_until(&format!("the field {label:?}"), PATIENCE, || {
            let field = input_field(&self.map()?, label);
            let Some(field) = field else {
                return Ok(None);
            };
            if !field.focused {
                sway.click(field.region.middle())?;
                std::thread::sleep(Duration::from_millis(400));
            }
            Ok(field.focused.then_some(()))
        })?;
        for pressed in [true, false] {
            for key in [hid::CONTROL_LEFT, hid::A] {
                sway.hand(&InputEvent::Key {
                    key,
                    pressed,
                    character: None,
                })?;
                std::thread::sleep(Duration::from_millis(30));
            }
        }
        sway.type_text(text)?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    }

    /// Types the ticket and the name and presses **Helpme** (H4).
    ///
    /// # Errors
    ///
    /// As [`SwayApp::wait_for`].
    pub fn ask_for_help(&mut self, sway: &Sway, ticket: &str, name: &str) -> anyhow::Result<()> {
        let digits: String = ticket.chars().filter(char::is_ascii_digit).collect();
        for (label, text) in [("Ticket", digits.as_str()), ("Your name", name)] {
            self.click(sway, label)?;
            std::thread::sleep(Duration::from_millis(300));
            sway.type_text(text)?;
            std::thread::sleep(Duration::from_millis(300));
        }
        self.click(sway, "Helpme")
    }
}
