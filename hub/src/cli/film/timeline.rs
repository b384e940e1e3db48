//! What happened in a film beside its pictures.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use hub::catalogue::{self, What};
use protocol::SessionId;
use recording::{Body, Entry, Recording};
use serde_json::{Value, json};

use super::super::table::duration_text;

/// Who says something, if it is chat, and the words.
struct Line {
    at_micros: u64,
    name: Option<String>,
    text: String,
}

pub(super) fn run(folder: &Path, id: SessionId, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    let row = catalogue.session(id)?;
    let recording = Recording::open(&folder.join(&row.film))?;
    // the chat is a part of the film
    super::change(&mut *catalogue, What::FilmWatched { session: id })?;
    let lines = recording.timeline().filter_map(|entry| {
        let Entry { at_micros, body } = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        let (name, text) = match body {
            Body::Event(event) => (None, event.to_string()),
            Body::Chat { name, text, .. } => (Some(name), text),
            Body::Screen { .. } | Body::Pointer(_) => return None,
        };
        Some(Ok(Line {
            at_micros,
            name,
            text,
        }))
    });
    let mut out = std::io::stdout().lock();
    if as_json {
        let lines: Vec<Value> = lines
            .map(|line| line.map(|line| to_json(&line)))
            .collect::<Result<_, _>>()?;
        writeln!(out, "{:#}", Value::from(lines))?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in lines {
        let Line {
            at_micros,
            name,
            text,
        } = line?;
        let at = duration_text(i64::try_from(at_micros / 1_000_000).unwrap_or(i64::MAX));
        let said = name.map_or_else(|| text.clone(), |name| format!("{name}: {text}"));
        writeln!(out, "{at:>8}  {}", protocol::visible_line(&said))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(line: &Line) -> Value {
    json!({
        "at_millis": line.at_micros / 1000,
        "name": line.name,
        "text": line.text,
    })
}
