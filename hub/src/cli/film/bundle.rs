//! `hub film bundle`: all of a session in one file that proves itself (D3).

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use hub::catalogue::{self, What};
use hub::proof::Whole;
use hub::{films, unix_millis};
use protocol::SessionId;
use transport::HubIdentity;

/// Makes the bundle of a finished film. `mp4` and `pdf` are files that somebody made of it before.
pub(super) fn make(
    folder: &Path,
    id: SessionId,
    out: &Path,
    mp4: Option<&Path>,
    pdf: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let mut catalogue = catalogue::open(folder)?;
    let facts = catalogue.film_facts(id)?;
    films::finished(facts.as_ref())?;
    let key = HubIdentity::open(folder)?;
    let mut beside: Vec<(&str, Box<dyn Read>)> = Vec::new();
    for (name, path) in [("film.mp4", mp4), ("report.pdf", pdf)] {
        if let Some(path) = path {
            let file =
                File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            beside.push((name, Box::new(file)));
        }
    }
    // before there is a first byte of it
    super::change(&mut *catalogue, What::FilmExported { session: id })?;
    let whole = Whole {
        catalogue: &*catalogue,
        folder,
        session: id,
    };
    let manifest = whole.bundle(out, &key, beside, unix_millis(), &mut |_bytes| true)?;
    writeln!(
        std::io::stdout(),
        "film {id} is in {} with {} files, sealed by the hub {}",
        out.display(),
        manifest.files.len(),
        key.fingerprint()
    )?;
    Ok(ExitCode::SUCCESS)
}
