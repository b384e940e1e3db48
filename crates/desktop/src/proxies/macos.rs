//! macOS' network settings, by the command `scutil --proxy`.

use protocol::{HubAddress, SystemProxies};

use super::{script, usable};

#[cfg(target_os = "macos")]
pub(super) struct NetworkSettings;

#[cfg(target_os = "macos")]
impl super::Settings for NetworkSettings {
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies> {
        let output = std::process::Command::new("/usr/sbin/scutil")
            .arg("--proxy")
            .stdin(std::process::Stdio::null())
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(read(&String::from_utf8_lossy(&output.stdout), hub))
    }
}

/// Reads lines like `  HTTPSProxy : proxy`.
fn read(listing: &str, hub: &HubAddress) -> SystemProxies {
    let pairs = || {
        let lines = listing.lines().filter_map(|line| line.split_once(" : "));
        lines.map(|(key, value)| (key.trim(), value.trim()))
    };
    let value = |key: &str| {
        let found = pairs().find(|(known, _)| *known == key);
        found.map_or("", |(_, value)| value)
    };
    let mut written = Vec::new();
    for (part, scheme) in [("HTTPS", "http"), ("SOCKS", "socks5")] {
        let of = |what: &str| value(&format!("{part}{what}"));
        if of("Enable") == "1" && !of("Proxy").is_empty() {
            written.push(format!("{scheme}://{}:{}", of("Proxy"), of("Port")));
        }
    }
    if written.is_empty() && value("ProxyAutoConfigEnable") == "1" {
        return script();
    }
    let is_local = !hub.host.contains(['.', ':']);
    let local = (is_local && value("ExcludeSimpleHostnames") == "1").then_some("*");
    // the list of exceptions is numbered
    let exceptions = pairs().filter(|(key, _)| key.parse::<u16>().is_ok());
    let exceptions = exceptions.map(|(_, value)| value).chain(local);
    usable(written.iter().map(String::as_str), exceptions, hub)
}

#[cfg(test)]
mod tests {
    use super::super::{hub, shown};
    use super::*;

    const LISTING: &str = "<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
    2 : firm.example
  }
  ExcludeSimpleHostnames : 1
  HTTPEnable : 0
  HTTPSEnable : 1
  HTTPSPort : 8080
  HTTPSProxy : proxy.firm.example
  ProxyAutoConfigEnable : 0
  SOCKSEnable : 0
  SOCKSProxy : no
}
";

    #[test]
    fn r3_macos_settings_name_the_proxy() {
        let found = |listing: &str, to| shown(Some(read(listing, &hub(to)))).expect("an answer");
        assert_eq!(
            found(LISTING, "hub.example"),
            ["Http proxy.firm.example:8080"]
        );
        for inside in ["hub.firm.example", "printer.local", "hub"] {
            assert_eq!(found(LISTING, inside), [""; 0], "{inside}");
        }
        let off = LISTING.replace("HTTPSEnable : 1", "HTTPSEnable : 0");
        assert_eq!(found(&off, "hub.example"), [""; 0]);
        let auto = off.replace("ConfigEnable : 0", "ConfigEnable : 1");
        assert_eq!(read(&auto, &hub("hub.example")), script());
    }
}
