//! A terminal over the whole of a display that keeps each byte that its keyboard and mouse make.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::display::Display;
use crate::running::Running;

/// Dropping it ends the terminal.
#[derive(Debug)]
pub struct RawTerminal {
    kept: PathBuf,
    _program: Running,
}

impl RawTerminal {
    /// Opens one on `display` that keeps its files in `folder`; it is first told `begin`, as `printf` takes it.
    ///
    /// # Errors
    ///
    /// If `xterm` cannot be started.
    pub fn open(display: &Display, folder: &Path, begin: &str) -> anyhow::Result<Self> {
        let kept = folder.join("typed");
        let script = r#"stty raw -echo; printf "$2"; exec cat >"$1""#;
        let mut terminal = Command::new("xterm");
        terminal
            .args(["-u8", "-xrm", "XTerm*metaSendsEscape: true", "-fullscreen"])
            .args(["-e", "sh", "-c", script, "terminal"])
            .arg(&kept)
            .arg(begin)
            .env("DISPLAY", display.name())
            .env("LC_ALL", "C.UTF-8");
        let log = folder.join("terminal.log");
        Ok(Self {
            kept,
            _program: Running::start("terminal", &mut terminal, &log)?,
        })
    }

    /// What came so far.
    pub fn bytes(&self) -> Vec<u8> {
        fs::read(&self.kept).unwrap_or_default()
    }

    /// The same as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}
