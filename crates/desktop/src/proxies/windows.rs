//! Windows' Internet options, as the account has them in the registry. Their script (PAC) is run by Windows.

#[cfg(windows)]
mod run_script;

use protocol::{HubAddress, ProxySource, SystemProxies};

use super::{script, usable};

#[cfg(windows)]
pub(super) struct InternetOptions;

#[cfg(windows)]
impl super::Settings for InternetOptions {
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies> {
        const KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings";
        let key = windows_registry::CURRENT_USER.open(KEY).ok()?;
        let text = |name| key.get_string(name).unwrap_or_default();
        let options = Options {
            enabled: key.get_u32("ProxyEnable").is_ok_and(|on| on != 0),
            servers: &text("ProxyServer"),
            exceptions: &text("ProxyOverride"),
            script: &text("AutoConfigURL"),
        };
        let found = read(&options, hub);
        let said = found
            .needs_script
            .then(|| run_script::ask(options.script.trim(), hub));
        Some(
            said.flatten()
                .map_or(found, |servers| of_script(&servers, hub)),
        )
    }
}

struct Options<'o> {
    enabled: bool,
    /// `proxy:8080`, or `http=proxy:80;https=proxy:8080;socks=proxy:1080`.
    servers: &'o str,
    exceptions: &'o str,
    script: &'o str,
}

fn read(options: &Options<'_>, hub: &HubAddress) -> SystemProxies {
    let for_all = |entry: &str| !entry.contains('=');
    let entries = || options.servers.split(';').map(str::trim);
    let named = |name: &str| {
        let mut pairs = entries().filter_map(|entry| entry.split_once('='));
        pairs
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, place)| place)
    };
    let mut written = Vec::new();
    if options.enabled {
        let https = named("https").or_else(|| entries().find(|e| !e.is_empty() && for_all(e)));
        written.extend(https.map(str::to_owned));
        let socks = named("socks").map(|place| match place.split_once("://") {
            Some((_, place)) => format!("socks5://{place}"),
            None => format!("socks5://{place}"),
        });
        written.extend(socks);
    }
    if written.is_empty() && !options.script.trim().is_empty() {
        return script();
    }
    let is_local = !hub.host.contains(['.', ':']);
    let exceptions = options.exceptions.split(';').map(str::trim);
    let exceptions = exceptions.map(|entry| {
        if entry == "<local>" && is_local {
            "*"
        } else {
            entry
        }
    });
    usable(written.iter().map(String::as_str), exceptions, hub)
}

/// What a script named, one after another; nothing where it names none.
fn of_script(servers: &str, hub: &HubAddress) -> SystemProxies {
    let entries = servers.split(|c: char| c == ';' || c.is_whitespace());
    let written = entries.filter(|entry| !entry.is_empty()).map(|entry| {
        let (name, place) = entry.split_once('=').unwrap_or(("", entry));
        if name.eq_ignore_ascii_case("socks") {
            format!("socks5://{place}")
        } else {
            place.to_owned()
        }
    });
    let written: Vec<String> = written.collect();
    SystemProxies {
        source: ProxySource::Script,
        ..usable(written.iter().map(String::as_str), [""; 0], hub)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{hub, shown};
    use super::*;

    fn found(servers: &str, exceptions: &str, to: &str) -> Vec<String> {
        let options = Options {
            enabled: true,
            servers,
            exceptions,
            script: "",
        };
        shown(Some(read(&options, &hub(to)))).expect("an answer")
    }

    #[test]
    fn r3_windows_internet_options_name_the_proxy() {
        assert_eq!(found("p:8080", "", "hub.example"), ["Http p:8080"]);
        let each = "http=no:1;https=p:2;ftp=no:3;socks=s:4";
        assert_eq!(found(each, "", "hub.example"), ["Http p:2", "Socks5 s:4"]);
        assert_eq!(found("http=no:1", "", "hub.example"), [""; 0]);
        let exceptions = "*.firm.example;192.168.*;<local>";
        for inside in ["hub.firm.example", "192.168.3.4", "hub"] {
            assert_eq!(found("p:1", exceptions, inside), [""; 0], "{inside}");
        }
        assert_eq!(found("p:1", exceptions, "hub.example"), ["Http p:1"]);
        let mut options = Options {
            enabled: false,
            servers: "p:1",
            exceptions: "",
            script: "http://wpad/p.pac",
        };
        assert_eq!(read(&options, &hub("hub.example")), script());
        options.script = "";
        assert_eq!(
            read(&options, &hub("hub.example")),
            SystemProxies::default()
        );
    }

    #[test]
    fn r3_what_a_script_of_windows_names_is_read() {
        let named = |servers| of_script(servers, &hub("hub.example"));
        let found = named("p:8080;q:3128 socks=s:1080");
        assert_eq!(found.source, ProxySource::Script);
        let each = ["Http p:8080", "Http q:3128", "Socks5 s:1080"].map(str::to_owned);
        assert_eq!(shown(Some(found)), Some(each.to_vec()));
        assert!(named("").proxies.is_empty());
    }
}
