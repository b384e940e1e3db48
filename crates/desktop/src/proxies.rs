//! The proxies that the system's settings name for a hub (R3).
//!
//! The environment counts first. Where it says nothing, the desktop does: KDE's settings in KDE, the
//! desktop's portal elsewhere (it also runs scripts, for KDE too), GNOME's settings where there is no portal;
//! Windows' Internet options, whose script Windows runs; macOS' network settings.

mod environment;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod gnome;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod kde;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod linux;
#[cfg(any(test, target_os = "macos"))]
mod macos;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod portal;
#[cfg(any(test, windows))]
mod windows;

use protocol::proxy::is_exception;
use protocol::{HubAddress, Proxy, ProxySource, SystemProxies};

/// Somewhere proxies are set.
trait Settings {
    /// What it says of the way to `hub`; `None` where it says nothing.
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies>;
}

/// Asks the system; may block for seconds, so never on a GUI thread.
pub fn system_proxies(hub: &HubAddress) -> SystemProxies {
    let environment = environment::Environment(|name: &str| std::env::var(name).ok());
    let said = environment.proxies_for(hub).map(|found| SystemProxies {
        source: ProxySource::Environment,
        ..found
    });
    let found = said.or_else(|| of_desktop(hub)).unwrap_or_default();
    for proxy in &found.proxies {
        tracing::debug!(proxy = %proxy.address, "Proxy of the system");
    }
    found
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn of_desktop(hub: &HubAddress) -> Option<SystemProxies> {
    linux::Desktop.proxies_for(hub)
}

#[cfg(windows)]
fn of_desktop(hub: &HubAddress) -> Option<SystemProxies> {
    windows::InternetOptions.proxies_for(hub)
}

#[cfg(target_os = "macos")]
fn of_desktop(hub: &HubAddress) -> Option<SystemProxies> {
    macos::NetworkSettings.proxies_for(hub)
}

/// The proxies among `written` that can be used, in this order; none where an entry of `exceptions` names
/// `hub`.
fn usable<'w>(
    written: impl IntoIterator<Item = &'w str>,
    exceptions: impl IntoIterator<Item = impl AsRef<str>>,
    hub: &HubAddress,
) -> SystemProxies {
    let mut exceptions = exceptions.into_iter();
    if exceptions.any(|entry| is_exception(entry.as_ref(), hub)) {
        return SystemProxies::default();
    }
    let read = |text: &str| {
        let proxy = text.parse::<Proxy>();
        // the setting may hold a password
        let proxy = proxy.inspect_err(|fault| tracing::warn!(%fault, "A proxy is not usable"));
        proxy.ok()
    };
    SystemProxies {
        proxies: written.into_iter().filter_map(read).collect(),
        ..SystemProxies::default()
    }
}

/// What scripts are asked for.
#[cfg(not(target_os = "macos"))]
fn page(hub: &HubAddress) -> String {
    if hub.host.contains(':') {
        format!("https://[{}]:{}/", hub.host, hub.port)
    } else {
        format!("https://{}:{}/", hub.host, hub.port)
    }
}

/// Only a script has the answer.
fn script() -> SystemProxies {
    SystemProxies {
        needs_script: true,
        ..SystemProxies::default()
    }
}

#[cfg(test)]
fn hub(text: &str) -> HubAddress {
    text.parse().expect("an address")
}

#[cfg(test)]
fn shown(found: Option<SystemProxies>) -> Option<Vec<String>> {
    let shown = |proxy: &Proxy| format!("{:?} {}", proxy.address.kind, proxy.address);
    found.map(|found| found.proxies.iter().map(shown).collect())
}
