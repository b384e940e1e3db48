//! The connection doctor on the command line: `pure-help-desk --doctor`.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use desktop::{Folders, Secrets};
use protocol::diagnosis::News;
use ui_kit::StartFault;
use zeroize::Zeroizing;

use crate::backend::{Backend, program};
use crate::clerk::SERVICE;
use crate::settings::Settings;
use crate::state::proxy::ProxyForm;
use crate::views::settings::account_form;

/// Looks at the ways to the hub of `settings`, prints what was found, and gives what to exit with. Blocks
/// for half a minute at most.
///
/// # Errors
///
/// [`StartFault`] where no hub is set up.
pub fn run(settings: &Settings, folders: &Folders, as_json: bool) -> Result<ExitCode, StartFault> {
    let lang = settings.lang();
    let form = account_form(settings, Zeroizing::default());
    let (hub, pin) = form.hub().ok_or_else(|| StartFault::BadSetUp {
        detail: "no hub is set up; say --hub ADDRESS, and --fingerprint HEX if it is known by that"
            .to_owned(),
    })?;
    let proxy = ProxyForm::new(&settings.proxy, proxy_password(settings, folders));
    let choice = proxy.choice().map_err(|error| StartFault::BadSetUp {
        detail: error.to_string(),
    })?;
    let backend = Backend::new(folders.data().join("engine"), Arc::new(|| {}));
    let doctor = backend.examine(hub, pin, Some(choice));
    let doctor = doctor.map_err(StartFault::unknown)?;
    while let Some(news) = doctor.wait() {
        if let News::Over(found) = news {
            let mut out = io::stdout().lock();
            return ui_kit::doctor::write_out(&mut out, lang, &found, &program(), as_json)
                .map_err(StartFault::unknown);
        }
    }
    Err(StartFault::unknown("the doctor ended without a word"))
}

/// The one that is remembered, if one is.
fn proxy_password(settings: &Settings, folders: &Folders) -> Zeroizing<String> {
    if !(settings.proxy.enable && settings.proxy.remember_password) {
        return Zeroizing::default();
    }
    let recalled = Secrets::open(SERVICE, folders).recall(&settings.proxy.secret_name());
    let recalled = recalled.unwrap_or_else(|error| {
        tracing::warn!(%error, "The proxy's password is not recalled");
        None
    });
    Zeroizing::new(recalled.unwrap_or_default())
}
