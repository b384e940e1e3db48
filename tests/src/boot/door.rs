//! The way into the machine: commands that are done there as root, by a line of its own (`virtio-serial`), so that
//! nothing of its network, users or display is needed for it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

#[derive(Debug)]
pub(super) struct Door {
    reader: BufReader<UnixStream>,
    number: u64,
}

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(130);

impl Door {
    pub(super) fn open(socket: &Path) -> anyhow::Result<Self> {
        let stream = UnixStream::connect(socket).context("no way into the machine")?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        Ok(Self {
            reader: BufReader::new(stream),
            number: 0,
        })
    }

    /// Waits until somebody is behind it, as after each start of the machine; everything that was said before is
    /// forgotten.
    pub(super) fn wait_until_ready(&mut self, limit: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + limit;
        loop {
            let (number, _, said) = self.next(until)?;
            if number == 0 && said == "ready" {
                return Ok(());
            }
        }
    }

    /// What `command` says, by its exit code.
    pub(super) fn ask(&mut self, command: &str) -> anyhow::Result<(i32, String)> {
        self.number += 1;
        let line = format!("{} {}\n", self.number, encoded(command.as_bytes()));
        self.reader.get_mut().write_all(line.as_bytes())?;
        let until = Instant::now() + PATIENCE;
        loop {
            let (number, code, said) = self.next(until)?;
            if number == self.number {
                return Ok((code, said));
            }
        }
    }

    /// Has `command` done, and gives what it says.
    pub(super) fn done(&mut self, command: &str) -> anyhow::Result<String> {
        let (code, said) = self.ask(command)?;
        ensure!(
            code == 0,
            "in the machine, `{command}` ended with {code}: {said}"
        );
        Ok(said)
    }

    fn next(&mut self, until: Instant) -> anyhow::Result<(u64, i32, String)> {
        let mut line = Vec::new();
        loop {
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => bail!("the machine is gone"),
                Ok(_) if line.ends_with(b"\n") => {
                    let text = String::from_utf8_lossy(&line);
                    if let Some(answer) = answer(text.trim_end_matches(['\r', '\n'])) {
                        return Ok(answer);
                    }
                    // half of a line from before the machine started anew
                    line.clear();
                }
                Ok(_) => {}
                Err(error)
                    if [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut]
                        .contains(&error.kind()) => {}
                Err(error) => return Err(error.into()),
            }
            ensure!(Instant::now() < until, "the machine does not answer");
        }
    }
}

fn answer(line: &str) -> Option<(u64, i32, String)> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let code = words.next()?.parse().ok()?;
    let said = decoded(words.next().unwrap_or_default())?;
    let said = String::from_utf8_lossy(&said).trim_end().to_owned();
    Some((number, code, said))
}

/// As pairs of hexadecimal digits, which a shell reads without quotes.
fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_through_the_door_arrives() {
        for text in ["", "a", "printf '%s' \"ü\" | cat\n"] {
            let there = encoded(text.as_bytes());
            assert_eq!(decoded(&there).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(answer("7 3 72656164790a"), Some((7, 3, "ready".to_owned())));
        assert_eq!(answer("7 0 "), Some((7, 0, String::new())));
        assert_eq!(answer("7"), None);
        assert_eq!(answer("7 3 ready"), None);
    }
}
