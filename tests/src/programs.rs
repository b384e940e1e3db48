//! The product's programs, started as their users would start them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::realm::Tickets;
use crate::wine::{self, Wine};

/// What runs on the computers of those who help and are helped.
const OF_PEOPLE: [&str; 3] = ["pure-help-desk", "helpme", "purepc"];

/// Where the built programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    /// What the files' names end with.
    suffix: &'static str,
}

impl Programs {
    /// The programs in the folder that `PHD_BIN_DIR` names, by default in the target folder of the
    /// profile that runs now.
    ///
    /// # Errors
    ///
    /// If one of them is not there.
    pub fn find() -> anyhow::Result<Self> {
        let folder = match std::env::var_os("PHD_BIN_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => Self::beside_this_one()?,
        };
        let programs = Self {
            folder,
            suffix: std::env::consts::EXE_SUFFIX,
        };
        let of_the_hub = ["hub", "hub-admin", "hub-film"];
        for name in of_the_hub.into_iter().chain(OF_PEOPLE) {
            let path = programs.path(name);
            ensure!(
                path.is_file(),
                "{} is missing; `cargo build --workspace --bins` makes it",
                path.display()
            );
        }
        Ok(programs)
    }

    /// Those of Windows in `folder`.
    ///
    /// # Errors
    ///
    /// If one of them is not there.
    pub(crate) fn for_windows(folder: PathBuf) -> anyhow::Result<Self> {
        let programs = Self {
            folder,
            suffix: ".exe",
        };
        for name in OF_PEOPLE {
            let path = programs.path(name);
            ensure!(
                path.is_file(),
                "{} is missing; `cargo xtask wine` makes it",
                path.display()
            );
        }
        Ok(programs)
    }

    /// Tests run in `deps`, one below the programs.
    fn beside_this_one() -> anyhow::Result<PathBuf> {
        let this = std::env::current_exe()?;
        let folder = this.parent().context("a program is in a folder")?;
        let above = folder.ends_with("deps").then(|| folder.parent()).flatten();
        Ok(above.unwrap_or(folder).to_owned())
    }

    /// The folder they are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of the program `name`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{}", self.suffix))
    }
}

/// A person's or service's own folder: home, settings, log and whatever its program keeps.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
    /// The process in whose network the owner's programs run, if it is not this one's.
    network: Option<u32>,
    /// The rules of the owner's clocks, as `TZ` has them.
    zone: Option<String>,
    /// The language and country of the owner's computer, as `LANG` has them, if not nobody's.
    locale: Option<String>,
    /// What the owner's computer is called, if not as this one is.
    computer: Option<String>,
    /// What the environment names as proxy.
    proxy: Option<String>,
    /// The bus of the owner's desktop.
    bus: Option<String>,
    /// Programs are as installed, and keep their settings where the system has them.
    installed: bool,
    /// What the owner's computer knows of a network that people sign in to.
    tickets: Option<Tickets>,
    /// The owner's computer has Windows.
    wine: Option<Wine>,
    /// The account that the owner's programs run for, if not this one.
    user: Option<u32>,
    /// Programs fail once the file [`Self::fault`] is there.
    fails: bool,
}

impl Home {
    /// A fresh home called `name` in `folder`.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn fresh(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let home = Self {
            folder: folder.join(name),
            network: None,
            zone: None,
            locale: None,
            computer: None,
            proxy: None,
            bus: None,
            installed: false,
            tickets: None,
            wine: None,
            user: None,
            fails: false,
        };
        for part in ["profile", "run"] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(home.folder.join(part))?;
        }
        Ok(home)
    }

    /// The same home, with programs that run in the network of `process`, if one is given.
    pub fn in_network_of(mut self, process: Option<u32>) -> Self {
        self.network = process;
        self
    }

    /// The same home, in a place whose clocks go by `zone`, as `TZ` has it.
    pub fn in_zone(mut self, zone: &str) -> Self {
        self.zone = Some(zone.to_owned());
        self
    }

    /// The same home, on a computer that speaks the language of `locale`, as `LANG` has it.
    pub fn speaking(mut self, locale: &str) -> Self {
        self.locale = Some(locale.to_owned());
        self
    }

    /// The same home, on a computer called `name`, which only takes its programs to be so. It takes root.
    pub fn on_computer(mut self, name: &str) -> Self {
        self.computer = Some(name.to_owned());
        self
    }

    /// The same home, whose environment names `proxy`, if one is given.
    pub fn behind(mut self, proxy: Option<&str>) -> Self {
        self.proxy = proxy.map(str::to_owned);
        self
    }

    /// The same home, on a desktop with this bus, if one is given.
    pub fn on_bus(mut self, bus: Option<&str>) -> Self {
        self.bus = bus.map(str::to_owned);
        self
    }

    /// The same home, with programs that are installed: nothing says that they carry their settings along.
    pub fn with_installed_programs(mut self) -> Self {
        self.installed = true;
        self
    }

    /// The same home, on a computer that knows a network which people sign in to, if one is given.
    pub fn with_tickets(mut self, tickets: Option<&Tickets>) -> Self {
        self.tickets = tickets.cloned();
        self
    }

    /// The same home, on a computer with Windows, if one is given.
    pub fn on_windows(mut self, wine: Option<Wine>) -> Self {
        self.wine = wine;
        self
    }

    /// The same home, whose owner is an ordinary user where this is root's: some programs refuse root.
    ///
    /// # Errors
    ///
    /// If the home cannot be given to that user.
    pub fn of_ordinary_user(mut self) -> anyhow::Result<Self> {
        /// Nobody has it, and no package takes one of these.
        const SPARE: u32 = 61_184;
        if !rustix::process::geteuid().is_root() {
            return Ok(self);
        }
        let above = self.folder.parent().context("a home is in a folder")?;
        fs::set_permissions(above, fs::Permissions::from_mode(0o711))?;
        self.user = Some(SPARE);
        self.give_to_owner()?;
        Ok(self)
    }

    /// Gives all that was put into it to its owner.
    ///
    /// # Errors
    ///
    /// If it cannot be given.
    pub fn give_to_owner(&self) -> anyhow::Result<()> {
        let Some(user) = self.user else {
            return Ok(());
        };
        for entry in walkdir::WalkDir::new(&self.folder) {
            std::os::unix::fs::lchown(entry?.path(), Some(user), Some(user))?;
        }
        Ok(())
    }

    /// The same home, with programs that panic once the file [`Self::fault`] is there.
    pub fn that_fails(mut self) -> Self {
        self.fails = true;
        self
    }

    /// Where a thread is named that is to panic: `window`, or any other word for another one.
    pub fn fault(&self) -> PathBuf {
        self.file("fault")
    }

    /// What a program's map says stays when it has not changed for so long; Wine draws slowly.
    pub(crate) fn at_rest_after(&self) -> Duration {
        Duration::from_millis(if self.wine.is_some() { 350 } else { 60 })
    }

    /// As the owner's computer calls a file of this home.
    fn as_called_there(&self, path: PathBuf) -> OsString {
        if self.wine.is_some() {
            wine::path_there(&path).into()
        } else {
            path.into()
        }
    }

    /// Where the program keeps its settings.
    pub fn profile(&self) -> PathBuf {
        let name = if self.installed { ".config" } else { "profile" };
        self.folder.join(name)
    }

    /// Where the program says which of its labels is where.
    pub fn ui_map(&self) -> PathBuf {
        self.folder.join("ui-map.json")
    }

    /// Where the program's output goes.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A file of this home.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program of the target folder, which may lie where only root gets to, as its ordinary user finds it.
    fn within_reach(&self, program: &OsStr) -> PathBuf {
        let path = Path::new(program);
        let Some(name) = path.file_name().filter(|_| path.is_absolute()) else {
            return path.to_owned();
        };
        let folder = self.file("bin");
        let found = folder.join(name);
        let copied = || fs::create_dir_all(&folder).and_then(|()| fs::copy(path, &found));
        if found.exists() || copied().is_ok() {
            found
        } else {
            path.to_owned()
        }
    }

    /// `program` as it runs for the owner of this home: nothing of the real user's settings and
    /// sessions reaches it.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match (self.network, &self.computer) {
            (None, None) => match (&self.wine, self.user) {
                (Some(wine), _) => wine.command(program),
                (None, None) => Command::new(program),
                (None, Some(user)) => {
                    let mut command = Command::new("setpriv");
                    command
                        .args([format!("--reuid={user}"), format!("--regid={user}")])
                        .args(["--clear-groups", "--"])
                        .arg(self.within_reach(program.as_ref()));
                    command
                }
            },
            (Some(process), _) => {
                let mut command = Command::new("nsenter");
                command
                    .arg(format!("--net=/proc/{process}/ns/net"))
                    .arg("--")
                    .arg(program);
                command
            }
            (None, Some(name)) => {
                let mut command = Command::new("unshare");
                let renamed = r#"printf %s "$0" >/proc/sys/kernel/hostname && exec "$@""#;
                command
                    .args(["--uts", "sh", "-c", renamed, name])
                    .arg(program);
                command
            }
        };
        for name in [
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "XAUTHORITY",
            "DBUS_SESSION_BUS_ADDRESS",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "XDG_CURRENT_DESKTOP",
            "LC_ALL",
            "LANGUAGE",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "no_proxy",
            "NO_PROXY",
            "KRB5_CONFIG",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.folder)
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", self.folder.join("run"))
            .env("LANG", self.locale.as_deref().unwrap_or("C.UTF-8"))
            .env("KRB5CCNAME", self.file("no-tickets"))
            // logs are read by plays
            .env("NO_COLOR", "1");
        if self.installed {
            command.env_remove("PHD_PROFILE_DIR");
        } else {
            command.env("PHD_PROFILE_DIR", self.as_called_there(self.profile()));
        }
        if let Some(proxy) = &self.proxy {
            command.env("https_proxy", proxy);
        }
        if let Some(bus) = &self.bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        if let Some(tickets) = &self.tickets {
            tickets.for_command(&mut command);
        }
        if let Some(zone) = &self.zone {
            command.env("TZ", zone);
        }
        command
    }

    /// [`Home::command`] for a program with windows on `display`, drawn in software.
    pub fn windowed(&self, program: impl AsRef<OsStr>, display: &str) -> Command {
        let mut command = self.command(program);
        command
            .env("DISPLAY", display)
            .env("PHD_UI_MAP", self.as_called_there(self.ui_map()))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("WINIT_X11_SCALE_FACTOR", "1")
            .env("NO_AT_BRIDGE", "1");
        if self.fails {
            command.env("PHD_FAULT_WHEN", self.as_called_there(self.fault()));
        }
        if let Ok(user_display) = std::env::var("DISPLAY")
            && user_display == display
            && let Some(authority) = std::env::var_os("XAUTHORITY")
        {
            command.env("XAUTHORITY", authority);
        }
        command
    }

    /// Removes everything in it, for a new start.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn remove(self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot remove {}", self.folder.display()))
    }
}
