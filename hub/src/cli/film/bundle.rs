//! `hub film bundle` and `hub verify`: all of a session in one file that proves itself (D3).

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hub::catalogue::{self, Catalogue, What};
use hub::proof::{self, Bundle, Proof};
use hub::{export, films, unix_millis};
use protocol::SessionId;
use recording::{Body, ChatAuthor, Recording};
use serde_json::{Value, json};
use transport::{Fingerprint, HubIdentity};

use crate::cli::audit;
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
    let facts = films::finished(facts.as_ref())?;
    let key = HubIdentity::open(folder)?;
    let path = folder.join(films::path_of(id));
    anyhow::ensure!(
        recording::is_one_file(&path),
        "the film {} is still being written",
        path.display()
    );
    // before there is a first byte of it
    super::change(&mut *catalogue, What::FilmExported { session: id })?;
    let mut bundle = Bundle::begin(out, id, unix_millis())?;
    let mut film = File::open(&path).with_context(|| format!("no film {}", path.display()))?;
    bundle.add("film.film", &mut film)?;
    for (name, path) in [("film.mp4", mp4), ("report.pdf", pdf)] {
        if let Some(path) = path {
            let mut file =
                File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            bundle.add(name, &mut file)?;
        }
    }
    let (chat, events) = time_line(&path)?;
    let film_head = facts
        .head
        .map(|head| recording::ChainHead(head).to_string());
    let anchor = catalogue.audit_head()?;
    let chain = json!({
        "film_head": film_head,
        "film_signature": catalogue.film_signature(id)?.map(|bytes| hex(&bytes)),
        "audit_anchor": anchor.to_string(),
    });
    for (name, value) in [
        ("chat.json", chat),
        ("events.json", events),
        ("facts.json", super::list::to_json(folder, &facts.film)),
        ("report.json", report_of(&*catalogue, id)?),
        ("audit.json", audit_of(&*catalogue, id)?),
        ("chain.json", chain),
    ] {
        bundle.add(name, &mut format!("{value:#}\n").as_bytes())?;
    }
    let manifest = bundle.seal(&key)?;
    writeln!(
        std::io::stdout(),
        "film {id} is in {} with {} files, sealed by the hub {}",
        out.display(),
        manifest.files.len(),
        key.fingerprint()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn time_line(path: &Path) -> anyhow::Result<(Value, Value)> {
    let (mut chat, mut events) = (Vec::new(), Vec::new());
    for entry in Recording::open(path)?.timeline() {
        let entry = entry?;
        let at = entry.at_micros;
        match entry.body {
            Body::Event(event) => {
                events.push(json!({ "at_micros": at, "event": event.to_string() }));
            }
            Body::Chat { author, name, text } => {
                let author = match author {
                    ChatAuthor::User => "user",
                    ChatAuthor::Operator => "operator",
                };
                chat.push(json!({
                    "at_micros": at, "author": author, "name": name, "text": text,
                }));
            }
            Body::Screen { .. } | Body::Pointer(_) => {}
        }
    }
    Ok((chat.into(), events.into()))
}

/// The report of the session; a report's number is not always its session's.
fn report_of(catalogue: &dyn Catalogue, id: SessionId) -> anyhow::Result<Value> {
    let report = catalogue.report_of_session(id)?;
    let whole = report.map(|report| catalogue.report(report)).transpose()?;
    Ok(whole
        .flatten()
        .map_or(Value::Null, |whole| export::whole_to_json(&whole)))
}

fn audit_of(catalogue: &dyn Catalogue, id: SessionId) -> anyhow::Result<Value> {
    let rows = catalogue.audit_of_session(id)?;
    let rows = rows.iter().map(|(row, hash)| {
        let mut value = audit::to_json(row);
        value["hash"] = hash.to_string().into();
        value
    });
    Ok(rows.collect())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut digits = String::new();
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a string takes it");
    }
    digits
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
