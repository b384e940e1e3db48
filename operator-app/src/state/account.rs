//! The log-in (O5) and what is needed for it (O2).

use operator_engine::{AddressFault, Fingerprint, HubAddress, Pin, WrittenAddress};
use protocol::{Invitation, InvitationFault, Permissions};
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
    /// Was logged in; the engine tries again by itself.
    Retrying {
        display_name: String,
    },
}

/// The fields of the log-in form, as they are typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountForm {
    /// An invitation as it was pasted, which fills in the rest.
    pub invitation: String,
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
    pub invitation: Option<InvitationFault>,
    pub host: Option<AddressFault>,
    pub port: bool,
    pub fingerprint: bool,
    pub user: bool,
    pub password: bool,
}

impl FormFaults {
    /// Whether the hub's own fields are as they should be.
    pub fn hub_is_sound(self) -> bool {
        !(self.invitation.is_some() || self.host.is_some() || self.port || self.fingerprint)
    }

    /// Whether everything is as it should be.
    pub fn is_sound(self) -> bool {
        self == Self::default()
    }
}

impl AccountForm {
    /// Checks every field.
    pub fn faults(&self) -> FormFaults {
        let written = self.written();
        FormFaults {
            invitation: self.invitation().and_then(Result::err),
            host: written.as_ref().err().copied(),
            port: self.port(written.ok().as_ref()).is_none(),
            fingerprint: self.pin().is_none(),
            user: self.user.trim().is_empty(),
            password: self.password.is_empty(),
        }
    }

    /// Where the hub is, if the fields say so.
    pub fn hub(&self) -> Option<(HubAddress, Pin)> {
        let written = self.written().ok()?;
        let port = self.port(Some(&written))?;
        let host = written.host;
        Some((HubAddress { host, port }, self.pin()?))
    }

    /// The invitation, if there is something in its field.
    pub fn invitation(&self) -> Option<Result<Invitation, InvitationFault>> {
        let text = self.invitation.trim();
        (!text.is_empty()).then(|| text.parse())
    }

    /// Fills in what the invitation says. The password is for the person to choose.
    pub fn take_invitation(&mut self) {
        if let Some(Ok(invitation)) = self.invitation() {
            let HubAddress { host, port } = invitation.hub;
            (self.host, self.port) = (host, port.to_string());
            self.fingerprint = Fingerprint::from_bytes(invitation.fingerprint).to_string();
            self.user = invitation.user.to_string();
        }
    }

    fn written(&self) -> Result<WrittenAddress, AddressFault> {
        self.host.parse()
    }

    /// The port beside the address counts unless the address names one.
    fn port(&self, written: Option<&WrittenAddress>) -> Option<u16> {
        let named = written.and_then(|written| written.port);
        named.or_else(|| self.port.trim().parse().ok().filter(|port| *port > 0))
    }

    /// Without a fingerprint the hub is known by its name.
    fn pin(&self) -> Option<Pin> {
        if self.fingerprint.trim().is_empty() {
            Some(Pin::PublicName)
        } else {
            self.fingerprint.parse().ok()
        }
    }

    /// Takes the address apart into its two fields, as it may be written with its port or as a link.
    /// To be done when somebody is through with typing it, and not before.
    pub fn take_address_apart(&mut self) {
        if let Ok(WrittenAddress { host, port }) = self.written() {
            self.host = host;
            if let Some(port) = port {
                self.port = port.to_string();
            }
        }
    }
}

/// Log-in and form.
#[derive(Debug, Default)]
pub struct Account {
    pub log_in: LogIn,
    pub form: AccountForm,
    /// What the operator's role permits, as the hub says after the log-in.
    pub permitted: Permissions,
    /// The hub waits for a code: what is typed of it so far.
    pub code: Option<Zeroizing<String>>,
    /// Why the last log-in failed, as a sentence.
    pub problem: Option<String>,
    /// It failed as the hub was not reached, which can be looked into.
    pub is_unreached: bool,
    /// Faults are shown once somebody tried to log in with them.
    pub show_faults: bool,
    /// The hub's fields are shown, until a log-in with them succeeds.
    pub show_hub: bool,
    /// The form as it was before **Change the hub**, to go back to.
    pub before_change: Option<Box<AccountForm>>,
    /// The password was refused, and is to be typed anew.
    pub retype_password: bool,
    /// In words: where a remembered password is kept.
    pub password_place: String,
}

impl Account {
    /// **Change the hub**.
    pub fn change_hub(&mut self) {
        self.before_change = Some(Box::new(self.form.clone()));
        self.show_hub = true;
    }

    /// The hub stays the one that it was.
    pub fn keep_hub(&mut self) {
        if let Some(before) = self.before_change.take() {
            let AccountForm {
                host,
                port,
                fingerprint,
                ..
            } = *before;
            let form = &mut self.form;
            (form.host, form.port, form.fingerprint) = (host, port, fingerprint);
            (self.show_hub, self.show_faults, self.problem) = (false, false, None);
            self.is_unreached = false;
        }
    }

    /// The hub is the one that stands in the form.
    pub fn hub_is_settled(&mut self) {
        (self.show_hub, self.before_change) = (false, None);
    }

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
        assert!(faults.port && faults.fingerprint && !faults.user);
        assert_eq!(faults.host, Some(AddressFault::Space));
        assert!(wrong.hub().is_none());
    }

    #[test]
    fn an_address_with_its_port_fills_both_fields() {
        for (text, host, port) in [
            ("10.0.0.5:8080", "10.0.0.5", "8080"),
            ("[::1]:99", "::1", "99"),
            ("::1", "::1", "4433"),
            ("https://Hub.example.org:8443/", "hub.example.org", "8443"),
            ("my hub:1", "my hub:1", "4433"),
        ] {
            let mut typed = form();
            typed.host = text.to_owned();
            let before = typed.hub();
            typed.take_address_apart();
            assert_eq!((typed.host.as_str(), typed.port.as_str()), (host, port));
            assert_eq!(typed.hub(), before, "it means the same");
        }
    }

    #[test]
    fn o12_an_invitation_fills_in_everything_but_the_password() {
        let line = format!(
            "pure-help-desk://hub.example.org:99/anna%20rossi/{}/{}",
            "cd".repeat(32),
            "ef".repeat(16)
        );
        let mut form = AccountForm {
            invitation: format!("Dear Anna, > {} > {}", &line[..60], &line[60..]),
            ..AccountForm::default()
        };
        form.take_invitation();
        assert_eq!(form.host, "hub.example.org");
        assert_eq!(form.port, "99");
        assert_eq!(form.fingerprint, "cd".repeat(32));
        assert_eq!(form.user, "anna rossi");
        assert!(form.faults().hub_is_sound() && form.faults().password);
        // one that is cut off changes nothing
        let before = form.clone();
        form.invitation = line[..line.len() - 1].to_owned();
        form.take_invitation();
        assert_eq!(form.faults().invitation, Some(InvitationFault::CutOff));
        assert_eq!(form.host, before.host);
    }

    #[test]
    fn a_port_in_the_address_makes_up_for_one_that_is_wrong() {
        let mut typed = form();
        typed.port.clear();
        assert!(typed.faults().port);
        typed.host.push_str(":99");
        assert!(typed.faults().is_sound());
    }
}
