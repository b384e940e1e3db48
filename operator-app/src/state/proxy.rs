//! Which proxy to go through (O4), while it is typed.

use std::fmt;
use std::sync::Arc;

use operator_engine::ProxyChoice;
use protocol::{Proxy, ProxyFault, ProxyKind, ProxyLogin, WrittenAddress};
use ui_kit::Tone;
use zeroize::Zeroizing;

use crate::settings::ProxySettings;

/// The fields as they are typed.
#[derive(Clone, PartialEq)]
pub struct ProxyForm {
    pub enable: bool,
    pub custom: bool,
    pub server: String,
    pub port: String,
    pub user: String,
    pub password: Zeroizing<String>,
    pub remember_password: bool,
    pub test: ProxyTesting,
}

/// What became of **Test**.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ProxyTesting {
    #[default]
    NotAsked,
    Running,
    Said(Tone, String),
}

/// What is wrong with the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProxyFaults {
    pub server: bool,
    pub port: bool,
}

impl fmt::Debug for ProxyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyForm")
            .field("enable", &self.enable)
            .field("custom", &self.custom)
            .finish_non_exhaustive()
    }
}

impl ProxyForm {
    /// The system's proxies are others in every network, so no `password` is remembered for them.
    pub fn new(settings: &ProxySettings, mut password: Zeroizing<String>) -> Self {
        if settings.remember_password && !settings.custom {
            password = Zeroizing::default();
        }
        Self {
            enable: settings.enable,
            custom: settings.custom,
            server: settings.server.clone(),
            port: settings.port.to_string(),
            user: settings.user_name.clone(),
            password,
            remember_password: settings.remember_password,
            test: ProxyTesting::NotAsked,
        }
    }

    /// As settings; a port that is none stays as it was `before`.
    pub fn to_settings(&self, before: &ProxySettings) -> ProxySettings {
        ProxySettings {
            enable: self.enable,
            custom: self.custom,
            server: self.server.trim().to_owned(),
            port: self.typed_port().unwrap_or(before.port),
            user_name: self.user.trim().to_owned(),
            remember_password: self.remember_password && self.custom,
        }
    }

    /// Puts what a whole address in the field of the server names where it belongs: a pasted
    /// `http://name:password@proxy:8080/` shows its password no longer.
    pub fn take_server_apart(&mut self) {
        let Ok(Proxy { address, login }) = self.server.parse::<Proxy>() else {
            return;
        };
        if let Some(port) = self.written_port() {
            self.port = port.to_string();
        }
        if let Some(login) = login {
            login.user().clone_into(&mut self.user);
            login.password().clone_into(&mut self.password);
        }
        self.server = match address.kind {
            ProxyKind::Http => address.host,
            ProxyKind::Socks5 if address.host.contains(':') => {
                format!("socks5://[{}]", address.host)
            }
            ProxyKind::Socks5 => format!("socks5://{}", address.host),
        };
    }

    /// The port that stands in the field of the server.
    fn written_port(&self) -> Option<u16> {
        let place = self
            .server
            .split_once("://")
            .map_or(&*self.server, |(_, p)| p);
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        let place = place.trim().trim_end_matches('/');
        place.parse::<WrittenAddress>().ok()?.port
    }

    fn typed_port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port != 0)
    }

    pub fn faults(&self) -> ProxyFaults {
        if !(self.enable && self.custom) {
            return ProxyFaults::default();
        }
        ProxyFaults {
            server: self.server.parse::<Proxy>().is_err(),
            port: self.typed_port().is_none(),
        }
    }

    /// What the engine is to do with it.
    ///
    /// # Errors
    ///
    /// [`ProxyFault`] if that is nothing.
    pub fn choice(&self) -> Result<ProxyChoice, ProxyFault> {
        if !self.enable {
            return Ok(ProxyChoice::None);
        }
        let user = self.user.trim();
        let login = (!user.is_empty()).then(|| ProxyLogin::new(user, &self.password));
        let login = login.transpose()?;
        if !self.custom {
            let ask = Arc::new(desktop::system_proxies);
            return Ok(ProxyChoice::System { ask, login });
        }
        let mut proxy: Proxy = self.server.parse()?;
        if self.written_port().is_none() {
            proxy.address.port = self.typed_port().unwrap_or(proxy.address.port);
        }
        proxy.login = login.or(proxy.login);
        Ok(ProxyChoice::Custom(proxy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(server: &str) -> ProxyForm {
        let mut form = ProxyForm::new(&ProxySettings::default(), Zeroizing::default());
        form.custom = true;
        server.clone_into(&mut form.server);
        form
    }

    #[test]
    fn o4_a_pasted_address_goes_where_it_belongs_and_its_password_out_of_sight() {
        let mut pasted = form("http://FIRM%5Canna:hunter2@Proxy.example:3128/");
        pasted.take_server_apart();
        assert_eq!(
            (pasted.server.as_str(), pasted.port.as_str()),
            ("proxy.example", "3128")
        );
        assert_eq!(pasted.user, "FIRM\\anna");
        assert_eq!(pasted.password.as_str(), "hunter2");
        let shown = format!("{pasted:?} {:?}", pasted.choice());
        assert!(!shown.contains("hunter2"), "{shown}");
        let mut socks = form("socks5h://10.0.0.1");
        socks.take_server_apart();
        assert_eq!(
            (socks.server.as_str(), socks.port.as_str()),
            ("socks5://10.0.0.1", "8080")
        );
    }

    #[test]
    fn o4_the_fields_become_what_the_engine_is_told() {
        let mut typed = form("proxy.example");
        "3128".clone_into(&mut typed.port);
        let Ok(ProxyChoice::Custom(proxy)) = typed.choice() else {
            panic!("not custom");
        };
        assert_eq!(proxy.address.to_string(), "proxy.example:3128");
        assert_eq!(proxy.login, None);
        "anna".clone_into(&mut typed.user);
        let Ok(ProxyChoice::Custom(proxy)) = typed.choice() else {
            panic!("not custom");
        };
        assert_eq!(proxy.login.expect("somebody").user(), "anna");
        typed.custom = false;
        assert!(matches!(
            typed.choice(),
            Ok(ProxyChoice::System { login: Some(_), .. })
        ));
        typed.remember_password = true;
        let mut kept = typed.to_settings(&ProxySettings::default());
        assert!(!kept.remember_password, "whose proxy is it tomorrow?");
        kept.remember_password = true;
        let recalled = ProxyForm::new(&kept, Zeroizing::new("hunter2".to_owned()));
        assert!(recalled.password.is_empty());
        typed.enable = false;
        assert!(matches!(typed.choice(), Ok(ProxyChoice::None)));
    }

    #[test]
    fn o4_what_is_wrong_is_told_by_field_and_only_where_it_counts() {
        let mut typed = form("");
        "70000".clone_into(&mut typed.port);
        let both = ProxyFaults {
            server: true,
            port: true,
        };
        assert_eq!(typed.faults(), both);
        assert!(typed.choice().is_err());
        typed.custom = false;
        assert_eq!(typed.faults(), ProxyFaults::default());
        assert_eq!(typed.to_settings(&ProxySettings::default()).port, 8080);
    }
}
