//! Whether a film is what was recorded.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use hub::catalogue::{self, film_is_signed};
use protocol::SessionId;
use recording::Recording;
use serde_json::json;

pub(super) fn run(folder: &Path, id: SessionId, as_json: bool) -> anyhow::Result<ExitCode> {
    let catalogue = catalogue::open(folder)?;
    let row = catalogue.session(id)?;
    let path = folder.join(&row.film);
    let recording = Recording::open(&path)
        .with_context(|| format!("the film {} cannot be opened", path.display()))?;
    let found = recording.verify();
    let mut fault = match &found.first_fault {
        Some(fault) => Some(format!("is not as it was recorded: {fault}")),
        None if row.film_head.is_some_and(|head| head != found.head.0) => {
            Some("is whole, but not the one of the catalogue".to_owned())
        }
        None => None,
    };
    if let (None, Some(head), Some(signature)) =
        (&fault, row.film_head, catalogue.film_signature(id)?)
    {
        let key = transport::HubIdentity::open(folder)?;
        if !film_is_signed(key.certificate(), id, &head, &signature) {
            fault = Some("is not the one that the hub signed".to_owned());
        }
    }
    let mut gaps = Vec::new();
    if fault.is_none() {
        let lost = recording.gaps()?;
        gaps.extend(lost.all.iter().map(ToString::to_string));
        if lost.left_out > 0 {
            gaps.push(format!("and {} more lost connections", lost.left_out));
        }
    }
    let mut out = std::io::stdout().lock();
    let (entries, head) = (found.entries, found.head);
    if as_json {
        let told = json!({
            "film": id.0,
            "as_recorded": fault.is_none(),
            "fault": fault,
            "entries": entries,
            "head": head.to_string(),
            "finished": found.finished,
            "lost_connections": gaps,
        });
        writeln!(out, "{told:#}")?;
    } else if let Some(fault) = &fault {
        writeln!(out, "film {id} {fault}")?;
    } else {
        let running = if found.finished {
            ""
        } else {
            ", it is not finished"
        };
        writeln!(
            out,
            "film {id} is as it was recorded: {entries} entries, head {head}{running}"
        )?;
        for gap in &gaps {
            writeln!(out, "{gap}")?;
        }
    }
    Ok(if fault.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
