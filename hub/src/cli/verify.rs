//! `hub verify`: checks what a hub sealed or signed, and needs no hub and no data folder (D3, H9).

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hub::proof::{self, Proof};
use protocol::admin::reports::Language;
use protocol::receipt::Offsets;
use protocol::receipt::file::{MAX_RECEIPT_FILE_BYTES, is_like_one};
use protocol::{Receipt, SessionId};
use serde_json::{Value, json};
use transport::{Fingerprint, receipt};

use super::table::time_text;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The bundle, or the receipt.
    file: PathBuf,
    /// Whose it must be, as `hub fingerprint` says it.
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<Fingerprint>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was found: for people and for programs.
struct Found {
    whole: bool,
    said: String,
    value: Value,
}

pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let found = match receipt_in(&args.file) {
        Some(file) => of_receipt(&file, args.fingerprint),
        None => of_bundle(&args.file, args.fingerprint),
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", found.value)?;
    } else {
        writeln!(out, "{}", found.said)?;
    }
    Ok(if found.whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The file, if it looks like a receipt.
fn receipt_in(path: &Path) -> Option<Vec<u8>> {
    let length = File::open(path).ok()?.metadata().ok()?.len();
    if usize::try_from(length).map_or(true, |length| length > MAX_RECEIPT_FILE_BYTES) {
        return None;
    }
    fs::read(path).ok().filter(|file| is_like_one(file))
}

fn fault(fault: &impl ToString) -> Found {
    let said = fault.to_string();
    Found {
        whole: false,
        value: json!({ "whole": false, "fault": said }),
        said,
    }
}

fn of_receipt(file: &[u8], pin: Option<Fingerprint>) -> Found {
    match receipt::verify_file(file, pin) {
        Err(changed) => fault(&changed),
        Ok((receipt, fingerprint)) => Found {
            whole: true,
            said: say_receipt(&receipt, fingerprint),
            value: json!({
                "whole": true,
                "fingerprint": fingerprint.to_string(),
                "receipt": receipt,
            }),
        },
    }
}

fn say_receipt(receipt: &Receipt, fingerprint: Fingerprint) -> String {
    let mut said = "every byte is as it was signed:\n".to_owned();
    for line in receipt.lines(Language::English, Offsets::default()) {
        said.extend(["  ", line.name, ": ", &line.value, "\n"]);
    }
    format!("{said}signed by {}", compare(fingerprint))
}

fn of_bundle(path: &Path, pin: Option<Fingerprint>) -> Found {
    match proof::verify(path, pin) {
        Err(changed) => fault(&changed),
        Ok(proof) => Found {
            whole: true,
            said: say_bundle(&proof),
            value: json!({
                "whole": true,
                "fingerprint": proof.fingerprint.to_string(),
                "manifest": proof.manifest,
            }),
        },
    }
}

fn say_bundle(proof: &Proof) -> String {
    let Proof {
        fingerprint,
        manifest,
    } = proof;
    format!(
        "every byte is as it was sealed: session {}, made {}, {} files\nsealed by {}",
        SessionId(manifest.session),
        time_text(manifest.made_unix_millis),
        manifest.files.len(),
        compare(*fingerprint)
    )
}

fn compare(fingerprint: Fingerprint) -> String {
    format!("the hub {fingerprint}; compare this with what `hub fingerprint` says there")
}
