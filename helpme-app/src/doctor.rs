//! The connection doctor on the command line: `helpme --doctor`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use protocol::diagnosis::News;
use ui_kit::{Lang, LastAct, StartFault};

use crate::backend::{Backend, program};
use crate::settings::HubPlace;

/// Looks at the ways to `hub`, prints what was found, and gives what to exit with. Blocks for half a
/// minute at most.
///
/// # Errors
///
/// [`StartFault`] where no hub is known.
pub fn run(
    lang: Lang,
    hub: Option<&HubPlace>,
    exe: PathBuf,
    as_json: bool,
) -> Result<ExitCode, StartFault> {
    let hub = hub.ok_or_else(|| StartFault::BadSetUp {
        detail: "no help desk is known; say --hub ADDRESS --fingerprint HEX".to_owned(),
    })?;
    let backend = Backend::new(exe, Arc::new(|| {}), LastAct::default());
    backend.use_proxies(None);
    let doctor = backend.examine(hub).map_err(StartFault::unknown)?;
    while let Some(news) = doctor.wait() {
        if let News::Over(found) = news {
            let mut out = io::stdout().lock();
            return ui_kit::doctor::write_out(&mut out, lang, &found, &program(), as_json)
                .map_err(StartFault::unknown);
        }
    }
    Err(StartFault::unknown("the doctor ended without a word"))
}
