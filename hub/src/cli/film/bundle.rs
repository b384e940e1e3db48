//! `hub film bundle` and `hub verify`: all of a session in one file that proves itself (D3).

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hub::catalogue::{self, What};
use hub::proof::{self, Proof, Whole};
use hub::{films, unix_millis};
use protocol::SessionId;
use serde_json::json;
use transport::{Fingerprint, HubIdentity};

use crate::cli::table::time_text;

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

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The bundle.
    file: PathBuf,
    /// Whose it must be, as `hub fingerprint` says it.
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<Fingerprint>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// `hub verify`: needs no hub and no data folder.
pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let found = proof::verify(&args.file, args.fingerprint);
    let mut out = std::io::stdout().lock();
    if args.json {
        let value = match &found {
            Ok(proof) => json!({
                "whole": true,
                "fingerprint": proof.fingerprint.to_string(),
                "manifest": proof.manifest,
            }),
            Err(fault) => json!({ "whole": false, "fault": fault.to_string() }),
        };
        writeln!(out, "{value:#}")?;
    } else {
        match &found {
            Ok(proof) => say(&mut out, proof)?,
            Err(fault) => writeln!(out, "{fault}")?,
        }
    }
    Ok(if found.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn say(out: &mut impl std::io::Write, proof: &Proof) -> std::io::Result<()> {
    let Proof {
        fingerprint,
        manifest,
    } = proof;
    writeln!(
        out,
        "every byte is as it was sealed: session {}, made {}, {} files",
        SessionId(manifest.session),
        time_text(manifest.made_unix_millis),
        manifest.files.len()
    )?;
    writeln!(
        out,
        "sealed by the hub {fingerprint}; compare this with what `hub fingerprint` says there"
    )
}
