//! Console and Helpme from each of Windows' packages, used, then upgraded by the package of the next version: what they
//! keep is there, and the next assistance goes as the one before (P3).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use super::assistance::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER};
use crate::cast::{Cast, Computers, OPERATOR, PASSWORD, USER_NAME};
use crate::console::Console;
use crate::display::Display;
use crate::helpme::Helpme;
use crate::look::Look;
use crate::programs::Home;
use crate::wine::{WindowsComputer, path_there};
use crate::{PATIENCE, wait_until};

/// Names the folder with the packages: those of this version in `before`, those of the next one in `now`.
const PACKAGES_VARIABLE: &str = "PHD_WINDOWS_PACKAGES";

/// What is packaged.
pub(super) struct Version {
    folder: &'static str,
    pub(super) number: &'static str,
}

pub(super) const BEFORE: Version = Version {
    folder: "before",
    number: "0.1.0",
};
pub(super) const NOW: Version = Version {
    folder: "now",
    number: "0.2.0",
};
const PROBLEM: &str = "The till prints every receipt twice";
/// The packages make an entry with this name among the installed programs.
const PRODUCT: &str = "Pure Help Desk";
const ALL_INSTALLED: &str = r"Software\Microsoft\Windows\CurrentVersion\Uninstall";

/// The file of this version whose name ends with `end`.
///
/// # Errors
///
/// If there is none.
pub(super) fn package(version: &Version, end: &str) -> anyhow::Result<PathBuf> {
    let folder = std::env::var_os(PACKAGES_VARIABLE);
    let folder = folder.with_context(|| format!("{PACKAGES_VARIABLE} names no folder"))?;
    let folder = PathBuf::from(folder).join(version.folder);
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(end) {
            return Ok(path);
        }
    }
    bail!("{} has no {end}", folder.display())
}

/// How the programs come to a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The console for one account, without administrator rights; Helpme for all.
    Setup,
    Msi,
    Zip,
}

pub(super) fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    for way in [Way::Setup, Way::Msi, Way::Zip] {
        let mut stage = Stage::new(way)?;
        let outcome = stage.play(tell);
        if outcome.is_err() {
            for app in [&stage.cast.helpme.app, &stage.cast.console.app] {
                tell(&format!("see {}", app.keep_screenshot()?.display()));
            }
        }
        outcome.with_context(|| format!("{way:?}"))?;
    }
    Ok(())
}

/// A user's and an operator's computer with Windows.
struct Stage {
    way: Way,
    cast: Cast,
    of_user: Home,
    of_operator: Home,
}

/// Who sits at a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Person {
    User,
    Operator,
}

impl Stage {
    fn new(way: Way) -> anyhow::Result<Self> {
        let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
        let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
        user.paint_background(WALLPAPER)?;
        let computers = Computers {
            user: Some(WindowsComputer::fresh()?),
            operator: Some(WindowsComputer::fresh()?),
        };
        let mut cast = Cast::before_log_in_at(computers, user, operator)?;
        // the programs that came with the cast are not installed
        cast.helpme.app.running().kill_now()?;
        cast.console.app.running().kill_now()?;
        let home = |name: &str, computer: &Option<WindowsComputer>| {
            let home = Home::fresh(cast.folder(), name)?.with_installed_programs();
            anyhow::Ok(home.on_windows(computer.as_ref().map(WindowsComputer::wine)))
        };
        Ok(Self {
            of_user: home("installed-user", &cast.computers.user)?,
            of_operator: home("installed-operator", &cast.computers.operator)?,
            way,
            cast,
        })
    }

    fn play(&mut self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        self.install(&BEFORE).context("the version before")?;
        self.starts()?;
        let helpme = &mut self.cast.helpme;
        helpme.app.click("I understand")?;
        let (address, fingerprint) = (self.cast.hub.address(), self.cast.hub.fingerprint());
        let fingerprint = fingerprint.to_owned();
        let console = &mut self.cast.console;
        console.set_up_and_log_in(address, &fingerprint, OPERATOR, PASSWORD)?;
        self.assists(Some(USER_NAME))?;
        self.writes_without_the_hub()?;
        self.cast.helpme.app.running().kill_now()?;
        self.cast.console.app.running().kill_now()?;
        let kept = self.kept()?;

        self.install(&NOW).context("the next version")?;
        ensure!(
            self.kept()? == kept,
            "the installation changed what is kept"
        );
        self.cast.hub.start_again()?;
        ensure!(!self.hub_has_the_text()?, "the hub has the text already");
        self.starts()?;
        self.cast.console.wait_until_logged_in()?;
        wait_until("the text at the hub", PATIENCE, || {
            Ok(self.hub_has_the_text()?.then_some(()))
        })?;
        ensure!(
            !self.cast.helpme.app.shows("I understand")?,
            "Helpme forgot that its user has read the advice"
        );
        self.assists(None)?;
        let films = self.cast.hub.films()?;
        ensure!(films.len() == 2, "{films:?}");
        for film in &films {
            let name = &film.requester;
            ensure!(name == USER_NAME, "{name:?} asked");
            self.cast.hub.verify_film(film.id)?;
        }
        self.cast.hub.verify_audit()?;
        tell(&format!(
            "{:?}: {} to {}: hub, settings, password, the user's name and a text that the hub did not have are kept; \
             an assistance before and after",
            self.way, BEFORE.number, NOW.number
        ));
        self.remove(tell)
    }

    fn computer(&self, person: Person) -> anyhow::Result<&WindowsComputer> {
        let computers = &self.cast.computers;
        let computer = match person {
            Person::User => &computers.user,
            Person::Operator => &computers.operator,
        };
        computer.as_ref().context("everybody has Windows")
    }

    fn display(&self, person: Person) -> &Display {
        match person {
            Person::User => &self.cast.user_display,
            Person::Operator => &self.cast.operator_display,
        }
    }

    fn run(&self, person: Person, program: &Path, words: &[&str]) -> anyhow::Result<String> {
        let computer = self.computer(person)?;
        computer.run(program, words, self.display(person))
    }

    /// Puts this version onto both computers, as an administrator does it who wants to be asked nothing.
    fn install(&self, version: &Version) -> anyhow::Result<()> {
        let address = self.cast.hub.address().to_string();
        let fingerprint = self.cast.hub.fingerprint();
        // the next version finds what the one before was told
        let is_first = version.folder == BEFORE.folder;
        for person in [Person::User, Person::Operator] {
            match self.way {
                Way::Setup => {
                    let setup = package(version, "-setup.exe")?;
                    let mut words = vec!["/S".to_owned()];
                    words.extend(match person {
                        Person::User => ["/AllUsers", "/ONLY=helpme"].map(str::to_owned),
                        Person::Operator => ["/CurrentUser", "/ONLY=console"].map(str::to_owned),
                    });
                    if is_first && person == Person::User {
                        words.push(format!("/HUB={address}"));
                        words.push(format!("/FINGERPRINT={fingerprint}"));
                    }
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    self.run(person, &setup, &words)?;
                }
                Way::Msi => {
                    let msi = path_there(&package(version, ".msi")?);
                    let mut words = vec!["/i".to_owned(), msi, "/qn".to_owned()];
                    match person {
                        Person::User => words.push("ADDLOCAL=Helpme".to_owned()),
                        Person::Operator => words.push("ADDLOCAL=Console".to_owned()),
                    }
                    if is_first && person == Person::User {
                        words.push(format!("HUB={address}"));
                        words.push(format!("FINGERPRINT={fingerprint}"));
                    }
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    self.run(person, Path::new("msiexec"), &words)?;
                }
                Way::Zip => {
                    self.unpack(person, &package(version, "-windows-x86_64.zip")?)?;
                    if is_first && person == Person::User {
                        let beside = serde_json::json!({
                            "address": address,
                            "fingerprint": fingerprint,
                        });
                        let beside = beside.to_string();
                        fs::write(self.folder(person)?.join("helpme.json"), beside)?;
                    }
                }
            }
            self.is_there(person, version)
                .with_context(|| format!("{person:?}"))?;
        }
        Ok(())
    }

    /// Over what is there, as people do it with the folder that they have on a stick.
    fn unpack(&self, person: Person, zip: &Path) -> anyhow::Result<()> {
        let unpacked = TempDir::new()?;
        let mut unzip = Command::new("unzip");
        unzip.arg("-q").arg(zip).arg("-d").arg(unpacked.path());
        let status = unzip.status().context("cannot start unzip")?;
        ensure!(status.success(), "unzip ended with {status}");
        let mut folders = fs::read_dir(unpacked.path())?;
        let folder = folders.next().context("nothing is in it")??.path();
        let to = self.folder(person)?;
        fs::create_dir_all(&to)?;
        let mut copy = Command::new("cp");
        let status = copy.arg("-rT").args([&folder, &to]).status()?;
        ensure!(status.success(), "cp ended with {status}");
        Ok(())
    }

    /// Where the programs are.
    fn folder(&self, person: Person) -> anyhow::Result<PathBuf> {
        let drive = self.computer(person)?.drive();
        Ok(match (self.way, person) {
            (Way::Zip, _) => drive.join("Stick"),
            (Way::Setup, Person::Operator) => {
                let said = self.entry(person, "InstallLocation")?;
                let below = said.strip_prefix("C:\\").context("another drive")?;
                drive.join(below.replace('\\', "/"))
            }
            (Way::Setup, Person::User) | (Way::Msi, _) => drive.join("Program Files").join(PRODUCT),
        })
    }

    /// What the set-up program wrote down about itself.
    fn entry(&self, person: Person, name: &str) -> anyhow::Result<String> {
        let key = format!(r"{}\{ALL_INSTALLED}\{PRODUCT}", self.hive(person));
        let words = ["query", &key, "/v", name, "/reg:64"];
        let said = self.run(person, Path::new("reg"), &words)?;
        let value = said.split("REG_SZ").nth(1);
        Ok(value.with_context(|| said.clone())?.trim().to_owned())
    }

    /// The versions of the product that Windows lists among what is installed.
    fn installed(&self, person: Person) -> anyhow::Result<Vec<String>> {
        let key = format!(r"{}\{ALL_INSTALLED}", self.hive(person));
        let words = ["query", &key, "/s", "/reg:64"];
        let said = self.run(person, Path::new("reg"), &words)?;
        let value = |line: &str, name: &str| {
            let (before, value) = line.split_once("REG_SZ")?;
            (before.trim() == name).then(|| value.trim().to_owned())
        };
        // each product's values follow its key
        let products = said.split("HKEY_").filter(|values| {
            let mut names = values.lines().filter_map(|line| value(line, "DisplayName"));
            names.any(|name| name == PRODUCT)
        });
        let versions = products.map(|values| {
            let mut versions = values
                .lines()
                .filter_map(|line| value(line, "DisplayVersion"));
            versions.next().unwrap_or_default()
        });
        Ok(versions.collect())
    }

    /// Where the registry has it: who needs no administrator installs for one account.
    fn hive(&self, person: Person) -> &'static str {
        match (self.way, person) {
            (Way::Setup, Person::Operator) => "HKCU",
            _ => "HKLM",
        }
    }

    /// Whether the program of `person` is this version's, and nothing else is.
    fn is_there(&self, person: Person, version: &Version) -> anyhow::Result<()> {
        let program = self.program(person)?;
        let said = self.run(person, Path::new(&path_there(&program)), &["--version"])?;
        let is_right = said.trim().ends_with(version.number);
        ensure!(is_right, "{said:?} in place of {}", version.number);
        if self.way != Way::Zip {
            let installed = self.installed(person)?;
            ensure!(installed == [version.number], "{installed:?} is installed");
        }
        let other = match person {
            Person::User => "pure-help-desk.exe",
            Person::Operator => "helpme.exe",
        };
        let is_alone = self.way == Way::Zip || !self.folder(person)?.join(other).exists();
        ensure!(is_alone, "{other} came too");
        Ok(())
    }

    fn program(&self, person: Person) -> anyhow::Result<PathBuf> {
        let name = match person {
            Person::User => "helpme.exe",
            Person::Operator => "pure-help-desk.exe",
        };
        let program = self.folder(person)?.join(name);
        ensure!(program.is_file(), "there is no {}", program.display());
        Ok(program)
    }

    fn starts(&mut self) -> anyhow::Result<()> {
        let [user, operator] = [Person::User, Person::Operator]
            .map(|person| anyhow::Ok(path_there(&self.program(person)?)));
        let (user, operator) = (user?, operator?);
        let cast = &mut self.cast;
        cast.helpme = Helpme::start_as_set_up(
            Path::new(&user),
            &cast.user_display,
            self.of_user.clone(),
            Look::LIGHT,
        )?;
        cast.console = Console::start_as_installed(
            Path::new(&operator),
            &cast.operator_display,
            self.of_operator.clone(),
            Look::LIGHT,
        )?;
        Ok(())
    }

    /// From the ticket to a picture that is the user's screen, and to its end by the user; who types no name goes by
    /// the one that Helpme knows.
    fn assists(&mut self, name: Option<&str>) -> anyhow::Result<()> {
        /// Both pointers and Helpme's bar are elsewhere.
        const CORNER: u32 = 200;
        let cast = &mut self.cast;
        let ticket = cast.console.generate_ticket()?;
        if let Some(name) = name {
            cast.helpme.ask_for_help(&ticket, name)?;
        } else {
            let digits: String = ticket.chars().filter(char::is_ascii_digit).collect();
            cast.helpme.app.bring_to_front("Your name")?;
            cast.helpme.app.type_into("Ticket", &digits)?;
            cast.helpme.app.click("Helpme")?;
        }
        cast.console.wait_for_computer(&ticket)?;
        cast.session_begins(&ticket)?;
        wait_until("the same picture", PATIENCE, || {
            let there = cast.user_display.screenshot()?.left(CORNER);
            let seen = cast.console.remote_picture()?.left(CORNER);
            Ok((there.differing_pixels(&seen) == 0).then_some(()))
        })?;
        cast.helpme.end()
    }

    /// The report of the assistance, begun while the hub is away: the text is on this computer alone.
    fn writes_without_the_hub(&mut self) -> anyhow::Result<()> {
        let cast = &mut self.cast;
        cast.console.app.wait_for("Write the report")?;
        cast.console.app.click("Write the report")?;
        cast.console.app.wait_for_field("Problem")?;
        cast.hub.stop()?;
        cast.console.app.type_into("Problem", PROBLEM)?;
        let computer = self.computer(Person::Operator)?;
        let kept = [
            computer.drive().join("users"),
            computer.drive().join("Stick"),
        ];
        wait_until("the text on the disk", PATIENCE, || {
            for folder in &kept {
                if is_in_a_file(folder, PROBLEM)? {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })?;
        // what is behind it in the queue, too
        thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    fn hub_has_the_text(&self) -> anyhow::Result<bool> {
        let reports = self.cast.hub.reports()?;
        Ok(reports.iter().any(|report| report["problem"] == PROBLEM))
    }

    /// Every file that is the programs' own, with its bytes: what an upgrade must leave alone.
    fn kept(&self) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut kept = Vec::new();
        for person in [Person::User, Person::Operator] {
            let drive = self.computer(person)?.drive();
            for path in files_below(&drive.join("users"))? {
                let is_own = path.components().any(|part| part.as_os_str() == PRODUCT);
                let is_program = path.components().any(|part| part.as_os_str() == "Programs");
                if is_own && !is_program {
                    kept.push((path.clone(), fs::read(path)?));
                }
            }
            let folder = self.folder(person)?;
            let mut own = files_below(&folder.join("portable"))?;
            own.push(folder.join("helpme.json"));
            for path in own.into_iter().filter(|path| path.is_file()) {
                kept.push((path.clone(), fs::read(path)?));
            }
        }
        kept.sort_unstable();
        // Helpme's settings and hub, the console's settings and text
        ensure!(kept.len() >= 4, "{kept:?}");
        Ok(kept)
    }

    /// Takes the programs away; what they keep stays.
    fn remove(&mut self, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        self.cast.helpme.app.running().kill_now()?;
        self.cast.console.app.running().kill_now()?;
        if self.way == Way::Zip {
            return Ok(());
        }
        for person in [Person::User, Person::Operator] {
            let program = self.program(person)?;
            match self.way {
                Way::Setup => {
                    let uninstall = self.folder(person)?.join("uninstall.exe");
                    let mode = match person {
                        Person::User => "/AllUsers",
                        Person::Operator => "/CurrentUser",
                    };
                    let uninstall = path_there(&uninstall);
                    self.run(person, Path::new(&uninstall), &[mode, "/S"])?;
                }
                Way::Msi | Way::Zip => {
                    let msi = path_there(&package(&NOW, ".msi")?);
                    self.run(person, Path::new("msiexec"), &["/x", &msi, "/qn"])?;
                }
            }
            // the uninstaller goes on as a copy of itself
            wait_until("the program to be gone", PATIENCE, || {
                let is_gone = !program.exists() && self.installed(person)?.is_empty();
                Ok(is_gone.then_some(()))
            })?;
        }
        let drive = self.computer(Person::Operator)?.drive();
        let mut kept = files_below(&drive.join("users"))?.into_iter();
        ensure!(
            kept.any(|path| path.ends_with("settings.json")),
            "the settings are gone"
        );
        tell(&format!("{:?}: removed; what is kept stays", self.way));
        Ok(())
    }
}

fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            Err(error) if error.depth() == 0 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(files)
}

fn is_in_a_file(folder: &Path, text: &str) -> anyhow::Result<bool> {
    for path in files_below(folder)? {
        // one that is written now may be away in a moment
        let bytes = fs::read(path).unwrap_or_default();
        if bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            return Ok(true);
        }
    }
    Ok(false)
}
