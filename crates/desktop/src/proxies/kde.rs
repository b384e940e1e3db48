//! KDE's settings: `kioslaverc`.

use std::path::PathBuf;

use protocol::{HubAddress, SystemProxies};

use super::environment::Environment;
use super::{Settings, script, usable};

pub(super) struct Kde;

impl Settings for Kde {
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies> {
        let folder = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))?;
        let text = std::fs::read_to_string(folder.join("kioslaverc")).ok()?;
        read(&text, hub, |name| std::env::var(name).ok())
    }
}

fn read(
    text: &str,
    hub: &HubAddress,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<SystemProxies> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| *line == "[Proxy Settings]")?;
    let settings: Vec<(&str, &str)> = lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        // `key[$e]` is to be filled from the environment
        .map(|(key, value)| (key.split('[').next().unwrap_or(key).trim(), value.trim()))
        .collect();
    let value = |key: &str| {
        let found = settings.iter().find(|(known, _)| *known == key);
        found.map_or("", |(_, value)| value)
    };
    match value("ProxyType") {
        "0" => return Some(SystemProxies::default()),
        "1" => {}
        "2" | "3" => return Some(script()),
        "4" => {
            // it names the variables
            let named = |name: &str| match name {
                "https_proxy" => variable(value("httpsProxy")),
                "all_proxy" => variable(value("socksProxy")),
                "no_proxy" => variable(value("NoProxyFor")),
                _ => None,
            };
            return Environment(named).proxies_for(hub);
        }
        _ => return None,
    }
    let written: Vec<String> = [("httpsProxy", "http://"), ("socksProxy", "socks5://")]
        .into_iter()
        .map(|(key, scheme)| (value(key), scheme))
        .filter(|(value, _)| !value.is_empty())
        // `http://proxy 3128`, with a space
        .map(|(value, scheme)| (value.replace(' ', ":"), scheme))
        .map(|(value, scheme)| match value.split_once("://") {
            Some((_, place)) => format!("{scheme}{place}"),
            None => format!("{scheme}{value}"),
        })
        .collect();
    let exceptions = value("NoProxyFor").split(',');
    Some(usable(written.iter().map(String::as_str), exceptions, hub))
}

#[cfg(test)]
mod tests {
    use super::super::{hub, shown};
    use super::*;

    const FILE: &str = "[$Version]
update_info=x
[Proxy Settings]
NoProxyFor=localhost,.firm.example
ProxyType=1
httpProxy=http://no 1
httpsProxy=http://proxy.firm.example 3128
socksProxy=socks://socks.firm.example 1081
[Other]
ProxyType=0
";

    #[test]
    fn r3_kdes_settings_name_the_proxy() {
        let nothing = |_: &str| None;
        let both = [
            "Http proxy.firm.example:3128",
            "Socks5 socks.firm.example:1081",
        ];
        let both = both.map(str::to_owned).to_vec();
        assert_eq!(shown(read(FILE, &hub("hub.example"), nothing)), Some(both));
        let inside = read(FILE, &hub("hub.firm.example"), nothing);
        assert_eq!(inside, Some(SystemProxies::default()));
        let script_file = FILE.replace("ProxyType=1", "ProxyType=2");
        assert_eq!(
            read(&script_file, &hub("hub.example"), nothing),
            Some(script())
        );
        assert_eq!(read("", &hub("hub.example"), nothing), None);
        let by_name = "[Proxy Settings]\nProxyType=4\nhttpsProxy=MINE\nNoProxyFor=NOT\n";
        let mine = |name: &str| (name == "MINE").then(|| "http://p:1".to_owned());
        let one = vec!["Http p:1".to_owned()];
        assert_eq!(shown(read(by_name, &hub("hub.example"), mine)), Some(one));
    }
}
