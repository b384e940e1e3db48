//! `hub admin host wake`: asked of the hub that serves the data folder, which knows who is connected.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::bail;
use hub::catalogue::Catalogue;
use hub::local::{LocalAnswer, LocalQuestion, ask_running};
use protocol::{HostId, Refusal, RefusalCode};
use serde_json::json;

use super::super::DataArgs;
use super::{host, say};

/// A little longer than the hub waits.
const PATIENCE: Duration = Duration::from_secs(125);
const LOOK: Duration = Duration::from_millis(500);
const SILENT: &str = "it has not connected; Wake-on-LAN may be off in its firmware or in its network card's \
     settings, or it has no power";

pub(super) fn run(data: &DataArgs, name: &str, wait: bool, json: bool) -> anyhow::Result<()> {
    let (catalogue, row) = host::open(data, name)?;
    let host = row.host;
    let through = match ask_running(&data.data, LocalQuestion::Wake { host })? {
        LocalAnswer::Waking { through } => through,
        LocalAnswer::Refused(refusal) => bail!(refused(refusal)),
        other @ (LocalAnswer::Live { .. } | LocalAnswer::Done | LocalAnswer::NotThere) => {
            bail!("the hub answered {other:?}")
        }
    };
    let names: Vec<&str> = through.iter().map(protocol::BoundedText::as_str).collect();
    if !json {
        say(&format!("waking {} through {}", row.name, names.join(", ")))?;
    }
    let is_connected = wait.then(|| comes(&*catalogue, host)).transpose()?;
    if json {
        let shown = json!({
            "host": host.0,
            "name": row.name.as_str(),
            "through": names,
            "connected": is_connected,
        });
        writeln!(std::io::stdout(), "{shown}")?;
    }
    match is_connected {
        Some(false) => bail!(SILENT),
        Some(true) if !json => Ok(say(&format!("{} is connected", row.name))?),
        Some(true) | None => Ok(()),
    }
}

/// Waits until the host is connected; whether it is.
fn comes(catalogue: &dyn Catalogue, host: HostId) -> anyhow::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if catalogue.host_named(&format!("#{}", host.0))?.connected {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
}

fn refused(refusal: Refusal) -> String {
    let why = match refusal.code {
        RefusalCode::HOST_AWAKE => "it is connected already",
        RefusalCode::NETWORK_UNKNOWN => {
            "its network address is not known yet: it has to be connected once, in an IPv4 network"
        }
        RefusalCode::NOBODY_NEAR => "no other computer of its network is connected",
        RefusalCode::HOST_GONE => "it is disabled or removed",
        RefusalCode::THROTTLED => {
            let seconds = refusal.retry_after_seconds;
            return format!("too many computers are being woken; try again in {seconds} seconds");
        }
        _ => return refusal.to_string(),
    };
    why.to_owned()
}
