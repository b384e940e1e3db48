//! A Helpme that runs is replaced by its next version and brought back, on a computer with Windows, where the file of
//! a program that runs cannot be overwritten: from the command line, and from the hub through the window (P3).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use maker::Version;

use super::assistance::{OPERATOR_SCREEN, USER_SCREEN};
use crate::cast::{Cast, Computers};
use crate::display::Display;
use crate::helpme::Helpme;
use crate::look::Look;
use crate::programs::Home;
use crate::versions::Versions;
use crate::wine::{WindowsComputer, Wine, path_there};
use crate::{PATIENCE, wait_until};

/// Programs of tests are four times as large as those that people fetch, and Wine's sockets are slow.
const FETCHED_WITHIN: Duration = Duration::from_mins(3);
const FILE: &str = "helpme-windows-x86_64.exe";

pub(super) fn play(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let user = Display::start_managed(USER_SCREEN.0, USER_SCREEN.1)?;
    let operator = Display::start_managed(OPERATOR_SCREEN.0, OPERATOR_SCREEN.1)?;
    let computers = Computers {
        user: Some(WindowsComputer::fresh()?),
        operator: None,
    };
    let mut cast = Cast::assemble_at(computers, user, operator)?;
    let desk = Desk::with(&mut cast)?;
    let outcome = desk
        .refuses(&cast, tell)
        .and_then(|()| desk.replaces(&mut cast, tell))
        .and_then(|()| desk.takes_the_hubs(&mut cast, tell));
    if outcome.is_err() {
        tell(&format!(
            "see {}",
            cast.helpme.app.keep_screenshot()?.display()
        ));
    }
    outcome
}

/// The portable Helpme of somebody with Windows, and what is offered as its next version.
struct Desk {
    versions: Versions,
    wine: Wine,
    home: Home,
    display: String,
    folder: PathBuf,
    given: PathBuf,
}

impl Desk {
    /// Starts version 0.1.0 in the place of the cast's own.
    fn with(cast: &mut Cast) -> anyhow::Result<Self> {
        let computer = cast.computers.user.as_ref().context("it has Windows")?;
        let (wine, drive) = (computer.wine(), computer.drive());
        let built = computer.programs().path("helpme");
        let folder = drive.join("Portable");
        let given = drive.join("Given");
        for folder in [&folder, &given] {
            fs::create_dir_all(folder)?;
        }
        let versions = Versions::of(&built, FILE, cast.folder())?;
        let desk = Self {
            versions,
            home: Home::fresh(cast.folder(), "portable")?.on_windows(Some(wine.clone())),
            wine,
            display: cast.user_display.name().to_owned(),
            folder,
            given,
        };
        fs::write(desk.program(), &desk.versions.old)?;
        let beside = serde_json::json!({
            "address": cast.hub.address().to_string(),
            "fingerprint": cast.hub.fingerprint(),
        });
        fs::write(desk.folder.join("helpme.json"), beside.to_string())?;
        desk.start(cast)?;
        Ok(desk)
    }

    fn start(&self, cast: &mut Cast) -> anyhow::Result<()> {
        let program = path_there(&self.program());
        let (display, home) = (&cast.user_display, self.home.clone());
        cast.helpme = Helpme::start_as_set_up(Path::new(&program), display, home, Look::LIGHT)?;
        cast.helpme.app.wait_for("Your name").map(drop)
    }

    fn program(&self) -> PathBuf {
        self.folder.join("helpme.exe")
    }

    /// What the program says to these words, and whether it did what they say.
    fn asked(&self, words: &[&str]) -> anyhow::Result<(bool, String)> {
        let mut command = self.wine.command(path_there(&self.program()));
        command.env("DISPLAY", &self.display).args(words);
        let said = command.stdin(Stdio::null()).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let text = text(&said.stdout) + &text(&said.stderr);
        Ok((said.status.success(), text))
    }

    fn says(&self, version: &str) -> anyhow::Result<()> {
        let (_, said) = self.asked(&["--version"])?;
        ensure!(said.ends_with(version), "{said:?} in place of {version}");
        Ok(())
    }

    /// One sentence for each of what is no next version, and the program stays as it was.
    fn refuses(&self, cast: &Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let (versions, given) = (&self.versions, &self.given);
        let (older, same, next) = (
            Version::new(0, 0, 9),
            Version::new(0, 1, 0),
            Version::new(0, 2, 0),
        );
        let refused = |file: &Path, sentence: &str| {
            let (done, said) = self.asked(&["--update", &path_there(file)])?;
            ensure!(!done && said.contains(sentence), "{said:?}: {sentence:?}");
            let is_as_before = fs::read(self.program())? == versions.old;
            ensure!(is_as_before, "it changed: {sentence}");
            tell(&format!("refused: {said}"));
            anyhow::Ok(())
        };
        let file = versions.put_next(given)?;
        let mut changed = versions.new.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&file, changed)?;
        let mut refused = refused;
        refused(&file, "changed")?;
        fs::remove_file(given.join(format!("{FILE}.minisig")))?;
        refused(&file, "there is no signature of its maker beside it")?;
        let file = versions.put_next_as(FILE, &older, given)?;
        refused(&file, "which is older than 0.1.0, which runs")?;
        let file = versions.put_next_as(FILE, &same, given)?;
        refused(&file, "0.1.0 runs already")?;
        let file = versions.put_next_as("helpme-linux-x86_64", &next, given)?;
        refused(&file, "its maker signed it as helpme-linux-x86_64")?;
        // signed, and says another version when it is started
        let file = versions.put_next_as(FILE, &Version::new(0, 3, 0), given)?;
        refused(&file, "does not start on this computer")?;
        ensure!(cast.helpme.app.shows("Your name")?, "its window is there");
        Ok(())
    }

    /// While it runs, and back.
    fn replaces(&self, cast: &mut Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let file = self.versions.put_next(&self.given)?;
        let (done, said) = self.asked(&["--update", &path_there(&file)])?;
        ensure!(done, "{said}");
        self.says("0.2.0")?;
        let app = &mut cast.helpme.app;
        app.running().check_alive()?;
        app.type_into("Your name", "Mario")?;
        tell(&format!("replaced while it runs, and that goes on: {said}"));
        let (done, said) = self.asked(&["--roll-back"])?;
        ensure!(done, "{said}");
        self.says("0.1.0")?;
        cast.helpme.app.running().check_alive()?;
        tell(&format!("brought back while it runs: {said}"));
        let (done, said) = self.asked(&["--roll-back"])?;
        ensure!(!done && said.contains("no version before"), "{said}");
        Ok(())
    }

    /// From the hub, by the button in the window.
    fn takes_the_hubs(&self, cast: &mut Cast, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        self.versions.hand_out(&cast.hub, cast.folder())?;
        // it looks when it starts
        cast.helpme.app.running().kill_now()?;
        self.start(cast)?;
        let app = &mut cast.helpme.app;
        app.wait_for("Version 0.2.0 can be had")?;
        app.click("Update")?;
        wait_until("the new version", FETCHED_WITHIN, || {
            app.running().check_alive()?;
            Ok(app.shows("Version 0.2.0 is ready")?.then_some(()))
        })?;
        self.says("0.2.0")?;
        app.click("Restart now")?;
        let map = self.home.ui_map();
        wait_until("the new version's window", PATIENCE, || {
            let map = fs::read_to_string(&map).unwrap_or_default();
            Ok(map.contains("\"0.2.0\"").then_some(()))
        })?;
        tell("taken from the hub by the button in the window, and started again");
        Ok(())
    }
}
