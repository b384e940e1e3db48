//! What this computer says of itself.

use protocol::control::Name;

pub(crate) fn name() -> Name {
    let name = hostname::get().unwrap_or_else(|_unknown| "computer".into());
    Name::cut(name.to_string_lossy().as_ref())
}

pub(crate) fn system() -> Name {
    Name::cut(host_engine::system_name())
}

/// This program, for the hub.
pub(crate) fn program() -> String {
    let system = std::env::consts::OS;
    format!("purepc {} {system}", crate::VERSION)
}
