//! The play: installed, opened at the log-in screen, used while people come and go, killed, started anew.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use xkeysym::key;

use super::guest::{Machine, SCREEN};
use super::root::Root;
use crate::cast::{OPERATOR, OPERATOR_NAME, PASSWORD};
use crate::console::Console;
use crate::display::Display;
use crate::hub::Hub;
use crate::look::Look;
use crate::picture::Picture;
use crate::programs::{Home, Programs};
use crate::running::wait_until;

const COMPUTER: &str = "TILL-7";
const FOLDER: &str = "/var/lib/purepc";
const ACCESS: &str = "the shop opens at nine";
const OPERATOR_SCREEN: (u16, u16) = (1280, 800);
/// How long anything on the machine may take; a slow one starts a desktop in that.
const PATIENCE: Duration = Duration::from_mins(1);
/// How soon `PurePC` has to be back after a crash (U1), and held keys up.
const BACK: Duration = Duration::from_secs(5);
/// How soon the session has to be where another display is shown, after the look each second.
const FOLLOWED: Duration = Duration::from_secs(5);
/// Pixels of two pointers, which pictures of monitors have and those of the console have elsewhere.
const POINTERS: usize = 2_500;
/// Nothing of a pointer or window is there.
const CORNER: (u32, u32) = (SCREEN.0 - 12, SCREEN.1 - 12);

/// What a screen shows, by the colour of its background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Greeter,
    Anna,
    Bruno,
}

impl Shown {
    fn colour(self) -> [u8; 3] {
        match self {
            Self::Greeter => [0x20, 0x20, 0x20],
            Self::Anna => [0x35, 0x58, 0x7a],
            Self::Bruno => [0x3f, 0x7a, 0x35],
        }
    }

    fn is_in(self, picture: &Picture) -> bool {
        (picture.width(), picture.height()) == SCREEN
            && picture.at(CORNER.0, CORNER.1) == self.colour()
    }
}

/// What was measured, in the order of the play.
#[derive(Debug, Default)]
pub struct Figures(Vec<(String, String)>);

impl Figures {
    fn add(&mut self, what: &str, figure: String, tell: &mut dyn FnMut(&str)) {
        tell(&format!("{what}: {figure}"));
        self.0.push((what.to_owned(), figure));
    }

    fn add_time(&mut self, what: &str, time: Duration, tell: &mut dyn FnMut(&str)) {
        self.add(what, format!("{:.1} s", time.as_secs_f64()), tell);
    }

    /// As a table of Markdown.
    pub fn table(&self) -> String {
        let rows = self
            .0
            .iter()
            .map(|(what, figure)| format!("| {what} | {figure} |\n"));
        format!("| what | |\n| --- | ---: |\n{}", rows.collect::<String>())
    }
}

/// Plays it, and leaves pictures of what the operator saw in `out`.
///
/// # Errors
///
/// What went wrong first; the log of `PurePC` on the machine is told too.
pub fn play(root: &Root, out: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    std::fs::create_dir_all(out)?;
    let out = out.canonicalize()?;
    let programs = Programs::find()?;
    let purepc = programs.path("purepc");
    let mut stage = Stage::set_up(&programs, Machine::start(root, &purepc, tell)?, &out, tell)?;
    let played = stage.play();
    if played.is_err() {
        stage.keep_evidence();
    }
    played?;
    Ok(stage.figures)
}

struct Stage<'a> {
    console: Console,
    hub: Hub,
    machine: Machine,
    _display: Display,
    _folder: TempDir,
    out: &'a Path,
    figures: Figures,
    tell: &'a mut dyn FnMut(&str),
}

impl<'a> Stage<'a> {
    fn set_up(
        programs: &Programs,
        machine: Machine,
        out: &'a Path,
        tell: &'a mut dyn FnMut(&str),
    ) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("phd-play-")?;
        let home = |name| Home::fresh(folder.path(), name);
        let hub = Hub::start(programs, home("hub")?, [127, 0, 0, 1].into())?;
        hub.add_operator(OPERATOR, OPERATOR_NAME, PASSWORD)?;
        hub.set_up_hosts("Tills", "Retail", OPERATOR)?;
        let display = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
        let mut console = Console::start(programs, &display, home("operator")?, Look::LIGHT)?;
        console.set_up_and_log_in(hub.address(), hub.fingerprint(), OPERATOR, PASSWORD)?;
        Ok(Self {
            console,
            hub,
            machine,
            _display: display,
            _folder: folder,
            out,
            figures: Figures::default(),
            tell,
        })
    }

    fn play(&mut self) -> anyhow::Result<()> {
        self.is_installed()?;
        self.is_opened_at_the_log_in_screen()?;
        self.a_user_logs_in_and_out()?;
        self.users_are_switched()?;
        self.the_agent_is_killed()?;
        self.the_service_is_killed()?;
        self.costs_little()?;
        self.the_machine_starts_anew()?;
        self.is_uninstalled()
    }

    fn scene(&mut self, what: &str) {
        (self.tell)(&format!("- {what}"));
    }

    fn time(&mut self, what: &str, time: Duration) {
        self.figures.add_time(what, time, self.tell);
    }

    /// By the commands of the manual, in a system that waits for somebody to log in.
    fn is_installed(&mut self) -> anyhow::Result<()> {
        self.scene("installed while the log-in screen waits");
        self.machine_shows(Shown::Greeter)?;
        let line = self.hub.invite_host("Tills")?;
        let line = line.lines().next().context("a line")?;
        // where the machine finds this one
        let line = line.replace("127.0.0.1", "10.0.2.2");
        for command in [
            format!("echo '{line}' | purepc enroll - --folder {FOLDER}"),
            format!("echo '{ACCESS}' | purepc set-password --folder {FOLDER}"),
            "purepc install".to_owned(),
        ] {
            self.machine.done(&command)?;
        }
        self.is_connected()?;
        self.console.app.wait_for(COMPUTER)?;
        let exposure =
            "systemd-analyze security purepc --no-pager | tail -n 1 | grep -o '[0-9][0-9.]*'";
        let exposure = self.machine.done(exposure)?;
        let what = "exposure, by `systemd-analyze security`";
        self.figures.add(what, exposure, self.tell);
        Ok(())
    }

    fn is_opened_at_the_log_in_screen(&mut self) -> anyhow::Result<()> {
        self.scene("opened at the log-in screen");
        let began = Instant::now();
        self.open()?;
        self.time(
            "from the access password to the log-in screen in the console",
            began.elapsed(),
        );
        self.console_shows(Shown::Greeter)?;
        self.keep("1-log-in-screen")
    }

    fn a_user_logs_in_and_out(&mut self) -> anyhow::Result<()> {
        self.scene("anna logs in through it");
        self.log_in("anna")?;
        let behind = self.console_shows(Shown::Anna)?;
        self.time(
            "a log-in, until the console shows the desktop that the monitor shows",
            behind,
        );
        ensure!(
            self.machine
                .done("loginctl list-sessions --no-legend")?
                .contains("anna"),
            "logind has no session of anna"
        );
        self.type_in_terminal("echo behind the counter >typed")?;
        self.wait_in_machine("grep -qx 'behind the counter' /home/anna/typed")?;
        self.keep("2-anna")?;

        self.scene("anna logs out, and the display goes with its server");
        let server = self.server()?;
        self.type_in_terminal("openbox --exit")?;
        let behind = self.console_shows(Shown::Greeter)?;
        self.time(
            "a log-out, until the console shows the next log-in screen that the monitor shows",
            behind,
        );
        ensure!(self.server()? != server, "it is the same X server");
        Ok(())
    }

    fn users_are_switched(&mut self) -> anyhow::Result<()> {
        self.scene("bruno logs in, and another log-in screen comes in front of that");
        self.log_in("bruno")?;
        self.console_shows(Shown::Bruno)?;
        self.type_in_terminal(
            "XDG_SEAT_PATH=/org/freedesktop/DisplayManager/Seat0 dm-tool switch-to-greeter",
        )?;
        let behind = self.console_shows(Shown::Greeter)?;
        self.time(
            "a switch of users, until the console shows the other display",
            behind,
        );
        self.log_in("anna")?;
        self.console_shows(Shown::Anna)?;
        self.keep("3-anna-before-bruno")?;

        self.scene("somebody switches terminals at the machine's keyboard");
        let terminal = |machine: &mut Machine| machine.done("cat /sys/class/tty/tty0/active");
        let of_anna = terminal(&mut self.machine)?;
        ensure!(of_anna == "tty8", "anna is on {of_anna}");
        self.machine.press(&["ctrl", "alt", "f7"])?;
        let behind = self.console_shows(Shown::Bruno)?;
        self.time(
            "a switch of terminals, until the console shows the other display",
            behind,
        );
        self.type_in_terminal("echo this is bruno >typed")?;
        self.wait_in_machine("grep -qx 'this is bruno' /home/bruno/typed")?;
        // a terminal without a display has nothing to show; the session waits
        self.machine.press(&["ctrl", "alt", "f2"])?;
        self.wait_in_machine("grep -qx tty2 /sys/class/tty/tty0/active")?;
        std::thread::sleep(Duration::from_secs(3));
        self.machine.press(&["alt", "f8"])?;
        self.console_shows(Shown::Anna)?;
        let of_anna = "grep -qx 'this is anna' /home/anna/typed";
        self.type_in_terminal("echo this is anna >typed")?;
        self.wait_in_machine(of_anna)
    }

    fn the_agent_is_killed(&mut self) -> anyhow::Result<()> {
        self.scene("what serves the session is killed with a key held");
        self.hold_a_key()?;
        let killed = Instant::now();
        self.machine.done("pkill -9 -f '^[^ ]*purepc .*serve '")?;
        self.key_is_up(killed, "the agent is killed, until no key is held")?;
        self.console.app.hands().release(key::Shift_L)?;
        ensure!(self.is_connected_now()?, "the service is not connected");
        self.console.leave_session()?;
        self.open()?;
        self.console_shows(Shown::Anna).map(drop)
    }

    fn the_service_is_killed(&mut self) -> anyhow::Result<()> {
        self.scene("the service is killed with a key held");
        self.hold_a_key()?;
        let before = self
            .machine
            .done("systemctl show purepc --property MainPID --value")?;
        let killed = Instant::now();
        self.machine.done(&format!("kill -9 {before}"))?;
        self.key_is_up(killed, "the service is killed, until no key is held")?;
        self.is_connected()?;
        let back = killed.elapsed();
        ensure!(back <= self.machine.may_take(BACK), "back after {back:?}");
        self.time("the service is killed, until it is connected again", back);
        self.console.app.hands().release(key::Shift_L)?;
        let after = self
            .machine
            .done("systemctl show purepc --property MainPID --value")?;
        ensure!(before != after, "it was not killed");
        self.console.leave_session()?;
        // nothing was to be cleaned up
        self.open()?;
        self.console_shows(Shown::Anna)?;
        self.type_in_terminal("echo here again >typed")?;
        self.wait_in_machine("grep -qx 'here again' /home/anna/typed")
    }

    /// As systemd counts, for all processes of the service.
    fn costs_little(&mut self) -> anyhow::Result<()> {
        const WATCHED: Duration = Duration::from_secs(20);
        const SETTLED: Duration = Duration::from_secs(8);
        for (what, leaves) in [("in a session at rest", false), ("with nobody in", true)] {
            if leaves {
                self.console.leave_session()?;
            }
            std::thread::sleep(SETTLED);
            let before = self.cpu_nanos()?;
            std::thread::sleep(WATCHED);
            let worked = (self.cpu_nanos()? - before) / 1e6 / WATCHED.as_secs_f64();
            let held = "for pid in $(cat /sys/fs/cgroup/system.slice/purepc.service/cgroup.procs); do \
                awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup; done | awk '{ sum += $1 } END { print sum }'";
            let held: f64 = self.machine.done(held)?.parse()?;
            let figure = format!("{worked:.1} ms/s, {:.1} MB", held / 1024.0);
            self.figures
                .add(&format!("CPU and memory {what}"), figure, self.tell);
        }
        Ok(())
    }

    fn cpu_nanos(&mut self) -> anyhow::Result<f64> {
        let nanos = self
            .machine
            .done("systemctl show purepc --property CPUUsageNSec --value")?;
        nanos
            .parse()
            .with_context(|| format!("systemd says {nanos:?}"))
    }

    fn the_machine_starts_anew(&mut self) -> anyhow::Result<()> {
        self.scene("the machine starts anew");
        self.machine.reboot()?;
        self.wait_for_hub(false)?;
        self.wait_for_hub(true)?;
        let reachable = Instant::now();
        self.machine.wait_until_up()?;
        let uptime = self.machine.done("cut -d ' ' -f 1 /proc/uptime")?;
        let uptime = Duration::from_secs_f64(uptime.parse()?);
        let boot = uptime.saturating_sub(reachable.elapsed());
        self.time("the start of the system, until it is connected", boot);
        self.machine_shows(Shown::Greeter)?;
        self.console.app.wait_for(COMPUTER)?;
        self.open()?;
        self.console_shows(Shown::Greeter)?;
        self.log_in("bruno")?;
        self.console_shows(Shown::Bruno)?;
        self.console.leave_session()
    }

    fn is_uninstalled(&mut self) -> anyhow::Result<()> {
        self.scene("uninstalled");
        self.machine.done("purepc uninstall")?;
        self.wait_for_hub(false)?;
        ensure!(
            !self.machine.holds("systemctl is-active --quiet purepc")?,
            "it still runs"
        );
        ensure!(
            self.machine
                .holds(&format!("test -s {FOLDER}/membership.json"))?,
            "the key is gone"
        );
        ensure!(
            !self.machine.holds("pgrep -x purepc")?,
            "something of it still runs"
        );
        self.hub.verify_audit()?;
        Ok(())
    }

    /// The console opens the computer with its access password.
    fn open(&mut self) -> anyhow::Result<()> {
        let app = &mut self.console.app;
        app.bring_to_front("Logged in")?;
        app.right_click(COMPUTER)?;
        app.click_in_menu("Remote Session")?;
        app.wait_for_field("Access password of the computer")?;
        app.hands().type_text(ACCESS)?;
        app.hands().tap(key::Return)?;
        self.console.wait_for_session().map(drop)
    }

    /// Somebody types into the log-in screen, through the session.
    fn log_in(&mut self, name: &str) -> anyhow::Result<()> {
        // it takes the keyboard a while after it is drawn, and asks one thing after the other
        self.monitor_rests()?;
        self.console.app.hands().type_text(&format!("{name}\n"))?;
        self.monitor_rests()?;
        let password = format!("{name} likes 12 cakes\n");
        self.console.app.hands().type_text(&password)
    }

    /// Through the session, into the terminal that each user's desktop begins with.
    fn type_in_terminal(&mut self, line: &str) -> anyhow::Result<()> {
        self.monitor_rests()?;
        let session = self.console.wait_for_session()?;
        let hands = self.console.app.hands();
        hands.click((session.x + 150, session.y + 160))?;
        hands.type_text(&format!("{line}\n"))
    }

    /// Waits until the monitor shows the same for a while, as programs do that have started.
    fn monitor_rests(&mut self) -> anyhow::Result<()> {
        const LOOKS: u32 = 4;
        let pause = self.machine.may_take(Duration::from_millis(500));
        let until = Instant::now() + self.machine.may_take(PATIENCE);
        let (mut before, mut same) = (self.machine.picture()?, 0);
        while same < LOOKS {
            ensure!(Instant::now() < until, "the monitor does not come to rest");
            std::thread::sleep(pause);
            let now = self.machine.picture()?;
            same = if now == before { same + 1 } else { 0 };
            before = now;
        }
        Ok(())
    }

    fn machine_shows(&mut self, shown: Shown) -> anyhow::Result<Picture> {
        let patience = self.machine.may_take(PATIENCE);
        let machine = &mut self.machine;
        let mut last = None;
        let found = wait_until(&format!("{shown:?} on the monitor"), patience, || {
            let picture = machine.picture()?;
            let is_it = shown.is_in(&picture);
            let kept = last.insert(picture);
            Ok(is_it.then(|| kept.clone()))
        });
        if let (Err(_), Some(last)) = (&found, last) {
            last.save_png(&self.out.join("monitor-at-the-end.png"))?;
        }
        found
    }

    /// Waits until the machine's monitor shows it, and then until the console shows the same; gives how much
    /// later that was.
    fn console_shows(&mut self, shown: Shown) -> anyhow::Result<Duration> {
        self.machine_shows(shown)?;
        let began = Instant::now();
        let mut different = 0;
        // what was drawn since is compared, too
        let patience = self.machine.may_take(PATIENCE);
        let same = wait_until(&format!("{shown:?} in the console"), patience, || {
            let seen = self.console.remote_picture()?;
            if !shown.is_in(&seen) {
                return Ok(None);
            }
            let followed = began.elapsed();
            different = self.machine.picture()?.differing_pixels(&seen);
            Ok((different <= POINTERS).then_some(followed))
        });
        let behind = same.with_context(|| format!("{different} pixels are different"))?;
        ensure!(
            behind <= self.machine.may_take(FOLLOWED),
            "it followed after {behind:?}"
        );
        Ok(behind)
    }

    fn server(&mut self) -> anyhow::Result<String> {
        self.machine.done("pgrep -o -x Xorg")
    }

    fn wait_in_machine(&mut self, command: &str) -> anyhow::Result<()> {
        let patience = self.machine.may_take(PATIENCE);
        let machine = &mut self.machine;
        wait_until(command, patience, || {
            Ok(machine.holds(command)?.then_some(()))
        })
    }

    fn is_connected_now(&mut self) -> anyhow::Result<bool> {
        self.machine
            .holds(&format!("purepc status --folder {FOLDER}"))
    }

    fn is_connected(&mut self) -> anyhow::Result<()> {
        self.wait_in_machine(&format!("purepc status --folder {FOLDER}"))
    }

    fn wait_for_hub(&mut self, connected: bool) -> anyhow::Result<()> {
        let hub = &self.hub;
        let patience = self.machine.may_take(PATIENCE);
        wait_until("the hub to say how the computer is", patience, || {
            let hosts = hub.hosts()?;
            let found = hosts.iter().find(|host| host["name"] == COMPUTER);
            Ok(found
                .filter(|host| host["connected"] == connected)
                .map(drop))
        })
    }

    /// What counts the keys that are held on the display that is shown.
    const HELD: &'static str = "display=$(readlink /var/lib/purepc/display | grep -o '[0-9]*$'); \
        export DISPLAY=:$display XAUTHORITY=/run/lightdm/root/:$display; \
        xinput query-state 'Virtual core XTEST keyboard' >/tmp/keys || exit 3; ";

    fn hold_a_key(&mut self) -> anyhow::Result<()> {
        self.console.wait_for_session()?;
        self.console.app.hands().press(key::Shift_L)?;
        self.wait_in_machine(&format!("{} grep -q =down /tmp/keys", Self::HELD))
    }

    fn key_is_up(&mut self, killed: Instant, what: &str) -> anyhow::Result<()> {
        self.wait_in_machine(&format!("{} ! grep -q =down /tmp/keys", Self::HELD))?;
        let up = killed.elapsed();
        ensure!(up <= self.machine.may_take(BACK), "{what}: {up:?}");
        self.time(what, up);
        Ok(())
    }

    fn keep(&mut self, name: &str) -> anyhow::Result<()> {
        let picture = self.console.app.eyes().screenshot()?;
        picture.save_png(&self.out.join(format!("{name}.png")))
    }

    /// What whoever looks for the fault wants to see.
    fn keep_evidence(&mut self) {
        let log = "journalctl --no-pager -u purepc -n 80; systemctl status purepc lightdm --no-pager; \
            loginctl; cat /sys/class/tty/tty0/active; ls -l /var/lib/purepc; ps axo pid,user,args | tail -n 40";
        let log = self
            .machine
            .done(log)
            .unwrap_or_else(|error| format!("{error:#}"));
        (self.tell)(&log);
        if let Ok(picture) = self.machine.picture() {
            drop(picture.save_png(&self.out.join("monitor-at-the-end.png")));
        }
        drop(self.keep("console-at-the-end"));
    }
}
