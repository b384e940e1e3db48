//! The machine's monitor, keyboard and switches, as somebody who sits in front of it has them (QMP).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use image::RgbImage;
use serde_json::{Value, json};

use crate::picture::Picture;

#[derive(Debug)]
pub(super) struct Monitor {
    reader: BufReader<UnixStream>,
    file: PathBuf,
}

impl Monitor {
    /// Pictures pass by a file in `folder`.
    pub(super) fn open(socket: &Path, folder: &Path) -> anyhow::Result<Self> {
        let stream = UnixStream::connect(socket).context("the machine has no monitor")?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut monitor = Self {
            reader: BufReader::new(stream),
            file: folder.join("monitor.ppm"),
        };
        monitor.line()?;
        monitor.tell("qmp_capabilities", &json!({}))?;
        Ok(monitor)
    }

    /// What it shows now.
    pub(super) fn picture(&mut self) -> anyhow::Result<Picture> {
        let file = self.file.to_str().context("a path")?.to_owned();
        self.tell("screendump", &json!({ "filename": file }))?;
        let bytes = std::fs::read(&self.file)?;
        of_ppm(&bytes).context("no picture of the machine's monitor")
    }

    /// Presses the machine's own keys together, by QEMU's names.
    pub(super) fn press(&mut self, keys: &[&str]) -> anyhow::Result<()> {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| json!({ "type": "qcode", "data": key }))
            .collect();
        self.tell("send-key", &json!({ "keys": keys }))
    }

    fn tell(&mut self, command: &str, arguments: &Value) -> anyhow::Result<()> {
        let mut line = json!({ "execute": command, "arguments": arguments }).to_string();
        line.push('\n');
        self.reader.get_mut().write_all(line.as_bytes())?;
        loop {
            let answer = self.line()?;
            if let Some(error) = answer.get("error") {
                bail!("{command}: {error}");
            }
            if answer.get("return").is_some() {
                return Ok(());
            }
            // something happened that nobody asked for
        }
    }

    fn line(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        let len = self.reader.read_line(&mut line)?;
        ensure!(len > 0, "the machine is gone");
        Ok(serde_json::from_str(&line)?)
    }
}

/// A picture in the binary form of PPM with a byte for each colour.
fn of_ppm(bytes: &[u8]) -> Option<Picture> {
    const WORDS_BEFORE_PIXELS: usize = 4;
    let mut rest = bytes;
    let mut words = Vec::new();
    while words.len() < WORDS_BEFORE_PIXELS {
        let end = rest.iter().position(u8::is_ascii_whitespace)?;
        words.push(std::str::from_utf8(&rest[..end]).ok()?);
        rest = &rest[end + 1..];
    }
    let [kind, width, height, most] = words.try_into().ok()?;
    if (kind, most) != ("P6", "255") {
        return None;
    }
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    RgbImage::from_raw(width, height, rest.to_vec()).map(Picture::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_monitor_is_read() {
        let picture = of_ppm(b"P6\n2 1\n255\n\x01\x02\x03\n\r ").expect("a picture");
        assert_eq!((picture.width(), picture.height()), (2, 1));
        assert_eq!(picture.at(0, 0), [1, 2, 3]);
        assert_eq!(picture.at(1, 0), [10, 13, 32]);
        assert!(of_ppm(b"P6\n2 1\n255\n\x01").is_none());
        assert!(of_ppm(b"P5 1 1 255 ").is_none());
    }
}
