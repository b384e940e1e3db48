//! All that there is of a session, for its bundle.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use protocol::SessionId;
use recording::{Body, ChatAuthor, Entry, ReadError, Recording};
use serde_json::{Value, json};
use transport::HubIdentity;

use super::{Bundle, BundleError, Manifest};
use crate::catalogue::{Catalogue, CatalogueError};
use crate::{export, films};

/// A session with a finished film.
pub struct Whole<'a> {
    pub catalogue: &'a dyn Catalogue,
    /// The hub's data folder.
    pub folder: &'a Path,
    pub session: SessionId,
}

impl std::fmt::Debug for Whole<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whole")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Whole<'_> {
    /// Puts it into a bundle at `out` that `key` seals, with the files `beside` it. Tells `progress` how
    /// many bytes of the film are in, and goes on for as long as that says so.
    ///
    /// Whoever asks notes it in the audit log before.
    ///
    /// # Errors
    ///
    /// [`BundleError`]; nothing is at `out` then.
    pub fn bundle(
        &self,
        out: &Path,
        key: &HubIdentity,
        beside: Vec<(&str, Box<dyn Read + '_>)>,
        now_unix_millis: i64,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Manifest, BundleError> {
        let path = self.folder.join(films::path_of(self.session));
        let film = File::open(&path).map_err(BundleError::Gone)?;
        if !recording::is_one_file(&path) {
            return Err(BundleError::Running);
        }
        let mut bundle = Bundle::begin(out, self.session, now_unix_millis)?;
        let mut film = Told {
            film,
            bytes: 0,
            progress,
            given_up: false,
        };
        let added = bundle.add("film.film", &mut film);
        if film.given_up {
            return Err(BundleError::GivenUp);
        }
        added?;
        for (name, mut content) in beside {
            bundle.add(name, &mut content)?;
        }
        let whole = film.bytes;
        let mut goes_on = || progress(whole);
        let recording = Recording::open(&path)?;
        for (name, told) in [
            ("chat.json", chat_line as fn(_) -> _),
            ("events.json", event_line),
        ] {
            let entries = recording.timeline();
            let mut lines = Lines {
                items: entries.filter_map(|entry| entry.map(told).transpose()),
                ready: b"[".to_vec(),
                given: 0,
                count: 0,
                goes_on: &mut goes_on,
                fault: None,
                is_done: false,
            };
            let added = bundle.add(name, &mut lines);
            match lines.fault {
                Some(fault) => return Err(fault),
                None => added?,
            }
        }
        for (name, value) in self.words()? {
            bundle.add(name, &mut format!("{value:#}\n").as_bytes())?;
        }
        bundle.seal(key, &mut goes_on)
    }

    fn words(&self) -> Result<[(&'static str, Value); 4], BundleError> {
        let facts = self.catalogue.film_facts(self.session)?;
        let head = facts.as_ref().and_then(|facts| facts.head);
        let signature = self.catalogue.film_signature(self.session)?;
        let chain = json!({
            "film_head": head.map(|head| recording::ChainHead(head).to_string()),
            "film_signature": signature.map(|bytes| hex(&bytes)),
            "audit_anchor": self.catalogue.audit_head()?.to_string(),
        });
        let facts = facts.map(|facts| export::film_to_json(&facts.film));
        Ok([
            ("facts.json", facts.unwrap_or_default()),
            ("report.json", self.report()?),
            ("audit.json", self.audit()?),
            ("chain.json", chain),
        ])
    }

    /// The report of the session; a report's number is not always its session's.
    fn report(&self) -> Result<Value, CatalogueError> {
        let report = self.catalogue.report_of_session(self.session)?;
        let whole = report.map(|report| self.catalogue.report(report));
        let whole = whole.transpose()?.flatten();
        Ok(whole.map_or(Value::Null, |whole| export::whole_to_json(&whole)))
    }

    fn audit(&self) -> Result<Value, CatalogueError> {
        let rows = self.catalogue.audit_of_session(self.session)?;
        let rows = rows.iter().map(|(row, hash)| {
            let mut value = export::audit_to_json(row);
            value["hash"] = hash.to_string().into();
            value
        });
        Ok(rows.collect())
    }
}

/// The film as it is read, for as long as somebody wants it.
struct Told<'a> {
    film: File,
    bytes: u64,
    progress: &'a mut dyn FnMut(u64) -> bool,
    given_up: bool,
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !(self.progress)(self.bytes) {
            self.given_up = true;
            return Err(io::Error::other("given up"));
        }
        let read = self.film.read(buffer)?;
        self.bytes += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

fn chat_line(entry: Entry) -> Option<Value> {
    let at = entry.at_micros;
    match entry.body {
        Body::Chat { author, name, text } => {
            let author = match author {
                ChatAuthor::User => "user",
                ChatAuthor::Operator => "operator",
            };
            Some(json!({ "at_micros": at, "author": author, "name": name, "text": text }))
        }
        Body::Event(_) | Body::Screen { .. } | Body::Pointer(_) => None,
    }
}

fn event_line(entry: Entry) -> Option<Value> {
    let at = entry.moment_micros();
    match entry.body {
        Body::Event(event) => Some(json!({ "at_micros": at, "event": event.to_string() })),
        Body::Chat { .. } | Body::Screen { .. } | Body::Pointer(_) => None,
    }
}

/// A list as JSON, a line for each: a film may have more of them than there is memory.
struct Lines<'a, I> {
    items: I,
    ready: Vec<u8>,
    /// So much of it is read.
    given: usize,
    count: u64,
    goes_on: &'a mut dyn FnMut() -> bool,
    /// Why it ended early.
    fault: Option<BundleError>,
    is_done: bool,
}

impl<I: Iterator<Item = Result<Value, ReadError>>> Lines<'_, I> {
    fn next_line(&mut self) -> Result<Vec<u8>, BundleError> {
        if self.count.is_multiple_of(1024) && !(self.goes_on)() {
            return Err(BundleError::GivenUp);
        }
        let comma = if self.count == 0 { "" } else { "," };
        self.count += 1;
        if let Some(value) = self.items.next().transpose()? {
            return Ok(format!("{comma}\n  {value}").into_bytes());
        }
        self.is_done = true;
        Ok(b"\n]\n".to_vec())
    }
}

impl<I: Iterator<Item = Result<Value, ReadError>>> Read for Lines<'_, I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() && !self.is_done {
            self.given = 0;
            self.ready = self.next_line().map_err(|fault| {
                self.fault = Some(fault);
                io::Error::other("the list ends early")
            })?;
        }
        let read = (&self.ready[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut digits = String::new();
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a string takes it");
    }
    digits
}
