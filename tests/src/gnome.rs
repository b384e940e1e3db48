//! A GNOME desktop that no screen shows, in a Debian of its own (`gnome/make-root.sh`), and Helpme on it.
//!
//! The play sees and acts by an extension that has the shell run what it is told: GNOME lets nobody else do that.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::app::PATIENCE;
use crate::look::Look;
use crate::picture::{Picture, Region};
use crate::programs::Programs;
use crate::running::{Running, wait_until};
use crate::ui_map::UiMap;

/// Names the Debian with GNOME.
pub const ROOT: &str = "PHD_GNOME_ROOT";
/// Who sits there.
const USER: u32 = 61_184;
const SESSION: &str = include_str!("gnome/session.sh");
/// The titles of the desktop's own dialog, and how far below its top it has the switch for keyboard and pointer: in
/// GNOME 48 and in GNOME 43.
const DIALOGS: [(&str, u32); 2] = [("Remote Desktop", 105), ("Remote desktop", 221)];
/// How high the check for a yes that lasts is, above that switch, where a program asks for one.
const CHECK_HEIGHT: u32 = 52;

/// What the user does with the desktop's own dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogAnswer {
    /// Shares the screen, keyboard and pointer.
    ShareAll,
    /// The same, in a dialog that has its check for a yes that lasts set.
    ShareAllFromNowOn,
    /// Shares the screen alone.
    ShareScreen,
    Cancel,
}

/// A GNOME session. Dropping it ends all that runs in it.
#[derive(Debug)]
pub struct Gnome {
    root: PathBuf,
    /// The user's home, as seen from outside.
    home: TempDir,
    /// So many pixels are one unit of the desktop.
    scale: f64,
    version: u32,
    running: Running,
}

impl Gnome {
    /// Starts one with a monitor of this size.
    ///
    /// # Errors
    ///
    /// If [`ROOT`] names no Debian with GNOME, or GNOME does not come up.
    pub fn start(monitor: (u32, u32)) -> anyhow::Result<Self> {
        Self::start_with(&[monitor])
    }

    /// Starts one with monitors of these sizes, side by side.
    ///
    /// # Errors
    ///
    /// As [`Gnome::start`].
    pub fn start_with(monitors: &[(u32, u32)]) -> anyhow::Result<Self> {
        let root = std::env::var_os(ROOT).map(PathBuf::from).with_context(|| {
            format!("{ROOT} names no Debian with GNOME; tests/src/gnome/make-root.sh makes one")
        })?;
        ensure!(
            root.join("usr/bin/gnome-shell").exists(),
            "there is no GNOME in {}",
            root.display()
        );
        let home = TempDir::with_prefix_in("phd-gnome-", root.join("tmp"))?;
        for part in ["run", "profile", "bin"] {
            fs::create_dir(home.path().join(part))?;
        }
        let script = home.path().join("session.sh");
        fs::write(&script, SESSION)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let log = home.path().join("session.log");
        fs::write(&log, "")?;
        give(home.path())?;
        fs::set_permissions(home.path().join("run"), fs::Permissions::from_mode(0o700))?;
        let mut command = entering(&root, home.path());
        command.arg(inside(&root, &script)).args(
            monitors
                .iter()
                .map(|(width, height)| format!("{width}x{height}")),
        );
        let running = Running::start("gnome", &mut command, &log)?;
        let mut gnome = Self {
            root,
            home,
            scale: 1.0,
            version: 0,
            running,
        };
        wait_until("GNOME", Duration::from_secs(40), || {
            gnome.running.check_alive()?;
            let is_ready = gnome.file("run/ready").exists();
            Ok((is_ready && gnome.eval("1").is_ok_and(|said| said == 1)).then_some(()))
        })
        .with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        gnome.version = gnome.ask_version()?;
        // it says that it runs scripts, over what the play looks at
        gnome.eval("Main.messageTray.getSources().forEach(source => source.destroy())")?;
        Ok(gnome)
    }

    fn ask_version(&self) -> anyhow::Result<u32> {
        let mut command = self.command("gdbus")?;
        command
            .args(["call", "--session", "--dest", "org.gnome.Shell"])
            .args(["--object-path", "/org/gnome/Shell", "--method"])
            .args(["org.freedesktop.DBus.Properties.Get", "org.gnome.Shell"])
            .arg("ShellVersion");
        let said = command.output()?;
        let said = String::from_utf8_lossy(&said.stdout);
        let number = said
            .split('\'')
            .nth(1)
            .and_then(|said| said.split('.').next()?.parse().ok());
        number.with_context(|| format!("no version in {said:?}"))
    }

    /// Whether its portal gives the user's yes back to a program that has it already; older ones ask each time.
    pub fn gives_yes_back(&self) -> bool {
        self.version >= 45
    }

    /// A file of the user's home, as seen from outside.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// As the user's programs call a file.
    pub fn inside(&self, path: &Path) -> PathBuf {
        inside(&self.root, path)
    }

    /// `program` as it runs in this session; one from outside is copied.
    ///
    /// # Errors
    ///
    /// If it cannot be copied.
    pub fn command(&self, program: impl AsRef<OsStr>) -> anyhow::Result<Command> {
        let program = Path::new(program.as_ref());
        let mut command = entering(&self.root, self.home.path());
        match program.file_name().filter(|_| program.is_absolute()) {
            Some(name) => {
                let copy = self.file("bin").join(name);
                if !copy.exists() {
                    fs::copy(program, &copy)
                        .with_context(|| format!("{} is missing", program.display()))?;
                }
                command.arg(self.inside(&copy));
            }
            None => {
                command.arg(program);
            }
        }
        Ok(command)
    }

    /// What this script of the shell gives.
    ///
    /// # Errors
    ///
    /// If it fails.
    pub fn eval(&self, script: &str) -> anyhow::Result<Value> {
        // a text without anything that is quoted on its way
        let script = format!(
            "Array.from(new TextEncoder().encode(JSON.stringify((() => {{ return ({script}); }})() ?? null)),\
             byte => byte.toString(16).padStart(2, '0')).join('')"
        );
        let mut command = self.command("gdbus")?;
        command
            .args(["call", "--session", "--dest", "org.gnome.Shell"])
            .args(["--object-path", "/org/gnome/Shell"])
            .args(["--method", "org.gnome.Shell.Eval", &script]);
        let said = command.output()?;
        let text = String::from_utf8_lossy(&said.stdout);
        let hex = text
            .strip_prefix("(true, '\"")
            .and_then(|rest| rest.trim_end().strip_suffix("\"')"));
        let Some(hex) = hex else {
            let error = String::from_utf8_lossy(&said.stderr);
            bail!("the shell says {text:?} {error:?} to {script}");
        };
        let digit = |at: usize| u8::from_str_radix(hex.get(2 * at..2 * at + 2).unwrap_or(""), 16);
        let bytes = (0..hex.len() / 2)
            .map(digit)
            .collect::<Result<Vec<u8>, _>>()?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Sets the scale of the only monitor, and turns it by quarters.
    ///
    /// # Errors
    ///
    /// If GNOME does not take it.
    pub fn set_monitor(&mut self, scale: f64, quarters: u32) -> anyhow::Result<()> {
        let call = |method: &str| -> anyhow::Result<Command> {
            let mut command = self.command("gdbus")?;
            command
                .args([
                    "call",
                    "--session",
                    "--dest",
                    "org.gnome.Mutter.DisplayConfig",
                ])
                .args([
                    "--object-path",
                    "/org/gnome/Mutter/DisplayConfig",
                    "--method",
                ])
                .arg(format!("org.gnome.Mutter.DisplayConfig.{method}"));
            Ok(command)
        };
        let state = call("GetCurrentState")?.output()?;
        let state = String::from_utf8_lossy(&state.stdout).into_owned();
        let quoted = |after: &str| {
            let (_, rest) = state.split_once(after)?;
            rest.split('\'').next()
        };
        let serial = state.strip_prefix("(uint32 ").and_then(|rest| {
            let end = rest.find(',')?;
            rest.get(..end)
        });
        let (Some(serial), Some(monitor), Some(mode)) = (serial, quoted("[(('"), quoted("), [('"))
        else {
            bail!("no monitors in {state}");
        };
        let monitors = format!(
            "[(0, 0, {scale:?}, uint32 {quarters}, true, [('{monitor}', '{mode}', {{}})])]"
        );
        let set = call("ApplyMonitorsConfig")?
            .args([serial, "1", &monitors, "{}"])
            .output()?;
        ensure!(
            set.status.success(),
            "{monitors} is not taken: {}",
            String::from_utf8_lossy(&set.stderr)
        );
        self.scale = scale;
        Ok(())
    }

    /// Where the pointer is, in the units of the desktop.
    ///
    /// # Errors
    ///
    /// If the shell does not answer.
    pub fn pointer(&self) -> anyhow::Result<(f64, f64)> {
        let place = self.eval("global.get_pointer()")?;
        let at = |index: usize| place[index].as_f64().context("no pointer");
        Ok((at(0)?, at(1)?))
    }

    /// Where the window with this title has its content.
    ///
    /// # Errors
    ///
    /// If the shell does not answer.
    pub fn window(&self, title: &str) -> anyhow::Result<Option<Region>> {
        self.place_of(title, "get_buffer_rect")
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place on a monitor"
    )]
    fn units(&self, pixels: u32) -> u32 {
        // until GNOME 44 programs draw by whole scales
        let scale = if self.version < 44 {
            self.scale.ceil()
        } else {
            self.scale
        };
        (f64::from(pixels) / scale) as u32
    }

    fn place_of(&self, title: &str, part: &str) -> anyhow::Result<Option<Region>> {
        let script = format!(
            "global.get_window_actors().map(actor => actor.meta_window).filter(window => window.title === {title:?})\
             .map(window => window.{part}()).map(place => [place.x, place.y, place.width, place.height])[0] ?? null"
        );
        let place = self.eval(&script)?;
        let side = |at: usize| u32::try_from(place[at].as_i64()?).ok();
        let [x, y, width, height] = [side(0), side(1), side(2), side(3)];
        Ok(x.zip(y)
            .zip(width.zip(height))
            .map(|((x, y), (width, height))| Region {
                x,
                y,
                width,
                height,
            }))
    }

    /// Puts a window somewhere.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn put(&self, title: &str, place: Region) -> anyhow::Result<()> {
        let Region {
            x,
            y,
            width,
            height,
        } = place;
        let script = format!(
            "global.get_window_actors().map(actor => actor.meta_window).filter(window => window.title === {title:?})\
             .map(window => {{ window.unmaximize(3); window.move_resize_frame(true, {x}, {y}, {width}, {height}); }}).length"
        );
        ensure!(self.eval(&script)? == 1, "no window {title:?}");
        Ok(())
    }

    /// The user clicks.
    ///
    /// # Errors
    ///
    /// If the shell does not answer.
    pub fn click(&self, (x, y): (u32, u32)) -> anyhow::Result<()> {
        self.hand(&format!("p.notify_absolute_motion(now(), {x}, {y})"))?;
        for state in [1, 0] {
            std::thread::sleep(Duration::from_millis(60));
            // the primary button, as the shell counts them
            self.hand(&format!("p.notify_button(now(), 1, {state})"))?;
        }
        Ok(())
    }

    /// The user types what the layout has.
    ///
    /// # Errors
    ///
    /// As [`Gnome::click`].
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        for keysym in text.chars().map(u32::from) {
            for state in [1, 0] {
                self.hand(&format!("k.notify_keyval(now(), {keysym}, {state})"))?;
            }
        }
        Ok(())
    }

    /// With the user's own mouse `p` and keyboard `k`.
    fn hand(&self, act: &str) -> anyhow::Result<()> {
        let script = format!(
            "(() => {{ const backend = global.stage.context?.get_backend?.() ?? imports.gi.Clutter.get_default_backend(); \
             const seat = backend.get_default_seat(); \
             const p = global.phdPointer ??= seat.create_virtual_device(0); \
             const k = global.phdKeys ??= seat.create_virtual_device(1); \
             const now = () => imports.gi.GLib.get_monotonic_time(); {act}; }})()"
        );
        self.eval(&script).map(drop)
    }

    /// What is on the monitor, without the pointer, as GNOME shows it to its own users.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn screenshot(&self) -> anyhow::Result<Picture> {
        let path = self.file("screenshot.png");
        let mut command = self.command("gdbus")?;
        command
            .args(["call", "--session", "--dest", "org.gnome.Shell.Screenshot"])
            .args(["--object-path", "/org/gnome/Shell/Screenshot", "--method"])
            .args(["org.gnome.Shell.Screenshot.Screenshot", "false", "false"])
            .arg(self.inside(&path));
        let taken = command.output()?;
        ensure!(
            taken.status.success() && path.exists(),
            "no screenshot: {}",
            String::from_utf8_lossy(&taken.stderr)
        );
        Picture::open_png(&path)
    }

    /// Waits for the desktop's own dialog and answers it.
    ///
    /// # Errors
    ///
    /// If it does not come.
    pub fn answer(&self, answer: DialogAnswer) -> anyhow::Result<()> {
        let mut before = None;
        let (dialog, height) = wait_until("the desktop's own dialog", PATIENCE, || {
            // it is there before it has a size
            let now = self.dialog()?.filter(|(place, _)| place.width > 300);
            std::thread::sleep(Duration::from_millis(300));
            let stands = now.is_some() && std::mem::replace(&mut before, now) == now;
            Ok(now.filter(|_| stands))
        })?;
        // its labels are told to nobody: where they are in the dialog of GNOME 43 to 48
        let (switch, head) = (74, 23);
        let check = match answer {
            DialogAnswer::ShareAllFromNowOn => CHECK_HEIGHT,
            DialogAnswer::ShareAll | DialogAnswer::ShareScreen | DialogAnswer::Cancel => 0,
        };
        let height = height + check;
        if matches!(
            answer,
            DialogAnswer::ShareAll | DialogAnswer::ShareAllFromNowOn
        ) {
            self.click((dialog.x + dialog.width - switch, dialog.y + height))?;
            std::thread::sleep(Duration::from_millis(300));
        }
        let button = match answer {
            DialogAnswer::ShareAll
            | DialogAnswer::ShareAllFromNowOn
            | DialogAnswer::ShareScreen => dialog.width - 48,
            DialogAnswer::Cancel => 50,
        };
        self.click((dialog.x + button, dialog.y + head))?;
        wait_until("the dialog to go", PATIENCE, || {
            Ok(self.dialog()?.is_none().then_some(()))
        })
    }

    fn dialog(&self) -> anyhow::Result<Option<(Region, u32)>> {
        for (title, height) in DIALOGS {
            if let Some(place) = self.place_of(title, "get_frame_rect")? {
                return Ok(Some((place, height)));
            }
        }
        Ok(None)
    }

    /// Whether the desktop's own dialog is there.
    ///
    /// # Errors
    ///
    /// If the shell does not answer.
    pub fn asks(&self) -> anyhow::Result<bool> {
        Ok(self.dialog()?.is_some())
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
        let mut command = self.command("foot")?;
        command
            .args(["--config=/dev/null", "--title", title])
            .args(["-o", "locked-title=yes", "-o", "csd.preferred=none"])
            .arg(format!(
                "--window-size-pixels={}x{}",
                place.width, place.height
            ))
            .args(["sh", "-c", script, title])
            .arg(self.inside(file));
        self.open(title, command, file, place)
    }

    fn open(
        &self,
        title: &str,
        mut command: Command,
        file: &Path,
        place: Region,
    ) -> anyhow::Result<Running> {
        let log = self.file(&format!("{title}.log"));
        let mut running = Running::start(title, &mut command, &log)?;
        wait_until("the terminal", PATIENCE, || {
            running.check_alive()?;
            Ok((self.window(title)?.is_some() && file.exists()).then_some(()))
        })
        .with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        self.put(title, place)?;
        Ok(running)
    }

    /// The processes of this session whose program has this name.
    ///
    /// # Errors
    ///
    /// If they cannot be listed.
    pub fn processes(&self, program: Option<&str>) -> anyhow::Result<Vec<Pid>> {
        let mark = format!("HOME={}", self.inside(self.home.path()).display());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let pid = name.parse().ok().and_then(Pid::from_raw);
            let environment = fs::read(path.join("environ")).unwrap_or_default();
            let is_ours = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark.as_bytes());
            let exe = fs::read_link(path.join("exe")).unwrap_or_default();
            let is_meant = program.is_none_or(|name| exe.file_name() == Some(OsStr::new(name)));
            found.extend(pid.filter(|_| is_ours && is_meant));
        }
        Ok(found)
    }
}

impl Drop for Gnome {
    fn drop(&mut self) {
        // services that the bus has started outlive it
        for pid in self.processes(None).unwrap_or_default() {
            // it may have just ended
            kill_process(pid, Signal::TERM).ok();
        }
        drop(wait_until("the end of GNOME", PATIENCE, || {
            Ok(self.processes(None)?.is_empty().then_some(()))
        }));
        for pid in self.processes(None).unwrap_or_default() {
            kill_process(pid, Signal::KILL).ok();
        }
    }
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(root) {
        Ok(path) => Path::new("/").join(path),
        Err(_) => path.to_owned(),
    }
}

fn give(folder: &Path) -> anyhow::Result<()> {
    for entry in walkdir::WalkDir::new(folder) {
        std::os::unix::fs::lchown(entry?.path(), Some(USER), Some(USER))?;
    }
    Ok(())
}

/// Enters the Debian as its user; the program and its arguments follow.
fn entering(root: &Path, home: &Path) -> Command {
    let mut command = Command::new("unshare");
    let enter = r#"mount -t proc proc "$0/proc" && mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$0/dev/pts" && exec chroot --userspec="$1:$1" "$0" /usr/bin/env -i "${@:2}""#;
    let home = inside(root, home);
    let run = home.join("run");
    let variable = |name: &str, value: &dyn std::fmt::Display| format!("{name}={value}");
    command
        .args(["--mount", "bash", "-c", enter])
        .arg(root)
        .arg(USER.to_string())
        .args([
            variable("HOME", &home.display()),
            variable("XDG_RUNTIME_DIR", &run.display()),
            format!("DBUS_SESSION_BUS_ADDRESS=unix:path={}/bus", run.display()),
            format!(
                "DBUS_SYSTEM_BUS_ADDRESS=unix:path={}/system-bus",
                run.display()
            ),
            format!("PHD_PROFILE_DIR={}/profile", home.display()),
            format!("PHD_UI_MAP={}/ui-map.json", home.display()),
        ])
        .args([
            "PATH=/usr/bin:/bin",
            "USER=helped",
            "LC_ALL=C.UTF-8",
            "XDG_SESSION_TYPE=wayland",
            "XDG_CURRENT_DESKTOP=GNOME",
            "WAYLAND_DISPLAY=wayland-0",
            "LIBGL_ALWAYS_SOFTWARE=1",
            "GSETTINGS_BACKEND=keyfile",
            "NO_AT_BRIDGE=1",
            "NO_COLOR=1",
        ]);
    // for whoever looks why a play failed
    for name in ["RUST_LOG", "PIPEWIRE_DEBUG", "G_MESSAGES_DEBUG"] {
        if let Ok(value) = std::env::var(name) {
            command.arg(variable(name, &value));
        }
    }
    command
}

/// Helpme in a GNOME session, and what its user does with it.
#[derive(Debug)]
pub struct GnomeHelpme {
    pub running: Running,
    ui_map: PathBuf,
}

impl GnomeHelpme {
    /// Starts Helpme, set up for the hub at this address with this fingerprint; without what takes pictures from
    /// PipeWire where `helper` is not set.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(
        programs: &Programs,
        gnome: &Gnome,
        (hub, fingerprint): (SocketAddr, &str),
        helper: bool,
    ) -> anyhow::Result<Self> {
        let ui_map = gnome.file("ui-map.json");
        drop(fs::remove_file(&ui_map));
        Look::LIGHT.set_up(&gnome.file("profile"), "helpme")?;
        if helper {
            // beside it, as it is installed
            gnome
                .command(programs.path("helpme-screencast"))
                .context("`cargo build -p helpme-screencast --features pipewire` makes it")?;
        }
        let mut command = gnome.command(programs.path("helpme"))?;
        command
            .args(["--hub", &hub.to_string()])
            .args(["--fingerprint", fingerprint]);
        give(gnome.home.path())?;
        let running = Running::start("helpme", &mut command, &gnome.file("helpme.log"))?;
        Ok(Self { running, ui_map })
    }

    /// What its windows show now.
    ///
    /// # Errors
    ///
    /// If it wrote something that is no map.
    pub fn map(&self) -> anyhow::Result<UiMap> {
        UiMap::read(&self.ui_map)
    }

    /// Waits until `label` can be read and stands still; gives where it is on the desktop.
    ///
    /// # Errors
    ///
    /// If it does not come in time.
    pub fn wait_for(&mut self, gnome: &Gnome, label: &str) -> anyhow::Result<(u32, u32)> {
        let mut before = None;
        wait_until(&format!("{label:?} in Helpme"), PATIENCE, || {
            self.running.check_alive()?;
            let map = self.map()?;
            let mut windows = map.windows().iter();
            let window = windows.find(|window| window.shows(label));
            let Some(window) = window.cloned() else {
                return Ok(None);
            };
            let (found, place) = (map.find(label), gnome.window(&window.title)?);
            let now = found.filter(|found| found.enabled).zip(place);
            let stands = now.is_some() && std::mem::replace(&mut before, now) == now;
            std::thread::sleep(Duration::from_millis(60));
            Ok(now.filter(|_| stands).map(|(found, place)| {
                let (x, y) = found.region.middle();
                (place.x + gnome.units(x), place.y + gnome.units(y))
            }))
        })
        .with_context(|| {
            format!(
                "it shows {:?}",
                self.map().map(|map| format!("{:?}", map.labels()))
            )
        })
    }

    /// Waits until Helpme says something that begins so.
    ///
    /// # Errors
    ///
    /// If it does not come in time.
    pub fn wait_to_read(&mut self, beginning: &str) -> anyhow::Result<()> {
        wait_until(&format!("{beginning:?} in Helpme"), PATIENCE, || {
            self.running.check_alive()?;
            let map = self.map()?;
            let said = map
                .labels()
                .iter()
                .any(|label| label.starts_with(beginning));
            Ok(said.then_some(()))
        })
        .with_context(|| {
            format!(
                "it shows {:?}",
                self.map().map(|m| format!("{:?}", m.labels()))
            )
        })
    }

    /// Clicks on `label`.
    ///
    /// # Errors
    ///
    /// As [`GnomeHelpme::wait_for`].
    pub fn click(&mut self, gnome: &Gnome, label: &str) -> anyhow::Result<()> {
        let place = self.wait_for(gnome, label)?;
        gnome.click(place)
    }

    /// Types the ticket and the name and presses **Helpme** (H4).
    ///
    /// # Errors
    ///
    /// As [`GnomeHelpme::wait_for`].
    pub fn ask_for_help(&mut self, gnome: &Gnome, ticket: &str, name: &str) -> anyhow::Result<()> {
        // where it is large, GNOME 43 moves it once more
        let mut before = None;
        wait_until("Helpme to stand", PATIENCE, || {
            let now = gnome.window("Helpme")?;
            let stands = now.is_some() && std::mem::replace(&mut before, now) == now;
            std::thread::sleep(Duration::from_millis(700));
            Ok(stands.then_some(()))
        })?;
        let digits: String = ticket.chars().filter(char::is_ascii_digit).collect();
        for (label, text) in [("Ticket", digits.as_str()), ("Your name", name)] {
            self.click(gnome, label)?;
            std::thread::sleep(Duration::from_millis(300));
            gnome.type_text(text)?;
            std::thread::sleep(Duration::from_millis(300));
        }
        self.click(gnome, "Helpme")
    }
}
