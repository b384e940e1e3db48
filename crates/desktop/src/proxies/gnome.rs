//! GNOME's settings, where there is no portal to ask, by the command `gsettings`.

use std::process::{Command, Stdio};

use protocol::{HubAddress, SystemProxies};

use super::{Settings, script, usable};

pub(super) struct Gnome;

impl Settings for Gnome {
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies> {
        let output = Command::new("gsettings")
            .args(["list-recursively", "org.gnome.system.proxy"])
            .stdin(Stdio::null())
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        read(&String::from_utf8_lossy(&output.stdout), hub)
    }
}

/// Reads lines like `org.gnome.system.proxy.https host 'proxy'`.
fn read(listing: &str, hub: &HubAddress) -> Option<SystemProxies> {
    let value = |schema: &str, key: &str| {
        let mut lines = listing.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find_map(|(of, rest)| {
            let (known, value) = rest.split_once(' ')?;
            (of == schema && known == key).then_some(value)
        });
        found.unwrap_or_default().trim_matches('\'')
    };
    match value("org.gnome.system.proxy", "mode") {
        "manual" => {}
        "auto" => return Some(script()),
        "none" => return Some(SystemProxies::default()),
        _ => return None,
    }
    let mut written = Vec::new();
    for (part, scheme) in [("https", "http"), ("socks", "socks5")] {
        let schema = format!("org.gnome.system.proxy.{part}");
        let (host, port) = (value(&schema, "host"), value(&schema, "port"));
        if !host.is_empty() && port != "0" {
            written.push(format!("{scheme}://{}", with_port(host, port)));
        }
    }
    let exceptions = value("org.gnome.system.proxy", "ignore-hosts");
    let exceptions = exceptions.trim_matches(['[', ']']).split(',');
    let exceptions = exceptions.map(|entry| entry.trim().trim_matches('\''));
    Some(usable(written.iter().map(String::as_str), exceptions, hub))
}

/// An address of both.
fn with_port(host: &str, port: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{hub, shown};
    use super::*;

    const LISTING: &str = "org.gnome.system.proxy autoconfig-url ''
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '*.firm.example']
org.gnome.system.proxy mode 'manual'
org.gnome.system.proxy.http host 'no'
org.gnome.system.proxy.http port 1
org.gnome.system.proxy.https host 'proxy.firm.example'
org.gnome.system.proxy.https port 3128
org.gnome.system.proxy.socks host '2001:db8::5'
org.gnome.system.proxy.socks port 1080
";

    #[test]
    fn r3_gnomes_settings_name_the_proxy() {
        let both = ["Http proxy.firm.example:3128", "Socks5 [2001:db8::5]:1080"];
        let both = both.map(str::to_owned).to_vec();
        assert_eq!(shown(read(LISTING, &hub("hub.example"))), Some(both));
        let inside = read(LISTING, &hub("hub.firm.example"));
        assert_eq!(inside, Some(SystemProxies::default()));
        let none = LISTING.replace("'manual'", "'none'");
        assert_eq!(
            read(&none, &hub("hub.example")),
            Some(SystemProxies::default())
        );
        let auto = LISTING.replace("'manual'", "'auto'");
        assert_eq!(read(&auto, &hub("hub.example")), Some(script()));
        assert_eq!(read("", &hub("hub.example")), None);
    }
}
