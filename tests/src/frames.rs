//! How long the administrator's window takes for a frame over a large archive, and to start.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::administrator::Administrator;
use crate::app::App;
use crate::display::Display;
use crate::hub::Hub;
use crate::look::Look;
use crate::programs::{Home, Programs};

const SCREEN: (u16, u16) = (1600, 1000);
/// The wheel turns this often, as an impatient hand does, for so long.
const TURN: Duration = Duration::from_millis(16);
const SCROLLED: Duration = Duration::from_secs(8);
/// Until a section has asked for its first rows.
const SETTLED: Duration = Duration::from_secs(2);

/// Opens the hub's `archive`, turns the wheel over each of its lists, and tells a table in Markdown: the window's
/// own time for a frame, in milliseconds, drawn by software.
///
/// # Errors
///
/// If a program does not start, or the window does not show what it should.
pub fn play(archive: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let folder = tempfile::tempdir()?;
    let home = Home::fresh(folder.path(), "hub")?;
    copy(archive, &home.file("data"))?;
    let hub = Hub::start(&programs, home, std::net::Ipv4Addr::LOCALHOST.into())?;
    let display = Display::start_managed(SCREEN.0, SCREEN.1)?;
    let home = Home::fresh(folder.path(), "admin")?;
    let log = home.log();
    let mut command = home.windowed(programs.path("hub-admin"), display.name());
    command
        .env("RUST_LOG", "hub_admin=trace")
        .env("NO_COLOR", "1");
    let begun = Instant::now();
    let mut app = App::start("hub-admin", &mut command, home, &display, Look::LIGHT)?;
    app.wait_for("Sign in")?;
    tell(&format!(
        "The window is there after {} ms.\n",
        begun.elapsed().as_millis()
    ));
    let mut admin = Administrator { app };
    admin.sign_in(&hub)?;
    tell("| section | frames | p50 | p95 | most |\n| --- | ---: | ---: | ---: | ---: |");
    for section in ["Reports", "Films", "Computers", "Audit log"] {
        admin.app.click(section)?;
        std::thread::sleep(SETTLED);
        let from = fs::metadata(&log)?.len();
        let hands = admin.app.hands();
        hands.point_at((u32::from(SCREEN.0) / 2, u32::from(SCREEN.1) * 2 / 3))?;
        let until = Instant::now() + SCROLLED;
        while Instant::now() < until {
            hands.turn_wheel(3)?;
            std::thread::sleep(TURN);
        }
        std::thread::sleep(TURN);
        tell(&row(section, frames(&log, from)?));
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    #[cfg(unix)]
    fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    for entry in fs::read_dir(from).with_context(|| format!("no archive in {}", from.display()))? {
        let entry = entry?;
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&path, &place)?;
        } else {
            fs::copy(&path, &place)?;
        }
    }
    Ok(())
}

/// What each frame took that the log tells of, after its first `from` bytes.
pub(crate) fn frames(log: &Path, from: u64) -> anyhow::Result<Vec<f64>> {
    let text = fs::read(log)?;
    let text = text.get(usize::try_from(from)?..).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let millis = text.lines().filter_map(|line| {
        let (_, after) = line.split_once("millis=")?;
        after.split_whitespace().next()?.parse().ok()
    });
    Ok(millis.collect())
}

fn row(section: &str, mut millis: Vec<f64>) -> String {
    millis.sort_by(f64::total_cmp);
    let at = |part: usize| {
        let place = (millis.len() * part / 100).min(millis.len().saturating_sub(1));
        millis.get(place).copied().unwrap_or_default()
    };
    format!(
        "| {section} | {} | {:.1} | {:.1} | {:.1} |",
        millis.len(),
        at(50),
        at(95),
        at(100)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_log_are_read_from_where_it_was() {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let before = "Z TRACE hub_admin::app: Frame millis=99.0 section=Reports\n";
        let after = "Z TRACE hub_admin::app: Frame millis=3.5 section=Films\nsomething else\n\
                     Z TRACE hub_admin::app: Frame millis=1.5 section=Films\n";
        fs::write(log.path(), format!("{before}{after}")).expect("written");
        let from = u64::try_from(before.len()).expect("short");
        let found = frames(log.path(), from).expect("read");
        assert_eq!(found, [3.5, 1.5]);
        assert_eq!(row("Films", found), "| Films | 2 | 3.5 | 3.5 | 3.5 |");
    }
}
