//! The desktop's portal, which knows all desktops' settings and runs their scripts.

use protocol::{HubAddress, SystemProxies};
use zbus::blocking::connection;

use std::time::Duration;

use super::{Settings, page, usable};

/// A portal that starts, or whose script runs, takes a while.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) struct Portal;

impl Settings for Portal {
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies> {
        let bus = connection::Builder::session().ok()?;
        let bus = bus.method_timeout(PATIENCE).build().ok()?;
        let answer = bus.call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.portal.ProxyResolver"),
            "Lookup",
            &page(hub),
        );
        let answer = answer.inspect_err(|error| tracing::debug!(%error, "No portal for proxies"));
        let ways: Vec<String> = answer.ok()?.body().deserialize().ok()?;
        Some(answered(&ways, hub))
    }
}

/// The portal has looked at the exceptions.
fn answered(ways: &[String], hub: &HubAddress) -> SystemProxies {
    let proxies = ways.iter().map(String::as_str);
    let proxies = proxies.filter(|way| !way.starts_with("direct:"));
    usable(proxies, [""; 0], hub)
}

#[cfg(test)]
mod tests {
    use super::super::{hub, shown};
    use super::*;

    #[test]
    fn r3_a_portal_answers_with_addresses() {
        let ways = ["http://p:8080", "socks5://q:1", "odd", "direct://"].map(str::to_owned);
        let found = answered(&ways[..2], &hub("hub.example"));
        let both = ["Http p:8080", "Socks5 q:1"].map(str::to_owned).to_vec();
        assert_eq!(shown(Some(found)), Some(both));
        let direct = answered(&ways[3..], &hub("hub.example"));
        assert_eq!(direct, SystemProxies::default());
        assert_eq!(
            page(&hub("[2001:db8::1]:8443")),
            "https://[2001:db8::1]:8443/"
        );
    }
}
