//! Screen updates with their times, for programs that send them again without a codec.
//!
//! Little endian, for each update: its time in milliseconds since the first one, how many bytes it has, 1 if it
//! stands alone or else 0 (one byte), and the bytes.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use codec::Update;

/// Between the last update of a recording and the first of the next.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Traffic {
    file: BufWriter<File>,
    /// Where the recording begins that is being replayed, and when it began by its own time.
    begins_at: Duration,
    began: Option<Duration>,
    last_at: Duration,
}

impl Traffic {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(File::create(path)?),
            begins_at: Duration::ZERO,
            began: None,
            last_at: Duration::ZERO,
        })
    }

    /// Adds an update that the recording has `at` its own time.
    pub(crate) fn write(&mut self, at: Duration, update: &Update) -> io::Result<()> {
        let began = *self.began.get_or_insert(at);
        self.last_at = self.begins_at + at.saturating_sub(began);
        let number = |n: u128| u32::try_from(n).map_err(io::Error::other);
        let millis = number(self.last_at.as_millis())?;
        let length = number(update.bytes.len() as u128)?;
        self.file.write_all(&millis.to_le_bytes())?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&[u8::from(update.is_reset)])?;
        self.file.write_all(&update.bytes)
    }

    /// The next update is the first one of another recording.
    pub(crate) fn end_recording(&mut self) {
        self.begins_at = self.last_at + PAUSE;
        self.began = None;
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}
