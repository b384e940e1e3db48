//! What this computer says of itself.

use protocol::control::Name;

pub(crate) fn name() -> Name {
    let name = hostname::get().unwrap_or_else(|_unknown| "computer".into());
    Name::cut(name.to_string_lossy().as_ref())
}

/// The system's own name where it tells one.
pub(crate) fn system() -> Name {
    let told = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = told.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="));
    let pretty = pretty.map(|name| name.trim_matches('"'));
    Name::cut(pretty.unwrap_or(std::env::consts::OS))
}

/// This program, for the hub.
pub(crate) fn program() -> String {
    let system = std::env::consts::OS;
    format!("purepc {} {system}", env!("CARGO_PKG_VERSION"))
}
