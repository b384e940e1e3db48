//! `https_proxy`, `all_proxy` and `no_proxy`, in small or capital letters.

use protocol::{HubAddress, SystemProxies};

use super::{Settings, usable};

/// The environment, by what gives a variable's value.
pub(super) struct Environment<F>(pub(super) F);

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// The variable `name` in either case, if something is in it.
    fn value(&self, name: &str) -> Option<String> {
        let both = [name.to_owned(), name.to_ascii_uppercase()];
        let mut values = both.iter().filter_map(|name| (self.0)(name));
        values.find(|value| !value.trim().is_empty())
    }
}

impl<F: Fn(&str) -> Option<String>> Settings for Environment<F> {
    fn proxies_for(&self, hub: &HubAddress) -> Option<SystemProxies> {
        let written = self
            .value("https_proxy")
            .or_else(|| self.value("all_proxy"))?;
        let exceptions = self.value("no_proxy").unwrap_or_default();
        let exceptions = exceptions.split([',', ' ']);
        Some(usable([written.as_str()], exceptions, hub))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{hub, shown};
    use super::*;

    fn found(variables: &[(&str, &str)], to: &str) -> Option<Vec<String>> {
        let value = |name: &str| {
            let mut all = variables.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, v)| (*v).to_owned())
        };
        shown(Environment(value).proxies_for(&hub(to)))
    }

    #[test]
    fn r3_the_environment_names_the_proxy() {
        let names = |proxy: &str| Some(vec![proxy.to_owned()]);
        assert_eq!(found(&[], "hub.example"), None);
        assert_eq!(found(&[("http_proxy", "http://p:1")], "hub.example"), None);
        let https = [
            ("HTTPS_PROXY", "http://u:secret@p:1"),
            ("all_proxy", "socks5://q:2"),
        ];
        assert_eq!(found(&https, "hub.example"), names("Http p:1"));
        assert_eq!(found(&https[1..], "hub.example"), names("Socks5 q:2"));
        let lower = [("https_proxy", "p:1"), ("HTTPS_PROXY", "q:2")];
        assert_eq!(found(&lower, "hub.example"), names("Http p:1"));
        let empty = [("https_proxy", " "), ("HTTPS_PROXY", "q:2")];
        assert_eq!(found(&empty, "hub.example"), names("Http q:2"));
    }

    #[test]
    fn r3_no_proxy_keeps_a_hub_out_of_it() {
        let all = [
            ("https_proxy", "p:1"),
            ("no_proxy", "localhost, .example,10.0.0.0/8"),
        ];
        for to in ["hub.example", "10.1.1.1", "localhost"] {
            assert_eq!(found(&all, to), Some(Vec::new()), "{to}");
        }
        assert_eq!(found(&all, "hub.org"), Some(vec!["Http p:1".to_owned()]));
        // what cannot be used is no reason to look elsewhere
        assert_eq!(
            found(&[("https_proxy", "https://p")], "hub.org"),
            Some(Vec::new())
        );
    }
}
