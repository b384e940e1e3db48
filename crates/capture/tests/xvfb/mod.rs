//! A display of its own for each test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A virtual X server on a free display; ends when dropped.
pub(crate) struct Xvfb {
    pub(crate) process: Child,
    display: String,
}

impl Xvfb {
    /// Starts one with a screen like `1280x720x24`.
    pub(crate) fn start(screen: &str) -> Self {
        Self::start_without(screen, &[])
    }

    /// The same, without these extensions.
    pub(crate) fn start_without(screen: &str, extensions: &[&str]) -> Self {
        let without = extensions.iter().flat_map(|name| ["-extension", name]);
        let mut server = Command::new("Xvfb")
            // The server chooses the display and writes its number to its standard output.
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                screen,
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .args(without)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        let output = server.stdout.take().expect("the output is a pipe");
        BufReader::new(output)
            .read_line(&mut number)
            .expect("Xvfb says its display");
        Self {
            process: server,
            display: format!(":{}", number.trim()),
        }
    }

    /// Its name, like `:99`.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// A command that runs on this display.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.display);
        command
    }

    /// Runs a program on this display until it ends well, and gives what it wrote.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output();
        let output = output.expect("the program is installed");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Ends the server now.
    pub(crate) fn stop(&mut self) {
        self.process.kill().expect("the server is ours");
        self.process.wait().expect("the server is ours");
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
