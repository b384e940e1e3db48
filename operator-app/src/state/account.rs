//! The log-in (O5) and what is needed for it (O2).

use operator_engine::{Fingerprint, HubAddress};
use zeroize::Zeroizing;

/// Whether this console is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogIn {
    #[default]
    Out,
    Connecting,
    In {
        display_name: String,
    },
    /// Was logged in, or is to be; the engine tries again by itself.
    Retrying {
        display_name: String,
    },
}

/// The fields of the log-in form, as they are typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountForm {
    pub host: String,
    pub port: String,
    pub fingerprint: String,
    pub user: String,
    pub password: Zeroizing<String>,
    pub remember_password: bool,
    pub connect_on_start: bool,
}

/// What is wrong with a form, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FormFaults {
    pub host: bool,
    pub port: bool,
    pub fingerprint: bool,
    pub user: bool,
    pub password: bool,
}

impl FormFaults {
    /// Whether the hub's own fields are as they should be.
    pub fn hub_is_sound(self) -> bool {
        !(self.host || self.port || self.fingerprint)
    }

    /// Whether everything is as it should be.
    pub fn is_sound(self) -> bool {
        self == Self::default()
    }
}

impl AccountForm {
    /// Checks every field.
    pub fn faults(&self) -> FormFaults {
        FormFaults {
            host: self.address_with_port(443).is_none(),
            port: self.port().is_none(),
            fingerprint: self.fingerprint().is_none(),
            user: self.user.trim().is_empty(),
            password: self.password.is_empty(),
        }
    }

    /// Where the hub is, if the fields say so.
    pub fn hub(&self) -> Option<(HubAddress, Fingerprint)> {
        let address = self.address_with_port(self.port()?)?;
        Some((address, self.fingerprint()?))
    }

    fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port > 0)
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint.parse().ok()
    }

    fn address_with_port(&self, port: u16) -> Option<HubAddress> {
        let address: HubAddress = self.host.trim().parse().ok()?;
        Some(HubAddress { port, ..address })
    }

    /// Takes an address with its port apart into the two fields, as somebody may paste it whole.
    pub fn split_pasted_port(&mut self) {
        let pasted = self.host.trim();
        let names_port = pasted.rsplit_once(':').is_some_and(|(host, port)| {
            port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
        });
        if names_port && let Ok(address) = pasted.parse::<HubAddress>() {
            self.host = address.host;
            self.port = address.port.to_string();
        }
    }
}

/// Log-in and form.
#[derive(Debug, Default)]
pub struct Account {
    pub log_in: LogIn,
    pub form: AccountForm,
    /// Why the last log-in failed, as a sentence.
    pub problem: Option<String>,
    /// Faults are shown once somebody tried to log in with them.
    pub show_faults: bool,
    /// The hub's fields are shown though they are sound.
    pub show_hub: bool,
    /// In words: where a remembered password is kept.
    pub password_place: String,
}

impl Account {
    pub fn is_logged_in(&self) -> bool {
        matches!(self.log_in, LogIn::In { .. })
    }

    /// Whether the list still stands: the connection may be lost, and is to come back.
    pub fn has_list(&self) -> bool {
        matches!(self.log_in, LogIn::In { .. } | LogIn::Retrying { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> AccountForm {
        AccountForm {
            host: "hub.example.org".to_owned(),
            port: "4433".to_owned(),
            fingerprint: "ab".repeat(32),
            user: "otto".to_owned(),
            password: Zeroizing::new("secret".to_owned()),
            ..AccountForm::default()
        }
    }

    #[test]
    fn e4_each_wrong_field_is_named() {
        assert!(form().faults().is_sound());
        let mut wrong = form();
        wrong.port = "0".to_owned();
        wrong.fingerprint.pop();
        wrong.host = "a b".to_owned();
        let faults = wrong.faults();
        assert!(faults.port && faults.fingerprint && faults.host && !faults.user);
        assert!(wrong.hub().is_none());
    }

    #[test]
    fn a_pasted_address_with_its_port_fills_both_fields() {
        let mut pasted = form();
        for (text, host, port) in [
            ("10.0.0.5:8080", "10.0.0.5", "8080"),
            ("[::1]:99", "::1", "99"),
            ("::1", "::1", "99"),
            ("hub:", "hub:", "99"),
        ] {
            pasted.host = text.to_owned();
            pasted.split_pasted_port();
            assert_eq!((pasted.host.as_str(), pasted.port.as_str()), (host, port));
        }
    }
}
