//! A proof bundle on its way from the hub, which makes it first, to the downloads.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use protocol::SessionId;

use crate::fetch::Fetch;
use crate::incoming;
use crate::link::Wake;

/// How much of the whole is done when the hub has made it, of 1.
const MADE: f32 = 0.25;

/// A bundle that was asked for. Dropping it leaves nothing here; the hub is told to
/// [forget](Self::begun) it.
#[derive(Debug)]
pub struct Bundling {
    pub session: SessionId,
    /// Of the question for it: an answer to an earlier one is not for this.
    pub number: u32,
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    bundle: u32,
    file_name: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Making {
        thousandths: u16,
        /// A question for the first part is under way.
        asked: bool,
    },
    Fetching(Fetch<PathBuf>),
}

/// What the hub says to a question for a part.
#[derive(Debug)]
pub enum Part {
    /// There is none yet.
    Making { thousandths: u16 },
    Bytes {
        offset: u64,
        whole: u64,
        bytes: Bytes,
    },
}

impl Bundling {
    pub fn new(session: SessionId, number: u32) -> Self {
        let begun = None;
        Self {
            session,
            number,
            begun,
        }
    }

    /// The hub makes it.
    pub fn begin(&mut self, bundle: u32, file_name: &str) {
        self.begun = Some(Begun {
            bundle,
            file_name: file_name.to_owned(),
            stage: Stage::Making {
                thousandths: 0,
                asked: false,
            },
        });
    }

    /// Its number, if the hub makes it or has made it.
    pub fn begun(&self) -> Option<u32> {
        self.begun.as_ref().map(|begun| begun.bundle)
    }

    /// The places to ask for now.
    pub fn wanted(&mut self) -> Vec<u64> {
        match self.begun.as_mut().map(|begun| &mut begun.stage) {
            Some(Stage::Making { asked, .. }) if !*asked => {
                *asked = true;
                vec![0]
            }
            Some(Stage::Fetching(fetch)) => fetch.wanted(),
            Some(Stage::Making { .. }) | None => Vec::new(),
        }
    }

    /// Takes what the hub gave; it is written to `folder`.
    ///
    /// # Errors
    ///
    /// If it cannot be written there, or is not what was asked for.
    pub fn take(&mut self, part: Part, folder: &Path, wake: &Wake) -> io::Result<()> {
        let Some(begun) = &mut self.begun else {
            return Ok(());
        };
        match (part, &mut begun.stage) {
            (Part::Making { thousandths }, Stage::Making { .. }) => {
                let thousandths = thousandths.min(1000);
                let asked = false;
                begun.stage = Stage::Making { thousandths, asked };
                Ok(())
            }
            (
                Part::Bytes {
                    offset,
                    whole,
                    bytes,
                },
                Stage::Making { .. },
            ) => {
                let (within, name) = (folder.to_owned(), begun.file_name.clone());
                let placed = move |file| incoming::place(file, &within, &name);
                let wake = Arc::clone(wake);
                let mut fetch =
                    Fetch::begin_to(self.session, folder, incoming::PART, wake, placed)?;
                // the first part is here already
                fetch.wanted();
                fetch.take(offset, whole, bytes)?;
                begun.stage = Stage::Fetching(fetch);
                Ok(())
            }
            (
                Part::Bytes {
                    offset,
                    whole,
                    bytes,
                },
                Stage::Fetching(fetch),
            ) => fetch.take(offset, whole, bytes),
            (Part::Making { .. }, Stage::Fetching(_)) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// How much is done, from 0 to 1.
    pub fn done(&self) -> f32 {
        match self.begun.as_ref().map(|begun| &begun.stage) {
            None => 0.0,
            Some(Stage::Making { thousandths, .. }) => f32::from(*thousandths) / 1000.0 * MADE,
            Some(Stage::Fetching(fetch)) => {
                let (done, whole) = fetch.progress();
                MADE + crate::views::share(done, whole.max(1)) * (1.0 - MADE)
            }
        }
    }

    /// The file, once it is whole.
    pub fn file(&self) -> Option<io::Result<PathBuf>> {
        match &self.begun.as_ref()?.stage {
            Stage::Fetching(fetch) => fetch.file(),
            Stage::Making { .. } => None,
        }
    }

    /// Gives it up; the thread removes what is there.
    pub fn give_up(self) -> Option<JoinHandle<()>> {
        match self.begun?.stage {
            Stage::Fetching(fetch) => Some(fetch.give_up()),
            Stage::Making { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use protocol::admin::films::MAX_PART_BYTES;

    use super::*;

    fn wake() -> Wake {
        Arc::new(|| {})
    }

    #[test]
    fn d3_a_bundle_is_asked_for_until_it_is_made_and_is_among_the_downloads_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bundling = Bundling::new(SessionId(7), 1);
        assert_eq!(bundling.wanted(), [] as [u64; 0]);
        bundling.begin(3, "session-7-proof.zip");
        assert_eq!((bundling.wanted(), bundling.wanted()), (vec![0], vec![]));
        let half = Part::Making { thousandths: 500 };
        bundling.take(half, folder.path(), &wake()).expect("fits");
        assert!((bundling.done() - MADE / 2.0).abs() < 0.001);
        assert_eq!(bundling.wanted(), [0]);
        let whole = MAX_PART_BYTES as u64 + 3;
        for (offset, len) in [(0, MAX_PART_BYTES), (MAX_PART_BYTES as u64, 3)] {
            let bytes = vec![7; len].into();
            let part = Part::Bytes {
                offset,
                whole,
                bytes,
            };
            bundling.take(part, folder.path(), &wake()).expect("fits");
            while offset == 0 && bundling.wanted().is_empty() {
                std::thread::yield_now();
            }
        }
        let path = loop {
            if let Some(file) = bundling.file() {
                break file.expect("written");
            }
            std::thread::yield_now();
        };
        assert_eq!(path, folder.path().join("session-7-proof.zip"));
        assert_eq!(fs::metadata(path).expect("there").len(), whole);
    }

    #[test]
    fn d3_a_bundle_that_is_given_up_leaves_nothing_here() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bundling = Bundling::new(SessionId(7), 1);
        bundling.begin(3, "session-7-proof.zip");
        bundling.wanted();
        let part = Part::Bytes {
            offset: 0,
            whole: 10 * MAX_PART_BYTES as u64,
            bytes: vec![7; MAX_PART_BYTES].into(),
        };
        bundling.take(part, folder.path(), &wake()).expect("fits");
        let thread = bundling.give_up().expect("it is fetched");
        thread.join().expect("no panic");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
    }
}
